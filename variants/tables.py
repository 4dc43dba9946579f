"""The variant table and its small parts as HTML.

Built here because a template loop costs 9 µs a cell, and `format_html` as much. So: f-strings, and every
value that comes from outside goes through `html.escape`.
"""

import datetime
from collections.abc import Iterable, Mapping
from functools import lru_cache
from html import escape
from urllib.parse import urlencode

from django.utils.safestring import SafeString

# In the order in which classifications are always shown.
CLASSIFICATION_LABELS = {
    "pathogenic": "Pathogenic",
    "pathogenic_or_likely": "Pathogenic or likely",
    "likely_pathogenic": "Likely pathogenic",
    "uncertain": "Uncertain",
    "likely_benign": "Likely benign",
    "benign_or_likely": "Benign or likely",
    "benign": "Benign",
    "conflicting": "Conflicting",
    "risk_factor": "Risk factor",
    "drug_response": "Drug response",
    "other": "Other",
    "not_provided": "Not provided",
}
LONGEST_ALLELE = 12  # shown in full up to here

# The dash comes from CSS, so that a copied null is empty.
NIL = SafeString('<span class="nil"></span>')


def variant_table(rows: Iterable[dict], *, sort_links: Mapping[str, Mapping], show_assembly: bool) -> SafeString:
    """A table of variants, one dict of the API's shape a row.

    `sort_links`: ordering -> {"url", "direction"}; direction is "asc", "desc" or None (not sorted by it).
    """
    head = "".join(
        [
            _head("Variant", "c-variant", sort_links.get("position")),
            _head("Assembly", "c-assembly") if show_assembly else "",
            _head("Gene", "c-gene", sort_links.get("gene")),
            _head("HGVS", "c-hgvs"),
            _head("rsID", "c-rsid"),
            _head("Consequence", "c-consequence"),
            _head("Classification", "c-class", sort_links.get("classification")),
            _head("Claims", "c-claims"),
            _head("Evaluated", "c-date", sort_links.get("last_evaluated")),
        ]
    )
    rows = list(rows)
    body = "".join(_row(row, show_assembly=show_assembly) for row in rows)
    css = "vt" if any(row["hgvs_c"] or row["hgvs_p"] for row in rows) else "vt no-hgvs"  # its room goes to the rest
    return SafeString(f'<table class="{css}" data-rows><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>')


def _head(label: str, css: str, sort: Mapping | None = None) -> str:
    if not sort:
        return f'<th scope="col" class="{css}">{label}</th>'
    url = escape(sort["url"])
    said = {"asc": ' aria-sort="ascending"', "desc": ' aria-sort="descending"'}.get(sort["direction"], "")
    return (
        f'<th scope="col" class="{css}"{said}><a class="sort" href="{url}" hx-get="{url}">{label}'
        '<span class="sort-arrow" aria-hidden="true"></span></a></th>'
    )


def _row(row: dict, *, show_assembly: bool) -> str:
    url = escape(row["url"])
    assembly = f'<td class="c-assembly">{_text(row["assembly"])}</td>' if show_assembly else ""
    return (
        f'<tr data-href="{url}">'
        f'<th scope="row" class="c-variant"><a href="{url}">{variant_name(row)}</a></th>{assembly}'
        f'<td class="c-gene">{_gene(row["gene"])}</td>'
        f'<td class="c-hgvs">{_hgvs(row["hgvs_c"], row["hgvs_p"])}</td>'
        f'<td class="c-rsid">{_text(row["rsid"])}</td>'
        f'<td class="c-consequence">{_text((row["consequence"] or "").replace("_", " "))}</td>'
        f'<td class="c-class">{classification_pill(row["classification"], row["conflict"])}</td>'
        f'<td class="c-claims">{row["record_count"]:,}</td>'
        f'<td class="c-date">{_text(_day(row["last_evaluated"]))}</td></tr>'
    )


def _text(value: str | None) -> str:
    return escape(value) if value else NIL


def _gene(symbol: str | None) -> str:
    """A link to the gene's variants, relative to the list that the table stands in."""
    if not symbol:
        return NIL
    return f'<a href="?{escape(urlencode({"gene": symbol}))}">{escape(symbol)}</a>'


def _hgvs(coding: str | None, protein: str | None) -> str:
    """`NM_007294.4:c.5266dup` as `c.5266dup`: the reference sequence stands on the variant's page."""
    names = [escape(name.rpartition(":")[2]) for name in (coding, protein) if name]
    if not names:
        return NIL
    return f"{names[0]} <i>{names[1]}</i>" if len(names) == 2 else names[0]


def _day(value: datetime.date | str | None) -> str:
    return str(value)[:10] if value else ""


def variant_name(row: Mapping) -> SafeString:
    """`17:43,057,062 T>TG`, or the best of its names where it has no place."""
    if row["chrom"] is None or row["pos"] is None:
        return SafeString(f'<span class="seq">{escape(best_name(row))}</span>')
    place = f"{escape(row['chrom'])}:{position(row['pos'])}"
    if row["ref"] is None and row["alt"] is None:
        return SafeString(f'{place} <span class="quiet">no alleles</span>')
    ref, alt = (allele(bases) if bases else "-" for bases in (row["ref"], row["alt"]))
    return SafeString(f"{place} {ref}&gt;{alt}")


def best_name(row: Mapping) -> str:
    """The name of a variant without a place: HGVS before rsID before anything else that a claim gave."""
    coding, protein, gene = row["hgvs_c"], row["hgvs_p"], row["gene"]
    if coding and ":" not in coding:
        coding = f"{row['transcript']}:{coding}" if row["transcript"] else f"{gene or ''} {coding}".strip()
    if protein and ":" not in protein:
        protein = f"{gene or ''} {protein}".strip()
    others = (name["name"] if isinstance(name, Mapping) else name for name in row.get("names") or [])
    names = (row["hgvs_g"], coding, protein, row["rsid"], next(others, None))
    return next((name for name in names if name), "Unnamed variant")


@lru_cache
def classification_pill(slug: str, conflict: bool = False) -> SafeString:
    """The labelled pill. A conflict splits it: in two colours, or with a second half beside the class."""
    css, label = escape(slug), escape(CLASSIFICATION_LABELS.get(slug, slug))
    if slug == "conflicting" or not conflict:
        return SafeString(f'<span class="pill pill-{css}">{label}</span>')
    return SafeString(
        f'<span class="pill pill-{css} is-split">{label}<span class="pill-conflict">conflict</span></span>'
    )


def allele(text: str | None) -> SafeString:
    """The bases; long ones as `A…T (1,204 bp)`; a thin dash where there are none."""
    if not text:
        return NIL
    if len(text) <= LONGEST_ALLELE:
        return SafeString(escape(text))
    ends = f"{escape(text[0])}…{escape(text[-1])}"
    return SafeString(f'{ends} <span class="quiet">({len(text):,} bp)</span>')


def position(value: int | None) -> SafeString:
    """43057062 shown as 43,057,062 and copied as 43057062: the commas come from CSS."""
    if value is None:
        return NIL
    return SafeString(f'<span class="pos"><b>{f"{value:,}".replace(",", "</b><b>")}</b></span>')
