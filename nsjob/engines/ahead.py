"""Orders that a worker gets ahead of their turn, and how they are called back.

With each of them a byte goes into a pipe of permits; a worker takes one out before it begins such an order. To call
back is to take out what is left of them. So the kernel decides who was first, and what is called back are the last ones
that were sent. The worker is told how many to forget; until it says that it has, it gets nothing more ahead.
"""

from __future__ import annotations

import os
from _thread import get_ident
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from time import sleep
from typing import TYPE_CHECKING

from nsjob.engines.pipes import HEAD, Receiver, Sender, joined

if TYPE_CHECKING:
    from nsjob.pool.job import Job

__all__ = ["BESIDE", "ROOM", "Ahead", "Permits", "Taking"]

_AHEAD, _FORGET = b"+", b"-"  # before such an order, and before the number of those to forget; a pickle has neither
_DEEPEST = 16  # orders
ROOM = 3_000
"""Bytes of orders that may be on their way ahead."""
BESIDE = 4_096 - ROOM - 96
"""Bytes that the order may have behind which others are sent: the smallest pipe takes all of that without blocking."""


class Permits:
    """One byte for each order that a worker may begin. Any thread may read and write; nothing blocks.

    Arguments:
        readable, writable: the descriptors of the pipe; the worker only has the first.
    """

    def __init__(self, readable: int, writable: int = -1) -> None:
        self._readable = readable
        self.writable = writable
        os.set_blocking(readable, False)

    def give(self, count: int) -> None:
        """Let so many more begin."""
        os.write(self.writable, b"x" * count)

    def take(self, most: int) -> int:
        """Take up to that many away; returns how many there were."""
        try:
            return len(os.read(self._readable, most))
        except BlockingIOError:
            return 0


