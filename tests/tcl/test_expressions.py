"""Expressions: the tree of each, and of what is none, the message that real Tcl has."""

from __future__ import annotations

from typing import Any

import pytest

from nsjob.tcl import TclError
from nsjob.tcl.expr import Node, parse_expr
from nsjob.tcl.parser import DEEPEST, Substitution, Variable

X, Y, Z = ("const", 1), ("const", 2), ("const", 3)
A = ("parts", [Variable(0, 2, "a")])
LONG = " " + "y" * 40


def binary(op: str, left: Node, right: Node) -> Node:
    return ("binary", op, left, right)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        # A number that is not in its usual form keeps its text.
        ("12", 12), ("1.5", 1.5), ("-0", ("unary", "-", ("const", 0))), ("1.0", 1.0), ("0x1F", "0x1F"), ("007", "007"),
        ("0b11", "0b11"), ("0B1", "0B1"), ("0o17", "0o17"), ("0O7", "0O7"), ("0X1f", "0X1f"), ("1e3", "1e3"),
        ("1E-5", "1E-5"), ("1.", "1."), (".5", ".5"), ("1.50", "1.50"), ("1e100", "1e100"), ("1e+100", 1e100),
        ("1" + "0" * 30, 10**30), ("Inf", float("inf")), ("inf", "inf"), ("infinity", "infinity"), ("nan", "nan"),
        # Booleans are texts.
        ("yes", "yes"), ("tru", "tru"), ("OFF", "OFF"), ("of", "of"), ("n", "n"),
        # A braced text is as it is, save for backslash-newlines.
        ("{a b}", "a b"), ("{}", ""), ("{a\\n}", "a\\n"), ("{$a [b]}", "$a [b]"), ("{a{b}c}", "a{b}c"),
        ("{a\\\n \t b}", "a b"), ("{a\\\\\n b}", "a\\\\\n b"), ("{a\\\\\\\nb}", "a\\\\ b"), ("{1}", "1"),
        ('"a b"', "a b"), ('""', ""), ('"a\\x41\\n"', "aA\n"), ('"1"', "1"),
        # Blanks, and what is no end of a number.
        (" \t\n\r\v\f1\\\n", 1), ("\\\n1\\\n", 1),
    ],
)  # fmt: skip
def test_a_constant(source: str, value: Any) -> None:
    node = value if isinstance(value, tuple) else ("const", value)
    found = parse_expr(source)

    assert found == node
    assert type(found[1]) is type(node[1])


