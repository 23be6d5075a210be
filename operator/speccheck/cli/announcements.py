"""What `run` says of observations: the Events and the ObserveState that the operator would have come to.

Takes a Watch's notices, and the Watch at the end; gives Event bodies and the state, by the functions that the operator
uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from speccheck.cli.watching import Gapped, Moved, Notice, Rejected, Watch
from speccheck.conform.drifts import Repeated, Resolved, Started
from speccheck.errors import UsageError
from speccheck.ir.json import model_digest
from speccheck.ir.models import Model
from speccheck.resource.drifts import Drift, ObserveState, Problem
from speccheck.resource.events import EventBody, drift_events, observation_event, resolved_events, series_patch
from speccheck.resource.requests import Request
from speccheck.sources.lines import Refused

REJECTIONS_LIMIT = 10
"""After so many observations in a row that do not fit the spec, somebody has to correct the mapping."""

EVENTS_LIMIT = 1_000
"""How many Events are kept; more are counted."""

REFUSED_LIMIT = 10


@dataclass(frozen=True, slots=True)
class Watched:
    """What observing has come to. `drifted`: whether anything broke the spec at any time and was not muted; `unsure`:
    whether anything may have been missed, or could not be judged; `wrong`: whether some property had no value in some
    state; `left_out`: how many lines are not of a source, by why."""

    state: ObserveState
    events: tuple[EventBody, ...] = ()
    drifted: bool = False
    unsure: bool = False
    wrong: bool = False
    dropped_events: int = 0
    refused_lines: tuple[Refused, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)


class Announcer:
    """One SpecCheck's notices, as Events."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._events: dict[tuple[str, str], EventBody] = {}
        self._dropped = 0
        self._refused: list[Refused] = []
        self._drifted = False

    def take(self, notice: Notice) -> None:
        """One thing more."""
        match notice:
            case Moved():
                self._moved(notice)
            case Gapped():
                about = f"{notice.time.isoformat()} {notice.source}"
                self._add(observation_event(self._request, "ObservationGap", notice.reason, about, notice.time))
            case Rejected():
                self._rejected(notice)
            case Refused():
                self._refused = [*self._refused, notice][:REFUSED_LIMIT]
            case _:
                assert_never(notice)

    def ended(self, watch: Watch, model: Model, now: datetime) -> Watched:
        """What it has all come to."""
        for drift in watch.tracker.active:
            self._patch(drift, now)
        census = watch.census
        lost = watch.tracker.counts.overflowed or census.overflowed or census.unjudged
        unsure = watch.tally.unsure or bool(watch.settling or lost or not watch.tally.judged)
        return Watched(
            state_of(watch, model),
            tuple(self._events.values()),
            self._drifted,
            unsure,
            bool(watch.tally.errors.count),
            self._dropped,
            tuple(self._refused),
            dict(watch.tally.left_out),
        )

    def _moved(self, moved: Moved) -> None:
        match moved.change:
            case Started(drift):
                self._drifted = self._drifted or not drift.muted
                self._add(*drift_events(self._request, drift, drift.since))
            case Resolved(drift, at, why):
                self._add(*resolved_events(self._request, drift, at, why))
                self._patch(drift, at)
            case Repeated():
                pass
            case _:
                assert_never(moved.change)

    def _rejected(self, rejected: Rejected) -> None:
        judgement = rejected.judgement
        thing, time = judgement.thing, judgement.time
        assert time is not None, "an observation that is rejected has its time"
        note = f"{thing.kind or 'observation'} {thing.name}: {judgement.rejected}"
        minute = time.strftime("%Y-%m-%dT%H:%M")
        self._add(observation_event(self._request, "ObservationRejected", note, minute, time))

    def _add(self, *events: EventBody) -> None:
        """Keeps Events, each once: the cluster takes no second one of the same name."""
        for event in events:
            at = event.namespace, event.name
            if at in self._events:
                continue
            if len(self._events) < EVENTS_LIMIT:
                self._events[at] = event
            else:
                self._dropped += 1

    def _patch(self, drift: Drift, now: datetime) -> None:
        """Says on a drift's Events how often it was seen."""
        patch = series_patch(drift.count, drift.last, None, now)
        for event in drift_events(self._request, drift, drift.since) if patch else ():
            kept = self._events.get((event.namespace, event.name))
            if kept is not None:
                kept.body.update(patch or {})


def state_of(watch: Watch, model: Model) -> ObserveState:
    """How observation stands, as the status says it."""
    tally, tracker, census = watch.tally, watch.tracker, watch.census
    counts = tracker.counts
    problem = None
    if counts.in_a_row >= REJECTIONS_LIMIT:
        problem = Problem("ObservationRejected", counts.last_rejection, permanent=True)
    return ObserveState(
        synced=True,
        keys=census.keys,
        judged=tally.judged,
        gaps=counts.gaps,
        rejected=counts.rejected,
        resolved=counts.resolved,
        unjudged_keys=tracker.unjudged_keys,
        last_observed=counts.last_observed,
        drifts=tracker.active,
        problem=problem,
        model_digest=model_digest(model),
        census=census,
        loaded=watch.loaded,
        since_anchor=watch.undetermined > 0,
    )


def unfit(error: UsageError) -> Watched:
    """What comes of a mapping that does not fit the Model."""
    return Watched(ObserveState(synced=True, problem=Problem("SpecInvalid", f"observe: {error}", permanent=True)))
