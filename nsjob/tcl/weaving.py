"""Weaving: how control commands and the commonest others are compiled in, where their arguments allow it.

Each has a command of the same meaning in `library`, which is called where it cannot be woven in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from sys import getrefcount
from typing import Any

from nsjob.tcl.arithmetic import tidy
from nsjob.tcl.bodies import tries
from nsjob.tcl.compile import (
    BREAKING,
    CONTINUING,
    FAST,
    PLAIN,
    RETURNING,
    WEAVES,
    Code,
    Compiler,
    Context,
    Jump,
    Weave,
    constant,
    reading,
)
from nsjob.tcl.errors import BREAK, CONTINUE, Signal, TclError
from nsjob.tcl.folding import converts
from nsjob.tcl.frames import Frame, Inlined, split_name, unsettable
from nsjob.tcl.inlining import FOREACH, INCR, LAPPEND, WHILE, Inline, loop, statement
from nsjob.tcl.outcomes import caught
from nsjob.tcl.parser import Command, Word
from nsjob.tcl.places import own_list
from nsjob.tcl.values import ALONE, canonical, elements, integer, number, text

__all__ = ["concatenate", "extend", "increase", "loop_columns", "looping"]


def weave(name: str) -> Callable[[Weave], Weave]:
    """Declare how a command is compiled in. None: it is called like any other."""

    def declare(made: Weave) -> Weave:
        WEAVES[name] = made
        return made

    return declare


def _plain_name(word: Word) -> str | None:
    """The name of a plain variable that a word is for certain, or None."""
    name = word.value
    if name is None or "::" in name or (name.endswith(")") and "(" in name):
        return None
    return name


@weave("set")
def _set(compiler: Compiler, command: Command, context: Context) -> Code | None:
    words = command.words
    name = _plain_name(words[1]) if len(words) in (2, 3) else None
    note = compiler.noter(command)
    if name is None:
        return None
    if len(words) == 2:
        read = reading(name, compiler.procedure)

        def get(frame: Frame) -> Any:
            try:
                return read(frame)
            except TclError as error:
                note(error)
                raise

        return get
    value = compiler.word(words[2])

    def assign(frame: Frame) -> Any:
        try:
            new = value(frame)
            if frame.others and name in frame.others:
                return frame.set(name, None, new)
        except TclError as error:
            note(error)
            raise
        frame.vars[name] = new
        return new

    return assign


def _inlined(compiler: Compiler, inline: Inline) -> Code:
    """Code for a statement, which a loop may put into itself."""
    code = statement(inline)
    compiler.inlines[code] = inline
    return code


@weave("incr")
def _incr(compiler: Compiler, command: Command, context: Context) -> Code | None:
    words = command.words
    name = _plain_name(words[1]) if len(words) in (2, 3) else None
    if name is None:
        return None
    note = compiler.noter(command)
    amount: Any = 1 if len(words) == 2 else canonical(words[2].value) if words[2].value is not None else None
    by = compiler.word(words[2]) if len(words) == 3 else constant(1)

    def slowly(frame: Frame) -> Any:
        try:
            more = by(frame)
            old = frame.vars.get(name)
            if type(old) is int and type(more) is int:
                frame.vars[name] = new = old + more
                return new
            return increase(frame, name, more)
        except TclError as error:
            note(error)
            raise

    if type(amount) is int:
        return _inlined(compiler, Inline(INCR, {"name": name, "amount": amount, "slowly": slowly}))
    return slowly


def _writable(frame: Frame, name: str, key: str | None) -> None:
    """What is changed must not be an array: Tcl's error is one of setting, not of reading."""
    if key is None and frame.others and frame.array(name) is not None:
        raise unsettable(name, "variable is array")


def increase(frame: Frame, name: str, amount: Any) -> int:
    """What `incr` does."""
    name, key = split_name(name)
    _writable(frame, name, key)
    old: Any = 0
    if key is not None and not frame.exists(name):
        frame.make_array(name)
    if frame.exists(name, key):
        old = frame.get(name, key)
    elif key is not None and frame.exists(name) and frame.array(name) is None:
        try:
            frame.get(name, key)  # an array's element is wanted, but it is none: the error says so
        except TclError as error:
            if frame.caller is None:
                error.add("\n    (reading value of variable to increment)")
            raise
    if number(old) is None or number(amount) is not None:
        old = integer(old)
    try:
        more = integer(amount)
    except TclError as error:
        error.add("\n    (reading increment)")
        raise
    return int(frame.set(name, key, old + more))


