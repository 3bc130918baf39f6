"""Jobs in Tcl: the same language on the slot's thread, for scripts that were written for AOLserver."""

from __future__ import annotations

import logging
import sys
import threading
from pathlib import Path

import pytest

import nsjob
from nsjob.shell.session import Session
from nsjob.tcl import TclError
from nsjob.tcl.values import mapping, text
from tests.commands.conftest import Failing
from tests.conftest import PATIENCE, Gate

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tcl(session: Session) -> Session:
    """A session whose queue t has Tcl jobs, two at a time."""
    session.eval("create -lang tcl t 2")
    return session


def test_the_value_of_a_tcl_job_is_that_of_its_last_command(tcl: Session) -> None:
    assert tcl.eval("wait t [queue t {set a 6; expr {$a * 7}}]") == 42
    assert tcl.eval("wait t [queue t {}]") == ""
    assert tcl.eval("wait t [queue t {dict create a [list 1 2]}]") == {"a": [1, 2]}


def test_the_language_of_a_job_goes_before_its_queues_and_that_before_the_configured_one(session: Session) -> None:
    session.eval("configure -lang tcl; create -lang python p; create t")
    assert session.eval("wait p [queue p {6 * 7}]") == 42
    assert session.eval("wait p [queue -lang tcl p {expr 42}]") == 42
    assert session.eval("wait t [queue t {expr 42}]") == 42


def test_a_queue_that_is_made_again_has_lost_its_language(session: Session) -> None:
    assert session.eval("create -lang tcl t; delete t; create t; wait t [queue t {6 * 7}]") == 42


def test_each_tcl_job_has_variables_of_its_own(tcl: Session) -> None:
    tcl.eval("set x shell; wait t [queue t {set x 1; proc p {} {}}]")
    assert tcl.eval("wait t [queue t {list [info exists x] [llength [info procs p]]}]") == [0, 0]
    assert tcl.eval("set x") == "shell"


def test_procs_of_ns_eval_are_there_in_later_jobs_and_in_the_shell(tcl: Session, failing: Failing) -> None:
    tcl.eval('ns_eval -lang tcl {set greeting hello; proc greet name {return "$::greeting, $name"}}')
    assert tcl.eval("wait t [queue t {greet world}]") == "hello, world"
    tcl.eval("ns_eval -lang tcl {proc twice name {greet [greet $name]}}")
    assert tcl.eval("wait t [queue t {twice world}]") == "hello, hello, world"
    assert text(tcl.eval("info procs twice")) == "twice"


def test_words_of_ns_eval_are_joined_as_eval_does(tcl: Session) -> None:
    tcl.eval("ns_eval -lang tcl proc answer {{}} {{return 42}}")
    assert tcl.eval("wait t [queue t answer]") == 42


def test_definitions_that_fail_define_nothing(tcl: Session, failing: Failing) -> None:
    assert str(failing("ns_eval -lang tcl {proc half {} {}; error broken}")) == "broken"
    assert "half" in str(failing("wait t [queue t half]"))
    assert "half" in str(failing("half"))


def test_a_job_does_not_change_the_definitions(tcl: Session) -> None:
    tcl.eval("ns_eval -lang tcl {set count 0; set l [list a]; array set table {a 1}; proc bump {} {incr ::count}}")
    for _ in range(2):
        assert tcl.eval("wait t [queue t {bump; lappend l b; set table(b) 2; proc bump {} {}; list $count $l}]") == [
            1, ["a", "b"],
        ]  # fmt: skip


def test_return_gives_the_value(tcl: Session) -> None:
    assert tcl.eval("proc p {} {set x [wait t [queue t {return 5; error no}]]; return $x!}; p") == "5!"
    assert tcl.eval("queue -jobid J t {return 5}; waitany t; dict get [show t J] code") == "TCL_RETURN"


def test_an_error_by_return_is_an_error(tcl: Session, failing: Failing) -> None:
    error = failing("wait t [queue t {return -code error -errorcode {A B} oops}]")
    assert (str(error), error.code) == ("oops", ("A", "B"))
    assert str(failing("wait t [queue t {return -code 7 x}]")) == "command returned bad code: 7"


@pytest.mark.parametrize("queue", ["t", "q"])
def test_break_and_continue_are_passed_on_to_the_loop_that_waits(tcl: Session, queue: str) -> None:
    loop = "set r {}; foreach x {1 2 3} {lappend r $x; wait %s [queue %s %s]; lappend r after}; set r"
    assert text(tcl.eval(loop % (queue, queue, "break"))) == "1"
    assert text(tcl.eval(loop % (queue, queue, "continue"))) == "1 2 3"
    assert tcl.eval(f"proc p {{}} {{while 1 {{wait {queue} [queue {queue} break]}}; return out}}; p") == "out"


def test_break_outside_of_a_loop_is_an_error_of_the_one_who_waits(tcl: Session, failing: Failing) -> None:
    assert str(failing("wait t [queue t break]")) == 'invoked "break" outside of a loop'


