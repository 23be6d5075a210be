"""docs/resource.md says what the schemas, the reasons and the metrics say.

`SPECCHECK_UPDATE_GOLDEN=1 pytest tests/resource` writes the tables in it anew, for review.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import yaml

from speccheck.resource.events import EventReason
from speccheck.resource.metrics import METRICS
from speccheck.resource.reasons import REASONS, Fault

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "resource.md"
TABLE = re.compile(r"<!-- (?P<name>[a-z ]+) -->\n(?P<body>.*?)<!-- end -->", re.DOTALL)
BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "maxItems": "at most {}",
    "maxProperties": "at most {}",
    "maxLength": "at most {} characters",
}
FAULTS = {
    Fault.AUTHOR: "the author of the spec or of the SpecCheck",
    Fault.ENVIRONMENT: "the keeper of the cluster; the last verdict stands",
    Fault.NOBODY: "",
}


def fields(schema: Any, place: str) -> Iterator[tuple[str, str, str]]:
    """Every field under a schema: its path, its form, its description."""
    for name, part in schema.get("properties", {}).items():
        path = f"{place}{name}"
        yield path, form(part, required=name in schema.get("required", [])), part.get("description", "")
        yield from fields(part, f"{path}.")
        if "properties" in part.get("items", {}):
            yield from fields(part["items"], f"{path}[].")


def form(schema: Any, *, required: bool) -> str:
    match schema:
        case {"enum": words}:
            kind = " or ".join(map(str, words))
        case {"type": "array", "items": {"type": item}}:
            kind = f"list of {item}s"
        case {"additionalProperties": _}:
            kind = "map of strings"
        case {"x-kubernetes-int-or-string": True}:
            kind = "quantity"
        case {"format": "date-time"}:
            kind = "time"
        case _:
            kind = schema["type"]
    bounds = [text.format(f"{schema[name]:,}") for name, text in BOUNDS.items() if name in schema]
    default = schema.get("default")
    shown = (
        [f"default {str(default).lower() if isinstance(default, bool) else default}"]
        if default not in (None, {}, [])
        else []
    )
    return ", ".join([kind, *bounds, *(["required"] if required else []), *shown])


def table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines)


def field_table(plural: str, part: str) -> str:
    crd = yaml.safe_load((ROOT / "crds" / f"speccheck.dev_{plural}.yaml").read_text())
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"][part]
    return table(("field", "form", "meaning"), ((f"`{p}`", f, d) for p, f, d in fields(schema, "")))


def rendered(name: str) -> str:
    match name.split():
        case ["fields", "of", plural, part]:
            return field_table(plural, part)
        case ["reasons"]:
            rows = ((f"`{n}`", r.meaning, FAULTS[r.fault], r.way_out) for n, r in REASONS.items())
            return table(("reason", "meaning", "whose turn it is", "way out"), rows)
        case ["metrics"]:
            rows = ((f"`{m.name}`", m.kind, ", ".join(m.labels), m.help) for m in METRICS.values())
            return table(("metric", "kind", "labels", "meaning"), rows)
        case _:
            raise AssertionError(f"no table is called {name}")


def test_the_tables_are_those_of_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    fresh = TABLE.sub(lambda m: f"<!-- {m['name']} -->\n{rendered(m['name'])}<!-- end -->", text)
    if os.environ.get("SPECCHECK_UPDATE_GOLDEN"):
        PAGE.write_text(fresh, encoding="utf-8")
    assert fresh == PAGE.read_text(encoding="utf-8")


def test_every_part_has_its_table() -> None:
    names = {match["name"] for match in TABLE.finditer(PAGE.read_text(encoding="utf-8"))}
    parts = {
        f"fields of {plural} {part}"
        for plural in ("specchecks", "speccheckruns", "speccheckdrifts")
        for part in ("spec", "status")
    }
    assert names == parts | {"reasons", "metrics"}


def test_every_event_is_listed() -> None:
    section = PAGE.read_text(encoding="utf-8").split("## Events")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE)) == set(get_args(EventReason))
