"""What the prompt shows of a result."""

from __future__ import annotations

import io
import re
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

import nsjob
from nsjob.shell.session import Session
from nsjob.shell.view.excerpts import excerpt
from nsjob.shell.view.harmless import _SINGLE
from nsjob.shell.view.layouts import as_duration
from nsjob.shell.view.render import shown
from nsjob.shell.view.terminal import Terminal, answer
from nsjob.tcl.values import TclDict, text
from tests.conftest import Gate

NOON = time.mktime((2026, 11, 22, 12, 0, 0, 0, 0, -1))
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def plain(value: Any, width: int = 80) -> str:
    return shown(value, width, False, NOON)


def job(id: str = "job0", **fields: Any) -> TclDict:
    """A job as `joblist` tells."""
    record: dict[str, Any] = {
        "id": id, "state": "done", "results": 42, "script": "6 * 7", "code": "TCL_OK", "type": "nondetached",
        "req": "none", "thread": "0", "time": 1234, "starttime": round(NOON), "endtime": round(NOON + 1),
        "outcome": "ok", "priority": 127, "attempt": 1, "progress": "", "note": "", "topic": "", "subtopic": "",
        "group": "", "metadata": "",
    }  # fmt: skip
    return TclDict(record | fields)


def waiting(id: str, script: str = "pass") -> TclDict:
    return job(id, state="scheduled", outcome="", script=script, results=script, attempt=0)


# -- texts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("hello", "hello"),
        (42, "42"),
        (1.5, "1.5"),
        (True, "1"),
        ("", ""),
        (None, ""),
        ([], ""),
        ({}, ""),
        (b"ab", "ab"),
        ("two\nlines\n", "two\nlines"),
        ("a\tb", "a       b"),
        ("dos\r\nlines", "dos\nlines"),
        (ValueError("bad"), "ValueError: bad"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
    ],
)
def test_a_plain_value_is_shown_as_its_text(value: Any, said: str) -> None:
    assert plain(value) == said


def test_other_objects_are_shown_by_their_str() -> None:
    class Frame:
        def __str__(self) -> str:
            return "   a  b\n0  1  2"

        def _repr_html_(self) -> str:
            return "<table>"

    assert plain(Frame()) == "   a  b\n0  1  2"


def test_an_object_whose_str_fails_is_shown_by_its_class() -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError

    assert plain(Broken()) == "Broken (its text cannot be had)"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("50%\r100%", r"50%\r100%"),
        ("a\x00b\x7f\x85", r"a\x00b\x7f\x85"),
        ("safe\u202eevil", r"safe\u202eevil"),
        ("\ud800", r"\ud800"),
    ],
)
def test_a_result_cannot_command_the_terminal(text: str, said: str) -> None:
    assert plain(text) == said
    assert said in plain([text, "x" * 100])
    assert said in plain({"key": text})
    assert said in plain([job(results=text)], 200)


def test_a_long_line_is_folded_at_the_width() -> None:
    assert plain("x" * 100, 40).split("\n") == ["x" * 40, "x" * 40, "x" * 20]
    assert plain("画像" * 10, 15).split("\n") == ["画像画像画像画", "像画像画像画像", "画像画像画像"]


def test_a_megabyte_of_text_is_cut_and_what_is_left_out_is_counted() -> None:
    *lines, note = plain("x" * 1_000_000).split("\n")
    assert len(lines) == 1000
    assert note == "… some 920,000 of 1,000,000 characters more (all: puts $_)"


def test_an_integer_of_a_million_digits_is_told_of() -> None:
    assert plain(1 << 3_321_929).startswith("an integer of some 1,000,001 digits")


# -- lists ------------------------------------------------------------------------------------------------------------


def test_a_list_that_fits_into_a_line_is_its_tcl_text() -> None:
    assert plain(["a", "b c", "", 5, ["x", "y z"]]) == "a {b c} {} 5 {x {y z}}"


