"""The library of specs, explored once for all tests."""

from __future__ import annotations

import pytest
from tests.specs.libraries import Library


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return Library(tmp_path_factory.mktemp("mutants"))
