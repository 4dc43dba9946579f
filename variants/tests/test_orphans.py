"""Rows that refer to nothing: PostgreSQL lets them be written, so they are looked for."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from variants.checking import check
from variants.gene_tables import BUNDLED, replace_genes
from variants.models import Gene, Variant

ROW = {"chrom": "7", "start": "100", "ref": "A", "alt": "T", "gene": "ODD1", "rsid": "rs1", "classification": "Benign"}


@pytest.mark.parametrize(("table", "said"), [
    ("variants_variant", ["1 claims of no variant", "1 gene links of no variant", "1 names of no variant"]),
    ("variants_load", ["1 claims of no load", "1 names of no load"]),
    ("variants_gene", ["1 gene links of no gene", "1 variants of a gene that is gone"]),
])  # fmt: skip
def test_what_refers_to_nothing_is_told_and_not_mended(load, capsys, table, said):
    load([ROW])
    assert check().is_right
    with connection.cursor() as cursor:
        if table == "variants_load":
            cursor.execute("DELETE FROM variants_reportedword")
        if table == "variants_gene":
            cursor.execute("DELETE FROM variants_genename")
        cursor.execute(f"DELETE FROM {table}")
    found = check(repair=True)
    assert sorted(line for line in found.said if " no " in line or "gone" in line) == said
    with pytest.raises(CommandError, match="refer to rows that are not there"):
        call_command("check_variants", "--repair")
    assert said[0] in capsys.readouterr().out


def test_a_new_gene_table_spares_the_genes_that_variants_have(load):
    load([ROW])
    Variant.objects.get().gene_links.all().delete()
    replace_genes(BUNDLED)
    assert Variant.objects.get().gene == Gene.objects.get(symbol="ODD1")
