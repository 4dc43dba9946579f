"""The web server under load, under attack and while it is replaced: real servers, real sockets."""

import contextlib
import http.client
import json
import os
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from knox.models import AuthToken

from files.management.commands.load_demo import SOURCE
from files.models import DataFile
from project.core.models import Job
from project.env import BASE_DIR
from project.open_files import connection_limit, raise_open_files
from project.tests.serving import (
    GRANIAN,
    GUNICORN,
    LOGIN,
    MULTIPART,
    Clients,
    Site,
    SlowPost,
    backends,
    dripping,
    free_port,
    multipart,
)
from stats.models import Hit
from variants.models import Gene, Load

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 8
SEARCH = "/api/v1/variants/?q=BRCA1"


@pytest.fixture
def serve(tmp_path, transactional_db) -> Iterator[Callable[..., Site]]:
    """`serve(WEB_THREADS="4")` starts a site; it ends with the test."""
    started: list[Site] = []

    def serve(command: list[str] = GRANIAN, **env: str) -> Site:
        folder = tmp_path / f"site {len(started)}"
        folder.mkdir()
        started.append(site := Site(folder, command, **env))
        site.wait_until_it_answers()
        return site

    try:
        yield serve
    finally:
        for site in started:
            site.end()


@pytest.fixture
def token(make_user) -> str:
    return AuthToken.objects.create(make_user("ada"))[1]


def granian_with(**constants: int) -> list[str]:
    """The web server with other values for constants that are no settings."""
    changed = "".join(f"web_server.{name} = {value}; " for name, value in constants.items())
    return [sys.executable, "-c", f"from project import web_server; {changed}web_server.main()"]


def in_parallel(work: Callable[[], object], times: int, *, at_once: int) -> list:
    with ThreadPoolExecutor(at_once) as pool:
        return [future.result() for future in [pool.submit(work) for _ in range(times)]]


def until(condition: Callable[[], object], timeout_s: float) -> bool:
    end = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return bool(condition())


# --- database connections --------------------------------------------------------------------------


def test_bursts_with_pauses_leave_no_more_backends_than_threads(serve):
    site = serve()
    most = 0
    for _ in range(20):
        in_parallel(lambda: site.get(SEARCH), 24, at_once=24)
        most = max(most, backends())
        time.sleep(0.15)
    assert THREADS / 2 <= most <= THREADS + 2


def test_a_thread_that_ends_closes_its_connection(serve):
    site = serve(granian_with(THREAD_IDLE_S=5))
    in_parallel(lambda: site.get(SEARCH), 48, at_once=24)
    assert backends() > 3
    assert until(lambda: backends() <= 1, 12), backends()  # the first thread never ends


# --- slow bodies -----------------------------------------------------------------------------------


def slowest(site: Site, seconds: float) -> float:
    """The longest that somebody waited for a page meanwhile."""
    end, worst = time.monotonic() + seconds, 0.0
    while time.monotonic() < end:
        worst = max(worst, site.seconds_for("/ping/"), site.seconds_for(SEARCH))
        time.sleep(0.05)
    return worst


def worst_under_slow_bodies(site: Site, token: str) -> float:
    """50 sockets at a byte a second: half of them upload, half of them log in."""
    posts = [site.slow_upload(token) if n % 2 else site.slow_post(LOGIN) for n in range(50)]
    with dripping(posts):
        worst = slowest(site, 4)
        answers = [found for each in posts if (found := each.answer())]
    assert 50 - THREADS // 2 <= len(answers) < 50
    assert {(status, headers["retry-after"]) for status, headers, _ in answers} == {(503, "5")}
    assert json.loads(answers[0][2])["title"] == "Service Unavailable"
    return worst


