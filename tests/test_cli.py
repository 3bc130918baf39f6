"""The program `nsjob`, run as people run it: files, -c, standard input; exit codes, signals, pipes, mistakes."""

from __future__ import annotations

import importlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nsjob
from nsjob.cli import main

PROGRAM = [sys.executable, "-m", "nsjob"]
PATIENCE = 60.0  # seconds; only a test that fails waits that long
ROOT = Path(nsjob.__file__).parents[1]
posix = pytest.mark.skipif(os.name == "nt", reason="signals and pipes of POSIX")
ENDLESS = "print('go', flush=True)\nwhile True: pass"


@dataclass
class Ended:
    """What a run of the program left."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.err.splitlines()


Here = Callable[..., Ended]


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Here:
    """Runs the program in this process, which takes a tenth of the time."""

    def run(*words: object) -> Ended:
        code = main([str(word) for word in words])
        return Ended(code, *capsys.readouterr())

    return run


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **more}


def program(*words: object, given: str | bytes = b"", cwd: Path | None = None, **more: str) -> Ended:
    """Runs the program by itself."""
    ended = subprocess.run(
        [*PROGRAM, *map(str, words)],
        input=given.encode() if isinstance(given, str) else given,
        capture_output=True,
        timeout=PATIENCE,
        cwd=cwd,
        env=environment(**more),
    )
    return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def _heed_signals() -> None:
    """In the child: whoever runs the tests may ignore Ctrl-C or a hang-up, and programs inherit that."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def started(*words: object) -> Iterator[subprocess.Popen[str]]:
    """The program, running in a process group of its own, that has printed its first line: go."""
    running = subprocess.Popen(
        [*PROGRAM, *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_heed_signals,
        env=environment(),
    )
    with running:
        try:
            assert running.stdout is not None
            assert running.stdout.readline() == "go\n"
            yield running
        finally:
            if running.poll() is None:
                running.kill()


def stopped(running: subprocess.Popen[str], number: int) -> Ended:
    os.killpg(running.pid, number)
    out, err = running.communicate(timeout=PATIENCE)
    return Ended(running.returncode, out, err)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(content: str | bytes, name: str = "file.nsj") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


# -- where commands come from -----------------------------------------------------------------------------------------


def test_commands_after_c_are_run_and_only_what_they_print_is_seen(here: Here) -> None:
    assert here("-c", "create q; puts [wait q [queue q {sum(range(10))}]]") == Ended(0, "45\n", "")


def test_the_program_itself_does_the_same() -> None:
    assert program("-c", "puts hi") == Ended(0, "hi\n", "")


def test_a_file_is_run_with_its_arguments(here: Here, write: Callable[..., Path]) -> None:
    path = write("puts $argv0; puts $argc; puts [lindex $argv 1]; puts $tcl_interactive; puts [info script]")

    ended = here(path, "a", "-v", "c d")

    assert ended == Ended(0, f"{path}\n3\n-v\n0\n{path}\n", "")


def test_what_follows_the_commands_of_c_are_their_arguments(here: Here) -> None:
    assert here("-c", "puts $argv0/$argv/$argc", "-q", "--json").out == "nsjob/-q --json/2\n"


def test_commands_come_from_standard_input_where_that_is_no_terminal() -> None:
    assert program(given="puts $argv\nputs b\n") == Ended(0, "\nb\n", "")
    assert program("-", "x y", "z", given="puts $argv\n") == Ended(0, "{x y} z\n", "")
    assert program("-v", given="") == Ended(0, "", "")


def test_a_dash_is_standard_input_in_this_process_too(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("puts here"))

    assert here("-").out == "here\n"


def test_two_dashes_end_the_options(here: Here, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("puts $argv", "-q")
    monkeypatch.chdir(path.parent)

    assert here("--", "-q", "x").out == "x\n"


def test_a_file_may_begin_with_the_name_of_its_interpreter(here: Here, write: Callable[..., Path]) -> None:
    assert here(write("#!/usr/bin/env nsjob\nputs ok\n")).out == "ok\n"


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfputs {a\nb}\n",
        b"puts {a\r\nb}\r\n",
        b"puts {a\rb}",
        b"puts {a\nb}\n\x1awhat follows Ctrl-Z is not read {",
    ],
)
def test_marks_and_line_ends_of_any_system_are_understood(
    here: Here, write: Callable[..., Path], content: bytes
) -> None:
    assert here(write(content)) == Ended(0, "a\nb\n", "")


def test_an_empty_file_does_nothing(here: Here, write: Callable[..., Path]) -> None:
    assert here(write("")) == Ended(0, "", "")


def test_return_ends_a_file(here: Here, write: Callable[..., Path]) -> None:
    assert here(write("puts a\nif 1 {return x}\nputs b")) == Ended(0, "a\n", "")


