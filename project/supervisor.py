"""One command for all of Vardesk: `run` serves it, `exec -- COMMAND` runs a command beside the same servers.

python -m project.supervisor run
python -m project.supervisor restart
python -m project.supervisor exec -- python -m pytest
"""

import argparse
import errno
import http.client
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from project.console import Console, QuietConsole
from project.embedded.place import wipe
from project.embedded.servers import has_lost_port
from project.embedded.state import services_path
from project.env import BASE_DIR, load_dotenv, var_dir
from project.open_files import raise_open_files
from project.processes import Child, Family, StartError, Stopped, describe_end, disk_full, tie_to_parent
from project.restarting import Restarting, ask, refuse
from project.services import Services, services, sole_use, started_services

WEB_TIMEOUT_S = 30.0
LEFTOVER_TIMEOUT_S = 15.0
COMMAND_STOP_TIMEOUT_S = 30.0
CANNOT_WRITE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


class PortLost(Exception):
    """A server that died cannot have its port again; str() is its name."""


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    if options.with_parent:
        tie_to_parent(signal.SIGTERM, os.getppid())
    load_dotenv()
    try:
        return options.function(options)
    except StartError as error:
        print(f"vardesk: {error}", file=sys.stderr, flush=True)
        return 1
    except OSError as error:
        if error.errno not in CANNOT_WRITE:
            raise
        print(f"vardesk: {cannot_write(error)}", file=sys.stderr, flush=True)
        return 1
    except Stopped:
        return 0


def cannot_write(error: OSError) -> StartError:
    place = error.filename or var_dir()
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(place)
    return StartError(f"{place} cannot be written ({(error.strerror or str(error)).lower()}).")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m project.supervisor", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    run_parser = commands.add_parser("run", help="serve Vardesk until Ctrl-C")
    run_parser.set_defaults(function=run)
    restart_parser = commands.add_parser(
        "restart", help="have a running Vardesk take new code without a failed request"
    )
    restart_parser.set_defaults(function=restart, with_parent=False)
    exec_parser = commands.add_parser("exec", help="run a command with PostgreSQL and Redis")
    exec_parser.set_defaults(function=execute)
    exec_parser.add_argument(
        "--fresh", action="store_true", help="wipe VAR_DIR first; PostgreSQL then does not wait for the disk"
    )
    exec_parser.add_argument("command", nargs="+", help="after --")
    for each in (run_parser, exec_parser):
        each.add_argument("--with-parent", action="store_true", help="end when the calling process ends")
    return parser.parse_args(arguments)


# --- run -------------------------------------------------------------------------------------------


def run(options: argparse.Namespace) -> int:
    """Serve until a signal asks for the end."""
    os.umask(0o077)  # whatever a child writes is for this user only
    host, port = address()
    family = listening_family(Console(as_json=log_format() == "json"), options)
    if missing := raise_open_files():
        family.console.say(missing)
    with sole_use(var_dir()):
        # What a killed supervisor started is told so by the kernel, and needs a moment to end.
        patience_s = LEFTOVER_TIMEOUT_S if services_path(var_dir()).exists() else 0.0
        check_address_is_free(host, port, patience_s)
        check_settings()
        is_over = False
        while not is_over:
            with started_services(family, var_dir()) as found:
                is_over = run_application(family, found, host, port)
    family.console.say("Stopped")
    return 0


def listening_family(console: Console, options: argparse.Namespace) -> Family:
    family = Family(console)
    family.listen_to_signals()
    if options.with_parent:
        family.watch_parent(os.getppid())
    return family


def run_application(family: Family, found: Services, host: str, port: int) -> bool:
    """Whether a signal asked for the end; False when a server's port is lost, and with it the URL that all have."""
    shutil.rmtree(metrics_folder(), ignore_errors=True)  # counts of processes that are gone
    env = child_env(found.urls, host, port)
    prepare(family, env)
    web, *others = application(env, host, port)
    restarting = Restarting(family, var_dir(), web, others, lambda: prepare(family, env))
    is_over = True
    try:
        serve(family, web, others, host, port, restarting)
    except Stopped:
        family.console.say("Stopping; a second Ctrl-C kills")
    except PortLost as error:
        is_over = False
        family.console.say(f"Another program took the port of {error}; everything is started again, on other ports")
    restarting.end()
    family.stop([web, *others])  # and only then what they work with
    return is_over


def address() -> tuple[str, int]:
    host, port = os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or "8000"
    if not port.isdigit() or not 1 <= int(port) <= 65535:
        raise StartError(f"PORT is {port!r}; it must be a number from 1 to 65535.")
    return host, int(port)


def check_address_is_free(host: str, port: int, patience_s: float = 0.0) -> None:
    end = time.monotonic() + patience_s
    while True:
        try:
            return bind(host, port)
        except (OSError, UnicodeError) as error:  # the latter: no name of a host at all
            if getattr(error, "errno", None) != errno.EADDRINUSE or time.monotonic() > end:
                reason = (getattr(error, "strerror", None) or str(error)).lower()
                raise StartError(f"Cannot listen on {host}:{port} ({reason}); choose with HOST= and PORT=.") from error
        time.sleep(0.2)


def bind(host: str, port: int) -> None:
    family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(place)
        probe.listen(1)


