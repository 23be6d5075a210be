"""The import hook: modules under a directory are loaded as `speccheck` itself loads them, with plain Python rewritten.

    import speccheck.imports

    speccheck.imports.install("specs")

Takes directories; from then on `import` of a source file under one gives the rewritten module, and neither reads nor
writes bytecode for it. Importing this module loads nothing of the language: that happens with the first spec.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from speccheck.errors import UsageError

if TYPE_CHECKING:
    from importlib.abc import MetaPathFinder

_MODULES = "speccheck.lang.rewriting.modules"


class _Hook:
    """Asks the finder of rewritten modules, which is made when the first module is looked for that may be one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._finder: MetaPathFinder | None = None

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's spec where its source lies under the directory, else None."""
        if fullname.partition(".")[0] in sys.stdlib_module_names or fullname.startswith("speccheck"):
            return None
        if self._finder is None:
            self._finder = importlib.import_module(_MODULES).SpecFinder(self.root)
        return self._finder.find_spec(fullname, path, target) if self._finder is not None else None


def install(root: Path | str) -> None:
    """Load the modules under a directory rewritten from here on.

    Raises UsageError where there is no such directory, or where a module under it has been imported already.
    """
    directory = Path(root).resolve()
    if not directory.is_dir():
        raise UsageError(f"no such directory: {root}")
    if any(hook.root == directory for hook in _installed()):
        return
    early = sorted(name for name, module in list(sys.modules.items()) if _is_plain(module, directory))
    if early:
        raise UsageError(f"{early[0]} was imported before speccheck.imports.install({str(root)!r})")
    sys.meta_path.insert(0, _Hook(directory))
    importlib.invalidate_caches()


def remove(root: Path | str) -> None:
    """Load the modules under a directory as Python does again; those loaded before stay as they are."""
    directory = Path(root).resolve()
    for hook in _installed():
        if hook.root == directory:
            sys.meta_path.remove(hook)


def _installed() -> list[_Hook]:
    return [found for found in sys.meta_path if isinstance(found, _Hook)]


def _is_plain(module: ModuleType, directory: Path) -> bool:
    """Whether a module's source lies under the directory and was loaded by Python itself, decorations apart."""
    file = getattr(module, "__file__", None)
    if file is None or not Path(file).resolve().is_relative_to(directory) or hasattr(module, "__speccheck__"):
        return False
    return any(getattr(value, "__module__", "").startswith("speccheck.") for value in list(vars(module).values()))


__all__ = ["install", "remove"]
