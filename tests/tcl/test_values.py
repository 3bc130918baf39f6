"""Values: their texts, and what texts mean as numbers, truths, indexes, lists and dicts."""

from __future__ import annotations

import enum
import math
from collections import OrderedDict, UserDict, UserString, deque
from types import MappingProxyType
from typing import Any

import pytest

from nsjob.tcl import TclError
from nsjob.tcl.values import (
    TclDict,
    backslash,
    backslashed,
    boolean,
    brief,
    canonical,
    elements,
    float_text,
    index,
    int_text,
    integer,
    list_text,
    mapping,
    number,
    octal_hint,
    parse_index,
    parse_list,
    parse_number,
    quoted,
    real,
    text,
    truth_word,
)


class Text(str):
    def __str__(self) -> str:
        return "other"


class Whole(int):
    def __repr__(self) -> str:
        return "other"


class Float(float):
    def __repr__(self) -> str:
        return "other"


class Thing:
    def __str__(self) -> str:
        return "a thing"


class Colour(enum.IntEnum):
    RED = 3


def failure(function: Any, *arguments: Any) -> tuple[str, tuple[Any, ...]]:
    """The message and the code of the error that this is."""
    with pytest.raises(TclError) as caught:
        function(*arguments)
    return str(caught.value), caught.value.code


# -- texts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("", ""), ("a b", "a b"), (0, "0"), (-12, "-12"), (True, "1"), (False, "0"), (None, ""), (0.5, "0.5"),
        ([], ""), ([1, "a b", []], "1 {a b} {}"), (("x", ("y z",)), "x {{y z}}"),
        (TclDict(a=1), "a 1"), ({"a b": [1, 2], 3: None}, "{a b} {1 2} 3 {}"), (OrderedDict(a=1), "a 1"),
        (UserDict(a=1), "a 1"), (MappingProxyType({"a": 1}), "a 1"), ({}, ""),
        (Text("x"), "x"), (Whole(5), "5"), (Colour.RED, "3"), (Float(1.5), "1.5"), (Float(1e16), "10000000000000000.0"),
        (b"\xff\x00", "\xff\x00"), (bytearray(b"a b"), "a b"), ({1}, "1"), (frozenset(["a b"]), "{a b}"),
        (range(3), "0 1 2"), (deque([1, "x y"]), "1 {x y}"), (UserString("u v"), "u v"), (Thing(), "a thing"),
        (1j, "1j"),
    ],
)  # fmt: skip
def test_every_value_has_a_text(value: object, shown: str) -> None:
    found = text(value)
    assert found == shown
    assert type(found) is str


@pytest.mark.parametrize("power", [1, 999, 1000, 4299, 4300, 4301, 9000, 20_000])
@pytest.mark.parametrize("more", [-1, 0, 1, 7])
def test_integers_of_any_size_have_digits_and_come_back(power: int, more: int) -> None:
    digits = "9" * power if more < 0 else "1" + "0" * (power - 1) + str(more)
    value = 10**power + more
    assert int_text(value) == digits
    assert text(-value) == f"-{digits}"
    assert parse_number(digits) == number(f" {digits} ") == number(f"+{digits}") == value
    assert number(f"-{digits}") == -value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0.0"), (-0.0, "-0.0"), (1.0, "1.0"), (-1.5, "-1.5"), (100.0, "100.0"), (123.456, "123.456"),
        (1e-3, "0.001"), (1e-4, "0.0001"), (1.5e-4, "0.00015"), (-1.5e-4, "-0.00015"),
        (1e-5, "1e-5"), (9.9e-5, "9.9e-5"), (-1.25e-7, "-1.25e-7"), (1e-10, "1e-10"), (5e-324, "5e-324"),
        (1e15, "1000000000000000.0"), (1e16, "10000000000000000.0"), (-1e16, "-10000000000000000.0"),
        (1.5e16, "15000000000000000.0"), (-2.5e16, "-25000000000000000.0"),
        (12345678901234567.0, "12345678901234568.0"),
        (1e17, "1e+17"), (-1.5e17, "-1.5e+17"), (1e22, "1e+22"), (1e100, "1e+100"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (math.inf, "Inf"), (-math.inf, "-Inf"), (math.nan, "NaN"),
    ],
)  # fmt: skip
def test_a_float_is_laid_out_as_tcl_does(value: float, shown: str) -> None:
    assert float_text(value) == shown


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("0", 0), ("7", 7), ("10", 10), ("-1", -1), ("-90", -90), ("1234567890", 1234567890), ("9" * 19, int("9" * 19)),
        ("-" + "9" * 18, -int("9" * 18)), *[(str(n), n) for n in range(-99, 100)],
    ],
)  # fmt: skip
def test_a_canonical_integer_is_taken_for_one(source: str, value: int) -> None:
    found = canonical(source)
    assert (type(found), found) == (int, value)