@pytest.mark.parametrize(
    ("source", "node"),
    [
        ("$a", A),
        ("$a(1)", ("parts", [Variable(0, 5, "a", ["1"])])),
        ("(${a})", ("parts", [Variable(1, 5, "a")])),
        ('"a$b"', ("text", ["a", Variable(2, 4, "b")])),
        ('"$a"', ("text", [Variable(1, 3, "a")])),
        ("-1", ("unary", "-", X)), ("+1", ("unary", "+", X)), ("!~1", ("unary", "!", ("unary", "~", X))),
        ("1 - -1", binary("-", X, ("unary", "-", X))), ("1-+1", binary("-", X, ("unary", "+", X))),
        *[(f"1{op}2", binary(op, X, Y)) for op in ("|", "^", "&", "==", "!=", "<", ">", "<=", ">=", "<<", ">>", "+",
                                                   "-", "*", "/", "%", "**")],
        *[(f"1{op} 2", binary(op, X, Y)) for op in ("eq", "ne", "in", "ni")],
        ("1&&2||3", ("||", ("&&", X, Y), Z)), ("1||2&&3", ("||", X, ("&&", Y, Z))),
        *[(f"{number}in 2", binary("in", ("const", number), Y)) for number in ("0x90afAF", "0X1", "0o70", "0O7", "0b10",
                                                                              "0B1", "017", ".25", "1e5")],
        ("1eq2", binary("eq", X, Y)), ("1in2", binary("in", X, Y)), ("1.5eq2", binary("eq", ("const", 1.5), Y)),
        ("1.eq2", binary("eq", ("const", "1."), Y)), ('1eq"a"', binary("eq", X, ("const", "a"))),
        ("$a eq$b", binary("eq", A, ("parts", [Variable(5, 7, "b")]))),
        ("1+2*3", binary("+", X, binary("*", Y, Z))), ("1*2+3", binary("+", binary("*", X, Y), Z)),
        ("(1+2)*3", binary("*", binary("+", X, Y), Z)), ("1-2-3", binary("-", binary("-", X, Y), Z)),
        ("1**2**3", binary("**", X, binary("**", Y, Z))), ("-1**2", binary("**", ("unary", "-", X), Y)),
        ("1<2==3", binary("==", binary("<", X, Y), Z)), ("1|2^3", binary("|", X, binary("^", Y, Z))),
        ("1^2&3", binary("^", X, binary("&", Y, Z))), ("1&2==3", binary("&", X, binary("==", Y, Z))),
        ("1<2<<3", binary("<", X, binary("<<", Y, Z))), ("1<<2+3", binary("<<", X, binary("+", Y, Z))),
        ("1|2&&3", ("&&", binary("|", X, Y), Z)), ("1*2**3", binary("*", X, binary("**", Y, Z))),
        ("1?2:3", ("?", X, Y, Z)), ("1?2:3?2:1", ("?", X, Y, ("?", Z, Y, X))),
        ("1?2?3:2:1", ("?", X, ("?", Y, Z, Y), X)),
        ("1||2?3:2||1", ("?", ("||", X, Y), Z, ("||", Y, X))), ("(1?2:3)", ("?", X, Y, Z)),
        ("1?(2):(3)", ("?", X, Y, Z)), ("1?!2:-3", ("?", X, ("unary", "!", Y), ("unary", "-", Z))),
        ("f()", ("call", "f", [])), ("f ( )+1", binary("+", ("call", "f", []), X)), ("f\\\n(1)", ("call", "f", [X])),
        ("f(1,2,3)", ("call", "f", [X, Y, Z])), ("f((1))", ("call", "f", [X])),
        ("f(g(),1)", ("call", "f", [("call", "g", []), X])),
        ("f(1+2,1?2:3)", ("call", "f", [binary("+", X, Y), ("?", X, Y, Z)])), ("true(1)", ("call", "true", [X])),
        ("-f(1)", ("unary", "-", ("call", "f", [X]))), ("2f(1)", ("call", "2f", [X])), ("inf(1)", ("call", "inf", [X])),
        ("f(1)*2", binary("*", ("call", "f", [X]), Y)), ("f(-1)", ("call", "f", [("unary", "-", X)])),
    ],
)  # fmt: skip
def test_a_tree(source: str, node: Node) -> None:
    assert parse_expr(source) == node


def test_a_script_in_brackets_is_a_part() -> None:
    kind, (part,) = parse_expr("[a] ")
    assert (kind, type(part), part[:2]) == ("parts", Substitution, (0, 3))
    assert parse_expr('"[a]b"')[1][1] == "b"


