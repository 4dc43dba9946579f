"""The page "Read otherwise", with and without scripts."""

import re
from contextlib import ExitStack

import pytest
from django.test import Client

from files import preview
from files.read_form import fields, from_choices, options_of
from files.tests.conftest import do_import, do_read, read_job, zip_of
from files.tests.workbooks import xlsx
from project.core import jobs
from project.core.models import Job
from variants.models import Load

pytestmark = pytest.mark.django_db
SEMICOLONS = "Gene;cDNA;Prüfer\r\nBRCA1;c.1A>G;Müller\r\nTP53;c.2C>T;Groß\r\n".encode("latin-1")
HTMX = {"HX-Request": "true"}


@pytest.fixture
def page(client, owner):
    client.force_login(owner)
    return client


def options(file) -> str:
    return f"/files/{file.pk}/read-options/"


def do_read_again(file) -> Job:
    job = jobs.run_now(Job.objects.filter(file_id=file.pk, kind="read").latest("pk"))
    file.refresh_from_db()
    return job


def selected(text: str, name: str) -> str:
    """What stands in a select of the form."""
    select = re.search(rf'<select[^>]* name="{name}".*?</select>', text, re.DOTALL)[0]
    chosen = re.search(r"<option[^>]* selected>([^<]*)<", select) or re.search(r"<option[^>]*>([^<]*)<", select)
    return chosen[1]


def test_the_form_says_what_is_guessed_now(page, read):
    text = page.get(options(read(SEMICOLONS))).content.decode()
    assert [selected(text, name) for name in ("encoding", "delimiter", "header")] == [
        "Guess: Windows-1252", "Guess: semicolon ;", "Guess: in line 1",
    ]  # fmt: skip


def test_a_choice_is_previewed_and_kept_in_the_form(page, read):
    file = read(SEMICOLONS)
    text = page.post(options(file) + "preview/", {"delimiter": "none", "encoding": "cp1252"}).content.decode()
    assert selected(text, "delimiter") == "none: one column"
    assert "1 column" in text
    assert "BRCA1;c.1A&gt;G;Müller" in text
    file.refresh_from_db()
    assert (file.state, len(file.columns)) == ("ready", 3)


def test_a_preview_for_htmx_is_a_part_that_renews_the_guesses(page, read):
    file = read(SEMICOLONS)
    text = page.post(options(file) + "preview/", {"header": "no"}, headers=HTMX).content.decode()
    assert "<html" not in text
    assert "3 columns, no header" in text
    assert '<span hx-swap-oob="innerHTML:#guess-delimiter">Guess: semicolon ;</span>' in text
    assert '<span hx-swap-oob="innerHTML:#guess-header">Guess</span>' in text
    assert 'id="types-body" hx-swap-oob="true"' in text


def test_columns_that_stay_the_same_keep_their_selects(page, read):
    file = read(SEMICOLONS)
    key = re.search(r'name="types_of" value="(\w+)"', page.get(options(file)).content.decode())[1]
    sent = {"types_of": key, "column": ["Gene", "cDNA", "Prüfer"], "type": ["", "text", ""]}
    assert "types-body" not in page.post(options(file) + "preview/", sent, headers=HTMX).content.decode()


def test_what_cannot_be_read_is_said_in_place_of_the_rows_and_at_its_field(page, read):
    file = read(SEMICOLONS)
    sent = {"delimiter": "other", "delimiter_other": ""}
    answer = page.post(options(file) + "preview/", sent)
    assert answer.status_code == 400
    text = answer.content.decode()
    assert "With these options it cannot be read." in text
    assert '<p class="opt-error" id="error-delimiter">Type it in the box' in text
    part = page.post(options(file) + "preview/", sent, headers=HTMX)
    assert part.status_code == 200
    assert "With these options it cannot be read." in part.content.decode()


