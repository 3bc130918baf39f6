"""Each attempt at a job leaves a record."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

import pytest

import nsjob
from nsjob.pool.runs import HOST, KEPT
from tests.clock import ManualClock
from tests.conftest import PATIENCE, Gate


def end(job: nsjob.Job) -> None:
    """Return when the job has ended, however."""
    with contextlib.suppress(Exception):
        job.wait(PATIENCE)


def outcomes(pool: nsjob.Pool, job: nsjob.Job) -> list[tuple[int, str]]:
    return [(run.attempt, run.outcome) for run in pool.runs(job.queue, job)]


def test_a_job_that_ran_once_has_one_run_and_nothing_is_kept_for_it(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "6 * 7")
    job.wait()
    [run] = pool.runs("q", job.id)
    report = pool.show("q", job.id)
    assert (run.attempt, run.outcome, run.reason, run.deadline) == (1, "ok", "", None)
    assert (run.started, run.ended) == (report.started, report.ended)
    assert (run.host, run.pid) == (HOST, os.getpid())
    assert report.runs == (run,)
    assert job._particulars is None or job._particulars.runs is None


def test_a_job_that_has_not_run_has_none(pool: nsjob.Pool) -> None:
    pool.pause("q")
    job = pool.queue("q", "1")
    assert pool.runs("q", job) == ()
    pool.cancel("q", job)
    assert pool.runs("q", job) == ()


def test_the_run_that_goes_on_has_no_end(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.queue("q", "gate.enter()", vars={"gate": gate}, timeout=60)
    gate.came()
    [run] = pool.runs("q", job)
    assert (run.attempt, run.outcome, run.ended) == (1, "", None)
    assert run.deadline == pytest.approx(run.started + 60)


def test_each_failure_is_a_run_with_its_error(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "if job.attempt < 3: raise ValueError(job.attempt)\n7", retries=5, backoff=0)
    assert job.wait() == 7
    runs = pool.runs("q", job)
    assert [(run.attempt, run.outcome, run.reason) for run in runs] == [
        (1, "error", "ValueError: 1"),
        (2, "error", "ValueError: 2"),
        (3, "ok", ""),
    ]
    assert all(run.ended is not None and run.ended >= run.started for run in runs)


def test_the_runs_of_a_job_that_left_are_remembered(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "raise KeyError('x')")
    with pytest.raises(KeyError):
        pool.wait("q", job)
    assert [(run.outcome, run.reason) for run in pool.runs("q", job.id)] == [("error", "KeyError: 'x'")]
    done = pool.queue("q", "1")
    pool.wait("q", done)
    assert [run.outcome for run in pool.runs("q", done.id)] == ["ok"]


def test_an_error_whose_text_cannot_be_had_is_told_by_its_class(pool: nsjob.Pool) -> None:
    source = "class Bad(Exception):\n    def __str__(self): raise ValueError\nraise Bad"
    job = pool.queue("q", source)
    end(job)
    assert pool.runs("q", job)[0].reason == "Bad (its text cannot be had)"
    job = pool.queue("q", "job.fail('no such host')")
    end(job)
    assert pool.runs("q", job)[0].reason == "no such host"


def test_a_time_limit_is_told(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "while True: pass", timeout=0.01)
    end(job)
    [run] = pool.runs("q", job)
    assert (run.outcome, run.reason) == ("timeout", f"job {job.id} ran longer than its time limit of 0.01 seconds")
    assert run.deadline == pytest.approx(run.started + 0.01)


def test_a_job_that_was_written_off_says_so(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.submit("q", gate.enter)
    gate.came()
    pool.kill("q", job)
    assert pool.runs("q", job)[0].outcome == "cancelled"
    assert "written off" in pool.runs("q", job)[0].reason
    gate.let()


def test_a_cancelled_run_is_told(pool: nsjob.Pool) -> None:
    began = threading.Event()
    job = pool.queue("q", "began.set()\nwhile True: pass", vars={"began": began})
    assert began.wait(PATIENCE)
    pool.cancel("q", job)
    end(job)
    assert [(run.outcome, run.reason) for run in pool.runs("q", job)] == [("cancelled", "it was cancelled")]


def test_runs_that_were_put_back_keep_the_attempts_number(pool: nsjob.Pool) -> None:
    times = iter(range(10))
    job = pool.queue("q", "if next(times) < 2: job.snooze(0)\njob.attempt", vars={"times": times})
    assert job.wait() == 1
    assert outcomes(pool, job) == [(1, "snoozed"), (1, "snoozed"), (1, "ok")]
    came = threading.Semaphore(0)
    job = pool.queue("q", "came.release()\nwhile True: pass", vars={"came": came})
    assert came.acquire(timeout=PATIENCE)
    pool.requeue("q", job)
    assert came.acquire(timeout=PATIENCE)
    assert outcomes(pool, job) == [(1, "requeued"), (1, "")]
    job.cancel()


def test_the_latest_hundred_are_kept(pool: nsjob.Pool) -> None:
    times = iter(range(1000))
    job = pool.queue("q", "if next(times) < 150: job.snooze(0)", vars={"times": times})
    job.wait()
    runs = outcomes(pool, job)
    assert len(runs) == KEPT
    assert runs[-1] == (1, "ok")


def test_a_job_that_is_retried_has_the_runs_of_before(pool: nsjob.Pool) -> None:
    values = iter([0, 5])
    job = pool.queue("q", "10 // next(values)", vars={"values": values}, jobid="J")
    end(job)
    assert pool.retry("q", "J").wait() == 2
    assert outcomes(pool, pool.retry("q", "J"))[:2] == [(1, "error"), (1, "ok")]


def test_times_are_those_of_the_pools_clock(gate: Gate) -> None:
    clock = ManualClock()
    pool = nsjob.Pool(clock=clock)
    pool.create("q", 1)
    job = pool.queue("q", "gate.enter()", vars={"gate": gate})
    gate.came()
    begun = clock.wall()
    clock.advance(50)
    gate.let()
    job.wait()
    [run] = pool.runs("q", job)
    assert (run.started, run.ended) == (begun, begun + 50)
    pool.shutdown()


@pytest.mark.skipif(os.name != "posix", reason="it needs worker processes")
def test_the_process_of_a_run_is_told(pool: nsjob.Pool) -> None:
    pool.create("p", 1, engine="process")
    job = pool.queue("p", "__import__('os').getpid()")
    pid = job.wait()
    assert [(run.host, run.pid) for run in pool.runs("p", job)] == [(HOST, pid)]
    job = pool.queue("p", "import os\nif job.attempt == 1: os.kill(os.getpid(), 9)\nos.getpid()", retries=1, backoff=0)
    job.wait()
    lost, ok = pool.runs("p", job)
    assert (lost.outcome, ok.outcome) == ("lost", "ok")
    assert lost.pid not in (0, ok.pid)
    assert "killed by SIGKILL" in lost.reason


@pytest.mark.skipif(os.name != "posix", reason="it needs programs")
def test_the_process_of_a_program_is_told(pool: nsjob.Pool) -> None:
    pool.create("c", 1, engine="command")
    job = pool.exec("c", [sys.executable, "-c", "import os; print(os.getpid())"])
    job.wait()
    assert [run.pid for run in pool.runs("c", job)] == [int(pool.output("c", job))]


def test_the_process_of_an_executor_is_told(pool: nsjob.Pool) -> None:
    from concurrent.futures import ThreadPoolExecutor

    pool.create("e", 1, engine=lambda: ThreadPoolExecutor(1))
    job = pool.queue("e", "1")
    job.wait()
    assert [(run.host, run.pid) for run in pool.runs("e", job)] == [(HOST, os.getpid())]
