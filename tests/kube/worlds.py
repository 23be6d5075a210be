"""A reconciler over the API server of `apis`, with the test in the kubelet's and the controllers' place."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.kube.apis import Api, Body, connected
from tests.resource.bodies import DONE, HOLDS, MODEL, SPEC, merged, pod, report

from speccheck.conform.clients import EvaluatorClient
from speccheck.digests import digest, source_digest
from speccheck.kube.activities import Activities
from speccheck.kube.checks import Checks, Tools
from speccheck.kube.connections import Connection
from speccheck.kube.feeds import Feeds
from speccheck.kube.findings import Findings
from speccheck.kube.meters import Meters
from speccheck.kube.observers import Observers, Surroundings
from speccheck.kube.queues import Key
from speccheck.kube.reads import Reader
from speccheck.kube.receivers import ReceiverOptions, Receivers
from speccheck.kube.reconcilers import Parts, Reconciler
from speccheck.kube.recorders import Recorder
from speccheck.kube.references import References
from speccheck.kube.slots import Slots
from speccheck.kube.snapshots import Snapshots
from speccheck.kube.traces import Tracer
from speccheck.kube.watches import Watches
from speccheck.kube.writes import Writer
from speccheck.reports import Report
from speccheck.resource.documents import Document
from speccheck.resource.frames import frame
from speccheck.resource.jobs import Settings

KEY = Key("platform", "dns-balancer")
SPEC_CHECK: Body = {
    "apiVersion": "speccheck.dev/v1alpha1",
    "kind": "SpecCheck",
    "metadata": {"name": KEY.name, "namespace": KEY.namespace, "generation": 1},
    "spec": {
        "source": {"inline": {"files": {"dns_balancer.py": SPEC}}},
        "entrypoint": "dns_balancer.py",
        "check": {},
    },
}


@dataclass
class World:
    """The server, and what looks at it."""

    api: Api
    meters: Meters
    reconciler: Reconciler
    recorder: Recorder
    references: References
    slots: Slots

    async def apply(self, patch: Body | None = None) -> Body:
        """Apply the SpecCheck, merged with a patch; another `.spec` is another generation."""
        present = self.api.objects.get(("specchecks", *KEY))
        wanted = merged(present or SPEC_CHECK, patch or {})
        if present and wanted["spec"] != present["spec"]:
            wanted["metadata"] = wanted["metadata"] | {"generation": present["metadata"]["generation"] + 1}
        return await self.api.put("specchecks", wanted)

    async def look(self) -> float | None:
        """One reconcile."""
        return await self.reconciler.look(KEY)

    @property
    def status(self) -> Body:
        return self.api.objects[("specchecks", *KEY)].get("status") or {}

    def condition(self, kind: str) -> tuple[str, str]:
        """A condition's status and reason."""
        (found,) = (each for each in self.status["conditions"] if each["type"] == kind)
        return found["status"], found["reason"]

    def names(self, plural: str) -> list[str]:
        return [body["metadata"]["name"] for body in self.api.of(plural)]

    def run(self) -> Body:
        """The only run."""
        (body,) = self.api.of("speccheckruns")
        return body

    async def end(self, *reports: Report, source: str = SPEC, log: bytes | None = None) -> None:
        """The last Job's pod ends well, with these reports."""
        read = source_digest({"dns_balancer.py": source.encode()})
        framed = frame(Document(read, digest(MODEL), MODEL, reports or (report(HOLDS),)))
        ended = {"exitCode": 0, "reason": "Completed", "message": framed.message.decode()}
        job = await self.api.put(
            "jobs", self._job() | {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}
        )
        self.slots.seen(job)
        await self.pod(pod(DONE, {"terminated": ended}), framed.log if log is None else log)

    def _job(self) -> Body:
        return max(self.api.of("jobs"), key=lambda each: each["metadata"]["creationTimestamp"])

    async def pod(self, body: Body, log: bytes = b"") -> None:
        """A pod of the last Job as the kubelet reports it."""
        job = self._job()
        name = f"{job['metadata']['name']}-abcde"
        labels = job["spec"]["template"]["metadata"]["labels"]
        owner = {"kind": "Job", "name": job["metadata"]["name"], "uid": job["metadata"]["uid"], "controller": True}
        metadata = {"name": name, "namespace": KEY.namespace, "labels": labels, "ownerReferences": [owner]}
        self.api.logs[name] = log
        await self.api.put("pods", body | {"metadata": body["metadata"] | metadata})


@asynccontextmanager
async def world(directory: Path, **settings: Any) -> AsyncIterator[World]:
    """A server without objects, and a reconciler of it."""
    async with connected(directory) as (api, connection):
        meters = Meters()
        made = _world(api, connection, meters, Settings("image", **settings))
        recording = asyncio.create_task(made.recorder.run())
        try:
            yield made
            await made.recorder.drain()
        finally:
            recording.cancel()
            await asyncio.wait([recording])
            meters.close()


def _world(api: Api, connection: Connection, meters: Meters, settings: Settings) -> World:
    reader, writer = Reader(connection), Writer(connection)
    recorder, slots, references = Recorder(writer, meters), Slots(meters), References()
    tools = Tools(reader, writer, recorder, meters, Tracer(), slots, settings)
    receivers = Receivers(ReceiverOptions(), connection, meters)
    feeds = Feeds(connection, Watches(connection, Activities()), receivers)
    findings = Findings(reader, writer, meters)
    around = Surroundings(reader, feeds, EvaluatorClient(Path("/nowhere")), recorder, findings, meters)
    observers = Observers(around, lambda _: None)
    parts = Parts(Snapshots(reader, settings), Checks(tools), observers, references, recorder, writer, meters, 600.0)
    return World(api, meters, Reconciler(parts), recorder, references, slots)


def in_world(directory: Path, body: Callable[[World], Awaitable[None]], **settings: Any) -> None:
    """Run a test's body in a world of its own."""

    async def both() -> None:
        async with world(directory, **settings) as made:
            await body(made)

    asyncio.run(both())
