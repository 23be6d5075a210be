"""One source's feed, run against a server of the tests', for the tests of `feeds` and `logs`."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from tests.kube.apis import Api, connected, until

from speccheck.kube.activities import Activities
from speccheck.kube.feeds import Feeds
from speccheck.kube.meters import Meters
from speccheck.kube.receivers import ReceiverOptions, Receivers
from speccheck.kube.subscriptions import Change, Failing, Gap, Listed
from speccheck.kube.tellings import KindMissing, Told, Whose
from speccheck.kube.watches import Watches
from speccheck.resource.fields import ObserveSource
from speccheck.sources.observations import Kind, Observation

WHOSE = Whose("platform", "system:serviceaccount:platform:observer")


@dataclass
class Feeding:
    """One source's feed from a server of the test's, and what it told."""

    api: Api
    told: list[str]

    async def until(self, *wanted: str) -> None:
        """Wait until it told exactly this."""
        try:
            await until(f"{wanted}", lambda: self.told == [*wanted], 5.0)
        except AssertionError as error:
            raise AssertionError(f"{error}; told was {self.told}") from None

    async def pod(
        self, name: str, phase: str = "Running", app: str = "deployer", restarts: int = 0, **labels: str
    ) -> None:
        metadata = {"name": name, "namespace": "platform", "labels": {"app": app, **labels}}
        status = {"phase": phase, "containerStatuses": [{"restartCount": restarts}]}
        await self.api.put("pods", {"metadata": metadata, "status": status})

    def asked(self, text: str) -> list[str]:
        """The paths with this in them that were asked for as somebody else, the user named."""
        return [f"{each.headers['Impersonate-User']} {each.path}" for each in self.api.asked if text in each.path]


def feeding(directory: Path, source: ObserveSource, body: Callable[[Feeding], Awaitable[None]]) -> None:
    """Run a test's body while a source feeds."""

    async def both() -> None:
        async with connected(directory) as (api, connection):
            meters = Meters()
            receivers = Receivers(ReceiverOptions(), connection, meters)
            made = Feeding(api, [])

            async def put(told: Told) -> None:
                assert told.source == source.name
                made.told.append(_text(told))

            run = Feeds(connection, Watches(connection, Activities()), receivers).run(source, WHOSE, put)
            task = asyncio.create_task(run)
            try:
                await body(made)
            finally:
                task.cancel()
                await asyncio.wait([task])
                meters.close()

    asyncio.run(both())


def _text(told: Told) -> str:
    match told.record:
        case Change(kind, body, _):
            return f"{kind} {body['metadata']['name']}"
        case Observation(kind=Kind.GAP, reason=reason) | Gap(reason):
            return f"gap: {reason}"
        case Observation(event=event):
            return event.name if event is not None else "an object"
        case Failing(error):
            return f"failing {error.status}: {error.message}"
        case KindMissing(message):
            return message
        case Listed():
            return "listed"


def event(name: str) -> str:
    return json.dumps({"time": "2026-01-01T00:00:00Z", "event": {"name": name}})