def test_a_longer_list_stands_in_columns_read_downwards() -> None:
    assert plain(list(range(10)), 9).split("\n") == ["0  4  8", "1  5  9", "2  6", "3  7"]


def test_long_elements_stand_below_each_other_and_go_on_indented() -> None:
    assert plain(["a" * 45, "b"], 40).split("\n") == ["a" * 40, "  aaaaa", "b"]


def test_a_list_of_a_million_is_cut_without_making_its_text() -> None:
    class Watched(Sequence[int]):
        asked = 0

        def __len__(self) -> int:
            return 1_000_000

        def __getitem__(self, place: Any) -> Any:
            Watched.asked += 1
            return place

        def __iter__(self) -> Iterator[int]:
            return (self[place] for place in range(len(self)))

    assert plain(Watched()).endswith("… 995,000 more of 1,000,000 (all: puts $_)")
    assert Watched.asked < 20_000


def test_a_list_that_contains_itself_is_shown() -> None:
    ring: list[Any] = [1]
    ring.append(ring)
    assert "1" in plain(ring)


# -- records ----------------------------------------------------------------------------------------------------------


def test_records_are_a_table_without_the_columns_that_say_nothing() -> None:
    records = [job("job0"), job("job1", outcome="error", results="no", time=250), waiting("job2")]
    head, rule, *rows, note = plain(records, 100).split("\n")
    assert head.split() == "id state outcome time starttime endtime results script".split()
    assert set(rule) == {"─", " "}
    assert rows[0].split() == "job0 done ok 1.2 s 12:00:00 12:00:01 42 6 * 7".split()
    assert rows[1].split() == "job1 done error 250 ms 12:00:00 12:00:01 no 6 * 7".split()
    assert rows[2].split() == "job2 scheduled 1.2 s 12:00:00 12:00:01 pass".split()
    assert note == "not shown: 12 at their defaults (all: puts $_)"


def test_numbers_end_together_and_texts_begin_together() -> None:
    assert plain([{"n": 5, "word": "a"}, {"n": 100, "word": "bcd"}]).split("\n") == [
        "  n  word",
        "───  ────",
        "  5  a",
        "100  bcd",
    ]


def test_a_column_that_is_empty_in_some_rows_only_stays() -> None:
    assert plain([{"a": 1, "b": ""}, {"a": 2, "b": "x"}]).split("\n")[0] == "a  b"


def test_scripts_are_one_line_and_shortened_with_dots() -> None:
    shown_script = plain([waiting("job0", "\nimport time\ntime.sleep(1)\n" + "x = 1\n" * 50)])
    assert "import time ↵ time.sleep(1) ↵ x" in shown_script
    assert "…" in shown_script


def test_columns_for_which_there_is_no_room_are_named() -> None:
    records = [job("job0", thread="7fb9c61486c0", results="r" * 100, script="s" * 100, priority=200)]
    assert "no room for thread, endtime" in plain(records, 80)


def test_at_a_narrow_terminal_records_stand_below_each_other() -> None:
    lines = plain([job("job0"), job("job1")], 40).split("\n")
    assert lines[0] == "id         job0"
    assert "" in lines
    assert lines[lines.index("") + 1] == "id         job1"


def test_a_thousand_of_many_records_are_shown_and_the_rest_is_counted() -> None:
    lines = plain([{"a": place} for place in range(3000)]).split("\n")
    assert len(lines) == 1003
    assert lines[-1] == "… 2,000 more of 3,000 (all: puts $_)"


def test_dicts_with_different_keys_are_a_list() -> None:
    assert plain([{"a": 1}, {"b": 2}]) == "{a 1} {b 2}"


def test_a_persons_own_dict_is_shown_whole() -> None:
    assert plain({"a": 1, "empty": "", "req": "none"}).split("\n") == ["a      1", "empty", "req    none"]


def test_long_values_of_a_record_go_on_below_each_other() -> None:
    assert plain({"key": "one\ntwo", "k": "x" * 30}, 25).split("\n") == [
        "key  one",
        "     two",
        "k    " + "x" * 20,
        "     " + "x" * 10,
    ]


