"""From a Model to Reports: chooses instances and properties, runs an engine, confirms what it found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from speccheck.engines.base import Engine, Limits, Progress
from speccheck.engines.reference.engine import ReferenceEngine
from speccheck.engines.reference.replays import refuted, replay
from speccheck.errors import InternalError, ModelError, UsageError
from speccheck.ir.models import Model
from speccheck.ir.verify import verify
from speccheck.reports import PropertyResult, Report, Verdict

ENGINES: dict[str, Callable[[], Engine]] = {"reference": ReferenceEngine}
"""Engines by name."""


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What to check: instances and properties by name (all where empty), with which engine and limits.

    `source_digest` is noted in the Reports.
    """

    instances: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    engine: str = "reference"
    source_digest: str = ""


def check(model: Model, request: CheckRequest, progress: Progress | None = None) -> tuple[Report, ...]:
    """One Report per instance, in the order asked for.

    Raises UsageError for an unknown engine, instance or property, or a free parameter; ModelError for a
    Model that is not well-formed; InternalError where a path does not replay.
    """
    verify(model)
    if request.engine not in ENGINES:
        raise UsageError(f"no engine {request.engine!r}; there is: {', '.join(ENGINES)}")
    engine = ENGINES[request.engine]()
    properties = request.properties or tuple(p.name for p in model.properties)
    for name in properties:
        model.property_named(name)
    names = request.instances or tuple(i.name for i in model.instances)
    if not names:
        raise UsageError(
            f"{model.name} has parameters ({', '.join(model.free_params())}) and no instance; "
            "declare one: @instance def small() -> …"
        )
    return tuple(_one(engine, model.instance(name), properties, request, progress) for name in dict.fromkeys(names))


def _one(
    engine: Engine, model: Model, properties: tuple[str, ...], request: CheckRequest, progress: Progress | None
) -> Report:
    report = engine.run(model, properties, request.limits, progress)
    confirm(model, report)
    return replace(report, source_digest=request.source_digest)


def confirm(model: Model, report: Report) -> None:
    """Replay every path of a Report on the reference, over the captured Model; judge every lasso by the formula itself.

    Raises InternalError where one does not replay or does not break its property.
    """
    for result in report.properties:
        if result.path is None:
            continue
        try:
            replay(model, result.path)
            shown = _is_shown(model, result)
        except ModelError as error:
            raise InternalError(
                f"the {report.engine} engine's path for {result.name} does not replay: {error}"
            ) from error
        if not shown:
            raise InternalError(f"the {report.engine} engine's lasso for {result.name} does not break it")


def _is_shown(model: Model, result: PropertyResult) -> bool:
    """Whether a lasso breaks its property; what other paths show is told by the engine's own confirmation."""
    if result.kind != "temporal" or result.verdict is not Verdict.VIOLATED or result.path is None:
        return True
    return bool(refuted(model, result.path, [result.name]))