class Ahead:
    """What one worker was sent ahead, and what it is to be sent.

    All of it but `send` is guarded by the pool's lock. Nothing blocks: what is on its way always fits into the pipe.

    Attributes:
        jobs: those whose turn has not come.
        worker: the one.
        most: how many there may be now: none after a run that took long, then twice as many after each short one.
        closed: whether the worker gets nothing more: it was told to end, or has ended.
    """

    def __init__(self, worker: object, orders: Sender, permits: Permits) -> None:
        self.worker = worker
        self.jobs: deque[Job] = deque()
        self.most = 0
        self.closed = False
        self._orders = orders
        self._permits = permits
        self._unsent: deque[Job] = deque()
        self._sent: deque[tuple[Job, int]] = deque()  # and their bytes; the first may be the job whose turn it is
        self._current: Job | None = None  # that one
        self._bytes = 0
        self._back: list[Job] = []
        self._shut = False  # until the worker has forgotten
        self._flight: Iterator[int] = iter(())
        self._written: list[int] = [0, 0]  # the results of two writes, when they are done
        self._sender = 0  # the thread that does them

    def add(self, job: Job) -> None:
        """Let the worker have one more job."""
        self._unsent.append(job)

    def turn(self, job: Job) -> None:
        """The job's turn has come; the run before it is over."""
        self.settle()
        if self._sent and self._sent[0][0] is job:
            self._current = job
        else:
            self._unsent.remove(job)

    def settle(self) -> None:
        """The run whose turn it was is over."""
        if self._current is not None:
            self._bytes -= self._sent.popleft()[1]
            self._current = None

    def holds(self, job: Job) -> bool:
        """Whether the worker has the order of this job, whose turn it is."""
        return self._current is job

    @property
    def waits(self) -> bool:
        """Whether any order may be to be sent. Without the lock too, in the thread that sends."""
        return bool(self._unsent)

    def unsent(self) -> list[Job]:
        """The jobs whose orders are to be sent now."""
        return [] if self._shut or self.closed else list(self._unsent)

    def load(self, jobs: list[Job], orders: list[bytes]) -> bool:
        """Take the orders of these jobs, as many as there is room for; none where they were called back.

        Returns whether there are any to be sent, by `send`.

        Arguments:
            orders: as many or fewer.
        """
        if self._shut or self.closed or not self._unsent or self._unsent[0] is not jobs[0]:
            return False
        framed: list[bytes] = []
        size = self._bytes
        for order in orders:
            size += len(_AHEAD) + len(order) + HEAD
            if size > ROOM:
                break
            framed.append(_AHEAD + order)
        if not framed:
            return False
        for data in framed:
            self._sent.append((self._unsent.popleft(), len(data) + HEAD))
            self._bytes += len(data) + HEAD
        # The permits first: a worker that has an order and no permit waits for word of it.
        self._written = []
        self._flight = map(
            os.write, (self._permits.writable, self._orders.descriptor), (b"x" * len(framed), joined(framed))
        )
        self._sender = get_ident()
        return True

    def send(self) -> None:
        """Send what was loaded. Without the pool's lock: to write under it makes others wait for it.

        One C call on an iterator: a finalizer in this thread finds it done, or does it, and then it is done.
        """
        try:
            self._written.extend(self._flight)
        except OSError:  # it is not there any more, as who waits for its answer will see
            self._written = [0, 0]  # the permits that are left tell what it has not begun

    def _sent_all(self) -> None:
        """See to it that what was loaded has been sent."""
        if self._sender == get_ident():
            self.send()
        while len(self._written) < 2:
            sleep(0)

    def call_back(self) -> bool:
        """Take back what the worker has not begun. Returns whether that is all."""
        self.most = 0
        self._sent_all()
        back: list[Job] = []
        waiting = len(self._sent) - (self._current is not None)
        if self._sent and not self._shut and not self.closed:
            free = self._permits.take(len(self._sent))
            if free > waiting:  # the run whose turn it is has not begun: it may
                self._permits.give(1)
            if free:
                self._shut = True
                count = min(free, waiting)
                with suppress(OSError, ValueError):  # it is not there any more
                    self._orders.send(_FORGET + str(count).encode())
                for _ in range(count):
                    job, size = self._sent.pop()
                    self._bytes -= size
                    back.append(job)
        back.reverse()
        back.extend(self._unsent)
        self._unsent.clear()
        self._back += back
        return len(self._sent) == (self._current is not None)

    def close(self) -> bool:
        """The same, before the worker is told to end: it gets nothing more.

        Returns whether it may be told: not where it has begun what comes next.
        """
        self.closed = self.call_back() or self.closed
        return self.closed

    def end(self) -> None:
        """The same, as the worker has ended. Its pipes are not used any more."""
        self.call_back()
        self.closed = True

    def returned(self) -> list[Job]:
        """Those that were called back since the last time."""
        back, self._back = self._back, []
        return back

    def forgotten(self) -> None:
        """The worker has forgotten what was called back."""
        self._shut = False

    def judge(self, short: bool) -> None:
        """Adapt `most` after a run."""
        self.most = min(self.most * 2 or 1, _DEEPEST) if short else 0


class Taking:
    """The worker's side: which order is next. It has the face of a Receiver.

    Arguments:
        orders: where they come from.
        permits: see Permits.
        forgotten: called where orders were forgotten.
    """

    def __init__(self, orders: Receiver, permits: Permits, forgotten: Callable[[], object]) -> None:
        self._receive = orders.receive
        self._permits = permits
        self._forgotten = forgotten
        self._held: deque[bytes | memoryview] = deque()

    def receive(self) -> bytes | memoryview:
        """The order that may begin now."""
        while True:
            if self._held and self._permits.take(1):
                return self._held.popleft()
            data = self._receive()  # where there is no permit, word comes
            kind = bytes(data[:1])
            if kind == _AHEAD:
                self._held.append(data[1:])
            elif kind == _FORGET:
                for _ in range(int(bytes(data[1:]))):
                    self._held.pop()
                self._forgotten()
            else:
                return data
