"""What a person does with files: upload, rename, delete. (Importing has a module of its own.)"""

import errno
import hashlib
import shutil
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.db import transaction

from files.import_asked import checked_assembly
from files.ingest import READ_TASK
from files.kept_answers import forget
from files.models import DataFile
from files.read_options import checked
from files.readers.choices import Limits
from files.readers.errors import NotATable
from files.readers.kinds import HEAD, compression_of
from files.readers.source import Member
from files.readers.unpack import zip_members
from files.readers.workbook.container import workbook_format
from files.readings import reads_alike
from project.common.problems import BadQuery, Conflict
from project.core import jobs
from project.core.audit import fields_of, record
from project.core.models import Job
from variants.load_access import withdraw_load
from variants.merging import take_merge_lock
from variants.models import Load

# What the audit trail says of a file: nothing of its content.
KEPT_FIELDS = ("name", "size", "sha256", "visibility", "assembly")


def clean_name(name: str) -> str:
    """A file name fit to show: its last part, no control characters, at most 255 long. Raises BadQuery."""
    last = PurePath(name.replace("\\", "/")).name
    shown = "".join(c for c in last if c.isprintable()).strip()[:255]
    if not shown.strip("."):
        raise BadQuery({"name": "A file needs a name."})
    return shown


def upload(
    *, name: str, chunks: Iterable[bytes], by: Any, assembly: str = "", then_import: dict | None = None,
    visibility: str = DataFile.Visibility.PRIVATE, options: Mapping[str, Any] | None = None,
) -> DataFile:  # fmt: skip
    """Store the bytes and queue their reading. Raises BadQuery for a file over MAX_UPLOAD_BYTES; keeps nothing then.

    `then_import`: None, or what `start_import` takes, for an import right after the reading. `options`: of
    the reading, as `read_options.checked` takes them; what is not among them is guessed (of a zip the largest file, of
    a workbook the first sheet with a table).
    """
    name, assembly = clean_name(name), checked_assembly(assembly)
    choices = {name: value for name, value in checked(options or {}).items() if value is not None}
    with transaction.atomic():
        file = DataFile.objects.create(
            name=name, size=0, sha256="", owner=by, assembly=assembly, visibility=visibility,
            state=DataFile.State.UPLOADING, choices=choices,
        )  # fmt: skip
        try:
            file.size, file.sha256 = _store(file, chunks)
            params = {} if then_import is None else {"import": then_import}
            _queue(file, by, params)
            record("file uploaded", file, by=by, after=fields_of(file, KEPT_FIELDS))
        except BaseException:
            shutil.rmtree(file.folder, ignore_errors=True)
            raise
    return file


def _queue(file: DataFile, by: Any, params: dict) -> None:
    file.state = DataFile.State.QUEUED
    file.save(update_fields=["size", "sha256", "state"])
    heavy = file.size > settings.HEAVY_BYTES
    title = f"Read {file.name}"
    jobs.enqueue(READ_TASK, kind="read", title=title, owner=by, file_id=file.pk, params=params, heavy=heavy)


def members_of(file: DataFile) -> list[Member]:
    """What is in a zip or a workbook; nothing of any other file, and of one that cannot be opened.

    Of a workbook as it was told at the reading: no request opens one.
    """
    if file.reading.get("sheet") is not None:
        return [Member(**member) for member in file.reading["members"]]
    try:
        with file.original_path.open("rb") as stream:
            if compression_of(stream.read(HEAD)) != "zip":
                return []
        limits = Limits(**settings.READ_LIMITS)
        if workbook_format(file.original_path, limits):  # the parts that a workbook is packed of are no tables
            return []
        return [Member(info.filename, info.file_size) for info in zip_members(file.original_path, limits)]
    except (OSError, NotATable):
        return []


