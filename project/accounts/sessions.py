"""SESSION_ENGINE: Django's sessions in the database, with their user, network and browser beside them."""

import re
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

from project.accounts.models import Session
from project.common.origin import current

SEEN_EVERY_S = 300  # a page view costs a write at most this often
_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


class SessionStore(DatabaseStore):
    """Reading notes when the session was last seen; writing notes whose it is."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _validate_session_key(self, key: str | None) -> bool:
        """A cookie can hold anything, a NUL too, which PostgreSQL refuses; keys are small letters and digits."""
        return key is not None and key.isascii() and key.isalnum() and super()._validate_session_key(key)  # type: ignore[misc]

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        key = self._get_or_create_session_key()  # type: ignore[attr-defined]
        known = Session.objects.filter(pk=key).values_list("created", flat=True).first()
        return Session(
            session_key=key,
            session_data=self.encode(data),
            expire_date=self.get_expiry_date(),
            user_id=int(data[SESSION_KEY]) if data.get(SESSION_KEY) else None,
            agent=data.get("agent", ""),
            network=current().network,
            created=known or timezone.now(),
        )

    def _get_session_from_db(self) -> Session | None:
        session = super()._get_session_from_db()  # type: ignore[misc]
        if session and session.user_id and (timezone.now() - session.seen).total_seconds() > SEEN_EVERY_S:
            Session.objects.filter(pk=session.pk).update(seen=timezone.now(), network=current().network)
        return session


def agent_in_words(user_agent: str) -> str:
    """`Firefox on Windows`, enough for a person to know their own machine again."""
    browser = next((name for mark, name in _BROWSERS if re.search(rf"{mark}/", user_agent)), "A browser")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return f"{browser} on {system}" if system else browser
