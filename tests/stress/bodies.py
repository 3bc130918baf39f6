"""Bodies: jobs that do what no job should, each beside normal jobs of its queue and of another.

The pool and the others go on, and what came of the job is told truly.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

import nsjob
from tests.stress.tally import Tally, Witness, in_library, in_thread

FULL = 100  # rounds of all of them
_PATIENCE = 10.0
_GRACE = 0.03
_LIMIT = 0.03
_CAP = 3
_CHILD_CODE = 7


class Rude:
    """A value that answers no question."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no eq")

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise RuntimeError("no bool")

    def __len__(self) -> int:
        raise RuntimeError("no len")


class RudeError(Exception):
    """An exception that answers no question."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no eq")

    __hash__ = None  # type: ignore[assignment]


class Round:
    """One round: a gate that lets the stuck bodies go, and what was seen."""

    def __init__(self, pool: nsjob.Pool, tally: Tally) -> None:
        self.pool = pool
        self.tally = tally
        self.gate = threading.Event()
        self.locks: list[threading.Lock] = []  # taken until the gate opens, one for each body that blocks
        self.entered = threading.Event()
        self.children: list[nsjob.Job] = []

    def open(self) -> None:
        """Let all stuck bodies go."""
        self.gate.set()
        for lock in self.locks:
            lock.release()

    # -- bodies that end by themselves ---------------------------------------------------------------------------

    def recurses(self) -> int:
        return self.recurses() + 1

    def recurses_through_verbs(self) -> object:
        """Runs out of stack inside the pool's verbs, and uses the pool again."""

        def down() -> None:
            self.pool.counts()
            self.pool.exists("bad", "job0")
            self.children.append(self.pool.submit("good", int, 3))
            nsjob.current_job().progress(1)
            down()

        for _ in range(3):
            try:
                down()
            except RecursionError:
                pass
        return self.pool.submit("good", int, 5).wait()

    def recurses_in_waits(self) -> object:
        """Runs out of stack where it waits for other jobs."""

        def down(depth: int) -> None:
            if depth > 40:
                self.pool.submit("good", int, 3).wait(_PATIENCE)
            down(depth + 1)

        before = sys.getrecursionlimit()
        try:
            down(before - 990 if before > 990 else 0)
        except RecursionError:
            pass
        return self.pool.submit("good", int, 5).wait()

    def exits(self) -> None:
        sys.exit(3)

    def raises(self, error: BaseException) -> None:
        raise error

    def forks(self) -> int:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if not child:
            os._exit(_CHILD_CODE)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def leaves_threads(self) -> int:
        for _ in range(3):
            threading.Thread(target=self.gate.wait, args=(_PATIENCE,), daemon=True).start()
        return 3

    # -- bodies that do not --------------------------------------------------------------------------------------

    def blocks(self) -> None:
        """In C, where no exception reaches it."""
        lock = threading.Lock()
        lock.acquire()
        self.locks.append(lock)
        self.entered.set()
        lock.acquire()

    def catches(self) -> None:
        """Swallows whatever is raised in it."""
        self.entered.set()
        while not self.gate.is_set():
            try:
                while not self.gate.is_set():
                    time.sleep(0.0005)
            except BaseException:
                pass

    def catches_and_calls(self) -> None:
        """The same, in the pool's verbs."""
        self.entered.set()
        while not self.gate.is_set():
            try:
                while not self.gate.is_set():
                    time.sleep(0.0005)
                    self.pool.counts()
                    nsjob.current_job().progress(1)
            except BaseException:
                pass


def scenario(tally: Tally, size: int, random: Random) -> None:
    """Run all bodies `size` times."""
    sys.setswitchinterval(0.0005)
    with Witness(tally, _expected):
        pool = nsjob.Pool()
        pool.configure(grace=_GRACE)
        pool.create("bad", _CAP)
        pool.create("good", 2)
        for number in range(size):
            if not _round(tally, pool, random, number):
                return
            tally.add("rounds")
        wrong = in_thread(lambda: pool.shutdown(timeout=_PATIENCE), 2 * _PATIENCE)
        tally.expect(not wrong, f"shutdown: {wrong}")


def _expected(what: object) -> bool:
    """An interrupt that a callback of the library swallows: it is sent again."""
    return isinstance(getattr(what, "exc_value", None), nsjob.JobInterrupted) and in_library(what)


