"""find: which jobs are found, in which order, and that pages neither repeat jobs nor pass over any."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nsjob
from nsjob.pool.finding import cursor_of, position_at, position_of
from tests.clock import ManualClock
from tests.conftest import Gate


def ids(found: nsjob.Found) -> list[str]:
    return [job.id for job in found.jobs]


def pages(find: Callable[..., nsjob.Found], **wanted: Any) -> Iterator[nsjob.Found]:
    page = find(**wanted)
    yield page
    while page.cursor:
        page = find(cursor=page.cursor, **wanted)
        yield page


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def clocked(clock: ManualClock) -> Iterator[nsjob.Pool]:
    """A pool whose clock only the test moves; its queue q is paused."""
    made = nsjob.Pool(clock=clock)
    made.create("q")
    made.pause("q")
    yield made
    made.shutdown(cancel=True, timeout=10)


def test_jobs_of_all_queues_are_found_in_the_order_in_which_they_were_queued(
    clocked: nsjob.Pool, clock: ManualClock
) -> None:
    clocked.create("a")
    clocked.pause("a")
    for queue in ("q", "a", "q", "a"):
        clocked.queue(queue, "1")
        clock.advance(1)
    found = clocked.find()
    assert [(job.queue, job.id) for job in found.jobs] == [("q", "job0"), ("a", "job0"), ("q", "job1"), ("a", "job1")]
    assert [job.queued for job in found.jobs] == [clock.wall() - back for back in (4, 3, 2, 1)]
    assert found.cursor == ""


def test_jobs_of_one_moment_are_in_the_order_of_queues_and_of_ids(clocked: nsjob.Pool) -> None:
    clocked.create("a")
    clocked.pause("a")
    for _ in range(11):
        clocked.queue("q", "1")
    clocked.queue("a", "1")
    assert [(job.queue, job.id) for job in clocked.find().jobs] == [
        ("a", "job0"), *(("q", f"job{n}") for n in range(11)),
    ]  # fmt: skip


def test_each_filter_finds_its_jobs_and_all_given_must_hold(pool: nsjob.Pool) -> None:
    pool.create("w")
    for queue in ("q", "w"):
        pool.pause(queue)
    labels = {"topic": "t", "subtopic": "s", "group": "g", "priority": "high", "note": "one of two"}
    for name, value in labels.items():
        pool.queue("q", "1", jobid=name, **{name: value})
    pool.queue("w", "1", jobid="all", **labels)
    for name, value in labels.items():
        assert ids(pool.find(**{name: value})) == [name, "all"]
        assert ids(pool.find(queue="q", **{name: value})) == [name]
    assert ids(pool.find(**labels)) == ["all"]
    assert ids(pool.find(note="of")) == ["note", "all"]
    assert ids(pool.find(note="Of")) == []
    assert ids(pool.find(priority=191)) == ["priority", "all"]
    assert ids(pool.find(queue="w", topic="")) == []
    assert ids(pool.find(queue="q", topic="")) == ["subtopic", "group", "priority", "note"]


def test_states_and_outcomes_are_one_or_several(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("w", 1)
    pool.queue("w", "1", jobid="ok")
    pool.queue("w", "1 / 0", jobid="bad")
    pool.queue("w", "gate.enter()", vars={"gate": gate}, jobid="runs")
    gate.came()
    pool.queue("w", "1", jobid="waits")
    assert ids(pool.find(state="running")) == ["runs"]
    assert ids(pool.find(state=["scheduled", "done"])) == ["ok", "bad", "waits"]
    assert ids(pool.find(outcome="error")) == ["bad"]
    assert ids(pool.find(outcome=("ok", "error"))) == ["ok", "bad"]
    assert ids(pool.find(state="scheduled", outcome="ok")) == []


def test_times_are_those_of_queueing_from_the_one_on_and_before_the_other(
    clocked: nsjob.Pool, clock: ManualClock
) -> None:
    moments = []
    for _ in range(4):
        moments.append(clock.wall())
        clocked.queue("q", "1")
        clock.advance(10)
    assert ids(clocked.find(from_=moments[1])) == ["job1", "job2", "job3"]
    assert ids(clocked.find(to=moments[1])) == ["job0"]
    assert ids(clocked.find(from_=moments[1], to=moments[3])) == ["job1", "job2"]
    assert ids(clocked.find(from_=datetime.fromtimestamp(moments[2], UTC))) == ["job2", "job3"]
    assert ids(clocked.find(from_=moments[1], to=moments[1])) == []


def test_jobs_that_left_are_found_with_what_is_known_of_them(pool: nsjob.Pool) -> None:
    pool.create("gone")
    pool.queue("gone", "6 * 7", jobid="J", note="kept", topic="t")
    assert pool.wait("gone", "J") == 42
    pool.delete("gone")
    assert pool.queues() == ["q"]
    for found in (pool.find(), pool.find(queue="gone"), pool.find(outcome="ok", topic="t")):
        [job] = found.jobs
        assert (job.queue, job.id, job.state, job.outcome, job.note) == ("gone", "J", "done", "ok", "kept")
        assert (job.left, job.results, job.script, job.attempt, job.thread) == (True, None, "6 * 7", 1, "0")
        assert job.queued <= job.starttime <= job.endtime
    assert ids(pool.find(state="scheduled")) == []


def test_a_retried_job_is_found_as_both_runs_and_once_where_they_are_of_one_moment(
    clocked: nsjob.Pool, clock: ManualClock
) -> None:
    clocked.queue("q", "1", jobid="J")
    clocked.cancel("q", "J")
    clocked.retry("q", "J")
    assert [(job.id, job.state) for job in clocked.find().jobs] == [("J", "scheduled")]
    clock.advance(1)
    clocked.cancel("q", "J")
    clocked.retry("q", "J")
    assert [(job.id, job.state) for job in clocked.find().jobs] == [("J", "done"), ("J", "scheduled")]


def test_a_page_has_the_limit_and_the_last_one_no_cursor(pool: nsjob.Pool) -> None:
    pool.pause("q")
    for _ in range(250):
        pool.queue("q", "1")
    found = list(pages(pool.find))
    assert [len(page.jobs) for page in found] == [100, 100, 50]
    assert [id for page in found for id in ids(page)] == [f"job{n}" for n in range(250)]
    assert [bool(page.cursor) for page in found] == [True, True, False]
    assert pool.find(limit=250).cursor == ""
    assert pool.find(limit=249).cursor
    assert ids(pool.find(cursor=pool.find(limit=249).cursor)) == ["job249"]


def test_what_ends_leaves_and_is_queued_between_pages_repeats_and_hides_nothing(pool: nsjob.Pool) -> None:
    pool.create("w", 1)
    pool.pause("w")
    for n in range(30):
        pool.queue("w", "1", jobid=f"{n:02}")
    first = pool.find(limit=10)
    for n in (0, 9, 10, 11, 25):  # before, at and behind the cursor: they leave, and are still known
        pool.cancel("w", f"{n:02}")
    pool.queue("w", "1", jobid="30")
    pool.queue("w", "1", jobid="head", head=True)
    pool.resume("w")
    for n in (1, 12):  # these end, and leave
        pool.wait("w", f"{n:02}")
    rest = [pool.find(cursor=first.cursor, limit=7)]
    while rest[-1].cursor:
        rest.append(pool.find(cursor=rest[-1].cursor, limit=7))
    assert [id for page in [first, *rest] for id in ids(page)] == [*(f"{n:02}" for n in range(31)), "head"]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(["queue", "end", "cancel", "retry", "tick", "page"]), max_size=60), st.integers(1, 5))
def test_pages_have_every_job_that_was_there_throughout_once(steps: list[str], limit: int) -> None:
    clock = ManualClock()
    with nsjob.Pool(clock=clock, immediate=True) as pool:
        pool.create("q")
        pool.pause("q")
        for _ in range(8):
            pool.queue("q", "1")
        there = {(job.queued, job.id) for job in pool.find(limit=1_000).jobs}
        seen: list[tuple[float, str]] = []
        page = pool.find(limit=limit)
        seen += [(job.queued, job.id) for job in page.jobs]
        for step in steps:
            jobs = pool.jobs("q")
            if step == "queue":
                pool.queue("q", "1")
            elif step == "tick":
                clock._now += 1
            elif step == "end" and jobs:
                pool.run("q", jobs[0]) if pool.info("q", jobs[0]).state == "scheduled" else pool.take("q", jobs[0])
            elif step == "cancel" and jobs:
                pool.cancel("q", jobs[-1])
            elif step == "retry" and pool.find(state="done").jobs:
                try:
                    pool.retry("q", pool.find(state="done").jobs[0].id)
                except nsjob.WrongState:  # it waits again
                    pass
            elif step == "page" and page.cursor:
                page = pool.find(limit=limit, cursor=page.cursor)
                seen += [(job.queued, job.id) for job in page.jobs]
        while page.cursor:
            page = pool.find(limit=limit, cursor=page.cursor)
            seen += [(job.queued, job.id) for job in page.jobs]
        assert len(seen) == len(set(seen))
        assert there <= set(seen)
        assert [moment for moment, _ in seen] == sorted(moment for moment, _ in seen)


def test_jobs_that_start_and_end_meanwhile_do_not_disturb(pool: nsjob.Pool) -> None:
    over = threading.Event()

    def busy() -> None:
        while not over.is_set():
            pool.queue("q", "1").wait(10)

    thread = threading.Thread(target=busy)
    pool.create("still")
    pool.pause("still")
    for _ in range(40):
        pool.queue("still", "1", topic="here")
    thread.start()
    try:
        for _ in range(30):
            assert sum(len(page.jobs) for page in pages(pool.find, topic="here", limit=9)) == 40
            assert all(job.outcome == "ok" for job in pool.find(outcome="ok", limit=5).jobs)
    finally:
        over.set()
        thread.join(10)


@pytest.mark.parametrize(
    "position",
    [(0.0, "", ""), (1_700_000_000.123456, "q", "job10"), (1e-300, "a b\n", "\ud800"), (5.0, "é", "x" * 500)],
)
def test_a_cursor_is_plain_text_for_a_position(position: tuple[float, str, str]) -> None:
    made = cursor_of(position_of(*position))
    assert made.isascii()
    assert made.replace("-", "").replace("_", "").isalnum()
    assert position_at(made) == position_of(*position)


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"state": "don"}, "bad state 'don': must be scheduled, running, done, did you mean \"done\"?"),
        ({"state": []}, "state must be one or more of scheduled, running, done, but got []"),
        ({"state": 5}, "state must be one or more of scheduled, running, done, but got 5"),
        ({"outcome": ["ok", "failed"]}, "bad outcome 'failed': must be ok, error, cancelled, timeout, expired"),
        ({"priority": 256}, "priority must be 0 to 255"),
        ({"note": 5}, "note must be text (str), but got 5"),
        ({"limit": 0}, "expected integer in range [1,MAX] for 'limit', but got 0"),
        ({"from_": datetime(2030, 1, 1)}, "from needs a datetime with a time zone"),
        ({"from_": 10, "to": 5}, "from (10.000) is later than to (5.000): from must be the earlier one"),
        ({"cursor": "nonsense"}, "cursor must be one that find returned, or empty, but got 'nonsense'"),
        ({"cursor": "WzEsIDJd"}, "cursor must be one that find returned"),
        ({"cursor": None}, "cursor must be one that find returned"),
    ],
)
def test_what_cannot_be_wanted_is_said_with_what_can(pool: nsjob.Pool, wanted: dict[str, Any], says: str) -> None:
    with pytest.raises(nsjob.OptionError) as raised:
        pool.find(**wanted)
    assert str(raised.value).startswith(says)


def test_a_queue_that_was_never_there_is_an_error(pool: nsjob.Pool) -> None:
    with pytest.raises(nsjob.NoSuchQueue):
        pool.find(queue="nosuch")