# -- a command line that is wrong -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--jsn"], 'there is no option --jsn, did you mean "--json"?'),
        (["-x"], "there is no option -x"),
        (["--json=1", "f"], '--json takes no "="'),
        (["-c"], "-c needs a value: the commands"),
        (["--define"], "--define needs a value: a file"),
        (["--threads", "none"], '--threads takes a number, 1 or more, or 0 over a --store, but got "none"'),
        (["--threads=0"], "--threads 0 runs nothing, which makes sense over a --store only: there other processes do"),
        (["--timeout", "soon"], '--timeout: expected time value but got "soon"'),
        (["--timeout", "0"], '--timeout takes a time of more than 0, but got "0"'),
    ],
)
def test_a_wrong_option_is_told_in_a_sentence(here: Here, words: list[str], sentence: str) -> None:
    ended = here(*words)

    assert ended.code == 2
    assert ended.out == ""
    assert ended.lines[0].startswith(f"nsjob: {sentence}")
    assert ended.lines[1:] == ["nsjob --help tells how it is used"]


def test_too_many_threads_are_refused(here: Here) -> None:
    ended = here("--threads", "9999999", "-c", "")

    assert (ended.code, ended.lines) == (2, [ended.lines[0]])
    assert ended.lines[0].startswith("nsjob: --threads: expected integer in range [1,")


def test_a_file_that_cannot_be_read_is_told_in_a_sentence(here: Here, tmp_path: Path) -> None:
    missing = tmp_path / "missing.nsj"

    assert here(missing) == Ended(2, "", f"nsjob: cannot read {missing}: no such file or directory\n")
    assert here(tmp_path).code == 2
    assert "no\0file" in here("no\0file").err


@posix
def test_a_directory_is_no_command_file(here: Here, tmp_path: Path) -> None:
    assert here(tmp_path) == Ended(2, "", f"nsjob: {tmp_path} is a directory, and no command file\n")


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="nothing is unreadable for root")
def test_a_file_that_may_not_be_read_is_told_in_a_sentence(here: Here, write: Callable[..., Path]) -> None:
    path = write("puts hi")
    path.chmod(0)

    assert here(path) == Ended(2, "", f"nsjob: cannot read {path}: permission denied\n")


def test_a_command_that_is_given_for_a_file_is_recognised(here: Here) -> None:
    assert here("queuelist").lines[-1].endswith("It is a command: those come after -c")


def test_bytes_that_are_no_utf8_are_found_with_their_line(here: Here, write: Callable[..., Path]) -> None:
    path = write(b"puts a\r\nputs \xe9\n")

    assert here(path) == Ended(1, "", f"{path}:2: this is no UTF-8 (byte e9): save it as UTF-8\n")


@posix
def test_a_closed_standard_input_is_told_in_a_sentence() -> None:
    ended = subprocess.run(
        ["sh", "-c", 'exec "$0" -m nsjob <&-', sys.executable], capture_output=True, text=True, env=environment()
    )

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "nsjob: standard input is closed: give a command file, or commands after -c\n"


def test_version_and_help_are_printed(here: Here) -> None:
    assert here("--version") == Ended(0, f"nsjob {nsjob.__version__}\n", "")
    page = here("--help")
    assert page == here("-h")
    assert (page.code, page.err) == (0, "")
    assert page.out.startswith("nsjob: ")
    assert max(map(len, page.out.splitlines())) <= 80
    for option in ("-c", "--define", "--threads", "--timeout", "--json", "-q", "-v", "--norc", "--version"):
        assert f"\n  {option}" in page.out


def test_options_of_files_are_refused_at_a_prompt(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())

    assert here("--json") == Ended(
        2, "", "nsjob: --json is for command files, and for commands after -c: there is no file\n"
    )
    assert here("--timeout", "5s").code == here("-v").code == 2


def test_nothing_that_only_the_prompt_needs_is_imported_for_a_file() -> None:
    ended = program("-c", "create q; puts [wait q [queue q {import sys; sorted({'rich', 'pygments', 'prompt_toolkit', "
                    "'argparse', 'sqlalchemy'} & set(sys.modules))}]]")  # fmt: skip

    assert ended == Ended(0, "\n", "")


# -- errors -----------------------------------------------------------------------------------------------------------


def test_an_error_is_told_with_file_and_line_and_tcls_trace(here: Here, write: Callable[..., Path]) -> None:
    path = write("proc p {} {\n  error boom\n}\n\nputs a; p\nputs b\n")

    ended = here(path)

    assert (ended.code, ended.out) == (1, "a\n")
    assert ended.lines == [
        f"{path}:2: boom",
        "    while executing",
        '"error boom"',
        '    (procedure "p" line 2)',
        "    invoked from within",
        '"p"',
        f'    (file "{path}" line 5)',
    ]


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ("create q\nforeach n {1 2} {\n  set x 1\n  wait q [queue q {\n1/0}]\n}", 4),
        ("if {0} {\n\n } else {\n  while 1 {\n   foo\n }\n}", 5),
        ("set a 1\nset b [list \\\n  [foo]]", 3),
        ("proc p {} {\n foreach i {1 2} {\n   bar $i\n }\n}\nproc r {} {p}\n\ncatch {foo}\nr", 3),
        ("proc f n {\n  if {$n} {\n   f [expr {$n-1}]\n } else {\n  error deep\n }\n}\nf 3", 5),
        ("dict for {a b} {1 2 3 4} {\n puts -\n error $a\n}", 3),
        ("set s {\n error x}\nset y 1\neval $s", 4),
        ('set y 1\nerror {a\n    while executing\n"set y 1"}', 2),
        ("set y 1\nset \\\n  z", 2),
    ],
)
def test_the_line_is_that_of_the_command_that_failed_deep_within_others(here: Here, script: str, line: int) -> None:
    assert here("-c", script).lines[0].startswith(f"-c:{line}: ")


