"""What a terminal shows while somebody waits for jobs."""

from __future__ import annotations

import io
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

import nsjob
from nsjob.shell.session import Session
from nsjob.shell.view.figures import Figures, Pace, Progress
from nsjob.shell.view.gauges import Times, gauge_lines
from nsjob.shell.view.lines import painted
from nsjob.shell.view.progress import Display, Wait
from nsjob.shell.view.strip import Stream, Strip
from nsjob.shell.view.terminal import Terminal
from nsjob.shell.view.terminal_face import at_terminal
from tests.conftest import PATIENCE, Gate

SIGNS = ("━", "─")


class Emulator(io.StringIO):
    """A text file that a terminal emulator reads."""

    encoding = "utf-8"  # type: ignore[assignment]

    def __init__(self, width: int = 80, height: int = 24) -> None:
        super().__init__()
        self.screen = pyte.Screen(width, height)
        self.screen.set_mode(pyte.modes.LNM)  # a newline returns, as the system's terminal driver lets it
        self._reader = pyte.Stream(self.screen)
        self._seen = threading.Condition()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        with self._seen:
            self._reader.feed(text)
            self._seen.notify_all()
        return super().write(text)

    @property
    def lines(self) -> list[str]:
        """What is to be seen, without what is empty at the end."""
        with self._seen:
            return "\n".join(line.rstrip() for line in self.screen.display).rstrip("\n").split("\n")

    def until(self, look: Callable[[], bool]) -> None:
        """Return when `look` is true of what is to be seen."""
        with self._seen:
            assert self._seen.wait_for(look, PATIENCE), "\n".join(self.screen.display)


class Sized(Terminal):
    """A terminal of the emulator's size."""

    @property
    def width(self) -> int:
        return self.stream.screen.columns  # type: ignore[attr-defined, no-any-return]

    @property
    def height(self) -> int:
        return self.stream.screen.lines  # type: ignore[attr-defined, no-any-return]


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Pulse:
    """A pulse that only the test gives."""

    def __init__(self, tick: Callable[[], bool]) -> None:
        self.wakes = 0

    def wake(self) -> None:
        self.wakes += 1


class Stage:
    """A display on a terminal, and the time."""

    def __init__(self, pool: nsjob.Pool, width: int = 80, height: int = 24) -> None:
        self.terminal = Emulator(width, height)
        self.clock = Clock()
        self.strip = Strip(Sized(self.terminal), self.clock)
        self.display = Display(pool, self.strip, self.clock, Pulse)

    def waiting(self, *queues: str, job: str = "") -> Wait:
        return Wait(self.display, queues, job)

    def after(self, seconds: float) -> list[str]:
        """What is to be seen so much later."""
        for _ in range(10):
            self.clock.now += seconds / 10
            self.display.tick()
        return self.terminal.lines


@pytest.fixture(autouse=True)
def usual_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def stage(pool: nsjob.Pool) -> Stage:
    return Stage(pool)


def held(pool: nsjob.Pool, gate: Gate, count: int = 1) -> list[nsjob.Job]:
    """Jobs that run until they are let through."""
    jobs = [pool.queue("q", "enter(job)", vars={"enter": lambda job: gate.enter()}) for _ in range(count)]
    gate.came(min(count, 2))
    return jobs


# -- when something is shown ------------------------------------------------------------------------------------------


def test_nothing_is_shown_of_a_wait_that_is_over_soon(stage: Stage, pool: nsjob.Pool, gate: Gate) -> None:
    held(pool, gate)
    with stage.waiting("q"):
        assert stage.after(0.29) == [""]
    assert stage.after(1) == [""]
    assert stage.terminal.getvalue() == ""
    gate.let()


def test_a_wait_that_takes_longer_is_shown_and_what_was_shown_is_taken_away(
    stage: Stage, pool: nsjob.Pool, gate: Gate
) -> None:
    held(pool, gate)
    stage.terminal.write("> waitall\n")
    with stage.waiting("q"):
        shown = stage.after(0.4)
        assert shown[0] == "> waitall"
        assert shown[1].split()[0] == "q"
        assert "0/1" in shown[1]
    assert stage.after(0.4) == shown
    assert stage.after(0.2) == ["> waitall"]
    stage.terminal.write("result")
    assert stage.terminal.lines == ["> waitall", "result"]
    gate.let()


