---------------------------- MODULE dns_balancer ----------------------------
\* A DNS load balancer's control plane: who may change the zone, and what becomes of old plans?
\*
\* A service's name is an alias, the root record, which points at a plan: a set of records that spreads
\* traffic over load balancers. A planner publishes a new plan whenever capacity changes. Several
\* deployers, in different places and knowing nothing of each other, carry plans into the zone, so that
\* one of them may fail. Each looks for the newest plan, checks that it is newer than the live one, takes
\* the zone's lock, writes the plan's records and turns the root to them; the plan that was live before
\* becomes the rollback record. Then it cleans up: plans much older than the one it has just applied go.
\*
\* What can go wrong. A deployer that is slow between its check and its write acts on a stale view: it puts an
\* old plan over a newer one. Nobody notices, all is consistent still. Then the deployer that had applied
\* the newer plan cleans up, and to it the live plan is an old one. The root points at nothing, the
\* service's name resolves to nothing. The lock does not help where only its taking is checked: a lock
\* that a dead deployer must not keep for ever can be taken over, and the slow one is not told.
\*
\* Two remedies, each a parameter. FENCED: the write itself, as one transaction, is conditional on the lock
\* still being held for this plan. SPARING: clean-up leaves alone what root or rollback points at.
\*
\* What the spec assumes: changes to the zone are transactions; published plans stay readable; plans are
\* numbered in the order of publication; a held lock can be taken over at any time, by a newer plan only
\* (so the waiting that a real deployer does first is not relied on); a deployer may restart at any time before
\* it writes and forgets its plan then.
\*
\* Sources: the outage of Amazon DynamoDB in us-east-1 on 19 and 20 October 2025 and what AWS published
\* about it ("Summary of the Amazon DynamoDB Service Disruption in the Northern Virginia (US-EAST-1)
\* Region"). `deployer_gc` and `no_inconsistent_root` stand as they were first written down, to the letter; the
\* model around them was written for them. It is a design much like the one described, not a description of it.
\*
\* From dns_balancer, instance race.

EXTENDS Integers, Sequences, FiniteSets, TLC

\* What TLA+ has no word for.

\* A condition of a step: an \/ or \E inside it is no choice between steps.
When(condition) == condition = TRUE

\* As \A, but every element is evaluated, also after one that decides.
Every(values) == FALSE \notin values

\* As \E, but every element is evaluated, also after one that decides.
Some(values) == TRUE \in values

\* The set; every element is made.
Listed(set) == { element : element \in set }

\* The map with another value for a key it has; no value for a key it has not.
Replaced(map, key, value) == CASE key \in DOMAIN map -> [map EXCEPT ![key] = value]

\* Where a list has an element.
Place(list, element) == CHOOSE place \in DOMAIN list : list[place] = element

Least(set) == CHOOSE x \in set : \A y \in set : x <= y

StringOrder == <<"api.example.com", "deployer-a", "deployer-b", "nobody", "plan-0.api.example.com", "plan-1.api.example.com", "plan-2.api.example.com", "plan-3.api.example.com", "pool.api.example.com", "rollback.api.example.com">>

Precedes_str(a, b) == Place(StringOrder, a) < Place(StringOrder, b)

RECURSIVE PrecedesList_str(_, _)
PrecedesList_str(a, b) ==
  IF a = <<>> THEN b # <<>>
  ELSE IF b = <<>> THEN FALSE
  ELSE IF a[1] = b[1] THEN PrecedesList_str(Tail(a), Tail(b))
  ELSE Precedes_str(a[1], b[1])

Precedes_list_str(a, b) == PrecedesList_str(a, b)

Precedes_RecordKind(a, b) == Place(<<"A", "CNAME">>, a) < Place(<<"A", "CNAME">>, b)

Precedes_ZoneRecord(a, b) == Precedes_RecordKind(a.kind, b.kind) \/ (a.kind = b.kind /\ (Precedes_str(a.name, b.name) \/ (a.name = b.name /\ (Precedes_list_str(a.value, b.value)))))

Least_ZoneRecord(set) == CHOOSE x \in set : \A y \in set : ~Precedes_ZoneRecord(y, x)

-----------------------------------------------------------------------------

CONSTANTS
  PLAN_NAMES,    \* list[str]
  DEPLOYERS,     \* set[str]
  MAX_PLAN_AGE,  \* int
  FENCED,        \* bool
  SPARING        \* bool

VARIABLES
  planner_updates,     \* dict[int, PlannerUpdate]
  zone_records,        \* set[ZoneRecord]
  zone_lock,           \* LockRecord
  deployer_phase,      \* dict[str, Phase]
  deployer_next_plan   \* dict[str, int]

vars ==
  <<planner_updates, zone_records, zone_lock, deployer_phase, deployer_next_plan>>

\* The first states.
Init ==
  /\ planner_updates =
         0
           :> (LET name == PLAN_NAMES[1]
               IN  [name |-> name,
                    creates |-> { [kind |-> "CNAME",
                                   name |-> name,
                                   value |-> <<"pool.api.example.com">>] }])
  /\ zone_records = (LET name_2 == PLAN_NAMES[1]
                     IN  [name |-> name_2,
                          creates |-> { [kind |-> "CNAME",
                                         name |-> name_2,
                                         value |-> <<"pool.api.example.com">>] }]).creates
                      \cup { LET target == PLAN_NAMES[1]
                             IN  [kind |-> "CNAME",
                                  name |-> "api.example.com",
                                  value |-> <<target>>],
                             LET target_2 == PLAN_NAMES[1]
                             IN  [kind |-> "CNAME",
                                  name |-> "rollback.api.example.com",
                                  value |-> <<target_2>>] }
  /\ zone_lock = [holder |-> "nobody", epoch |-> 0]
  /\ deployer_phase = [any \in DEPLOYERS |-> "IDLE"]
  /\ deployer_next_plan = [any_2 \in DEPLOYERS |-> 0]

\* Planner publishes the next plan.
\* (dns_balancer.py, lines 147 to 148)
planner_publish ==
  /\ Cardinality(DOMAIN planner_updates) < Len(PLAN_NAMES)
  /\ planner_updates' =
         (Cardinality(DOMAIN planner_updates)
            :> (LET name == PLAN_NAMES[Cardinality(DOMAIN planner_updates) + 1]
                IN  [name |-> name,
                     creates |-> { [kind |-> "CNAME",
                                    name |-> name,
                                    value |-> <<"pool.api.example.com">>] }]))
           @@ planner_updates
  /\ UNCHANGED <<zone_records, zone_lock, deployer_phase, deployer_next_plan>>

\* Deployer picks the newest plan and checks that it is newer than the live one: true now, perhaps not later.
\* (dns_balancer.py, lines 155 to 158)
deployer_pick(deployer) ==
  /\ When(deployer_phase[deployer] = "IDLE" \/ deployer_phase[deployer] = "APPLIED")
  /\ Cardinality(DOMAIN planner_updates) - 1 > deployer_next_plan[deployer]
  /\ Cardinality(DOMAIN planner_updates) - 1 >
         Least({ i_2 \in DOMAIN planner_updates :
                   planner_updates[i_2].name =
                       Least_ZoneRecord(
                           { r_2 \in zone_records :
                               r_2.kind = "CNAME" /\ r_2.name = "api.example.com" }).value[1] })
  /\ deployer_next_plan' =
         Replaced(deployer_next_plan, deployer, Cardinality(DOMAIN planner_updates) - 1)
  /\ deployer_phase' = Replaced(deployer_phase, deployer, "PICKED")
  /\ UNCHANGED <<planner_updates, zone_records, zone_lock>>

\* Deployer takes the zone's lock, or takes it over from a deployer of an older plan.
\* (dns_balancer.py, lines 165 to 168)
deployer_lock(deployer) ==
  /\ deployer_phase[deployer] = "PICKED"
  /\ deployer_next_plan[deployer] > zone_lock.epoch
  /\ zone_lock' = [holder |-> deployer, epoch |-> deployer_next_plan[deployer]]
  /\ deployer_phase' = Replaced(deployer_phase, deployer, "LOCKED")
  /\ UNCHANGED <<planner_updates, zone_records, deployer_next_plan>>

\* Deployer writes its plan, turns the root to it, keeps the old root as rollback, and lets go of the lock.
\* (dns_balancer.py, lines 175 to 181)
deployer_apply(deployer) ==
  /\ deployer_phase[deployer] = "LOCKED"
  /\ When(FENCED => zone_lock = [holder |-> deployer, epoch |-> deployer_next_plan[deployer]])
  /\ zone_records' =
         (LET records ==
                  LET target ==
                          Least_ZoneRecord(
                              { r \in zone_records : r.kind = "CNAME" /\ r.name = "api.example.com" }).value[1]
                  IN  (zone_records
                         \ { r_2 \in zone_records :
                               r_2.kind = "CNAME" /\ r_2.name = "rollback.api.example.com" })
                        \cup { [kind |-> "CNAME",
                                name |-> "rollback.api.example.com",
                                value |-> <<target>>] }
              target_2 == planner_updates[deployer_next_plan[deployer]].name
          IN  (records \ { r_3 \in records : r_3.kind = "CNAME" /\ r_3.name = "api.example.com" })
                \cup {[kind |-> "CNAME", name |-> "api.example.com", value |-> <<target_2>>]})
           \cup planner_updates[deployer_next_plan[deployer]].creates
  /\ zone_lock' = [zone_lock EXCEPT !.holder = IF zone_lock = [holder |-> deployer,
                                                               epoch |-> deployer_next_plan[deployer]]
                                                 THEN "nobody"
                                                 ELSE zone_lock.holder]
  /\ deployer_phase' = Replaced(deployer_phase, deployer, "APPLIED")
  /\ UNCHANGED <<planner_updates, deployer_next_plan>>

