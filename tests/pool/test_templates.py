"""Templates: jobs from a script by name, and their input, checked when queued and when run."""

from __future__ import annotations

import builtins
import concurrent.futures
import threading
from collections.abc import Callable
from typing import Any

import pytest

import nsjob
from nsjob.pool.work import Script
from tests.conftest import Gate

SIZE = {
    "type": "object",
    "required": ["width"],
    "properties": {"width": {"type": "integer", "minimum": 1}, "unit": {"enum": ["px", "mm"]}},
    "additionalProperties": False,
}


def test_a_job_from_a_template_has_its_script_its_options_and_its_input(pool: nsjob.Pool) -> None:
    name = pool.template_create(
        "double", "job.input * 2", timeout="1m", retries=2, note="n", priority="high", metadata={"a": 1}
    )
    assert name == "double"
    job = pool.queue_template("q", "double", 21)
    assert job.wait(10) == 42
    report = pool.show("q", job)
    assert (report.template, report.script, report.retries, report.priority) == ("double", "job.input * 2", 2, 191)
    assert (job.options.timeout, job.options.note, job.options.metadata, job.options.input) == (60.0, "n", {"a": 1}, 21)
    assert pool.show("q", pool.queue("q", "1")).template == ""


def test_options_of_the_call_go_before_the_templates_and_those_before_the_queues(pool: nsjob.Pool) -> None:
    pool.create("w", timeout=100, retries=5, note="queue's", topic="queue's")
    pool.template_create("t", "1", timeout=50, note="template's")
    job = pool.queue_template("w", "t", note="own", jobid="J", detached=True)
    options = job.options
    assert (options.timeout, options.retries, options.note, options.topic) == (50.0, 5, "own", "queue's")
    assert (job.id, options.detached) == ("J", True)


def test_a_delay_of_the_template_gives_way_to_a_moment_of_the_call(pool: nsjob.Pool) -> None:
    pool.template_create("t", "7", delay="1h")
    assert pool.queue_template("q", "t", at=1).wait(10) == 7
    assert pool.queue_template("q", "t", delay=0).wait(10) == 7
    with pytest.raises(nsjob.OptionError, match="delay and at exclude each other"):
        pool.queue_template("q", "t", delay=1, at=1)


def test_templates_are_listed_in_the_order_in_which_they_were_made(pool: nsjob.Pool) -> None:
    pool.template_create("b", "1", {"type": "string"}, timeout=5, retries=1)
    pool.template_create("a", "2", active=False, group="g")
    first, second = pool.templates()
    assert (first.name, first.script, first.schema, first.timeout, first.retries, first.active) == (
        "b", "1", {"type": "string"}, 5.0, 1, True,
    )  # fmt: skip
    assert dict(first.options) == {"timeout": 5.0, "retries": 1}
    assert (second.name, second.schema, second.timeout, second.retries, second.active) == ("a", None, None, 0, False)
    assert dict(second.options) == {"group": "g"}
    assert pool.template("a") == second
    pool.template_delete("b")
    assert pool.templates() == [second]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"width": "wide"}, "$.width: 'wide' is not of type 'integer'"),
        ({"width": 0}, "$.width: 0 is less than the minimum of 1"),
        ({}, "$: 'width' is a required property"),
        ({"width": 1, "unit": "inch"}, "$.unit: 'inch' is not one of ['px', 'mm']"),
        ({"width": 1, "x": 2}, "$: Additional properties are not allowed ('x' was unexpected)"),
        ({"width": "wide", "unit": 5}, "$.unit: 5 is not one of ['px', 'mm']; $.width: 'wide' is not of type"),
        (None, "$: None is not of type 'object'"),
        ([1], "$: [1] is not of type 'object'"),
    ],
)
def test_an_input_that_cannot_be_is_refused_with_its_place_and_what_would_be_right(
    pool: nsjob.Pool, value: Any, says: str
) -> None:
    pool.template_create("size", "job.input['width']", SIZE)
    with pytest.raises(nsjob.InvalidInput) as raised:
        pool.queue_template("q", "size", value)
    assert str(raised.value).startswith(f"the input is not as template size wants it: {says}")
    assert pool.jobs("q") == []
    assert pool.queue_template("q", "size", {"width": 5, "unit": "px"}).wait(10) == 5


