"""Expressions as authors hold them: immutable, typed wrappers around IR nodes, and coercion to them.

`wrap(node)` gives the class for the node's type, `lift(value, type)` turns what an author wrote into
an expression, `apply(op, …)` builds and type-checks an operation at the author's line.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, Flag
from types import FunctionType, GeneratorType
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from speccheck.ir.nodes import Apply, Const
from speccheck.ir.nodes import Expr as Node
from speccheck.ir.ops import OPS, Attribute, TypeMismatch, bound_meaning
from speccheck.ir.types import (
    BOOL,
    INT,
    STR,
    UNIT,
    EnumType,
    ListType,
    MapType,
    SetType,
    TupleType,
    Type,
    UnitType,
)
from speccheck.ir.values import FrozenMap
from speccheck.lang import hints
from speccheck.lang.orders import in_order
from speccheck.lang.spans import called_by_author, recorded, spec_error

if TYPE_CHECKING:
    from speccheck.lang.places import Place

_FOLDABLE = frozenset({"set_make", "list_make", "tuple_make", "record_make", "union_make", "map_make", "neg"})
_enums: dict[EnumType, type[Enum]] = {}


TEXT_MESSAGE = "an expression has no text while the specification is captured"
TEXT_HINT = (
    "use an enum, a tuple or a record instead of a text made at run time; "
    "values are seen in paths: speccheck explain PATH --watch 's.x'"
)


class Expr:
    """An expression of the language. It stands for a value in every state; it has none of its own."""

    __slots__ = ("_node", "_place")
    _classes: ClassVar[dict[type, type[Expr]]] = {}

    _node: Node
    _place: Place | None

    def __init_subclass__(cls, types: tuple[type, ...] = (), **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for type_ in types:
            Expr._classes[type_] = cls

    def __init__(self, node: Node, place: Place | None = None) -> None:
        object.__setattr__(self, "_node", node)
        object.__setattr__(self, "_place", place)

    def __eq__(self, other: object) -> Any:
        return compare("eq", self, other)

    def __ne__(self, other: object) -> Any:
        return compare("ne", self, other)

    def __hash__(self) -> int:
        raise spec_error(
            "unhashable-expression",
            "an expression cannot be an element of a Python set or a key of a Python dict",
            "write Set(a, b) or Map((k, v), …), which are expressions themselves",
        )

    def __bool__(self) -> bool:
        raise spec_error(
            "bool-of-expression",
            "an expression has no truth value while the specification is captured",
            "for and/or/not write a & b, a | b, ~a; for `x if c else y` write Ite(c, x, y); "
            "for `a < b < c` write (a < b) & (b < c);\n"
            "for `if` in an action write `yes, no = c.split(p)`; for `if` in a generator use SetIf or Implies",
        )

    def __contains__(self, item: object) -> bool:
        raise spec_error(
            "in-on-expression",
            "`in` on an expression would have to be a Python bool",
            "write S.contains(x) or x.in_(S)",
        )

    def __len__(self) -> int:
        raise spec_error("len-of-expression", "len() of an expression would have to be a Python int", "write x.size")

    def __index__(self) -> int:
        raise spec_error(
            "int-of-expression",
            "an expression is not a Python int",
            "for range(…) over it write Interval(lo, hi) with Forall, Exists, Set or one_of; to index a Python list "
            "make it a List(…) or Map(…);\nof a text made from it: name the cases, with an enum, a tuple or a record",
        )

    __int__ = __index__

    def __iter__(self) -> Any:
        raise spec_error(
            "iteration-over-expression",
            f"a value of type {self._node.type} cannot be iterated",
            "range over a set or a list: for x in Interval(lo, hi), for k in m.keys",
        )

    def __format__(self, spec: str) -> str:
        raise spec_error("text-of-expression", TEXT_MESSAGE, TEXT_HINT)

    def __str__(self) -> str:
        return self.__format__("")

    def __repr__(self) -> str:
        if called_by_author():
            self.__format__("")
        return f"<{type(self).__name__} of type {self._node.type}>"

    def __setattr__(self, name: str, value: object) -> None:
        raise immutable(self, f".{name}")

    def __setitem__(self, key: object, value: object) -> None:
        raise immutable(self, "[…]")

    def __delattr__(self, name: str) -> None:
        self.__delitem__(name)

    def __delitem__(self, key: object) -> None:
        raise spec_error(
            "deletion", "`del` on an expression", "assign what remains: s.m = Map(s.m[k2] for k2 in s.m.keys - Set(k))"
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise no_attribute(self, name)

    def __getitem__(self, key: object) -> Any:
        type_ = self._node.type
        raise spec_error("not-indexable", f"a value of type {type_} cannot be indexed", hints.indexing(type_))

    def __call__(self, *args: object, **kwargs: object) -> NoReturn:
        raise spec_error(
            "not-callable",
            f"a value of type {self._node.type} is not a function",
            "leave the () out: variables, .size, .keys, .values, .is_empty, .flattened and .tag are not called",
        )

    def if_(self, condition: object) -> Conditional:
        """`a.if_(c).else_(b)`: a where c holds, b where it does not."""
        return Conditional(self, lift(condition, BOOL))

    def in_(self, domain: object) -> Any:
        """Whether this value is an element of a set or list."""
        is_list = isinstance(domain, list) or (isinstance(domain, Expr) and isinstance(type_of(domain), ListType))
        wanted: Type = ListType(self._node.type) if is_list else SetType(self._node.type)
        return lift(domain, wanted).contains(self)


class Conditional:
    """The first half of `a.if_(c).else_(b)`."""

    __slots__ = ("_condition", "_then")

    def __init__(self, then: Expr, condition: Expr) -> None:
        self._then = then
        self._condition = condition

    def else_(self, otherwise: object) -> Any:
        """The conditional expression."""
        return apply("ite", self._condition, self._then, lift(otherwise, type_of(self._then)))


def _operator(name: str) -> Any:
    symbols = {"truediv": "/", "floordiv": "//", "mod": "%", "add": "+", "sub": "-", "mul": "*", "pow": "**"}
    symbols |= {"and": "&", "or": "|", "xor": "^", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
    symbol = symbols.get(name.strip("_").removeprefix("r"), symbols.get(name.strip("_"), name))

    def refuse(self: Expr, *others: object) -> NoReturn:
        type_ = self._node.type
        message = f"`{symbol}` is not an operation of type {type_}"
        raise spec_error("no-such-operation", message, hints.operator(type_, symbol))

    return refuse


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor"):
    setattr(Expr, f"__{_name}__", _operator(_name))
    setattr(Expr, f"__r{_name}__", _operator(f"r{_name}"))
for _name in ("lt", "le", "gt", "ge", "neg", "pos", "invert", "abs", "divmod", "lshift", "rshift", "matmul", "round"):
    setattr(Expr, f"__{_name}__", _operator(_name))


def type_of(expr: Expr) -> Type:
    """The static type of an expression."""
    return expr._node.type


def node_of(expr: Expr) -> Node:
    """The IR node of an expression."""
    return expr._node


def wrap(node: Node, place: Place | None = None) -> Any:
    """The expression for a node, of the class that its type has operations in."""
    return Expr._classes[type(node.type)](node, place)


def apply(op: str, *args: Expr, attribute: Attribute = None, declared: Type | None = None) -> Any:
    """An operation on expressions; a SpecError at the author's line where the types do not fit."""
    nodes = tuple(a._node for a in args)
    types = tuple(n.type for n in nodes)
    row = OPS[op]
    try:
        result = row.result(types, attribute, declared)
    except TypeMismatch as mismatch:
        hint = "items are numbered from 0" if op == "tuple_get" else "no type is converted into another by itself"
        raise spec_error("type-mismatch", f"{op.replace('_', ' ')}: {mismatch}", hint) from None
    if op in _FOLDABLE and all(isinstance(n, Const) for n in nodes):
        constants = (n.value for n in nodes if isinstance(n, Const))
        return wrap(recorded(Const(result, bound_meaning(row, attribute, types, result)(*constants))))
    return wrap(recorded(Apply(result, op, nodes, attribute)))