def test_the_trace_of_a_job_stands_below_the_callers(tcl: Session, failing: Failing) -> None:
    tcl.eval("proc outer {} {wait t [queue t {proc inner x {error boom {} {MY CODE}}\ninner 1}]}")
    error = failing("outer")
    assert (str(error), error.code) == ("boom", ("MY", "CODE"))
    steps = [
        "boom",
        '"error boom {} {MY CODE}"',
        '(procedure "inner" line 1)',
        '"inner 1"',
        '"wait t ',
        '(procedure "outer"',
    ]
    places = [error.info.index(step) for step in steps]
    assert places == sorted(places)
    assert error.info.startswith("boom\n    while executing\n")
    assert tcl.eval("catch outer; list $errorCode [string equal $errorInfo [set errorInfo]]") == [["MY", "CODE"], 1]


def test_a_script_of_tcl_that_cannot_run_is_refused_where_it_is_queued(tcl: Session, failing: Failing) -> None:
    assert str(failing('queue t "set x \\{"')) == "missing close-brace"
    assert tcl.eval("jobs t") == []


def test_a_tcl_job_may_use_queues_and_wait_for_jobs_of_its_own_queue(tcl: Session) -> None:
    tcl.eval("create -lang tcl one 1")
    script = (
        "set ids {}; foreach n {1 2 3} {lappend ids [ns_job queue one [list expr $n * 2]]}; set sum 0; "
        "foreach id $ids {incr sum [ns_job wait one $id]}; set sum"
    )
    assert tcl.eval(f"wait one [queue one {{{script}}}]") == 12
    assert (
        tcl.eval("wait t [queue t {create inner 2; set x [wait inner [queue inner {6 * 7}]]; delete inner; set x}]")
        == 42
    )


def test_a_proc_of_ns_eval_goes_before_a_command_of_the_shell(tcl: Session) -> None:
    tcl.eval("ns_eval -lang tcl {proc job {} {return mine}; proc drain x {return $x}}")
    assert tcl.eval("wait t [queue t {list [job] [drain 5]}]") == ["mine", 5]


# -- the command job --------------------------------------------------------------------------------------------------


def test_job_tells_about_the_job(tcl: Session) -> None:
    script = "list [job id] [job queue] [job input] [job index] [job attempt] [job cancelled]"
    assert tcl.eval(f"wait t [queue -jobid J -input {{a b}} t {{{script}}}]") == ["J", "t", "a b", "", 1, 0]
    assert tcl.eval("wait t [queue t {job input}]") == ""


def test_job_fail_is_final(tcl: Session, failing: Failing) -> None:
    runs: list[int] = []
    tcl.interp.set("note", runs.append)
    error = failing("wait t [queue -retries 5 -use note t {py {tcl['note'](1)}; job fail {no good}}]")
    assert (str(error), error.code) == ("no good", ("NSJOB", "JOB", "FAIL"))
    assert runs == [1]


def test_the_stack_of_a_tcl_job_tells_nothing_of_the_thread_below(tcl: Session, gate: Gate) -> None:
    tcl.interp.set("gate", gate)
    tcl.eval("queue -use gate -jobid held q {gate.enter()}; queue -jobid waits t {wait q held}")
    gate.came()
    while tcl.eval("dict get [show t waits] state") != "running":
        tcl.eval("after 1")
    assert tcl.eval("dict get [show t waits] stack") == ""
    assert text(tcl.eval("dict get [show q held] stack")).startswith('  File "<snippet')
    gate.let()
    tcl.eval("wait t waits")


def test_errors_of_tcl_jobs_are_retried(tcl: Session) -> None:
    script = "if {[job attempt] < 3} {error again}; job attempt"
    assert tcl.eval(f"wait t [queue -retries 3 -backoff 0 t {{{script}}}]") == 3


def test_job_progress_and_log_are_told_by_show(tcl: Session, gate: Gate) -> None:
    script = "job progress 3 10 {nearly there}; job log one two; py {tcl['gate'].enter()}"
    tcl.eval(f"queue -jobid J -use gate t {{{script}}}", gate=gate)
    gate.came()
    report = mapping(tcl.eval("show t J"))
    assert report["progress"] == [3, 10, "nearly there"]
    assert report["log"] == ["one two"]
    assert mapping(tcl.eval("lindex [joblist t] 0"))["progress"] == [3, 10, "nearly there"]
    gate.let()
    tcl.eval("wait t J")


def test_job_snooze_ends_the_run_and_no_catch_holds_it(tcl: Session) -> None:
    runs: list[int] = []
    script = (
        "py {tcl['note'](1)}; if {[py {len(tcl['runs'].__self__)}] < 2} {catch {job snooze 0}; error held}; job attempt"
    )
    assert tcl.eval(f"wait t [queue -use {{note runs}} t {{{script}}}]", note=runs.append, runs=runs.index) == 1
    assert runs == [1, 1]


def test_outside_of_jobs_there_is_no_command_job(failing: Failing) -> None:
    assert str(failing("job id")) == 'invalid command name "job"'


def test_what_a_tcl_job_prints_is_kept(tcl: Session, capsys: pytest.CaptureFixture[str]) -> None:
    tcl.eval("queue -capture -jobid J t {puts hello; puts -nonewline there; puts stderr error}; waitany t")
    assert tcl.eval("output t J") == "hello\nthereerror\n"


