"""The Celery application: reads its settings from Django's, finds `tasks.py` in each app."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings
from django.utils.log import configure_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

app = Celery("vardesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def log_as_everywhere(**_: Any) -> None:
    """Instead of Celery's own handlers, which would print what tasks were given and what their errors say."""
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
