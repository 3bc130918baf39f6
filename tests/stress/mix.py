"""Mix: everything at once, and then the books are compared.

Several threads queue jobs of all kinds into many queues under a pool's cap, and cancel, pause, resume, requeue, snooze,
delete and make anew at random. What the handles, the events and the counts say must agree; bodies count who is inside.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import nsjob
from tests.stress.tally import Tally, Witness, in_thread

FULL = 200_000
_QUEUES = 50
_VOLATILE = 10  # of them are deleted and made anew
_SUBMITTERS = 8
_CAP = 6
_WINDOW = 100  # jobs of one submitter that are not waited for yet
_PATIENCE = 120.0
_MARK_EVERY = 200
_KEYS = ("a", "b", "c")
_SNIPPET = "work(*arguments)"


class Flaky(Exception):
    """What a job raises that ends well when it is retried."""


class Cap:
    """Who is inside of something that holds at most so many. A step is one C call, which no interrupt cuts in two."""

    def __init__(self, name: str, most: int, tally: Tally) -> None:
        self._name = name
        self._most = most
        self._tally = tally
        self._inside: set[object] = set()
        self.highest = 0

    def enter(self, token: object) -> None:
        self._inside.add(token)
        found = len(self._inside)
        if found > self._most:
            self._tally.violation(f"the cap of {self._name.rstrip('0123456789')} is exceeded")
        if found > self.highest:
            self.highest = found

    def leave(self, token: object) -> None:
        self._inside.discard(token)

    def empty(self) -> bool:
        return not self._inside


class Station:
    """A queue as its bodies see it."""

    def __init__(self, number: int, pool_cap: Cap, tally: Tally) -> None:
        self.name = f"queue{number}"
        self.volatile = number < _VOLATILE
        self.maxthreads = 1 + number % 4
        self.maxperkey = 1 + number % 2 if number % 5 == 0 else None
        self.caps = [pool_cap, Cap(self.name, self.maxthreads, tally)]
        self.keys = {key: Cap(f"key of {self.name}", self.maxperkey or 1_000_000, tally) for key in _KEYS}

    def create(self, pool: nsjob.Pool) -> None:
        pool.create(self.name, self.maxthreads, maxperkey=self.maxperkey)


Body = Callable[[int, nsjob.Pool, Station], int]


def inside(body: Body, serial: int, pool: nsjob.Pool, station: Station, key: str | None) -> int:
    """Run `body`, counted. Leaving is said thrice: an interrupt can land in a `finally` too, but not in three."""
    token = object()
    caps = station.caps if key is None else [*station.caps, station.keys[key]]

    def enter() -> None:
        for cap in caps:
            cap.enter(token)

    def leave() -> None:
        for cap in caps:
            cap.leave(token)

    try:
        try:
            try:
                turn = serial
                enter()
                if body is waits:
                    return waits(serial, pool, station, leave, enter)
                return body(turn, pool, station)
            finally:
                leave()
        finally:
            leave()
    finally:
        leave()


def plain(serial: int, pool: nsjob.Pool, station: Station) -> int:
    return serial * 3 + 1


def longer(serial: int, pool: nsjob.Pool, station: Station) -> int:
    for _ in range(1_000 + serial % 5_000):
        pass
    return serial * 3 + 1


def fails_once(serial: int, pool: nsjob.Pool, station: Station) -> int:
    if nsjob.current_job().attempt == 1:
        raise Flaky(serial)
    return serial * 3 + 1


def fails(serial: int, pool: nsjob.Pool, station: Station) -> int:
    raise ValueError(serial)


def loops(serial: int, pool: nsjob.Pool, station: Station) -> int:
    while True:
        pass


def snoozes_once(serial: int, pool: nsjob.Pool, station: Station) -> int:
    job = nsjob.current_job()
    if not marks.pop(serial, None):
        return serial * 3 + 1
    job.snooze(0.001)


def waits(
    serial: int,
    pool: nsjob.Pool,
    station: Station,
    leave: Callable[[], None] = lambda: None,
    enter: Callable[[], None] = lambda: None,
) -> int:
    """Waits for a job of its own queue, and holds no slot meanwhile."""
    asked.append(station.name)
    try:
        child = pool.submit(station.name, inside, plain, serial, pool, station, None)
    except (nsjob.QueueClosed, nsjob.NoSuchQueue):
        answered.append(station.name)
        return serial * 3 + 1
    answered.append(station.name)
    children.append(child)
    leave()
    try:
        value = child.wait()
    except nsjob.JobCancelled:
        value = serial * 3 + 1
    enter()
    return int(value)


_OUTCOMES = ("ok", "error", "cancelled", "timeout", "expired")
marks: dict[int, bool] = {}
children: list[nsjob.Job] = []
# An interrupt may take the handle of a child that was queued: so many handles may be missing.
asked: list[str] = []
answered: list[str] = []
_KINDS: tuple[tuple[Body, int, dict[str, Any], frozenset[str]], ...] = (
    (plain, 700, {}, frozenset(["ok"])),
    (longer, 120, {}, frozenset(["ok"])),
    (fails_once, 40, {"retries": 1, "backoff": 0.001, "retryon": Flaky}, frozenset(["ok"])),
    (fails, 40, {}, frozenset(["error"])),
    (loops, 4, {"timeout": 0.01}, frozenset(["timeout"])),
    (loops, 1, {"timeout": 0.005, "retries": 1, "backoff": 0.001}, frozenset(["timeout"])),
    (snoozes_once, 20, {}, frozenset(["ok"])),
    (waits, 20, {}, frozenset(["ok"])),
    (plain, 20, {"delay": 0.002}, frozenset(["ok"])),
    (plain, 20, {"expires": 0.01}, frozenset(["ok", "expired"])),
    (plain, 15, {"head": True}, frozenset(["ok"])),
)
_WEIGHTS = [kind[1] for kind in _KINDS]


class Record:
    """What is known of a job from outside."""

    def __init__(self, job: nsjob.Job, serial: int, kind: str, allowed: frozenset[str], by_id: bool) -> None:
        self.job = job
        self.serial = serial
        self.kind = kind
        self.allowed = allowed
        self.by_id = by_id
        self.cancelled = False  # it was asked to end, or might have been
        self.callbacks = 0


class Ledger:
    """What the events say: a listener."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._made: Counter[str] = Counter()
        self.finished: dict[tuple[str, int, str], str] = {}
        self.queued: Counter[tuple[str, int, str]] = Counter()
        self.seen: dict[str, threading.Event] = {}

    def __call__(self, event: nsjob.Event) -> None:
        name = event.queue
        key = (name, self._made[name], event.job)
        if event.kind == "queue created":
            self._made[name] += 1
        elif event.kind == "queued":
            if key in self.finished:
                # Handed over or gone, and its id used anew: only where a caller asks for that id.
                self._tally.violation("a job was queued after it had finished")
            self.queued[key] += 1
        elif event.kind == "finished":
            if key in self.finished:
                self._tally.violation("a job finished twice")
            if not self.queued[key]:
                self._tally.violation("a job finished that was not queued")
            self.finished[key] = event.outcome
            if event.job in self.seen:
                self.seen[event.job].set()


