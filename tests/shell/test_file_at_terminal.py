"""A command file that is run at a terminal: progress on standard error, below what the file prints."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("needs pseudo-terminals", allow_module_level=True)

from tests.shell.terminal import Terminal

JOB = "import pathlib, time\nwhile not pathlib.Path('go').exists(): time.sleep(0.01)"


def run(home: Path, script: str, *options: str) -> Terminal:
    """The file, at a terminal."""
    (home / "file.nsj").write_text(script, encoding="utf-8")
    return Terminal(["-m", "nsjob", *options, "file.nsj"], home)


def shown(terminal: Terminal) -> list[str]:
    return terminal.text().split("\n")


def test_the_progress_of_a_wait_is_shown_and_leaves_nothing_behind(tmp_path: Path) -> None:
    script = f"create q; puts begun; set job [queue q {{{JOB}}}]; wait q $job; puts ended"
    with run(tmp_path, script) as terminal:
        terminal.see_match(r"\A *begun\n q job0  \d")
        (tmp_path / "go").touch()
        assert terminal.ended() == 0
        assert shown(terminal) == ["begun", "ended"]


def test_at_the_end_of_the_file_the_jobs_that_are_left_are_shown(tmp_path: Path) -> None:
    with run(tmp_path, f"create q 1; queue q {{{JOB}}}; queue q {{{JOB}}}") as terminal:
        terminal.see_match(r"\A *q .*0/2  0%")
        (tmp_path / "go").touch()
        assert terminal.ended() == 0
        assert shown(terminal) == [""]


def test_ctrl_c_takes_the_progress_away(tmp_path: Path) -> None:
    with run(tmp_path, f"create q; wait q [queue q {{{JOB}}}]") as terminal:
        terminal.see_match("q job0")
        terminal.type("\x03")
        assert terminal.ended() == 130
        assert [line for line in shown(terminal) if line != "^C"] == [
            "nsjob: interrupted: 1 job is cancelled (Ctrl-C again ends at once)"
        ]


@pytest.mark.parametrize("option", ["-q", "--json"])
def test_who_wants_it_quiet_or_for_programs_sees_no_progress(tmp_path: Path, option: str) -> None:
    script = f"create q; set job [queue q {{{JOB}}}]; catch {{wait -timeout 1.5 q $job}}; cancel q $job"
    with run(tmp_path, script, option) as terminal:
        assert terminal.ended() == 0
        assert b"\x1b" not in terminal.raw


def test_what_is_captured_and_logged_meanwhile_stands_above(tmp_path: Path) -> None:
    script = f"create q; set job [queue q {{print('from the job')\n{JOB}}}]; ns_log warning careful; wait q $job"
    with run(tmp_path, script) as terminal:
        terminal.see_match(r"^ q job0  \d")
        terminal.see("careful")
        terminal.see("from the job")
        (tmp_path / "go").touch()
        assert terminal.ended() == 0
        assert not any("q job0" in line for line in shown(terminal))


def test_what_is_printed_in_another_encoding_stands_above_too(tmp_path: Path) -> None:
    script = "create q; set job [queue q {" + JOB + "}]; fconfigure stdout -encoding iso8859-1\n"
    script += "catch {wait -timeout 1 q $job}; puts first; puts second; wait q $job"
    with run(tmp_path, script) as terminal:
        terminal.see_match(r"^first\nsecond\n q job0  \d")
        (tmp_path / "go").touch()
        assert terminal.ended() == 0
        assert shown(terminal) == ["first", "second"]
