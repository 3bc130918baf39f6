"""Render: how the prompt shows a result. Lists of records become tables, single records two columns, lists columns.

It knows the shapes of values; what is known of nsjob's own records is in `layouts`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from nsjob.shell.view.excerpts import excerpt, is_list, items
from nsjob.shell.view.harmless import cells, folded, harmless, one_line, shortened
from nsjob.shell.view.layouts import is_page
from nsjob.shell.view.lines import Line, note, painted
from nsjob.shell.view.sheets import sheet_lines, silent_fields
from nsjob.shell.view.tables import table, table_lines
from nsjob.tcl.values import quoted

__all__ = ["shown"]

_MOST_RECORDS = 1_000
_MOST_SHEETS = 200
_MOST_ITEMS = 5_000
_MOST_LINES = 1_000
_MOST_CHARACTERS = 100_000
_LONGEST_ITEM = 5  # lines of one element of a list
_ALL = "all: puts $_"


def shown(value: Any, width: int, colour: bool, now: float | None = None) -> str:
    """Return a value as the prompt shows it, without a newline at its end; empty where there is nothing to show.

    Whatever the value, no line is wider than the terminal, nothing but colours of this function's own controls it,
    and of what is very long the beginning is shown, and how much more there is.

    Arguments:
        width: cells of a line, 1 or more.
        colour: whether colours may be used.
        now: the time of day, in seconds since the epoch; None for the clock's.
    """
    width = max(width, 1)
    if value is None or (isinstance(value, str | bytes | bytearray) and not value):
        return ""
    return painted(_lines(value, width, time.time() if now is None else now), width, colour)


def _lines(value: Any, width: int, now: float) -> list[Line]:
    if isinstance(value, Mapping):
        if is_page(value.keys()) and (page := _page(value, width, now)):
            return page
        return _sheet(value, width, now) if value else []
    if is_list(value):
        first = items(value, _MOST_RECORDS)
        if first and _are_records(first):
            return _records(first, _size(value, len(first)), width, now)
        return _list(value, width)
    return _text(value, width)


def _size(value: Any, least: int) -> int:
    try:
        return len(value)
    except Exception:  # a class of somebody's
        return least


def _are_records(values: list[Any]) -> bool:
    first = values[0]
    if not isinstance(first, Mapping) or not first:
        return False
    keys = first.keys()
    return all(isinstance(value, Mapping) and value.keys() == keys for value in values)


# -- records ----------------------------------------------------------------------------------------------------------


def _sheet(record: Mapping[Any, Any], width: int, now: float) -> list[Line]:
    lines = sheet_lines(record, width, now)
    silent = len(silent_fields(record))
    return lines + (_note(f"not shown: {silent} at their defaults ({_ALL})", width) if silent else [])


def _page(value: Mapping[Any, Any], width: int, now: float) -> list[Line]:
    """What `find` answers: its jobs as a table, and how to see more. Nothing where it only looks like it."""
    jobs = value["jobs"]
    if not is_list(jobs):
        return []
    first = items(jobs, _MOST_RECORDS)
    if first and not _are_records(first):
        return []
    lines = _records(first, _size(jobs, len(first)), width, now) if first else _note("no jobs", width)
    cursor, whole = excerpt(value["cursor"], 1_000)
    return lines + (_note(f"more: find -cursor {cursor}", width) if cursor and whole else [])


def _records(records: list[Mapping[Any, Any]], size: int, width: int, now: float) -> list[Line]:
    found = table(records, width, now)
    if found is None:
        return _below_each_other(records[:_MOST_SHEETS], size, width, now)
    missing = []
    if found.silent:
        missing.append(f"{len(found.silent)} at their defaults")
    if found.squeezed:
        missing.append(f"no room for {', '.join(found.squeezed)}")
    lines = table_lines(found) + _more(len(records), size, width)
    return lines + (_note(f"not shown: {'; '.join(missing)} ({_ALL})", width) if missing else [])


def _below_each_other(records: list[Mapping[Any, Any]], size: int, width: int, now: float) -> list[Line]:
    lines: list[Line] = []
    for record in records:
        lines += sheet_lines(record, width, now)
        lines.append([])
    lines += _more(len(records), size, width)
    if any(silent_fields(record) for record in records):
        lines += _note(f"not shown: what is at its default ({_ALL})", width)
    return lines if lines[-1] else lines[:-1]


# -- lists and texts --------------------------------------------------------------------------------------------------


def _list(value: Any, width: int) -> list[Line]:
    first = items(value, _MOST_ITEMS)
    size = _size(value, len(first))
    entries = []
    for place, item in enumerate(first):
        start, whole = excerpt(item, _LONGEST_ITEM * width)
        entries.append(one_line(quoted(start, first=not place)) + ("" if whole else "…"))
    line = " ".join(entries) if len(entries) <= width else ""
    if line and size == len(first) and cells(line) <= width:
        return [[(line, "")]]
    widest = max(map(cells, entries), default=0)
    lines = _columns(entries, widest, width) if 2 * widest + 2 <= width else _below(entries, width)
    return lines + _more(len(first), size, width)


def _columns(entries: list[str], widest: int, width: int) -> list[Line]:
    """The entries in columns, read downwards."""
    across = (width + 2) // (widest + 2)
    down = -(-len(entries) // across)
    lines: list[Line] = []
    for row in range(down):
        chosen = entries[row::down]
        lines.append([(entry + " " * (widest + 2 - cells(entry)), "") for entry in chosen[:-1]])
        lines[-1].append((chosen[-1], ""))
    return lines


def _below(entries: list[str], width: int) -> list[Line]:
    """One entry below the other; a long one goes on in lines that are indented."""
    lines: list[Line] = []
    indent = "  " if width > 20 else ""
    for place, entry in enumerate(entries):
        if len(lines) >= _MOST_LINES:
            return lines + _note(f"… {len(entries) - place:,} more of these", width)
        first, *more = folded(entry, width, 1) if indent else folded(entry, width, _LONGEST_ITEM)
        lines.append([(first, "")])
        if indent and len(first) < len(entry):
            more = folded(entry[len(first) :], width - 2, _LONGEST_ITEM)
        lines += [[(indent + line, "")] for line in more]
    return lines


def _text(value: Any, width: int) -> list[Line]:
    start, whole = excerpt(value, _MOST_CHARACTERS)
    found = folded(harmless(start).rstrip("\n"), width, _MOST_LINES + 1)
    lines: list[Line] = [[(line, "")] for line in found[:_MOST_LINES]]
    if whole and len(found) <= _MOST_LINES:
        return lines
    if not isinstance(value, str):
        return lines + _note(f"… and more ({_ALL})", width)
    characters = sum(map(len, found[:_MOST_LINES]))
    return lines + _note(
        f"… some {max(len(value) - characters, 1):,} of {len(value):,} characters more ({_ALL})", width
    )


def _more(count: int, size: int, width: int) -> list[Line]:
    return _note(f"… {size - count:,} more of {size:,} ({_ALL})", width) if size > count else []


def _note(sentence: str, width: int) -> list[Line]:
    """A sentence about what is shown, in as many lines as it needs."""
    lines: list[Line] = []
    line = ""
    for word in harmless(sentence).split(" "):
        if line and cells(line) + 1 + cells(word) > width:
            lines.append(note(line))
            line = ""
        line = f"{line} {word}" if line else shortened(word, width)
    return [*lines, note(line)]
