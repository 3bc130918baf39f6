"""Every option of every command has the effect that its sentence promises."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import nsjob
from nsjob.commands.declare import GENERAL, NS_JOB
from nsjob.commands.words import WORDS
from nsjob.shell.session import Session
from nsjob.tcl.values import elements, mapping, text
from tests.clock import ManualClock
from tests.commands.conftest import Failing
from tests.conftest import PATIENCE, Gate

SHOWN: set[tuple[str, str]] = set()
Test = Callable[..., None]


def shows(*options: str) -> Callable[[Test], Test]:
    """Note which options a test is about, as `create -desc`."""
    for option in options:
        command, _, name = option.partition(" ")
        SHOWN.add((command, name))
    return lambda test: test


def test_every_option_has_a_test_of_its_effect() -> None:
    specs = {**NS_JOB.specs, **GENERAL}
    assert set(specs) <= {*WORDS, "exec"}
    common = specs["queue"].options
    shared = {
        ("exec", name)
        for name, option in specs["exec"].options.items()
        if name in common and option.doc == common[name].doc
    }
    assert {(name, option) for name, spec in specs.items() for option in spec.options} == SHOWN | shared


# -- options that a queue can have for all its jobs, and each job for itself ------------------------------------------

PLACES = pytest.mark.parametrize("place", ["create", "queue"])


class Jobs:
    """Jobs of a queue w of one thread, whose options stand at the queue or at each job."""

    def __init__(self, session: Session, place: str, options: str, more: str = "") -> None:
        self.session = session
        self.options = options if place == "queue" else ""
        session.eval(f"create {more} {options if place == 'create' else ''} w 1")

    def queue(self, script: str, more: str = "") -> str:
        return text(self.session.eval(f"queue {more} {self.options} w {{{script}}}"))

    def wait(self, script: str, more: str = "") -> Any:
        return self.session.eval(f"wait w {self.queue(script, more)}")

    def fail(self, script: str, more: str = "") -> nsjob.tcl.TclError:
        with pytest.raises(nsjob.tcl.TclError) as raised:
            self.wait(script, more)
        return raised.value

    def info(self, id: str) -> dict[str, Any]:
        return next(found for found in records(self.session, "joblist w") if found["id"] == id)


def records(session: Session, script: str) -> list[dict[str, Any]]:
    """The dicts of a list."""
    return [dict(mapping(one)) for one in elements(session.eval(script))]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def clocked(clock: ManualClock) -> Iterator[Session]:
    """A session over a pool whose clock only the test moves; it has a queue q."""
    pool = nsjob.Pool(clock=clock)
    pool.create("q", 2)
    yield Session(pool)
    pool.shutdown(cancel=True, timeout=10)


@shows("create -priority", "queue -priority")
@PLACES
@pytest.mark.parametrize(("given", "number"), [("200", 200), ("high", 191), ("lowest", 0), ("background", 63)])
def test_priority_by_number_and_by_name(session: Session, place: str, given: str, number: int) -> None:
    jobs = Jobs(session, place, f"-priority {given}")
    session.eval("pause w")
    assert jobs.info(jobs.queue("1"))["priority"] == number


def test_higher_priorities_go_first(session: Session) -> None:
    seen: list[str] = []
    session.eval("create w 1; pause w", seen=seen.append)
    for priority in ("background", "5", "maximum", "200", "default", "high"):
        session.eval(f"queue -use seen -priority {priority} w {{seen('{priority}')}}")
    session.eval("resume w; waitall w")
    assert seen == ["maximum", "200", "high", "default", "background", "5"]


@shows("create -timeout", "queue -timeout")
@PLACES
def test_timeout_interrupts(session: Session, place: str) -> None:
    error = Jobs(session, place, "-timeout 10ms").fail("while True: pass")
    assert error.code == ("NSJOB", "JOB", "TIMEOUT")


@shows("create -retries", "queue -retries")
@PLACES
def test_retries_are_more_runs_after_an_exception(session: Session, place: str) -> None:
    jobs = Jobs(session, place, "-retries 2 -backoff 0")
    assert jobs.wait("if job.attempt < 3: raise ValueError\njob.attempt") == 3
    assert str(jobs.fail("raise ValueError(job.attempt)")) == "3"


@shows("create -backoff", "queue -backoff")
@PLACES
def test_backoff_is_the_pause_before_a_retry(clocked: Session, clock: ManualClock, place: str) -> None:
    jobs = Jobs(clocked, place, "-retries 1 -backoff 1h")
    failed = threading.Event()
    clocked.interp.set("failed", failed.set)
    job = jobs.queue("if job.attempt < 2:\n    failed()\n    raise ValueError\n7", "-use failed")
    assert failed.wait(PATIENCE)
    clock.wait_for_timer(clocked.shell.pool)
    clock.advance(3599)
    assert mapping(clocked.eval(f"show w {job}"))["state"] == "scheduled"
    clock.advance(3600)
    assert clocked.eval(f"wait w {job}") == 7


@shows("create -retryon", "queue -retryon")
@PLACES
def test_only_exceptions_of_retryon_are_retried(session: Session, place: str) -> None:
    jobs = Jobs(session, place, "-retries 5 -backoff 0 -retryon {KeyError OSError}")
    assert jobs.wait("if job.attempt < 3: raise KeyError\njob.attempt") == 3
    assert str(jobs.fail("raise ValueError(job.attempt)")) == "1"


@shows("create -expires", "queue -expires")
@PLACES
def test_a_job_that_has_not_started_expires(clocked: Session, clock: ManualClock, place: str) -> None:
    jobs = Jobs(clocked, place, "-expires 1m")
    clocked.eval("pause w")
    job = jobs.queue("1")
    clock.wait_for_timer(clocked.shell.pool)
    clock.advance(61)
    assert mapping(clocked.eval(f"show w {job}"))["outcome"] == "expired"
    assert clocked.eval(f"catch {{wait w {job}}}; set errorCode") == ["NSJOB", "JOB", "EXPIRED"]


@shows("create -key", "queue -key", "create -maxperkey")
@PLACES
def test_jobs_of_a_key_share_maxperkey(session: Session, gate: Gate, place: str) -> None:
    options = "-key host"
    session.eval(f"create {options if place == 'create' else ''} -maxperkey 1 w 3", gate=gate)
    own = options if place == "queue" else ""
    for _ in range(2):
        session.eval(f"queue {own} -use gate w {{gate.enter()}}")
    session.eval("queue -key other -use gate w {gate.enter()}")
    gate.came(2)
    assert gate.nobody()
    assert session.eval("dict get [lindex [queuelist] end] numrunning") == 2
    assert "key" in text(session.eval("dict get [show w job1] reason"))
    gate.let(3)
    session.eval("waitall w")
    assert gate.most == 2


@shows("create -input", "queue -input")
@PLACES
@pytest.mark.parametrize(("given", "value"), [("5", 5), ("1.5", 1.5), ("{a b}", "a b"), ("05", "05"), ("{}", "")])
def test_input_is_what_the_script_finds(session: Session, place: str, given: str, value: object) -> None:
    assert Jobs(session, place, f"-input {given}").wait("repr(job.input)") == repr(value)


@shows(*(f"{place} -{label}" for place in ("create", "queue") for label in ("note", "topic", "subtopic", "group")))
@PLACES
def test_labels_are_listed(session: Session, place: str) -> None:
    jobs = Jobs(session, place, "-note {a note} -topic t -subtopic s -group g")
    session.eval("pause w")
    job = jobs.queue("1")
    info = jobs.info(job)
    assert [info[name] for name in ("note", "topic", "subtopic", "group")] == ["a note", "t", "s", "g"]
    options = mapping(mapping(session.eval(f"show w {job}"))["options"])
    assert [options[name] for name in ("note", "topic", "subtopic", "group")] == ["a note", "t", "s", "g"]


@shows("create -metadata", "queue -metadata")
@PLACES
def test_metadata_is_listed(session: Session, place: str) -> None:
    jobs = Jobs(session, place, "-metadata {owner me size {1 2}}")
    session.eval("pause w")
    assert text(jobs.info(jobs.queue("1"))["metadata"]) == "owner me size {1 2}"


@shows("create -capture", "queue -capture")
@PLACES
def test_capture_keeps_what_is_printed(session: Session, place: str, capsys: pytest.CaptureFixture[str]) -> None:
    jobs = Jobs(session, place, "-capture")
    job = jobs.queue("print('hello')")
    session.eval(f"wait w {job}")
    assert session.eval(f"output w {job}") == "hello\n"
    assert capsys.readouterr().out == ""


@shows("create -detached", "queue -detached")
@PLACES
def test_detached_jobs_leave_when_done_and_cannot_be_waited_for(session: Session, place: str) -> None:
    jobs = Jobs(session, place, "-detached")
    assert str(jobs.fail("1")).startswith(("can't wait on detached job: ", "no such job: "))
    session.eval("pause w; create after")
    job = jobs.queue("1")
    assert jobs.info(job)["type"] == "detached"
    last = session.eval(f"queue -after {{{{w {job}}}}} after {{1}}")
    session.eval(f"resume w; wait after {last}")
    assert session.eval("jobs w") == []


# -- options of queues ------------------------------------------------------------------------------------------------


@shows("create -desc")
def test_desc_is_listed(session: Session) -> None:
    session.eval("create -desc {a b} w")
    assert records(session, "queuelist")[1]["desc"] == "a b"


@shows("create -ifmissing")
def test_ifmissing_leaves_a_queue_as_it_is(session: Session) -> None:
    session.eval("create -desc one w 3")
    assert session.eval("create -ifmissing -desc two w 5") == "w"
    assert [records(session, "queuelist")[1][name] for name in ("desc", "maxthreads")] == ["one", 3]


@shows("create -maxqueued", "queue -block")
def test_a_full_queue_refuses_or_blocks(session: Session, failing: Failing, gate: Gate) -> None:
    session.eval("create -maxqueued 1 w 1; queue -use gate w {gate.enter()}", gate=gate)
    gate.came()
    session.eval("queue w {1}")
    assert str(failing("queue w {2}")) == "queue is full, 1 jobs wait in it (maxqueued): w"
    assert str(failing("queue -block 1ms w {2}")) == "queue is full, 1 jobs wait in it (maxqueued): w"
    gate.let()
    assert session.eval("wait w [queue -block 30s w {2}]") == 2


@shows("create -onerror")
@pytest.mark.parametrize(("onerror", "left"), [("continue", 7), ("pause", "paused"), ("cancel", "gone")])
def test_onerror_is_what_a_failure_does_to_the_queue(session: Session, onerror: str, left: object) -> None:
    session.eval(f"create -onerror {onerror} w 1; pause w")
    session.eval("queue -jobid bad w {1 / 0}; queue -jobid next w {7}; resume w; catch {wait w bad}")
    if left == 7:
        assert session.eval("wait w next") == 7
    elif left == "paused":
        assert records(session, "queuelist")[1]["paused"] == 1
        assert session.eval("resume w; wait w next") == 7
    else:
        until(lambda: session.eval("exists w next") == 0)


@shows("create -engine")
def test_engine_is_where_jobs_run(session: Session, failing: Failing) -> None:
    session.eval("create -engine thread w")
    assert records(session, "queuelist")[1]["engine"] == "thread"
    assert "thread" in str(failing("create -engine thraed x"))


@shows("create -lang", "queue -lang", "configure -lang")
def test_lang_is_the_language_of_scripts(session: Session) -> None:
    session.eval("create -lang tcl t; create -lang python p; create none")
    assert session.eval("wait t [queue t {expr {6 * 7}}]") == 42
    assert session.eval("wait t [queue -lang python t {6 * 7}]") == 42
    assert session.eval("wait none [queue -lang tcl none {string repeat ab 2}]") == "abab"
    assert mapping(session.eval("configure -lang tcl"))["lang"] == "tcl"
    assert session.eval("wait none [queue none {expr {6 * 7}}]") == 42
    assert session.eval("wait p [queue p {6 * 7}]") == 42


@shows("create -jobsperworker")
def test_a_worker_ends_after_its_jobs(session: Session) -> None:
    session.eval("create -engine process -jobsperworker 1 w 1")
    script = "wait w [queue w {__import__('os').getpid()}]"
    assert session.eval(script) != session.eval(script)


@pytest.mark.skipif(sys.platform == "win32" or sys.platform == "darwin", reason="the limit is Linux's")
@shows("create -maxmem")
def test_a_worker_may_take_so_much_memory(session: Session, failing: Failing) -> None:
    session.eval("create -engine process -maxmem 1G w 1")
    assert session.eval("wait w [queue w {len(bytes(1000))}]") == 1000
    assert failing("wait w [queue w {len(bytes(8_000_000_000))}]").code == ("PYTHON", "MemoryError")


@shows("create -workers", "create -address", "create -resources")
def test_a_cluster_has_so_many_workers_is_found_at_its_address_and_gives_what_its_workers_have(
    session: Session, tmp_path: Path
) -> None:
    pytest.importorskip("distributed", reason="the dask engine needs distributed")
    meet = """
