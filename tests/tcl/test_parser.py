"""The parser: what it makes of texts, word by word; and that no text gives it trouble, nor expressions and lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nsjob.tcl import Interp, ParseError, TclError, TclExit, is_complete, parse
from nsjob.tcl.arithmetic import tidy
from nsjob.tcl.expr import parse_expr
from nsjob.tcl.parser import DEEPEST, Command, Parser, Part, Script, Substitution, Variable, Word, parse_partly
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


# -- what it makes of texts -------------------------------------------------------------------------------------------


def plain(part: Part) -> Any:
    """A part of a word, with a script in brackets as `[start, end, commands, comments]` of it."""
    if isinstance(part, Substitution):
        script = part.script
        assert (script.start - 1, script.end + 1, script.error) == (part.start, part.end, None)
        return [part.start, part.end, [*map(words, script.commands)], [*script.comments]]
    if isinstance(part, Variable):
        element = part.element if part.element is None else [*map(plain, part.element)]
        return (part.start, part.end, part.name, element)
    return part


def words(command: Command) -> list[tuple[Any, ...]]:
    """The words of a command, each as `(start, end, kind, value or parts)`, with a True where it is expanded."""
    found = []
    for word in command.words:
        assert (word.value is None) != (word.parts is None)
        value = word.value if word.parts is None else [*map(plain, word.parts)]
        found.append((word.start, word.end, word.kind, value, *([True] if word.expand is not False else [])))
    return found


@pytest.mark.parametrize(
    ("source", "commands"),
    [
        ("", []),
        (" \n;;a;\\\n;\t", [[(4, 5, "bare", "a")]]),
        ('set X "b"; puts {d e}',
         [[(0, 3, "bare", "set"), (4, 5, "bare", "X"), (6, 9, "quoted", "b")],
          [(11, 15, "bare", "puts"), (16, 21, "braced", "d e")]]),
        ('XX$a "X$b" {*}{c} {*}$d;X',
         [[(0, 4, "bare", ["XX", (2, 4, "a", None)]), (5, 10, "quoted", ["X", (7, 9, "b", None)]),
           (11, 17, "braced", "c", True), (18, 23, "bare", [(21, 23, "d", None)], True)],
          [(24, 25, "bare", "X")]]),
        ("x $X_1 ${a b} ${a(i)} $a() $::a::b $a:b $ a$",
         [[(0, 1, "bare", "x"), (2, 6, "bare", [(2, 6, "X_1", None)]), (7, 13, "bare", [(7, 13, "a b", None)]),
           (14, 21, "bare", [(14, 21, "a", ["i"])]), (22, 26, "bare", [(22, 26, "a", [""])]),
           (27, 34, "bare", [(27, 34, "::a::b", None)]), (35, 39, "bare", [(35, 37, "a", None), ":b"]),
           (40, 41, "bare", "$"), (42, 44, "bare", "a$")]]),
        ("${a)} ${(b} ${a(b} ${a(b(c)}",
         [[(0, 5, "bare", [(0, 5, "a)", None)]), (6, 11, "bare", [(6, 11, "(b", None)]),
           (12, 18, "bare", [(12, 18, "a(b", None)]), (19, 28, "bare", [(19, 28, "a", ["b(c"])])]]),
        ("x$a(X$b[c X]\\)d)",
         [[(0, 16, "bare", ["x", (1, 16, "a", ["X", (5, 7, "b", None), [7, 12, [[(8, 9, "bare", "c"),
           (10, 11, "bare", "X")]], []], ")", "d"])])]]),
        ("a$$(b) $ab$cd",
         [[(0, 6, "bare", ["a$", (2, 6, "", ["b"])]),
           (7, 13, "bare", [(7, 10, "ab", None), (10, 13, "cd", None)])]]),
        ("[a {b} \"c\" $d]e]",
         [[(0, 16, "bare", [[0, 14, [[(1, 2, "bare", "a"), (3, 6, "braced", "b"), (7, 10, "quoted", "c"),
           (11, 13, "bare", [(11, 13, "d", None)])]], []], "e]"])]]),
        ("[a\n;b ; # c ]\n d]",
         [[(0, 17, "bare", [[0, 17, [[(1, 2, "bare", "a")], [(4, 5, "bare", "b")], [(15, 16, "bare", "d")]],
            [(8, 13)]]])]]),
        ("[a {b}\\\n\"c\"] [{*}] [{*}$a]",
         [[(0, 12, "bare", [[0, 12, [[(1, 2, "bare", "a"), (3, 6, "braced", "b"), (8, 11, "quoted", "c")]], []]]),
           (13, 18, "bare", [[13, 18, [[(14, 17, "braced", "*")]], []]]),
           (19, 26, "bare", [[19, 26, [[(20, 25, "bare", [(23, 25, "a", None)], True)]], []]])]]),
        ("[] [[a]]",
         [[(0, 2, "bare", [[0, 2, [], []]]), (3, 8, "bare", [[3, 8, [[(4, 7, "bare", [[4, 7, [[(5, 6, "bare", "a")]],
            []]])]], []]])]]),
        ("a {b}\\\n\"c\"\\\nd", [[(0, 1, "bare", "a"), (2, 5, "braced", "b"), (7, 10, "quoted", "c"),
                                   (12, 13, "bare", "d")]]),
        ("X\\n\"Y\" \\\n Z", [[(0, 6, "bare", 'X\n"Y"'), (10, 11, "bare", "Z")]]),
        ("{a \\\n  b} {a\\\\\nb} {\\\\\\\n c}",
         [[(0, 9, "braced", "a  b"), (10, 17, "braced", "a\\\\\nb"), (18, 26, "braced", "\\\\ c")]]),
        ("{*}  {*}\va {*}\\\nb {*}]c {*}",
         [[(0, 3, "braced", "*"), (5, 8, "braced", "*"), (9, 10, "bare", "a"), (11, 14, "braced", "*"),
           (16, 17, "bare", "b"), (18, 23, "bare", "]c", True), (24, 27, "braced", "*")]]),
        ("a\fb\vc\rd \"e\"\v{f}\f[g]\v$h\t\ri",
         [[(0, 1, "bare", "a"), (2, 3, "bare", "b"), (4, 5, "bare", "c"), (6, 7, "bare", "d"),
           (8, 11, "quoted", "e"), (12, 15, "braced", "f"), (16, 19, "bare", [[16, 19, [[(17, 18, "bare", "g")]], []]]),
           (20, 22, "bare", [(20, 22, "h", None)]), (24, 25, "bare", "i")]]),
        ('"a]b;c d#" ] "X\\$y\n" "[X]$"',
         [[(0, 10, "quoted", "a]b;c d#"), (11, 12, "bare", "]"), (13, 20, "quoted", "X$y\n"),
           (21, 27, "quoted", [[22, 25, [[(23, 24, "bare", "X")]], []], "$"])]]),
        ("x \ty\t z\v\tu [x \ty\t z\v\tu;v\nw\f]", [[(0, 1, "bare", "x"), (3, 4, "bare", "y"), (6, 7, "bare", "z"),
          (9, 10, "bare", "u"), (11, 28, "bare", [[11, 28, [[(12, 13, "bare", "x"), (15, 16, "bare", "y"),
          (18, 19, "bare", "z"), (21, 22, "bare", "u")], [(23, 24, "bare", "v")], [(25, 26, "bare", "w")]], []]])]]),
        ("a \\\n \t\\\n\t b \v\\\n c", [[(0, 1, "bare", "a"), (10, 11, "bare", "b"), (16, 17, "bare", "c")]]),
        ("\va\f;\r\tb\\\n", [[(1, 2, "bare", "a")], [(6, 7, "bare", "b")]]),
        ("$a(\\n$b\\)[c)]d)", [[(0, 15, "bare", [(0, 15, "a", ["\n", (5, 7, "b", None), ")",
          [9, 13, [[(10, 12, "bare", "c)")]], []], "d"])])]]),
        ("$Za_9 $::::x::y: $Z:z$Z::[d]",
         [[(0, 5, "bare", [(0, 5, "Za_9", None)]), (6, 16, "bare", [(6, 15, "::::x::y", None), ":"]),
           (17, 28, "bare", [(17, 19, "Z", None), ":z", (21, 25, "Z::", None),
             [25, 28, [[(26, 27, "bare", "d")]], []]])]]),
        ("a \vb \fc \rd \\\ne [a \vb \fc \rd \\\ne]",
         [[(0, 1, "bare", "a"), (3, 4, "bare", "b"), (6, 7, "bare", "c"), (9, 10, "bare", "d"), (13, 14, "bare", "e"),
           (15, 31, "bare", [[15, 31, [[(16, 17, "bare", "a"), (19, 20, "bare", "b"), (22, 23, "bare", "c"),
             (25, 26, "bare", "d"), (29, 30, "bare", "e")]], []]])]]),
        ("{a\\\nb} {a\\\n\tb}", [[(0, 6, "braced", "a b"), (7, 14, "braced", "a b")]]),
        ('"$a_b" "$a:::b"',
         [[(0, 6, "quoted", [(1, 5, "a_b", None)]), (7, 15, "quoted", [(8, 14, "a:::b", None)])]]),
        ("a#b #c\n;#d", [[(0, 3, "bare", "a#b"), (4, 6, "bare", "#c")]]),
    ],
)  # fmt: skip
def test_a_script_is_these_words(source: str, commands: list[Any]) -> None:
    script = parse_partly(source)

    assert [words(command) for command in script.commands] == commands
    assert [(command.start, command.end) for command in script.commands] == [
        (command[0][0], command[-1][1]) for command in commands
    ]
    assert (script.source, script.start) == (source, 0)
    assert script.end == (len(source) if script.error is None else 0)


def test_a_script_is_returned_or_what_is_wrong_is_raised() -> None:
    assert parse("a b") == Script("a b", 0, 3, [Command(0, 3, [Word(0, 1, "bare", "a"), Word(2, 3, "bare", "b")])])
    assert parse("$a").commands == [Command(0, 2, [Word(0, 2, "bare", None, [Variable(0, 2, "a")])])]
    with pytest.raises(ParseError, match="missing close-brace"):
        parse("a; {")


def test_the_commands_before_an_error_are_there_and_where_the_wrong_one_begins() -> None:
    script = parse_partly("a; b\n# c\n d {")

    assert [words(command) for command in script.commands] == [[(0, 1, "bare", "a")], [(3, 4, "bare", "b")]]
    assert (script.start, script.end, script.comments) == (0, 10, [(5, 8)])
    assert script.error is not None
    assert (script.error.at, script.error.open) == (12, "brace")


@pytest.mark.parametrize(
    ("source", "comments"),
    [
        ("# a\\\nb\n# c\\\\\n d;# e", [(0, 6), (7, 12), (16, 19)]),
        ("#", [(0, 1)]),
        ("#a\\", [(0, 3)]),
        ("a;#", [(2, 3)]),
        ("a #", []),
        ("#a\\b\nc", [(0, 4)]),
        ("#\\\n\\\nb\n#", [(0, 6), (7, 8)]),
    ],
)
def test_comments_end_with_their_line_unless_it_is_continued(source: str, comments: list[tuple[int, int]]) -> None:
    assert [*parse(source).comments] == comments


@pytest.mark.parametrize(
    ("source", "message", "at", "unclosed"),
    [
        ("a {b", "missing close-brace", 2, "brace"),
        ("a {b\\}", "missing close-brace", 2, "brace"),
        ("a [b", "missing close-bracket", 2, "bracket"),
        ("a [b {]", "missing close-brace", 5, "brace"),
        ("[a [b]", "missing close-bracket", 0, "bracket"),
        ("[# ]", "missing close-bracket", 0, "bracket"),
        ('a "b', 'missing "', 2, "quote"),
        ('a "b\\"', 'missing "', 2, "quote"),
        ("a $b(c", "missing )", 4, "paren"),
        ("a $b(\\)", "missing )", 4, "paren"),
        ("a ${b", "missing close-brace for variable name", 3, "variable"),
        ("a {b}c", "extra characters after close-brace", 5, None),
        ('a "b"c', "extra characters after close-quote", 5, None),
        ("a {b}X", "extra characters after close-brace", 5, None),
        ("a {b}]", "extra characters after close-brace", 5, None),
        ('[a "b"c]', "extra characters after close-quote", 6, None),
        ("{*}{b}c", "extra characters after close-brace", 6, None),
        # A brace in a comment may be why; Tcl looks for it line by line, and only before the last brace of a line.
        ('set a "\n#{" { b', "missing close-brace", 12, "brace"),
        ("{# { b", "missing close-brace", 0, "brace"),
        ("{a\n# { b", "missing close-brace: possible unbalanced brace in comment", 0, "brace"),
        ("{a\n #{ b", "missing close-brace: possible unbalanced brace in comment", 0, "brace"),
        ("{a\n b # \n c {", "missing close-brace", 0, "brace"),
        ("# x {\nset a {b", "missing close-brace", 12, "brace"),
        ("a # {}\nset a {b", "missing close-brace", 13, "brace"),
        ("{a\n#b\n{c", "missing close-brace", 0, "brace"),
        ("{a\nb#{ c", "missing close-brace", 0, "brace"),
        ("a {b # {", "missing close-brace: possible unbalanced brace in comment", 2, "brace"),
        ("{X {\n# {Y", "missing close-brace: possible unbalanced brace in comment", 0, "brace"),
        ("{a\nX#X {", "missing close-brace", 0, "brace"),
        *[
            (f"{{a{blank}# {{", "missing close-brace: possible unbalanced brace in comment", 0, "brace")
            for blank in " \t\v\f\r"
        ],
    ],
)
def test_what_is_wrong_with_a_text_and_where(source: str, message: str, at: int, unclosed: str | None) -> None:
    with pytest.raises(ParseError) as caught:
        parse(source)

    assert (str(caught.value), caught.value.at, caught.value.open) == (message, at, unclosed)
    assert is_complete(source) == (unclosed is None)


@pytest.mark.parametrize(
    ("source", "complete"),
    [
        ("# foo \\\n", False), ("foo \\\\\n", True), ("foo \\\\\\\n", False), ("# foo \\\\\n", True),
        ("foo {a \\\n}", True), ("foo \\\n\n", True), ("\\\n", False), ("\\\\\n", True), ("foo\n", True),
        ("foo \\\\\\\\\n", True), ("foo \\\\\nfoo \\\n", False),
    ],
)  # fmt: skip
def test_a_line_is_continued_by_an_odd_number_of_backslashes(source: str, complete: bool) -> None:
    assert is_complete(source) is complete


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("$a(", ")"), ("[$a(", ")]")])
def test_so_many_brackets_may_be_within_brackets(opening: str, closing: str) -> None:
    most = DEEPEST // len(closing)
    deep = opening * most + closing * most

    assert len(parse(f"{deep} {deep}\n{deep}").commands) == 2
    with pytest.raises(ParseError) as caught:
        parse(f"{deep} x{opening}{deep}{closing}")

    error = caught.value
    assert (str(error), error.open) == ("too many nested evaluations (infinite loop?)", None)
    assert error.code == ("TCL", "LIMIT", "STACK")
    assert error.at == len(deep) + 2 + len(opening) * most


@pytest.mark.parametrize(
    ("source", "end", "word", "expected"),
    [
        ("abc", 2, True, Word(0, 2, "bare", "ab")),
        ("a\\nb", 2, True, Word(0, 2, "bare", "a\\")),
        ("$ab", 2, True, Word(0, 2, "bare", None, [Variable(0, 2, "a")])),
        ("{a} b", 3, True, Word(0, 3, "braced", "a")),
        ("{a}b", 3, True, Word(0, 3, "braced", "a")),
        ('"a"b', 3, True, Word(0, 3, "quoted", "a")),
        ("{a}", 2, True, "brace"),
        ('"a"', 2, True, "quote"),
        ("[a]", 2, True, "bracket"),
        ("${a}", 3, True, "variable"),
        ("$a(b)", 4, True, "paren"),
        ("# ab", 3, False, Script("# ab", 0, 3, [], [(0, 3)])),
        ("a\nb", 2, False, Script("a\nb", 0, 2, [Command(0, 1, [Word(0, 1, "bare", "a")])])),
        ("{a} \\\n ;", 6, False, Script("{a} \\\n ;", 0, 6, [Command(0, 3, [Word(0, 3, "braced", "a")])])),
        ("", 0, False, Script("", 0, 0, [])),
    ],
)
def test_nothing_is_read_after_the_end_that_is_given(source: str, end: int, word: bool, expected: object) -> None:
    parser = Parser(source, end)
    if isinstance(expected, str):
        with pytest.raises(ParseError) as caught:
            parser.plain_word(0, False)
        assert caught.value.open == expected
    elif word:
        assert parser.plain_word(0, False) == expected
    else:
        assert parser.script(0, False) == expected


@pytest.mark.parametrize(
    ("source", "nested", "word"),
    [
        ("{*}", False, Word(0, 3, "braced", "*")),
        ("{*}]", True, Word(0, 3, "braced", "*")),
        ("{*}]", False, Word(0, 4, "bare", "]", None, True)),
        ("{*}a]", True, Word(0, 4, "bare", "a", None, True)),
        ("{*}a]", False, Word(0, 5, "bare", "a]", None, True)),
        ('{*}"a"]', True, Word(0, 6, "quoted", "a", None, True)),
        ("{*}X", False, Word(0, 4, "bare", "X", None, True)),
        ("{*};", False, Word(0, 3, "braced", "*")),
        ("{*}\\a", False, Word(0, 5, "bare", "\a", None, True)),
        ("{*}{*}", False, Word(0, 6, "braced", "*", None, True)),
        ("{a}]", True, Word(0, 3, "braced", "a")),
    ],
)
def test_what_is_expanded(source: str, nested: bool, word: Word) -> None:
    assert Parser(source).word(0, nested) == word


def test_scripts_are_compared_by_what_is_in_them() -> None:
    error = ParseError("wrong", 0)
    assert Script("a", 0, 1, [], [(0, 1)], error).error is error
    assert parse("a; #b") == parse("a; #b") != parse("a; #c")
    for other in ("b", "a; b", " a", "a #"):
        assert parse("a") != parse(other)
    assert parse("a") != parse_partly("a {")
    assert parse("a") != "a"
    with pytest.raises(TypeError):
        hash(parse("a"))


def test_a_script_is_shown_with_its_commands() -> None:
    assert repr(parse("")) == "<Script 0-0: []>"
    assert repr(parse("a")) == f"<Script 0-1: {[Command(0, 1, [Word(0, 1, 'bare', 'a')])]!r}>"
    assert repr(parse_partly("{")) == f"<Script 0-0: [], {parse_partly('{').error!r}>"


@pytest.mark.parametrize("nest", ['puts [a "', "[", "$a([b ", '"[', "{*}[a $b(["])
def test_nesting_that_the_callers_stack_has_no_room_for_is_the_parsers_own_error(nest: str) -> None:
    def from_below(depth: int) -> ParseError | None:
        return parse_partly(nest * 300).error if not depth else from_below(depth - 1)

    for depth in (0, 300, 600, 800):
        error = from_below(depth)
        assert error is not None
        assert str(error) == "too many nested evaluations (infinite loop?)" or error.open is not None
