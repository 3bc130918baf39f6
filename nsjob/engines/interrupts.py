"""Interrupting a thread: how an exception gets into a job's body and nowhere else.

PyThreadState_SetAsyncExc leaves an exception pending in a thread, which raises it at one of its next byte codes,
wherever it is by then. The protocol around it:

- `place.over` says whether the thread is in the pool's code. Who interrupts looks at it under the pool's lock and sends
  only where it is False.
- A thread that leaves a body sets `over`, takes the lock, and clears what is pending: from then on nothing is sent and
  nothing lands. Until then it may land anywhere, so this is done in a nest of handlers that do the same again. One
  level is enough with a GIL, two without.
- It is armed inside the nest, by a statement; arming before the `try` let exceptions pass.
- The flag `run.reason` was set before anything is sent, and alone decides what comes of the job.
- The lock is owned by `acquire` inside the nest and asked for by `_is_owned`, never by `with`, which leaks it where an
  exception lands between its steps.
"""

from __future__ import annotations

import _imp
import ctypes
import dis
import logging
import sys
import threading
from collections.abc import Callable
from itertools import compress, starmap
from operator import and_, attrgetter, eq, is_
from types import CodeType, CoroutineType, FrameType
from typing import TYPE_CHECKING, Any, cast

from nsjob.engines.loading import LOADING, wait_for_loading
from nsjob.errors import JobInterrupted, ThreadLost
from nsjob.pool.work import Bound, Hosted, inner, perform_work
from nsjob.snippet import Snippet

if TYPE_CHECKING:
    from nsjob.engines.thread import Place
    from nsjob.pool.engine import Run
    from nsjob.pool.job import Job

__all__ = [
    "INTERRUPTED",
    "attempt",
    "attempt_hosted",
    "inline",
    "send",
    "set_async_exc",
    "shield",
    "trim",
    "unshield",
]

set_async_exc = ctypes.pythonapi.PyThreadState_SetAsyncExc
set_async_exc.argtypes = (ctypes.c_ulong, ctypes.c_void_p)
set_async_exc.restype = ctypes.c_int
INTERRUPTED = id(JobInterrupted)  # the class itself; only a class can be sent
_DEPTH = 40  # frames that the pool's own code may need
_WITH_LOCKS = frozenset(
    "logging threading queue weakref _weakrefset contextlib concurrent multiprocessing coverage nsjob".split()
)
_IMPORT_LOCKING = frozenset(
    "acquire release __enter__ __exit__ _get_module_lock _find_and_load _lock_unlock_module cb has_deadlock".split()
)
_TCL_PIPELINES = "nsjob.tcl.library.pipelines"
_TCL_LOCKING = ("enter", "leave")  # of `nsjob.tcl.interp`, around Python's recursion limit
_parse_exception_table: Any = dis._parse_exception_table  # type: ignore[attr-defined]
_PUSH = dis.opmap["PUSH_EXC_INFO"]
_ranges: dict[CodeType, tuple[tuple[int, int], ...]] = {}
_BEFORE_WITH = dis.opmap.get("BEFORE_WITH")  # up to 3.13
_FLUSH = sys.version_info < (3, 13)
_HAS_GIL: bool = getattr(sys, "_is_gil_enabled", lambda: True)()
_SHARED_IDENT = sys.version_info < (3, 12)  # a thread that is being started has its parent's ident until it runs
_ENTERS_BY_CALL = sys.version_info >= (3, 14)
_LONGEST_CHAIN = 20
_LOCKS = (type(threading.Lock()), type(threading.RLock()))


def _code_of(module: object, function: str) -> CodeType | None:
    return getattr(getattr(module, function, None), "__code__", None)


_importlib: Any = sys.modules["_frozen_importlib"]
_MODULE_LOCK_CODE = _importlib._get_module_lock.__code__
_IMPORT_ENTER = _importlib._ImportLockContext.__enter__.__code__
_IMPORT_EXIT = _importlib._ImportLockContext.__exit__.__code__
_MODULE_ACQUIRE = _importlib._ModuleLock.acquire.__code__
_MODULE_RELEASE = _importlib._ModuleLock.release.__code__
_ENTER = threading.Condition.__enter__.__code__
_EXITS = (threading.Condition.__exit__.__code__, _importlib._ModuleLockManager.__exit__.__code__)
_START = threading.Thread.start.__code__
_HANDLER_ACQUIRE = logging.Handler.acquire.__code__
_HANDLER_RELEASE = logging.Handler.release.__code__
_LOGGING_ACQUIRE = _code_of(logging, "_acquireLock")  # up to 3.12
_LOGGING_RELEASE = _code_of(logging, "_releaseLock")
_PATIENT_LOOKS = 40


