import pytest

from files.tables import LONGEST_CELL, rows_table

COLUMNS = [{"name": "gene", "type": "text"}, {"name": "af", "type": "decimal"}]


def test_rows_have_their_line_numbers():
    html = rows_table(COLUMNS, [(2, ["BRCA1", "0.5"]), (1204, ["TP53", "0.1"])])
    assert '<tr id="line-2"><th scope="row">2</th>' in html
    assert '<tr id="line-1204"><th scope="row">1,204</th>' in html


def test_line_that_a_claim_points_at_is_marked():
    html = rows_table(COLUMNS, [(2, ["a", "1"]), (3, ["b", "2"])], highlight_line=3)
    assert '<tr id="line-2"><th' in html
    assert '<tr id="line-3" class="is-here" aria-current="true"><th' in html


def test_numbers_stand_on_the_right_and_only_other_types_than_text_are_named():
    html = rows_table(COLUMNS, [(2, ["BRCA1", "0.5"])])
    assert '<th scope="col">gene</th><th scope="col" class="n">af <small>decimal</small></th>' in html
    assert '<td>BRCA1</td><td class="n">0.5</td>' in html


def test_null_is_not_an_empty_text():
    html = rows_table(COLUMNS, [(2, [None, None]), (3, ["", ""])])
    assert '<td class="nil"></td><td class="n nil"></td>' in html
    assert '<td></td><td class="n"></td>' in html


@pytest.mark.parametrize("bad", ["<script>", '"><img src=x>', "a & b", "it's"])
def test_cells_and_heads_are_escaped(bad):
    html = rows_table([{"name": bad, "type": bad}], [(2, [bad])])
    assert bad not in html


def test_very_long_cell_is_cut_and_says_how_long_it_was():
    html = rows_table(COLUMNS[:1], [(2, ["x" * 12_345])])
    assert f"<td>{'x' * LONGEST_CELL}… (12,345 characters)</td>" in html


def test_row_of_another_width_than_the_head_is_our_bug():
    with pytest.raises(ValueError, match="zip"):
        rows_table(COLUMNS, [(2, ["only one"])])
