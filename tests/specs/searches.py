"""A breadth-first search over plain hashable Python values, to count a spec's states a second time.

The test of a spec writes the same algorithm down once more, by hand and from its description, as tuples; nothing of
speccheck takes part. A successor that can be reached in two ways is given twice, as it is counted twice.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

State = TypeVar("State", bound=Hashable)


def explore(
    initial: Iterable[State], successors: Callable[[State], Iterable[State]], max_steps: int | None = None
) -> tuple[int, int, int]:
    """How many states there are, how many are generated (initial ones included), and how deep the deepest is."""
    first = list(initial)
    seen, generated, depth = set(first), len(first), 0
    level = list(seen)
    while level and (max_steps is None or depth < max_steps):
        reached = [after for before in level for after in successors(before)]
        generated += len(reached)
        level = [after for after in dict.fromkeys(reached) if after not in seen]
        seen.update(level)
        depth += 1 if level else 0
    return len(seen), generated, depth


def replaced(values: tuple[State, ...], index: int, value: State) -> tuple[State, ...]:
    """A tuple with another value at one place."""
    return (*values[:index], value, *values[index + 1 :])
