"""Random scripts: ours and real Tcl agree. The long run is `python -m tests.tcl.generate`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tcl.conftest import COMPARED
from tests.tcl.generate import compare, shrunk
from tests.tcl.grammar import Grammar
from tests.tcl.oracle import NO_TCLSH, TCLSH, Ours, Tclsh

COUNT = int(os.environ.get("NSJOB_TCL_SCRIPTS", "2000"))
SEED = int(os.environ.get("NSJOB_TCL_SEED", "1"))


@pytest.mark.skipif(TCLSH is None and not os.environ.get("NSJOB_REQUIRE_TCLSH"), reason=NO_TCLSH)
def test_random_scripts_say_what_they_say_in_real_tcl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    outcome = compare(COUNT, SEED)
    COMPARED["of our answers to random scripts with its own"] += outcome.count

    if outcome.differing:
        shortest = min(outcome.differing, key=lambda one: len(one[0]))
        with Tclsh() as tclsh:
            script, expected, answer = shrunk(shortest[0], tclsh, Ours())
        pytest.fail(
            f"{len(outcome.differing)} of {outcome.count} differ, as\n{script}\n"
            f"   tclsh: {expected}\n   ours:  {answer}",
            pytrace=False,
        )
    assert outcome.count == COUNT


def test_the_same_seed_gives_the_same_scripts() -> None:
    one, two = Grammar(7), Grammar(7)

    assert [one.script() for _ in range(50)] == [two.script() for _ in range(50)]
