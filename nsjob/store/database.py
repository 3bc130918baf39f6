"""The database of a store: its address, its connections, its clock, and what its errors mean.

Statements are written once, with `:name` parameters; SQLAlchemy turns them into each database's own form. Cursors are
the drivers' own: a statement costs a third of what it costs through an execution of SQLAlchemy's.
"""

from __future__ import annotations

import os
import random
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from nsjob.errors import OptionError, StoreDamaged, StoreUnavailable
from nsjob.store.schema import upgrade

__all__ = ["Cursor", "Database", "Row"]

Row = Mapping[str, Any]
T = TypeVar("T")

_WRITE, _READ, _ALONE = "BEGIN IMMEDIATE", "BEGIN", ""  # how a transaction begins; by itself with its one statement
_PATIENCE = 30.0  # seconds for which a transaction is tried again
# SQLite's own waiting has no queue, and grows to 100 ms: who holds the lock gets it again, and others starve.
_FIRST_PAUSE, _LONGEST_PAUSE, _LONGEST_ABSENCE = 0.0003, 0.01, 0.5
_SQLITE_OPTIONS: dict[str, Any] = (
    {"autocommit": vars(sqlite3)["LEGACY_TRANSACTION_CONTROL"]} if sys.version_info >= (3, 12) else {}
)
_NOW = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)",
    # Not clock_timestamp(): what may change within a statement is not looked up in an index.
    "postgresql": "CAST(extract(epoch FROM statement_timestamp()) * 1000000 AS BIGINT)",
}
_BYTES = {"sqlite": "BLOB", "postgresql": "BYTEA"}
_AMONG = {
    "sqlite": "IN (SELECT value FROM json_each(:{0}))",
    "postgresql": "= ANY(CAST(:{0} AS BIGINT[]))",
}


