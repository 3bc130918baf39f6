"""The measures: which pools each compares, at which size, from where to where, and what is to be reached."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import nsjob
from benchmarks import memory, peers
from benchmarks.floors import BareQueue, HandOff
from benchmarks.gate import Gate
from benchmarks.trials import AtLeast, AtMost, Comparison, Measure, Reading

THREADS = 4
WITH_GIL: bool = getattr(sys, "_is_gil_enabled", lambda: True)()
YARDSTICK = peers.Executor.name
QUEUE, SUBMIT = peers.NsjobQueue.name, peers.NsjobSubmit.name
MICRO = 1e6


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many jobs each measure runs. The targets are about the sizes that stand here."""

    jobs: int = 10_000
    trips: int = 1_000
    backlogs: tuple[int, int, int] = (1_000, 100_000, 1_000_000)
    queues: int = 10_000
    cancels: tuple[int, int] = (1_000, 100_000)
    scheduled: int = 20_000
    least: int = 10_000
    """A trial of fewer jobs is repeated until it has run so many: a millisecond is too short to be measured."""


FULL = Sizes()
QUICK = Sizes(2_000, 200, (1_000, 5_000, 20_000), 1_000, (1_000, 5_000), 10_000, 2_000)


def measures(sizes: Sizes) -> list[Measure]:
    """All measures, in the order of the table."""
    return [
        tiny_jobs("tiny-4", sizes, THREADS, AtLeast(3.0 if WITH_GIL else 2.0)),
        tiny_jobs("tiny-1", sizes, 1, AtLeast(2.0)),
        round_trip(sizes),
        submitters(sizes),
        many_queues(sizes),
        cancelling(sizes),
        memory_per_job(sizes),
        backlog(sizes),  # late: it leaves a heap behind that would slow down what comes after
        backlog_of_peers(sizes),
    ]


def check(answers: int, jobs: int) -> None:
    """Make sure that every job was run."""
    if answers != jobs * peers.ANSWER:
        raise RuntimeError(f"{jobs} jobs answered {answers} in sum, not {jobs * peers.ANSWER}")


def to_yardstick(names: Sequence[str], target: AtLeast | AtMost) -> list[Comparison]:
    """A line for each name beside ThreadPoolExecutor's; nsjob's two plain ways in have a target."""
    return [
        Comparison(name, "" if name == YARDSTICK else YARDSTICK, target if name in (QUEUE, SUBMIT) else None)
        for name in names
    ]


# --- Tiny jobs per second.


def tiny_jobs(name: str, sizes: Sizes, threads: int, target: AtLeast) -> Measure:
    """From the first submit until the caller has the last result; the threads run already."""
    contenders: list[type[peers.Batches]] = [
        peers.NsjobQueue,
        peers.NsjobSubmit,
        peers.NsjobWaitall,
        peers.NsjobDetached,
        peers.Executor,
        peers.MultiprocessingThreads,
        peers.JoblibThreads,
        peers.PebbleThreads,
        BareQueue,
    ]
    present = [each for each in contenders if peers.installed(each.needs)]
    return Measure(
        name=name,
        title=f"tiny jobs per second, {sizes.jobs:,} queued, {threads} thread{'s'[: threads - 1]}",
        unit="jobs/s",
        trials=[partial(batch, each, threads, sizes) for each in present],
        comparisons=to_yardstick([each.name for each in present], target),
        seconds=30,
    )


