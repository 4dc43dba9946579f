from django.contrib.auth import views as auth
from django.urls import include, path, re_path

from project.accounts import views

HANDLE = f"(?P<handle>[0-9a-f]{{{views.HANDLE_LENGTH}}})"

own = [
    path("", views.profile, name="profile"),
    path("tokens/", views.make_token, name="token-make"),
    re_path(rf"^tokens/{HANDLE}/revoke/$", views.revoke_token, name="token-revoke"),
    re_path(rf"^sessions/{HANDLE}/end/$", views.end_session, name="session-end"),
]
# Without a namespace: Django's own views and templates use these names.
urlpatterns = [
    path("", include((own, "accounts"))),
    path("login/", views.LogIn.as_view(), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("password/", views.ChangePassword.as_view(), name="password_change"),
    path("reset/", views.ResetPassword.as_view(), name="password_reset"),
    path("reset/sent/", auth.PasswordResetDoneView.as_view(), name="password_reset_done"),
    path("reset/<uidb64>/<token>/", views.ConfirmReset.as_view(), name="password_reset_confirm"),
    path("reset/done/", auth.PasswordResetCompleteView.as_view(), name="password_reset_complete"),
]
