"""The fields of a SpecCheck's `.spec`: types, bounds and defaults, one class for each object in it.

The schema in crds/ says the same to an API server; here it is said again because a manifest is also
read without one. Rules that join several fields are in `rules`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from speccheck.digests import FILE_NAME
from speccheck.resource.durations import DURATION, seconds_of

EXPRESSION_LIMIT = 4096

_IDENTIFIER = r"^[A-Za-z_][A-Za-z0-9_]*\Z"
_DNS_NAME = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\Z"
_DNS_LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z"
_NAMESPACE = r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?|[*])\Z"
_API_VERSION = r"^([a-z0-9.-]+/)?v[a-z0-9]+\Z"
_KIND = r"^[A-Z][A-Za-z0-9]*\Z"
_DURATION = rf"^{DURATION}\Z"
_ENTRYPOINT = rf"^{FILE_NAME}\Z"

PATTERNS = {
    _IDENTIFIER: "an identifier, as the spec has it: letters, digits and _",
    _DNS_NAME: "a Kubernetes name: lower-case letters, digits, - and .",
    _DNS_LABEL: "a namespace's name: lower-case letters, digits and -",
    _API_VERSION: "an API version, such as v1 or apps/v1",
    _KIND: "a kind, such as ConfigMap or Deployment",
    _NAMESPACE: "a namespace's name (lower-case letters, digits and -), or * for every one",
    _DURATION: "a length of time with units ms, s, m and h, such as 90s, 10m or 1h30m",
    _ENTRYPOINT: "the name of a file, without a directory",
}
"""The patterns of fields, in words."""

Identifier = Annotated[str, Meta(pattern=_IDENTIFIER, max_length=128)]
DnsName = Annotated[str, Meta(pattern=_DNS_NAME, max_length=253)]
Expression = Annotated[str, Meta(min_length=1, max_length=EXPRESSION_LIMIT)]
Expressions = Annotated[dict[str, Expression], Meta(max_length=64)]
Labels = Annotated[dict[str, Annotated[str, Meta(max_length=63)]], Meta(max_length=32)]


class _Part(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """Base of all parts of a request: immutable, camelCase outside, nothing unknown accepted."""


class InlineSource(_Part, frozen=True, kw_only=True):
    """The spec's files, written into the SpecCheck."""

    files: Annotated[dict[str, Annotated[str, Meta(max_length=512 * 1024)]], Meta(min_length=1, max_length=32)]


class ConfigMapSource(_Part, frozen=True, kw_only=True):
    """The spec's files as the keys of a ConfigMap in the same namespace."""

    name: DnsName


class Source(_Part, frozen=True, kw_only=True):
    """Where the spec's files come from: exactly one of these."""

    inline: InlineSource | None = None
    config_map: ConfigMapSource | None = None


class Check(_Part, frozen=True, kw_only=True):
    """How the spec is explored. No instances or properties listed: all of them."""

    instances: Annotated[tuple[Identifier, ...], Meta(max_length=64)] = ()
    properties: Annotated[tuple[Identifier, ...], Meta(max_length=128)] = ()
    method: Literal["Explore", "Simulate"] = "Explore"
    walks: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None
    seed: Annotated[int, Meta(ge=0)] | None = None
    max_steps: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    accept_bound: bool = False
    deadlock: bool = False
    timeout: Annotated[str, Meta(max_length=32)] = "10m"
    schedule: Annotated[str, Meta(max_length=128)] | None = None
    time_zone: Annotated[str, Meta(max_length=64)] | None = None

    @property
    def timeout_s(self) -> float:
        """How long the engine may take, in seconds."""
        return seconds_of(self.timeout)


class Selector(_Part, frozen=True, kw_only=True):
    """Which objects of a kind are observed; no labels: all."""

    match_labels: Labels = {}


class KubernetesSource(_Part, frozen=True, kw_only=True):
    """Objects of one kind, in one namespace (the SpecCheck's own by default), or in every one (`*`)."""

    api_version: Annotated[str, Meta(pattern=_API_VERSION, max_length=253)]
    kind: Annotated[str, Meta(pattern=_KIND, max_length=63)]
    namespace: Annotated[str, Meta(pattern=_NAMESPACE, max_length=63)] | None = None
    selector: Selector = Selector()


class OtlpSource(_Part, frozen=True, kw_only=True):
    """Spans and log records that programs of the SpecCheck's namespace send."""


class AuditSource(_Part, frozen=True, kw_only=True):
    """The API server's audit events about the SpecCheck's namespace."""


class LinesSource(_Part, frozen=True, kw_only=True):
    """Observations that pods of the SpecCheck's namespace write to their logs, one JSON object a line."""

    pods: Selector = Selector()
    container: Annotated[str, Meta(pattern=_DNS_LABEL, max_length=63)] | None = None


