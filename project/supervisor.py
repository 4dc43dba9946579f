"""One command for all of Vardesk: `run` serves it, `exec -- COMMAND` runs a command beside the same servers.

python -m project.supervisor run
python -m project.supervisor exec -- python -m pytest
"""

import argparse
import http.client
import os
import resource
import shlex
import signal
import socket
import subprocess
import sys
import time

from project.console import Console, QuietConsole
from project.embedded.place import wipe
from project.env import BASE_DIR, load_dotenv, var_dir
from project.processes import Child, Family, StartError, Stopped, describe_end, tie_to_parent
from project.services import services

WEB_TIMEOUT_S = 30.0
COMMAND_STOP_TIMEOUT_S = 30.0
OPEN_FILES = 65_536
CONNECTIONS = 12_000


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
    except Stopped:
        return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m project.supervisor", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    run_parser = commands.add_parser("run", help="serve Vardesk until Ctrl-C")
    run_parser.set_defaults(function=run)
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
    raise_open_files()
    host, port = address()
    check_address_is_free(host, port)
    family = Family(Console())
    family.listen_to_signals()
    with services(family, var_dir()) as found:
        env = child_env(found.urls, host, port)
        prepare(family, env)
        web, *others = application(env, host, port)
        try:
            serve(family, web, others, host, port)
        except Stopped:
            family.console.say("Stopping; a second Ctrl-C kills")
        family.stop([web, *others])  # and only then what they work with
    family.console.say("Stopped")
    return 0


def raise_open_files() -> None:
    """Thousands of waiting connections need as many open files; the usual limit is 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def address() -> tuple[str, int]:
    host, port = os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or "8000"
    if not port.isdigit() or not 1 <= int(port) <= 65535:
        raise StartError(f"PORT is {port!r}; it must be a number from 1 to 65535.")
    return host, int(port)


def check_address_is_free(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
            probe.listen(1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StartError(f"Cannot listen on {host}:{port} ({reason}); choose with HOST= and PORT=.") from error


def child_env(urls: dict[str, str], host: str = "", port: int = 0) -> dict[str, str]:
    env = {**os.environ, **urls, "VAR_DIR": str(var_dir()), "PYTHONUNBUFFERED": "1"}
    return {**env, "HOST": host, "PORT": str(port)} if host else env


def prepare(family: Family, env: dict[str, str]) -> None:
    """Migrations, reference genes, demo variants, the first user."""
    code = family.run(Child("prepare", [sys.executable, "manage.py", "prepare"], env, BASE_DIR))
    if code:
        raise StartError(f"Setting up the database failed ({describe_end(code)}); the lines above say why.")


def application(env: dict[str, str], host: str, port: int) -> list[Child]:
    """The processes of Vardesk itself, the web server first."""
    python = sys.executable  # never a script of the venv: its first line breaks on long paths and on spaces
    run_folder = var_dir() / "run"
    web = [python, "-m", "granian", *granian_options(host, port), "project.wsgi:application"]
    celery = [python, "-m", "celery", "--quiet", "--app", "project"]
    worker = [*celery, "worker", "--concurrency", "2", "--loglevel", "INFO", "-O", "fair"]
    worker += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    beat = [
        *celery,
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


def granian_options(host: str, port: int) -> list[str]:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    connections = CONNECTIONS if soft == resource.RLIM_INFINITY else min(CONNECTIONS, soft * 3 // 4)
    options = {
        "interface": "wsgi",
        "host": host,
        "port": port,
        "workers": 1,
        "blocking-threads": 8,
        "blocking-threads-idle-timeout": 600,  # the maximum: each new thread opens a database connection
        "backpressure": connections,
        "backlog": 4096,
        "workers-kill-timeout": 5,
        "log-level": "error",  # it warns of more threads than cores; ours wait for PostgreSQL
    }
    return [*(f"--{name}={value}" for name, value in options.items()), "--no-ws", "--no-access-log"]


def serve(family: Family, web: Child, others: list[Child], host: str, port: int) -> None:
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
        family.wait_until(lambda: False, 0.25)


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
    family = Family(QuietConsole())
    family.listen_to_signals()
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
        family.tend()
        family.pump(0.2)
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


if __name__ == "__main__":
    sys.exit(main())
