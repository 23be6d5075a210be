"""Loads the modules under a directory rewritten: they find the hooks in their globals and leave no bytecode behind."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from speccheck.lang.rewriting.expressions import NAME
from speccheck.lang.rewriting.hooks import HOOKS
from speccheck.lang.rewriting.sources import rewritten


class SpecLoader(SourceFileLoader):
    """Executes a source file rewritten."""

    def get_code(self, fullname: str) -> CodeType:
        """The rewritten code; no cached bytecode is read or written."""
        path = self.get_filename(fullname)
        return rewritten(self.get_data(path), path)

    def exec_module(self, module: ModuleType) -> None:
        """Execute the code with the hooks in reach."""
        setattr(module, NAME, HOOKS)
        super().exec_module(module)


class SpecFinder:
    """Finds the modules under a directory as other modules are found, and has them loaded rewritten.

    A finder of `sys.meta_path`. Not derived from `importlib.abc.MetaPathFinder`, which takes long to load.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's spec where its source lies under the directory, else None."""
        found = PathFinder.find_spec(fullname, path, target)
        if found is None or not isinstance(found.loader, SourceFileLoader) or found.origin is None:
            return None
        if not Path(found.origin).resolve().is_relative_to(self.root):
            return None
        found.loader = SpecLoader(fullname, found.origin)
        found.cached = None
        return found


def module_from(file: Path, name: str) -> ModuleType:
    """The module of a source file, rewritten and executed under a name."""
    found = importlib.util.spec_from_file_location(name, file, loader=SpecLoader(name, str(file)))
    if found is None or found.loader is None:
        raise ImportError(f"{file} cannot be imported")
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module
    found.loader.exec_module(module)
    return module
