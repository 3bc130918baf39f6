"""What an interrupt leaves taken is given back: it landed between the taking of a lock and the `finally` for it."""

from __future__ import annotations

import _imp
import logging
import threading
from _thread import get_ident
from functools import partial
from operator import call
from types import SimpleNamespace
from typing import Any

import pytest

import nsjob
from nsjob.engines.interrupts import INTERRUPTED, set_async_exc


def interrupt_me() -> Any:
    """What lets JobInterrupted land in this thread, at the first place that looks for one after the C call of it."""
    return partial(set_async_exc, get_ident(), INTERRUPTED)


def all_in_c(*calls: Any) -> Any:
    """One callable that makes these calls, one after the other, without a step of Python between them."""
    return partial(list, map(call, calls))


def interrupting_lock(lock: Any) -> Any:
    """A lock that is taken by a call during which an interrupt is sent."""
    take = all_in_c(lock.acquire, interrupt_me())
    return SimpleNamespace(
        acquire=take, release=lock.release, locked=bool, __enter__=take, __exit__=lock.__exit__
    )  # 3.14's Condition asks for `locked`


def take_for_handler(lock: Any) -> None:
    handler = logging.Handler()
    handler.lock = interrupting_lock(lock)
    handler.acquire()


def take_for_condition(lock: Any) -> None:
    threading.Condition(interrupting_lock(lock)).__enter__()


def give_back_of_handler(lock: Any) -> None:
    handler = logging.Handler()
    handler.lock = lock
    handler.acquire()
    all_in_c(interrupt_me(), handler.release)()


def give_back_of_condition(lock: Any) -> None:
    condition = threading.Condition(lock)
    condition.acquire()
    all_in_c(interrupt_me(), partial(condition.__exit__, None, None, None))()


@pytest.mark.parametrize(
    "body",
    [take_for_handler, take_for_condition, give_back_of_handler, give_back_of_condition],
    ids=lambda f: f.__name__,
)
def test_a_lock_that_an_interrupt_left_taken_is_given_back(pool: nsjob.Pool, body: Any) -> None:
    lock = threading.RLock()
    job = pool.submit("q", body, lock)
    with pytest.raises(nsjob.JobInterrupted):
        job.wait()
    assert lock.acquire(blocking=False), "the body's thread still has it"


def test_a_lock_that_was_taken_before_the_interrupt_stays_its_owner(pool: nsjob.Pool) -> None:
    lock = threading.RLock()

    def body() -> None:
        lock.acquire()
        interrupt_me()()

    with pytest.raises(nsjob.JobInterrupted):
        pool.submit("q", body).wait()
    assert not lock.acquire(blocking=False)


def test_the_lock_of_imports_is_given_back_whatever_left_it_taken(pool: nsjob.Pool) -> None:
    def body() -> None:
        _imp.acquire_lock()
        interrupt_me()()

    with pytest.raises(nsjob.JobInterrupted):
        pool.submit("q", body).wait()
    assert not _imp.lock_held()
