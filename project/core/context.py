"""What every page needs: the top bar's live count and who may read."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from project.core.models import Job
from project.core.roles import Right, is_administrator, may


def everywhere(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    return {
        "jobs_running": Job.objects.visible_to(user).in_work().count() if user and user.is_authenticated else 0,
        # A function: pages that do not ask cost no query.
        "may_add_files": lambda: may(user, Right.WORK_WITH_FILES),
        "is_administrator": is_administrator(user),
        "public_read": settings.PUBLIC_READ,
        "default_assembly": settings.DEFAULT_ASSEMBLY,
        "version": settings.VERSION,
    }
