"""IndexSet against a plain set."""

from __future__ import annotations

import pickle
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsjob.errors import OptionError
from nsjob.pool.indexes import HIGHEST, IndexSet

indexes = st.integers(0, 60)
plain_sets = st.sets(indexes)


def whole(made: IndexSet, plain: set[int]) -> bool:
    """Whether the set has those indexes, and its runs are in order and as few as can be."""
    runs = list(made.runs())
    apart = all(before[1] + 1 < after[0] for before, after in pairwise(runs))
    return (
        apart and all(first <= last for first, last in runs) and list(made) == sorted(plain) and len(made) == len(plain)
    )


@given(plain_sets)
def test_the_text_of_a_set_makes_the_same_set_again(plain: set[int]) -> None:
    made = IndexSet(plain)
    assert whole(made, plain)
    again = IndexSet.parse(str(made))
    assert again == made
    assert str(again) == str(made)
    assert pickle.loads(pickle.dumps(made)) == made
    assert bool(made) == bool(plain)


@given(st.lists(st.tuples(indexes, indexes)))
def test_a_text_may_name_runs_in_any_order_and_more_than_once(runs: list[tuple[int, int]]) -> None:
    text = ",".join(f"{min(run)}..{max(run)}" for run in runs)
    plain = {index for run in runs for index in range(min(run), max(run) + 1)}
    assert whole(IndexSet.parse(text), plain)


@given(plain_sets, st.lists(st.tuples(st.sampled_from(["add", "discard", "pop", "pop_first"]), indexes)))
def test_each_change_is_that_of_a_plain_set(plain: set[int], steps: list[tuple[str, int]]) -> None:
    made = IndexSet(plain)
    copy = made.copy()
    before = set(plain)
    for step, number in steps:
        if step == "pop":
            if plain:
                assert made.pop() == min(plain)
                plain.remove(min(plain))
            else:
                with pytest.raises(KeyError):
                    made.pop()
        elif step == "pop_first":
            taken = set(sorted(plain)[:number])
            assert whole(made.pop_first(number), taken)
            plain -= taken
        else:
            getattr(made, step)(number)
            getattr(plain, step)(number)
        assert whole(made, plain)
        assert all((index in made) == (index in plain) for index in range(62))
    assert whole(copy, before)


@given(plain_sets, plain_sets, st.integers(0, 70))
def test_union_difference_and_the_first_ones(one: set[int], other: set[int], count: int) -> None:
    made, second = IndexSet(one), IndexSet(other)
    assert whole(made | second, one | other)
    assert whole(made - second, one - other)
    assert whole(made.first(count), set(sorted(one)[:count]))
    assert whole(made, one)
    assert whole(second, other)
    assert (made == second) == (one == other)


def test_a_million_indexes_take_no_room() -> None:
    tracemalloc.start()
    try:
        made = IndexSet.parse("1..1000000")
        made.discard(500_000)
        assert (len(made), str(made), 500_000 in made, 999_999 in made) == (
            999_999, "1..499999,500001..1000000", False, True,
        )  # fmt: skip
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
    assert str(IndexSet(range(3, 1_000_000))) == "3..999999"
    assert str(IndexSet(range(9, 4, -1))) == "5..9"
    assert str(IndexSet(range(0, 7, 3))) == "0,3,6"
    assert str(IndexSet(range(0))) == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "bad indexes 'a': must be indexes and runs of them with commas between, like 1..1000 or 5..9,12"),
        ("1,,2", "bad indexes '' in '1,,2': must be indexes and runs of them"),
        ("1-9", "bad indexes '1-9': must be indexes and runs of them"),
        ("-1..5", "bad indexes '-1..5': must be indexes and runs of them"),
        ("1...5", "bad indexes '1...5': must be indexes and runs of them"),
        ("9..5", "bad indexes 9..5: must begin with the lower one, 5..9"),
        (f"{HIGHEST + 1}", f"an index must be 0 to {HIGHEST}, but got {HIGHEST + 1}"),
        ("1" * 5000, f"must be 0 to {HIGHEST}"),
        ("٣", "must be indexes and runs of them"),
    ],
)
def test_a_text_that_is_no_set_is_answered_with_what_would_be_right(text: str, message: str) -> None:
    with pytest.raises(OptionError) as caught:
        IndexSet.parse(text)
    assert message in str(caught.value)


def test_what_a_caller_may_mean() -> None:
    assert str(IndexSet.of(" 12 , 5 .. 9 ")) == "5..9,12"
    assert str(IndexSet.of(range(10))) == "0..9"
    assert str(IndexSet.of(iter([3, 1, 2]))) == "1..3"
    assert str(IndexSet.of(IndexSet([7]))) == "7"
    assert str(IndexSet.of(" ")) == ""
    for wrong in (10, None, b"1", 1.5):
        with pytest.raises(OptionError, match="indexes must be text like 1..1000, a range, or integers, but got "):
            IndexSet.of(wrong)
    with pytest.raises(OptionError, match="an index must be an integer, but got '1'"):
        IndexSet.of(["1"])
    with pytest.raises(OptionError, match="an index must be an integer, but got True"):
        IndexSet.of([True])
    with pytest.raises(OptionError, match=f"an index must be 0 to {HIGHEST}, but got -1"):
        IndexSet.of([-1])
    with pytest.raises(OptionError, match="an index must be 0 to"):
        IndexSet.of(range(-5, 5))


def test_the_brief_text_ends_between_two_runs() -> None:
    made = IndexSet(range(0, 1000, 2))
    assert made.brief(10) == "0,2,4,6,8,..."
    assert IndexSet([1, 2, 3, 9]).brief() == "1..3,9"
    assert IndexSet([10**18]).brief(3) == str(10**18)
    assert len(made.brief()) <= 105
    assert repr(IndexSet([1])) == "IndexSet.parse('1')"
    assert IndexSet([1]) != "1"
    assert "1" not in IndexSet([1])
