"""The jobs API."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from project.common.paging import Key, keyset_page, page_size, url_with
from project.common.params import one_of, whole_number
from project.core import jobs as work
from project.core.models import Job


class JobSerializer(serializers.ModelSerializer):
    error = serializers.SerializerMethodField(help_text="null, or what went wrong in words")
    file = serializers.IntegerField(source="file_id", allow_null=True)
    retry_of = serializers.IntegerField(
        source="retry_of_id", allow_null=True, help_text="the job that this one does again"
    )

    class Meta:
        model = Job
        fields = [
            "id", "kind", "title", "state", "progress", "message", "counts", "file", "result_file", "result",
            "error", "retry_of", "created", "started", "finished",
        ]  # fmt: skip

    def get_error(self, job: Job) -> str | None:
        return job.error or None


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
            OpenApiParameter("state", enum=Job.State.values),
            OpenApiParameter("file", int),
            OpenApiParameter("page_size", int),
            OpenApiParameter("cursor", str),
        ],
        responses=JobPageSerializer,
    )
    def get(self, request: Request) -> Response:
        params = request.query_params
        jobs = Job.objects.visible_to(request.user)
        if state := one_of(params, "state", Job.State.values):
            jobs = jobs.filter(state=state)
        if params.get("file"):
            jobs = jobs.filter(file_id=whole_number(params, "file", default=0))
        page = keyset_page(jobs.values("id"), params, [Key("id", descending=True)], size=page_size(params))
        found = Job.objects.filter(pk__in=[row["id"] for row in page.rows])
        here = request.build_absolute_uri(request.path)
        return Response({
            "count": jobs.count(),
            "next": page.next_cursor and url_with(here, params, cursor=page.next_cursor),
            "previous": page.previous_cursor and url_with(here, params, cursor=page.previous_cursor),
            "results": JobSerializer(found, many=True).data,
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
