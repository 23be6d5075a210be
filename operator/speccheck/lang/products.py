"""Expressions of tuples, records and unions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from speccheck.ir.nodes import Arm, Local, Match
from speccheck.ir.types import UNIT, RecordType, TupleType, Type, UnionType
from speccheck.lang.binders import calling, fresh
from speccheck.lang.collections import Editor
from speccheck.lang.concrete.modes import switched
from speccheck.lang.exprs import Expr, apply, immutable, lift, node_of, type_of, wrap
from speccheck.lang.hints import among, nearest
from speccheck.lang.places import PartPlace
from speccheck.lang.spans import recorded, spec_error

_record_classes: dict[RecordType, type] = {}


class TupleExpr(Expr, types=(TupleType,)):
    """A product without field names; unpacks like a Python tuple."""

    __slots__ = ()

    @property
    def _items(self) -> tuple[Type, ...]:
        return type_of(self).items  # type: ignore[union-attr]

    def __iter__(self) -> Iterator[Any]:
        return (self[n] for n in range(len(self._items)))

    def __len__(self) -> int:
        return len(self._items)

    def _at(self, key: object) -> int:
        if not isinstance(key, int) or isinstance(key, bool):
            raise spec_error(
                "tuple-index", "a tuple is indexed by a Python int", "for an index computed in a state use a list"
            )
        return key + len(self._items) if key < 0 else key

    def __getitem__(self, key: object) -> Any:
        at = self._at(key)
        found = apply("tuple_get", self, attribute=at)
        if self._place is None:
            return found
        return wrap(node_of(found), PartPlace(self._place, lambda t: t[at], lambda t, value: t.replace(at, value)))

    def __setitem__(self, key: object, value: object) -> None:
        if self._place is None:
            raise immutable(self, "[…]")
        self._place.write(lambda t: t.replace(key, value))

    def replace(self, position: object, value: object) -> Any:
        """The tuple with one item replaced."""
        at = self._at(position)
        if not 0 <= at < len(self._items):
            raise spec_error("tuple-index", f"a tuple of {len(self._items)} has no item {position}")
        return apply("tuple_replace", self, lift(value, self._items[at]), attribute=at)


class RecordOperations:
    """`r._`: a record's operations, for records whose fields are named like them."""

    __slots__ = ("_record",)

    def __init__(self, record: RecordExpr) -> None:
        self._record = record

    def replace(self, **fields: object) -> Any:
        """The record with fields replaced."""
        return _replaced(self._record, fields)

    def edit(self) -> Editor:
        """A copy to change by assignments."""
        return Editor(self._record)

    def if_(self, condition: object) -> Any:
        """The first half of a conditional expression."""
        return Expr.if_(self._record, condition)

    def in_(self, domain: object) -> Any:
        """Whether the record is an element of a set or list."""
        return Expr.in_(self._record, domain)


class RecordExpr(Expr, types=(RecordType,)):
    """A named product. Fields are attributes; a field named like an operation wins over it."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("__") and name not in ("_node", "_place", "_"):
            node = object.__getattribute__(self, "_node")
            if node.type.field(name) is not None:
                return _field(self, name)
        return object.__getattribute__(self, name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        method = getattr(_record_classes.get(type_of(self)), name, None)  # type: ignore[arg-type]
        if method is not None:
            return method.__get__(self)
        raise _no_field(_record(self), name)

    @property
    def _(self) -> RecordOperations:
        """The record's operations."""
        return RecordOperations(self)

    def __getitem__(self, key: object) -> Any:
        if not isinstance(key, str):
            raise spec_error("record-index", "a record is indexed by a field's name", 'write r.f or r["f"]')
        return _field(self, key)

    def __setattr__(self, name: str, value: object) -> None:
        place = Expr.__getattribute__(self, "_place")
        if place is None:
            raise immutable(self, f".{name}")
        place.write(lambda record: _replaced(record, {name: value}))

    def __setitem__(self, key: object, value: object) -> None:
        setattr(self, str(key), value)

    def replace(self, **fields: object) -> Any:
        """The record with fields replaced."""
        return _replaced(self, fields)

    def edit(self) -> Editor:
        """A copy to change by assignments: `with r.edit() as e: e.f = v`, then use `e`."""
        return Editor(self)


def _record(expr: Expr) -> RecordType:
    return type_of(expr)  # type: ignore[return-value]


def _no_field(type_: RecordType, name: str) -> Exception:
    hint = among(name, [n for n, _ in type_.fields], "its fields are")
    return spec_error("no-such-field", f"{type_.name} has no field {name!r}", hint)


def _field(record: RecordExpr, name: str) -> Any:
    found = apply("record_get", record, attribute=name)
    place = object.__getattribute__(record, "_place")
    if place is None:
        return found
    return wrap(
        node_of(found), PartPlace(place, lambda r: _field(r, name), lambda r, value: _replaced(r, {name: value}))
    )