def test_progress_is_read_as_a_share() -> None:
    assert "25% reading" in plain([job(state="running", outcome="", progress=[5, 20, "reading"])], 120)
    assert "7 pages" in plain([job(state="running", outcome="", progress=[7, "", "pages"])], 120)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 ms"), (0.25, "250 ms"), (1.23, "1.2 s"), (59.99, "1 min"), (61, "1 min 1 s"), (3600, "1 h"),
        (7500, "2 h 5 min"), (86_400 * 3 + 7200, "3 d 2 h"),
    ],
)  # fmt: skip
def test_durations_are_read_as_people_say_them(seconds: float, said: str) -> None:
    assert as_duration(seconds) == said


def test_a_time_of_another_day_has_its_date() -> None:
    assert "2026-11-21 12:00:00" in plain([job(starttime=NOON - 86_400)], 120)


def test_what_looks_like_a_job_and_is_none_is_shown_all_the_same() -> None:
    odd = job(time="soon", starttime="yesterday", endtime=float("inf"), progress="x")
    assert "soon" in plain([odd], 200)


# -- colours ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "code"),
    [("ok", "32"), ("error", "31"), ("cancelled", "33"), ("expired", "33"), ("timeout", "35")],
)
def test_an_outcome_has_a_colour_and_a_word(outcome: str, code: str) -> None:
    assert f"\x1b[{code}m{outcome}" in shown([job(outcome=outcome)], 100, True, NOON)


def test_states_have_colours() -> None:
    assert "\x1b[1;36mrunning" in shown([job(state="running", outcome="")], 100, True, NOON)
    assert "\x1b[2mscheduled" in shown([waiting("job0")], 100, True, NOON)


def test_with_and_without_colour_the_text_is_the_same() -> None:
    records = [job("job0"), job("job1", outcome="error"), waiting("job2")]
    assert COLOURS.sub("", shown(records, 80, True, NOON)) == plain(records)
    assert "\x1b" not in plain(records)


class Seen(io.StringIO):
    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


def test_colours_are_left_out_where_somebody_does_not_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert Terminal(Seen()).colours
    assert not Terminal(io.StringIO()).colours
    monkeypatch.setenv("NO_COLOR", "1")
    assert not Terminal(Seen()).colours
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not Terminal(Seen()).colours


def test_where_the_output_is_no_terminal_it_is_plain_tcl_text() -> None:
    records = [job("job0"), job("job1")]
    assert answer(records, io.StringIO()) == text(records)
    assert answer(records, Seen()).startswith(("id ", "\x1b[1mid"))


# -- the pool's own answers -------------------------------------------------------------------------------------------


def test_the_commands_that_look_are_shown_as_tables(pool: nsjob.Pool, gate: Gate) -> None:
    session = Session(pool)
    session.eval("create -desc {image work} thumbs 2")
    held = pool.submit("thumbs", gate.enter)
    gate.came()
    session.eval("queue thumbs {6 * 7}")
    session.eval("waitany thumbs")
    queues = plain(session.eval("queuelist")).split("\n")
    assert queues[0].split()[:5] == ["name", "maxthreads", "numrunning", "scheduled", "done"]
    assert "image work" in queues[3]
    assert plain(session.eval("threadlist -detail")).split("\n")[0].split()[0] == "name"
    assert "running" in plain(session.eval("joblist thumbs"))
    assert plain(session.eval("counts thumbs")).split("\n")[0] == "scheduled  0"
    assert "jobsperthread   0" in plain(session.eval("configure"))
    assert "timeout         300 s" in plain(session.eval("configure"))
    shown_job = plain(session.eval("show thumbs job1"))
    assert "6 * 7" in shown_job
    assert "at their defaults" in shown_job
    gate.let()
    held.wait(10)
    assert plain(session.eval("waitall thumbs")).split("\n")[0].split() == ["queue", "id", "outcome", "results"]


# -- anything ---------------------------------------------------------------------------------------------------------

