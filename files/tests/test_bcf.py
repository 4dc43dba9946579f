"""BCF: the same table as of its VCF text, whatever becomes of the process that makes it."""

import bz2
import gzip
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pysam.utils import SamtoolsError

from files.models import DataFile
from files.readers.choices import Choices, Limits
from files.readers.errors import Damaged, NotATable
from files.readers.findings import Outcome
from files.readers.reading import read_any
from files.readers.source import open_source
from files.tests.bcf_files import bcf_of, plain_bcf_of, text_of
from files.tests.vcf_texts import SAMPLES, SITES, kinds, rejects, table, vcf

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "vcf_real"
ROWS = vcf(
    "chr1 9 rs1;rs2 A G,<DEL> 50.5 PASS DP=3;AF=0.5,0.25;DB;GENE=µ GT:DP:AD 0/1:7:3,4,0 1|2:.:.",
    "chr1 10 . ACGT . . . . GT .|. 0",
    "chr2 7 . A T 1e-05 q10 AF=. GT:DP 1/1:2 ./.:3",
    head=SAMPLES,
)


def read(data: bytes, folder: Path, **limits: int) -> Outcome:
    path = folder / "original"
    path.write_bytes(data)
    return read_any(path, folder, Choices(), Limits(**limits), lambda *_: None)


def lines_of(count: int) -> str:
    return SITES + "".join(
        f"chr1\t{n}\trs{n}\tA\tG\t50\tPASS\tDP={n % 90};GENE=G{n % 7}\n" for n in range(1, count + 1)
    )


@pytest.mark.parametrize(
    "pack", [gzip.decompress, lambda data: data, lambda data: gzip.compress(gzip.decompress(data))]
)
def test_a_bcf_is_the_table_of_its_vcf(tmp_path, pack):
    (tmp_path / "vcf").mkdir()
    bcf = bcf_of(ROWS, tmp_path)
    of_bcf = read(pack(bcf), tmp_path)
    of_vcf = read(text_of(tmp_path / "made.bcf"), tmp_path / "vcf")
    assert (of_bcf.format, of_bcf.rows, of_bcf.rejected) == ("bcf", 3, 0)
    assert table(of_bcf, tmp_path) == table(of_vcf, tmp_path / "vcf")
    assert (of_bcf.columns, of_bcf.header) == (of_vcf.columns, of_vcf.header)


def test_cells_are_those_of_the_vcf(tmp_path):
    rows = table(read(bcf_of(ROWS, tmp_path), tmp_path), tmp_path)
    assert rows[0] == {
        "line": SAMPLES.count("\n") + 2, "CHROM": "chr1", "POS": "9", "ID": "rs1;rs2", "REF": "A", "ALT": "G,<DEL>",
        "QUAL": "50.5", "FILTER": "PASS", "INFO.DP": "3", "INFO.AF": "0.5,0.25", "INFO.DB": "true", "INFO.GENE": "µ",
        "FORMAT": "GT:DP:AD", "anna.GT": "0/1", "anna.DP": "7", "anna.AD": "3,4,0", "ben.GT": "1|2", "ben.DP": ".",
        "ben.AD": ".",
    }  # fmt: skip


def test_no_value_is_made_up(tmp_path):
    """pysam's own writer adds an INFO/END to such a record."""
    end = '##INFO=<ID=END,Number=1,Type=Integer,Description="End">\n'
    head = SITES.replace("##FORMAT", end + "##FORMAT", 1)
    read(bcf_of(vcf("chr1 5 . T G,<NON_REF> . . DP=1", head=head), tmp_path), tmp_path)
    assert b"".join(open_source(tmp_path / "original").blocks()) == text_of(tmp_path / "made.bcf")
    assert b"END=" not in text_of(tmp_path / "made.bcf").splitlines()[-1]


def test_text_that_is_no_utf8_is_as_in_a_vcf(tmp_path):
    text = vcf("chr1 5 . T G . . GENE=caf\xe9", "chr1 6 . T G . . GENE=b").encode("latin-1")
    found = read(bcf_of(text, tmp_path), tmp_path)
    assert [row["INFO.GENE"] for row in table(found, tmp_path)] == ["café", "b"]


