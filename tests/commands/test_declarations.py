"""What every command says of itself, and what it says to every wrong word: all taken from the declarations."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

import nsjob
from nsjob.commands.declare import GENERAL, NS_JOB
from nsjob.commands.helping import page
from nsjob.commands.hints import hint
from nsjob.commands.inside import JOB
from nsjob.commands.spec import Option, Spec
from nsjob.commands.words import WORDS
from nsjob.shell.session import Session
from nsjob.tcl.values import list_text
from tests.commands.conftest import Failing

SPECS = {**NS_JOB.specs, **GENERAL}
assert set(SPECS) <= {*WORDS, "exec"}  # where they are put together, all have been declared
OPTIONS = [(spec, option) for spec in SPECS.values() for option in spec.options.values()]
VALUED = [(spec, option) for spec, option in OPTIONS if option.kind is not None]

GOOD = {
    "queueId": "q", "jobId": "job0", "value": "v", "script": "1", "command": "list 1", "topic": "t", "file": "f",
    "arg": "word", "integer[1,MAX]": "1", "integer[0,MAX]": "1", "number": "1.5", "time": "100", "priority": "7",
    "list": "", "dict": "a 1", "python|tcl": "tcl", "continue|pause|cancel": "pause", "severity": "notice",
    "priority|time|state": "time", "json": "1", "indexes": "1..3", "template": "t", "subcommand": "list",
    "ns_job|tasker": "tasker",
}  # fmt: skip
NEEDED = {"create": "new", "exec": "programs"}  # the queues that these want
BAD = {
    "integer[1,MAX]": ["abc", "", "1.5", "0", "-1"],
    "integer[0,MAX]": ["abc", "", "1.5", "-1"],
    "number": ["abc", ""],
    "time": ["abc", "", "-1s", "1x", "1:", "1e999"],
    "priority": ["abc", "", "1.5", "256", "-1", "hihg"],
    "json": ["abc", "", "{", "NaN"],
    "indexes": ["abc", "9..5", "1-5", "1...5", "-1"],
    "ns_job|tasker": ["other", ""],
    "priority|time|state": ["name", ""],
    "list": ["{", 'a "'],
    "dict": ["{", "odd"],
    "python|tcl": ["perl", ""],
    "continue|pause|cancel": ["stop", "", "c"],
    "severity": ["loud", ""],
}


def words(spec: Spec) -> list[str]:
    """Arguments that the command takes."""
    return [GOOD[argument.kind.shown] for argument in spec.arguments if argument.required]


def line(spec: Spec, *given: str) -> str:
    """The command with these words."""
    return list_text([*spec.name.split(), *given])


def named(pairs: list[tuple[Spec, Option]]) -> list[str]:
    return [f"{spec.short}{option.name}" for spec, option in pairs]


def beginnings(spec: Spec, name: str) -> Iterator[str]:
    """The proper beginnings of an option."""
    yield from (name[:size] for size in range(2, len(name)) if name[:size] not in spec.options)


# -- arguments --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SPECS)
def test_too_few_arguments_are_answered_with_the_usage(failing: Failing, name: str) -> None:
    spec = SPECS[name]
    given = words(spec)
    for size in range(len(given)):
        error = failing(line(spec, *given[:size]))
        assert str(error) == f'wrong # args: should be "{spec.usage}"'
        assert error.code == ("TCL", "WRONGARGS")


@pytest.mark.parametrize("name", [name for name, spec in SPECS.items() if not any(a.rest for a in spec.arguments)])
def test_too_many_arguments_are_answered_with_the_usage(failing: Failing, name: str) -> None:
    spec = SPECS[name]
    given = [GOOD[argument.kind.shown] for argument in spec.arguments]
    error = failing(line(spec, *given, "extra"))
    assert str(error) == f'wrong # args: should be "{spec.usage}"'


ARGUMENTS = [
    (spec, place, argument.kind.shown)
    for spec in SPECS.values()
    for place, argument in enumerate(spec.arguments)
    if argument.kind.shown in BAD
]


@pytest.mark.parametrize(
    ("spec", "place", "shown"),
    ARGUMENTS,
    ids=[f"{spec.short}-{spec.arguments[place].name}" for spec, place, _ in ARGUMENTS],
)
def test_an_argument_that_cannot_be_is_named_with_what_would_be_right(
    failing: Failing, spec: Spec, place: int, shown: str
) -> None:
    given = [GOOD[argument.kind.shown] for argument in spec.arguments]
    for value in BAD[shown]:
        if value.startswith("-") and not place:
            continue
        check_message(
            str(failing(line(spec, *given[:place], value, *given[place + 1 :]))), spec.arguments[place].name, value
        )


def test_usage_of_every_command_is_made_of_its_words() -> None:
    for spec in SPECS.values():
        for argument in spec.arguments:
            assert f"/{argument.name}{argument.kind.bounds}/" in spec.usage
        for option in spec.options.values():
            assert (option.usage in spec.usage) == option.own
        others = [option for option in spec.options.values() if not option.own and option.kind is not None]
        assert ("?-option /value/ ...?" in spec.usage) == bool(others)


# -- options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("spec", "option"), OPTIONS, ids=named(OPTIONS))
def test_a_misspelt_option_is_answered_with_the_near_one_and_all(failing: Failing, spec: Spec, option: Option) -> None:
    wrong = f"{option.name}z"
    message = str(failing(line(spec, wrong, "1", *words(spec))))
    assert message.startswith(f'{spec.name}: bad option "{wrong}", did you mean "{option.name}"?; must be ')
    for known in spec.options:
        assert known in message


@pytest.mark.parametrize(("spec", "option"), VALUED, ids=named(VALUED))
def test_an_option_without_its_value_is_named(failing: Failing, spec: Spec, option: Option) -> None:
    message = str(failing(line(spec, option.name)))
    assert message == f"{spec.name}: the option {option.name} needs a value: {option.usage.strip('?')}"


def check_message(message: str, name: str, value: str) -> None:
    """That a message names the word or its value, and says what would be right."""
    assert name.lstrip("-") in message or repr(value) in message or f'"{value}"' in message or value in message.split()
    assert re.search(r"expected|must be|should be|takes", message), message


@pytest.mark.parametrize(("spec", "option"), VALUED, ids=named(VALUED))
def test_a_value_that_cannot_be_is_answered_with_what_would_be_right(
    session: Session, failing: Failing, spec: Spec, option: Option
) -> None:
    assert option.kind is not None
    session.eval("create -engine command programs")
    before = session.eval("list [queuelist] [configure]")
    for value in BAD.get(option.kind.shown, ()):
        given = words(spec)
        given[:1] = [NEEDED.get(spec.short, word) for word in given[:1]]
        check_message(str(failing(line(spec, option.name, value, *given))), option.name, value)
    assert session.eval("list [queuelist] [configure]") == before


CHOICES = [(spec, option) for spec, option in VALUED if option.kind is not None and option.kind.choices]


@pytest.mark.parametrize(("spec", "option"), CHOICES, ids=named(CHOICES))
def test_each_choice_is_taken_and_the_message_lists_all(failing: Failing, spec: Spec, option: Option) -> None:
    assert option.kind is not None
    message = str(failing(line(spec, option.name, "nonsense", *words(spec))))
    for choice in option.kind.choices:
        assert choice in message
        assert spec.bind([option.name, choice, *words(spec)])[1] == {option.keyword: choice}


@pytest.mark.parametrize(("spec", "option"), OPTIONS, ids=named(OPTIONS))
def test_a_unique_beginning_of_an_option_is_enough_and_others_are_ambiguous(spec: Spec, option: Option) -> None:
    value = [] if option.kind is None else [GOOD[option.kind.shown]]
    full = spec.bind([option.name, *value, *words(spec)])
    for begun in beginnings(spec, option.name):
        meant = [name for name in spec.options if name.startswith(begun)]
        own = [name for name in meant if spec.options[name].own]
        if [option.name] in (meant, own):
            assert spec.bind([begun, *value, *words(spec)]) == full
        elif len(own) != 1:
            with pytest.raises(nsjob.tcl.TclError, match=f'ambiguous option "{begun}"') as raised:
                spec.bind([begun, *value, *words(spec)])
            for name in meant:
                assert name in str(raised.value)


@pytest.mark.parametrize("name", [name for name, spec in SPECS.items() if spec.options and spec.arguments])
def test_two_dashes_end_the_options(name: str) -> None:
    spec = SPECS[name]
    if spec.arguments[0].kind.shown == "severity":
        return
    given, options = spec.bind(["--", "-x", *words(spec)[1:]])
    assert (given[0], options) == ("-x", {})


def test_a_queue_whose_name_begins_with_a_dash_can_be_used(session: Session) -> None:
    assert session.eval("create -- -x; queue -- -x {6 * 7}; wait -- -x job0") == 42
    assert session.eval("pause -x; queues") == ["q", "-x"]


TRAILING = [(spec, option) for spec, option in OPTIONS if spec.arguments and not spec.arguments[-1].rest]


@pytest.mark.parametrize(("spec", "option"), TRAILING, ids=named(TRAILING))
def test_options_after_the_arguments_get_a_hint(session: Session, failing: Failing, spec: Spec, option: Option) -> None:
    value = [] if option.kind is None else [GOOD[option.kind.shown]]
    given = [GOOD[argument.kind.shown] for argument in spec.arguments]
    error = failing(line(spec, *given, option.name, *value))
    assert str(error) == f'wrong # args: should be "{spec.usage}"'
    said = hint(session.shell, error)
    assert said == f"options come before the {spec.arguments[0].name}: {spec.name} {option.name} ... {given[0]} ..."


# -- subcommands ------------------------------------------------------------------------------------------------------


def test_a_time_that_looks_like_that_of_a_clock_gets_a_hint(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(session.shell.face, "hint", told.append)

    session.eval("wait -timeout 1:30 q [queue -jobid 1:31 -delay 0:500 q {1}]")

    assert told == ["-timeout 1:30 is 1.00003 seconds (seconds:microseconds); for minutes and seconds: 90s"]


def test_unique_beginnings_of_subcommands_are_accepted() -> None:
    names = list(NS_JOB.specs)
    for name in names:
        for begun in (name[:size] for size in range(1, len(name) + 1)):
            meant = [other for other in names if other.startswith(begun)]
            own = [other for other in meant if other in NS_JOB.original]
            if begun in names:
                assert NS_JOB.find(begun) == begun
            elif len(own) == 1:
                assert NS_JOB.find(begun) == own[0]
            elif len(meant) == 1:
                assert NS_JOB.find(begun) == name
            else:
                with pytest.raises(nsjob.tcl.TclError, match=f'ns_job: ambiguous subcommand "{begun}": must be '):
                    NS_JOB.find(begun)


@pytest.mark.parametrize("name", NS_JOB.specs)
def test_a_misspelt_subcommand_gets_the_near_one_as_a_hint(session: Session, failing: Failing, name: str) -> None:
    error = failing(f"ns_job {name}zz q")
    assert hint(session.shell, error) == f'did you mean "{name}"?'


@pytest.mark.parametrize("name", SPECS)
def test_a_misspelt_command_gets_a_near_one_as_a_hint(session: Session, failing: Failing, name: str) -> None:
    assert hint(session.shell, failing(f"{name}z q")).startswith('did you mean "')


# -- help -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SPECS)
def test_help_shows_usage_text_options_and_an_example(session: Session, name: str) -> None:
    spec = SPECS[name]
    shown = session.eval(f"help {name}")
    assert shown.startswith(spec.usage + "\n")
    for sentence in (spec.summary, *(option.doc for option in spec.options.values())):
        assert sentence.endswith(".")
        assert " ".join(sentence.split()) in " ".join(shown.split())
    for argument in spec.arguments:
        assert argument.doc.endswith(".")
    assert "Example:" in shown
    assert max(map(len, shown.replace(spec.usage, "").splitlines())) <= 80
    if name in NS_JOB.specs:
        assert session.eval(f"help ns_job {name}") == shown


@pytest.mark.parametrize("name", SPECS)
def test_the_example_of_every_command_runs(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    pool = nsjob.Pool()
    try:
        script = page(Session(pool).interp, name).partition("Example:\n")[2]
        Session(pool).eval(script)
    finally:
        pool.shutdown(cancel=True, timeout=20)


def test_help_without_a_topic_lists_every_command(session: Session) -> None:
    shown = session.eval("help")
    for name in SPECS:
        assert re.search(rf"^  {name} +\S", shown, re.MULTILINE), name
    assert max(map(len, shown.splitlines())) <= 80


def test_help_of_what_is_not_there_says_what_is_near(failing: Failing) -> None:
    assert str(failing("help creat3")) == 'there is no command "creat3", did you mean "create"?'


def test_help_knows_the_commands_of_tcl_and_the_procs_of_the_shell(session: Session) -> None:
    assert session.eval("help string length").startswith("string length string")
    session.eval("proc greet {name {how hello}} {return $how}")
    assert session.eval("help greet").startswith("greet name ?how?")


@pytest.mark.parametrize("name", JOB.specs)
def test_every_subcommand_of_job_is_documented(name: str) -> None:
    spec = JOB.specs[name]
    assert spec.summary.endswith(".")
    assert all(argument.doc for argument in spec.arguments)