def _own(place: Place) -> None:
    """Take the lock unless this thread has it, and clear what is pending."""
    lock = place.lock
    if not lock._is_owned():
        lock.acquire(False) or place.contend()
    if place.sent:
        wait_for_loading()
        set_async_exc(place.ident, None)
        if _FLUSH:
            _flush(place.ident)
        place.sent = False


def _flush(ident: int) -> None:
    """Let one exception land here, in the thread `ident`, which this is.

    Up to 3.12, clearing a pending exception leaves the interpreter's mark that there is one: all threads look for it at
    each call from then on, and on 3.11 a tracer never gets past it. A delivery takes the mark away.
    """
    try:
        set_async_exc(ident, INTERRUPTED)
        for _ in range(1000):
            pass
    except JobInterrupted:
        pass


def attempt(place: Place, job: Job) -> Any:
    """Run the body and return its value, or None and its error in `place.error`.

    Returns with the lock held and nothing pending.
    """
    value: Any = None
    try:
        try:
            try:
                place.over = False
                if place.run is not None and place.run.reason is not None:
                    raise JobInterrupted
                context = job._context or place.context
                code = job._work.quick
                if code is not None:  # the simplest of what `perform_work` does, written out
                    value = context.run(eval, code, place.namespace.copy())
                else:
                    value = context.run(perform_work, place.namespace, job, place.own_run)
                if type(value) is CoroutineType:
                    value = context.run(_awaited, place.own_run(), value)
            except BaseException as error:
                place.over = True
                place.error = error
                mend(error)
            place.over = True
            place.acquire(False) or place.contend()  # `_own`, written out: nothing has taken the lock yet
            if place.sent:
                _own(place)
        except JobInterrupted:
            place.over = True
            _own(place)
    except JobInterrupted:
        place.over = True
        _own(place)
    return value


def attempt_hosted(place: Place, job: Job, work: Hosted) -> Any:
    """Have the work done by its host and return its value, or None and its error in `place.error`.

    No code of a body runs in this thread, so no exception is sent to it: `over` stays True, and the host is asked to
    end the work. Returns with the lock held.
    """
    value: Any = None
    place.acquire(False) or place.contend()
    try:
        run = place.the_run()
    finally:
        place.lock.release()
    try:
        if run.reason is not None and not (place.ahead is not None and place.ahead.holds(job)):
            raise JobInterrupted
        value = work.host.perform(run, work.work)
    except BaseException as error:
        place.error = error
    place.acquire(False) or place.contend()
    return value


def _headroom(depth: int) -> None:
    """Fail now, with RecursionError, where the body has not left that many frames of stack to the pool."""
    if depth:
        _headroom(depth - 1)


def shield(place: Place) -> bool:
    """Keep interrupts out: a body has called the pool.

    Raises:
        JobInterrupted: the body was asked to end before.
        ThreadLost: its job was written off.
    """
    _headroom(_DEPTH)
    try:
        try:
            try:
                place.over = True
                _own(place)
            except JobInterrupted:
                place.over = True
                _own(place)
        except JobInterrupted:
            place.over = True
            _own(place)
        run = place.run
    finally:
        place.lock.release()
    if place.lost:
        place.over = False
        raise ThreadLost
    if run is not None and run.reason is not None:
        place.over = False
        raise JobInterrupted
    return True


def unshield(place: Place) -> None:
    """Let interrupts in again, and raise the one that came meanwhile."""
    run = place.run
    place.over = False
    if run is not None and run.reason is not None:
        raise JobInterrupted


def send(place: Place, looks: int) -> bool:
    """Raise JobInterrupted in a thread, unless it is where that could do harm. Under the pool's lock.

    A thread that shares a busy lock with others may be found waiting for it at every look. So after some looks it is
    also sent where `mend` is sure to give back what it leaves taken.

    Args:
        place: the thread.
        looks: how many times it was found busy before.

    Returns whether it was sent.
    """
    ident = place.ident
    frame = sys._current_frames().get(ident)
    if frame is None:
        return True
    if LOADING.locked():
        return False
    offset = frame.f_lasti
    if _busy_with_locks(frame, offset) and (looks < _PATIENT_LOOKS or not _mendable(frame, offset)):
        return False
    place.sent = True
    # Other threads may have run since that look: so there is another one and the send in one call from C to C, within
    # which none gets the GIL. (Without a GIL the thread is stopped while frames are looked at, and only just runs on.)
    now = map(dict.get, starmap(sys._current_frames, ((),)), (ident,))
    if _module(frame) not in _WITH_LOCKS:
        there = map(is_, map(attrgetter("f_globals"), now), (frame.f_globals,))
    elif _HAS_GIL:
        there = map(and_, map(is_, now, (frame,)), map(eq, map(attrgetter("f_lasti"), (frame,)), (offset,)))
    elif looks < _PATIENT_LOOKS:
        there = map(is_, now, (frame,))
    else:
        there = map(bool, now)  # it never stands still; `mend` has to do
    return bool(list(map(set_async_exc, compress((ident,), there), (INTERRUPTED,))))


