"""What the commands of the shell are declared with: the ensemble `ns_job`, and the commands beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nsjob.commands.spec import Ensemble, Spec, declared

__all__ = ["GENERAL", "NS_JOB", "command"]

# The fourteen of NaviServer and AOLserver.
NS_JOB = Ensemble(
    "ns_job",
    "cancel configure create delete exists genid joblist jobs queue queuelist queues threadlist wait waitany",
)
GENERAL: dict[str, Spec] = {}


def command(own: str = "", *, name: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a command beside `ns_job`."""

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        title = name or function.__name__.rstrip("_")
        GENERAL[title] = spec = declared(function, title, own)
        spec.short = title
        return function

    return declare
