"""From a VCF's table to the relation `cells` of normalising: one row for each ALT allele of each line, in DuckDB SQL.

INFO values with Number=A or R are taken by the allele's index, other lists stay whole; annotations are told apart by
allele (`files.vcf_annotations`). No text of the file or its header enters the SQL: columns come in by their place, words
as parameters.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb

from files import store, vcf_annotations
from files.models import AnyReading
from files.readers.flavours import folded
from variants.normalising import FIELDS, MOST_ALTS, make_macros

# Numbers in these keys are ClinVar's Variation IDs, in others (ALLELEID) they are not.
VARIATION_IDS = ("clnvid", "variationid", "clinvarvariationid", "clinvarclnvid")
NAMES = ("hgvs_c", "hgvs_p", "hgvs_g", "other_names", "transcript", "gene")

MACROS = r"""
-- What VCF 4.3 escapes, and ANNOVAR before it; a NUL or a line end stays escaped.
CREATE OR REPLACE TEMP MACRO unescaped(t) AS CASE WHEN NOT contains(t, '%') AND NOT contains(t, '\x') THEN t ELSE
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(t, '%3A', ':'), '%3B', ';'), '%3D', '='),
      '%3d', '='), '%3E', '>'), '%2C', ','), '\x2c', ','), '\x3b', ';'), '\x3d', '='), '%25', '%') END;
CREATE OR REPLACE TEMP MACRO text_of(t) AS nullif(nullif(trim(t), '.'), '');
CREATE OR REPLACE TEMP MACRO tokens(t) AS list_transform(string_split_regex(coalesce(t, ''), '[|,;&/]'), lambda x: trim(x));
CREATE OR REPLACE TEMP MACRO joined(l, mark) AS nullif(array_to_string(each_once(list_filter(l, lambda x: x IS NOT NULL AND x <> '')), mark), '');
-- The value of one allele; of a list that has not one for each, none: whose it is cannot be told.
CREATE OR REPLACE TEMP MACRO of_allele(t, number, wanted) AS CASE WHEN t IS NULL THEN NULL
    WHEN len(string_split(t, ',')) = wanted THEN text_of(string_split(t, ',')[number]) END;
-- BRCA1:672|NBR2:10230 are symbols with NCBI's numbers.
CREATE OR REPLACE TEMP MACRO symbols(t) AS CASE WHEN regexp_matches(t, '^[A-Za-z0-9._-]+(:\d+)?$') THEN split_part(t, ':', 1) ELSE joined(list_transform(tokens(t), lambda g: regexp_replace(g, ':\d+$', '')), ',') END;
CREATE OR REPLACE TEMP MACRO rs_of_id(t) AS list_filter(string_split(lower(t), ';'), lambda x: regexp_matches(x, '^rs\d{1,15}$'));
CREATE OR REPLACE TEMP MACRO rs_of_info(t) AS list_transform(list_filter(tokens(lower(t)), lambda x: regexp_matches(x, '^(rs)?\d{1,15}$')),
    lambda x: 'rs' || ltrim(x, 'rs'));
-- The identifiers of both, each once; most lines have one, or the same twice.
CREATE OR REPLACE TEMP MACRO rs_of(id, info) AS CASE WHEN (id IS NULL OR id = '.') AND info IS NULL THEN NULL
    WHEN regexp_matches(id, '^rs\d{1,15}$') AND (info IS NULL OR 'rs' || info = id) THEN id
    ELSE joined(list_concat(rs_of_id(id), CASE WHEN info IS NULL THEN [] ELSE rs_of_info(info) END), ';') END;
CREATE OR REPLACE TEMP MACRO variation_ids(t) AS CASE WHEN regexp_matches(t, '^\d{1,9}$') THEN 'VCV' || lpad(t, 9, '0')
    WHEN t IS NULL OR regexp_matches(t, '^[A-Za-z0-9._:-]+$') THEN t
    ELSE joined(list_transform(tokens(t), lambda x: CASE WHEN regexp_matches(x, '^\d{1,9}$') THEN 'VCV' || lpad(x, 9, '0') ELSE x END), ' ') END;
-- SO:0001583|missense_variant and NM_005101.3:c.62G>A:missense_variant are missense_variant.
CREATE OR REPLACE TEMP MACRO consequences(t) AS CASE WHEN NOT contains(t, ':') THEN t ELSE regexp_replace(regexp_replace(t, 'SO:\d+\|', '', 'g'),
    '[NX][A-Z]_[0-9.]+:[cgnpr]\.[^:|,]*:', '', 'g') END;
CREATE OR REPLACE TEMP MACRO words_of(t, codes) AS CASE WHEN regexp_matches(t, '^\d+([|,;&/]\d+)*$')
    THEN joined(list_transform(tokens(t), lambda x: coalesce(codes[x], x)), '|') ELSE t END;