def test_new_columns_and_other_types_are_marked(page, read):
    file = read("a,n\nx,1\ny,2\n")
    text = page.post(options(file) + "preview/", {"column": ["n"], "type": ["text"]}, headers=HTMX).content.decode()
    assert "was integer" in text
    assert ">new<" in page.post(options(file) + "preview/", {"header": "no"}, headers=HTMX).content.decode()


def test_rejected_lines_are_shown_with_their_reasons(page, read):
    file = read("a,b\n" + "1,2\n" * 9 + "1,2,3\n")
    text = page.post(options(file) + "preview/", {}, headers=HTMX).content.decode()
    assert "1 of the 10 lines rejected" in text
    assert "The row has 3 cells for 2 columns" in text


def test_the_form_reads_again_without_scripts(page, read):
    file = read(SEMICOLONS)
    answer = page.post(options(file), {"header": "no", "column": ["column 1"], "type": [""]}, follow=True)
    assert "The rows below are of the reading from before" in answer.content.decode()
    assert "BRCA1" in answer.content.decode()
    assert "Read otherwise" not in answer.content.decode()
    assert do_read_again(file).state == "succeeded"
    assert file.row_count == 3
    text = page.get(f"/files/{file.pk}/").content.decode()
    assert '<span class="mark">chosen</span>' in text
    assert selected(page.get(options(file)).content.decode(), "header").startswith("No")
    assert selected(page.get(options(file) + "?guesses=1").content.decode(), "header").startswith("Guess")


def test_guesses_come_back_when_they_are_sent(page, read):
    file = read(SEMICOLONS)
    for sent in ({"header": "no"}, {"header": ""}):
        page.post(options(file), sent)
        do_read_again(file)
    assert [column["name"] for column in file.columns] == ["Gene", "cDNA", "Prüfer"]


def test_a_reading_that_fails_leaves_the_rows_and_says_why(page, read):
    file = read(SEMICOLONS)
    page.post(options(file), {"delimiter": "other", "delimiter_other": "§"})
    assert do_read_again(file).state == "failed"
    text = page.get(f"/files/{file.pk}/").content.decode()
    assert "does not occur" in text
    assert "Müller" in text
    assert f'href="/files/{file.pk}/read-options/">Try with other options' in text


def test_the_options_that_failed_are_there_to_be_mended(page, read):
    file = read(SEMICOLONS)
    page.post(options(file), {"delimiter": "other", "delimiter_other": "§", "encoding": "cp1252"})
    do_read_again(file)
    text = page.get(options(file)).content.decode()
    assert "Reading again failed" in text
    assert (selected(text, "delimiter"), selected(text, "encoding")) == ("Other", "Windows-1252, Western Europe")
    assert 'name="delimiter_other" value="§"' in text
    page.post(options(file), {"encoding": "cp1252"})
    do_read_again(file)
    text = page.get(options(file)).content.decode()
    assert "Reading again failed" not in text
    assert selected(text, "delimiter").startswith("Guess")


def test_a_workbook_whose_sheet_is_not_there_shows_the_choice_and_no_part_of_its_packing(page, upload):
    file = do_read(upload(xlsx([["a", "b", "c"], ["1", "2", "3"]]), name="x.xlsx", options={"member": "Gone"}))
    assert file.state == "failed"
    text = page.get(options(file)).content.decode()
    assert selected(text, "member") == "Gone"
    assert "worksheets/" not in text + page.get(f"/files/{file.pk}/").content.decode()
    page.post(options(file), {"member": ""})
    assert (do_read_again(file).state, file.choices) == ("succeeded", {})


@pytest.mark.parametrize(("headers", "status"), [({}, 503), (HTMX, 200)])
def test_a_page_that_has_no_preview_yet_says_when_to_ask_again(page, read, headers, status):
    file = read(SEMICOLONS)
    with ExitStack() as taken:
        for _ in range(preview.AT_ONCE):
            taken.enter_context(preview._places)
        answer = page.post(options(file) + "preview/", {}, headers=headers)
    assert (answer.status_code, answer["Retry-After"]) == (status, "2")