class _Beside:
    """Normal jobs, queued around the others, in both queues."""

    def __init__(self, pool: nsjob.Pool, tally: Tally) -> None:
        self._pool = pool
        self._tally = tally
        self._jobs: list[tuple[int, nsjob.Job]] = []

    def more(self) -> None:
        for queue in ("bad", "good"):
            number = len(self._jobs)
            text = "x" * number
            self._jobs.append((number, self._pool.queue(queue, "len(text)", vars={"text": text}, detached=True)))
            self._jobs.append((number + 1, self._pool.submit(queue, int, number + 1)))

    def check(self, after: str) -> None:
        for value, job in self._jobs:
            try:
                self._tally.expect(job.wait(_PATIENCE) == value, f"a normal job beside {after} has the wrong value")
            except BaseException as error:
                self._tally.violation(f"a normal job beside {after} ended {job.outcome!r}: {error!r}")
        self._tally.add("normal jobs", len(self._jobs))
        self._jobs.clear()


def _round(tally: Tally, pool: nsjob.Pool, random: Random, number: int) -> bool:
    ground = Round(pool, tally)
    value, error = Rude(), RudeError()
    beside = _Beside(pool, tally)
    raised: tuple[BaseException, ...] = (
        KeyboardInterrupt("mine"),
        StopIteration(1),
        StopAsyncIteration(),
        GeneratorExit(),
        SystemExit(None),
        MemoryError(),
        asyncio.CancelledError(),
        concurrent.futures.CancelledError(),
        nsjob.JobCancelled(),
        nsjob.JobInterrupted(),
        nsjob.WaitTimeout(),
        nsjob.JobTimeout("mine"),
        error,
    )
    ok: tuple[tuple[str, Callable[[], nsjob.Job], Any], ...] = (
        ("a value without repr", lambda: pool.submit("bad", lambda: value), value),
        ("del __builtins__", lambda: pool.queue("bad", 'del __builtins__["len"]\n1'), 1),
        ("clearing builtins", lambda: pool.queue("bad", "__builtins__.clear()\n2"), 2),
        ("clearing globals", lambda: pool.queue("bad", "globals().clear()\n3"), 3),
        ("deleting job", lambda: pool.queue("bad", "del job, __builtins__\n4"), 4),
        ("recursion through verbs", lambda: pool.submit("bad", ground.recurses_through_verbs), 5),
        ("recursion in waits", lambda: pool.submit("bad", ground.recurses_in_waits), 5),
        ("a fork", lambda: pool.submit("bad", ground.forks), _CHILD_CODE),
        ("threads left behind", lambda: pool.submit("bad", ground.leaves_threads), 3),
    )
    failing: tuple[tuple[str, Callable[[], nsjob.Job], type[BaseException]], ...] = (
        ("recursion", lambda: pool.submit("bad", ground.recurses), RecursionError),
        ("recursion in a snippet", lambda: pool.queue("bad", "def f(): f()\nf()"), RecursionError),
        ("sys.exit", lambda: pool.submit("bad", ground.exits), SystemExit),
        ("sys.exit in a snippet", lambda: pool.queue("bad", "import sys\nsys.exit(3)"), SystemExit),
        ("missing builtins", lambda: pool.queue("bad", 'del __builtins__["len"]\nlen("")'), NameError),
    )
    checks: list[Callable[[], None]] = []
    for what, start, right in ok:
        checks.append(partial(_ends_ok, tally, pool, what, start, right))
    for what, start, kind in failing:
        checks.append(partial(_fails, tally, pool, what, start, kind))
    checks.extend(partial(_raises, tally, pool, ground, each) for each in raised)
    for body in (ground.blocks, ground.catches, ground.catches_and_calls):
        checks.extend(partial(_written_off, tally, pool, ground, body, end) for end in ("timeout", "kill"))
    random.shuffle(checks)
    for check in checks:
        beside.more()
        check()
        beside.more()
        beside.check(f"{number}")
    lost = pool.threadlist().numlost
    # Those that block; the others are nudged on, and end where that lands outside of their `try`.
    tally.expect(2 <= lost <= 6, f"{lost} threads are lost instead of 2 to 6")
    tally.add("lost threads", lost)
    cancelled = _cancelled_while_stuck(tally, pool, ground)
    ground.open()
    cancelled()
    until = time.monotonic() + _PATIENCE
    while pool.threadlist().numlost and time.monotonic() < until:
        time.sleep(0.001)
    tally.expect(not pool.threadlist().numlost, f"lost threads do not come back: {pool.threads()}")
    for child in ground.children:
        tally.expect(not (wrong := in_thread(child.wait)), f"a child: {wrong}")
    tally.expect("x" * len([1]) == "x", "the program's own builtins are gone")
    return _check(tally, pool)


def _ended(tally: Tally, pool: nsjob.Pool, what: str, job: nsjob.Job, outcome: str) -> BaseException | None:
    """Wait for `job`, and compare its outcome. Returns what its waiter got raised."""
    raised: BaseException | None = None
    try:
        job.wait(_PATIENCE)
    except BaseException as error:
        raised = error
    if not job.done():
        tally.violation(f"{what}: does not end")
        return None
    tally.expect(job.outcome == outcome, f"{what}: ended {job.outcome!r}, with a {type(raised).__name__}")
    tally.add(outcome)
    try:  # whatever came of it can be looked at
        repr(job)
        job.queue, job.req, job.code
        _look(pool, job)
    except BaseException as error:
        tally.violation(f"{what}: looking at it: {type(error).__name__}: {error}")
    return raised


