"""The process engine: what a job can do, what a worker that ends does to others, how runs are ended."""

from __future__ import annotations

import os
import random
import signal
import threading
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

import nsjob
from tests.conftest import PATIENCE

pytestmark = pytest.mark.skipif(os.name != "posix", reason="worker processes need a POSIX system")


@pytest.fixture
def pool() -> Iterator[nsjob.Pool]:
    with nsjob.Pool() as pool:
        pool.create("p", 2, engine="process")
        yield pool


def area(width: int, height: int) -> int:
    return width * height


def started(pool: nsjob.Pool, queue: str = "p") -> threading.Event:
    """Set when a job of the queue tells its progress."""
    told = threading.Event()
    pool.subscribe(lambda event: told.set() if event.kind == "progress" and event.queue == queue else None)
    return told


def workers(pool: nsjob.Pool) -> list[Any]:
    """The workers that do a run at this moment."""
    runs = [place.run for place in list(pool._core.threads.places)]
    return [run.remote for run in runs if run is not None and run.remote is not None]


def test_a_snippet_runs_in_another_process_and_its_value_comes_back(pool: nsjob.Pool) -> None:
    script = "import os\nreturn (os.getpid(), len(rows), job.input, job.id, job.queue, job.attempt)"
    job = pool.queue("p", script, vars={"rows": [1, {"a": 2}]}, input=7)
    assert job.wait(PATIENCE)[0] != os.getpid()
    assert job.wait()[1:] == (2, 7, job.id, "p", 1)
    assert job.code == "TCL_RETURN"


def test_functions_lambdas_and_coroutines_run_there_too(pool: nsjob.Pool) -> None:
    assert pool.submit("p", area, 6, height=7).wait(PATIENCE) == 42
    assert pool.submit("p", lambda: nsjob.current_job().attempt).wait(PATIENCE) == 1
    assert pool.queue("p", "import asyncio\nawait asyncio.sleep(0)\n5").wait(PATIENCE) == 5


def test_definitions_reach_workers_that_are_there_and_those_to_come(pool: nsjob.Pool) -> None:
    assert pool.queue("p", "1").wait(PATIENCE) == 1
    pool.define("def double(x):\n    return 2 * x")
    assert [pool.queue("p", "double(n)", vars={"n": n}).wait(PATIENCE) for n in range(4)] == [0, 2, 4, 6]


def test_an_error_has_the_snippets_own_lines_and_no_frame_of_nsjob(pool: nsjob.Pool) -> None:
    job = pool.queue("p", "def divide():\n    return 1 / 0\ndivide()")
    with pytest.raises(ZeroDivisionError):
        job.wait(PATIENCE)
    assert job.error is not None
    shown = "".join(traceback.format_exception(job.error))
    assert "return 1 / 0" in pool.show("p", job.id).error
    assert "nsjob/engines" not in pool.show("p", job.id).error
    assert "line 3, in <module>" in shown


def test_output_log_progress_snooze_and_fail_cross_the_boundary(pool: nsjob.Pool) -> None:
    job = pool.queue("p", "print('hi')\njob.log('line')\njob.progress(1, 2, 'half')", capture_output=True)
    job.wait(PATIENCE)
    report = pool.show("p", job.id)
    assert (report.output, report.log, report.progress) == ("hi\n", ("line",), (1, 2, "half"))
    with pytest.raises(nsjob.JobFailed, match="no use"):
        pool.queue("p", "job.fail('no use')", retries=5).wait(PATIENCE)
    marks = {"path": os.devnull}
    script = (
        "import sys\nif 'snoozed' not in sys.modules:\n    sys.modules['snoozed'] = sys\n    job.snooze(0)\njob.attempt"
    )
    pool.create("one", 1, engine="process")
    assert pool.queue("one", script, vars=marks).wait(PATIENCE) == 1


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "was killed by SIGKILL"),
        ("import os\nos._exit(3)", "ended with exit code 3"),
    ],
)
def test_a_worker_that_ends_is_an_error_of_its_job_alone(pool: nsjob.Pool, script: str, message: str) -> None:
    job = pool.queue("p", script)
    others = [pool.queue("p", "n", vars={"n": n}) for n in range(20)]
    with pytest.raises(nsjob.NsjobError, match=message):
        job.wait(PATIENCE)
    assert [other.wait(PATIENCE) for other in others] == list(range(20))


