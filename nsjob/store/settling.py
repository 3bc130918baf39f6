"""Settling: what comes of the runs that end here, and what they say on their way.

Everything with `cursor` runs in the thread that commits, within a transaction that may be done again: it changes
nothing of the keeper's but by what it returns, which is called after the commit.
"""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from nsjob.errors import DependencyFailed, JobCancelled, NsjobError, ResultTooLarge
from nsjob.pool.job import CANCELLED, ERROR, OK
from nsjob.pool.runs import KEPT
from nsjob.store import sql
from nsjob.store.chunks import (
    drop_range,
    end_range,
    keep_chunk,
)
from nsjob.store.core import LocalRun
from nsjob.store.database import Cursor
from nsjob.store.ends import End
from nsjob.store.holding import Holding
from nsjob.store.queues import StoredQueue
from nsjob.store.rows import RANGE, micro
from nsjob.store.schema import DELAYED, READY
from nsjob.store.values import clean, kept_error, pack

if TYPE_CHECKING:
    from nsjob.pool.engine import Run
    from nsjob.pool.job import Job
    from nsjob.pool.waiting import Park

__all__ = ["Settling", "give_back"]

_FIRST_LOOK, _LAST_LOOK = 0.01, 0.25  # seconds
_TALLY_EVERY = 0.1  # seconds: who is killed takes that much of the counts with it, and nothing else
_logger = logging.getLogger("nsjob")


