"""Templates: scripts by name, with options and a JSON Schema for their input; and the verbs about them.

A template that is changed is another object: jobs that were queued keep the one that they were queued from.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from nsjob.errors import InvalidInput, NoSuchTemplate, OptionError, TemplateExists, TemplateInactive
from nsjob.pool.job import Job
from nsjob.pool.options import NO_OPTIONS, flag, name_text
from nsjob.pool.records import TemplateInfo
from nsjob.pool.verbs import Verbs
from nsjob.pool.work import Script, Templated, Work
from nsjob.snippet import compile_snippet

if TYPE_CHECKING:
    from nsjob.pool.schemas import Schema

__all__ = ["UNCHANGED", "Template", "Templates", "template_changed", "template_made"]


class _Unchanged:
    def __repr__(self) -> str:
        return "unchanged"


UNCHANGED: Any = _Unchanged()
"""Given for a schema that stays as it is: None is for no schema."""

_OF_JOBS = ("jobid", "ifnew", "after", "unique", "input", "at", "block", "use")


@dataclasses.dataclass(frozen=True, slots=True)
class Template:
    """One template, as it is between two changes.

    Attributes:
        body: the script, as queues take it.
        options: the options of its jobs that it was given.
    """

    name: str
    body: Work
    schema: Schema | None
    options: Mapping[str, Any]
    active: bool

    @property
    def info(self) -> TemplateInfo:
        """What it is, as `template` tells."""
        return TemplateInfo(
            name=self.name,
            script=self.body.source,
            schema=None if self.schema is None else self.schema.source,
            timeout=cast("float | None", self.options.get("timeout")),
            retries=int(self.options.get("retries", 0)),
            active=self.active,
            options=MappingProxyType({key: self.options[key] for key in sorted(self.options)}),
        )

    def check(self, value: Any) -> None:
        """See whether an input is as the schema wants it.

        Raises:
            InvalidInput: it is not; says where, and what would be right.
        """
        if self.schema is not None:
            try:
                faults = self.schema.faults(value)
            except OptionError as error:
                faults = [str(error)]
            if faults:
                raise InvalidInput(f"the input is not as template {self.name} wants it: {'; '.join(faults)}")

    def around(self, work: Work) -> Work:
        """The work of a job that is queued from it."""
        return Templated(self.name, self.check if self.schema is not None else None, work)


def template_made(
    name: str, script: str | Script, schema: object, timeout: object, retries: object, active: object, options: Any
) -> Template:
    """A template of what `template_create` is given, all checked."""
    given = dict(options)
    if timeout is not None:
        given["timeout"] = timeout
    if retries != 0 or isinstance(retries, bool):
        given["retries"] = retries
    return Template(
        name_text("a template's name", name),
        _body(script),
        _schema(schema),
        _checked(given),
        flag("active", active),
    )


def template_changed(
    template: Template, script: str | Script | None, schema: object, active: object, options: Mapping[str, Any]
) -> Template:
    """The template with what `template_edit` is given put in, all checked."""
    given = {key: value for key, value in options.items() if not (key == "timeout" and value is None)}
    kept = {key: value for key, value in template.options.items() if key not in options}
    return dataclasses.replace(
        template,
        body=template.body if script is None else _body(script),
        schema=template.schema if schema is UNCHANGED else _schema(schema),
        options={**kept, **_checked(given)},
        active=template.active if active is None else flag("active", active),
    )


def _schema(schema: object) -> Schema | None:
    if schema is None:
        return None
    from nsjob.pool.schemas import Schema  # late: only who has schemas pays for it

    return Schema(schema)


def _body(script: object) -> Work:
    if isinstance(script, Script):
        return script
    if not isinstance(script, str):
        raise OptionError(f"script must be Python source (str), but got {type(script).__name__}")
    return compile_snippet(script if type(script) is str else str(script))


def _checked(given: dict[str, Any]) -> dict[str, Any]:
    for own in _OF_JOBS:
        if own in given:
            raise OptionError(f"{own} is for single jobs, not for a template")
    if isinstance(given.get("expires"), datetime):
        raise OptionError("a template's expires is a time from the moment when a job is queued, but got a datetime")
    checked = NO_OPTIONS.changed(given)
    return {name: getattr(checked, name) for name in given}


class Templates(Verbs):
    """How templates are made, changed and used. They belong to the pool."""

    _templates: dict[str, Template]

    def template_create(
        self,
        name: str,
        script: str | Script,
        schema: Mapping[str, Any] | bool | None = None,
        timeout: object = None,
        retries: int = 0,
        active: bool = True,
        **options: Any,
    ) -> str:
        """Make a template and return its name.

        Arguments:
            name: not empty.
            script: what its jobs do: Python source, which is compiled here, or a Script.
            schema: a JSON Schema for the input of its jobs; None for any input. It needs `nsjob[templates]`.
            timeout: seconds that one run may take; None for what the queue says.
            retries: how many more runs after a failure; 0 for what the queue says.
            active: whether jobs can be queued from it.
            options: more options of its jobs, see JobOptions: all but those of single jobs.

        Raises:
            TemplateExists, SnippetError, OptionError.
        """
        made = template_made(name, script, schema, timeout, retries, active, options)

        def enter() -> None:
            if made.name in self._templates:
                raise TemplateExists(made.name)
            self._templates[made.name] = made

        self._core.guarded(enter)
        return made.name

    def template_edit(
        self,
        name: str,
        script: str | Script | None = None,
        schema: Any = UNCHANGED,
        active: bool | None = None,
        **options: Any,
    ) -> None:
        """Change a template for the jobs that will be queued from it. Those that were queued stay as they are.

        Arguments:
            script: None leaves it as it is.
            schema: None lets any input pass; not given, it stays.
            active: None leaves it as it is.
            options: options of its jobs, `timeout` and `retries` among them; those not given stay.

        Raises:
            NoSuchTemplate, SnippetError, OptionError.
        """
        while True:
            before = self._template(name)
            made = template_changed(before, script, schema, active, options)
            if self._core.guarded(self._replace_template, before, made):
                return

    def _replace_template(self, before: Template, made: Template) -> bool:
        """Put one in the place of another. Returns whether that was still there. Under the lock."""
        if self._templates.get(before.name) is not before:
            return False
        self._templates[before.name] = made
        return True

    def template_delete(self, name: str) -> None:
        """Remove a template. Jobs that were queued from it stay.

        Raises:
            NoSuchTemplate.
        """

        def leave() -> None:
            self._template(name)
            del self._templates[name]

        self._core.guarded(leave)

    def template(self, name: str) -> TemplateInfo:
        """One template.

        Raises:
            NoSuchTemplate.
        """
        return self._template(name).info

    def templates(self) -> list[TemplateInfo]:
        """All templates, in the order in which they were made."""
        found: list[Template] = self._core.guarded(lambda: list(self._templates.values()))
        return [template.info for template in found]

    def queue_template(self, queue: str, name: str, input: Any = None, **options: Any) -> Job:  # noqa: A002
        """Queue a job from a template and return it. Its script, time limit and retries are the template's.

        The input is checked here, and again when the job begins: where it is not as the schema wants it then, the job
        ends in error and is not retried.

        Arguments:
            queue: the queue's name.
            name: the template's.
            input: `job.input` of the script.
            options: how to run it, and `block`, as for `queue`; they go before the template's and the queue's.

        Raises:
            NoSuchTemplate, TemplateInactive, InvalidInput: nothing was queued.
            NoSuchQueue, QueueClosed, QueueDraining, QueueFull, JobExists, OptionError, NoSuchJob.
        """
        template = self._template(name)
        if not template.active:
            raise TemplateInactive(name)
        if "use" in options:
            raise OptionError("use is not for jobs from templates: give vars, or input")
        self._core.guarded(self._find, queue)
        template.check(input)
        kept = {key: value for key, value in template.options.items() if key != "delay" or "at" not in options}
        given = {**kept, **options}
        if input is not None:
            given["input"] = input
        block = given.pop("block", 0)
        return self._queue(queue, template.body, given, block, False, template)

    def _template(self, name: object) -> Template:
        found = self._templates.get(name) if isinstance(name, str) else None
        if found is None:
            raise NoSuchTemplate(name)
        return found
