"""Where several pools could run a queue's jobs, each gets its share of the slots."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nsjob
from nsjob.store.slots import shares
from tests.conftest import PATIENCE, Gate
from tests.store import bodies
from tests.store.cases import Store, until
from tests.store.conftest import furnished


@pytest.fixture
def first(durable: Store) -> nsjob.Pool:
    pool = furnished(durable)
    pool.create("wide", 4)
    return pool


LETS = 600  # bodies that are let through at most: pools hear of each other within some 25 ms
ENOUGH = LETS + 100


def at_work(pool: nsjob.Pool, queue: str = "wide") -> int:
    """How many of a queue's bodies run in that pool."""
    return int(pool._keeper.queues[queue].running())  # type: ignore[attr-defined]


def let_until(gate: Gate, first: nsjob.Pool, second: nsjob.Pool, wanted: tuple[int, int]) -> None:
    """Let bodies through one by one, until so many run in each pool."""
    for _ in range(LETS):
        if (at_work(first), at_work(second)) == wanted:
            return
        gate.let()
        gate.came()
    pytest.fail(f"{at_work(first)} and {at_work(second)} run, and not {wanted}")


def test_a_pool_that_comes_late_gets_its_share_as_runs_end(durable: Store, first: nsjob.Pool, gate: Gate) -> None:
    jobs = first.queue_many("wide", [("enter(n)", {"vars": {"n": n}}) for n in range(ENOUGH)])
    gate.came(4)
    assert at_work(first) == 4
    second = durable.pool()
    let_until(gate, first, second, (2, 2))
    for _ in range(8):  # and so it stays
        gate.let()
        gate.came()
    let_until(gate, first, second, (2, 2))
    gate.let(ENOUGH)
    assert [job.wait(PATIENCE) for job in jobs] == list(range(ENOUGH))
    assert gate.most == 4


def test_what_runs_is_not_disturbed(durable: Store, first: nsjob.Pool, gate: Gate) -> None:
    jobs = [first.queue("wide", "enter(tried(str(n)))", vars={"n": n}) for n in range(6)]
    gate.came(4)
    second = durable.pool()
    other = second.queue("wide", "7")
    with pytest.raises(nsjob.WaitTimeout):
        other.wait(0.3)
    assert at_work(first) == 4
    gate.let(6)
    assert other.wait(PATIENCE) == 7
    assert [job.wait(PATIENCE) for job in jobs] == [1] * 6


def test_who_is_alone_again_has_all_slots(durable: Store, first: nsjob.Pool, gate: Gate) -> None:
    jobs = first.queue_many("wide", ["enter()"] * ENOUGH)
    gate.came(4)
    second = durable.pool()
    let_until(gate, first, second, (2, 2))
    leaving = threading.Thread(target=second.shutdown)
    leaving.start()
    while at_work(second):
        gate.let()
        gate.came()
    leaving.join(PATIENCE)
    let_until(gate, first, second, (4, 0))
    gate.let(ENOUGH)
    for job in jobs:
        job.wait(PATIENCE)
    assert gate.most == 4


def test_who_has_nothing_more_for_its_slots_leaves_them(durable: Store, first: nsjob.Pool, gate: Gate) -> None:
    first.queue("wide", "enter()", topic="mine", jobid="long")
    gate.came()
    second = durable.pool(topics=["theirs"])
    jobs = [first.queue("wide", "enter()", topic="theirs") for _ in range(3)]
    first_ones = [first.queue("wide", "enter()", topic="mine") for _ in range(3)]
    assert first_ones
    gate.came(3)
    assert gate.nobody()
    until(lambda: at_work(first) + at_work(second) == 4)
    gate.let(100)
    for job in (*jobs, *first_ones):
        job.wait(PATIENCE)
    assert gate.most == 4


def test_tiny_jobs_of_pools_that_share(durable: Store, first: nsjob.Pool, gate: Gate) -> None:
    pools = [first, *(durable.pool() for _ in range(2))]
    gate.let(10_000)
    jobs = [pools[n % 3].queue("wide", "enter(n)", vars={"n": n}) for n in range(600)]
    assert [job.wait(PATIENCE) for job in jobs] == list(range(600))
    assert gate.most <= 4


