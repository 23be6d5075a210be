"""A SpecCheck's `observe` section as the rest of the program takes it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import yaml
from tests.resource.bodies import NOW, OBSERVE, speccheck

from speccheck.conform.drifts import Mute
from speccheck.conform.protocols import ActionOrder, MappingOrder, SourceOrder, View
from speccheck.errors import UsageError
from speccheck.resource.fields import Observe
from speccheck.resource.observing import FILE_BYTES, is_evental, load_observe, mapping_order, policy_of, view_of
from speccheck.sources.observations import Event, Kind, Observation

FULL: dict[str, Any] = {
    "sources": [
        {"name": "zone", "key": "object.x", "kubernetes": {"apiVersion": "v1", "kind": "ConfigMap"}},
        {"name": "deployer", "match": "event.name == 'apply'", "otlp": {}},
        {"name": "record", "many": True, "lines": {"pods": {"matchLabels": {"app": "dns"}}, "container": "main"}},
        {"name": "calls", "audit": {}},
    ],
    "parameters": {"N": "3"},
    "variables": {"records": "json(zone.data.records)"},
    "actions": [
        {"name": "apply", "source": "deployer", "when": "true", "args": {"d": "event.attributes.d"}},
        {"name": "plan", "when": "false"},
    ],
    "tiers": ["State", "Step"],
    "hiddenSteps": 2,
    "settle": "500ms",
    "window": "1m30s",
    "driftHold": "1h",
    "deadlines": {"converges": "5m"},
    "mute": [
        {"property": "converges", "reason": "planned", "until": "2026-12-01T00:00:00Z"},
        {"key": "a", "tier": "Step", "reason": "known", "until": "2026-12-02T00:00:00+01:00"},
    ],
}


def loaded(section: Any, name: str = "") -> Observe:
    return load_observe(yaml.safe_dump(section).encode(), name)


def test_everything_reaches_the_monitor() -> None:
    assert mapping_order(loaded(FULL)) == MappingOrder(
        sources=(
            SourceOrder("zone", "object.x"),
            SourceOrder("deployer", match="event.name == 'apply'"),
            SourceOrder("record", many=True),
            SourceOrder("calls"),
        ),
        variables={"records": "json(zone.data.records)"},
        parameters={"N": "3"},
        actions=(ActionOrder("apply", "true", {"d": "event.attributes.d"}, "deployer"), ActionOrder("plan", "false")),
        tiers=("State", "Step"),
        hidden_steps=2,
        settle_s=0.5,
        window_s=90.0,
        deadlines={"converges": 300.0},
    )


def test_what_is_not_said_is_as_the_monitor_has_it() -> None:
    bare = mapping_order(loaded(OBSERVE))
    same = MappingOrder(bare.sources, bare.variables, bare.instance)
    assert bare == same
    assert policy_of(loaded(OBSERVE)).hold_s == 600.0


def test_how_drifts_are_kept() -> None:
    policy = policy_of(loaded(FULL))
    assert policy.hold_s == 3600.0
    assert policy.mutes == (
        Mute("planned", datetime(2026, 12, 1, tzinfo=UTC), property="converges"),
        Mute("known", datetime(2026, 12, 1, 23, tzinfo=UTC), key="a", tier="Step"),
    )
    assert policy.listed == {("v1", "ConfigMap")}


def test_only_objects_of_a_watch_come_in_order() -> None:
    assert [is_evental(source) for source in loaded(FULL).sources] == [False, True, True, True]


@pytest.mark.parametrize(
    ("kind", "seen"), [(Kind.ADDED, "ADDED"), (Kind.MODIFIED, "MODIFIED"), (Kind.DELETED, "DELETED")]
)
def test_an_observation_as_expressions_see_it(kind: Kind, seen: Any) -> None:
    event = Event("apply", {"d": "d1"})
    observation = Observation(NOW, "somewhere", kind=kind, event=event, object={"kind": "Pod"})
    assert view_of(observation, "zone", live=False) == View(
        "zone", NOW, seen, {"kind": "Pod"}, {"name": "apply", "attributes": {"d": "d1"}}, live=False
    )
    assert view_of(Observation(NOW, "somewhere"), "zone") == View("zone", NOW)


CHECK = speccheck({"spec": {"observe": OBSERVE}})
OTHER = speccheck({"metadata": {"name": "other"}, "spec": {"observe": FULL | {"hiddenSteps": 1}}})


@pytest.mark.parametrize(
    "section", [OBSERVE, {"observe": OBSERVE}, CHECK], ids=["alone", "under its name", "in a SpecCheck"]
)
def test_a_section_is_found_wherever_it_stands(section: Any) -> None:
    assert loaded(section) == msgspec.convert(OBSERVE, Observe)


def test_one_of_several_is_named() -> None:
    text = yaml.safe_dump_all([{"kind": "Namespace"}, CHECK, OTHER, None]).encode()
    assert load_observe(text, "other").hidden_steps == 1
    with pytest.raises(UsageError, match="one SpecCheck with an `observe` section; it has: dns-balancer, other"):
        load_observe(text)
    with pytest.raises(UsageError, match=r"no SpecCheck 'third' .*there is: dns-balancer, other"):
        load_observe(text, "third")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"a: [", "the mapping is not YAML: "),
        (b"\xff\xfe\xff", "the mapping is not YAML: "),
        (b"a: !!python/object:os.system {}", "the mapping is not YAML: "),
        (b"", "the mapping should be one YAML document"),
        (b"- a", "the mapping should be one YAML document"),
        (b"a: 1\n---\nb: 2", "the mapping should be one YAML document"),
        (b"kind: SpecCheck", "it has: none"),
        (b"kind: SpecCheck\nspec: 3", "it has: none"),
        (b"kind: SpecCheck\nmetadata: 3\nspec: {observe: 4}", "observe: expected object, got int"),
        (b"observe: {sources: 3}", "observe.sources: expected array, got int"),
        (b"sources: [{name: a, otlp: {}}]\nspeed: 3", "observe: object contains unknown field speed"),
        (b"sources: [{name: a-b, otlp: {}}]", r"observe.sources\[0\].name: expected an identifier"),
        (b"sources: [{name: a, otlp: {}}]\nsettle: soon", "observe.settle: expected a length of time"),
        (b"sources: [{name: a, otlp: {}}]", "observe: map at least one variable, or one action"),
        (b"sources: [{name: a}]\nvariables: {x: y}", "observe.sources: a source is exactly one of kubernetes"),
        (b"sources: [{name: a, otlp: {}}]\nvariables: {x: y}\nwindow: 6m", "observe: a window has at most 5m"),
    ],
)
def test_what_is_no_section_is_refused_with_its_place(text: bytes, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        load_observe(text)


def test_a_file_has_a_limit() -> None:
    with pytest.raises(UsageError, match=f"at most {FILE_BYTES} are read"):
        load_observe(b" " * (FILE_BYTES + 1))
