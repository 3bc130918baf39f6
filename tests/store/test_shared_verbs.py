"""The verbs that change, find, repeat and follow jobs where several pools share a store."""

from __future__ import annotations

import math
import os
import sys
import threading
from pathlib import Path

import pytest

import nsjob
from nsjob.store import contents
from tests.conftest import PATIENCE, Gate
from tests.store import bodies
from tests.store.bodies import NOTES
from tests.store.cases import Store, ended, spinning, until
from tests.store.conftest import furnished
from tests.store.programs import Program

POSIX = pytest.mark.skipif(os.name != "posix", reason="it needs POSIX")


@pytest.fixture
def worker(durable: Store) -> nsjob.Pool:
    """The pool that runs the jobs of a client."""
    return furnished(durable)


@pytest.fixture
def client(durable: Store, worker: nsjob.Pool) -> nsjob.Pool:
    """A pool that runs nothing."""
    return durable.pool(0)


def ids(found: nsjob.Found) -> list[str]:
    return [job.id for job in found.jobs]


def stored_contents(pool: nsjob.Pool) -> int:
    """How many contents of files the store keeps."""
    count: int = pool._read(  # type: ignore[attr-defined]
        lambda cursor: cursor.value("SELECT COUNT(DISTINCT hash) FROM nsjob_contents")
    )
    return count


# -- templates -----------------------------------------------------------------------------------------------------


def test_a_template_of_one_pool_is_used_changed_and_removed_in_another(client: nsjob.Pool, worker: nsjob.Pool) -> None:
    client.template_create("double", "job.input * 2", {"type": "integer"}, retries=2)
    assert worker.template("double") == client.template("double")
    assert worker.queue_template("q", "double", 4).wait(PATIENCE) == 8
    worker.template_edit("double", "job.input * 3", active=False)
    with pytest.raises(nsjob.TemplateInactive):
        client.queue_template("q", "double", 4)
    worker.template_edit("double", active=True)
    job = client.queue_template("q", "double", 4)
    assert job.wait(PATIENCE) == 12
    worker.template_delete("double")
    assert client.templates() == []
    assert client.show("q", job).template == "double"


