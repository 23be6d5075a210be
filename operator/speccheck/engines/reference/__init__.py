"""The reference engine: defines what a Model means by executing it over Python values."""

from __future__ import annotations

from speccheck.engines.reference.engine import ReferenceEngine
from speccheck.engines.reference.predicates import Judge, Judged, Outcome
from speccheck.engines.reference.replays import replay

__all__ = ["Judge", "Judged", "Outcome", "ReferenceEngine", "replay"]
