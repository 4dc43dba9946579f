"""DuckDB macros for names of variants: HGVS with and without accession, proteins, genes beside changes."""

NAME_MACROS = r"""
-- NC_, NG_, NM_ ... : or LRG_ or Ensembl accession, optional (GENE), one-letter kind, change.
CREATE OR REPLACE MACRO is_name(t) AS regexp_matches(t, '^([NX][A-Z]_|LRG_|ENS[TGP])[A-Za-z0-9_.]*(\([^()]*\))?:[cgnpm]\.\S');
CREATE OR REPLACE MACRO is_bare_name(t) AS regexp_matches(t, '^[cgnp]\.\S');
CREATE OR REPLACE MACRO plain_name(t) AS regexp_replace(replace(t, ' ', ''), '^([A-Za-z0-9_.]+)\([^()]*\):', '\1:');
CREATE OR REPLACE MACRO name_kind(t) AS CASE regexp_extract(t, ':([cgnpm])\.', 1) WHEN 'm' THEN 'g'
    ELSE regexp_extract(t, ':([cgnpm])\.', 1) END;
-- GENE c.1A>G, GENE:p.Gly12Asp, and a change alone; the gene and the change. An accession is no gene.
CREATE OR REPLACE MACRO gene_and_change(t) AS regexp_extract(CASE WHEN is_name(plain_name(t)) THEN '' ELSE trim(t) END,
    '^(?:([A-Za-z][A-Za-z0-9-]*)\s*[: ]\s*)?([cgnp]\.\S+)$', ['gene', 'change']);
-- "NM_004985.5(KRAS):c.34G>T (p.Gly12Cys)", as ClinVar writes it, is two names.
CREATE OR REPLACE MACRO without_protein(t) AS regexp_replace(trim(t), '\s+\(p\..*\)$', '');
CREATE OR REPLACE MACRO protein_behind(t) AS nullif(regexp_extract(trim(t), '\s\((p\..*)\)$', 1), '');
-- A protein change without its "p.": G12D, Gly12Asp, L747fs*12.
CREATE OR REPLACE MACRO protein_name(t) AS CASE WHEN regexp_matches(t,
    '^([ACDEFGHIKLMNPQRSTVWY*]|[A-Z][a-z]{2})\d+([ACDEFGHIKLMNPQRSTVWY*=]|[A-Z][a-z]{2}|[A-Z]?[a-z]{0,2}fs\S*|del|dup)$')
    THEN 'p.' || t ELSE t END;
"""
