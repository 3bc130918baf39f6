"""Questions: asked at the terminal, answered with one key."""

from __future__ import annotations

from collections.abc import Mapping

from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.shortcuts import PromptSession

from nsjob.shell.screen import Screen

__all__ = ["Questions"]


class Questions:
    """Who asks.

    Arguments:
        in_thread: whether the terminal is read in a thread of its own, since an event loop runs in this one.
    """

    def __init__(self, screen: Screen, in_thread: bool = False) -> None:
        self._screen = screen
        self._in_thread = in_thread

    def yes(self, question: str) -> bool:
        """Whether the answer is yes. Enter, Escape and Ctrl-D are no.

        Raises:
            KeyboardInterrupt: it is Ctrl-C.
        """
        keys = {"y": "yes", "Y": "yes", "n": "no", "N": "no", "enter": "no", "escape": "no", "c-d": "no"}
        return self.choice(f"{question} [y/N] ", keys) == "yes"

    def choice(self, question: str, answers: Mapping[str, str]) -> str:
        """The answer that was chosen.

        Arguments:
            answers: by the keys, as prompt_toolkit names them.

        Raises:
            KeyboardInterrupt: it is Ctrl-C.
            EOFError: the terminal is gone.
        """
        bindings = KeyBindings()

        def bind(key: str, answer: str) -> None:
            @bindings.add(key, eager=True)
            def _(event: KeyPressEvent) -> None:
                event.current_buffer.text = answer
                event.app.exit(result=answer)

        @bindings.add(Keys.Any)
        def _(event: KeyPressEvent) -> None:
            self._screen.bell()

        for key, answer in answers.items():
            bind(key, answer)
        session: PromptSession[str] = PromptSession(
            FormattedText([("bold", question)]),
            key_bindings=bindings,
            output=None if self._screen.plain else self._screen.output,
        )
        with self._screen.prompting(session.app, lambda: question):
            return session.prompt(in_thread=self._in_thread)
