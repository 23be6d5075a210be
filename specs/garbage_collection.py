"""Garbage collection of objects with owners: does anything vanish whose owner lives?

An object may name its owner, by name and by UID. When the owner is deleted, the collector deletes what it owned: in
the background, after the owner is gone; or in the foreground, where a finalizer keeps the owner until its dependents
are gone; or not at all (orphans), where a finalizer keeps it until the dependents have forgotten it.

What can go wrong. Names are used again: the owner is deleted and somebody creates another one of the same name. What
belongs to the new one must not go, what belonged to the old one must; only UIDs tell them apart. The collector works
on what it has heard, and what it has heard may be old: before it deletes a dependent it asks the API server whether
the owner really is gone. An owner that is deleted in the foreground must not go before its dependents.

What the spec assumes: asking for the owner and deleting the dependent are two steps, and the API server refuses to
delete an object that has changed in between (the deletion carries the dependent's UID and version); UIDs are never
used again. Two kinds of objects are enough: owners, all of one name, one at a time, and dependents.

Sources: the Kubernetes documentation, "Garbage Collection" and "Owners and Dependents"; the garbage collector
controller's design (kubernetes/design-proposals-archive, api-machinery/garbage-collection.md).
"""

from enum import Enum
from typing import Annotated

from speccheck import (
    Context,
    Expr,
    Forall,
    Implies,
    Interval,
    MachineStateBase,
    Map,
    Param,
    Set,
    SetIf,
    StateVar,
    action,
    example,
    expr,
    instance,
    invariant,
    state,
)


class Life(Enum):
    """What the one owner that there can be is at; the finalizers say what keeps it."""

    NONE = "there is none"
    LIVES = "lives"
    FOREGROUND = "deleted, kept until its dependents are gone"
    ORPHANING = "deleted, kept until its dependents have forgotten it"


@state
class Cluster(MachineStateBase):
    """The owner of the name and its UID; the dependents that there are, each with its owner's UID (0: none).

    `believed_gone`: UIDs of owners that the collector has found to be absent. `condemned`: dependents that it has
    decided to delete, with the owner each had then. `wronged`: whether a dependent of a living owner was deleted;
    `refused`: whether a deletion was.
    """

    OWNERS: Param[int]
    DEPENDENTS: Param[int]
    owner: StateVar[Life]
    uid: StateVar[int]
    dependents: StateVar[dict[int, int]]
    created: StateVar[int]
    believed_gone: StateVar[set[int]]
    condemned: StateVar[dict[int, int]]
    wronged: StateVar[bool]
    refused: StateVar[bool]


@action(init=True)
def init(c: Context[Cluster]):
    """Nothing exists."""
    s = c.state
    s.owner = Life.NONE
    s.uid = 0
    s.dependents = Map(int, int)
    s.created = 0
    s.believed_gone = Set(int)
    s.condemned = Map(int, int)
    s.wronged = False
    s.refused = False


@expr
def exists(s: Cluster, uid: Annotated[Expr, int]):
    """Whether the owner with a UID is there still."""
    return (s.owner != Life.NONE) & (s.uid == uid)


@expr
def owned_by(s: Cluster, uid: Annotated[Expr, int]):
    """The dependents of an owner."""
    return SetIf(s.dependents[each] == uid for each in s.dependents.keys)


@action(inline=False)
def owner_is_created(c: Context[Cluster]):
    """A user creates the owner, under the name that an earlier one may have had."""
    s = c.state
    c.assume((s.owner == Life.NONE) & (s.uid < s.OWNERS))
    s.owner = Life.LIVES
    s.uid += 1


@action(inline=False)
def dependent_is_created(c: Context[Cluster], uid: Annotated[Expr, int]):
    """A controller creates a dependent of an owner that it has seen, perhaps long ago."""
    s = c.state
    c.assume(s.created < s.DEPENDENTS)
    s.created += 1
    s.dependents = s.dependents.insert(s.created, uid)


@action(inline=False)
def deleted_in_background(c: Context[Cluster]):
    """The owner is deleted and gone at once."""
    s = c.state
    c.assume(s.owner == Life.LIVES)
    s.owner = Life.NONE


@action(inline=False)
def deleted_in_foreground(c: Context[Cluster]):
    """The owner is deleted, and kept by a finalizer until its dependents are gone."""
    s = c.state
    c.assume(s.owner == Life.LIVES)
    s.owner = Life.FOREGROUND


@action(inline=False)
def deleted_orphaning(c: Context[Cluster]):
    """The owner is deleted, and kept by a finalizer until its dependents have forgotten it."""
    s = c.state
    c.assume(s.owner == Life.LIVES)
    s.owner = Life.ORPHANING


@action(inline=False)
def owner_is_released(c: Context[Cluster]):
    """The collector sees no dependent any more, and takes the finalizer off: the owner is gone."""
    s = c.state
    c.assume((s.owner == Life.FOREGROUND) | (s.owner == Life.ORPHANING))
    c.assume(owned_by(s, s.uid).is_empty)
    s.owner = Life.NONE


@action(inline=False)
def dependent_forgets(c: Context[Cluster], dependent: Annotated[Expr, int]):
    """The collector takes the reference to an owner that orphans its dependents out of one."""
    s = c.state
    c.assume((s.owner == Life.ORPHANING) & (s.dependents[dependent] == s.uid))
    s.dependents[dependent] = 0


