"""The parser and the values survive any text: no other exception than their own, and places that are right."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nsjob.tcl import Interp, ParseError, TclError, TclExit, is_complete, parse
from nsjob.tcl.arithmetic import tidy
from nsjob.tcl.expr import parse_expr
from nsjob.tcl.parser import Script, Substitution, Variable, parse_partly
from nsjob.tcl.values import float_text, list_text, parse_list, text

# Mostly signs that mean something.
TEXTS = st.text(
    alphabet=st.one_of(st.sampled_from('{}[]"$\\;#()* \n\tab1:.-+&|<>?!=,é\0'), st.characters()), max_size=60
)
DEEP = 300_000


def scripts(script: Script) -> Iterator[Script]:
    yield script
    for command in script.commands:
        for word in command.words:
            yield from nested(word.parts or [])


def nested(parts: list[object]) -> Iterator[Script]:
    for part in parts:
        if isinstance(part, Substitution):
            yield from scripts(part.script)
        elif isinstance(part, Variable):
            yield from nested(list(part.element or []))


@settings(deadline=None)
@given(TEXTS)
def test_any_text_is_parsed_or_is_a_parse_error(source: str) -> None:
    error = parse_partly(source).error
    if error is None:
        parse(source)
        return
    assert 0 <= error.at <= len(source)
    assert is_complete(source) == (error.open is None)
    with pytest.raises(ParseError):
        parse(source)


@settings(deadline=None)
@given(TEXTS)
def test_the_places_of_words_are_theirs(source: str) -> None:
    for script in scripts(parse_partly(source)):
        for command in script.commands:
            assert command.start == command.words[0].start
            assert command.end == command.words[-1].end
            for word, after in zip(command.words, command.words[1:], strict=False):
                assert word.end < after.start
            for word in command.words:
                shown = source[word.start : word.end]
                if word.kind == "braced":
                    assert shown.removeprefix("{*}")[0] + shown[-1] == "{}"
                elif word.kind == "quoted":
                    assert shown.removeprefix("{*}")[0] + shown[-1] == '""'
                elif word.value is not None and "\\" not in shown and not word.expand:
                    assert shown == word.value


@settings(deadline=None)
@given(TEXTS)
@example("[" * 5000)
@example("$a(" * 5000)
@example("expr {" + "!" * 50_000 + "1}")
@example("proc p {} {expr {" + "(" * 50_000 + "1" + ")" * 50_000 + "}}; p")
@example("expr {" + "1?1:" * 20_000 + "1}")
def test_any_text_is_evaluated_or_is_an_error(source: str) -> None:
    interp = Interp()
    for name in ("exec", "open", "file", "cd", "source", "after", "gets", "read"):
        interp.rename(name, "")
    try:
        text(interp.eval(source))
    except (TclError, TclExit):
        pass


@settings(deadline=None)
@given(TEXTS)
@example("(" * DEEP)
@example("-" * DEEP + "1")
@example("1?" * DEEP)
@example("!" * DEEP)
def test_any_text_is_an_expression_or_an_error(source: str) -> None:
    try:
        tidy(parse_expr(source)[1])
    except TclError:
        pass


def test_what_is_never_closed_is_found_open_however_long_it_is() -> None:
    for sign in '{["':
        assert not is_complete(sign + "a " * DEEP) or sign == '"'
    assert not is_complete("{" * DEEP)
    assert is_complete("{" * DEEP + "}" * DEEP)
    assert is_complete("[a] " * (DEEP // 10))


@settings(deadline=None)
@given(st.lists(st.text(alphabet=st.one_of(st.sampled_from('{}[]"$\\;# \n\ta1'), st.characters()))))
def test_a_list_is_what_its_text_says(elements: list[str]) -> None:
    assert [text(element) for element in parse_list(list_text(elements))] == elements


@settings(deadline=None)
@given(st.recursive(st.text(max_size=5), lambda inner: st.lists(inner, max_size=4), max_leaves=20))
def test_a_list_in_a_list_comes_back(value: object) -> None:
    def same(found: object, wanted: object) -> bool:
        if isinstance(wanted, str):
            return text(found) == wanted
        assert isinstance(wanted, list)
        parts = parse_list(text(found))
        return len(parts) == len(wanted) and all(map(same, parts, wanted))

    if isinstance(value, list):
        assert same(list_text(value), value)


@settings(deadline=None)
@given(st.floats())
def test_a_float_is_what_its_text_says(value: float) -> None:
    shown = float_text(value)
    assert float(shown) == value or value != value