def _look(pool: nsjob.Pool, job: nsjob.Job) -> None:
    """Ask the pool for everything that tells of a job."""
    pool.show(job.queue, job)
    pool.joblist(job.queue)
    pool.queuelist()
    pool.threads()
    pool.output(job.queue, job)


def _ends_ok(tally: Tally, pool: nsjob.Pool, what: str, start: Callable[[], nsjob.Job], right: object) -> None:
    job = start()
    raised = _ended(tally, pool, what, job, "ok")
    if raised is None and job.outcome == "ok":
        found = job.wait(0)
        same = found is right if isinstance(right, Rude) else found == right
        tally.expect(same, f"{what}: has the wrong value")


def _fails(
    tally: Tally, pool: nsjob.Pool, what: str, start: Callable[[], nsjob.Job], kind: type[BaseException]
) -> None:
    raised = _ended(tally, pool, what, start(), "error")
    tally.expect(type(raised) is kind, f"{what}: raised {type(raised).__name__} instead of {kind.__name__}")


def _raises(tally: Tally, pool: nsjob.Pool, ground: Round, error: BaseException) -> None:
    what = f"raising {type(error).__name__}"
    for start in (
        lambda: pool.submit("bad", ground.raises, error),
        lambda: pool.queue("bad", "raise error", vars={"error": error}),
    ):
        raised = _ended(tally, pool, what, start(), "error")
        tally.expect(raised is error, f"{what}: its waiter got a {type(raised).__name__}")


def _written_off(tally: Tally, pool: nsjob.Pool, ground: Round, body: Callable[[], None], end: str) -> None:
    """A body that does not end is written off, by its time limit or by kill."""
    what = f"{body.__name__}, {end}"
    ground.entered.clear()
    limit = {"timeout": _LIMIT} if end == "timeout" else {}
    job = pool.queue("bad", "body()", vars={"body": body}, jobid=f"stuck {what}", **limit)
    tally.expect(ground.entered.wait(_PATIENCE), f"{what}: does not start")
    if end == "kill":
        tally.expect(pool.kill("bad", job), f"{what}: was not running")
        tally.expect(
            isinstance(_ended(tally, pool, what, job, "cancelled"), nsjob.JobCancelled), f"{what}: wrong error"
        )
    else:
        tally.expect(isinstance(_ended(tally, pool, what, job, "timeout"), nsjob.JobTimeout), f"{what}: wrong error")
        pool.cancel("bad", job)  # it is done: this takes it out


def _cancelled_while_stuck(tally: Tally, pool: nsjob.Pool, ground: Round) -> Callable[[], None]:
    """A cancelled body that does not end keeps its slot until it ends, and then is cancelled."""
    ground.entered.clear()
    job = pool.submit("bad", ground.blocks)
    tally.expect(ground.entered.wait(_PATIENCE), "a blocking body does not start")
    tally.expect(job.cancel(), "a blocking body was not running")
    time.sleep(2 * _GRACE)
    tally.expect(job.state == "running" and job.req == "cancel", f"a blocking body that was cancelled: {job!r}")

    def ends() -> None:
        raised = _ended(tally, pool, "cancelled while stuck", job, "cancelled")
        tally.expect(isinstance(raised, nsjob.JobCancelled), "cancelled while stuck: the wrong error")

    return ends


def _check(tally: Tally, pool: nsjob.Pool) -> bool:
    """All slots are there, no thread is dead, and nothing is left. Returns whether it makes sense to go on."""
    wrong = in_thread(lambda: pool.waitall(timeout=_PATIENCE), 2 * _PATIENCE)
    if not tally.expect(not wrong, f"waitall: {wrong}"):
        return False
    for queue, cap in (("bad", _CAP), ("good", 2)):
        barrier = threading.Barrier(cap + 1)
        jobs = [pool.submit(queue, barrier.wait, _PATIENCE) for _ in range(cap)]
        wrong = in_thread(lambda barrier=barrier: barrier.wait(_PATIENCE), 2 * _PATIENCE)  # type: ignore[misc]
        if not tally.expect(not wrong, f"not all slots of {queue} came back: {wrong}; {pool.queuelist()}"):
            return False
        for job in jobs:
            tally.expect(not in_thread(job.wait, _PATIENCE), "a job at the barrier does not end")
    counts = pool.counts()
    tally.expect(counts.scheduled == counts.running == counts.done == 0, f"something is left: {counts}")
    numbers = pool.threadlist()
    tally.expect(numbers.numwaiting == 0, f"threads wait for ever: {numbers}")
    return True
