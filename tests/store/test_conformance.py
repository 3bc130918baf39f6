"""One suite over the pools without a store, with SQLite, and with PostgreSQL: each keeps the same promises.

What bodies call is in bodies.py; the pools' definitions bring it to them. What differs on purpose is asserted where it
does: a store keeps no objects, so values are copies; contexts stay where they are.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import datetime
import decimal
import math
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import nsjob
from tests.conftest import PATIENCE, Gate
from tests.store import bodies
from tests.store.bodies import NOTES, enter, fail, note, tried
from tests.store.cases import Store, ended, spinning, until

AROUND: contextvars.ContextVar[str] = contextvars.ContextVar("AROUND", default="nothing")


# -- ids -----------------------------------------------------------------------------------------------------------


def test_ids_count_up_in_each_queue_and_a_callers_own_id_is_kept(pool: nsjob.Pool, store: Store) -> None:
    pool.pause("q")
    pool.pause("one")
    assert [pool.queue("q", "1").id for _ in range(2)] == ["job0", "job1"]
    assert pool.queue("one", "1").id == "job0"
    assert pool.queue("q", "1", jobid="job2").id == "job2"
    third = pool.queue("q", "1").id
    assert third == "job3" or (store.durable and int(third[3:]) > 3)  # a store's ids may have gaps
    with pytest.raises(nsjob.JobExists, match="^Job job2 already exists$"):
        pool.queue("q", "1", jobid="job2")
    assert pool.jobs("q") == ["job0", "job1", "job2", third]
    assert pool.exists("q", "job2")
    assert not pool.exists("q", "nope")
    assert pool.exists("q", pool.queue("q", "1"))
    assert not pool.exists("one", pool.queue("q", "1"))


def test_ifnew_returns_the_job_that_is_there(pool: nsjob.Pool) -> None:
    pool.pause("q")
    first = pool.queue("q", "1", jobid="mine")
    assert pool.queue("q", "2", jobid="mine", ifnew=True) is first
    assert pool.jobs("q") == ["mine"]
    pool.resume("q")
    until(first.done)
    assert pool.queue("q", "2", jobid="mine", ifnew=True) is first
    assert pool.wait("q", "mine", PATIENCE) == 1
    assert pool.queue("q", "2", jobid="mine", ifnew=True).wait(PATIENCE) == 2
    with pytest.raises(nsjob.OptionError, match="ifnew needs a jobid"):
        pool.queue("q", "1", ifnew=True)


def test_a_unique_job_is_queued_once_while_it_lives(pool: nsjob.Pool, gate: Gate) -> None:
    first = pool.queue("q", "enter(1)", unique="u")
    assert pool.queue("q", "enter(2)", unique="u") is first
    gate.came()
    assert pool.queue("q", "enter(3)", unique="u") is first
    assert pool.queue("one", "4", unique="u").wait(PATIENCE) == 4
    gate.let()
    assert first.wait(PATIENCE) == 1
    second = pool.queue("q", "2", unique="u")
    assert second is not first
    assert second.wait(PATIENCE) == 2
    assert len(pool.jobs("q")) == 2


def test_genid_never_repeats(pool: nsjob.Pool) -> None:
    given = [pool.genid() for _ in range(50)]
    assert len(set(given)) == 50
    assert all(name.startswith("queue_id_") for name in given)


# -- order ---------------------------------------------------------------------------------------------------------


def test_order_is_head_then_priority_then_first_come(pool: nsjob.Pool, gate: Gate) -> None:
    pool.submit("one", enter)
    gate.came()
    given: list[tuple[str, dict[str, Any]]] = [
        ("n1", {}),
        ("low", {"priority": "lowest"}),
        ("n2", {}),
        ("high", {"priority": nsjob.HIGH}),
        ("h1", {"head": True}),
        ("max", {"priority": 255}),
        ("h2", {"head": True}),
    ]
    jobs = {name: pool.queue("one", "note(name)", vars={"name": name}, **options) for name, options in given}
    pool.run("one", jobs["low"])
    gate.let()
    pool.waitall("one", timeout=PATIENCE)
    assert NOTES == ["low", "h2", "h1", "max", "high", "n1", "n2"]


def test_a_requeued_job_comes_behind_those_of_its_priority(pool: nsjob.Pool, gate: Gate) -> None:
    pool.submit("one", enter)
    gate.came()
    pool.queue("one", "note('a')")
    again = pool.queue("one", "if tried() < 2: spin()\nnote('b')")
    pool.queue("one", "note('c')")
    pool.queue("one", "note('d')", priority=0)
    pool.run("one", again)
    gate.let()
    assert bodies.SPINNING.acquire(timeout=PATIENCE)
    pool.requeue("one", again)
    pool.waitall("one", timeout=PATIENCE)
    assert NOTES == ["a", "c", "b", "d"]
    assert again.attempt == 1


def test_run_ends_a_delay_and_refuses_what_cannot_be_run(pool: nsjob.Pool, gate: Gate) -> None:
    late = pool.queue("q", "'late'", delay="1h")
    pool.run("q", late)
    assert late.wait(PATIENCE) == "late"
    with pytest.raises(nsjob.WrongState):
        pool.run("q", late)
    blocker = pool.queue("q", "enter()")
    gate.came()
    behind = pool.queue("q", "1", after=[blocker])
    for job in (blocker, behind):
        with pytest.raises(nsjob.WrongState):
            pool.run("q", job)
    gate.let()
    assert behind.wait(PATIENCE) == 1


# -- waiting -------------------------------------------------------------------------------------------------------


def test_wait_by_id_hands_the_result_over_and_a_handle_keeps_it(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "20 + 1")
    assert pool.wait("q", job.id, PATIENCE) == 21
    with pytest.raises(nsjob.NoSuchJob, match="^no such job: job0$"):
        pool.wait("q", job.id)
    assert not pool.exists("q", job.id)
    assert (job.wait(), job.wait()) == (21, 21)
    assert (job.state, job.outcome, job.code, job.req) == ("done", "ok", "TCL_OK", "none")
    assert (job.queue, job.attempt, job.error, job.done()) == ("q", 1, None, True)


def test_take_returns_the_job_however_it_ended(pool: nsjob.Pool) -> None:
    good, bad = pool.queue("q", "1"), pool.queue("q", "1/0")
    assert pool.take("q", good.id, PATIENCE) is good
    taken = pool.take("q", bad, PATIENCE)
    assert (taken.id, taken.outcome, taken.code) == (bad.id, "error", "TCL_ERROR")
    assert isinstance(taken.error, ZeroDivisionError)
    assert pool.jobs("q") == []


def test_one_waiter_at_a_time_by_id_and_a_wait_that_times_out_leaves_the_job(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.queue("q", "enter(3)")
    gate.came()
    with pytest.raises(nsjob.WaitTimeout, match="^Wait timed out.$") as caught:
        pool.wait("q", job.id, 0.01)
    assert caught.value.errorcode == ("NS_TIMEOUT",)
    with pytest.raises(nsjob.WaitTimeout):
        job.wait(0.01)
    got: list[object] = []
    waiter = threading.Thread(target=lambda: got.append(pool.wait("q", job.id, PATIENCE)))
    waiter.start()
    until(lambda: job.req == "wait")
    assert pool.joblist("q")[0].req == "wait"
    with pytest.raises(nsjob.JobWaited, match="^can't wait on waited job: job0$"):
        pool.wait("q", job.id)
    gate.let()
    waiter.join(PATIENCE)
    assert got == [3]


def test_many_wait_by_handle_at_once(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.queue("q", "enter('all')")
    got: list[object] = []
    waiters = [threading.Thread(target=lambda: got.append(job.wait(PATIENCE))) for _ in range(8)]
    for waiter in waiters:
        waiter.start()
    gate.came()
    gate.let()
    for waiter in waiters:
        waiter.join(PATIENCE)
    assert got == ["all"] * 8
    assert pool.jobs("q") == [job.id]


def test_waitany_gives_done_jobs_in_order_of_completion_until_none_is_left(pool: nsjob.Pool, gate: Gate) -> None:
    for n in range(5):
        pool.queue("one", "n * n", vars={"n": n})
    found = []
    while job := pool.waitany("one", timeout=PATIENCE):
        assert pool.waitany("one") == job
        found.append(pool.wait("one", job))
    assert found == [0, 1, 4, 9, 16]
    held = pool.queue("q", "enter()")
    gate.came()
    pool.queue("one", "'r'", jobid="r")
    assert pool.waitany("q", "one", timeout=PATIENCE) == ("one", "r")
    pool.wait("one", "r")
    with pytest.raises(nsjob.WaitTimeout):
        pool.waitany("q", "one", timeout=0.01)
    gate.let()
    assert pool.waitany("one", "q", timeout=PATIENCE) == ("q", held.id)
    pool.wait("q", held)
    assert pool.waitany("q", "one") == ""
    with pytest.raises(nsjob.OptionError):
        pool.waitany()


def test_waitany_does_not_wait_for_jobs_that_belong_to_others(pool: nsjob.Pool, gate: Gate) -> None:
    pool.submit("q", enter)
    pool.queue("q", "enter()", detached=True, jobid="d")
    gate.came(2)
    assert pool.waitany("q") == ""
    with pytest.raises(nsjob.JobDetached, match="^can't wait on detached job: d$"):
        pool.wait("q", "d")
    with pytest.raises(nsjob.JobDetached):
        pool.wait("q", "job0")
    gate.let(2)
    assert pool.waitall("q", timeout=PATIENCE) == []


def test_a_waitany_is_woken_when_its_last_job_is_cancelled(pool: nsjob.Pool, gate: Gate) -> None:
    pool.pause("q")
    job = pool.queue("q", "1")
    got: list[object] = []
    waiter = threading.Thread(target=lambda: got.append(pool.waitany("q", timeout=PATIENCE)))
    waiter.start()
    pool.cancel("q", job)
    waiter.join(PATIENCE)
    assert got == [""]


def test_waitall_gives_the_jobs_in_order_of_completion(pool: nsjob.Pool, gate: Gate) -> None:
    jobs = [pool.queue("one", str(n)) for n in range(4)]
    assert pool.waitall("one", timeout=PATIENCE) == jobs
    assert pool.jobs("one") == []
    held = pool.queue("q", "enter(5)")
    gate.came()
    with pytest.raises(nsjob.WaitTimeout):
        pool.waitall(timeout=0.01)
    assert pool.jobs("q") == [held.id]
    other = pool.queue("one", "6")
    gate.let()
    assert sorted(job.wait() for job in pool.waitall(timeout=PATIENCE)) == [5, 6]
    assert other.outcome == "ok"
    assert pool.waitall() == []


def test_waitall_with_failfast_raises_the_first_failure_and_leaves_the_others(pool: nsjob.Pool, gate: Gate) -> None:
    good = pool.queue("one", "3")
    bad = pool.queue("one", "1/0")
    held = pool.queue("one", "enter()")
    gate.came()
    with pytest.raises(ZeroDivisionError):
        pool.waitall("one", failfast=True, timeout=PATIENCE)
    assert pool.jobs("one") == [good.id, held.id]
    assert bad.outcome == "error"
    gate.let()
    assert pool.waitall("one", failfast=True, timeout=PATIENCE) == [good, held]


def test_as_completed_gives_the_jobs_as_they_end(pool: nsjob.Pool) -> None:
    for n in range(6):
        pool.queue("q", "n if n else 1/0", vars={"n": n})
    assert sorted(job.outcome for job in pool.as_completed("q")) == ["error"] + ["ok"] * 5
    assert pool.jobs("q") == []
    for n in range(6):
        pool.queue("q", "n", vars={"n": n})

    async def main() -> list[int]:
        return [await job async for job in pool.as_completed("q")]

    assert sorted(asyncio.run(main())) == list(range(6))


def test_a_job_can_be_awaited_and_giving_up_leaves_it_alone(pool: nsjob.Pool, gate: Gate) -> None:
    async def patient(job: nsjob.Job) -> object:
        return await job

    async def main() -> object:
        assert await pool.queue("q", "6 * 7") == 42
        with pytest.raises(ZeroDivisionError):
            await pool.queue("q", "1/0")
        job = pool.submit("q", enter, "kept")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(patient(job), 0.01)
        until(lambda: job.state == "running")
        gate.let()
        assert await asyncio.gather(patient(job), patient(job)) == ["kept"] * 2
        return await job

    assert asyncio.run(main()) == "kept"


def test_done_callbacks_are_called_once_and_their_errors_are_logged(
    pool: nsjob.Pool, caplog: pytest.LogCaptureFixture, gate: Gate
) -> None:
    called: list[str] = []
    job = pool.submit("q", enter)
    job.add_done_callback(lambda done: called.append(done.id))
    job.add_done_callback(lambda done: 1 / 0)  # type: ignore[arg-type, return-value]
    gate.let()
    job.wait(PATIENCE)
    job.add_done_callback(lambda done: called.append("late"))
    pool.shutdown()
    until(lambda: len(called) == 2)
    assert sorted(called) == ["job0", "late"]
    until(lambda: "a callback of a done job failed" in caplog.text)


def test_a_job_that_waits_for_jobs_of_its_own_queue_is_no_deadlock(pool: nsjob.Pool) -> None:
    assert pool.submit("one", bodies.deep, "it", 8).wait(PATIENCE) == 8
    until(lambda: pool.threadlist().numwaiting == 0)


def test_a_body_may_use_every_verb_of_its_own_pool(pool: nsjob.Pool) -> None:
    source = """
