"""Orders that are sent ahead of their turn: the two sides of them, and a pool whose workers take them."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, cast

import pytest

import nsjob
from nsjob.engines.ahead import Ahead, Permits, Taking
from nsjob.engines.pipes import Receiver, Sender
from nsjob.pool import engine as engines
from nsjob.pool import prefetching
from nsjob.pool.job import Job
from tests.conftest import PATIENCE
from tests.engines import near

STATE: dict[str, Any] = {}
"""What bodies and tests share: bodies run in this process."""

HERE = "from tests.engines.test_ahead import STATE\n"


def until(look: Callable[[], object]) -> None:
    while not look():
        os.sched_yield()


# -- the two sides ----------------------------------------------------------------------------------------------------


class Line:
    """An Ahead, and the worker's side of it."""

    def __init__(self) -> None:
        orders, orders_in = os.pipe()
        permits, permits_in = os.pipe()
        self.descriptors = (permits, permits_in)
        self.sender, self.receiver = Sender(orders_in), Receiver(orders)
        self.forgotten = 0
        self.ahead = Ahead(None, self.sender, Permits(permits, permits_in))
        self.taking = Taking(self.receiver, Permits(permits), self.forget)

    def forget(self) -> None:
        self.forgotten += 1

    def send(self, *names: str) -> list[Job]:
        jobs = [cast(Job, name) for name in names]
        for job in jobs:
            self.ahead.jobs.append(job)
            self.ahead.add(job)
        unsent = self.ahead.unsent()
        if unsent:
            self.send_orders(unsent, [b"\x80" + cast(str, job).encode() for job in unsent])
        return jobs

    def send_orders(self, jobs: list[Job], orders: list[bytes]) -> None:
        if self.ahead.load(jobs, orders):
            self.ahead.send()

    def took(self) -> str:
        return bytes(self.taking.receive())[1:].decode()

    def turn(self) -> Job:
        job = self.ahead.jobs.popleft()
        self.ahead.turn(job)
        return job

    def close(self) -> None:
        self.sender.close()
        self.receiver.close()
        for descriptor in self.descriptors:
            os.close(descriptor)


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.close()


def test_orders_are_taken_in_their_order(line: Line) -> None:
    line.sender.send(b"\x80first")
    line.send("a", "b")
    line.send("c")
    assert [line.took() for _ in range(4)] == ["first", "a", "b", "c"]


def test_what_has_not_begun_is_called_back(line: Line) -> None:
    line.sender.send(b"\x80first")
    line.send("a", "b", "c")
    assert [line.took(), line.took()] == ["first", "a"]
    assert line.ahead.call_back() is False
    assert line.ahead.returned() == ["b", "c"]
    assert line.ahead.returned() == []
    line.sender.send(b"\x80next")
    assert line.took() == "next"
    assert line.forgotten == 1


def test_all_of_it_is_called_back_where_nothing_has_begun(line: Line) -> None:
    line.sender.send(b"\x80first")
    line.send("a", "b")
    assert line.ahead.call_back() is True
    assert line.ahead.returned() == ["a", "b"]
    line.sender.send(b"\x80next")
    assert [line.took(), line.took()] == ["first", "next"]


def test_the_run_whose_turn_it_is_is_not_called_back(line: Line) -> None:
    line.send("a", "b", "c")
    assert line.turn() == "a"
    assert line.ahead.call_back() is True
    assert line.ahead.returned() == ["b", "c"]
    assert line.took() == "a"
    assert line.ahead.holds(cast(Job, "a"))
    line.ahead.settle()
    assert not line.ahead.holds(cast(Job, "a"))


def test_a_worker_that_found_no_permit_hears_that_it_has_one_again(line: Line) -> None:
    line.send("a")
    line.turn()
    found: list[str] = []
    gate = line.taking._permits.take
    met, go = threading.Event(), threading.Event()

    def late(most: int) -> int:
        line.taking._permits.take = gate  # type: ignore[method-assign]
        met.set()
        assert go.wait(PATIENCE)
        return gate(most)

    line.taking._permits.take = late  # type: ignore[method-assign]
    thread = threading.Thread(target=lambda: found.append(line.took()))
    thread.start()
    assert met.wait(PATIENCE)
    taken = line.ahead._permits.take(1)  # as `call_back` does
    go.set()
    assert taken == 1
    line.ahead._permits.give(1)
    assert line.ahead.call_back() is True
    thread.join(PATIENCE)
    assert found == ["a"]


def test_nothing_is_sent_before_the_worker_has_forgotten(line: Line) -> None:
    line.send("a", "b")
    line.ahead.call_back()
    assert line.ahead.returned() == ["a", "b"]
    line.send("c")
    assert line.ahead.unsent() == []
    assert line.ahead.call_back() is True
    assert line.ahead.returned() == ["c"]
    line.sender.send(b"\x80next")
    assert line.took() == "next"
    line.ahead.forgotten()
    line.ahead.jobs.clear()
    line.send("d")
    assert line.took() == "d"


