"""What is known of the classic algorithms' instances.

The counts of readers_writers-three, chang_roberts-three, peterson-two, paxos-two_ballots and of ewd840 are those
published with the TLA+ modules that these specs render. All counts are found a second time by the searches in the
specs' tests.
"""

from __future__ import annotations

from tests.specs.libraries import Instance

READERS_WRITERS = (
    Instance("readers_writers", "two", 390, 935, 8),
    Instance("readers_writers", "two_at_noon", 390, 935, 8),
    Instance("readers_writers", "three", 21_527, 59_674, 12),
)

CHANG_ROBERTS = (
    Instance("chang_roberts", "three", 137, 227, 9, violated={"somebody_wins_whatever_happens": 0}),
    Instance("chang_roberts", "five_mixed", 4_741, 12_749, 19, violated={"somebody_wins_whatever_happens": 0}),
)

PETERSON = (
    Instance("peterson", "two", 42, 77, 10, violated={"nobody_waits_for_ever_whatever_happens": 1}),
    Instance("peterson", "three", 774, 1_885, 22, violated={"nobody_waits_for_ever_whatever_happens": 1}),
    Instance("peterson", "four", 15_624, 46_305, 37, violated={"nobody_waits_for_ever_whatever_happens": 1}),
)

DINING_PHILOSOPHERS = (
    Instance(
        "dining_philosophers",
        "greedy",
        1_363,
        5_651,
        17,
        violated={
            "not_all_wait_for_each_other": 10,
            "hunger_ends_for_the_patient": 10,
            "hunger_ends_for_the_lucky": 6,
        },
    ),
    Instance("dining_philosophers", "ordered", 1_364, 5_656, 18, violated={"hunger_ends_for_the_lucky": 6}),
    Instance("dining_philosophers", "ordered_at_dinner", 76, 190, 11, violated={"hunger_ends_for_the_lucky": 11}),
)

EWD840 = (
    Instance("ewd840", "three", 302, 2_001, 8, violated={"the_end_is_detected_whatever_happens": 0}),
    Instance("ewd840", "four", 1_566, 15_986, 11, violated={"the_end_is_detected_whatever_happens": 0}),
)

EWD998 = (
    Instance("ewd998", "two", 2_278, 7_947, 20, violated={"the_end_is_detected_whatever_happens": 0}),
    Instance("ewd998", "three", 19_474, 81_162, 24, violated={"the_end_is_detected_whatever_happens": 0}),
)

PAXOS = (
    Instance("paxos", "two_ballots", 3_921, 23_563, 16),
    Instance(
        "paxos",
        "split",
        721,
        3_675,
        12,
        violated={"one_value_is_chosen": 8, "later_proposals_keep_what_is_chosen": 7},
    ),
)

RAFT_ELECTION = (
    Instance("raft_election", "one_term", 198, 610, 8),
    Instance("raft_election", "two_terms", 9_713, 36_715, 16),
    Instance(
        "raft_election",
        "forgetful",
        6_547,
        37_174,
        22,
        violated={"one_leader_a_term": 10, "one_vote_a_term": 6},
        missing=("a_candidate_has_come_back",),
    ),
)

RAFT_LOG = (
    Instance("raft_log", "three_terms", 4_654, 22_501, 11),
    Instance("raft_log", "two_terms", 11_499, 57_859, 14),
)

WRITE_AHEAD_LOG = (
    Instance("write_ahead_log", "one_page", 144, 279, 11),
    Instance("write_ahead_log", "two_pages", 4_392, 11_461, 16),
)

TOKEN_BUCKET = (
    Instance("token_bucket", "fair", 1_864, 5_593, 27),
    Instance(
        "token_bucket",
        "racy",
        668,
        2_005,
        21,
        violated={"the_limit_is_kept": 6, "what_is_left_counts": 4, "nobody_is_refused_a_token": 8},
    ),
)

SLOPPY_COUNTER = (
    Instance("sloppy_counter", "locked", 1_151, 3_453, 25),
    Instance(
        "sloppy_counter",
        "unlocked",
        201,
        359,
        18,
        violated={"no_event_is_lost_or_counted_twice": 10, "one_adds_at_a_time": 6},
    ),
)

CLASSICS = (
    *READERS_WRITERS,
    *CHANG_ROBERTS,
    *PETERSON,
    *DINING_PHILOSOPHERS,
    *EWD840,
    *EWD998,
    *PAXOS,
    *RAFT_ELECTION,
    *RAFT_LOG,
    *WRITE_AHEAD_LOG,
    *TOKEN_BUCKET,
    *SLOPPY_COUNTER,
)
