"""Bugs to plant into the pool, to see that the state machine finds each of them. They last as long as the monkeypatch."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from nsjob.engines.thread import ThreadEngine
from nsjob.pool.backlog import NOWHERE, Backlog
from nsjob.pool.core import Core
from nsjob.pool.job import SCHEDULED
from nsjob.pool.queue import JobQueue
from nsjob.pool.waits import Waits

__all__ = ["BUGS"]

Bug = Callable[[pytest.MonkeyPatch], None]


def a_cap_that_is_off_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    original = JobQueue.place

    def place(self: JobQueue) -> int:
        self.running -= 1
        try:
            return original(self)
        finally:
            self.running += 1

    monkeypatch.setattr(JobQueue, "place", place)


def a_cap_of_the_pool_that_is_off_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Core._next_ready

    def next_ready(self: Core) -> Any:
        self.running -= 1
        try:
            return original(self)
        finally:
            self.running += 1

    monkeypatch.setattr(Core, "_next_ready", next_ready)
    monkeypatch.setattr(ThreadEngine, "wake", lambda self: False)  # so that there is a thread for it
    monkeypatch.setattr(ThreadEngine, "_want", _want_one_more(ThreadEngine._want))


def _want_one_more(original: Callable[[ThreadEngine], Any]) -> Callable[[ThreadEngine], Any]:
    def want(self: ThreadEngine) -> Any:
        self.waiting += 1
        try:
            return original(self)
        finally:
            self.waiting -= 1

    return want


def a_wake_up_that_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    original = ThreadEngine.wake
    calls = itertools.count(1)
    monkeypatch.setattr(ThreadEngine, "wake", lambda self: True if next(calls) % 3 == 0 else original(self))


def a_second_waiter(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Waits._take_or_wait

    def take_or_wait(self: Waits, queue: JobQueue, id: str, wait: Any) -> Any:
        job = queue.table.get(id)
        if job is not None and job._particulars is not None and not job._aside:
            job._particulars.wait = None
        return original(self, queue, id, wait)

    monkeypatch.setattr(Waits, "_take_or_wait", take_or_wait)


def an_order_that_is_not_first_come_first_served(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Backlog.pop

    def pop(self: Backlog) -> Any:
        place = self.top()
        if place != NOWHERE:
            self.buckets[place].rotate(1)
        return original(self)

    monkeypatch.setattr(Backlog, "pop", pop)


def a_cancelled_job_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Core._commit_cancelled

    def commit(self: Core, queue: JobQueue, backlog: Backlog, job: Any, error: BaseException) -> None:
        original(self, queue, backlog, job, error)
        job.state = SCHEDULED

    monkeypatch.setattr(Core, "_commit_cancelled", commit)


def a_key_that_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JobQueue, "take_key", lambda self, name: True)
    monkeypatch.setattr(JobQueue, "release_key", lambda self, name: None)


BUGS: list[Bug] = [
    a_cap_that_is_off_by_one,
    a_cap_of_the_pool_that_is_off_by_one,
    a_wake_up_that_is_lost,
    a_second_waiter,
    an_order_that_is_not_first_come_first_served,
    a_cancelled_job_that_runs,
    a_key_that_is_not_counted,
]
