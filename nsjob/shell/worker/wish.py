"""Wish: what the command line of `nsjob worker` asks for. It is read by hand, as that of `nsjob` is."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Misuse", "Wish", "parsed"]


class Misuse(Exception):
    """The command line cannot be understood. `str()` says why."""


class Wish:
    """What a worker shall do.

    Attributes:
        show: whether only the help is asked for.
        store: where the jobs are.
        queues, topics: which jobs it takes; none for all.
        threads: how many jobs run at once; None for as many as the queues allow.
        lease: seconds for which its jobs are its own without a word from it.
        timeout: seconds that a job may run that has no time limit of its own; None for any time.
        maxpoll: seconds between two looks at the store at most.
        idle: seconds without a job after which it ends; None for never.
        name: what it is called in the store.
        drain: whether it ends when its queues are drained and empty.
        quiet, verbose: as the options say.
    """

    show = False
    store = ""
    queues: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    threads: int | None = None
    lease = 60.0
    timeout: float | None = None
    maxpoll = 5.0
    idle: float | None = None
    name: str | None = None
    drain = False
    quiet = False
    verbose = False


_FLAGS = {
    "-q": "quiet", "--quiet": "quiet", "-v": "verbose", "--verbose": "verbose", "--drain": "drain", "-h": "show",
    "--help": "show",
}  # fmt: skip
_LISTS = {"--queue": "queues", "--topic": "topics"}
_TIMES = ("--lease", "--timeout", "--maxpoll", "--idle")
_NEEDED = {
    "--store": "a URL or a file", "--queue": "a queue's name", "--topic": "a topic", "--threads": "a number",
    "--name": "a name", **dict.fromkeys(_TIMES, "a time such as 90 or 10m"),
}  # fmt: skip


def parsed(words: Sequence[str]) -> Wish:
    """What these words, which follow `nsjob worker`, ask for.

    Raises:
        Misuse: they make no sense.
    """
    wish = Wish()
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        flag = _FLAGS.get(word)
        if flag is not None:
            setattr(wish, flag, True)
            if wish.show:
                return wish
            continue
        option, equals, value = word.partition("=")
        if option not in _NEEDED:
            raise Misuse(_unknown(option))
        if not equals:
            if at >= len(words):
                raise Misuse(f"{option} needs a value: {_NEEDED[option]}")
            value = words[at]
            at += 1
        _take(wish, option, value)
    if not wish.store:
        raise Misuse("a worker needs a store: --store jobs.db, or --store postgresql://USER@HOST/DATABASE")
    return wish


def _take(wish: Wish, option: str, value: str) -> None:
    if option in _LISTS:
        if not value:
            raise Misuse(f"{option} needs a value: {_NEEDED[option]}")
        name = _LISTS[option]
        setattr(wish, name, (*getattr(wish, name), value))
    elif option == "--threads":
        wish.threads = _threads(value)
    elif option in _TIMES:
        setattr(wish, option[2:], _time(option, value))
    elif not value:
        raise Misuse(f"{option} needs a value: {_NEEDED[option]}")
    elif option == "--store":
        wish.store = value
    else:
        wish.name = value


def _threads(value: str) -> int:
    try:
        count = int(value)
    except ValueError:
        count = 0
    if count < 1:
        raise Misuse(f'--threads takes a number, 1 or more, but got "{value}"')
    return count


def _time(option: str, value: str) -> float:
    from nsjob.durations import seconds
    from nsjob.errors import OptionError

    try:
        time = seconds(value)
    except OptionError as error:
        raise Misuse(f"{option}: {error}") from None
    if time <= 0 and option != "--idle":
        raise Misuse(f'{option} takes a time of more than 0, but got "{value}"')
    return time


def _unknown(option: str) -> str:
    if option in _FLAGS:
        return f'{option} takes no "="'
    if not option.startswith("-"):
        return f'a worker takes options only, but got "{option}"'
    from nsjob.errors import nearest

    return f"worker has no option {option}{nearest(option, [*_FLAGS, *_NEEDED])}"
