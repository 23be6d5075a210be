"""Checking a Model that nobody vouches for, a cell for each instance: what hangs, crashes or eats memory costs
its own instance the answer, and no other.

Takes a Model's JSON form and an order; gives Reports. An instance whose cell did not answer in time gets a
Report that says so: Unknown, never silence.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import msgspec

from speccheck import cells
from speccheck.cells import Cell, End, Outcome
from speccheck.checking import CheckRequest, check
from speccheck.engines.base import Limits, Walks
from speccheck.engines.reference.verdicts import DEADLOCK
from speccheck.errors import EngineError, ModelError, SpeccheckError, UsageError
from speccheck.ir.json import model_digest, model_from_json, model_to_json
from speccheck.ir.verify import verify
from speccheck.rendering.json import reports_from_bytes, reports_to_bytes
from speccheck.reports import Bounds, PropertyResult, Report, Stats, Verdict
from speccheck.resource.documents import MODEL_LIMIT_BYTES, REPORTS_LIMIT_BYTES, CheckOrder

VERIFY_S = 60.0
"""How long verifying a Model may take."""

GRACE_S = 30.0
"""How long after its time limit an engine may take to stop by itself."""

_HEADROOM = 0.85
"""The engine stops by itself at this share of the address space, which is there for more than states."""


class Property(msgspec.Struct, frozen=True):
    """A property of a verified Model, as far as a Report needs it."""

    name: str
    kind: str
    doc: str


class Verified(msgspec.Struct, frozen=True):
    """A Model that was verified: its JSON form as we write it, its digest, and what an order may name."""

    name: str
    doc: str
    digest: str
    model: bytes
    instances: tuple[str, ...]
    properties: tuple[Property, ...]


class _Failed(msgspec.Struct, frozen=True, tag="failed"):
    kind: str
    message: str


class _Passed(msgspec.Struct, frozen=True, tag="passed"):
    result: bytes


_ANSWER: msgspec.json.Decoder[_Failed | _Passed] = msgspec.json.Decoder(_Failed | _Passed)
_ERRORS: dict[str, type[SpeccheckError]] = {"model": ModelError, "usage": UsageError, "engine": EngineError}


def verified(model: bytes, order: CheckOrder | None, memory_bytes: int) -> Verified:
    """The Model in some JSON, verified, with the names in the order looked up.

    Raises ModelError for what is none, UsageError for a name it does not have, EngineError where that took too
    much time or memory.
    """
    cell = Cell(VERIFY_S, memory_bytes, 3 * MODEL_LIMIT_BYTES)
    outcome = cells.run(partial(_guarded, partial(_verify, model, order)), cell)
    if outcome.end is not End.ANSWERED:
        raise EngineError(f"verifying the model {outcome.how}")
    return msgspec.json.decode(_passed(outcome), type=Verified)


def explored(verified: Verified, order: CheckOrder | None, source_digest: str, memory_bytes: int) -> tuple[Report, ...]:
    """One Report per instance that was ordered, within the order's time limit for all of them together."""
    if order is None:
        return ()
    started = time.monotonic()
    reports = []
    for instance in order.instances or verified.instances or ("",):
        left_s = order.timeout_s - (time.monotonic() - started)
        explore = _Exploration(verified, order, instance, source_digest, left_s, memory_bytes)
        reports.append(explore.report())
    return tuple(reports)


class _Exploration:
    """One instance, explored in one cell."""

    def __init__(
        self, verified: Verified, order: CheckOrder, instance: str, source_digest: str, left_s: float, memory_bytes: int
    ) -> None:
        self._verified = verified
        self._order = order
        self._instance = instance
        self._source_digest = source_digest
        self._left_s = left_s
        self._memory_bytes = memory_bytes

    def report(self) -> Report:
        """What the engine answers, or Unknown in its stead."""
        if self._left_s <= 0:
            return self._unknown("Timeout", f"the time limit of {self._order.timeout_s:g} s was used up before")
        cell = Cell(self._left_s + GRACE_S, self._memory_bytes, 2 * REPORTS_LIMIT_BYTES)
        outcome = cells.run(partial(_guarded, self._explore), cell)
        match outcome.end:
            case End.ANSWERED:
                (report,) = reports_from_bytes(_passed(outcome), max_bytes=REPORTS_LIMIT_BYTES)
                return report
            case End.TIMED_OUT:
                return self._unknown("Timeout", f"the engine did not stop at the limit of {self._order.timeout_s:g} s")
            case End.OUT_OF_MEMORY:
                return self._unknown("MemoryLimit", f"exploring {outcome.how}")
            case End.TOO_LONG | End.DIED:
                raise EngineError(f"exploring {self._instance or 'the model'} {outcome.how}")

    def _explore(self) -> bytes:
        model = model_from_json(self._verified.model)
        request = CheckRequest(
            instances=(self._instance,) if self._instance else (),
            properties=self._order.properties,
            limits=self._limits(),
            source_digest=self._source_digest,
        )
        return reports_to_bytes(check(model, request))

    def _limits(self) -> Limits:
        order = self._order
        walks = Walks(order.walks or 0, order.seed) if order.method == "Simulate" else None
        memory_bytes = int(self._memory_bytes * _HEADROOM)
        return Limits(order.max_steps, self._left_s, memory_bytes, walks, deadlock=order.deadlock)

    def _unknown(self, reason: str, message: str) -> Report:
        order, verified = self._order, self._verified
        asked = [p for p in verified.properties if not order.properties or p.name in order.properties]
        if order.deadlock:
            asked.append(Property(DEADLOCK, DEADLOCK, ""))
        return Report(
            spec=verified.name,
            instance=self._instance,
            model_digest=verified.digest,
            engine="reference",
            method=order.method,
            bounds=Bounds(order.max_steps, order.timeout_s, self._memory_bytes, order.walks, order.seed),
            properties=tuple(PropertyResult(p.name, p.kind, Verdict.UNKNOWN, reason, message, p.doc) for p in asked),
            stats=Stats(0, 0, 0, max(order.timeout_s - self._left_s, 0.0)),
            source_digest=self._source_digest,
            doc=verified.doc,
        )


def _verify(data: bytes, order: CheckOrder | None) -> bytes:
    model = model_from_json(data)
    verify(model)
    for name in order.properties if order else ():
        model.property_named(name)
    for name in order.instances if order else ():
        model.instance(name)
    described = Verified(
        model.name,
        model.doc,
        model_digest(model),
        model_to_json(model),
        tuple(each.name for each in model.instances),
        tuple(Property(each.name, each.kind, each.doc) for each in model.properties),
    )
    return msgspec.json.encode(described)


def _guarded(function: Callable[[], bytes]) -> bytes:
    """In the cell: the result, or the error by its kind, as bytes."""
    answer: _Failed | _Passed
    try:
        answer = _Passed(function())
    except ModelError as error:
        answer = _Failed("model", str(error))
    except UsageError as error:
        answer = _Failed("usage", str(error))
    except SpeccheckError as error:
        answer = _Failed("engine", f"{type(error).__name__}: {error}")
    return msgspec.json.encode(answer)


def _passed(outcome: Outcome) -> bytes:
    """The result in an answer; raises what the cell's function raised."""
    answer = _ANSWER.decode(outcome.result)
    if isinstance(answer, _Failed):
        raise _ERRORS[answer.kind](answer.message)
    return answer.result
