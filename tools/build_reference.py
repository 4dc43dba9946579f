"""Build the reference files under variants/reference/ from the npm package `ideogram`.

    npm pack ideogram@1.53.0
    python tools/build_reference.py --package ideogram-1.53.0.tgz

Needs only the standard library and no network. The same package gives the same bytes.
Columns, licences and what is dropped: docs/reference-data.md.
"""

import argparse
import gzip
import json
import re
import sys
import tarfile
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

VERSION = "1.53.0"
CACHE = "dist/data/cache"
OUT = Path(__file__).resolve().parent.parent / "variants" / "reference"

GENE_COLUMNS = (
    "symbol", "name", "ensembl_id", "chrom", "start", "end", "strand", "coding", "aliases", "exons",
)  # fmt: skip
VARIANT_COLUMNS = (
    "Assembly", "Chromosome", "Position", "rsID", "Ref", "Alt", "Classification", "Review Status",
    "Condition", "Consequence", "Origin", "Variant Type", "AF ExAC", "ClinVar", "URL",
)  # fmt: skip
SOURCE_VARIANT_COLUMNS = (
    "#CHROM", "POS", "ID", "REF", "ALT", "DISEASE_IDS", "AF_EXAC", "CLNREVSTAT", "CLNSIG", "CLNVC",
    "MC", "ORIGIN", "RS",
)  # fmt: skip

CHROMS = frozenset([*map(str, range(1, 23)), "X", "Y", "MT"])
CODING_BIOTYPES = frozenset(["protein_coding", "protein_coding_LoF"])

# ORIGIN of ClinVar's VCF is a sum of these. Bit 1024 is in no description that we know, yet one
# row has it: the number is shown rather than a guess.
ORIGINS = {
    1: "germline",
    2: "somatic",
    4: "inherited",
    8: "paternal",
    16: "maternal",
    32: "de-novo",
    64: "biparental",
    128: "uniparental",
    256: "not-tested",
    512: "tested-inconclusive",
    1024: "code-1024",
    1073741824: "other",
}
# Where ClinVar's word for a term is not the name that the Sequence Ontology gives it.
SO_NAMES = {"SO:0001587": "stop_gained", "SO:0001619": "non_coding_transcript_variant"}
SPLICE_ACCEPTOR, SPLICE_DONOR = "SO:0001574", "SO:0001575"

# A transcript set shorter than its gene is placed only by this much agreement (see splice_origin).
MIN_SPLICE_SITES = 3
MIN_SPLICE_EDGES = 2
MIN_SPLICE_LEAD = 2
CHECK_WINDOW_BP = 20_000

Spans = list[tuple[int, int]]


class BuildError(Exception):
    """The package is not what this script was written for; str() says what is wrong."""


# Reading the package


