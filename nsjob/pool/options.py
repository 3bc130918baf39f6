"""JobOptions: how one job is to be run. Checked whole before anything of a pool changes."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from nsjob.durations import seconds
from nsjob.errors import OptionError, brief, named, nearest

if TYPE_CHECKING:
    from nsjob.pool.files import Manifest

__all__ = ["BACKGROUND", "DEFAULT", "HIGH", "LOWEST", "MAXIMUM", "NO_OPTIONS", "JobOptions", "count", "flag", "text"]

LOWEST, BACKGROUND, DEFAULT, HIGH, MAXIMUM = 0, 63, 127, 191, 255
_PRIORITIES = {"lowest": LOWEST, "background": BACKGROUND, "default": DEFAULT, "high": HIGH, "maximum": MAXIMUM}
_LONGEST_LABEL = 1_000_000


@dataclasses.dataclass(frozen=True, slots=True)
class JobOptions:
    """The options of a job; the defaults are those of a job that was given none.

    Attributes:
        detached: nobody waits for it by id; it leaves its queue when done, and a failure is logged.
        head: goes before everything that waits in its queue.
        jobid: the caller's own id.
        ifnew: with jobid: where that job exists, it is returned instead of an error.
        priority: 0 to 255, higher first, first come first served within one; or a name (lowest, background, default,
            high, maximum).
        timeout: seconds that one run may take; None for no limit.
        heartbeat: seconds within which a run must call `job.heartbeat()` again and again; None for no need to.
        retries: how many more runs after an exception or a time-out; 0 or more.
        backoff: seconds before the first retry; doubled for each later one, with jitter of up to a quarter.
        retryon: exception classes, or their names, that are retried; empty for any Exception.
        delay: seconds before which it does not start.
        at: a time (seconds since the epoch, or an aware datetime) before which it does not start.
        expires: seconds after which it is given up where it has not started; or an aware datetime.
        lifetime: seconds after which it ends, outcome `expired`, whether it waits or runs; None for no limit.
        keep: seconds for which it is kept after its end where nobody waits for it; then `Pool.cleanup` removes it. None
            for ever; with a store, for as long as that says (30 days).
        after: jobs that must end ok first: ids of the same queue, (queue, id) pairs, or Job handles.
        key: shares the queue's `maxperkey`.
        unique: while a job with this value waits or runs, that one is returned and no second one is queued.
        vars: values for the snippet's namespace.
        input: one value, `job.input`.
        files: what is copied with it, a Manifest; `Pool.queue` makes it of paths, or of {name: path}.
        workdir: whether it has a working directory of its own; or the directory in which that is made. With files it
            always has one.
        keepdir: leave the working directory of its last run where it is.
        note, topic, subtopic, group: labels, text.
        metadata: labels, names to values.
        capture_output: what it prints is kept for `output`.
    """

    detached: bool = False
    head: bool = False
    jobid: str | None = None
    ifnew: bool = False
    priority: int = DEFAULT
    timeout: float | None = None
    heartbeat: float | None = None
    retries: int = 0
    backoff: float = 1.0
    retryon: tuple[type[BaseException] | str, ...] = ()
    delay: float = 0.0
    at: float | None = None
    expires: float | None = None
    lifetime: float | None = None
    keep: float | None = None
    after: tuple[Any, ...] = ()
    key: str | None = None
    unique: str | None = None
    vars: Mapping[str, Any] | None = None
    input: Any = None
    files: Manifest | None = None
    workdir: bool | str = False
    keepdir: bool = False
    note: str = ""
    topic: str = ""
    subtopic: str = ""
    group: str = ""
    metadata: Mapping[str, Any] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    capture_output: bool = False

    _known: dict[Any, JobOptions] = dataclasses.field(init=False, default_factory=dict, compare=False, repr=False)
    direct: bool = dataclasses.field(init=False, default=True, compare=False)  # it enters at once, in its turn
    plain: bool = dataclasses.field(init=False, default=True, compare=False)  # and has no name of its own
    watched: bool = dataclasses.field(init=False, default=False, compare=False)  # something that concerns its start

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", {})
        special = self.head or self.delay or self.after or self.unique is not None
        direct = not (special or self.at is not None or self.expires is not None or self.lifetime is not None)
        limited = self.timeout is not None or self.heartbeat is not None
        object.__setattr__(self, "watched", limited or self.capture_output)
        object.__setattr__(self, "direct", direct)
        object.__setattr__(self, "plain", direct and not self.jobid)

    @property
    def housed(self) -> bool:
        """Whether it has a working directory of its own."""
        return self.files is not None or self.workdir is not False

    def changed(self, given: Mapping[str, object]) -> JobOptions:
        """Return these options with those given put in, each checked.

        Raises:
            OptionError: a name is unknown or a value cannot be used; says which would be right.
        """
        if not given:
            return self
        # Most programs give the same few options again and again: those are looked up.
        try:
            key = tuple([(name, type(value), value) for name, value in given.items() if name not in _EACH])
            base = self._known.get(key)
        except TypeError:  # a value that cannot be hashed
            return self._put_in({name: _check(name, value) for name, value in given.items()}, given)
        if base is None:
            rest = {name: value for name, value in given.items() if name not in _EACH}
            base = self._put_in({name: _check(name, value) for name, value in rest.items()}, rest)
            if len(self._known) >= _KNOWN:
                self._known.clear()
            self._known[key] = base
        if len(key) == len(given):
            if base.ifnew and base.jobid is None:
                raise OptionError("ifnew needs a jobid: which job is to be looked for")
            return base
        return base._put_in({name: _check(name, given[name]) for name in _EACH if name in given}, given)

    def _put_in(self, checked: Mapping[str, Any], given: Mapping[str, object]) -> JobOptions:
        """A copy with these values. It is on the way of every job with values of its own, so no dataclass machinery."""
        changed: JobOptions = object.__new__(JobOptions)
        for put, value in zip(_PUT, _GET(self), strict=True):
            put(changed, value)
        for name, value in checked.items():
            object.__setattr__(changed, name, value)
        changed.__post_init__()
        if changed.ifnew and changed.jobid is None and "jobid" in given:
            raise OptionError("ifnew needs a jobid: which job is to be looked for")
        if "delay" in given and "at" in given:
            raise OptionError("delay and at exclude each other: give one of them")
        return changed


def _check(name: str, value: object) -> object:
    check = _CHECKS.get(name)
    if check is None:
        raise OptionError(
            f'unknown option "{named(name)}"{nearest(name, _CHECKS) or "."} '
            f"The options of a job are {', '.join(sorted(_CHECKS))}"
        )
    return check(name, value)


def flag(name: str, value: object) -> bool:
    """Return a checked True or False."""
    if not isinstance(value, bool):
        raise OptionError(f"{name} must be True or False, but got {brief(value)}")
    return value


def text(name: str, value: object) -> str:
    """Return a checked, possibly empty text."""
    if not isinstance(value, str):
        raise OptionError(f"{name} must be text (str), but got {brief(value)}")
    if len(value) > _LONGEST_LABEL:
        raise OptionError(f"{name} has {len(value)} characters, at most {_LONGEST_LABEL} are allowed")
    return value


def name_text(name: str, value: object) -> str:
    """Return a checked text that is not empty."""
    if not text(name, value):
        raise OptionError(f"{name} must not be empty")
    return str(value)


def count(name: str, value: object, lowest: int = 0) -> int:
    """Return a checked integer from `lowest` on. The messages are ns_job's."""
    if isinstance(value, bool) or not isinstance(value, int):
        shown = f'"{value}"' if isinstance(value, str) and len(value) <= 80 else brief(value)
        raise OptionError(f"expected integer but got {shown}" + ("" if name.startswith("?") else f" for '{name}'"))
    if value < lowest:
        raise OptionError(f"expected integer in range [{lowest},MAX] for '{name}', but got {brief(value)}")
    return value


