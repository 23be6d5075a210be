------------------------------ MODULE branches ------------------------------
\* Ways of taking a step.
\*
\* From branches, instance only.

EXTENDS Integers, Sequences, FiniteSets, TLC

VARIABLES
  a,  \* int
  b   \* int

vars ==
  <<a, b>>

\* Sets it.
raise(to) == a = to

\* The first states.
Init ==
  /\ raise(0)
  /\ b = a

\* Sets it.
raise__2(to) ==
  /\ a' = to
  /\ UNCHANGED b

raise__3(to) == raise__2(to + a)

\* The steps.
Next ==
  /\ \/ /\ a' = a + 1
        /\ b' = a'
     \/ LET double == b * 2
        IN  IF double < 10
              THEN raise__3(double)
              ELSE /\ b > 0
                   /\ UNCHANGED <<a, b>>
     \/ UNCHANGED <<a, b>>
  /\ a' <= 100

Spec == Init /\ [][Next]_vars

ordered == a <= b

=============================================================================
