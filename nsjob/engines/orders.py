"""The near side: makes orders for work that is done elsewhere, and job outcomes of the answers."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Mapping
from types import FunctionType
from typing import TYPE_CHECKING, Any, cast

from nsjob.engines.messages import Answer, Beat, Failed, Line, Place, Printed, Progress, Sleepy
from nsjob.errors import CannotPickle
from nsjob.pool.context import Requeued, Snoozed
from nsjob.pool.work import Bound, Call, Work
from nsjob.snippet import Ending, Snippet

if TYPE_CHECKING:
    from nsjob.pool.engine import Run
    from nsjob.pool.job import Job

__all__ = ["heard", "order", "order_ahead", "outcome"]

_LONGEST_LOG = 1_000
_PLAIN = (str, int, float, bool, bytes, type(None))


def order(run: Run, work: Work, first: int) -> tuple[bytes, int]:
    """What a place needs to do a run, the fields of an Order, pickled; and how many definitions it knows of then.

    Arguments:
        first: how many definitions it knows of now.

    Raises:
        CannotPickle: a value cannot be carried over.
    """
    job = run.job
    definitions = tuple(run.core.definitions.sources[first:])
    last = run.attempt, run.index, run.output is not None, *_house(run)
    call = _call(work) if type(work) is Call else None
    return _packed(job, work, call, first, definitions, last), first + len(definitions)


def order_ahead(job: Job, work: Work, first: int) -> bytes | None:
    """The order of a plain job that has not started. It brings no definitions.

    None where code of its values' classes would run: that is for the job's own turn.
    """
    if type(work) is Call:
        call = _named(work)
        plain = call is not None
    else:
        call = None
        plain = type(work) is not Bound or (work.input is None and _are_plain(work.vars))
    return _packed(job, work, call, first, (), (1, None, False, "", None, False)) if plain else None


def _packed(job: Job, work: Work, call: Any, first: int, definitions: tuple[str, ...], last: tuple[Any, ...]) -> bytes:
    source = filename = variables = one = None
    if type(work) is not Call:
        if type(work) is Bound:
            variables, one = work.vars, work.input
            work = work.snippet
        snippet = cast(Snippet, work)
        source, filename = snippet.source, snippet.filename
    made = (  # a plain tuple is pickled at a tenth of the price
        first, definitions, source, filename or "", call, variables, one, job.id, job.queue, *last,
    )  # fmt: skip
    plain = one is None and _are_plain(variables)
    return pickle.dumps(made, pickle.HIGHEST_PROTOCOL) if plain else pickled(made, "a value of -vars or -input")


def _are_plain(variables: Mapping[str, Any] | None) -> bool:
    return not variables or all(type(value) in _PLAIN for value in variables.values())


def _call(work: Call) -> bytes | tuple[str, str, tuple[Any, ...], Mapping[str, Any]]:
    return _named(work) or pickled((work.function, work.args, work.kwargs), "the call")


def _named(work: Call) -> tuple[str, str, tuple[Any, ...], Mapping[str, Any]] | None:
    """A call by names, where both are plain, the function and its arguments."""
    function, arguments, keywords = work.function, work.args, work.kwargs
    if type(function) is FunctionType and not keywords and all(type(value) in _PLAIN for value in arguments):
        module, name = function.__module__, function.__qualname__
        home = sys.modules.get(module)
        if home is not None and module != "__main__" and home.__dict__.get(name) is function:
            return module, name, arguments, keywords  # what pickle would make of it, without a pickle in a pickle
    return None


def _house(run: Run) -> tuple[str, Any, bool]:
    """The last fields of an Order: a working directory that is here, or what to make one of elsewhere."""
    options = run.job._options
    if run.workdir or not options.housed or not run.job._queue.pushed:
        return run.workdir, None, False
    from nsjob.pool.files import Contents  # late: few jobs have one

    contents = Contents()
    manifest = options.files
    for digest in manifest.hashes if manifest is not None else ():
        contents[digest] = b"".join(run.core.depot.store.get(digest))
    parent = options.workdir if isinstance(options.workdir, str) else ""
    return parent, (manifest.entries if manifest is not None else (), contents), options.keepdir


def pickled(value: Any, what: str) -> bytes:
    """A value for another process.

    Raises:
        CannotPickle: it cannot be.
    """
    try:
        data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        if b"__main__" not in data:  # the other process has another main module
            return data
    except Exception:  # lambdas, closures, ...
        pass
    import cloudpickle  # late: only what plain pickle cannot do

    try:
        data = bytes(cloudpickle.dumps(value))
    except Exception as error:
        raise CannotPickle(f"{what} cannot be pickled, so no other process can have it: {error}") from error
    return data


def heard(run: Run, message: Any) -> None:
    """What a body said on its way."""
    core = run.core
    kind = type(message)
    if kind is Progress:
        core.locked(core.progress, run, message.done, message.total, message.note)
    elif kind is Line:
        core.locked(core.note_line, run, message.text, _LONGEST_LOG)
    elif kind is Beat:
        core.locked(core.heartbeat, run)
    elif kind is Place:
        run.job._ran_at = message.host, message.pid
    elif kind is Printed and run.output is not None:
        run.output.write(message.text)


def outcome(run: Run, answer: Answer) -> Any:
    """The value of a run, or an Ending; its error is raised."""
    if type(answer) is tuple:
        value, code = cast("tuple[Any, str | None]", answer)
        return value if code is None else Ending(code, value)
    if type(answer) is Sleepy:
        run.snoozed = answer.seconds
        raise Requeued if answer.requeued else Snoozed
    assert type(answer) is Failed
    error = answer.error
    if answer.traceback is not None:
        from tblib import Traceback  # late: only failures pay for it

        error = error.with_traceback(Traceback.from_dict(answer.traceback).as_traceback())
    raise error