def _replaced(record: Expr, fields: dict[str, object]) -> Any:
    result = record
    for name, value in fields.items():
        expected = _record(record).field(name)
        if expected is None:
            raise _no_field(_record(record), name)
        result = apply("record_replace", result, lift(value, expected, f"field {name!r}"), attribute=name)
    return result


@switched
def make_record(type_: RecordType, args: tuple[object, ...], fields: dict[str, object]) -> Any:
    """A record value from positional and named fields."""
    names = [n for n, _ in type_.fields]
    given = dict(zip(names, args, strict=False)) | fields
    missing, unknown = [n for n in names if n not in given], [n for n in given if n not in names]
    if missing or unknown or len(args) > len(names) or len(args) + len(fields) > len(given):
        wrong = [f"no field {n!r}" for n in unknown] + [f"{n!r} is missing" for n in missing] or [
            "a field is given twice"
        ]
        raise spec_error("record-fields", f"{type_.name}: {', '.join(wrong)}", _fields_hint(unknown, names))
    return apply(
        "record_make", *(lift(given[n], t, f"field {n!r} of {type_.name}") for n, t in type_.fields), declared=type_
    )


def _fields_hint(unknown: list[str], names: list[str]) -> str:
    return among(unknown[0] if unknown else "", names, "its fields are")


def remember_record(type_: RecordType, cls: type) -> None:
    """Let values of the type find the methods its class declares.

    Raises SpecError where another class of the same name and fields has declared methods.
    """
    known = _record_classes.setdefault(type_, cls)
    if known is not cls and (_methods(known) or _methods(cls)):
        raise spec_error(
            "same-record",
            f"two records {type_.name!r} have the same fields, and methods of their own",
            "give one another name",
        )


def _methods(cls: type) -> list[str]:
    return [n for n, v in vars(cls).items() if callable(v) and not n.startswith("__")]


def forget_records() -> None:
    """Begin anew: the classes of another capture have nothing to say."""
    _record_classes.clear()


class UnionExpr(Expr, types=(UnionType,)):
    """A tagged sum."""

    __slots__ = ()

    @property
    def tag(self) -> Any:
        """The tag, as a value of an enum; compare it with its name."""
        return apply("union_tag", self)

    def match(self, *, default: object = ..., **arms: Callable[..., Any]) -> Any:
        """Selects by tag: `u.match(Tag=lambda x: …, default=…)`; exhaustive unless a default is given."""
        union = _union(self)
        unknown = [tag for tag in arms if union.variant(tag) is None]
        missing = [tag for tag, _ in union.variants if tag not in arms]
        if unknown or (missing and default is ...) or not (arms or default is not ...):
            wrong = [f"no variant {t!r}" for t in unknown] + [f"variant {t!r} is not handled" for t in missing]
            raise spec_error(
                "match-arms",
                f"{union.name}: {', '.join(wrong)}",
                " ".join([*(nearest(t, missing) for t in unknown), "handle every variant, or give default=…"]).strip(),
            )
        return _matched(self, union, arms, default)


def _union(expr: Expr) -> UnionType:
    return type_of(expr)  # type: ignore[return-value]


def _matched(subject: Expr, union: UnionType, arms: dict[str, Callable[..., Any]], default: object) -> Any:
    bodies: list[tuple[str, Local, Any]] = []
    result: Type | None = None
    for tag, payload in union.variants:
        if tag in arms:
            local = fresh(payload, tag.lower())
            body = lift(_arm(arms[tag], wrap(local), payload), result)
            result = type_of(body)
            bodies.append((tag, local, body))
    rest: Any = None
    if len(bodies) < len(union.variants):
        rest = lift(default() if callable(default) and not isinstance(default, Expr) else default, result)
    type_ = type_of(rest) if result is None else result
    made = tuple(recorded(Arm(tag, local, node_of(body))) for tag, local, body in bodies)
    return wrap(recorded(Match(type_, node_of(subject), made, None if rest is None else node_of(rest))))


def _arm(function: Callable[..., Any], payload: Expr, type_: Type) -> Any:
    if not callable(function) or isinstance(function, Expr):
        return function
    code = getattr(function, "__code__", None)
    takes_none = code is not None and code.co_argcount == 0
    return calling(function) if takes_none and type_ == UNIT else calling(function, payload)


@switched
def make_union(type_: UnionType, tag: str, payload: tuple[object, ...]) -> Any:
    """A value of a union; a Unit variant takes no payload."""
    expected = type_.variant(tag)
    if expected == UNIT and not payload:
        payload = ((),)
    if len(payload) != 1:
        raise spec_error(
            "union-payload",
            f"{type_.name}.{tag} holds one value of type {expected}, got {len(payload)}",
            f"write {type_.name}.{tag}({'' if expected == UNIT else 'x'}); several values are a tuple or record",
        )
    return apply("union_make", lift(payload[0], expected, f"{type_.name}.{tag}"), attribute=tag, declared=type_)