def test_the_indexes_of_a_range_are_shared(durable: Store, first: nsjob.Pool, gate: Gate) -> None:
    job = first.range("wide", "1..1000000", "enter()")
    gate.came(4)
    second = durable.pool()
    let_until(gate, first, second, (2, 2))
    first.cancel("wide", job)
    gate.let(10_000)
    with pytest.raises(nsjob.JobCancelled):
        job.wait(PATIENCE)
    assert gate.most == 4


def test_a_queue_that_is_made_smaller_keeps_its_cap_over_all_pools(durable: Store, gate: Gate) -> None:
    pools = [durable.pool(2), durable.pool(2)]
    pools[0].create("wide", 4)
    pools[0].define(bodies.DEFINITIONS)
    jobs = [pools[0].queue("wide", "enter()") for _ in range(60)]
    gate.came(4)
    pools[0].resize("wide", 3)
    until(lambda: all(pool._keeper.queues["wide"].maxthreads == 3 for pool in pools))  # type: ignore[attr-defined]
    until(lambda: all(pool._keeper.queues["wide"].share is not None for pool in pools))  # type: ignore[attr-defined]
    gate.let(2)
    until(lambda: sum(at_work(pool) for pool in pools) <= 3)
    gate.came()
    gate.most = 0
    for _ in range(20):
        gate.let()
        gate.came()
    assert gate.most <= 3
    gate.let(100)
    for job in jobs:
        job.wait(PATIENCE)
    assert gate.most <= 3


def test_what_was_taken_ahead_of_a_range_goes_back_where_it_takes_longer(durable: Store, gate: Gate) -> None:
    first = durable.pool(2)
    first.create("wide", 4)
    first.define(bodies.DEFINITIONS)
    job = first.range("wide", "1..4000", "if job.index > 200: enter()")
    gate.came(2)
    second = durable.pool(2)
    gate.came(2)
    assert at_work(second) == 2
    first.cancel("wide", job)
    gate.let(10_000)
    with pytest.raises(nsjob.JobCancelled):
        job.wait(PATIENCE)


def test_one_slot_for_two(durable: Store, first: nsjob.Pool, gate: Gate) -> None:
    second = durable.pool()
    gate.let(1_000)
    jobs = [(first, second)[n % 2].queue("one", "enter(n)", vars={"n": n}) for n in range(60)]
    assert [job.wait(PATIENCE) for job in jobs] == list(range(60))
    assert gate.most == 1


@pytest.mark.parametrize(
    ("slots", "wanted", "found"),
    [
        (4, {1: 4}, {1: 4}),
        (4, {1: 4, 2: 4}, {1: 2, 2: 2}),
        (4, {2: 1, 1: 4}, {1: 3, 2: 1}),
        (1, {7: 4, 3: 4}, {3: 1, 7: 0}),
        (10, {1: 2, 2: 3, 3: 100}, {1: 2, 2: 3, 3: 5}),
        (5, {1: 9, 2: 9, 3: 9}, {1: 2, 2: 2, 3: 1}),
        (3, {}, {}),
        (3, {1: 0}, {1: 0}),
    ],
)
def test_shares(slots: int, wanted: dict[int, int], found: dict[int, int]) -> None:
    assert shares(slots, wanted) == found


@given(st.integers(0, 1000), st.dictionaries(st.integers(1, 50), st.integers(0, 300)))
def test_shares_are_fair(slots: int, wanted: dict[int, int]) -> None:
    found = shares(slots, wanted)
    assert sum(found.values()) == min(slots, sum(wanted.values()))
    assert all(0 <= found[pool] <= wanted[pool] for pool in wanted)
    for pool, share in found.items():
        if share < wanted[pool]:  # nobody has much more than who has too few
            assert all(other <= share + 1 for other in found.values())
