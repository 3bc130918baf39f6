"""What a store does when its database is in trouble: what may pass is tried again, the rest is told in a sentence, and
nothing that was acknowledged is lost or runs twice.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

import nsjob
from nsjob.errors import StoreDamaged, StoreError, StoreUnavailable, StoreVersion
from tests.conftest import PATIENCE, Gate
from tests.store import bodies
from tests.store.cases import POSTGRESQL, Store
from tests.store.conftest import furnished
from tests.store.drivers import COMMIT, alone, contention, intercepted, lost_answer
from tests.store.servers import PostgreSQL, kept_out, postgresql

needs_postgresql = pytest.mark.skipif(bool(kept_out()), reason=kept_out())


def rows(store: Store, statement: str) -> list[Any]:
    """What is in the store, past the pools."""
    if store.kind == POSTGRESQL:
        import psycopg

        with psycopg.connect(store.address.replace("+psycopg", "")) as connection:
            return connection.execute(statement).fetchall()  # type: ignore[call-overload]
    with closing(sqlite3.connect(store.address)) as connection:
        return connection.execute(statement).fetchall()


def in_thread(action: Callable[[], Any]) -> Callable[[], Any]:
    """Call `action` in a thread of its own; returns what waits for its answer."""
    answers: list[Any] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            answers.append(action())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()

    def answer() -> Any:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "it hangs"
        if errors:
            raise errors[0]
        return answers[0]

    return answer


def nothing_is_held(store: Store, count: int) -> None:
    """There are so many jobs, all are done, each ran once, and no pool has any."""
    assert rows(store, "SELECT state, outcome, owner, COUNT(*) FROM nsjob_jobs GROUP BY state, outcome, owner") == [
        (5, "ok", None, count)
    ]
    assert Counter(bodies.NOTES).most_common(1)[0][1] == 1
    assert len(bodies.NOTES) == count


# -- faults of single statements ---------------------------------------------------------------------------------------


class Fault:
    """Every so many'th of some points fails, where it is armed."""

    def __init__(self, when: str, which: Callable[[str], bool], error: Callable[[Any], Exception], every: int) -> None:
        self._when, self._which, self._error, self._every = when, which, error, every
        self._passed = 0
        self._lock = threading.Lock()
        self.armed = False
        self.raised = 0

    def __call__(self, when: str, what: str, it: Any, values: Any) -> None:
        if not self.armed or when != self._when or not self._which(what):
            return
        with self._lock:
            self._passed += 1
            if self._passed % self._every:
                return
            self.raised += 1
        raise self._error(it)


def work_through(store: Store, fault: Fault, pool: nsjob.Pool) -> None:
    """Have 60 jobs of all kinds run while a fault is armed."""
    fault.armed = True
    jobs: list[nsjob.Job] = []
    for number in range(40):
        options: dict[str, Any] = {}
        if number % 5 == 1:
            options["after"] = [jobs[-1]]
        elif number % 5 == 2:
            options["delay"] = 0.01
        elif number % 5 == 3:
            options["unique"] = f"the {number}th"
        jobs.append(pool.queue("q" if number % 3 else "one", f"note({number})", **options))
    jobs += pool.queue_many("q", [f"note({number})" for number in range(40, 60)])
    assert [job.wait(PATIENCE) for job in jobs] == list(range(60))
    fault.armed = False
    assert fault.raised
    nothing_is_held(store, 60)


@pytest.mark.parametrize("every", [2, 3, 5])
def test_a_commit_whose_answer_is_lost_is_made_once(durable: Store, every: int) -> None:
    fault = Fault("after", lambda what: what == COMMIT, lost_answer, every)
    with intercepted(fault):
        work_through(durable, fault, furnished(durable))
        durable.close()


@pytest.mark.parametrize("every", [1, 2, 3])
def test_a_statement_of_its_own_whose_answer_is_lost_is_made_once(durable: Store, every: int) -> None:
    jobs = Fault("after", lambda what: what.strip().startswith("INSERT INTO nsjob_jobs"), lost_answer, every)

    def fault(when: str, what: str, it: Any, values: Any) -> None:
        if what != COMMIT and what != "CONNECT" and alone(it):
            jobs(when, what, it, values)

    with intercepted(fault):
        pool = furnished(durable)
        jobs.armed = True
        for number in range(10):
            assert pool.queue("q", f"note({number})").wait(PATIENCE) == number
        jobs.armed = False
        nothing_is_held(durable, 10)
        durable.close()


