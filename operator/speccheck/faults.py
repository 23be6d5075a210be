"""Faults that controllers suffer, as actions of the environment for a spec's step to call, and what outlasts them.

Takes the names of the spec's own variables, given as Python texts: a map from keys to objects that is the truth, and
one that is a controller's cache of it. Each action is a named one: paths show it with its arguments. It changes the
variables it is given and no other, and assumes nothing about the rest of the spec.

    from speccheck.faults import crash_and_restart, delivers

    @action
    def step(c: Context[S]):
        acts, sees, dies = c.alternatives("acts", "sees", "dies")
        ...
        with sees, c.one_of(c.state.NAMES, "name") as name:
            delivers(c, "pods", "cache", name)
        with dies:
            crash_and_restart(c, {"in_flight": 0}, source="pods", cache="cache")
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from speccheck.lang.constructors import Map, Set
from speccheck.lang.contexts import Context
from speccheck.lang.declarations import ActionDeclaration
from speccheck.lang.exprs import Expr
from speccheck.lang.spans import spec_error
from speccheck.lang.temporals import Always, Eventually, ImpliesT, NotT, TemporalExpr


def delivers(c: Context, source: str, cache: str, key: object) -> None:
    """The watch brings the cache up to date for one key, deletions included.

    Whatever the object was in between is never seen: watches may skip states, and a controller is told of the latest.
    There is no such step where the cache is up to date.
    """
    _delivers(_name(source), _name(cache))(c, key)


@functools.cache
def _delivers(source: str, cache: str) -> ActionDeclaration:
    def delivers(c: Context, key: Expr) -> None:
        truth, known = getattr(c.state, source), getattr(c.state, cache)
        present, seen = truth.keys.contains(key), known.keys.contains(key)
        c.assume((present | seen) & (present & seen).implies(truth[key] != known[key]))
        comes, goes = c.split(present)
        with comes:
            setattr(c.state, cache, known.insert(key, truth[key]))
        with goes:
            setattr(c.state, cache, _without(known, key))

    return _named(delivers)


def stale_read(c: Context, history: str, cache: str, key: object) -> None:
    """The cache goes back in time: it gets any of the states that the object had, from a server that lags behind.

    `history` is a map from keys to the list of states that each object had; the spec keeps it.
    """
    _stale_read(_name(history), _name(cache))(c, key)


@functools.cache
def _stale_read(history: str, cache: str) -> ActionDeclaration:
    def stale_read(c: Context, key: Expr) -> None:
        c.assume(getattr(c.state, history).keys.contains(key))
        versions = getattr(c.state, history)[key]
        with c.one_of(versions.keys, "version") as version:
            setattr(c.state, cache, getattr(c.state, cache).insert(key, versions[version]))

    return _named(stale_read)


def unobserved_delete(c: Context, source: str, key: object) -> None:
    """An object goes away while nobody watches: caches keep it until `delivers` or `relists`."""
    _unobserved_delete(_name(source))(c, key)


@functools.cache
def _unobserved_delete(source: str) -> ActionDeclaration:
    def unobserved_delete(c: Context, key: Expr) -> None:
        truth = getattr(c.state, source)
        c.assume(truth.keys.contains(key))
        setattr(c.state, source, _without(truth, key))

    return _named(unobserved_delete)


def relists(c: Context, source: str, cache: str) -> None:
    """The watch is begun anew with a list: the cache is what there is now. No step where it is that already."""
    _relists(_name(source), _name(cache))(c)


@functools.cache
def _relists(source: str, cache: str) -> ActionDeclaration:
    def relists(c: Context) -> None:
        c.assume(getattr(c.state, cache) != getattr(c.state, source))
        setattr(c.state, cache, getattr(c.state, source))

    return _named(relists)


def missed_intermediate_states(c: Context, queue: str) -> None:
    """Of several notifications that wait in a list, only the last one arrives."""
    _missed_intermediate_states(_name(queue))(c)


@functools.cache
def _missed_intermediate_states(queue: str) -> ActionDeclaration:
    def missed_intermediate_states(c: Context) -> None:
        waiting = getattr(c.state, queue)
        c.assume(waiting.size > 1)
        setattr(c.state, queue, waiting[waiting.size - 1 :])

    return _named(missed_intermediate_states)


def crash_and_restart(c: Context, memory: Mapping[str, object], source: str = "", cache: str = "") -> None:
    """A controller ends and begins again: its memory, variables with the values they begin with, is lost.

    Where `source` and `cache` are given, it lists anew on the way.
    """
    names = [_name(each) for each in (*memory, *([source, cache] if cache else []))]

    def crash_and_restart(c: Context) -> None:
        for name, value in memory.items():
            setattr(c.state, name, value)
        if cache:
            setattr(c.state, names[-1], getattr(c.state, names[-2]))

    _named(crash_and_restart)(c)


def retries(c: Context, done: str, requests: str, request: object) -> None:
    """A request whose answer was lost is made again, though it was carried out: `done` and `requests` are sets."""
    _retries(_name(done), _name(requests))(c, request)


@functools.cache
def _retries(done: str, requests: str) -> ActionDeclaration:
    def retries(c: Context, request: Expr) -> None:
        pending = getattr(c.state, requests)
        c.assume(getattr(c.state, done).contains(request) & ~pending.contains(request))
        setattr(c.state, requests, pending | Set(request))

    return _named(retries)


def eventually_stable(goal: object, disturbed: object = None) -> TemporalExpr:
    """Reconciliation: at last the goal holds, and goes on holding.

    `disturbed` says in which states the world still changes against the controller's will (a user's edit, a fault);
    then the goal is only asked for in behaviours in which that comes to an end. Say what is fair beside it:
    `ImpliesT(WeakFair(reconciles), eventually_stable(s.actual == s.desired))`.
    """
    stable = Eventually(Always(goal))
    return stable if disturbed is None else ImpliesT(Eventually(Always(NotT(disturbed))), stable)


def _named(function: Callable[..., None]) -> ActionDeclaration:
    function.__doc__ = globals()[function.__name__].__doc__
    return ActionDeclaration(function, init=False, inline=False, coerce=True)


def _name(variable: object) -> str:
    if not isinstance(variable, str):
        raise spec_error("variable-name", "a fault takes the names of variables", 'as in relists(c, "pods", "cache")')
    return variable


def _without(entries: Any, key: Any) -> Any:
    """A map without an entry, which need not be in it."""
    return Map(entries[other] for other in entries.keys - Set(key))


__all__ = [
    "crash_and_restart",
    "delivers",
    "eventually_stable",
    "missed_intermediate_states",
    "relists",
    "retries",
    "stale_read",
    "unobserved_delete",
]
