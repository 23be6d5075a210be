"""Concrete tuples, records and unions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from speccheck.lang.concrete.orders import position
from speccheck.lang.concrete.places import Editor, Place, Placed, part, write
from speccheck.lang.concrete.scalars import Bool, Concrete, Conditional, Nothing, Tag
from speccheck.lang.concrete.undefined import forced, strict
from speccheck.lang.spans import spec_error


def _value(value: object) -> Any:
    return forced(Concrete.raw(value))


class Tuple(Placed):
    """A product without field names; unpacks like a Python tuple."""

    __slots__ = ("items",)

    def __init__(self, items: tuple[Any, ...], place: Place | None = None) -> None:
        self.items = items
        self._place = place

    def at(self, place: Place | None) -> Tuple:
        """The same tuple, as read from a place."""
        return Tuple(self.items, place)

    def position(self) -> Any:
        """What sorts tuples: their items, from the first on."""
        return [position(item) for item in self.items]

    def __hash__(self) -> int:
        return hash(self.items)

    def __repr__(self) -> str:
        return repr(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Any]:
        return (self[n] for n in range(len(self.items)))

    @strict
    def __eq__(self, other: object) -> Any:
        return Bool(self.items == _value(other).items)

    @strict
    def __ne__(self, other: object) -> Any:
        return Bool(self.items != _value(other).items)

    def __getitem__(self, key: int) -> Any:
        return part(self.items[key], self, lambda t: t.items[key], lambda t, value: t.replace(key, value))

    def __setitem__(self, key: int, value: object) -> None:
        write(self, lambda t: t.replace(key, value), "[…]")

    @strict
    def replace(self, at: int, value: object) -> Any:
        """The tuple with one item replaced."""
        items = list(self.items)
        items[at] = _value(value)
        return Tuple(tuple(items))


class Record(Placed):
    """A named product. Fields are attributes; a field named like an operation wins over it."""

    __slots__ = ("_class", "_fields", "_type")

    def __init__(self, type_: Any, fields: dict[str, Any], cls: type | None, place: Place | None = None) -> None:
        for name, value in (("_type", type_), ("_fields", fields), ("_class", cls), ("_place", place)):
            object.__setattr__(self, name, value)

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_"):
            fields = object.__getattribute__(self, "_fields")
            if name in fields:
                return _field(self, name)
        return object.__getattribute__(self, name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        method = getattr(self._class, name, None)
        if method is None:
            raise spec_error(
                "no-such-field", f"there is no field {name!r}", f"the fields are {', '.join(self._fields)}"
            )
        return method.__get__(self)

    def __setattr__(self, name: str, value: object) -> None:
        write(self, lambda record: replaced(record, {name: value}), f".{name}")

    def __getitem__(self, key: str) -> Any:
        return _field(self, key)

    def __setitem__(self, key: str, value: object) -> None:
        setattr(self, key, value)

    def __hash__(self) -> int:
        return hash(tuple(fields_of(self).values()))

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in fields_of(self).items())
        return f"{getattr(self._type, 'name', 'Record')}({inside})"

    @strict
    def __eq__(self, other: object) -> Any:
        return Bool(fields_of(self) == fields_of(_value(other)))

    @strict
    def __ne__(self, other: object) -> Any:
        return Bool(fields_of(self) != fields_of(_value(other)))

    @property
    def _(self) -> Operations:
        """The record's operations."""
        return Operations(self)

    def at(self, place: Place | None) -> Any:
        """The same record, as read from a place."""
        return placed(self, place)

    def position(self) -> Any:
        """What sorts records: their fields as declared."""
        return _position(self)

    def replace(self, **fields: object) -> Any:
        """The record with fields replaced."""
        return replaced(self, fields)

    def edit(self) -> Editor:
        """A copy to change by assignments."""
        return Editor(placed(self, None))


class Operations:
    """`r._`: a record's operations, for records whose fields are named like them."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def replace(self, **fields: object) -> Any:
        """The record with fields replaced."""
        return replaced(self._record, fields)

    def edit(self) -> Editor:
        """A copy to change by assignments."""
        return Editor(placed(self._record, None))

    def if_(self, condition: object) -> Conditional:
        """The first half of a conditional expression."""
        return Conditional(self._record, condition)

    def in_(self, domain: object) -> Any:
        """Whether the record is an element of a set or list."""
        return Concrete.raw(domain).contains(self._record)


def fields_of(record: Record) -> dict[str, Any]:
    """The fields of a record, in declared order."""
    found: dict[str, Any] = object.__getattribute__(record, "_fields")
    return found


def placed(record: Record, place: Place | None) -> Record:
    """The same record, as read from a place."""
    return Record(record._type, fields_of(record), record._class, place)


def _position(record: Record) -> Any:
    return [position(value) for value in fields_of(record).values()]


def _field(record: Record, name: str) -> Any:
    return part(
        fields_of(record)[name], record, lambda r: fields_of(r)[name], lambda r, value: replaced(r, {name: value})
    )


@strict
def replaced(record: Record, fields: dict[str, object]) -> Any:
    """A record with fields replaced, converted to the fields' types where those are known."""
    types = dict(getattr(record._type, "fields", ()))
    given = {name: forced(Concrete.typed(value, types.get(name))) for name, value in fields.items()}
    return Record(record._type, {**fields_of(record), **given}, record._class)


class Union(Concrete):
    """A tagged sum."""

    __slots__ = ("_tag", "_type", "payload")

    def __init__(self, type_: Any, tag: str, payload: Any) -> None:
        self._type = type_
        self._tag = tag
        self.payload = payload

    def position(self) -> Any:
        """What sorts union values: the tag as declared, then what it carries."""
        return (self.tag.tags.index(self._tag), position(self.payload))

    @property
    def tag(self) -> Tag:
        """The tag; compare it with its name."""
        return Tag(self._tag, tuple(name for name, _ in self._type.variants))

    def __hash__(self) -> int:
        return hash((self._tag, self.payload))

    def __repr__(self) -> str:
        return f"{self._type.name}.{self._tag}({'' if isinstance(self.payload, Nothing) else repr(self.payload)})"

    @strict
    def __eq__(self, other: Any) -> Any:
        return Bool(self._tag == other._tag and bool(self.payload == other.payload))

    @strict
    def __ne__(self, other: Any) -> Any:
        return Bool(not self == other)

    def match(self, *, default: object = ..., **arms: Callable[..., Any]) -> Any:
        """Selects by tag; only the arm taken is evaluated."""
        chosen = arms.get(self._tag, default)
        if chosen is ...:
            raise spec_error("match-arms", f"variant {self._tag!r} is not handled", "handle every variant")
        if not callable(chosen):
            return Concrete.raw(chosen)
        code = getattr(chosen, "__code__", None)
        takes_none = self._tag not in arms or (code is not None and code.co_argcount == 0)
        return Concrete.raw(chosen() if takes_none else chosen(self.payload))