class Package:
    """An unpacked npm package folder, or its .tgz."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise BuildError(f"No such package: {path}")

    def read(self, name: str) -> bytes:
        try:
            if self.path.is_dir():
                return (self.path / name).read_bytes()
            with tarfile.open(self.path) as archive:
                member = archive.extractfile(f"package/{name}")
                if member is None:
                    raise KeyError(name)
                return member.read()
        except (OSError, KeyError, tarfile.TarError) as error:
            raise BuildError(f"Cannot read {name} in {self.path}: {error}") from error

    def lines(self, name: str) -> list[str]:
        """The lines of a gzipped text file in the cache folder, without empty ones."""
        data = self.read(f"{CACHE}/{name}")
        try:
            text = gzip.decompress(data).decode()
        except (OSError, EOFError, UnicodeDecodeError) as error:
            raise BuildError(f"{name} is damaged: {error}") from error
        return [line.rstrip("\r") for line in text.split("\n") if line.strip("\r")]

    def check_version(self) -> None:
        about = json.loads(self.read("package.json"))
        found = (about.get("name"), about.get("version"))
        if found != ("ideogram", VERSION):
            raise BuildError(f"Expected ideogram {VERSION}, found {found[0]} {found[1]}")


def data_lines(lines: Iterable[str]) -> Iterator[list[str]]:
    return (line.split("\t") for line in lines if not line.startswith("#"))


def whole(text: str, what: str) -> int:
    if not (text.isascii() and text.removeprefix("-").isdigit()):
        raise BuildError(f"{what}: {text!r} is not a whole number")
    return int(text)


# Genes


@dataclass(frozen=True)
class Transcript:
    """One transcript, placed relative to an origin that all transcripts of its symbol share.

    `start0` and `end0` are distances in bases from that origin, on the forward strand whatever
    the strand of the gene; `end0` is the last base itself. `parts` likewise, exons only, ascending.
    """

    name: str
    start0: int
    end0: int
    biotype: str
    strand: str
    parts: tuple[tuple[int, int], ...]

    def exons(self, origin: int) -> Spans:
        """Genomic exons, 1-based, both ends included, when the origin lies at `origin`."""
        return [(origin + first, origin + last) for first, last in self.parts]


@dataclass
class Gene:
    symbol: str
    name: str
    ensembl_id: str
    chrom: str
    start: int
    end: int
    strand: str = ""
    coding: bool = False
    aliases: tuple[str, ...] = ()
    exons: Spans | None = None

    def row(self) -> tuple[str, ...]:
        exons = ",".join(f"{first}-{last}" for first, last in self.exons or [])
        return (
            self.symbol, self.name, self.ensembl_id, self.chrom, str(self.start), str(self.end),
            self.strand, str(int(self.coding)), "|".join(self.aliases), exons,
        )  # fmt: skip


def read_genes(lines: Sequence[str], report: Counter[str]) -> tuple[list[Gene], set[str]]:
    """The genes in the file's order, one per symbol, and the symbols whose genes differ in length.

    Start is 1-based; end = start + length is the last base of the gene.
    """
    genes: dict[str, Gene] = {}
    ambiguous = set()
    for cells in data_lines(lines):
        if len(cells) < 6:
            raise BuildError(f"genes: {len(cells)} cells instead of 6 or more: {cells}")
        chrom, start, length, slim_id, symbol, description = cells[:6]
        report["gene lines"] += 1
        if chrom not in CHROMS:
            report["genes dropped: on another contig"] += 1
            continue
        if not symbol:
            report["genes dropped: no symbol"] += 1
            continue
        first = whole(start, f"start of {symbol}")
        last = first + whole(length, f"length of {symbol}")
        if not 1 <= first <= last:
            raise BuildError(f"{symbol}: {first}-{last} is no range")
        key = symbol.upper()
        if key in genes:
            report["genes dropped: symbol seen before"] += 1
            if last - first != genes[key].end - genes[key].start:
                ambiguous.add(key)
            continue
        ensembl_id = f"ENSG{whole(slim_id, f'id of {symbol}'):011d}"
        genes[key] = Gene(symbol, unquote(description), ensembl_id, chrom, first, last)
    return list(genes.values()), ambiguous


def read_synonyms(lines: Sequence[str]) -> dict[str, tuple[str, ...]]:
    synonyms = {}
    for symbol, *names in data_lines(lines):
        kept = tuple(dict.fromkeys(name for name in names if name and name != symbol))
        if any("|" in name for name in kept):
            raise BuildError(f"synonyms of {symbol}: a name holds the separator |")
        synonyms[symbol.upper()] = kept
    return synonyms


def read_key(lines: Sequence[str], name: str) -> dict[str, str]:
    """The key of a `## name keys: 0 = a, 1 = b` line."""
    head = f"## {name} keys: "
    for line in lines:
        if line.startswith(head):
            return dict(entry.split(" = ", 1) for entry in line[len(head) :].split(", "))
    raise BuildError(f"gene structures: no line {head!r}")


def read_transcripts(lines: Sequence[str]) -> dict[str, list[Transcript]]:
    """Upper-case symbol -> its transcripts; the first is Ensembl's canonical one."""
    biotypes, subparts = read_key(lines, "biotype"), read_key(lines, "subpart")
    transcripts: dict[str, list[Transcript]] = defaultdict(list)
    for name, offset, biotype, strand, *parts in data_lines(lines):
        if biotype not in biotypes:
            raise BuildError(f"{name}: biotype {biotype} is not in the key")
        if strand not in ("+", "-"):
            raise BuildError(f"{name}: strand {strand!r}")
        start0 = whole(offset, f"offset of {name}")
        spans = []
        for part in parts:
            kind, first, length = part.split(";")
            if kind not in subparts:
                raise BuildError(f"{name}: subpart {kind} is not in the key")
            at = start0 + whole(first, name)
            spans.append((at, at + whole(length, name)))
        merged = tuple(merge(spans))
        transcripts[name.rpartition("-")[0].upper()].append(
            Transcript(name, start0, merged[-1][1], biotypes[biotype], strand, merged)
        )
    return dict(transcripts)


