"""Declarations: a command is a Python function, and its signature says all: parsing, usage, help, completion.

    @NS_JOB.subcommand("-timeout")
    def wait(shell: Shell, queueId: QueueId, jobId: JobId, *, timeout: Time | None = None) -> Any:

Positional parameters are the command's arguments, keyword-only ones its options; `Annotated` types (see kinds) tell
what each may be. A keyword parameter `**options: Unpack[JobWords]` adds those of the TypedDict.
"""

from __future__ import annotations

import inspect
import re
import textwrap
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from nsjob.commands.kinds import Kind, as_text
from nsjob.errors import NsjobError, OptionError, nearest
from nsjob.tcl import Interp, TclError
from nsjob.tcl.command import MANY, Command, alternatives
from nsjob.tcl.values import text

__all__ = ["Argument", "Option", "Spec", "declared"]

_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)", re.ASCII)
_EXTRA = "nsjob.shell"  # where an interpreter keeps the Shell whose commands it has


@dataclass(frozen=True, slots=True)
class Argument:
    """A word of a command that is known by its place.

    Attributes:
        name: as messages show it.
        kind: what it may be.
        required: whether it must be there.
        rest: whether it is all words that follow.
        doc: one sentence.
        spared: whether an option can take its place: the function looks whether one did.
    """

    name: str
    kind: Kind
    required: bool
    rest: bool
    doc: str
    spared: bool = False

    @property
    def usage(self) -> str:
        """`/name/`, `?/name/?` or `?/name/ ...?`."""
        shown = f"/{self.name}{self.kind.bounds}/"
        if self.rest:
            return f"?{shown} ...?"
        return shown if self.required else f"?{shown}?"

    @property
    def label(self) -> str:
        """How messages about its value call it."""
        return self.name if self.required else f"?{self.name}"


@dataclass(frozen=True, slots=True)
class Option:
    """A word that begins with a dash, and the value after it.

    Attributes:
        name: with the dash.
        keyword: the function's parameter.
        kind: what the value may be; None for a flag, which has none.
        doc: one sentence.
        own: whether the usage message names it: ns_job has it too.
    """

    name: str
    keyword: str
    kind: Kind | None
    doc: str
    own: bool

    @property
    def usage(self) -> str:
        """`?-head?` or `?-timeout /time/?`."""
        return f"?{self.name}?" if self.kind is None else f"?{self.name} /{self.kind.shown}/?"