def _module(frame: FrameType) -> str:
    """The package that a frame's code is from; the language is one of its own, save where it has locks."""
    name = str(frame.f_globals.get("__name__"))
    if name.startswith("nsjob.tcl.") and name != _TCL_PIPELINES and frame.f_code.co_name not in _TCL_LOCKING:
        return "nsjob.tcl"
    return name.partition(".")[0]


def _busy_with_locks(frame: FrameType, offset: int) -> bool:
    """Whether a thread is where an exception could leave a lock of the whole process taken for good.

    That is where its innermost frame is in a module that holds such locks and in no `try` or `with` of it, so between
    taking a lock and being sure to give it back. Further out, the `finally` clauses are in force.

    From 3.13 on, an exception does not land where the thread was seen but at the next place where it looks for one,
    and without a GIL later still: what is left taken by that, `mend` gives back.
    """
    if frame.f_globals.get("__name__") == "importlib._bootstrap":
        return frame.f_code.co_name in _IMPORT_LOCKING
    if _module(frame) not in _WITH_LOCKS:
        return False
    if not _protected(frame.f_code, offset):
        return True
    return _SHARED_IDENT and _starts_thread(frame)


def _mendable(frame: FrameType, offset: int) -> bool:
    """Whether an interrupt of a thread that is there leaves nothing taken that `mend` does not give back."""
    if frame.f_code.co_code[offset] == _BEFORE_WITH:
        return True  # it next looks for exceptions within that `with`
    try:
        return _missing(frame, offset) is not None
    except Exception:
        return False


def _protected(code: CodeType, offset: int) -> bool:
    """Whether an instruction is in a `try` or `with`: see CPython's notes on the exception table."""
    ranges = _ranges.get(code)
    if ranges is None:
        # Handlers begin by pushing the exception; the other targets only clean up after one.
        entries = [entry for entry in _parse_exception_table(code) if code.co_code[entry.target] == _PUSH]
        ranges = _ranges[code] = tuple((entry.start, entry.end) for entry in entries)
    return any(start <= offset < end for start, end in ranges)


def _starts_thread(frame: FrameType) -> bool:
    """Whether Thread.start waits for the new thread: on 3.11, until that runs, it could get the exception instead."""
    near: FrameType | None = frame
    for _ in range(5):
        if near is None:
            return False
        if near.f_code is _START:
            thread = near.f_locals.get("self")
            return not (isinstance(thread, threading.Thread) and thread._started.is_set())  # type: ignore[attr-defined]
        near = near.f_back
    return False


def mend(error: BaseException) -> None:
    """Give back the locks that an interrupt left taken, where its traceback proves that it did.

    It does so where it landed between a lock's being taken and the `with` or `try` that is to give it back, or at the
    first step of what gives it back, before that had done anything. In the thread that was interrupted.
    """
    if isinstance(error, JobInterrupted):
        _free_import_lock()
    following: BaseException | None = error
    for _ in range(_LONGEST_CHAIN):
        if following is None:
            return
        traceback = following.__traceback__ if isinstance(following, JobInterrupted) else None
        if traceback is not None:
            while traceback.tb_next is not None:
                traceback = traceback.tb_next
            try:
                release = _missing(traceback.tb_frame, traceback.tb_lasti)
                if release is not None:
                    release()
            except Exception:  # it is not taken after all, or the frame is not what it seems: then there is no proof
                pass
        following = following.__context__


def _free_import_lock() -> None:
    """Give back the lock of the import system: no body is left that could need it in this thread.

    An interrupt that lands in a callback of the import system is swallowed there, so no traceback tells of it.
    """
    try:
        for _ in range(_LONGEST_CHAIN):
            _imp.release_lock()
    except RuntimeError:  # this thread does not have it
        pass


