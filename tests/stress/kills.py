"""Kills: submitters and workers on one store are killed, from outside at random moments and at each boundary of a
statement; nothing that was acknowledged is lost, nothing ends twice, every cap is kept, all that they held comes back.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import create_engine

from nsjob.store.values import unpack
from tests.store.servers import database, kept_out
from tests.stress.tally import Tally
from tests.stress.victim import CAPS

FULL = 500  # kills on each database
LEAST = 30
_WORKERS, _SUBMITTERS = 3, 2
_LEASE = 2.0  # seconds; a shorter one runs out where the machine is busy
_LONGEST = 3.0  # seconds that one that is to end itself is given
_BOUNDARIES = 400  # of statements, at each of which some process ends
_PATIENCE = 120.0  # seconds to drain the store
_ROOT = Path(__file__).parents[2]


def scenario(tally: Tally, size: int, random: Random) -> None:
    """Kill `size` processes on each database."""
    with tempfile.TemporaryDirectory(prefix="nsjob-kills-") as scratch:
        place = Path(scratch) / "sqlite"
        place.mkdir()
        _on(tally, f"sqlite:///{place}/jobs.db", place, size, random)
        if not kept_out():
            place = Path(scratch) / "postgresql"
            place.mkdir()
            with database() as lent:
                _on(tally, lent.url, place, size, random)


def _on(tally: Tally, address: str, place: Path, size: int, random: Random) -> None:
    with _Nursery(address, place, random) as nursery:
        watch = _Watch(address)
        nursery.start("w")  # makes the tables
        while not nursery.did("created"):
            if watch.ready():
                break
            time.sleep(0.05)
        wanted = ["w"] * (_WORKERS - 1) + ["s"] * _SUBMITTERS
        for role in wanted:
            nursery.start(role)
        while nursery.kills < size:
            time.sleep(random.uniform(0.05, 0.4))
            for role in nursery.buried():
                nursery.start(role, nursery.next_fault(role) if random.random() < 0.5 else 0)
            name = nursery.to_kill()
            if name is not None:
                role = nursery.kill(name)
                nursery.start(role, nursery.next_fault(role) if random.random() < 0.5 else 0)
            watch.look(tally)
        nursery.kill_all()
        nursery.drain(tally)
        watch.look(tally)
        _judge(tally, address.partition(":")[0].partition("+")[0], place, nursery, watch)


class _Nursery:
    """The processes, and the one that forks and kills them."""

    def __init__(self, address: str, place: Path, random: Random) -> None:
        self._address = address
        self._place = place
        self._random = random
        self._serial = 0
        self._faults: Counter[str] = Counter()
        self._alive: dict[str, tuple[float, int]] = {}  # when it was started, and the boundary where it ends itself
        self.dead: dict[str, float] = {}  # since when
        self.kills = self.injected = 0
        self.wrong: list[str] = []

    def __enter__(self) -> _Nursery:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.stress.victim"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def _ask(self, order: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def start(self, role: str, fault: int = 0) -> str:
        """Start one more."""
        self._serial += 1
        name = f"{role}-{self._serial}"
        seed = str(self._random.random())
        self._ask(
            {
                "live": {
                    "role": role,
                    "address": self._address,
                    "place": str(self._place),
                    "name": name,
                    "fault": fault,
                    "lease": _LEASE,
                    "seed": seed,
                }
            }
        )
        self._alive[name] = time.monotonic(), fault
        return name

    def next_fault(self, role: str) -> int:
        """The next boundary at which one of these ends itself; each comes once, then all again."""
        self._faults[role] += 1
        # Few kills are spread over all of them.
        return 1 + (self._faults[role] * 37) % _BOUNDARIES

    def to_kill(self) -> str | None:
        """One that may be killed from outside now."""
        now = time.monotonic()
        chosen = [name for name, (began, fault) in self._alive.items() if not fault or now - began > _LONGEST]
        return self._random.choice(chosen) if chosen else None

    def kill(self, name: str) -> str:
        """Kill one; returns what it was."""
        code, moment = self._ask({"kill": name})
        del self._alive[name]
        self._bury(name, code, moment)
        return name[0]

    def kill_all(self) -> None:
        """Kill all that live."""
        for name in list(self._alive):
            self.kill(name)

    def buried(self) -> list[str]:
        """What those were that have ended by themselves."""
        gone = self._ask({})
        for name, code in gone.items():
            del self._alive[name]
            self._bury(name, code, None)
        return [name[0] for name in gone]

    def _bury(self, name: str, code: int, moment: float | None) -> None:
        if code != -9:
            self.wrong.append(f"{name[0]} ended by itself with code {code}: {self.last_words(name)}")
        self.kills += 1
        if moment is None:
            self.injected += 1
            moment = max((line.moment for line in self.did("dies", name)), default=time.monotonic())
        self.dead[name] = moment

    def last_words(self, name: str) -> str:
        """The last lines of its stderr."""
        said = (self._place / f"stderr-{name}").read_text(errors="replace").strip().splitlines()
        return " | ".join(said[-12:])

    def drain(self, tally: Tally) -> None:
        """Let one more run what is left, to its end."""
        name = self.start("d")
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            gone = self._ask({})
            if name in gone:
                tally.expect(gone[name] == 0, f"who drained ended with {gone[name]}: {self.last_words(name)}")
                del self._alive[name]
                return
            time.sleep(0.05)
        tally.violation(f"not drained in {_PATIENCE:g} s: {self.last_words(name)}")
        self.kill_all()

    def did(self, what: str, name: str = "*") -> list[_Line]:
        """The lines of that kind, in order of time."""
        return sorted((line for line in self.lines(name) if line.what == what), key=lambda line: line.moment)

    def lines(self, name: str = "*") -> Iterator[_Line]:
        """What they wrote down."""
        for path in self._place.glob(f"did-{name}"):
            for line in path.read_text().splitlines():
                yield _Line(path.name.removeprefix("did-"), line)


class _Line:
    def __init__(self, name: str, line: str) -> None:
        self.name = name
        self.what, *self.words, moment = line.split(" ")
        self.moment = float(moment)


class _Watch:
    """What another program sees of the store, now and then."""

    def __init__(self, address: str) -> None:
        options = {"timeout": 30.0} if address.startswith("sqlite") else {}
        self._engine = create_engine(address, connect_args=options)
        self.ends: dict[int, tuple[Any, ...]] = {}
        self.looks = 0

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        with closing(self._engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
            yield cursor
            connection.rollback()

    def rows(self, statement: str) -> list[Any]:
        """The rows of a statement."""
        with self._reading() as cursor:
            cursor.execute(statement)
            return [tuple(bytes(part) if isinstance(part, memoryview) else part for part in row) for row in cursor]

    def ready(self) -> bool:
        """Whether the store has its queues."""
        try:
            return len(self.rows("SELECT id FROM nsjob_queues")) == len(CAPS)
        except Exception:
            return False

    def look(self, tally: Tally) -> None:
        """Remember how jobs have ended, and compare that with what was seen before; see that the caps are kept."""
        self.looks += 1
        found = self.rows(
            "SELECT key, outcome, code, result, started, ended, attempt, ran FROM nsjob_jobs WHERE state = 5 "
            "ORDER BY ended DESC LIMIT 300"
        )
        for key, *end in found:
            seen = self.ends.setdefault(key, tuple(end))
            tally.expect(seen == tuple(end), f"an outcome was overwritten: {seen} is {end} now")
        now = "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"
        if self._engine.dialect.name == "postgresql":
            now = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"
        held = self.rows(
            "SELECT q.name, q.maxthreads, SUM(s.slots) FROM nsjob_slots s JOIN nsjob_queues q ON q.id = s.queue "
            f"JOIN nsjob_pools p ON p.id = s.pool WHERE p.until > {now} GROUP BY q.name, q.maxthreads"
        )
        for queue, cap, slots in held:
            tally.expect(slots <= cap, f"cap exceeded: {slots} slots of {queue} are held, and it has {cap}")


def _judge(tally: Tally, kind: str, place: Path, nursery: _Nursery, watch: _Watch) -> None:
    """See what has come of it all."""
    rows = watch.rows(
        "SELECT q.name, j.id, j.key, j.state, j.outcome, j.result, j.attempt, j.payload FROM nsjob_jobs j "
        "JOIN nsjob_queues q ON q.id = j.queue"
    )
    by_id = {(row[0], row[1]): row for row in rows}
    by_number: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        by_number[unpack(row[7])[1]["number"]].append(row)
    acknowledged = [
        line.split()
        for path in place.glob("acknowledged-*")
        for line in path.read_text().splitlines(keepends=True)
        if line.endswith("\n")
    ]
    lost = doubled = done = 0
    for queue, id, number_, _, cancelled in acknowledged:
        row = by_id.get((queue, id)) or next((row for row in by_number[int(number_)]), None)
        if row is None or row[3] != 5 or unpack(row[7])[1]["number"] != int(number_):
            lost += 1
            tally.violation(f"{kind}: lost: acknowledged job {queue} {id} is {row}")
            continue
        right = row[4] == "ok" and unpack(row[5]) == int(number_) * 7
        done += right
        if not right and not (row[4] == "cancelled" and int(cancelled)):
            tally.violation(f"{kind}: job {queue} {id} ended {row[4]}: {row}")
    for number, found in by_number.items():
        if len(found) > 1:
            doubled += 1
            tally.violation(f"{kind}: doubled: number {number} was queued {len(found)} times")
    for row in rows:
        tally.expect(row[3] == 5, f"{kind}: job {row[0]} {row[1]} has not ended: {row}")
    again = _runs(tally, kind, nursery, acknowledged)
    for line in nursery.did("seen"):
        found = by_number[int(line.words[0])]
        same = found and unpack(found[0][5]) == int(line.words[1])
        tally.expect(same, f"{kind}: a waiter saw {line.words}, and it is {found}")
    lapses = len(nursery.did("lapsed"))
    exceeded = nursery.did("exceeded")
    if not lapses:  # a pool that is stalled past its lease runs on beside those that have its slots
        for line in exceeded:
            tally.violation(f"{kind}: cap exceeded: {line.words[0]} in {line.name}")
    for what in ("logged", "failed-itself"):
        for line in nursery.did(what):
            tally.violation(f"{kind}: {line.name} {what}: {' '.join(line.words)}")
    for wrong in nursery.wrong:
        tally.violation(f"{kind}: {wrong}")
    for table in ("pools", "slots", "requests", "after"):
        left = watch.rows(f"SELECT * FROM nsjob_{table}")
        tally.expect(not left, f"{kind}: left in nsjob_{table}: {left[:3]}")
    stray = watch.rows("SELECT key FROM nsjob_jobs WHERE owner IS NOT NULL")
    tally.expect(not stray, f"{kind}: done jobs that belong to a pool: {stray[:3]}")
    _run_records(tally, kind, watch)
    for what, number in (
        ("kills", nursery.kills),
        ("of them at boundaries", nursery.injected),
        ("acknowledged", len(acknowledged)),
        ("done", done),
        ("cancelled", len(acknowledged) - done - lost),
        ("run again", again),
        ("lost", lost),
        ("doubled", doubled),
        ("cap exceeded", len(exceeded) if not lapses else 0),
        ("leases run out in living pools", lapses),
    ):
        tally.add(f"{what} ({kind})", number)


def _runs(tally: Tally, kind: str, nursery: _Nursery, acknowledged: list[list[str]]) -> int:
    """See that a body ran again only where that was right. Returns how many did."""
    began: dict[int, list[_Line]] = defaultdict(list)
    ended: dict[int, list[_Line]] = defaultdict(list)
    failed: set[tuple[int, str]] = set()
    lapsed = {line.name for line in nursery.did("lapsed")}
    for line in nursery.lines():
        if line.what == "began":
            began[int(line.words[0])].append(line)
        elif line.what == "ended":
            ended[int(line.words[0])].append(line)
        elif line.what == "failed":
            failed.add((int(line.words[0]), line.name))
    again = 0
    for number, lines in began.items():
        lines.sort(key=lambda line: line.moment)
        for earlier, later in pairwise(lines):
            if (number, earlier.name) in failed or earlier.name in lapsed:
                continue
            again += 1
            death = nursery.dead.get(earlier.name)
            right = death is not None and death <= later.moment
            tally.expect(right, f"{kind}: {number} ran in {later.name} while {earlier.name} had it")
    for _, _, number_, first_, _ in acknowledged:
        number, first = int(number_), int(first_)
        if first and began[number]:
            before = min((line.moment for line in ended[first]), default=None)
            right = before is not None and before <= min(line.moment for line in began[number])
            tally.expect(right, f"{kind}: {number} began before {first} ended, which it comes after")
    return again


def _run_records(tally: Tally, kind: str, watch: _Watch) -> None:
    """See that the records of runs are in order."""
    runs: dict[int, list[Any]] = defaultdict(list)
    for row in watch.rows("SELECT job, number, started, ended, outcome FROM nsjob_runs ORDER BY job, number"):
        runs[row[0]].append(row)
    losses = dict(watch.rows("SELECT key, losses FROM nsjob_jobs WHERE losses > 0"))
    for key, found in runs.items():
        numbers = [row[1] for row in found]
        tally.expect(numbers == list(range(1, len(found) + 1)), f"{kind}: runs of {key} are numbered {numbers}")
        tally.expect(all(row[2] <= row[3] for row in found), f"{kind}: a run of {key} ended before it began")
    for key, count in losses.items():
        lost = sum(row[4] == "lost" for row in runs[key])
        tally.expect(lost == count, f"{kind}: job {key} was lost {count} times and has {lost} records of that")
