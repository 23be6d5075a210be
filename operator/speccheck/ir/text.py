"""A Model as text for people who review it, and single expressions, statements and types on one line.

The text of a Model leaves nothing out but spans and is the same for the same Model. Within a definition it
grows no faster than the graph of expressions: `let %1 = …` abbreviates a long one that stands in several
places; wherever `%1` is written, that expression is meant, with the locals of that place. The form is
described in docs/model-format.md. It is not read back; `ir.json` is the form that is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from speccheck.ir import phrases, sentences
from speccheck.ir.layouts import Layout, flat
from speccheck.ir.literals import quoted, shown
from speccheck.ir.models import Action, Coverage, Function, Instance, Model, Property, Transition, Variable
from speccheck.ir.nodes import Alternatives, Block, Const, Expr, Join, Local, Split, Statement, expressions
from speccheck.ir.pieces import Piece, Slot, Style, separated
from speccheck.ir.temporals import Formula, Quantifier, formula_expressions, formulas, operands
from speccheck.ir.types import EnumType, RecordType, Type, UnionType, parts
from speccheck.ir.values import Value
from speccheck.ir.walks import bottom_up, bound_locals, defined_local, in_order, top_down


def type_text(type_: Type) -> str:
    """A type as it is written in an annotation."""
    return str(type_)


def expression_text(expr: Expr, limit: int = 200, *, versions: bool = False) -> str:
    """An expression on one line, as its author might have written it, cut with … at `limit` characters.

    `versions` tells reads of a variable after an assignment (`s.x@1`) from those before it (`s.x`).
    """
    return flat((Slot(expr),), Style(versions), limit)


def statement_text(statement: Statement, limit: int = 200, *, versions: bool = False) -> str:
    """A statement's first line, without the blocks inside it, cut with … at `limit` characters."""
    style = Style(versions)
    return flat(phrases.statement(statement, style), style, limit)


def model_text(model: Model) -> str:
    """The whole Model as text, ending in a newline."""
    reserved = frozenset(p.name for p in model.params) | frozenset(f.name for f in model.functions)
    sections = [
        _heading(model),
        _state(model),
        *_types(model),
        *(_function(each, reserved) for each in model.functions),
        *(_action(each, reserved) for each in model.actions),
        _transition("initial", model.initial, reserved),
        _transition("step", model.step, reserved),
        *(_property(each, reserved) for each in model.properties),
        *(_coverage(each, reserved) for each in model.coverages),
        *(_instance(each, model) for each in model.instances),
    ]
    return "\n\n".join(sections) + "\n"


def _heading(model: Model) -> str:
    instance = f", instance {shown(model.instance_name)}" if model.instance_name else ""
    return "\n".join([f"spec {shown(model.name)}{instance}", *_doc(model.doc, "")])


def _doc(doc: str, indent: str) -> Iterator[str]:
    for line in doc.strip().splitlines():
        text = line.rstrip() if line.isprintable() else quoted(line)
        yield f"{indent}# {text}".rstrip()


def _state(model: Model) -> str:
    return "\n".join([f"state {shown(model.state)}", *_params(model), *map(_variable, model.variables)])


def _params(model: Model) -> Iterator[str]:
    for each in model.params:
        declared = f"{shown(each.name)}: Param[{shown(str(each.type))}]"
        bound = each.name in model.bindings
        yield _given(declared, model.bindings[each.name], each.type) if bound else f"  {declared}"


def _variable(variable: Variable) -> str:
    upsert = ", UPSERT" if variable.upsert else ""
    return f"  {shown(variable.name)}: StateVar[{shown(str(variable.type))}{upsert}]"


# --- types that have a name ------------------------------------------------------------------------


def _types(model: Model) -> list[str]:
    found: dict[str, None] = {}
    seen: set[int] = set()
    for type_ in _mentioned(model):
        _describe(type_, found, seen)
    return ["\n".join(["types", *found])] if found else []


