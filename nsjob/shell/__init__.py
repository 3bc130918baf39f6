"""The interactive face: a prompt over a pool, and sessions without a terminal for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nsjob.pool.pool import Pool
    from nsjob.shell.session import Session

__all__ = ["Session", "embed"]


def embed(pool: Pool, /, **variables: Any) -> None:
    """Give a running program's pool a prompt. Returns when the person leaves it; the pool and its jobs go on.

    Arguments:
        pool: whose queues and jobs the commands are about.
        variables: what the commands find in variables of these names, and `py` under these names: any objects.

    Raises:
        OSError: there is no terminal.
    """
    from nsjob.shell.prompt import embedded

    embedded(pool, variables)


def __getattr__(name: str) -> Any:
    # The prompt is on the screen before the commands are imported.
    if name == "Session":
        from nsjob.shell.session import Session

        return Session
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
