"""Races: interrupts aimed at the moment at which a job ends.

Each round queues a victim, queues a follower behind it, and cancels the victim after a short random while; or gives it
a time limit of about its own length; or, rarely, kills it. Nothing may come of that but the victim's own outcome.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable
from random import Random
from typing import Any

import nsjob
from tests.stress.tally import Tally, Witness, in_thread

FULL = 100_000
_QUEUES = 4
_PATIENCE = 60.0


def spin(turns: int) -> int:
    """Be busy in Python code."""
    total = 0
    for turn in range(turns):
        total += turn & 1
    return total


class Busy:
    """Its finalizer is Python code, in which an interrupt is swallowed."""

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        spin(40)


def plain(pool: nsjob.Pool, queue: str, turns: int) -> int:
    spin(turns)
    return turns


def nothing(pool: nsjob.Pool, queue: str, turns: int) -> int:
    return turns


def verbs(pool: nsjob.Pool, queue: str, turns: int) -> int:
    for turn in range(1 + turns % 7):
        pool.counts()
        pool.jobs(queue)
        nsjob.current_job().progress(turn, 7)
        pool.queue(queue, "1 + 1", detached=True)
        pool.exists(queue, "job0")
    return turns


def waits(pool: nsjob.Pool, queue: str, turns: int) -> int:
    child = pool.submit(queue, spin, turns // 8)
    child.wait()
    return turns


def waits_by_id(pool: nsjob.Pool, queue: str, turns: int) -> int:
    child = pool.queue(queue, "7 * 6")
    try:
        value = pool.wait(queue, child, timeout=0.0001 * (turns % 5))
        if value != 42:
            raise AssertionError(f"a child's value is {value!r}")
    except nsjob.WaitTimeout:
        pool.cancel(queue, child) if pool.exists(queue, child) else None
    except nsjob.NoSuchJob:
        pass
    return turns


def finalizers(pool: nsjob.Pool, queue: str, turns: int) -> int:
    for _ in range(turns // 60):
        Busy().me = None  # type: ignore[assignment]
    return turns


def catches(pool: nsjob.Pool, queue: str, turns: int) -> int:
    try:
        spin(turns)
    except BaseException:
        pass
    return turns


def cleans_up(pool: nsjob.Pool, queue: str, turns: int) -> int:
    try:
        spin(turns // 2)
    finally:
        spin(turns // 2)
    return turns


BODIES: tuple[Callable[[nsjob.Pool, str, int], int], ...] = (
    plain,
    plain,
    nothing,
    verbs,
    waits,
    waits_by_id,
    finalizers,
    catches,
    cleans_up,
)
_SNIPPET = "for n in range(turns): pass\nturns"


class Driver(threading.Thread):
    """One thread that aims interrupts."""

    def __init__(self, pool: nsjob.Pool, tally: Tally, rounds: int, seed: int, pace: float) -> None:
        super().__init__(name=f"driver-{seed}", daemon=True)
        self.pool = pool
        self.tally = tally
        self.rounds = rounds
        self.random = Random(seed)
        self.pace = pace
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            for round_ in range(self.rounds):
                self.round(round_)
        except BaseException as error:
            self.failure = error
            self.tally.violation(f"{self.name} ended: {type(error).__name__}: {error}")

    def round(self, number: int) -> None:
        random, pool, tally = self.random, self.pool, self.tally
        queue = f"q{random.randrange(_QUEUES)}"
        turns = int(random.expovariate(1 / 1500)) % 20_000
        limited = random.random() < 0.3
        limit = max(turns * self.pace * random.uniform(0.5, 2.0), 0.0002)
        options: dict[str, Any] = {"timeout": limit} if limited else {}
        if random.random() < 0.25:
            what = "snippet"
            victim = pool.queue(queue, _SNIPPET, vars={"turns": turns}, **options)
        else:
            body = random.choice(BODIES)
            what = body.__name__
            if limited:
                variables = {"body": body, "pool": pool, "queue": queue, "turns": turns}
                victim = pool.queue(queue, "body(pool, queue, turns)", vars=variables, **options)
            else:
                victim = pool.submit(queue, body, pool, queue, turns)
        follower = pool.submit(queue, plain, pool, queue, number)
        cancelled = killed = False
        if not limited or random.random() < 0.1:
            while victim.state == "scheduled" and random.random() < 0.999:
                time.sleep(0)  # lets the other threads go on
            spin(random.randrange(turns + turns // 4 + 30))
            if random.random() < 0.01:
                killed = True
                try:
                    pool.kill(queue, victim)
                    tally.add("kills")
                except (nsjob.NoSuchJob, nsjob.WrongState):
                    pass
            else:
                cancelled = True
                tally.add("cancels of running jobs" if victim.cancel() else "cancels too late or too early")
        value = error = None
        try:
            value = victim.wait(_PATIENCE)
        except nsjob.WaitTimeout:
            tally.violation(f"a victim ({what}) does not end")
            return
        except BaseException as caught:
            error = caught
        outcome = victim.outcome
        tally.add(outcome)
        if limited:
            tally.add("time limits")
        if outcome == "ok":
            tally.expect(value == turns and error is None, f"an ok job ({what}) has the wrong value")
        elif outcome == "cancelled":
            tally.expect(cancelled or killed, f"{what}: cancelled, and nobody cancelled it")
            tally.expect(isinstance(error, nsjob.JobCancelled), f"{what}: cancelled, but its waiter got {error!r}")
        elif outcome == "timeout":
            tally.expect(limited and isinstance(error, nsjob.JobTimeout), f"{what}: timed out, with {error!r}")
        else:
            tally.violation(f"{what}: outcome {outcome}: {error!r}")
        if limited or what == "snippet":
            try:
                pool.cancel(queue, victim)  # it is done: this takes it out
            except nsjob.NoSuchJob:
                pass
        try:
            tally.expect(follower.wait(_PATIENCE) == number, "a follower has the wrong value")
        except nsjob.WaitTimeout:
            tally.violation("a follower does not end")
        except BaseException as caught:
            tally.violation(f"a follower of {what} ended {follower.outcome}: {caught!r}")


def _expected(what: object) -> bool:
    """An interrupt that a finalizer swallows: Python reports it, and it is sent again."""
    error = getattr(what, "exc_value", None)
    if not isinstance(error, nsjob.JobInterrupted):
        return False
    return any(frame.f_code is Busy.__del__.__code__ for frame, _ in traceback.walk_tb(error.__traceback__))


def scenario(tally: Tally, size: int, random: Random) -> None:
    """Aim `size` interrupts."""
    sys.setswitchinterval(0.00005)  # threads take turns often, so that races are met
    began = time.perf_counter()
    spin(200_000)
    pace = (time.perf_counter() - began) / 200_000
    with Witness(tally, _expected):
        pool = nsjob.Pool()
        for number in range(_QUEUES):
            pool.create(f"q{number}", 2)
        drivers = [Driver(pool, tally, size // 3 + 1, random.randrange(1 << 30), pace) for _ in range(3)]
        for driver in drivers:
            driver.start()
        for driver in drivers:
            driver.join()

        def answers() -> None:
            pool.waitall(timeout=_PATIENCE)
            for number in range(_QUEUES):
                jobs = [pool.submit(f"q{number}", plain, pool, "", turns) for turns in range(200)]
                if [job.wait(_PATIENCE) for job in jobs] != list(range(200)):
                    raise AssertionError("wrong values")
            counts = pool.counts()
            if counts.scheduled or counts.running:
                raise AssertionError(f"not all is done: {counts}")
            if counts.error:
                raise AssertionError(f"jobs failed: {counts}")

        tally.expect(not (wrong := in_thread(answers, 3 * _PATIENCE)), f"afterwards: {wrong}")
        alive = {thread.ident for thread in threading.enumerate()}
        for detail in pool.threads():
            tally.expect(detail.ident in alive, f"thread {detail.name} is dead ({detail.state} {detail.job})")
        numbers = pool.threadlist()
        tally.expect(numbers.numwaiting == 0, f"threads wait for ever: {numbers}")
        wrong = in_thread(lambda: pool.shutdown(timeout=_PATIENCE), 2 * _PATIENCE)
        tally.expect(not wrong, f"shutdown: {wrong}")
