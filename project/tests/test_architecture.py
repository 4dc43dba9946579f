"""The import arrows between apps, and what a page may hold."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT: Path = settings.BASE_DIR
SHARED = {"project.common", "project.core"}
INNER = {
    "project.embedded",
    "project.supervisor",
    "project.processes",
    "project.services",
    "project.console",
    "project.env",
}
OURS = {"project", "variants", "files", "stats"}

# Where a module lies -> which of our own packages it may import besides itself.
ARROWS = {
    "project/common": set(),
    "project/core": {"project.common", "project.celery"},
    "project/accounts": SHARED,
    "variants": SHARED,
    "stats": SHARED,
    "files": SHARED | {"variants"},
}


def modules(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    return [path for path in found if not {"tests", "migrations"} & set(path.relative_to(ROOT).parts)]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything that a module imports, `from a import b` as `a.b`; relative ones made whole."""
    package = list(path.relative_to(ROOT).with_suffix("").parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            whole = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{whole}.{name.name}") for name in node.names)


def lies_in(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def said(path: Path, line: int, arrow: str) -> str:
    return f"{path.relative_to(ROOT)}:{line}: {arrow}"


@pytest.mark.parametrize("folder", ARROWS)
def test_imports_point_one_way(folder):
    own = folder.replace("/", ".")
    wrong = [
        said(path, line, f"{own} -> {name}")
        for path in modules(folder)
        for line, name in imports(path)
        if lies_in(name, OURS) and not lies_in(name, ARROWS[folder] | {own})
    ]
    assert not wrong, "\n".join(wrong)


def test_nobody_imports_the_settings_module():
    wrong = [
        said(path, line, "project.settings; use django.conf")
        for folder in ("project", "variants", "files", "stats")
        for path in modules(folder)
        for line, name in imports(path)
        if lies_in(name, {"project.settings"})
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("folder", ARROWS)
def test_no_app_knows_how_the_servers_are_started(folder):
    wrong = [
        said(path, line, f"{folder} -> {name}")
        for path in modules(folder)
        for line, name in imports(path)
        if lies_in(name, INNER)
    ]
    assert not wrong, "\n".join(wrong)


# --- what the content security policy refuses, and what would reach out to another host

FORBIDDEN = {
    "a script in the page": re.compile(r"<script\b(?![^>]*\bsrc=)", re.IGNORECASE),
    "code between script tags": re.compile(r"<script\b[^>]*>\s*[^<\s]", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "an event handler": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "hx-on or hx-vals=js": re.compile(r"\bhx-on\b|\bhx-(vals|headers)\s*=\s*[\"']\s*js:", re.IGNORECASE),
    "javascript: in an address": re.compile(r"(href|src|action)\s*=\s*[\"']?\s*javascript:", re.IGNORECASE),
    "another host": re.compile(
        r"<(script|link|img|iframe|source|use|image|video|audio|embed|object)\b[^>]*\b(src|href|srcset|data)\s*=\s*[\"']?\s*(https?:)?//",
        re.IGNORECASE,
    ),
}
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


@pytest.mark.parametrize("what", FORBIDDEN)
@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_templates_hold_no(path, what):
    text = path.read_text()
    wrong = [
        said(path, text.count("\n", 0, m.start()) + 1, f"{what}: {m[0][:80]}") for m in FORBIDDEN[what].finditer(text)
    ]
    assert not wrong, "\n".join(wrong)


def test_there_are_templates_to_look_at():
    assert len(TEMPLATES) > 10


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("<script>x()</script>", "a script in the page"),
        ('<script src="a.js">x()</script>', "code between script tags"),
        ('<p style="color:red">', "a style attribute"),
        ('<a href="#" onclick="x()">', "an event handler"),
        ('<img src="//cdn.example/x.png">', "another host"),
        ('<script src="https://cdn.example/x.js"></script>', "another host"),
        ('<link href="http://fonts.example/x" rel="stylesheet">', "another host"),
    ],
)
def test_the_rules_find_what_they_are_for(text, what):
    assert FORBIDDEN[what].search(text)


@pytest.mark.parametrize(
    "text",
    [
        '<a href="https://example.org/">out</a>',
        "<script src=\"{% static 'a.js' %}\" defer></script>",
        "<p>on = off</p>",
    ],
)
def test_the_rules_let_the_rest_be(text):
    assert not [what for what, rule in FORBIDDEN.items() if rule.search(text)]