@action(inline=False)
def looks_for_owner(c: Context[Cluster], dependent: Annotated[Expr, int]):
    """The collector asks the API server for a dependent's owner, by name and UID, and finds that it is absent."""
    s = c.state
    uid = s.dependents[dependent]
    c.assume((uid != 0) & ~s.believed_gone.contains(uid))
    c.assume(~exists(s, uid))
    s.believed_gone |= Set(uid)


@action(inline=False)
def condemns(c: Context[Cluster], dependent: Annotated[Expr, int]):
    """The collector decides to delete a dependent: its owner is gone, or is deleted in the foreground."""
    s = c.state
    uid = s.dependents[dependent]
    c.assume(~s.condemned.keys.contains(dependent))
    c.assume(s.believed_gone.contains(uid) | ((s.owner == Life.FOREGROUND) & (uid == s.uid)))
    s.condemned = s.condemned.insert(dependent, uid)


@action(inline=False)
def is_adopted(c: Context[Cluster], dependent: Annotated[Expr, int]):
    """A living owner adopts a dependent that has none, or whose owner is gone."""
    s = c.state
    c.assume((s.owner == Life.LIVES) & ~exists(s, s.dependents[dependent]))
    s.dependents[dependent] = s.uid


@action(inline=False)
def deletes(c: Context[Cluster], dependent: Annotated[Expr, int]):
    """The API server deletes a condemned dependent, if it has still the owner that it was condemned for."""
    s = c.state
    c.assume(s.condemned.keys.contains(dependent) & s.dependents.keys.contains(dependent))
    c.assume(s.dependents[dependent] == s.condemned[dependent])
    s.wronged = s.wronged | ((s.owner == Life.LIVES) & (s.dependents[dependent] == s.uid))
    s.dependents = Map(s.dependents[other] for other in s.dependents.keys - Set(dependent))
    s.condemned = Map(s.condemned[other] for other in s.condemned.keys - Set(dependent))


@action(inline=False)
def is_refused(c: Context[Cluster], dependent: Annotated[Expr, int]):
    """The API server refuses to delete a dependent that has changed; the collector thinks anew."""
    s = c.state
    c.assume(s.condemned.keys.contains(dependent) & s.dependents.keys.contains(dependent))
    c.assume(s.dependents[dependent] != s.condemned[dependent])
    s.refused = True
    s.condemned = Map(s.condemned[other] for other in s.condemned.keys - Set(dependent))


@action
def step(c: Context[Cluster]):
    """A user, a controller or the collector does one thing."""
    s = c.state
    owners, make, collect = c.alternatives("owners", "make", "collect")
    with owners:
        new, background, foreground, orphaning, release = c.alternatives(
            "new", "background", "foreground", "orphaning", "release"
        )
        with new:
            owner_is_created(c)
        with background:
            deleted_in_background(c)
        with foreground:
            deleted_in_foreground(c)
        with orphaning:
            deleted_orphaning(c)
        with release:
            owner_is_released(c)
    with make:
        with c.one_of(Interval(1, s.uid), "uid") as uid:
            dependent_is_created(c, uid)
    with collect:
        with c.one_of(s.dependents.keys, "dependent") as dependent:
            forget, look, condemn, adopt, delete, refuse = c.alternatives(
                "forget", "look", "condemn", "adopt", "delete", "refuse"
            )
            with forget:
                dependent_forgets(c, dependent)
            with look:
                looks_for_owner(c, dependent)
            with condemn:
                condemns(c, dependent)
            with adopt:
                is_adopted(c, dependent)
            with delete:
                deletes(c, dependent)
            with refuse:
                is_refused(c, dependent)


@invariant
def the_living_keep_theirs(s: Cluster):
    """No dependent of an owner that lives is ever deleted."""
    return ~s.wronged


@invariant
def only_the_gone_are_believed_gone(s: Cluster):
    """The collector takes no owner for absent that is there."""
    return Forall(~exists(s, uid) for uid in s.believed_gone)


@invariant
def condemned_for_a_reason(s: Cluster):
    """What is condemned was so for an owner that is gone, or going."""
    return Forall(Implies(exists(s, s.condemned[each]), s.owner != Life.LIVES) for each in s.condemned.keys)


@example
def collected(s: Cluster):
    """`owner_is_created` happens, `dependent_is_created` happens, `deleted_in_background` happens; `deletes` happens.

    For that `looks_for_owner` happens and `condemns` happens.
    """
    return (s.owner == Life.NONE) & s.dependents.is_empty & ~s.believed_gone.is_empty


@example
def gone_in_foreground(s: Cluster):
    """`deleted_in_foreground` happens, and `owner_is_released` happens after the dependent is gone."""
    return (s.owner == Life.NONE) & (s.created > 0) & s.dependents.is_empty & s.believed_gone.is_empty


@example
def orphaned(s: Cluster):
    """`deleted_orphaning` happens and `dependent_forgets` happens: the dependent stays, without an owner."""
    return (s.owner == Life.NONE) & s.dependents.keys.exists(lambda each: s.dependents[each] == 0)


@example
def saved(s: Cluster):
    """`is_adopted` happens to a condemned dependent, and `is_refused` happens to the collector."""
    return s.refused & (s.owner == Life.LIVES) & s.dependents.keys.exists(lambda each: s.dependents[each] == s.uid)


@instance
def reused_name() -> Cluster:
    """Two owners of one name, one after the other, and two dependents."""
    return Cluster(OWNERS=2, DEPENDENTS=2)


@instance
def three_owners() -> Cluster:
    """Three owners of one name."""
    return Cluster(OWNERS=3, DEPENDENTS=2)
