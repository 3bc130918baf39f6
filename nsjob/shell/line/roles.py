"""Roles: what a word of a command can be, and what the words of Tcl's own commands are, by their manual.

Of our commands the declarations tell; see `scope`. It evaluates nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from nsjob.commands.kinds import Kind
from nsjob.commands.spec import Spec
from nsjob.tcl import TclError
from nsjob.tcl.command import Command
from nsjob.tcl.parser import Word
from nsjob.tcl.values import elements

__all__ = ["NAMED", "PLAIN", "Role", "element_roles", "names_in", "tcl_roles"]


@dataclass(frozen=True, slots=True)
class Role:
    """What a word is.

    Attributes:
        what: `command`, `subcommand`, `option`, `keyword`; for scripts and lists `tcl`, `python`, `script` (of unknown
            language), `expr`, `arms` (of switch), `lambda`, `variables`, `parameters`; for values `queue`, `job`,
            `file`, `variable`, `topic`, `choice`, `procedure`, `help` (what there is help on), `text`.
        kind: of a declared argument or option.
        doc: of the argument or option.
        options: the command whose options may stand here.
        command: the command, or the ensemble, that the word belongs to, in full.
    """

    what: str
    kind: Kind | None = None
    doc: str = ""
    options: Spec | None = None
    command: str = ""


PLAIN = Role("text")
NAMED = {what: Role(what) for what in ("tcl", "expr", "keyword", "variable", "variables", "parameters", "arms")}


def element_roles(what: str, count: int) -> list[Role]:
    """What the elements of a list are: of the `arms` of a switch, of a `lambda`, of other lists."""
    if what == "arms":
        return [NAMED["tcl"] if place % 2 else PLAIN for place in range(count)]
    if what == "lambda":
        return [NAMED["parameters"], NAMED["tcl"], *[PLAIN] * count][:count]
    return [PLAIN] * count


def names_in(role: Role, word: Word) -> list[str]:
    """The variables that a word gives a value to, as far as it says so."""
    if word.value is None:
        return []
    if role.what == "variable":
        return [word.value]
    if role.what not in ("variables", "parameters"):
        return []
    try:
        found = elements(word.value)
    except TclError:
        return []
    names = []
    for one in found:
        try:
            parts = elements(one) if role.what == "parameters" else [one]
        except TclError:
            continue
        names += [str(part) for part in parts[:1]]
    return names


# -- commands of Tcl --------------------------------------------------------------------------------------------------


def tcl_roles(command: Command, words: list[Word]) -> list[Role]:
    """What the words after the name of a command of Tcl's are."""
    special = _SPECIAL.get(command.name)
    if special is not None:
        return special(words)
    if command.subcommands and words:
        chosen = _abbreviated(words[0].value or "", command.subcommands)
        rest = _shaped(_SHAPES.get(f"{command.name} {chosen}", ""), words[1:])
        return [Role("subcommand", command=command.name), *rest]
    return _shaped(_SHAPES.get(command.name, ""), words)


def _abbreviated(given: str, known: Iterable[str]) -> str:
    begun = [one for one in known if one.startswith(given)]
    return begun[0] if len(begun) == 1 else given


# What the words after the name are; the last one is repeated where a star is at its end. `-` is any text.
_SHAPES = {
    "after": "- tcl", "append": "variable -*", "apply": "lambda -*", "array exists": "variable",
    "array get": "variable -", "array names": "variable -*", "array set": "variable -", "array size": "variable",
    "array unset": "variable -",
    "array statistics": "variable", "catch": "tcl variable variable", "cd": "file", "dict append": "variable -*",
    "dict for": "variables - tcl", "dict incr": "variable -*", "dict lappend": "variable -*",
    "dict map": "variables - tcl", "dict set": "variable -*", "dict unset": "variable -*", "eval": "tcl -*",
    "expr": "expr expr*", "for": "tcl expr tcl tcl", "gets": "- variable", "global": "variable*",
    "incr": "variable -", "info args": "procedure", "info body": "procedure", "info default": "procedure - variable",
    "info exists": "variable", "lappend": "variable -*", "lassign": "- variable*", "lset": "variable -*",
    "open": "file -*", "proc": "procedure parameters tcl", "rename": "procedure -", "scan": "- - variable*",
    "set": "variable -", "source": "file -*", "time": "tcl -", "unset": "variable*", "upvar": "- variable*",
    "variable": "variable -", "while": "expr tcl", "file atime": "file", "file copy": "file*",
    "file delete": "file*", "file dirname": "file", "file executable": "file", "file exists": "file",
    "file extension": "file", "file isdirectory": "file", "file isfile": "file", "file mkdir": "file*",
    "file mtime": "file -", "file normalize": "file", "file readable": "file", "file readlink": "file",
    "file rename": "file*", "file rootname": "file", "file size": "file", "file stat": "file variable",
    "file tail": "file", "file type": "file", "file writable": "file", "uplevel": "tcl -*", "glob": "file*",
}  # fmt: skip


