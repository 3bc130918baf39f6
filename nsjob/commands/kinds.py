"""Kinds: what an argument or option of a command may be: how a message names it, how its text becomes a value."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from nsjob.durations import seconds
from nsjob.errors import OptionError, brief, nearest
from nsjob.pool.indexes import IndexSet
from nsjob.tcl import TclError
from nsjob.tcl.values import TclDict, elements, float_text, mapping, number
from nsjob.tcl.values import text as tcl_text

__all__ = [
    "Amount",
    "Command",
    "Definition",
    "Dictionary",
    "FilePath",
    "Files",
    "Flag",
    "Indexes",
    "Input",
    "Integer",
    "JobId",
    "Jobs",
    "Json",
    "Kind",
    "Language",
    "Moment",
    "Names",
    "NewId",
    "Number",
    "OnError",
    "Paths",
    "Priority",
    "Python",
    "QueueId",
    "Script",
    "Severity",
    "SortBy",
    "Statuses",
    "TemplateName",
    "Text",
    "Time",
    "Topic",
    "Variables",
    "Words",
    "as_text",
    "json_value",
    "python_value",
    "tcl_value",
]

Offer: TypeAlias = Literal["", "queue", "job", "file", "variable", "command", "topic", "template", "python", "script"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a word may be.

    Attributes:
        shown: how a usage message names the value of an option of this kind.
        convert: from the label that messages name and the word's value, to the value that the command gets.
        bounds: what follows an argument's own name in a usage message.
        offers: what completion offers for it.
        choices: all it may be, where that is a few words.
    """

    shown: str
    convert: Callable[[str, Any], Any]
    bounds: str = ""
    offers: Offer = ""
    choices: tuple[str, ...] = ()


def as_text(label: str, value: Any) -> str:
    """The text of a value."""
    return value if type(value) is str else tcl_text(value)


def _as_is(label: str, value: Any) -> Any:
    return value


def _integer(lowest: int, highest: float = math.inf) -> Callable[[str, Any], int]:
    bounds = f"[{lowest},{'MAX' if highest == math.inf else highest}]"

    def convert(label: str, value: Any) -> int:
        found = number(value)
        if type(found) is not int:
            raise OptionError(f'expected integer but got "{_shown(value)}"')
        if not lowest <= found <= highest:
            raise OptionError(f"expected integer in range {bounds} for '{label}', but got {found}")
        return found

    return convert


