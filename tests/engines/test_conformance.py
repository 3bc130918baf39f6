"""One suite over all engines: whatever runs the jobs, a queue keeps its promises.

Bodies say what they do through files, so that all engines can run the same ones. What an engine cannot do stands in
cases.py beside it, and here it is asserted what happens instead.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import nsjob
from nsjob.pool.engine import engine_names
from tests.conftest import PATIENCE
from tests.engines.cases import CASES, PLACES, Case

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the engines need a POSIX system")

VISIT = """
import os
open(os.path.join(where, f"in-{n}"), "x").close()
open(os.path.join(where, f"came-{n}"), "x").close()
while sum(one.startswith("came-") for one in os.listdir(where)) < need:
    os.sched_yield()
inside = sum(one.startswith("in-") for one in os.listdir(where))
file = os.open(os.path.join(where, "seen"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
os.write(file, f"{inside}\\n".encode())
os.close(file)
os.unlink(os.path.join(where, f"in-{n}"))
"""  # those who come wait until `need` have come, then count who is inside

NOTE = """
import os
file = os.open(os.path.join(where, "notes"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
os.write(file, f"{n}\\n".encode())
os.close(file)
"""

HOLD = """
import os
with open(os.path.join(where, f"new-{n}"), "x") as file:
    file.write(str(os.getpid()))
os.rename(os.path.join(where, f"new-{n}"), os.path.join(where, f"began-{n}"))
while not os.path.exists(os.path.join(where, "stop")):
    os.sched_yield()
open(os.path.join(where, f"ended-{n}"), "x").close()
"""

THIRD_TIME = """
import os
for attempt in range(10):
    try:
        os.close(os.open(os.path.join(where, f"try-{attempt}"), os.O_CREAT | os.O_EXCL))
        break
    except FileExistsError:
        continue
if attempt < 2:
    raise ValueError("not yet")
"""


def until(look: Callable[[], bool]) -> None:
    """Wait for what can be seen; pytest's time limit guards it."""
    while not look():
        os.sched_yield()


def lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


@pytest.fixture(params=CASES, ids=[case.name for case in CASES])
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture
def pool(case: Case) -> Iterator[nsjob.Pool]:
    """A pool with a queue of three slots and one of one slot."""
    made = nsjob.Pool()
    made.configure(grace=0.2)
    made.create("q", PLACES, **case.engine())
    made.create("one", 1, **case.engine())
    yield made
    made.shutdown(cancel=True, timeout=PATIENCE)


@pytest.fixture
def held(case: Case, pool: nsjob.Pool, tmp_path: Path) -> Iterator[nsjob.Job]:
    """A job that runs, and would go on until the end of the test."""
    job = case.queue(pool, HOLD, where=str(tmp_path), n=0)
    until((tmp_path / "began-0").exists)
    yield job
    (tmp_path / "stop").touch()


@pytest.fixture
def python(case: Case, pool: nsjob.Pool) -> bool:
    """Whether the engine runs Python; it is asserted that one which does not says what it is for."""
    if not case.can("python"):
        with pytest.raises(nsjob.OptionError, match="runs programs: exec queues them"):
            pool.queue("q", "1")
        with pytest.raises(nsjob.OptionError, match="runs programs: exec queues them"):
            pool.submit("q", len, "1")
    return case.can("python")


# -- values and errors ---------------------------------------------------------------------------------------------


def test_values_come_back_and_codes_with_them(pool: nsjob.Pool, python: bool) -> None:
    if not python:
        return
    assert pool.queue("q", "{'a': [1, None, (2.5, 'x')]}").wait(PATIENCE) == {"a": [1, None, (2.5, "x")]}
    assert len(pool.queue("q", "bytes(2_000_000)").wait(PATIENCE)) == 2_000_000
    assert pool.queue("q", "x = 1").wait(PATIENCE) is None
    returned = pool.queue("q", "return 5")
    assert (returned.wait(PATIENCE), returned.code) == (5, "TCL_RETURN")
    left = pool.queue("q", "break")
    assert (left.wait(PATIENCE), left.code) == (None, "TCL_BREAK")


def test_callables_and_coroutines_run(pool: nsjob.Pool, python: bool) -> None:
    if not python:
        return
    assert pool.submit("q", divmod, 17, 5).wait(PATIENCE) == (3, 2)
    assert pool.submit("q", lambda: nsjob.current_job().queue).wait(PATIENCE) == "q"
    assert pool.queue("q", "import asyncio\nawait asyncio.sleep(0)\n7").wait(PATIENCE) == 7


def test_a_job_sees_its_values_and_what_it_is(pool: nsjob.Pool, python: bool) -> None:
    if not python:
        return
    job = pool.queue("q", "(a + b, job.input, job.id, job.queue, job.attempt)", vars={"a": 1, "b": 2}, input=[3])
    assert job.wait(PATIENCE) == (3, [3], job.id, "q", 1)


def test_each_index_of_a_range_knows_which_it_is(pool: nsjob.Pool, python: bool) -> None:
    if not python:
        with pytest.raises(nsjob.OptionError, match="program"):
            pool.range("q", "1..9", "1")
        return
    job = pool.range("q", "1..9", "if job.index in (3, 4): raise ValueError(job.index)")
    with pytest.raises(nsjob.RangeFailed, match="2 of 9 indexes of job job0 failed: 3..4. Index .: ValueError"):
        job.wait(PATIENCE)
    info = pool.range_index("q", job, 4)
    assert (info.state, info.error) == ("failed", "ValueError: 4")
    called = pool.range("q", "5..7", lambda index: [index].index(nsjob.current_job().index or -1))
    assert called.wait(PATIENCE)["succeeded"] == "5..7"


def test_jobs_see_definitions_but_not_each_others_names(pool: nsjob.Pool, python: bool) -> None:
    if not python:
        return
    pool.define("def double(x):\n    return 2 * x")
    assert pool.queue("q", "double(4)").wait(PATIENCE) == 8
    pool.define("def thrice(x):\n    return double(x) + x")
    assert [job.wait(PATIENCE) for job in [pool.queue("q", "thrice(3)") for _ in range(9)]] == [9] * 9
    pool.queue("one", "leftover = 1").wait(PATIENCE)
    assert pool.queue("one", "'leftover' in globals()").wait(PATIENCE) is False


def test_an_error_shows_the_bodys_own_lines_and_no_frame_of_nsjob(case: Case, pool: nsjob.Pool, python: bool) -> None:
    source = "def divide(x):\n    return x / 0\n\ndivide(1)"
    job = case.queue(pool, source)
    if not python:
        with pytest.raises(nsjob.CommandFailed, match="ZeroDivisionError"):
            job.wait(PATIENCE)
        return
    until(lambda: job.state == "done")  # a wait would add its own frames
    steps = traceback.extract_tb(job.error.__traceback__ if job.error else None)
    assert [(step.lineno, step.line) for step in steps] == [(4, "divide(1)"), (2, "return x / 0")]
    shown = pool.show("q", job.id).error or ""
    assert "return x / 0" in shown
    assert os.path.dirname(nsjob.__file__) not in shown
    with pytest.raises(ZeroDivisionError):
        job.wait(PATIENCE)


def test_an_exception_of_the_bodys_own_class_arrives(pool: nsjob.Pool, python: bool) -> None:
    if not python:
        return
    with pytest.raises(KeyError, match="x"):
        pool.queue("q", "{}['x']").wait(PATIENCE)
    with pytest.raises(Exception, match="all gone") as caught:
        pool.queue("q", "class Gone(Exception): pass\nraise Gone('all gone')").wait(PATIENCE)
    assert type(caught.value).__name__ == "Gone"


def test_a_body_that_exits_ends_in_error_and_harms_nobody(case: Case, pool: nsjob.Pool) -> None:
    job = case.queue(pool, "import sys\nsys.exit(3)")
    with pytest.raises((SystemExit, nsjob.CommandFailed)):
        job.wait(PATIENCE)
    assert job.outcome == "error"
    assert case.cheapest(pool, 1).wait(PATIENCE) == case.worth(1)


# -- caps and order ------------------------------------------------------------------------------------------------


def test_as_many_as_the_cap_run_at_once_and_never_more(case: Case, pool: nsjob.Pool, tmp_path: Path) -> None:
    jobs = [case.queue(pool, VISIT, where=str(tmp_path), n=n, need=PLACES) for n in range(40)]
    for job in jobs:
        job.wait(PATIENCE)
    seen = [int(line) for line in lines(tmp_path / "seen")]
    assert (len(seen), max(seen)) == (40, PLACES)


def test_a_queue_that_is_resized_keeps_to_its_new_cap(case: Case, pool: nsjob.Pool, tmp_path: Path) -> None:
    pool.resize("q", 2)
    jobs = [case.queue(pool, VISIT, where=str(tmp_path), n=n, need=2) for n in range(12)]
    for job in jobs:
        job.wait(PATIENCE)
    assert max(int(line) for line in lines(tmp_path / "seen")) == 2


def test_one_slot_takes_jobs_in_the_order_of_priority_then_of_queueing(
    case: Case, pool: nsjob.Pool, tmp_path: Path
) -> None:
    pool.pause("one")
    for n, options in enumerate([{}, {"priority": 10}, {"priority": 200}, {}, {"priority": 200}, {"head": True}]):
        case.queue(pool, NOTE, "one", where=str(tmp_path), n=n, **options)
    pool.resume("one")
    pool.waitall("one", timeout=PATIENCE)
    assert lines(tmp_path / "notes") == ["5", "2", "4", "0", "3", "1"]


def test_two_thousand_jobs_end_ok_each_with_its_own_value(case: Case, pool: nsjob.Pool) -> None:
    jobs = [case.cheapest(pool, n) for n in range(2000)]
    assert [job.wait(100) for job in jobs] == [case.worth(n) for n in range(2000)]
    assert pool.counts("q").ok == 2000


# -- stopping ------------------------------------------------------------------------------------------------------


def test_a_job_that_runs_too_long_ends_by_its_time_limit_and_gives_its_slot_back(
    case: Case, pool: nsjob.Pool, tmp_path: Path
) -> None:
    job = case.queue(pool, HOLD, where=str(tmp_path), n=0, timeout=1.0)
    with pytest.raises(nsjob.JobTimeout):
        job.wait(PATIENCE)
    assert not (tmp_path / "ended-0").exists()
    assert case.cheapest(pool, 1).wait(PATIENCE) == case.worth(1)
    (tmp_path / "stop").touch()
    if not case.can("stop"):
        until((tmp_path / "ended-0").exists)  # the body went on
    assert pool.threadlist().numlost == 0


def test_a_cancelled_job_that_runs_is_ended(case: Case, pool: nsjob.Pool, held: nsjob.Job, tmp_path: Path) -> None:
    assert pool.cancel("q", held) is True
    if not case.can("end"):
        with pytest.raises(nsjob.WaitTimeout):
            held.wait(0.5)
        assert (held.state, held.req) == ("running", "cancel")
        (tmp_path / "stop").touch()
    with pytest.raises(nsjob.JobCancelled):
        held.wait(PATIENCE)
    assert held.outcome == "cancelled"
    assert (tmp_path / "ended-0").exists() is not case.can("end")


def test_a_killed_job_gives_its_slot_back_at_once(case: Case, pool: nsjob.Pool, held: nsjob.Job) -> None:
    assert pool.kill("q", held) is True
    with pytest.raises(nsjob.JobCancelled):
        held.wait(PATIENCE)
    assert pool.counts("q").running == 0
    assert case.cheapest(pool, 1).wait(PATIENCE) == case.worth(1)


def test_a_cancelled_job_that_waits_never_runs(case: Case, pool: nsjob.Pool, tmp_path: Path) -> None:
    first = case.queue(pool, HOLD, "one", where=str(tmp_path), n=0)
    until((tmp_path / "began-0").exists)
    second = case.queue(pool, NOTE, "one", where=str(tmp_path), n=1)
    assert pool.cancel("one", second) is False
    (tmp_path / "stop").touch()
    first.wait(PATIENCE)
    case.queue(pool, NOTE, "one", where=str(tmp_path), n=2).wait(PATIENCE)
    assert lines(tmp_path / "notes") == ["2"]
    assert second.outcome == "cancelled"


def test_a_job_that_was_put_back_runs_again(case: Case, pool: nsjob.Pool, held: nsjob.Job, tmp_path: Path) -> None:
    pool.pause("q")
    pool.requeue("q", held)
    if not case.can("end"):
        (tmp_path / "stop").touch()  # it goes back when its body has ended
    until(lambda: held.state == "scheduled")
    (tmp_path / "stop").touch()
    if not case.can("stop"):
        until((tmp_path / "ended-0").exists)
    for name in ("began-0", "ended-0"):
        (tmp_path / name).unlink(missing_ok=True)
    pool.resume("q")
    held.wait(PATIENCE)
    assert (tmp_path / "ended-0").exists()


# -- trying again --------------------------------------------------------------------------------------------------


def test_a_job_that_fails_is_tried_again_as_often_as_asked(case: Case, pool: nsjob.Pool, tmp_path: Path) -> None:
    case.queue(pool, THIRD_TIME, where=str(tmp_path), retries=2, backoff=0.001).wait(PATIENCE)
    assert len(list(tmp_path.glob("try-*"))) == 3
    for path in tmp_path.glob("try-*"):
        path.unlink()
    with pytest.raises((ValueError, nsjob.CommandFailed)):
        case.queue(pool, THIRD_TIME, where=str(tmp_path), retries=1, backoff=0.001).wait(PATIENCE)
    assert len(list(tmp_path.glob("try-*"))) == 2


def test_only_the_errors_that_were_named_are_tried_again(pool: nsjob.Pool, python: bool, tmp_path: Path) -> None:
    if not python:
        return
    options = {"vars": {"where": str(tmp_path)}, "retries": 5, "backoff": 0.001}
    with pytest.raises(ValueError, match="not yet"):
        pool.queue("q", THIRD_TIME, retryon=("KeyError",), **options).wait(PATIENCE)
    pool.queue("q", THIRD_TIME, retryon=("ValueError",), **options).wait(PATIENCE)


def test_fail_is_final_and_snooze_counts_no_attempt(pool: nsjob.Pool, python: bool, tmp_path: Path) -> None:
    if not python:
        return
    with pytest.raises(nsjob.JobFailed, match="no use"):
        pool.queue("q", NOTE + "job.fail('no use')", vars={"where": str(tmp_path), "n": 1}, retries=5).wait(PATIENCE)
    assert lines(tmp_path / "notes") == ["1"]
    source = "import os\nif not os.path.exists(mark):\n    open(mark, 'x').close()\n    job.snooze(0)\njob.attempt"
    assert pool.queue("q", source, vars={"mark": str(tmp_path / "mark")}).wait(PATIENCE) == 1


# -- what a body says ----------------------------------------------------------------------------------------------


def test_what_bodies_print_is_kept_with_each(case: Case, pool: nsjob.Pool, tmp_path: Path) -> None:
    source = "import sys\nprint('out', n)\nprint('err', n, file=sys.stderr)\n" + VISIT
    captured = {} if case.programs else {"capture_output": True}
    jobs = [case.queue(pool, source, where=str(tmp_path), n=n, need=PLACES, **captured) for n in range(9)]
    for n, job in enumerate(jobs):
        job.wait(PATIENCE)
        assert pool.output("q", job) == f"out {n}\nerr {n}\n"


def test_progress_and_log_are_shown(case: Case, pool: nsjob.Pool, python: bool, tmp_path: Path) -> None:
    if not python:
        return
    job = case.queue(pool, "job.progress(1, 4, 'first')\njob.log('begun')\n" + HOLD, where=str(tmp_path), n=0)
    until((tmp_path / "began-0").exists)
    if case.can("tell on the way"):
        until(lambda: pool.show("q", job).log == ("begun",))
    else:
        assert pool.show("q", job).log == ()
    (tmp_path / "stop").touch()
    job.wait(PATIENCE)
    report = pool.show("q", job)
    assert (report.progress, report.log) == ((1, 4, "first"), ("begun",))


# -- the end -------------------------------------------------------------------------------------------------------


def test_a_shutdown_that_cancels_ends_what_runs(case: Case, pool: nsjob.Pool, held: nsjob.Job, tmp_path: Path) -> None:
    waiting = [case.queue(pool, HOLD, "one", where=str(tmp_path), n=n) for n in (1, 2)]
    if not case.can("end"):
        with pytest.raises(nsjob.WaitTimeout):
            pool.shutdown(cancel=True, timeout=0.3)
        (tmp_path / "stop").touch()
    pool.shutdown(cancel=True, timeout=PATIENCE)
    assert {job.outcome for job in [held, *waiting]} == {"cancelled"}


def test_a_shutdown_that_does_not_cancel_waits_for_all(
    case: Case, pool: nsjob.Pool, held: nsjob.Job, tmp_path: Path
) -> None:
    jobs = [case.cheapest(pool, n) for n in range(20)]
    with pytest.raises(nsjob.WaitTimeout):
        pool.shutdown(timeout=0.2)
    assert held.state == "running"
    pool.cancel("q", held)
    if not case.can("stop"):
        (tmp_path / "stop").touch()  # until it ends, its place on the cluster is taken
    assert [job.wait(PATIENCE) for job in jobs] == [case.worth(n) for n in range(20)]


def test_no_process_and_no_thread_is_left_behind(case: Case, tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with nsjob.Pool() as pool:
        pool.configure(grace=0.2)
        pool.create("q", PLACES, **case.own())
        jobs = [case.queue(pool, HOLD, where=str(tmp_path), n=n) for n in range(PLACES)]
        for n in range(PLACES):
            until((tmp_path / f"began-{n}").exists)
        if case.can("end"):
            pool.cancel("q", jobs[0])
        (tmp_path / "stop").touch()
    pids = {int((tmp_path / f"began-{n}").read_text()) for n in range(PLACES)} - {os.getpid()}
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert set(threading.enumerate()) <= before


def test_the_table_has_every_engine_that_there_is() -> None:
    named = {case.name for case in CASES}
    absent = set() if sys.version_info >= (3, 14) else {"interpreter"}
    assert {*engine_names()} - {"executor"} - named == absent
