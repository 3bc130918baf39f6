"""Our Tcl gives real Tcl's recorded answers, and the recordings are what real Tcl says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tcl import recordings
from tests.tcl.accidents import ACCIDENTS, UNTRACED
from tests.tcl.conftest import COMPARED
from tests.tcl.oracle import NO_TCLSH, TCLSH, Answer, Ours, Tclsh

FAMILIES = recordings.families()
SHOWN = 15  # disagreements of a family that are shown

without_tclsh = pytest.mark.skipif(TCLSH is None and not os.environ.get("NSJOB_REQUIRE_TCLSH"), reason=NO_TCLSH)


def difference(script: str, expected: Answer, found: Answer, info: bool = False) -> str:
    """A disagreement, to be read."""
    lines = ["", "script:   " + script.replace("\n", "\n          ")]
    for name in ("end", "result", "code", "info") if info else ("end", "result", "code"):
        theirs, ours = getattr(expected, name), getattr(found, name)
        if theirs != ours:
            lines.append(f"{name}:\n   tclsh: {theirs!r}\n   ours:  {ours!r}")
    return "\n".join(lines)


def disagreements(family: str) -> list[str]:
    recorded = [one for one in recordings.read(family) if one[0] not in ACCIDENTS]
    answers = Ours().run_all(script for script, _ in recorded)
    COMPARED["of our answers with its recorded ones"] += len(recorded)
    return [
        difference(script, expected, found, script not in UNTRACED)
        for (script, expected), found in zip(recorded, answers, strict=True)
        if not expected.agrees(found) or not (expected.traces(found) or script in UNTRACED)
    ]


@pytest.mark.parametrize("family", FAMILIES)
def test_our_answers_are_real_tcls(family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    found = disagreements(family)

    if found:
        count = len(recordings.read(family))
        pytest.fail(f"{len(found)} of {count} differ:\n" + "\n".join(found[:SHOWN]), pytrace=False)


def test_an_accident_is_one_of_a_script_that_is_recorded() -> None:
    recorded = {script for family in FAMILIES for script, _ in recordings.read(family)}

    assert recorded >= ACCIDENTS | UNTRACED


@pytest.mark.parametrize("family", FAMILIES)
def test_every_script_has_its_recording(family: str) -> None:
    assert [script for script, _ in recordings.read(family)] == recordings.scripts(family), (
        "record them: python -m tests.tcl.record"
    )


@without_tclsh
@pytest.mark.parametrize("family", FAMILIES)
def test_real_tcl_still_says_what_is_recorded(family: str) -> None:
    recorded = recordings.read(family)
    with Tclsh() as tclsh:
        answers = tclsh.run_all(script for script, _ in recorded)
    COMPARED["of its recorded answers with those that it gives now"] += len(recorded)

    found = [
        difference(script, expected, answer, info=True)
        for (script, expected), answer in zip(recorded, answers, strict=True)
        if expected != answer
    ]

    assert not found, "\n".join(found[:SHOWN])
