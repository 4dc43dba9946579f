"""Which readings of a file there are: the current one, and those from before that claims still point to."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import BooleanField, Func
from django.http import Http404

from files.models import READING_FIELDS, AnyReading, DataFile, PastReading
from variants.models import Load

# Facts of a reading that change no cell of its table: who said so, and what else is in the archive.
NO_MATTER = ("chosen", "encoding_why", "members")


def reading_of(file: DataFile, number: int | None) -> AnyReading:
    """The reading of this number, or the current one. Raises Http404 where it is not kept."""
    if number is None or (number == file.reading_number and file.has_table):
        return file
    found = file.past_readings.select_related("file").filter(reading_number=number).first() if number < 2**31 else None
    if found is None:
        raise Http404("There is no such reading of this file, or nothing points to it any more.")
    return found


def reads_alike(load: Load, file: DataFile) -> bool:
    """Whether another file of the load's bytes was read as the load's own was: its rows are the load's then.

    What the load's reading did not tell of (a fact that readers tell since) is not asked.
    """
    told: Mapping[str, Any] = load.options.get("reading", {})
    named = {*load.options.get("mapping", {}).values(), *load.options.get("samples", {}).values()}
    return named <= {column["name"] for column in file.columns} and all(
        file.reading.get(name) == value for name, value in told.items() if name not in NO_MATTER
    )


class ReadsAlike(Func):
    """`reads_alike` for the database, of the file of a query and the `options` of a load."""

    output_field = BooleanField()
    template = (
        "(SELECT NOT EXISTS (SELECT FROM jsonb_each(coalesce(options -> 'reading', '{}')) AS told"
        f" WHERE told.key <> ALL ('{{{','.join(NO_MATTER)}}}')"
        " AND coalesce(reading -> told.key, 'null') <> told.value)"
        " AND NOT EXISTS (SELECT FROM (SELECT * FROM jsonb_each(coalesce(options -> 'mapping', '{}'))"
        " UNION ALL SELECT * FROM jsonb_each(coalesce(options -> 'samples', '{}'))) AS named"
        " WHERE NOT columns @> jsonb_build_array(jsonb_build_object('name', named.value)))"
        " FROM (SELECT %(expressions)s) AS given (options, reading, columns))"
    )

    def __init__(self, options: Any, **more: Any):
        super().__init__(options, "reading", "columns", **more)


def put_aside(file: DataFile) -> None:
    """The current reading becomes one from before, to be followed by the next. Call in a transaction, file locked."""
    PastReading.objects.create(
        file=file, reading_number=file.reading_number, **{name: getattr(file, name) for name in READING_FIELDS}
    )


def drop_unneeded(file: DataFile) -> None:
    """Readings from before that no load's claims point to go, rows now and folders with the commit. File locked."""
    gone = (Load.State.WITHDRAWN, Load.State.REPLACED)  # a superseded load may come back, and is shown as history
    loads = Load.objects.filter(file_id=file.pk).exclude(state__in=gone)
    for past in file.past_readings.exclude(reading_number__in=list(loads.values_list("reading", flat=True))):
        transaction.on_commit(_removal(_places(file, past.reading_number)))
        past.delete()


def sweep(file: DataFile) -> None:
    """Removes what killed readings left on the disk. Only for who reads the file: no other reading is under way."""
    if not file.has_table:
        return
    known = {file.reading_number, *file.past_readings.values_list("reading_number", flat=True)}
    there = {int(folder.name.removeprefix("reading-")) for folder in file.folder.glob("reading-*")} | {0}
    for number in there - known:
        _remove(_places(file, number))


def _places(file: DataFile, number: int) -> list[Path]:
    folder = file.folder_of_reading(number)
    return [folder] if number else [folder / "table", folder / "rejects"]


def _removal(places: Iterable[Path]) -> Any:
    return lambda: _remove(places)


def _remove(places: Iterable[Path]) -> None:
    for place in places:
        shutil.rmtree(place, ignore_errors=True)
