"""Keys: what Enter, Tab and a few others do at the prompt. What is whole, and how far to indent, it asks others."""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit.application.current import get_app
from prompt_toolkit.buffer import Buffer, ValidationState
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, has_focus
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

__all__ = ["Keys"]

_STEP = 4  # blanks


class Keys:
    """The keys of the prompt; all others are as in Emacs.

    Arguments:
        is_complete: whether a text may be evaluated as it is.
        indentation: the blanks with which the line begins that follows a text.
        closing: the blanks before a closing brace that follows a text.
    """

    def __init__(
        self,
        is_complete: Callable[[str], bool],
        indentation: Callable[[str], str],
        closing: Callable[[str], str],
    ) -> None:
        self._is_complete = is_complete
        self._indentation = indentation
        self._closing = closing
        self._refused = ""  # what the validator did not like; who enters it again means it

    def bindings(self) -> KeyBindings:
        """The keys, for a PromptSession."""
        keys = KeyBindings()
        typing = has_focus(DEFAULT_BUFFER)
        keys.add("enter", filter=typing)(self._enter)
        keys.add("escape", "enter", filter=typing)(self._newline)
        keys.add("tab", filter=typing & _in_indentation)(self._tab)
        keys.add("backspace", filter=typing & _after_indentation)(self._backspace)
        keys.add("}", filter=typing & _in_indentation)(self._brace)
        return keys

    def _enter(self, event: KeyPressEvent) -> None:
        """Take a completion, begin a new line, or send what there is."""
        buffer = event.current_buffer
        if buffer.complete_state is not None and buffer.complete_state.current_completion is not None:
            buffer.complete_state = None
        elif self._is_complete(buffer.text):
            self._send(buffer)
        else:
            self._newline(event)

    def _send(self, buffer: Buffer) -> None:
        buffer.complete_state = None
        if buffer.validation_state == ValidationState.INVALID and buffer.text == self._refused:
            buffer.validation_state = ValidationState.VALID
            buffer.validation_error = None
        else:
            self._refused = buffer.text
        buffer.validate_and_handle()

    def _newline(self, event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        buffer.complete_state = None
        buffer.insert_text("\n" + self._indentation(buffer.document.text_before_cursor))

    def _tab(self, event: KeyPressEvent) -> None:
        column = event.current_buffer.document.cursor_position_col
        event.current_buffer.insert_text(" " * (_STEP - column % _STEP))

    def _backspace(self, event: KeyPressEvent) -> None:
        column = event.current_buffer.document.cursor_position_col
        event.current_buffer.delete_before_cursor((column - 1) % _STEP + 1)

    def _brace(self, event: KeyPressEvent) -> None:
        """A closing brace goes where the line with the opening one begins."""
        buffer = event.current_buffer
        before = buffer.document.text_before_cursor
        blanks = buffer.document.current_line_before_cursor
        buffer.delete_before_cursor(len(blanks))
        buffer.insert_text(self._closing(before) + "}")


@Condition
def _in_indentation() -> bool:
    """The cursor is after nothing but blanks, in a line after the first."""
    document = get_app().current_buffer.document
    return document.cursor_position_row > 0 and not document.current_line_before_cursor.strip()


@Condition
def _after_indentation() -> bool:
    document = get_app().current_buffer.document
    before = document.current_line_before_cursor
    return document.cursor_position_row > 0 and len(before) > 1 and not before.strip(" ")
