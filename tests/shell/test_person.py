"""The person at the prompt: waits, and the bell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from nsjob.shell.person import Person


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("nsjob.shell.person.time", clock)
    return clock


def person_of(events: list[object]) -> Person:
    @contextmanager
    def shown(queues: Sequence[str], job: str) -> Iterator[None]:
        events.append((tuple(queues), job))
        try:
            yield
        finally:
            events.append("end")

    def progress(queues: Sequence[str], job: str) -> AbstractContextManager[Any]:
        return shown(queues, job)

    return Person(
        progress=progress,
        ask=lambda question: True,
        tell=events.append,
        draw=lambda title, value: events.append(title),
        past=lambda: ["one"],
        bell=lambda: events.append("bell"),
    )


def broken_off(person: Person, clock: Clock) -> None:
    with person.waiting(["q"], "job1"):
        clock.now += 100
        raise KeyboardInterrupt


def test_the_bell_rings_when_a_long_wait_ends(clock: Clock) -> None:
    events: list[object] = []
    person = person_of(events)
    with person.waiting(["q"], "job0"):
        clock.now += 31
    assert events == [(("q",), "job0"), "end", "bell"]


def test_the_bell_is_silent_after_a_short_wait_and_where_it_was_broken_off(clock: Clock) -> None:
    events: list[object] = []
    person = person_of(events)
    with person.waiting(["q"], "job0"):
        clock.now += 29
    with pytest.raises(KeyboardInterrupt):
        broken_off(person, clock)
    assert "bell" not in events
    assert person.waited == (("q",), "job1")


def test_a_wait_that_ended_is_forgotten(clock: Clock) -> None:
    person = person_of([])
    with pytest.raises(ValueError), person.waiting(["q"], ""):
        raise ValueError
    assert person.waited is None
