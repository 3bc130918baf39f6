"""Cancel, kill, requeue, snooze, time limits, lost threads."""

from __future__ import annotations

import threading

import pytest

import nsjob
from tests.conftest import PATIENCE, Gate

LOOP = "started.set()\nwhile True: pass"


def started() -> dict[str, threading.Event]:
    return {"started": threading.Event()}


def test_cancel_of_a_scheduled_job_returns_false_and_it_never_runs(pool: nsjob.Pool) -> None:
    pool.pause("q")
    seen: list[int] = []
    job = pool.queue("q", "seen.append(1)", vars={"seen": seen})
    assert pool.cancel("q", job.id) is False
    with pytest.raises(nsjob.JobCancelled) as caught:
        job.wait()
    assert caught.value.errorcode == ("ECANCEL",)
    with pytest.raises(nsjob.NoSuchJob):
        pool.wait("q", job.id)
    pool.resume("q")
    pool.queue("q", "1").wait(PATIENCE)
    assert seen == []


def test_cancel_of_a_done_job_removes_it_and_its_handle_keeps_the_value(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "4")
    job.wait(PATIENCE)
    assert pool.cancel("q", job.id) is False
    assert pool.jobs("q") == []
    assert job.wait() == 4
    assert job.outcome == "ok"


def test_cancel_of_a_running_job_interrupts_it_even_where_its_body_returns_a_value(
    pool: nsjob.Pool, gate: Gate
) -> None:
    variables = started()
    loop = pool.queue("q", LOOP, vars=variables)
    assert variables["started"].wait(PATIENCE)
    assert loop.cancel() is True
    with pytest.raises(nsjob.JobCancelled):
        loop.wait(PATIENCE)
    assert loop.outcome == "cancelled"
    stubborn = pool.queue(
        "q", "started.set()\ntry:\n    while True: pass\nexcept BaseException: pass\n5", vars=(variables := started())
    )
    assert variables["started"].wait(PATIENCE)
    stubborn.cancel()
    with pytest.raises(nsjob.JobCancelled):
        stubborn.wait(PATIENCE)
    assert pool.jobs("q") == []


def test_who_waits_for_a_job_that_is_cancelled_is_told(pool: nsjob.Pool) -> None:
    pool.pause("q")
    job = pool.queue("q", "1")
    got: list[BaseException] = []

    def wait() -> None:
        try:
            pool.wait("q", job.id, PATIENCE)
        except nsjob.JobCancelled as error:
            got.append(error)

    waiter = threading.Thread(target=wait)
    waiter.start()
    while job.req != "wait":
        pass
    pool.cancel("q", job.id)
    waiter.join(PATIENCE)
    assert [str(error) for error in got] == ["Job cancelled."]


def test_a_time_limit_ends_a_job_and_the_thread_goes_on(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "while True: pass", timeout=0.02)
    with pytest.raises(nsjob.JobTimeout, match="time limit of 0.02 seconds"):
        job.wait(PATIENCE)
    assert job.outcome == "timeout"
    assert pool.queue("q", "1").wait(PATIENCE) == 1
    assert pool.threadlist().numlost == 0


def test_a_timed_out_job_is_retried_where_asked(pool: nsjob.Pool) -> None:
    script = "seen.append(1)\nwhile len(seen) < 3: pass\nlen(seen)"
    assert pool.queue("q", script, vars={"seen": []}, timeout=0.02, retries=5, backoff=0).wait(PATIENCE) == 3