def test_an_error_of_c_and_of_standard_input_has_a_line_too(here: Here) -> None:
    assert here("-c", "puts a\nerror boom").lines[0] == "-c:2: boom"
    assert program(given="\nerror boom\n").lines[0] == "<stdin>:2: boom"


def test_what_stands_before_a_brace_that_is_not_closed_runs(here: Here, write: Callable[..., Path]) -> None:
    path = write("puts a\n\nif 1 {\nputs b\n")

    ended = here(path)

    assert (ended.code, ended.out) == (1, "a\n")
    assert ended.lines[0] == f"{path}:3: missing close-brace"


def test_an_error_of_a_job_that_was_waited_for_comes_with_its_traceback(here: Here, write: Callable[..., Path]) -> None:
    path = write("create q\nset job [queue q {\nx = 5\nx / 0\n}]\nwait q $job\n")

    ended = here(path)

    assert ended.code == 1
    assert ended.lines[:2] == [f"{path}:6: division by zero", "Traceback (most recent call last):"]
    assert ended.lines[3] == "    x / 0"
    assert "ZeroDivisionError: division by zero" in ended.lines
    assert '"wait q $job"' in ended.lines
    assert "/nsjob/" not in ended.err


def test_python_code_of_the_script_fails_with_its_traceback(here: Here) -> None:
    ended = here("-c", "py {\n{}['key']\n}")

    assert ended.code == 1
    assert "    {}['key']" in ended.lines
    assert "KeyError: 'key'" in ended.lines
    assert "/nsjob/" not in ended.err


def test_a_mistake_that_many_make_gets_a_hint_unless_all_is_quiet(here: Here) -> None:
    assert here("-c", "x = 5").lines[-1] == "hint: to give a variable a value: set x ..."
    assert "hint" not in here("-q", "-c", "x = 5").err


def test_an_error_stops_the_jobs_that_are_left(here: Here) -> None:
    script = """
        create q 1
        queue q {print("first", flush=True)
while True: pass}
        queue q {print("second")}
        while {[dict get [counts] running] == 0} {after 1}
        error boom
    """
    ended = here("-c", script)

    assert ended.code == 1
    assert "second" not in ended.out
    assert ended.lines[0] == "-c:7: boom"
    assert not any(line.startswith("queue q") for line in ended.lines)


def test_the_error_says_what_was_sent_by_return(here: Here) -> None:
    ended = here("-c", "return -code error -errorinfo {my own trace} sorry")

    assert ended.lines[0] == "-c:1: sorry"
    assert "my own trace" in ended.err


# -- exit -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("command", "code"), [("exit", 0), ("exit 3", 3), ("exit 0", 0), ("exit -1", 255)])
def test_exit_ends_with_its_code(here: Here, command: str, code: int) -> None:
    assert here("-c", f"puts a; {command}; puts b") == Ended(code, "a\n", "")


def test_exit_in_a_procedure_in_a_catch_ends_all_the_same(here: Here) -> None:
    assert here("-c", "proc p {} {exit 4}; catch {p}; puts b") == Ended(4, "", "")


def test_exit_cancels_the_jobs_and_waits_for_none(here: Here) -> None:
    ended = here("-c", "create q 1; queue q {while True: pass}; queue q {print('no')}; exit 5")

    assert ended == Ended(5, "", "")


@posix
def test_a_job_that_does_not_end_is_left_behind_by_exit() -> None:
    ended = program("-c", "create q; queue q {import time; time.sleep(600)}\n"
                    "while {[dict get [counts] running] == 0} {after 1}; exit 6")  # fmt: skip

    assert (ended.code, ended.out) == (6, "")
    assert ended.err == "nsjob: queue q job0 did not end and is left behind\n"


def test_python_may_end_the_program_too(here: Here) -> None:
    assert here("-c", "py {raise SystemExit(7)}").code == 7
    assert here("-c", "py {import sys; sys.exit('enough')}") == Ended(1, "", "enough\n")


