"""Every option of every command has the effect that its sentence promises."""

from __future__ import annotations

import json
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
from nsjob.commands.templates import TEMPLATE
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
        command, _, name = option.rpartition(" ")
        SHOWN.add((command, name))
    return lambda test: test


def test_every_option_has_a_test_of_its_effect() -> None:
    specs = {**NS_JOB.specs, **GENERAL}
    assert set(specs) <= {*WORDS, "exec"}
    specs |= {f"template {name}": spec for name, spec in TEMPLATE.specs.items()}
    common = specs["queue"].options
    shared = {
        (command, name)
        for command in ("exec", "range", "edit", "template create", "template edit")
        for name, option in specs[command].options.items()
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


@shows("create -lifetime", "queue -lifetime")
@PLACES
def test_a_job_ends_with_its_lifetime(clocked: Session, clock: ManualClock, place: str) -> None:
    jobs = Jobs(clocked, place, "-lifetime 1h")
    clocked.eval("pause w")
    job = jobs.queue("1")
    clock.wait_for_timer(clocked.shell.pool)
    clock.advance(3599)
    assert mapping(clocked.eval(f"show w {job}"))["state"] == "scheduled"
    clock.advance(2)
    assert clocked.eval(f"catch {{wait w {job}}}; set errorCode") == ["NSJOB", "JOB", "EXPIRED"]


@shows("create -keep", "queue -keep")
@PLACES
def test_done_jobs_are_kept_for_their_time_and_then_cleaned_up(
    clocked: Session, clock: ManualClock, place: str
) -> None:
    jobs = Jobs(clocked, place, "-keep 10s")
    id = jobs.queue("1")
    clocked.eval("waitany w; queue -jobid other q {1}; waitany q")
    clocked.eval("set late [queue -delay 1h w {1}]; edit -keep 1h w $late")
    clock.advance(5)
    assert clocked.eval("cleanup") == 0
    clock.advance(6)
    assert clocked.eval("cleanup") == 1
    assert clocked.eval(f"list [exists w {id}] [exists q other] [exists w $late]") == [0, 1, 1]


@shows("create -workdir", "queue -workdir", "create -keepdir", "queue -keepdir")
@PLACES
def test_a_job_has_its_own_working_directory_which_may_be_kept(session: Session, place: str, tmp_path: Path) -> None:
    jobs = Jobs(session, place, f"-workdir {{{tmp_path}}} -keepdir")
    kept = jobs.wait("str(job.workdir)")
    assert [str(found) for found in tmp_path.iterdir()] == [kept]
    own = Path(text(session.eval("create -workdir {} own; wait own [queue own {str(job.workdir)}]")))
    until(lambda: not own.exists())


@shows("queue -files", "queue -filesas")
def test_files_are_copied_when_the_job_is_queued(session: Session, failing: Failing, tmp_path: Path) -> None:
    (tmp_path / "a b.txt").write_text("one")
    script = "{sorted((path.name, path.read_text()) for path in job.workdir.iterdir())}"
    path = f"{tmp_path}/a b.txt"
    job = session.eval(f"pause q; queue -files [list $path] -filesas [list 7 $path] q {script}", path=path)
    (tmp_path / "a b.txt").unlink()
    assert text(session.eval(f"resume q; wait q {job}")) == "{7 one} {{a b.txt} one}"
    assert "no such file or directory" in str(failing("queue -files nowhere.txt q {1}"))
    assert session.eval("jobs q") == []


@shows("create -heartbeat", "queue -heartbeat")
@PLACES
def test_a_job_must_say_that_it_is_alive(session: Session, place: str) -> None:
    error = Jobs(session, place, "-heartbeat 10ms").fail("while True: pass")
    assert error.code == ("NSJOB", "JOB", "TIMEOUT")
    assert "job.heartbeat()" in str(error)


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


@shows("create -spool")
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


@shows("create -onfinish")
@pytest.mark.parametrize("lang", ["python", "tcl"])
def test_a_script_of_the_queue_runs_once_a_job_is_done(session: Session, lang: str) -> None:
    seen: list[str] = []
    session.shell.pool.define("seen = None")
    session.shell.pool._core.definitions.namespace["seen"] = seen.append
    session.shell.pool.define("def note(*texts): seen(' '.join(map(str, texts)))")
    note = "note(queue, id, outcome, result)"
    if lang == "tcl":
        told = "-vars [list queue $queue id $id outcome $outcome result $result]"
        note = f"wait q [queue -lang python {told} q {{{note}}}]"
    session.eval("create -lang $lang -onfinish $note w 1", lang=lang, note=note)
    session.eval("wait w [queue -lang python w {6 * 7}]; catch {wait w [queue -lang python w {1 / 0}]}")
    session.eval("pause w; cancel w [queue w {list}]")
    until(lambda: len(seen) == 3)
    assert sorted(seen) == [
        "w job0 ok 42", "w job1 error ZeroDivisionError: division by zero", "w job2 cancelled Job cancelled.",
    ]  # fmt: skip


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


ANSWERS = {
    "queues": "queues", "queuelist": "queuelist", "jobs": "jobs q", "joblist": "joblist q", "counts": "counts",
    "threadlist": "threadlist -detail", "find": "find -queue q", "show": "show q J", "runs": "runs q J",
    "waitall": "waitall q", "configure": "configure", "engines": "engines", "rangestatus": "rangestatus q R",
    "template list": "template list", "template show": "template show T",
}  # fmt: skip


@shows(*(f"{name} -json" for name in ANSWERS))
@pytest.mark.parametrize("name", ANSWERS)
def test_answers_in_json_are_those_in_tcl(session: Session, name: str) -> None:
    session.eval("queue -jobid J -note 05 -metadata {n {1 2} t {}} q {None}; range -jobid R q 0..2 {1}")
    session.eval("queue -after {J R} -jobid last q {1.5}; wait q last; template create -schema {{}} T {1}")
    line = ANSWERS[name].replace(name, f"{name} -json", 1)
    asked = ANSWERS[name] if name != "waitall" else "list"
    told = json.loads(text(session.eval(line)))
    if name in ("queues", "jobs"):
        assert told == elements(session.eval(asked))
    elif isinstance(told, dict):
        assert list(told) == list(mapping(session.eval(asked)))
    elif name != "waitall":
        assert [list(one) for one in told] == [list(one) for one in records(session, asked)]
    else:
        assert [(one["id"], one["outcome"], one["results"]) for one in told][:1] == [("J", "ok", None)]


def test_json_keeps_what_tcl_has_no_form_for(session: Session) -> None:
    session.eval("pause q; queue -jobid 7 -note 05 q {1}")
    [queue] = json.loads(text(session.eval("queuelist -json")))
    assert (queue["paused"], queue["maxqueued"], queue["scheduled"]) == (True, None, 1)
    [job] = json.loads(text(session.eval("joblist -json q")))
    assert (job["id"], job["note"], job["progress"]) == ("7", "05", None)
    assert json.loads(text(session.eval("configure -json -timeout 5")))["timeout"] == 5.0
    assert "false" in text(session.eval("proc p {} {show -json q 7}; p"))


@shows("joblist -sort")
def test_jobs_are_listed_by_priority_time_or_state(session: Session, gate: Gate, failing: Failing) -> None:
    session.eval("create w 1; queue -jobid done w {1}; waitany w", gate=gate)
    session.eval("queue -jobid runs -use gate w {gate.enter()}")
    gate.came()
    session.eval("queue -jobid low -priority 1 w {1}; queue -jobid high -priority high w {1}")
    assert [job["id"] for job in records(session, "joblist w")] == ["done", "runs", "low", "high"]
    assert [job["id"] for job in records(session, "joblist -sort state w")] == ["runs", "low", "high", "done"]
    assert [job["id"] for job in records(session, "joblist -sort priority w")] == ["high", "done", "runs", "low"]
    times = [job["time"] for job in records(session, "joblist -sort time w")]
    assert times == sorted(times, reverse=True)
    assert "must be priority, time or state" in str(failing("joblist -sort name w"))


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


# -- finding, editing, moving -----------------------------------------------------------------------------------------


def found(session: Session, options: str) -> list[str]:
    return [text(mapping(job)["id"]) for job in elements(mapping(session.eval(f"find {options}"))["jobs"])]


@shows(*(f"find -{name}" for name in ("queue", "state", "outcome", "topic", "subtopic", "group", "priority", "note")))
def test_jobs_are_found_by_what_they_are(session: Session) -> None:
    session.eval("create w 1; queue -jobid bad q {1 / 0}; waitany q; pause q; pause w")
    session.eval("queue -jobid A -topic t -subtopic s -group g -priority high -note {a long note} w {1}")
    session.eval("queue -jobid B -topic t q {1}")
    for options, ids in {
        "": ["bad", "A", "B"],
        "-queue w": ["A"],
        "-state {running done}": ["bad"],
        "-state scheduled": ["A", "B"],
        "-outcome {ok error}": ["bad"],
        "-topic t": ["A", "B"],
        "-topic t -queue q": ["B"],
        "-topic {}": ["bad"],
        "-subtopic s": ["A"],
        "-group g": ["A"],
        "-priority high": ["A"],
        "-priority 127": ["bad", "B"],
        "-note long": ["A"],
    }.items():
        assert found(session, options) == ids, options


@shows("find -from", "find -to")
def test_jobs_are_found_by_when_they_were_queued(clocked: Session, clock: ManualClock) -> None:
    clocked.eval("pause q")
    for _ in range(3):
        clocked.eval("queue q {1}")
        clock.advance(60)
    second = clock.wall() - 120
    assert found(clocked, f"-from {second}") == ["job1", "job2"]
    assert found(clocked, f"-to {second}") == ["job0"]
    shown = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(second + 30))
    assert found(clocked, f"-from {shown}") == ["job2"]


