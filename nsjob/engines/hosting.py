"""What hosts share whose workers are talked to over pipes: a pool thread sends an order and hears the answer.

Workers are used again, the last one first; one that was told to end is not. What a worker is, a process or an
interpreter, is for those who derive from this.
"""

from __future__ import annotations

import logging
import pickle
import threading
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

from nsjob.engines.ahead import BESIDE, ROOM, Ahead
from nsjob.engines.messages import MESSAGE, Answer, Failed, Forgotten
from nsjob.engines.orders import heard, order, order_ahead, outcome
from nsjob.engines.pipes import Receiver, Sender
from nsjob.errors import OptionError, WorkerLost
from nsjob.pool.engine import Interrupt, Run
from nsjob.pool.runs import HOST
from nsjob.pool.work import Hosted, Script, Work

if TYPE_CHECKING:
    from nsjob.engines.thread import Place
    from nsjob.pool.core import Core
    from nsjob.pool.job import Job

__all__ = ["PipedWorker", "WorkerHost"]


class PipedWorker(Protocol):
    """What does one run after the other.

    Attributes:
        orders, answers: the pipe to it and the one from it.
        lock: held while `run` changes, and while the worker is told to end because of a run.
        run: the one that it does.
        defined: how many of the pool's definitions it has.
        runs: how many it has done.
        asked: when it was asked to end; 0 where it was not.
        busy: whether it is at work.
        ahead: what it is sent ahead of its turn; None where it takes nothing.
        broken: whether it is not to be used again.
    """

    orders: Sender
    answers: Receiver
    lock: threading.Lock
    run: Run | None
    defined: int
    runs: int
    asked: float
    busy: bool
    ahead: Ahead | None
    broken: bool

    def end(self, forced: bool) -> None:
        """Ask it to end, or end it. Never blocks."""

    def bury(self) -> object:
        """Close the pipes and let go of it."""


class _Gone(Exception):
    """The worker ended, and nobody had told it to."""


W = TypeVar("W", bound=PipedWorker)
_logger = logging.getLogger("nsjob")
_SHORT = 0.005  # seconds: after a run of less, more orders are sent ahead


