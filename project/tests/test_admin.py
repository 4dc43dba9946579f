"""The admin: who may, what each page costs, what stays as it was, and what each action does and leaves behind."""

import datetime
import re
import uuid

import pytest
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from knox.models import AuthToken

from files.models import DataFile
from project.accounts import throttle, tokens
from project.accounts.models import FailedTry, Session
from project.core.admin_base import MOST_PAGED, BoundedPaginator
from project.core.audit import record
from project.core.models import AuditEntry, Job
from project.core.roles import Role, role_of
from stats.models import LATENCY_BUCKETS, RouteHour, SpoolSegment
from variants.models import ClassificationChange, Gene, GeneName, Load, Record, Variant, VariantGene, VariantName

User = get_user_model()
MODELS = list(admin.site._registry)
LOOK_ONLY = [Job, AuditEntry, Load, Variant, Record, Gene, ClassificationChange, RouteHour, SpoolSegment]
WITHOUT_A_PAGE = [Session, AuthToken]  # their keys open doors
LARGE = ("variants_variant", "variants_record", "variants_variantname", "stats_hit", "stats_routehour", "core_auditentry")  # fmt: skip
label = lambda model: model._meta.label  # noqa: E731


@pytest.fixture(autouse=True)
def _folders_of_this_test(own_folders) -> None:
    pass


@pytest.fixture
def stella(make_user):
    """An administrator, no superuser: Django's own permissions of models give her nothing."""
    return make_user("stella", role="administrator", email="stella@lab.example")


@pytest.fixture
def admin_client(client, stella):
    client.force_login(stella)
    return client


@pytest.fixture
def make_rows(make_user, stella):
    """`make_rows(5)`: five of everything, each with an owner, a gene, a load of its own."""

    def make_rows(count: int) -> None:
        for _ in range(count):
            n = User.objects.count()
            user = make_user(f"u{n}")
            tokens.make_token(user, name=f"script {n}", days=30, by=user)
            Client().force_login(user)
            file = DataFile.objects.create(name=f"{n}.tsv", size=1, sha256=f"{n:064}", owner=user)
            load = Load.objects.create(
                label=f"load {n}", checksum=f"{n:064}", fingerprint=f"{n:064}", state="live", file_id=file.pk,
                created_by=user,
            )  # fmt: skip
            gene = Gene.objects.create(symbol=f"GENE{n}")
            GeneName.objects.create(gene=gene, name=f"GENE{n}", written=f"GENE{n}", kind="symbol")
            variant = Variant.objects.create(
                key=uuid.uuid4(), assembly="GRCh38", chrom="17", chrom_rank=17, pos=n + 1, gene=gene, ref="A", alt="T"
            )
            VariantGene.objects.create(variant=variant, gene=gene, named=True)
            VariantName.objects.create(variant=variant, load=load, kind="rsid", text=f"rs{n}")
            Record.objects.create(load=load, line=2, variant=variant)
            ClassificationChange.objects.create(variant=variant, load=load, before=1, after=2)
            job = Job.objects.create(
                kind="import", title=f"Import {n}.tsv", task="x", owner=user, file_id=file.pk, state="succeeded",
                result={"load": load.pk}, started=timezone.now(), finished=timezone.now(),
            )  # fmt: skip
            record("tried", job, by=user)
            counts = dict.fromkeys(LATENCY_BUCKETS, 0) | {"below_1ms": 1, "count": 1, "duration_us": 5}
            RouteHour.objects.create(hour=timezone.now(), path=f"/{n}", route="/x", **counts)
            SpoolSegment.objects.create(spool=uuid.uuid4())

    return make_rows