def merge(spans: Iterable[tuple[int, int]]) -> Spans:
    """Ascending spans, overlapping ones joined (a UTR lies inside its exon)."""
    merged: Spans = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


# Placing exons


@dataclass(frozen=True)
class SpliceSite:
    """A single-base ClinVar variant in the two intron bases next to an exon."""

    pos: int
    kind: str  # SPLICE_ACCEPTOR or SPLICE_DONOR


def slack_of(gene: Gene, transcripts: Sequence[Transcript]) -> tuple[int, int]:
    """(lowest possible origin, bases of the gene that the listed transcripts leave uncovered).

    The package measures offsets from the leftmost listed transcript of all symbols with the
    same text before the first hyphen: neither the gene's start nor the same for every symbol. So
    only differences within one symbol are used. Every transcript lies inside its gene: where
    the uncovered rest is 0, the lowest possible origin is the only one.
    """
    left = min(t.start0 for t in transcripts)
    right = max(t.end0 for t in transcripts)
    return gene.start - left, (gene.end - gene.start) - (right - left)


def splice_origin(transcript: Transcript, sites: Sequence[SpliceSite], low: int, high: int) -> int | None:
    """The origin in low..high that puts splice variants onto exon edges, or None when in doubt.

    A donor variant lies 1 or 2 bases behind an exon, an acceptor variant 1 or 2 before it, in
    the direction of the gene. Each pair of a site and an edge votes for an origin. Accepted: at
    least MIN_SPLICE_SITES sites on MIN_SPLICE_EDGES edges and half of the gene's sites agree, with
    MIN_SPLICE_LEAD sites more than for any other origin.
    """
    positions: dict[int, set[int]] = defaultdict(set)
    edges: dict[int, set[int]] = defaultdict(set)
    rights = [last for _, last in transcript.parts[:-1]]
    lefts = [first for first, _ in transcript.parts[1:]]
    for site in sites:
        right = (site.kind == SPLICE_DONOR) == (transcript.strand == "+")
        for edge in rights if right else lefts:
            for step in (1, 2):
                origin = site.pos - (edge + step if right else edge - step)
                if low <= origin <= high:
                    positions[origin].add(site.pos)
                    edges[origin].add(edge)
    if not positions:
        return None
    ranked = sorted(positions, key=lambda origin: (-len(positions[origin]), origin))
    best, votes = ranked[0], len(positions[ranked[0]])
    second = len(positions[ranked[1]]) if len(ranked) > 1 else 0
    agreed = (
        votes >= MIN_SPLICE_SITES
        and len(edges[best]) >= MIN_SPLICE_EDGES
        and votes - second >= MIN_SPLICE_LEAD
        and 2 * votes >= len({site.pos for site in sites})
    )
    return best if agreed else None


class Evidence:
    """The ClinVar variants by place."""

    def __init__(self, variants: Iterable["Variant"]) -> None:
        self.positions: dict[str, list[int]] = defaultdict(list)
        self._sites: dict[str, dict[int, SpliceSite]] = defaultdict(dict)
        for variant in variants:
            self.positions[variant.chrom].append(variant.pos)
            kinds = {SPLICE_ACCEPTOR, SPLICE_DONOR} & set(variant.so_ids)
            if len(variant.ref) == len(variant.alt) == 1 and len(kinds) == 1:
                self._sites[variant.chrom][variant.pos] = SpliceSite(variant.pos, kinds.pop())
        for positions in self.positions.values():
            positions.sort()
        self._order = {chrom: sorted(sites) for chrom, sites in self._sites.items()}

    def sites_in(self, gene: Gene) -> list[SpliceSite]:
        order = self._order.get(gene.chrom, [])
        within = order[bisect_left(order, gene.start) : bisect_right(order, gene.end)]
        return [self._sites[gene.chrom][pos] for pos in within]


