"""Column types that Django lacks."""

from typing import Any

from django.db import models


class IntMultiRangeField(models.Field):
    """PostgreSQL's int4multirange, as its text: `{[1,5),[10,21)}`, half-open. Queried in SQL only."""

    def db_type(self, connection: Any) -> str:
        return "int4multirange"
