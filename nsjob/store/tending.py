"""Tending: what a pool with a store looks after while nobody calls it."""

from __future__ import annotations

import time
from typing import Any

from nsjob.errors import (
    WrongState,
)
from nsjob.pool.job import CANCELLED
from nsjob.store import sql
from nsjob.store.database import Cursor, Row
from nsjob.store.ends import End, end_of
from nsjob.store.moving import StoredMoving

__all__ = ["StoredTending"]

_SPEECH = 0.2  # seconds between two writes of what bodies say
_AHEAD = 0.25  # seconds between two looks at what was taken ahead of ranges
_IDLE_SLOTS = 0.1  # seconds after which slots that are not used are let go


class StoredTending(StoredMoving):
    """What is due, what others have changed, and what they ask for."""

    def _tell_all(self) -> None:
        """Others shall look again."""
        if self._database.dialect == "postgresql":
            self._commits.post(lambda cursor: cursor.rows(sql.NOTIFY_ALL))

    def _tick(self) -> float | None:
        """What is due; in the bell's thread. Returns in how many seconds more is."""
        keeper = self._keeper
        now = time.monotonic()
        dues: list[float] = []
        if keeper.speakers or (keeper.capturing and keeper.runs):
            if now >= self._next_speech:
                self._next_speech = now + _SPEECH
                keeper.hear_prints()
                keeper.keep_speech()
            dues.append(self._next_speech)
        if self._take_at is not None:
            if now >= self._take_at:
                self._take_at = None  # before it is looked at: who hears of a job from now on sets it again
                if keeper.wants():
                    self._commits.ring()
                later = keeper.next_ask()
                if later is not None:
                    self._ask_at(later)
            due = self._take_at
            if due is not None:
                dues.append(due)
        if keeper.tally_at is not None:
            if now >= keeper.tally_at:
                keeper.keep_tallies()
            else:
                dues.append(keeper.tally_at)
        if any(run.tally is not None for run in list(keeper.runs.values())):
            if now >= self._next_return:
                self._next_return = now + _AHEAD
                keeper.return_ahead()
            dues.append(self._next_return)
        if keeper.settle_at is not None:
            if now >= keeper.settle_at:
                keeper.settle_reserved()
            else:
                dues.append(keeper.settle_at)
        if any(
            queue.wanted and (queue.share is not None or queue.wanted > queue.held or not queue.taken)
            for queue in list(keeper.by_number.values())
        ):
            if now >= self._next_release:
                self._next_release = now + _IDLE_SLOTS
                keeper.release_idle(_IDLE_SLOTS)
                keeper.look_at_wishes()
            dues.append(self._next_release)
        if keeper.leasing:
            if now >= keeper._extend_at:
                self._commits.ring()
            else:
                dues.append(keeper._extend_at)
        told = self._feed.tick(now)
        if told is not None:
            dues.append(told)
        if now >= self._overdue_at:
            self._overdue_at = now + min(keeper.lease / 4, 5.0)
            self._recover()
        dues.append(self._overdue_at)
        if keeper.due is not None:
            if now >= keeper.due:
                keeper.due = None
                self._recover()
            else:
                dues.append(keeper.due)
        return min(dues) - now

    def _recover(self) -> None:
        """Settle what other pools have lost, and what is due."""
        self._commits.post(self._keeper.recover, self._recovered)

    def _recovered_last(self, ends: list[End]) -> None:
        if ends:
            self._committed(ends)

    def _recovered(self, ends: list[End]) -> None:
        self._keeper.drop_here()
        if ends:
            self._committed(ends)
        self._stir_bell()

    def _stir_bell(self) -> None:
        bell = getattr(self, "_bell", None)  # not before the pool is whole
        if bell is not None:
            bell.ring()

    def _look(self) -> bool:
        """See what others have changed; in the bell's thread. Returns whether there was anything for this pool."""
        keeper = self._keeper
        awaited = list(self._awaited) + list(self._calls)
        pool = keeper.id

        def look(cursor: Cursor) -> dict[str, Any]:
            return {
                "queues": cursor.rows(sql.QUEUES),
                "work": self._with_work(cursor) if keeper.leasing else [],
                "ready": cursor.value(sql.NEXT_READY),
                "late": cursor.value(sql.NEXT_LATE),
                "death": cursor.value(sql.NEXT_DEATH),
                "requests": cursor.rows(sql.REQUESTS, pool=pool) if pool is not None and keeper.runs else [],
                "slots": cursor.rows(sql.COMPARE, pool=pool) if pool is not None else [],
                "ends": cursor.rows(sql.ENDS, keys=cursor.keys(awaited)) if awaited else [],
                "there": cursor.rows(sql.GONE_KEYS, keys=cursor.keys(awaited)) if awaited else [],
            }

        stamp = self._keeper.stamp
        found = self._database.read(look)
        self._refresh(found["queues"], stamp)
        if not self._draining:
            keeper.hungry(*found["work"])
        keeper.compare(found["slots"])
        if keeper.wants():
            self._commits.ring()
        for moment in (found["ready"], found["late"], found["death"]):
            if moment is not None:
                due = time.monotonic() + (moment - keeper.now()) / 1e6
                keeper.due = due if keeper.due is None else min(keeper.due, due)
        there = {row["key"] for row in found["there"]}
        removed = [End(key, CANCELLED, "TCL_ERROR", None) for key in awaited if key not in there]
        ends = [*map(end_of, found["ends"]), *removed]
        for row in found["requests"]:
            self._answer(row)
        if ends:
            self._arrived(ends)
        else:
            self._core.locked(self._stir)
        return bool(found["work"] or ends or found["requests"] or self._watchers or self._awaited)

    def _with_work(self, cursor: Cursor) -> list[int]:
        serves = self._keeper.serves
        return [row["id"] for row in cursor.rows(serves.queues_with_work, **serves.values)]

    def _hear(self, message: str) -> bool:
        """What PostgreSQL tells. Returns whether that is a reason to look; work for a known queue is taken at once."""
        keeper = self._keeper
        kind, _, number = message.partition(" ")
        if kind == "work":
            queue = keeper.by_number.get(int(number)) if number else None
            if queue is None or self._draining or not keeper.leasing:
                return keeper.leasing
            keeper.hungry(queue.number)
            now = time.monotonic()
            queue.crowd.tell(now)
            wait = keeper.patience(queue)
            if wait:
                self._ask_at(now + wait)
            elif keeper.wants():
                self._commits.ring()
            return False
        if kind == "ends" and number == str(keeper.id):
            return False
        return kind != "ends" or bool(self._watchers or self._awaited or self._calls)

    def _ask_at(self, moment: float) -> None:
        """Have work asked for then, if not sooner. In the committing thread too, for which others wait with `_lock`."""
        with self._ask_lock:
            due = self._take_at
            sooner = due is None or moment < due
            if sooner:
                self._take_at = moment
        bell = getattr(self, "_bell", None)  # not before the pool is whole
        if sooner and bell is not None:
            bell.stir()

    def _answer(self, row: Row) -> None:
        """Do what another pool asks."""
        run = self._keeper.runs.get(row["job"])
        if run is not None:
            try:
                self._obey(run, row["verb"], row["value"])
            except WrongState:
                pass
        self._commits.post(lambda cursor: cursor.run(sql.ANSWERED, id=row["id"]))
