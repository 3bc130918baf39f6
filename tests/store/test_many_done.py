"""Two hundred thousand done jobs in a store: no statement reads them all. `tests.stress` has two million."""

from __future__ import annotations

import pytest

from tests.store.cases import Store
from tests.store.flatness import Statements, fill, work_through

_JOBS = 200_000


@pytest.mark.stress
def test_no_statement_reads_all_jobs(durable: Store) -> None:
    pool = durable.pool(1)
    pool.create("q", 4)
    pool.create("other", 4)
    pool.shutdown()
    fill(durable, _JOBS)
    statements = Statements()
    work_through(durable, statements)
    assert len(statements.found) > 80
    wrong = statements.costly(durable)
    assert not wrong, f"{len(wrong)} of {len(statements.found)}:\n" + "\n\n".join(wrong)
