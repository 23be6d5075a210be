"""Writes small specs to a directory and captures them, for the tests of the language."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from speccheck.checking import CheckRequest, check
from speccheck.errors import SpecError
from speccheck.ir.models import Model
from speccheck.loading import load
from speccheck.reports import PropertyResult, Report

COUNTER = """
@state
class S(MachineStateBase):
    N: Param[int]
    x: StateVar[int]

@action(init=True)
def init(c: Context[S]):
    c.state.x = 0

@instance
def small() -> S:
    return S(N=3)
"""
"""A state with a parameter, its initial action and an instance; a test adds the step."""

HEADER = "import enum\nfrom typing import Annotated\nfrom speccheck import *\n"


class Author:
    """Someone with a directory, writing specs in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def write(self, text: str, name: str = "spec.py") -> Path:
        """A module of that text under the usual imports."""
        path = self.directory / name
        path.write_text(HEADER + dedent(text), encoding="utf-8")
        return path

    def model(self, text: str) -> Model:
        """The captured Model of a text."""
        return load(self.write(text)).model

    def error(self, text: str) -> SpecError:
        """The SpecError that capturing a text gives."""
        with pytest.raises(SpecError) as caught:
            load(self.write(text))
        return caught.value

    def report(self, text: str) -> Report:
        """The Report on a text's only instance."""
        (report,) = check(self.model(text), CheckRequest())
        return report

    def results(self, text: str) -> dict[str, PropertyResult]:
        """The results on a text's only instance, by property."""
        return {p.name: p for p in self.report(text).properties}
