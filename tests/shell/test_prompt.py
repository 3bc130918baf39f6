"""The prompt, driven through a pseudo-terminal: the keys that a person presses, the screen that they see."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

pytest.importorskip("pexpect")
pytest.importorskip("pyte")
if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals here", allow_module_level=True)

from tests.shell.terminal import Terminal

pytestmark = pytest.mark.timeout(180)

UP, RIGHT, ENTER, CTRL_C, CTRL_D, CTRL_R = "\x1b[A", "\x1b[C", "\r", "\x03", "\x04", "\x12"
CTRL_X_CTRL_E = "\x18\x05"

Opener = Callable[..., Terminal]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    """Opens terminals with a prompt in them."""
    with ExitStack() as stack:

        def open_one(*words: str, size: tuple[int, int] = (24, 90), ready: bool = True, **variables: str) -> Terminal:
            words = words or ("-m", "nsjob")
            terminal = stack.enter_context(Terminal(words, tmp_path, variables, size))
            if ready:
                terminal.ready()
            return terminal

        yield open_one


def history_path(home: Path) -> Path:
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "nsjob" / "history"
    return home / ".local" / "state" / "nsjob" / "history"


def rc_file(home: Path) -> Path:
    path = home / ".config" / "nsjob" / "nsjobrc"
    path.parent.mkdir(parents=True)
    return path


# -- entering ---------------------------------------------------------------------------------------------------------


def test_commands_are_evaluated_and_their_results_shown(opened: Opener) -> None:
    terminal = opened()
    terminal.enter("expr {6 * 7}")
    terminal.see_match("^42$")
    terminal.enter("puts <$_>")
    terminal.see_match("^<42>$")
    terminal.ready()
    terminal.type(CTRL_D)
    assert terminal.ended() == 0


def test_an_open_brace_is_asked_for_with_the_next_line_indented(opened: Opener) -> None:
    terminal = opened()
    terminal.type("foreach x {one two} {\r")
    terminal.see_match(r"^   \.\.\.     $|^   \.\.\.$")
    terminal.type("puts <$x>\r}")
    terminal.see_match(r"^   \.\.\.     puts <\$x>$")
    terminal.see_match(r"^   \.\.\. }$")
    terminal.type(ENTER)
    terminal.see_match("^<one>\n<two>$")


def test_a_queue_is_used_from_the_first_line_to_the_table_of_its_jobs(opened: Opener) -> None:
    terminal = opened()
    terminal.enter("create images 2")
    terminal.ready()
    terminal.enter("wait images [queue images {6 * 7}]")
    terminal.see_match("^42$")
    terminal.enter("queuelist")
    terminal.see_match("^images +2 ")
    terminal.see_match(r"│ 0 scheduled  0 running  1 done  0 failed")


def test_tab_completes_commands_and_tells_what_they_do(opened: Opener) -> None:
    terminal = opened()
    terminal.type("resi\t")
    terminal.see_match("^nsjob> resize ?$")
    terminal.type("\x15waita")
    terminal.see_match("^nsjob> waita")
    terminal.type("\t")
    terminal.see_match("waitany +Wait until a job is done")
    terminal.see_match("waitall +Wait for all jobs")


def test_what_is_wrong_for_certain_is_told_before_the_line_is_sent(opened: Opener) -> None:
    terminal = opened()
    terminal.enter("create q")
    terminal.ready()
    terminal.enter("queue q {x = = 1}")
    terminal.see("Python: invalid syntax")
    assert "nsjob> queue q {x = = 1}" in terminal.lines()[terminal.screen.cursor.y]
    terminal.type(ENTER)  # again: it is meant
    terminal.see("error: ")


def test_ctrl_c_while_typing_gives_a_fresh_line(opened: Opener) -> None:
    terminal = opened()
    terminal.type("puts never")
    terminal.see("nsjob> puts never")
    terminal.type(CTRL_C)
    terminal.ready()
    terminal.enter("expr {1 + 1}")
    terminal.see_match("^2$")
    assert "\nnever" not in terminal.text()


def test_the_editor_changes_the_line(opened: Opener, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "%s" "puts [string toupper edited]" > "$1"\n')
    editor.chmod(0o755)
    terminal = opened(EDITOR=str(editor))
    terminal.type("puts edited")
    terminal.see("nsjob> puts edited")
    terminal.type(CTRL_X_CTRL_E)
    terminal.see("nsjob> puts [string toupper edited]")
    terminal.type(ENTER)
    terminal.see_match("^EDITED$")


def test_ten_thousand_pasted_lines_are_one_entry(opened: Opener) -> None:
    terminal = opened()
    pasted = "set n 0\n" + "incr n ;# a line that is pasted\n" * 10_000 + "set n"
    terminal.type(f"\x1b[200~{pasted}\x1b[201~")
    terminal.see_match(r"^   \.\.\. set n$")
    terminal.type(" ")
    terminal.type(ENTER)
    terminal.see_match("^10000$")
    terminal.ready()
    terminal.enter("expr {1 + 1}")
    terminal.see_match("^2$")


# -- waiting, stopping, leaving ---------------------------------------------------------------------------------------


def test_ctrl_c_stops_the_waiting_and_never_the_job(opened: Opener) -> None:
    terminal = opened()
    terminal.enter("create q 1")
    terminal.ready()
    terminal.enter("queue q {import threading; threading.Event().wait(600)}")
    terminal.see_match("1 running")
    terminal.enter("wait q job0")
    terminal.see_match("^ *q .*")
    terminal.see("job0")
    terminal.until(lambda: "nsjob>" not in terminal.current(), "the wait begins")
    terminal.type(CTRL_C)
    terminal.see("the waiting was stopped; q job0 goes on")
    terminal.ready()
    terminal.see_match("1 running")


def test_ctrl_c_by_the_hundred_breaks_nothing(opened: Opener) -> None:
    terminal = opened()
    for _ in range(5):
        terminal.type(CTRL_C * 60)
        terminal.enter("puts [string toupper on]")
        terminal.see_match("^ON$")
        terminal.ready()
    assert b"Traceback" not in terminal.raw
    assert b"never awaited" not in terminal.raw


def test_sigint_at_the_prompt_is_ctrl_c(opened: Opener) -> None:
    terminal = opened()
    terminal.type("not whole {")
    terminal.see("not whole {")
    terminal.child.kill(signal.SIGINT)
    terminal.until(lambda: terminal.current().strip() == "nsjob>", "a fresh line")
    terminal.enter("puts on")
    terminal.see_match("^on$")


def test_what_is_closed_at_the_prompt_stays_open(opened: Opener) -> None:
    terminal = opened()
    terminal.enter("py {import sys; sys.stdout.close(); sys.stdout.buffer.close(); sys.stderr.close()}")
    terminal.ready()
    terminal.enter("create q; queue q {import sys; sys.stdout.close(); sys.stdout.detach()}")
    terminal.see_match("^job0$")
    terminal.enter("wait q job0")
    terminal.see("the prompt needs this stream")
    terminal.ready()


def test_ctrl_c_stops_a_script(opened: Opener) -> None:
    terminal = opened()
    terminal.enter("while 1 {if {[incr n] == 100} {puts begun}}")
    terminal.see_match("^begun$")
    terminal.type(CTRL_C)
    terminal.see("the command was stopped")
    terminal.ready()
    terminal.enter("expr {$n >= 100}")
    terminal.see_match("^1$")


def test_leaving_with_jobs_asks_and_the_person_may_stay_or_cancel_them(opened: Opener) -> None:
    terminal = opened()
    terminal.enter("create q 1")
    terminal.ready()
    terminal.enter("foreach i {1 2 3} {queue q {while True: pass}}")
    terminal.see("1 running")
    terminal.ready()
    terminal.type(CTRL_D)
    terminal.see("1 job runs and 2 wait: (w)ait for them, (c)ancel them, or (s)tay?")
    terminal.type("s")
    terminal.ready()
    terminal.enter("exit 3")
    terminal.see_match(r"(?s)tay\?.*tay\?")
    terminal.type("c")
    terminal.see("cancelled: 3 jobs")
    assert terminal.ended() == 3


def test_leaving_can_wait_for_the_jobs(opened: Opener, tmp_path: Path) -> None:
    terminal = opened()
    go, gone = tmp_path / "go", tmp_path / "gone"
    terminal.enter("create q")
    terminal.ready()
    source = f"""
