"""The job of a first day, done in a real browser: find a gene, upload a table, import it, follow a claim to its line."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection, connections
from django.urls import reverse

from files.models import DataFile
from project.core import jobs
from project.core.models import Job
from variants.gene_tables import replace_genes

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        CHROMIUM is None and os.environ.get("REQUIRE_BROWSER") != "1", reason="no Chromium is installed"
    ),
]

GENES = """symbol\tsynonyms
BRCA1\tRNF53|BRCC1
BRCA2\tFANCD1
TP53\tP53
"""
# 0-based starts in rows with alleles, as the g. name tells; line 4 names a gene and an accession only.
TABLE = """Gene\tNucleotide Change\tOther Mappings\tReported Classification\tSource\tURL\tAssembly\tChr\tGenomic Start\tGenomic Stop\tRef\tAlt\tAccession
BRCA1\tNM_900001.1:c.10A>G\tNC_000017.10:g.41000011T>C\tPathogenic\tMade up\thttps://example.org/RCV000900001\tGRCh37\t17\t41000010\t41000011\tT\tC\tNC_000017.10
BRCA1\tNM_900001.1:c.20A>G\tNC_000017.10:g.41000001T>C\tBenign\tMade up\thttps://example.org/RCV000900002\tGRCh37\t17\t41000000\t41000001\tT\tC\tNC_000017.10
TP53\t\t\tUncertain significance\tMade up\thttps://example.org/RCV000900003
"""


@pytest.fixture
def browser_page(live_server, own_folders, monkeypatch, settings, request) -> Iterator:
    """A page of a headless Chromium; the test fails on any error in its console (a blocked script is one)."""
    # The server's threads must not keep connections that outlive the test's database.
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    # Playwright's own event loop runs in this thread; our queries here are meant to be synchronous.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    from playwright.sync_api import sync_playwright

    errors: list[str] = []
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*flags, "--disable-sync"])
        page = browser.new_page(
            base_url=live_server.url, viewport=getattr(request, "param", {"width": 1280, "height": 800})
        )
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.set_default_timeout(15_000)
        yield page
        browser.close()
        connections.close_all()  # Django gives code under an event loop connections of its own
    assert errors == []


def log_in(page, make_user, **fields) -> None:
    make_user("ada", password="a long password", **fields)
    page.goto(reverse("login"))
    page.fill("[name=username]", "ada")
    page.fill("[name=password]", "a long password")
    page.click("main button[type=submit]")


def work_off_the_jobs() -> None:
    for job in Job.objects.in_work():
        jobs.run_now(job)


def upload_in_the_page(page, name: str = "made_up.tsv", content: bytes = TABLE.encode()) -> DataFile:
    """Choose a file in the drop zone, have it read, and open its page."""
    page.goto(reverse("files:list"))
    page.set_input_files(
        "[data-upload] input[type=file]", files=[{"name": name, "mimeType": "text/plain", "buffer": content}]
    )
    page.wait_for_selector("#upload-tray a")
    work_off_the_jobs()
    file = DataFile.objects.get()
    page.goto(reverse("files:detail", args=[file.pk]))
    return file


@pytest.fixture
def genes(tmp_path: Path, transactional_db) -> None:
    path = tmp_path / "genes.tsv"
    path.write_text(GENES)
    replace_genes(path)


def test_a_gene_is_found_while_typing_with_the_keyboard(browser_page, genes):
    browser_page.goto("/variants/")
    browser_page.keyboard.press("/")
    browser_page.keyboard.type("brc", delay=20)
    browser_page.wait_for_selector("[role=option] >> nth=1")
    options = browser_page.locator("[role=option]").all_inner_texts()
    assert ["BRCA1" in options[0], "BRCA2" in options[1]] == [True, True]
    browser_page.keyboard.press("ArrowDown")
    assert browser_page.get_attribute("[role=combobox]", "aria-activedescendant")
    browser_page.keyboard.press("Enter")
    browser_page.wait_for_url("**/variants/?gene=BRCA1")
    assert "BRCA1" in browser_page.inner_text("h1")


def test_a_late_answer_does_not_take_back_what_the_arrow_keys_chose(browser_page, genes):
    late = []
    browser_page.route("**/genes/suggest/?q=brca&*", lambda route: late.append(route))
    browser_page.goto("/variants/")
    browser_page.keyboard.press("/")
    browser_page.keyboard.type("brc")
    browser_page.wait_for_selector("[role=option] >> nth=1")
    browser_page.keyboard.type("a")
    while not late:
        browser_page.wait_for_timeout(20)
    browser_page.keyboard.press("ArrowDown")
    browser_page.keyboard.press("ArrowDown")
    with browser_page.expect_response("**/genes/suggest/?q=brca&*"):
        late[0].continue_()
    browser_page.wait_for_function("document.querySelector('[aria-selected=true]')?.textContent.includes('BRCA2')")
    browser_page.keyboard.press("Enter")
    browser_page.wait_for_url("**/variants/?gene=BRCA2")
    assert "BRCA2" in browser_page.inner_text("h1")


def test_a_table_is_uploaded_imported_and_each_claim_leads_back_to_its_line(browser_page, genes, make_user):
    page = browser_page
    log_in(page, make_user)
    file = upload_in_the_page(page)
    assert page.locator("#line-4 td").first.inner_text() == "TP53"
    page.click("#import button:has-text('Import')")
    page.wait_for_url("**/jobs/*/")
    work_off_the_jobs()
    page.reload()
    assert "3\nlines read" in page.inner_text("#job") or "lines read\n3" in page.inner_text("#job")

    page.goto("/variants/?gene=RNF53&assembly=GRCh37")
    rows = page.locator("#results tbody tr").all_inner_texts()
    assert ["17:41000001" in rows[0], "17:41000011" in rows[1], len(rows)] == [True, True, 2]
    page.click("#results tbody tr >> nth=1 >> a >> nth=0")
    page.wait_for_selector(".claims")
    page.click(".claims .from a >> nth=0")
    page.wait_for_selector("#line-2.is-here")
    assert page.url.endswith(f"/files/{file.pk}/?line=2#line-2")


def test_a_wrong_guess_is_corrected_with_a_live_preview(browser_page, make_user):
    page = browser_page
    log_in(page, make_user)
    # Nothing but texts: the first row is taken for the names of the columns.
    upload_in_the_page(page, "liste.csv", "BRCA1;pathogen;Müller\r\nTP53;unklar;Groß\r\n".encode("latin-1"))
    assert page.locator("#file-rows tbody tr").count() == 1
    page.click("text=Read otherwise")
    page.wait_for_selector("#preview td:has-text('Groß')")
    page.focus("#read-header")
    page.select_option("#read-header", "no")
    page.wait_for_selector("#preview td:has-text('Müller')")
    assert "3 columns, no header" in page.inner_text("#preview")
    assert page.evaluate("document.activeElement.id") == "read-header"
    page.select_option("#read-delimiter", "other")
    page.wait_for_selector("#error-delimiter:has-text('Type it in the box')")
    page.fill("[name=delimiter_other]", ";")
    page.wait_for_selector("#preview td:has-text('Müller')")
    assert page.inner_text("#error-delimiter") == ""
    page.press("[name=delimiter_other]", "Enter")  # looks once more, and does not read
    page.click("text=Read again with these")
    page.wait_for_selector("#file-status:has-text('of the reading from before')")
    assert page.locator("#file-rows tbody tr").count() == 1
    work_off_the_jobs()
    page.wait_for_selector("#file-rows #line-1 td:has-text('Müller')")
    assert page.locator("#file-rows tbody tr").count() == 2
    assert page.locator(".as-read .mark").all_inner_texts() == ["chosen", "chosen"]


@pytest.mark.parametrize("browser_page", [{"width": 390, "height": 844}], indirect=True)
def test_no_page_is_wider_than_a_phone(browser_page, genes, make_user, tmp_path):
    page = browser_page
    log_in(page, make_user, role="administrator")
    file = upload_in_the_page(page)
    page.click("#import button:has-text('Import')")
    page.wait_for_url("**/jobs/*/")
    work_off_the_jobs()
    variant = page.request.get("/api/v1/variants/").json()["results"][0]
    job = Job.objects.latest("pk").pk
    for url in (
        "/",
        "/variants/",
        variant["url"],
        "/files/",
        f"/files/{file.pk}/",
        f"/files/{file.pk}/read-options/",
        "/jobs/",
        f"/jobs/{job}/",
        "/stats/",
        "/accounts/",
        "/accounts/password/",
        "/audit/",
    ):
        page.goto(url)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, url


def test_a_token_is_made_seen_once_and_revoked_and_a_session_is_ended(browser_page, make_user):
    page = browser_page
    log_in(page, make_user)
    page.goto(reverse("accounts:profile"))
    page.fill("[name=name]", "nightly")
    page.select_option("[name=days]", "30")
    page.click("text=Make a token")
    key = page.inner_text("#new-key")
    assert len(key) == 64
    page.goto(reverse("accounts:profile"))
    assert key not in page.content()
    page.click("summary:has-text('Revoke')")
    page.click("form.panel button:has-text('Revoke')")
    page.wait_for_selector("text=The token was revoked")
    assert page.locator("text=You have none.").count() == 1
    assert "this one" in page.inner_text("section[aria-labelledby=sessions]")


def test_an_administrator_filters_the_audit_trail(browser_page, make_user):
    page = browser_page
    log_in(page, make_user, role="administrator")
    page.click("summary[aria-label^='Account of']")
    page.click("text=Audit trail")
    page.select_option("[name=action]", "logged in")
    page.click("main form button[type=submit]")
    page.wait_for_url("**/audit/?*")
    assert "Logged in" in page.inner_text("tbody")
    assert page.locator("tbody tr").count() == 1


def test_a_viewer_is_offered_nothing_to_add(browser_page, make_user):
    page = browser_page
    log_in(page, make_user, role="viewer")
    page.goto(reverse("files:list"))
    assert page.locator("input[type=file]").count() == 0
    assert "An administrator can make you an analyst" in page.inner_text("main")
