------------------------- MODULE deployment_rollout -------------------------
\* Deployment rolling update: replacing a program's pods a few at a time, with enough of them left.
\*
\* A Kubernetes Deployment says how many pods of which template there shall be. For each template there is
\* a ReplicaSet, which creates and deletes pods until it has as many as it was told to. When the template changes, the
\* Deployment controller tells the new ReplicaSet to grow and the old ones to shrink, step by step: never more than
\* MAX_SURGE pods above the desired number, and, as long as pods do not fail, never fewer than MAX_UNAVAILABLE
\* below it available. A change back (rollback) is just another change of template.
\*
\* What can go wrong: too many pods at once, so that they no longer fit the machines; too few that serve; a status
\* that claims what is not so.
\*
\* Which claims are true of what. Of one Deployment *object*, as read at any moment, only what its controller computes
\* at one time from one view can be claimed: `status_adds_up`, `status_is_not_from_the_future`, and, once the status is
\* about the present generation of the spec, `available_condition_is_honest` and `total_is_bounded`. These mention
\* observable variables only, and hold through rollouts, rollbacks, scaling and failing pods. Before the controller has
\* seen the newest spec (observed_generation < generation) the status is about another one, and nothing is claimed.
\* What the controller promises about the *pods* (`surge_is_bounded`, `availability_is_kept`) is a matter of variables
\* that the object does not show.
\*
\* What the spec assumes.
\* - The status of a Deployment is summed up from the statuses of its ReplicaSets, which lag behind: a ReplicaSet that
\*   has been told to delete pods still counts them for a while. LAG is the greatest number of such pods, in all, for
\*   which the claims are made; pods on their way out are beyond MAX_SURGE. Where they are few (LAG = 1) availability
\*   is kept. Where they are more it is not: the controller takes pods that are about to be deleted for available ones
\*   and deletes as many others (instance `lagging`), in Kubernetes as here. To judge real objects, choose LAG
\*   generously, MAX_REPLICAS + MAX_SURGE for example: only `total_is_bounded` depends on it, and it then still tells a
\*   status that was made up.
\* - A write of the status succeeds only if it was made from the newest version of the Deployment.
\* - MAX_UNAVAILABLE and MAX_SURGE are given as numbers and not both 0. The Deployment is not paused.
\* - Failing pods, and scaling, excuse a lack of available pods until the Deployment is complete again (`disturbed`).
\* - When the Deployment is scaled in the middle of a rollout, the change is divided among the ReplicaSets in any way;
\*   Kubernetes divides in proportion.
\*
\* Variables and the object: `generation` metadata.generation, `desired` spec.replicas, and of the status
\* `observed_generation` observedGeneration, `total` replicas, `updated` updatedReplicas, `ready` readyReplicas,
\* `available` availableReplicas (absent is 0), `says_available` whether the condition Available is True.
\*
\* Sources: Kubernetes' documentation of Deployments, and its Deployment controller, release 1.34
\* (pkg/controller/deployment: rolling.go, sync.go).
\*
\* From deployment_rollout, instance rolling.

EXTENDS Integers, Sequences, FiniteSets, TLC

\* What TLA+ has no word for.

\* A condition of a step: an \/ or \E inside it is no choice between steps.
When(condition) == condition = TRUE

\* As \A, but every element is evaluated, also after one that decides.
Every(values) == FALSE \notin values

\* As \E, but every element is evaluated, also after one that decides.
Some(values) == TRUE \in values

\* True; evaluates the value.
Defined(value) == value = value

\* The map with another value for a key it has; no value for a key it has not.
Replaced(map, key, value) == CASE key \in DOMAIN map -> [map EXCEPT ![key] = value]

\* Where a list has an element.
Place(list, element) == CHOOSE place \in DOMAIN list : list[place] = element

StringOrder == <<"v1", "v2">>

Precedes_str(a, b) == Place(StringOrder, a) < Place(StringOrder, b)

Least_str(set) == CHOOSE x \in set : \A y \in set : ~Precedes_str(y, x)

-----------------------------------------------------------------------------

