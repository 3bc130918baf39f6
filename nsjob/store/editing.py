"""The verbs of a pool with a store that change jobs which have not started: edit, and move."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from nsjob.errors import NoSuchJob, OptionError, WrongState
from nsjob.pool.editing import _NOT_EDITED, edited
from nsjob.pool.job import Job
from nsjob.pool.options import NO_OPTIONS, flag
from nsjob.pool.work import Script, Templated, inner
from nsjob.store import sql
from nsjob.store.database import Cursor, Row
from nsjob.store.entering import StoredEntering
from nsjob.store.job import STATES
from nsjob.store.rows import CALL, RANGE, check_of, restored_work
from nsjob.store.schema import BLOCKED, DELAYED, READY, RESERVED
from nsjob.store.schema import DONE as ENDED

if TYPE_CHECKING:
    from nsjob.store.queues import StoredQueue

__all__ = ["StoredEditing"]

_HEAD = 256


class StoredEditing(StoredEntering):
    """How scheduled jobs are changed."""

    def edit(
        self, queue: str, job: str | Job, script: str | Script | Sequence[str] | None = None, **options: Any
    ) -> None:
        """Change the script of a scheduled job, or its options, or both. See Pool.edit."""
        for name, why in _NOT_EDITED.items():
            if name in options:
                raise OptionError(f"{name} cannot be edited: {why}")
        NO_OPTIONS.changed(options)
        found = self._stored(queue)
        id = self._id(found, job)
        while True:
            before = self._scheduled(self._row_of(found, id), "edited")
            work = restored_work(before, self.languages)
            checked = check_of(before)
            if checked is not None:
                work = Templated(checked[0], checked[1], work)
            draft = edited(id, work, self._options(before), script, options)
            aside = before["kind"] == CALL and bool(before["aside"])
            fresh = self._columns(found, draft.work, draft.options, aside)
            if draft.work is inner(work):
                fresh.update({name: before[name] for name in ("kind", "script", "payload")})
            firsts = None if draft.after is None else [self._named_before(found, other) for other in draft.after]
            if self._change(partial(self._edit, found, before, fresh, options, firsts)):
                break
        for moment in (fresh["ready"], fresh["expires"]):
            if moment is not None:
                self._bell_soon(moment)

    def _edit(
        self,
        queue: StoredQueue,
        before: Row,
        fresh: dict[str, Any],
        given: dict[str, Any],
        firsts: Sequence[tuple[str, str] | int] | None,
        cursor: Cursor,
    ) -> bool:
        """Make a change where the job is still what it was made for. Returns whether it was.

        Arguments:
            before: the job as it was looked at.
            fresh: as it would be if it were queued now.
            given: the options that were given.
            firsts: what it is to come after; None where that stays as it is.
        """
        if firsts:
            cursor.row(sql.LOCK_EDITS)  # two changes at once could let jobs wait for each other
        if cursor.row(sql.LOCK_JOB, key=before["key"]) is None:
            raise NoSuchJob(before["id"])
        now = cursor.row(sql.BY_KEY, key=before["key"])
        assert now is not None
        self._scheduled(now, "edited")
        if any(now[name] != before[name] for name in _REWRITTEN):
            return False
        row = {**{name: now[name] for name in sql.COLUMNS}, **{name: fresh[name] for name in _REWRITTEN}}
        row["state"] = now["state"]
        if row["priority"] != now["priority"] and now["rank"] < _HEAD:
            row["rank"], row["ord"] = row["priority"], fresh["ord"]
        if "expires" in given:
            row["expires"] = fresh["expires"]
        if "delay" in given or "at" in given:
            row["ready"] = fresh["ready"]
        if row["uniq"] is not None:
            same = cursor.row(sql.SAME_UNIQUE, queue=queue.number, uniq=row["uniq"], key=row["key"])
            if same is not None:
                raise WrongState(
                    f"job {row['id']} cannot be unique as {row['uniq']!r}: job {same['id']} is that already"
                )
        if firsts is not None:
            self._come_after(cursor, row, firsts)
        if firsts is not None or "delay" in given or "at" in given:
            row["state"] = BLOCKED if row["blockers"] else READY if row["ready"] is None else DELAYED
        if not cursor.run(sql.EDIT, **{name: row[name] for name in _EDITED}):
            return False
        if row["state"] == READY:
            queue.hungry = True
            self._notify(cursor)
        return True

    def _come_after(self, cursor: Cursor, row: dict[str, Any], firsts: Sequence[tuple[str, str] | int]) -> None:
        """Let a job come after these alone, and after them now."""
        _, failed, keys = self._after(cursor, row, firsts)
        if failed is not None:
            other = cursor.row(sql.BY_KEY, key=failed["key"])
            assert other is not None
            raise WrongState(f"job {row['id']} cannot come after job {other['id']}, which ended {other['outcome']}")
        around = set(keys)
        looked_at: set[int] = set()
        while around:
            if row["key"] in around:
                raise OptionError(f"after: job {row['id']} would come after itself")
            looked_at |= around
            found = cursor.rows(sql.FIRSTS_OF, keys=cursor.keys(sorted(around)))
            around = {other["first"] for other in found} - looked_at
        cursor.run(sql.FORGET_FIRSTS, job=row["key"])
        for first in sorted({*keys}):
            cursor.run(sql.COMES_AFTER, job=row["key"], first=first)
            cursor.run(sql.FOLLOW, first=first)
        row["blockers"] = len({*keys}) or None

    def move(
        self,
        queue: str,
        job: str | Job,
        *,
        before: str | Job | None = None,
        after: str | Job | None = None,
        first: bool = False,
        last: bool = False,
    ) -> None:
        """Give a scheduled job another turn among those of its priority. See Pool.move."""
        flag("first", first)
        flag("last", last)
        if [before is not None, after is not None, first, last].count(True) != 1:
            raise OptionError("move takes one of before, after, first and last")
        found = self._stored(queue)
        id = self._id(found, job)
        beside = before if before is not None else after
        other = self._id(found, beside) if beside is not None else None
        turn = self._keeper.turn()

        def change(cursor: Cursor) -> None:
            cursor.row(sql.LOCK_QUEUE + " FOR UPDATE", queue=found.number)
            moved = self._turn_of(cursor, found, id)
            if other is None:
                rank = _HEAD if first and moved["rank"] == _HEAD else moved["priority"]
                least = cursor.value(sql.FIRST_OF_RANK, queue=found.number, rank=rank)
                place = turn if last or least is None else least - 1
                cursor.run(sql.TURN, key=moved["key"], rank=rank, ord=place)
                return
            there = self._turn_of(cursor, found, other)
            if there["key"] == moved["key"]:
                raise OptionError(f"job {id} cannot be moved before or after itself: name another job")
            if there["priority"] != moved["priority"]:
                raise WrongState(
                    f"job {id} has priority {moved['priority']} and job {other} {there['priority']}: "
                    "a job is moved among those of its priority (edit changes it)"
                )
            values = {"queue": found.number, "rank": there["rank"], "ord": there["ord"]}
            neighbour = cursor.value(sql.NEXT_BEFORE if after is None else sql.NEXT_BEHIND, **values)
            if neighbour is None:
                place = there["ord"] + (-1 if after is None else 1)
            elif abs(neighbour - there["ord"]) > 1:
                place = (neighbour + there["ord"]) // 2
            else:
                place = there["ord"] + (0 if after is None else 1)
                cursor.run(sql.MAKE_ROOM, **{**values, "ord": place})
            cursor.run(sql.TURN, key=moved["key"], rank=there["rank"], ord=place)

        self._change(change)

    def _turn_of(self, cursor: Cursor, queue: StoredQueue, id: str) -> Row:
        row = cursor.row(sql.PLACE, queue=queue.number, id=id)
        if row is None:
            raise NoSuchJob(id)
        self._scheduled(row, "moved")
        if row["state"] != READY:
            raise WrongState(
                f"job {id} has no turn yet: it is put off, or comes after other jobs. "
                "Only a job that waits for its turn can be moved, or be moved to"
            )
        return row

    @staticmethod
    def _scheduled(row: Row, what: str) -> Row:
        if row["state"] in (RESERVED, 4, ENDED):
            state = STATES[row["state"]] if row["state"] != RESERVED else "about to start"
            raise WrongState(f"job {row['id']} is {state}: only a scheduled job can be {what}")
        if row["kind"] == RANGE:
            raise WrongState(
                f"job {row['id']} is a range of indexes, which cannot be {what}: cancel it and queue it anew"
            )
        return row


_REWRITTEN = "priority aside kind script payload options share uniq note topic subtopic grp keep".split()
_EDITED = (
    "key state rank ord priority aside kind script payload options ready expires dead blockers share uniq note topic "
    "subtopic grp keep"
).split()