@pytest.mark.parametrize(
    "source",
    [
        "", "-", "-0", "00", "01", "-01", "+1", "--1", "1-", "0-1", "1a", "a1", "-a1", "-1a2", "1a2", "1.5", " 1",
        "1 ", "X",
        "1\u06622", "-1\u06622", "\u06621", "-\u06621", "1\u00b2", "1\u00b23", "-1\u00b23", "9" * 20, "-" + "9" * 19,
        "0x1", "1_0", "-X1", "X1",
    ],
)  # fmt: skip
def test_other_texts_are_not(source: str) -> None:
    assert canonical(source) is source


# -- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("0", 0), ("12", 12), ("-12", -12), ("+12", 12), (" 1 ", 1), ("\t\n\r\v\f1\t\n\r\v\f", 1),
        ("-0", 0), ("+0", 0), ("00", 0), ("017", 15), (" 017 ", 15), (".125", 0.125), ("-017", -15), ("+0777", 511),
        ("0x1F", 31), ("-0xab", -171), ("+0X10", 16),
        ("0o17", 15), ("-0O7", -7), ("0b101", 5), ("+0B11", 3), ("0x" + "f" * 40, 16**40 - 1),
        ("1.5", 1.5), ("-.5", -0.5), ("+5.", 5.0), ("1e5", 1e5), ("1E5", 1e5), ("1.e+5", 1e5), (".5e-1", 0.05),
        ("08.5", 8.5), ("09e1", 90.0), ("07.", 7.0), ("0e0", 0.0), ("1e400", math.inf),
        ("inf", math.inf), ("Inf", math.inf), ("-INFINITY", -math.inf), ("+infinity", math.inf), (" inf ", math.inf),
    ],
)  # fmt: skip
def test_a_text_that_is_a_number(source: str, value: float) -> None:
    assert parse_number(source) == value
    assert type(parse_number(source)) is type(value)
    assert number(source) == value
    assert real(source) == (float(value) if value < 1e308 else math.inf)


@pytest.mark.parametrize("source", ["nan", "NaN", "-nan", "+NAN", "nan(1f)", "nan( 1F\t)", "nan(\t1 )", " NaN(0) "])
def test_a_text_that_is_not_a_number_by_name(source: str) -> None:
    assert math.isnan(number(source) or 0)
    assert failure(boolean, source) == (f'expected boolean value but got "{source}"', ("TCL", "VALUE", "NUMBER"))


@pytest.mark.parametrize(
    "source",
    [
        "", " ", "x", "1x", "x1", "1 2", "08", "09", "-08", "+018", "0x", "0xg", "0x1g", "0o", "0o8", "0b", "0b2",
        "0b12", "1e", "1e+",
        ".", "+", "--1", "+-1", "1_0", ".e5", "0x1.5", "infi", "infinit", "in", "na", "nanx", "infx", "xnan",
        "nan()", "nan(g)",
        "nan(1", "\u0661", "1\u0661", "\u00b2", "1\x1c", "\x1c1", "1\x85", "\xa01", "0 1",
    ],
)  # fmt: skip
def test_a_text_that_is_no_number(source: str) -> None:
    assert parse_number(source) is None
    assert number(source) is None
    assert failure(integer, source) == (f'expected integer but got "{source}"', ("TCL", "VALUE", "INTEGER"))
    hint = " (looks like invalid octal number)" if octal_hint(source) else ""
    assert failure(real, source) == (
        f'expected floating-point number but got "{source}"{hint}', ("TCL", "VALUE", "NUMBER")
    )  # fmt: skip