import os, time
while not os.path.exists("{go}"):
    time.sleep(0.01)
open("{gone}", "w").close()
"""
    terminal.type(f"\x1b[200~queue q {{{source}}}\x1b[201~")
    terminal.see_match(r"^   \.\.\. }")
    terminal.type(ENTER)
    terminal.see("1 running")
    terminal.type(CTRL_D)
    terminal.see("1 job runs: (w)ait for it")
    terminal.type("w")
    terminal.see("0/1")  # how far it is
    go.touch()
    assert terminal.ended() == 0
    assert gone.exists()
    assert "0/1" not in terminal.text()


def test_sigterm_ends_the_prompt_with_a_sentence(opened: Opener) -> None:
    terminal = opened()
    terminal.type("puts half a li")
    terminal.see("half a li")
    os.kill(terminal.child.pid, signal.SIGTERM)
    terminal.see("nsjob: terminated")
    assert terminal.ended() == 128 + signal.SIGTERM
    assert "Traceback" not in terminal.text()


def test_sigterm_ends_a_wait_too_and_cancels_the_jobs(opened: Opener) -> None:
    terminal = opened()
    terminal.enter("create q; wait q [queue q {while True: pass}]")
    terminal.see_match("^ *q ")
    terminal.until(lambda: "nsjob>" not in terminal.current(), "the wait begins")
    os.kill(terminal.child.pid, signal.SIGTERM)
    terminal.see("nsjob: terminated")
    terminal.see("cancelled: 1 job")
    assert terminal.ended() == 128 + signal.SIGTERM


def test_deleting_a_queue_with_jobs_asks_first(opened: Opener) -> None:
    terminal = opened()
    terminal.enter("create q; queue q {6 * 7}")
    terminal.see("1 done")
    terminal.enter("delete q")
    terminal.see("Queue q has 1 job. Delete it? [y/N]")
    terminal.type("n")
    terminal.ready()
    terminal.enter("queues")
    terminal.see_match("^q$")


# -- what jobs print --------------------------------------------------------------------------------------------------


def test_what_jobs_print_and_log_appears_above_the_line_that_is_typed(opened: Opener) -> None:
    terminal = opened()
    terminal.enter("create q; configure -logminduration 1h; puts ok")
    terminal.see_match("^ok$")
    terminal.enter(
        'queue -delay 500ms q {import logging, sys; print("hello"); logging.getLogger("nsjob.job").warning("mind")}'
    )
    terminal.see_match("^job0$")
    terminal.type("puts half")
    terminal.see_match("^q job0 . hello$")
    terminal.see_match(r"^q job0 . \d\d:\d\d:\d\d warning: mind$")
    terminal.see_match("^nsjob> puts half$")
    terminal.type(" 'a line'"[:2])
    terminal.see("nsjob> puts half '")


def test_a_storm_of_output_loses_no_line_and_no_key(opened: Opener) -> None:
    terminal = opened()
    terminal.enter("create q 2")
    terminal.ready()
    terminal.enter("foreach half {0 1} {queue -use half q {for i in range(50000): print(half, i)}}")
    terminal.until_written(b" 100\r\n", 1)
    for key in "puts [string length typed]":
        terminal.type(key)
    terminal.until_written(b" 49999\r\n", 2)
    terminal.type(ENTER)
    terminal.see_match("^5$")
    for half in (b"0", b"1"):
        numbers = [int(line.rpartition(b" ")[2]) for line in _printed(terminal.raw, half)]
        assert numbers == list(range(50_000))


def _printed(raw: bytes | bytearray, half: bytes) -> list[bytes]:
    """The lines of the job that printed this number first."""
    import re

    return re.findall(b"\x1b\\[0m " + half + b" [0-9]+(?=\r?\n)", raw)


# -- errors -----------------------------------------------------------------------------------------------------------


def test_an_error_shows_the_traceback_of_the_job_and_the_trace_of_the_script_where_it_is_deep(opened: Opener) -> None:
    terminal = opened()
    terminal.enter("create q; proc run {} {wait q [queue q {1 / 0}]}")
    terminal.ready()
    terminal.enter("run")
    terminal.see_match("^error: division by zero$")
    terminal.see_match("^ZeroDivisionError: division by zero$")
    terminal.see('(procedure "run" line 1)')
    terminal.ready()
    terminal.enter("lst")
    terminal.see_match('^error: invalid command name "lst"$')
    terminal.see_match("^hint: did you mean")
    assert 'while executing\n"lst"' not in terminal.text()


# -- the past ---------------------------------------------------------------------------------------------------------


def test_lines_of_earlier_sessions_are_found_again(opened: Opener, tmp_path: Path) -> None:
    terminal = opened()
    terminal.enter("puts first-session")
    terminal.see_match("^first-session$")
    terminal.ready()
    terminal.type(CTRL_D)
    assert terminal.ended() == 0
    path = history_path(tmp_path)
    assert [json.loads(line) for line in path.read_text().splitlines()] == ["puts first-session"]
    assert path.stat().st_mode & 0o077 == 0

    terminal = opened()
    terminal.type("puts f")
    terminal.see("nsjob> puts first-session")  # suggested
    terminal.type(RIGHT + ENTER)
    terminal.see_match("^first-session$")
    terminal.ready()
    terminal.type(CTRL_R + "first")
    terminal.see("nsjob> puts first-session\n")
    terminal.type(CTRL_C + CTRL_C)
    terminal.ready()
    terminal.enter("history")
    terminal.see_match("^1  puts first-session$")


@pytest.mark.parametrize("how", ["a directory", "a full disk", "no home"])
def test_a_history_that_cannot_be_kept_is_told_once(opened: Opener, tmp_path: Path, how: str) -> None:
    variables = {}
    path = history_path(tmp_path)
    if how == "a directory":
        path.mkdir(parents=True)
    elif how == "a full disk":
        if not os.path.exists("/dev/full"):
            pytest.skip("no /dev/full here")
        path.parent.mkdir(parents=True)
        path.symlink_to("/dev/full")
    else:
        variables["HOME"] = "/dev/null/nobody"
    terminal = opened(**variables)
    terminal.enter("puts [expr {6 * 7}]")
    terminal.see_match("^42$")
    terminal.see("nsjob: the history is not kept")
    terminal.ready()
    terminal.type(UP)
    terminal.see_match(r"(?s)42.*nsjob> puts \[expr \{6 \* 7\}\]$|nsjob> puts \[expr \{6 \* 7\}\]\n")
    terminal.type(CTRL_C + CTRL_D)
    assert terminal.ended() == 0
    assert terminal.raw.count(b"the history is not kept") == 1
    assert b"Traceback" not in terminal.raw


# -- nsjobrc ----------------------------------------------------------------------------------------------------------


def test_nsjobrc_is_read_before_the_first_line(opened: Opener, tmp_path: Path) -> None:
    rc_file(tmp_path).write_text("create images 3\nproc double x {expr {2 * $x}}\nputs read\n")
    terminal = opened()
    terminal.see_match("^read$")
    terminal.enter("double 21")
    terminal.see_match("^42$")


@pytest.mark.parametrize("how", ["a directory", "an error"])
def test_an_rc_file_that_is_no_good_is_told_and_the_prompt_is_there(opened: Opener, tmp_path: Path, how: str) -> None:
    if how == "a directory":
        rc_file(tmp_path).mkdir()
    else:
        rc_file(tmp_path).write_text("set x 5\nnonsense\n")
    terminal = opened(size=(24, 200))
    terminal.see("nsjobrc")
    terminal.see("is a directory" if how == "a directory" else 'invalid command name "nonsense"')
    terminal.enter("expr {6 * 7}")
    terminal.see_match("^42$")
    assert b"Traceback" not in terminal.raw


# -- terminals --------------------------------------------------------------------------------------------------------


def test_no_color_has_no_colours(opened: Opener) -> None:
    import re

    terminal = opened(NO_COLOR="1")
    terminal.enter("create q; queue q {print(1); 1/0}; waitall q")
    terminal.see_match("^q job0 . 1$")
    terminal.enter("nonsense")
    terminal.see("error: invalid command name")
    colours = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")
    assert colours.search(terminal.raw) is None


def test_a_dumb_terminal_gets_plain_text(opened: Opener) -> None:
    terminal = opened(TERM="dumb")
    terminal.enter("create q; wait q [queue q {print('from the job'); 6 * 7}]")
    terminal.see_match("^q job0 . from the job$")
    terminal.see_match("^42$")
    terminal.enter("exit")
    assert terminal.ended() == 0
    assert b"\x1b" not in terminal.raw


def test_a_terminal_may_become_narrow_while_a_line_is_typed(opened: Opener) -> None:
    terminal = opened()
    terminal.type("set words {some words that make a rather long line of more than forty columns}")
    terminal.see("forty columns}")
    terminal.see("threads")
    terminal.resize(12, 40)
    terminal.until(lambda: "threads" not in terminal.text() and "0s  0r  0d  0f" in terminal.text(), "a short toolbar")
    terminal.type(ENTER)
    terminal.ready()
    terminal.enter("llength $words")
    terminal.see_match("^13$")


def test_a_long_result_is_paged(opened: Opener, tmp_path: Path) -> None:
    pager = tmp_path / "pager"
    pager.write_text('#!/bin/sh\necho "pager: $(wc -l) lines"\n')
    pager.chmod(0o755)
    terminal = opened(PAGER=str(pager))
    terminal.enter("for {set i 0} {$i < 100} {incr i} {create queue_of_a_rather_long_name_$i}; queuelist")
    terminal.see_match(r"^pager: 10\d lines$")
    terminal.ready()


def test_watch_draws_in_place_until_ctrl_c(opened: Opener) -> None:
    terminal = opened()
    terminal.enter("watch 10ms {incr n}")
    terminal.until(lambda: any(line.isdecimal() and int(line) >= 5 for line in terminal.lines()), "five turns")
    assert sum(line.startswith("incr n") for line in terminal.lines()) == 1
    terminal.type(CTRL_C)
    terminal.ready()


# -- in a program -----------------------------------------------------------------------------------------------------

_PROGRAM = """
import nsjob, nsjob.shell
with nsjob.Pool() as pool:
    pool.create("mine")
    job = pool.queue("mine", "import threading; threading.Event().wait(0.5); 'went on'")
    nsjob.shell.embed(pool, answer=42)
    print("after:", job.wait(), pool.queues())
"""

_COROUTINE = """
import asyncio, nsjob, nsjob.shell
async def main():
    with nsjob.Pool() as pool:
        pool.create("mine")
        nsjob.shell.embed(pool, answer=42)
        print("after:", pool.queues())
asyncio.run(main())
"""


def test_a_program_gives_its_pool_a_prompt_and_goes_on(opened: Opener) -> None:
    terminal = opened("-c", _PROGRAM)
    terminal.enter("list {*}[queues] $answer [py {answer + 1}]")
    terminal.see_match("^mine 42 43$")
    terminal.ready()
    terminal.type(CTRL_D)
    terminal.see_match(r"^after: went on \['mine'\]$")
    assert terminal.ended() == 0


def test_a_prompt_can_be_had_within_an_event_loop(opened: Opener) -> None:
    terminal = opened("-c", _COROUTINE)
    terminal.enter("list {*}[queues] $answer")
    terminal.see_match("^mine 42$")
    terminal.ready()
    terminal.type(CTRL_D)
    terminal.see_match(r"^after: \['mine'\]$")
    assert terminal.ended() == 0
