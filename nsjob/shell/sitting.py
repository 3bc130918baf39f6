"""Sitting: a person at a terminal. Puts the rooms of the prompt together; reads, evaluates, shows until they leave."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, cast

from prompt_toolkit.application import create_app_session
from prompt_toolkit.output import create_output
from prompt_toolkit.output.plain_text import PlainTextOutput

from nsjob.shell.background import Background, Mark
from nsjob.shell.directories import history_file
from nsjob.shell.fallbacks import Checks, Colours, Completions
from nsjob.shell.gentle import gentle_interrupts
from nsjob.shell.leaving import Leaving, counted
from nsjob.shell.logs import Logs
from nsjob.shell.past import Past
from nsjob.shell.person import Person
from nsjob.shell.questions import Questions
from nsjob.shell.reading import Reading
from nsjob.shell.screen import Screen, is_plain
from nsjob.shell.toolbar import Toolbar
from nsjob.shell.voices import Speaker, Voices, speaker

if TYPE_CHECKING:
    from prompt_toolkit.completion import Completer
    from prompt_toolkit.validation import Validator

    from nsjob.pool.pool import Pool
    from nsjob.shell.session import Session
    from nsjob.shell.view.progress import Display
    from nsjob.store.pool import StoredPool
    from nsjob.tcl import TclError

__all__ = ["Sitting", "exit_code"]

_COLOURED = 50_000  # signs of a text that is coloured while it is typed
_MOMENT = 0.3  # seconds
_HINT = "help tells the commands, Ctrl-D leaves"


class Sitting:
    """A person, a terminal, and the commands of a session over a pool.

    Arguments:
        opened: makes the pool; called once.

    Attributes:
        variables: what the session's scripts find, before the first line.
    """

    def __init__(self, opened: Callable[[], Pool]) -> None:
        terminal = sys.stdout if sys.stdout is not None and sys.stdout.isatty() else sys.stderr
        in_thread = _loop_runs()
        self._opened = opened
        self._pool: Pool | None = None
        self._opening = threading.Lock()  # of the pool
        self.variables: dict[str, Any] = {}
        output = PlainTextOutput(terminal) if is_plain(terminal) else create_output(stdout=terminal)
        self.screen = screen = Screen(terminal, output)
        self._past = Past(history_file)
        self._questions = Questions(screen, in_thread)
        self._person = Person(
            progress=self._progress,
            ask=self._questions.yes,
            tell=lambda sentence: screen.line(self._troubles.hint(sentence)),
            draw=self._draw,
            past=self._past.lines,
            bell=screen.bell,
        )
        self._background = Background(screen.above, self._marked, screen.colour)
        self._voices = Voices(self._direct, self._aside)
        self._logs = Logs(self._logged)
        self._session: Session | None = None
        self._display: Display | None = None  # of waits
        self._making = threading.Lock()  # of the session
        with create_app_session(output=output):
            self.reading = Reading(
                screen,
                self._past,
                Toolbar(lambda: self._pool, lambda: screen.width),
                Completions(self._completer),
                Checks(self._validator),
                in_thread,
                self._warm,
            )

    @contextmanager
    def open(self) -> Iterator[Sitting]:
        """Have the terminal."""
        with ExitStack() as stack:
            stack.enter_context(create_app_session(output=self.screen.output))
            stack.enter_context(self._voices.installed())
            stack.enter_context(self._logs.installed())
            stack.callback(self._background.close)
            stack.callback(self._clear)
            yield self

    # -- pool and session, which are made while the first prompt waits -------------------------------------------

    @property
    def pool(self) -> Pool:
        """The pool."""
        with self._opening:
            if self._pool is None:
                self._pool = self._opened()
            return self._pool

    @property
    def session(self) -> Session:
        """The commands. They take a while to be there the first time."""
        with self._making:
            if self._session is None:
                from nsjob.shell.session import Session

                session = Session(lambda: self.pool, self._person)
                if self.pool.store:
                    _ = session.shell.pool  # with what other shells have defined
                for name, value in self.variables.items():
                    session.interp.globals.set(name, None, value)
                self._session = session
            return self._session

    @property
    def _troubles(self) -> Any:
        from nsjob.shell.troubles import Troubles  # late: not before something goes wrong

        return Troubles(self.screen.paint)

    def _warm(self) -> None:
        threading.Thread(target=self._colour, name="nsjob-warm", daemon=True).start()

    def _colour(self) -> None:
        session = self.session
        from nsjob.shell.line.brackets import MatchingBrackets
        from nsjob.shell.line.highlight import NsjobLexer
        from nsjob.shell.line.palette import typing_style

        lexer = NsjobLexer(session)
        self.reading.colour(Colours(lexer, _COLOURED), MatchingBrackets(lexer), typing_style())
        _ = self.pool

    def _completer(self) -> Completer:
        session = self.session
        from nsjob.shell.line.completion import NsjobCompleter

        return NsjobCompleter(session)

    def _validator(self) -> Validator:
        session = self.session
        from nsjob.shell.line.validation import NsjobValidator

        return NsjobValidator(session)

    # -- read, evaluate, show ------------------------------------------------------------------------------------

    def greet(self) -> None:
        """Say where the person is."""
        self.screen.line(self.screen.paint(f"nsjob: {_HINT}", "dim"))

    def say(self, sentence: str) -> None:
        """Show a sentence of the shell's own."""
        self.screen.line(self._troubles.note(sentence))

    def read_rc(self) -> None:
        """Evaluate the person's own commands, where there are any."""
        from nsjob.shell.rc import rc_path

        path = rc_path()
        if not path or not os.path.lexists(path):
            return
        from nsjob.shell.rc import read_rc

        try:
            with self._voices.speaking():
                trouble = read_rc(self.session)
        except KeyboardInterrupt:
            trouble = f"{path} was stopped"
        if trouble:
            self.say(trouble)

    def until_left(self) -> int:
        """Evaluate what is entered, until the person leaves. Returns the exit code."""
        while True:
            try:
                trouble = self._past.take_trouble()
                if trouble:
                    self.say(trouble)
                entry = self.reading.entry()
                if entry.strip():
                    self._evaluate(entry)
            except KeyboardInterrupt:
                continue
            except EOFError:
                return 0
            except SystemExit as ended:
                return exit_code(ended)

    def _evaluate(self, entry: str) -> None:
        from nsjob.tcl import TclError
        from nsjob.tcl.errors import TclInterrupted

        session = self.session
        self._person.waited = None
        try:
            with self._voices.speaking(), gentle_interrupts():
                result = session.eval(entry)
            self._show(result)
        except TclError as error:
            self._failed(error, entry)
        except (KeyboardInterrupt, TclInterrupted):
            self.screen.echoed()
            self.say(self._interrupted())
        except Exception:
            import traceback

            self.screen.line(self._troubles.of_nsjob(traceback.format_exc()))

    def _failed(self, error: TclError, entry: str) -> None:
        from nsjob.shell.files.failures import script_failure
        from nsjob.shell.files.sources import Source

        failure = script_failure(error, Source(entry, ""), self.session.shell)
        self.screen.line(self._troubles.of_script(error, failure, entry))

    def _interrupted(self) -> str:
        waited = self._person.waited
        counts = self.pool.counts()
        live = counts.scheduled + counts.running
        if waited is not None and waited[1]:
            return f"the waiting was stopped; {waited[0][0]} {waited[1]} goes on"
        goes_on = f"; {counted(live)} {'goes' if live == 1 else 'go'} on" if live else ""
        return f"{'the waiting' if waited is not None else 'the command'} was stopped{goes_on}"

    def _show(self, value: Any) -> None:
        from nsjob.shell.session import is_empty
        from nsjob.shell.view.render import shown

        if is_empty(value):
            return
        self._background.settle(_MOMENT)  # what jobs printed before their result is shown before it
        text = shown(value, self.screen.width, self.screen.colour)
        if not text:
            return
        if text.count("\n") < self.screen.height - 1 or self.screen.plain:
            self.screen.line(text)
            return
        from nsjob.shell.view.pager import paged

        self.screen.fresh()
        with self.screen.lent(), self._voices.speaking():
            paged(text, self.screen.height)

    def leaving(self) -> Leaving:
        """What is asked at the end."""

        def wait() -> None:
            with self._person.waiting(self.pool.queues(), ""):
                self.pool.waitall()

        if self.pool.store:
            from nsjob.shell.stored_leaving import StoredLeaving  # late: only who has a store needs it

            return StoredLeaving(cast("StoredPool", self.pool), self._questions.choice, self.say)
        return Leaving(self.pool, self._questions.choice, wait, self.say)

    def let_go(self) -> None:
        """Leave a store, however the prompt was left: what still runs here goes back to it."""
        if self._pool is not None and self._pool.store:
            self.leaving().cancel()

    # -- what comes to the screen --------------------------------------------------------------------------------

    def _progress(self, queues: Sequence[str], job: str) -> AbstractContextManager[Any]:
        if self.screen.plain:
            return nullcontext()
        if self._display is None:
            from nsjob.shell.view.progress import Display
            from nsjob.shell.view.strip import Strip
            from nsjob.shell.view.terminal import Terminal

            self.screen.strip = strip = Strip(Terminal(self.screen.stream))
            self._display = Display(self.pool, strip)
        from nsjob.shell.view.progress import Wait

        return Wait(self._display, queues, job)

    def _clear(self) -> None:
        """Take away what is shown of waits."""
        if self._display is not None:
            self._display.clear()

    def _draw(self, title: str, value: Any) -> None:
        from nsjob.shell.view.render import shown

        head = f"{self.screen.paint(title, 'bold')}  {self.screen.paint(time.strftime('%H:%M:%S'), 'dim')}"
        self.screen.draw(f"{head}\n{shown(value, self.screen.width, self.screen.colour)}")

    def _direct(self, stream: Any, text: str) -> None:
        self.screen.pass_on(stream, text)

    def _aside(self, who: Speaker, text: str, error: bool) -> None:
        self._background.write(Mark(*who, error), text, patient=not self._is_prompt_thread())

    def _logged(self, text: str, level: int) -> None:
        self._background.write(Mark(*(speaker() or ("", "")), level >= 30), text + "\n", patient=False)

    def _is_prompt_thread(self) -> bool:
        return threading.current_thread() is threading.main_thread()

    def _marked(self, mark: Mark) -> str:
        bar = self.screen.sign("│", "|")
        bar = self.screen.paint(bar, "wrong" if mark.error else "dim")
        return f"{self.screen.paint(f'{mark.queue} {mark.job}', 'mark')} {bar} " if mark.job else f"{bar} "


def _loop_runs() -> bool:
    """Whether an event loop runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def exit_code(ended: SystemExit) -> int:
    """The code that a program ends with by this exception."""
    code = ended.code
    return code if isinstance(code, int) else 0 if code is None else 1
