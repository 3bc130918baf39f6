"""What a job can do about itself: end ok now, go back, fail for good, say that it is alive."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

import nsjob
from nsjob.shell.session import Session
from tests.clock import ManualClock
from tests.conftest import PATIENCE

ENGINES = ["thread", *(["process"] if os.name == "posix" else [])]


@pytest.fixture(params=ENGINES)
def pool(request: pytest.FixtureRequest) -> Iterator[nsjob.Pool]:
    made = nsjob.Pool()
    made.create("q", 1, engine=request.param)
    yield made
    made.shutdown(cancel=True, timeout=PATIENCE)


# -- ends -------------------------------------------------------------------------------------------------------------


def test_success_ends_the_body_with_its_value(pool: nsjob.Pool) -> None:
    source = "try:\n    job.success([1, 2])\nexcept Exception:\n    pass\nraise ValueError"
    job = pool.queue("q", source)
    assert job.wait(PATIENCE) == [1, 2]
    assert (job.outcome, job.code) == ("ok", "TCL_OK")
    assert [run.outcome for run in pool.runs("q", job)] == ["ok"]
    assert pool.queue("q", "job.success()").wait(PATIENCE) is None


def test_success_in_a_coroutine(pool: nsjob.Pool) -> None:
    source = "import asyncio\nawait asyncio.sleep(0)\njob.success(5)"
    assert pool.queue("q", source).wait(PATIENCE) == 5


def test_a_callable_ends_ok_too() -> None:
    with nsjob.Pool() as pool:
        pool.create("q")
        job = pool.submit("q", lambda: nsjob.current_job().success(7))
        assert job.wait(PATIENCE) == 7


def test_the_script_after_a_job_runs_also_after_success() -> None:
    seen: list[str] = []
    with nsjob.Pool() as pool:
        pool.define("seen = []")
        pool.create("q", post="seen.append(job.id)")
        assert pool.queue("q", "job.success(3)").wait(PATIENCE) == 3
        seen = pool.queue("q", "seen[:1]").wait(PATIENCE)
    assert seen == ["job0"]


def test_success_in_an_immediate_pool() -> None:
    with nsjob.Pool(immediate=True) as pool:
        pool.create("q")
        assert pool.queue("q", "job.success(3)").wait() == 3


def test_error_fails_the_attempt_and_is_retried(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "if job.attempt < 3: job.error('not yet')\njob.attempt", retries=5, backoff=0)
    assert job.wait(PATIENCE) == 3
    assert [run.reason for run in pool.runs("q", job)] == ["not yet", "not yet", ""]
    with pytest.raises(nsjob.JobError, match="never"):
        pool.queue("q", "job.error('never')").wait(PATIENCE)


def test_fatal_is_final(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "job.fatal('no such disk')", retries=5, backoff=0)
    with pytest.raises(nsjob.JobFailed, match="no such disk"):
        job.wait(PATIENCE)
    assert job.attempt == 1


# -- back into the queue ----------------------------------------------------------------------------------------------


def test_requeue_puts_the_job_back_and_counts_no_attempt(pool: nsjob.Pool, tmp_path: object) -> None:
    source = """
import os
try:
    os.mkdir(os.path.join(where, "first"))
except FileExistsError:
    job.success((job.attempt, os.listdir(where)))
