"""The benchmarks run: every measure, at sizes at which the times mean nothing."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from benchmarks import __main__ as program
from benchmarks import engines, language, shell, startup, store, table
from benchmarks.measures import Sizes, measures
from benchmarks.trials import AtLeast, AtMost, Comparison, Measure, Reading, figures

# Only of memory there must be more: a process grows by pages.
TINY_SCRIPTS = language.Sizes(turns=100, fib=5, source=5_000, appended=(10, 100))
TINY_ENGINES = engines.Sizes(tiny=20, burning=2, turns=100, programs=10, spooled=5, tasks=50)
TINY_STORE = store.Sizes(jobs=64, postgres=20, latency=2, indexes=1_000, done=500, leased=20)
TINY_SHELL = shell.Sizes(queued=50, tiny=50)
TINY = Sizes(jobs=56, trips=5, backlogs=(10, 20, 50), queues=10, cancels=(10, 50), scheduled=3_000, least=20)


@pytest.mark.parametrize(
    "measure",
    [
        *measures(TINY),
        *language.measures(TINY_SCRIPTS),
        *shell.measures(TINY_SHELL),
        *engines.measures(TINY_ENGINES),
        *store.measures(TINY_STORE),
        *startup.measures(),
    ],
    ids=lambda measure: measure.name,
)
def test_every_measure_runs_and_finds_finite_figures(measure: Measure) -> None:
    found = figures(measure, rounds=1)
    assert found.lines
    for line in found.lines:
        assert math.isfinite(line.value.median), line
        assert line.ratio is None or math.isfinite(line.ratio.median), line
    assert table.block(found).count("\n") == len(found.lines)


def test_ratios_are_taken_round_by_round_and_the_order_turns() -> None:
    calls: list[str] = []
    values = {"a": iter([10.0, 40.0, 90.0]), "b": iter([10.0, 20.0, 30.0])}

    def read(who: str) -> list[Reading]:
        calls.append(who)
        return [Reading(who, next(values[who]))]

    measure = Measure(
        name="made up",
        title="made up",
        unit="us",
        trials=[lambda: read("a"), lambda: read("b")],
        comparisons=[Comparison("a", "b", AtMost(1.5)), Comparison("a", "b", AtLeast(2.0)), Comparison("b")],
        seconds=60,
    )
    found = figures(measure, rounds=3)
    assert calls == ["a", "b", "b", "a", "a", "b"]
    ratio = found.lines[0].ratio
    assert ratio is not None
    assert (ratio.low, ratio.median, ratio.high) == (1.0, 2.0, 3.0)
    assert [line.met for line in found.lines] == [False, True, None]


def test_no_further_round_starts_when_the_time_of_a_measure_is_over() -> None:
    measure = Measure("made up", "made up", "us", [lambda: [Reading("a", 1.0)]], [Comparison("a")], seconds=0)
    assert figures(measure, rounds=5).rounds == 1


def test_the_program_prints_a_table_and_writes_the_same_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program.pools, "QUICK", TINY)
    file = tmp_path / "figures.json"
    program.main(["--quick", "--only", "round-trip", "--rounds", "2", "--json", str(file)])
    printed = capsys.readouterr().out
    assert table.machine() in printed
    [measure] = json.loads(file.read_text())["measures"]
    assert measure["name"] == "round-trip"
    assert measure["rounds"] == 2
    for line in measure["lines"]:
        assert line["who"] in printed


def test_the_program_names_its_measures(capsys: pytest.CaptureFixture[str]) -> None:
    program.main(["--list"])
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in printed] == [measure.name for measure in program.measures(True)]


def test_a_measure_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        program.main(["--only", "nothing"])
    assert "invalid choice: 'nothing'" in capsys.readouterr().err
