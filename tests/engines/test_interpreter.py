"""The interpreter engine: what is its own, and what interrupts reach there. The rest is in the conformance suite."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import nsjob
from nsjob.engines import interpreter
from tests.conftest import PATIENCE

only_there = pytest.mark.skipif(sys.version_info < (3, 14), reason="concurrent.interpreters came with Python 3.14")
ID = "from concurrent import interpreters\ninterpreters.get_current().id"


def until(look: Callable[[], bool]) -> None:
    while not look():
        os.sched_yield()


def interpreters_there() -> int:
    from concurrent import interpreters  # type: ignore[attr-defined]

    return len(interpreters.list_all())


def told(pool: nsjob.Pool) -> threading.Event:
    """Set when a job tells its progress."""
    event = threading.Event()
    pool.subscribe(lambda one: event.set() if one.kind == "progress" else None)
    return event


@pytest.fixture
def pool() -> Iterator[nsjob.Pool]:
    with nsjob.Pool() as pool:
        pool.configure(grace=0.2)
        pool.create("i", 2, engine="interpreter")
        yield pool


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Descriptors are the process's: a body can be held at one end and let go at the other."""
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_an_older_python_is_told_which_version_the_engine_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "_FIRST", (3, 99))
    here = ".".join(map(str, sys.version_info[:3]))
    with nsjob.Pool() as pool:
        with pytest.raises(nsjob.NoSuchEngine, match=f'"interpreter" is not here: needs Python 3.99; this is {here}'):
            pool.create("i", engine="interpreter")
        assert pool.queues() == []


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python has it")
def test_this_python_is_too_old() -> None:
    with nsjob.Pool() as pool, pytest.raises(nsjob.NoSuchEngine, match=r"needs Python 3\.14; this is 3\.1"):
        pool.create("i", engine="interpreter")


@only_there
def test_jobs_run_in_interpreters_that_are_used_again_and_not_in_this_one(pool: nsjob.Pool) -> None:
    first = pool.queue("i", ID).wait(PATIENCE)
    assert first != 0
    assert {pool.queue("i", ID).wait(PATIENCE) for _ in range(5)} == {first}
    pool.queue("i", "import sys\nsys.left_here = 1").wait(PATIENCE)
    assert not hasattr(sys, "left_here")


@only_there
def test_definitions_are_loaded_once_per_interpreter(pool: nsjob.Pool, tmp_path: Path) -> None:
    pool.define(f"with open({str(tmp_path / 'loads')!r}, 'a') as file:\n    file.write('x')\ndef one():\n    return 1")
    ids = {pool.queue("i", f"{ID} * one()").wait(PATIENCE) for _ in range(20)}
    assert len((tmp_path / "loads").read_text()) == 1 + len(ids)


@only_there
def test_a_body_that_holds_its_own_lock_of_the_interpreter_holds_nobody_elses(pool: nsjob.Pool) -> None:
    event = told(pool)
    long = pool.queue("i", "import itertools\njob.progress(0)\nsum(itertools.repeat(1, 2 * 10**8))")
    assert event.wait(PATIENCE)
    assert pool.queue("i", "6 * 7").wait(PATIENCE) == 42
    assert long.state == "running"
    assert long.wait(PATIENCE) == 2 * 10**8


@only_there
@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "try:\n    while True: pass\nexcept BaseException: swallowed = True\nwhile True: pass",
        "import asyncio\nawait asyncio.sleep(1000)",
        "async def endless():\n    while True: pass\nawait endless()",
    ],
    ids=["loop", "swallowed once", "await", "coroutine that does not await"],
)
def test_an_interrupt_ends_what_runs_python(pool: nsjob.Pool, body: str) -> None:
    pool.configure(grace=PATIENCE)
    event = told(pool)
    job = pool.queue("i", f"job.progress(0)\n{body}")
    assert event.wait(PATIENCE)
    before = pool.queue("i", ID).wait(PATIENCE)
    assert pool.cancel("i", job) is True
    with pytest.raises(nsjob.JobCancelled):
        job.wait(PATIENCE)
    assert pool.queue("i", ID).wait(PATIENCE) == before  # the other one is as it was
    assert pool.threadlist().numlost == 0


