"""The SpecChecks that are refused, read from refusals.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.resource.bodies import OBSERVE, Body, merged, speccheck

from speccheck.resource.rules import RULES

GOOD = merged(speccheck(), {"spec": {"observe": OBSERVE}})


@dataclass(frozen=True)
class Refusal:
    """A SpecCheck that is refused: at which place, by the rule of that place or (`schema`) by a field's own bounds."""

    name: str
    patch: Body
    place: str = ""
    at: str | None = None
    schema: str = ""
    only: str = ""

    @property
    def body(self) -> Any:
        """The SpecCheck."""
        return merged(GOOD, self.patch)

    @property
    def fault(self) -> str:
        """The field that an API server's answer names."""
        return self.place if self.at is None else self.at


REFUSALS = [Refusal(**each) for each in yaml.safe_load(Path(__file__).with_name("refusals.yaml").read_text())]
MESSAGES = {rule.message for rule in RULES}