def test_pages_are_quick_while_fifty_bodies_come_at_a_byte_a_second(serve, token):
    site = serve()
    slowest(site, 0.5)
    worst = worst_under_slow_bodies(site, token)
    if worst >= 1:  # once more: the machine may have been busy with something else
        worst = worst_under_slow_bodies(site, token)
    assert worst < 1
    assert until(lambda: site.upload(token, b"gene\tpos\nBRCA1\t1\n") == 201, 0.5)
    assert site.post_login() == 403  # no CSRF cookie: it was read and judged


@pytest.mark.parametrize("command", [GRANIAN, GUNICORN], ids=["granian", "gunicorn"])
def test_a_body_that_comes_too_slowly_or_not_at_all_is_given_up(serve, token, command):
    site = serve(command, BODY_TIMEOUT_SECONDS="2")
    before = backends()
    silent, slow, upload = site.slow_post(LOGIN), site.slow_post(LOGIN), site.slow_upload(token)
    begin = time.monotonic()
    with dripping([slow, upload]):
        answers = [each.answer(6) for each in (slow, upload, silent)]
    silent.close()
    assert [answer and answer[0] for answer in answers] == [408, 408, 408]
    assert 2 <= time.monotonic() - begin < 6
    assert DataFile.objects.count() == 0
    assert site.get(SEARCH)[0] == 200
    assert backends() >= before  # its own connections to the database were not taken for clients


def test_a_body_that_brings_the_least_rate_is_waited_for(serve, token):
    site = serve(BODY_TIMEOUT_SECONDS="1", BODY_MIN_BYTES_PER_SECOND="100")
    post = site.slow_post(LOGIN, "Content-Type: application/x-www-form-urlencoded", length=900)
    for _ in range(9):
        post.socket.sendall(b"a" * 100)
        time.sleep(0.35)
    answer = post.answer(5)
    post.close()
    assert answer is not None
    assert answer[0] == 403


def test_small_bodies_never_find_the_server_busy(serve, token):
    site = serve()
    document = json.dumps({"name": "x" * 1000}).encode()

    def post_json() -> int:
        headers = {"Authorization": f"Token {token}", "Content_Type": "application/json"}
        return site.request("PATCH", "/api/v1/files/1/", document, **headers)[0]

    assert Counter(in_parallel(post_json, 300, at_once=8)) == {404: 300}
    assert Counter(in_parallel(site.post_login, 100, at_once=8)) == {403: 100}


def test_slow_uploads_leave_a_place_for_a_small_form_and_a_large_upload_goes_through(serve, token):
    site = serve()
    uploads = [site.slow_upload(token) for _ in range(2)]
    with dripping(uploads):
        time.sleep(0.5)
        assert site.upload(token, b"gene\tpos\n" + b"BRCA1\t1\n" * 3_000_000) == 201
        uploads += [site.slow_upload(token) for _ in range(3)]
        assert until(lambda: sum(each.answer() is not None for each in uploads[2:]) == 2, 3)
        assert site.post_login() == 403
    assert DataFile.objects.get().size == 9 + 8 * 3_000_000


def test_a_body_that_is_cut_off_is_refused_and_nothing_is_stored(serve, token):
    site = serve()
    post = site.slow_upload(token, length=500)
    post.drip()
    post.socket.shutdown(socket.SHUT_WR)
    answer = post.answer(5)
    post.close()
    assert answer is not None
    assert (answer[0], json.loads(answer[2])["detail"]) == (400, "The request ended 499 bytes too soon.")
    assert not DataFile.objects.exists()


