"""The rules in crds/ and those in Python are the same, with the same words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from speccheck.resource.rules import INLINE_LIMIT_BYTES, RULES, TIMEOUT_LIMIT_S

CRD = Path(__file__).parents[2] / "crds" / "speccheck.dev_specchecks.yaml"
OPERATOR_ONLY = {"an affinity has at most 16 KiB as JSON; make it shorter"}
API_ONLY = {"give a name of at most 63 characters; it becomes a label"}


def rules_in(schema: Any, place: str) -> Iterator[tuple[str, str, str]]:
    """Every CEL rule in a schema: where, the rule, its message."""
    for rule in schema.get("x-kubernetes-validations", []):
        yield place, rule["rule"], rule["message"]
    for name, part in schema.get("properties", {}).items():
        yield from rules_in(part, f"{place}.{name}".lstrip("."))
    if isinstance(schema.get("items"), dict):
        yield from rules_in(schema["items"], place)


def crd_rules() -> list[tuple[str, str, str]]:
    schema = yaml.safe_load(CRD.read_text())["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return list(rules_in(schema, ""))


def test_the_same_rules_with_the_same_words_at_the_same_places() -> None:
    of_crd = {(place, message) for place, _, message in crd_rules() if message not in API_ONLY}
    of_python = {(rule.place, rule.message) for rule in RULES if rule.message not in OPERATOR_ONLY}
    amounts = {(place, message) for place, message in of_crd if place.startswith("spec.podTemplate.resources.")}
    of_amounts = {(place, message) for place, message in of_python if place == "spec.podTemplate.resources"}
    assert {message for _, message in amounts} == {message for _, message in of_amounts}
    assert of_crd - amounts == of_python - of_amounts


def test_the_limits_in_the_rules_are_the_same() -> None:
    written = " ".join(rule for _, rule, _ in crd_rules())
    assert f"<= {INLINE_LIMIT_BYTES}" in written
    assert f"duration('{int(TIMEOUT_LIMIT_S // 3600)}h')" in written


def test_a_message_is_a_sentence_without_its_end_and_names_a_way_out() -> None:
    for _, _, message in crd_rules():
        assert not message.endswith(".")
        assert len(message) > 20
