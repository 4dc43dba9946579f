"""What the jobs page shows: sections, their counts and pages, filters as chips."""

from typing import Any

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from project.common.paging import Key, Page, keyset_page, url_with
from project.core.attention import GROUPS, count_groups
from project.core.job_filters import FILTERS, filtered, group_of, grouped
from project.core.job_rows import job_rows
from project.core.models import Job, JobQuerySet
from project.core.roles import is_administrator

SHOWN = 100  # jobs of a group on a page
DONE_AT_FIRST = 25  # where the other groups are on the page too
NEWEST = 1000  # jobs that are asked for their kinds
TITLES = {"attention": "Needs attention", "in_progress": "In progress", "done": "Done"}
CHIPS = {
    "q": "“{}”", "kind": "{}", "state": "{}", "owner": "of {}", "file": "file {}", "created_after": "since {}",
    "created_before": "until {}",
}  # fmt: skip


def listing(request: HttpRequest, *, with_form: bool) -> dict[str, Any]:
    """The context of core/_jobs.html, and `with_form` also what the filters of core/jobs.html need. Raises BadQuery."""
    params = request.GET
    mine = Job.objects.visible_to(request.user)
    found, group = filtered(mine, params), group_of(params)
    counts = count_groups(found)
    # Another page than the first is of one group: without one named, of what is done.
    names = [group] if group else ["done"] if params.get("cursor") else list(GROUPS)
    sections = [_section(request, found, name, counts[name], is_alone=len(names) == 1) for name in names]
    rows = {row["id"]: row for row in job_rows(job for section in sections for job in section["jobs"])}
    for section in sections:
        section["jobs"] = [rows[job.pk] for job in section["jobs"]]
    context = {
        "sections": [section for section in sections if section["jobs"] or group],
        "group": group,
        "is_filtered": any(params.get(name) for name in FILTERS),
        "counts": counts,
        "polling": any(job["state"] in ("queued", "running") for job in rows.values()),
        "in_force": url_with("", params, dismissed=None),
        "tabs": _tabs(params, counts, group),
    }
    return context | _form(request, mine) if with_form else context


def _section(request: HttpRequest, found: JobQuerySet, name: str, count: int, *, is_alone: bool) -> dict[str, Any]:
    """A group's jobs: in progress in the order in which they are taken, the others newest first."""
    is_queue = name == "in_progress"
    size = DONE_AT_FIRST if name == "done" and not is_alone else SHOWN
    params, page = _page(request, found, name, size)
    shown = Job.objects.filter(pk__in=[row["id"] for row in page.rows]).select_related("owner")
    return {
        "name": name,
        "title": TITLES[name],
        "count": count,
        "jobs": sorted(shown, key=lambda job: (job.state != Job.State.RUNNING, job.pk)) if is_queue else list(shown),
        "failed": sum(job.state == Job.State.FAILED for job in shown) if name == "attention" else 0,
        "previous_url": page.previous_cursor and url_with(request.path, params, cursor=page.previous_cursor),
        "next_url": page.next_cursor and url_with(request.path, params, cursor=page.next_cursor),
    }


def _page(request: HttpRequest, found: JobQuerySet, name: str, size: int) -> tuple[QueryDict, Page]:
    params = request.GET.copy()
    params["group"] = name
    params.pop("dismissed", None)
    key = Key("id", descending=name != "in_progress")
    return params, keyset_page(grouped(found, name).values("id"), params, [key], size=size)


def failed_on_page(request: HttpRequest) -> JobQuerySet:
    """The failed jobs of the page that a button for all of them stood on: filters and page come in the address.

    Raises BadQuery.
    """
    found = filtered(Job.objects.visible_to(request.user), request.GET)
    _, page = _page(request, found, "attention", SHOWN)
    return Job.objects.filter(pk__in=[row["id"] for row in page.rows], state=Job.State.FAILED)


def _tabs(params: QueryDict, counts: dict[str, int], group: str) -> list[dict[str, Any]]:
    def tab(name: str | None, title: str, count: int) -> dict[str, Any]:
        url = url_with(reverse("jobs:list"), params, group=name, cursor=None, dismissed=None)
        return {"name": name or "all", "title": title, "count": count, "url": url, "is_here": group == (name or "")}

    return [tab(None, "All", sum(counts.values())), *(tab(name, TITLES[name], counts[name]) for name in GROUPS)]


def _form(request: HttpRequest, mine: JobQuerySet) -> dict[str, Any]:
    params = request.GET
    kinds = sorted(set(mine.order_by("-pk").values_list("kind", flat=True)[:NEWEST]))
    return {
        "kinds": kinds,
        "states": Job.State.choices,
        "chosen": {name: params.get(name, "") for name in FILTERS},
        "chips": _chips(params),
        "sees_all": is_administrator(request.user),
        "api_url": url_with(reverse("api-jobs"), params, cursor=None, dismissed=None),
    }


def _chips(params: QueryDict) -> list[dict[str, str]]:
    """The filters in force, each with the address without it."""
    path = reverse("jobs:list")
    return [
        {
            "text": CHIPS[name].format(", ".join(params.getlist(name))),
            "url": url_with(path, params, cursor=None, **{name: None}),
        }
        for name in FILTERS
        if params.get(name)
    ]