def list_url(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def row_url(obj, page="change"):
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_{page}", args=[obj.pk])


def act(client, model, action, rows, *, confirmed=True, **more):
    """Post the action as the list does, or its confirmation as the page after that does."""
    data = {"action": action, ACTION_CHECKBOX_NAME: rows} | ({"confirmed": "1"} if confirmed else {}) | more
    return client.post(list_url(model), data, follow=True)


def said(answer):
    return " ".join(str(message) for message in answer.context["messages"])


def audit(subject, action):
    return AuditEntry.objects.on(subject).filter(action=action)


def queries_of(client, url):
    with CaptureQueriesContext(connection) as caught:
        assert client.get(url).status_code == 200
    return [query["sql"] for query in caught.captured_queries]


# --- who may ---------------------------------------------------------------------------------------


def test_every_app_shows_its_models():
    assert {model._meta.app_label for model in MODELS} == {
        "auth", "accounts", "knox", "core", "variants", "files", "stats",
    }  # fmt: skip


@pytest.mark.parametrize("role", ["viewer", "analyst", "curator"])
def test_who_is_no_administrator_is_told_so(client, make_user, role):
    client.force_login(make_user("ada", role=role))
    for url in (reverse("admin:index"), *map(list_url, MODELS)):
        answer = client.get(url)
        assert (answer.status_code, b"role administrator" in answer.content) == (403, True)


def test_who_is_not_logged_in_is_asked_to(client, db):
    answer = client.get(list_url(Job), follow=True)
    assert answer.redirect_chain[-1][0].startswith(reverse("login"))


@pytest.mark.parametrize("role", ["viewer", "analyst", "curator"])
def test_no_action_works_for_others(client, make_user, make_rows, role):
    make_rows(1)
    client.force_login(make_user("ada", role=role))
    load = Load.objects.get()
    answer = client.post(list_url(Load), {"action": "withdraw", ACTION_CHECKBOX_NAME: [load.pk], "confirmed": "1"})
    load.refresh_from_db()
    assert (answer.status_code, load.state) == (403, "live")


# --- each page -------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS, ids=label)
def test_list_search_and_filters_open(admin_client, make_rows, model):
    make_rows(2)
    page = admin_client.get(list_url(model))
    assert page.status_code == 200
    for text in ("1", "rs1", "GENE3", "x y", "9" * 30, "files.datafile 1", "%"):
        assert admin_client.get(list_url(model), {"q": text}).status_code == 200, text
    for spec in page.context["cl"].filter_specs:
        for choice in spec.choices(page.context["cl"]):
            assert admin_client.get(list_url(model) + choice["query_string"]).status_code == 200, choice


def test_a_nul_in_the_address_is_left_out(admin_client):
    for query in ({"q": "\0"}, {"assembly": "\0"}):
        assert admin_client.get(list_url(Variant), query)["Location"] == list_url(Variant)


@pytest.mark.parametrize("model", [m for m in MODELS if m not in WITHOUT_A_PAGE], ids=label)
def test_one_row_opens(admin_client, make_rows, model):
    make_rows(1)
    assert admin_client.get(row_url(model.objects.order_by("pk").last())).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=label)
def test_a_list_costs_the_same_for_5_rows_and_50(admin_client, make_rows, model):
    make_rows(4)
    few = queries_of(admin_client, list_url(model))
    make_rows(45)
    many = queries_of(admin_client, list_url(model))
    assert len(many) == len(few), "\n".join(many)
    assert len(few) <= 9


@pytest.mark.parametrize("query", ["", "?q=1", "?q=rs3", "?q=GENE3", "?assembly=GRCh38", "?_facets=True", "?all="])
@pytest.mark.parametrize("model", MODELS, ids=label)
def test_no_large_table_is_counted_or_made_distinct(admin_client, make_rows, model, query):
    make_rows(2)
    with CaptureQueriesContext(connection) as caught:
        admin_client.get(list_url(model) + query)
    for sql in (found["sql"] for found in caught.captured_queries):
        of_large = any(f'FROM "{table}"' in sql for table in LARGE)
        assert not (of_large and re.search(r"COUNT\(|DISTINCT", sql) and "LIMIT" not in sql), sql


PLANNED = {
    Variant: ["", "?q=rs3", "?q=GENE3", "?q=5", "?classification__exact=3", "?assembly=GRCh38"],
    Record: ["", "?q=5", "?load__id__exact=5", "?variant__id__exact=5"],
    Gene: ["", "?q=GENE3"],
    RouteHour: [""],
    AuditEntry: ["", "?q=u3", "?q=core.job 1", "?action=tried"],
}


@pytest.mark.parametrize(("model", "query"), [(model, query) for model, qs in PLANNED.items() for query in qs])
def test_lists_of_large_tables_are_read_through_an_index(admin_client, make_rows, model, query):
    """With sequential scans forbidden, a plan that still holds one has no index to use."""
    make_rows(3)
    paged = f'FROM "{model._meta.db_table}"'
    statements = [sql for sql in queries_of(admin_client, list_url(model) + query) if paged in sql]
    assert statements
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        for sql in statements:
            cursor.execute("EXPLAIN " + sql.replace("%", "%%"))
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert f"Seq Scan on {model._meta.db_table}" not in plan, f"{sql}\n{plan}"
            assert query or "Sort Key" not in plan or "Presorted Key" in plan, f"{sql}\n{plan}"


