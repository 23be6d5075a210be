"""kopf: the process that hears of SpecChecks, their runs and Jobs, and of ConfigMaps.

A handler does nothing but say which SpecCheck is to be looked at.

No finalizers, no annotations, no state of kopf's own. Watching needs list and watch rights alone: kopf does not scan
for namespaces and CRDs, so those have to be there when it starts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import kopf

from speccheck.kube.activities import Activities
from speccheck.kube.connections import CONNECT_TIMEOUT_S, REQUEST_TIMEOUT_S, Connection
from speccheck.kube.kinds import CONFIG_MAPS, JOBS, RUNS, SPEC_CHECKS, Kind
from speccheck.kube.queues import Key
from speccheck.kube.references import References
from speccheck.kube.slots import Slots

SPECCHECK_LABEL = "speccheck.dev/speccheck"
OURS = "app.kubernetes.io/managed-by=speccheck"
WATCHED = (SPEC_CHECKS, RUNS, JOBS, CONFIG_MAPS)

WATCH_S = 60
PAGE = 50
LIMIT = 20
EXIT_S = 10.0

IDENTITY: Any = "speccheck-operator"
"""Who kopf says it is. Else it asks for the user's name, which a uid of a container need not have."""


@dataclass(frozen=True, slots=True)
class Ears:
    """Whom the handlers tell: `add` has a SpecCheck looked at, `stop` ends what runs before kopf ends."""

    connection: Connection
    activities: Activities
    references: References
    slots: Slots
    add: Callable[[Key], None]
    stop: Callable[[], Any]


async def serve(ears: Ears, namespaces: Sequence[str], stopping: asyncio.Event) -> None:
    """Run kopf until the process is asked to end, or `stopping` is set."""
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)
    for kind in WATCHED:
        ears.activities.expect(kind.plural)
    await kopf.operator(
        registry=_registry(ears),
        settings=_settings(),
        identity=IDENTITY,
        standalone=True,
        clusterwide=not namespaces,
        namespaces=[*namespaces],
        stop_flag=stopping,
    )


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.process.ultimate_exiting_timeout = 2 * EXIT_S
    settings.peering.standalone = True
    settings.posting.enabled = False
    settings.posting.loggers = False
    settings.scanning.disabled = True
    settings.watching.server_timeout = WATCH_S
    settings.watching.client_timeout = WATCH_S + REQUEST_TIMEOUT_S
    settings.watching.connect_timeout = CONNECT_TIMEOUT_S
    settings.watching.chunk_size = PAGE
    settings.watching.label_selectors[_selected(JOBS)] = OURS
    settings.networking.request_timeout = REQUEST_TIMEOUT_S
    settings.networking.connect_timeout = CONNECT_TIMEOUT_S
    settings.queueing.worker_limit = LIMIT
    settings.queueing.exit_timeout = 1.0
    settings.execution.max_workers = 2
    settings.execution.default_backoff = 1.0
    return settings


def _registry(ears: Ears) -> kopf.OperatorRegistry:
    registry = kopf.OperatorRegistry()

    @kopf.on.login(registry=registry)
    async def login(**_: Any) -> kopf.AiohttpSession:
        return _session(ears)

    @kopf.on.cleanup(registry=registry)
    async def cleanup(**_: Any) -> None:
        await ears.stop()

    @kopf.on.event(*_selected(SPEC_CHECKS), registry=registry)
    async def spec_check(namespace: str | None, name: str, **_: Any) -> None:
        ears.add(Key(namespace or "", name))

    @kopf.on.event(*_selected(RUNS), registry=registry)
    async def run(namespace: str | None, labels: Mapping[str, str], **_: Any) -> None:
        _add_owner(ears, namespace, labels)

    @kopf.on.event(*_selected(JOBS), registry=registry, labels={SPECCHECK_LABEL: kopf.PRESENT})
    async def job(type: str, body: Any, namespace: str | None, labels: Mapping[str, str], **_: Any) -> None:
        if type == "DELETED":
            ears.slots.gone(namespace or "", body["metadata"]["name"])
        else:
            ears.slots.seen(body)
        _add_owner(ears, namespace, labels)

    @kopf.on.event(*_selected(CONFIG_MAPS), registry=registry)
    async def config_map(namespace: str | None, name: str, **_: Any) -> None:
        for key in ears.references.of(namespace or "", name):
            ears.add(key)

    return registry


def _add_owner(ears: Ears, namespace: str | None, labels: Mapping[str, str]) -> None:
    name = labels.get(SPECCHECK_LABEL)
    if name:
        ears.add(Key(namespace or "", name))


def _selected(kind: Kind) -> tuple[str, str, str]:
    """A kind as kopf selects it: group, version, plural."""
    group, _, version = kind.api_version.rpartition("/")
    return group, version, kind.plural


def _session(ears: Ears) -> kopf.AiohttpSession:
    """An HTTP session for kopf, with the credentials of the moment in each request, and an ear on its watches."""
    plurals = {kind.plural for kind in WATCHED}

    async def middleware(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        request.headers.update(await ears.connection.authorization())
        plural = request.url.path.rsplit("/", 1)[-1]
        if plural in plurals:
            ears.activities.tried(plural)
        response = await handler(request)
        if plural in plurals:
            ears.activities.heard(plural)
        return response

    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=ears.connection.tls()),
        middlewares=(middleware,),
        proxy=ears.connection.proxy(),
        trust_env=True,
        headers={"User-Agent": "speccheck-operator"},
        read_bufsize=2**21,
    )
    return kopf.AiohttpSession(server=ears.connection.host, aiohttp_session=session)
