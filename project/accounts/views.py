"""Log-in, passwords, and the page of one's own account."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model, update_session_auth_hash
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from knox.models import AuthToken

from project.accounts import actions, throttle, tokens
from project.accounts.forms import LogInForm, OwnPasswordForm, ProfileForm, ResetForm, TokenForm
from project.accounts.models import Session
from project.core.roles import LEAST_ROLE, Right, may, role_of

HANDLE_LENGTH = 16


class LogIn(auth.LoginView):
    authentication_form = LogInForm

    def form_invalid(self, form: Any) -> HttpResponse:
        return _or_wait(super().form_invalid(form), form.wait_s)


class ChangePassword(auth.PasswordChangeView):
    form_class = OwnPasswordForm
    success_url = reverse_lazy("accounts:profile")

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"request": self.request}

    def form_invalid(self, form: Any) -> HttpResponse:
        return _or_wait(super().form_invalid(form), form.wait_s)

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        form.save()
        update_session_auth_hash(self.request, form.user)
        actions.password_was_set(form.user, by=form.user, how="changed", keep_session=self.request.session.session_key)
        messages.success(self.request, "Your password was changed. Your other sessions have ended; tokens still work.")
        return redirect(self.success_url)


class ResetPassword(auth.PasswordResetView):
    form_class = ResetForm
    success_url = reverse_lazy("password_reset_done")

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"request": self.request}

    def form_invalid(self, form: Any) -> HttpResponse:
        return _or_wait(super().form_invalid(form), form.wait_s)


class ConfirmReset(auth.PasswordResetConfirmView):
    success_url = reverse_lazy("password_reset_complete")

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        actions.password_was_set(form.user, by=form.user, how="reset by e-mail")
        throttle.clear(throttle.by_account("login", form.user.get_username()))
        return response


def _or_wait(response: HttpResponse, wait_s: int) -> HttpResponse:
    if wait_s:
        response.status_code = 429
        response["Retry-After"] = str(wait_s)
    return response


@never_cache
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Name and e-mail, the role and what it may, tokens, sessions."""
    if request.method != "POST":
        return _page(request)
    form = ProfileForm(request.POST, instance=request.user, request=request)
    if form.is_valid():
        user = get_user_model().objects.get(pk=request.user.pk or 0)  # the form has written into the other one already
        actions.change_profile(user, {name: form.cleaned_data[name] for name in form.Meta.fields}, by=user)
        messages.success(request, "Saved.")
        return redirect("accounts:profile")
    return _or_wait(_page(request, form=form, status=400), form.wait_s)


def _page(
    request: HttpRequest, *, form: Any = None, token_form: Any = None, key: str = "", status: int = 200
) -> HttpResponse:
    user = request.user
    context = {
        "form": form or ProfileForm(instance=user),
        "token_form": token_form or TokenForm(initial={"days": 90}),
        "new_key": key,
        "role": role_of(user),
        "rights": [{"text": right.value, "has": may(user, right), "least": LEAST_ROLE[right]} for right in Right],
        "tokens": tokens.tokens_of(user),
        "sessions": _sessions(request),
    }
    return render(request, "accounts/profile.html", context, status=status)


def _sessions(request: HttpRequest) -> list[dict[str, Any]]:
    found = Session.objects.filter(user_id=request.user.pk or 0, expire_date__gt=timezone.now()).order_by("-seen")
    here = request.session.session_key
    return [
        {name: getattr(one, name) for name in ("handle", "agent", "network", "created", "seen")}
        | {"is_here": one.session_key == here}
        for one in found
    ]


@never_cache
@require_POST
@login_required
def make_token(request: HttpRequest) -> HttpResponse:
    """The answer to this very request is the only place where the key is ever shown."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, token_form=form, status=400)
    key = tokens.make_token(request.user, **form.cleaned_data, by=request.user)
    return _page(request, key=key)


@require_POST
@login_required
def revoke_token(request: HttpRequest, handle: str) -> HttpResponse:
    token = AuthToken.objects.filter(user=request.user, digest__startswith=handle).first()
    if token is None:
        raise Http404("You have no such token.")
    tokens.revoke(token, by=request.user)
    messages.success(request, "The token was revoked; whatever used it is refused from now on.")
    return redirect("accounts:profile")


@require_POST
@login_required
def end_session(request: HttpRequest, handle: str) -> HttpResponse:
    session = next((one for one in Session.objects.filter(user_id=request.user.pk or 0) if one.handle == handle), None)
    if session is None:
        raise Http404("You have no such session.")
    actions.end_session(session, by=request.user)
    messages.success(request, "The session was ended.")
    return redirect("accounts:profile")