def _optional(check: Callable[[str, object], object]) -> Callable[[str, object], object]:
    return lambda name, value: None if value is None else check(name, value)


def _duration(name: str, value: object) -> float:
    try:
        return seconds(value)
    except OptionError as error:
        raise OptionError(f"{name}: {error}") from None


def _limit(name: str, value: object) -> float:
    limit = _duration(name, value)
    if limit == 0:
        raise OptionError(f"{name} must be more than 0 seconds, or None for no limit")
    return limit


def moment(name: str, value: object) -> float:
    """Return a checked moment, in seconds since the epoch."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise OptionError(f"{name} needs a datetime with a time zone, but got {value!r}")
        return value.timestamp()
    return _duration(name, value)


def _expires(name: str, value: object) -> float:
    # A datetime becomes a negative number here, so that one field tells both: seconds from now, or a moment.
    return -moment(name, value) if isinstance(value, datetime) else _limit(name, value)


def priority_number(name: str, value: object) -> int:
    """Return a checked priority, given by number or by name, as its number."""
    if isinstance(value, str):
        if value not in _PRIORITIES:
            raise OptionError(f"bad priority {brief(value)}: must be 0 to 255, or {', '.join(_PRIORITIES)}")
        return _PRIORITIES[value]
    if isinstance(value, bool) or not isinstance(value, int) or not LOWEST <= value <= MAXIMUM:
        raise OptionError(f"{name} must be 0 to 255, or one of {', '.join(_PRIORITIES)}, but got {brief(value)}")
    return value


def _retryon(name: str, value: object) -> tuple[type[BaseException] | str, ...]:
    if isinstance(value, (str, type)):
        value = (value,)
    if not isinstance(value, Iterable):
        raise OptionError(f"{name} must be exception classes or their names, but got {brief(value)}")
    kinds = tuple(value)
    for kind in kinds:
        if not (isinstance(kind, str) and kind) and not (isinstance(kind, type) and issubclass(kind, BaseException)):
            raise OptionError(f"{name} must be exception classes or their names, but got {brief(kind)}")
    return kinds


def _after(name: str, value: object) -> tuple[Any, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable) or _is_pair(value):
        return (value,)
    return tuple(value)


def _is_pair(value: object) -> bool:
    # ("scan", "job3") could be two ids or one job of another queue; the list form says two ids.
    return isinstance(value, tuple) and len(value) == 2 and all(isinstance(part, str) for part in value)


def variables(name: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise OptionError(f"{name} must map names to values, but got {brief(value)}")
    for key in value:
        if not isinstance(key, str) or not key.isidentifier():
            raise OptionError(f"{name}: {brief(key)} is not a name that Python code can use")
    return dict(value)


def _files(value: object) -> object:
    if value is not None and type(value).__name__ != "Manifest":  # its module is late: few jobs have files
        raise OptionError("files are for single jobs: they are taken by queue, queue_many, exec and range")
    return value


def _workdir(name: str, value: object) -> bool | str:
    if isinstance(value, bool):
        return value
    if isinstance(value, str | os.PathLike):
        path = os.fspath(value)
        if isinstance(path, str) and path and "\0" not in path:
            return os.path.abspath(path)
    raise OptionError(f"{name} must be True, or the directory in which it is to be made, but got {brief(value)}")


def _metadata(name: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise OptionError(f"{name} must map text to values, but got {brief(value)}")
    return MappingProxyType(dict(value))


_CHECKS: dict[str, Callable[[str, object], object]] = {
    "detached": flag,
    "head": flag,
    "jobid": _optional(name_text),
    "ifnew": flag,
    "priority": priority_number,
    "timeout": _optional(_limit),
    "heartbeat": _optional(_limit),
    "retries": count,
    "backoff": _duration,
    "retryon": _retryon,
    "delay": _duration,
    "at": _optional(moment),
    "expires": _optional(_expires),
    "lifetime": _optional(_limit),
    "keep": _optional(_duration),
    "after": _after,
    "key": _optional(text),
    "unique": _optional(text),
    "vars": _optional(variables),
    "input": lambda _, value: value,
    "files": lambda _, value: _files(value),
    "workdir": lambda name, value: _workdir(name, value),
    "keepdir": flag,
    "note": text,
    "topic": text,
    "subtopic": text,
    "group": text,
    "metadata": _metadata,
    "capture_output": flag,
}

_EACH = ("vars", "input", "files", "jobid", "metadata", "unique")  # values that each job has its own of
_KNOWN = 256
_NAMES = [field.name for field in dataclasses.fields(JobOptions)]
_GET = attrgetter(*_NAMES)
_PUT = [getattr(JobOptions, name).__set__ for name in _NAMES]

NO_OPTIONS = JobOptions()
