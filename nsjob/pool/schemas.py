"""Schemas: what a JSON Schema says of an input. The library that knows them is imported when there is a schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from nsjob.errors import OptionError, brief

__all__ = ["Schema", "plain_json"]

_MOST_FAULTS = 5
_LONGEST_FAULT = 300  # characters
_LITERAL = ("const", "enum", "default", "examples")  # what stands in them is no schema


def plain_json(name: str, value: object) -> Any:
    """A copy of a value that JSON can say, as its text would be read again.

    Raises:
        OptionError: JSON cannot say it.
    """
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise OptionError(f"{name} must be what JSON can say, but got {brief(value)}: {error}") from None


class Schema:
    """A JSON Schema, checked itself. It never reads what its references name from the network.

    Arguments:
        schema: an object, True or False; the draft is that of its `$schema`, else 2020-12.

    Raises:
        OptionError: it is no JSON Schema, or the library for them is missing.
    """

    def __init__(self, schema: object) -> None:
        try:
            from jsonschema import exceptions, validators
            from jsonschema_specifications import REGISTRY
            from referencing import Resource
            from referencing.jsonschema import DRAFT202012
        except ImportError:
            raise OptionError("a schema needs the package jsonschema: pip install 'nsjob[templates]'") from None
        if not isinstance(schema, Mapping | bool):
            raise OptionError(
                f"schema must be a JSON Schema, an object such as {{'type': 'object'}}, but got {brief(schema)}"
            )
        self.source: Any = plain_json("schema", dict(schema) if isinstance(schema, Mapping) else schema)
        self._best = exceptions.best_match
        kind = validators.validator_for(self.source, default=None)
        if kind is None:
            if isinstance(self.source, dict) and "$schema" in self.source:
                raise OptionError(f"schema: $schema names no known draft, but {brief(self.source['$schema'])}")
            kind = validators.Draft202012Validator
        try:
            kind.check_schema(self.source)
        except exceptions.SchemaError as error:
            raise OptionError(f"schema: {_fault(error)}") from None
        except RecursionError:
            raise OptionError("schema is nested too deeply") from None
        self._validator: Any = kind(self.source, registry=REGISTRY, format_checker=kind.FORMAT_CHECKER)
        self._check_references(
            REGISTRY.resolver_with_root(Resource.from_contents(self.source, default_specification=DRAFT202012))
        )

    def faults(self, value: object) -> list[str]:
        """What is wrong with a value, a sentence for each fault, the first five; empty where nothing is.

        Raises:
            OptionError: the schema cannot be applied: it refers to itself without end.
        """
        try:
            errors = sorted(self._validator.iter_errors(value), key=lambda error: list(map(str, error.absolute_path)))
            # Of alternatives, the one that is nearest to what was given.
            told = [_fault(self._best([error]) or error) for error in errors[:_MOST_FAULTS]]
        except RecursionError:
            raise OptionError("schema refers to itself without end, or the value is nested too deeply") from None
        except OptionError:
            raise
        except Exception as error:  # a reference that could not be followed, a value with strange methods
            raise OptionError(f"the value cannot be checked: {error}") from None
        return told + ([f"and {len(errors) - len(told)} more"] if len(errors) > len(told) else [])

    def _check_references(self, resolver: Any) -> None:
        """See to it now that every reference names something, as far as that can be told."""
        for reference in _references(self.source):
            try:
                resolver.lookup(reference)
            except Exception:
                raise OptionError(
                    f"schema: $ref {brief(reference)} names nothing in the schema (and nothing is read from elsewhere)"
                ) from None
        self.faults(None)


def _fault(error: Any) -> str:
    """One fault: where it is, and what would be right."""
    said = error.message
    wanted = error.validator_value
    if error.context:
        said += f" ({'; or '.join(dict.fromkeys(child.message for child in error.context[:_MOST_FAULTS]))})"
    elif isinstance(wanted, int | float | str) and str(wanted) not in said:
        said += f" ({error.validator}: {wanted})"
    if len(said) > _LONGEST_FAULT:  # it begins with the value, and ends with what would be right
        said = f"{said[:100]} ... {said[-(_LONGEST_FAULT - 105) :]}"
    return f"{error.json_path}: {said}"


def _references(schema: object) -> Iterator[str]:
    """The references of a schema, save those within parts that have an `$id` of their own."""
    look = [schema]
    while look:
        part = look.pop()
        if isinstance(part, list):
            look += part
        elif isinstance(part, dict) and (part is schema or "$id" not in part):
            if isinstance(part.get("$ref"), str):
                yield part["$ref"]
            look += [value for name, value in part.items() if name not in _LITERAL]
