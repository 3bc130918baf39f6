"""An engine for tests: its workers are threads of this process, so that bodies and tests can share events.

They are talked to as interpreters are, orders ahead of their turn among them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any

from nsjob.engines.ahead import Ahead, Permits, Taking
from nsjob.engines.hosting import WorkerHost
from nsjob.engines.interrupts import INTERRUPTED, set_async_exc
from nsjob.engines.messages import Answer, Forgotten
from nsjob.engines.pipes import Receiver, Sender
from nsjob.engines.worker import Worker
from nsjob.errors import WorkerLost
from nsjob.pool.core import Core
from nsjob.pool.engine import EngineKind, Interrupt, Run

__all__ = ["GATES", "NEAR", "NearHost", "NearWorker", "die"]

_dying: set[int] = set()

GATES: dict[str, threading.Event] = {}
"""By the id of a job: what the pool's thread waits for between hearing its answer and telling the pool."""


def die() -> None:
    """Called by a body: its worker ends after it, before it answers."""
    _dying.add(threading.get_ident())


class _Answers(Sender):
    """Says nothing more where the worker is to die."""

    def send(self, data: bytes) -> None:
        if threading.get_ident() in _dying:
            raise EOFError
        super().send(data)


class NearWorker:
    """A thread that does orders."""

    def __init__(self) -> None:
        orders, orders_in = os.pipe()
        answers_out, answers = os.pipe()
        permits_out, permits_in = os.pipe()
        self.orders = Sender(orders_in)
        self.answers = Receiver(answers_out)
        self.lock = threading.Lock()
        self.run: Run | None = None
        self.defined = self.runs = 0
        self.asked = 0.0
        self.busy = self.broken = False
        self.ahead: Ahead | None = Ahead(self, self.orders, Permits(permits_out, permits_in))
        self._permits = (permits_out, permits_in)
        self._incoming, self._outgoing = Receiver(orders), _Answers(answers)
        taking = Taking(self._incoming, Permits(permits_out), lambda: self._worker.performer.tell(Forgotten()))
        self._worker = Worker(taking, self._outgoing, lambda: None)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        try:
            self._worker.serve()
        except EOFError:
            pass
        finally:
            _dying.discard(threading.get_ident())
            self._incoming.close()
            self._outgoing.close()

    def end(self, forced: bool) -> None:
        inside = self._worker.performer.inside
        if inside:
            set_async_exc(inside, INTERRUPTED)

    def bury(self) -> None:
        self.orders.close()
        self._thread.join()
        self.answers.close()
        for descriptor in self._permits:
            os.close(descriptor)


class NearHost(WorkerHost[NearWorker]):
    """The workers of one queue.

    Attributes:
        made: all that there ever were.
    """

    kind = "near"
    prefetches = True

    def __init__(self, core: Core, queue: str, options: Mapping[str, Any]) -> None:
        super().__init__(core, queue)
        self.made: list[NearWorker] = []

    def _fresh(self) -> NearWorker:
        self.made.append(NearWorker())
        return self.made[-1]

    def interrupt(self, run: Run, reason: Interrupt) -> bool:
        self.abandon(run)
        return run.remote is not None

    def _outcome(self, run: Run, answer: Answer) -> Any:
        gate = GATES.get(run.job.id)
        if gate is not None:
            gate.wait(60)
        return super()._outcome(run, answer)

    def _lost(self, run: Run, worker: NearWorker) -> WorkerLost:
        return WorkerLost(f"the worker of job {run.job.id} ended")


NEAR = EngineKind(NearHost, {}, "a thread that is talked to over pipes", lambda: "")