\* Deployer gives its plan up, because the lock has been taken for one that is not older.
\* (dns_balancer.py, lines 190 to 191)
deployer_abandon(deployer) ==
  /\ When(\/ (deployer_phase[deployer] = "PICKED" /\ deployer_next_plan[deployer] <= zone_lock.epoch)
          \/ /\ deployer_phase[deployer] = "LOCKED"
             /\ FENCED
             /\ zone_lock # [holder |-> deployer, epoch |-> deployer_next_plan[deployer]])
  /\ deployer_phase' = Replaced(deployer_phase, deployer, "IDLE")
  /\ UNCHANGED <<planner_updates, zone_records, zone_lock, deployer_next_plan>>

\* Deployer dies before it has written, and starts afresh; a lock that it held stays held.
\* (dns_balancer.py, lines 198 to 200)
deployer_restart(deployer) ==
  /\ When(deployer_phase[deployer] = "PICKED" \/ deployer_phase[deployer] = "LOCKED")
  /\ deployer_phase' = Replaced(deployer_phase, deployer, "IDLE")
  /\ deployer_next_plan' = Replaced(deployer_next_plan, deployer, 0)
  /\ UNCHANGED <<planner_updates, zone_records, zone_lock>>

\* Deployer cleans up old plans.
\* (dns_balancer.py, lines 217 to 221)
deployer_gc(deployer) ==
  /\ Cardinality((UNION { planner_updates[i_2].creates :
                            i_2 \in { i \in DOMAIN planner_updates :
                                        deployer_next_plan[deployer] > i + MAX_PLAN_AGE } })
                   \cap zone_records) # 0
  /\ zone_records' =
         zone_records
           \ (UNION { planner_updates[i_4].creates :
                        i_4 \in { i_3 \in DOMAIN planner_updates :
                                    deployer_next_plan[deployer] > i_3 + MAX_PLAN_AGE } })
  /\ UNCHANGED <<planner_updates, zone_lock, deployer_phase, deployer_next_plan>>

\* The steps.
Next ==
  \/ planner_publish
  \/ \E deployer \in DEPLOYERS :
       \/ deployer_pick(deployer)
       \/ deployer_lock(deployer)
       \/ deployer_apply(deployer)
       \/ deployer_abandon(deployer)
       \/ deployer_restart(deployer)
       \/ /\ deployer_phase[deployer] = "APPLIED"
          /\ When(SPARING
                    => Every({ (deployer_next_plan[deployer] > i + MAX_PLAN_AGE
                                  => planner_updates[i].name
                                       \notin { Least_ZoneRecord(
                                                    { r \in zone_records :
                                                        /\ r.kind = "CNAME"
                                                        /\ r.name = "api.example.com" }).value[1],
                                                Least_ZoneRecord(
                                                    { r_2 \in zone_records :
                                                        /\ r_2.kind = "CNAME"
                                                        /\ r_2.name = "rollback.api.example.com" }).value[1] }) :
                                 i \in DOMAIN planner_updates }))
          /\ deployer_gc(deployer)

Spec == Init /\ [][Next]_vars

\* The value of PLAN_NAMES.
race_PLAN_NAMES ==
  <<"plan-0.api.example.com", "plan-1.api.example.com", "plan-2.api.example.com",
    "plan-3.api.example.com">>

\* Root must always point to an existing plan.
\* (dns_balancer.py, line 270)
no_inconsistent_root ==
  LET shared ==
          { r_2.value[1] :
              r_2 \in { r2 \in { r \in zone_records : r.kind = "CNAME" } :
                          r2.name = "api.example.com" } }
  IN  /\ Cardinality(shared
                       \cap { r_4.name : r_4 \in { r_3 \in zone_records : r_3.kind = "CNAME" } })
           # 0
      /\ Cardinality(shared) = 1

\* Where clean-up spares what is pointed at, there is always a plan to roll back to.
\* (dns_balancer.py, line 277)
rollback_is_kept ==
  SPARING
    => (LET name ==
                Least_ZoneRecord(
                    { r \in zone_records : r.kind = "CNAME" /\ r.name = "rollback.api.example.com" }).value[1]
        IN  Cardinality({ r_2 \in Listed(zone_records) : r_2.kind = "CNAME" /\ r_2.name = name })
              # 0)

\* Where writes are fenced, the live plan is at least as new as any plan a deployer has just applied.
\* (dns_balancer.py, line 283)
root_never_goes_back ==
  FENCED
    => Every({ (deployer_phase[d] = "APPLIED"
                  => deployer_next_plan[d] <=
                         Least({ i \in DOMAIN planner_updates :
                                   planner_updates[i].name
                                     = Least_ZoneRecord(
                                           { r \in zone_records :
                                               r.kind = "CNAME" /\ r.name = "api.example.com" }).value[1] })) :
                 d \in DEPLOYERS })

\* `planner_publish` happens.
\* (dns_balancer.py, line 294)
\* An example: a state that violates this formula is the witness.
Never_a_plan_is_published == ~(Cardinality(DOMAIN planner_updates) - 1 > 0)

\* `deployer_pick` happens.
\* (dns_balancer.py, line 300)
\* An example: a state that violates this formula is the witness.
Never_a_plan_is_picked == ~Some({ deployer_phase[d] = "PICKED" : d \in DEPLOYERS })

\* `deployer_lock` happens while another deployer thinks that it holds the lock.
\* (dns_balancer.py, line 306)
\* An example: a state that violates this formula is the witness.
Never_a_lock_is_taken_over ==
  ~Some({ (deployer_phase[d] = "LOCKED" /\ zone_lock.holder # d) : d \in DEPLOYERS })

\* `deployer_apply` happens.
\* (dns_balancer.py, line 312)
\* An example: a state that violates this formula is the witness.
Never_a_newer_plan_goes_live ==
  ~(Least({ i \in DOMAIN planner_updates :
              planner_updates[i].name =
                  Least_ZoneRecord(
                      { r \in zone_records : r.kind = "CNAME" /\ r.name = "api.example.com" }).value[1] })
      > 0)

\* `deployer_abandon` happens: a deployer is idle and remembers a plan.
\* (dns_balancer.py, line 318)
\* An example: a state that violates this formula is the witness.
Never_a_plan_is_abandoned ==
  ~Some({ (deployer_phase[d] = "IDLE" /\ deployer_next_plan[d] > 0) : d \in DEPLOYERS })

\* `deployer_restart` happens: an idle deployer holds the lock.
\* (dns_balancer.py, line 324)
\* An example: a state that violates this formula is the witness.
Never_a_lock_is_orphaned ==
  ~Some({ (deployer_phase[d] = "IDLE" /\ zone_lock.holder = d) : d \in DEPLOYERS })

\* `deployer_gc` happens: the first plan is gone. (Trivial where no plan can grow old enough.)
\* (dns_balancer.py, line 331)
\* An example: a state that violates this formula is the witness.
Never_gc_fires ==
  ~(\/ Len(PLAN_NAMES) - 1 <= MAX_PLAN_AGE
    \/ ~(LET name == PLAN_NAMES[1]
         IN  Cardinality({ r \in Listed(zone_records) : r.kind = "CNAME" /\ r.name = name }) # 0))

=============================================================================