CONSTANTS
  TEMPLATES,        \* set[str]
  FIRST_TEMPLATE,   \* str
  MIN_REPLICAS,     \* int
  MAX_REPLICAS,     \* int
  MAX_SURGE,        \* int
  MAX_UNAVAILABLE,  \* int
  LAG,              \* int
  CHANGES,          \* int
  FAILURES,         \* bool
  SLOW_START        \* bool

VARIABLES
  generation,           \* int
  desired,              \* int
  observed_generation,  \* int
  total,                \* int
  updated,              \* int
  ready,                \* int
  available,            \* int
  says_available,       \* bool
  template,             \* str
  wanted,               \* dict[str, int]
  pods,                 \* dict[str, int]
  ready_pods,           \* dict[str, int]
  available_pods,       \* dict[str, int]
  scaled_for,           \* int
  disturbed             \* bool

vars ==
  <<generation, desired, observed_generation, total, updated, ready, available, says_available,
    template, wanted, pods, ready_pods, available_pods, scaled_for, disturbed>>

\* The first states.
Init ==
  /\ generation = 1
  /\ observed_generation = 0
  /\ total = 0
  /\ updated = 0
  /\ ready = 0
  /\ available = 0
  /\ says_available = FALSE
  /\ template = FIRST_TEMPLATE
  /\ wanted = [any \in TEMPLATES |-> 0]
  /\ pods = [any_2 \in TEMPLATES |-> 0]
  /\ ready_pods = [any_3 \in TEMPLATES |-> 0]
  /\ available_pods = [any_4 \in TEMPLATES |-> 0]
  /\ disturbed = TRUE
  /\ \E desired_2 \in MIN_REPLICAS..MAX_REPLICAS :
       /\ desired = desired_2
       /\ scaled_for = desired_2

\* A user rolls out another template, or an earlier one.
\* (deployment_rollout.py, lines 179 to 181)
user_changes_template(template_2) ==
  /\ generation <= CHANGES
  /\ template_2 # template
  /\ generation' = generation + 1
  /\ template' = template_2
  /\ UNCHANGED <<desired, observed_generation, total, updated, ready, available, says_available,
                 wanted, pods, ready_pods, available_pods, scaled_for, disturbed>>

\* A user asks for more or fewer pods.
\* (deployment_rollout.py, lines 188 to 191)
user_scales(replicas) ==
  /\ generation <= CHANGES
  /\ replicas # desired
  /\ generation' = generation + 1
  /\ desired' = replicas
  /\ disturbed' = TRUE
  /\ UNCHANGED <<observed_generation, total, updated, ready, available, says_available, template,
                 wanted, pods, ready_pods, available_pods, scaled_for>>

\* (deployment_rollout.py, line 135)
Fold_total(collection, initial) ==
  LET RECURSIVE fold_total(_, _)
      fold_total(left, total_2) ==
          IF left = {}
            THEN total_2
            ELSE LET template_2 == Least_str(left)
                 IN  fold_total(left \ {template_2}, total_2 + collection[template_2])
  IN  fold_total(DOMAIN collection, initial)

\* The desired number has changed: a single ReplicaSet gets it, several share the change.
\* (deployment_rollout.py, lines 198 to 214)
controller_resizes(sizes) ==
  /\ scaled_for # desired
  /\ Fold_total(wanted, 0) > 0
  /\ When(IF Cardinality({ t \in TEMPLATES : wanted[t] > 0 }) = 1
            THEN Every({ sizes[t_2] = (IF wanted[t_2] > 0 THEN desired ELSE 0) : t_2 \in TEMPLATES })
            ELSE /\ Every({ (IF \/ Fold_total(wanted, 0) >
                                       (IF desired = 0 THEN 0 ELSE desired + MAX_SURGE)
                                \/ wanted[t_3] = 0
                               THEN sizes[t_3] <= wanted[t_3]
                               ELSE sizes[t_3] >= wanted[t_3]) :
                              t_3 \in TEMPLATES })
                 /\ Fold_total(sizes, 0) = (IF desired = 0 THEN 0 ELSE desired + MAX_SURGE))
  /\ (LET RECURSIVE fold_total(_, _)
          fold_total(left, total_2) ==
              IF Defined(total_2) /\ left # {}
                THEN LET t_4 == Least_str(left)
                     IN  fold_total(left \ {t_4},
                                    total_2
                                      + (IF pods[t_4] > sizes[t_4]
                                           THEN pods[t_4] - sizes[t_4]
                                           ELSE 0))
                ELSE total_2
      IN  fold_total(TEMPLATES, 0)) <= LAG
  /\ wanted' = sizes
  /\ scaled_for' = desired
  /\ UNCHANGED <<generation, desired, observed_generation, total, updated, ready, available,
                 says_available, template, pods, ready_pods, available_pods, disturbed>>

