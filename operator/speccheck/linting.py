"""Warnings about a specification that is not wrong, and may not say what its author thinks it says.

Takes a Model; gives warnings, each with a stable code and a place. What needs a look at the reachable states (an
action that can never be taken, an invariant whose premise never holds) is asked of the reference engine, over every
instance; it is only said where the search came to its end. Nothing here is a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from speccheck.engines.base import Limits
from speccheck.engines.reference.engine import ReferenceEngine
from speccheck.errors import Span
from speccheck.ir.models import Action, Model, Property, Variable
from speccheck.ir.nodes import (
    Apply,
    Assign,
    Bind,
    Block,
    Const,
    Expr,
    Fold,
    Let,
    Local,
    Param,
    Read,
    Statement,
    expressions,
)
from speccheck.ir.text import expression_text
from speccheck.ir.types import BOOL
from speccheck.ir.walks import in_order, top_down
from speccheck.reports import PropertyResult, Report, Verdict

_EVERYTHING = "#everything"
"""An example that never holds: asking for it makes the search visit every state."""


@dataclass(frozen=True, slots=True, order=True)
class Advice:
    """Something worth a second look. `code` is stable, `hint` says what to do about it."""

    span: Span | None
    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Linted:
    """The warnings, by place, and what could not be looked at, in words."""

    warnings: tuple[Advice, ...]
    undecided: tuple[str, ...] = ()


def lint(model: Model, timeout_s: float | None = None) -> Linted:
    """The warnings about a model; `timeout_s` bounds the search of each of its instances.

    Raises ModelError for a malformed model.
    """
    found = [*_unused(model), *_constant_properties(model), *_summed_values(model)]
    reports = [_searched(model.instance(each.name), timeout_s) for each in model.instances]
    complete = [report for report in reports if _is_complete(report)]
    if reports and len(complete) == len(reports):
        found += [*_never_taken(model, reports), *_vacuous(model, reports), *_contradicting(model, reports)]
    undecided = tuple(_why_open(report) for report in reports if not _is_complete(report))
    return Linted(tuple(sorted(found, key=_place)), undecided)


def _place(warning: Advice) -> tuple[str, int, int, str, str]:
    span = warning.span or Span("", 0, 0)
    return (span.path, span.line, span.column, warning.code, warning.message)


# --- what can be seen without a search ---------------------------------------------------------------


def _unused(model: Model) -> Iterator[Advice]:
    read, given = _reads(model), _parameters(model)
    for variable in model.variables:
        if variable.name not in read:
            yield Advice(
                _first_assignment(model, variable),
                "unused-variable",
                f"variable {variable.name!r} is assigned, and nothing but its own next value depends on it",
                "leave it out: it only multiplies states; or mention it in a guard or a property",
            )
    for param in model.params:
        if param.name not in given:
            yield Advice(
                None, "unused-parameter", f"parameter {param.name!r} of {model.state} is used nowhere", "leave it out"
            )
    for action in model.actions:
        yield from _unused_arguments(model, action)


def _unused_arguments(model: Model, action: Action) -> Iterator[Advice]:
    used = {node.name for node in _nodes(_block_roots(action.block)) if isinstance(node, Local)}
    for param in action.params:
        if param.name not in used:
            yield Advice(
                _span_of_block(model, action.block),
                "unused-argument",
                f"action {action.name} does not use its argument {param.name!r}",
                "leave it out, or is it meant to be in the guard?",
            )


def _reads(model: Model) -> set[str]:
    """The variables that something other than their own next value depends on."""
    found: set[str] = set()
    for block in _blocks(model):
        for statement in in_order(block):
            own = statement.variable if isinstance(statement, Assign) else None
            found |= {n.variable for n in _nodes(expressions(statement)) if isinstance(n, Read)} - {own}
    return found | {n.variable for n in _nodes(model.judged()) if isinstance(n, Read)}


def _parameters(model: Model) -> set[str]:
    roots = [root for block in _blocks(model) for root in _block_roots(block)]
    bodies = [*model.judged(), *(f.body for f in model.functions)]
    return {n.name for n in _nodes([*roots, *bodies]) if isinstance(n, Param)}


def _blocks(model: Model) -> tuple[Block, ...]:
    return (model.initial.block, model.step.block, *(a.block for a in model.actions))


def _block_roots(block: Block) -> list[Expr]:
    return [root for statement in in_order(block) for root in expressions(statement)]


def _nodes(roots: Iterable[Expr]) -> Iterator[Expr]:
    return top_down(roots, set())


def _first_assignment(model: Model, variable: Variable) -> Span | None:
    statements: Iterable[Statement] = (s for block in _blocks(model) for s in in_order(block))
    spans = (model.span_of(s) for s in statements if isinstance(s, Assign) and s.variable == variable.name)
    return next((span for span in spans if span is not None), None)


def _span_of_block(model: Model, block: Block) -> Span | None:
    return next((span for s in in_order(block) if (span := model.span_of(s)) is not None), None)


def _constant_properties(model: Model) -> Iterator[Advice]:
    for prop in model.properties:
        if prop.kind != "temporal" and not any(isinstance(node, Read) for node in _nodes(prop.expressions)):
            yield Advice(
                model.span_of(prop.body),
                "constant-property",
                f"{prop.kind} {prop.name} mentions no variable: it is the same in every state",
                "mention the state it is about: s.x",
            )


def _summed_values(model: Model) -> Iterator[Advice]:
    roots = [root for block in _blocks(model) for root in _block_roots(block)]
    for node in _nodes([*roots, *model.judged(), *(f.body for f in model.functions)]):
        if isinstance(node, Fold) and isinstance(node.collection, Apply) and node.collection.op == "map_values":
            yield Advice(
                model.span_of(node),
                "folded-values",
                f"{expression_text(node.collection)} is a set: equal values are counted once here",
                "fold over the map itself: m.reduce(lambda acc, k, v: …, 0), or sum(m[k] for k in m.keys)",
            )


# --- what needs a search -----------------------------------------------------------------------------


def _searched(model: Model, timeout_s: float | None) -> Report:
    """A complete search for what makes the properties matter, among the model's own questions."""
    asked = replace(model, properties=tuple(_questions(model)))
    names = tuple(prop.name for prop in asked.properties)
    return ReferenceEngine().run(asked, names, Limits(timeout_s=timeout_s))


