"""The engine over any concurrent.futures.Executor: loky's, MPI's, Parsl's, a ProcessPoolExecutor.

Runs are handed over without a thread for each; the pool's cap is how many are in flight. A future that has begun cannot
be ended: a cancelled or late job is written off where it does not end by itself.
"""

from __future__ import annotations

import pickle
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, cast

from nsjob.engines.carried import carry
from nsjob.engines.interrupts import trim
from nsjob.engines.orders import heard, order, outcome
from nsjob.errors import NoSuchEngine, OptionError, WorkerLost, brief
from nsjob.pool.engine import EngineKind, Interrupt, Run
from nsjob.pool.work import Hosted, Program, Script, inner

if TYPE_CHECKING:
    from nsjob.pool.core import Core

__all__ = ["EXECUTOR", "ExecutorEngine"]


class ExecutorEngine:
    """The executor of one queue.

    Arguments:
        options: executor: an Executor, which stays its owner's; or a callable that makes one, which is called again
            where that breaks, and whose executors are shut down with the pool.
    """

    def __init__(self, core: Core, queue: str, options: Mapping[str, Any]) -> None:
        given = options["executor"]
        self._core = core
        self._name = f"{core.name}-{uuid.uuid4().hex}"
        self._factory: Callable[[], Executor] | None = None if is_executor(given) else given
        self._executor: Executor | None = given if self._factory is None else None
        self._lock = threading.Lock()
        self._waiting: SimpleQueue[Run | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self, runs: Sequence[Run]) -> None:
        """Have them submitted, on a thread: to submit may take long where an executor starts its workers."""
        for run in runs:
            self._waiting.put(run)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._hand_over, name=self._name, daemon=True)
                self._thread.start()

    def _hand_over(self) -> None:
        while (run := self._waiting.get()) is not None:
            try:
                if run.reason is None:
                    self._submit(run)
                else:  # it was asked to end meanwhile
                    run.finish()
            except Exception as error:
                run.finish(error=error)
            del run

    def _submit(self, run: Run) -> None:
        work = inner(run.work)
        if type(work) in (Script, Program, Hosted):
            raise OptionError("an executor runs Python: Tcl needs threads, and programs the command engine")
        run.begun()
        data, _ = order(run, work, 0)
        for last in (False, True):
            executor = self._present()
            try:
                future = executor.submit(carry, self._name, data)
                break
            except BrokenExecutor as error:
                if last or not self._discard(executor):
                    raise WorkerLost(f"the executor is broken: {error}") from error
        else:
            return
        run.remote = future
        future.add_done_callback(lambda done: self._ended(run, executor, done))

    def _ended(self, run: Run, executor: Executor, future: Future[bytes]) -> None:
        """In any thread of the executor, or where it was submitted."""
        try:
            said, data = pickle.loads(future.result())
            for message in said:
                heard(run, message)
            value = outcome(run, pickle.loads(data))
        except CancelledError:
            run.finish(error=WorkerLost("the executor cancelled the run"))
        except BrokenExecutor as error:
            self._discard(executor)
            run.finish(error=WorkerLost(f"the executor broke under the job: {error}"))
        except BaseException as error:
            trim(error, run.work)
            run.finish(error=error)
        else:
            run.finish(value)

    def _present(self) -> Executor:
        with self._lock:
            if self._executor is None:
                made = cast("Callable[[], Executor]", self._factory)()
                if not is_executor(made):
                    raise OptionError(f"the queue's engine must make an Executor, but made {brief(made)}")
                self._executor = made
            return self._executor

    def _discard(self, executor: Executor) -> bool:
        """Let go of a broken executor. Returns whether there can be another one."""
        with self._lock:
            if self._executor is executor and self._factory is not None:
                self._executor = None
        return self._factory is not None

    def interrupt(self, run: Run, reason: Interrupt) -> bool:
        """Cancel the future, which helps where it has not begun."""
        future: Future[bytes] | None = run.remote
        if future is not None:
            future.cancel()
        return future is not None

    def abandon(self, run: Run) -> None:
        """Its place in the executor is free when the body ends."""

    def close(self, timeout: float | None) -> None:
        """Shut down what the engine has made itself."""
        self._waiting.put(None)
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)
        with self._lock:
            made, self._executor = (self._executor, None) if self._factory is not None else (None, self._executor)
        if made is not None:
            made.shutdown(wait=timeout is None or timeout > 0)


def is_executor(value: Any) -> bool:
    """Whether this is an Executor, or works as one (dask's is not derived from it)."""
    return isinstance(value, Executor) or (not isinstance(value, type) and hasattr(value, "submit"))


def _executor(name: str, value: Any) -> Any:
    if is_executor(value) or callable(value):
        return value
    raise NoSuchEngine(
        f"engine must be the name of one, an Executor, or a callable that makes one, but got {brief(value)}"
    )


def _missing() -> str:
    from importlib.util import find_spec

    absent = [name for name in ("cloudpickle", "tblib") if find_spec(name) is None]
    return f"pip install 'nsjob[process]' ({', '.join(absent)})" if absent else ""


EXECUTOR = EngineKind(
    ExecutorEngine,
    {"executor": _executor},
    "what a concurrent.futures.Executor says; only for programs: Pool.create(engine=executor)",
    _missing,
)
