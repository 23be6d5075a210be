"""The first tier: what is judged in an observed state, what is not, and what is told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.conform.specs import ROLLOUT, SLOW, model

from speccheck.conform.judgements import Assessor
from speccheck.conform.protocols import Judgement, Loaded, MappingOrder, Result, SourceOrder, Unjudged, View
from speccheck.engines.base import Limits
from speccheck.errors import UsageError

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def assessor(variables: dict[str, str], **more: Any) -> Assessor:
    given: dict[str, Any] = {"instance": "three"} | more
    return Assessor(model(ROLLOUT), MappingOrder((SourceOrder("web"),), variables, **given))


def web(**fields: Any) -> View:
    return View("web", NOON, {"metadata": {"namespace": "shop", "name": "web"}, **fields})


COUNTS = {"replicas": "object.replicas", "available": "get(object, 'available', 0)"}


def test_what_can_be_judged_is_told_and_what_cannot_with_what_it_lacks() -> None:
    loaded = assessor(COUNTS).loaded()
    of_behaviours = "it is about behaviours without end, of which an observed state shows nothing"
    unjudged = (Unjudged("secret", ("hidden",)), Unjudged("converges", (), of_behaviours))
    assert loaded == Loaded(("never_more", "available_exist", "ratio"), unjudged)


def test_a_mapping_that_lets_nothing_be_judged_is_refused() -> None:
    with pytest.raises(UsageError, match="never_more also needs replicas"):
        assessor({"available": "1"}).loaded()


def test_a_good_state_conforms() -> None:
    judged = assessor(COUNTS).judge(web(replicas=3, available=1))
    assert judged == Judgement(
        key="shop/web",
        values={"replicas": {"#bigint": "3"}, "available": {"#bigint": "1"}},
        results=(Result("never_more", "Holds"), Result("available_exist", "Holds"), Result("ratio", "Holds")),
    )


def test_a_bad_state_breaks_what_it_breaks_in_its_authors_words() -> None:
    judged = assessor(COUNTS).judge(web(replicas=4, available=5))
    assert judged.results == (
        Result("never_more", "Violated", "No more replicas than wanted; observed replicas = 4"),
        Result(
            "available_exist",
            "Violated",
            "What is available exists; observed replicas = 4, available = 5",
        ),
        Result("ratio", "Holds"),
    )


def test_an_invariant_without_a_value_is_neither_kept_nor_broken() -> None:
    judged = assessor(COUNTS).judge(web(replicas=0))
    assert [(r.property, r.verdict) for r in judged.results] == [
        ("never_more", "Holds"),
        ("available_exist", "Holds"),
        ("ratio", "Error"),
    ]
    assert judged.results[2].message.startswith("it has no value here at spec.py:")
    assert "division by zero" in judged.results[2].message


def test_an_observation_that_cannot_be_mapped_is_rejected() -> None:
    judged = assessor(COUNTS).judge(web(replicas="four"))
    assert judged.rejected == "variables.replicas: $: should be an integer, and is the text 'four'"
    assert (judged.values, judged.results) == ({}, ())


def test_mapped_parameters_are_those_of_the_object() -> None:
    found = assessor(COUNTS, instance=None, parameters={"WANTED": "object.wanted"})
    verdicts = [found.judge(web(replicas=5, wanted=wanted)).results[0].verdict for wanted in (5, 4, 5, 9, *range(50))]
    assert verdicts[:4] == ["Holds", "Violated", "Holds", "Holds"]
    assert verdicts[4:] == ["Violated"] * 5 + ["Holds"] * 45


def test_long_values_are_shown_in_short() -> None:
    pods = {f"pod-{n}": {"ready": True, "revision": n} for n in range(1000)}
    found = assessor(COUNTS | {"pods": "object.pods"})
    judged = found.judge(web(replicas=10**15, pods=pods))
    assert all(len(result.message) < 800 for result in judged.results)


def test_a_spec_without_invariants_holds_nothing_to_anything() -> None:
    text = "\n@".join(part for part in ROLLOUT.split("\n@") if not part.startswith("invariant"))
    with pytest.raises(UsageError, match="has no invariant"):
        Assessor(model(text), MappingOrder((SourceOrder("web"),), {"replicas": "1"}, "three"))


def test_an_invariant_that_takes_too_long_has_no_result() -> None:
    order = MappingOrder((SourceOrder("web"),), {"n": "object.n"}, "only")
    found = Assessor(model(SLOW), order, Limits(timeout_s=0.2))
    assert found.judge(web(n=1)).results == (Result("heavy", "Holds"),)
    (result,) = found.judge(web(n=500)).results
    assert (result.verdict, "time limit of 0.2 s" in result.message) == ("Error", True)
    assert found.judge(web(n=1)).results == (Result("heavy", "Holds"),)
