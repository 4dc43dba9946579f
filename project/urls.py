"""Every address of the site. The statistics app comes last: it answers the simulated `/api/...` routes."""

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from project import health
from project.common.problems import unknown_api_path
from project.core import api as core_api
from project.core.audit_views import AuditList
from project.metrics import metrics

# Swagger UI sets style attributes; scripts stay as strict as everywhere.
docs = csp_update({"style-src": [SELF, UNSAFE_INLINE]})(SpectacularSwaggerSplitView.as_view(url_name="api-schema"))

urlpatterns = [
    path("ping/", health.ping, name="ping"),
    path("healthz/", health.healthz, name="healthz"),
    # One door: its failures are bounded, its page says what went wrong.
    path("admin/login/", RedirectView.as_view(pattern_name="login", query_string=True)),
    path("metrics", metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("accounts/", include("project.accounts.urls")),
    path("jobs/", include("project.core.urls")),
    path("audit/", include("project.core.audit_urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/docs/", docs, name="api-docs"),
    path("api/v1/audit/", AuditList.as_view(), name="api-audit"),
    path("api/v1/jobs/", core_api.JobList.as_view(), name="api-jobs"),
    path("api/v1/jobs/<int:id>/", core_api.JobDetail.as_view(), name="api-job"),
    path("api/v1/jobs/<int:id>/cancel/", core_api.JobCancel.as_view(), name="api-job-cancel"),
    path("api/v1/jobs/<int:id>/dismiss/", core_api.JobDismiss.as_view(), name="api-job-dismiss"),
    path("api/v1/jobs/<int:id>/retry/", core_api.JobRetry.as_view(), name="api-job-retry"),
    path("api/v1/", include("variants.api_urls")),
    path("api/v1/", include("files.api_urls")),
    re_path(r"^api/v1/(?P<rest>.*)$", unknown_api_path),
    path("", include("variants.urls")),
    path("files/", include("files.urls")),
    path("", include("stats.urls")),
]

handler404 = "project.common.problems.not_found"
