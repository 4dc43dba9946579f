"""People, their tokens and sessions. Roles are given and accounts closed through `actions`, as everywhere."""

import secrets
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from knox import admin as knox_admin  # noqa: F401  (registers tokens to be typed in; replaced below)
from knox.models import AuthToken

from project.accounts import actions, throttle, tokens
from project.accounts.forms import NewPersonForm, PersonForm, RoleForm
from project.accounts.models import Session
from project.common.problems import BadQuery
from project.core.admin_base import BaseAdmin, LookOnly, is_confirmed, link, list_link, too_many
from project.core.admin_site import Attention, watch
from project.core.roles import Role

User = get_user_model()
admin.site.unregister([User, Group, AuthToken])

IS_ADMINISTRATOR = Q(is_staff=True) | Q(is_superuser=True)


class RoleFilter(admin.SimpleListFilter):
    title, parameter_name = "role", "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return Role.choices

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        role = self.value()
        if role is None:
            return queryset
        if role == Role.ADMINISTRATOR:
            return queryset.filter(IS_ADMINISTRATOR)
        others = queryset.exclude(IS_ADMINISTRATOR)
        if role == Role.VIEWER:  # also who is in no group
            return others.exclude(groups__name__in=[Role.ANALYST, Role.CURATOR])
        return others.filter(groups__name=role)


class LockedFilter(admin.SimpleListFilter):
    title, parameter_name = "locked", "locked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("1", "By failed log-ins")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(pk__in=throttle.locked_accounts()) if self.value() else queryset


