"""What the commands of the shell are declared with: the ensemble `ns_job`, and the commands beside it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from nsjob.commands.ensemble import Ensemble, Specs

if TYPE_CHECKING:
    from nsjob.commands.spec import Spec

__all__ = ["GENERAL", "NS_JOB", "command"]

NS_JOB = Ensemble(
    "ns_job",
    # The fourteen of NaviServer and AOLserver.
    "cancel configure create delete exists genid joblist jobs queue queuelist queues threadlist wait waitany",
    Specs(
        queueing="create queue delete exists genid configure",
        waiting="wait waitany waitall",
        settling="cancel kill requeue snooze run edit move retry pause resume resize drain",
        looking="queues queuelist jobs joblist threadlist counts find show runs output",
        templates="template",
        ranges="range rangestatus",
        programs="exec send taskfile cleanup engines",
    ),
)
GENERAL = Specs(general="ns_eval ns_log ns_sleep py help history watch")


def command(own: str = "", *, name: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a command beside `ns_job`."""

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        title = name or function.__name__.rstrip("_")
        GENERAL.declare(title, partial(_spec, function, title, own))
        return function

    return declare


def _spec(function: Callable[..., Any], title: str, own: str) -> Spec:
    from nsjob.commands.spec import declared  # late; see Ensemble

    spec = declared(function, title, own)
    spec.short = title
    return spec
