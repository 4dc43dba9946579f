"""The jobs API."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from project.common.paging import Key, keyset_page, page_size, url_with
from project.core import jobs as work
from project.core.attention import GROUPS, dismiss, put_back
from project.core.job_facts import Facts, facts_of
from project.core.job_filters import filtered, group_of, grouped
from project.core.models import Job


class PartsSerializer(serializers.Serializer):
    done = serializers.IntegerField()
    all = serializers.IntegerField()


class JobSerializer(serializers.ModelSerializer):
    """Give `context={"facts": facts_of(jobs)}` for many jobs: one alone looks for its own."""

    error = serializers.SerializerMethodField(help_text="null, or what went wrong in words")
    file = serializers.IntegerField(source="file_id", allow_null=True)
    retry_of = serializers.IntegerField(
        source="retry_of_id", allow_null=True, help_text="the job that this one does again"
    )
    queue_position = serializers.SerializerMethodField(
        help_text="1 is taken next; counted over everybody's jobs of this queue; null unless queued"
    )
    phase = serializers.SerializerMethodField(help_text="what it is doing now; null unless running")
    rows_per_second = serializers.SerializerMethodField(
        help_text="of the phase that it is in; of a job that is over, over all of it; null where nothing is counted"
    )
    seconds_left = serializers.SerializerMethodField(help_text="a guess; null where there is none")
    parts = serializers.SerializerMethodField(help_text="of work that is done in parts by several workers, else null")
    attempts = serializers.IntegerField(
        source="attempt",
        help_text="how often a worker began it or went on with it: also where others had done its last parts",
    )

    class Meta:
        model = Job
        fields = [
            "id", "kind", "title", "state", "progress", "message", "counts", "file", "result_file", "result",
            "error", "retry_of", "created", "started", "finished", "queue", "queue_position", "phase",
            "rows_per_second", "seconds_left", "updated", "attempts", "parts", "cancel_asked", "dismissed",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._own_facts: dict[int, Facts] = {}

    def _facts(self, job: Job) -> Facts:
        known: dict[int, Facts] = self.context.get("facts", self._own_facts)
        if job.pk not in known:
            known |= facts_of([job])
        return known[job.pk]

    def get_error(self, job: Job) -> str | None:
        return job.error or None

    def get_queue_position(self, job: Job) -> int | None:
        return self._facts(job).queue_position

    def get_phase(self, job: Job) -> str | None:
        return job.message if job.state == Job.State.RUNNING else None

    def get_rows_per_second(self, job: Job) -> int | None:
        return self._facts(job).rows_per_second

    def get_seconds_left(self, job: Job) -> int | None:
        return self._facts(job).seconds_left

    @extend_schema_field(PartsSerializer(allow_null=True))
    def get_parts(self, job: Job) -> dict[str, int] | None:
        parts = self._facts(job).parts
        return {"done": parts.done, "all": parts.all} if parts else None


class JobPageSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = JobSerializer(many=True)


def get_job_for(user: Any, pk: int) -> Job:
    """The job if it is this person's (administrators: anyone's), else 404."""
    return get_object_or_404(Job.objects.visible_to(user), pk=pk)


def cancel(job: Job, *, by: Any) -> None:
    """Ask a job to stop; one that is over stays as it is. Raises Conflict where it is too late."""
    work.cancel(job, by=by)


class JobList(APIView):
    @extend_schema(
        operation_id="jobs_list",
        parameters=[
            OpenApiParameter(
                "group", enum=GROUPS,
                description="attention: failed and neither tried again nor dismissed, or in work and no worker at it for"
                " ten minutes; in_progress: the others that are queued or running; done: the rest",
            ),
            OpenApiParameter("kind", str, many=True, description="read, import, ...; repeatable or a comma list"),
            OpenApiParameter("state", enum=Job.State.values, many=True, description="repeatable or a comma list"),
            OpenApiParameter("file", int, description="id of the file that it works on"),
            OpenApiParameter("q", str, description="part of the title, in any letter case"),
            OpenApiParameter("owner", str, description="user name; others' jobs are seen by administrators only"),
            OpenApiParameter("created_after", str, description="day or time in ISO 8601, included"),
            OpenApiParameter(
                "created_before", str, description="day (included) or time (not included) in ISO 8601"
            ),
            OpenApiParameter("page_size", int),
            OpenApiParameter("cursor", str),
        ],
        responses=JobPageSerializer,
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        params = request.query_params
        jobs = grouped(filtered(Job.objects.visible_to(request.user), params), group_of(params))
        page = keyset_page(jobs.values("id"), params, [Key("id", descending=True)], size=page_size(params))
        found = Job.objects.filter(pk__in=[row["id"] for row in page.rows])
        here = request.build_absolute_uri(request.path)
        return Response({
            "count": jobs.count(),
            "next": page.next_cursor and url_with(here, params, cursor=page.next_cursor),
            "previous": page.previous_cursor and url_with(here, params, cursor=page.previous_cursor),
            "results": JobSerializer(found, many=True, context={"facts": facts_of(found)}).data,
        })  # fmt: skip


class JobDetail(APIView):
    @extend_schema(responses=JobSerializer)
    def get(self, request: Request, id: int) -> Response:
        return Response(JobSerializer(get_job_for(request.user, id)).data)


class JobCancel(APIView):
    @extend_schema(request=None, responses=JobSerializer)
    def post(self, request: Request, id: int) -> Response:
        job = get_job_for(request.user, id)
        cancel(job, by=request.user)
        return Response(JobSerializer(job).data)


class JobRetry(APIView):
    @extend_schema(
        operation_id="jobs_retry",
        description="Do the work of a failed or cancelled job again, as a new job. 409 where it is in work, succeeded,"
        " or was retried already.",
        request=None,
        responses={202: JobSerializer},
    )
    def post(self, request: Request, id: int) -> Response:
        again = work.retry(get_job_for(request.user, id), by=request.user)
        return Response(JobSerializer(again).data, status=202)


class JobDismiss(APIView):
    @extend_schema(
        operation_id="jobs_dismiss",
        description="Put a failed job aside: it is no longer in the group `attention`. 409 where it did not fail.",
        request=None,
        responses=JobSerializer,
    )
    def post(self, request: Request, id: int) -> Response:
        job = get_job_for(request.user, id)
        dismiss(job, by=request.user)
        return Response(JobSerializer(job).data)

    @extend_schema(operation_id="jobs_put_back", description="Undo `dismiss`.", responses=JobSerializer)
    def delete(self, request: Request, id: int) -> Response:
        job = get_job_for(request.user, id)
        put_back(job, by=request.user)
        return Response(JobSerializer(job).data)