class WorkerHost(ABC, Generic[W]):
    """The workers of one queue.

    Arguments:
        core, queue: whose.
        most: after how many runs a worker is replaced; 0 for never.
    """

    kind: str  # the engine's name

    def __init__(self, core: Core, queue: str, most: int = 0) -> None:
        self._core = core
        self._queue = queue
        self._most = most
        self._lock = threading.Lock()
        self._closing = threading.Lock()  # who closes it again waits for who closed it first
        self._idle: list[W] = []
        self._closed = False

    @abstractmethod
    def _fresh(self) -> W:
        """Start a worker."""

    @abstractmethod
    def _lost(self, run: Run, worker: W) -> WorkerLost:
        """What became of a worker whose pipe ended under a run."""

    def _outcome(self, run: Run, answer: Answer) -> Any:
        return outcome(run, answer)

    # -- the Host protocol ---------------------------------------------------------------------------------------

    def check(self, work: Work) -> None:
        """Only Python runs there."""
        if type(work) is Script:
            raise OptionError(f"queue {self._queue} has the {self.kind} engine, which runs Python: Tcl needs threads")

    def perform(self, run: Run, work: Work) -> Any:
        """Have a worker do the run."""
        place: Place = run.slot
        ahead: Ahead | None = place.ahead
        data: bytes | None = None
        known = 0
        if ahead is None or not ahead.holds(run.job):
            data, known = order(run, work, len(self._core.definitions.sources))  # this fails before it costs a worker
        shielded = place.shield()
        try:
            worker = self._worker() if ahead is None else cast(W, ahead.worker)
            if data is not None and worker.defined != known:
                data, worker.defined = order(run, work, worker.defined)
            if not worker.runs:
                self._core.locked(self._core.restart_limit, run)
            worker.run = run
            run.remote = worker
            pid = getattr(worker, "pid", 0)
            if pid:
                run.job._ran_at = HOST, pid
            usable = False
            try:
                answer = self._converse(run, worker, data)
                usable = not _spent(answer)
            except _Gone:
                if worker.ahead is not None:  # before it is buried: whoever calls back uses its pipes
                    self._core.locked(worker.ahead.end)
                raise self._lost(run, worker) from None
            except BaseException:  # what it says next would be taken for the answer of another run
                if worker.ahead is not None:
                    self._core.locked(worker.ahead.end)
                with worker.lock:
                    worker.asked = worker.asked or self._core.now()
                    worker.end(forced=True)
                worker.answers.close()
                raise
            finally:
                with worker.lock:  # who is about to end it because of this run has done so, or does not
                    worker.run = run.remote = None
                    usable = usable and not worker.asked
                worker.runs += 1
                worker.broken = worker.broken or not usable
                if place.ahead is None:
                    self._put_back(worker, not worker.broken)
                elif worker.broken:
                    self._core.locked(place.ahead.call_back)
        finally:
            if shielded:
                place.unshield()
        return self._outcome(run, answer)

    def interrupt(self, run: Run, reason: Interrupt) -> bool:
        """End the worker: gently at first, then not."""
        worker: W | None = run.remote
        if worker is None:
            return False
        now = self._core.now()
        with worker.lock:
            if worker.run is run and not self._over(worker):
                if not worker.asked:
                    worker.asked = now
                    worker.end(forced=False)
                elif now - worker.asked >= self._core.settings.grace:
                    worker.end(forced=True)
        self._settle(run, worker)
        return True

    def abandon(self, run: Run) -> None:
        """End the worker by all means."""
        worker: W | None = run.remote
        if worker is not None:
            with worker.lock:
                if worker.run is run and not self._over(worker):
                    worker.asked = worker.asked or self._core.now()
                    worker.end(forced=True)
            self._settle(run, worker)

    def _settle(self, run: Run, worker: W) -> None:
        """What was called back from the worker waits in its queue again."""
        if worker.ahead is not None:
            self._core.locked(self._core.recall_returned, run.slot)

    def _over(self, worker: W) -> bool:
        """Whether the worker has begun what comes after its run. What it has not begun is called back for good."""
        return worker.ahead is not None and not self._core.locked(worker.ahead.close)

    def park(self, ahead: Ahead) -> bool:
        """A place has nothing more for the worker that it kept: let others have it. Under the pool's lock.

        Returns whether that was all; else `release` is to be called.
        """
        worker = cast(W, ahead.worker)
        queue = self._core.queues.get(self._queue)
        if worker.broken or queue is None or queue.host is not cast(Any, self) or queue.req == "delete":
            return False
        with self._lock:
            if not self._closed:
                self._idle.append(worker)
                return True
        return False

    def release(self, ahead: Ahead) -> None:
        """The same, without the lock, where the worker may have to end."""
        worker = cast(W, ahead.worker)
        self._put_back(worker, not worker.broken)

    def close(self, timeout: float | None) -> None:
        """End the idle workers; those at work end with their runs."""
        with self._closing:
            with self._lock:
                self._closed = True
                idle, self._idle = self._idle, []
            for worker in idle:
                self._discard(worker)

    # -- workers -------------------------------------------------------------------------------------------------

    def _worker(self) -> W:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._fresh()

    def _converse(self, run: Run, worker: W, data: bytes | None) -> Answer:
        """Send the order, where it was not sent ahead, and hear the answer."""
        worker.busy = True
        began = time.monotonic()
        ahead = worker.ahead
        if data is not None:
            try:
                worker.orders.send(data)
            except (OSError, ValueError):
                raise _Gone from None
        if ahead is not None and (data is None or len(data) < BESIDE):
            self._send_ahead(run, worker, ahead)
        while True:
            try:
                received = worker.answers.receive()
            except (EOFError, OSError, ValueError):
                raise _Gone from None
            said = received[0] == MESSAGE[0]
            try:
                message = pickle.loads(received[1:] if said else received)
            except BaseException as error:  # a value that cannot be made again here
                if said:
                    _logger.warning("what job %s said on its way cannot be made again here: %s", run.job.id, error)
                    continue
                message = Failed(error, None)
            if not said:
                worker.busy = False
                if ahead is not None:
                    ahead.judge(time.monotonic() - began < _SHORT)
                return message  # type: ignore[no-any-return]
            if type(message) is Forgotten and ahead is not None:
                self._core.locked(ahead.forgotten)
            else:
                heard(run, message)

    def _send_ahead(self, run: Run, worker: W, ahead: Ahead) -> None:
        """Send orders of the jobs that are next, so that the worker has something to do when this one ends."""
        place: Place = run.slot
        core = self._core
        if place.ahead is None:
            queue = run.job._queue
            if not ahead.most or not queue.backlog.first:
                return
            core.locked(core.prefetch, place, queue, ahead)
        jobs: list[Job] = core.locked(ahead.unsent) if ahead.waits else []
        if not jobs or worker.defined != len(core.definitions.sources):
            return
        orders: list[bytes] = []
        size = 0
        for job in jobs:
            data = order_ahead(job, cast(Hosted, job._work).work, worker.defined)
            if data is None:
                break
            orders.append(data)
            size += len(data)
            if size > ROOM:
                break
        if orders and core.locked(ahead.load, jobs, orders):
            ahead.send()

    def _put_back(self, worker: W, usable: bool) -> None:
        queue = self._core.queues.get(self._queue)
        usable = usable and not (self._most and worker.runs >= self._most)
        if queue is None or queue.host is not cast(Any, self) or queue.req == "delete":
            self.close(0)
        with self._lock:
            if usable and not self._closed:
                self._idle.append(worker)
                return
        self._discard(worker)

    def _discard(self, worker: W) -> None:
        worker.bury()


def _spent(answer: Answer) -> bool:
    """Whether the worker had better not be used again."""
    return type(answer) is Failed and isinstance(answer.error, MemoryError | SystemExit | KeyboardInterrupt)
