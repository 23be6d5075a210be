"""The first tier by itself: what is judged in an observed state, what is not, and what is told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.conform.specs import ROLLOUT, SLOW, model

from speccheck.conform.monitors import Monitor, MonitorLimits
from speccheck.conform.protocols import Judgement, Loaded, MappingOrder, Result, SourceOrder, Thing, Unjudged, View
from speccheck.errors import UsageError

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def monitor(variables: dict[str, str], **more: Any) -> Monitor:
    given: dict[str, Any] = {"instance": "three", "tiers": ("State",)} | more
    return Monitor(model(ROLLOUT), MappingOrder((SourceOrder("web"),), variables, **given))


def web(**fields: Any) -> View:
    return View("web", NOON, object={"metadata": {"namespace": "shop", "name": "web"}, **fields})


def judged(held: Monitor, **fields: Any) -> Judgement:
    (judgement,) = held.take(web(**fields))
    return judgement


COUNTS = {"replicas": "object.replicas", "available": "get(object, 'available', 0)"}


def test_what_can_be_judged_is_told_and_what_cannot_with_what_it_lacks() -> None:
    loaded = monitor(COUNTS).loaded()
    of_behaviours = "it is about behaviours without end: give it a deadline (deadlines)"
    unjudged = (Unjudged("secret", ("hidden",)), Unjudged("converges", (), of_behaviours))
    assert loaded == Loaded(("never_more", "available_exist", "ratio"), unjudged, hidden=("phase", "pods", "hidden"))


def test_a_mapping_that_lets_nothing_be_judged_is_refused() -> None:
    with pytest.raises(UsageError, match="never_more also needs replicas"):
        monitor({"available": "1"}).loaded()


def test_a_good_state_conforms() -> None:
    found = judged(monitor(COUNTS), replicas=3, available=1)
    assert found == Judgement(
        key="shop/web",
        time=NOON,
        thing=Thing(namespace="shop", name="web"),
        source="web",
        values={"replicas": {"#bigint": "3"}, "available": {"#bigint": "1"}},
        results=(Result("never_more", "Holds"), Result("available_exist", "Holds"), Result("ratio", "Holds")),
    )


def test_a_bad_state_breaks_what_it_breaks_in_its_authors_words() -> None:
    found = judged(monitor(COUNTS), replicas=4, available=5)
    assert found.results == (
        Result("never_more", "Violated", "No more replicas than wanted; observed replicas = 4"),
        Result(
            "available_exist",
            "Violated",
            "What is available exists; observed replicas = 4, available = 5",
        ),
        Result("ratio", "Holds"),
    )


def test_an_invariant_without_a_value_is_neither_kept_nor_broken() -> None:
    found = judged(monitor(COUNTS), replicas=0)
    assert [(r.property, r.verdict) for r in found.results] == [
        ("never_more", "Holds"),
        ("available_exist", "Holds"),
        ("ratio", "Error"),
    ]
    assert found.results[2].message.startswith("it has no value here at spec.py:")
    assert "division by zero" in found.results[2].message


def test_an_observation_that_cannot_be_mapped_is_rejected() -> None:
    found = judged(monitor(COUNTS), replicas="four")
    assert found.rejected == "variables.replicas: $: should be an integer, and is the text 'four'"
    assert (found.values, found.results) == ({}, ())


def test_mapped_parameters_are_those_of_the_object() -> None:
    found = monitor(COUNTS, instance=None, parameters={"WANTED": "object.wanted"})
    verdicts = [judged(found, replicas=5, wanted=wanted).results[0].verdict for wanted in (5, 4, 5, 9, *range(50))]
    assert verdicts[:4] == ["Holds", "Violated", "Holds", "Holds"]
    assert verdicts[4:] == ["Violated"] * 5 + ["Holds"] * 45


def test_long_values_are_shown_in_short() -> None:
    pods = {f"pod-{n}": {"ready": True, "revision": n} for n in range(1000)}
    found = monitor(COUNTS | {"pods": "object.pods"})
    broken = judged(found, replicas=10**15, pods=pods)
    assert all(len(result.message) < 800 for result in broken.results)


def test_a_spec_without_invariants_holds_states_to_nothing() -> None:
    text = "\n@".join(part for part in ROLLOUT.split("\n@") if not part.startswith("invariant"))
    order = MappingOrder((SourceOrder("web"),), {"replicas": "1"}, "three", tiers=("State",))
    with pytest.raises(UsageError, match="has no property that the tiers asked for could judge"):
        Monitor(model(text), order).loaded()


def test_an_invariant_that_takes_too_long_has_no_result() -> None:
    order = MappingOrder((SourceOrder("web"),), {"n": "object.n"}, "only", tiers=("State",))
    found = Monitor(model(SLOW), order, MonitorLimits(question_s=0.2))
    assert judged(found, n=1).results == (Result("heavy", "Holds"),)
    (result,) = judged(found, n=500).results
    assert (result.verdict, "time limit of 0.2 s" in result.message) == ("Error", True)
    assert judged(found, n=1).results == (Result("heavy", "Holds"),)
