"""The reference engine: the smallest reading of the IR over Python values. It defines what is right."""

from __future__ import annotations

from functools import partial

from speccheck.engines.base import Limits, Progress
from speccheck.engines.reference.budgets import Budget
from speccheck.engines.reference.endings import Counts
from speccheck.engines.reference.programs import Program, deep_recursion
from speccheck.engines.reference.replays import confirm
from speccheck.engines.reference.searches import explore
from speccheck.engines.reference.simulations import simulate
from speccheck.engines.reference.verdicts import DEADLOCK, RUN, Ledger
from speccheck.errors import UsageError
from speccheck.ir.json import model_digest
from speccheck.ir.models import Model
from speccheck.ir.ops import TooLarge
from speccheck.reports import ActionCount, Bounds, PropertyResult, Report, Stats, Verdict


class ReferenceEngine:
    """Breadth-first search, or random walks where the limits ask for them."""

    name = "reference"

    def run(
        self, model: Model, properties: tuple[str, ...], limits: Limits, progress: Progress | None = None
    ) -> Report:
        """Answers like every `Engine`; each path in the report was taken again before.

        Raises UsageError for a free parameter, an unknown property or limits at odds, ModelError for
        a malformed model, InternalError where a path found does not replay.
        """
        _refuse(limits)
        budget = Budget(limits, progress)
        with deep_recursion():
            results, counts = _answers(model, properties, limits, budget)
        return _report(model, limits, results, _stats(counts, budget))


def _answers(
    model: Model, properties: tuple[str, ...], limits: Limits, budget: Budget
) -> tuple[tuple[PropertyResult, ...], Counts]:
    for name in properties:
        model.property_named(name)
    try:
        program = Program(model, budget)
        ledger = Ledger(program, properties, deadlock=limits.deadlock)
    except TooLarge as error:
        return _too_deep(model, properties, limits, str(error)), Counts()
    if limits.walks is not None and limits.max_steps is not None:
        counts = simulate(program, ledger, limits, limits.walks, limits.max_steps)
    else:
        counts = explore(program, ledger, limits)
    budget.lift()
    counts.coverage = ledger.coverage()
    return ledger.results(partial(confirm, program)), counts


def _too_deep(model: Model, properties: tuple[str, ...], limits: Limits, message: str) -> tuple[PropertyResult, ...]:
    """The results on a model that nests too deeply to be executed."""
    found = [model.property_named(name) for name in dict.fromkeys(properties)]
    asked = [(p.name, p.kind, p.doc) for p in found] + [(DEADLOCK, DEADLOCK, "")] * limits.deadlock
    return tuple(
        PropertyResult(name, kind, Verdict.UNKNOWN, "TooLarge", message, doc)
        for name, kind, doc in asked or [(RUN, RUN, "")]
    )


def _refuse(limits: Limits) -> None:
    walks, max_steps = limits.walks, limits.max_steps
    if walks is not None and max_steps is None:
        raise UsageError("simulation needs the number of steps of a walk (max_steps): it has no default")
    if walks is not None and walks.count < 1:
        raise UsageError(f"simulation needs at least one walk, not {walks.count}")
    if max_steps is not None and max_steps < 0:
        raise UsageError(f"the number of steps cannot be negative ({max_steps})")
    if limits.timeout_s is not None and not limits.timeout_s >= 0:
        raise UsageError(f"the time limit cannot be {limits.timeout_s:g} s")


def _stats(counts: Counts, budget: Budget) -> Stats:
    return Stats(
        distinct=counts.distinct,
        generated=counts.generated,
        depth=counts.depth,
        seconds=budget.seconds,
        actions=tuple(ActionCount(name, taken, counts.tried[name]) for name, taken in counts.taken.items()),
        walks=counts.walks,
        coverage=counts.coverage,
    )


def _report(model: Model, limits: Limits, results: tuple[PropertyResult, ...], stats: Stats) -> Report:
    walks = limits.walks
    return Report(
        spec=model.name,
        instance=model.instance_name,
        model_digest=model_digest(model),
        engine=ReferenceEngine.name,
        method="Explore" if walks is None else "Simulate",
        bounds=Bounds(
            max_steps=limits.max_steps,
            timeout_s=limits.timeout_s,
            memory_bytes=limits.memory_bytes,
            walks=None if walks is None else walks.count,
            seed=None if walks is None else walks.seed,
        ),
        properties=results,
        stats=stats,
        doc=model.doc,
    )
