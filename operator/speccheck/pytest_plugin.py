"""The pytest plugin: tests import specs, and get them rewritten as `speccheck` itself loads them.

Reads the option `speccheck_specs` of pytest's configuration: directories, relative to its root. It does nothing where
that is not set, and loads nothing of the language by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from speccheck import imports

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option `speccheck_specs`."""
    parser.addini("speccheck_specs", "directories of speccheck specifications", type="paths", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Install the import hook for each directory."""
    for directory in config.getini("speccheck_specs"):
        imports.install(directory)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Take the import hooks away."""
    for directory in config.getini("speccheck_specs"):
        imports.remove(directory)
