"""The commands answer as NaviServer's and AOLserver's ns_job do, word for word, where nsjob does not say otherwise."""

from __future__ import annotations

import itertools
import re
import threading
import time

import pytest

import nsjob
from nsjob.commands.declare import NS_JOB
from nsjob.pool.events import Event
from nsjob.shell.session import Session
from nsjob.tcl.values import elements, mapping, text
from tests.commands.conftest import Failing
from tests.conftest import PATIENCE, Gate

ORIGINAL = "cancel configure create delete exists genid joblist jobs queue queuelist queues threadlist wait waitany"
CLOSED = "The specified queue is being deleted or the system is stopping."
HOLD = "gate.enter(5)"


class Held:
    """A job of q that runs and is held at the gate."""

    def __init__(self, session: Session, gate: Gate, id: str = "held") -> None:
        self.gate = gate
        self.id = id
        session.eval(f"queue -use gate -jobid {id} q {{{HOLD}}}", gate=gate)
        gate.came()


@pytest.fixture
def held(session: Session, gate: Gate) -> Held:
    return Held(session, gate)


def waiting(pool: nsjob.Pool, job: str) -> None:
    """Return when somebody waits for the job."""
    end = time.monotonic() + PATIENCE
    while next(info.req for info in pool.joblist("q") if info.id == job) != "wait":
        assert time.monotonic() < end
        threading.Event().wait(0.001)


class Waiter(threading.Thread):
    """A second shell that waits for a job."""

    def __init__(self, pool: nsjob.Pool, script: str) -> None:
        super().__init__()
        self.session = Session(pool)
        self.script = script
        self.outcome = ""
        self.code = ""

    def run(self) -> None:
        self.outcome = text(self.session.eval(f"if {{[catch {{{self.script}}} r]}} {{set r}} else {{set r}}"))
        self.code = text(self.session.interp.globals.vars.get("errorCode", ""))


# -- the ensemble -----------------------------------------------------------------------------------------------------


def test_without_a_subcommand_all_are_listed_in_order(failing: Failing) -> None:
    names = "|".join(sorted(NS_JOB.specs))
    assert str(failing("ns_job")) == f'wrong # args: should be "ns_job {names} ?/arg .../"'
    assert set(ORIGINAL.split()) <= set(NS_JOB.specs)


def test_a_subcommand_that_is_not_there_is_named_and_those_there_are_listed(failing: Failing) -> None:
    names = sorted(NS_JOB.specs)
    listed = f"{', '.join(names[:-1])}, or {names[-1]}"
    assert str(failing("ns_job foo")) == f'ns_job: bad subcommand "foo": must be {listed}'
    assert names[0] == "cancel"
    assert names[-1] == "waitany"


def test_subcommands_may_be_abbreviated(session: Session) -> None:
    assert session.eval("ns_job crea x") == "x"


def test_an_abbreviation_of_several_subcommands_is_ambiguous(failing: Failing) -> None:
    assert str(failing("ns_job q x")).startswith('ns_job: ambiguous subcommand "q": must be cancel, ')


def test_an_abbreviation_of_one_of_the_original_subcommands_means_that_one(session: Session) -> None:
    assert session.eval("ns_job can q [ns_job queue q {1}]") in (0, 1)
    assert session.eval("ns_job ex q nope") == 0


@pytest.mark.parametrize("name", ORIGINAL.split())
def test_each_original_subcommand_is_also_a_command(session: Session, name: str) -> None:
    assert name in session.interp.commands


# -- create -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", ["", '-desc "a b" ', '-description "a b" '])
def test_create_returns_the_name(session: Session, options: str) -> None:
    assert session.eval(f"ns_job create {options}z 3") == "z"
    info = mapping(elements(session.eval("queuelist"))[1])
    assert (info["name"], info["maxthreads"]) == ("z", 3)
    assert info["desc"] == ("a b" if options else "")


def test_create_of_a_queue_that_is_there_fails(session: Session, failing: Failing) -> None:
    session.eval("ns_job create z 3")
    assert str(failing("ns_job create z")) == "queue already exists: z"


