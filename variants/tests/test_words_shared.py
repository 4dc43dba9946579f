"""Every spelling of a germline classification in the sample data is in the table, but for a short list with its why."""

import csv
import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from variants.classification import classify

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
COLUMNS = [
    ("clinvitae/variants_3037.tsv", ["Reported Classification", "Inferred Classification"]),
    ("clinvar/clinvar_alleles_single_b37.tsv", ["clinical_significance", "clinical_significance_ordered"]),
    ("clinvar/variant_summary_sample.txt", ["ClinicalSignificance"]),
    ("clinvar/submission_summary_sample.txt", ["ClinicalSignificance"]),
    ("variant_tables/brca_exchange_built.tsv", [
        "Clinical_significance_ENIGMA", "Clinical_Significance_ClinVar", "Classification_LOVD", "Clinical_classification_BIC",
        "Pathogenicity_expert", "Pathogenicity_all", "applicableEnigmaClass",
    ]),
    ("variant_tables/vkgl_consensus.tsv", ["consensus", "amc", "erasmus_mc", "lumc", "nki", "radboud_mumc", "umcg", "vumc"]),
    ("variant_tables/abcd1_mock.tsv", ["curated_class", "am_class"]),
    ("variant_tables/clinvar_submission_sv.csv", ["Clinical significance"]),
    ("maf/data_mutations_extended.maf", ["CLIN_SIG"]),
    ("maf/test_output.custom_isoforms.maf", ["CLIN_SIG"]),
]  # fmt: skip
VCFS = ["clinvar", "vcf_real"]
INFO = re.compile(
    r"(?:^|[;\t])(?:CLNSIG|CLNSIGCONF|CLINICAL_SIGNIFICANCE|CLINICAL_SIGNIFICANCE_ORDERED)=([^;\t\n]*)", re.M
)
VEP_FIELDS = re.compile(r"##INFO=<ID=CSQ,[^\n]*Format: ([^\"\n]*)")

UNKNOWN = {
    "unknown": "never assessed, or of unknown significance: the file does not say",
    "VUS no clinical info provided (266)": "free text with a note",
    "Pathogenic no clinical info presented but deleterious mutation (266)": "free text with a note",
    "ambiguous": "a prediction of AlphaMissense, not a classification",
    "5|2": "ClinVar's codes of old, which the header of that VCF explains",
    "4,0": "the same",
}

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="needs the sample data beside the project")


def text_of(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8", "replace")


def in_tables() -> Iterator[str]:
    for name, columns in COLUMNS:
        lines = text_of(DATA / name).splitlines()
        rows = list(csv.reader(lines, delimiter="," if name.endswith(".csv") else "\t"))
        start = next(number for number, row in enumerate(rows) if set(columns) <= set(row))
        for row in (dict(zip(rows[start], cells, strict=False)) for cells in rows[start + 1 :]):
            yield from (row[column] for column in columns if column in row)


def in_vcfs() -> Iterator[str]:
    for folder in VCFS:
        for path in sorted((DATA / folder).rglob("*")):
            if not path.name.endswith((".vcf", ".vcf.gz")):
                continue
            try:
                text = text_of(path)
            except (OSError, EOFError):  # cut off on purpose
                continue
            yield from INFO.findall(text)
            if fields := VEP_FIELDS.search(text):
                yield from of_vep(text, fields[1].split("|"))


def of_vep(text: str, fields: list[str]) -> Iterator[str]:
    places = [number for number, name in enumerate(fields) if name.strip() in ("CLIN_SIG", "CLINVAR_CLNSIG")]
    for entry in re.findall(r"(?:^|[;\t])CSQ=([^;\t\n]*)", text, re.M):
        for effect in entry.split(","):
            values = effect.split("|")
            yield from (values[place] for place in places if place < len(values))


@pytest.mark.parametrize("texts", [in_tables, in_vcfs])
def test_what_is_unknown_is_on_the_list(texts):
    met = set(texts())
    assert len(met) > 10
    assert {text for text in met if not classify(text)[1]} <= UNKNOWN.keys()


def test_nothing_on_the_list_is_known_by_now():
    assert {text for text in UNKNOWN if classify(text)[1]} == set()


def test_somatic_words_never_become_a_germline_class():
    rows = csv.DictReader(text_of(DATA / "clinvar/variant_summary_sample.txt").splitlines(), delimiter="\t")
    words = {row[name] for row in rows for name in ("SomaticClinicalImpact", "Oncogenicity")} - {"-", ""}
    assert words
    assert {classify(word)[1] for word in words} == {False}
