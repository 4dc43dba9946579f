"""The columns that go into normalising, and those that come out."""

FIELDS = [
    "gene", "hgvs_c", "hgvs_p", "hgvs_p_short", "hgvs_g", "other_names", "transcript", "rsid", "clinvar", "variation_id",
    "assembly", "chrom", "start", "stop", "ref", "alt", "alt_first", "variant", "accession", "consequence", "classification", "review_status",
    "oncogenicity", "somatic_impact", "last_evaluated", "comment", "url", "source",
]  # fmt: skip

# Column of `alleles` -> its type in DuckDB.
TYPES = {
    "line": "BIGINT", "alt_index": "BIGINT", "fate": "VARCHAR", "reason": "VARCHAR", "flag": "VARCHAR", "key": "VARCHAR",
    "assembly": "VARCHAR", "chrom": "VARCHAR", "chrom_rank": "INTEGER", "pos": "BIGINT", "ref": "VARCHAR", "alt": "VARCHAR",
    "span_start": "BIGINT", "span_end": "BIGINT", "padding": "BOOLEAN", "genes": "VARCHAR[]", "transcript": "VARCHAR",
    "hgvs_c": "VARCHAR", "hgvs_p": "VARCHAR", "hgvs_g": "VARCHAR", "rsid": "VARCHAR", "consequence": "VARCHAR",
    "reported": "VARCHAR", "review_status": "VARCHAR", "oncogenicity": "VARCHAR", "somatic_impact": "VARCHAR",
    "last_evaluated": "DATE", "comment": "VARCHAR", "url": "VARCHAR", "source": "VARCHAR", "written": "VARCHAR",
    "names": "VARCHAR[]",
}  # fmt: skip
OUTPUT = list(TYPES)