def test_more_than_can_be_paged_is_said_and_not_counted(admin_client, monkeypatch, make_rows):
    make_rows(3)
    monkeypatch.setattr("project.core.admin_base.MOST_PAGED", 2)
    page = admin_client.get(list_url(Variant)).content.decode()
    assert "more than 2" in page
    assert "the first 2 can be paged through" in page


def test_the_estimate_is_the_planners(db, make_rows, monkeypatch):
    make_rows(12)
    monkeypatch.setattr("project.core.admin_base.MOST_PAGED", 2)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE variants_variant")
    assert BoundedPaginator(Variant.objects.order_by("pk"), 1).said == "about 12"
    assert BoundedPaginator(Variant.objects.filter(chrom="17").order_by("pk"), 1).said == "more than 2"
    assert MOST_PAGED == 10_000


def test_a_job_leads_to_its_file_and_its_load(admin_client, make_rows):
    make_rows(1)
    job, file, load = Job.objects.get(), DataFile.objects.get(), Load.objects.get()
    for url in (list_url(Job), row_url(job)):
        page = admin_client.get(url).content.decode()
        assert f'href="{row_url(file)}"' in page
        assert f'href="{row_url(load)}"' in page
    page = admin_client.get(row_url(file)).content.decode()
    assert f'href="{row_url(job)}"' in page
    assert f'href="{row_url(load)}"' in page
    assert f'href="{row_url(file)}"' in admin_client.get(row_url(load)).content.decode()


@pytest.mark.parametrize(("model", "name"), [(Job, "jobs:detail"), (DataFile, "files:detail"), (Load, "variants:load"), (Variant, "variants:detail")])  # fmt: skip
def test_view_on_site(admin_client, make_rows, model, name):
    make_rows(1)
    row = model.objects.get()
    page = admin_client.get(row_url(row)).content.decode()
    assert f'href="{reverse(name, args=[row.pk])}">View on site' in page


def test_the_history_of_a_row_is_the_audit_trail(admin_client, make_rows):
    make_rows(1)
    answer = admin_client.get(row_url(Job.objects.get(), "history"))
    assert answer["Location"] == f"{reverse('audit:list')}?object_type=core.job&object_id={Job.objects.get().pk}"


# --- the index -------------------------------------------------------------------------------------


def test_the_index_says_what_each_list_is_for(admin_client):
    page = admin_client.get(reverse("admin:index"))
    groups = {group["name"]: group["models"] for group in page.context["app_list"]}
    assert list(groups) == ["People", "Work", "Variants", "History"]
    assert all(row["purpose"].endswith(".") for rows in groups.values() for row in rows)


def test_what_needs_attention(admin_client, make_user, settings):
    cache.delete("worker-seen")
    Job.objects.create(kind="read", title="t", task="x", state="failed", finished=timezone.now())
    long_ago = timezone.now() - datetime.timedelta(days=9)
    Job.objects.create(kind="read", title="t", task="x", state="failed", finished=long_ago)
    locked = make_user("vera")
    for _ in range(settings.LOGIN_TRIES_PER_ACCOUNT):
        throttle.note(throttle.by_account("login", "vera"))
    found = {item.said: item.url for item in admin_client.get(reverse("admin:index")).context["attention"]}
    assert set(found) == {
        "1 job failed in the last 7 days", "No worker has been seen for five minutes; jobs wait",
        "1 account is locked by failed log-ins",
    }  # fmt: skip
    assert [row.pk for row in admin_client.get(found["1 account is locked by failed log-ins"]).context["cl"].result_list] == [locked.pk]  # fmt: skip
    assert admin_client.get(found["1 job failed in the last 7 days"]).context["cl"].result_count == 1


def test_a_job_without_a_worker_needs_attention(admin_client, settings):
    silent_since = timezone.now() - datetime.timedelta(seconds=settings.JOB_STALE_SECONDS + 5)
    Job.objects.create(kind="read", title="t", task="x", state="running", heartbeat=silent_since)
    found = {item.said: item.url for item in admin_client.get(reverse("admin:index")).context["attention"]}
    assert admin_client.get(found["1 running job has no worker any more"]).context["cl"].result_count == 1


