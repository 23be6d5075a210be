"""Recorded or simulated observations, held to a spec by a mapping as it stands in a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from speccheck.conform.monitors import Monitor, MonitorLimits
from speccheck.conform.protocols import ActionOrder, Gap, Judgement, MappingOrder, SourceOrder, View
from speccheck.loading import load
from speccheck.sources.lines import Refused, read
from speccheck.sources.observations import Kind, Observation

TOP = Path(__file__).parents[2]
RECORDINGS = Path(__file__).parent / "recordings"


def order(observe: Mapping[str, Any]) -> MappingOrder:
    """The `observe` section, but for what only says where observations come from."""
    sources = (SourceOrder(s["name"], s.get("key"), s.get("match"), s.get("many", False)) for s in observe["sources"])
    actions = (ActionOrder(a["name"], a["when"], a.get("args", {}), a.get("source", "")) for a in observe["actions"])
    return MappingOrder(
        sources=tuple(sources),
        variables=observe["variables"],
        instance=observe.get("instance"),
        parameters=observe.get("parameters", {}),
        actions=tuple(actions),
        hidden_steps=observe.get("hiddenSteps", 0),
    )


def monitor(spec: Path, mapping: Path, parameters: Mapping[str, str] | None = None) -> Monitor:
    """A spec's observations, of which there are none yet; how busy the machine is changes no answer.

    `parameters` stand for the mapping's of the same names.
    """
    written = yaml.safe_load(mapping.read_text())
    given = {"parameters": written.get("parameters", {}) | parameters} if parameters else {}
    found = order({"actions": [], **written, **given})
    return Monitor(load(spec).model, found, MonitorLimits(question_s=60.0))


def observations(recording: Path) -> Iterator[Observation]:
    """The lines of a file, each of which is one."""
    with recording.open("rb") as stream:
        for each in read(stream):
            assert not isinstance(each, Refused), each
            yield each


def held(watch: Monitor, found: Iterable[Observation]) -> Iterator[tuple[Observation, Judgement]]:
    """Each observation, with what it means."""
    for each in found:
        if each.kind is Kind.GAP:
            watch.take(Gap(each.time, each.source))
            continue
        event = each.event and {"name": each.event.name, "attributes": dict(each.event.attributes)}
        body = None if each.object is None else dict(each.object)
        view = View(each.source, each.time, each.kind.value, body, event)
        yield from ((each, judgement) for judgement in watch.take(view))