def compare(op: str, left: Expr, right: object) -> Any:
    """Structural (in)equality of two values of one type."""
    return apply(op, left, lift(right, type_of(left)))


def immutable(expr: Expr, what: str) -> Exception:
    """The error for an assignment into something that is not part of the state."""
    return spec_error(
        "assignment-to-value",
        f"assignment to {what} of a value of type {type_of(expr)} that is not part of the state",
        "assign through the state (s.m[k] = v), or make a changed copy: .replace(…), .insert(k, v), .edit()",
    )


def no_attribute(expr: Expr, name: str) -> Exception:
    """The error for an operation that the type does not have."""
    known = sorted(n for n in dir(type(expr)) if not n.startswith("_"))
    type_ = type_of(expr)
    hint = hints.operation(type_, name, known)
    return spec_error("no-such-operation", f"a value of type {type_} has no {name!r}", hint)


def lift(value: object, expected: Type | None = None, what: str = "") -> Any:
    """What an author wrote, as an expression of the expected type (any, where None); `what` names where it stands.

    Raises SpecError where it is not a value of the language or of another type.
    """
    found = _lifted(value, expected)
    if expected is not None and type_of(found) != expected:
        wanted = f"{what} takes" if what else "expected"
        message = f"{wanted} a value of type {expected}, got one of type {type_of(found)}"
        raise spec_error("type-mismatch", message, hints.mismatch(expected, type_of(found)))
    return found