def place_exons(
    genes: Iterable[Gene],
    transcripts: dict[str, list[Transcript]],
    ambiguous: set[str],
    evidence: Evidence,
    report: Counter[str],
) -> None:
    """Fill strand, coding and, where the place is certain, the exons of the canonical transcript."""
    for gene in genes:
        key = gene.symbol.upper()
        listed = transcripts.get(key)
        if not listed:
            report["exons empty: no transcript in the package"] += 1
            continue
        canonical = listed[0]
        gene.coding = canonical.biotype in CODING_BIOTYPES
        strands = {t.strand for t in listed}
        if len(strands) > 1:
            report["exons empty: transcripts on both strands"] += 1
            continue
        gene.strand = canonical.strand
        if key in ambiguous:
            report["exons empty: several genes of different length share the symbol"] += 1
            continue
        low, slack = slack_of(gene, listed)
        if slack < 0:
            report["exons empty: transcripts longer than the gene"] += 1
        elif slack == 0:
            gene.exons = canonical.exons(low)
            report["exons placed: transcripts span the gene"] += 1
        elif (origin := splice_origin(canonical, evidence.sites_in(gene), low, low + slack)) is not None:
            gene.exons = canonical.exons(origin)
            report["exons placed: by ClinVar splice variants"] += 1
        else:
            report["exons empty: transcripts shorter than the gene, place not certain"] += 1
        if gene.exons and not (gene.start <= gene.exons[0][0] and gene.exons[-1][1] <= gene.end):
            raise BuildError(f"{gene.symbol}: exons outside of the gene")


def check_splice_rule(
    genes: Iterable[Gene], transcripts: dict[str, list[Transcript]], evidence: Evidence
) -> tuple[int, int]:
    """(decided, wrong) of splice_origin on genes whose place is known from their span."""
    decided = wrong = 0
    for gene in genes:
        listed = transcripts.get(gene.symbol.upper())
        if not listed or not gene.exons:
            continue
        low, slack = slack_of(gene, listed)
        if slack:
            continue
        found = splice_origin(listed[0], evidence.sites_in(gene), low - CHECK_WINDOW_BP, low + CHECK_WINDOW_BP)
        decided += found is not None
        wrong += found not in (None, low)
    return decided, wrong


Placing = Callable[[Gene, list[Transcript]], Spans]


def at_gene_start(gene: Gene, listed: list[Transcript]) -> Spans:
    return listed[0].exons(gene.start - listed[0].start0)


def at_package_offset(gene: Gene, listed: list[Transcript]) -> Spans:
    return listed[0].exons(gene.start)


def from_five_prime_end(gene: Gene, listed: list[Transcript]) -> Spans:
    if listed[0].strand == "+":
        return at_package_offset(gene, listed)
    return [(gene.end - last, gene.end - first) for first, last in listed[0].parts]


def last_transcript(gene: Gene, listed: list[Transcript]) -> Spans:
    low, _ = slack_of(gene, listed)
    return listed[-1].exons(low)


OTHER_RULES: dict[str, Placing] = {
    "first transcript, offset from the gene's start": at_package_offset,
    "first transcript, offset ignored": at_gene_start,
    "first transcript, minus strand counted from the gene's end": from_five_prime_end,
    "last listed transcript": last_transcript,
}


def exon_share(placed: Iterable[tuple[Gene, Spans]], evidence: Evidence, margin_bp: int) -> tuple[int, int]:
    """(variants at most margin_bp from an exon, variants in a gene) over the genes given."""
    bodies: dict[str, Spans] = defaultdict(list)
    exons: dict[str, Spans] = defaultdict(list)
    for gene, spans in placed:
        bodies[gene.chrom].append((gene.start, gene.end))
        exons[gene.chrom] += [(first - margin_bp, last + margin_bp) for first, last in spans]
    near = within = 0
    for chrom, positions in evidence.positions.items():
        in_gene, in_exon = covers(bodies[chrom]), covers(exons[chrom])
        for pos in positions:
            if in_gene(pos):
                within += 1
                near += in_exon(pos)
    return near, within


def covers(spans: Spans) -> Callable[[int], bool]:
    merged = merge(spans)
    firsts = [first for first, _ in merged]

    def covered(pos: int) -> bool:
        index = bisect_right(firsts, pos) - 1
        return index >= 0 and pos <= merged[index][1]

    return covered


