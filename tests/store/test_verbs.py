"""The verbs that change, find, repeat and follow jobs, over each kind of store: one suite."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import nsjob
from tests.conftest import PATIENCE, Gate
from tests.store import bodies
from tests.store.bodies import NOTES, note
from tests.store.cases import Store, ended, spinning, until

POSIX = pytest.mark.skipif(os.name != "posix", reason="it needs POSIX")


def order(pool: nsjob.Pool, queue: str = "one") -> list[str]:
    """Run all jobs of a queue that is paused and runs one at a time, and return their ids in that order."""
    pool.resume(queue)
    return [job.id for job in pool.waitall(queue, timeout=PATIENCE)]


def put(pool: nsjob.Pool, names: str, **options: Any) -> None:
    for name in names:
        pool.queue("one", "1", jobid=name, **options)


def state(pool: nsjob.Pool, queue: str) -> object:
    """All that is known of the jobs of a queue."""
    return [
        (info.id, info.script, info.state, pool.show(queue, info.id).options, pool.show(queue, info.id).reason)
        for info in pool.joblist(queue)
    ]


def outcomes(pool: nsjob.Pool, queue: str, job: nsjob.Job | str) -> list[tuple[int, str]]:
    return [(run.attempt, run.outcome) for run in pool.runs(queue, job)]


def ids(found: nsjob.Found) -> list[str]:
    return [job.id for job in found.jobs]


# -- edit ----------------------------------------------------------------------------------------------------------


def test_the_script_and_its_values_are_changed(pool: nsjob.Pool) -> None:
    pool.pause("q")
    job = pool.queue("q", "a", vars={"a": 1}, input=2, note="first", jobid="J")
    pool.edit("q", "J", "(a, job.input, job.id)")
    pool.edit("q", "J", vars={"a": 10})
    pool.edit("q", "J", note="second", input=20)
    info = pool.info("q", "J")
    assert (info.script, info.note) == ("(a, job.input, job.id)", "second")
    assert (job.options.vars, job.options.input) == ({"a": 10}, 20)
    pool.resume("q")
    assert pool.wait("q", "J", PATIENCE) == (10, 20, "J")


def test_values_are_taken_away_by_none(pool: nsjob.Pool) -> None:
    pool.create("w", 1, vars={"a": 5}, input=6)
    pool.pause("w")
    job = pool.queue("w", "(job.input, 'a' in globals())", input=2)
    pool.edit("w", job, vars=None, input=None)
    pool.resume("w")
    assert job.wait(PATIENCE) == (None, False)


def test_what_is_not_given_stays_as_the_job_has_it_not_as_its_queue_has_it(pool: nsjob.Pool) -> None:
    pool.create("w", 1, retries=9, timeout=9, note="queue's")
    pool.pause("w")
    job = pool.queue("w", "1", timeout=None, retries=0, topic="t", metadata={"a": 1}, key="k", priority="high", keep=7)
    before = job.options
    pool.edit("w", job, subtopic="s")
    assert job.options == before.changed({"subtopic": "s"})
    assert (job.options.retries, job.options.timeout, job.options.note, job.options.keep) == (0, None, "queue's", 7)


def test_a_job_keeps_its_turn_and_with_another_priority_goes_behind_those_of_that(pool: nsjob.Pool) -> None:
    pool.pause("one")
    put(pool, "abc")
    put(pool, "xy", priority="high")
    pool.edit("one", "a", "2", note="x", timeout=10, retries=2, expires="1h", metadata={"a": 1})
    pool.edit("one", "b", priority="high")
    pool.edit("one", "x", priority=127)
    assert order(pool) == ["y", "b", "a", "c", "x"]


def test_a_job_that_is_to_run_next_stays_so_whatever_its_priority(pool: nsjob.Pool) -> None:
    pool.pause("one")
    put(pool, "abc")
    pool.run("one", "c")
    pool.queue("one", "1", jobid="h", head=True)
    pool.edit("one", "c", priority="lowest")
    pool.edit("one", "h", priority="lowest")
    assert order(pool) == ["h", "c", "a", "b"]


def test_delays_and_expiry_are_given_changed_and_ended(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "job.id", delay="1h", jobid="late")
    assert "put off" in pool.show("q", job).reason
    pool.edit("q", job, delay="2h")
    assert float(pool.show("q", job).reason.split()[5]) > 3700
    pool.edit("q", job, delay=0)
    assert job.wait(PATIENCE) == "late"
    pool.pause("q")
    soon, never = (pool.queue("q", "1", expires=expires) for expires in (None, "1h"))
    pool.edit("q", soon, expires=0.001)
    pool.edit("q", never, expires=None)
    with pytest.raises(nsjob.JobExpired):
        soon.wait(PATIENCE)
    pool.resume("q")
    assert never.wait(PATIENCE) == 1


def test_a_lifetime_goes_on_while_other_things_are_changed(pool: nsjob.Pool) -> None:
    pool.pause("q")
    job = pool.queue("q", "1", lifetime=0.3)
    pool.edit("q", job, note="n")
    with pytest.raises(nsjob.JobExpired, match="lifetime of 0.3 seconds"):
        job.wait(PATIENCE)
    with pytest.raises(nsjob.OptionError, match="lifetime cannot be edited"):
        pool.edit("q", job, lifetime=5)


def test_what_a_job_comes_after_is_changed(pool: nsjob.Pool, gate: Gate) -> None:
    first, second = (pool.queue("q", "enter()", jobid=name) for name in ("first", "second"))
    gate.came(2)
    late = pool.queue("one", "'late'", after=[first])
    pool.edit("one", late, after=[second, first])
    assert "first of q" in pool.show("one", late).reason
    pool.edit("one", late, after=[])
    assert late.wait(PATIENCE) == "late"
    gate.let(2)


def test_a_job_no_longer_fails_with_one_that_it_came_after(pool: nsjob.Pool) -> None:
    pool.pause("q")
    bad, good = pool.queue("q", "1 / 0"), pool.queue("q", "1")
    job = pool.queue("q", "'ran'", after=[bad])
    pool.edit("q", job, after=[good])
    pool.resume("q")
    assert job.wait(PATIENCE) == "ran"
    with pytest.raises(ZeroDivisionError):
        bad.wait(PATIENCE)


def test_jobs_cannot_come_to_wait_for_each_other(pool: nsjob.Pool) -> None:
    pool.pause("one")
    a = pool.queue("one", "1", jobid="a")
    b = pool.queue("one", "1", jobid="b", after=[a])
    c = pool.queue("one", "1", jobid="c", after=[b])
    before = state(pool, "one")
    for job, after in ((a, a), (a, b), (a, c), (b, c)):
        with pytest.raises(nsjob.OptionError, match=f"after: job {job.id} would come after itself"):
            pool.edit("one", job, note="new", after=[after])
    assert state(pool, "one") == before
    pool.edit("one", c, after=[a])
    pool.edit("one", b, after=[c])
    assert order(pool) == ["a", "c", "b"]


def test_unique_is_given_and_taken_away(pool: nsjob.Pool) -> None:
    pool.pause("q")
    a, b = pool.queue("q", "1", unique="u", jobid="a"), pool.queue("q", "2", jobid="b")
    before = state(pool, "q")
    with pytest.raises(nsjob.WrongState, match="job b cannot be unique as 'u': job a is that already"):
        pool.edit("q", b, "3", unique="u")
    assert state(pool, "q") == before
    pool.edit("q", a, unique=None)
    pool.edit("q", b, unique="u")
    assert pool.queue("q", "4", unique="u") is b
    pool.resume("q")
    assert b.wait(PATIENCE) == 2


def test_a_job_becomes_detached_and_attached(pool: nsjob.Pool) -> None:
    pool.pause("q")
    a, b = pool.queue("q", "1"), pool.queue("q", "2", detached=True)
    pool.edit("q", a, detached=True)
    pool.edit("q", b, detached=False)
    with pytest.raises(nsjob.JobDetached):
        pool.wait("q", a, timeout=0)
    pool.resume("q")
    assert pool.wait("q", b, PATIENCE) == 2
    a.wait(PATIENCE)
    assert pool.waitany("q", timeout=PATIENCE) == ""
    assert pool.jobs("q") == []


def test_output_is_captured_and_a_key_is_changed_from_now_on(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("keyed", 3, maxperkey=1)
    jobs = [pool.queue("keyed", "enter(job.id)", key="k", jobid=name) for name in "abc"]
    gate.came()
    pool.edit("keyed", "c", "print('hello'); enter(job.id)", key="other", capture_output=True)
    gate.came()
    gate.let(3)
    assert [job.wait(PATIENCE) for job in jobs] == ["a", "b", "c"]
    assert pool.output("keyed", "c") == "hello\n"


@POSIX
def test_a_program_is_edited_as_a_list_of_words(pool: nsjob.Pool) -> None:
    pool.create("programs", engine="command")
    pool.pause("programs")
    job = pool.exec("programs", [sys.executable, "-c", "print(1)"], env={"GREETING": "hello"})
    with pytest.raises(nsjob.OptionError, match="a program and its arguments are a list"):
        pool.edit("programs", job, "print(2)")
    with pytest.raises(nsjob.OptionError, match="vars and capture_output are not for programs"):
        pool.edit("programs", job, vars={"a": 1})
    with pytest.raises(nsjob.OptionError, match="heartbeat is not for the command engine"):
        pool.edit("programs", job, heartbeat=5)
    pool.edit("programs", job, [sys.executable, "-c", "import os; print(os.environ['GREETING'])"])
    pool.resume("programs")
    job.wait(PATIENCE)
    assert pool.output("programs", job) == "hello\n"


def test_a_call_keeps_its_function_and_has_other_options_changed(pool: nsjob.Pool) -> None:
    pool.pause("q")
    job = pool.submit("q", str.upper, "a")
    with pytest.raises(nsjob.OptionError, match=r"runs a call, .*str\.upper.*: its script cannot be edited"):
        pool.edit("q", job, "1")
    with pytest.raises(nsjob.OptionError, match="vars and input are not for it"):
        pool.edit("q", job, input=1)
    pool.edit("q", job, note="n")
    assert job.options.note == "n"
    pool.resume("q")
    assert job.wait(PATIENCE) == "A"
    assert pool.jobs("q") == []


def test_a_retried_job_has_what_it_was_edited_to(pool: nsjob.Pool) -> None:
    pool.pause("q")
    job = pool.queue("q", "job.input / 0", input=1)
    pool.edit("q", job, "job.input", input=7, note="n")
    pool.resume("q")
    assert pool.wait("q", job, PATIENCE) == 7
    again = pool.retry("q", job.id)
    assert again.wait(PATIENCE) == 7
    assert again.options.note == "n"


def test_a_job_waiting_for_its_next_attempt_is_edited(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "1 / 0", retries=1, backoff=1000)
    until(lambda: job.attempt == 1 and job.state == "scheduled")
    pool.edit("q", job, "('mended', job.attempt)", delay=0)
    assert job.wait(PATIENCE) == ("mended", 2)


def test_running_and_done_jobs_are_refused(pool: nsjob.Pool, gate: Gate) -> None:
    running = pool.queue("q", "enter()", jobid="runs")
    gate.came()
    done = ended(pool, "1", jobid="over")
    for job, said in ((running, "job runs is running"), (done, "job over is done")):
        with pytest.raises(nsjob.WrongState, match=f"^{said}: only a scheduled job can be edited"):
            pool.edit("q", job, note="x")
        with pytest.raises(nsjob.WrongState, match=f"^{said}: only a scheduled job can be moved"):
            pool.move("q", job, first=True)


@pytest.mark.parametrize(
    ("script", "options", "kind", "says"),
    [
        ("(", {}, nsjob.SnippetError, ""),
        (5, {}, nsjob.OptionError, "script must be Python source (str), but got int"),
        ("2", {"jobid": "x"}, nsjob.OptionError, "jobid cannot be edited: a job keeps its id"),
        ("2", {"files": ["a.txt"]}, nsjob.OptionError, "files cannot be edited"),
        ("2", {"priority": 256}, nsjob.OptionError, "priority must be 0 to 255"),
        ("2", {"keep": -1}, nsjob.OptionError, "keep: "),
        ("2", {"nonsense": 1}, nsjob.OptionError, 'unknown option "nonsense"'),
        ("2", {"delay": 1, "at": 5}, nsjob.OptionError, "delay and at exclude each other"),
        ("2", {"after": ["nosuch"]}, nsjob.NoSuchJob, "no such job: nosuch"),
        ("2", {"after": [("nosuch", "J")]}, nsjob.NoSuchQueue, "no such queue: nosuch"),
        ("2", {"after": ["bad"]}, nsjob.WrongState, "cannot come after job bad, which ended error"),
    ],
)
def test_all_is_checked_before_anything_changes(
    pool: nsjob.Pool, script: Any, options: dict[str, Any], kind: type[Exception], says: str
) -> None:
    ended(pool, "1 / 0", jobid="bad")
    pool.pause("q")
    job = pool.queue("q", "1", note="n")
    before = state(pool, "q")
    with pytest.raises(kind) as raised:
        pool.edit("q", job, script, **options)
    assert says in str(raised.value)
    assert state(pool, "q") == before


def test_a_job_that_is_edited_while_others_edit_it_has_all_their_changes(pool: nsjob.Pool) -> None:
    pool.pause("q")
    job = pool.queue("q", "0")
    names = ["note", "topic", "subtopic", "group"]
    barrier = threading.Barrier(len(names))

    def change(name: str) -> None:
        barrier.wait(PATIENCE)
        for n in range(10):
            pool.edit("q", job, **{name: f"{name}{n}"})

    threads = [threading.Thread(target=change, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert [getattr(job.options, name) for name in names] == [f"{name}9" for name in names]


# -- move ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moved", "where", "expected"),
    [
        ("d", {"first": True}, "dabce"),
        ("b", {"last": True}, "acdeb"),
        ("d", {"before": "b"}, "adbce"),
        ("a", {"before": "e"}, "bcdae"),
        ("a", {"after": "c"}, "bcade"),
        ("e", {"after": "a"}, "aebcd"),
        ("b", {"after": "a"}, "abcde"),
        ("a", {"before": "b"}, "abcde"),
        ("b", {"before": "a"}, "bacde"),
        ("a", {"after": "e"}, "bcdea"),
    ],
)
def test_a_job_is_moved(pool: nsjob.Pool, moved: str, where: dict[str, Any], expected: str) -> None:
    pool.pause("one")
    put(pool, "abcde")
    pool.move("one", moved, **where)
    assert order(pool) == list(expected)


def test_moved_again_and_again_there_is_room_between_any_two(pool: nsjob.Pool) -> None:
    pool.pause("one")
    put(pool, "abcdef")
    for name in "fedcfedcfedc" * 3:
        pool.move("one", name, after="a")
    for name in "bbb":
        pool.move("one", name, before="c")
    assert order(pool) == list("abcdef")


def test_moving_stays_within_a_priority_and_behind_those_that_go_next(pool: nsjob.Pool) -> None:
    pool.pause("one")
    put(pool, "ab", priority="high")
    put(pool, "cdef")
    pool.move("one", "d", first=True)
    pool.move("one", "a", last=True)
    with pytest.raises(nsjob.WrongState, match="job d has priority 127 and job a 191: a job is moved among those of"):
        pool.move("one", "d", before="a")
    pool.queue("one", "1", jobid="h", head=True)
    pool.run("one", "f")
    pool.move("one", "e", first=True)
    pool.move("one", "h", first=True)
    assert order(pool) == list("hfbaedc")


def test_a_job_is_moved_beside_one_that_goes_next_and_back(pool: nsjob.Pool) -> None:
    pool.pause("one")
    put(pool, "abcd")
    pool.run("one", "d")
    pool.move("one", "c", before="d")
    pool.move("one", "d", last=True)
    assert order(pool) == list("cabd")


@pytest.mark.parametrize(
    ("given", "kind", "says"),
    [
        ({}, nsjob.OptionError, "move takes one of before, after, first and last"),
        ({"first": True, "last": True}, nsjob.OptionError, "move takes one of"),
        ({"first": 1}, nsjob.OptionError, "first must be True or False"),
        ({"before": "a"}, nsjob.OptionError, "job a cannot be moved before or after itself"),
        ({"before": "nosuch"}, nsjob.NoSuchJob, "no such job: nosuch"),
        ({"after": 5}, nsjob.OptionError, "a job is named by its id"),
        ({"after": "late"}, nsjob.WrongState, "job late has no turn yet: it is put off, or comes after other jobs"),
        ({"before": "next"}, nsjob.WrongState, "job next has no turn yet"),
    ],
)
def test_a_move_that_cannot_be_changes_nothing(
    pool: nsjob.Pool, given: dict[str, Any], kind: type[Exception], says: str
) -> None:
    pool.pause("one")
    put(pool, "abc")
    pool.queue("one", "1", jobid="late", delay="1h")
    pool.queue("one", "1", jobid="next", after=["a"])
    with pytest.raises(kind) as raised:
        pool.move("one", "a", **given)
    assert says in str(raised.value)
    pool.cancel("one", "late")
    assert order(pool)[:3] == list("abc")


# -- find ----------------------------------------------------------------------------------------------------------


def pages(pool: nsjob.Pool, **wanted: Any) -> list[list[str]]:
    page = pool.find(**wanted)
    found = [ids(page)]
    while page.cursor:
        page = pool.find(cursor=page.cursor, **wanted)
        found.append(ids(page))
    return found


def test_jobs_are_found_by_what_they_are(pool: nsjob.Pool, gate: Gate) -> None:
    ended(pool, "1", jobid="ok", topic="t", subtopic="s")
    ended(pool, "1 / 0", jobid="bad", topic="t", group="g", note="100% sure_ly")
    pool.queue("one", "enter()", jobid="runs", priority=7)
    gate.came()
    pool.queue("one", "1", jobid="waits", note="x")
    pool.queue("one", "1", jobid="late", delay="1h", group="g")
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["ok", "bad", "runs", "waits", "late"]),
        ({"queue": "one"}, ["runs", "waits", "late"]),
        ({"state": "done"}, ["ok", "bad"]),
        ({"state": ["running", "scheduled"]}, ["runs", "waits", "late"]),
        ({"outcome": "error"}, ["bad"]),
        ({"outcome": ["ok", "error", "timeout"]}, ["ok", "bad"]),
        ({"outcome": ["cancelled", "expired"]}, []),
        ({"topic": "t"}, ["ok", "bad"]),
        ({"topic": ""}, ["runs", "waits", "late"]),
        ({"topic": "t", "subtopic": ""}, ["bad"]),
        ({"subtopic": "s"}, ["ok"]),
        ({"group": "g"}, ["bad", "late"]),
        ({"group": "g", "state": "done"}, ["bad"]),
        ({"priority": 7}, ["runs"]),
        ({"note": "% s"}, ["bad"]),
        ({"note": "e_l"}, ["bad"]),
        ({"note": "e-l"}, []),
        ({"from_": pool.find(topic="t").jobs[1].queued}, ["bad", "runs", "waits", "late"]),
        ({"to": pool.find(topic="t").jobs[1].queued}, ["ok"]),
    ]
    for wanted, expected in cases:
        assert ids(pool.find(**wanted)) == expected, wanted
    for job in pool.find().jobs:
        info = pool.info(job.queue, job.id)
        assert (job.state, job.outcome, job.script, job.results, job.left) == (
            info.state, info.outcome, info.script, job.results, False,
        )  # fmt: skip
    gate.let()


def test_jobs_that_left_are_found(pool: nsjob.Pool) -> None:
    pool.wait("q", pool.queue("q", "1", jobid="waited"), PATIENCE)
    pool.submit("q", note, "x").wait(PATIENCE)
    pool.pause("q")
    pool.cancel("q", pool.queue("q", "1", jobid="cancelled"))
    found = pool.find(queue="q", state="done").jobs
    assert [(job.outcome, job.left) for job in found] == [("ok", True), ("ok", True), ("cancelled", True)]
    assert found[0].results == (1 if pool.store else None)


def test_pages_are_stable_while_jobs_come_end_and_leave(pool: nsjob.Pool) -> None:
    pool.pause("q")
    names = [f"n{number}" for number in range(12)]
    for name in names:
        pool.queue("q", "1", jobid=name)
    page = pool.find(queue="q", limit=5)
    seen = ids(page)
    pool.queue("q", "1", jobid="new")
    for name in ("n0", "n4", "n6"):
        pool.cancel("q", name)
    pool.resume("q")
    until(lambda: pool.counts("q").ok == 10)
    pool.wait("q", "n7", PATIENCE)
    while page.cursor:
        page = pool.find(queue="q", limit=5, cursor=page.cursor)
        seen += ids(page)
    assert seen == [*names, "new"]
    assert [len(found) for found in pages(pool, queue="q", limit=4)] == [4, 4, 4, 1]
    assert pages(pool, queue="q", limit=13) == [seen]


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"state": "doing"}, "bad state 'doing': must be scheduled, running, done"),
        ({"outcome": []}, "outcome must be one or more of"),
        ({"limit": 0}, "expected integer in range"),
        ({"cursor": "nonsense"}, "cursor must be one that find returned"),
        ({"cursor": "WzFd"}, "cursor must be one that find returned"),
        ({"priority": 300}, "priority must be 0 to 255"),
        ({"from_": 5, "to": 4}, "from must be the earlier one"),
        ({"topic": 5}, "topic must be text"),
    ],
)
def test_what_cannot_be_found_is_said(pool: nsjob.Pool, wanted: dict[str, Any], says: str) -> None:
    with pytest.raises(nsjob.OptionError) as raised:
        pool.find(**wanted)
    assert says in str(raised.value)
    with pytest.raises(nsjob.NoSuchQueue):
        pool.find(queue="nosuch")


def test_text_that_no_database_keeps_is_not_found(pool: nsjob.Pool) -> None:
    ended(pool, "1")
    for odd in ("\0", "\ud800", "a\0b"):
        for name in ("topic", "subtopic", "group", "note"):
            assert pool.find(**{name: odd}).jobs == ()


# -- templates -----------------------------------------------------------------------------------------------------

SIZE = {
    "type": "object",
    "required": ["width"],
    "properties": {"width": {"type": "integer", "minimum": 1}},
    "additionalProperties": False,
}


def test_a_job_from_a_template_has_its_script_its_options_and_its_input(pool: nsjob.Pool) -> None:
    pool.template_create(
        "double", "job.input * 2", timeout="1m", retries=2, note="n", priority="high", metadata={"a": 1}, keep="1h"
    )
    job = pool.queue_template("q", "double", 21)
    assert job.wait(PATIENCE) == 42
    report = pool.show("q", job)
    assert (report.template, report.script, report.retries, report.priority) == ("double", "job.input * 2", 2, 191)
    options = job.options
    assert (options.timeout, options.note, options.metadata, options.input, options.keep) == (
        60.0, "n", {"a": 1}, 21, 3600,
    )  # fmt: skip
    assert pool.show("q", pool.queue("q", "1")).template == ""


def test_options_of_the_call_go_before_the_templates_and_those_before_the_queues(pool: nsjob.Pool) -> None:
    pool.create("w", timeout=100, retries=5, note="queue's", topic="queue's")
    pool.template_create("t", "1", timeout=50, note="template's", delay="1h")
    job = pool.queue_template("w", "t", note="own", jobid="J", detached=True)
    options = job.options
    assert (options.timeout, options.retries, options.note, options.topic) == (50.0, 5, "own", "queue's")
    assert (job.id, options.detached, job.state) == ("J", True, "scheduled")
    assert pool.queue_template("q", "t", at=1).wait(PATIENCE) == 1
    assert pool.queue_template("q", "t", delay=0).wait(PATIENCE) == 1


def test_templates_are_listed_changed_and_removed(pool: nsjob.Pool) -> None:
    pool.template_create("b", "1", {"type": "string"}, timeout=5, retries=1)
    pool.template_create("a", "2", active=False, group="g")
    first, second = pool.templates()
    assert (first.name, first.script, first.schema, first.timeout, first.retries, first.active) == (
        "b", "1", {"type": "string"}, 5.0, 1, True,
    )  # fmt: skip
    assert dict(second.options) == {"group": "g"}
    assert pool.template("a") == second
    with pytest.raises(nsjob.TemplateInactive):
        pool.queue_template("q", "a")
    pool.template_edit("a", "3", active=True, retries=3)
    info = pool.template("a")
    assert (info.script, info.retries, info.active, info.options["group"]) == ("3", 3, True, "g")
    pool.template_edit("b", schema=None)
    assert pool.template("b").schema is None
    pool.template_delete("b")
    assert pool.templates() == [info]
    with pytest.raises(nsjob.TemplateExists, match="template already exists: a"):
        pool.template_create("a", "1")
    for call in (pool.template, pool.template_delete, pool.template_edit):
        with pytest.raises(nsjob.NoSuchTemplate, match="no such template: nosuch"):
            call("nosuch")


def test_an_input_is_checked_when_queued_when_edited_and_is_not_taken_else(pool: nsjob.Pool) -> None:
    pool.pause("q")
    pool.template_create("size", "job.input['width']", SIZE)
    with pytest.raises(nsjob.InvalidInput, match=r"the input is not as template size wants it: \$.width: 'wide'"):
        pool.queue_template("q", "size", {"width": "wide"})
    assert pool.jobs("q") == []
    job = pool.queue_template("q", "size", {"width": 1})
    with pytest.raises(nsjob.InvalidInput, match=r"\$.width: 'x' is not of type 'integer'"):
        pool.edit("q", job, "2", input={"width": "x"})
    pool.edit("q", job, "-job.input['width']", input={"width": 3})
    assert pool.show("q", job).template == "size"
    pool.resume("q")
    assert job.wait(PATIENCE) == -3
    assert pool.retry("q", job).wait(PATIENCE) == -3
    assert pool.show("q", job.id).template == "size"


def test_a_change_of_a_template_does_not_touch_jobs_that_were_queued(pool: nsjob.Pool) -> None:
    pool.template_create("t", "'old'", {"type": "integer"}, timeout=50, note="old")
    pool.pause("q")
    before = [pool.queue_template("q", "t", n) for n in range(2)]
    pool.template_edit("t", "'new'", {"type": "string"}, note="new", timeout=None)
    with pytest.raises(nsjob.InvalidInput):
        pool.queue_template("q", "t", 2)
    after = pool.queue_template("q", "t", "2")
    pool.template_delete("t")
    pool.resume("q")
    assert [job.wait(PATIENCE) for job in (*before, after)] == ["old", "old", "new"]
    assert [(job.options.timeout, job.options.note) for job in (*before, after)] == [
        (50.0, "old"), (50.0, "old"), (None, "new"),
    ]  # fmt: skip


# -- many ----------------------------------------------------------------------------------------------------------


def test_many_come_in_their_order_with_options_of_all_and_of_each(pool: nsjob.Pool) -> None:
    pool.pause("one")
    jobs = pool.queue_many(
        "one",
        [
            "note(1)",
            ("note(job.input)", {"input": 2, "jobid": "b", "keep": 5}),
            ("note(n)", {"vars": {"n": 3}, "after": ["b"], "note": "own"}),
            "note(1)",
            ("note(5)", {"priority": "high"}),
            ("note(6)", {"delay": 0.001}),
        ],
        note="all", retries=2,
    )  # fmt: skip
    assert [job.options.note for job in jobs] == ["all", "all", "own", "all", "all", "all"]
    assert {job.options.retries for job in jobs} == {2}
    assert len({job.id for job in jobs}) == 6
    assert pool.jobs("one") == [job.id for job in jobs]
    pool.resume("one")
    assert [job.wait(PATIENCE) for job in jobs] == [1, 2, 3, 1, 5, 6]
    assert NOTES[0] == 5
    assert [value for value in NOTES if value in (1, 2, 3)] in ([1, 2, 1, 3], [1, 2, 3, 1])


@pytest.mark.parametrize(
    ("items", "kind", "place"),
    [
        (["1", "("], nsjob.SnippetError, 1),
        (["1", ("1", {"nonsense": 1})], nsjob.OptionError, 1),
        (["1", "1", 5], nsjob.OptionError, 2),
        (["1", ("1", {"jobid": "there"})], nsjob.JobExists, 1),
        (["1", ("1", {"after": ["nosuch"]})], nsjob.NoSuchJob, 1),
        ([("1", {"jobid": "x"}), ("1", {"jobid": "x"})], nsjob.JobExists, 1),
    ],
)
def test_all_come_or_none(pool: nsjob.Pool, items: list[Any], kind: type[Exception], place: int) -> None:
    pool.pause("q")
    pool.queue("q", "1", jobid="there")
    with pytest.raises(kind) as raised:
        pool.queue_many("q", items)
    assert f"item {place} of those given" in "".join(raised.value.__notes__)
    assert pool.jobs("q") == ["there"]
    assert pool.queue_many("q", []) == []


def test_a_full_queue_takes_all_or_none(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("small", 1, maxqueued=3)
    pool.queue("small", "enter()")
    gate.came()
    pool.queue("small", "1")
    with pytest.raises(nsjob.QueueFull):
        pool.queue_many("small", ["1"] * 3)
    with pytest.raises(nsjob.QueueFull):
        pool.queue_many("small", ["1"] * 4, block=None)
    assert pool.counts("small").scheduled == 1
    got: list[list[nsjob.Job]] = []
    thread = threading.Thread(target=lambda: got.append(pool.queue_many("small", ["'late'"] * 3, block=PATIENCE)))
    thread.start()
    gate.let()
    thread.join(PATIENCE)
    assert [job.wait(PATIENCE) for job in got[0]] == ["late"] * 3


def test_unique_and_ifnew_among_many(pool: nsjob.Pool) -> None:
    pool.pause("q")
    there = pool.queue("q", "1", jobid="there", unique="u")
    jobs = pool.queue_many(
        "q", [("2", {"unique": "u"}), ("2", {"jobid": "there", "ifnew": True}), ("3", {"unique": "v"})]
    )
    assert jobs[0] is jobs[1] is there
    assert len(pool.jobs("q")) == 2


# -- runs, and what a job can do about itself ----------------------------------------------------------------------


def test_each_attempt_leaves_a_record(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "if tried() < 3: raise ValueError('not yet')\njob.attempt", retries=5, backoff=0, timeout=60)
    assert job.wait(PATIENCE) == 3
    runs = pool.runs("q", job)
    assert [(run.attempt, run.outcome, run.reason) for run in runs] == [
        (1, "error", "ValueError: not yet"), (2, "error", "ValueError: not yet"), (3, "ok", ""),
    ]  # fmt: skip
    assert {run.pid for run in runs} == {os.getpid()}
    assert all(run.ended is not None and run.started <= run.ended for run in runs)
    assert all(run.deadline == pytest.approx(run.started + 60) for run in runs)
    assert pool.show("q", job).runs == runs
    assert [run.ended for run in pool.runs("q", pool.queue("q", "1", delay="1h"))] == []


def test_each_way_to_end_is_told(pool: nsjob.Pool) -> None:
    late = pool.queue("q", "while True: pass", timeout=0.05)
    with pytest.raises(nsjob.JobTimeout):
        late.wait(PATIENCE)
    [run] = pool.runs("q", late)
    assert (run.outcome, "time limit of 0.05 seconds" in run.reason) == ("timeout", True)
    stopped = spinning(pool)
    assert [(run.outcome, run.ended) for run in pool.runs("q", stopped)] == [("", None)]
    pool.cancel("q", stopped)
    with pytest.raises(nsjob.JobCancelled):
        stopped.wait(PATIENCE)
    [run] = pool.runs("q", stopped)
    assert (run.outcome, run.reason) == ("cancelled", "it was cancelled")
    old = spinning(pool, lifetime=0.2)
    with pytest.raises(nsjob.JobExpired):
        old.wait(PATIENCE)
    [run] = pool.runs("q", old)
    assert (run.outcome, "lifetime" in run.reason) == ("expired", True)
    pool.pause("q")
    never = pool.queue("q", "1", lifetime=0.05)
    with pytest.raises(nsjob.JobExpired, match="lifetime of 0.05 seconds"):
        never.wait(PATIENCE)
    assert pool.runs("q", never) == ()
    assert pool.counts("q").expired == 2


def test_runs_that_were_put_back_keep_the_attempts_number(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "if tried() < 3: job.snooze(0.001)\njob.attempt")
    assert job.wait(PATIENCE) == 1
    assert outcomes(pool, "q", job) == [(1, "snoozed"), (1, "snoozed"), (1, "ok")]
    assert pool.runs("q", job)[0].reason == "it was put off for 0.001 seconds"
    job = spinning(pool)
    pool.requeue("q", job)
    assert bodies.SPINNING.acquire(timeout=PATIENCE)
    assert outcomes(pool, "q", job) == [(1, "requeued"), (1, "")]
    assert pool.runs("q", job)[0].reason == "it was put back"
    job.cancel()


def test_the_latest_hundred_are_kept(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "if tried() < 120: job.requeue()\njob.attempt")
    assert job.wait(PATIENCE) == 1
    runs = outcomes(pool, "q", job)
    assert (len(runs), runs[0], runs[-1]) == (100, (1, "requeued"), (1, "ok"))


def test_a_job_that_is_retried_has_the_runs_of_before(pool: nsjob.Pool) -> None:
    ended(pool, "10 // (tried() - 1)", jobid="J")
    assert pool.retry("q", "J").wait(PATIENCE) == 10
    assert outcomes(pool, "q", "J") == [(1, "error"), (1, "ok")]
    again = pool.retry("q", "J")
    assert again.wait(PATIENCE) == 5
    assert outcomes(pool, "q", again) == [(1, "error"), (1, "ok"), (1, "ok")]


@POSIX
def test_the_process_of_a_run_is_told(pool: nsjob.Pool) -> None:
    pool.create("p", 1, engine="process")
    job = pool.queue("p", "__import__('os').getpid()")
    assert [run.pid for run in pool.runs("p", job)] == [job.wait(PATIENCE)] or [
        run.pid for run in pool.runs("p", job)
    ] == [job.wait(PATIENCE)]
    job = pool.queue("p", "import os\nif job.attempt == 1: os.kill(os.getpid(), 9)\nos.getpid()", retries=1, backoff=0)
    pid = job.wait(PATIENCE)
    lost, ok = pool.runs("p", job)
    assert (lost.outcome, ok.outcome, ok.pid) == ("lost", "ok", pid)
    assert lost.pid not in (0, pid)


def test_success_error_and_fatal(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "try:\n    job.success([1, 2])\nexcept Exception:\n    pass\nraise ValueError")
    assert (job.wait(PATIENCE), job.outcome, job.code) == ([1, 2], "ok", "TCL_OK")
    assert pool.queue("q", "job.success()").wait(PATIENCE) is None
    job = pool.queue("q", "if tried('e') < 3: job.error('not yet')\njob.attempt", retries=5, backoff=0)
    assert job.wait(PATIENCE) == 3
    assert [run.reason for run in pool.runs("q", job)] == ["not yet", "not yet", ""]
    job = pool.queue("q", "job.fatal('no such disk')", retries=5, backoff=0)
    with pytest.raises(nsjob.JobFailed, match="no such disk"):
        job.wait(PATIENCE)
    assert job.attempt == 1


def test_requeue_puts_the_job_back_and_counts_no_attempt(pool: nsjob.Pool) -> None:
    pool.pause("one")
    job = pool.queue("one", "note(tried())\nif tried() < 3: job.requeue()\njob.attempt")
    other = pool.queue("one", "note('between')")
    pool.resume("one")
    assert job.wait(PATIENCE) == 1
    assert NOTES == [1, "between", 3]
    assert other.wait(PATIENCE) == "between"
    runs = pool.runs("one", job)
    assert [(run.attempt, run.outcome) for run in runs] == [(1, "requeued"), (1, "ok")]
    assert runs[0].reason == "it put itself back"
    job = pool.queue("one", "if tried('d') < 2: job.requeue('1h')\n7")
    until(lambda: job.state == "scheduled" and outcomes(pool, "one", job) == [(1, "requeued")])
    assert "put off for 3" in pool.show("one", job).reason
    assert pool.runs("one", job)[0].reason == "it put itself back for 3600 seconds"
    pool.run("one", job)
    assert job.wait(PATIENCE) == 7


def test_a_job_that_says_nothing_is_ended_and_one_that_says_it_is_alive_goes_on(pool: nsjob.Pool) -> None:
    job = pool.queue("q", "while True: pass", heartbeat=0.05)
    with pytest.raises(nsjob.JobTimeout, match=r"did not call job\.heartbeat\(\) within 0.05 seconds"):
        job.wait(PATIENCE)
    assert "job.heartbeat()" in pool.runs("q", job)[0].reason
    source = "import time\nend = time.monotonic() + 0.3\nwhile time.monotonic() < end: job.heartbeat()\n7"
    assert pool.queue("q", source, heartbeat=0.2).wait(PATIENCE) == 7


# -- keep ----------------------------------------------------------------------------------------------------------


def test_cleanup_removes_done_jobs_whose_time_is_over(pool: nsjob.Pool, store: Store, gate: Gate) -> None:
    pool.create("w", 2, keep=0)
    for name, options in (("short", {}), ("long", {"keep": "1h"}), ("usual", {"keep": None})):
        ended(pool, "1", "w", jobid=name, **options)
    waiting = pool.queue("w", "enter()", jobid="runs")
    gate.came()
    late = pool.queue("w", "1", jobid="late", delay="1h")
    removed = 0

    def clean() -> bool:
        nonlocal removed
        removed += pool.cleanup()
        return removed >= 1

    until(clean)
    assert (removed, pool.cleanup()) == (1, 0)
    assert pool.jobs("w") == ["long", "usual", "runs", "late"]
    pool.edit("w", late, keep="1h")
    assert late.options.keep == 3600
    gate.let()
    waiting.wait(PATIENCE)
    until(lambda: pool.cleanup() == 1)
    assert pool.jobs("w") == ["long", "usual", "late"]
    for bad in (-1, "soon"):
        with pytest.raises(nsjob.OptionError, match="^keep: "):
            pool.queue("w", "1", keep=bad)
    if not store.durable:
        assert ids(pool.find(queue="w", state="done", outcome="ok"))[:2] == ["short", "long"]


@POSIX
def test_what_a_program_wrote_is_kept_as_long_as_its_job(pool: nsjob.Pool, tmp_path: Path) -> None:
    pool.create("c", 1, engine="command", spool=str(tmp_path), keep="1h")
    jobs = [pool.exec("c", ["true"], jobid=name, **given) for name, given in (("a", {}), ("b", {"keep": 0}))]
    for job in jobs:
        job.wait(PATIENCE)
    assert [job.options.keep for job in jobs] == [3600, 0]
    paths = [pool.taskfile("c", job) for job in jobs]
    until(lambda: pool.cleanup() == 0)
    assert [path.is_dir() for path in paths] == [True, False]
    assert pool.jobs("c") == ["a"]


# -- equivalent, follow, onfinish ----------------------------------------------------------------------------------


def test_jobs_are_equivalent_that_do_the_same_in_the_same_way(pool: nsjob.Pool, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    (tmp_path / "b").write_text("one")
    (tmp_path / "c").write_text("two")
    pool.pause("q")

    def queued(script: str = "1", **options: Any) -> nsjob.Job:
        return pool.queue("q", script, **options)

    base = queued(vars={"a": 1}, retries=2)
    same = queued(
        vars={"a": 1}, retries=2, jobid="other", note="n", delay=5, lifetime=100, keep=5, unique="u", after=[base]
    )
    assert pool.equivalent(base, same)
    assert pool.equivalent(("q", base.id), ("q", "other"))
    for script, other in (
        ("2", {"vars": {"a": 1}, "retries": 2}), ("1", {"vars": {"a": True}, "retries": 2}), ("1", {"retries": 2}),
        ("1", {"vars": {"a": 1}, "retries": 3}), ("1", {"vars": {"a": 1}, "retries": 2, "topic": "t"}),
        ("1", {"vars": {"a": 1}, "retries": 2, "input": 0}),
    ):  # fmt: skip
        assert not pool.equivalent(base, queued(script, **other)), other
    with_files = [queued(files={"x": tmp_path / name}) for name in "abc"]
    assert pool.equivalent(with_files[0], with_files[1])
    assert not pool.equivalent(with_files[0], with_files[2])
    calls = [pool.submit("q", divmod, 7, number) for number in (2, 2, 3)]
    assert pool.equivalent(calls[0], calls[1])
    assert not pool.equivalent(calls[0], calls[2])
    ranges = [pool.range("q", indexes, "1") for indexes in ("1..5", range(1, 6), "1..6")]
    assert pool.equivalent(ranges[0], ranges[1])
    assert not pool.equivalent(ranges[0], ranges[2])
    assert not pool.equivalent(ranges[0], queued())
    for name in ("x", "y"):
        pool.wait("one", pool.queue("one", "1", jobid=name), PATIENCE)
    assert pool.equivalent(("one", "x"), ("one", "y"))
    with pytest.raises(nsjob.NoSuchJob):
        pool.equivalent(("q", "nobody"), base)
    with pytest.raises(nsjob.OptionError, match=r"\(queue, id\)"):
        pool.equivalent("a", base)  # type: ignore[arg-type]


def test_what_is_printed_is_followed_to_the_end(pool: nsjob.Pool, gate: Gate) -> None:
    source = "print('first')\nenter()\nimport sys\nprint('last', file=sys.stderr)"
    job = pool.queue("q", source, capture_output=True)
    gate.came()
    seen = ""
    for news in pool.follow("q", job):
        seen += news
        if seen == "first\n":
            gate.let()
    assert seen == "first\nlast\n"
    assert "".join(pool.follow("q", job.id)) == seen
    pool.wait("q", job, PATIENCE)
    assert "".join(pool.follow("q", job.id)) == seen
    assert "".join(pool.follow("q", pool.queue("q", "1"))) == ""


def test_a_script_is_called_with_each_end(pool: nsjob.Pool) -> None:
    pool.create("w", 1, onfinish="note((queue, id, outcome, result, job.id))")
    job = pool.queue("w", "6 * 7", jobid="good")
    assert pool.wait("w", job, PATIENCE) == 42
    again = pool.queue("w", "if tried() < 3: raise ValueError('no')\njob.attempt", retries=5, backoff=0, jobid="again")
    assert again.wait(PATIENCE) == 3
    ended(pool, "raise ValueError('never')", "w", jobid="bad")
    after = pool.queue("w", "1", jobid="after", after=["bad"])
    until(after.done)
    pool.pause("w")
    pool.cancel("w", pool.queue("w", "1", jobid="cancelled"))
    late = pool.queue("w", "1", expires=0.01, jobid="late")
    with pytest.raises(nsjob.JobExpired):
        late.wait(PATIENCE)
    pool.resume("w")
    whole = pool.range("w", "1..3", "1", jobid="range")
    whole.wait(PATIENCE)
    until(lambda: len(NOTES) == 7)
    told = {entry[1]: (entry[0], entry[2], entry[3], entry[4]) for entry in NOTES}
    assert len(told) == 7
    assert told["good"] == ("w", "ok", 42, "good")
    assert told["again"] == ("w", "ok", 3, "again")
    assert told["bad"] == ("w", "error", "ValueError: never", "bad")
    assert told["after"][1] == "error"
    assert told["cancelled"] == ("w", "cancelled", "Job cancelled.", "cancelled")
    assert told["late"][1] == "expired"
    assert told["range"][1:3] == ("ok", {"succeeded": "1..3", "failed": "", "cancelled": ""})


def test_what_such_a_script_raises_is_logged_and_changes_nothing(
    pool: nsjob.Pool, caplog: pytest.LogCaptureFixture
) -> None:
    pool.create("w", 1, onfinish="raise RuntimeError('in the script')")
    assert pool.queue("w", "5").wait(PATIENCE) == 5
    until(lambda: "in the script" in caplog.text)
    with pytest.raises(nsjob.SnippetError):
        pool.create("x", onfinish="(")
    assert "x" not in pool.queues()


# -- files ---------------------------------------------------------------------------------------------------------

TREE = """
import os
found = {}
for at, _, names in os.walk(job.workdir):
    for name in names:
        path = job.workdir / at / name
        found[str(path.relative_to(job.workdir))] = path.read_text()
