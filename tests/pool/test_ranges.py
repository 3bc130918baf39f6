"""Ranges: one script over many indexes, as one job that takes no room."""

from __future__ import annotations

import contextvars
import gc
import logging
import os
import random
import threading
import tracemalloc
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import nsjob
from nsjob.pool.ranges import KEPT, MARGIN
from tests.clock import ManualClock
from tests.conftest import PATIENCE, Gate


class Seen:
    """Which indexes bodies were called with."""

    def __init__(self) -> None:
        self.indexes: list[int] = []

    def note(self, index: int) -> None:
        self.indexes.append(index)


def held(gate: Gate, seen: Seen | None = None) -> Any:
    """A body that passes the gate."""

    def body(index: int) -> None:
        if seen is not None:
            seen.note(index)
        gate.enter()

    return body


def settled(pool: nsjob.Pool, queue: str = "q") -> bool:
    """Whether every slot and count is as if nothing had ever run."""
    core = pool._core
    found = core.queues[queue]

    def look() -> tuple[int, ...]:  # under the lock: who waits is woken before the slot is given back
        return core.running, found.running, found.yielded, found.indexes, found.ranges, found.scheduled

    return bool(core.locked(look) == (0,) * 6)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def clocked(clock: ManualClock) -> Iterator[nsjob.Pool]:
    """A pool whose clock only the test moves; it has a queue q."""
    made = nsjob.Pool(clock=clock)
    made.create("q", 2)
    yield made
    made.shutdown(cancel=True, timeout=10)


# -- what a range is --------------------------------------------------------------------------------------------------


def test_one_job_stands_for_all_indexes_and_its_value_says_what_became_of_them(pool: nsjob.Pool) -> None:
    seen: list[tuple[int, str]] = []
    pool.pause("q")
    job = pool.range("q", "5..9,12", "seen.append((job.index, job.id))", vars={"seen": seen})
    assert (job.id, job.state, pool.jobs("q")) == ("job0", "scheduled", ["job0"])
    assert pool.show("q", job).reason == "its queue is paused"
    pool.resume("q")
    assert pool.wait("q", "job0", PATIENCE) == {"succeeded": "5..9,12", "failed": "", "cancelled": ""}
    assert sorted(seen) == [(index, "job0") for index in (5, 6, 7, 8, 9, 12)]
    assert pool.jobs("q") == []
    assert job.outcome == "ok"
    assert pool.counts("q").ok == 1
    assert settled(pool)


def test_a_callable_is_called_with_the_index_and_finds_it_as_the_current_jobs_too(pool: nsjob.Pool) -> None:
    seen: list[tuple[int, int | None]] = []
    pool.range("q", range(3), lambda index: seen.append((index, nsjob.current_job().index))).wait(PATIENCE)
    assert sorted(seen) == [(0, 0), (1, 1), (2, 2)]
    assert pool.jobs("q") == ["job0"]
    none: list[int | None] = []
    pool.submit("q", lambda: none.append(nsjob.current_job().index)).wait(PATIENCE)
    assert none == [None]


def test_a_coroutine_function_runs_for_each_index(pool: nsjob.Pool) -> None:
    seen = Seen()

    async def body(index: int) -> None:
        seen.note(index)

    pool.range("q", range(4), body).wait(PATIENCE)
    assert sorted(seen.indexes) == [0, 1, 2, 3]


def _jobs_of(pool: nsjob.Pool) -> int:
    """How many objects stand for jobs of a pool: those of other tests come and go."""
    found = [thing for thing in gc.get_objects() if type(thing) is nsjob.Job]
    return sum(job._queue.core is pool._core for job in found)


def test_a_million_indexes_are_queued_in_no_room(pool: nsjob.Pool) -> None:
    pool.pause("q")
    pool.range("q", "0", "1")  # what the first one imports and compiles is not counted
    jobs = _jobs_of(pool)
    tracemalloc.start()
    try:
        job = pool.range("q", "1..1000000", "1")
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
    assert _jobs_of(pool) == jobs + 1
    status = pool.range_status("q", job)
    assert (status.pending, status.numpending, status.active, status.total) == ("1..1000000", 1_000_000, "", 1_000_000)
    assert pool.counts("q").scheduled == 2


def test_a_failed_index_is_named_and_the_others_go_on(pool: nsjob.Pool) -> None:
    job = pool.range("q", "1..100", "if job.index in (5, 6, 9): raise ValueError(job.index)")
    with pytest.raises(nsjob.RangeFailed) as caught:
        pool.wait("q", job, PATIENCE)
    said = str(caught.value)
    assert said.startswith("3 of 100 indexes of job job0 failed: 5..6,9. Index ")
    assert said.endswith(f"ValueError: {caught.value.index}")
    assert isinstance(caught.value.__cause__, ValueError)
    assert caught.value.errorcode == ("NSJOB", "JOB", "RANGE")
    status = pool.range_status("q", job)  # it has left
    assert (status.succeeded, status.failed, status.outcome) == ("1..4,7..8,10..100", "5..6,9", "error")
    assert (status.numsucceeded, status.numfailed, status.numcancelled, status.numactive) == (97, 3, 0, 0)
    assert settled(pool)


def test_the_message_of_very_many_failures_is_short(pool: nsjob.Pool) -> None:
    with pytest.raises(nsjob.RangeFailed) as caught:
        pool.range("q", "1..1000", "if job.index % 2: raise ValueError('x' * 10_000)").wait(PATIENCE)
    assert str(caught.value).startswith("500 of 1000 indexes of job job0 failed: 1,3,5,7,")
    assert len(str(caught.value)) < 500


