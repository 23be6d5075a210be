"""The zone's ConfigMap in the API server, written in transactions, by the standard client.

A write is made from the version that was read; where another was first, it is made anew from what the other wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import zones
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random_exponential

LABELS = {"app": "dns-zone"}


def _is_conflict(error: BaseException) -> bool:
    return isinstance(error, ApiException) and error.status == 409


def connected() -> client.CoreV1Api:
    """The API, from a kubeconfig or as the pod's account."""
    try:
        config.load_kube_config()
    except config.ConfigException:
        config.load_incluster_config()
    return client.CoreV1Api()


@dataclass(frozen=True)
class Store:
    """One zone's ConfigMap."""

    api: client.CoreV1Api
    namespace: str
    name: str

    def create(self, deployers: list[str]) -> None:
        """Make a new zone, where there is none."""
        metadata = client.V1ObjectMeta(name=self.name, labels=LABELS)
        body = client.V1ConfigMap(metadata=metadata, data=zones.written(zones.new(deployers)))
        try:
            self.api.create_namespaced_config_map(self.namespace, body)
        except ApiException as error:
            if not _is_conflict(error):
                raise

    def read(self) -> zones.Zone:
        """The zone as it is."""
        return zones.read(self.api.read_namespaced_config_map(self.name, self.namespace).data)

    @retry(
        retry=retry_if_exception(_is_conflict),
        wait=wait_random_exponential(multiplier=0.005, max=0.2),
        stop=stop_after_attempt(50),
        reraise=True,
    )
    def change(self, how: Callable[[zones.Zone], zones.Zone | None]) -> zones.Zone | None:
        """One transaction; None where there was nothing to change."""
        body = self.api.read_namespaced_config_map(self.name, self.namespace)
        changed = how(zones.read(body.data))
        if changed is None:
            return None
        body.data = zones.written(changed)
        self.api.replace_namespaced_config_map(self.name, self.namespace, body)
        return changed


def zone_of(body: Mapping[str, object]) -> zones.Zone | None:
    """The zone of a ConfigMap as a watch brings it; None where it is none (yet)."""
    data = body.get("data")
    return zones.read(data) if isinstance(data, Mapping) and "newest" in data else None
