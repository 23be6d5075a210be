"""The command `operator`: watch SpecChecks in a cluster, have them checked, and hold live objects to them."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from speccheck.cli import statuses
from speccheck.cli.failures import guarded
from speccheck.cli.options import duration, taking
from speccheck.errors import UsageError
from speccheck.kube.leases import LeaseName
from speccheck.kube.operators import Options, run
from speccheck.kube.receivers import ReceiverOptions
from speccheck.resource.jobs import Settings

_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@dataclass(frozen=True, kw_only=True)
class OperatorOptions:
    """What `operator` takes."""

    image: Annotated[
        str, typer.Option(metavar="IMAGE", envvar="SPECCHECK_IMAGE", help="The image of the checker's pods.")
    ]
    image_pull_policy: Annotated[str, typer.Option(metavar="POLICY", help="When that image is pulled.")] = (
        "IfNotPresent"
    )
    kubeconfig: Annotated[
        str, typer.Option(metavar="PATH", help="How to reach the cluster; else as a pod in it, or as you do.")
    ] = ""
    context: Annotated[str, typer.Option(metavar="NAME", help="The context of the kubeconfig.")] = ""
    namespace: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Serve this namespace only; may be repeated.")
    ] = None
    lease_namespace: Annotated[
        str, typer.Option(metavar="NAME", envvar="SPECCHECK_LEASE_NAMESPACE", help="Where the Lease is; else its own.")
    ] = ""
    lease_name: Annotated[str, typer.Option(metavar="NAME", help="The Lease that is held.")] = "speccheck-operator"
    identity: Annotated[
        str, typer.Option(metavar="NAME", envvar="SPECCHECK_IDENTITY", help="Who holds it; unique, as a pod's name is.")
    ] = ""
    evaluator: Annotated[
        Path, typer.Option(metavar="PATH", envvar="SPECCHECK_EVALUATOR", help="The evaluator's Unix socket.")
    ] = Path("/run/speccheck/evaluator.sock")
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where /metrics, /healthz and /readyz are served.")
    ] = "0.0.0.0:9090"
    otlp_grpc: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where programs' events are received by OTLP over gRPC; else not.")
    ] = ""
    otlp_http: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where they are received by OTLP over HTTP; else not.")
    ] = ""
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="PATH", help="The receivers' certificate, PEM; read again when it changes.")
    ] = None
    tls_key: Annotated[Path | None, typer.Option(metavar="PATH", help="Its key.")] = None
    audit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="USER",
            help="Take audit events from this user (system:serviceaccount:NAMESPACE:NAME); may be repeated.",
        ),
    ] = None
    jobs_per_cluster: Annotated[int, typer.Option(min=1, metavar="N", help="How many Jobs may run at once.")] = 10
    jobs_per_namespace: Annotated[int, typer.Option(min=1, metavar="N", help="The same, in one namespace.")] = 3
    capture_timeout: Annotated[
        str, typer.Option(metavar="TIME", help="How long reading a spec may take; never longer than its check.")
    ] = "60s"
    grace: Annotated[
        str, typer.Option(metavar="TIME", help="How long a Job may take to start, beyond its check's own timeout.")
    ] = "2m"
    workers: Annotated[int, typer.Option(min=1, metavar="N", help="How many SpecChecks are looked at at once.")] = 4
    resync: Annotated[str, typer.Option(metavar="TIME", help="How often each is looked at in any case.")] = "10m"
    log_level: Annotated[str, typer.Option(metavar="LEVEL", help="debug, info, warning or error.")] = "info"


@taking(OperatorOptions)
def operator(options: OperatorOptions) -> int:
    """Watch SpecChecks in a cluster, have them checked by Jobs, and hold live objects to them.

    Of several operators the one that holds the Lease acts; losing it ends the process.
    """
    return guarded(partial(_operator, options))


def _operator(options: OperatorOptions) -> int:
    _log_to_stderr(options.log_level)
    asyncio.run(run(_options(options)))
    return statuses.FINE


def _options(options: OperatorOptions) -> Options:
    return Options(
        checker=Settings(
            image=options.image,
            image_pull_policy=options.image_pull_policy,
            jobs_per_cluster=options.jobs_per_cluster,
            jobs_per_namespace=options.jobs_per_namespace,
            capture_timeout_s=duration(options.capture_timeout),
            grace_s=duration(options.grace),
        ),
        lease=LeaseName(
            options.lease_namespace or _own_namespace(), options.lease_name, options.identity or _own_identity()
        ),
        evaluator=options.evaluator,
        listen=options.listen,
        kubeconfig=options.kubeconfig,
        context=options.context,
        namespaces=tuple(options.namespace or ()),
        workers=options.workers,
        resync_s=duration(options.resync),
        receivers=ReceiverOptions(
            grpc=options.otlp_grpc,
            http=options.otlp_http,
            chain=options.tls_cert,
            key=options.tls_key,
            auditors=tuple(options.audit or ()),
        ),
    )


def _own_namespace() -> str:
    return _NAMESPACE_FILE.read_text().strip() if _NAMESPACE_FILE.exists() else "default"


def _own_identity() -> str:
    """A name that no other process has, also not the one that this host's next operator will be."""
    return f"{socket.gethostname()}-{os.getpid()}-{os.urandom(3).hex()}"


def _log_to_stderr(level: str) -> None:
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise UsageError(f"--log-level: {level!r} is none; write debug, info, warning or error")
    logging.basicConfig(level=number, format=_LOG_FORMAT, stream=sys.stderr)
