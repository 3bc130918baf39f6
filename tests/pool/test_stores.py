"""The commits of callers' threads: nothing that an exception could land on stands between their stores."""

from __future__ import annotations

import dis

import pytest

import nsjob.pool.pool  # all marked functions come with it
from nsjob.pool.stores import STORES, stores

# Where CPython looks for signals and asynchronous exceptions: at calls, at the turns of loops, at resumption.
_CHECKED = {
    name for name in dis.opmap if name.startswith(("CALL", "PRECALL", "JUMP_BACKWARD", "YIELD", "SEND", "FOR_"))
}


def faults(function: object) -> list[str]:
    found = []
    instructions = [i for i in dis.get_instructions(function) if i.opname not in ("CACHE", "NOT_TAKEN")]  # type: ignore[arg-type]
    for n, instruction in enumerate(instructions):
        if instruction.opname not in _CHECKED or instruction.opname == "PRECALL":
            continue
        rest = {i.opname for i in instructions[n + 1 :]}
        if not (
            instruction.opname.startswith("CALL") and rest <= {"POP_TOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}
        ):
            found.append(
                f"{instruction.opname} at line {instruction.positions.lineno if instruction.positions else '?'}"
            )
    return found


def test_the_marked_functions_are_here() -> None:
    assert nsjob.pool.pool.Pool
    assert len(STORES) > 10


@pytest.mark.parametrize("function", STORES, ids=lambda function: function.__name__)
def test_a_commit_is_one_run_of_stores(function: object) -> None:
    assert faults(function) == []


def test_a_call_or_a_loop_between_stores_is_found() -> None:
    def calls(thing: list[int]) -> None:
        thing.append(1)
        thing[0] = 2

    def loops(thing: list[int]) -> None:
        for n in thing:
            thing[n] = 0

    marked = len(STORES)
    assert faults(calls)
    assert faults(loops)
    stores(calls)
    assert len(STORES) == marked + 1
    STORES.pop()
