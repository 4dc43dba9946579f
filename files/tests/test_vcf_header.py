"""The header of a VCF: definitions kept, trivia warned of, nothing refused."""

import json
import time

import pytest

from files.readers.vcf.header import Header, HeaderReader, structured
from files.tests.vcf_texts import LINE, META, NAMES, SAMPLES, SITES, kinds, read_text, rejects


def header_of(*lines: str) -> tuple[Header, dict[str, str]]:
    warned: dict[str, str] = {}
    reader = HeaderReader(lambda kind, sentence, line: warned.setdefault(kind, sentence))
    for number, line in enumerate(lines, start=1):
        reader.take(number, line)
    return reader.finish(len(lines) + 1, 0), warned


STRUCTURED = [
    ('<ID=a,Description="b, \\"c\\" \\\\ = <d>">', {"ID": "a", "Description": 'b, "c" \\ = <d>'}),
    ("<ID=a, length = 5>", {"ID": "a", "length": "5"}),
    ("<ID=Assay,Type=String,Number=.,Values=[WholeGenome, Exome]>",
     {"ID": "Assay", "Type": "String", "Number": ".", "Values": "[WholeGenome, Exome]"}),
    ("<ID=a,Description=>", {"ID": "a", "Description": ""}),
    ("<ID=a", None),
    ('<ID=a,Description="open>', None),
    ("plain", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "items"), STRUCTURED)
def test_structured_lines(text, items):
    assert structured(text) == items


def test_definitions_and_lines_are_kept_as_json(tmp_path):
    extra = "##SAMPLE=<ID=anna,Genomes=Germline>\n##pedigreeDB=<http://x.org>\n"
    header = read_text(META + extra + NAMES + "\tFORMAT\tanna\n", tmp_path).as_dict()["header"]
    header = json.loads(json.dumps(header))
    assert (header["fileformat"], header["reference"]) == ("VCFv4.2", "file:///ref/GRCh38.fa")
    assert header["assembly_hints"] == ["file:///ref/GRCh38.fa", "GRCh38"]
    assert header["lines"] == (META + extra + NAMES + "\tFORMAT\tanna").split("\n")
    assert header["info"][1] == {
        "id": "AF", "number": "A", "type": "Float", "description": 'Frequency, of each "ALT" allele',
    }  # fmt: skip
    assert [field["id"] for field in header["format"]] == ["GT", "DP", "AD"]
    assert header["filter"] == [{"id": "q10", "description": "Quality below 10"}]
    assert header["contig"][0] == {"id": "chr1", "length": 248956422, "assembly": "GRCh38"}
    assert header["samples"] == ["anna"]
    assert {
        "key": "SAMPLE",
        "value": "<ID=anna,Genomes=Germline>",
        "fields": {"ID": "anna", "Genomes": "Germline"},
    } in (header["other"])


TRIVIA = [
    ("##Another comment line.", "odd header line"),
    ("# a comment", "odd header line"),
    ("##INFO=<Number=1,Type=String>", "odd header line"),
    ('##INFO=<ID=A,Number=1,Type=String,Description="open>', "odd header line"),
    ('##FORMAT=DP,1,Integer,"Read Depth"', "odd header line"),
    ("##INFO=<ID=A,Number=1,Type=Text>", "odd definition"),
    ("##INFO=<ID=A,Number=many,Type=String>", "odd definition"),
    ("##INFO=<ID=A,Number=1,Type=Flag>", "odd definition"),
    ("##fileformat=VCFv9.9", "fileformat"),
]


UNESCAPED = [
    ('"Depth "of" reads, e.g. ID=x"', 'Depth "of" reads, e.g. ID=x'),
    ('"C:\\temp\\"', "C:\\temp\\"),
    ('"say "hi", or so",Source="x"', 'say "hi", or so'),
]


