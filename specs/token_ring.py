"""Dijkstra's self-stabilising ring: however it begins, in the end exactly one privilege goes round and round.

Machines stand in a ring, each with a number below K, and each sees its left neighbour's. The bottom machine may move
where its neighbour's number is its own: it counts on by one. Every other one may move where the two differ: it takes
over its neighbour's number. To be allowed to move is the privilege.

What can go wrong: faults leave the ring with several privileges, and it never gets rid of them.

What the spec assumes: one machine moves at a time, seeing its neighbour as it is. Which of those that may move does, a
daemon decides, as unfairly as it likes; but it lets one move as long as one may. Any numbers can stand there at first.

Source: Edsger W. Dijkstra, "Self-stabilizing systems in spite of distributed control", Communications of the ACM
17(11), 1974: the solution with K-state machines. It stabilises where K is at least the number of machines; one less
is enough under this daemon, as is known since. With fewer numbers still it does not.
"""

from typing import Annotated

from speccheck import (
    AllMaps,
    Always,
    Context,
    Eventually,
    Expr,
    Forall,
    Implies,
    ImpliesT,
    Interval,
    Ite,
    MachineStateBase,
    Param,
    SetIf,
    StateVar,
    WeakFair,
    action,
    example,
    expr,
    instance,
    invariant,
    state,
    temporal,
)


@state
class Ring(MachineStateBase):
    """Machines 0 (the bottom one) to N - 1, numbers 0 to K - 1."""

    N: Param[int]
    K: Param[int]
    IN_ORDER: Param[bool]
    number: StateVar[dict[int, int]]


@expr
def machines(s: Ring):
    """All machines."""
    return Interval(0, s.N - 1)


@expr
def is_privileged(s: Ring, machine: Annotated[Expr, int]):
    """Whether a machine may move."""
    same = s.number[machine] == s.number[(machine - 1) % s.N]
    return Ite(machine == 0, same, ~same)


@expr
def privileges(s: Ring):
    """How many machines may move."""
    return SetIf(is_privileged(s, machine) for machine in machines(s)).size


@action(init=True)
def init(c: Context[Ring]):
    """Anything may stand there, unless everything is in order at first."""
    s = c.state
    with c.one_of(AllMaps(machines(s), Interval(0, s.K - 1)), "number") as number:
        c.assume(Implies(s.IN_ORDER, Forall(number[machine] == 0 for machine in machines(s))))
        s.number = number


@action(inline=False)
def moves(c: Context[Ring]):
    """The daemon picks a machine that may move, and it does."""
    s = c.state
    with c.one_of(machines(s), "machine") as machine:
        c.assume(is_privileged(s, machine))
        left = s.number[(machine - 1) % s.N]
        s.number[machine] = Ite(machine == 0, (left + 1) % s.K, left)


@action
def step(c: Context[Ring]):
    """A machine moves."""
    moves(c)


@invariant
def somebody_may_move(s: Ring):
    """There is always a privilege."""
    return privileges(s) >= 1


@temporal
def one_privilege_stays_one(s: Ring):
    """Once there is exactly one privilege there always is."""
    return Always(ImpliesT(privileges(s) == 1, Always(privileges(s) == 1)))


@temporal
def stabilises(s: Ring):
    """In the end there is exactly one privilege, as long as machines move."""
    return ImpliesT(WeakFair(moves), Eventually(Always(privileges(s) == 1)))


@temporal
def everybody_gets_it(s: Ring):
    """Every machine is privileged again and again, as long as machines move."""
    again = Forall(Always(Eventually(is_privileged(s, machine))) for machine in machines(s))
    return ImpliesT(WeakFair(moves), again)


@temporal
def stabilises_by_itself(s: Ring):
    """Nothing is put in order while nobody moves."""
    return Eventually(Always(privileges(s) == 1))


@example
def everybody_may_move(s: Ring):
    """As many privileges as there can be, but for the bottom one's."""
    return privileges(s) >= s.N - 1


@example
def the_bottom_has_counted_on(s: Ring):
    """`moves` happens: the bottom machine has counted on, and the privilege is its neighbour's."""
    return (s.number[0] == 1) & Forall(s.number[machine] == 0 for machine in Interval(1, s.N - 1))


@instance
def enough() -> Ring:
    """As many numbers as machines."""
    return Ring(N=4, K=4, IN_ORDER=False)


@instance
def one_less() -> Ring:
    """One number less than machines: still enough."""
    return Ring(N=4, K=3, IN_ORDER=False)


@instance
def too_few() -> Ring:
    """Two numbers for four machines: some disorder goes on for ever."""
    return Ring(N=4, K=2, IN_ORDER=False)


@instance
def five() -> Ring:
    """Five machines with five numbers: 3,125 ways to begin."""
    return Ring(N=5, K=5, IN_ORDER=False)


@instance
def five_with_too_few() -> Ring:
    """Five machines with three numbers."""
    return Ring(N=5, K=3, IN_ORDER=False)


@instance
def orderly() -> Ring:
    """Four machines that are in order at first, and stay so."""
    return Ring(N=4, K=4, IN_ORDER=True)
