"""The process engine: a pool thread stands for each run, and a worker process does it.

Workers are started by exec, which is safe beside threads and does not run the program's main module again; they are
used again, the last one first. To end a run is to end its worker: SIGTERM, and SIGKILL when the grace period is over.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

from nsjob.engines.messages import Done, Failed, Sleepy
from nsjob.engines.orders import heard, order, outcome
from nsjob.engines.sizes import size
from nsjob.engines.worker import receive, send
from nsjob.errors import OptionError, WorkerLost
from nsjob.pool.engine import EngineKind, Interrupt, Run
from nsjob.pool.options import count
from nsjob.pool.work import Script, Work

if TYPE_CHECKING:
    from nsjob.engines.thread import Place
    from nsjob.pool.core import Core

__all__ = ["PROCESS", "ProcessEngine"]

_LONGEST_LOG = 1_000
_PLAIN = (str, int, float, bool, bytes, type(None))


class Nursery:
    """The process that forks the workers of all pools of this process; see nursery.py."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def spawn(self, orders: int, answers: int, maxmem: int) -> int:
        """Fork a worker that has these two descriptors, and return its pid."""
        with self._lock:
            try:
                return self._spawn(orders, answers, maxmem)
            except OSError:  # somebody killed it
                self._control = None
                return self._spawn(orders, answers, maxmem)

    def _spawn(self, orders: int, answers: int, maxmem: int) -> int:
        control = self._started()
        socket.send_fds(control, [b"spawn %d" % maxmem], [orders, answers])
        return self._answer(control)

    def status(self, pid: int) -> int:
        """The exit code of a worker that ends or has ended."""
        with self._lock:
            if self._control is None:
                return 255
            try:
                self._control.send(b"wait %d" % pid)
                return self._answer(self._control)
            except OSError:
                self._control = None
                return 255

    @staticmethod
    def _answer(control: socket.socket) -> int:
        answer = control.recv(64)
        if not answer:
            raise ConnectionResetError("the nursery of worker processes is gone")
        return int(answer)

    def _started(self) -> socket.socket:
        if self._control is None or self._owner != os.getpid():
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "nsjob.engines.nursery", str(theirs.fileno())],
                    pass_fds=(theirs.fileno(),),
                    stdin=subprocess.DEVNULL,
                    env=_environment(),
                )
            self._control, self._owner = ours, os.getpid()
        return self._control


NURSERY = Nursery()


class Worker:
    """One worker process, seen from the pool."""

    def __init__(self, maxmem: int) -> None:
        orders, orders_in = os.pipe()
        answers_out, answers = os.pipe()
        try:
            self.pid = NURSERY.spawn(orders, answers, maxmem)
        except BaseException:
            os.close(orders_in)
            os.close(answers_out)
            raise
        finally:
            os.close(orders)
            os.close(answers)
        self.orders: BinaryIO = os.fdopen(orders_in, "wb")
        self.answers: BinaryIO = os.fdopen(answers_out, "rb")
        self.defined = 0  # how many of the pool's definitions it has
        self.runs = 0
        self.asked = 0.0  # when it was asked to end
        self.busy = False
        self.buried: int | None = None

    def end(self, forced: bool) -> None:
        """Ask it to end, or end it."""
        if self.buried is None:
            try:
                os.kill(self.pid, signal.SIGKILL if forced else signal.SIGTERM)
            except ProcessLookupError:
                pass

    def bury(self) -> int:
        """Close the pipes, see that it ends, and return its exit code."""
        if self.buried is None:
            for pipe in (self.orders, self.answers):
                try:
                    pipe.close()
                except OSError:  # what it was not sent any more
                    pass
            if self.busy:  # an idle one ends by itself when its pipe does
                self.end(forced=True)
            self.buried = NURSERY.status(self.pid)
        return self.buried


def _environment() -> dict[str, str]:
    """The environment of a worker: it imports what this process could import."""
    path = os.pathsep.join(part or os.getcwd() for part in sys.path)
    return {**os.environ, "PYTHONPATH": path}