from tests.store.bodies import POOLS
pool = POOLS["it"]
pool.create("inner", 1, exist_ok=True)
child = pool.queue("inner", "5", jobid="child")
found = pool.waitany("inner", timeout=30)
(found, pool.wait("inner", found), pool.show("inner", "child").outcome, pool.counts("inner").ok, pool.jobs("one"))
"""
    job = pool.queue("one", source)
    assert job.wait(PATIENCE) in [("child", 5, "ok", 1, [job.id]), ["child", 5, "ok", 1, [job.id]]]


def test_a_wait_inside_the_pool_is_ended_at_once_by_a_cancel(pool: nsjob.Pool, gate: Gate) -> None:
    blocker = pool.queue("q", "enter()", jobid="blocker")
    gate.came()
    waiting = pool.queue("q", "from tests.store.bodies import POOLS\nnote(1)\nPOOLS['it'].wait('q', 'blocker')")
    until(lambda: NOTES)
    until(lambda: pool.threadlist().numwaiting)
    assert waiting.cancel() is True
    with pytest.raises(nsjob.JobCancelled):
        waiting.wait(PATIENCE)
    gate.let()
    blocker.wait(PATIENCE)
    assert pool.wait("q", "blocker", PATIENCE) is None
    assert pool.threadlist().numwaiting == 0


# -- values and errors ---------------------------------------------------------------------------------------------

VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    2**53 + 1,
    2**200,
    1.5,
    -0.0,
    1e308,
    math.inf,
    "",
    "text",
    "\0 NUL, \x7f, \u2028, 𝄞, \ud800",
    b"bytes\0",
    [],
    [1, [2, [3.0, None, "x"]]],
    {},
    {"a": {"b": [1, True]}},
    {1: "a", "1": "b"},
    {(1, 2): 3},
    (1, (2, 3)),
    {1, 2},
    frozenset("ab"),
    3 + 4j,
    datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC),
    decimal.Decimal("0.1"),
    [[[[[]]]]],
    {"deep": [{"x": (1,)}]},
    range(3),
]


@pytest.mark.parametrize("value", VALUES, ids=[str(n) for n in range(len(VALUES))])
def test_values_come_back_as_they_were(pool: nsjob.Pool, value: Any) -> None:
    result = pool.submit("q", note, value).wait(PATIENCE)
    assert result == value
    assert type(result) is type(value)
    assert [value] == NOTES
    if not isinstance(value, set | frozenset):  # those have no order
        assert str(NOTES) == str([value])
    job = pool.queue("q", "(a, job.input)", vars={"a": value}, input=value)
    assert job.wait(PATIENCE) == (value, value)
    id = pool.queue("q", "a", vars={"a": value}).id
    assert pool.wait("q", id, PATIENCE) == value


def test_nan_and_deep_values_come_back(pool: nsjob.Pool) -> None:
    assert math.isnan(pool.submit("q", note, math.nan).wait(PATIENCE))
    deep: list[Any] = []
    for _ in range(200):
        deep = [deep]
    assert pool.submit("q", note, deep).wait(PATIENCE) == deep
    assert math.copysign(1, pool.submit("q", note, -0.0).wait(PATIENCE)) == -1


def test_values_of_a_mebibyte_come_back(pool: nsjob.Pool) -> None:
    assert len(pool.queue("q", "bytes(1_000_000)").wait(PATIENCE)) == 1_000_000
    text = "é" * 500_000
    assert pool.queue("q", "x", vars={"x": text}).wait(PATIENCE) == text


def test_break_and_continue_and_return_tell_their_codes(pool: nsjob.Pool) -> None:
    codes = {}
    for script in ("break", "continue", "return 5", "5", "raise OSError"):
        job = pool.queue("q", script)
        try:
            value = job.wait(PATIENCE)
        except OSError:
            value = "error"
        codes[script] = (job.code, job.outcome, value)
        assert pool.show("q", job).code == job.code
    assert codes == {
        "break": ("TCL_BREAK", "ok", None),
        "continue": ("TCL_CONTINUE", "ok", None),
        "return 5": ("TCL_RETURN", "ok", 5),
        "5": ("TCL_OK", "ok", 5),
        "raise OSError": ("TCL_ERROR", "error", "error"),
    }


@pytest.mark.parametrize(
    ("script", "kind", "match"),
    [
        ("1/0", ZeroDivisionError, "division by zero"),
        ("{}['x']", KeyError, "x"),
        ("raise OSError(2, 'gone', 'file')", FileNotFoundError, "gone"),
        ("import sys; sys.exit(3)", SystemExit, "3"),
        ("raise KeyboardInterrupt", KeyboardInterrupt, "^$"),
        ("raise StopIteration(1)", StopIteration, "1"),
        ("raise GeneratorExit", GeneratorExit, "^$"),
        ("def f(): return f()\nf()", RecursionError, "recursion"),
        ("raise BaseException('base')", BaseException, "base"),
        ("raise ExceptionGroup('all', [ValueError(1)])", ExceptionGroup, "all"),
        ("import asyncio; raise asyncio.CancelledError", asyncio.CancelledError, "^$"),
        ("open('/no/such/file')", FileNotFoundError, "no/such"),
        ("'\\ud800'.encode()", UnicodeEncodeError, "surrogates"),
        ("raise ValueError('a NUL: \\0')", ValueError, "a NUL"),
        ("job.fail('hopeless')", nsjob.JobFailed, "^hopeless$"),
    ],
)
def test_whatever_a_body_raises_is_its_error_and_the_pool_goes_on(
    pool: nsjob.Pool, script: str, kind: type[BaseException], match: str
) -> None:
    job = pool.queue("one", script)
    with pytest.raises(kind, match=match):
        job.wait(PATIENCE)
    assert (job.outcome, job.code) == ("error", "TCL_ERROR")
    assert isinstance(job.error, kind)
    assert isinstance(pool.joblist("one")[0].results, kind)
    with pytest.raises(kind):
        pool.wait("one", job.id, PATIENCE)
    assert pool.queue("one", "1").wait(PATIENCE) == 1


def test_an_error_of_a_class_that_only_the_body_knows_arrives(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "class Gone(Exception): pass\nraise Gone('all gone')")
    with pytest.raises(Exception, match="all gone"):
        job.wait(PATIENCE)
    assert "Gone" in pool.show("q", job).error
    source = "class Odd(Exception):\n    def __init__(self, a, b): super().__init__(a)\nraise Odd('x', 1)"
    with pytest.raises(Exception, match="x"):
        pool.queue("q", source).wait(PATIENCE)


def test_the_error_of_a_snippet_shows_its_own_lines_and_no_frame_of_nsjob(pool: nsjob.Pool) -> None:
    job = ended(pool, "def inner():\n    return 1 / 0\ninner()")
    error = pool.show("q", job).error
    assert "return 1 / 0" in error
    assert "inner()" in error
    assert "ZeroDivisionError" in error
    assert os.path.dirname(nsjob.__file__) not in error


def test_a_result_that_cannot_be_kept_is_an_error_of_the_job_where_there_is_a_store(
    pool: nsjob.Pool, store: Store
) -> None:
    job = pool.queue("q", "Unknown()")
    if not store.durable:
        assert isinstance(job.wait(PATIENCE), bodies.Unknown)
        return
    with pytest.raises(nsjob.CannotPickle, match="result"):
        job.wait(PATIENCE)
    assert (job.outcome, job.code) == ("error", "TCL_ERROR")
    with pytest.raises(nsjob.CannotPickle, match="vars|input"):
        pool.queue("q", "1", vars={"x": bodies.Unknown()})
    with pytest.raises(nsjob.CannotPickle, match="call"):
        pool.submit("q", note, bodies.Unknown())
    assert pool.jobs("q") == [job.id]


def test_lambdas_closures_and_what_main_defines_are_carried(pool: nsjob.Pool) -> None:
    factor = 7
    assert pool.submit("q", lambda x: x * factor, 6).wait(PATIENCE) == 42
    assert pool.queue("q", "f(2)", vars={"f": lambda x: x + factor}).wait(PATIENCE) == 9
    assert pool.queue("q", "lambda: 5").wait(PATIENCE)() == 5


def test_submit_belongs_to_its_handle_and_leaves_its_queue(pool: nsjob.Pool) -> None:
    job = pool.submit("q", divmod, 17, 5)
    assert job.wait(PATIENCE) == (3, 2)
    until(lambda: pool.jobs("q") == [])
    failing = pool.submit("q", fail, KeyError, "x")
    with pytest.raises(KeyError, match="x"):
        failing.wait(PATIENCE)
    assert pool.show("q", job).left
    with pytest.raises(nsjob.OptionError, match="submit needs a callable"):
        pool.submit("q", "1")  # type: ignore[arg-type]


def test_a_job_runs_in_a_copy_of_its_callers_context_where_it_has_one(pool: nsjob.Pool, store: Store) -> None:
    AROUND.set("callers")
    seen = pool.queue("q", "from tests.store.test_conformance import AROUND\nAROUND.get()").wait(PATIENCE)
    assert seen == ("nothing" if store.durable else "callers")


def test_coroutines_run_to_their_end_in_their_slot(pool: nsjob.Pool) -> None:
    async def add(a: int, b: int) -> tuple[int, str]:
        await asyncio.sleep(0)
        return a + b, nsjob.current_job().queue

    assert pool.submit("q", add, 1, 2).wait(PATIENCE) == (3, "q")
    assert pool.queue("q", "import asyncio\nawait asyncio.sleep(0)\n'x'").wait(PATIENCE) == "x"


def test_a_coroutine_is_cancelled_as_a_task(pool: nsjob.Pool) -> None:
    source = """
