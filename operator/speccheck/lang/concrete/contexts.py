"""`Context` in concrete execution: an action's hands on a state of plain values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from speccheck.lang.concrete.conversions import concrete
from speccheck.lang.concrete.runs import Run
from speccheck.lang.concrete.scalars import Str
from speccheck.lang.concrete.undefined import forced
from speccheck.lang.contexts import Context
from speccheck.lang.states import view


class ConcreteContext(Context):
    """A context whose choices are made, and whose state is values."""

    __slots__ = ("_run",)

    def __init__(self, run: Run, state: type) -> None:
        self._run = run
        self._state = view(state, run)

    @property
    def run(self) -> Run:
        """The way that is being gone."""
        return self._run

    def assume(self, condition: object) -> None:
        """This way of taking the step exists only where the condition holds."""
        self.run.assume(condition)

    def one_of(self, domain: object, name: str = "x") -> Any:
        """`with c.one_of(S, "x") as x:` the element that was chosen."""
        self.run.check()
        return _Choice(self.run, domain, name)

    def alternatives(self, *names: str) -> Any:
        """`a, b = c.alternatives("a", "b")`: one branch is chosen, the others are skipped."""
        taken = self.choose_root(names)
        return _Branches([_Branch(self.run, name, name == taken) for name in names])

    def choose_root(self, names: tuple[str, ...]) -> str:
        """The name of the branch that is taken."""
        self.run.check()
        taken = self.run.chooser.branch(names)
        self.run.choices.append(("", Str(taken)))
        return taken

    def split(self, condition: object) -> Any:
        """`yes, no = c.split(p)`: the branch that the condition says."""
        self.run.check()
        holds = bool(condition)
        return _Branch(self.run, "yes", holds), _Branch(self.run, "no", not holds)

    def cache(self, value: object, name: str = "cached") -> Any:
        """The value as of here."""
        self.run.check()
        return concrete(value)


class _Choice:
    def __init__(self, run: Run, domain: object, name: str) -> None:
        self._run = run
        self._domain = domain
        self._name = name

    def __enter__(self) -> Any:
        self._run.check()
        chosen = self._run.chooser.element(self._name, forced(concrete(self._domain)))
        self._run.choices.append((self._name, chosen))
        return chosen

    def __exit__(self, *exc: object) -> None:
        return None


class _Branch:
    """A branch; the rewritten `with` asks `__speccheck_taken__` whether to run its body."""

    def __init__(self, run: Run, name: str, taken: bool) -> None:
        self._run = run
        self._name = name
        self._taken = taken

    @property
    def __speccheck_taken__(self) -> bool:
        self._run.skipping = None
        return self._taken

    def __enter__(self) -> None:
        self._run.check()
        if not self._taken:
            self._run.skipping = self._name

    def __exit__(self, kind: object, *exc: object) -> None:
        if kind is None:
            self._run.check()


class _Branches:
    """The branches of `c.alternatives(…)`, in order."""

    def __init__(self, branches: list[_Branch]) -> None:
        self._branches = branches

    def __iter__(self) -> Iterator[_Branch]:
        return iter(self._branches)
