from argparse import ArgumentParser, BooleanOptionalAction
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from files import actions, importing
from files.import_asked import Asked
from files.models import DataFile
from files.read_options import OPTIONS
from project.common.problems import BadQuery
from project.core import jobs
from project.core.models import Job


class Command(BaseCommand):
    help = "The upload pipeline from the shell: read a file and, with --import, load it. Same code as the web."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument(
            "--import", action="store_true", dest="then_import", help="load it into the variant database"
        )
        parser.add_argument("--assembly", default="", help="GRCh37 or GRCh38, for rows that name none")
        parser.add_argument(
            "--insist", action="store_true", help="the assembly is right although names in the file say otherwise"
        )
        parser.add_argument("--source", default="", help="who says so, for rows that do not name it")
        parser.add_argument("--label", default="", help="name of the load; default: the file's name")
        parser.add_argument("--dry-run", action="store_true", help="say what --import would do, and do nothing")
        parser.add_argument(
            "--supersedes", type=int, action="append", default=[], metavar="LOAD",
            help="number of a load of an earlier release; repeatable",
        )  # fmt: skip
        parser.add_argument(
            "--sheet", "--member", dest="member", help="of a workbook, of a zip: which one; default: guessed"
        )
        for option in ("encoding", "delimiter", "quote", "escape", "comment"):
            parser.add_argument(f"--{option}", help="default: guessed; none: there is none")
        parser.add_argument("--header", action=BooleanOptionalAction, help="default: guessed")
        parser.add_argument("--header-line", type=int, help="the line of the column names, from 1")
        parser.add_argument("--visibility", default="private", choices=DataFile.Visibility.values)

    def handle(
        self,
        *args: Any,
        path: Path,
        then_import: bool,
        assembly: str,
        source: str,
        label: str,
        insist: bool,
        visibility: str,
        dry_run: bool,
        supersedes: list[int],
        **options: Any,
    ) -> None:
        try:
            with path.open("rb") as stream:
                chunks = iter(lambda: stream.read(1 << 20), b"")
                file = actions.upload(
                    name=path.name, chunks=chunks, by=None, assembly=assembly, visibility=visibility,
                    options={name: options[name] for name in OPTIONS if options.get(name) is not None},
                )  # fmt: skip
            self.finish(Job.objects.get(file_id=file.pk, kind="read"))
            file.refresh_from_db()
            self.stdout.write(
                f"{file.name}: {file.row_count:,} rows, {file.rejected_count:,} rejected, {file.padded:,} padded"
            )
            if then_import or dry_run:
                asked = Asked(
                    assembly=assembly, source=source, label=label, insist=insist, supersedes=supersedes, dry_run=dry_run
                )
                job = self.finish(importing.start_import(file, asked, by=None))
                counts = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in job.counts.items())
                self.stdout.write(f"{file.name}: {counts}")
                if dry_run:
                    self.stdout.write(forecast_in_words(job.result or {}))
        except BadQuery as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error

    def finish(self, job: Job) -> Job:
        """Do the job here, whatever a worker is doing; a worker that was quicker is waited for."""
        jobs.run_now(job)
        jobs.wait(job)
        if job.state != Job.State.SUCCEEDED:
            raise CommandError(f"{job.title}: {job.error or job.state}")
        return job


def forecast_in_words(result: dict[str, Any]) -> str:
    """What a dry run found, a line for each thing."""
    variants, disagree, changes = result["variants"], result["disagreements"], result["changes"]
    said = [
        f"Nothing was changed. {variants['new']:,} variants are new, {variants['known']:,} are known.",
        f"{disagree['count']:,} claims disagree with the database; {changes['count']:,} classifications would change.",
    ]
    for load in result["replaces"]:
        said.append(f"It would take the place of load {load['load']} ({load['label']}).")
    for load in result["supersedes"]:
        said.append(f"It would supersede load {load['load']} ({load['label']}).")
    for load in result["earlier_releases"]:
        said.append(f"It may be a later release of load {load['load']} ({load['label']}): --supersedes {load['load']}")
    for row in disagree["listed"]:
        said.append(
            f"line {row['line']}, {row['name']}: {row['classification']}; the database: {row['database']['classification']}"
        )
    return "\n".join(said)
