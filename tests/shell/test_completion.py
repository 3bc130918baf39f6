"""Completion: what is offered at the cursor, with what is said about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

import nsjob
from nsjob.commands.declare import GENERAL, NS_JOB
from nsjob.shell.line.completion import Completion, NsjobCompleter, completions
from nsjob.shell.session import Session
from tests.shell.drafts import DEEP, TEXTS


@pytest.fixture
def session(pool: nsjob.Pool) -> Session:
    made = Session(pool)
    made.eval("create images 2; pause images; create pages")
    return made


@pytest.fixture(scope="module")
def anywhere() -> Iterator[Session]:
    with nsjob.Pool() as pool:
        made = Session(pool)
        made.eval("create q; pause q; queue q {1 + 1}; set x 1; set a(b) 2; proc p {c} {}; ns_eval {import math}")
        yield made
        pool.shutdown(cancel=True)


def at_end(session: Session, text: str) -> list[Completion]:
    return completions(session, text, len(text))


def shown(session: Session, text: str) -> list[str]:
    """What the menu shows at the end of the text."""
    return [one.shown for one in at_end(session, text)]


def completed(session: Session, text: str) -> list[str]:
    """The text with each of the completions."""
    return [text[: one.start] + one.text for one in at_end(session, text)]


def meta(session: Session, text: str, name: str) -> str:
    """What is said about one of the completions."""
    return next(one.meta for one in at_end(session, text) if one.shown == name)


# -- commands ---------------------------------------------------------------------------------------------------------


def test_commands_are_offered_with_their_first_sentence(session: Session) -> None:
    assert completed(session, "waita") == ["waitany", "waitall"]
    assert meta(session, "que", "queue") == "Queue a job and return its id."
    assert "list has" in meta(session, "lleng", "llength")


def test_all_commands_there_are_are_offered_to_an_empty_line(session: Session) -> None:
    assert set(shown(session, "")) == set(session.interp.commands)


@pytest.mark.parametrize(
    "before",
    [
        "set x [",
        "foreach x $l {",
        "foreach x $l {\n    ",
        "puts a;",
        "puts a\n",
        "if {1} {",
        "if {1} {puts a} else {",
        "while {1} {",
        'puts "a [',
        "for {set i 0} {$i < [",
        "proc f {x} {if {$x} {",
        "catch {",
        "if {[",
        "expr {1 + [",
        "switch $x {a {",
        "lmap x $l {",
        "dict for {k v} $d {",
        "try {",
        "try {} on error {e} {",
        "try {} finally {",
        "apply {{x} {",
        "queue -lang tcl q {",
        "$x(a) [",
        "puts $a([",
        "watch ",
        "watch 2s ",
        "watch {",
        "time {",
        "after 5 {",
        "{*}[",
        'queue q "[',
        "# a comment\n",
        "puts a ;# b\n",
    ],
)
def test_commands_are_offered_wherever_a_command_can_be(session: Session, before: str) -> None:
    assert shown(session, before + "joblis") == ["joblist"]


@pytest.mark.parametrize(
    "before", ["# ", "puts a ;# ", "foreach x $l {\n# ", "set x [\n# ", "puts {a}b", "puts ", "set x {"]
)
def test_nothing_is_offered_in_comments_and_plain_text(session: Session, before: str) -> None:
    assert shown(session, before + "joblis") == []


def test_procedures_are_offered_with_their_arguments(session: Session) -> None:
    session.eval("proc double {x {times 2}} {}")
    assert meta(session, "dou", "double") == "procedure: double x ?times?"
    assert shown(session, "info body dou") == ["double"]


def test_procedures_of_the_text_are_offered(session: Session) -> None:
    assert shown(session, "proc triple {x} {}\ntrip") == ["triple"]


def test_what_begins_so_comes_before_what_has_the_letters(session: Session) -> None:
    found = shown(session, "que")
    assert found[:3] == ["queue", "queues", "queuelist"]
    assert "requeue" in found[3:]
    assert shown(session, "wtny") == ["waitany"]


def test_where_only_one_begins_so_no_others_are_offered(session: Session) -> None:
    assert shown(session, "expr {sqr") == ["sqrt"]
    assert set(shown(session, "expr {qr")) == {"sqrt", "isqrt"}


def test_subcommands_are_offered_with_their_first_sentence(session: Session) -> None:
    assert set(shown(session, "ns_job ")) == set(NS_JOB.specs)
    assert meta(session, "ns_job joblis", "joblist").startswith("Return a queue's jobs")
    assert shown(session, "string tolo") == ["tolower"]
    assert shown(session, "dict ge")[0] == "get"


def test_help_offers_what_there_is_help_on(session: Session) -> None:
    assert "waitany" in shown(session, "help wait")
    assert shown(session, "help string tolo") == ["tolower"]
    assert shown(session, "help ns_job joblis") == ["joblist"]


# -- options and choices ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*NS_JOB.specs, *GENERAL])
def test_each_option_of_each_command_is_offered_with_its_sentence(session: Session, name: str) -> None:
    spec = NS_JOB.specs.get(name) or GENERAL[name]
    prefix = "ns_job " if name in NS_JOB.specs else ""
    assert shown(session, f"{prefix}{name} -") == list(spec.options)
    for option in spec.options.values():
        assert option.doc.split(";")[0][:20] in meta(session, f"{prefix}{name} -", option.name)


def test_options_are_offered_once_and_only_before_the_arguments(session: Session) -> None:
    assert "-head" in shown(session, "queue -h")
    assert "-head" not in shown(session, "queue -head -")
    assert shown(session, "queue q -h") == []
    assert shown(session, "queue -- -") == []


def test_the_values_that_an_option_can_have_are_offered(session: Session) -> None:
    assert shown(session, "queue -priority ") == ["lowest", "background", "default", "high", "maximum"]
    assert shown(session, "configure -lang ") == ["python", "tcl"]
    assert shown(session, "create -onerror pa") == ["pause"]
    assert shown(session, "ns_log war") == ["warning"]


# -- queues and jobs --------------------------------------------------------------------------------------------------


def test_queues_are_offered_with_their_counts(session: Session) -> None:
    session.eval("queue images {1}")
    assert shown(session, "wait ")[:3] == ["q", "images", "pages"]
    assert meta(session, "wait ", "images") == "paused, 0 running, 1 waiting, 0 done"
    assert shown(session, "ns_job wait -timeout 5 ima") == ["images"]
    assert "pages" in shown(session, "waitany images ")


def test_a_new_queue_has_a_new_name(session: Session) -> None:
    assert shown(session, "create ima") == []


def test_jobs_are_those_of_the_queue_that_is_named_before(session: Session) -> None:
    session.eval("queue images {crop(1)}; queue -jobid other q {2}; waitany q")
    assert shown(session, "wait images ") == ["job0"]
    assert shown(session, "wait q ") == ["other"]
    assert shown(session, "wait nothing ") == []
    session.eval("set where images")
    assert shown(session, "wait $where ") == ["job0"]


def test_beside_a_job_stand_its_state_and_its_script(session: Session) -> None:
    session.eval("queue images {\n    x = 1\n    crop(x)\n}; queue q {1 / 0}; waitany q")
    assert meta(session, "wait images ", "job0") == "scheduled: x = 1 crop(x)"
    assert meta(session, "wait q ", "job0") == "done, error: 1 / 0"


def test_jobs_to_wait_for_are_offered_in_a_list(session: Session) -> None:
    session.eval("queue images {1}; queue -jobid {a b} images {2}")
    assert completed(session, "queue -after {job0 a") == ["queue -after {job0 {a b}"]
    assert shown(session, "queue -after job") == ["job0"]


def test_names_that_need_quoting_are_quoted(session: Session) -> None:
    session.eval("create {my queue}; pause {my queue}; queue -jobid {a $b} {my queue} {1}")
    assert completed(session, "wait my") == ["wait {my queue}"]
    assert completed(session, "wait {my q") == ["wait {my queue"]
    assert completed(session, 'wait "my q') == ['wait "my queue']
    assert completed(session, "wait {my queue} a") == ["wait {my queue} {a $b}"]


def test_a_queue_with_very_many_jobs_is_not_listed(session: Session) -> None:
    session.eval("foreach x [lrepeat 2001 x] {queue images {1}}")
    assert shown(session, "wait images ") == []


def test_topics_of_jobs_are_offered(session: Session) -> None:
    session.eval("queue -topic nightly images {1}; queue -topic nightly images {2}")
    assert shown(session, "queue -topic ni") == ["nightly"]
    assert meta(session, "queue -topic ", "nightly") == "2 jobs"


# -- variables --------------------------------------------------------------------------------------------------------


def test_variables_are_offered_after_a_dollar_with_their_values(session: Session) -> None:
    session.eval("set files {a b}; set {my file} x; array set sizes {a 1 b 2}")
    assert completed(session, "puts $fil") == ["puts $files"]
    assert meta(session, "puts $fil", "files") == "a b"
    assert completed(session, "puts $siz") == ["puts $sizes("]
    assert completed(session, "puts $sizes(") == ["puts $sizes(a)", "puts $sizes(b)"]
    assert completed(session, "puts ${my") == ["puts ${my file}"]
    assert completed(session, 'puts "a $fil') == ['puts "a $files']
    assert completed(session, "if {$fil") == ["if {$files"]
    assert completed(session, "puts $sizes($fil") == ["puts $sizes($files"]
    assert "files" in shown(session, "puts $")


def test_variables_are_offered_by_name_to_commands_that_take_names(session: Session) -> None:
    session.eval("set files {a b}")
    assert shown(session, "incr fil") == ["files"]
    assert shown(session, "set fil") == ["files"]
    assert shown(session, "info exists fil") == ["files"]
    assert completed(session, "queue -use {fil") == ["queue -use {files"]


def test_variables_that_the_text_sets_are_offered(session: Session) -> None:
    assert shown(session, "set chosen 1; puts $chos") == ["chosen"]
    assert shown(session, "foreach {first second} $l {puts $sec") == ["second"]
    assert shown(session, "proc f {argument {other 1}} {puts $oth") == ["other"]
    assert shown(session, "catch {f} message; puts $mess") == ["message"]


def test_large_values_are_not_made_into_text(session: Session) -> None:
    session.interp.set("big", list(range(100_000)))
    assert meta(session, "puts $bi", "big") == "list of 100000"


def test_functions_are_offered_in_expressions(session: Session) -> None:
    assert completed(session, "expr {1 + sqr")[0] == "expr {1 + sqrt("


# -- files ------------------------------------------------------------------------------------------------------------


def test_files_are_offered_where_a_file_is_named(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "night.nsj").write_text("")
    (tmp_path / "my file").write_text("")
    (tmp_path / ".hidden").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "job.py").write_text("")
    monkeypatch.chdir(tmp_path)
    assert shown(session, "source ") == ["folder/", "my file", "night.nsj"]
    assert completed(session, "source nig") == ["source night.nsj"]
    assert completed(session, "queue -file fol") == ["queue -file folder/"]
    assert completed(session, "queue -file folder/j") == ["queue -file folder/job.py"]
    assert shown(session, "queue -file folder/") == ["job.py"]
    assert completed(session, "open my") == ["open my\\ file"]
    assert completed(session, 'open "my') == ['open "my file']
    assert completed(session, "open {my f") == ["open {my file"]
    assert shown(session, "source .h") == [".hidden"]
    assert shown(session, "source nowhere/") == []
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert completed(session, "source ~/nig") == ["source ~/night.nsj"]


# -- Python -----------------------------------------------------------------------------------------------------------


def test_python_names_are_offered_in_the_scripts_of_jobs(session: Session) -> None:
    session.eval('ns_eval {import math\ndef crop(picture):\n    "Cut it."}')
    assert meta(session, "queue q {cro", "crop") == "Cut it."
    assert "lambda" in shown(session, "queue q {lam")
    assert shown(session, "queue q {len")[0] == "len"
    assert completed(session, "queue q {x = math.sqr")[0] == "queue q {x = math.sqrt"
    assert shown(session, "queue q {math.sqr")[0] == "sqrt"
    assert shown(session, "queue q {job.prog") == ["progress"]
    assert shown(session, "foreach x $l {queue q {def f(): retu") == ["return"]


def test_what_the_script_itself_names_is_offered(session: Session) -> None:
    assert "total_size" in shown(session, "queue q {total_size = 1\ntot")
    assert "wanted" in shown(session, "queue -use {wanted} q {wan")
    assert "limit" in shown(session, "queue -vars {limit 5} q {lim")


def test_py_offers_what_the_shell_has(session: Session) -> None:
    session.eval("set files {a b}; py {chosen = 1}")
    assert shown(session, "py {poo")[0] == "pool"
    assert shown(session, "py {file")[0] == "files"
    assert shown(session, "py {chos")[0] == "chosen"


@pytest.mark.parametrize("script", ['"le', "'le", "# le", '"""le', "x = 1 # le", 'f"{1}le'])
def test_nothing_is_offered_in_strings_and_comments_of_python(session: Session, script: str) -> None:
    assert shown(session, "queue q {" + script) == []


