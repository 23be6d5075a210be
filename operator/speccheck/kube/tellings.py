"""What a source of observations in the cluster tells, and for whom it was asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from speccheck.kube.connections import IMPERSONATION
from speccheck.kube.subscriptions import Record
from speccheck.sources.observations import Observation


@dataclass(frozen=True, slots=True)
class KindMissing:
    """The cluster has no such kind; it is looked for again."""

    message: str


@dataclass(frozen=True, slots=True)
class Told:
    """What one source tells."""

    source: str
    record: Record | Observation | KindMissing


Put: TypeAlias = Callable[[Told], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Whose:
    """For whom is observed: the namespace of the SpecCheck, and the user as whom ("": as oneself)."""

    namespace: str
    user: str

    @property
    def headers(self) -> dict[str, str]:
        """What a request says of whom it is for."""
        return {IMPERSONATION: self.user} if self.user else {}
