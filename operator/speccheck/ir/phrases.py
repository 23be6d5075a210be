"""How each node reads: an expression or a statement's first line, as pieces of text.

Takes one node and gives its `Phrase`: words, slots where the expressions below it go, and the places where
a long phrase may break. `ir.layouts` joins phrases to lines.
"""

from __future__ import annotations

from typing import assert_never

from speccheck.ir.literals import closing, empty, entries, literal, opening, quoted, shown
from speccheck.ir.nodes import (
    Alternatives,
    Apply,
    Assign,
    Assume,
    Bind,
    Choose,
    Clause,
    Const,
    Define,
    Expr,
    Fold,
    Invoke,
    Let,
    Local,
    Match,
    Param,
    Perform,
    Read,
    Split,
    Statement,
)
from speccheck.ir.pieces import Break, Level, Phrase, Piece, Slot, Style, separated
from speccheck.ir.types import ListType, MapType, RecordType, SetType, TupleType, UnionType, UnitType
from speccheck.ir.values import fits

_INFIX = {
    "implies": ("implies", Level.IMPLICATION, Level.OR, Level.IMPLICATION),
    "set_union": ("|", Level.UNION, Level.UNION, Level.INTERSECTION),
    "set_intersection": ("&", Level.INTERSECTION, Level.INTERSECTION, Level.SUM),
    "pow": ("**", Level.POWER, Level.POSTFIX, Level.SIGN),
    **{
        name: (symbol, Level.SUM, Level.SUM, Level.PRODUCT)
        for name, symbol in {"add": "+", "sub": "-", "set_difference": "-", "list_concat": "+"}.items()
    },
    **{
        name: (symbol, Level.PRODUCT, Level.PRODUCT, Level.SIGN)
        for name, symbol in {"mul": "*", "floordiv": "//", "mod": "%"}.items()
    },
    **{
        name: (symbol, Level.COMPARISON, Level.UNION, Level.UNION)
        for name, symbol in {
            "lt": "<",
            "le": "<=",
            "gt": ">",
            "ge": ">=",
            "eq": "==",
            "ne": "!=",
            "subset": "<=",
            "proper_subset": "<",
        }.items()
    },
}
"""Operations written between two operands: symbol, own level, level asked of the left and of the right one."""

_NAMED = {"ints": "Ints", "unsigned_ints": "UnsignedInts"}

_CALLED = {
    "interval": "Interval",
    "range": "Range",
    "all_subsets": "AllSubsets",
    "all_maps": "AllMaps",
    "all_tuples": "AllTuples",
}

_SUFFIX = {
    "set_size": "size",
    "map_size": "size",
    "list_size": "size",
    "set_flatten": "flattened",
    "map_keys": "keys",
    "list_keys": "keys",
    "map_values": "values",
    "union_tag": "tag",
}

_METHODS = {"map_insert": "insert", "map_replace": "replace", "list_replace": "replace"}


def expression(node: Expr, style: Style) -> Phrase:
    """What an expression reads like."""
    match node:
        case Const():
            return _const(node)
        case Param(_, name):
            return Phrase(Level.ATOM, (shown(name),))
        case Read(_, variable, version):
            return Phrase(Level.ATOM, (style.variable(variable, version),))
        case Local(_, name):
            return Phrase(Level.ATOM, (style.local(name),))
        case Apply():
            return _apply(node)
        case Bind():
            return _bind(node, style)
        case Fold():
            return _fold(node, style)
        case Let(_, local, value, body):
            head = (f"let {style.local(local.name)} = ", Slot(value), ":")
            return Phrase(Level.QUANTIFIED, (*head, Break(), Slot(body)))
        case Match():
            return _match(node, style)
        case Invoke(_, function, args):
            return Phrase(Level.POSTFIX, _call(shown(function), _slots(args)))
        case _:
            assert_never(node)


def statement(node: Statement, style: Style) -> tuple[Piece, ...]:
    """What a statement reads like, without the blocks inside it."""
    match node:
        case Assume(condition):
            return ("assume ", Slot(condition))
        case Assign(variable, version, value):
            return (f"{style.variable(variable, version)} = ", Slot(value))
        case Define(local, value):
            return (f"let {style.local(local.name)} = ", Slot(value))
        case Choose(local, domain, name):
            label = style.local(local.name)
            tail = () if label == name else (f" as {quoted(name)}",)
            return (f"one_of {label} in ", Slot(domain), *tail)
        case Alternatives():
            return ("alternatives",)
        case Split(condition):
            return ("split ", Slot(condition))
        case Perform(action, args, results):
            given = separated([(style.variable(each.variable, each.version),) for each in results])
            return (*_call(shown(action), _slots(args)), *((" giving ", *given) if given else ()))
        case _:
            assert_never(node)


