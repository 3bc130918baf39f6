"""Jobs: order, waiting, options, retries, dependencies, and what is told of them."""

from __future__ import annotations

import contextvars
import gc
import threading
import weakref

import pytest

import nsjob
from tests.clock import ManualClock
from tests.conftest import PATIENCE, Gate


def test_ids_count_up_and_a_callers_own_id_is_kept(pool: nsjob.Pool) -> None:
    pool.pause("q")
    assert [pool.queue("q", "1").id for _ in range(2)] == ["job0", "job1"]
    assert pool.queue("q", "1", jobid="job2").id == "job2"
    assert pool.queue("q", "1").id == "job3"
    with pytest.raises(nsjob.JobExists, match="^Job job2 already exists$"):
        pool.queue("q", "1", jobid="job2")
    assert pool.queue("q", "2", jobid="job2", ifnew=True).id == "job2"
    assert pool.jobs("q") == ["job0", "job1", "job2", "job3"]
    assert pool.exists("q", "job2")
    assert not pool.exists("q", "nope")


def test_order_is_head_then_priority_then_first_come(pool: nsjob.Pool, gate: Gate) -> None:
    order: list[str] = []
    pool.create("one", 1)
    pool.submit("one", gate.enter)
    gate.came()
    given: list[tuple[str, dict[str, object]]] = [
        ("n1", {}),
        ("low", {"priority": "lowest"}),
        ("n2", {}),
        ("high", {"priority": nsjob.HIGH}),
        ("h1", {"head": True}),
        ("h2", {"head": True}),
    ]
    jobs = {
        name: pool.queue("one", "order.append(name)", vars={"order": order, "name": name}, **options)
        for name, options in given
    }
    pool.run("one", jobs["low"])
    gate.let()
    pool.waitall("one", timeout=PATIENCE)
    assert order == ["low", "h2", "h1", "high", "n1", "n2"]


def test_wait_by_id_hands_the_result_over_and_a_handle_keeps_it(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "20 + 1")
    assert pool.wait("q", job.id, PATIENCE) == 21
    with pytest.raises(nsjob.NoSuchJob, match="^no such job: job0$"):
        pool.wait("q", job.id)
    assert job.wait() == 21
    assert job.wait() == 21
    assert (job.state, job.outcome, job.code, job.req) == ("done", "ok", "TCL_OK", "none")