def test_names_are_offered_again_after_strings_and_comments(session: Session) -> None:
    assert "len" in shown(session, "queue q {'a' + le")
    assert "len" in shown(session, "queue q {# a\nle")


def test_no_code_is_run_to_find_names(session: Session) -> None:
    session.eval(
        "ns_eval {class Trap:\n"
        "    @property\n"
        "    def door(self): raise SystemExit\n"
        "    def __getattr__(self, name): raise SystemExit\n"
        "trap = Trap()}"
    )
    assert shown(session, "queue q {trap.do") == ["door"]
    assert shown(session, "queue q {trap.door.x") == []


def test_a_script_begins_with_a_brace(session: Session) -> None:
    assert shown(session, "queue q ") == ["{"]
    assert shown(session, "queue -lang tcl q ") == ["{"]


# -- anywhere ---------------------------------------------------------------------------------------------------------


def test_the_cursor_may_be_in_the_middle(session: Session) -> None:
    text = "waita images; puts done"
    found = completions(session, text, 5)
    assert [text[: one.start] + one.text + text[5:] for one in found] == [
        "waitany images; puts done",
        "waitall images; puts done",
    ]


def test_a_command_that_a_procedure_replaced_has_none_of_our_options(session: Session) -> None:
    session.eval("proc queue {name text} {}")
    assert shown(session, "queue -") == []


