import csv
import gzip
import importlib.util
import io
import json
import sys
import tarfile
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parent.parent
REFERENCE = TOOLS.parent / "variants" / "reference"


def load_script():
    spec = importlib.util.spec_from_file_location("build_reference", TOOLS / "build_reference.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


build_reference = load_script()

GENES = """\
## Derived from a made-up release
# chr\tstart\tlength\tslim_id\tsymbol\tdescription\ttop_tissues\ttop_tissues_in_gene
1\t1000\t999\t7\tPLUS1\tplus one%2C first\t\t1
2\t5000\t400\t21\tMINUS1\tminus one\t\t
3\t100\t1000\t31\tSHORT1\tshort\t\t
5\t100\t1000\t51\tSHORT2\tshort minus\t\t
4\t100\t1000\t41\tVAGUE1\tvague\t\t
X\t10\t99\t61\tPAR1\tpseudoautosomal\t\t
Y\t10\t99\t62\tPAR1\tpseudoautosomal\t\t
6\t10\t99\t71\tTwin1\ttwin\t\t
6\t500\t50\t72\tTWIN1\ttwin\t\t
MT\t20\t5\t81\tRNA1\t\t\t
GL000194.1\t20\t5\t91\tODD1\todd\t\t
7\t20\t5\t92\t\tno symbol\t\t
"""
SYNONYMS = """\
# symbol\tsynonyms
PLUS1\tP1\tPL-1\tP1\tPLUS1
"""
STRUCTURES = """\
## biotype keys: 0 = protein_coding, 1 = nonsense_mediated_decay
## subpart keys: 0 = 5'-UTR, 1 = exon, 2 = 3'-UTR
# transcript_name\tbiotype_compressed\t\tstrand\tfeatures
PLUS1-202\t100\t0\t+\t0;0;10\t1;0;49\t1;300;99
PLUS1-201\t0\t1\t+\t1;0;9\t1;990;9
MINUS1-201\t7\t1\t-\t2;0;30\t1;0;100\t1;300;100
SHORT1-201\t0\t0\t+\t1;0;99\t1;200;99\t1;400;99
SHORT2-201\t0\t0\t-\t1;0;99\t1;200;99\t1;400;99
VAGUE1-201\t0\t0\t+\t1;0;99\t1;200;99\t1;400;99
PAR1-201\t0\t0\t+\t1;0;99
TWIN1-201\t0\t0\t+\t1;0;99
"""
KEYS = """\
# Keys:
# disease_mondo_ids_and_names = ["0000001|Disease_one,_rare", "0000002|Disease_two%3B_odd%3B"]
# variant_types = ["single_nucleotide_variant", "Deletion"]
# clinical_significances = ["Likely_pathogenic", "Pathogenic/Likely_pathogenic|drug_response"]
# clinical_review_statuses = ["criteria_provided,_multiple_submitters,_no_conflicts"]
# molecular_consequences = ["SO:0001574|splice_acceptor_variant", "SO:0001587|nonsense", \
"SO:0001575|splice_donor_variant"]
# gene\tbyte_offset\tbyte_length
"""
VARIANT_HEADER = "#CHROM\tPOS\tID\tREF\tALT\tDISEASE_IDS\tAF_EXAC\tCLNREVSTAT\tCLNSIG\tCLNVC\tMC\tORIGIN\tRS"
VARIANTS = [
    "1\t1100\t17661\tGA\tG\t0,1\t0.00007\t0\t1\t1\t1,2\t33\t28897672",
    "1\t1101\t1028857\tG\tA\t\t\t0\t0\t0\t\t0",
]
# SHORT1 (+) has its exons at 300-399, 500-599, 700-799; SHORT2 (-) likewise, read the other way.
SPLICE_SITES = [
    ("3", 2, (400, 401, 600)),
    ("3", 0, (498, 499, 699)),
    ("5", 2, (498, 499, 699)),
    ("5", 0, (400, 401, 600)),
]
SPLICE_VARIANTS = [
    f"{chrom}\t{pos}\t{chrom}{pos}\tG\tA\t\t\t0\t0\t0\t{consequence}\t1\t"
    for chrom, consequence, positions in SPLICE_SITES
    for pos in positions
]


@pytest.fixture
def make_package(tmp_path):
    def make(variants=(*VARIANTS, *SPLICE_VARIANTS), genes=GENES, version="1.53.0"):
        folder = tmp_path / "package"
        texts = {
            "genes/homo-sapiens-genes.tsv.gz": genes,
            "synonyms/homo-sapiens-synonyms.tsv.gz": SYNONYMS,
            "gene-structures/homo-sapiens-gene-structures.tsv.gz": STRUCTURES,
            "variants/homo-sapiens-variants.tsv.li.gz": KEYS,
            "variants/homo-sapiens-variants.tsv.gz": "\n".join(["# about", VARIANT_HEADER, *variants]),
        }
        for name, text in texts.items():
            path = folder / "dist/data/cache" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(text.encode()))
        (folder / "package.json").write_text(json.dumps({"name": "ideogram", "version": version}))
        return folder

    return make


