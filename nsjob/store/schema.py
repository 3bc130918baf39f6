"""The tables of a store, their version, and how an older one is brought forward.

All times are microseconds since the epoch by the database's clock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)

from nsjob.errors import StoreVersion
from nsjob.pool.options import DEFAULT

__all__ = ["BLOCKED", "DELAYED", "DONE", "READY", "RESERVED", "RUNNING", "TABLES", "VERSION", "upgrade"]

VERSION = 1

# States of a job's row. A reserved one belongs to a pool that runs it soon, or now and does not say so.
READY, DELAYED, BLOCKED, RESERVED, RUNNING, DONE = range(6)

TABLES = MetaData()
_BIG = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by an INTEGER alone


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


Table("nsjob_meta", TABLES, Column("name", Text, primary_key=True), Column("value", BigInteger, nullable=False))

Table(
    "nsjob_queues",
    TABLES,
    Column("id", _BIG, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("maxthreads", Integer, nullable=False),
    Column("paused", SmallInteger, nullable=False, server_default="0"),
    Column("req", Text, nullable=False, server_default="none"),
    Column("serial", BigInteger, nullable=False, server_default="0"),  # the next job's number; taken in blocks
    Column("settings", Text, nullable=False),  # JSON: what else `create` was given
    Column("defaults", LargeBinary),  # the options of its jobs
    Column("created", BigInteger, nullable=False),
    sqlite_autoincrement=True,  # a number is never given twice: it stands for this queue in other pools' memory
)

_jobs = Table(
    "nsjob_jobs",
    TABLES,
    Column("key", _BIG, primary_key=True, autoincrement=False),  # taken in blocks
    Column("queue", BigInteger, ForeignKey("nsjob_queues.id", ondelete="CASCADE"), nullable=False),
    Column("id", Text, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("rank", SmallInteger, nullable=False),  # the priority, or above all of them
    Column("ord", BigInteger, nullable=False),  # the turn within a rank
    Column("priority", SmallInteger, nullable=False),
    Column("queued", BigInteger, nullable=False),
    Column("gone", SmallInteger, nullable=False, server_default="0"),  # done, and not in its queue any more
    Column("aside", SmallInteger, nullable=False, server_default="0"),  # cannot be waited for by its id
    Column("followed", SmallInteger, nullable=False, server_default="0"),  # others come after it
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("stopping", SmallInteger, nullable=False, server_default="0"),  # 1: its run was told to end
    Column("losses", Integer, nullable=False, server_default="0"),
    Column("suspect", SmallInteger, nullable=False, server_default="0"),  # may have killed a pool that reserved it
    Column("owner", BigInteger),
    Column("started", BigInteger),
    Column("ended", BigInteger),
    Column("ran", Text),  # where its last run was: pool, host and pid, a line each
    Column("outcome", Text),
    Column("code", Text),
    Column("result", LargeBinary),
    Column("kind", SmallInteger, nullable=False),
    Column("script", Text, nullable=False),
    Column("payload", LargeBinary),
    Column("options", LargeBinary),
    Column("ready", BigInteger),
    Column("expires", BigInteger),
    Column("dead", BigInteger),  # when its life is over, whatever it does
    Column("blockers", Integer),
    Column("share", Text),  # its `key`
    # Of what runs: 1 while its body waits for others and its key does without it, 2 while it waits to have that back.
    Column("apart", SmallInteger, nullable=False, server_default="0"),
    Column("uniq", Text),
    Column("note", Text),
    Column("topic", Text),
    Column("subtopic", Text),
    Column("grp", Text),
    Column("keep", BigInteger),  # microseconds for which it is kept when it has ended
    Column("until", BigInteger),  # when it may be removed
    Column("token", Text),  # of who queued it: a commit that may have failed is done again
    Column("template", Text),  # JSON: its name, and the schema that the input is checked by when the job runs
    Index("nsjob_jobs_next", "queue", text("rank DESC"), "ord", **_where("state = 0")),
    Index(
        "nsjob_jobs_next_topic",
        "queue",
        "topic",
        text("rank DESC"),
        "ord",
        **_where("state = 0 AND topic IS NOT NULL"),
    ),
    Index(
        "nsjob_jobs_next_subtopic",
        "queue",
        "topic",
        "subtopic",
        text("rank DESC"),
        "ord",
        **_where("state = 0 AND subtopic IS NOT NULL"),
    ),
    Index("nsjob_jobs_delayed", "ready", **_where("state = 1")),
    Index("nsjob_jobs_expiring", "expires", **_where("expires IS NOT NULL AND state < 3")),
    Index("nsjob_jobs_dying", "dead", **_where("dead IS NOT NULL AND state < 5")),
    Index("nsjob_jobs_named", "queue", "id", unique=True, **_where("gone = 0")),
    Index("nsjob_jobs_here", "state", "queue", "ended", **_where("gone = 0")),
    Index("nsjob_jobs_unique", "queue", "uniq", unique=True, **_where("uniq IS NOT NULL AND state < 5")),
    Index("nsjob_jobs_ranges", "queue", **_where("kind = 4 AND state < 5")),
    Index("nsjob_jobs_old", "until", **_where("state = 5")),
    Index("nsjob_jobs_found", "queued", "key"),
    Index("nsjob_jobs_queue", "queue", "queued", "key"),
    Index("nsjob_jobs_gone", "queue", "id", "ended", **_where("gone = 1")),
    Index("nsjob_jobs_topic", "topic", "subtopic", "queued", "key", **_where("topic IS NOT NULL")),
    Index("nsjob_jobs_group", "grp", "queued", "key", **_where("grp IS NOT NULL")),
    Index("nsjob_jobs_priority", "priority", "queued", "key", **_where(f"priority <> {DEFAULT}")),
    Index("nsjob_jobs_noted", "queued", "key", "note", **_where("note IS NOT NULL")),
    Index("nsjob_jobs_failed", "outcome", "queued", "key", **_where("outcome IS NOT NULL AND outcome <> 'ok'")),
)

Table(
    "nsjob_runs",
    TABLES,
    Column("job", BigInteger, ForeignKey("nsjob_jobs.key", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("started", BigInteger, nullable=False),
    Column("ended", BigInteger, nullable=False),
    Column("pool", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

Table(
    "nsjob_after",
    TABLES,
    Column("job", BigInteger, ForeignKey("nsjob_jobs.key", ondelete="CASCADE"), primary_key=True),
    Column("first", BigInteger, primary_key=True),  # the job that it comes after
    Index("nsjob_after_first", "first"),
)

Table(
    "nsjob_said",
    TABLES,
    Column("job", BigInteger, ForeignKey("nsjob_jobs.key", ondelete="CASCADE"), primary_key=True),
    Column("progress", Text),  # JSON: done, total, note
    Column("log", Text),
    Column("output", Text),
)

Table(
    "nsjob_pools",
    TABLES,
    Column("id", _BIG, primary_key=True),
    Column("name", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("until", BigInteger, nullable=False),
    Index("nsjob_pools_until", "until"),
    sqlite_autoincrement=True,  # a number is never given twice: it stands for a lease
)

Table(
    "nsjob_slots",
    TABLES,
    Column("pool", BigInteger, ForeignKey("nsjob_pools.id", ondelete="CASCADE"), primary_key=True),
    Column("queue", BigInteger, ForeignKey("nsjob_queues.id", ondelete="CASCADE"), primary_key=True),
    Column("slots", Integer, nullable=False),
    Column("wanted", Integer, nullable=False),  # how many it could use
    Index("nsjob_slots_queue", "queue"),
)

Table(
    "nsjob_tallies",
    TABLES,
    Column("queue", BigInteger, ForeignKey("nsjob_queues.id", ondelete="CASCADE"), primary_key=True),
    Column("pool", Text, primary_key=True),  # each counts by itself, so that none waits for another
    Column("outcome", Text, primary_key=True),
    Column("jobs", BigInteger, nullable=False),
)

Table(
    "nsjob_requests",
    TABLES,
    Column("id", _BIG, primary_key=True),
    Column("pool", BigInteger, ForeignKey("nsjob_pools.id", ondelete="CASCADE"), nullable=False),
    Column("job", BigInteger, nullable=False),
    Column("verb", Text, nullable=False),
    Column("value", Text),
    Index("nsjob_requests_pool", "pool"),
)

Table(
    "nsjob_definitions",
    TABLES,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("lang", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("filename", Text),
)

# A range is one row of nsjob_jobs; its indexes are runs of indexes here, as text like `1..1000`.
Table(
    "nsjob_ranges",
    TABLES,
    Column("job", BigInteger, ForeignKey("nsjob_jobs.key", ondelete="CASCADE"), primary_key=True),
    Column("kind", SmallInteger, nullable=False),  # of its script
    Column("most", Integer, nullable=False),  # that may be under way at once; 0 for any number
    Column("stopping", SmallInteger, nullable=False, server_default="0"),
    Column("indexes", Text, nullable=False),
    Column("pending", Text, nullable=False),
    Column("succeeded", Text, nullable=False),
    Column("failed", Text, nullable=False),
    Column("cancelled", Text, nullable=False),
    Column("lost", Text),  # JSON: those that were lost with a pool once or more often, twice or more often, ...
    Column("error", LargeBinary),  # of the index that failed first, and which that was
    Column("first", BigInteger),
)

# What a pool has taken of a range.
Table(
    "nsjob_chunks",
    TABLES,
    Column("job", BigInteger, ForeignKey("nsjob_jobs.key", ondelete="CASCADE"), primary_key=True),
    Column("pool", BigInteger, primary_key=True),
    Column("most", Integer, nullable=False),
    Column("indexes", Text, nullable=False),
    Index("nsjob_chunks_pool", "pool"),
)

Table(
    "nsjob_failures",
    TABLES,
    Column("job", BigInteger, ForeignKey("nsjob_jobs.key", ondelete="CASCADE"), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("pool", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("started", BigInteger),
    Column("ended", BigInteger),
    Column("runs", Integer, nullable=False),
    Column("error", Text, nullable=False),
)

Table(
    "nsjob_templates",
    TABLES,
    Column("name", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

Table(
    "nsjob_contents",
    TABLES,
    Column("hash", Text, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("data", LargeBinary, nullable=False),
    Column("made", BigInteger, nullable=False),
)

Table(
    "nsjob_needs",
    TABLES,
    Column("job", BigInteger, ForeignKey("nsjob_jobs.key", ondelete="CASCADE"), primary_key=True),
    Column("hash", Text, primary_key=True),
    Index("nsjob_needs_hash", "hash"),
)


# What brings a store from that version to the next.
_STEPS: dict[int, Callable[[Connection], None]] = {}


def upgrade(connection: Connection) -> None:
    """Make the tables, or bring those of an older version forward. In a transaction.

    Raises:
        StoreVersion: a newer program made them.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7166537471)")  # one pool at a time
    if not connection.dialect.has_table(connection, "nsjob_meta"):
        TABLES.create_all(connection)
        _put(connection, [("schema", VERSION), ("keys", 0), ("genid", 0)])
        return
    found = connection.exec_driver_sql("SELECT value FROM nsjob_meta WHERE name = 'schema'").scalar()
    if found is None or found > VERSION:
        raise StoreVersion(found or 0, VERSION)
    for version in range(found, VERSION):
        _STEPS[version](connection)
        connection.exec_driver_sql(f"UPDATE nsjob_meta SET value = {version + 1} WHERE name = 'schema'")


def _put(connection: Connection, values: Sequence[tuple[str, int]]) -> None:
    for name, value in values:
        connection.execute(TABLES.tables["nsjob_meta"].insert().values(name=name, value=value))
