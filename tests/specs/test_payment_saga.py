"""Payment saga: counts, what the two precautions are for, planted faults."""

from __future__ import annotations

import pytest
from tests.specs.known import PAYMENT_SAGA
from tests.specs.libraries import Instance, Library, Mutation, assert_caught, assert_known, steps

MUTATIONS = (
    Mutation(
        "forgets_a_refund_that_came_first",
        "Ite(s.payment[order] == Payment.NONE, Payment.BARRED, s.payment[order])",
        "s.payment[order]",
        "one_order",
        "cancelled_is_undone",
    ),
    Mutation(
        "acts_on_what_is_not_logged",
        "    c.assume(Implies(s.LOG_FIRST, s.log[order] == phase))\n",
        "",
        "one_order",
        "goods_are_paid_for",
    ),
    Mutation(
        "cancels_what_is_being_shipped",
        "(s.memory[order] == Phase.CHARGING))\n    s.memory[order] = Phase.CANCELLING",
        "(s.memory[order] == Phase.SHIPPING))\n    s.memory[order] = Phase.CANCELLING",
        "one_order",
        "goods_are_paid_for",
    ),
    Mutation(
        "takes_goods_back_twice",
        "s.stock += Ite(was_held, 1, 0)",
        "s.stock += 1",
        "one_order",
        "nothing_gets_lost",
    ),
)


@pytest.mark.parametrize("known", PAYMENT_SAGA, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


def test_without_keys_the_customer_pays_twice(library: Library) -> None:
    report = library.report("payment_saga", "charges_again")
    (result,) = (p for p in report.properties if p.name == "charged_at_most_once")
    assert [action for action, _ in steps(result)][-2:] == ["payment_charges", "payment_charges"]


def test_without_the_log_a_crash_undoes_a_decision_already_acted_on(library: Library) -> None:
    report = library.report("payment_saga", "acts_before_it_logs")
    (result,) = (p for p in report.properties if p.name == "goods_are_paid_for")
    actions = [action for action, _ in steps(result)]
    assert "orchestrator_crashes" in actions
    assert {"warehouse_ships", "payment_refunds"} <= set(actions)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_fault_is_caught(mutation: Mutation, library: Library) -> None:
    assert_caught(library, "payment_saga", mutation)