\* The new ReplicaSet is told to have as many pods as there is room for.
\* (deployment_rollout.py, lines 198 to 222)
controller_grows_new ==
  /\ ~(scaled_for # desired /\ Fold_total(wanted, 0) > 0)
  /\ wanted[template] < desired
  /\ Fold_total(wanted, 0) < (IF desired = 0 THEN 0 ELSE desired + MAX_SURGE)
  /\ (LET wanted_2 ==
              Replaced(wanted,
                       template,
                       wanted[template]
                         + (LET one ==
                                    (IF desired = 0 THEN 0 ELSE desired + MAX_SURGE)
                                      - Fold_total(wanted, 0)
                                other == desired - wanted[template]
                            IN  IF one < other THEN one ELSE other))
          RECURSIVE fold_total(_, _)
          fold_total(left, total_2) ==
              IF Defined(total_2) /\ left # {}
                THEN LET t == Least_str(left)
                     IN  fold_total(left \ {t},
                                    total_2
                                      + (IF pods[t] > wanted_2[t] THEN pods[t] - wanted_2[t] ELSE 0))
                ELSE total_2
      IN  fold_total(TEMPLATES, 0)) <= LAG
  /\ wanted' = Replaced(wanted,
                        template,
                        wanted[template]
                          + (LET one_2 ==
                                     (IF desired = 0 THEN 0 ELSE desired + MAX_SURGE)
                                       - Fold_total(wanted, 0)
                                 other_2 == desired - wanted[template]
                             IN  IF one_2 < other_2 THEN one_2 ELSE other_2))
  /\ scaled_for' = desired
  /\ UNCHANGED <<generation, desired, observed_generation, total, updated, ready, available,
                 says_available, template, pods, ready_pods, available_pods, disturbed>>

