"""Many done jobs: a store has two million of them, and no statement reads more than a few."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

from tests.store import bodies
from tests.store.cases import DURABLE, opened
from tests.store.flatness import Statements, fill, work_through
from tests.stress.tally import Tally

FULL = 2_000_000  # done jobs in each store


def scenario(tally: Tally, size: int, random: Random) -> None:
    """Use a store of each kind in every way with so many done jobs in it."""
    for kind in DURABLE:
        bodies.fresh()
        with tempfile.TemporaryDirectory(prefix="nsjob-done-") as scratch, opened(kind, Path(scratch)) as store:
            pool = store.pool(1)
            pool.create("q", 4)
            pool.shutdown()
            fill(store, size)
            statements = Statements()
            work_through(store, statements)
            for verdict in statements.costly(store):
                tally.violation(f"{kind}: {verdict}")
            tally.add(f"done jobs on {kind}", size)
            tally.add("statements", len(statements.found))