ODD = ["\x1b[2J", "画像", "👩\u200d👩\u200d👧", "e\u0301", "☁\ufe0f", "\ufe0f", "\u200d"]
ODD += ["a\tb", "x" * 300, "\n\n", " ", "{", "\\", "\ud800"]
TEXTS = st.text() | st.sampled_from(ODD)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.binary(max_size=10)
KEYS = st.sampled_from(["id", "state", "outcome", "results", "time", "progress", "a", "画"]) | st.text(max_size=5)
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.dictionaries(KEYS, inner, max_size=6)
        | st.tuples(inner, inner)
        | st.builds(lambda value, count: [value] * count, st.dictionaries(KEYS, inner, max_size=4), st.integers(0, 4))
    ),
    max_leaves=20,
)
ODD_JOBS = st.lists(st.dictionaries(st.sampled_from(list(job())), PLAIN).map(lambda odd: job() | odd), max_size=4)


@given(VALUES | ODD_JOBS, st.integers(1, 200), st.booleans())
@example("☁" + "\ufe0f" * 3, 1, True)
@example([job("画像" * 30, script="👩‍👩‍👧" * 90)], 50, True)
@settings(max_examples=200, deadline=None)
def test_any_value_is_shown_within_the_width_and_without_controls(value: Any, width: int, colour: bool) -> None:
    picture = shown(value, width, colour, NOON)
    bare = COLOURS.sub("", picture) if colour else picture
    assert not CONTROLS.search(bare)
    for line in bare.split("\n"):
        assert cell_len(line) <= width
    bare.encode("utf-8")


@given(VALUES)
@settings(max_examples=100, deadline=None)
def test_an_excerpt_that_is_whole_is_the_values_text(value: Any) -> None:
    assert excerpt(value, sys.maxsize // 8) == (text(value), True)


def test_signs_that_need_no_tables_have_one_cell_each() -> None:
    signs = [chr(code) for code in range(0x20, 0x3000) if _SINGLE.fullmatch(chr(code))]
    assert len(signs) > 1000
    assert [sign for sign in signs if cell_len(sign) != 1] == []


# -- pages of jobs ----------------------------------------------------------------------------------------------------


def found(id: str, **fields: Any) -> TclDict:
    """A job as `find` tells."""
    return TclDict(job(id) | {"queue": "q", "queued": NOON, "left": 0} | fields)


def test_a_page_of_jobs_is_a_table_with_the_way_to_more() -> None:
    page = TclDict({"jobs": [found("job0", status="done"), found("job1", status="error")], "cursor": "WyIw"})
    assert plain(page, 120).splitlines()[0].split() == [
        "queue", "id", "state", "outcome", "status", "time", "queued", "starttime", "endtime", "results", "script",
    ]  # fmt: skip
    assert plain(page).splitlines()[-1] == "more: find -cursor WyIw"
    last = TclDict({"jobs": [found("job0", left=1), found("job1", left=0)], "cursor": ""})
    assert "left" in plain(last, 200).splitlines()[0].split()
    assert "more" not in plain(last)


def test_a_page_without_jobs_says_so() -> None:
    assert plain(TclDict({"jobs": [], "cursor": ""})) == "no jobs"


@pytest.mark.parametrize("jobs", ["text", 5, [1, 2], [{"a": 1}, {"b": 2}], {"a": 1}])
def test_what_only_looks_like_a_page_is_shown_as_it_is(jobs: Any) -> None:
    lines = plain(TclDict({"jobs": jobs, "cursor": "c"})).splitlines()
    assert lines[0].startswith("jobs")
    assert "more: find" not in lines[-1]


def test_what_find_answers_is_shown_so(pool: nsjob.Pool) -> None:
    session = Session(pool)
    session.eval("pause q; queue -note first q {1}; queue q {2}")
    assert plain(session.eval("find -limit 1")).splitlines()[-1].startswith("more: find -cursor W")
    assert "pending" in plain(session.eval("find -statuses tasker"))