def _lifted(value: object, expected: Type | None) -> Any:
    match value:
        case Expr():
            return value
        case Enum():
            return _enum(value)
        case bool():
            return constant(BOOL, value)
        case int():
            return constant(INT, int(value))
        case str() if isinstance(expected, EnumType) and expected not in _enums:
            return _tag(value, expected)
        case str():
            return constant(STR, _text(value))
        case set() | frozenset():
            return _collection("set_make", [lift(v, _part(expected, SetType)) for v in in_order(value)], expected)
        case list():
            return _collection("list_make", [lift(v, _part(expected, ListType)) for v in value], expected)
        case tuple():
            return _tuple(value, expected)
        case Mapping():
            return _mapping(value, expected)
        case _:
            return _converted(value)


def _converted(value: object) -> Any:
    convert = getattr(type(value), "__as_expr__", None)
    if convert is not None:
        made = convert(value)
        if isinstance(made, Expr):
            return made
        raise spec_error(
            "as-expr", f"{type(value).__name__}.__as_expr__ gives a {type(made).__name__}", "wrap it: Val(…)"
        )
    raise spec_error("not-a-value", _why_not(value), _way_out(value))


def _why_not(value: object) -> str:
    kind = type(value).__name__
    if isinstance(value, type):
        return f"the class {value.__name__} is not a value"
    if isinstance(value, Conditional):
        return "a.if_(c) is the first half of a conditional"
    return {
        "NoneType": "None is not a value of the language",
        "float": "numbers are integers; a float is not a value",
    }.get(kind, f"a Python {kind} is not a value of the language")


