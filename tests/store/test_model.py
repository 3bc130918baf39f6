"""Several pools on one SQLite store and a model of it, driven together: they must agree after every step.

Bodies stand at gates that the machine opens, so nothing happens but by a step. Pools come and go, and lose their leases
while they run jobs. What is checked: an acknowledged job is never lost, each ends exactly once and with the outcome of
its one accepted run, caps hold over all pools, and the one that is next by rank and turn is the one that starts.
"""

from __future__ import annotations

import itertools
import math
import os
import queue
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

import nsjob
from nsjob.errors import JobLost

PATIENCE = 20.0
MAXLOSSES = 3
BODIES: dict[str, Body] = {}

names = st.sampled_from(["a", "a", "b"])
picks = st.integers(0, 1_000)


def act(name: str) -> str:
    """What the body of a job does."""
    return BODIES[name].run()


class Body:
    """What one job does: each run reports that it has come, stands at a gate of its own, and ends as it is told."""

    def __init__(self, name: str, reports: queue.SimpleQueue[tuple[str, int, str]]) -> None:
        self._name = name
        self._reports = reports
        self._numbers = itertools.count()
        self._gates: dict[int, threading.Event] = {}
        self._orders: dict[int, str] = {}

    def run(self) -> str:
        number = next(self._numbers)
        self._reports.put((self._name, number, threading.current_thread().name.rpartition("-")[0]))
        assert self._gate(number).wait(3 * PATIENCE)
        how = self._orders[number]
        if how == "error":
            raise ValueError(self._name)
        if how == "fail":
            nsjob.current_job().fail("for good")
        return f"{self._name} {number}"

    def open(self, number: int, how: str) -> None:
        """Let that run end."""
        self._orders.setdefault(number, how)
        self._gate(number).set()

    def _gate(self, number: int) -> threading.Event:
        return self._gates.setdefault(number, threading.Event())


@dataclass(eq=False)
class ModelJob:
    name: str
    queue: str
    id: str
    handle: nsjob.Job
    key: int
    priority: int
    retries: int
    rank: int = 0
    turn: int = 0
    state: str = "scheduled"
    outcome: str = ""
    attempt: int = 0
    losses: int = 0
    delayed: bool = False
    after: set[ModelJob] = field(default_factory=set)
    asked: str = ""
    run: int = -1  # the number of its body's latest run
    pool: str = ""  # where that is

    def __repr__(self) -> str:
        return f"<{self.queue} {self.id} {self.state} {self.outcome} rank {self.rank} of {self.pool!r} run {self.run}>"


@dataclass
class ModelQueue:
    cap: int
    paused: bool = False