\* The new ReplicaSet has more pods than desired, after scaling, and is told to have fewer.
\* (deployment_rollout.py, lines 198 to 231)
controller_trims_new ==
  /\ ~(scaled_for # desired /\ Fold_total(wanted, 0) > 0)
  /\ wanted[template] > desired
  /\ (LET wanted_2 == Replaced(wanted, template, desired)
          RECURSIVE fold_total(_, _)
          fold_total(left, total_2) ==
              IF Defined(total_2) /\ left # {}
                THEN LET t == Least_str(left)
                     IN  fold_total(left \ {t},
                                    total_2
                                      + (IF pods[t] > wanted_2[t] THEN pods[t] - wanted_2[t] ELSE 0))
                ELSE total_2
      IN  fold_total(TEMPLATES, 0)) <= LAG
  /\ wanted' = Replaced(wanted, template, desired)
  /\ scaled_for' = desired
  /\ UNCHANGED <<generation, desired, observed_generation, total, updated, ready, available,
                 says_available, template, pods, ready_pods, available_pods, disturbed>>

\* Old ReplicaSets are told to have fewer pods: those not available first, then as many as can be spared.
\* (deployment_rollout.py, lines 198 to 284)
controller_shrinks_old(first) ==
  /\ ~(scaled_for # desired /\ Fold_total(wanted, 0) > 0)
  /\ ~(/\ wanted[template] < desired
       /\ Fold_total(wanted, 0) < (IF desired = 0 THEN 0 ELSE desired + MAX_SURGE))
  /\ wanted[template] <= desired
  /\ first # template
  /\ wanted[first] > 0
  /\ Fold_total(wanted, 0)
       - (desired - (IF MAX_UNAVAILABLE < desired THEN MAX_UNAVAILABLE ELSE desired))
       - (wanted[template] - available_pods[template]) > 0
  /\ LET healthy ==
             LET count ==
                     Fold_total(wanted, 0)
                       - (desired - (IF MAX_UNAVAILABLE < desired THEN MAX_UNAVAILABLE ELSE desired))
                       - (wanted[template] - available_pods[template])
                 RECURSIVE fold_sizes(_, _)
                 fold_sizes(left, sizes) ==
                     IF Defined(sizes) /\ left # {}
                       THEN LET t == Least_str(left)
                            IN  fold_sizes(left \ {t},
                                           LET count_2 ==
                                                   count
                                                     - (Fold_total(wanted, 0) - Fold_total(sizes, 0))
                                           IN  Replaced(sizes,
                                                        t,
                                                        sizes[t]
                                                          - (IF sizes[t] - available_pods[t] > 0
                                                               THEN LET other_2 ==
                                                                            sizes[t]
                                                                              - available_pods[t]
                                                                    IN  IF count_2 < other_2
                                                                          THEN count_2
                                                                          ELSE other_2
                                                               ELSE 0)))
                       ELSE sizes
             IN  fold_sizes(TEMPLATES \ {first, template},
                            Replaced(wanted,
                                     first,
                                     wanted[first]
                                       - (IF wanted[first] - available_pods[first] > 0
                                            THEN LET other == wanted[first] - available_pods[first]
                                                 IN  IF count < other THEN count ELSE other
                                            ELSE 0)))
         sizes_2 ==
             LET shared ==
                     Fold_total(available_pods, 0)
                       - (desired - (IF MAX_UNAVAILABLE < desired THEN MAX_UNAVAILABLE ELSE desired))
             IN  IF shared > 0
                   THEN LET RECURSIVE fold_left(_, _)
                            fold_left(left_2, left_3) ==
                                IF Defined(left_3) /\ left_2 # {}
                                  THEN LET t_2 == Least_str(left_2)
                                       IN  fold_left(left_2 \ {t_2},
                                                     Replaced(
                                                         left_3,
                                                         t_2,
                                                         left_3[t_2]
                                                           - (LET one ==
                                                                      shared
                                                                        - (Fold_total(healthy, 0)
                                                                             - Fold_total(left_3, 0))
                                                                  other_4 == left_3[t_2]
                                                              IN  IF one < other_4
                                                                    THEN one
                                                                    ELSE other_4)))
                                  ELSE left_3
                        IN  fold_left(TEMPLATES \ {first, template},
                                      Replaced(healthy,
                                               first,
                                               healthy[first]
                                                 - (LET other_3 == healthy[first]
                                                    IN  IF shared < other_3 THEN shared ELSE other_3)))
                   ELSE healthy
     IN  /\ sizes_2 # wanted
         /\ (LET RECURSIVE fold_total(_, _)
                 fold_total(left_4, total_2) ==
                     IF Defined(total_2) /\ left_4 # {}
                       THEN LET t_3 == Least_str(left_4)
                            IN  fold_total(left_4 \ {t_3},
                                           total_2
                                             + (IF pods[t_3] > sizes_2[t_3]
                                                  THEN pods[t_3] - sizes_2[t_3]
                                                  ELSE 0))
                       ELSE total_2
             IN  fold_total(TEMPLATES, 0)) <= LAG
         /\ wanted' = sizes_2
         /\ scaled_for' = desired
         /\ UNCHANGED <<generation, desired, observed_generation, total, updated, ready, available,
                        says_available, template, pods, ready_pods, available_pods, disturbed>>

\* The controller, which has scaled for the newest spec, writes what the ReplicaSets report into the status.
\* (deployment_rollout.py, lines 292 to 314)
controller_writes_status ==
  /\ ~(scaled_for # desired /\ Fold_total(wanted, 0) > 0)
  /\ When(\/ ~(/\ observed_generation = generation
               /\ total = Fold_total(pods, 0)
               /\ updated = pods[template]
               /\ ready = Fold_total(ready_pods, 0)
               /\ available = Fold_total(available_pods, 0)
               /\ says_available =
                      (Fold_total(available_pods, 0) >=
                           desired
                             - (IF MAX_UNAVAILABLE < desired THEN MAX_UNAVAILABLE ELSE desired)))
          \/ /\ available_pods[template] = desired
             /\ Fold_total(pods, 0) = desired
             /\ pods = wanted
             /\ disturbed)
  /\ observed_generation' = generation
  /\ total' = Fold_total(pods, 0)
  /\ updated' = pods[template]
  /\ ready' = Fold_total(ready_pods, 0)
  /\ available' = Fold_total(available_pods, 0)
  /\ says_available' =
         (Fold_total(available_pods, 0) >=
              desired - (IF MAX_UNAVAILABLE < desired THEN MAX_UNAVAILABLE ELSE desired))
  /\ disturbed' = (/\ disturbed
                   /\ ~(/\ available_pods[template] = desired
                        /\ Fold_total(pods, 0) = desired
                        /\ pods = wanted))
  /\ UNCHANGED <<generation, desired, template, wanted, pods, ready_pods, available_pods,
                 scaled_for>>

\* A ReplicaSet that has too few pods creates one.
\* (deployment_rollout.py, lines 330 to 331)
replicaset_creates_pod(template_2) ==
  /\ pods[template_2] < wanted[template_2]
  /\ pods' = Replaced(pods, template_2, pods[template_2] + 1)
  /\ UNCHANGED <<generation, desired, observed_generation, total, updated, ready, available,
                 says_available, template, wanted, ready_pods, available_pods, scaled_for,
                 disturbed>>

\* A ReplicaSet that has too many pods deletes one.
\* (deployment_rollout.py, lines 321 to 338)
replicaset_deletes_pod(template_2) ==
  /\ pods[template_2] > wanted[template_2]
  /\ pods' = Replaced(pods, template_2, pods[template_2] - 1)
  /\ ready_pods' = Replaced(ready_pods,
                            template_2,
                            LET one == ready_pods[template_2]
                                other == pods'[template_2]
                            IN  IF one < other THEN one ELSE other)
  /\ available_pods' =
         Replaced(available_pods,
                  template_2,
                  LET one_2 == available_pods[template_2]
                      other_2 == pods'[template_2]
                  IN  IF one_2 < other_2 THEN one_2 ELSE other_2)
  /\ UNCHANGED <<generation, desired, observed_generation, total, updated, ready, available,
                 says_available, template, wanted, scaled_for, disturbed>>

\* A pod passes its readiness probe; without SLOW_START it is available at once.
\* (deployment_rollout.py, lines 346 to 348)
pod_becomes_ready(template_2) ==
  /\ ready_pods[template_2] < pods[template_2]
  /\ ready_pods' = Replaced(ready_pods, template_2, ready_pods[template_2] + 1)
  /\ available_pods' =
         Replaced(available_pods,
                  template_2,
                  available_pods[template_2] + (IF SLOW_START THEN 0 ELSE 1))
  /\ UNCHANGED <<generation, desired, observed_generation, total, updated, ready, available,
                 says_available, template, wanted, pods, scaled_for, disturbed>>

\* A pod has been ready for long enough.
\* (deployment_rollout.py, lines 355 to 356)
pod_becomes_available(template_2) ==
  /\ available_pods[template_2] < ready_pods[template_2]
  /\ available_pods' = Replaced(available_pods, template_2, available_pods[template_2] + 1)
  /\ UNCHANGED <<generation, desired, observed_generation, total, updated, ready, available,
                 says_available, template, wanted, pods, ready_pods, scaled_for, disturbed>>

\* A pod that was available no longer passes its readiness probe.
\* (deployment_rollout.py, lines 363 to 366)
pod_fails(template_2) ==
  /\ When(FAILURES)
  /\ available_pods[template_2] > 0
  /\ ready_pods' = Replaced(ready_pods, template_2, ready_pods[template_2] - 1)
  /\ available_pods' = Replaced(available_pods, template_2, available_pods[template_2] - 1)
  /\ disturbed' = TRUE
  /\ UNCHANGED <<generation, desired, observed_generation, total, updated, ready, available,
                 says_available, template, wanted, pods, scaled_for>>

\* A pod is evicted, or deleted by hand.
\* (deployment_rollout.py, lines 321 to 375)
pod_is_lost(template_2) ==
  /\ When(FAILURES)
  /\ pods[template_2] > 0
  /\ pods' = Replaced(pods, template_2, pods[template_2] - 1)
  /\ ready_pods' = Replaced(ready_pods,
                            template_2,
                            LET one == ready_pods[template_2]
                                other == pods'[template_2]
                            IN  IF one < other THEN one ELSE other)
  /\ available_pods' =
         Replaced(available_pods,
                  template_2,
                  LET one_2 == available_pods[template_2]
                      other_2 == pods'[template_2]
                  IN  IF one_2 < other_2 THEN one_2 ELSE other_2)
  /\ disturbed' = TRUE
  /\ UNCHANGED <<generation, desired, observed_generation, total, updated, ready, available,
                 says_available, template, wanted, scaled_for>>

