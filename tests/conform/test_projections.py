"""Projections: expressions see all that they look at, and objects of which nobody knows what is looked at are whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import cel
import pytest
from cel.stdlib import add_stdlib_to_context
from hypothesis import given
from hypothesis import strategies as st

from speccheck.conform.functions import HELPERS
from speccheck.conform.projections import projection

NAMES = ("object", "web")
BODY: dict[str, Any] = {
    "metadata": {"name": "a", "labels": {"zone": "z"}, "managedFields": [{"big": 1}]},
    "spec": {"replicas": 3, "template": {"x": 1}},
    "status": {"conditions": [{"type": "Ready"}], "replicas": 2},
}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("object.spec.replicas", {"spec": {"replicas": 3}}),
        ("web.spec.replicas + object.status.replicas", {"spec": {"replicas": 3}, "status": {"replicas": 2}}),
        ("object.spec.replicas + object.spec", {"spec": BODY["spec"]}),
        ("get(object, 'status.replicas', 0)", {"status": {"replicas": 2}}),
        ("condition(object, 'Ready')", {"status": {"conditions": [{"type": "Ready"}]}}),
        ("object.status.conditions.exists(c, c.type == 'Ready')", {"status": {"conditions": [{"type": "Ready"}]}}),
        ("object.metadata.labels['zone']", {"metadata": {"labels": {"zone": "z"}}}),
        ("has(object.spec.paused)", {"spec": {}}),
        ("has(object.spec.replicas.deep)", {"spec": {"replicas": 3}}),
        ("event.object.spec", {}),
        ("objects.spec", {}),
    ],
)
def test_what_is_plainly_a_path_is_kept_and_nothing_else(text: str, left: dict[str, Any]) -> None:
    assert projection([text], NAMES).of(BODY) == left


@pytest.mark.parametrize(
    "text",
    [
        "object['spec'].replicas",
        "[object].map(o, o.spec.replicas)[0]",
        "size(object)",
        "get(object, path, 0)",
        "object.get('spec.replicas', 0)",
        "object == web",
        "web.map(w, w.spec)",
        "object.spec.replicas + size(web)",
    ],
)
def test_whatever_else_is_mentioned_keeps_the_object_whole_but_for_managed_fields(text: str) -> None:
    left = projection([text], NAMES).of(BODY)
    assert left == {**BODY, "metadata": {"name": "a", "labels": {"zone": "z"}}}
    assert "managedFields" in BODY["metadata"]


FIELDS = st.sampled_from(["spec", "status", "size", "conditions", "type", "metadata"])
LEAVES = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["Ready", "type", ""])
BODIES = st.dictionaries(
    FIELDS,
    st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(FIELDS, inner, max_size=3)),
    max_size=4,
)
PATHS = st.lists(FIELDS, min_size=1, max_size=3)
FORMS = st.sampled_from(
    [
        "{name}.{path}",
        "{name} . {path}",
        "has({name}.{path})",
        "has({name}.{path}) ? {name}.{path} : {name}.{other}",
        "{name}.{path} == {name}.{other}",
        "size({name}.{path})",
        "{name}.{path}.exists(each, each == {name}.{other})",
        "'{path}' in {name}.{other}",
        "{name}.{path}['{other}']",
        "get({name}, '{path}', 7)",
        "{name}.get('{path}', 7)",
        "condition({name}, 'Ready')",
        "[{name}].map(each, each.{path})",
        "{{'of': {name}.{path}, 'too': get({name}, '{other}', {name}.{path})}}",
    ]
)
EXPRESSIONS = st.builds(
    lambda form, name, path, other: str(form).format(name=name, path=".".join(path), other=".".join(other)),
    FORMS,
    st.sampled_from(NAMES),
    PATHS,
    PATHS,
)


def outcome(text: str, body: Mapping[str, Any]) -> str:
    """What an expression gives of an object, as JSON; `nothing` where it has no value."""
    context = cel.Context()
    add_stdlib_to_context(context)
    for name, function in HELPERS.items():
        context.add_function(name, function)
    for name in NAMES:
        context.add_variable(name, dict(body))
    try:
        return json.dumps(cel.evaluate(text, context), sort_keys=True, default=repr)
    except (LookupError, RuntimeError, TypeError, ValueError):
        return "nothing"


@given(BODIES, st.lists(EXPRESSIONS, min_size=1, max_size=3))
def test_no_expression_tells_the_projection_from_the_whole(body: dict[str, Any], texts: list[str]) -> None:
    seen = projection(texts, NAMES).of(body)
    assert [outcome(text, seen) for text in texts] == [outcome(text, body) for text in texts]


def test_the_forms_have_values() -> None:
    body = {"spec": {"size": [1, "type"]}, "size": 1, "type": "size"}
    texts = ["web.spec.size.exists(each, each == web.size)", "get(object, 'spec.size', 7)", "has(web.spec.type)"]
    assert [outcome(text, body) for text in texts] == ["true", '[1, "type"]', "false"]
    assert outcome("web.spec.type", body) == "nothing"
