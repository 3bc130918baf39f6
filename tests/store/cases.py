"""The stores that the suite runs over, and the pools of one test."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nsjob
from tests.conftest import PATIENCE
from tests.store import bodies
from tests.store.servers import database, kept_out

MEMORY, SQLITE, POSTGRESQL = "memory", "sqlite", "postgresql"
DURABLE = [SQLITE] if kept_out() else [SQLITE, POSTGRESQL]
ALL = [MEMORY, *DURABLE]


class Store:
    """Where the pools of one test keep their jobs.

    Attributes:
        kind: `memory`, `sqlite` or `postgresql`.
        address: what `Pool(store=...)` is given; empty for `memory`.
    """

    def __init__(self, kind: str, address: str) -> None:
        self.kind = kind
        self.address = address
        self.pools: list[nsjob.Pool] = []

    @property
    def durable(self) -> bool:
        return self.kind != MEMORY

    def pool(self, maxthreads: int | None = None, **options: Any) -> nsjob.Pool:
        """A pool with this store. In memory each has its own."""
        if self.durable:
            options = {"maxpoll": 0.5, **options, "store": self.address}
        made = nsjob.Pool(maxthreads, **options)
        made.configure(grace=0.2)
        self.pools.append(made)
        return made

    def close(self) -> None:
        """End all pools."""
        for pool in reversed(self.pools):
            try:
                pool.shutdown(cancel=True, timeout=10)
            except nsjob.WaitTimeout:
                raise AssertionError(f"{pool!r} did not end: {pool.threads()}") from None


@contextmanager
def opened(kind: str, place: Path) -> Iterator[Store]:
    """A store that is empty."""
    if kind == POSTGRESQL:
        with database() as lent:
            store = Store(kind, lent.url)
            try:
                yield store
            finally:
                store.close()
        return
    store = Store(kind, str(place / "jobs.db") if kind == SQLITE else "")
    try:
        yield store
    finally:
        store.close()


def until(look: Callable[[], object]) -> None:
    """Wait for what can be seen; pytest's time limit guards it."""
    while not look():
        os.sched_yield()


def spinning(pool: nsjob.Pool, queue: str = "q", /, **options: Any) -> nsjob.Job:
    """A job that runs, and ends by an interrupt."""
    job = pool.queue(queue, "spin()", **options)
    assert bodies.SPINNING.acquire(timeout=PATIENCE)
    return job


def ended(pool: nsjob.Pool, script: str, queue: str = "q", /, **options: Any) -> nsjob.Job:
    """A job that has ended, and that nobody has waited for."""
    job = pool.queue(queue, script, **options)
    until(job.done)
    return job


def stall(pool: nsjob.Pool) -> None:
    """Let a pool's lease run out: as where its machine stands still, but for what its bodies do."""
    keeper, commits = pool._keeper, pool._commits  # type: ignore[attr-defined]
    keeper._extend_at = math.inf
    commits.do(lambda cursor: None)  # an extension that goes on just now would undo that
    keeper._extend_at = math.inf
