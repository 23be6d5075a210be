"""Which source a line is of: the one it names, else the first that would have taken it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.cli.rollouts import deployment

from speccheck.cli.strangers import Selecting
from speccheck.resource.observing import load_observe
from speccheck.sources.observations import Event, Observation

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)

WEB = "- {name: web, kubernetes: {apiVersion: apps/v1, kind: Deployment, selector: {matchLabels: {app: web}}}}"
DB = "- {name: db, kubernetes: {apiVersion: apps/v1, kind: Deployment, selector: {matchLabels: {app: db}}}}"
ANYWHERE = '- {name: all, kubernetes: {apiVersion: apps/v1, kind: Deployment, namespace: "*"}}'
PROGRAMS = "- {name: programs, otlp: {}}"
AUDIT = "- {name: audit, audit: {}}"


def selecting(*sources: str, namespace: str = "shop") -> Selecting:
    text = "\n".join(["variables: {replicas: '1'}", "sources:", *sources])
    return Selecting(load_observe(text.encode()).sources, namespace)


def changed(body: dict[str, Any], **more: Any) -> Observation:
    return Observation(NOON, object=body, **more)


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


ELSEWHERE = deployment(1, 1)["metadata"] | {"namespace": "other"}


@pytest.mark.parametrize(
    ("observation", "why"),
    [
        (changed(deployment(1, 1)), ""),
        (changed(deployment(1, 1), source="web"), ""),
        (changed(deployment(1, 1), source="db"), "of source db, not web"),
        (changed(deployment(1, 1, app="db")), "without label app=web"),
        (changed(deployment(1, 1, app="db"), source="web"), ""),
        (changed(deployment(1, 1) | {"kind": "StatefulSet"}), "of kind StatefulSet, not Deployment"),
        (changed(deployment(1, 1) | {"apiVersion": "apps/v2"}), "of apiVersion apps/v2, not apps/v1"),
        (changed(without(deployment(1, 1), "kind", "apiVersion")), ""),
        (changed(deployment(1, 1) | {"metadata": ELSEWHERE}), "of namespace other, not shop"),
        (changed({"metadata": None, "spec": {"replicas": 1}}), "without label app=web"),
        (Observation(NOON, event=Event("apply")), ""),
    ],
)
def test_a_line_is_the_sources_if_it_says_so_or_shows_what_is_selected(observation: Observation, why: str) -> None:
    assert selecting(WEB).source_of(observation) == ("" if why else "web", why)


def test_of_several_the_first_that_would_have_taken_it() -> None:
    both = selecting(WEB, DB)
    assert both.source_of(changed(deployment(1, 1, app="db"))) == ("db", "")
    name, why = both.source_of(changed(deployment(1, 1, app="other")))
    assert (name, why) == ("", "without label app=web or without label app=db")


def test_where_nobody_says_which_namespace_any_will_do() -> None:
    body = deployment(1, 1) | {"metadata": ELSEWHERE}
    assert selecting(WEB, namespace="").source_of(changed(body)) == ("web", "")
    assert selecting(ANYWHERE).source_of(changed(body)) == ("all", "")


def test_events_are_of_the_source_that_gives_events() -> None:
    apply = Observation(NOON, event=Event("apply"))
    assert selecting(WEB, PROGRAMS).source_of(apply) == ("programs", "")
    assert selecting(PROGRAMS, AUDIT).source_of(apply) == ("", "events that do not say which source: programs, audit")
