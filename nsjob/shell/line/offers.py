"""Offers: what could stand where the cursor is, with a few words about each: from declarations, pool and interpreter.

Everything is told, whatever was typed; `completion` chooses and orders.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nsjob.commands.declare import GENERAL, NS_JOB
from nsjob.commands.inside import JOB
from nsjob.commands.spec import Spec
from nsjob.errors import NsjobError
from nsjob.pool.records import JobInfo, QueueInfo
from nsjob.shell.line.python_names import python_offers, typed_name
from nsjob.shell.line.roles import Role
from nsjob.shell.line.scope import Scope, bound_spec, queue_of
from nsjob.shell.line.spots import Spot
from nsjob.tcl import TclError
from nsjob.tcl.arithmetic import FUNCTIONS
from nsjob.tcl.command import Command
from nsjob.tcl.frames import Frame
from nsjob.tcl.parser import Variable, Word
from nsjob.tcl.values import quoted, text

__all__ = ["Offer", "brief_line", "offers_at"]

_WIDTH = 60  # signs of what stands beside an offer
_BARE = re.compile(r"(?:[A-Za-z0-9_]|::)+")  # a name that needs no braces after its dollar
_MOST_JOBS = 2_000  # of a queue with more of them none are offered: listing them would take too long for a keystroke


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that could stand at the cursor.

    Attributes:
        name: what is matched with what was typed.
        text: what is inserted.
        meta: a few words about it.
        goes_on: whether more of the same word follows: a directory, an array.
    """

    name: str
    text: str
    meta: str = ""
    goes_on: bool = False


def brief_line(shown: str, width: int = _WIDTH) -> str:
    """A text as one short line."""
    line = " ".join(shown[: 4 * width].split())
    return line if len(line) <= width else line[: width - 3] + "..."


def offers_at(spot: Spot) -> Iterator[Offer]:
    """All that could stand there."""
    role = spot.role
    source = _SOURCES.get(role.what)
    if role.options is not None and (spot.typed.startswith("-") or (source is None and not spot.typed)):
        yield from _options(role.options, spot)
    if source is not None:
        yield from source(spot)
    if role.options is not None and source is not None and not spot.typed:
        yield from _options(role.options, spot)


def _word(spot: Spot, name: str, meta: str = "") -> Offer:
    """A value, quoted where the word at the cursor is not quoted already."""
    shown = name if spot.opener else quoted(name)
    if spot.opener == '"' and any(sign in name for sign in '"$[\\'):
        shown = "".join("\\" + sign if sign in '"$[]\\' else sign for sign in name)
    return Offer(name, shown, meta)


# -- commands ---------------------------------------------------------------------------------------------------------


def _commands(spot: Spot) -> Iterator[Offer]:
    scope = spot.scope
    known = scope.shell.interp.commands
    names = dict.fromkeys([*NS_JOB.specs, *GENERAL])
    for name in [*names, *(name for name in sorted(known) if name not in names)]:
        if name in known:
            yield Offer(name, quoted(name), _about(scope, name, known[name]))
    for name in sorted(scope.redefined - set(known)):
        yield Offer(name, quoted(name), "a procedure of this script")
    if scope.inside and JOB.name not in known:
        yield Offer(JOB.name, JOB.name, "the job that runs this script")


def _about(scope: Scope, name: str, command: Command) -> str:
    spec = bound_spec(scope, name)
    if spec is not None:
        return brief_line(spec.summary)
    if command.procedure is not None:
        return brief_line(f"procedure: {name} {command.procedure.usage()}")
    return brief_line(_sentence(command.doc) or command.usage)


def _sentence(doc: str) -> str:
    return " ".join(doc.split()).partition(". ")[0].rstrip(".")


def _subcommands(spot: Spot) -> Iterator[Offer]:
    scope = spot.scope
    name = spot.role.command
    ensemble = scope.ensemble(name)
    if ensemble is not None:
        for short in ensemble.names():
            yield Offer(short, short, brief_line(ensemble.specs[short].summary))
        return
    command = scope.shell.interp.commands.get(name)
    if command is not None:
        for short, one in sorted(command.subcommands.items()):
            yield Offer(short, short, brief_line(_sentence(one.doc) or one.usage))


