"""`@with_flow`: a conditional expression written as statements: `flow.if_`, `elif_`, `else_`, `return_`, `end`.

The function's statements are noted in the order in which they are run and become one expression: the value of the
`return_` that is reached first. `if_` and its like stand alone, closed by `end`, or open a `with` block, which closes
itself; one style may be nested in the other.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from speccheck.ir.types import BOOL
from speccheck.lang.constructors import Ite
from speccheck.lang.spans import spec_error
from speccheck.lang.states import given_value


@dataclass(slots=True)
class _Return:
    value: Any


@dataclass(slots=True)
class _Arm:
    """A condition, None for the rest, and what is said for it."""

    condition: Any
    block: list[_Statement] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _If:
    """Conditions tried in order. `managed`: its blocks are `with` blocks; `ended`: nothing more belongs to it."""

    arms: list[_Arm]
    managed: bool = False
    ended: bool = False

    @property
    def takes_more(self) -> bool:
        return self.arms[-1].condition is not None and not self.ended


_Statement: TypeAlias = _Return | _If

_builders: list[_Builder] = []


class _Builder:
    """The statements of one call of a function."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._whole: list[_Statement] = []
        self._open: list[_If] = []

    @property
    def is_used(self) -> bool:
        """Whether there is any statement."""
        return bool(self._whole)

    @property
    def _block(self) -> list[_Statement]:
        return self._open[-1].arms[-1].block if self._open else self._whole

    def add(self, statement: _Statement) -> None:
        """A statement, unless nothing can reach it."""
        if self._block and isinstance(self._block[-1], _Return):
            raise self._wrong("flow-after-return", "a statement follows flow.return_", "nothing reaches it")
        self._block.append(statement)

    def begin(self, condition: Any) -> _Entered:
        """`if_`."""
        made = _If([_Arm(condition)])
        self.add(made)
        self._open.append(made)
        return _Entered(self, made, None)

    def more(self, condition: Any, what: str) -> _Entered:
        """`elif_` and `else_`: of the `if_` that is open, or, as a `with` block, of the `with` block before it."""
        last = self._block[-1] if self._block else None
        before = last if isinstance(last, _If) and last.managed and last.takes_more else None
        opened = self._open[-1] if self._open and not self._open[-1].managed and self._open[-1].takes_more else None
        owner = opened or before
        if owner is None:
            raise self._wrong("flow-nesting", f"flow.{what} belongs to no flow.if_", "begin with flow.if_(c)")
        owner.arms.append(_Arm(condition))
        if owner is before:
            owner.managed = False
            self._open.append(owner)
        return _Entered(self, owner, before)

    def enter(self, opened: _If, before: _If | None) -> _If:
        """A `with` block begins; gives what it belongs to."""
        if before is not None and before is not opened:
            before.arms.append(opened.arms.pop())
            self._open.append(before)
            opened = before
        opened.managed = True
        return opened

    def leave(self, opened: _If) -> None:
        """A `with` block ends."""
        if not self._open or self._open[-1] is not opened:
            raise self._wrong("flow-nesting", "a flow.if_ in a with block is not ended in it", "write flow.end()")
        self._open.pop()

    def end(self) -> None:
        """`end`."""
        if self._open and not self._open[-1].managed:
            self._open.pop().ended = True
            return
        last = self._block[-1] if self._block else None
        if not isinstance(last, _If) or not last.managed or last.ended:
            raise self._wrong("flow-nesting", "flow.end belongs to no flow.if_", "begin with flow.if_(c)")
        last.ended = True

    def result(self) -> Any:
        """The expression that the statements make."""
        if self._open:
            raise self._wrong("flow-nesting", "a flow.if_ is never ended", "write flow.end() after it")
        return self._value(self._whole, None)

    def _value(self, block: list[_Statement], rest: Callable[[], Any] | None) -> Any:
        for statement in reversed(block):
            rest = functools.cache(functools.partial(self._statement, statement, rest))
        if rest is None:
            raise self._wrong("flow-missing-return", "not every way ends in flow.return_", "add flow.return_(x)")
        return rest()

    def _statement(self, statement: _Statement, rest: Callable[[], Any] | None) -> Any:
        match statement:
            case _Return(value):
                return value
            case _If(arms):
                *tried, last = arms
                if last.condition is not None:
                    tried, last = arms, _Arm(None)
                result = self._value(last.block, rest)
                for arm in reversed(tried):
                    result = Ite(arm.condition, self._value(arm.block, rest), result)
                return result

    def _wrong(self, code: str, message: str, hint: str) -> Exception:
        return spec_error(code, f"{self._name}: {message}", hint)


