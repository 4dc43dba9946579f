import os
import secrets
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand

PASSWORD_FILE = "admin-password"


class Command(BaseCommand):
    help = "Make a database ready for use: tables, reference genes, sample variants, an administrator. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="without the sample variants")

    def handle(self, *args: Any, no_demo: bool, **options: Any) -> None:
        for folder in (settings.VAR_DIR, settings.STORAGE_DIR, settings.SPOOL_DIR, Path(settings.FILE_UPLOAD_TEMP_DIR)):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        call_command("migrate", interactive=False, verbosity=0, stdout=self.stdout)
        self.create_administrator()
        call_command("load_genes", "--if-empty", stdout=self.stdout)
        if not no_demo:
            call_command("load_demo", stdout=self.stdout)

    def create_administrator(self) -> None:
        """An `admin` with a random password in a file only its owner can read, where there is no superuser yet."""
        if get_user_model().objects.filter(is_superuser=True).exists():
            return
        path, password = settings.VAR_DIR / PASSWORD_FILE, secrets.token_urlsafe(12)
        path.unlink(missing_ok=True)
        with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as stream:
            stream.write(password + "\n")
        # A plain user of that name may be there already, made by create_token.
        user, _ = get_user_model().objects.get_or_create(username="admin")
        user.is_staff = user.is_superuser = True
        user.set_password(password)
        user.save()
        self.stdout.write(f"Made the administrator: user admin, password in {path}")
