"""A SpecCheck's `observe` section as the rest of the program takes it, and read from a file of its own.

Takes the section (or YAML that has it) and observations; gives what `conform` needs of them. It observes nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from speccheck.conform.drifts import Mute, Policy
from speccheck.conform.protocols import ActionOrder, MappingOrder, SourceOrder, View
from speccheck.errors import UsageError
from speccheck.resource.fields import Observe, ObserveSource, Source, Spec
from speccheck.resource.requests import KIND, refusal
from speccheck.resource.rules import broken_rules
from speccheck.sources.observations import Kind, Observation

FILE_BYTES = 4 << 20
"""The longest file with an `observe` section."""


def mapping_order(observe: Observe) -> MappingOrder:
    """What a monitor is to do."""
    lengths = observe.seconds
    return MappingOrder(
        sources=tuple(SourceOrder(each.name, each.key, each.match, each.many) for each in observe.sources),
        variables=observe.variables,
        instance=observe.instance,
        parameters=observe.parameters,
        actions=tuple(ActionOrder(each.name, each.when, each.args, each.source or "") for each in observe.actions),
        tiers=observe.tiers,
        hidden_steps=observe.hidden_steps,
        settle_s=lengths["settle"],
        window_s=lengths["window"],
        deadlines={name: lengths[f"deadlines.{name}"] for name in observe.deadlines},
    )


def policy_of(observe: Observe) -> Policy:
    """How drifts are to be kept."""
    mutes = tuple(
        Mute(each.reason, each.until, each.property or "", each.key or "", each.tier or "") for each in observe.mute
    )
    kinds = (each.kubernetes for each in observe.sources)
    listed = frozenset((kind.api_version, kind.kind) for kind in kinds if kind is not None)
    return Policy(observe.seconds["driftHold"], mutes, listed)


def view_of(observation: Observation, source: str, *, live: bool = True) -> View:
    """An observation of a source as expressions see it; a gap is none. `live`: ADDED means created just now."""
    event = observation.event
    shown = None if event is None else {"name": event.name, "attributes": dict(event.attributes)}
    body = None if observation.object is None else dict(observation.object)
    match observation.kind:
        case Kind.ADDED:
            return View(source, observation.time, "ADDED", body, shown, live)
        case Kind.DELETED:
            return View(source, observation.time, "DELETED", body, shown, live)
        case Kind.MODIFIED | Kind.GAP:
            return View(source, observation.time, "MODIFIED", body, shown, live)


def load_observe(text: bytes, name: str = "") -> Observe:
    """The `observe` section in YAML: alone, under its own name, or in a SpecCheck (`name` says which of several).

    Raises UsageError with the place, the fault and the way out.
    """
    if len(text) > FILE_BYTES:
        raise UsageError(f"the mapping has {len(text)} bytes; at most {FILE_BYTES} are read")
    try:
        documents = [each for each in yaml.safe_load_all(text) if each is not None]
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"the mapping is not YAML: {error}") from None
    section = _section(documents, name)
    try:
        observe = msgspec.convert(section, Observe)
    except msgspec.ValidationError as error:
        raise UsageError(refusal(str(error), "observe")) from None
    spec = Spec(source=Source(), entrypoint="spec.py", observe=observe)
    for rule in broken_rules(spec):
        if rule.place.startswith("spec.observe"):
            raise UsageError(f"{rule.place.removeprefix('spec.')}: {rule.message}")
    return observe


def _section(documents: list[Any], name: str) -> Any:
    """The section that some documents hold."""
    checks = [each for each in documents if isinstance(each, dict) and each.get("kind") == KIND]
    if checks:
        return _of_checks(checks, name)
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise UsageError("the mapping should be one YAML document: a SpecCheck's `observe` section, or the SpecCheck")
    (found,) = documents
    return found["observe"] if list(found) == ["observe"] else found


def _of_checks(checks: list[Any], name: str) -> Any:
    specs = {_name(each): each.get("spec") for each in checks}
    observing = {name: spec["observe"] for name, spec in specs.items() if isinstance(spec, dict) and "observe" in spec}
    names = ", ".join(observing) or "none"
    if name:
        if name not in observing:
            raise UsageError(f"no SpecCheck {name!r} with an `observe` section is in the mapping; there is: {names}")
        return observing[name]
    if len(observing) != 1:
        raise UsageError(f"the mapping should have one SpecCheck with an `observe` section; it has: {names}")
    return next(iter(observing.values()))


def _name(check: Any) -> str:
    metadata = check.get("metadata")
    return str(metadata.get("name", "")) if isinstance(metadata, dict) else ""


def is_evental(source: ObserveSource) -> bool:
    """Whether a source gives events, which may come late and in any order, and not the objects of a watch."""
    return source.kubernetes is None
