"""Imports a spec's modules rewritten, as speccheck's import hook does, and forgets them afterwards."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from speccheck.lang.rewriting.modules import SpecFinder, module_from


@contextmanager
def imported(entry: Path) -> Iterator[ModuleType]:
    """The entry module of a spec; modules beside it can be imported meanwhile."""
    before, bytecode = set(sys.modules), sys.dont_write_bytecode
    finder = SpecFinder(entry.parent)
    sys.path.insert(0, str(entry.parent))
    sys.meta_path.insert(0, finder)
    sys.dont_write_bytecode = True
    try:
        yield module_from(entry, f"concretely_{entry.stem}")
    finally:
        sys.path.remove(str(entry.parent))
        sys.meta_path.remove(finder)
        sys.dont_write_bytecode = bytecode
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file is not None and Path(file).is_relative_to(entry.parent):
                del sys.modules[name]
