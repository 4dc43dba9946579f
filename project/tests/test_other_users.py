"""What another system user of the same machine learns of a running Vardesk: nothing, and no way in."""

import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from project.embedded.place import outside_folder
from project.tests.conftest import awkward_var_dir
from project.tests.vardesk import Vardesk, vardesk_on

pytestmark = [
    pytest.mark.embedded,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user"),
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]
SPY = "daemon"  # exists everywhere; root's servers never run as it


@pytest.fixture(scope="module", params=[False, True], ids=["open", "private"])
def vardesk(request) -> Iterator[Vardesk]:
    """In a folder that other users can pass through, and in one where root's servers have theirs elsewhere."""
    with awkward_var_dir(is_private=request.param) as var_dir, vardesk_on(var_dir) as found:
        found.start()
        found.make_token()
        found.wait_until_read(found.upload("a.tsv", b"gene\nBRCA1\n"), rows=1)
        yield found


def as_spy(*command: str) -> subprocess.CompletedProcess[bytes]:
    entry = pwd.getpwnam(SPY)
    return subprocess.run(
        command, user=entry.pw_uid, group=entry.pw_gid, extra_groups=[], cwd="/", capture_output=True, check=False
    )


def folders(vardesk: Vardesk) -> list[Path]:
    return [path for path in (vardesk.var_dir, outside_folder(vardesk.var_dir)) if path.exists()]


def readable_by_spy(paths: list[Path]) -> list[str]:
    """By name: who cannot list a folder may still know what is in it."""
    names = "\0".join(map(str, paths)).encode()
    entry = pwd.getpwnam(SPY)
    command = ["xargs", "-0", "sh", "-c", 'for f; do test -r "$f" && echo "$f"; done; true', "sh"]
    found = subprocess.run(
        command, input=names, user=entry.pw_uid, group=entry.pw_gid, extra_groups=[], cwd="/", stdout=-1, check=True
    )
    return found.stdout.decode().splitlines()


def test_the_spy_can_read_what_is_public(tmp_path_factory):
    assert readable_by_spy([Path("/etc/passwd"), Path("/etc/shadow")]) == ["/etc/passwd"]


def test_reads_no_file_and_lists_no_folder(vardesk):
    paths = [path for folder in folders(vardesk) for path in (folder, *folder.rglob("*"))]
    assert len(paths) > 1000
    assert readable_by_spy(paths) == []


def passwords(vardesk: Vardesk) -> list[str]:
    kept = [vardesk.var_dir / name for name in ("postgres-password", "redis-password", "admin-password", "secret-key")]
    return [path.read_text().strip() for path in kept] + [vardesk.token]


def test_finds_no_password_in_the_processes(vardesk):
    """Command lines are for everybody to read; environments, which hold the URLs, are not."""
    lines = as_spy("sh", "-c", "cat /proc/[0-9]*/cmdline").stdout.decode(errors="replace")
    assert "project.web_server" in lines
    assert [password for password in passwords(vardesk) if password in lines] == []
    pids = vardesk.family()
    assert len(pids) > 10
    for pid in pids:
        for name in ("environ", "mem", "maps", "fd"):
            assert as_spy("ls" if name == "fd" else "head", f"/proc/{pid}/{name}").returncode != 0, (pid, name)


CONNECT = """
import sys, psycopg2
port, user, password, database = sys.argv[1:]
try:
    psycopg2.connect(host="127.0.0.1", port=port, user=user, password=password, dbname=database)
except psycopg2.OperationalError as error:
    print(error)
else:
    print("connected")
"""


@pytest.mark.parametrize("user", ["vardesk", "postgres", SPY])
@pytest.mark.parametrize("password", ["", "postgres"])
def test_connects_to_no_database(vardesk, user, password):
    port = str(urlsplit(vardesk.urls()["DATABASE_URL"]).port)
    for database in ("vardesk", "postgres", "template1"):
        command = (sys.executable, "-c", CONNECT, port, user, password, database)
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert "no password supplied" in said or "password authentication failed" in said


@pytest.mark.parametrize("command", ["PING", "KEYS *", "CONFIG GET *", "AUTH wrong", "AUTH default wrong"])
def test_redis_answers_nobody_without_password(vardesk, command):
    port = urlsplit(vardesk.urls()["REDIS_URL"]).port
    talk = f'exec 3<>/dev/tcp/127.0.0.1/{port}; printf "{command}\\r\\n" >&3; head -n 1 <&3'
    said = as_spy("bash", "-c", talk).stdout
    assert said.startswith((b"-NOAUTH", b"-WRONGPASS"))


def test_no_server_has_a_socket_file(vardesk):
    assert [path for folder in folders(vardesk) for path in folder.rglob("*") if path.is_socket()] == []


def test_servers_listen_on_loopback_only(vardesk):
    ports = {urlsplit(url).port for url in vardesk.urls().values()} | {vardesk.port}
    tables = [Path(f"/proc/net/{name}") for name in ("tcp", "tcp6")]
    entries = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    places = [entry[1].split(":") for entry in entries if entry[3] == "0A"]
    found = {(address, int(port, 16)) for address, port in places if int(port, 16) in ports}
    assert {port for _, port in found} == ports
    assert {address for address, _ in found} == {"0100007F"}


def test_the_servers_run_as_nobody_who_logs_in(vardesk):
    """A person's account would read the data; those of ACCOUNT_NAMES are for servers."""
    pid = vardesk.pids("bin/postgres", "-D")[0]
    name = pwd.getpwuid(Path(f"/proc/{pid}").stat().st_uid).pw_name
    assert name in ("vardesk", "postgres", "nobody")
