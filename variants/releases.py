"""Earlier releases that a new load may supersede: which there are, and which somebody may name."""

import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from django.db.models import Count, Q

from project.common.problems import BadQuery
from variants.load_rights import may_withdraw, withdrawable_by
from variants.models import Load

SHOWN = 50
# What tells one release from the next in a file's name: dates, years, months, numbers.
_RELEASE = re.compile(
    r"(?:[\W_]*(?:v?\d[\d.]*|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|january|february|march|april|june|july"
    r"|august|september|october|november|december))+$"
)


def stem(name: str) -> str:
    """A file's name without endings and release: `ClinVar_2026-01.vcf.gz` and `clinvar_2026-02.vcf.gz` share theirs."""
    first = PurePath(name.lower()).name.split(".")[0]
    return _RELEASE.sub("", first) or first


def earlier_releases(user: Any, *, source: str, name: str, checksum: str) -> list[Load]:
    """Live loads of the same source, or of a file called alike, that `user` may withdraw; the newest first. `user` None: the command line, which may all. Loads of the same bytes are replaced, not superseded."""
    loads = Load.objects.all() if user is None else withdrawable_by(user)
    loads = loads.filter(state=Load.State.LIVE).exclude(checksum=checksum)
    alike = [pk for pk, label in loads.values_list("pk", "label") if stem(label) == stem(name)]
    same_source = Q(source__iexact=source) if source else Q(pk=None)
    return list(loads.filter(same_source | Q(pk__in=alike)).order_by("-pk")[:SHOWN])


def claims_of(loads: Iterable[Load]) -> dict[int, int]:
    """Load id -> how many claims it brought."""
    counted = Load.objects.filter(pk__in=[load.pk for load in loads]).annotate(n=Count("records"))
    return dict(counted.order_by("pk").values_list("pk", "n"))


def checked(loads: Iterable[int], *, by: Any) -> list[int]:
    """The loads that are to be superseded. Raises BadQuery where one is not there, not `by`'s or not live."""
    asked = list(dict.fromkeys(loads))
    found = Load.objects.in_bulk([pk for pk in asked if pk < 2**63])
    for pk in asked:
        load = found.get(pk)
        if load is None or (by is not None and not may_withdraw(by, load)):
            raise BadQuery({"supersedes": f"There is no load {pk} that you may supersede."})
        if load.state not in (Load.State.LIVE, Load.State.SUPERSEDED):
            raise BadQuery({"supersedes": f"Load {pk} is {load.state}; only a live load can be superseded."})
    return asked
