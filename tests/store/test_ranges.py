"""Ranges over each kind of store; and what only stores have: one range that several pools share."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import nsjob
from tests.conftest import PATIENCE, Gate
from tests.store import bodies
from tests.store.bodies import NOTES, note
from tests.store.cases import Store, spinning, stall, until
from tests.store.conftest import furnished

HELD = "enter(); note(job.index)"


def losing(store: Store) -> nsjob.Pool:
    """A pool whose lease is short."""
    return store.pool(lease=0.4, maxpoll=0.05)


def kept(pool: nsjob.Pool, queue: str, job: nsjob.Job | str, wanted: int) -> nsjob.RangeStatus:
    """The status of a range of which so many indexes have ended."""
    until(lambda: (s := pool.range_status(queue, job)).numsucceeded + s.numfailed + s.numcancelled >= wanted)
    return pool.range_status(queue, job)


# -- over each kind ------------------------------------------------------------------------------------------------


def test_one_job_stands_for_all_indexes_and_its_value_says_what_became_of_them(pool: nsjob.Pool) -> None:
    pool.pause("q")
    job = pool.range("q", "5..9,12", "note((job.index, job.id, n, job.input))", vars={"n": 1}, input="i", jobid="r")
    status = pool.range_status("q", job)
    assert (status.pending, status.numpending, status.total, status.state) == ("5..9,12", 6, 6, "scheduled")
    pool.resume("q")
    assert pool.wait("q", "r", PATIENCE) == {"succeeded": "5..9,12", "failed": "", "cancelled": ""}
    assert sorted(NOTES) == [(index, "r", 1, "i") for index in (5, 6, 7, 8, 9, 12)]
    status = pool.range_status("q", "r")
    assert (status.succeeded, status.outcome, status.active, status.pending) == ("5..9,12", "ok", "", "")
    assert [run.outcome for run in pool.runs("q", "r")] == ["ok"]


def test_a_callable_is_called_with_the_index(pool: nsjob.Pool) -> None:
    pool.range("q", range(3), note).wait(PATIENCE)
    assert sorted(NOTES) == [0, 1, 2]


def test_a_failed_index_is_named_and_the_others_go_on(pool: nsjob.Pool) -> None:
    job = pool.range("q", "1..100", "if job.index in (5, 6, 9): raise ValueError(job.index)", jobid="r")
    with pytest.raises(nsjob.RangeFailed) as caught:
        pool.wait("q", job, PATIENCE)
    assert str(caught.value).startswith("3 of 100 indexes of job r failed: 5..6,9. Index ")
    assert caught.value.index in (5, 6, 9)
    assert isinstance(caught.value.__cause__, ValueError)
    status = pool.range_status("q", "r")
    assert (status.succeeded, status.failed, status.outcome) == ("1..4,7..8,10..100", "5..6,9", "error")
    info = pool.range_index("q", "r", 6)
    assert (info.state, info.failures, info.error) == ("failed", 1, "ValueError: 6")
    assert (info.name, info.host != "", info.end is not None) == (pool._core.name, True, True)
    assert pool.range_index("q", "r", 7).state == "succeeded"
    [run] = pool.runs("q", "r")
    assert (run.outcome, run.reason[:27]) == ("error", "3 of 100 indexes of job r f")


@pytest.mark.parametrize(
    ("indexes", "options", "message"),
    [
        ("", {}, "a range needs an index"),
        ("5..1", {}, "5..1"),
        ([-1], {}, "-1"),
        ("1..3", {"maxconcurrent": 0}, "maxconcurrent"),
        ("1..3", {"nonsense": 1}, "nonsense"),
    ],
)
def test_bad_input_is_answered_and_nothing_is_queued(
    pool: nsjob.Pool, indexes: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(nsjob.OptionError) as caught:
        pool.range("q", indexes, "1", **options)
    assert message in str(caught.value)
    with pytest.raises(nsjob.SnippetError):
        pool.range("q", "1", "(")
    with pytest.raises(nsjob.NoSuchQueue):
        pool.range("nope", "1", "1")
    assert pool.jobs("q") == []
    job = pool.queue("q", "1")
    with pytest.raises(nsjob.WrongState, match="is no range"):
        pool.range_status("q", job)


def test_the_queues_cap_holds_and_all_slots_are_used(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.range("q", "1..10", HELD)
    gate.came(2)
    assert gate.nobody()
    status = pool.range_status("q", job)
    assert (status.active, status.pending, status.state) == ("1..2", "3..10", "running")
    info = pool.range_index("q", job, 2)
    assert (info.state, info.name, info.end) == ("active", pool._core.name, None)
    assert info.start is not None
    assert pool.range_index("q", job, 9).state == "pending"
    with pytest.raises(nsjob.OptionError, match="has no index 11: it must be one of 1..10"):
        pool.range_index("q", job, 11)
    gate.let(10)
    job.wait(PATIENCE)
    assert gate.most == 2


def test_maxconcurrent_caps_a_range_and_others_take_the_slots_that_it_leaves(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("wide", 4)
    job = pool.range("wide", "1..6", HELD, maxconcurrent=2)
    gate.came(2)
    assert pool.queue("wide", "'other'").wait(PATIENCE) == "other"
    assert gate.nobody()
    assert pool.range_status("wide", job).maxconcurrent == 2
    gate.let(6)
    job.wait(PATIENCE)
    assert gate.most == 2


def test_a_resized_queue_gives_a_range_its_new_slots(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.range("q", "1..60", HELD)
    gate.came(2)
    pool.resize("q", 12)
    gate.came(10)
    assert gate.nobody()
    gate.let(60)
    assert job.wait(PATIENCE)["succeeded"] == "1..60"


def test_indexes_go_in_order_before_what_comes_later_and_after_what_goes_before(pool: nsjob.Pool) -> None:
    pool.pause("one")
    pool.queue("one", "note('first')")
    pool.range("one", "1..3", "note(job.index)")
    pool.queue("one", "note('last')")
    pool.queue("one", "note('high')", priority="high")
    pool.range("one", "7..8", "note(job.index)", priority="high")
    pool.resume("one")
    pool.waitall("one", timeout=PATIENCE)
    assert NOTES == ["high", 7, 8, "first", 1, 2, 3, "last"]


def test_a_job_of_higher_priority_goes_between_two_indexes(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.range("one", "1..3", HELD)
    gate.came()
    pool.queue("one", "note('behind')")
    pool.queue("one", "note('high')", priority="high")
    gate.let(3)
    job.wait(PATIENCE)
    pool.waitall("one", timeout=PATIENCE)
    assert NOTES == [1, "high", 2, 3, "behind"]


def test_jobs_behind_a_range_have_the_slots_that_its_last_indexes_leave(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.range("q", "1..3", "if job.index == 1: enter()")
    behind = pool.queue("q", "'behind'")
    gate.came()
    assert behind.wait(PATIENCE) == "behind"
    gate.let()
    job.wait(PATIENCE)


def test_an_index_that_takes_long_does_not_keep_the_next_ones(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.range("q", "1..200", "if job.index == 1: enter()")
    gate.came()
    assert kept(pool, "q", job, 199).succeeded == "2..200"
    gate.let()
    job.wait(PATIENCE)


def test_a_paused_queue_begins_no_more_indexes(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.range("q", "1..5", HELD)
    gate.came(2)
    pool.pause("q")
    gate.let(2)
    until(lambda: len(NOTES) == 2)
    assert kept(pool, "q", job, 2).pending == "3..5"
    assert gate.nobody()
    pool.resume("q")
    gate.let(3)
    job.wait(PATIENCE)


def test_a_range_comes_after_jobs_and_jobs_after_a_range(pool: nsjob.Pool, gate: Gate) -> None:
    first = pool.queue("q", "enter()")
    gate.came()
    middle = pool.range("q", "1..3", "note(job.index)", after=[first])
    last = pool.queue("q", "note('last')", after=[middle])
    bad = pool.range("q", "1..3", "1 / 0")
    never = pool.queue("q", "1", after=[bad])
    with pytest.raises(nsjob.DependencyFailed):
        never.wait(PATIENCE)
    assert NOTES == []
    gate.let()
    assert last.wait(PATIENCE) == "last"
    assert NOTES[-1] == "last"


def test_delay_expires_unique_and_names_are_about_the_whole(pool: nsjob.Pool) -> None:
    late = pool.range("q", "1..2", "note(job.index)", delay="1h")
    assert "put off" in pool.show("q", late).reason
    pool.run("q", late)
    assert late.wait(PATIENCE)["succeeded"] == "1..2"
    pool.pause("q")
    never = pool.range("q", "1..2", "1", expires=0.01)
    with pytest.raises(nsjob.JobExpired):
        never.wait(PATIENCE)
    first = pool.range("q", "1..3", "1", unique="u", jobid="mine")
    assert pool.range("q", "1..3", "1", unique="u") is first
    with pytest.raises(nsjob.JobExists):
        pool.range("q", "1..3", "1", jobid="mine")
    assert pool.range("q", "1..3", "1", jobid="mine", ifnew=True) is first


def test_a_full_queue_refuses_a_range(pool: nsjob.Pool) -> None:
    pool.create("bounded", 1, maxqueued=1)
    pool.pause("bounded")
    pool.range("bounded", "1..100", "1")
    with pytest.raises(nsjob.QueueFull):
        pool.range("bounded", "1..100", "1")


def test_retries_time_limits_and_fail_are_those_of_each_index(pool: nsjob.Pool) -> None:
    body = "n = tried(str(job.index))\nif n <= job.index: raise ValueError(f'{job.index} at {n}')\nnote((job.index, n))"
    job = pool.range("q", "0..3", body, retries=2, backoff=0, jobid="r")
    with pytest.raises(nsjob.RangeFailed, match="^1 of 4 indexes of job r failed: 3. Index 3: ValueError: 3 at 3$"):
        job.wait(PATIENCE)
    assert sorted(NOTES) == [(0, 1), (1, 2), (2, 3)]
    assert pool.range_index("q", job, 3).failures == 3
    job = pool.range("q", "1..4", "while job.index == 3: pass", timeout=0.1)
    with pytest.raises(nsjob.RangeFailed, match="failed: 3"):
        job.wait(PATIENCE)
    job = pool.range("q", "1..4", "if tried(f's{job.index}') < 3: job.snooze(0.001)\nif job.index == 2: job.fail('no')")
    with pytest.raises(nsjob.RangeFailed, match="failed: 2. Index 2: JobFailed: no$"):
        job.wait(PATIENCE)


def test_cancel_of_a_range_that_has_not_begun(pool: nsjob.Pool) -> None:
    pool.pause("q")
    job = pool.range("q", "1..5", "note(job.index)", jobid="r")
    assert pool.cancel("q", job) is False
    with pytest.raises(nsjob.JobCancelled):
        job.wait(PATIENCE)
    status = pool.range_status("q", "r")
    assert (status.cancelled, status.outcome) == ("1..5", "cancelled")
    assert pool.jobs("q") == []


@pytest.mark.parametrize("verb", ["cancel", "kill"])
def test_what_is_stopped_interrupts_what_runs_and_the_rest_never_starts(pool: nsjob.Pool, verb: str) -> None:
    job = pool.range("q", "1..1000000", "if job.index > 2: spin()", jobid="r")
    for _ in range(2):
        assert bodies.SPINNING.acquire(timeout=PATIENCE)
    assert getattr(pool, verb)("q", job) is True
    with pytest.raises(nsjob.JobCancelled):
        job.wait(PATIENCE)
    status = pool.range_status("q", "r")
    assert (status.succeeded, status.cancelled, status.outcome) == ("1..2", "3..1000000", "cancelled")
    assert pool.queue("q", "5").wait(PATIENCE) == 5
    until(lambda: not pool.threadlist().numlost)  # a job is not retried while its lost threads run it
    assert pool.retry("q", "r").state in ("scheduled", "running")
    for _ in range(2):
        assert bodies.SPINNING.acquire(timeout=PATIENCE)
    assert pool.range_status("q", "r").succeeded == "1..2"
    pool.delete("q", force=True)


def test_the_lifetime_is_that_of_the_whole(pool: nsjob.Pool) -> None:
    job = pool.range("q", "1..9", "if job.index > 1: spin()", lifetime=2, jobid="r")
    for _ in range(2):
        assert bodies.SPINNING.acquire(timeout=PATIENCE)
    with pytest.raises(nsjob.JobExpired, match="job r has reached the end of its lifetime of 2 seconds"):
        pool.wait("q", job, PATIENCE)
    status = pool.range_status("q", "r")
    assert (status.succeeded, status.failed, status.cancelled, status.outcome) == ("1", "2..3", "4..9", "expired")


def test_retry_runs_only_those_that_did_not_succeed(pool: nsjob.Pool) -> None:
    body = "note(job.index)\nif job.index % 3 == 0 and tried(str(job.index)) < 3: raise ValueError"
    job = pool.range("q", "1..9", body, jobid="r")
    with pytest.raises(nsjob.RangeFailed):
        job.wait(PATIENCE)
    NOTES.clear()
    with pytest.raises(nsjob.RangeFailed, match="^3 of 9 indexes of job r failed: 3,6,9"):
        pool.wait("q", pool.retry("q", job), PATIENCE)
    last = pool.retry("q", "r")
    assert last.wait(PATIENCE) == {"succeeded": "1..9", "failed": "", "cancelled": ""}
    assert sorted(NOTES) == [3, 3, 6, 6, 9, 9]
    with pytest.raises(nsjob.WrongState, match="job r cannot be retried: all its indexes have succeeded"):
        pool.retry("q", last)
    assert [run.outcome for run in pool.runs("q", "r")] == ["error", "error", "ok"]


@pytest.mark.parametrize("onerror", ["pause", "cancel"])
def test_a_failed_index_pauses_or_cancels_the_queue_where_asked(pool: nsjob.Pool, onerror: Any) -> None:
    pool.create("w", 1, onerror=onerror)
    job = pool.range("w", "1..9", "if job.index == 3: raise ValueError", jobid="r")
    if onerror == "pause":
        until(lambda: pool.queuelist()[-1].paused)
        status = kept(pool, "w", job, 3)
        assert (status.succeeded, status.failed, status.pending) == ("1..2", "3", "4..9")
        pool.resume("w")
        with pytest.raises(nsjob.RangeFailed):
            job.wait(PATIENCE)
        assert not pool.queuelist()[-1].paused  # its end is no new failure
    else:
        with pytest.raises(nsjob.RangeFailed, match="1 of 9 indexes of job r failed: 3; 6 were cancelled: 4..9"):
            job.wait(PATIENCE)
    assert pool.queue("w", "5").wait(PATIENCE) == 5


def test_a_range_is_cancelled_where_another_jobs_failure_cancels_the_queue(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("w", 2, onerror="cancel")
    job = pool.range("w", "1..9", HELD, maxconcurrent=1)
    gate.came()
    pool.queue("w", "1 / 0")
    until(lambda: not pool.range_status("w", job).numpending)
    gate.let()
    with pytest.raises(nsjob.JobCancelled):
        job.wait(PATIENCE)
    assert pool.range_status("w", job).succeeded == "1"


def test_joblist_show_output_and_log_tell_of_the_whole(pool: nsjob.Pool, gate: Gate) -> None:
    body = "print('index', job.index)\njob.log('done')\nenter()"
    job = pool.range("one", "1..3", body, note="many", timeout=60, capture_output=True, jobid="r")
    gate.came()
    (info,) = pool.joblist("one")
    assert (info.id, info.state, info.attempt, info.note) == ("r", "running", 1, "many")
    assert pool.show("one", job).options.timeout == 60
    assert pool.counts("one").running == 1
    gate.let(3)
    job.wait(PATIENCE)
    assert pool.show("one", "r").progress == (3, 3, "")
    assert pool.counts("one").ok == 1
    assert pool.output("one", "r") == "index 1\nindex 2\nindex 3\n"


def test_a_key_caps_the_indexes(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("keyed", 4, maxperkey=1)
    job = pool.range("keyed", "1..3", HELD, key="host")
    gate.came()
    assert pool.queue("keyed", "'other'", key="else").wait(PATIENCE) == "other"
    assert gate.nobody()
    gate.let(3)
    job.wait(PATIENCE)
    assert gate.most == 1


# -- several pools -------------------------------------------------------------------------------------------------


def test_two_pools_share_a_range_and_each_index_runs_once(durable: Store, first: nsjob.Pool) -> None:
    second = durable.pool()
    job = first.range("q", "1..500", "note((job.index, tried(str(job.index))))")
    assert job.wait(PATIENCE)["succeeded"] == "1..500"
    assert sorted(NOTES) == [(index, 1) for index in range(1, 501)]
    assert second.range_status("q", job.id).succeeded == "1..500"


def test_caps_hold_over_the_pools_that_share_a_range(durable: Store, gate: Gate) -> None:
    first = durable.pool(1)
    first.create("w", 5)
    first.define(bodies.DEFINITIONS)
    pools = [first, durable.pool(1), durable.pool(1)]
    job = first.range("w", "1..30", HELD, maxconcurrent=2)
    gate.came(2)
    assert gate.nobody()
    assert sum(len(pool._keeper.runs) for pool in pools) == 2  # type: ignore[attr-defined]
    gate.let(30)
    assert job.wait(PATIENCE)["succeeded"] == "1..30"
    assert gate.most == 2
    assert sorted(NOTES) == list(range(1, 31))
    gate.came(28)
    gate.most = 0
    job = first.range("w", "1..30", HELD)
    gate.came(3)
    assert gate.nobody()
    gate.let(30)
    assert job.wait(PATIENCE)["succeeded"] == "1..30"
    assert gate.most == 3


def test_nothing_is_lost_where_a_pool_leaves_in_the_middle(durable: Store, gate: Gate) -> None:
    first, second = durable.pool(2), durable.pool(2)
    first.create("w", 4)
    first.define(bodies.DEFINITIONS)
    job = first.range("w", "1..40", HELD)
    gate.came(4)
    thread = threading.Thread(target=second.leave)  # type: ignore[attr-defined]
    thread.start()
    gate.let(40)
    thread.join(PATIENCE)
    assert job.wait(PATIENCE)["succeeded"] == "1..40"
    assert sorted(NOTES) == list(range(1, 41))


def test_what_runs_in_a_pool_that_does_not_wait_runs_again(durable: Store, gate: Gate) -> None:
    first, second = durable.pool(2), durable.pool(2)
    first.create("w", 4)
    first.define(bodies.DEFINITIONS)
    job = first.range("w", "1..20", "n = tried(str(job.index))\nenter()\nnote(job.index)")
    gate.came(4)
    second.leave(timeout=0)  # type: ignore[attr-defined]
    gate.let(100)
    assert job.wait(PATIENCE)["succeeded"] == "1..20"
    assert set(NOTES) >= set(range(1, 21))


def test_nothing_is_lost_where_a_pool_loses_its_lease_in_the_middle(durable: Store, gate: Gate) -> None:
    client = durable.pool(0, maxpoll=0.05)
    client.create("w", 2)
    client.define(bodies.DEFINITIONS)
    job = client.range("w", "1..20", "if tried(str(job.index)) == 1: enter()\nnote(job.index)", jobid="r")
    first = losing(durable)
    gate.came(2)
    stall(first)
    second = losing(durable)
    gate.came(2)  # others, and those again that the first one has: not held then
    gate.let(100)
    assert client.wait("w", "r", PATIENCE)["succeeded"] == "1..20"
    status = second.range_status("w", "r")
    assert (status.failed, status.cancelled, status.numsucceeded) == ("", "", 20)
    assert job.outcome == "ok"


def test_indexes_that_take_their_pools_with_them_fail_as_lost_and_the_others_do_not(durable: Store, gate: Gate) -> None:
    client = durable.pool(0, maxpoll=0.05)
    client.create("w", 1)
    client.define(bodies.DEFINITIONS)
    job = client.range("w", "1..12", "if job.index in (2, 5): enter()", jobid="r")
    for _ in range(6):  # or fewer: what was taken with one that took its pool with it is lost, too
        before = gate.inside
        worker = losing(durable)
        until(lambda before=before: gate.inside > before or job.state == "done")  # type: ignore[misc]
        if job.state != "done":
            stall(worker)
    losing(durable)
    with pytest.raises(nsjob.RangeFailed, match=r"^2 of 12 indexes of job r failed: 2,5. .*lost"):
        job.wait(PATIENCE)
    assert client.range_status("w", "r").succeeded == "1,3..4,6..12"
    gate.let(100)


@pytest.mark.parametrize("verb", ["cancel", "kill"])
def test_a_client_stops_a_range_that_several_pools_run(durable: Store, verb: str) -> None:
    first = durable.pool(2)
    first.create("w", 4)
    first.define(bodies.DEFINITIONS)
    durable.pool(2)
    client = durable.pool(0)
    job = client.range("w", "1..100000", "spin()", jobid="r")
    for _ in range(4):
        assert bodies.SPINNING.acquire(timeout=PATIENCE)
    assert getattr(client, verb)("w", job) is True
    with pytest.raises(nsjob.JobCancelled):
        job.wait(PATIENCE)
    status = client.range_status("w", "r")
    assert (status.cancelled, status.active, status.pending) == ("1..100000", "", "")
    assert client.queue("w", "5").wait(PATIENCE) == 5


def test_a_client_pauses_resizes_and_goes_on_with_a_range_that_others_run(durable: Store, gate: Gate) -> None:
    first = durable.pool(2)
    first.create("w", 4)
    first.define(bodies.DEFINITIONS)
    second = durable.pool(2)
    client = durable.pool(0)
    job = client.range("w", "1..50", HELD)
    gate.came(4)
    client.pause("w")
    for pool in (first, second):
        until(lambda pool=pool: pool._keeper.queues["w"].paused)
    gate.let(4)
    until(lambda: len(NOTES) == 4)
    kept(client, "w", job, 4)
    assert gate.nobody()
    client.resize("w", 3)
    client.resume("w")
    gate.came(3)
    gate.let(100)
    assert job.wait(PATIENCE)["succeeded"] == "1..50"


def test_a_range_expires_with_its_lifetime_wherever_it_runs(durable: Store) -> None:
    worker = furnished(durable)
    client = durable.pool(0)
    job = client.range("q", "1..9", "if job.index > 1: spin()", lifetime=2, jobid="r")
    for _ in range(2):
        assert bodies.SPINNING.acquire(timeout=PATIENCE)
    with pytest.raises(nsjob.JobExpired, match="lifetime of 2 seconds"):
        job.wait(PATIENCE)
    status = worker.range_status("q", "r")
    assert (status.succeeded, status.outcome) == ("1", "expired")
    assert status.numpending == status.numactive == 0


def test_one_pool_retries_what_failed_in_another(durable: Store) -> None:
    worker = furnished(durable)
    client = durable.pool(0)
    job = client.range("q", "1..9", "if job.index % 3 == 0 and tried(str(job.index)) < 2: raise ValueError", jobid="r")
    with pytest.raises(nsjob.RangeFailed, match="failed: 3,6,9"):
        client.wait("q", job, PATIENCE)
    info = client.range_index("q", "r", 6)
    assert (info.state, info.name, info.error) == ("failed", worker._core.name, "ValueError")
    assert client.retry("q", "r").wait(PATIENCE)["succeeded"] == "1..9"


def test_other_jobs_run_beside_a_range_that_waits_for_the_slots_of_another_pool(durable: Store, gate: Gate) -> None:
    first = durable.pool(1)
    first.create("w", 2)
    first.define(bodies.DEFINITIONS)
    job = first.range("w", "1..3", HELD, maxconcurrent=1)
    gate.came()
    durable.pool(1)
    assert first.queue("w", "'other'").wait(PATIENCE) == "other"
    gate.let(3)
    job.wait(PATIENCE)


def test_a_job_that_spins_beside_a_range_is_left_alone_when_the_range_is_cancelled(durable: Store) -> None:
    worker = furnished(durable)
    other = spinning(worker, "one")
    job = worker.range("q", "1..10", "spin()")
    for _ in range(2):
        assert bodies.SPINNING.acquire(timeout=PATIENCE)
    worker.cancel("q", job)
    with pytest.raises(nsjob.JobCancelled):
        job.wait(PATIENCE)
    assert other.state == "running"
    other.cancel()


def test_a_million_indexes_take_no_room(durable: Store) -> None:
    client = durable.pool(0)
    client.create("q", 2)
    job = client.range("q", "1..1000000", "1")
    rows = client._read(  # type: ignore[attr-defined]
        lambda cursor: [cursor.value(f"SELECT COUNT(*) FROM nsjob_{name}") for name in ("jobs", "ranges", "chunks")]
    )
    assert rows == [1, 1, 0]
    assert client.range_status("q", job).numpending == 1_000_000
