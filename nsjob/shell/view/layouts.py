"""Layouts: what is known of nsjob's own records: which fields say nothing, how times are read, what may be left out."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from nsjob.shell.view.excerpts import excerpt
from nsjob.tcl.values import number

__all__ = ["UNKNOWN", "Layout", "as_duration", "is_page", "layout_of"]

Format = Callable[[Any, float], str]
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Layout:
    """How one kind of record is shown.

    Attributes:
        known_by: the fields that a record of this kind has, and no other kind.
        order: which columns come first, and which last; others stand between them.
        defaults: the texts with which a field says nothing, beside the empty one.
        formats: how a field's value is read, given the time of day as seconds since the epoch.
        spare: the columns that are left out where there is no room, the first one first.
        long: the columns whose texts may be shortened.
        right: the columns that end together, beside those of numbers.
        echoes: fields that stand for another one until they have a value of their own, with that other one.
    """

    known_by: frozenset[str] = frozenset()
    order: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    defaults: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    formats: Mapping[str, Format] = field(default_factory=dict)
    spare: tuple[str, ...] = ()
    long: frozenset[str] = frozenset()
    right: frozenset[str] = frozenset()
    echoes: Mapping[str, str] = field(default_factory=dict)

    def columns(self, keys: list[Any]) -> list[Any]:
        """The keys of a record in the order in which they are shown."""
        first, last = self.order
        between = [key for key in keys if key not in first and key not in last]
        return [key for key in first if key in keys] + between + [key for key in last if key in keys]

    def says_nothing(self, record: Mapping[Any, Any], key: Any) -> bool:
        """Whether a field is empty or has its default."""
        start, whole = excerpt(record[key], 20)
        return (whole and (not start or start in self.defaults.get(key, ()))) or self._is_echo(record, key)

    def read(self, record: Mapping[Any, Any], key: Any, now: float, most: int) -> str:
        """A field's value as people read it, some `most` characters."""
        if self._is_echo(record, key):
            return ""
        value = record[key]
        made = self.formats.get(key) if value != "" else None
        if made is not None:
            try:
                return made(value, now)
            except (TypeError, ValueError, OverflowError, OSError):  # a record that only looks like ours
                pass
        return excerpt(value, most)[0]

    def _is_echo(self, record: Mapping[Any, Any], key: Any) -> bool:
        other = self.echoes.get(key)
        return other is not None and record[key] is record.get(other)


def as_duration(seconds: float) -> str:
    """A time as people say it: 250 ms, 1.2 s, 3 min 20 s, 2 h 5 min, 3 d 4 h."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, name, part, part_name in ((_DAY, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size:,} {name}" + (f" {rest} {part_name}" if rest else "")
    return f"{whole} s"


def _milliseconds(value: Any, now: float) -> str:
    return as_duration(_real(value) / 1000)


def _seconds(value: Any, now: float) -> str:
    return f"{_real(value):.6f}".rstrip("0").rstrip(".") + " s"


def _clock(value: Any, now: float) -> str:
    """The time of day, with its date where that is not today."""
    moment = time.localtime(_real(value))
    today = time.localtime(now)
    hour = time.strftime("%H:%M:%S", moment)
    if (moment.tm_year, moment.tm_yday) == (today.tm_year, today.tm_yday):
        return hour
    return f"{moment.tm_year:04}-{moment.tm_mon:02}-{moment.tm_mday:02} {hour}"


def _progress(value: Any, now: float) -> str:
    done, total, words = value
    of = _real(total) if total != "" and total is not None else 0.0
    shown = f"{min(_real(done) / of, 1.0):.0%}" if of > 0 else excerpt(done, 20)[0]
    return f"{shown} {excerpt(words, 100)[0]}".rstrip()


def _whole_progress(value: Any, now: float) -> str:
    done, total, words = value
    of = f" of {excerpt(total, 20)[0]}" if total != "" and total is not None else ""
    return f"{excerpt(done, 20)[0]}{of} {excerpt(words, 1000)[0]}".rstrip()


def _real(value: Any) -> float:
    found = number(value)
    if found is None:
        raise ValueError
    return float(found)


UNKNOWN = Layout()

_QUEUE = Layout(
    known_by=frozenset({"name", "desc", "maxthreads", "numrunning", "req"}),
    order=(("name", "maxthreads", "numrunning", "scheduled", "done"), ("desc",)),
    defaults={
        "req": ("none",),
        "paused": ("0",),
        "lost": ("0",),
        "onerror": ("continue",),
        "engine": ("thread",),
    },
    long=frozenset({"desc"}),
)
_JOB = Layout(
    known_by=frozenset({"id", "state", "results", "script", "starttime", "endtime"}),
    order=(
        ("queue", "id", "state", "outcome", "status", "time", "progress", "attempt", "priority", "req"),
        ("starttime", "endtime", "thread", "code", "type", "note", "results", "script"),
    ),
    defaults={
        "code": ("TCL_OK",),
        "type": ("nondetached",),
        "req": ("none",),
        "thread": ("0",),
        "priority": ("127",),
        "attempt": ("0", "1"),
        "left": ("0",),
    },
    formats={
        "time": _milliseconds,
        "starttime": _clock,
        "endtime": _clock,
        "queued": _clock,
        "progress": _progress,
    },
    spare=(
        "thread", "queued", "left", "endtime", "code", "type", "metadata", "starttime", "subtopic", "group", "topic",
        "req", "priority", "attempt",
    ),
    long=frozenset({"results", "script", "note", "topic", "subtopic", "group", "metadata"}),
    right=frozenset({"time", "starttime", "endtime", "queued"}),
    echoes={"results": "script"},
)  # fmt: skip
_ENDED = Layout(
    known_by=frozenset({"queue", "id", "outcome", "results"}),
    long=frozenset({"results"}),
)
_THREAD = Layout(
    known_by=frozenset({"name", "ident", "state", "queue", "job", "jobs"}),
    spare=("ident",),
)
_REPORT = Layout(
    known_by=frozenset({"queue", "id", "queued", "stack", "options"}),
    defaults={
        "req": ("none",),
        "code": ("TCL_OK",),
        "retries": ("0",),
        "priority": ("127",),
        "attempt": ("0", "1"),
        "left": ("0",),
    },
    formats={"queued": _clock, "started": _clock, "ended": _clock, "progress": _whole_progress},
)
_SETTINGS = Layout(
    known_by=frozenset({"jobsperthread", "timeout", "logminduration"}),
    formats={"timeout": _seconds, "logminduration": _seconds, "grace": _seconds},
)
_TEMPLATE = Layout(
    known_by=frozenset({"name", "script", "schema", "active"}),
    order=(("name", "active", "timeout", "retries"), ("options", "schema", "script")),
    defaults={"retries": ("0",), "active": ("1",)},
    formats={"timeout": _seconds},
    spare=("options",),
    long=frozenset({"options", "schema", "script"}),
)
_LAYOUTS = (_REPORT, _JOB, _QUEUE, _ENDED, _THREAD, _SETTINGS, _TEMPLATE)


def is_page(keys: Collection[Any]) -> bool:
    """Whether what has these fields is a page of jobs, as `find` answers."""
    return len(keys) == 2 and "jobs" in keys and "cursor" in keys


def layout_of(keys: Collection[Any]) -> Layout:
    """The layout of records with these fields."""
    found = frozenset(keys)
    return next((layout for layout in _LAYOUTS if layout.known_by <= found), UNKNOWN)
