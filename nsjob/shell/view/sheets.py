"""Sheets: one record as two columns, a line or more for each field."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from nsjob.shell.view.excerpts import excerpt, is_list, items
from nsjob.shell.view.harmless import cells, folded, harmless, one_line, shortened
from nsjob.shell.view.layouts import UNKNOWN, Layout, layout_of
from nsjob.shell.view.lines import TITLE, WORDS, Line, note

__all__ = ["sheet_lines", "silent_fields"]

_LONGEST = 20  # lines of one value
_MOST_FIELDS = 1_000


def silent_fields(record: Mapping[Any, Any]) -> list[str]:
    """The fields of one of nsjob's own records that are empty or at their default. A person's own dicts have none."""
    layout = layout_of(record.keys()) if len(record) < _MOST_FIELDS else UNKNOWN
    if layout is UNKNOWN:
        return []
    return [key for key in record if layout.says_nothing(record, key)]


def sheet_lines(record: Mapping[Any, Any], width: int, now: float) -> list[Line]:
    """The lines of a record, without its silent fields.

    Arguments:
        now: the time of day, in seconds since the epoch.
    """
    layout = layout_of(record.keys()) if len(record) < _MOST_FIELDS else UNKNOWN
    silent = set(silent_fields(record))
    keys = [key for key in islice(record, _MOST_FIELDS) if key not in silent]
    titles = [shortened(one_line(excerpt(key, 100)[0]), max(width // 3, 1)) for key in keys]
    column = max(map(cells, titles), default=0)
    if column + 2 + 8 > width:  # no room for two columns
        column = 0
    lines: list[Line] = []
    for key, title in zip(keys, titles, strict=True):
        lines += _field(title, key, _value(record, key, layout, now, width), column, width)
    if len(record) > _MOST_FIELDS:
        lines.append(note(f"… {len(record) - _MOST_FIELDS:,} more fields of {len(record):,}"))
    return lines


def _value(record: Mapping[Any, Any], key: Any, layout: Layout, now: float, width: int) -> str:
    value = record[key]
    if is_list(value) and key not in layout.formats:
        first = items(value, _LONGEST + 1)
        if any(isinstance(part, str) and " " in part for part in first):  # lines of a log, say
            return "\n".join(one_line(excerpt(part, 4 * width)[0]) for part in first)
    return layout.read(record, key, now, (_LONGEST + 1) * (width + 1))


def _field(title: str, key: Any, value: str, column: int, width: int) -> list[Line]:
    """The title, and beside it, or below it where column is 0, the value."""
    style = _style(key, value)
    indent = column + 2 if column else min(2, width - 1)
    shown = folded(harmless(value.strip("\n")), max(width - indent, 1), _LONGEST + 1)
    if len(shown) > _LONGEST:
        shown[_LONGEST:] = ["…"]
    lines: list[Line] = [[(" " * indent, ""), (line, style)] for line in shown]
    if not column:
        return [[(title, TITLE)], *(lines if value else [])]
    lines[0] = [(title + " " * (indent - cells(title)), TITLE), (shown[0], style)]
    return lines


def _style(key: Any, value: str) -> str:
    if key in ("state", "outcome"):
        return WORDS.get(value, "")
    if isinstance(key, str) and key in WORDS and value.isdecimal():  # a count of such jobs
        return WORDS[key] if value != "0" else "dim"
    return ""
