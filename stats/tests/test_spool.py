import os
import signal
import threading

import orjson
import pytest

from stats import spool

HIT = (1_780_000_000_000_000, "GET", "/api/a/", "/api/<rest>", 200, 1500, None)


def lines_of(directory):
    """Every whole line in the spool, parsed; one that its killed writer did not end is no hit."""
    found = []
    for path in spool.segment_paths(directory):
        with spool.open_segment(path) as segment:
            lines = list(spool.split(0, segment.read(0, max_bytes=10**8)))
            found += [spool.parse(raw.text) for raw in lines if not raw.is_cut_off]
    return found


def test_threads_share_a_segment_and_lose_nothing(writer, own_spool):
    def work(number):
        for _ in range(500):
            writer.append(*HIT[:6], number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(line.user_id for line in lines_of(own_spool)) == sorted(list(range(8)) * 500)
    assert len(spool.segment_paths(own_spool)) == 1


def test_a_full_segment_is_closed_and_another_begun(own_spool):
    writer = spool.SpoolWriter(own_spool, segment_bytes=1000)
    for _ in range(50):
        writer.append(*HIT)
    closed = []
    for path in spool.segment_paths(own_spool):
        with spool.open_segment(path) as segment:
            closed.append(segment.is_closed)
    assert len(lines_of(own_spool)) == 50
    assert len(closed) > 3
    assert closed.count(False) == 1  # the one that is being written
    writer.close()


def test_a_forked_child_writes_a_segment_of_its_own(own_spool):
    writer = spool.writer_for(own_spool)
    writer.append(*HIT)
    child = os.fork()
    if not child:
        writer.append(*HIT)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    writer.append(*HIT)
    counts = []
    for path in spool.segment_paths(own_spool):
        with spool.open_segment(path) as segment:
            counts.append((segment.read(0).count(b"\n"), segment.is_closed))
    assert sorted(counts) == [(1, True), (2, False)]
    writer.close()


def test_kill_9_of_a_writer_loses_no_hit_that_was_answered(start_child, own_spool):
    child = start_child(
        "-c",
        "from stats.spool import SpoolWriter\n"
        "import itertools, os\n"
        f"writer = SpoolWriter({str(own_spool)!r})\n"
        "for number in itertools.count(1):\n"
        f"    writer.append(*{HIT!r})\n"
        "    os.write(1, b'%d\\n' % number)\n",
    )
    for _ in range(2000):
        child.stdout.readline()
    child.kill()
    answered = 2000 + len([line for line in child.stdout.read().splitlines() if line])
    assert len(lines_of(own_spool)) - answered in (0, 1)


def test_the_next_line_says_how_many_were_lost(own_spool):
    own_spool.parent.joinpath("spool").write_text("a file where the folder should be")
    writer = spool.SpoolWriter(own_spool)
    for _ in range(3):
        writer.append(*HIT)
    assert writer.unreported == 3
    own_spool.unlink()
    writer.append(*HIT)
    assert [line.lost_before for line in lines_of(own_spool)] == [3]
    assert writer.unreported == 0
    writer.close()


def test_a_deleted_segment_is_noticed(writer, own_spool):
    writer.append(*HIT)
    spool.segment_paths(own_spool)[0].unlink()
    writer.append(HIT[0] + 1_000_000, *HIT[1:])
    assert len(lines_of(own_spool)) == 1


def test_a_disk_that_fills_up_leaves_no_half_line(own_spool):
    """With a limit on the size of files, in a process of its own: the write comes back short, then fails."""
    pid = os.fork()
    if not pid:
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        writer = spool.SpoolWriter(own_spool)
        for _ in range(100):
            writer.append(*HIT)
        os._exit(writer.unreported)
    lost = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert lost + len(lines_of(own_spool)) == 100
    assert lost > 0


def test_a_last_line_without_its_end_waits_for_the_writer(own_spool, writer):
    writer.append(*HIT)
    path = spool.segment_paths(own_spool)[0]
    with path.open("ab") as stream:
        stream.write(b"[178")
    with spool.open_segment(path) as segment:
        assert segment.read(0).count(b"[178") == 1
    writer.close()
    with spool.open_segment(path) as segment:
        assert [raw.text for raw in spool.split(0, segment.read(0))][1:] == [b"[178"]


def test_a_line_without_end_is_given_in_pieces(own_spool):
    own_spool.mkdir()
    path = own_spool / "0f8fad5b-d9cb-469f-a165-70867728950e.spool"
    path.write_bytes(b"x" * 250 + b"\n" + orjson.dumps([*HIT, 0]) + b"\n")
    with spool.open_segment(path) as segment:
        blocks = [segment.read(start, max_bytes=100) for start in (0, 100, 200)]
    assert [len(block) for block in blocks] == [100, 100, 51]


@pytest.mark.parametrize(
    ("block", "lines"),
    [
        (b"", []),
        (b"a\n", [(7, 9, b"a")]),
        (b"a\nb\n", [(7, 9, b"a"), (9, 11, b"b")]),
        (b"a\nb", [(7, 9, b"a"), (9, 10, b"b")]),
        (b"\n\n", [(7, 8, b""), (8, 9, b"")]),
        (b"a\rb\n", [(7, 11, b"a\rb")]),
    ],
)
def test_lines_know_their_place(block, lines):
    assert list(spool.split(7, block)) == lines


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"null",
        b"[1, 2]",
        b'["x", "GET", "/", "", 200, 1, null, 0]',
        b'[1e9, "GET", "/", "", 200, 1, null, 0]',
        b'[99999999999999999, "GET", "/", "", 200, 1, null, 0]',
        b'[-1, "GET", "/", "", 200, 1, null, 0]',
        b'[1, "GET", "/\\u0000", "", 200, 1, null, 0]',
        b'[1, "GET", "/\\ud800", "", 200, 1, null, 0]',
        b'[1, "GET", "/' + b"a" * 700 + b'", "", 200, 1, null, 0]',
        b'[1, "GET", "/", "", true, 1, null, 0]',
        b'[1, "GET", "/", "", 200, 99999999999, null, 0]',
        b'[1, "GET", "/", "", 200, 1, "me", 0]',
        b'[1, "GET", "/\xff", "", 200, 1, null, 0]',
    ],
)
def test_lines_that_are_not_ours_are_refused(text):
    with pytest.raises(spool.BadLine):
        spool.parse(text)
