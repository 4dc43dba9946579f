"""The one place that decides who may see or change a file. What is not yours is a 404: its existence is private too."""

from typing import Any

from django.http import Http404

from files.models import DataFile
from project.core.roles import Right, is_administrator, may, require


def get_file_for(user: Any, pk: int) -> DataFile:
    """The file if `user` may read it, else Http404."""
    return _one(DataFile.objects.readable_by(user), pk)


def get_own_file(user: Any, pk: int) -> DataFile:
    """The file if it is `user`'s to change, else Http404. Raises PermissionDenied where only the role is missing."""
    found = _one(DataFile.objects.writable_by(user), pk)
    require(user, Right.WORK_WITH_FILES)
    return found


def locked(pk: int) -> DataFile:
    """The file, nobody else's to change until the commit. Raises Http404 where it was deleted in this very moment."""
    return _one(DataFile.objects.select_for_update(), pk)


def _one(files: Any, pk: int) -> DataFile:
    found = files.filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such file, or it is not shared with you.")
    return found


def may_change(user: Any, file: DataFile) -> bool:
    return (is_administrator(user) or file.owner_id == user.pk) and may(user, Right.WORK_WITH_FILES)
