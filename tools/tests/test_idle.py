import os
import subprocess
import sys
from pathlib import Path

import pytest

from project.env import BASE_DIR
from tools import idle
from tools.idle import Cost

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def test_a_family_is_a_process_and_all_that_descends_from_it():
    code = "import subprocess, sys; print(subprocess.Popen(['sleep', '60']).pid, flush=True); sys.stdin.read()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as child:
        grandchild = int(child.stdout.readline())
        assert idle.family_of(child.pid) == [child.pid, grandchild]
        assert {child.pid, grandchild} < set(idle.family_of(os.getpid()))
        os.kill(grandchild, 9)


def test_what_a_process_costs():
    before = idle.costs(os.getpid())[os.getpid()]
    ballast = bytearray(50_000_000)
    ballast[::4096] = b"x" * len(ballast[::4096])
    sum(number * number for number in range(3_000_000))
    after = idle.costs(os.getpid())[os.getpid()]
    assert after.pss_mb - before.pss_mb == pytest.approx(50, abs=10)
    assert after.seconds > before.seconds


@pytest.mark.parametrize(
    ("pss_mb", "seconds", "code", "said"),
    [
        (299.0, 0.5, 0, "Within 600 MB and 2 % of a core."),
        (301.0, 0.5, 1, "More than 600 MB"),
        (299.0, 0.7, 1, "More than 2 % of a core"),
    ],
)
def test_the_verdict_is_on_the_sum(capsys, pss_mb, seconds, code, said):
    before = {1: Cost("web", pss_mb, 10.0)}
    after = {1: Cost("web", pss_mb, 10.0 + seconds), 2: Cost("new", pss_mb, seconds)}
    assert idle.report(before, after, over_s=60.0) == code
    assert capsys.readouterr().out.splitlines()[-1] == said


def test_it_measures_a_real_one_and_leaves_nothing(tmp_path):
    env = {**os.environ, "TMPDIR": str(tmp_path), "SAMPLE_DATA": "0"}
    command = [sys.executable, "-m", "tools.idle", "--after", "3", "--over", "2"]
    tmp_path.chmod(0o711)
    done = subprocess.run(command, cwd=BASE_DIR, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode in (0, 1), done.stderr  # it has hardly come to rest
    for name in (
        "supervisor run",
        "postgres: checkpointer",
        "redis-server",
        "project.web_server",
        "celery",
        "drain_hits",
        "sum",
    ):
        assert name in done.stdout
    assert list(Path(tmp_path).iterdir()) == []
