"""What comes of one request, whatever protocol it came by: who sent it, what is in it, who is to have it.

Takes an `Authorization` value and a body; gives an Outcome, or raises Refused. Nothing here knows HTTP or gRPC. What is
refused after its sender is known leaves a gap for those who listen to that sender: an observation may be lost.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from speccheck.kube.inboxes import Inboxes, ReceivedKind
from speccheck.kube.meters import Meters
from speccheck.kube.tenants import Account, Refused, Tenants
from speccheck.sources import audit, otlp
from speccheck.sources.observations import Observation

T = TypeVar("T")

BODY_BYTES = 4 << 20
"""The largest body, unpacked."""

JSON_BYTES = 1 << 20
"""The largest body of OTLP in JSON, which costs far more to read."""

AT_ONCE = 32
"""How many requests are dealt with at once."""

PER_TENANT = 4
PARSING_AT_ONCE = 2

AUDIT_BYTES = 16 << 20
"""The largest body of audit events; the API server's own batches hold 400 events by default."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A request was taken; so many of its records were refused, and why the first was."""

    refused: int = 0
    reason: str = ""


Reading = Callable[[], Awaitable[bytes]]
"""Reads the body, once it is known who sends it. May raise Refused."""


class Reception:
    """Takes requests in. `auditors`: the users whose audit events are believed."""

    def __init__(self, inboxes: Inboxes, tenants: Tenants, meters: Meters, auditors: Sequence[str]) -> None:
        self._inboxes = inboxes
        self._tenants = tenants
        self._meters = meters
        self._auditors = frozenset(auditors)
        self._busy: Counter[str] = Counter()
        self._parsing = asyncio.Semaphore(PARSING_AT_ONCE)

    async def take_otlp(
        self, authorization: str, signal: otlp.Signal, encoding: otlp.Encoding, reading: Reading
    ) -> Outcome:
        """One export request. Audit events among the log records of those who may send them are taken as such."""
        async with self._admitted("otlp", authorization) as account:
            if signal == "logs" and account.user in self._auditors:
                body = await self._read(account, "audit", reading)
                return self._audited(*await self._parsed("audit", account, lambda: _in_logs(body, encoding)))
            body = await self._read(account, "otlp", reading)
            if encoding == "json" and len(body) > JSON_BYTES:
                raise self._lost(account, "otlp", Refused("oversized", f"JSON of more than {JSON_BYTES} bytes"))
            if not self._inboxes.of(account.namespace, "otlp"):
                self._count("otlp", "unobserved")
                return Outcome()
            now = datetime.now(UTC)
            found = await self._parsed("otlp", account, lambda: otlp.received(body, signal, encoding, now))
            return self._delivered(account, found, len(body))

    async def take_audit(self, authorization: str, reading: Reading) -> Outcome:
        """A list of audit events, by webhook."""
        async with self._admitted("audit", authorization) as account:
            if account.user not in self._auditors:
                why = f"{account.user} may not send audit events; name it by the operator's option --audit"
                raise Refused("forbidden", why)
            body = await self._read(account, "audit", reading)
            return self._audited(await self._parsed("audit", account, lambda: audit.heard(body)), len(body))

    @asynccontextmanager
    async def _admitted(self, kind: ReceivedKind, authorization: str) -> AsyncIterator[Account]:
        """The sender, while its request is dealt with; every refusal is counted."""
        try:
            if self._busy.total() >= AT_ONCE:
                raise Refused("full", "too many requests at once; try again")
            account = await self._tenants.account(authorization)
            if self._busy[account.namespace] >= PER_TENANT or self._busy.total() >= AT_ONCE:
                raise Refused("full", "too many requests at once; try again")
            self._busy[account.namespace] += 1
            try:
                yield account
            finally:
                self._busy[account.namespace] -= 1
                self._busy += Counter()  # drops those who send nothing
        except Refused as error:
            self._count(kind, error.why)
            raise

    async def _read(self, account: Account, kind: ReceivedKind, reading: Reading) -> bytes:
        try:
            return await reading()
        except Refused as error:
            raise self._lost(account, kind, error) from error

    async def _parsed(self, kind: ReceivedKind, account: Account, parse: Callable[[], T]) -> T:
        """What is in a body, read in a thread so that nobody else waits for it."""
        async with self._parsing:
            try:
                return await asyncio.to_thread(parse)
            except ValueError as error:
                raise self._lost(account, kind, Refused("malformed", str(error))) from error

    def _delivered(self, account: Account, found: otlp.Received, size: int) -> Outcome:
        if not self._inboxes.deliver(account.namespace, "otlp", found.observations, size):
            raise Refused("full", "observations are sent faster than they are judged; try again")
        gaps = bool(found.refused) + bool(found.sampling)
        self._count("otlp", "taken", len(found.observations) - gaps)
        self._count("otlp", "unnamed", found.unnamed)
        self._count("otlp", "sampled", bool(found.sampling))
        self._count("otlp", "malformed", found.refused)
        return Outcome(found.refused, found.reason)

    def _audited(self, found: audit.Heard, size: int) -> Outcome:
        """Audit events to their namespaces. A namespace that is behind misses them; the sender is not held up."""
        listening = set(self._inboxes.namespaces("audit"))
        by_namespace: dict[str, list[Observation]] = {}
        for each in found.audited:
            if each.namespace in listening:
                by_namespace.setdefault(each.namespace, []).append(each.observation)
        for namespace, observations in by_namespace.items():
            share = size * len(observations) // max(1, len(found.audited))
            taken = self._inboxes.deliver(namespace, "audit", observations, share)
            self._count("audit", "taken" if taken else "full", len(observations))
        taken_or_not = sum(map(len, by_namespace.values()))
        self._count("audit", "unobserved", len(found.audited) - taken_or_not + found.passed)
        if found.refused:
            self._count("audit", "malformed", found.refused)
            for namespace in listening:
                self._inboxes.miss(namespace, "audit", f"audit events were refused: {found.reason}")
        return Outcome(found.refused, found.reason)

    def _lost(self, account: Account, kind: ReceivedKind, error: Refused) -> Refused:
        """The refusal, after those who would have had what was sent are told."""
        namespaces = self._inboxes.namespaces("audit") if kind == "audit" else [account.namespace]
        for namespace in namespaces:
            self._inboxes.miss(namespace, kind, f"what {account.user} sent was refused: {error.message}")
        return error

    def _count(self, kind: ReceivedKind, result: str, amount: int = 1) -> None:
        self._meters.add("speccheck_received_total", amount, kind=kind, result=result)


