"""Jobs as the templates show them."""

from collections.abc import Iterable
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma, ordinal
from django.urls import NoReverseMatch, reverse

from project.core.durations import duration, rough_duration
from project.core.job_facts import Facts, Parts, facts_of
from project.core.models import Job

QUIET_S = 30  # no news for longer than this is said in words


def job_row(job: Job) -> dict[str, Any]:
    return job_rows([job])[0]


def job_rows(jobs: Iterable[Job]) -> list[dict[str, Any]]:
    """A dict a job, in the same order. Times in seconds; what is said in words is None where there is nothing to say."""
    jobs = list(jobs)
    facts = facts_of(jobs)
    return [_row(job, facts[job.pk]) for job in jobs]


def _row(job: Job, facts: Facts) -> dict[str, Any]:
    result = job.result or {}
    is_stopping = job.cancel_asked and not job.is_over
    return {
        "id": job.pk, "kind": job.kind, "title": job.title, "state": job.state, "message": job.message,
        "said_state": "Being cancelled" if is_stopping else job.get_state_display(), "is_stopping": is_stopping,
        "phase": job.message, "progress": job.progress, "percent": int(job.progress * 100), "counts": job.counts,
        "rows_per_second": facts.rows_per_second, "time_left": _time_left(facts), "place": _place(job, facts),
        "parts": facts.parts and _parts(facts.parts), "updated_ago": _ago(facts.updated_s),
        "warning": _warning(job, facts), "again": _again(job), "began_often": f"{job.deaths + 1}, {job.deaths} ended by the death of a worker" if job.deaths else None,
        "error": job.error, "created": job.created, "started": job.started, "finished": job.finished,
        "took": _took(job), "dismissed": job.dismissed,
        "url": reverse("jobs:detail", args=[job.pk]), "file_url": _url("files:detail", job.file_id),
        "result_url": _url("files:detail", job.result_file) or result.get("url"),
        "load_url": _url("variants:load", result.get("load")),
        "owner": job.owner.get_username() if job.owner else "",
        "is_dry_run": bool(job.params.get("dry_run")),
        "can_cancel": not job.is_over and not job.cancel_asked, "can_retry": job.did_not_succeed,
        "can_dismiss": job.state == Job.State.FAILED and job.dismissed is None,
        "reasons": _listed(result, "reasons"), "remarks": _listed(result, "remarks"), "notes": result.get("notes", []),
    }  # fmt: skip


def _url(name: str, pk: int | None) -> str | None:
    """A page of another app, by its URL name: core knows none."""
    try:
        return reverse(name, args=[pk]) if pk else None
    except NoReverseMatch:
        return None


def _listed(result: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [{"reason": reason, "count": count} for reason, count in result.get(name, {}).items()]


def _took(job: Job) -> str | None:
    return duration((job.finished - job.started).total_seconds()) if job.started and job.finished else None


def _ago(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return "just now" if seconds < 1 else f"{rough_duration(seconds)} ago"


def _time_left(facts: Facts) -> str | None:
    if facts.seconds_left is None:
        return None
    return f"about {rough_duration(facts.seconds_left)} left" if facts.seconds_left >= 1 else "nearly done"


def _place(job: Job, facts: Facts) -> str | None:
    if facts.queue_position is None:
        return None
    place = "next" if facts.queue_position == 1 else ordinal(facts.queue_position)
    return f"{place} in line; {job.queue} queue"


def _parts(parts: Parts) -> str:
    workers = f", {parts.in_work} worker{'s' if parts.in_work > 1 else ''}" if parts.in_work else ""
    return f"{intcomma(parts.done)} of {intcomma(parts.all)} parts{workers}"


def _again(job: Job) -> str | None:
    if not job.deaths or job.is_over:
        return None
    often = "" if job.deaths == 1 else f" {job.deaths} times"
    return f"Taken up again{often} after its worker died."


def _warning(job: Job, facts: Facts) -> str | None:
    """What a person should know while it runs, and what happens next without them."""
    if facts.is_silent and facts.silent_s is not None:
        silent = f"Nothing has been heard of its worker for {rough_duration(facts.silent_s)}."
        if job.cancel_asked:
            return f"{silent} The next worker that looks ends it as cancelled."
        return f"{silent} The next free worker takes it up; nothing is lost and nothing comes in twice."
    if facts.updated_s is not None and facts.updated_s > QUIET_S and not job.cancel_asked:
        return f"No news for {rough_duration(facts.updated_s)}, but its worker is alive: this step takes long."
    return None