@pytest.mark.parametrize("command", ["py", "ns_eval"])
@pytest.mark.parametrize("error", ["GeneratorExit", "BaseException('odd')", "__import__('asyncio').CancelledError"])
def test_whatever_python_code_raises_is_an_error_of_the_script(here: Here, command: str, error: str) -> None:
    ended = here("-c", f"{command} {{raise {error}}}")

    assert ended.code == 1
    assert ended.lines[0].startswith("-c:1: ")
    assert "/nsjob/" not in ended.err
    assert here("-c", f"catch {{{command} {{raise {error}}}}}; puts on") == Ended(0, "on\n", "")


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("py {import sys; sys.stdout.close()}; puts x", '-c:1: error writing "stdout": bad file number'),
        ("create q; queue q {import sys; sys.stdout.close()}; waitall; puts x",
         '-c:1: error writing "stdout": bad file number'),
        ("py {import sys; sys.stdin.close()}; gets stdin", '-c:1: error reading "stdin": bad file number'),
        ("py {import sys; sys.stdin = 5}; read stdin 3",
         """-c:1: error reading "stdin": 'int' object has no attribute 'readline'"""),
    ],
    ids=["closed", "closed by a job", "closed input", "no stream"],
)  # fmt: skip
def test_what_python_code_does_to_the_streams_is_an_error_of_the_script(script: str, sentence: str) -> None:
    ended = program("-c", script)

    assert (ended.code, ended.lines[0]) == (1, sentence)
    assert "Traceback" not in ended.err


def test_input_that_is_no_text_is_an_error_of_the_script() -> None:
    ended = program("-c", "gets stdin", given=b"\xff\n", PYTHONIOENCODING="utf-8:strict")

    assert (ended.code, ended.lines[0]) == (1, '-c:1: error reading "stdin": illegal byte sequence')


def test_text_that_no_encoding_has_is_written_all_the_same() -> None:
    assert program("-c", "puts a\\ud800b", PYTHONIOENCODING="utf-8:strict") == Ended(0, "a?b\n", "")
    assert program("-c", "puts a\\ud800b", PYTHONIOENCODING="utf-8:surrogateescape") == Ended(0, "a?b\n", "")


def test_an_object_that_has_no_text_is_an_error_of_the_script(here: Here) -> None:
    odd = "create q; set odd [wait q [queue q {\nclass Odd:\n  def __str__(self): raise ValueError('no')\nOdd()\n}]]"

    for words in (("-c", f"{odd}; puts $odd"), ("--json", "-c", f"{odd}; set odd")):
        ended = here(*words)
        assert ended.code == 1
        assert "this Odd has no text: no" in ended.lines[0]
        assert "Traceback" not in ended.err


# -- jobs that are left at the end ------------------------------------------------------------------------------------


def test_jobs_that_are_left_at_the_end_are_waited_for_and_success_is_silent(here: Here) -> None:
    script = "create q 1; queue q {import time; time.sleep(0.05)}; queue q {print('done')}; queue -detached q {1}"

    assert here("-c", script) == Ended(0, "done\n", "")


def test_jobs_that_jobs_queue_while_the_end_is_waited_for_are_run(here: Here) -> None:
    script = """
        create q 1
        configure -lang tcl
        queue q {puts one; queue q {puts two; queue q {puts three}}}
    """
    assert here("-c", script) == Ended(0, "one\ntwo\nthree\n", "")


def test_a_failure_that_nobody_waited_for_is_told_and_makes_the_exit_code_1(here: Here) -> None:
    ended = here("-c", "create q 1; queue q {1}; queue q {\nlist()[3]\n}; puts end")

    assert (ended.code, ended.out) == (1, "end\n")
    assert ended.lines[:2] == [
        "queue q job1: IndexError: list index out of range",
        "Traceback (most recent call last):",
    ]
    assert "    list()[3]" in ended.lines
    assert ended.err.count("queue q") == 1
    assert "/nsjob/" not in ended.err


def test_a_failure_that_was_waited_for_and_caught_is_none(here: Here) -> None:
    script = "create q; catch {wait q [queue q {1/0}]} message; puts $message; queue q {1/0}; waitall q"

    assert here("-c", script) == Ended(0, "division by zero\n", "")


def test_a_detached_job_that_fails_is_told_once(here: Here) -> None:
    ended = here("-c", "create q; queue -detached -jobid d q {1/0}")

    assert ended.code == 1
    assert ended.lines[0] == "queue q d: ZeroDivisionError: division by zero"
    assert ended.err.count("queue q d") == ended.err.count("Traceback") == 1


def test_a_detached_job_that_was_given_up_last_of_all_counts_too(here: Here) -> None:
    ended = here("-c", "create q; queue -detached -delay 1h -expires 5ms q {1}")

    assert ended.code == 1
    assert ended.lines == ["queue q job0: job job0 was given up: it had not started in time (expires)"]


def test_jobs_that_ran_too_long_or_gave_up_or_were_in_tcl_are_told_in_one_line(here: Here) -> None:
    script = """
        create q 1
        queue -timeout 20ms q {while True: pass}
        queue q {job.fail("no luck")}
        queue -lang tcl q {error "of tcl"}
        queue -lang tcl q {exit 3}
    """
    ended = here("-c", script)

    assert ended.code == 1
    told = [line for line in ended.lines if line.startswith("queue q")]
    assert told[0] == "queue q job0: job job0 ran longer than its time limit of 0.02 seconds"
    assert told[1] == "queue q job1: no luck"
    assert told[2] == "queue q job2: of tcl"
    assert told[3] == "queue q job3: the job called exit 3"
    assert len(told) == 4