def exon_report(genes: Sequence[Gene], transcripts: dict[str, list[Transcript]], evidence: Evidence) -> Iterator[str]:
    known = [(gene, transcripts[gene.symbol.upper()]) for gene in genes if gene.exons]
    every = [(gene, listed) for gene in genes if (listed := transcripts.get(gene.symbol.upper()))]
    rules = {"chosen rule": [(gene, gene.exons or []) for gene, _ in known]}
    for name, place in OTHER_RULES.items():
        rules[f"{name} (same genes)"] = [(gene, place(gene, listed)) for gene, listed in known]
    name = "first transcript, offset from the gene's start (every gene)"
    rules[name] = [(gene, at_package_offset(gene, listed)) for gene, listed in every]
    for name, placed in rules.items():
        for margin_bp in (2, 20):
            near, within = exon_share(placed, evidence, margin_bp)
            share = f"{near / within:.2%}" if within else "none"
            yield f"exon check, {margin_bp:2} bp, {name}: {near:,} of {within:,} = {share}"
    decided, wrong = check_splice_rule(genes, transcripts, evidence)
    yield f"splice rule on genes of known place: {decided:,} decided, {wrong:,} wrong"


# ClinVar


@dataclass(frozen=True)
class Variant:
    chrom: str
    pos: int
    ref: str
    alt: str
    so_ids: tuple[str, ...]
    row: tuple[str, ...]


class VariantKeys:
    """The lists to which the numbers in the variant file point."""

    NAMES = (
        "disease_mondo_ids_and_names",
        "variant_types",
        "clinical_significances",
        "clinical_review_statuses",
        "molecular_consequences",
    )

    def __init__(self, lines: Sequence[str]) -> None:
        self._lists: dict[str, list[str]] = {}
        for line in lines:
            name, equals, value = line.removeprefix("# ").partition(" = ")
            if line.startswith("# ") and equals and name in self.NAMES:
                self._lists[name] = json.loads(value)
        if missing := [name for name in self.NAMES if name not in self._lists]:
            raise BuildError(f"variant keys: missing {', '.join(missing)}")

    def get(self, name: str, index: str, where: str) -> str:
        entries = self._lists[name]
        if not re.fullmatch(r"[0-9]+", index) or int(index) >= len(entries):
            raise BuildError(f"{where}: {name} has no entry {index!r} (it has {len(entries)})")
        return entries[int(index)]

    def get_all(self, name: str, indexes: str, where: str) -> list[str]:
        return [self.get(name, index, where) for index in indexes.split(",")] if indexes else []


def read_variants(lines: Sequence[str], keys: VariantKeys) -> list[Variant]:
    """Every variant of the file, in its order. Raises BuildError at the first odd one."""
    header = next((line for line in lines if line.startswith("#CHROM")), "")
    if tuple(header.split("\t")) != SOURCE_VARIANT_COLUMNS:
        raise BuildError(f"variants: unexpected header {header!r}")
    variants = [decode_variant(cells, keys) for cells in data_lines(lines)]
    ids = Counter(variant.row[13] for variant in variants)
    if doubled := [clinvar for clinvar, count in ids.items() if count > 1]:
        raise BuildError(f"variants: {doubled[0]} and {len(doubled) - 1} more stand in several lines")
    return variants


def decode_variant(cells: list[str], keys: VariantKeys) -> Variant:
    where = f"variant {':'.join(cells[:5])}"
    if len(cells) == len(SOURCE_VARIANT_COLUMNS) - 1:  # the file leaves out an empty last cell
        cells = [*cells, ""]
    if len(cells) != len(SOURCE_VARIANT_COLUMNS):
        raise BuildError(f"{where}: {len(cells)} cells")
    chrom, pos, clinvar_id, ref, alt, diseases, af_exac, review, significance, kind, terms, origin, rs = cells
    if chrom not in CHROMS or not re.fullmatch(r"[1-9][0-9]*", pos):
        raise BuildError(f"{where}: no place on a chromosome")
    if not re.fullmatch(r"[ACGTN]+", ref) or not re.fullmatch(r"[ACGTN]+", alt):
        raise BuildError(f"{where}: alleles are not plain bases")
    if not re.fullmatch(r"[1-9][0-9]*", clinvar_id) or not re.fullmatch(r"[0-9]*", rs):
        raise BuildError(f"{where}: ID {clinvar_id!r}, RS {rs!r}")
    so_terms = [term.split("|", 1) for term in keys.get_all("molecular_consequences", terms, where)]
    conditions = [condition_name(entry) for entry in keys.get_all("disease_mondo_ids_and_names", diseases, where)]
    row = (
        "GRCh38",
        chrom,
        pos,
        f"rs{rs}" if rs else "",
        ref,
        alt,
        words(keys.get("clinical_significances", significance, where)),
        words(keys.get("clinical_review_statuses", review, where)),
        "; ".join(dict.fromkeys(conditions)),
        "; ".join(SO_NAMES.get(so_id, name) for so_id, name in so_terms),
        origin_words(origin, where),
        words(keys.get("variant_types", kind, where)),
        af_exac,
        f"VCV{int(clinvar_id):09d}",
        f"https://www.ncbi.nlm.nih.gov/clinvar/variation/{clinvar_id}/",
    )
    return Variant(chrom, int(pos), ref, alt, tuple(so_id for so_id, _ in so_terms), row)


