import os
import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models import Q

from project.accounts.actions import give_role
from project.core.audit import record
from project.core.roles import Role

PASSWORD_FILE = "admin-password"


class Command(BaseCommand):
    help = "Make `admin` with a random password in a file only its owner can read, where no administrator can log in."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if administrator_can_log_in():
            return
        path, password = settings.VAR_DIR / PASSWORD_FILE, secrets.token_urlsafe(12)
        path.unlink(missing_ok=True)
        with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as stream:
            stream.write(password + "\n")
        # A plain user of that name may be there already, made by create_token.
        user, _ = get_user_model().objects.get_or_create(username="admin")
        user.set_password(password)
        user.is_superuser = user.is_staff = True
        user.save()
        give_role(user, Role.ADMINISTRATOR, by=None)
        record("administrator created", user, by=None)
        self.stdout.write(f"Made the administrator: user admin, password in {path}")


def administrator_can_log_in() -> bool:
    """An administrator need not be a superuser. One without a password, made for a token, is of no help to a person."""
    found = (
        get_user_model().objects.filter(Q(is_superuser=True) | Q(is_staff=True), is_active=True).exclude(password="")
    )
    return any(user.has_usable_password() for user in found)