def test_what_cannot_be_carried_over_is_said(pool: nsjob.Pool) -> None:
    with pytest.raises(nsjob.NsjobError, match="result .* cannot be pickled"):
        pool.queue("p", "import threading\nthreading.Lock()").wait(PATIENCE)
    with pytest.raises(nsjob.NsjobError, match="cannot be pickled, so no other process can have it"):
        pool.queue("p", "lock", vars={"lock": threading.Lock()}).wait(PATIENCE)
    script = (
        "class Odd(Exception):\n    def __init__(self, a, b):\n        super().__init__('odd one')\nraise Odd(1, 2)"
    )
    with pytest.raises(nsjob.NsjobError, match="odd one"):
        pool.queue("p", script).wait(PATIENCE)


def test_a_time_limit_and_cancel_kill_the_worker_even_where_it_ignores_signals(pool: nsjob.Pool) -> None:
    pool.configure(grace=0.05)
    with pytest.raises(nsjob.JobTimeout):
        pool.queue("p", "while True: pass", timeout=0.05).wait(PATIENCE)
    told = started(pool)
    script = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\njob.progress(1)\nwhile True: pass"
    job = pool.queue("p", script)
    assert told.wait(PATIENCE)
    assert pool.cancel("p", job)
    with pytest.raises(nsjob.JobCancelled):
        job.wait(PATIENCE)
    assert pool.queue("p", "2").wait(PATIENCE) == 2
    assert pool.threadlist().numlost == 0


def test_a_worker_ends_after_its_number_of_jobs(pool: nsjob.Pool) -> None:
    pool.create("short", 1, engine="process", jobsperworker=2)
    pids = [pool.queue("short", "import os\nos.getpid()").wait(PATIENCE) for _ in range(4)]
    assert pids[0] == pids[1] != pids[2] == pids[3]


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="only Linux heeds the limit of address space")
def test_a_job_that_takes_too_much_memory_fails_with_a_sentence(pool: nsjob.Pool) -> None:
    pool.create("small", 1, engine="process", maxmem="400M")
    with pytest.raises(MemoryError, match="more memory than its worker process may have"):
        pool.queue("small", "bytearray(600 * 2**20)").wait(PATIENCE)
    assert pool.queue("small", "1").wait(PATIENCE) == 1
    with pytest.raises(nsjob.OptionError, match="takes a size like 512M"):
        pool.create("bad", engine="process", maxmem="much")


def test_no_process_is_left_behind() -> None:
    with nsjob.Pool() as pool:
        pool.create("p", 3, engine="process")
        pids = {pool.queue("p", "import os\nos.getpid()").wait(PATIENCE) for _ in range(3)}
        pool.create("deleted", 1, engine="process")
        gone = pool.queue("deleted", "import os\nos.getpid()").wait(PATIENCE)
        pool.delete("deleted", force=True)
        pids.add(gone)
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.stress
def test_jobs_whose_workers_are_killed_all_the_time_end_ok_each_once(pool: nsjob.Pool) -> None:
    pool.create("chaos", 2, engine="process", retries=1000, backoff=0.001)
    stop = threading.Event()
    killed = 0

    def kill() -> None:
        nonlocal killed
        while not stop.wait(0.05):
            for worker in random.sample(workers(pool), min(1, len(workers(pool)))):
                try:
                    os.kill(worker.pid, signal.SIGKILL)
                    killed += 1
                except ProcessLookupError:
                    pass

    killer = threading.Thread(target=kill)
    killer.start()
    script = "import time\ntime.sleep(0.002)\nn"
    jobs = [pool.queue("chaos", script, vars={"n": n}) for n in range(2000)]
    try:
        assert [job.wait(PATIENCE) for job in jobs] == list(range(2000))
    finally:
        stop.set()
        killer.join()
    assert killed > 0
    assert pool.counts("chaos").ok == 2000
