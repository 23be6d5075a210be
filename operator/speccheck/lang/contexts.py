"""`Context`: what an action is given to read and write the state, assume, and choose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Self

from speccheck.ir.types import BOOL, SetType
from speccheck.lang.binders import fresh
from speccheck.lang.builders import Fork, Frame
from speccheck.lang.exprs import lift, node_of, type_of, wrap
from speccheck.lang.spans import spec_error


class Context:
    """The hands of an action. `Context[S]` in an annotation names the state class."""

    __slots__ = ("_frame", "_state")

    def __class_getitem__(cls, state: Any) -> Any:
        return ContextOf(state)

    def __init__(self, frame: Frame, state: Any) -> None:
        self._frame = frame
        self._state = state

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        known = "state, assume, one_of, alternatives, split, cache"
        raise spec_error("no-such-operation", f"a context has no {name!r}", f"it has {known}")

    @property
    def state(self) -> Any:
        """The state being built: reading gives the value as of here, assigning the next one."""
        return self._state

    def assume(self, condition: object) -> None:
        """This way of taking the step exists only where the condition holds."""
        self._frame.assume(node_of(lift(condition, BOOL)))

    def one_of(self, domain: object, name: str = "x") -> Choice:
        """`with c.one_of(S, "x") as x:` any element of the set; no such step where it is empty."""
        if not isinstance(name, str):
            raise spec_error("choice-name", "the name of a choice is a text", 'write c.one_of(S, "name")')
        choice = Choice(self._frame, lift(domain), name)
        self._frame.choices.append((name, choice))
        return choice

    def alternatives(self, *names: str) -> Alternatives:
        """`a, b = c.alternatives("a", "b")`: exactly one of the branches is taken."""
        if not names or len(set(names)) < len(names) or not all(isinstance(n, str) for n in names):
            raise spec_error(
                "alternative-names", "alternatives take one name each, all different", 'c.alternatives("a", "b")'
            )
        return Alternatives(self._frame, names)

    def split(self, condition: object) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        """`yes, no = c.split(p)`: one branch where p holds, one where it does not."""
        fork = self._frame.fork(("yes", "no"), node_of(lift(condition, BOOL)))
        return _Branch(self._frame, fork, 0), _Branch(self._frame, fork, 1)

    def cache(self, value: object, name: str = "cached") -> Any:
        """The value as of here, computed at most once."""
        found = lift(value)
        local = fresh(type_of(found), name)
        self._frame.define(local, node_of(found))
        return wrap(local)


class ContextOf:
    """`Context[S]` as an annotation."""

    def __init__(self, state: Any) -> None:
        self.state = state


class Choice:
    """A choice waiting for its `with`."""

    def __init__(self, frame: Frame, domain: Any, name: str) -> None:
        type_ = type_of(domain)
        if not isinstance(type_, SetType):
            raise spec_error(
                "choice-domain", f"one_of takes a set, got a value of type {type_}", "for a list: Set(x for x in l)"
            )
        self._frame = frame
        self._domain = domain
        self._name = name
        self._element = type_.element
        self.entered = False

    def __enter__(self) -> Any:
        if self.entered:
            raise spec_error("choice-twice", f"one_of {self._name!r} is entered twice")
        self.entered = True
        local = fresh(self._element, self._name)
        self._frame.choose(local, node_of(self._domain), self._name)
        return wrap(local)

    def __exit__(self, *exc: object) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise spec_error(
            "choice-never-entered",
            f"one_of {self._name!r} is used without `with`",
            'write `with c.one_of(S, "x") as x:`',
        )


class _Branch(AbstractContextManager[None]):
    """A branch to be filled by `with`."""

    def __init__(self, frame: Frame, fork: Fork, number: int) -> None:
        self._frame = frame
        self._fork = fork
        self._number = number
        self._open: AbstractContextManager[None] | None = None

    def __enter__(self) -> None:
        self._open = self._frame.branch(self._fork, self._number)
        self._open.__enter__()

    def __exit__(self, *exc: Any) -> bool | None:
        return None if self._open is None else self._open.__exit__(*exc)


class Alternatives:
    """The branches of `c.alternatives(…)`, in order; unpacked, or drawn with next(iter(…))."""

    def __init__(self, frame: Frame, names: tuple[str, ...]) -> None:
        self._frame = frame
        self._fork = frame.fork(names, None)

    def __iter__(self) -> Iterator[AbstractContextManager[None]]:
        return iter([_Branch(self._frame, self._fork, n) for n in range(len(self._fork.names))])

    def __enter__(self) -> Self:
        raise spec_error(
            "alternatives-with", "`with` on all alternatives at once", 'a, b = c.alternatives("a", "b"); with a: …'
        )

    def __exit__(self, *exc: object) -> None:
        return None