# --- what must not change --------------------------------------------------------------------------


@pytest.mark.parametrize("model", [*LOOK_ONLY, *WITHOUT_A_PAGE], ids=label)
def test_history_is_not_typed_in_edited_or_deleted(admin_client, make_rows, model):
    make_rows(1)
    row = model._default_manager.first()
    assert admin_client.post(list_url(model) + "add/", {}).status_code == 403
    assert admin_client.post(row_url(row), {"title": "x"}).status_code in {403, 404}
    assert admin_client.post(row_url(row, "delete"), {"post": "yes"}).status_code == 403
    answer = act(admin_client, model, "delete_selected", [row.pk], post="yes")
    assert answer.status_code == 200
    assert model._default_manager.filter(pk=row.pk).exists()


def test_files_are_neither_added_nor_deleted_here(admin_client, make_rows):
    make_rows(1)
    assert admin_client.post(list_url(DataFile) + "add/", {}).status_code == 403
    assert admin_client.post(row_url(DataFile.objects.get(), "delete"), {"post": "yes"}).status_code == 403


def test_only_owner_and_visibility_of_a_file_change(admin_client, make_rows, stella):
    make_rows(1)
    file = DataFile.objects.get()
    before = file.owner
    new = {"name": "hacked", "state": "ready", "sha256": "f", "visibility": "shared", "owner": stella.pk}
    assert admin_client.post(row_url(file), new).status_code == 302
    file.refresh_from_db()
    assert (file.visibility, file.owner, file.name != "hacked", file.sha256 != "f") == ("shared", stella, True, True)
    row = audit(file, "data file changed").get()
    assert (row.actor, row.before) == (stella, {"visibility": "private", "owner": str(before)})
    assert row.after == {"visibility": "shared", "owner": "stella"}


def test_saving_a_file_unchanged_leaves_no_row(admin_client, make_rows):
    make_rows(1)
    file = DataFile.objects.get()
    admin_client.post(row_url(file), {"visibility": file.visibility, "owner": file.owner_id})
    assert not audit(file, "data file changed").exists()


# --- jobs and loads --------------------------------------------------------------------------------


@pytest.fixture
def failed(make_user):
    owner = make_user("olga")
    return Job.objects.create(kind="other", title="Other", task="test.nothing", state="failed", owner=owner)


def test_retry_asks_first(admin_client, failed):
    page = act(admin_client, Job, "retry", [failed.pk], confirmed=False)
    assert b"Try these jobs again?" in page.content
    assert not failed.retries.exists()


def test_retry(admin_client, failed, stella):
    answer = act(admin_client, Job, "retry", [failed.pk])
    again = failed.retries.get()
    assert said(answer) == "1 job is being tried again."
    assert (again.owner, audit(failed, "job retried").get().actor) == (failed.owner, stella)


def test_a_refused_retry_is_said_and_the_others_go_on(admin_client, failed):
    done = Job.objects.create(kind="other", title="Done", task="test.nothing", state="succeeded")
    answer = act(admin_client, Job, "retry", [failed.pk, done.pk])
    assert f"Job {done.pk}: The job is succeeded" in said(answer)
    assert failed.retries.count() == 1


def test_cancel(admin_client, stella):
    job = Job.objects.create(kind="other", title="Waits", task="test.nothing")
    page = act(admin_client, Job, "cancel", [job.pk], confirmed=False)
    job.refresh_from_db()
    assert (b"Cancel these jobs?" in page.content, job.state) == (True, "queued")
    act(admin_client, Job, "cancel", [job.pk])
    job.refresh_from_db()
    assert (job.state, audit(job, "job cancelled").get().actor) == ("cancelled", stella)


def test_a_refused_cancel_is_said_and_the_others_go_on(admin_client):
    late = Job.objects.create(
        kind="other", title="Done but for saying so", task="test.nothing", state="running", heartbeat=timezone.now(),
        result={"load": 7},
    )  # fmt: skip
    waits = Job.objects.create(kind="other", title="Waits", task="test.nothing")
    answer = act(admin_client, Job, "cancel", [late.pk, waits.pk])
    assert f"Job {late.pk}: The job is just writing down its result" in said(answer)
    waits.refresh_from_db()
    assert waits.state == "cancelled"


