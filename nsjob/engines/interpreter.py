"""The interpreter engine: a pool thread stands for each run, and an interpreter with its own GIL does it.

Each interpreter has a thread that stays in it, fed over pipes: to enter one for each run costs several times as much.
To end a run is to raise an exception in it. An interpreter that was interrupted is not used again; one whose body does
not heed that is abandoned with its thread.
"""

from __future__ import annotations

import atexit
import itertools
import os
import sys
import threading
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nsjob.engines.ahead import Ahead, Permits
from nsjob.engines.hosting import WorkerHost
from nsjob.engines.loading import LOADING
from nsjob.engines.pipes import Receiver, Sender, open_pipes
from nsjob.errors import WorkerLost
from nsjob.pool.engine import EngineKind, Interrupt, Run

if TYPE_CHECKING:
    from nsjob.pool.core import Core

__all__ = ["INTERPRETER", "InterpreterEngine"]

_FIRST = (3, 14)  # the version of Python that has concurrent.interpreters
_LONGEST_CLOSE = 2.0  # seconds; threads that bodies left behind hold an interpreter
_LATE_INTERRUPTS = 3  # that may land in what closes an interpreter
_serial = itertools.count()


class Interpreter:
    """One interpreter, seen from the pool.

    Attributes:
        thread: the one that is in it.
        failure: why it ended where nobody told it to.
    """

    def __init__(self) -> None:
        orders_ends, answers_ends, interrupts_ends, permits_ends = open_pipes(4)
        orders, orders_in = orders_ends
        answers_out, answers = answers_ends
        interrupts, self._interrupts = interrupts_ends
        permits_out, permits_in = permits_ends
        os.set_blocking(self._interrupts, False)
        try:
            self._theirs = (orders, answers, interrupts, os.dup(permits_out))
        except OSError:
            for descriptor in (*orders_ends, *answers_ends, *interrupts_ends, *permits_ends):
                os.close(descriptor)
            raise
        self._permits: tuple[int, ...] = permits_out, permits_in
        self._lock = threading.Lock()
        self.orders = Sender(orders_in)
        self.answers = Receiver(answers_out)
        self.lock = threading.Lock()
        self.run: Run | None = None
        self.defined = 0
        self.runs = 0
        self.asked = 0.0
        self.busy = False
        self.broken = False
        self.ahead = Ahead(self, self.orders, Permits(permits_out, permits_in))
        self.failure: Exception | None = None
        self.thread = threading.Thread(target=self._live, name=f"nsjob-interpreter-{next(_serial)}", daemon=True)
        try:
            self.thread.start()
        except BaseException:
            self._let_go(*self._theirs)
            self.bury()
            raise

    def end(self, forced: bool) -> None:
        """Have an exception raised in its body. There is nothing stronger."""
        with self._lock:
            if self._interrupts >= 0 and not LOADING.locked():  # it is asked again soon
                try:
                    os.write(self._interrupts, b"!")
                except BlockingIOError:  # it was asked often enough
                    pass

    def bury(self) -> None:
        """Close the pipes: it ends when its body does."""
        self.orders.close()
        self.answers.close()
        for descriptor in self._permits:
            os.close(descriptor)
        self._permits = ()

    def _live(self) -> None:
        """Make the interpreter, stay in it, and close it."""
        from concurrent import interpreters  # type: ignore[attr-defined]

        try:
            made = interpreters.create()
        except Exception as error:
            self.failure = error
            self._let_go(*self._theirs)
            return
        try:
            with LOADING:
                made.exec("import ctypes")
            made.exec(_prelude(*self._theirs))
        except Exception as error:
            self.failure = error
            self._let_go(*self._theirs)
        else:
            self._stay(made, interpreters.ExecutionFailed)
        made.close()

    def _stay(self, made: Any, failed: type[Exception]) -> None:
        try:
            made.exec("far.serve()")
        except failed as error:
            self.failure = error
        self._let_go()
        for _ in range(_LATE_INTERRUPTS):
            try:
                made.exec("far.close()")
                return
            except failed:
                continue

    def _let_go(self, *descriptors: int) -> None:
        """Take no more interrupts, and close descriptors that the other side did not get."""
        with self._lock:
            os.close(self._interrupts)
            self._interrupts = -1
        for descriptor in descriptors:
            os.close(descriptor)


def _prelude(orders: int, answers: int, interrupts: int, permits: int) -> str:
    """What an interpreter begins with: it imports what this one could import."""
    path = [part or os.getcwd() for part in sys.path]
    return (
        f"import sys\nsys.path[:] = {path!r}\n"
        "from nsjob.engines.isolated import Isolated\n"
        f"far = Isolated({orders}, {answers}, {interrupts}, {permits})"
    )


class InterpreterEngine(WorkerHost[Interpreter]):
    """The interpreters of one queue."""

    kind = "interpreter"
    prefetches = True

    def __init__(self, core: Core, queue: str, options: Mapping[str, Any]) -> None:
        super().__init__(core, queue)
        self._ending: list[Interpreter] = []
        atexit.register(_close_at_exit, weakref.ref(self))

    def _fresh(self) -> Interpreter:
        return Interpreter()

    def interrupt(self, run: Run, reason: Interrupt) -> bool:
        """Raise the exception, each time again: bodies swallow some."""
        self.abandon(run)
        return run.remote is not None

    def _lost(self, run: Run, worker: Interpreter) -> WorkerLost:
        return WorkerLost(f"the interpreter of job {run.job.id} ended: {worker.failure}")

    def _discard(self, worker: Interpreter) -> None:
        super()._discard(worker)
        with self._lock:
            self._ending = [one for one in self._ending if one.thread.is_alive()]
            self._ending.append(worker)

    def close(self, timeout: float | None) -> None:
        """Close the idle interpreters, and wait for those that end; those at work end with their runs."""
        super().close(timeout)
        with self._lock:
            ending = list(self._ending)
        for one in ending:
            one.thread.join(_LONGEST_CLOSE if timeout is None else min(timeout, _LONGEST_CLOSE))


def _close_at_exit(reference: weakref.ref[InterpreterEngine]) -> None:
    engine = reference()
    if engine is not None:
        engine.close(_LONGEST_CLOSE)


def _missing() -> str:
    if sys.version_info < _FIRST:
        return f"needs Python {'.'.join(map(str, _FIRST))}; this is {'.'.join(map(str, sys.version_info[:3]))}"
    from importlib.util import find_spec

    absent = [name for name in ("cloudpickle", "tblib") if find_spec(name) is None]
    return f"pip install 'nsjob[process]' ({', '.join(absent)})" if absent else ""


INTERPRETER = EngineKind(
    InterpreterEngine,
    {},
    "an interpreter with a GIL and a thread of its own (Python 3.14): for CPU work, isolated",
    _missing,
)
