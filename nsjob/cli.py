"""The command line: which shell, which file, which pool.

It is read by hand, without argparse, and everything else is imported when it is known what is wanted: `nsjob -c` must
start at once.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nsjob.pool.pool import Pool
    from nsjob.shell.files.sources import Source

__all__ = ["main"]

_MISUSE = 2


class Misuse(Exception):
    """The command line cannot be understood. `str()` says why."""


class Unusable(Exception):
    """The store cannot be used. `str()` says why."""


class Wish:
    """What a command line asks for.

    Attributes:
        show: `help` or `version`, where that is all that is asked for.
        commands: those after -c.
        file: the command file; `-` for standard input.
        words: what the commands get as their arguments.
        definitions: files of Python definitions.
        threads: how many jobs run at once; None for the sum of the queues'; 0 for none, over a store.
        store: where jobs are kept; empty for memory.
        limit: seconds that the file may take; None for any time.
        json, quiet, verbose, rc: as the options say.
    """

    show = ""
    commands: str | None = None
    file: str | None = None
    words: Sequence[str] = ()
    definitions: tuple[str, ...] = ()
    threads: int | None = None
    store = ""
    limit: float | None = None
    json = False
    quiet = False
    verbose = False
    rc = True


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `nsjob` with these words, or those of the command line; returns the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    if words and words[0] == "worker":
        return _worker(words[1:])
    try:
        wish = parsed(words)
    except Misuse as error:
        return _refused(f"{error}\nnsjob --help tells how it is used", _MISUSE)
    if wish.show:
        return _shown(wish.show)
    from nsjob.shell.files.sources import Unreadable

    try:
        source = _source(wish)
        return _prompt(wish) if source is None else _run(wish, source)
    except Unusable as error:
        return _refused(f"nsjob: {error}", 1)
    except Unreadable as error:
        return _refused(f"{error}{_meant(wish)}", error.code)
    except Misuse as error:
        return _refused(str(error), _MISUSE)
    except KeyboardInterrupt:  # before there was anything to be stopped: while standard input was read
        return _refused("interrupted", 130)


# -- what is wanted ---------------------------------------------------------------------------------------------------

_FLAGS = {
    "-q": "quiet",
    "--quiet": "quiet",
    "-v": "verbose",
    "--verbose": "verbose",
    "--json": "json",
    "--norc": "norc",
    "-h": "help",
    "--help": "help",
    "--version": "version",
}
_WITH_VALUE = ("-c", "--define", "--store", "--threads", "--timeout")


def parsed(words: Sequence[str]) -> Wish:
    """What these words ask for. Options end where the file, or what follows -c, begins.

    Raises:
        Misuse: they make no sense.
    """
    wish = Wish()
    at = 0
    while at < len(words):
        word = words[at]
        if word == "--":
            at += 1
            break
        if word == "-" or not word.startswith("-"):
            break
        at += 1
        flag = _FLAGS.get(word)
        if flag in ("help", "version"):
            wish.show = flag
            return wish
        if flag == "norc":
            wish.rc = False
            continue
        if flag is not None:
            setattr(wish, flag, True)
            continue
        option, equals, value = word.partition("=")
        if option not in _WITH_VALUE or (equals and option == "-c"):
            raise Misuse(_unknown(word))
        if not equals:
            if at >= len(words):
                raise Misuse(f"{option} needs a value: {_NEEDED[option]}")
            value = words[at]
            at += 1
        if option == "-c":
            wish.commands, wish.words = value, words[at:]
            at = len(words)
            break
        if option == "--define":
            wish.definitions += (value,)
        elif option == "--threads":
            wish.threads = _threads(value)
        elif option == "--store":
            wish.store = _store(value)
        else:
            wish.limit = _limit(value)
    if wish.threads == 0 and not wish.store:
        raise Misuse("--threads 0 runs nothing, which makes sense over a --store only: there other processes do")
    if at < len(words):
        wish.file, wish.words = words[at], words[at + 1 :]
    return wish


_NEEDED = {
    "-c": "the commands",
    "--define": "a file",
    "--store": "a URL or a file",
    "--threads": "a number",
    "--timeout": "a time such as 90 or 10m",
}


def _unknown(word: str) -> str:
    from nsjob.errors import nearest

    option = word.partition("=")[0]
    if option in _FLAGS or option == "-c":
        return f'{option} takes no "="'
    return f"there is no option {option}{nearest(option, [*_FLAGS, *_WITH_VALUE])}"


def _threads(value: str) -> int:
    try:
        count = int(value)
    except ValueError:
        count = -1
    if count < 0:
        raise Misuse(f'--threads takes a number, 1 or more, or 0 over a --store, but got "{value}"')
    return count


def _store(value: str) -> str:
    if not value:
        raise Misuse("--store needs a value: a URL or a file")
    return value


def _limit(value: str) -> float:
    from nsjob.durations import seconds
    from nsjob.errors import OptionError

    try:
        limit = seconds(value)
    except OptionError as error:
        raise Misuse(f"--timeout: {error}") from None
    if limit <= 0:
        raise Misuse(f'--timeout takes a time of more than 0, but got "{value}"')
    return limit


def _source(wish: Wish) -> Source | None:
    """The commands to be run, or None where there shall be a prompt.

    Raises:
        Unreadable, Misuse.
    """
    from nsjob.shell.files.sources import file_source, standard_source, word_source

    if wish.commands is not None:
        return word_source(wish.commands)
    if wish.file is not None and wish.file != "-":
        return file_source(wish.file)
    if wish.file == "-" or sys.stdin is None or not sys.stdin.isatty():
        return standard_source()
    for given, option in (
        (wish.json, "--json"), (wish.quiet, "-q"), (wish.verbose, "-v"), (wish.limit is not None, "--timeout")
    ):  # fmt: skip
        if given:
            raise Misuse(f"{option} is for command files, and for commands after -c: there is no file")
    return None


# -- doing it ---------------------------------------------------------------------------------------------------------


def _run(wish: Wish, source: Source) -> int:
    gc.disable()  # until `run` begins: what is imported stays, and to look for garbage in it takes a tenth of the start
    from nsjob.shell.files.running import Ways, run

    opened = cache(partial(_pool, wish))
    if wish.definitions or wish.threads is not None or wish.store:  # what is wrong is said before anything runs
        failed = _defined(opened(), wish.definitions)
        if failed:
            return failed
    ways = Ways(wish.json, wish.quiet, wish.verbose, wish.limit, bool(wish.store))
    return run(opened, source, source.path or "nsjob", wish.words, ways)


def _prompt(wish: Wish) -> int:
    try:
        from nsjob.shell import prompt
    except ImportError as error:
        return _refused(
            f"nsjob: the prompt needs {error.name or error}: python -m pip install {error.name or 'nsjob'}", 1
        )
    opened = partial(_pool, wish)
    if wish.definitions or wish.threads is not None or wish.store:  # else the prompt is there before the pool is
        pool = opened()
        failed = _defined(pool, wish.definitions)
        if failed:
            return failed
        opened = partial(_same, pool)
    return int(prompt.run(opened, argv=list(wish.words), rc=wish.rc))


def _same(pool: Pool) -> Pool:
    return pool


def _pool(wish: Wish) -> Pool:
    import nsjob.engines  # noqa: F401  registers the engines that every pool has
    from nsjob.errors import OptionError, StoreError
    from nsjob.pool.pool import Pool

    try:
        place: Any = {"store": wish.store} if wish.store else {}
        return Pool(wish.threads, **place)
    except StoreError as error:
        raise Unusable(error) from None
    except OptionError as error:
        raise Misuse(str(error) if wish.store else f"--threads: {error}") from None


def _worker(words: Sequence[str]) -> int:
    """Run `nsjob worker` with these words."""
    from nsjob.shell.worker.wish import Misuse as WorkerMisuse
    from nsjob.shell.worker.wish import parsed as worker_wish

    try:
        wish = worker_wish(words)
    except WorkerMisuse as error:
        return _refused(f"{error}\nnsjob worker --help tells how it is used", _MISUSE)
    if wish.show:
        return _shown("worker")
    import nsjob.engines  # noqa: F401  registers the engines that every pool has
    from nsjob.errors import OptionError, StoreError
    from nsjob.pool.pool import Pool
    from nsjob.shell.worker.working import work

    named = ("store", "name", "lease", "maxpoll", "queues", "topics", "timeout")
    given: dict[str, Any] = {"waiting": True, **{name: getattr(wish, name) for name in named}}

    def opened() -> Any:
        pool: Any = Pool(wish.threads, **given)
        return pool

    try:
        return work(opened, wish)
    except OptionError as error:
        return _refused(str(error), _MISUSE)
    except StoreError as error:
        return _refused(f"nsjob: {error}", 1)


def _defined(pool: Pool, files: Sequence[str]) -> int:
    """Give all jobs the definitions of some files. Returns 0, or the exit code where one of them fails."""
    if not files:
        return 0
    from nsjob.shell.files.definitions import Undefined, define

    try:
        for file in files:
            define(pool, file)
    except Undefined as error:
        pool.shutdown(cancel=True)
        return _refused(str(error), 1)
    return 0


def _shown(what: str) -> int:
    if what == "version":
        text = f"nsjob {sys.modules['nsjob'].__version__}\n"
    elif what == "worker":
        from nsjob.shell.worker.usage import HELP as WORKER_HELP

        text = WORKER_HELP
    else:
        from nsjob.shell.files.usage import HELP

        text = HELP
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, AttributeError):  # nobody reads it, or there is no output
        from nsjob.shell.files.streams import finished

        finished()
        return 1
    return 0


def _refused(sentence: str, code: int) -> int:
    """Say why nothing was run; what is wrong within a file begins with its name and line, as an editor likes it."""
    from nsjob.shell.files.streams import say

    say(sentence if code == 1 else f"nsjob: {sentence}")
    return code


def _meant(wish: Wish) -> str:
    """What to add where a command was given for the name of a file."""
    from nsjob.commands.words import WORDS

    return ". It is a command: those come after -c" if wish.file in WORDS else ""
