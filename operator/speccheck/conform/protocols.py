"""What crosses the evaluator's socket: one JSON object a message, behind its length; and the judgements in it.

Struct definitions and framing only: no CEL, no engine, no input or output. Both sides decode strictly, so whatever
comes is refused unless it has exactly these fields and no more than `MESSAGE_BYTES`.
"""

from __future__ import annotations

import struct
from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec

from speccheck.digests import digest
from speccheck.errors import ModelError

MESSAGE_BYTES = 32 << 20
"""The longest message; a Model is at most a part of that."""

ITEMS_PER_MESSAGE = 256
"""How many observations one `Judge` may carry."""

HEADER = struct.Struct(">I")

Tier: TypeAlias = Literal["State", "Step", "Time"]
"""What is asked of observations: invariants of a state; a step of the spec that explains a change; deadlines."""

UNKNOWNS = ("NoAnchor", "Ambiguous", "ConformsSinceAnchor", "OverBudget", "Settling")
"""Why a result is Unknown, or (`ConformsSinceAnchor`, with verdict Holds) how far it reaches."""


class SourceOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A source's name, and the CEL expression that tells which trace its observations belong to.

    Without one, an object's trace is `namespace/name`. `match` (CEL, a bool) tells which observations are of the source
    at all. `many`: a key has several objects, and the source's name stands for their list, ordered by name.
    """

    name: str
    key: str | None = None
    match: str | None = None
    many: bool = False


class ActionOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When an observation tells of a named action of the spec (`when`, CEL), with which arguments (CEL each).

    `source` is the source whose observations are looked at; "" is every one.
    """

    name: str
    when: str
    args: dict[str, str] = {}
    source: str = ""


class MappingOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How observations become variables and actions, and how they are held to the Model.

    Variables and parameters are CEL by name; parameters come from an instance, or by CEL. `hidden_steps` of the spec
    may happen between two observations. `settle_s`: how long a breach across sources must last. `window_s`: within
    how long an action's own observation may come after what it changed. `deadlines`: seconds by temporal property.
    """

    sources: tuple[SourceOrder, ...]
    variables: dict[str, str]
    instance: str | None = None
    parameters: dict[str, str] = {}
    actions: tuple[ActionOrder, ...] = ()
    tiers: tuple[Tier, ...] = ("State", "Step", "Time")
    hidden_steps: int = 0
    settle_s: float = 1.0
    window_s: float = 2.0
    deadlines: dict[str, float] = {}


class Load(msgspec.Struct, frozen=True, tag="load", forbid_unknown_fields=True):
    """Asks that a Model (its JSON) and a mapping be held ready under a handle of the caller's.

    What is observed under a handle is remembered; loading it again begins anew.
    """

    tenant: str
    handle: str
    model: bytes
    mapping: MappingOrder


class View(msgspec.Struct, frozen=True, tag="view", forbid_unknown_fields=True):
    """One observation as expressions see it.

    `live`: ADDED means that the object was created just now, not that it was found there. `event` has `name` and
    `attributes` (among them `resource`, where there is one).
    """

    source: str
    time: datetime
    kind: Literal["ADDED", "MODIFIED", "DELETED"] = "MODIFIED"
    object: dict[str, Any] | None = None
    event: dict[str, Any] | None = None
    live: bool = True


class Gap(msgspec.Struct, frozen=True, tag="gap", forbid_unknown_fields=True):
    """Something may have happened that nobody saw, in one source, or ("") in all."""

    time: datetime
    source: str = ""


class Tick(msgspec.Struct, frozen=True, tag="tick", forbid_unknown_fields=True):
    """It is this late by the observations' clock, and nothing else has come."""

    time: datetime


Item = View | Gap | Tick


class Judge(msgspec.Struct, frozen=True, tag="judge", forbid_unknown_fields=True):
    """Asks what some observations mean to the Model under a handle, in order."""

    tenant: str
    handle: str
    items: tuple[Item, ...]


class Drop(msgspec.Struct, frozen=True, tag="drop", forbid_unknown_fields=True):
    """Says that a handle will not be asked about again."""

    tenant: str
    handle: str


Request = Load | Judge | Drop


def handle_of(model: bytes, mapping: MappingOrder, whose: str = "") -> str:
    """A handle that stands for exactly this Model and mapping, and for whose observations they judge."""
    return digest(model + b"\0" + msgspec.json.encode(mapping) + b"\0" + whose.encode())


class Unjudged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A property that no observation can be held to: because these variables are not mapped, or for another reason."""

    property: str
    variables: tuple[str, ...]
    reason: str = ""


class Loaded(msgspec.Struct, frozen=True, tag="loaded", forbid_unknown_fields=True):
    """The mapping stands; which properties it lets be judged, and which not; the actions that a step can be."""

    judged: tuple[str, ...]
    unjudged: tuple[Unjudged, ...]
    actions: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    """The variables that are not mapped."""


class Obstacle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why one action, with its arguments, does not explain an observation: nearest first in a list.

    `kind`: a false `guard`; a `mismatch` of variables after it; `unknown` where it could not be told.
    """

    action: str
    kind: Literal["guard", "mismatch", "unknown"]
    detail: str
    distance: int = 0


