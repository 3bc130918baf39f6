"""The verbs of a pool with a store that stop jobs and move them, wherever they are."""

from __future__ import annotations

from functools import partial
from operator import itemgetter
from typing import Any

from nsjob.durations import seconds
from nsjob.errors import (
    JobExists,
    NoSuchJob,
    QueueClosed,
    QueueDraining,
    WrongState,
)
from nsjob.pool.backlog import HEAD
from nsjob.pool.indexes import IndexSet
from nsjob.pool.job import CANCELLED, OK, RUNNING, Job
from nsjob.pool.options import text
from nsjob.store import sql
from nsjob.store.chunks import cancel_range
from nsjob.store.core import LocalRun
from nsjob.store.database import Cursor, Row
from nsjob.store.ends import End
from nsjob.store.job import STATES, StoredJob
from nsjob.store.queues import StoredQueue
from nsjob.store.rows import RANGE, last_run, micro, restored_options
from nsjob.store.schema import BLOCKED, READY, RESERVED
from nsjob.store.schema import DONE as ENDED
from nsjob.store.schema import RUNNING as AT_WORK
from nsjob.store.waiting import StoredWaiting

__all__ = ["StoredMoving"]


class StoredMoving(StoredWaiting):
    """How jobs are stopped and moved."""

    def cancel(self, queue: str, job: str | Job) -> bool:
        found = self._stored(queue)
        row = self._row_of(found, self._id(found, job))
        if row["state"] == ENDED:
            self._change(partial(self._hand_over, found, row["key"]))
            return False
        return self._cancel(found, row["key"])

    def cancel_live(self, job: StoredJob) -> bool:
        """Cancel by handle: a done job stays where it is."""
        return job._end is None and self._cancel(self._stored(job.queue), job.key)

    def cancel_unstarted(self, job: StoredJob) -> bool:
        """Cancel a job that no body has begun to run. Returns whether there was none."""
        from nsjob.errors import JobCancelled

        queue = self._stored(job.queue)
        local = self._keeper.runs.get(job.key)
        if local is not None:
            if local.attempt or not self._core.whole(self._core.withdraw, local):
                return False
            self._keeper.runs.pop(job.key, None)
            queue.taken.discard(job.key)

        def end(cursor: Cursor) -> list[End]:
            ends: list[End] = []
            if local is not None:
                _unlease(job.key, local.owner, cursor)
            row = cursor.row(sql.BY_KEY, key=job.key)
            if row is not None and not row["attempt"]:
                self._keeper.end_early(cursor, job.key, queue.number, CANCELLED, JobCancelled(), 1, ends)
            return ends

        ends = self._change(end)
        self._committed(ends)
        return bool(ends)

    def _cancel(self, queue: StoredQueue, key: int, verb: str = "cancel") -> bool:
        """Cancel a job that has not ended, wherever it is. Returns whether it was at work."""
        from nsjob.errors import JobCancelled

        local = self._keeper.runs.get(key)
        core = self._core
        withdrawn = 0
        if local is not None and local.tally is None:
            if local.state is not RUNNING and core.whole(core.withdraw, local):
                self._keeper.runs.pop(key, None)
                queue.taken.discard(key)
                withdrawn = local.owner
            else:
                try:
                    self._change(lambda cursor: cursor.run(sql.STOP, key=key))  # before it: this process may end
                finally:  # also where the store cannot be used just now
                    core.whole(core.stops.kill if verb == "kill" else core.stops.cancel, local)
                return True

        def end(cursor: Cursor) -> tuple[list[End], int]:
            ends: list[End] = []
            if withdrawn:  # here, because whoever sees it given back takes it
                _unlease(key, withdrawn, cursor)
            row = cursor.row(sql.BY_KEY, key=key)
            if row is not None and row["kind"] == RANGE and row["state"] != ENDED and row["started"]:
                pools = cancel_range(self._keeper, cursor, key, ends)
                for pool in pools:
                    if pool != self._keeper.id:
                        cursor.run(sql.ASK_POOL, pool=pool, job=key, verb=verb)
                if pools and self._database.dialect == "postgresql":
                    cursor.rows(sql.NOTIFY_ALL)
                return ends, 1
            if self._keeper.end_early(cursor, key, queue.number, CANCELLED, JobCancelled(), 1, ends):
                if queue.req == "delete":
                    cursor.run(sql.DROP_QUEUE, queue=queue.number)
                return ends, 0
            asked = cursor.run(sql.ASK, key=key, verb=verb, value=None)
            if asked:
                cursor.run(sql.STOP, key=key)
            if asked and self._database.dialect == "postgresql":
                cursor.rows(sql.NOTIFY_ALL)
            return ends, asked

        ends, asked = self._change(end)
        part = self._keeper.runs.get(key)
        if part is not None and part.tally is not None:  # what this pool has of a range
            self._obey(part, verb, None)
        if ends:
            self._committed(ends)
        return bool(asked)

    def cancelall(self, queue: str) -> int:
        return self._cancel_all(self._stored(queue), False)

    def _cancel_all(self, queue: StoredQueue, drop_done: bool) -> int:
        rows = self._read(lambda cursor: cursor.rows(
            "SELECT key, state FROM nsjob_jobs WHERE queue = :queue AND gone = 0", queue=queue.number
        ))  # fmt: skip
        found = 0
        for row in sorted(rows, key=itemgetter("state")):  # those that wait first: else they come in where others were
            if row["state"] != ENDED:
                self._cancel(queue, row["key"])
                found += 1
        if drop_done:
            self._change(lambda cursor: cursor.run(sql.BOUND, queue=queue.number, most=0))
        return found

    def kill(self, queue: str, job: str | Job) -> bool:
        found = self._stored(queue)
        row = self._row_of(found, self._id(found, job))
        if row["state"] == ENDED:
            return self.cancel(queue, job)
        return self._cancel(found, row["key"], "kill")

    def requeue(self, queue: str, job: str | Job) -> None:
        found = self._stored(queue)
        row = self._row_of(found, self._id(found, job))
        self._ask_running(row, "requeue", None)

    def snooze(self, queue: str, job: str | Job, delay: object) -> None:
        pause = seconds(delay)
        found = self._stored(queue)
        row = self._row_of(found, self._id(found, job))
        if row["state"] < RESERVED:
            if self._change(lambda cursor: cursor.run(sql.SNOOZE, key=row["key"], delay=micro(pause))):
                self._bell_soon(self._keeper.now() + micro(pause))
                return
            row = self._row_of(found, row["id"])
        if row["state"] == ENDED:
            raise WrongState(f"job {row['id']} is done: only a scheduled or running job can be put off")
        self._ask_running(row, "snooze", repr(pause))

    def _ask_running(self, row: Row, verb: str, value: str | None) -> None:
        local = self._keeper.runs.get(row["key"])
        if local is not None:
            self._obey(local, verb, value)
            return
        if row["state"] not in (RESERVED, AT_WORK):
            state = STATES[row["state"]]
            raise WrongState(f"job {row['id']} is {state}: only a running job can be put back")

        def ask(cursor: Cursor) -> int:
            asked = cursor.run(sql.ASK, key=row["key"], verb=verb, value=value)
            if asked and self._database.dialect == "postgresql":
                cursor.rows(sql.NOTIFY_ALL)
            return asked

        self._change(ask)

    def _obey(self, run: LocalRun, verb: str, value: str | None) -> None:
        """Do what is asked of a run that is here."""
        core = self._core
        stops = core.stops
        if verb == "cancel":
            core.whole(stops.cancel, run)
        elif verb == "kill":
            core.whole(stops.kill, run)
        elif verb == "requeue":
            core.whole(stops.requeue, run)
        elif verb == "snooze":
            core.whole(stops.snooze, run, float(value or 0))
        elif verb == "drop":
            self._keeper.drop(run)
        elif verb == "expire":
            core.locked(stops.expire, run)
        elif verb == "send":
            self._send_here(run, value or "")

    def run(self, queue: str, job: str | Job) -> None:
        found = self._stored(queue)
        row = self._row_of(found, self._id(found, job))
        if row["state"] in (RESERVED, AT_WORK, ENDED):
            raise WrongState(f"job {row['id']} is {STATES[row['state']]}: only a scheduled job can be run next")
        if row["state"] == BLOCKED:
            raise WrongState(f"job {row['id']} comes after jobs that have not ended")
        turn = -self._keeper.turn()

        def move(cursor: Cursor) -> None:
            cursor.run(sql.MOVE, key=row["key"], rank=HEAD, ord=turn)
            found.hungry = True
            self._notify(cursor)

        self._change(move)

    def retry(self, queue: str, job: str | Job) -> Job:
        found = self._stored(queue)
        id = self._id(found, job)
        row = self._read(lambda cursor: cursor.row(sql.BY_NAME, queue=found.number, id=id)) or self._read(
            lambda cursor: cursor.row(sql.GONE_BY_NAME, queue=found.number, id=id)
        )
        if row is None:
            raise NoSuchJob(id)
        if row["state"] != ENDED:
            raise WrongState(f"job {id} is {STATES[row['state']]}: only a job that has ended can be retried")
        return self._queue_again(found, row)

    def retry_failed(self, queue: str) -> list[Job]:
        found = self._stored(queue)
        rows = self._read(lambda cursor: cursor.rows(sql.TABLE, queue=found.number))
        return [self._queue_again(found, row) for row in rows if row["state"] == ENDED and row["outcome"] != OK]

    def _queue_again(self, queue: StoredQueue, row: Row) -> Job:
        turn = self._keeper.turn()
        lifetime = restored_options(None if row["options"] is None else bytes(row["options"])).lifetime
        dead = None if lifetime is None else self._keeper.now() + micro(lifetime)
        fresh = {name: row.get(name) for name in sql.COLUMNS}
        fresh.update(
            state=READY, rank=row["priority"], ord=turn, queued=turn, ready=None, expires=None, blockers=None,
            token=self._token, dead=dead,
        )  # fmt: skip
        last = last_run(row)
        self._name(queue, [fresh], row["id"])

        def enter(cursor: Cursor) -> int:
            if row["gone"] == 0:
                cursor.run(sql.TAKE, key=row["key"])
            if self._insert(cursor, queue, fresh) is None:
                known = cursor.row(sql.WHY_NOT, queue=queue.number)
                if known is None or known["req"] != "none":
                    raise QueueDraining(queue.name) if known is not None and known["req"] == "drain" else QueueClosed()
                if cursor.row(sql.BY_TOKEN, key=fresh["key"], token=fresh["token"]) is None:
                    same = cursor.row(sql.UNIQUE, queue=queue.number, uniq=fresh["uniq"]) if fresh["uniq"] else None
                    if same is not None:
                        raise WrongState(f"job {row['id']} cannot be retried: {same['id']} is the same (unique)")
                    raise JobExists(row["id"])
            if row["kind"] == RANGE:
                known = cursor.row(sql.RANGE, job=row["key"])
                assert known is not None
                rest = IndexSet.parse(known["indexes"])
                if known["succeeded"]:
                    rest = rest - IndexSet.parse(known["succeeded"])
                if not rest:
                    raise WrongState(f"job {row['id']} cannot be retried: all its indexes have succeeded")
                cursor.run(
                    sql.NEW_RANGE, job=fresh["key"], kind=known["kind"], most=known["most"], indexes=known["indexes"],
                    pending=str(rest), succeeded=known["succeeded"],
                )  # fmt: skip
                queue.note_range()
            cursor.run(sql.SAME_NEEDS, job=fresh["key"], other=row["key"])
            cursor.run(sql.SAME_RUNS, job=fresh["key"], other=row["key"])
            if last is not None:
                cursor.run(sql.RUN, **{**last, "job": fresh["key"]})
            queue.hungry = True
            self._notify(cursor)
            if dead is not None:
                self._bell_soon(dead)
            return int(fresh["key"] or 0)

        return self._entered(queue, self._change(enter), row["id"], True)

    def send(self, queue: str, job: str | Job, text_: str) -> None:
        found = self._stored(queue)
        row = self._row_of(found, self._id(found, job))
        local = self._keeper.runs.get(row["key"])
        if local is not None:
            self._send_here(local, text("text", text_))
        elif row["state"] != AT_WORK or found.engine != "command":
            raise WrongState(f"job {row['id']} is no program that runs: nothing can be sent to it")
        else:
            self._ask_running(row, "send", text("text", text_))

    def _send_here(self, run: LocalRun, said: str) -> None:
        engine: Any = run._queue.engine
        runner = run._runner if run.state is RUNNING else None
        if runner is None or not hasattr(engine, "send"):
            raise WrongState(f"job {run.id} is no program that runs: nothing can be sent to it")
        engine.send(self._core.locked(runner.the_run), said)


def _unlease(key: int, owner: int, cursor: Cursor) -> int:
    return cursor.run(sql.GIVE_BACK, key=key, owner=owner)