class ProcessEngine:
    """The worker processes of one queue.

    Arguments:
        options: maxmem (bytes of address space that a worker may take), jobsperworker (a worker ends after so many).
    """

    def __init__(self, core: Core, queue: str, options: Mapping[str, Any]) -> None:
        self._core = core
        self._queue = queue
        self._maxmem = options.get("maxmem", 0)
        self._most = options.get("jobsperworker", 0)
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._closed = False

    def check(self, work: Work) -> None:
        """Only Python runs in another process."""
        if type(work) is Script:
            raise OptionError(f"queue {self._queue} has the process engine, which runs Python: Tcl needs threads")

    def perform(self, run: Run, work: Work) -> Any:
        """Have a worker do the run."""
        place: Place = run.slot
        data, known = order(run, work, len(self._core.definitions.sources))  # what cannot be pickled costs no worker
        shielded = place.shield()
        try:
            worker = self._worker()
            if worker.defined != known:
                data, worker.defined = order(run, work, worker.defined)
            if not worker.runs:
                self._core.locked(self._core.restart_limit, run)
            run.remote = worker
            usable = False
            try:
                answer = self._converse(run, worker, data)
                usable = not worker.asked and not _spent(answer)
            except (EOFError, OSError):
                raise self._lost(run, worker) from None
            finally:
                run.remote = None
                worker.runs += 1
                self._put_back(worker, usable)
        finally:
            if shielded:
                place.unshield()
        return outcome(run, answer)

    def _converse(self, run: Run, worker: Worker, data: bytes) -> Any:
        worker.busy = True
        send(worker.orders, data)
        while True:
            message = pickle.loads(receive(worker.answers))
            kind = type(message)
            if kind is Done or kind is Failed or kind is Sleepy:
                worker.busy = False
                return message
            heard(run, message)

    # -- workers -------------------------------------------------------------------------------------------------

    def _worker(self) -> Worker:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return Worker(self._maxmem)

    def _put_back(self, worker: Worker, usable: bool) -> None:
        queue = self._core.queues.get(self._queue)
        usable = usable and not (self._most and worker.runs >= self._most)
        if queue is None or queue.req == "delete":
            self.close(0)
        with self._lock:
            if usable and not self._closed:
                self._idle.append(worker)
                return
        worker.bury()

    def _lost(self, run: Run, worker: Worker) -> WorkerLost:
        status = worker.bury()
        if status >= 0:
            return WorkerLost(f"the worker process of job {run.job.id} ended with exit code {status}")
        name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
        why = " (out of memory?)" if name == "SIGKILL" else ""
        return WorkerLost(f"the worker process of job {run.job.id} was killed by {name}{why}")

    # -- the Host protocol ---------------------------------------------------------------------------------------

    def interrupt(self, run: Run, reason: Interrupt) -> bool:
        """End the worker: gently at first, then not."""
        worker: Worker | None = run.remote
        if worker is None:
            return False
        now = self._core.now()
        if not worker.asked:
            worker.asked = now
            worker.end(forced=False)
        elif now - worker.asked >= self._core.settings.grace:
            worker.end(forced=True)
        return True

    def abandon(self, run: Run) -> None:
        """Kill the worker."""
        worker: Worker | None = run.remote
        if worker is not None:
            worker.asked = worker.asked or self._core.now()
            worker.end(forced=True)

    def close(self, timeout: float | None) -> None:
        """End the idle workers; those at work end with their runs."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.bury()


def _spent(answer: Any) -> bool:
    """Whether the worker had better not be used again."""
    return type(answer) is Failed and isinstance(answer.error, MemoryError | SystemExit | KeyboardInterrupt)


def _missing() -> str:
    if os.name != "posix":
        return "it needs a POSIX system (Linux, macOS)"
    from importlib.util import find_spec

    absent = [name for name in ("cloudpickle", "tblib") if find_spec(name) is None]
    return f"pip install 'nsjob[process]' ({', '.join(absent)})" if absent else ""


PROCESS = EngineKind(
    ProcessEngine,
    {"maxmem": size, "jobsperworker": lambda name, value: count(name, value, 1)},
    "a worker process: for CPU work that must be killable or limited in memory",
    _missing,
)
