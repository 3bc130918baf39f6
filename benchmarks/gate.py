"""A gate keeps every thread of a pool busy, so that what is submitted meanwhile waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Self


class Gate:
    """A block in which a pool runs nothing, until `open` is called or the block is left."""

    def __init__(self, call: Callable[[Callable[[], object]], object], threads: int) -> None:
        """`call` submits one callable to the pool, which has `threads` threads."""
        self._call = call
        self._threads = threads
        self._entered = threading.Semaphore(0)
        self._opened = threading.Event()

    def _stand(self) -> None:
        self._entered.release()
        self._opened.wait()

    def __enter__(self) -> Self:
        self._standing = [self._call(self._stand) for _ in range(self._threads)]
        for _ in range(self._threads):
            self._entered.acquire()
        return self

    def open(self) -> None:
        """Let the pool go on."""
        self._opened.set()

    def __exit__(self, *error: object) -> None:
        self.open()