# The messages are real Tcl's.
@pytest.mark.parametrize(
    ("source", "message", "code"),
    [
        ("", 'empty expression\nin expression ""', "EMPTY"),
        (" ", 'empty expression\nin expression " "', "EMPTY"),
        ("()", 'empty subexpression at _@_\nin expression "(_@_)"', "EMPTY"),
        ("(())", 'empty subexpression at _@_\nin expression "((_@_))"', "EMPTY"),
        ("f(())", 'empty subexpression at _@_\nin expression "f((_@_))"', "EMPTY"),
        ("1 2", 'missing operator at _@_\nin expression "1 _@_2"', "MISSING"),
        ('1 "a"', 'missing operator at _@_\nin expression "1 _@_"a""', "MISSING"),
        ("1 true", 'missing operator at _@_\nin expression "1 _@_true"', "MISSING"),
        ("1 f(2)", 'missing operator at _@_\nin expression "1 _@_f(2)"', "MISSING"),
        ("(1)(2)", 'missing operator at _@_\nin expression "(1)_@_(2)"', "MISSING"),
        ("f(1)(2)", 'missing operator at _@_\nin expression "f(1)_@_(2)"', "MISSING"),
        ("1 !2", 'missing operator at _@_\nin expression "1 _@_!2"', "MISSING"),
        ("1 $", 'missing operator at _@_\nin expression "1 _@_$"', "MISSING"),
        ("1.5 .5", 'missing operator at _@_\nin expression "1.5 _@_.5"', "MISSING"),
        ("1.5x", 'invalid bareword "x"\nin expression "1.5x";\nshould be "$x" or "{x}" or "x(...)" or ...', "BAREWORD"),
        ("1e-5x", 'invalid bareword "x"\nin expression "1e-5x";\nshould be "$x" or "{x}" or "x(...)" or ...',
         "BAREWORD"),
        ("1e5x", 'invalid bareword "1e5x"\nin expression "1e5x";\n'
         'should be "$1e5x" or "{1e5x}" or "1e5x(...)" or ...', "BAREWORD"),
        ("1.e", 'invalid bareword "e"\nin expression "1.e";\nshould be "$e" or "{e}" or "e(...)" or ...', "BAREWORD"),
        ("1 +", 'missing operand at _@_\nin expression "1 +_@_"', "MISSING"),
        ("1 * *", 'missing operand at _@_\nin expression "1 * _@_*"', "MISSING"),
        ("* 1", 'missing operand at _@_\nin expression "_@_* 1"', "MISSING"),
        ("!", 'missing operand at _@_\nin expression "!_@_"', "MISSING"),
        ("(1 +)", 'missing operand at _@_\nin expression "(1 +_@_)"', "MISSING"),
        ("(* 1)", 'missing operand at _@_\nin expression "(_@_* 1)"', "MISSING"),
        ("f(* 1)", 'missing operand at _@_\nin expression "f(_@_* 1)"', "MISSING"),
        ("max(?", 'missing operand at _@_\nin expression "max(_@_?"', "MISSING"),
        ("max(1, ? 2)", 'missing operand at _@_\nin expression "max(1, _@_? 2)"', "MISSING"),
        ("max(1,,2)", 'missing operand at _@_\nin expression "max(1,_@_,2)"', "MISSING"),
        ("(,)", 'missing operand at _@_\nin expression "(_@_,)"', "MISSING"),
        ("max(,1)", 'missing function argument at _@_\nin expression "max(_@_,1)"', "UNBALANCED"),
        ("max(1,)", 'missing function argument at _@_\nin expression "max(1,_@_)"', "MISSING"),
        ("max(1,", 'missing function argument at _@_\nin expression "max(1,_@_"', "MISSING"),
        ("(", 'unbalanced open paren\nin expression "("', "UNBALANCED"),
        ("f(", 'unbalanced open paren\nin expression "f("', "UNBALANCED"),
        ("(1", 'unbalanced open paren\nin expression "(1"', "UNBALANCED"),
        ("(1+2", 'unbalanced open paren\nin expression "(1+2"', "UNBALANCED"),
        (")" + LONG, 'unbalanced close paren\nin expression ") yyyyyyyyyyyyyyyyyyyyy..."', "UNBALANCED"),
        ("1)" + LONG, 'unbalanced close paren\nin expression "1) yyyyyyyyyyyyyyyyyyyyy..."', "UNBALANCED"),
        ("1 ? 2 : 3 )", 'unbalanced close paren\nin expression "1 ? 2 : 3 )"', "UNBALANCED"),
        ("1 : 2 )" + LONG, 'unbalanced close paren\nin expression "1 : 2 ) yyyyyyyyyyyyyyyyyyyyy..."', "UNBALANCED"),
        ("1 , 2" + LONG,
         'unexpected "," outside function argument list\nin expression "1 , 2 yyyyyyyyyyyyyyyyyyy..."', "SURPRISE"),
        ("(1 , 2)", 'unexpected "," outside function argument list\nin expression "(1 , 2)"', "SURPRISE"),
        ("f((1 , 2))", 'unexpected "," outside function argument list\nin expression "f((1 , 2))"', "SURPRISE"),
        ("1 ? 2", 'missing operator ":" at _@_\nin expression "1 ? 2_@_"', "MISSING"),
        ("1 ? 2 )" + LONG,
         'missing operator ":" at _@_\nin expression "1 ? 2 _@_) yyyyyyyyyyyyyyyyyyyy..."', "MISSING"),
        ("1 ? 2 , 3", 'missing operator ":" at _@_\nin expression "1 ? 2 _@_, 3"', "MISSING"),
        ("f(1 ? 2 , 3)", 'missing operator ":" at _@_\nin expression "f(1 ? 2 _@_, 3)"', "MISSING"),
        ("1 : 2", 'unexpected operator ":" without preceding "?"\nin expression "1 : 2"', "SURPRISE"),
        ("1 : 2 : 3", 'unexpected operator ":" without preceding "?"\nin expression "1 : 2 : 3"', "SURPRISE"),
        ("1 : 2 : 3" + LONG,
         'unexpected operator ":" without preceding "?"\nin expression "1 : 2 : 3 yyyyyyyyyyyyyyyyyyy..."', "SURPRISE"),
        ("(1 : 2)" + LONG,
         'unexpected operator ":" without preceding "?"\nin expression "(1 : 2) yyyyyyyyyyyyyyyyyyyyy..."', "SURPRISE"),
        ("max(1 : 2, 3)" + LONG,
         'unexpected operator ":" without preceding "?"\nin expression "max(1 : 2, 3) yyyyyyyyyyyyyyyyyy..."',
         "SURPRISE"),
        ("1 ? 2 : 3 : 2",
         'unexpected operator ":" without preceding "?"\nin expression "1 ? 2 : 3 : 2"', "SURPRISE"),
        ("1 : 2 ? 3 : 4", 'unexpected operator ":" without preceding "?"\nin expression "1 : 2 ? 3 : 4"', "SURPRISE"),
        ("=", 'incomplete operator "="\nin expression "="', "PARTOP"),
        ("1 =" + LONG, 'incomplete operator "="\nin expression "1 = yyyyyyyyyyyyyyyyyyyyy..."', "PARTOP"),
        ("@" + LONG, 'invalid character "@"\nin expression "@ yyyyyyyyyyyyyyyyyyyyy..."', "BADCHAR"),
        ("_a(1)", 'invalid character "_"\nin expression "_a(1)"', "BADCHAR"),
        ("1._a", 'invalid character "_"\nin expression "1._a"', "BADCHAR"),
        ("é", 'invalid character "é"\nin expression "é"', "BADCHAR"),
        ("$" + LONG, 'invalid character "$"\nin expression "$ yyyyyyyyyyyyyyyyyyyyy..."', "BADCHAR"),
        ('1 + ("a' + LONG, 'missing "\nin expression "1 + ("a yyyyyyyyyyyyyyyyyyyy..."', "UNBALANCED"),
        ("1 + [a" + LONG, 'missing close-bracket\nin expression "1 + [a yyyyyyyyyyyyyyyyyyyy..."', "UNBALANCED"),
        ('1 + [a "b' + LONG, 'missing "\nin expression "1 + [a "b yyyyyyyyyyyyyyyyyyyy..."', "UNBALANCED"),
        ("1 + $a(a" + LONG, 'missing )\nin expression "1 + $a(a yyyyyyyyyyyyyyyyyyyy..."', "UNBALANCED"),
        ("{a", 'missing close-brace\nin expression "{a"', "UNBALANCED"),
        ("${a", 'missing close-brace for variable name\nin expression "${a"', "UNBALANCED"),
        ("1 x" + LONG, 'invalid bareword "x"\nin expression "1 x yyyyyyyyyyyyyyyyyyyyy...";\n'
         'should be "$x" or "{x}" or "x(...)" or ...', "BAREWORD"),
        ("X", 'invalid bareword "X"\nin expression "X";\nshould be "$X" or "{X}" or "X(...)" or ...', "BAREWORD"),
        ("1 eqx 2", 'invalid bareword "eqx"\nin expression "1 eqx 2";\n'
         'should be "$eqx" or "{eqx}" or "eqx(...)" or ...', "BAREWORD"),
        ("1 eqA 2", 'invalid bareword "eqA"\nin expression "1 eqA 2";\n'
         'should be "$eqA" or "{eqA}" or "eqA(...)" or ...', "BAREWORD"),
        ("1 \\ + 2", 'invalid character "\\"\nin expression "1 \\ + 2"', "BADCHAR"),
        ("1_0", 'invalid bareword "1_0"\nin expression "1_0";\n'
         'should be "$1_0" or "{1_0}" or "1_0(...)" or ...', "BAREWORD"),
        ("y" * 24, 'invalid bareword "{0}"\nin expression "{0}";\n'
         'should be "${0}" or "{{{0}}}" or "{0}(...)" or ...'.format("y" * 24), "BAREWORD"),
        ("y" * 25, 'invalid bareword "{0}"\nin expression "{0}";\n'
         'should be "${0}" or "{{{0}}}" or "{0}(...)" or ...'.format("y" * 22 + "..."), "BAREWORD"),
        *[
            (bad, f'invalid bareword "{bad}"\nin expression "{bad}";\n'
             f'should be "${bad}" or "{{{bad}}}" or "{bad}(...)" or ... (invalid {base} number?)', ["BADNUMBER", code])
            for base, code, numbers in (
                ("octal", "OCTAL",
                 ["08", "0o", "0o79", "0o8", "0o_", "0o78", "0889", "0891",
                  "0189a", "09a", "08a", "08e", "08ex", "0179"]),
                ("binary", "BINARY", ["0b", "0b2", "0b102"]),
            )
            for bad in numbers
        ],
        *[
            (bad, f'invalid bareword "{bad}"\nin expression "{bad}";\n'
             f'should be "${bad}" or "{{{bad}}}" or "{bad}(...)" or ...', "BAREWORD")
            for bad in ("0x", "0xg", "0x1g", "0b0a", "18a",
                        "08e1x", "09E2x", "0889e1x", "0O8", "0B2", "0o7a", "0b1a", "0b1a3", "07_9", "1a8", "07a", "a08")
        ],
        # Texts are cut after so many bytes, not signs; no sign is cut in two.
        ('"' + "é" * 12 + '" xé', f'invalid bareword "x"\nin expression "...{"é" * 10}" xé";\n'
         'should be "$x" or "{x}" or "x(...)" or ...', "BAREWORD"),
        ("xé" + "é" * 12, f'invalid bareword "x"\nin expression "x{"é" * 11}...";\n'
         'should be "$x" or "{x}" or "x(...)" or ...', "BAREWORD"),
        ("@€€€€€€€€€", 'invalid character "@"\nin expression "@€€€€€€€..."', "BADCHAR"),
        ('"a€€€€€€€€" @', 'invalid character "@"\nin expression "...€€€€€€" @"', "BADCHAR"),
        ('"' + "é" * 11 + '" x' + "é" * 11,
         f'invalid bareword "x"\nin expression "...{"é" * 10}" x{"é" * 11}";\n'
         'should be "$x" or "{x}" or "x(...)" or ...', "BAREWORD"),
    ],
)  # fmt: skip
def test_what_is_no_expression(source: str, message: str, code: str | list[str]) -> None:
    with pytest.raises(TclError) as caught:
        parse_expr(source)

    assert str(caught.value) == message
    assert caught.value.code == ("TCL", "PARSE", "EXPR", *([code] if isinstance(code, str) else code))