def check_settings() -> None:
    """What contradicts itself in the settings is said before anything is started."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    try:
        getattr(settings, "VAR_DIR")  # noqa: B009  the first look reads them all
    except ImproperlyConfigured as error:
        raise StartError(str(error)) from error


def log_format() -> str:
    """LOG_FORMAT; where that is not set, plain for a person at a terminal and JSON for all other readers."""
    chosen = os.environ.get("LOG_FORMAT") or ("plain" if sys.stdout.isatty() else "json")
    if chosen not in ("json", "plain"):
        raise StartError(f"LOG_FORMAT is {chosen!r}; it can be json or plain.")
    return chosen


def metrics_folder() -> Path:
    return var_dir() / "run" / "metrics"


def child_env(urls: dict[str, str], host: str = "", port: int = 0) -> dict[str, str]:
    env = {**os.environ, **urls, "VAR_DIR": str(var_dir()), "PYTHONUNBUFFERED": "1"}
    if not host:
        return env
    more = {"LOG_FORMAT": log_format(), "PROMETHEUS_MULTIPROC_DIR": str(metrics_folder())}
    return {**env, **more, "HOST": host, "PORT": str(port)}


def prepare(family: Family, env: dict[str, str]) -> None:
    """Migrations, reference genes, demo variants, the first user."""
    child = Child("prepare", [sys.executable, "manage.py", "prepare"], env, BASE_DIR)
    code = family.run(child)
    for each in (*family.children, child):
        if code and each.said_disk_full:
            raise disk_full(each.cwd if each is not child else var_dir())
    if code:
        raise StartError(f"Setting up the database failed ({describe_end(code)}); the lines above say why.")


def application(env: dict[str, str], host: str, port: int) -> list[Child]:
    """The processes of Vardesk itself, the web server first."""
    python = sys.executable  # never a script of the venv: its first line breaks on long paths and on spaces
    run_folder = var_dir() / "run"
    web = [python, "-m", "project.web_server"]
    celery = [python, "-m", "celery", "--quiet", "--app"]
    # Two for large files, and one that these can never occupy (project/core/places.py).
    worker = [*celery, "project", "worker", "--concurrency", "3", "--loglevel", "INFO", "-O", "fair"]
    worker += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    beat = [
        *celery,
        "project.beat",
        "beat",
        "--schedule",
        str(run_folder / "celerybeat-schedule"),
        "--pidfile=",
        "--loglevel",
    ]
    drainer = [python, "manage.py", "drain_hits"]
    return [
        Child("web", web, env, BASE_DIR),
        # Its pool ends with it. A task that runs on would hold up the next start; it is delivered again.
        Child("worker", worker, env, BASE_DIR, orphan_signal=signal.SIGKILL),
        Child("beat", [*beat, "WARNING"], env, BASE_DIR),
        Child("drainer", drainer, env, BASE_DIR),
    ]


def serve(family: Family, web: Child, others: list[Child], host: str, port: int, restarting: Restarting) -> None:
    """Look after the children until a signal raises Stopped; say where to look once the web server answers.

    The others start after that: four at once on two cores would make the first page wait for all of them.
    """
    family.start(web)
    start_others_at = time.monotonic() + WEB_TIMEOUT_S
    is_announced = False
    while True:
        if not is_announced and answers(host, port):
            announce(family.console, host, port)
            is_announced = True
        if others and (is_announced or time.monotonic() > start_others_at):
            for child in others:
                family.start(child)
            others = []
        family.tend()
        restarting.tend()
        check_ports(family)
        family.rest(1.0 if is_announced else 0.25)


def check_ports(family: Family) -> None:
    for child in family.children:
        if has_lost_port(child):
            raise PortLost(child.name)


def restart(options: argparse.Namespace) -> int:
    print(f"vardesk: {ask(var_dir())}", flush=True)
    return 0


def answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(reachable(host), port, timeout=2)
    try:
        connection.request("GET", "/ping/")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def reachable(host: str) -> str:
    """The address to call a server that is bound to `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def announce(console: Console, host: str, port: int) -> None:
    name = reachable(host)
    password_file = var_dir() / "admin-password"
    for line in (
        "",
        f"Vardesk is ready:  http://{f'[{name}]' if ':' in name else name}:{port}/",
        f"Log in as admin; the password is in {password_file}",
        f"    cat {shlex.quote(str(password_file))}",
        "Stop with Ctrl-C.",
        "",
    ):
        console.say(line)


# --- exec ------------------------------------------------------------------------------------------


def execute(options: argparse.Namespace) -> int:
    """Run a command with the URLs of the services in its environment; returns its exit code."""
    if options.fresh:
        wipe(var_dir())
    family = listening_family(QuietConsole(), options)
    try:
        with services(family, var_dir(), is_durable=not options.fresh) as found:
            return run_command(family, options.command, child_env(found.urls))
    except Stopped:  # before the command began: nobody may take that for its success
        return 128 + (family.stop_signal or 0)


def run_command(family: Family, command: list[str], env: dict[str, str]) -> int:
    """In our terminal and process group: Ctrl-C reaches it directly, and a debugger can read the keyboard."""
    parent_pid = os.getpid()
    try:
        process = subprocess.Popen(command, env=env, preexec_fn=lambda: tie_to_parent(signal.SIGTERM, parent_pid))
    except OSError as error:
        raise StartError(f"{command[0]} cannot be run: {error.strerror}.") from error
    end = None
    while process.poll() is None:
        if family.stop_signal and end is None:
            end = time.monotonic() + COMMAND_STOP_TIMEOUT_S
            if family.stop_signal != signal.SIGINT:
                process.send_signal(family.stop_signal)
        if end is not None and time.monotonic() > end:
            process.kill()
        if family.is_restart_asked:
            family.is_restart_asked = False
            refuse(var_dir(), "Not restarted: a single command runs here, not `make run`.")
        family.tend()
        family.pump(0.2)
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


if __name__ == "__main__":
    sys.exit(main())
