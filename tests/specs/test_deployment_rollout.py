"""Deployment rolling update: counts, what can be claimed of one object, planted faults."""

from __future__ import annotations

import pytest
from tests.specs.known import DEPLOYMENT_ROLLOUT
from tests.specs.libraries import Instance, Library, Mutation, assert_caught, assert_known, steps

from speccheck.ir.models import Property
from speccheck.ir.nodes import Expr, Invoke, Read, children

OBSERVABLE = {
    "generation",
    "desired",
    "observed_generation",
    "total",
    "updated",
    "ready",
    "available",
    "says_available",
}
"""The variables that one Deployment object shows."""

OF_THE_OBJECT = (
    "status_adds_up",
    "status_is_not_from_the_future",
    "desired_is_agreed",
    "available_condition_is_honest",
    "total_is_bounded",
)
"""The invariants that can be judged on one read of one object."""

MUTATIONS = (
    Mutation(
        "counts_pods_not_yet_available_as_spare",
        "spare = total_of(s.available_pods) - min_available(s)",
        "spare = total_of(s.wanted) - min_available(s)",
        "rolling",
        "availability_is_kept",
    ),
    Mutation(
        "grows_beyond_the_surge",
        "more = smaller(max_pods(s) - total_of(s.wanted), s.desired - s.wanted[s.template])",
        "more = s.desired - s.wanted[s.template]",
        "rolling",
        "surge_is_bounded",
    ),
    Mutation(
        "reports_before_it_has_scaled",
        "    c.assume(~must_scale(s))\n    total = total_of(s.pods)",
        "    total = total_of(s.pods)",
        "scaling",
        "surge_is_bounded",
    ),
    Mutation(
        "calls_ready_pods_available",
        "enough = available >= min_available(s)",
        "enough = ready >= min_available(s)",
        "slow_start",
        "available_condition_is_honest",
    ),
)


@pytest.mark.parametrize("known", DEPLOYMENT_ROLLOUT, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


@pytest.mark.parametrize("name", OF_THE_OBJECT)
def test_invariants_of_the_object_mention_only_what_it_shows(name: str, library: Library) -> None:
    model = library.model("deployment_rollout")
    functions = {f.name: f.body for f in model.functions}
    assert variables_of(model.property_named(name), functions) <= OBSERVABLE


@pytest.mark.parametrize("name", ["surge_is_bounded", "availability_is_kept"])
def test_promises_about_pods_mention_what_the_object_hides(name: str, library: Library) -> None:
    model = library.model("deployment_rollout")
    functions = {f.name: f.body for f in model.functions}
    assert not variables_of(model.property_named(name), functions) <= OBSERVABLE


def variables_of(found: Property, functions: dict[str, Expr]) -> set[str]:
    variables: set[str] = set()
    waiting: list[Expr] = [found.body]
    while waiting:
        node = waiting.pop()
        waiting += children(node)
        match node:
            case Read(_, variable, _):
                variables.add(variable)
            case Invoke(_, function, _):
                waiting.append(functions[function])
            case _:
                pass
    return variables


def test_too_few_pods_come_of_a_rollback_while_old_ones_are_still_counted(library: Library) -> None:
    report = library.report("deployment_rollout", "lagging")
    (result,) = (p for p in report.properties if p.name == "availability_is_kept")
    actions = [action for action, _ in steps(result)]
    assert actions.count("user_changes_template") == 2
    assert actions.count("controller_shrinks_old") == 2
    assert actions[-1] == "replicaset_deletes_pod"


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_fault_is_caught(mutation: Mutation, library: Library) -> None:
    assert_caught(library, "deployment_rollout", mutation)