@shows("find -limit", "find -cursor")
def test_jobs_are_found_page_by_page(session: Session) -> None:
    session.eval("pause q; for {set i 0} {$i < 7} {incr i} {queue q {1}}")
    session.eval("set ids {}; set cursor {}; set pages 0")
    session.eval(
        "while 1 {set page [find -limit 3 -cursor $cursor]; incr pages; foreach job [dict get $page jobs] "
        "{lappend ids [dict get $job id]}; set cursor [dict get $page cursor]; if {$cursor eq {}} break}"
    )
    assert text(session.eval("list $pages $ids")) == "3 {job0 job1 job2 job3 job4 job5 job6}"


@shows("find -statuses")
def test_statuses_are_shown_in_the_words_of_tasker(session: Session, gate: Gate) -> None:
    session.eval("create w 1; queue -jobid ok w {1}; queue -jobid bad w {1 / 0}", gate=gate)
    session.eval("queue -jobid late -timeout 1ms w {while True: pass}; queue -jobid gone -after ok w {1}")
    session.eval(
        "waitall -timeout 30 w; pause w; queue -jobid no w {1}; cancel w no; queue -jobid old -expires 1ms w {1}"
    )
    until(lambda: session.shell.pool.info("w", "old").state == "done")
    session.eval("queue -use gate q {gate.enter()}; queue -jobid waits w {1}")
    gate.came()
    jobs = [dict(mapping(one)) for one in elements(mapping(session.eval("find -statuses tasker"))["jobs"])]
    assert [(job["id"], job["status"]) for job in jobs] == [
        ("ok", "done"), ("bad", "error"), ("late", "timeout"), ("gone", "done"), ("no", "canceled"), ("old", "timeout"),
        ("job0", "running"), ("waits", "pending"),
    ]  # fmt: skip
    assert "status" not in mapping(elements(mapping(session.eval("find -statuses ns_job"))["jobs"])[0])


