"""The verbs of a pool with a store that change jobs which have not started: edit, and move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nsjob.errors import OptionError, WrongState
from nsjob.pool.editing import _NOT_EDITED, edited
from nsjob.pool.job import Job
from nsjob.pool.options import NO_OPTIONS, JobOptions, flag
from nsjob.pool.work import Script, Templated, Work
from nsjob.store import sql
from nsjob.store.database import Cursor, Row
from nsjob.store.job import STATES
from nsjob.store.looking import StoredLooking
from nsjob.store.rows import RANGE, restored_work
from nsjob.store.schema import BLOCKED, READY, RESERVED
from nsjob.store.schema import DONE as ENDED
from nsjob.store.templates import check_of

if TYPE_CHECKING:
    from nsjob.store.queues import StoredQueue

__all__ = ["StoredEditing"]

_HEAD = 256


class StoredEditing(StoredLooking):
    """How scheduled jobs are changed."""

    if TYPE_CHECKING:

        def _change(self, action: Any) -> Any: ...
        def _bell_soon(self, moment: int) -> None: ...
        def _notify(self, cursor: Cursor) -> None: ...
        def _after(self, cursor: Cursor, row: dict[str, Any], before: Any) -> Any: ...
        def _row(self, queue: StoredQueue, work: Work, given: dict[str, Any], owned: bool) -> Any: ...
        def _named_before(self, queue: StoredQueue, other: Any) -> Any: ...

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
        before = self._scheduled(self._row_of(found, id), "edited")
        work = restored_work(before, self.languages)
        checked = check_of(before)
        if checked is not None:
            work = Templated(checked[0], checked[1], work)
        draft = edited(id, work, self._own_options(before), script, options)
        given = {name: getattr(draft.options, name) for name in _KEPT if name not in ("delay", "at", "expires", "after")}
        for name in ("delay", "at", "expires"):
            if name in options:
                given[name] = options[name]
        row, _, new = self._row(found, draft.work, _not_usual(given), bool(before["aside"]))
        firsts = None
        if draft.after is not None:
            firsts = [self._named_before(found, other) for other in draft.after]

        def change(cursor: Cursor) -> None:
            self._edit(cursor, found, before, row, new, options, firsts)

        self._change(change)
        if row["ready"] is not None:
            self._bell_soon(row["ready"])

    def _edit(
        self,
        cursor: Cursor,
        queue: StoredQueue,
        before: Row,
        fresh: dict[str, Any],
        options: JobOptions,
        given: dict[str, Any],
        firsts: Any,
    ) -> None:
        now = cursor.row(sql.BY_KEY, key=before["key"])
        if now is None:
            raise WrongState(f"job {before['id']} is done: only a scheduled job can be edited")
        self._scheduled(now, "edited")
        row = {**{name: now[name] for name in sql.COLUMNS}, **{name: fresh[name] for name in _REWRITTEN}}
        row["state"], row["ready"], row["blockers"] = now["state"], now["ready"], now["blockers"]
        if "priority" in given:
            row["priority"] = options.priority
            if now["rank"] < _HEAD and now["rank"] != options.priority:
                row["rank"], row["ord"] = options.priority, fresh["ord"]
        if "expires" in given:
            row["expires"] = fresh["expires"]
        if "delay" in given or "at" in given:
            row["ready"] = fresh["ready"]
        if row["uniq"] is not None:
            same = cursor.row(sql.SAME_UNIQUE, queue=queue.number, uniq=row["uniq"], key=row["key"])
            if same is not None:
                raise WrongState(f"job {row['id']} cannot have that unique: job {same['id']} has it")
        ids: list[int] = []
        if firsts is not None:
            _, failed, ids = self._after(cursor, row, firsts)
            if failed is not None:
                raise WrongState(f"job {row['id']} cannot come after a job that ended {failed['outcome']}")
            cursor.run(sql.FORGET_FIRSTS, job=row["key"])
            for first in ids:
                cursor.run(sql.COMES_AFTER, job=row["key"], first=first)
                cursor.run(sql.FOLLOW, first=first)
            row["blockers"] = len(ids) or None
        if firsts is not None or "delay" in given or "at" in given:
            blocked = bool(row["blockers"])
            row["state"] = BLOCKED if blocked else READY if row["ready"] is None else 1
        cursor.run(sql.EDIT, **{name: row[name] for name in _EDITED})
        if row["state"] == READY:
            queue.hungry = True
            self._notify(cursor)

    def _own_options(self, row: Row) -> JobOptions:
        return self._options(row)

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
            place = there["ord"] + (1 if after is not None else 0)
            cursor.run(sql.MAKE_ROOM, queue=found.number, rank=there["rank"], ord=place)
            cursor.run(sql.TURN, key=moved["key"], rank=there["rank"], ord=place)

        self._change(change)

    def _turn_of(self, cursor: Cursor, queue: StoredQueue, id: str) -> Row:
        from nsjob.errors import NoSuchJob

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
            raise WrongState(f"job {row['id']} is a range of indexes, which cannot be {what}: cancel it and queue it anew")
        return row


_KEPT = [name for name in JobOptions.__dataclass_fields__ if not name.startswith("_")]
_KEPT = [name for name in _KEPT if name not in ("direct", "plain", "watched", "jobid", "ifnew", "head", "vars", "input")]
_REWRITTEN = "kind script payload options dead share uniq note topic subtopic grp".split()
_EDITED = (
    "key state rank ord priority aside kind script payload options ready expires dead blockers share uniq note topic "
    "subtopic grp keep"
).split()


def _not_usual(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value != getattr(NO_OPTIONS, name)}
