from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from knox.models import AuthToken

from project.core.models import record


class Command(BaseCommand):
    help = "Create the user if missing and print one API token as the last line (valid for a year; shown only once)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument(
            "--staff", action="store_true", help="make the user staff: admin, load tests, all statistics"
        )

    def handle(self, *args: Any, username: str, staff: bool, **options: Any) -> None:
        user, made = get_user_model().objects.get_or_create(username=username)
        if made:
            user.set_unusable_password()
            user.save(update_fields=["password"])
        if staff and not user.is_staff:
            user.is_staff = True
            user.save(update_fields=["is_staff"])
        _, key = AuthToken.objects.create(user)
        record("token created", user, by=None, staff=user.is_staff)
        self.stdout.write(key)
