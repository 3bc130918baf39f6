"""The command engine: programs, what is kept of them, and that none is left behind."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import nsjob
from tests.conftest import PATIENCE

pytestmark = pytest.mark.skipif(os.name != "posix", reason="programs need process groups")


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[nsjob.Pool]:
    pool = nsjob.Pool()
    pool.create("c", 4, engine="command", spool=tmp_path / "spool")
    yield pool
    pool.shutdown(cancel=True, timeout=PATIENCE)


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def until(pool: nsjob.Pool, job: nsjob.Job, text: str) -> None:
    """Wait until the program has written this: a named pipe would do, but its log is what users see."""
    log = pool.taskfile("c", job) / "out.log"
    while text not in log.read_text():
        os.sched_yield()


def started(pool: nsjob.Pool, job: nsjob.Job, text: str) -> None:
    while True:
        try:
            pool.taskfile("c", job)
        except nsjob.NoSuchTask:
            os.sched_yield()
        else:
            break
    until(pool, job, text)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_programs_exit_code_is_its_value_and_what_it_wrote_is_kept(pool: nsjob.Pool) -> None:
    script = "echo $GREETING; cat; echo trouble >&2; echo $TASK_ID; test -d $TASK_DIRECTORY; echo $TASK_METADATA"
    job = pool.exec(
        "c", ["sh", "-c", script], env={"GREETING": "hello"}, stdin="read me\n", note="greets", metadata={"k": 1}
    )
    assert job.wait(PATIENCE) == 0
    directory = pool.taskfile("c", job)
    assert (directory / "out.log").read_text() == f'hello\nread me\n{job.id}\n{{"k": 1}}\n'
    assert (directory / "err.log").read_text() == "trouble\n"
    assert pool.output("c", job) == f'hello\nread me\n{job.id}\n{{"k": 1}}\ntrouble\n'
    record = json.loads((directory / "task.json").read_text())
    assert record["argv"][:2] == ["sh", "-c"]
    assert (record["status"], record["exitcode"], record["note"], record["input"]) == ("done", 0, "greets", "read me\n")
    assert record["queued"] <= record["started"] <= record["ended"] < record["expires"]


@pytest.mark.parametrize(
    ("argv", "message", "code"),
    [
        (["sh", "-c", "echo first >&2; echo the reason >&2; exit 7"], "sh ended with exit code 7: the reason", "7"),
        (["sh", "-c", "kill -KILL $$"], "sh was killed by SIGKILL (killed)", "SIGKILL"),
        (["/no/such/program"], 'couldn\'t execute "/no/such/program": no such file or directory', "ENOENT"),
    ],
)
def test_a_failure_says_what_happened(pool: nsjob.Pool, argv: list[str], message: str, code: str) -> None:
    job = pool.exec("c", argv)
    with pytest.raises(nsjob.CommandFailed) as caught:
        job.wait(PATIENCE)
    assert str(caught.value) == message
    assert code in caught.value.errorcode
    assert json.loads((pool.taskfile("c", job) / "task.json").read_text())["status"] == "error"


def test_a_program_runs_where_it_is_told_to(pool: nsjob.Pool, tmp_path: Path) -> None:
    job = pool.exec("c", ["pwd"], cwd=tmp_path)
    job.wait(PATIENCE)
    assert pool.output("c", job).strip() == str(tmp_path.resolve())


def test_text_can_be_sent_to_a_program_that_runs(pool: nsjob.Pool) -> None:
    job = pool.exec("c", python("print('ready', flush=True); print('got', input(), flush=True)"), open_stdin=True)
    started(pool, job, "ready")
    pool.send("c", job, "a line\n")
    assert job.wait(PATIENCE) == 0
    assert "got a line" in pool.output("c", job)
    with pytest.raises(nsjob.WrongState, match="no program that runs"):
        pool.send("c", job, "more")
    closed = pool.exec("c", python("print('ready', flush=True); import time; time.sleep(60)"))
    started(pool, closed, "ready")
    with pytest.raises(nsjob.WrongState, match="exec -open"):
        pool.send("c", closed, "more")
    pool.cancel("c", closed)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("how", ["cancel", "timeout"])
def test_no_orphan_survives_not_even_a_daemon_that_left_the_group(pool: nsjob.Pool, how: str) -> None:
    pool.configure(grace=0.05)
    script = r"""
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = os.fork()
if child == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.write(1, b"daemon %d\n" % os.getpid())  # one call: the other one writes at the same time
    time.sleep(600)
