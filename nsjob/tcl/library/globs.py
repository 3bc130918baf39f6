"""The command `glob`: names of files by pattern. Braces are expanded first, then parts are matched in directories."""

from __future__ import annotations

import os
import re
import stat as modes
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from nsjob.tcl.command import Family, choose
from nsjob.tcl.errors import TclError
from nsjob.tcl.library.pathnames import translated
from nsjob.tcl.values import elements, text

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = ["FAMILY", "matcher"]

FAMILY = Family("Names of files by pattern")
_OPTIONS = ["-directory", "-join", "-nocomplain", "-path", "-tails", "-types", "--"]


@dataclass(slots=True)
class Request:
    """What a call of `glob` asks for."""

    patterns: list[str]
    base: str | None = None  # of -directory or -path
    base_option: str = ""
    joined: bool = False
    complains: bool = True
    tails: bool = False
    kinds: str = ""
    rights: str = ""
    hidden: bool = False


@FAMILY.command("glob", "?-option value ...? ?name ...?", 0, -1)
def glob(interp: Interp, arguments: list[Any]) -> Any:
    """Return the names of the files that match patterns of `*`, `?`, `[a-z]`, `{a,b}` and backslashes.

    Options: `-directory` and `-path` (where to look), `-tails` (without that), `-join`, `-types`, `-nocomplain`.
    """
    request = parsed(arguments)
    start = ""
    lead = ""
    if request.base_option == "-path":
        directory, slash, last = request.base.rpartition("/") if request.base else ("", "", "")
        start, lead = f"{directory}{slash}", re.sub(r"([*?\[\]{}\\])", r"\\\1", last)
    elif request.base:
        start = request.base if request.base.endswith("/") else f"{request.base}/"
    patterns = request.patterns
    if request.joined:
        patterns, lead = [lead + "/".join(patterns)], ""
    found: list[str] = []
    for pattern in patterns:
        begun = f"{translated(start.rstrip('/'))}/" if start.startswith("~") else start
        root = len(begun)
        if not start and not lead and pattern.startswith("~"):
            user, slash, pattern = pattern.partition("/")
            begun = home(user.rstrip("\\")) + slash
        for plain in alternatives(lead + pattern):
            names: Iterable[str] = matches(plain, begun, request)
            if start or request.tails:
                lead_in = "" if request.tails else start
                names = (lead_in + name[root:] for name in names)
            found.extend(names)
    if not found and request.complains:
        plural = "" if len(patterns) == 1 else "s"
        raise TclError(f'no files matched glob pattern{plural} "{" ".join(patterns)}"',
                       "TCL", "OPERATION", "GLOB", "NOMATCH")  # fmt: skip
    return found


def parsed(arguments: list[Any]) -> Request:
    """Read the options."""
    words = [text(argument) for argument in arguments]
    request = Request([])
    at = 0
    while at < len(words) and words[at].startswith("-"):
        option = choose(words[at], _OPTIONS, "option")
        at += 1
        if option == "--":
            break
        if option in ("-directory", "-path", "-types"):
            if at == len(words):
                raise TclError(f'missing argument to "{option}"', "TCL", "ARGUMENT", "MISSING")
            if option == "-types":
                read_types(elements(arguments[at]), request)
            elif request.base_option not in ("", option):
                other = "-dictionary" if option == "-path" else "-path"  # Tcl's own slip
                raise TclError(f'"{option}" cannot be used with "{other}"',
                               "TCL", "OPERATION", "GLOB", "BADOPTIONCOMBINATION")  # fmt: skip
            else:
                request.base, request.base_option = words[at], option
            at += 1
        elif option == "-join":
            request.joined = True
        elif option == "-nocomplain":
            request.complains = False
        else:
            request.tails = True
    if request.tails and not request.base_option:
        raise TclError('"-tails" must be used with either "-directory" or "-path"',
                       "TCL", "OPERATION", "GLOB", "BADOPTIONCOMBINATION")  # fmt: skip
    request.patterns = words[at:]
    return request


def read_types(types: list[Any], request: Request) -> None:
    """Read the argument of -types."""
    for kind in reversed([text(kind) for kind in types]):
        if kind == "readonly":
            request.rights += "R"
        elif kind == "hidden":
            request.hidden = True
        elif len(kind) == 1 and kind in "bcdflps":
            request.kinds += kind
        elif len(kind) == 1 and kind in "rwx":
            request.rights += kind
        else:
            raise TclError(f'bad argument to "-types": {kind}', "TCL", "ARGUMENT", "BAD")


# -- patterns ---------------------------------------------------------------------------------------------------------

_MARK = re.compile(r"\\.|[{},]", re.DOTALL)