def test_withdraw_a_load(admin_client, make_rows, stella):
    make_rows(1)
    load = Load.objects.get()
    assert b"Withdraw these loads?" in act(admin_client, Load, "withdraw", [load.pk], confirmed=False).content
    assert Record.objects.filter(load=load).exists()
    act(admin_client, Load, "withdraw", [load.pk])
    load.refresh_from_db()
    assert (load.state, audit(load, "load withdrawn").get().actor) == ("withdrawn", stella)


@pytest.mark.parametrize(("model", "action"), [(Job, "retry"), (Load, "withdraw")])
def test_the_page_of_a_row_offers_its_actions(admin_client, make_rows, failed, model, action):
    make_rows(1)
    row = failed if model is Job else Load.objects.get()
    assert f'name="action" value="{action}"' in admin_client.get(row_url(row)).content.decode()


# --- people ----------------------------------------------------------------------------------------

PERSON = {"username": "ada", "first_name": "Ada", "last_name": "L", "email": "ada@lab.example"}
NEW_PASSWORD = "a horse, a battery"


@pytest.fixture
def ada(make_user):
    return make_user("ada", first_name="Ada", last_name="L", email="ada@lab.example", password=NEW_PASSWORD)


@pytest.fixture
def logged_in(ada):
    client = Client()
    client.force_login(ada)
    return client


def test_a_role_is_given_after_asking_which(admin_client, ada, stella):
    page = act(admin_client, User, "give_role", [ada.pk], confirmed=False)
    assert b"Give these people a role" in page.content
    assert b"ada (analyst)" in page.content
    assert said(act(admin_client, User, "give_role", [ada.pk], role="curator")) == "ada: now curator."
    row = audit(ada, "role given").get()
    assert role_of(User.objects.get(pk=ada.pk)) == Role.CURATOR
    assert (row.actor, row.before, row.after) == (stella, {"role": "analyst"}, {"role": "curator"})


def test_a_role_that_does_not_exist_is_asked_for_again(admin_client, ada):
    assert b"Select a valid choice" in act(admin_client, User, "give_role", [ada.pk], role="king").content


@pytest.mark.parametrize(("action", "more"), [("give_role", {"role": "viewer"}), ("deactivate", {})])
def test_the_last_administrator_stays(admin_client, stella, action, more):
    answer = act(admin_client, User, action, [stella.pk], **more)
    stella.refresh_from_db()
    assert "stella is the last administrator" in said(answer)
    assert (stella.is_active, stella.is_staff) == (True, True)


@pytest.mark.parametrize("more", [{"role": "viewer", "is_active": "on"}, {"role": "administrator"}])
def test_the_form_keeps_the_last_administrator_too(admin_client, stella, more):
    answer = admin_client.post(row_url(stella), {"username": "stella", "email": stella.email} | more)
    stella.refresh_from_db()
    assert b"last administrator" in answer.content
    assert (stella.is_active, stella.is_staff) == (True, True)


def test_role_and_profile_in_the_form(admin_client, ada):
    answer = admin_client.post(row_url(ada), PERSON | {"last_name": "Lovelace", "role": "administrator", "is_active": "on"})  # fmt: skip
    ada = User.objects.get(pk=ada.pk)
    assert (answer.status_code, ada.last_name, ada.is_staff, ada.is_superuser) == (302, "Lovelace", True, False)
    assert audit(ada, "role given").get().after == {"role": "administrator"}
    row = audit(ada, "profile changed").get()
    assert (row.before, row.after) == ({"last_name": "L"}, {"last_name": "Lovelace"})


def test_nothing_in_the_form_makes_a_superuser(admin_client, ada):
    sent = PERSON | {"role": "analyst", "is_active": "on", "is_superuser": "on", "is_staff": "on", "groups": ["4"], "user_permissions": ["1"]}  # fmt: skip
    admin_client.post(row_url(ada), sent)
    ada = User.objects.get(pk=ada.pk)
    assert (ada.is_superuser, ada.is_staff, ada.user_permissions.count()) == (False, False, 0)
    assert role_of(ada) == Role.ANALYST


