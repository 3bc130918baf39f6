"""python -m tests.stress.victim: forks the processes that kills.py kills, and kills them when it is told.

They are submitters and workers on one store. What they did is in files that a SIGKILL leaves whole: one write a line.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import nsjob
from nsjob.pool.context import JobContext
from tests.store.drivers import intercepted

__all__ = ["CAPS", "KEYED", "body"]

CAPS = {"wide": 6, "narrow": 2, "keyed": 4}
KEYED = 3  # keys of the queue `keyed`; one job of each at once
_BODY = "from tests.stress.victim import body\nbody(job)"


class _Self:
    """What this process is called, and where it writes."""

    name = ""
    place = Path()
    log = -1


def _say(*words: object) -> None:
    os.write(_Self.log, (" ".join(map(str, words)) + f" {time.monotonic():.6f}\n").encode())


# -- bodies ------------------------------------------------------------------------------------------------------------


def body(job: JobContext) -> int:
    """Tell that it runs, and how many run beside it."""
    given = job.input
    number, share = given["number"], given.get("share")
    _say("began", number, job.attempt)
    with _one_of(job.queue, CAPS[job.queue]), _one_of(f"share-{share}", 1) if share else contextlib.nullcontext():
        time.sleep(given["takes"])
    if given.get("fails") and job.attempt == 1:
        _say("failed", number)
        raise ValueError("the first attempt fails")
    _say("ended", number)
    return int(number) * 7


@contextlib.contextmanager
def _one_of(name: str, cap: int) -> Iterator[None]:
    """Hold one of so many locks, which a killed process lets go of; tell where none is free."""
    for slot in range(cap):
        lock = os.open(_Self.place / f"cap-{name}-{slot}", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            continue
        try:
            yield
        finally:
            os.close(lock)
        return
    _say("exceeded", name)
    yield


# -- what these processes are ------------------------------------------------------------------------------------------


def worker(pool: nsjob.Pool, random: Random) -> None:
    """Run jobs."""
    while True:
        _while_wanted(0.05)


def submitter(pool: nsjob.Pool, random: Random) -> None:
    """Queue jobs of all kinds, and write down which were acknowledged."""
    acknowledged = os.open(_Self.place / f"acknowledged-{_Self.name}", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    base = int(_Self.name.rpartition("-")[2]) * 100_000
    last: tuple[nsjob.Job, int] | None = None
    for number in range(base, base + 100_000):
        chance = random.random()
        queue, options = "wide", dict[str, Any]()
        given: dict[str, Any] = {"number": number, "takes": random.expovariate(100)}
        first = 0
        if chance < 0.2:
            queue = "narrow"
        elif chance < 0.4:
            queue, given["share"] = "keyed", f"key{random.randrange(KEYED)}"
            options["key"] = given["share"]
        elif chance < 0.5 and last is not None:
            options["after"], first = [last[0]], last[1]
        elif chance < 0.6:
            options.update(retries=1, backoff=0.01)
            given["fails"] = True
        elif chance < 0.7:
            options["delay"] = 0.03
        elif chance < 0.75:
            options["priority"] = "high"
        if chance > 0.95:  # several at once
            many = [{**given, "number": number * 1000 + index} for index in range(1, 6)]
            jobs = pool.queue_many(queue, [(_BODY, {"input": one}) for one in many], **options)
            for job, one in zip(jobs, many, strict=True):
                os.write(acknowledged, f"{queue} {job.id} {one['number']} {first} 0\n".encode())
            os.fsync(acknowledged)
            continue
        job = pool.queue(queue, _BODY, input=given, **options)
        cancelled = not first and 0.9 < chance < 0.92
        os.write(acknowledged, f"{queue} {job.id} {number} {first} {int(cancelled)}\n".encode())
        os.fsync(acknowledged)
        if cancelled:
            job.cancel()
        else:
            last = job, number
        if 0.75 < chance < 0.8:
            with contextlib.suppress(nsjob.WaitTimeout):
                _say("seen", number, job.wait(0.2))
        _while_wanted(random.expovariate(100))


def drainer(pool: nsjob.Pool, random: Random) -> None:
    """Run jobs until all have ended and what the killed ones held is free."""
    database: Any = pool._database  # type: ignore[attr-defined]
    left = "SELECT (SELECT COUNT(*) FROM nsjob_jobs WHERE state < 5) + (SELECT COUNT(*) FROM nsjob_pools) - 1"
    while database.read(lambda cursor: cursor.value(left)):
        _while_wanted(0.05)
    pool.shutdown()


_ROLES: dict[str, Callable[[nsjob.Pool, Random], None]] = {"w": worker, "s": submitter, "d": drainer}


def _while_wanted(seconds: float) -> None:
    time.sleep(seconds)
    if os.getppid() != _PARENT:  # who was to kill this is gone
        os._exit(3)


class _Log(logging.Handler):
    """Errors that are logged, and leases that a living pool has lost, are told."""

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage().replace("\n", " ")
        if "have gone to others" in said or "it has gone to another pool" in said:
            _say("lapsed", 0)
        elif record.levelno >= logging.ERROR:
            _say("logged", said, repr(record.exc_info[1]) if record.exc_info else "")


_PARENT = 0


def live(role: str, address: str, place: str, name: str, fault: int, lease: float, seed: str) -> None:
    """Be one of them. Never returns."""
    global _PARENT
    _PARENT = os.getppid()
    _Self.name, _Self.place = name, Path(place)
    _Self.log = os.open(_Self.place / f"did-{name}", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    errors = os.open(_Self.place / f"stderr-{name}", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(errors, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(errors, 1)
    logging.getLogger("nsjob").addHandler(_Log())
    code = 1
    try:
        if fault:
            _die_at(fault)
        threads = {"w": 3, "s": 0, "d": 6}[role]
        pool = nsjob.Pool(threads, store=address, name=name, lease=lease, maxlosses=1_000_000, maxpoll=0.2)
        for queue, cap in CAPS.items():
            pool.create(queue, cap, exist_ok=True, maxperkey=1 if queue == "keyed" else None)
        _ROLES[role](pool, Random(seed))
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
        _say("failed-itself", repr(sys.exception() if hasattr(sys, "exception") else "").replace("\n", " "))
    finally:
        sys.stderr.flush()
        os._exit(code)


# -- faults ------------------------------------------------------------------------------------------------------------


_FAULTS = contextlib.ExitStack()


def _die_at(fault: int) -> None:
    """End this process as a SIGKILL does, at that boundary of a statement."""
    lock = threading.Lock()
    passed = 0

    def point(when: str, what: str, *_: object) -> None:
        nonlocal passed
        with lock:
            passed += 1
            if passed == fault:
                _say("dies", when, "_".join(what.split()[:3]))
                os.kill(os.getpid(), signal.SIGKILL)

    _FAULTS.enter_context(intercepted(point))


# -- the nursery -------------------------------------------------------------------------------------------------------


def main() -> None:
    """Fork and kill as each line of stdin says; answer each with a line. End with stdin, and all with it."""
    for name in ("sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite", "nsjob.store.pool", "psycopg"):
        with contextlib.suppress(ImportError):  # so that a forked one need not load it
            importlib.import_module(name)
    alive: dict[str, int] = {}

    def reap(name: str, options: int) -> int | None:
        pid, status = os.waitpid(alive[name], options)
        if not pid:
            return None
        del alive[name]
        return os.waitstatus_to_exitcode(status)

    try:
        for line in sys.stdin:
            order = json.loads(line)
            answer: object = None
            if "live" in order:
                pid = os.fork()
                if pid == 0:
                    live(**order["live"])
                alive[order["live"]["name"]] = pid
            elif "kill" in order:
                name = order["kill"]
                answer = reap(name, os.WNOHANG)
                if answer is None:
                    moment = time.monotonic()
                    os.kill(alive[name], signal.SIGKILL)
                    answer = [reap(name, 0), moment]
                else:
                    answer = [answer, None]
            else:
                answer = {name: code for name in list(alive) if (code := reap(name, os.WNOHANG)) is not None}
            print(json.dumps(answer), flush=True)
    finally:
        for name, pid in list(alive.items()):
            os.kill(pid, signal.SIGKILL)
            reap(name, 0)


if __name__ == "__main__":
    from tests.stress import victim  # bodies find what this process is called in that module

    victim.main()
