"""Reading: one entry at the prompt, of one line or many. Puts keys, history and toolbar together; evaluates nothing."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prompt_toolkit.filters import is_done
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.layout.processors import ConditionalProcessor
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.renderer import CPR_Support
from prompt_toolkit.shortcuts import PromptSession
from prompt_toolkit.styles import BaseStyle, Style, merge_styles

from nsjob.shell.keys import Keys
from nsjob.shell.past import FromPast, Past
from nsjob.shell.screen import Screen
from nsjob.shell.toolbar import Toolbar

if TYPE_CHECKING:
    from prompt_toolkit.completion import Completer
    from prompt_toolkit.layout.processors import Processor
    from prompt_toolkit.lexers import Lexer
    from prompt_toolkit.validation import Validator

__all__ = ["Reading"]

_PROMPT = FormattedText([("class:prompt", "nsjob>"), ("", " ")])
_MORE = FormattedText([("class:prompt.more", "   ..."), ("", " ")])
_LONG = 100_000  # signs of a text that is not indented any more
_STYLE = {
    "prompt": "bold ansicyan",
    "prompt.more": "ansicyan",
    "bottom-toolbar": "noreverse",
    "bottom-toolbar.text": "noreverse",
    "toolbar.none": "ansibrightblack",
    "toolbar.between": "ansibrightblack",
    "toolbar.idle": "",
    "toolbar.scheduled": "",
    "toolbar.running": "bold ansicyan",
    "toolbar.done": "ansigreen",
    "toolbar.failed": "bold ansired",
    "auto-suggestion": "ansibrightblack",
    "validation-toolbar": "noreverse ansired",
}


class Reading:
    """The prompt itself.

    Arguments:
        in_thread: whether the terminal is read in a thread of its own, since an event loop runs in this one.
        drawn: called once, in the prompt's thread, when the first prompt can be seen.
    """

    def __init__(
        self,
        screen: Screen,
        past: Past,
        toolbar: Toolbar,
        completer: Completer,
        validator: Validator,
        in_thread: bool,
        drawn: Callable[[], object],
    ) -> None:
        self._screen = screen
        self._toolbar = toolbar
        self._in_thread = in_thread
        self._drawn: Callable[[], object] | None = drawn
        self._interrupts = 0  # that came while the terminal was not the prompt's
        self._session: PromptSession[str] = PromptSession(
            _PROMPT,
            multiline=True,
            prompt_continuation=_continuation,
            history=past,
            auto_suggest=FromPast(past),
            enable_history_search=True,
            enable_open_in_editor=True,
            enable_suspend=True,
            completer=completer,
            validator=validator,
            complete_while_typing=False,
            complete_in_thread=True,
            validate_while_typing=False,
            tempfile_suffix=".tcl",
            key_bindings=Keys(_is_complete, _indentation, _closing).bindings(),
            bottom_toolbar=toolbar,
            style=Style.from_dict(_STYLE),
            color_depth=None if screen.colour else ColorDepth.DEPTH_1_BIT,
            output=None if screen.plain else screen.output,
        )
        self._session.app.ttimeoutlen = 0.1
        self._session.app.renderer.cpr_not_supported_callback = None
        self._session.app.after_render += lambda _: self._rendered()

    def colour(self, lexer: Lexer, brackets: Processor, style: BaseStyle) -> None:
        """Colour what is typed from now on."""
        self._session.lexer = lexer
        self._session.input_processors = [ConditionalProcessor(brackets, ~is_done)]
        self._session.style = merge_styles([style, Style.from_dict(_STYLE)])
        self._session.app.invalidate()

    def entry(self) -> str:
        """What the person enters.

        Raises:
            KeyboardInterrupt: Ctrl-C.
            EOFError: Ctrl-D.
            SystemExit: see `leave`.
        """
        app = self._session.app
        with self._unbroken(), self._screen.prompting(app, lambda: f"nsjob> {self._session.default_buffer.text}"):
            return self._session.prompt(in_thread=self._in_thread, pre_run=self._begun, handle_sigint=False)

    @contextmanager
    def _unbroken(self) -> Iterator[None]:
        """Ctrl-C is a key while the prompt has the terminal, and SIGINT does the same. Neither breaks the event loop.

        prompt_toolkit's own way with the signal is not used: it fails where one comes while a prompt ends.

        Raises:
            KeyboardInterrupt: it came when the entry was there already.
        """
        main = threading.current_thread() is threading.main_thread()
        if self._in_thread or not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            yield
            return
        signal.signal(signal.SIGINT, self._interrupted)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            came, self._interrupts = self._interrupts, 0
        if came:
            raise KeyboardInterrupt

    def _interrupted(self, number: int, frame: object) -> None:
        if not self._end(KeyboardInterrupt()):
            self._interrupts += 1

    def leave(self, code: int) -> bool:
        """Let `entry` raise SystemExit. From a signal handler. Returns whether a prompt is there at all."""
        return self._end(SystemExit(code))

    def _end(self, error: BaseException) -> bool:
        app = self._session.app
        loop = app.loop
        if loop is None or not app.is_running:
            return False

        def end() -> None:
            if app.is_running and not app.is_done:
                app.exit(exception=error, style="class:aborting")

        try:
            loop.call_soon_threadsafe(end)
        except RuntimeError:
            return False
        return True

    def _begun(self) -> None:
        self._interrupts = 0
        app = self._session.app
        app.create_background_task(self._toolbar.follow(app.invalidate))
        if self._screen.plain:
            self._rendered()

    def _rendered(self) -> None:
        renderer = self._session.app.renderer
        if renderer.cpr_support == CPR_Support.NOT_SUPPORTED and not renderer.height_is_known:
            # Such a terminal never tells where the cursor is. The toolbar is then right below the line.
            renderer._min_available_height = 1
            self._session.app.invalidate()
        drawn, self._drawn = self._drawn, None
        if drawn is not None:
            asyncio.get_running_loop().call_soon(drawn)


def _continuation(width: int, line: int, wraps: int) -> FormattedText:
    return FormattedText([("", " " * width)]) if wraps else _MORE


# The first prompt is there before the language is: another thread imports it meanwhile. Its rooms cannot be imported
# one by one beside that: the two would wait for each other, and Python then gives one of them half a module. So each of
# these begins with the package, which waits until all of it is there.


def _is_complete(text: str) -> bool:
    from nsjob.tcl import is_complete

    return is_complete(text)


def _indentation(text: str) -> str:
    import nsjob.tcl  # noqa: F401
    from nsjob.shell.line.indentation import indentation

    return indentation(text) if len(text) <= _LONG else ""


def _closing(text: str) -> str:
    import nsjob.tcl  # noqa: F401
    from nsjob.shell.line.indentation import closing_indentation

    return closing_indentation(text) if len(text) <= _LONG else ""