CREATE = 'wrong # args: should be "ns_job create ?-desc /value/? ?-option /value/ ...? /queueId/ ?/maxthreads[1,MAX]/?"'


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("ns_job create", CREATE),
        ("ns_job create y 3 extra", CREATE),
        ("ns_job create y 0", "expected integer in range [1,MAX] for '?maxthreads', but got 0"),
        ("ns_job create y abc", 'expected integer but got "abc"'),
    ],
)
def test_create_says_what_is_wrong(session: Session, failing: Failing, script: str, message: str) -> None:
    assert str(failing(script)) == message
    assert session.eval("queues") == ["q"]


def test_create_with_an_unknown_option_names_it_and_those_there_are(failing: Failing) -> None:
    message = str(failing("ns_job create -nosuch x y"))
    assert message.startswith('ns_job create: bad option "-nosuch"')
    assert "-desc" in message
    assert "-maxqueued" in message


# -- cancel -----------------------------------------------------------------------------------------------------------


def test_cancel_needs_a_queue_and_a_job(failing: Failing) -> None:
    assert str(failing("ns_job cancel")) == 'wrong # args: should be "ns_job cancel /queueId/ /jobId/"'
    assert str(failing("ns_job cancel q")) == 'wrong # args: should be "ns_job cancel /queueId/ /jobId/"'


def test_cancel_of_a_job_that_is_not_there_fails(failing: Failing) -> None:
    assert str(failing("ns_job cancel q nope")) == "no such job: nope"


def test_a_scheduled_job_that_is_cancelled_never_runs_and_is_gone(session: Session, failing: Failing) -> None:
    ran: list[int] = []
    session.eval("pause q; queue -use ran -jobid J q {ran(1)}", ran=ran.append)
    assert session.eval("ns_job cancel q J") == 0
    assert session.eval("exists q J") == 0
    session.eval("resume q; wait q [queue q 1]")
    assert ran == []


def test_a_done_job_that_is_cancelled_is_gone(session: Session) -> None:
    session.eval("queue -jobid J q {1}; waitany q")
    assert session.eval("ns_job cancel q J") == 0
    assert session.eval("exists q J") == 0


def test_a_running_job_that_is_cancelled_is_interrupted_and_leaves_when_it_ends(
    session: Session, pool: nsjob.Pool
) -> None:
    gone = threading.Event()
    began = threading.Event()

    def look(event: Event) -> None:
        if event.job == "J" and event.kind == "finished":
            gone.set()

    with pool.subscribe(look):
        session.eval("queue -use began -jobid J q {began.set()\nwhile True: pass}", began=began)
        assert began.wait(PATIENCE)
        assert session.eval("ns_job cancel q J") == 1
        assert gone.wait(PATIENCE)
    assert session.eval("exists q J") == 0


def test_who_waits_for_a_job_that_is_cancelled_is_told(session: Session, pool: nsjob.Pool, failing: Failing) -> None:
    session.eval("pause q; queue -jobid J q {1}")
    waiter = Waiter(pool, "ns_job wait q J")
    waiter.start()
    waiting(pool, "J")
    assert session.eval("ns_job cancel q J") == 0
    waiter.join(PATIENCE)
    assert (waiter.outcome, waiter.code) == ("Job cancelled.", "ECANCEL")
    assert str(failing("ns_job wait q J")) == "no such job: J"


# -- configure --------------------------------------------------------------------------------------------------------


def test_configure_answers_all_settings_the_original_ones_first(pool: nsjob.Pool) -> None:
    with nsjob.Pool() as fresh:
        answer = text(Session(fresh).eval("ns_job configure"))
    assert answer.startswith("jobsperthread 0 timeout 300.000000 logminduration 1.000000 ")


def test_configure_changes_settings(session: Session) -> None:
    answer = text(session.eval("ns_job configure -jobsperthread 5 -timeout 10s -logminduration 1:5"))
    assert answer.startswith("jobsperthread 5 timeout 10.000000 logminduration 1.000005 ")


def test_configure_takes_options_only(failing: Failing) -> None:
    assert str(failing("ns_job configure x")) == (
        'wrong # args: should be "ns_job configure ?-jobsperthread /integer[0,MAX]/? ?-logminduration /time/? '
        '?-timeout /time/? ?-option /value/ ...?"'
    )


# -- delete -----------------------------------------------------------------------------------------------------------


