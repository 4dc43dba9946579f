import stat

import pytest
from django.apps import apps
from django.contrib.auth import authenticate, get_user_model
from django.core.management import call_command

from project.accounts.actions import give_role
from project.core.roles import Role, role_of

pytestmark = pytest.mark.django_db
User = get_user_model()


def token(capsys, *arguments: str) -> str:
    call_command("create_token", *arguments)
    return capsys.readouterr().out.splitlines()[-1]


def test_create_token_makes_the_user_and_prints_a_token_that_works(capsys, client):
    key = token(capsys, "olga")
    answer = client.get("/api/v1/files/", headers={"Authorization": f"Token {key}"})
    assert (answer.status_code, User.objects.get().is_staff) == (200, False)


def test_create_token_of_a_known_user_leaves_the_password(capsys):
    User.objects.create_user("olga", password="right horse")
    token(capsys, "olga", "--staff")
    assert authenticate(username="olga", password="right horse").is_staff


def test_a_user_made_for_a_token_cannot_log_in_by_password(capsys):
    token(capsys, "olga")
    assert not User.objects.get().has_usable_password()


@pytest.mark.parametrize("key", ["", "x", "0" * 64])
def test_a_wrong_token_is_401(client, key):
    assert client.get("/api/v1/files/", headers={"Authorization": f"Token {key}"}).status_code == 401


@pytest.mark.parametrize(
    ("command", "where"),
    [
        ("create_token olga", "project.accounts.management.commands.create_token"),
        ("create_administrator", "project.accounts.management.commands.create_administrator"),
        ("load_genes", "variants.management.commands.load_genes"),
    ],
)
def test_a_command_writes_nothing_without_its_row_in_the_trail(monkeypatch, settings, tmp_path, command, where):
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(f"{where}.record", lambda *args, **kwargs: 1 / 0)
    table = tmp_path / "genes.tsv"
    table.write_text("symbol\tsynonyms\nBRCA1\tRNF53\n")
    with pytest.raises(ZeroDivisionError):
        call_command(*command.split(), *([str(table)] if command == "load_genes" else []))
    assert not User.objects.exists()
    assert not apps.get_model("variants", "Gene").objects.exists()


@pytest.fixture
def has_genes(db) -> None:
    """A gene table, so that `prepare` does not load the whole one."""
    apps.get_model("variants", "Gene").objects.create(symbol="AAA1", listed=True)


@pytest.mark.usefixtures("has_genes")
def test_prepare_makes_an_administrator_whose_password_only_the_owner_reads(settings):
    call_command("prepare", "--no-demo")
    path = settings.VAR_DIR / "admin-password"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert authenticate(username="admin", password=path.read_text().strip()).is_superuser


@pytest.mark.usefixtures("has_genes")
def test_prepare_leaves_the_sample_out_where_the_settings_say_so(settings):
    settings.SAMPLE_DATA = False
    call_command("prepare")
    assert not apps.get_model("variants", "Load").objects.exists()


@pytest.mark.usefixtures("has_genes")
def test_prepare_gives_no_role_back_that_was_taken(settings, make_user):
    call_command("prepare", "--no-demo")
    admin = User.objects.get(username="admin")
    give_role(admin, Role.VIEWER, by=make_user("second", role="administrator", password="right horse"))
    call_command("prepare", "--no-demo")
    assert role_of(User.objects.get(username="admin")) == Role.VIEWER


@pytest.mark.usefixtures("has_genes")
def test_prepare_makes_one_beside_an_administrator_who_cannot_log_in(settings, capsys):
    token(capsys, "prometheus", "--staff")
    call_command("prepare", "--no-demo")
    assert User.objects.filter(username="admin", is_superuser=True).exists()


@pytest.mark.usefixtures("has_genes")
def test_prepare_can_be_repeated(settings):
    call_command("prepare", "--no-demo")
    before = (settings.VAR_DIR / "admin-password").read_text()
    call_command("prepare", "--no-demo")
    assert ((settings.VAR_DIR / "admin-password").read_text(), User.objects.count()) == (before, 1)


@pytest.mark.usefixtures("has_genes")
def test_prepare_works_where_somebody_is_called_admin_already(capsys):
    token(capsys, "admin", "--staff")
    call_command("prepare", "--no-demo")
    assert User.objects.filter(is_superuser=True).exists()
