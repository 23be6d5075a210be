"""Lease election: counts, how short a lease may be, planted faults."""

from __future__ import annotations

import pytest
from tests.specs.known import LEASE_ELECTION
from tests.specs.libraries import Instance, Library, Mutation, assert_caught, assert_known, steps

MUTATIONS = (
    Mutation(
        "stores_what_was_made_from_an_old_version",
        "    c.assume(s.copy_is_current[candidate])\n    store(c, candidate, candidate)",
        "    store(c, candidate, candidate)",
        "steady",
        "at_most_one_acts",
    ),
    Mutation(
        "takes_over_without_waiting",
        "    c.assume(~waits_for_another(s, candidate) | (s.waited[candidate] >= s.LEASE_DURATION))\n",
        "",
        "steady",
        "at_most_one_acts",
    ),
    Mutation(
        "acts_past_its_deadline",
        "    c.assume(~(s.acting[candidate] & (s.since_renewal[candidate] >= s.RENEW_DEADLINE)))\n",
        "",
        "steady",
        "leaders_stop_in_time",
    ),
)


@pytest.mark.parametrize("known", LEASE_ELECTION, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


@pytest.mark.parametrize("instance", ["hasty", "counts_from_answer"])
def test_two_leaders_are_explained_by_the_clocks(instance: str, library: Library) -> None:
    (result,) = (p for p in library.report("lease_election", instance).properties if p.name == "at_most_one_acts")
    path = steps(result)
    leaders = [args["candidate"] for action, args in path if action == "hears_success"]
    assert len(leaders) == 2
    assert leaders[0] != leaders[1]
    assert "clock_ticks" in {action for action, _ in path}
    assert "stops_acting" not in {action for action, _ in path}


@pytest.mark.parametrize("instance", ["steady", "hasty", "counts_from_answer"])
def test_durations_are_as_the_heading_says(instance: str, library: Library) -> None:
    values = library.model("lease_election").instance(instance).bindings
    long_enough = values["LEASE_DURATION"] > values["RENEW_DEADLINE"] + 2 * values["MAX_SKEW"]
    assert long_enough == (instance != "hasty")


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_fault_is_caught(mutation: Mutation, library: Library) -> None:
    assert_caught(library, "lease_election", mutation)
