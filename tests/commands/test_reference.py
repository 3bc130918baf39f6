"""The reference page in docs/ is made from the declarations of the commands."""

from __future__ import annotations

from pathlib import Path

from nsjob.commands.declare import GENERAL, NS_JOB
from nsjob.commands.inside import JOB
from nsjob.commands.reference import reference

PAGE = Path(__file__).resolve().parents[2] / "docs" / "commands.md"


def test_the_reference_page_is_what_the_commands_say() -> None:
    said = PAGE.read_text(encoding="utf-8")
    assert said == reference(), "make it again: python -m nsjob.commands.reference > docs/commands.md"


def test_every_command_has_a_part_with_all_its_options() -> None:
    parts = {part.partition("\n")[0]: part for part in reference().split("\n### ")}
    for spec in (*NS_JOB.specs.values(), *GENERAL.values(), *JOB.specs.values()):
        part = parts[spec.name]
        assert spec.usage in part
        for option in spec.options:
            assert f"| `{option}" in part
        assert spec.example in part