@pytest.mark.parametrize(("written", "description"), UNESCAPED)
def test_quotes_that_nobody_escaped_cost_no_definition(tmp_path, written, description):
    outcome = read_text(SITES.replace('"Depth"', written, 1) + LINE, tmp_path)
    assert outcome.header["info"][0] == {"id": "DP", "number": "1", "type": "Integer", "description": description}
    assert kinds(outcome) == {"odd header line": (1, 4)}


def test_nul_bytes_of_the_header_are_shown_and_said(tmp_path):
    text = SAMPLES.replace('"Depth"', '"De\0pth"', 1).replace("anna", "an\0na")
    outcome = read_text(text + "chr1\t1\t.\tA\tG\t.\t.\t.\tGT\t0/0\t0/1\n", tmp_path)
    assert "\\u0000" not in json.dumps(outcome.as_dict())  # which PostgreSQL does not take
    assert outcome.header["samples"] == ["an\ufffdna", "ben"]
    assert kinds(outcome) == {"NUL in the header": (2, 4)}


@pytest.mark.parametrize(
    "line",
    [
        "##INFO=<ID" + " " * 300_000 + ">", "##INFO=<ID=" + " " * 300_000 + '"x"y>', "##INFO=a,b,c,x" + " " * 300_000 + '"x',
        NAMES + "\tFORMAT" + "\tx" * 100_000,
        "\n".join(f"##contig=<ID={n},assembly=a{n}>" for n in range(100_000)),
    ],
    ids=["key", "value", "old", "samples", "assemblies"],
)  # fmt: skip
def test_hostile_headers_take_no_time(line):
    begin = time.process_time()
    header_of("##fileformat=VCFv4.3", *line.split("\n"), NAMES)
    assert time.process_time() - begin < 5


@pytest.mark.parametrize(("line", "kind"), TRIVIA)
def test_trivia_are_warned_of(line, kind):
    assert kind in header_of("##fileformat=VCFv4.3", line, NAMES)[1]


def test_a_definition_of_vcf_3_is_understood():
    header, _ = header_of('##FORMAT=DP,1,Integer,"Read Depth, all"', NAMES)
    assert vars(header.format["DP"]) == {
        "id": "DP", "number": "1", "type": "Integer", "description": "Read Depth, all",
    }  # fmt: skip


def test_the_first_of_two_definitions_counts():
    lines = [f"##INFO=<ID=A,Number=1,Type={kind}>" for kind in ("Integer", "String")]
    header, warned = header_of(*lines, NAMES)
    assert header.info["A"].type == "Integer"
    assert "defined twice" in warned


@pytest.mark.parametrize("head", [SITES.split("\n", 1)[1], NAMES + "\n"], ids=["meta lines", "names only"])
def test_a_missing_fileformat_is_a_warning(tmp_path, head):
    outcome = read_text(head + LINE, tmp_path)
    assert outcome.rows == 1
    assert "fileformat" in kinds(outcome)


def test_a_hundred_thousand_contigs(tmp_path):
    contigs = "".join(f"##contig=<ID=scaffold_{number},length={number}>\n" for number in range(100_000))
    begin = time.process_time()
    outcome = read_text(META + contigs + NAMES + "\n" + LINE, tmp_path)
    assert len(outcome.header["contig"]) == 100_002
    assert (outcome.rows, outcome.warnings) == (1, [])
    assert time.process_time() - begin < 10


def test_a_broken_header_line_costs_no_data_line(tmp_path):
    outcome = read_text(SITES.replace('"Depth">', '"Dep\nth">', 1) + LINE, tmp_path)
    assert (outcome.rows, outcome.reasons) == (1, {"no header line": 1})
    assert rejects(tmp_path)[0]["text"] == 'th">'


def test_the_last_of_two_lines_of_column_names_counts(tmp_path):
    outcome = read_text(META + NAMES + "\tFORMAT\told\n" + NAMES + "\n" + LINE, tmp_path)
    assert (outcome.rows, outcome.header["samples"]) == (1, [])
    assert kinds(outcome) == {"column names": (1, SITES.count("\n") + 1)}
