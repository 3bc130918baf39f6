"""Whatever is typed, only errors of the language come out and the pool goes on. No value is shared by accident."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import nsjob
from nsjob.commands.declare import GENERAL, NS_JOB
from nsjob.commands.helping import page
from nsjob.commands.hints import hint
from nsjob.commands.words import WORDS
from nsjob.shell.session import Session
from nsjob.tcl import TclError
from nsjob.tcl.errors import TclExit
from nsjob.tcl.values import text
from tests.commands.conftest import Failing

# Those that would wait, as asked: for ever, or for the times that numbers below stand for.
SLOW = {"ns_sleep", "watch", "pause", "drain", "snooze", "exec", "source"}
COMMANDS = sorted(set(WORDS) - SLOW)
SUBCOMMANDS = sorted(set(NS_JOB.specs) - SLOW)
OPTIONS = sorted(
    {option for spec in (*NS_JOB.specs.values(), *GENERAL.values()) for option in spec.options} - {"-retries"}
)
NAMES = [
    "q",
    "r",
    "{a b}",
    "job0",
    "job1",
    "J",
    "nosuch",
    "{}",
    "[queues]",
    "[genid]",
    "[queue q 1]",
    "[waitany q]",
    "$v",
]
NUMBERS = [
    "0",
    "1",
    "-1",
    "007",
    "1.5",
    "1e309",
    "-0.0",
    "NaN",
    "Inf",
    "0x10",
    "99999999999999999999",
    "1" * 5000,
    "1:5",
]
SCRIPTS = [
    "{6 * 7}",
    "{1/0}",
    "{raise KeyError}",
    "{job.id}",
    "{x = [1]}",
    "{return 5}",
    "{break}",
    "{(}",
    "{list $v}",
    "{[}",
]
TCL = [
    "set v",
    "list",
    "foreach v {1 2}",
    "if 1",
    "catch",
    "expr",
    "string length",
    "dict get",
    "return",
    "break",
    "proc p {}",
]
PUNCTUATION = [
    "{",
    "}",
    "[",
    "]",
    '"',
    "\\",
    ";",
    "$",
    "#",
    "\n",
    "{*}",
    "(",
    ")",
    "--",
    "-",
    "=",
    "\0",
    "é",
    "日本",
    "\ud800",
]

words = st.one_of(
    st.sampled_from(NAMES), st.sampled_from(OPTIONS), st.sampled_from(NUMBERS), st.sampled_from(SCRIPTS),
    st.sampled_from(PUNCTUATION), st.sampled_from(["tcl", "python", "high", "{a 1}", "{a b}", "thread", "continue"]),
)  # fmt: skip
anything = st.one_of(words, st.text(max_size=6), st.sampled_from(SUBCOMMANDS))
starts = st.one_of(
    st.sampled_from(COMMANDS),
    st.sampled_from([f"ns_job {name}" for name in SUBCOMMANDS]),
    st.sampled_from(TCL),
    anything,
)
lines = st.builds(lambda start, rest: " ".join([start, *rest]), starts, st.lists(anything, max_size=6))
scripts = st.lists(lines, min_size=1, max_size=4).map("\n".join)


def attempt(pool: nsjob.Pool, script: str) -> None:
    """Evaluate the script: it has a result with a text, or fails with an error of the language that can be shown."""
    session = Session(pool)
    failed: TclError | None = None
    try:
        text(session.eval(script))
    except TclExit:
        pass
    except TclError as error:
        failed = error
    if failed is not None:
        shown = (str(failed), failed.info, hint(session.shell, failed))
        assert [type(part) for part in shown] == [str, str, str]


def check(pool: nsjob.Pool) -> None:
    """That the pool goes on."""
    session = Session(pool)
    assert (
        session.eval("set q [create [genid]]; set r [wait $q [queue -lang python $q {6 * 7}]]; delete $q; set r") == 42
    )
    text(session.eval("list [queuelist] [threadlist] [counts] [configure]"))


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(scripts)
@example("create q; queue -unique {} q 1")
@example("queue -jobid {} q 1")
@example("create {}")
@example(f"create q {'1' * 5000}")
@example(f"configure -jobsperthread {'9' * 400}")
@example("configure -timeout 1e308; configure -grace 1e300y")
@example(f"queue -priority {'9' * 5000} q 1")
@example("queue -at 0001-01-01 q 1; queue -at 9999-12-31T23:59:59 q 1; queue -at NaN q 1; queue -at -5 q 1")
@example("queue -after {q {a b c}} q 1")
@example("queue -metadata {a 1 a 2} -vars {class 1} q {1}")
@example("queue q \0")
@example("queue q \ud800")
@example("create \ud800; queue \ud800 {'\\ud800'}; joblist \ud800")
@example("queue -lang tcl q {set x \ud800}; waitall")
@example("help {}; help { }; help ns_job; help {ns_job }; help {ns_job help}")
@example("history NaN; watch; watch {}; ns_log; ns_log notice {}; py {}; py {await x}; py {return 1}; ns_eval {}")
def test_any_script_ends_in_a_result_or_an_error_where_jobs_run_at_once(script: str) -> None:
    with nsjob.Pool(immediate=True) as pool:
        pool.create("q", 2)
        attempt(pool, script)
        check(pool)


WAITING = {"wait", "waitany", "waitall"}


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(scripts.filter(lambda script: "wa" not in script and "-bl" not in script))
def test_any_script_ends_in_a_result_or_an_error_where_jobs_run_in_threads(script: str) -> None:
    pool = nsjob.Pool()
    try:
        pool.create("q", 2)
        attempt(pool, script)
        pool.configure(maxthreads=0)
        check(pool)
    finally:
        pool.shutdown(cancel=True, timeout=20)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_help_answers_or_says_what_is_near(topic: str) -> None:
    session = Session(nsjob.Pool(immediate=True))
    said = ""
    try:
        said = page(session.interp, topic)
    except nsjob.OptionError as error:
        said = str(error)
    assert said


# -- values -----------------------------------------------------------------------------------------------------------


CHANGE = """\
def change(x):
    for part in list(x.values() if type(x) is dict else x):
        if type(part) is not str:
            change(part)
    if type(x) is list:
        x.append("z")
    if type(x) is dict:
        x["new"] = "z"
