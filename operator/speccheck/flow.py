"""`flow`: the statements of a function decorated `@with_flow`. Every other name of the language is here, too."""

from __future__ import annotations

from typing import Any

from speccheck.lang import __getattr__ as _named
from speccheck.lang.flows import elif_, else_, end, if_, return_, with_flow


def __getattr__(name: str) -> Any:
    return _named(name)


__all__ = ["elif_", "else_", "end", "if_", "return_", "with_flow"]