job.requeue()
"""
    pool.pause("q")
    job = pool.queue("q", source, vars={"where": str(tmp_path)})
    other = pool.queue("q", "import os; os.mkdir(os.path.join(where, 'between'))", vars={"where": str(tmp_path)})
    pool.resume("q")
    attempt, there = job.wait(PATIENCE)
    assert attempt == 1
    assert sorted(there) == ["between", "first"]
    assert other.outcome == "ok"
    runs = pool.runs("q", job)
    assert [(run.attempt, run.outcome) for run in runs] == [(1, "requeued"), (1, "ok")]
    assert runs[0].reason == "it put itself back"


def test_requeue_with_a_delay_waits() -> None:
    clock = ManualClock()
    pool = nsjob.Pool(clock=clock)
    pool.create("q", 1)
    left = threading.Event()
    times = iter(range(10))
    source = "if not next(times):\n    left()\n    job.requeue('1h')\n7"
    job = pool.queue("q", source, vars={"left": left.set, "times": times})
    assert left.wait(PATIENCE)
    clock.wait_for_timer(pool)
    clock.advance(3599)
    assert job.state == "scheduled"
    clock.advance(2)
    assert job.wait(PATIENCE) == 7
    assert pool.runs("q", job)[0].reason == "it put itself back for 3600 seconds"
    pool.shutdown()


# -- signs of life ----------------------------------------------------------------------------------------------------


def test_a_job_that_says_nothing_is_ended_as_one_that_took_too_long(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "while True: pass", heartbeat=0.05)
    with pytest.raises(nsjob.JobTimeout, match=r"did not call job\.heartbeat\(\) within 0.05 seconds"):
        job.wait(PATIENCE)
    [run] = pool.runs("q", job)
    assert run.outcome == "timeout"
    assert "job.heartbeat()" in run.reason


def test_the_time_limit_is_named_where_it_came_first(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "while True: job.heartbeat()", heartbeat=60, timeout=0.05)
    with pytest.raises(nsjob.JobTimeout, match="time limit of 0.05 seconds"):
        job.wait(PATIENCE)


def test_who_says_that_he_is_alive_goes_on() -> None:
    clock = ManualClock()
    pool = nsjob.Pool(clock=clock)
    pool.create("q", 1)
    steps, done = threading.Semaphore(0), threading.Semaphore(0)
    source = "for _ in range(5):\n    take(timeout=60)\n    job.heartbeat()\n    give()\n7"
    job = pool.queue("q", source, vars={"take": steps.acquire, "give": done.release}, heartbeat=10)
    clock.wait_for_timer(pool)
    for _ in range(5):
        clock.advance(9)
        steps.release()
        assert done.acquire(timeout=PATIENCE)
    assert job.wait(PATIENCE) == 7
    pool.shutdown()


def test_heartbeats_come_through_from_other_processes() -> None:
    if os.name != "posix":
        pytest.skip("it needs worker processes")
    clock = ManualClock()
    with nsjob.Pool(clock=clock) as pool:
        pool.create("q", 1, engine="process")
        told = threading.Semaphore(0)
        pool.subscribe(lambda event: told.release() if event.kind == "progress" else None)
        source = "job.progress(1)\nopen(path).read()\njob.heartbeat()\njob.progress(2)\nopen(path).read()"
        path = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"nsjob-beat-{os.getpid()}")
        os.mkfifo(path)
        try:
            job = pool.queue("q", source, vars={"path": path}, heartbeat=10)
            for _ in range(2):
                assert told.acquire(timeout=PATIENCE)
                clock.advance(9)
                with open(path, "w") as file:
                    file.write("go on")
            assert job.wait(PATIENCE) == "go on"
        finally:
            os.unlink(path)


def test_engines_whose_jobs_cannot_say_so_refuse_it() -> None:
    from concurrent.futures import ThreadPoolExecutor

    with nsjob.Pool() as pool, ThreadPoolExecutor(1) as executor:
        with pytest.raises(nsjob.OptionError, match="heartbeat is not for the executor engine"):
            pool.create("q", engine=executor, heartbeat=5)
        assert pool.queues() == []
        pool.create("q", engine=executor)
        with pytest.raises(nsjob.OptionError, match="use timeout"):
            pool.queue("q", "1", heartbeat=5)
        with pytest.raises(nsjob.OptionError, match="use timeout"):
            pool.queue_many("q", ["1"], heartbeat=5)
        assert pool.jobs("q") == []


# -- in Tcl -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def tcl() -> Iterator[Session]:
    made = nsjob.Pool()
    session = Session(made)
    session.eval("create -lang tcl t 1")
    yield session
    made.shutdown(cancel=True, timeout=PATIENCE)


def test_a_tcl_job_ends_ok_and_no_catch_holds_it(tcl: Session) -> None:
    assert tcl.eval("wait t [queue t {catch {job success {a b}}; error held}]") == "a b"
    assert tcl.eval("wait t [queue t {job success}]") == ""


def test_a_tcl_job_fails_for_now_or_for_good(tcl: Session) -> None:
    assert tcl.eval("wait t [queue -retries 2 -backoff 0 t {if {[job attempt] < 2} {job error no}; job attempt}]") == 2
    with pytest.raises(nsjob.tcl.TclError, match="never") as raised:
        tcl.eval("wait t [queue -jobid F -retries 2 -backoff 0 t {job fatal never}]")
    assert raised.value.code == ("NSJOB", "JOB", "FAIL")
    assert len(tcl.eval("runs t F")) == 1


def test_a_tcl_job_goes_back_and_says_that_it_is_alive(tcl: Session) -> None:
    script = "job heartbeat; if {[llength [dict get [show t [job id]] runs]] < 3} {catch {job requeue 0}}; job attempt"
    assert tcl.eval(f"wait t [queue -heartbeat 1h -jobid J t {{{script}}}]") == 1
    assert [dict(run)["outcome"] for run in tcl.eval("runs t J")] == ["requeued", "requeued", "ok"]


# -- lifetime ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def clocked(clock: ManualClock) -> Iterator[nsjob.Pool]:
    made = nsjob.Pool(clock=clock)
    made.create("q", 1)
    yield made
    made.shutdown(cancel=True, timeout=PATIENCE)


def test_a_job_that_waits_ends_with_its_lifetime(clocked: nsjob.Pool, clock: ManualClock) -> None:
    clocked.pause("q")
    job = clocked.queue("q", "1", lifetime=60)
    clock.wait_for_timer(clocked)
    clock.advance(59)
    assert job.state == "scheduled"
    clock.advance(2)
    with pytest.raises(nsjob.JobExpired, match="has reached the end of its lifetime of 60 seconds"):
        job.wait(PATIENCE)
    assert (job.outcome, clocked.runs("q", job)) == ("expired", ())


def test_a_job_that_runs_is_interrupted_and_not_retried(clocked: nsjob.Pool, clock: ManualClock) -> None:
    began = threading.Event()
    source = "began()\nwhile True: pass"
    job = clocked.queue("q", source, vars={"began": began.set}, lifetime=60, retries=5, backoff=0)
    assert began.wait(PATIENCE)
    clock.wait_for_timer(clocked)
    clock.advance(61)
    with pytest.raises(nsjob.JobExpired):
        job.wait(PATIENCE)
    assert (job.outcome, job.attempt) == ("expired", 1)
    [run] = clocked.runs("q", job)
    assert (run.outcome, "lifetime" in run.reason) == ("expired", True)
    assert clocked.counts("q").expired == 1


def test_one_that_does_not_end_is_written_off(clocked: nsjob.Pool, clock: ManualClock) -> None:
    began, over = threading.Event(), threading.Event()

    def body() -> None:
        while not over.is_set():
            try:
                began.set()
                over.wait(PATIENCE)
            except BaseException:  # the interrupt may come before it waits
                pass

    job = clocked.queue("q", "body()", vars={"body": body}, lifetime=60)
    assert began.wait(PATIENCE)
    clock.wait_for_timer(clocked)
    clock.advance(61)
    clock.advance(3)
    with pytest.raises(nsjob.JobExpired):
        job.wait(PATIENCE)
    assert "written off" in clocked.runs("q", job)[0].reason
    over.set()


def test_a_job_that_ended_in_time_is_left_alone(clocked: nsjob.Pool, clock: ManualClock) -> None:
    job = clocked.queue("q", "7", lifetime=60)
    assert job.wait(PATIENCE) == 7
    clock.advance(100)
    assert (job.outcome, clocked.jobs("q")) == ("ok", [job.id])


def test_the_lifetime_of_a_job_that_is_put_off_or_retried(clocked: nsjob.Pool, clock: ManualClock) -> None:
    job = clocked.queue("q", "if job.attempt < 2: raise ValueError\n1", lifetime=60, retries=1, backoff=1000)
    while job.attempt < 1 or job.state == "running":
        threading.Event().wait(0.001)
    clock.wait_for_timer(clocked)
    clock.advance(61)
    with pytest.raises(nsjob.JobExpired):
        job.wait(PATIENCE)
    assert [run.outcome for run in clocked.runs("q", job)] == ["error"]
    assert clocked.retry("q", job.id).state == "scheduled"  # with a lifetime of its own, that begins now


def test_cancelled_jobs_leave_no_timer(clocked: nsjob.Pool) -> None:
    clocked.pause("q")
    for _ in range(3):
        clocked.queue("q", "1", lifetime=60).cancel()
    assert not [entry for entry in clocked._core.timers._heap if entry[2].action is not None]
