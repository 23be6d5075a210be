"""One way through an initial block or a step, run concretely: the state being built, what was chosen and called.

A run takes its choices from a `Chooser`; going through all of them, depth first, gives every way (`ways`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from speccheck.errors import UsageError
from speccheck.ir.models import Variable
from speccheck.lang.concrete.conversions import concrete, typed
from speccheck.lang.concrete.places import Change, Placed
from speccheck.lang.concrete.undefined import forced
from speccheck.lang.spans import spec_error

Values = dict[str, Any]


class NoWay(BaseException):
    """This way does not exist: an assumption is false, or there is nothing to choose from.

    Not an `Exception`, so that an author's own `except Exception` does not go on from it.
    """


class Written(IntEnum):
    """How a variable has been assigned on the way to here."""

    UNDEFINED = 0
    NOT = 1
    KEYED = 2
    WHOLE = 3


@dataclass(frozen=True, slots=True)
class Way:
    """A completed way: the state it leads to, the outermost named calls, the choices (a branch has no name)."""

    state: Values
    calls: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...]
    choices: tuple[tuple[str, Any], ...]


@dataclass(slots=True)
class Chooser:
    """Takes the options at the positions of `prefix`, then the first of each; remembers how many there were.

    `fixed` says by name which option alone is to be taken.
    """

    fixed: Mapping[str, Any] = field(default_factory=dict)
    prefix: list[int] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    def pick(self, options: Sequence[Any]) -> Any:
        """One of the options; no way where there is none."""
        number = len(self.taken)
        position = self.prefix[number] if number < len(self.prefix) else 0
        if not options:
            raise NoWay
        self.taken.append(position)
        self.counts.append(len(options))
        return options[position]

    def element(self, name: str, domain: Any) -> Any:
        """An element of a set; one that is fixed need not be enumerated."""
        if name not in self.fixed:
            return self.pick(domain.ordered())
        wanted = concrete(self.fixed[name])
        return self.pick([wanted] if domain.has(wanted) else [])

    def branch(self, names: Sequence[str]) -> str:
        """A branch by its name; `fixed[""]` is the name or names allowed."""
        allowed = self.fixed.get("", names)
        wanted = (allowed,) if isinstance(allowed, str) else allowed
        found: str = self.pick([name for name in names if name in wanted])
        return found

    def following(self) -> list[int] | None:
        """The prefix of the next way in depth-first order; None after the last."""
        for number in reversed(range(len(self.taken))):
            if self.taken[number] + 1 < self.counts[number]:
                return [*self.taken[:number], self.taken[number] + 1]
        return None


class Run:
    """The state being built; it is the place behind what is read from it."""

    def __init__(self, variables: Mapping[str, Variable], params: Values, state: Values | None, chooser: Chooser):
        self.variables = variables
        self.params = params
        self.initial = state is None
        self.values: Values = dict(state or {})
        self.written = dict.fromkeys(variables, Written.UNDEFINED if state is None else Written.NOT)
        self.chooser = chooser
        self.depth = 0
        self.skipping: str | None = None
        self.calls: list[tuple[str, tuple[tuple[str, Any], ...]]] = []
        self.choices: list[tuple[str, Any]] = []
        self._versions = dict.fromkeys(variables, 0)

    def check(self) -> None:
        """Refuse to go on inside a branch that is not taken: the body should not have been run at all."""
        if self.skipping is not None:
            name, self.skipping = self.skipping, None
            raise spec_error(
                "branch-not-skipped",
                f"the branch {name!r} is not taken, and Python runs its body all the same",
                "concrete execution needs the module rewritten: import it through speccheck's import hook "
                "(the pytest plugin installs it), or decorate the function that holds the `with`",
            )

    def get(self, name: str) -> Any:
        """A parameter's value, or a variable's present one with its place."""
        self.check()
        if name in self.params:
            return self.params[name]
        if name not in self.values:
            raise spec_error("unassigned-read", f"variable {name!r} is read before it has a value", "assign it first")
        value = self.values[name]
        return type(value).at(value, _Place(self, name)) if isinstance(value, Placed) else value

    def set(self, name: str, value: object) -> None:
        """Assign a whole variable; at most once on a way."""
        self.check()
        if self.written[name] >= Written.KEYED:
            raise spec_error("double-assignment", f"variable {name!r} is assigned twice in one step")
        self._define(name, value, Written.WHOLE)

    def refine(self, name: str, version: int, change: Change) -> None:
        """Assign a value built from the present one by a keyed write."""
        self.check()
        if version != self._versions[name]:
            raise spec_error(
                "stale-write",
                f"a write through a value of {name!r} that was read before a later assignment to it",
                f"write through the state itself: s.{name}[…] = …",
            )
        self._define(name, change(self.values[name]), max(self.written[name], Written.KEYED))

    def _define(self, name: str, value: object, written: Written) -> None:
        self.values[name] = forced(typed(value, self.variables[name].type))
        self.written[name] = written
        self._versions[name] += 1

    def version(self, name: str) -> int:
        """How often a variable has been assigned so far."""
        return self._versions[name]

    def assume(self, condition: object) -> None:
        """Go on only where the condition holds."""
        self.check()
        if not condition:
            raise NoWay

    def completed(self) -> Way:
        """The way, at its end."""
        self.check()
        missing = [name for name in self.variables if name not in self.values]
        if missing:
            raise spec_error("unassigned-variable", f"init leaves {', '.join(missing)} without a value")
        for _, args in self.calls:
            for _, value in args:
                forced(value)
        return Way({name: self.values[name] for name in self.variables}, tuple(self.calls), tuple(self.choices))


class _Place:
    """A whole variable, as read at its present version."""

    __slots__ = ("_name", "_run", "_version", "upsert")

    def __init__(self, run: Run, name: str) -> None:
        self._run = run
        self._name = name
        self._version = run.version(name)
        self.upsert = run.variables[name].upsert

    def write(self, change: Change) -> None:
        """Refine the variable."""
        self._run.refine(self._name, self._version, change)


MAX_WAYS = 1_000_000
"""More ways out of one state than this are not gone through."""


def ways(take: Callable[[Chooser], Way], fixed: Mapping[str, Any] | None = None) -> Iterator[Way]:
    """Every way, depth first: `take` runs one with the choices of a chooser, or raises NoWay.

    Raises EvaluationError where a way meets an undefined operation.
    """
    prefix: list[int] | None = []
    for _ in range(MAX_WAYS):
        chooser = Chooser(fixed or {}, prefix or [])
        with suppress(NoWay):
            yield take(chooser)
        prefix = chooser.following()
        if prefix is None:
            return
    raise UsageError(f"more than {MAX_WAYS} ways out of one state; fix choices by name: choices={{…}}")
