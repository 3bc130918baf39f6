"""Fixtures: a session over the pool that tests share, and what a script fails with."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import nsjob
from nsjob.shell.session import Session
from nsjob.tcl import TclError

Failing = Callable[[str], TclError]


@pytest.fixture
def session(pool: nsjob.Pool) -> Session:
    """A session without a terminal; the pool has a queue q of two threads."""
    return Session(pool)


@pytest.fixture
def failing(session: Session) -> Failing:
    """Evaluate a script that must fail, and return its error."""

    def evaluate(script: str) -> TclError:
        with pytest.raises(TclError) as raised:
            session.eval(script)
        return raised.value

    return evaluate