@pytest.mark.parametrize(
    ("source", "octal"),
    [
        ("08", True), ("-09", True), ("+018", True), (" \t\n\r\v\f08 \t\n\r\v\f", True), ("0779", True),
        ("087", True), ("0080", True),
        ("07", False), ("8", False), ("08x", False), ("x08", False), ("0x8", False), ("08.", False), ("08 1", False),
        ("- 08", False),
        ("18", False), ("", False), ("0", False),
    ],
)  # fmt: skip
def test_what_looks_like_an_invalid_octal_number(source: str, octal: bool) -> None:
    assert octal_hint(source) == (" (looks like invalid octal number)" if octal else "")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (5, 5), (1.5, 1.5), (True, 1), (False, 0), (Whole(7), 7), (Colour.RED, 3), (Float(2.5), 2.5), (None, None),
        ("x", None),
        (Text("12"), 12), (b"12", 12), ([3], 3), ([3, 4], None), (UserString("1"), 1), ({}, None),
    ],
)  # fmt: skip
def test_other_values_are_numbers_if_their_texts_are(value: object, found: float | None) -> None:
    assert number(value) == found
    assert type(number(value)) is type(found)


def test_an_integer_is_of_any_size_and_a_real_has_a_limit() -> None:
    assert integer(10**5000) == integer("1" + "0" * 5000) == 10**5000
    assert integer(True) == 1
    assert failure(integer, 1.5)[0] == 'expected integer but got "1.5"'
    assert (real(10**400), real(-(10**400)), real(3)) == (math.inf, -math.inf, 3.0)
    assert type(real(3)) is float
    assert failure(real, []) == ('expected floating-point number but got ""', ("TCL", "VALUE", "NUMBER"))


@pytest.mark.parametrize(
    ("value", "truth"),
    [
        *[(word[:size], True) for word in ("true", "yes") for size in range(1, len(word) + 1)],
        *[(word[:size], False) for word in ("false", "no") for size in range(1, len(word) + 1)],
        ("on", True), ("of", False), ("off", False), ("TRUE", True), ("oFF", False), ("N", False),
        ("1", True), ("0", False), ("-2", True), ("0.0", False), ("0.1", True), ("inf", True), (" 0 ", False),
        ("0x0", False),
        (True, True), (False, False), (3, True), (0, False), (0.0, False), (Text("yes"), True),
    ],
)  # fmt: skip
def test_a_truth(value: object, truth: bool) -> None:
    assert boolean(value) is truth
    if type(value) is str and value.isalpha() and value != "inf":
        assert truth_word(value) is truth


@pytest.mark.parametrize(
    "source", ["", "o", "x", "yesx", "truex", "falsey", "offf", "onn", " yes", "yes ", "nope", "08", []]
)
def test_no_truth(source: Any) -> None:
    assert failure(boolean, source) == (
        f'expected boolean value but got "{source or ""}"', ("TCL", "VALUE", "NUMBER")
    )  # fmt: skip
    assert truth_word(text(source)) is None


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("x" * 16, "x" * 16), ("x" * 17, "x" * 17), ("x" * 50, "x" * 50), ("x" * 51, "x" * 50), ("é" * 16, "é" * 16),
        ("é" * 25, "é" * 25), ("é" * 26, "é" * 25), ("€" * 17, "€" * 16), ("x" * 49 + "é", "x" * 49),
        ("x" * 48 + "é", "x" * 48 + "é"),
        ("x\ud800" + "y" * 20, "x" + "y" * 20), ("", ""),
    ],
)  # fmt: skip
def test_so_much_of_a_value_is_shown(source: str, shown: str) -> None:
    assert brief(source) == shown