def test_an_empty_queue_is_deleted_at_once(session: Session) -> None:
    assert session.eval("ns_job delete q") == ""
    assert session.eval("queues") == []


def test_a_queue_with_jobs_refuses_new_ones_and_goes_with_its_last(
    session: Session, held: Held, failing: Failing
) -> None:
    assert session.eval("ns_job delete q") == ""
    assert mapping(elements(session.eval("queuelist"))[0])["req"] == "delete"
    assert str(failing("ns_job queue q {1}")) == CLOSED
    held.gate.let()
    assert session.eval("wait q held") == 5
    assert session.eval("queues") == []


COMMANDS_WITH_A_QUEUE = [
    "cancel nosuch J", "delete nosuch", "exists nosuch J", "joblist nosuch", "jobs nosuch", "queue nosuch {1}",
    "range nosuch 1..9 {1}", "rangestatus nosuch J",
    "edit nosuch J {1}", "move -last nosuch J", "runs nosuch J",
    "wait nosuch J", "waitany nosuch", "waitall nosuch", "pause nosuch", "resume nosuch", "resize nosuch 2",
    "drain nosuch", "counts nosuch", "show nosuch J", "output nosuch J", "kill nosuch J", "requeue nosuch J",
    "exec nosuch true", "send nosuch J x", "taskfile nosuch J",
    "snooze nosuch J 1s", "run nosuch J", "retry nosuch J", "retry -failed nosuch", "cancel -all nosuch",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS_WITH_A_QUEUE)
def test_every_command_says_that_there_is_no_such_queue(failing: Failing, command: str) -> None:
    assert str(failing(f"ns_job {command}")) == "no such queue: nosuch"


def test_every_subcommand_that_takes_a_queue_is_tried_with_one_that_is_not_there() -> None:
    taking = {
        name
        for name, spec in NS_JOB.specs.items()
        if name != "create" and any(argument.name == "queueId" for argument in spec.arguments)
    }
    assert taking == {command.split()[0] for command in COMMANDS_WITH_A_QUEUE}


# -- exists, genid, jobs ----------------------------------------------------------------------------------------------


def test_exists_is_1_or_0(session: Session) -> None:
    session.eval("pause q; queue -jobid J q {1}")
    assert session.eval("ns_job exists q J") == 1
    assert session.eval("ns_job exists q K") == 0


def test_genid_counts_and_tells_the_time_and_never_repeats(session: Session) -> None:
    ids = [session.eval("ns_job genid") for _ in range(100)]
    assert len(set(ids)) == 100
    counters = []
    for id in ids:
        found = re.fullmatch(r"queue_id_([0-9a-f]+)_([0-9a-f]+)", id)
        assert found
        counters.append(int(found[1], 16))
        assert abs(int(found[2], 16) - time.time()) < 100
    assert counters == list(range(counters[0], counters[0] + 100))


@pytest.mark.parametrize("name", ["genid", "queuelist", "queues"])
def test_commands_without_arguments_take_none(failing: Failing, name: str) -> None:
    assert str(failing(f"ns_job {name} x")) == f'wrong # args: should be "ns_job {name}"'


def test_threadlist_takes_no_arguments(failing: Failing) -> None:
    assert str(failing("ns_job threadlist x")) == 'wrong # args: should be "ns_job threadlist"'


def test_jobs_answers_the_ids(session: Session) -> None:
    session.eval("pause q; queue q {1}; queue -jobid foo q {1}; queue q {1}")
    assert session.eval("ns_job jobs q") == ["job0", "foo", "job1"]


# -- queue ------------------------------------------------------------------------------------------------------------


def test_ids_are_counted_per_queue(session: Session) -> None:
    session.eval("create r")
    found = [session.eval(f"ns_job queue {queue} {{1}}") for queue in ("q", "q", "r", "q", "r")]
    assert found == ["job0", "job1", "job0", "job2", "job1"]


def test_a_job_may_have_an_id_of_its_own_once(session: Session, failing: Failing) -> None:
    assert session.eval("ns_job queue -jobid foo q {1}") == "foo"
    assert str(failing("ns_job queue -jobid foo q {1}")) == "Job foo already exists"


