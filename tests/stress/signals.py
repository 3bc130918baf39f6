"""Signals: KeyboardInterrupt raised by a signal's handler while the main thread calls the pool.

After some hundreds of them the books are checked from another thread: the lock is free, the counts are those of the
bodies that ran, all jobs end, no id was given twice, and as many jobs as the cap allows all run at once.
"""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections.abc import Callable
from random import Random
from types import FrameType

import nsjob
from tests.stress.tally import Tally, Witness, in_library, in_thread

FULL = 20_000
_ROUND = 250  # signals between two checks
_QUEUES = ("a", "b", "c")
_CAPS = {"a": 1, "b": 3, "c": 4}
_PATIENCE = 20.0
_AGAIN = 0.1  # seconds between a signal and the next, where the first was not seen


class Trap:
    """The signal's handler: raises once after each `arm`."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.armed = False
        self.raised = 0

    def arm(self) -> None:
        """Let one signal come, soon. It raises KeyboardInterrupt once."""
        self.armed = True
        soon = self._random.choice((0.00002, 0.0001, 0.0005)) * (0.5 + self._random.random())
        # And others that do nothing more: one that meets the interpreter while it works out whether a signal has come
        # is not seen by a thread that is alone, and goes on with calls that never block, until there is another.
        signal.setitimer(signal.ITIMER_REAL, soon, _AGAIN)

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.armed:
            self.armed = False
            self.raised += 1
            raise KeyboardInterrupt


class Books:
    """What the bodies say. `next` of a count is one C call."""

    def __init__(self) -> None:
        self.ran = {name: itertools.count() for name in _QUEUES}

    def body(self, name: str) -> int:
        next(self.ran[name])
        return 42

    def total(self, name: str) -> int:
        return int(repr(self.ran[name]).strip("count()"))


def actions(
    pool: nsjob.Pool, books: Books, random: Random, handles: list[nsjob.Job]
) -> dict[str, Callable[[], object]]:
    """What the main thread calls. Each is one verb, or a few."""
    serial = itertools.count()

    def any_queue() -> str:
        return random.choice(_QUEUES)

    def queue() -> None:
        name = any_queue()
        for _ in range(20):
            # One by one: a signal may come between any two.
            handles.append(pool.queue(name, "body(name)", vars={"body": books.body, "name": name}))  # noqa: PERF401

    def queue_with_options() -> None:
        name = any_queue()
        variables = {"body": books.body, "name": name}
        for _ in range(10):
            handles.append(pool.queue(name, "body(name)", vars=variables, priority=random.randrange(256)))
            handles.append(pool.queue(name, "body(name)", vars=variables, head=True))
            handles.append(pool.queue(name, "body(name)", vars=variables, delay=0.0005))
            handles.append(pool.queue(name, "body(name)", vars=variables, unique=str(random.randrange(3))))
            handles.append(pool.queue(name, "body(name)", vars=variables, expires=5.0))
            handles.append(pool.queue(name, "body(name)", vars=variables, after=[handles[-1]]))

    def submit() -> None:
        name = any_queue()
        for _ in range(20):
            handles.append(pool.submit(name, books.body, name))  # noqa: PERF401

    def wait() -> None:
        name = any_queue()
        for _ in range(5):
            job = pool.queue(name, "body(name)", vars={"body": books.body, "name": name})
            handles.append(job)
            try:
                pool.wait(name, job, timeout=random.choice((0, 0.0001, 0.01)))
            except (nsjob.WaitTimeout, nsjob.NoSuchJob):
                pass

    def wait_by_handle() -> None:
        name = any_queue()
        for _ in range(5):
            try:
                pool.submit(name, books.body, name).wait(random.choice((0, 0.0001, 0.01)))
            except nsjob.WaitTimeout:
                pass

    def waitany() -> None:
        for _ in range(5):
            name = any_queue()
            try:
                found = pool.waitany(name, timeout=0.0005)
                if found:
                    pool.wait(name, found, timeout=0)
            except (nsjob.WaitTimeout, nsjob.NoSuchJob, nsjob.JobCancelled, nsjob.DependencyFailed):
                pass

    def waitall() -> None:
        try:
            pool.waitall(any_queue(), timeout=0.0005)
        except nsjob.WaitTimeout:
            pass

    def cancel() -> None:
        name = any_queue()
        for id in pool.jobs(name)[-10:]:
            try:
                pool.cancel(name, id)
            except nsjob.NoSuchJob:
                pass

    def stop_and_go() -> None:
        name = any_queue()
        for _ in range(10):
            pool.pause(name)
            pool.resume(name)
            pool.drain(name)
            pool.resume(name)

    def resize() -> None:
        name = any_queue()
        for _ in range(10):
            pool.resize(name, random.randrange(1, 6))
        pool.resize(name, _CAPS[name])

    def look() -> None:
        name = any_queue()
        pool.jobs(name)
        pool.joblist(name)
        pool.counts()
        pool.queuelist()
        pool.threadlist()
        pool.threads()

    def make_and_delete() -> None:
        for _ in range(5):
            name = f"made{next(serial)}"
            pool.create(name, 2)
            pool.queue(name, "1")
            pool.delete(name, force=True)

    def move() -> None:
        name = any_queue()
        for id in pool.jobs(name)[-5:]:
            try:
                pool.snooze(name, id, 0.001) if random.random() < 0.5 else pool.run(name, id)
            except (nsjob.NoSuchJob, nsjob.WrongState):
                pass

    def configure() -> None:
        for _ in range(5):
            pool.configure(maxthreads=random.randrange(1, 9))
        pool.configure(maxthreads=0)

    def callbacks() -> None:
        for job in handles[-10:]:
            job.add_done_callback(lambda _: None)

    chosen = [
        *[queue, submit] * 4,
        queue_with_options,
        wait,
        wait_by_handle,
        waitany,
        waitall,
        *[cancel] * 2,
        stop_and_go,
        resize,
        look,
        make_and_delete,
        move,
        configure,
        callbacks,
    ]
    return {f"{action.__name__} {number}": action for number, action in enumerate(chosen)}


def scenario(tally: Tally, size: int, random: Random) -> None:
    """Let `size` signals land."""
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("signals come to the main thread alone")
    trap = Trap(random)
    before = signal.signal(signal.SIGALRM, trap)
    try:
        with Witness(tally, _expected):
            _storms(tally, size, random, trap)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _expected(what: object) -> bool:
    """A KeyboardInterrupt that a callback of the library swallows."""
    return isinstance(getattr(what, "exc_value", None), KeyboardInterrupt) and in_library(what, Trap.__call__.__code__)


def _storms(tally: Tally, size: int, random: Random, trap: Trap) -> None:
    pool = nsjob.Pool()
    books = Books()
    for name in _QUEUES:
        pool.create(name, _CAPS[name])
    handles: list[nsjob.Job] = []
    verbs = actions(pool, books, random, handles)
    names = list(verbs)
    struck: list[str] = []
    while trap.raised < size:
        until = min(trap.raised + _ROUND, size)
        while trap.raised < until:
            name = random.choice(names)
            try:
                try:
                    _strike(trap, verbs[name])
                except nsjob.QueueDraining:  # a signal came between drain and resume
                    trap.armed = False
                    pool.resume(next(info.name for info in pool.queuelist() if info.req == "drain"))
                except Exception as error:
                    trap.armed = False
                    tally.violation(f"{name.split()[0]}: {type(error).__name__}: {error}")
            except KeyboardInterrupt:
                struck.append(name.split()[0])
        if not _check(tally, pool, books, handles):
            tally.add("last verbs " + " ".join(struck[-20:]))
            break
        struck.clear()
        handles.clear()
    tally.add("signals that raised", trap.raised)
    tally.add("jobs run", sum(books.total(name) for name in _QUEUES))
    wrong = in_thread(lambda: pool.shutdown(timeout=_PATIENCE), 2 * _PATIENCE)
    tally.expect(not wrong, f"shutdown: {wrong}")


def _strike(trap: Trap, verb: Callable[[], object]) -> None:
    # A function of its own: at a loop's back edge the handlers around the loop may not be in force.
    trap.arm()
    while trap.armed:
        verb()


def _check(tally: Tally, pool: nsjob.Pool, books: Books, handles: list[nsjob.Job]) -> bool:
    """Everything that was queued ends, and the books agree. Returns whether it makes sense to go on."""
    bad = len(tally.violations)
    pool._core.whole(
        lambda: None
    )  # a verb that a signal interrupted may take effect yet; its turn is before this one's
    if not tally.expect(not (wrong := in_thread(pool.counts)), f"the lock is not free: {wrong}"):
        return False
    given: set[tuple[str, str, int]] = set()
    for job in set(handles):
        given.add((job.queue, job.id, id(job)))
    ids = {(queue, job) for queue, job, _ in given}
    tally.expect(len(ids) == len(given), "an id was given twice")

    def settle() -> None:
        for name in _QUEUES:
            listed = pool.jobs(name)
            if len(listed) != len(set(listed)):
                raise AssertionError("an id is in the table twice")
            pool.resume(name)
            pool.resize(name, _CAPS[name])
        pool.configure(maxthreads=0)
        for name in pool.queues():
            if name not in _QUEUES:
                pool.delete(name, force=True)
        pool.waitall(timeout=_PATIENCE)

    if not tally.expect(not (wrong := in_thread(settle, 2 * _PATIENCE)), f"not all jobs end: {wrong}"):
        for info in pool.queuelist():
            tally.violation(f"  {info}")
            for job in [job for job in pool.joblist(info.name) if job.state != "done"][:3]:
                tally.violation(f"  {job.id} {job.state} {job.req}: {pool.show(info.name, job.id).reason}")
        tally.violation(f"  {pool.threadlist()} {pool.threads()}")
        return False
    for job in handles:
        tally.expect(job.done(), f"a job never ends: {job!r}")
        # `cancel` may take one that another comes after.
        fine = job.outcome != "error" or isinstance(job.error, nsjob.DependencyFailed)
        tally.expect(fine, f"a job ended in error: {job!r} {job.error!r}")
    for name in _QUEUES:
        counts = pool.counts(name)
        ran = books.total(name)
        # A job that was cancelled while its body ran may have run to the end.
        agree = counts.ok <= ran <= counts.ok + counts.cancelled
        tally.expect(agree, f"counts() of {name} against {ran} bodies that ran: {counts}")
        tally.expect(counts.timeout == 0, f"counts() of {name}: {counts}")
        tally.expect(counts.scheduled == counts.running == counts.done == 0, f"something is left in {name}: {counts}")
    _fill(tally, pool, books)
    return len(tally.violations) == bad


def _fill(tally: Tally, pool: nsjob.Pool, books: Books) -> None:
    """As many blocking jobs as there are slots all start, and one more does not."""
    total = sum(_CAPS.values())
    started = threading.Barrier(total + 1)
    go_on = threading.Event()
    beyond = threading.Event()

    def block() -> None:
        started.wait(_PATIENCE)
        go_on.wait(_PATIENCE)

    jobs = []
    for name, cap in _CAPS.items():
        for _ in range(cap):
            jobs.append(pool.queue(name, "block()", vars={"block": block}))
            next(books.ran[name])
    wrong = in_thread(lambda: started.wait(_PATIENCE / 4), _PATIENCE)
    if not tally.expect(not wrong, f"not all slots came back: {wrong}"):
        for name in _CAPS:
            tally.violation(f"  {name}: {[i for i in pool.queuelist() if i.name == name]}")
        tally.violation(f"  {pool.threadlist()} {pool.threads()}")
    extra = [pool.queue(name, "beyond.set()", vars={"beyond": beyond}) for name in _CAPS]
    for name in _CAPS:
        next(books.ran[name])
    until = time.monotonic() + 0.002
    while time.monotonic() < until:
        time.sleep(0)
    tally.expect(not beyond.is_set(), "there are more slots than the cap")
    go_on.set()
    if wrong:
        started.abort()
    for job in [*jobs, *extra]:
        if not in_thread(lambda job=job: job.wait(_PATIENCE), 2 * _PATIENCE):  # type: ignore[misc]
            continue
        tally.violation(f"a blocking job did not end well: {job!r} {job.error!r}")
    try:
        pool.waitall(timeout=_PATIENCE)
    except nsjob.WaitTimeout:
        tally.violation(f"waitall does not end, and all jobs have: {pool.counts()}")
