"""The DNS balancer: the given snippet, the race and its path, the repaired designs, planted faults."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.specs.known import DNS_BALANCER
from tests.specs.libraries import SPECS, Instance, Library, Mutation, assert_caught, assert_known, steps

from speccheck.reports import PropertyResult

GOLDEN = Path(__file__).parent / "golden"

MUTATIONS = (
    Mutation(
        "writes_without_looking_at_the_lock",
        "    c.assume(Implies(s.FENCED, holds_lock(s, deployer)))\n",
        "",
        "repaired",
        "root_never_goes_back",
    ),
    Mutation(
        "cleans_up_what_is_pointed_at",
        "    c.assume(Implies(s.SPARING, is_spared(s, deployer)))\n",
        "",
        "repaired",
        "rollback_is_kept",
    ),
    Mutation(
        "cleans_up_before_it_has_applied",
        "c.assume(s.deployer_phase[deployer] == Phase.APPLIED)",
        "c.assume(s.deployer_phase[deployer] != Phase.IDLE)",
        "fenced",
        "no_inconsistent_root",
    ),
    Mutation(
        "turns_the_root_to_a_plan_not_written",
        "pointed_to(with_rollback, ZONE, plan.name) | plan.creates",
        "pointed_to(with_rollback, ZONE, plan.name)",
        "young",
        "no_inconsistent_root",
    ),
)


def property_of(library: Library, instance: str, name: str) -> PropertyResult:
    (found,) = (p for p in library.report("dns_balancer", instance).properties if p.name == name)
    return found


@pytest.mark.parametrize("known", DNS_BALANCER, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


def test_the_snippet_stands_in_the_spec_to_the_letter() -> None:
    spec = (SPECS / "dns_balancer" / "dns_balancer.py").read_text(encoding="utf-8")
    parts = (GOLDEN / "dns_balancer_snippet.txt").read_text(encoding="utf-8").split("\n\n\n")
    assert [part.split("\n")[1].split("(")[0] for part in parts] == ["def deployer_gc", "def no_inconsistent_root"]
    for part in parts:
        assert f"\n{part.rstrip()}\n" in spec


def test_the_snippet_is_what_runs(library: Library) -> None:
    model = library.model("dns_balancer")
    assert model.action("deployer_gc").doc == "Deployer cleans up old plans."
    assert model.property_named("no_inconsistent_root").doc == "Root must always point to an existing plan."


def test_the_race_can_be_followed(library: Library) -> None:
    path = steps(property_of(library, "race", "no_inconsistent_root"))
    assert len(path) == 10
    last, collector = path[-1]
    assert last == "deployer_gc"
    applying = [args for action, args in path if action == "deployer_apply"]
    assert len(applying) == 2
    assert applying[0] == collector, "the deployer of the newer plan applies first, and collects in the end"
    assert applying[1] != collector, "the slow deployer applies its old plan last"


def test_the_race_ends_with_a_root_that_points_at_nothing(library: Library) -> None:
    result = property_of(library, "race", "no_inconsistent_root")
    assert result.path is not None
    before, after = (
        {r["name"]: r["value"][0] for r in dict(state.values)["zone_records"]["#set"]}
        for state in result.path.states[-2:]
    )
    root = after["api.example.com"]
    assert before["api.example.com"] == root == "plan-1.api.example.com"
    assert root in before
    assert root not in after


@pytest.mark.parametrize("instance", ["fenced", "repaired", "repaired_three_deployers"])
def test_collection_fires_in_the_repaired_designs(instance: str, library: Library) -> None:
    action, _ = steps(property_of(library, instance, "gc_fires"))[-1]
    assert action == "deployer_gc"


def test_no_plan_is_collected_where_none_grows_old(library: Library) -> None:
    taken = {a.action: a.taken for a in library.report("dns_balancer", "young").stats.actions}
    assert taken["deployer_gc"] == 0
    assert taken["deployer_apply"] > 0


@pytest.mark.parametrize(("instance", "deployers", "plans"), [("repaired", 2, 5), ("repaired_three_deployers", 3, 4)])
def test_the_repaired_designs_are_as_large_as_they_say(
    instance: str, deployers: int, plans: int, library: Library
) -> None:
    values = library.model("dns_balancer").instance(instance).bindings
    assert (len(values["DEPLOYERS"]), len(values["PLAN_NAMES"])) == (deployers, plans)
    assert values["FENCED"] and values["SPARING"]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_fault_is_caught(mutation: Mutation, library: Library) -> None:
    assert_caught(library, "dns_balancer", mutation)
