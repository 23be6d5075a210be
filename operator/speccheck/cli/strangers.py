"""Which of a SpecCheck's sources a line is of, or why of none.

A line that names its source is of that one. Any other is of the first source that would have taken it: an object that
the source selects, as far as the object says what it is, or an event where some source gives events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from speccheck.conform.drifts import ObjectRef, object_ref
from speccheck.resource.fields import KubernetesSource, ObserveSource
from speccheck.sources.observations import Observation


class Selecting:
    """The sources, and the namespace of the SpecCheck ("" where nobody says)."""

    def __init__(self, sources: Sequence[ObserveSource], namespace: str) -> None:
        self._names = tuple(source.name for source in sources)
        self._kubernetes = [(source.name, source.kubernetes) for source in sources if source.kubernetes is not None]
        self._others = [source for source in sources if source.kubernetes is None]
        self._namespace = namespace

    def source_of(self, observation: Observation) -> tuple[str, str]:
        """The source's name, or "" and why there is none."""
        named = observation.source
        if named:
            return (named, "") if named in self._names else ("", f"of source {named}, not {', '.join(self._names)}")
        return self._of_object(observation) if observation.event is None else self._of_event()

    def _of_event(self) -> tuple[str, str]:
        names = [source.name for source in self._others] or [*self._names]
        return (names[0], "") if len(names) == 1 else ("", f"events that do not say which source: {', '.join(names)}")

    def _of_object(self, observation: Observation) -> tuple[str, str]:
        body = dict(observation.object or {})
        found, whys = object_ref(body), []
        for name, wanted in self._kubernetes:
            why = self._unlike(found, body, wanted)
            if not why:
                return name, ""
            whys.append(why)
        told = next((source.name for source in self._others if source.lines is not None), "")
        return (told, "") if told or not whys else ("", " or ".join(dict.fromkeys(whys)))

    def _unlike(self, found: ObjectRef, body: Mapping[str, Any], wanted: KubernetesSource) -> str:
        """Why a source would not have taken an object; "" where it would."""
        namespace = "" if wanted.namespace == "*" else wanted.namespace or self._namespace
        named = (
            ("apiVersion", found.api_version, wanted.api_version),
            ("kind", found.kind, wanted.kind),
            ("namespace", found.namespace, namespace),
        )
        for name, is_, should_be in named:
            if "" not in (is_, should_be) and is_ != should_be:
                return f"of {name} {is_}, not {should_be}"
        return _unlabelled(body, wanted.selector.match_labels)


def _unlabelled(body: Mapping[str, Any], wanted: Mapping[str, str]) -> str:
    metadata = body.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, Mapping) else None
    given = labels if isinstance(labels, Mapping) else {}
    lacking = next((f"{name}={value}" for name, value in wanted.items() if given.get(name) != value), None)
    return f"without label {lacking}" if lacking else ""