def _const(node: Const) -> Phrase:
    match node.type, node.value:
        case (SetType() | MapType() | ListType()) as type_, value if not value:
            return Phrase(Level.POSTFIX, (empty(type_),))
        case (SetType() | MapType() | ListType() | TupleType() | RecordType()) as type_, value if fits(value, type_):
            items: list[tuple[Piece, ...]] = [(entry,) for entry in entries(value, type_)]
            return Phrase(Level.POSTFIX, _enclosed(opening(type_), items, closing(type_)))
        case type_, value:
            text = literal(value, type_)
            return Phrase(Level.SIGN if text.startswith("-") else Level.POSTFIX, (text,))


def _apply(node: Apply) -> Phrase:
    match node.op, node.args:
        case op, (left, right) if op in _INFIX:
            symbol, level, on_left, on_right = _INFIX[op]
            return Phrase(level, (Slot(left, on_left), Break(), f"{symbol} ", Slot(right, on_right)))
        case (("set_contains" | "list_contains"), (collection, item)):
            pieces = (Slot(item, Level.UNION), Break(), "in ", Slot(collection, Level.UNION))
            return Phrase(Level.COMPARISON, pieces)
        case "not", (Apply(_, "set_contains" | "list_contains", (collection, item)),):
            pieces = (Slot(item, Level.UNION), Break(), "not in ", Slot(collection, Level.UNION))
            return Phrase(Level.COMPARISON, pieces)
        case "not", (operand,):
            return Phrase(Level.NOT, ("not ", Slot(operand, Level.NOT)))
        case "neg", (operand,):
            return Phrase(Level.SIGN, ("-", Slot(operand, Level.POWER)))
        case ("and" | "or") as op, (first, *rest) if rest:
            level = Level.AND if op == "and" else Level.OR
            inner = Level(level + 1)
            more = (piece for each in rest for piece in (Break(), f"{op} ", Slot(each, inner)))
            return Phrase(level, (Slot(first, inner), *more))
        case "ite", (condition, then, otherwise):
            inner = Level.IMPLICATION
            test = (Break(), "if ", Slot(condition, inner), Break(), "else ")
            return Phrase(Level.CONDITIONAL, (Slot(then, inner), *test, Slot(otherwise, Level.CONDITIONAL)))
        case op, (operand,) if op in _SUFFIX:
            return Phrase(Level.POSTFIX, (Slot(operand, Level.POSTFIX), f".{_SUFFIX[op]}"))
        case op, () if op in _NAMED:
            return Phrase(Level.ATOM, (_NAMED[op],))
        case _:
            return Phrase(Level.POSTFIX, _parts(node) or _call(_CALLED.get(node.op, shown(node.op)), _slots(node.args)))


def _parts(node: Apply) -> tuple[Piece, ...] | None:
    """Operations that make, read and replace parts of collections and products; None for any other."""
    match node.op, node.args, node.attribute, node.type:
        case "set_make", args, _, _:
            return _enclosed("{", _slots(args), "}")
        case "list_make", args, _, _:
            return _enclosed("[", _slots(args), "]")
        case "tuple_make", args, _, TupleType() as type_:
            return _enclosed(opening(type_), _slots(args), closing(type_))
        case "map_make", args, _, _ if len(args) % 2 == 0:
            pairs = zip(args[::2], args[1::2], strict=True)
            return _enclosed("{", [(Slot(key), ": ", Slot(value)) for key, value in pairs], "}")
        case "record_make", args, _, RecordType(name, fields) if len(fields) == len(args):
            return _call(shown(name), _named(fields, args))
        case "all_records", args, _, SetType(RecordType(name, fields)) if len(fields) == len(args):
            return _call(f"AllRecords[{shown(name)}]", _named(fields, args))
        case "union_make", (payload,), str(tag), UnionType(name):
            unit = isinstance(payload, Const) and isinstance(payload.type, UnitType)
            return _call(f"{shown(name)}.{shown(tag)}", [] if unit else _slots((payload,)))
        case (("map_get" | "list_get"), (collection, at), _, _):
            return (Slot(collection, Level.POSTFIX), "[", Slot(at), "]")
        case "tuple_get", (subject,), at, _:
            return (Slot(subject, Level.POSTFIX), f"[{at}]")
        case "list_slice", (subject, low, high), _, _:
            return (Slot(subject, Level.POSTFIX), "[", Slot(low), ":", Slot(high), "]")
        case "record_get", (subject,), str(name), _:
            return (Slot(subject, Level.POSTFIX), f".{shown(name)}")
        case "record_replace", (subject, value), str(name), _:
            return (Slot(subject, Level.POSTFIX), *_call(".replace", [(f"{shown(name)}=", Slot(value))]))
        case "tuple_replace", (subject, value), at, _:
            return (Slot(subject, Level.POSTFIX), *_call(".replace", [(f"{at}",), (Slot(value),)]))
        case op, (subject, *rest), _, _ if op in _METHODS:
            return (Slot(subject, Level.POSTFIX), *_call(f".{_METHODS[op]}", _slots(tuple(rest))))
        case _:
            return None


