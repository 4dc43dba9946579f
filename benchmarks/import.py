"""Importing a file from the stored upload to a search that finds it with its line, beside a bare COPY of its variants."""

import contextlib
import os
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import import_samples, import_site
from benchmarks.costs import GROUPS, Meter
from benchmarks.import_samples import Sample

ROWS, FULL_ROWS = 100_000, 1_000_000
FULL_GROWTH_ROWS, GROWTH_ROWS = 1_000_000, 50_000
PRELOADED = 5  # files of the same size, so about PRELOADED * rows variants, before the second pair of imports
GROWTH, FULL_GROWTH = (1, 2, 4), (1, 5, 10)  # how many files are in before each import that is measured
BULK_ROWS = 20_000
SHOWN_RELATIONS = 20

HEAD = (
    f"{'file':<6}{'rows':>10}{'variants':>11}{'indexes MB':>11}  {'seconds':>8}{'read':>7}{'import':>7}{'rows/s':>8}"
    f"  {'COPY/s':>8}{'ratio':>6}{'bulk/s':>8}  {'CPU s':>7}{'reader':>7}{'worker':>7}{'postgres':>9}"
    f"  {'worker MB':>9}{'reader MB':>10}{'WAL MB':>8}{'WAL B/row':>10}"
)


@dataclass(frozen=True)
class Before:
    """What was there when an import began."""

    variants: int
    last_variant: int
    wal: str
    sizes: dict[str, int]  # bytes of each table and index


@dataclass(frozen=True)
class Import:
    """An import that is done and was found right."""

    sample: Sample
    before: Before
    meter: Meter
    seconds: float
    read_s: float
    import_s: float
    wal_bytes: int
    sizes: dict[str, int]

    @property
    def rows_per_s(self) -> float:
        return self.sample.rows / self.seconds


def import_tables(full: bool = False, rows: int = 0) -> Iterator[str]:
    """rows a second from the stored upload to a search that finds them, over a bare COPY of the same variants"""
    rows = rows or (FULL_ROWS if full else ROWS)
    with import_site.prepared() as base:
        yield from _server()
        yield HEAD
        for suffix in ("vcf", "tsv"):
            with import_site.copy_of(base) as workers:
                yield from told(imported(workers, suffix, rows, seed=0))
        with import_site.copy_of(base) as workers:
            for seed in range(1, PRELOADED + 1):
                imported(workers, "vcf", rows, seed)
            yield from told(imported(workers, "vcf", rows, PRELOADED + 1, repeats=1))
            yield from told(imported(workers, "tsv", rows, PRELOADED + 2, repeats=1))


def import_growth(full: bool = False, rows: int = 0) -> Iterator[str]:
    """the same into a database that grows by the same imports; every one is shown, some with all that they cost"""
    rows, files = rows or (FULL_GROWTH_ROWS if full else GROWTH_ROWS), FULL_GROWTH if full else GROWTH
    with import_site.prepared() as base, import_site.copy_of(base) as workers:
        yield from _server()
        yield HEAD
        for before in range(files[-1] + 1):
            done = imported(workers, "vcf", rows, before, repeats=0 if before else None)
            yield from told(done) if before in files else [line(done)]


# --- one import ------------------------------------------------------------------------------------


def imported(workers: list[int], suffix: str, rows: int, seed: int, repeats: int | None = None) -> Import:
    """A new file through upload, reading and import by the workers. Raises RuntimeError where the result is not right."""
    from files import actions
    from files.import_asked import Asked
    from project.core.models import Job

    sample = import_samples.write(import_site.FOLDER / f"sample-{seed}.{suffix}", rows, seed, genes(), repeats)
    _warm_up()
    owner, before = _owner(), _before()
    meter = Meter(workers, import_site.postmaster())
    with sample.path.open("rb") as stream:
        file = actions.upload(
            name=sample.path.name, chunks=iter(lambda: stream.read(1 << 20), b""), by=owner,
            then_import=asdict(Asked(assembly="GRCh38", source="benchmark")),
        )  # fmt: skip
    sample.path.unlink()
    jobs = Job.objects.filter(file_id=file.pk)
    import_site.wait_until_over(jobs, meter.look)
    wal_bytes = _one("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), %s)", before.wal)
    read, done = _succeeded(jobs)
    _check(sample, file.pk, done, owner)
    return Import(
        sample, before, meter, seconds=_between(read.created, done.finished), read_s=_between(read.created, done.created),
        import_s=_between(done.created, done.finished), wal_bytes=int(wal_bytes), sizes=_sizes(),
    )  # fmt: skip


