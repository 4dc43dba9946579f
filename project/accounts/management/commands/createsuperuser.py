from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.management.commands import createsuperuser
from django.db import transaction

from project.accounts.actions import give_role
from project.core.audit import record
from project.core.roles import Role


class Command(createsuperuser.Command):
    help = "Django's, with the administrator's role and a row in the audit trail."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        superusers = get_user_model().objects.filter(is_superuser=True)
        before = set(superusers.values_list("pk", flat=True))
        super().handle(*args, **options)
        for user in superusers.exclude(pk__in=before):
            record("user created", user, by=None, after={"username": user.get_username()})
            give_role(user, Role.ADMINISTRATOR, by=None)
