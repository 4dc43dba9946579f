"""Which column means what in tables of other projects, judged by hand: they lie beside the project, not in it."""

import csv
import gzip
from pathlib import Path

import pytest

from files.mapping import choose
from files.mapping_contents import judged

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
ROWS = 1_000

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no folder shared/data beside the project")

VCF_LIKE = "chrom=CHROM start=POS ref=REF alt=ALT"
MAF_PLACE = "chrom=Chromosome start=Start_Position stop=End_Position ref=Reference_Allele alt=Tumor_Seq_Allele2 alt_first=Tumor_Seq_Allele1"
OLD_PLACE = MAF_PLACE.replace("_Position", "_position")
NAMED = "hgvs_c=HGVSc hgvs_p=HGVSp hgvs_p_short=HGVSp_Short transcript=Transcript_ID"
CBIO = f"gene=Hugo_Symbol assembly=NCBI_Build rsid=dbSNP_RS {MAF_PLACE}"
NO_ALLELES = "gene=Hugo_Symbol hgvs_p=HGVSp_Short chrom=Chromosome start=Start_position stop=End_position consequence=Variant_Classification"

EXPECTED = {
    "variant_tables/abcd1_mock.tsv": f"{VCF_LIKE} gene=gene_name hgvs_p=protein_variant transcript=transcript_id assembly=genome classification=curated_class",
    "variant_tables/brca_exchange_built.tsv": "chrom=Chr start=Pos ref=Ref alt=Alt gene=Gene_Symbol hgvs_c=pyhgvs_cDNA hgvs_p=pyhgvs_Protein hgvs_g=Genomic_HGVS_38"
    " transcript=Reference_Sequence clinvar=ClinVarAccession_ENIGMA classification=Clinical_significance_ENIGMA last_evaluated=Date_last_evaluated_ENIGMA"
    " comment=Comment_on_clinical_significance_ENIGMA url=Source_URL",
    "variant_tables/cadd_small.tsv": "chrom=#Chrom start=Pos ref=Ref alt=Alt",
    "variant_tables/clingen_genes.tsv": "gene=#Gene~Symbol last_evaluated=Date~Last~Evaluated",
    "variant_tables/clinvar_submission_sv.csv": "chrom=Chromosome ref=Reference~allele alt=Alternate~allele start=Breakpoint~1 stop=Breakpoint~2"
    " classification=Clinical~significance last_evaluated=Date~last~evaluated",
    "variant_tables/dbnsfp_validation.csv": "chrom=chrom start=dna_position ref=dna_ref alt=dna_alt transcript=ensembl_transcript",
    "variant_tables/demo_variants_ASD_hg19.txt": "chrom=CHR start=POS ref=REF alt=ALT consequence=VAR_CATEGORY",
    "variant_tables/omim_genemap2.txt": "chrom=#~Chromosome start=Genomic~Position~Start stop=Genomic~Position~End gene=Approved~Symbol comment=Comments",
    "variant_tables/vkgl_consensus.tsv": "chrom=chromosome start=start stop=stop ref=ref alt=alt gene=gene classification=consensus",
    "variant_tables/wide_1024_columns.tsv": "",
    "clinvar/clinvar_alleles_single_b37.tsv": "chrom=chrom start=pos ref=ref alt=alt gene=symbol hgvs_c=hgvs_c hgvs_p=hgvs_p clinvar=rcv variation_id=variation_id"
    " consequence=molecular_consequence classification=clinical_significance review_status=review_status last_evaluated=last_evaluated",
    "clinvar/submission_summary_sample.txt": "gene=SubmittedGeneSymbol clinvar=SCV variation_id=#VariationID classification=ClinicalSignificance review_status=ReviewStatus"
    " oncogenicity=Oncogenicity somatic_impact=SomaticClinicalImpact last_evaluated=DateLastEvaluated comment=Description source=Submitter",
    "clinvar/variant_summary_sample.txt": "gene=GeneSymbol rsid=RS#~(dbSNP) clinvar=RCVaccession variation_id=VariationID assembly=Assembly chrom=Chromosome start=PositionVCF"
    " ref=ReferenceAlleleVCF alt=AlternateAlleleVCF variant=Name accession=ChromosomeAccession classification=ClinicalSignificance review_status=ReviewStatus"
    " oncogenicity=Oncogenicity somatic_impact=SomaticClinicalImpact last_evaluated=LastEvaluated",
    "clinvitae/variants_3037.tsv": "gene=Gene hgvs_c=Nucleotide~Change hgvs_p=Protein~Change other_names=Other~Mappings assembly=Assembly chrom=Chr start=Genomic~Start"
    " stop=Genomic~Stop ref=Ref alt=Alt accession=Accession classification=Reported~Classification last_evaluated=Last~Evaluated comment=Submitter~Comment url=URL source=Source",
    "maf/data_mutations_absence_custom_annotation_columns_when_custom_values_columns.maf": NO_ALLELES,
    "maf/data_mutations_absence_custom_values_columns_when_custom_annotation_columns.maf": NO_ALLELES,
    "maf/data_mutations_check_special_cases_allele.maf": f"{CBIO} {NAMED} consequence=Consequence",
    "maf/data_mutations_extended.maf": f"{CBIO} {NAMED} consequence=Consequence",
    "maf/data_mutations_invalid_swissprot.maf": f"{CBIO} hgvs_p=HGVSp_Short consequence=Variant_Classification",
    "maf/data_mutations_invalid_utf8.maf": f"{CBIO} hgvs_p=Amino_Acid_Change consequence=Consequence",
    "maf/data_mutations_invalid_variant_classification.maf": f"{CBIO.replace('dbSNP_RS', 'Existing_variation')} {NAMED} consequence=Consequence",
    "maf/data_mutations_silent_alternative.maf": f"{CBIO.replace('dbSNP_RS', 'Existing_variation')} {NAMED} consequence=Consequence",
    "maf/data_mutations_vs.maf": f"{CBIO.replace('dbSNP_RS', 'Existing_variation')} {NAMED} consequence=Consequence",
    "maf/data_mutations_name_swissprot.maf": f"{CBIO} hgvs_p=HGVSp_Short consequence=Variant_Classification",
    "maf/data_mutations_not_supported_custom_driver_annotation_values.maf": NO_ALLELES,
    "maf/data_mutations_too_long_hgvsp_short.maf": f"gene=Hugo_Symbol hgvs_p=HGVSP_Short {MAF_PLACE} consequence=Variant_Classification",
    "maf/data_mutations_wrong_aa_change.maf": f"{CBIO} hgvs_p=Amino_Acid_Change consequence=Variant_Classification",
    "maf/tcga_laml.maf.gz": f"gene=Hugo_Symbol assembly=NCBI_Build {MAF_PLACE.replace('End_Position', 'End_position')} hgvs_p=Protein_Change transcript=i_transcript_name"
    " consequence=Variant_Classification",
    "maf/tcga_ov.head.maf": f"gene=Hugo_Symbol assembly=NCBI_Build rsid=dbSNP_RS {OLD_PLACE} consequence=Variant_Classification",
    "maf/example_maf.txt": f"gene=Hugo_Symbol hgvs_p=HGVSp hgvs_p_short=HGVSp_Short hgvs_g=HGVSg assembly=NCBI_Build {MAF_PLACE} consequence=Variant_Classification",
    "maf/minimalist_test_maf.tsv": "chrom=Chromosome start=Start_Position ref=Reference_Allele alt=Tumor_Seq_Allele2",
    "maf/mpnst_mskcc__mitochondrial_data_mutations.txt": f"{CBIO} {NAMED.replace('=HGVSp ', '=Protein_Change ')} consequence=Consequence",
    "maf/non_chrm_genes_data_mutations.txt": f"{CBIO} {NAMED} consequence=Consequence",
    "maf/test_output.custom_isoforms.maf": f"{CBIO} {NAMED} consequence=Consequence",
}  # fmt: skip


def table_of(path):
    """(header, rows) of a text table, without the lines before its header."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", errors="replace", newline="") as lines:
        rows = list(csv.reader(lines, delimiter="," if path.suffix == ".csv" else "\t", quotechar='"'))
    rows = [row for row in rows if not (path.suffix == ".maf" and row and row[0].startswith("#"))]
    width = max(map(len, rows[:50]))
    start = next(n for n, row in enumerate(rows) if len(row) >= width - 2)
    return rows[start], rows[start + 1 :][:ROWS]


@pytest.mark.parametrize("name", EXPECTED)
def test_every_column_is_proposed_as_a_person_would(name):
    header, rows = table_of(DATA / name)
    columns = list(dict.fromkeys(header))
    cells = {
        column: [row[header.index(column)] if header.index(column) < len(row) else None for row in rows]
        for column in columns
    }
    found = choose(columns, lambda field, column: judged(field, cells[column]))
    wanted = dict(pair.split("=", 1) for pair in EXPECTED[name].split())
    assert {field: choice.candidate.column for field, choice in found.items()} == {
        field: column.replace("~", " ") for field, column in wanted.items()
    }
