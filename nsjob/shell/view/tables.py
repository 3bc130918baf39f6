"""Tables: records below each other in columns: which columns there are, how wide each is, and what is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nsjob.shell.view.excerpts import excerpt
from nsjob.shell.view.harmless import cells, one_line, shortened
from nsjob.shell.view.layouts import Layout, layout_of
from nsjob.shell.view.lines import NOTE, TITLE, WORDS, Line
from nsjob.tcl.values import number

__all__ = ["Table", "table", "table_lines"]

_GAP = 2  # cells between columns
_NARROW = 50  # cells; below that no column is left out for want of room, records stand below each other instead
_LEAST = 16  # cells of a column whose texts are shortened
_WIDEST = 40  # cells of a column whose texts are not meant to be shortened
_STATES = ("state", "outcome")


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: its title.
        texts: its cells, in harmless form.
        natural: cells that the widest needs.
        right: whether it has numbers only.
        long: whether its texts may be shortened.
        states: whether it has words that have colours.
    """

    name: str
    texts: Sequence[str]
    natural: int
    right: bool
    long: bool
    states: bool

    @property
    def least(self) -> int:
        """The cells without which it cannot be shown."""
        return min(self.natural, _LEAST) if self.long else min(self.natural, _WIDEST)


@dataclass(frozen=True, slots=True)
class Table:
    """What is to be shown of some records.

    Attributes:
        columns: those that are shown, with their widths.
        silent: names of columns that are empty or at their default in every record.
        squeezed: names of columns for which there is no room.
    """

    columns: Sequence[tuple[Column, int]]
    silent: Sequence[str]
    squeezed: Sequence[str]


def table(records: Sequence[Mapping[Any, Any]], width: int, now: float) -> Table | None:
    """Lay records with the same fields out, or return None where they do not fit beside each other.

    Arguments:
        records: one or more, as many as are shown.
        now: the time of day, in seconds since the epoch.
    """
    keys = list(records[0])
    layout = layout_of(keys)
    silent = [key for key in keys if all(layout.says_nothing(record, key) for record in records)]
    if len(silent) == len(keys):
        silent = []
    shown = {key: _column(key, layout, records, width, now) for key in layout.columns(keys) if key not in silent}
    squeezed: list[str] = []
    spare = [key for key in layout.spare if key in shown] if width >= _NARROW else []
    while _least(shown) > width:
        if not spare:
            return None
        squeezed.append(shown.pop(spare.pop(0)).name)
    return Table(_widths(list(shown.values()), width), [_title(key) for key in silent], squeezed)


def table_lines(found: Table) -> list[Line]:
    """The lines of a table, with its head."""
    head: Line = []
    rule: Line = []
    for place, (column, size) in enumerate(found.columns):
        gap = " " * _GAP if place else ""
        head.append((gap + _placed(column.name, size, column.right), TITLE))
        rule.append((gap + "─" * size, NOTE))
    lines = [head, rule]
    for row in range(len(found.columns[0][0].texts)):
        line: Line = []
        for place, (column, size) in enumerate(found.columns):
            text = column.texts[row]
            style = WORDS.get(text, "") if column.states else ""
            line.append((" " * _GAP if place else "", ""))
            line.append((_placed(text, size, column.right), style))
        lines.append(line)
    return lines


def _column(key: Any, layout: Layout, records: Sequence[Mapping[Any, Any]], width: int, now: float) -> Column:
    most = 4 * width
    texts = [shortened(one_line(layout.read(record, key, now, most)), width) for record in records]
    name = _title(key)
    natural = max(cells(name), max(map(cells, texts)), 1)
    right = key in layout.right or all(
        isinstance(record[key], int | float) or _is_number(record[key]) for record in records
    )
    long = key in layout.long or (not layout.known_by and not right)
    return Column(name, texts, natural, right, long, key in _STATES)


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return not value or (len(value) < 30 and number(value) is not None)
    return isinstance(value, int | float)


def _title(key: Any) -> str:
    return shortened(one_line(excerpt(key, 100)[0]), 100)


def _least(columns: Mapping[Any, Column]) -> int:
    return sum(column.least for column in columns.values()) + _GAP * (len(columns) - 1)


def _widths(columns: Sequence[Column], width: int) -> list[tuple[Column, int]]:
    """Give each column what it needs; what is short is shared among those that need most."""
    room = width - _GAP * (len(columns) - 1) - sum(column.least for column in columns)
    wishes = sorted((column.natural - column.least, place) for place, column in enumerate(columns))
    more = [0] * len(columns)
    for count, (wish, place) in enumerate(wishes):
        more[place] = min(wish, room // (len(columns) - count))
        room -= more[place]
    return [(column, column.least + extra) for column, extra in zip(columns, more, strict=True)]


def _placed(text: str, size: int, right: bool) -> str:
    text = shortened(text, size)
    padding = " " * (size - cells(text))
    return padding + text if right else text + padding
