"""What a pool hears of others over SQLite: one counter tells of all commits, its own among them."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from nsjob.store.bell import Bell


class World:
    """A bell without its threads, and what it asks."""

    def __init__(self) -> None:
        self.count = 0
        self.commits = SimpleNamespace(made=0, foreign=False, watched=0.0)
        self.bell = Bell.__new__(Bell)
        self.bell._database = SimpleNamespace(dialect="sqlite", version=lambda: self.count)  # type: ignore[assignment]
        self.bell._commits = self.commits  # type: ignore[assignment]
        self.bell._made, self.bell._version, self.bell._unsure = 0, 0, 0.0

    def theirs(self) -> None:
        self.count += 1

    def ours(self, watched: bool, foreign: bool = False) -> None:
        """A commit of this pool's own; whether it has looked for others', and seen any."""
        self.count += 1
        self.commits.made += 1
        if watched:
            self.commits.watched = time.monotonic()
        self.commits.foreign = self.commits.foreign or foreign

    def heard(self) -> bool:
        return self.bell._heard()


@pytest.fixture
def world() -> World:
    return World()


def test_nothing_new(world: World) -> None:
    assert not world.heard()
    assert not world.heard()


def test_another_pools_commit_is_heard_of_once(world: World) -> None:
    world.theirs()
    assert world.heard()
    assert not world.heard()


def test_own_commits_that_saw_no_other_are_no_news(world: World) -> None:
    for _ in range(5):
        world.ours(watched=True)
        assert not world.heard()


def test_what_an_own_commit_saw_is_heard(world: World) -> None:
    world.theirs()
    world.ours(watched=True, foreign=True)
    assert world.heard()
    assert not world.heard()


def test_a_commit_beside_an_own_one_is_not_missed(world: World) -> None:
    world.ours(watched=True)
    world.theirs()
    assert not world.heard()  # it may have been the own one
    assert world.heard()  # but no own one has come that would have seen another's
    assert not world.heard()


def test_a_commit_before_an_own_one_that_did_not_look_is_not_missed(world: World) -> None:
    world.theirs()
    world.ours(watched=False)
    assert not world.heard()
    assert world.heard()
    assert not world.heard()


def test_doubt_ends_with_the_next_own_commit_that_looks(world: World) -> None:
    world.ours(watched=False)
    assert not world.heard()
    world.commits.watched = time.monotonic()  # it saw nothing, and has not changed the counter yet
    assert not world.heard()
    assert not world.heard()


def test_doubt_stays_while_own_commits_do_not_look(world: World) -> None:
    world.theirs()
    for _ in range(3):
        world.ours(watched=False)
        assert not world.heard()
    assert world.heard()
