"""The Job of a run: two stages in one hardened pod, as the *restricted* Pod Security level and more demands.

Takes a Request, its run and the source; gives the Job's body. What a SpecCheck's podTemplate may say goes in first,
the sandbox is set over it. The init container `capture` alone runs the spec; the container `check` runs none of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from speccheck.digests import source_names
from speccheck.errors import UsageError
from speccheck.resource.bodies import Body, given, plain
from speccheck.resource.documents import CheckOrder, CheckRequest, request_bytes
from speccheck.resource.quantities import amount_of
from speccheck.resource.requests import Request, owner_reference
from speccheck.resource.runs import RUN_KIND, RUN_LABEL
from speccheck.resource.sources import Found

USER_ID = 65532
SOURCE_PATH = "/source"
MODEL_PATH = "/model"
MODEL_VOLUME_SIZE = "32Mi"
STORAGE_LIMIT = "64Mi"
EVIDENCE_SHARE = 0.25
"""The part of the grace by which the pod's deadline comes before the Job's, which deletes the pod and what it tells."""

MEMORY_SHARE = 0.8
"""How much of a container's memory a stage may give to the spec or the engine."""

FILE_ANNOTATION = "source.speccheck.dev"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator's keeper decides for all checks. Amounts are Kubernetes quantities of `cpu` and `memory`.

    `capture_timeout_s`: what reading a spec may take at most. `grace_s`: what a Job may take beyond its check's own
    timeout (scheduling, the image, the capture, the report), and how long a container may try to start.
    """

    image: str
    image_pull_policy: str = "IfNotPresent"
    ceiling: Mapping[str, str] = field(default_factory=lambda: {"cpu": "2", "memory": "4Gi"})
    limits: Mapping[str, str] = field(default_factory=lambda: {"cpu": "1", "memory": "1Gi"})
    requests: Mapping[str, str] = field(default_factory=lambda: {"cpu": "100m", "memory": "256Mi"})
    jobs_per_cluster: int = 10
    jobs_per_namespace: int = 3
    capture_timeout_s: float = 60
    grace_s: float = 120


def job_name(run_name: str, attempt: int) -> str:
    """The name of a run's Job: another for each attempt."""
    return f"{run_name}-{attempt}"


def has_room(active: Sequence[str], namespace: str, settings: Settings) -> bool:
    """Whether one more Job may start in a namespace; `active` has the namespace of every unfinished one."""
    return len(active) < settings.jobs_per_cluster and active.count(namespace) < settings.jobs_per_namespace


def check_ceiling(request: Request, settings: Settings) -> None:
    """Refuse, as UsageError, resources above the operator's ceiling, or requests above limits."""
    _resources(request, settings)


def job_body(request: Request, run: Mapping[str, Any], source: Found, settings: Settings, attempt: int) -> Body:
    """The Job for an attempt at a run. Raises UsageError for resources above the operator's ceiling."""
    name = run["metadata"]["name"]
    labels = request.labels | {RUN_LABEL: name}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(name, attempt),
            "namespace": request.namespace,
            "labels": labels,
            "ownerReferences": [owner_reference(RUN_KIND, name, run["metadata"]["uid"])],
        },
        "spec": {
            "backoffLimit": 0,
            "completions": 1,
            "parallelism": 1,
            "podReplacementPolicy": "Failed",
            "activeDeadlineSeconds": ceil(_work_s(request, settings) + settings.grace_s),
            "template": _pod_template(request, source, settings, labels),
        },
    }


def _work_s(request: Request, settings: Settings) -> float:
    return request.check.timeout_s if request.check else settings.capture_timeout_s


def _capture_s(request: Request, settings: Settings) -> float:
    """What the capture may take: never more than the check that it is for."""
    return min(settings.capture_timeout_s, _work_s(request, settings))


def _pod_template(request: Request, source: Found, settings: Settings, labels: Mapping[str, str]) -> Body:
    template = request.pod_template
    annotations = dict(template.annotations) | _source_annotations(request, source)
    return {
        "metadata": {"labels": dict(template.labels) | dict(labels), "annotations": annotations},
        "spec": _placement(request) | _pod_spec(request, source, settings),
    }


def _placement(request: Request) -> Body:
    """The part of the pod that a SpecCheck may set, fields that are not given left out."""
    template = request.pod_template
    return given(
        nodeSelector=dict(template.node_selector),
        tolerations=plain(template.tolerations),
        affinity=template.affinity,
        imagePullSecrets=plain(template.image_pull_secrets),
        runtimeClassName=template.runtime_class_name,
    )


def _pod_spec(request: Request, source: Found, settings: Settings) -> Body:
    resources = _resources(request, settings)
    return {
        "restartPolicy": "Never",
        "activeDeadlineSeconds": ceil(_work_s(request, settings) + settings.grace_s * (1 - EVIDENCE_SHARE)),
        "terminationGracePeriodSeconds": 5,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "hostNetwork": False,
        "hostPID": False,
        "hostIPC": False,
        "shareProcessNamespace": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER_ID,
            "runAsGroup": USER_ID,
            "fsGroup": USER_ID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": [_source_volume(request, source), _model_volume()],
        "initContainers": [_capture_container(request, settings, resources)],
        "containers": [_check_container(request, settings, resources)],
    }


