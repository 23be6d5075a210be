"""Documents of other tools, told from this one's by what they add: brought into the form that this one writes.

Quint names variables by their module (`main::count`) and may add two of its own to every state, what was picked and
which action was taken (its source, src/itf.ts); both are left out. Values need nothing of this kind: `ir.itf` reads
every way of writing them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

ADDED = frozenset({"mbt::actionTaken", "mbt::nondetPicks"})
"""What Quint adds to the variables of a specification."""

_SEPARATOR = "::"


def adapted(document: dict[str, Any], variables: Collection[str]) -> dict[str, Any]:
    """The document, its variables called as the model calls them where that is beyond doubt.

    Nothing is verified here: what does not have the form of a document is given back as it is.
    """
    names, states = document.get("vars"), document.get("states")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or not isinstance(states, list):
        return document
    renamed = _renamed([name for name in names if name not in ADDED], variables)
    if list(renamed) == names == list(renamed.values()):
        return document
    kept = [_state(state, renamed) if isinstance(state, dict) else state for state in states]
    return {**document, "vars": list(renamed.values()), "states": kept}


def _renamed(names: list[str], variables: Collection[str]) -> dict[str, str]:
    """What each name stands for: itself, or the one variable that it names behind its module."""
    short = {name: name.rpartition(_SEPARATOR)[2] for name in names}
    often = Counter(short.values())
    return {
        name: each if name not in variables and each in variables and often[each] == 1 else name
        for name, each in short.items()
    }


def _state(state: dict[str, Any], renamed: dict[str, str]) -> dict[str, Any]:
    return {renamed.get(name, name): value for name, value in state.items() if name not in ADDED}
