"""How many connections the web server may hold: each takes an open file, and the usual limit is 1,024."""

import resource

OPEN_FILES = 65_536
CONNECTIONS = 12_000
FILES_PER_CONNECTION = 4 / 3  # besides connections: databases, uploads, tables


def raise_open_files() -> str:
    """As far as this user may. Returns a sentence for the user when that is not enough, else ""."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    if (most := connection_limit()) == CONNECTIONS:
        return ""
    needed = int(CONNECTIONS * FILES_PER_CONNECTION)
    return (
        f"At most {most:,} connections at a time instead of {CONNECTIONS:,}: this user may open {wanted:,} files. "
        f"Raise the hard limit to {needed:,} (`ulimit -Hn {needed}` as root, LimitNOFILE={needed} in a systemd unit)."
    )


def connection_limit() -> int:
    """As many connections as open files allow; more of them wait to be accepted."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return CONNECTIONS if soft == resource.RLIM_INFINITY else min(CONNECTIONS, int(soft / FILES_PER_CONNECTION))