def _mentioned(model: Model) -> Iterator[Type]:
    yield from (each.type for each in (*model.params, *model.variables))
    seen: set[int] = set()
    for params, body in _definitions(model):
        yield from (local.type for local in params)
        yield from (node.type for node in bottom_up(_roots(body), seen))


def _describe(type_: Type, found: dict[str, None], seen: set[int]) -> None:
    if id(type_) in seen:
        return
    seen.add(id(type_))
    match type_:
        case EnumType(name, members):
            found[f"  enum {shown(name)}: {' | '.join(map(shown, members))}"] = None
        case RecordType(name, fields):
            listed = ", ".join(f"{shown(n)}: {shown(str(t))}" for n, t in fields)
            found[f"  record {shown(name)}: {listed}"] = None
        case UnionType(name, variants):
            listed = " | ".join(f"{shown(n)}({shown(str(t))})" for n, t in variants)
            found[f"  union {shown(name)}: {listed}"] = None
        case _:
            pass
    for part in parts(type_):
        _describe(part, found, seen)


def _definitions(model: Model) -> Iterator[tuple[tuple[Local, ...], Block | Expr]]:
    yield from ((function.params, function.body) for function in model.functions)
    yield from ((action.params, action.block) for action in model.actions)
    yield from (((), transition.block) for transition in (model.initial, model.step))
    yield from (((), body) for body in model.judged())


def _roots(body: Block | Expr | Formula) -> tuple[Expr, ...]:
    if isinstance(body, Formula):
        return formula_expressions(body)
    if not isinstance(body, tuple):
        return (body,)
    return tuple(expr for statement in in_order(body) for expr in expressions(statement))


def _locals(body: Block | Expr | Formula) -> Iterator[Local]:
    """The locals bound in a definition, in reading order."""
    seen: set[int] = set()
    if isinstance(body, Formula):
        yield from (c.local for node in formulas(body) if isinstance(node, Quantifier) for c in node.clauses)
        yield from (local for node in top_down(_roots(body), seen) for local in bound_locals(node))
        return
    for statement in in_order(body) if isinstance(body, tuple) else ():
        defined = defined_local(statement)
        yield from () if defined is None else (defined,)
        yield from (local for node in top_down(expressions(statement), seen) for local in bound_locals(node))
    for node in top_down(() if isinstance(body, tuple) else (body,), seen):
        yield from bound_locals(node)


# --- definitions -----------------------------------------------------------------------------------


