"""The vocabulary of specification authors, for specs that import from `speccheck.machine`.

`from speccheck.machine import …` gives every name that `from speccheck import …` gives.
"""

from __future__ import annotations

from typing import Any

from speccheck.lang import __getattr__ as _named


def __getattr__(name: str) -> Any:
    return _named(name)
