"""Work: what a job is to do, a snippet or a call. Knows how to start the body and how to name it."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from nsjob.pool.context import JobContext, Succeeded
from nsjob.snippet import Ending, Snippet, is_coroutine

if TYPE_CHECKING:
    from nsjob.pool.engine import Host, Run
    from nsjob.pool.job import Job
    from nsjob.pool.options import JobOptions

__all__ = [
    "Bound",
    "Call",
    "Hooked",
    "Hosted",
    "Housed",
    "Program",
    "Script",
    "Templated",
    "Work",
    "inner",
    "options_of",
    "perform",
    "perform_work",
    "template_of",
]


_NONE: dict[str, Any] = {}  # one for all: a call hands over a copy


class Work(Protocol):
    """What an engine runs."""

    @property
    def source(self) -> str:
        """What `joblist` shows as the job's script."""

    @property
    def quick(self) -> Any:
        """A code object, where evaluating it in a namespace of its own is all there is to do, or None."""


class Call:
    """A callable with its arguments."""

    __slots__ = ("args", "function", "kwargs")
    quick = None

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.function = function
        self.args = args
        self.kwargs = kwargs or _NONE

    @property
    def source(self) -> str:
        function = self.function
        name = getattr(function, "__qualname__", None) or type(function).__qualname__
        return f"{getattr(function, '__module__', None) or ''}.{name}(...)".lstrip(".")


class Script:
    """A body in another language than Python.

    Arguments:
        source: what `joblist` shows as the job's script.
        function: called with the job's options, in the thread that runs the job; returns its value or an Ending.
        lang: the language's name, by which another process makes the same of the source.
    """

    __slots__ = ("function", "lang", "source")
    quick = None

    def __init__(self, source: str, function: Callable[[JobOptions], Any], lang: str = "") -> None:
        self.source = source
        self.function = function
        self.lang = lang


class Bound:
    """A snippet with values, which stand here so that jobs with values of their own can share their options."""

    __slots__ = ("input", "snippet", "vars")
    quick = None

    def __init__(self, snippet: Snippet, variables: Mapping[str, Any] | None, one: Any) -> None:
        self.snippet = snippet
        self.vars = variables
        self.input = one

    @property
    def source(self) -> str:
        return self.snippet.source


class Program:
    """A program with its arguments.

    Attributes:
        argv: the program and its arguments.
        cwd: the directory in which it runs; empty for that of this process.
        env: variables on top of this process's.
        stdin: what it reads; None for nothing.
        open_stdin: whether more can be sent while it runs.
    """

    __slots__ = ("argv", "cwd", "env", "open_stdin", "stdin")
    quick = None

    def __init__(self, argv: list[str], cwd: str, env: Mapping[str, str], stdin: str | None, open_stdin: bool) -> None:
        self.argv = argv
        self.cwd = cwd
        self.env = env
        self.stdin = stdin
        self.open_stdin = open_stdin

    @property
    def source(self) -> str:
        import shlex  # late: only programs pay for it

        return shlex.join(self.argv)


class Hosted:
    """Work that a pool thread has done elsewhere, by the host of its queue."""

    __slots__ = ("host", "work")
    quick = None

    def __init__(self, host: Host, work: Work) -> None:
        self.host = host
        self.work = work

    @property
    def source(self) -> str:
        return self.work.source


class Hooked:
    """Work with scripts of its queue that run before and after it, in the pool's thread."""

    __slots__ = ("after", "before", "work")
    quick = None

    def __init__(self, before: Work | None, work: Work, after: Work | None) -> None:
        self.before = before
        self.work = work
        self.after = after

    @property
    def source(self) -> str:
        return self.work.source


class Housed:
    """Work in a working directory of its own, with the files of its job in it."""

    __slots__ = ("work",)
    quick = None

    def __init__(self, work: Work) -> None:
        self.work = work

    @property
    def source(self) -> str:
        return self.work.source


