import getpass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.management.commands import changepassword
from django.db import transaction

from project.accounts.actions import password_was_set


class Command(changepassword.Command):
    help = "Django's, with a row in the audit trail; ends the person's sessions."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> str | None:
        said = super().handle(*args, **options)
        username = options["username"] or getpass.getuser()  # as Django's own command takes it
        password_was_set(get_user_model().objects.get_by_natural_key(username), by=None, how="from the shell")
        return said
