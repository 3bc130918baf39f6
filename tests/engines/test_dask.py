"""The dask engine: what crosses to a cluster, what a lost worker, scheduler or machine does, what is left behind."""

from __future__ import annotations

import itertools
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import nsjob
from nsjob.engines import carried
from nsjob.engines.messages import Failed, Order
from nsjob.shell.session import Session
from nsjob.tcl import TclError
from tests.conftest import PATIENCE

psutil = pytest.importorskip("psutil", reason="the dask engine needs distributed, which needs psutil")
distributed = pytest.importorskip("distributed", reason="the dask engine needs distributed")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="the local cluster needs a POSIX system")

from nsjob.engines import dask_link  # noqa: E402
from nsjob.engines.dask_local import LocalCluster  # noqa: E402

LONG = 3 * PATIENCE  # clusters take seconds to start
HOLD = "import os, pathlib, time\npathlib.Path(mark).touch()\nwhile not os.path.exists(go): time.sleep(0.01)\nn"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Of a scheduler with two worker processes."""
    cluster = LocalCluster(2)
    try:
        yield cluster.address()
    finally:
        cluster.end()


@pytest.fixture
def pool(address: str) -> Iterator[nsjob.Pool]:
    made = nsjob.Pool()
    made.configure(grace=0.2)
    made.create("d", 8, engine="dask", address=address)
    yield made
    made.shutdown(cancel=True, timeout=PATIENCE)


class Town:
    """A scheduler and workers that are processes of their own, to be killed. No nanny starts workers again."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.processes: list[subprocess.Popen[bytes]] = []

    def scheduler(self) -> subprocess.Popen[bytes]:
        """Returns when it listens."""
        process = self._start("dask_scheduler", "--host", "127.0.0.1", "--port", str(self.port))
        until(self._listens)
        return process

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def worker(self, *more: str) -> subprocess.Popen[bytes]:
        return self._start("dask_worker", self.address, "--nthreads", "1", "--no-nanny", *more)

    def _start(self, program: str, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{program}", "--no-dashboard", *words]
        quiet = {**os.environ, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
        process = subprocess.Popen(command, env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def town() -> Iterator[Town]:
    made = Town()
    yield made
    made.end()


def is_of(process: Any, leader: int) -> bool:
    """Whether it is of that session and goes on: nobody may have asked for its exit code yet."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE and os.getsid(process.pid) == leader
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds; pytest's time limit is the guard."""
    while not holds():
        os.sched_yield()


def test_values_come_back_of_snippets_functions_lambdas_and_coroutines(pool: nsjob.Pool) -> None:
    script = "import os\nreturn (os.getpid(), len(rows), job.input, job.id, job.queue, job.attempt)"
    job = pool.queue("d", script, vars={"rows": [1, {"a": 2}]}, input=7)
    assert job.wait(LONG)[0] != os.getpid()
    assert job.wait()[1:] == (2, 7, job.id, "d", 1)
    assert job.code == "TCL_RETURN"
    assert pool.submit("d", divmod, 42, 5).wait(LONG) == (8, 2)
    assert pool.submit("d", lambda: nsjob.current_job().attempt).wait(LONG) == 1
    assert pool.queue("d", "import asyncio\nawait asyncio.sleep(0)\n5").wait(LONG) == 5


def test_an_error_has_the_snippets_own_lines_and_no_frame_of_nsjob(pool: nsjob.Pool) -> None:
    job = pool.queue("d", "def divide():\n    return 1 / 0\ndivide()")
    pool.queue("d", "1").wait(LONG)
    until(lambda: job.outcome)
    shown = pool.show("d", job.id).error
    assert "line 3, in <module>" in shown
    assert "return 1 / 0" in shown
    assert "/nsjob/" not in shown
    with pytest.raises(ZeroDivisionError):
        job.wait(LONG)
    assert job.error is not None
    assert "divide" in "".join(traceback.format_exception(job.error))


def test_output_log_progress_snooze_and_fail_cross_the_boundary(pool: nsjob.Pool, tmp_path: Path) -> None:
    job = pool.queue("d", "print('hi')\njob.log('line')\njob.progress(1, 2, 'half')", capture_output=True)
    job.wait(LONG)
    report = pool.show("d", job.id)
    assert (report.output, report.log, report.progress) == ("hi\n", ("line",), (1, 2, "half"))
    with pytest.raises(nsjob.JobFailed, match="no use"):
        pool.queue("d", "job.fail('no use')", retries=5).wait(LONG)
    script = "import os\nif not os.path.exists(p):\n    os.mkdir(p)\n    job.snooze(0)\njob.attempt"
    assert pool.queue("d", script, vars={"p": str(tmp_path / "snoozed")}).wait(LONG) == 1
    with pytest.raises(nsjob.NsjobError, match="cannot be pickled"):
        pool.queue("d", "lock", vars={"lock": threading.Lock()}).wait(LONG)


def test_definitions_are_executed_once_at_each_worker_and_orders_carry_none(
    pool: nsjob.Pool, address: str, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    assert pool.queue("d", "1").wait(LONG) == 1
    pool.define(f"import os\nwith open({str(seen)!r}, 'a') as file:\n    file.write(f'{{os.getpid()}}\\n')\nbase = 40")
    pool.define("def more(x):\n    return base + x")
    assert pool.queue("d", "more(2)").wait(LONG) == 42
    with distributed.Client(address, set_as_default=False) as client:
        taught = [sources for known in client.run(lambda: dict(carried._taught)).values() for sources in known.values()]
        assert [len(sources) for sources in taught] == [2, 2]
        jobs = [pool.queue("d", "more(n)", vars={"n": n}) for n in range(100)]
        assert [job.wait(LONG) for job in jobs] == [40 + n for n in range(100)]
        pids = seen.read_text().split()
        assert len(pids) == len(set(pids)) <= 3
        pool.shutdown()
        assert not any(client.run(lambda: carried._taught).values())


def test_the_cap_counts_tasks_in_flight_and_takes_no_thread_for_each(pool: nsjob.Pool, tmp_path: Path) -> None:
    pool.create("wide", 64, engine="dask", address=pool._core.queues["d"].engine._address)
    go = tmp_path / "go"
    mark = str(tmp_path / "mark")
    jobs = [pool.queue("wide", HOLD, vars={"go": str(go), "mark": mark, "n": n}) for n in range(100)]
    until(lambda: os.path.exists(mark))
    until(lambda: len(pool._core.queues["wide"].engine._link._out) == 64)
    assert pool.queuelist()[-1].numrunning == 64
    assert len([thread for thread in threading.enumerate() if "-dask-wide" in thread.name]) == 2
    go.touch()
    assert [job.wait(LONG) for job in jobs] == list(range(100))


def test_jobs_of_a_queue_of_one_do_not_overlap(pool: nsjob.Pool) -> None:
    pool.create("one", 1, engine="dask", address=pool._core.queues["d"].engine._address)
    script = "import time\nstart = time.monotonic()\ntime.sleep(0.001)\nstart, time.monotonic()"
    spans = [job.wait(LONG) for job in [pool.queue("one", script) for _ in range(20)]]
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))


def test_the_scheduler_keeps_nothing_of_jobs_that_are_done(pool: nsjob.Pool, address: str) -> None:
    jobs = [pool.queue("d", "n", vars={"n": n}) for n in range(200)]
    assert [job.wait(LONG) for job in jobs] == list(range(200))
    with distributed.Client(address, set_as_default=False) as client:
        until(lambda: client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) == 0)


def test_a_running_job_is_cancelled_at_once_although_its_body_goes_on(pool: nsjob.Pool, tmp_path: Path) -> None:
    go, mark = tmp_path / "go", tmp_path / "mark"
    job = pool.queue("d", HOLD, vars={"go": str(go), "mark": str(mark), "n": 1})
    until(mark.exists)
    assert "tcp://" in pool.show("d", job).where
    assert pool.cancel("d", job)
    with pytest.raises(nsjob.JobCancelled):
        job.wait(LONG)
    late = pool.queue("d", HOLD, vars={"go": str(go), "mark": str(mark), "n": 1}, timeout=0.05)
    with pytest.raises(nsjob.JobTimeout):
        late.wait(LONG)
    assert pool.queuelist()[0].numrunning == 0
    go.touch()
    assert pool.queue("d", "2").wait(LONG) == 2


def test_show_tells_where_a_job_runs(pool: nsjob.Pool, address: str, tmp_path: Path) -> None:
    go, mark = tmp_path / "go", tmp_path / "mark"
    job = pool.queue("d", HOLD, vars={"go": str(go), "mark": str(mark), "n": 1})
    until(mark.exists)
    assert pool.show("d", job).where.startswith(f"dask {address}, dashboard http://")
    go.touch()
    job.wait(LONG)
    assert pool.show("d", job).where == ""


def test_the_command_makes_a_queue_on_a_cluster(pool: nsjob.Pool, address: str) -> None:
    session = Session(pool)
    session.eval(f"create -engine dask -address {address} q 64; set job [queue q {{6 * 7}}]")
    assert session.eval("wait q $job") == 42
    with pytest.raises(TclError, match="amount of GPU must be a number above 0, but got 'many'"):
        session.eval("create -engine dask -resources {GPU many} bad")


def test_options_that_do_not_fit_are_refused() -> None:
    with nsjob.Pool() as pool:
        with pytest.raises(nsjob.OptionError, match="workers is for a cluster that the queue starts"):
            pool.create("d", engine="dask", address="tcp://127.0.0.1:1", workers=2)
        with pytest.raises(nsjob.OptionError, match="resources takes names and amounts, like GPU 1"):
            pool.create("d", engine="dask", resources="GPU")
        with pytest.raises(nsjob.OptionError, match="address is an option of the dask engine"):
            pool.create("d", address="tcp://127.0.0.1:1")


def test_where_no_scheduler_is_jobs_end_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_link, "_PATIENCE", 0.2)
    with nsjob.Pool() as pool:
        pool.create("d", engine="dask", address="tcp://127.0.0.1:1")
        with pytest.raises(nsjob.WorkerLost, match=r"no Dask scheduler at tcp://127\.0\.0\.1:1: "):
            pool.queue("d", "1").wait(LONG)


