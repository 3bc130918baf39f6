"""The command `template`: scripts by name, with options and a JSON Schema for the input of their jobs."""

from __future__ import annotations

from typing import Annotated, Any, Unpack

from nsjob.commands.declare import NS_JOB
from nsjob.commands.ensemble import Ensemble, Specs
from nsjob.commands.kinds import (
    FilePath,
    Flag,
    Json,
    Kind,
    Language,
    Script,
    TemplateName,
    Time,
    Words,
    as_text,
    json_value,
)
from nsjob.commands.queueing import CommonWords, body_of, given_script, hinted, pool_options
from nsjob.commands.records import template_record
from nsjob.commands.shell import Shell
from nsjob.commands.spec import Spec
from nsjob.errors import OptionError, SnippetError
from nsjob.pool.work import Script as ForeignScript

__all__ = ["TEMPLATE"]

TEMPLATE = Ensemble("ns_job template", "", Specs())

_NAMES = ("activate", "create", "deactivate", "delete", "edit", "list", "show")
_Subcommand = Annotated[str, Kind("subcommand", as_text, choices=_NAMES)]


NO_SCHEMA: dict[str, Any] = {}
"""What an empty word stands for: a schema that lets anything pass is none."""
SchemaText = Annotated[Any, Kind("json", lambda label, value: NO_SCHEMA if value == "" else json_value(label, value))]


class TemplateWords(CommonWords, total=False):
    """Options that a template can have for all its jobs."""

    detached: Annotated[Flag, "Nobody waits for its jobs: each leaves the queue when done; a failure is logged."]
    delay: Annotated[Time, "Its jobs do not start before this time is over."]


@NS_JOB.subcommand()
def template(shell: Shell, subcommand: _Subcommand, *arg: Words) -> Any:
    """Make, change and list templates: scripts by name, with options and a JSON Schema for the input of their jobs.

    `queue -template name` and `run -template name` queue jobs from one. Their -input is JSON: it is checked when the
    job is queued, and again when it begins. A change never touches jobs that were queued.

    template create name ?-schema json? ?-inactive? ?-option value ...? script; template edit name ?options? ?script?;
    template show, delete, activate, deactivate name; template list.

    Arguments:
        subcommand: What is to be done: create, edit, show, list, activate, deactivate or delete.
        arg: The name of the template, options, and its script.

    Example:
        create q
        template create double -timeout 30s -retries 2 {job.input * 2}
        wait q [queue -template double -input 21 q]
        template list
    """
    words = list(arg)
    name = TEMPLATE.find(subcommand)
    return TEMPLATE.commands[name].run(shell.interp, _options_first(TEMPLATE.specs[name], words))


def _options_first(spec: Spec, words: list[Any]) -> list[Any]:
    """The words with options that stand behind the template's name put before it."""
    if not spec.options or not words or _is_option(words[0]):
        return words
    at = 1
    while at < len(words) and _is_option(words[at]):
        word = words[at]
        at += 1
        if word == "--":
            break
        if spec.option(word).kind is not None:
            at += 1
    if at > len(words):  # the last one lacks its value, and is to be told so
        return words[1:]
    return [*words[1:at], words[0], *words[at:]]


def _is_option(word: Any) -> bool:
    return type(word) is str and len(word) > 1 and word[0] == "-" and word[1] not in "0123456789."


def _body(
    shell: Shell, command: str, script: str | None, lang: str | None, file: str | None
) -> str | ForeignScript | None:
    script = given_script(f"template {command}", script, file)
    if script is None:
        if lang is not None:
            raise OptionError(f"template {command}: -lang is the language of a script, and none is given")
        return None
    return body_of(shell, "", script, lang)


@TEMPLATE.subcommand(required="script")
def create(
    shell: Shell,
    name: TemplateName,
    script: Script | None = None,
    *,
    schema: Json | None = None,
    inactive: Flag = False,
    lang: Language | None = None,
    file: FilePath | None = None,
    **options: Unpack[TemplateWords],
) -> str:
    """Make a template and return its name. Options may stand before its name or behind it.

    Arguments:
        name: Its name.
        script: What its jobs do; it finds the input as job.input.
        schema: A JSON Schema for the input, as JSON; any input will do where none is given.
        inactive: No jobs can be queued from it before it is activated.
        lang: The language of the script.
        file: Read the script from this file; none is given as a word then.

    Example:
        template create upper -schema {{"type": "string"}} {job.input.upper()}
    """
    body = _body(shell, "create", script, lang, file)
    if body is None:
        raise TEMPLATE.specs["create"].wrong_args()
    given: dict[str, Any] = pool_options(dict(options))
    try:
        return shell.pool.template_create(name, body, schema, active=not inactive, **given)
    except SnippetError as error:
        raise hinted(error, script or "") from None


@TEMPLATE.subcommand()
def edit(
    shell: Shell,
    name: TemplateName,
    script: Script | None = None,
    *,
    schema: SchemaText | None = None,
    lang: Language | None = None,
    file: FilePath | None = None,
    **options: Unpack[TemplateWords],
) -> str:
    """Change a template for the jobs that will be queued from it. What is not given stays as it is.

    Arguments:
        name: Its name.
        script: What its jobs do.
        schema: A JSON Schema for the input, as JSON; an empty word for none.
        lang: The language of the script.
        file: Read the script from this file; none is given as a word then.

    Example:
        template create double {job.input * 2}
        template edit double -retries 3
    """
    body = _body(shell, "edit", script, lang, file)
    given: dict[str, Any] = pool_options(dict(options))
    if schema is not None:
        given["schema"] = None if schema == NO_SCHEMA else schema
    if body is None and not given:
        raise OptionError("template edit: nothing is to be changed: give options, or a script")
    try:
        shell.pool.template_edit(name, body, **given)
    except SnippetError as error:
        raise hinted(error, script or "") from None
    return ""


@TEMPLATE.subcommand()
def delete(shell: Shell, name: TemplateName) -> str:
    """Remove a template. Jobs that were queued from it stay.

    Arguments:
        name: Its name.

    Example:
        template create double {job.input * 2}
        template delete double
    """
    shell.pool.template_delete(name)
    return ""


@TEMPLATE.subcommand(name="list", records=True)
def list_(shell: Shell) -> list[Any]:
    """Return all templates, each with its script, its schema and its options.

    Example:
        template list
    """
    return [template_record(info) for info in shell.pool.templates()]


@TEMPLATE.subcommand(records=True)
def show(shell: Shell, name: TemplateName) -> Any:
    """Return one template: its script, its schema and its options.

    Arguments:
        name: Its name.

    Example:
        template create double {job.input * 2}
        template show double
    """
    return template_record(shell.pool.template(name))


@TEMPLATE.subcommand()
def activate(shell: Shell, name: TemplateName) -> str:
    """Let jobs be queued from a template again.

    Arguments:
        name: Its name.

    Example:
        template create -inactive double {job.input * 2}
        template activate double
    """
    shell.pool.template_edit(name, active=True)
    return ""


@TEMPLATE.subcommand()
def deactivate(shell: Shell, name: TemplateName) -> str:
    """Let no more jobs be queued from a template. Those that were queued stay.

    Arguments:
        name: Its name.

    Example:
        template create double {job.input * 2}
        template deactivate double
    """
    shell.pool.template_edit(name, active=False)
    return ""
