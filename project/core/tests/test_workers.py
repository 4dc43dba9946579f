"""Jobs under real workers and real brokers that deliver twice, give up waiting, or are away."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest
from kombu import Connection

from project.core.models import Job, JobPart
from project.core.tests.workers import Workers, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("workers")]

RABBITMQ_URL = "amqp://guest:guest@127.0.0.1:5672//"


def rabbitmq_url(settings) -> str:
    """That of the settings where it is one; else of this machine, if one answers."""
    url = settings.CELERY_BROKER_URL if settings.CELERY_BROKER_URL.startswith("amqp") else RABBITMQ_URL
    try:
        Connection(url, connect_timeout=2).connect().close()
    except OSError:
        pytest.skip("no RabbitMQ answers here")
    return url


@pytest.fixture(params=["redis", "rabbitmq"])
def workers(request, settings, tmp_path) -> Iterator[Workers]:
    found = Workers(settings, tmp_path, settings.REDIS_URL if request.param == "redis" else rabbitmq_url(settings))
    try:
        yield found
    finally:
        found.end()


@pytest.fixture
def slow_job(make_job, tmp_path) -> Callable[..., Job]:
    """`slow_job(seconds=2)`, `slow_job("test.parts", parts=5)`."""

    def slow_job(task: str = "test.sleep", *, queue: str = "light", **params) -> Job:
        log = tmp_path / f"log-{Job.objects.count()}"
        log.touch()
        return make_job(task=task, queue=queue, params={"log": str(log), "seconds": 1} | params)

    return slow_job


def lines(job: Job, word: str) -> list[str]:
    with open(job.params["log"]) as log:
        return [line for line in log.read().splitlines() if line.startswith(word)]


def is_over(job: Job) -> bool:
    job.refresh_from_db()
    return job.is_over


def begun(job: Job) -> bool:
    return bool(lines(job, "begin"))


def ended_well(job: Job, seconds: float = 30) -> None:
    until(lambda: is_over(job), seconds=seconds)
    assert (job.state, job.error) == ("succeeded", "")


# --- messages that come more than once


def test_no_message_waits_for_an_answer_while_a_job_runs(workers, slow_job):
    """So that nothing can be delivered again after Redis' visibility_timeout or RabbitMQ's consumer_timeout."""
    job = slow_job(seconds=60)
    worker = workers.start_worker()
    workers.wake(times=3)
    until(lambda: begun(job), seconds=20)
    until(lambda: workers.kept_messages() == 0, seconds=5)
    workers.kill(worker)
    time.sleep(0.5)
    assert workers.kept_messages() == 0


def test_a_long_job_is_begun_once(workers, slow_job):
    """The Redis of the test hands out again, after 1 s, what no worker acknowledged."""
    job = slow_job(seconds=5)
    workers.start_worker()
    workers.start_worker()
    workers.wake()
    ended_well(job)
    assert (len(lines(job, "begin")), job.attempt) == (1, 1)


def test_messages_that_two_workers_get_at_once_begin_a_job_once(workers, slow_job):
    job = slow_job(seconds=2)
    for _ in range(2):
        workers.start_worker()
    workers.send(job.task, job.pk, times=10)
    ended_well(job)
    assert (len(lines(job, "begin")), job.attempt) == (1, 1)


def test_a_message_that_comes_again_keeps_no_worker_busy(workers, slow_job):
    long, small = slow_job(seconds=20), slow_job(seconds=0)
    workers.start_worker("--concurrency", "2")
    workers.send(long.task, long.pk)
    until(lambda: begun(long), seconds=20)
    workers.send(long.task, long.pk, times=20)
    workers.wake()
    ended_well(small, seconds=5)
    assert not is_over(long)


# --- a broker that is away


def test_a_broker_that_is_away_for_a_while_costs_nothing_but_time(workers, slow_job):
    running = slow_job(seconds=6)
    workers.start_worker()
    workers.start_beat()
    workers.wake()
    until(lambda: begun(running), seconds=20)
    workers.door.close()
    waiting = slow_job(seconds=0)
    time.sleep(4)
    workers.door.open()
    ended_well(running)
    ended_well(waiting, seconds=60)
    assert [(job.attempt, len(lines(job, "begin"))) for job in (running, waiting)] == [(1, 1), (1, 1)]


# --- workers that die or stop


def test_a_job_of_a_killed_worker_is_taken_up_by_another(workers, slow_job):
    job = slow_job(seconds=60)
    first = workers.start_worker()
    workers.wake()
    until(lambda: begun(job), seconds=20)
    workers.kill(first)
    workers.start_beat()
    workers.start_worker()
    ended_well(job, seconds=30)
    assert (job.attempt, job.deaths, len(lines(job, "begin"))) == (2, 1, 2)


def test_a_worker_that_is_asked_to_stop_ends_its_job_and_takes_no_other(workers, slow_job):
    job, next_one = slow_job(seconds=3), slow_job(seconds=0)
    worker = workers.start_worker()
    workers.wake(times=3)
    until(lambda: begun(job), seconds=20)
    os.kill(worker.pid, signal.SIGTERM)
    assert worker.wait(20) == 0
    assert is_over(job)
    assert (is_over(next_one), next_one.state) == (False, "queued")


# --- queues


@pytest.mark.parametrize("are_apart", [False, True], ids=["one worker", "a worker for each queue"])
def test_small_work_does_not_wait_behind_large(workers, slow_job, are_apart):
    large = [slow_job(seconds=30, queue="heavy") for _ in range(3)]
    if are_apart:
        workers.start_worker("--queues", f"{workers.name}.heavy", "--concurrency", "2")
        workers.start_worker("--queues", f"{workers.name}.light", "--pool", "solo")
    else:
        workers.start_worker("--concurrency", "3")
    workers.wake("heavy", times=5)
    until(lambda: begun(large[0]) and begun(large[1]), seconds=20)
    small = slow_job(seconds=0)
    workers.wake()
    ended_well(small, seconds=5)
    assert not begun(large[2])
    assert Job.objects.ahead_of(large[2]) == 0


def test_jobs_are_taken_in_the_order_of_their_numbers(workers, slow_job):
    jobs = [slow_job(seconds=0) for _ in range(5)]
    for job in reversed(jobs):
        workers.send(job.task, job.pk, queue="heavy")  # nobody listens there
    workers.start_worker("--queues", workers.queue, "--concurrency", "1")
    workers.wake()
    for job in jobs:
        ended_well(job)
    started = [job.started for job in jobs]
    assert started == sorted(started)


# --- parts


@pytest.mark.parametrize("count", [1, 3])
def test_parts_are_done_once_by_one_worker_or_three(workers, slow_job, count):
    for _ in range(count):
        workers.start_worker()
    job = slow_job("test.parts", parts=9, seconds=0.3)
    workers.wake()
    workers.send("test.help", job.pk, times=count - 1)
    until(lambda: lines(job, "part"), seconds=20)
    workers.send("test.help", job.pk, times=count - 1)  # those before may have been too early
    ended_well(job)
    assert job.result == {"numbers": list(range(9))}
    assert len(lines(job, "part")) == 9
    assert len({line.split()[-1] for line in lines(job, "part")}) == count
    assert not JobPart.objects.exists()


@pytest.mark.parametrize("victim", [0, -1], ids=["coordinator", "helper"])
def test_parts_of_a_killed_worker_are_done_by_the_others(workers, slow_job, victim):
    job = slow_job("test.parts", parts=6, seconds=1.5)
    for _ in range(2):
        workers.start_worker()
    workers.start_beat()
    workers.wake()
    pids = lambda: [int(line.split()[-1]) for line in lines(job, "part")]  # noqa: E731
    until(lambda: len(set(pids())) == 2, seconds=20)
    os.killpg(os.getpgid(pids()[victim]), signal.SIGKILL)
    ended_well(job, seconds=60)
    assert job.result == {"numbers": [0, 1, 2, 3, 4, 5]}


# --- clocks


@pytest.mark.parametrize("hours", [-7, 7])
def test_the_clocks_of_hosts_may_differ_by_hours(workers, slow_job, hours):
    """Neither is a living worker's job taken, nor does a dead one's lie for hours."""
    job = slow_job(seconds=60)
    first = workers.start_worker()
    workers.wake()
    until(lambda: begun(job), seconds=20)
    workers.start_worker(clock_h=hours)
    workers.start_beat(clock_h=hours)
    workers.send(job.task, job.pk, times=3)
    time.sleep(3)
    job.refresh_from_db()
    assert job.attempt == 1
    workers.kill(first)
    ended_well(job, seconds=40)
    assert (job.attempt, job.started < job.finished) == (2, True)


# --- cancelling


def test_a_long_statement_is_broken_off_within_two_seconds(workers, slow_job):
    job = slow_job("test.statement", seconds=60)
    workers.start_worker()
    workers.wake()
    until(lambda: begun(job), seconds=20)
    time.sleep(0.5)
    asked = time.monotonic()
    assert job.ask_to_cancel()
    until(lambda: is_over(job), seconds=10)
    assert time.monotonic() - asked < 2
    assert (job.state, job.error, Job.objects.filter(kind="trace").count()) == ("cancelled", "", 0)
