"""The command `template`: its words in any order that they are written in, its help, and what it lists."""

from __future__ import annotations

import pytest

import nsjob
from nsjob.commands.declare import NS_JOB
from nsjob.commands.helping import page
from nsjob.commands.hints import hint
from nsjob.commands.reference import reference
from nsjob.commands.templates import TEMPLATE
from nsjob.shell.session import Session
from nsjob.shell.view.render import shown
from nsjob.tcl.values import elements, mapping, text
from tests.commands.conftest import Failing


@pytest.mark.parametrize(
    "line",
    [
        'template create size -schema {{"type": "integer"}} -timeout 30s -capture {job.input}',
        'template create -schema {{"type": "integer"}} -timeout 30s -capture size {job.input}',
        'ns_job template create size -capture -schema {{"type": "integer"}} -timeout 30s -- {job.input}',
        'ns_job te cr size -sch {{"type": "integer"}} -timeo 30s -cap {job.input}',
        "template create -capture -timeout 30s -schema [dict create type integer] size {job.input}",
    ],
)
def test_options_stand_before_the_name_or_behind_it(session: Session, line: str) -> None:
    assert session.eval(line) == "size"
    info = session.shell.pool.template("size")
    assert (info.script, info.schema, info.timeout) == ("job.input", {"type": "integer"}, 30.0)
    assert info.options["capture_output"] is True


def test_a_script_that_begins_with_a_dash_stands_behind_two_dashes(session: Session) -> None:
    session.eval("template create t -- {-job.input}")
    assert session.eval("wait q [queue -template t -input 5 q]") == -5


def test_list_and_show_tell_the_schema_as_json(session: Session) -> None:
    session.eval('template create b -schema {{"enum": [true, null, "é"]}} -retries 2 -note {a b} {1}')
    session.eval("template create -inactive a {2}")
    listed = [dict(mapping(one)) for one in elements(session.eval("template list"))]
    assert [(one["name"], one["active"], one["retries"], one["timeout"]) for one in listed] == [
        ("b", 1, 2, ""), ("a", 0, 0, ""),
    ]  # fmt: skip
    assert listed[0]["schema"] == '{"enum": [true, null, "é"]}'
    assert text(listed[0]["options"]) == "note {a b} retries 2"
    assert session.eval("template show b") == listed[0]
    assert "not shown" in shown(session.eval("template list"), 80, False)
    session.eval("template delete b")
    assert [mapping(one)["name"] for one in elements(session.eval("template list"))] == ["a"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("template", 'wrong # args: should be "ns_job template /subcommand/ ?/arg/ ...?"'),
        ("template nonsense t", 'ns_job template: bad subcommand "nonsense": must be activate, create, deactivate,'),
        ("template de t", 'ns_job template: ambiguous subcommand "de": must be '),
        ("template create t", 'wrong # args: should be "ns_job template create ?-option /value/ ...? /name/ /script/"'),
        ("template create t {1} {2}", 'wrong # args: should be "ns_job template create'),
        ("template create t -timeout", "ns_job template create: the option -timeout needs a value"),
        ("template create t -nonsense 1 {1}", 'ns_job template create: bad option "-nonsense"'),
        ("template create t -schema {type} {1}", '-schema: expected JSON such as {"name": 1}, but got "type"'),
        ("template create t -schema 5 {1}", "schema must be a JSON Schema, an object"),
        ("template edit t", "template edit: nothing is to be changed: give options, or a script"),
        ("template edit t {2}", "no such template: t"),
        ("template show t", "no such template: t"),
        ("template list x", 'wrong # args: should be "ns_job template list"'),
    ],
)
def test_mistakes_are_said_with_what_would_be_right(failing: Failing, session: Session, line: str, says: str) -> None:
    assert str(failing(line)).startswith(says)
    assert session.shell.pool.templates() == []


def test_a_script_that_does_not_compile_gets_its_hint(session: Session, failing: Failing) -> None:
    error = failing("template create t {set x 5}")
    assert "scripts of jobs are Python" in hint(session.shell, error)


@pytest.mark.parametrize("name", TEMPLATE.specs)
def test_help_and_the_reference_tell_of_each_subcommand(session: Session, name: str) -> None:
    spec = TEMPLATE.specs[name]
    said = session.eval(f"help template {name}")
    assert said.startswith(spec.usage + "\n")
    assert session.eval(f"help ns_job template {name}") == said
    assert max(map(len, said.splitlines())) <= 80
    for sentence in (spec.summary, *(option.doc for option in spec.options.values())):
        assert sentence.endswith(".")
        assert " ".join(sentence.split()) in " ".join(said.split())
    [part] = [part for part in reference().split("\n### ") if part.startswith(spec.name + "\n")]
    assert all(f"| `{option}" in part for option in spec.options)


@pytest.mark.parametrize("name", TEMPLATE.specs)
def test_the_example_of_each_subcommand_runs(name: str) -> None:
    with nsjob.Pool() as pool:
        session = Session(pool)
        session.eval(page(session.interp, f"template {name}").partition("Example:\n")[2])


def test_every_subcommand_is_named_where_words_are_offered() -> None:
    assert list(NS_JOB.specs["template"].arguments[0].kind.choices) == TEMPLATE.names()
