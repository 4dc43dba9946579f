import datetime
import logging
import os
import random
import signal
import threading
import time

import pytest
import redis
from django.db import connection

from stats import boards, rollups, spool
from stats.drain import Drainer, drain_all
from stats.models import LATENCY_BUCKETS, Hit, RouteHour, SpoolSegment
from stats.tests.conftest import checked_counts

pytestmark = pytest.mark.django_db


def test_a_hit_is_in_both_within_one_turn(write, drainer, redis_client):
    write("/api/a/", 2)
    write("/api/b/")
    drainer.turn()
    assert checked_counts(redis_client) == {"/api/a/": 2, "/api/b/": 1}


def test_a_row_keeps_what_the_line_said(writer, drained):
    writer.append(1_780_000_000_123_456, "POST", "/variants/7/", "/variants/<pk>/", 201, 2500, 42)
    drained()
    hit = Hit.objects.get()
    assert hit.at == datetime.datetime(2026, 5, 28, 20, 26, 40, 123456, tzinfo=datetime.UTC)
    assert (hit.day, hit.byte_offset) == (datetime.date(2026, 5, 28), 0)
    assert (hit.method, hit.path, hit.route, hit.status, hit.duration_us, hit.user_id) == (
        "POST", "/variants/7/", "/variants/<pk>/", 201, 2500, 42,
    )  # fmt: skip


def test_midnight_begins_a_new_partition(write, drained):
    midnight_us = 1_780_012_800_000_000
    write("/api/a/", at_us=midnight_us - 1)
    write("/api/a/", at_us=midnight_us)
    assert drained() == {"/api/a/": 2}
    days = [datetime.date(2026, 5, 28), datetime.date(2026, 5, 29)]
    assert [hour.hour.date() for hour in RouteHour.objects.order_by("hour")] == days
    for day in days:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {rollups.partition_of(day)}")
            assert cursor.fetchone()[0] == 1


def test_each_duration_falls_into_one_bucket(writer, drained):
    for duration_us in (0, 999, 1000, 2999, 299_999, 300_000, 2_999_999, 3_000_000, 2**31 - 1):
        writer.append(1_780_000_000_000_000, "GET", "/api/a/", "/api/<rest>", 200, duration_us, None)
    drained()
    row = RouteHour.objects.get()
    assert [getattr(row, name) for name in LATENCY_BUCKETS] == [2, 2, 0, 0, 0, 1, 1, 1, 2]


def test_the_time_zone_of_the_session_moves_no_hour(write, drained):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'Asia/Kolkata'")
    write("/api/a/", at_us=1_780_012_800_000_000)
    drained()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'UTC'")  # as Django reads
    assert RouteHour.objects.get().hour == datetime.datetime(2026, 5, 29, tzinfo=datetime.UTC)
    assert Hit.objects.get().day == datetime.date(2026, 5, 29)


def test_bad_lines_are_skipped_counted_and_logged(write, drained, own_spool, caplog):
    write("/api/a/")
    with spool.segment_paths(own_spool)[0].open("ab") as stream:
        stream.write(b'not ours\n[1, 2]\n[1,"GET","/\\u0000","",200,1,null,0]\n' + b"x" * 600_000 + b"\n")
    write("/api/a/")
    with caplog.at_level(logging.ERROR):
        assert drained() == {"/api/a/": 2}
    assert SpoolSegment.objects.losses() == {"lost_hits": 0, "bad_lines": 6}  # the long one in three pieces
    assert "Skipped bytes" in caplog.text


def test_losses_reach_postgresql_once(writer, write, drained, redis_client):
    writer.unreported = 5
    write("/api/a/", 2)
    drained()
    redis_client.delete(boards.key("retired"))  # everything is fed again
    drained()
    assert SpoolSegment.objects.losses()["lost_hits"] == 5


def test_a_segment_is_deleted_when_its_writer_is_gone(write, writer, drained, own_spool):
    write("/api/a/", 3)
    drained()
    assert len(spool.segment_paths(own_spool)) == 1
    writer.close()
    assert drained() == {"/api/a/": 3}
    assert spool.segment_paths(own_spool) == []
    assert SpoolSegment.objects.get().is_retired


def test_full_segments_are_deleted_while_the_process_lives(own_spool, drained):
    writer = spool.SpoolWriter(own_spool, segment_bytes=2000)
    for _ in range(200):
        writer.append(1_780_000_000_000_000, "GET", "/api/a/", "/api/<rest>", 200, 1, None)
    assert drained() == {"/api/a/": 200}
    assert len(spool.segment_paths(own_spool)) == 1
    writer.close()


