"""What stands in a local for a value that depends on the branch taken and has no single meaning after it.

It may be kept and passed on; whoever uses it gets the SpecError that was prepared where the branches met.
"""

from __future__ import annotations

from typing import Any, NoReturn

from speccheck.errors import SpecError
from speccheck.lang.spans import spec_error


class Unmerged:
    """A value that nobody may use; `code`, `message` and `hint` are those of the error it raises."""

    __slots__ = ("_code", "_hint", "_message")

    def __init__(self, code: str, message: str, hint: str) -> None:
        object.__setattr__(self, "_code", code)
        object.__setattr__(self, "_message", message)
        object.__setattr__(self, "_hint", hint)

    def error(self) -> SpecError:
        """The error, at the place that uses the value."""
        code: str = object.__getattribute__(self, "_code")
        message: str = object.__getattribute__(self, "_message")
        hint: str = object.__getattribute__(self, "_hint")
        return spec_error(code, message, hint)

    def __as_expr__(self) -> NoReturn:
        raise self.error()

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise self.error()

    def __repr__(self) -> str:
        return "<a value that depends on the branch taken>"


def _use(self: Unmerged, *args: Any, **named: Any) -> NoReturn:
    raise self.error()


_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor", "lshift", "rshift", "matmul")
_OTHERS = (
    "eq", "ne", "lt", "le", "gt", "ge", "neg", "pos", "invert", "abs", "bool", "hash", "len", "iter", "contains",
    "call", "getitem", "setitem", "delitem", "setattr", "delattr", "str", "format", "int", "index",
    "float", "enter", "exit", "next", "divmod", "round",
)  # fmt: skip
for _name in (*_BINARY, *(f"r{name}" for name in _BINARY), *_OTHERS):
    setattr(Unmerged, f"__{_name}__", _use)


def used(value: Any) -> Any:
    """The value itself, unless nobody may use it."""
    if isinstance(value, Unmerged):
        raise value.error()
    return value