def _capture_container(request: Request, settings: Settings, resources: Body) -> Body:
    arguments = ["--source", SOURCE_PATH, "--entrypoint", request.entrypoint, "--out", MODEL_PATH]
    limits = ["--timeout", f"{_capture_s(request, settings):g}s", "--memory", _memory_share(resources)]
    mounts: list[Body] = [
        {"name": "source", "mountPath": SOURCE_PATH, "readOnly": True},
        {"name": "model", "mountPath": MODEL_PATH},
    ]
    return _container("capture", settings, resources, [*arguments, *limits], mounts)


def _check_container(request: Request, settings: Settings, resources: Body) -> Body:
    order = request_bytes(CheckRequest(check=_order(request))).decode()
    arguments = ["--model", MODEL_PATH, "--check", order, "--memory", _memory_share(resources)]
    mounts: list[Body] = [{"name": "model", "mountPath": MODEL_PATH, "readOnly": True}]
    return _container("check", settings, resources, arguments, mounts)


def _container(stage: str, settings: Settings, resources: Body, arguments: list[str], mounts: list[Body]) -> Body:
    return {
        "name": stage,
        "image": settings.image,
        "imagePullPolicy": settings.image_pull_policy,
        "command": ["speccheck", "pod", stage],
        "args": arguments,
        "env": [{"name": "PYTHONHASHSEED", "value": "0"}],  # the same files give the same Model, wherever captured
        "workingDir": "/",
        "resources": resources,
        "volumeMounts": mounts,
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": USER_ID,
            "runAsGroup": USER_ID,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def _order(request: Request) -> CheckOrder | None:
    check = request.check
    if check is None:
        return None
    return CheckOrder(
        instances=check.instances,
        properties=check.properties,
        method=check.method,
        walks=check.walks,
        seed=check.seed or 0,
        max_steps=check.max_steps,
        deadlock=check.deadlock,
        timeout_s=check.timeout_s,
    )


def _source_annotations(request: Request, source: Found) -> dict[str, str]:
    """Inline files, one annotation each; names of files are not always names of annotations, so they are numbered."""
    if request.source.inline is None:
        return {}
    return {_annotation(n): source.files[name].decode() for n, name in enumerate(source_names(source.files))}


def _annotation(number: int) -> str:
    return f"{FILE_ANNOTATION}/{number:04}"


def _source_volume(request: Request, source: Found) -> Body:
    """The spec's files and nothing else, as plain files in one directory."""
    names = source_names(source.files)
    config_map = request.source.config_map
    if config_map is not None:
        items = [{"key": name, "path": name} for name in names]
        return {"name": "source", "configMap": {"name": config_map.name, "items": items, "defaultMode": 0o444}}
    items_of_pod = [
        {"path": name, "fieldRef": {"fieldPath": f"metadata.annotations['{_annotation(n)}']"}}
        for n, name in enumerate(names)
    ]
    return {"name": "source", "downwardAPI": {"items": items_of_pod, "defaultMode": 0o444}}


def _model_volume() -> Body:
    """Memory, so that its size is a limit at once and not at the next look of the kubelet."""
    return {"name": "model", "emptyDir": {"medium": "Memory", "sizeLimit": MODEL_VOLUME_SIZE}}


def _resources(request: Request, settings: Settings) -> Body:
    """The resources of each container: what is asked for, else the operator's own, never above its ceiling."""
    asked = request.pod_template.resources
    limits = dict(settings.limits) | asked.limits.given()
    requests = {name: _smaller(amount, limits[name]) for name, amount in settings.requests.items()}
    requests |= asked.requests.given()
    for name, amount in limits.items():
        if amount_of(amount) > amount_of(settings.ceiling[name]):
            raise UsageError(
                f"spec.podTemplate.resources.limits.{name}: {amount} is above this operator's ceiling of "
                f"{settings.ceiling[name]}; ask for less"
            )
        if amount_of(requests[name]) > amount_of(amount):
            raise UsageError(
                f"spec.podTemplate.resources.requests.{name}: {requests[name]} is above the limit of {amount}; "
                "ask for less, or raise the limit"
            )
    storage = {"ephemeral-storage": STORAGE_LIMIT}
    return {"limits": limits | storage, "requests": requests | storage}


def _smaller(amount: str, limit: str) -> str:
    return amount if amount_of(amount) <= amount_of(limit) else limit


def _memory_share(resources: Body) -> str:
    mebibytes = amount_of(resources["limits"]["memory"]) / 2**20
    return f"{int(float(mebibytes) * MEMORY_SHARE)}Mi"
