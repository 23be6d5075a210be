"""The key of a run: why there is to be one. The same reason gives the same key, hence never a second run.

A key is the SHA-256 of the SpecCheck's UID, its source's digest, the entrypoint, the check without its schedule, the
annotation that asks for a fresh run, and the schedule's tick. `base` is the same without the tick.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from speccheck.resource.requests import Request
from speccheck.resource.runs import RunView
from speccheck.resource.schedules import due_tick
from speccheck.resource.times import time_text


@dataclass(frozen=True, slots=True)
class RunKey:
    """`tick` is the schedule's nominal time, "" for a run that no schedule asked for; the others are hex digests."""

    base: str
    tick: str
    key: str


def base_key(request: Request, source_digest: str) -> str:
    """The key of a request's content, whatever its schedule says. Fields left at their default do not count."""
    check = request.check and msgspec.structs.replace(request.check, schedule=None, time_zone=None)
    return _hashed([request.uid, source_digest, request.entrypoint, check, request.requested_at])


def run_key(base: str, tick: str) -> str:
    """The key of the run for some content at a tick."""
    return _hashed([base, tick])


def wanted_key(request: Request, source_digest: str, runs: Sequence[RunView], now: datetime) -> RunKey:
    """The key of the run that should exist by now; `runs` are the SpecCheck's present ones.

    A tick counts once it is later than the last run of the same content, so a schedule that is added, or an operator
    that was away for days, asks for one run at most.
    """
    base = base_key(request, source_digest)
    last = max((run for run in runs if run.base == base), key=lambda run: run.created, default=None)
    tick = due_tick(request, last.created if last else request.created, now)
    text = time_text(tick) if tick else last.tick if last else ""
    return RunKey(base, text, run_key(base, text))


def _hashed(parts: list[object]) -> str:
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()
