"""What is known of the specs of Kubernetes controllers that were written together, explored to the end."""

from __future__ import annotations

from tests.specs.libraries import Instance

OPTIMISTIC_CONCURRENCY = (
    Instance("optimistic_concurrency", "two_conditional", 674, 1_365, 12),
    Instance(
        "optimistic_concurrency",
        "unconditional",
        1_065,
        1_971,
        12,
        violated={"nothing_confirmed_is_lost": 6},
        missing=("one_is_refused",),
    ),
)

INFORMER = (
    Instance("informer", "careful", 6_047, 18_425, 18, missing=("cleans_up",)),
    Instance("informer", "forgetful", 3_992, 14_475, 15, violated={"never_too_many": 3}, missing=("restarted",)),
    Instance("informer", "stale_list", 5_386, 19_982, 16, violated={"never_too_many": 4}),
)

STATEFUL_SET = (
    Instance("stateful_set", "patient", 761, 2_370, 11, missing=("replaced_by_force",)),
    Instance("stateful_set", "four", 3_390, 15_261, 14, missing=("replaced_by_force",)),
    Instance("stateful_set", "forced", 86, 159, 9, violated={"one_process_for_each_identity": 4}),
)

JOB_CONTROLLER = (
    Instance("job_controller", "pair", 1_907, 5_995, 19),
    Instance("job_controller", "one_at_a_time", 110, 225, 13),
)

GARBAGE_COLLECTION = (
    Instance("garbage_collection", "reused_name", 519, 1_146, 15),
    Instance("garbage_collection", "three_owners", 2_984, 8_002, 20),
)

CONTROLLERS = (*OPTIMISTIC_CONCURRENCY, *INFORMER, *STATEFUL_SET, *JOB_CONTROLLER, *GARBAGE_COLLECTION)
