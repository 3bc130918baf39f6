"""Specs and Ensemble: the declarations of commands, by name; and a command of many subcommands.

All names are known from the beginning. The module that declares a command is imported, and its declaration made from
its function's signature, when it is first asked for: a script pays for those that it uses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nsjob.tcl import Interp, TclError
from nsjob.tcl.command import MANY, Command, LateCommand, alternatives
from nsjob.tcl.values import text

if TYPE_CHECKING:
    from nsjob.commands.spec import Spec

__all__ = ["Ensemble", "Specs"]


class Specs(Mapping[str, "Spec"]):
    """Declarations by name.

    Arguments:
        modules: which module of this package declares which of them.
    """

    def __init__(self, **modules: str) -> None:
        self._modules = {name: module for module, names in modules.items() for name in names.split()}
        self._makers: dict[str, Callable[[], Spec]] = {}
        self._made: dict[str, Spec] = {}

    def declare(self, name: str, maker: Callable[[], Spec]) -> None:
        """Add one. Called while the module that declares it is imported."""
        self._makers[name] = maker

    def __getitem__(self, name: str) -> Spec:
        made = self._made.get(name)
        if made is None:
            if name not in self._makers:
                import_module(f"nsjob.commands.{self._modules[name]}")
            made = self._made[name] = self._makers[name]()
        return made

    def __contains__(self, name: object) -> bool:
        return name in self._modules or name in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules | self._makers)

    def __len__(self) -> int:
        return len(self._modules | self._makers)


class Ensemble:
    """A command whose first word chooses among subcommands.

    Arguments:
        name: of the command.
        original: the subcommands that go before all others where a beginning is given.
        specs: the declarations of the subcommands.
    """

    def __init__(self, name: str, original: str, specs: Specs) -> None:
        self.name = name
        self.original = tuple(original.split())
        self.specs = specs
        self.commands = {short: self._late(short) for short in specs}

    def _late(self, short: str) -> Command:
        return LateCommand(f"{self.name} {short}", lambda: self.specs[short].command())

    def subcommand(
        self,
        own: str = "",
        *,
        name: str = "",
        required: str = "",
        direct: Callable[..., Any] | None = None,
        records: bool = False,
        **aliases: str,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a subcommand; see `spec.declared`. `aliases` are other names of options, without the dash.

        Arguments:
            direct: what does the same in fewer steps where all arguments are given, as text, and no options.
            records: whether it answers with records, so that it has the option -json.
        """

        def declare(function: Callable[..., Any]) -> Callable[..., Any]:
            short = name or function.__name__.rstrip("_")
            self.specs.declare(short, partial(self._spec, function, direct, short, own, required, records, aliases))
            self.commands.setdefault(short, self._late(short))
            return function

        return declare

    def _spec(
        self,
        function: Callable[..., Any],
        direct: Callable[..., Any] | None,
        short: str,
        own: str,
        required: str,
        records: bool,
        aliases: Mapping[str, str],
    ) -> Spec:
        from nsjob.commands.spec import declared  # late: a signature is looked at by modules that take long to import

        spec = declared(function, f"{self.name} {short}", own, required)
        if records:
            from nsjob.commands.answers import with_json  # late: as above

            with_json(spec)
        spec.direct = direct
        spec.short = short
        spec.own = short in self.original
        spec.aliases = {f"-{alias}": f"-{word}" for alias, word in aliases.items()}
        return spec

    def names(self) -> list[str]:
        """The subcommands, sorted."""
        return sorted(self.specs)

    def find(self, given: str) -> str:
        """The subcommand of that name; or the only one of the original that begins so; or the only one of all.

        Raises:
            TclError: there is none, or more than one.
        """
        if given in self.specs:
            return given
        begun = [name for name in self.names() if name.startswith(given)] if given else []
        original = [name for name in begun if name in self.original]
        if len(original) == 1 or len(begun) == 1:
            return original[0] if len(original) == 1 else begun[0]
        from nsjob.errors import nearest  # late: only a mistake pays for it

        what = "ambiguous" if begun else "bad"
        failed = TclError(
            f'{self.name}: {what} subcommand "{given}": must be {alternatives(self.names())}',
            "TCL", "LOOKUP", "SUBCOMMAND", given,
        )  # fmt: skip
        hint = nearest(given, self.specs) if not begun else f", it may be {alternatives(begun)}"
        if hint:
            failed.options["-hint"] = hint.removeprefix(", ")
        raise failed

    def command(self) -> Command:
        """What an interpreter needs to call it."""
        commands = self.commands

        def run(interp: Interp, words: list[Any]) -> Any:
            if not words:
                raise TclError(
                    f'wrong # args: should be "{self.name} {"|".join(self.names())} ?/arg .../"', "TCL", "WRONGARGS"
                )
            first = words[0]
            found = commands.get(first) if type(first) is str else None
            if found is None:
                found = commands[self.find(text(first))]
            return found.run(interp, words[1:])

        made = Command(self.name, "subcommand ?arg ...?", run, 0, MANY, "Queues, jobs and threads.")
        made.subcommands = commands
        return made
