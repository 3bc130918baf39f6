"""Fixtures: a store of each kind, and pools on it; and how many tests passed on each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import nsjob
from tests.conftest import Gate
from tests.store import bodies
from tests.store.cases import ALL, DURABLE, Store, opened
from tests.store.servers import kept_out

_KIND = re.compile(rf"[\[-]({'|'.join(ALL)})[\]-]")


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = bodies.fresh()
    yield made
    made.let(10_000)


@pytest.fixture(params=ALL)
def store(request: pytest.FixtureRequest, tmp_path: Path, gate: Gate) -> Iterator[Store]:
    """A store of each kind, memory among them."""
    with opened(request.param, tmp_path) as made:
        yield made
        gate.let(10_000)


@pytest.fixture(params=DURABLE)
def durable(request: pytest.FixtureRequest, tmp_path: Path, gate: Gate) -> Iterator[Store]:
    """A store that other pools can share."""
    with opened(request.param, tmp_path) as made:
        yield made
        gate.let(10_000)


@pytest.fixture
def pool(store: Store) -> nsjob.Pool:
    """A pool with a queue of two slots and one of one."""
    return furnished(store)


def furnished(store: Store) -> nsjob.Pool:
    """A pool with a queue of two slots and one of one, and with what the bodies call."""
    made = store.pool()
    made.create("q", 2)
    made.create("one", 1)
    made.define(bodies.DEFINITIONS)
    bodies.POOLS["it"] = made
    return made


@pytest.fixture
def first(durable: Store) -> nsjob.Pool:
    """One of two pools of a store."""
    return furnished(durable)


@pytest.fixture
def second(durable: Store, first: nsjob.Pool) -> nsjob.Pool:
    """The other one."""
    return durable.pool()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each kind of store."""
    counts = {
        outcome: Counter(
            found.group(1)
            for report in terminalreporter.getreports(outcome)
            if "tests/store/" in report.nodeid and getattr(report, "when", "") in ("call", "setup")
            if (found := _KIND.search(report.nodeid))
        )
        for outcome in ("passed", "failed", "error")
    }
    if not any(counts.values()):
        return
    terminalreporter.section("stores")
    for kind in ALL:
        told = ", ".join(f"{counts[outcome][kind]} {outcome}" for outcome in counts if counts[outcome][kind])
        terminalreporter.write_line(f"{kind:20} {told or 'not run'}")
    if why := kept_out():
        terminalreporter.write_line(f"{'postgresql':20} left out: {why}")