@pytest.mark.parametrize("every", [100, 151, 307])  # statements; a transaction has fewer, or it could never be made
def test_contention_is_tried_again(durable: Store, every: int) -> None:
    fault = Fault("before", lambda what: True, contention, every)
    with intercepted(fault):
        work_through(durable, fault, furnished(durable))
        durable.close()


class LostOnce:
    """The answer to the commit of the first transaction with a statement that begins so is lost."""

    def __init__(self, start: str) -> None:
        self._start = start
        self._seen = False
        self.raised = 0

    def __call__(self, when: str, what: str, it: Any, values: Any) -> None:
        if when != "after":
            return
        if what.strip().startswith(self._start):
            self._seen = True
        elif what == COMMIT and self._seen and not self.raised:
            self.raised += 1
            raise lost_answer(it)


def test_who_waits_by_id_gets_the_result_though_an_answer_is_lost(durable: Store) -> None:
    fault = LostOnce("UPDATE nsjob_jobs SET gone = 1")
    with intercepted(fault):
        pool = furnished(durable)
        pool.queue("q", "note('it')", jobid="named")
        assert pool.wait("q", "named", PATIENCE) == "it"
        assert fault.raised
        with pytest.raises(nsjob.NoSuchJob):
            pool.wait("q", "named")
        durable.close()


def test_a_queue_is_made_though_an_answer_is_lost(durable: Store) -> None:
    fault = LostOnce("INSERT INTO nsjob_queues")
    with intercepted(fault):
        pool = durable.pool()
        assert pool.create("q", 2) == "q"
        assert fault.raised
        with pytest.raises(nsjob.QueueExists):
            pool.create("q", 2)
        durable.close()


def test_a_change_that_can_never_be_made_does_not_keep_others(durable: Store) -> None:
    pool = furnished(durable)
    impossible = "INSERT INTO nsjob_said (job, progress) VALUES (123456, '')"  # of no job
    pool._commits.post(lambda cursor: cursor.run(impossible))  # type: ignore[attr-defined]
    assert in_thread(lambda: pool.queue("q", "note(1)").wait(PATIENCE))() == 1
    with pytest.raises(StoreError):
        pool._commits.do(lambda cursor: cursor.run(impossible))  # type: ignore[attr-defined]


# -- PostgreSQL --------------------------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[PostgreSQL]:
    """A server that may be stopped; it runs again afterwards."""
    if os.environ.get("NSJOB_TEST_POSTGRES"):
        made = PostgreSQL()
        yield made
        made.close()
        return
    made = postgresql()
    yield made
    made.start()


@pytest.fixture
def theirs(server: PostgreSQL, gate: Gate) -> Iterator[Store]:
    """A store on that server."""
    lent = server.lend()
    store = Store(POSTGRESQL, lent.url)
    yield store
    store.close()
    server.take_back(lent)


@needs_postgresql
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_the_server_goes_away_and_comes_back(server: PostgreSQL, theirs: Store, gate: Gate, how: str) -> None:
    pool = furnished(theirs)
    client = theirs.pool(0)
    jobs = [pool.queue("q", f"enter(); note({number})") for number in range(4)]
    gate.came(2)
    getattr(server, how)()
    queued = in_thread(lambda: client.queue("q", "note(4)"))
    gate.let(4)  # they end where nobody can be told
    server.start()
    jobs.append(queued())
    assert [job.wait(PATIENCE) for job in jobs] == list(range(5))
    assert client.queue("q", "note(5)").wait(PATIENCE) == 5
    nothing_is_held(theirs, 6)


@needs_postgresql
def test_a_server_that_stays_away_is_told_of(
    server: PostgreSQL, theirs: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = furnished(theirs)
    job = pool.queue("q", "note(1)")
    assert job.wait(PATIENCE) == 1
    monkeypatch.setattr("nsjob.store.commits._PATIENCE", 0.3)
    server.stop()
    try:
        with pytest.raises(StoreUnavailable, match="cannot be used"):
            pool.queue("q", "note(2)")
        with pytest.raises(StoreUnavailable, match="cannot be used"):
            nsjob.Pool(store=theirs.address)
    finally:
        server.start()
    monkeypatch.undo()
    assert pool.queue("q", "note(3)").wait(PATIENCE) == 3


@needs_postgresql
def test_connections_are_cut(server: PostgreSQL, theirs: Store) -> None:
    import psycopg

    pool = furnished(theirs)
    client = theirs.pool(0)
    done = threading.Event()
    cut = 0

    def cutting() -> None:
        nonlocal cut
        with psycopg.connect(theirs.address.replace("+psycopg", ""), autocommit=True) as connection:
            while not done.wait(0.02):
                found = connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                ).fetchall()
                cut += len(found)

    thread = threading.Thread(target=cutting)
    thread.start()
    try:
        jobs = [client.queue("q", f"note({number})") for number in range(40)]
        jobs += client.queue_many("q", [f"note({number})" for number in range(40, 60)])
        values = [job.wait(PATIENCE) for job in jobs]
    finally:
        done.set()
        thread.join()
    assert values == list(range(60))
    assert cut
    del pool
    nothing_is_held(theirs, 60)