# -- indexes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("0", (False, 0)), ("3", (False, 3)), ("-1", (False, -1)), ("+1", (False, 1)), ("0x10", (False, 16)),
        ("0X1F", (False, 31)), ("1+0X1F", (False, 32)),
        ("010", (False, 8)),
        ("end", (True, 0)), ("en", (True, 0)), ("e", (True, 0)), ("end-1", (True, -1)), ("end+1", (True, 1)),
        ("end--1", (True, 1)), ("end-+1", (True, -1)), ("end+-1", (True, -1)), ("end++1", (True, 1)),
        ("end-010", (True, -8)), ("end+0x1f", (True, 31)), ("1+1", (False, 2)), ("5-2", (False, 3)),
        ("1+-3", (False, -2)),
        ("1--1", (False, 2)), ("-1+2", (False, 1)), ("+1+2", (False, 3)), ("0b11-0b1", (False, 2)),
        ("1-+1", (False, 0)),
        ("end-1 \t\n\r\v\f", (True, -1)), (" \t\n\r\v\f3 \t\n\r\v\f", (False, 3)),
        (7, (False, 7)), (-7, (False, -7)), (True, (False, 1)), (Text("end"), (True, 0)), (Whole(3), (False, 3)),
        (0x7FFFFFFF, (False, 0x7FFFFFFF)), (-0x80000000, (False, -0x80000000)),
        # Those beyond 31 bits wrap.
        (0x80000000, (False, -0x80000000)), (-0x80000001, (False, 0x7FFFFFFF)), (0xFFFFFFFF, (False, -1)),
        (-0xFFFFFFFF, (False, 1)), ("4294967295", (False, -1)), ("-4294967295", (False, 1)),
        ("2147483648", (False, -0x80000000)),
        ("end+4294967295", (True, -1)), ("end-4294967295", (True, 1)), ("2147483647+1", (False, -0x80000000)),
        ("4294967295+4294967295", (False, -2)), ("0-2147483648", (False, -0x80000000)),
    ],
)  # fmt: skip
def test_an_index(value: object, found: tuple[bool, int]) -> None:
    assert parse_index(value) == found
    assert parse_index(value) is not None
    assert type(found[0]) is type((parse_index(value) or (None,))[0])
    assert index(value, 10) == found[1] + (9 if found[0] else 0)


@pytest.mark.parametrize(
    "source",
    [
        "", " ", "x", "END", "End", "end-", "end+", "end -1", "end- 1", "endx", "end-x", "xend", "1+", "1+x", "x+1",
        "-", "--1", "1.5", "1.0",
        "end-1.0", "1e1", "end-1e1", "yes", "1 + 1", "1+1+1", "end-1-1", "end-end", "e-1", "en+1", "inf", " end",
        "end ", " end-1", "e\t", "\nen", "nan", "0x", "\u0661", "1+\u0661", "2 1",
        "4294967296", "-4294967296", "end+4294967296", "1+4294967296", "4294967296+1", "1-4294967296", "é",
        2**32, -(2**32), 1.0, None, [1, 2],
    ],
)  # fmt: skip
def test_no_index(source: object) -> None:
    assert parse_index(source) is None
    shown = text(source)
    assert failure(index, source, 10) == (
        f'bad index "{shown}": must be integer?[+-]integer? or end?[+-]integer?', ("TCL", "VALUE", "INDEX")
    )  # fmt: skip


def test_no_index_but_nearly_an_octal_one() -> None:
    message = 'bad index "08": must be integer?[+-]integer? or end?[+-]integer? (looks like invalid octal number)'
    assert failure(index, "08", 10)[0] == message
    assert "octal" not in failure(index, "end-08", 10)[0]
    assert parse_index("08") is parse_index("1+08") is parse_index("08+1") is None


