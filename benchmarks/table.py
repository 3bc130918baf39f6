"""The table: what it was measured on, then a block for each measure."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys

from benchmarks.peers import installed
from benchmarks.trials import Figures, Line, Spread

WHO, VALUE, RATIO, SPREAD, AGAINST, TARGET = 39, 10, 9, 18, 33, 9


def machine() -> str:
    """The Python, whether its GIL is on, the processors, and the versions of the pools."""
    gil: bool = getattr(sys, "_is_gil_enabled", lambda: True)()
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{platform.python_implementation()} {platform.python_version()}, {'with the GIL' if gil else 'without GIL'}, "
        f"{allowed} CPUs, {platform.system()} {platform.machine()}"
    )


def versions() -> str:
    """The libraries among the pools, with their versions; those that are not installed are named."""
    names = ("nsjob", "joblib", "pebble", "huey", "procrastinate", "pgqueuer")
    return ", ".join(f"{name} {version(name)}" for name in names)


def version(name: str) -> str:
    """The installed version of a library; "(not installed: left out)" where it cannot be imported."""
    if not installed(name):
        return "(not installed: left out)"
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "(from its source)"


def heading() -> str:
    """The names of the columns."""
    columns = (
        f"{'':{WHO}}{'median':>{VALUE}}{'ratio':>{RATIO}}{'(min - max)':>{SPREAD}}  "
        f"{'against':{AGAINST}}{'to reach':{TARGET}} met"
    )
    return columns + "\n" + "-" * len(columns)


def block(figures: Figures) -> str:
    """A measure and its lines."""
    measure = figures.measure
    rounds = f"{figures.rounds} round{'s' if figures.rounds > 1 else ''}"
    title = f"{measure.title} [{measure.unit}; {rounds}]"
    return "\n".join([title, *(row(line) for line in figures.lines)])


def row(line: Line) -> str:
    """One line: the median, the ratio and its spread, the target and whether it is met."""
    comparison = line.comparison
    text = f"  {comparison.who:{WHO - 2}}{number(line.value.median):>{VALUE}}"
    if line.ratio is not None:
        ratio = times(line.ratio.median) + "x"
        text += f"{ratio:>{RATIO}}{reach(line.ratio):>{SPREAD}}  {comparison.against:{AGAINST}}"
    if comparison.target is not None:
        text += f"{comparison.target!s:{TARGET}} {'yes' if line.met else 'NO'}"
    return text.rstrip()


def reach(spread: Spread) -> str:
    """How far the ratios reach."""
    return f"({times(spread.low)} - {times(spread.high)})"


def times(ratio: float) -> str:
    """A ratio with two or more digits that count."""
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.1f}" if ratio < 100 else f"{ratio:.0f}"


def number(value: float) -> str:
    """A value with three or more digits that count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