def test_a_job_that_ignores_its_time_limit_is_written_off_and_its_slot_given_back(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("one", 1)
    pool.configure(grace=0.02)
    stuck = pool.submit("one", gate.enter)  # blocked in C: no exception reaches it
    gate.came()
    limited = pool.queue("one", "enter()", vars={"enter": gate.enter}, timeout=0.02)
    assert pool.kill("one", _only(pool, "one", stuck)) is True
    with pytest.raises(nsjob.JobCancelled):
        stuck.wait(PATIENCE)
    with pytest.raises(nsjob.JobTimeout):
        limited.wait(PATIENCE)
    assert pool.queue("one", "1").wait(PATIENCE) == 1
    assert pool.queuelist()[1].lost == 2
    assert pool.threadlist().numlost == 2
    with pytest.raises(nsjob.WrongState, match="lost thread"):
        pool.retry("one", limited.id)
    gate.let(2)
    while pool.threadlist().numlost:
        pass


def _only(pool: nsjob.Pool, queue: str, job: nsjob.Job) -> str:
    assert job.id in pool.jobs(queue)
    return job.id


def test_no_more_threads_are_lost_than_may_be(pool: nsjob.Pool, gate: Gate) -> None:
    pool.configure(maxlost=1)
    stuck = [pool.queue("q", "enter()", vars={"enter": gate.enter}) for _ in range(2)]
    gate.came(2)
    assert pool.kill("q", stuck[0])
    with pytest.raises(nsjob.JobCancelled):
        stuck[0].wait(PATIENCE)
    with pytest.raises(nsjob.WrongState, match="maxlost"):
        pool.kill("q", stuck[1])
    assert stuck[1].state == "running"
    gate.let(2)


def test_a_lost_threads_calls_to_the_pool_raise(pool: nsjob.Pool, gate: Gate) -> None:
    got: list[BaseException] = []
    ended = threading.Event()

    def body() -> None:
        try:
            gate.enter()
        except BaseException as error:
            got.append(error)
        for _ in range(50):  # further nudges may land here
            try:
                pool.jobs("q")
            except (nsjob.ThreadLost, nsjob.JobInterrupted) as error:
                got.append(error)
                if isinstance(error, nsjob.ThreadLost):
                    break
        ended.set()

    job = pool.submit("q", body)
    gate.came()
    pool.kill("q", job.id)
    with pytest.raises(nsjob.JobCancelled):
        job.wait(PATIENCE)
    gate.let()
    assert ended.wait(PATIENCE)
    assert any(isinstance(error, nsjob.ThreadLost) for error in got)


def test_requeue_puts_a_running_job_back_and_counts_no_attempt(pool: nsjob.Pool) -> None:
    seen: list[int] = []
    running = threading.Event()
    job = pool.queue(
        "q",
        "seen.append(job.attempt)\nrunning.set()\nwhile len(seen) < 2: pass\n'done'",
        vars={"seen": seen, "running": running},
    )
    assert running.wait(PATIENCE)
    pool.requeue("q", job.id)
    assert job.wait(PATIENCE) == "done"
    assert seen == [1, 1]
    with pytest.raises(nsjob.WrongState):
        pool.requeue("q", job.id)


def test_snooze_puts_a_scheduled_job_off(pool: nsjob.Pool) -> None:
    pool.pause("q")
    job = pool.queue("q", "1")
    pool.snooze("q", job.id, "1h")
    pool.resume("q")
    assert pool.queue("q", "2").wait(PATIENCE) == 2
    assert job.state == "scheduled"
    pool.run("q", job.id)
    assert job.wait(PATIENCE) == 1


def test_cancelall_ends_everything_that_waits_or_runs(pool: nsjob.Pool) -> None:
    jobs = [pool.queue("q", "while True: pass") for _ in range(5)]
    assert pool.cancelall("q") == 5
    for job in jobs:
        with pytest.raises(nsjob.JobCancelled):
            job.wait(PATIENCE)


def test_show_gives_the_live_stack_of_a_running_job(pool: nsjob.Pool) -> None:
    variables = started()
    job = pool.queue("q", "def spin():\n    started.set()\n    while True: pass\nspin()", vars=variables)
    assert variables["started"].wait(PATIENCE)
    assert "in spin" in pool.show("q", job).stack
    job.cancel()


def test_a_wait_inside_the_pool_is_ended_at_once(pool: nsjob.Pool, gate: Gate) -> None:
    blocker = pool.submit("q", gate.enter)
    gate.came()
    waiting = pool.submit("q", blocker.wait)
    while pool.threadlist().numwaiting == 0:
        pass
    assert waiting.cancel() is True
    with pytest.raises(nsjob.JobCancelled):
        waiting.wait(PATIENCE)
    gate.let()
    blocker.wait(PATIENCE)
    assert pool.threadlist().numwaiting == 0


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ("import sys; sys.exit(3)", SystemExit),
        ("raise KeyboardInterrupt", KeyboardInterrupt),
        ("raise StopIteration(1)", StopIteration),
        ("raise GeneratorExit", GeneratorExit),
        ("def f(): return f()\nf()", RecursionError),
        ("raise BaseException('base')", BaseException),
    ],
)
def test_whatever_a_body_raises_is_its_error_and_the_pool_goes_on(
    pool: nsjob.Pool, script: str, kind: type[BaseException]
) -> None:
    pool.create("one", 1)
    job = pool.queue("one", script)
    with pytest.raises(kind):
        job.wait(PATIENCE)
    assert (job.outcome, job.code) == ("error", "TCL_ERROR")
    assert pool.queue("one", "1").wait(PATIENCE) == 1
    assert len(pool.threads()) <= 3


