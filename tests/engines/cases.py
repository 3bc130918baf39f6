"""The engines that the conformance suite runs over. To add one is to add a line to CASES."""

from __future__ import annotations

import atexit
import multiprocessing
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import loky

import nsjob

PLACES = 3  # of each executor: at least as many as the suite's widest queue has slots

CLUSTER = "a cancelled job is over at once, and its body goes on: Dask does not stop a task that has begun"
BUSY = "a future that has begun cannot be ended: its body goes on in its place until it ends by itself"
LATE = "what a body says arrives with its answer"
FUTURES = {"end": BUSY, "stop": BUSY, "tell on the way": LATE}
PROGRAMS = "programs have no values, no job and no definitions; pool.exec queues them"


@dataclass(frozen=True)
class Case:
    """One engine.

    Attributes:
        name: shown in the ids of the tests.
        engine: what `create` is given for a queue that may share its places with other tests'.
        own: the same for one whose places end with the pool.
        cannot: what it cannot do, and why; the suite asserts what happens instead. `end`: end a job that runs; `stop`:
            stop its body; `tell on the way`; `python`.
        queue_program: whether bodies are run as programs.
    """

    name: str
    engine: Callable[[], dict[str, Any]]
    own: Callable[[], dict[str, Any]]
    cannot: Mapping[str, str] = field(default_factory=dict)
    programs: bool = False

    def can(self, what: str) -> bool:
        """Whether the engine can do that."""
        return what not in self.cannot

    def queue(self, pool: nsjob.Pool, source: str, queue: str = "q", /, **given: Any) -> nsjob.Job:
        """Queue a body that says what it does through files, with the variables that are no options of jobs."""
        options = {name: given.pop(name) for name in list(given) if name in nsjob.JobOptions.__dataclass_fields__}
        options.update({name: given.pop(name) for name in ("jobid",) if name in given})
        if not self.programs:
            return pool.queue(queue, source, vars=given, **options)
        values = "".join(f"{name} = {value!r}\n" for name, value in given.items())
        return pool.exec(queue, [sys.executable, "-I", "-S", "-c", values + source], **options)

    def cheapest(self, pool: nsjob.Pool, number: int) -> nsjob.Job:
        """Queue the cheapest body there is; its value is that of `worth`."""
        return pool.exec("q", ["true"]) if self.programs else pool.queue("q", "n", vars={"n": number})

    def worth(self, number: int) -> int:
        """The value of `cheapest`."""
        return 0 if self.programs else number


def named(name: str) -> dict[str, Any]:
    """What a case is given for an engine that goes by its name: each queue has its own places."""
    return {"name": name, "engine": lambda: {"engine": name}, "own": lambda: {"engine": name}}


def made(name: str, factory: Callable[[], Executor]) -> dict[str, Any]:
    """What a case is given for an executor: one for all tests, because they start slowly."""
    shared = cache(factory)
    return {"name": name, "engine": lambda: {"engine": shared()}, "own": lambda: {"engine": factory}}


def _threads() -> Executor:
    return ThreadPoolExecutor(PLACES)


def _processes() -> Executor:
    return ProcessPoolExecutor(PLACES, mp_context=multiprocessing.get_context("spawn"))


def _loky() -> Executor:
    executor: Executor = loky.ProcessPoolExecutor(PLACES)
    return executor


@cache
def _cluster() -> str:
    """The address of a cluster for all tests."""
    from distributed import LocalCluster

    cluster = LocalCluster(n_workers=PLACES + 1, threads_per_worker=1, processes=True, dashboard_address=":0")
    atexit.register(cluster.close)
    return str(cluster.scheduler_address)


def _dask() -> dict[str, Any]:
    """What a case is given for Dask."""
    return {
        "name": "dask",
        "engine": lambda: {"engine": "dask", "address": _cluster()},
        "own": lambda: {"engine": "dask", "workers": PLACES},
    }


CASES = [
    Case(**named("thread")),
    Case(**named("process")),
    *([Case(**named("interpreter"))] if sys.version_info >= (3, 14) else []),
    Case(**made("ThreadPoolExecutor", _threads), cannot=FUTURES),
    Case(**made("ProcessPoolExecutor", _processes), cannot=FUTURES),
    Case(**made("loky", _loky), cannot=FUTURES),
    Case(**_dask(), cannot={"stop": CLUSTER, "tell on the way": LATE}),
    Case(**named("command"), cannot={"python": PROGRAMS}, programs=True),
]
