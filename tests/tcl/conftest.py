"""Tells, after the tests of the language, how many of our answers were compared with real Tcl's."""

from __future__ import annotations

from collections import Counter

import pytest

COMPARED: Counter[str] = Counter()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each kind of comparison."""
    if COMPARED:
        terminalreporter.section("comparisons with real Tcl")
        for what, count in COMPARED.items():
            terminalreporter.write_line(f"{count:7,} {what}")
