"""The calls that programs and tests make on specifications: the same ones that the command line makes.

from speccheck import capture, check

report = check(capture("specs/die_hard.py"), instance="film", timeout_s=60)
assert report.verdict.value == "Violated"
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path as FilePath
from typing import Any

from speccheck import checking
from speccheck.checking import CheckRequest
from speccheck.engines.base import Limits, Walks
from speccheck.engines.reference.replays import replay as take_again
from speccheck.errors import UsageError
from speccheck.ir.models import Model
from speccheck.loading import load
from speccheck.rendering.itf import path_from_itf
from speccheck.reports import Path, Report


def capture(path: FilePath | str) -> Model:
    """The Model of the specification at a path (NAME.py, or a folder NAME that holds it); runs its Python once.

    Raises UsageError where there is none, SpecError where it is wrong.
    """
    return load(path).model


def check(
    model: Model,
    *,
    instance: str = "",
    properties: Iterable[str] = (),
    max_steps: int | None = None,
    timeout_s: float | None = None,
    deadlock: bool = False,
) -> Report:
    """Visits every reachable state of one instance and judges properties in each (all, where none is named).

    `instance` may be left out where there is only one. Raises UsageError for a name that does not exist.
    """
    limits = Limits(max_steps=max_steps, timeout_s=timeout_s, deadlock=deadlock)
    return _checked(model, instance, properties, limits)


def simulate(
    model: Model,
    *,
    walks: int,
    max_steps: int,
    seed: int = 0,
    instance: str = "",
    properties: Iterable[str] = (),
    timeout_s: float | None = None,
) -> Report:
    """Takes random walks through one instance, the same ones for the same seed; raises as `check` does."""
    limits = Limits(max_steps=max_steps, timeout_s=timeout_s, walks=Walks(walks, seed))
    return _checked(model, instance, properties, limits)


def replay(model: Model, path: Path | dict[str, Any], *, instance: str = "") -> Path:
    """Takes the steps of a path (a report's, or an ITF document) again, and gives it complete.

    Raises ModelError naming the first step that the model does not allow.
    """
    chosen = model if model.instance_name or not model.params else model.instance(_only(model, instance))
    recorded = path if isinstance(path, Path) else path_from_itf(path, chosen)[0]
    return take_again(chosen, recorded)


def _checked(model: Model, instance: str, properties: Iterable[str], limits: Limits) -> Report:
    request = CheckRequest(instances=(_only(model, instance),), properties=tuple(properties), limits=limits)
    (report,) = checking.check(model, request)
    return report


def _only(model: Model, instance: str) -> str:
    names = [each.name for each in model.instances]
    if instance or len(names) == 1:
        return instance or names[0]
    raise UsageError(f"{model.name} has {len(names)} instances; give instance=, one of: {', '.join(names) or 'none'}")


__all__ = ["capture", "check", "replay", "simulate"]
