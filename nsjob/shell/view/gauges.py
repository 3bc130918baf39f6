"""Gauges: figures as lines for a terminal: bars, counts, times."""

from __future__ import annotations

from typing import NamedTuple

from nsjob.shell.view.figures import Figures, Progress
from nsjob.shell.view.harmless import cells, one_line, shortened
from nsjob.shell.view.layouts import as_duration
from nsjob.shell.view.lines import NOTE, TITLE, Line

__all__ = ["Signs", "Times", "gauge_lines"]

Signs = tuple[str, str]  # of a bar: done, and not yet

_WIDEST = 40  # cells of a bar
_NARROWEST = 8
_NOTE = 24  # cells that a bar leaves to what a job notes
_SMALL = 16  # cells of the bar of one job among others


class Times(NamedTuple):
    """Seconds since this wait began, and since the first of those for the same queues that followed each other."""

    wait: float
    waits: float


def gauge_lines(figures: Figures, times: Times, width: int, signs: Signs) -> list[Line]:
    """The lines: the job that is waited for, or all jobs; then those that run."""
    lines: list[Line] = []
    if figures.job is not None:
        lines.append(_waited(figures.job, times.wait, width, signs))
    if figures.job is None or figures.total > 1:
        lines.append(_batch(figures, times.waits, width, signs))
    lines += [_running(job, width, signs) for job in figures.others]
    if figures.unnamed > 0 and figures.others:
        lines.append([(f"    and {figures.unnamed:,} more", NOTE)])
    return lines


def _batch(figures: Figures, elapsed: float, width: int, signs: Signs) -> Line:
    """All jobs: queues, bar, how many, how many failed, times."""
    name = figures.queues[0] if len(figures.queues) == 1 else f"{len(figures.queues)} queues"
    tail: Line = [(f"  {figures.done:,}/{figures.total:,}", TITLE), (_percent(figures.done, figures.total), "")]
    if figures.failed:
        tail.append((f"  {figures.failed:,} failed", "red"))
    tail += _times(elapsed, figures.rest)
    if figures.paused:
        tail.append(("  paused", "yellow"))
    elif not figures.running and figures.scheduled:
        tail.append(("  none runs", "yellow"))
    return _with_bar(name, figures.done, figures.total, tail, width, signs)


def _waited(job: Progress, elapsed: float, width: int, signs: Signs) -> Line:
    """The job that is waited for."""
    tail: Line = []
    if job.done is not None:
        tail += [(f"  {_amount(job)}", TITLE), (_percent(job.done, job.total), "")]
    tail += _times(elapsed, job.rest)
    note = f"  {one_line(job.note)}" if job.note else ""
    line = _with_bar(f"{job.queue} {job.job}", job.done, job.total, tail, width - min(cells(note), _NOTE), signs)
    line.append((note, ""))
    if job.seconds is None:
        line.append((f"  waits: {one_line(job.reason)}" if job.reason else "", "yellow"))
    elif job.done is None:
        line.append((f"  {one_line(job.script)}", NOTE))
    return line


def _running(job: Progress, width: int, signs: Signs) -> Line:
    """One of the jobs that run."""
    name = one_line(job.job)
    line: Line = [(f"    {shortened(name, max(width // 4, 8)):<8}", "cyan")]
    if job.done is not None and job.total:
        if width >= 60:
            line += [("  ", ""), *_bar(job.done, job.total, _SMALL, signs)]
        line.append((_percent(job.done, job.total), ""))
    elif job.done is not None:
        line.append((f"  {_amount(job)}", ""))
    line.append((f"  {as_duration(job.seconds or 0.0)}", ""))
    said = one_line(job.note) or (one_line(job.script) if job.done is None else "")
    line.append((f"  {said}" if said else "", NOTE))
    return line


def _with_bar(name: str, done: float | None, total: float | None, tail: Line, width: int, signs: Signs) -> Line:
    """A name, a bar where there is room and something to measure, and what follows it."""
    title = f" {shortened(one_line(name), max(width // 3, 8))}"
    room = min(width - cells(title) - sum(cells(text) for text, _ in tail) - 2, _WIDEST)
    bar = [("  ", ""), *_bar(done, total, room, signs)] if done is not None and total and room >= _NARROWEST else []
    return [(title, TITLE), *bar, *tail]


def _times(elapsed: float, rest: float | None) -> Line:
    return [(f"  {as_duration(elapsed)}", ""), ("" if rest is None else _rest(rest), NOTE)]


def _bar(done: float, total: float, size: int, signs: Signs) -> Line:
    full = int(size * _share(done, total))
    return [(signs[0] * full, "green"), (signs[1] * (size - full), NOTE)]


def _percent(done: float, total: float | None) -> str:
    return f"  {int(100 * _share(done, total))}%" if total else ""


def _share(done: float, total: float) -> float:
    return 1.0 if done >= total else done / total


def _amount(job: Progress) -> str:
    return f"{job.done:,g}" + (f"/{job.total:,g}" if job.total else "")


def _rest(seconds: float) -> str:
    """What is left, in no more digits than can be foretold."""
    if seconds > 3600 * 24 * 100:
        return ""
    rounded = max(round(seconds), 1) if seconds < 20 else round(seconds / 5) * 5
    said = f"{rounded} s" if rounded < 60 else as_duration(rounded)
    return f"  about {said} left"
