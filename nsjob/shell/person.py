"""Person: the Face of whoever sits at the prompt. How questions, progress and pictures get to the screen is others'."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

__all__ = ["Person"]

_LONG = 30.0  # seconds of a wait, after which the bell rings

Progress = Callable[[Sequence[str], str], AbstractContextManager[Any]]


class Person:
    """Whom the commands of a prompt speak with.

    Arguments:
        progress: shows how far the jobs of some queues are, or one job.
        ask: whether a question is answered with yes.
        tell: shows a hint.
        draw: shows a picture, given a title and a value, in the place of the one before.
        past: the lines that were entered.
        bell: rings.

    Attributes:
        waited: the queues and the job of the wait that goes on, or that was broken off last.
    """

    def __init__(
        self,
        *,
        progress: Progress,
        ask: Callable[[str], bool],
        tell: Callable[[str], object],
        draw: Callable[[str, Any], object],
        past: Callable[[], Iterable[str]],
        bell: Callable[[], object],
    ) -> None:
        self._progress = progress
        self._ask = ask
        self._tell = tell
        self._draw = draw
        self._past = past
        self._bell = bell
        self.waited: tuple[tuple[str, ...], str] | None = None

    def waiting(self, queues: Sequence[str], job: str) -> AbstractContextManager[Any]:
        return _Wait(self, tuple(queues), job, self._progress, self._bell)

    def confirm(self, question: str) -> bool:
        return self._ask(question)

    def hint(self, sentence: str) -> None:
        self._tell(sentence)

    def redraw(self, title: str, value: Any) -> None:
        self._draw(title, value)

    def history(self) -> list[str]:
        return list(self._past())


class _Wait:
    """One wait. Only the thread of the prompt shows its progress: others may wait at the same time."""

    def __init__(
        self, person: Person, queues: tuple[str, ...], job: str, progress: Progress, bell: Callable[[], object]
    ) -> None:
        self._person = person
        self._where = (queues, job)
        self._bell = bell
        self._begun = time.monotonic()
        self._shown: AbstractContextManager[Any] | None = None
        if threading.current_thread() is threading.main_thread():
            self._shown = progress(queues, job)

    def __enter__(self) -> None:
        self._person.waited = self._where
        if self._shown is not None:
            self._shown.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._shown is not None:
            self._shown.__exit__(kind, error, traceback)
        if kind is None or issubclass(kind, Exception):
            self._person.waited = None
            if time.monotonic() - self._begun > _LONG:
                self._bell()
