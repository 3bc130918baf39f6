"""queue_many: all of many jobs, or none."""

from __future__ import annotations

import contextvars
import threading
from typing import Any

import pytest

import nsjob
from tests.conftest import PATIENCE, Gate


def test_many_snippets_are_queued_in_their_order(pool: nsjob.Pool) -> None:
    jobs = pool.queue_many("q", [f"{n} * 2" for n in range(200)])
    assert [job.id for job in jobs] == [f"job{n}" for n in range(200)]
    assert [job.wait(PATIENCE) for job in jobs] == [n * 2 for n in range(200)]
    assert pool.queue("q", "1").id == "job200"


def test_each_has_the_options_of_all_and_its_own(pool: nsjob.Pool) -> None:
    items = [("n", {"vars": {"n": 1}}), ("n", {"vars": {"n": 2}, "note": "mine"}), "job.input"]
    jobs = pool.queue_many("q", items, note="all", input=7)
    assert [job.wait(PATIENCE) for job in jobs] == [1, 2, 7]
    assert [job.options.note for job in jobs] == ["all", "mine", "all"]


def test_the_order_is_that_of_priorities(pool: nsjob.Pool) -> None:
    seen: list[int] = []
    pool.create("one", 1)
    pool.pause("one")
    items = [("seen.append(n)", {"vars": {"n": n, "seen": seen}, "priority": n % 3}) for n in range(9)]
    pool.queue_many("one", items)
    pool.resume("one")
    pool.waitall("one", timeout=PATIENCE)
    assert seen == [2, 5, 8, 1, 4, 7, 0, 3, 6]


def test_names_that_callers_took_are_passed_over(pool: nsjob.Pool) -> None:
    pool.pause("q")
    pool.queue("q", "1", jobid="job1")
    assert [job.id for job in pool.queue_many("q", ["1", "2", "3"])] == ["job0", "job2", "job3"]


def test_no_items_are_no_jobs(pool: nsjob.Pool) -> None:
    assert pool.queue_many("q", []) == []
    assert pool.queue_many("q", (source for source in ())) == []


BAD: list[tuple[Any, type[Exception], str]] = [
    ("1 +", nsjob.SnippetError, "item 1"),
    (("1", {"priority": 300}), nsjob.OptionError, "item 1"),
    (("1", {"jobid": "J"}), nsjob.JobExists, "item 1"),
    (("1", {"after": "nobody"}), nsjob.NoSuchJob, "item 1"),
    (("1", {"block": 1}), nsjob.OptionError, "item 1"),
    (7, nsjob.OptionError, "item 1"),
    (("1", 2, 3), nsjob.OptionError, "item 1"),
]


@pytest.mark.parametrize(("item", "kind", "note"), BAD, ids=[repr(item) for item, _, _ in BAD])
def test_one_that_cannot_be_queued_keeps_all_out(pool: nsjob.Pool, item: Any, kind: type[Exception], note: str) -> None:
    pool.pause("q")
    pool.queue("q", "1", jobid="J")
    with pytest.raises(kind) as raised:
        pool.queue_many("q", [("1", {"jobid": "first"}), item, "3"])
    assert note in " ".join(raised.value.__notes__)
    assert pool.jobs("q") == ["J"]
    assert pool.counts("q").scheduled == 1
    assert pool.queue("q", "1").id == "job0"


def test_what_is_no_list_of_items_is_refused(pool: nsjob.Pool) -> None:
    for items in ("abc", 7, {"a": 1}):
        with pytest.raises(nsjob.OptionError, match="list of scripts"):
            pool.queue_many("q", items)  # type: ignore[arg-type]


def test_the_same_name_twice_is_refused(pool: nsjob.Pool) -> None:
    with pytest.raises(nsjob.JobExists):
        pool.queue_many("q", [("1", {"jobid": "J"}), ("2", {"jobid": "J"})])
    assert pool.jobs("q") == []


def test_a_job_may_come_after_one_before_it(pool: nsjob.Pool) -> None:
    seen: list[int] = []
    given = {"vars": {"seen": seen}}
    items = [("seen.append(1)", {"jobid": "a", **given}), ("seen.append(2)", {"after": "a", **given})]
    for job in pool.queue_many("q", items):
        job.wait(PATIENCE)
    assert seen == [1, 2]


def test_those_that_are_there_already_are_returned(pool: nsjob.Pool) -> None:
    pool.pause("q")
    old = pool.queue("q", "1", unique="u")
    jobs = pool.queue_many("q", [("2", {"unique": "u"}), ("3", {"jobid": "J"}), ("4", {"jobid": "J", "ifnew": True})])
    assert jobs[0] is old
    assert jobs[1] is jobs[2]
    assert len(pool.jobs("q")) == 2


def test_all_must_have_room(pool: nsjob.Pool) -> None:
    pool.create("small", 1, maxqueued=3)
    pool.pause("small")
    pool.queue("small", "1")
    with pytest.raises(nsjob.QueueFull):
        pool.queue_many("small", ["1", "2", "3"])
    with pytest.raises(nsjob.QueueFull):
        pool.queue_many("small", ["1"] * 4, block=None)  # there will never be room
    assert len(pool.jobs("small")) == 1
    assert len(pool.queue_many("small", ["1", "2"])) == 2


def test_many_wait_for_room(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("small", 1, maxqueued=2)
    pool.submit("small", gate.enter)
    gate.came()
    pool.queue("small", "1")
    threading.Thread(target=gate.let).start()
    assert [job.wait(PATIENCE) for job in pool.queue_many("small", ["2", "3"], block=PATIENCE)] == [2, 3]


def test_a_queue_that_takes_no_jobs_takes_none_of_them(pool: nsjob.Pool) -> None:
    pool.drain("q")
    with pytest.raises(nsjob.QueueDraining):
        pool.queue_many("q", ["1"])
    with pytest.raises(nsjob.NoSuchQueue):
        pool.queue_many("none", ["1"])


def test_each_runs_in_a_copy_of_the_callers_context(pool: nsjob.Pool) -> None:
    variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable")
    variable.set(5)
    jobs = pool.queue_many("q", ["v.get()"] * 3, vars={"v": variable})
    assert [job.wait(PATIENCE) for job in jobs] == [5, 5, 5]


def test_detached_ones_leave(pool: nsjob.Pool) -> None:
    for job in pool.queue_many("q", ["1", "2"], detached=True):
        job.wait(PATIENCE)
    assert pool.jobs("q") == []


def test_an_immediate_pool_runs_them_at_once() -> None:
    with nsjob.Pool(immediate=True) as pool:
        pool.create("q")
        assert [job.outcome for job in pool.queue_many("q", ["1", ("2", {"delay": 5})])] == ["ok", "ok"]


def test_the_queue_goes_on_whatever_comes_between(pool: nsjob.Pool) -> None:
    before = pool.queue_many("q", ["1"] * 50)
    after = [pool.queue("q", "2") for _ in range(50)]
    assert sum(job.wait(PATIENCE) for job in [*before, *after]) == 150
    assert pool.counts("q").done == 100
