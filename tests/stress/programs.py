"""The programs that the scenario `exits` runs: `python -m tests.stress.programs NAME`.

Each is a function that does something to a pool and comes to its end, or to the interpreter's.
"""

from __future__ import annotations

import _thread
import asyncio
import atexit
import gc
import os
import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass

import nsjob

__all__ = ["PROGRAMS", "Program"]

_SOON = 10.0


@dataclass(frozen=True)
class Program:
    """A program, and how it should end.

    Attributes:
        main: what it does.
        codes: the exit codes of which it may have one.
        out: what it prints, lines in any order.
        error: how the last line on stderr begins, after one traceback; nothing for no output there at all.
        interrupted: whether it gets a SIGINT some time after it has printed its first line.
    """

    main: Callable[[], None]
    codes: tuple[int, ...] = (0,)
    out: str = "good"
    error: str = ""
    interrupted: bool = False


PROGRAMS: dict[str, Program] = {}


def _program(
    *codes: int, out: str = "good", error: str = "", interrupted: bool = False
) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def note(main: Callable[[], None]) -> Callable[[], None]:
        PROGRAMS[main.__name__] = Program(main, codes or (0,), out, error, interrupted)
        return main

    return note


def _say(word: object) -> None:
    print(f"{word}\n", end="", flush=True)  # one write: threads print at once


def _pool(cap: int = 2, **options: bool) -> nsjob.Pool:
    pool = nsjob.Pool(**options)
    pool.create("q", cap)
    return pool


def _stick() -> None:
    """Block in C, where no interrupt arrives, for longer than any test."""
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def _catch() -> None:
    while True:
        try:
            while True:
                time.sleep(0.001)
        except BaseException:
            pass


def _started(job: nsjob.Job) -> None:
    until = time.monotonic() + _SOON
    while job.state == "scheduled" and time.monotonic() < until:
        time.sleep(0.001)
    assert job.state == "running", job


def _ended_child(child: int) -> int:
    """The exit code of a child process, which must come soon."""
    until = time.monotonic() + _SOON
    while time.monotonic() < until:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise AssertionError("the child does not end")


def _refused(action: Callable[[], object], *kinds: type[BaseException]) -> None:
    try:
        answer = action()
    except kinds:
        return
    raise AssertionError(f"not refused: {answer!r}")


# -- fork ----------------------------------------------------------------------------------------------------------


def _in_child(pool: nsjob.Pool, jobs: list[nsjob.Job]) -> None:
    assert pool.queues() == ["q"], pool.queues()
    forked = nsjob.PoolForked
    _refused(lambda: pool.queue("q", "1"), forked)
    _refused(lambda: pool.queue("q", "1", delay=1), forked)
    _refused(lambda: pool.submit("q", int), forked)
    _refused(lambda: pool.create("r"), forked)
    _refused(lambda: pool.counts(), forked)
    _refused(lambda: pool.waitany("q"), forked)
    _refused(lambda: pool.waitall(), forked)
    _refused(lambda: pool.executor("q"), forked)
    for job in jobs:
        if not job.done():
            _refused(lambda job=job: job.wait(_SOON), forked)  # type: ignore[misc]
            _refused(lambda job=job: job.cancel(), forked)  # type: ignore[misc]
    pool.shutdown()
    own = _pool()
    assert own.submit("q", int, 5).wait(_SOON) == 5
    assert own.queue("q", "6", delay=0.01).wait(_SOON) == 6


@_program()
def fork_with_a_live_pool() -> None:
    pool = _pool()
    gate = threading.Event()
    jobs = [pool.submit("q", gate.wait, _SOON) for _ in range(5)]
    jobs.append(pool.queue("q", "1", delay=0.05))
    _started(jobs[0])
    child = os.fork()
    if not child:
        _in_child(pool, jobs)
        sys.exit(5)  # through the interpreter's exit
    assert _ended_child(child) == 5
    gate.set()
    for job in jobs:
        job.wait(_SOON)
    _say("good")


