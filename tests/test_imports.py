"""What is imported when: a short script, and `import nsjob`, must start at once."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import nsjob
from nsjob.commands.declare import GENERAL, NS_JOB
from nsjob.commands.words import WORDS
from nsjob.tcl import Interp
from nsjob.tcl.library import _DECLARED, COMMANDS

# What takes longest to import, of what nsjob uses somewhere.
HEAVY = (
    "argparse ast asyncio concurrent ctypes dataclasses datetime decimal dis importlib.metadata inspect json linecache "
    "logging multiprocessing pathlib prompt_toolkit pygments random rich shutil socket subprocess tempfile textwrap "
    "threading tokenize traceback"
).split()


def imported_by(program: str) -> set[str]:
    """The modules that a program imports beyond those of Python's own start."""
    ended = subprocess.run(
        [sys.executable, "-c", f"import sys; before = set(sys.modules)\n{program}\nprint(*set(sys.modules) - before)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(ended.stdout.splitlines()[-1].split())


def test_a_script_without_jobs_imports_nothing_that_takes_long() -> None:
    found = imported_by("from nsjob.cli import main\nassert main(['-c', 'puts hi']) == 0")
    of_python = {"ast"} if sys.version_info >= (3, 14) else set()  # NamedTuple itself imports it there
    assert found.isdisjoint({*HEAVY} - of_python)
    assert not {name for name in found if name.startswith(("nsjob.pool", "nsjob.engines"))}
    assert not {"nsjob.errors", "nsjob.commands.spec", "nsjob.tcl.expr"} & found


def test_a_script_with_jobs_imports_nothing_of_the_prompt() -> None:
    found = imported_by("from nsjob.cli import main\nassert main(['-c', 'create q; wait q [queue q {6 * 7}]']) == 0")
    assert found.isdisjoint(["asyncio", "prompt_toolkit", "pygments", "rich", "subprocess", "socket"])


def test_importing_nsjob_imports_nothing_else_until_a_name_of_it_is_used() -> None:
    assert {name for name in imported_by("import nsjob") if name.startswith("nsjob.")} == set()
    used = imported_by("import nsjob\nnsjob.Pool")
    assert "nsjob.engines.thread" in used
    assert not {name for name in used if name.startswith(("nsjob.tcl", "nsjob.commands", "nsjob.shell"))}


def test_every_public_name_is_there() -> None:
    assert set(nsjob.__all__) <= set(dir(nsjob))
    for name in nsjob.__all__:
        assert getattr(nsjob, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        nsjob.nothing  # type: ignore[attr-defined]


# -- what is declared late --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("modules", _DECLARED)
def test_the_table_of_the_library_is_what_its_modules_declare(modules: str) -> None:
    for module in modules.split():
        family = import_module(f"nsjob.tcl.library.{module}").FAMILY
        assert list(family.commands) == _DECLARED[modules].split()


def test_every_command_of_the_library_is_as_declared_when_it_is_looked_at() -> None:
    assert len(COMMANDS) == sum(len(names.split()) for names in _DECLARED.values())
    for name, command in COMMANDS.items():
        assert (command.name, command.doc != "", command.least <= command.most) == (name, True, True)


def test_the_tables_of_the_shell_are_what_its_modules_declare() -> None:
    for specs in (NS_JOB.specs, GENERAL):
        for name, spec in specs.items():
            assert spec.short == name
            assert spec.function.__module__ == f"nsjob.commands.{specs._modules[name]}"
        assert set(specs._makers) == set(specs._modules)
    assert set(WORDS) == {*NS_JOB.specs, *GENERAL, "ns_job"} - set(COMMANDS)


def test_a_command_that_was_not_looked_at_can_be_renamed_hidden_and_inherited() -> None:
    program = """
from nsjob.tcl import Interp
interp = Interp()
interp.eval("rename lsort sorted; proc lsearch args {return mine}")
made = interp.offspring()
print(interp.eval("sorted {b a}"), interp.eval("lsearch a"), made.eval("lsort {b a}"), made.eval("lsearch"))
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout == "['a', 'b'] mine ['a', 'b'] mine\n"


def test_the_number_of_arguments_is_checked_at_the_first_call() -> None:
    with pytest.raises(nsjob.tcl.TclError, match='wrong # args: should be "lreverse list"'):  # type: ignore[attr-defined]
        Interp().eval("lreverse")
