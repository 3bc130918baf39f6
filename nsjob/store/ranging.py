"""The verbs of a pool with a store about ranges: one script over many indexes, shared by all of its pools."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from nsjob.durations import seconds
from nsjob.errors import OptionError, QueueFull, WrongState, brief
from nsjob.pool.indexes import IndexSet
from nsjob.pool.job import Job
from nsjob.pool.options import JobOptions, count, variables
from nsjob.pool.ranges import Range
from nsjob.pool.ranging import Body, Indexes, index_info
from nsjob.pool.records import IndexInfo, RangeStatus
from nsjob.pool.verbs import caller_variables
from nsjob.pool.work import Call, Script, Work
from nsjob.snippet import compile_snippet
from nsjob.store import sql
from nsjob.store.database import Cursor, Row
from nsjob.store.ends import OUTCOMES
from nsjob.store.rows import RANGE
from nsjob.store.waiting import StoredWaiting

if TYPE_CHECKING:
    from nsjob.store.queues import StoredQueue

__all__ = ["StoredRanging"]


class StoredRanging(StoredWaiting):
    """Ranges of indexes as jobs."""

    def range(
        self, queue: str, indexes: Indexes, script: Body, *, maxconcurrent: int | None = None, **options: Any
    ) -> Job:
        """Queue one script over a range of indexes, and return the one Job that stands for them. See Pool.range.

        The pools of the store take them in chunks.
        """
        chosen = IndexSet.of(indexes)
        if not chosen:
            raise OptionError('a range needs an index, but got none: like "1..1000"')
        most = 0 if maxconcurrent is None else count("maxconcurrent", maxconcurrent, 1)
        block = options.pop("block", 0)
        patience = 0.0 if block == 0 and not isinstance(block, bool) else None if block is None else seconds(block)
        use = options.pop("use", ())
        if use:
            options["vars"] = {**caller_variables(use), **(variables("vars", options.get("vars") or {}))}
        found = self._stored(queue)
        if isinstance(script, Script):
            work: Work = script
        elif isinstance(script, str):
            work = compile_snippet(str(script))
        elif callable(script):
            work = Call(script, (), {})
        else:
            raise OptionError(f"script must be Python source (str) or a callable, but got {brief(script)}")
        row, before, own = self._row(found, work, options, False)
        kind, row["kind"] = row["kind"], RANGE
        self._name(found, [row], own.jobid)
        end = None if patience is None else time.monotonic() + patience
        enter = partial(self._enter_range, found, row, own, before, kind, most, str(chosen), "")
        while True:
            seen = self._news
            key, id, fresh = self._change(enter)
            if key is not None:
                return self._entered(found, key, id, fresh)
            if patience == 0.0 or not self._await_news(seen, end):
                raise QueueFull(queue, found.maxqueued or 0)

    def _enter_range(
        self,
        queue: StoredQueue,
        row: dict[str, Any],
        options: JobOptions,
        before: Any,
        kind: int,
        most: int,
        pending: str,
        succeeded: str,
        cursor: Cursor,
    ) -> tuple[int | None, str, bool]:
        queue.note_range()
        entered = self._enter(queue, row, options, before, cursor)
        if entered[0] is not None and entered[2]:
            indexes = IndexSet.parse(pending)
            if succeeded:
                indexes = indexes | IndexSet.parse(succeeded)
            cursor.run(
                sql.NEW_RANGE, job=entered[0], kind=kind, most=most, indexes=str(indexes), pending=pending,
                succeeded=succeeded,
            )  # fmt: skip
        return entered

    def range_status(self, queue: str, job: str | Job) -> RangeStatus:
        """What has become of the indexes of a range. See Pool.range_status."""
        _, row = self._known_range(queue, job)
        known, chunks = self._range_rows(row)
        active = IndexSet()
        sets = {name: _set(known[name]) for name in ("indexes", "pending", "succeeded", "failed", "cancelled")}
        for chunk in chunks:
            taken = _set(chunk["indexes"])
            ranged = self._range_here(row, chunk)
            if ranged is not None:  # what the store does not know yet, and what is taken and has not begun
                for name, part in self._core.guarded(_parts, ranged).items():
                    sets[name] = sets[name] | (taken & part)
                    taken = taken - part
            active = active | taken
        return RangeStatus(
            queue=queue, id=row["id"], state=self._state(row), outcome=OUTCOMES.get(row["outcome"], ""),
            indexes=known["indexes"], total=len(sets["indexes"]), maxconcurrent=known["most"] or None,
            pending=str(sets["pending"]), active=str(active), succeeded=str(sets["succeeded"]),
            failed=str(sets["failed"]), cancelled=str(sets["cancelled"]), numpending=len(sets["pending"]),
            numactive=len(active), numsucceeded=len(sets["succeeded"]), numfailed=len(sets["failed"]),
            numcancelled=len(sets["cancelled"]),
        )  # fmt: skip

    def range_index(self, queue: str, job: str | Job, index: int) -> IndexInfo:
        """What has become of one index of a range. See Pool.range_index.

        The runs of the first 1,000 that failed are remembered, and those that this pool has under way are known; of
        others the state alone is told.
        """
        _, row = self._known_range(queue, job)
        known, chunks = self._range_rows(row)
        count("index", index)
        if index not in _set(known["indexes"]):
            raise OptionError(
                f"job {row['id']} has no index {brief(index)}: it must be one of {_set(known['indexes']).brief()}"
            )
        for chunk in chunks:
            if index in _set(chunk["indexes"]):
                ranged = self._range_here(row, chunk)
                return _index_info(index, "active") if ranged is None else index_info(self._core, ranged, index)
        state = next((name for name in ("succeeded", "failed", "cancelled") if index in _set(known[name])), "pending")
        failure = None
        if state == "failed":
            failure = self._read(lambda cursor: cursor.row(sql.FAILURE_OF, job=row["key"], number=index))
        return _index_info(index, state, failure)

    def _known_range(self, queue: str, job: str | Job) -> tuple[StoredQueue, Row]:
        found, row = self._known_row(queue, job)
        if row["kind"] != RANGE:
            raise WrongState(f"job {row['id']} is no range: it must be one that `range` made")
        return found, row

    def _range_here(self, row: Row, chunk: Row) -> Range | None:
        """The part of a range that runs here, where that is the chunk."""
        run = self._keeper.runs.get(row["key"])
        if run is None or run.owner != chunk["pool"] or run._particulars is None:
            return None
        ranged: Range | None = run._particulars.range
        return ranged

    def _range_rows(self, row: Row) -> tuple[Row, list[Row]]:
        def look(cursor: Cursor) -> tuple[Row | None, list[Row]]:
            return cursor.row(sql.RANGE, job=row["key"]), cursor.rows(sql.CHUNKS, job=row["key"])

        known, chunks = self._read(look)
        assert known is not None
        return known, chunks


def _parts(ranged: Range) -> dict[str, IndexSet]:
    """What is known of the indexes of a part that runs here. Under the lock."""
    return {name: getattr(ranged, name).copy() for name in ("pending", "succeeded", "failed")}


def _set(text: str) -> IndexSet:
    return IndexSet.parse(text) if text else IndexSet()


def _index_info(index: int, state: str, failure: Row | None = None) -> IndexInfo:
    if failure is None:
        return IndexInfo(index, state, "", "", None, None, None, 0, "")
    return IndexInfo(
        index, state, failure["pool"], failure["host"], failure["started"] / 1e6, None,
        None if failure["ended"] is None else failure["ended"] / 1e6, failure["runs"], failure["error"],
    )  # fmt: skip
