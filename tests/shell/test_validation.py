"""Validation: what is wrong for certain is told at its place before it is sent; and how far lines are indented."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from prompt_toolkit.document import Document
from prompt_toolkit.validation import ValidationError

import nsjob
from nsjob.commands.declare import GENERAL, NS_JOB
from nsjob.commands.spec import Spec
from nsjob.shell.line.indentation import closing_indentation, indentation
from nsjob.shell.line.validation import NsjobValidator, mistakes
from nsjob.shell.session import Session
from nsjob.tcl import TclError, is_complete
from tests.shell.drafts import DEEP, TEXTS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def session(pool: nsjob.Pool) -> Session:
    return Session(pool)


@pytest.fixture(scope="module")
def anywhere() -> Iterator[Session]:
    with nsjob.Pool() as pool:
        yield Session(pool)


def wrong(session: Session, marked: str) -> str:
    """What is wrong with a text, which must be at the place of the mark in it."""
    place = marked.index("¦")
    text = marked.replace("¦", "")
    found = mistakes(session, text)
    assert found is not None
    assert f"{text[: found[0]]}¦{text[found[0] :]}" == marked
    assert place == found[0]
    return found[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("puts {a}¦b", "extra characters after close-brace"),
        ('puts "a"¦b', "extra characters after close-quote"),
        ("¦}", "extra close-brace"),
        ("if {1} {\n    puts a\n}\n¦}", "extra close-brace"),
        ("if {1} {puts a} ¦}", "extra close-brace"),
        ("puts a\n¦]", "extra close-bracket"),
        ('if {1} {puts ¦"a}', 'missing "'),
        ("foreach x $l {puts ¦[f $x}", "missing close-bracket"),
        ("if {¦$x >} {puts a}", "missing operand in the expression"),
    ],
)
def test_tcl_that_cannot_be_is_told_at_its_place(session: Session, text: str, said: str) -> None:
    assert wrong(session, text) == said


@pytest.mark.parametrize(
    "text",
    [
        "queue q {x = [1,",
        "puts [wait q",
        'puts "a',
        "foreach x $l {",
        "puts a \\\n",
        "queue q {\n    if x",
        "puts ${a",
        "",
    ],
)
def test_text_that_goes_on_is_not_wrong(session: Session, text: str) -> None:
    assert mistakes(session, text) is None


@pytest.mark.parametrize(
    "text",
    [
        "puts hi}",
        "set x }",
        "queue q {1 + 1}",
        "queue q {\n    x = 1\n    if x:\n        x = 2\n    x\n}",
        "queue q {return 1}",
        "queue q {for i in (1, 2):\n        print(i)\n}",
        "wait q $job",
        "wait {*}$both",
        "queue {*}$args",
        "catch {wait q}",
        'queue q "f($x)"',
        "queue $q {set x 5; puts",
        "set x [queue -timeout $time q {1}]",
        "queue $flag q {1}",
        "unheard of $x",
        "queue -lang tcl q {set x 5}",
        "switch $x {a - b {puts c}}",
        "resize q $n",
        "if $x {puts a} else {puts b}",
        "expr $a + 1",
        "queue q {await f()}",
        "py {import math}",
        "ns_eval -lang tcl {proc f {x} {}}",
        "foreach {a b} $l {puts $a}",
        "if 1 puts",
        "proc queue {a} {}; queue 1 2 3 4",
        "proc f {x} {lindex $x}; rename lindex first; first",
        "queue -lang $l q {set x 5}",
        "try {wait} on error {} {puts a}",
        "puts $a([set x])",
        "apply {{x} {incr x}} 1",
        "help wait",
        "watch 2s joblist q",
        "create -lang tcl new; queue new {set x 5}",
        "configure -lang tcl; queue q {set x 5}",
        "configure -lang $l; queue q {set x 5}",
        "create -lang tcl $name; queue $name {set x 5}",
        "queue -- q {1}",
        "queue -priority 200 q {1}",
        "queue -prio high q {1}",
    ],
)
def test_what_may_be_right_is_not_wrong(session: Session, text: str) -> None:
    if is_complete(text):
        assert mistakes(session, text) is None


# -- commands ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*NS_JOB.specs, *GENERAL])
def test_what_a_command_would_refuse_is_told_as_it_would_say_it(session: Session, name: str) -> None:
    spec = NS_JOB.specs.get(name) or GENERAL[name]
    least = sum(argument.required and not argument.spared for argument in spec.arguments)
    name = spec.name
    if least:
        assert wrong(session, name + "¦") == str(spec.wrong_args())
    if not any(argument.rest for argument in spec.arguments):
        surplus = " ".join(["1"] * len(spec.arguments))
        assert wrong(session, f"{name} {surplus}{' ' * bool(surplus)}¦1").startswith(str(spec.wrong_args()))
    if spec.options:
        assert wrong(session, f"set x [{name} ¦-nothing]").startswith(f'{spec.name}: bad option "-nothing"')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("queue ¦-hed q {1}", 'ns_job queue: bad option "-hed", did you mean "-head"?'),
        ("ns_job ¦wiat q", 'ns_job: bad subcommand "wiat" - did you mean "wait"?'),
        ("queue -timeout ¦1:xx q {2}", 'expected time value but got "1:xx"'),
        ("resize q ¦0", "expected integer in range [1,MAX] for 'maxthreads', but got 0"),
        ("ns_log ¦loud hi", 'unknown severity: "loud": should be one of: notice, warning, error, fatal, bug, debug'),
        ("queue q ¦-head {1}", "options come before the queueId"),
        ("wait q job0 ¦# comment", "a comment after a command needs a semicolon"),
        ("queue q x ¦+ 1", "a script of several words is written in braces"),
        ("queue -timeout¦", "the option -timeout needs a value"),
        ("proc f {} {\n    set job [queue q {1}]\n    wait q¦\n}", "wrong # args: should be"),
        ("queue q {1}; if {[wait ¦-bad q x]} {}", "bad option"),
        ("queue -lang tcl q {job ¦progess 1}", 'did you mean "progress"?'),
        ("foreach x {1 2} {switch $x {1 {create¦}}}", "wrong # args: should be"),
    ],
)
def test_mistakes_with_our_commands_are_told_at_their_place(session: Session, text: str, said: str) -> None:
    assert said in wrong(session, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("set¦", 'wrong # args: should be "set varName ?newValue?"'),
        ("set x 1 ¦2", 'wrong # args: should be "set varName ?newValue?"'),
        ("string length a ¦b c", 'wrong # args: should be "string length string"'),
        ("puts [lindex¦]", 'wrong # args: should be "lindex list ?index ...?"'),
    ],
)
def test_so_are_mistakes_with_those_of_tcl(session: Session, text: str, said: str) -> None:
    assert wrong(session, text) == said


def test_a_program_that_replaced_a_command_decides_itself(session: Session) -> None:
    session.interp.register("wait", lambda *words: "")
    assert mistakes(session, "wait") is None


# -- what is right --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", [*NS_JOB.specs.values(), *GENERAL.values()], ids=lambda spec: spec.name)
def test_the_example_of_each_command_is_right(session: Session, spec: Spec) -> None:
    assert mistakes(session, spec.example) is None


@pytest.mark.parametrize("file", sorted((ROOT / "examples").glob("*.[nt][sc][jl]")), ids=lambda file: file.name)
def test_the_examples_are_right(session: Session, file: Path) -> None:
    assert mistakes(session, file.read_text(encoding="utf-8")) is None


@pytest.mark.parametrize("file", sorted((ROOT / "tests/tcl/corpus").glob("*.tcl")), ids=lambda file: file.stem)
def test_what_is_told_of_scripts_that_real_tcl_ran_makes_them_fail(
    session: Session, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for script in file.read_text(encoding="utf-8").split("\n#---\n"):
        if mistakes(session, script) is not None:
            with pytest.raises(TclError):
                Session(session.shell.pool).eval(script)


# -- Python -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "queue q {1 +¦}",
        "queue q {x = (¦1 = 2)}",
        "queue q {\n    x = 1\n    y = ¦= 2\n}",
        "foreach x $l {\n    queue q {\n        def f():\n            return ¦= 1\n    }\n}",
        'queue q ¦"1 +\\n"',
        'queue q "1 +¦"',
        "py {x ¦y}",
        "ns_eval {def f(¦:}",
        "queue -timeout 5 -head q {é = ¦= 2}",
        "ns_job queue q {x ¦y}",
        "set job [queue q {x ¦y}]",
    ],
)
def test_python_that_cannot_be_is_told_at_its_place(session: Session, text: str) -> None:
    assert wrong(session, text).startswith("Python: ")


def test_what_was_probably_meant_stands_beside_it(session: Session) -> None:
    assert "-use" in wrong(session, "queue q {f(¦$x)}")
    assert "-lang tcl" in wrong(session, "queue q {puts ¦$x}")


def test_nothing_of_what_is_entered_runs(session: Session) -> None:
    before = session.shell.pool.counts(), session.interp.globals.names()
    assert mistakes(session, "set made [queue q {1}]; wait q $made; create new; py {made = 1}; proc f {} {}; f") is None
    assert (session.shell.pool.counts(), session.interp.globals.names()) == before
    assert session.shell.namespace == {}
    assert "f" not in session.interp.commands


@settings(deadline=None)
@given(TEXTS)
def test_any_text_is_right_or_wrong_within_it(anywhere: Session, text: str) -> None:
    found = mistakes(anywhere, text)
    if found is not None:
        assert is_complete(text)
        assert 0 <= found[0] <= len(text)
        assert found[1]


@pytest.mark.parametrize("piece", DEEP)
def test_very_deep_texts_are_no_trouble(session: Session, piece: str) -> None:
    closers = {"[": "]", "{": "}", "(": ")", '"': '"'}
    text = piece * 300
    mistakes(session, text)
    mistakes(session, text + "".join(closers.get(sign, "") for sign in reversed(text)))
    indentation(text)
    closing_indentation(text)


def test_ten_thousand_lines_are_looked_through(session: Session) -> None:
    text = "queue q {1}\n" * 10_000
    found = mistakes(session, text + "wait q")
    assert found is not None
    assert found[0] == len(text) + len("wait q")


def test_the_prompt_gets_the_place_and_the_sentence(session: Session) -> None:
    with pytest.raises(ValidationError) as raised:
        NsjobValidator(session).validate(Document("puts a; }"))
    assert (raised.value.cursor_position, raised.value.message) == (8, "extra close-brace")
    NsjobValidator(session).validate(Document("puts a"))


# -- indentation ------------------------------------------------------------------------------------------------------


def typed(shown: str) -> str:
    """The text that a person gets who types the lines without their blanks."""
    text = ""
    for line in shown.splitlines():
        entered = line.lstrip()
        if text:
            blanks = closing_indentation(text) if entered.startswith("}") else indentation(text)
            text += f"\n{blanks}"
        text += entered
    return text


@pytest.mark.parametrize(
    "shown",
    [
        "puts a\nputs b",
        "foreach x $l {\n    if {$x} {\n        puts a\n    } else {\n        puts b\n    }\n    puts c\n}\nputs d",
        "set x [list {\n    a\n    b\n}]",
        "foreach x $l {if {$x} {\n        puts a\n    }\n}",
        "set job [queue q {\n    x = 1\n}]",
        "queue q {\n    for x in y:  # why\n        f(x)",
        "queue q {\n    d = {\n        1: 2,\n    }\n    f(d)\n}",
        "queue q {\n    f(\n        1,\n        2)\n    g()\n}",
        "queue q {\n    if a:\n        if b:\n            return 1\n        f()",
        "proc p {} {\n    queue q {\n        def f(x):\n            pass\n        f(1)\n    }\n    wait q\n}",
        "queue q {for x in y:\n        f(x)\n}",
        "queue -lang tcl q {\n    if {1} {\n        return\n    }\n}",
        "puts [f \\\n    a]",
        "foreach x {\n    a\n} {\n    puts $x\n}",
        "py {\n    x = ':'\n    y = 1  # so:\n    z = 2",
    ],
)
def test_lines_begin_where_they_belong(shown: str) -> None:
    assert typed(shown) == shown


def test_in_quotes_blanks_count() -> None:
    assert indentation('puts "a') == ""
    assert indentation("queue q {\n    x = '''a") == ""


def test_a_line_that_goes_on_is_further_in() -> None:
    assert indentation("foreach x $l {\n    puts \\") == "        "
    assert indentation("queue q {\n    x = \\") == "        "


def test_a_person_who_indents_by_two_goes_on_from_there() -> None:
    assert indentation("foreach x $l {\n  if {$x} {") == "      "
    assert indentation("queue q {\n  if x:") == "      "
    assert indentation("queue q {\n  x = 1") == "  "


def test_a_brace_that_closes_nothing_is_not_moved() -> None:
    assert closing_indentation("puts a\n") == ""


@settings(deadline=None)
@given(TEXTS)
def test_any_text_has_an_indentation_of_blanks(text: str) -> None:
    assert not indentation(text).strip(" ")
    assert not closing_indentation(text).strip(" ")