@dataclass(slots=True)
class Spec:
    """One command.

    Attributes:
        name: in full: `ns_job wait`.
        function: what it does, given a Shell, the arguments and the options.
        arguments, options: what it takes.
        summary: one sentence; `details`: more.
        example: lines that work.
        own: whether it is ns_job's.
        direct: what does the same as `function` where all arguments are given, and no options; None for `function`.
    """

    name: str
    function: Callable[..., Any]
    arguments: tuple[Argument, ...]
    options: dict[str, Option]
    summary: str
    details: str
    example: str
    own: bool = False
    direct: Callable[..., Any] | None = None
    short: str = ""
    aliases: dict[str, str] = field(default_factory=dict)

    @property
    def usage(self) -> str:
        """The command with all that it takes, as `wrong # args` shows it."""
        shown = [option.usage for option in self.options.values() if option.own]
        if any(not option.own and option.kind is not None for option in self.options.values()):
            shown.append("?-option /value/ ...?")
        shown += [argument.usage for argument in self.arguments]
        return " ".join([self.name, *shown])

    def wrong_args(self, hint: str = "") -> TclError:
        """`wrong # args: should be "..."`."""
        error = TclError(f'wrong # args: should be "{self.usage}"', "TCL", "WRONGARGS")
        if hint:
            error.options["-hint"] = hint
        return error

    def bind(self, words: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments and options that some words mean.

        Raises:
            TclError: wrong # args, or an option that is not there.
            OptionError: a value that cannot be.
        """
        options: dict[str, Any] = {}
        at = 0
        size = len(words)
        while at < size and self.options:
            word = words[at]
            if type(word) is not str or len(word) < 2 or word[0] != "-" or word[1] in "0123456789.":
                break
            at += 1
            if word == "--":
                break
            option = self.option(word)
            if option.kind is None:
                options[option.keyword] = True
                continue
            if at >= size:
                raise OptionError(f"{self.name}: the option {option.name} needs a value: {option.usage.strip('?')}")
            options[option.keyword] = option.kind.convert(option.name, words[at])
            at += 1
        return self._arguments(list(words[at:])), options

    def _arguments(self, words: list[Any]) -> list[Any]:
        given: list[Any] = []
        for place, argument in enumerate(self.arguments):
            if argument.rest:
                return given + [argument.kind.convert(argument.label, word) for word in words[place:]]
            if place < len(words):
                try:
                    given.append(argument.kind.convert(argument.label, words[place]))
                except OptionError as error:
                    error.hint = self._hint(words)  # type: ignore[attr-defined]
                    raise
            elif argument.required and not argument.spared:
                raise self.wrong_args()
        if len(words) > len(self.arguments):
            raise self.wrong_args(self._hint(words))
        return given

    def _hint(self, words: list[Any]) -> str:
        """What was probably meant by too many words."""
        shown = [text(word) for word in words]
        for place, word in enumerate(shown):
            if word == "#" or (word.startswith("#") and place):
                return "a comment after a command needs a semicolon before it: ;# like this"
            if word in self.options and self.arguments:
                return f"options come before the {self.arguments[0].name}: {self.name} {word} ... {shown[0]} ..."
        if len(words) > len(self.arguments) > 0 and self.arguments[-1].kind.offers in ("script", "python"):
            return "a script of several words is written in braces: {...}"
        return ""

    def _slip(self, words: list[Any]) -> str:
        """What was probably meant by an option whose value is right, but looks like the time of a clock."""
        for place, word in enumerate(words):
            if type(word) is str and len(word) <= 5 and (clock := _CLOCK.fullmatch(word)) and place:
                name = words[place - 1]
                kind = self.option(name).kind if type(name) is str and name[:1] == "-" else None
                if kind is not None and kind.shown == "time":
                    first, second = int(clock[1]), int(clock[2])
                    meant = f"for minutes and seconds: {60 * first + second}s"
                    return f"{name} {word} is {first + second / 1e6:g} seconds (seconds:microseconds); {meant}"
        return ""

    def option(self, given: str) -> Option:
        """The option of that name, or the only one that begins so.

        Raises:
            TclError: there is none.
        """
        given = self.aliases.get(given, given)
        found = self.options.get(given)
        if found is not None:
            return found
        begun = [name for name in self.options if name.startswith(given)]
        own = [name for name in begun if self.options[name].own]
        if len(begun) == 1 or len(own) == 1:
            return self.options[own[0] if len(own) == 1 else begun[0]]
        known = sorted(self.options)
        what = "ambiguous" if begun else "bad"
        hint = "" if begun else nearest(given, known)
        raise TclError(
            f'{self.name}: {what} option "{given}"{hint}{";" if hint else ":"} must be {alternatives(known)}',
            "TCL", "LOOKUP", "INDEX", "option", given,
        )  # fmt: skip

    def command(self) -> Command:
        """What an interpreter needs to call it."""
        function = self.function
        direct = self.direct or function
        # Most commands are called with one or two words, which are text, as their arguments are: no parsing then.
        texts = all(argument.kind.convert is as_text for argument in self.arguments)
        collects = any(argument.rest for argument in self.arguments)
        least = sum(argument.required for argument in self.arguments)
        most = 2 if collects else len(self.arguments)
        alone = texts and least <= 1 <= most
        paired = texts and least <= 2 <= most

        def run(interp: Interp, words: list[Any]) -> Any:
            try:
                shell = interp.extras[_EXTRA]
                size = len(words)
                if paired and size == 2:
                    first, second = words
                    if type(first) is str and first[:1] != "-" and type(second) is str:
                        return direct(shell, first, second)
                elif alone and size == 1:
                    first = words[0]
                    if type(first) is str and first[:1] != "-":
                        return direct(shell, first)
                given, options = self.bind(words)
                if options and (slip := self._slip(words)):
                    shell.hint(slip)
                return function(shell, *given, **options)
            except NsjobError as error:
                failed = TclError(str(error), *error.errorcode)
                hint = getattr(error, "hint", "")
                if hint:
                    failed.options["-hint"] = hint
                raise failed from error

        return Command(self.name, self.usage.removeprefix(self.name + " "), run, 0, MANY, self.summary)


# -- from a function to a Spec ----------------------------------------------------------------------------------------


def declared(function: Callable[..., Any], name: str, own: str = "", required: str = "") -> Spec:
    """The declaration that a function's signature is.

    Arguments:
        name: the command's name in full.
        own: the options that ns_job has too, in the order in which its usage messages name them.
        required: an argument whose default stands for an option that can take its place.
    """
    hints = typing.get_type_hints(function, include_extras=True)
    summary, details, documented, example = _documentation(function)
    arguments: list[Argument] = []
    options: dict[str, Option] = {}
    named = own.split()

    def add_option(keyword: str, hint: Any, doc: str) -> None:
        kind, noted = _kind(hint)
        word = "-" + keyword.rstrip("_")
        flag = kind.shown == ""
        options[word] = Option(word, keyword, None if flag else kind, doc or noted, word in named)

    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        doc = documented.get(parameter.name, "")
        if parameter.kind is parameter.VAR_KEYWORD:
            words = typing.get_args(hints[parameter.name])[0]
            for keyword, hint in typing.get_type_hints(words, include_extras=True).items():
                add_option(keyword, hint, "")
        elif parameter.kind is parameter.KEYWORD_ONLY:
            add_option(parameter.name, hints[parameter.name], doc)
        else:
            rest = parameter.kind is parameter.VAR_POSITIONAL
            needed = parameter.default is parameter.empty and not rest
            kind, _ = _kind(hints[parameter.name])
            spared = parameter.name == required
            arguments.append(Argument(parameter.name.rstrip("_"), kind, needed or spared, rest, doc, spared))
    ordered = {word: options[word] for word in named} | options
    return Spec(name, function, tuple(arguments), ordered, summary, details, example)


def _kind(hint: Any) -> tuple[Kind, str]:
    """The kind that a type stands for, and the sentence beside it."""
    for part in (hint, *typing.get_args(hint)):
        metadata = getattr(part, "__metadata__", ())
        kinds = [one for one in metadata if isinstance(one, Kind)]
        if kinds:
            notes = [one for one in metadata if isinstance(one, str)]
            return kinds[0], notes[0] if notes else ""
    raise TypeError(f"no kind in {hint}")


_SECTION = re.compile(r"^(Arguments|Example):\n", re.MULTILINE)


def _documentation(function: Callable[..., Any]) -> tuple[str, str, dict[str, str], str]:
    """Summary, details, the arguments' sentences and the example of a docstring."""
    whole = inspect.getdoc(function) or ""
    parts = _SECTION.split(whole)
    summary, _, details = parts[0].strip().partition("\n\n")
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    documented: dict[str, str] = {}
    latest = ""
    for line in textwrap.dedent(sections.get("Arguments", "")).splitlines():
        found = re.match(r"(\w+): (.*)", line)
        if found:
            latest = found[1]
            documented[latest] = found[2]
        elif latest and line.strip():
            documented[latest] += " " + line.strip()
    example = textwrap.dedent(sections.get("Example", "")).strip()
    return " ".join(summary.split()), details.strip(), documented, example