import asyncio
note("running")
try:
    await asyncio.sleep(3600)
except asyncio.CancelledError:
    note("cancelled")
    raise
"""
    job = pool.queue("q", source)
    until(lambda: NOTES)
    until(lambda: job.cancel() or True)
    with pytest.raises(nsjob.JobCancelled):
        job.wait(PATIENCE)
    assert NOTES == ["running", "cancelled"]


# -- the executor --------------------------------------------------------------------------------------------------


def test_the_executor_works_with_wait_as_completed_and_map(pool: nsjob.Pool) -> None:
    executor = pool.executor("q", priority=nsjob.HIGH)
    futures = [executor.submit(pow, n, 2) for n in range(10)]
    assert sorted(future.result() for future in concurrent.futures.as_completed(futures, PATIENCE)) == [
        n * n for n in range(10)
    ]
    done, pending = concurrent.futures.wait(futures, PATIENCE)
    assert (len(done), pending) == (10, set())
    assert list(executor.map(pow, range(5), [2] * 5, timeout=PATIENCE, chunksize=2)) == [0, 1, 4, 9, 16]
    failing = executor.submit(int, "x")
    assert isinstance(failing.exception(PATIENCE), ValueError)
    executor.shutdown()
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(int)
    assert pool.queue("q", "1").wait(PATIENCE) == 1


def test_a_future_is_cancelled_only_before_its_job_starts(pool: nsjob.Pool, gate: Gate) -> None:
    with pool.executor("one") as executor:
        running = executor.submit(enter, 5)
        gate.came()
        until(running.running)
        waiting = executor.submit(int, "7")
        assert waiting.cancel()
        assert not running.cancel()
        gate.let()
        assert running.result(PATIENCE) == 5
        assert waiting.cancelled()
        done, _ = concurrent.futures.wait([waiting], PATIENCE)
        assert done == {waiting}
    until(lambda: pool.jobs("one") == [])


def test_a_cancelled_job_cancels_its_future(pool: nsjob.Pool) -> None:
    pool.pause("q")
    future = pool.executor("q").submit(int)
    pool.cancel("q", pool.jobs("q")[0])
    assert concurrent.futures.wait([future], PATIENCE).not_done == set()
    assert future.cancelled()


def test_asyncio_takes_the_executor(pool: nsjob.Pool) -> None:
    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        executor = pool.executor("q")
        return await asyncio.gather(*(loop.run_in_executor(executor, abs, -n) for n in range(5)))

    assert asyncio.run(main()) == list(range(5))


# -- times ---------------------------------------------------------------------------------------------------------


def test_a_delayed_job_waits_for_its_time(pool: nsjob.Pool) -> None:
    late = pool.queue("one", "note('late')", delay="1h")
    at = pool.queue("one", "note('at')", at=time.time() + 3600)
    when = pool.queue("one", "note('when')", at=datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1))
    soon = pool.queue("one", "note('soon')", delay=0.05)
    past = pool.queue("one", "note('past')", at=1)
    soon.wait(PATIENCE)
    past.wait(PATIENCE)
    assert sorted(NOTES) == ["past", "soon"]
    for job in (late, at, when):
        assert job.state == "scheduled"
        assert "put off" in pool.show("one", job).reason
        job.cancel()
    with pytest.raises(nsjob.OptionError, match="delay and at exclude each other"):
        pool.queue("q", "1", delay=1, at=1)


def test_a_job_that_has_not_started_in_time_is_given_up(pool: nsjob.Pool, gate: Gate) -> None:
    pool.submit("one", enter)
    gate.came()
    gone = pool.queue("one", "note('gone')", expires=0.02)
    moment = pool.queue(
        "one", "note('too')", expires=datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=0.02)
    )
    delayed = pool.queue("one", "note('late')", delay="1h", expires=0.02)
    for job in (gone, moment, delayed):
        with pytest.raises(nsjob.JobExpired):
            job.wait(PATIENCE)
        assert (job.outcome, job.attempt) == ("expired", 0)
    gate.let()
    kept = pool.queue("one", "note('kept')", expires="1h")
    kept.wait(PATIENCE)
    assert NOTES == ["kept"]
    assert pool.counts("one").expired == 3


def test_a_time_limit_ends_a_job_and_the_thread_goes_on(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "spin()", timeout=0.05)
    with pytest.raises(nsjob.JobTimeout, match="time limit of 0.05 seconds"):
        job.wait(PATIENCE)
    assert job.outcome == "timeout"
    assert pool.queue("q", "1").wait(PATIENCE) == 1
    assert pool.threadlist().numlost == 0
    assert pool.counts("q").timeout == 1


def test_a_timed_out_job_is_retried_where_asked(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "if tried() < 3: spin()\nnote(job.attempt)", timeout=0.05, retries=5, backoff=0)
    assert job.wait(PATIENCE) == 3
    assert job.attempt == 3


def test_retries_run_again_and_only_for_the_named_errors(pool: nsjob.Pool) -> None:
    source = "note(job.attempt)\nif job.attempt < 4: raise OSError('not yet')\n'done'"
    job = pool.queue("q", source, retries=3, backoff=0.001, retryon=("OSError",))
    assert job.wait(PATIENCE) == "done"
    assert NOTES == [1, 2, 3, 4]
    assert job.attempt == 4
    final = pool.queue("q", "int('x')", retries=3, backoff=0, retryon=(OSError, "KeyError"))
    with pytest.raises(ValueError, match="invalid literal"):
        final.wait(PATIENCE)
    assert final.attempt == 1
    used_up = pool.queue("q", "1/0", retries=2, backoff=0)
    with pytest.raises(ZeroDivisionError):
        used_up.wait(PATIENCE)
    assert used_up.attempt == 3
    derived = pool.queue("q", "if tried() < 2: raise FileNotFoundError\n1", retries=1, backoff=0, retryon=OSError)
    assert derived.wait(PATIENCE) == 1


def test_a_backoff_is_waited_for(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "note(job.attempt); 1/0", retries=1, backoff="1h")
    until(lambda: NOTES and job.state == "scheduled")
    assert "put off" in pool.show("q", job).reason
    assert job.attempt == 1
    pool.run("q", job)
    with pytest.raises(ZeroDivisionError):
        job.wait(PATIENCE)
    assert NOTES == [1, 2]


def test_fail_is_final_and_snooze_counts_no_attempt(pool: nsjob.Pool) -> None:
    failed = pool.queue("q", "note(job.attempt); job.fail('hopeless')", retries=5, backoff=0)
    with pytest.raises(nsjob.JobFailed, match="^hopeless$"):
        failed.wait(PATIENCE)
    assert failed.attempt == 1
    snoozed = pool.queue("q", "note(job.attempt)\nif tried() < 3: job.snooze(0)\n'end'", retries=0)
    assert snoozed.wait(PATIENCE) == "end"
    assert snoozed.attempt == 1
    assert NOTES == [1, 1, 1, 1]
    later = pool.queue("q", "note('s')\njob.snooze('1h')")
    until(lambda: NOTES[-1] == "s" and later.state == "scheduled")
    assert "put off" in pool.show("q", later).reason
    later.cancel()


def test_snooze_puts_a_scheduled_job_off_and_a_running_one_back(pool: nsjob.Pool) -> None:
    pool.pause("q")
    job = pool.queue("q", "1")
    pool.snooze("q", job.id, "1h")
    pool.resume("q")
    assert pool.queue("q", "2").wait(PATIENCE) == 2
    assert job.state == "scheduled"
    pool.run("q", job.id)
    assert job.wait(PATIENCE) == 1
    with pytest.raises(nsjob.WrongState):
        pool.snooze("q", job, 1)
    running = spinning(pool)
    pool.snooze("q", running, "1h")
    until(lambda: running.state == "scheduled")
    assert "put off" in pool.show("q", running).reason
    assert running.attempt == 0
    running.cancel()


def test_a_job_that_gives_no_sign_of_life_is_ended(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "spin()", heartbeat=0.05)
    with pytest.raises(nsjob.JobTimeout, match="did not call job.heartbeat"):
        job.wait(PATIENCE)
    alive = pool.queue("q", "for _ in range(3): job.heartbeat()\n5", heartbeat=20)
    assert alive.wait(PATIENCE) == 5


def test_a_job_ends_with_its_lifetime_whatever_it_does(pool: nsjob.Pool) -> None:
    running = pool.queue("q", "spin()", lifetime=0.1, retries=5, backoff=0)
    waiting = pool.queue("q", "1", lifetime=0.1, delay="1h")
    for job in (running, waiting):
        with pytest.raises(nsjob.JobExpired, match="the end of its lifetime of 0.1 seconds"):
            job.wait(PATIENCE)
        assert job.outcome == "expired"
    assert pool.queue("q", "7", lifetime=60).wait(PATIENCE) == 7


def test_a_job_has_a_directory_and_files_of_its_own(pool: nsjob.Pool, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    (given / "data").write_text("é", encoding="utf-8")
    source = "import pathlib\n(pathlib.Path(job.workdir, 'given', 'data').read_text(encoding='utf-8'), job.workdir)"
    text, place = pool.queue("q", source, files=[str(given)]).wait(PATIENCE)
    assert text == "é"
    until(lambda: not os.path.exists(place))
    place = pool.queue("q", "job.workdir", workdir=str(tmp_path), keepdir=True).wait(PATIENCE)
    assert os.path.isdir(place)
    assert Path(place).parent == tmp_path


def test_every_run_leaves_a_record(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "if job.attempt < 3: raise ValueError(job.attempt)\n1", retries=2, backoff=0)
    job.wait(PATIENCE)
    runs = pool.runs("q", job)
    assert [(run.attempt, run.outcome) for run in runs] == [(1, "error"), (2, "error"), (3, "ok")]
    assert "ValueError: 1" in runs[0].reason
    assert all(run.ended is not None and run.started <= run.ended for run in runs)
    assert {run.pid for run in runs} == {os.getpid()}
    snoozed = pool.queue("q", "if tried() < 2: job.snooze(0)\n1")
    snoozed.wait(PATIENCE)
    assert [(run.attempt, run.outcome) for run in pool.runs("q", snoozed)] == [(1, "snoozed"), (1, "ok")]


# -- dependencies --------------------------------------------------------------------------------------------------


def test_after_waits_for_other_jobs_and_fails_where_one_did_not_end_ok(pool: nsjob.Pool, gate: Gate) -> None:
    first = pool.submit("q", enter, 1)
    gate.came()
    second = pool.queue("one", "2", after=[first])
    assert "comes after" in pool.show("one", second).reason
    assert second.state == "scheduled"
    gate.let()
    assert second.wait(PATIENCE) == 2
    bad = pool.queue("q", "1/0", jobid="bad")
    third = pool.queue("one", "3", after=("q", "bad"))
    fourth = pool.queue("one", "4", after=third)
    with pytest.raises(nsjob.DependencyFailed, match="job bad of queue q"):
        third.wait(PATIENCE)
    with pytest.raises(nsjob.DependencyFailed, match=f"job {third.id} of queue one"):
        fourth.wait(PATIENCE)
    with pytest.raises(ZeroDivisionError):
        pool.wait("q", bad.id, PATIENCE)
    for late in (("q", "bad"), bad):
        with pytest.raises(nsjob.DependencyFailed):
            pool.queue("one", "5", after=late).wait(PATIENCE)
    with pytest.raises(nsjob.NoSuchJob):
        pool.queue("one", "6", after=["never"])
    with pytest.raises(nsjob.NoSuchQueue):
        pool.queue("one", "6", after=[("nowhere", "never")])
    assert not pool.exists("one", "job9")


def test_a_job_comes_after_several_of_several_queues(pool: nsjob.Pool, gate: Gate) -> None:
    jobs = [pool.queue("q", "enter()", jobid="a"), pool.queue("one", "enter()", jobid="b"), ended(pool, "1", "q")]
    gate.came(2)
    last = pool.queue("q", "note('last')", after=["a", ("one", "b"), jobs[2], jobs[0]])
    gate.let()
    until(lambda: jobs[0].done() or jobs[1].done())
    assert last.state == "scheduled"
    gate.let()
    last.wait(PATIENCE)
    assert NOTES == ["last"]


def test_a_cancelled_first_ends_those_that_come_after_it(pool: nsjob.Pool) -> None:
    pool.pause("q")
    first = pool.queue("q", "1")
    chain = [first]
    for _ in range(30):
        chain.append(pool.queue("q", "1", after=chain[-1]))
    first.cancel()
    with pytest.raises(nsjob.DependencyFailed):
        chain[-1].wait(PATIENCE)
    assert {job.outcome for job in chain[1:]} == {"error"}
    assert pool.counts("q").error == 30


def test_a_delayed_job_that_comes_after_another_waits_for_both(pool: nsjob.Pool, gate: Gate) -> None:
    first = pool.queue("q", "enter()")
    gate.came()
    both = pool.queue("q", "note('both')", after=[first], delay=0.05)
    hour = pool.queue("q", "note('hour')", after=[first], delay="1h")
    gate.let()
    both.wait(PATIENCE)
    assert hour.state == "scheduled"
    hour.cancel()
    assert NOTES == ["both"]


def test_a_retried_first_lets_those_after_it_go_on_when_it_succeeds(pool: nsjob.Pool) -> None:
    first = pool.queue("q", "if tried() < 3: raise ValueError\n1", retries=5, backoff=0)
    assert pool.queue("q", "2", after=first).wait(PATIENCE) == 2


# -- caps ----------------------------------------------------------------------------------------------------------


def test_a_cap_is_never_exceeded_and_all_slots_are_used(pool: nsjob.Pool, gate: Gate) -> None:
    jobs = [pool.submit("q", enter, n) for n in range(12)]
    gate.came(2)
    assert gate.nobody()
    for _ in range(10):
        gate.let()
        gate.came()
    gate.let(2)
    assert [job.wait(PATIENCE) for job in jobs] == list(range(12))
    assert gate.most == 2


def test_caps_hold_for_tiny_jobs_by_the_hundred(pool: nsjob.Pool, gate: Gate) -> None:
    gate.let(1_000)
    jobs = [pool.queue("q", "enter(n)", vars={"n": n}) for n in range(300)]
    assert [job.wait(PATIENCE) for job in jobs] == list(range(300))
    assert gate.most <= 2
    assert pool.counts("q").ok == 300


def test_the_pools_own_cap_binds_below_the_sum(store: Store, gate: Gate) -> None:
    pool = store.pool(2)
    pool.define(bodies.DEFINITIONS)
    for name in "abc":
        pool.create(name, 4)
    jobs = [pool.queue(name, "enter()") for name in "abcabcabc"]
    gate.came(2)
    assert gate.nobody()
    gate.let(9)
    for job in jobs:
        job.wait(PATIENCE)
    assert gate.most == 2


def test_under_a_pools_cap_every_queue_gets_its_turn(store: Store, gate: Gate) -> None:
    pool = store.pool(1)
    pool.define(bodies.DEFINITIONS)
    for name in "abc":
        pool.create(name, 4)
    pool.queue("a", "enter()")
    gate.came()
    for _ in range(3):
        for name in "abc":
            pool.queue(name, "note(job.queue)")
    gate.let()
    pool.waitall(timeout=PATIENCE)
    assert sorted(NOTES) == sorted("abc" * 3)


def test_under_a_pools_cap_the_highest_waiting_priority_goes_first_over_all_queues(store: Store, gate: Gate) -> None:
    pool = store.pool(1)
    pool.define(bodies.DEFINITIONS)
    pool.create("a", 2)
    pool.create("b", 2)
    pool.queue("a", "enter()")
    gate.came()
    for queue, priority in (("a", 10), ("b", 200), ("a", 127), ("b", 5)):
        pool.queue(queue, "note(p)", vars={"p": priority}, priority=priority)
    gate.let()
    pool.waitall(timeout=PATIENCE)
    assert NOTES == [200, 127, 10, 5]


def test_resize_of_a_live_queue_lets_more_run_at_once_and_fewer_later(pool: nsjob.Pool, gate: Gate) -> None:
    jobs = [pool.submit("q", enter) for _ in range(10)]
    gate.came(2)
    pool.resize("q", 4)
    gate.came(2)
    assert gate.most == 4
    pool.resize("q", 1)
    gate.let(4)
    gate.came()
    assert gate.inside == 1
    gate.let(6)
    for job in jobs:
        job.wait(PATIENCE)
    assert gate.most == 4
    assert pool.queuelist()[0].maxthreads == 1
    with pytest.raises(nsjob.OptionError):
        pool.resize("q", 0)


def test_a_key_caps_how_many_of_its_jobs_run(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("hosts", 4, maxperkey=1)
    same = [pool.queue("hosts", "enter('a')", key="a") for _ in range(3)]
    other, free = spinning(pool, "hosts", key="b"), spinning(pool, "hosts")
    for _ in range(3):
        gate.came()
        assert gate.nobody()
        assert gate.most == 1
        if not same[1].done():
            until(lambda: "1 jobs of its key" in pool.show("hosts", same[2]).reason)
        gate.let()
    for job in same:
        job.wait(PATIENCE)
    other.cancel()
    free.cancel()


def test_a_body_may_wait_for_a_job_of_its_own_key(pool: nsjob.Pool) -> None:
    pool.create("keyed", 2, maxperkey=1)
    assert pool.queue("keyed", "deep_in_key(4)", key="k").wait(PATIENCE) == 5


def test_a_body_that_has_waited_comes_back_before_others_of_its_key_and_never_beside_them(pool: nsjob.Pool) -> None:
    pool.create("keyed", 8, maxperkey=1)
    jobs = [pool.queue("keyed", "deep_in_key(1)", key="k") for _ in range(12)]
    assert [job.wait(PATIENCE) for job in jobs] == [2] * 12
    assert set(NOTES) == {1}
    assert len(NOTES) == 48


def test_a_body_that_waits_for_its_key_can_be_cancelled(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("keyed", 2, maxperkey=1)
    below = pool.queue("keyed", "enter()", key="other")
    gate.came()
    source = "from tests.store.bodies import POOLS\nnote('in')\nPOOLS['it'].wait('keyed', below)\nnote('never')"
    job = pool.queue("keyed", source, vars={"below": below.id}, key="k")
    until(lambda: NOTES == ["in"])
    holder = spinning(pool, "keyed", key="k")
    gate.let()
    below.wait(PATIENCE)
    assert pool.cancel("keyed", job) is True
    with pytest.raises(nsjob.JobCancelled):
        job.wait(PATIENCE)
    holder.cancel()
    assert NOTES == ["in"]


def test_a_job_behind_its_key_is_not_lost_where_the_one_before_it_is_cancelled(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("keyed", 4, maxperkey=1)
    first, second, third = (pool.queue("keyed", "enter()", key="k") for _ in range(3))
    gate.came()
    pool.pause("keyed")
    gate.let()
    first.wait(PATIENCE)
    pool.cancel("keyed", second)
    pool.resume("keyed")
    gate.came()
    gate.let()
    third.wait(PATIENCE)


def test_a_full_queue_refuses_or_blocks_where_asked(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("narrow", 1, maxqueued=1)
    running = pool.submit("narrow", enter)
    gate.came()
    pool.queue("narrow", "1")
    with pytest.raises(nsjob.QueueFull, match="maxqueued"):
        pool.queue("narrow", "2")
    with pytest.raises(nsjob.QueueFull):
        pool.queue("narrow", "2", block=0.01)
    gate.let()
    late = pool.queue("narrow", "3", block=PATIENCE)
    running.wait(PATIENCE)
    assert pool.wait("narrow", late.id, PATIENCE) == 3


def test_cancelling_makes_room_for_who_is_blocked(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("narrow", 1, maxqueued=1)
    pool.submit("narrow", enter)
    gate.came()
    waiting = pool.queue("narrow", "1")
    got: list[nsjob.Job] = []
    blocked = threading.Thread(target=lambda: got.append(pool.queue("narrow", "2", block=PATIENCE)))
    blocked.start()
    waiting.cancel()
    blocked.join(PATIENCE)
    gate.let()
    assert got[0].wait(PATIENCE) == 2


@pytest.mark.parametrize("onerror", ["pause", "cancel", "continue"])
def test_a_failure_does_to_the_queue_what_was_asked(pool: nsjob.Pool, onerror: Any, gate: Gate) -> None:
    pool.create("careful", 1, onerror=onerror)
    pool.submit("careful", enter)
    gate.came()
    bad = pool.queue("careful", "1/0")
    late = pool.queue("careful", "note('late')", delay="1h")
    after = pool.queue("careful", "2")
    gate.let()
    with pytest.raises(ZeroDivisionError):
        bad.wait(PATIENCE)
    if onerror == "pause":
        until(lambda: pool.queuelist()[-1].paused)
        assert after.state == "scheduled"
    elif onerror == "cancel":
        for job in (after, late):
            with pytest.raises(nsjob.JobCancelled):
                job.wait(PATIENCE)
    else:
        assert after.wait(PATIENCE) == 2
    late.cancel()


# -- queues --------------------------------------------------------------------------------------------------------


def test_create_returns_the_name_and_the_queue_is_listed(pool: nsjob.Pool) -> None:
    assert pool.create("z", 3, desc="a b", maxqueued=5, maxperkey=2, onerror="pause") == "z"
    info = pool.queuelist()[-1]
    assert (info.name, info.desc, info.maxthreads, info.numrunning, info.req) == ("z", "a b", 3, 0, "none")
    assert (info.maxqueued, info.maxperkey, info.onerror, info.engine, info.paused) == (5, 2, "pause", "thread", False)
    assert pool.queues() == ["q", "one", "z"]
    with pytest.raises(nsjob.QueueExists, match="^queue already exists: q$"):
        pool.create("q")
    assert pool.create("q", 99, exist_ok=True) == "q"
    assert pool.queuelist()[0].maxthreads == 2


@pytest.mark.parametrize(
    "bad",
    [
        {"maxthreads": 0},
        {"maxthreads": "x"},
        {"maxqueued": 0},
        {"maxperkey": -1},
        {"onerror": "explode"},
        {"desc": 5},
        {"jobid": "x"},
        {"after": ["x"]},
        {"unique": "x"},
        {"ifnew": True},
        {"nonsense": 1},
        {"priority": 256},
        {"engine": "thred"},
        {"pre": "1 +"},
        {"exist_ok": 1},
    ],
    ids=repr,
)
def test_a_queue_with_a_bad_setting_is_not_made(pool: nsjob.Pool, bad: dict[str, Any]) -> None:
    with pytest.raises((nsjob.OptionError, nsjob.SnippetError, nsjob.NoSuchEngine)):
        pool.create("bad", **bad)
    assert "bad" not in pool.queues()
    with pytest.raises(nsjob.NoSuchQueue):
        pool.queue("bad", "1")
    assert pool.create("bad", 1) == "bad"
    assert pool.queue("bad", "5").wait(PATIENCE) == 5


def test_the_defaults_of_a_queue_are_its_jobs(pool: nsjob.Pool) -> None:
    pool.create(
        "d", 1, priority="high", retries=1, backoff=0, note="n", topic="t", subtopic="s", group="g",
        metadata={"m": [1]}, vars={"x": 5}, timeout=20, capture_output=True, retryon=("ValueError",), expires="1h",
    )  # fmt: skip
    job = pool.queue("d", "print('said')\nif job.attempt < 2: raise ValueError\nx")
    assert job.wait(PATIENCE) == 5
    info = pool.info("d", job)
    assert (info.priority, info.note, info.topic, info.subtopic, info.group) == (191, "n", "t", "s", "g")
    assert dict(info.metadata) == {"m": [1]}
    assert pool.output("d", job) == "said\n"  # of its last run
    options = job.options
    assert (options.retries, options.backoff, options.timeout, options.priority) == (1, 0, 20, 191)
    own = pool.queue("d", "x", vars={"x": 6}, priority=3, note="own", metadata={})
    assert own.wait(PATIENCE) == 6
    info = pool.info("d", own)
    assert (info.priority, info.note, info.topic, dict(info.metadata)) == (3, "own", "t", {})


def test_a_paused_queue_starts_nothing_and_goes_on_when_resumed(pool: nsjob.Pool, gate: Gate) -> None:
    running = pool.submit("q", enter, 1)
    gate.came()
    pool.pause("q")
    job = pool.queue("q", "1")
    assert job.state == "scheduled"
    assert pool.show("q", job).reason == "its queue is paused"
    assert pool.queuelist()[0].paused
    gate.let()
    assert running.wait(PATIENCE) == 1
    assert job.state == "scheduled"
    pool.resume("q")
    assert job.wait(PATIENCE) == 1
    assert not pool.queuelist()[0].paused


def test_a_draining_queue_refuses_new_jobs_and_finishes_those_it_has(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.submit("q", enter, 7)
    waiting = [pool.queue("q", "n", vars={"n": n}) for n in range(3)]
    pool.drain("q")
    assert pool.queuelist()[0].req == "drain"
    for again in (lambda: pool.queue("q", "1"), lambda: pool.submit("q", int)):
        with pytest.raises(nsjob.QueueDraining, match="draining"):
            again()
    gate.let()
    assert job.wait(PATIENCE) == 7
    assert [one.wait(PATIENCE) for one in waiting] == [0, 1, 2]
    pool.resume("q")
    assert pool.wait("q", pool.queue("q", "2").id, PATIENCE) == 2


def test_an_empty_queue_is_deleted_at_once_and_one_with_jobs_when_its_last_job_left(
    pool: nsjob.Pool, gate: Gate
) -> None:
    pool.create("empty")
    pool.delete("empty")
    assert pool.queues() == ["q", "one"]
    job = pool.queue("q", "enter(5)")
    pool.delete("q")
    assert pool.queuelist()[0].req == "delete"
    with pytest.raises(nsjob.QueueClosed, match="^The specified queue is being deleted or the system is stopping.$"):
        pool.queue("q", "1")
    with pytest.raises(nsjob.QueueExists):
        pool.create("q", exist_ok=True)
    gate.let()
    assert pool.wait("q", job.id, PATIENCE) == 5
    assert pool.queues() == ["one"]
    with pytest.raises(nsjob.NoSuchQueue, match="^no such queue: q$"):
        pool.jobs("q")
    pool.create("q", 7)
    assert pool.queue("q", "1").id == "job0"


def test_a_deleted_queue_goes_with_the_end_of_a_job_that_leaves_by_itself(pool: nsjob.Pool, gate: Gate) -> None:
    pool.submit("q", enter)
    gate.came()
    pool.delete("q")
    gate.let()
    until(lambda: pool.queues() == ["one"])


def test_delete_by_force_cancels_what_waits_and_what_runs(pool: nsjob.Pool) -> None:
    running = [spinning(pool) for _ in range(2)]
    waiting = [pool.queue("q", "1"), pool.queue("q", "1", delay="1h"), pool.queue("q", "1", after=[running[0]])]
    pool.delete("q", force=True)
    for job in (*running, waiting[0], waiting[1]):
        with pytest.raises(nsjob.JobCancelled, match="^Job cancelled.$"):
            job.wait(PATIENCE)
    with pytest.raises((nsjob.JobCancelled, nsjob.DependencyFailed)):
        waiting[2].wait(PATIENCE)
    until(lambda: pool.queues() == ["one"])


def test_scripts_of_a_queue_run_before_and_after_each_job(pool: nsjob.Pool) -> None:
    pool.create("h", 1, pre="note('before ' + job.id)", post="note('after ' + job.id)")
    assert pool.queue("h", "note('during')\n7", jobid="a").wait(PATIENCE) == 7
    with pytest.raises(ZeroDivisionError):
        pool.queue("h", "1 / 0", jobid="b").wait(PATIENCE)
    assert pool.submit("h", len, [1]).wait(PATIENCE) == 1
    assert NOTES[:5] == ["before a", "during", "after a", "before b", "after b"]
    assert len(NOTES) == 7
    pool.create("bad", 1, pre="raise LookupError('not ready')")
    with pytest.raises(LookupError, match="not ready"):
        pool.queue("bad", "1").wait(PATIENCE)


# -- stopping ------------------------------------------------------------------------------------------------------


def test_cancel_of_a_scheduled_job_returns_false_and_it_never_runs(pool: nsjob.Pool) -> None:
    pool.pause("q")
    job = pool.queue("q", "note(1)")
    late = pool.queue("q", "note(2)", delay="1h")
    behind = pool.queue("q", "note(3)", after=[job], jobid="behind")
    assert pool.cancel("q", behind) is False
    assert pool.cancel("q", job.id) is False
    assert late.cancel() is False
    for one in (job, late, behind):
        with pytest.raises(nsjob.JobCancelled) as caught:
            one.wait(PATIENCE)
        assert caught.value.errorcode == ("ECANCEL",)
        assert one.outcome == "cancelled"
    with pytest.raises(nsjob.NoSuchJob):
        pool.wait("q", job.id)
    with pytest.raises(nsjob.NoSuchJob):
        pool.cancel("q", job.id)
    assert pool.jobs("q") == []
    pool.resume("q")
    pool.queue("q", "1").wait(PATIENCE)
    assert NOTES == []
    assert pool.counts("q").cancelled == 3


def test_cancel_of_a_done_job_removes_it_and_its_handle_keeps_the_value(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "4")
    job.wait(PATIENCE)
    assert job.cancel() is False
    assert pool.jobs("q") == [job.id]
    assert pool.cancel("q", job.id) is False
    assert pool.jobs("q") == []
    assert job.wait() == 4
    assert job.outcome == "ok"


def test_cancel_of_a_running_job_interrupts_it_even_where_its_body_returns_a_value(pool: nsjob.Pool) -> None:
    loop = spinning(pool)
    assert loop.cancel() is True
    with pytest.raises(nsjob.JobCancelled):
        loop.wait(PATIENCE)
    assert loop.outcome == "cancelled"
    stubborn = pool.queue("q", "try:\n    spin()\nexcept BaseException: pass\n5", retries=3, backoff=0)
    assert bodies.SPINNING.acquire(timeout=PATIENCE)
    assert pool.cancel("q", stubborn) is True
    with pytest.raises(nsjob.JobCancelled):
        stubborn.wait(PATIENCE)
    until(lambda: pool.jobs("q") == [])
    assert pool.counts("q").cancelled == 2


def test_a_job_that_was_asked_to_end_says_so_until_it_does(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.submit("q", enter)
    gate.came()
    until(lambda: job.state == "running")
    assert job.cancel() is True
    assert job.req == "cancel"
    gate.let()
    with pytest.raises(nsjob.JobCancelled):
        job.wait(PATIENCE)
    assert job.req == "none"


def test_who_waits_for_a_job_that_is_cancelled_is_told(pool: nsjob.Pool) -> None:
    pool.pause("q")
    job = pool.queue("q", "1")
    got: list[BaseException] = []

    def wait() -> None:
        try:
            pool.wait("q", job.id, PATIENCE)
        except nsjob.JobCancelled as error:
            got.append(error)

    waiter = threading.Thread(target=wait)
    waiter.start()
    until(lambda: job.req == "wait")
    pool.cancel("q", job.id)
    waiter.join(PATIENCE)
    assert [str(error) for error in got] == ["Job cancelled."]


def test_cancelall_ends_everything_that_waits_or_runs_and_leaves_what_is_done(pool: nsjob.Pool) -> None:
    done = ended(pool, "1")
    jobs = [spinning(pool), spinning(pool), *(pool.queue("q", "spin()") for _ in range(3))]
    jobs.append(pool.queue("q", "1", delay=99))
    assert pool.cancelall("q") == 6
    for job in jobs:
        with pytest.raises(nsjob.JobCancelled):
            job.wait(PATIENCE)
    until(lambda: pool.jobs("q") == [done.id])


def test_a_killed_job_gives_its_slot_back_at_once(pool: nsjob.Pool, gate: Gate) -> None:
    stuck = pool.queue("one", "enter()")
    gate.came()
    assert pool.kill("one", stuck) is True
    with pytest.raises(nsjob.JobCancelled):
        stuck.wait(PATIENCE)
    assert pool.queue("one", "1").wait(PATIENCE) == 1
    assert pool.threadlist().numlost == 1
    gate.let()
    until(lambda: pool.threadlist().numlost == 0)
    pool.pause("one")
    waiting = pool.queue("one", "1")
    assert pool.kill("one", waiting) is False
    with pytest.raises(nsjob.JobCancelled):
        waiting.wait(PATIENCE)


def test_a_job_that_ignores_its_time_limit_is_written_off_and_its_slot_given_back(pool: nsjob.Pool, gate: Gate) -> None:
    pool.configure(grace=0.02)
    limited = pool.queue("one", "enter()", timeout=0.02)
    with pytest.raises(nsjob.JobTimeout):
        limited.wait(PATIENCE)
    assert pool.queue("one", "1").wait(PATIENCE) == 1
    gate.let()
    until(lambda: pool.threadlist().numlost == 0)


def test_requeue_puts_a_running_job_back_and_counts_no_attempt(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "note(job.attempt)\nif tried() < 2: spin()\n'done'")
    assert bodies.SPINNING.acquire(timeout=PATIENCE)
    pool.requeue("q", job.id)
    assert job.wait(PATIENCE) == "done"
    assert NOTES == [1, 1]
    with pytest.raises(nsjob.WrongState):
        pool.requeue("q", job.id)
    pool.pause("q")
    waiting = pool.queue("q", "1")
    with pytest.raises(nsjob.WrongState):
        pool.requeue("q", waiting)


def test_retry_runs_a_job_again_that_has_ended(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "print('hello')\ntried()", capture_output=True, note="n")
    assert pool.wait("q", job.id, PATIENCE) == 1
    assert pool.output("q", job.id) == "hello\n"
    report = pool.show("q", job.id)
    assert (report.left, report.outcome) == (True, "ok")
    again = pool.retry("q", job.id)
    assert again.id == job.id
    assert pool.wait("q", again.id, PATIENCE) == 2
    assert job.wait() == 1
    assert pool.info("q", pool.queue("q", "1", jobid="x")).note == ""
    third = pool.retry("q", job.id)
    until(third.done)
    assert pool.info("q", job.id).note == "n"
    assert pool.retry("q", job.id).wait(PATIENCE) == 4
    with pytest.raises(nsjob.NoSuchJob):
        pool.retry("q", "never")
    with pytest.raises(nsjob.NoSuchJob):
        pool.show("q", "never")
    held = pool.queue("q", "1", delay="1h")
    with pytest.raises(nsjob.WrongState):
        pool.retry("q", held)
    held.cancel()


def test_retry_failed_runs_those_again_that_did_not_end_ok(pool: nsjob.Pool) -> None:
    ended(pool, "1")
    for name in "ab":
        ended(pool, f"1 / (tried({name!r}) - 1)")
    again = pool.retry_failed("q")
    assert [job.wait(PATIENCE) for job in again] == [1.0, 1.0]
    assert pool.retry_failed("q") == []


# -- what is told --------------------------------------------------------------------------------------------------


def test_joblist_tells_what_each_job_is(pool: nsjob.Pool, gate: Gate) -> None:
    labels = {"note": "n", "topic": "t", "subtopic": "s", "group": "g", "metadata": {"a": 1}, "priority": 7}
    pool.queue("q", "enter(9)", jobid="foo", **labels)
    gate.came()
    pool.queue("q", "1", jobid="bar", delay="1h", detached=True)
    until(lambda: pool.info("q", "foo").state == "running")
    info, other = pool.joblist("q")
    assert (info.id, info.state, info.results, info.type, info.req) == (
        "foo", "running", "enter(9)", "nondetached", "none",
    )  # fmt: skip
    assert info.thread != "0"
    assert info.time >= 0
    assert abs(info.endtime - time.time()) < 60
    assert (info.note, info.topic, info.subtopic, info.group) == ("n", "t", "s", "g")
    assert (dict(info.metadata), info.priority, info.attempt) == ({"a": 1}, 7, 1)
    assert (other.id, other.state, other.type, other.thread, other.attempt) == ("bar", "scheduled", "detached", "0", 0)
    assert pool.info("q", "foo").id == "foo"
    gate.let()
    until(lambda: pool.info("q", "foo").state == "done")
    info = pool.info("q", "foo")
    assert (info.results, info.script, info.code, info.outcome, info.attempt) == (9, "enter(9)", "TCL_OK", "ok", 1)
    assert info.endtime >= info.starttime
    with pytest.raises(nsjob.NoSuchJob):
        pool.info("q", "nope")


def test_counts_add_up(pool: nsjob.Pool, gate: Gate) -> None:
    ended(pool, "1")
    ended(pool, "1/0")
    pool.submit("q", enter)
    gate.came()
    pool.queue("q", "1", delay="1h").cancel()
    pool.queue("q", "1", delay="1h")
    until(lambda: pool.counts("q").running == 1)
    found = pool.counts("q")
    assert (found.scheduled, found.running, found.done) == (1, 1, 2)
    assert (found.ok, found.error, found.cancelled, found.timeout, found.expired) == (1, 1, 1, 0, 0)
    assert pool.counts() == found
    with pytest.raises(nsjob.NoSuchQueue):
        pool.counts("nope")
    pool.waitany("q")
    info = pool.queuelist()[0]
    assert (info.scheduled, info.numrunning, info.done) == (1, 1, 2)
    gate.let()


def test_progress_and_log_and_output_are_seen_while_the_job_runs_and_after(pool: nsjob.Pool, gate: Gate) -> None:
    source = """
