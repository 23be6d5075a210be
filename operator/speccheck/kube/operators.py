"""The operator as a whole: its parts put together, started in order, and ended in order.

First the HTTP port, then the Lease; whoever does not hold it waits there, alive and ready. Only then does anything
watch or write. Losing the Lease ends the process.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from speccheck.conform.clients import EvaluatorClient
from speccheck.errors import EngineError
from speccheck.kube import handlers
from speccheck.kube.activities import Activities
from speccheck.kube.checks import Checks, Tools
from speccheck.kube.connections import ApiError, Connection
from speccheck.kube.feeds import Feeds
from speccheck.kube.findings import Findings
from speccheck.kube.kinds import DRIFTS, JOBS, RUNS, SPEC_CHECKS, discovered
from speccheck.kube.leases import Lease, LeaseName
from speccheck.kube.meters import Meters
from speccheck.kube.observers import Observers, Surroundings
from speccheck.kube.probes import Probes
from speccheck.kube.queues import Key, Queue
from speccheck.kube.reads import Reader
from speccheck.kube.receivers import ReceiverOptions, Receivers
from speccheck.kube.reconcilers import Parts, Reconciler
from speccheck.kube.recorders import Recorder
from speccheck.kube.references import References
from speccheck.kube.slots import Slots
from speccheck.kube.snapshots import Snapshots
from speccheck.kube.traces import Tracer
from speccheck.kube.watches import Watches
from speccheck.kube.writes import Failpoints, Writer
from speccheck.resource.jobs import Settings

CRDS_S = 5.0
OUR_JOBS = {"app.kubernetes.io/managed-by": "speccheck"}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How an operator is to run."""

    checker: Settings
    lease: LeaseName
    evaluator: Path
    listen: str
    kubeconfig: str = ""
    context: str = ""
    namespaces: tuple[str, ...] = ()
    workers: int = 4
    resync_s: float = 600.0
    receivers: ReceiverOptions = field(default_factory=ReceiverOptions)


class Operator:
    """The parts of one operator."""

    def __init__(self, options: Options, connection: Connection) -> None:
        self._options = options
        self._connection = connection
        self._meters = Meters()
        self._tracer = Tracer()
        self._activities = Activities()
        self._meters.read_from("speccheck_watch_last_activity_seconds", self._ages)
        self._probes = Probes(options.listen, self._meters, self._activities)
        self._reader = Reader(connection)
        self._writer = Writer(connection, Failpoints.from_environment())
        self._lease = Lease(options.lease, self._reader, self._writer)
        self._recorder = Recorder(self._writer, self._meters)
        self._findings = Findings(self._reader, self._writer, self._meters)
        self._slots = Slots(self._meters)
        self._references = References()
        self._evaluator = EvaluatorClient(options.evaluator)
        self._receivers = Receivers(options.receivers, connection, self._meters)
        self._queue = Queue(self._look, options.workers, self._looked)
        self._observers = Observers(self._surroundings(), self._queue.add)
        self._reconciler = self._assembled()
        self._stopping = asyncio.Event()
        self._working: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Run until the process is asked to end. Raises EngineError where the Lease is lost or the cluster unfit."""
        await self._probes.start()
        try:
            if await self._admitted():
                async with self._background():
                    ears = handlers.Ears(
                        self._connection, self._activities, self._references, self._slots, self._queue.add, self._stop
                    )
                    await handlers.serve(ears, self._options.namespaces, self._stopping)
        finally:
            await self._end()

    async def _admitted(self) -> bool:
        """Whether this operator may act: the CRDs are there, and the Lease is held. False where it is to end first."""
        entering = asyncio.create_task(self._enter(), name="entering")
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, entering.cancel)
        with suppress(asyncio.CancelledError):
            await entering
        return not entering.cancelled()

    async def _enter(self) -> None:
        await self._lease.acquire()
        await self._crds()
        for namespace in self._options.namespaces or ("",):
            self._slots.load(await self._reader.listed(JOBS, namespace, OUR_JOBS))

    async def _crds(self) -> None:
        """Wait until the cluster serves our kinds."""
        while True:
            kinds = (SPEC_CHECKS, RUNS, DRIFTS)
            lacking = [kind.kind for kind in kinds if not await self._serves(kind.api_version, kind.kind)]
            if not lacking:
                return
            _log.warning("the cluster has no %s; apply crds/", " and no ".join(lacking))
            await asyncio.sleep(CRDS_S)

    async def _serves(self, api_version: str, kind: str) -> bool:
        try:
            return await discovered(self._connection, api_version, kind) is not None
        except ApiError as error:
            _log.warning("%s", error)
            return False

    @asynccontextmanager
    async def _background(self) -> AsyncIterator[None]:
        """What runs beside kopf. Where one of it ends, kopf is ended, and its error raised."""
        self._working = asyncio.create_task(self._queue.run(), name="queue")
        tasks = [
            self._working,
            asyncio.create_task(self._lease.keep(), name="lease"),
            asyncio.create_task(self._recorder.run(), name="recorder"),
            asyncio.create_task(self._findings.run(), name="findings"),
        ]
        for task in tasks:
            task.add_done_callback(lambda _: self._stopping.set())
        try:
            await self._receivers.start()
            yield
        finally:
            await self._receivers.stop()
            await self._stop()
            await asyncio.gather(self._recorder.drain(), self._findings.drain())
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def _stop(self) -> None:
        """Nothing new is begun. kopf waits for what was started beside it, so this comes before its end."""
        if self._working is not None:
            self._working.cancel()
            await asyncio.wait([self._working])
        await self._observers.stop_all()

    def _ages(self) -> Mapping[tuple[str, ...], float]:
        return {(resource,): age for resource, age in self._activities.ages().items()}

    async def _end(self) -> None:
        await self._lease.release()
        self._writer.shut()
        await self._probes.stop()
        await self._evaluator.close()
        await self._connection.close()
        await asyncio.to_thread(self._tracer.close)
        await asyncio.to_thread(self._meters.close)

    async def _look(self, key: Key) -> float | None:
        return await self._reconciler.look(key)

    def _looked(self, key: Key, error: BaseException | None) -> None:
        match error:
            case None:
                result = "done"
            case ApiError(conflict=True):
                result = "conflict"
            case EngineError():
                result = "failed"
                _log.warning("%s: %s", key, error)
            case _:
                result = "failed"
                _log.error("%s: a fault of speccheck", key, exc_info=error)
        self._meters.add("speccheck_reconciles_total", result=result)

    def _surroundings(self) -> Surroundings:
        feeds = Feeds(self._connection, Watches(self._connection, self._activities), self._receivers)
        return Surroundings(self._reader, feeds, self._evaluator, self._recorder, self._findings, self._meters)

    def _assembled(self) -> Reconciler:
        tools = Tools(
            reader=self._reader,
            writer=self._writer,
            recorder=self._recorder,
            meters=self._meters,
            tracer=self._tracer,
            slots=self._slots,
            settings=self._options.checker,
        )
        return Reconciler(
            Parts(
                snapshots=Snapshots(self._reader, self._options.checker),
                checks=Checks(tools),
                observers=self._observers,
                references=self._references,
                recorder=self._recorder,
                writer=self._writer,
                meters=self._meters,
                resync_s=self._options.resync_s,
            )
        )


async def run(options: Options) -> None:
    """Run an operator until the process is asked to end. Raises EngineError, UsageError or OSError."""
    connection = await Connection.open(options.kubeconfig, options.context)
    await Operator(options, connection).run()
