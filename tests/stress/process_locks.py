"""Process-wide locks: jobs that log, import and use queues are cancelled; no lock of the library may stay taken."""

from __future__ import annotations

import importlib
import io
import itertools
import logging
import queue
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import nsjob
from tests.stress.tally import Tally, Witness, in_library, in_thread

FULL = 10_000
_POOL = "locks"  # what its threads are called after
_CAP = 4
_PATIENCE = 20.0
_LANES = 16  # more than jobs run at once
_MODULES = 5  # of each lane
_CHECK_EVERY = 250  # cancels

_log = logging.getLogger("tests.stress.process_locks")
_shared: queue.Queue[int] = queue.Queue()
_lanes = itertools.count()


def logs() -> None:
    while True:
        _log.warning("a line with %s and %d", "arguments", 7)


def makes_loggers() -> None:
    number = 0
    while True:
        number += 1
        logging.getLogger(f"tests.stress.process_locks.{number % 50}").warning("made")


def imports() -> None:
    lane = next(_lanes) % _LANES  # of modules that no other job of now takes out and imports
    number = 0
    while True:
        name = f"stress_module_{lane}_{number % _MODULES}"
        sys.modules.pop(name, None)
        importlib.import_module(name)
        number += 1


def puts_and_gets() -> None:
    while True:
        _shared.put(1)
        try:
            _shared.get(timeout=0.001)
        except queue.Empty:
            pass


def blocks_in_get() -> None:
    mine: queue.Queue[int] = queue.Queue(1)
    while True:
        try:
            mine.get(timeout=0.0005)
        except queue.Empty:
            _shared.put(1)


def waits_for_conditions() -> None:
    condition = threading.Condition()
    event = threading.Event()
    while True:
        with condition:
            condition.wait(0.0002)
        event.wait(0.0002)
        event.set()
        event.clear()


def starts_threads() -> None:
    while True:
        thread = threading.Thread(target=int, daemon=True)
        thread.start()
        thread.join()


BODIES: tuple[Callable[[], None], ...] = (
    logs,
    makes_loggers,
    imports,
    puts_and_gets,
    blocks_in_get,
    waits_for_conditions,
    starts_threads,
)


def scenario(tally: Tally, size: int, random: Random) -> None:
    """Cancel `size` such jobs while they run."""
    sys.setswitchinterval(0.0002)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(message)s"))
    _log.addHandler(handler)
    _log.addHandler(logging.NullHandler())  # bodies that outlive the scenario have nothing to say
    _log.propagate = False
    with tempfile.TemporaryDirectory() as folder, Witness(tally, _expected):
        for number in range(_MODULES):
            for lane in (*range(_LANES), "check"):
                module = Path(folder, f"stress_module_{lane}_{number}.py")
                module.write_text("import string\nvalue = [n for n in range(20)]\n")
        sys.path.insert(0, folder)
        try:
            _cancels(tally, size, random, stream)
        finally:
            sys.path.remove(folder)
            _log.removeHandler(handler)


def _expected(what: object) -> bool:
    """An interrupt that a callback of the library swallows, in the thread of the job: it is sent again."""
    if not threading.current_thread().name.startswith(f"{_POOL}-"):
        return False
    return isinstance(getattr(what, "exc_value", None), nsjob.JobInterrupted) and in_library(what)


def _cancels(tally: Tally, size: int, random: Random, stream: io.StringIO) -> None:
    pool = nsjob.Pool(name=_POOL)
    pool.create("q", _CAP)
    running: list[tuple[str, nsjob.Job]] = []
    for number in range(size):
        body = random.choice(BODIES)
        running.append((body.__name__, pool.submit("q", body)))
        if len(running) >= _CAP:
            name, job = running.pop(0)
            while job.state == "scheduled":
                time.sleep(0)
            for _ in range(random.randrange(3_000)):
                pass
            job.cancel()
            try:
                job.wait(_PATIENCE)
                tally.violation(f"{name} ended {job.outcome}")
            except nsjob.JobCancelled:
                tally.add(f"{name} cancelled")
            except nsjob.WaitTimeout:
                tally.violation(f"{name} does not end: {pool.show('q', job).stack[-600:]}")
                return
            except BaseException as error:
                tally.violation(f"{name} ended {job.outcome}: {error!r}")
        if number % _CHECK_EVERY == 0 and not _works(tally):
            return
        if stream.tell() > 1_000_000:
            stream.seek(0)
            stream.truncate()
    for _, job in running:
        job.cancel()
    wrong = in_thread(lambda: pool.shutdown(timeout=_PATIENCE), 2 * _PATIENCE)
    tally.expect(not wrong, f"shutdown: {wrong}")
    _works(tally)


def _works(tally: Tally) -> bool:
    """Whether another thread can log, import, use the queue, and start threads."""

    def log() -> None:
        _log.warning("still there")
        logging.getLogger(f"tests.stress.process_locks.new{time.monotonic()}").warning("made")

    def load() -> None:
        for number in range(_MODULES):
            sys.modules.pop(f"stress_module_check_{number}", None)
            importlib.import_module(f"stress_module_check_{number}")

    def exchange() -> None:
        _shared.put(2)
        _shared.get(timeout=5)
        _shared.qsize()

    def start() -> None:
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        threading.enumerate()

    good = True
    for what, check in (("logging", log), ("import", load), ("queue", exchange), ("threads", start)):
        wrong = in_thread(check)
        good = tally.expect(not wrong, f"{what}: {wrong}") and good
    return good