@pytest.mark.parametrize(
    ("source", "start", "end", "expected"),
    [
        ("1+23", 0, 3, binary("+", X, Y)), ("1+23", 2, 4, ("const", 23)), ("1+23", 2, None, ("const", 23)),
        ("1 +2", 0, 1, X), ("1   +", 0, 3, X), ("0x1F", 0, 3, "0x1"), ("1.5", 0, 1, X), ("1e5", 0, 1, X),
        ("{1}", 1, 2, X), ("1in", 0, 1, X), ("sin(1)", 3, 6, X), ("1\\\n", 0, 1, X), ("yes", 0, 1, "y"),
        ("1?2:3+", 0, 5, ("?", X, Y, Z)),
        ("1<<2", 0, 2, 'missing operand at _@_\nin expression "1<_@_"'),
        ("1 ", 1, 1, 'empty expression\nin expression ""'),
        ("sin(1)", 0, 3, 'invalid bareword "sin"\nin expression "sin";\n'
         'should be "$sin" or "{sin}" or "sin(...)" or ...'),
        ("sin (1)", 0, 4, 'invalid bareword "sin"\nin expression "sin ";\n'
         'should be "$sin" or "{sin}" or "sin(...)" or ...'),
        ("xin 1", 0, 2, 'invalid bareword "xi"\nin expression "xi";\nshould be "$xi" or "{xi}" or "xi(...)" or ...'),
        ("{a} b", 0, 2, 'missing close-brace\nin expression "{a"'),
        ('"a" b', 0, 2, 'missing "\nin expression ""a"'),
        ("[a] b", 0, 2, 'missing close-bracket\nin expression "[a"'),
        ("$a(b) c", 0, 4, 'missing )\nin expression "$a(b"'),
        ("if {1 :2} 3", 4, 8, 'unexpected operator ":" without preceding "?"\nin expression "1 :2"'),
        ("if {(1} 3", 4, 6, 'unbalanced open paren\nin expression "(1"'),
        ("if {1 +} 3", 4, 7, 'missing operand at _@_\nin expression "1 +_@_"'),
        ("if {1 2} 3", 4, 7, 'missing operator at _@_\nin expression "1 _@_2"'),
    ],
)  # fmt: skip
def test_an_expression_within_a_text(source: str, start: int, end: int | None, expected: Node | str) -> None:
    if isinstance(expected, str) and "\n" in expected:
        with pytest.raises(TclError) as caught:
            parse_expr(source, start, end)
        assert str(caught.value) == expected
    else:
        assert parse_expr(source, start, end) == (expected if isinstance(expected, tuple) else ("const", expected))