@weave("lappend")
def _lappend(compiler: Compiler, command: Command, context: Context) -> Code | None:
    words = command.words
    name = _plain_name(words[1]) if len(words) == 3 else None
    if name is None:
        return None
    value = compiler.word(words[2])
    note = compiler.noter(command)

    def lappend(frame: Frame) -> Any:
        try:
            new = value(frame)
            old = frame.vars.get(name)
            if type(old) is list and getrefcount(old) == ALONE:
                old.append(new)
                return old
            old = None
            return extend(frame, name, [new])
        except TclError as error:
            note(error)
            raise

    variable = compiler.local(words[2])
    if variable is None:
        return lappend
    return _inlined(compiler, Inline(LAPPEND, {"name": name, "variable": variable, "slowly": lappend}))


def extend(frame: Frame, name: str, new: list[Any]) -> Any:
    """What `lappend` does: in place where nobody else has the list."""
    name, key = split_name(name)
    _writable(frame, name, key)
    there, base, index = frame.resolve(name, key)
    holder = there.vars if index is None else there.array(base)
    where = base if index is None else index
    if holder is None or where not in holder:
        return frame.set(name, key, new)
    values = own_list(holder, where)
    values.extend(new)
    holder[where] = values
    return values


@weave("append")
def _append(compiler: Compiler, command: Command, context: Context) -> Code | None:
    words = command.words
    name = _plain_name(words[1]) if len(words) == 3 else None
    if name is None:
        return None
    value = compiler.word(words[2])
    note = compiler.noter(command)

    def append(frame: Frame) -> Any:
        try:
            new = value(frame)
            if type(new) is not str:
                new = text(new)
            known = frame.vars
            old = known.get(name)
            if type(old) is str:
                known[name] = ""  # so that the text below has no other owner, and grows in place
                old += new
                known[name] = old
                return old
            return concatenate(frame, name, [new])
        except TclError as error:
            note(error)
            raise

    return append


def concatenate(frame: Frame, name: str, values: list[Any]) -> Any:
    """What `append` does."""
    name, key = split_name(name)
    _writable(frame, name, key)
    new = "".join([text(value) for value in values])
    if frame.exists(name, key):
        new = text(frame.get(name, key)) + new
    return frame.set(name, key, new)


@weave("expr")
def _expr(compiler: Compiler, command: Command, context: Context) -> Code | None:
    words = command.words
    if len(words) > 2:
        return _expr_of_words(compiler, command)
    node = compiler.expression(words[1]) if len(words) == 2 else None
    if node is None:
        return None
    note = compiler.noter(command)
    certain = node[0] == "binary" and node[1] in FAST  # its result is a number in its usual form

    noted = compiler.noted(node, note) if certain else None
    if noted is not None:
        return noted
    value = compiler.value(node)
    certain = certain or not converts(node)

    def expr(frame: Frame) -> Any:
        try:
            result = value(frame)
            return result if type(result) is int else tidy(result)
        except TclError as error:
            note(error)
            raise

    def expr_of_numbers(frame: Frame) -> Any:
        try:
            return value(frame)
        except TclError as error:
            note(error)
            raise

    return expr_of_numbers if certain else expr


def _expr_of_words(compiler: Compiler, command: Command) -> Code:
    """An expression of several words: compiled, they are joined by spaces and not trimmed."""
    codes = [compiler.word(word) for word in command.words[1:]]
    note = compiler.noter(command)

    def expr(frame: Frame) -> Any:
        try:
            return frame.interp.expr(" ".join([text(code(frame)) for code in codes]))
        except TclError as error:
            note(error)
            raise

    return expr


@weave("return")
def _return(compiler: Compiler, command: Command, context: Context) -> Code | None:
    words = command.words
    if not context.returns or len(words) > 2:
        return None
    value = compiler.word(words[1]) if len(words) == 2 else constant("")
    note = compiler.noter(command)
    compiler.jumping = True

    def leave(frame: Frame) -> Any:
        try:
            frame.result = value(frame)
        except TclError as error:
            note(error)
            raise
        return RETURNING

    return leave


@weave("break")
def _break(compiler: Compiler, command: Command, context: Context) -> Code | None:
    return _jump(compiler, BREAKING) if context.loops and len(command.words) == 1 else None


def _jump(compiler: Compiler, jump: Jump) -> Code:
    compiler.jumping = True
    return constant(jump)


