"""The verb of a pool with a store that finds jobs: all that there are, those that left as long as they are kept."""

from __future__ import annotations

import base64
import json
from typing import Any

from nsjob.errors import OptionError, brief
from nsjob.pool.finding import OUTCOMES, STATES, Wanted
from nsjob.pool.job import DONE, RUNNING, SCHEDULED
from nsjob.pool.options import DEFAULT, text
from nsjob.pool.records import Found, FoundJob
from nsjob.store import sql
from nsjob.store.database import Cursor, Row
from nsjob.store.looking import StoredLooking
from nsjob.store.rows import micro
from nsjob.store.values import clean

__all__ = ["StoredFinding"]

_ROWS_OF = {SCHEDULED: (0, 1, 2, 3), RUNNING: (4,), DONE: (5,)}


class StoredFinding(StoredLooking):
    """How jobs are found."""

    def _page(self, what: Wanted, cursor: str) -> Found:
        """The jobs that are wanted, those that have left their queues among them, as long as they are kept."""
        place = _place(cursor)
        number = None if what.queue is None else self._stored(what.queue).number
        labels = (what.topic, what.subtopic, what.group, what.note)
        if any(label is not None and clean(label) != label for label in labels):
            return Found((), "")  # no job can have that
        statement, values = _statement(what, number, place)
        values["count"] = what.limit + 1

        def look(cursor: Cursor) -> list[Row]:
            return cursor.rows(statement, **values)

        rows = self._read(look)
        more = len(rows) > what.limit
        rows = rows[: what.limit]
        return Found(tuple(self._found(row) for row in rows), _cursor(rows[-1]) if more else "")

    def _found(self, row: Row) -> FoundJob:
        queue = self._stored(row["queue_name"])
        return FoundJob(
            **self._info(queue, row), queue=row["queue_name"], queued=row["queued"] / 1e6, left=bool(row["gone"])
        )


def _statement(what: Wanted, queue: int | None, place: tuple[int, int] | None) -> tuple[str, dict[str, Any]]:
    parts: list[str] = []
    values: dict[str, Any] = {}

    def add(name: str, **given: Any) -> None:
        parts.append(sql.FIND_PARTS[name])
        values.update(given)

    if queue is not None:
        failed = what.outcomes is not None and "ok" not in what.outcomes
        rare = what.topic or what.group or failed or what.note or what.priority not in (None, DEFAULT)
        add("queue besides" if rare else "queue", queue=queue)
    if what.states is not None and what.states != frozenset(STATES):
        numbers = sorted(number for state in what.states for number in _ROWS_OF[state])
        parts.append(f"j.state IN ({', '.join(map(str, numbers))})")
        if DONE not in what.states:
            parts.append("j.gone = 0")  # as it is of all that have not ended: there is an index of those
    if what.outcomes is not None:
        if len(what.outcomes) == 1:
            add("outcome", outcome=next(iter(what.outcomes)))
            if "ok" not in what.outcomes:
                parts.append("j.outcome <> 'ok'")  # there is an index of those
        elif what.outcomes == frozenset(OUTCOMES):
            parts.append("j.state = 5")
        else:
            parts.append(f"j.outcome IN ({', '.join(repr(outcome) for outcome in sorted(what.outcomes))})")
            if "ok" not in what.outcomes:
                parts.append("j.outcome <> 'ok'")
    for name, column in (("topic", "topic"), ("subtopic", "subtopic"), ("group", "grp")):
        label = getattr(what, name)
        if label is not None:
            add(name if label else f"no {name}", **({column: label} if label else {}))
    if what.priority is not None:
        add("priority", priority=what.priority)
        if what.priority != DEFAULT:
            parts.append(f"j.priority <> {DEFAULT}")  # there is an index of those
    if what.note:
        pattern = what.note.replace("~", "~~").replace("%", "~%").replace("_", "~_")
        add("note", note=f"%{pattern}%")
        parts.append("j.note IS NOT NULL")  # there is an index of those, with the notes
    if what.since is not None:
        add("since", since=micro(what.since))
    if what.until is not None:
        add("until", until=micro(what.until))
    if place is not None:
        add("after", moment=place[0], key=place[1])
        parts.append("j.queued >= :moment")
    return sql.FIND + "".join(f" AND {part}" for part in parts) + sql.FIND_ORDER, values


def _cursor(row: Row) -> str:
    return base64.urlsafe_b64encode(json.dumps([row["queued"], row["key"]]).encode()).decode().rstrip("=")


def _place(cursor: object) -> tuple[int, int] | None:
    """Where a page begins: behind which job, by the time when it was queued and its key."""
    if cursor == "":
        return None
    try:
        data = str(text("cursor", cursor)).encode("ascii")
        moment, key = json.loads(base64.b64decode(data + b"=" * (-len(data) % 4), b"-_", validate=True))
        return int(moment), int(key)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise OptionError(f"cursor must be one that find returned, or empty, but got {brief(cursor)}") from None