def _way_out(value: object) -> str:
    match value:
        case None:
            return f"did a function forget its `return`? {hints.NO_VALUE[0].upper()}{hints.NO_VALUE[1:]}"
        case float():
            return "count in smaller units, or write a quotient as // of integers"
        case Conditional():
            return "finish it: a.if_(c).else_(b)"
        case range():
            return "integers from lo to hi are the set Interval(lo, hi), the list Range(lo, hi)"
        case type() if issubclass(value, Enum):
            member = next(iter(value.__members__), "MEMBER")
            return f"name a member, {value.__name__}.{member}; all of them are Set(*{value.__name__})"
        case type():
            return f"a value of it is made by a call: {value.__name__}(…)"
        case GeneratorType():
            return "draw from it in Set(…), Map(…), List(…), Forall(…) or Exists(…)"
        case FunctionType():
            return f"call it: {value.__name__}(…)"
        case _:
            return "values are int, bool, str, enum members, set, dict, list, tuple, records and unions"


def constant(type_: Type, value: object) -> Any:
    """A constant expression."""
    return wrap(recorded(Const(type_, value)))


def _text(value: str) -> str:
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise spec_error("not-a-value", "half of a surrogate pair is not text", "write the character itself")
    return str(value)


def enum_type(cls: type[Enum]) -> EnumType:
    """The type of an enum class, whose members are known by their names."""
    if issubclass(cls, Flag):
        raise spec_error(
            "flag", f"{cls.__name__} is a Flag, whose members can be combined", "use an Enum and a set of it"
        )
    type_ = EnumType(cls.__name__, tuple(member.name for member in cls))
    _enums[type_] = cls
    return type_


def enum_class(type_: EnumType) -> type[Enum] | None:
    """The Python class an enum type was made from."""
    return _enums.get(type_)


def _enum(member: Enum) -> Any:
    type_ = enum_type(type(member))
    return constant(type_, type_.members.index(member.name))


def _tag(name: str, type_: EnumType) -> Any:
    """A union's tag, written as its name."""
    if name not in type_.members:
        raise spec_error(
            "no-such-variant", f"no variant {name!r}", hints.among(name, type_.members, "the variants are")
        )
    return constant(type_, type_.members.index(name))


def _part(expected: Type | None, kind: type[SetType] | type[ListType]) -> Type | None:
    return expected.element if isinstance(expected, kind) else None


def _collection(op: str, items: list[Any], expected: Type | None) -> Any:
    if items:
        return apply(op, *items)
    if isinstance(expected, SetType | ListType):
        return constant(expected, frozenset() if isinstance(expected, SetType) else ())
    raise untyped_empty("set" if op == "set_make" else "list")


def untyped_empty(what: str) -> Exception:
    """The error for an empty collection whose element type nothing tells."""
    spelled, shown = {
        "set": ("Set(T)", "Set(int)"),
        "list": ("List(T)", "List(int)"),
        "map": ("Map(K, V)", "Map(int, str)"),
    }[what]
    return spec_error(
        "untyped-empty", f"an empty {what} whose type nothing tells", f"write {spelled}, for example {shown}"
    )


def _tuple(value: tuple[object, ...], expected: Type | None) -> Any:
    if isinstance(expected, UnitType) and not value:
        return constant(UNIT, ())
    if isinstance(expected, ListType):
        return _collection("list_make", [lift(v, expected.element) for v in value], expected)
    wanted = expected.items if isinstance(expected, TupleType) and len(expected.items) == len(value) else ()
    types: tuple[Type | None, ...] = wanted or (None,) * len(value)
    return apply("tuple_make", *(lift(v, t) for v, t in zip(value, types, strict=True)))


def _mapping(value: Mapping[Any, object], expected: Type | None) -> Any:
    key, item = (expected.key, expected.value) if isinstance(expected, MapType) else (None, None)
    if not value and isinstance(expected, MapType):
        return constant(expected, FrozenMap())
    if not value and expected is not None:
        raise spec_error(
            "type-mismatch", f"expected a value of type {expected}; {{}} is Python's empty dict, a map",
            "an empty set is set() or Set(T)" if isinstance(expected, SetType) else hints.mismatch(expected, UNIT),
        )  # fmt: skip
    if not value:
        raise untyped_empty("map")
    return apply("map_make", *(e for k, v in value.items() for e in (lift(k, key), lift(v, item))))