grandchild = os.fork()
if grandchild == 0:
    time.sleep(600)
os.waitpid(child, 0)
os.write(1, b"child %d me %d ready\n" % (grandchild, os.getpid()))
time.sleep(600)
"""
    job = pool.exec("c", python(script))
    started(pool, job, "ready")
    while "daemon" not in pool.output("c", job):
        os.sched_yield()
    pids = [int(word) for word in pool.output("c", job).split() if word.isdigit()]
    assert len(pids) == 3, pool.output("c", job)
    assert all(alive(pid) for pid in pids)
    if how == "cancel":
        pool.cancel("c", job)
        with pytest.raises(nsjob.JobCancelled):
            job.wait(PATIENCE)
    else:
        assert pool.kill("c", job)
        with pytest.raises(nsjob.JobCancelled):
            job.wait(PATIENCE)
    while any(alive(pid) for pid in pids):
        os.sched_yield()


def test_a_time_limit_ends_the_program(pool: nsjob.Pool) -> None:
    pool.configure(grace=0.05)
    job = pool.exec("c", ["sleep", "600"], timeout=0.1)
    with pytest.raises(nsjob.JobTimeout):
        job.wait(PATIENCE)
    with nsjob.Pool() as other:
        other.create("t", 1, engine="command")
        assert other.exec("t", ["true"]).wait(PATIENCE) == 0


def test_odd_programs_are_withstood(pool: nsjob.Pool) -> None:
    pool.configure(maxoutput=1000)
    loud = pool.exec("c", python("print('x' * 5_000_000)"))
    invalid = pool.exec("c", python(r"import sys; sys.stdout.buffer.write(b'\xff\xfe ok')"))
    closes = pool.exec("c", ["sh", "-c", "exec >&- 2>&- <&-; exit 0"])
    deaf = pool.exec("c", ["true"], stdin="much " * 100_000)
    for job in (loud, invalid, closes, deaf):
        assert job.wait(PATIENCE) == 0
    assert pool.output("c", loud) == "x" * 999 + "\n"
    assert pool.output("c", invalid) == "�� ok"


def test_retries_append_to_the_log_and_count(pool: nsjob.Pool, tmp_path: Path) -> None:
    script = f"echo try; test -e {tmp_path}/there || {{ touch {tmp_path}/there; exit 1; }}"
    job = pool.exec("c", ["sh", "-c", script], retries=2, backoff=0.001)
    assert job.wait(PATIENCE) == 0
    assert (job.attempt, pool.output("c", job)) == (2, "try\ntry\n")


def test_what_cannot_be_a_program_is_refused(pool: nsjob.Pool) -> None:
    for argv in ("ls", [], [1], None):
        with pytest.raises(nsjob.OptionError):
            pool.exec("c", argv)  # type: ignore[arg-type]
    with pytest.raises(nsjob.OptionError, match="NUL"):
        pool.exec("c", ["a\0b"])
    with pytest.raises(nsjob.OptionError, match="exec queues them"):
        pool.queue("c", "1")
    pool.create("threads")
    with pytest.raises(nsjob.WrongState, match="programs need create -engine command"):
        pool.exec("threads", ["true"])
    with pytest.raises(nsjob.OptionError, match="spool is an option of the command engine"):
        pool.create("other", spool="x")


def test_directories_are_removed_when_their_time_is_over(tmp_path: Path) -> None:
    with nsjob.Pool() as pool:
        pool.create("c", 1, engine="command", spool=tmp_path, keep=0)
        pool.create("kept", 1, engine="command", spool=tmp_path)
        jobs = [pool.exec(queue, ["true"], jobid="../a b") for queue in ("c", "kept")]
        for job in jobs:
            job.wait(PATIENCE)
        assert pool.taskfile("c", jobs[0]).parent == tmp_path / "c"
        assert pool.cleanup() == 2  # the job, and the directory
        with pytest.raises(nsjob.NoSuchTask):
            pool.taskfile("c", jobs[0])
        assert pool.taskfile("kept", jobs[1]).is_dir()


def test_a_program_that_is_cancelled_before_it_starts_never_does(pool: nsjob.Pool) -> None:
    pool.pause("c")
    job = pool.exec("c", ["true"])
    assert not pool.cancel("c", job)
    pool.resume("c")
    with pytest.raises(nsjob.JobCancelled):
        job.wait(PATIENCE)
