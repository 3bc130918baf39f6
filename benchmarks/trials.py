"""How a measure is taken: every contender once a round, in an order that turns from round to round."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """One value that one trial found."""

    who: str
    value: float


Trial = Callable[[], Sequence[Reading]]
"""Sets up, measures, clears up; most trials find one reading."""


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A ratio that is to be reached."""

    limit: float

    def holds(self, ratio: float) -> bool:
        return ratio >= self.limit

    def __str__(self) -> str:
        return f">= {self.limit:g}x"


@dataclass(frozen=True, slots=True)
class AtMost:
    """A ratio that is not to be exceeded."""

    limit: float

    def holds(self, ratio: float) -> bool:
        return ratio <= self.limit

    def __str__(self) -> str:
        return f"<= {self.limit:g}x"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A line of the table: `who` shown, as a ratio to `against` ("" for none), and what that ratio should be."""

    who: str
    against: str = ""
    target: AtLeast | AtMost | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """Trials that are compared with each other. After `seconds` of them no further round starts."""

    name: str
    title: str
    unit: str
    trials: Sequence[Trial]
    comparisons: Sequence[Comparison]
    seconds: float


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some values, and how far they reach."""

    median: float
    low: float
    high: float

    @staticmethod
    def of(values: Sequence[float]) -> Spread:
        return Spread(statistics.median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Line:
    """A comparison with its figures: the median value, and the spread of the ratios taken round by round."""

    comparison: Comparison
    value: Spread
    ratio: Spread | None

    @property
    def met(self) -> bool | None:
        """Whether the median ratio is what it should be; None where nothing is asked."""
        if self.ratio is None or self.comparison.target is None:
            return None
        return self.comparison.target.holds(self.ratio.median)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a measure found in `rounds` rounds."""

    measure: Measure
    rounds: int
    lines: Sequence[Line]


def figures(measure: Measure, rounds: int) -> Figures:
    """Take a measure: at most `rounds` rounds, at least one.

    Garbage is collected before each trial, and never switched off: what the collector costs a user, it costs here.
    """
    values: dict[str, list[float]] = {}
    trials = list(measure.trials)
    last_start = time.monotonic() + measure.seconds
    done = 0
    while done < rounds and (done == 0 or time.monotonic() < last_start):
        turn = done % len(trials)
        for trial in trials[turn:] + trials[:turn]:
            gc.collect()
            for reading in trial():
                values.setdefault(reading.who, []).append(reading.value)
        done += 1
    return Figures(measure, done, [_line(comparison, values) for comparison in measure.comparisons])


def _line(comparison: Comparison, values: dict[str, list[float]]) -> Line:
    own = values[comparison.who]
    ratio = None
    if comparison.against:
        ratio = Spread.of([_ratio(a, b) for a, b in zip(own, values[comparison.against], strict=True)])
    return Line(comparison, Spread.of(own), ratio)


def _ratio(own: float, other: float) -> float:
    return own / other if other else math.nan  # a process need not grow for a few jobs
