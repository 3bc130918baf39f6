"""The measures of the engines: worker processes, programs, interpreters and a Dask cluster, each beside its peers."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from typing import Any

import nsjob
from benchmarks.trials import AtLeast, AtMost, Comparison, Measure, Reading

PLACES = 2
IN_FLIGHT = 64
SCRIPT = "1 + 1"
ANSWER = 2
BURN = "sum(n * n for n in range({}))"

QUEUE, SUBMIT = "nsjob queue", "nsjob submit"
STANDARD, LOKY = "ProcessPoolExecutor", "loky"
INTERPRETERS = "InterpreterPoolExecutor"
EXEC, XARGS, SPOOLER = "nsjob exec", f"xargs -P {PLACES}", "task-spooler"
DASK, MAP = "nsjob on Dask", f"client.map, {IN_FLIGHT} at a time"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many jobs each measure runs. The targets are about the sizes that stand here."""

    tiny: int = 10_000
    burning: int = 24
    turns: int = 1_500_000
    programs: int = 1_000
    spooled: int = 200
    tasks: int = 2_000


FULL = Sizes()
QUICK = Sizes(2_000, 8, 1_000_000, 200, 50, 500)


def two(_: object = None) -> int:
    return ANSWER


def measures(sizes: Sizes) -> list[Measure]:
    """All measures of engines that can be had here."""
    found = [process_tiny(sizes), cpu("process", sizes)]
    if sys.version_info >= (3, 14):
        found += [interpreter_tiny(sizes), cpu("interpreter", sizes)]
    if shutil.which("xargs"):
        found.append(commands(sizes))
    if importlib.util.find_spec("distributed"):
        found.append(dask_tiny(sizes))
    return found


def check(total: int, jobs: int) -> None:
    """Make sure that every job was run."""
    if total != jobs * ANSWER:
        raise RuntimeError(f"{jobs} jobs answered {total} in sum, not {jobs * ANSWER}")


def rate(who: str, jobs: int, batch: Callable[[int], int]) -> list[Reading]:
    """The throughput of one batch, after a smaller one that is not timed."""
    check(batch(PLACES * 10), PLACES * 10)
    start = time.perf_counter()
    total = batch(jobs)
    taken = time.perf_counter() - start
    check(total, jobs)
    return [Reading(who, jobs / taken)]


# -- tiny jobs --------------------------------------------------------------------------------------------------------


def process_tiny(sizes: Sizes) -> Measure:
    """Tiny jobs in worker processes."""
    peers: dict[str, Callable[[], Executor]] = {
        STANDARD: lambda: ProcessPoolExecutor(PLACES, mp_context=get_context("spawn"))
    }
    if importlib.util.find_spec("loky"):
        peers[LOKY] = _loky
    return tiny("process", peers, AtLeast(1.5), sizes)


def interpreter_tiny(sizes: Sizes) -> Measure:
    """Tiny jobs in interpreters."""
    from concurrent import futures

    peers: dict[str, Callable[[], Executor]] = {INTERPRETERS: lambda: getattr(futures, INTERPRETERS)(PLACES)}
    return tiny("interpreter", peers, AtLeast(2.0), sizes)


def tiny(engine: str, peers: dict[str, Callable[[], Executor]], target: AtLeast, sizes: Sizes) -> Measure:
    """Tiny jobs on an engine and on its peers, from the first submit to the last answer."""
    ours: dict[str, Callable[[nsjob.Pool], nsjob.Job]] = {
        QUEUE: lambda pool: pool.queue("bench", SCRIPT),
        SUBMIT: lambda pool: pool.submit("bench", two),
    }
    trials: list[Callable[[], list[Reading]]] = [
        *(partial(on_nsjob, who, engine, sizes.tiny, way) for who, way in ours.items()),
        *(partial(on_executor, who, sizes.tiny, peer) for who, peer in peers.items()),
    ]
    lines = [Comparison(who, peer, target) for who in ours for peer in peers]
    return Measure(
        name=f"{engine}-tiny",
        title=f"{engine} engine, tiny jobs per second, {sizes.tiny:,} queued, {PLACES} places",
        unit="jobs/s",
        trials=trials,
        comparisons=[*lines, *(Comparison(peer) for peer in peers)],
        seconds=60,
    )


def on_nsjob(who: str, engine: str, jobs: int, way: Callable[[nsjob.Pool], nsjob.Job], **options: Any) -> list[Reading]:
    with nsjob.Pool() as pool:
        pool.create("bench", options.pop("maxthreads", PLACES), engine=engine, **options)
        return rate(who, jobs, lambda count: sum(job.wait() for job in [way(pool) for _ in range(count)]))


def on_executor(who: str, jobs: int, make: Callable[[], Executor]) -> list[Reading]:
    with make() as executor:
        return rate(who, jobs, lambda n: sum(future.result() for future in [executor.submit(two) for _ in range(n)]))


def _loky() -> Executor:
    import loky

    executor: Executor = loky.ProcessPoolExecutor(PLACES)
    return executor


# -- jobs that take a core --------------------------------------------------------------------------------------------


