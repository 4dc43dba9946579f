import logging

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.db.backends.signals import connection_created

from project.common import logs
from project.core import slow_queries
from project.core.thread_connections import close_with_thread


class CoreConfig(AppConfig):
    default = True
    name = "project.core"
    label = "core"
    verbose_name = "Vardesk core"

    def ready(self) -> None:
        logs.tell_uncaught()
        logging.captureWarnings(True)  # a warning is a line like others, and its text may hold data
        connection_created.connect(slow_queries.watch, dispatch_uid="slow_queries")
        connection_created.connect(close_with_thread, dispatch_uid="thread_connections")


class AdminConfig(admin_apps.AdminConfig):
    default = False  # of this module; INSTALLED_APPS names it
    default_site = "project.core.admin_site.Site"
