"""Definitions: what `Pool.define` made, the seed of every snippet's namespace."""

from __future__ import annotations

import builtins
from typing import Any

from nsjob.errors import OptionError
from nsjob.snippet import Ending, Snippet, compile_snippet, is_coroutine

__all__ = ["Definitions"]


class Definitions:
    """The sources, for places that have yet to run them, and the namespace that they made in this process.

    The namespace is one dictionary for good, so that a function defined earlier sees what is defined later, as in a
    module; each job's namespace is a copy of it.
    """

    def __init__(self) -> None:
        self.sources: list[str] = []
        self.namespace: dict[str, Any] = {"__name__": "__nsjob__", "__builtins__": vars(builtins)}

    def define(self, source: str, filename: str | None = None) -> None:
        """Run `source`, from that file, in the namespace; where it fails, the namespace is as it was.

        Raises:
            SnippetError: it does not compile.
            OptionError: it returns or awaits at its top level.
            Exception: what it raised.
        """
        snippet = compile_snippet(source) if filename is None else Snippet(source, filename)
        before = self.namespace.copy()
        try:
            value = snippet.run(self.namespace)
            if isinstance(value, Ending) or is_coroutine(value):
                if is_coroutine(value):
                    value.close()
                raise OptionError("a definition cannot return, break, continue or await at its top level")
        except BaseException:
            snippet.show_lines()
            for name in [name for name in self.namespace if name not in before]:
                del self.namespace[name]
            self.namespace.update(before)
            raise
        self.sources.append(source)
