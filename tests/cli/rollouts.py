"""Manifests, objects and observations of a rollout, as the tests of `run` use them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from tests.conform.specs import ROLLOUT

CHECK = """
apiVersion: speccheck.dev/v1alpha1
kind: SpecCheck
metadata: {name: rollout, namespace: shop}
spec:
  source: {configMap: {name: rollout-spec}}
  entrypoint: rollout.py
  check: {instances: [three], properties: [never_more, some]}
"""

OBSERVE = """
  observe:
    instance: three
    tiers: [State]
    sources:
    - {name: web, kubernetes: {apiVersion: apps/v1, kind: Deployment, selector: {matchLabels: {app: web}}}}
    variables:
      replicas: object.spec.replicas
      available: get(object, "status.availableReplicas", 0)
"""


def write_manifests(folder: Path, text: str = CHECK + OBSERVE, spec: str = ROLLOUT) -> Path:
    """A folder with a manifest, the ConfigMap beside it."""
    folder.mkdir(exist_ok=True)
    (folder / "check.yaml").write_text(text)
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "rollout-spec", "namespace": "shop"}}
    body = msgspec.json.encode(config_map | {"data": {"rollout.py": spec}})
    (folder / "source.yaml").write_bytes(body)
    return folder


def deployment(
    replicas: Any, version: int, available: int = 0, *, name: str = "web", app: str = "web"
) -> dict[str, Any]:
    """A Deployment, as the API would show it."""
    metadata = {
        "name": name,
        "namespace": "shop",
        "uid": f"uid-{name}",
        "resourceVersion": str(version),
        "labels": {"app": app},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {"replicas": replicas},
        "status": {"availableReplicas": available},
    }


def write_lines(file: Path, *lines: dict[str, Any] | bytes) -> Path:
    """A file of observations, a second apart; lines of bytes are written as they are."""
    rows = []
    for second, line in enumerate(lines):
        timed = {"time": f"2026-11-03T12:00:{second:02}Z"}
        rows.append(line if isinstance(line, bytes) else msgspec.json.encode(timed | line))
    file.write_bytes(b"".join(row + b"\n" for row in rows))
    return file