class Explanation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What led to a drift. Values are ITF by variable. Of the tiers State and Time there are `observed` and `path`.

    `last_good`: a state consistent with everything before; `observed`: what the breaking observation fixes;
    `claimed`: the action it names, with its arguments; `path`: an ITF document from the anchor (or as far back as is
    kept) to the last good state, of the tiers State and Time to the observed one; `states`: with how many states what
    went before was consistent, or, of those tiers, what is observed.
    """

    last_good: dict[str, Any] = {}
    observed: dict[str, Any] = {}
    claimed: str = ""
    obstacles: tuple[Obstacle, ...] = ()
    path: dict[str, Any] | None = None
    states: int = 1


class Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one property says of an observed state (tier State, Time), or the spec of a step (tier Step).

    In the tier Step `property` is the claimed action's name, or `step`. `Error`: it has no value there. `Unknown`:
    `reason` says why (a word of `UNKNOWNS`).
    """

    property: str
    verdict: Literal["Holds", "Violated", "Error", "Unknown"]
    message: str = ""
    tier: Tier = "State"
    reason: str = ""
    explanation: Explanation | None = None


class Thing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The object that a judgement is about, as far as the observation says; of an event whatever `event` names."""

    api_version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


class Judgement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one observation, or the time that passed, means to one key: values of variables (as ITF), and results.

    `rejected` says why it could not be mapped; then there are neither values nor results. `ignored`: the observation is
    not of its source (`match`), or beyond what is followed. `closed`: with it the key's last object went.
    """

    key: str = ""
    values: dict[str, Any] = {}
    results: tuple[Result, ...] = ()
    rejected: str = ""
    ignored: bool = False
    closed: bool = False
    time: datetime | None = None
    thing: Thing = Thing()
    source: str = ""


class Census(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How things stand under a handle. Keys: followed; without an anchor; ambiguous (over the frontier's cap); retired
    for being idle; not followed, being too many; closed or retired before anything of them was judged. `actions` and
    `properties`: how often each was seen or judged."""

    keys: int = 0
    unanchored: int = 0
    ambiguous: int = 0
    retired: int = 0
    overflowed: int = 0
    unjudged: int = 0
    frontier: int = 0
    """The most states that any key is consistent with."""
    actions: dict[str, int] = {}
    properties: dict[str, int] = {}


class Judged(msgspec.Struct, frozen=True, tag="judged", forbid_unknown_fields=True):
    """For each item, in their order, the judgements it led to: one for a view, any number for the time."""

    judgements: tuple[tuple[Judgement, ...], ...]
    census: Census = Census()


class Dropped(msgspec.Struct, frozen=True, tag="dropped", forbid_unknown_fields=True):
    """The handle is forgotten."""


class Refusal(msgspec.Struct, frozen=True, tag="refusal", forbid_unknown_fields=True):
    """No answer. `Refused`: the mapping or the Model is wrong. `OverBudget`: it took too long or too much memory.
    `NotLoaded`: the handle is not held (any more), and what was remembered under it is gone. `Failed`: a fault of the
    evaluator itself."""

    reason: Literal["Refused", "OverBudget", "NotLoaded", "Failed"]
    message: str


Answer = Loaded | Judged | Dropped | Refusal


class Heading(msgspec.Struct, frozen=True):
    """What the evaluator reads of a request; the rest is for the worker to read, which is strict."""

    type: Literal["load", "judge", "drop"]
    tenant: str
    handle: str


class Outline(msgspec.Struct, frozen=True):
    """What the evaluator reads of a worker's answer; the rest is for the client to read, which is strict."""

    type: Literal["loaded", "judged", "dropped", "refusal"]
    reason: str = ""
    message: str = ""


_REQUESTS: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
_ANSWERS: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)
_HEADINGS = msgspec.json.Decoder(Heading)
_OUTLINES = msgspec.json.Decoder(Outline)


def framed(message: Request | Answer) -> bytes:
    """The message as it goes over the socket. Raises ModelError where it is too long."""
    payload = msgspec.json.encode(message)
    if len(payload) > MESSAGE_BYTES:
        raise ModelError(f"a message of {len(payload)} bytes; the evaluator takes {MESSAGE_BYTES}")
    return HEADER.pack(len(payload)) + payload


def length_of(header: bytes) -> int:
    """How long the payload behind a header is. Raises ModelError where it is longer than a message may be."""
    (length,) = HEADER.unpack(header)
    if length > MESSAGE_BYTES:
        raise ModelError(f"a message of {length} bytes; at most {MESSAGE_BYTES} are taken")
    return int(length)


def request_from(payload: bytes) -> Request:
    """The request in a payload; ModelError for anything else."""
    try:
        request = _REQUESTS.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(f"not a request: {error}") from error
    if isinstance(request, Judge) and len(request.items) > ITEMS_PER_MESSAGE:
        raise ModelError(f"{len(request.items)} observations in one request; at most {ITEMS_PER_MESSAGE} are taken")
    return request


def heading_of(payload: bytes) -> Heading:
    """What kind of request a payload is, and of whom; ModelError for what is none."""
    try:
        return _HEADINGS.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(f"not a request: {error}") from error


def outline_of(payload: bytes) -> Outline:
    """What kind of answer a payload is; ModelError for what is none."""
    try:
        return _OUTLINES.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(f"not an answer: {error}") from error


def answer_from(payload: bytes) -> Answer:
    """The answer in a payload; ModelError for anything else."""
    try:
        return _ANSWERS.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(f"not an answer: {error}") from error