@admin.register(User)
class PersonAdmin(BaseAdmin, UserAdmin):
    group = "People"
    title = "People"
    purpose = "Accounts and roles: add somebody, give a role, let in who is locked, close an account."
    form, add_form = PersonForm, NewPersonForm
    list_display = ["username", "name", "email", "role", "last_login", "is_active", "token_count"]
    list_filter = [RoleFilter, "is_active", LockedFilter]
    search_fields = ["username", "first_name", "last_name", "email"]
    search_help_text = "A part of the user name, the name or the address."
    ordering = ["username"]
    actions = ["give_role", "let_log_in", "shut_out", "deactivate", "activate"]
    fieldsets = [
        (None, {"fields": ["username", "first_name", "last_name", "email"]}),
        ("What they may", {"fields": ["role", "is_active"]}),
        ("Known", {"fields": ["password_state", "last_login", "date_joined", "belongings"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "first_name", "last_name", "email", "role"]}),
        ("Password", {"fields": ["password1", "password2"]}),
    ]
    readonly_fields = ["password_state", "last_login", "date_joined", "belongings"]
    filter_horizontal = []

    def get_queryset(self, request: HttpRequest) -> Any:
        people = super().get_queryset(request).prefetch_related("groups")
        return people.annotate(token_count=Count("auth_token_set", Q(auth_token_set__expiry__gt=timezone.now())))

    @admin.display(description="name", ordering="last_name")
    def name(self, user: Any) -> str:
        return user.get_full_name() or "–"

    @admin.display(description="role")
    def role(self, user: Any) -> str:
        """As `role_of`, from the groups that were fetched for the whole list, and for closed accounts too."""
        if user.is_staff or user.is_superuser:
            return Role.ADMINISTRATOR.value
        names = {group.name for group in user.groups.all()}
        return next((role.value for role in (Role.CURATOR, Role.ANALYST) if role in names), Role.VIEWER.value)

    @admin.display(description="tokens", ordering="token_count")
    def token_count(self, user: Any) -> str:
        count = user.token_count
        return list_link("knox_authtoken", str(count), user__id__exact=user.pk) if count else "–"

    @admin.display(description="password")
    def password_state(self, user: Any) -> str:
        said = "is set" if user.has_usable_password() else "none: cannot log in with one"
        url = reverse("admin:auth_user_password_change", args=[user.pk])
        return format_html('{} · <a href="{}">Set another</a>', said, url)

    @admin.display(description="theirs")
    def belongings(self, user: Any) -> str:
        links = [
            list_link("accounts_session", "Sessions", user__id__exact=user.pk),
            list_link("knox_authtoken", "Tokens", user__id__exact=user.pk),
            list_link("core_job", "Jobs", owner__id__exact=user.pk),
            list_link("files_datafile", "Files", owner__id__exact=user.pk),
            link(f"{reverse('audit:list')}?{urlencode({'person': user.get_username()})}", "What they did"),
        ]
        return format_html_join(" · ", "{}", ((one,) for one in links))

    # --- writing: through actions, so that each leaves its own row in the audit trail

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if obj else []

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except BadQuery as refused:  # another administrator was quicker than the form's own check
            self.message_user(request, said_by(refused), messages.ERROR)
            return redirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            return self._create(request, obj, form)
        stored = User.objects.get(pk=obj.pk)  # the form has written into `obj` already
        profile = {name: form.cleaned_data[name] for name in actions.PROFILE_FIELDS}
        actions.change_profile(stored, profile, by=request.user)
        if form.cleaned_data["is_active"]:
            actions.activate(stored, by=request.user)
        if "role" in form.changed_data:
            actions.give_role(stored, Role(form.cleaned_data["role"]), by=request.user)
        if not form.cleaned_data["is_active"]:
            actions.deactivate(stored, by=request.user)
        return None

    def _create(self, request: HttpRequest, user: Any, form: Any) -> None:
        # A mail to choose a password goes to accounts with a usable one only: this one nobody knows.
        user.set_password(form.cleaned_data["password1"] or secrets.token_urlsafe(32))
        actions.create_person(user, Role(form.cleaned_data["role"]), by=request.user)
        if form.wants_mail:
            transaction.on_commit(lambda: _invite(request, user))
            self.message_user(request, f"A mail with which to choose a password goes to {user.email}.", messages.INFO)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        with transaction.atomic():
            before = User.objects.select_for_update().filter(pk=int(id)).first() if id.isdigit() else None
            response = super().user_change_password(request, id, form_url)
            user = before and User.objects.get(pk=before.pk)
            if user and before and user.password != before.password:
                own = request.session.session_key if user.pk == request.user.pk else None
                actions.password_was_set(user, by=request.user, how="set by an administrator", keep_session=own)
        return response

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        user = self.get_object(request, object_id)
        if user and (reason := actions.why_not_delete(user)):
            self.message_user(request, reason, messages.ERROR)
            return redirect("admin:auth_user_change", user.pk)
        return super().delete_view(request, object_id, extra_context)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        actions.delete_person(obj, by=request.user)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes with an account (sessions, tokens) has no permissions of its own to ask for."""
        to_delete, counts, _, protected = super().get_deleted_objects(objs, request)
        return to_delete[:1], counts, set(), protected  # the rest are keys of sessions and hashes of tokens

    # --- actions

    def object_actions(self, obj: Any) -> list[str]:
        locked = ["let_log_in"] if obj.pk in throttle.locked_accounts() else []
        return [*locked, "give_role", "shut_out", "deactivate" if obj.is_active else "activate"]

    @admin.action(description="Give role …")
    def give_role(self, request: HttpRequest, queryset: Any) -> Any:
        form = RoleForm(request.POST if is_confirmed(request) else None)
        if is_confirmed(request) and form.is_valid():
            role = Role(form.cleaned_data["role"])
            return self._each(
                request, queryset, lambda user: actions.give_role(user, role, by=request.user), f"now {role}"
            )
        said = ["They have this role and no other from then on; it takes effect with their next click."]
        return self._ask(request, queryset, "give_role", "Give these people a role", "Give the role", said, form=form)

    @admin.action(description="Let log in again …")
    def let_log_in(self, request: HttpRequest, queryset: Any) -> Any:
        if is_confirmed(request):
            return self._each(request, queryset, lambda user: actions.let_log_in(user, by=request.user), "let in again")
        said = ["Their failed log-ins are forgotten. Ask first whether it was they who tried."]
        return self._ask(request, queryset, "let_log_in", "Let these people log in again?", "Let them in", said)

    @admin.action(description="End sessions and revoke tokens …")
    def shut_out(self, request: HttpRequest, queryset: Any) -> Any:
        if is_confirmed(request):
            return self._each(request, queryset, lambda user: actions.shut_out(user, by=request.user), "shut out")
        said = [
            "Every browser and every script of theirs is refused from then on, at once.",
            "They can log in again with their password; deactivate the account if they should not.",
        ]
        title = "End all sessions and revoke all tokens of these people?"
        return self._ask(request, queryset, "shut_out", title, "End and revoke", said, is_grave=True)

    @admin.action(description="Deactivate …")
    def deactivate(self, request: HttpRequest, queryset: Any) -> Any:
        if is_confirmed(request):
            return self._each(request, queryset, lambda user: actions.deactivate(user, by=request.user), "deactivated")
        said = [
            "They cannot log in any more; their sessions end and their tokens are revoked.",
            "Files, jobs and loads stay where they are and keep their name.",
        ]
        return self._ask(
            request, queryset, "deactivate", "Deactivate these accounts?", "Deactivate", said, is_grave=True
        )

    @admin.action(description="Activate …")
    def activate(self, request: HttpRequest, queryset: Any) -> Any:
        if is_confirmed(request):
            return self._each(request, queryset, lambda user: actions.activate(user, by=request.user), "activated")
        said = ["They can log in again with the password that they had. Tokens that were revoked stay revoked."]
        return self._ask(request, queryset, "activate", "Activate these accounts?", "Activate", said)

    def _ask(
        self, request: HttpRequest, queryset: Any, action: str, title: str, button: str, said: list[str], **more: Any
    ) -> Any:
        if refusal := too_many(queryset.count()):
            return self.message_user(request, refusal, messages.ERROR)
        rows = [(user.pk, f"{user.get_username()} ({self.role(user)})") for user in queryset]
        return self.ask(request, action, title=title, rows=rows, button=button, said=said, **more)

    def _each(self, request: HttpRequest, queryset: Any, act: Callable[[Any], None], word: str) -> None:
        done = []
        for user in queryset.order_by("username"):
            try:
                act(user)
                done.append(user.get_username())
            except BadQuery as refused:
                self.message_user(request, said_by(refused), messages.ERROR)
        if done:
            self.message_user(request, f"{', '.join(done)}: {word}.", messages.SUCCESS)


def said_by(refused: BadQuery) -> str:
    return " ".join(sentence for said in refused.errors.values() for sentence in said)


def _invite(request: HttpRequest, user: Any) -> None:
    form = PasswordResetForm({"email": user.email})
    if form.is_valid():
        form.save(request=request, use_https=request.is_secure())


class ByHandle(LookOnly):
    """Rows whose primary key opens a door: pages name them by a handle, and no page shows one of them alone."""

    list_display_links = None
    list_select_related = ["user"]
    search_fields = ["user__username"]
    search_help_text = "A part of the user name."
    group = "People"

    def handle_of(self, obj: Any) -> str:
        raise NotImplementedError

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        """Not by the key: `?session_key__startswith=a` would read one out letter by letter."""
        return lookup.partition("__")[0] in ("user", "expiry") and super().lookup_allowed(lookup, value, request)

    def chosen(self, request: HttpRequest) -> list[Any]:
        """The rows that the checkboxes name."""
        handles = set(request.POST.getlist(admin.helpers.ACTION_CHECKBOX_NAME))
        return [row for row in self.get_queryset(request).select_related("user") if self.handle_of(row) in handles]

    def action_checkbox(self, obj: Any) -> Any:
        label = f"Select this row of {obj.user} for an action"
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="{}">',
            admin.helpers.ACTION_CHECKBOX_NAME, self.handle_of(obj), label,
        )  # fmt: skip

    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        raise Http404("There is no page of one of these.")

    def history_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        raise Http404("There is no page of one of these.")


@admin.register(Session)
class SessionAdmin(ByHandle):
    purpose = "Who is logged in where, since when. End what should not be."
    list_display = ["user", "agent", "network", "created", "seen", "expire_date"]
    ordering = ["-seen"]
    actions = ["end"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(user__isnull=False, expire_date__gt=timezone.now())

    def handle_of(self, obj: Session) -> str:
        return obj.handle

    @admin.action(description="End …")
    def end(self, request: HttpRequest, queryset: Any) -> Any:
        sessions = self.chosen(request)
        if not is_confirmed(request):
            rows = [
                (one.handle, f"{one.user}: {one.agent or 'a browser'}, from {one.network or 'this machine'}")
                for one in sessions
            ]
            said = ["These browsers are logged out at once. Tokens of the same people still work."]
            return self.ask(
                request, "end", title="End these sessions?", rows=rows, button="End them", said=said, is_grave=True
            )
        for one in sessions:
            actions.end_session(one, by=request.user)
        return self.message_user(request, f"Sessions ended: {len(sessions)}.", messages.SUCCESS)


@admin.register(AuthToken)
class TokenAdmin(ByHandle):
    title = "API tokens"
    purpose = "What scripts log in with: whose, how old, last used. Revoke what nobody uses."
    list_display = ["user", "name", "begins", "created", "expiry", "used"]
    list_select_related = ["user", "note"]
    list_filter = [("expiry", admin.DateFieldListFilter)]
    search_fields = ["user__username", "note__name"]
    search_help_text = "A part of the user name or of the token's name."
    ordering = ["-created"]
    actions = ["revoke"]

    def handle_of(self, obj: AuthToken) -> str:
        return obj.digest[:16]

    @admin.display(description="name")
    def name(self, token: AuthToken) -> str:
        return token.note.name if hasattr(token, "note") else "–"

    @admin.display(description="begins with")
    def begins(self, token: AuthToken) -> str:
        return format_html("<code>{}</code>", token.token_key[:8])

    @admin.display(description="last used")
    def used(self, token: AuthToken) -> Any:
        return (token.note.used if hasattr(token, "note") else None) or "never"

    @admin.action(description="Revoke …")
    def revoke(self, request: HttpRequest, queryset: Any) -> Any:
        found = self.chosen(request)
        if not is_confirmed(request):
            rows = [
                (self.handle_of(one), f"{one.user}: {self.name(one)}, begins with {one.token_key[:8]}") for one in found
            ]
            said = ["Whatever uses these tokens is refused from then on. A revoked token cannot be brought back."]
            return self.ask(
                request, "revoke", title="Revoke these tokens?", rows=rows, button="Revoke", said=said, is_grave=True
            )
        for one in found:
            tokens.revoke(one, by=request.user)
        return self.message_user(request, f"Tokens revoked: {len(found)}.", messages.SUCCESS)


def _locked_accounts() -> list[Attention]:
    count = len(throttle.locked_accounts())
    said = f"{count} account{'s are' if count > 1 else ' is'} locked by failed log-ins"
    return [Attention(said, f"{reverse('admin:auth_user_changelist')}?locked=1")] if count else []


watch(_locked_accounts)