\* The steps.
Next ==
  \/ \E template_2 \in TEMPLATES : user_changes_template(template_2)
  \/ \E replicas \in MIN_REPLICAS..MAX_REPLICAS : user_scales(replicas)
  \/ /\ scaled_for # desired
     /\ Fold_total(wanted, 0) > 0
     /\ \E sizes \in [TEMPLATES -> 0..(MAX_REPLICAS + MAX_SURGE)] : controller_resizes(sizes)
  \/ controller_grows_new
  \/ controller_trims_new
  \/ \E first \in TEMPLATES : controller_shrinks_old(first)
  \/ controller_writes_status
  \/ \E template_3 \in TEMPLATES :
       \/ replicaset_creates_pod(template_3)
       \/ replicaset_deletes_pod(template_3)
       \/ pod_becomes_ready(template_3)
       \/ pod_becomes_available(template_3)
       \/ pod_fails(template_3)
       \/ pod_is_lost(template_3)

Spec == Init /\ [][Next]_vars

\* Available pods are ready pods, ready and updated pods are pods. True of the object at any time.
\* (deployment_rollout.py, line 443)
status_adds_up ==
  available <= ready /\ ready <= total /\ updated <= total /\ available >= 0 /\ updated >= 0

\* The status is about a spec that has been written. True of the object at any time.
\* (deployment_rollout.py, line 449)
status_is_not_from_the_future == observed_generation <= generation

