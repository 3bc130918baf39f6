"""Completed: the jobs of a queue in order of completion, for `for` and `async for`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nsjob.pool.job import Job
from nsjob.pool.waiting import Bell

if TYPE_CHECKING:
    import asyncio

    from nsjob.pool.core import Core
    from nsjob.pool.queue import JobQueue

__all__ = ["Completed"]


class Completed:
    """What `Pool.as_completed` returns."""

    def __init__(self, core: Core, queue: JobQueue) -> None:
        self._core = core
        self._queue = queue

    def _take(self) -> Job | str | None:
        """The next done job, which leaves; or "" where no more will come; or None where one will."""
        for job in self._queue.done_jobs():
            if job.req == "none":
                self._core.depart(self._queue, job)
                return job
        return None if len(self._queue.table) > self._queue.aside else ""

    def __iter__(self) -> Completed:
        return self

    def __next__(self) -> Job:
        job = self._core.waits.until([self._queue.watchers], self._take, None)
        if not isinstance(job, Job):
            raise StopIteration
        return job

    def __aiter__(self) -> Completed:
        return self

    async def __anext__(self) -> Job:
        import asyncio  # late: only coroutines pay for it

        loop = asyncio.get_running_loop()
        core, queue = self._core, self._queue
        while True:
            changed: asyncio.Future[None] = loop.create_future()

            bell = Bell(core.timers.soon, loop.call_soon_threadsafe, _settle, changed)

            def look(bell: Bell = bell) -> Job | str | None:
                found = self._take()
                if found is None:
                    queue.watchers.add(bell)
                return found

            found: Job | str | None = core.guarded(look)
            if isinstance(found, Job):
                return found
            if found is not None:
                raise StopAsyncIteration
            try:
                await changed
            finally:
                core.guarded(queue.watchers.remove, bell)


def _settle(changed: asyncio.Future[None]) -> None:
    if not changed.done():
        changed.set_result(None)