VALUES = {"at": "4000000000", "after": "{first}", "retryon": "{KeyError OSError}", "input": "5", "priority": "high"}
BY_KIND = {"value": "v", "topic": "v", "dict": "{a 1}", "time": "100", "integer[0,MAX]": "3", "integer[1,MAX]": "3"}
COMMON = NS_JOB.specs["queue"].options


def valued(name: str) -> str:
    """An option with a value."""
    kind = COMMON[name].kind
    if kind is None:
        return name
    return f"{name} {VALUES.get(name[1:]) or BY_KIND[kind.shown]}"


def shared_with_queue(command: str, specs: Any) -> list[str]:
    options = specs[command].options
    return [name for name in options if name in COMMON and name not in ("-lang", "-file", "-vars", "-use")]


@pytest.mark.parametrize("name", shared_with_queue("edit", NS_JOB.specs))
def test_a_job_that_is_edited_is_as_one_that_was_queued_so(session: Session, name: str) -> None:
    session.eval("create w; pause q; pause w; queue -jobid first q {1}; queue -jobid first w {1}")
    session.eval(f"queue -jobid J {valued(name)} q {{1}}; queue -jobid J w {{1}}; edit {valued(name)} w J")
    assert session.shell.pool.show("w", "J").options == session.shell.pool.show("q", "J").options