@pytest.mark.parametrize(
    ("schema", "value", "says"),
    [
        ({"minLength": 3}, "ab", "$: 'ab' is too short (minLength: 3)"),
        ({"pattern": "^a+$"}, "b", "$: 'b' does not match '^a+$'"),
        ({"format": "date"}, "today", "$: 'today' is not a 'date'"),
        ({"anyOf": [{"type": "string"}, {"minimum": 3}]}, 1, "(1 is not of type 'string'; or 1 is less than the minim"),
        ({"items": {"type": "integer"}}, list("abcdefgh"), "and 3 more"),
        ({"type": "integer"}, "x" * 10_000, "is not of type 'integer'"),
        ({"$ref": "#/$defs/n", "$defs": {"n": {"type": "integer"}}}, "x", "is not of type 'integer'"),
        (
            {"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 3, "exclusiveMinimum": True},
            3,
            "3 is less",
        ),
        (False, 1, "False schema does not allow 1"),
    ],
)
def test_every_kind_of_fault_says_what_would_be_right(pool: nsjob.Pool, schema: Any, value: Any, says: str) -> None:
    pool.template_create("t", "1", schema)
    with pytest.raises(nsjob.InvalidInput) as raised:
        pool.queue_template("q", "t", value)
    assert says in str(raised.value)
    assert len(str(raised.value)) < 1_000


@pytest.mark.parametrize("engine", ["thread", "process", "executor"])
def test_the_input_is_checked_again_when_the_job_is_run_and_such_a_job_is_not_retried(
    pool: nsjob.Pool, engine: str
) -> None:
    executor = concurrent.futures.ThreadPoolExecutor(1)
    try:
        pool.create("w", 1, engine=executor if engine == "executor" else engine)
        pool.template_create("size", "job.input['width']", SIZE, retries=5)
        pool.pause("w")
        good, bad = {"width": 5}, {"width": 5}
        jobs = [pool.queue_template("w", "size", value) for value in (good, bad)]
        bad["width"] = "wide"  # type: ignore[assignment]
        pool.resume("w")
        assert jobs[0].wait(30) == 5
        with pytest.raises(nsjob.InvalidInput, match=r"wants it: \$.width: 'wide' is not of type 'integer'"):
            jobs[1].wait(30)
        assert (jobs[1].outcome, jobs[1].attempt) == ("error", 1)
        bad["width"] = 7
        assert pool.retry("w", jobs[1]).wait(30) == 7
    finally:
        executor.shutdown()


def test_an_input_that_is_edited_is_checked(pool: nsjob.Pool) -> None:
    pool.pause("q")
    pool.template_create("size", "job.input['width']", SIZE)
    job = pool.queue_template("q", "size", {"width": 1})
    with pytest.raises(nsjob.InvalidInput, match=r"\$.width: 'x' is not of type 'integer'"):
        pool.edit("q", job, "2", input={"width": "x"})
    assert pool.info("q", job).script == "job.input['width']"
    pool.edit("q", job, "-job.input['width']", input={"width": 3})
    assert pool.show("q", job).template == "size"
    pool.resume("q")
    assert job.wait(10) == -3


def test_a_change_does_not_touch_jobs_that_were_queued(pool: nsjob.Pool) -> None:
    pool.template_create("t", "'old'", {"type": "integer"}, timeout=50, note="old")
    pool.pause("q")
    before = [pool.queue_template("q", "t", n) for n in range(2)]
    pool.template_edit("t", "'new'", {"type": "string"}, note="new", timeout=None)
    with pytest.raises(nsjob.InvalidInput):
        pool.queue_template("q", "t", 2)
    after = pool.queue_template("q", "t", "2")
    pool.template_delete("t")
    pool.resume("q")
    assert [job.wait(10) for job in (*before, after)] == ["old", "old", "new"]
    assert [(job.options.timeout, job.options.note) for job in (*before, after)] == [
        (50.0, "old"), (50.0, "old"), (None, "new"),
    ]  # fmt: skip


def test_what_is_not_given_stays_in_a_template(pool: nsjob.Pool) -> None:
    pool.template_create("t", "1", {"type": "integer"}, timeout=5, retries=2, note="n")
    pool.template_edit("t", retries=3)
    info = pool.template("t")
    assert (info.script, info.schema, info.timeout, info.retries) == ("1", {"type": "integer"}, 5.0, 3)
    pool.template_edit("t", "2")
    pool.template_edit("t", schema=None)
    info = pool.template("t")
    assert (info.script, info.schema, info.timeout, info.options["note"]) == ("2", None, 5.0, "n")


def test_an_inactive_template_refuses_jobs_until_it_is_activated(pool: nsjob.Pool) -> None:
    pool.template_create("t", "7", active=False)
    with pytest.raises(nsjob.TemplateInactive) as raised:
        pool.queue_template("q", "t")
    assert str(raised.value) == "template is not active and takes no jobs until it is activated: t"
    pool.template_edit("t", active=True)
    assert pool.queue_template("q", "t").wait(10) == 7


def test_a_template_has_a_body_in_another_language(pool: nsjob.Pool) -> None:
    pool.template_create("t", Script("other words", lambda options: options.input * 2), {"type": "integer"})
    assert pool.queue_template("q", "t", 4).wait(10) == 8
    assert pool.template("t").script == "other words"


def test_jobs_from_a_template_go_through_the_scripts_of_their_queue(pool: nsjob.Pool) -> None:
    pool.create("w", pre="job.log('pre')")
    pool.template_create("t", "job.log('body')", {"type": "integer"})
    job = pool.queue_template("w", "t", 1)
    job.wait(10)
    assert pool.show("w", job).log == ("pre", "body")


def test_a_schema_is_copied(pool: nsjob.Pool) -> None:
    schema = {"type": "integer"}
    pool.template_create("t", "1", schema)
    schema["type"] = "string"
    assert pool.queue_template("q", "t", 4).wait(10) == 1
    assert pool.template("t").schema == {"type": "integer"}


def test_templates_are_the_pools_and_many_may_use_them_at_once(pool: nsjob.Pool, gate: Gate) -> None:
    with nsjob.Pool() as other:
        pool.template_create("t", "job.input", SIZE)
        assert other.templates() == []
        other.template_create("t", "1")
    made: list[str] = []

    def make(n: int) -> None:
        try:
            made.append(pool.template_create("once", str(n)))
        except nsjob.TemplateExists:
            pass
        for width in range(1, 20):
            assert pool.queue_template("q", "t", {"width": width}).wait(30) == {"width": width}
            pool.template_edit("once", note=str(n))

    threads = [threading.Thread(target=make, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert made == ["once"]
    assert len(pool.jobs("q")) == 76


@pytest.mark.parametrize(
    ("call", "kind", "says"),
    [
        (lambda pool: pool.template_create("t", "1"), nsjob.TemplateExists, "template already exists: t"),
        (lambda pool: pool.template_create("", "1"), nsjob.OptionError, "a template's name must not be empty"),
        (lambda pool: pool.template_create("u", "("), nsjob.SnippetError, ""),
        (
            lambda pool: pool.template_create("u", 5),
            nsjob.OptionError,
            "script must be Python source (str), but got int",
        ),
        (lambda pool: pool.template_create("u", "1", active=1), nsjob.OptionError, "active must be True or False"),
        (
            lambda pool: pool.template_create("u", "1", retries=-1),
            nsjob.OptionError,
            "expected integer in range [0,MAX]",
        ),
        (
            lambda pool: pool.template_create("u", "1", jobid="J"),
            nsjob.OptionError,
            "jobid is for single jobs, not for a",
        ),
        (
            lambda pool: pool.template_create("u", "1", input=1),
            nsjob.OptionError,
            "input is for single jobs, not for a",
        ),
        (lambda pool: pool.template_create("u", "1", nonsense=1), nsjob.OptionError, 'unknown option "nonsense"'),
        (lambda pool: pool.template_create("u", "1", 5), nsjob.OptionError, "schema must be a JSON Schema, an object"),
        (
            lambda pool: pool.template_create("u", "1", {"a": object()}),
            nsjob.OptionError,
            "schema must be what JSON can",
        ),
        (
            lambda pool: pool.template_create("u", "1", {"type": "strin"}),
            nsjob.OptionError,
            "schema: $.type: 'strin' is not valid under any of the given schemas ('strin' is not one of ['array'",
        ),
        (
            lambda pool: pool.template_create("u", "1", {"pattern": "("}),
            nsjob.OptionError,
            "schema: $.pattern: '(' is not a 'regex'",
        ),
        (
            lambda pool: pool.template_create("u", "1", {"properties": {"a": {"$ref": "#/$defs/x"}}}),
            nsjob.OptionError,
            "schema: $ref '#/$defs/x' names nothing in the schema (and nothing is read from elsewhere)",
        ),
        (
            lambda pool: pool.template_create("u", "1", {"$ref": "#"}),
            nsjob.OptionError,
            "schema refers to itself without end",
        ),
        (
            lambda pool: pool.template_create("u", "1", {"$schema": "nonsense"}),
            nsjob.OptionError,
            "schema: $schema names no known draft, but 'nonsense'",
        ),
        (lambda pool: pool.template_edit("nosuch", "1"), nsjob.NoSuchTemplate, "no such template: nosuch"),
        (lambda pool: pool.template_edit("t", "2", {"type": 5}), nsjob.OptionError, "schema: $.type: 5 is not valid"),
        (lambda pool: pool.template_edit("t", "2", after=["J"]), nsjob.OptionError, "after is for single jobs"),
        (lambda pool: pool.template_edit("t", "2", active="no"), nsjob.OptionError, "active must be True or False"),
        (lambda pool: pool.template_delete("nosuch"), nsjob.NoSuchTemplate, "no such template: nosuch"),
        (lambda pool: pool.template("nosuch"), nsjob.NoSuchTemplate, "no such template: nosuch"),
        (lambda pool: pool.template(5), nsjob.NoSuchTemplate, "no such template: 5"),
        (lambda pool: pool.queue_template("q", "nosuch"), nsjob.NoSuchTemplate, "no such template: nosuch"),
        (lambda pool: pool.queue_template("nosuch", "t"), nsjob.NoSuchQueue, "no such queue: nosuch"),
        (lambda pool: pool.queue_template("q", "t", timeout=-1), nsjob.OptionError, "timeout: "),
        (
            lambda pool: pool.queue_template("q", "t", use=["a"]),
            nsjob.OptionError,
            "use is not for jobs from templates",
        ),
    ],
)
def test_what_cannot_be_changes_nothing_and_says_why(
    pool: nsjob.Pool, call: Callable[[nsjob.Pool], object], kind: type[Exception], says: str
) -> None:
    pool.template_create("t", "1", note="n")
    before = pool.templates()
    with pytest.raises(kind) as raised:
        call(pool)
    assert str(raised.value).startswith(says)
    assert pool.templates() == before
    assert pool.jobs("q") == []


def test_without_the_library_a_schema_names_the_extra_and_templates_without_one_work(
    pool: nsjob.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "jsonschema":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(nsjob.OptionError) as raised:
        pool.template_create("t", "1", {"type": "integer"})
    assert str(raised.value) == "a schema needs the package jsonschema: pip install 'nsjob[templates]'"
    pool.template_create("t", "job.input")
    assert pool.queue_template("q", "t", 5).wait(10) == 5
