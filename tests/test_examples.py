"""The programs under examples/ do what they say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=100,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A small library: three modules that count, one that does not parse, and two that are not its own."""
    (tmp_path / "alpha.py").write_text("def one():\n    pass\n\n\nasync def two():\n    pass\n")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    (tmp_path / "package" / "beta.py").write_text("class C:\n    def method(self):\n        def inner(): ...\n")
    (tmp_path / "broken.py").write_text("def (:\n")
    for folder in ("site-packages", "__pycache__"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "foreign.py").write_text("class Foreign: ...\n")
    return tmp_path


def columns(line: str) -> list[str]:
    return line.replace(",", "").split()


def test_the_census_counts_functions_classes_and_lines_of_each_module(library: Path) -> None:
    ended = run("examples/census.py", "--directory", library)

    assert (ended.returncode, ended.stderr) == (0, "")
    lines = [columns(line) for line in ended.stdout.splitlines()]
    assert lines[0] == ["module", "functions", "classes", "lines"]
    assert lines[2:5] == [
        ["alpha.py", "2", "0", "6"],
        ["package/beta.py", "2", "1", "3"],
        ["package/__init__.py", "0", "0", "0"],
    ]
    assert lines[6] == ["all", "3", "modules", "4", "1", "9"]


def test_the_census_lists_a_file_that_does_not_parse_and_goes_on(library: Path) -> None:
    ended = run("examples/census.py", "--directory", library, "--threads", 1)

    assert ended.returncode == 0
    assert "4 files, 1 at a time" in ended.stdout
    assert "1 could not be counted:\n  broken.py: SyntaxError: " in ended.stdout


def test_the_census_shows_as_many_modules_as_it_was_asked_for(library: Path) -> None:
    ended = run("examples/census.py", "--directory", library, "--top", 1)

    assert "alpha.py" in ended.stdout
    assert "beta.py" not in ended.stdout
    assert "all 3 modules" in ended.stdout


@pytest.mark.parametrize("wrong", [("--threads", 0), ("--top", -1), ("--directory", "no/such/place")])
def test_the_census_says_what_is_wrong_with_its_options(wrong: tuple[str, object]) -> None:
    ended = run("examples/census.py", *wrong)

    assert ended.returncode == 2
    assert "usage: census.py" in ended.stderr
    assert str(wrong[0]).lstrip("-") in ended.stderr


def test_the_census_as_a_command_file_counts_the_same(library: Path) -> None:
    ended = run("-m", "nsjob", "examples/census.nsj", "-threads", 2, library)

    assert (ended.returncode, ended.stderr) == (0, "")
    lines = [columns(line) for line in ended.stdout.splitlines()]
    assert lines[0] == ["module", "lines", "functions", "classes", "imports"]
    assert lines[2:5] == [
        ["alpha.py", "6", "2", "0", "0"],
        ["package/beta.py", "3", "2", "1", "0"],
        ["package/__init__.py", "0", "0", "0", "0"],
    ]
    assert lines[6] == ["all", "3", "modules", "9", "4", "1", "0"]
    assert "4 files, 2 at a time" in ended.stdout
    assert "1 could not be counted:\n  broken.py: " in ended.stdout


def test_the_census_as_a_command_file_says_what_it_takes(library: Path) -> None:
    for wrong in (["-threads", "0", library], ["-colour", "red", library], [library / "nowhere"]):
        ended = run("-m", "nsjob", "examples/census.nsj", *wrong)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr.startswith("census: ")


@pytest.mark.skipif(sys.platform == "win32", reason="runs cksum")
def test_checksums_are_those_of_the_program_and_a_failure_is_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("1")
    (tmp_path / "two").write_text("22")
    ended = run("-m", "nsjob", "examples/checksums.nsj", "-perdisk", 1, tmp_path)
    assert ended.returncode == 0
    assert sorted(line.rpartition("/")[2] for line in ended.stdout.splitlines()) == ["one", "two"]
    assert ended.stderr.splitlines()[-1] == "2 files, 0 failed"
    failed = run("-m", "nsjob", "examples/checksums.nsj", "-program", "false", tmp_path)
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-1] == "0 files, 2 failed"


def test_pages_are_retried_given_up_and_reported() -> None:
    ended = run("-m", "nsjob", "examples/pages.nsj")
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert lines[0] == "42 pages, 200000 bytes, 4 retries"
    assert [line.partition(": ")[2] for line in lines[1:]] == ["no answer in time", "404 Not Found"]


def test_a_cluster_computes_checksums_on_two_workers(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="the example needs nsjob[dask]")
    for n in range(8):
        (tmp_path / f"m{n}.py").write_text("")
    ended = run("examples/cluster.py", "--directory", tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert lines[:8] == [f"e3b0c44298fc1c14 m{n}.py" for n in range(8)]
    assert lines[8].startswith("8 files: ")


def test_digests_are_kept_and_a_second_run_does_what_is_new(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy", reason="the example needs nsjob[store]")
    place = tmp_path / "files"
    (place / "below").mkdir(parents=True)
    (place / "one").write_text("1")
    (place / "below" / "a name").write_text("22")
    command = ("-m", "nsjob", "--store", tmp_path / "digests.db", "examples/digests.nsj", place)

    first = run(*command)
    (place / "three").write_text("333")
    second = run(*command)

    assert (first.returncode, first.stderr) == (0, "2 files, 2 of them new\n")
    assert (second.returncode, second.stderr) == (0, "3 files, 1 of them new\n")
    assert [line.rpartition("/")[2] for line in second.stdout.splitlines()] == ["one", "three", "a name"]
    assert second.stdout.startswith("6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b  ")
    assert set(first.stdout.splitlines()) < set(second.stdout.splitlines())


def test_digests_say_what_they_take(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy", reason="the example needs nsjob[store]")
    ended = run("-m", "nsjob", "--store", tmp_path / "digests.db", "examples/digests.nsj", tmp_path / "nowhere")
    assert (ended.returncode, ended.stderr) == (2, f"digests: not a directory: {tmp_path / 'nowhere'}\n")
