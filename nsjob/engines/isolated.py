"""The far side of the interpreter engine: what runs in a sub-interpreter of this process.

One thread does the orders. Another one waits for the word to interrupt it, because an exception can be raised in a
thread only from within its interpreter. All descriptors belong to this side, so that none is used after its number
went to another file.
"""

from __future__ import annotations

import _thread
import os
import time

from nsjob.engines.ahead import Permits, Taking
from nsjob.engines.interrupts import INTERRUPTED, set_async_exc
from nsjob.engines.messages import Forgotten
from nsjob.engines.pipes import Receiver, Sender
from nsjob.engines.worker import Worker

__all__ = ["Isolated"]

_LOOKS = 100
_LOOK = 0.001  # seconds


class Isolated:
    """The worker of one interpreter.

    Arguments:
        orders, answers: the descriptors of its pipes.
        interrupts: the one from which a byte is read for each interrupt.
        permits: the one from which a byte is read before each order that came ahead of its turn.
    """

    def __init__(self, orders: int, answers: int, interrupts: int, permits: int) -> None:
        self._incoming = Receiver(orders)
        self._outgoing = Sender(answers)
        self._interrupts = interrupts
        self._permits = permits
        taking = Taking(self._incoming, Permits(permits), lambda: self._worker.performer.tell(Forgotten()))
        self._worker = Worker(taking, self._outgoing, lambda: None)
        self._watching = _thread.allocate_lock()
        self._watching.acquire()
        # Not threading.Thread: the end of the interpreter, and of the program, would wait for it.
        _thread.start_new_thread(self._watch, ())

    def serve(self) -> None:
        """Do orders until no more can come, or an interrupt comes."""
        self._worker.serve()

    def close(self) -> None:
        """Let go of the descriptors, when nobody asks for interrupts any more. It may be called again."""
        self._watching.acquire()
        self._watching.release()
        for _ in range(_LOOKS):  # the thread must be gone altogether before its interpreter may be closed
            if not _thread._count():
                break
            time.sleep(_LOOK)  # bodies may have left threads behind, so it is not waited for without end
        self._incoming.close()
        self._outgoing.close()
        if self._permits >= 0:
            permits, self._permits = self._permits, -1
            os.close(permits)

    def _watch(self) -> None:
        while os.read(self._interrupts, 1):
            cancelled = self._worker.performer.cancel_task()
            inside = self._worker.performer.inside
            if inside and not cancelled:
                set_async_exc(inside, INTERRUPTED)
        os.close(self._interrupts)
        self._watching.release()
