"""Die Hard: four gallons of water from a three-gallon and a five-gallon jug.

A bomb in a fountain is disarmed by a jug that holds exactly four gallons. There are two jugs without
marks, and as much water as one likes: a jug can be filled, emptied, or poured into the other until
that is full or it is empty itself. How does one get four gallons?

There are two ways to ask. The example `four_gallons` asks for a state, and the path to it is the
answer. The invariant `big_jug_is_never_four` claims that there is none, and the counterexample is the
same answer: it is meant to be violated in `film`. Where the question has no answer the claim holds and
the example is not found: with jugs of three and six gallons every amount is a multiple of three.

All that can go wrong is that a jug is said to hold more than fits, or less than nothing.

What the spec assumes: nothing is spilt.

Source: the film "Die Hard with a Vengeance" (1995), and the module DieHard by which Leslie Lamport
introduces TLA+ in his video course.
"""

from speccheck import Context, Ite, MachineStateBase, Param, StateVar, action, example, instance, invariant, state


@state
class Jugs(MachineStateBase):
    """What is in the two jugs, in gallons; SMALL and BIG are what they can hold."""

    SMALL: Param[int]
    BIG: Param[int]
    small: StateVar[int]
    big: StateVar[int]


@action(init=True)
def init(c: Context[Jugs]):
    """Both jugs are empty."""
    c.state.small = 0
    c.state.big = 0


@action(inline=False)
def fill_small(c: Context[Jugs]):
    """Fill the small jug at the fountain."""
    c.state.small = c.state.SMALL


@action(inline=False)
def fill_big(c: Context[Jugs]):
    """Fill the big jug at the fountain."""
    c.state.big = c.state.BIG


@action(inline=False)
def empty_small(c: Context[Jugs]):
    """Pour the small jug away."""
    c.state.small = 0


@action(inline=False)
def empty_big(c: Context[Jugs]):
    """Pour the big jug away."""
    c.state.big = 0


@action(inline=False)
def small_to_big(c: Context[Jugs]):
    """Pour the small jug into the big one until one is empty or the other full."""
    s = c.state
    room = s.BIG - s.big
    poured = Ite(s.small < room, s.small, room)
    s.small -= poured
    s.big += poured


@action(inline=False)
def big_to_small(c: Context[Jugs]):
    """Pour the big jug into the small one until one is empty or the other full."""
    s = c.state
    room = s.SMALL - s.small
    poured = Ite(s.big < room, s.big, room)
    s.big -= poured
    s.small += poured


@invariant
def jugs_hold_what_they_can(s: Jugs):
    """No jug holds less than nothing or more than fits."""
    return (s.small >= 0) & (s.small <= s.SMALL) & (s.big >= 0) & (s.big <= s.BIG)


@invariant
def big_jug_is_never_four(s: Jugs):
    """The riddle has no answer. In the film it has one, so this is violated, and the path is the answer."""
    return s.big != 4


@example
def four_gallons(s: Jugs):
    """The big jug holds four gallons: the riddle's answer."""
    return s.big == 4


@example
def small_is_filled(s: Jugs):
    """`fill_small` happens."""
    return (s.small == s.SMALL) & (s.big == 0)


@example
def big_is_filled(s: Jugs):
    """`fill_big` happens."""
    return (s.big == s.BIG) & (s.small == 0)


@example
def small_is_emptied(s: Jugs):
    """`empty_small` happens: what did not fit into the small jug is alone in the big one."""
    return (s.small == 0) & (s.big == s.BIG - s.SMALL)


@example
def big_is_emptied(s: Jugs):
    """`empty_big` happens: what did not fit into the big jug the second time is alone in the small one."""
    return (s.small == s.SMALL + s.SMALL - s.BIG) & (s.big == 0)


@example
def small_is_poured_over(s: Jugs):
    """`small_to_big` happens: nothing else puts less than a full jug into the big one while the small one is empty."""
    return (s.small == 0) & (s.big == s.SMALL)


@example
def big_is_poured_over(s: Jugs):
    """`big_to_small` happens: the small jug is full and the big one holds the rest."""
    return (s.small == s.SMALL) & (s.big == s.BIG - s.SMALL)


@instance
def film() -> Jugs:
    """Three and five gallons, as in the film."""
    return Jugs(SMALL=3, BIG=5)


@instance
def threes() -> Jugs:
    """Three and six gallons: four cannot be measured."""
    return Jugs(SMALL=3, BIG=6)
