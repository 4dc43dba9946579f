from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.db import transaction

from project.accounts.actions import give_role
from project.accounts.tokens import make_token
from project.core.audit import record
from project.core.roles import Role


class Command(BaseCommand):
    help = "Create the user if missing and print one API token as the last line (valid for a year; shown only once)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--staff", action="store_true", help="the same as --role administrator")
        parser.add_argument("--role", choices=Role.values, help="default: analyst for a new user, else as it is")

    @transaction.atomic
    def handle(self, *args: Any, username: str, staff: bool, role: str | None, **options: Any) -> None:
        user, made = get_user_model().objects.get_or_create(username=username)
        if made:
            user.set_unusable_password()
            user.save(update_fields=["password"])
            record("user created", user, by=None, after={"username": username})
        wanted = Role.ADMINISTRATOR if staff else Role(role) if role else Role.ANALYST if made else None
        if wanted:
            give_role(user, wanted, by=None)
        self.stdout.write(make_token(user, name="from the shell", days=365, by=None))