def _shown(value: Any) -> str:
    shown = tcl_text(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."


def _time(label: str, value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return seconds(value)
    try:
        return seconds(tcl_text(value))
    except OptionError as error:
        if "expected time value" not in str(error):
            raise
        raise OptionError(f'expected time value but got "{_shown(value)}"') from None


def _moment(label: str, value: Any) -> Any:
    """Seconds since the epoch, or a date and time as ISO 8601 writes it, in the local zone where it names none."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.astimezone()
    found = number(value)
    if found is not None:
        return found
    try:
        return datetime.fromisoformat(tcl_text(value)).astimezone()
    except (ValueError, OverflowError, OSError):  # the last two: years that the zone's rules do not reach
        raise OptionError(
            f'{label}: expected seconds since 1970 or a time like 2030-01-31T18:00, but got "{_shown(value)}"'
        ) from None


def _number(label: str, value: Any) -> float:
    found = number(value)
    if found is None:
        raise OptionError(f'{label}: expected a number but got "{_shown(value)}"')
    return found


def _names(label: str, value: Any) -> tuple[str, ...]:
    return tuple(tcl_text(name) for name in _list(label, value))


def _list(label: str, value: Any) -> list[Any]:
    try:
        return elements(value)
    except TclError as error:
        raise OptionError(f"{label} takes a list: {error}") from None


def _jobs(label: str, value: Any) -> list[Any]:
    """Jobs that come before: ids, or {queue job}."""
    found: list[Any] = []
    for one in _list(label, value):
        parts = [tcl_text(part) for part in _list(label, one)]
        if not 1 <= len(parts) <= 2:
            raise OptionError(f'{label} takes a list of jobIds, or of {{queueId jobId}}, but got "{_shown(one)}" in it')
        found.append(parts[0] if len(parts) == 1 else tuple(parts))
    return found


def python_value(value: Any) -> Any:
    """A Tcl value for Python code: text that is a canonical number is that number (Tcl cannot tell `5` from "5").

    Lists and dicts are copied, through and through: Python code may change its own.
    """
    kind = type(value)
    if kind is list or kind is tuple:
        return kind([python_value(part) for part in value])
    if kind is TclDict or kind is dict:
        return {key: python_value(part) for key, part in value.items()}
    if kind is not str:
        return value
    found = number(value)
    if found is None or (tcl_text(found) if type(found) is int else float_text(found)) != value:
        return value
    return found


def json_value(label: str, value: Any) -> Any:
    """What a word of JSON says; a value that is no text, as a list or dict that a command made, is what it is.

    Raises:
        OptionError: it is no JSON.
    """
    if type(value) is not str:
        return python_value(value)
    import json  # late: only who uses it pays for it

    try:
        return json.loads(value, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise OptionError(f'{label}: expected JSON such as {{"name": 1}}, but got "{_shown(value)}": {error}') from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def tcl_value(value: Any) -> Any:
    """A value of Python code for a script: lists and dicts are copied, so that the code may go on to change its own."""
    kind = type(value)
    if kind is list or kind is tuple:
        return kind([tcl_value(part) for part in value])
    if kind is dict:
        return {key: tcl_value(part) for key, part in value.items()}
    return "" if value is None else value


def _indexes(label: str, value: Any) -> IndexSet:
    return IndexSet.parse(tcl_text(value))


def _texts(label: str, value: Any) -> Mapping[str, str]:
    try:
        return {key: tcl_text(one) for key, one in mapping(value).items()}
    except TclError as error:
        raise OptionError(f"{label} takes names and values: {error}") from None


def _dictionary(label: str, value: Any) -> Mapping[str, Any]:
    try:
        return {key: python_value(one) for key, one in mapping(value).items()}
    except TclError as error:
        raise OptionError(f"{label} takes names and values: {error}") from None


def one_of(*choices: str) -> Callable[[str, Any], str]:
    """A word out of a few; the beginning of one is enough where it is unique."""

    def convert(label: str, value: Any) -> str:
        given = tcl_text(value)
        found = [choice for choice in choices if choice == given] or [
            choice for choice in choices if given and choice.startswith(given)
        ]
        if len(found) != 1:
            raise OptionError(
                f"bad {label.lstrip('-?')} {brief(given)}: must be {', '.join(choices[:-1])} or {choices[-1]}"
            )
        return found[0]

    return convert


_PRIORITIES = ("lowest", "background", "default", "high", "maximum")


def _priority(label: str, value: Any) -> int | str:
    found = number(value)
    if type(found) is int:
        return found
    given = tcl_text(value)
    if given not in _PRIORITIES:
        raise OptionError(
            f"bad priority {brief(given)}: must be 0 to 255, or {', '.join(_PRIORITIES)}{nearest(given, _PRIORITIES)}"
        )
    return given


def _choice(*words: str) -> Kind:
    return Kind("|".join(words), one_of(*words), choices=words)


# -- the kinds, as the declarations name them -------------------------------------------------------------------------

SEVERITIES = ("notice", "warning", "error", "fatal", "bug", "debug")


def _severity(label: str, value: Any) -> str:
    given = tcl_text(value).lower()
    if given not in SEVERITIES:
        raise OptionError(f'unknown severity: "{_shown(value)}": should be one of: {", ".join(SEVERITIES)}')
    return given


QueueId = Annotated[str, Kind("queueId", as_text, offers="queue")]
JobId = Annotated[str, Kind("jobId", as_text, offers="job")]
NewId = Annotated[str, Kind("value", as_text)]
Script = Annotated[str, Kind("script", as_text, offers="script")]
Python = Annotated[str, Kind("script", as_text, offers="python")]
Definition = Annotated[Any, Kind("arg", _as_is, offers="script")]
Command = Annotated[Any, Kind("command", _as_is, offers="command")]
Text = Annotated[str, Kind("value", as_text)]
TemplateName = Annotated[str, Kind("template", as_text, offers="template")]
Topic = Annotated[str, Kind("topic", as_text, offers="topic")]
FilePath = Annotated[str, Kind("file", as_text, offers="file")]
Indexes = Annotated[IndexSet, Kind("indexes", _indexes)]
Input = Annotated[Any, Kind("value", lambda label, value: python_value(value))]
Json = Annotated[Any, Kind("json", json_value)]
Words = Annotated[Any, Kind("arg", _as_is)]
Flag = Annotated[bool, Kind("", _as_is)]
Amount = Annotated[int, Kind("integer[1,MAX]", _integer(1), "[1,MAX]")]
Integer = Annotated[int, Kind("integer[0,MAX]", _integer(0), "[0,MAX]")]
Number = Annotated[float, Kind("number", _number)]
Time = Annotated[float, Kind("time", _time)]
Moment = Annotated[Any, Kind("time", _moment)]
Priority = Annotated[Any, Kind("priority", _priority, choices=_PRIORITIES)]
Names = Annotated[tuple[str, ...], Kind("list", _names)]
Variables = Annotated[tuple[str, ...], Kind("list", _names, offers="variable")]
Files = Annotated[tuple[str, ...], Kind("list", _names, offers="file")]
Jobs = Annotated[list[Any], Kind("list", _jobs, offers="job")]
Dictionary = Annotated[Mapping[str, Any], Kind("dict", _dictionary)]
Paths = Annotated[Mapping[str, str], Kind("dict", _texts, offers="file")]
Statuses = Annotated[str, _choice("ns_job", "tasker")]
Language = Annotated[str, _choice("python", "tcl")]
OnError = Annotated[str, _choice("continue", "pause", "cancel")]
SortBy = Annotated[str, _choice("priority", "time", "state")]
Severity = Annotated[str, Kind("severity", _severity, choices=SEVERITIES)]
