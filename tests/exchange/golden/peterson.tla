------------------------------ MODULE peterson ------------------------------
\* Peterson's lock: processes that share nothing but plain variables enter a critical section one at a time.
\*
\* To get in, a process climbs through a number of doors, one fewer than there are processes. At each door it says how
\* far it has come, puts itself down as the last to arrive there, and waits until nobody else is as far as it is or
\* somebody else has arrived after it. So each door keeps one back, and for two processes there is just one door.
\*
\* What can go wrong: two are in the critical section together, or somebody waits for ever.
\*
\* What the spec assumes: reading and writing one variable is indivisible, and takes effect at once for all (on
\* hardware that reorders, fences are needed). To look whether a door is open is one step here, though with three and
\* more processes it reads several variables. A process may stay outside for ever, but not inside.
\*
\* Sources: Gary L. Peterson, "Myths about the mutual exclusion problem", Information Processing Letters 12(3), 1981.
\* For two processes, step by step the same: Jarod Differdange's TLA+ module Peterson.
\*
\* From peterson, instance two.

EXTENDS Integers, Sequences, FiniteSets, TLC

\* What TLA+ has no word for.

\* A condition of a step: an \/ or \E inside it is no choice between steps.
When(condition) == condition = TRUE

\* As \A, but every element is evaluated, also after one that decides.
Every(values) == FALSE \notin values

\* As \E, but every element is evaluated, also after one that decides.
Some(values) == TRUE \in values

\* The map with another value for a key it has; no value for a key it has not.
Replaced(map, key, value) == CASE key \in DOMAIN map -> [map EXCEPT ![key] = value]

-----------------------------------------------------------------------------

CONSTANTS
  N   \* int

VARIABLES
  phase,  \* dict[int, Phase]
  level,  \* dict[int, int]
  last    \* dict[int, int]

vars ==
  <<phase, level, last>>

\* The first states.
Init ==
  /\ phase = [any \in 1..N |-> "OUTSIDE"]
  /\ level = [any_2 \in 1..N |-> 0]
  /\ last = [any_3 \in 1..(N - 1) |-> 1]

\* A process decides that it wants to enter.
\* (peterson.py, lines 83 to 84)
wants_in(process) ==
  /\ phase[process] = "OUTSIDE"
  /\ phase' = Replaced(phase, process, "ANNOUNCE")
  /\ UNCHANGED <<level, last>>

\* A process says that it is at the next door.
\* (peterson.py, lines 91 to 93)
announces(process) ==
  /\ phase[process] = "ANNOUNCE"
  /\ level' = Replaced(level, process, level[process] + 1)
  /\ phase' = Replaced(phase, process, "GIVE_WAY")
  /\ UNCHANGED last

\* A process puts itself down as the last to arrive at its door.
\* (peterson.py, lines 100 to 102)
gives_way(process) ==
  /\ phase[process] = "GIVE_WAY"
  /\ last' = Replaced(last, level[process], process)
  /\ phase' = Replaced(phase, process, "WAIT")
  /\ UNCHANGED level