def genes() -> list[tuple[str, int, str]]:
    """Of the gene table, those on chromosomes 1 to 22."""
    from variants.models import Gene

    chosen = Gene.objects.filter(listed=True, chrom__in=[str(n) for n in range(1, 23)]).order_by("pk")
    found = chosen.values_list("chrom", "start", "symbol")
    return [(chrom, start, symbol) for chrom, start, symbol in found if start is not None]


def _warm_up() -> None:
    """A small file first: what is measured does not wait for a worker that is still starting."""
    from files import actions
    from project.core.models import Job

    file = actions.upload(name="warm-up.tsv", chunks=[b"gene\tnote\nBRCA1\tx\n"], by=_owner())
    import_site.wait_until_over(Job.objects.filter(file_id=file.pk), lambda phase: None)


def _owner() -> Any:
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group

    owner, is_new = get_user_model().objects.get_or_create(username="benchmark")
    if is_new:
        owner.groups.add(Group.objects.get_or_create(name="analyst")[0])
    return owner


def _before() -> Before:
    from variants.models import Variant

    last = Variant.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return Before(Variant.objects.count(), last, _one("SELECT pg_current_wal_lsn()::text"), _sizes())


def _sizes() -> dict[str, int]:
    """Bytes of every table and index of the application; of an index with its table's name."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT CASE relkind WHEN 'i' THEN i.indrelid::regclass || ': ' || relname ELSE relname END,
                   CASE relkind WHEN 'i' THEN pg_relation_size(c.oid) ELSE pg_table_size(c.oid) END
            FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')""")
        return dict(cursor.fetchall())


def _one(statement: str, *values: Any) -> Any:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0]


def _between(begin: Any, end: Any) -> float:
    return float((end - begin).total_seconds())


def _succeeded(jobs: Any) -> tuple[Any, Any]:
    """The reading and the import."""
    found = list(jobs.order_by("pk"))
    for job in found:
        if job.state != "succeeded":
            raise RuntimeError(f"{job} {job.state}: {job.error}\n{import_site.log_end()}")
    read, done = (next(job for job in found if job.kind == kind) for kind in ("read", "import"))
    return read, done


def _check(sample: Sample, file_id: int, job: Any, owner: Any) -> None:
    """Every line is accounted for, and what a person looks for is found with the file and the line that it is from."""
    counts = job.counts
    fates = {name: counts[name] for name in ("lines_read", "imported", "merged", "skipped", "rejected")}
    known_before = counts["merged"] - sample.repeated  # the demo is real: a few places may be in it
    if (
        (counts["lines_read"], counts["skipped"], counts["rejected"]) != (sample.rows, 0, 0)
        or counts["imported"] + counts["merged"] != sample.rows
        or not 0 <= known_before <= 10 + sample.rows // 1000
    ):
        raise RuntimeError(f"{sample}: not what was written: {fates}, {(job.result or {}).get('reasons')}")
    for known in import_samples.known(sample):
        if (file_id, known.line) not in _found(known.place, owner):
            raise RuntimeError(f"{sample}: a search for {known.place} does not find line {known.line}")


def _found(place: str, owner: Any) -> set[tuple[int, int]]:
    """(file, line) of the claims of what the API finds for `place`."""
    from rest_framework.test import APIClient

    client = APIClient(SERVER_NAME="127.0.0.1")
    client.force_authenticate(owner)
    results = client.get("/api/v1/variants/", {"q": place, "assembly": "GRCh38"}).json()["results"]
    claims = [client.get(f"/api/v1/variants/{one['id']}/").json()["records"] for one in results]
    return {(claim["file"], claim["line"]) for records in claims for claim in records}


# --- beside it -------------------------------------------------------------------------------------


def copied_per_s(done: Import) -> float:
    """Rows a second of a COPY of the import's new variants into an indexed copy of their table, with all older ones in it.

    In the order in which the import wrote them.
    """
    from django.db import connection

    columns = ", ".join(f'"{name}"' for name in _columns())
    path = Path(tempfile.mkstemp(dir=import_site.FOLDER)[1])
    with connection.cursor() as cursor:
        try:
            cursor.execute("CREATE TABLE bare_copy (LIKE variants_variant INCLUDING ALL)")
            chosen = f"SELECT {columns} FROM variants_variant WHERE id"
            cursor.execute(f"INSERT INTO bare_copy ({columns}) {chosen} <= %s ORDER BY id", [done.before.last_variant])
            with path.open("wb") as stream:
                cursor.copy_expert(f"COPY ({chosen} > {done.before.last_variant:d} ORDER BY id) TO STDOUT", stream)
            begin = time.monotonic()
            with path.open("rb") as stream:
                cursor.copy_expert(f"COPY bare_copy ({columns}) FROM STDIN", stream)
            return cursor.rowcount / (time.monotonic() - begin)
        finally:
            cursor.execute("DROP TABLE IF EXISTS bare_copy")
            path.unlink()