# -- stopping ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt may land where nothing can be raised, in a callback of the garbage collector (hypothesis has one),
    or in pytest's own hook that tells of it; it is sent again."""
    monkeypatch.setattr(sys, "unraisablehook", lambda told: None)


ENDLESS = [
    "while 1 {}",
    "for {} 1 {} {incr i}",
    "catch {while 1 {}}; set x caught",
    "while 1 {catch {while 1 {incr i}}}",
    "proc f {} {while 1 {if {[catch g]} {continue}}}; proc g {} {foreach x {1 2} {error x}}; f",
    "try {while 1 {}} on error {} {} finally {set x 1}",
    "after 1000000",
    "ns_sleep 1h",
    "proc f {} {f}; while 1 {catch f}",
    "while 1 {lsort -command {apply {{a b} {string compare $a $b}}} {c b a}}",
]


@pytest.mark.untraced
@pytest.mark.usefixtures("unheard")
@pytest.mark.parametrize("script", ENDLESS)
def test_an_endless_script_ends_by_its_time_limit(tcl: Session, failing: Failing, script: str) -> None:
    tcl.eval("configure -grace 20s")
    assert failing(f"wait t [queue -timeout 30ms t {{{script}}}]").code == ("NSJOB", "JOB", "TIMEOUT")
    assert mapping(tcl.eval("threadlist"))["numlost"] == 0


@pytest.mark.untraced
@pytest.mark.usefixtures("unheard")
@pytest.mark.parametrize("script", ENDLESS)
def test_an_endless_script_ends_by_cancel(tcl: Session, pool: nsjob.Pool, script: str) -> None:
    tcl.eval("configure -grace 20s")
    began = threading.Event()
    finished = threading.Event()

    def look(event: nsjob.Event) -> None:
        if event.kind == "finished":
            finished.set()

    with pool.subscribe(look):
        tcl.eval(f"queue -jobid J -use began t {{py {{tcl['began']()}}; {script}}}", began=began.set)
        assert began.wait(PATIENCE)
        assert tcl.eval("cancel t J") == 1
        assert finished.wait(PATIENCE)
    assert mapping(tcl.eval("threadlist"))["numlost"] == 0
    assert tcl.eval("wait t [queue t {expr 42}]") == 42


def test_exit_in_a_job_ends_only_the_job(tcl: Session, failing: Failing) -> None:
    assert str(failing("wait t [queue t {exit 3}]")) == "the job called exit 3"


def test_200_jobs_at_once_share_no_variables(session: Session) -> None:
    barrier = threading.Barrier(200)
    session.eval("ns_eval -lang tcl {set total 0; proc add n {incr ::total $n}}", meet=lambda: barrier.wait(PATIENCE))
    session.eval("create -lang tcl wide 200")
    script = "set x $n; set a($n) $n; add $n; py {tcl['meet']()}; list $x [array get a] $total [info vars n]"
    session.eval(f"for {{set n 0}} {{$n < 200}} {{incr n}} {{queue -jobid j$n -use {{n meet}} wide {{{script}}}}}")
    for number in range(200):
        assert text(session.eval(f"wait wide j{number}")) == f"{number} {{{number} {number}}} {number} n"


# -- a script of AOLserver's ------------------------------------------------------------------------------------------


def test_a_script_for_aolserver_runs(
    session: Session, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, pool: nsjob.Pool
) -> None:
    caplog.set_level(logging.INFO, "nsjob")
    first, _, rest = (ROOT / "examples" / "aolserver.tcl").read_text().partition("\n")
    assert first == "configure -lang tcl"
    session.eval(f"{first}\n{rest}")
    assert capsys.readouterr().out.splitlines() == [
        "0 to 500: 95 primes",
        "500 to 1000: 73 primes",
        "1000 to 1500: 71 primes",
        "1500 to 2000: 64 primes",
        "all: 303 primes",
        "percentage 303 2000: 15.2 %",
        "percentage 1 0: nothing to take a part of (error code REPORT EMPTY)",
        "slow: Wait timed out. (NS_TIMEOUT)",
    ]
    pool.shutdown(timeout=PATIENCE)
    assert session.eval("queues") == ["q"]
    assert "25 primes below 100" in caplog.text


@pytest.mark.untraced
@pytest.mark.parametrize(
    "script", ["while 1 {}", "while {[incr i]} {string length $i}", "after 3600000", "ns_sleep 1h"]
)
def test_a_tcl_job_is_interrupted_wherever_it_is(script: str) -> None:
    with nsjob.Pool() as pool:
        pool.configure(grace=30)
        session = Session(pool)
        told = threading.Event()
        pool.subscribe(lambda event: told.set() if event.kind == "progress" else None)
        session.eval("create -lang tcl t 1")
        job = session.eval(f"queue t {{job progress 1; {script}}}")
        assert told.wait(60)
        assert session.eval(f"cancel t {job}") == 1
        with pytest.raises(TclError, match="no such job|Job cancelled"):
            session.eval(f"wait -timeout 60s t {job}")
        assert session.eval("threadlist")["numlost"] == 0