def test_pool_and_variables_are_as_before(session: Session) -> None:
    before = (session.interp.globals.names(), session.shell.pool.counts())
    for text in ("wait ", "queue q {len", "puts $", "set x [genid", "wait [create new] "):
        at_end(session, text)
    assert (session.interp.globals.names(), session.shell.pool.counts()) == before


@settings(deadline=None)
@given(TEXTS, st.integers(0, 200))
@example("wait $a($b(", 11)
@example("queue q \0", 9)
@example("source \0/", 9)
@example("source ~\0/", 10)
def test_any_text_and_cursor_gives_completions_that_begin_before_the_cursor(
    anywhere: Session, text: str, cursor: int
) -> None:
    for one in completions(anywhere, text, cursor):
        assert 0 <= one.start <= min(cursor, len(text))
        assert one.text


@pytest.mark.parametrize("piece", DEEP)
def test_very_deep_texts_are_no_trouble(session: Session, piece: str) -> None:
    at_end(session, piece * 500)


def test_nothing_is_completed_at_the_end_of_ten_thousand_lines(session: Session) -> None:
    assert shown(session, "queue q {1 + 1}\n" * 10_000 + "wai") == []


# -- prompt_toolkit's side --------------------------------------------------------------------------------------------


def asked(session: Session, text: str, requested: bool) -> list[tuple[str, int, str]]:
    event = CompleteEvent(completion_requested=requested, text_inserted=not requested)
    found = NsjobCompleter(session).get_completions(Document(text), event)
    return [(one.text, one.start_position, one.display_meta_text) for one in found]


def test_the_prompt_gets_texts_places_and_sentences(session: Session) -> None:
    assert asked(session, "set x [joblis", True) == [("joblist", -6, meta(session, "joblis", "joblist"))]


def test_while_typing_an_empty_line_is_not_flooded(session: Session) -> None:
    assert asked(session, "", False) == []
    assert asked(session, "set x [", False) == []
    assert asked(session, "queue q {l", False) == []
    assert asked(session, "wait ", False) != []
    assert asked(session, "", True) != []