class Settling(Holding):
    """From the end of a run to its row, and on to what comes after it."""

    # -- jobs end ------------------------------------------------------------------------------------------------

    def ended(self, job: Job) -> None:
        """A run has ended here. Under the pool's lock."""
        assert type(job) is LocalRun
        if job.orphan:
            return
        if job.outcome not in (OK, CANCELLED) and job.back is None and job.tally is None:
            queue = self.queues.get(job.queue)
            if queue is not None and queue.onerror != "continue" and not queue.paused:
                queue.hold_up()
                self._held_up[job.key] = queue
        self._ends.append(job)
        if not self._posted:
            self._posted = True
            self.commits.post(self._settle, self._settled)

    def yielded(self, job: Job) -> None:
        """The body of a run waits for other jobs, and has given its slot back. Under the pool's lock."""
        queue = self.queues.get(job.queue)
        if queue is not None:
            if queue.maxperkey is not None and type(job) is LocalRun and job._options.key is not None:
                job.apart = True
                self.commits.post(partial(self._set_apart, job))
            queue.hungry = True
            self.commits.ring()

    def _set_apart(self, job: LocalRun, cursor: Cursor) -> None:
        cursor.run(sql.APART, key=job.key, owner=job.owner, apart=1)
        if self._database.dialect == "postgresql":
            cursor.rows(sql.NOTIFY_WORK_OF, queue=self._number(job))

    def regain(self, run: Run, park: Park, delay: float = _FIRST_LOOK) -> None:
        """The body of a run has waited, and its job is to count among those of its key again, as soon as it may.

        Until then no other job of the key starts. It is tried again after `delay` seconds, and ever later.
        """
        job = run.job
        assert type(job) is LocalRun

        def tried(regained: bool) -> None:
            if regained:
                self._core.locked(self._core.regained, run, park)
            elif not run.ended and run.reason is None:
                later = self._core.now() + delay
                self._core.locked(self._core.timers.at, later, self.regain, run, park, min(2 * delay, _LAST_LOOK))

        self.commits.post(partial(self._regain, job), tried)

    def _regain(self, job: LocalRun, cursor: Cursor) -> bool:
        queue = self.queues.get(job.queue)
        free = True
        if queue is not None and queue.maxperkey is not None:
            cursor.row(sql.LOCK_QUEUE + " FOR UPDATE", queue=queue.number)
            used = cursor.row(sql.BEFORE_IT, queue=queue.number, share=job._options.key)
            free = used is None or used["jobs"] < queue.maxperkey
        cursor.run(sql.APART, key=job.key, owner=job.owner, apart=0 if free else 2)
        return free

    def said(self, job: Job) -> None:
        """A body has told of its progress, or logged. Under the pool's lock."""
        if type(job) is LocalRun:
            self.speakers[job.key] = job

    def _settle(self, cursor: Cursor) -> list[End]:
        """Keep what came of the runs that have ended."""
        self._posted = False  # who ends from now on posts again
        while self._ends:
            self._settling.append(self._ends.popleft())
        mine_still = [job for job in self._settling if not job.orphan]
        done = [job for job in mine_still if job.back is None and job.tally is None]
        back = [job for job in mine_still if job.back is not None and job.tally is None]
        ends = [self._end_of(job) for job in done]
        shift = self._shift()
        ran = self._ran()
        rows: list[dict[str, Any]] = [
            {
                "key": job.key, "owner": job.owner, "outcome": end.outcome, "code": end.code, "result": end.data,
                "started": micro(job._started) + shift if job.attempt else None, "ended": micro(job._ended) + shift,
                "gone": int(job._particulars is not None and job._particulars.cancelling), "keep": self.keep,
                "attempt": max(job.attempt, 0), "ran": self._ran(job) if hasattr(job, "_ran_at") else ran,
            }
            for job, end in zip(done, ends, strict=True)
        ]  # fmt: skip
        kept = cursor.each(sql.COMPLETE, rows)
        runs: list[dict[str, Any]] = []
        mine: list[End] = []
        before: list[End] = []  # committed by an earlier try
        followed: dict[int, bool] = {}
        numbers: dict[int, int] = {}
        said: list[dict[str, Any]] = []
        for job, end, row, count in zip(done, ends, rows, kept, strict=True):
            if count is None:
                if self._already(cursor, job):
                    end.started, end.ended, end.attempt = row["started"], row["ended"], job.attempt
                    end.queue = end.home = self._number(job)
                    end.id = job.id
                    before.append(end)
                else:
                    _logger.warning("what came of job %s is refused: it has gone to another pool", job.id)
                continue
            end.started, end.ended, end.attempt = row["started"], row["ended"], job.attempt
            mine.append(end)
            numbers[job.key] = end.queue = end.home = self._number(job)
            end.id = job.id
            if count or (end.outcome is not OK and self.by_number[numbers[job.key]].onerror != "continue"):
                followed[job.key] = end.outcome is OK
            if end.outcome is not OK and job.attempt:
                runs.append(self._run(job, row["ended"], end.outcome, _reason(job, end)))
            spoken = self._speech(job)
            if spoken is not None:
                said.append(spoken)
        for job in back:
            self._return(cursor, job, runs, mine)
        for job in mine_still:
            if job.tally is not None:
                self._end_chunk(cursor, job, mine)
        cursor.many(sql.RUN, runs)
        cursor.many(sql.SAY, said)
        if followed:
            self.follow_up(cursor, followed, numbers, mine)
        for number in {*numbers.values()}:
            if self._core.settings.maxdone:
                cursor.run(sql.BOUND, queue=number, most=self._core.settings.maxdone)
            if number in self.by_number and self.by_number[number].req == "delete":
                cursor.run(sql.DROP_QUEUE, queue=number)
        if mine and self._database.dialect == "postgresql":
            cursor.rows(sql.NOTIFY_ENDS, pool=self.id)
        return mine + before

    def _end_chunk(self, cursor: Cursor, job: LocalRun, ends: list[End]) -> None:
        """Nothing of a chunk runs any more."""
        assert job.tally is not None
        cancelled = job._particulars is not None and job._particulars.cancelling
        job.tally.stopped = cancelled and not (self.leaving or job.tally.dropped)
        job.tally.note(job.error)
        job.tally.freeze(self._core)
        if not keep_chunk(self, cursor, job, ends, True):
            _logger.warning("what came of a part of range %s is refused: it has gone to another pool", job.id)

    def _already(self, cursor: Cursor, job: LocalRun) -> bool:
        """Whether this very end was committed before: then the answer to that commit was lost."""
        row = cursor.row(sql.BY_KEY, key=job.key)
        return row is not None and row["state"] == 5 and row["ran"] == self._ran(job) and row["attempt"] == job.attempt

    def _settled(self, ends: list[End]) -> None:
        settled, self._settling = self._settling, []
        now = time.monotonic()
        for job in settled:
            if self.runs.get(job.key) is job:
                del self.runs[job.key]
            held_up = self._held_up.pop(job.key, None)
            if held_up is not None:
                held_up.go_on()
            queue = self.by_number.get(self._number(job))
            if queue is not None:
                queue.taken.discard(job.key)
                queue.thin()
                queue.idle_since = now
                if job.tally is not None:
                    self._rates[job.key] = job.tally.rate()
                elif job.attempt:
                    queue.took(job._ended - job._started)
                if queue.maxperkey is not None:  # a job of that key may start now
                    queue.hungry = True
        for end in ends:
            self._rates.pop(end.key, None)
            if end.queue >= 0:
                self.tallies[end.queue, end.outcome] += 1
        if self.tallies and self.tally_at is None:
            self.tally_at = now + _TALLY_EVERY
        self.drop_here()
        if self.observers.heard:
            self._observe(settled, {end.key: end for end in ends})
        self._tell(ends)
        if self.wants():
            self.commits.ring()

    def _observe(self, settled: Sequence[LocalRun], ends: Mapping[int, End]) -> None:
        """Tell of runs that have been settled."""
        for job in settled:
            end = ends.get(job.key)
            if job.back is not None:
                failure = job.failure
                reason = "" if failure is None else _said(failure, True)
                self.observers.ended(job, "returned", job.why, reason)
            elif end is not None:
                self.observers.ended(job, "ended", end.outcome, _reason(job, end))
            else:
                self.observers.ended(job, "refused", "", "")

    def _end_of(self, job: LocalRun) -> End:
        if job.outcome is OK:
            value = job._value
            try:
                data = pack(value, "the job's result")
                if data is not None and len(data) > self._maxresult:
                    raise ResultTooLarge(
                        f"the result of job {job.id} has {len(data)} bytes, and the store takes {self._maxresult} "
                        "(maxresult): write it to a file, and return its name"
                    )
            except BaseException as error:  # of the value's own methods
                return End(job.key, ERROR, "TCL_ERROR", kept_error(error), error)
            return End(job.key, OK, job.code, data, value)
        failure = job.error or JobCancelled()
        return End(job.key, job.outcome, job.code, None if job.outcome is CANCELLED else kept_error(failure), failure)

    def end_stopped(self, cursor: Cursor, key: int, queue: int, id: str, pool: int, ends: list[End]) -> None:
        """End a job as cancelled whose run was told to end, and would go back."""
        if cursor.run(sql.END_STOPPED, key=key, pool=pool, keep=self.keep):
            end = End(key, CANCELLED, "TCL_ERROR", None)
            end.home, end.id, end.ended = queue, id, self.now()
            ends.append(end)
            cursor.run(sql.TALLY, queue=queue, pool=self.name, outcome=CANCELLED, jobs=1)
            self.follow_up(cursor, {key: False}, {key: queue}, ends)

    def _return(self, cursor: Cursor, job: LocalRun, runs: list[dict[str, Any]], ends: list[End]) -> None:
        """A run goes back: it is retried, or put off."""
        delay = micro(job.back or 0.0)
        now = self.now()
        values = {
            "key": job.key, "owner": job.owner, "attempt": job.attempt, "ord": self.turn(),
            "state": DELAYED if delay else READY, "ready": now + delay if delay else None,
        }  # fmt: skip
        if cursor.run(sql.RETURN, **values):
            runs.append(self._run(job, self._wall(job._ended), job.why, job.why))
            cursor.run(sql.FORGET_RUNS, job=job.key, most=KEPT - 1)
        else:
            self.end_stopped(cursor, job.key, self._number(job), job.id, job.owner, ends)
        self.due = time.monotonic() + delay / 1e6 if self.due is None else min(self.due, time.monotonic() + delay / 1e6)
        queue = self.by_number.get(self._number(job))
        if queue is not None and not delay:
            queue.hungry = True

    def keep_tallies(self) -> None:
        """Keep how many jobs have ended here since this was last done."""
        self.tally_at = None
        if self.tallies:
            self.tallying += 1
            self.tallied += 1
            tallies, self.tallies = self.tallies, Counter()
            self.commits.post(partial(_add_tallies, self.name, tallies), self._tallies_kept)

    def _tallies_kept(self, _: None) -> None:
        self.tallying -= 1

    def follow_up(self, cursor: Cursor, ok: dict[int, bool], numbers: dict[int, int], ends: list[End]) -> None:
        """Jobs have ended: let those that come after them go on, or end too; do what their queues say of failures.

        Arguments:
            ok: by key, whether they ended ok.
            numbers: by key, their queue.
            ends: those of other jobs are appended.
        """
        keys = list(ok)
        followers = cursor.rows(sql.FOLLOWERS, keys=cursor.keys(keys))
        if followers:
            cursor.run(sql.UNFOLLOW, keys=cursor.keys(keys))
        for row in followers:
            if ok[row["first"]]:
                cursor.run(sql.STEP, key=row["job"])
            else:
                self._fail_follower(cursor, row["job"], row["first"], ends)
        if followers:
            for waiting in self.by_number.values():
                waiting.hungry = True
        for key, fine in ok.items():
            queue = self.by_number.get(numbers.get(key, -1))
            if not fine and queue is not None and queue.onerror != "continue":
                if any(end.key == key and end.outcome is CANCELLED for end in ends):
                    continue
                self.react(cursor, queue.number, ends)

    def react(self, cursor: Cursor, number: int, ends: list[End]) -> None:
        """A job or an index of that queue has failed: do with it what it wants done then (`onerror`)."""
        queue = self.by_number.get(number)
        if queue is None or queue.onerror == "continue":
            return
        if queue.onerror == "pause":
            cursor.run(sql.PAUSE, queue=number)
            self._pausing.append(queue)
            self.pause_here([queue])
            return
        for row in cursor.rows(sql.WAITING, queue=number):
            self.end_early(cursor, row["key"], number, CANCELLED, JobCancelled(), 1, ends)
        for row in cursor.rows(sql.BEGUN_RANGES, queue=number):
            pools = drop_range(self, cursor, row["key"])
            if not pools:
                end_range(self, cursor, row["key"], ends)
            for pool in pools:
                if pool == self.id:
                    self._dropping.append(row["key"])
                else:
                    cursor.run(sql.ASK_POOL, pool=pool, job=row["key"], verb="drop")
                    if self._database.dialect == "postgresql":
                        cursor.rows(sql.NOTIFY_ALL)

    def pause_here(self, queues: Sequence[StoredQueue]) -> None:
        """These are paused. Called again when that is committed: what was read in between is too old."""
        self.stamp += 1
        for queue in queues:
            queue.pause(True)

    def drop_here(self) -> None:
        """Drop what does not run here of the ranges that were dropped."""
        while self._dropping:
            run = self.runs.get(self._dropping.popleft())
            if run is not None:
                self.drop(run)

    def drop(self, run: LocalRun) -> None:
        """What does not run of the part of a range never will."""
        ranged = run._particulars.range if run._particulars is not None else None
        if ranged is not None and run.tally is not None:
            run.tally.dropped = True
            self._core.locked(self._core.drop_waiting, ranged)

    def index_failed(self, job: LocalRun) -> None:
        """An index of a range has failed here. Under the pool's lock."""
        queue = self.queues.get(job.queue)
        if queue is None or queue.onerror == "continue" or queue.paused:
            return
        queue.hold_up()
        self.commits.post(partial(self._reacted, queue.number), partial(self._after_reaction, queue))

    def _reacted(self, number: int, cursor: Cursor) -> list[End]:
        ends: list[End] = []
        self.react(cursor, number, ends)
        return ends

    def _after_reaction(self, queue: StoredQueue, ends: list[End]) -> None:
        self.drop_here()
        self._tell(ends)
        queue.go_on()

    def _fail_follower(self, cursor: Cursor, key: int, first: int, ends: list[End]) -> None:
        row = cursor.row(sql.BY_KEY, key=key)
        other = cursor.row(sql.BY_KEY, key=first)
        if row is None or other is None:
            return
        queue = self.by_number.get(other["queue"])
        name = queue.name if queue is not None else "?"
        error = DependencyFailed(
            f"job {row['id']} was not run: job {other['id']} of queue {name}, which it comes after, "
            f"ended {other['outcome']}"
        )
        self.end_early(cursor, key, row["queue"], ERROR, error, 0, ends)

    def end_early(
        self, cursor: Cursor, key: int, queue: int, outcome: str, error: BaseException, gone: int, ends: list[End]
    ) -> bool:
        """End a job that nobody has taken. Returns whether that was so."""
        data = None if outcome == CANCELLED else kept_error(error)
        ended = cursor.row(sql.END_EARLY, key=key, outcome=outcome, result=data, gone=gone, keep=self.keep)
        if ended is None:
            return False
        end = End(key, outcome, "TCL_ERROR", data, error)
        end.home, end.id = ended["queue"], ended["id"]
        if ended["kind"] == RANGE:
            drop_range(self, cursor, key)
        end.ended = self.now()
        ends.append(end)
        cursor.run(sql.TALLY, queue=queue, pool=self.name, outcome=outcome, jobs=1)
        self.follow_up(cursor, {key: False}, {}, ends)
        return True

    # -- what bodies say -----------------------------------------------------------------------------------------

    def _speech(self, job: LocalRun) -> dict[str, Any] | None:
        """What a body has said so far, where it has said anything."""
        particulars = job._particulars
        if particulars is None or particulars.bare:
            return None
        progress = None
        if particulars.done is not None:
            progress = json.dumps([particulars.done, particulars.total, particulars.note])
        log = "\n".join(particulars.log) if particulars.log else None
        output = particulars.output.text() if particulars.output is not None else None
        if progress is None and log is None and not output:
            return None
        log, output = (None if text is None else clean(text) for text in (log, output))
        return {"job": job.key, "progress": progress, "log": log, "output": output}

    def hear_prints(self) -> None:
        """Find the runs that have printed something."""
        for key in [key for key in self._heard if key not in self.runs]:
            del self._heard[key]
        for job in list(self.runs.values()):
            output = job._particulars.output if job._particulars is not None else None
            if output is None:
                continue
            before, position = self._heard.get(job.key, (None, None))
            news, position = output.news(position if before is output else None, False)
            self._heard[job.key] = output, position
            if news:
                self.speakers[job.key] = job

    def keep_speech(self) -> None:
        """Keep what running bodies have said, for those who look from elsewhere."""
        speakers, self.speakers = self.speakers, {}
        for job in [job for job in speakers.values() if job.tally is not None]:
            if self.runs.get(job.key) is job:
                self.commits.post(partial(self._keep_some, job), partial(_kept_some, job))
        speaking = [job for job in speakers.values() if job.tally is None and job.key in self.runs]
        rows = [row for job in speaking if (row := self._speech(job)) is not None]
        if rows:
            self.commits.post(lambda cursor: cursor.many(sql.SAY, rows))

    def _keep_some(self, job: LocalRun, cursor: Cursor) -> bool:
        """Keep what has ended of a chunk that goes on."""
        if job.tally is None or self.runs.get(job.key) is not job or job.outcome:
            return False
        job.tally.freeze(self._core)
        return keep_chunk(self, cursor, job, [], False)


def _kept_some(job: LocalRun, kept: bool) -> None:
    if kept and job.tally is not None:
        job.tally.kept()


def give_back(pairs: Sequence[tuple[int, int]], cursor: Cursor) -> None:
    cursor.many(sql.GIVE_BACK, [{"key": key, "owner": owner} for key, owner in pairs])


def _add_tallies(name: str, tallies: Mapping[tuple[int, str], int], cursor: Cursor) -> None:
    for (queue, outcome), jobs in tallies.items():
        cursor.run(sql.TALLY, queue=queue, pool=name, outcome=outcome, jobs=jobs)


def _reason(job: LocalRun, end: End) -> str:
    if end.outcome is OK:
        return ""
    words = {"timeout": "Timeout", "cancelled": "Stopped", "expired": "Expired"}
    if end.outcome in words:
        return words[end.outcome]
    error = end.value
    return _said(error, not isinstance(error, NsjobError))


def _said(error: BaseException, with_kind: bool) -> str:
    """What an error says; its methods may fail."""
    kind = type(error).__name__
    try:
        said = str(error)
    except BaseException:
        said, with_kind = "", True
    return clean(f"{kind}: {said}" if with_kind else said)[:1000]
