-------------------------- MODULE two_phase_commit --------------------------
\* Two-phase commit: several databases decide together whether one transaction commits.
\*
\* A transaction touches several resource managers. Either all of them commit it or all abort it. Each
\* may abort on its own while it still works; once it has announced that it is prepared, it must wait
\* for the transaction manager, which commits when everybody is prepared and may abort until then.
\*
\* What can go wrong: one resource manager commits what another aborts, and the data no longer agree.
\*
\* What the spec assumes: messages may be late, overtake each other and arrive several times (a message
\* sent is never removed), but none is forged. Managers do not lose their state. Nothing says that the
\* transaction ever ends: two-phase commit blocks when its manager is gone.
\*
\* Source: Jim Gray and Leslie Lamport, "Consensus on Transaction Commit", ACM Transactions on Database
\* Systems 31(1), 2006, and its TLA+ module TwoPhase; action by action the same.
\*
\* From two_phase_commit, instance n3.

EXTENDS Integers, Sequences, FiniteSets, TLC

\* What TLA+ has no word for.

\* As \A, but every element is evaluated, also after one that decides.
Every(values) == FALSE \notin values

\* As \E, but every element is evaluated, also after one that decides.
Some(values) == TRUE \in values

\* The map with another value for a key it has; no value for a key it has not.
Replaced(map, key, value) == CASE key \in DOMAIN map -> [map EXCEPT ![key] = value]

-----------------------------------------------------------------------------

CONSTANTS
  RMS   \* set[str]

VARIABLES
  rm_phase,     \* dict[str, RmPhase]
  tm_phase,     \* TmPhase
  tm_prepared,  \* set[str]
  messages      \* set[Message]

vars ==
  <<rm_phase, tm_phase, tm_prepared, messages>>

\* The first states.
Init ==
  /\ rm_phase = [any \in RMS |-> "WORKING"]
  /\ tm_phase = "INIT"
  /\ tm_prepared = {}
  /\ messages = {}

\* Everybody is prepared: the transaction manager commits and tells all.
\* (two_phase_commit.py, lines 101 to 104)
tm_commit ==
  /\ tm_phase = "INIT"
  /\ tm_prepared = RMS
  /\ tm_phase' = "COMMITTED"
  /\ messages' = messages \cup {[tag |-> "Commit"]}
  /\ UNCHANGED <<rm_phase, tm_prepared>>

\* The transaction manager gives up, as it may at any time before it has committed, and tells all.
\* (two_phase_commit.py, lines 111 to 113)
tm_abort ==
  /\ tm_phase = "INIT"
  /\ tm_phase' = "ABORTED"
  /\ messages' = messages \cup {[tag |-> "Abort"]}
  /\ UNCHANGED <<rm_phase, tm_prepared>>

\* The transaction manager notes that a resource manager is prepared.
\* (two_phase_commit.py, lines 92 to 94)
tm_rcv_prepared(rm) ==
  /\ tm_phase = "INIT"
  /\ [tag |-> "Prepared", Prepared |-> rm] \in messages
  /\ tm_prepared' = tm_prepared \cup {rm}
  /\ UNCHANGED <<rm_phase, tm_phase, messages>>

\* A resource manager promises that it can commit; from here on it may not abort on its own.
\* (two_phase_commit.py, lines 120 to 122)
rm_prepare(rm) ==
  /\ rm_phase[rm] = "WORKING"
  /\ rm_phase' = Replaced(rm_phase, rm, "PREPARED")
  /\ messages' = messages \cup {[tag |-> "Prepared", Prepared |-> rm]}
  /\ UNCHANGED <<tm_phase, tm_prepared>>

\* A resource manager that has promised nothing yet aborts on its own, and says nothing.
\* (two_phase_commit.py, lines 129 to 130)
rm_choose_to_abort(rm) ==
  /\ rm_phase[rm] = "WORKING"
  /\ rm_phase' = Replaced(rm_phase, rm, "ABORTED")
  /\ UNCHANGED <<tm_phase, tm_prepared, messages>>

\* A resource manager hears that the transaction is committed.
\* (two_phase_commit.py, lines 137 to 138)
rm_rcv_commit_msg(rm) ==
  /\ [tag |-> "Commit"] \in messages
  /\ rm_phase' = Replaced(rm_phase, rm, "COMMITTED")
  /\ UNCHANGED <<tm_phase, tm_prepared, messages>>

\* A resource manager hears that the transaction is aborted.
\* (two_phase_commit.py, lines 145 to 146)
rm_rcv_abort_msg(rm) ==
  /\ [tag |-> "Abort"] \in messages
  /\ rm_phase' = Replaced(rm_phase, rm, "ABORTED")
  /\ UNCHANGED <<tm_phase, tm_prepared, messages>>

\* The steps.
Next ==
  \/ tm_commit
  \/ tm_abort
  \/ \E rm \in RMS :
       \/ tm_rcv_prepared(rm)
       \/ rm_prepare(rm)
       \/ rm_choose_to_abort(rm)
       \/ rm_rcv_commit_msg(rm)
       \/ rm_rcv_abort_msg(rm)

Spec == Init /\ [][Next]_vars

\* No resource manager has aborted what another has committed.
\* (two_phase_commit.py, line 180)
tc_consistent ==
  Every({ ~(rm_phase[one] = "ABORTED" /\ rm_phase[other] = "COMMITTED") : one \in RMS, other \in RMS })

\* `rm_prepare` happens: somebody has said that it is prepared.
\* (two_phase_commit.py, line 190)
\* An example: a state that violates this formula is the witness.
Never_a_promise_is_sent == ~(\E rm \in RMS : [tag |-> "Prepared", Prepared |-> rm] \in messages)

\* `tm_rcv_prepared` happens: the transaction manager knows of a promise.
\* (two_phase_commit.py, line 196)
\* An example: a state that violates this formula is the witness.
Never_a_promise_is_noted == ~(Cardinality(tm_prepared) # 0)

\* `tm_commit` happens.
\* (two_phase_commit.py, line 202)
\* An example: a state that violates this formula is the witness.
Never_the_manager_commits == ~(tm_phase = "COMMITTED")

\* `tm_abort` happens.
\* (two_phase_commit.py, line 208)
\* An example: a state that violates this formula is the witness.
Never_the_manager_aborts == ~(tm_phase = "ABORTED")

\* `rm_choose_to_abort` happens: somebody has aborted, and no message told it to.
\* (two_phase_commit.py, line 214)
\* An example: a state that violates this formula is the witness.
Never_one_aborts_alone ==
  ~(Some({ rm_phase[rm] = "ABORTED" : rm \in RMS }) /\ [tag |-> "Abort"] \notin messages)

\* `rm_rcv_abort_msg` happens: somebody was prepared and has aborted, which only that message allows.
\* (two_phase_commit.py, line 220)
\* An example: a state that violates this formula is the witness.
Never_a_promise_is_released ==
  ~Some({ (rm_phase[rm] = "ABORTED" /\ [tag |-> "Prepared", Prepared |-> rm] \in messages) :
            rm \in RMS })

\* `rm_rcv_commit_msg` happens, to everybody: the transaction is through.
\* (two_phase_commit.py, line 226)
\* An example: a state that violates this formula is the witness.
Never_all_commit == ~Every({ rm_phase[rm] = "COMMITTED" : rm \in RMS })

=============================================================================
