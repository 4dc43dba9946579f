from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from variants.checking import check


class Command(BaseCommand):
    help = "Compare counts, classifications and conflicts with the claims they come from; --repair mends what differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repair", action="store_true", help="write what the claims say, in one transaction")

    def handle(self, *args: Any, repair: bool, **options: Any) -> None:
        found = check(repair=repair)
        for sentence in found.said:
            self.stdout.write(sentence)
        if found.is_right:
            self.stdout.write("Every variant and every gene says what its claims say.")
            return
        differ = f"{found.variants:,} variants and {found.genes:,} genes differ from their claims"
        if found.variants or found.genes:
            if not repair:
                raise CommandError(f"{differ}; --repair mends them.")
            self.stdout.write(f"{differ}: mended.")
        if found.orphans:
            raise CommandError(
                f"{found.orphans:,} rows refer to rows that are not there, or stand twice. Vardesk never writes such rows:"
                " something else changed the database. Restore it from a backup, or ask for help with the lines above."
            )
