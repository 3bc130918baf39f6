"""A worker process, forked by the nursery: it does one run after the other.

Orders and answers are pickles behind their length, on two descriptors of its own. It ends when the pipe does.
"""

from __future__ import annotations

import os
import pickle
import threading
import time
from collections.abc import Callable
from typing import Any

from nsjob.engines.ahead import Permits, Taking
from nsjob.engines.messages import MESSAGE, Forgotten, Order
from nsjob.engines.performer import Performer, dumped, failed
from nsjob.engines.pipes import Receiver, Sender

__all__ = ["Worker", "serve"]

_LOOK = 1.0  # seconds between two looks whether the parent is still there


class Worker:
    """The loop of a worker. Threads of a body may speak while its answer is on its way.

    Arguments:
        orders: where they come from.
        answers: the pipe for them.
        unheard: called where nobody listens any more.
    """

    def __init__(self, orders: Taking, answers: Sender, unheard: Callable[[], None]) -> None:
        self._orders = orders
        self._answers = answers
        self._unheard = unheard
        self._writing = threading.Lock()
        self.performer = Performer(self._tell)

    def serve(self) -> None:
        """Do what comes, until nothing can come any more."""
        while True:
            try:
                data = self._orders.receive()
            except EOFError:
                return
            self._hand_over(dumped(self._answer(data)))

    def _answer(self, data: bytes | memoryview) -> Any:
        try:
            order = Order._make(pickle.loads(data))
        except BaseException as error:  # a value that can be pickled, but not be made again here
            return failed(error)
        return self.performer.answer(order)

    def _tell(self, message: Any) -> None:
        self._hand_over(MESSAGE + pickle.dumps(message, pickle.HIGHEST_PROTOCOL))

    def _hand_over(self, data: bytes) -> None:
        try:
            with self._writing:
                self._answers.send(data)
        except (OSError, ValueError):  # ValueError: it is closed
            self._unheard()


def _leave_with(parent: int) -> None:
    """End the process when its parent is gone, whatever its body does."""
    while os.getppid() == parent:
        time.sleep(_LOOK)
    os._exit(1)


def _limit_memory(most: int) -> None:
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def serve(orders: int, answers: int, permits: int, parent: int, maxmem: int) -> None:
    """Serve one pool, in a process that was forked for it, and end that.

    Arguments:
        orders, answers, permits: the descriptors.
        parent: the process without which this one ends.
        maxmem: bytes of address space; 0 for no limit.
    """
    if maxmem:
        _limit_memory(maxmem)
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    worker: Worker
    taking = Taking(Receiver(orders), Permits(permits), lambda: worker.performer.tell(Forgotten()))
    worker = Worker(taking, Sender(answers), lambda: os._exit(1))
    worker.performer.alone = True
    worker.serve()
    os._exit(0)  # threads that bodies left behind do not hold the process
