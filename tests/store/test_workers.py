"""Workers that misbehave: one whose clock is wrong, one that is stopped past its lease, two of one name; and caps that
change while pools hold slots.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nsjob
from tests.conftest import PATIENCE, Gate
from tests.store.cases import Store
from tests.store.test_failures import rows

_ROOT = Path(__file__).parents[2]
_LEASE = 1.5  # seconds


class Stray:
    """A worker in a process of its own."""

    def __init__(self, store: Store, name: str = "stray", shift: float = 0.0, lease: float = _LEASE) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.store.stray", store.address, name, str(lease), str(shift)],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self.process.pid
        self.said: list[str] = []
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        self.expect("ready")

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip())
        self._lines.put("it ended")

    def expect(self, start: str) -> str:
        """Wait until it has said a line that begins so."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                line = self._lines.get(timeout=max(end - time.monotonic(), 0.01))
            except queue.Empty:
                raise AssertionError(f"it never said {start!r}, but {self.said}") from None
            self.said.append(line)
            if line.startswith(start):
                return line
            assert line != "it ended", self.said

    def stop(self) -> None:
        """Stop it, as Ctrl-Z does."""
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def close(self) -> None:
        """End it."""
        self.go_on()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(15)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()


@pytest.fixture
def strays() -> Iterator[list[Stray]]:
    made: list[Stray] = []
    yield made
    for stray in made:
        stray.close()


@pytest.fixture
def client(durable: Store) -> nsjob.Pool:
    """A pool that queues, and runs nothing."""
    made = durable.pool(0)
    made.create("q", 2)
    made.define("from tests.store.stray import hold")
    return made


def held(store: Store) -> list[tuple[str, int]]:
    """Which pools hold how many slots."""
    return [
        (name, int(slots))
        for name, slots in rows(
            store, "SELECT p.name, SUM(s.slots) FROM nsjob_slots s JOIN nsjob_pools p ON p.id = s.pool GROUP BY p.name"
        )
        if slots
    ]


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_worker_whose_clock_is_wrong(
    durable: Store, client: nsjob.Pool, strays: list[Stray], tmp_path: Path, hours: int
) -> None:
    # The database's clock decides when leases end and jobs are due, and what the records say.
    began = time.time()
    strays.append(Stray(durable, "right", lease=3.0))
    strays.append(Stray(durable, "wrong", shift=hours * 3600.0, lease=3.0))
    go = tmp_path / "go"
    jobs = [client.queue("q", f"hold('{number}', {str(go)!r})") for number in range(2)]
    late = client.queue("q", "'late'", delay=0.2)
    never = client.queue("q", "'never'", delay=3000)
    until = "SELECT name, until FROM nsjob_pools ORDER BY name"
    leases = dict(rows(durable, until))
    assert [*leases] == ["right", "wrong"]
    _until(lambda: all(end > leases[name] for name, end in rows(durable, until)))  # they are extended, and in time
    go.touch()
    who = {job.wait(PATIENCE) for job in jobs}
    assert who <= {str(stray.pid) for stray in strays}
    assert late.wait(PATIENCE) == "late"
    assert not never.done()
    assert not any("lost its lease" in line for stray in strays for line in stray.said)
    assert [row[0] for row in rows(durable, "SELECT attempt FROM nsjob_jobs WHERE state = 5")] == [1, 1, 1]
    for started, ended in rows(durable, "SELECT started, ended FROM nsjob_jobs WHERE state = 5"):
        assert began - 5 < started / 1e6 <= ended / 1e6 < time.time() + 5
    assert never.cancel() in (True, False)


def test_a_worker_that_is_stopped_past_its_lease(
    durable: Store, client: nsjob.Pool, strays: list[Stray], tmp_path: Path, gate: Gate
) -> None:
    go = tmp_path / "go"
    stray = Stray(durable)
    strays.append(stray)
    job = client.queue("q", f"hold('it', {str(go)!r})")
    stray.expect("began it")
    stray.stop()
    other = Stray(durable, "other")
    strays.append(other)
    other.expect("began it")  # when the lease of the stray is over
    stray.go_on()
    stray.expect("log pool stray lost its lease")
    go.touch()  # both may end now; what comes of the stray's is refused, or never comes
    assert job.wait(PATIENCE) == str(other.pid)
    other.expect("ended it")
    # The stray has a lease again, and works on: with two slots and four jobs at once both are needed.
    os.unlink(go)
    more = [client.queue("q", f"hold('more', {str(go)!r})") for _ in range(2)]
    client.resize("q", 8)
    more += [client.queue("q", f"hold('more', {str(go)!r})") for _ in range(6)]
    stray.expect("began more")
    other.expect("began more")
    go.touch()
    assert {job.wait(PATIENCE) for job in more} == {str(stray.pid), str(other.pid)}
    assert rows(durable, "SELECT outcome, ran FROM nsjob_jobs WHERE id = 'job0'")[0][0] == "ok"
    assert job.wait(PATIENCE) == str(other.pid)  # nothing was overwritten
    assert rows(durable, "SELECT outcome FROM nsjob_runs") == [("lost",)]


