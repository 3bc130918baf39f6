"""What a queue has open to its Dask cluster: an event loop on a thread of its own, and a thread that ends runs.

Runs go out in batches and come back in batches, as many as have come together by then. Where the scheduler is lost, so
are the runs that are out; the next one connects again.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import pickle
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from distributed import Client, Future, as_completed
from distributed.diagnostics.plugin import WorkerPlugin
from distributed.scheduler import KilledWorker

from nsjob.engines.carried import carry, forget, teach
from nsjob.engines.dask_local import LocalCluster
from nsjob.engines.interrupts import trim
from nsjob.engines.orders import heard, order, outcome
from nsjob.errors import JobCancelled, WorkerLost
from nsjob.pool.engine import Run
from nsjob.pool.work import inner

if TYPE_CHECKING:
    from nsjob.pool.core import Core

__all__ = ["Link"]

_PATIENCE = 10.0  # seconds to find a scheduler, or for it to say good-bye
# For how long results gather before they are fetched, in seconds: a fetch, and what is sent out for it, costs a cluster
# milliseconds. So long for each run that is out; but no more than that part of the time that they take; and at most.
_FOR_EACH, _PART, _MOST = 0.001, 0.2, 0.06

Key = tuple[str, int]

# A client that is closed while it looks for its scheduler logs that as an error, with its stack.
logging.getLogger("distributed.client").addFilter(
    lambda record: not (record.exc_info and record.exc_info[0] is asyncio.CancelledError)
)


class Definitions(WorkerPlugin):  # type: ignore[misc]  # its types are not read
    """Brings a pool's definitions to each worker, also to those that come later."""

    def __init__(self, pool: str, sources: Sequence[str]) -> None:
        self.name = f"nsjob-{pool}"
        self._pool = pool
        self._sources = tuple(sources)

    def setup(self, worker: Any) -> None:
        """The worker is there."""
        teach(self._pool, self._sources)

    def teardown(self, worker: Any) -> None:
        """The pool is gone, or has others now."""
        forget(self._pool)