@_program()
def fork_under_load() -> None:
    """Whatever the pool's threads are doing in the moment of the fork."""
    pool = _pool(3)
    ended = threading.Event()

    def load() -> None:
        while not ended.is_set():
            jobs = [pool.submit("q", int, n) for n in range(20)]
            pool.queue("q", "1", detached=True, delay=0.0001)
            jobs[-1].wait()

    threads = [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        child = os.fork()
        if not child:
            _in_child(pool, [])
            sys.exit(6)
        assert _ended_child(child) == 6
    ended.set()
    for thread in threads:
        thread.join()
    pool.waitall(timeout=_SOON)
    assert pool.submit("q", int, 4).wait(_SOON) == 4
    _say("good")


@_program()
def body_forks_and_returns() -> None:
    pool = _pool()
    others = [pool.submit("q", time.sleep, 0.02) for _ in range(8)]
    jobs = [pool.submit("q", os.fork), pool.queue("q", "import os\nos.fork()")]
    for job in jobs:
        assert _ended_child(job.wait(_SOON)) == 0
    for job in others:
        job.wait(_SOON)
    assert pool.submit("q", int, 4).wait(_SOON) == 4
    _say("good")


@_program()
def body_forks_and_uses_the_pool() -> None:
    """In the child it gets the clear error there too."""
    pool = _pool()

    def body() -> int:
        child = os.fork()
        if not child:
            try:
                pool.submit("q", int)
            except nsjob.PoolForked:
                os._exit(7)
            os._exit(1)
        return child

    assert _ended_child(pool.submit("q", body).wait(_SOON)) == 7
    assert pool.submit("q", int, 4).wait(_SOON) == 4
    _say("good")


# -- the interpreter's exit ------------------------------------------------------------------------------------------


def _busy_pool() -> nsjob.Pool:
    """Running, waiting, delayed, retried and paused jobs, which print 30 lines in all."""
    pool = _pool()
    pool.create("paused")
    pool.pause("paused")
    for number in range(20):
        pool.submit("q", _slow, number)
    pool.queue("q", "say(20)", vars={"say": _say}, delay=0.15)
    pool.queue("q", "say(21)", vars={"say": _say}, at=time.time() + 0.2)
    first = pool.queue("q", "say(22)", vars={"say": _say})
    pool.queue("q", "say(23)", vars={"say": _say}, after=[first])
    pool.queue("paused", "say(24)", vars={"say": _say})
    pool.queue("q", "again(job)", vars={"again": _again}, retries=1, backoff=0.05)
    pool.submit("q", _coroutine)
    child = pool.submit("q", _slow, 27)
    pool.queue("q", "say(28 if child.wait() is None else 0)", vars={"say": _say, "child": child})
    pool.queue("q", "snooze(job)", vars={"snooze": _snooze})
    return pool


_BUSY = "\n".join(str(number) for number in range(30))


def _slow(number: int) -> None:
    time.sleep(0.01)
    _say(number)


def _again(job: nsjob.JobContext) -> None:
    if job.attempt == 1:
        raise ValueError
    _say(25)


def _snooze(job: nsjob.JobContext) -> None:
    global _snoozed
    if not _snoozed:
        _snoozed = True
        job.snooze(0.05)
    _say(29)


_snoozed = False


async def _coroutine() -> None:
    await asyncio.sleep(0.02)
    _say(26)


@_program(out=_BUSY)
def exit_with_jobs() -> None:
    _kept.append(_busy_pool())


@_program(out=_BUSY)
def exit_with_a_dropped_pool() -> None:
    _busy_pool()


@_program(3, out=_BUSY)
def sys_exit_with_jobs() -> None:
    _kept.append(_busy_pool())
    sys.exit(3)


@_program(1, out=_BUSY, error="ValueError: mine")
def exception_with_jobs() -> None:
    _kept.append(_busy_pool())
    raise ValueError("mine")


@_program(out=_BUSY)
def exit_from_shutdown_without_wait() -> None:
    pool = _busy_pool()
    _kept.append(pool)
    pool.shutdown(wait=False)


@_program()
def exit_from_cancelling_shutdown_with_a_stuck_job() -> None:
    pool = _pool()
    pool.configure(grace=0.2)
    _kept.append(pool)
    _started(pool.submit("q", _stick))
    pool.shutdown(wait=False, cancel=True)
    _say("good")


@_program(out="good\nstill")
def exit_beside_users_of_the_pool() -> None:
    """A daemon thread and another one go on calling while the interpreter ends."""
    pool = _pool()
    _kept.append(pool)
    pool.subscribe(lambda _: None)

    def use() -> None:
        while True:
            try:
                pool.submit("q", int).wait(_SOON)
                pool.queue("q", "1", detached=True)
            except nsjob.QueueClosed:
                return

    def finish() -> None:
        time.sleep(0.1)
        _refused(lambda: pool.submit("q", int), nsjob.QueueClosed)
        _say("still")

    threading.Thread(target=use, daemon=True).start()
    threading.Thread(target=finish).start()
    time.sleep(0.02)
    _say("good")


@_program(out="printed\ngood")
def exit_of_a_capturing_pool() -> None:
    pool = nsjob.Pool(capture_output=True)
    pool.create("q")
    _kept.append(pool)
    for _ in range(10):
        pool.queue("q", "import time\ntime.sleep(0.01)\nprint('kept')")
    _say("good")
    atexit.register(print, "printed")


_kept: list[object] = []


# -- atexit --------------------------------------------------------------------------------------------------------


@_program(out="good\nafter")
def atexit_uses_the_pool() -> None:
    pool = _pool()
    job = pool.submit("q", int, 3)
    waiting = pool.queue("q", "7", delay=0.05)

    def late() -> None:
        for verb in (lambda: pool.queue("q", "1"), lambda: pool.submit("q", int), lambda: pool.create("r")):
            _refused(verb, nsjob.QueueClosed)
        _refused(lambda: pool.queue("q", "1", delay=1), nsjob.QueueClosed)
        _refused(lambda: pool.executor("q").submit(int), RuntimeError)
        assert job.wait(_SOON) == 3
        assert pool.wait("q", waiting, _SOON) == 7
        assert pool.queues() == ["q"]
        assert pool.counts().ok == 2
        assert pool.waitall(timeout=_SOON) == []
        assert not job.cancel()
        pool.shutdown()
        _say("after")

    atexit.register(late)
    _say("good")


# -- leaving `with` ------------------------------------------------------------------------------------------------


@_program(1, error="RuntimeError: left")
def with_left_by_an_exception() -> None:
    with _pool() as pool:
        pool.configure(grace=0.2)
        for body in (_stick, _catch):
            _started(pool.submit("q", body))
        for _ in range(10):
            pool.queue("q", "print('it ran')")
            pool.queue("q", "print('it ran')", delay=0.01)
        _say("good")
        raise RuntimeError("left")


@_program(4)
def with_left_by_sys_exit() -> None:
    with _pool() as pool:
        pool.configure(grace=0.2)
        _started(pool.submit("q", _stick))
        _say("good")
        sys.exit(4)


@_program(out="good")
def with_left_by_an_exception_that_is_caught() -> None:
    """The program goes on, and its other pools do."""
    other = _pool()
    try:
        with _pool(4) as pool:
            pool.configure(grace=0.1, maxlost=1)
            jobs = [pool.submit("q", body) for body in (_stick, _catch, _stick, _stick)]
            for job in jobs:
                _started(job)
            raise RuntimeError("left")
    except RuntimeError:
        pass
    for job in jobs:
        _refused(lambda job=job: job.wait(_SOON), nsjob.JobCancelled)  # type: ignore[misc]
    _refused(lambda: pool.submit("q", int), nsjob.QueueClosed)
    assert other.submit("q", int, 4).wait(_SOON) == 4
    _say("good")


# -- pools that nobody holds -----------------------------------------------------------------------------------------


def _threads_end(kept: int = 0) -> None:
    until = time.monotonic() + _SOON
    while _thread._count() > kept:
        assert time.monotonic() < until, threading.enumerate()
        gc.collect()
        time.sleep(0.005)


@_program()
def dropped_pool() -> None:
    pool = _pool()
    jobs = [pool.submit("q", time.sleep, 0.01) for _ in range(10)]
    jobs += [pool.queue("q", "1", delay=0.05), pool.queue("q", "1")]
    del pool
    gc.collect()
    for job in jobs:
        job.wait(_SOON)
    _threads_end()
    _say("good")


@_program()
def many_dropped_pools() -> None:
    ran: list[int] = []
    for number in range(150):
        pool = _pool()
        pool.me = pool  # type: ignore[attr-defined]
        pool.submit("q", ran.append, number)
        pool.queue("q", "ran.append(number)", vars={"ran": ran, "number": number}, delay=0.001)
    del pool
    gc.collect()
    _threads_end()
    assert sorted(ran) == sorted([*range(150), *range(150)]), len(ran)
    _say("good")


class _Value:
    pass


@_program()
def dropped_pool_leaves_nothing() -> None:
    pool = _pool()
    value = _Value()
    seen = weakref.ref(value)
    assert pool.queue("q", "value", vars={"value": value}).wait(_SOON) is value
    del pool, value
    _threads_end()
    gc.collect()
    assert seen() is None, gc.get_referrers(seen())
    _say("good")


@_program()
def unused_pools() -> None:
    for _ in range(100):
        nsjob.Pool()
        with nsjob.Pool() as pool:
            pool.create("q")
    del pool
    gc.collect()
    _threads_end()
    _say("good")


# -- Ctrl-C ----------------------------------------------------------------------------------------------------------


@_program(0, 1, 130, -signal.SIGINT, interrupted=True)
def interrupt_at_exit() -> None:
    """A stuck job runs: the exit waits for it until Ctrl-C. What waits does not run."""
    pool = _pool(1)
    pool.configure(grace=0.2)
    _kept.append(pool)
    _started(pool.submit("q", _stick))
    pool.queue("q", "print('it ran')")
    pool.queue("q", "print('it ran')", delay=0.1)
    _say("good")


@_program(0, 1, 130, -signal.SIGINT, interrupted=True)
def interrupt_at_exit_of_two_pools() -> None:
    for body in (_catch, _stick):
        pool = _pool()
        _kept.append(pool)
        _started(pool.submit("q", body))
    _say("good")


@_program(-signal.SIGINT, error="KeyboardInterrupt", interrupted=True)
def interrupt_in_a_wait() -> None:
    with _pool() as pool:
        pool.configure(grace=0.2)
        job = pool.submit("q", _stick)
        pool.queue("q", "print('it ran')", delay=5)
        _started(job)
        _say("good")
        job.wait()


@_program(-signal.SIGINT, error="KeyboardInterrupt", interrupted=True)
def interrupt_in_a_shutdown() -> None:
    """`with` is left normally, and waits; a second Ctrl-C is not needed."""
    with _pool() as pool:
        _started(pool.submit("q", time.sleep, 3))
        _say("good")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are born ignoring it
    PROGRAMS[sys.argv[1]].main()