def test_headers_that_come_slowly_hold_no_thread_and_are_given_up(serve):
    site = serve(granian_with(HEADER_TIMEOUT_MS=1500))
    clients = [socket.create_connection(("127.0.0.1", site.port), timeout=10) for _ in range(50)]
    for each in clients:
        each.sendall(b"GET /ping/ HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    assert slowest(site, 0.5) < 1
    for each in clients:
        assert b"200 OK" not in each.recv(1000)
        each.close()


def test_two_thousand_idle_connections_leave_room_for_others(serve):
    """granian by itself would take 1,024."""
    raise_open_files()
    if connection_limit() < 3000:
        pytest.skip("this user may not open enough files")
    site = serve()
    idle = [socket.create_connection(("127.0.0.1", site.port), timeout=10) for _ in range(2000)]
    try:
        assert slowest(site, 0.5) < 1
    finally:
        for each in idle:
            each.close()


# --- being replaced --------------------------------------------------------------------------------


def has_been_replaced(site: Site) -> bool:
    return (site.var_dir / "run" / "web-restart-outcome").exists()


def replace(site: Site) -> str:
    outcome = site.var_dir / "run" / "web-restart-outcome"
    outcome.unlink(missing_ok=True)
    site.process.send_signal(signal.SIGHUP)
    assert until(outcome.exists, 60), site.output()
    return outcome.read_text()


def test_three_restarts_under_load_fail_no_request_and_bring_new_code(serve):
    site = serve()
    with Clients(site, ("/ping/", SEARCH)) as clients:
        for code in "234":
            site.write_code(code)
            assert replace(site) == "Restarted"
            assert site.get("/ping/")[1]["x-code"] == code
    assert clients.failures == []
    assert clients.codes == {"1", "2", "3", "4"}
    assert clients.counts["new"] > 50
    # Busy connections were asked to close before idle ones were closed; a client may have slept by chance.
    assert clients.counts["asked again"] <= 3


def test_code_that_does_not_start_replaces_nothing(serve):
    site = serve()
    (site.folder / "served_code.py").write_text("this is no Python")
    assert "does not start" in replace(site)
    assert site.get("/ping/")[1]["x-code"] == "1"
    site.write_code("2")
    assert replace(site) == "Restarted"
    assert site.get("/ping/")[1]["x-code"] == "2"


def test_what_has_begun_is_finished_by_the_process_that_leaves(serve, token):
    site = serve()
    upload = site.slow_upload(token, length=2_000_000)
    opened = socket.create_connection(("127.0.0.1", site.port), timeout=10)  # has not asked for anything yet
    time.sleep(0.3)
    site.process.send_signal(signal.SIGHUP)
    site.write_code("2")
    assert until(lambda: site.get("/ping/")[1]["x-code"] == "2", 30)
    time.sleep(0.5)
    opened.sendall(b"GET /ping/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert b"200 OK" in opened.recv(1000)
    opened.close()
    assert not has_been_replaced(site)
    body = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.tsv"\r\n\r\n'
    upload.socket.sendall(body + b"a" * (2_000_000 - len(body) - 12) + b"\r\n--edge--\r\n")
    answer = upload.answer(10)
    upload.close()
    assert answer is not None
    assert (answer[0], answer[1]["x-code"]) == (201, "1")
    assert until(lambda: has_been_replaced(site), 10)


# --- open files ------------------------------------------------------------------------------------


def said_with_open_files(hard: int) -> tuple[str, int]:
    code = "from project.open_files import *; print(raise_open_files()); print(connection_limit())"
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=BASE_DIR,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, hard), hard)),
        capture_output=True,
        text=True,
        check=True,
    )
    sentence, most = said.stdout.splitlines()
    return sentence, int(most)


def test_a_low_limit_of_open_files_is_raised_or_said():
    assert said_with_open_files(16_000) == ("", 12_000)
    sentence, most = said_with_open_files(1024)
    assert most == 768
    assert "768 connections" in sentence
    assert "LimitNOFILE=16000" in sentence


# --- gunicorn --------------------------------------------------------------------------------------


def test_the_site_under_gunicorn_answers_counts_and_guards(serve, token):
    site = serve(GUNICORN)
    assert site.upload(token, b"gene\tpos\nBRCA1\t1\n") == 201
    with dripping([site.slow_post(LOGIN) for _ in range(20)]):
        assert slowest(site, 2) < 1
    site.drain()
    assert Hit.objects.filter(method="POST", status=201).count() == 1
    assert Hit.objects.filter(method="POST", status=503, path=LOGIN).count() == 20 - THREADS // 2
    assert Hit.objects.filter(method="GET", status=200, path="/api/v1/variants/").count() > 1


