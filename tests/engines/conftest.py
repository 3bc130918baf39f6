"""Tells, after the conformance suite, how many of its tests passed on each engine."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.engines.cases import CASES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each engine."""
    counts = {
        outcome: Counter(
            report.nodeid.rpartition("[")[2].rstrip("]")
            for report in terminalreporter.getreports(outcome)
            if "test_conformance.py" in report.nodeid and getattr(report, "when", "") in ("call", "setup")
        )
        for outcome in ("passed", "failed", "error")
    }
    if not any(counts.values()):
        return
    terminalreporter.section("engines")
    for case in CASES:
        told = ", ".join(f"{counts[outcome][case.name]} {outcome}" for outcome in counts if counts[outcome][case.name])
        terminalreporter.write_line(f"{case.name:20} {told or 'not run'}")
