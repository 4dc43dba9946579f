"""The columns that go into normalising, and those that come out."""

FIELDS = [
    "gene", "hgvs_c", "hgvs_p", "hgvs_p_short", "hgvs_g", "other_names", "transcript", "rsid", "clinvar", "variation_id",
    "assembly", "chrom", "start", "stop", "ref", "alt", "alt_first", "variant", "accession", "consequence", "classification", "review_status",
    "oncogenicity", "somatic_impact", "last_evaluated", "comment", "url", "source",
]  # fmt: skip

OUTPUT = [
    "line", "alt_index", "fate", "reason", "flag", "key", "assembly", "chrom", "chrom_rank", "pos", "ref", "alt",
    "span_start", "span_end", "padding", "genes", "transcript", "hgvs_c", "hgvs_p", "hgvs_g", "rsid", "consequence",
    "reported", "review_status", "oncogenicity", "somatic_impact", "last_evaluated", "comment", "url", "source", "written",
    "names",
]  # fmt: skip
