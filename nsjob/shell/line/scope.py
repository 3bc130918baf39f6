"""Scope: what is known where a text stands, and what each word of its commands is there.

Highlighting, completion and validation all go by it. It evaluates nothing.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass

from nsjob.commands.declare import GENERAL, NS_JOB
from nsjob.commands.ensemble import Ensemble
from nsjob.commands.inside import JOB
from nsjob.commands.kinds import Kind
from nsjob.commands.shell import Shell
from nsjob.commands.spec import Option, Spec
from nsjob.commands.words import WORDS
from nsjob.durations import seconds
from nsjob.errors import OptionError
from nsjob.shell.line.roles import NAMED, PLAIN, Role, tcl_roles
from nsjob.tcl import TclError
from nsjob.tcl.library import COMMANDS
from nsjob.tcl.parser import Command, Word

__all__ = [
    "Scope",
    "begins_option",
    "begins_subcommand",
    "bound_spec",
    "given_options",
    "is_option",
    "option_of",
    "queue_of",
    "roles",
]

_REDEFINED = re.compile(r"\b(?:proc|rename)[ \t]+\{?([^\s{}]+)\}?(?:[ \t]+([^\s{}]+))?")


@dataclass(slots=True)
class Scope:
    """What is known where a text stands: the shell, and what the text itself changed before.

    Attributes:
        default: the language of scripts where nothing else names one; None where that cannot be told.
        queues: the languages of queues.
        redefined: the names of commands that the text defines anew.
        inside: whether it is the script of a job.
    """

    shell: Shell
    default: str | None
    queues: dict[str, str | None]
    redefined: frozenset[str] = frozenset()
    inside: bool = False

    @classmethod
    def of(cls, shell: Shell, text: str) -> Scope:
        """The scope of a text that is entered now."""
        found = _REDEFINED.findall(text) if "proc" in text or "rename" in text else ()
        redefined = frozenset(name.removeprefix("::") for pair in found for name in pair if name)
        return cls(shell, shell.languages.default, dict(shell.languages.queues), redefined)

    def fingerprint(self) -> Hashable:
        """All that the look of a command depends on besides its text."""
        return self.default, tuple(self.queues.items()), self.redefined, self.inside, len(self.shell.interp.commands)

    def job(self) -> Scope:
        """The scope of a job's Tcl script there."""
        return Scope(self.shell, self.default, self.queues, self.redefined, True)

    def language(self, queue: str | None, given: Word | None) -> str | None:
        """The language of a script; None where that cannot be told.

        Arguments:
            queue: the queue's name, None where it is not known, empty where there is none.
            given: the value of -lang.
        """
        if given is not None:
            return _language(given)
        if queue == "":
            return self.default
        if queue is not None:
            return self.queues.get(queue, self.default)
        known = {self.default, *self.queues.values()}
        return known.pop() if len(known) == 1 else None

    def note(self, command: Command) -> None:
        """Remember what a command of the text changes for what follows."""
        spec, words = self.spec(command.words)
        if spec is None or spec.short not in ("configure", "create"):
            return
        options, arguments = _split(spec, words)
        given = options.get("-lang")
        if given is None:
            if spec.short == "create" and arguments and arguments[0].value in self.queues:
                self.queues[arguments[0].value] = None  # a new one has no language, one that is there keeps its own
            return
        language = _language(given)
        if spec.short == "configure":
            self.default = language
        elif arguments and arguments[0].value is not None:
            self.queues[arguments[0].value] = language
        else:
            self.queues["\0"] = language  # a queue whose name is not known

    def spec(self, words: list[Word]) -> tuple[Spec | None, list[Word]]:
        """The declaration of the command that these words are, and the words after its name."""
        name = (words[0].value or "").removeprefix("::")
        ensemble = self.ensemble(name)
        if ensemble is not None:
            given = words[1].value if len(words) > 1 else None
            return _subcommand(ensemble, given) if given is not None else None, words[2:]
        return bound_spec(self, name), words[1:]

    def ensemble(self, name: str) -> Ensemble | None:
        """The declared ensemble of that name."""
        if name in self.redefined:
            return None
        known = self.shell.interp.commands.get(name)
        if name == NS_JOB.name and known is WORDS[name]:
            return NS_JOB
        return JOB if name == JOB.name and self.inside and (known is None or known.procedure is None) else None


def _language(given: Word) -> str | None:
    value = given.value or ""
    found = [name for name in ("python", "tcl") if value and name.startswith(value)]
    return found[0] if len(found) == 1 else None


def bound_spec(scope: Scope, name: str) -> Spec | None:
    """The declaration of the command of that name, where the name still stands for it."""
    if name in scope.redefined or name not in WORDS or scope.shell.interp.commands.get(name) is not WORDS[name]:
        return None
    return GENERAL.get(name) or NS_JOB.specs.get(name)


def _subcommand(ensemble: Ensemble, given: str) -> Spec | None:
    try:
        return ensemble.specs[ensemble.find(given)]
    except TclError:
        return None


# -- words of declared commands ---------------------------------------------------------------------------------------


def is_option(word: Word) -> bool:
    """Whether a word is taken for an option, as Spec.bind does."""
    value = word.value
    return value is not None and len(value) > 1 and value[0] == "-" and value[1] not in "0123456789."


def begins_option(spec: Spec, given: str) -> bool:
    """Whether what is typed is an option, or the beginning of one."""
    return given in ("-", "--") or any(name.startswith(given) for name in (*spec.options, *spec.aliases))


