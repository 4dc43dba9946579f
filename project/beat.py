"""The Celery application as beat sees it: the schedule and the broker, and none of the tasks, which cost 45 MB."""

from celery import Celery
from celery.loaders.app import AppLoader

from project.celery import log_as_everywhere


class OnlySchedule(AppLoader):
    def import_default_modules(self) -> list:
        return []


app = Celery("vardesk", loader=OnlySchedule, fixups=[])
app.config_from_object("django.conf:settings", namespace="CELERY")

__all__ = ["app", "log_as_everywhere"]  # the latter by its signal