class ObserveSource(_Part, frozen=True, kw_only=True):
    """A named source of observations: exactly one of `kubernetes`, `otlp`, `lines` and `audit`.

    `key` (CEL) gives one trace per key; without it, one per object. `match` (CEL) tells what is of the source.
    `many`: a key has several objects, and the name stands for their list.
    """

    name: Identifier
    key: Expression | None = None
    match: Expression | None = None
    many: bool = False
    kubernetes: KubernetesSource | None = None
    otlp: OtlpSource | None = None
    lines: LinesSource | None = None
    audit: AuditSource | None = None

    @property
    def given(self) -> tuple[str, ...]:
        """Which kinds of source it is; one, where the rules are kept."""
        kinds = {"kubernetes": self.kubernetes, "otlp": self.otlp, "lines": self.lines, "audit": self.audit}
        return tuple(name for name, part in kinds.items() if part is not None)


class ObserveAction(_Part, frozen=True, kw_only=True):
    """When an observation (of one source, or of any) tells of a named action of the spec, and with which arguments."""

    name: Identifier
    when: Expression
    source: Identifier | None = None
    args: Expressions = {}


Tier = Literal["State", "Step", "Time"]


class Mute(_Part, frozen=True, kw_only=True):
    """Drifts that nobody wants to hear of, why, and until when: those that fit all that is given."""

    reason: Annotated[str, Meta(min_length=1, max_length=256)]
    until: Annotated[datetime, Meta(tz=True)]
    property: Identifier | None = None
    key: Annotated[str, Meta(min_length=1, max_length=253)] | None = None
    tier: Tier | None = None


Duration = Annotated[str, Meta(pattern=_DURATION, max_length=32)]


class Observe(_Part, frozen=True, kw_only=True):
    """How live objects are held to the spec. What is not mapped to a variable is hidden."""

    service_account_name: DnsName = "default"
    sources: Annotated[tuple[ObserveSource, ...], Meta(min_length=1, max_length=16)]
    instance: Identifier | None = None
    parameters: Expressions = {}
    variables: Expressions = {}
    actions: Annotated[tuple[ObserveAction, ...], Meta(max_length=64)] = ()
    tiers: Annotated[tuple[Tier, ...], Meta(min_length=1, max_length=3)] = ("State", "Step", "Time")
    hidden_steps: Annotated[int, Meta(ge=0, le=8)] = 0
    settle: Duration = "1s"
    window: Duration = "2s"
    drift_hold: Duration = "10m"
    deadlines: Annotated[dict[str, Duration], Meta(max_length=64)] = {}
    mute: Annotated[tuple[Mute, ...], Meta(max_length=64)] = ()

    @property
    def seconds(self) -> dict[str, float]:
        """Its lengths of time, in seconds, by place."""
        single = {"settle": self.settle, "window": self.window, "driftHold": self.drift_hold}
        several = {f"deadlines.{name}": text for name, text in self.deadlines.items()}
        return {name: seconds_of(text) for name, text in (single | several).items()}


class Gate(_Part, frozen=True, kw_only=True):
    """Whether a verdict makes Ready False, and what an Unknown one counts as."""

    verified: bool = False
    conformant: bool = False
    on_unknown: Literal["Pass", "Fail"] = "Pass"


Quantity = str | int | float


class ResourceAmounts(_Part, frozen=True, kw_only=True):
    """Amounts of compute, as Kubernetes quantities."""

    cpu: Quantity | None = None
    memory: Quantity | None = None

    def given(self) -> dict[str, str]:
        """The amounts that are given, as text."""
        return {n: str(v) for n, v in (("cpu", self.cpu), ("memory", self.memory)) if v is not None}


class Resources(_Part, frozen=True, kw_only=True):
    """What each container of the checker pod asks for and may use."""

    requests: ResourceAmounts = ResourceAmounts()
    limits: ResourceAmounts = ResourceAmounts()


class LocalReference(_Part, frozen=True, kw_only=True):
    """An object of the same namespace by its name."""

    name: DnsName


class Toleration(_Part, frozen=True, kw_only=True):
    """A taint that the checker pod tolerates, as in a Pod."""

    key: Annotated[str, Meta(max_length=316)] | None = None
    operator: Literal["Exists", "Equal"] | None = None
    value: Annotated[str, Meta(max_length=63)] | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    toleration_seconds: int | None = None


class PodTemplate(_Part, frozen=True, kw_only=True):
    """The little of the checker pod that a SpecCheck may set."""

    labels: Labels = {}
    annotations: Annotated[dict[str, Annotated[str, Meta(max_length=1024)]], Meta(max_length=16)] = {}
    node_selector: Labels = {}
    tolerations: Annotated[tuple[Toleration, ...], Meta(max_length=16)] = ()
    affinity: dict[str, Any] | None = None
    image_pull_secrets: Annotated[tuple[LocalReference, ...], Meta(max_length=8)] = ()
    runtime_class_name: DnsName | None = None
    resources: Resources = Resources()


class Spec(_Part, frozen=True, kw_only=True):
    """The `.spec` of a SpecCheck."""

    source: Source
    entrypoint: Annotated[str, Meta(pattern=_ENTRYPOINT, max_length=253)]
    check: Check | None = None
    observe: Observe | None = None
    gate: Gate = Gate()
    suspend: bool = False
    history_limit: Annotated[int, Meta(ge=1, le=50)] = 5
    pod_template: PodTemplate = PodTemplate()
