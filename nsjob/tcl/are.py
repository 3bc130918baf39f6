"""Tcl's regular expressions (re_syntax): from text to a tree of nodes.

The rules are those of the advanced expressions (AREs) with all their prefixes and options, and of the extended ones
(EREs) that an option can ask for. What a node matches is said in `are_match`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn, TypeAlias

from nsjob.tcl.charsets import CLASSES, TOP, Ranges, any_case, class_ranges, complement, in_class, merged, with_case
from nsjob.tcl.errors import TclError

__all__ = ["Alternatives", "Bound", "Chars", "Group", "Look", "Node", "Options", "Reference", "Repeat", "Sequence",
           "parse_expression"]  # fmt: skip

DUP_MAX = 255  # the largest count in a bound


@dataclass(slots=True, eq=False)
class Chars:
    """One character out of a set."""

    ranges: tuple[tuple[int, int], ...]
    classes: tuple[str, ...] = ()
    negated: bool = False
    _resolved: dict[int, Ranges] = field(default_factory=dict)

    def resolved(self, top: int) -> Ranges:
        """The set, up to the code point `top`."""
        found = self._resolved.get(top)
        if found is None:
            parts = [(first, min(last, top)) for first, last in self.ranges if first <= top]
            for name in self.classes:
                parts += class_ranges(name, top)
            found = merged(parts)
            if self.negated:
                found = complement(found, top)
            self._resolved[top] = found
        return found


@dataclass(slots=True, eq=False)
class Bound:
    """A place: `start` (^), `line-start`, `end` ($), `line-end`, `begin` (\\A), `word-start`, `word-end`, `edge`
    (\\y), `no-edge` (\\Y)."""

    kind: str


@dataclass(slots=True, eq=False)
class Look:
    """A lookahead."""

    inner: Node
    wanted: bool


@dataclass(slots=True, eq=False)
class Group:
    """Parentheses; `number` is 0 where they capture nothing."""

    inner: Node
    number: int


@dataclass(slots=True, eq=False)
class Reference:
    """A back reference."""

    number: int
    nocase: bool
    target: Node


@dataclass(slots=True, eq=False)
class Repeat:
    """An atom with its quantifier; `most` None is no limit, `greedy` None is no preference ({3})."""

    inner: Node
    least: int
    most: int | None
    greedy: bool | None


@dataclass(slots=True, eq=False)
class Sequence:
    """A branch."""

    items: tuple[Node, ...]


@dataclass(slots=True, eq=False)
class Alternatives:
    """Branches, two or more."""

    branches: tuple[Node, ...]


Node: TypeAlias = Chars | Bound | Look | Group | Reference | Repeat | Sequence | Alternatives


@dataclass(frozen=True, slots=True)
class Options:
    """How an expression is to be read.

    Attributes:
        nocase: letters match in any case.
        expanded: white space and comments don't count.
        linestop: `.` and `[^...]` don't match newlines.
        lineanchor: `^` and `$` match at newlines too.
    """

    nocase: bool = False
    expanded: bool = False
    linestop: bool = False
    lineanchor: bool = False


_REASONS = {
    "BADPAT": "invalid regexp (reg version 0.8)",
    "ECOLLATE": "invalid collating element",
    "ECTYPE": "invalid character class",
    "EESCAPE": "invalid escape \\ sequence",
    "ESUBREG": "invalid backreference number",
    "EBRACK": "brackets [] not balanced",
    "EPAREN": "parentheses () not balanced",
    "EBRACE": "braces {} not balanced",
    "BADBR": "invalid repetition count(s)",
    "ERANGE": "invalid character range",
    "BADRPT": "quantifier operand invalid",
    "BADOPT": "invalid embedded option",
    "ETOOBIG": "nfa has too many states",
}


def failed(reason: str) -> NoReturn:
    """Raise Tcl's error for a reason by its code."""
    said = _REASONS[reason]
    raise TclError(f"couldn't compile regular expression pattern: {said}", "REGEXP", f"REG_{reason}", said)