@shows(*(f"template {command} {name}" for command in ("create", "edit") for name in ("-detached", "-delay")))
@pytest.mark.parametrize("name", shared_with_queue("create", TEMPLATE.specs))
@pytest.mark.parametrize("made", ["template create t {O} {1}", "template create t {1}; template edit t {O}"])
def test_a_job_from_a_template_is_as_one_that_was_queued_so(session: Session, name: str, made: str) -> None:
    assert shared_with_queue("create", TEMPLATE.specs) == shared_with_queue("edit", TEMPLATE.specs)
    session.eval("create w; pause q; pause w")
    session.eval(f"{made.replace('{O}', valued(name))}; queue -template t -jobid J w")
    session.eval(f"queue -jobid J {valued(name)} q {{1}}")
    assert session.shell.pool.show("w", "J").options == session.shell.pool.show("q", "J").options


@shows("edit -lang", "edit -file", "edit -vars", "edit -use")
def test_a_script_is_edited_with_its_values(session: Session, failing: Failing, tmp_path: Path) -> None:
    file = tmp_path / "job.py"
    file.write_text("(a, b)")
    session.eval("pause q; set b 2; for {set i 0} {$i < 4} {incr i} {queue -jobid $i q {1}}")
    session.eval("edit q 0 {40 + 2}; edit -lang tcl -vars {n 21} q 1 {expr {$n * 2}}")
    session.eval("edit -vars {a 1} -use b -file $file q 2; edit -vars {a 5} q 3 {a}; resume q", file=str(file))
    assert [session.eval(f"wait q {n}") for n in range(4)] == [42, 42, (1, 2), 5]
    assert str(failing("edit q J")) == "edit: nothing is to be changed: give options, or a script"
    assert str(failing("edit -lang tcl q J")) == "edit: -lang is the language of a script, and none is given"
    assert str(failing("edit -file $file q J {1}")) == "edit: give -file or a script, not both"


def test_a_program_is_edited_as_a_list(session: Session) -> None:
    session.eval(
        "create -engine command p; pause p; ns_job exec -jobid J p $python -c {print(1)}", python=sys.executable
    )
    session.eval("edit -note n p J [list $python -c {print('a b')}]; resume p; wait p J")
    assert session.eval("output p J") == "a b\n"


@shows("move -before", "move -after", "move -first", "move -last")
def test_jobs_are_moved(session: Session, failing: Failing) -> None:
    session.eval("create w 1; pause w; foreach id {a b c d e} {queue -jobid $id w {1}}")
    session.eval("move -before b w d; move -after e w a; move -first w e; move -last w d")
    assert str(failing("move w a")) == "move takes one of before, after, first and last"
    session.eval("resume w")
    assert [job["id"] for job in records(session, "waitall w")] == list("ebcad")


# -- templates --------------------------------------------------------------------------------------------------------


@shows("queue -template", "template create -schema", "template edit -schema", "run -template", "run -input")
def test_jobs_are_queued_from_a_template_with_json_as_their_input(session: Session, failing: Failing) -> None:
    schema = '{{"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}}'
    session.eval(f"template create -schema {schema} double {{job.input['n'] * 2}}")
    assert session.eval('wait q [queue -template double -input {{"n": 21}} q]') == 42
    assert session.eval("wait q [queue -template double -input [dict create n 4] q]") == 8
    error = failing('queue -template double -input {{"n": "x"}} q')
    assert str(error) == "the input is not as template double wants it: $.n: 'x' is not of type 'integer'"
    assert error.code == ("NSJOB", "TEMPLATE", "INPUT")
    assert str(failing("queue -template double -input {n: 5} q")).startswith(
        '-input: expected JSON such as {"name": 1}'
    )
    assert str(failing("queue -template double q {1}")).startswith("queue: the template has the script")
    assert session.eval("jobs q") == []
    session.eval("template edit double -schema {}; template edit double {job.input}")
    assert session.eval('wait q [queue -template double -input {"x"} q]') == "x"
    session.eval("create w 1; pause w; queue -jobid A w {1}; queue -head -jobid B w {2}")
    assert session.eval("run -template double -input true w") == "job0"
    session.eval("resume w")
    assert [job["id"] for job in records(session, "waitall w")] == ["job0", "B", "A"]
    assert (
        str(failing("run -template double w A"))
        == 'wrong # args: should be "ns_job run ?-option /value/ ...? /queueId/ /jobId/"'
    )
    assert str(failing("run -input 5 w A")).startswith("run: -input is for -template")


