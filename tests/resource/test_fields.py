"""The fields of a SpecCheck say the same in Python and in the schema in crds/: names, bounds, defaults, patterns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from speccheck.resource.fields import Spec
from speccheck.resource.results import Row

CRDS = Path(__file__).parents[2] / "crds"
Schema = dict[str, Any]

BOUNDS = {
    "pattern": "pattern",
    "minimum": "minimum",
    "maximum": "maximum",
    "maxLength": "maxLength",
    "minLength": "minLength",
    "minItems": "minItems",
    "maxItems": "maxItems",
    "minProperties": "minProperties",
    "maxProperties": "maxProperties",
    "enum": "enum",
}
CRD_ONLY_MINIMUM = {"minLength"}
"""A pattern says this too; Python needs it once."""


def schema_of(file: str, *path: str) -> Schema:
    crd = yaml.safe_load((CRDS / file).read_text())
    schema: Schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    for name in path:
        schema = schema["properties"][name]
    return schema


def python_schema(kind: Any) -> Schema:
    (schema,), components = msgspec.json.schema_components([kind])
    whole: Schema = resolved(schema, components)
    return whole


def resolved(schema: Any, components: dict[str, Any]) -> Any:
    """The schema with its references replaced by what they refer to, and `| None` taken away."""
    match schema:
        case {"$ref": reference}:
            return resolved(components[reference.rpartition("/")[2]], components) | {
                k: v for k, v in schema.items() if k != "$ref"
            }
        case {"anyOf": [*options], **others}:
            real = [resolved(o, components) for o in options if o != {"type": "null"}]
            return {**others, **real[0]} if len(real) == 1 else {**others, "anyOf": real}
        case dict():
            return {k: resolved(v, components) for k, v in schema.items()}
        case list():
            return [resolved(v, components) for v in schema]
        case _:
            return schema


def compared(schema: Any, place: str) -> dict[str, Any]:
    """What a schema says at each place, as far as both languages can say it."""
    said = {f"{place} {bound}": schema[bound] for bound in BOUNDS if bound in schema and bound not in CRD_ONLY_MINIMUM}
    if "pattern" in schema:
        said[f"{place} pattern"] = schema["pattern"].replace("\\Z", "$")
    if schema.get("default") not in (None, [], {}, ()):
        default = schema["default"]
        said[f"{place} default"] = [*default] if isinstance(default, tuple) else default
    if "x-kubernetes-int-or-string" in schema or len(schema.get("anyOf", [])) > 1:
        return said | {f"{place} quantity": True}
    for name in sorted(schema.get("required", [])):
        said[f"{place}.{name} required"] = True
    for name, part in schema.get("properties", {}).items():
        said |= {f"{place}.{name}": True} | compared(part, f"{place}.{name}")
    if isinstance(schema.get("items"), dict):
        said |= compared(schema["items"], f"{place}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        said |= compared(schema["additionalProperties"], f"{place}.*")
    return said


def normal(said: dict[str, Any]) -> dict[str, Any]:
    return {k: sorted(v) if isinstance(v, list) else v for k, v in said.items()}


def test_a_speccheck_is_the_same_in_python_and_in_its_schema() -> None:
    crd = normal(compared(schema_of("speccheck.dev_specchecks.yaml", "spec"), "spec"))
    python = normal(compared(python_schema(Spec), "spec"))
    assert python == crd


def test_a_row_fits_the_schema_of_results() -> None:
    for file, path in (
        ("speccheck.dev_specchecks.yaml", ("status", "check", "results")),
        ("speccheck.dev_speccheckruns.yaml", ("status", "results")),
    ):
        items = schema_of(file, *path)["items"]
        assert set(items["properties"]) == {f.encode_name for f in msgspec.structs.fields(Row)}
        required = {f.encode_name for f in msgspec.structs.fields(Row) if f.required}
        assert set(items["required"]) == required


def test_a_run_records_the_check_as_a_speccheck_has_it() -> None:
    of_run = schema_of("speccheck.dev_speccheckruns.yaml", "spec", "check")["properties"]
    of_speccheck = schema_of("speccheck.dev_specchecks.yaml", "spec", "check")["properties"]
    assert set(of_speccheck) - set(of_run) == {"schedule", "timeZone"}
    for name, schema in of_run.items():
        assert schema == of_speccheck[name]


@pytest.mark.parametrize("file", ["speccheck.dev_specchecks.yaml", "speccheck.dev_speccheckruns.yaml"])
def test_everything_is_bounded_and_described(file: str) -> None:
    unbounded: list[str] = []

    def look(schema: Schema, place: str) -> None:
        kind = schema.get("type")
        if kind == "string" and "maxLength" not in schema and "enum" not in schema and "format" not in schema:
            unbounded.append(f"{place}: maxLength")
        if kind == "array" and "maxItems" not in schema:
            unbounded.append(f"{place}: maxItems")
        if "additionalProperties" in schema and "maxProperties" not in schema:
            unbounded.append(f"{place}: maxProperties")
        for name, part in schema.get("properties", {}).items():
            look(part, f"{place}.{name}")
        for part in (schema.get("items"), schema.get("additionalProperties")):
            if isinstance(part, dict):
                look(part, f"{place}[]")

    whole = schema_of(file)
    for part in ("spec", "status"):
        look(whole["properties"][part], part)
    assert unbounded == []
    spec = whole["properties"]["spec"]["properties"]
    assert [name for name, schema in spec.items() if not schema.get("description")] == []
