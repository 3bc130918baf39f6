"""A queue as a concurrent.futures.Executor, for libraries that want one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, InvalidStateError
from threading import Lock
from typing import TYPE_CHECKING, Any

from nsjob.errors import OptionError
from nsjob.pool.job import OK, Job
from nsjob.pool.work import Call

if TYPE_CHECKING:
    from nsjob.pool.pool import Pool

__all__ = ["JobFuture", "QueueExecutor"]


class JobFuture(Future[Any]):
    """The future of a job. `job` is its Job."""

    job: Job

    def cancel(self) -> bool:
        """Cancel the job where it has not started, as futures do. Returns whether it is cancelled."""
        if not super().cancel():
            return False
        self.job._queue.core.cancel_scheduled_job(self.job)
        return True

    def _settle(self, job: Job) -> None:
        """The job is done; in a thread of the pool."""
        try:
            if job.outcome is OK and not self.cancelled():
                self.set_result(job._value)
            elif job.outcome == "cancelled" and super().cancel():
                self.set_running_or_notify_cancel()
            elif job.outcome is not OK:
                self.set_exception(job.error)
        except InvalidStateError:  # somebody settled it before
            pass


class QueueExecutor(Executor):
    """A view of one queue. Its `_max_workers` is the queue's cap: Dask and others look for it."""

    def __init__(self, pool: Pool, queue: str, options: dict[str, Any]) -> None:
        self._pool = pool
        self._queue = queue
        self._block = options.pop("block", None)
        self._options = options
        self._lock = Lock()
        self._futures: set[JobFuture] = set()
        self._shut = False

    @property
    def _max_workers(self) -> int:
        return self._pool._find(self._queue).maxthreads

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Queue `fn(*args, **kwargs)`; a full queue is waited for. See Executor.submit."""
        if not callable(fn):
            raise OptionError(f"submit needs a callable, but got {type(fn).__name__}")
        future = self._future()
        with self._lock:
            if self._shut:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._futures.add(future)
        try:
            work = self._work(future, fn, args, kwargs)
            job = self._pool._queue(self._queue, work, self._options, self._block, True)
        except BaseException:
            self._forget(future)
            raise
        future.job = job
        future.add_done_callback(self._forget)
        job.add_done_callback(future._settle)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls. The queue and the pool go on. See Executor.shutdown."""
        with self._lock:
            self._shut = True
            futures = list(self._futures)
        for future in futures:
            if cancel_futures:
                future.cancel()
        if wait:
            from concurrent.futures import wait as wait_for

            wait_for(futures)

    def _future(self) -> JobFuture:
        return JobFuture()

    def _work(
        self, future: JobFuture, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Call:
        return Call(_body, (future, fn, args, kwargs), {})

    def _forget(self, future: Future[Any]) -> None:
        with self._lock:
            self._futures.discard(future)


def _body(future: JobFuture, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    if not future.running() and not future.done() and not future.set_running_or_notify_cancel():
        return None
    return fn(*args, **kwargs)
