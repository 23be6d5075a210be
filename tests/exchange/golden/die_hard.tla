------------------------------ MODULE die_hard ------------------------------
\* Die Hard: four gallons of water from a three-gallon and a five-gallon jug.
\*
\* A bomb in a fountain is disarmed by a jug that holds exactly four gallons. There are two jugs without
\* marks, and as much water as one likes: a jug can be filled, emptied, or poured into the other until
\* that is full or it is empty itself. How does one get four gallons?
\*
\* There are two ways to ask. The example `four_gallons` asks for a state, and the path to it is the
\* answer. The invariant `big_jug_is_never_four` claims that there is none, and the counterexample is the
\* same answer: it is meant to be violated in `film`. Where the question has no answer the claim holds and
\* the example is not found: with jugs of three and six gallons every amount is a multiple of three.
\*
\* All that can go wrong is that a jug is said to hold more than fits, or less than nothing.
\*
\* What the spec assumes: nothing is spilt.
\*
\* Source: the film "Die Hard with a Vengeance" (1995), and the module DieHard by which Leslie Lamport
\* introduces TLA+ in his video course.
\*
\* From die_hard, instance film.

EXTENDS Integers, Sequences, FiniteSets, TLC

CONSTANTS
  SMALL,  \* int
  BIG     \* int

VARIABLES
  small,  \* int
  big     \* int

vars ==
  <<small, big>>

\* The first states.
Init ==
  /\ small = 0
  /\ big = 0

\* Fill the small jug at the fountain.
\* (die_hard.py, line 43)
fill_small ==
  /\ small' = SMALL
  /\ UNCHANGED big

\* Fill the big jug at the fountain.
\* (die_hard.py, line 49)
fill_big ==
  /\ big' = BIG
  /\ UNCHANGED small

\* Pour the small jug away.
\* (die_hard.py, line 55)
empty_small ==
  /\ small' = 0
  /\ UNCHANGED big

\* Pour the big jug away.
\* (die_hard.py, line 61)
empty_big ==
  /\ big' = 0
  /\ UNCHANGED small

\* Pour the small jug into the big one until one is empty or the other full.
\* (die_hard.py, lines 70 to 71)
small_to_big ==
  /\ small' = small - (IF small < BIG - big THEN small ELSE BIG - big)
  /\ big' = big + (IF small < BIG - big THEN small ELSE BIG - big)

\* Pour the big jug into the small one until one is empty or the other full.
\* (die_hard.py, lines 80 to 81)
big_to_small ==
  /\ big' = big - (IF big < SMALL - small THEN big ELSE SMALL - small)
  /\ small' = small + (IF big < SMALL - small THEN big ELSE SMALL - small)

\* The steps.
Next ==
  \/ fill_small
  \/ fill_big
  \/ empty_small
  \/ empty_big
  \/ small_to_big
  \/ big_to_small

Spec == Init /\ [][Next]_vars

\* No jug holds less than nothing or more than fits.
\* (die_hard.py, line 87)
jugs_hold_what_they_can == small >= 0 /\ small <= SMALL /\ big >= 0 /\ big <= BIG

\* The riddle has no answer. In the film it has one, so this is violated, and the path is the answer.
\* (die_hard.py, line 93)
big_jug_is_never_four == big # 4

\* The big jug holds four gallons: the riddle's answer.
\* (die_hard.py, line 99)
\* An example: a state that violates this formula is the witness.
Never_four_gallons == ~(big = 4)

\* `fill_small` happens.
\* (die_hard.py, line 105)
\* An example: a state that violates this formula is the witness.
Never_small_is_filled == ~(small = SMALL /\ big = 0)

\* `fill_big` happens.
\* (die_hard.py, line 111)
\* An example: a state that violates this formula is the witness.
Never_big_is_filled == ~(big = BIG /\ small = 0)

\* `empty_small` happens: what did not fit into the small jug is alone in the big one.
\* (die_hard.py, line 117)
\* An example: a state that violates this formula is the witness.
Never_small_is_emptied == ~(small = 0 /\ big = BIG - SMALL)

\* `empty_big` happens: what did not fit into the big jug the second time is alone in the small one.
\* (die_hard.py, line 123)
\* An example: a state that violates this formula is the witness.
Never_big_is_emptied == ~(small = (SMALL + SMALL) - BIG /\ big = 0)

\* `small_to_big` happens: nothing else puts less than a full jug into the big one while the small one is empty.
\* (die_hard.py, line 129)
\* An example: a state that violates this formula is the witness.
Never_small_is_poured_over == ~(small = 0 /\ big = SMALL)

\* `big_to_small` happens: the small jug is full and the big one holds the rest.
\* (die_hard.py, line 135)
\* An example: a state that violates this formula is the witness.
Never_big_is_poured_over == ~(small = SMALL /\ big = BIG - SMALL)

=============================================================================
