"""Queues: made, listed, paused, resized, drained, deleted; and the caps."""

from __future__ import annotations

import pytest

import nsjob
from tests.conftest import PATIENCE, Gate


def test_create_returns_the_name_and_the_queue_is_listed_with_ns_jobs_fields_first(pool: nsjob.Pool) -> None:
    assert pool.create("z", 3, desc="a b") == "z"
    info = pool.queuelist()[-1]
    assert [*info.__dataclass_fields__][:5] == ["name", "desc", "maxthreads", "numrunning", "req"]
    assert (info.name, info.desc, info.maxthreads, info.numrunning, info.req) == ("z", "a b", 3, 0, "none")
    assert pool.queues() == ["q", "z"]


def test_a_queue_cannot_be_made_twice_unless_that_is_allowed(pool: nsjob.Pool) -> None:
    with pytest.raises(nsjob.QueueExists, match="^queue already exists: q$"):
        pool.create("q")
    assert pool.create("q", 99, exist_ok=True) == "q"
    assert pool.queuelist()[0].maxthreads == 2


def test_a_cap_is_never_exceeded_and_all_slots_are_used(pool: nsjob.Pool, gate: Gate) -> None:
    jobs = [pool.submit("q", gate.enter, n) for n in range(6)]
    gate.came(2)
    assert gate.nobody()
    for _ in range(4):
        gate.let()
        gate.came()
    gate.let(2)
    assert [job.wait(PATIENCE) for job in jobs] == list(range(6))
    assert gate.most == 2


def test_the_pools_own_cap_binds_below_the_sum_and_queues_of_equal_priority_take_turns(gate: Gate) -> None:
    order: list[str] = []
    with nsjob.Pool(maxthreads=1) as pool:
        for name in "abc":
            pool.create(name, 4)
        first = pool.submit("a", gate.enter)
        gate.came()
        for _ in range(2):
            for name in "abc":
                pool.submit(name, order.append, name)
        gate.let()
        first.wait(PATIENCE)
        pool.waitall(timeout=PATIENCE)
    assert sorted(order) == sorted("aabbcc")
    assert all(len(set(order[n : n + 3])) == 3 for n in (0, 3)), order


def test_under_a_pools_cap_the_highest_waiting_priority_goes_first_over_all_queues(gate: Gate) -> None:
    order: list[int] = []
    with nsjob.Pool(maxthreads=1) as pool:
        pool.create("a", 2)
        pool.create("b", 2)
        blocker = pool.submit("a", gate.enter)
        gate.came()
        for queue, priority in (("a", 10), ("b", 200), ("a", 127), ("b", 5)):
            pool.queue(queue, "order.append(p)", vars={"order": order, "p": priority}, priority=priority)
        gate.let()
        blocker.wait(PATIENCE)
        pool.waitall(timeout=PATIENCE)
    assert order == [200, 127, 10, 5]


def test_resize_of_a_live_queue_lets_more_run_at_once_and_fewer_later(pool: nsjob.Pool, gate: Gate) -> None:
    jobs = [pool.submit("q", gate.enter) for _ in range(8)]
    gate.came(2)
    pool.resize("q", 4)
    gate.came(2)
    pool.resize("q", 1)
    gate.let(3)
    for _ in range(3):
        gate.came(0)
    gate.let(5)
    for job in jobs:
        job.wait(PATIENCE)
    assert pool.queuelist()[0].maxthreads == 1


def test_a_paused_queue_starts_nothing_and_goes_on_when_resumed(pool: nsjob.Pool) -> None:
    pool.pause("q")
    job = pool.queue("q", "1")
    assert job.state == "scheduled"
    assert pool.show("q", job).reason == "its queue is paused"
    pool.resume("q")
    assert job.wait(PATIENCE) == 1