def test_an_account_with_a_password(admin_client, stella):
    new = PERSON | {"role": "curator", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert admin_client.post(reverse("admin:auth_user_add"), new).status_code == 302
    ada = User.objects.get(username="ada")
    row = audit(ada, "user created").get()
    assert (ada.check_password(NEW_PASSWORD), role_of(ada), row.actor) == (True, Role.CURATOR, stella)
    assert row.after == PERSON | {"role": "curator"}


@pytest.mark.django_db(transaction=True)
def test_an_account_without_one_gets_a_mail_to_choose_it(admin_client):
    admin_client.post(reverse("admin:auth_user_add"), PERSON | {"role": "viewer"})
    link = re.search(r"/accounts/reset/\S+", mail.outbox[0].body)[0]
    assert mail.outbox[0].to == ["ada@lab.example"]
    form = Client().get(link, follow=True)
    assert form.context["validlink"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"password1": "x", "password2": "x"}, "too short"),
        ({"password1": NEW_PASSWORD, "password2": "other"}, "differ"),
        ({"password2": NEW_PASSWORD}, "differ"),
        ({"email": ""}, "an address is needed"),
        ({"email": "STELLA@lab.example"}, "Another account has this address"),
        ({"username": "stella"}, "already exists"),
        ({"role": "king"}, "valid choice"),
    ],
)
def test_a_new_account_is_refused(admin_client, more, why):
    answer = admin_client.post(reverse("admin:auth_user_add"), PERSON | {"role": "viewer"} | more)
    assert (answer.status_code, why in answer.content.decode()) == (200, True)
    assert not User.objects.filter(username="ada").exists()


def test_a_new_password_ends_the_sessions_and_is_in_no_row(admin_client, ada, logged_in, stella):
    url = reverse("admin:auth_user_password_change", args=[ada.pk])
    new = {"usable_password": "true", "password1": "another battery", "password2": "another battery", "set-password": "1"}  # fmt: skip
    assert admin_client.post(url, new).status_code == 302
    ada.refresh_from_db()
    row = audit(ada, "password changed").get()
    assert (ada.check_password("another battery"), ada.sessions.count()) == (True, 0)
    assert (row.actor, row.detail) == (stella, {"how": "set by an administrator", "sessions_ended": 1})
    for entry in AuditEntry.objects.all():
        assert ada.password not in f"{entry.before}{entry.after}{entry.detail}"


def test_ones_own_new_password_keeps_this_session(admin_client, stella):
    url = reverse("admin:auth_user_password_change", args=[stella.pk])
    new = {"usable_password": "true", "password1": "another battery", "password2": "another battery", "set-password": "1"}  # fmt: skip
    admin_client.post(url, new)
    assert admin_client.get(reverse("admin:index")).status_code == 200


def test_deactivating_shuts_out_and_activating_lets_in(admin_client, ada, logged_in):
    tokens.make_token(ada, name="t", days=1, by=ada)
    page = act(admin_client, User, "deactivate", [ada.pk], confirmed=False)
    assert b"Deactivate these accounts?" in page.content
    act(admin_client, User, "deactivate", [ada.pk])
    ada.refresh_from_db()
    assert (ada.is_active, ada.sessions.count(), AuthToken.objects.filter(user=ada).count()) == (False, 0, 0)
    assert logged_in.get(reverse("accounts:profile")).status_code == 302
    assert audit(ada, "user deactivated").get().before == {"is_active": True}
    act(admin_client, User, "activate", [ada.pk])
    assert audit(ada, "user activated").exists()
    assert role_of(User.objects.get(pk=ada.pk)) == Role.ANALYST


def test_deactivating_in_the_form_shuts_out_too(admin_client, ada, logged_in):
    admin_client.post(row_url(ada), PERSON | {"role": "analyst"})
    ada.refresh_from_db()
    assert (ada.is_active, ada.sessions.count(), audit(ada, "role given").exists()) == (False, 0, False)


def test_let_log_in_again(admin_client, ada, settings):
    for _ in range(settings.LOGIN_TRIES_PER_ACCOUNT):
        throttle.note(throttle.by_account("login", "ada"))
    assert Client().post(reverse("login"), {"username": "ada", "password": NEW_PASSWORD}).status_code == 429
    act(admin_client, User, "let_log_in", [ada.pk])
    assert Client().post(reverse("login"), {"username": "ada", "password": NEW_PASSWORD}).status_code == 302
    assert audit(ada, "failed log-ins forgotten").exists()
    assert FailedTry not in MODELS


