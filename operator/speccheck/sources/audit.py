"""Observations out of the API server's audit events: who did what to which object of a namespace, and what it became.

Takes an `EventList` as the audit webhook sends it, or one `Event` as a line of the audit log; gives observations with
their namespaces. Requests that are under way, failed, or changed nothing are left out; so is every Secret and token.
The event's name is the verb; the object is what the server answered with, if the audit policy records that.

The form is audit.k8s.io/v1: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from speccheck.sources.observations import Event, Kind, Observation

API_VERSION = "audit.k8s.io/v1"
EVENTS_LIMIT = 5_000
"""How many audit events one request may carry."""

_CHANGES = {"create": Kind.ADDED, "update": Kind.MODIFIED, "patch": Kind.MODIFIED, "delete": Kind.DELETED}
_VERBS = frozenset({*_CHANGES, "deletecollection"})
_HIDDEN = frozenset({"secrets", "tokenreviews", "tokenrequests"})
_HIDDEN_PARTS = frozenset({"token"})
_FAILED = 300


@dataclass(frozen=True, slots=True)
class Audited:
    """An observation, and the namespace that it is about."""

    namespace: str
    observation: Observation


@dataclass(slots=True)
class Heard:
    """What was heard. `refused` events, and why the first was; `passed`: events that are none of ours."""

    audited: list[Audited] = field(default_factory=list)
    refused: int = 0
    reason: str = ""
    passed: int = 0


class _Reference(msgspec.Struct, frozen=True, rename="camel"):
    resource: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    api_group: str = ""
    api_version: str = ""
    resource_version: str = ""
    subresource: str = ""


class _User(msgspec.Struct, frozen=True):
    username: str = ""


class _Answer(msgspec.Struct, frozen=True):
    code: int = 0


class _Audit(msgspec.Struct, frozen=True, rename="camel"):
    audit_id: Annotated[str, msgspec.Meta(max_length=200)] = msgspec.field(name="auditID")
    stage: str
    verb: str
    stage_timestamp: Annotated[datetime, msgspec.Meta(tz=True)]
    user: _User = _User()
    impersonated_user: _User | None = None
    user_agent: str = ""
    object_ref: _Reference | None = None
    response_status: _Answer | None = None
    request_object: dict[str, Any] | None = None
    response_object: dict[str, Any] | None = None


class _Head(msgspec.Struct, frozen=True, rename="camel"):
    kind: Literal["Event", "EventList"]
    api_version: Literal["audit.k8s.io/v1"]
    items: list[msgspec.Raw] = []


_HEAD = msgspec.json.Decoder(_Head)
_AUDIT = msgspec.json.Decoder(_Audit)


def heard(body: bytes) -> Heard:
    """The observations in an `EventList`, or in one `Event`.

    Raises ValueError for anything else, and for too many events at once. An event of a list that is none is refused by
    itself.
    """
    head = _decoded(_HEAD, body)
    found = Heard()
    events: Sequence[bytes | msgspec.Raw] = head.items if head.kind == "EventList" else [body]
    if len(events) > EVENTS_LIMIT:
        raise ValueError(f"{len(events)} events in one request; at most {EVENTS_LIMIT} are taken")
    for event in events:
        try:
            _take(found, _decoded(_AUDIT, event))
        except ValueError as error:
            found.refused += 1
            found.reason = found.reason or str(error)
    return found


def _decoded(decoder: Any, body: bytes | msgspec.Raw) -> Any:
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(f"no audit event of {API_VERSION}: {error}") from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _take(found: Heard, audit: _Audit) -> None:
    about = audit.object_ref
    code = audit.response_status.code if audit.response_status is not None else 0
    succeeded = audit.stage == "ResponseComplete" and 0 < code < _FAILED
    if about is None or not about.namespace or not succeeded or audit.verb not in _VERBS or _is_hidden(about):
        found.passed += 1
        return
    found.audited.append(Audited(about.namespace, _observation(audit, about, code)))


def _is_hidden(about: _Reference) -> bool:
    return about.resource in _HIDDEN or about.subresource in _HIDDEN_PARTS


def _observation(audit: _Audit, about: _Reference, code: int) -> Observation:
    if audit.verb == "deletecollection":
        reason = f"{about.resource} were deleted at once, and the audit event does not say which"
        return Observation(audit.stage_timestamp, kind=Kind.GAP, reason=reason)
    body = _object(audit, about)
    kind = Kind.MODIFIED if body is None or about.subresource or _is_ending(body) else _CHANGES[audit.verb]
    event = Event(audit.verb, _attributes(audit, about, code))
    return Observation(audit.stage_timestamp, kind=kind, event=event, object=body)


def _is_ending(body: Mapping[str, Any]) -> bool:
    """Whether the object is to be deleted, and still there."""
    return "deletionTimestamp" in body["metadata"]


def _attributes(audit: _Audit, about: _Reference, code: int) -> Mapping[str, Any]:
    acting = audit.impersonated_user or audit.user
    return {
        "audit_id": audit.audit_id,
        "user": acting.username,
        "user_agent": audit.user_agent,
        "group": about.api_group,
        "version": about.api_version,
        "resource": about.resource,
        "subresource": about.subresource,
        "namespace": about.namespace,
        "name": about.name,
        "uid": about.uid,
        "code": code,
        "stage": audit.stage,
    }


def _uid(status: Mapping[str, Any]) -> str:
    """The UID of what was deleted, as the answer's Status has it."""
    details = status.get("details")
    uid = details.get("uid") if isinstance(details, dict) else None
    return uid if isinstance(uid, str) else ""


def _object(audit: _Audit, about: _Reference) -> Mapping[str, Any] | None:
    """The object after the request, without what is never looked at; None where the policy does not record it.

    A deletion is answered with the object, if it is still there, or else with a Status: then only what names the object
    is known. A patch's own body is no object.
    """
    whole = audit.response_object
    if audit.verb == "delete" and not about.subresource and whole is not None and whole.get("kind") == "Status":
        named = {"namespace": about.namespace, "name": about.name, "uid": about.uid or _uid(whole)}
        return {"metadata": {name: value for name, value in named.items() if value}}
    if whole is None and audit.verb in ("create", "update"):
        whole = audit.request_object
    if whole is None or whole.get("kind") in ("Status", None) or not isinstance(whole.get("metadata"), dict):
        return None
    metadata = {name: value for name, value in whole["metadata"].items() if name != "managedFields"}
    return {**whole, "metadata": {"namespace": about.namespace, **metadata}}