def test_a_line_end_within_a_value_makes_no_line(tmp_path):
    data = plain_bcf_of(vcf("chr1 5 . T G . . GENE=one;DP=1", "chr1 6 . T G . . GENE=two;DP=1"), tmp_path)
    found = read(data.replace(b"one", b"o\ne"), tmp_path)
    assert (found.rows, found.rejected) == (1, 1)
    assert "o\re" in rejects(tmp_path)[0]["text"]


@pytest.mark.parametrize("missing", [1, 20, 60])
def test_what_came_before_the_end_of_a_cut_off_file_is_kept(tmp_path, missing):
    found = read(plain_bcf_of(lines_of(300), tmp_path)[:-missing], tmp_path)
    assert (found.rows, found.rejected) == (299 if missing < 50 else 298, 0)
    assert kinds(found)["truncated"][0] == 1
    assert [row["ID"] for row in table(found, tmp_path)] == [f"rs{n}" for n in range(1, found.rows + 1)]


def test_a_record_that_cannot_be_read_ends_the_reading_and_is_said(tmp_path):
    data = bytearray(plain_bcf_of(lines_of(300), tmp_path))
    at = data.index(b"rs200") - 25  # the number of the contig
    data[at : at + 4] = b"\x7f\x00\x00\x00"
    found = read(bytes(data), tmp_path)
    assert found.rows in (198, 199)
    assert "truncated" in kinds(found)


def test_a_length_that_lies_is_no_reason_to_take_the_memory(tmp_path):
    data = bytearray(plain_bcf_of(lines_of(3), tmp_path))
    header = int.from_bytes(data[5:9], "little")
    data[9 + header : 13 + header] = (0x7FFFFFF0).to_bytes(4, "little")
    found = read(bytes(data), tmp_path)
    assert (found.rows, list(kinds(found))) == (0, ["truncated"])


def test_a_bgzip_file_without_its_end_is_said(tmp_path):
    found = read(bcf_of(lines_of(30), tmp_path)[:-28], tmp_path)
    assert found.rows == 30
    assert "truncated" in kinds(found)


@pytest.mark.parametrize("size", [5, 9, 40, 300])
def test_a_file_without_a_whole_header_is_no_table(tmp_path, size):
    with pytest.raises(NotATable, match="header cannot be read"):
        read(plain_bcf_of(lines_of(3), tmp_path)[:size], tmp_path)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"BCF\x04" + b"\0" * 40, "version 2.2"),
        (b"BCF\x02\x01" + b"\0" * 40, "version 2.2"),
        (gzip.compress(b"CSI\x01" + b"\0" * 40), "index of another file"),
        (gzip.compress(b"TBI\x01" + b"\0" * 40), "index of another file"),
        (gzip.compress(b"BAM\x01" + b"\0" * 40), "sequencing reads"),
        (b"CRAM\x03" + b"\0" * 40, "sequencing reads"),
        (bz2.compress(b"BCF\x02\x02" + b"\0" * 40), "bz2 file holds a BCF file"),
    ],
    ids=["BCF1", "BCF 2.1", "CSI", "TBI", "BAM", "CRAM", "BCF in bz2"],
)
def test_what_is_like_a_bcf_and_none_is_refused(tmp_path, data, said):
    with pytest.raises(NotATable, match=said):
        read(data, tmp_path)


def test_a_bomb_is_refused(tmp_path):
    data = bcf_of(lines_of(20_000), tmp_path)
    with pytest.raises(NotATable, match="2 times its size"):
        read(data, tmp_path, ratio=2, ratio_free_bytes=100_000)


# --- the process that makes the text


@pytest.fixture
def long_bcf(tmp_path) -> Path:
    path = tmp_path / "original"
    path.write_bytes(plain_bcf_of(lines_of(50_000), tmp_path))
    return path


