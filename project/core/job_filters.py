"""The questions that the jobs page and its API understand, read strictly."""

import datetime

from django.db.models import Q
from django.http import QueryDict
from django.utils.dateparse import parse_datetime

from project.common.params import day, one_of, refuse_nul, several, whole_number
from project.common.problems import BadQuery
from project.core.attention import GROUPS, in_group
from project.core.models import Job, JobQuerySet

FILTERS = ("q", "kind", "state", "owner", "file", "created_after", "created_before")


def filtered(jobs: JobQuerySet, params: QueryDict) -> JobQuerySet:
    """`jobs` as `FILTERS` of `params` narrow them. Raises BadQuery that names what it does not understand."""
    refuse_nul(params)
    if kinds := several(params, "kind"):
        jobs = jobs.filter(kind__in=kinds)
    if states := several(params, "state", Job.State.values):
        jobs = jobs.filter(state__in=states)
    if params.get("file"):
        jobs = jobs.filter(file_id=whole_number(params, "file", default=0))
    if text := params.get("q", "").strip():
        jobs = jobs.filter(title__icontains=text)
    if owner := params.get("owner", "").strip():
        jobs = jobs.filter(owner__username=owner)
    if after := _moment(params, "created_after", end=False):
        jobs = jobs.filter(created__gte=after)
    if before := _moment(params, "created_before", end=True):
        jobs = jobs.filter(created__lt=before)
    return jobs


def group_of(params: QueryDict) -> str:
    """The group asked for, or "" for all. Raises BadQuery."""
    return one_of(params, "group", GROUPS)


def grouped(jobs: JobQuerySet, group: str) -> JobQuerySet:
    return jobs.filter(in_group(group) if group else Q())


def _moment(params: QueryDict, name: str, *, end: bool) -> datetime.datetime | None:
    """A day or a time in ISO 8601, UTC where it says nothing else. Of a day its begin, or where `end` its end."""
    text = params.get(name, "").strip()
    if "T" not in text and " " not in text:
        date = day(params, name)
        if date is None:
            return None
        if date == datetime.date.max:
            raise BadQuery({name: "This day is too far away."})
        date += datetime.timedelta(days=1 if end else 0)
        return datetime.datetime.combine(date, datetime.time(), tzinfo=datetime.UTC)
    try:
        found = parse_datetime(text.replace(" ", "+") if text.count(" ") == 1 and "T" in text else text)
    except ValueError:
        found = None
    if found is None:
        raise BadQuery({name: f"{text!r} is neither a day such as 2024-12-15 nor a time such as 2024-12-15T09:30:00Z."})
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)