def words(text: str) -> str:
    return unquote(text).replace("_", " ")


def condition_name(entry: str) -> str:
    """The name in `mondo id|name`; a semicolon in it becomes a comma, as "; " parts the names."""
    return words(entry.partition("|")[2]).rstrip("; ").replace(";", ",")


def origin_words(text: str, where: str) -> str:
    value = whole(text, f"{where}: origin")
    if value == 0:
        return "unknown"
    if value < 0 or value & ~sum(ORIGINS):
        raise BuildError(f"{where}: origin {value} has an unknown bit")
    return "; ".join(word for bit, word in ORIGINS.items() if value & bit)


# Writing


def write_table(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a gzipped TSV that depends on its content only, and read it back."""
    for row in rows:
        if len(row) != len(columns) or re.search(r"[\t\r\n]", "".join(row)):
            raise BuildError(f"{path.name}: a row does not fit its columns: {row}")
    text = "".join("\t".join(row) + "\n" for row in [columns, *rows])
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=9, mtime=0) as out,
    ):
        out.write(text.encode())
    written = gzip.decompress(path.read_bytes()).decode().count("\n") - 1
    check_no_row_lost(path.name, len(rows), written)


def check_no_row_lost(name: str, expected: int, found: int) -> None:
    if expected != found:
        raise BuildError(f"{name}: {expected} lines in, {found} rows out")


def build(package: Package, out: Path) -> Iterator[str]:
    """Write both files; yields what there is to report."""
    package.check_version()
    report: Counter[str] = Counter()

    keys = VariantKeys(package.lines("variants/homo-sapiens-variants.tsv.li.gz"))
    variant_lines = package.lines("variants/homo-sapiens-variants.tsv.gz")
    variants = read_variants(variant_lines, keys)
    check_no_row_lost("variants", sum(not line.startswith("#") for line in variant_lines), len(variants))

    genes, ambiguous = read_genes(package.lines("genes/homo-sapiens-genes.tsv.gz"), report)
    synonyms = read_synonyms(package.lines("synonyms/homo-sapiens-synonyms.tsv.gz"))
    transcripts = read_transcripts(package.lines("gene-structures/homo-sapiens-gene-structures.tsv.gz"))
    evidence = Evidence(variants)
    for gene in genes:
        gene.aliases = synonyms.get(gene.symbol.upper(), ())
    place_exons(genes, transcripts, ambiguous, evidence, report)

    dropped = sum(count for name, count in report.items() if name.startswith("genes dropped"))
    check_no_row_lost("genes", report["gene lines"], len(genes) + dropped)
    write_table(out / "genes.tsv.gz", GENE_COLUMNS, [gene.row() for gene in genes])
    write_table(out / "clinvar_demo.tsv.gz", VARIANT_COLUMNS, [variant.row for variant in variants])

    yield from (f"{name}: {count:,}" for name, count in sorted(report.items()))
    yield f"genes written: {len(genes):,}, coding: {sum(gene.coding for gene in genes):,}"
    yield f"genes with aliases: {sum(bool(gene.aliases) for gene in genes):,}"
    yield f"variants written: {len(variants):,}"
    for index in (3, 8, 9, 12):
        yield f"variants without {VARIANT_COLUMNS[index]}: {sum(not v.row[index] for v in variants):,}"
    yield from exon_report(genes, transcripts, evidence)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--package", type=Path, required=True, help="unpacked ideogram package, or its .tgz")
    parser.add_argument("--out", type=Path, default=OUT, help="folder to write to")
    options = parser.parse_args(arguments)
    try:
        for line in build(Package(options.package), options.out):
            print(line)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
