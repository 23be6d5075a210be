"""What taking lines in comes to: counts, notices and drifts, in order, with the lines they are from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from tests.cli.rollouts import CHECK, OBSERVE, deployment
from tests.conform.specs import ROLLOUT, model

from speccheck.cli.watching import Gapped, Moved, Notice, Rejected, Watch
from speccheck.conform.drifts import Repeated, Resolved, Started
from speccheck.errors import UsageError
from speccheck.resource.requests import request_of
from speccheck.sources.lines import Refused
from speccheck.sources.observations import Event, Kind, Observation

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def watching(observe: str = OBSERVE, instance: str = "") -> Watch:
    request = request_of(yaml.safe_load(CHECK + observe))
    assert request.observe is not None
    return Watch(model(ROLLOUT), request.observe, request.namespace, instance)


def watched(*lines: Observation | Refused, observe: str = OBSERVE) -> tuple[Watch, list[Notice]]:
    watch = watching(observe)
    return watch, [notice for line in lines for notice in watch.take(line)] + list(watch.end())


def changed(body: dict[str, Any], seconds: float = 0, **more: Any) -> Observation:
    return Observation(NOON + timedelta(seconds=seconds), object=body, **more)


def test_a_drift_begins_goes_on_and_ends_at_its_lines() -> None:
    rows = [changed(deployment(n, version), version, line=version) for version, n in enumerate((1, 5, 6, 2), 1)]
    watch, notices = watched(*rows)
    moved = [each for each in notices if isinstance(each, Moved)]
    assert [(type(each.change), each.place.line) for each in moved] == [(Started, 2), (Repeated, 3), (Resolved, 4)]
    assert (watch.tally.observations, watch.tally.judged, watch.tally.unsure) == (4, 4, False)
    assert (watch.tally.first, watch.tally.last) == (NOON + timedelta(seconds=1), NOON + timedelta(seconds=4))


def test_the_same_version_again_is_left_out_until_a_gap() -> None:
    again = [changed(deployment(1, 7), n) for n in range(3)]
    gap = Observation(NOON + timedelta(seconds=5), kind=Kind.GAP, reason="410 Gone")
    watch, notices = watched(*again, gap, changed(deployment(1, 7), 6))
    assert (watch.tally.judged, watch.tally.duplicates) == (2, 2)
    assert [each.reason for each in notices if isinstance(each, Gapped)] == ["410 Gone"]


def test_refused_lines_are_gaps_and_the_first_is_kept() -> None:
    watch, notices = watched(changed(deployment(1, 1)), *(Refused(n, f"rubbish {n}") for n in range(2, 9)))
    assert (watch.tally.refused.count, watch.tally.refused.message, watch.tally.refused.place.line) == (
        7,
        "rubbish 2",
        2,
    )
    assert len(notices) == 7
    assert watch.tally.unsure


def test_a_refused_line_is_a_gap_before_and_after_what_waits() -> None:
    observe = """
  observe:
    instance: three
    tiers: [Step]
    sources: [{name: log, otlp: {}, key: "'one'"}]
    variables: {}
    actions: [{name: grow, when: event.name == "grow"}]
"""

    def grown(seconds: float) -> Observation:
        return Observation(NOON + timedelta(seconds=seconds), event=Event("grow"))

    begun = [grown(seconds / 10) for seconds in range(3)]
    watch, notices = watched(*begun, grown(0.4), observe=observe)
    (drift,) = [each.change for each in notices if isinstance(each, Moved)]
    assert isinstance(drift, Started) and not watch.tally.unsure
    watch, notices = watched(*begun, Refused(4, "rubbish"), grown(0.4), observe=observe)
    assert [type(each) for each in notices] == [Refused]
    assert (watch.tally.judged, watch.tally.unsure, watch.tracker.counts.gaps) == (4, True, 1)


def test_what_does_not_fit_is_rejected_and_is_told() -> None:
    watch, notices = watched(changed(deployment("many", 1), line=4), Observation(NOON, event=Event("apply"), line=5))
    assert [each.place.line for each in notices if isinstance(each, Rejected)] == [4, 5]
    assert (watch.tally.rejected.count, watch.tally.judged, watch.tally.unsure) == (2, 0, True)


def test_missing_numbers_are_a_gap_and_late_ones_are_left_out() -> None:
    rows = [changed(deployment(n, seq), seq, seq=seq) for seq, n in ((1, 1), (2, 1), (5, 1), (4, 9))]
    watch, notices = watched(*rows)
    (gap,) = [each for each in notices if isinstance(each, Gapped)]
    assert "2 observations are missing before number 5" in gap.reason
    assert (watch.tally.judged, watch.order_counts.late) == (3, 1)


def test_an_object_that_is_gone_takes_its_drift_along() -> None:
    bad = deployment(5, 1)
    watch, notices = watched(changed(bad), changed(bad, 1, kind=Kind.DELETED))
    (_, ended) = [each.change for each in notices if isinstance(each, Moved)]
    assert isinstance(ended, Resolved) and ended.why == "gone"
    assert (watch.tally.closed, watch.census.keys, watch.tracker.active) == (1, 0, ())


def test_a_step_drift_is_over_when_no_other_came_for_long_enough() -> None:
    stepwise = OBSERVE.replace("tiers: [State]", "tiers: [Step]")
    rows = [
        changed(deployment(0, 1), kind=Kind.ADDED),
        changed(deployment(2, 2), 1),
        changed(deployment(2, 3), 500),
        changed(deployment(2, 4), 700),
    ]
    _, notices = watched(*rows, observe=stepwise)
    begun, ended = [each for each in notices if isinstance(each, Moved)]
    assert isinstance(begun.change, Started) and begun.change.drift.tier == "Step"
    assert isinstance(ended.change, Resolved) and (ended.change.why, ended.after) == ("quiet", True)


def test_a_mute_ends_by_the_observations_own_time() -> None:
    until = (NOON + timedelta(seconds=30)).isoformat()
    mute = f'    mute: [{{property: never_more, reason: "known", until: "{until}"}}]\n'
    rows = [changed(deployment(5, version), version * 20) for version in range(1, 4)]
    _, notices = watched(*rows, observe=OBSERVE + mute)
    begun = [
        each.change.drift.muted for each in notices if isinstance(each, Moved) and isinstance(each.change, Started)
    ]
    assert begun == [True, False]


def test_another_instance_takes_the_place_of_the_mappings() -> None:
    assert watching(instance="three").order.instance == "three"
    with pytest.raises(UsageError, match="four"):
        watching(instance="four")


def test_a_mapping_that_does_not_fit_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="did you mean 'replicas'"):
        watching(OBSERVE.replace("replicas: object", "replica: object"))
