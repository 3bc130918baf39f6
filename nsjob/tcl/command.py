"""Commands as they are declared: a name, a usage, a function. Arguments, messages and the reference come from that."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from nsjob.tcl.errors import TclError

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp, Procedure

__all__ = ["Body", "Command", "Family", "LateCommand", "choose", "wrong_args"]

Body: TypeAlias = "Callable[[Interp, list[Any]], Any]"
MANY = 1 << 60


class Command:
    """A command, or a subcommand of one.

    Attributes:
        name: in full: `string length`.
        usage: its arguments, as messages show them.
        run: called with the interpreter and the argument values, without the command's name.
        least, most: how many arguments there may be.
        doc: one or more sentences for the reference page.
        subcommands: by name, where it is an ensemble.
        procedure: where it is one that a script defined.
        declared: of a LateCommand: what declares it.
    """

    __slots__ = ("declared", "doc", "least", "most", "name", "procedure", "run", "subcommands", "usage")

    def __init__(
        self,
        name: str,
        usage: str,
        run: Body,
        least: int = 0,
        most: int = MANY,
        doc: str = "",
        subcommands: dict[str, Command] | None = None,
        procedure: Procedure | None = None,
    ) -> None:
        self.name = name
        self.usage = usage
        self.run = run
        self.least = least
        self.most = most
        self.doc = doc
        self.subcommands = {} if subcommands is None else subcommands
        self.procedure = procedure
        self.declared: Callable[[], Command] | None = None

    def call(self, interp: Interp, arguments: list[Any]) -> Any:
        """Check the number of arguments, and run."""
        if not self.least <= len(arguments) <= self.most:
            raise wrong_args(self.name, self.usage)
        return self.run(interp, arguments)


class LateCommand(Command):
    """A command of which only the name is known, until more is asked for: then it is declared.

    Its other slots are empty, so that Python asks `__getattr__` for what they hold. This fills them, and makes it a
    plain Command: whoever calls it from then on pays nothing. So a program starts without the commands that it does
    not use.

    Arguments:
        name: in full.
        declared: returns the whole command; it imports the module that declares it.
    """

    __slots__ = ()

    def __init__(self, name: str, declared: Callable[[], Command]) -> None:
        self.name = name
        self.procedure = None
        self.declared = declared

    def __getattr__(self, slot: str) -> Any:
        if slot not in _LATE or self.declared is None:
            raise AttributeError(f"a command has no {slot}")
        found = self.declared()
        for each in _LATE:
            setattr(self, each, getattr(found, each))
        self.__class__ = Command  # type: ignore[assignment]
        return getattr(found, slot)


_LATE = ("doc", "least", "most", "run", "subcommands", "usage")


def wrong_args(name: str, usage: str) -> TclError:
    """`wrong # args: should be "..."`."""
    return TclError(f'wrong # args: should be "{name}{" " if usage else ""}{usage}"', "TCL", "WRONGARGS")


def choose(given: str, names: Iterable[str], what: str, *, exact: bool = False) -> str:
    """Return the name that `given` is, or is the only one to begin with.

    Raises:
        TclError: bad `what` "...": must be a, b, or c.
    """
    known = list(names)
    if given in known:
        return given
    found = [name for name in known if name.startswith(given)] if given and not exact else []
    if len(found) == 1:
        return found[0]
    ambiguous = "ambiguous" if len(found) > 1 or (not given and not exact and len(known) > 1) else "bad"
    raise TclError(
        f'{ambiguous} {what} "{given}": must be {alternatives(known)}', "TCL", "LOOKUP", "INDEX", what, given
    )


def alternatives(names: list[str]) -> str:
    """`a`, `a or b`, `a, b, or c`."""
    if len(names) < 3:
        return " or ".join(names)
    return f"{', '.join(names[:-1])}, or {names[-1]}"


class Family:
    """The commands of one module.

    Arguments:
        title: the heading of its part of the reference page.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.commands: dict[str, Command] = {}

    def command(self, name: str, usage: str = "", least: int = 0, most: int | None = None) -> Callable[[Body], Body]:
        """Declare a command. Its docstring goes to the reference page.

        Arguments:
            least, most: the number of arguments; `most` None: as many as `least`, -1: any number.
        """

        def declare(body: Body) -> Body:
            top = least if most is None else MANY if most < 0 else most
            self.commands[name] = Command(name, usage, body, least, top, (body.__doc__ or "").strip())
            return body

        return declare

    def ensemble(self, name: str, doc: str) -> Ensemble:
        """Declare a command whose first argument chooses among subcommands."""
        made = Ensemble(name)
        self.commands[name] = Command(
            name, "subcommand ?arg ...?", made.run, 1, MANY, doc, subcommands=made.subcommands
        )
        return made


class Ensemble:
    """The subcommands of one command."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.subcommands: dict[str, Command] = {}

    def command(self, name: str, usage: str = "", least: int = 0, most: int | None = None) -> Callable[[Body], Body]:
        """Declare a subcommand; see Family.command."""

        def declare(body: Body) -> Body:
            top = least if most is None else MANY if most < 0 else most
            self.subcommands[name] = Command(
                f"{self.name} {name}", usage, body, least, top, (body.__doc__ or "").strip()
            )
            return body

        return declare

    def find(self, given: str) -> Command:
        """Return the subcommand of that name or with that unique beginning."""
        found = self.subcommands.get(given)
        if found is None:
            begun = [name for name in self.subcommands if name.startswith(given)] if given else []
            if len(begun) != 1:
                raise TclError(
                    f'unknown or ambiguous subcommand "{given}": must be {alternatives(sorted(self.subcommands))}',
                    "TCL", "LOOKUP", "SUBCOMMAND", given,
                )  # fmt: skip
            found = self.subcommands[begun[0]]
        return found

    def run(self, interp: Interp, arguments: list[Any]) -> Any:
        """Run the subcommand that the first argument names."""
        first = arguments[0]
        command = self.subcommands.get(first) if type(first) is str else None
        if command is None:
            from nsjob.tcl.values import text

            command = self.find(text(first))
        if not command.least < len(arguments) <= command.most + 1:
            raise wrong_args(command.name, command.usage)
        return command.run(interp, arguments[1:])
