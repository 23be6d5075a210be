"""Which of our Jobs are under way, so that no more are made than the cluster's keeper allows.

Takes a first list and then what watches and writes tell; gives the namespaces of the unfinished ones. The watch may
lag, so a Job counts from the moment that it is made here.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from speccheck.kube.meters import Meters


class Slots:
    """The unfinished Jobs by namespace and name. Hold `admission` from asking for room until the Job is made."""

    def __init__(self, meters: Meters) -> None:
        self.admission = asyncio.Lock()
        self._meters = meters
        self._active: set[tuple[str, str]] = set()
        self._told: set[str] = set()

    @property
    def active(self) -> tuple[str, ...]:
        """The namespace of each unfinished Job."""
        return tuple(namespace for namespace, _ in self._active)

    def load(self, jobs: Iterable[Mapping[str, Any]]) -> None:
        """All Jobs there are."""
        for job in jobs:
            self.seen(job)

    def seen(self, job: Mapping[str, Any]) -> None:
        """A Job as it is."""
        metadata = job["metadata"]
        self._move(metadata["namespace"], metadata["name"], under_way=not _is_over(job))

    def gone(self, namespace: str, name: str) -> None:
        """There is no such Job any more."""
        self._move(namespace, name, under_way=False)

    def _move(self, namespace: str, name: str, *, under_way: bool) -> None:
        if under_way:
            self._active.add((namespace, name))
        else:
            self._active.discard((namespace, name))
        counts = Counter(self.active)
        self._told |= set(counts)
        for each in self._told:
            self._meters.set("speccheck_jobs_active", counts[each], namespace=each)


def _is_over(job: Mapping[str, Any]) -> bool:
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(each.get("type") in ("Complete", "Failed") and each.get("status") == "True" for each in conditions)
