"""`show` tells what runs a job: a worker process, a program; nothing for the pool's own threads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import nsjob
from tests.conftest import Gate

pytestmark = pytest.mark.skipif(os.name != "posix", reason="worker processes and programs need a POSIX system")

HOLD = "import os\nopen(mark, 'w').write(str(os.getpid()))\nwhile not os.path.exists(go): os.sched_yield()"


def test_show_names_the_worker_process_of_a_job(pool: nsjob.Pool, tmp_path: Path) -> None:
    go, mark = tmp_path / "go", tmp_path / "mark"
    pool.create("p", 1, engine="process")
    job = pool.queue("p", HOLD, vars={"go": str(go), "mark": str(mark)})
    while not (mark.exists() and mark.read_text()):
        os.sched_yield()
    assert pool.show("p", job).where == f"worker process {mark.read_text()}"
    go.touch()
    job.wait()
    assert pool.show("p", job).where == ""


def test_show_names_the_program_and_its_pid(pool: nsjob.Pool, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    pool.create("c", 1, engine="command")
    job = pool.exec("c", ["sh", "-c", f"echo $$ > {mark}; cat"], open_stdin=True)
    while not (mark.exists() and mark.read_text().endswith("\n")):
        os.sched_yield()
    pool.send("c", job, "x")  # it waits until the pool knows of the program, which may be faster
    where = pool.show("c", job).where
    assert where.startswith("program sh -c ")
    assert where.endswith(f", pid {mark.read_text().strip()}")
    pool.cancel("c", job)


def test_a_job_in_the_pools_own_threads_runs_nowhere_else(pool: nsjob.Pool, gate: Gate) -> None:
    job = pool.submit("q", gate.enter)
    gate.came()
    assert pool.show("q", job).where == ""
    gate.let()