\* Users keep the number of pods within what was agreed. True of the object at any time.
\* (deployment_rollout.py, line 455)
desired_is_agreed == desired >= MIN_REPLICAS /\ desired <= MAX_REPLICAS

\* The condition Available is True exactly if enough pods are. True once the status is of today.
\* (deployment_rollout.py, line 461)
available_condition_is_honest ==
  observed_generation = generation
    => says_available =
           (available >= desired - (IF MAX_UNAVAILABLE < desired THEN MAX_UNAVAILABLE ELSE desired))

\* No more pods than desired, the surge, and those on their way out. True once the status is of today.
\* (deployment_rollout.py, line 467)
total_is_bounded == observed_generation = generation => total <= desired + MAX_SURGE + LAG

\* Once it has seen the newest spec, the controller never asks for more pods than desired and the surge.
\* (deployment_rollout.py, line 473)
surge_is_bounded == observed_generation = generation => Fold_total(wanted, 0) <= desired + MAX_SURGE

\* Where no pod failed and nobody scaled since the Deployment was last complete, enough pods are available.
\* (deployment_rollout.py, line 479)
availability_is_kept ==
  \/ disturbed
  \/ Fold_total(available_pods, 0) >=
         desired - (IF MAX_UNAVAILABLE < desired THEN MAX_UNAVAILABLE ELSE desired)

\* A rollout comes to its end: the new template's pods alone are there, and the status says so.
\* (deployment_rollout.py, line 486)
\* An example: a state that violates this formula is the witness.
Never_a_template_is_rolled_out ==
  ~(/\ generation > 1
    /\ observed_generation = generation
    /\ template # FIRST_TEMPLATE
    /\ available_pods[template] = desired
    /\ Fold_total(pods, 0) = desired
    /\ pods = wanted
    /\ updated = desired
    /\ available = desired)