class _Definition:
    """The lines of one definition, its locals and abbreviations numbered on their own."""

    def __init__(self, reserved: frozenset[str], params: tuple[Local, ...], body: Block | Expr | Formula) -> None:
        self.style = Style(True, reserved)
        for local in (*params, *_locals(body)):
            self.style.local(local.name)
        self._layout = Layout(self.style, _roots(body))

    def params(self, params: tuple[Local, ...]) -> str:
        return ", ".join(f"{self.style.local(each.name)}: {shown(str(each.type))}" for each in params)

    def expression(self, expr: Expr, indent: int) -> Iterator[str]:
        yield from self._abbreviations((expr,), indent)
        yield self._layout.lines((Slot(expr),), indent)

    def formula(self, root: Formula, indent: int) -> Iterator[str]:
        """A formula in lines, what does not fit in one broken between the formulas below it."""
        yield from self._abbreviations(formula_expressions(root), indent)
        yield from self._sentence(root, indent, "")

    def _sentence(self, node: Formula, indent: int, end: str) -> Iterator[str]:
        whole = (*sentences.sentence(node, self.style), end)
        inner = operands(node)
        if not inner or self._layout.fits(whole, indent):
            yield self._layout.lines(whole, indent)
            return
        before, after = sentences.ends(node, self.style)
        yield self._layout.lines(before, indent)
        for number, each in enumerate(inner):
            yield from self._sentence(each, indent + 4, "," if number < len(inner) - 1 else "")
        yield self._layout.lines((*after, end), indent)

    def block(self, block: Block, indent: int) -> Iterator[str]:
        for statement in block:
            yield from self._abbreviations(expressions(statement), indent)
            yield self._layout.lines(phrases.statement(statement, self.style), indent)
            yield from self._inside(statement, indent + 2)
        if not block:
            yield " " * indent + "pass"

    def _abbreviations(self, exprs: Iterable[Expr], indent: int) -> Iterator[str]:
        for name, expr in self._layout.abbreviated(exprs):
            yield self._layout.lines((f"let {name} = ", *self._layout.whole(expr)), indent)

    def head(self, start: str, writes: tuple[tuple[str, int], ...]) -> str:
        """The first line of a definition that writes variables."""
        given = [(self.style.variable(name, version),) for name, version in writes]
        return self._layout.lines((start, *((" giving ", *separated(given)) if given else ())), 0)

    def _inside(self, statement: Statement, indent: int) -> Iterator[str]:
        match statement:
            case Alternatives(branches, joins):
                arms = [(quoted(branch.name), f"branch {quoted(branch.name)}", branch.block) for branch in branches]
            case Split(_, then, otherwise, joins):
                arms = [("then", "then", then), ("otherwise", "otherwise", otherwise)]
            case _:
                return
        for _, label, block in arms:
            yield f"{' ' * indent}{label}:"
            yield from self.block(block, indent + 2)
        for join in joins:
            yield self._layout.lines(self._join(join, [name for name, _, _ in arms]), indent)

    def _join(self, join: Join, arms: list[str]) -> tuple[Piece, ...]:
        """Which version it is after which branch; the one that most branches leave comes last, as `else`."""
        shown_as = [self.style.variable(join.variable, source) for source in join.sources]
        [(most, count)] = Counter(shown_as).most_common(1) or [("", 0)]
        ways = [
            (f"{each} after {arm}",) for each, arm in zip(shown_as, arms, strict=False) if count < 2 or each != most
        ]
        rest = [(f"else {most}" if ways else most,)] if count > 1 else []
        return (f"{self.style.variable(join.variable, join.version)} is ", *separated([*ways, *rest]))


def _function(function: Function, reserved: frozenset[str]) -> str:
    definition = _Definition(reserved, function.params, function.body)
    head = f"function {shown(function.name)}({definition.params(function.params)}) -> {shown(str(function.body.type))}"
    return "\n".join([head, *definition.expression(function.body, 2)])


def _action(action: Action, reserved: frozenset[str]) -> str:
    definition = _Definition(reserved, action.params, action.block)
    label = "" if action.name == action.key else f" as {quoted(action.name)}"
    head = definition.head(f"action {shown(action.key)}({definition.params(action.params)}){label}", action.writes)
    return "\n".join([head, *_doc(action.doc, "  "), *definition.block(action.block, 2)])


def _transition(name: str, transition: Transition, reserved: frozenset[str]) -> str:
    definition = _Definition(reserved, (), transition.block)
    return "\n".join([definition.head(name, transition.writes), *definition.block(transition.block, 2)])


def _property(each: Property, reserved: frozenset[str]) -> str:
    definition = _Definition(reserved, (), each.body)
    body = each.body
    lines = definition.formula(body, 2) if isinstance(body, Formula) else definition.expression(body, 2)
    return "\n".join([f"{each.kind} {shown(each.name)}", *_doc(each.doc, "  "), *lines])


def _coverage(each: Coverage, reserved: frozenset[str]) -> str:
    definition = _Definition(reserved, (), each.body)
    return "\n".join([f"coverage {shown(each.name)}", *_doc(each.doc, "  "), *definition.expression(each.body, 2)])


def _instance(instance: Instance, model: Model) -> str:
    types = {param.name: param.type for param in model.params}
    values = [_given(shown(name), value, types[name]) for name, value in instance.values if name in types]
    return "\n".join([f"instance {shown(instance.name)}", *_doc(instance.doc, "  "), *values])


def _given(name: str, value: Value, type_: Type) -> str:
    style = Style(True)
    return Layout(style, ()).lines((f"{name} = ", *phrases.expression(Const(type_, value), style).pieces), 2)
