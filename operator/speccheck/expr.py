"""The vocabulary of specification authors, for specs that import from `speccheck.expr`.

`from speccheck.expr import …` gives every name that `from speccheck import …` gives. Since Python puts a module that is
imported in the place of its namesake in the package, this one can be called like the decorator `expr`, and is it.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from speccheck.lang import __getattr__ as _named
from speccheck.lang.declarations import expr as _decorator


class _Decorator(ModuleType):
    """A module that decorates."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        return _decorator(*args, **options)


def __getattr__(name: str) -> Any:
    return _named(name)


sys.modules[__name__].__class__ = _Decorator
