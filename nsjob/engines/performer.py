"""The far side: does orders in another process or interpreter, and makes what goes back."""

from __future__ import annotations

import builtins
import os
import pickle
import sys
from _thread import get_ident
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from nsjob.engines.messages import Answer, Beat, Failed, Line, Order, Printed, Progress, Sleepy
from nsjob.errors import CannotPickle, NsjobError
from nsjob.pool.context import PLACES, JobContext, Requeued, Snoozed, Succeeded
from nsjob.pool.output import wrap
from nsjob.snippet import Ending, Snippet, is_coroutine

if TYPE_CHECKING:
    from nsjob.pool.engine import Run

__all__ = ["Performer", "dumped", "failed"]

_KEPT = 1024  # compiled snippets


class Performer:
    """What one place keeps between two runs: the namespace that definitions made, and compiled snippets.

    Arguments:
        tell: called with what a body says on its way: Progress, Line, Printed.
    """

    def __init__(self, tell: Callable[[Any], None]) -> None:
        self.tell = tell
        self.alone = False  # whether this process has no other bodies, so that it can change its current directory
        self.defined = 0  # how many definitions have been executed here
        self._namespace: dict[str, Any] = {"__name__": "__nsjob__", "__builtins__": vars(builtins)}
        self._snippets: dict[tuple[str, str], Snippet] = {}
        self.inside = 0  # the thread that is in a body
        self._task: Any = None  # of a body that is a coroutine, until it was cancelled

    def answer(self, order: Order) -> Answer:
        """Do one run. Whatever its body does, this returns."""
        try:
            return self._answer(order)
        except BaseException as error:
            return failed(error)

    def speaking(self, tell: Callable[[Any], None]) -> Performer:
        """One with the same definitions whose bodies speak elsewhere."""
        made = Performer(tell)
        made.defined = self.defined
        made._namespace = self._namespace
        made._snippets = self._snippets
        return made

    def define(self, order: Order) -> None:
        """Execute the definitions of an order that are new here.

        Raises:
            NsjobError: others are missing that came before them.
        """
        if order.first > self.defined:
            raise NsjobError(f"{order.first - self.defined} of the pool's definitions have not come to this process")
        self.learn(order.first, order.definitions)

    def learn(self, first: int, definitions: Sequence[str]) -> None:
        """Execute those definitions that are new here.

        Arguments:
            first: how many there are before them.
        """
        for source in definitions[max(self.defined - first, 0) :]:
            Snippet(source).run(self._namespace)
        self.defined = max(self.defined, first + len(definitions))

    def _answer(self, order: Order) -> Answer:
        self.define(order)
        run = _Run(self, order)
        if order.files is not None:
            run.workdir = _made(order)
        ident = get_ident()
        outer = PLACES.get(ident)
        PLACES[ident] = run
        if order.captured:
            wrap()
        here = os.getcwd() if order.workdir and self.alone else ""
        try:
            if here:
                os.chdir(order.workdir)
            self.inside = ident
            value = self._perform(order, run)
            if is_coroutine(value):
                coroutine = value
                try:
                    import asyncio  # late: only who awaits pays for it

                    value = asyncio.run(self._awaited(coroutine))
                finally:
                    coroutine.close()  # it may not have begun
        except Snoozed as left:
            return Sleepy(run.snoozed, isinstance(left, Requeued))
        except Succeeded as ended:
            return ended.value, None
        finally:
            self.inside = 0
            self._task = None
            if outer is None:
                PLACES.pop(ident, None)
            else:
                PLACES[ident] = outer
            if here:
                with suppress(OSError):  # it is not there any more
                    os.chdir(here)
            if order.files is not None and not order.keepdir:
                _removed(run.workdir)
            _flush()
        return (value.value, value.code) if isinstance(value, Ending) else (value, None)

    async def _awaited(self, coroutine: Any) -> Any:
        import asyncio

        self._task = asyncio.current_task()
        return await coroutine

    def cancel_task(self) -> bool:
        """Have the body cancelled, from another thread, where it is a coroutine. Asked again, it says no."""
        task, self._task = self._task, None
        if task is None:
            return False
        try:
            task.get_loop().call_soon_threadsafe(task.cancel)
        except RuntimeError:  # the loop is closed
            return False
        return True

    def _perform(self, order: Order, run: _Run) -> Any:
        if order.call is not None:
            if isinstance(order.call, bytes):
                function, arguments, keywords = pickle.loads(order.call)
            else:
                module, name, arguments, keywords = order.call
                function = getattr(sys.modules.get(module) or import_module(module), name)
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


