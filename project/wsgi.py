"""The WSGI callable that a web server loads: `project.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

_django = get_wsgi_application()

from django.conf import settings  # noqa: E402

from project.core.bodies import Places, guard_bodies  # noqa: E402

application = guard_bodies(
    _django,
    Places(
        max(1, settings.WEB_THREADS // 2),
        timeout_s=settings.BODY_TIMEOUT_SECONDS,
        least_rate=settings.BODY_MIN_BYTES_PER_SECOND,
    ),
)