def children_of(parent: int) -> list[int]:
    """Those of its children that make text of a BCF."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            its_parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if its_parent == parent and b"files.readers.bcf_text" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def test_its_death_is_a_damage(long_bcf):
    blocks = open_source(long_bcf).blocks(1000)
    first = next(blocks)
    [process] = children_of(os.getpid())
    os.kill(process, signal.SIGABRT)
    with pytest.raises(Damaged, match="BCF file is cut off or damaged"):
        for _ in blocks:
            pass
    assert first.startswith(b"##fileformat")


def test_it_ends_with_who_reads_no_more(long_bcf):
    blocks = open_source(long_bcf).blocks(1000)
    next(blocks)
    assert len(children_of(os.getpid())) == 1
    blocks.close()
    assert children_of(os.getpid()) == []


def test_it_ends_with_its_parent(long_bcf):
    script = (
        "import sys, time; from pathlib import Path; from files.readers.source import open_source\n"
        "blocks = open_source(Path(sys.argv[1])).blocks(1000); next(blocks); print('began', flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", script, str(long_bcf)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        [process] = children_of(reader.pid)
        reader.kill()
    for _ in range(200):
        if not Path(f"/proc/{process}").exists():
            return
        time.sleep(0.05)
    pytest.fail("it goes on")


def test_it_knows_no_secret_and_no_name_of_a_file(long_bcf, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "canary-of-this-test")
    blocks = open_source(long_bcf).blocks(1000)
    next(blocks)
    [process] = children_of(os.getpid())
    environ, command = (Path(f"/proc/{process}/{name}").read_bytes() for name in ("environ", "cmdline"))
    assert b"canary" not in environ
    assert b"DATABASE_URL" not in environ
    assert str(long_bcf).encode() not in command


# --- from upload to download


@pytest.mark.django_db
def test_an_uploaded_bcf(read, api, owner, client, tmp_path):
    data = plain_bcf_of(vcf("chr1 5 . T G . . GENE=one", "chr1 6 . T G . . GENE=two"), tmp_path)
    file = read(data.replace(b"one", b"o\ne"), name="cohort.bcf")
    assert (file.state, file.format, file.row_count, file.rejected_count) == ("ready", "bcf", 1, 1)
    mine = api(owner)
    header = b"".join(mine.get(f"/api/v1/files/{file.pk}/header/").streaming_content).decode()
    assert header.startswith("##fileformat=VCFv4.2")
    assert header.endswith("\tINFO\n")
    answer = mine.get(f"/api/v1/files/{file.pk}/rejects/", {"format": "original"})
    assert 'filename="cohort.rejected.vcf"' in answer["Content-Disposition"]
    assert b"".join(answer.streaming_content).decode() == header + "chr1\t5\t.\tT\tG\t.\t.\tGENE=o\re\n"
    client.force_login(owner)
    page = client.get(f"/files/{file.pk}/").content.decode()
    assert "those of its VCF text" in page
    assert "Import into the variant database" in page
    answer = mine.post(f"/api/v1/files/{file.pk}/import/", {}, format="json")
    assert answer.status_code == 202, answer.json()


@pytest.mark.django_db
def test_a_damaged_bcf_says_so_on_its_page(read, owner, client, tmp_path):
    file = read(bcf_of(lines_of(30_000), tmp_path)[:-5_000], name="cohort.bcf")
    assert file.state == "ready"
    assert 0 < DataFile.objects.get(pk=file.pk).row_count < 30_000
    client.force_login(owner)
    assert "cut off or damaged" in client.get(f"/files/{file.pk}/").content.decode()


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared sample data are not here")
def test_every_real_vcf_that_bcftools_reads_is_the_same_table_as_bcf(tmp_path):
    """Its header, columns and cells: nothing lost against what `bcftools view` prints. One file in four."""
    checked = 0
    paths = sorted(DATA.glob("*/*"))
    for number, path in enumerate([*DATA.glob("*/*.bcf"), *paths[::4]]):
        folder, vcf_folder = tmp_path / f"{number}", tmp_path / f"{number}v"
        folder.mkdir()
        vcf_folder.mkdir()
        try:
            data = path.read_bytes() if path.suffix == ".bcf" else bcf_of(path.read_bytes(), folder)
        except SamtoolsError:
            continue
        (folder / "original.bcf").write_bytes(data)
        of_bcf, of_vcf = read(data, folder), read(text_of(folder / "original.bcf"), vcf_folder)
        assert table(of_bcf, folder) == table(of_vcf, vcf_folder), path
        assert (of_bcf.columns, of_bcf.header, of_bcf.reasons) == (of_vcf.columns, of_vcf.header, of_vcf.reasons), path
        checked += 1
    assert checked > 25
