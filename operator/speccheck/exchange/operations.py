r"""The operations of `ir.ops` as TLA+ formulas: one row an operation.

A row takes the operation's node and its operands, already translated. A row that needs an operator of the library
asks for it. Operations with a boolean structure of their own (and, or, implies, ite) are here, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from speccheck.exchange.constants import EMPTY, UNION_TAG, field_names, mapping, record, sequence, union
from speccheck.exchange.pieces import (
    ATOM,
    NEGATION,
    OPEN,
    OPERATION,
    Conditional,
    Doc,
    Enclosed,
    Infix,
    Joined,
    Text,
    applied,
    call,
    conjunction,
    disjunction,
    infix,
    relation,
    tight,
)
from speccheck.ir.nodes import Apply, Const
from speccheck.ir.types import RecordType, SetType, Type, UnionType

Needs: TypeAlias = Callable[[str], str]
Row: TypeAlias = Callable[[Apply, list[Doc], Needs], Doc]


def operation(node: Apply, args: list[Doc], needs: Needs) -> Doc:
    """An operation on operands. KeyError where there is no row for it."""
    return ROWS[node.op](node, args, needs)


def _arithmetic(operator: str) -> Row:
    return lambda node, args, needs: infix(operator, *args)


def _comparison(operator: str) -> Row:
    return lambda node, args, needs: relation(operator, *args)


def _called(name: str) -> Row:
    """An operator of the standard modules."""
    return lambda node, args, needs: call(name, *args)


def _ours(name: str) -> Row:
    """An operator of the library."""
    return lambda node, args, needs: call(needs(name), *args)


def _prefix(word: str, doc: Doc) -> Doc:
    return Joined((Text(f"{word} "), tight(doc, ATOM)), OPERATION)


def _division(operator: str, general: str) -> Row:
    def row(node: Apply, args: list[Doc], needs: Needs) -> Doc:
        match node.args[1]:
            case Const(_, value) if value > 0:
                return infix(operator, *args)
            case _:
                return call(needs(general), *args)

    return row


def _power(node: Apply, args: list[Doc], needs: Needs) -> Doc:
    match node.args[1]:
        case Const(_, value) if value > 0:
            return infix("^", *args)
        case _:
            return call(needs("Power"), *args)


def _not(node: Apply, args: list[Doc], needs: Needs) -> Doc:
    match args[0]:
        case Infix("=", (left, right)):
            return relation("#", left, right)
        case Infix(r"\in", (left, right)):
            return relation(r"\notin", left, right)
        case operand:
            return Joined((Text("~"), tight(operand, ATOM)), NEGATION)


def _implies(node: Apply, args: list[Doc], needs: Needs) -> Doc:
    return Infix("=>", (tight(args[0], NEGATION), tight(args[1], NEGATION)), OPEN)


def _map_make(node: Apply, args: list[Doc], needs: Needs) -> Doc:
    pairs = list(zip(args[::2], args[1::2], strict=True))
    keys = node.args[::2]
    distinct = all(isinstance(key, Const) for key in keys)
    if not distinct or len({key.value for key in keys if isinstance(key, Const)}) < len(keys):
        pairs.reverse()  # of several entries for a key the last one counts here, in TLA+ the first
    return mapping(pairs)


def _map_insert(node: Apply, args: list[Doc], needs: Needs) -> Doc:
    map_, key, value = args
    entry = mapping([(key, value)])
    return Infix("@@", (tight(entry, ATOM), tight(map_, ATOM)), OPERATION)


def _place(index: Doc) -> Doc:
    """A list's index, which TLA+ counts from 1."""
    match index:
        case Text(text) if text.isdigit():
            return Text(str(int(text) + 1))
        case _:
            return infix("+", index, Text("1"))


def _list_keys(node: Apply, args: list[Doc], needs: Needs) -> Doc:
    return infix("..", Text("0"), infix("-", call("Len", args[0]), Text("1")))


def _except(subject: Doc, selector: str, value: Doc) -> Doc:
    changed = Infix("=", (Text(f"!{selector}"), value), 0)
    return Enclosed("[", (Infix("EXCEPT", (tight(subject, ATOM), changed), 0),), "]")


def _tuple_place(node: Apply) -> int:
    assert isinstance(node.attribute, int)
    return node.attribute + 1


def _field(type_: Type, attribute: object) -> str:
    assert isinstance(type_, RecordType) and isinstance(attribute, str)
    return field_names(type_)[type_.position(attribute)]


def _record_make(node: Apply, args: list[Doc], needs: Needs) -> Doc:
    assert isinstance(node.type, RecordType)
    return record(node.type, tuple(args))


def _union_make(node: Apply, args: list[Doc], needs: Needs) -> Doc:
    assert isinstance(node.type, UnionType) and isinstance(node.attribute, str)
    return union(node.type, node.attribute, args[0])


