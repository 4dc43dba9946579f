"""A corpus is judged by what its cases.jsonl says, and by nothing where it says nothing."""

import hashlib
import json
from collections import Counter

import pytest

from tools.corpus import cases_below, judged, read_all, table

TEXT = "gene,pos\nBRCA1,1\nTP53,2\n"
MD5 = hashlib.md5(b"BRCA1\x1f1\x1eTP53\x1f2\x1e").hexdigest()
WHOLE = {"rows": 2, "n_columns": 2, "row_widths": {"2": 2}}


@pytest.fixture
def judge(tmp_path):
    """State and sentence of one file whose case expects `expect`."""

    def judge(content: bytes, expect=None, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content)
        if expect is not None:
            (tmp_path / "cases.jsonl").write_text(json.dumps({"file": name, "expect": expect}) + "\n")
        return judged(path, cases_below(tmp_path).get(path, {}))

    return judge


@pytest.mark.parametrize(
    ("expect", "state"),
    [
        (None, "loaded"),
        (WHOLE | {"cells_md5": MD5, "first_row": ["BRCA1", "1"], "value_counts:gene": {"TP53": 1}}, "loaded"),
        ({"rows": 3, "n_columns": 2}, "wrong"),
        ({"rows": 2, "n_columns": 3}, "wrong"),
        (WHOLE | {"last_row": ["TP53", "3"]}, "wrong"),
        (WHOLE | {"cells_md5": "0" * 32}, "wrong"),
        (WHOLE | {"value_counts:gene": {"TP53": 2}}, "wrong"),
        ({"rows": 2, "records": [{"gene": "BRCA1", "pos": "1"}, {"gene": "TP53", "pos": "3"}]}, "wrong"),
    ],
)
def test_a_table_is_held_against_its_case(judge, expect, state):
    assert judge(TEXT.encode(), expect)[0] == state


def test_a_refusal_is_told_with_its_sentence_and_is_wrong_where_rows_were_expected(judge):
    image = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    state, sentence = judge(image)
    assert (state, "PNG" in sentence) == ("refused", True)
    assert judge(image, {"rows": 2, "n_columns": 1})[0] == "wrong"


def test_a_vcf_with_rejects_is_wrong_only_where_all_must_load(judge):
    vcf = b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n1\t5\t.\tA\tC\t.\t.\t.\n1\tx\t.\tA\tC\t.\t.\t.\n"
    assert judge(vcf, {"valid": True, "records": 2})[0] == "wrong"
    assert judge(vcf, {"valid": False, "records": 2})[0] == "reported"


def test_files_are_read_beside_each_other_and_told_in_their_order(tmp_path):
    paths = [tmp_path / name for name in ("a.csv", "b.png", "c.csv")]
    for path, content in zip(paths, (TEXT.encode(), b"\x89PNG\r\n\x1a\n", TEXT.encode()), strict=True):
        path.write_bytes(content)
    assert [state for state, _ in read_all(paths, {})] == ["loaded", "refused", "loaded"]


def test_every_file_is_counted_once():
    text = table({"maf": Counter(loaded=2, wrong=1), "vcf": Counter(refused=1)})
    assert [line.split() for line in text.splitlines()[1:]] == [
        ["maf", "3", "2", "0", "0", "1", "0"],
        ["vcf", "1", "0", "0", "1", "0", "0"],
        ["all", "4", "2", "0", "1", "1", "0"],
    ]