found
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with some files."""
    made = tmp_path / "here"
    (made / "data" / "deep").mkdir(parents=True)
    (made / "a.txt").write_text("one")
    (made / "data" / "b.txt").write_text("two")
    (made / "data" / "deep" / "c.txt").write_text("one")
    (made / "empty").write_text("")
    monkeypatch.chdir(made)
    return made


@pytest.mark.parametrize("engine", ["thread", pytest.param("process", marks=POSIX)])
def test_a_job_finds_its_files_in_its_working_directory(pool: nsjob.Pool, here: Path, engine: str) -> None:
    pool.create("w", 1, engine=engine)
    pool.pause("w")
    job = pool.queue("w", TREE, files=["a.txt", here / "data", {"x/other.txt": here / "a.txt"}, "empty"])
    (here / "a.txt").write_text("changed since")
    pool.resume("w")
    assert job.wait(PATIENCE) == {
        "a.txt": "one", "data/b.txt": "two", "data/deep/c.txt": "one", "x/other.txt": "one", "empty": "",
    }  # fmt: skip
    own = Path(pool.queue("w", "str(job.workdir)", workdir=True).wait(PATIENCE))
    until(lambda: not own.exists())
    assert pool.queue("w", "job.workdir").wait(PATIENCE) is None


@POSIX
def test_a_program_runs_among_its_files(pool: nsjob.Pool, here: Path) -> None:
    (here / "run.sh").write_text("#!/bin/sh\ncat a.txt\n")
    (here / "run.sh").chmod(0o755)
    pool.create("c", 1, engine="command")
    job = pool.exec("c", ["./run.sh"], files=["run.sh", "a.txt"])
    job.wait(PATIENCE)
    assert pool.output("c", job) == "one"


def test_many_a_range_a_retry_and_each_attempt_have_their_files(pool: nsjob.Pool, here: Path) -> None:
    pool.pause("q")
    jobs = pool.queue_many(
        "q", [TREE, ("len(list(job.workdir.iterdir()))", {"files": ["data", "a.txt"]})], files="a.txt"
    )
    source = "open(job.workdir / 'left', 'w').close()\nif job.attempt < 2: raise ValueError\n" + TREE
    again = pool.queue("q", source, files=["a.txt"], retries=2, backoff=0)
    whole = pool.range("q", range(3), "assert (job.workdir / 'a.txt').read_text() == 'one'", files=["a.txt"])
    (here / "a.txt").unlink()
    pool.resume("q")
    assert [job.wait(PATIENCE) for job in jobs] == [{"a.txt": "one"}, 2]
    assert again.wait(PATIENCE) == {"a.txt": "one", "left": ""}
    whole.wait(PATIENCE)
    assert pool.retry("q", jobs[0]).wait(PATIENCE) == {"a.txt": "one"}
    pool.edit("q", late := pool.queue("q", "1", files=["data"], delay="1h"), TREE, delay=0)
    assert late.wait(PATIENCE) == {"data/b.txt": "two", "data/deep/c.txt": "one"}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["a.txt", "missing.txt"], 'couldn\'t read "missing.txt": no such file or directory'),
        (["../a.txt"], "would not stand below the working directory"),
        (["a.txt", {"a.txt": "data/b.txt"}], "two of them would be 'a.txt'"),
        ([5], "a path must be text"),
    ],
)
def test_what_cannot_be_copied_is_said_when_queued(pool: nsjob.Pool, here: Path, files: Any, said: str) -> None:
    with pytest.raises(nsjob.OptionError) as raised:
        pool.queue("q", "1", files=files)
    assert said in str(raised.value)
    with pytest.raises(nsjob.OptionError):
        pool.queue_many("q", ["1", ("1", {"files": files})])
    assert pool.jobs("q") == []