import os, distributed
open(os.path.join(where, str(os.getpid())), "x").close()
while len(os.listdir(where)) < 2:
    os.sched_yield()
distributed.get_worker().scheduler.address
"""
    session.eval("create -engine dask -workers 2 w 2", meet=meet, vars=["where", str(tmp_path)])
    found = {text(session.eval(f"wait w {job}")) for job in [session.eval("queue -vars $vars w $meet") for _ in "12"]}
    assert len(list(tmp_path.iterdir())) == 2
    [address] = found
    session.eval(
        f"create -engine dask -address {address} there 1; create -engine dask -address {address} "
        "-resources {GPU 1} none 1; set never [queue none {1}]"
    )
    there = session.eval("wait there [queue there {import distributed; distributed.get_worker().scheduler.address}]")
    assert text(there) == address
    assert dict(mapping(session.eval("show none $never")))["state"] == "running"  # no worker has a GPU
    session.eval("cancel none $never")


@shows("create -spool", "create -keep")
def test_what_programs_write_is_kept_in_the_spool_for_its_time(session: Session, tmp_path: Path) -> None:
    session.eval(
        "create -engine command -spool $spool -keep 0 w; create -engine command -spool $spool k", spool=str(tmp_path)
    )
    for queue in ("w", "k"):
        session.eval(f"ns_job exec -jobid J {queue} $python -c {{print(5)}}; wait {queue} J", python=sys.executable)
    session.eval("cleanup")
    kept = Path(session.eval("taskfile k J"))
    assert kept.is_relative_to(tmp_path)
    assert [found.name for found in tmp_path.rglob("out.log")] == ["out.log"]
    assert (kept / "out.log").exists()


@shows("create -pre", "create -post")
def test_scripts_of_the_queue_run_around_each_job(session: Session) -> None:
    session.eval("ns_eval {seen = []}")
    session.eval("create -pre {seen.append('pre ' + job.id)} -post {seen.append('post ' + job.id)} w 1")
    session.eval("wait w [queue w {seen.append('body')}]")
    assert elements(session.eval("wait q [queue q {seen}]")) == ["pre job0", "body", "post job0"]
    session.eval("create -lang tcl -pre {error {not now}} t 1")
    assert session.eval("catch {wait t [queue t {expr 1}]} m; set m") == "not now"


# -- options of jobs --------------------------------------------------------------------------------------------------


@shows("queue -head")
def test_a_head_goes_first(session: Session) -> None:
    seen: list[int] = []
    session.eval("create w 1; pause w", seen=seen.append)
    session.eval("queue -use seen w {seen(1)}; queue -head -use seen w {seen(2)}; queue -head -use seen w {seen(3)}")
    session.eval("resume w; waitall w")
    assert seen == [3, 2, 1]


@shows("queue -jobid", "queue -ifnew")
def test_ifnew_answers_with_the_job_that_is_there(session: Session, failing: Failing) -> None:
    session.eval("pause q")
    assert session.eval("queue -jobid J q {1}; queue -jobid J -ifnew q {2}; jobs q") == ["J"]
    assert session.eval("resume q; wait q J") == 1
    assert "jobid" in str(failing("queue -ifnew q {1}"))


@shows("queue -delay")
def test_a_delayed_job_waits(clocked: Session, clock: ManualClock) -> None:
    clocked.eval("queue -jobid J -delay 1h q {7}")
    assert clocked.eval("wait q [queue q {1}]") == 1
    clock.wait_for_timer(clocked.shell.pool)
    clock.advance(3599)
    report = mapping(clocked.eval("show q J"))
    assert (report["state"], report["reason"]) == ("scheduled", "it is put off for 1.000 more seconds")
    clock.advance(2)
    assert clocked.eval("wait q J") == 7


@shows("queue -at")
@pytest.mark.parametrize("form", ["seconds", "iso"])
def test_a_job_waits_for_its_time(clocked: Session, clock: ManualClock, form: str) -> None:
    moment = int(clock.wall()) + 3600
    shown = moment if form == "seconds" else time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(moment))
    clocked.eval(f"queue -jobid J -at {shown} q {{7}}")
    clock.wait_for_timer(clocked.shell.pool)
    clock.advance(3590)
    assert mapping(clocked.eval("show q J"))["state"] == "scheduled"
    clock.advance(20)
    assert clocked.eval("wait q J") == 7


@shows("queue -after")
def test_a_job_comes_after_others_of_its_queue_and_of_another(session: Session) -> None:
    seen: list[int] = []
    session.eval("create w 4; pause q; pause w", seen=seen.append)
    session.eval("queue -jobid a -use seen q {seen(1)}; queue -jobid b -use seen -after {{q a}} w {seen(2)}")
    session.eval("queue -jobid c -use seen -after {b {q a}} w {seen(3)}; resume w")
    assert seen == []
    session.eval("resume q; wait w c")
    assert seen == [1, 2, 3]


def test_a_job_after_one_that_fails_fails_and_says_which(session: Session, failing: Failing) -> None:
    session.eval("pause q; queue -jobid bad q {1 / 0}; queue -jobid next -after bad q {1}; resume q")
    error = failing("wait q next")
    assert error.code == ("NSJOB", "JOB", "AFTER")
    assert "bad" in str(error)


@shows("queue -unique")
def test_a_unique_job_is_queued_once(session: Session) -> None:
    session.eval("pause q")
    assert session.eval("list [queue -unique u q {1}] [queue -unique u q {2}] [queue -unique v q {3}]") == [
        "job0", "job0", "job1",
    ]  # fmt: skip
    session.eval("resume q; waitall q")
    assert session.eval("wait q [queue -unique u q {2}]") == 2


@shows("queue -vars")
def test_vars_are_values_for_the_script(session: Session, failing: Failing) -> None:
    assert session.eval("wait q [queue -vars {a 5 b x} q {repr((a, b))}]") == "(5, 'x')"
    assert session.eval("wait q [queue -lang tcl -vars {a 5 b x} q {list $a $b}]") == [5, "x"]
    assert "is not a name that Python code can use" in str(failing("queue -vars {a-b 1} q {1}"))


@shows("queue -use")
def test_use_hands_over_variables(session: Session, failing: Failing) -> None:
    session.eval("set n 10; set l {a b}; set d [dict create x 1.5]; set t(x) 3")
    assert session.eval("wait q [queue -use {n l d} q {repr((n, l, d))}]") == "(10, 'a b', {'x': 1.5})"
    assert session.eval("set l [list a b 3]; wait q [queue -use l q {repr(l)}]") == "['a', 'b', 3]"
    assert str(failing("queue -use missing q {1}")) == 'can\'t read "missing": no such variable'


def test_use_in_a_proc_hands_over_its_variables(session: Session) -> None:
    assert session.eval("proc p {n} {wait q [queue -use n q {n * 2}]}; p 21") == 42


@shows("queue -file")
def test_file_is_where_the_script_stands(session: Session, failing: Failing, tmp_path: Path) -> None:
    file = tmp_path / "job.py"
    file.write_text('text = "}{\\\\"\nlen(text)\n')
    assert session.eval("wait q [queue -file $file q]", file=str(file)) == 3
    assert str(failing("queue -file nowhere.py q")) == 'couldn\'t read file "nowhere.py": no such file or directory'
    assert str(failing("queue -file $file q {1}")) == "queue: give -file or a script, not both"
    file.write_bytes(b"\xff\xfe")
    assert str(failing("queue -file $file q")).endswith("it is not UTF-8")


# -- programs ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def program(session: Session) -> Callable[[str, str], Any]:
    """Run Python code as a program, with options of exec, and return what it wrote."""
    session.eval("create -engine command programs", python=sys.executable)

    def run(options: str, code: str) -> Any:
        script = "set job [ns_job exec {} programs $python -c $code]; wait programs $job; output programs $job"
        return session.eval(script.replace("{}", options), code=code)

    return run


@shows("exec -cwd", "exec -env", "exec -stdin")
def test_a_program_has_its_directory_environment_and_input(program: Callable[[str, str], Any], tmp_path: Path) -> None:
    (tmp_path / "here.txt").touch()
    assert program(f"-cwd {{{tmp_path}}}", "import os; print(os.listdir())").strip() == "['here.txt']"
    assert program("-env {GREETING {hello there}}", "import os; print(os.environ['GREETING'])").strip() == "hello there"
    assert program("-stdin {a b}", "print(input())").strip() == "a b"


@shows("exec -open")
def test_an_open_program_is_sent_its_input(session: Session, program: Callable[[str, str], Any]) -> None:
    session.eval("ns_job exec -open -jobid J programs $python -c $code", code="print(input())")
    until(lambda: mapping(session.eval("show programs J"))["state"] == "running")
    until(lambda: session.eval('catch {send programs J "hello\\n"}') == 0)  # its program may have yet to start
    session.eval("wait programs J")
    assert session.eval("output programs J").strip() == "hello"


def test_the_other_options_of_exec_are_those_of_queue(session: Session, program: Callable[[str, str], Any]) -> None:
    session.eval("pause programs; ns_job exec -jobid J -note n -priority high -head programs $python")
    info = records(session, "joblist programs")[0]
    assert [info[name] for name in ("id", "note", "priority")] == ["J", "n", 191]


# -- waiting ----------------------------------------------------------------------------------------------------------


@shows("wait -timeout", "waitany -timeout", "waitall -timeout")
@pytest.mark.parametrize("command", ["wait -timeout 1ms q job0", "waitany -timeout 1ms q", "waitall -timeout 1ms q"])
def test_a_wait_gives_up(session: Session, failing: Failing, command: str) -> None:
    session.eval("pause q; queue q {1}")
    error = failing(command)
    assert (str(error), error.code) == ("Wait timed out.", ("NS_TIMEOUT",))
    assert session.eval("resume q; wait q job0") == 1


@shows("waitall -failfast")
def test_failfast_fails_with_the_first_failure(session: Session, failing: Failing, gate: Gate) -> None:
    session.eval("queue -use gate -jobid slow q {gate.enter()}; queue -jobid bad q {1 / 0}", gate=gate)
    error = failing("waitall -failfast q")
    assert (str(error), error.code) == ("division by zero", ("PYTHON", "ZeroDivisionError"))
    assert session.eval("jobs q") == ["slow"]
    gate.let()
    assert [found["outcome"] for found in records(session, "waitall q")] == ["ok"]


def test_waitall_tells_what_became_of_each(session: Session) -> None:
    session.eval("create w 1; queue w {6 * 7}; queue w {1 / 0}; queue w {return 'x'}")
    assert session.eval("waitall w") == [
        {"queue": "w", "id": "job0", "outcome": "ok", "results": 42},
        {"queue": "w", "id": "job1", "outcome": "error", "results": "division by zero"},
        {"queue": "w", "id": "job2", "outcome": "ok", "results": "x"},
    ]


# -- stopping and retrying --------------------------------------------------------------------------------------------


@shows("cancel -all")
def test_all_jobs_that_wait_or_run_are_cancelled(session: Session, failing: Failing) -> None:
    session.eval("queue -jobid done q {1}; waitany q; pause q; queue q {1}; queue q {1}")
    assert session.eval("cancel -all q") == 2
    assert session.eval("jobs q") == ["done"]
    assert str(failing("cancel -all q job0")) == 'wrong # args: should be "ns_job cancel /queueId/ /jobId/"'


@shows("delete -force")
def test_a_forced_delete_cancels_what_is_there(session: Session) -> None:
    session.eval("queue -jobid done q {1}; waitany q; pause q; queue q {1}")
    assert session.eval("delete -force q") == ""
    assert session.eval("queues") == []


@shows("retry -failed")
def test_all_failed_jobs_are_retried(session: Session, failing: Failing) -> None:
    session.eval("create w 1", run=iter([0, 5]).__next__)
    session.eval("queue -jobid good w {1}; queue -jobid bad -use run w {10 // run()}")
    session.eval("queue -jobid last w {1}; wait w last")
    assert session.eval("retry -failed w") == ["bad"]
    assert session.eval("wait w bad") == 2
    assert str(failing("retry -failed w bad")) == 'wrong # args: should be "ns_job retry /queueId/ /jobId/"'


# -- looking, general -------------------------------------------------------------------------------------------------


@shows("output -follow")
def test_output_is_followed_to_the_jobs_end(session: Session, gate: Gate, capsys: pytest.CaptureFixture[str]) -> None:
    session.eval("queue -capture -use gate -jobid J q {print('first'); gate.enter(); print('last')}", gate=gate)
    gate.came()
    threading.Thread(target=gate.let).start()
    assert session.eval("output -follow q J") == ""
    assert capsys.readouterr().out == "first\nlast\n"


@shows("threadlist -detail")
def test_detail_tells_which_job_each_thread_runs(session: Session, gate: Gate) -> None:
    session.eval("queue -use gate -jobid J q {gate.enter()}", gate=gate)
    gate.came()
    [found] = [one for one in records(session, "threadlist -detail") if one["state"] == "running"]
    assert (found["queue"], found["job"]) == ("q", "J")


@shows("ns_eval -lang")
def test_definitions_are_in_the_language_that_is_named(session: Session) -> None:
    session.eval("ns_eval {def double(x): return 2 * x}; ns_eval -lang tcl {proc triple x {expr {3 * $x}}}")
    assert session.eval("wait q [queue q {double(21)}]") == 42
    assert session.eval("wait q [queue -lang tcl q {triple 14}]") == 42
    session.eval("configure -lang tcl; ns_eval {proc four {} {return 4}}; ns_eval -lang python {five = 5}")
    assert session.eval("list [wait q [queue q four]] [wait q [queue -lang python q five]]") == [4, 5]


@shows("watch -count")
def test_watch_ends_after_its_turns(session: Session) -> None:
    session.eval("set n 0; watch -count 3 0 {incr n}")
    assert session.interp.get("n") == 3


# -- settings ---------------------------------------------------------------------------------------------------------


def until(condition: Callable[[], bool]) -> None:
    """Return when it holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        threading.Event().wait(0.002)


