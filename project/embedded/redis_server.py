"""The embedded Redis: append-only file synced every second, a random password, a loopback port."""

import signal
from pathlib import Path

import redis

from project.embedded.binaries import redis_program
from project.embedded.place import Place, kept_password
from project.embedded.servers import pid_in, plain_env, start_server, stop_leftover
from project.embedded.state import write_private
from project.processes import Child, Family

CACHE_DB, BROKER_DB = 0, 1


def start_redis(family: Family, place: Place, var_dir: Path) -> tuple[Child, dict[str, str]]:
    """Start Redis and return its process, REDIS_URL and CELERY_BROKER_URL."""
    program = redis_program(place.account)
    folder = place.private_folder("redis")
    config = folder / "redis.conf"
    password = kept_password(var_dir / "redis-password")
    stop_leftover(folder / "redis.pid", "redis-server", config, signal.SIGTERM)

    def child_on(port: int) -> Child:
        write_private(config, configuration(folder, port, password))
        place.give(config)
        return redis_child(place, program, config)

    child, port = start_server(family, child_on, lambda child, port: answers(child, folder, port, password))
    address = f"redis://:{password}@127.0.0.1:{port}"
    return child, {"REDIS_URL": f"{address}/{CACHE_DB}", "CELERY_BROKER_URL": f"{address}/{BROKER_DB}"}


def redis_child(place: Place, program: Path, config: Path) -> Child:
    command = [str(program), str(config)]
    return Child("redis", command, plain_env(), config.parent, place.account, stop_timeout_s=20)


def configuration(folder: Path, port: int, password: str) -> str:
    """The whole redis.conf. The password stands here and not on the command line, which everybody can see."""
    return f"""\
bind 127.0.0.1
port {port}
requirepass {password}
dir {quoted(folder)}
pidfile {quoted(folder / "redis.pid")}
daemonize no
set-proc-title no
always-show-logo no
loglevel warning
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""


def quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def answers(child: Child, folder: Path, port: int, password: str) -> bool:
    """PING, once the pid file says that ours has the port: a stranger there must not hear the password."""
    if pid_in(folder / "redis.pid") != child.pid:
        return False
    try:
        with redis.Redis(port=port, password=password, socket_timeout=5) as client:
            return client.ping() is True
    except redis.RedisError:
        return False
