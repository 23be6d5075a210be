"""Dining philosophers: everybody needs two things that others need too, and takes them one after the other.

Philosophers sit round a table, with one fork between any two of them. To eat, one needs both forks beside the
plate; the one is taken first, then the other, and afterwards they are put down in the same order.

What can go wrong: all take the fork on the same side at the same time. Each then waits for its neighbour, for ever:
a deadlock, which `speccheck check --deadlock` finds. The classic way out is an order: everybody takes the fork with
the lower number first, so that nobody holds the highest while waiting for another. ORDERED chooses between the two.

What the spec assumes: taking a fork is indivisible; nobody takes a fork away from another, and who eats stops one
day. An order prevents deadlock, not hunger: a neighbour can be quicker again and again. Only if whoever finds the
fork free again and again takes it some time does everybody eat.

Sources: Edsger W. Dijkstra, "Hierarchical ordering of sequential processes", Acta Informatica 1(2), 1971 (EWD 310);
the order of resources also in J. W. Havender, "Avoiding deadlock in multitasking systems", IBM Systems Journal
7(2), 1968.
"""

from enum import Enum
from typing import Annotated

from speccheck import (
    AndT,
    Context,
    Exists,
    Expr,
    Forall,
    Implies,
    ImpliesT,
    Interval,
    Ite,
    LeadsTo,
    MachineStateBase,
    Map,
    Param,
    StateVar,
    StrongFair,
    WeakFair,
    action,
    example,
    expr,
    instance,
    invariant,
    state,
    temporal,
)

NOBODY = 0


class Phase(Enum):
    """What a philosopher is at."""

    THINKING = "thinking"
    HUNGRY = "hungry"
    HOLDS_ONE = "holds one"
    EATING = "eating"
    PUTTING_DOWN = "putting down"


@state
class Table(MachineStateBase):
    """Philosophers 1 to N. Philosopher p sits between the forks p and p + 1; the last one's other fork is 1."""

    N: Param[int]
    ORDERED: Param[bool]
    ALREADY_EATING: Param[set[int]]
    phase: StateVar[dict[int, Phase]]
    holder: StateVar[dict[int, int]]


@expr
def left_of(s: Table, fork: Annotated[Expr, int]):
    """The philosopher to the left of a fork; to the right of it sits the one with its number."""
    return Ite(fork == 1, s.N, fork - 1)


@action(init=True)
def init(c: Context[Table]):
    """Everybody thinks, all forks are on the table; or some eat already, with the forks beside them."""
    s = c.state
    s.phase = Map(Ite(s.ALREADY_EATING.contains(p), Phase.EATING, Phase.THINKING) for p in Interval(1, s.N))
    s.holder = Map(
        Ite(
            s.ALREADY_EATING.contains(fork),
            fork,
            Ite(s.ALREADY_EATING.contains(left_of(s, fork)), left_of(s, fork), NOBODY),
        )
        for fork in Interval(1, s.N)
    )


@expr
def first_fork(s: Table, philosopher: Annotated[Expr, int]):
    """The fork that is taken first: the left one, or in an ordered world the one with the lower number."""
    return Ite(s.ORDERED & (philosopher == s.N), 1, philosopher)


@expr
def second_fork(s: Table, philosopher: Annotated[Expr, int]):
    """The other one."""
    return Ite(s.ORDERED & (philosopher == s.N), s.N, philosopher % s.N + 1)


@action(inline=False)
def gets_hungry(c: Context[Table], philosopher: Annotated[Expr, int]):
    """A philosopher has thought enough."""
    s = c.state
    c.assume(s.phase[philosopher] == Phase.THINKING)
    s.phase[philosopher] = Phase.HUNGRY


@action(inline=False)
def takes_first(c: Context[Table], philosopher: Annotated[Expr, int]):
    """A hungry philosopher takes the first fork from the table."""
    s = c.state
    fork = first_fork(s, philosopher)
    c.assume(s.phase[philosopher] == Phase.HUNGRY)
    c.assume(s.holder[fork] == NOBODY)
    s.holder[fork] = philosopher
    s.phase[philosopher] = Phase.HOLDS_ONE


@action(inline=False)
def takes_second(c: Context[Table], philosopher: Annotated[Expr, int]):
    """A philosopher with one fork takes the other one and eats."""
    s = c.state
    fork = second_fork(s, philosopher)
    c.assume(s.phase[philosopher] == Phase.HOLDS_ONE)
    c.assume(s.holder[fork] == NOBODY)
    s.holder[fork] = philosopher
    s.phase[philosopher] = Phase.EATING


@action(inline=False)
def puts_first_down(c: Context[Table], philosopher: Annotated[Expr, int]):
    """A philosopher stops eating and puts the first fork back."""
    s = c.state
    c.assume(s.phase[philosopher] == Phase.EATING)
    s.holder[first_fork(s, philosopher)] = NOBODY
    s.phase[philosopher] = Phase.PUTTING_DOWN