def bulk_created_per_s(done: Import) -> float:
    """Rows a second of Django's bulk_create of some of the same variants under other keys; undone afterwards."""
    from django.db import connection, transaction

    from variants.models import Variant

    sample = list(Variant.objects.filter(pk__gt=done.before.last_variant).order_by("pk")[:BULK_ROWS])
    for variant in sample:
        variant.pk, variant.key = None, uuid.uuid4()
    with contextlib.suppress(_UndoneError), transaction.atomic():
        begin = time.monotonic()
        Variant.objects.bulk_create(sample, batch_size=1000)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        seconds = time.monotonic() - begin
        raise _UndoneError
    return len(sample) / seconds


class _UndoneError(Exception):
    """Rolls a transaction back."""


def _columns() -> list[str]:
    from variants.models import Variant

    return [str(field.column) for field in Variant._meta.concrete_fields if not field.primary_key]


# --- what is printed -------------------------------------------------------------------------------


def told(done: Import) -> Iterator[str]:
    """The import with everything: its line, its phases, what it made the tables and indexes grow by."""
    yield line(done, copied_per_s(done), bulk_created_per_s(done))
    yield f"{'':>4}{'phase':<44}{'seconds':>9}{'CPU s:':>9}" + "".join(f"{group:>10}" for group in GROUPS)
    for name, phase in done.meter.phases.items():
        yield f"{'':>4}{name:<44.44}{phase.seconds:>9.1f}{'':>9}" + "".join(
            f"{phase.cpu_s[group]:>10.1f}" for group in GROUPS
        )
    yield from grown(done)


def line(done: Import, copied: float = 0.0, bulk: float = 0.0) -> str:
    sample, meter = done.sample, done.meter
    cpu_s = {group: meter.cpu_s(group) for group in GROUPS}
    indexes = sum(size for name, size in done.before.sizes.items() if ": " in name)
    beside = f"  {copied:>8,.0f}{done.rows_per_s / copied:>6.2f}{bulk:>8,.0f}" if copied else f"  {'':>8}{'':>6}{'':>8}"
    return (
        f"{sample.path.suffix[1:].upper():<6}{sample.rows:>10,}{done.before.variants:>11,}{indexes >> 20:>11,}"
        f"  {done.seconds:>8.1f}{done.read_s:>7.1f}{done.import_s:>7.1f}{done.rows_per_s:>8,.0f}{beside}"
        f"  {sum(cpu_s.values()):>7.1f}{cpu_s['reader']:>7.1f}{cpu_s['worker']:>7.1f}{cpu_s['postgres']:>9.1f}"
        f"  {meter.peak_mb('worker'):>9,}{meter.peak_mb('reader'):>10,}{done.wal_bytes >> 20:>8,}"
        f"{done.wal_bytes / sample.rows:>10,.0f}"
    )


def grown(done: Import) -> Iterator[str]:
    """What grew most."""
    yield f"{'':>4}{'table, index':<76}{'MB before':>10}{'MB more':>9}{'bytes/row':>11}"
    more = {name: size - done.before.sizes.get(name, 0) for name, size in done.sizes.items()}
    for name in sorted(more, key=lambda name: -more[name])[:SHOWN_RELATIONS]:
        if more[name] > 0:
            yield (
                f"{'':>4}{name:<76}{done.before.sizes.get(name, 0) / 1048576:>10.1f}{more[name] / 1048576:>9.1f}"
                f"{more[name] / done.sample.rows:>11,.0f}"
            )
    yield (
        f"{'':>4}{'all':<76}{sum(done.before.sizes.values()) / 1048576:>10.1f}{sum(more.values()) / 1048576:>9.1f}"
        + (f"{sum(more.values()) / done.sample.rows:>11,.0f}")
    )


def _server() -> Iterator[str]:
    """What the figures were measured on."""
    names = ("shared_buffers", "work_mem", "max_wal_size", "fsync", "full_page_writes", "synchronous_commit")
    settings = ", ".join(f"{name} {_one('SELECT current_setting(%s)', name)}" for name in names)
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    version = _one("SELECT current_setting('server_version')").split()[0]
    yield f"{os.cpu_count()} cores, {memory_mb:,} MB; PostgreSQL {version}: {settings}"
