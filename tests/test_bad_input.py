"""Bad input: each kind gives a clear error of nsjob, and the pool is afterwards what it was before."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import nsjob

HUGE = 10**5000  # more digits than int() turns into text
UTC = UTC


class Unprintable:
    """A value whose text cannot be had."""

    def __repr__(self) -> str:
        raise RuntimeError("no text")

    __str__ = __repr__


@pytest.fixture
def pool() -> Iterator[nsjob.Pool]:
    """A pool that stands still: a paused queue with a scheduled job `here`, a queue with a done and a running one."""
    gate = threading.Event()
    made = nsjob.Pool()
    made.create("q", 2)
    made.create("still", 2)
    made.pause("still")
    made.queue("still", "1", jobid="here")
    made.queue("q", "2", jobid="done").wait(10)
    come = threading.Event()

    def body() -> None:
        come.set()
        gate.wait(60)

    made.submit("q", body)
    assert come.wait(10)
    made.queue("q", "gate.wait(60)", vars={"gate": gate}, detached=True, jobid="apart", delay="1h")
    yield made
    gate.set()
    made.shutdown(cancel=True, timeout=10)


def snapshot(pool: nsjob.Pool) -> object:
    """All that the pool tells of itself, but for the time that passes."""
    jobs = {
        name: [(job.id, job.state, job.outcome, job.req, job.attempt, job.priority) for job in pool.joblist(name)]
        for name in pool.queues()
    }
    return pool.queuelist(), jobs, pool.counts(), pool.configure(), pool.threadlist().maxthreads


def refused(
    pool: nsjob.Pool, call: Callable[[], Any], kind: type[nsjob.NsjobError] = nsjob.OptionError, *says: str
) -> nsjob.NsjobError:
    """The call raises that error, its message reads as a sentence, and nothing has changed."""
    before = snapshot(pool)
    with pytest.raises(nsjob.NsjobError) as caught:
        call()
    error = caught.value
    assert isinstance(error, kind), repr(error)
    message = str(error)
    assert message.strip()
    assert len(message) < 2000, f"a message of {len(message)} characters"
    for part in says:
        assert part in message
    assert snapshot(pool) == before
    return error


# -- the messages of ns_job


def message(pool: nsjob.Pool, call: Callable[[], Any], kind: type[nsjob.NsjobError]) -> tuple[str, tuple[str, ...]]:
    error = refused(pool, call, kind)
    return str(error), error.errorcode


def test_a_queue_that_exists_is_named(pool: nsjob.Pool) -> None:
    text, code = message(pool, lambda: pool.create("q"), nsjob.QueueExists)
    assert text == "queue already exists: q"
    assert code == ("NSJOB", "QUEUE", "EXISTS")


@pytest.mark.parametrize(
    "verb",
    [
        lambda pool: pool.delete("nosuch"),
        lambda pool: pool.queue("nosuch", "1"),
        lambda pool: pool.submit("nosuch", int),
        lambda pool: pool.executor("nosuch"),
        lambda pool: pool.wait("nosuch", "job0"),
        lambda pool: pool.waitany("nosuch"),
        lambda pool: pool.waitany("q", "nosuch"),
        lambda pool: pool.waitall("nosuch"),
        lambda pool: pool.as_completed("nosuch"),
        lambda pool: pool.cancel("nosuch", "job0"),
        lambda pool: pool.cancelall("nosuch"),
        lambda pool: pool.kill("nosuch", "job0"),
        lambda pool: pool.requeue("nosuch", "job0"),
        lambda pool: pool.run("nosuch", "job0"),
        lambda pool: pool.retry("nosuch", "job0"),
        lambda pool: pool.retry_failed("nosuch"),
        lambda pool: pool.snooze("nosuch", "job0", 1),
        lambda pool: pool.exists("nosuch", "job0"),
        lambda pool: pool.jobs("nosuch"),
        lambda pool: pool.joblist("nosuch"),
        lambda pool: pool.counts("nosuch"),
        lambda pool: pool.output("nosuch", "job0"),
        lambda pool: pool.show("nosuch", "job0"),
        lambda pool: pool.pause("nosuch"),
        lambda pool: pool.resume("nosuch"),
        lambda pool: pool.drain("nosuch"),
        lambda pool: pool.resize("nosuch", 2),
    ],
)
def test_every_verb_names_the_queue_that_does_not_exist(pool: nsjob.Pool, verb: Callable[[nsjob.Pool], Any]) -> None:
    text, code = message(pool, lambda: verb(pool), nsjob.NoSuchQueue)
    assert text == "no such queue: nosuch"
    assert code == ("NSJOB", "QUEUE", "NONE")


@pytest.mark.parametrize("verb", ["wait", "cancel", "kill", "requeue", "run", "retry", "output", "show"])
def test_every_verb_names_the_job_that_does_not_exist(pool: nsjob.Pool, verb: str) -> None:
    text, code = message(pool, lambda: getattr(pool, verb)("q", "nope"), nsjob.NoSuchJob)
    assert text == "no such job: nope"
    assert code == ("NSJOB", "JOB", "NONE")


def test_snooze_and_after_name_the_job_that_does_not_exist(pool: nsjob.Pool) -> None:
    assert message(pool, lambda: pool.snooze("q", "nope", 1), nsjob.NoSuchJob)[0] == "no such job: nope"
    assert message(pool, lambda: pool.queue("q", "1", after=["nope"]), nsjob.NoSuchJob)[0] == "no such job: nope"
    assert message(pool, lambda: pool.queue("q", "1", after=("x", "y")), nsjob.NoSuchQueue)[0] == "no such queue: x"


def test_an_id_that_is_used_twice_is_refused(pool: nsjob.Pool) -> None:
    for queue, id in (("still", "here"), ("q", "done"), ("q", "apart")):
        text, code = message(pool, lambda queue=queue, id=id: pool.queue(queue, "1", jobid=id), nsjob.JobExists)
        assert text == f"Job {id} already exists"
        assert code == ("NSJOB", "JOB", "EXISTS")


def test_a_detached_job_cannot_be_waited_for(pool: nsjob.Pool) -> None:
    text, code = message(pool, lambda: pool.wait("q", "apart"), nsjob.JobDetached)
    assert text == "can't wait on detached job: apart"
    assert code == ("NSJOB", "JOB", "DETACHED")


def test_a_job_that_is_waited_for_cannot_be_waited_for_again_and_a_cancel_ends_the_wait(pool: nsjob.Pool) -> None:
    raised: list[BaseException] = []

    def waits() -> None:
        try:
            pool.wait("still", "here")
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=waits)
    thread.start()
    while pool.joblist("still")[0].req != "wait":
        pass
    text, code = message(pool, lambda: pool.wait("still", "here", timeout=0), nsjob.JobWaited)
    assert text == "can't wait on waited job: here"
    assert code == ("NSJOB", "JOB", "WAITED")
    assert pool.cancel("still", "here") is False
    thread.join(10)
    (error,) = raised
    assert isinstance(error, nsjob.JobCancelled)
    assert str(error) == "Job cancelled."
    assert error.errorcode == ("ECANCEL",)
    assert message(pool, lambda: pool.wait("still", "here"), nsjob.NoSuchJob)[0] == "no such job: here"


def test_a_wait_that_is_too_short_leaves_the_job(pool: nsjob.Pool) -> None:
    for call in (
        lambda: pool.wait("still", "here", timeout=0),
        lambda: pool.waitany("still", timeout=0),
        lambda: pool.waitall("still", timeout=0),
    ):
        text, code = message(pool, call, nsjob.WaitTimeout)
        assert text == "Wait timed out."
        assert code == ("NS_TIMEOUT",)


def test_a_queue_that_is_being_deleted_takes_no_jobs(pool: nsjob.Pool) -> None:
    pool.delete("still")
    for call in (lambda: pool.queue("still", "1"), lambda: pool.submit("still", int)):
        text, code = message(pool, call, nsjob.QueueClosed)
        assert text == "The specified queue is being deleted or the system is stopping."
        assert code == ("NSJOB", "QUEUE", "CLOSED")


def test_a_pool_that_was_shut_down_takes_no_jobs_and_no_queues() -> None:
    pool = nsjob.Pool()
    pool.create("q")
    pool.shutdown()
    for call in (lambda: pool.queue("q", "1"), lambda: pool.submit("q", int), lambda: pool.create("r")):
        error = refused(pool, call, nsjob.QueueClosed)
        assert str(error) == "The specified queue is being deleted or the system is stopping."


@pytest.mark.parametrize("cap", [0, -1])
def test_a_cap_below_one_is_refused_in_the_words_of_ns_job(pool: nsjob.Pool, cap: int) -> None:
    for call in (lambda: pool.create("z", cap), lambda: pool.resize("q", cap), lambda: nsjob.Pool(cap)):
        text, code = message(pool, call, nsjob.OptionError)
        assert text == f"expected integer in range [1,MAX] for '?maxthreads', but got {cap}"
        assert code == ("NSJOB", "OPTION")


# -- wrong types and values

NO_COUNT: list[Any] = [True, False, 1.0, math.nan, math.inf, "3", "", None, [], {}, b"1", object(), Unprintable()]


@pytest.mark.parametrize("value", NO_COUNT, ids=lambda value: type(value).__name__)
def test_what_is_no_integer_is_no_cap(pool: nsjob.Pool, value: Any) -> None:
    refused(pool, lambda: pool.create("z", value), nsjob.OptionError, "expected integer")
    refused(pool, lambda: pool.resize("q", value), nsjob.OptionError, "expected integer")
    if value is not None:
        refused(pool, lambda: nsjob.Pool(value), nsjob.OptionError, "expected integer")
        refused(pool, lambda: pool.create("z", maxqueued=value), nsjob.OptionError, "maxqueued")
        refused(pool, lambda: pool.create("z", maxperkey=value), nsjob.OptionError, "maxperkey")
    refused(pool, lambda: pool.queue("q", "1", retries=value), nsjob.OptionError, "retries")


@pytest.mark.parametrize("value", [HUGE, -HUGE, 10**30], ids=["huge", "minus huge", "large"])
def test_huge_integers_are_refused_with_a_readable_message(pool: nsjob.Pool, value: int) -> None:
    refused(pool, lambda: pool.create("z", value))
    refused(pool, lambda: pool.resize("q", value))
    refused(pool, lambda: nsjob.Pool(value))
    refused(pool, lambda: pool.queue("q", "1", priority=value))
    if value < 0:
        refused(pool, lambda: pool.create("z", maxqueued=value))
        refused(pool, lambda: pool.queue("q", "1", retries=value))
        refused(pool, lambda: pool.configure(maxlost=value))
    if abs(value) == HUGE:
        refused(pool, lambda: pool.queue("q", "1", delay=value))
        refused(pool, lambda: pool.wait("still", "here", timeout=value))


NO_TIME: list[Any] = [
    *(-1, -0.001, math.nan, math.inf, -math.inf, True, "", " ", "soon", "-1", "1:-5", "1:30:00", "5 parsecs", "nan"),
    *("1e999", b"1", [], {}, object(), timedelta(seconds=-1), 1j, Unprintable()),
]


@pytest.mark.parametrize("value", NO_TIME, ids=lambda value: repr(value) if isinstance(value, str) else None)
def test_what_is_no_time_is_refused_wherever_a_time_is_taken(pool: nsjob.Pool, value: Any) -> None:
    for option in ("timeout", "delay", "at", "expires", "backoff"):
        refused(pool, lambda option=option: pool.queue("q", "1", **{option: value}), nsjob.OptionError, option)
    refused(pool, lambda: pool.wait("still", "here", timeout=value))
    refused(pool, lambda: pool.wait("q", "done", timeout=value))
    refused(pool, lambda: pool.waitany("q", timeout=value))
    refused(pool, lambda: pool.waitall("q", timeout=value))
    refused(pool, lambda: pool.snooze("still", "here", value))
    for setting in ("timeout", "grace", "logminduration"):
        refused(pool, lambda setting=setting: pool.configure(**{setting: value}))
    refused(pool, lambda: pool.shutdown(timeout=value))


@pytest.mark.parametrize("value", [-1, math.nan, math.inf, "soon", [], object()], ids=repr)
def test_a_block_that_is_no_time_is_refused_whether_or_not_the_queue_is_full(pool: nsjob.Pool, value: Any) -> None:
    refused(pool, lambda: pool.queue("q", "1", block=value))
    pool.create("full", maxqueued=1)
    pool.pause("full")
    pool.queue("full", "1")
    refused(pool, lambda: pool.queue("full", "1", block=value))


def test_a_full_queue_refuses(pool: nsjob.Pool) -> None:
    pool.create("full", maxqueued=1)
    pool.pause("full")
    pool.queue("full", "1")
    refused(pool, lambda: pool.queue("full", "1"), nsjob.QueueFull, "full", "maxqueued")
    refused(pool, lambda: pool.queue("full", "1", block=0.01), nsjob.QueueFull)
    refused(pool, lambda: pool.submit("full", int), nsjob.QueueFull)


def test_a_time_limit_of_nothing_is_refused(pool: nsjob.Pool) -> None:
    refused(pool, lambda: pool.queue("q", "1", timeout=0), nsjob.OptionError, "timeout")
    refused(pool, lambda: pool.queue("q", "1", expires=0), nsjob.OptionError, "expires")


def test_a_moment_without_a_time_zone_is_refused(pool: nsjob.Pool) -> None:
    refused(pool, lambda: pool.queue("q", "1", at=datetime(2030, 1, 1)), nsjob.OptionError, "time zone")
    refused(pool, lambda: pool.queue("q", "1", expires=datetime(2030, 1, 1)), nsjob.OptionError, "time zone")
    refused(pool, lambda: pool.queue("q", "1", delay=datetime(2030, 1, 1, tzinfo=UTC)), nsjob.OptionError, "delay")


NO_NAME: list[Any] = ["", 5, None, True, b"q", ["q"], object(), Unprintable()]


@pytest.mark.parametrize("value", NO_NAME, ids=lambda value: type(value).__name__)
def test_what_is_no_name_is_no_name(pool: nsjob.Pool, value: Any) -> None:
    refused(pool, lambda: pool.create(value))
    if value is not None:
        refused(pool, lambda: pool.queue("q", "1", jobid=value), nsjob.OptionError, "jobid")
        refused(pool, lambda: nsjob.Pool(name=value), nsjob.OptionError, "name")
    refused(pool, lambda: pool.queue(value, "1"), nsjob.NoSuchQueue)
    refused(pool, lambda: pool.jobs(value), nsjob.NsjobError)
    refused(pool, lambda: pool.waitany(value), nsjob.NoSuchQueue)
    refused(pool, lambda: pool.cancel("q", value), nsjob.NsjobError)
    refused(pool, lambda: pool.exists("q", value) or _absent(), nsjob.NsjobError)
    refused(pool, lambda: pool.create("z", engine=value), nsjob.NoSuchEngine)


def _absent() -> None:
    raise nsjob.NoSuchJob("")


@pytest.mark.parametrize("value", [5, None, True, [], object(), Unprintable()], ids=lambda v: type(v).__name__)
def test_labels_and_keys_are_text(pool: nsjob.Pool, value: Any) -> None:
    for option in ("note", "topic", "subtopic", "group"):
        refused(pool, lambda option=option: pool.queue("q", "1", **{option: value}), nsjob.OptionError, option)
    refused(pool, lambda: pool.create("z", desc=value), nsjob.OptionError, "desc")
    if value is not None:
        for option in ("key", "unique"):
            refused(pool, lambda option=option: pool.queue("q", "1", **{option: value}), nsjob.OptionError, option)


@pytest.mark.parametrize("value", [0, 1, None, "yes", [], Unprintable()], ids=lambda v: type(v).__name__)
def test_flags_are_true_or_false(pool: nsjob.Pool, value: Any) -> None:
    for option in ("detached", "head", "ifnew", "capture_output"):
        refused(
            pool, lambda option=option: pool.queue("q", "1", jobid="x", **{option: value}), nsjob.OptionError, option
        )
    refused(pool, lambda: pool.create("z", exist_ok=value), nsjob.OptionError, "exist_ok")
    refused(pool, lambda: pool.delete("q", force=value), nsjob.OptionError, "force")
    refused(pool, lambda: pool.waitall("q", failfast=value), nsjob.OptionError, "failfast")
    refused(pool, lambda: nsjob.Pool(immediate=value), nsjob.OptionError, "immediate")
    refused(pool, lambda: nsjob.Pool(capture_output=value), nsjob.OptionError, "capture_output")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *[("priority", value) for value in (-1, 256, 1.0, True, None, "urgent", "127", [], Unprintable())],
        *[("retryon", value) for value in (5, None, int, [int], [""], b"x", [None], object(), Unprintable())],
        *[("vars", value) for value in (5, [1], "a", {1: 2}, {"a b": 1}, {"": 1}, Unprintable())],
        *[("metadata", value) for value in (5, None, [1], {1: 2}, Unprintable())],
        *[("after", value) for value in (5, None, [5], [None], [("q",)], [("q", 5)], object(), Unprintable())],
        ("input_", 1),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_other_options_say_what_they_take(pool: nsjob.Pool, option: str, value: Any) -> None:
    refused(pool, lambda: pool.queue("q", "1", **{option: value}), nsjob.OptionError, option)


def test_options_that_exclude_or_need_each_other_are_refused(pool: nsjob.Pool) -> None:
    refused(pool, lambda: pool.queue("q", "1", delay=1, at=1e10), nsjob.OptionError, "delay", "at")
    refused(pool, lambda: pool.queue("q", "1", ifnew=True), nsjob.OptionError, "ifnew", "jobid")
    for own in ("jobid", "unique"):
        refused(pool, lambda own=own: pool.create("z", **{own: "x"}), nsjob.OptionError, own)
        refused(pool, lambda own=own: pool.executor("q", **{own: "x"}), nsjob.OptionError, own)
    refused(pool, lambda: pool.create("z", after=["done"]), nsjob.OptionError, "after")


@pytest.mark.parametrize(
    ("wrong", "right"), [("tiemout", "timeout"), ("prioritiy", "priority"), ("detach", "detached"), ("job_id", "jobid")]
)
def test_an_unknown_option_gets_the_name_of_the_nearest(pool: nsjob.Pool, wrong: str, right: str) -> None:
    hint = f'unknown option "{wrong}", did you mean "{right}"?'
    refused(pool, lambda: pool.queue("q", "1", **{wrong: 1}), nsjob.OptionError, hint)
    refused(pool, lambda: pool.create("z", **{wrong: 1}), nsjob.OptionError, hint)
    refused(pool, lambda: pool.executor("q", **{wrong: 1}), nsjob.OptionError, hint)


def test_an_option_that_is_near_to_none_gets_the_list_of_those_there_are(pool: nsjob.Pool) -> None:
    text = str(refused(pool, lambda: pool.queue("q", "1", zzz=1), nsjob.OptionError, "timeout", "priority"))
    assert 'unknown option "zzz" The' not in text, "two sentences run into each other"


def test_unknown_settings_engines_and_reactions_get_the_names_that_there_are(pool: nsjob.Pool) -> None:
    refused(pool, lambda: pool.configure(jobperthread=1), nsjob.OptionError, "jobperthread", "jobsperthread")
    refused(pool, lambda: pool.configure(timeout=5, nosuch=1), nsjob.OptionError, "nosuch")
    refused(pool, lambda: pool.create("z", engine="thraed"), nsjob.NoSuchEngine, "thraed", "thread")
    for value in ("stop", "", None, 5, ["pause"]):
        refused(pool, lambda value=value: pool.create("z", onerror=value), nsjob.OptionError, "continue, pause, cancel")
    refused(pool, lambda: pool.create("z", onerror=Unprintable()), nsjob.OptionError, "onerror")


@pytest.mark.parametrize("value", [True, -1, 1.5, "5", None, Unprintable()], ids=lambda value: type(value).__name__)
def test_settings_that_are_counts_take_integers_from_0(pool: nsjob.Pool, value: Any) -> None:
    for setting in ("jobsperthread", "maxlost", "maxdone", "maxoutput", "maxthreads"):
        if value is None and setting == "maxthreads":
            continue
        refused(pool, lambda setting=setting: pool.configure(**{setting: value}), nsjob.OptionError, setting)


def test_where_one_of_several_settings_is_wrong_none_is_changed(pool: nsjob.Pool) -> None:
    refused(pool, lambda: pool.configure(timeout=77, maxdone=3, grace=-1), nsjob.OptionError, "-1")


# -- snippets and callables


@pytest.mark.parametrize(
    "value", [5, None, b"1", ["1"], object(), compile("1", "x", "eval")], ids=lambda v: type(v).__name__
)
def test_what_is_no_text_is_no_snippet(pool: nsjob.Pool, value: Any) -> None:
    refused(pool, lambda: pool.queue("q", value), nsjob.OptionError, "str")
    refused(pool, lambda: pool.define(value), nsjob.OptionError, "str")


@pytest.mark.parametrize("value", [5, None, "print()", object()], ids=lambda value: type(value).__name__)
def test_what_cannot_be_called_is_refused(pool: nsjob.Pool, value: Any) -> None:
    refused(pool, lambda: pool.submit("q", value), nsjob.OptionError, "callable")
    refused(pool, lambda: pool.executor("q").submit(value), nsjob.OptionError, "callable")
    refused(pool, lambda: pool.subscribe(value), nsjob.OptionError, "callable")


@pytest.mark.parametrize(
    ("source", "line", "shown", "caret"),
    [
        ("1 +", 1, "1 +", None),
        ("x = 1\nfor y in x\n    pass", 2, "for y in x", 10),
        ("x = (1,\ny = 2", 1, "x = (1,", 4),
        ("def f():\nreturn 1", 2, "return 1", 0),
        ("    x = 1\n    y = = 2", 2, "y = = 2", 4),
        ("print('a'", 1, "print('a'", 5),
        ("x = 'abc", 1, "x = 'abc", 4),
        ("yield 1", 1, "yield 1", 0),
        ("break = 1", 1, "break = 1", None),
        ("def f():\n    break", 2, "break", 0),
        ("nonlocal x", 1, "nonlocal x", 0),
        ("f() = 1", 1, "f() = 1", 0),
    ],
)
def test_a_syntax_error_shows_the_line_and_a_caret_when_the_job_is_queued(
    pool: nsjob.Pool, source: str, line: int, shown: str, caret: int | None
) -> None:
    for call in (lambda: pool.queue("q", source), lambda: pool.define(source)):
        error = refused(pool, call, nsjob.SnippetError, f"line {line}", shown)
        assert error.errorcode == ("NSJOB", "SYNTAX")
        lines = str(error).splitlines()
        assert lines[-1].strip() == "^"
        assert lines[-2].strip() == shown
        if caret is not None:
            assert lines[-1].index("^") - lines[-2].index(shown) == caret


@pytest.mark.parametrize(
    "source",
    ["\0", "x = \ud800", "(" * 5000 + ")" * 5000, "-" * 100_000 + "1", "x = " + "9" * 5000, "\x01", "a?b", "'\\N{x}'"],
    ids=["null", "surrogate", "parentheses", "minuses", "digits", "control", "question mark", "escape"],
)
def test_what_python_cannot_compile_is_a_snippet_error_whatever_python_raises(pool: nsjob.Pool, source: str) -> None:
    refused(pool, lambda: pool.queue("q", source), nsjob.SnippetError)
    refused(pool, lambda: pool.define(source), nsjob.SnippetError)


def test_a_snippet_of_10_mb_runs_or_is_refused_with_a_short_message(pool: nsjob.Pool) -> None:
    text = "x" * 10_000_000
    assert pool.queue("q", f"len('{text}')").wait(30) == len(text)
    error = refused(pool, lambda: pool.queue("q", f"'{text}"), nsjob.SnippetError, "line 1")
    assert len(str(error)) < 1000
    refused(pool, lambda: pool.queue("q", f"# {text}\n1 +"), nsjob.SnippetError, "line 2", "1 +")


def test_huge_names_do_not_make_huge_messages(pool: nsjob.Pool) -> None:
    huge = "x" * 10_000_000
    refused(pool, lambda: pool.queue(huge, "1"), nsjob.NoSuchQueue, "no such queue: xxx")
    refused(pool, lambda: pool.wait("q", huge), nsjob.NoSuchJob, "no such job: xxx")
    refused(pool, lambda: pool.create(huge))
    refused(pool, lambda: pool.queue("q", "1", priority=huge))
    refused(pool, lambda: pool.queue("q", "1", delay=huge))
    refused(pool, lambda: pool.queue("q", "1", **{huge: 1}))
    refused(pool, lambda: pool.configure(**{huge: 1}))
    refused(pool, lambda: pool.create("z", onerror=huge))  # type: ignore[arg-type]
    refused(pool, lambda: pool.create("z", engine=huge), nsjob.NoSuchEngine)


@pytest.mark.parametrize(
    "value", ["x", 5, None, {"x": 1}, ["nosuch"], [5], Unprintable()], ids=lambda v: type(v).__name__
)
def test_use_takes_names_of_the_callers_variables(pool: nsjob.Pool, value: Any) -> None:
    if value is not None:
        refused(pool, lambda: pool.queue("q", "1", use=value), nsjob.OptionError, "use")


def test_use_beside_vars_that_are_none_of_it_is_refused(pool: nsjob.Pool) -> None:
    def call() -> None:
        x = 1
        assert x
        pool.queue("q", "x", use=["x"], vars=[1])

    refused(pool, call, nsjob.OptionError, "vars")


def test_definitions_that_fail_define_nothing(pool: nsjob.Pool) -> None:
    with pytest.raises(ZeroDivisionError):
        pool.define("known = 1\n1 / 0")
    refused(pool, lambda: pool.define("known = 1\nreturn known"), nsjob.OptionError)
    refused(pool, lambda: pool.define("known = 1\nawait known"), nsjob.OptionError)
    with pytest.raises(NameError):
        pool.queue("q", "known").wait(10)


# -- verbs at the wrong moment, and foreign handles


def test_verbs_for_jobs_in_another_state_are_refused(pool: nsjob.Pool) -> None:
    running = next(job.id for job in pool.joblist("q") if job.state == "running")
    refused(pool, lambda: pool.requeue("still", "here"), nsjob.WrongState, "scheduled")
    refused(pool, lambda: pool.requeue("q", "done"), nsjob.WrongState, "done")
    refused(pool, lambda: pool.run("q", running), nsjob.WrongState, "running")
    refused(pool, lambda: pool.run("q", "done"), nsjob.WrongState, "done")
    refused(pool, lambda: pool.snooze("q", "done", 1), nsjob.WrongState, "done")
    refused(pool, lambda: pool.retry("still", "here"), nsjob.WrongState, "scheduled")
    refused(pool, lambda: pool.retry("q", running), nsjob.WrongState, "running")


def test_a_handle_of_another_queue_does_not_stand_for_the_job_of_the_same_id(pool: nsjob.Pool) -> None:
    pool.create("other")
    pool.pause("other")
    foreign = pool.queue("other", "1", jobid="here")
    for verb in (pool.cancel, pool.kill, pool.run, pool.show):
        refused(pool, lambda verb=verb: verb("still", foreign), nsjob.NsjobError)
    refused(pool, lambda: pool.wait("still", foreign, timeout=0), nsjob.NoSuchJob)


def test_a_job_of_another_pool_is_no_predecessor(pool: nsjob.Pool) -> None:
    with nsjob.Pool() as other:
        other.create("q")
        job = other.queue("q", "1")
        refused(pool, lambda: pool.queue("q", "1", after=[job]), nsjob.OptionError, "another pool")


def test_waitany_without_a_queue_is_refused(pool: nsjob.Pool) -> None:
    refused(pool, lambda: pool.waitany(), nsjob.OptionError, "queue")


def test_outside_of_a_job_there_is_no_current_job(pool: nsjob.Pool) -> None:
    refused(pool, nsjob.current_job, nsjob.NoCurrentJob)


@pytest.mark.parametrize("value", [-1, math.nan, True, "much", None], ids=repr)
def test_a_progress_that_is_no_number_is_refused_in_the_body(pool: nsjob.Pool, value: Any) -> None:
    with pytest.raises(nsjob.OptionError, match="progress"):
        pool.queue("q", "job.progress(value)", vars={"value": value}).wait(10)
    with pytest.raises(nsjob.OptionError):
        pool.queue("q", "job.snooze(value)", vars={"value": "much"}).wait(10)