class StoreMachine(RuleBasedStateMachine):
    """Every rule does one thing to a pool and to the model, and `settle`s."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory(prefix="nsjob-model-")
        self.path = Path(self.directory.name) / "jobs.db"
        self.reports: queue.SimpleQueue[tuple[str, int, str]] = queue.SimpleQueue()
        self.pools: dict[str, nsjob.Pool] = {}
        self.jobs: list[ModelJob] = []  # of the queues' tables
        self.left: list[ModelJob] = []
        self.queues = {"a": ModelQueue(2), "b": ModelQueue(1)}
        self.serial = itertools.count()
        BODIES.clear()

    @initialize()
    def begin(self) -> None:
        first = self.one_more()
        for name, known in self.queues.items():
            first.create(name, known.cap)
        first.define("from tests.store.test_model import act")
        self.one_more()

    def teardown(self) -> None:
        for job in [*self.jobs, *self.left]:
            for number in range(job.run + 20):
                BODIES[job.name].open(number, "ok")
        for pool in self.pools.values():
            pool.shutdown(wait=False)
        self.directory.cleanup()

    # -- looking -------------------------------------------------------------------------------------------------

    def sql(self, statement: str, *values: object) -> list[Any]:
        with closing(sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)) as connection:
            return connection.execute(statement, values).fetchall()

    def until(self, look: Callable[[], object], otherwise: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not look():
            assert time.monotonic() < deadline, f"{otherwise}\nmodel: {self.jobs}\nstore: {self.table()}"
            os.sched_yield()

    def table(self) -> list[Any]:
        return self.sql("SELECT key, queue, id, state, rank, ord, owner, attempt, outcome, gone FROM nsjob_jobs")

    def of(self, queue: str | None, *states: str) -> list[ModelJob]:
        return [job for job in self.jobs if (queue is None or job.queue == queue) and job.state in states]

    def chosen(self, pick: int, *states: str) -> ModelJob | None:
        found = self.of(None, *states)
        return found[pick % len(found)] if found else None

    def pool(self, pick: int) -> nsjob.Pool:
        return list(self.pools.values())[pick % len(self.pools)]

    # -- the model -----------------------------------------------------------------------------------------------

    def starting(self) -> dict[str, list[ModelJob]]:
        """The jobs that start now, by queue."""
        found = {}
        for name, known in self.queues.items():
            room = 0 if known.paused else max(known.cap - len(self.of(name, "running")), 0)
            if chosen := self.ready(name)[:room]:
                found[name] = chosen
        return found

    def ready(self, queue: str) -> list[ModelJob]:
        """The jobs that could start, the next one first."""
        found = [job for job in self.of(queue, "scheduled") if not job.after and not job.delayed]
        return sorted(found, key=lambda job: (-job.rank, job.turn))

    def end(self, job: ModelJob, outcome: str) -> None:
        job.state, job.outcome, job.after = "done", outcome, set()
        if outcome == "cancelled":
            self.leave(job)
        for other in [other for other in self.jobs if job in other.after]:
            other.after.discard(job)
            if outcome != "ok" and other.state == "scheduled":
                self.end(other, "error")

    def leave(self, job: ModelJob) -> None:
        self.jobs.remove(job)
        self.left.append(job)

    def placed(self, job: ModelJob) -> None:
        """Where a job stands in its queue is what the store says: pools count turns by themselves."""
        ((job.rank, job.turn),) = self.sql("SELECT rank, ord FROM nsjob_jobs WHERE key = ?", job.key)

    # -- both ----------------------------------------------------------------------------------------------------

    def settle(self, in_order: bool = True) -> None:
        """Let happen what must, and compare.

        Arguments:
            in_order: whether it is known which jobs start now, not only how many.
        """
        while starting := self.starting():
            may = starting if in_order else {name: self.ready(name) for name in starting}
            known = {job.name: job for jobs in may.values() for job in jobs}
            for _ in [job for jobs in starting.values() for job in jobs]:
                try:
                    name, number, pool = self.reports.get(timeout=PATIENCE)
                except queue.Empty:
                    raise AssertionError(f"these do not start: {known}\nall: {self.jobs}\n{self.table()}") from None
                assert name in known, f"{name} starts, not {known}\nall: {self.jobs}\nstore: {self.table()}"
                job = known.pop(name)
                assert number == job.run + 1, f"{job} has run {number}"
                job.state, job.run, job.pool = "running", number, pool
                job.attempt += 1
        self.until(lambda: self.sql("SELECT COUNT(*) FROM nsjob_requests") == [(0,)], "requests are not answered")
        self.until(self.agree, "the store and the model differ")
        assert self.reports.empty(), f"{self.reports.get()} starts\nall: {self.jobs}\nstore: {self.table()}"
        for pool in self.pools.values():
            for name in self.queues:
                assert sorted(pool.jobs(name)) == sorted(job.id for job in self.jobs if job.queue == name)

    def agree(self) -> bool:
        """Whether the store has what the model has, and no pool has more than it runs."""
        states = {0: "scheduled", 1: "scheduled", 2: "scheduled", 4: "running", 5: "done"}
        found = {
            key: (states.get(state, "reserved"), outcome or "")
            for key, state, outcome in self.sql("SELECT key, state, outcome FROM nsjob_jobs WHERE gone = 0")
        }
        return found == {job.key: (job.state, job.outcome) for job in self.jobs}

    # -- pools ---------------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.pools) < 4)
    @rule()
    def open_a_pool(self) -> None:
        self.one_more()
        self.settle()

    def one_more(self) -> nsjob.Pool:
        name = f"pool{next(self.serial)}"
        made = nsjob.Pool(store=self.path, name=name, lease=600, maxpoll=0.05, maxlosses=MAXLOSSES)
        self.pools[name] = made
        return made

    @precondition(lambda self: len(self.pools) > 1)
    @rule(pick=picks)
    def close_a_pool(self, pick: int) -> None:
        name = list(self.pools)[pick % len(self.pools)]
        pool = self.pools.pop(name)
        back = [job for job in self.of(None, "running") if job.pool == name]
        closing_it = threading.Thread(target=self.closed, args=(pool,))
        closing_it.start()
        closing_it.join(PATIENCE)
        assert not closing_it.is_alive(), f"{pool} does not close"
        for job in back:
            number = job.run
            if job.asked == "cancel":
                self.end(job, "cancelled")
            else:
                self.returned(job)
            BODIES[job.name].open(number, "ok")
        self.settle()

    @staticmethod
    def closed(pool: nsjob.Pool) -> None:
        pool.give_back()  # type: ignore[attr-defined]
        pool.shutdown(wait=False)

    def returned(self, job: ModelJob) -> None:
        job.state, job.asked = "scheduled", ""
        job.attempt -= 1
        self.placed(job)

    @precondition(lambda self: len(self.pools) > 1)
    @rule(pick=picks)
    def let_a_lease_run_out(self, pick: int) -> None:
        name = list(self.pools)[pick % len(self.pools)]
        pool: Any = self.pools[name]
        keeper = pool._keeper
        keeper.serves.stopped = True
        keeper._extend_at = math.inf
        old = keeper.id
        lost = [job for job in self.of(None, "running") if job.pool == name]
        self.sql("UPDATE nsjob_pools SET until = 1 WHERE id = ?", old)
        next(other for other in self.pools.values() if other is not pool)._recover()  # type: ignore[attr-defined]
        gone = "SELECT COUNT(*) FROM nsjob_pools WHERE id = ?"
        self.until(lambda: self.sql(gone, old) == [(0,)], "nobody takes what a lost pool had")
        for job in lost:
            number = job.run
            job.losses += 1
            if job.asked == "cancel":  # nobody runs it again
                self.end(job, "cancelled")
            elif job.losses >= MAXLOSSES:
                self.end(job, "error")
            else:
                self.returned(job)
            BODIES[job.name].open(number, "ok")  # what comes of it is refused
        keeper._extend_at = 0.0
        pool._commits.ring()
        self.until(lambda: keeper.id not in (None, old), "a lost pool gets no new lease")
        keeper.serves.stopped = False
        keeper.hungry(*keeper.by_number)
        pool._commits.ring()
        self.settle(in_order=False)  # what waits may have begun before those that were lost came back

    # -- queues --------------------------------------------------------------------------------------------------

    @rule(pick=picks, name=names)
    def pause(self, pick: int, name: str) -> None:
        self.pool(pick).pause(name)
        self.queues[name].paused = True
        self.settle()

    @rule(pick=picks, name=names)
    def resume(self, pick: int, name: str) -> None:
        self.pool(pick).resume(name)
        self.queues[name].paused = False
        self.settle()

    @rule(pick=picks, name=names, cap=st.integers(1, 4))
    def resize(self, pick: int, name: str, cap: int) -> None:
        self.pool(pick).resize(name, cap)
        self.queues[name].cap = cap
        self.settle()

    # -- jobs ----------------------------------------------------------------------------------------------------

    @rule(
        pick=picks,
        name=names,
        priority=st.sampled_from([0, 127, 127, 255]),
        head=st.sampled_from([False, False, False, True]),
        retries=st.sampled_from([0, 0, 1]),
        delayed=st.sampled_from([False, False, False, True]),
        unique=st.sampled_from([None, None, None, "u"]),
        after=st.lists(picks, max_size=2),
        many=st.sampled_from([1, 1, 3]),
    )
    def queue(
        self,
        pick: int,
        name: str,
        priority: int,
        head: bool,
        retries: int,
        delayed: bool,
        unique: str | None,
        after: list[int],
        many: int,
    ) -> None:
        for _ in range(many):
            self.queue_one(pick, name, priority, head, retries, delayed, unique, after)

    def queue_one(
        self,
        pick: int,
        name: str,
        priority: int,
        head: bool,
        retries: int,
        delayed: bool,
        unique: str | None,
        after: list[int],
    ) -> None:
        if len(self.jobs) > 12:
            return
        pool = self.pool(pick)
        title = f"{name}{next(self.serial)}"
        firsts = {self.jobs[one % len(self.jobs)] for one in after} if self.jobs else set()
        options: dict[str, Any] = {"priority": priority, "retries": retries, "backoff": 0, "head": head}
        if delayed:
            options["delay"] = "1h"
        if unique:
            options["unique"] = f"{unique}{name}"
        if firsts:
            options["after"] = [(job.queue, job.id) for job in firsts]
        known = [job for job in self.of(name, "scheduled", "running") if getattr(job, "unique", None) and unique]
        BODIES[title] = Body(title, self.reports)
        handle: Any = pool.queue(name, "act(title)", vars={"title": title}, **options)
        if known:
            assert handle.id == known[0].id, f"{handle} is queued beside {known}"
            return
        job = ModelJob(title, name, handle.id, handle, handle.key, priority, retries, delayed=delayed)
        job.unique = unique  # type: ignore[attr-defined]
        assert job.id not in [other.id for other in self.jobs if other.queue == name]
        self.jobs.append(job)
        self.placed(job)
        job.after = {first for first in firsts if first.state != "done"}
        if any(first.state == "done" and first.outcome != "ok" for first in firsts):
            self.end(job, "error")
        self.settle()

    @rule(pick=picks, how=st.sampled_from(["ok", "ok", "error", "fail"]))
    def let_a_body_end(self, pick: int, how: str) -> None:
        job = self.chosen(pick, "running")
        if job is None:
            return
        number, asked = job.run, job.asked
        BODIES[job.name].open(number, how)
        if asked == "cancel":
            self.end(job, "cancelled")
        elif asked == "requeue" or (how == "error" and job.attempt <= job.retries):
            before = job.turn
            self.until(lambda: self.turn_of(job) != before, f"{job} does not go back")
            job.state, job.asked = "scheduled", ""
            job.attempt -= asked == "requeue"
            self.placed(job)
            assert job.rank == job.priority
        else:
            self.end(job, "ok" if how == "ok" else "error")
        self.settle()
        if job.state == "done":
            self.compare(job, number)

    def turn_of(self, job: ModelJob) -> int:
        ((turn,),) = self.sql("SELECT ord FROM nsjob_jobs WHERE key = ?", job.key)
        return int(turn)

    def compare(self, job: ModelJob, number: int) -> None:
        """What those who hold the job get."""
        if job.outcome == "ok":
            assert job.handle.wait(PATIENCE) == f"{job.name} {number}"
        else:
            with pytest.raises((ValueError, nsjob.JobFailed, nsjob.JobCancelled, nsjob.DependencyFailed, JobLost)):
                job.handle.wait(PATIENCE)
        assert job.handle.outcome == job.outcome

    @rule(pool=picks, pick=picks)
    def cancel(self, pool: int, pick: int) -> None:
        job = self.chosen(pick, "scheduled", "running", "done")
        if job is None:
            return
        was_running = self.pool(pool).cancel(job.queue, job.id)
        assert was_running == (job.state == "running")
        if job.state == "running":
            job.asked = job.asked or "cancel" if job.asked != "requeue" else "cancel"
        elif job.state == "scheduled":
            self.end(job, "cancelled")
        else:
            self.leave(job)
        self.settle()

    @rule(pool=picks, pick=picks)
    def requeue(self, pool: int, pick: int) -> None:
        job = self.chosen(pick, "running")
        if job is not None:
            self.pool(pool).requeue(job.queue, job.id)
            job.asked = job.asked or "requeue"
            self.settle()

    @rule(pool=picks, pick=picks)
    def run_next(self, pool: int, pick: int) -> None:
        job = self.chosen(pick, "scheduled")
        if job is None:
            return
        if job.after:
            with pytest.raises(nsjob.WrongState):
                self.pool(pool).run(job.queue, job.id)
            return
        self.pool(pool).run(job.queue, job.id)
        job.delayed = False
        self.placed(job)
        self.settle()

    @rule(pool=picks, pick=picks)
    def wait(self, pool: int, pick: int) -> None:
        job = self.chosen(pick, "done")
        if job is None:
            return
        taken = self.pool(pool).take(job.queue, job.id, PATIENCE)
        assert (taken.id, taken.outcome) == (job.id, job.outcome)
        self.leave(job)
        self.settle()

    @rule(pool=picks, name=names)
    def wait_for_any(self, pool: int, name: str) -> None:
        done = [job.id for job in self.of(name, "done")]
        try:
            assert self.pool(pool).waitany(name, timeout=0) in (done or [""])
        except nsjob.WaitTimeout:
            assert not done
            assert self.of(name, "scheduled", "running")

    @rule(pool=picks, pick=picks)
    def retry(self, pool: int, pick: int) -> None:
        job = self.chosen(pick, "done")
        if job is None or getattr(job, "unique", None):
            return
        handle: Any = self.pool(pool).retry(job.queue, job.id)
        self.leave(job)
        again = ModelJob(job.name, job.queue, job.id, handle, handle.key, job.priority, job.retries, run=job.run)
        again.unique = None  # type: ignore[attr-defined]
        self.jobs.append(again)
        self.placed(again)
        self.settle()


def test_pools_on_one_store_agree_with_the_model() -> None:
    run_state_machine_as_test(
        StoreMachine,
        settings=settings(
            max_examples=int(os.environ.get("NSJOB_MODEL_EXAMPLES", "15")),
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
