"""The databases' drivers as tests want them: each statement and commit of theirs can be watched, or made to fail."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["COMMIT", "alone", "contention", "intercepted", "lost_answer"]

COMMIT = "COMMIT"
Point = Callable[[str, str, Any, Any], None]


@contextmanager
def intercepted(point: Point) -> Iterator[None]:
    """Call `point(when, what, driver's object, values)` before and after each statement and commit, in all threads.

    `when` is `before` or `after`, `what` the statement, or COMMIT. SQLite connections that are open already are not
    watched.
    """

    def around(method: Callable[..., Any], said: str = "") -> Callable[..., Any]:
        def call(self: Any, *arguments: Any, **options: Any) -> Any:
            what = said or str(arguments[0])
            values = arguments[1] if len(arguments) > 1 else None
            point("before", what, self, values)
            answer = method(self, *arguments, **options)
            point("after", what, self, values)
            return answer

        return call

    class Cursor(sqlite3.Cursor):
        execute = around(sqlite3.Cursor.execute)
        executemany = around(sqlite3.Cursor.executemany)

    class Connection(sqlite3.Connection):
        commit = around(sqlite3.Connection.commit, COMMIT)

        def cursor(self, *_: Any) -> Any:
            return super().cursor(Cursor)

    connect = sqlite3.connect

    def connected(*arguments: Any, **options: Any) -> Any:
        made = connect(*arguments, **{**options, "factory": Connection})
        point("after", "CONNECT", made, None)
        return made

    changed: list[tuple[Any, str, Any]] = [(sqlite3, "connect", connected), (sqlite3.dbapi2, "connect", connected)]
    try:
        import psycopg
    except ImportError:  # no driver is made for free-threaded Python
        pass
    else:
        changed.append((psycopg.Connection, "commit", around(psycopg.Connection.commit, COMMIT)))
        changed += [
            (psycopg.Cursor, name, around(getattr(psycopg.Cursor, name))) for name in ("execute", "executemany")
        ]
    kept = [(owner, name, getattr(owner, name)) for owner, name, _ in changed]
    for owner, name, value in changed:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in kept:
            setattr(owner, name, value)


def lost_answer(connection: Any) -> Exception:
    """What a driver raises where a commit went through, and its answer did not come."""
    if isinstance(connection, sqlite3.Connection | sqlite3.Cursor):
        return contention(connection)
    import psycopg

    getattr(connection, "connection", connection).close()
    return psycopg.OperationalError("server closed the connection unexpectedly")


def alone(cursor: Any) -> bool:
    """Whether there is no transaction around a statement: it is committed when it is done."""
    connection = cursor.connection
    return not connection.in_transaction if isinstance(cursor, sqlite3.Cursor) else bool(connection.autocommit)


def contention(it: Any) -> Exception:
    """What a driver raises where another transaction is in the way."""
    if isinstance(it, sqlite3.Cursor | sqlite3.Connection):
        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorname, error.sqlite_errorcode = "SQLITE_BUSY", sqlite3.SQLITE_BUSY
        return error
    import psycopg

    return psycopg.errors.SerializationFailure("could not serialize access due to concurrent update")
