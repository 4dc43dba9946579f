"""What is done to people: roles, passwords, sessions, profiles. Each leaves its row in the audit trail."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.mail import send_mail
from django.db import models, transaction
from django.db.models import Q
from knox.models import AuthToken

from project.accounts import throttle
from project.accounts.models import Session
from project.common.problems import BadQuery
from project.core.audit import changes, fields_of, record
from project.core.roles import Role, role_of

PROFILE_FIELDS = ("username", "first_name", "last_name", "email")


@transaction.atomic
def give_role(user: Any, role: Role, *, by: Any) -> None:
    """`user` has this role and no other from now on. Raises BadQuery for the last active administrator."""
    before = role_of(user)
    if before == Role.ADMINISTRATOR and role != Role.ADMINISTRATOR and is_last_administrator(user):
        raise BadQuery({"role": f"{user.get_username()} is the last administrator; make somebody else one first."})
    user.groups.set([Group.objects.get_or_create(name=role.value)[0]])
    user.is_staff = role == Role.ADMINISTRATOR
    user.is_superuser = user.is_superuser and user.is_staff
    user.save(update_fields=["is_staff", "is_superuser"])
    user._role = role
    if before != role:
        record("role given", user, by=by, before={"role": before}, after={"role": role})


@transaction.atomic
def create_person(user: Any, role: Role, *, by: Any) -> None:
    """Save a new user, whose password is set already, with this role."""
    user.save()
    record("user created", user, by=by, after=fields_of(user, PROFILE_FIELDS) | {"role": role})
    give_role(user, role, by=by)


@transaction.atomic
def deactivate(user: Any, *, by: Any) -> None:
    """Nobody can work as `user` any more; what is theirs stays. Raises BadQuery for the last administrator."""
    if not user.is_active:
        return
    if is_last_administrator(user):
        raise BadQuery({"is_active": f"{user.get_username()} is the last administrator; make somebody else one first."})
    _set_active(user, False, by=by)
    shut_out(user, by=by)


@transaction.atomic
def activate(user: Any, *, by: Any) -> None:
    if not user.is_active:
        _set_active(user, True, by=by)


def _set_active(user: Any, is_active: bool, *, by: Any) -> None:
    user.is_active = is_active
    user.save(update_fields=["is_active"])
    said = "user activated" if is_active else "user deactivated"
    record(said, user, by=by, before={"is_active": not is_active}, after={"is_active": is_active})


def work_of(user: Any) -> dict[str, int]:
    """Rows that would lose their person with this account: what they are called -> how many."""
    found = {}
    for relation in user._meta.get_fields(include_hidden=True):
        if relation.auto_created and getattr(relation, "on_delete", None) is models.SET_NULL:
            model = relation.related_model
            count = model._default_manager.filter(**{relation.field.name: user}).count()
            if count:
                found[str(model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural)] = count
    return found


@transaction.atomic
def why_not_delete(user: Any) -> str | None:
    """None, or the sentence that says why this account has to stay."""
    if work := work_of(user):
        owned = ", ".join(f"{count:,} {what}" for what, count in work.items())
        return (
            f"{user.get_username()} has {owned}, which would belong to nobody. Deactivate the account instead:"
            " nobody can use it then, and its work stays where it is."
        )
    if is_last_administrator(user):
        return f"{user.get_username()} is the last administrator; make somebody else one first."
    return None


@transaction.atomic
def delete_person(user: Any, *, by: Any) -> None:
    """Remove an account that has done nothing, such as one made by mistake. Raises BadQuery for any other."""
    if reason := why_not_delete(user):
        raise BadQuery({"": reason})
    record("user deleted", user, by=by, before=fields_of(user, PROFILE_FIELDS) | {"role": role_of(user)})
    user.delete()


def let_log_in(user: Any, *, by: Any) -> None:
    """Forget the tries that failed, so that the account is not locked any more."""
    throttle.clear(throttle.by_account("login", user.get_username()))
    record("failed log-ins forgotten", user, by=by)


def is_last_administrator(user: Any) -> bool:
    """Whether nobody else could administer. Locks the administrators' rows until the transaction ends, so that two
    of them cannot take the role from each other at the same moment.
    """
    administrators = get_user_model().objects.filter(Q(is_staff=True) | Q(is_superuser=True), is_active=True)
    return list(administrators.order_by("pk").select_for_update().values_list("pk", flat=True)) == [user.pk]


def change_profile(user: Any, new: dict[str, Any], *, by: Any) -> None:
    before, after = changes(user, new)
    if not after:
        return
    for name, value in after.items():
        setattr(user, name, value)
    with transaction.atomic():
        user.save(update_fields=list(after))
        record("profile changed", user, by=by, before=before, after=after)
        if before.get("email"):
            transaction.on_commit(lambda: _tell_old_address(user, before["email"]))


def _tell_old_address(user: Any, address: str) -> None:
    """Whoever took the account over would else do so unnoticed. A mail server that is away stops nobody."""
    text = (
        f"The e-mail address of the Vardesk account {user.get_username()} was changed to another one.\n\n"
        "If that was not you, tell the administrator of that server.\n"
    )
    send_mail("Your Vardesk e-mail address was changed", text, None, [address], fail_silently=True)


@transaction.atomic
def password_was_set(user: Any, *, by: Any, how: str, keep_session: str | None = None) -> None:
    """After a new password every other session ends. Tokens stay: scripts do not know the password."""
    ended, _ = Session.objects.filter(user=user).exclude(session_key=keep_session).delete()
    record("password changed", user, by=by, how=how, sessions_ended=ended)


@transaction.atomic
def end_session(session: Session, *, by: Any) -> None:
    assert session.user is not None
    record("session ended", session.user, by=by, before={"session": session.handle, "agent": session.agent})
    session.delete()


@transaction.atomic
def shut_out(user: Any, *, by: Any) -> None:
    """End every session and revoke every token of `user`, at once."""
    sessions, _ = Session.objects.filter(user=user).delete()
    tokens = AuthToken.objects.filter(user=user).count()
    AuthToken.objects.filter(user=user).delete()
    record("sessions and tokens ended", user, by=by, sessions=sessions, tokens=tokens)