@shows("configure -jobsperthread")
def test_a_thread_ends_after_its_jobs(session: Session) -> None:
    session.eval("configure -jobsperthread 2; create w 1")
    script = "foreach i {1 2 3 4} {lappend l [wait w [queue w {__import__('threading').get_ident()}]]}; set l"
    session.eval(script)
    assert all(found["jobs"] <= 2 for found in records(session, "threadlist -detail"))


@shows("configure -logminduration")
def test_long_jobs_are_logged(session: Session, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "nsjob")
    session.eval("wait q [queue -jobid quick q {1}]")
    session.eval("configure -logminduration 0; wait q [queue -jobid slow q {1}]")
    until(lambda: "slow" in caplog.text)
    assert "quick" not in caplog.text


@shows("configure -timeout")
def test_an_idle_thread_ends(session: Session) -> None:
    session.eval("configure -timeout 1ms; wait q [queue q {1}]")
    until(lambda: mapping(session.eval("threadlist"))["numthreads"] == 0)


STUBBORN = """
while not over():
    try:
        while not over(): pass
    except BaseException: pass
"""


@shows("configure -grace", "configure -maxlost")
def test_a_job_that_does_not_end_is_written_off_after_the_grace_period(session: Session, failing: Failing) -> None:
    over = threading.Event()
    session.eval("configure -grace 1ms", over=over.is_set)
    try:
        session.eval(f"queue -jobid J -timeout 1ms -use over q {{{STUBBORN}}}")
        assert failing("wait q J").code == ("NSJOB", "JOB", "TIMEOUT")
        until(lambda: mapping(session.eval("threadlist"))["numlost"] == 1)
        session.eval("configure -maxlost 1")
        session.eval(f"queue -jobid K -use over q {{{STUBBORN}}}")
        until(lambda: mapping(session.eval("show q K"))["state"] == "running")
        assert "maxlost" in str(failing("kill q K"))
    finally:
        over.set()


@shows("configure -maxdone")
def test_a_queue_keeps_so_many_done_jobs(session: Session) -> None:
    session.eval("configure -maxdone 2; create w 1")
    session.eval("for {set i 0} {$i < 5} {incr i} {queue w {1}}; wait q [queue -after {{w job4}} q {1}]")
    assert session.eval("jobs w") == ["job3", "job4"]


@shows("configure -maxthreads")
def test_the_pool_runs_so_many_jobs_at_once(session: Session, gate: Gate) -> None:
    session.eval("configure -maxthreads 1; create w", gate=gate)
    session.eval("queue -use gate q {gate.enter()}; queue -use gate w {gate.enter()}")
    gate.came()
    assert sum(found["numrunning"] for found in records(session, "queuelist")) == 1
    gate.let(2)
    session.eval("waitall q w")
    assert gate.most == 1


@shows("configure -maxoutput")
def test_the_last_bytes_of_the_output_are_kept(session: Session) -> None:
    session.eval("configure -maxoutput 10; wait q [queue -jobid J -capture q {for i in range(100): print(i)}]")
    assert session.eval("output q J").endswith("98\n99\n")
    assert len(session.eval("output q J")) <= 10