def _shaped(shape: str, words: list[Word]) -> list[Role]:
    names = shape.split()
    found: list[Role] = []
    for place in range(len(words)):
        if place < len(names):
            name = names[place]
        else:
            name = names[-1] if names and names[-1].endswith("*") else "-"
        name = name.rstrip("*")
        found.append(PLAIN if name == "-" else NAMED.get(name) or Role(name))
    return found


def _if(words: list[Word]) -> list[Role]:
    found: list[Role] = []
    expected = "expr"
    for word in words:
        if expected == "expr":
            found.append(NAMED["expr"])
            expected = "body"
        elif expected == "next":
            keyword = word.value in ("elseif", "else")
            found.append(NAMED["keyword" if keyword or word.kind != "braced" else "tcl"])
            expected = {"elseif": "expr", "else": "last"}.get(word.value or "", "done")
        elif word.value == "then" and expected == "body":
            found.append(NAMED["keyword"])
        else:
            found.append(NAMED["tcl"])
            expected = "next"
    return found


def _foreach(words: list[Word]) -> list[Role]:
    last = len(words) - 1
    found = [NAMED["variables"] if not place % 2 else PLAIN for place in range(len(words))]
    if last >= 2 and not last % 2:
        found[last] = NAMED["tcl"]
    return found


def _switch(words: list[Word]) -> list[Role]:
    found: list[Role] = []
    at = 0
    while at < len(words) and (words[at].value or "").startswith("-"):
        found.append(Role("option"))
        at += 1
        if words[at - 1].value == "--":
            break
        if words[at - 1].value in ("-matchvar", "-indexvar") and at < len(words):
            found.append(NAMED["variable"])
            at += 1
    found += [PLAIN] * min(1, len(words) - at)
    rest = words[at + 1 :]
    if len(rest) == 1 and rest[0].kind == "braced":
        return [*found, NAMED["arms"]]
    return found + [NAMED["tcl"] if place % 2 else PLAIN for place in range(len(rest))]


def _try(words: list[Word]) -> list[Role]:
    found = [NAMED["tcl"]] if words else []
    at = 1
    while at < len(words):
        value = words[at].value
        shape = {"on": "- variables tcl", "trap": "- variables tcl", "finally": "tcl"}.get(value or "")
        if shape is None:
            return found + [NAMED["keyword"]] + [PLAIN] * (len(words) - at - 1)
        size = len(shape.split())
        found += [NAMED["keyword"], *_shaped(shape, words[at + 1 : at + 1 + size])]
        at += 1 + size
    return found


def _regexp(words: list[Word], values: int) -> list[Role]:
    """`regexp` and `regsub`: after the options so many values, then variables."""
    found: list[Role] = []
    for word in words:
        if (not found and (word.value or "").startswith("-")) or (found and found[-1].what == "option" and _dash(word)):
            found.append(Role("option"))
        else:
            break
    rest = len(words) - len(found)
    return found + [PLAIN if place < values else NAMED["variable"] for place in range(rest)]


def _dash(word: Word) -> bool:
    return (word.value or "").startswith("-")


def _dict(words: list[Word]) -> list[Role]:
    """`dict` with bodies at its end; all else is as its shape tells."""
    name = words[0].value if words else ""
    if name in ("with", "update") and len(words) > 2:
        middle = [PLAIN] * (len(words) - 3)
        if name == "update":
            middle = [NAMED["variable"] if place % 2 else PLAIN for place in range(len(words) - 3)]
        return [Role("subcommand", command="dict"), NAMED["variable"], *middle, NAMED["tcl"]]
    rest = _shaped(_SHAPES.get(f"dict {name}", "variable" if name in ("with", "update") else ""), words[1:])
    return [Role("subcommand", command="dict"), *rest] if words else []


_SPECIAL: dict[str, Callable[[list[Word]], list[Role]]] = {
    "if": _if,
    "foreach": _foreach,
    "lmap": _foreach,
    "switch": _switch,
    "try": _try,
    "dict": _dict,
    "regexp": lambda words: _regexp(words, 2),
    "regsub": lambda words: _regexp(words, 3),
}
