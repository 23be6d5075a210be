"""Whether a single node is well typed, given that those below it are; and whether a type may be used at all.

Takes one node or type and raises `TypeMismatch` with what is wrong with it. Scopes and versions are no
matter here: `Local` and `Read` nodes are taken at their word where `ir.definitions` compares them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import assert_never

from speccheck.ir.limits import MAX_NAME_LENGTH, MAX_TYPE_DEPTH, MAX_TYPE_SIZE
from speccheck.ir.literals import shown
from speccheck.ir.models import Function, Model
from speccheck.ir.nodes import (
    Apply,
    Bind,
    Const,
    Expr,
    Fold,
    Invoke,
    Let,
    Local,
    Match,
    Param,
    Read,
    element_type,
)
from speccheck.ir.ops import OPS, TypeMismatch
from speccheck.ir.types import (
    BOOL,
    EnumType,
    ListType,
    MapType,
    RecordType,
    SetType,
    TupleType,
    Type,
    UnionType,
    parts,
)
from speccheck.ir.values import fits


@dataclass(frozen=True, slots=True)
class Known:
    """What the names of a Model stand for."""

    params: Mapping[str, Type]
    variables: Mapping[str, Type]
    functions: Mapping[str, Function]

    @classmethod
    def of(cls, model: Model) -> Known:
        """The names that a Model declares."""
        return cls(
            {each.name: each.type for each in model.params},
            {each.name: each.type for each in model.variables},
            {each.name: each for each in model.functions},
        )


def check_node(node: Expr, known: Known) -> None:
    """Raise TypeMismatch where a node's type is not the one its parts give it."""
    match node:
        case Const(type_, value):
            if not fits(value, type_):
                raise TypeMismatch(f"the constant is no value of {type_}")
        case Param(type_, name):
            _named("parameter", name, type_, known.params)
        case Read(type_, variable):
            _named("variable", variable, type_, known.variables)
        case Local():
            pass
        case Apply():
            _apply(node)
        case Bind():
            _bind(node)
        case Fold():
            _fold(node)
        case Let(type_, local, value, body):
            check_same(f"the value of {shown(local.name)}", value.type, local.type)
            check_same("let", type_, body.type)
        case Match():
            _match(node)
        case Invoke():
            _invoke(node, known)
        case _:
            assert_never(node)


def _require(condition: bool, problem: str) -> None:
    if not condition:
        raise TypeMismatch(problem)


def _named(kind: str, name: str, type_: Type, declared: Mapping[str, Type]) -> None:
    _require(name in declared, f"there is no {kind} {shown(name)}")
    check_same(f"{kind} {shown(name)}", type_, declared[name])


def _apply(node: Apply) -> None:
    op = OPS.get(node.op)
    if op is None:
        raise TypeMismatch(f"there is no operation {shown(node.op)}")
    _require(node.attribute is None or op.takes_attribute, f"{op.name} takes no attribute, got {node.attribute!r}")
    try:
        result = op.result(tuple(arg.type for arg in node.args), node.attribute, node.type)
    except TypeMismatch as problem:
        raise TypeMismatch(f"{op.name}: {problem}") from None
    check_same(op.name, node.type, result)


def _bind(node: Bind) -> None:
    _require(bool(node.clauses), f"{shown(node.op)} needs a clause")
    for clause in node.clauses:
        element = element_type(clause.domain.type)
        if element is None:
            raise TypeMismatch(f"{shown(clause.local.name)} ranges over {clause.domain.type}, neither a set nor a list")
        check_same(shown(clause.local.name), clause.local.type, element)
    if node.op in ("forall", "exists", "filter", "list_filter", "choose"):
        check_same(f"the body of {node.op}", node.body.type, BOOL)
    check_same(node.op, node.type, _bind_type(node))


def _bind_type(node: Bind) -> Type:
    elements = tuple(clause.local.type for clause in node.clauses)
    element = elements[0] if len(elements) == 1 else TupleType(elements)
    match node.op, node.clauses[0].domain.type:
        case (("forall" | "exists"), _):
            return BOOL
        case "image", _:
            return SetType(node.body.type)
        case "filter", _:
            return SetType(element)
        case "mapping", _:
            return MapType(element, node.body.type)
        case "list_map", ListType() if len(elements) == 1:
            return ListType(node.body.type)
        case "list_filter", ListType() if len(elements) == 1:
            return ListType(element)
        case "choose", SetType() if len(elements) == 1:
            return element
        case (("list_map" | "list_filter"), _):
            raise TypeMismatch(f"{node.op} takes one clause, over a list")
        case "choose", _:
            raise TypeMismatch("choose takes one clause, over a set")
        case _:
            raise TypeMismatch(f"there is no binder {shown(node.op)}")