def test_an_emptied_redis_gets_everything_back(write, writer, drained, redis_client, settings, own_spool):
    write("/api/old/", 7)
    writer.close()
    drained()
    write("/api/new/", 4)
    drained()
    for name in redis_client.scan_iter(f"{settings.HITS_KEY_PREFIX}*"):
        redis_client.delete(name)
    write("/api/new/")
    assert drained() == {"/api/old/": 7, "/api/new/": 5}


def test_redis_is_emptied_before_postgresql_has_the_hits(write, drainer, drained, redis_client, settings, own_spool):
    write("/api/a/", 3)
    drainer.turn()
    write("/api/a/", 2)
    drainer.feed(spool.segment_paths(own_spool)[0])
    for name in redis_client.scan_iter(f"{settings.HITS_KEY_PREFIX}*"):
        redis_client.delete(name)
    assert drained() == {"/api/a/": 5}


@pytest.mark.parametrize("key", ["retired", "offsets", "stream"])
def test_redis_loses_one_key(key, write, writer, drainer, drained, redis_client, own_spool):
    write("/api/a/", 3)
    drainer.turn()
    write("/api/a/", 2)
    drainer.feed(spool.segment_paths(own_spool)[0])
    redis_client.delete(boards.key(key))
    write("/api/a/")
    writer.close()
    assert drained() == {"/api/a/": 6}
    assert spool.segment_paths(own_spool) == []


@pytest.fixture
def snapshot(redis_client, settings):
    """`back = snapshot()` notes what Redis holds; `back()` takes it back to there."""

    def snapshot():
        names = list(redis_client.scan_iter(f"{settings.HITS_KEY_PREFIX}*"))
        held = {name: redis_client.dump(name) for name in names}

        def back():
            for name in redis_client.scan_iter(f"{settings.HITS_KEY_PREFIX}*"):
                redis_client.delete(name)
            for name, value in held.items():
                redis_client.restore(name, 0, value)

        return back

    return snapshot


def test_redis_goes_back_in_time(write, drainer, drained, redis_client, own_spool, snapshot):
    write("/api/a/", 3)
    drainer.compare()
    drainer.feed(spool.segment_paths(own_spool)[0])
    back = snapshot()  # three hits on the boards and in the stream
    write("/api/a/", 2)
    drained()
    back()
    write("/api/b/")
    assert drained() == {"/api/a/": 5, "/api/b/": 1}


def test_redis_goes_back_past_the_deletion_of_a_segment(write, writer, drained, own_spool, snapshot):
    write("/api/a/", 3)
    drained()
    back = snapshot()
    write("/api/a/", 2)
    writer.close()
    drained()
    assert spool.segment_paths(own_spool) == []
    back()
    assert drained() == {"/api/a/": 5}


def test_rebuilt_boards_equal_the_fed_ones(write, drained, drainer, redis_client):
    for number in range(1, 40):
        write(f"/api/{number % 7}/", number)
    write("/variants/1/", 3, route="/variants/<pk>/")
    write("/nothing/", route="")
    fed = drained()
    drainer.rebuild()
    assert checked_counts(redis_client) == fed
    assert ("/variants/<pk>/", 3) in rollups.ranking("public", limit=100, offset=0)[2]


def test_a_rebuild_keeps_what_only_the_spool_has(write, drainer, drained, own_spool):
    write("/api/a/", 3)
    drainer.turn()
    write("/api/a/", 2)
    drainer.feed(spool.segment_paths(own_spool)[0])
    drainer.rebuild()
    assert drained() == {"/api/a/": 5}


def test_a_full_stream_is_not_fed_and_nothing_is_trimmed(write, own_spool, redis_client):
    drainer = Drainer(own_spool, redis_client, stream_limit=1)
    drainer.compare()
    write("/api/a/", 6000)
    path = spool.segment_paths(own_spool)[0]
    fed = drainer.feed(path)
    assert 0 < fed < path.stat().st_size
    assert drainer.feed(path) == 0
    drain_all(drainer)
    assert checked_counts(redis_client) == {"/api/a/": 6000}


def test_two_drainers_at_once_count_once(write, own_spool, redis_client, drainer):
    """As after a kill, when the last MULTI of the dead drainer arrives late."""
    write("/api/a/", 5)
    drainer.compare()
    path = spool.segment_paths(own_spool)[0]
    with redis_client.pipeline() as late:
        late.watch(boards.key("retired"), boards.key("offsets"))
        drainer.feed(path)
        late.multi()
        late.incrby(boards.key("total"), 5)
        with pytest.raises(redis.WatchError):
            late.execute()
    drain_all(drainer)
    assert checked_counts(redis_client) == {"/api/a/": 5}


