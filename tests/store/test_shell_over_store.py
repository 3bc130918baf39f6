"""The shell over a store: command files that come again, and prompts that see what other processes do."""

from __future__ import annotations

import json
import queue
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import nsjob
from nsjob.cli import main
from tests.store.cases import Store
from tests.store.programs import PATIENCE, Program, Tap, shell

if sys.platform == "win32":
    pytest.skip("named pipes and pseudo-terminals of POSIX", allow_module_level=True)
pytest.importorskip("pexpect")
pytest.importorskip("pyte")

from tests.shell.terminal import Terminal

pytestmark = pytest.mark.timeout(180)

CTRL_D, TAB = "\x04", "\t"
Opener = Callable[..., Terminal]


def worker(store: Store, *words: object) -> Program:
    return Program("worker", "--store", store.address, "--maxpoll", "0.5s", *words)


# -- files ------------------------------------------------------------------------------------------------------------


def test_a_client_ends_at_once_and_leaves_its_jobs_to_others(durable: Store) -> None:
    ended = shell("--store", durable.address, "--threads", "0", "-c", "create q; puts [queue q {6 * 7}]; queue q {1/0}")

    assert (ended.code, ended.out, ended.err) == (0, "job0\n", "")
    pool = durable.pool()
    assert pool.wait("q", "job0") == 42


def test_a_file_waits_for_its_own_jobs_and_tells_of_their_failures_alone(durable: Store, tmp_path: Path) -> None:
    before = durable.pool(0)
    before.create("q", 2)
    before.queue("q", "[][7]", jobid="theirs")
    before.create("held", 1)
    before.pause("held")
    before.queue("held", "1")

    ended = shell(
        "--store", durable.address, "-c",
        "queue -jobid mine q {1 / 0}; queue -detached -jobid aside q {{}['x']}; catch {wait q [queue q {2 / 0}]}",
    )  # fmt: skip

    assert ended.code == 1
    told = [line for line in ended.err.splitlines() if line.startswith("queue q")]
    assert sorted(told) == ["queue q aside: KeyError: 'x'", "queue q mine: ZeroDivisionError: division by zero"]
    assert before.info("held", before.jobs("held")[0]).state == "scheduled"  # what others have paused stays paused
    assert before.exists("q", "mine")  # for who comes later


def test_a_file_that_is_run_again_finds_what_it_has_done(durable: Store, tmp_path: Path) -> None:
    file = tmp_path / "count.nsj"
    ran = tmp_path / "ran"
    file.write_text(
        f"create -ifmissing -lang tcl q\nqueue -jobid once -ifnew q {{set f [open {ran} a]; puts $f ran; close $f}}\n"
        "if {[info commands total] eq {}} {ns_eval -lang tcl {proc total {} {return 5}}; puts defined}\nputs [total]\n"
    )

    first = shell("--store", durable.address, file)
    second = shell("--store", durable.address, file)

    assert (first.code, first.out, first.err) == (0, "defined\n5\n", "")
    assert (second.code, second.out, second.err) == (0, "5\n", "")  # the proc is there from the first line on
    assert ran.read_text() == "ran\n"


def test_a_file_that_is_stopped_leaves_its_jobs_in_the_store(durable: Store) -> None:
    script = "create q 1; queue -jobid it q {print('go', flush=True)\nimport time\nwhile True: time.sleep(0.01)}"
    with Program("--store", durable.address, "-c", script) as stopped:
        assert stopped.process.stdout is not None
        assert stopped.process.stdout.readline() == "go\n"
        stopped.signal(signal.SIGINT)
        assert stopped.ended() == 130

    assert stopped.lines == ["nsjob: interrupted: 1 job is left in the store (Ctrl-C again ends at once)"]
    pool = durable.pool(0)
    assert (pool.info("q", "it").state, pool.info("q", "it").attempt) == ("scheduled", 0)


def test_a_file_does_not_wait_for_jobs_in_a_queue_that_somebody_has_paused(durable: Store) -> None:
    ended = shell("--store", durable.address, "-c", "create q; pause q; queue q 1; queue q 2")

    assert ended.code == 0
    assert ended.err == "nsjob: queue q is paused: 2 jobs of it stay in the store\n"


