"""`if` on an expression: both arms are captured, one after the other, and what they leave behind is merged.

In an action the arms are the two branches of a split; where only values are made they are the two sides of an `Ite`.
A `return` in an arm leaves the rest of the function to the other ways: where one arm returns, the function simply goes
on in the other. So an `if` costs what its lines cost, however many follow each other.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from speccheck.ir.types import BOOL
from speccheck.lang import activities
from speccheck.lang.builders import Fork, Frame, Left, Scope, Written, return_in_block
from speccheck.lang.constructors import And, Not, Or
from speccheck.lang.exprs import Expr, lift, node_of
from speccheck.lang.rewriting.exports import Confined, Export
from speccheck.lang.rewriting.merges import UNBOUND, Local, Unbound, merged, result
from speccheck.lang.rewriting.snapshots import Snapshot
from speccheck.lang.rewriting.unmerged import Unmerged
from speccheck.lang.spans import spec_error


@dataclass(slots=True)
class Opened:
    """A branch of a step in which the function goes on, the other way having returned.

    `entry` is that other way's place among the pending results, `since` where those made in the branch begin.
    """

    fork: Fork
    number: int
    inner: Scope
    entry: int
    since: int


@dataclass(slots=True)
class Level:
    """The function, or an arm in it: the results under conditions so far, and the branches to be left at its end."""

    pending: list[tuple[Any, Any]] = field(default_factory=list)
    opened: list[Opened] = field(default_factory=list)


@dataclass(slots=True)
class Arm:
    """One arm: where it stands, what it leaves in the locals, and whether the whole of it returns."""

    level: Level
    scope: Scope | None
    values: dict[str, Any] = field(default_factory=dict)
    returned: bool = False
    value: Any = None
    fallen: dict[str, Written] = field(default_factory=dict)


class Plain:
    """An `if` on a Python value."""

    __slots__ = ("_flow", "_taken", "done", "value")
    symbolic = False

    def __init__(self, flow: Flow, taken: bool) -> None:
        self._flow = flow
        self._taken = taken
        self.done = False
        self.value: Any = None

    def then(self) -> bool:
        """Whether the first arm is run."""
        return self._taken

    def otherwise(self) -> bool:
        """Whether the second arm is run."""
        return not self._taken

    def leaves(self, value: Any) -> bool:
        """Note a `return`; whether it is to be carried out at once."""
        self.done, self.value = True, value
        return len(self._flow.levels) == 1

    def left(self, error: Left) -> None:
        """Pass on a `return` that belongs to an arm further out."""
        raise error


class Flow:
    """One call of a rewritten function."""

    __slots__ = ("_blocks", "_frame", "_generator", "_name", "levels")

    def __init__(self, name: str, generator: bool) -> None:
        self._name = name
        self._generator = generator
        self._frame: Frame | None = activities.innermost()
        self._blocks = 0 if self._frame is None else self._frame.blocks_open
        self.levels = [Level()]

    def fork(self, test: Any, names: tuple[tuple[str, int, int, bool], ...]) -> Plain | Symbolic:
        """The `if` on a test; `names` are the locals that its arms may bind, and whether they are used after it."""
        if not isinstance(test, Expr):
            return Plain(self, bool(test))
        if self._generator:
            raise spec_error(
                "branch-in-generator",
                f"`if` on an expression in the generator function {self._name}: how often it yields is not known",
                "write a generator expression, whose `if` filters: (f(x) for x in S if p(x))",
            )
        return Symbolic(self, lift(test, BOOL), names, sys._getframe(1))

    def leave(self, value: Any) -> Any:
        """`return value`."""
        if len(self.levels) > 1:
            raise Left(value)
        self.check_blocks()
        return self._finished(value)

    def end(self) -> Any:
        """The end of the function's body."""
        return self._finished(None)

    def check_blocks(self) -> None:
        """Refuse to return out of a branch of alternatives or a split."""
        if self._frame is not None and self._frame.blocks_open > self._blocks:
            raise return_in_block()

    def plain(self, form: str) -> None:
        """Refuse a form that would happen on one way only."""
        if len(self.levels) > 1 or self.levels[0].opened or self.levels[0].pending:
            raise in_branch(form)

    def _finished(self, value: Any) -> Any:
        level = self.levels[0]
        if level.opened:
            (value,) = self.close(level, (value,))
        found = self.result(level, value) if level.pending else value
        level.pending = []
        return found

    def result(self, level: Level, value: Any) -> Any:
        """The result where the pending ones do not apply, and they where they do."""
        given = [v for _, v in level.pending]
        if value is None and all(v is None for v in given):
            return None
        if value is None or any(v is None for v in given):
            raise spec_error(
                "missing-return",
                f"{self._name} returns a value on some ways through its `if`s and nothing on others",
                "end every way with `return …`: the last line of the function is the way on which no `if` returned;\n"
                "a `match` handles every variant, or ends with `case _:`",
            )
        for guard, earlier in reversed(level.pending):
            value = result(guard, earlier, value)
        return value

    def close(self, level: Level, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Leave the branches that were kept open; `values`, made in the innermost, as they are told outside."""
        for opened in reversed(level.opened):
            frame = self._acting()
            frame.leave(opened.fork, opened.number, opened.inner)
            frame.settle()
            inside = Export(frame, opened.inner)
            other = opened.fork.done.get(1 - opened.number)
            if other is not None and level.pending[opened.entry][1] is not None:
                guard, value = level.pending[opened.entry]
                level.pending[opened.entry] = (guard, _told(Export(frame, other), value))
            for number in range(opened.since, len(level.pending)):
                guard, value = level.pending[number]
                level.pending[number] = (_told(inside, guard), _told(inside, value))
            values = tuple(_shown(inside, value) for value in values)
        level.opened = []
        return values

    def _acting(self) -> Frame:
        found: Frame = activities.innermost()
        return found


def in_branch(form: str) -> Exception:
    """The error for a form that Python would carry out on one way only."""
    return spec_error(
        f"{form}-in-branch",
        f"`{form}` under an `if` on an expression: whether it happens is not known while the specification is captured",
        _INSTEAD[form],
    )


_INSTEAD = {
    "break": "range over the elements that matter: any(p(x) for x in …), [x for x in … if p(x)]",
    "continue": "put the rest of the loop's body under the opposite `if`",
    "raise": "a way that must not be taken is refused by c.assume(p); what must never be the case is an @invariant",
    "yield": "write a generator expression, whose `if` filters: (f(x) for x in S if p(x))",
    "try": "an evaluation error cannot be caught: ask before, as in `m[k] if k in m else d`",
}


def _told(export: Export, value: Any) -> Any:
    """A result or condition as it is told outside of a branch; SpecError where it cannot be."""
    try:
        return export.value(value)
    except Confined as error:
        raise spec_error(
            "confined-result", f"what is returned here cannot be told after the branch: {error}",
            "assign a state variable in the branch, or make the value before the `if`",
        ) from None  # fmt: skip


def _shown(export: Export, value: Any) -> Any:
    """A local's value as it is told outside of a branch, for whoever uses it."""
    try:
        return export.value(value)
    except Confined as error:
        return Unmerged("unmerged", f"this value cannot be told after the branch: {error}", "make it before the `if`")


class Symbolic:
    """An `if` on an expression."""

    symbolic = True

    def __init__(
        self, flow: Flow, condition: Any, names: tuple[tuple[str, int, int, bool], ...], caller: FrameType
    ) -> None:
        self._flow = flow
        self._condition = condition
        self._locals = [Local(name, then, otherwise) for name, then, otherwise, _ in names]
        self._live = {name for name, _, _, live in names if live}
        self._caller = caller
        self._frame: Frame | None = None if activities.value_maker() else activities.innermost()
        self._fork = None if self._frame is None else self._frame.fork(("yes", "no"), node_of(condition))
        self._arms: list[Arm] = []
        self._snapshot = Snapshot(caller, frozenset(local.name for local in self._locals))
        found = caller.f_locals
        before = {local.name: found.get(local.name, UNBOUND) for local in self._locals}
        self._before = {local.name: _bound(local, before[local.name]) for local in self._locals}
        self.done = False
        self.value: Any = None

    @property
    def before(self) -> tuple[Any, ...]:
        """The locals as they were before the first arm."""
        return tuple(self._before.values())

    def then(self) -> bool:
        """Begin the first arm."""
        self._open(0)
        return True

    def otherwise(self) -> bool:
        """End the first arm, begin the second."""
        self._stop("the first branch")
        first = self._arms[0]
        first.fallen, clean = dict(first.fallen), not first.level.opened
        self._close(first)
        if self._frame is not None and self._fork is not None and first.scope is not None:
            self._frame.leave(self._fork, 0, first.scope)
        self._clean = clean
        self._open(1)
        return True

    def leaves(self, value: Any) -> bool:
        """Note that the arm returns here."""
        self._flow.check_blocks()
        arm = self._arms[-1]
        arm.returned, arm.value = True, value
        return False

    def left(self, error: Left) -> None:
        """Note that the arm has returned somewhere inside."""
        self.leaves(error.value)

    def join(self) -> tuple[Any, ...]:
        """End the second arm; the locals after both."""
        self._stop("the second branch")
        first, second = self._arms
        if first.returned and second.returned:
            values = self._both_return(first, second)
        elif first.returned:
            values = self._go_on(1, second, first, self._condition)
        elif second.returned and self._clean:
            values = self._go_on(0, first, second, Not(self._condition))
        else:
            values = self._meet(first, second)
        del self._caller, self._snapshot
        return tuple(_bound(local, values[local.name]) for local in self._locals)

    # --- one arm ----------------------------------------------------------------------------------

    def _open(self, number: int) -> None:
        scope = None
        if self._frame is not None and self._fork is not None:
            scope = self._frame.enter(self._fork, number)
        self._arms.append(Arm(Level(), scope))
        self._flow.levels.append(self._arms[-1].level)

    def _stop(self, kind: str) -> None:
        arm = self._arms[-1]
        if self._flow.levels[-1] is not arm.level:
            raise spec_error("branch-order", "branches were left in another order than they were entered")
        self._flow.levels.pop()
        found = self._caller.f_locals
        for local in self._locals:
            value = found.get(local.name, UNBOUND)
            unbound = isinstance(value, Unmerged) and value is self._before[local.name]
            arm.values[local.name] = UNBOUND if unbound else value
        self._snapshot.check(kind)
        if self._frame is not None:
            self._frame.settle()
            arm.fallen = dict(self._frame.scope.written)

    def _close(self, arm: Arm) -> None:
        """Leave what the arm has kept open; its values and results as they are told at its end."""
        if arm.level.opened:
            *values, arm.value = self._flow.close(arm.level, (*arm.values.values(), arm.value))
            arm.values = dict(zip(arm.values, values, strict=True))

    # --- both arms --------------------------------------------------------------------------------

    def _go_on(self, number: int, arm: Arm, other: Arm, guard: Any) -> dict[str, Any]:
        """The other arm returns: the function goes on in this one."""
        if number == 0:
            self._close(other)
        above = self._flow.levels[-1]
        entry = len(above.pending)
        above.pending.append((guard, self._flow.result(other.level, other.value)))
        if self._frame is not None and self._fork is not None and arm.scope is not None:
            if number == 0 and other.scope is not None:
                self._frame.leave(self._fork, 1, other.scope)
                self._frame.reenter(self._fork, 0)
            above.opened.append(Opened(self._fork, number, arm.scope, entry, entry + 1))
            for inner in arm.level.opened:
                above.opened.append(inner)
                inner.entry += entry + 1
                inner.since += entry + 1
        above.pending.extend(arm.level.pending)
        return arm.values

    def _joined(self, first: Arm, second: Arm) -> None:
        """Close both branches; what their arms leave behind as it is told after them."""
        self._close(second)
        if self._frame is None or self._fork is None or second.scope is None:
            return
        self._frame.leave(self._fork, 1, second.scope)
        self._frame.settle()
        for arm in (first, second):
            assert arm.scope is not None
            export = Export(self._frame, arm.scope)
            arm.values = {name: _shown(export, value) for name, value in arm.values.items()}
            arm.value = _told(export, arm.value)
            arm.level.pending = [(_told(export, g), _told(export, v)) for g, v in arm.level.pending]

    def _both_return(self, first: Arm, second: Arm) -> dict[str, Any]:
        self._joined(first, second)
        first_value = self._flow.result(first.level, first.value)
        second_value = self._flow.result(second.level, second.value)
        both = Level([(self._condition, first_value)])
        self.done, self.value = True, self._flow.result(both, second_value)
        return second.values

    def _meet(self, first: Arm, second: Arm) -> dict[str, Any]:
        """Ways of both arms go on."""
        self._joined(first, second)
        returned = self._returned(first, self._condition) + self._returned(second, Not(self._condition))
        if returned:
            self._beside(returned, [arm.fallen for arm in (first, second) if not arm.returned])
        if first.returned or second.returned:
            return second.values if first.returned else first.values
        return {local.name: self._merged(local, first, second) for local in self._locals}

    def _merged(self, local: Local, first: Arm, second: Arm) -> Any:
        one, other = first.values[local.name], second.values[local.name]
        if local.name not in self._live and one is not other:
            return UNBOUND
        return merged(self._condition, one, other, local)

    def _returned(self, arm: Arm, condition: Any) -> list[tuple[Any, Any]]:
        found = [(And(condition, guard), value) for guard, value in arm.level.pending]
        return [*found, (condition, arm.value)] if arm.returned else found

    def _beside(self, returned: list[tuple[Any, Any]], fallen: list[dict[str, Written]]) -> None:
        """The function goes on beside the ways that have returned."""
        above = self._flow.levels[-1]
        entry = len(above.pending)
        above.pending.extend(returned)
        if self._frame is None:
            return
        guards = [guard for guard, _ in returned]
        fork = self._frame.fork(("yes", "no"), node_of(Or(*guards)))
        inner = self._frame.enter(fork, 1)
        inner.written.update({name: max(each[name] for each in fallen) for name in inner.written})
        above.opened.append(Opened(fork, 1, inner, entry, entry + len(returned)))


def _bound(local: Local, value: Any) -> Any:
    """A value as it is put into a local: one that has none raises when used."""
    if not isinstance(value, Unbound):
        return value
    return Unmerged(
        "unmerged", f"{local.name!r} has no value on this way", f"give it one before the `if`: {local.name} = …"
    )