def test_an_order_whose_definitions_did_not_come_says_so() -> None:
    order = Order(2, (), "1", "", None, None, None, "job0", "q", 1, None, False, "", None, False)
    _, answer = pickle.loads(carried.carry("nobody", pickle.dumps(order)))
    failed = pickle.loads(answer)
    carried.forget("nobody")
    assert isinstance(failed, Failed)
    assert str(failed.error) == "2 of the pool's definitions have not come to this process"


@pytest.mark.parametrize("way", ["shutdown", "delete"])
def test_a_cluster_of_ones_own_is_started_and_nothing_of_it_stays(way: str) -> None:
    with nsjob.Pool() as pool:
        pool.create("own", 4, engine="dask", workers=1)
        pool.define("one = 1")
        job = pool.queue("own", "import os\none, os.getpid(), os.getsid(0)")
        one, pid, leader = job.wait(LONG)
        assert one == 1
        link = pool._core.queues["own"].engine._link
        if way == "delete":
            pool.delete("own", force=True)
            link.join(LONG)
    # What was killed may take a moment to be gone: it is nobody's child any more, so nobody can wait for it.
    until(lambda: not any(is_of(process, leader) for process in psutil.process_iter()))
    assert not psutil.pid_exists(pid)
    assert not [thread for thread in threading.enumerate() if "-dask-own" in thread.name]


