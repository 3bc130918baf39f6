"""What no pool can beat: the bare primitives of Python's standard library, doing the same tiny jobs."""

from __future__ import annotations

import threading
from enum import Enum, auto
from queue import SimpleQueue
from types import CodeType, TracebackType
from typing import ClassVar, Self

from benchmarks.peers import CODE


class Mark(Enum):
    """What stands between the jobs of a bare queue."""

    BATCH = auto()
    CLOSE = auto()


class BareQueue:
    """Threads that take code from one `SimpleQueue`: no futures, no order, no errors, no waiting for one job."""

    name: ClassVar[str] = "floor: bare SimpleQueue"
    needs: ClassVar[str] = ""

    def __init__(self, threads: int) -> None:
        self.tasks: SimpleQueue[CodeType | Mark] = SimpleQueue()
        self.answers: SimpleQueue[int] = SimpleQueue()
        self.next_batch = threading.Semaphore(0)
        self.threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def _work(self) -> None:
        get = self.tasks.get
        total = 0
        while (task := get()) is not Mark.CLOSE:
            if task is Mark.BATCH:
                self.answers.put(total)
                total = 0
                self.next_batch.acquire()  # each thread takes one mark: when all are taken, no job is unfinished
            else:
                total += eval(task, {})

    def batch(self, jobs: int) -> int:
        """Put `jobs` codes and a mark for each thread, and wait for the marks; the sum of the answers."""
        put = self.tasks.put
        for _ in range(jobs):
            put(CODE)
        for _ in self.threads:
            put(Mark.BATCH)
        total = sum([self.answers.get() for _ in self.threads])
        self.next_batch.release(len(self.threads))
        return total

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _ in self.threads:
            self.tasks.put(Mark.CLOSE)
        for thread in self.threads:
            thread.join()


class HandOff:
    """Two threads and two locks: one asks, the other evaluates and answers."""

    name: ClassVar[str] = "floor: two bare locks"
    needs: ClassVar[str] = ""

    def __init__(self, threads: int) -> None:
        self.asked, self.answered = threading.Lock(), threading.Lock()
        self.asked.acquire()
        self.answered.acquire()
        self.answer = 0
        self.open = True
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self) -> None:
        while self.asked.acquire() and self.open:
            self.answer = eval(CODE, {})
            self.answered.release()

    def trips(self, jobs: int) -> int:
        """Ask and wait, `jobs` times; the sum of the answers."""
        ask, wait = self.asked.release, self.answered.acquire
        total = 0
        for _ in range(jobs):
            ask()
            wait()
            total += self.answer
        return total

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.open = False
        self.asked.release()
        self.thread.join()
