"""Work: what a job is to do, a snippet or a call. Knows how to start the body and how to name it."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, cast

from nsjob.pool.context import JobContext
from nsjob.snippet import Snippet

if TYPE_CHECKING:
    from nsjob.pool.engine import Run

__all__ = ["Call", "Work", "perform"]


_NONE: dict[str, Any] = {}  # one for all: a call hands over a copy


class Work(Protocol):
    """What an engine runs. `source` is what `joblist` shows as the job's script."""

    @property
    def source(self) -> str: ...


class Call:
    """A callable with its arguments."""

    __slots__ = ("args", "function", "kwargs")

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.function = function
        self.args = args
        self.kwargs = kwargs or _NONE

    @property
    def source(self) -> str:
        function = self.function
        name = getattr(function, "__qualname__", None) or type(function).__qualname__
        return f"{getattr(function, '__module__', None) or ''}.{name}(...)".lstrip(".")


def perform(run: Run) -> Any:
    """Run the body of `run` in this thread and return its value: any object, an Ending, or a coroutine of either."""
    job = run.job
    work = job._work
    if type(work) is Snippet:
        namespace = run.core.namespace.copy()
        if work.needs_job:
            namespace["job"] = JobContext(run)
            if work.needs_builtins:
                # The snippet can reach its builtins as an object; what it deletes there is its own copy.
                namespace["__builtins__"] = vars(builtins).copy()
        variables = job._options.vars
        if variables:
            namespace.update(variables)
        return work.run(namespace)
    call = cast(Call, work)
    return call.function(*call.args, **call.kwargs)