def _made(order: Order) -> str:
    """Make the working directory of an order, with its files."""
    from nsjob.pool.files import remove_directory, unpack, workdir_path  # late: few jobs have one

    assert order.files is not None
    path = workdir_path(order.workdir, order.queue, order.id)
    try:
        unpack(*order.files, path)
    except BaseException:
        remove_directory(path)
        raise
    return path


def _removed(path: str) -> None:
    from nsjob.pool.files import remove_directory

    remove_directory(path)


def failed(error: BaseException) -> Failed:
    """The answer of a body that raised."""
    from tblib import Traceback  # late: only failures pay for it

    step = error.__traceback__
    while step is not None and str(step.tb_frame.f_globals.get("__name__", "")).startswith("nsjob."):
        step = step.tb_next
    error.__traceback__ = None
    return Failed(error, Traceback(step).to_dict() if step is not None else None)


def dumped(answer: Any) -> bytes:
    """The answer, pickled; where that cannot be, an answer that says so."""
    try:
        data = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
        if type(answer) is Failed:
            pickle.loads(data)  # exceptions that ask for arguments which they do not keep
        return data
    except Exception as error:
        return _dumped_otherwise(answer, error)


def _dumped_otherwise(answer: Any, error: Exception) -> bytes:
    import cloudpickle  # late: only what plain pickle cannot do

    try:
        data = bytes(cloudpickle.dumps(answer))
        pickle.loads(data)
    except Exception:
        if isinstance(answer, Failed):
            shown = f"{type(answer.error).__name__}: {answer.error}"
            instead = Failed(
                NsjobError(f"the job failed with an exception that cannot be pickled: {shown}"), answer.traceback
            )
        else:
            kind = type(answer[0]).__name__
            instead = Failed(CannotPickle(f"the job's result ({kind}) cannot be pickled: {error}"), None)
        data = pickle.dumps(instead, pickle.HIGHEST_PROTOCOL)
    return data


class _Run:
    """What a JobContext asks of a Run, at the far side."""

    reason = None
    lost = False

    def __init__(self, performer: Performer, order: Order) -> None:
        self._performer = performer
        self.attempt = order.attempt
        self.index = order.position
        self.workdir = order.workdir if order.files is None else ""
        self.snoozed = 0.0
        self._order = order
        self.output = _Printer(performer) if order.captured else None

    def the_run(self) -> _Run:
        return self

    @property
    def job(self) -> Any:
        order = self._order
        options = SimpleNamespace(input=order.input)
        return SimpleNamespace(id=order.id, _queue=SimpleNamespace(name=order.queue), options=options)

    # It is its own place, run and core: by properties, for as attributes they would be cycles to collect.
    core = run = property(the_run)

    def guarded(self, action: Any, *arguments: Any) -> Any:
        return action(*arguments)

    def progress(self, run: _Run, done: float, total: float | None, note: str) -> None:
        self._performer.tell(Progress(done, total, note))

    def heartbeat(self, run: _Run) -> None:
        self._performer.tell(Beat())

    def note_line(self, run: _Run, line: str, longest: int) -> None:
        self._performer.tell(Line(line))

    def shield(self) -> bool:
        return False


class _Printer:
    """Where a captured body's prints go: to the pool."""

    def __init__(self, performer: Performer) -> None:
        self._performer = performer

    def write(self, text: str) -> None:
        if text:
            self._performer.tell(Printed(text))


def _flush() -> None:
    """What a body printed that is not captured is seen when it ends, not when this process or interpreter does."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):  # there is none, or nobody reads it, or a body closed it
            pass