def _questions(model: Model) -> Iterator[Property]:
    yield Property(_EVERYTHING, "example", Const(BOOL, False))
    invariants = [p for p in model.properties if p.kind == "invariant"]
    for prop in invariants:
        for number, (_, matters) in enumerate(_premises(prop.predicate)):
            yield Property(_matters(prop, number), "example", matters)
    for prop in (p for p in model.properties if p.kind == "example"):
        yield Property(prop.name, "example", prop.body)
        if invariants:
            holding = Apply(BOOL, "and", (prop.predicate, *(i.predicate for i in invariants)))
            yield Property(_lawful(prop), "example", holding)


def _matters(prop: Property, number: int) -> str:
    return f"{prop.name}#matters{number}"


def _lawful(prop: Property) -> str:
    return f"{prop.name}#lawful"


def _premises(body: Expr) -> Iterator[tuple[Expr, Expr]]:
    """The parts of an invariant that only say something under a premise, each with what makes the premise hold."""
    match body:
        case Apply(_, "and", args):
            for arg in args:
                yield from _premises(arg)
        case Let(type_, local, value, inner):
            for part, matters in _premises(inner):
                yield part, Let(type_, local, value, matters)
        case Apply(_, "implies", (premise, conclusion)) | Apply(_, "or", (Apply(_, "not", (premise,)), conclusion)):
            inner_parts = list(_premises(conclusion)) or [(body, Const(BOOL, True))]
            for _, matters in inner_parts:
                yield body, Apply(BOOL, "and", (premise, matters))
        case Bind(_, "forall", clauses, inner):
            for _, matters in list(_premises(inner)) or [(body, Const(BOOL, True))]:
                yield body, Bind(BOOL, "exists", clauses, matters)
        case _:
            return


def _result(report: Report, name: str) -> PropertyResult:
    return next(each for each in report.properties if each.name == name)


def _is_complete(report: Report) -> bool:
    """Whether every reachable state was visited."""
    return _result(report, _EVERYTHING).reason == "NoWitness"


def _why_open(report: Report) -> str:
    found = _result(report, _EVERYTHING)
    return f"instance {report.instance}: {found.message or found.reason}"


def _is_never(reports: Iterable[Report], name: str) -> bool:
    return all(_result(report, name).verdict is Verdict.VIOLATED for report in reports)


def _never_taken(model: Model, reports: list[Report]) -> Iterator[Advice]:
    taken = {count.action for report in reports for count in report.stats.actions if count.taken}
    tried = {count.action for report in reports for count in report.stats.actions if count.tried}
    for name in dict.fromkeys(count.action for report in reports for count in report.stats.actions):
        if name not in taken:
            block = next(a.block for a in model.actions if a.name == name)
            why = "a guard in it is always false" if name in tried else "nothing ever comes to calling it"
            yield Advice(
                _span_of_block(model, block),
                "never-taken",
                f"action {name} is never taken in any instance: {why}",
                "see why: speccheck explain --why-not, or declare an instance in which it is",
            )


def _vacuous(model: Model, reports: list[Report]) -> Iterator[Advice]:
    for prop in model.properties:
        if prop.kind != "invariant":
            continue
        for number, (part, _) in enumerate(_premises(prop.predicate)):
            if _is_never(reports, _matters(prop, number)):
                yield Advice(
                    model.span_of(part) or model.span_of(prop.body),
                    "vacuous-invariant",
                    f"invariant {prop.name} says nothing of any reachable state here: its premise never holds, "
                    "or what it ranges over is always empty",
                    "is the premise the one you mean? An @example that it holds shows that it can",
                )


def _contradicting(model: Model, reports: list[Report]) -> Iterator[Advice]:
    lawful = [p for p in model.properties if p.kind == "invariant"]
    for prop in model.properties:
        if prop.kind != "example" or not lawful or _is_never(reports, prop.name):
            continue
        if _is_never(reports, _lawful(prop)):
            yield Advice(
                model.span_of(prop.body),
                "contradicting-example",
                f"example {prop.name} is only found in states that break an invariant",
                "an example shows what should be possible: let it not ask for what an invariant forbids",
            )