def test_an_error_whose_text_cannot_be_had_is_told_by_its_class(here: Here) -> None:
    script = "create q; queue q {\nclass Odd(Exception):\n  def __str__(self): raise ValueError\nraise Odd\n}"

    ended = here("-c", script)

    assert ended.code == 1
    assert ended.lines[0].startswith("queue q job0: Odd: ")


def test_failures_by_the_hundred_are_counted(here: Here) -> None:
    ended = here("-c", "create q; for {set i 0} {$i < 120} {incr i} {queue q {1/0}}")

    assert ended.code == 1
    assert sum(line.startswith("queue q") for line in ended.lines) == 100
    assert ended.err.count("Traceback") == 10
    assert ended.lines[-1] == "nsjob: 20 more jobs failed, 120 in all"


def test_failures_are_told_after_an_error_and_after_exit_too(here: Here) -> None:
    jobs = "create q; queue q {1/0}; while {[dict get [counts] error] == 0} {after 1}; "

    assert here("-c", jobs + "error boom").lines[0] == "-c:1: boom"
    assert "queue q job0: ZeroDivisionError" in here("-c", jobs + "error boom").err
    ended = here("-c", jobs + "exit 0")
    assert ended.code == 1
    assert ended.lines[0].startswith("queue q job0: ZeroDivisionError")
    assert here("-c", jobs + "exit 9").code == 9


def test_a_queue_that_the_file_paused_goes_on_at_its_end(here: Here) -> None:
    assert here("-c", "create q; pause q; queue q {print('ran')}") == Ended(0, "ran\n", "")


def test_what_waits_in_a_queue_that_a_failed_job_paused_is_given_up(here: Here) -> None:
    ended = here("-c", "create -onerror pause q 1; queue q {1/0}; queue q {print('no')}; queue q {print('no')}")

    assert (ended.code, ended.out) == (1, "")
    assert ended.lines[0] == ("nsjob: queue q was paused by a failed job: 2 jobs that wait in it are cancelled")
    assert ended.lines[1] == "queue q job0: ZeroDivisionError: division by zero"


# -- options ----------------------------------------------------------------------------------------------------------


def results(out: str) -> list[object]:
    return [json.loads(line) for line in out.splitlines()]


def test_json_prints_the_result_of_each_command_that_has_one(here: Here) -> None:
    script = """
        create q 2
        set x 5
        expr {1.5 * 2}
        if 0 {}
        list a 1 {}
        dict create a 1 b {x y}
        wait q [queue q {(1, True, None, "5", {"k": [1.5]}, float("nan"))}]
        wait q [queue q {None}]
        string toupper äöü€
    """
    ended = here("--json", "-c", script)

    assert (ended.code, ended.err) == (0, "")
    found = results(ended.out)
    assert found[:5] == ["q", 5, 3.0, ["a", 1, ""], {"a": 1, "b": "x y"}]
    assert found[5][3:] == ["5", {"k": [1.5]}, "NaN"]  # type: ignore[index]
    assert found[6:] == ["ÄÖÜ€"]


def test_json_shows_records_as_objects(here: Here) -> None:
    ended = here("--json", "-c", "create -desc d q 3; queuelist; queues")

    assert results(ended.out)[1][0]["desc"] == "d"  # type: ignore[index]
    assert results(ended.out)[2] == ["q"]


def test_json_shows_other_objects_by_their_text(here: Here) -> None:
    ended = here("--json", "-c", "py {from fractions import Fraction\n[Fraction(1, 3), 2 ** 70, b'ab']}")

    assert results(ended.out) == [["1/3", 2**70, "ab"]]


def test_json_holds_what_contains_itself(here: Here) -> None:
    ended = here("--json", "-c", "py {a = []\na.append(a)\na}")

    assert ended.code in (0, 1)
    assert "nsjob/" not in ended.err


def test_json_is_ascii_where_the_output_can_take_no_more() -> None:
    ended = program("--json", "-c", "set x \\u20ac", PYTHONUTF8="0", PYTHONIOENCODING="ascii")

    assert ended == Ended(0, '"\\u20ac"\n', "")


def test_json_tells_errors_as_json_on_standard_error(here: Here, write: Callable[..., Path]) -> None:
    path = write("create q\nwait q [queue q {1/0}]")

    ended = here("--json", path)

    assert (ended.code, results(ended.out)) == (1, ["q"])
    told = results(ended.err)[0]
    assert isinstance(told, dict)
    assert told["error"] == "division by zero"
    assert told["code"] == ["PYTHON", "ZeroDivisionError"]
    assert (told["file"], told["line"]) == (str(path), 2)
    assert "Traceback" in told["trace"]


def test_json_tells_failed_jobs_notes_log_and_events_as_json(here: Here) -> None:
    ended = here("--json", "-v", "-c", "create q; ns_log notice hello; queue -jobid j q {1/0}")

    told = results(ended.err)
    assert {"failed": "j", "queue": "q"}.items() <= told[-1].items()  # type: ignore[attr-defined]
    assert any(line.get("log") == "hello" and line["severity"] == "notice" for line in told)  # type: ignore[attr-defined]
    events = [line["event"] for line in told if "event" in line]  # type: ignore[index, operator]
    assert events == ["queue created", "queued", "started", "finished"]