def open_member(file: DataFile, member: str, *, by: Any) -> DataFile:
    """A new file of the same bytes whose table is another file of the zip, or another sheet of the workbook.

    Raises BadQuery where there is none.
    """
    names = [known.name for known in members_of(file)]
    if member not in names:
        raise BadQuery(
            {
                "member": f"There is no {member!r} in this file."
                if names
                else "This file is no zip archive and no workbook."
            }
        )
    name = PurePath(file.name)
    with transaction.atomic():
        twin = DataFile.objects.create(
            name=clean_name(f"{name.stem[:100]} ({PurePath(member).name[:140]}){name.suffix[:10]}"), size=file.size,
            sha256=file.sha256, owner=by, assembly=file.assembly, visibility=file.visibility, parent=file,
            state=DataFile.State.UPLOADING, choices={"member": member},
        )  # fmt: skip
        try:
            twin.folder.mkdir(mode=0o700)
            _same_bytes(file, twin)
            _queue(twin, by, {})
            record(
                "file uploaded", twin, by=by, after=fields_of(twin, KEPT_FIELDS) | {"parent": file.pk, "member": member}
            )
        except BaseException:
            shutil.rmtree(twin.folder, ignore_errors=True)
            raise
    return twin


def _same_bytes(file: DataFile, twin: DataFile) -> None:
    """The original once more: as a link, for neither ever changes, or as a copy where the disk knows no links."""
    try:
        twin.original_path.hardlink_to(file.original_path)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.EXDEV):
            raise
        shutil.copy2(file.original_path, twin.original_path)


def _store(file: DataFile, chunks: Iterable[bytes]) -> tuple[int, str]:
    """Write the original; returns its size and SHA-256."""
    settings.STORAGE_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.folder.mkdir(mode=0o700)
    digest, size = hashlib.sha256(), 0
    with file.original_path.open("xb") as stream:
        for chunk in chunks:
            size += len(chunk)
            if size > settings.MAX_UPLOAD_BYTES:
                raise BadQuery({"file": f"The file is larger than the limit of {settings.MAX_UPLOAD_BYTES:,} bytes."})
            digest.update(chunk)
            stream.write(chunk)
    file.original_path.chmod(0o400)  # the original never changes
    return size, digest.hexdigest()


def rename(file: DataFile, name: str, *, by: Any) -> None:
    before, after = {"name": file.name}, {"name": clean_name(name)}
    if before == after:
        return
    file.name = after["name"]
    with transaction.atomic():
        file.save(update_fields=["name"])
        record("file renamed", file, by=by, before=before, after=after)


def live_loads(file: DataFile) -> list[Load]:
    """Loads whose claims would lose their source: those of this very file, and of its bytes where no twin that was
    read alike is left. Superseded ones too: they are shown as history, and come back when the later one is withdrawn."""
    loads = Load.objects.filter(checksum=file.sha256, state__in=(Load.State.LIVE, Load.State.SUPERSEDED)).order_by("pk")
    twins = list(DataFile.objects.with_table().filter(sha256=file.sha256).exclude(pk=file.pk))
    return [load for load in loads if load.file_id == file.pk or not any(_serves(twin, load) for twin in twins)]


def _serves(twin: DataFile, load: Load) -> bool:
    """Whether the load's raw rows can be shown from this file."""
    return reads_alike(load, twin) or twin.pk == load.file_id


def delete(file: DataFile, *, by: Any, withdraw_loads: bool = False) -> None:
    """Remove a file, its table and its bytes. Raises Conflict naming its live loads unless they are to be withdrawn."""
    with transaction.atomic():
        # Before the jobs' rows, as a merge does, which takes its own job's row last: else the two wait for each other.
        if withdraw_loads and live_loads(file):
            take_merge_lock()
        # First: it waits for an import that is just being committed, whose load is then among the live ones.
        for job in Job.objects.filter(file_id=file.pk).in_work():
            if not job.ask_to_cancel():
                raise Conflict("An import of this file is just being finished. Try again in a moment.")
        loads = live_loads(file)
        if loads and not withdraw_loads:
            named = ", ".join(
                f"“{load.label if load.file_id == file.pk else file.name}” ({load.counts.get('lines_read', 0):,} lines"
                f"{', superseded' if load.state == Load.State.SUPERSEDED else ''})" for load in loads
            )  # fmt: skip
            raise Conflict(
                f"Claims in the variant database point back to this file: {named}. Withdraw them first (withdraw=1)."
            )
        for load in sorted(loads, key=lambda load: load.state):  # live ones first may bring a superseded one back
            withdraw_load(load, by=by)
        record("file deleted", file, by=by, before=fields_of(file, KEPT_FIELDS))
        folder, number = file.folder, file.pk
        file.delete()
        transaction.on_commit(lambda: shutil.rmtree(folder, ignore_errors=True))
        transaction.on_commit(lambda: forget(number))
