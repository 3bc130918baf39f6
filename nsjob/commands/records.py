"""Records: what the pool answers about itself, as Tcl dicts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from nsjob.errors import NsjobError
from nsjob.pool.options import NO_OPTIONS, JobOptions
from nsjob.pool.records import Found, JobInfo, JobReport, Settings, TemplateInfo
from nsjob.tcl.values import TclDict

__all__ = [
    "EXACT",
    "found_record",
    "job_record",
    "message",
    "record",
    "report_record",
    "settings_record",
    "template_record",
]

EXACT: ContextVar[bool] = ContextVar("nsjob.exact", default=False)
"""Whether records keep what Tcl has no form for: nothing, true and false."""
_STATUSES = {
    "scheduled": "pending",
    "running": "running",
    "ok": "done",
    "cancelled": "canceled",
    "timeout": "timeout",
    "expired": "timeout",
    "error": "error",
}
_WHOLE = ("time", "starttime", "endtime")  # ns_job gives these without a fraction
_TIMES = ("timeout", "logminduration", "grace")


def message(error: BaseException) -> str:
    """What an exception says, as a message: never empty, and understood without the name of its class."""
    try:
        said = str(error)
    except Exception:  # its own __str__ failed
        said = "(its text cannot be had)"
    if isinstance(error, NsjobError):
        return said
    if isinstance(error, SystemExit):
        return f"the job called exit {said}".rstrip()
    if not said or type(error) is KeyError:
        return f"{type(error).__name__}: {said}" if said else type(error).__name__
    return said


def record(answer: Any) -> TclDict:
    """A frozen record of the pool, field by field."""
    return TclDict({field.name: _value(getattr(answer, field.name)) for field in dataclasses.fields(answer)})


def job_record(info: JobInfo) -> TclDict:
    """A job, as `joblist` tells."""
    found = record(info)
    for name in _WHOLE:
        found[name] = round(found[name])
    if isinstance(info.results, BaseException):
        found["results"] = message(info.results)
    return found


def found_record(found: Found, tasker: bool) -> TclDict:
    """What `find` answers.

    Arguments:
        tasker: whether each job has its status in the words of spork/tasker, too.
    """
    jobs = []
    for info in found.jobs:
        told = job_record(info)
        if tasker:
            told["status"] = _STATUSES[info.outcome or info.state]
        jobs.append(told)
    return TclDict({"jobs": jobs, "cursor": found.cursor})


def template_record(template: TemplateInfo) -> TclDict:
    """A template, with its schema as JSON."""
    import json  # late: only who uses it pays for it

    found = record(template)
    if not EXACT.get():
        found["schema"] = "" if template.schema is None else json.dumps(template.schema, ensure_ascii=False)
    return found


def report_record(report: JobReport) -> TclDict:
    """A job, as `show` tells: its options are those that differ from the defaults."""
    found = record(report)
    found["options"] = _options(report.options)
    return found


def settings_record(settings: Settings, **more: Any) -> TclDict:
    """What `configure` answers. Times have six digits, as NaviServer prints them."""
    found = record(settings)
    if not EXACT.get():
        for name in _TIMES:
            found[name] = f"{found[name]:.6f}"
    found.update(more)
    return found


def _options(options: JobOptions) -> TclDict:
    return TclDict(
        {
            field.name: _value(getattr(options, field.name))
            for field in dataclasses.fields(options)
            if field.init and getattr(options, field.name) != getattr(NO_OPTIONS, field.name)
        }
    )


def _value(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value if EXACT.get() else "" if value is None else int(value)
    if dataclasses.is_dataclass(value):
        return record(value)
    if isinstance(value, tuple):
        return [_value(part) for part in value]
    if isinstance(value, Mapping):
        return TclDict({str(key): part for key, part in value.items()})
    return value