def batch(contender: type[peers.Batches], threads: int, sizes: Sizes) -> list[Reading]:
    """The throughput of one batch."""
    with contender(threads) as pool:
        pool.batch(sizes.jobs // 20)
        start = time.perf_counter()
        answers = pool.batch(sizes.jobs)
        taken = time.perf_counter() - start
    check(answers, sizes.jobs)
    return [Reading(contender.name, sizes.jobs / taken)]


# --- Round trip.


def round_trip(sizes: Sizes) -> Measure:
    """From a submit until the caller has its result, before the next submit."""
    contenders: list[type[peers.Trips]] = [
        peers.NsjobQueue,
        peers.NsjobSubmit,
        peers.Executor,
        peers.MultiprocessingThreads,
        peers.JoblibThreads,
        peers.PebbleThreads,
        HandOff,
    ]
    present = [each for each in contenders if peers.installed(each.needs)]
    return Measure(
        name="round-trip",
        title=f"round trip, one job at a time ({THREADS} threads, {sizes.trips:,} trips)",
        unit="us",
        trials=[partial(trips, each, sizes) for each in present],
        comparisons=to_yardstick([each.name for each in present], AtMost(0.9 if WITH_GIL else 1.0)),
        seconds=20,
    )


def trips(contender: type[peers.Trips], sizes: Sizes) -> list[Reading]:
    """The mean time of one trip."""
    # A call of joblib's Parallel sets up and takes down: some 10 ms, so that fewer are enough.
    count = -(-sizes.trips // 50) if contender is peers.JoblibThreads else sizes.trips
    with contender(THREADS) as pool:
        pool.trips(-(-count // 10))
        start = time.perf_counter()
        answers = pool.trips(count)
        taken = time.perf_counter() - start
    check(answers, count)
    return [Reading(contender.name, taken / count * MICRO)]


# --- The cost per job under a backlog.


def backlog(sizes: Sizes) -> Measure:
    """Submitting to a held pool, then from its release until the caller has the last result; the sum, and each part."""
    small, middle, large = sizes.backlogs
    lines = [
        Comparison(queued(QUEUE, small)),
        Comparison(queued(QUEUE, middle), queued(QUEUE, small)),
        Comparison(queued(QUEUE, large), queued(QUEUE, small), AtMost(1.5)),
        Comparison(queued(QUEUE, large), queued(QUEUE, middle), AtMost(1.2)),
    ]
    for part in ("submit", "run"):
        first = queued(QUEUE, small, part)
        lines += [Comparison(first), Comparison(queued(QUEUE, large, part), first)]
    lines += [Comparison(queued(QUEUE, jobs), queued(YARDSTICK, jobs)) for jobs in (small, middle)]
    return Measure(
        name="backlog",
        title=f"cost per job with so many queued, {THREADS} threads (submit + run)",
        unit="us/job",
        trials=[
            *(partial(waiting, peers.NsjobQueue, jobs, sizes) for jobs in sizes.backlogs),
            *(partial(waiting, peers.Executor, jobs, sizes) for jobs in (small, middle)),
        ],
        comparisons=lines,
        seconds=60,
    )


def backlog_of_peers(sizes: Sizes) -> Measure:
    """The same of the peers; one round, for they take long. Those that are slowest stay without the largest backlog."""
    small, middle, large = sizes.backlogs
    contenders: list[tuple[type[peers.Peer], tuple[int, ...]]] = [
        (peers.Executor, (small, middle, large)),
        (peers.MultiprocessingThreads, (small, middle)),
        (peers.PebbleThreads, (small, middle)),
    ]
    present = [(each, backlogs) for each, backlogs in contenders if peers.installed(each.needs)]
    return Measure(
        name="backlog-peers",
        title=f"the same of the peers, {THREADS} threads (submit + run)",
        unit="us/job",
        trials=[partial(waiting, each, jobs, sizes) for each, backlogs in present for jobs in backlogs],
        comparisons=[
            Comparison(queued(each.name, jobs), queued(each.name, small) if jobs > small else "")
            for each, backlogs in present
            for jobs in backlogs
        ],
        seconds=0,
    )


def queued(name: str, jobs: int, part: str = "") -> str:
    """The name of a reading: a pool, under a backlog, for a part of the work or for both."""
    return f"{name}, {jobs:,}" + (f": {part}" if part else "")


def waiting(contender: type[peers.Peer], jobs: int, sizes: Sizes) -> list[Reading]:
    """The cost per job of submitting `jobs` jobs to a held pool, and of running them; means over enough repetitions."""
    submitting = running = 0.0
    repetitions = -(-sizes.least // jobs)
    for _ in range(repetitions):
        with contender(THREADS) as pool, Gate(pool.call, THREADS) as gate:
            start = time.perf_counter()
            tickets = pool.fill(jobs)
            filled = time.perf_counter()
            gate.open()
            answers = pool.collect(tickets)
            submitting += filled - start
            running += time.perf_counter() - filled
        check(answers, jobs)
    submit, run = (each / repetitions / jobs * MICRO for each in (submitting, running))
    return [
        Reading(queued(contender.name, jobs), submit + run),
        Reading(queued(contender.name, jobs, "submit"), submit),
        Reading(queued(contender.name, jobs, "run"), run),
    ]


# --- Memory.


def memory_per_job(sizes: Sizes) -> Measure:
    """What a scheduled job adds, handle included: the blocks that Python allocates, and the growth of the process."""
    holders = [each for each in memory.HOLDERS if peers.installed(each.needs)]
    names = [each.name for each in holders]
    lines = to_yardstick(names, AtMost(0.3))
    if memory.can_tell_growth():
        lines += [Comparison(grown(name), "" if name == YARDSTICK else grown(YARDSTICK)) for name in names]
    return Measure(
        name="memory",
        title=f"memory per scheduled job, {sizes.scheduled:,} scheduled",
        unit="bytes",
        trials=[partial(weighed, each, sizes.scheduled) for each in holders],
        comparisons=lines,
        seconds=4,  # it hardly varies
    )


def grown(name: str) -> str:
    """The name of the reading that was taken of the process."""
    return f"{name} (process)"


def weighed(holder: type[peers.Peer], jobs: int) -> list[Reading]:
    """Both weights of a scheduled job."""
    process, blocks = memory.weight(holder, jobs)
    return [Reading(holder.name, blocks), Reading(grown(holder.name), process)]


# --- Many queues.


def many_queues(sizes: Sizes) -> Measure:
    """From the first submit to a held pool of 4 threads until the caller has the last of five jobs per queue."""
    many, one = f"nsjob, {sizes.queues:,} queues of cap 1", "nsjob, one queue"
    submit, run = ": submit", ": run"
    return Measure(
        name="queues",
        title=f"cost per job, 5 x {sizes.queues:,} jobs, Pool(maxthreads={THREADS}) (submit + run)",
        unit="us/job",
        trials=[partial(spread, many, sizes.queues, sizes), partial(spread, one, 1, sizes)],
        comparisons=[
            Comparison(one),
            Comparison(many, one, AtMost(1.5)),
            *(Comparison(many + part, one + part) for part in (submit, run)),
        ],
        seconds=25,
    )


def spread(who: str, queues: int, sizes: Sizes) -> list[Reading]:
    """The cost per job of jobs that go to `queues` queues in turn."""
    names = [f"q{number}" for number in range(queues)]
    jobs = 5 * sizes.queues
    with nsjob.Pool(maxthreads=THREADS) as pool:
        pool.create("gate", maxthreads=THREADS)
        for name in names:
            pool.create(name, maxthreads=THREADS if queues == 1 else 1)
        with Gate(partial(pool.submit, "gate"), THREADS) as gate:
            targets = names * (jobs // queues)
            start = time.perf_counter()
            handles = [pool.queue(name, peers.EXPRESSION) for name in targets]
            filled = time.perf_counter()
            gate.open()
            answers = sum([job.wait() for job in handles])
            end = time.perf_counter()
    check(answers, jobs)
    return [
        Reading(who, (end - start) / jobs * MICRO),
        Reading(who + ": submit", (filled - start) / jobs * MICRO),
        Reading(who + ": run", (end - filled) / jobs * MICRO),
    ]


# --- Cancelling.


def cancelling(sizes: Sizes) -> Measure:
    """From the first cancel to the last, of jobs that wait in a held pool, in random order."""
    few, lots = sizes.cancels
    contenders: list[type[peers.CancellingPeer]] = [
        peers.NsjobQueue,
        peers.NsjobSubmit,
        peers.Executor,
        peers.PebbleThreads,
    ]
    present = [each for each in contenders if peers.installed(each.needs)]
    lines = []
    for each in present:
        same = AtMost(1.1) if each.name in (QUEUE, SUBMIT) else None  # the same, give or take a tenth
        lines += [
            Comparison(queued(each.name, few)),
            Comparison(queued(each.name, lots), queued(each.name, few), same),
        ]
    return Measure(
        name="cancel",
        title="cost per job of cancelling so many scheduled jobs in random order",
        unit="us/job",
        trials=[
            *(partial(cancelled, each, jobs, sizes) for each in present for jobs in sizes.cancels),
            *(partial(popped, jobs, sizes) for jobs in sizes.cancels),
        ],
        comparisons=[*lines, Comparison(queued(FLOOR, few)), Comparison(queued(FLOOR, lots), queued(FLOOR, few))],
        seconds=40,
    )


def cancelled(contender: type[peers.CancellingPeer], jobs: int, sizes: Sizes) -> list[Reading]:
    """The cost of one cancel, a mean over enough repetitions."""
    taken = 0.0
    repetitions = -(-sizes.least // jobs)
    for repetition in range(repetitions):
        with contender(THREADS) as pool, Gate(pool.call, THREADS):
            tickets = pool.fill(jobs)
            random.Random(repetition).shuffle(tickets)
            start = time.perf_counter()
            pool.cancel(tickets)
            taken += time.perf_counter() - start
    return [Reading(queued(contender.name, jobs), taken / repetitions / jobs * MICRO)]


FLOOR = "floor: dict.pop by id"


def popped(jobs: int, sizes: Sizes) -> list[Reading]:
    """The cost of taking one of `jobs` entries from a plain dict in random order: what memory itself costs."""
    taken = 0.0
    repetitions = -(-sizes.least // jobs)
    for repetition in range(repetitions):
        table = {f"job{number}": [number] for number in range(jobs)}
        ids = list(table)
        random.Random(repetition).shuffle(ids)
        start = time.perf_counter()
        for each in ids:
            table.pop(each)
        taken += time.perf_counter() - start
    return [Reading(queued(FLOOR, jobs), taken / repetitions / jobs * MICRO)]


# --- Many submitters.

SUBMITTERS = 8


def submitters(sizes: Sizes) -> Measure:
    """From when all submitting threads may start until the caller has the last result; 1 thread is started likewise."""
    contenders: list[type[peers.Peer]] = [
        peers.NsjobQueue,
        peers.NsjobSubmit,
        peers.Executor,
        peers.MultiprocessingThreads,
        peers.PebbleThreads,
    ]
    present = [each for each in contenders if peers.installed(each.needs)]
    lines = []
    for each in present:
        target = AtLeast(0.8) if each.name in (QUEUE, SUBMIT) else None
        one, many = submitted_by(each.name, 1), submitted_by(each.name, SUBMITTERS)
        lines += [Comparison(one), Comparison(many, one, target)]
    return Measure(
        name="submitters",
        title=f"tiny jobs per second, {sizes.jobs:,} by so many submitting threads, {THREADS} threads",
        unit="jobs/s",
        trials=[partial(submitted, each, count, sizes) for each in present for count in (1, SUBMITTERS)],
        comparisons=lines,
        seconds=30,
    )


def submitted_by(name: str, count: int) -> str:
    """The name of a reading: a pool, and how many threads submit to it."""
    return f"{name}, by {count}"


def submitted(contender: type[peers.Peer], count: int, sizes: Sizes) -> list[Reading]:
    """The throughput of a batch that `count` threads submit, an equal part each."""
    tickets: list[object] = []
    part = sizes.jobs // count
    with contender(THREADS) as pool:
        pool.batch(sizes.jobs // 20)
        start_line = threading.Barrier(count + 1)

        def submit() -> None:
            start_line.wait()
            tickets.extend(pool.fill(part))

        threads = [threading.Thread(target=submit) for _ in range(count)]
        for thread in threads:
            thread.start()
        start = time.perf_counter()
        start_line.wait()
        for thread in threads:
            thread.join()
        answers = pool.collect(tickets)
        taken = time.perf_counter() - start
    check(answers, part * count)
    return [Reading(submitted_by(contender.name, count), part * count / taken)]