def test_end_sessions_and_revoke_tokens(admin_client, ada, logged_in):
    tokens.make_token(ada, name="t", days=1, by=ada)
    act(admin_client, User, "shut_out", [ada.pk], confirmed=False)
    assert ada.sessions.count() == 1
    act(admin_client, User, "shut_out", [ada.pk])
    assert (ada.sessions.count(), AuthToken.objects.filter(user=ada).count()) == (0, 0)
    assert audit(ada, "sessions and tokens ended").get().detail == {"sessions": 1, "tokens": 1}


def test_an_account_with_work_is_not_deleted(admin_client, make_rows):
    make_rows(1)
    owner = DataFile.objects.get().owner
    for answer in (admin_client.get(row_url(owner, "delete"), follow=True), admin_client.post(row_url(owner, "delete"), {"post": "yes"}, follow=True)):  # fmt: skip
        assert "1 data file" in said(answer)
        assert "Deactivate the account instead" in said(answer)
    assert User.objects.filter(pk=owner.pk).exists()


def test_the_last_administrator_is_not_deleted(admin_client, stella):
    answer = admin_client.post(row_url(stella, "delete"), {"post": "yes"}, follow=True)
    assert "last administrator" in said(answer)


def test_an_account_without_work_is_deleted_and_stays_in_the_trail(admin_client, ada, logged_in):
    key = ada.sessions.get().session_key
    page = admin_client.get(row_url(ada, "delete")).content.decode()
    assert "deactivating is the better way" in page
    assert key not in page
    url, pk = row_url(ada, "delete"), ada.pk
    admin_client.post(url, {"post": "yes"})
    assert not User.objects.filter(pk=pk).exists()
    row = AuditEntry.objects.get(action="user deleted")
    assert (row.object_id, row.before["username"], "password" in row.before) == (str(pk), "ada", False)


@pytest.mark.parametrize("role", Role.values)
def test_people_by_role(admin_client, make_user, role):
    for each in ("viewer", "analyst", "curator"):
        make_user(each, role=each)
    found = admin_client.get(list_url(User), {"role": role}).context["cl"].result_list
    assert [user.username for user in found] == ["stella" if role == "administrator" else role]


def test_tokens_show_neither_key_nor_digest_and_are_revoked(admin_client, ada, stella):
    key = tokens.make_token(ada, name="nightly", days=30, by=ada)
    token = AuthToken.objects.get(user=ada)
    page = admin_client.get(list_url(AuthToken)).content.decode()
    assert "nightly" in page
    assert token.digest not in page
    assert key not in page
    handle = token.digest[:16]
    assert b"Revoke these tokens?" in act(admin_client, AuthToken, "revoke", [handle], confirmed=False).content
    assert AuthToken.objects.filter(user=ada).exists()
    act(admin_client, AuthToken, "revoke", [handle])
    assert not AuthToken.objects.filter(user=ada).exists()
    assert audit(ada, "token revoked").get().actor == stella


@pytest.mark.parametrize("lookup", ["session_key__startswith", "pk__startswith", "session_data__contains"])
def test_no_filter_reads_a_sessions_key(admin_client, lookup):
    assert admin_client.get(list_url(Session), {lookup: "a"}).status_code == 400


def test_the_sessions_of_one_person(admin_client, ada, logged_in):
    found = admin_client.get(list_url(Session), {"user__id__exact": ada.pk}).context["cl"].result_list
    assert [one.user for one in found] == [ada]


def test_ones_own_password_is_changed_on_the_site(admin_client):
    assert admin_client.get("/admin/password_change/")["Location"] == reverse("password_change")


def test_sessions_show_no_key_and_are_ended(admin_client, ada, logged_in, stella):
    session = ada.sessions.get()
    page = admin_client.get(list_url(Session)).content.decode()
    assert ">ada<" in page
    assert not [one.session_key for one in Session.objects.all() if one.session_key in page]
    act(admin_client, Session, "end", [session.handle], confirmed=False)
    assert ada.sessions.exists()
    act(admin_client, Session, "end", [session.handle])
    assert not ada.sessions.exists()
    assert audit(ada, "session ended").get().actor == stella
    assert admin_client.get(row_url(stella.sessions.get())).status_code == 404