def test_a_file_that_was_not_read_offers_other_options(page, read):
    file = read("\n\n \n")
    assert "Try with other options" in page.get(f"/files/{file.pk}/").content.decode()
    assert "Try with other options" in page.get(options(file)).content.decode()


def test_loads_are_named_before_the_click(page, read):
    file = read("gene,cdna\nBRCA1,c.1A>G\n")
    assert "1 load came" not in page.get(options(file)).content.decode()
    do_import(file)
    assert "1 load came from this file" in page.get(options(file)).content.decode()


def test_a_file_that_is_being_read_has_no_form(page, upload):
    file = upload("a,b\n1,2\n")
    assert page.get(options(file)).status_code == 302
    assert "being read already" in page.post(options(file), {"header": "no"}, follow=True).content.decode()


def test_another_file_of_a_zip_is_chosen(page, read):
    file = read(zip_of({"large.csv": b"a,b\n" + b"1,2\n" * 20, "small.csv": b"x,y\n3,4\n"}), name="two.zip")
    text = page.post(options(file) + "preview/", {"member": "small.csv"}, headers=HTMX).content.decode()
    assert ">x" in text
    assert ">3<" in text


@pytest.mark.parametrize("name", ["none", "other", "=none", "==other", "=x"])
def test_a_part_may_be_called_like_a_word_of_the_form(page, read, name):
    file = read(zip_of({"large.csv": b"a,b\n" + b"1,2\n" * 20, name: b"x,y\n3,4\n"}), name="two.zip")
    text = page.get(options(file)).content.decode()
    value = re.search(rf'<option value="([^"]*)">{name}<', text)[1]
    page.post(options(file), {"member": value})
    do_read_again(file)
    assert (file.choices, [column["name"] for column in file.columns]) == ({"member": name}, ["x", "y"])
    assert selected(page.get(options(file)).content.decode(), "member") == name


def test_of_many_columns_those_that_change_are_named(page, read):
    names = [f"s{n}" for n in range(150)]
    file = read("\n".join(["\t".join(names), *["\t".join("1" for _ in names)] * 3]) + "\n")
    text = page.get(options(file)).content.decode()
    assert text.count('name="type"') == 3
    sent = {"column": ["s7", "", ""], "type": ["text", "", ""]}
    assert "was integer" in page.post(options(file) + "preview/", sent, headers=HTMX).content.decode()


@pytest.mark.parametrize("path", ["", "preview/"])
def test_only_the_owner_and_administrators_may(client, read, stranger, staff, make_user, path):
    file = read(SEMICOLONS, visibility="shared")
    file.owner = stranger
    file.save()
    viewer = make_user("vera", role="viewer")
    for user, expected in ((make_user("otto"), 404), (viewer, 404), (stranger, 200), (staff, 200)):
        client.force_login(user)
        answer = client.post(options(file) + path, {}) if path else client.get(options(file))
        assert answer.status_code == expected


def test_a_viewer_cannot_have_an_own_file_read_again(client, read, make_user):
    file = read(SEMICOLONS)
    file.owner = make_user("vera", role="viewer")
    file.save()
    client.force_login(file.owner)
    assert [client.get(options(file)).status_code, client.post(options(file), {}).status_code] == [403, 403]
    assert "Read otherwise" not in client.get(f"/files/{file.pk}/").content.decode()


def test_a_form_without_token_is_refused(owner, read):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    file = read(SEMICOLONS)
    assert [client.post(options(file) + path, {}).status_code for path in ("", "preview/")] == [403, 403]


@pytest.mark.parametrize("sent", [
    {"header": "yes", "header_line": "x"}, {"header": "yes", "header_line": "0"}, {"encoding": "klingon"},
    {"quote": "other", "quote_other": "ab"}, {"column": ["Gene"], "type": ["colour"]}, {"member": "no\0pe"},
])  # fmt: skip
def test_nonsense_is_refused_with_a_sentence(page, read, sent):
    file = read(SEMICOLONS)
    assert page.post(options(file), sent).status_code == 400
    assert page.post(options(file) + "preview/", sent).status_code == 400
    assert read_job(file)  # no second one


