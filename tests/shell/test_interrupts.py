"""Interrupts by signals land outside of database libraries."""

from __future__ import annotations

import signal
import threading
from types import FunctionType

import pytest

from nsjob.shell.files.stops import Stopped, Stops
from nsjob.shell.gentle import gentle_interrupts

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers that send signals")
_NEVER = threading.Event()
_PATIENCE = 30.0  # seconds; never waited for where all is well


def _library(number: int, steps: list[str], times: int = 1) -> None:
    for _ in range(times):
        signal.raise_signal(number)
        steps.append("went on")


in_library = FunctionType(_library.__code__, {"__name__": "sqlalchemy.pool.base", "signal": signal}, "in_library")
in_library.__defaults__ = (1,)


def _wait() -> None:
    _NEVER.wait(_PATIENCE)


def test_a_signal_within_a_database_library_stops_the_script_right_after_it() -> None:
    steps: list[str] = []
    nudged: list[str] = []
    before = signal.getsignal(signal.SIGALRM)
    with Stops(None, lambda: nudged.append("nudged")) as stops:
        in_library(signal.SIGINT, steps)
        assert not nudged
        with pytest.raises(Stopped, match="interrupted"):
            _wait()
    assert (steps, nudged, stops.stopped is not None) == (["went on"], ["nudged"], True)
    assert signal.getsignal(signal.SIGALRM) == before


def test_a_time_limit_within_a_database_library_holds_right_after_it() -> None:
    steps: list[str] = []
    with Stops(1000.0, lambda: None):
        in_library(signal.SIGALRM, steps)
        with pytest.raises(Stopped, match="late"):
            _wait()
    assert steps == ["went on"]


def test_elsewhere_a_signal_stops_at_once() -> None:
    with Stops(None, lambda: None), pytest.raises(Stopped):
        signal.raise_signal(signal.SIGTERM)


def test_a_library_that_does_not_return_is_broken_off() -> None:
    def wait_in_library() -> None:
        _wait()

    waiting = FunctionType(
        wait_in_library.__code__, {"__name__": "psycopg.connection", "_wait": _wait}, "wait_in_library"
    )
    with Stops(None, lambda: None):
        in_library(signal.SIGTERM, [])
        with pytest.raises(Stopped, match="terminated"):
            waiting()


def test_at_the_prompt_ctrl_c_is_as_gentle() -> None:
    steps: list[str] = []
    with gentle_interrupts():
        in_library(signal.SIGINT, steps)
        with pytest.raises(KeyboardInterrupt):
            _wait()
        assert steps == ["went on"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_at_the_prompt_the_second_ctrl_c_does_not_wait() -> None:
    steps: list[str] = []
    with gentle_interrupts(), pytest.raises(KeyboardInterrupt):
        in_library(signal.SIGINT, steps, 2)
    assert steps == ["went on"]


def test_what_was_to_land_after_the_end_does_not() -> None:
    with gentle_interrupts():
        in_library(signal.SIGINT, [])
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