# --- nginx, as docs/serving.md has it --------------------------------------------------------------

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
NAME = "vardesk.example.org"


def documented_nginx(site: Site, folder: Path, ports: tuple[int, int]) -> Path:
    """The documented servers on other ports, in a configuration that needs no rights."""
    (servers,) = re.findall(r"```nginx\n(.*?)```", (BASE_DIR / "docs" / "serving.md").read_text(), re.DOTALL)
    for documented, here in {
        "listen 80;": f"listen 127.0.0.1:{ports[0]};",
        "listen 443 ssl;": f"listen 127.0.0.1:{ports[1]} ssl;",
        "127.0.0.1:8000": f"127.0.0.1:{site.port}",
        "/etc/ssl/vardesk/": f"{folder}/",
        "/var/lib/nginx/vardesk-bodies": f"{folder}/bodies",
        "/var/lib/vardesk/var/static/": f'"{site.var_dir}/static/"',
    }.items():
        assert documented in servers
        servers = servers.replace(documented, here)
    user = "user root;\n" if os.geteuid() == 0 else ""
    others = "".join(f"{name}_temp_path {folder}/{name};\n" for name in ("proxy", "fastcgi", "uwsgi", "scgi"))
    path = folder / "nginx.conf"
    path.write_text(
        f"{user}pid {folder}/nginx.pid;\ndaemon off;\nerror_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\ninclude /etc/nginx/mime.types;\naccess_log off;\n{others}{servers}}}\n"
    )
    return path


@pytest.fixture
def nginx(tmp_path_factory) -> Iterator[Callable[[Site], tuple[int, int]]]:
    """`nginx(site)` puts nginx in front of it; returns its ports for HTTP and HTTPS."""
    folder = tmp_path_factory.mktemp("nginx")  # no spaces, as in the documented paths
    started: list[subprocess.Popen] = []

    def nginx(site: Site) -> tuple[int, int]:
        openssl = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
        keys = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
        subprocess.run([*openssl, *keys], check=True, capture_output=True)
        ports = free_port(), free_port()
        command = [str(NGINX), "-c", str(documented_nginx(site, folder, ports)), "-e", str(folder / "error.log")]
        started.append(subprocess.Popen(command, cwd=folder))
        assert until(lambda: can_connect(ports[1]), 10), (folder / "error.log").read_text()
        return ports

    try:
        yield nginx
    finally:
        for process in started:
            process.terminate()
            process.wait(10)


def can_connect(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def ask_nginx(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str]]:
    trusting = ssl._create_unverified_context()
    client = http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=trusting)
    sent = {"Host": NAME} | {name.replace("_", "-"): value for name, value in headers.items()}
    client.request(method, path, body, sent)
    answer = client.getresponse()
    answer.read()
    client.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}


