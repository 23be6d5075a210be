"""Which SpecChecks name which ConfigMap, so that a change of one is a reason to look at the others."""

from __future__ import annotations

from collections import defaultdict

from speccheck.kube.queues import Key


class References:
    """SpecChecks by the ConfigMap of their namespace that they name. Nothing of a ConfigMap is kept."""

    def __init__(self) -> None:
        self._named: dict[Key, str] = {}
        self._by_name: defaultdict[tuple[str, str], set[Key]] = defaultdict(set)

    def set(self, key: Key, config_map: str | None) -> None:
        """A SpecCheck names this ConfigMap, or none."""
        if self._named.get(key) != config_map:
            self.forget(key)
            if config_map is not None:
                self._named[key] = config_map
                self._by_name[(key.namespace, config_map)].add(key)

    def forget(self, key: Key) -> None:
        """A SpecCheck is gone."""
        name = self._named.pop(key, None)
        if name is not None:
            self._by_name[(key.namespace, name)].discard(key)
            if not self._by_name[(key.namespace, name)]:
                del self._by_name[(key.namespace, name)]

    def of(self, namespace: str, config_map: str) -> frozenset[Key]:
        """The SpecChecks that name a ConfigMap."""
        return frozenset(self._by_name.get((namespace, config_map), ()))