def parse_expression(pattern: str, options: Options) -> tuple[Node, int]:
    """Return the tree of an expression, and how many groups capture.

    Raises:
        TclError: couldn't compile regular expression pattern: ...
    """
    parser = _Parser(pattern, options)
    tree = parser.expression()
    return tree, len(parser.groups)


# The characters that have names in [.NAME.]
_NAMED = {
    name: code
    for code, name in enumerate(
        "NUL SOH STX ETX EOT ENQ ACK alert backspace tab newline vertical-tab form-feed carriage-return SO SI DLE DC1 "
        "DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC IS4 IS3 IS2 IS1 space exclamation-mark quotation-mark number-sign "
        "dollar-sign percent-sign ampersand apostrophe left-parenthesis right-parenthesis asterisk plus-sign comma "
        "hyphen period slash zero one two three four five six seven eight nine colon semicolon less-than-sign "
        "equals-sign greater-than-sign question-mark commercial-at".split()
    )
} | {
    "BEL": 7, "BS": 8, "HT": 9, "LF": 10, "VT": 11, "FF": 12, "CR": 13, "FS": 28, "GS": 29, "RS": 30, "US": 31,
    "hyphen-minus": 45, "full-stop": 46, "solidus": 47, "left-square-bracket": 91, "backslash": 92,
    "reverse-solidus": 92, "right-square-bracket": 93, "circumflex": 94, "circumflex-accent": 94, "underscore": 95,
    "low-line": 95, "grave-accent": 96, "left-brace": 123, "left-curly-bracket": 123, "vertical-line": 124,
    "right-brace": 125, "right-curly-bracket": 125, "tilde": 126, "DEL": 127,
}  # fmt: skip

_CONTROLS = {"a": 7, "b": 8, "e": 27, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "B": 92}
_PLACES = {"A": "begin", "Z": "end", "m": "word-start", "M": "word-end", "y": "edge", "Y": "no-edge"}
_DIGIT_SETS = {8: frozenset("01234567"), 16: frozenset("0123456789abcdefABCDEF")}
_DIGIT_SET = frozenset("0123456789")
_QUANTIFIERS = {"*": (0, None), "+": (1, None), "?": (0, 1)}


