"""The verb of a pool with a store that queues many jobs: one transaction, all or none."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from nsjob.durations import seconds
from nsjob.errors import OptionError, QueueFull, brief
from nsjob.pool.job import Job
from nsjob.pool.options import JobOptions, variables
from nsjob.pool.verbs import caller_variables
from nsjob.pool.work import Script, Work
from nsjob.snippet import compile_snippet
from nsjob.store import sql
from nsjob.store.database import Cursor
from nsjob.store.schema import READY
from nsjob.store.waiting import StoredWaiting

if TYPE_CHECKING:
    from nsjob.store.queues import StoredQueue

__all__ = ["StoredMany"]

_AT_ONCE = 1_000  # rows of one statement

_Item = tuple[dict[str, Any], "list[tuple[str, str] | int]", JobOptions]


class StoredMany(StoredWaiting):
    """How many jobs enter at once."""

    def queue_many(self, queue: str, items: Iterable[Any], **options: Any) -> list[Job]:
        """Queue many snippets in one transaction, and return their Jobs in the same order. See Pool.queue_many."""
        found = self._stored(queue)
        block = options.pop("block", 0)
        patience = 0.0 if block == 0 and not isinstance(block, bool) else None if block is None else seconds(block)
        use = options.pop("use", ())
        if use:
            options["vars"] = {**caller_variables(use), **(variables("vars", options.get("vars") or {}))}
        if isinstance(items, str | Mapping) or not isinstance(items, Iterable):
            raise OptionError(f"queue_many takes a list of scripts, or of (script, options) pairs, not {brief(items)}")
        if options.get("files") is not None:
            options["files"] = self._manifest(options["files"])  # copied once
        made: list[_Item] = []
        known: dict[str, _Item] = {}
        try:
            for item in items:
                made.append(self._item(found, item, options, known))  # noqa: PERF401 - the error says how many came
        except Exception as error:
            error.add_note(f"it is item {len(made)} of those given to queue_many")
            raise
        if not made:
            return []
        unnamed = [row for row, _, own in made if own.jobid is None]
        self._name(found, unnamed, None)
        for row, _, own in made:
            if own.jobid is not None:
                self._name(found, [row], own.jobid)
        plain = found.maxqueued is None and all(
            not before
            and own.jobid is None
            and own.unique is None
            and own.files is None
            and row["expires"] is None
            and row["dead"] is None
            for row, before, own in made
        )
        enter = partial(self._enter_plain if plain else self._enter_each, found, made)
        end = None if patience is None else time.monotonic() + patience
        while True:
            seen = self._news
            entered = self._change(enter)
            if entered is not None:
                return [self._entered(found, key, id, fresh) for key, id, fresh in entered]
            if len(made) > (found.maxqueued or 0) or patience == 0.0 or not self._await_news(seen, end):
                raise QueueFull(queue, found.maxqueued or 0)

    def _item(self, queue: StoredQueue, item: Any, options: dict[str, Any], known: dict[str, _Item]) -> _Item:
        if type(item) is str:
            before = known.get(item)
            if before is not None:
                row, firsts, own = before
                turn = self._keeper.turn()
                return {**row, "queued": turn, "ord": -turn if own.head else turn}, firsts, own
        script, own_options = item, options
        if not isinstance(item, str | Script):
            if not isinstance(item, (tuple, list)) or len(item) != 2 or type(item[1]) is not dict:
                raise OptionError(
                    f"an item must be a script, or a pair of a script and its options, but got {brief(item)}"
                )
            script = item[0]
            if "block" in item[1] or "use" in item[1]:
                raise OptionError("block and use are for all items together, not for one")
            own_options = {**options, **item[1]}
        if isinstance(script, Script):
            work: Work = script
        elif isinstance(script, str):
            work = compile_snippet(script)
        else:
            raise OptionError(f"script must be Python source (str), but got {type(script).__name__}: see submit")
        made = self._row(queue, work, own_options, False)
        if type(item) is str:
            known[item] = made
        return made

    def _enter_plain(self, queue: StoredQueue, made: list[_Item], cursor: Cursor) -> list[tuple[int, str, bool]] | None:
        """Let plain jobs come in by as few statements as possible."""
        rows = [row for row, _, _ in made]
        entered = 0
        for start in range(0, len(rows), _AT_ONCE):
            entered += cursor.many(sql.NEW_JOBS, rows[start : start + _AT_ONCE])
        if entered != len(rows):  # a name was taken, or the queue takes none: or this was committed before
            cursor.run("DELETE FROM nsjob_jobs WHERE key {among:keys} AND state < 3", keys=cursor.keys(
                [row["key"] for row in rows]
            ))  # fmt: skip
            return self._enter_each(queue, made, cursor)
        for row in rows:
            if row["state"] != READY:
                self._bell_soon(row["ready"])
        queue.hungry = True
        self._notify(cursor)
        return [(row["key"], row["id"], True) for row in rows]

    def _enter_each(self, queue: StoredQueue, made: list[_Item], cursor: Cursor) -> list[tuple[int, str, bool]] | None:
        entered: list[tuple[int, str, bool]] = []
        if queue.maxqueued is not None:
            cursor.row(sql.LOCK_QUEUE + " FOR UPDATE", queue=queue.number)
            if cursor.value(sql.SCHEDULED, queue=queue.number) + len(made) > queue.maxqueued:
                return None
        for place, (row, before, own) in enumerate(made):
            try:
                key, id, fresh = self._enter(queue, row, own, before, cursor)
            except Exception as error:
                error.add_note(f"it is item {place} of those given to queue_many")
                raise
            if key is None:
                return None
            entered.append((key, id, fresh))
        return entered
