"""What is known of the instances that the tests explore to the end.

Two-phase commit's counts are those that TLC gives for Gray and Lamport's module; the jugs' are well known. All others
were found a second time by a search over plain Python tuples, written by hand from the specs' prose.
"""

from __future__ import annotations

from tests.specs.known_behaviours import BEHAVIOURS
from tests.specs.known_classics import CLASSICS
from tests.specs.known_controllers import CONTROLLERS
from tests.specs.libraries import Instance

DIE_HARD = (
    Instance("die_hard", "film", 16, 97, 7, violated={"big_jug_is_never_four": 6}),
    Instance("die_hard", "threes", 6, 37, 2, missing=("four_gallons",)),
)

TWO_PHASE_COMMIT = (
    Instance("two_phase_commit", "n3", 288, 1_146, 10),
    Instance("two_phase_commit", "n5", 8_832, 58_146, 16),
)

DNS_BALANCER = (
    Instance("dns_balancer", "race", 1_527, 4_075, 17, violated={"no_inconsistent_root": 10}),
    Instance("dns_balancer", "young", 1_043, 2_827, 16),
    Instance("dns_balancer", "fenced", 1_225, 3_415, 17),
    Instance("dns_balancer", "repaired", 3_779, 11_280, 21),
    Instance("dns_balancer", "repaired_three_deployers", 11_094, 44_019, 19),
)

LEASE_ELECTION = (
    Instance("lease_election", "steady", 11_884, 53_961, 31),
    Instance(
        "lease_election", "hasty", 17_286, 83_079, 30, violated={"at_most_one_acts": 12, "who_acts_holds_the_lease": 11}
    ),
    Instance(
        "lease_election",
        "counts_from_answer",
        18_820,
        91_733,
        30,
        violated={"at_most_one_acts": 14, "who_acts_holds_the_lease": 13},
    ),
)

DEPLOYMENT_ROLLOUT = (
    Instance("deployment_rollout", "rolling", 3_114, 9_207, 24),
    Instance("deployment_rollout", "scaling", 7_770, 22_903, 24),
    Instance("deployment_rollout", "failing", 3_482, 19_136, 19),
    Instance("deployment_rollout", "slow_start", 6_282, 20_993, 22),
    Instance("deployment_rollout", "three_templates", 15_657, 56_973, 22),
    Instance("deployment_rollout", "lagging", 3_781, 11_621, 24, violated={"availability_is_kept": 16}),
)

PAYMENT_SAGA = (
    Instance("payment_saga", "one_order", 154, 259, 18),
    Instance("payment_saga", "two_orders", 12_612, 39_735, 34),
    Instance(
        "payment_saga",
        "charges_again",
        192,
        339,
        19,
        violated={"charged_at_most_once": 9, "goods_are_paid_for": 13, "cancelled_is_undone": 17},
    ),
    Instance(
        "payment_saga",
        "acts_before_it_logs",
        962,
        3_016,
        19,
        violated={"goods_are_paid_for": 14, "cancelled_is_undone": 18},
    ),
)

ALL = (
    *DIE_HARD,
    *TWO_PHASE_COMMIT,
    *DNS_BALANCER,
    *LEASE_ELECTION,
    *DEPLOYMENT_ROLLOUT,
    *PAYMENT_SAGA,
    *CLASSICS,
    *CONTROLLERS,
    *BEHAVIOURS,
)