def test_an_error_whose_own_text_cannot_be_had_is_named(pool: nsjob.Pool) -> None:
    class Odd(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def body(index: int) -> None:
        raise Odd

    job = pool.range("q", "1", body)
    with pytest.raises(nsjob.RangeFailed) as caught:
        job.wait(PATIENCE)
    assert str(caught.value) == "1 of 1 indexes of job job0 failed: 1. Index 1: Odd"
    assert "Odd" in pool.range_index("q", job, 1).error


@pytest.mark.parametrize(
    ("indexes", "options", "message"),
    [
        ("", {}, 'a range needs an index, but got none: like "1..1000"'),
        ("9..5", {}, "bad indexes 9..5: must begin with the lower one, 5..9"),
        (7, {}, "indexes must be text like 1..1000, a range, or integers, but got 7"),
        ("1", {"maxconcurrent": 0}, "expected integer in range [1,MAX] for 'maxconcurrent', but got 0"),
        ("1", {"retrise": 1}, 'unknown option "retrise", did you mean "retries"?'),
        ("1", {"use": ["nothing_of_that_name"]}, "use: the caller has no variable 'nothing_of_that_name'"),
    ],
)
def test_bad_input_is_answered_and_nothing_is_queued(
    pool: nsjob.Pool, indexes: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(nsjob.OptionError) as caught:
        pool.range("q", indexes, "1", **options)
    assert message in str(caught.value)
    assert pool.jobs("q") == []


def test_what_cannot_be_queued_is_refused(pool: nsjob.Pool) -> None:
    with pytest.raises(nsjob.NoSuchQueue):
        pool.range("nope", "1", "1")
    with pytest.raises(nsjob.SnippetError):
        pool.range("q", "1", "1 +")
    with pytest.raises(nsjob.OptionError, match="script must be Python source \\(str\\) or a callable, but got 5"):
        pool.range("q", "1", 5)  # type: ignore[arg-type]
    pool.queue("q", "1", jobid="mine")
    with pytest.raises(nsjob.JobExists):
        pool.range("q", "1", "1", jobid="mine")
    pool.drain("q")
    with pytest.raises(nsjob.QueueDraining):
        pool.range("q", "1", "1")
    with pytest.raises(nsjob.WrongState, match="job mine is no range"):
        pool.range_status("q", "mine")


def test_variables_input_and_the_context_reach_every_index(pool: nsjob.Pool) -> None:
    variable = contextvars.ContextVar("variable", default="none")
    variable.set("mine")
    seen: list[Any] = []
    n = 3
    assert n
    pool.range(
        "q", "1..3", "seen.append((job.index * n, job.input, variable.get())); variable.set('theirs')",
        vars={"seen": seen, "variable": variable}, use=["n"], input="given",
    ).wait(PATIENCE)  # fmt: skip
    assert sorted(seen) == [(3, "given", "mine"), (6, "given", "mine"), (9, "given", "mine")]
    assert variable.get() == "mine"


def test_scripts_of_the_queue_run_around_each_index() -> None:
    with nsjob.Pool() as pool:
        pool.define("seen = []")
        pool.create("w", 1, pre="seen.append(('pre', job.index))", post="seen.append(('post', job.index))")
        pool.range("w", "1..2", lambda index: None).wait(PATIENCE)
        pool.create("r")
        seen = pool.queue("r", "seen").wait(PATIENCE)
        assert seen == [("pre", 1), ("post", 1), ("pre", 2), ("post", 2)]


def test_a_script_may_end_by_return_and_its_value_is_not_kept(pool: nsjob.Pool) -> None:
    job = pool.range("q", "1..4", "if job.index > 2: return 5\nbreak")
    assert job.wait(PATIENCE)["succeeded"] == "1..4"


# -- how many run, and when -------------------------------------------------------------------------------------------


def test_the_queues_cap_holds_and_all_slots_are_used(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.range("q", "1..10", held(gate))
    gate.came(2)
    assert gate.nobody()
    status = pool.range_status("q", job)
    assert (status.active, status.pending, status.state) == ("1..2", "3..10", "running")
    info = pool.queuelist()[0]
    assert (info.numrunning, info.scheduled, info.done) == (2, 0, 0)
    counts = pool.counts("q")
    assert (counts.running, counts.scheduled) == (1, 0)
    gate.let(10)
    job.wait(PATIENCE)
    assert gate.most == 2
    assert settled(pool)


def test_maxconcurrent_caps_a_range_and_others_take_the_slots_that_it_leaves(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("wide", 4)
    job = pool.range("wide", "1..6", held(gate), maxconcurrent=2)
    gate.came(2)
    assert gate.nobody()
    others = Gate()
    pool.submit("wide", others.enter)
    pool.submit("wide", others.enter)
    others.came(2)
    others.let(2)
    gate.let(6)
    job.wait(PATIENCE)
    assert gate.most == 2
    assert pool.range_status("wide", job).maxconcurrent == 2


def test_a_resized_queue_gives_a_range_its_new_slots(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.range("q", "1..100", held(gate))
    gate.came(2)
    pool.resize("q", 40)
    gate.came(38)
    pool.resize("q", 1)
    gate.let(100)
    job.wait(PATIENCE)
    assert settled(pool)


def test_the_pools_cap_holds(gate: Gate) -> None:
    with nsjob.Pool(maxthreads=2) as pool:
        pool.create("a", 4)
        pool.create("b", 4)
        jobs = [pool.range(queue, "1..5", held(gate)) for queue in "ab"]
        gate.came(2)
        assert gate.nobody()
        gate.let(10)
        for job in jobs:
            job.wait(PATIENCE)
        assert gate.most == 2


def test_indexes_go_in_order_before_what_comes_later_and_after_what_goes_before(pool: nsjob.Pool) -> None:
    order: list[object] = []
    pool.create("one", 1)
    pool.pause("one")
    note = "order.append(job.index if job.index is not None else job.id)"
    given: dict[str, Any] = {"vars": {"order": order}}
    pool.queue("one", note, jobid="before", **given)
    pool.range("one", "1..3", note, **given)
    pool.queue("one", note, jobid="behind", **given)
    pool.range("one", "7..8", note, **given)
    pool.queue("one", note, jobid="high", priority="high", **given)
    pool.range("one", "4..5", note, priority="lowest", **given)
    pool.range("one", "20..21", note, head=True, **given)
    pool.resume("one")
    pool.waitall("one", timeout=PATIENCE)
    assert order == [20, 21, "high", "before", 1, 2, 3, "behind", 7, 8, 4, 5]


def test_a_job_of_higher_priority_goes_between_two_indexes(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("one", 1)
    seen = Seen()
    job = pool.range("one", "1..3", held(gate, seen))
    gate.came()
    pool.submit("one", seen.note, 99).cancel()
    high = pool.executor("one", priority=nsjob.HIGH).submit(seen.note, 100)
    gate.let(3)
    high.result(PATIENCE)
    job.wait(PATIENCE)
    assert seen.indexes == [1, 100, 2, 3]


def test_run_lets_a_range_go_before_all_that_wait(pool: nsjob.Pool) -> None:
    order: list[Any] = []
    pool.create("one", 1)
    pool.pause("one")
    pool.queue("one", "order.append('job')", vars={"order": order})
    late = pool.range("one", "1..2", "order.append(job.index)", vars={"order": order}, delay="1h")
    pool.run("one", late)
    pool.resume("one")
    pool.waitall("one", timeout=PATIENCE)
    assert order == [1, 2, "job"]


def test_a_paused_queue_begins_no_more_indexes(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.range("q", "1..5", held(gate))
    gate.came(2)
    pool.pause("q")
    gate.let(2)
    while pool.range_status("q", job).numsucceeded < 2:
        pass
    assert gate.nobody()
    status = pool.range_status("q", job)
    assert (status.pending, status.active, status.state) == ("3..5", "", "running")
    pool.resume("q")
    gate.let(3)
    assert job.wait(PATIENCE)["succeeded"] == "1..5"


def test_a_key_caps_the_indexes(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("keyed", 4, maxperkey=1)
    job = pool.range("keyed", "1..3", held(gate), key="host")
    gate.came()
    assert gate.nobody()
    second = pool.range("keyed", "1..2", held(gate), key="host")
    other = pool.range("keyed", "1", held(gate), key="other")
    gate.came()
    assert gate.most == 2
    while "maxperkey" not in pool.show("keyed", second).reason:
        pass
    gate.let(10)
    for one in (job, second, other):
        one.wait(PATIENCE)
    assert settled(pool, "keyed")
    assert not pool._core.queues["keyed"].keys


def test_a_range_behind_its_key_is_not_lost_where_it_is_cancelled(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("keyed", 4, maxperkey=1)
    pool.submit("keyed", gate.enter)
    blocker = pool.range("keyed", "1", held(gate), key="host")
    gate.came(2)
    cancelled = pool.range("keyed", "1..3", held(gate), key="host")
    later = pool.range("keyed", "1..3", held(gate), key="host")
    pool.cancel("keyed", cancelled)
    gate.let(10)
    blocker.wait(PATIENCE)
    later.wait(PATIENCE)
    assert cancelled.outcome == "cancelled"


def test_delay_expires_and_after_are_about_the_whole(clocked: nsjob.Pool, clock: ManualClock) -> None:
    seen = Seen()
    late = clocked.range("q", "1..2", seen.note, delay=10)
    assert "put off for 10.000" in clocked.show("q", late).reason
    clocked.pause("q")
    stale = clocked.range("q", "1..3", seen.note, expires=5)
    clock.advance(6)
    assert stale.outcome == "expired"
    assert clocked.range_status("q", stale).cancelled == "1..3"
    with pytest.raises(nsjob.JobExpired):
        stale.wait()
    clocked.resume("q")
    assert late.state == "scheduled"
    clock.advance(5)
    late.wait(PATIENCE)
    assert sorted(seen.indexes) == [1, 2]


def test_a_range_that_has_begun_does_not_expire(clocked: nsjob.Pool, clock: ManualClock, gate: Gate) -> None:
    job = clocked.range("q", "1..5", held(gate), expires=5)
    gate.came(2)
    clock.advance(60)
    gate.let(5)
    assert job.wait(PATIENCE)["succeeded"] == "1..5"


def test_a_range_comes_after_jobs_and_jobs_after_a_range(pool: nsjob.Pool, gate: Gate) -> None:
    first = pool.submit("q", gate.enter)
    middle = pool.range("q", "1..3", "1", after=[first])
    last = pool.queue("q", "'last'", after=[middle])
    gate.came()
    assert "it comes after" in pool.show("q", middle).reason
    gate.let()
    assert last.wait(PATIENCE) == "last"

    bad = pool.range("q", "1..3", "if job.index == 2: raise ValueError")
    never = pool.queue("q", "1", after=[bad])
    also = pool.range("q", "1..3", "1", after=[never])
    with pytest.raises(nsjob.DependencyFailed, match=f"job {bad.id} of queue q, which it comes after, ended error"):
        never.wait(PATIENCE)
    with pytest.raises(nsjob.DependencyFailed):
        also.wait(PATIENCE)
    assert settled(pool)


def test_a_full_queue_refuses_a_range_or_waits_for_room(pool: nsjob.Pool) -> None:
    pool.create("bounded", 1, maxqueued=1)
    pool.pause("bounded")
    pool.range("bounded", "1..100", "1")
    with pytest.raises(nsjob.QueueFull):
        pool.range("bounded", "1", "1")
    with pytest.raises(nsjob.QueueFull):
        pool.range("bounded", "1", "1", block=0.01)
    made: list[nsjob.Job] = []
    caller = threading.Thread(target=lambda: made.append(pool.range("bounded", "7", "1", block=None)))
    caller.start()
    pool.resume("bounded")
    caller.join(PATIENCE)
    assert made[0].wait(PATIENCE)["succeeded"] == "7"


def test_a_unique_or_named_range_is_queued_once(pool: nsjob.Pool) -> None:
    pool.pause("q")
    first = pool.range("q", "1..3", "1", unique="u", jobid="mine")
    assert pool.range("q", "1..3", "1", unique="u") is first
    assert pool.range("q", "1..3", "1", jobid="mine", ifnew=True) is first
    assert pool.jobs("q") == ["mine"]
    pool.resume("q")
    first.wait(PATIENCE)
    assert pool.range("q", "1..3", "1", unique="u") is not first


# -- retries and time limits ------------------------------------------------------------------------------------------


def test_retries_are_those_of_each_index(pool: nsjob.Pool) -> None:
    runs: list[tuple[int, int]] = []

    def body(index: int) -> None:
        attempt = nsjob.current_job().attempt
        runs.append((index, attempt))
        if attempt <= index:
            raise ValueError(f"{index} at attempt {attempt}")

    job = pool.range("q", "0..3", body, retries=2, backoff=0)
    with pytest.raises(
        nsjob.RangeFailed, match="^1 of 4 indexes of job job0 failed: 3. Index 3: ValueError: 3 at attempt 3$"
    ):
        job.wait(PATIENCE)
    assert sorted(runs) == [(0, 1), (1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 1), (3, 2), (3, 3)]
    told = [pool.range_index("q", job, index) for index in range(4)]
    assert [(info.state, info.failures) for info in told] == [
        ("succeeded", 0), ("succeeded", 1), ("succeeded", 2), ("failed", 3),
    ]  # fmt: skip
    assert told[3].error == "ValueError: 3 at attempt 3"


def test_no_more_are_under_way_than_may_be_while_many_wait_for_their_retry(
    clocked: nsjob.Pool, clock: ManualClock
) -> None:
    body = "if job.attempt == 1: raise ValueError"
    few = clocked.range("q", "1..1000", body, retries=1, backoff=3600, maxconcurrent=5)
    many = clocked.range("q", "1..1000", body, retries=1, backoff=3600)
    for job, most in ((few, 5), (many, 2 + MARGIN)):
        while clocked.range_status("q", job).numactive < most or clocked.queuelist()[0].numrunning:
            pass
        status = clocked.range_status("q", job)
        assert (status.numactive, status.numpending) == (most, 1000 - most)
        info = clocked.range_index("q", job, 1)
        assert (info.state, info.failures, info.error) == ("active", 1, "ValueError")
    assert clocked.cancel("q", few)
    assert few.outcome == "cancelled"  # none of them ran
    assert clocked.cancel("q", many)
    assert settled(clocked)


def test_a_time_limit_is_that_of_each_index(pool: nsjob.Pool) -> None:
    job = pool.range("q", "1..4", "while job.index == 3: pass", timeout=0.1)
    with pytest.raises(nsjob.RangeFailed, match="^1 of 4 indexes of job job0 failed: 3"):
        job.wait(PATIENCE)
    info = pool.range_index("q", job, 3)
    assert info.error == "job job0 ran longer than its time limit of 0.1 seconds"
    assert info.start is not None
    assert info.end is not None
    assert info.deadline == pytest.approx(info.start + 0.1)


def test_fail_is_final_and_snooze_comes_back(pool: nsjob.Pool) -> None:
    naps: set[int] = set()

    def body(index: int) -> None:
        job = nsjob.current_job()
        if index == 1:
            job.fail("no")
        if index not in naps:
            naps.add(index)
            job.snooze(0.001)

    job = pool.range("q", "1..4", body, retries=5)
    with pytest.raises(nsjob.RangeFailed, match="failed: 1. Index 1: JobFailed: no$"):
        job.wait(PATIENCE)
    assert pool.range_index("q", job, 1).failures == 1
    assert pool.range_status("q", job).succeeded == "2..4"


def test_an_index_that_waits_for_another_job_gives_its_slot_back(pool: nsjob.Pool) -> None:
    pool.create("one", 1)
    body = "pool.queue('one', '1', head=True).wait()"
    job = pool.range("one", "1..5", body, vars={"pool": pool})
    assert job.wait(PATIENCE)["succeeded"] == "1..5"
    assert settled(pool, "one")


# -- stopping ---------------------------------------------------------------------------------------------------------


def test_cancel_of_a_range_that_has_not_begun(pool: nsjob.Pool) -> None:
    pool.pause("q")
    seen = Seen()
    job = pool.range("q", "1..5", seen.note)
    assert not pool.cancel("q", job)
    assert (job.outcome, pool.jobs("q")) == ("cancelled", [])
    assert pool.range_status("q", job).cancelled == "1..5"
    pool.resume("q")
    pool.queue("q", "1").wait(PATIENCE)
    assert seen.indexes == []
    assert settled(pool)


def test_cancel_interrupts_what_runs_and_the_rest_never_starts(pool: nsjob.Pool) -> None:
    began = threading.Semaphore(0)
    job = pool.range("q", "1..1000000", "began.release()\nwhile job.index > 2: pass", vars={"began": began})
    for _ in range(4):
        assert began.acquire(timeout=PATIENCE)
    assert pool.cancel("q", job)
    with pytest.raises(nsjob.JobCancelled):
        job.wait(PATIENCE)
    assert job.outcome == "cancelled"
    status = pool.range_status("q", job)
    assert (status.succeeded, status.cancelled, status.active, status.pending) == ("1..2", "3..1000000", "", "")
    assert not began.acquire(blocking=False)
    assert pool.range_index("q", job, 500_000).state == "cancelled"
    pool.queue("q", "1").wait(PATIENCE)  # its slots are free
    assert settled(pool)


def test_a_range_of_which_nothing_runs_is_cancelled_at_once(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.range("q", "1..9", held(gate))
    gate.came(2)
    pool.pause("q")
    gate.let(2)
    while pool.range_status("q", job).numactive:
        pass
    assert pool.cancel("q", job)
    assert (job.outcome, pool.jobs("q")) == ("cancelled", [])
    assert settled(pool)


def test_who_waits_for_a_range_that_is_cancelled_is_told(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.range("q", "1..9", held(gate))
    gate.came(2)
    got: list[BaseException] = []

    def wait() -> None:
        try:
            pool.wait("q", job.id, PATIENCE)
        except BaseException as error:
            got.append(error)

    waiter = threading.Thread(target=wait)
    waiter.start()
    while job.req != "wait":
        pass
    called = threading.Event()
    job.add_done_callback(lambda _: called.set())
    pool.cancel("q", job)
    assert job.req == "cancel"
    gate.let(2)
    waiter.join(PATIENCE)
    assert isinstance(got[0], nsjob.JobCancelled)
    assert called.wait(PATIENCE)


def test_kill_writes_off_what_runs(pool: nsjob.Pool, gate: Gate) -> None:
    def stubborn(index: int) -> None:
        while True:
            try:
                gate.enter()
                return
            except BaseException:
                pass

    job = pool.range("q", "1..9", stubborn)
    gate.came(2)
    assert pool.kill("q", job)
    assert job.outcome == "cancelled"
    assert pool.threadlist().numlost == 2
    assert settled(pool)
    with pytest.raises(nsjob.WrongState, match="cannot be retried while its lost thread still runs it"):
        pool.retry("q", job)
    pool.queue("q", "1").wait(PATIENCE)
    gate.let(100)
    while pool.threadlist().numlost:
        pass


def test_kill_says_where_not_all_could_be_written_off(pool: nsjob.Pool, gate: Gate) -> None:
    pool.configure(maxlost=1)
    job = pool.range("q", "1..9", held(gate))
    gate.came(2)
    with pytest.raises(nsjob.WrongState, match="1 threads are lost already"):
        pool.kill("q", job)
    gate.let(9)
    with pytest.raises(nsjob.JobCancelled):
        job.wait(PATIENCE)
    while pool.threadlist().numlost:
        pass
    assert settled(pool)


def test_requeue_runs_those_again_that_run(pool: nsjob.Pool) -> None:
    began = threading.Semaphore(0)
    go: list[bool] = []  # no code of the library's in the loop: interrupts wait for that
    job = pool.range("q", "1..3", "began.release()\nwhile not go: pass", vars={"began": began, "go": go})
    for _ in range(2):
        assert began.acquire(timeout=PATIENCE)
    pool.requeue("q", job)
    for _ in range(2):
        assert began.acquire(timeout=PATIENCE)
    go.append(True)
    assert job.wait(PATIENCE)["succeeded"] == "1..3"
    assert settled(pool)


def test_snooze_puts_a_range_off_whether_it_has_begun_or_not(clocked: nsjob.Pool, clock: ManualClock) -> None:
    seen = Seen()
    began = threading.Semaphore(0)
    go: list[bool] = []  # no code of the library's in the loop: interrupts wait for that

    def body(index: int) -> None:
        seen.note(index)
        began.release()
        while not go:
            pass

    clocked.pause("q")
    job = clocked.range("q", "1..6", body)
    clocked.snooze("q", job, 60)
    clocked.resume("q")
    clock.settle()
    assert seen.indexes == []
    clock.advance(61)
    for _ in range(2):
        assert began.acquire(timeout=PATIENCE)
    clocked.snooze("q", job, 3600)
    while clocked.queuelist()[0].numrunning:
        clock.advance(0.1)
    assert clocked.range_status("q", job).active == "1..2"
    go.append(True)
    clocked.queue("q", "1").wait(PATIENCE)
    assert sorted(seen.indexes) == [1, 2]
    clock.advance(3601)
    assert job.wait(PATIENCE)["succeeded"] == "1..6"
    assert settled(clocked)


def test_delete_by_force_and_cancelall_end_ranges(pool: nsjob.Pool, gate: Gate) -> None:
    running = pool.range("q", "1..1000", held(gate))
    waiting = pool.range("q", "1..1000", held(gate))
    gate.came(2)
    assert pool.cancelall("q") == 2
    gate.let(10)
    for job in (running, waiting):
        with pytest.raises(nsjob.JobCancelled):
            job.wait(PATIENCE)
    again = pool.range("q", "1..1000", held(gate))
    pool.delete("q", force=True)
    gate.let(1_000)
    with pytest.raises(nsjob.JobCancelled):
        again.wait(PATIENCE)
    assert pool.queues() == []


def test_a_deleted_queue_finishes_its_range(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.range("q", "1..5", held(gate), detached=True)
    gate.came(2)
    pool.delete("q")
    gate.let(5)
    assert job.wait(PATIENCE)["succeeded"] == "1..5"
    while pool.queues():
        pass


def test_leaving_a_pool_finishes_its_ranges_and_shutting_it_down_by_force_ends_them(gate: Gate) -> None:
    with nsjob.Pool() as pool:
        pool.create("q", 3)
        job = pool.range("q", "1..500", "1")
    assert job.wait()["succeeded"] == "1..500"
    pool = nsjob.Pool()
    pool.create("q", 2)
    job = pool.range("q", "1..1000000", held(gate))
    gate.came(2)
    gate.let(2)
    pool.shutdown(cancel=True, timeout=PATIENCE)
    assert job.outcome == "cancelled"


def test_a_pool_left_by_an_error_writes_off_what_does_not_end(gate: Gate) -> None:
    def stubborn(index: int) -> None:
        while True:
            try:
                gate.enter()
                return
            except BaseException:
                pass

    jobs: list[nsjob.Job] = []

    def leave() -> None:
        with nsjob.Pool() as pool:
            pool.configure(grace=0.05)
            pool.create("q", 2)
            jobs.append(pool.range("q", "1..9", stubborn))
            gate.came(2)
            raise ValueError

    with pytest.raises(ValueError):
        leave()
    with pytest.raises(nsjob.JobCancelled):
        jobs[0].wait(PATIENCE)
    gate.let(100)


@pytest.mark.parametrize("onerror", ["pause", "cancel"])
def test_a_failed_index_pauses_or_cancels_the_queue_where_asked(pool: nsjob.Pool, onerror: Any) -> None:
    pool.create("w", 1, onerror=onerror)
    job = pool.range("w", "1..9", "if job.index == 3: raise ValueError")
    if onerror == "pause":
        while not pool.queuelist()[1].paused:
            pass
        status = pool.range_status("w", job)
        assert (status.succeeded, status.failed, status.pending) == ("1..2", "3", "4..9")
        pool.resume("w")
        with pytest.raises(nsjob.RangeFailed):
            job.wait(PATIENCE)
        assert not pool.queuelist()[1].paused  # its end is no new failure
    else:
        with pytest.raises(nsjob.RangeFailed, match="1 of 9 indexes of job job0 failed: 3; 6 were cancelled: 4..9"):
            job.wait(PATIENCE)
    assert settled(pool, "w")


def test_a_range_is_cancelled_where_another_jobs_failure_cancels_the_queue(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("w", 2, onerror="cancel")
    job = pool.range("w", "1..9", held(gate), maxconcurrent=1)
    gate.came()
    pool.queue("w", "1 / 0")
    while pool.range_status("w", job).numpending:
        pass
    gate.let()
    with pytest.raises(nsjob.JobCancelled):
        job.wait(PATIENCE)
    assert pool.range_status("w", job).succeeded == "1"


def test_the_lifetime_is_that_of_the_whole(clocked: nsjob.Pool, clock: ManualClock) -> None:
    began = threading.Semaphore(0)
    job = clocked.range(
        "q", "1..9", "began.release()\nhigher = job.index > 1\nwhile higher: pass", lifetime=60, vars={"began": began}
    )
    for _ in range(3):
        assert began.acquire(timeout=PATIENCE)
    clock.advance(61)
    while not job.done():
        clock.advance(0.1)
    with pytest.raises(nsjob.JobExpired, match="job job0 has reached the end of its lifetime of 60 seconds"):
        clocked.wait("q", job, PATIENCE)
    assert job.outcome == "expired"
    status = clocked.range_status("q", job)
    assert (status.succeeded, status.failed, status.cancelled) == ("1", "2..3", "4..9")
    assert settled(clocked)


# -- again ------------------------------------------------------------------------------------------------------------


def test_retry_runs_only_those_that_did_not_succeed(pool: nsjob.Pool) -> None:
    runs: list[int] = []
    well = threading.Event()

    def body(index: int) -> None:
        runs.append(index)
        if index % 3 == 0 and not well.is_set():
            raise ValueError

    job = pool.range("q", "1..9", body)
    with pytest.raises(nsjob.RangeFailed):
        job.wait(PATIENCE)
    runs.clear()
    again = pool.retry("q", job)
    with pytest.raises(nsjob.RangeFailed, match="^3 of 9 indexes of job job0 failed: 3,6,9"):
        pool.wait("q", again, PATIENCE)
    well.set()
    last = pool.retry("q", "job0")  # it has left, and is remembered
    assert pool.show("q", last).progress == (6, 9, "") or last.done()
    assert last.wait(PATIENCE) == {"succeeded": "1..9", "failed": "", "cancelled": ""}
    assert sorted(runs) == [3, 3, 6, 6, 9, 9]
    assert pool.jobs("q") == ["job0"]
    with pytest.raises(nsjob.WrongState, match="job job0 cannot be retried: all its indexes have succeeded"):
        pool.retry("q", last)


def test_retry_of_a_cancelled_range_runs_the_rest(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.range("q", "1..5", held(gate))
    gate.came(2)
    gate.let(1)
    gate.came()
    pool.cancel("q", job)
    gate.let(2)
    with pytest.raises(nsjob.JobCancelled):
        job.wait(PATIENCE)
    gate.let(10)
    assert pool.retry("q", "job0").wait(PATIENCE)["succeeded"] == "1..5"


def test_retry_failed_takes_ranges_too(pool: nsjob.Pool) -> None:
    pool.range("q", "1..3", "if job.index == 2: raise ValueError")
    pool.range("q", "1..3", "1")
    while pool.counts("q").done < 2:
        pass
    assert [job.id for job in pool.retry_failed("q")] == ["job0"]


# -- looking ----------------------------------------------------------------------------------------------------------


def test_each_index_tells_of_itself(clocked: nsjob.Pool, clock: ManualClock, gate: Gate) -> None:
    job = clocked.range("q", "1..9", held(gate), timeout=30)
    gate.came(2)
    began = clock.wall()
    info = clocked.range_index("q", job, 2)
    assert (info.index, info.state, info.start, info.deadline, info.end) == (2, "active", began, began + 30, None)
    assert (info.name, info.failures, info.error) == (clocked._core.name, 0, "")
    assert info.host == os.uname().nodename
    pending = clocked.range_index("q", job, 9)
    assert (pending.state, pending.name, pending.host, pending.start, pending.end) == ("pending", "", "", None, None)
    for index in (0, 10):
        with pytest.raises(nsjob.OptionError, match=f"job job0 has no index {index}: it must be one of 1..9"):
            clocked.range_index("q", job, index)
    with pytest.raises(nsjob.OptionError, match='expected integer but got "x"'):
        clocked.range_index("q", job, "x")  # type: ignore[arg-type]
    clock.advance(5)
    gate.let(9)
    job.wait(PATIENCE)
    ended = clocked.range_index("q", job, 2)
    assert (ended.state, ended.start, ended.end) == ("succeeded", began, began + 5)


def test_the_runs_of_so_many_are_remembered(pool: nsjob.Pool) -> None:
    job = pool.range("q", f"1..{3 * KEPT}", "if job.index % 2: raise ValueError(job.index)")
    with pytest.raises(nsjob.RangeFailed):
        job.wait(PATIENCE)
    told = [pool.range_index("q", job, index) for index in range(1, 3 * KEPT + 1)]
    failed = [info for info in told if info.state == "failed"]
    succeeded = [info for info in told if info.state == "succeeded"]
    assert len(failed) == len(succeeded) == 3 * KEPT // 2
    assert sum(bool(info.error) for info in failed) == KEPT
    assert failed[0].error == "ValueError: 1"
    assert sum(info.end is not None for info in succeeded) == KEPT
    assert all(info.failures == 1 for info in failed)


def test_joblist_and_show_tell_of_the_whole(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.range("q", "1..4", held(gate), note="many", timeout=60)
    gate.came(2)
    (info,) = pool.joblist("q")
    assert (info.id, info.state, info.attempt, info.thread, info.note) == ("job0", "running", 1, "0", "many")
    assert info.progress == (0, 4, "")
    report = pool.show("q", job)
    assert (report.state, report.reason, report.stack, report.options.timeout) == ("running", "", "", 60)
    assert {(thread.job, thread.state) for thread in pool.threads()} == {("job0", "running")}
    gate.let(4)
    job.wait(PATIENCE)
    assert pool.show("q", job).progress == (4, 4, "")
    assert [run.outcome for run in pool.runs("q", job)] == ["ok"]


def test_listeners_hear_of_the_whole_and_of_its_progress(pool: nsjob.Pool) -> None:
    heard: list[nsjob.Event] = []
    over = threading.Event()

    def listen(event: nsjob.Event) -> None:
        heard.append(event)
        if event.kind == "finished":
            over.set()

    pool.subscribe(listen)
    body = "job.progress(5, 10)\nif job.index == 2 and job.attempt == 1: raise ValueError"
    pool.range("q", "1..3", body, retries=1, backoff=0).wait(PATIENCE)
    assert over.wait(PATIENCE)
    assert [event.kind for event in heard] == ["queued", "started", "progress", "progress", "progress", "finished"]
    assert {event.job for event in heard} == {"job0"}
    assert [(event.done, event.total) for event in heard if event.kind == "progress"] == [(1, 3), (2, 3), (3, 3)]


def test_what_the_indexes_print_and_log_goes_to_the_whole(pool: nsjob.Pool) -> None:
    pool.create("one", 1)
    body = "print('index', job.index)\njob.log('done')"
    job = pool.range("one", "1..3", body, capture_output=True)
    job.wait(PATIENCE)
    assert pool.output("one", job) == "index 1\nindex 2\nindex 3\n"
    assert pool.show("one", job).log == ("1: done", "2: done", "3: done")


def test_a_detached_range_leaves_and_its_failure_is_logged_once(
    pool: nsjob.Pool, caplog: pytest.LogCaptureFixture
) -> None:
    ended = threading.Event()
    with caplog.at_level(logging.ERROR, "nsjob"):
        job = pool.range("q", "1..3", "raise ValueError", detached=True)
        job.add_done_callback(lambda _: ended.set())
        assert ended.wait(PATIENCE)
    while not caplog.records:
        pass
    assert [record.getMessage() for record in caplog.records] == ["detached job job0 of queue q failed"]
    assert pool.jobs("q") == []
    assert settled(pool)


def test_what_a_failed_range_held_is_let_go_with_it(pool: nsjob.Pool) -> None:
    class Thing:
        pass

    things: list[weakref.ref[Thing]] = []

    def body(index: int) -> None:
        thing = Thing()
        things.append(weakref.ref(thing))
        raise ValueError

    pool.range("q", "1..3", body)
    while not pool.counts("q").done:
        pass
    with pytest.raises(nsjob.RangeFailed):
        pool.wait("q", "job0", PATIENCE)
    pool.queue("q", "1")
    assert pool.waitany("q", timeout=PATIENCE) == "job1"  # it passes what has left
    for _ in range(3):  # the other thread takes its next job
        pool.submit("q", gc.collect).wait(PATIENCE)
    while any(thing() is not None for thing in things):
        gc.collect()
    assert pool.range_status("q", "job0").failed == "1..3"


# -- elsewhere --------------------------------------------------------------------------------------------------------


def test_an_immediate_pool_runs_a_range_where_it_is_queued() -> None:
    pool = nsjob.Pool(immediate=True)
    pool.create("q", 2)
    seen = Seen()
    job = pool.range("q", "1..5", seen.note, delay=100)
    assert (job.outcome, seen.indexes) == ("ok", [1, 2, 3, 4, 5])
    bad = pool.range("q", "1..3", "if job.index == 2 and job.attempt < 4: raise ValueError", retries=2)
    assert bad.outcome == "error"
    again = pool.retry("q", bad)
    assert pool.range_status("q", again).failed == "2"
    assert settled(pool)
    pool.shutdown()


def test_the_index_is_seen_in_another_process(pool: nsjob.Pool) -> None:
    pool.create("processes", 2, engine="process")
    job = pool.range("processes", "1..5", "if job.index == 3: raise ValueError(job.index)")
    with pytest.raises(nsjob.RangeFailed, match="^1 of 5 indexes of job job0 failed: 3. Index 3: ValueError: 3$"):
        job.wait(PATIENCE)
    called = pool.range("processes", "2..3", _checked)
    assert called.wait(PATIENCE)["succeeded"] == "2..3"
    killed = pool.range("processes", "1..4", "import os\nif job.index == 2: os.kill(os.getpid(), 9)")
    with pytest.raises(nsjob.RangeFailed, match="^1 of 4 indexes of job job2 failed: 2. Index 2: WorkerLost"):
        killed.wait(PATIENCE)
    assert settled(pool, "processes")


def _checked(index: int) -> None:
    assert nsjob.current_job().index == index


def test_an_executor_runs_a_range(pool: nsjob.Pool) -> None:
    with ThreadPoolExecutor(2) as executor:
        pool.create("foreign", 2, engine=executor)
        job = pool.range("foreign", "1..20", "if job.index == 7: raise ValueError(job.index)")
        with pytest.raises(nsjob.RangeFailed, match="^1 of 20 indexes of job job0 failed: 7. Index 7: ValueError: 7$"):
            job.wait(PATIENCE)
        assert settled(pool, "foreign")
        pool.delete("foreign")


@pytest.fixture
def no_collections() -> Iterator[None]:
    """The collector calls back into hypothesis, in any thread: an interrupt there would be told as an error."""
    gc.disable()
    yield
    gc.enable()


# -- races ------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_collections")
@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_done_to_ranges_at_once_no_slot_is_lost_and_no_index_runs_twice(seed: int) -> None:
    dice = random.Random(seed)
    pool = nsjob.Pool(maxthreads=dice.choice([None, 3]))
    pool.configure(grace=0.2)
    pool.create("q", 3, maxperkey=2)
    ran: dict[str, list[tuple[int, int]]] = {}
    jobs: list[nsjob.Job] = []
    wrong: list[BaseException] = []

    def body(index: int) -> None:
        job = nsjob.current_job()
        ran.setdefault(job.id, []).append((index, job.attempt))
        if index % 7 == 0 and job.attempt == 1:
            raise ValueError

    def meddle(number: int) -> None:
        mine = random.Random(seed * 100 + number)
        try:
            for _ in range(40):
                verb = mine.choice(
                    ["range", "range", "cancel", "pause", "resize", "snooze", "requeue", "run", "status"]
                )
                job = mine.choice(jobs) if jobs else None
                try:
                    if verb == "range" or job is None:
                        options: dict[str, Any] = {"retries": mine.choice([0, 1]), "backoff": 0}
                        options["priority"] = mine.choice([5, 127])
                        options["key"] = mine.choice([None, "k"])
                        options["maxconcurrent"] = mine.choice([None, 1, 2])
                        jobs.append(pool.range("q", f"1..{mine.randint(1, 300)}", body, **options))
                    elif verb == "pause":
                        pool.pause("q")
                        pool.resume("q")
                    elif verb == "resize":
                        pool.resize("q", mine.randint(1, 5))
                    elif verb == "snooze":
                        pool.snooze("q", job, 0.001)
                    elif verb == "status":
                        pool.range_status("q", job)
                        pool.range_index("q", job, 1)
                        pool.queuelist()
                    else:
                        getattr(pool, verb)("q", job)
                except (nsjob.WrongState, nsjob.NoSuchJob):
                    pass
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=meddle, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert wrong == []
    pool.resume("q")
    for job in jobs:
        try:
            job.wait(PATIENCE)
        except (nsjob.JobCancelled, nsjob.RangeFailed):
            pass
    for job in jobs:
        status = pool.range_status("q", job)
        assert status.numsucceeded + status.numfailed + status.numcancelled == status.total
        assert (status.numpending, status.numactive) == (0, 0)
        assert (job.outcome == "ok") == (status.numsucceeded == status.total) or job.outcome == "cancelled"
    assert settled(pool)
    pool.shutdown(timeout=PATIENCE)


@pytest.mark.usefixtures("no_collections")
@pytest.mark.parametrize("how", ["cancel", "kill", "delete", "shutdown"])
def test_a_range_that_is_ended_while_it_is_fed_leaves_nothing_behind(how: str) -> None:
    for _ in range(15):
        pool = nsjob.Pool()
        pool.configure(grace=0.2)
        pool.create("q", 2)
        began = threading.Event()
        job = pool.range("q", "1..1000000", "began.set()", vars={"began": began})
        assert began.wait(PATIENCE)
        if how == "delete":
            pool.delete("q", force=True)
        elif how == "shutdown":
            pool.shutdown(cancel=True, timeout=PATIENCE)
        else:
            getattr(pool, how)("q", job)
        with pytest.raises(nsjob.JobCancelled):
            job.wait(PATIENCE)
        assert job.outcome == "cancelled"
        pool.shutdown(timeout=PATIENCE)
        core = pool._core
        assert core.locked(getattr, core, "live") == core.locked(getattr, core, "running") == 0
