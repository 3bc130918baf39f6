"""A pool that leaves its store: what was queued there, what runs there, and whose that is."""

from __future__ import annotations

from typing import Any

import pytest

import nsjob
from tests.conftest import Gate
from tests.store.cases import Store


@pytest.fixture
def client(durable: Store) -> Any:
    """Queues jobs that others run."""
    made = durable.pool(0)
    made.define("from tests.store.bodies import enter")
    made.create("q", 2)
    return made


def test_cancel_at_the_end_is_about_the_pools_own_jobs_and_gives_back_those_of_others(
    durable: Store, client: Any, gate: Gate
) -> None:
    theirs = client.queue("q", "enter()")
    leaving = durable.pool()
    gate.came()
    own = leaving.queue("q", "import time\nwhile True: time.sleep(0.01)", delay=3600)

    leaving.shutdown(cancel=True)

    assert client.info("q", theirs).state == "scheduled"
    assert [run.outcome for run in client.runs("q", theirs)] == ["requeued"]
    assert own.outcome == "cancelled"
    gate.let()


def test_what_does_not_end_in_time_goes_back_and_what_comes_of_it_is_refused(
    durable: Store, client: Any, gate: Gate
) -> None:
    job = client.queue("q", "enter('late')")
    leaving = durable.pool()
    gate.came()

    with pytest.raises(nsjob.WaitTimeout):
        leaving.shutdown(timeout=0.05)
    gate.let()

    assert (client.info("q", job).state, client.info("q", job).attempt) == ("scheduled", 0)
    heir = durable.pool()
    gate.came()
    gate.let()
    assert client.wait("q", job, timeout=30) == "late"
    heir.shutdown()


def test_a_pool_that_leaves_waits_for_what_it_runs_and_not_for_what_it_has_queued(
    durable: Store, client: Any, gate: Gate
) -> None:
    leaving: Any = durable.pool()
    later = leaving.queue("q", "5", delay=3600)
    job = leaving.queue("q", "enter('here')")
    gate.came()
    leaving.drain_all()
    gate.let()
    leaving.leave()

    assert client.wait("q", job.id, timeout=30) == "here"
    assert client.info("q", later.id).state == "scheduled"


def test_a_pool_that_has_stopped_taking_jobs_can_take_them_again(durable: Store, client: Any) -> None:
    pool: Any = durable.pool()
    pool.drain_all()
    job = pool.queue("q", "5")
    assert pool.info("q", job.id).state == "scheduled"
    pool.take_again()
    assert job.wait(timeout=30) == 5


def test_prospects_tell_what_is_left_for_a_pool(durable: Store, client: Any) -> None:
    pool: Any = durable.pool(queues=["q"], waiting=True)
    assert (pool.prospects().ready, pool.prospects().live, pool.prospects().closed) == (False, False, False)
    client.queue("q", "1", delay=3600)
    assert (pool.prospects().ready, pool.prospects().live) == (False, True)
    client.queue("q", "1")
    client.create("other", 1)
    client.drain("q")
    pool.take_again()
    assert (pool.prospects().closed, pool.prospects().queues) == (True, 1)


def test_failures_of_the_pools_own_jobs_are_told_until_they_are_waited_for(durable: Store, client: Any) -> None:
    client.queue("q", "[][1]", jobid="theirs")
    pool: Any = durable.pool()
    for name in ("waited", "left"):
        pool.queue("q", "1 / 0", jobid=name)
    pool.queue("q", "1 / 0", jobid="aside", detached=True)
    with pytest.raises(ZeroDivisionError):
        pool.wait("q", "waited")
    pool.wait_own(30)

    assert sorted((queue, id, type(error)) for queue, id, error in pool.own_failures()) == [
        ("q", "aside", ZeroDivisionError),
        ("q", "left", ZeroDivisionError),
    ]
    assert pool.own_live() == {}


def test_the_same_definitions_are_kept_once(durable: Store) -> None:
    pool: Any = durable.pool(0)

    def kept() -> list[str]:
        rows = pool._read(lambda cursor: cursor.rows("SELECT source FROM nsjob_definitions ORDER BY number"))
        return [row["source"] for row in rows]

    for _ in range(2):
        pool.define("x = 1", filename="one.py")
        pool.define("y = 2", filename="two.py")
        pool.define("z = 3")
    assert sorted(kept()) == ["x = 1", "y = 2", "z = 3"]
    pool.define("x = 4", filename="one.py")
    assert sorted(kept()) == ["x = 1", "x = 4", "y = 2", "z = 3"]
