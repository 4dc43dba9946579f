"""Sessions that know whose they are, names for API tokens, and tries that failed."""

import hashlib

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone


class Session(AbstractBaseSession):
    """A log-in in one browser. The store in `sessions.py` writes it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="sessions")
    created = models.DateTimeField(default=timezone.now)
    seen = models.DateTimeField(default=timezone.now, help_text="to within SEEN_EVERY_S")
    network = models.CharField(max_length=49, blank=True)
    agent = models.CharField(max_length=80, blank=True, help_text="browser and system, in words")

    class Meta(AbstractBaseSession.Meta):
        abstract = False

    @property
    def handle(self) -> str:
        """A name for it in pages and in the audit trail: the key itself would open the session."""
        return hashlib.sha256(self.session_key.encode()).hexdigest()[:16]

    @classmethod
    def get_session_store_class(cls) -> type:
        from project.accounts.sessions import SessionStore

        return SessionStore


class TokenNote(models.Model):
    """What knox's token does not say of itself."""

    token = models.OneToOneField(
        "knox.AuthToken", on_delete=models.CASCADE, primary_key=True, related_name="note", db_column="digest"
    )
    name = models.CharField(max_length=60)
    used = models.DateTimeField(null=True, blank=True, help_text="to within USED_EVERY_S")

    def __str__(self) -> str:
        return self.name


class FailedTry(models.Model):
    """One try to log in, or one unknown token. `key` is a keyed hash: no address and no user name is kept."""

    key = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["key", "at"], name="failed_try_key"),
            models.Index(fields=["at"], name="failed_try_at"),
        ]
        verbose_name_plural = "failed tries"
