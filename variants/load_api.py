"""The loads API: which imports there are, what became of each, and taking one back."""

from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from project.common.params import one_of, refuse_nul, whole_number
from project.common.problems import Conflict
from variants.api import ReadView
from variants.load_access import WITHDRAWABLE, get_load_for, get_own_load, withdraw_load
from variants.load_lists import load_rows, loads_for
from variants.models import Load


class LoadShape(serializers.Serializer):
    id = serializers.IntegerField()
    label = serializers.CharField()  # type: ignore[assignment]
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    assembly = serializers.CharField(allow_null=True, help_text="of rows that name none")
    state = serializers.ChoiceField(Load.State.values)
    followed_by = serializers.IntegerField(allow_null=True, help_text="the load that superseded or replaced it")
    follows = serializers.ListField(child=serializers.IntegerField(), help_text="loads that it superseded or replaced")
    counts = serializers.DictField(child=serializers.IntegerField())
    notes = serializers.ListField(child=serializers.CharField())
    file = serializers.IntegerField(allow_null=True)
    file_name = serializers.CharField(allow_null=True)
    created = serializers.DateTimeField()
    created_by = serializers.CharField(allow_null=True)
    may_withdraw = serializers.BooleanField()
    url = serializers.CharField()


class LoadList(ReadView):
    @extend_schema(
        operation_id="loads_list",
        parameters=[
            OpenApiParameter("state", enum=Load.State.values), OpenApiParameter("source", str),
            OpenApiParameter("offset", int), OpenApiParameter("limit", int, description="up to 1,000"),
        ],
        responses=inline_serializer("Loads", {"count": serializers.IntegerField(), "results": LoadShape(many=True)}),
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Loads of files that you may read and loads that you made, newest first; for curators all."""
        params = request.query_params
        refuse_nul(params)
        offset = whole_number(params, "offset", default=0)
        limit = whole_number(params, "limit", default=100, most=1000)
        loads = loads_for(request.user).select_related("created_by")
        if state := one_of(params, "state", Load.State.values):
            loads = loads.filter(state=state)
        if source := params.get("source"):
            loads = loads.filter(source__iexact=source)
        return Response({"count": loads.count(), "results": load_rows(loads[offset : offset + limit], request.user)})


class LoadDetail(ReadView):
    @extend_schema(responses=LoadShape)
    def get(self, request: Request, id: int) -> Response:
        load, _ = get_load_for(request.user, id)
        return Response(load_rows([load], request.user)[0])


class LoadWithdraw(APIView):
    @extend_schema(
        operation_id="loads_withdraw",
        description="Take the load's claims out of the database; earlier releases that it superseded come back. 409 where"
        " it is neither live nor superseded.",
        request=None, responses=LoadShape,
    )  # fmt: skip
    def post(self, request: Request, id: int) -> Response:
        load = get_own_load(request.user, id)
        if load.state not in WITHDRAWABLE:
            raise Conflict(f"The load is {load.state}; there is nothing to withdraw.")
        withdraw_load(load, by=request.user)
        return Response(load_rows([load], request.user)[0])
