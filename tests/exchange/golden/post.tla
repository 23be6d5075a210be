-------------------------------- MODULE post --------------------------------
\* From post, instance three.

EXTENDS Integers, Sequences, FiniteSets, TLC

\* What TLA+ has no word for.

\* What is in a list.
Elements(list) == { list[place] : place \in DOMAIN list }

\* The map with another value for a key it has; no value for a key it has not.
Replaced(map, key, value) == CASE key \in DOMAIN map -> [map EXCEPT ![key] = value]

\* The elements from place low + 1 to high, as far as there are; no value for a negative bound.
Slice(list, low, high) ==
  CASE low >= 0 /\ high >= 0 -> SubSeq(list, low + 1, IF high < Len(list) THEN high ELSE Len(list))

\* Where a list has an element.
Place(list, element) == CHOOSE place \in DOMAIN list : list[place] = element

Least(set) == CHOOSE x \in set : \A y \in set : x <= y

StringOrder == <<"a", "b", "d%C3%A9p %221%22%0A", "rm1", "rm10", "rm2", "x", "y">>

Precedes_str(a, b) == Place(StringOrder, a) < Place(StringOrder, b)

Least_str(set) == CHOOSE x \in set : \A y \in set : ~Precedes_str(y, x)

-----------------------------------------------------------------------------

CONSTANTS
  WORKERS,  \* set[str]
  KNOWN     \* dict[str, Plan]

VARIABLES
  zone,    \* dict[str, Plan]
  mail,    \* list[Message]
  phases   \* dict[str, Phase]

vars ==
  <<zone, mail, phases>>

\* The first states.
Init ==
  /\ zone = <<>>
  /\ mail = <<[tag |-> "Moved", Moved |-> <<0, 1>>], [tag |-> "Commit"]>>
  /\ phases = [k \in WORKERS |-> "Try"]

send(rm) ==
  /\ rm \notin DOMAIN zone
  /\ mail' = mail \o <<[tag |-> "Prepared", Prepared |-> rm]>>
  /\ zone' = (rm :> [epoch |-> 1, owner |-> "d%C3%A9p %221%22%0A", ready |-> {1, 2, 3}]) @@ zone
  /\ phases' = Replaced(phases, rm, "Done")

\* The steps.
Next == \E rm \in WORKERS : send(rm)

Spec == Init /\ [][Next]_vars

\* The value of KNOWN.
three_KNOWN ==
  ("a" :> [epoch |-> 1, owner |-> "y", ready |-> {1, 2}])
    @@ ("b" :> [epoch |-> 2, owner |-> "x", ready |-> {}])

Fold_acc(collection, initial) ==
  LET RECURSIVE fold_acc(_, _)
      fold_acc(left, acc) ==
          IF left = {}
            THEN acc
            ELSE LET x == Least(left) IN fold_acc(left \ {x}, IF acc < x THEN x ELSE acc)
  IN  fold_acc(collection, initial)

Fold_n(collection, initial) ==
  LET RECURSIVE fold_n(_, _)
      fold_n(left, n) ==
          IF left = {}
            THEN n
            ELSE LET k == Least_str(left)
                 IN  fold_n(left \ {k}, n - Cardinality(collection[k].ready))
  IN  fold_n(DOMAIN collection, initial)

folds == Fold_acc({ zone[k].epoch : k \in DOMAIN zone }, 0) >= Fold_n(zone, -1)

pairs ==
  LET total == Cardinality(DOMAIN zone)
  IN  Cardinality(UNION UNION { { (IF (x ^ 2) % 3 # -((y + 1) * (-2)) THEN {<<x, y>>} ELSE {}) :
                                    y \in 0..x } :
                                  x \in 0..total }) < total * total

about(m) ==
  CASE m.tag = "Prepared" -> m.Prepared \in WORKERS
    [] m.tag = "Moved" -> m.Moved[1] > m.Moved[2]
    [] OTHER -> TRUE

lists ==
  LET shared ==
          Slice(mail,
                Least({ i \in 0..(Len(mail) - 1) :
                          [place \in DOMAIN mail |-> about(mail[place])][i + 1] }),
                Len(mail))
  IN  /\ \/ phases = [k \in WORKERS |-> "Try"]
         \/ [tag |-> "Commit"] \notin
                Elements(LET RECURSIVE kept_m(_)
                             kept_m(place_2) ==
                                 IF place_2 > Len(mail)
                                   THEN <<>>
                                   ELSE (IF mail[place_2] # [tag |-> "Commit"]
                                           THEN <<mail[place_2]>>
                                           ELSE <<>>)
                                          \o kept_m(place_2 + 1)
                         IN  kept_m(1))
      /\ Len(shared) > 0 => shared[1].tag = "Moved"

=============================================================================
