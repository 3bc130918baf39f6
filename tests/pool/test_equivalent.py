"""Whether two jobs do the same in the same way."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nsjob


class Odd:
    """Equal to nothing: its comparison fails."""

    def __eq__(self, other: object) -> bool:
        raise ValueError

    __hash__ = None  # type: ignore[assignment]


Queue = Callable[[nsjob.Pool], nsjob.Job]


def snippet(source: str = "n", **options: Any) -> Queue:
    return lambda pool: pool.queue("q", source, **options)


def call(*arguments: Any, **options: Any) -> Queue:
    return lambda pool: pool.submit("q", *arguments, **options)


SAME = [
    (snippet("1"), snippet("1")),
    (snippet(vars={"n": 1}), snippet(vars={"n": 1})),
    (snippet(vars={"n": [1, {"a": 2}]}), snippet(vars={"n": [1, {"a": 2}]})),
    (snippet("1"), snippet("1", jobid="J", note="mine", delay=5, head=True, unique="u")),
    (snippet("1", retries=2, timeout=5), snippet("1", retries=2, timeout="5s")),
    (call(pow, 2, 3), call(pow, 2, 3)),
    (lambda pool: pool.range("q", "1..3", "1"), lambda pool: pool.range("q", range(1, 4), "1")),
]
OTHER = [
    (snippet("1"), snippet("2")),
    (snippet(vars={"n": 1}), snippet(vars={"n": 2})),
    (snippet(vars={"n": 1}), snippet(vars={"n": True})),
    (snippet(vars={"n": Odd()}), snippet(vars={"n": Odd()})),
    (snippet("1", input=1), snippet("1")),
    (snippet("1", retries=2), snippet("1")),
    (snippet("1", priority="high"), snippet("1")),
    (snippet("1", topic="a"), snippet("1", topic="b")),
    (call(pow, 2, 3), call(pow, 2, 4)),
    (call(pow, 2, 3), call(divmod, 2, 3)),
    (call(pow, 2, 3), call(pow, 2, exp=3)),
    (lambda pool: pool.range("q", "1..3", "1"), lambda pool: pool.range("q", "1..4", "1")),
    (lambda pool: pool.range("q", "1", "1"), snippet("1")),
]


@pytest.mark.parametrize(
    ("one", "other", "same"), [(*pair, True) for pair in SAME] + [(*pair, False) for pair in OTHER]
)
def test_jobs_are_compared_by_what_they_do(pool: nsjob.Pool, one: Queue, other: Queue, same: bool) -> None:
    pool.pause("q")
    first, second = one(pool), other(pool)
    assert pool.equivalent(first, second) is same
    assert pool.equivalent(second, first) is same
    assert pool.equivalent(first, first)
    assert pool.equivalent(("q", first.id), ("q", second.id)) is same


def test_files_are_compared_by_content(pool: nsjob.Pool, tmp_path: Path) -> None:
    for name, text in (("a", "one"), ("b", "one"), ("c", "two")):
        (tmp_path / name).write_text(text)
    jobs = [pool.queue("q", "1", files={"in": tmp_path / name}) for name in "abc"]
    assert pool.equivalent(jobs[0], jobs[1])
    assert not pool.equivalent(jobs[0], jobs[2])
    assert not pool.equivalent(jobs[0], pool.queue("q", "1"))


@pytest.mark.skipif(os.name != "posix", reason="it needs programs")
def test_programs_are_compared_by_their_words(pool: nsjob.Pool) -> None:
    pool.create("c", engine="command")
    pool.pause("c")
    one, other = (pool.exec("c", [sys.executable, "-V"], env={"A": "1"}) for _ in range(2))
    assert pool.equivalent(one, other)
    assert not pool.equivalent(one, pool.exec("c", [sys.executable, "-V"]))


def test_scripts_in_other_languages_are_compared_by_source_and_language(pool: nsjob.Pool) -> None:
    from nsjob.shell.session import Session

    session = Session(pool)
    pool.pause("q")  # else the end of the test interrupts one that has just begun, in an import
    session.eval("queue -lang tcl -jobid a q {list}; queue -lang tcl -jobid b q {list}; queue -jobid c q {list}")
    assert pool.equivalent(("q", "a"), ("q", "b"))
    assert not pool.equivalent(("q", "a"), ("q", "c"))


def test_jobs_that_left_are_known(pool: nsjob.Pool) -> None:
    for name in "ab":
        pool.wait("q", pool.queue("q", "1", jobid=name))
    assert pool.equivalent(("q", "a"), ("q", "b"))
    with pytest.raises(nsjob.NoSuchJob):
        pool.equivalent(("q", "a"), ("q", "nobody"))
    with pytest.raises(nsjob.OptionError, match=r"\(queue, id\)"):
        pool.equivalent("a", ("q", "b"))  # type: ignore[arg-type]
