"""What stands for a value that there is none of: it may be passed on, and fails where it is used.

Python evaluates arguments before a call. So that `And(k in m, m[k] > 0)` is defined where `k` is missing, `m[k]`
gives an `Undefined`; every strict operation on it is `Undefined` again, a lazy one may leave it out, and
whatever needs its value (a truth value, an assumption, an assignment) raises `EvaluationError` with the reason.
"""

from __future__ import annotations

import dis
import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from speccheck.errors import EvaluationError
from speccheck.lang.spans import here

ENDLESS = "an infinite set has no end of elements: they cannot be enumerated or counted"


class Used(EvaluationError):
    """The value of something undefined was asked for."""

    def __init__(self, undefined: Undefined) -> None:
        super().__init__(f"{undefined.reason}{f' ({undefined.place})' if undefined.place else ''}")
        self.undefined = undefined


class Undefined:
    """The result of an undefined operation, and why it is."""

    __slots__ = ("place", "reason")

    def __init__(self, reason: str) -> None:
        object.__setattr__(self, "reason", reason)
        object.__setattr__(self, "place", here())

    def __repr__(self) -> str:
        return f"<undefined: {self.reason}>"

    def fail(self) -> NoReturn:
        """Raise the EvaluationError that this stands for."""
        raise Used(self)

    def __bool__(self) -> bool:
        self.fail()

    def __hash__(self) -> int:
        self.fail()

    def __len__(self) -> int:
        self.fail()

    def __index__(self) -> int:
        self.fail()

    def __contains__(self, item: object) -> bool:
        self.fail()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        self.fail()

    def __setitem__(self, key: object, value: object) -> NoReturn:
        self.fail()

    def __getattr__(self, name: str) -> Undefined:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key: object) -> Undefined:
        return self

    def __call__(self, *args: object, **named: object) -> Undefined:
        return self

    def __iter__(self) -> Iterator[Undefined]:
        frame = sys._getframe(1)
        code = frame.f_code.co_code
        if dis.opname[code[frame.f_lasti]] == "UNPACK_SEQUENCE":
            return iter([self] * code[frame.f_lasti + 1])
        return self._fails()

    def _fails(self) -> Iterator[Undefined]:
        if self.reason is not None:
            self.fail()
        yield self

    def __eq__(self, other: object) -> Any:
        return self

    def __ne__(self, other: object) -> Any:
        return self

    def __rand__(self, left: object) -> Any:
        return left if left is False else self

    def __ror__(self, left: object) -> Any:
        return left if left is True else self


def _passed_on(self: Undefined, *others: object) -> Undefined:
    return self


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
    setattr(Undefined, f"__{_name}__", _passed_on)
    setattr(Undefined, f"__r{_name}__", _passed_on)
for _name in ("and", "or", "lt", "le", "gt", "ge", "neg", "pos", "invert"):
    setattr(Undefined, f"__{_name}__", _passed_on)


def undefined_by(error: EvaluationError) -> Undefined:
    """What stands for the value that an error kept from being made."""
    return error.undefined if isinstance(error, Used) else Undefined(str(error))


def strict(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that is undefined where an argument is, or where it raises EvaluationError."""

    @functools.wraps(function)
    def run(*args: Any, **named: Any) -> Any:
        for arg in args:
            if arg.__class__ is Undefined:
                return arg
        try:
            return function(*args, **named)
        except EvaluationError as error:
            return undefined_by(error)

    return run


def forced(value: Any) -> Any:
    """The value itself; EvaluationError where there is none."""
    if value.__class__ is Undefined:
        value.fail()
    return value
