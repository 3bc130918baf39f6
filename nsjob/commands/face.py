"""Face: what a shell needs of whoever sits before it. A command file needs nothing: `Silent`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from nsjob.tcl.values import text

__all__ = ["Face", "Silent"]


class Face(Protocol):
    """How commands reach the person at the prompt."""

    def waiting(self, queues: Sequence[str], job: str) -> AbstractContextManager[Any]:
        """Show how far things are while a wait for a job goes on, or (job is empty) for the jobs of some queues."""

    def confirm(self, question: str) -> bool:
        """Whether the person says yes."""

    def hint(self, sentence: str) -> None:
        """Tell what was probably meant."""

    def redraw(self, title: str, value: Any) -> None:
        """Show a value in the place of the one before, as `watch` does."""

    def history(self) -> list[str]:
        """The lines that were entered, the oldest first."""


class Silent:
    """Nobody is there: questions are answered with yes, and `watch` prints."""

    def waiting(self, queues: Sequence[str], job: str) -> AbstractContextManager[Any]:
        return nullcontext()

    def confirm(self, question: str) -> bool:
        return True

    def hint(self, sentence: str) -> None:
        return None

    def redraw(self, title: str, value: Any) -> None:
        shown = text(value)
        if shown:
            print(shown, flush=True)

    def history(self) -> list[str]:
        return []
