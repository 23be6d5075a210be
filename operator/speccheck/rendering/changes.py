"""What differs between two states of a path, as small as it can be said.

Takes two ITF values of one variable; gives changes with the place inside the variable. Sets tell
which elements came and went, maps which keys, records which fields, lists which end moved.
"""

from __future__ import annotations

from dataclasses import dataclass

from speccheck.rendering.values import Item, form, identity, value_text
from speccheck.reports import Itf, State


@dataclass(frozen=True, slots=True)
class Replaced:
    """At `place` one value took the place of another."""

    place: str
    old: Itf
    new: Itf


@dataclass(frozen=True, slots=True)
class Moved:
    """Elements, entries or cells that went out of the collection at `place`, and that came into it."""

    place: str
    gone: tuple[Item, ...] = ()
    come: tuple[Item, ...] = ()


Change = Replaced | Moved


def state_changes(old: State, new: State) -> list[Change]:
    """What differs between two states, in the order of the variables."""
    before = dict(old.values)
    changes: list[Change] = []
    for name, value in new.values:
        if name in before:
            changes += value_changes(name, before[name], value)
    return changes


def value_changes(place: str, old: Itf, new: Itf) -> list[Change]:
    """What differs between two values of one type; nothing where they are equal."""
    if identity(old) == identity(new):
        return []
    forms = (form(old), form(new))
    match forms:
        case ("set", "set"):
            return _set_changes(place, old["#set"], new["#set"])
        case ("map", "map"):
            return _map_changes(place, old["#map"], new["#map"])
        case ("record", "record") if list(old) == list(new):
            return [change for field in new for change in value_changes(f"{place}.{field}", old[field], new[field])]
        case ("list", "list"):
            return _list_changes(place, old, new)
        case _:
            return [Replaced(place, old, new)]


def _moves(place: str, gone: list[Item], come: list[Item]) -> list[Change]:
    return [Moved(place, tuple(gone), tuple(come))] if gone or come else []


def _set_changes(place: str, old: list[Itf], new: list[Itf]) -> list[Change]:
    before, after = {identity(v) for v in old}, {identity(v) for v in new}
    gone = [Item("", v) for v in old if identity(v) not in after]
    come = [Item("", v) for v in new if identity(v) not in before]
    return _moves(place, gone, come)


def _map_changes(place: str, old: list[list[Itf]], new: list[list[Itf]]) -> list[Change]:
    before, after = {identity(k): v for k, v in old}, {identity(k): v for k, v in new}
    gone = [Item(f"{value_text(k)}: ", v) for k, v in old if identity(k) not in after]
    come = [Item(f"{value_text(k)}: ", v) for k, v in new if identity(k) not in before]
    changes = _moves(place, gone, come)
    for key, value in new:
        if identity(key) in before:
            changes += value_changes(f"{place}[{value_text(key)}]", before[identity(key)], value)
    return changes


def _list_changes(place: str, old: list[Itf], new: list[Itf]) -> list[Change]:
    if len(old) == len(new):
        return [c for n, (a, b) in enumerate(zip(old, new, strict=True)) for c in value_changes(f"{place}[{n}]", a, b)]
    if new[: len(old)] == old:
        return _moves(place, [], _cells(new, len(old), len(new)))
    if old[: len(new)] == new:
        return _moves(place, _cells(old, len(new), len(old)), [])
    if old[len(old) - len(new) :] == new:
        return _moves(place, _cells(old, 0, len(old) - len(new)), [])
    return [Replaced(place, old, new)]


def _cells(values: list[Itf], start: int, end: int) -> list[Item]:
    return [Item(f"[{n}]: ", values[n]) for n in range(start, end)]
