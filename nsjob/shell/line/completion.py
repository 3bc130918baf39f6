"""Completion: what was typed, completed: first what begins so, then what has it in it, then what has its letters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from prompt_toolkit.completion import CompleteEvent, Completer
from prompt_toolkit.completion import Completion as PromptCompletion
from prompt_toolkit.document import Document

from nsjob.shell.line.offers import Offer, offers_at
from nsjob.shell.line.python_names import typed_name
from nsjob.shell.line.scope import Scope
from nsjob.shell.line.spots import Spot, spot_at

if TYPE_CHECKING:
    from nsjob.shell.session import Session

__all__ = ["Completion", "NsjobCompleter", "completions"]

_MOST = 400  # more cannot be looked through
_SEPARATORS = {"file": "/", "python": "."}  # what is before the last one the menu need not show
_LARGEST = 60_000  # signs before the cursor: in a longer text nothing is completed


@dataclass(frozen=True, slots=True)
class Completion:
    """A way for the word at the cursor to go on.

    Attributes:
        start: the offset from which on the text up to the cursor is replaced.
        text: by what.
        shown: how the menu calls it.
        meta: a few words about it.
        goes_on: whether more of the same word follows.
    """

    start: int
    text: str
    shown: str
    meta: str = ""
    goes_on: bool = False


def completions(session: Session, text: str, cursor: int) -> list[Completion]:
    """What the word at the cursor may be, the most likely first; nothing in comments.

    Arguments:
        cursor: an offset into the text; what is after it does not count.
    """
    spot = _spot(session, text, cursor)
    return _completions(spot) if spot is not None else []


def _spot(session: Session, text: str, cursor: int) -> Spot | None:
    cursor = max(0, min(cursor, len(text)))
    if cursor > _LARGEST:
        return None
    before = text[:cursor]
    return spot_at(Scope.of(session.shell, before), before, cursor)


def _completions(spot: Spot) -> list[Completion]:
    start, typed = spot.start, spot.typed
    if spot.role.what == "python":
        start += len(typed)
        typed = typed_name(typed)
        start -= len(typed)
    prefix = typed.rfind(_SEPARATORS.get(spot.role.what, "\0")) + 1
    return [
        Completion(start, offer.text, offer.name[prefix:], offer.meta, offer.goes_on)
        for offer in islice(ranked(typed, offers_at(spot)), _MOST)
    ]


def ranked(typed: str, offers: Iterable[Offer]) -> list[Offer]:
    """Those offers that fit what was typed: by beginning, by any part, by letters in their order."""
    if not typed:
        return list(offers)
    found: tuple[list[Offer], ...] = ([], [], [], [])
    folded = typed.casefold()
    seen = set()
    for offer in offers:
        name = offer.name
        if name in seen:
            continue
        seen.add(name)
        if name.startswith(typed):
            found[0].append(offer)
        elif name.casefold().startswith(folded):
            found[1].append(offer)
        elif folded in name.casefold():
            found[2].append(offer)
        elif name[:1].casefold() == folded[0] and _within(folded, name.casefold()):
            found[3].append(offer)
    if len(found[0]) == 1:
        return found[0]  # nobody who began so looks for anything else
    return [*found[0], *found[1], *found[2], *sorted(found[3], key=lambda offer: len(offer.name))]


def _within(letters: str, name: str) -> bool:
    """Whether a name has these letters in this order."""
    rest = iter(name)
    return all(letter in rest for letter in letters)


class NsjobCompleter(Completer):
    """Completes what is typed into a session.

    Arguments:
        session: whose commands, queues, jobs and variables are offered.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[PromptCompletion]:
        """As prompt_toolkit asks for them. While typing, not all commands there are are offered to an empty line."""
        spot = _spot(self._session, document.text, document.cursor_position)
        if spot is None or (not complete_event.completion_requested and _too_early(spot)):
            return
        for found in _completions(spot):
            yield PromptCompletion(
                found.text, found.start - document.cursor_position, display=found.shown, display_meta=found.meta
            )


def _too_early(spot: Spot) -> bool:
    """Whether nothing was typed yet that tells what is looked for."""
    if spot.role.what == "python":
        return len(typed_name(spot.typed)) < 2 and not typed_name(spot.typed).endswith(".")
    return not spot.typed and spot.role.what in ("command", "function", "tcl", "file", "variable", "help")