"""


class _Sql:
    """What is selected for one file and mapping: which places are read, and the text of each field."""

    def __init__(self, file: AnyReading, mapping: Mapping[str, str | None]):
        self.places: dict[str, int] = {column["name"]: column.get("at", n) for n, column in enumerate(file.columns)}
        self.mapping = {field: name for field, name in mapping.items() if name in self.places}
        self.numbers = {f"INFO.{one['id']}": one["number"] for one in file.header.get("info", ())}
        self.codes = codes_of(file.header, self.mapping.get("classification"))
        known = vcf_annotations.annotations(file.header)
        self.annotations = {one.column: n for n, one in enumerate(vcf_annotations.used(known, self.mapping))}
        self.known = {column: known[column] for column in self.annotations}
        # ClinVar's VCFs of 2012 to 2017: which ALT alleles the comma-separated values of CLN... are about.
        self.clnalle = self.places.get("INFO.CLNALLE")

    def needed(self) -> set[int]:
        fixed = {self.places[name] for name in ("CHROM", "POS", "ID", "REF", "ALT")}
        also = {self.clnalle} if self.clnalle is not None else set()
        return fixed | {self.places[name] for name in self.mapping.values()} | also

    def per_allele(self, column: str) -> tuple[str, str] | None:
        """SQL of the index of the allele's value and of how many there should be; None where the value is not a list."""
        number = self.numbers.get(column)
        if number == "A":
            return "alt_number", "len(alts)"
        if number == "R":
            return "alt_number + 1", "len(alts) + 1"
        if self.clnalle is not None and column.startswith("INFO.CLN") and column != "INFO.CLNALLE":
            told = f"string_split(c{self.clnalle:d}, ',')"
            return f"list_position({told}, alt_number::VARCHAR)", f"len({told})"
        return None

    def text(self, column: str) -> str:
        """SQL of a column's text for the allele of the row."""
        cell = f"c{self.places[column]:d}"
        if by := self.per_allele(column):
            return f"of_allele({cell}, {by[0]}, {by[1]})"
        return f"t{self.places[column]:d}"

    def whole(self) -> list[int]:
        """The places of the columns whose text is that of every allele of the line."""
        return sorted({self.places[column] for column in self.mapping.values() if not self.per_allele(column)})

    def field(self, field: str) -> str:
        """SQL of a field's text."""
        column = self.mapping.get(field)
        if field == "rsid":
            info = self.text(column) if column and column != "ID" else "NULL::VARCHAR"
            return f"rs_of(c{self.places['ID']:d}, {info})"
        if column is None:
            return "NULL::VARCHAR"
        if column in self.known and self.known[column].answers(field):
            return vcf_annotations.value_sql(
                field, f"mine{self.annotations[column]}", f"best{self.annotations[column]}"
            )
        text = self.text(column)
        if field == "classification" and self.codes:
            return f"words_of({text}, $codes::MAP(VARCHAR, VARCHAR))"
        if field == "clinvar":
            is_number = column == "ID" or folded(column.removeprefix("INFO.")) in VARIATION_IDS
            return f"variation_ids({text})" if is_number else text
        if field == "consequence":
            return f"consequences({text})"
        if field in NAMES:  # of whole texts it is done beforehand: a macro works an argument out each time it names it
            text = f"u{text[1:]}" if text.startswith("t") else f"unescaped({text})"
        return f"symbols({text})" if field == "gene" else text

    def left_out(self) -> str:
        """SQL of the column of which nothing could be taken for the allele, though it says something; else null."""
        tests = [
            f"WHEN is_real(alt) AND told{n} AND len(mine{n}) = 0 THEN {self.places[column]:d}"
            for column, n in self.annotations.items()
        ]
        for column in dict.fromkeys(self.mapping.values()):
            if self.numbers.get(column) in ("A", "R") and (by := self.per_allele(column)):
                cell = f"c{self.places[column]:d}"
                tests.append(
                    f"WHEN is_real(alt) AND text_of({cell}) IS NOT NULL AND len(string_split({cell}, ',')) <> {by[1]} THEN {self.places[column]:d}"
                )
        return f"CASE {' '.join(tests)} END" if tests else "NULL::INTEGER"

    def select(self, relation: str) -> str:
        """The SELECT of `cells`, with one column more: `left_out`."""
        at = self.places
        needed = ", ".join(f"c{place:d}" for place in sorted(self.needed()))
        texts = [f"text_of(c{place:d}) AS t{place:d}" for place in self.whole()]
        named = {self.places[self.mapping[field]] for field in NAMES if field in self.mapping} & set(self.whole())
        plain = [f"unescaped(t{place:d}) AS u{place:d}" for place in sorted(named)]
        carried = ", ".join([needed, *(f"t{n:d}" for n in self.whole()), *(f"u{n:d}" for n in sorted(named))])
        entries = [
            f"{vcf_annotations.entries_sql(self.known[column], f'c{at[column]:d}')} AS entries{n}"
            for column, n in self.annotations.items()
        ]
        spelled = [
            f"{vcf_annotations.spelling_sql(self.known[column], f'entries{n}')} AS spelled{n}"
            for column, n in self.annotations.items()
        ]
        mine = [
            f"unnest({vcf_annotations.mine_sql(self.known[column], f'entries{n}', f'spelled{n}')}) AS mine{n}, len(entries{n}) > 0 AS told{n}"
            for column, n in self.annotations.items()
        ]
        best = [f"first_ranked(mine{n}) AS best{n}" for n in self.annotations.values()]
        fixed = {"chrom": "CHROM", "start": "POS", "ref": "REF"}
        chosen = [
            f"alt AS {field}" if field == "alt" else f"c{at[fixed[field]]:d} AS {field}" if field in fixed
            else f"{self.field(field)} AS {field}" for field in FIELDS
        ]  # fmt: skip
        alts = f"string_split(upper(c{at['ALT']:d}), ',')"
        return f"""
            WITH texts AS (SELECT {", ".join(["line", needed, *texts])} FROM {relation}),
            listed AS (
              SELECT {", ".join(["*", *plain])}, upper(c{at["REF"]:d}) AS ref,
                CASE WHEN len({alts}) > {MOST_ALTS} THEN ['<' || len({alts}) || ' ALT ALLELES>'] ELSE {alts} END AS alts
              FROM texts
            ), parsed AS (SELECT {", ".join(["*", *entries])} FROM listed),
            spelled AS (SELECT {", ".join(["*", *spelled])} FROM parsed),
            split AS (
              SELECT {", ".join(["line", carried, "alts", "unnest(alts) AS alt", "generate_subscripts(alts, 1)::INTEGER AS alt_number", *mine])}
              FROM spelled
            ), shown AS (SELECT {", ".join(["*", *best])} FROM split)
            SELECT line, alt_number, {", ".join(chosen)}, {self.left_out()} AS left_out FROM shown"""