@needs_postgresql
def test_a_deadlock_is_tried_again(theirs: Store) -> None:
    import psycopg

    pool = furnished(theirs)
    job = pool.queue("q", "note(1)", delay=3600)
    key, both = job.key, threading.Barrier(2)  # type: ignore[attr-defined]
    tries = 0

    def change(cursor: Any) -> None:
        nonlocal tries
        tries += 1
        cursor.run("UPDATE nsjob_jobs SET note = 'a' WHERE key = :key", key=key)
        if tries == 1:
            both.wait(PATIENCE)
        cursor.run("UPDATE nsjob_meta SET value = value WHERE name = 'genid'")

    with psycopg.connect(theirs.address.replace("+psycopg", "")) as other:
        other.execute("UPDATE nsjob_meta SET value = value WHERE name = 'genid'")
        other.execute("SET deadlock_timeout = '1min'")  # the pool is the one that finds it
        changed = in_thread(lambda: pool._commits.do(change))  # type: ignore[attr-defined]
        both.wait(PATIENCE)
        other.execute("UPDATE nsjob_jobs SET note = 'b' WHERE key = %s", (key,))
    changed()
    assert tries > 1
    assert rows(theirs, "SELECT note FROM nsjob_jobs") == [("a",)]


@needs_postgresql
@pytest.mark.parametrize("wrong", ["database", "port", "user"])
def test_a_server_that_cannot_be_reached(server: PostgreSQL, wrong: str) -> None:
    from sqlalchemy import make_url

    url = make_url(server.address("postgres"))
    if wrong == "database":
        url = url.set(database="there_is_none")
    elif wrong == "port":
        url = url.set(host="127.0.0.1", port=1, query={})
    else:
        url = url.set(username="nobody_at_all", password="secret")
    with pytest.raises(StoreUnavailable) as raised:
        nsjob.Pool(store=url.render_as_string(hide_password=False))
    assert "cannot be used" in str(raised.value)
    assert "secret" not in str(raised.value)


# -- SQLite: busy, full ------------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path, gate: Gate) -> Iterator[Store]:
    """A store in a file."""
    store = Store("sqlite", str(tmp_path / "jobs.db"))
    yield store
    gate.let(10_000)
    store.close()