def test_no_redis_no_loss(write, own_spool, drained):
    write("/api/a/", 5)
    lonely = Drainer(own_spool, boards.connect("redis://127.0.0.1:1/0"))
    for _ in range(3):
        with pytest.raises(redis.RedisError):
            lonely.turn()
    assert drained() == {"/api/a/": 5}


STEPS = {
    "feed": "feed()",
    "take": "feed()\nwith rollups.alone():\n    take(); die()",
    "store": "feed()\nwith rollups.alone():\n    rollups.store(take()); die()",
    "commit": "feed()\nwith rollups.alone():\n    rollups.store(take())",
    "done": "drainer.turn()",
    "retire, before the segment is deleted": "spool.Path.unlink = lambda self: die()\ndrain_all(drainer)",
}
DYING = """
import os, signal, django
django.setup()
from django.conf import settings
from stats import boards, rollups, spool
from stats.drain import Drainer, drain_all
def die(): os.kill(os.getpid(), signal.SIGKILL)
def take(): return [entry for _, entry in boards.take(drainer.client, 100)]
def feed(): drainer.feed(spool.segment_paths(settings.SPOOL_DIR)[0])
drainer = Drainer(settings.SPOOL_DIR, boards.connect(settings.REDIS_URL))
drainer.compare()
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", STEPS)
def test_kill_9_after_each_step(step, write, writer, drained, own_spool, start_child):
    write("/api/a/", 20)
    if step.startswith("retire"):
        writer.close()
    child = start_child("-c", DYING + STEPS[step] + "\ndie()")
    _, errors = child.communicate(timeout=30)
    assert child.returncode == -signal.SIGKILL, errors
    write("/api/a/")
    writer.close()
    assert drained() == {"/api/a/": 21}
    assert spool.segment_paths(own_spool) == []


@pytest.mark.django_db(transaction=True)
def test_kill_9_of_the_drainer_again_and_again(writer, drained, start_child, own_spool):
    """Eight threads write while drainers are killed at random moments: every hit is counted once."""
    chance, ends = random.Random(7), threading.Event()
    written = [0] * 8

    def hit(number):
        while not ends.wait(0.002):
            writer.append(time.time_ns() // 1000, "GET", f"/api/{number}/", "/api/<rest>", 200, 100, None)
            written[number] += 1

    threads = [threading.Thread(target=hit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        child = start_child("-m", "django", "drain_hits")
        wait_for_hits(Hit.objects.count() + 1)
        time.sleep(chance.uniform(0, 0.4))
        child.kill()
        child.wait()
    ends.set()
    for thread in threads:
        thread.join()
    assert Hit.objects.count() > 0
    assert drained() == {f"/api/{number}/": written[number] for number in range(8)}


@pytest.mark.django_db(transaction=True)
def test_a_cut_connection_to_postgresql_is_made_again(start_child, write, redis_client):
    start_child("-m", "django", "drain_hits")
    write("/api/a/")
    wait_for_hits(1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert cursor.fetchone()[0] == 1
    write("/api/a/")
    wait_for_hits(2)
    assert checked_counts(redis_client) == {"/api/a/": 2}


def wait_for_hits(count):
    deadline = time.monotonic() + 20
    while Hit.objects.count() < count and time.monotonic() < deadline:
        time.sleep(0.02)


@pytest.mark.django_db(transaction=True)
def test_sigterm_ends_the_drainer_within_a_second(start_child, write, redis_client):
    child = start_child("-m", "django", "drain_hits")
    write("/api/a/")
    wait_for_hits(1)
    child.send_signal(signal.SIGTERM)
    assert child.wait(timeout=1.5) == 0
    assert checked_counts(redis_client) == {"/api/a/": 1}


@pytest.mark.django_db(transaction=True)
def test_a_second_drainer_waits_and_takes_over(start_child, write, own_spool):
    lock = spool.try_lock_drainer(own_spool)
    assert lock is not None
    second = start_child("-u", "-m", "django", "drain_hits")
    assert "Another drainer works" in second.stdout.readline()
    assert spool.is_drainer_at_work(own_spool)
    write("/api/a/")
    time.sleep(0.5)
    assert not Hit.objects.exists()
    os.close(lock)
    wait_for_hits(1)
    assert Hit.objects.count() == 1


def test_half_a_line_of_a_killed_writer_is_no_hit_and_no_fault(write, writer, drained, own_spool):
    write("/api/a/", 2)
    writer.close()
    (path,) = spool.segment_paths(own_spool)
    with path.open("ab") as segment:
        segment.write(b'[1780000000000000,"GET","/api/a/","/api/<')
    assert drained() == {"/api/a/": 2}
    assert SpoolSegment.objects.losses() == {"lost_hits": 0, "bad_lines": 0}
    assert spool.segment_paths(own_spool) == []
