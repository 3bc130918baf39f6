"""What a scheduled job weighs: `python -m benchmarks.memory POOL JOBS`, a process of its own for each pool.

Prints two numbers, in bytes per job: by the growth of the process where the system tells it (else nan), then by the
sizes of the blocks that Python allocated. Both include the caller's list of handles.
"""

from __future__ import annotations

import gc
import math
import resource
import subprocess
import sys
import tracemalloc
from pathlib import Path

from benchmarks import peers
from benchmarks.gate import Gate

HOLDERS: tuple[type[peers.Peer], ...] = (
    peers.NsjobQueue,
    peers.NsjobSubmit,
    peers.Executor,
    peers.MultiprocessingThreads,
    peers.PebbleThreads,
)


def weight(holder: type[peers.Peer], jobs: int) -> tuple[float, float]:
    """Bytes per scheduled job in a fresh process: its growth (nan where it is not told), and Python's own count."""
    command = [sys.executable, "-m", "benchmarks.memory", holder.__name__, str(jobs)]
    here = Path(__file__).parent.parent
    output = subprocess.run(command, cwd=here, check=True, stdout=subprocess.PIPE, text=True).stdout
    grown, traced = output.split()
    return float(grown), float(traced)


def resident() -> float:
    """The bytes that this process has in memory; nan where the system has no /proc."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return math.nan


def can_tell_growth() -> bool:
    """Whether the system tells what a process has in memory."""
    return not math.isnan(resident())


def grown(holder: type[peers.Peer], jobs: int) -> float:
    """Bytes per job by which the process grows while `jobs` jobs are submitted to a pool that is held."""
    with holder(4) as pool, Gate(pool.call, pool.threads) as gate:
        gc.collect()
        before = resident()
        tickets = pool.fill(jobs)
        after = resident()
        gate.open()
        pool.collect(tickets)
    return (after - before) / jobs


def traced(holder: type[peers.Peer], jobs: int) -> float:
    """Bytes per job in the blocks that Python allocated while `jobs` jobs were submitted to a pool that is held."""
    with holder(4) as pool, Gate(pool.call, pool.threads) as gate:
        pool.fill(10)
        gc.collect()
        tracemalloc.start()
        tickets = pool.fill(jobs)
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        gate.open()
        pool.collect(tickets)
    return after / jobs


def main(name: str, jobs: int) -> None:
    """Print what `jobs` scheduled jobs of the pool of that name weigh."""
    holder = next(each for each in HOLDERS if each.__name__ == name)
    print(grown(holder, jobs), traced(holder, jobs))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
