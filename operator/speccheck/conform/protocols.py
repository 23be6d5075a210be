"""What crosses the evaluator's socket: one JSON object a message, behind its length; and the judgements in it.

Struct definitions and framing only: no CEL, no engine, no input or output. Both sides decode strictly, so whatever
comes is refused unless it has exactly these fields and no more than `MESSAGE_BYTES`.
"""

from __future__ import annotations

import struct
from datetime import datetime
from typing import Any, Literal

import msgspec

from speccheck.digests import digest
from speccheck.errors import ModelError

MESSAGE_BYTES = 32 << 20
"""The longest message; a Model is at most a part of that."""

VIEWS_PER_MESSAGE = 256
"""How many observations one `Judge` may carry."""

HEADER = struct.Struct(">I")


class SourceOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A source's name, and the CEL expression that tells which trace its observations belong to.

    Without one, an object's trace is `namespace/name`.
    """

    name: str
    key: str | None = None


class MappingOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How observations become variables: CEL by name. Parameters come from an instance, or by CEL as well."""

    sources: tuple[SourceOrder, ...]
    variables: dict[str, str]
    instance: str | None = None
    parameters: dict[str, str] = {}


class Load(msgspec.Struct, frozen=True, tag="load", forbid_unknown_fields=True):
    """Asks that a Model (its JSON) and a mapping be held ready under a handle of the caller's."""

    tenant: str
    handle: str
    model: bytes
    mapping: MappingOrder


class View(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One observation as expressions see it; `current` has the other sources' objects of the same key."""

    source: str
    time: datetime
    object: dict[str, Any] | None = None
    event: dict[str, Any] | None = None
    current: dict[str, Any] = {}


class Judge(msgspec.Struct, frozen=True, tag="judge", forbid_unknown_fields=True):
    """Asks what some observations mean to the Model under a handle, in order."""

    tenant: str
    handle: str
    views: tuple[View, ...]


Request = Load | Judge


def handle_of(model: bytes, mapping: MappingOrder) -> str:
    """A handle that stands for exactly this Model and mapping."""
    return digest(model + b"\0" + msgspec.json.encode(mapping))


class Unjudged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A property that no observation can be held to: because these variables are not mapped, or for another reason."""

    property: str
    variables: tuple[str, ...]
    reason: str = ""


class Loaded(msgspec.Struct, frozen=True, tag="loaded", forbid_unknown_fields=True):
    """The mapping stands; which invariants it lets be judged, and which not."""

    judged: tuple[str, ...]
    unjudged: tuple[Unjudged, ...]


class Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one invariant says of one observed state; `Error`: it has no value there."""

    property: str
    verdict: Literal["Holds", "Violated", "Error"]
    message: str = ""


class Judgement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one observation means: its key, the variables' values (as ITF), and a result per judged invariant.

    `rejected` says why it could not be mapped; then there are neither values nor results.
    """

    key: str = ""
    values: dict[str, Any] = {}
    results: tuple[Result, ...] = ()
    rejected: str = ""


class Judged(msgspec.Struct, frozen=True, tag="judged", forbid_unknown_fields=True):
    """One judgement for each view, in their order."""

    judgements: tuple[Judgement, ...]


class Refusal(msgspec.Struct, frozen=True, tag="refusal", forbid_unknown_fields=True):
    """No answer. `Refused`: the mapping or the Model is wrong. `OverBudget`: it took too long or too much memory.
    `NotLoaded`: the handle is not held (any more). `Failed`: a fault of the evaluator itself."""

    reason: Literal["Refused", "OverBudget", "NotLoaded", "Failed"]
    message: str


Answer = Loaded | Judged | Refusal

_REQUESTS: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
_ANSWERS: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)


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
    if isinstance(request, Judge) and len(request.views) > VIEWS_PER_MESSAGE:
        raise ModelError(f"{len(request.views)} observations in one request; at most {VIEWS_PER_MESSAGE} are taken")
    return request


def answer_from(payload: bytes) -> Answer:
    """The answer in a payload; ModelError for anything else."""
    try:
        return _ANSWERS.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(f"not an answer: {error}") from error
