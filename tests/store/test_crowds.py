"""Where several pools hear of many tiny jobs, one of them has them by the batch, and the others look now and then."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import nsjob
from nsjob.store import crowds
from nsjob.store.crowds import Crowd
from nsjob.store.queues import StoredQueue
from tests.conftest import PATIENCE, Gate
from tests.store.cases import POSTGRESQL, Store, until
from tests.store.servers import kept_out

needs_postgresql = pytest.mark.skipif(bool(kept_out()), reason=kept_out())
in_postgresql = pytest.mark.parametrize("durable", [POSTGRESQL], indirect=True)  # only there do others hear of each job
HOLDERS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = CAST('nsjob_queues' AS regclass)"

# -- what a pool knows ---------------------------------------------------------------------------------------------


def crowded(words: int = 30, end: float = 100.03, had: int = 0) -> Crowd:
    """One with so many words from the moment 100 on, of which this pool had so many jobs."""
    crowd = Crowd()
    for turn in range(words):
        crowd.tell(100 + (end - 100) * turn / (words - 1))
        if turn < had:
            crowd.had(100 + (end - 100) * turn / (words - 1), 1, False)
    return crowd


def test_who_had_less_than_half_of_many_jobs_asks_now_and_then() -> None:
    crowd = crowded(had=5)
    crowd.had(100.04, 1, False)
    assert crowd.puts_off(100.041)
    assert crowd.puts_off(crowd.ask_at - 0.001)
    assert not crowd.puts_off(crowd.ask_at)


def test_who_had_half_of_them_asks_at_each_word() -> None:
    crowd = crowded(had=30)
    assert crowd.dense
    assert not crowd.puts_off(100.031)


def test_where_few_come_each_asks_for_each() -> None:
    crowd = crowded(end=101.0)
    crowd.had(101.0, 0, False)
    assert not crowd.puts_off(101.001)


def test_words_that_came_long_ago_do_not_count() -> None:
    crowd = crowded()
    crowd.tell(105.0)
    crowd.had(105.0, 0, False)
    assert not crowd.puts_off(105.001)


def test_who_left_some_asks_again_at_once() -> None:
    crowd = crowded()
    crowd.had(100.04, 1, True)
    assert not crowd.puts_off(100.041)


def test_who_is_ahead_of_the_others_asks_at_each_word() -> None:
    crowd = crowded()
    crowd.had(100.04, 1, False)
    crowd.session = 1
    assert not crowd.puts_off(100.041)


def test_jobs_that_take_long_are_asked_for_by_all(first: nsjob.Pool) -> None:
    queue = queue_of(first)
    queue.crowd = crowded()
    queue.crowd.had(100.04, 1, False)
    for _ in range(20):
        queue.took(0.0001)
    assert queue.puts_off(100.041)
    for _ in range(100):
        queue.took(1.0)
    assert not queue.puts_off(100.041)


# -- pools ---------------------------------------------------------------------------------------------------------


def queue_of(pool: nsjob.Pool, name: str = "q") -> StoredQueue:
    found: StoredQueue = pool._keeper.queues[name]  # type: ignore[attr-defined]
    return found


def ahead(pool: nsjob.Pool) -> bool:
    """Whether a pool is ahead of the others, in the session that it has."""
    session: int = pool._database.session  # type: ignore[attr-defined]
    return queue_of(pool).crowd.session == session


def holders(pool: nsjob.Pool) -> list[int]:
    """The servers of the sessions that have the lock."""
    read: Callable[[Callable[[Any], Any]], Any] = pool._read  # type: ignore[attr-defined]
    return [row[0] for row in read(lambda cursor: cursor.driver.execute(HOLDERS).fetchall())]


@pytest.fixture
def dense(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any word is one of many."""
    monkeypatch.setattr(crowds, "_DENSE", 0)
    monkeypatch.setattr(crowds, "_WINDOW", 0.0)


@pytest.fixture
def client(durable: Store, first: nsjob.Pool, dense: None) -> nsjob.Pool:
    """One that only queues."""
    return durable.pool(0)


def come(client: nsjob.Pool, jobs: int = 10) -> None:
    """Have some jobs done."""
    made = [client.queue("q", "6 * 7") for _ in range(jobs)]
    assert [job.wait(PATIENCE) for job in made] == [42] * jobs


@needs_postgresql
@in_postgresql
def test_one_pool_is_ahead_of_the_others(client: nsjob.Pool, first: nsjob.Pool, second: nsjob.Pool) -> None:
    while not (ahead(first) or ahead(second)):
        come(client)
    for _ in range(10):
        come(client)
        assert ahead(first) + ahead(second) == len(holders(client)) == 1


@needs_postgresql
@in_postgresql
def test_another_one_is_where_that_one_leaves(client: nsjob.Pool, first: nsjob.Pool, second: nsjob.Pool) -> None:
    while not (ahead(first) or ahead(second)):
        come(client)
    one, other = (first, second) if ahead(first) else (second, first)
    one.leave()  # type: ignore[attr-defined]
    while not ahead(other):
        come(client)
    assert len(holders(client)) == 1


@needs_postgresql
@in_postgresql
def test_it_is_ahead_no_more_where_its_connection_was_cut(client: nsjob.Pool, first: nsjob.Pool) -> None:
    while not ahead(first):
        come(client)
    before = holders(client)
    client._read(lambda cursor: [cursor.driver.execute(f"SELECT pg_terminate_backend({pid})") for pid in before])  # type: ignore[attr-defined]
    while holders(client) in ([], before):
        come(client)
    until(lambda: ahead(first))  # it hears of it a moment later
    assert len(holders(client)) == 1


@needs_postgresql
@in_postgresql
def test_it_lets_another_one_where_it_has_its_hands_full(client: nsjob.Pool, first: nsjob.Pool, gate: Gate) -> None:
    while not ahead(first):
        come(client)
    jobs = client.queue_many("q", ["enter()"] * 300)
    until(lambda: not ahead(first) and not holders(client))
    gate.let(10_000)
    for job in jobs:
        job.wait(PATIENCE)


def test_what_is_put_off_is_asked_for_although_no_more_words_come(
    durable: Store, first: nsjob.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StoredQueue, "puts_off", lambda queue, now: now < queue.crowd.ask_at)
    client = durable.pool(0)
    for _ in range(20):
        come(client)


def test_the_committing_thread_puts_an_ask_off_although_a_caller_waits_for_it(first: nsjob.Pool) -> None:
    """Callers wait for commits with the pool's own lock held; what follows a commit may not want that one."""
    pool: Any = first
    thread = threading.Thread(target=pool._ask_at, args=(0.0,), daemon=True)
    with pool._lock:
        thread.start()
        thread.join(PATIENCE)
        assert not thread.is_alive()