def test_no_more_is_sent_than_a_pipe_takes(line: Line) -> None:
    jobs = [cast(Job, str(number)) for number in range(8)]
    for job in jobs:
        line.ahead.add(job)
    line.send_orders(line.ahead.unsent(), [b"\x80" + b"x" * 999 for _ in jobs])
    assert line.ahead.unsent() == jobs[2:]
    line.ahead.turn(jobs[0])
    line.taking.receive()
    line.ahead.settle()
    line.send_orders(line.ahead.unsent(), [b"\x80" + b"x" * 999 for _ in jobs[2:]])
    assert line.ahead.unsent() == jobs[3:]


def test_orders_that_were_called_back_before_they_were_sent_are_not(line: Line) -> None:
    jobs = [cast(Job, "a"), cast(Job, "b")]
    for job in jobs:
        line.ahead.add(job)
    before = line.ahead.unsent()
    assert line.ahead.call_back() is True
    line.send_orders(before, [b"\x80a", b"\x80b"])
    assert line.ahead.returned() == jobs
    line.sender.send(b"\x80next")
    assert line.took() == "next"


def test_calling_back_does_not_mind_that_the_worker_is_gone(line: Line) -> None:
    line.send("a", "b")
    line.receiver.close()
    assert line.ahead.call_back() is True
    assert line.ahead.returned() == ["a", "b"]


@pytest.mark.stress
def test_each_order_is_begun_or_called_back_whoever_is_first(line: Line) -> None:
    """A worker takes orders while they are called back at random: none is lost, none is done twice, none overtakes."""
    choose = random.Random(7)
    begun: list[int] = []
    ends = threading.Event()

    def work() -> None:
        with suppress(EOFError):
            while (name := line.took()) != "end":
                begun.append(int(name))
            ends.set()

    thread = threading.Thread(target=work)
    thread.start()
    back: list[int] = []
    number = 0
    forgotten = 0
    while number < 100_000:
        if line.ahead._shut and choose.random() < 0.7:
            until(lambda seen=forgotten: line.forgotten > seen)
        if line.forgotten > forgotten:
            forgotten = line.forgotten
            line.ahead.forgotten()
        count = choose.randrange(1, 12)
        line.send(*(str(number + step) for step in range(count)))
        number += count
        for _ in range(choose.randrange(4)):
            if not line.ahead.jobs:
                break
            job = line.turn()
            if not line.ahead.holds(job):  # it had not been sent: it is by itself
                back.append(int(cast(str, job)))
                continue
            until(lambda job=job: begun and begun[-1] >= int(job))
            line.ahead.settle()
        if choose.random() < 0.5 or len(line.ahead.jobs) > 30:
            line.ahead.call_back()
            returned = line.ahead.returned()
            back += [int(cast(str, job)) for job in returned]
            gone = set(returned)
            left = [job for job in line.ahead.jobs if job not in gone]
            line.ahead.jobs.clear()
            line.ahead.jobs.extend(left)
    while line.ahead.jobs:
        job = line.turn()
        if line.ahead.holds(job):
            until(lambda job=job: begun[-1] >= int(job))
            line.ahead.settle()
        else:
            back.append(int(cast(str, job)))
    line.sender.send(b"\x80end")
    thread.join(PATIENCE)
    assert ends.is_set()
    assert begun == sorted(begun)
    assert sorted(begun + back) == list(range(number))
    assert len(begun) > 1_000
    assert len(back) > 1_000


# -- a pool -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[nsjob.Pool]:
    monkeypatch.setitem(engines.ENGINES, "near", near.NEAR)
    STATE.clear()
    STATE.update(go=threading.Event(), begun=threading.Event(), ran=[])
    with nsjob.Pool() as pool:
        yield pool
        STATE["go"].set()


def host_of(pool: nsjob.Pool, queue: str = "n") -> near.NearHost:
    return cast(near.NearHost, pool._core.queues[queue].host)


