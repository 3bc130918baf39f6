"""The commands on processes: `exec` and `pid`, and the channels of `open |...`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from nsjob.tcl.command import Family, choose, wrong_args
from nsjob.tcl.errors import TclError
from nsjob.tcl.library.channel import Channel, channel_named, open_channels
from nsjob.tcl.library.pipelines import Plan, planned, start
from nsjob.tcl.values import text

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = ["FAMILY", "command_channel"]

FAMILY = Family("Processes")


@FAMILY.command("exec", "?-option ...? arg ?arg ...?", 0, -1)
def exec_(interp: Interp, arguments: list[Any]) -> Any:
    """Run a pipeline of programs and return what it wrote, without the last newline. No shell is involved.

    Words of the pipeline: `|`, `|&`, `< file`, `<@ channel`, `<< text`, `> file`, `>> file`, `>@ channel`, `2>`, `2>>`,
    `2>@`, `2>@1`, `>&`, `>>&`, `>&@`, and `&` at the end, for the background: the pids are the result.
    Options: `-ignorestderr`, `-keepnewline`, `--`. A failure, or text on stderr, is an error; see `errorCode`.
    """
    words = [text(argument) for argument in arguments]
    options: set[str] = set()
    while words and words[0].startswith("-"):
        option = choose(words.pop(0), ["-ignorestderr", "-keepnewline", "--"], "option", exact=True)
        if option == "--":
            break
        options.add(option)
    if not words:
        raise wrong_args("exec", "?-option ...? arg ?arg ...?")
    if words[-1] == "&":
        return in_background(interp, words[:-1])
    return output_of(interp, words, keeps_newline="-keepnewline" in options, ignores="-ignorestderr" in options)


def in_background(interp: Interp, words: list[str]) -> list[int]:
    """Start a pipeline, and return the numbers of its processes."""
    plan = planned(interp, words)
    try:
        plan.source = inherited(interp, plan, "stdin") if plan.source is None else plan.source
        plan.output = inherited(interp, plan, "stdout") if plan.output is None else plan.output
        if plan.errors is None and not plan.errors_follow:
            plan.errors = inherited(interp, plan, "stderr")
        pipeline = start(plan, None)
        pipeline.detach()
        return pipeline.pids
    finally:
        plan.close()


def inherited(interp: Interp, plan: Plan, name: str) -> int | None:
    """Return the descriptor of a standard channel; None, the process's own, where it is none of the system's."""
    channel: Any = open_channels(interp).get(name)
    if channel is None:
        return plan.own(os.open(os.devnull, os.O_RDWR))
    if channel.writable:
        channel.flush()
    found: int | None = channel.descriptor()
    return found


def waited_sink(interp: Interp, plan: Plan, name: str) -> int | None:
    """Return a descriptor for what a pipeline that is waited for writes to a standard channel."""
    channel = open_channels(interp).get(name)
    return plan.own(os.open(os.devnull, os.O_RDWR)) if channel is None else plan.sink(channel)


def waited_spring(interp: Interp, plan: Plan) -> int | None:
    channel = open_channels(interp).get("stdin")
    return plan.own(os.open(os.devnull, os.O_RDONLY)) if channel is None else plan.spring(channel)


def output_of(interp: Interp, words: list[str], *, keeps_newline: bool, ignores: bool) -> str:
    """Run a pipeline to its end.

    Arguments:
        ignores: text on stderr is passed on, and is no error.
    """
    plan = planned(interp, words)
    reader: Channel | None = None
    try:
        if plan.source is None:
            plan.source = waited_spring(interp, plan)
        complaints = None
        if plan.errors is None and not plan.errors_follow:
            if ignores:
                plan.errors = waited_sink(interp, plan, "stderr")
            else:
                complaints = plan.temporary()
                plan.errors = complaints.fileno()
        writer: int | None = None
        if plan.output is None:
            descriptor, writer = os.pipe()
            reader = Channel(f"file{descriptor}", descriptor, None)
            plan.output = writer
        try:
            pipeline = start(plan, complaints)
        finally:
            if writer is not None:
                os.close(writer)
        try:
            result = reader.rest() if reader is not None else ""
        except BaseException:
            pipeline.kill()
            raise
        failed: TclError | None = None
        try:
            pipeline.finish()
        except TclError as error:
            failed = error
            result += str(error)
        if result.endswith("\n") and not keeps_newline:
            result = result[:-1]
        if failed is not None:
            raise TclError(result, *failed.code)
        return result
    finally:
        if reader is not None:
            reader.close()
        plan.close()


def command_channel(interp: Interp, words: list[Any], *, reading: bool, writing: bool) -> Channel:
    """Start a pipeline for `open |...`, and return its channel."""
    plan = planned(interp, [text(word) for word in words])
    ends: list[int] = []
    mine: dict[str, int] = {}
    try:
        if reading and plan.output is not None:
            raise TclError("can't read output from command: standard output was redirected",
                           "TCL", "OPERATION", "EXEC", "BADREDIRECT")  # fmt: skip
        if writing and plan.source is not None:
            raise TclError("can't write input to command: standard input was redirected",
                           "TCL", "OPERATION", "EXEC", "BADREDIRECT")  # fmt: skip
        if writing:
            plan.source, mine["writer"] = os.pipe()
            ends.append(plan.source)
        elif plan.source is None:
            plan.source = waited_spring(interp, plan)
        if reading:
            mine["reader"], plan.output = os.pipe()
            ends.append(plan.output)
        elif plan.output is None:
            plan.output = waited_sink(interp, plan, "stdout")
        complaints = None
        if plan.errors is None and not plan.errors_follow:
            complaints = plan.temporary()
            plan.errors = complaints.fileno()
        pipeline = start(plan, complaints)
    except BaseException:
        for descriptor in mine.values():
            os.close(descriptor)
        plan.close()
        raise
    finally:
        for descriptor in ends:
            os.close(descriptor)
    name = f"file{mine.get('reader', mine.get('writer'))}"
    return Channel(name, mine.get("reader"), mine.get("writer"), pipeline)


@FAMILY.command("pid", "?channelId?", 0, 1)
def pid(interp: Interp, arguments: list[Any]) -> Any:
    """Return the number of this process, or the numbers of a pipeline's."""
    if not arguments:
        return os.getpid()
    channel = channel_named(interp, text(arguments[0]))
    return [] if channel.pipeline is None else channel.pipeline.pids
