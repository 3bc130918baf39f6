"""Help: texts from the declarations of the commands."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from nsjob.commands.declare import GENERAL, NS_JOB
from nsjob.commands.spec import Spec
from nsjob.errors import OptionError, nearest
from nsjob.tcl import Interp
from nsjob.tcl.command import Command

__all__ = ["find_spec", "overview", "page"]

_WIDTH = 78


def find_spec(name: str) -> Spec | None:
    """The declaration of a command, named with or without `ns_job`, in full or by a unique beginning."""
    short = name.removeprefix("ns_job ").strip()
    if short in GENERAL and short == name:
        return GENERAL[short]
    if short in NS_JOB.specs:
        return NS_JOB.specs[short]
    group, _, one = short.partition(" ")
    if group == "template" and one:
        from nsjob.commands.templates import TEMPLATE  # late; see Ensemble

        return TEMPLATE.specs.get(one)
    begun = [spec for known, spec in {**NS_JOB.specs, **GENERAL}.items() if known.startswith(short)]
    own = [spec for spec in begun if spec.own]
    if len(begun) == 1 or len(own) == 1:
        return own[0] if len(own) == 1 else begun[0]
    return None


def overview() -> str:
    """All commands, each with its first sentence."""
    lines = ["Queues and jobs (each is also a subcommand of ns_job):", ""]
    lines += _listed((spec.short, spec.summary) for _, spec in sorted(NS_JOB.specs.items()))
    lines += ["", "Beside them:", ""]
    lines += _listed((spec.short, spec.summary) for _, spec in sorted(GENERAL.items()))
    lines += ["", "And the commands of Tcl: set, foreach, proc, if, expr, puts, dict, string, ..."]
    lines += ["help COMMAND tells all about one."]
    return "\n".join(lines)


def _listed(entries: Iterable[tuple[str, str]]) -> list[str]:
    lines = []
    for name, summary in entries:
        first = summary.split(". ")[0].rstrip(".")
        first = first.split(": ")[0] if len(first) > _WIDTH - 14 else first
        lines.append(f"  {name:<11} {textwrap.shorten(first, _WIDTH - 14, placeholder=' ...')}")
    return lines


def page(interp: Interp, name: str) -> str:
    """All about one command.

    Raises:
        OptionError: there is none of that name; says which is near.
    """
    spec = find_spec(name)
    if spec is not None:
        return _spec_page(spec)
    words = name.split()
    command = interp.commands.get(words[0]) if words else None
    if command is not None and len(words) == 2 and words[1] in command.subcommands:
        command = command.subcommands[words[1]]
    elif len(words) != 1:
        command = None
    if command is None:
        known = [*NS_JOB.specs, *GENERAL, *interp.commands]
        raise OptionError(f'there is no command "{name}"{nearest(name, known)}')
    return _command_page(command)


def _spec_page(spec: Spec) -> str:
    parts = [spec.usage, "", textwrap.fill(spec.summary, _WIDTH)]
    if spec.details:
        parts += ["", *(textwrap.fill(" ".join(part.split()), _WIDTH) for part in spec.details.split("\n\n"))]
    if spec.arguments:
        parts += [
            "",
            *_described((argument.usage.strip("?").replace(" ...", ""), argument.doc) for argument in spec.arguments),
        ]
    if spec.options:
        parts += ["", "Options:"]
        parts += _described(
            (option.name if option.kind is None else f"{option.name} {option.kind.shown}", option.doc)
            for option in spec.options.values()
        )
    if spec.example:
        parts += ["", "Example:", textwrap.indent(spec.example, "  ")]
    return "\n".join(parts)


def _described(entries: Iterable[tuple[str, str]]) -> list[str]:
    lines = []
    for name, doc in entries:
        wrapped = textwrap.wrap(doc, _WIDTH - 24) or [""]
        if len(name) > 20:
            lines.append(f"  {name}")
        else:
            lines.append(f"  {name:<20}  {wrapped[0]}".rstrip())
            wrapped = wrapped[1:]
        lines += [" " * 24 + line for line in wrapped]
    return lines


def _command_page(command: Command) -> str:
    if command.procedure is not None:
        usage = f"{command.name} {command.procedure.usage()}".rstrip()
        return f"{usage}\n\nA procedure of this shell:\n\n{command.procedure.body.strip()}"
    parts = [f"{command.name} {command.usage}".rstrip(), "", textwrap.fill(" ".join(command.doc.split()), _WIDTH)]
    if command.subcommands:
        parts += ["", "Subcommands:"]
        parts += _described((name, " ".join(one.doc.split())) for name, one in sorted(command.subcommands.items()))
    return "\n".join(parts)
