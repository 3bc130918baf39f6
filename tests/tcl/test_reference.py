"""The reference page in docs/ is made from the commands."""

from __future__ import annotations

from pathlib import Path

from nsjob.tcl.library import COMMANDS
from nsjob.tcl.reference import reference

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tcl-reference.md"


def test_the_reference_page_is_what_the_commands_say() -> None:
    assert PAGE.read_text() == reference(), "make it again: python -m nsjob.tcl.reference > docs/tcl-reference.md"


def test_every_command_and_subcommand_says_what_it_does() -> None:
    for command in COMMANDS.values():
        assert command.doc, command.name
        for subcommand in command.subcommands.values():
            assert subcommand.doc, subcommand.name