def run(package, out):
    return build_reference.main(["--package", str(package), "--out", str(out)])


def lines_of(path):
    return gzip.decompress(path.read_bytes()).decode().splitlines()


def test_genes_file(make_package, tmp_path):
    assert run(make_package(), tmp_path / "out") == 0
    short = "300-399,500-599,700-799"
    assert lines_of(tmp_path / "out/genes.tsv.gz") == [
        "symbol\tname\tensembl_id\tchrom\tstart\tend\tstrand\tcoding\taliases\texons",
        "PLUS1\tplus one, first\tENSG00000000007\t1\t1000\t1999\t+\t1\tP1|PL-1\t1100-1149,1400-1499",
        "MINUS1\tminus one\tENSG00000000021\t2\t5000\t5400\t-\t0\t\t5000-5100,5300-5400",
        f"SHORT1\tshort\tENSG00000000031\t3\t100\t1100\t+\t1\t\t{short}",
        f"SHORT2\tshort minus\tENSG00000000051\t5\t100\t1100\t-\t1\t\t{short}",
        "VAGUE1\tvague\tENSG00000000041\t4\t100\t1100\t+\t1\t\t",
        "PAR1\tpseudoautosomal\tENSG00000000061\tX\t10\t109\t+\t1\t\t10-109",
        "Twin1\ttwin\tENSG00000000071\t6\t10\t109\t+\t1\t\t",
        "RNA1\t\tENSG00000000081\tMT\t20\t25\t\t0\t\t",
    ]


def test_variants_file(make_package, tmp_path):
    assert run(make_package(VARIANTS), tmp_path / "out") == 0
    reviewed = "criteria provided, multiple submitters, no conflicts"
    url = "https://www.ncbi.nlm.nih.gov/clinvar/variation"
    assert lines_of(tmp_path / "out/clinvar_demo.tsv.gz") == [
        "Assembly\tChromosome\tPosition\trsID\tRef\tAlt\tClassification\tReview Status\tCondition\t"
        "Consequence\tOrigin\tVariant Type\tAF ExAC\tClinVar\tURL",
        "GRCh38\t1\t1100\trs28897672\tGA\tG\tPathogenic/Likely pathogenic|drug response\t"
        f"{reviewed}\tDisease one, rare; Disease two, odd\tstop_gained; splice_donor_variant\t"
        f"germline; de-novo\tDeletion\t0.00007\tVCV000017661\t{url}/17661/",
        f"GRCh38\t1\t1101\t\tG\tA\tLikely pathogenic\t{reviewed}\t\t\tunknown\t"
        f"single nucleotide variant\t\tVCV001028857\t{url}/1028857/",
    ]


def test_what_is_dropped_is_counted(make_package, tmp_path, capsys):
    run(make_package(), tmp_path / "out")
    printed = capsys.readouterr().out.splitlines()
    assert "genes dropped: on another contig: 1" in printed
    assert "genes dropped: no symbol: 1" in printed
    assert "genes dropped: symbol seen before: 2" in printed
    assert "exons placed: by ClinVar splice variants: 2" in printed
    assert "exons empty: transcripts shorter than the gene, place not certain: 1" in printed