def test_leaving_by_an_exception_does_not_wait_for_a_cluster_that_is_at_work(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    pool = nsjob.Pool()
    pool.create("own", 2, engine="dask", workers=1)
    job = pool.queue("own", HOLD, vars={"go": str(tmp_path / "never"), "mark": str(mark), "n": 1})
    until(mark.exists)
    with pytest.raises(KeyError), pool:
        raise KeyError
    assert job.outcome == "cancelled"
    until(lambda: not [thread for thread in threading.enumerate() if "-dask-own" in thread.name])


def test_resources_choose_the_worker(town: Town) -> None:
    town.scheduler()
    town.worker()
    special = town.worker("--resources", "GPU=1")
    with nsjob.Pool() as pool:
        pool.create("d", 4, engine="dask", address=town.address, resources={"GPU": 1})
        jobs = [pool.queue("d", "import os\nos.getpid()") for _ in range(10)]
        assert {job.wait(LONG) for job in jobs} == {special.pid}


def test_the_runs_of_a_killed_worker_are_done_again_by_the_cluster(town: Town, tmp_path: Path) -> None:
    town.scheduler()
    workers = [town.worker(), town.worker()]
    go, mark = tmp_path / "go", tmp_path / "mark"
    with nsjob.Pool() as pool:
        pool.create("d", 8, engine="dask", address=town.address)
        pool.define("def double(x):\n    return 2 * x")
        held = [pool.queue("d", HOLD, vars={"go": str(go), "mark": f"{mark}{n}", "n": n}) for n in range(2)]
        jobs = [pool.queue("d", "double(n)", vars={"n": n}) for n in range(50)]
        until(lambda: all(os.path.exists(f"{mark}{n}") for n in range(2)))  # both workers are at work
        workers[0].kill()
        workers[0].wait()
        go.touch()
        assert [job.wait(LONG) for job in held] == [0, 1]
        assert [job.wait(LONG) for job in jobs] == [2 * n for n in range(50)]
        assert {job.attempt for job in [*held, *jobs]} == {1}


def test_a_job_that_kills_its_workers_ends_as_lost_and_others_go_on(town: Town) -> None:
    town.scheduler()
    for _ in range(3):
        town.worker()
    with nsjob.Pool() as pool:
        pool.create("d", 1, engine="dask", address=town.address)
        bad = pool.queue("d", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
        good = [pool.queue("d", "n", vars={"n": n}) for n in range(5)]
        with pytest.raises(nsjob.WorkerLost, match="2 workers that ran the job are gone"):
            bad.wait(LONG)
        assert [job.wait(LONG) for job in good] == list(range(5))


def test_a_lost_scheduler_is_the_error_of_what_ran_and_the_next_run_finds_the_new_one(
    town: Town, tmp_path: Path
) -> None:
    scheduler = town.scheduler()
    town.worker()
    go, mark = tmp_path / "go", tmp_path / "mark"
    values = {"go": str(go), "mark": str(mark), "n": 7}
    with nsjob.Pool() as pool:
        pool.create("d", 2, engine="dask", address=town.address)
        pool.define("base = 40")
        lost = pool.queue("d", HOLD, vars=values)
        again = pool.queue("d", HOLD + " + base", vars=values, retries=20, backoff=0.01)
        until(mark.exists)
        until(lambda: pool.queuelist()[0].numrunning == 2)
        scheduler.kill()
        scheduler.wait()
        with pytest.raises(nsjob.WorkerLost, match="the Dask scheduler was lost while the job ran"):
            lost.wait(LONG)
        go.touch()
        town.scheduler()
        town.worker()
        assert again.wait(LONG) == 47
        assert pool.queue("d", "base + 2").wait(LONG) == 42


STALLED = """
import sys, nsjob
with nsjob.Pool() as pool:
    pool.create("d", 4, engine="dask", address=sys.argv[1])
    jobs = [pool.queue("d", "import time; time.sleep(0.05); n", vars={"n": n}) for n in range(50)]
    jobs[0].wait()
    print("begun", flush=True)
    print([job.wait() for job in jobs] == list(range(50)), {job.attempt for job in jobs})
"""


@pytest.mark.stress
def test_a_program_that_stands_still_for_ten_seconds_goes_on(address: str) -> None:
    program = subprocess.Popen([sys.executable, "-c", STALLED, address], stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    try:
        assert program.stdout.readline() == "begun\n"
        program.send_signal(signal.SIGSTOP)
        with pytest.raises(subprocess.TimeoutExpired):
            program.wait(10)
        program.send_signal(signal.SIGCONT)
        assert program.communicate(timeout=LONG)[0] == "True {1}\n"
    finally:
        program.kill()
        program.wait()


UNENDED = """
import sys, nsjob
pool = nsjob.Pool()
pool.create("d", 4, engine="dask", address=sys.argv[1])
jobs = [pool.queue("d", "n", vars={"n": n}) for n in range(20)]
print(sum(job.wait() for job in jobs))
"""


def test_a_program_that_does_not_shut_its_pool_down_ends_quietly(address: str) -> None:
    done = subprocess.run([sys.executable, "-c", UNENDED, address], capture_output=True, text=True, timeout=LONG)
    assert (done.stdout, done.stderr, done.returncode) == ("190\n", "", 0)