class Submitter(threading.Thread):
    """One thread that queues jobs, and does things to them."""

    def __init__(
        self, number: int, pool: nsjob.Pool, stations: list[Station], ledger: Ledger, tally: Tally, jobs: int, seed: int
    ) -> None:
        super().__init__(name=f"submitter-{number}", daemon=True)
        self.number = number
        self.pool = pool
        self.stations = stations
        self.ledger = ledger
        self.tally = tally
        self.jobs = jobs
        self.random = Random(seed)
        self.records: list[Record] = []
        self.window: list[Record] = []
        self.paused: list[str] = []

    def run(self) -> None:
        try:
            for turn in range(self.jobs):
                self.submit(self.number * 10_000_000 + turn)
                if turn % _MARK_EVERY == 0:
                    self.mark(turn)
                self.meddle()
                if len(self.paused) > 2:
                    self.resume()
                if len(self.window) > _WINDOW:
                    self.resume()
                    for record in self.window[: _WINDOW // 2]:
                        self.collect(record)
                    del self.window[: _WINDOW // 2]
            self.resume()
            for record in self.window:
                self.collect(record)
        except BaseException as error:
            import traceback

            traceback.print_exc()
            self.tally.violation(f"a submitter ended: {type(error).__name__}: {error}")

    def mark(self, turn: int) -> None:
        """Wait until the listener has come so far, so that it misses nothing."""
        id = f"mark-{self.number}-{turn}"
        seen = self.ledger.seen[id] = threading.Event()
        self.pool.queue("marks", "0", jobid=id, detached=True)
        if not seen.wait(_PATIENCE):
            self.tally.violation("a finished event does not come")

    def submit(self, serial: int) -> None:
        random, pool = self.random, self.pool
        station = random.choice(self.stations)
        body, _, options, allowed = random.choices(_KINDS, _WEIGHTS)[0]
        options = dict(options)
        if body is snoozes_once:
            marks[serial] = True
        key = random.choice(_KEYS) if station.maxperkey and random.random() < 0.7 else None
        if key is not None:
            options["key"] = key
        if random.random() < 0.3:
            options["priority"] = random.randrange(256)
        if self.window and random.random() < 0.01:
            options["after"] = [self.window[-1].job]
            allowed = allowed | {"error"}
        arguments = (body, serial, pool, station, key)
        by_id = bool(options) or random.random() < 0.4
        try:
            if by_id:
                variables = {"work": inside, "arguments": arguments}
                job = pool.queue(station.name, _SNIPPET, vars=variables, **options)
            else:
                job = pool.submit(station.name, inside, *arguments)
        except (nsjob.NoSuchQueue, nsjob.QueueClosed):
            self.tally.add("refusals")
            if not station.volatile:
                self.tally.violation("a queue that nobody deletes refuses a job")
            return
        record = Record(job, serial, body.__name__, allowed, by_id and not station.volatile)
        record.cancelled = station.volatile
        if random.random() < 0.1:
            record.callbacks = -1

            def called(_: nsjob.Job) -> None:
                record.callbacks += 1

            job.add_done_callback(called)
        self.records.append(record)
        self.window.append(record)

    def meddle(self) -> None:
        """Do something to a job or a queue, now and then."""
        random, pool, tally = self.random, self.pool, self.tally
        dice = random.random()
        if dice >= 0.1 or not self.window:
            return
        record = random.choice(self.window)
        if dice < 0.08:  # rather one that runs
            record = next((other for other in self.window if other.job.state == "running"), record)
        job = record.job
        try:
            if dice < 0.06:
                record.cancelled = True
                job.cancel()
                tally.add("cancels")
            elif dice < 0.07:
                pool.requeue(job.queue, job)
                tally.add("requeues")
            elif dice < 0.08:
                pool.snooze(job.queue, job, 0.001)
                tally.add("snoozes")
            elif dice < 0.081:
                pool.edit(job.queue, job, priority=random.choice([0, 127, 255]), note="edited")
                tally.add("edits")
            elif dice < 0.083:
                pool.move(job.queue, job, first=dice < 0.082, last=dice >= 0.082)
                tally.add("moves")
            elif dice < 0.085:
                pool.run(job.queue, job)
                tally.add("runs")
            elif dice < 0.095:
                pool.pause(job.queue)
                self.paused.append(job.queue)
                tally.add("pauses")
            elif dice < 0.098:
                station = random.choice(self.stations[:_VOLATILE])
                pool.delete(station.name, force=True)
                tally.add("deletes")
                self.make(station)
            else:
                pool.counts(job.queue)
                pool.joblist(job.queue)
                pool.queuelist()
                pool.find(limit=10, state="scheduled")
        except (nsjob.NoSuchJob, nsjob.WrongState, nsjob.NoSuchQueue):
            pass

    def make(self, station: Station) -> None:
        """Make a queue anew as soon as the old one is gone; others may be faster."""
        until = time.monotonic() + _PATIENCE
        while station.name in self.pool.queues():
            # Its running jobs are being interrupted.
            if all(info.req == "none" for info in self.pool.queuelist() if info.name == station.name):
                return
            time.sleep(0)
            if time.monotonic() > until:
                self.tally.violation("a queue that was deleted with force stays")
                raise TimeoutError(str([info for info in self.pool.queuelist() if info.name == station.name]))
        try:
            station.create(self.pool)
        except nsjob.QueueExists:
            pass

    def resume(self) -> None:
        for name in self.paused:
            try:
                self.pool.resume(name)
            except nsjob.NoSuchQueue:
                pass
        self.paused.clear()

    def collect(self, record: Record) -> None:
        """Wait for a job."""
        job = record.job
        # A queue that was made anew gives the same ids again: there only the handle names the job.
        by_id = record.by_id and self.random.random() < 0.9
        try:
            value = self.pool.wait(job.queue, job, _PATIENCE) if by_id else job.wait(_PATIENCE)
            right = record.serial * 3 + 1
            self.tally.expect(value == right, f"an ok job ({record.kind}) has the value {value!r} instead of {right}")
        except nsjob.WaitTimeout:
            self.tally.violation(f"a job ({record.kind}) does not end: {self.pool.show(job.queue, job)}")
        except (nsjob.NoSuchJob, nsjob.NoSuchQueue):
            self.tally.expect(record.cancelled, "a job is not in its queue, and nobody cancelled it")
        except (nsjob.JobCancelled, nsjob.JobTimeout, nsjob.JobExpired, nsjob.DependencyFailed, ValueError):
            pass


def scenario(tally: Tally, size: int, random: Random) -> None:
    """Queue `size` jobs."""
    sys.setswitchinterval(0.0002)  # threads take turns often, so that races are met
    children.clear()
    asked.clear()
    answered.clear()
    marks.clear()
    with Witness(tally):
        pool = nsjob.Pool(_CAP)
        pool.configure(grace=_PATIENCE)  # nothing is written off: who is inside has a slot
        ledger = Ledger(tally)
        subscription = pool.subscribe(ledger)
        pool_cap = Cap("pool", _CAP, tally)
        stations = [Station(number, pool_cap, tally) for number in range(_QUEUES)]
        for station in stations:
            station.create(pool)
        pool.create("marks", 1)
        share = size // _SUBMITTERS + 1
        submitters = [
            Submitter(number, pool, stations, ledger, tally, share, random.randrange(1 << 30))
            for number in range(_SUBMITTERS)
        ]
        for submitter in submitters:
            submitter.start()
        for submitter in submitters:
            submitter.join()
        wrong = in_thread(lambda: pool.waitall(timeout=_PATIENCE), 2 * _PATIENCE)
        tally.expect(not wrong, f"waitall: {wrong}")
        _check(tally, pool, stations, [record for submitter in submitters for record in submitter.records])
        _check_threads(tally, pool)
        tally.add("highest in the pool", pool_cap.highest)
        wrong = in_thread(lambda: pool.shutdown(timeout=_PATIENCE), 2 * _PATIENCE)
        tally.expect(not wrong, f"shutdown: {wrong}")
        subscription.close(timeout=_PATIENCE)
        tally.add("events missed", subscription.dropped)
        if not subscription.dropped:
            unfinished = [key for key in ledger.queued if key not in ledger.finished]
            tally.expect(not unfinished, f"{len(unfinished)} jobs have no finished event, as {unfinished[:3]}")
            ended = Counter(ledger.finished.values())
            handles = {record.job for submitter in submitters for record in submitter.records} | set(children)
            said = Counter(job.outcome for job in handles)
            marked = sum(1 for key in ledger.finished if key[0] == "marks")
            said["ok"] += marked + 0
            ended["ok"] -= sum(1 for key in ledger.finished if key[0] == "last")
            more = ended - said
            fine = not said - ended and more.total() <= len(asked) - len(answered)
            tally.expect(fine, f"events and handles differ: {ended} and {said}")
            tally.add("finished events", len(ledger.finished))


def _check(tally: Tally, pool: nsjob.Pool, stations: list[Station], records: list[Record]) -> None:
    """Compare the handles with what was done to them, and with the counts."""
    said: dict[str, Counter[str]] = {station.name: Counter() for station in stations}
    seen: set[nsjob.Job] = set()
    tally.add("jobs", len(records) + len(children))
    for record in records:
        job = record.job
        seen.add(job)
        said[job.queue][job.outcome] += 1
        tally.add(job.outcome or "not ended")
        if not job.done():
            tally.violation(f"a job ({record.kind}) never ended: {job!r}")
        elif job.outcome == "cancelled":
            tally.expect(record.cancelled, f"a job ({record.kind}) was cancelled, and nobody did that")
        else:
            tally.expect(job.outcome in record.allowed, f"a job ({record.kind}) ended {job.outcome}: {job.error!r}")
        if job.outcome == "ok":
            value = job.wait(0)
            right = record.serial * 3 + 1
            tally.expect(value == right, f"an ok job ({record.kind}) has the value {value!r} instead of {right}")
        # A callback may still be under way on the pool's thread; more than one is wrong at any time.
        tally.expect(record.callbacks <= 0, "a callback was called more than once")
    tally.expect(len(seen) == len(records), "a handle was given out twice")
    for child in children:
        said[child.queue][child.outcome] += 1
        tally.expect(child.done(), "a child never ended")
    for station in stations:
        caps = [*station.caps, *station.keys.values()]
        tally.expect(all(cap.empty() for cap in caps), "somebody is still inside")
        if station.volatile:
            continue
        counts = pool.counts(station.name)
        mine = said[station.name]
        theirs = Counter({outcome: getattr(counts, outcome) for outcome in _OUTCOMES})
        missing = asked.count(station.name) - answered.count(station.name)
        tally.expect(
            not mine - theirs and (theirs - mine).total() <= missing,
            f"counts() of {station.name} and handles differ: {counts}, {mine}, {missing} handles may be missing",
        )
        tally.expect(counts.scheduled == counts.running == counts.done == 0, f"something is left: {counts}")
        tally.expect(not pool.jobs(station.name), "jobs are left in a queue")


def _check_threads(tally: Tally, pool: nsjob.Pool) -> None:
    """The threads are alive, and every slot is there: as many blocking jobs as the cap allows all start."""
    alive = {thread.ident for thread in threading.enumerate()}
    for detail in pool.threads():
        tally.expect(detail.ident in alive, f"thread {detail.name} is dead ({detail.state} {detail.job})")
    numbers = pool.threadlist()
    tally.expect(numbers.numlost == numbers.numwaiting == 0, f"threads are lost or wait: {numbers}")
    pool.create("last", _CAP)
    barrier = threading.Barrier(_CAP + 1)
    jobs = [pool.submit("last", barrier.wait, _PATIENCE) for _ in range(_CAP)]
    wrong = in_thread(lambda: barrier.wait(_PATIENCE), 2 * _PATIENCE)
    tally.expect(not wrong, f"not all slots came back: {wrong}")
    for job in jobs:
        wrong = in_thread(lambda job=job: job.wait(_PATIENCE), 2 * _PATIENCE)  # type: ignore[misc]
        tally.expect(not wrong, f"a last job: {wrong}")
