"""The verbs of a pool with a store that tell what there is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from nsjob.errors import JobCancelled, NoSuchJob, OptionError, brief
from nsjob.pool import reports
from nsjob.pool.job import CANCELLED, DONE, ERROR, EXPIRED, OK, RUNNING, SCHEDULED, TIMEOUT, Job
from nsjob.pool.options import JobOptions
from nsjob.pool.records import Counts, JobInfo, JobReport, QueueInfo, RunRecord
from nsjob.pool.runs import KEPT
from nsjob.pool.specs import equivalent
from nsjob.store import sql
from nsjob.store.base import StoredBase
from nsjob.store.database import Cursor, Row
from nsjob.store.ends import OUTCOMES, end_of
from nsjob.store.job import STATES, StoredJob
from nsjob.store.rows import RANGE, last_run, restored_options, restored_work
from nsjob.store.schema import BLOCKED, DELAYED, READY, RESERVED
from nsjob.store.schema import DONE as ENDED
from nsjob.store.values import clean, restored_error, unpack

if TYPE_CHECKING:
    from nsjob.store.queues import StoredQueue

__all__ = ["StoredLooking"]

_OVERLAP = 1_000  # characters by which the end of a text is known again


class StoredLooking(StoredBase):
    """What a pool with a store tells."""

    # -- finding a job -------------------------------------------------------------------------------------------

    def _id(self, queue: StoredQueue, job: object) -> str:
        if isinstance(job, Job):
            if not isinstance(job, StoredJob) or job.queue != queue.name:
                raise NoSuchJob(f"{job.id} (the handle is of queue {job.queue})")
            return job.id
        from nsjob.pool.verbs import id_of

        id = id_of(job, None)  # type: ignore[arg-type]
        if clean(id) != id:  # a database refuses to be asked for it
            raise NoSuchJob(id)
        return id

    def _row_of(self, queue: StoredQueue, id: str) -> Row:
        row: Row | None = self._read(lambda cursor: cursor.row(sql.BY_NAME, queue=queue.number, id=id))
        if row is None:
            raise NoSuchJob(id)
        return row

    def _known_row(self, queue: str, job: object) -> tuple[StoredQueue, Row]:
        """A job's row, also where it left."""
        found = self._stored(queue)
        if isinstance(job, StoredJob):
            row = self._read(lambda cursor: cursor.row(sql.BY_KEY, key=job.key))
        else:
            id = self._id(found, job)
            row = self._read(lambda cursor: cursor.row(sql.BY_NAME, queue=found.number, id=id)) or self._read(
                lambda cursor: cursor.row(sql.GONE_BY_NAME, queue=found.number, id=id)
            )
        if row is None:
            raise NoSuchJob(job.id if isinstance(job, Job) else job)
        return found, row

    # -- what a handle asks --------------------------------------------------------------------------------------

    def _fresh_row(self, job: StoredJob) -> Row | None:
        row: Row | None = self._read(lambda cursor: cursor.row(sql.BY_KEY, key=job.key))
        return row

    def state_of(self, job: StoredJob) -> str:
        """The state of a job that has not ended as far as its handle knows."""
        local = self._keeper.runs.get(job.key)
        if local is not None and local.state is not DONE:
            return local.state
        row = self._fresh_row(job)
        if row is None or row["state"] == ENDED:
            if job._end is None and row is not None:
                job.ended(end_of(row))
            return DONE
        return self._state(row)

    def attempt_of(self, job: StoredJob) -> int:
        """How many of a job's runs have begun."""
        local = self._keeper.runs.get(job.key)
        if local is not None:
            return local.attempt
        if job._end is not None and job._end.attempt:
            return int(job._end.attempt)
        row = self._fresh_row(job)
        return 0 if row is None else int(row["attempt"])

    def options_of(self, job: StoredJob) -> JobOptions:
        """How a job is to be run."""
        row = self._fresh_row(job)
        if row is None:
            raise NoSuchJob(job.id)
        return self._options(row)

    def req_of(self, job: StoredJob) -> str:
        """Whether a job was asked to end, or is waited for by its id."""
        if job._end is not None:
            return "none"
        local = self._keeper.runs.get(job.key)
        if local is not None and local.req == "cancel":
            return "cancel"
        return "wait" if (job.queue, job.id) in self._waited else "none"

    def _options(self, row: Row) -> JobOptions:
        """All options of a job, as they were given."""
        options = restored_options(None if row["options"] is None else bytes(row["options"]))
        more: dict[str, Any] = {"priority": row["priority"]}
        for name, column in (
            ("note", "note"), ("topic", "topic"), ("subtopic", "subtopic"), ("group", "grp"), ("key", "share"),
            ("unique", "uniq"),
        ):  # fmt: skip
            if row[column] is not None:
                more[name] = row[column]
        if row["kind"] == 0 and row["payload"] is not None:
            values, one, _ = unpack(row["payload"])
            if values is not None:
                more["vars"] = values
            if one is not None:
                more["input"] = one
        if row["aside"] and row["kind"] != 1:
            more["detached"] = True
        return options.changed(more)

    # -- queues --------------------------------------------------------------------------------------------------

    def queues(self) -> list[str]:
        self._refresh()
        return list(self._keeper.queues)

    def queuelist(self) -> list[QueueInfo]:
        self._refresh()
        found = list(self._keeper.queues.values())

        def look(cursor: Cursor) -> list[tuple[StoredQueue, list[Row]]]:
            return [(queue, cursor.rows(sql.COUNTS, queue=queue.number)) for queue in found]

        return [self._queue_info(queue, rows) for queue, rows in self._read(look)]

    def _queue_info(self, queue: StoredQueue, rows: list[Row]) -> QueueInfo:
        scheduled, running, done = self._numbers(queue, rows)
        return QueueInfo(
            name=queue.name, desc=queue.desc, maxthreads=queue.maxthreads, numrunning=running, req=queue.req,
            scheduled=scheduled, done=done, paused=queue.paused, lost=0, maxqueued=queue.maxqueued,
            maxperkey=queue.maxperkey, onerror=queue.onerror, engine=queue.engine,
        )  # fmt: skip

    def _numbers(self, queue: StoredQueue, rows: list[Row]) -> tuple[int, int, int]:
        """How many are scheduled, running and done: what is reserved here is known to run or not."""
        by_state: dict[int, int] = {}
        for row in rows:
            by_state[row["state"]] = by_state.get(row["state"], 0) + row["jobs"]
        done = by_state.pop(ENDED, 0)
        begun = by_state.pop(-1, 0)  # ranges of which more is to be taken
        running = by_state.pop(4, 0) + begun
        scheduled = sum(by_state.values()) - begun
        runs = list(self._keeper.runs.values())
        here = sum(run.queue == queue.name and run.reserved and run.state is RUNNING for run in runs)
        here = min(here, by_state.get(RESERVED, 0))
        return scheduled - here, running + here, done

    def counts(self, queue: str | None = None) -> Counts:
        if queue is None:
            self._refresh()
        chosen = list(self._keeper.queues.values()) if queue is None else [self._stored(queue)]

        def look(cursor: Cursor) -> list[tuple[list[Row], list[Row]]]:
            return [
                (cursor.rows(sql.COUNTS, queue=found.number), cursor.rows(sql.TALLIES, queue=found.number))
                for found in chosen
            ]

        keeper = self._keeper
        while True:  # until no ends are on the way from here to the store meanwhile
            if keeper.tallying and not self._closed:
                self._change(lambda cursor: None)
            seen = keeper.tallied
            own = list(keeper.tallies.items())
            there = self._read(look)
            if self._closed or (seen == keeper.tallied and not keeper.tallying):
                break
        total = dict.fromkeys(("scheduled", "running", "done", OK, ERROR, CANCELLED, TIMEOUT, EXPIRED), 0)
        for found, (rows, tallies) in zip(chosen, there, strict=True):
            for name, number in zip(("scheduled", "running", "done"), self._numbers(found, rows), strict=True):
                total[name] += number
            for row in tallies:
                total[row["outcome"]] += int(row["jobs"])
            for (number, outcome), jobs in own:
                total[outcome] += jobs if number == found.number else 0
        return Counts(**total)

    # -- jobs ----------------------------------------------------------------------------------------------------

    def exists(self, queue: str, job: str | Job) -> bool:
        found = self._stored(queue)
        if isinstance(job, Job) and job.queue != queue:
            return False
        try:
            id = self._id(found, job)
        except NoSuchJob:
            return False
        return self._read(lambda cursor: cursor.row(sql.NAMED, queue=found.number, id=id)) is not None

    def jobs(self, queue: str) -> list[str]:
        found = self._stored(queue)
        return [row["id"] for row in self._read(lambda cursor: cursor.rows(sql.IDS, queue=found.number))]

    def joblist(self, queue: str) -> list[JobInfo]:
        found = self._stored(queue)
        rows = self._read(lambda cursor: cursor.rows(sql.TABLE, queue=found.number))
        return [JobInfo(**self._info(found, row)) for row in rows]

    def info(self, queue: str, job: str | Job) -> JobInfo:
        found = self._stored(queue)
        return JobInfo(**self._info(found, self._row_of(found, self._id(found, job))))

    def _state(self, row: Row) -> str:
        local = self._keeper.runs.get(row["key"])
        if local is not None and row["state"] == RESERVED and local.state is RUNNING:
            return RUNNING
        if row["kind"] == RANGE and row["state"] == READY and row["started"]:
            return RUNNING  # some of its indexes are
        return STATES[row["state"]]

    def _results(self, row: Row) -> Any:
        if row["state"] != ENDED:
            return row["script"]
        if row["outcome"] == OK:
            return unpack(row["result"])
        return restored_error(row["result"]) if row["result"] is not None else JobCancelled()

    def _info(self, queue: StoredQueue, row: Row) -> dict[str, Any]:
        """The fields of a JobInfo."""
        local = self._keeper.runs.get(row["key"])
        state = self._state(row)
        begun = state != SCHEDULED and row["started"]
        start = row["started"] if begun else row["queued"]
        end = row["ended"] if state == DONE else self._keeper.now()
        options = restored_options(None if row["options"] is None else bytes(row["options"]))
        ident = reports._ident(local) if local is not None else 0
        req = "none"
        if state is not DONE:
            if local is not None and local.req == "cancel":
                req = "cancel"
            elif (queue.name, row["id"]) in self._waited:
                req = "wait"
        return {
            "id": row["id"], "state": state, "results": self._results(row), "script": row["script"],
            "code": row["code"] or "TCL_OK", "type": "detached" if row["aside"] and row["kind"] != 1 else "nondetached",
            "req": req, "thread": f"{ident:x}" if ident else "0", "time": max(end - start, 0) / 1000,
            "starttime": start / 1e6, "endtime": end / 1e6, "outcome": OUTCOMES.get(row["outcome"], ""),
            "priority": row["priority"], "attempt": self._attempts(row, state), "progress": self._progress(row, local),
            "note": row["note"] or "", "topic": row["topic"] or "", "subtopic": row["subtopic"] or "",
            "group": row["grp"] or "", "metadata": options.metadata,
        }  # fmt: skip

    @staticmethod
    def _attempts(row: Row, state: str) -> int:
        return int(row["attempt"]) - (1 if row["state"] == RESERVED and state is SCHEDULED else 0)

    def _progress(self, row: Row, local: Any) -> tuple[float, float | None, str] | None:
        found = reports._progress(local._particulars) if local is not None else None
        if found is None and row["progress"]:
            done, total, note = json.loads(row["progress"])
            return done, total, note
        return found

    def output(self, queue: str, job: str | Job) -> str:
        _, row = self._known_row(queue, job)
        local = self._keeper.runs.get(row["key"])
        if local is not None and local.tally is None:
            return reports._output(local._particulars)
        before: str = self._read(lambda cursor: cursor.value(sql.OUTPUT, job=row["key"])) or ""
        return before if local is None else before + reports._output(local._particulars)

    def follow(self, queue: str, job: str | Job) -> Iterator[str]:
        _, row = self._known_row(queue, job)
        key = row["key"]
        before = ""
        while True:
            ended = self._read(lambda cursor: cursor.rows(sql.ENDS, keys=cursor.keys([key])))
            local = self._keeper.runs.get(key)
            if local is not None and not ended:
                text = reports._output(local._particulars)
            else:
                text = self._read(lambda cursor: cursor.value(sql.OUTPUT, job=key)) or ""
            yield _beyond(before, text)
            before = text
            if ended or not self._read(lambda cursor: cursor.rows(sql.GONE_KEYS, keys=cursor.keys([key]))):
                return

    def show(self, queue: str, job: str | Job) -> JobReport:
        found, row = self._known_row(queue, job)
        local = self._keeper.runs.get(row["key"])
        state = self._state(row)
        done = state is DONE
        error = self._results(row) if done and row["outcome"] != OK else None
        ident = reports._ident(local) if local is not None else 0
        return JobReport(
            queue=found.name, id=row["id"], state=state, outcome=OUTCOMES.get(row["outcome"], ""),
            req=self._info(found, row)["req"], code=row["code"] or "TCL_OK", script=row["script"],
            value=unpack(row["result"]) if done and row["outcome"] == OK else None,
            error=reports._formatted(error) if error is not None else "", attempt=self._attempts(row, state),
            retries=self._options(row).retries, priority=row["priority"], queued=row["queued"] / 1e6,
            started=row["started"] / 1e6 if row["started"] and state != SCHEDULED else None,
            ended=row["ended"] / 1e6 if row["ended"] else None, reason=self._reason(found, row, state),
            stack=reports._stack(ident) if state == RUNNING and ident else "", progress=self._progress(row, local),
            log=self._log(row, local), workdir=_workdir(local), output=self.output(queue, job), left=bool(row["gone"]),
            options=self._options(row), where=self._where(row, local), **self._more(row),
        )  # fmt: skip

    def _more(self, row: Row) -> dict[str, Any]:
        template = json.loads(row["template"])[0] if row["template"] else ""
        return {"runs": self._runs(row), "template": template}

    def equivalent(self, first: Job | tuple[str, str], second: Job | tuple[str, str]) -> bool:
        """Whether two jobs do the same in the same way. See Pool.equivalent."""
        rows: list[Row] = []
        indexes: list[str | None] = []
        for one in (first, second):
            if isinstance(one, Job):
                _, row = self._known_row(one.queue, one)
            elif isinstance(one, tuple) and len(one) == 2:
                _, row = self._known_row(*one)
            else:
                raise OptionError(f"a job is named by its Job, or by (queue, id), but got {brief(one)}")
            known = None
            if row["kind"] == RANGE:
                known = self._read(partial(_range_of, row["key"]))
                row = {**row, "kind": known["kind"]}
            rows.append(row)
            indexes.append(None if known is None else known["indexes"])
        if indexes[0] != indexes[1]:
            return False
        row, other = rows
        work = restored_work(row, self.languages)
        same = all(row[name] == other[name] for name in ("kind", "script", "payload"))
        other_work = work if same else restored_work(other, self.languages)
        return equivalent(work, self._options(row), other_work, self._options(other))

    def runs(self, queue: str, job: str | Job) -> tuple[RunRecord, ...]:
        """The attempts at a job, the first one first. See Pool.runs."""
        return self._runs(self._known_row(queue, job)[1])

    def _runs(self, row: Row) -> tuple[RunRecord, ...]:
        rows = self._read(lambda cursor: cursor.rows(sql.RUNS, job=row["key"]))
        limit = restored_options(None if row["options"] is None else bytes(row["options"])).timeout
        found: list[RunRecord] = []
        for run in rows:
            begun, ended, host, pid = run["started"], run["ended"], run["host"], run["pid"]
            found.append(_run_record(run["attempt"], run["outcome"], run["reason"], begun, ended, limit, host, pid))
        last = last_run(row)
        if last is not None:
            host, pid = last["host"], last["pid"]
            found.append(_run_record(row["attempt"], OK, "", row["started"], row["ended"], limit, host, pid))
        elif row["state"] in (RESERVED, 4) and row["started"] and self._state(row) is RUNNING:
            pool = self._read(lambda cursor: cursor.row(sql.POOL, pool=row["owner"]))
            host, pid = ("", 0) if pool is None else (pool["host"], pool["pid"])
            found.append(_run_record(row["attempt"], "", "", row["started"], None, limit, host, pid))
        return tuple(found[-KEPT:])

    def _log(self, row: Row, local: Any) -> tuple[str, ...]:
        before = tuple(row["log"].split("\n")) if row["log"] else ()
        if local is not None and local._particulars is not None and local._particulars.log:
            here = tuple(local._particulars.log)
            return here if local.tally is None else before + here
        return before

    def _where(self, row: Row, local: Any) -> str:
        if row["state"] not in (RESERVED, 4) or row["owner"] is None:
            return ""
        if local is not None:
            inside = reports._where(local)
            if inside:
                return inside
        pool = self._read(lambda cursor: cursor.row(sql.POOL, pool=row["owner"]))
        return "" if pool is None else f"pool {pool['name']} on {pool['host']}, pid {pool['pid']}"

    def _reason(self, queue: StoredQueue, row: Row, state: str) -> str:
        if state != SCHEDULED:
            return ""
        if row["state"] == BLOCKED:
            before = self._read(lambda cursor: cursor.rows(
                "SELECT j.id, q.name FROM nsjob_after a JOIN nsjob_jobs j ON j.key = a.first "
                "JOIN nsjob_queues q ON q.id = j.queue WHERE a.job = :job", job=row["key"]
            ))  # fmt: skip
            names = ", ".join(f"{other['id']} of {other['name']}" for other in before[:5])
            return f"it comes after {names}, not yet done"
        if row["state"] == DELAYED:
            return f"it is put off for {max(row['ready'] - self._keeper.now(), 0) / 1e6:.3f} more seconds"
        if queue.paused:
            return "its queue is paused"
        if row["state"] == RESERVED:
            return "it is about to start"
        running = self._numbers(queue, self._read(lambda cursor: cursor.rows(sql.COUNTS, queue=queue.number)))[1]
        if queue.maxperkey is not None and row["share"] is not None:
            shares = self._read(lambda cursor: cursor.rows(sql.SHARES, queue=queue.number))
            if any(share["share"] == row["share"] and share["jobs"] >= queue.maxperkey for share in shares):
                return f"{queue.maxperkey} jobs of its key {row['share']!r} run (maxperkey)"
        if running >= queue.maxthreads:
            return f"its queue runs as many jobs as it may ({queue.maxthreads})"
        if not self._keeper.leasing:
            return "this pool runs no jobs: another one has to (nsjob worker)"
        if self._keeper._threads is not None and len(self._keeper.runs) >= self._keeper._threads:
            return f"the pool runs as many jobs as it may ({self._keeper._threads})"
        return "it is about to start"


def _range_of(key: int, cursor: Cursor) -> Row | None:
    return cursor.row(sql.RANGE, job=key)


def _workdir(local: Any) -> str:
    particulars = local._particulars if local is not None else None
    return particulars.workdir if particulars is not None else ""


def _run_record(
    attempt: int, outcome: str, reason: str, started: int, ended: int | None, limit: float | None, host: str, pid: int
) -> RunRecord:
    return RunRecord(
        attempt=attempt, outcome=outcome, reason=reason, started=started / 1e6,
        ended=None if ended is None else ended / 1e6, deadline=None if limit is None else started / 1e6 + limit,
        host=host, pid=pid,
    )  # fmt: skip


def _beyond(before: str, text: str) -> str:
    """What has come to a text of which only the end is kept; all of it where it is another one."""
    if text.startswith(before):
        return text[len(before) :]
    last = before[-_OVERLAP:]
    at = text.rfind(last)
    return text[at + len(last) :] if at >= 0 else text
