r"""Values as TLA+ writes them.

An enum's member and a union's tag are strings; a union is a record with its `tag` and, unless that is Unit, the
payload under the tag's name, so that TLC never compares payloads of different tags; a map is a function, a list and
a tuple a sequence, Unit the empty sequence. Text that TLA+ may not read is percent-encoded: another string, one for
one.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from speccheck.exchange.names import KEYWORDS, fitting
from speccheck.exchange.pieces import ATOM, FALSE, OPERATION, TRUE, Doc, Enclosed, Infix, Text, tight
from speccheck.ir.types import (
    BoolType,
    EnumType,
    IntType,
    ListType,
    MapType,
    RecordType,
    SetType,
    StrType,
    TupleType,
    Type,
    UnionType,
    UnitType,
    parts,
)
from speccheck.ir.values import Value, in_order

LARGEST = 2**31 - 1
"""TLC's integers have 32 bits; it stops where a computation leaves them, but may misread what is written."""

EMPTY = Text("<<>>")
UNION_TAG = "tag"


_SAFE = " !#$&'()+,-./:;<=>?@[]^_{|}~"
"""What stands in a string as it is, besides letters and digits: no quote, no backslash, no opening of a comment.

SANY takes a grave accent for the opening of one, also inside a string."""


class TooWide(Exception):
    """An integer that TLC cannot read."""


def constant(value: Value, type_: Type) -> Doc:
    """The value. Raises TooWide for an integer of more than 32 bits in it."""
    match type_:
        case IntType():
            return integer(value)
        case BoolType():
            return TRUE if value else FALSE
        case StrType():
            return Text(string(value))
        case UnitType():
            return EMPTY
        case EnumType(_, members):
            return Text(string(members[value]))
        case SetType(element):
            return Enclosed("{", tuple(constant(item, element) for item in in_order(value, element)), "}")
        case MapType(key, item):
            pairs = [(constant(k, key), constant(value[k], item)) for k in in_order(value, key)]
            return mapping(pairs)
        case ListType(element):
            return sequence(tuple(constant(item, element) for item in value))
        case TupleType():
            return sequence(tuple(constant(item, part) for item, part in zip(value, parts(type_), strict=True)))
        case RecordType():
            return record(type_, tuple(constant(item, part) for item, part in zip(value, parts(type_), strict=True)))
        case UnionType(_, variants):
            tag, payload = variants[value[0]]
            return union(type_, tag, constant(value[1], payload))


def integer(value: int) -> Doc:
    """An integer."""
    if abs(value) > LARGEST:
        raise TooWide(f"the integer {value} has more than 32 bits, and TLC cannot read it")
    return Text(str(value), ATOM if value >= 0 else OPERATION)


def string(text: str) -> str:
    """A string; what TLA+ would have to escape or may not know is percent-encoded, the percent sign included."""
    return f'"{quote(text, safe=_SAFE, errors="surrogatepass")}"'


def mapping(pairs: list[tuple[Doc, Doc]]) -> Doc:
    """A function made of pairs; the first of several for a key wins."""
    if not pairs:
        return EMPTY
    entries = [Infix(":>", (tight(k, ATOM), tight(v, ATOM)), OPERATION) for k, v in pairs]
    match entries:
        case [only]:
            return only
        case _:
            return Infix("@@", tuple(tight(each, ATOM) for each in entries), OPERATION)


def sequence(items: tuple[Doc, ...]) -> Doc:
    """A list or tuple."""
    return Enclosed("<<", items, ">>")


def record(type_: RecordType, items: tuple[Doc, ...]) -> Doc:
    """A record; the empty sequence stands for one without fields, which TLA+ cannot write."""
    if not items:
        return EMPTY
    names = field_names(type_)
    return Enclosed("[", tuple(_entry(n, d) for n, d in zip(names, items, strict=True)), "]")


def union(type_: UnionType, tag: str, payload: Doc) -> Doc:
    """A union value."""
    named = _entry(UNION_TAG, Text(string(tag)))
    if isinstance(type_.variant(tag), UnitType):
        return Enclosed("[", (named,), "]")
    return Enclosed("[", (named, _entry(payload_name(type_, tag), payload)), "]")


def _entry(name: str, value: Doc) -> Doc:
    return Infix("|->", (Text(name), value), 0)


def field_names(type_: RecordType) -> list[str]:
    """What the fields of a record are called, in declared order."""
    return _distinct([name for name, _ in type_.fields], ())


def payload_name(type_: UnionType, tag: str) -> str:
    """What the field is called that holds the payload of a tag."""
    return _distinct([name for name, _ in type_.variants], (UNION_TAG,))[type_.position(tag)]


def _distinct(names: list[str], taken: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    for name in names:
        base = each = fitting(name)
        number = 1
        while each in found or each in taken or each in KEYWORDS:
            number += 1
            each = f"{base}_{number}"
        found.append(each)
    return found


def strings_in(value: Value, type_: Type) -> Iterator[str]:
    """Every string in a value, as speccheck has it."""
    match type_:
        case StrType():
            yield value
        case SetType(element) | ListType(element):
            for item in value:
                yield from strings_in(item, element)
        case MapType(key, item_type):
            for key_value, item in value.items():
                yield from strings_in(key_value, key)
                yield from strings_in(item, item_type)
        case TupleType() | RecordType():
            for item, part in zip(value, parts(type_), strict=True):
                yield from strings_in(item, part)
        case UnionType(_, variants):
            yield from strings_in(value[1], variants[value[0]][1])
        case _:
            return