# -- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("", []), (" \t\n\r\v\f", []), ("a b", ["a", "b"]), (" a\tb\nc\rd\ve\ff ", ["a", "b", "c", "d", "e", "f"]),
        ("1 -2 00 1.5", [1, -2, "00", "1.5"]), ("é 1 -2", ["é", 1, -2]), ("é b\tc\nd\re\vf\fg", [*"ébcdefg"]),
        # Only six signs are blanks.
        ("a\x1cb\x1dc\x1ed\x1fe", ["a\x1cb\x1dc\x1ed\x1fe"]), ("a\x85b c", ["a\x85b", "c"]), ("é\xa0b", ["é\xa0b"]),
        ("{a b} c", ["a b", "c"]), ("{a {b c}} d", ["a {b c}", "d"]), ("{}", [""]), ("{} {}", ["", ""]),
        ("{1} {01}", [1, "01"]),
        ("{a}\t{b}\n{c}\r{d}\v{e}\f{f}", [*"abcdef"]), ('"a"\t"b"\n"c"\r"d"\v"e"\f"f"', [*"abcdef"]),
        ("{a\\}b} c", ["a\\}b", "c"]),
        ("{a\\{b} c", ["a\\{b", "c"]), ("{a\\\\}", ["a\\\\"]), ("{a\\\n b}", ["a\\\n b"]), ("{a\nb}", ["a\nb"]),
        ("{\"}", ['"']),
        ('"a b" c', ["a b", "c"]), ('""', [""]), ('"1"', [1]), ('"a\\"b"', ['a"b']), ('"a\\\n \tb"', ["a b"]),
        ('"{"', ["{"]),
        ('"a\\tb" {c\\td}', ["a\tb", "c\\td"]), ('"\\61"', [1]), ('"X{Y}"', ["X{Y}"]),
        ("a\\ b c", ["a b", "c"]), ("a\\{", ["a{"]), ("\\{a b\\}", ["{a", "b}"]), ("a\\\n \tb", ["a b"]),
        ("\\\n a", [" a"]), ("a\\", ["a\\"]),
        ("\\", ["\\"]), ("\\x41\\u42\\U43", ["ABC"]), ("a{b} c\"d\"", ["a{b}", 'c"d"']), ("a}b", ["a}b"]),
        ("} a", ["}", "a"]),
        ("{} a\rb\vc\fd\te\nf", ["", *"abcdef"]),
        ("\\61 2\\", ["1", "2\\"]), ("x\\\ny {z}", ["x y", "z"]), ("X\\X Y", ["XX", "Y"]),
    ],
)  # fmt: skip
def test_the_elements_of_a_text(source: str, found: list[object]) -> None:
    assert parse_list(source) == found
    assert elements(source) == found
    assert [type(one) for one in elements(source)] == [type(one) for one in found]