def test_one_waiter_at_a_time_by_id_and_a_wait_that_times_out_leaves_the_job(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.queue("q", "enter(3)", vars={"enter": gate.enter})
    gate.came()
    with pytest.raises(nsjob.WaitTimeout, match="^Wait timed out.$") as caught:
        pool.wait("q", job.id, 0.01)
    assert caught.value.errorcode == ("NS_TIMEOUT",)
    got: list[object] = []
    waiter = threading.Thread(target=lambda: got.append(pool.wait("q", job.id, PATIENCE)))
    waiter.start()
    while job.req != "wait":
        pass
    with pytest.raises(nsjob.JobWaited, match="^can't wait on waited job: job0$"):
        pool.wait("q", job.id)
    gate.let()
    waiter.join(PATIENCE)
    assert got == [3]


def test_waitany_gives_done_jobs_until_none_is_left(pool: nsjob.Pool) -> None:
    for n in range(5):
        pool.queue("q", "n * n", vars={"n": n})
    found = []
    while job := pool.waitany("q", timeout=PATIENCE):
        found.append(pool.wait("q", job))
    assert sorted(found) == [0, 1, 4, 9, 16]
    pool.create("r")
    pool.queue("r", "'r'")
    assert pool.waitany("q", "r", timeout=PATIENCE) == ("r", "job0")
    pool.wait("r", "job0")
    assert pool.waitany("q", "r") == ""


def test_waitany_does_not_wait_for_jobs_that_belong_to_others(pool: nsjob.Pool, gate: Gate) -> None:
    pool.submit("q", gate.enter)
    pool.queue("q", "enter()", vars={"enter": gate.enter}, detached=True, jobid="d")
    gate.came(2)
    assert pool.waitany("q") == ""
    with pytest.raises(nsjob.JobDetached, match="^can't wait on detached job: d$"):
        pool.wait("q", "d")
    gate.let(2)


def test_waitall_gives_the_jobs_in_order_of_completion_and_failfast_raises(pool: nsjob.Pool) -> None:
    pool.create("one", 1)
    jobs = [pool.queue("one", str(n)) for n in range(4)]
    assert pool.waitall("one", timeout=PATIENCE) == jobs
    assert pool.jobs("one") == []
    pool.queue("one", "1/0")
    pool.queue("one", "3")
    with pytest.raises(ZeroDivisionError):
        pool.waitall("one", failfast=True, timeout=PATIENCE)


def test_a_job_that_waits_for_jobs_of_its_own_queue_is_no_deadlock(pool: nsjob.Pool) -> None:
    pool.create("deep", 1)

    def fall(depth: int) -> int:
        return depth if not depth else pool.submit("deep", fall, depth - 1).wait(PATIENCE) + 1

    assert pool.submit("deep", fall, 20).wait(PATIENCE) == 20
    assert pool.threadlist().numwaiting == 0


def test_retries_run_again_with_doubling_delays_and_only_for_the_named_errors() -> None:
    clock = ManualClock()
    pool = nsjob.Pool(clock=clock)
    pool.create("q", 1)
    tries: list[int] = []

    def flaky() -> str:
        tries.append(nsjob.current_job().attempt)
        if len(tries) < 4:
            raise OSError("not yet")
        return "done"

    pool.create("r", 1, retries=3, backoff=10, retryon=("OSError",))
    job = pool.submit("r", flaky)
    for delay in (12.6, 25.1, 50.1):
        clock.wait_for_timer(pool)
        clock.advance(delay)
    assert job.wait(PATIENCE) == "done"
    assert tries == [1, 2, 3, 4]
    final = pool.submit("r", int, "x")
    with pytest.raises(ValueError, match="invalid literal"):
        final.wait(PATIENCE)
    assert final.attempt == 1
    pool.shutdown()


def test_a_delayed_job_waits_for_its_time_and_an_expired_one_is_given_up() -> None:
    clock = ManualClock()
    pool = nsjob.Pool(clock=clock)
    pool.create("q", 1)
    late = pool.queue("q", "'late'", delay="1h")
    assert "put off" in pool.show("q", late).reason
    gone = pool.queue("q", "'gone'", delay=100, expires=50)
    clock.advance(60)
    with pytest.raises(nsjob.JobExpired):
        gone.wait(PATIENCE)
    assert gone.outcome == "expired"
    clock.advance(3600)
    assert late.wait(PATIENCE) == "late"
    pool.shutdown()


def test_after_waits_for_other_jobs_and_fails_where_one_did_not_end_ok(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("r", 1)
    first = pool.submit("q", gate.enter, 1)
    gate.came()
    second = pool.queue("r", "2", after=[first])
    assert "comes after" in pool.show("r", second).reason
    gate.let()
    assert second.wait(PATIENCE) == 2
    bad = pool.queue("q", "1/0", jobid="bad")
    third = pool.queue("r", "3", after=("q", "bad"))
    fourth = pool.queue("r", "4", after=third)
    with pytest.raises(nsjob.DependencyFailed, match="job bad of queue q"):
        third.wait(PATIENCE)
    with pytest.raises(nsjob.DependencyFailed):
        fourth.wait(PATIENCE)
    with pytest.raises(ZeroDivisionError):
        pool.wait("q", bad.id)
    with pytest.raises(nsjob.DependencyFailed):
        pool.queue("r", "5", after=("q", "bad")).wait(PATIENCE)
    with pytest.raises(nsjob.NoSuchJob):
        pool.queue("r", "6", after=["never"])


def test_a_unique_job_is_queued_once_while_it_lives(pool: nsjob.Pool, gate: Gate) -> None:
    enter = {"enter": gate.enter}
    first = pool.queue("q", "enter(1)", vars=enter, unique="u")
    assert pool.queue("q", "enter(1)", vars=enter, unique="u") is first
    gate.let()
    assert first.wait(PATIENCE) == 1
    second = pool.queue("q", "2", unique="u")
    assert second is not first
    assert second.wait(PATIENCE) == 2


def test_a_job_runs_in_a_copy_of_its_callers_context(pool: nsjob.Pool) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="none")
    variable.set("callers")
    assert pool.submit("q", variable.get).wait(PATIENCE) == "callers"
    pool.submit("q", variable.set, "bodys").wait(PATIENCE)
    assert variable.get() == "callers"


def test_vars_use_and_input_reach_the_snippet(pool: nsjob.Pool) -> None:
    base = 40  # noqa: F841 (taken by its name)
    job = pool.queue("q", "base + more + job.input['x']", use=["base"], vars={"more": 1}, input={"x": 1})
    assert job.wait(PATIENCE) == 42
    with pytest.raises(nsjob.OptionError, match="no variable 'absent'"):
        pool.queue("q", "1", use=["absent"])


def test_definitions_are_seen_by_later_jobs_and_a_failing_one_changes_nothing(pool: nsjob.Pool) -> None:
    pool.define("import math\ndef twice(x):\n    return factor * x\nfactor = 2")
    assert pool.queue("q", "twice(math.floor(2.5))").wait(PATIENCE) == 4
    pool.define("factor = 3")
    assert pool.queue("q", "twice(2)").wait(PATIENCE) == 6
    with pytest.raises(ZeroDivisionError):
        pool.define("factor = 9\nfresh = 1\n1/0")
    assert pool.queue("q", "(factor, 'fresh' in globals())").wait(PATIENCE) == (3, False)


def test_two_jobs_never_see_each_others_globals(pool: nsjob.Pool) -> None:
    pool.queue("q", "leak = 1").wait(PATIENCE)
    assert pool.queue("q", "'leak' in globals()").wait(PATIENCE) is False


def test_break_and_continue_and_return_tell_their_codes(pool: nsjob.Pool) -> None:
    codes = {}
    for script in ("break", "continue", "return 5", "5", "raise OSError"):
        job = pool.queue("q", script)
        try:
            value = job.wait(PATIENCE)
        except OSError:
            value = "error"
        codes[script] = (job.code, job.outcome, value)
    assert codes == {
        "break": ("TCL_BREAK", "ok", None),
        "continue": ("TCL_CONTINUE", "ok", None),
        "return 5": ("TCL_RETURN", "ok", 5),
        "5": ("TCL_OK", "ok", 5),
        "raise OSError": ("TCL_ERROR", "error", "error"),
    }


def test_job_context_progress_log_snooze_and_fail(pool: nsjob.Pool) -> None:
    told = pool.queue("q", "job.progress(3, 10, 'third'); job.log('hello'); (job.id, job.queue, job.attempt)")
    assert told.wait(PATIENCE) == (told.id, "q", 1)
    report = pool.show("q", told)
    assert (report.progress, report.log) == ((3, 10, "third"), ("hello",))
    snoozed = pool.queue("q", "seen.append(job.attempt)\nif len(seen) < 3: job.snooze(0)\nlen(seen)", vars={"seen": []})
    assert snoozed.wait(PATIENCE) == 3
    assert snoozed.attempt == 1
    failed = pool.queue("q", "job.fail('hopeless')", retries=5)
    with pytest.raises(nsjob.JobFailed, match="^hopeless$"):
        failed.wait(PATIENCE)
    assert failed.attempt == 1
    with pytest.raises(nsjob.NoCurrentJob):
        nsjob.current_job()


def test_show_output_and_retry_answer_for_jobs_that_left(pool: nsjob.Pool) -> None:
    job = pool.queue(
        "q", "print('hello')\nattempts.append(1)\nlen(attempts)", vars={"attempts": []}, capture_output=True
    )
    assert pool.wait("q", job.id, PATIENCE) == 1
    assert pool.output("q", job.id) == "hello\n"
    report = pool.show("q", job.id)
    assert (report.left, report.outcome, report.value) == (True, "ok", None)
    again = pool.retry("q", job.id)
    assert again.id == job.id
    assert pool.wait("q", again.id, PATIENCE) == 2
    with pytest.raises(nsjob.NoSuchJob):
        pool.show("q", "never")


class Thing:
    """What a job's value or its error holds."""

    def __init__(self) -> None:
        things.add(self)


things: weakref.WeakSet[Thing] = weakref.WeakSet()


def failing() -> None:
    thing = Thing()
    raise ValueError(thing)


@pytest.mark.parametrize("by", ["id", "id again", "handle too"])
@pytest.mark.parametrize("ends", ["ok", "error"])
@pytest.mark.parametrize("options", [{}, {"timeout": 60}, {"note": "noted", "expires": 60}], ids=repr)
def test_jobs_that_left_are_remembered_without_their_values(
    pool: nsjob.Pool, by: str, ends: str, options: dict[str, object]
) -> None:
    go = threading.Event()
    body = Thing if ends == "ok" else failing
    pool.queue("q", "go(30)\nbody()", jobid="j", vars={"go": go.wait, "body": body}, **options)
    if by == "id again":
        with pytest.raises(nsjob.WaitTimeout):
            pool.wait("q", "j", timeout=0)
    elif by == "handle too":
        pool.queue("q", "1", after=["j"], detached=ends == "ok", jobid="k")
        with pytest.raises(nsjob.WaitTimeout):
            pool._job("q", "j").wait(0)

    def let_it_end_once_it_is_waited_for() -> None:
        while pool.info("q", "j").req != "wait":
            pass
        go.set()

    threading.Thread(target=let_it_end_once_it_is_waited_for).start()
    if ends == "ok":
        pool.wait("q", "j", timeout=PATIENCE)
    else:
        with pytest.raises(ValueError, match="Thing"):
            pool.wait("q", "j", timeout=PATIENCE)
    if by == "handle too" and ends != "ok":
        with pytest.raises(nsjob.DependencyFailed):
            pool.wait("q", "k", timeout=PATIENCE)
    pool.submit("q", int).wait(PATIENCE)
    while len(things):  # a thread may still be on its way out of the body
        gc.collect()
    assert pool.show("q", "j").left


def test_retry_failed_runs_those_again_that_did_not_end_ok(pool: nsjob.Pool) -> None:
    pool.queue("q", "1")
    pool.queue("q", "tries.append(1); 1 / (len(tries) - 1)", vars={"tries": []})
    pool.create("other")
    while pool.counts("q").done < 2:
        pool.counts("q")
    again = pool.retry_failed("q")
    assert [job.wait(PATIENCE) for job in again] == [1.0]


def test_joblist_has_ns_jobs_fields_first(pool: nsjob.Pool, gate: Gate) -> None:
    pool.queue("q", "enter(9)", vars={"enter": gate.enter}, jobid="foo", note="n", topic="t", metadata={"a": 1})
    gate.came()
    info = pool.joblist("q")[0]
    assert [*info.__dataclass_fields__][:11] == (
        "id state results script code type req thread time starttime endtime".split()
    )
    assert (info.id, info.state, info.results, info.type, info.req) == (
        "foo",
        "running",
        "enter(9)",
        "nondetached",
        "none",
    )
    assert info.thread != "0"
    assert info.time >= 0
    assert (info.note, info.topic, dict(info.metadata)) == ("n", "t", {"a": 1})
    gate.let()


def test_a_detached_job_leaves_by_itself_and_its_failure_is_logged(
    pool: nsjob.Pool, caplog: pytest.LogCaptureFixture
) -> None:
    job = pool.queue("q", "1/0", detached=True)
    with pytest.raises(ZeroDivisionError):
        job.wait(PATIENCE)
    pool.shutdown()
    assert "detached job job0 of queue q failed" in caplog.text
    assert pool.jobs("q") == []


def test_the_error_of_a_snippet_shows_its_own_lines_and_no_frame_of_nsjob(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "def inner():\n    return 1 / 0\ninner()")
    assert pool.waitany("q", timeout=PATIENCE) == job.id
    error = pool.show("q", job).error
    assert "return 1 / 0" in error
    assert "inner()" in error
    assert "/nsjob/" not in error.replace("\\", "/")
    with pytest.raises(ZeroDivisionError):
        job.wait(PATIENCE)


def test_maxdone_bounds_the_done_jobs_that_nobody_waited_for(pool: nsjob.Pool) -> None:
    pool.configure(maxdone=3)
    pool.create("one", 1)
    jobs = [pool.queue("one", "1") for _ in range(6)]
    jobs[-1].wait(PATIENCE)
    assert pool.jobs("one") == [job.id for job in jobs[3:]]


def test_threads_start_lazily_and_end_after_their_jobs(pool: nsjob.Pool) -> None:
    assert pool.threadlist().numthreads == 0
    pool.configure(jobsperthread=2)
    for _ in range(6):
        pool.queue("q", "1").wait(PATIENCE)
    assert all(detail.jobs <= 2 for detail in pool.threads())
    info = pool.threadlist()
    assert [*info.__dataclass_fields__][:4] == ["maxthreads", "numthreads", "numidle", "req"]


def test_configure_answers_with_ns_jobs_settings_first(pool: nsjob.Pool) -> None:
    settings = pool.configure(jobsperthread=5, timeout="10s", logminduration="1:5")
    assert [*settings.__dataclass_fields__][:3] == ["jobsperthread", "timeout", "logminduration"]
    assert (settings.jobsperthread, settings.timeout, settings.logminduration) == (5, 10.0, 1.000005)
    with pytest.raises(nsjob.OptionError, match='unknown setting "tiemout"'):
        pool.configure(tiemout=3)


def test_an_immediate_pool_runs_each_job_where_it_is_queued() -> None:
    pool = nsjob.Pool(immediate=True)
    pool.create("q", 1)
    job = pool.queue("q", "__import__('threading').get_ident()", delay=100)
    assert job.state == "done"
    assert job.wait() == threading.get_ident()
    nested = pool.submit("q", lambda: pool.submit("q", int, "5").wait() + 1)
    assert nested.wait() == 6
    failing = pool.queue("q", "1/0", retries=2)
    assert (failing.outcome, failing.attempt) == ("error", 3)
    pool.shutdown()