def _all_records(node: Apply, args: list[Doc], needs: Needs) -> Doc:
    assert isinstance(node.type, SetType) and isinstance(node.type.element, RecordType)
    if not args:
        return Enclosed("{", (EMPTY,), "}")
    pairs = zip(field_names(node.type.element), args, strict=True)
    return Enclosed("[", tuple(Joined((Text(f"{name}: "), doc)) for name, doc in pairs), "]")


def _all_tuples(node: Apply, args: list[Doc], needs: Needs) -> Doc:
    match args:
        case []:
            return Enclosed("{", (EMPTY,), "}")
        case [only]:
            return call(needs("Singles"), only)
        case _:
            return Infix(r"\X", tuple(tight(each, ATOM) for each in args), OPERATION)


def _all_maps(node: Apply, args: list[Doc], needs: Needs) -> Doc:
    return Enclosed("[", (Infix("->", (args[0], args[1]), 0),), "]")


ROWS: Mapping[str, Row] = MappingProxyType(
    {
        "add": _arithmetic("+"),
        "sub": _arithmetic("-"),
        "mul": _arithmetic("*"),
        "floordiv": _division("\\div", "FloorDiv"),
        "mod": _division("%", "FloorMod"),
        "pow": _power,
        "neg": lambda node, args, needs: Joined((Text("-"), tight(args[0], ATOM)), OPERATION),
        "lt": _comparison("<"),
        "le": _comparison("<="),
        "gt": _comparison(">"),
        "ge": _comparison(">="),
        "eq": _comparison("="),
        "ne": _comparison("#"),
        "not": _not,
        "and": lambda node, args, needs: conjunction(args),
        "or": lambda node, args, needs: disjunction(args),
        "implies": _implies,
        "ite": lambda node, args, needs: Conditional(args[0], args[1], args[2]),
        "interval": _arithmetic(".."),
        "ints": lambda node, args, needs: Text("Int"),
        "unsigned_ints": lambda node, args, needs: Text("Nat"),
        "range": _ours("Numbers"),
        "set_make": lambda node, args, needs: Enclosed("{", tuple(args), "}"),
        "set_union": _arithmetic(r"\cup"),
        "set_intersection": _arithmetic(r"\cap"),
        "set_difference": _arithmetic("\\"),
        "subset": _comparison(r"\subseteq"),
        "proper_subset": _ours("ProperSubset"),
        "set_contains": lambda node, args, needs: relation(r"\in", args[1], args[0]),
        "set_size": _called("Cardinality"),
        "set_flatten": lambda node, args, needs: _prefix("UNION", args[0]),
        "all_subsets": lambda node, args, needs: _prefix("SUBSET", args[0]),
        "all_maps": _all_maps,
        "all_tuples": _all_tuples,
        "all_records": _all_records,
        "map_make": _map_make,
        "map_get": lambda node, args, needs: applied(args[0], args[1]),
        "map_insert": _map_insert,
        "map_replace": _ours("Replaced"),
        "map_keys": lambda node, args, needs: _prefix("DOMAIN", args[0]),
        "map_values": _ours("Values"),
        "map_size": lambda node, args, needs: call("Cardinality", _prefix("DOMAIN", args[0])),
        "list_make": lambda node, args, needs: sequence(tuple(args)),
        "list_get": lambda node, args, needs: applied(args[0], _place(args[1])),
        "list_slice": _ours("Slice"),
        "list_concat": _arithmetic(r"\o"),
        "list_replace": lambda node, args, needs: call(needs("ReplacedAt"), args[0], _place(args[1]), args[2]),
        "list_keys": _list_keys,
        "list_contains": lambda node, args, needs: relation(r"\in", args[1], call(needs("Elements"), args[0])),
        "list_size": _called("Len"),
        "tuple_make": lambda node, args, needs: sequence(tuple(args)),
        "tuple_get": lambda node, args, needs: applied(args[0], Text(str(_tuple_place(node)))),
        "tuple_replace": lambda node, args, needs: _except(args[0], f"[{_tuple_place(node)}]", args[1]),
        "record_make": _record_make,
        "record_get": lambda node, args, needs: Joined(
            (tight(args[0], ATOM), Text(f".{_field(node.args[0].type, node.attribute)}"))
        ),
        "record_replace": lambda node, args, needs: _except(
            args[0], f".{_field(node.args[0].type, node.attribute)}", args[1]
        ),
        "union_make": _union_make,
        "union_tag": lambda node, args, needs: Joined((tight(args[0], ATOM), Text(f".{UNION_TAG}"))),
    }
)
"""By the operation's name; every one of `ir.ops.OPS` has a row."""
