"""Bugs to plant into the pool, to see that the state machine finds each. They last as long as the monkeypatch."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from nsjob.engines.thread import ThreadEngine
from nsjob.pool.backlog import NOWHERE, Backlog
from nsjob.pool.core import Core
from nsjob.pool.job import SCHEDULED, Job
from nsjob.pool.queue import JobQueue
from nsjob.pool.stopping import Stopping
from nsjob.pool.waits import Waits

__all__ = ["BUGS"]

Bug = Callable[[pytest.MonkeyPatch], None]


def a_cap_that_is_off_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    take, where = Core.take, JobQueue.place

    def take_more(self: Core, place: Any) -> Any:
        queues = list(self.queues.values())
        for queue in queues:
            queue.maxthreads += 1
        try:
            return take(self, place)
        finally:
            for queue in queues:
                queue.maxthreads -= 1

    def place_further(self: JobQueue) -> int:
        self.running -= 1
        try:
            return where(self)
        finally:
            self.running += 1

    monkeypatch.setattr(Core, "take", take_more)
    monkeypatch.setattr(JobQueue, "place", place_further)


def a_cap_of_the_pool_that_is_off_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    take = Core.take

    def take_more(self: Core, place: Any) -> Any:
        cap = self.cap
        self.cap = None if cap is None else cap + 1
        try:
            return take(self, place)
        finally:
            self.cap = cap

    monkeypatch.setattr(Core, "take", take_more)
    # One thread more, to run it.
    monkeypatch.setattr(ThreadEngine, "_want", _with_one_more_thread(ThreadEngine._want))
    monkeypatch.setattr(ThreadEngine, "_claim", _with_one_more_thread(ThreadEngine._claim))
    monkeypatch.setattr(ThreadEngine, "wake", _with_one_more_thread(ThreadEngine.wake))


def _with_one_more_thread(original: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: ThreadEngine, *arguments: Any) -> Any:
        self.count -= 1
        try:
            return original(self, *arguments)
        finally:
            self.count += 1

    return method


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
    original = Stopping.cancel

    def cancel(self: Stopping, job: Job) -> bool:
        return False if job.state is SCHEDULED else original(self, job)

    monkeypatch.setattr(Stopping, "cancel", cancel)


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
