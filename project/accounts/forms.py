from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, PasswordResetForm, UsernameField
from django.contrib.auth.password_validation import validate_password

from project.accounts import throttle
from project.accounts.actions import PROFILE_FIELDS, is_last_administrator
from project.core.roles import Role, role_of


def in_minutes(wait_s: int) -> str:
    minutes = -(-wait_s // 60)
    return "a minute" if minutes <= 1 else f"{minutes} minutes"


class LogInForm(AuthenticationForm):
    """Django's, with failures bounded by account and by address. `wait_s`: 0, or how long this one has to wait."""

    error_messages = AuthenticationForm.error_messages | {
        "invalid_login": "No account has this user name and password. Both tell capital letters from small ones.",
    }
    wait_s = 0

    def clean(self) -> dict[str, Any]:
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not name or not password or self.request is None:
            return super().clean()
        account, address = throttle.by_account("login", name), throttle.by_address("login", self.request)
        self.wait_s = throttle.note(account, address)
        if self.wait_s:
            raise forms.ValidationError(
                f"Too many log-ins failed. Try again in {in_minutes(self.wait_s)}; an administrator can let you in"
                " earlier.",
                code="throttled",
            )
        cleaned = super().clean()
        throttle.clear(account)
        throttle.take_back(address)
        return cleaned


class ResetForm(PasswordResetForm):
    """Django's, bounded like log-ins: each of them sends a mail."""

    def __init__(self, *args: Any, request: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.wait_s = 0

    def clean_email(self) -> str:
        email = self.cleaned_data["email"]
        if self.request is not None:
            self.wait_s = throttle.note(throttle.by_account("reset", email), throttle.by_address("reset", self.request))
        if self.wait_s:
            raise forms.ValidationError(f"Too many mails were asked for. Try again in {in_minutes(self.wait_s)}.")
        return email


class AsksOwnPassword:
    """Bounded like log-ins: who sits at a session of somebody else's could guess the password here."""

    wait_s = 0

    def __init__(self, *args: Any, request: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def check_own_password(self, user: Any, password: str) -> None:
        """Raises ValidationError, and sets `wait_s` where one has to wait before the next try."""
        account, address = throttle.by_account("password", str(user.pk)), throttle.by_address("password", self.request)
        self.wait_s = throttle.note(account, address)
        if self.wait_s:
            raise forms.ValidationError(f"Too many wrong passwords. Try again in {in_minutes(self.wait_s)}.")
        if not user.check_password(password):
            raise forms.ValidationError("The password was entered incorrectly.", code="password_incorrect")
        throttle.clear(account)
        throttle.take_back(address)


class OwnPasswordForm(AsksOwnPassword, PasswordChangeForm):
    def clean_old_password(self) -> str:
        password = self.cleaned_data["old_password"]
        self.check_own_password(self.user, password)
        return password


class OwnAddressMixin:
    """An address of two accounts would let the one reset the other's password."""

    cleaned_data: dict[str, Any]
    instance: Any

    def clean_email(self) -> str:
        email = self.cleaned_data["email"]
        others = get_user_model().objects.exclude(pk=self.instance.pk)
        if email and others.filter(email__iexact=email).exists():
            raise forms.ValidationError("Another account has this address.")
        return email


class ProfileForm(AsksOwnPassword, OwnAddressMixin, forms.ModelForm):
    """Another address needs the password: whoever reads its mails can choose a new one."""

    password = forms.CharField(required=False, strip=False, widget=forms.PasswordInput)

    class Meta:
        model = get_user_model()
        fields = ["first_name", "last_name", "email"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        user = get_user_model().objects.get(pk=self.instance.pk)
        if "email" in self.changed_data and user.has_usable_password():
            try:
                self.check_own_password(user, cleaned.get("password", ""))
            except forms.ValidationError as error:
                self.add_error("password", error)
        return cleaned


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices, label="Role")


class PersonForm(OwnAddressMixin, forms.ModelForm):
    """An account as administrators change it. What it says is carried out by `actions`, not by `save`."""

    role = forms.ChoiceField(choices=Role.choices, help_text="Each role may do what the ones before it may.")

    class Meta:
        model = get_user_model()
        fields = [*PROFILE_FIELDS, "is_active"]
        field_classes = {"username": UsernameField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].initial = self._role_of_row()

    def _role_of_row(self) -> str:
        """The role that the account would have if it were active."""
        if self.instance.is_staff or self.instance.is_superuser:
            return Role.ADMINISTRATOR
        if self.instance.is_active:
            return role_of(self.instance) or Role.VIEWER
        names = self.instance.groups.values_list("name", flat=True)
        return next((name for name in names if name in Role.values), Role.VIEWER)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        stays = cleaned.get("is_active") and cleaned.get("role") == Role.ADMINISTRATOR
        if not stays and is_last_administrator(get_user_model().objects.get(pk=self.instance.pk)):
            raise forms.ValidationError(
                "This is the last administrator. Make somebody else one first; then this account can be changed."
            )
        return cleaned


class NewPersonForm(OwnAddressMixin, forms.ModelForm):
    """A new account. Without a password a mail is sent, with which its owner chooses one."""

    role = forms.ChoiceField(choices=Role.choices, initial=Role.ANALYST)
    password1 = forms.CharField(
        label="Password", strip=False, required=False, widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text="Leave both empty to send a mail in which the person chooses one.",
    )  # fmt: skip
    password2 = forms.CharField(
        label="Once more", strip=False, required=False, widget=forms.PasswordInput({"autocomplete": "new-password"})
    )

    class Meta:
        model = get_user_model()
        fields = [*PROFILE_FIELDS]
        field_classes = {"username": UsernameField}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.wants_mail:
            if not cleaned.get("email") and "email" not in self.errors:
                self.add_error("email", "Without a password an address is needed, to send the mail to.")
        elif cleaned.get("password1") != cleaned.get("password2"):
            self.add_error("password2", "The two passwords differ.")
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if password := self.cleaned_data.get("password1"):
            try:  # only now does the instance have the name that the password must not resemble
                validate_password(password, self.instance)
            except forms.ValidationError as error:
                self.add_error("password1", error)

    @property
    def wants_mail(self) -> bool:
        return not (self.data.get("password1") or self.data.get("password2"))


class TokenForm(forms.Form):
    name = forms.CharField(max_length=60, strip=True)
    days = forms.TypedChoiceField(coerce=int, choices=[])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        longest = settings.TOKEN_MAX_DAYS
        days = sorted({each for each in (7, 30, 90, 365) if each < longest} | {longest})
        self.fields["days"].choices = [(each, f"{each} days") for each in days]  # type: ignore[attr-defined]
