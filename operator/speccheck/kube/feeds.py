"""Where one SpecCheck's observations come from in the cluster: a feed for each of its sources.

Takes a source; puts what it tells, in its order, into one queue: changes of objects as a watch tells them, events as
they were received, observations out of pods' logs. A source that cannot be had tells why, and is tried again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from speccheck.kube.connections import ApiError, Connection
from speccheck.kube.inboxes import ReceivedKind
from speccheck.kube.kinds import PODS, Kind, discovered
from speccheck.kube.logs import Logs, Wanted
from speccheck.kube.subscriptions import Failing, Listed
from speccheck.kube.tellings import KindMissing, Put, Told, Whose
from speccheck.kube.watches import Place, Watches
from speccheck.resource.fields import KubernetesSource, LinesSource, ObserveSource
from speccheck.sources.observations import Observation

KIND_RETRY_S = 30.0
BATCH = 64
QUEUE_LIMIT = 1_024
"""How much may wait between the feeds and the evaluator; a watch's own backlog waits behind it."""


class Inbox(Protocol):
    """What was received for one subscriber."""

    async def batch(self, limit: int) -> Sequence[Observation]:
        """The next observations, at least one."""
        ...

    def close(self) -> None:
        """No more is wanted."""
        ...


class Receiving(Protocol):
    """What is sent rather than watched; `kube.receivers` has it."""

    def offers(self, kind: ReceivedKind) -> bool:
        """Whether anything of this kind is received at all."""
        ...

    def subscribe(self, namespace: str, kind: ReceivedKind) -> Inbox:
        """What comes for a namespace from here on."""
        ...


@dataclass(frozen=True, slots=True)
class Feeds:
    """What feeds work with."""

    connection: Connection
    watches: Watches
    receivers: Receiving | None = None

    async def run(self, source: ObserveSource, whose: Whose, put: Put) -> None:
        """Feed one source's observations until cancelled."""
        match source.given:
            case ("kubernetes",):
                assert source.kubernetes is not None, "as it says"
                await self._watched(source.name, source.kubernetes, whose, put)
            case ("lines",):
                assert source.lines is not None, "as it says"
                await self._logged(source.name, source.lines, whose, put)
            case ("otlp",):
                await self._received(source.name, "otlp", whose, put)
            case _:
                await self._received(source.name, "audit", whose, put)

    async def _watched(self, name: str, wanted: KubernetesSource, whose: Whose, put: Put) -> None:
        kind = await self._kind(name, wanted, put)
        namespace = "" if wanted.namespace == "*" or not kind.namespaced else wanted.namespace or whose.namespace
        place = Place(kind, namespace, whose.user)
        async with self.watches.subscribed(place, wanted.selector.match_labels) as subscription:
            while True:
                for record in await subscription.batch(BATCH):
                    await put(Told(name, record))

    async def _kind(self, name: str, wanted: KubernetesSource, put: Put) -> Kind:
        """The kind to be observed, once the cluster has it."""
        while True:
            try:
                found = await discovered(self.connection, wanted.api_version, wanted.kind)
            except ApiError as error:
                await put(Told(name, Failing(error)))
            else:
                if found is not None:
                    return found
                await put(Told(name, KindMissing(f"the cluster has no kind {wanted.kind} of {wanted.api_version}")))
            await asyncio.sleep(KIND_RETRY_S)

    async def _received(self, name: str, kind: ReceivedKind, whose: Whose, put: Put) -> None:
        """What is sent to the operator; one that does not receive says so, once."""
        if self.receivers is None or not self.receivers.offers(kind):
            error = ApiError(
                0, "NotReceiving", f"this operator does not receive {kind}; start it with the option for it"
            )
            await put(Told(name, Failing(error)))
            return
        subscription = self.receivers.subscribe(whose.namespace, kind)
        await put(Told(name, Listed(_now())))
        try:
            while True:
                for each in await subscription.batch(BATCH):
                    await put(Told(name, each))
        finally:
            subscription.close()

    async def _logged(self, name: str, wanted: LinesSource, whose: Whose, put: Put) -> None:
        """The logs of all pods that fit, from when they are first seen on."""
        place = Place(PODS, whose.namespace, whose.user)
        async with (
            asyncio.TaskGroup() as readers,
            self.watches.subscribed(place, wanted.pods.match_labels) as subscription,
        ):
            logs = Logs(self.connection, Wanted(name, wanted, whose, put), readers)
            while True:
                for record in await subscription.batch(BATCH):
                    await logs.take(record)


def _now() -> datetime:
    return datetime.now(UTC)