@weave("continue")
def _continue(compiler: Compiler, command: Command, context: Context) -> Code | None:
    return _jump(compiler, CONTINUING) if context.loops and len(command.words) == 1 else None


@weave("catch")
def _catch(compiler: Compiler, command: Command, context: Context) -> Code | None:
    words = command.words
    if not 2 <= len(words) <= 4 or (len(words) > 2 and not compiler.procedure):
        return None
    body = compiler.body(words[1], PLAIN)
    names = [word.value for word in words[2:]]
    if body is None or None in names:
        return None
    run = body
    note = compiler.noter(command)

    def catch(frame: Frame) -> Any:
        try:
            return caught(frame.interp, lambda: run(frame), names)
        except TclError as error:
            note(error)
            raise

    return catch


@weave("try")
def _try(compiler: Compiler, command: Command, context: Context) -> Code | None:
    from nsjob.tcl.library.catching import try_woven  # late: the library needs this module

    words = command.words
    if not tries(words, compiler.procedure):
        return None
    codes = [compiler.word(word) for word in words[1:]]
    if compiler.procedure:
        for at in {*range(1, len(words), 4), len(words) - 1}:
            codes[at - 1] = constant(Inlined(words[at].value or ""))
    note = compiler.noter(command)

    def call(frame: Frame) -> Any:
        try:
            return try_woven(frame.interp, [code(frame) for code in codes])
        except TclError as error:
            note(error)
            raise

    return compiler.seamless(call, command)


@weave("array")
def _array(compiler: Compiler, command: Command, context: Context) -> Code | None:
    from nsjob.tcl.library.variables import array_woven  # late: the library needs this module

    return array_woven(compiler, command)


@weave("if")
def _if(compiler: Compiler, command: Command, context: Context) -> Code | None:
    words = command.words[1:]
    branches: list[tuple[Code, Code]] = []
    otherwise = constant("")
    while True:
        if len(words) < 2:
            return None
        node = compiler.expression(words[0])
        words = words[1:]
        if words[0].value == "then":
            words = words[1:]
        body = compiler.body(words[0], context) if words else None
        if node is None or body is None:
            return None
        branches.append((compiler.condition(node), body))
        words = words[1:]
        if not words:
            break
        if words[0].value == "elseif":
            words = words[1:]
            continue
        if words[0].value == "else":
            words = words[1:]
        if len(words) != 1:
            return None
        last = compiler.body(words[0], context)
        if last is None:
            return None
        otherwise = last
        break
    return _branching(branches, otherwise, compiler.noter(command))


def _branching(branches: list[tuple[Code, Code]], otherwise: Code, note: Callable[[TclError], None]) -> Code:
    if len(branches) == 1:
        ((test, body),) = branches

        def choose(frame: Frame) -> Any:
            try:
                chosen = body if test(frame) else otherwise
            except TclError as error:
                note(error)
                raise
            return chosen(frame)

        return choose

    def choose_among(frame: Frame) -> Any:
        chosen = otherwise
        try:
            for test, body in branches:
                if test(frame):
                    chosen = body
                    break
        except TclError as error:
            note(error)
            raise
        return chosen(frame)

    return choose_among


@weave("while")
def _while(compiler: Compiler, command: Command, context: Context) -> Code | None:
    words = command.words
    if len(words) != 3:
        return None
    node = compiler.expression(words[1])
    body, jumping = compiler.loop_body(words[2], context)
    if node is None or body is None:
        return None
    test, note = compiler.condition(node), compiler.noter(command)
    if not jumping:
        return loop(WHILE, compiler.pieces(body), test=test, note=note)
    return looping(test, body, None, note)


@weave("for")
def _for(compiler: Compiler, command: Command, context: Context) -> Code | None:
    words = command.words
    if len(words) != 5:
        return None
    start = compiler.body(words[1], PLAIN)
    node = compiler.expression(words[2])
    following = compiler.body(words[3], PLAIN)
    body, _ = compiler.loop_body(words[4], context)
    if start is None or node is None or following is None or body is None:
        return None
    begin = start
    loop = looping(compiler.condition(node), body, following, compiler.noter(command))

    def run(frame: Frame) -> Any:
        begin(frame)
        return loop(frame)

    return run


