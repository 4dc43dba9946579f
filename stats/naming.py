"""What a counted request is called: its path, its route template, and the name that everybody may read."""

import hashlib
import re
from urllib.parse import quote

from django.urls import ResolverMatch

from project.common.origin import template_of

MAX_PATH_BYTES = 512
SIMULATED_VIEW = "stats:simulated"
SIMULATED_ROUTE = "/api/<rest>"
NO_ROUTE = "(no such page)"
# The link of a password reset opens an account to whoever reads it, for a day. Its final slash may be missing.
RESET_LINK = re.compile(r"(/accounts/reset/[^/]*/)[^/]+")

# `public_name` in SQL, for rows that have `path` and `route`.
PUBLIC_NAME_SQL = f"CASE route WHEN '{SIMULATED_ROUTE}' THEN path WHEN '' THEN '{NO_ROUTE}' ELSE route END"


def public_name(path: str, route: str) -> str:
    """What anonymous readers see: full paths of the simulated API, of everything else the template."""
    if route == SIMULATED_ROUTE:
        return path
    return route or NO_ROUTE


def counted_path(path: str) -> str:
    """`path` (as Django decoded it) in the form that is counted and shown: printable, 512 bytes at most.

    What cannot be printed (control characters, line separators, direction marks) is percent-encoded. A path
    over 512 bytes of UTF-8 becomes its first 480 bytes (cut between characters), "..." and the first 16 hex
    digits of the SHA-256 of the whole: such paths are still counted apart, but not shown in full.
    The secret in the link of a password reset is left out.
    """
    path = RESET_LINK.sub(r"\1...", path) if path.startswith("/accounts/reset/") else path
    if not path.isprintable():
        path = "".join(c if c.isprintable() else quote(c, errors="backslashreplace") for c in path)
    if len(path) * 4 <= MAX_PATH_BYTES:
        return path
    encoded = path.encode()
    if len(encoded) <= MAX_PATH_BYTES:
        return path
    return f"{encoded[:480].decode(errors='ignore')}...{hashlib.sha256(encoded).hexdigest()[:16]}"


def route_of(match: ResolverMatch | None, *, has_simulated_api: bool) -> str:
    """The template of the route that was taken, such as `/variants/<pk>/`; empty where there was none.

    With the simulated API off, its pattern is no route: else strangers would read full paths of 404s.
    """
    if match is None:
        return ""
    if match.view_name == SIMULATED_VIEW:
        return SIMULATED_ROUTE if has_simulated_api else ""
    return template_of(match.route)
