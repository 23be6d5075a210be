"""From judgements to drifts: what is amiss at present, since when, and what has changed.

Takes what was seen of objects, in order, with the evaluator's judgement of it; keeps the active drifts and counts;
gives the changes. Pure: no clock, no CEL, no Model, no input or output. It is all the operator needs to keep.
"""

from __future__ import annotations

import builtins
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, TypeAlias

from speccheck.conform.protocols import Explanation, Judgement, Result, Tier

KEYS_LIMIT = 20_000
"""How many keys are followed; what comes beyond is judged, and counted as not followed."""

DRIFTS_LIMIT = 1_000
"""How many drifts can be active; what comes beyond is counted only."""

OBSTACLES_KEPT = 3
"""How many of the nearest explanations a drift keeps."""


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """An object of the cluster; `uid` and `namespace` may be empty, the rest too where a line has no such thing."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str

    @property
    def identity(self) -> str:
        """What tells this object from every other."""
        return self.uid or "/".join((self.api_version, self.kind, self.namespace, self.name))


def object_ref(body: object) -> ObjectRef:
    """The object that some JSON describes, as far as it says; nothing in it is trusted to be there."""
    data = body if isinstance(body, dict) else {}
    metadata = data.get("metadata")
    named = metadata if isinstance(metadata, dict) else {}
    found = (data.get("apiVersion"), data.get("kind"), named.get("namespace"), named.get("name"), named.get("uid"))
    return ObjectRef(*(each[:253] if isinstance(each, str) else "" for each in found))


@dataclass(frozen=True, slots=True)
class Drift:
    """An object that breaks a property. `count` says in how many observations since; `message` tells of the first."""

    property: str
    tier: Tier
    key: str
    object: ObjectRef
    since: datetime
    count: int
    last: datetime
    message: str
    muted: bool = False
    mute_reason: str = ""
    obstacles: tuple[str, ...] = ()
    """Of a step: what kept the nearest actions from explaining it."""
    explanation: Explanation | None = field(default=None, compare=False)
    """All that is known of how it came about; it does not outlive the process."""

    @builtins.property  # the name is a field's in this class
    def identity(self) -> str:
        """A name for this drift that stays the same over restarts and belongs to no other."""
        parts = (self.object.identity, self.key, self.property, self.tier, self.since.isoformat())
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

    @builtins.property
    def trace(self) -> str:
        """What is broken where, in 16 hex digits: enough to know a drift again of which nothing else was kept."""
        return _trace(self.object, (self.key, self.tier, self.property))


_At: TypeAlias = tuple[str, Tier, str]
"""Where something is broken: the key, the tier, and the property."""


def _trace(thing: ObjectRef, at: _At) -> str:
    return hashlib.sha256("\0".join((thing.identity, *at)).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Mute:
    """Drifts that nobody wants to hear of, until some time: those that fit all that is given. "" fits any."""

    reason: str
    until: datetime
    property: str = ""
    key: str = ""
    tier: str = ""

    def fits(self, drift: Drift, now: datetime) -> bool:
        """Whether it mutes a drift at some time."""
        given = ((self.property, drift.property), (self.key, drift.key), (self.tier, drift.tier))
        return now < self.until and all(wanted in ("", is_) for wanted, is_ in given)


@dataclass(frozen=True, slots=True)
class Seen:
    """An observation as far as drifts need it. `version` changes whenever the object does; "" where there is none."""

    source: str
    kind: Literal["ADDED", "MODIFIED", "DELETED"]
    time: datetime
    object: ObjectRef
    version: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """A property broke on a key where it had held, or was not known."""

    drift: Drift


@dataclass(frozen=True, slots=True)
class Repeated:
    """It was seen broken again."""

    drift: Drift


@dataclass(frozen=True, slots=True)
class Resolved:
    """The drift is over: the property holds again, the object is gone (deleted, or under another key), or (`quiet`) no
    other step broke the spec for long enough."""

    drift: Drift
    at: datetime
    why: Literal["holds", "gone", "quiet"]


Change: TypeAlias = Started | Repeated | Resolved


@dataclass(slots=True)
class Counts:
    """Totals since the tracker was made. `judged` counts observations with a result for some property;
    `by_property` the results of each, so that what is never judged is seen; `in_a_row` the rejections since the
    last observation that was mapped."""

    judged: int = 0
    rejected: int = 0
    errors: int = 0
    duplicates: int = 0
    gaps: int = 0
    resolved: int = 0
    overflowed: int = 0
    in_a_row: int = 0
    last_observed: datetime | None = None
    last_rejection: str = ""
    by_property: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Key:
    """A trace under way: the objects that make it up, whether anything was judged, and of what it is not known."""

    objects: set[str] = field(default_factory=set)
    judged: bool = False
    unknown: set[tuple[Tier, str]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Policy:
    """How drifts are kept: how long (in seconds) a step drift lasts without another, and which are muted.

    `listed`: the API versions and kinds of which all objects are listed at the start, so that one that is not there is
    gone; None for all. Of anything else a drift from before a restart lasts until it is judged, or for `hold_s`.
    """

    hold_s: float = 600.0
    mutes: tuple[Mute, ...] = ()
    listed: frozenset[tuple[str, str]] | None = None

    def is_listed(self, thing: ObjectRef) -> bool:
        """Whether the object would have been listed, were it there."""
        return self.listed is None or (thing.api_version, thing.kind) in self.listed

    def muted(self, drift: Drift, now: datetime) -> Drift:
        """The drift as it is told at some time."""
        rule = next((each for each in self.mutes if each.fits(drift, now)), None)
        return replace(drift, muted=rule is not None, mute_reason=rule.reason if rule else "")


class Tracker:
    """The drifts of one SpecCheck.

    `drifts` are those that were active before a restart. They stay active, silently, until an observation
    says otherwise or `synced` finds their object gone. Of more than can be kept, `traces` has since when they are:
    they become active again, silently, when they are seen, and those whose object is gone are forgotten.
    """

    def __init__(
        self, drifts: Iterable[Drift] = (), traces: Mapping[str, datetime] | None = None, policy: Policy | None = None
    ) -> None:
        self.counts = Counts()
        self._policy = policy or Policy()
        self._traces = dict(traces or {})
        self._drifts: dict[_At, Drift] = {(drift.key, drift.tier, drift.property): drift for drift in drifts}
        self._restored = set(self._drifts)
        self._keys: dict[str, _Key] = {}
        self._key_of: dict[str, str] = {}
        self._versions: dict[str, str] = {}
        self._unmapped: set[str] = set()

    @property
    def active(self) -> tuple[Drift, ...]:
        """The drifts that are not over, oldest first."""
        return tuple(sorted(self._drifts.values(), key=lambda drift: (drift.since, drift.identity)))

    @property
    def traces(self) -> Mapping[str, datetime]:
        """The drifts from before a restart that were not seen since, by their trace: since when they are."""
        return dict(self._traces)

    @property
    def keys(self) -> int:
        """How many keys have objects."""
        return len(self._keys)

    @property
    def unjudged_keys(self) -> int:
        """How many keys are in a state of which it is not known whether it conforms: it could not be mapped, some
        property has no value in it, or it is beyond what is followed."""
        known = {self._key_of[identity] for identity in self._unmapped if identity in self._key_of}
        unjudged = {name for name, key in self._keys.items() if not key.judged or key.unknown} | known
        strangers = sum(identity not in self._key_of for identity in self._unmapped)
        return len(unjudged) + strangers + self.counts.overflowed

    def is_duplicate(self, seen: Seen) -> bool:
        """Whether exactly this version of the object was seen before; then it need not be judged. It is counted."""
        known = bool(seen.version) and self._versions.get(seen.object.identity) == seen.version
        if known and seen.kind != "DELETED":
            self.counts.duplicates += 1
            return True
        return False

    def feed(self, seen: Seen, judgement: Judgement) -> tuple[Change, ...]:
        """What an observation, as it was judged, changes."""
        self.counts.last_observed = seen.time
        if judgement.rejected:
            self.counts.rejected += 1
            self.counts.in_a_row += 1
            self.counts.last_rejection = judgement.rejected
            if len(self._unmapped) < KEYS_LIMIT and (seen.object.kind or seen.object.uid):
                self._unmapped.add(seen.object.identity)
            return ()
        self.counts.in_a_row = 0
        self._unmapped.discard(seen.object.identity)
        if judgement.ignored:
            return ()
        if judgement.closed:
            return tuple(self._close(judgement.key, seen.time))
        changes = list(self.deleted(seen)) if seen.kind == "DELETED" else self._move(seen, judgement.key)
        self._count(judgement)
        for result in judgement.results:
            changes += self._settle(seen, judgement.key, result)
        return tuple(changes)

    def deleted(self, seen: Seen) -> tuple[Change, ...]:
        """What an object's end changes; its key closes with its last object."""
        self.counts.last_observed = seen.time
        identity = seen.object.identity
        self._versions.pop(identity, None)
        self._unmapped.discard(identity)
        return tuple(self._leave(identity, seen.time))

    def passed(self, judgement: Judgement, seen: Seen) -> tuple[Change, ...]:
        """What it changes that time has passed, as it was judged of a key; `seen` is what was last seen of it."""
        if judgement.closed:
            return tuple(self._close(judgement.key, seen.time))
        self._count(judgement)
        return tuple(change for each in judgement.results for change in self._settle(seen, judgement.key, each))

    def tick(self, now: datetime) -> tuple[Change, ...]:
        """What it changes that it is this late: step drifts that are over, and mutes that are."""
        quiet = [at for at, drift in self._drifts.items() if self._fades(at) and self._is_over(drift, now)]
        changes: list[Change] = [self._resolve(at, now, "quiet") for at in quiet]
        for at, drift in self._drifts.items():
            told = self._policy.muted(drift, now)
            if told.muted != drift.muted:
                self._drifts[at] = told
                changes += [] if told.muted else [Started(told)]
        return tuple(changes)

    def gap(self) -> None:
        """Something may have happened that nobody saw: what is seen next is to be judged, were it seen before or not.
        Drifts stand as they are."""
        self.counts.gaps += 1
        self._versions.clear()

    def synced(self, time: datetime) -> tuple[Change, ...]:
        """All objects there are have been fed: what was active on one that is gone is over."""
        if not self.unjudged_keys:
            self._traces.clear()
        gone = [at for at in self._restored if self._is_gone(self._drifts[at].object)]
        return tuple(self._resolve(at, time, "gone") for at in gone)

    def _is_gone(self, thing: ObjectRef) -> bool:
        return self._policy.is_listed(thing) and thing.identity not in self._key_of

    def _fades(self, at: _At) -> bool:
        """Whether a drift is over once nothing was heard of it for long enough."""
        return at[1] == "Step" or (at in self._restored and not self._policy.is_listed(self._drifts[at].object))

    def _move(self, seen: Seen, key: str) -> list[Change]:
        identity = seen.object.identity if seen.object.kind or seen.object.uid else f"nothing but the key {key}"
        before = self._key_of.get(identity)
        changes = self._leave(identity, seen.time) if before not in (None, key) else []
        if key not in self._keys and len(self._keys) >= KEYS_LIMIT:
            self.counts.overflowed += 1
        else:
            self._keys.setdefault(key, _Key()).objects.add(identity)
            self._key_of[identity] = key
            self._versions[identity] = seen.version
        return changes

    def _leave(self, identity: str, time: datetime) -> list[Change]:
        key = self._key_of.pop(identity, None)
        if key is not None:
            self._keys[key].objects.discard(identity)
            if not self._keys[key].objects:
                del self._keys[key]
        over = [
            at
            for at, drift in self._drifts.items()
            if drift.object.identity == identity or (at[0] == key and key not in self._keys)
        ]
        return [self._resolve(at, time, "gone") for at in over]

    def _close(self, key: str, time: datetime) -> list[Change]:
        """A key is over, and what was amiss with it."""
        closed = self._keys.pop(key, _Key())
        for identity in closed.objects:
            self._key_of.pop(identity, None)
            self._versions.pop(identity, None)
            self._unmapped.discard(identity)
        return [self._resolve(at, time, "gone") for at in [at for at in self._drifts if at[0] == key]]

    def _count(self, judgement: Judgement) -> None:
        found = judgement.results
        judged = [result.property for result in found if result.verdict in ("Holds", "Violated")]
        self.counts.errors += sum(result.verdict == "Error" for result in found)
        self.counts.by_property.update(judged)
        self.counts.judged += bool(judged)
        key = self._keys.get(judgement.key)
        if key is not None:
            key.judged = key.judged or bool(judged)
            for each in found:
                about = (each.tier, "" if each.tier == "Step" else each.property)
                if each.verdict in ("Holds", "Violated"):
                    key.unknown.discard(about)
                else:
                    key.unknown.add(about)

    def _is_over(self, drift: Drift, now: datetime) -> bool:
        return (now - drift.last).total_seconds() >= self._policy.hold_s

    def _settle(self, seen: Seen, key: str, result: Result) -> list[Change]:
        at = (key, result.tier, result.property)
        if result.tier == "Step" and result.verdict == "Holds":
            return []
        match result.verdict, self._drifts.get(at):
            case "Violated", None:
                return self._start(seen, at, result)
            case "Violated", Drift() as drift:
                return self._repeat(seen, at, drift)
            case "Holds", Drift():
                return [self._resolve(at, seen.time, "holds")]
            case "Holds", None if since := self._recalled(seen, at):
                self._drifts[at] = Drift(result.property, result.tier, key, seen.object, since, 1, since, "")
                return [self._resolve(at, seen.time, "holds")]
            case _:
                return []

    def _recalled(self, seen: Seen, at: _At) -> datetime | None:
        """Since when something is broken that was so before a restart; it is no trace from then on."""
        return self._traces.pop(_trace(seen.object, at), None) if self._traces else None

    def _start(self, seen: Seen, at: _At, result: Result) -> list[Change]:
        if len(self._drifts) >= DRIFTS_LIMIT:
            self.counts.overflowed += 1
            return []
        since = self._recalled(seen, at)
        drift = self._policy.muted(_drift(seen, at, result, since or seen.time), seen.time)
        self._drifts[at] = drift
        return [] if since else [Started(drift)]

    def _repeat(self, seen: Seen, at: _At, drift: Drift) -> list[Change]:
        if at in self._restored:
            self._restored.discard(at)
            if at[1] != "Step":
                return []
        self._drifts[at] = replace(drift, count=drift.count + 1, last=max(drift.last, seen.time))
        return [Repeated(self._drifts[at])]

    def _resolve(self, at: _At, time: datetime, why: Literal["holds", "gone", "quiet"]) -> Change:
        self._restored.discard(at)
        self.counts.resolved += 1
        return Resolved(self._drifts.pop(at), time, why)


def _drift(seen: Seen, at: _At, result: Result, since: datetime) -> Drift:
    found = result.explanation
    near = tuple(f"{each.action}: {each.detail}" for each in found.obstacles[:OBSTACLES_KEPT]) if found else ()
    key, tier, name = at
    return Drift(name, tier, key, seen.object, since, 1, seen.time, result.message, obstacles=near, explanation=found)