def begins_subcommand(scope: Scope, name: str, given: str) -> bool:
    """Whether what is typed is a subcommand of the command of that name, or the beginning of one."""
    ensemble = scope.ensemble(name)
    command = scope.shell.interp.commands.get(name)
    names = ensemble.names() if ensemble is not None else command.subcommands if command is not None else ()
    return any(one.startswith(given) for one in names)


def option_of(spec: Spec, given: str) -> Option | None:
    """The option of that name or beginning."""
    try:
        return spec.option(given)
    except TclError:
        return None


def _split(spec: Spec, words: list[Word]) -> tuple[dict[str, Word], list[Word]]:
    """The options that are given, and the arguments."""
    options: dict[str, Word] = {}
    at = 0
    while at < len(words) and spec.options and is_option(words[at]):
        option = option_of(spec, words[at].value or "")
        at += 1
        if option is None:
            if words[at - 1].value == "--":
                break
            continue
        if option.kind is not None:
            if at < len(words):
                options[option.name] = words[at]
            at += 1
        else:
            options[option.name] = words[at - 1]
    return options, words[at:]


def given_options(scope: Scope, words: list[Word]) -> dict[str, Word]:
    """The options that a declared command is given, by name, with the words of their values."""
    spec, rest = scope.spec(words)
    return _split(spec, rest)[0] if spec is not None else {}


def queue_of(scope: Scope, words: list[Word]) -> Word | None:
    """The word that names the queue which a command is about."""
    spec, rest = scope.spec(words)
    if spec is None:
        return None
    _, arguments = _split(spec, rest)
    for argument, word in zip(spec.arguments, arguments, strict=False):
        if argument.kind.offers == "queue":
            return word
    return None


def _declared(scope: Scope, spec: Spec, words: list[Word]) -> list[Role]:
    found: list[Role] = []
    at = 0
    if spec.options and words and words[-1].value == "-" and _split(spec, words)[1] == words[-1:]:
        words = [*words[:-1], words[-1]._replace(value="--")]  # the beginning of an option, while it is typed
    while at < len(words) and spec.options and is_option(words[at]):
        found.append(Role("option", options=spec, command=spec.name))
        option = option_of(spec, words[at].value or "")
        at += 1
        if words[at - 1].value == "--":
            break
        if option is not None and option.kind is not None and at < len(words):
            found.append(Role(_what(option.kind), option.kind, option.doc, command=spec.name))
            at += 1
    given, arguments = _split(spec, words)
    ended = bool(found) and words[at - 1].value == "--"
    for place, _ in enumerate(arguments):
        argument = spec.arguments[min(place, len(spec.arguments) - 1)] if spec.arguments else None
        options = spec if not place and not ended else None
        if argument is None or (place >= len(spec.arguments) and not argument.rest):
            found.append(Role("text", options=options, command=spec.name))
            continue
        kind = argument.kind
        if kind.offers == "command":
            return found + _command_words(scope, arguments[place:], options)
        what = _what(kind)
        if what == "script":
            what = _script(scope, spec, given, arguments)
        found.append(Role(what, kind, argument.doc, options, spec.name))
    return found


def _what(kind: Kind) -> str:
    if kind.offers == "variable":
        return "variables"
    return kind.offers or ("choice" if kind.choices else "text")


def _script(scope: Scope, spec: Spec, given: dict[str, Word], arguments: list[Word]) -> str:
    """Of which language a script is."""
    takes = [argument for argument in spec.arguments if argument.kind.offers == "script"]
    if takes[0].rest or spec.arguments[-1].rest:
        if len(arguments) > 1:
            return "script"  # of several words together
        queue: str | None = ""
    else:
        queue = arguments[0].value
    language = scope.language(queue, given.get("-lang"))
    return language or "script"


def _command_words(scope: Scope, words: list[Word], options: Spec | None) -> list[Role]:
    """The words of `watch`: maybe a time, then a command."""
    if len(words) == 1 and words[0].kind == "braced":
        return [NAMED["tcl"]]
    if len(words) > 1 and words[0].value is not None:
        try:
            seconds(words[0].value)
        except OptionError:
            pass
        else:
            return [PLAIN, *_command_words(scope, words[1:], None)]
    found = roles(scope, words)
    return [Role(found[0].what, options=options), *found[1:]]


# -- words of all commands --------------------------------------------------------------------------------------------


def roles(scope: Scope, words: list[Word]) -> list[Role]:
    """What each word of a command is. The last one may be one that is still typed, and empty."""
    first = words[0]
    name = (first.value or "").removeprefix("::")
    found = [Role("command")]
    spec = bound_spec(scope, name)
    if spec is not None:
        if name == "help":
            return [*found, *(Role("help", command="help") for at in range(len(words) - 1))]
        return found + _declared(scope, spec, words[1:])
    ensemble = scope.ensemble(name)
    if ensemble is not None:
        if len(words) > 1:
            found.append(Role("subcommand", command=name))
            spec = _subcommand(ensemble, words[1].value or "")
            found += _declared(scope, spec, words[2:]) if spec is not None else [PLAIN] * (len(words) - 2)
        return found
    command = scope.shell.interp.commands.get(name)
    if command is None or command is not COMMANDS.get(name) or name in scope.redefined:
        return found + [PLAIN] * (len(words) - 1)
    return found + tcl_roles(command, words[1:])
