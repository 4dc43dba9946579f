"""What a lab does with lines that could not be read, in a real browser: see why, take them, mend them, bring them back."""

from pathlib import Path

import pytest
from django.urls import reverse

from files.models import DataFile
from project.tests.test_browser import browser_page, log_in, pytestmark, work_off_the_jobs  # noqa: F401

TABLE = "Gene;AF\r\n" + "BRCA1;0.1\r\n" * 30 + "TP53;0.2;see letter\r\n" + "BRCA2;0.3\r\n" * 5 + "CFTR;0.4;?\r\n"


def upload_in_the_page(page, name: str, data: bytes) -> DataFile:
    page.goto(reverse("files:list"))
    page.set_input_files(
        "[data-upload] input[type=file]", files=[{"name": name, "mimeType": "text/plain", "buffer": data}]
    )
    page.wait_for_selector("#upload-tray a")
    work_off_the_jobs()
    file = DataFile.objects.latest("pk")
    page.goto(reverse("files:detail", args=[file.pk]))
    return file


@pytest.mark.parametrize(
    "browser_page",
    [{"width": 1280, "height": 800}, {"width": 390, "height": 844}],
    indirect=True,
    ids=["desk", "phone"],
)
def test_rejected_lines_are_taken_mended_and_brought_back(browser_page, make_user, tmp_path: Path):  # noqa: F811
    page = browser_page
    log_in(page, make_user)
    first = upload_in_the_page(page, "lab.csv", TABLE.encode())
    page.click("text=See which and why")
    page.wait_for_url("**/rejects/")
    assert page.locator(".rejected li").count() == 2
    assert "TP53;0.2;see letter" in page.inner_text("#line-32")
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    page.click("table.reasons a")
    page.wait_for_url("**/rejects/?reason=*")
    with page.expect_download() as started:
        page.click("text=Lines to mend")
    taken = started.value
    assert taken.suggested_filename == "lab.rejected.csv"
    taken.save_as(tmp_path / "taken.csv")
    written = (tmp_path / "taken.csv").read_bytes()
    assert written == b"Gene;AF\r\nTP53;0.2;see letter\r\nCFTR;0.4;?\r\n"

    mended = written.replace(b";see letter", b"").replace(b";?", b"")
    second = upload_in_the_page(page, taken.suggested_filename, mended)
    assert (second.row_count, second.rejected_count, second.columns) == (2, 0, first.columns)
    assert "could not be read" not in page.inner_text("main")
    page.goto(reverse("files:rejects", args=[second.pk]))
    assert "Every line was read" in page.inner_text("main")


def test_a_rejected_line_leads_to_its_neighbours(browser_page, make_user):  # noqa: F811
    page = browser_page
    log_in(page, make_user)
    file = upload_in_the_page(page, "lab.csv", TABLE.encode())
    page.goto(reverse("files:rejects", args=[file.pk]))
    page.click("#line-32 a")
    page.wait_for_selector("text=No row begins on line 32")
    assert page.locator("#line-31").count() == page.locator("#line-33").count() == 1


def test_the_columns_of_a_wide_table_are_turned_and_jumped_to(browser_page, make_user):  # noqa: F811
    page = browser_page
    log_in(page, make_user)
    names, cells = ("\t".join(f"{mark}{n}" for n in range(1, 601)) for mark in ("S", "v"))
    upload_in_the_page(page, "wide.tsv", f"{names}\n{cells}\n{cells}\n".encode())
    page.click("text=Columns after")
    page.wait_for_selector("text=Columns 101 to 200 of 600")
    assert page.locator("#file-rows td").first.inner_text() == "v101"
    page.fill("#to-column", "S450")
    page.click(".jump button")
    page.wait_for_selector("text=Columns 450 to 549 of 600")
    assert page.url.endswith("columns=S450")
