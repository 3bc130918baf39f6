"""The measures of the shell: a command file that queues, beside a program that calls the pool."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import nsjob
from benchmarks.trials import AtLeast, Comparison, Measure, Reading
from nsjob.shell.session import Session

FILE, PROGRAM = "nsjob, a command file", "Pool.queue from Python"
TCL_JOBS = "nsjob, Tcl jobs"
NS_JOB = "NaviServer's ns_job, at its best"
BEST_OF_NS_JOB = 32_000.0  # jobs per second, measured on a like machine: 15,000 to 32,000
SCRIPT = "1 + 1"
ANSWER = 2
THREADS = 4


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many jobs each measure queues. The targets are about the sizes that stand here."""

    queued: int = 100_000
    tiny: int = 10_000


FULL = Sizes()
QUICK = Sizes(10_000, 2_000)

QUEUE = "foreach i $numbers {queue q {1 + 1}}"
WAIT = """\
foreach i $numbers {lappend jobs [queue q {1 + 1}]}
set sum 0
foreach job $jobs {incr sum [wait q $job]}
set sum
"""
WAIT_TCL = WAIT.replace("queue q {1 + 1}", "queue -lang tcl q {expr 1+1}")


def measures(sizes: Sizes) -> list[Measure]:
    """All measures of the shell."""
    return [
        Measure(
            name="shell-queue",
            title=f"queue in a foreach, {sizes.queued:,} jobs that wait",
            unit="jobs/s",
            trials=[partial(queued, FILE, by_file, sizes.queued), partial(queued, PROGRAM, by_program, sizes.queued)],
            comparisons=[Comparison(FILE, PROGRAM, AtLeast(0.5)), Comparison(PROGRAM)],
            seconds=60,
        ),
        Measure(
            name="shell-tiny",
            title=f"tiny jobs per second, {sizes.tiny:,} queued and waited for, {THREADS} threads",
            unit="jobs/s",
            trials=[partial(waited, sizes.tiny)],
            comparisons=[Comparison(FILE, NS_JOB, AtLeast(1.0)), Comparison(NS_JOB)],
            seconds=60,
        ),
        Measure(
            name="shell-tcl",
            title=f"the same, jobs in Tcl, each in an interpreter of its own; {sizes.tiny:,} of them",
            unit="jobs/s",
            trials=[partial(waited_tcl, sizes.tiny)],
            comparisons=[Comparison(TCL_JOBS)],
            seconds=60,
        ),
    ]


def queued(who: str, way: Callable[[nsjob.Pool, list[int]], object], jobs: int) -> list[Reading]:
    """How fast jobs are queued that do not start yet."""
    pool = nsjob.Pool()
    try:
        pool.create("q", THREADS)
        pool.pause("q")
        numbers = list(range(jobs))
        start = time.perf_counter()
        way(pool, numbers)
        taken = time.perf_counter() - start
        if pool.counts("q").scheduled != jobs:
            raise RuntimeError(f"{pool.counts('q').scheduled} jobs of {jobs} are there")
    finally:
        pool.shutdown(cancel=True)
    return [Reading(who, jobs / taken)]


def by_file(pool: nsjob.Pool, numbers: list[int]) -> None:
    Session(pool).eval(QUEUE, numbers=numbers)


def by_program(pool: nsjob.Pool, numbers: list[int]) -> None:
    for _ in numbers:
        pool.queue("q", SCRIPT)


def waited(jobs: int) -> list[Reading]:
    """How many jobs a command file has done in a second, from the first `queue` to the last `wait`."""
    return [Reading(FILE, _rate(WAIT, jobs)), Reading(NS_JOB, BEST_OF_NS_JOB)]


def waited_tcl(jobs: int) -> list[Reading]:
    """The same for jobs in Tcl."""
    return [Reading(TCL_JOBS, _rate(WAIT_TCL, jobs))]


def _rate(script: str, jobs: int) -> float:
    with nsjob.Pool() as pool:
        session = Session(pool)
        session.eval(f"create q {THREADS}")
        session.eval(script, numbers=[0])
        session.eval("unset jobs")
        numbers = list(range(jobs))
        start = time.perf_counter()
        total = session.eval(script, numbers=numbers)
        taken = time.perf_counter() - start
    if total != jobs * ANSWER:
        raise RuntimeError(f"{jobs} jobs answered {total} in sum, not {jobs * ANSWER}")
    return jobs / taken