class Cursor:
    """A transaction's way to the database."""

    __slots__ = ("_keys", "_pipelined", "_sql", "driver")

    def __init__(self, database: Database, cursor: Any) -> None:
        self._sql = database.statements
        self._keys: Callable[[Sequence[int]], Any] = database.keys
        self._pipelined = database.dialect == "postgresql"
        self.driver = cursor

    def run(self, statement: str, /, **values: Any) -> int:
        """Execute a statement and return how many rows it concerned."""
        self.driver.execute(self._sql[statement], values)
        return int(self.driver.rowcount)

    def concerns(self, statement: str, values: Mapping[str, Any]) -> bool:
        """Execute a statement and return whether it concerned a row."""
        return self.driver.execute(self._sql[statement], values).rowcount > 0  # type: ignore[no-any-return]

    def rows(self, statement: str, /, **values: Any) -> list[Row]:
        """Execute a statement and return its rows."""
        cursor = self.driver
        cursor.execute(self._sql[statement], values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def row(self, statement: str, /, **values: Any) -> Row | None:
        """The first row, or None."""
        found = self.rows(statement, **values)
        return found[0] if found else None

    def value(self, statement: str, /, **values: Any) -> Any:
        """The first column of the first row, or None."""
        return self.one(statement, values)

    def one(self, statement: str, values: Mapping[str, Any]) -> Any:
        """The same, with the values in a mapping."""
        row = self.driver.execute(self._sql[statement], values).fetchone()
        return None if row is None else row[0]

    def many(self, statement: str, rows: Sequence[Mapping[str, Any]]) -> int:
        """Execute a statement once for each of these values, and return how many rows it concerned."""
        if not rows:
            return 0
        self.driver.executemany(self._sql[statement], rows)
        return int(self.driver.rowcount)

    def each(self, statement: str, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """The same for a statement that returns one column; its value for each, or None where there was no row."""
        sql, cursor = self._sql[statement], self.driver
        found: list[Any] = []
        if len(rows) > 1 and self._pipelined:
            cursor.executemany(sql, rows, returning=True)
            for _ in rows:
                found.append(cursor.fetchone())
                cursor.nextset()
        else:
            found = [cursor.execute(sql, row).fetchone() for row in rows]
        return [None if row is None else row[0] for row in found]

    def keys(self, values: Sequence[int]) -> Any:
        """A list of keys as the value of a parameter that stands in `{among:name}`."""
        return self._keys(values)


class _Statements(dict[str, str]):
    """Statements in a database's own form, by what they are written as; each is turned into it once."""

    def __init__(self, dialect: str, engine: Engine) -> None:
        self._dialect = dialect
        style = "named" if dialect == "sqlite" else "pyformat"
        kind: Any = engine.dialect.__class__
        self._compiler = kind(paramstyle=style)

    def __missing__(self, statement: str) -> str:
        dialect = self._dialect
        plain = statement.replace("{now}", _NOW[dialect]).replace("{bytes}", _BYTES[dialect])
        if dialect == "sqlite":  # BEGIN IMMEDIATE is its lock
            plain = plain.replace(" FOR UPDATE SKIP LOCKED", "").replace(" FOR UPDATE", "")
        elif "DELETE" not in plain and " nsjob_pools " not in plain:
            # A full one would wait for all who refer to the row by a foreign key, and they for it: a deadlock.
            plain = plain.replace(" FOR UPDATE", " FOR NO KEY UPDATE")
        while "{among:" in plain:
            before, _, rest = plain.partition("{among:")
            name, _, after = rest.partition("}")
            plain = f"{before}{_AMONG[dialect].format(name)}{after}"
        found = self[statement] = str(text(plain).compile(dialect=self._compiler))
        return found


class _Held:
    """A connection that one thread keeps."""

    __slots__ = ("connection", "ident")

    def __init__(self, ident: int) -> None:
        self.ident = ident
        self.connection: Any = None


class Database:
    """One database that is a store.

    Arguments:
        address: a URL, or the path of a SQLite file.

    Raises:
        OptionError: it is none that can be used.
        StoreUnavailable, StoreDamaged, StoreVersion: it cannot be opened.
    """

    def __init__(self, address: str | os.PathLike[str]) -> None:
        self.url = _url(address)
        self.dialect = self.url.get_backend_name()
        self._begins = self.dialect == "sqlite"  # else the driver begins transactions
        self._held: _Held | None = None
        self._ended = False
        self._watch: sqlite3.Connection | None = None
        self._engine = self._made()
        self.statements = _Statements(self.dialect, self._engine)
        self.keys: Callable[[Sequence[int]], Any] = _json_keys if self.dialect == "sqlite" else list
        self.session = 0  # which connection the thread is at that keeps one; counted from 1
        self.unsure = 0  # commits of which nobody knows whether they were made
        try:
            self.transact_whole(upgrade)
        except BaseException:
            self.close()
            raise
        if self.dialect == "sqlite":
            self._path = str(self.url.database)
            status = os.stat(self._path)
            self._file = (status.st_dev, status.st_ino)

    def _made(self) -> Engine:
        try:
            if self.dialect == "sqlite":
                file = Path(str(self.url.database))
                if file.is_dir():
                    raise StoreUnavailable(f"the store {file} is a directory: name a file in it")
                file.parent.mkdir(parents=True, exist_ok=True)
                engine = create_engine(
                    self.url, pool_size=8, max_overflow=32, connect_args={"check_same_thread": False, **_SQLITE_OPTIONS}
                )
                event.listen(engine, "connect", _prepare_sqlite)
                event.listen(engine, "begin", _begin_sqlite)
                return engine
            # A connection that was cut is found out by its use, and that is done again.
            return create_engine(self.url, pool_size=8, max_overflow=32)
        except (NoSuchModuleError, ModuleNotFoundError) as error:
            raise OptionError(
                f"the store {self.shown()} needs a driver: pip install 'nsjob[postgres]' ({error})"
            ) from None
        except StoreUnavailable:
            raise
        except OSError as error:
            raise StoreUnavailable(f"the store {self.shown()} cannot be made: {error.strerror or error}") from None

    def shown(self) -> str:
        """Its address, without a password; of a SQLite database its file."""
        if self.dialect == "sqlite":
            return str(self.url.database)
        return self.url.set(drivername="postgresql").render_as_string(hide_password=True)

    # -- transactions --------------------------------------------------------------------------------------------

    def hold(self) -> None:
        """Let this thread, and no other, keep one connection for all it does: to fetch one costs as much as a write."""
        self._held = _Held(threading.get_ident())

    def let_go(self) -> None:
        """Give that connection back."""
        held, self._held = self._held, None
        if held is not None and held.connection is not None:
            held.connection.detach()
            held.connection.close()

    def _once(self, action: Callable[[Cursor], T], begin: str) -> T:
        """Do something in one transaction. It is the store's hottest path, so it is written out."""
        held = self._held
        pool = self._engine.pool
        if held is None or held.ident != threading.get_ident():
            held = None
            connection = self._engine.raw_connection()
        else:
            connection = held.connection
            if connection is None:
                connection = held.connection = self._engine.raw_connection()
                self.session += 1
        driver: Any = connection.driver_connection
        committing = False
        try:
            cursor = driver.cursor()
            if self._begins:
                if begin:
                    cursor.execute(begin)
                self._check_file()
            elif driver.autocommit is (begin is _WRITE):  # nothing is to be begun for what is but read
                driver.autocommit = begin is not _WRITE
            committing = begin is _ALONE
            result = action(Cursor(self, cursor))
            cursor.close()  # before it: what is not read to its end keeps SQLite's log from being used again
            committing = begin is not _READ
            driver.commit()
            return result
        except BaseException as error:
            self.unsure += committing
            try:
                driver.rollback()
            except Exception:  # there is nobody left to be told
                pass
            if self._lost(error):
                connection.invalidate()
                if held is not None:
                    held.connection = None
            raise
        finally:
            if held is None:
                connection.close()
                if self._ended:  # a handle was asked after the end of its pool, or just then
                    pool.dispose()
                    self._engine.dispose()

    def transact(self, action: Callable[[Cursor], T], patience: float = _PATIENCE, begin: str = _WRITE) -> T:
        """Do something in one transaction, and return its result. It is tried again where that is right.

        Arguments:
            patience: for how many seconds.

        Raises:
            StoreUnavailable, StoreDamaged: it could not be done.
            Exception: what `action` raised of its own; nothing is done then.
        """
        end = time.monotonic() + patience
        tries = 0
        while True:
            try:
                return self._once(action, begin)
            except Exception as error:
                if not self.is_own(error):
                    raise
                if not self.may_pass(error) or time.monotonic() >= end:
                    raise self.meaning(error) from error
                longest = _LONGEST_PAUSE if self._contended(error) else _LONGEST_ABSENCE
                time.sleep(min(_FIRST_PAUSE * 2.0 ** min(tries, 20), longest) * (0.5 + random.random()))
                tries += 1

    def read(self, action: Callable[[Cursor], T]) -> T:
        """The same for what changes nothing."""
        return self.transact(action, begin=_READ)

    def alone(self, action: Callable[[Cursor], T], patience: float) -> T:
        """The same for what is usually but one statement: each is a transaction of its own."""
        return self.transact(action, patience, _ALONE)

    def transact_whole(self, action: Callable[[Any], T]) -> T:
        """The same with a connection of SQLAlchemy's, for the schema."""
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                with self._engine.begin() as connection:
                    return action(connection)
            except Exception as error:
                cause = getattr(error, "orig", error)
                if not self.is_own(cause):
                    raise
                if not self.may_pass(cause, opening=True) or time.monotonic() >= end:
                    raise self.meaning(cause) from None
                time.sleep(_LONGEST_PAUSE)

    def _check_file(self) -> None:
        """See that the file that is open is the one that others find: what is written to a removed one is lost."""
        try:
            status = os.stat(self._path)
            found: object = (status.st_dev, status.st_ino)
        except OSError:
            found = None
        if found != self._file:
            raise StoreDamaged(
                f"the store {self.shown()} was removed or replaced while it was open: what this program has queued "
                "is in the file that is gone. Start the program again"
            )

    def refuses(self, error: BaseException | None) -> bool:
        """Whether a driver's error is about what it was given: no other try can be better."""
        dbapi: Any = self._engine.dialect.dbapi
        if error is None or isinstance(error, dbapi.IntegrityError | dbapi.DataError | dbapi.ProgrammingError):
            return error is not None
        return self.dialect == "sqlite" and _name(error) in _REFUSALS

    def version(self) -> object:
        """What changes when another connection has committed (SQLite)."""
        if self._watch is None:
            self._watch = sqlite3.connect(str(self.url.database), check_same_thread=False, timeout=1.0)
        return self._watch.execute("PRAGMA data_version").fetchone()[0]

    def listener(self) -> Any:
        """A connection of its own, to hear messages (PostgreSQL)."""
        import psycopg

        url = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(url, autocommit=True)

    def close(self) -> None:
        """Close the connections."""
        if self._watch is not None:
            self._watch.close()
        self._ended = True
        self._engine.dispose()

    # -- what errors mean ----------------------------------------------------------------------------------------

    def is_own(self, error: BaseException) -> bool:
        """Whether an error is the driver's."""
        return isinstance(error, self._engine.dialect.dbapi.Error) or type(error).__module__ == "sqlalchemy.exc"  # type: ignore[union-attr]

    def _lost(self, error: BaseException) -> bool:
        if self.dialect == "sqlite":
            return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorname", "") not in _PLAIN
        if not self.is_own(error):
            return not isinstance(error, Exception)
        code = str(getattr(error, "sqlstate", "") or "")
        return not code or code.startswith(("08", "57P"))

    def may_pass(self, error: BaseException, opening: bool = False) -> bool:
        """Whether the same may succeed when it is tried again."""
        if self.dialect == "sqlite":
            return _name(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
        original = getattr(error, "orig", error)
        code = str(getattr(original, "sqlstate", "") or "")
        if code.startswith(("40", "57P", "08", "53", "55P03")):
            return True
        if not code:  # the connection is gone, or could not be made
            return not opening
        return False

    def _contended(self, error: BaseException) -> bool:
        """Whether others are in the way, not the database away."""
        return self.dialect == "sqlite" or str(getattr(error, "sqlstate", "") or "").startswith("40")

    def meaning(self, error: BaseException) -> Exception:
        """What a driver's error is to those who use the store."""
        original = getattr(error, "orig", error)
        said = str(original).strip().splitlines()[0] if str(original).strip() else type(original).__name__
        name = _name(original)
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT")):
            return StoreDamaged(f"the store {self.shown()} is damaged or no database: {said}. Restore a copy of it")
        reasons = {
            "SQLITE_FULL": "its disk is full: make room, and try again",
            "SQLITE_READONLY": "it may not be written: look at the permissions of the file and of its directory",
            "SQLITE_CANTOPEN": "it cannot be opened: look whether its directory is there and may be written",
            "SQLITE_IOERR": "its disk fails",
            "SQLITE_BUSY": "another process has been writing it all the time",
        }
        for known, reason in reasons.items():
            if name.startswith(known):
                return StoreUnavailable(f"the store {self.shown()}: {reason} ({said})")
        return StoreUnavailable(f"the store {self.shown()} cannot be used: {said}")


_REFUSALS = frozenset(("SQLITE_MISMATCH", "SQLITE_TOOBIG", "SQLITE_ERROR", "SQLITE_RANGE"))
_PLAIN = frozenset(("SQLITE_BUSY", "SQLITE_CONSTRAINT", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_BUSY_SNAPSHOT"))


def _name(error: BaseException) -> str:
    return str(getattr(error, "sqlite_errorname", ""))


def _json_keys(values: Sequence[int]) -> str:
    return f"[{','.join(map(str, values))}]"


def _url(address: str | os.PathLike[str]) -> URL:
    if not isinstance(address, str | os.PathLike) or not str(address):
        raise OptionError(f"store takes a URL or the path of a file, but got {address!r}")
    shown = os.fspath(address)
    if "://" not in shown:
        return URL.create("sqlite", database=str(Path(shown).expanduser().absolute()))
    try:
        url = make_url(shown)
    except ArgumentError:
        raise OptionError(f"store: {shown!r} is no URL: sqlite:///FILE or postgresql://USER@HOST/DATABASE") from None
    kind = url.get_backend_name()
    if kind == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if kind != "sqlite":
        raise OptionError(f"store: {kind} is no database that can be a store: sqlite and postgresql are")
    if not url.database or url.database == ":memory:":
        raise OptionError("store: a SQLite database in memory would be lost with the program: name a file")
    return url.set(database=str(Path(url.database).expanduser().absolute()))


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions begin where we say
    cursor = connection.cursor()
    for pragma in ("busy_timeout = 0", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
