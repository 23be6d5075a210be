"""`Context`: what an action is given to read and write the state, assume, and choose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, NoReturn, Self

from speccheck.errors import SpecError
from speccheck.ir.types import BOOL, SetType
from speccheck.lang import hints
from speccheck.lang.binders import fresh
from speccheck.lang.builders import Fork, Frame
from speccheck.lang.exprs import lift, node_of, type_of, wrap
from speccheck.lang.spans import here, spec_error


class Context:
    """The hands of an action. `Context[S]` in an annotation names the state class."""

    __slots__ = ("_embedded", "_frame", "_state")

    _embedded: tuple[Any, ...]

    def __class_getitem__(cls, state: Any) -> Any:
        return ContextOf(state)

    def __init__(self, frame: Frame, state: Any) -> None:
        self._frame = frame
        self._state = state

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise spec_error("no-such-operation", f"a context has no {name!r}", _context_hint(self, name))

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("_"):
            raise spec_error(
                "assignment-to-context",
                f"{name!r} is assigned on the context, which keeps nothing",
                "assign the variables one by one: c.state.x = …, or s = c.state and then s.x = …",
            )
        object.__setattr__(self, name, value)

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
            raise spec_error(
                "choice-name", "one_of takes a set and a name, which is a text", 'write c.one_of(Set(1, 2), "name")'
            )
        choice = Choice(self._frame, lift(domain), name)
        self._frame.choices.append((name, choice))
        return choice

    def alternatives(self, *names: str) -> Alternatives:
        """`a, b = c.alternatives("a", "b")`: exactly one of the branches is taken."""
        if not names or len(set(names)) < len(names) or not all(isinstance(n, str) for n in names):
            raise spec_error(
                "alternative-names",
                "alternatives take one name each, all different",
                'write `a, b = c.alternatives("a", "b")`',
            )
        return Alternatives(self._frame, names)

    def split(self, condition: object) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        """`yes, no = c.split(p)`: one branch where p holds, one where it does not."""
        fork = self._frame.fork(("yes", "no"), node_of(lift(condition, BOOL)))
        return _Halves((_Branch(self._frame, fork, 0), _Branch(self._frame, fork, 1)))

    def cache(self, value: object, name: str = "cached") -> Any:
        """The value as of here, computed at most once."""
        found = lift(value)
        local = fresh(type_of(found), name)
        self._frame.define(local, node_of(found))
        return wrap(local)


OPERATIONS = ("state", "assume", "one_of", "alternatives", "split", "cache")
"""What a context offers."""


def _context_hint(context: Context, name: str) -> str:
    """What is meant by an operation that no context has: perhaps a variable of its state."""
    if name in getattr(type(context._state), "__annotations__", {}):
        return f"variables are the state's: c.state.{name}"
    return hints.among(name, OPERATIONS, "it has")


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
                "choice-domain",
                f"one_of takes a set, got a value of type {type_}",
                "for a list: Set(x for x in l); for a map: m.keys; for numbers: Interval(lo, hi)",
            )
        self._frame = frame
        self._domain = domain
        self._name = name
        self._element = type_.element
        self.entered = False
        self.span = here()

    def __enter__(self) -> Any:
        if self.entered:
            raise spec_error(
                "choice-twice", f"one_of {self._name!r} is entered twice", "write a one_of of its own for each `with`"
            )
        self.entered = True
        local = fresh(self._element, self._name)
        self._frame.choose(local, node_of(self._domain), self._name)
        return wrap(local)

    def __exit__(self, *exc: object) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise self._unentered()

    def __as_expr__(self) -> NoReturn:
        raise self._unentered()

    def _unentered(self) -> SpecError:
        return spec_error(
            "choice-never-entered",
            f"one_of {self._name!r} is used without `with`",
            f'write `with c.one_of(S, "{self._name}") as {self._name}:` and use it in the lines under it',
        )


def _use(self: Choice, *args: object) -> NoReturn:
    raise self._unentered()


for _operator in (
    "add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "floordiv", "mod", "neg", "and", "rand", "or", "ror",
    "invert", "eq", "ne", "lt", "le", "gt", "ge", "bool", "hash", "len", "iter", "contains", "call", "getitem",
    "index", "str", "format",
):  # fmt: skip
    setattr(Choice, f"__{_operator}__", _use)


class _Branch(AbstractContextManager[None]):
    """A branch to be filled by `with`."""

    __speccheck_branch__ = True

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


class _Halves(tuple[AbstractContextManager[None], AbstractContextManager[None]]):
    """The two branches of a split, which have to be taken apart."""

    __slots__ = ()

    def __enter__(self) -> NoReturn:
        raise self._whole("`with` on both branches of a split at once")

    def __exit__(self, *exc: object) -> None:
        return None

    def __bool__(self) -> NoReturn:
        raise self._whole("a split is no condition")

    @staticmethod
    def _whole(message: str) -> SpecError:
        return spec_error(
            "split-with", message, "write `yes, no = c.split(p)`, then `with yes:` and `with no:`; or plainly `if p:`"
        )


class Alternatives:
    """The branches of `c.alternatives(…)`, in order; unpacked, or drawn with next(iter(…))."""

    def __init__(self, frame: Frame, names: tuple[str, ...]) -> None:
        self._frame = frame
        self._fork = frame.fork(names, None)

    def __iter__(self) -> Iterator[AbstractContextManager[None]]:
        return iter([_Branch(self._frame, self._fork, n) for n in range(len(self._fork.names))])

    def __enter__(self) -> Self:
        raise spec_error(
            "alternatives-with",
            "`with` on all alternatives at once",
            'write `a, b = c.alternatives("a", "b")`, then `with a:` and `with b:`',
        )

    def __exit__(self, *exc: object) -> None:
        return None