def _topics_of_help(spot: Spot) -> Iterator[Offer]:
    topics = [word.value or "" for word in spot.words[1:-1]]
    if not topics:
        yield from _commands(spot)
    elif len(topics) == 1:
        yield from _subcommands(_of_command(spot, topics[0]))


def _of_command(spot: Spot, name: str) -> Spot:
    return Spot(Role("subcommand", command=name), spot.start, spot.typed, spot.words, spot.scope)


def _procedures(spot: Spot) -> Iterator[Offer]:
    for name, command in sorted(spot.scope.shell.interp.commands.items()):
        if command.procedure is not None:
            yield _word(spot, name, brief_line(f"procedure: {name} {command.procedure.usage()}"))


def _script(spot: Spot) -> Iterator[Offer]:
    """A script that is a bare word: a command's name."""
    if spot.typed or spot.opener:
        return _commands(spot)
    return iter((Offer("{", "{", brief_line(f"a Tcl script in braces. {spot.role.doc}"), goes_on=True),))


def _functions(spot: Spot) -> Iterator[Offer]:
    if not spot.typed:
        return
    for name in sorted(FUNCTIONS):
        yield Offer(name, f"{name}(", "a function of expr", goes_on=True)


# -- options and choices ----------------------------------------------------------------------------------------------


def _options(spec: Spec, spot: Spot) -> Iterator[Offer]:
    given = {word.value for word in spot.words[:-1]}
    for option in spec.options.values():
        if option.name not in given:
            value = f"{option.kind.shown}: " if option.kind is not None else ""
            yield Offer(option.name, option.name, brief_line(value + option.doc))


def _choices(spot: Spot) -> Iterator[Offer]:
    kind = spot.role.kind
    for name in kind.choices if kind is not None else ():
        yield _word(spot, name, brief_line(spot.role.doc))


# -- the pool ---------------------------------------------------------------------------------------------------------


def _queues(spot: Spot) -> Iterator[Offer]:
    if spot.role.command.endswith(" create"):
        return  # a new name
    for info in spot.scope.shell.pool.queuelist():
        yield _word(spot, info.name, _about_queue(info))


def _about_queue(info: QueueInfo) -> str:
    parts = [f"{info.numrunning} running", f"{info.scheduled} waiting", f"{info.done} done"]
    if info.paused:
        parts.insert(0, "paused")
    return brief_line(", ".join(parts) + (f" - {info.desc}" if info.desc else ""))


def _jobs(spot: Spot) -> Iterator[Offer]:
    scope = spot.scope
    named = queue_of(scope, spot.words)
    if spot.role.kind is not None and spot.role.kind.shown == "list":  # -after: the queue is not typed yet
        for queue in scope.shell.pool.queues():
            for info in _infos(scope, queue):
                element = quoted(info.id) if spot.opener else quoted(quoted(info.id))  # of a list
                yield Offer(info.id, element, brief_line(f"{queue}: {_about_job(info)}"))
        return
    queue_name = _value(scope, named) if named is not None else None
    if queue_name is not None:
        for info in _infos(scope, queue_name):
            yield _word(spot, info.id, brief_line(_about_job(info)))


def _infos(scope: Scope, queue: str) -> list[JobInfo]:
    pool = scope.shell.pool
    try:
        counts = pool.counts(queue)
        if counts.scheduled + counts.running + counts.done > _MOST_JOBS:
            return []
        return pool.joblist(queue)
    except NsjobError:
        return []


def _about_job(info: JobInfo) -> str:
    state = info.state if info.state != "done" or info.outcome == "ok" else f"done, {info.outcome}"
    return f"{state}: {brief_line(info.script)}"


def _value(scope: Scope, word: Word) -> str | None:
    """The value that a word has already: its own, or that of the variable which it is."""
    if word.value is not None:
        return word.value
    parts = word.parts or []
    if len(parts) == 1 and isinstance(parts[0], Variable) and parts[0].element is None:
        try:
            return text(scope.shell.interp.get(parts[0].name))
        except TclError:
            return None
    return None


