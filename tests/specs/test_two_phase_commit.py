"""Two-phase commit: the published counts, levels, planted faults."""

from __future__ import annotations

import pytest
from tests.specs.known import TWO_PHASE_COMMIT
from tests.specs.libraries import Instance, Library, Mutation, assert_caught, assert_known

from speccheck.reports import Verdict

WITHIN = (1, 8, 29, 67, 117, 171, 220, 256, 277, 286, 288)
"""How many states n3 has within 0, 1, 2 … steps."""

MUTATIONS = (
    Mutation(
        "commits_on_one_promise",
        "c.assume(s.tm_prepared == s.RMS)",
        "c.assume(~s.tm_prepared.is_empty)",
        "n3",
        "tc_consistent",
    ),
    Mutation(
        "aborts_after_its_promise",
        "c.assume(s.rm_phase[rm] == RmPhase.WORKING)\n    s.rm_phase[rm] = RmPhase.ABORTED",
        "c.assume(s.rm_phase[rm] != RmPhase.COMMITTED)\n    s.rm_phase[rm] = RmPhase.ABORTED",
        "n3",
        "tc_consistent",
    ),
    Mutation(
        "aborts_after_the_commit",
        "c.assume(s.tm_phase == TmPhase.INIT)\n    s.tm_phase = TmPhase.ABORTED",
        "s.tm_phase = TmPhase.ABORTED",
        "n3",
        "tc_consistent",
    ),
)


@pytest.mark.parametrize("known", TWO_PHASE_COMMIT, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


@pytest.mark.parametrize("max_steps", range(len(WITHIN)))
def test_states_within_so_many_steps(max_steps: int, library: Library) -> None:
    report = library.report("two_phase_commit", "n3", max_steps)
    assert report.stats.distinct == WITHIN[max_steps]
    (consistent,) = (p for p in report.properties if p.name == "tc_consistent")
    allowed = {Verdict.HOLDS_WITHIN_BOUND} if max_steps < 10 else {Verdict.HOLDS_WITHIN_BOUND, Verdict.HOLDS}
    assert consistent.verdict in allowed


def test_instances_up_to_ten_managers(library: Library) -> None:
    model = library.model("two_phase_commit")
    sizes = {i.name: len(dict(i.values)["RMS"]) for i in model.instances}
    assert sizes == {"n3": 3, "n5": 5, "n7": 7, "n9": 9, "n10": 10}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_fault_is_caught(mutation: Mutation, library: Library) -> None:
    assert_caught(library, "two_phase_commit", mutation)
