"""The process engine: a pool thread stands for each run, and a worker process does it.

Workers are started by exec, which is safe beside threads and does not run the program's main module again; they are
used again, the last one first. To end a run is to end its worker: SIGTERM, and SIGKILL when the grace period is over.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nsjob.engines.ahead import Ahead, Permits
from nsjob.engines.hosting import WorkerHost
from nsjob.engines.messages import Answer, Failed
from nsjob.engines.pipes import Receiver, Sender, open_pipes
from nsjob.engines.sizes import size
from nsjob.errors import WorkerLost
from nsjob.pool.engine import EngineKind, Run
from nsjob.pool.options import count

if TYPE_CHECKING:
    from nsjob.pool.core import Core

__all__ = ["PROCESS", "ProcessEngine"]


class Nursery:
    """The process that forks the workers of all pools of this process; see nursery.py."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def spawn(self, descriptors: list[int], maxmem: int) -> int:
        """Fork a worker that has these descriptors, and return its pid."""
        with self._lock:
            try:
                return self._spawn(descriptors, maxmem)
            except OSError:  # somebody killed it
                self._control = None
                return self._spawn(descriptors, maxmem)

    def _spawn(self, descriptors: list[int], maxmem: int) -> int:
        control = self._started()
        socket.send_fds(control, [b"spawn %d" % maxmem], descriptors)
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

    def close(self) -> None:
        """End it, with the program."""
        with self._lock:
            control, self._control = self._control, None
            if control is not None:
                control.close()
                if self._process is not None and self._owner == os.getpid():
                    self._process.kill()
                    self._process.wait()

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
atexit.register(NURSERY.close)


class Worker:
    """One worker process, seen from the pool."""

    def __init__(self, maxmem: int) -> None:
        (orders, orders_in), (answers_out, answers), permits_ends = open_pipes(3)
        self._permits: tuple[int, int] = permits_ends
        permits = Permits(*self._permits)
        try:
            self.pid = NURSERY.spawn([orders, answers, self._permits[0]], maxmem)
        except BaseException:
            for descriptor in (orders_in, answers_out, *self._permits):
                os.close(descriptor)
            raise
        finally:
            os.close(orders)
            os.close(answers)
        self.orders = Sender(orders_in)
        self.answers = Receiver(answers_out)
        self.lock = threading.Lock()
        self.run: Run | None = None
        self.defined = 0  # how many of the pool's definitions it has
        self.runs = 0
        self.asked = 0.0  # when it was asked to end
        self.busy = False
        self.ahead = Ahead(self, self.orders, permits)
        self.broken = False
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
            self.orders.close()
            self.answers.close()
            for descriptor in self._permits:
                os.close(descriptor)
            if self.busy:  # an idle one ends by itself when its pipe does
                self.end(forced=True)
            self.buried = NURSERY.status(self.pid)
        return self.buried


def _environment() -> dict[str, str]:
    """The environment of a worker: it imports what this process could import."""
    path = os.pathsep.join(part or os.getcwd() for part in sys.path)
    return {**os.environ, "PYTHONPATH": path}


class ProcessEngine(WorkerHost[Worker]):
    """The worker processes of one queue.

    Arguments:
        options: maxmem (bytes of address space that a worker may take), jobsperworker (a worker ends after so many).
    """

    kind = "process"

    def __init__(self, core: Core, queue: str, options: Mapping[str, Any]) -> None:
        super().__init__(core, queue, options.get("jobsperworker", 0))
        self._maxmem = options.get("maxmem", 0)
        self.prefetches = not self._most  # what a worker was handed would have to be counted, too

    def _fresh(self) -> Worker:
        return Worker(self._maxmem)

    def _lost(self, run: Run, worker: Worker) -> WorkerLost:
        status = worker.bury()
        if status >= 0:
            return WorkerLost(f"the worker process of job {run.job.id} ended with exit code {status}")
        name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
        why = " (out of memory?)" if name == "SIGKILL" else ""
        return WorkerLost(f"the worker process of job {run.job.id} was killed by {name}{why}")

    def where(self, run: Run) -> str:
        """The worker process at work."""
        worker: Worker | None = run.remote
        return f"worker process {worker.pid}" if worker is not None else ""

    def _outcome(self, run: Run, answer: Answer) -> Any:
        if self._maxmem and type(answer) is Failed and isinstance(answer.error, MemoryError) and not answer.error.args:
            answer.error.args = ("the job took more memory than its worker process may have (-maxmem)",)
        return super()._outcome(run, answer)


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
