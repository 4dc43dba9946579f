"""The Celery application: reads its settings from Django's, finds `tasks.py` in each app."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

app = Celery("vardesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