class _Entered:
    """What `if_`, `elif_` and `else_` give: nothing to a statement that stands alone, else a `with` block."""

    def __init__(self, builder: _Builder, opened: _If, before: _If | None) -> None:
        self._builder = builder
        self._opened = opened
        self._before = before

    def __enter__(self) -> None:
        self._opened = self._builder.enter(self._opened, self._before)

    def __exit__(self, kind: object, *exc: object) -> None:
        if kind is None:
            self._builder.leave(self._opened)


def _builder() -> _Builder:
    if not _builders:
        raise spec_error("flow-outside", "flow in a function without @with_flow", "write @expr @with_flow def f(x)")
    return _builders[-1]


def if_(condition: object) -> Any:
    """What follows, up to `elif_`, `else_` or `end`, is for where the condition holds."""
    return _builder().begin(given_value(condition, BOOL))


def elif_(condition: object) -> Any:
    """What follows is for where this condition holds and those before it do not."""
    return _builder().more(given_value(condition, BOOL), "elif_")


def else_() -> Any:
    """What follows is for where none of the conditions holds."""
    return _builder().more(None, "else_")


def end() -> None:
    """The end of an `if_`; `with` blocks need none."""
    _builder().end()


def return_(value: object) -> None:
    """The function's value here."""
    _builder().add(_Return(value))


def with_flow(function: Callable[..., Any]) -> Callable[..., Any]:
    """`@with_flow`: the function's value is what its flow statements say; a parameter named `flow` is given to it.

    Raises SpecError, when it is called, where a way has no `return_`, or blocks do not fit in each other.
    """
    if not inspect.isfunction(function):
        raise spec_error("decorated", "@with_flow decorates a plain function", "write @expr above @with_flow above def")
    signature = inspect.signature(function)
    takes_flow = "flow" in signature.parameters

    @functools.wraps(function)
    def flowing(*args: object, **named: object) -> Any:
        builder = _Builder(function.__name__)
        _builders.append(builder)
        try:
            found = function(*args, **named, **({"flow": sys.modules["speccheck.flow"]} if takes_flow else {}))
        finally:
            _builders.pop()
        if not builder.is_used:
            return found
        if found is not None:
            raise spec_error(
                "flow-return", f"{function.__name__} uses flow and Python's return", "write flow.return_(x) instead"
            )
        return builder.result()

    kept = [p for name, p in signature.parameters.items() if name != "flow"]
    if takes_flow and any(p.kind is p.POSITIONAL_ONLY for p in signature.parameters.values()):
        raise spec_error("flow-parameter", f"{function.__name__} takes flow by position only", "write def f(x, flow)")
    flowing.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
    return _by_name(flowing, kept) if takes_flow else flowing


def _by_name(function: Callable[..., Any], kept: list[inspect.Parameter]) -> Callable[..., Any]:
    """The function, its arguments passed by name: `flow` may stand anywhere among them."""
    names = [p.name for p in kept]

    @functools.wraps(function)
    def called(*args: object, **named: object) -> Any:
        return function(**dict(zip(names, args, strict=False)), **named)

    called.__signature__ = function.__signature__  # type: ignore[attr-defined]
    return called
