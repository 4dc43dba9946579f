"""The embedded PostgreSQL 18: made once with initdb, then run on a loopback port with a random password."""

import contextlib
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import encrypt_password

from project.embedded.binaries import postgres_folder
from project.embedded.place import Place, kept_password
from project.embedded.servers import plain_env, start_server, stop_leftover
from project.embedded.state import open_private
from project.processes import Child, Family, StartError, disk_full

ADMIN = "postgres"  # the superuser: only this module connects as it
NAME = "vardesk"  # the database, and the role that owns it and may do nothing beyond it but make databases
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path may not exceed 107 characters, a folder's may
    "max_connections": "60",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",  # a bulk load should not wait for checkpoints
    "random_page_cost": "1.1",  # laptops have SSDs
    "jit": "off",  # compiling costs short queries more than it saves
    "logging_collector": "off",  # the supervisor shows the log
    "log_line_prefix": "",
    # No values in the log: a failing statement, the DETAIL of an error and the query of a process that was killed
    # quote them. What remains is LOG, FATAL and PANIC without details; the application logs its errors itself.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
# Builtin C.UTF-8: text sorts by code point and LIKE 'x%' uses a plain index, the same on every machine
# whatever its C library, and upper() and lower() still know all of Unicode.
INITDB_OPTIONS = (
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
)


def start_postgres(family: Family, place: Place, var_dir: Path, *, is_durable: bool = True) -> tuple[Child, str]:
    """Make the cluster where there is none, start it and return its process and DATABASE_URL.

    One that is not durable may lose everything with the machine's power: for data that are thrown away.
    """
    binaries = postgres_folder(place.account)
    data = place.folder / "postgres"
    password = password_of(data, var_dir)
    if not data.exists():
        make_cluster(family, place, binaries, password)
    child, port = start_server(
        family,
        lambda port: postgres_child(place, binaries, data, port, {} if is_durable else NOT_DURABLE),
        lambda child, port: has_recovered(child) and answers(port, password),
    )
    make_database(port, password)
    return child, f"postgres://{NAME}:{password}@127.0.0.1:{port}/{NAME}"


def password_of(data: Path, var_dir: Path) -> str:
    path = var_dir / "postgres-password"
    if data.exists() and not path.exists():
        raise StartError(f"{path} is missing, and without it the database in {data} cannot be opened.")
    return kept_password(path)


def make_cluster(family: Family, place: Place, binaries: Path, password: str) -> None:
    """initdb beside the final folder, which appears only once it is complete, whatever is killed halfway."""
    shutil.rmtree(place.folder / "postgres.new", ignore_errors=True)
    new = place.private_folder("postgres.new")
    password_file = place.folder / "initdb-password"
    with write_password(place, password_file, password):
        options = [f"--pgdata={new}", f"--username={ADMIN}", f"--pwfile={password_file}", *INITDB_OPTIONS]
        command = [str(binaries / "initdb"), *options]
        child = Child("initdb", command, plain_env(), place.folder, place.account, is_quiet=True)
        code = family.run(child)
    if child.said_disk_full:
        raise disk_full(place.folder)
    if code:
        raise StartError(f"initdb failed with exit code {code}: {' / '.join(child.last_lines)}")
    new.rename(place.folder / "postgres")


@contextlib.contextmanager
def write_password(place: Place, path: Path, password: str) -> Iterator[None]:
    """The password in a file that the servers' user can read, for as long as initdb needs it."""
    path.unlink(missing_ok=True)
    try:
        with open(path, "x", opener=open_private) as stream:
            stream.write(password)
        place.give(path)
        yield
    finally:
        path.unlink(missing_ok=True)


def postgres_child(place: Place, binaries: Path, data: Path, port: int, more: dict[str, str]) -> Child:
    options = [f"--{name}={value}" for name, value in {**SETTINGS, **more, "port": str(port)}.items()]
    return Child(
        "postgres",
        [str(binaries / "postgres"), "-D", str(data), *options],
        plain_env(),
        place.folder,
        place.account,
        stop_signal=signal.SIGINT,  # "fast": ends open sessions, then writes a checkpoint
        stop_timeout_s=30,
        orphan_signal=signal.SIGINT,
        before_start=lambda: stop_leftover(data / "postmaster.pid", "postgres", data, signal.SIGINT),
    )


def connect(port: int, password: str) -> Any:
    connection = psycopg2.connect(
        host="127.0.0.1",
        port=port,
        user=ADMIN,
        password=password,
        dbname="postgres",
        connect_timeout=5,
        sslmode="disable",
        gssencmode="disable",
    )
    connection.autocommit = True
    return connection


def has_recovered(child: Child) -> bool:
    """Asked before each try to connect, because a try that comes too early leaves a FATAL in the log."""
    return any("ready to accept connections" in line for line in child.last_lines)


def answers(port: int, password: str) -> bool:
    """A real connection and a real query: a port that is open says nothing about recovery."""
    try:
        with contextlib.closing(connect(port, password)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return True
    except psycopg2.OperationalError:
        return False


def make_database(port: int, password: str) -> None:
    """The role and the database of the application, unless they are there."""
    with contextlib.closing(connect(port, password)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [NAME])
        if not cursor.fetchone():
            # Encrypted here, so that the password cannot turn up in a log of statements.
            encrypted = encrypt_password(password, NAME, connection, "scram-sha-256")
            create = sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}")
            cursor.execute(create.format(sql.Identifier(NAME), sql.Literal(encrypted)))
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
        if not cursor.fetchone():
            cursor.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(NAME)))