\* `user_changes_template` happens.
\* (deployment_rollout.py, line 492)
\* An example: a state that violates this formula is the witness.
Never_a_template_is_changed == ~(template # FIRST_TEMPLATE)

\* `user_scales` happens. (Trivial where one number only was agreed.)
\* (deployment_rollout.py, line 498)
\* An example: a state that violates this formula is the witness.
Never_a_user_scales == ~(MIN_REPLICAS = MAX_REPLICAS \/ (scaled_for # desired /\ generation > 1))

\* `controller_resizes` happens: a ReplicaSet is told a new number and has seen no change of template. (Trivial
\* where one number only was agreed.)
\* (deployment_rollout.py, line 507)
\* An example: a state that violates this formula is the witness.
Never_a_replicaset_is_resized ==
  ~(\/ MIN_REPLICAS = MAX_REPLICAS
    \/ /\ pods[FIRST_TEMPLATE] > desired
       /\ wanted[FIRST_TEMPLATE] = desired
       /\ template = FIRST_TEMPLATE)

\* `controller_grows_new` happens.
\* (deployment_rollout.py, line 513)
\* An example: a state that violates this formula is the witness.
Never_a_replicaset_grows == ~(Fold_total(wanted, 0) > 0)

\* `controller_trims_new` happens: the new ReplicaSet alone is left, and has too many pods, though not all of them
\* are available; the status has shown old ones only. (Trivial where one number only was agreed, or one change.)
\* (deployment_rollout.py, line 523)
\* An example: a state that violates this formula is the witness.
Never_a_new_replicaset_is_trimmed ==
  ~(\/ MIN_REPLICAS = MAX_REPLICAS
    \/ CHANGES < 2
    \/ /\ Fold_total(wanted, 0) = desired
       /\ wanted[template] = desired
       /\ pods[template] > desired
       /\ available_pods[template] < pods[template]
       /\ updated = 0
       /\ total > 0)

\* `controller_shrinks_old` happens: an old ReplicaSet is told to have no pods and still has some.
\* (deployment_rollout.py, line 529)
\* An example: a state that violates this formula is the witness.
Never_an_old_replicaset_shrinks ==
  ~Some({ (t # template /\ wanted[t] = 0 /\ pods[t] > 0) : t \in TEMPLATES })

\* `controller_writes_status` happens.
\* (deployment_rollout.py, line 535)
\* An example: a state that violates this formula is the witness.
Never_a_status_is_written == ~(observed_generation > 0)

\* `replicaset_creates_pod` happens.
\* (deployment_rollout.py, line 541)
\* An example: a state that violates this formula is the witness.
Never_a_pod_is_created == ~(Fold_total(pods, 0) > 0)

\* `replicaset_deletes_pod` happens: the status has shown a pod that is no longer there, and none was lost.
\* (deployment_rollout.py, line 547)
\* An example: a state that violates this formula is the witness.
Never_an_old_pod_is_deleted == ~(total > Fold_total(pods, 0) /\ ~disturbed)

\* `pod_becomes_ready` happens.
\* (deployment_rollout.py, line 553)
\* An example: a state that violates this formula is the witness.
Never_a_pod_is_ready == ~(Fold_total(ready_pods, 0) > 0)

\* `pod_becomes_available` happens. (Trivial without SLOW_START.)
\* (deployment_rollout.py, line 559)
\* An example: a state that violates this formula is the witness.
Never_a_pod_is_available_later == ~(~SLOW_START \/ Fold_total(available_pods, 0) > 0)

\* `pod_fails` happens: a pod that the status has shown available is not. (Trivial without FAILURES.)
\* (deployment_rollout.py, line 566)
\* An example: a state that violates this formula is the witness.
Never_a_pod_fails ==
  ~(\/ ~FAILURES
    \/ (available > Fold_total(available_pods, 0) /\ total = Fold_total(pods, 0) /\ generation = 1))

\* `pod_is_lost` happens: the status has shown a pod that is no longer there. (Trivial without FAILURES.)
\* (deployment_rollout.py, line 572)
\* An example: a state that violates this formula is the witness.
Never_a_pod_is_lost == ~(~FAILURES \/ (total > Fold_total(pods, 0) /\ generation = 1))

=============================================================================
