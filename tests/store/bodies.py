"""What the bodies of the jobs call: by name, because a store keeps no objects of this process.

Each test has a gate and notes of its own; `fresh` makes them.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from typing import Any

import nsjob
from tests.conftest import Gate

DEFINITIONS = """
from tests.store.bodies import Unknown, deep, deep_in_key, enter, fail, note, tried, spin
"""

GATE = Gate()
NOTES: list[Any] = []
TRIES: Counter[str] = Counter()
SPINNING = threading.Semaphore(0)
POOLS: dict[str, nsjob.Pool] = {}
WORKING: list[int] = []
_COUNTING = threading.Lock()


def fresh() -> Gate:
    """A gate and notes for the next test."""
    global GATE, SPINNING
    GATE = Gate()
    SPINNING = threading.Semaphore(0)
    NOTES.clear()
    TRIES.clear()
    POOLS.clear()
    return GATE


def enter(value: object = None) -> object:
    """Wait at the gate."""
    return GATE.enter(value)


def note(value: object) -> object:
    """Note that the body ran."""
    NOTES.append(value)
    return value


def tried(name: str = "") -> int:
    """How many times that was called, with this one."""
    TRIES[name] += 1
    return TRIES[name]


def fail(kind: type[BaseException] = ValueError, *arguments: Any) -> None:
    """Raise."""
    raise kind(*arguments)


def spin() -> None:
    """Say so, and go on for ever."""
    SPINNING.release()
    while True:
        pass


def deep(pool: str, depth: int) -> int:
    """Wait for a job of the same queue that waits for a job of the same queue ..."""
    if not depth:
        return 0
    return int(POOLS[pool].submit("one", deep, pool, depth - 1).wait(30)) + 1


def deep_in_key(depth: int) -> int:
    """The same within one key of a queue. How many bodies work at once is noted."""
    work()
    below = 0
    if depth:
        below = POOLS["it"].queue("keyed", f"deep_in_key({depth - 1})", key="k").wait(30)
    work()
    return below + 1


def work() -> None:
    """Note how many are in here."""
    with _COUNTING:
        WORKING.append(1)
        NOTES.append(len(WORKING))
    os.sched_yield()
    with _COUNTING:
        WORKING.pop()


class Unknown:
    """What nobody can pickle."""

    def __reduce__(self) -> str:
        raise TypeError("this is never pickled")
