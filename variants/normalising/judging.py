"""Step 2: what the g. name on a row's own accession and its own columns say of the base that positions count from."""

from dataclasses import dataclass
from typing import NamedTuple

JUDGE = r"""
CREATE OR REPLACE TEMP TABLE judged AS
WITH own AS (
  SELECT r.*, a.accession AS own_accession, a.length AS chrom_length, a.other_length,
    list_filter(r.full_names, lambda t: starts_with(t, coalesce(a.accession, r.accession, '?') || ':g.'))[1] AS own_name
  FROM told r LEFT JOIN accessions a ON a.assembly = r.assembly_read AND a.chrom = r.chrom
)
SELECT *,
  start_of_name(own_name) AS name_start, change_of_name(own_name) AS name_change
FROM own;
"""

# Of the rows that can tell (a substitution whose g. name has the same alleles; a deleted stretch whose length is the
# stop less the start), how many say 0-based and how many 1-based. The same apart for rows without alleles.
EVIDENCE = r"""
SELECT
  count(*) FILTER (with_alleles AND (by_name = 0 OR (by_name IS NULL AND by_length = 0))) AS alleles_0,
  count(*) FILTER (with_alleles AND (by_name = 1 OR (by_name IS NULL AND by_length = 1))) AS alleles_1,
  count(*) FILTER (NOT with_alleles AND name_start = start_number + 1) AS bare_0,
  count(*) FILTER (NOT with_alleles AND name_start = start_number) AS bare_1
FROM (
  SELECT name_start, start_number, (coalesce(ref_cell, '') <> '' OR coalesce(alt_cell, '') <> '') AS with_alleles,
    CASE WHEN name_change.ref = ref_cell AND name_change.alt = alt_cell AND name_start - start_number IN (0, 1)
         THEN 1 - (name_start - start_number) END AS by_name,
    CASE WHEN of_tumour OR NOT length_tells(ref_cell, alt_cell) THEN NULL
         WHEN stop_number - start_number = length(ref_cell) THEN 0
         WHEN stop_number - start_number = length(ref_cell) - 1 THEN 1 END AS by_length
  FROM judged WHERE chrom IS NOT NULL AND start_number IS NOT NULL AND exact_start0 IS NULL
);
"""


class Told(NamedTuple):
    """Rows that can tell: how many of those with alleles say from 0 and from 1, and of those without."""

    alleles_0: int = 0
    alleles_1: int = 0
    bare_0: int = 0
    bare_1: int = 0

    def __add__(self, other: "Told") -> "Told":  # type: ignore[override]  # of counts, not of tuples
        return Told(*(one + another for one, another in zip(self, other, strict=True)))


@dataclass(frozen=True)
class Bases:
    """Whether starts count from 0 or from 1: in rows with alleles, and in rows without. `sentence` says why."""

    alleles: int
    bare: int
    sentence: str
    forced: bool = False  # somebody said so: no row is asked
    placed_by_name: int = 0  # rows that have no columns of a place


def judged_bases(alleles_0: int, alleles_1: int, bare_0: int, bare_1: int) -> Bases:
    """The majority of the rows that can tell decides for those that cannot; with none, VCF's 1-based."""
    alleles, bare = int(alleles_1 >= alleles_0), int(bare_1 >= bare_0)
    told = alleles_0 + alleles_1 + bare_0 + bare_1
    if not told:
        return Bases(1, 1, "Positions read as 1-based; no row says otherwise.")
    of_alleles = f"{max(alleles_0, alleles_1):,} of {alleles_0 + alleles_1:,} rows with alleles"
    of_bare = f"{max(bare_0, bare_1):,} of {bare_0 + bare_1:,} rows without"
    if not bare_0 + bare_1:
        read, who = f"{alleles}-based", of_alleles
    elif not alleles_0 + alleles_1:
        read, who = f"{bare}-based in rows without alleles", of_bare
    else:
        read = f"{alleles}-based in rows with alleles, {bare}-based in rows without"
        who = f"{of_alleles} and {of_bare}"
    said = f"Positions read as {read}: {who} that can tell agree; each of the others is read as it tells itself."
    return Bases(alleles, bare, said)


def chosen_base(base: int) -> Bases:
    """What somebody chose for the whole file."""
    return Bases(base, base, f"Positions read as {base}-based.", forced=True)
