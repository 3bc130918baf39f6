"""The pools that are measured: nsjob by each of its ways in, and its peers.

Opening, warming and closing a pool is never timed. Every tiny job evaluates the same compiled expression, and every
answer is added up, so that a pool that loses a job is found out.
"""

from __future__ import annotations

import importlib
import logging
import multiprocessing.pool
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import CodeType, TracebackType
from typing import Any, ClassVar, Protocol, Self

import nsjob

EXPRESSION = "1 + 1"
CODE: CodeType = compile(EXPRESSION, "<job>", "eval")
ANSWER = 2

QUEUE = "bench"


class Opened(Protocol):
    """A pool of `threads` threads, closed by leaving its block; `needs` names the library that it comes from."""

    name: ClassVar[str]
    needs: ClassVar[str]

    def __init__(self, threads: int) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Batches(Opened, Protocol):
    """What can run many tiny jobs at once."""

    def batch(self, jobs: int) -> int:
        """Run `jobs` tiny jobs, from the first submit to the last answer; the sum of the answers."""
        ...


class Trips(Opened, Protocol):
    """What can run tiny jobs one at a time."""

    def trips(self, jobs: int) -> int:
        """Submit a tiny job and wait for it, `jobs` times; the sum of the answers."""
        ...


class Peer(ABC):
    """A pool of `threads` threads that takes jobs now and answers later."""

    name: ClassVar[str]
    needs: ClassVar[str] = ""

    def __init__(self, threads: int) -> None:
        self.threads = threads

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Wait for what was submitted, then end the threads."""

    @abstractmethod
    def call(self, body: Callable[[], object]) -> object:
        """Submit one callable; what keeps it alive."""

    @abstractmethod
    def fill(self, jobs: int) -> list[Any]:
        """Submit `jobs` tiny jobs; their tickets."""

    @abstractmethod
    def collect(self, tickets: list[Any]) -> int:
        """Wait for each ticket in turn; the sum of the answers."""

    @abstractmethod
    def trips(self, jobs: int) -> int:
        """Submit a tiny job and wait for it, `jobs` times; the sum of the answers."""

    def batch(self, jobs: int) -> int:
        """Run `jobs` tiny jobs, from the first submit to the last answer; the sum of the answers."""
        return self.collect(self.fill(jobs))


class CancellingPeer(Peer):
    """A pool whose scheduled jobs can be taken back."""

    @abstractmethod
    def cancel(self, tickets: list[Any]) -> None:
        """Cancel each ticket in turn."""


class NsjobSubmit(CancellingPeer):
    """`pool.submit` of a callable; each handle is waited for."""

    name = "nsjob submit"

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        # A queue that holds 100,000 done jobs warns once: here that is the aim, not an oversight.
        logging.getLogger("nsjob").setLevel(logging.ERROR)
        self.pool = nsjob.Pool()
        self.pool.create(QUEUE, maxthreads=threads)

    def close(self) -> None:
        self.pool.shutdown()

    def call(self, body: Callable[[], object]) -> object:
        job: object = self.pool.submit(QUEUE, body)
        return job

    def fill(self, jobs: int) -> list[Any]:
        submit = self.pool.submit
        return [submit(QUEUE, eval, CODE, {}) for _ in range(jobs)]

    def collect(self, tickets: list[Any]) -> int:
        return sum([job.wait() for job in tickets])

    def trips(self, jobs: int) -> int:
        submit = self.pool.submit
        return sum([submit(QUEUE, eval, CODE, {}).wait() for _ in range(jobs)])

    def cancel(self, tickets: list[Any]) -> None:
        for job in tickets:
            job.cancel()


class NsjobQueue(NsjobSubmit):
    """`pool.queue` of a snippet; each handle is waited for, as a future is."""

    name = "nsjob queue"

    def fill(self, jobs: int) -> list[Any]:
        queue = self.pool.queue
        return [queue(QUEUE, EXPRESSION) for _ in range(jobs)]

    def trips(self, jobs: int) -> int:
        queue, wait = self.pool.queue, self.pool.wait
        return sum([wait(QUEUE, queue(QUEUE, EXPRESSION).id) for _ in range(jobs)])

    def cancel(self, tickets: list[Any]) -> None:
        cancel = self.pool.cancel
        for job in tickets:
            cancel(QUEUE, job.id)


class NsjobWaitall(NsjobQueue):
    """`pool.queue` of a snippet; all results are handed over by one `waitall`."""

    name = "nsjob queue, waitall"

    def collect(self, tickets: list[Any]) -> int:
        return sum([job.wait() for job in self.pool.waitall(QUEUE)])


class NsjobDetached(NsjobQueue):
    """`pool.queue` of a detached snippet, which leaves its queue when done; each handle is waited for."""

    name = "nsjob queue, detached"

    def fill(self, jobs: int) -> list[Any]:
        queue = self.pool.queue
        return [queue(QUEUE, EXPRESSION, detached=True) for _ in range(jobs)]


class Executor(CancellingPeer):
    """`concurrent.futures.ThreadPoolExecutor`, the yardstick."""

    name = "ThreadPoolExecutor"

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.pool = ThreadPoolExecutor(threads)

    def close(self) -> None:
        self.pool.shutdown()

    def call(self, body: Callable[[], object]) -> object:
        return self.pool.submit(body)

    def fill(self, jobs: int) -> list[Any]:
        submit = self.pool.submit
        return [submit(eval, CODE, {}) for _ in range(jobs)]

    def collect(self, tickets: list[Any]) -> int:
        return sum([future.result() for future in tickets])

    def trips(self, jobs: int) -> int:
        submit = self.pool.submit
        return sum([submit(eval, CODE, {}).result() for _ in range(jobs)])

    def cancel(self, tickets: list[Any]) -> None:
        for future in tickets:
            future.cancel()


class MultiprocessingThreads(Peer):
    """`multiprocessing.pool.ThreadPool.apply_async`."""

    name = "multiprocessing ThreadPool"

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.pool = multiprocessing.pool.ThreadPool(threads)

    def close(self) -> None:
        self.pool.close()
        self.pool.join()

    def call(self, body: Callable[[], object]) -> object:
        return self.pool.apply_async(body)

    def fill(self, jobs: int) -> list[Any]:
        submit = self.pool.apply_async
        return [submit(eval, (CODE, {})) for _ in range(jobs)]

    def collect(self, tickets: list[Any]) -> int:
        return sum([ticket.get() for ticket in tickets])

    def trips(self, jobs: int) -> int:
        submit = self.pool.apply_async
        return sum([submit(eval, (CODE, {})).get() for _ in range(jobs)])


class PebbleThreads(CancellingPeer):
    """`pebble.ThreadPool.schedule`."""

    name = "pebble ThreadPool"
    needs = "pebble"

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.pool = importlib.import_module("pebble").ThreadPool(max_workers=threads)

    def close(self) -> None:
        self.pool.close()
        self.pool.join()

    def call(self, body: Callable[[], object]) -> object:
        future: object = self.pool.schedule(body)
        return future

    def fill(self, jobs: int) -> list[Any]:
        submit = self.pool.schedule
        return [submit(eval, (CODE, {})) for _ in range(jobs)]

    def collect(self, tickets: list[Any]) -> int:
        return sum([future.result() for future in tickets])

    def trips(self, jobs: int) -> int:
        submit = self.pool.schedule
        return sum([submit(eval, (CODE, {})).result() for _ in range(jobs)])

    def cancel(self, tickets: list[Any]) -> None:
        for future in tickets:
            future.cancel()


class JoblibThreads:
    """`joblib.Parallel` over its threading backend, kept open; it holds no backlog, so it only runs batches."""

    name: ClassVar[str] = "joblib threading"
    needs: ClassVar[str] = "joblib"

    def __init__(self, threads: int) -> None:
        joblib = importlib.import_module("joblib")
        self.delayed = joblib.delayed
        self.parallel = joblib.Parallel(n_jobs=threads, backend="threading")

    def __enter__(self) -> Self:
        self.parallel.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.parallel.__exit__(kind, error, trace)

    def batch(self, jobs: int) -> int:
        job = self.delayed(eval)
        return sum(self.parallel(job(CODE, {}) for _ in range(jobs)))

    def trips(self, jobs: int) -> int:
        job = self.delayed(eval)
        return sum([sum(self.parallel([job(CODE, {})])) for _ in range(jobs)])


def installed(module: str) -> bool:
    """Whether the library is there to be measured; "" stands for none."""
    if not module:
        return True
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True
