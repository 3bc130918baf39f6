"""What foreign executors are given to call: one function, an order in, an answer out, both bytes.

Any process may do orders of any pool: what their definitions made is kept by the pool's name.
"""

from __future__ import annotations

import pickle
import threading
from typing import Any

from nsjob.engines.messages import Order
from nsjob.engines.performer import Performer, dumped, failed

__all__ = ["carry"]

_MOST_POOLS = 16
_performers: dict[str, Performer] = {}
_lock = threading.Lock()


def carry(pool: str, data: bytes) -> bytes:
    """Do an order, and return what its body said and what became of it.

    Arguments:
        pool: the name of the pool, never given twice.
        data: the order, with all definitions.
    """
    said: list[Any] = []
    try:
        order: Order = pickle.loads(data)
        performer = _performer(pool, order)
        mine = performer.speaking(said.append)
        answer: Any = mine.answer(order)
    except BaseException as error:
        answer = failed(error)
    return pickle.dumps((said, dumped(answer)), pickle.HIGHEST_PROTOCOL)


def _performer(pool: str, order: Order) -> Performer:
    with _lock:
        found = _performers.get(pool)
        if found is None:
            if len(_performers) >= _MOST_POOLS:
                _performers.clear()
            found = _performers[pool] = Performer(lambda message: None)
        found.define(order)
        return found