def test_a_body_cannot_take_the_builtins_from_other_jobs(pool: nsjob.Pool) -> None:
    pool.queue("q", "del __builtins__['len']").wait(PATIENCE)
    pool.queue("q", "globals()['__builtins__'].clear()").wait(PATIENCE)
    assert pool.queue("q", "len('abc')").wait(PATIENCE) == 3


def test_a_job_that_was_asked_to_end_says_so_until_it_does(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.submit("q", gate.enter)
    gate.came()
    assert job.cancel() is True
    assert job.req == "cancel"
    gate.let()
    with pytest.raises(nsjob.JobCancelled):
        job.wait(PATIENCE)


def test_a_job_behind_its_key_is_not_lost_where_the_one_before_it_is_cancelled(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("keyed", 4, maxperkey=1)
    enter = {"enter": gate.enter}
    first, second, third = (pool.queue("keyed", "enter()", vars=enter, key="k") for _ in range(3))
    gate.came()
    pool.pause("keyed")
    gate.let()
    first.wait(PATIENCE)
    pool.cancel("keyed", second)
    pool.resume("keyed")
    gate.came()
    gate.let()
    third.wait(PATIENCE)


def test_a_cancelled_job_is_not_retried_after_its_time_limit(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.queue("q", "enter()", vars={"enter": gate.enter}, timeout=0.01, retries=5, backoff=0)
    gate.came()
    while not job._runner or job._runner.the_run().reason != "timeout":
        pass
    job.cancel()
    gate.let()
    with pytest.raises(nsjob.JobCancelled):
        job.wait(PATIENCE)
    assert job.attempt == 1


def test_a_long_chain_of_jobs_falls_with_its_first(pool: nsjob.Pool) -> None:
    pool.pause("q")
    jobs = [pool.queue("q", "1")]
    for _ in range(2000):
        jobs.append(pool.queue("q", "1", after=jobs[-1]))
    jobs[0].cancel()
    with pytest.raises(nsjob.DependencyFailed):
        jobs[-1].wait(PATIENCE)
    assert all(job.outcome == "error" for job in jobs[1:])


def test_a_requeued_job_does_not_come_back_at_its_old_place(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("one", 1)
    order: list[str] = []
    seen: list[int] = []
    running = threading.Event()
    pool.submit("one", gate.enter)
    gate.came()
    pool.queue("one", "order.append('a')", vars={"order": order})
    again = pool.queue(
        "one",
        "seen.append(1)\nrunning.set()\nwhile len(seen) < 2: pass\norder.append('b')",
        vars={"order": order, "seen": seen, "running": running},
    )
    pool.queue("one", "order.append('c')", vars={"order": order})
    pool.run("one", again)
    gate.let()
    assert running.wait(PATIENCE)
    pool.requeue("one", again)
    pool.waitall("one", timeout=PATIENCE)
    assert order == ["a", "c", "b"]


def test_a_lower_priority_does_not_overtake_when_the_top_is_cancelled(gate: Gate) -> None:
    order: list[str] = []
    with nsjob.Pool(1) as pool:
        for name in ("q1", "q2"):
            pool.create(name)
        pool.submit("q1", gate.enter)
        gate.came()
        high = pool.queue("q1", "order.append('high')", vars={"order": order}, priority=255)
        pool.queue("q1", "order.append('low')", vars={"order": order}, priority=0)
        pool.queue("q2", "order.append('middle')", vars={"order": order})
        high.cancel()
        gate.let()
        pool.waitall(timeout=PATIENCE)
    assert order == ["middle", "low"]


def test_a_fork_does_not_touch_what_other_threads_had_in_hand() -> None:
    pool = nsjob.Pool()
    pool.create("q", 1)
    job = pool.submit("q", int)
    job.wait()
    core = pool._core
    (place,) = core.threads.places
    place.job = job  # as it is for an instant, in the thread that ended it: done, and without its context
    core.fork()  # what the child of a fork does
    with pytest.raises(nsjob.PoolForked):
        pool.queue("q", "1")