@only_there
def test_an_interpreter_that_was_interrupted_is_not_used_again(pool: nsjob.Pool) -> None:
    first = pool.queue("i", ID).wait(PATIENCE)
    with pytest.raises(nsjob.JobTimeout):
        pool.queue("i", "while True: pass", timeout=0.05).wait(PATIENCE)
    until(lambda: pool.counts("i").running == 0)
    assert pool.queue("i", ID).wait(PATIENCE) != first


@only_there
def test_a_body_that_is_blocked_is_written_off_and_its_thread_comes_back_when_it_ends(
    pool: nsjob.Pool, pipe: tuple[int, int]
) -> None:
    with pytest.raises(nsjob.JobTimeout):
        pool.queue("i", "import os\nos.read(end, 1)", vars={"end": pipe[0]}, timeout=0.05).wait(PATIENCE)
    assert pool.threadlist().numlost == 1
    assert pool.queue("i", "1").wait(PATIENCE) == 1
    os.write(pipe[1], b"x")
    until(lambda: pool.threadlist().numlost == 0)


@only_there
def test_interpreters_and_descriptors_are_gone_with_their_queue() -> None:
    with nsjob.Pool() as pool:
        interpreters, descriptors = interpreters_there(), len(os.listdir("/proc/self/fd"))
        pool.create("i", 2, engine="interpreter")
        pool.waitall(*[pool.queue("i", "1").queue for _ in range(6)], timeout=PATIENCE)
        assert interpreters_there() > interpreters
        pool.delete("i")
        until(lambda: interpreters_there() == interpreters)
        until(lambda: len(os.listdir("/proc/self/fd")) == descriptors)


@only_there
def test_a_thread_that_a_body_left_behind_does_not_hold_the_shutdown(
    monkeypatch: pytest.MonkeyPatch, pipe: tuple[int, int]
) -> None:
    monkeypatch.setattr(interpreter, "_LONGEST_CLOSE", 0.05)
    source = "import os, threading\nthreading.Thread(target=os.read, args=(end, 1)).start()"
    with nsjob.Pool() as pool:
        pool.create("i", 1, engine="interpreter")
        pool.queue("i", source, vars={"end": pipe[0]}).wait(PATIENCE)
    assert any(thread.name.startswith("nsjob-interpreter") for thread in threading.enumerate())
    os.write(pipe[1], b"x")
    until(lambda: not any(thread.name.startswith("nsjob-interpreter") for thread in threading.enumerate()))


@only_there
def test_an_interpreter_that_cannot_begin_is_an_error_that_says_why(
    pool: nsjob.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreter, "_prelude", lambda *descriptors: "import no_such_module_at_all")
    with pytest.raises(nsjob.WorkerLost, match="no_such_module_at_all"):
        pool.queue("i", "1").wait(PATIENCE)
    monkeypatch.undo()
    assert pool.queue("i", "1").wait(PATIENCE) == 1


@only_there
def test_a_program_ends_although_a_body_does_not(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import nsjob\n"
        "pool = nsjob.Pool()\n"
        "pool.configure(grace=0.05)\n"
        "pool.create('i', 2, engine='interpreter')\n"
        "print(pool.queue('i', 'print(\"from inside\")').wait(), flush=True)\n"
        "try:\n"
        "    pool.queue('i', 'import time\\ntime.sleep(1000)', timeout=0.05).wait()\n"
        "except nsjob.JobTimeout:\n"
        "    print('late', flush=True)\n"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(part or os.getcwd() for part in sys.path),
    }
    ended = subprocess.run(
        [sys.executable, str(program)], env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert (ended.returncode, ended.stdout) == (0, "from inside\nNone\nlate\n")
