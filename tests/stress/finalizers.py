"""Finalizers: `__del__` methods that call the pool, of objects in cycles, which the collector finds at any point.

Threads and bodies make such garbage while they use the pool, so finalizers run in the pool's own code too, with its
lock held. Whatever they queued runs once, and nothing hangs.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from random import Random
from types import FrameType

import nsjob
from tests.stress.tally import Tally, Witness, in_thread

FULL = 20_000
LEAST = 1_000
_DRIVERS = 4
_QUEUES = ("a", "b", "c")
_CAPS = {"a": 1, "b": 2, "c": 3}
_PATIENCE = 15.0
_AT_ONCE = 8  # objects in one cycle
_BUSY = 2_000  # jobs that may wait before who makes garbage waits too
_COLLECT = 0.02  # how often a full collection is asked for; a build without the GIL collects rarely by itself


class Books:
    """What finalizers asked for, and what came of it. One append each: finalizers nest."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.made = 0
        self.calls: list[str] = []
        self.jobs: list[tuple[int, nsjob.Job]] = []  # each with its serial
        self.victims: list[nsjob.Job] = []
        self.ran: list[int] = []
        self.inside: list[int] = []  # finalizers that interrupted the pool's own code


class Garbage:
    """One object whose finalizer calls a verb of the pool."""

    def __init__(self, pool: nsjob.Pool, books: Books, serial: int, turn: int, others: list[Garbage]) -> None:
        self.pool = pool
        self.books = books
        self.serial = serial
        self.turn = turn
        self.others = others  # which has this object too: a cycle

    def __del__(self) -> None:
        books = self.books
        if _in_pool(sys._getframe(1)):
            books.inside.append(1)
        action = _ACTIONS[self.turn % len(_ACTIONS)]
        answer = ""
        try:
            action(self.pool, books, self.serial, _QUEUES[self.turn % 3])
        except nsjob.Reentered:
            # It interrupted the pool itself and asked for what cannot be put off.
            answer = " refused"
            if action not in _REFUSED:
                books.tally.violation(f"{action.__name__} was refused in a finalizer")
        except BaseException as error:
            answer = " failed"
            books.tally.violation(f"{action.__name__} in a finalizer: {type(error).__name__}: {error}")
        books.calls.append(action.__name__ + answer)


def _in_pool(frame: FrameType | None) -> bool:
    return frame is not None and str(frame.f_globals.get("__name__")).startswith("nsjob.")


def _queues(pool: nsjob.Pool, books: Books, serial: int, queue: str) -> None:
    variables = {"ran": books.ran, "serial": serial}
    books.jobs.append((serial, pool.queue(queue, "ran.append(serial)", vars=variables, detached=True)))


def _submits(pool: nsjob.Pool, books: Books, serial: int, queue: str) -> None:
    books.jobs.append((serial, pool.submit(queue, books.ran.append, serial)))


def _queues_with_priority(pool: nsjob.Pool, books: Books, serial: int, queue: str) -> None:
    variables = {"ran": books.ran, "serial": serial}
    job = pool.queue(queue, "ran.append(serial)", vars=variables, priority=serial % 256, head=serial % 3 == 0)
    books.jobs.append((serial, job))


def _queues_for_later(pool: nsjob.Pool, books: Books, serial: int, queue: str) -> None:
    variables = {"ran": books.ran, "serial": serial}
    books.jobs.append((serial, pool.queue(queue, "ran.append(serial)", vars=variables, delay=0.002, expires=600)))


def _queues_unique(pool: nsjob.Pool, books: Books, serial: int, queue: str) -> None:
    variables = {"ran": books.ran, "serial": serial}
    books.jobs.append((serial, pool.queue(queue, "ran.append(serial)", vars=variables, unique=str(serial))))


def _cancels(pool: nsjob.Pool, books: Books, serial: int, queue: str) -> None:
    victim = pool.submit(queue, _spin, 50)
    books.victims.append(victim)
    victim.cancel()


def _cancels_an_older_one(pool: nsjob.Pool, books: Books, serial: int, queue: str) -> None:
    if books.victims:
        books.victims[-1].cancel()


def _looks(pool: nsjob.Pool, books: Books, serial: int, queue: str) -> None:
    pool.counts(queue)


_ACTIONS: tuple[Callable[[nsjob.Pool, Books, int, str], None], ...] = (
    _queues,
    _submits,
    _queues_with_priority,
    _cancels,
    _submits,
    _queues_for_later,
    _cancels_an_older_one,
    _queues,
    _queues_unique,
    _looks,
)
_REFUSED = (_queues_unique, _looks)


def _spin(turns: int) -> int:
    total = 0
    for turn in range(turns):
        total += turn
    return total


def _litter(pool: nsjob.Pool, books: Books, serials: list[int], random: Random) -> None:
    """Drop a cycle of such objects: they wait for the collector."""
    others: list[Garbage] = []
    for serial in serials:
        others.append(Garbage(pool, books, serial, random.randrange(30), others))