def test_events_of_jobs_that_others_run_are_told_of(durable: Store, tmp_path: Path) -> None:
    tap = Tap(tmp_path)
    with worker(durable) as other:
        other.said("start: ")
        ended = shell(
            "--store", durable.address, "--threads", "0", "--json", "-v", "-c",
            f"create q; queue -jobid a q {{job.progress(1, 2); {tap.script}}}; exec {sys.executable} -c "
            f"{{open({str(tap.path)!r}, 'w').close()}}; wait q a",
        )  # fmt: skip

    events = [json.loads(line) for line in ended.err.splitlines()]
    kinds = [event["event"] for event in events if event.get("job") == "a"]
    assert kinds == ["queued", "started", "progress", "finished"]
    assert events[-1]["outcome"] == "ok"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--threads", "0", "-c", "queues"], "--threads 0 runs nothing, which makes sense over a --store only"),
        (["--store", "", "-c", "queues"], "--store needs a value: a URL or a file"),
        (["--threads", "-1", "-c", "queues"], "--threads takes a number, 1 or more, or 0 over a --store"),
        (["--store", "ftp://host/file", "-c", "queues"], "ftp is no database that can be a store"),
    ],
)
def test_what_is_wrong_with_a_command_line_is_said(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(words) == 2
    assert said in capsys.readouterr().err


# -- events, in a program ---------------------------------------------------------------------------------------------


def test_a_listener_hears_of_each_job_of_all_pools_once(durable: Store) -> None:
    watcher, other = durable.pool(0), durable.pool()
    other.create("old", 1)
    other.queue("old", "1").wait()
    heard: list[nsjob.Event] = []
    fresh: queue.SimpleQueue[nsjob.Event] = queue.SimpleQueue()
    subscription = watcher.subscribe(fresh.put)

    def hear(kind: str, job: str = "") -> None:
        while not heard or (heard[-1].kind, heard[-1].job) != (kind, job):
            heard.append(fresh.get(timeout=PATIENCE))

    other.create("q", 2)
    failing = other.queue("q", "1 / 0", retries=1, backoff=0.001, jobid="twice")
    with pytest.raises(ZeroDivisionError):
        failing.wait()
    for _ in range(50):
        other.queue("q", "job.id", detached=True)
    other.waitall("q")
    other.create("mark", 1)
    hear("queue created")  # that of q
    heard.append(fresh.get(timeout=PATIENCE))
    hear("queue created")
    other.delete("q", force=True)
    hear("queue deleted")
    watcher.shutdown()
    subscription.close(timeout=30)
    assert fresh.empty()

    of_one = [(event.kind, event.outcome) for event in heard if event.job == "twice"]
    assert of_one[0] == ("queued", "")
    assert of_one[-1] == ("finished", "error")
    assert set(of_one[1:-1]) == {("started", "")}
    for kind in ("queued", "finished"):
        jobs = [event.job for event in heard if event.kind == kind]
        assert (len(jobs), len(set(jobs))) == (51, 51)
    assert [event.kind for event in heard if not event.job] == ["queue created", "queue created", "queue deleted"]
    assert not [event for event in heard if event.queue == "old"]


def test_a_client_sees_what_runs_elsewhere(durable: Store, gate: Any) -> None:
    watcher, other = durable.pool(0), durable.pool()
    other.define("from tests.store.bodies import enter")
    other.create("q", 2)
    other.create("idle", 2)
    jobs = [other.queue("q", "enter()").id for _ in range(3)]
    gate.came(2)

    assert sorted(watcher.running("q")) == [("q", id) for id in sorted(jobs[:2])]
    assert sorted(watcher.running()) == sorted(watcher.running("q", "idle", "no such queue"))
    assert len(watcher.running(most=1)) == 1
    assert watcher.running("idle") == []
    gate.let(3)


# -- the prompt -------------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(durable: Store, tmp_path: Path) -> Iterator[Opener]:
    """Opens prompts over the store."""
    with ExitStack() as stack:

        def open_one(*words: str, size: tuple[int, int] = (24, 100)) -> Terminal:
            all_words = ("-m", "nsjob", "--store", durable.address, *words)
            terminal = stack.enter_context(Terminal(all_words, tmp_path, {}, size))
            terminal.ready()
            return terminal

        yield open_one


def test_two_prompts_share_queues_and_jobs_that_a_worker_runs(durable: Store, opened: Opener, tmp_path: Path) -> None:
    tap = Tap(tmp_path)
    first, second = opened("--threads", "0"), opened("--threads", "0")
    first.enter("create -desc {work for others} images 1")
    first.see_match("^images$")
    first.enter(f"queue -jobid pic images {{job.progress(3, 4, 'faces'); {tap.script}; 6 * 7}}")
    first.see_match("^pic$")

    second.enter("dict get [lindex [queuelist] 0] desc")
    second.see_match("^work for others$")
    second.ready()
    second.type("wait im")
    second.see_match("^nsjob> wait im$")
    second.type(TAB)
    second.see_match("^nsjob> wait images ?$")
    second.type(" pi")
    second.see_match("^nsjob> wait images pi$")
    second.type(TAB)
    second.see_match("^nsjob> wait images pic ?$")
    second.type("\r")
    with worker(durable) as other:
        other.said("pic: started")
        second.see_match("75%.*faces")  # while another process runs it
        first.see("1 running")
        tap.open()
        second.see_match("^42$")
        second.ready()
    second.type(CTRL_D)
    assert second.ended() == 0


def test_a_prompt_follows_what_a_job_prints_elsewhere(durable: Store, opened: Opener, tmp_path: Path) -> None:
    tap = Tap(tmp_path)
    prompt = opened("--threads", "0")
    with worker(durable) as other:
        other.said("start: ")
        prompt.enter("create -capture q 1")
        prompt.ready()
        prompt.enter(f"queue -jobid it q {{print('before'); {tap.script}; print('after')}}")
        prompt.see_match("^it$")
        prompt.enter("output -follow q it")
        prompt.see_match("^before$")
        tap.open()
        prompt.see_match("^before\nafter$")
        prompt.ready()


def test_who_leaves_a_prompt_that_runs_jobs_can_give_them_back(durable: Store, opened: Opener) -> None:
    watcher = durable.pool(0)
    prompt = opened()
    prompt.enter("create q 1")
    prompt.ready()
    prompt.enter("queue -jobid it q {import time; [time.sleep(0.01) for _ in iter(int, 1)]}")
    prompt.see("1 running")
    prompt.type(CTRL_D)
    prompt.see("1 job runs here: (w)ait for it, (g)ive it back to the store, or (s)tay?")
    prompt.type("s")
    prompt.ready()
    prompt.see("1 running")
    prompt.type(CTRL_D)
    prompt.until(lambda: prompt.current().endswith("or (s)tay?"), "the question again")
    prompt.type("g")
    assert prompt.ended() == 0

    assert "given back to the store: 1 job" in prompt.text()
    assert watcher.info("q", "it").state == "scheduled"


def test_exit_asks_about_what_runs_in_the_prompt(durable: Store, opened: Opener) -> None:
    watcher = durable.pool(0)
    prompt = opened()
    prompt.enter("create q 1; queue -jobid it q {import time; [time.sleep(0.01) for _ in iter(int, 1)]}")
    prompt.see("1 running")
    prompt.enter("exit 3")
    prompt.see("or (s)tay?")
    prompt.type("g")
    assert prompt.ended() == 3
    assert watcher.info("q", "it").state == "scheduled"


def test_who_leaves_a_prompt_is_not_asked_about_the_jobs_of_others(durable: Store, opened: Opener) -> None:
    watcher = durable.pool(0)
    watcher.create("q", 1)
    watcher.pause("q")
    watcher.queue("q", "1", jobid="theirs")
    prompt = opened()
    prompt.see("1 scheduled")
    prompt.type(CTRL_D)
    assert prompt.ended() == 0
    assert watcher.info("q", "theirs").state == "scheduled"
