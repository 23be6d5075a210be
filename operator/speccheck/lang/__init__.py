"""The Python surface of the language: values, declarations, actions, and their capture into a Model.

`from speccheck.lang import …` gives every name that `from speccheck import …` gives.
"""

from __future__ import annotations

import sys
from typing import Any


def __getattr__(name: str) -> Any:
    """A name of the vocabulary, as the package has it. Raises AttributeError for any other."""
    package = sys.modules["speccheck"]
    known: list[str] = getattr(package, "__all__", [])
    if name == "__all__":
        return known
    if name in known:
        return getattr(package, name)
    raise AttributeError(f"module 'speccheck.lang' has no attribute {name!r}")
