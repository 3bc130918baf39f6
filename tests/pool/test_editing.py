"""edit and move: what a scheduled job is changed to, and in which order jobs run then."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nsjob
from nsjob.pool.work import Script
from tests.clock import ManualClock
from tests.conftest import PATIENCE, Gate


@pytest.fixture
def order(pool: nsjob.Pool) -> Callable[[], list[str]]:
    """Run all jobs of the queue w, which is paused and runs one at a time, and return their ids in that order."""
    pool.create("w", 1)
    pool.pause("w")

    def run() -> list[str]:
        pool.resume("w")
        return [job.id for job in pool.waitall("w", timeout=30)]

    return run


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def clocked(clock: ManualClock) -> Iterator[nsjob.Pool]:
    """A pool whose clock only the test moves; its queue q runs one job at a time."""
    made = nsjob.Pool(clock=clock)
    made.create("q", 1)
    yield made
    made.shutdown(cancel=True, timeout=10)


def until(condition: Callable[[], bool]) -> None:
    """Return when it holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        threading.Event().wait(0.001)


def put(pool: nsjob.Pool, names: str, **options: Any) -> None:
    for name in names:
        pool.queue("w", "1", jobid=name, **options)


def state(pool: nsjob.Pool, queue: str) -> object:
    """All that is known of the jobs of a queue."""
    return [
        (info.id, info.script, info.state, pool.show(queue, info.id).options, pool.show(queue, info.id).reason)
        for info in pool.joblist(queue)
    ]


# -- edit -------------------------------------------------------------------------------------------------------------


def test_the_script_and_its_values_are_changed(pool: nsjob.Pool) -> None:
    pool.pause("q")
    pool.queue("q", "a", vars={"a": 1}, input=2, note="first", jobid="J")
    pool.edit("q", "J", "(a, job.input, job.id)")
    pool.edit("q", "J", vars={"a": 10})
    pool.edit("q", "J", note="second", input=20)
    info = pool.info("q", "J")
    assert (info.script, info.note) == ("(a, job.input, job.id)", "second")
    pool.resume("q")
    assert pool.wait("q", "J") == (10, 20, "J")


def test_values_are_taken_away_by_none(pool: nsjob.Pool) -> None:
    pool.pause("q")
    job = pool.queue("q", "(job.input, 'a' in globals())", vars={"a": 1}, input=2)
    pool.edit("q", job, vars=None, input=None)
    pool.resume("q")
    assert job.wait(10) == (None, False)


def test_what_is_not_given_stays(pool: nsjob.Pool) -> None:
    pool.pause("q")
    job = pool.queue("q", "1", timeout=5, retries=3, topic="t", metadata={"a": 1}, key="k", priority="high")
    before = job.options
    pool.edit("q", job, retries=4)
    assert job.options == before.changed({"retries": 4})


def test_a_job_keeps_its_turn_and_with_another_priority_goes_behind_those_of_that(
    pool: nsjob.Pool, order: Callable[[], list[str]]
) -> None:
    put(pool, "abc")
    put(pool, "xy", priority="high")
    pool.edit("w", "a", "2", note="x", timeout=10, retries=2, expires="1h", metadata={"a": 1})
    pool.edit("w", "b", priority="high")
    pool.edit("w", "x", priority=127)
    assert order() == ["y", "b", "a", "c", "x"]


def test_a_job_that_is_to_run_next_stays_so_whatever_its_priority(
    pool: nsjob.Pool, order: Callable[[], list[str]]
) -> None:
    put(pool, "abc")
    pool.run("w", "c")
    pool.queue("w", "1", jobid="h", head=True)
    pool.edit("w", "c", priority="lowest")
    pool.edit("w", "h", priority="lowest")
    assert order() == ["h", "c", "a", "b"]