def test_pools_that_change_a_template_at_once_lose_no_change(client: nsjob.Pool, worker: nsjob.Pool) -> None:
    client.template_create("t", "1")
    barrier = threading.Barrier(2)

    def change(pool: nsjob.Pool, name: str) -> None:
        barrier.wait(PATIENCE)
        for number in range(10):
            pool.template_edit("t", **{name: f"{name}{number}"})

    threads = [threading.Thread(target=change, args=given) for given in ((client, "note"), (worker, "topic"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert dict(client.template("t").options) == {"note": "note9", "topic": "topic9"}


def test_the_input_is_checked_again_where_the_job_runs_by_the_schema_that_it_was_queued_with(
    client: nsjob.Pool, worker: nsjob.Pool
) -> None:
    client.template_create("size", "job.input", {"type": "integer"}, retries=5)
    worker.pause("q")
    good, bad = (client.queue_template("q", "size", value) for value in (1, 2))
    client.template_edit("size", schema={"type": "string"})
    statement = "UPDATE nsjob_jobs SET payload = :payload WHERE key = :key"
    changed = {"payload": b'j[null,"wide",null]', "key": bad.key}  # type: ignore[attr-defined]
    client._change(lambda cursor: cursor.run(statement, **changed))  # type: ignore[attr-defined]
    worker.resume("q")
    assert good.wait(PATIENCE) == 1
    with pytest.raises(nsjob.InvalidInput, match="'wide' is not of type 'integer'"):
        bad.wait(PATIENCE)
    assert bad.attempt == 1


# -- edit, move, find ----------------------------------------------------------------------------------------------


def test_what_one_pool_edits_another_runs(client: nsjob.Pool, worker: nsjob.Pool) -> None:
    worker.pause("q")
    job = worker.queue("q", "1", vars={"a": 1})
    client.edit("q", job.id, "(a, job.input, 'edited')", input=2, capture_output=True, keep="1h")
    assert (job.options.input, job.options.keep) == (2, 3600)
    client.resume("q")
    assert job.wait(PATIENCE) == (1, 2, "edited")


def test_jobs_are_edited_and_moved_while_others_take_them(client: nsjob.Pool, worker: nsjob.Pool) -> None:
    jobs = client.queue_many("q", [("note(job.id)", {"note": "new"})] * 150)
    edited, refused = set(), 0
    for job in reversed(jobs):
        try:
            client.edit("q", job, "note('edited ' + job.id)")
            edited.add(job.id)
            client.move("q", job, first=True)
        except nsjob.WrongState:
            refused += 1
    for job in jobs:
        job.wait(PATIENCE)
    assert sorted(NOTES) == sorted(f"edited {job.id}" if job.id in edited else job.id for job in jobs)


def test_find_sees_the_jobs_of_all_pools_and_its_pages_hold(client: nsjob.Pool, worker: nsjob.Pool) -> None:
    worker.pause("q")
    names = [f"n{number}" for number in range(20)]
    for place, name in enumerate(names):
        (client if place % 2 else worker).queue("q", "1", jobid=name, topic="t")
    seen: list[str] = []
    cursor = ""
    worker.resume("q")
    while True:
        page = client.find(topic="t", limit=3, cursor=cursor)
        seen += ids(page)
        if page.cursor == "":
            break
        cursor = page.cursor
    assert sorted(seen) == sorted(names)
    until(lambda: worker.counts("q").ok == 20)
    assert len(client.find(topic="t", outcome="ok").jobs) == 20


# -- runs ----------------------------------------------------------------------------------------------------------


def test_the_runs_of_a_job_that_was_lost_retried_and_snoozed(durable: Store, gate: Gate) -> None:
    client = durable.pool(0, maxpoll=0.05)
    client.create("w", 1)
    client.define(bodies.DEFINITIONS)
    source = """
n = tried()
if n == 1: enter()
if n == 2: job.snooze(0.001)
if n == 3: raise ValueError('no')
n
"""
    job = client.queue("w", source, retries=1, backoff=0)
    first = durable.pool(lease=0.4, maxpoll=0.05, name="first")
    gate.came()
    first._keeper._extend_at = math.inf  # type: ignore[attr-defined]
    durable.pool(lease=0.4, maxpoll=0.05, name="second")
    assert job.wait(PATIENCE) == 4
    gate.let()
    runs = client.runs("w", job)
    assert [(run.attempt, run.outcome) for run in runs] == [(1, "lost"), (1, "snoozed"), (1, "error"), (2, "ok")]
    assert [run.reason.partition(":")[0] for run in runs] == [
        "Lost",
        "it was put off for 0.001 seconds",
        "ValueError",
        "",
    ]
    assert client.retry("w", job).wait(PATIENCE) == 5
    assert len(client.runs("w", job.id)) == 5


# -- follow, onfinish, signs of life -------------------------------------------------------------------------------


def test_a_client_follows_what_a_job_prints_elsewhere(client: nsjob.Pool, worker: nsjob.Pool, gate: Gate) -> None:
    job = client.queue("q", "print('first')\nenter()\nprint('last')", capture_output=True)
    seen = ""
    for news in client.follow("q", job):
        seen += news
        if seen == "first\n":
            gate.let()
    assert seen == "first\nlast\n"


def test_the_pool_that_commits_an_end_runs_the_script_for_it_once(durable: Store) -> None:
    client = durable.pool(0, name="client")
    client.define("import threading\n" + bodies.DEFINITIONS)
    client.create("w", 1, onfinish="note((id, outcome, threading.current_thread().name.partition('-')[0]))")
    with pytest.raises(nsjob.OptionError, match="a store keeps no callables: onfinish must be a script"):
        client.create("x", onfinish=print)
    client.cancel("w", client.queue("w", "1", jobid="never"))
    durable.pool(name="worker")
    jobs = client.queue_many("w", [("1", {"jobid": f"n{number}"}) for number in range(20)])
    for job in jobs:
        job.wait(PATIENCE)
    until(lambda: len(NOTES) == 21)
    assert sorted(NOTES) == sorted(
        [("never", "cancelled", "client"), *((f"n{number}", "ok", "worker") for number in range(20))]
    )


def test_a_heartbeat_is_missed_where_the_job_runs(client: nsjob.Pool, worker: nsjob.Pool) -> None:
    job = client.queue("q", "while True: pass", heartbeat=0.05)
    with pytest.raises(nsjob.JobTimeout, match=r"job\.heartbeat\(\)"):
        job.wait(PATIENCE)


def test_jobs_of_two_pools_are_compared(client: nsjob.Pool, worker: nsjob.Pool) -> None:
    worker.pause("q")
    one, other = (pool.queue("q", "n", vars={"n": 1}, note=note) for pool, note in ((client, "a"), (worker, "b")))
    assert client.equivalent(one, ("q", other.id))
    assert not worker.equivalent(one.id and ("q", one.id), client.queue("q", "n", vars={"n": 2}))


def test_a_tcl_job_of_another_process_has_its_values(client: nsjob.Pool, durable: Store) -> None:
    from nsjob.shell.session import Session

    session = Session(client)
    with Program("worker", "--store", durable.address, "--queue", "t", "--maxpoll", "0.1s"):
        session.eval("create -lang tcl t 1")
        assert session.eval("wait t [queue -vars {a 5} t {expr {$a + 1}}]") == 6


# -- files ---------------------------------------------------------------------------------------------------------


@POSIX
@pytest.mark.parametrize("engine", ["thread", "process", "command"])
def test_files_are_there_in_another_process(durable: Store, tmp_path: Path, engine: str) -> None:
    client = durable.pool(0)
    client.create("w", 1, engine=engine)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("one")
    (tmp_path / "big").write_bytes(b"x" * 9_000_000)
    files = [tmp_path / "data", {"b/big": tmp_path / "big"}]
    if engine == "command":
        code = "import os; print(open('data/a.txt').read(), os.path.getsize('b/big'))"
        job = client.exec("w", [sys.executable, "-c", code], files=files)
    else:
        code = "((job.workdir / 'data/a.txt').read_text(), (job.workdir / 'b/big').stat().st_size)"
        job = client.queue("w", code, files=files)
    (tmp_path / "data" / "a.txt").unlink()
    (tmp_path / "big").unlink()
    with Program("worker", "--store", durable.address, "--maxpoll", "0.1s"):
        value = job.wait(PATIENCE)
    if engine == "command":
        assert client.output("w", job) == "one 9000000\n"
    else:
        assert value == ("one", 9_000_000)


def test_contents_stay_while_a_job_needs_them_and_are_swept_then(
    client: nsjob.Pool, worker: nsjob.Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "_GRACE", 0)
    (tmp_path / "a").write_text("one")
    jobs = client.queue_many(
        "q", [("(job.workdir / 'a').read_text()", {"files": {"a": tmp_path / "a"}, "keep": 0}) for _ in range(2)]
    )
    kept = client.queue("q", "(job.workdir / 'a').read_text()", files={"a": tmp_path / "a"})
    assert [job.wait(PATIENCE) for job in (*jobs, kept)] == ["one"] * 3
    assert stored_contents(client) == 1
    removed = 0

    def clean() -> bool:
        nonlocal removed
        removed += client.cleanup()
        return removed == 2

    until(clean)
    assert stored_contents(client) == 1
    (tmp_path / "a").unlink()
    again = client.retry("q", kept)
    assert again.wait(PATIENCE) == "one"
    client.wait("q", again, PATIENCE)
    client.delete("q", force=True)
    client.cleanup()
    assert stored_contents(client) == 0


# -- keep ----------------------------------------------------------------------------------------------------------


def test_jobs_are_kept_for_as_long_as_they_say_whoever_runs_them(client: nsjob.Pool, worker: nsjob.Pool) -> None:
    client.create("brief", 1, keep=0.001)
    ended(worker, "1", "brief", jobid="a")
    ended(client, "1", "brief", jobid="b", keep="1h")
    stopped = spinning(client, "q", keep=0.001)
    worker.cancel("q", stopped)
    with pytest.raises(nsjob.JobCancelled):
        stopped.wait(PATIENCE)
    removed = 0

    def clean() -> bool:
        nonlocal removed
        removed += client.cleanup()
        return removed == 2

    until(clean)
    assert worker.jobs("brief") == ["b"]
    with pytest.raises(nsjob.NoSuchJob):
        worker.show("q", stopped.id)
