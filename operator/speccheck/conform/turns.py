"""Who may use one of a few workers next, so that nobody keeps everybody else waiting.

Takes the names of tenants that want a turn; gives turns, as contexts. Tenants take turns with one another; none has
all the workers at once; those that went over budget lately (suspects) have one worker between them. It runs nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

SUSPECT_S = 600.0
"""How long a tenant that went over budget stays apart from the others."""

WAITING_LIMIT = 256
"""How many requests of one tenant may wait; more are refused at once."""


@dataclass(slots=True)
class _Tenant:
    """One namespace: who waits for a turn, how many have one, and until when it is suspect."""

    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    running: int = 0
    suspect_until: float = 0.0

    @property
    def is_suspect(self) -> bool:
        return time.monotonic() < self.suspect_until


class Turns:
    """Who may use one of so many workers next: tenants in turn, none all of them, suspects one between them."""

    def __init__(self, workers: int, share: int | None = None) -> None:
        """`share`: how many turns one tenant may have at once; all but one, where it is not given."""
        self._free = workers
        self._share = share or max(workers - 1, 1)
        self._tenants: OrderedDict[str, _Tenant] = OrderedDict()

    def is_full(self, name: str) -> bool:
        """Whether so many of a tenant's requests wait that no more should."""
        return name in self._tenants and len(self._tenants[name].waiting) >= WAITING_LIMIT

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Waits for a tenant's turn; a worker is its as long as the body runs."""
        tenant = self._tenants.setdefault(name, _Tenant())
        turn = asyncio.get_running_loop().create_future()
        tenant.waiting.append(turn)
        self._deal()
        try:
            await turn
        except asyncio.CancelledError:
            self._give_up(tenant, turn)
            raise
        try:
            yield
        finally:
            self._done(tenant)

    def suspect(self, name: str) -> None:
        """Sets a tenant apart, which has a turn at present."""
        self._tenants[name].suspect_until = time.monotonic() + SUSPECT_S

    def _give_up(self, tenant: _Tenant, turn: asyncio.Future[None]) -> None:
        if turn in tenant.waiting:
            tenant.waiting.remove(turn)
        elif turn.done() and not turn.cancelled():
            self._done(tenant)

    def _done(self, tenant: _Tenant) -> None:
        tenant.running -= 1
        self._free += 1
        self._deal()

    def _deal(self) -> None:
        while self._free and (name := self._next()) is not None:
            tenant = self._tenants[name]
            self._tenants.move_to_end(name)
            turn = tenant.waiting.popleft()
            if not turn.done():
                tenant.running += 1
                self._free -= 1
                turn.set_result(None)
        self._forget()

    def _next(self) -> str | None:
        """Of the tenants that may have a turn the one with the fewest, and of those the one served least lately."""
        suspects = sum(each.running for each in self._tenants.values() if each.is_suspect)
        eligible = [name for name, tenant in self._tenants.items() if tenant.waiting and self._may(tenant, suspects)]
        return min(eligible, key=lambda name: self._tenants[name].running, default=None)

    def _may(self, tenant: _Tenant, suspects: int) -> bool:
        return suspects == 0 if tenant.is_suspect else tenant.running < self._share

    def _forget(self) -> None:
        for name in [n for n, t in self._tenants.items() if not (t.waiting or t.running or t.is_suspect)]:
            del self._tenants[name]