def test_a_delay_is_given_changed_and_ended(clocked: nsjob.Pool, clock: ManualClock) -> None:
    clocked.pause("q")
    job = clocked.queue("q", "job.id")
    clocked.edit("q", job, delay=100)
    clocked.resume("q")
    assert clocked.show("q", job).reason == "it is put off for 100.000 more seconds"
    clock.advance(50)
    clocked.edit("q", job, at=clock.wall() + 10)
    assert clocked.show("q", job).reason == "it is put off for 10.000 more seconds"
    assert (job.options.delay, job.options.at) == (0.0, clock.wall() + 10)
    clocked.edit("q", job, delay=1000)
    clock.advance(500)
    assert job.state == "scheduled"
    clocked.edit("q", job, delay=0)
    assert job.wait(10) == "job0"


def test_expiry_is_given_changed_and_taken_away(clocked: nsjob.Pool, clock: ManualClock) -> None:
    clocked.pause("q")
    jobs = [clocked.queue("q", "1", expires=expires) for expires in (None, 10, 10)]
    clocked.edit("q", jobs[0], expires=5)
    clocked.edit("q", jobs[1], expires=100)
    clocked.edit("q", jobs[2], expires=None)
    clock.advance(20)
    assert [job.outcome for job in jobs] == ["expired", "", ""]
    clock.advance(100)
    assert [job.outcome for job in jobs] == ["expired", "expired", ""]