class _Parser:
    def __init__(self, pattern: str, options: Options) -> None:
        self.source = pattern
        self.at = 0
        self.nocase = options.nocase
        self.expanded = options.expanded
        self.linestop = options.linestop
        self.lineanchor = options.lineanchor
        self.advanced = True
        self.quote = False
        self.groups: list[Node | None] = []  # what the groups hold; None while open, or when {0} cancels them

    # -- the whole

    def expression(self) -> Node:
        self.prefixes()
        if self.quote:
            return Sequence(tuple(self.literal(ord(char)) for char in self.source[self.at :]))
        tree = self.alternatives(False, False)
        return tree

    def prefixes(self) -> None:
        source = self.source
        if source.startswith("***") and len(source) > 3:
            if source[3] == "?":
                failed("BADPAT")
            if source[3] not in "=:":
                failed("BADRPT")
            self.at = 4
            if source[3] == "=":
                self.literally()
                return
        if source.startswith("(?", self.at) and source[self.at + 2 : self.at + 3].isalpha():
            self.embedded_options()

    def literally(self) -> None:
        self.quote = True
        self.expanded = self.linestop = self.lineanchor = False

    def embedded_options(self) -> None:
        end = self.at + 2
        while end < len(self.source) and self.source[end].isalpha():
            self.embedded_option(self.source[end])
            end += 1
        if self.source[end : end + 1] != ")":
            failed("BADOPT")
        self.at = end + 1
        if self.quote:
            self.literally()

    def embedded_option(self, letter: str) -> None:
        if letter == "b":
            raise TclError("basic regular expressions are not supported: (?b)", "REGEXP", "UNSUPPORTED")
        if letter in "ci":
            self.nocase = letter == "i"
        elif letter in "mnps":
            self.linestop = letter != "s"
            self.lineanchor = letter in "mn"
        elif letter == "w":
            self.linestop, self.lineanchor = False, True
        elif letter in "tx":
            self.expanded = letter == "x"
        elif letter == "e":
            self.advanced = self.quote = False
        elif letter == "q":
            self.advanced, self.quote = False, True
        else:
            failed("BADOPT")

    def alternatives(self, nested: bool, looking: bool) -> Node:
        branches = [self.branch(nested, looking)]
        while self.at < len(self.source) and self.source[self.at] == "|":
            self.at += 1
            branches.append(self.branch(nested, looking))
        if nested:
            if self.at >= len(self.source):
                failed("EPAREN")
            self.at += 1
        return branches[0] if len(branches) == 1 else Alternatives(tuple(branches))

    def branch(self, nested: bool, looking: bool) -> Node:
        items: list[Node] = []
        while True:
            self.skip()
            if self.at >= len(self.source):
                break
            char = self.source[self.at]
            if char == "|" or (char == ")" and nested):
                break
            item = self.atom(char, looking)
            if item is not None:
                items.append(item)
        return items[0] if len(items) == 1 else Sequence(tuple(items))

    def skip(self) -> None:
        """Go over what does not count: comments, and white space in expanded syntax."""
        source = self.source
        while self.at < len(source):
            if self.expanded and in_class("space", source[self.at]):
                self.at += 1
            elif self.expanded and source[self.at] == "#":
                end = source.find("\n", self.at)
                self.at = len(source) if end < 0 else end
            elif self.advanced and source.startswith("(?#", self.at):
                end = source.find(")", self.at)
                self.at = len(source) if end < 0 else end + 1
            else:
                return

    # -- atoms

    def atom(self, char: str, looking: bool) -> Node | None:
        """Read one atom with its quantifier, or a constraint. None where it is cancelled ({0})."""
        self.at += 1
        first_group = len(self.groups)
        if char in "*+?":
            failed("BADRPT")
        if char == "^":
            return Bound("line-start" if self.lineanchor else "start")
        if char == "$":
            return Bound("line-end" if self.lineanchor else "end")
        found: Node
        if char == "(":
            if self.advanced and self.source.startswith("?", self.at):
                kind = self.source[self.at + 1 : self.at + 2]
                self.at += 2
                if kind in ("=", "!"):
                    return Look(self.alternatives(True, True), kind == "=")
                if kind != ":":
                    failed("BADRPT")
                found = Group(self.alternatives(True, False), 0)
            else:
                found = self.group(looking)
        elif char == ")":
            if self.advanced:
                failed("EPAREN")
            found = self.literal(ord(char))
        elif char == "[":
            if self.source[self.at : self.at + 6] in ("[:<:]]", "[:>:]]"):
                self.at += 6
                return Bound("word-start" if self.source[self.at - 4] == "<" else "word-end")
            found = self.bracket()
        elif char == ".":
            found = Chars(((10, 10),) if self.linestop else (), (), True)
        elif char == "\\":
            found = self.escape(looking)
            if type(found) is Bound:
                return found
        elif char == "{" and self.bound_follows():
            failed("BADRPT")
        else:
            found = self.literal(ord(char))
        return self.quantified(found, first_group)

    def group(self, looking: bool) -> Group:
        if looking:  # Groups within this one are counted again: so it is in Tcl.
            return Group(self.alternatives(True, False), 0)
        self.groups.append(None)
        number = len(self.groups)
        inner = self.alternatives(True, False)
        self.groups[number - 1] = inner
        return Group(inner, number)

    def literal(self, code: int) -> Chars:
        return Chars(any_case(code) if self.nocase else ((code, code),))

    # -- quantifiers

    def bound_follows(self) -> bool:
        at = self.at
        if self.expanded:
            self.skip_blanks()
        follows = self.source[self.at : self.at + 1] in _DIGIT_SET
        self.at = self.at if follows else at
        return follows

    def skip_blanks(self) -> None:
        if self.expanded:
            advanced, self.advanced = self.advanced, False
            self.skip()
            self.advanced = advanced

    def quantified(self, atom: Node, first_group: int) -> Node | None:
        self.skip()
        char = self.source[self.at : self.at + 1]
        if char and char in "*+?":
            self.at += 1
            least, most = _QUANTIFIERS[char]
            return Repeat(atom, least, most, self.greedy())
        if char == "{":
            self.at += 1
            if self.bound_follows():
                repeat = self.bound(atom)
                if repeat.most == 0:
                    # Only the outermost group is forgotten; what is in it can still be referred to.
                    if type(atom) is Group and atom.number:
                        self.groups[first_group] = None
                    return None
                return repeat
            self.at -= 1
        return atom

    def greedy(self) -> bool:
        if self.advanced and self.source.startswith("?", self.at):
            self.at += 1
            return False
        return True

    def bound(self, atom: Node) -> Repeat:
        least = self.count()
        most: int | None = least
        exact = True
        self.skip_blanks()
        if self.source.startswith(",", self.at):
            self.at += 1
            exact = False
            self.skip_blanks()
            most = self.count() if self.source[self.at : self.at + 1] in _DIGIT_SET else None
            if most is not None and least > most:
                failed("BADBR")
        self.skip_blanks()
        if self.at >= len(self.source):
            failed("EBRACE")
        if self.source[self.at] != "}":
            failed("BADBR")
        self.at += 1
        greedy = self.greedy()
        return Repeat(atom, least, most, None if exact else greedy)

    def count(self) -> int:
        value = 0
        while self.source[self.at : self.at + 1] in _DIGIT_SET:
            value = value * 10 + int(self.source[self.at])
            if value > DUP_MAX:
                failed("BADBR")
            self.at += 1
            self.skip_blanks()
        return value

    # -- escapes

    def escape(self, looking: bool) -> Node:
        if self.at >= len(self.source):
            failed("EESCAPE")
        char = self.source[self.at]
        self.at += 1
        if not self.advanced or not in_class("alnum", char):
            return self.literal(ord(char))
        if char in _PLACES:
            return Bound(_PLACES[char])
        if char in "dswDSW":
            newline = ((10, 10),) if char.isupper() and self.linestop else ()
            return _shorthand(char.lower(), newline, char.isupper())
        if char in "123456789":
            number = self.reference_number()
            if number is not None:
                target = self.groups[number - 1] if number <= len(self.groups) else None
                if looking or target is None:
                    failed("ESUBREG")
                return Reference(number, self.nocase, target)
        self.at -= 1
        return self.literal(self.escaped_code())

    def reference_number(self) -> int | None:
        """The number of a back reference that begins one back, or None: then it is an octal code."""
        begun = self.at - 1
        end = begun
        while self.source[end : end + 1] in _DIGIT_SET:
            end += 1
        number = int(self.source[begun:end]) if end - begun < 256 else 1 << 30
        if end - begun > 1 and number > len(self.groups):
            return None
        self.at = end
        return number

    def escaped_code(self) -> int:
        """Read what follows a backslash and means one character."""
        char = self.source[self.at]
        self.at += 1
        if not in_class("alnum", char):
            return ord(char)
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char == "c":
            if self.at >= len(self.source):
                failed("EESCAPE")
            self.at += 1
            return ord(self.source[self.at - 1]) & 0x1F
        if char in "uUx":
            return self.digits(16, {"u": 4, "U": 8, "x": 2}[char])
        if char in "0123456789":
            self.at -= 1
            code = self.digits(8, 3)
            if code > 0xFF:
                self.at -= 1
                code >>= 3
            return code
        failed("EESCAPE")

    def digits(self, base: int, most: int) -> int:
        begun = self.at
        while self.at - begun < most and self.source[self.at : self.at + 1] in _DIGIT_SETS[base]:
            self.at += 1
        if self.at == begun:
            failed("EESCAPE")
        code = int(self.source[begun : self.at], base)
        if code > TOP:
            failed("EESCAPE")
        return code

    # -- brackets

    def bracket(self) -> Chars:
        negated = self.source.startswith("^", self.at)
        self.at += negated
        ranges: list[tuple[int, int]] = [(10, 10)] if negated and self.linestop else []
        classes: list[str] = []
        first = True
        while True:
            if self.at >= len(self.source):
                failed("EBRACK")
            if self.source[self.at] == "]" and not first:
                self.at += 1
                if "_" in classes:  # of \\w
                    ranges.append((95, 95))
                return Chars(merged(ranges), tuple(name for name in classes if name != "_"), negated)
            self.bracket_part(first, ranges, classes)
            first = False

    def bracket_part(self, first: bool, ranges: list[tuple[int, int]], classes: list[str]) -> None:
        kind, begin, names = self.bracket_token(first)
        if kind == "class":
            classes += names
            return
        if kind == "range":
            failed("ERANGE")
        if kind == "equal" or not self.range_follows():
            ranges += any_case(begin) if self.nocase else ((begin, begin),)
            return
        self.at += 1
        kind, end, _ = self.bracket_token(False)
        if kind not in ("char", "range") or end < begin:
            failed("ERANGE")
        ranges += with_case(begin, end) if self.nocase else ((begin, end),)

    def range_follows(self) -> bool:
        return self.source.startswith("-", self.at) and not self.source.startswith("-]", self.at)

    def bracket_token(self, first: bool) -> tuple[str, int, tuple[str, ...]]:
        """Read `char`, `range` (a hyphen that makes one), `class` or `equal` ([=x=]), with its code or its classes."""
        source = self.source
        if self.at >= len(source):
            failed("EBRACK")
        char = source[self.at]
        self.at += 1
        if char == "-":
            return ("char" if first or source.startswith("]", self.at) else "range"), ord(char), ()
        if char == "\\" and self.advanced:
            return self.bracket_escape()
        if char == "[":
            if self.at >= len(source):
                failed("EBRACK")
            mark = source[self.at]
            if mark in ".=:":
                return self.bracket_name(mark)
        return "char", ord(char), ()

    def bracket_escape(self) -> tuple[str, int, tuple[str, ...]]:
        if self.at >= len(self.source):
            failed("EESCAPE")
        char = self.source[self.at]
        if char in "dsw":
            self.at += 1
            if char == "w":
                return "class", 0, ("alnum", "_")
            return "class", 0, ("digit" if char == "d" else "space",)
        if char in "DSWAZmMyY":
            failed("EESCAPE")
        if char in "123456789":
            self.at += 1
            if self.reference_number() is not None:
                failed("EESCAPE")
            self.at -= 1
        return "char", self.escaped_code(), ()

    def bracket_name(self, mark: str) -> tuple[str, int, tuple[str, ...]]:
        """Read [.NAME.], [=NAME=] or [:NAME:], of which the bracket is read."""
        begun = self.at + 1
        end = self.source.find(mark + "]", begun)
        if end < 0:
            failed("EBRACK")
        name = self.source[begun:end]
        self.at = end + 2
        if mark == ":":
            if self.nocase and name in ("lower", "upper"):
                name = "alpha"
            if name not in CLASSES:
                failed("ECTYPE")
            return "class", 0, (name,)
        if len(name) != 1 and name not in _NAMED:
            failed("ECOLLATE")
        code = ord(name) if len(name) == 1 else _NAMED[name]
        return ("char" if mark == "." else "equal"), code, ()


def _shorthand(letter: str, also: tuple[tuple[int, int], ...], negated: bool) -> Chars:
    """\\d, \\s or \\w, or all but that and `also`."""
    if letter == "w":
        return Chars((*also, (95, 95)), ("alnum",), negated)
    return Chars(also, ("digit" if letter == "d" else "space",), negated)