class Driver(threading.Thread):
    """One thread that drops garbage and calls the pool."""

    def __init__(self, pool: nsjob.Pool, books: Books, first: int, number: int, seed: int) -> None:
        super().__init__(name=f"driver-{first}", daemon=True)
        self.pool = pool
        self.books = books
        self.serials = list(range(first, first + number))
        self.random = Random(seed)
        self.own: list[tuple[int, nsjob.Job]] = []

    def run(self) -> None:
        try:
            while self.serials:
                mine, self.serials = self.serials[:_AT_ONCE], self.serials[_AT_ONCE:]
                if self.random.random() < 0.3:  # in a body
                    self.pool.submit(self.random.choice(_QUEUES), self.litter_and_call, mine)
                else:
                    self.litter_and_call(mine)
                while self.pool.counts().scheduled > _BUSY:
                    time.sleep(0.001)
        except BaseException as error:
            self.books.tally.violation(f"a driver ended: {type(error).__name__}: {error}")

    def litter_and_call(self, serials: list[int]) -> None:
        _litter(self.pool, self.books, serials, self.random)
        pool, random = self.pool, self.random
        queue = random.choice(_QUEUES)
        for turn in range(3):
            self.own.append((turn, pool.queue(queue, "turn", vars={"turn": turn}, detached=True)))
            self.own.append((turn, pool.queue(queue, "turn", vars={"turn": turn}, delay=0.001, priority=turn)))
            last = pool.submit(queue, int, turn)
            self.own.append((turn, last))
        pool.joblist(queue)
        pool.queuelist()
        last.add_done_callback(lambda _: None)
        if last.wait(_PATIENCE) != 2:
            self.books.tally.violation("a job has the wrong value")
        pool.waitany(queue, timeout=_PATIENCE)


def scenario(tally: Tally, size: int, random: Random) -> None:
    """Let `size` finalizers call the pool."""
    sys.setswitchinterval(0.0002)
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()  # what is there already need not be looked at again and again
    with Witness(tally):
        pool = nsjob.Pool()
        for name in _QUEUES:
            pool.create(name, _CAPS[name])
        books = Books(tally)
        share = size // _DRIVERS + 1
        books.made = share * _DRIVERS
        gc.set_threshold(20, 3, 3)
        try:
            drivers = [Driver(pool, books, n * share, share, random.randrange(1 << 30)) for n in range(_DRIVERS)]
            for driver in drivers:
                driver.start()
            until = time.monotonic() + _PATIENCE + size / 50
            while any(driver.is_alive() for driver in drivers) and time.monotonic() < until:
                time.sleep(_COLLECT)
                gc.collect()
        finally:
            gc.set_threshold(*before)
            gc.unfreeze()
        for driver in drivers:
            wrong = in_thread(lambda driver=driver: driver.join(_PATIENCE), 2 * _PATIENCE)  # type: ignore[misc]
            if driver.is_alive() or wrong:
                stack = sys._current_frames().get(driver.ident or 0)
                where = f"{stack.f_code.co_qualname}:{stack.f_lineno}" if stack is not None else "?"
                tally.violation(f"a driver does not end, at {where}")
                return
        _check(tally, pool, books, [job for driver in drivers for job in driver.own])


def _check(tally: Tally, pool: nsjob.Pool, books: Books, own: list[tuple[int, nsjob.Job]]) -> None:
    if not tally.expect(not (wrong := in_thread(pool.counts)), f"the lock is not free: {wrong}"):
        return
    until = time.monotonic() + _PATIENCE
    while len(books.calls) < books.made and time.monotonic() < until:
        gc.collect()
        time.sleep(0.01)
    tally.add("finalizers", len(books.calls))
    tally.add("inside the pool", len(books.inside))
    for what, number in sorted(Counter(books.calls).items()):
        tally.add(what.strip("_").replace("_", " "), number)
    tally.expect(len(books.calls) == books.made, f"{books.made - len(books.calls)} finalizers did not run")
    until = time.monotonic() + _PATIENCE
    jobs = [*(job for _, job in books.jobs), *books.victims, *(job for _, job in own)]
    for job in jobs:
        try:
            job.wait(max(until - time.monotonic(), 0))
        except nsjob.WaitTimeout:
            tally.violation(f"a job of {'a finalizer' if job not in own else 'a driver'} does not end: {job!r}")
        except nsjob.JobCancelled:
            pass
        except BaseException as error:
            tally.violation(f"a job failed: {error!r}")
    for serial, job in books.jobs:
        tally.expect(job.outcome == "ok", f"a finalizer's job ended {job.outcome!r} ({serial})")
    for value, job in own:
        tally.expect(job.outcome == "ok" and job.wait(0) == value, "a job ended with the wrong value")
    for victim in books.victims:
        tally.expect(victim.outcome in ("cancelled", "ok"), f"a victim ended {victim.outcome!r}")
    ran = Counter(books.ran)
    asked = Counter(serial for serial, _ in books.jobs)
    tally.expect(ran == asked, f"{(asked - ran).total()} jobs did not run, {(ran - asked).total()} ran once too often")
    ids = Counter((job.queue, job.id) for job in jobs)
    twice = [id for id, number in ids.items() if number > 1]
    tally.expect(not twice, f"{len(twice)} ids were given twice, as {twice[:3]}")
    wrong = in_thread(lambda: pool.waitall(timeout=_PATIENCE), 2 * _PATIENCE)
    tally.expect(not wrong, f"waitall: {wrong}")
    counts = pool.counts()
    tally.expect(counts.scheduled == counts.running == counts.done == counts.error == 0, f"something is left: {counts}")
    wrong = in_thread(lambda: pool.shutdown(timeout=_PATIENCE), 2 * _PATIENCE)
    tally.expect(not wrong, f"shutdown: {wrong}")
