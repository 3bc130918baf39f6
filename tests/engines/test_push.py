"""Engines that are pushed to: the protocol, shown by two small ones."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest

import nsjob
from nsjob.pool.core import Core
from nsjob.pool.engine import ENGINES, Interrupt, Run
from nsjob.pool.work import perform
from tests.conftest import PATIENCE, Gate


class InPlace:
    """Runs each body inside `start`: completions must not nest."""

    def __init__(self, core: Core) -> None:
        self.started = 0

    def start(self, runs: Sequence[Run]) -> None:
        for run in runs:
            self.started += 1
            run.begun()
            try:
                value = perform(run)
            except BaseException as error:
                run.finish(error=error)
            else:
                run.finish(value)

    def interrupt(self, run: Run, reason: Interrupt) -> bool:
        return False

    def abandon(self, run: Run) -> None: ...

    def close(self, timeout: float | None) -> None: ...


class OwnThreads(InPlace):
    """A thread for each run, which cannot be interrupted but told."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self.abandoned: list[str] = []

    def start(self, runs: Sequence[Run]) -> None:
        for run in runs:
            if run.job.id == "refused":
                raise OSError("no place for it")
            threading.Thread(target=super().start, args=([run],), daemon=True).start()

    def abandon(self, run: Run) -> None:
        self.abandoned.append(run.job.id)


@pytest.fixture(autouse=True)
def engines() -> Iterator[None]:
    ENGINES.update(inplace=InPlace, own=OwnThreads)
    yield
    del ENGINES["inplace"], ENGINES["own"]


def test_thousands_of_completions_inside_start_do_not_nest(pool: nsjob.Pool) -> None:
    pool.create("p", 3, engine="inplace")
    jobs = [pool.queue("p", "n", vars={"n": n}) for n in range(3000)]
    assert [job.wait(PATIENCE) for job in jobs] == list(range(3000))
    assert pool.queuelist()[-1].engine == "inplace"


def test_the_cap_holds_for_a_pushed_engine_and_other_queues_go_on(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("p", 3, engine="own")
    jobs = [pool.submit("p", gate.enter, n) for n in range(7)]
    gate.came(3)
    assert gate.nobody()
    assert pool.queue("q", "1").wait(PATIENCE) == 1
    gate.let(7)
    assert [job.wait(PATIENCE) for job in jobs] == list(range(7))
    assert gate.most == 3


def test_what_start_raises_is_the_error_of_the_run_that_did_not_begin(pool: nsjob.Pool) -> None:
    pool.create("p", 1, engine="own")
    refused = pool.queue("p", "1", jobid="refused")
    with pytest.raises(OSError, match="no place for it"):
        refused.wait(PATIENCE)
    assert pool.queue("p", "2").wait(PATIENCE) == 2


def test_a_time_limit_writes_a_pushed_run_off_and_gives_its_slot_back(pool: nsjob.Pool, gate: Gate) -> None:
    pool.configure(grace=0.01)
    pool.create("p", 1, engine="own")
    stuck = pool.queue("p", "enter()", vars={"enter": gate.enter}, timeout=0.01)
    with pytest.raises(nsjob.JobTimeout):
        stuck.wait(PATIENCE)
    assert pool.queue("p", "2").wait(PATIENCE) == 2
    gate.let()