import sys
print('out')
print('err', file=sys.stderr)
job.progress(3, 10, 'third')
job.log('hello')
enter()
job.log('bye')
"""
    job = pool.queue("q", source, capture_output=True)
    gate.came()
    assert pool.output("q", job) == "out\nerr\n"
    report = pool.show("q", job)
    assert (report.progress, report.log, report.state) == ((3, 10, "third"), ("hello",), "running")
    assert pool.info("q", job).progress == (3, 10, "third")
    gate.let()
    job.wait(PATIENCE)
    report = pool.show("q", job)
    assert (report.progress, report.log, report.output) == ((3, 10, "third"), ("hello", "bye"), "out\nerr\n")
    pool.wait("q", job.id, PATIENCE)
    assert pool.output("q", job.id) == "out\nerr\n"
    assert pool.show("q", job.id).log == ("hello", "bye")


def test_captured_output_is_bounded_and_its_tail_is_kept(pool: nsjob.Pool) -> None:
    pool.configure(maxoutput=100)
    job = pool.queue("q", "for n in range(1000): print(n)", capture_output=True)
    job.wait(PATIENCE)
    kept = pool.output("q", job)
    assert kept.endswith("998\n999\n")
    assert len(kept) <= 100


def test_output_with_odd_letters_is_kept(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "print('é 𝄞 \\u2028'); job.log('ü\\0'); job.progress(1, None, 'x\\0')", capture_output=True)
    job.wait(PATIENCE)
    assert pool.output("q", job) == "é 𝄞 \u2028\n"
    lone = pool.queue("q", "job.log('\\ud800'); 5", capture_output=True)
    assert lone.wait(PATIENCE) == 5
    assert pool.queue("q", "6").wait(PATIENCE) == 6


def test_show_tells_everything(pool: nsjob.Pool) -> None:
    job = spinning(pool, note="n", retries=2)
    until(lambda: job.state == "running")
    report = pool.show("q", job)
    assert "spin" in report.stack
    assert (report.queue, report.id, report.state, report.script) == ("q", job.id, "running", "spin()")
    assert (report.attempt, report.retries, report.reason, report.left) == (1, 2, "", False)
    assert report.started is not None
    assert report.queued <= report.started
    assert (report.ended, report.outcome, report.value, report.error) == (None, "", None, "")
    assert report.options.note == "n"
    job.cancel()
    done = ended(pool, "5")
    report = pool.show("q", done)
    assert (report.value, report.outcome, report.stack) == (5, "ok", "")
    assert report.ended is not None
    assert report.started is not None
    assert report.ended >= report.started


def test_show_tells_why_a_job_does_not_run(pool: nsjob.Pool, gate: Gate) -> None:
    pool.submit("one", enter)
    gate.came()
    waiting = pool.queue("one", "1")
    until(lambda: "its queue runs as many jobs as it may" in pool.show("one", waiting).reason)
    gate.let()
    waiting.wait(PATIENCE)


def test_listeners_hear_of_everything_in_order(pool: nsjob.Pool) -> None:
    heard: list[tuple[str, str, str, str]] = []

    def listener(event: nsjob.Event) -> None:
        heard.append((event.kind, event.queue, event.job, event.outcome))

    with pool.subscribe(listener) as subscription:
        pool.create("n", 1)
        pool.queue("n", "job.progress(1, 2)").wait(PATIENCE)
        pool.waitall("n")
        pool.delete("n")
        subscription.close(PATIENCE)
    assert heard == [
        ("queue created", "n", "", ""),
        ("queued", "n", "job0", ""),
        ("started", "n", "job0", ""),
        ("progress", "n", "job0", ""),
        ("finished", "n", "job0", "ok"),
        ("queue deleted", "n", "", ""),
    ]


# -- bodies --------------------------------------------------------------------------------------------------------


def test_a_job_sees_its_values_and_what_it_is(pool: nsjob.Pool) -> None:
    base = 40  # noqa: F841 (taken by its name)
    source = "(a + b + base, job.input['x'], job.id, job.queue, job.attempt, job.cancelled)"
    job = pool.queue("q", source, use=["base"], vars={"a": 1, "b": 2}, input={"x": 1})
    assert job.wait(PATIENCE) == (43, 1, job.id, "q", 1, False)
    with pytest.raises(nsjob.OptionError, match="no variable 'absent'"):
        pool.queue("q", "1", use=["absent"])


def test_definitions_are_seen_by_later_jobs_and_a_failing_one_changes_nothing(pool: nsjob.Pool) -> None:
    pool.define("import math\ndef twice(x):\n    return factor * x\nfactor = 2")
    assert pool.queue("q", "twice(math.floor(2.5))").wait(PATIENCE) == 4
    pool.define("factor = 3")
    assert pool.queue("q", "twice(2)").wait(PATIENCE) == 6
    with pytest.raises(ZeroDivisionError):
        pool.define("factor = 9\nfresh = 1\n1/0")
    assert list(pool.queue("q", "[factor, 'fresh' in globals()]").wait(PATIENCE)) == [3, False]
    pool.queue("q", "leak = 1").wait(PATIENCE)
    assert pool.queue("q", "'leak' in globals()").wait(PATIENCE) is False


def test_a_detached_job_leaves_by_itself_and_its_failure_is_logged(
    pool: nsjob.Pool, caplog: pytest.LogCaptureFixture
) -> None:
    job = pool.queue("q", "1/0", detached=True)
    with pytest.raises(ZeroDivisionError):
        job.wait(PATIENCE)
    until(lambda: pool.jobs("q") == [])
    pool.shutdown()
    assert "detached job job0 of queue q failed" in caplog.text


@pytest.mark.parametrize(
    "bad",
    [
        {"priority": 256},
        {"priority": "urgent"},
        {"timeout": 0},
        {"timeout": "soon"},
        {"retries": -1},
        {"delay": -1},
        {"expires": 0},
        {"jobid": ""},
        {"vars": {"not a name": 1}},
        {"metadata": 5},
        {"note": 5},
        {"after": 5},
        {"nonsense": 1},
        {"detached": 1},
        {"key": 5},
        {"block": "soon"},
        {"use": "abc"},
    ],
    ids=repr,
)
def test_a_job_with_a_bad_option_is_not_queued(pool: nsjob.Pool, bad: dict[str, Any]) -> None:
    with pytest.raises(nsjob.OptionError):
        pool.queue("q", "1", **bad)
    assert pool.jobs("q") == []
    with pytest.raises(nsjob.SnippetError):
        pool.queue("q", "1 +")
    with pytest.raises(nsjob.NoSuchQueue):
        pool.queue("nope", "1")
    assert pool.jobs("q") == []
    assert pool.counts("q").scheduled == 0


ODD = ["é 𝄞", "\ud800", "\0", "a\0b", "'\"\\%s%(x)s:name{0}", " ", "\n", "\u2028", "x" * 5_000]


@pytest.mark.parametrize("text", ODD, ids=[str(n) for n in range(len(ODD))])
def test_odd_texts_are_kept_as_they_are_or_refused_with_a_sentence(pool: nsjob.Pool, store: Store, text: str) -> None:
    labels = dict.fromkeys(("note", "topic", "subtopic", "group", "key", "unique", "jobid"), text)
    assert pool.queue("q", "job.input", input=text, vars={"a": text}, metadata={text: text}).wait(PATIENCE) == text
    assert dict(pool.joblist("q")[0].metadata) == {text: text}
    if store.durable and ("\0" in text or "\ud800" in text):
        for name in labels:
            with pytest.raises(nsjob.OptionError, match=f"^{name}: a store keeps no"):
                pool.queue("q", "1", **{name: text})
        with pytest.raises(nsjob.OptionError, match="store"):
            pool.create(text, 1)
        assert pool.jobs("q") == ["job0"]
        assert not pool.exists("q", text)
        with pytest.raises(nsjob.NoSuchJob):
            pool.wait("q", text)
    else:
        job = pool.queue("q", "1", **labels)  # type: ignore[arg-type]
        assert (job.id, pool.info("q", text).note, pool.info("q", text).group) == (text, text, text)
        assert pool.wait("q", text, PATIENCE) == 1
        pool.create(text, 1, desc=text)
        assert pool.queuelist()[-1].desc == text
        assert pool.queue(text, "2").wait(PATIENCE) == 2
    assert pool.queue("q", "3").wait(PATIENCE) == 3


def test_odd_scripts_are_kept_as_they_are_or_refused_with_a_sentence(pool: nsjob.Pool) -> None:
    for script in ("'é𝄞'", "'%s %(a)s :b {c} ?'", "'''\r\n'''", "'x' * 3  # ü"):
        job = pool.queue("q", script)
        assert job.wait(PATIENCE) == eval(script)
        assert pool.show("q", job).script == script
    for script in ("'\0'", "'\ud800'"):
        with pytest.raises((nsjob.SnippetError, nsjob.OptionError)):
            pool.queue("q", script)


# -- engines -------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="these engines need a POSIX system")
def test_a_queue_of_processes_runs_its_jobs_in_processes(pool: nsjob.Pool) -> None:
    pool.create("p", 2, engine="process")
    pids = [pool.queue("p", "import os; os.getpid()") for _ in range(4)]
    assert os.getpid() not in [job.wait(PATIENCE) for job in pids]
    assert pool.submit("p", divmod, 7, 2).wait(PATIENCE) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        pool.queue("p", "1/0").wait(PATIENCE)
    looping = pool.queue("p", "while True: pass", timeout=0.3)
    with pytest.raises(nsjob.JobTimeout):
        looping.wait(PATIENCE)
    dead = pool.queue("p", "import os; os._exit(3)")
    with pytest.raises(nsjob.WorkerLost):
        dead.wait(PATIENCE)
    assert pool.queue("p", "print('said'); job.progress(1, 2); 5", capture_output=True).wait(PATIENCE) == 5


@pytest.mark.skipif(os.name != "posix", reason="these engines need a POSIX system")
def test_a_queue_of_programs_runs_programs(pool: nsjob.Pool, tmp_path: Path) -> None:
    pool.create("c", 2, engine="command", spool=str(tmp_path / "tasks"))
    job = pool.exec("c", [sys.executable, "-c", "print('out'); import sys; print('err', file=sys.stderr)"])
    assert job.wait(PATIENCE) == 0
    assert sorted(pool.output("c", job).split()) == ["err", "out"]
    bad = pool.exec("c", ["sh", "-c", "exit 3"])
    with pytest.raises(nsjob.CommandFailed, match="exit code 3") as caught:
        bad.wait(PATIENCE)
    assert caught.value.errorcode[0] == "CHILDSTATUS"
    said = pool.exec("c", ["cat"], stdin="given", env={"A": "b"}, cwd=str(tmp_path))
    assert said.wait(PATIENCE) == 0
    assert pool.output("c", said) == "given"
    talking = pool.exec("c", ["head", "-n", "1"], open_stdin=True)
    until(lambda: talking.state == "running")
    until(lambda: _sent(pool, talking))
    assert talking.wait(PATIENCE) == 0
    assert pool.output("c", talking) == "hello\n"
    with pytest.raises(nsjob.OptionError, match="runs programs: exec queues them"):
        pool.queue("c", "1")
    with pytest.raises(nsjob.WrongState, match="needs? create -engine command"):
        pool.exec("q", ["true"])
    sleeping = pool.exec("c", ["sleep", "60"])
    until(lambda: sleeping.state == "running")
    assert sleeping.cancel() is True
    with pytest.raises(nsjob.JobCancelled):
        sleeping.wait(PATIENCE)


def _sent(pool: nsjob.Pool, job: nsjob.Job) -> bool:
    try:
        pool.send("c", job, "hello\n")
    except nsjob.WrongState:  # its program has yet to start
        return False
    return True


# -- the end -------------------------------------------------------------------------------------------------------


def test_leaving_a_with_block_waits_for_everything(store: Store) -> None:
    bodies.NOTES.clear()
    with store.pool() as pool:
        pool.define(bodies.DEFINITIONS)
        pool.create("q", 2)
        jobs = [pool.queue("q", "note(n)", vars={"n": n}) for n in range(20)]
    assert sorted(NOTES) == list(range(20))
    assert [job.wait() for job in jobs] == list(range(20))
    with pytest.raises(nsjob.QueueClosed):
        pool.queue("q", "1")
    with pytest.raises(nsjob.QueueClosed):
        pool.create("r")
    pool.shutdown()


def test_leaving_a_with_block_by_an_exception_cancels_and_interrupts(store: Store) -> None:
    jobs: list[nsjob.Job] = []

    def leave() -> None:
        with store.pool() as pool:
            pool.define(bodies.DEFINITIONS)
            pool.create("q", 1)
            jobs.append(spinning(pool))
            jobs.append(pool.queue("q", "note(1)"))
            raise LookupError

    with pytest.raises(LookupError):
        leave()
    assert {job.outcome for job in jobs} == {"cancelled"}
    for job in jobs:
        with pytest.raises(nsjob.JobCancelled):
            job.wait()
    assert NOTES == []


def test_a_shutdown_that_cancels_ends_what_runs_and_what_waits(pool: nsjob.Pool) -> None:
    jobs = [spinning(pool), spinning(pool, "one"), pool.queue("one", "1"), pool.queue("q", "1", delay="1h")]
    pool.shutdown(cancel=True, timeout=PATIENCE)
    assert {job.outcome for job in jobs} == {"cancelled"}


def test_a_shutdown_that_takes_too_long_raises_and_the_pool_stays_shut(
    pool: nsjob.Pool, store: Store, gate: Gate
) -> None:
    job = pool.submit("q", enter)
    gate.came()
    with pytest.raises(nsjob.WaitTimeout):
        pool.shutdown(timeout=0.05)
    with pytest.raises(nsjob.QueueClosed):
        pool.queue("q", "1")
    gate.let(2)
    if store.durable:  # who opens the store next runs it
        store.pool()
    until(job.done)


def test_a_shutdown_that_does_not_wait_returns_at_once(pool: nsjob.Pool, gate: Gate) -> None:
    pool.submit("q", enter)
    gate.came()
    pool.shutdown(wait=False)
    with pytest.raises(nsjob.QueueClosed):
        pool.queue("q", "1")
    gate.let()


def test_no_thread_is_left_behind(store: Store) -> None:
    before = set(threading.enumerate())
    with store.pool() as pool:
        pool.define(bodies.DEFINITIONS)
        pool.create("q", 3)
        for n in range(9):
            pool.queue("q", "note(n)", vars={"n": n})
    until(lambda: set(threading.enumerate()) <= before)


def test_configure_answers_with_all_settings(pool: nsjob.Pool) -> None:
    settings = pool.configure(jobsperthread=5, timeout="10s", logminduration="1:5")
    assert (settings.jobsperthread, settings.timeout, settings.logminduration) == (5, 10.0, 1.000005)
    with pytest.raises(nsjob.OptionError, match='unknown setting "tiemout"'):
        pool.configure(tiemout=3)
    assert [pool.queue("q", "n", vars={"n": n}).wait(PATIENCE) for n in range(12)] == list(range(12))


def test_maxdone_bounds_the_done_jobs_that_nobody_waited_for(pool: nsjob.Pool) -> None:
    pool.configure(maxdone=3)
    jobs = [pool.queue("one", "1") for _ in range(6)]
    for job in jobs:
        job.wait(PATIENCE)
    until(lambda: pool.jobs("one") == [job.id for job in jobs[3:]])


def test_the_pools_cap_can_be_changed_while_it_runs(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("wide", 8)
    pool.configure(maxthreads=1)
    jobs = [pool.queue("wide", "enter()") for _ in range(6)]
    gate.came()
    assert gate.nobody()
    pool.configure(maxthreads=3)
    gate.came(2)
    assert gate.nobody()
    pool.configure(maxthreads=None)
    gate.came(3)
    gate.let(6)
    for job in jobs:
        job.wait(PATIENCE)


def test_two_thousand_jobs_end_ok_each_with_its_own_value(pool: nsjob.Pool) -> None:
    pool.create("many", 8)
    jobs = [pool.queue("many", "n", vars={"n": n}) for n in range(2_000)]
    assert [job.wait(100) for job in jobs] == list(range(2_000))
    assert pool.counts("many").ok == 2_000
    assert tried() == 1
