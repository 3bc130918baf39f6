"""Following what a job prints; and what is called once a job is done."""

from __future__ import annotations

import logging
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import nsjob
from nsjob.pool.output import Output
from tests.conftest import PATIENCE, Gate

POSIX = pytest.mark.skipif(os.name != "posix", reason="it needs POSIX")


def followed(pool: nsjob.Pool, queue: str, job: nsjob.Job | str, let: threading.Event | None = None) -> str:
    """All that comes, looked at again and again; `let` is set once something came."""
    seen = ""
    for news in pool.follow(queue, job):
        seen += news
        if news and let is not None:
            let.set()
    return seen


def test_what_is_printed_is_followed_to_the_end(pool: nsjob.Pool) -> None:
    let = threading.Event()
    source = "print('first')\nlet(30)\nimport sys\nprint('last', file=sys.stderr)"
    job = pool.queue("q", source, vars={"let": let.wait}, capture_output=True)
    assert followed(pool, "q", job, let) == "first\nlast\n"


def test_a_job_that_is_done_or_has_left_is_followed_too(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "print('all')", capture_output=True)
    job.wait(PATIENCE)
    assert followed(pool, "q", job.id) == "all\n"
    pool.wait("q", job)
    assert followed(pool, "q", job.id) == "all\n"
    quiet = pool.queue("q", "1")
    assert followed(pool, "q", quiet) == ""


def test_nothing_comes_twice_where_only_the_end_is_kept(pool: nsjob.Pool) -> None:
    pool.configure(maxoutput=10)
    steps = threading.Semaphore(0)
    # Each number in one write: else its line end could come by itself, and let two steps go.
    source = "for n in range(50):\n    print(f'{n}\\n', end='')\n    take(timeout=30)"
    job = pool.queue("q", source, vars={"take": steps.acquire}, capture_output=True)
    seen = []
    for news in pool.follow("q", job):
        if news:
            seen += news.split()
            steps.release()
    assert seen == [str(n) for n in range(50)]


def test_all_runs_of_a_job_are_followed(pool: nsjob.Pool) -> None:
    source = "print(job.attempt)\nif job.attempt < 3: raise ValueError"
    pool.pause("q")
    job = pool.queue("q", source, capture_output=True, retries=5, backoff=0)
    pool.resume("q")
    seen = followed(pool, "q", job)
    assert seen.endswith("3\n")
    assert sorted(seen.split()) == seen.split()


@POSIX
def test_a_worker_process_is_followed(pool: nsjob.Pool, tmp_path: Path) -> None:
    pool.create("p", 1, engine="process")
    os.mkfifo(tmp_path / "go")
    source = "import pathlib\nprint('é one', end='')\npathlib.Path(path).read_text()\nprint(' two')"
    job = pool.queue("p", source, vars={"path": str(tmp_path / "go")}, capture_output=True)
    seen = ""
    for news in pool.follow("p", job):
        seen += news
        if news == "é one":
            (tmp_path / "go").write_text("go")
    assert seen == "é one two\n"


@POSIX
def test_a_program_is_followed_stdout_and_stderr_side_by_side(pool: nsjob.Pool) -> None:
    pool.create("c", 1, engine="command")
    code = """
import os
os.write(1, b"out 1\\n"); os.write(2, b"err 1\\n"); input()
os.write(1, "out \\u00e9".encode()[:5]); input()
os.write(1, "out \\u00e9".encode()[5:] + b"\\n")
"""
    job = pool.exec("c", [sys.executable, "-c", code], open_stdin=True)
    seen = ""
    sent = 0
    for news in pool.follow("c", job):
        seen += news
        if sent < 2 and seen.count("1\n") == 2 and (sent == 0 or seen.endswith("out ")):
            pool.send("c", job, "\n")
            sent += 1
    assert sorted(seen.splitlines()) == ["err 1", "out 1", "out é"]
    assert seen.count("1\n") == 2


def test_an_executors_jobs_tell_at_their_end(pool: nsjob.Pool) -> None:
    with ThreadPoolExecutor(1) as executor:
        pool.create("e", 1, engine=executor)
        assert followed(pool, "e", pool.queue("e", "print(5)", capture_output=True)) == "5\n"


