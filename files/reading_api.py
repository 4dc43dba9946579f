"""Which reading of a file the API answers from."""

from collections.abc import Callable, Mapping
from typing import Any

import duckdb
from drf_spectacular.utils import OpenApiParameter
from rest_framework.response import Response

from files.models import AnyReading, DataFile
from files.permissions import get_file_for
from files.readings import reading_of
from project.common.params import whole_number
from project.common.problems import Conflict


def table_reading(file: DataFile, number: int | None = None) -> AnyReading:
    """The current reading of the file, or that of this number. Raises Conflict (409) while there is none, Http404."""
    if not file.has_table:
        raise Conflict(f"The file is {file.state}: {file.error or 'its rows can be read when it is ready'}")
    return reading_of(file, number)


def asked_reading(params: Mapping[str, str]) -> int | None:
    """`reading=` of a question to rows or rejects."""
    return whole_number(params, "reading", default=0) if params.get("reading") else None


def answered(user: Any, id: int, answer: Callable[[DataFile], Response]) -> Response:
    """What `answer` makes of the file; once more where in this very moment a new reading took the place of its table."""
    file = get_file_for(user, id)
    try:
        return answer(file)
    except (FileNotFoundError, duckdb.IOException):
        now = get_file_for(user, id)
        if now.reading_number == file.reading_number:
            raise
        return answer(now)


READING = OpenApiParameter(
    "reading", int, description="number of a reading from before that claims still point to; default: the current one"
)