@contextmanager
def locked(store: Store) -> Iterator[sqlite3.Connection]:
    """Another program writes all the time."""
    with closing(sqlite3.connect(store.address, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        if connection.in_transaction:
            connection.rollback()


def test_a_writer_is_waited_for(file: Store, gate: Gate) -> None:
    pool = furnished(file)
    jobs = [pool.queue("q", f"enter(); note({number})") for number in range(2)]
    gate.came(2)
    with locked(file) as other:
        queued = in_thread(lambda: pool.queue("q", "note(2)"))
        gate.let(2)  # they end where nothing can be written
        assert rows(file, "SELECT COUNT(*) FROM nsjob_jobs WHERE state = 5") == [(0,)]
        other.rollback()
    jobs.append(queued())
    assert [job.wait(PATIENCE) for job in jobs] == [0, 1, 2]
    nothing_is_held(file, 3)


def test_a_writer_who_never_ends_is_told_of(file: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = furnished(file)
    monkeypatch.setattr("nsjob.store.commits._PATIENCE", 0.3)
    monkeypatch.setattr("nsjob.store.database._PATIENCE", 0.3)
    with locked(file):
        with pytest.raises(StoreUnavailable, match="another process has been writing"):
            pool.queue("q", "note(1)")
        with pytest.raises(StoreUnavailable, match="another process has been writing"):
            nsjob.Pool(store=file.address)
    monkeypatch.undo()
    assert pool.queue("q", "note(2)").wait(PATIENCE) == 2
    nothing_is_held(file, 1)


class Disk:
    """A disk that can be full: its databases get no more pages."""

    def __init__(self) -> None:
        self.full = False

    def __call__(self, when: str, what: str, it: Any, values: Any) -> None:
        if when == "before" and what.startswith("BEGIN"):
            pages = 1 if self.full else 2_000_000_000  # SQLite takes at least as many as there are
            sqlite3.Cursor.execute(it, f"PRAGMA max_page_count = {pages}")


def test_a_full_disk(file: Store, gate: Gate) -> None:
    disk = Disk()
    with intercepted(disk):
        pool = furnished(file)
        jobs = [pool.queue("q", f"enter(); note({number})") for number in range(2)]
        gate.came(2)
        disk.full = True
        gate.let(2)
        large = "# " + "x" * 100_000
        for _ in range(5):  # each is answered, though what ended here can not be kept
            with pytest.raises(StoreUnavailable, match="its disk is full"):
                in_thread(lambda: pool.queue("q", large))()
        disk.full = False
        assert [job.wait(PATIENCE) for job in jobs] == [0, 1]
        assert pool.queue("q", "note(2)").wait(PATIENCE) == 2
        nothing_is_held(file, 3)
        file.close()


# -- SQLite: files that cannot be used ---------------------------------------------------------------------------------


@contextmanager
def unprivileged() -> Iterator[Path]:
    """A new directory, and permissions that count, whoever runs this."""
    with tempfile.TemporaryDirectory(prefix="nsjob-files-") as place:
        os.chmod(place, 0o755)
        if os.geteuid() != 0:
            yield Path(place)
            return
        os.chown(place, 65534, 65534)
        os.seteuid(65534)
        try:
            yield Path(place)
        finally:
            os.seteuid(0)


def test_a_directory_that_may_not_be_written() -> None:
    with unprivileged() as place:
        os.chmod(place, 0o555)
        with pytest.raises(StoreUnavailable, match="cannot be opened: look whether its directory"):
            nsjob.Pool(store=place / "jobs.db")
        with pytest.raises(StoreUnavailable, match="cannot be made"):
            nsjob.Pool(store=place / "further" / "jobs.db")
        os.chmod(place, 0o755)


@pytest.mark.parametrize("directory", [0o555, 0o755])
def test_a_file_that_may_not_be_written(directory: int) -> None:
    with unprivileged() as place:
        nsjob.Pool(store=place / "jobs.db").shutdown()
        os.chmod(place / "jobs.db", 0o444)
        os.chmod(place, directory)
        with pytest.raises(StoreUnavailable, match=r"may not be written|cannot be opened"):
            nsjob.Pool(store=place / "jobs.db")
        os.chmod(place, 0o755)


def test_what_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("This is a letter, and no database at all. " * 100)
    with pytest.raises(StoreDamaged, match=r"damaged or no database.*Restore a copy"):
        nsjob.Pool(store=tmp_path / "text")
    assert (tmp_path / "text").read_text().startswith("This is a letter")
    with pytest.raises(StoreUnavailable, match="is a directory"):
        nsjob.Pool(store=tmp_path)


def test_the_database_of_another_program_is_left_as_it_is(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE nsjob_meta (some TEXT, thing TEXT)")
        other.commit()
    with pytest.raises(StoreError):
        nsjob.Pool(store=tmp_path / "other.db")


def test_a_newer_schema(file: Store) -> None:
    furnished(file).shutdown()
    with closing(sqlite3.connect(file.address)) as other:
        other.execute("UPDATE nsjob_meta SET value = 1000 WHERE name = 'schema'")
        other.commit()
    with pytest.raises(StoreVersion, match="schema 1000"):
        nsjob.Pool(store=file.address)


def test_a_damaged_file(file: Store) -> None:
    pool = furnished(file)
    for number in range(50):
        pool.queue("q", f"note({number})").wait(PATIENCE)
    pool.shutdown()
    with closing(sqlite3.connect(file.address)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = other.execute("SELECT rootpage FROM sqlite_master WHERE name = 'nsjob_jobs'").fetchone()[0]
        size = other.execute("PRAGMA page_size").fetchone()[0]
    with open(file.address, "r+b") as data:
        data.seek((page - 1) * size)
        data.write(b"\xaa" * size)
    again = file.pool()
    with pytest.raises(StoreDamaged, match=r"damaged.*Restore a copy"):
        again.queue("q", "note(1)")
    with pytest.raises(StoreDamaged, match=r"damaged.*Restore a copy"):
        again.joblist("q")


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_removed_while_it_is_open(file: Store, replaced: bool) -> None:
    pool = furnished(file)
    assert pool.queue("q", "note(1)").wait(PATIENCE) == 1
    for name in (file.address, f"{file.address}-wal", f"{file.address}-shm"):
        Path(name).unlink()
    if replaced:
        furnished(file).shutdown()
    with pytest.raises(StoreDamaged, match="removed or replaced"):
        pool.queue("q", "note(2)")
    with contextlib.suppress(StoreDamaged):  # where anything of the pool's own is left
        pool.shutdown(cancel=True)