def test_a_draining_queue_refuses_new_jobs_and_finishes_those_it_has(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.submit("q", gate.enter, 7)
    pool.drain("q")
    with pytest.raises(nsjob.QueueDraining, match="draining"):
        pool.queue("q", "1")
    gate.let()
    assert job.wait(PATIENCE) == 7
    pool.resume("q")
    assert pool.wait("q", pool.queue("q", "2").id, PATIENCE) == 2


def test_an_empty_queue_is_deleted_at_once_and_one_with_jobs_when_its_last_job_left(
    pool: nsjob.Pool, gate: Gate
) -> None:
    pool.create("empty")
    pool.delete("empty")
    assert pool.queues() == ["q"]
    job = pool.queue("q", "enter(5)", vars={"enter": gate.enter})
    pool.delete("q")
    assert pool.queuelist()[0].req == "delete"
    with pytest.raises(nsjob.QueueClosed, match="^The specified queue is being deleted or the system is stopping.$"):
        pool.queue("q", "1")
    gate.let()
    assert pool.wait("q", job.id, PATIENCE) == 5
    assert pool.queues() == []
    with pytest.raises(nsjob.NoSuchQueue, match="^no such queue: q$"):
        pool.jobs("q")


def test_delete_by_force_cancels_what_waits_and_what_runs(pool: nsjob.Pool) -> None:
    running = [pool.queue("q", "while True: pass") for _ in range(2)]
    waiting = pool.queue("q", "1")
    pool.delete("q", force=True)
    for job in (*running, waiting):
        with pytest.raises(nsjob.JobCancelled, match="^Job cancelled.$"):
            job.wait(PATIENCE)
    assert pool.queues() == []


def test_a_full_queue_refuses_or_blocks_where_asked(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("narrow", 1, maxqueued=1)
    running = pool.submit("narrow", gate.enter)
    gate.came()
    pool.queue("narrow", "1")
    with pytest.raises(nsjob.QueueFull, match="maxqueued"):
        pool.queue("narrow", "2")
    with pytest.raises(nsjob.QueueFull):
        pool.queue("narrow", "2", block=0.01)
    gate.let()
    late = pool.queue("narrow", "3", block=PATIENCE)
    running.wait(PATIENCE)
    assert pool.wait("narrow", late.id, PATIENCE) == 3


def test_a_key_caps_how_many_of_its_jobs_run(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("hosts", 4, maxperkey=1)
    enter = {"enter": gate.enter}
    same = [pool.queue("hosts", "enter(1)", vars=enter, key="a") for _ in range(3)]
    other = pool.queue("hosts", "enter(2)", vars=enter, key="b")
    gate.came(2)
    assert gate.nobody()
    assert pool.show("hosts", same[1]).reason.startswith("1 jobs of its key")
    gate.let(2)
    gate.came()
    gate.let()
    gate.came()
    gate.let()
    for job in (*same, other):
        job.wait(PATIENCE)


@pytest.mark.parametrize("onerror", ["pause", "cancel"])
def test_a_failure_pauses_or_cancels_the_queue_where_asked(pool: nsjob.Pool, onerror: str, gate: Gate) -> None:
    pool.create("careful", 1, onerror=onerror)  # type: ignore[arg-type]
    pool.submit("careful", gate.enter)
    gate.came()
    bad = pool.queue("careful", "1/0")
    after = pool.queue("careful", "2")
    gate.let()
    with pytest.raises(ZeroDivisionError):
        bad.wait(PATIENCE)
    if onerror == "pause":
        assert pool.queuelist()[-1].paused
        assert after.state == "scheduled"
    else:
        with pytest.raises(nsjob.JobCancelled):
            after.wait(PATIENCE)


def test_an_unknown_engine_is_named_with_those_there_are(pool: nsjob.Pool) -> None:
    with pytest.raises(nsjob.NoSuchEngine, match='no such engine: "thred", did you mean "thread"'):
        pool.create("x", engine="thred")


def test_genid_never_repeats(pool: nsjob.Pool) -> None:
    given = {pool.genid() for _ in range(1000)}
    assert len(given) == 1000
    assert all(name.startswith("queue_id_") for name in given)


def test_counts_add_up(pool: nsjob.Pool, gate: Gate) -> None:
    for script in ("1", "1/0"):
        with_error = pool.queue("q", script)
        with pytest.raises(ZeroDivisionError) if script == "1/0" else _nothing():
            with_error.wait(PATIENCE)
    pool.submit("q", gate.enter)
    gate.came()
    found = pool.counts("q")
    assert (found.ok, found.error, found.running, found.done) == (1, 1, 1, 2)
    assert pool.counts() == found
    gate.let()


class _nothing:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def test_scripts_of_a_queue_run_before_and_after_each_job(pool: nsjob.Pool) -> None:
    seen: list[str] = []
    pool.define("seen = []")
    pool._core.definitions.namespace["seen"] = seen
    pool.create("h", 1, pre="seen.append('before ' + job.id)", post="seen.append('after ' + job.id)")
    assert pool.queue("h", "seen.append('during')\n7", jobid="a").wait(PATIENCE) == 7
    with pytest.raises(ZeroDivisionError):
        pool.queue("h", "1 / 0", jobid="b").wait(PATIENCE)
    assert pool.queue("h", "import asyncio\nawait asyncio.sleep(0)\n8", jobid="c").wait(PATIENCE) == 8
    assert pool.submit("h", len, [1]).wait(PATIENCE) == 1
    assert seen[:5] == ["before a", "during", "after a", "before b", "after b"]
    assert seen[5:7] == ["before c", "after c"]
    assert len(seen) == 9


def test_an_error_of_a_script_of_the_queue_is_the_jobs(pool: nsjob.Pool) -> None:
    pool.create("before", 1, pre="raise LookupError('not ready')")
    with pytest.raises(LookupError, match="not ready"):
        pool.queue("before", "1").wait(PATIENCE)
    pool.create("after", 1, post="raise LookupError('not tidy')")
    with pytest.raises(LookupError, match="not tidy"):
        pool.queue("after", "1").wait(PATIENCE)
    with pytest.raises(nsjob.SnippetError):
        pool.create("broken", pre="1 +")
    assert "broken" not in pool.queues()