def _fold(node: Fold) -> None:
    match node.collection.type:
        case SetType(element) | ListType(element):
            expected: tuple[Type, ...] = (element,)
        case MapType(key, value):
            expected = (key, value)
        case other:
            raise TypeMismatch(f"reduce goes over a set, map or list, not {other}")
    _require(len(node.items) == len(expected), f"reduce binds {len(node.items)} items here, not {len(expected)}")
    for item, type_ in zip(node.items, expected, strict=True):
        check_same(shown(item.name), item.type, type_)
    check_same("the initial value of reduce", node.initial.type, node.type)
    check_same("the accumulator of reduce", node.accumulator.type, node.type)
    check_same("the body of reduce", node.body.type, node.type)


def _match(node: Match) -> None:
    union = node.subject.type
    if not isinstance(union, UnionType):
        raise TypeMismatch(f"match is over a union, not {union}")
    check_distinct("the arm of", (arm.tag for arm in node.arms))
    for arm in node.arms:
        payload = union.variant(arm.tag)
        if payload is None:
            raise TypeMismatch(f"{union} has no variant {shown(arm.tag)}")
        check_same(f"the payload of {shown(arm.tag)}", arm.local.type, payload)
        check_same(f"the arm of {shown(arm.tag)}", arm.body.type, node.type)
    tags = {arm.tag for arm in node.arms}
    missing = [tag for tag, _ in union.variants if tag not in tags]
    if node.default is None:
        _require(not missing, f"match has neither an arm of {', '.join(map(shown, missing))} nor a default")
        return
    _require(bool(missing), f"match has an arm of each tag of {union} and a default besides")
    check_same("the default of match", node.default.type, node.type)


def _invoke(node: Invoke, known: Known) -> None:
    function = known.functions.get(node.function)
    if function is None:
        raise TypeMismatch(f"there is no function {shown(node.function)}")
    check_args(f"function {shown(node.function)}", node.args, function.params)
    check_same(f"function {shown(node.function)}", node.type, function.body.type)


def check_same(what: str, found: Type, expected: Type) -> None:
    """Raise TypeMismatch where a type is not the one expected."""
    if found != expected:
        raise TypeMismatch(f"{what} should be {expected}, not {found}")


def check_args(what: str, args: tuple[Expr, ...], params: tuple[Local, ...]) -> None:
    """Raise TypeMismatch where arguments do not fit parameters in number or type."""
    _require(len(args) == len(params), f"{what} takes {len(params)} arguments, got {len(args)}")
    for arg, param in zip(args, params, strict=True):
        check_same(f"argument {shown(param.name)} of {what}", arg.type, param.type)


def check_name(name: str) -> None:
    """Raise TypeMismatch for a name that is empty, too long, or would not show as it is."""
    _require(0 < len(name) <= MAX_NAME_LENGTH, f"a name of {len(name)} characters (1 to {MAX_NAME_LENGTH} are allowed)")
    _require(name.isprintable(), f"{shown(name)} is no name: it has characters that do not print")


def check_distinct(what: str, names: Iterable[str]) -> None:
    """Raise TypeMismatch where a name is no name or comes twice."""
    seen: set[str] = set()
    for name in names:
        check_name(name)
        _require(name not in seen, f"{what} {shown(name)} is there twice")
        seen.add(name)


class TypeLimits:
    """Checks that types are small enough and well-named, each type object once."""

    def __init__(self) -> None:
        self._checked: set[int] = set()

    def check(self, type_: Type) -> None:
        """Raise TypeMismatch where a type is too deep, too large, or names a part twice."""
        if id(type_) in self._checked:
            return
        stack, size = [(type_, 1)], 0
        while stack:
            part, depth = stack.pop()
            size += 1
            _require(depth <= MAX_TYPE_DEPTH, f"a type is nested deeper than {MAX_TYPE_DEPTH}")
            _require(size <= MAX_TYPE_SIZE, f"a type is made of more than {MAX_TYPE_SIZE} types")
            _check_names(part)
            stack.extend((each, depth + 1) for each in parts(part))
        self._checked.add(id(type_))


def _check_names(type_: Type) -> None:
    match type_:
        case EnumType(name, members):
            check_name(name)
            check_distinct(f"member of {name}", members)
        case RecordType(name, fields):
            check_name(name)
            check_distinct(f"field of {name}", (field for field, _ in fields))
        case UnionType(name, variants):
            check_name(name)
            check_distinct(f"variant of {name}", (tag for tag, _ in variants))
        case _:
            pass
