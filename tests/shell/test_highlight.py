"""Highlighting: each piece of a text has the style of what it really is, however Tcl and Python are nested."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from prompt_toolkit.document import Document
from prompt_toolkit.layout.controls import BufferControl
from prompt_toolkit.layout.processors import TransformationInput

import nsjob
from nsjob.shell.line.brackets import MatchingBrackets, matching_bracket
from nsjob.shell.line.highlight import LARGEST, NsjobLexer, tokens
from nsjob.shell.line.palette import typing_style
from nsjob.shell.session import Session
from tests.shell.drafts import DEEP, TEXTS


@pytest.fixture
def session(pool: nsjob.Pool) -> Session:
    return Session(pool)


@pytest.fixture(scope="module")
def anywhere() -> Iterator[Session]:
    with nsjob.Pool() as pool:
        yield Session(pool)


def style(session: Session, text: str, piece: str, number: int = 1) -> str:
    """The style of the piece that reads so, the first or a later one."""
    found = [style for style, shown in tokens(session, text) if shown == piece]
    assert len(found) >= number, tokens(session, text)
    return found[number - 1].removeprefix("class:pygments.")


def test_commands_options_queues_and_numbers_differ(session: Session) -> None:
    text = "queue -timeout 5s images {1}"
    assert style(session, text, "queue") == "name.function"
    assert style(session, text, "-timeout") == "name.attribute"
    assert style(session, text, "5s") == "literal.number"
    assert style(session, text, "images") == "name.class"


def test_a_jobs_script_is_python(session: Session) -> None:
    text = "queue q {def f(x): return x}"
    assert style(session, text, "def") == "keyword"
    assert style(session, text, "return") == "keyword"


def test_braces_in_python_are_within_those_of_tcl(session: Session) -> None:
    text = 'queue q {d = {"a": {1}}; return d}; set x 1'
    assert style(session, text, "return") == "keyword"
    assert style(session, text, "set") == "keyword"
    assert style(session, text, "x") == "name.variable"


def test_python_within_a_loop_within_a_procedure_is_python(session: Session) -> None:
    text = "proc p {l} {foreach x $l {if {$x} {queue q {lambda: None}}}}"
    assert style(session, text, "lambda") == "keyword"
    assert style(session, text, "$x") == "name.variable"
    assert style(session, text, "queue") == "name.function"


def test_the_script_of_a_tcl_job_is_tcl(session: Session) -> None:
    text = "queue -lang tcl q {foreach x $l {job progress $x}}"
    assert style(session, text, "foreach") == "keyword"
    assert style(session, text, "job") == "name.function"
    assert style(session, text, "$x") == "name.variable"


def test_a_queues_own_language_counts(session: Session) -> None:
    session.eval("create -lang tcl old")
    assert style(session, "queue old {set x 1}", "set") == "keyword"
    assert style(session, "queue q {set x 1}", "set") == "name.builtin"  # Python's


def test_a_language_that_the_text_itself_sets_counts_from_there_on(session: Session) -> None:
    assert style(session, "queue q {set}\nconfigure -lang tcl\nqueue q {set}", "set", 1) == "name.builtin"
    assert style(session, "queue q {set}\nconfigure -lang tcl\nqueue q {set}", "set", 2) == "keyword"


def test_commands_in_brackets_within_quotes_are_commands(session: Session) -> None:
    text = 'puts "so: [wait q $job] and $x(a)"'
    assert style(session, text, "so: ") == "literal.string"
    assert style(session, text, "wait") == "name.function"
    assert style(session, text, "$job") == "name.variable"


def test_conditions_are_expressions(session: Session) -> None:
    text = "while {sqrt($x) >= 2 && $a eq {b}} {puts 1}"
    assert style(session, text, "sqrt") == "name.builtin"
    assert style(session, text, ">=") == "operator"
    assert style(session, text, "eq") == "operator"
    assert style(session, text, "2") == "literal.number"


def test_the_arms_of_a_switch_are_scripts_and_its_patterns_are_not(session: Session) -> None:
    text = "switch $x {puts {set y 1} default {puts b}}"
    assert style(session, text, "puts", 1) == ""
    assert style(session, text, "set") == "keyword"
    assert style(session, text, "puts", 2) == "name.function"


def test_a_text_in_braces_that_is_no_script_is_plain(session: Session) -> None:
    assert style(session, "set x {set y}", "set", 1) == "keyword"
    assert style(session, "set x {set y}", "set y") == ""


def test_comments_are_comments_only_where_a_command_could_be(session: Session) -> None:
    assert style(session, "puts a ;# b", "# b") == "comment"
    assert style(session, "if 1 {\n# b\nputs c}", "# b") == "comment"
    assert style(session, "puts #b", "#b") == ""


def test_options_that_there_are_not_are_marked_once_nothing_begins_so(session: Session) -> None:
    assert style(session, "queue -hea", "-hea") == "name.attribute"
    assert style(session, "queue -heaf", "-heaf") == "error"


def test_so_are_subcommands(session: Session) -> None:
    assert style(session, "ns_job wai q", "wai") == "name.function"
    assert style(session, "ns_job wiat q", "wiat") == "error"
    assert style(session, "string lenght a", "lenght") == "error"
    assert style(session, "help nothing", "nothing") == "name.function"


def test_unknown_commands_have_no_colour_and_procedures_of_the_text_have(session: Session) -> None:
    assert style(session, "nothing 1", "nothing") == ""
    assert style(session, "proc nothing {x} {}; nothing 1", "nothing", 2) == "name.function"


def test_what_is_still_open_is_shown_as_what_it_will_be(session: Session) -> None:
    assert style(session, "queue q {return [1", "return") == "keyword"
    assert style(session, 'puts "a [wait q $x', "$x") == "name.variable"
    assert style(session, "if {$x > [llength $l", "llength") == "name.function"
    assert style(session, "foreach x $l {queue q {def f", "def") == "keyword"


def test_after_what_is_wrong_the_next_line_is_right_again(session: Session) -> None:
    text = "puts {a}b c\nset x 1"
    assert style(session, text, "b c") == "error"
    assert style(session, text, "set") == "keyword"


def test_a_command_that_a_procedure_replaced_is_no_longer_ours(session: Session) -> None:
    session.eval("proc queue {name text} {}")
    assert style(session, "queue q {def}", "def") == ""


def test_pasted_texts_of_ten_thousand_lines_are_shown_plainly(session: Session) -> None:
    text = "queue q {1 + 1}\n" * 10_000
    assert len(text) > LARGEST
    assert tokens(session, text) == [("", text)]
    line = NsjobLexer(session).lex_document(Document(text))
    assert line(9_999) == [("", "queue q {1 + 1}")]


@pytest.mark.parametrize("piece", DEEP)
def test_very_deep_texts_are_shown_too(session: Session, piece: str) -> None:
    text = piece * (LARGEST // len(piece) // 20)
    assert "".join(shown for _, shown in tokens(session, text)) == text


@settings(deadline=None)
@given(TEXTS)
def test_together_the_pieces_are_the_text(anywhere: Session, text: str) -> None:
    found = tokens(anywhere, text)
    assert "".join(shown for _, shown in found) == text
    assert all(shown for _, shown in found)


@settings(deadline=None)
@given(TEXTS)
def test_a_lexer_that_remembers_shows_what_one_without_memory_shows(anywhere: Session, text: str) -> None:
    lexer = NsjobLexer(anywhere)
    lexer.lex_document(Document("set y 1\n" + text))
    lines = text.split("\n")
    line = lexer.lex_document(Document(text))
    assert ["".join(piece[1] for piece in line(number)) for number in range(len(lines))] == lines
    fresh = NsjobLexer(anywhere).lex_document(Document(text))
    assert [line(number) for number in range(len(lines))] == [fresh(number) for number in range(len(lines))]


def test_the_lexer_has_nothing_for_lines_that_are_not_there(session: Session) -> None:
    line = NsjobLexer(session).lex_document(Document("puts a\n\nputs b"))
    assert line(1) == []
    assert line(3) == []


def test_the_same_text_is_shown_anew_when_a_command_was_defined(session: Session) -> None:
    lexer = NsjobLexer(session)
    before = lexer.lex_document(Document("double 2"))(0), lexer.invalidation_hash()
    session.eval("proc double {x} {expr {2 * $x}}")
    after = lexer.lex_document(Document("double 2"))(0), lexer.invalidation_hash()
    assert before[0] != after[0]
    assert before[1] != after[1]


# -- brackets that belong together ------------------------------------------------------------------------------------


def matched(session: Session, text: str, cursor: int) -> tuple[int, int] | None:
    return matching_bracket(tokens(session, text), text, cursor)


def test_a_bracket_at_the_cursor_or_before_it_finds_the_other(session: Session) -> None:
    text = "foreach x $l {puts [f $x]}"
    assert matched(session, text, 13) == (13, 25)
    assert matched(session, text, 26) == (25, 13)
    assert matched(session, text, 25) == (25, 13)
    assert matched(session, text, 19) == (19, 24)


def test_brackets_in_strings_of_python_are_none(session: Session) -> None:
    text = "queue q {f(')', (1))}"
    assert matched(session, text, 10) == (10, 19)
    assert matched(session, text, 12) is None


def test_a_bracket_without_another_matches_nothing(session: Session) -> None:
    assert matched(session, "foreach x $l {puts", 13) is None
    assert matched(session, "puts a", 3) is None


@settings(deadline=None)
@given(TEXTS)
def test_who_matches_is_matched(anywhere: Session, text: str) -> None:
    for cursor in range(len(text) + 1):
        found = matched(anywhere, text, cursor)
        if found is not None:
            place, other = found
            assert matched(anywhere, text, other) == (other, place)


# -- prompt_toolkit's side --------------------------------------------------------------------------------------------


def test_every_style_has_a_colour_of_the_terminals_own(session: Session) -> None:
    style = typing_style()
    for text in ("if {$x} {queue -head q {def f(): return 'a'}} ;# b", "queue -heaf q {@f\nclass X: pass}"):
        for name, _ in tokens(session, text):
            colour = style.get_attrs_for_style_str(name).color
            assert colour is None or colour in ("", "default") or colour.startswith("ansi")


def test_the_bracket_at_the_cursor_and_its_other_are_marked(session: Session) -> None:
    lexer = NsjobLexer(session)
    document = Document("foreach x $l {\n    f\n}", 21)
    marked = []
    for number in range(3):
        control = BufferControl()
        line = TransformationInput(
            control, document, number, lambda column: column, lexer.lex_document(document)(number), 80, 20
        )
        shown = MatchingBrackets(lexer).apply_transformation(line).fragments
        marked += [(number, fragment[1]) for fragment in shown if "matching-bracket" in fragment[0]]
    assert marked == [(0, "{"), (2, "}")]
