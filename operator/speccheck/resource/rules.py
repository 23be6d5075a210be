"""The rules that join several fields of a SpecCheck's `.spec`, each with the message its author reads.

The schema in crds/ has every one of them as a CEL rule with the same words (a test holds the two together), but
for those that CEL cannot tell: whether a schedule and a time zone exist, and how long an affinity is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
from cronsim import CronSim, CronSimError

from speccheck.digests import FILE_NAME, SOURCE_SUFFIX
from speccheck.errors import UsageError
from speccheck.resource.fields import Check, InlineSource, Observe, PodTemplate, Spec
from speccheck.resource.quantities import amount_of

OWN_DOMAIN = "speccheck.dev"
INLINE_LIMIT_BYTES = 200 * 1024
AFFINITY_LIMIT_BYTES = 16 * 1024
TIMEOUT_LIMIT_S = 24 * 3600.0
WINDOW_LIMIT_S = 300.0
LENGTH_LIMIT_S = 30 * 24 * 3600.0
TAKEN_NAMES = frozenset({"object", "event", "resource", "time"})
"""Names that a mapping's CEL expressions have already, so no source may take them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition on a whole `.spec`: where it looks, what to say, and whether it is broken."""

    place: str
    message: str
    broken: Callable[[Spec], bool]


def _check(broken: Callable[[Check], bool]) -> Callable[[Spec], bool]:
    return lambda spec: spec.check is not None and broken(spec.check)


def _observe(broken: Callable[[Observe], bool]) -> Callable[[Spec], bool]:
    return lambda spec: spec.observe is not None and broken(spec.observe)


def _inline(broken: Callable[[InlineSource], bool]) -> Callable[[Spec], bool]:
    return lambda spec: spec.source.inline is not None and broken(spec.source.inline)


def _inline_bytes(source: InlineSource) -> int:
    return sum(len(name.encode()) + len(text.encode()) for name, text in source.files.items())


def _file_name(name: str) -> bool:
    return name.endswith(SOURCE_SUFFIX) and re.fullmatch(FILE_NAME, name) is not None


def _identifier(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) is not None


def _timeout_refused(check: Check) -> bool:
    try:
        return not 1.0 <= check.timeout_s <= TIMEOUT_LIMIT_S
    except UsageError:
        return True


def _length_refused(observe: Observe) -> bool:
    lengths = observe.seconds
    return lengths["window"] > WINDOW_LIMIT_S or max(lengths.values()) > LENGTH_LIMIT_S


