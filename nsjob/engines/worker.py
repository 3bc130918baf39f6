"""A worker process, forked by the nursery: it does one run after the other.

Orders and answers are pickles behind their length, on two descriptors of its own. It ends when the pipe does.
"""

from __future__ import annotations

import builtins
import io
import os
import pickle
import sys
import threading
import time
from _thread import get_ident
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from nsjob.engines.messages import Done, Failed, Line, Order, Printed, Progress, Sleepy
from nsjob.errors import CannotPickle, NsjobError
from nsjob.pool.context import PLACES, JobContext, Snoozed
from nsjob.snippet import Ending, Snippet, is_coroutine

if TYPE_CHECKING:
    from nsjob.pool.engine import Run

__all__ = ["receive", "send", "serve"]

_LENGTH = 8
_LOOK = 1.0  # seconds between two looks whether the parent is still there
_KEPT = 1024  # compiled snippets


def send(pipe: BinaryIO, data: bytes) -> None:
    """Write one message."""
    pipe.write(len(data).to_bytes(_LENGTH, "big") + data)
    pipe.flush()


def receive(pipe: BinaryIO) -> bytes:
    """Read one message.

    Raises:
        EOFError: the other side is gone.
    """
    head = pipe.read(_LENGTH)
    if len(head) < _LENGTH:
        raise EOFError
    size = int.from_bytes(head, "big")
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return data


class Worker:
    """What one worker process keeps between two runs."""

    def __init__(self, orders: BinaryIO, answers: BinaryIO) -> None:
        self._orders = orders
        self._answers = answers
        self._writing = threading.Lock()
        self._namespace: dict[str, Any] = {"__name__": "__nsjob__", "__builtins__": vars(builtins)}
        self._snippets: dict[tuple[str, str], Snippet] = {}

    def serve(self) -> None:
        """Do what comes, until nothing can come any more."""
        while True:
            try:
                data = receive(self._orders)
            except EOFError:
                return
            try:
                order: Order = pickle.loads(data)
                answer = self._answer(order)
            except BaseException as error:  # whatever a body does, the worker goes on
                answer = self._failed(error)
            self._hand_over(answer)

    def tell(self, message: Any) -> None:
        """Send something on the way."""
        with self._writing:
            send(self._answers, pickle.dumps(message, pickle.HIGHEST_PROTOCOL))

    def _answer(self, order: Order) -> Any:
        for source in order.definitions:
            Snippet(source).run(self._namespace)
        run = _Run(self, order)
        ident = get_ident()
        PLACES[ident] = run
        before = sys.stdout, sys.stderr
        if order.captured:
            sys.stdout = sys.stderr = _Printer(self)
        try:
            value = self._perform(order, run)
            if is_coroutine(value):
                import asyncio  # late: only who awaits pays for it

                value = asyncio.run(value)
        except Snoozed:
            return Sleepy(run.snoozed)
        finally:
            PLACES.pop(ident, None)
            sys.stdout, sys.stderr = before
        return Done(value.value, value.code) if isinstance(value, Ending) else Done(value, None)

    def _perform(self, order: Order, run: _Run) -> Any:
        if order.call is not None:
            function, arguments, keywords = pickle.loads(order.call)
            return function(*arguments, **keywords)
        assert order.source is not None
        key = (order.source, order.filename)
        snippet = self._snippets.get(key)
        if snippet is None:
            if len(self._snippets) >= _KEPT:
                self._snippets.clear()
            snippet = self._snippets[key] = Snippet(order.source, order.filename)
        namespace = self._namespace.copy()
        if snippet.needs_job:
            namespace["job"] = JobContext(cast("Run", run))  # it has what a context asks of a Run
            if snippet.needs_builtins:
                namespace["__builtins__"] = vars(builtins).copy()
        if order.variables:
            namespace.update(order.variables)
        return snippet.run(namespace)

    def _failed(self, error: BaseException) -> Failed:
        from tblib import Traceback  # late: only failures pay for it

        step = error.__traceback__
        while step is not None and str(step.tb_frame.f_globals.get("__name__", "")).startswith("nsjob."):
            step = step.tb_next
        error.__traceback__ = None
        return Failed(error, Traceback(step).to_dict() if step is not None else None)

    def _hand_over(self, answer: Any) -> None:
        try:
            data = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
            if isinstance(answer, Failed):
                pickle.loads(data)  # exceptions that ask for arguments which they do not keep
        except Exception as error:
            data = self._dumped(answer, error)
        try:
            with self._writing:
                send(self._answers, data)
        except OSError:  # nobody listens any more
            os._exit(1)

    def _dumped(self, answer: Any, error: Exception) -> bytes:
        import cloudpickle  # late: only what plain pickle cannot do

        try:
            data: bytes = cloudpickle.dumps(answer)
            pickle.loads(data)
        except Exception:
            if isinstance(answer, Failed):
                shown = f"{type(answer.error).__name__}: {answer.error}"
                failed = Failed(
                    NsjobError(f"the job failed with an exception that cannot be pickled: {shown}"), answer.traceback
                )
            else:
                kind = type(answer.value).__name__
                failed = Failed(CannotPickle(f"the job's result ({kind}) cannot be pickled: {error}"), None)
            data = pickle.dumps(failed, pickle.HIGHEST_PROTOCOL)
        return data


class _Run:
    """What a JobContext asks of a Run, for the process that does it."""

    reason = None
    run = None
    lost = False

    def __init__(self, worker: Worker, order: Order) -> None:
        self._worker = worker
        self.attempt = order.attempt
        self.snoozed = 0.0
        options = SimpleNamespace(input=order.input)
        self.job = SimpleNamespace(id=order.id, _queue=SimpleNamespace(name=order.queue), options=options)
        self.core = self

    def the_run(self) -> _Run:
        return self

    def guarded(self, action: Any, *arguments: Any) -> Any:
        return action(*arguments)

    def progress(self, run: _Run, done: float, total: float | None, note: str) -> None:
        self._worker.tell(Progress(done, total, note))

    def note_line(self, run: _Run, line: str, longest: int) -> None:
        self._worker.tell(Line(line))

    def shield(self) -> bool:
        return False


class _Printer(io.TextIOBase):
    """A text stream whose text goes to the pool."""

    encoding = "utf-8"

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if text:
            self._worker.tell(Printed(text))
        return len(text)

    def writable(self) -> bool:
        return True


def _leave_with(parent: int) -> None:
    """End the process when its parent is gone, whatever its body does."""
    while os.getppid() == parent:
        time.sleep(_LOOK)
    os._exit(1)


def _limit_memory(most: int) -> None:
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def serve(orders: int, answers: int, parent: int, maxmem: int) -> None:
    """Serve one pool, in a process that was forked for it, and end that.

    Arguments:
        orders, answers: the descriptors.
        parent: the process without which this one ends.
        maxmem: bytes of address space; 0 for no limit.
    """
    if maxmem:
        _limit_memory(maxmem)
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    with os.fdopen(orders, "rb") as incoming, os.fdopen(answers, "wb") as outgoing:
        Worker(incoming, outgoing).serve()
    os._exit(0)  # threads that bodies left behind do not hold the process