def needed(file: AnyReading, mapping: Mapping[str, str | None]) -> set[int]:
    """Where the columns that are read lie in the table."""
    return _Sql(file, mapping).needed()


def make_cells(
    db: duckdb.DuckDBPyConnection,
    file: AnyReading,
    mapping: Mapping[str, str | None],
    lines: tuple[int, int] | None = None,
) -> list[tuple[str, int, int]]:
    """Make the table `cells` in `db`, of these lines (first and last) or of all.

    Returns what was not taken over: columns, in how many lines each, and the first of those. See `left_out_notes`.
    """
    sql = _Sql(file, mapping)
    make_macros(db)
    db.execute(MACROS + vcf_annotations.MACROS)
    db.execute(
        f"CREATE OR REPLACE TEMP TABLE cells AS {sql.select(store.relation(file.table_path, sql.needed(), lines))}",
        {"codes": sql.codes} if sql.codes and "$codes" in sql.field("classification") else {},
    )
    found = db.execute(
        "SELECT left_out, count(DISTINCT line), min(line) FROM cells WHERE left_out IS NOT NULL GROUP BY 1 ORDER BY 1"
    ).fetchall()
    names = {place: name for name, place in sql.places.items()}
    return [(names[place], count, line) for place, count, line in found]


def left_out_notes(found: Iterable[Sequence[Any]]) -> list[str]:
    """Sentences for the load's notes on what `make_cells` found, of one part of a file or of several."""
    counts: dict[str, int] = {}
    firsts: dict[str, int] = {}
    for name, count, first in found:
        counts[name] = counts.get(name, 0) + count
        firsts[name] = min(first, firsts.get(name, first))
    return [
        f"{name} of {count:,} lines (the first: {firsts[name]}) is about other alleles than those of the line, or not one"
        " value for each; nothing was taken from it there."
        for name, count in counts.items()
    ]


def codes_of(header: Mapping[str, Any], column: str | None) -> dict[str, str]:
    """The words of numeric classes, where the header explains them: "2 - Benign, 3 - Likely benign"; else none.

    A bare 2 is benign in ClinVar's old files and likely benign on a scale of classes: only the header can tell.
    """
    for one in header.get("info", ()):
        if f"INFO.{one['id']}" == column:
            explained = re.findall(r"(?<![\w.])(\d{1,3}) - ([^,;]{1,60})", one["description"])
            return {code: word.strip() for code, word in explained} if len(explained) > 2 else {}
    return {}