def _bind(node: Bind, style: Style) -> Phrase:
    names = [style.local(clause.local.name) for clause in node.clauses]
    ranges = _ranges(node.clauses, style)
    element = names[0] if len(names) == 1 else f"({', '.join(names)})"
    match node.op:
        case "image":
            return _comprehension("{", (Slot(node.body),), ranges, "}")
        case "mapping":
            return _comprehension("{", (f"{element}: ", Slot(node.body)), ranges, "}")
        case "filter":
            return _comprehension("{", (element,), (*ranges, Break(), "if ", Slot(node.body)), "}")
        case "list_map":
            return _comprehension("[", (Slot(node.body),), ranges, "]")
        case "list_filter":
            return _comprehension("[", (element,), (*ranges, Break(), "if ", Slot(node.body)), "]")
        case op:  # forall, exists, choose, and what no verified model has
            domains = separated([(f"{name} in ", Slot(c.domain)) for name, c in zip(names, node.clauses, strict=True)])
            return Phrase(Level.QUANTIFIED, (f"{shown(op)} ", *domains, ":", Break(), Slot(node.body)))


def _comprehension(start: str, element: tuple[Piece, ...], ranges: tuple[Piece, ...], end: str) -> Phrase:
    return Phrase(Level.POSTFIX, (start, *element, *ranges, end))


def _ranges(clauses: tuple[Clause, ...], style: Style) -> tuple[Piece, ...]:
    named = [(style.local(clause.local.name), clause.domain) for clause in clauses]
    parts = ((Break(), f"for {name} in ", Slot(domain, Level.IMPLICATION)) for name, domain in named)
    return tuple(piece for part in parts for piece in part)


def _fold(node: Fold, style: Style) -> Phrase:
    items = ", ".join(style.local(item.name) for item in node.items)
    head = (f"reduce {style.local(node.accumulator.name)} = ", Slot(node.initial, Level.IMPLICATION))
    over = (f" for {items} in ", Slot(node.collection), ":", Break(), Slot(node.body))
    return Phrase(Level.QUANTIFIED, (*head, *over))


def _match(node: Match, style: Style) -> Phrase:
    arms: list[tuple[Piece, ...]] = []
    for arm in node.arms:
        payload = "" if isinstance(arm.local.type, UnitType) else style.local(arm.local.name)
        arms.append((f"{shown(arm.tag)}({payload}): ", Slot(arm.body)))
    if node.default is not None:
        arms.append(("default: ", Slot(node.default)))
    return Phrase(Level.QUANTIFIED, ("match ", Slot(node.subject), *_enclosed(" {", arms, "}")))


def _slots(args: tuple[Expr, ...]) -> list[tuple[Piece, ...]]:
    return [(Slot(arg),) for arg in args]


def _named(fields: tuple[tuple[str, object], ...], args: tuple[Expr, ...]) -> list[tuple[Piece, ...]]:
    return [(f"{shown(name)}=", Slot(arg)) for (name, _), arg in zip(fields, args, strict=True)]


def _call(name: str, items: list[tuple[Piece, ...]]) -> tuple[Piece, ...]:
    return _enclosed(f"{name}(", items, ")")


def _enclosed(start: str, items: list[tuple[Piece, ...]], end: str) -> tuple[Piece, ...]:
    if not items:
        return (start, end)
    return (start, Break(""), *separated(items), Break("", outdent=True), end)
