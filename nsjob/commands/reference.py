"""The reference page of the shell's commands, made from their declarations: `python -m nsjob.commands.reference`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nsjob.commands.declare import GENERAL, NS_JOB
from nsjob.commands.inside import JOB
from nsjob.commands.spec import Option, Spec
from nsjob.commands.templates import TEMPLATE
from nsjob.commands.words import WORDS

__all__ = ["reference"]


def reference() -> str:
    """Return the page, in Markdown."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield "# Reference: the commands of the shell"
    yield ""
    yield (
        "This page is made from the commands' declarations: "
        "`python -m nsjob.commands.reference > docs/commands.md`. `help COMMAND` shows the same in the shell."
    )
    yield ""
    yield (
        "Options come before the arguments; `--` ends them. Options and subcommands may be abbreviated to a unique "
        "beginning. Times are `seconds:microseconds`, a number of seconds, or a number with a unit: `us`, `ms`, `s`, "
        "`m`, `h`, `d`, `w`, `y`."
    )
    yield ""
    yield "## Queues and jobs"
    yield ""
    apart = [name for name in sorted(NS_JOB.specs) if WORDS.get(name) is not NS_JOB.commands[name]]
    yield "Each of these is a subcommand of `ns_job` and a command of its own: `ns_job wait q job0`, `wait q job0`."
    if apart:
        yield f"Only by `ns_job`, as Tcl has a command of the name: {', '.join(f'`{name}`' for name in apart)}."
    yield ""
    yield from _entries([*NS_JOB.specs.values(), *TEMPLATE.specs.values()])
    yield "## Beside them"
    yield ""
    yield from _entries(GENERAL.values())
    yield "## In the scripts of Tcl jobs"
    yield ""
    yield "`job` tells about the job whose script it stands in, and ends it. In Python the object `job` does."
    yield ""
    yield from _entries(JOB.specs.values())


def _entries(specs: Iterable[Spec]) -> Iterator[str]:
    for spec in sorted(specs, key=lambda spec: spec.name):
        yield from _entry(spec)


def _entry(spec: Spec) -> Iterator[str]:
    yield f"### {spec.name}"
    yield ""
    yield from _code(spec.usage)
    yield _marked(spec.summary)
    yield ""
    if spec.details:
        for part in spec.details.split("\n\n"):
            yield _marked(" ".join(part.split()))
            yield ""
    if spec.arguments:
        yield "| argument | |"
        yield "|---|---|"
        for argument in spec.arguments:
            yield _row(argument.usage.replace("/", ""), argument.doc)
        yield ""
    if spec.options:
        yield "| option | |"
        yield "|---|---|"
        for option in spec.options.values():
            yield _row(_shown(option), option.doc)
        yield ""
        for alias, name in spec.aliases.items():
            yield f"`{alias}` is `{name}`."
            yield ""
    if spec.example:
        yield "Example:"
        yield ""
        yield from _code(spec.example)


def _shown(option: Option) -> str:
    if option.kind is None:
        return option.name
    return f"{option.name} {'|'.join(option.kind.choices) if '|' in option.kind.shown else option.kind.shown}"


def _row(word: str, doc: str) -> str:
    shown = word.replace("|", "\\|")  # a bare one would begin a cell
    return f"| `{shown}` | {_marked(doc)} |"


def _marked(sentence: str) -> str:
    """A sentence that Markdown leaves as it is."""
    return sentence.replace("<", "&lt;").replace("*", "\\*")


def _code(lines: str) -> Iterator[str]:
    yield "```tcl"
    yield from lines.splitlines()
    yield "```"
    yield ""


if __name__ == "__main__":
    print(reference(), end="")
