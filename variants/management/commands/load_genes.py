from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from project.core.audit import record
from variants.gene_tables import BUNDLED, BadGeneTable, replace_genes
from variants.models import Gene


class Command(BaseCommand):
    help = (
        "Replace the gene table (HGNC's complete set, or a table with symbol and synonyms). Genes with variants stay."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", nargs="?", type=Path, default=BUNDLED, help="default: the bundled table")
        parser.add_argument("--if-empty", action="store_true", help="do nothing where there is a gene table")

    @transaction.atomic
    def handle(self, *args: Any, path: Path, if_empty: bool, **options: Any) -> None:
        if if_empty and Gene.objects.filter(listed=True).exists():
            return
        try:
            genes, names = replace_genes(path)
        except (BadGeneTable, OSError, EOFError, UnicodeDecodeError) as error:
            raise CommandError(str(error)) from error
        record("gene table loaded", Gene(), by=None, after={"table": path.name, "genes": genes, "names": names})
        self.stdout.write(f"Loaded {genes:,} genes with {names:,} other names from {path.name}")
