"""The verbs of a pool with a store about templates: they are in the store, for all of its pools."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from nsjob.errors import NoSuchTemplate, OptionError, TemplateExists, TemplateInactive
from nsjob.pool.job import Job
from nsjob.pool.records import TemplateInfo
from nsjob.pool.templates import UNCHANGED, Template, template_changed, template_made
from nsjob.pool.work import Script
from nsjob.snippet import compile_snippet
from nsjob.store import sql
from nsjob.store.database import Cursor, Row
from nsjob.store.entering import StoredEntering
from nsjob.store.values import pack, unpack

if TYPE_CHECKING:
    pass

__all__ = ["StoredTemplates"]


class StoredTemplates(StoredEntering):
    """How templates are made, changed and used."""

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
        """Make a template for all pools of the store. See Pool.template_create."""
        made = template_made(name, script, schema, timeout, retries, active, options)
        body = _kept(made)
        if not self._change(lambda cursor: cursor.run(sql.NEW_TEMPLATE, name=made.name, body=body)):
            raise TemplateExists(made.name)
        return made.name

    def template_edit(
        self,
        name: str,
        script: str | Script | None = None,
        schema: Any = UNCHANGED,
        active: bool | None = None,
        **options: Any,
    ) -> None:
        """Change a template for the jobs that will be queued from it. See Pool.template_edit."""
        while True:
            row = self._template_row(name)
            made = template_changed(self._made_of(row), script, schema, active, options)
            values = {"name": name, "version": row["version"], "body": _kept(made)}
            if self._change(partial(_replace, values)):
                return

    def template_delete(self, name: str) -> None:
        """Remove a template. See Pool.template_delete."""
        if not isinstance(name, str) or not self._change(lambda cursor: cursor.run(sql.DROP_TEMPLATE, name=name)):
            raise NoSuchTemplate(name)

    def template(self, name: str) -> TemplateInfo:
        """One template. See Pool.template."""
        return self._made_of(self._template_row(name)).info

    def templates(self) -> list[TemplateInfo]:
        """All templates, in the order in which they were made."""
        return [self._made_of(row).info for row in self._read(lambda cursor: cursor.rows(sql.TEMPLATES))]

    def queue_template(self, queue: str, name: str, input: Any = None, **options: Any) -> Job:  # noqa: A002
        """Queue a job from a template and return it. See Pool.queue_template."""
        template = self._made_of(self._template_row(name))
        if not template.active:
            raise TemplateInactive(name)
        if "use" in options:
            raise OptionError("use is not for jobs from templates: give vars, or input")
        self._stored(queue)
        template.check(input)
        kept = {key: value for key, value in template.options.items() if key != "delay" or "at" not in options}
        given = {**kept, **options}
        if input is not None:
            given["input"] = input
        block = given.pop("block", 0)
        return self._queue(queue, template.body, given, block, False, template)

    def _template_row(self, name: object) -> Row:
        row: Row | None = None
        if isinstance(name, str):

            def look(cursor: Cursor) -> Row | None:
                return cursor.row(sql.TEMPLATE, name=name)

            row = self._read(look)
        if row is None:
            raise NoSuchTemplate(name)
        return row

    def _made_of(self, row: Row) -> Template:
        kept = unpack(row["body"])
        lang, source = kept["script"]
        body = compile_snippet(source) if not lang else self.languages[lang](source)
        schema = None
        if "schema" in kept:
            from nsjob.pool.schemas import Schema

            schema = Schema(kept["schema"])
        options = dict(kept["options"])
        if "retryon" in options:
            options["retryon"] = tuple(options["retryon"])
        return Template(row["name"], body, schema, options, kept["active"])


def _kept(template: Template) -> bytes:
    body = template.body
    lang = getattr(body, "lang", "")
    if isinstance(body, Script) and not lang:
        raise OptionError("a store cannot keep this script: its language has no name")
    options: dict[str, Any] = {}
    for name, value in template.options.items():
        if name == "retryon":
            value = [kind if isinstance(kind, str) else kind.__name__ for kind in value]
        elif isinstance(value, Mapping):
            value = dict(value)
        options[name] = value
    kept: dict[str, Any] = {"script": [lang, body.source], "options": options, "active": template.active}
    if template.schema is not None:
        kept["schema"] = template.schema.source
    data = pack(kept, "an option of the template")
    assert data is not None
    return data


def _replace(values: Mapping[str, Any], cursor: Cursor) -> int:
    return cursor.run(sql.EDIT_TEMPLATE, **values)
