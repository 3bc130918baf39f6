"""Worker processes of the stores that are measured: `python -m benchmarks.workers KIND URL THREADS`.

Each says "ready" when it runs jobs, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

ANSWER = 2
PGQUEUER_BATCH = 10
HOME = Path(__file__).parents[1]


@contextlib.contextmanager
def workers(kind: str, url: str, count: int, threads: int) -> Iterator[None]:
    """So many worker processes, all of them ready."""
    command = [sys.executable, "-m", "benchmarks.workers", kind, url, str(threads)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HOME)
        for _ in range(count)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise RuntimeError(f"a worker process of {kind} did not start")
        yield
    finally:
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
        for process in processes:
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def _ready() -> None:
    print("ready", flush=True)


def _exit_at_end_of_input() -> None:
    """End the process without ceremony when the input does: what peers do at their end is not what is measured."""

    def wait() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def nsjob_worker(url: str, threads: int) -> None:
    import nsjob

    with nsjob.Pool(threads, store=url):
        _ready()
        sys.stdin.read()


def procrastinate_worker(url: str, threads: int) -> None:
    import procrastinate

    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=threads + 2))

    @app.task(name="job", queue="bench")
    async def job() -> int:
        return ANSWER

    async def run() -> None:
        async with app.open_async():
            _ready()
            await app.run_worker_async(
                queues=["bench"], concurrency=threads, install_signal_handlers=False, delete_jobs="never"
            )

    _exit_at_end_of_input()
    asyncio.run(run())


def pgqueuer_worker(url: str, threads: int) -> None:  # its jobs are coroutines of one thread, as many as there are
    import asyncpg
    from pgqueuer import Queries
    from pgqueuer.db import AsyncpgDriver
    from pgqueuer.qm import QueueManager

    async def run() -> None:
        manager = QueueManager(Queries(AsyncpgDriver(await asyncpg.connect(url))))

        @manager.entrypoint("job")
        async def job(job: Any) -> None:
            pass

        _ready()
        await manager.run(batch_size=PGQUEUER_BATCH)

    _exit_at_end_of_input()
    asyncio.run(run())


KINDS: dict[str, Callable[[str, int], None]] = {
    "nsjob": nsjob_worker,
    "procrastinate": procrastinate_worker,
    "pgqueuer": pgqueuer_worker,
}


def main(arguments: Sequence[str]) -> None:
    kind, url, threads = arguments
    KINDS[kind](url, int(threads))


if __name__ == "__main__":
    main(sys.argv[1:])