@pytest.mark.parametrize("stored", [False, True])
def test_all_events_are_told_before_the_failed_jobs(
    here: Here, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stored: bool
) -> None:
    """However far behind the thread is that tells the events."""
    from nsjob.shell.files.telling import JsonLines

    event, jobs, told = JsonLines.event, JsonLines.jobs, threading.Event()

    def late(self: JsonLines, happened: nsjob.Event) -> None:
        told.wait(0.3 if happened.kind == "finished" else 0.0)
        event(self, happened)

    def failed(self: JsonLines, failures: Any) -> None:
        told.set()
        jobs(self, failures)

    monkeypatch.setattr(JsonLines, "event", late)
    monkeypatch.setattr(JsonLines, "jobs", failed)
    store = ["--store", tmp_path / "jobs.db"] if stored else []

    ended = here("--json", "-v", *store, "-c", "create q; queue -jobid j q {1/0}")

    lines = [line for line in results(ended.err) if isinstance(line, dict)]
    assert [line.get("event", "failed") for line in lines][-2:] == ["finished", "failed"]


def test_quiet_tells_errors_only(here: Here) -> None:
    script = "ns_log notice no; ns_log warning no; ns_log error yes; create q; queue -jobid j q {1/0}"

    ended = here("-q", "-c", script)

    assert ended.code == 1
    assert ended.lines[0].endswith(" error: yes")
    assert ended.lines[1] == "queue q j: ZeroDivisionError: division by zero"
    assert "no" not in ended.lines[0]


def test_what_a_script_logs_is_told_with_time_and_severity(here: Here) -> None:
    ended = here("-c", "ns_log notice a b; ns_log Warning c; ns_log debug no")

    assert [line.partition(" ")[2].partition(" ")[2] for line in ended.lines] == ["notice: a b", "warning: c"]
    assert len(ended.lines[0].split()[0]) == len("2026-01-31")


def test_verbose_tells_each_event_of_a_job(here: Here) -> None:
    ended = here("-v", "-c", "create q; queue q {job.progress(1, 4, 'note'); job.log('said')}; ns_log debug d")

    lines = [line.partition(" ")[2] for line in ended.lines]
    assert ended.code == 0
    for line in (
        "queue q created",
        "queue q job0: queued",
        "queue q job0: started",
        "queue q job0: progress 1 of 4, note",
        "queue q job0: finished, ok",
    ):
        assert line in lines
    assert any(line.endswith("notice: q job0: said") for line in lines)
    assert any(line.endswith("debug: d") for line in lines)


def test_definitions_of_files_are_there_in_all_jobs(here: Here, write: Callable[..., Path]) -> None:
    one = write("import math\n\ndef double(x):\n    return 2 * x\n", "one.py")
    two = write("HALF = double(1) / 4\n", "two.py")

    ended = here("--define", one, f"--define={two}", "-c", "create q; puts [wait q [queue q {double(math.pi) * HALF}]]")

    assert ended == Ended(0, "3.141592653589793\n", "")


def test_a_traceback_of_a_job_names_the_file_of_definitions(here: Here, write: Callable[..., Path]) -> None:
    path = write("def broken():\n    return 1 / 0\n", "tools.py")

    ended = here("--define", path, "-c", "create q; queue q {broken()}")

    assert f'  File "{path}", line 2, in broken' in ended.lines


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("x = 1\ndef (:\n", "2: invalid syntax"),
        ("x = 1\n\nx / 0\n", "3: ZeroDivisionError: division by zero"),
        ("def f():\n    raise KeyError('k')\n\nf()\n", "2: KeyError: 'k'"),
        ("import sys\nsys.exit(3)\n", "2: SystemExit: 3"),
        ("\nraise GeneratorExit\n", "2: GeneratorExit"),
        (b"\xe9", "1: this is no UTF-8"),
    ],
)
def test_definitions_that_fail_are_told_with_file_and_line(
    here: Here, write: Callable[..., Path], content: str | bytes, sentence: str
) -> None:
    path = write(content, "tools.py")

    ended = here("--define", path, "-c", "puts no")

    assert (ended.code, ended.out) == (1, "")
    assert ended.lines[0].startswith(f"{path}:{sentence}")
    assert "/nsjob/" not in ended.err


def test_definitions_that_cannot_be_read_are_told_in_a_sentence(here: Here, tmp_path: Path) -> None:
    ended = here("--define", tmp_path / "none.py", "-c", "puts no")

    assert ended == Ended(2, "", f"nsjob: cannot read {tmp_path / 'none.py'}: no such file or directory\n")


def test_threads_cap_what_runs_at_once(here: Here) -> None:
    ended = here("--threads", 2, "-c", "create q 8; puts [dict get [configure] maxthreads]")

    assert ended == Ended(0, "2\n", "")