def test_what_a_job_comes_after_is_changed(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("w", 4)
    first, second = (pool.queue("w", "gate.enter()", vars={"gate": gate}) for _ in range(2))
    gate.came(2)
    late = pool.queue("w", "'late'", after=[first])
    pool.edit("w", late, after=[second, first])
    assert "job0 of w" in pool.show("w", late).reason
    pool.edit("w", late, after=[])
    assert late.wait(10) == "late"
    other = pool.queue("w", "'other'")
    assert other.wait(10) == "other"
    gate.let(2)
    pool.waitall("w")


def test_a_job_no_longer_fails_with_one_that_it_came_after(pool: nsjob.Pool) -> None:
    pool.pause("q")
    bad = pool.queue("q", "1 / 0")
    good = pool.queue("q", "1")
    job = pool.queue("q", "'ran'", after=[bad])
    pool.edit("q", job, after=[good])
    pool.resume("q")
    assert job.wait(10) == "ran"
    assert bad.outcome == "error"


def test_jobs_cannot_come_to_wait_for_each_other(pool: nsjob.Pool) -> None:
    pool.pause("q")
    a = pool.queue("q", "1")
    b = pool.queue("q", "1", after=[a])
    c = pool.queue("q", "1", after=[b])
    before = state(pool, "q")
    for job, after in ((a, a), (a, b), (a, c), (b, c)):
        with pytest.raises(nsjob.OptionError, match=f"after: job {job.id} would come after itself"):
            pool.edit("q", job, note="new", after=[after])
    assert state(pool, "q") == before
    pool.edit("q", c, after=[a])
    pool.edit("q", b, after=[c])
    pool.resume("q")
    assert [job.id for job in pool.waitall("q")] == ["job0", "job2", "job1"]


def test_a_job_behind_its_key_goes_on_with_another_one(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("w", 3, maxperkey=1)
    jobs = [pool.queue("w", "gate.enter(job.id)", vars={"gate": gate}, key="k") for _ in range(3)]
    gate.came()
    until(lambda: "key" in pool.show("w", jobs[2]).reason)
    pool.edit("w", jobs[2], key="other")
    gate.came()
    assert [job.state for job in jobs] == ["running", "scheduled", "running"]
    pool.edit("w", jobs[1], note="it stays behind its key")
    assert gate.nobody()
    pool.edit("w", jobs[1], key=None)
    gate.came()
    gate.let(3)
    assert [job.wait(10) for job in jobs] == ["job0", "job1", "job2"]


def test_the_next_of_a_key_gets_the_turn_of_one_that_changes_its_key(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("w", 2, maxperkey=1)
    for name in "abc":
        pool.queue("w", "gate.enter()", jobid=name, vars={"gate": gate}, key="k")
    gate.came()
    pool.pause("w")
    gate.let()
    pool.wait("w", "a")  # b is let out of the key, and does not start
    pool.edit("w", "b", key="other", delay="1h")
    pool.resume("w")
    gate.came()
    assert [pool.info("w", name).state for name in "bc"] == ["scheduled", "running"]
    gate.let()


def test_unique_is_given_and_taken_away(pool: nsjob.Pool) -> None:
    pool.pause("q")
    a = pool.queue("q", "1", unique="u")
    b = pool.queue("q", "2")
    before = state(pool, "q")
    with pytest.raises(nsjob.WrongState, match="job job1 cannot be unique as 'u': job job0 is that already"):
        pool.edit("q", b, "3", unique="u")
    assert state(pool, "q") == before
    pool.edit("q", a, unique=None)
    pool.edit("q", b, unique="u")
    assert pool.queue("q", "4", unique="u") is b
    pool.resume("q")
    assert b.wait(10) == 2
    assert pool.queue("q", "4", unique="u").wait(10) == 4


def test_a_job_becomes_detached_and_attached(pool: nsjob.Pool) -> None:
    pool.pause("q")
    a, b = pool.queue("q", "1"), pool.queue("q", "2", detached=True)
    pool.edit("q", a, detached=True)
    pool.edit("q", b, detached=False)
    with pytest.raises(nsjob.JobDetached):
        pool.wait("q", a, timeout=0)
    pool.resume("q")
    assert pool.wait("q", b) == 2
    a.wait(10)
    assert pool.waitany("q") == ""
    assert pool.jobs("q") == []


def test_who_waits_already_gets_the_new_value(pool: nsjob.Pool) -> None:
    pool.pause("q")
    job = pool.queue("q", "1")
    got: list[Any] = []
    thread = threading.Thread(target=lambda: got.append(pool.wait("q", job, timeout=30)))
    thread.start()
    until(lambda: job.req == "wait")
    pool.edit("q", job, "2", detached=True)
    pool.resume("q")
    thread.join(30)
    assert got == [2]


def test_output_is_captured_from_now_on(pool: nsjob.Pool) -> None:
    pool.pause("q")
    job = pool.queue("q", "1")
    pool.edit("q", job, "print('hello')", capture_output=True)
    pool.resume("q")
    job.wait(10)
    assert pool.output("q", job) == "hello\n"


def test_a_job_in_another_language_and_one_with_scripts_around_it_are_edited(pool: nsjob.Pool) -> None:
    seen: list[str] = []
    pool.define("seen = None")
    pool.create("w", 1, pre="job.log('pre')", post="job.log('post')")
    pool.pause("w")
    job = pool.queue("w", "1")
    pool.edit("w", job, Script("other words", lambda options: seen.append(options.note)), note="n")
    pool.resume("w")
    job.wait(10)
    assert seen == ["n"]
    assert pool.show("w", job).log == ("pre", "post")
    assert pool.info("w", job).script == "other words"


def test_a_program_is_edited_as_a_list_of_words(pool: nsjob.Pool) -> None:
    pool.create("programs", engine="command")
    pool.pause("programs")
    job = pool.exec("programs", [sys.executable, "-c", "print(1)"], env={"GREETING": "hello"})
    with pytest.raises(nsjob.OptionError, match="a program and its arguments are a list"):
        pool.edit("programs", job, "print(2)")
    with pytest.raises(nsjob.OptionError, match="vars and capture_output are not for programs"):
        pool.edit("programs", job, vars={"a": 1})
    pool.edit("programs", job, [sys.executable, "-c", "import os; print(os.environ['GREETING'])"])
    pool.resume("programs")
    job.wait(30)
    assert pool.output("programs", job) == "hello\n"


def test_a_job_with_a_directory_of_its_own_keeps_it(
    pool: nsjob.Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("a")
    pool.pause("q")
    job = pool.queue("q", "1", files=["a.txt"])
    pool.edit("q", job, "import os; os.listdir(job.workdir)", note="n")
    pool.resume("q")
    assert job.wait(10) == ["a.txt"]


def test_a_heartbeat_is_asked_for(pool: nsjob.Pool) -> None:
    pool.create("programs", engine="command")
    pool.pause("programs")
    pool.pause("q")
    job = pool.exec("programs", [sys.executable])
    with pytest.raises(nsjob.OptionError, match="heartbeat is not for the command engine"):
        pool.edit("programs", job, heartbeat=5)
    late = pool.queue("q", "while True: pass")
    pool.edit("q", late, heartbeat="10ms")
    pool.resume("q")
    with pytest.raises(nsjob.JobTimeout):
        late.wait(30)


def test_a_call_keeps_its_function_and_has_other_options_changed(pool: nsjob.Pool) -> None:
    pool.pause("q")
    job = pool.submit("q", str.upper, "a")
    with pytest.raises(nsjob.OptionError, match="runs a call, .*str.upper.*: its script cannot be edited"):
        pool.edit("q", job, "1")
    with pytest.raises(nsjob.OptionError, match="vars and input are not for it"):
        pool.edit("q", job, input=1)
    pool.edit("q", job, note="n")
    pool.resume("q")
    assert job.wait(10) == "A"
    assert pool.jobs("q") == []


def test_a_retried_job_has_what_it_was_edited_to(pool: nsjob.Pool) -> None:
    pool.pause("q")
    job = pool.queue("q", "job.input / 0", input=1)
    pool.edit("q", job, "job.input", input=7, note="n")
    pool.resume("q")
    assert pool.wait("q", job) == 7
    again = pool.retry("q", "job0")
    assert again.wait(10) == 7
    assert again.options.note == "n"


def test_a_job_waiting_for_its_next_attempt_is_edited(clocked: nsjob.Pool, clock: ManualClock) -> None:
    job = clocked.queue("q", "1 / 0", retries=1, backoff=1000)
    until(lambda: job.attempt == 1 and job.state == "scheduled")
    clocked.edit("q", job, "'mended'", delay=0)
    assert job.wait(10) == "mended"


@pytest.mark.parametrize("where", ["main", "another"])
def test_running_and_done_jobs_are_refused(pool: nsjob.Pool, gate: Gate, where: str) -> None:
    running = pool.queue("q", "gate.enter()", vars={"gate": gate})
    gate.came()
    done = pool.queue("q", "1")
    done.wait(10)
    said: list[str] = []

    def attempt() -> None:
        for job in (running, done):
            for change in (lambda job: pool.edit("q", job, note="x"), lambda job: pool.move("q", job, first=True)):
                try:
                    change(job)
                except nsjob.WrongState as error:
                    said.append(str(error))

    if where == "main":
        attempt()
    else:
        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join(30)
    assert said == [
        "job job0 is running: only a scheduled job can be edited",
        "job job0 is running: only a scheduled job can be moved",
        "job job1 is done: only a scheduled job can be edited",
        "job job1 is done: only a scheduled job can be moved",
    ]


@pytest.mark.parametrize(
    ("script", "options", "kind", "says"),
    [
        ("(", {}, nsjob.SnippetError, ""),
        (5, {}, nsjob.OptionError, "script must be Python source (str), but got int"),
        ("2", {"jobid": "x"}, nsjob.OptionError, "jobid cannot be edited: a job keeps its id"),
        ("2", {"head": True}, nsjob.OptionError, "head cannot be edited: move and run change a job's turn"),
        ("2", {"ifnew": True}, nsjob.OptionError, "ifnew cannot be edited"),
        ("2", {"files": ["a.txt"]}, nsjob.OptionError, "files cannot be edited"),
        ("2", {"workdir": True}, nsjob.OptionError, "workdir cannot be edited"),
        ("2", {"block": 1}, nsjob.OptionError, "block cannot be edited"),
        ("2", {"priority": 256}, nsjob.OptionError, "priority must be 0 to 255"),
        ("2", {"nonsense": 1}, nsjob.OptionError, 'unknown option "nonsense"'),
        ("2", {"vars": {"a b": 1}}, nsjob.OptionError, "vars: 'a b' is not a name"),
        ("2", {"delay": 1, "at": 5}, nsjob.OptionError, "delay and at exclude each other"),
        ("2", {"after": ["nosuch"]}, nsjob.NoSuchJob, "no such job: nosuch"),
        ("2", {"after": [("nosuch", "J")]}, nsjob.NoSuchQueue, "no such queue: nosuch"),
        ("2", {"after": ["bad"]}, nsjob.WrongState, "cannot come after job bad, which ended error"),
    ],
)
def test_all_is_checked_before_anything_changes(
    pool: nsjob.Pool, script: Any, options: dict[str, Any], kind: type[Exception], says: str
) -> None:
    pool.queue("q", "1 / 0", jobid="bad")
    pool.waitany("q")
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
        barrier.wait(30)
        for n in range(100):
            pool.edit("q", job, **{name: f"{name}{n}"})

    threads = [threading.Thread(target=change, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [getattr(job.options, name) for name in names] == [f"{name}99" for name in names]


# -- move -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moved", "where", "expected"),
    [
        ("d", {"first": True}, "dabce"),
        ("a", {"first": True}, "abcde"),
        ("b", {"last": True}, "acdeb"),
        ("e", {"last": True}, "abcde"),
        ("d", {"before": "b"}, "adbce"),
        ("a", {"before": "e"}, "bcdae"),
        ("a", {"after": "c"}, "bcade"),
        ("e", {"after": "a"}, "aebcd"),
        ("b", {"after": "a"}, "abcde"),
    ],
)
def test_a_job_is_moved(
    pool: nsjob.Pool, order: Callable[[], list[str]], moved: str, where: dict[str, Any], expected: str
) -> None:
    put(pool, "abcde")
    pool.move("w", moved, **where)
    assert order() == list(expected)


def test_a_moved_job_is_cancelled_run_snoozed_edited_and_moved_again(
    pool: nsjob.Pool, order: Callable[[], list[str]]
) -> None:
    put(pool, "abcdef")
    for name in "fedcba":
        pool.move("w", name, last=True)
    assert pool.cancel("w", "e") is False
    pool.run("w", "b")
    pool.snooze("w", "f", 0)
    pool.edit("w", "d", priority="high")
    pool.move("w", "c", after="a")
    assert order()[:4] == ["b", "d", "a", "c"]
    assert pool.counts("w").cancelled == 1


def test_moving_stays_within_a_priority(pool: nsjob.Pool, order: Callable[[], list[str]]) -> None:
    put(pool, "ab", priority="high")
    put(pool, "cd")
    pool.move("w", "d", first=True)
    pool.move("w", "a", last=True)
    with pytest.raises(nsjob.WrongState, match="job d has priority 127 and job a 191: a job is moved among those of"):
        pool.move("w", "d", before="a")
    assert order() == list("badc")


def test_those_that_go_next_stay_before_what_is_moved_first(pool: nsjob.Pool, order: Callable[[], list[str]]) -> None:
    put(pool, "abcd")
    pool.queue("w", "1", jobid="h", head=True)
    pool.run("w", "c")
    pool.move("w", "d", first=True)
    pool.move("w", "h", first=True)
    assert order() == list("hcdab")


def test_a_job_is_moved_beside_one_that_goes_next_and_back(pool: nsjob.Pool, order: Callable[[], list[str]]) -> None:
    put(pool, "abcd")
    pool.run("w", "d")
    pool.move("w", "c", before="d")
    pool.move("w", "d", last=True)
    assert order() == list("cabd")


def test_a_job_behind_its_key_is_moved_and_moved_to(pool: nsjob.Pool, gate: Gate) -> None:
    pool.create("w", 2, maxperkey=1)
    seen: list[str] = []
    for name in "ABC":
        pool.queue("w", "gate.enter(); seen(job.id)", jobid=name, key="k", vars={"gate": gate, "seen": seen.append})
    gate.came()
    until(lambda: pool.show("w", "C").reason.endswith("run (maxperkey)"))
    pool.pause("w")
    pool.queue("w", "seen(job.id)", jobid="X", vars={"seen": seen.append})
    pool.move("w", "C", first=True)
    pool.move("w", "X", after="B")
    pool.resize("w", 1)
    pool.resume("w")
    gate.let(3)
    pool.waitall("w")
    assert seen == ["A", "C", "B", "X"]


@pytest.mark.parametrize(
    ("given", "kind", "says"),
    [
        ({}, nsjob.OptionError, "move takes one of before, after, first and last"),
        ({"first": True, "last": True}, nsjob.OptionError, "move takes one of"),
        ({"before": "b", "after": "c"}, nsjob.OptionError, "move takes one of"),
        ({"first": 1}, nsjob.OptionError, "first must be True or False"),
        ({"before": "a"}, nsjob.OptionError, "job a cannot be moved before or after itself"),
        ({"before": "nosuch"}, nsjob.NoSuchJob, "no such job: nosuch"),
        ({"after": 5}, nsjob.OptionError, "a job is named by its id"),
        ({"after": "late"}, nsjob.WrongState, "job late has no turn yet: it is put off, or comes after other jobs"),
        ({"before": "next"}, nsjob.WrongState, "job next has no turn yet"),
    ],
)
def test_a_move_that_cannot_be_changes_nothing(
    pool: nsjob.Pool, order: Callable[[], list[str]], given: dict[str, Any], kind: type[Exception], says: str
) -> None:
    put(pool, "abc")
    pool.queue("w", "1", jobid="late", delay="1h")
    pool.queue("w", "1", jobid="next", after=["a"])
    with pytest.raises(kind) as raised:
        pool.move("w", "a", **given)
    assert says in str(raised.value)
    pool.cancel("w", "late")
    assert order()[:3] == list("abc")


@pytest.mark.parametrize("name", ["late", "next"])
def test_a_job_without_a_turn_is_not_moved(pool: nsjob.Pool, name: str) -> None:
    pool.pause("q")
    pool.queue("q", "1", jobid="a")
    pool.queue("q", "1", jobid="late", delay="1h")
    pool.queue("q", "1", jobid="next", after=["a"])
    with pytest.raises(nsjob.WrongState, match=f"job {name} has no turn yet"):
        pool.move("q", name, first=True)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["queue", "first", "last", "before", "after", "cancel", "run", "priority", "note"]),
        st.integers(0, 20),
        st.integers(0, 20),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_jobs_run_in_the_order_of_a_list_that_is_changed_likewise(steps: list[tuple[str, int, int]]) -> None:
    seen: list[str] = []
    with nsjob.Pool(immediate=True) as pool:
        pool.create("q", 1)
        pool.pause("q")
        buckets: dict[int, list[str]] = {0: [], 1: [], 2: []}  # two priorities, and those that go next
        own: dict[str, int] = {}
        for number, (step, one, two) in enumerate(steps):
            there = sorted(own, key=lambda name: int(name[1:]))
            job = there[one % len(there)] if there else ""
            place = next((place for place, jobs in buckets.items() if job in jobs), 0)
            if step == "queue" or not there:
                name = f"j{number}"
                own[name] = one % 2
                buckets[one % 2].append(name)
                pool.queue("q", "seen(job.id)", jobid=name, priority=one % 2, vars={"seen": seen.append})
            elif step in ("first", "last"):
                pool.move("q", job, **{step: True})
                buckets[place].remove(job)
                if step == "first":
                    buckets[place].insert(0, job)
                else:
                    buckets[own[job]].append(job)
            elif step in ("before", "after"):
                other = there[two % len(there)]
                if other == job or own[other] != own[job]:
                    with pytest.raises(nsjob.NsjobError):
                        pool.move("q", job, **{step: other})
                    continue
                pool.move("q", job, **{step: other})
                buckets[place].remove(job)
                beside = next(jobs for jobs in buckets.values() if other in jobs)
                beside.insert(beside.index(other) + (step == "after"), job)
            elif step == "cancel":
                pool.cancel("q", job)
                buckets[place].remove(job)
                del own[job]
            elif step == "run":
                pool.run("q", job)
                buckets[place].remove(job)
                buckets[2].insert(0, job)
            elif step == "priority":
                pool.edit("q", job, priority=two % 2)
                if place != 2 and own[job] != two % 2:
                    buckets[place].remove(job)
                    buckets[two % 2].append(job)
                own[job] = two % 2
            else:
                pool.edit("q", job, note="n", expires="1h")
        pool.resume("q")
    assert seen == [*buckets[2], *buckets[1], *buckets[0]]