@pytest.mark.parametrize(
    ("source", "shown"),
    [("1 2", "1 2"), (" ", " "), ("", ""), ("1 2" + LONG, "1 2 yyyyyyyyyyyyyyyyyy..."), ("{a", "{a")],
)
def test_the_stack_trace_begins_with_the_expression(source: str, shown: str) -> None:
    with pytest.raises(TclError) as caught:
        parse_expr(source)

    assert caught.value.info == f'{caught.value}\n    (parsing expression "{shown}")'


def test_texts_that_are_no_unicode_are_shown_without_what_is_none() -> None:
    with pytest.raises(TclError) as caught:
        parse_expr("@\ud800" + "a" * 30)
    assert str(caught.value) == f'invalid character "@"\nin expression "@{"a" * 19}..."'

    with pytest.raises(TclError) as caught:
        parse_expr('"\ud800' + "a" * 30 + '" @')
    assert str(caught.value) == f'invalid character "@"\nin expression "...{"a" * 20}" @"'


@pytest.mark.parametrize("opening", ["[", "$a("])
def test_brackets_within_brackets_have_an_end(opening: str) -> None:
    with pytest.raises(TclError) as caught:
        parse_expr("1 + " + opening * (DEEPEST + 1))

    assert str(caught.value) == "too many nested evaluations (infinite loop?)"
    assert caught.value.code == ("TCL", "LIMIT", "STACK")


def test_parentheses_may_be_within_parentheses_without_end() -> None:
    assert parse_expr("(" * 50_000 + "1" + ")" * 50_000) == X