@posix
@pytest.mark.parametrize("script", ["while 1 {}", "create q; wait q [queue q {while True: pass}]", "after 600000"])
def test_a_file_that_takes_too_long_ends_with_124(here: Here, script: str) -> None:
    ended = here("--timeout", "50ms", "-c", script)

    assert (ended.code, ended.out) == (124, "")
    assert ended.lines[0].startswith("nsjob: the time limit of the file is over")


def test_a_file_that_takes_less_is_left_alone(here: Here) -> None:
    assert here("--timeout", "1h", "-c", "puts ok") == Ended(0, "ok\n", "")


# -- signals ----------------------------------------------------------------------------------------------------------

SCRIPTS = {
    "a loop": "puts go; while 1 {}",
    "a loop that catches all": "puts go; while 1 {catch {while 1 {}}}",
    "a pause": "puts go; after 600000",
    "a wait": f"create q; wait q [queue q {{{ENDLESS}}}]",
    "the wait for any": f"create q; queue q {{{ENDLESS}}}; waitany q",
    "the wait at the end": f"create q; queue q {{{ENDLESS}}}",
    "Python": "py {print('go', flush=True)\nwhile True: pass}",
    "a program": "puts go; exec sleep 600",
}


@posix
@pytest.mark.parametrize("what", SCRIPTS)
def test_ctrl_c_ends_the_script_in(what: str) -> None:
    with started("-c", SCRIPTS[what]) as running:
        ended = stopped(running, signal.SIGINT)

    assert (ended.code, ended.out) == (130, "")
    assert ended.lines[0].startswith("nsjob: interrupted")
    assert "Traceback" not in ended.err


@posix
def test_ctrl_c_says_how_many_jobs_it_cancels() -> None:
    with started("-c", f"create q 1; queue q {{{ENDLESS}}}; queue q {{print('no')}}; wait q job0") as running:
        ended = stopped(running, signal.SIGINT)

    assert ended == Ended(130, "", "nsjob: interrupted: 2 jobs are cancelled (Ctrl-C again ends at once)\n")


@posix
def test_a_second_ctrl_c_ends_at_once() -> None:
    stubborn = "import time\nprint('go', flush=True)\ntime.sleep(600)"
    with started("-c", f"configure -grace 1h; create q; wait q [queue q {{{stubborn}}}]") as running:
        os.killpg(running.pid, signal.SIGINT)
        assert running.stderr is not None
        assert running.stderr.readline().startswith("nsjob: interrupted: 1 job is cancelled")
        ended = stopped(running, signal.SIGINT)

    assert ended == Ended(130, "", "")


@posix
def test_a_job_that_does_not_end_is_left_behind_when_the_grace_period_is_over() -> None:
    stubborn = "import time\nprint('go', flush=True)\ntime.sleep(600)"
    with started("-c", f"configure -grace 50ms; create q; wait q [queue q {{{stubborn}}}]") as running:
        ended = stopped(running, signal.SIGINT)

    assert ended.code == 130
    assert ended.lines[-1] == "nsjob: queue q job0 did not end and is left behind"


@posix
@pytest.mark.parametrize(("number", "code", "word"), [("SIGTERM", 143, "terminated"), ("SIGHUP", 129, "hung up")])
def test_a_signal_to_end_cancels_the_jobs(number: str, code: int, word: str) -> None:
    with started("-c", f"create q; wait q [queue q {{{ENDLESS}}}]") as running:
        ended = stopped(running, getattr(signal, number))

    assert ended == Ended(code, "", f"nsjob: {word}: 1 job is cancelled\n")


@posix
def test_a_program_that_was_started_to_ignore_hang_ups_ignores_them() -> None:
    hup = "py {import os, signal\nos.kill(os.getpid(), signal.SIGHUP)}; puts alive"
    command = ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh", *PROGRAM, "-c", hup]

    ended = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=PATIENCE)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "alive\n", "")