def test_a_job_at_the_head_goes_before_those_that_wait(session: Session) -> None:
    found: list[str] = []
    session.eval("create one 1; pause one", seen=found.append)
    for name, option in (("a", ""), ("b", ""), ("c", "-head")):
        session.eval(f"ns_job queue -use seen {option} one {{seen('{name}')}}")
    session.eval("resume one; waitall one")
    assert found == ["c", "a", "b"]


@pytest.mark.parametrize("words", ["", " q", " q {1} {2}"])
def test_queue_says_what_it_takes(failing: Failing, words: str) -> None:
    assert str(failing(f"ns_job queue{words}")) == (
        'wrong # args: should be "ns_job queue ?-detached? ?-head? ?-jobid /value/? ?-option /value/ ...? '
        '/queueId/ /script/"'
    )


# -- lists ------------------------------------------------------------------------------------------------------------


def test_queuelist_begins_with_the_original_fields(session: Session) -> None:
    assert text(elements(session.eval("ns_job queuelist"))[0]).startswith(
        "name q desc {} maxthreads 2 numrunning 0 req none "
    )


FIELDS = "id state results script code type req thread time starttime endtime"


def test_joblist_begins_with_the_original_fields(session: Session, held: Held) -> None:
    before = time.time()
    info = mapping(elements(session.eval("ns_job joblist q"))[0])
    assert list(info)[:11] == FIELDS.split()
    assert {name: info[name] for name in "id state results script code type req".split()} == {
        "id": "held", "state": "running", "results": HOLD, "script": HOLD, "code": "TCL_OK",
        "type": "nondetached", "req": "none",
    }  # fmt: skip
    assert re.fullmatch("[0-9a-f]{2,16}", info["thread"])
    assert type(info["time"]) is int
    assert 0 <= info["time"] < 100_000
    assert abs(info["starttime"] - before) < 100
    assert abs(info["endtime"] - before) < 100


def test_joblist_tells_of_jobs_that_wait_and_that_are_done(session: Session, pool: nsjob.Pool) -> None:
    session.eval("queue -jobid good q {6 * 7}; queue -jobid bad q {1 / 0}")
    session.eval("wait q [queue -jobid last -after good q {1}]; catch {wait q [queue -after bad q {1}]}")
    session.eval("pause q; queue -jobid later q {1 + 1}")
    found = {info["id"]: info for info in map(mapping, elements(session.eval("joblist q")))}
    assert (found["good"]["state"], found["good"]["results"], found["good"]["code"]) == ("done", 42, "TCL_OK")
    assert found["good"]["time"] >= 0
    assert (found["bad"]["results"], found["bad"]["code"]) == ("division by zero", "TCL_ERROR")
    assert (found["later"]["state"], found["later"]["results"]) == ("scheduled", "1 + 1")
    assert text(found["later"]["thread"]) == "0"


def test_joblist_tells_which_jobs_are_detached(session: Session) -> None:
    session.eval("pause q; queue -detached q {1}")
    assert mapping(elements(session.eval("joblist q"))[0])["type"] == "detached"


def test_threadlist_begins_with_the_original_fields(session: Session) -> None:
    assert re.match(r"maxthreads 2 numthreads \d numidle \d req none ", text(session.eval("ns_job threadlist")))


def test_threadlist_tells_of_shutdown(session: Session, pool: nsjob.Pool) -> None:
    pool.shutdown()
    assert mapping(session.eval("threadlist"))["req"] == "stop"


def test_queues_answers_the_names(session: Session) -> None:
    session.eval("create z; create {a b}")
    assert session.eval("ns_job queues") == ["q", "z", "a b"]


# -- wait -------------------------------------------------------------------------------------------------------------


def test_wait_returns_the_result_and_the_job_leaves(session: Session, failing: Failing) -> None:
    session.eval("queue -jobid J q {6 * 7}")
    assert session.eval("ns_job wait q J") == 42
    assert session.eval("jobs q") == []
    assert str(failing("ns_job wait q J")) == "no such job: J"


def test_a_detached_job_cannot_be_waited_for(session: Session, failing: Failing) -> None:
    session.eval("pause q; queue -detached -jobid J q {1}")
    assert str(failing("ns_job wait q J")) == "can't wait on detached job: J"


