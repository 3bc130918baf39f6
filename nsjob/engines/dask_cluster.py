"""The engine over a Dask cluster: a slot is a task in flight there, without a thread for each.

The cluster runs the tasks of a lost worker again; a lost scheduler is the error of the jobs in flight. A task that has
begun cannot be stopped at its worker: a cancelled or late job ends at once, and what its body still does is lost.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nsjob.engines.dask_local import LocalCluster
from nsjob.errors import OptionError, brief
from nsjob.pool.engine import EngineKind, Interrupt, Run
from nsjob.pool.options import count, name_text
from nsjob.pool.work import Hosted, Program, Script, inner

if TYPE_CHECKING:
    from nsjob.engines.dask_link import Link
    from nsjob.pool.core import Core

__all__ = ["DASK", "DaskEngine"]


class DaskEngine:
    """The cluster of one queue.

    Arguments:
        options: address (of a scheduler; without one there is a cluster on this machine, which is started with the
            first job and ended with the queue or the pool), workers (how many processes that one has), resources
            (what each task takes of a worker's).
    """

    def __init__(self, core: Core, queue: str, options: Mapping[str, Any]) -> None:
        if "address" in options and "workers" in options:
            raise OptionError("workers is for a cluster that the queue starts, not for the one at an address")
        self._core = core
        self._queue = queue
        self._address: str = options.get("address", "")
        self._workers: int = options.get("workers", 0)
        self._resources: Mapping[str, float] = options.get("resources", {})
        self._lock = threading.Lock()
        self._link: Link | None = None

    def start(self, runs: Sequence[Run]) -> None:
        """Hand them over; the first ones open the link."""
        good = []
        for run in runs:
            if type(inner(run.work)) in (Script, Program, Hosted):
                run.finish(error=OptionError(f"queue {self._queue} has the dask engine, which runs Python"))
            else:
                good.append(run)
        with self._lock:
            link = self._link
            if link is None:
                link = self._link = self._opened()
            link.put(good)

    def _opened(self) -> Link:
        from nsjob.engines.dask_link import Link  # late: it imports distributed

        # Whoever deletes the queue does not wait for what it started, and may make it again: nothing is used twice.
        name = f"{self._core.name}-{uuid.uuid4().hex}"
        address = self._address or LocalCluster(self._workers)
        return Link(self._core, self._queue, name, address, self._resources, self._rest)

    def _rest(self) -> None:
        """Nothing runs: let go of everything where the queue was deleted."""
        if self._core.locked(self._is_deleted):
            self.close(0)

    def _is_deleted(self) -> bool:
        queue = self._core.queues.get(self._queue)
        return queue is None or queue.engine is not self or (queue.req == "delete" and not queue.scheduled)

    def where(self, run: Run) -> str:
        """The scheduler's address, and its dashboard's."""
        link = self._link
        return link.place if link is not None else ""

    def interrupt(self, run: Run, reason: Interrupt) -> bool:
        """End the run, and cancel its task."""
        link = self._link
        if link is not None:
            link.drop(run)
        return link is not None

    def abandon(self, run: Run) -> None:
        """Cancel its task."""
        self.interrupt(run, "kill")

    def close(self, timeout: float | None) -> None:
        """Say good-bye to the scheduler, and end a cluster that was started for the queue."""
        with self._lock:
            link, self._link = self._link, None
        if link is not None:
            link.stop()
            if timeout is None or timeout > 0:
                link.join(timeout)


def _resources(name: str, value: object) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise OptionError(f"{name} takes names and amounts, like GPU 1, but got {brief(value)}")
    found = {}
    for resource, amount in value.items():
        try:
            found[name_text("a resource's name", resource)] = number = float(amount)
        except (TypeError, ValueError):
            number = 0.0
        if not 0.0 < number < float("inf"):
            raise OptionError(f"{name}: the amount of {resource} must be a number above 0, but got {brief(amount)}")
    return found


def _missing() -> str:
    from importlib.util import find_spec

    absent = [name for name in ("distributed", "cloudpickle", "tblib") if find_spec(name) is None]
    return f"pip install 'nsjob[dask]' ({', '.join(absent)})" if absent else ""


DASK = EngineKind(
    DaskEngine,
    {"address": name_text, "workers": lambda name, value: count(name, value, 1), "resources": _resources},
    "a task on a Dask cluster",
    _missing,
)