# -- pipes ------------------------------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize(
    "script",
    [
        "while 1 {puts line}",
        "create q; queue q {while True: print('line')}",
        "create q 3; for {set i 0} {$i < 3} {incr i} {queue q {while True: print('line')}}; waitall",
        "create q; while 1 {wait q [queue q {print('line')}]}",
    ],
)
def test_a_reader_that_goes_ends_the_program_quietly(script: str) -> None:
    with subprocess.Popen(
        [*PROGRAM, "-c", script],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith("line")  # threads may print between a line and its end
        running.stdout.close()
        _, err = running.communicate(timeout=PATIENCE)

    assert err == ""
    # What waitall has told of is no failure; but what bodies had printed may be all that is left to be written.
    assert running.returncode in ((0, 141) if "waitall" in script else (141,))


@posix
def test_json_ends_quietly_too_when_its_reader_goes() -> None:
    script = "set x line\n" * 20_000
    with subprocess.Popen(
        [*PROGRAM, "--json", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(script)
        running.stdin.close()
        running.stdin = None
        assert running.stdout.readline() == '"line"\n'
        running.stdout.close()
        _, err = running.communicate(timeout=PATIENCE)

    assert (running.returncode, err) == (141, "")


@posix
def test_each_line_is_seen_by_the_next_program_at_once() -> None:
    with started("-c", "puts go; while 1 {after 10}") as running:
        assert running.poll() is None  # its line came through a pipe while it runs


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
def test_a_full_disk_is_told_in_a_sentence() -> None:
    for words in (("-c", "puts a"), ("-c", "create q; queue q {print(1)}"), ("--json", "-c", "create q")):
        with open("/dev/full", "w") as full:
            ended = subprocess.run(
                [*PROGRAM, *words], stdout=full, stderr=subprocess.PIPE, text=True, env=environment()
            )

        assert ended.returncode == 1
        assert "no space left on device" in ended.stderr.lower()
        assert "Exception ignored" not in ended.stderr
        assert "/nsjob/" not in ended.stderr


@posix
def test_a_closed_standard_output_is_no_error() -> None:
    command = ["sh", "-c", '"$0" -m nsjob -c "puts a; create q; queue q {print(1)}" >&-', sys.executable]

    ended = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=PATIENCE)

    assert (ended.returncode, ended.stderr) == (0, "")


@posix
def test_a_closed_standard_error_is_no_error_of_its_own() -> None:
    command = ["sh", "-c", '"$0" -m nsjob -c "ns_log error a; error b" 2>&-', sys.executable]

    ended = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=PATIENCE)

    assert (ended.returncode, ended.stdout) == (1, "")


@posix
def test_no_home_directory_is_needed() -> None:
    bare = {name: value for name, value in environment().items() if name not in ("HOME", "XDG_CONFIG_HOME")}

    ended = subprocess.run([*PROGRAM, "-c", "puts hi"], capture_output=True, text=True, env=bare, timeout=PATIENCE)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "hi\n", "")


# -- the rc file ------------------------------------------------------------------------------------------------------


@pytest.fixture
def rc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "nsjob").mkdir()
    return tmp_path / "nsjob" / "nsjobrc"


def read_rc() -> tuple[str, nsjob.Pool]:
    from nsjob.shell import Session
    from nsjob.shell.rc import read_rc as read

    pool = nsjob.Pool()
    return read(Session(pool)), pool


def test_the_rc_file_is_read_for_a_prompt(rc: Path) -> None:
    assert read_rc()[0] == ""
    rc.write_text("create mine 7")

    told, pool = read_rc()

    assert (told, pool.queues()) == ("", ["mine"])


def test_what_is_wrong_with_the_rc_file_is_a_sentence(rc: Path) -> None:
    rc.write_text("create mine\nx = 5\ncreate other")
    told, pool = read_rc()
    assert told == f'{rc}:2: invalid command name "x"\nhint: to give a variable a value: set x ...'
    assert pool.queues() == ["mine"]
    rc.write_bytes(b"\xff")
    assert read_rc()[0].startswith(f"{rc}:1: this is no UTF-8")
    rc.unlink()
    rc.mkdir()
    assert str(rc) in read_rc()[0]


def test_a_command_file_does_not_read_the_rc_file(rc: Path, here: Here) -> None:
    rc.write_text("error no")

    assert here("-c", "puts hi") == Ended(0, "hi\n", "")


def test_the_rc_file_is_below_the_home_directory_where_nothing_else_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from nsjob.shell.rc import rc_path

    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    monkeypatch.setenv("HOME", str(ROOT))
    monkeypatch.setenv("USERPROFILE", str(ROOT))
    assert Path(rc_path()) == ROOT / ".config" / "nsjob" / "nsjobrc"


def test_without_a_home_directory_there_is_no_rc_file(monkeypatch: pytest.MonkeyPatch) -> None:
    rc = importlib.import_module("nsjob.shell.rc")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)

    assert rc.rc_path() == ""
    assert read_rc()[0] == ""


# -- any text ---------------------------------------------------------------------------------------------------------

_COMMANDS = (
    'create queue q q2 {1/0} {6*7} { } [ ] " $x $_ ; wait job0 waitany waitall -timeout 0.01 -detached list set x 5 '
    "jobs joblist queuelist pause resume delete -force expr {$x + 1} if 1 else foreach i {1 2} catch error return "
    "break py {1} {)} ns_eval {def f(): 1} configure show help drain cancel -all -lang tcl # \\"
)
WORDS = st.sampled_from([*_COMMANDS.split(" "), "\n", "\n", "\n", "{\n", "}\n"])
SCRIPTS_OF_WORDS = st.lists(WORDS, max_size=20).map(" ".join)


@pytest.mark.parametrize("ways", [[], ["--json"], ["-v"]])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=st.one_of(st.text(max_size=60), SCRIPTS_OF_WORDS))
def test_any_text_is_a_script_that_ends_in_0_or_1(here: Here, ways: list[str], script: str) -> None:
    ended = here("--timeout", "30s", *ways, "-c", script)

    assert ended.code in (0, 1)
    assert "/nsjob/" not in ended.err.replace("\\", "/")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=40))
def test_any_bytes_are_a_file_that_ends_in_0_or_1(here: Here, write: Callable[..., Path], content: bytes) -> None:
    assert here("--timeout", "30s", write(content)).code in (0, 1)
