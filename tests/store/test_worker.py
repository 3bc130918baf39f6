"""`nsjob worker`: what it takes, what it says, and how it ends."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nsjob
from nsjob.cli import main
from nsjob.shell.worker.log import Log, lasting
from nsjob.shell.worker.wish import parsed
from nsjob.store.watching import RunEvent
from tests.store.cases import Store
from tests.store.programs import ROOT, Program, Tap

if sys.platform == "win32":
    pytest.skip("signals and named pipes of POSIX", allow_module_level=True)

pytestmark = pytest.mark.timeout(180)

ENDLESS = "import time\nwhile True: time.sleep(0.01)"  # an interrupt reaches it


@pytest.fixture
def client(durable: Store) -> Iterator[Any]:
    """Queues and watches, and runs nothing."""
    return durable.pool(0)  # type: ignore[return-value]


def worker(store: Store, *words: object) -> Program:
    return Program("worker", "--store", store.address, "--maxpoll", "0.5s", *words)


# -- what it does -----------------------------------------------------------------------------------------------------


def test_a_worker_runs_what_a_client_has_queued_and_tells_each_start_and_end(durable: Store, client: Any) -> None:
    client.create("q", 2)
    good, bad = client.queue("q", "6 * 7"), client.queue("q", "1 / 0")

    with worker(durable, "--idle", "0", "--name", "mill") as mill:
        assert mill.ended() == 0

    assert client.wait("q", good) == 42
    with pytest.raises(ZeroDivisionError):
        client.wait("q", bad)
    first, *_, last = mill.lines
    assert "start: worker mill, pid " in first
    assert "all queues, lease 60s" in first
    assert any(f"queue q {good.id}: started" in line for line in mill.lines)
    assert any(f"queue q {good.id}: ok after " in line for line in mill.lines)
    assert any(f"queue q {bad.id}: error after " in line and "ZeroDivisionError" in line for line in mill.lines)
    assert "end: nothing to do; 2 jobs: 1 error, 1 ok in " in last


def test_a_worker_serves_only_the_queues_and_topics_that_it_was_given(durable: Store, client: Any) -> None:
    for name in ("a", "b"):
        client.create(name, 2)
    ids = {
        words: client.queue(words[0], "1", topic=words[1], subtopic=words[2]).id
        for words in [("a", "mail", "may"), ("a", "mail", "june"), ("a", "web", ""), ("b", "mail", "may")]
    }
    plain = client.queue("a", "1").id

    with worker(durable, "--queue", "a", "--topic", "mail/may", "--topic", "web", "--idle", "0") as some:
        assert some.ended() == 0

    states = {job.id: job.state for queue in ("a", "b") for job in client.joblist(queue)}
    done = {words for words, id in ids.items() if client.info(words[0], id).state == "done"}
    assert done == {("a", "mail", "may"), ("a", "web", "")}
    assert states[plain] == "scheduled"
    assert "queue a, topics mail/may, web" in some.lines[0]


def test_a_time_limit_of_the_worker_holds_for_jobs_without_one_of_their_own(durable: Store, client: Any) -> None:
    client.create("q", 2)
    late = client.queue("q", ENDLESS)
    own = client.queue("q", "import time\nfor _ in range(40): time.sleep(0.01)\n'long'", timeout=50)

    with worker(durable, "--timeout", "0.2s", "--idle", "0") as strict:
        assert strict.ended() == 0

    with pytest.raises(nsjob.JobTimeout):
        client.wait("q", late)
    assert client.wait("q", own) == "long"
    assert f"queue q {late.id}: timeout after " in strict.text()


def test_a_draining_worker_ends_when_its_queues_are_drained_and_empty(
    durable: Store, client: Any, tmp_path: Path
) -> None:
    tap = Tap(tmp_path)
    client.create("q", 1)
    held = client.queue("q", tap.script)

    with worker(durable, "--drain") as last:
        last.said(f"{held.id}: started")
        more = client.queue("q", "5")
        client.drain("q")
        tap.open()
        assert last.ended() == 0

    assert client.wait("q", more) == 5
    assert "end: its queues are drained and empty; 2 jobs: 2 ok" in last.lines[-1]


def test_jobs_in_tcl_and_definitions_of_a_shell_that_has_gone_run_in_a_new_worker(durable: Store) -> None:
    from nsjob.shell.session import Session

    pool = durable.pool(0)
    session = Session(pool)
    session.eval("ns_eval -lang tcl {proc double x {expr {2 * $x}}}")
    session.eval("ns_eval {def triple(x): return 3 * x}")
    session.eval("create -lang tcl t; create p")
    session.eval("queue -jobid tcl t {double [job attempt]}; queue -jobid python p {triple(4)}")
    pool.shutdown()

    with worker(durable, "--idle", "0") as fresh:
        assert fresh.ended() == 0

    again = Session(durable.pool(0))
    assert again.eval("list [wait t tcl] [wait p python] [double 4]") == [2, 12, 8]
    again.eval("queue -jobid next t {double 21}")  # the queue's language is known here, too
    with worker(durable, "--idle", "0") as fresh:
        assert fresh.ended() == 0
    assert again.eval("wait t next") == 42


# -- how it is stopped ------------------------------------------------------------------------------------------------


def test_a_worker_that_is_stopped_finishes_what_runs_and_takes_nothing_new(
    durable: Store, client: Any, tmp_path: Path
) -> None:
    tap = Tap(tmp_path)
    client.create("q", 1)
    held = client.queue("q", tap.script + "; 'finished'")

    with worker(durable) as stopped:
        stopped.said(f"{held.id}: started")
        waiting = client.queue("q", "'later'")
        stopped.signal(signal.SIGTERM)
        stopped.said("stopped by SIGTERM: takes nothing new; 1 job to be finished")
        tap.open()
        assert stopped.ended() == 0

    assert client.wait("q", held) == "finished"
    assert client.info("q", waiting).state == "scheduled"
    assert "end: stopped by SIGTERM; 1 job: 1 ok in " in stopped.lines[-1]


@pytest.mark.parametrize("body", ["interruptible", "stuck"])
def test_a_second_signal_gives_the_jobs_back_to_the_store_and_ends(
    durable: Store, client: Any, tmp_path: Path, body: str
) -> None:
    tap = Tap(tmp_path)
    client.create("q", 1)
    job = client.queue("q", ENDLESS if body == "interruptible" else tap.script)

    with worker(durable) as stopped:
        stopped.said(f"{job.id}: started")
        stopped.signal(signal.SIGTERM)
        stopped.said("takes nothing new")
        stopped.signal(signal.SIGINT)
        assert stopped.ended() == 128 + signal.SIGINT

    assert "end: stopped by SIGINT, 1 job given back" in stopped.text()
    assert (client.info("q", job).state, client.info("q", job).attempt) == ("scheduled", 0)
    assert [(run.outcome, run.reason) for run in client.runs("q", job)] == [
        ("requeued", "Returned: its pool was stopped")
    ]


def test_the_jobs_of_a_worker_that_was_killed_go_to_another_one(durable: Store, client: Any, tmp_path: Path) -> None:
    tap = Tap(tmp_path)
    client.create("q", 1)
    job = client.queue("q", tap.script + "; job.attempt")

    with worker(durable, "--lease", "0.5s") as killed, worker(durable, "--lease", "0.5s", "--queue", "none") as _:
        killed.said(f"{job.id}: started")
        killed.signal(signal.SIGKILL)
        with worker(durable, "--lease", "2s") as heir:
            heir.said(f"{job.id}: started")
            tap.open()
            assert client.wait("q", job) == 1  # no attempt of its own was lost

    runs = client.runs("q", job)
    assert [run.outcome for run in runs] == ["lost", "ok"]


# -- what it says -----------------------------------------------------------------------------------------------------


def test_a_quiet_worker_says_nothing_while_all_goes_well(durable: Store, client: Any) -> None:
    client.create("q", 1)
    client.queue("q", "1 / 0")

    with worker(durable, "-q", "--idle", "0") as quiet:
        assert quiet.ended() == 0

    assert quiet.lines == []


def test_a_verbose_worker_tells_of_progress_and_of_what_jobs_log(durable: Store, client: Any) -> None:
    client.create("q", 1)
    client.create("tcl", 1, lang="tcl")
    client.queue("q", "job.progress(1, 4, 'pages')")
    client.queue("q", "import logging; logging.getLogger('nsjob.log').debug('from a job')")

    with worker(durable, "-v", "--idle", "0") as verbose:
        assert verbose.ended() == 0

    assert any("progress 1 of 4, pages" in line for line in verbose.lines)
    assert any("debug: from a job" in line for line in verbose.lines)


def event(kind: Any, **more: Any) -> RunEvent:
    return RunEvent(kind, "q", "job1", 0.0, more.pop("attempt", 1), **more)


@pytest.mark.parametrize(
    ("happened", "told"),
    [
        (event("started"), "queue q job1: started"),
        (event("started", attempt=3), "queue q job1: started, attempt 3"),
        (event("ended", outcome="ok", seconds=0.0125), "queue q job1: ok after 12.5ms"),
        (event("ended", outcome="timeout", seconds=61.0, reason="Timeout"), "queue q job1: timeout after 61s: Timeout"),
        (
            event("returned", outcome="retry", delay=90.0, reason="ValueError: two\nlines"),
            "queue q job1: goes back to the store, retry in 90s: ValueError: two lines",
        ),
        (event("returned", outcome="requeued"), "queue q job1: goes back to the store, requeued"),
        (event("refused"), "queue q job1: refused, it has gone to another worker meanwhile"),
    ],
)
def test_each_thing_that_happens_to_a_job_is_a_line(
    capsys: pytest.CaptureFixture[str], happened: RunEvent, told: str
) -> None:
    Log(False, False).run(happened)
    assert capsys.readouterr().err.rstrip("\n")[24:] == told


def test_a_time_is_told_in_three_figures() -> None:
    assert [lasting(time) for time in (0.000171, 0.5, 2, 99.96, 150, 7200, 36000)] == [
        "0.171ms", "500ms", "2s", "100s", "2.5m", "2h", "10h",
    ]  # fmt: skip


# -- its command line -------------------------------------------------------------------------------------------------


def test_the_options_are_understood_in_both_forms() -> None:
    words = "--store=x.db --queue a --queue=b --topic t --threads 3 --lease 1m --timeout=5 --maxpoll 100ms --idle 0"
    wish = parsed([*words.split(), "--name", "n", "--drain", "-q"])

    assert (wish.store, wish.queues, wish.topics, wish.threads) == ("x.db", ("a", "b"), ("t",), 3)
    assert (wish.lease, wish.timeout, wish.maxpoll, wish.idle) == (60.0, 5.0, 0.1, 0.0)
    assert (wish.name, wish.drain, wish.quiet, wish.verbose) == ("n", True, True, False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "a worker needs a store: --store jobs.db, or --store postgresql://USER@HOST/DATABASE"),
        ("--store", "--store needs a value: a URL or a file"),
        ("--store=", "--store needs a value"),
        ("--store x.db --queue=", "--queue needs a value: a queue's name"),
        ("--store x.db --idel 3", 'worker has no option --idel, did you mean "--idle"?'),
        ("--store x.db --drain=1", '--drain takes no "="'),
        ("--store x.db more", 'a worker takes options only, but got "more"'),
        ("--store x.db --threads 0", '--threads takes a number, 1 or more, but got "0"'),
        ("--store x.db --lease 0", '--lease takes a time of more than 0, but got "0"'),
        ("--store x.db --lease soon", "--lease: "),
        ("--store x.db --lease 10ms", "lease must be 0.1 seconds or more"),
        ("--store mysql://h/d", "mysql is no database that can be a store: sqlite and postgresql are"),
        ("--store sqlite:///:memory:", "a SQLite database in memory would be lost with the program: name a file"),
    ],
)
def test_what_is_wrong_with_a_command_line_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["worker", *words.split()]) == 2
    assert said in capsys.readouterr().err


def test_the_help_of_a_worker_names_each_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["worker", "--help"]) == 0
    page = capsys.readouterr().out
    for option in "store queue topic threads timeout lease maxpoll idle drain name quiet verbose".split():
        assert f"--{option}" in page


# -- stores that cannot be used ---------------------------------------------------------------------------------------

EACH = pytest.mark.parametrize("words", [["worker"], ["-c", "queues"]], ids=["worker", "shell"])


def refused(words: list[str], address: object) -> tuple[int, str]:
    given = [*words, "--store", str(address)] if words == ["worker"] else ["--store", str(address), *words]
    ended = subprocess.run(
        [sys.executable, "-m", "nsjob", *given], capture_output=True, text=True, timeout=60, cwd=ROOT
    )
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stderr


@EACH
def test_a_directory_is_no_store(tmp_path: Path, words: list[str]) -> None:
    assert refused(words, tmp_path) == (1, f"nsjob: the store {tmp_path} is a directory: name a file in it\n")


@EACH
def test_a_file_that_is_no_database_is_told(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "notes.txt").write_text("These are notes, and no database at all. " * 50)
    code, said = refused(words, tmp_path / "notes.txt")
    assert code == 1
    assert said.startswith(f"nsjob: the store {tmp_path / 'notes.txt'} is damaged or no database: ")


@EACH
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_file_that_may_not_be_written_is_told(tmp_path: Path, words: list[str]) -> None:
    file = tmp_path / "jobs.db"
    nsjob.Pool(0, store=file).shutdown()
    file.chmod(0o444)
    code, said = refused(words, file)
    assert code == 1
    assert said.startswith(f"nsjob: the store {file}: it may not be written: look at the permissions of the file")


@EACH
def test_a_host_that_is_not_there_is_told(words: list[str]) -> None:
    pytest.importorskip("psycopg")
    code, said = refused(words, "postgresql://me:secret@no-such-host.invalid/jobs")
    assert code == 1
    assert said.startswith("nsjob: the store postgresql://me:***@no-such-host.invalid/jobs cannot be used: ")
    assert "secret" not in said


@EACH
def test_a_store_of_a_newer_program_is_told(tmp_path: Path, words: list[str]) -> None:
    file = tmp_path / "jobs.db"
    nsjob.Pool(0, store=file).shutdown()
    with sqlite3.connect(file) as database:
        database.execute("UPDATE nsjob_meta SET value = 999 WHERE name = 'schema'")
    database.close()
    code, said = refused(words, file)
    assert code == 1
    assert said.startswith("nsjob: the store has schema 999, and this nsjob knows schemas up to ")


@pytest.mark.parametrize(
    ("missing", "address", "said"),
    [
        ("sqlalchemy", "jobs.db", "nsjob: a store needs sqlalchemy: pip install 'nsjob[store]'\n"),
        ("psycopg", "postgresql://h/d", "needs a driver: pip install 'nsjob[postgres]'"),
    ],
)
def test_what_is_not_installed_is_named(tmp_path: Path, missing: str, address: str, said: str) -> None:
    program = (
        f"import sys\nsys.modules[{missing!r}] = None\nfrom nsjob.cli import main\n"
        f"sys.exit(main(['--store', {address!r}, '-c', 'queues']))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )  # fmt: skip
    assert ended.returncode == 2
    assert said in ended.stderr