change(v)
"""


@pytest.mark.parametrize(
    "made",
    [
        "[list a b]",
        "[dict create k [list a b]]",
        "[py {{'k': ['a', 'b']}}]",
        "[py {['a', 'b']}]",
        "[py {(['a', 'b'],)}]",
    ],
)
def test_what_a_job_changes_is_its_own(session: Session, made: str) -> None:
    change = CHANGE
    session.eval(f"set v {made}")
    before = text(session.eval("set v"))
    for way in ("-use v", "-vars [list v $v]", "-input $v"):
        script = change.replace("change(v)", "change(job.input)") if "input" in way else change
        session.eval(f"wait q [queue {way} q {{{script}}}]")
    session.eval(f"py {{{change}}}")
    assert text(session.eval("set v")) == before


def test_what_a_tcl_job_changes_is_its_own_and_each_attempt_begins_anew(session: Session) -> None:
    session.eval("set v [list a b]; set d [dict create k 1]")
    script = "lappend v x; dict set d k 2; if {[job attempt] < 3} {error again}; list $v $d"
    assert (
        text(session.eval(f"wait q [queue -lang tcl -retries 5 -backoff 0 -use {{v d}} q {{{script}}}]"))
        == "{a b x} {k 2}"
    )
    assert text(session.eval("list $v $d")) == "{a b} {k 1}"


def test_a_result_does_not_change_when_the_job_s_code_goes_on_to_change_its_own(session: Session) -> None:
    session.eval(
        "ns_eval {found = [1]; kept = {'k': found}}; set v [wait q [queue q {found}]]; set d [wait q [queue q {kept}]]"
    )
    session.eval("wait q [queue q {found.append(2)}]; lappend v z")
    assert text(session.eval("list $v $d [wait q [queue q {found}]]")) == "{1 z} {k 1} {1 2}"


def test_an_object_that_is_no_value_of_tcl_is_handed_on_as_it_is(session: Session) -> None:
    made = object()
    assert session.eval("wait q [queue -use it q {it}]", it=made) is made


def test_a_job_whose_error_has_no_text_fails_all_the_same(session: Session, failing: Failing) -> None:
    script = "class E(Exception):\n    def __str__(self): raise ValueError\nraise E"
    assert "its text cannot be had" in str(failing(f"wait q [queue q {{{script}}}]"))