def test_positions_of_an_output() -> None:
    output = Output(5)
    assert output.news(None, False) == ("", 0)
    output.write("abc")
    text, position = output.news(None, False)
    assert text == "abc"
    output.write("d")
    assert output.news(position, False)[0] == "d"
    output.write("efghijk")
    assert output.news(position, False) == ("ghijk", 11)
    assert output.text() == "ghijk"


# -- once a job is done -----------------------------------------------------------------------------------------------


class Told:
    """What a queue's `onfinish` was called with."""

    def __init__(self) -> None:
        self.jobs: list[nsjob.Job] = []
        self._came = threading.Semaphore(0)

    def __call__(self, job: nsjob.Job) -> None:
        self.jobs.append(job)
        self._came.release()

    def wait(self, count: int = 1) -> list[str]:
        for _ in range(count):
            assert self._came.acquire(timeout=PATIENCE)
        return [job.outcome for job in self.jobs]


@pytest.fixture
def told() -> Told:
    return Told()


def test_it_is_called_once_for_each_end_whatever_that_is(pool: nsjob.Pool, told: Told, gate: Gate) -> None:
    pool.create("w", 1, onfinish=told)
    pool.queue("w", "1")
    assert told.wait() == ["ok"]
    pool.queue("w", "1 / 0", retries=1, backoff=0)
    assert told.wait() == ["ok", "error"]
    pool.queue("w", "while True: pass", timeout=0.01)
    assert told.wait() == ["ok", "error", "timeout"]
    running = pool.submit("w", gate.enter)
    gate.came()
    waiting = pool.queue("w", "1")
    after = pool.queue("w", "1", after=[waiting])
    waiting.cancel()
    assert told.wait(2)[3:] == ["cancelled", "error"]
    pool.queue("w", "1", expires=0.01)
    assert told.wait()[5:] == ["expired"]
    pool.kill("w", running)
    assert told.wait()[6:] == ["cancelled"]
    gate.let()
    assert after in told.jobs
    assert len(told.jobs) == 7


def test_detached_jobs_calls_and_ranges_are_told_of_too(pool: nsjob.Pool, told: Told) -> None:
    pool.create("w", 2, onfinish=told)
    pool.queue("w", "1", detached=True)
    pool.submit("w", int)
    pool.range("w", range(5), "1")
    assert told.wait(3) == ["ok"] * 3


def test_a_waiter_takes_nothing_from_it(pool: nsjob.Pool, told: Told) -> None:
    pool.create("w", 2, onfinish=told)
    for _ in range(100):
        pool.wait("w", pool.queue("w", "1"))
    assert told.wait(100) == ["ok"] * 100


def test_a_script_finds_what_became_of_the_job(pool: nsjob.Pool) -> None:
    pool.define("import queue as queues\nseen = queues.Queue()")
    pool.create("w", 1, onfinish="seen.put((queue, id, outcome, result, job.attempt))")
    seen = pool.queue("q", "seen").wait(PATIENCE)
    pool.queue("w", "6 * 7")
    assert seen.get(timeout=PATIENCE) == ("w", "job0", "ok", 42, 1)
    pool.queue("w", "raise ValueError('no')")
    assert seen.get(timeout=PATIENCE) == ("w", "job1", "error", "ValueError: no", 1)


def test_what_it_raises_is_logged_and_the_job_stays_as_it_is(
    pool: nsjob.Pool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "nsjob")
    pool.create("w", 1, onfinish="1 / 0")
    assert pool.queue("w", "7").wait(PATIENCE) == 7
    pool.shutdown(timeout=PATIENCE)
    assert "ZeroDivisionError" in caplog.text


def test_the_end_of_the_pool_waits_for_it(told: Told) -> None:
    with nsjob.Pool() as pool:
        pool.create("w", 1, onfinish=told)
        for job in pool.queue_many("w", ["1"] * 20):
            job.cancel()
    assert len(told.jobs) == 20


def test_what_cannot_be_called_is_refused(pool: nsjob.Pool) -> None:
    with pytest.raises(nsjob.OptionError, match="onfinish"):
        pool.create("w", onfinish=5)  # type: ignore[arg-type]
    with pytest.raises(nsjob.SnippetError):
        pool.create("w", onfinish="1 +")
    assert pool.queues() == ["q"]