@pytest.mark.skipif(NGINX is None and os.environ.get("CI") != "true", reason="no nginx is installed")
def test_the_documented_nginx_in_front_of_gunicorn(serve, token, nginx):
    site = serve(GUNICORN, HTTPS="1", ALLOWED_HOSTS=f"{NAME},127.0.0.1", TRUSTED_PROXIES="127.0.0.1")
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput"], env=site.env, cwd=BASE_DIR, check=True,
        capture_output=True,
    )  # fmt: skip
    plain, secure = nginx(site)
    assert ask_plainly(plain) == (301, f"https://{NAME}/variants/")
    status, headers = ask_nginx(secure, "GET", SEARCH)
    assert (status, headers["server"].split("/")[0]) == (200, "nginx")
    assert "strict-transport-security" in headers
    head, tail = multipart()
    body = head + b"gene\tpos\n" + b"BRCA1\t1\n" * 1_000_000 + tail
    status, headers = ask_nginx(
        secure, "POST", "/api/v1/files/", body, Authorization=f"Token {token}", Content_Type=MULTIPART
    )
    assert status == 201
    status, headers = ask_nginx(secure, "GET", "/static/vardesk/vardesk.css")
    assert (status, headers["cache-control"], headers["content-type"]) == (200, "max-age=3600", "text/css")
    posts = [SlowPost(secure, LOGIN, f"Host: {NAME}", length=1000, is_secure=True) for _ in range(50)]
    with dripping(posts):
        begin = time.monotonic()
        while time.monotonic() < begin + 2:
            asked = time.monotonic()
            assert ask_nginx(secure, "GET", "/ping/")[0] == 200
            assert time.monotonic() - asked < 1
        assert [each.answer() for each in posts] == [None] * 50  # nginx waits for them, and nobody else does
    site.drain()
    assert Hit.objects.filter(method="POST", status=201).count() == 1
    assert Hit.objects.filter(path="/api/v1/variants/", status=200).count() == 1
    assert not Hit.objects.filter(path=LOGIN).exists()


def ask_plainly(port: int) -> tuple[int, str | None]:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    client.request("GET", "/variants/", headers={"Host": NAME})
    answer = client.getresponse()
    client.close()
    return answer.status, answer.headers["Location"]


# --- all of it -------------------------------------------------------------------------------------


def skip_the_sample_data() -> None:
    """What the start would load is there already, as far as it looks."""
    Gene.objects.create(symbol="BRCA1")
    Load.objects.create(source=SOURCE)


def test_make_restart_replaces_every_process_and_no_job_is_lost(serve, make_user):
    skip_the_sample_data()
    run = [sys.executable, "-m", "project.supervisor", "run"]
    site = serve(run, REDIS_URL="", CELERY_BROKER_URL="")
    token = AuthToken.objects.create(make_user("ada"))[1]
    assert until(lambda: json.loads(site.get("/healthz/")[2])["worker"]["ok"], 30), site.output()
    before = children_of(site)
    assert site.upload(token, b"gene\tpos\n" + b"BRCA1\t1\n" * 2_500_000) == 201, site.output()
    assert until(lambda: Job.objects.get().state == "running", 10)
    with Clients(site, ("/ping/", SEARCH)) as clients:
        site.write_code("2")
        restart = [sys.executable, "-m", "project.supervisor", "restart"]
        with subprocess.Popen(restart, cwd=BASE_DIR, env=site.env, stdout=subprocess.PIPE) as asked:
            # One to end its job, one to begin others; on a busy machine the job may have ended before.
            assert until(lambda: len(children_of(site)["worker"]) == 2 or Job.objects.get().is_over, 30)
            said, _ = asked.communicate(timeout=60)
    assert (asked.returncode, said) == (0, b"vardesk: Restarted\n"), site.output()
    assert clients.failures == []
    assert site.get("/ping/")[1]["x-code"] == "2"
    assert until(lambda: Job.objects.get().is_over, 50)
    assert (Job.objects.get().state, Job.objects.get().attempt) == ("succeeded", 1)
    assert until(lambda: not {pid for pids in before.values() for pid in pids if psutil.pid_exists(pid)}, 15)
    assert [len(pids) for pids in children_of(site).values()] == [1, 1, 1]


def children_of(site: Site) -> dict[str, set[int]]:
    """Process ids by what runs in them."""
    found: dict[str, set[int]] = {"worker": set(), "beat": set(), "drain_hits": set()}
    for process in psutil.Process(site.process.pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):  # it ends just now
            for name in found.keys() & set(process.cmdline()):
                found[name].add(process.pid)
    return found


def test_a_restart_of_what_does_not_run_is_refused(tmp_path):
    run = [sys.executable, "-m", "project.supervisor", "restart"]
    said = subprocess.run(
        run, cwd=BASE_DIR, env=os.environ | {"VAR_DIR": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert (said.returncode, "does not run" in said.stderr) == (1, True)
