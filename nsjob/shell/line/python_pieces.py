"""Python pieces: Python source with its colours, by pygments; what was lexed last is remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

__all__ = ["python_pieces"]

_lexer: Callable[[str], Iterator[tuple[int, tuple[str, ...], str]]] | None = None


@lru_cache(maxsize=64)
def python_pieces(source: str) -> list[tuple[int, str, str]]:
    """Python source in pieces: the offset of each, its style and its text."""
    global _lexer
    if _lexer is None:
        # late: not every line has Python in it
        from pygments.lexers.python import PythonLexer  # type: ignore[import-untyped]

        _lexer = PythonLexer().get_tokens_unprocessed
    return [(at, "class:pygments." + ".".join(kind).lower(), text) for at, kind, text in _lexer(source)]
