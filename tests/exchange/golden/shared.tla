------------------------------- MODULE shared -------------------------------
\* Counts up to a limit.
\*
\* From shared, instance small.

EXTENDS Integers, Sequences, FiniteSets, TLC

CONSTANTS
  N   \* int

VARIABLES
  count   \* int

vars ==
  <<count>>

\* The first states.
Init == count = 0

\* Adds one or two.
\*
\* Never beyond the limit.
\* (counter.py, line 12)
increment(by) ==
  /\ count + by <= N
  /\ count' = count + by

\* The steps.
Next == \E by \in {1, 2} : increment(by)

Spec == Init /\ [][Next]_vars

\* Never above N.
bounded == count <= N

\* An example: a state that violates this formula is the witness.
Never_full == ~(count = N)

big ==
  LET shared_2 == count + N + (count + N) + (count + N + (count + N))
      shared_3 ==
          shared_2
            + shared_2
            + (shared_2 + shared_2)
            + (shared_2 + shared_2 + (shared_2 + shared_2))
      shared_4 ==
          shared_3
            + shared_3
            + (shared_3 + shared_3)
            + (shared_3 + shared_3 + (shared_3 + shared_3))
      shared_5 ==
          shared_4
            + shared_4
            + (shared_4 + shared_4)
            + (shared_4 + shared_4 + (shared_4 + shared_4))
      shared_6 ==
          shared_5
            + shared_5
            + (shared_5 + shared_5)
            + (shared_5 + shared_5 + (shared_5 + shared_5))
      shared_7 ==
          shared_6
            + shared_6
            + (shared_6 + shared_6)
            + (shared_6 + shared_6 + (shared_6 + shared_6))
      shared_8 ==
          shared_7
            + shared_7
            + (shared_7 + shared_7)
            + (shared_7 + shared_7 + (shared_7 + shared_7))
      shared_9 ==
          shared_8
            + shared_8
            + (shared_8 + shared_8)
            + (shared_8 + shared_8 + (shared_8 + shared_8))
      shared_10 ==
          shared_9
            + shared_9
            + (shared_9 + shared_9)
            + (shared_9 + shared_9 + (shared_9 + shared_9))
      shared_11 ==
          shared_10
            + shared_10
            + (shared_10 + shared_10)
            + (shared_10 + shared_10 + (shared_10 + shared_10))
      shared_12 ==
          shared_11
            + shared_11
            + (shared_11 + shared_11)
            + (shared_11 + shared_11 + (shared_11 + shared_11))
      shared_13 ==
          shared_12
            + shared_12
            + (shared_12 + shared_12)
            + (shared_12 + shared_12 + (shared_12 + shared_12))
      shared_14 ==
          shared_13
            + shared_13
            + (shared_13 + shared_13)
            + (shared_13 + shared_13 + (shared_13 + shared_13))
      shared_15 ==
          shared_14
            + shared_14
            + (shared_14 + shared_14)
            + (shared_14 + shared_14 + (shared_14 + shared_14))
      shared_16 ==
          shared_15
            + shared_15
            + (shared_15 + shared_15)
            + (shared_15 + shared_15 + (shared_15 + shared_15))
      shared_17 ==
          shared_16
            + shared_16
            + (shared_16 + shared_16)
            + (shared_16 + shared_16 + (shared_16 + shared_16))
      shared_18 ==
          shared_17
            + shared_17
            + (shared_17 + shared_17)
            + (shared_17 + shared_17 + (shared_17 + shared_17))
      shared_19 ==
          shared_18
            + shared_18
            + (shared_18 + shared_18)
            + (shared_18 + shared_18 + (shared_18 + shared_18))
      shared_20 ==
          shared_19
            + shared_19
            + (shared_19 + shared_19)
            + (shared_19 + shared_19 + (shared_19 + shared_19))
      shared_21 ==
          shared_20
            + shared_20
            + (shared_20 + shared_20)
            + (shared_20 + shared_20 + (shared_20 + shared_20))
  IN  shared_21 + shared_21 >= 0

twice ==
  \A x \in 0..N :
    LET shared_2 == x * (count + N) <= 1000 /\ x % 7 # N /\ count > 0 IN shared_2 \/ ~shared_2

=============================================================================