RAN = HERE + "STATE['ran'].append(name)"
BLOCK = HERE + "STATE['begun'].set()\nassert STATE['go'].wait(60)\nSTATE['ran'].append('block')"


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks how long jobs wait behind another one."""
    monkeypatch.setattr(prefetching, "LOOK_EVERY", 10_000.0)


@pytest.fixture
def ahead(pool: nsjob.Pool, still: None) -> list[nsjob.Job]:
    """Six jobs that the worker of a queue with one slot was sent while its body blocks."""
    return sent_ahead(pool, 6)


def sent_ahead(pool: nsjob.Pool, count: int, **options: Any) -> list[nsjob.Job]:
    pool.create("n", 1, engine="near", **options)
    for job in [pool.queue("n", "1") for _ in range(20)]:
        job.wait(PATIENCE)
    pool.pause("n")
    STATE["block"] = pool.queue("n", BLOCK)
    jobs = [pool.queue("n", RAN, jobid=f"t{number}", vars={"name": f"t{number}"}) for number in range(count)]
    worker = host_of(pool).made[0]
    assert worker.ahead is not None
    worker.ahead.most = 16
    pool.resume("n")
    sent = worker.ahead._sent
    until(lambda: len(sent) == count)
    assert STATE["begun"].wait(PATIENCE)
    assert [job.state for job in jobs] == ["scheduled"] * count
    assert pool.counts("n").scheduled == count
    assert pool.counts("n").running == 1
    return jobs


def let_go(pool: nsjob.Pool) -> list[str]:
    """Let the body go on, and tell what ran, in its order."""
    STATE["go"].set()
    pool.waitall("n", timeout=PATIENCE)
    return cast("list[str]", STATE["ran"])


@pytest.mark.parametrize("slots", [1, 2, 5])
def test_many_tiny_jobs_each_run_once(pool: nsjob.Pool, slots: int) -> None:
    pool.create("n", slots, engine="near")
    jobs = [pool.queue("n", RAN + "\nname * 2", vars={"name": number}) for number in range(3000)]
    assert [job.wait(PATIENCE) for job in jobs] == [number * 2 for number in range(3000)]
    ran = STATE["ran"]
    assert sorted(ran) == list(range(3000))
    if slots == 1:
        assert ran == sorted(ran)
    assert pool.counts("n").ok == 3000
    assert pool._core.running == 0
    assert pool._core.doors == {}


def test_jobs_sent_ahead_run_in_their_order(pool: nsjob.Pool, ahead: list[nsjob.Job]) -> None:
    assert let_go(pool) == ["block", "t0", "t1", "t2", "t3", "t4", "t5"]
    assert len(host_of(pool).made) == 1


def test_no_job_waits_behind_a_long_one(pool: nsjob.Pool) -> None:
    """The one that a worker had begun stays there; those behind it run in another slot."""
    pool.create("n", 2, engine="near")
    for job in [pool.queue("n", "1") for _ in range(50)]:
        job.wait(PATIENCE)
    pool.pause("n")
    block = pool.queue("n", BLOCK)
    jobs = [pool.queue("n", "7") for _ in range(200)]
    pool.resume("n")
    assert [job.wait(PATIENCE) for job in jobs] == [7] * 200
    assert block.state == "running"
    STATE["go"].set()
    block.wait(PATIENCE)


def test_a_cancelled_job_never_runs(pool: nsjob.Pool, ahead: list[nsjob.Job]) -> None:
    assert ahead[2].cancel() is False
    assert pool.cancel("n", "t4") is False
    assert (ahead[2].outcome, ahead[4].outcome) == ("cancelled", "cancelled")
    assert let_go(pool) == ["block", "t0", "t1", "t3", "t5"]


def test_nothing_starts_in_a_paused_queue(pool: nsjob.Pool, ahead: list[nsjob.Job]) -> None:
    pool.pause("n")
    STATE["go"].set()
    STATE["block"].wait(PATIENCE)
    assert [job.state for job in ahead] == ["scheduled"] * 6
    assert STATE["ran"] == ["block"]
    pool.resume("n")
    assert let_go(pool) == ["block", "t0", "t1", "t2", "t3", "t4", "t5"]


def test_a_pause_sees_what_was_begun(pool: nsjob.Pool) -> None:
    """However far behind its thread is: no more jobs are told to run than there are slots."""
    pool.create("n", 2, engine="near")
    for _ in range(20):
        jobs = [pool.queue("n", "name", vars={"name": number}) for number in range(300)]
        pool.pause("n")
        counts = pool.counts("n")
        assert counts.running <= 2
        states = [job.state for job in jobs]
        assert states.count("running") <= 2
        pool.resume("n")
        for job in jobs:
            job.wait(PATIENCE)
            pool.take("n", job)


def test_what_several_workers_give_back_waits_in_its_old_order(
    pool: nsjob.Pool, still: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = threading.Barrier(3)
    send_ahead = near.NearHost._send_ahead

    def together(self: Any, run: Any, worker: near.NearWorker, ahead: Ahead) -> None:
        if run.job.id.startswith("block"):
            ahead.most = 16
            both.wait(PATIENCE)
        send_ahead(self, run, worker, ahead)

    monkeypatch.setattr(near.NearHost, "_send_ahead", together)
    pool.create("n", 2, engine="near")
    block = HERE + "assert STATE['go'].wait(60)"
    blocks = [pool.queue("n", block, jobid=f"block{number}") for number in range(2)]
    until(lambda: pool.counts("n").running == 2)
    jobs = [pool.queue("n", RAN, vars={"name": number}) for number in range(12)]
    both.wait(PATIENCE)
    until(lambda: len(pool._core.doors) == 2)
    pool.pause("n")
    assert pool._core.doors == {}
    pool.resize("n", 1)
    STATE["go"].set()
    for job in blocks:
        job.wait(PATIENCE)
    pool.resume("n")
    for job in jobs:
        job.wait(PATIENCE)
    assert STATE["ran"] == list(range(12))


def test_jobs_are_moved_edited_and_run_next(pool: nsjob.Pool, ahead: list[nsjob.Job]) -> None:
    pool.move("n", "t5", first=True)
    pool.edit("n", "t3", vars={"name": "edited"})
    pool.move("n", "t0", after="t4")
    pool.run("n", "t2")
    assert let_go(pool) == ["block", "t2", "t5", "t1", "edited", "t4", "t0"]


def test_a_job_is_snoozed_and_another_killed(pool: nsjob.Pool, ahead: list[nsjob.Job]) -> None:
    pool.snooze("n", "t0", 0.01)
    assert pool.kill("n", "t1") is False
    STATE["go"].set()
    pool.waitall("n", timeout=PATIENCE)
    assert sorted(STATE["ran"]) == ["block", "t0", "t2", "t3", "t4", "t5"]
    assert ahead[1].outcome == "cancelled"


def test_more_slots_take_what_was_sent_ahead(pool: nsjob.Pool, ahead: list[nsjob.Job]) -> None:
    pool.resize("n", 2)
    for job in ahead:
        job.wait(PATIENCE)
    assert STATE["ran"] == ["t0", "t1", "t2", "t3", "t4", "t5"]
    assert let_go(pool)[-1] == "block"


def test_a_job_of_higher_priority_goes_before_them(pool: nsjob.Pool, ahead: list[nsjob.Job]) -> None:
    first = pool.queue("n", RAN, vars={"name": "first"}, priority=200)
    until(lambda: not pool._core.doors)
    assert let_go(pool)[:3] == ["block", "first", "t0"]
    assert first.outcome == "ok"


@pytest.mark.parametrize("many", [False, True])
def test_one_at_the_head_goes_before_them_too(pool: nsjob.Pool, ahead: list[nsjob.Job], many: bool) -> None:
    if many:
        pool.queue_many("n", [RAN, RAN], vars={"name": "first"}, priority=200)
    else:
        pool.queue("n", RAN, vars={"name": "first"}, head=True)
    until(lambda: not pool._core.doors)
    assert let_go(pool)[:2] == ["block", "first"]


def test_definitions_reach_what_was_sent_ahead(pool: nsjob.Pool, still: None) -> None:
    jobs = sent_ahead(pool, 3)
    pool.define("def told():\n    return 'told'")
    late = pool.queue("n", "told()")
    pool.edit("n", "t1", "told()")
    STATE["go"].set()
    assert late.wait(PATIENCE) == "told"
    assert jobs[1].wait(PATIENCE) == "told"


def test_a_definition_is_seen_by_jobs_that_start_after_it(pool: nsjob.Pool, still: None) -> None:
    pool.define("def told():\n    return 1")
    pool.create("n", 1, engine="near")
    for job in [pool.queue("n", "told()") for _ in range(20)]:
        job.wait(PATIENCE)
    pool.pause("n")
    pool.queue("n", BLOCK)
    jobs = [pool.queue("n", "told()") for _ in range(4)]
    pool.resume("n")
    assert STATE["begun"].wait(PATIENCE)
    pool.define("def told():\n    return 2")
    STATE["go"].set()
    assert [job.wait(PATIENCE) for job in jobs] == [2] * 4


def test_an_interrupt_hits_its_own_job_alone(pool: nsjob.Pool, still: None) -> None:
    pool.create("n", 1, engine="near")
    for job in [pool.queue("n", "1") for _ in range(20)]:
        job.wait(PATIENCE)
    pool.pause("n")
    endless = pool.queue("n", HERE + "STATE['begun'].set()\nwhile True: pass")
    jobs = [pool.queue("n", "5") for _ in range(6)]
    pool.resume("n")
    assert STATE["begun"].wait(PATIENCE)
    assert pool.cancel("n", endless) is True
    assert [job.wait(PATIENCE) for job in jobs] == [5] * 6
    assert endless.outcome == "cancelled"
    assert len(host_of(pool).made) == 2


def test_a_time_limit_ends_the_job_and_not_those_behind_it(pool: nsjob.Pool, still: None) -> None:
    pool.create("n", 1, engine="near")
    for job in [pool.queue("n", "1") for _ in range(20)]:
        job.wait(PATIENCE)
    pool.pause("n")
    late = pool.queue("n", "while True: pass", timeout=0.05)
    jobs = [pool.queue("n", "5") for _ in range(6)]
    pool.resume("n")
    assert [job.wait(PATIENCE) for job in jobs] == [5] * 6
    assert late.outcome == "timeout"


def test_what_is_written_off_takes_nothing_with_it(pool: nsjob.Pool, ahead: list[nsjob.Job]) -> None:
    assert pool.kill("n", STATE["block"]) is True
    for job in ahead:
        job.wait(PATIENCE)
    assert STATE["ran"] == ["t0", "t1", "t2", "t3", "t4", "t5"]
    assert pool.threadlist().numlost == 1
    STATE["go"].set()
    until(lambda: pool.threadlist().numlost == 0)


def test_a_queue_is_deleted_with_what_was_sent_ahead(pool: nsjob.Pool, ahead: list[nsjob.Job]) -> None:
    pool.delete("n", force=True)
    STATE["go"].set()
    until(lambda: "n" not in pool.queues())
    assert {job.outcome for job in ahead} == {"cancelled"}
    assert [name for name in STATE["ran"] if name != "block"] == []


def test_a_pool_that_cancels_at_its_end_lets_none_of_them_run(pool: nsjob.Pool, ahead: list[nsjob.Job]) -> None:
    thread = threading.Thread(target=lambda: pool.shutdown(cancel=True, timeout=PATIENCE))
    thread.start()
    until(lambda: all(job.done() for job in ahead))
    STATE["go"].set()
    thread.join(PATIENCE)
    assert [name for name in STATE["ran"] if name != "block"] == []
    assert {job.outcome for job in ahead} == {"cancelled"}


def test_a_pool_that_waits_at_its_end_runs_them(pool: nsjob.Pool, ahead: list[nsjob.Job]) -> None:
    STATE["go"].set()
    pool.shutdown(timeout=PATIENCE)
    assert {job.outcome for job in ahead} == {"ok"}


@pytest.fixture
def unseen(pool: nsjob.Pool, still: None) -> Iterator[list[nsjob.Job]]:
    """A worker has begun what it was sent ahead, and the pool has not seen the end of the job before it."""
    gate = threading.Event()
    near.GATES["before"] = gate
    pool.create("n", 1, engine="near")
    for job in [pool.queue("n", "1") for _ in range(20)]:
        job.wait(PATIENCE)
    pool.pause("n")
    before = pool.queue("n", RAN, vars={"name": "before"}, jobid="before")
    second = pool.queue("n", HERE + "STATE['begun'].set()\nwhile not STATE['go'].is_set(): pass", jobid="second")
    third = pool.queue("n", RAN, vars={"name": "third"}, jobid="third")
    cast(Ahead, host_of(pool).made[0].ahead).most = 16
    pool.resume("n")
    assert STATE["begun"].wait(PATIENCE)
    assert [before.state, second.state, third.state] == ["running", "scheduled", "scheduled"]
    STATE["gate"] = gate
    yield [before, second, third]
    gate.set()
    del near.GATES["before"]


@pytest.mark.parametrize("verb", ["cancel", "kill"])
def test_a_job_that_was_not_seen_to_begin_is_stopped(pool: nsjob.Pool, unseen: list[nsjob.Job], verb: str) -> None:
    before, second, third = unseen
    assert getattr(pool, verb)("n", "second") is True
    assert (second.state, third.state) == ("running", "scheduled")
    STATE["gate"].set()
    with pytest.raises(nsjob.JobCancelled):
        second.wait(PATIENCE)
    third.wait(PATIENCE)
    assert (before.outcome, third.outcome) == ("ok", "ok")
    assert STATE["ran"] == ["before", "third"]
    until(lambda: pool.threadlist().numlost == 0)
    assert (pool.counts("n").running, pool._core.running) == (0, 0)


def test_such_a_job_is_put_back(pool: nsjob.Pool, unseen: list[nsjob.Job]) -> None:
    _, second, third = unseen
    pool.requeue("n", "second")
    STATE["gate"].set()
    third.wait(PATIENCE)
    STATE["go"].set()
    second.wait(PATIENCE)
    assert [run.outcome for run in pool.show("n", "second").runs] == ["requeued", "ok"]


def test_such_a_job_runs_on_in_a_paused_queue(pool: nsjob.Pool, unseen: list[nsjob.Job]) -> None:
    before, second, third = unseen
    pool.pause("n")
    assert third.state == "scheduled"
    STATE["go"].set()
    STATE["gate"].set()
    second.wait(PATIENCE)
    assert (before.outcome, third.state) == ("ok", "scheduled")
    assert (pool.counts("n").running, pool.counts("n").scheduled) == (0, 1)
    pool.resume("n")
    third.wait(PATIENCE)


@pytest.mark.parametrize("verb", ["cancel", "kill"])
def test_an_interrupt_of_a_run_that_is_over_hits_no_other(pool: nsjob.Pool, unseen: list[nsjob.Job], verb: str) -> None:
    before, second, third = unseen
    assert getattr(pool, verb)("n", "before") is True
    STATE["gate"].set()
    with pytest.raises(nsjob.JobCancelled):
        before.wait(PATIENCE)
    assert second.state == "running"
    STATE["go"].set()
    second.wait(PATIENCE)
    third.wait(PATIENCE)
    assert pool.threadlist().numlost == 0


class Unmakeable:
    """Can be pickled; to make it again raises an OSError."""

    def __reduce__(self) -> tuple[Any, ...]:
        return open, ("/nonexistent/file",)


def test_an_answer_that_cannot_be_made_again_fails_alone(pool: nsjob.Pool) -> None:
    pool.create("n", 2, engine="near")
    bad = "from tests.engines.test_ahead import Unmakeable\nUnmakeable()"
    jobs = [pool.queue("n", bad if number % 20 == 7 else "name", vars={"name": number}) for number in range(300)]
    for number, job in enumerate(jobs):
        if number % 20 == 7:
            with pytest.raises(FileNotFoundError):
                job.wait(PATIENCE)
        else:
            assert job.wait(PATIENCE) == number
    assert len(host_of(pool).made) == 2


def test_what_goes_wrong_while_a_worker_is_heard_puts_no_answer_in_a_wrong_place(
    pool: nsjob.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nsjob.engines import hosting

    heard = hosting.heard

    def failing(run: Any, message: Any) -> None:
        if getattr(message, "note", "") == "bad":
            raise RuntimeError("a fault of the pool")
        heard(run, message)

    monkeypatch.setattr(hosting, "heard", failing)
    pool.create("n", 2, engine="near", retries=3)
    bad = HERE + "if job.attempt == 1: job.progress(1, note='bad')\nname"
    jobs = [pool.queue("n", bad if number % 50 == 30 else "name", vars={"name": number}) for number in range(300)]
    assert [job.wait(PATIENCE) for job in jobs] == list(range(300))


class Phase(str):
    """A text that its own class makes again: not here."""

    def __reduce__(self) -> tuple[Any, ...]:
        return open, ("/nonexistent/file",)


def test_what_a_body_says_and_cannot_be_made_again_is_left_out(
    pool: nsjob.Pool, caplog: pytest.LogCaptureFixture
) -> None:
    pool.create("n", 2, engine="near")
    says = "from tests.engines.test_ahead import Phase\njob.progress(1, note=Phase('late'))\nname"
    jobs = [pool.queue("n", says if number % 50 == 30 else "name", vars={"name": number}) for number in range(300)]
    assert [job.wait(PATIENCE) for job in jobs] == list(range(300))
    told = [record.getMessage() for record in caplog.records if "cannot be made again" in record.getMessage()]
    assert len(told) == 6
    assert told[0].startswith("what job job30 said on its way cannot be made again here: [Errno 2] No such file")


class Fatal:
    """Cannot be pickled, and takes whoever tries with it."""

    def __reduce__(self) -> tuple[Any, ...]:
        raise KeyboardInterrupt


def test_code_of_a_jobs_values_runs_in_its_own_turn(pool: nsjob.Pool) -> None:
    pool.create("n", 2, engine="near")
    jobs = [pool.queue("n", "name", vars={"name": Fatal() if number % 50 == 30 else number}) for number in range(300)]
    for number, job in enumerate(jobs):
        if number % 50 == 30:
            with pytest.raises(KeyboardInterrupt):
                job.wait(PATIENCE)
        else:
            assert job.wait(PATIENCE) == number
    calls = [pool.submit("n", len, (1, 2)) for _ in range(100)] + [pool.submit("n", max, [1], [2]) for _ in range(100)]
    assert [job.wait(PATIENCE) for job in calls] == [2] * 100 + [[2]] * 100


def test_an_immediate_pool_hands_nothing_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engines.ENGINES, "near", near.NEAR)
    with nsjob.Pool(immediate=True) as pool:
        pool.create("n", 1, engine="near")
        assert [pool.queue("n", "name", vars={"name": number}).wait() for number in range(50)] == list(range(50))
        host_of(pool).made[0].ahead.most = 16  # type: ignore[union-attr]
        jobs = pool.queue_many("n", ["1"] * 50)
        assert [job.wait() for job in jobs] == [1] * 50


def test_a_thread_that_takes_over_at_exit_hands_nothing_over(pool: nsjob.Pool, ahead: list[nsjob.Job]) -> None:
    place = next(iter(pool._core.doors))
    pool.pause("n")
    thread, place.thread = place.thread, None
    pool.resume("n")
    assert let_go(pool) == ["block", "t0", "t1", "t2", "t3", "t4", "t5"]
    place.thread = thread


def test_nothing_is_called_back_where_ctrl_c_could_land(pool: nsjob.Pool, ahead: list[nsjob.Job]) -> None:
    core = pool._core
    threads: list[threading.Thread] = []
    recall = core.recall

    def seen(place: Any) -> bool:
        threads.append(threading.current_thread())
        return recall(place)

    core.recall = seen  # type: ignore[method-assign]
    pool.shutdown(wait=False)
    assert ahead[3].cancel() is False
    assert threads
    assert threading.main_thread() not in threads
    assert let_go_of(pool, ahead) == ["block", "t0", "t1", "t2", "t4", "t5"]


def let_go_of(pool: nsjob.Pool, jobs: list[nsjob.Job]) -> list[str]:
    STATE["go"].set()
    for job in jobs:
        settled(job)
    return cast("list[str]", STATE["ran"])


def test_an_interpreter_for_which_there_are_no_descriptors_leaves_none_open(monkeypatch: pytest.MonkeyPatch) -> None:
    from nsjob.engines import interpreter

    opened: list[int] = []
    pipe = os.pipe

    def noted() -> tuple[int, int]:
        ends = pipe()
        opened.extend(ends)
        return ends

    def none(descriptor: int) -> int:
        raise OSError(24, "too many open files")

    monkeypatch.setattr(os, "pipe", noted)
    monkeypatch.setattr(os, "dup", none)
    with pytest.raises(OSError, match="too many open files"):
        interpreter.Interpreter()
    assert len(opened) == 8
    for descriptor in opened:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


def test_a_job_is_run_next_and_another_moved_before_those_sent_ahead(pool: nsjob.Pool, ahead: list[nsjob.Job]) -> None:
    first, second, third = (pool.queue("n", RAN, vars={"name": name}, jobid=name) for name in ("a", "b", "c"))
    pool.run("n", second)
    pool.move("n", first, first=True)
    pool.edit("n", third, priority=200)
    assert let_go(pool) == ["block", "b", "c", "a", "t0", "t1", "t2", "t3", "t4", "t5"]


def test_a_put_off_job_of_higher_priority_goes_before_them(pool: nsjob.Pool, still: None) -> None:
    jobs = sent_ahead(pool, 3)
    pool.queue("n", RAN, vars={"name": "first"}, delay=0.001, priority=200)
    until(lambda: not pool._core.doors)
    assert let_go(pool)[:2] == ["block", "first"]
    assert [job.outcome for job in jobs] == ["ok"] * 3


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_finalizer_may_cancel_what_is_being_sent(
    pool: nsjob.Pool, still: None, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """It can run at any step of the thread that sends: what was loaded is sent then, and called back."""
    send = Ahead.send
    cancelled: list[nsjob.Job] = []

    def cancel() -> None:
        for place in list(pool._core.doors):
            for job in list(place.ahead.jobs)[:1]:
                cancelled.append(cast(nsjob.Job, job))
                job.cancel()

    def finalizing(self: Ahead) -> None:
        if when == "before":
            cancel()
        send(self)
        if when == "after":
            cancel()

    monkeypatch.setattr(Ahead, "send", finalizing)
    pool.create("n", 1, engine="near")
    jobs = [pool.queue("n", RAN, vars={"name": number}) for number in range(500)]
    for job in jobs:
        settled(job)
    assert cancelled
    ran = STATE["ran"]
    assert ran == sorted(set(ran))
    assert {number for number, job in enumerate(jobs) if job.outcome == "ok"} <= set(ran)
    assert not {number for number, job in enumerate(jobs) if job.attempt == 0} & set(ran)
    assert {job.outcome for job in jobs} == {"ok", "cancelled"}
    assert pool._core.running == 0


class Slow:
    """Is pickled when a test lets it."""

    def __reduce__(self) -> tuple[Any, ...]:
        STATE["begun"].set()
        assert STATE["go"].wait(PATIENCE)
        return int, ()


def test_the_thread_of_a_killed_job_takes_nothing_ahead(pool: nsjob.Pool, still: None) -> None:
    pool.create("n", 2, engine="near")
    for job in [pool.queue("n", "1") for _ in range(30)]:
        job.wait(PATIENCE)
    pool.resize("n", 1)
    for worker in host_of(pool).made:
        cast(Ahead, worker.ahead).most = 16
    slow = pool.queue("n", "name", vars={"name": Slow()})
    assert STATE["begun"].wait(PATIENCE)
    assert pool.kill("n", slow) is True
    STATE["hold"] = threading.Event()
    STATE["held"] = threading.Event()
    holder = pool.queue("n", HERE + "STATE['held'].set()\nassert STATE['hold'].wait(60)")
    assert STATE["held"].wait(PATIENCE)
    jobs = [pool.queue("n", RAN, vars={"name": number}) for number in range(6)]
    STATE["go"].set()
    until(lambda: pool.threadlist().numlost == 0)
    assert STATE["ran"] == []
    STATE["hold"].set()
    for job in jobs:
        job.wait(PATIENCE)
    assert STATE["ran"] == list(range(6))
    assert holder.outcome == "ok"


def test_what_cannot_be_sent_fails_alone(pool: nsjob.Pool, still: None) -> None:
    pool.create("n", 1, engine="near")
    for job in [pool.queue("n", "1") for _ in range(20)]:
        job.wait(PATIENCE)
    pool.pause("n")
    jobs = [
        pool.queue("n", "name", vars={"name": threading.Lock() if number % 3 == 1 else number}) for number in range(9)
    ]
    large = pool.queue("n", "len(name)", vars={"name": "x" * 300_000})
    jobs.append(pool.queue("n", "name", vars={"name": 9}))
    pool.resume("n")
    for number, job in enumerate(jobs):
        if number % 3 == 1:
            with pytest.raises(nsjob.CannotPickle):
                job.wait(PATIENCE)
        else:
            assert job.wait(PATIENCE) == number
    assert large.wait(PATIENCE) == 300_000


def test_failures_and_retries_in_the_stream(pool: nsjob.Pool) -> None:
    pool.create("n", 2, engine="near")
    script = HERE + "STATE['ran'].append(name)\nif STATE['ran'].count(name) < 2: raise ValueError(name)\nname"
    jobs = [pool.queue("n", script, vars={"name": number}, retries=3) for number in range(300)]
    assert [job.wait(PATIENCE) for job in jobs] == list(range(300))
    assert {job.attempt for job in jobs} == {2}


def test_a_body_that_exits_costs_its_worker_and_no_other_job(pool: nsjob.Pool) -> None:
    pool.create("n", 2, engine="near")
    jobs = [
        pool.queue("n", "raise SystemExit(3)" if number % 50 == 7 else "name", vars={"name": number})
        for number in range(300)
    ]
    for number, job in enumerate(jobs):
        if number % 50 == 7:
            with pytest.raises(SystemExit):
                job.wait(PATIENCE)
        else:
            assert job.wait(PATIENCE) == number


def test_a_worker_that_dies_takes_one_job_with_it(pool: nsjob.Pool) -> None:
    pool.create("n", 2, engine="near")
    fatal = "from tests.engines.near import die\ndie()"
    jobs = [pool.queue("n", fatal if number % 60 == 30 else RAN, vars={"name": number}) for number in range(600)]
    for number, job in enumerate(jobs):
        if number % 60 == 30:
            with pytest.raises(nsjob.WorkerLost):
                job.wait(PATIENCE)
        else:
            job.wait(PATIENCE)
    assert sorted(STATE["ran"]) == [number for number in range(600) if number % 60 != 30]
    assert pool.counts("n").error == 10


def test_threads_end_after_so_many_jobs(pool: nsjob.Pool) -> None:
    pool.configure(jobsperthread=25)
    pool.create("n", 2, engine="near")
    jobs = [pool.queue("n", "3") for _ in range(500)]
    assert [job.wait(PATIENCE) for job in jobs] == [3] * 500


def test_workers_and_descriptors_are_gone_with_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engines.ENGINES, "near", near.NEAR)
    threads = threading.active_count()
    with nsjob.Pool() as pool:
        pool.create("n", 2, engine="near")
        host = host_of(pool)
        for job in [pool.queue("n", "3") for _ in range(500)]:
            job.wait(PATIENCE)
    assert len(host.made) <= 2
    until(lambda: threading.active_count() <= threads)
    assert not any(worker._thread.is_alive() for worker in host.made)


def test_what_listens_hears_of_each_job_in_order(pool: nsjob.Pool) -> None:
    heard: dict[str, list[str]] = {}
    pool.create("n", 2, engine="near")
    with pool.subscribe(lambda event: heard.setdefault(event.job, []).append(event.kind)):
        jobs = [pool.queue("n", "3") for _ in range(300)]
        for job in jobs:
            job.wait(PATIENCE)
        until(lambda: sum(map(len, heard.values())) == 900)
    assert {tuple(heard[job.id]) for job in jobs} == {("queued", "started", "finished")}


def settled(job: nsjob.Job) -> None:
    """Wait for its end, whatever that is."""
    with suppress(nsjob.JobCancelled):
        job.wait(PATIENCE)


@pytest.mark.stress
@pytest.mark.parametrize("seed", range(4))
def test_chaos_loses_nothing_and_runs_nothing_twice(pool: nsjob.Pool, seed: int) -> None:
    """Threads queue, cancel, kill, move, edit, put off, pause and resize, all at once."""
    choose = random.Random(seed)
    slots = 1 + seed % 3
    pool.create("n", slots, engine="near")
    pool.configure(maxlost=1000)
    done = threading.Event()
    inside, most, lock = [0], [0], threading.Lock()

    def count(step: int) -> None:
        with lock:
            inside[0] += step
            most[0] = max(most[0], inside[0])

    STATE["count"] = count
    script = HERE + "STATE['count'](1)\ntry:\n    STATE['ran'].append(name)\nfinally:\n    STATE['count'](-1)\nname"
    jobs: list[nsjob.Job] = []

    def disturb(own: random.Random) -> None:
        while not done.is_set():
            if not jobs:
                continue
            job = jobs[own.randrange(max(0, len(jobs) - 40), len(jobs))]
            what = own.randrange(9)
            try:
                if what < 3:
                    job.cancel()
                elif what == 3:
                    pool.kill("n", job)
                elif what == 4:
                    pool.move("n", job, first=True)
                elif what == 5:
                    pool.edit("n", job, note="edited")
                elif what == 6:
                    pool.snooze("n", job, 0.001)
                elif what == 7:
                    pool.pause("n")
                    pool.resume("n")
                else:
                    pool.counts("n")
            except nsjob.NsjobError:
                pass

    threads = [threading.Thread(target=disturb, args=(random.Random(seed * 10 + number),)) for number in range(2)]
    for thread in threads:
        thread.start()
    try:
        for number in range(4000):
            priority = 150 if choose.random() < 0.2 else 100
            jobs.append(pool.queue("n", script, vars={"name": number}, priority=priority))
            if number % 400 == 399 and choose.random() < 0.5:
                settled(jobs[-1])
    finally:
        done.set()
        for thread in threads:
            thread.join(PATIENCE)
    pool.resume("n")
    for job in jobs:
        settled(job)
    ran = STATE["ran"]
    assert all(job.done() for job in jobs)
    ok = [number for number, job in enumerate(jobs) if job.outcome == "ok"]
    assert {job.outcome for job in jobs} <= {"ok", "cancelled"}
    assert set(ok) <= set(ran)
    never = [number for number, job in enumerate(jobs) if job.attempt == 0]
    assert not set(never) & set(ran)
    assert pool._core.running == 0
    assert pool._core.doors == {}
    assert most[0] <= slots + pool.threadlist().numlost + sum(job.outcome == "cancelled" for job in jobs)