def test_a_worker_that_alone_is_stopped_past_its_lease_goes_on(
    durable: Store, client: nsjob.Pool, strays: list[Stray], tmp_path: Path
) -> None:
    go = tmp_path / "go"
    stray = Stray(durable)
    strays.append(stray)
    job = client.queue("q", f"hold('it', {str(go)!r})")
    stray.expect("began it")
    stray.stop()
    time.sleep(_LEASE * 1.3)
    stray.go_on()
    stray.expect("began it")  # again: a lease that ran out is not taken up
    go.touch()
    assert job.wait(PATIENCE) == str(stray.pid)


def test_two_pools_of_one_name(durable: Store, client: nsjob.Pool, strays: list[Stray], tmp_path: Path) -> None:
    go = tmp_path / "go"
    twins = [Stray(durable, "twin", lease=10.0) for _ in range(2)]
    strays += twins
    client.create("wide", 8)
    jobs = [client.queue("wide", f"hold('it', {str(go)!r})") for _ in range(8)]
    for twin in twins:
        twin.expect("began it")
    epochs = rows(durable, "SELECT epoch FROM nsjob_pools WHERE name = 'twin' ORDER BY epoch")
    assert len(epochs) == 2
    go.touch()
    assert {job.wait(PATIENCE) for job in jobs} == {str(twin.pid) for twin in twins}
    _until(lambda: client.counts("wide").ok == 8)  # each counts for itself, and tells now and then


def test_a_lease_number_is_never_given_twice(durable: Store) -> None:
    numbers = []
    for _ in range(3):
        pool = durable.pool(1)
        numbers.append(pool._keeper.id)  # type: ignore[attr-defined]
        pool.shutdown()
    assert len(set(numbers)) == 3
    client = durable.pool(0)
    made = []
    for name in "abc":
        client.create(name, 1)
        made.append(rows(durable, f"SELECT id FROM nsjob_queues WHERE name = '{name}'")[0][0])
        client.delete(name, force=True)
    assert len(set(made)) == 3


def test_what_a_pool_took_that_was_given_up_meanwhile_is_recovered(durable: Store, gate: Gate) -> None:
    client = durable.pool(0)
    client.create("q", 1)
    job = client.queue("q", "'it'")
    waiting = client.queue("q", "'that'")
    # As a pool leaves it that stalls in the middle of a transaction until its lease is gone, and is killed after it.
    for state, one in ((4, job), (3, waiting)):
        client._commits.do(  # type: ignore[attr-defined]
            lambda cursor, state=state, one=one: cursor.run(
                "UPDATE nsjob_jobs SET state = :state, owner = 987654, attempt = 1, started = 1 WHERE key = :key",
                state=state,
                key=one.key,
            )
        )
    worker = durable.pool(lease=4)  # it looks for such jobs four times in that
    assert job.wait(PATIENCE) == "it"
    assert waiting.wait(PATIENCE) == "that"
    assert rows(durable, "SELECT outcome FROM nsjob_runs") == [("lost",)]
    del worker


def test_a_queue_that_is_made_smaller_keeps_its_cap(durable: Store, gate: Gate) -> None:
    first, second = durable.pool(4), durable.pool(4)
    first.create("q", 8)
    first.define("from tests.store.bodies import enter")
    second.queues()
    jobs = [first.queue("q", "enter()") for _ in range(40)]
    gate.came(8)
    assert sum(slots for _, slots in held(durable)) == 8
    first.resize("q", 2)
    keepers: list[Any] = [pool._keeper for pool in (first, second)]  # type: ignore[attr-defined]
    _until(lambda: all(keeper.queues["q"].maxthreads == 2 for keeper in keepers))  # both have heard of it
    gate.let(8)
    _until(lambda: gate.inside == 2)
    gate.most = 0
    for _ in range(32):
        gate.let(1)
    for job in jobs:
        job.wait(PATIENCE)
    assert gate.most <= 2


def test_slots_that_are_let_go_are_not_used(durable: Store, gate: Gate) -> None:
    # A pool lets go of slots that it does not use; what it takes just then must not run past the cap.
    pools = [durable.pool(2), durable.pool(2)]
    pools[0].create("q", 2)
    pools[1].queues()
    for round_ in range(6):
        for pool in pools:
            jobs = [pool.queue("q", f"{round_}") for _ in range(4)]
            assert [job.wait(PATIENCE) for job in jobs] == [round_] * 4
            keeper: Any = pool._keeper  # type: ignore[attr-defined]
            keeper.release_idle(0.0)
            job = pool.queue("q", "'after'")
            assert job.wait(PATIENCE) == "after"
    _until(lambda: held(durable) == [])


def _until(condition: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