def _schedule_refused(check: Check) -> bool:
    if check.schedule is None:
        return False
    try:
        next(CronSim(check.schedule, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration):
        return True
    return len(check.schedule.split()) != 5


def _zone_refused(check: Check) -> bool:
    if check.time_zone is None:
        return False
    try:
        ZoneInfo(check.time_zone)
    except (OSError, ValueError, KeyError):
        return True
    return False


def _owned_keys(template: PodTemplate) -> bool:
    names = [*template.labels, *template.annotations]
    return any(name.split("/")[0].endswith(OWN_DOMAIN) and "/" in name for name in names)


def _quantity_refused(spec: Spec) -> bool:
    resources = spec.pod_template.resources
    try:
        return any(amount_of(q) <= 0 for part in (resources.requests, resources.limits) for q in part.given().values())
    except UsageError:
        return True


RULES = (
    Rule(
        "spec",
        "give check (to explore the spec), observe (to hold live objects to it) or both; "
        "`check: {}` checks every instance",
        lambda spec: spec.check is None and spec.observe is None,
    ),
    Rule(
        "spec",
        "entrypoint is not among source.inline.files; name the file that has the state, the actions and the properties",
        lambda spec: spec.source.inline is not None and spec.entrypoint not in spec.source.inline.files,
    ),
    Rule(
        "spec.source",
        "give exactly one of inline and configMap",
        lambda spec: (spec.source.inline is None) == (spec.source.config_map is None),
    ),
    Rule(
        "spec.source.inline",
        "a file's name is letters, digits, `_`, `.` and `-`, begins with none of `.` and `-`, and ends in .py; "
        "only Python modules are part of a spec",
        _inline(lambda source: not all(map(_file_name, source.files))),
    ),
    Rule(
        "spec.source.inline",
        "the files have more than 200 KiB together; put them into a ConfigMap and name it in source.configMap",
        _inline(lambda source: _inline_bytes(source) > INLINE_LIMIT_BYTES),
    ),
    Rule(
        "spec.check",
        "method Simulate needs walks (how many) and maxSteps (how long each may get)",
        _check(lambda check: check.method == "Simulate" and (check.walks is None or check.max_steps is None)),
    ),
    Rule(
        "spec.check",
        "walks and seed belong to method: Simulate; set the method, or leave them out",
        _check(lambda check: check.method == "Explore" and (check.walks is not None or check.seed is not None)),
    ),
    Rule(
        "spec.check",
        "timeZone belongs to a schedule; give one, or leave it out",
        _check(lambda check: check.time_zone is not None and check.schedule is None),
    ),
    Rule(
        "spec.check.timeout",
        "a timeout is between 1s and 24h, written such as 90s, 10m or 1h30m",
        _check(_timeout_refused),
    ),
    Rule(
        "spec.check.schedule",
        "a schedule has five fields (minute, hour, day of month, month, day of week), such as `0 3 * * *`",
        _check(_schedule_refused),
    ),
    Rule(
        "spec.check.timeZone",
        "not a time zone; write a name of the IANA database, such as Europe/Berlin or UTC",
        _check(_zone_refused),
    ),
    Rule(
        "spec.observe",
        "give instance (a named instance of the spec) or parameters (CEL for each), not both",
        _observe(lambda observe: observe.instance is not None and bool(observe.parameters)),
    ),
    Rule(
        "spec.observe",
        "the names of variables and parameters are those of the spec, which are identifiers",
        _observe(lambda observe: not all(map(_identifier, [*observe.variables, *observe.parameters]))),
    ),
    Rule(
        "spec.observe.sources",
        "the names object, event, resource and time are taken in expressions; call the source something else",
        _observe(lambda observe: any(source.name in TAKEN_NAMES for source in observe.sources)),
    ),
    Rule(
        "spec.observe.sources",
        "Secrets are never observed; observe the object that the controller makes from it",
        _observe(lambda o: any(k.kind == "Secret" and k.api_version == "v1" for s in o.sources if (k := s.kubernetes))),
    ),
    Rule(
        "spec.observe.sources",
        "a source is exactly one of kubernetes, otlp, lines and audit",
        _observe(lambda observe: any(len(source.given) != 1 for source in observe.sources)),
    ),
    Rule(
        "spec.observe.sources",
        "many is for sources of objects: kubernetes and lines",
        _observe(lambda observe: any(s.many and (s.otlp or s.audit) is not None for s in observe.sources)),
    ),
    Rule(
        "spec.observe",
        "map at least one variable, or one action: without either nothing of the spec is observed",
        _observe(lambda observe: not observe.variables and not observe.actions),
    ),
    Rule(
        "spec.observe",
        "a window has at most 5m, the other lengths of time at most 720h",
        _observe(_length_refused),
    ),
    Rule(
        "spec",
        "gate.verified needs check, and gate.conformant needs observe: without it there is no verdict to wait for",
        lambda spec: (spec.gate.verified and spec.check is None) or (spec.gate.conformant and spec.observe is None),
    ),
    Rule(
        "spec.podTemplate",
        "labels and annotations under speccheck.dev/ are set by the operator; use another prefix",
        lambda spec: _owned_keys(spec.pod_template),
    ),
    Rule(
        "spec.podTemplate.affinity",
        "an affinity has at most 16 KiB as JSON; make it shorter",
        lambda spec: len(msgspec.json.encode(spec.pod_template.affinity)) > AFFINITY_LIMIT_BYTES,
    ),
    Rule(
        "spec.podTemplate.resources",
        "an amount is a positive quantity, such as 500m or 2 for cpu, and 512Mi or 1Gi for memory",
        _quantity_refused,
    ),
)
"""Every rule, in the order in which a broken one is told."""


def broken_rules(spec: Spec) -> Iterator[Rule]:
    """The rules that a `.spec` breaks."""
    return (rule for rule in RULES if rule.broken(spec))
