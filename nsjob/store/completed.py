"""StoredCompleted: the jobs of a stored queue in order of completion, for `for` and `async for`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from nsjob.errors import NoSuchJob
from nsjob.pool.job import Job

if TYPE_CHECKING:
    from nsjob.store.pool import StoredPool
    from nsjob.store.queues import StoredQueue

__all__ = ["StoredCompleted"]


class StoredCompleted:
    """What `as_completed` of a pool with a store returns."""

    def __init__(self, pool: StoredPool, queue: StoredQueue) -> None:
        self._pool = pool
        self._queue = queue

    def __iter__(self) -> StoredCompleted:
        return self

    def __next__(self) -> Job:
        while True:
            id = self._pool.waitany(self._queue.name)
            if id == "":
                raise StopIteration
            try:
                return self._pool.take(self._queue.name, id)
            except NoSuchJob:  # somebody else was faster
                continue

    def __aiter__(self) -> StoredCompleted:
        return self

    async def __anext__(self) -> Job:
        found = await asyncio.to_thread(next, self, None)
        if found is None:
            raise StopAsyncIteration
        return found
