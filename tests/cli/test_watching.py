"""Which lines are about a SpecCheck's source, and what taking them in comes to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from tests.cli.rollouts import CHECK, OBSERVE, deployment
from tests.conform.specs import ROLLOUT, model

from speccheck.cli.watching import Watch, Watched
from speccheck.resource.requests import request_of
from speccheck.sources.lines import Refused
from speccheck.sources.observations import Event, Kind, Observation

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def watched(*lines: Observation | Refused) -> Watched:
    request = request_of(yaml.safe_load(CHECK + OBSERVE))
    assert request.observe is not None
    watch = Watch(request, request.observe, model(ROLLOUT))
    for line in lines:
        watch.take(line)
    return watch.ended(NOON)


def changed(body: dict[str, Any], **more: Any) -> Observation:
    return Observation(NOON, object=body, **more)


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


@pytest.mark.parametrize(
    ("observation", "mine"),
    [
        (changed(deployment(1, 1)), True),
        (changed(deployment(1, 1), source="web"), True),
        (changed(deployment(1, 1), source="db"), False),
        (changed(deployment(1, 1, app="db")), False),
        (changed(deployment(1, 1, app="db"), source="web"), True),
        (changed(deployment(1, 1) | {"kind": "StatefulSet"}), False),
        (changed(deployment(1, 1) | {"apiVersion": "apps/v2"}), False),
        (changed(without(deployment(1, 1), "kind", "apiVersion")), True),
        (changed({"metadata": {"namespace": "other", "labels": {"app": "web"}}, "spec": {"replicas": 1}}), False),
        (changed({"metadata": None, "spec": {"replicas": 1}}), False),
    ],
)
def test_a_line_is_the_sources_if_it_says_so_or_shows_what_is_selected(observation: Observation, mine: bool) -> None:
    found = watched(observation)
    assert found.state.judged == int(mine)


def test_an_event_without_an_object_is_rejected_where_the_mapping_needs_one() -> None:
    found = watched(Observation(NOON, event=Event("apply")))
    assert (found.state.rejected, found.unsure) == (1, True)


def test_refused_lines_are_gaps_and_the_first_are_kept() -> None:
    found = watched(*(Refused(n, "rubbish") for n in range(1, 30)), changed(deployment(1, 1)))
    assert (found.state.gaps, len(found.refused_lines), found.unsure) == (29, 10, True)


def test_a_gap_that_somebody_saw_is_told() -> None:
    found = watched(changed(deployment(1, 1)), Observation(NOON, kind=Kind.GAP, reason="410 Gone"))
    (event,) = found.events
    assert (event.body["reason"], event.body["note"]) == ("ObservationGap", "410 Gone")
    assert (found.drifted, found.unsure) == (False, True)


def test_a_drift_is_told_with_how_often_it_was_seen() -> None:
    found = watched(*(changed(deployment(5, version)) for version in range(1, 8)))
    assert found.drifted
    assert [event.body["series"]["count"] for event in found.events] == [7, 7]
    assert found.state.drifts[0].count == 7
