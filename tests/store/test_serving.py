"""Which jobs a pool takes: queues, topics and subtopics, in the order of their priorities, found by an index."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

import nsjob
from nsjob.store.serving import Serving
from tests.store.cases import Store


def queued(client: nsjob.Pool, keyed: bool) -> None:
    more = {"key": "k"} if keyed else {}
    client.create("q", 1, maxperkey=1 if keyed else None)
    for number, (topic, subtopic, priority) in enumerate(
        [("mail", "may", 10), ("mail", "june", 200), ("web", "", 100), ("", "", 255), ("mail/may", "", 50)]
    ):
        labels = {name: value for name, value in (("topic", topic), ("subtopic", subtopic)) if value}
        client.queue("q", "note(job.id)", jobid=f"{number}", priority=priority, **labels, **more)


@pytest.mark.parametrize(
    ("topics", "order"),
    [
        (["mail"], ["1", "0"]),
        (["mail/may"], ["4", "0"]),
        (["web", "mail"], ["1", "2", "0"]),
        (["mail/june", "web", "no such topic"], ["1", "2"]),
        ([], ["3", "1", "2", "4", "0"]),
    ],
)
@pytest.mark.parametrize("keyed", [False, True], ids=["", "by_key"])
def test_jobs_of_the_topics_are_taken_in_the_order_of_their_priorities(
    durable: Store, topics: list[str], order: list[str], keyed: bool
) -> None:
    from tests.store import bodies

    client = durable.pool(0)
    client.define(bodies.DEFINITIONS)
    queued(client, keyed)

    serving = durable.pool(topics=topics)
    for id in order:
        client.wait("q", id, timeout=30)
    serving.shutdown()

    assert order == bodies.NOTES
    assert sorted(client.jobs("q")) == sorted(set("01234") - set(order))


def test_a_pool_that_serves_some_queues_leaves_the_others_alone(durable: Store) -> None:
    client = durable.pool(0)
    client.create("a", 1)
    client.create("b", 1)
    client.queue("b", "1")
    served = client.queue("a", "2")
    serving = durable.pool(queues=["a", "not there yet"])

    assert served.wait(timeout=30) == 2
    client.create("not there yet", 1)
    assert client.queue("not there yet", "3").wait(timeout=30) == 3
    serving.shutdown()
    assert client.counts("b").scheduled == 1


def test_a_pool_that_waits_takes_jobs_when_it_is_told_to(durable: Store) -> None:
    held: Any = durable.pool(waiting=True)
    held.create("q", 1)
    job = held.queue("q", "5")
    assert held.counts("q").scheduled == 1
    held.take_again()
    assert job.wait(timeout=30) == 5


@pytest.mark.parametrize("wrong", [{"queues": "a"}, {"topics": "mail"}, {"topics": [""]}, {"queues": [5]}])
def test_what_is_wrong_with_queues_and_topics_is_said(durable: Store, wrong: dict[str, Any]) -> None:
    with pytest.raises(nsjob.OptionError, match=next(iter(wrong))):
        durable.pool(**wrong)


@pytest.mark.parametrize(
    ("topics", "index"),
    [
        ([], "nsjob_jobs_next"),
        (["mail"], "nsjob_jobs_next_topic"),
        (["mail", "web"], "nsjob_jobs_next_topic"),
        (["mail/may"], "nsjob_jobs_next_subtopic"),
    ],
)
def test_the_next_job_is_found_by_an_index_however_many_wait(tmp_path: Any, topics: list[str], index: str) -> None:
    pool: Any = nsjob.Pool(0, store=tmp_path / "jobs.db")
    pool.create("q", 1)
    serving = Serving([], topics)
    statement = serving.lease("sqlite")
    pool.shutdown()
    with sqlite3.connect(tmp_path / "jobs.db") as database:
        values = {"state": 4, "pool": 1, "now": 0, "queue": 1, "count": 1, **serving.values}
        plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    database.close()

    searches = [step for step in plan if "nsjob_jobs" in step]
    assert searches
    assert any(f"USING INDEX {index} " in step or f"USING COVERING INDEX {index} " in step for step in searches)
    assert not [step for step in searches if step.startswith("SCAN nsjob_jobs")]
    if not topics:
        assert not [step for step in plan if "TEMP B-TREE" in step]