def _missing(frame: FrameType, offset: int) -> Callable[[], object] | None:
    """The call that is missing where an interrupt landed there, or None."""
    code = frame.f_code
    step = dis.opname[code.co_code[offset]]
    if step == "RESUME":
        if code is _IMPORT_EXIT:
            return _imp.release_lock
        if code in _EXITS:
            return cast("Callable[[], object]", frame.f_locals["self"]._lock.release)
        if code is _HANDLER_RELEASE:
            return cast("Callable[[], object]", frame.f_locals["self"].lock.release)
        if code is _LOGGING_RELEASE:
            return cast("Callable[[], object]", frame.f_globals["_lock"].release)
        return cast("Callable[[], object]", frame.f_locals["self"].release) if code is _MODULE_RELEASE else None
    if not step.startswith("CALL"):
        return None
    if code is _IMPORT_ENTER:
        return _imp.release_lock
    if code is _ENTER:
        return cast("Callable[[], object]", frame.f_locals["self"]._lock.release)
    if code is _HANDLER_ACQUIRE:
        return cast("Callable[[], object]", frame.f_locals["self"].lock.release)
    if code is _LOGGING_ACQUIRE:
        return cast("Callable[[], object]", frame.f_globals["_lock"].release)
    if code.co_filename != _MODULE_LOCK_CODE.co_filename and not _ENTERS_BY_CALL:
        return None
    steps = [step for step in dis.get_instructions(code) if step.offset <= offset]
    if code is _MODULE_LOCK_CODE:  # _imp.acquire_lock() is its first call
        return _imp.release_lock if sum(step.opname.startswith("CALL") for step in steps) == 1 else None
    if code is _MODULE_ACQUIRE:  # self.count.append(True): it is taken
        return cast("Callable[[], object]", frame.f_locals["self"].release) if steps[-2].argval is True else None
    lock = _entered(frame, steps)
    return cast("Callable[[], object]", lock.release) if lock is not None else None


def _entered(frame: FrameType, steps: list[dis.Instruction]) -> Any:
    """The lock of a `with` whose `__enter__` has just been called (from 3.14 on that is a plain call), or None."""
    if len(steps) < 2 or (steps[-2].opname, steps[-2].argrepr) != ("LOAD_SPECIAL", "__enter__"):
        return None
    attributes: list[str] = []
    for step in reversed(steps[:-2]):
        if step.opname in ("COPY", "SWAP", "LOAD_SPECIAL"):
            continue
        if step.opname == "LOAD_ATTR":
            attributes.append(str(step.argval))
            continue
        names = frame.f_globals if step.opname == "LOAD_GLOBAL" else frame.f_locals
        value = names.get(step.argval) if step.opname.startswith(("LOAD_GLOBAL", "LOAD_FAST", "LOAD_DEREF")) else None
        for name in reversed(attributes):
            value = getattr(value, name, None)
        return value if isinstance(value, _LOCKS) else None
    return None


def trim(error: BaseException, work: Any) -> None:
    """Take the frames of nsjob off the error's traceback, and let the snippet's own lines be shown in it."""
    work = inner(work)
    if type(work) is Bound:
        work = work.snippet
    if type(work) is Snippet:
        work.show_lines()
    traceback = error.__traceback__
    while traceback is not None and _is_ours(traceback.tb_frame):
        traceback = traceback.tb_next
    error.__traceback__ = traceback


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith("nsjob.")


class _Canceller:
    """How the task of a coroutine body is cancelled from outside."""

    def __init__(self, loop: Any, task: Any) -> None:
        self._loop = loop
        self._task = task
        self._asked = False

    def cancel(self) -> bool:
        """Ask the loop to cancel the task. Returns False where it has not come round to that since the last time."""
        if self._asked:
            return False
        self._asked = True
        try:
            self._loop.call_soon_threadsafe(self._cancel)
        except RuntimeError:  # the loop is closed
            return False
        return True

    def _cancel(self) -> None:
        self._asked = False
        self._task.cancel()


def _awaited(run: Run, coroutine: CoroutineType[Any, Any, Any]) -> Any:
    import asyncio

    async def body() -> Any:
        task = asyncio.current_task()
        run.loop = _Canceller(asyncio.get_running_loop(), task)
        if run.reason is not None:
            raise JobInterrupted
        return await coroutine

    try:
        with asyncio.Runner() as runner:
            return runner.run(body())
    finally:
        run.loop = None
        coroutine.close()


def inline(place: Place, run: Run) -> None:
    """Run the body where it is queued (`Pool(immediate=True)`): nothing interrupts it."""
    try:
        value = run.context.run(perform_work, place.namespace, run.job, place.own_run)
        if type(value) is CoroutineType:
            value = run.context.run(_awaited, run, value)
        run.value = value
    except BaseException as error:
        trim(error, run.work)
        run.error = error
