"""How errors are kept: what other libraries have taught pickle changes nothing."""

from __future__ import annotations

import copyreg
from collections.abc import Iterator

import pytest

import nsjob
from nsjob.store.values import kept_error, restored_error


class Taught(ValueError):
    """An exception that a library pickles in its own way."""


@pytest.fixture
def taught() -> Iterator[None]:
    def refuse(error: Taught) -> tuple[object, ...]:
        raise RecursionError("its traceback has too many frames")

    copyreg.pickle(Taught, refuse)  # type: ignore[arg-type]
    yield
    del copyreg.dispatch_table[Taught]


@pytest.mark.usefixtures("taught")
def test_an_error_is_kept_as_it_says_itself() -> None:
    found = restored_error(kept_error(Taught("by itself")))
    assert type(found) is Taught
    assert str(found) == "by itself"


def test_an_error_that_cannot_be_made_again_is_told_of() -> None:
    class Local(Exception):
        pass

    found = restored_error(kept_error(Local("gone")))
    assert type(found) is nsjob.NsjobError
    assert str(found) == "Local: gone"
