"""DuckDB macros for names of variants: `variants.nomenclature` for whole tables. The patterns are its own.

A macro that would name its argument many times binds it first, as the one element of a list: else DuckDB would work
it out each time anew.
"""

from collections.abc import Iterable
from functools import reduce

from variants import nomenclature as names


def _text(pattern: str) -> str:
    return "'" + pattern.replace("'", "''") + "'"


def _groups(labels: Iterable[str]) -> str:
    return "[" + ", ".join(map(_text, labels)) + "]"


_THREE_LETTERS = reduce(lambda sql, pair: f"replace({sql}, '{pair[0]}', '{pair[1]}')", names.AMINO_ACIDS.items(), "t")
# A whole name that is canonical already, as most are: one look, and nothing is taken apart.
_CANONICAL = (
    r"^(?:(?:[NX][A-Z]_[0-9]+(?:\.[0-9]+)?|LRG_[0-9]+(?:t[0-9]+)?|ENS[TGP][0-9]+(?:\.[0-9]+)?):)?"
    rf"(?:[cgnm]\.(?:{names.PLAIN_DNA[1:-1]})|p\.(?:{names.PLAIN_PROTEIN[1:-1]}))$"
)

NAME_MACROS = rf"""
CREATE OR REPLACE MACRO squeezed(t) AS CASE WHEN regexp_matches(t, '[^!-~]')
    THEN translate(regexp_replace(t, {_text(names.BLANKS)}, '', 'g'), {_text(names.DASHES)}, '------') ELSE t END;
CREATE OR REPLACE MACRO plain_name(t) AS CASE WHEN contains(t, '(')
    THEN regexp_replace(regexp_replace(squeezed(t), {_text(names.GENE_BEHIND)}, '\1:'), {_text(names.GENE_BEFORE)}, '\2:')
    ELSE squeezed(t) END;
CREATE OR REPLACE MACRO gene_beside(t) AS CASE WHEN contains(t, '(') THEN coalesce(
    nullif(regexp_extract(squeezed(t), {_text(names.GENE_BEHIND)}, 2), ''),
    nullif(regexp_extract(squeezed(t), {_text(names.GENE_BEFORE)}, 1), '')) END;
-- NC_, NG_, NM_ ... : or LRG_ or Ensembl accession, optional (bracket), one-letter kind, change.
CREATE OR REPLACE MACRO is_name(t) AS regexp_matches(t, {_text(names.IS_NAME)});
CREATE OR REPLACE MACRO is_bare_name(t) AS regexp_matches(t, '^[CGNPcgnp]\.\S');
CREATE OR REPLACE MACRO name_kind(t) AS CASE lower(regexp_extract(t, ':([CGNPMcgnpm])\.', 1)) WHEN 'm' THEN 'g'
    ELSE lower(regexp_extract(t, ':([CGNPMcgnpm])\.', 1)) END;
-- A cell with several names and nothing else; a list in brackets (an allele of several changes) is one.
CREATE OR REPLACE MACRO each_name(t) AS list_transform([string_split_regex(t, '[,;|&\s]+')],
    lambda parts: CASE WHEN len(parts) > 1 AND NOT contains(t, '[') AND len(list_filter(parts, lambda part: NOT is_name(part))) = 0
    THEN parts ELSE [t] END)[1];
CREATE OR REPLACE MACRO names_in(t) AS CASE WHEN regexp_matches(t, '[,;|&\s]') THEN each_name(t) ELSE [t] END;

CREATE OR REPLACE MACRO three_letters(t) AS {_THREE_LETTERS};
CREATE OR REPLACE MACRO residue(t) AS CASE WHEN t = '' THEN '' WHEN length(t) = 1
    THEN substring('{"".join(names.AMINO_ACIDS.values())}', 3 * strpos('{"".join(names.AMINO_ACIDS)}', upper(t)) - 2, 3) ELSE upper(left(t, 1)) || lower(substring(t, 2)) END;
CREATE OR REPLACE MACRO residues(t) AS CASE WHEN regexp_matches(t, '[a-z]') THEN t ELSE three_letters(t) END;
CREATE OR REPLACE MACRO protein_of(c, p) AS CASE WHEN p.first = '' THEN c ELSE
    residue(p.first) || p.number || CASE WHEN p.last <> '' THEN '_' || residue(p.last) || p.last_number ELSE '' END
    || CASE WHEN p.new <> '' THEN CASE WHEN p.last = '' AND residue(p.new) = residue(p.first) THEN '=' ELSE residue(p.new) END
       WHEN p.inserted <> '' THEN lower(p.gone) || 'ins' || residues(p.inserted)
       WHEN p.shift <> '' THEN residue(p.shift_to) || 'fs' || CASE WHEN p.shift_stop <> '' THEN 'Ter' || p.shift_end ELSE '' END
       WHEN p.extended <> '' THEN residue(p.extended_to) || 'ext' || p.before || CASE WHEN p.extended_stop <> '' THEN 'Ter' || p.after ELSE '' END
       ELSE lower(p.verb) END END;
CREATE OR REPLACE MACRO canonical_protein(c) AS CASE
    WHEN regexp_matches(c, {_text(names.PLAIN_PROTEIN)}) AND left(c, 3) <> right(c, 3) THEN c
    ELSE list_transform([regexp_replace(c, '^\(([^()]*)\)$', '\1')], lambda bare: CASE WHEN bare IN ('=', '?', '0') THEN bare
      ELSE list_transform([regexp_extract(bare, {_text(names.PROTEIN)}, {_groups(names.PROTEIN_GROUPS)})], lambda p: protein_of(c, p))[1] END)[1] END;

-- Bases that the positions span; NULL where an intron or the length of the CDS decides.
CREATE OR REPLACE MACRO span(sign, first, before, last_sign, last, after) AS CASE
    WHEN sign = last_sign AND first = last THEN after - before + 1
    WHEN (sign = '*') <> (last_sign = '*') OR before > 0 OR after < 0 OR first > last THEN NULL
    ELSE last - first + 1 - before + after - CASE WHEN sign = '-' AND last_sign = '' THEN 1 ELSE 0 END END;
CREATE OR REPLACE MACRO signed(sign, number) AS CAST(number AS BIGINT) * CASE WHEN sign = '-' THEN -1 ELSE 1 END;
CREATE OR REPLACE MACRO span_of(p) AS CASE WHEN p.last_number = '' THEN 1 ELSE span(p.sign, signed(p.sign, p.number),
    coalesce(TRY_CAST(p.offset AS BIGINT), 0), p.last_sign, signed(p.last_sign, p.last_number), coalesce(TRY_CAST(p.last_offset AS BIGINT), 0)) END;
CREATE OR REPLACE MACRO agrees(gone, p) AS gone = '' OR coalesce(coalesce(TRY_CAST(gone AS BIGINT), length(gone)) = span_of(p), false);
CREATE OR REPLACE MACRO dna_place(p) AS p.sign || p.number || p.offset
    || CASE WHEN p.last_number <> '' THEN '_' || p.last_sign || p.last_number || p.last_offset ELSE '' END;
CREATE OR REPLACE MACRO dna_of(c, p) AS CASE WHEN p.number = '' OR (p.put <> '' AND lower(p.verb) <> 'del') THEN c ELSE dna_place(p) ||
    CASE WHEN p.old <> '' THEN upper(p.old) || '>' || upper(p.new)
      WHEN p.inserted <> '' THEN 'ins' || upper(p.inserted)
      WHEN p.same <> '' THEN CASE WHEN agrees(rtrim(p.same, '='), p) THEN '=' ELSE upper(p.same) END
      WHEN length(p.put) = 1 AND p.last_number = '' AND regexp_matches(p.gone, '^[A-Za-z]$') AND upper(p.gone) <> upper(p.put)
        THEN upper(p.gone) || '>' || upper(p.put)
      ELSE lower(p.verb) || CASE WHEN agrees(p.gone, p) THEN '' ELSE upper(p.gone) END || CASE WHEN p.put <> '' THEN 'ins' || upper(p.put) ELSE '' END
    END END;
CREATE OR REPLACE MACRO canonical_dna(c) AS CASE WHEN regexp_matches(c, {_text(names.PLAIN_DNA)}) THEN c
    ELSE list_transform([regexp_extract(c, {_text(names.DNA)}, {_groups(names.DNA_GROUPS)})], lambda p: dna_of(c, p))[1] END;
CREATE OR REPLACE MACRO canonical_reference(t) AS CASE WHEN regexp_matches(t, {_text(f"^{names.ACCESSION}$")})
    THEN regexp_replace(upper(t), '^(LRG_[0-9]+)T', '\1t') ELSE t END;
CREATE OR REPLACE MACRO name_of(reference, kind, change) AS CASE WHEN reference <> '' THEN reference || ':' ELSE '' END
    || CASE WHEN reference = 'NC_012920.1' AND kind = 'g' THEN 'm' ELSE kind END || '.'
    || CASE kind WHEN 'p' THEN canonical_protein(change) ELSE canonical_dna(change) END;
CREATE OR REPLACE MACRO respelled(t) AS list_transform([regexp_extract(plain_name(t), {_text(names.PARTS)}, ['reference', 'kind', 'change'])],
    lambda n: CASE WHEN n.change = '' THEN t ELSE name_of(canonical_reference(n.reference), lower(n.kind), n.change) END)[1];
-- The one spelling of a name.
CREATE OR REPLACE MACRO canonical_name(t) AS CASE
    WHEN regexp_matches(t, {_text(_CANONICAL)}) AND NOT starts_with(t, 'NC_012920.1:g')
      AND (strpos(t, 'p.') = 0 OR substring(t, strpos(t, 'p.') + 2, 3) <> right(t, 3)) THEN t ELSE respelled(t) END;

-- chr17:g.43057062A>G on the accession of its assembly.
CREATE OR REPLACE MACRO is_of_chromosome(t) AS regexp_matches(t, {_text(names.OF_CHROMOSOME)});
CREATE OR REPLACE MACRO chromosome_named(t) AS CASE upper(regexp_extract(t, {_text(names.OF_CHROMOSOME)}, 1)) WHEN 'M' THEN 'MT'
    ELSE upper(regexp_extract(t, {_text(names.OF_CHROMOSOME)}, 1)) END;
CREATE OR REPLACE MACRO change_named(t) AS regexp_extract(t, {_text(names.OF_CHROMOSOME)}, 2);

-- GENE c.1A>G, GENE:p.Gly12Asp, and a change alone; the gene and the change. An accession is no gene.
CREATE OR REPLACE MACRO gene_and_change(t) AS regexp_extract(CASE WHEN is_name(t) OR is_of_chromosome(t) THEN '' ELSE trim(t) END,
    '^(?:([A-Za-z][A-Za-z0-9-]*)\s*[: ]\s*)?([CGNPcgnp]\.\s*\S+)$', ['gene', 'change']);
-- GENE V600E, or V600E with the gene in a column of its own.
CREATE OR REPLACE MACRO gene_and_protein(t, gene) AS list_transform([regexp_extract(t, '^(?:([A-Za-z][A-Za-z0-9-]*)\s*[: ]\s*)?(\S+)$', ['gene', 'change'])],
    lambda n: CASE WHEN regexp_matches(n.change, {_text(names.BARE_PROTEIN)}) AND NOT regexp_matches(n.change, {_text(names.EITHER)})
      AND coalesce(gene, n.gene) <> '' THEN {{'gene': nullif(n.gene, ''), 'change': 'p.' || n.change}} END)[1];
-- "NM_004985.5(KRAS):c.34G>T (p.Gly12Cys)", as ClinVar writes it, is two names.
CREATE OR REPLACE MACRO without_protein(t) AS CASE WHEN contains(t, '(p.') THEN regexp_replace(trim(t), '\s+\(p\..*\)$', '') ELSE trim(t) END;
CREATE OR REPLACE MACRO protein_behind(t) AS CASE WHEN contains(t, '(p.') THEN nullif(regexp_extract(trim(t), '\s\((p\..*)\)$', 1), '') END;
-- ClinVar's VariationID, a number, as the accession that it is: 12578 -> VCV000012578.
CREATE OR REPLACE MACRO vcv_of(t) AS CASE WHEN regexp_matches(t, '^\d{{1,9}}$') THEN 'VCV' || lpad(t, 9, '0')
    WHEN regexp_matches(t, '(?i)^VCV\d{{6,9}}(\.\d+)?$') THEN t END;
-- A protein change without its "p.": G12D, Gly12Asp, L747fs*12.
CREATE OR REPLACE MACRO protein_name(t) AS CASE WHEN regexp_matches(t, {_text(names.BARE_PROTEIN)}) THEN 'p.' || t ELSE t END;

-- What a name or an SPDI expression states without a reference sequence; else NULL. `t` as written, `name` its one spelling.
CREATE OR REPLACE MACRO is_replacement(gone, put) AS list_transform([common_end(gone, put)], lambda cut: least(length(gone), length(put))
    - cut > common_head(left(gone, length(gone) - cut), left(put, length(put) - cut)))[1];
CREATE OR REPLACE MACRO exact_of_name(t, name) AS list_transform([regexp_extract(
      CASE WHEN regexp_matches(t, {_text(names.EXACT_G)}) THEN t ELSE name END, {_text(names.EXACT_G)}, ['accession', 'first', 'last', 'old', 'new', 'gone', 'put'])],
    lambda n: CASE WHEN n.accession <> '' AND CAST(n.first AS BIGINT) > 0
      AND CAST(coalesce(nullif(n.last, ''), n.first) AS BIGINT) - CAST(n.first AS BIGINT) + 1 = length(n.old || n.gone)
      AND is_replacement(n.old || n.gone, n.new || n.put)
      THEN {{'accession': n.accession, 'start0': CAST(n.first AS BIGINT) - 1, 'del': n.old || n.gone, 'ins': n.new || n.put}} END)[1];
CREATE OR REPLACE MACRO is_spdi(t) AS regexp_matches(upper(t), {_text(names.SPDI)});
CREATE OR REPLACE MACRO exact_of_spdi(t) AS list_transform([regexp_extract(upper(t), {_text(names.SPDI)}, ['accession', 'start0', 'gone', 'put'])],
    lambda n: CASE WHEN starts_with(n.accession, 'NC_') AND ltrim(n.gone, '0') <> n.put AND NOT regexp_matches(n.gone, '[1-9]')
      THEN {{'accession': n.accession, 'start0': CAST(n.start0 AS BIGINT), 'del': ltrim(n.gone, '0'), 'ins': n.put}} END)[1];
"""
