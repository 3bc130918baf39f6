"""Fixtures: a pool that is shut down whatever happens, and gates that hold bodies without sleeping."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

import nsjob

PATIENCE = 30.0  # seconds; only a test that fails waits that long


class Gate:
    """Bodies pass it one by one: each says that it has come, and waits until it is let through."""

    def __init__(self) -> None:
        self._came = threading.Semaphore(0)
        self._open = threading.Semaphore(0)
        self._lock = threading.Lock()
        self.inside = 0
        self.most = 0

    def enter(self, value: object = None) -> object:
        """What a body calls. Returns `value`."""
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self._came.release()
        try:
            assert self._open.acquire(timeout=PATIENCE)
        finally:
            with self._lock:
                self.inside -= 1
        return value

    def came(self, count: int = 1) -> None:
        """Wait until so many more bodies have come."""
        for _ in range(count):
            assert self._came.acquire(timeout=PATIENCE), "no body came"

    def let(self, count: int = 1) -> None:
        """Let so many bodies through."""
        self._open.release(count)

    def nobody(self) -> bool:
        """Whether no body has come that was not waited for."""
        return not self._came.acquire(blocking=False)


@pytest.fixture
def pool() -> Iterator[nsjob.Pool]:
    made = nsjob.Pool()
    made.configure(grace=0.2)
    made.create("q", 2)
    yield made
    try:
        made.shutdown(cancel=True, timeout=10)
    except nsjob.WaitTimeout:
        pytest.fail(f"the pool did not end: {made.queuelist()} {made.threads()}")


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.let(10_000)
