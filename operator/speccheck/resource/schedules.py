"""When a scheduled check is due: cron in a time zone, spread by a jitter, missed ticks collapsed into one.

A tick is the nominal time of a schedule. A run for it starts up to five minutes later (never more than a tenth of
the time to the next tick), by a delay hashed from the SpecCheck's UID, so that many do not start at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

from speccheck.resource.requests import Check, Request

JITTER_LIMIT_S = 300.0
JITTER_SHARE = 0.1


def due_tick(request: Request, after: datetime, now: datetime) -> datetime | None:
    """The latest tick later than `after` whose run should have started by `now`; None where there is none."""
    check = request.check
    if check is None or check.schedule is None or request.suspend:
        return None
    for tick in _ticks(check, now + timedelta(minutes=1), reverse=True):
        if tick <= after:
            return None
        if tick + _jitter(check, request.uid, tick) <= now:
            return tick
    return None


def next_wake(request: Request, now: datetime) -> datetime | None:
    """When the next scheduled run should start; None without a schedule, or while suspended."""
    check = request.check
    if check is None or check.schedule is None or request.suspend:
        return None
    for tick in _ticks(check, now - timedelta(seconds=JITTER_LIMIT_S)):
        start = tick + _jitter(check, request.uid, tick)
        if start > now:
            return start
    return None


def _ticks(check: Check, start: datetime, *, reverse: bool = False) -> Iterator[datetime]:
    zone = ZoneInfo(check.time_zone or "UTC")
    ticks = CronSim(check.schedule or "", start.astimezone(zone), reverse=reverse)
    return (tick.astimezone(UTC) for tick in ticks)


def _jitter(check: Check, uid: str, tick: datetime) -> timedelta:
    following = next(_ticks(check, tick), None)
    room_s = (following - tick).total_seconds() * JITTER_SHARE if following else JITTER_LIMIT_S
    fraction = int.from_bytes(hashlib.sha256(uid.encode()).digest()[:4], "big") / 2**32
    return timedelta(seconds=int(min(JITTER_LIMIT_S, room_s) * fraction))