def alternatives(pattern: str) -> list[str]:
    """Return the patterns that one with {a,b} stands for."""
    depth = 0
    begun = 0
    commas: list[int] = []
    for mark in _MARK.finditer(pattern):
        sign = mark[0]
        if sign == "{":
            if not depth:
                begun, commas = mark.start(), []
            depth += 1
        elif sign == "}":
            depth -= 1
            if depth < 0:
                raise TclError("unmatched close-brace in file name", "TCL", "OPERATION", "GLOB", "BALANCE")
            if not depth:
                rests = alternatives(pattern[mark.end() :])
                ends = [begun, *commas, mark.start()]
                inner = [pattern[first + 1 : last] for first, last in pairwise(ends)]
                begin = pattern[:begun]
                return [begin + plain + rest for part in inner for plain in alternatives(part) for rest in rests]
        elif sign == "," and depth == 1:
            commas.append(mark.start())
    if depth:
        raise TclError("unmatched open-brace in file name", "TCL", "OPERATION", "GLOB", "BALANCE")
    return [pattern]


@lru_cache(maxsize=256)
def matcher(pattern: str) -> Callable[[str], Any]:
    """Return a test for texts that match a pattern as `string match` does."""
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        sign = pattern[at]
        at += 1
        if sign == "*":
            parts.append(".*")
        elif sign == "?":
            parts.append(".")
        elif sign == "[":
            end = pattern.find("]", at)
            parts.append(set_expression(pattern[at : end if end >= 0 else len(pattern)]))
            at = end + 1 if end >= 0 else len(pattern)
        else:
            if sign == "\\" and at < len(pattern):
                sign = pattern[at]
                at += 1
            parts.append(re.escape(sign))
    return re.compile("".join(parts), re.DOTALL).fullmatch


def set_expression(inner: str) -> str:
    """Return the regular expression for what stands between brackets; ^ has no meaning there."""
    ranges = []
    at = 0
    while at < len(inner):
        first = last = inner[at]
        at += 1
        if inner[at : at + 1] == "-" and at + 1 < len(inner):
            last = inner[at + 1]
            at += 2
        first, last = sorted((first, last))
        ranges.append(f"{re.escape(first)}-{re.escape(last)}")
    return f"[{''.join(ranges)}]" if ranges else "(?!)"


# -- the walk ---------------------------------------------------------------------------------------------------------

_MAGIC = re.compile(r"[*?\[]")


def matches(pattern: str, start: str, request: Request) -> Iterator[str]:
    """Yield the names that match a pattern without braces."""
    begun = start or ("/" if pattern.startswith("/") else "")
    parts = [part for part in pattern.split("/") if part]
    if not parts:
        yield from existing(begun or ".", request)
        return
    yield from walk(begun, parts, pattern.endswith("/"), request)


def home(user: str) -> str:
    try:
        return translated(user)
    except TclError as error:
        if error.code[-1] != "NOUSER":
            raise
        raise TclError(str(error), "TCL", "LOOKUP", "USER", user[1:]) from None


def walk(begun: str, parts: list[str], directories: bool, request: Request) -> Iterator[str]:
    """Yield what matches the parts that are left, below a directory that is given with its slash.

    Arguments:
        directories: the pattern ends with a slash.
    """
    part, *rest = parts
    if not _MAGIC.search(re.sub(r"\\.", "", part, flags=re.DOTALL)):
        literal = begun + (re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL))
        if rest:
            yield from walk(f"{literal}/", rest, directories, request)
        elif directories:
            if os.path.lexists(literal):
                yield f"{literal}/"
        else:
            yield from existing(literal, request)
        return
    for name in listed(begun, part, request, last=not rest and not directories):
        shown = begun + name
        if rest:
            if os.path.isdir(shown):
                yield from walk(f"{shown}/", rest, directories, request)
        elif directories:
            if os.path.isdir(shown):
                yield f"{shown}/"
        elif wanted(shown, request):
            yield shown


def listed(directory: str, pattern: str, request: Request, *, last: bool) -> list[str]:
    """Return the names in a directory that match. Hidden ones: where the pattern says so, or -types does."""
    try:
        names = os.listdir(directory or ".")
    except OSError:
        return []
    match = matcher(pattern)
    dotted = pattern.startswith((".", "\\."))
    if request.hidden and last:
        return [name for name in (".", "..", *names) if name.startswith(".") and (match(name))]
    if dotted:
        return [name for name in (".", "..", *names) if match(name)]
    return [name for name in names if not name.startswith(".") and match(name)]


def existing(name: str, request: Request) -> Iterator[str]:
    if os.path.lexists(name) and wanted(name, request):
        yield name


_TESTS = {
    "b": modes.S_ISBLK, "c": modes.S_ISCHR, "d": modes.S_ISDIR, "f": modes.S_ISREG, "p": modes.S_ISFIFO,
    "s": modes.S_ISSOCK,
}  # fmt: skip
_ACCESS = {"r": os.R_OK, "w": os.W_OK, "x": os.X_OK}


def wanted(name: str, request: Request) -> bool:
    """Whether a file is of the types that are asked for: of one of the kinds, and with all of the rights."""
    if not request.kinds and not request.rights:
        return True
    for right in request.rights:
        if right == "R":
            if os.lstat(name).st_mode & 0o222:
                return False
        elif not os.access(name, _ACCESS[right]):
            return False
    if not request.kinds:
        return True
    if "l" in request.kinds and os.path.islink(name):
        return True
    try:
        mode = os.stat(name).st_mode
    except OSError:
        return False
    return any(_TESTS[kind](mode) for kind in request.kinds if kind != "l")
