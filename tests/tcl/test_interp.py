"""The interpreter as an embedder sees it: Python objects in and out, errors, interruption, depth."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import Any

import pytest

from nsjob.tcl import Interp, ParseError, TclError, TclExit, TclInterrupted, is_complete, parse
from nsjob.tcl.values import text


@pytest.fixture
def interp() -> Interp:
    return Interp()


def test_a_python_callable_is_a_command(interp: Interp) -> None:
    interp.register("greet", lambda interp, name: f"hello {name}")
    assert interp.eval("set x [greet world]; string length $x") == 11


def test_python_objects_go_in_and_come_out_as_themselves(interp: Interp) -> None:
    rows = [{"a": 1}, {"a": 2}]
    assert interp.eval("lindex $rows 1", rows=rows) is rows[1]
    thing = object()
    interp.register("thing", lambda interp: thing)
    assert interp.eval("set kept [thing]; set kept") is thing
    assert interp.eval('string length "$kept"') == len(str(thing))


def test_a_word_of_several_parts_is_text(interp: Interp) -> None:
    assert interp.eval('set n 5; set t "$n$n"') == "55"
    assert interp.eval("set n") == 5


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "1"), (None, ""), (1.0, "1.0"), (1e100, "1e+100"), ([1, "a b", []], "1 {a b} {}"), ((), ""),
        ({"a": [1, 2], "b c": None}, "a {1 2} {b c} {}"), (10**5000, "1" + "0" * 5000), (b"\xff", "\xff"),
        (float("nan"), "NaN"), ({1}, "1"),
    ],
    ids=range(11),
)  # fmt: skip
def test_every_value_has_a_text(value: Any, shown: str) -> None:
    assert text(value) == shown


def test_values_are_never_aliased(interp: Interp) -> None:
    interp.eval("set a {1 2}; lappend a 3; set b $a; lappend a 4; lappend b 5")
    assert interp.eval("list $a $b") == [[1, 2, 3, 4], [1, 2, 3, 5]]
    interp.eval("dict set d x 1; set e $d; dict set d x 2; dict set e y 3")
    assert interp.eval("list [dict get $d x] $e") == [2, {"x": 1, "y": 3}]


def test_what_an_embedder_gave_is_not_changed(interp: Interp) -> None:
    given: list[Any] = [1, 2]
    table = {"k": 1}
    interp.eval("lappend given 3; lset given 0 x; dict set table k 2", given=given, table=table)
    assert (given, table) == ([1, 2], {"k": 1})


def test_a_list_that_foreach_goes_through_may_grow_meanwhile(interp: Interp) -> None:
    assert interp.eval("set l {1 2}; lappend l 3; foreach x $l {lappend l $x}; llength $l") == 6
    assert interp.eval("proc p {} {set l {1 2}; lappend l 3; foreach x $l {lappend l $x}; llength $l}; p") == 6


def test_an_exception_of_python_is_an_error_with_its_class_as_code(interp: Interp) -> None:
    def fail(interp: Interp) -> None:
        raise KeyError("no such thing")

    interp.register("fail", fail)
    with pytest.raises(TclError, match="no such thing") as caught:
        interp.eval("fail")
    assert list(caught.value.code) == ["PYTHON", "KeyError"]
    assert isinstance(caught.value.__cause__, KeyError)
    assert interp.eval("catch fail m o; dict get $o -errorcode") == ["PYTHON", "KeyError"]
    assert "KeyError" in interp.eval("dict get $o -traceback")


def test_wrong_arguments_of_a_python_callable_are_an_error(interp: Interp) -> None:
    interp.register("one", lambda interp, a: a)
    with pytest.raises(TclError) as caught:
        interp.eval("one 1 2 3")
    assert caught.value.code == ("PYTHON", "TypeError")


def test_an_error_says_where_it_is(interp: Interp) -> None:
    source = "set a 1\nset b 2\nnosuch\n"
    with pytest.raises(TclError) as caught:
        interp.eval(source)
    error = caught.value
    assert (str(error), error.line) == ('invalid command name "nosuch"', 3)
    assert error.position == (source, source.index("nosuch"))
    assert error.info == 'invalid command name "nosuch"\n    while executing\n"nosuch"'
    assert interp.eval("set errorInfo") == error.info
    assert interp.eval("set errorCode") == ["TCL", "LOOKUP", "COMMAND", "nosuch"]


@pytest.mark.parametrize(
    "script",
    [
        "while 1 {}", "for {} 1 {} {}", "proc loop {} {while 1 {incr x}}; loop", "proc p {} {}; while 1 p",
        "while 1 {catch {while 1 {}}}", "foreach x $many {foreach y $many {}}", "after 3600000",
        "proc loop {} {foreach x $::many {foreach y $::many {}}}; loop", "lmap x $many {lmap y $many {set x}}",
    ],
)  # fmt: skip
def test_a_running_script_is_stopped_from_another_thread(interp: Interp, script: str) -> None:
    begun = threading.Event()
    interp.register("begun", lambda interp: begun.set())
    ended: list[BaseException] = []

    def run() -> None:
        try:
            interp.eval(f"begun; {script}", many=range(100_000))
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert begun.wait(30)
    interp.interrupt()
    thread.join(30)
    assert [type(error) for error in ended] == [TclInterrupted]
    assert interp.eval("expr 1+1") == 2


@pytest.mark.parametrize(
    "script",
    [
        "proc p {} {p}; p", "proc p {} {eval p}; p", "proc p {} {catch p m; error $m}; p", "set s {eval $s}; eval $s",
        "proc p {} {foreach x 1 p}; p", "proc p {} {if 1 {expr {[p]}}}; p", "proc p {} {uplevel 1 p}; p",
        "proc p {} {apply {{} p}}; p", "proc p {} {lmap x {1} {switch 1 {1 p}}}; p", "proc p {} {try p finally {}}; p",
        "proc p {} {subst {[p]}}; p", "proc p a {lsort -command p {b a}}; p x", "proc p {} {dict for {a b} {1 2} p}; p",
        "proc p args {p {*}$args}; p", "set x {$x}; proc p {} {expr {1 + [p]}}; p", "proc unknown args {nosuch}; foo",
    ],
)  # fmt: skip
def test_endless_recursion_is_an_error(interp: Interp, script: str) -> None:
    with pytest.raises(TclError) as caught:
        interp.eval(script)
    if "lsort" not in script:
        assert "too many nested evaluations (infinite loop?)" in str(caught.value)
    assert interp.eval("expr 1+1") == 2


@pytest.mark.parametrize(
    "again", ["interp.eval('again')", "interp.call(['again'])", "interp.eval('catch again m; error $m')"]
)
@pytest.mark.parametrize("way", ["{}", "sorted([2, 1], key=lambda item: {})", "[*map(lambda item: {}, [1])]"])
def test_endless_recursion_through_python_is_an_error(interp: Interp, again: str, way: str) -> None:
    interp.register("again", eval(f"lambda interp: {way.format(again)}"))
    answers: list[str] = []

    def run() -> None:
        try:
            interp.eval("again")
        except TclError as error:
            answers.append(str(error))

    run()
    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert answers == ["too many nested evaluations (infinite loop?)"] * 2
    assert interp.eval("expr 1+1") == 2


def test_endless_recursion_in_a_thread_is_an_error(interp: Interp) -> None:
    answers: list[str] = []

    def run() -> None:
        try:
            interp.eval("proc p {} {catch p; p}; proc q {} {lmap x 1 {try {eval {if 1 q}}}}; q")
        except TclError as error:
            answers.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert answers == ["too many nested evaluations (infinite loop?)"]


def test_the_recursion_limit_of_python_is_as_before_afterwards(interp: Interp) -> None:
    before = sys.getrecursionlimit()
    interp.eval("set x 1")
    with pytest.raises(TclError):
        interp.eval("proc p {} {p}; p")
    assert sys.getrecursionlimit() == before


def test_exit_is_a_system_exit_with_its_code(interp: Interp) -> None:
    with pytest.raises(TclExit) as caught:
        interp.eval("catch {exit 3}")
    assert caught.value.code == 3


def test_ctrl_c_ends_a_script_in_spite_of_catch() -> None:
    program = (
        "import signal, threading, _thread\n"
        "from nsjob.tcl import Interp\n"
        "interp = Interp()\n"
        "interp.register('ready', lambda interp: signal.raise_signal(signal.SIGINT))\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "try: interp.eval('while 1 {catch {ready; while 1 {}}}')\n"
        "except KeyboardInterrupt: print('stopped', interp.eval('expr 1+1'))\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert ended.stdout == "stopped 2\n", ended.stderr


def test_a_redefined_command_is_used_also_where_it_would_be_compiled_in(interp: Interp) -> None:
    interp.eval("proc p {} {incr ::n; if 1 {set ::n}}; p; p")
    assert interp.eval("rename incr old; proc incr name {uplevel 1 [list old $name 10]}; p") == 12


def test_interpreters_share_nothing() -> None:
    one, other = Interp(), Interp()
    one.eval("proc p {} {return 1}; set x 1")
    assert other.eval("info procs p") == []
    assert other.eval("info exists x") == 0


def test_a_script_is_parsed_to_commands_and_words_with_their_places() -> None:
    source = 'set a {b c}; puts "x $a(1) [foo]" # no comment'
    first, second = parse(source).commands
    assert [source[word.start : word.end] for word in first.words] == ["set", "a", "{b c}"]
    assert [word.kind for word in second.words] == ["bare", "quoted", "bare", "bare", "bare"]
    assert source[second.start : second.end] == 'puts "x $a(1) [foo]" # no comment'


@pytest.mark.parametrize(
    ("source", "what", "at"),
    [("set a {b {c}", "brace", 6), ("set a [b", "bracket", 6), ('a "b', "quote", 2), ("a $b(c", "paren", 4),
     ("a ${b", "variable", 3), ('a [b "c', "quote", 5)],
)  # fmt: skip
def test_what_is_open_and_where_is_told(source: str, what: str, at: int) -> None:
    assert not is_complete(source)
    with pytest.raises(ParseError) as caught:
        parse(source)
    assert (caught.value.open, caught.value.at) == (what, at)


@pytest.mark.parametrize("source", ["set a {b}c", "foo", "", "# {", "set a }", "a ]", "foo \\\\\n"])
def test_what_more_text_would_not_help_is_complete(source: str) -> None:
    assert is_complete(source)


def test_a_continued_line_is_not_complete() -> None:
    assert not is_complete("foo \\\n")


@pytest.mark.parametrize(
    ("script", "version"),
    [
        ("package require p", "1.0"),
        ("package prefer latest; package require p", "2.0b1"),
        ("package require p 2.0b1", "2.0b1"),
    ],
)
def test_a_stable_version_of_a_package_is_preferred_unless_told_otherwise(
    interp: Interp, script: str, version: str
) -> None:
    for known in ("1.0", "2.0b1"):
        interp.eval(f"package ifneeded p {known} {{package provide p {known}}}")
    assert text(interp.eval(script)) == version


def test_a_second_thread_is_told_that_the_interpreter_is_in_use() -> None:
    interp = Interp()
    refused: list[str] = []

    def second(_: Interp) -> str:
        def use() -> None:
            try:
                interp.eval("set x 1")
            except RuntimeError as error:
                refused.append(str(error))

        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
        return "first"

    interp.register("second", second)
    assert interp.eval("second; set y 2") == 2
    assert refused == ["another thread uses this interpreter: make one for each thread"]
    assert interp.eval("info exists x") == 0


def test_env_is_the_environment_of_the_moment_in_which_the_interpreter_was_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NSJOB_TEST", "before")
    older = Interp()
    older.eval("set env(NSJOB_TEST) after; unset -nocomplain env(NSJOB_NEVER)")
    assert os.environ["NSJOB_TEST"] == "after"
    monkeypatch.setenv("NSJOB_ALSO", "more")
    assert Interp().eval("list $env(NSJOB_TEST) $env(NSJOB_ALSO)") == ["after", "more"]
    assert older.eval("info exists env(NSJOB_ALSO)") == 0
    monkeypatch.delenv("NSJOB_ALSO")
    assert Interp().eval("info exists env(NSJOB_ALSO)") == 0