def looping(
    test: Code,
    body: Code,
    following: Code | None,
    note: Callable[[TclError], None],
    note_body: Callable[[TclError], None] | None = None,
    note_following: Callable[[TclError], None] | None = None,
) -> Code:
    """Code for a loop. The `note` functions enter what fails in the stack trace."""

    def loop(frame: Frame) -> Any:
        interp = frame.interp
        while True:
            try:
                if not test(frame):
                    return ""
            except TclError as error:
                note(error)
                raise
            try:
                result = body(frame)
                if type(result) is Jump:
                    if result is BREAKING:
                        return ""
                    if result is RETURNING:
                        return result
                result = None
            except Signal as signal:
                if signal.code == BREAK:
                    return ""
                if signal.code != CONTINUE:
                    raise
            except TclError as error:
                if note_body is not None:
                    note_body(error)
                raise
            if interp.stopping:
                interp.check()
            if following is not None:
                try:
                    following(frame)
                except Signal as signal:
                    if signal.code == BREAK:
                        return ""
                    raise
                except TclError as error:
                    if note_following is not None:
                        note_following(error)
                    raise

    return loop


@weave("foreach")
def _foreach(compiler: Compiler, command: Command, context: Context) -> Code | None:
    words = command.words
    if len(words) < 4 or len(words) % 2 or not compiler.procedure:
        return None
    groups = [_loop_variables(word) for word in words[1:-1:2]]
    values = [compiler.word(word) for word in words[2:-1:2]]
    body, jumping = compiler.loop_body(words[-1], context)
    if body is None or not all(groups):
        return None
    note = compiler.noter(command)
    if len(groups) == 1 and len(groups[0]) == 1:
        turns = None if jumping else loop(FOREACH, compiler.pieces(body), name=groups[0][0])
        return _foreach_element(groups[0][0], values[0], body, turns, note)

    def foreach(frame: Frame) -> Any:
        try:
            columns = loop_columns(groups, [elements(code(frame)) for code in values])
        except TclError as error:
            note(error)
            raise
        return _foreach_row(frame, columns, body, note)

    return foreach


def _loop_variables(word: Word) -> list[str]:
    """The names of plain variables that a word lists, or none where it is not certain that it does."""
    if word.value is None or re.search(r"[\"\\;$\[\]{}()]|::", word.value):
        return []
    return [text(name) for name in elements(word.value)]


def _foreach_element(
    name: str, values: Code, body: Code, turns: Callable[..., Any] | None, note: Callable[[TclError], None]
) -> Code:
    """Code for a `foreach` over the elements of one list; `turns` does all of it where no Jump can come."""

    def foreach(frame: Frame) -> Any:
        interp = frame.interp
        try:
            items = elements(values(frame))
        except TclError as error:
            note(error)
            raise
        if frame.others and name in frame.others:
            return _foreach_row(frame, [(name, items)], body, note)
        if turns is not None:
            return turns(frame, items)
        known = frame.vars
        for item in items:
            known[name] = item
            try:
                result = body(frame)
                if type(result) is Jump:
                    if result is BREAKING:
                        break
                    if result is RETURNING:
                        return result
                result = None
            except Signal as signal:
                if signal.code == BREAK:
                    break
                if signal.code != CONTINUE:
                    raise
            if interp.stopping:
                interp.check()
        return ""

    return foreach


def loop_columns(groups: list[list[str]], values: list[list[Any]]) -> list[tuple[str, list[Any]]]:
    """The variables of a `foreach`, each with its value in each turn; lists that end early are filled up."""
    turns = max(-(-len(items) // len(names)) for names, items in zip(groups, values, strict=True))
    columns: list[tuple[str, list[Any]]] = []
    for names, items in zip(groups, values, strict=True):
        for place, name in enumerate(names):
            column = items[place :: len(names)]
            columns.append((name, column + [""] * (turns - len(column))))
    return columns


def _foreach_row(
    frame: Frame, columns: list[tuple[str, list[Any]]], body: Code, note: Callable[[TclError], None]
) -> Any:
    interp = frame.interp
    for turn in range(len(columns[0][1])):
        for name, column in columns:
            try:
                frame.set(name, None, column[turn])
            except TclError as error:
                error.add(f'\n    (setting foreach loop variable "{name}")')
                note(error)
                raise
        try:
            result = body(frame)
            if result is BREAKING:
                break
            if result is RETURNING:
                return result
            result = None
        except Signal as signal:
            if signal.code == BREAK:
                break
            if signal.code != CONTINUE:
                raise
        if interp.stopping:
            interp.check()
    return ""
