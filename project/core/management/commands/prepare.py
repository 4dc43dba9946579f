from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError


class Command(BaseCommand):
    help = "Make a database ready for use: tables, reference genes, sample variants, an administrator. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="without the sample variants")

    def handle(self, *args: Any, no_demo: bool, **options: Any) -> None:
        try:
            self.prepare(no_demo=no_demo)
        except (OSError, OperationalError) as error:  # a full disk, a server that went away
            raise CommandError(str(error).strip().partition("\n")[0]) from error

    def prepare(self, *, no_demo: bool) -> None:
        for folder in (settings.VAR_DIR, settings.STORAGE_DIR, settings.SPOOL_DIR, Path(settings.FILE_UPLOAD_TEMP_DIR)):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        call_command("migrate", interactive=False, verbosity=0, stdout=self.stdout)
        call_command("create_administrator", stdout=self.stdout)
        call_command("load_genes", "--if-empty", stdout=self.stdout)
        if settings.SAMPLE_DATA and not no_demo:
            call_command("load_demo", stdout=self.stdout)