def test_a_reading_that_a_load_came_from_has_a_page(page, read, stranger):
    file = read("gene,cdna\nBRCA1,c.1A>G\nBRCA1,c.2A>G\n")
    load = Load.objects.get(pk=do_import(file).result["load"])
    page.post(options(file), {"header": "no"})
    do_read_again(file)
    text = page.get(f"/files/{file.pk}/?reading=0&line=3").content.decode()
    assert "This is the reading from which" in text
    assert '<a href="?reading=0">an earlier reading</a>' in page.get(f"/files/{file.pk}/").content.decode()
    assert f'href="/loads/{load.pk}/"' in text
    assert '<tr id="line-3" class="is-here"' in text
    assert "Read otherwise" not in text
    assert "This is the reading" not in page.get(f"/files/{file.pk}/?reading=1").content.decode()
    assert page.get(f"/files/{file.pk}/?reading=7").status_code == 404
    page.force_login(stranger)
    assert page.get(f"/files/{file.pk}/?reading=0").status_code == 404


def test_the_rejects_of_a_reading_from_before_are_its_own(page, read):
    file = read("gene,cdna\nBRCA1,c.1A>G\nBRCA1,c.2A>G,odd\n" + "BRCA1,c.3A>G\n" * 8)
    do_import(file)
    page.post(options(file), {"delimiter": "none"})
    do_read_again(file)
    assert file.rejected_count == 0
    link = re.search(r'href="([^"]*/rejects/\?reading=0)"', page.get(f"/files/{file.pk}/?reading=0").content.decode())[
        1
    ]
    text = page.get(link).content.decode()
    assert "The row has 3 cells for 2 columns" in text
    assert f'href="/files/{file.pk}/?reading=0&amp;line=3#file-rows"' in text
    assert f'href="/api/v1/files/{file.pk}/rejects/?format=csv&amp;safe=1&amp;reading=0"' in text
    assert re.search(r'href="[^"]*\?reading=0&amp;reason=', text)
    assert "Every line was read" in page.get(f"/files/{file.pk}/rejects/").content.decode()
    assert page.get(f"/files/{file.pk}/rejects/?reading=7").status_code == 404


def test_the_page_of_a_reading_goes_on_in_that_reading(page, read):
    file = read("gene,cdna\n" + "".join(f"BRCA1,c.{n}A>G\n" for n in range(1, 151)))
    do_import(file)
    page.post(options(file), {"header": "no"})
    do_read_again(file)
    text = page.get(f"/files/{file.pk}/?reading=0").content.decode()
    assert re.search(
        r'rel="next" href="[^"]*reading=0[^"]*offset=100|rel="next" href="[^"]*offset=100[^"]*reading=0', text
    )
    assert "Rows 101 to 150 of 150" in page.get(f"/files/{file.pk}/?reading=0&offset=100").content.decode()


def test_a_claim_leads_to_the_reading_that_it_came_from(page, read):
    file = read("gene,cdna\nBRCA1,c.1A>G\n")
    load = do_import(file).result["load"]
    page.post(options(file), {"header": "no"})
    do_read_again(file)
    claim = page.get("/api/v1/records/").json()["results"][0]
    assert (claim["load"], claim["file_url"]) == (load, f"/files/{file.pk}/?reading=0&line=2#line-2")
    assert 'class="is-here"' in page.get(claim["file_url"]).content.decode()


def test_a_part_beyond_those_that_are_listed_is_not_forgotten():
    members = {"member": [(f"{n}.csv", f"{n}.csv") for n in range(300)]}
    filled = from_choices({"member": "250.csv"}, members)
    [field] = fields(filled, ["member"], members, {}, {})
    assert [option["value"] for option in field["options"] if option["is_selected"]] == ["other"]
    assert options_of(filled, ["member"]) == {"member": "250.csv"}
