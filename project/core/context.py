"""What every page needs: the top bar's live count and who may read."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from project.core.attention import count_for_badge
from project.core.roles import Right, is_administrator, may


def everywhere(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    running, failed = count_for_badge(user) if user and user.is_authenticated else (0, 0)
    return {
        "jobs_running": running,
        "jobs_failed": failed,
        # A function: pages that do not ask cost no query.
        "may_add_files": lambda: may(user, Right.WORK_WITH_FILES),
        "is_administrator": is_administrator(user),
        "public_read": settings.PUBLIC_READ,
        "default_assembly": settings.DEFAULT_ASSEMBLY,
        "version": settings.VERSION,
    }