@pytest.mark.parametrize(
    ("source", "message", "code"),
    [
        ("{a", "unmatched open brace in list", "BRACE"), ("a {b {c}", "unmatched open brace in list", "BRACE"),
        ("{a\\}", "unmatched open brace in list", "BRACE"), ("{a\\", "unmatched open brace in list", "BRACE"),
        ('"a', "unmatched open quote in list", "QUOTE"), ('"a\\"', "unmatched open quote in list", "QUOTE"),
        ('"a\\', "unmatched open quote in list", "QUOTE"), ('"', "unmatched open quote in list", "QUOTE"),
        ("{a}b", 'list element in braces followed by "b" instead of space', "JUNK"),
        ("{a}b c", 'list element in braces followed by "b" instead of space', "JUNK"),
        ("{a}{b}", 'list element in braces followed by "{b}" instead of space', "JUNK"),
        ("{a}\\ b", 'list element in braces followed by "\\" instead of space', "JUNK"),
        ("{a}}", 'list element in braces followed by "}" instead of space', "JUNK"),
        ('"a"b', 'list element in quotes followed by "b" instead of space', "JUNK"),
        ('"a""b"', 'list element in quotes followed by ""b"" instead of space', "JUNK"),
        ('{a}X', 'list element in braces followed by "X" instead of space', "JUNK"),
        ("{a}" + "y" * 21, f'list element in braces followed by "{"y" * 20}" instead of space', "JUNK"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_list_is_no_dict_either(source: str, message: str, code: str) -> None:
    assert failure(parse_list, source) == failure(elements, source) == (message, ("TCL", "VALUE", "LIST", code))
    message = message.replace("list element", "dict element").replace("in list", "in dict")
    assert failure(mapping, source) == (message, ("TCL", "VALUE", "DICTIONARY", code))
    assert failure(mapping, Text(source)) == (message, ("TCL", "VALUE", "DICTIONARY", code))


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (5, [5]), (1.5, [1.5]), (True, [True]), (None, []), ([1, [2]], [1, [2]]), ((1, 2), [1, 2]),
        (TclDict(a=1), ["a", 1]),
        ({"a": 1, "b": None}, ["a", 1, "b", None]), (range(3), [0, 1, 2]), ({1}, [1]), (deque([1]), [1]),
        (b"a b", ["a", "b"]),
        (bytearray(b"a b"), ["a", "b"]), (Text("a b"), ["a", "b"]), (UserString("a b"), ["a", "b"]), (Whole(5), [5]),
        (Thing(), ["a", "thing"]),
    ],
)  # fmt: skip
def test_the_elements_of_other_values(value: object, found: list[object]) -> None:
    assert elements(value) == found


def test_the_elements_of_a_long_text() -> None:
    assert elements("a " * 60_000) == ["a"] * 60_000


@pytest.mark.parametrize(
    ("sequence", "found"),
    [
        ("\\", "\\"), ("\\a", "\a"), ("\\b", "\b"), ("\\f", "\f"), ("\\n", "\n"), ("\\r", "\r"), ("\\t", "\t"),
        ("\\v", "\v"),
        ("\\\n", " "), ("\\\n \t", " "), ("\\x41", "A"), ("\\xe", "\x0e"), ("\\xEf", "\xef"), ("\\x", "x"),
        ("\\u", "u"), ("\\U", "U"),
        ("\\u41", "A"), ("\\uabCd", "\uabcd"), ("\\u20AC", "€"), ("\\U1F600", "\U0001f600"),
        ("\\U10FFFF", "\U0010ffff"), ("\\U00101234", "\U00101234"),
        ("\\U0010FFFf", "\U0010ffff"),
        ("\\U000FFFFF", "\U000fffff"), ("\\UfFfFf", "\U000fffff"), ("\\0", "\0"), ("\\7", "\x07"), ("\\101", "A"),
        ("\\377", "\xff"), ("\\8", "8"), ("\\q", "q"),
        ("\\X", "X"), ("\\é", "é"), ("\\\\", "\\"), ("\\ ", " "), ("\\{", "{"), ('\\"', '"'), ("\\$", "$"),
    ],
)  # fmt: skip
def test_a_backslash_sequence(sequence: str, found: str) -> None:
    assert backslash(sequence) == found
    assert backslashed(f"<{sequence}") == f"<{found}"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("\\x414", "A4"), ("\\xg", "xg"), ("\\u12345", "\u12345"), ("\\U000000411", "A1"),
        ("\\U110000", "\U000110000"), ("\\UFFFFFFFF", "\U000fffffFFF"),
        ("\\U0010FFFFF", "\U0010ffffF"), ("\\U00010FFFF", "\U00010fffF"), ("\\U0x", "\0x"), ("\\1234", "S4"),
        ("\\400", " 0"), ("\\18", "\x018"),
        ("\\9", "9"), ("\\X41", "X41"), ("a\\", "a\\"), ("\\\n \n", " \n"), ("\\\\n", "\\n"), ("\\777", "?7"),
        ("\\x4X", "\x04X"),
        ("\\u004", "\x04"), ("\\ag", "\ag"), ("plain", "plain"),
    ],
)  # fmt: skip
def test_where_a_backslash_sequence_ends(source: str, found: str) -> None:
    assert backslashed(source) == found


