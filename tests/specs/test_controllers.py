"""Specs of Kubernetes controllers: counts, what goes wrong and how, planted faults."""

from __future__ import annotations

import pytest
from tests.specs.known_controllers import CONTROLLERS
from tests.specs.libraries import Instance, Library, Mutation, assert_caught, assert_known, steps

MUTATIONS = {
    "optimistic_concurrency": (
        Mutation(
            "stores_over_what_is_newer",
            "Implies(s.CONDITIONAL, s.read_version[client] == s.version)",
            "Implies(s.CONDITIONAL, s.read_version[client] <= s.version)",
            "two_conditional",
            "nothing_confirmed_is_lost",
        ),
        Mutation(
            "forgets_the_version", "    s.version += 1\n", "", "two_conditional", "each_write_is_seen_in_the_version"
        ),
        Mutation(
            "tells_of_what_was_refused",
            "with refused:\n        c.assume(s.phase[client] == Phase.REFUSED)",
            "with refused:\n        c.assume(s.phase[client] == Phase.REFUSED)\n        s.confirmed[client] += 1",
            "two_conditional",
            "nothing_confirmed_is_lost",
        ),
    ),
    "informer": (
        Mutation("expects_nothing", "    s.expected |= Set(s.created)\n", "", "careful", "never_too_many"),
        Mutation(
            "does_not_list", "s.cache = Ite(s.CONSISTENT_LIST, s.pods, s.settled)", "pass", "careful", "never_too_many"
        ),
        Mutation("never_fulfils", "    s.expected -= Set(pod)\n", "", "careful", "expects_what_exists"),
    ),
    "stateful_set": (
        Mutation(
            "does_not_wait_for_the_lost",
            " & ~s.pods.keys.contains(ordinal))",
            ")",
            "patient",
            "one_process_for_each_identity",
        ),
        Mutation(
            "creates_out_of_order",
            "(is_ready(s, before) for before in Interval(0, ordinal - 1)))\n    s.pods = ",
            "(s.pods.size >= 0 for before in Interval(0, ordinal - 1)))\n    s.pods = ",
            "patient",
            "no_gap_without_a_failure",
        ),
        Mutation(
            "deletes_the_first",
            "    c.assume(Forall(other <= ordinal for other in s.pods.keys))\n",
            "",
            "patient",
            "no_gap_without_a_failure",
        ),
    ),
    "job_controller": (
        Mutation(
            "counts_before_it_lets_go",
            "    c.assume(~s.pods.keys.contains(pod) | ~s.pods[pod].finalizer)\n",
            "",
            "pair",
            "counted_once",
        ),
        Mutation(
            "lets_go_before_it_notes",
            "s.pods[pod].finalizer & (s.uncounted | s.uncounted_failed).contains(pod))",
            "s.pods[pod].finalizer & (s.pods[pod].phase != Phase.RUNNING))",
            "pair",
            "counted_once",
        ),
        Mutation("does_not_look_what_runs", "(active < s.PARALLELISM) & ", "", "one_at_a_time", "not_too_many_at_once"),
    ),
    "garbage_collection": (
        Mutation(
            "condemns_without_a_reason",
            "    c.assume(s.believed_gone.contains(uid) | ((s.owner == Life.FOREGROUND) & (uid == s.uid)))\n",
            "",
            "reused_name",
            "condemned_for_a_reason",
        ),
        Mutation(
            "does_not_ask", "    c.assume(~exists(s, uid))\n", "", "reused_name", "only_the_gone_are_believed_gone"
        ),
        Mutation(
            "deletes_what_has_changed",
            "    c.assume(s.dependents[dependent] == s.condemned[dependent])\n",
            "",
            "reused_name",
            "the_living_keep_theirs",
        ),
    ),
}


@pytest.mark.parametrize("known", CONTROLLERS, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


def test_the_stale_list_after_a_restart_is_what_makes_too_many(library: Library) -> None:
    (result,) = (p for p in library.report("informer", "stale_list").properties if p.name == "never_too_many")
    assert [action for action, _ in steps(result)] == ["creates", "creates", "crash_and_restart", "creates"]


def test_force_is_what_makes_two_of_one(library: Library) -> None:
    (result,) = (
        p for p in library.report("stateful_set", "forced").properties if p.name == "one_process_for_each_identity"
    )
    names = [action for action, _ in steps(result)]
    assert names == ["node_is_lost", "user_forces_deletion", "creates", "starts_elsewhere"]


@pytest.mark.parametrize(("spec", "mutation"), [(s, m) for s, ms in MUTATIONS.items() for m in ms], ids=str)
def test_a_planted_fault_is_caught(spec: str, mutation: Mutation, library: Library) -> None:
    assert_caught(library, spec, mutation)
