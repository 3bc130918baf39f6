"""Rows: a job as it stands in the store, and as it runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from nsjob.errors import OptionError
from nsjob.pool.job import OK
from nsjob.pool.options import NO_OPTIONS, JobOptions
from nsjob.pool.templates import Template
from nsjob.pool.work import Bound, Call, Program, Script, Work, inner
from nsjob.snippet import Snippet, compile_snippet
from nsjob.store.database import Row
from nsjob.store.values import pack, unpack

__all__ = [
    "CALL",
    "OUTSIDE",
    "RANGE",
    "check_of",
    "kept_options",
    "kept_work",
    "last_run",
    "micro",
    "restored_options",
    "restored_work",
    "seconds_of",
]  # fmt: skip

SNIPPET, CALL, PROGRAM, SCRIPT, RANGE = range(5)
OUTSIDE = frozenset("jobid ifnew head delay at expires after unique key vars input note topic subtopic group".split())
"""Options that the store keeps in columns of their own, or that concern only how a job enters."""

Languages = Mapping[str, Callable[[str], Script]]


def micro(seconds: float) -> int:
    """Seconds as microseconds."""
    return round(seconds * 1_000_000)


def last_run(row: Row) -> dict[str, Any] | None:
    """The run with which a job ended ok, as a row of its runs: only the job's own row tells of it. None for others."""
    if row["outcome"] != OK or not row["ran"] or row["started"] is None:
        return None
    pool, host, pid, *_ = row["ran"].split("\n")
    return {
        "job": row["key"], "attempt": row["attempt"], "started": row["started"], "ended": row["ended"], "pool": pool,
        "host": host, "pid": int(pid), "outcome": OK, "reason": "",
    }  # fmt: skip


def seconds_of(moment: int | None) -> float | None:
    """Microseconds as seconds."""
    return None if moment is None else moment / 1_000_000


def kept_work(work: Work) -> dict[str, Any]:
    """The columns that tell what a job is to do.

    Raises:
        CannotPickle, OptionError: it cannot be kept.
    """
    work = inner(work)
    if isinstance(work, Snippet):
        name = None if work.filename.startswith("<snippet ") else work.filename  # it gets a new one where it runs
        return {"kind": SNIPPET, "script": work.source, "payload": pack([None, None, name] if name else None, "")}
    if isinstance(work, Bound):
        values = dict(work.vars) if work.vars is not None else None
        payload = pack([values, work.input, work.snippet.filename or None], "a value of -vars or -input")
        return {"kind": SNIPPET, "script": work.snippet.source, "payload": payload}
    if isinstance(work, Call):
        payload = b"p" + call(work)
        return {"kind": CALL, "script": work.source, "payload": payload}
    if isinstance(work, Program):
        fields = {name: getattr(work, name) for name in ("argv", "cwd", "env", "stdin", "open_stdin")}
        return {"kind": PROGRAM, "script": work.source, "payload": pack(fields, "the program")}
    if isinstance(work, Script) and work.lang:
        return {"kind": SCRIPT, "script": work.source, "payload": pack(work.lang, "")}
    raise OptionError(f"a store cannot keep a {type(work).__name__}: snippets, callables and programs it can")


def call(work: Call) -> bytes:
    """A callable with its arguments, pickled."""
    data = pack((work.function, work.args, work.kwargs), "the call")
    assert data is not None
    return data[1:]


def restored_work(row: Row, languages: Languages) -> Work:
    """What a job of the store is to do.

    Raises:
        OptionError: this program does not have its language.
        Exception: what making the values again raised.
    """
    kind = row["kind"]
    if kind == SNIPPET:
        if row["payload"] is None:
            return compile_snippet(row["script"])
        values, one, name = unpack(row["payload"])
        snippet = compile_snippet(row["script"]) if name is None else _named_snippet(row["script"], name)
        return snippet if values is None and one is None else Bound(snippet, values, one)
    if kind == CALL:
        return Call(*unpack(row["payload"]))
    if kind == PROGRAM:
        return Program(**unpack(row["payload"]))
    lang = unpack(row["payload"])
    if lang not in languages:
        raise OptionError(f"job {row['id']} is in {lang}, which this program has not: nsjob worker has it")
    return languages[lang](row["script"])


@lru_cache(maxsize=256)
def _named_snippet(source: str, filename: str) -> Snippet:
    return Snippet(source, filename)


_DEFAULTS = {name: getattr(NO_OPTIONS, name) for name in JobOptions.__dataclass_fields__ if not name.startswith("_")}
_NAMES = tuple(name for name in _DEFAULTS if name not in OUTSIDE and name not in ("direct", "plain", "watched"))

_VALUES = ("vars", "input")


def kept_options(options: JobOptions, values: bool = False) -> bytes | None:
    """The options that have no columns of their own; nothing where they are the usual ones.

    Arguments:
        values: whether `vars` and `input` are among them; those of snippets are kept with the script.

    Raises:
        CannotPickle: one of them cannot be kept.
    """
    if options is NO_OPTIONS:
        return None
    given: dict[str, Any] = {}
    for name in _NAMES:
        value = getattr(options, name)
        if value != _DEFAULTS[name]:
            if name == "retryon":
                value = [kind if isinstance(kind, str) else kind.__name__ for kind in value]
            elif name == "metadata":
                value = dict(value)
            given[name] = value
    if values:
        given.update((name, value) for name in _VALUES if (value := getattr(options, name)) is not None)
    return pack(given or None, "an option")


def restored_options(kept: bytes | None) -> JobOptions:
    """The options that `kept_options` kept."""
    if kept is None:
        return NO_OPTIONS
    known = _known_options(kept)
    return known if known.vars is None and known.input is None else _fresh_options(kept)  # no two jobs share values


@lru_cache(maxsize=1024)
def _known_options(kept: bytes) -> JobOptions:
    return _fresh_options(kept)


def _fresh_options(kept: bytes) -> JobOptions:
    given = unpack(kept)
    if "retryon" in given:
        given["retryon"] = tuple(given["retryon"])
    return NO_OPTIONS.changed(given)


def told(template: Template) -> str:
    """What a job keeps of its template."""
    schema = [] if template.schema is None else [template.schema.source]
    return json.dumps([template.name, *schema])


def check_of(row: Row) -> tuple[str, Callable[[Any], object] | None] | None:
    """The template's name of a job, and what checks its input when it runs."""
    if not row.get("template"):
        return None
    name, *schemas = json.loads(row["template"])
    if not schemas:
        return name, None
    from nsjob.pool.schemas import Schema

    return name, Template(name, compile_snippet("None"), Schema(schemas[0]), {}, True).check