class Link:
    """An open link. Its state is the loop's thread's, save where a method says otherwise.

    Arguments:
        name: of the pool at the workers, never given twice.
        address: of the scheduler; or the local cluster that has one.
        resources: what each run takes of a worker's.
        rest: called when no run is here any more.
    """

    def __init__(
        self,
        core: Core,
        queue: str,
        name: str,
        address: str | LocalCluster,
        resources: Mapping[str, float],
        rest: Callable[[], None],
    ) -> None:
        self._core = core
        self._queue = queue
        self._name = name
        self._address = address
        self._resources = dict(resources) or None
        self._rest = rest
        self._serial = itertools.count()
        self._waiting: deque[Run] = deque()
        self._out: dict[Key, tuple[Run, Future, float]] = {}  # and since when
        self._client: Client | None = None
        self._stream: Any = None  # of that client, as it connected
        self._completed: Any = None
        self._taught = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended: SimpleQueue[tuple[Run, Any] | None] = SimpleQueue()
        self._loop = asyncio.new_event_loop()
        self._wake = asyncio.Event()
        self._some_out = asyncio.Event()
        self._changing = asyncio.Lock()  # the client
        self._stopping = False
        self.place = ""
        self._threads = [
            threading.Thread(target=target, name=f"{core.name}-dask-{queue}{suffix}", daemon=True)
            for target, suffix in ((self._work, ""), (self._end_runs, "-ends"))
        ]
        for thread in self._threads:
            thread.start()

    # -- in any thread -----------------------------------------------------------------------------------------------

    def put(self, runs: Sequence[Run]) -> None:
        """Take runs. Not after `stop`."""
        self._waiting.extend(runs)
        self._loop.call_soon_threadsafe(self._wake.set)

    def drop(self, run: Run) -> None:
        """End a run now. Its task is cancelled; where it has begun, it goes on at its worker to no effect."""
        self._ended.put((run, JobCancelled()))
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._recall, run)

    def stop(self) -> None:
        """Let go of everything, soon."""
        self._stopping = True
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._wake.set)

    def join(self, timeout: float | None) -> None:
        """Wait until that is done."""
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout)

    # -- the thread that ends runs -------------------------------------------------------------------------------------

    def _end_runs(self) -> None:
        """Whatever callbacks of jobs do, the loop does not wait for them."""
        while (item := self._ended.get()) is not None:
            run, result = item
            try:
                if isinstance(result, BaseException):
                    raise result
                said, data = pickle.loads(result)
                for message in said:
                    heard(run, message)
                value = outcome(run, pickle.loads(data))
            except BaseException as error:
                trim(error, run.work)
                run.finish(error=error)
            else:
                run.finish(value)
            if not self._waiting and not self._out:
                self._rest()

    # -- the loop's thread ---------------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._serve())
        finally:
            if isinstance(self._address, LocalCluster):
                self._address.end()
            self._ended.put(None)

    async def _serve(self) -> None:
        self._spawn(self._collect())
        try:
            while not self._stopping:
                await self._wake.wait()
                self._wake.clear()
                runs = [self._waiting.popleft() for _ in range(len(self._waiting))]
                if runs:
                    await self._send(runs)
        finally:
            self._lose(
                [*self._waiting, *(run for run, _, _ in self._out.values())], "the link to the cluster was closed"
            )
            with suppress(Exception):
                await self._disconnect()

    def _spawn(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _lose(self, runs: Sequence[Run], why: str) -> None:
        for run in runs:
            self._ended.put((run, WorkerLost(why)))

    # -- the cluster ---------------------------------------------------------------------------------------------------

    async def _connected(self) -> Client:
        """A client of the scheduler that is there now, whose workers know all definitions."""
        async with self._changing:
            if self._client is not None and self._is_stale():
                await self._disconnect()
            if self._client is None:
                await self._connect()
            client, sources = self._client, self._core.definitions.sources
            assert client is not None
            if self._taught != len(sources):
                known = len(sources)
                await client.register_plugin(Definitions(self._name, sources[:known]))
                self._taught = known
            return client

    def _is_stale(self) -> bool:
        """Whether the scheduler was lost: the client may have found another one, which knows nothing."""
        client = self._client
        return client is not None and (client.status != "running" or client.scheduler_comm is not self._stream)

    async def _connect(self) -> None:
        where = self._address
        if isinstance(where, LocalCluster):
            where = await asyncio.to_thread(where.address)
        client = Client(where, asynchronous=True, set_as_default=False, timeout=_PATIENCE)
        await client
        self._client, self._stream, self._taught = client, client.scheduler_comm, 0
        self._completed = as_completed([], loop=client.loop)
        self.place = f"dask {where}"
        with suppress(KeyError, TypeError):  # it has no dashboard
            self.place += f", dashboard {client.dashboard_link}"

    async def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        with suppress(Exception):
            if self._taught and client.status == "running":
                await asyncio.wait_for(client.unregister_worker_plugin(f"nsjob-{self._name}"), _PATIENCE)
        with suppress(Exception):
            await asyncio.wait_for(client.close(), _PATIENCE)

    async def _scheduler_lost(self) -> None:
        async with self._changing:
            if self._is_stale():
                await self._disconnect()

    # -- out -----------------------------------------------------------------------------------------------------------

    async def _send(self, runs: Sequence[Run]) -> None:
        try:
            client = await self._connected()
        except Exception as error:
            where = "the local cluster" if isinstance(self._address, LocalCluster) else self._address
            self._lose(runs, f"no Dask scheduler at {where}: {error}")
            return
        groups: dict[int, list[tuple[Run, bytes]]] = {}
        for run in runs:
            if run.reason is not None:  # dropped by now, or soon
                continue
            try:
                run.begun()
                data, _ = order(run, inner(run.work), self._taught)
            except Exception as error:
                self._ended.put((run, error))
            else:
                groups.setdefault(run.options.priority, []).append((run, data))
        for priority, group in groups.items():
            self._map(client, priority, group)

    def _map(self, client: Client, priority: int, group: Sequence[tuple[Run, bytes]]) -> None:
        title = f"{self._queue}-{self._name}"
        keys = [(title, next(self._serial)) for _ in group]
        try:
            futures = client.map(
                carry,
                [self._name] * len(group),
                [data for _, data in group],
                key=keys,
                pure=False,
                priority=priority,
                resources=self._resources,
            )
        except Exception as error:
            self._lose([run for run, _ in group], f"the cluster takes no task: {error}")
            return
        now = self._loop.time()
        for key, (run, _), future in zip(keys, group, futures, strict=True):
            self._out[key] = run, future, now
            run.remote = key
        self._completed.update(futures)
        self._some_out.set()

    def _recall(self, run: Run) -> None:
        with suppress(ValueError):
            self._waiting.remove(run)
        found = self._out.pop(run.remote, None)
        if found is not None:
            self._spawn(self._cancel(found[1]))

    async def _cancel(self, future: Future) -> None:
        with suppress(Exception):
            await future.cancel()

    # -- back ----------------------------------------------------------------------------------------------------------

    async def _collect(self) -> None:
        """See to the futures that are done, a batch at a time."""
        while True:
            await self._some_out.wait()
            self._some_out.clear()
            completed = self._completed
            async for first in completed:
                out = self._out.get(first.key)
                if out is not None and len(self._out) > 1:
                    taken = self._loop.time() - out[2]
                    await asyncio.sleep(min(_FOR_EACH * len(self._out), _PART * taken, _MOST))
                self._spawn(self._take([first, *completed.next_batch(block=False)]))

    async def _take(self, batch: list[Future]) -> None:
        """Fetch the results of futures that are done. One whose worker is lost meanwhile is waited for."""
        good = [future for future in batch if future.status == "finished" and future.key in self._out]
        found: dict[Key, Any] = {}
        try:
            if good:
                results = await good[0].client.gather(good)
                found = {future.key: result for future, result in zip(good, results, strict=True)}
        except Exception:
            pass  # each is looked at below
        for future in batch:
            if future.key in self._out:
                result = found[future.key] if future.key in found else await self._result(future)
                known = self._out.pop(future.key, None)
                if known is not None:
                    self._ended.put((known[0], result))
            future.release()  # now: who else holds it must not keep the scheduler from forgetting

    async def _result(self, future: Future) -> Any:
        """The result of one future, or what went wrong with it."""
        try:
            return await future.result()
        except KilledWorker as error:
            return WorkerLost(f"{error.allowed_failures + 1} workers that ran the job are gone, one after the other")
        except Exception as error:
            if future.status == "error":
                return error
            return self._cancelled(error)

    def _cancelled(self, error: BaseException) -> WorkerLost:
        if self._is_stale():
            self._spawn(self._scheduler_lost())
            return WorkerLost(f"the Dask scheduler was lost while the job ran ({self.place})")
        return WorkerLost(f"the cluster cancelled the job: {error}")
