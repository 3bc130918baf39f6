"""A queue of a store as a concurrent.futures.Executor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from nsjob.pool.futures import JobFuture, QueueExecutor
from nsjob.pool.job import RUNNING
from nsjob.pool.work import Call

if TYPE_CHECKING:
    from nsjob.store.job import StoredJob
    from nsjob.store.pool import StoredPool

__all__ = ["StoredExecutor", "StoredFuture"]


class StoredFuture(JobFuture):
    """The future of a job that may run elsewhere: the store is asked what it does."""

    job: StoredJob

    def cancel(self) -> bool:
        if self.cancelled():
            return True
        if self.done() or not self.job._pool.cancel_unstarted(self.job):
            return False
        return Future.cancel(self)

    def running(self) -> bool:
        return not self.done() and self.job.state is RUNNING


class StoredExecutor(QueueExecutor):
    """See QueueExecutor."""

    _pool: StoredPool

    @property
    def _max_workers(self) -> int:
        return self._pool._stored(self._queue).maxthreads

    def _future(self) -> JobFuture:
        return StoredFuture()

    def _work(
        self, future: JobFuture, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Call:
        return Call(fn, args, dict(kwargs))