def test_a_job_is_waited_for_once_at_a_time(session: Session, pool: nsjob.Pool, failing: Failing) -> None:
    session.eval("pause q; queue -jobid J q {7}")
    waiter = Waiter(pool, "ns_job wait q J")
    waiter.start()
    waiting(pool, "J")
    assert str(failing("ns_job wait q J")) == "can't wait on waited job: J"
    session.eval("resume q")
    waiter.join(PATIENCE)
    assert waiter.outcome == "7"


def test_a_wait_that_takes_too_long_ends_and_the_job_stays(session: Session, failing: Failing, held: Held) -> None:
    error = failing("ns_job wait -timeout 0.01 q held")
    assert (str(error), error.code) == ("Wait timed out.", ("NS_TIMEOUT",))
    held.gate.let()
    assert session.eval("ns_job wait q held") == 5


def test_a_time_out_that_is_no_time_is_shown(failing: Failing) -> None:
    assert str(failing("ns_job wait -timeout xyz q J")) == 'expected time value but got "xyz"'


def test_the_error_of_a_job_is_the_error_of_wait(session: Session, failing: Failing) -> None:
    session.eval("queue -jobid J q {raise ValueError('no good')}")
    error = failing("ns_job wait q J")
    assert str(error) == "no good"
    assert error.code == ("PYTHON", "ValueError")
    assert "ValueError: no good" in error.info
    assert error.info.index("ValueError: no good") < error.info.index('"ns_job wait q J"')
    assert session.eval("exists q J") == 0


def test_waitany_names_a_job_that_is_done_and_never_hangs(session: Session) -> None:
    assert session.eval("ns_job waitany q") == ""
    session.eval("queue -jobid J q {1}")
    assert session.eval("ns_job waitany q") == "J"
    assert session.eval("ns_job waitany -timeout 1s q") == "J"
    session.eval("wait q J")
    assert session.eval("ns_job waitany q") == ""


def test_waitany_times_out_as_wait_does(failing: Failing, held: Held) -> None:
    error = failing("ns_job waitany -timeout 0.01 q")
    assert (str(error), error.code) == ("Wait timed out.", ("NS_TIMEOUT",))


# -- times ------------------------------------------------------------------------------------------------------------

TIMES = {
    "1:5": 1.000005, "1.5": 1.5, "0": 0, "5us": 5e-6, "5μs": 5e-6, "5ms": 0.005, "5s": 5, "5m": 300,
    "2h": 7200, "1d": 86400, "1w": 604800, "1y": 365 * 86400,
}  # fmt: skip


@pytest.mark.parametrize(("given", "seconds"), TIMES.items())
def test_times_have_the_forms_of_the_original(session: Session, given: str, seconds: float) -> None:
    assert mapping(session.eval(f"configure -logminduration {given}"))["logminduration"] == f"{seconds:.6f}"


def test_a_negative_time_is_an_error(failing: Failing) -> None:
    assert str(failing("configure -logminduration -5")).startswith("expected a time of 0 or more, but got ")


# -- known mistakes of the original that are not repeated -------------------------------------------------------------


def test_a_job_that_someone_waits_for_can_be_cancelled_from_another_shell(
    session: Session, pool: nsjob.Pool, gate: Gate
) -> None:
    session.eval("queue -use began -jobid J q {began.set()\nwhile True: pass}", began=(began := threading.Event()))
    assert began.wait(PATIENCE)
    waiter = Waiter(pool, "ns_job wait q J")
    waiter.start()
    waiting(pool, "J")
    assert session.eval("ns_job cancel q J") == 1
    waiter.join(PATIENCE)
    assert (waiter.outcome, waiter.code) == ("Job cancelled.", "ECANCEL")


def test_results_are_taken_in_order_of_completion(session: Session, gate: Gate) -> None:
    session.eval("create wide 3")
    for number in range(3):
        session.eval(f"queue -use gate wide {{gate.enter({number})}}", gate=gate)
    gate.came(3)
    gate.let(3)
    script = 'set found {}; while {[set j [waitany wide]] ne ""} {lappend found [wait wide $j]}; lsort $found'
    assert session.eval(script) == list(itertools.chain(range(3)))