def test_waits_that_follow_each_other_are_shown_as_one(stage: Stage, pool: nsjob.Pool, gate: Gate) -> None:
    held(pool, gate)
    for _ in range(20):
        with stage.waiting("q"):
            stage.after(0.02)
        stage.after(0.02)
    with stage.waiting("q"):
        assert "0/1" in stage.after(0.02)[0]
        assert "820 ms" in stage.terminal.lines[0]
    gate.let()


def test_an_interrupted_wait_leaves_the_terminal_clean_at_once(stage: Stage, pool: nsjob.Pool, gate: Gate) -> None:
    held(pool, gate)

    def interrupted() -> None:
        with stage.waiting("q"):
            assert stage.after(1) != [""]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert stage.terminal.lines == [""]
    assert stage.after(1) == [""]
    gate.let()


def test_a_display_that_was_cleared_does_not_come_back(stage: Stage, pool: nsjob.Pool, gate: Gate) -> None:
    held(pool, gate)
    with stage.waiting("q"):
        stage.after(1)
        stage.display.clear()
        stage.terminal.write("prompt> ")
        assert stage.after(1) == ["prompt>"]
    gate.let()


def test_nothing_is_shown_where_it_could_only_be_printed(
    pool: nsjob.Pool, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stage = Stage(pool)
    held(pool, gate)
    with stage.waiting("q"):
        stage.after(5)
    assert stage.terminal.getvalue() == ""
    gate.let()


def test_a_queue_that_is_gone_does_no_harm(stage: Stage) -> None:
    with stage.waiting("nosuch", job="job0"):
        assert stage.after(1) == [""]


# -- what is shown ----------------------------------------------------------------------------------------------------


def test_a_queue_is_shown_with_a_bar_its_counts_and_what_runs(stage: Stage, pool: nsjob.Pool, gate: Gate) -> None:
    jobs = held(pool, gate, 4)
    failing = pool.submit("q", int, "x")
    with stage.waiting("q"):
        head, first, second, *none = stage.after(0.5)
        assert "━" not in head
        assert "0/5" in head
        assert not none
        assert [first.split()[0], second.split()[0]] == ["job0", "job1"]
        gate.let(4)
        with pytest.raises(ValueError):
            failing.wait(PATIENCE)
        for job in jobs:
            job.wait(PATIENCE)
        (head,) = stage.after(1)
        assert "5/5  100%  1 failed" in head
        assert "━" * 20 in head


def test_jobs_that_were_done_before_the_wait_count_as_done(stage: Stage, pool: nsjob.Pool, gate: Gate) -> None:
    pool.queue("q", "1").wait(PATIENCE)
    held(pool, gate, 1)
    with stage.waiting("q"):
        assert "1/2  50%" in stage.after(1)[0]
    gate.let()


def test_a_new_batch_begins_where_the_one_before_was_done(stage: Stage, pool: nsjob.Pool, gate: Gate) -> None:
    with stage.waiting("q"):
        pool.wait("q", pool.queue("q", "1"))
        stage.after(1)
    stage.after(1)
    held(pool, gate, 1)
    with stage.waiting("q"):
        assert "0/1" in stage.after(1)[0]
    gate.let()


def test_a_job_tells_its_own_progress_and_how_long_it_takes_yet(stage: Stage, pool: nsjob.Pool, gate: Gate) -> None:
    script = "for n in range(1, 5):\n    job.progress(n * 10, 100, f'page {n}')\n    enter()"
    pool.queue("q", script, jobid="reader", vars={"enter": gate.enter})
    gate.came()
    with stage.waiting("q", job="reader"):
        (line,) = stage.after(1)
        assert line.split()[:2] == ["q", "reader"]
        assert "10/100  10%  1.0 s  page 1" in line
        gate.let()
        gate.came()
        (line,) = stage.after(1)
        assert "20/100  20%  2.0 s" in line
        assert "left  page 2" in line
        gate.let(3)
        gate.came(2)


def test_a_job_that_does_not_run_tells_why(stage: Stage, pool: nsjob.Pool) -> None:
    pool.pause("q")
    pool.queue("q", "1", jobid="later")
    with stage.waiting("q", job="later"):
        assert stage.after(1) == [" q later  1.0 s  waits: its queue is paused"]
    with stage.waiting("q"):
        assert stage.after(1)[0].endswith("paused")


def test_at_most_five_of_the_running_jobs_are_named(gate: Gate) -> None:
    with nsjob.Pool() as pool:
        pool.create("q", 8)
        stage = Stage(pool)
        for _ in range(8):
            pool.queue("q", "enter()", vars={"enter": gate.enter})
        gate.came(8)
        with stage.waiting("q"):
            lines = stage.after(1)
        assert len(lines) == 7
        assert lines[-1].strip() == "and 3 more"
        gate.let(8)


def test_a_low_terminal_has_room_for_other_lines(pool: nsjob.Pool, gate: Gate) -> None:
    stage = Stage(pool, height=3)
    held(pool, gate, 2)
    stage.terminal.write("one\n")
    with stage.waiting("q"):
        assert len([line for line in stage.after(1) if line]) <= 3
    assert stage.after(1)[0] == "one" or stage.terminal.lines == [""]
    gate.let(2)


def test_several_queues_are_added_up(stage: Stage, pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("r")
    pool.create("s")
    held(pool, gate, 1)
    pool.pause("r")
    pool.queue("r", "1")
    with stage.waiting("q", "r"):
        assert stage.after(1)[0].split()[:2] == ["2", "queues"]
        assert "0/2" in stage.terminal.lines[0]
    gate.let()


def test_a_pace_tells_what_is_left() -> None:
    pace = Pace()
    pace.note(0, 0)
    assert pace.rest(10) is None
    pace.note(2, 4)
    assert pace.rest(10) == 5
    pace.note(3, 1)  # it began anew
    assert pace.rest(10) is None


# -- other output -----------------------------------------------------------------------------------------------------


def test_what_others_print_stands_above(stage: Stage, pool: nsjob.Pool, gate: Gate) -> None:
    held(pool, gate)
    stream: Any = Stream(stage.terminal, stage.strip)
    with stage.waiting("q"):
        stage.after(1)
        print("first", file=stream)
        print("second", file=stream)
        first, second, head, _ = stage.after(0.1)
        assert (first, second) == ("first", "second")
        assert "0/1" in head
        stage.display.above("third")
        assert stage.after(0.1)[2] == "third"
    stage.display.clear()
    assert stage.terminal.lines == ["first", "second", "third"]
    gate.let()


def test_a_line_that_is_not_ended_goes_on_after_the_wait(stage: Stage, pool: nsjob.Pool, gate: Gate) -> None:
    held(pool, gate)
    stream: Any = Stream(stage.terminal, stage.strip)
    print("working 画", end="", file=stream)
    print("... ", end="", file=stream)
    with stage.waiting("q"):
        begun, head, *_ = stage.after(1)
        assert begun == "working 画..."
        assert "0/1" in head
    stage.display.clear()
    print("done", file=stream)
    assert stage.terminal.lines == ["working 画... done"]
    gate.let()


def test_a_job_cannot_command_the_terminal_by_its_note(stage: Stage, pool: nsjob.Pool, gate: Gate) -> None:
    pool.queue("q", "job.progress(1, 2, '\\x1b[2J\\n'); enter()", vars={"enter": gate.enter})
    gate.came()
    with stage.waiting("q", job="job0"):
        assert r"\x1b[2J" in stage.after(1)[0]
    gate.let()


def test_a_job_cannot_break_the_display_by_its_amounts(stage: Stage, pool: nsjob.Pool, gate: Gate) -> None:
    pool.queue("q", "job.progress(10**400, 1e-308); enter()", vars={"enter": gate.enter})
    gate.came()
    with stage.waiting("q", job="job0"):
        assert "100%" in stage.after(2)[0]
    gate.let()


def test_colours_can_be_denied(pool: nsjob.Pool, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    held(pool, gate)
    for denied in ("", "1"):
        monkeypatch.setenv("NO_COLOR", denied)
        stage = Stage(pool)
        with stage.waiting("q"):
            stage.after(1)
        assert "\x1b[1m" in stage.terminal.getvalue() or denied
        assert "\x1b[1m" not in stage.terminal.getvalue() or not denied
    gate.let()


# -- by itself --------------------------------------------------------------------------------------------------------


def test_a_wait_is_shown_and_cleared_by_itself(pool: nsjob.Pool, gate: Gate) -> None:
    held(pool, gate)
    terminal = Emulator()
    display = Display(pool, Strip(Sized(terminal)))
    with Wait(display, ("q",), "job0"):
        terminal.until(lambda: "q job0" in terminal.screen.display[0])
    terminal.until(lambda: not terminal.screen.display[0].strip())
    with Wait(display, ("q",), "job0"):
        terminal.until(lambda: "q job0" in terminal.screen.display[0])
        display.clear()
        assert terminal.lines == [""]
    gate.let()


def test_a_wait_costs_microseconds_where_nothing_is_shown(pool: nsjob.Pool) -> None:
    display = Display(pool, Strip(Sized(Emulator())))
    best = 1.0
    for _ in range(20):
        begun = time.perf_counter()
        for _ in range(100):
            with Wait(display, ("q",), ""):
                pass
        best = min(best, (time.perf_counter() - begun) / 100)
    display.clear()
    assert best < 50e-6


def test_a_file_at_a_terminal_shows_progress_below_what_it_prints(
    monkeypatch: pytest.MonkeyPatch, pool: nsjob.Pool, gate: Gate
) -> None:
    terminal = Emulator()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "80")
    face = at_terminal(pool)
    session = Session(pool, face)
    try:
        held(pool, gate, 2)
        assert face.confirm("Delete everything?")
        waiter = threading.Thread(target=session.eval, args=("puts begun; wait q job0; puts ended; wait q job1",))
        waiter.start()
        terminal.until(lambda: "q job0" in terminal.screen.display[1])
        gate.let()
        pool.queue("q", "1").wait(PATIENCE)
        gate.let()
        waiter.join(PATIENCE)
    finally:
        face.close()
    assert terminal.lines == ["begun", "ended"]
    assert sys.stdout is terminal  # type: ignore[comparison-overlap]


# -- any figures ------------------------------------------------------------------------------------------------------

NUMBERS = st.floats(0, sys.float_info.max)
MAYBE = st.none() | NUMBERS
JOBS = st.builds(
    Progress,
    queue=st.text(max_size=20), job=st.text(max_size=20), script=st.text(), seconds=MAYBE, done=MAYBE, total=MAYBE,
    note=st.text(), rest=MAYBE, reason=st.text(max_size=20),
)  # fmt: skip
COUNTS = st.integers(0, 10**7)
FIGURES = st.builds(
    Figures,
    queues=st.lists(st.text(max_size=10), min_size=1, max_size=3).map(tuple), done=COUNTS, total=COUNTS, failed=COUNTS,
    running=COUNTS, scheduled=COUNTS, rest=MAYBE, job=st.none() | JOBS,
    others=st.lists(JOBS, max_size=5).map(tuple), unnamed=COUNTS, paused=st.booleans(),
)  # fmt: skip


@given(FIGURES, st.integers(1, 200), NUMBERS)
@settings(max_examples=100, deadline=None)
def test_any_figures_fit_into_the_width(figures: Figures, width: int, seconds: float) -> None:
    picture = painted(gauge_lines(figures, Times(seconds, seconds), width, SIGNS), width, False)
    for line in picture.split("\n"):
        assert not any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in line)
        assert cell_len(line) <= width
