"""The first tier: every invariant over observed variables, judged in each observed state.

Takes a Model and a mapping; gives for each `View` a `Judgement`. It evaluates what users wrote, so it belongs where
that may take as long as it likes and be killed: in the evaluator's workers, or on the author's own machine.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping as Values
from typing import assert_never

from speccheck.conform.mapping import Mapped, Mapping, Rejected
from speccheck.conform.protocols import Judgement, Loaded, MappingOrder, Result, Unjudged, View
from speccheck.engines.base import Limits
from speccheck.engines.reference.predicates import Judge, Judged, Outcome
from speccheck.errors import ModelError, UsageError
from speccheck.ir.itf import encode
from speccheck.ir.literals import literal
from speccheck.ir.models import Model
from speccheck.ir.nodes import Read
from speccheck.ir.values import Value
from speccheck.ir.walks import bottom_up
from speccheck.reports import Itf

_JUDGES_KEPT = 32
"""For how many different values of mapped parameters the compiled invariants are kept."""

_OF_BEHAVIOURS = "it is about behaviours without end, of which an observed state shows nothing"

_SHOWN_VALUE = 160
_SHOWN_VARIABLES = 3


class Assessor:
    """A Model and a mapping, compiled."""

    def __init__(self, model: Model, order: MappingOrder, limits: Limits | None = None) -> None:
        """Compiles; `limits` are those of one observation.

        Raises UsageError where the mapping does not fit the Model, ModelError for a malformed Model.
        """
        self._mapping = Mapping(model, order)
        self._limits = limits
        self._judges: OrderedDict[tuple[Value, ...], Judge] = OrderedDict()
        self._types = {v.name: v.type for v in model.variables}
        self._docs = {p.name: p.doc.strip().split("\n")[0] for p in model.properties}
        self._mentions = _mentions(model)
        temporal = [p.name for p in model.properties if p.kind == "temporal"]
        self._of_behaviours = tuple(Unjudged(name, (), _OF_BEHAVIOURS) for name in temporal)
        if not self._mentions:
            raise UsageError(f"{model.name} has no invariant, so there is nothing to hold observations to")

    def loaded(self) -> Loaded:
        """Which invariants the mapping lets be judged, and which properties not: for want of which variables, or why.

        Raises UsageError where it lets none be judged.
        """
        missing = {
            name: tuple(v for v in variables if v not in self._mapping.names)
            for name, variables in self._mentions.items()
        }
        judged = tuple(name for name, variables in missing.items() if not variables)
        unjudged = tuple(Unjudged(name, variables) for name, variables in missing.items() if variables)
        if not judged:
            first = unjudged[0]
            raise UsageError(
                "no invariant speaks of mapped variables alone, so nothing could be judged: "
                f"{first.property} also needs {', '.join(first.variables)}"
            )
        return Loaded(judged, (*unjudged, *self._of_behaviours))

    def judge(self, view: View) -> Judgement:
        """What one observation means; that it cannot be mapped is a judgement too."""
        try:
            mapped = self._mapping.map(view)
            found = self._judge(mapped.parameters).invariants(mapped.variables)
        except (Rejected, ModelError) as error:
            return Judgement(rejected=str(error))
        results = tuple(self._result(each, mapped) for each in found if not each.missing)
        return Judgement(mapped.key, self._itf(mapped), results)

    def _judge(self, parameters: Values[str, Value]) -> Judge:
        key = tuple(parameters.values())
        if key not in self._judges:
            self._judges[key] = Judge(self._mapping.model.bind(parameters), self._limits)
            while len(self._judges) > _JUDGES_KEPT:
                self._judges.popitem(last=False)
        self._judges.move_to_end(key)
        return self._judges[key]

    def _itf(self, mapped: Mapped) -> dict[str, Itf]:
        return {name: encode(value, self._types[name]) for name, value in mapped.variables.items()}

    def _result(self, judged: Judged, mapped: Mapped) -> Result:
        match judged.outcome:
            case Outcome.HOLDS:
                return Result(judged.name, "Holds")
            case Outcome.VIOLATED:
                return Result(judged.name, "Violated", self._told(judged.name, mapped))
            case Outcome.ERROR | Outcome.NOT_JUDGED:
                where = f" at {judged.error.place}" if judged.error and judged.error.place else ""
                return Result(judged.name, "Error", f"it has no value here{where}: {judged.reason}")
            case _:
                assert_never(judged.outcome)

    def _told(self, name: str, mapped: Mapped) -> str:
        """What is broken, in its author's words, and by which values."""
        said = self._docs[name].rstrip(".") or "it does not hold"
        variables = self._mentions[name]
        shown = [f"{v} = {_short(literal(mapped.variables[v], self._types[v]))}" for v in variables[:_SHOWN_VARIABLES]]
        more = f", and {len(variables) - _SHOWN_VARIABLES} more" if len(variables) > _SHOWN_VARIABLES else ""
        return f"{said}; observed {', '.join(shown)}{more}"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_VALUE else f"{text[:_SHOWN_VALUE]}…"


def _mentions(model: Model) -> dict[str, tuple[str, ...]]:
    """For each invariant the variables it mentions, in the model's order."""
    found = {}
    for each in model.properties:
        if each.kind == "invariant":
            reads = {node.variable for node in bottom_up([each.predicate], set()) if isinstance(node, Read)}
            found[each.name] = tuple(v.name for v in model.variables if v.name in reads)
    return found
