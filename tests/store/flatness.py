"""A store with very many done jobs, and what its statements cost there."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conftest import PATIENCE
from tests.store.cases import POSTGRESQL, Store
from tests.store.drivers import intercepted

__all__ = ["Statements", "fill", "work_through"]

_MOST_STEPS = 150_000  # of SQLite's machine; one takes about five for each row that it looks at
_VALUES = 6
_MOST_PAGES = 3_000  # of PostgreSQL
_SMALL = ("next", "delayed", "expiring", "dying", "unique", "ranges", "next_topic", "next_subtopic", "noted")
_COLUMNS = (
    "key, queue, id, state, rank, ord, priority, queued, gone, started, ended, outcome, code, result, kind, script, "
    '"until", topic, subtopic, grp, note, attempt, token, ran'
)
_MARKED = 200_000
_OLD = 1_600_000_000_000_000  # when the first of them was queued


def fill(store: Store, jobs: int, queue: str = "q") -> None:
    """Put so many done jobs into a queue, past the pools. A few of the first ones failed, or have labels."""
    number = rows(store, f"SELECT id FROM nsjob_queues WHERE name = '{queue}'")[0][0]
    source = (
        f"generate_series(1, {jobs}) AS n(i)"
        if store.kind == POSTGRESQL
        else f"(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {jobs}) SELECT i FROM n)"
    )
    marked = f"CASE WHEN i <= {_MARKED} THEN i % 1000 END"
    execute(
        store,
        f"""INSERT INTO nsjob_jobs ({_COLUMNS})
        SELECT i + 1000000, {number}, 'old' || i, 5, 127, i, CASE WHEN {marked} = 3 THEN i % 7 ELSE 127 END,
        {_OLD} + i, 1, {_OLD} + i, {_OLD} + i,
        CASE WHEN {marked} = 0 THEN 'error' ELSE 'ok' END, 'TCL_OK', NULL, 0, 'note(1)', 4000000000000000,
        CASE WHEN {marked} = 1 THEN 'topic' || (i % 7000) END, CASE WHEN {marked} = 1 THEN 'sub' END,
        CASE WHEN {marked} = 2 THEN 'group' || (i % 7000) END,
        CASE WHEN {marked} = 4 THEN 'note' || (i % 7000) END, 1, 'before', 'it' FROM {source}""",
    )
    if store.kind == POSTGRESQL:
        execute(store, "ANALYZE")


def connect(store: Store) -> Any:
    """A connection past the pools."""
    if store.kind == POSTGRESQL:
        import psycopg

        return psycopg.connect(store.address.replace("+psycopg", ""))
    return sqlite3.connect(store.address, timeout=PATIENCE, isolation_level=None)


def execute(store: Store, statement: str) -> None:
    """Execute a statement past the pools."""
    with closing(connect(store)) as connection:
        connection.execute(statement)
        connection.commit()


def rows(store: Store, statement: str) -> list[Any]:
    """The rows of a statement."""
    with closing(connect(store)) as connection:
        return list(connection.execute(statement).fetchall())


class Statements:
    """The statements that pools execute, each with some of the values that it was given."""

    def __init__(self) -> None:
        self.found: dict[str, list[Any]] = {}
        self._lock = threading.Lock()

    def __call__(self, when: str, what: str, it: Any, values: Any) -> None:
        if when != "before" or "nsjob_" not in what or "CREATE " in what or "LISTEN " in what:
            return
        if not isinstance(values, dict):  # of executemany
            values = values[0] if values else None
        with self._lock:
            given = self.found.setdefault(what, [])
            if values not in given and len(given) < _VALUES:
                given.append(values)

    def costly(self, store: Store) -> list[str]:
        """Those which read all of the jobs, with their plans, or read more than they should."""
        wrong = []
        weigh = _weigh_postgresql if store.kind == POSTGRESQL else _weigh_sqlite
        with closing(connect(store)) as connection:
            for statement, given in self.found.items():
                verdicts = {weigh(connection, statement, values): values for values in given}
                verdicts.pop("", None)
                for verdict, values in verdicts.items():
                    wrong.append(f"{verdict}\n{statement.strip()}\n{values}")
        return wrong


def _weigh_sqlite(connection: sqlite3.Connection, statement: str, values: Any) -> str:
    given = values or {}
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", given)]
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1000
        return int(steps > 10 * _MOST_STEPS)

    connection.execute("BEGIN")
    connection.set_progress_handler(count, 1000)
    try:
        connection.execute(statement, given).fetchall()
    except sqlite3.OperationalError:
        if not steps:  # else it was interrupted
            raise
    except sqlite3.IntegrityError:
        pass  # it was done before
    finally:
        connection.set_progress_handler(None, 0)
        connection.rollback()
    if steps > _MOST_STEPS:
        return f"{steps:,} steps or more: {plan}"
    for line in plan:
        words = line.split()
        if words[0] == "SCAN" and words[1] in ("nsjob_jobs", "j", "r", "nsjob_runs", "nsjob_said", "s"):
            index = words[-1].removeprefix("nsjob_jobs_") if "INDEX" in words else ""
            ordered = index == "found" and "LIMIT" in statement  # it is read from one end
            if index not in _SMALL and not ordered:
                return f"it scans: {plan}"
    return ""


def _weigh_postgresql(connection: Any, statement: str, values: Any) -> str:
    try:
        explained = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", values).fetchone()[0]
    except Exception as error:
        if "Violation" not in type(error).__name__:  # else it was done before
            raise
        return ""
    finally:
        connection.rollback()
    plan = explained[0]["Plan"]
    pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    scans = [
        node for node in _nodes(plan) if node["Node Type"] == "Seq Scan" and node.get("Relation Name") == "nsjob_jobs"
    ]
    if scans or pages > _MOST_PAGES:
        return f"{pages:,} pages, {len(scans)} scans: {json.dumps(plan)[:1500]}"
    return ""


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for part in plan.get("Plans", ()) for node in _nodes(part))]


def work_through(store: Store, statements: Statements) -> None:
    """Use a store in every way."""
    pool, client = store.pool(), store.pool(0)
    pool.create("q", 4, exist_ok=True)
    pool.create("keyed", 4, maxperkey=1, maxqueued=100)
    pool.create("topics", 4)
    pool.define("from tests.store.bodies import note")
    with intercepted(statements):
        # Connections that are open are not watched (SQLite): these pools are.
        first, second = store.pool(lease=0.5), store.pool(0)
        jobs = [first.queue("q", "note(1)"), second.queue("q", "note(1)", topic="t", subtopic="s", group="g")]
        jobs.append(second.queue("q", "note(2)", after=[jobs[0]], expires=60, lifetime=60))
        jobs.append(second.queue("q", "note(3)", delay=0.05, unique="it", note="a note"))
        jobs.append(second.queue("q", "1 / 0", retries=1, backoff=0.01))
        jobs.append(second.queue("keyed", "note(4)", key="k"))
        jobs += second.queue_many("q", ["note(5)"] * 5)
        jobs.append(second.submit("q", sum, [1]))
        jobs.append(second.range("q", "1..20", "note(job.index)"))
        named = second.queue("q", "note(6)", jobid="named", priority="high")
        for job in [*jobs, named]:
            try:
                job.wait(PATIENCE)
            except ZeroDivisionError:
                pass
        second.wait("q", "named", PATIENCE)
        second.pause("q")
        waiting = [second.queue("q", f"note({number})") for number in range(3)]
        second.edit("q", waiting[0], note="other")
        second.move("q", waiting[2], before=waiting[1])
        second.run("q", waiting[1])
        second.cancel("q", waiting[0])
        second.snooze("q", waiting[2], 0.01)
        for each in (first, second):
            each.joblist("keyed")
            each.jobs("keyed")
            each.queuelist()
            each.info("q", waiting[1])
            each.show("q", waiting[1])
            each.output("q", waiting[1])
            each.exists("q", "named")
        second.resume("q")
        for job in waiting[1:]:
            job.wait(PATIENCE)
        again = second.retry("q", "old1000")
        again.cancel()
        second.waitany("keyed", timeout=0.1)
        second.waitall("keyed", timeout=PATIENCE)
        now = datetime.now(UTC)
        wanted: list[dict[str, Any]] = [
            {},
            {"queue": "q"},
            {"queue": "keyed"},
            {"state": "running"},
            {"state": ("scheduled", "running")},
            {"state": "done"},
            {"outcome": "error"},
            {"outcome": "ok"},
            {"outcome": ("error", "timeout")},
            {"outcome": "error", "queue": "q"},
            {"outcome": "timeout", "queue": "q"},
            {"topic": "there is none", "queue": "q"},
            {"group": "there is none", "queue": "q", "state": "done"},
            {"topic": "topic1"},
            {"topic": "topic1", "subtopic": "sub"},
            {"topic": "there is none"},
            {"group": "group2"},
            {"group": "there is none", "queue": "keyed"},
            {"priority": 3},
            {"priority": 200},
            {"priority": 200, "queue": "q", "state": "done"},
            {"note": "ote4"},
            {"note": "there is none"},
            {"note": "there is none", "queue": "q"},
            {"note": "there is none", "priority": 3},
            {"from_": now - timedelta(seconds=60)},
            {"to": now - timedelta(days=5000)},
            {"from_": now - timedelta(seconds=60), "to": now, "queue": "q", "state": "done"},
        ]
        for filters in wanted:
            client.find(limit=20, **filters)
            page = second.find(limit=20, **filters)
            if page.cursor:
                second.find(limit=20, cursor=page.cursor, **filters)
        second.counts("keyed")
        second.delete("topics", force=True)
        second.cleanup()
        # A pool that is gone with its lease is recovered.
        execute(store, "INSERT INTO nsjob_pools (name, epoch, host, pid, until) VALUES ('gone', 1, 'h', 1, 1)")
        _until(lambda: not rows(store, "SELECT id FROM nsjob_pools WHERE name = 'gone'"))
        store.close()


def _until(condition: Callable[[], object]) -> None:
    pause = threading.Event()
    for _ in range(int(PATIENCE * 100)):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("it never came")
