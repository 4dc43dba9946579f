from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

import variants
from files import actions
from files.models import DataFile
from project.common.problems import Conflict
from variants.models import Load

DEMO = Path(variants.__file__).parent / "reference" / "clinvar_demo.tsv.gz"
SOURCE = "ClinVar 2024-12-15"


class Command(BaseCommand):
    help = (
        "Load the sample variants (72,582 of ClinVar) where no load of them was ever made. See docs/reference-data.md."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if Load.objects.filter(source=SOURCE).exists():  # also a withdrawn one: somebody wanted it gone
            return
        for file in DataFile.objects.filter(name=DEMO.name, owner=None):  # of a start that was killed meanwhile
            with suppress(Conflict):  # somebody loaded it by hand, under another name
                actions.delete(file, by=None)
        call_command(
            "load_file", str(DEMO), "--import", source=SOURCE, label=SOURCE, visibility="public", stdout=self.stdout
        )