@shows("template create -inactive")
def test_an_inactive_template_takes_no_jobs(session: Session, failing: Failing) -> None:
    session.eval("template create -inactive t {7}")
    assert "is not active" in str(failing("queue -template t q"))
    session.eval("template activate t")
    assert session.eval("wait q [queue -template t q]") == 7
    session.eval("template deactivate t")
    assert "is not active" in str(failing("run -template t q"))


@shows("template create -lang", "template create -file", "template edit -lang", "template edit -file")
def test_the_script_of_a_template_is_in_a_language_or_in_a_file(
    session: Session, tmp_path: Path, failing: Failing
) -> None:
    file = tmp_path / "job.py"
    file.write_text("'from the file'")
    session.eval(
        "template create -lang tcl t {string repeat [job input] 2}; template create -file $file f", file=str(file)
    )
    assert session.eval('wait q [queue -template t -input {"ab"} q]') == "abab"
    assert session.eval("wait q [queue -template f q]") == "from the file"
    session.eval("template edit -lang tcl f {job input}; template edit t -file $file")
    assert session.eval("list [wait q [queue -template f -input 5 q]] [wait q [queue -template t q]]") == [
        5, "from the file",
    ]  # fmt: skip
    assert (
        str(failing("template edit -lang tcl f"))
        == "template edit: -lang is the language of a script, and none is given"
    )


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


# -- ranges -----------------------------------------------------------------------------------------------------------


@shows("range -maxconcurrent")
def test_so_many_indexes_of_a_range_are_under_way_at_once(session: Session, gate: Gate) -> None:
    session.eval("create w 4", gate=gate)
    session.eval("range -maxconcurrent 2 -use gate w 1..5 {gate.enter()}")
    gate.came(2)
    assert gate.nobody()
    status = mapping(session.eval("rangestatus w job0"))
    assert (status["maxconcurrent"], status["active"], status["pending"]) == (2, "1..2", "3..5")
    gate.let(5)
    assert mapping(session.eval("wait w job0"))["succeeded"] == "1..5"
    assert gate.most == 2


def test_a_range_takes_the_options_of_a_job(session: Session, failing: Failing, tmp_path: Path) -> None:
    seen: list[Any] = []
    script = tmp_path / "script.py"
    script.write_text("seen((job.index, job.input, n))", encoding="utf-8")
    session.eval(
        f"set job [range -jobid mine -input {{a b}} -vars {{n 5}} -use seen -note many -topic t -file {script} q 1..2]",
        seen=seen.append,
    )
    assert mapping(session.eval("wait q $job"))["succeeded"] == "1..2"
    assert sorted(seen) == [(1, "a b", 5), (2, "a b", 5)]
    session.eval("range -retries 1 -backoff 0 -timeout 10s q 1..3 {if job.attempt == 1: raise ValueError}")
    assert mapping(session.eval("wait q job0"))["failed"] == ""
    session.eval("range -lang tcl q 4..6 {if {[job index] == 5} {error boom}}")
    error = failing("wait q job1")
    assert str(error) == "1 of 3 indexes of job job1 failed: 5. Index 5: TclError: boom"
    assert error.code == ("NSJOB", "JOB", "RANGE")
    assert mapping(session.eval("rangestatus q job1 5"))["error"] == "TclError: boom"
    assert session.eval("retry q job1") == "job1"
    assert "give -file or a script, not both" in str(failing(f"range -file {script} q 1..2 {{1}}"))
    assert "wrong # args" in str(failing("range q 1..2"))
    assert "a range needs an index" in str(failing("range q {} {1}"))