def test_same_bytes_from_folder_and_archive(make_package, tmp_path):
    package = make_package()
    archive = tmp_path / "ideogram.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(package, "package")
    outs = [tmp_path / "first", tmp_path / "second"]
    assert [run(package, outs[0]), run(archive, outs[1])] == [0, 0]
    for name in ("genes.tsv.gz", "clinvar_demo.tsv.gz"):
        assert (outs[0] / name).read_bytes() == (outs[1] / name).read_bytes()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1\t5\t9\tG\tA\t2\t\t0\t0\t0\t0\t1\t", "disease_mondo_ids_and_names has no entry '2'"),
        ("1\t5\t9\tG\tA\t0,x\t\t0\t0\t0\t0\t1\t", "disease_mondo_ids_and_names has no entry 'x'"),
        ("1\t5\t9\tG\tA\t0\t\t1\t0\t0\t0\t1\t", "clinical_review_statuses has no entry '1'"),
        ("1\t5\t9\tG\tA\t0\t\t0\t\t0\t0\t1\t", "clinical_significances has no entry ''"),
        ("1\t5\t9\tG\tA\t0\t\t0\t0\t2\t0\t1\t", "variant_types has no entry '2'"),
        ("1\t5\t9\tG\tA\t0\t\t0\t0\t0\t-1\t1\t", "molecular_consequences has no entry '-1'"),
        ("1\t5\t9\tG\tA\t0\t\t0\t0\t0\t0\t2048\t", "origin 2048 has an unknown bit"),
        ("1\t0\t9\tG\tA\t0\t\t0\t0\t0\t0\t1\t", "no place on a chromosome"),
        ("1\t5\t9\tG\tA", "5 cells"),
        ("1\t5\t17661\tG\tA\t0\t\t0\t0\t0\t0\t1\t", "VCV000017661 and 0 more stand in several lines"),
    ],
)
def test_a_variant_that_cannot_be_read_stops_the_build(make_package, tmp_path, capsys, line, message):
    assert run(make_package([*VARIANTS, line]), tmp_path / "out") == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_lost_row_stops_the_build():
    with pytest.raises(build_reference.BuildError, match="variants: 3 lines in, 2 rows out"):
        build_reference.check_no_row_lost("variants", 3, 2)


def test_another_version_stops_the_build(make_package, tmp_path, capsys):
    assert run(make_package(version="1.54.0"), tmp_path / "out") == 1
    assert "Expected ideogram 1.53.0, found ideogram 1.54.0" in capsys.readouterr().err


def test_splice_votes_must_not_tie():
    transcript = build_reference.Transcript("T-201", 0, 499, "", "+", ((0, 99), (200, 299), (400, 499)))
    donor = build_reference.SPLICE_DONOR
    sites = [build_reference.SpliceSite(pos, donor) for pos in (400, 600)]  # the first base, or the second?
    assert build_reference.splice_origin(transcript, sites, 0, 1000) is None


# The committed files


@pytest.fixture(scope="module")
def committed_genes():
    text = gzip.decompress((REFERENCE / "genes.tsv.gz").read_bytes()).decode()
    rows = list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))
    return {row["symbol"]: row for row in rows}


@pytest.mark.parametrize(
    ("symbol", "place", "exons"),
    [
        ("BRCA1", "17:43044295-43170245:-", ["43044295-43045802", "43124017-43124115"]),
        ("HBB", "11:5225464-5229395:-", ["5225464-5225726", "5226577-5226799", "5226930-5227071"]),
        ("CFTR", "7:117287120-117715971:+", ["117559464-117559655"]),
        ("TP53", "17:7661779-7687538:-", ["7670609-7670715", "7687377-7687490"]),
        ("DMD", "X:31097677-33339609:-", ["31119222-31121930", "33211282-33211549"]),  # by splice variants
    ],
)
def test_committed_gene(committed_genes, symbol, place, exons):
    row = committed_genes[symbol]
    assert "{chrom}:{start}-{end}:{strand}".format(**row) == place
    assert set(exons) <= set(row["exons"].split(","))


def test_hbb_has_three_exons(committed_genes):
    assert committed_genes["HBB"]["exons"].count("-") == 3


def test_committed_exons_are_ascending_and_inside_their_gene(committed_genes):
    for row in committed_genes.values():
        if row["exons"]:
            ends = list(map(int, row["exons"].replace("-", ",").split(",")))
            assert ends == sorted(ends)
            assert int(row["start"]) <= ends[0]
            assert ends[-1] <= int(row["end"])


def test_committed_genes_have_one_row_per_symbol(committed_genes):
    assert len({symbol.upper() for symbol in committed_genes}) == len(committed_genes) == 30_842


def test_committed_variants():
    header, *lines = lines_of(REFERENCE / "clinvar_demo.tsv.gz")
    assert tuple(header.split("\t")) == build_reference.VARIANT_COLUMNS
    assert len(lines) == 72_582
    rows = [line.split("\t") for line in lines]
    assert {len(row) for row in rows} == {15}
    assert {row[0] for row in rows} == {"GRCh38"}
    assert all(int(row[2]) >= 1 for row in rows)
    assert len({row[13] for row in rows}) == len(rows)
