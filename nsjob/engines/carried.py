"""What foreign executors are given to call: one function, an order in, an answer out, both bytes.

Any process may do orders of any pool: what their definitions made is kept by the pool's name.
"""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Sequence
from typing import Any

from nsjob.engines.messages import Order, Place
from nsjob.engines.performer import Performer, dumped, failed
from nsjob.pool.runs import HOST

__all__ = ["carry", "forget", "teach"]

_MOST_POOLS = 16
_performers: dict[str, Performer] = {}
_taught: dict[str, tuple[str, ...]] = {}
_lock = threading.Lock()


def carry(pool: str, data: bytes) -> bytes:
    """Do an order, and return what its body said and what became of it.

    Arguments:
        pool: the name of the pool, never given twice.
        data: the order, with all definitions that were not taught before.
    """
    said: list[Any] = [Place(HOST, os.getpid())]
    try:
        order = Order._make(pickle.loads(data))
        performer = _performer(pool, order)
        mine = performer.speaking(said.append)
        answer: Any = mine.answer(order)
    except BaseException as error:
        answer = failed(error)
    return pickle.dumps((said, dumped(answer)), pickle.HIGHEST_PROTOCOL)


def teach(pool: str, definitions: Sequence[str]) -> None:
    """Let this process know the first definitions of a pool, so that orders need not carry them.

    They are executed when they are first needed: an error is that of the jobs that need them.
    """
    with _lock:
        _taught[pool] = tuple(definitions)


def forget(pool: str) -> None:
    """Let go of all that this process knows of a pool."""
    with _lock:
        _taught.pop(pool, None)
        _performers.pop(pool, None)


def _performer(pool: str, order: Order) -> Performer:
    with _lock:
        found = _performers.get(pool)
        if found is None:
            if len(_performers) >= _MOST_POOLS:
                _performers.clear()
            found = _performers[pool] = Performer(lambda message: None)
        found.learn(0, _taught.get(pool, ()))
        found.define(order)
        return found
