"""Snippets: values, endings, scopes, errors."""

from __future__ import annotations

import asyncio

import pytest

from nsjob.errors import SnippetError
from nsjob.snippet import Ending, compile_snippet


def value(source: str, **names: object) -> object:
    result = compile_snippet(source).run(dict(names))
    return (result.code, result.value) if isinstance(result, Ending) else result


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", None),
        ("1 + 1", 2),
        ("x = 1", None),
        ("x = 1\nx + 2", 3),
        ("  x = 3\n  x * 2", 6),
        ("x = 3\n    y = 4\n    x * y", 12),
        ("if True:\n    return 5\n6", ("TCL_RETURN", 5)),
        ("return", ("TCL_RETURN", None)),
        ("x: int = 4\nreturn x", ("TCL_RETURN", 4)),
        ("x: int\nif 0: return\n7", 7),
        ("for i in range(3):\n    if i: break\nelse:\n    return 1\nbreak", ("TCL_BREAK", None)),
        ("for i in range(2):\n    continue\ncontinue", ("TCL_CONTINUE", None)),
        ("def f(): return x\nx = 5\nreturn f()", ("TCL_RETURN", 5)),
        ("if 0: return\nclass A:\n    def f(self): return B\nB = 3\nA().f()", 3),
        ("from __future__ import annotations\nx: Nothing = 3\nreturn x", ("TCL_RETURN", 3)),
        ("try:\n    1/0\nexcept ZeroDivisionError as e:\n    return str(e)", ("TCL_RETURN", "division by zero")),
        ("try:\n    return 1\nfinally:\n    seen.append(1)", ("TCL_RETURN", 1)),
    ],
)
def test_the_value_is_that_of_the_last_statement_or_of_return(source: str, expected: object) -> None:
    assert value(source, seen=[]) == expected


def test_await_at_the_top_level_makes_a_coroutine() -> None:
    snippet = compile_snippet("import asyncio\nawait asyncio.sleep(0)\nx = 4\nx")
    assert asyncio.run(snippet.run({})) == 4


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = (1 +\n 2\n  3)", "line 1"),
        ("def f(:", "invalid syntax (line 1)\n    def f(:\n          ^"),
        ("yield 1", "'yield' outside function"),
        ("\x00", "null bytes"),
        ("(" * 500 + ")" * 500, "too many nested parentheses"),
        ("\ud800", "surrogates not allowed"),
        ("from os import *\nreturn 1", "import \\*"),
        ("x = 1\ny = = 2", "(line 2)\n    y = = 2\n        ^"),
        ("return 1\nnonlocal x", "nonlocal"),
        ("9" * 5000, "int"),
        ("-" * 100_000 + "1", ""),
    ],
)
def test_what_does_not_compile_is_told_with_line_and_caret(source: str, message: str) -> None:
    with pytest.raises(SnippetError) as caught:
        compile_snippet(source)
    assert message.replace("\\", "") in str(caught.value)
    assert isinstance(caught.value, SyntaxError)


def test_one_source_is_compiled_once() -> None:
    assert compile_snippet("1 + 2") is compile_snippet("1 + 2")
    assert compile_snippet("1 + 2 " + " " * 70_000) is not compile_snippet("1 + 2 " + " " * 70_000)