def cpu(engine: str, sizes: Sizes) -> Measure:
    """The same jobs on one place and on two."""
    one, more = "1 place", f"{PLACES} places"
    return Measure(
        name=f"{engine}-cpu",
        title=f"{engine} engine, CPU-bound jobs per second, {sizes.burning} of {sizes.turns:,} turns",
        unit="jobs/s",
        trials=[partial(burning, one, engine, 1, sizes), partial(burning, more, engine, PLACES, sizes)],
        comparisons=[Comparison(more, one, AtLeast(1.9)), Comparison(one)],
        seconds=60,
    )


def burning(who: str, engine: str, places: int, sizes: Sizes) -> list[Reading]:
    script = BURN.format(sizes.turns)
    with nsjob.Pool() as pool:
        pool.create("bench", places, engine=engine)
        for job in [pool.queue("bench", "import time; time.sleep(0.05)") for _ in range(places)]:
            job.wait()  # all places are there
        start = time.perf_counter()
        for job in [pool.queue("bench", script) for _ in range(sizes.burning)]:
            job.wait()
        return [Reading(who, sizes.burning / (time.perf_counter() - start))]


# -- programs ---------------------------------------------------------------------------------------------------------


def commands(sizes: Sizes) -> Measure:
    """The shortest program there is, over and over."""
    trials: list[Callable[[], list[Reading]]] = [
        partial(by_nsjob, sizes.programs),
        partial(by_xargs, sizes.programs),
    ]
    lines = [Comparison(EXEC, XARGS, AtLeast(0.5)), Comparison(XARGS)]
    spooler = shutil.which("tsp") or shutil.which("ts")
    if spooler and "spooler" in _said(spooler, "-V").lower():  # moreutils has another ts
        trials.append(partial(by_spooler, spooler, sizes.spooled))
        lines += [Comparison(EXEC, SPOOLER, AtLeast(1.0)), Comparison(SPOOLER)]
    title = f"commands per second (true), {sizes.programs:,} of them, {PLACES} at once"
    return Measure("commands", title, "1/s", trials, lines, 60)


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout


def by_nsjob(programs: int) -> list[Reading]:
    with nsjob.Pool() as pool:
        pool.create("bench", PLACES, engine="command", spool=tempfile.mkdtemp(dir=_spools().name))
        pool.exec("bench", ["true"]).wait()
        start = time.perf_counter()
        for job in [pool.exec("bench", ["true"]) for _ in range(programs)]:
            job.wait()
        return [Reading(EXEC, programs / (time.perf_counter() - start))]


@cache
def _spools() -> tempfile.TemporaryDirectory[str]:
    """Kept until the end of all rounds: ext4 is many times slower where files were removed minutes ago."""
    return tempfile.TemporaryDirectory(prefix="nsjob-bench-")


def by_xargs(programs: int) -> list[Reading]:
    start = time.perf_counter()
    subprocess.run(["xargs", "-P", str(PLACES), "-n", "1", "true"], input=b"x\n" * programs, check=True)
    return [Reading(XARGS, programs / (time.perf_counter() - start))]


def by_spooler(spooler: str, programs: int) -> list[Reading]:
    """Each is queued by a program of its own: there is no other way."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "TS_SOCKET": f"{folder}/socket", "TS_MAXFINISHED": str(programs), "TMPDIR": folder}
        spool = partial(subprocess.run, check=True, env=environment, stdout=subprocess.PIPE, text=True)
        spool([spooler, "-S", str(PLACES)])
        try:
            start = time.perf_counter()
            ids = [spool([spooler, "-n", "true"]).stdout.strip() for _ in range(programs)]
            for id in ids[-PLACES:]:
                spool([spooler, "-w", id])
            return [Reading(SPOOLER, programs / (time.perf_counter() - start))]
        finally:
            spool([spooler, "-K"])


# -- a cluster --------------------------------------------------------------------------------------------------------


def dask_tiny(sizes: Sizes) -> Measure:
    """Tiny jobs on a cluster of this machine, as many in flight as its own client has in a batch."""
    return Measure(
        name="dask-tiny",
        title=f"tiny jobs on Dask, each ({sizes.tasks:,} of them, {PLACES} worker processes)",
        unit="ms",
        trials=[partial(on_dask, sizes.tasks)],
        comparisons=[Comparison(DASK, MAP, AtMost(1.5)), Comparison(MAP)],
        seconds=90,
    )


def on_dask(jobs: int) -> list[Reading]:
    """Both on one cluster, the other one first in every other round."""
    from distributed import Client

    from nsjob.engines.dask_local import LocalCluster

    cluster = LocalCluster(PLACES)
    try:
        address = cluster.address()

        def ours() -> list[Reading]:
            options = {"maxthreads": IN_FLIGHT, "address": address}
            return on_nsjob(DASK, "dask", jobs, lambda pool: pool.queue("bench", SCRIPT), **options)

        def theirs() -> list[Reading]:
            with Client(address, set_as_default=False) as client:
                return rate(MAP, jobs, partial(mapped, client))

        _order.reverse()
        found: dict[str, Callable[[], Sequence[Reading]]] = {DASK: ours, MAP: theirs}
        rates = [reading for who in _order for reading in found[who]()]
    finally:
        cluster.end()
    return [Reading(reading.who, 1e3 / reading.value) for reading in rates]


_order = [DASK, MAP]


def mapped(client: Any, jobs: int) -> int:
    total = 0
    for start in range(0, jobs, IN_FLIGHT):
        numbers = range(start, min(start + IN_FLIGHT, jobs))
        total += sum(client.gather(client.map(two, numbers, pure=False)))
    return total