\* A process goes through its door: nobody else is as far, or somebody came after it.
\* (peterson.py, lines 109 to 113)
passes(process) ==
  /\ phase[process] = "WAIT"
  /\ When(\/ Every({ (other # process => level[other] < level[process]) : other \in 1..N })
          \/ last[level[process]] # process)
  /\ phase' = Replaced(phase, process, IF level[process] = N - 1 THEN "CRITICAL" ELSE "ANNOUNCE")
  /\ UNCHANGED <<level, last>>

\* A process has done what it entered for.
\* (peterson.py, lines 120 to 121)
finishes(process) ==
  /\ phase[process] = "CRITICAL"
  /\ phase' = Replaced(phase, process, "LEAVE")
  /\ UNCHANGED <<level, last>>

\* A process says that it is at no door.
\* (peterson.py, lines 128 to 130)
leaves(process) ==
  /\ phase[process] = "LEAVE"
  /\ level' = Replaced(level, process, 0)
  /\ phase' = Replaced(phase, process, "OUTSIDE")
  /\ UNCHANGED last

\* The steps.
Next ==
  \/ \E process \in 1..N : wants_in(process)
  \/ \E process_2 \in 1..N : announces(process_2)
  \/ \E process_3 \in 1..N : gives_way(process_3)
  \/ \E process_4 \in 1..N : passes(process_4)
  \/ \E process_5 \in 1..N : finishes(process_5)
  \/ \E process_6 \in 1..N : leaves(process_6)

Spec == Init /\ [][Next]_vars

\* No two processes are in the critical section.
\* (peterson.py, line 163)
one_at_a_time ==
  Every({ (one # other
             => ~(/\ (phase[one] = "CRITICAL" \/ phase[one] = "LEAVE")
                  /\ (phase[other] = "CRITICAL" \/ phase[other] = "LEAVE"))) :
            one \in 1..N, other \in 1..N })

\* At most N - d processes are past door d: further along, or at it and through.
\* (peterson.py, line 174)
each_door_keeps_one_back ==
  Every({ Cardinality({ process \in 1..N :
                          \/ phase[process] = "CRITICAL"
                          \/ phase[process] = "LEAVE"
                          \/ level[process] > door
                          \/ (level[process] = door /\ phase[process] = "ANNOUNCE") })
            <= N - door :
            door \in 1..(N - 1) })

\* The steps whose label contains announces.
Step_announces(with_process) ==
  \E process \in 1..N :
    /\ process = with_process
    /\ announces(process)

\* The steps whose label contains gives_way.
Step_gives_way(with_process) ==
  \E process \in 1..N :
    /\ process = with_process
    /\ gives_way(process)

\* The steps whose label contains passes.
Step_passes(with_process) ==
  \E process \in 1..N :
    /\ process = with_process
    /\ passes(process)

\* The steps whose label contains finishes.
Step_finishes(with_process) ==
  \E process \in 1..N :
    /\ process = with_process
    /\ finishes(process)

\* The steps whose label contains leaves.
Step_leaves(with_process) ==
  \E process \in 1..N :
    /\ process = with_process
    /\ leaves(process)

\* If nobody stops on the way, everybody who wants to enter does.
\* (peterson.py, line 198)
nobody_waits_for_ever ==
  (\A process \in (1..N) :
     /\ WF_vars(Step_announces(process))
     /\ WF_vars(Step_gives_way(process))
     /\ WF_vars(Step_passes(process))
     /\ WF_vars(Step_finishes(process))
     /\ WF_vars(Step_leaves(process)))
    => ((phase[1] = "ANNOUNCE") ~> (phase[1] = "CRITICAL"))

\* Everybody who wants to enter does, even if others stop on the way: too much to ask.
\* (peterson.py, line 205)
nobody_waits_for_ever_whatever_happens == (phase[1] = "ANNOUNCE") ~> (phase[1] = "CRITICAL")

\* `wants_in` happens.
\* (peterson.py, line 223)
\* An example: a state that violates this formula is the witness.
Never_somebody_wants_in == ~Some({ phase[process] = "ANNOUNCE" : process \in 1..N })

\* `announces` happens.
\* (peterson.py, line 229)
\* An example: a state that violates this formula is the witness.
Never_somebody_is_at_a_door == ~Some({ level[process] > 0 : process \in 1..N })

\* `gives_way` happens, to all of them at the same door.
\* (peterson.py, line 235)
\* An example: a state that violates this formula is the witness.
Never_all_wait == ~Every({ (phase[process] = "WAIT" /\ level[process] = 1) : process \in 1..N })

\* `passes` happens, to one of several.
\* (peterson.py, line 242)
\* An example: a state that violates this formula is the witness.
Never_one_is_in_while_others_wait ==
  ~(/\ Some({ (phase[process] = "CRITICAL" \/ phase[process] = "LEAVE") : process \in 1..N })
    /\ Every({ (phase[p] = "CRITICAL" \/ phase[p] = "LEAVE" \/ phase[p] = "WAIT") : p \in 1..N }))

\* `finishes` happens.
\* (peterson.py, line 248)
\* An example: a state that violates this formula is the witness.
Never_somebody_is_about_to_leave == ~Some({ phase[process] = "LEAVE" : process \in 1..N })

\* `leaves` happens: all are outside, but a process other than the first has been last at a door.
\* (peterson.py, line 254)
\* An example: a state that violates this formula is the witness.
Never_one_was_in_and_is_out == ~(Every({ phase[p] = "OUTSIDE" : p \in 1..N }) /\ last[1] # 1)

=============================================================================
