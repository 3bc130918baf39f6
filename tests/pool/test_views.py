"""The Executor, coroutines, as_completed, captured output, listeners."""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
import threading

import pytest

import nsjob
from tests.conftest import PATIENCE, Gate


def test_the_executor_works_with_wait_as_completed_and_map(pool: nsjob.Pool) -> None:
    executor = pool.executor("q", priority=nsjob.HIGH)
    futures = [executor.submit(pow, n, 2) for n in range(10)]
    assert sorted(future.result() for future in concurrent.futures.as_completed(futures, PATIENCE)) == [
        n * n for n in range(10)
    ]
    done, pending = concurrent.futures.wait(futures, PATIENCE)
    assert (len(done), pending) == (10, set())
    assert list(executor.map(pow, range(5), [2] * 5, timeout=PATIENCE, chunksize=2)) == [0, 1, 4, 9, 16]
    if sys.version_info >= (3, 14):
        assert list(executor.map(abs, [-1, -2], buffersize=1)) == [1, 2]
    failing = executor.submit(int, "x")
    assert isinstance(failing.exception(PATIENCE), ValueError)
    executor.shutdown()
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(int)
    assert pool.queue("q", "1").wait(PATIENCE) == 1


def test_a_future_is_cancelled_only_before_its_job_starts(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("one", 1)
    with pool.executor("one") as executor:
        running = executor.submit(gate.enter, 5)
        gate.came()
        assert running.running()
        waiting = executor.submit(int, "7")
        assert waiting.cancel()
        assert not running.cancel()
        gate.let()
        assert running.result(PATIENCE) == 5
        assert waiting.cancelled()
        done, _ = concurrent.futures.wait([waiting], PATIENCE)
        assert done == {waiting}
    assert pool.jobs("one") == []


def test_a_cancelled_job_cancels_its_future(pool: nsjob.Pool) -> None:
    pool.pause("q")
    executor = pool.executor("q")
    future = executor.submit(int)
    pool.cancel("q", pool.jobs("q")[0])
    assert concurrent.futures.wait([future], PATIENCE).not_done == set()
    assert future.cancelled()


def test_joblib_and_asyncio_take_the_executor(pool: nsjob.Pool) -> None:
    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        executor = pool.executor("q")
        return await asyncio.gather(*(loop.run_in_executor(executor, abs, -n) for n in range(5)))

    assert asyncio.run(main()) == list(range(5))


def test_a_job_can_be_awaited_and_giving_up_leaves_it_alone(pool: nsjob.Pool, gate: Gate) -> None:
    async def main() -> object:
        assert await pool.queue("q", "6 * 7") == 42
        with pytest.raises(ZeroDivisionError):
            await pool.queue("q", "1/0")
        job = pool.submit("q", gate.enter, "kept")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(_awaited(job), 0.01)
        assert job.state == "running"
        gate.let()
        return await job

    assert asyncio.run(main()) == "kept"


async def _awaited(job: nsjob.Job) -> object:
    return await job


def test_coroutine_functions_and_snippets_with_await_run_to_their_end_in_their_slot(pool: nsjob.Pool) -> None:
    async def add(a: int, b: int) -> tuple[int, str]:
        await asyncio.sleep(0)
        return a + b, nsjob.current_job().queue

    assert pool.submit("q", add, 1, 2).wait(PATIENCE) == (3, "q")
    assert pool.queue("q", "import asyncio\nawait asyncio.sleep(0)\n'x'").wait(PATIENCE) == "x"
    returned = pool.queue("q", "import asyncio\nawait asyncio.sleep(0)\nreturn 'y'")
    assert (returned.wait(PATIENCE), returned.code) == ("y", "TCL_RETURN")


def test_a_coroutine_is_cancelled_as_a_task(pool: nsjob.Pool) -> None:
    seen: list[str] = []
    running = threading.Event()

    async def body() -> None:
        running.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    job = pool.submit("q", body)
    assert running.wait(PATIENCE)
    job.cancel()
    with pytest.raises(nsjob.JobCancelled):
        job.wait(PATIENCE)
    assert seen == ["cancelled"]


def test_as_completed_gives_the_jobs_as_they_end(pool: nsjob.Pool) -> None:
    for n in range(6):
        pool.queue("q", "n", vars={"n": n})
    assert sorted(job.wait() for job in pool.as_completed("q")) == list(range(6))
    for n in range(6):
        pool.queue("q", "n", vars={"n": n})

    async def main() -> list[int]:
        return [await job async for job in pool.as_completed("q")]

    assert sorted(asyncio.run(main())) == list(range(6))


def test_what_a_job_prints_goes_to_the_job_and_what_the_program_prints_does_not(
    pool: nsjob.Pool, capsys: pytest.CaptureFixture[str], gate: Gate
) -> None:
    script = "import sys\nprint('out')\nprint('err', file=sys.stderr)\nsys.stdout.buffer.write(b'raw\\n')\nenter()"
    job = pool.queue("q", script, vars={"enter": gate.enter}, capture_output=True)
    gate.came()
    print("the program's own")
    assert pool.output("q", job.id) == "out\nerr\nraw\n"
    plain = pool.queue("q", "print('not captured')")
    plain.wait(PATIENCE)
    gate.let()
    job.wait(PATIENCE)
    assert capsys.readouterr().out == "the program's own\nnot captured\n"


def test_captured_output_is_bounded_and_its_tail_is_kept(pool: nsjob.Pool) -> None:
    pool.configure(maxoutput=100)
    job = pool.queue("q", "for n in range(1000): print(n)", capture_output=True)
    job.wait(PATIENCE)
    kept = pool.output("q", job)
    assert kept.endswith("998\n999\n")
    assert len(kept) <= 100


def test_listeners_hear_of_everything_in_order_and_a_failing_one_harms_nobody(pool: nsjob.Pool) -> None:
    heard: list[tuple[str, str, str, str]] = []

    def listener(event: nsjob.Event) -> None:
        heard.append((event.kind, event.queue, event.job, event.outcome))

    def failing(event: nsjob.Event) -> None:
        raise ValueError(event.kind)

    bad = pool.subscribe(failing)
    with pool.subscribe(listener) as subscription:
        pool.create("n", 1)
        pool.queue("n", "job.progress(1, 2)").wait(PATIENCE)
        pool.waitall("n")
        pool.delete("n")
        subscription.close(PATIENCE)
    bad.close(PATIENCE)
    assert heard == [
        ("queue created", "n", "", ""),
        ("queued", "n", "job0", ""),
        ("started", "n", "job0", ""),
        ("progress", "n", "job0", ""),
        ("finished", "n", "job0", "ok"),
        ("queue deleted", "n", "", ""),
    ]


def test_a_slow_listener_does_not_slow_the_pool(pool: nsjob.Pool) -> None:
    hold = threading.Event()
    subscription = pool.subscribe(lambda _: hold.wait(PATIENCE))
    for _ in range(100):
        pool.queue("q", "1").wait(PATIENCE)
    hold.set()
    subscription.close(PATIENCE)
    assert subscription.dropped == 0


def test_done_callbacks_are_called_once_and_their_errors_are_logged(
    pool: nsjob.Pool, caplog: pytest.LogCaptureFixture, gate: Gate
) -> None:
    called: list[str] = []
    job = pool.submit("q", gate.enter)
    job.add_done_callback(lambda done: called.append(done.id))
    job.add_done_callback(lambda done: 1 / 0)  # type: ignore[arg-type, return-value]
    gate.let()
    job.wait(PATIENCE)
    job.add_done_callback(lambda done: called.append("late"))
    pool.shutdown()
    assert sorted(called) == ["job0", "late"]
    assert "a callback of a done job failed" in caplog.text
