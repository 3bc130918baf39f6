"""Several pools on one store: what one of them does, the others see; and each promise holds over all of them."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections import Counter
from collections.abc import Callable

import pytest

import nsjob
from nsjob.errors import JobLost
from tests.conftest import PATIENCE, Gate
from tests.store import bodies
from tests.store.bodies import NOTES, fail, note
from tests.store.cases import Store, ended, spinning, stall, until
from tests.store.conftest import furnished


@pytest.fixture
def worker(durable: Store) -> nsjob.Pool:
    """The pool that runs the jobs of a client."""
    return furnished(durable)


@pytest.fixture
def client(durable: Store, worker: nsjob.Pool) -> nsjob.Pool:
    """A pool that runs nothing."""
    return durable.pool(0)


# -- a client and a worker -----------------------------------------------------------------------------------------


def test_what_a_client_queues_a_worker_runs(client: nsjob.Pool, worker: nsjob.Pool) -> None:
    assert client.queues() == ["q", "one"]
    assert client.queue("q", "6 * 7").wait(PATIENCE) == 42
    assert client.submit("q", divmod, 17, 5).wait(PATIENCE) == (3, 2)
    job = client.queue("q", "job.input", input={"x": (1, 2)})
    assert client.wait("q", job.id, PATIENCE) == {"x": (1, 2)}
    assert not worker.exists("q", job.id)
    with pytest.raises(ZeroDivisionError):
        client.queue("q", "1/0").wait(PATIENCE)
    with pytest.raises(nsjob.JobFailed, match="^no use"):
        client.queue("q", "job.fail('no use')").wait(PATIENCE)
    assert client.threadlist().numthreads == 0


def test_a_client_alone_runs_nothing_and_says_so(durable: Store, gate: Gate) -> None:
    client = durable.pool(0)
    client.create("q", 1)
    job = client.queue("q", "5")
    with pytest.raises(nsjob.WaitTimeout):
        job.wait(0.05)
    assert job.state == "scheduled"
    assert "this pool runs no jobs" in client.show("q", job).reason
    durable.pool()
    assert job.wait(PATIENCE) == 5


def test_every_way_to_wait_works_on_jobs_that_run_elsewhere(client: nsjob.Pool, worker: nsjob.Pool) -> None:
    for n in range(4):
        client.queue("one", "n", vars={"n": n})
    found = []
    while id := client.waitany("one", timeout=PATIENCE):
        found.append(client.wait("one", id))
    assert found == [0, 1, 2, 3]
    jobs = [client.queue("q", "n", vars={"n": n}) for n in range(4)]
    assert sorted(job.wait() for job in client.waitall("q", timeout=PATIENCE)) == [0, 1, 2, 3]
    assert worker.jobs("q") == []
    for n in range(4):
        client.queue("q", "n", vars={"n": n})
    assert sorted(job.wait() for job in client.as_completed("q")) == [0, 1, 2, 3]

    async def main() -> list[object]:
        return await asyncio.gather(*(_awaited(client.queue("q", "n", vars={"n": n})) for n in range(4)))

    assert asyncio.run(main()) == [0, 1, 2, 3]
    called: list[str] = []
    jobs = [client.queue("q", "1") for _ in range(3)]
    for job in jobs:
        job.add_done_callback(lambda done: called.append(done.id))
    until(lambda: len(called) == 3)
    assert sorted(called) == sorted(job.id for job in jobs)
    client.queue("q", "1/0", jobid="bad")
    held = client.queue("q", "1", delay="1h")
    with pytest.raises(ZeroDivisionError):
        client.waitall("q", failfast=True, timeout=PATIENCE)
    held.cancel()


async def _awaited(job: nsjob.Job) -> object:
    return await job


def test_an_executor_of_a_client_uses_the_workers(client: nsjob.Pool, worker: nsjob.Pool, gate: Gate) -> None:
    with client.executor("q") as executor:
        assert list(executor.map(abs, range(-5, 0), timeout=PATIENCE)) == [5, 4, 3, 2, 1]
        first, second = executor.submit(bodies.enter, 1), executor.submit(bodies.enter, 2)
        gate.came(2)
        until(first.running)
        third = executor.submit(int, "3")
        assert third.cancel()
        assert not first.cancel()
        gate.let(2)
        assert {first.result(PATIENCE), second.result(PATIENCE)} == {1, 2}
        assert concurrent.futures.wait([third], PATIENCE).not_done == set()
        assert isinstance(executor.submit(fail, KeyError).exception(PATIENCE), KeyError)


def test_a_client_cancels_what_waits_and_what_runs(client: nsjob.Pool, worker: nsjob.Pool) -> None:
    running = spinning(client, "one")
    waiting = client.queue("one", "note(1)")
    assert client.cancel("one", waiting) is False
    assert client.cancel("one", running.id) is True
    for job in (running, waiting):
        with pytest.raises(nsjob.JobCancelled):
            job.wait(PATIENCE)
        assert job.outcome == "cancelled"
    until(lambda: worker.jobs("one") == [])
    assert NOTES == []
    jobs = [spinning(client) for _ in range(2)]
    jobs += [client.queue("q", "1", delay="1h")]
    assert client.cancelall("q") == 3
    for job in jobs:
        with pytest.raises(nsjob.JobCancelled):
            job.wait(PATIENCE)


def test_a_client_kills_requeues_and_snoozes_what_runs_elsewhere(
    client: nsjob.Pool, worker: nsjob.Pool, gate: Gate
) -> None:
    stuck = client.queue("one", "enter()")
    gate.came()
    assert client.kill("one", stuck) is True
    with pytest.raises(nsjob.JobCancelled):
        stuck.wait(PATIENCE)
    assert client.queue("one", "1").wait(PATIENCE) == 1
    gate.let()
    job = client.queue("one", "note(job.attempt)\nif tried() < 2: spin()\n'done'")
    assert bodies.SPINNING.acquire(timeout=PATIENCE)
    client.requeue("one", job)
    assert job.wait(PATIENCE) == "done"
    assert NOTES == [1, 1]
    job = spinning(client, "one")
    client.snooze("one", job, "1h")
    until(lambda: job.state == "scheduled")
    assert "put off" in client.show("one", job).reason
    client.run("one", job)
    assert bodies.SPINNING.acquire(timeout=PATIENCE)
    job.cancel()


def test_output_progress_log_and_state_are_seen_from_elsewhere(
    client: nsjob.Pool, worker: nsjob.Pool, gate: Gate
) -> None:
    source = "print('out é')\njob.progress(3, 10, 'third')\njob.log('hello')\nenter()\nprint('bye')"
    job = client.queue("q", source, capture_output=True)
    gate.came()
    until(lambda: job.state == "running")
    until(lambda: client.output("q", job) == "out é\n")
    until(lambda: client.show("q", job).progress == (3, 10, "third"))
    report = client.show("q", job)
    assert report.log == ("hello",)
    assert worker._keeper.name in report.where  # type: ignore[attr-defined]
    assert client.info("q", job).progress == (3, 10, "third")
    assert client.counts("q").running == 1
    assert client.queuelist()[0].numrunning == 1
    gate.let()
    job.wait(PATIENCE)
    assert client.output("q", job) == worker.output("q", job.id) == "out é\nbye\n"
    assert client.show("q", job).outcome == "ok"
    until(lambda: client.counts("q") == worker.counts("q"))


def test_listeners_hear_of_what_other_pools_do(client: nsjob.Pool, worker: nsjob.Pool) -> None:
    heard: list[tuple[str, str, str]] = []
    with client.subscribe(lambda event: heard.append((event.kind, event.queue, event.outcome))):
        worker.create("n", 1)
        worker.queue("n", "1").wait(PATIENCE)
        until(lambda: ("finished", "n", "ok") in heard)
    assert [kind for kind, queue, _ in heard if queue == "n"][:4] == ["queue created", "queued", "started", "finished"]


def test_a_client_controls_queues_that_others_serve(client: nsjob.Pool, worker: nsjob.Pool, gate: Gate) -> None:
    client.pause("q")
    job = worker.queue("q", "1")
    assert worker.queuelist()[0].paused
    assert "paused" in worker.show("q", job).reason
    client.resume("q")
    assert job.wait(PATIENCE) == 1
    client.resize("one", 3)
    jobs = [worker.queue("one", "enter()") for _ in range(4)]
    gate.came(3)
    assert gate.nobody()
    gate.let(4)
    for one in jobs:
        one.wait(PATIENCE)
    client.drain("q")
    with pytest.raises(nsjob.QueueDraining):
        worker.queue("q", "1")
    client.resume("q")
    assert worker.queue("q", "2").wait(PATIENCE) == 2
    client.create("fresh", 1)
    assert worker.queue("fresh", "3").wait(PATIENCE) == 3
    client.delete("fresh", force=True)
    until(lambda: "fresh" not in worker.queues())
    with pytest.raises(nsjob.NoSuchQueue):
        until(lambda: worker.queue("fresh", "4") and False)


def test_leaving_a_client_does_not_wait_for_its_jobs(durable: Store, worker: nsjob.Pool, gate: Gate) -> None:
    with durable.pool(0) as client:
        job = client.queue("q", "enter(5)")
        gate.came()
    gate.let()
    assert worker.wait("q", job.id, PATIENCE) == 5


# -- two that run jobs ---------------------------------------------------------------------------------------------


def test_a_queue_made_in_one_is_there_in_the_other(first: nsjob.Pool, second: nsjob.Pool) -> None:
    first.create("z", 3, desc="a b", maxqueued=50, maxperkey=2, onerror="pause", note="n", vars={"x": 5}, priority=9)
    assert second.queues() == first.queues() == ["q", "one", "z"]
    assert second.queuelist()[-1] == first.queuelist()[-1]
    with pytest.raises(nsjob.QueueExists):
        second.create("z")
    assert second.create("z", 7, exist_ok=True) == "z"
    job = second.queue("z", "x")
    assert job.wait(PATIENCE) == 5
    assert (second.info("z", job).priority, first.info("z", job.id).note) == (9, "n")


def test_definitions_of_one_are_seen_by_jobs_that_run_in_the_other(durable: Store, first: nsjob.Pool) -> None:
    client = durable.pool(0)
    first.shutdown()
    client.define("def twice(x):\n    return 2 * x")
    job = client.queue("q", "twice(4)")
    second = durable.pool()
    assert job.wait(PATIENCE) == 8
    client.define("def twice(x):\n    return 3 * x")
    assert client.queue("q", "twice(4)").wait(PATIENCE) == 12
    second.define("factor = 5")
    assert client.queue("q", "twice(factor)").wait(PATIENCE) == 15
    with pytest.raises(ZeroDivisionError):
        client.define("factor = 6\n1/0")
    assert client.queue("q", "twice(factor)").wait(PATIENCE) == 15


def test_caps_hold_over_all_pools_and_all_slots_are_used(durable: Store, first: nsjob.Pool, gate: Gate) -> None:
    pools = [first, durable.pool(), durable.pool()]
    first.create("wide", 5)
    jobs = [pools[n % 3].queue("wide", "enter(n)", vars={"n": n}) for n in range(40)]
    gate.came(5)
    assert gate.nobody()
    for _ in range(35):
        gate.let()
        gate.came()
    gate.let(5)
    assert [job.wait(PATIENCE) for job in jobs] == list(range(40))
    assert gate.most == 5


def test_caps_hold_for_tiny_jobs_of_many_pools(durable: Store, first: nsjob.Pool, gate: Gate) -> None:
    pools = [first, *(durable.pool() for _ in range(3))]
    first.create("narrow", 2)
    gate.let(10_000)
    jobs = [pools[n % 4].queue("narrow", "note(enter(n))", vars={"n": n}) for n in range(400)]
    assert [job.wait(PATIENCE) for job in jobs] == list(range(400))
    assert gate.most <= 2
    assert Counter(NOTES) == Counter(range(400))
    until(lambda: first.counts("narrow").ok == 400)


def test_pools_with_caps_of_their_own_share_a_queue(durable: Store, first: nsjob.Pool, gate: Gate) -> None:
    first.shutdown()
    pools = [durable.pool(1), durable.pool(1)]
    pools[0].create("wide", 8)
    jobs = [pools[0].queue("wide", "enter()") for _ in range(6)]
    gate.came(2)
    assert gate.nobody()
    gate.let(6)
    for job in jobs:
        job.wait(PATIENCE)
    assert gate.most == 2


def test_keys_are_capped_over_all_pools(first: nsjob.Pool, second: nsjob.Pool, gate: Gate) -> None:
    first.create("hosts", 6, maxperkey=2)
    jobs = [pool.queue("hosts", "enter()", key="a") for pool in (first, second) * 4]
    gate.came(2)
    assert gate.nobody()
    for _ in range(6):
        gate.let()
        gate.came()
    gate.let(2)
    for job in jobs:
        job.wait(PATIENCE)
    assert gate.most == 2


def test_priority_is_kept_over_all_pools(first: nsjob.Pool, second: nsjob.Pool, gate: Gate) -> None:
    first.queue("one", "enter()")
    gate.came()
    for n, priority in enumerate([5, 200, 127, 200, 0, 127]):
        (first, second)[n % 2].queue("one", "note((p, n))", vars={"p": priority, "n": n}, priority=priority)
    gate.let()
    second.waitall("one", timeout=PATIENCE)
    assert [tuple(pair) for pair in NOTES] == [(200, 1), (200, 3), (127, 2), (127, 5), (5, 0), (0, 4)]


def test_ids_never_meet(durable: Store, first: nsjob.Pool, second: nsjob.Pool) -> None:
    first.pause("q")
    ids: list[str] = []

    def queue(pool: nsjob.Pool) -> None:
        ids.extend([pool.queue("q", "1").id for _ in range(100)])

    threads = [threading.Thread(target=queue, args=(pool,)) for pool in (first, second, durable.pool(0))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(set(ids)) == 300
    assert sorted(first.jobs("q")) == sorted(ids)
    names = [pool.genid() for pool in (first, second) for _ in range(50)]
    assert len(set(names)) == 100


def test_names_and_unique_values_hold_over_all_pools(first: nsjob.Pool, second: nsjob.Pool, gate: Gate) -> None:
    job = first.queue("q", "enter(1)", jobid="mine", unique="u")
    with pytest.raises(nsjob.JobExists):
        second.queue("q", "2", jobid="mine")
    assert second.queue("q", "2", jobid="mine", ifnew=True).id == "mine"
    same = second.queue("q", "3", unique="u")
    assert same.id == "mine"
    gate.came()
    gate.let()
    assert same.wait(PATIENCE) == job.wait(PATIENCE) == 1
    assert second.queue("q", "4", unique="u").wait(PATIENCE) == 4


def test_the_bound_of_a_queue_holds_over_all_pools(first: nsjob.Pool, second: nsjob.Pool, gate: Gate) -> None:
    first.create("narrow", 1, maxqueued=2)
    first.queue("narrow", "enter()")
    gate.came()
    until(lambda: first.counts("narrow").scheduled == 0)
    jobs = [first.queue("narrow", "1"), second.queue("narrow", "2")]
    for pool in (first, second):
        with pytest.raises(nsjob.QueueFull):
            pool.queue("narrow", "3")
    got: list[nsjob.Job] = []
    blocked = threading.Thread(target=lambda: got.append(second.queue("narrow", "4", block=PATIENCE)))
    blocked.start()
    first.cancel("narrow", jobs[0].id)
    blocked.join(PATIENCE)
    gate.let()
    assert got[0].wait(PATIENCE) == 4


def test_jobs_come_after_jobs_of_other_pools(first: nsjob.Pool, second: nsjob.Pool, gate: Gate) -> None:
    before = first.queue("q", "enter(1)")
    gate.came()
    after = second.queue("one", "2", after=[("q", before.id), before])
    assert f"{before.id} of q" in first.show("one", after.id).reason
    gate.let()
    assert after.wait(PATIENCE) == 2
    bad = first.queue("q", "1/0")
    with pytest.raises(nsjob.DependencyFailed):
        second.queue("one", "3", after=[bad]).wait(PATIENCE)


def test_a_failure_pauses_a_queue_everywhere(first: nsjob.Pool, second: nsjob.Pool) -> None:
    first.create("careful", 1, onerror="pause")
    with pytest.raises(ZeroDivisionError):
        first.queue("careful", "1/0").wait(PATIENCE)
    until(lambda: second.queuelist()[-1].paused)
    job = second.queue("careful", "1")
    with pytest.raises(nsjob.WaitTimeout):
        job.wait(0.05)
    second.resume("careful")
    assert job.wait(PATIENCE) == 1


def test_one_of_several_waiters_by_id_gets_the_result(first: nsjob.Pool, second: nsjob.Pool, gate: Gate) -> None:
    job = first.queue("q", "enter(7)")
    got: list[object] = []

    def wait(pool: nsjob.Pool) -> None:
        try:
            got.append(pool.wait("q", job.id, PATIENCE))
        except nsjob.NoSuchJob as error:
            got.append(type(error))

    waiters = [threading.Thread(target=wait, args=(pool,)) for pool in (first, second)]
    for waiter in waiters:
        waiter.start()
    gate.came()
    gate.let()
    for waiter in waiters:
        waiter.join(PATIENCE)
    assert Counter(got) == Counter([7, nsjob.NoSuchJob])


def test_a_job_that_one_ran_another_retries_and_shows(first: nsjob.Pool, second: nsjob.Pool) -> None:
    ended(first, "1 / (tried() - 1)", jobid="mine")
    assert isinstance(second.joblist("q")[0].results, ZeroDivisionError)
    assert "ZeroDivisionError" in second.show("q", "mine").error
    again = second.retry("q", "mine")
    assert again.wait(PATIENCE) == 1
    assert first.wait("q", "mine", PATIENCE) == 1
    ended(first, "1 / (tried('b') - 1)", jobid="other")
    assert [job.wait(PATIENCE) for job in second.retry_failed("q")] == [1]


def test_pools_of_one_name_do_not_meet(durable: Store, gate: Gate) -> None:
    pools = [durable.pool(name="twin"), durable.pool(name="twin")]
    pools[0].create("q", 4)
    pools[0].define(bodies.DEFINITIONS)
    jobs = [pool.queue("q", "enter(n)", vars={"n": n}) for n, pool in enumerate(pools * 2)]
    gate.came(4)
    gate.let(4)
    assert [job.wait(PATIENCE) for job in jobs] == [0, 1, 2, 3]


def test_what_a_pool_leaves_others_run(durable: Store, first: nsjob.Pool, gate: Gate) -> None:
    first.queue("one", "enter('running')")
    gate.came()
    waiting = [first.queue("one", "note(n)", vars={"n": n}) for n in range(5)]
    closing = threading.Thread(target=first.shutdown, kwargs={"wait": False})
    closing.start()
    closing.join(PATIENCE)
    second = durable.pool()
    gate.let(2)  # the one that ran is run again where it was given back
    for job in waiting:
        second.wait("one", job.id, PATIENCE)
    assert NOTES == [0, 1, 2, 3, 4]
    assert second.wait("one", "job0", PATIENCE) == "running"
    assert second.counts("one").ok == 6


def test_who_waits_in_a_pool_that_is_shut_down_for_what_is_left_to_others_is_told(
    durable: Store, first: nsjob.Pool
) -> None:
    client = durable.pool(0)
    first.pause("q")
    job = client.queue("q", "5", delay="1h")
    got: list[type] = []

    def wait(waiting: Callable[[], object]) -> None:
        try:
            waiting()
        except nsjob.QueueClosed as error:
            got.append(type(error))

    waits = [job.wait, lambda: client.waitany("q"), lambda: client.wait("q", job.id), lambda: client.waitall("q")]
    waiters = [threading.Thread(target=wait, args=(one,)) for one in waits]
    for waiter in waiters:
        waiter.start()
    until(lambda: job.req == "wait")
    client.shutdown()
    for waiter in waiters:
        waiter.join(PATIENCE)
    assert got == [nsjob.QueueClosed] * 4
    with pytest.raises(nsjob.QueueClosed):
        job.wait(PATIENCE)
    first.run("q", job.id)
    first.resume("q")
    until(lambda: first.info("q", job.id).state == "done")
    assert job.wait(PATIENCE) == 5


# -- the next time -------------------------------------------------------------------------------------------------


def test_everything_is_there_when_a_store_is_opened_again(durable: Store, first: nsjob.Pool) -> None:
    first.define("def thrice(x):\n    return 3 * x")
    first.create("kept", 2, desc="kept", priority="high", onerror="cancel", maxperkey=3)
    first.pause("kept")
    ended(first, "{'a': [1, (2, 3)]}", jobid="good")
    ended(first, "print('said'); job.log('logged'); 1/0", jobid="bad", capture_output=True, note="n", metadata={"m": 1})
    waiting = [first.queue("kept", "note(thrice(n))", vars={"n": n}, priority=n) for n in range(3)]
    late = first.queue("kept", "1", delay="1h")
    behind = first.queue("kept", "note('behind')", after=waiting)
    described = first.queuelist()
    listed = [first.joblist(queue) for queue in ("q", "kept")]
    first.shutdown(wait=False)

    second = durable.pool()
    assert second.queuelist() == described
    for before, after in zip(listed, [second.joblist(queue) for queue in ("q", "kept")], strict=True):
        for one, other in zip(before, after, strict=True):
            assert (one.id, one.state, one.script, one.outcome, one.priority, one.note, one.starttime) == (
                other.id, other.state, other.script, other.outcome, other.priority, other.note, other.starttime,
            )  # fmt: skip
    assert second.counts("q") == nsjob.Counts(0, 0, 2, 1, 1, 0, 0, 0)
    assert second.output("q", "bad") == "said\n"
    assert second.show("q", "bad").log == ("logged",)
    assert dict(second.info("q", "bad").metadata) == {"m": 1}
    assert second.wait("q", "good", PATIENCE) == {"a": [1, (2, 3)]}
    with pytest.raises(ZeroDivisionError) as caught:
        second.wait("q", "bad", PATIENCE)
    assert any("1/0" in text for text in caught.value.__notes__)
    second.resize("kept", 1)
    second.resume("kept")
    assert second.wait("kept", behind.id, PATIENCE) == "behind"
    assert NOTES == [6, 3, 0, "behind"]
    assert "put off" in second.show("kept", late.id).reason
    assert second.queue("kept", "1").id not in [late.id, behind.id, *(job.id for job in waiting)]


def test_a_program_that_is_run_again_finds_its_queue_and_its_jobs(durable: Store, gate: Gate) -> None:
    for _ in range(3):
        with durable.pool() as pool:
            pool.define(bodies.DEFINITIONS)
            pool.create("q", 2, exist_ok=True)
            job = pool.queue("q", "note('once')\n5", jobid="nightly", ifnew=True)
            assert job.wait(PATIENCE) == 5
    assert NOTES == ["once"]


def test_genid_and_ids_go_on_where_they_were(durable: Store, first: nsjob.Pool) -> None:
    names, ids = {first.genid()}, {first.queue("q", "1").id}
    for _ in range(3):
        with durable.pool() as pool:
            names.add(pool.genid())
            ids.add(pool.queue("q", "1").id)
    assert (len(names), len(ids)) == (4, 4)


def test_cleanup_removes_jobs_whose_time_is_over(durable: Store, first: nsjob.Pool) -> None:
    short = ended(first, "1", keep=0.001)
    long = ended(first, "2", keep="1h")
    taken = first.queue("q", "3", keep=0.001)
    first.wait("q", taken.id, PATIENCE)
    removed = 0

    def clean() -> bool:
        nonlocal removed
        removed += first.cleanup()
        return removed >= 2

    until(clean)
    assert removed == 2
    assert first.jobs("q") == [long.id]
    with pytest.raises(nsjob.NoSuchJob):
        first.show("q", short.id)
    assert first.cleanup() == 0
    first.shutdown()
    first = brief = durable.pool(keep=0.001)
    ended(brief, "4")
    removed = 1
    until(clean)


# -- values --------------------------------------------------------------------------------------------------------


def test_a_result_that_is_too_large_is_an_error_that_says_so(durable: Store) -> None:
    pool = durable.pool(maxresult=1_000)
    pool.create("q", 1)
    assert pool.queue("q", "'x' * 900").wait(PATIENCE) == "x" * 900
    job = pool.queue("q", "'x' * 1_000", retries=3, backoff=0)
    with pytest.raises(nsjob.NsjobError, match="maxresult"):
        job.wait(PATIENCE)
    assert (job.outcome, job.attempt) == ("error", 1)
    assert pool.queue("q", "1").wait(PATIENCE) == 1


def test_values_of_megabytes_go_through(first: nsjob.Pool, second: nsjob.Pool) -> None:
    data = bytes(range(256)) * 20_000
    job = first.submit("q", note, data)
    assert job.wait(PATIENCE) == data
    id = second.queue("q", "a + 'x' * 5_000_000", vars={"a": "é" * 1_000_000}, jobid="big").id
    value = first.wait("q", id, PATIENCE)
    assert (len(value), value[0], value[-1]) == (6_000_000, "é", "x")


def test_a_store_is_no_place_for_what_cannot_be_found_elsewhere(durable: Store, first: nsjob.Pool) -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        with pytest.raises(nsjob.OptionError, match="name"):
            first.create("x", engine=executor)
    assert "x" not in first.queues()
    for bad in ({"lease": 0.01}, {"maxpoll": 0}, {"maxlosses": 0}, {"maxresult": 0}, {"immediate": True}):
        with pytest.raises(nsjob.OptionError):
            durable.pool(**bad)  # type: ignore[arg-type]
    memory = nsjob.Pool()
    memory.create("q")
    with pytest.raises(nsjob.OptionError, match="another pool"):
        first.queue("q", "1", after=[memory.queue("q", "1")])
    memory.shutdown()


# -- leases --------------------------------------------------------------------------------------------------------


def losing(store: Store, **options: float) -> nsjob.Pool:
    """A pool whose lease is short."""
    return store.pool(**{"lease": 1.0, "maxpoll": 0.05, **options})


def test_a_lease_is_extended_as_long_as_the_pool_lives(durable: Store, gate: Gate) -> None:
    first = losing(durable, lease=2.0)
    first.create("q", 1)
    first.define(bodies.DEFINITIONS)
    second = losing(durable)
    job = first.queue("q", "enter(1)")
    gate.came()
    owner = first._keeper.id  # type: ignore[attr-defined]
    ends = [first._keeper._extend_at]  # type: ignore[attr-defined]
    until(lambda: first._keeper._extend_at > ends[0] + 2.0)  # type: ignore[attr-defined]
    gate.let()
    assert job.wait(PATIENCE) == 1
    assert first._keeper.id == owner  # type: ignore[attr-defined]
    assert gate.nobody()
    until(lambda: second.counts("q").ok == 1)


def test_what_a_pool_had_goes_to_others_when_its_lease_runs_out_and_what_it_says_then_is_refused(
    durable: Store, gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    first = losing(durable)
    first.create("q", 1)
    first.define(bodies.DEFINITIONS)
    job = first.queue("q", "n = tried()\nif n == 1: enter()\nn", jobid="mine")
    gate.came()
    stall(first)
    second = losing(durable)
    assert second.wait("q", "mine", PATIENCE) == 2
    gate.let()
    until(lambda: "refused" in caplog.text or "lost its lease" in caplog.text)
    report = second.show("q", "mine")
    assert (report.value, report.outcome, report.attempt) == (2, "ok", 1)
    assert job.wait(PATIENCE) == 2
    first._keeper._extend_at = 0.0  # type: ignore[attr-defined]
    assert first.queue("q", "3").wait(PATIENCE) == 3
    second.shutdown()
    assert first.queue("q", "4").wait(PATIENCE) == 4
    until(lambda: first.counts("q").ok == 3)


def test_a_job_that_takes_its_pools_with_it_ends_as_lost(durable: Store, gate: Gate) -> None:
    client = durable.pool(0, lease=0.3, maxpoll=0.05, maxlosses=2)
    client.create("q", 1)
    client.define(bodies.DEFINITIONS)
    job = client.queue("q", "enter()", retries=5, backoff=0)
    after = client.queue("q", "1", after=[job])
    for _ in range(2):
        worker = losing(durable, maxlosses=2)
        gate.came()
        stall(worker)
    last = losing(durable, maxlosses=2)
    with pytest.raises(JobLost, match="lost 2 times"):
        job.wait(PATIENCE)
    assert (job.outcome, job.attempt) == ("error", 1)
    with pytest.raises(nsjob.DependencyFailed):
        after.wait(PATIENCE)
    assert last.queue("q", "5").wait(PATIENCE) == 5
    assert [run.outcome for run in client.runs("q", job)] == ["lost", "lost"]
    gate.let(2)


def test_slots_of_a_pool_whose_lease_ran_out_are_free(durable: Store, gate: Gate) -> None:
    first = losing(durable)
    first.create("q", 2)
    first.define(bodies.DEFINITIONS)
    first.queue("q", "enter()", jobid="a")
    first.queue("q", "enter()", jobid="b")
    gate.came(2)
    second = losing(durable)
    third = second.queue("q", "'third'", priority=0)
    stall(first)
    gate.came(2)
    assert gate.nobody()
    gate.let(4)
    assert third.wait(PATIENCE) == "third"
    second.waitall("q", timeout=PATIENCE)
    until(lambda: second.counts("q").ok == 3)


@pytest.mark.parametrize("own", [True, False], ids=["by its own pool", "by another one"])
@pytest.mark.parametrize("verb", ["cancel", "kill"])
def test_what_was_told_to_end_is_not_run_again_where_its_pool_is_lost(
    durable: Store, gate: Gate, own: bool, verb: str
) -> None:
    first = losing(durable)
    first.create("q", 2)
    first.define(bodies.DEFINITIONS)
    job = first.queue("q", "tried('it'); enter()", jobid="a")
    follower = first.queue("q", "'after'", after=[job], jobid="b")
    gate.came()
    second = losing(durable)
    assert getattr(first if own else second, verb)("q", "a") is True
    stall(first)
    with pytest.raises(nsjob.DependencyFailed):
        second.wait("q", follower.id, PATIENCE)
    assert second.show("q", "a").outcome == "cancelled"
    assert bodies.TRIES["it"] == 1
    gate.let()


def test_a_pool_that_is_shut_down_leaves_nothing_that_has_to_run_out(durable: Store, gate: Gate) -> None:
    first = durable.pool(lease="1h")
    first.create("q", 1)
    first.define(bodies.DEFINITIONS)
    first.queue("q", "n = tried()\nif n == 1: enter()\nn", jobid="mine")
    gate.came()
    with pytest.raises(nsjob.WaitTimeout):
        first.shutdown(timeout=0.05)
    second = durable.pool(lease="1h")
    assert second.wait("q", "mine", PATIENCE) == 2
    gate.let()