@action(inline=False)
def puts_second_down(c: Context[Table], philosopher: Annotated[Expr, int]):
    """A philosopher puts the second fork back and thinks."""
    s = c.state
    c.assume(s.phase[philosopher] == Phase.PUTTING_DOWN)
    s.holder[second_fork(s, philosopher)] = NOBODY
    s.phase[philosopher] = Phase.THINKING


@action
def step(c: Context[Table]):
    """One step of any philosopher."""
    with c.one_of(Interval(1, c.state.N), "philosopher") as philosopher:
        hungry, first, second, back, rest = c.alternatives("hungry", "first", "second", "back", "rest")
        with hungry:
            gets_hungry(c, philosopher)
        with first:
            takes_first(c, philosopher)
        with second:
            takes_second(c, philosopher)
        with back:
            puts_first_down(c, philosopher)
        with rest:
            puts_second_down(c, philosopher)


@invariant
def neighbours_never_eat_together(s: Table):
    """Of two who share a fork, only one eats."""
    return Forall(
        ~((s.phase[one] == Phase.EATING) & (s.phase[one % s.N + 1] == Phase.EATING)) for one in Interval(1, s.N)
    )


@invariant
def who_eats_has_both_forks(s: Table):
    """Nobody eats with a fork that somebody else holds."""
    return Forall(
        Implies(
            s.phase[one] == Phase.EATING,
            (s.holder[first_fork(s, one)] == one) & (s.holder[second_fork(s, one)] == one),
        )
        for one in Interval(1, s.N)
    )


@invariant
def forks_stay_at_their_place(s: Table):
    """A fork is on the table, or with one of the two who sit beside it and who neither thinks nor is hungry."""
    return Forall(
        (s.holder[fork] == NOBODY)
        | (
            ((s.holder[fork] == fork) | (s.holder[fork] == left_of(s, fork)))
            & (s.phase[s.holder[fork]] != Phase.THINKING)
            & (s.phase[s.holder[fork]] != Phase.HUNGRY)
        )
        for fork in Interval(1, s.N)
    )


@invariant
def not_all_wait_for_each_other(s: Table):
    """There is always somebody who does not hold one fork and wait for the other."""
    return Exists(s.phase[one] != Phase.HOLDS_ONE for one in Interval(1, s.N))


@expr
def meals_end(s: Table):
    """Who eats stops one day, and puts both forks down."""
    return Forall(AndT(WeakFair(puts_first_down, one), WeakFair(puts_second_down, one)) for one in Interval(1, s.N))


@expr
def the_first_eats(s: Table):
    """Whenever philosopher 1 is hungry, it eats one day."""
    return LeadsTo(s.phase[1] == Phase.HUNGRY, s.phase[1] == Phase.EATING)


@temporal
def hunger_ends_for_the_patient(s: Table):
    """It eats if whoever finds a fork free again and again takes it some time."""
    taken = Forall(AndT(StrongFair(takes_first, one), StrongFair(takes_second, one)) for one in Interval(1, s.N))
    return ImpliesT(AndT(meals_end(s), taken), the_first_eats(s))


@temporal
def hunger_ends_for_the_lucky(s: Table):
    """It eats if only whoever finds a fork free all the time takes it: too much to ask, neighbours may be quicker."""
    taken = Forall(AndT(WeakFair(takes_first, one), WeakFair(takes_second, one)) for one in Interval(1, s.N))
    return ImpliesT(AndT(meals_end(s), taken), the_first_eats(s))


@example
def everybody_is_hungry(s: Table):
    """`gets_hungry` happens, to all."""
    return Forall(s.phase[one] == Phase.HUNGRY for one in Interval(1, s.N))


@example
def somebody_holds_one_fork(s: Table):
    """`takes_first` happens."""
    return Exists(s.phase[one] == Phase.HOLDS_ONE for one in Interval(1, s.N))


@example
def as_many_eat_as_can(s: Table):
    """`takes_second` happens, to half of them at once."""
    return Interval(1, s.N).filter(lambda one: s.phase[one] == Phase.EATING).size == s.N // 2


@example
def somebody_has_eaten(s: Table):
    """`puts_first_down` happens."""
    return Exists(s.phase[one] == Phase.PUTTING_DOWN for one in Interval(1, s.N))


@example
def the_table_is_laid(s: Table):
    """`puts_second_down` happens: all forks are on the table. (Trivial where nobody eats at first.)"""
    return Forall(s.holder[fork] == NOBODY for fork in Interval(1, s.N))


@instance
def greedy() -> Table:
    """Five philosophers who all take the left fork first: they can starve together."""
    return Table(N=5, ORDERED=False, ALREADY_EATING=set())


@instance
def ordered() -> Table:
    """Five philosophers who take the fork with the lower number first."""
    return Table(N=5, ORDERED=True, ALREADY_EATING=set())


@instance
def ordered_at_dinner() -> Table:
    """Three of them, one of whom eats already when we begin to watch."""
    return Table(N=3, ORDERED=True, ALREADY_EATING={2})
