"""Specifications: whether two jobs do the same in the same way, whatever they are called and whenever they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nsjob.pool.work import Call, Program, Script, Work, inner, options_of

if TYPE_CHECKING:
    from nsjob.pool.options import JobOptions

__all__ = ["equivalent"]

# What names a job, says when it is to run, or describes it in words of its own.
_APART = frozenset("detached head jobid ifnew delay at expires lifetime keep after unique note".split())


def equivalent(work: Work, options: JobOptions, other_work: Work, other_options: JobOptions) -> bool:
    """Whether two jobs have the same body, values, files and options; see `Pool.equivalent`.

    Arguments:
        work, options: of one job.
        other_work, other_options: of the other.
    """
    if _body(work) != _body(other_work):
        return False
    one, other = options_of(work, options), options_of(other_work, other_options)
    names = [name for name, field in type(one).__dataclass_fields__.items() if field.init and name not in _APART]
    body, other_body = inner(work), inner(other_work)
    if type(body) is Call and type(other_body) is Call:
        calls = zip(_call(body), _call(other_body), strict=True)
        if not all(_same(value, another) for value, another in calls):
            return False
    return all(_same(getattr(one, name), getattr(other, name)) for name in names)


def _body(work: Work) -> tuple[Any, ...]:
    """What is compared of a body, save what a call is given."""
    body = inner(work)
    if type(body) is Program:
        return Program, body.argv, body.cwd, dict(body.env), body.stdin, body.open_stdin
    if type(body) is Script:
        return Script, body.source, body.lang
    return type(body) is Call, body.source


def _call(call: Call) -> tuple[Any, ...]:
    return call.function, call.args, call.kwargs


def _same(value: Any, other: Any) -> bool:
    """Whether two values are equal, and of the same type: 1 is not True."""
    if value is other:
        return True
    if type(value) is not type(other):
        return False
    if type(value) is dict:
        return value.keys() == other.keys() and all(_same(one, other[name]) for name, one in value.items())
    if type(value) is list or type(value) is tuple:
        return len(value) == len(other) and all(map(_same, value, other))
    try:
        return bool(value == other)
    except Exception:  # a comparison of its own that fails, or whose answer is neither true nor false
        return False