def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """A body without its `Content-Encoding`: gzip, or none. Raises Refused, also where it unpacks to over `limit`."""
    match encoding.strip().lower():
        case "" | "identity":
            data = body
        case "gzip":
            data = _unzipped(body, limit)
        case other:
            raise Refused("unsupported", f"Content-Encoding {other[:40]!r}; send gzip, or none")
    if len(data) > limit:
        raise Refused("oversized", f"more than {limit} bytes; make the batches smaller")
    return data


def _unzipped(body: bytes, limit: int) -> bytes:
    unzip = zlib.decompressobj(wbits=31)
    try:
        data = unzip.decompress(body, limit + 1)
    except zlib.error as error:
        raise Refused("malformed", f"no gzip: {error}") from error
    if len(data) <= limit and (not unzip.eof or unzip.unused_data):
        raise Refused("malformed", "gzip that is cut short, or goes on after its end")
    return data


def _in_logs(body: bytes, encoding: otlp.Encoding) -> tuple[audit.Heard, int]:
    """The audit events that log records carry."""
    found = audit.Heard()
    for each in otlp.bodies(body, encoding):
        try:
            one = audit.heard(each)
        except ValueError as error:
            one = audit.Heard(refused=1, reason=str(error))
        found.audited += one.audited
        found.refused += one.refused
        found.passed += one.passed
        found.reason = found.reason or one.reason
    return found, len(body)