@pytest.mark.parametrize(
    ("element", "shown"),
    [
        ("", "{}"), ("a", "a"), ("a b", "{a b}"), ("a;b", "{a;b}"), ("a$b", "{a$b}"), ("a[b", "{a[b}"),
        ("a\tb\nc", "{a\tb\nc}"),
        ("a\vb", "{a\vb}"), ("a\fb", "{a\fb}"), ("a\rb", "{a\rb}"), ("a{b}c", "a{b}c"), ("{a}", "{{a}}"),
        ("{a", "\\{a"), ("a}", "a\\}"),
        ("}a{", "\\}a\\{"), ("a{b", "a\\{b"), ("a}{b", "a\\}\\{b"), ('a"b', 'a\\"b'), ('"a', '{"a}'),
        ("a]b", "a\\]b"), ("a]", "a\\]"),
        ('a"]b', 'a\\"\\]b'), ("a]b c", "{a]b c}"), ('{a"b}', '{{a"b}}'), ("a\\b", "{a\\b}"), ("a\\", "a\\\\"),
        ("a b\\", "a\\ b\\\\"),
        ("a\\\nb", "a\\\\\\nb"), ("a\\{b", "{a\\{b}"), ("a\\}b", "{a\\}b}"), ("\\", "\\\\"), ("\\\\", "{\\\\}"),
        ("a\\\\\nb", "{a\\\\\nb}"),
        ("{ \t\n\r\v\f;\"[]$\\a", "\\{\\ \\t\\n\\r\\v\\f\\;\\\"\\[\\]\\$\\\\a"), ("#a", "#a"), ("a#", "a#"),
        ("é", "é"), ("X{Y}", "X{Y}"),
        ("a\x1cb", "a\x1cb"), ("a{b}]c", "a{b}\\]c"), ("~", "~"), ("X]Y", "X\\]Y"), ("{}", "{{}}"), ("a{}]", "a{}\\]"),
    ],
)  # fmt: skip
def test_an_element_is_quoted_as_tcl_does(element: str, shown: str) -> None:
    assert quoted(element) == shown
    assert list_text([element]) == ("{#a}" if element == "#a" else shown)
    assert list_text(["b", element, element]) == f"b {shown} {shown}"


@pytest.mark.parametrize(
    ("element", "shown"),
    [
        ("#", "{#}"), ("#a b", "{#a b}"), ("#a]", "{#a]}"), ("#{", "\\#\\{"), ("#}", "\\#\\}"), ("#\\", "\\#\\\\"),
        ("#{}", "{#{}}"),
        ("a#", "a#"), ("a b", "{a b}"), ("", "{}"), ("{", "\\{"), ("X]", "X\\]"),
    ],
)  # fmt: skip
def test_a_first_element_does_not_look_like_a_comment(element: str, shown: str) -> None:
    assert quoted(element, first=True) == shown
    assert list_text([element, "b"]) == f"{shown} b"


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([], ""),
        (["a", "#"], "a #"),
        ([1, 2.5, None, True], "1 2.5 {} 1"),
        (["#a", "#b"], "{#a} #b"),
        ([["#"]], "{{#}}"),
        (range(2), "0 1"),
    ],
)
def test_the_text_of_a_list(values: Any, shown: str) -> None:
    assert list_text(values) == shown


# -- dicts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("", {}), ("a 1 b {2 3}", {"a": 1, "b": "2 3"}), ("1 2", {"1": 2}), ("a 1 a 2", {"a": 2}),
        (["a", [1], 5, 6], {"a": [1], "5": 6}),
        (("x", 1), {"x": 1}), ({1: 2, None: [3]}, {"1": 2, "": [3]}), (TclDict(a=1), {"a": 1}),
        (UserDict(a=1), {"a": 1}), (None, {}),
        (Text("a 1"), {"a": 1}),
    ],
)  # fmt: skip
def test_a_dict(value: object, found: dict[str, object]) -> None:
    assert mapping(value) == found
    assert type(mapping(value)) is TclDict
    assert all(type(key) is str for key in mapping(value))


@pytest.mark.parametrize("value", ["a", "a 1 b", ["a"], 5, True])
def test_an_odd_number_of_elements_is_no_dict(value: object) -> None:
    assert failure(mapping, value) == ("missing value to go with key", ("TCL", "VALUE", "DICTIONARY"))
