"""The option -json of the commands that answer with records: the same answer, as a line of JSON."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from nsjob.commands.records import EXACT
from nsjob.commands.spec import Option, Spec

if TYPE_CHECKING:
    from nsjob.commands.shell import Shell

__all__ = ["with_json"]

_DOC = "Answer in JSON, on one line: what is missing is null, and what is so or not is true or false."


def with_json(spec: Spec) -> None:
    """Give a declaration the option."""
    function = spec.function

    @wraps(function)
    def answer(shell: Shell, *arguments: Any, json: bool = False, **options: Any) -> Any:
        if not json:
            return function(shell, *arguments, **options)
        from nsjob.commands.json_lines import json_line  # late: only who writes JSON pays for it

        mark = EXACT.set(True)
        try:
            return json_line(function(shell, *arguments, **options))
        finally:
            EXACT.reset(mark)

    spec.function = answer
    spec.options = {**spec.options, "-json": Option("-json", "json", None, _DOC, False)}