class Templated:
    """Work that was queued from a template. The job's input is checked again before it begins.

    Attributes:
        template: the template's name.
        check: called with the input; raises where that is not as the template wants it. None for any input.
    """

    __slots__ = ("check", "template", "work")
    quick = None

    def __init__(self, template: str, check: Callable[[Any], object] | None, work: Work) -> None:
        self.template = template
        self.check = check
        self.work = work

    @property
    def source(self) -> str:
        return self.work.source


def inner(work: Work) -> Work:
    """The work itself, wherever it is done and whatever is done around it."""
    while isinstance(work, Hosted | Hooked | Templated | Housed):
        work = work.work
    return work


def template_of(work: Work) -> str:
    """The name of the template that a job was queued from; empty for other jobs."""
    return work.template if isinstance(work, Templated) else ""


def options_of(work: Work, options: JobOptions) -> JobOptions:
    """The options of a job, its own values among them."""
    work = inner(work)
    if type(work) is not Bound:
        return options
    given = {"vars": work.vars, "input": work.input}
    return options.changed({name: value for name, value in given.items() if value is not None})


def perform(run: Run) -> Any:
    """Run the body of `run` in this thread and return its value: any object, an Ending, or a coroutine of either."""
    return perform_work(run.definitions, run.job, lambda: run)


def perform_work(definitions: dict[str, Any], job: Job, run: Callable[[], Run]) -> Any:
    """The same; `run` is called where the body wants to see its job."""
    return _perform(job._work, definitions, job, run)


def _perform_hooked(work: Hooked, definitions: dict[str, Any], job: Job, run: Callable[[], Run]) -> Any:
    """The script before, the work, and the script after; that also where the work failed, unless by an interrupt."""
    if work.before is not None:
        _awaited(_perform(work.before, definitions, job, run))
    try:
        value = _awaited(_perform(work.work, definitions, job, run))
    except Succeeded as ended:
        value = ended.value
    except Exception:
        if work.after is not None:
            _awaited(_perform(work.after, definitions, job, run))
        raise
    if work.after is not None:
        _awaited(_perform(work.after, definitions, job, run))
    return value


def _enter_workdir(run: Run) -> None:
    """Make the working directory of a run, with the files of its job. The end of the run removes it."""
    from nsjob.pool.files import remove_directory, unpack, workdir_path  # late: few jobs have one

    job, core = run.job, run.core
    options = job._options
    particulars = job._particulars
    before = particulars.workdir if particulars is not None else ""
    if before:  # of a run before, whose directory was kept
        remove_directory(before)
    parent = options.workdir if isinstance(options.workdir, str) else ""
    path = workdir_path(parent, job.queue, job.id)
    core.guarded(core.house, run, path)  # before it is there: an interrupt leaves nothing behind
    unpack(options.files.entries if options.files is not None else (), core.depot and core.depot.store, path)


def _awaited(value: Any) -> Any:
    if is_coroutine(value):
        import asyncio  # late: only who awaits pays for it

        return asyncio.run(value)
    return value


def _perform(work: Any, definitions: dict[str, Any], job: Job, run: Callable[[], Run]) -> Any:
    kind = type(work)
    if kind is Call:
        return work.function(*work.args, **work.kwargs)
    if kind is Hooked:
        return _perform_hooked(work, definitions, job, run)
    if kind is Housed:
        _enter_workdir(run())
        return _perform(work.work, definitions, job, run)
    if kind is Templated:
        if work.check is not None:
            work.check(job.options.input)
        return _perform(work.work, definitions, job, run)
    if kind is Hosted:
        value = work.host.perform(run(), work.work)
        if type(value) is Ending:
            run()
        return value
    if kind is Script:
        value = work.function(job._options)
        if type(value) is Ending:
            run()
        return value
    variables = None
    if kind is Bound:
        variables = work.vars
        work = work.snippet
    namespace = definitions.copy()
    if work.needs_job:
        namespace["job"] = JobContext(run())
        if work.needs_builtins:
            # The snippet can reach its builtins as an object; what it deletes there is its own copy.
            namespace["__builtins__"] = vars(builtins).copy()
    if variables:
        namespace.update(variables)
    value = work.run(namespace)
    if type(value) is Ending:
        run()  # where there is a Run, a job's end is looked at
    return value