def _labels(spot: Spot) -> Iterator[Offer]:
    found: dict[str, int] = {}
    for queue in spot.scope.shell.pool.queues():
        for info in _infos(spot.scope, queue):
            if info.topic:
                found[info.topic] = found.get(info.topic, 0) + 1
    for topic, count in found.items():
        yield _word(spot, topic, f"{count} job{'s' if count > 1 else ''}")


def _templates(spot: Spot) -> Iterator[Offer]:
    for info in spot.scope.shell.pool.templates():
        state = "" if info.active else "not active: "
        yield _word(spot, info.name, state + brief_line(info.script))


# -- variables --------------------------------------------------------------------------------------------------------


def _variables(spot: Spot) -> Iterator[Offer]:
    frame = spot.scope.shell.interp.frame
    known = frame.names()
    dollar = spot.role.what == "dollar"
    for name in sorted(dict.fromkeys([*spot.names, *known])):
        meta = _about_variable(frame, name) if name in known else "of this script"
        array = frame.array(name) is not None
        if not dollar:
            yield Offer(name, name if spot.opener else quoted(name), meta)
        elif spot.opener == "${":
            yield Offer(name, name + "}", meta)
        elif _BARE.fullmatch(name):
            yield Offer(name, name + "(" * array, meta, goes_on=array)


def _about_variable(frame: Frame, name: str) -> str:
    array = frame.array(name)
    if array is not None:
        return f"array of {len(array)}"
    try:
        return _about_value(frame.get(name))
    except TclError:
        return ""


def _about_value(value: Any) -> str:
    """A value's beginning. The text of what is large is not made for that."""
    if isinstance(value, str):
        return brief_line(value)
    if isinstance(value, int | float):
        return brief_line(text(value))
    if isinstance(value, list | tuple):
        return f"list of {len(value)}"
    if isinstance(value, dict):
        return f"dict of {len(value)}"
    return "" if value is None else type(value).__name__


def _indexes(spot: Spot) -> Iterator[Offer]:
    array: Mapping[str, Any] = spot.scope.shell.interp.frame.array(spot.array) or {}
    for index, value in sorted(array.items()):
        if not any(sign in index for sign in ')[]$\\"'):
            yield Offer(index, index + ")", _about_value(value))


# -- files ------------------------------------------------------------------------------------------------------------


def _files(spot: Spot) -> Iterator[Offer]:
    folder, slash, begun = spot.typed.rpartition("/")
    before = folder + slash
    try:
        with os.scandir(os.path.expanduser(before) or ".") as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except (OSError, ValueError):
        return
    hidden = begun.startswith(".")
    for entry in found:
        if entry.name.startswith(".") and not hidden:
            continue
        whole = before + entry.name
        try:
            directory = entry.is_dir()
        except OSError:
            directory = False
        name = whole + "/" * directory
        yield Offer(name, _path(spot, name), "folder" if directory else "", goes_on=directory)


def _path(spot: Spot, name: str) -> str:
    """A path as a part of the word at the cursor: with backslashes, so that the word may go on."""
    signs = {"": ' \t\n;"{}[]$\\', '"': '"[]$\\', "{": ""}.get(spot.opener, "")
    return "".join("\\" + sign if sign in signs else sign for sign in name)


def _python(spot: Spot) -> Iterator[Offer]:
    if not spot.opener and not spot.typed:
        yield Offer("{", "{", brief_line(f"Python in braces: {spot.role.doc}"), goes_on=True)
    if not spot.opener and (spot.typed.startswith("-") or not typed_name(spot.typed)):
        return
    for name, meta in python_offers(spot):
        yield Offer(name, name, brief_line(meta))


_SOURCES: dict[str, Callable[[Spot], Iterable[Offer]]] = {
    "command": _commands,
    "subcommand": _subcommands,
    "help": _topics_of_help,
    "procedure": _procedures,
    "tcl": _script,
    "function": _functions,
    "choice": _choices,
    "queue": _queues,
    "job": _jobs,
    "topic": _labels,
    "template": _templates,
    "variable": _variables,
    "variables": _variables,
    "dollar": _variables,
    "index": _indexes,
    "file": _files,
    "python": _python,
}
