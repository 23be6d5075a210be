"""Values in the Informal Trace Format (ITF) → short text for people.

Takes plain ITF data, without types: ints plain, strings quoted, sets `{…}`, maps `{key: value}`,
lists `[…]`, tuples `(…)`, records `(field=value)`, unions `Tag(payload)`. It does not decode values
(that is `ir.itf`), and the text is for reading: it cannot be read back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

import msgspec

from speccheck.errors import ModelError
from speccheck.ir.literals import quoted
from speccheck.reports import Itf

MAX_DEPTH = 100
"""How deeply values may be nested; deeper ones are refused."""

_SHORT = 24
"""Items up to this many characters share a line where a value has to be broken."""

_LONGEST_OPENING = 24
"""What may stand before the first field of a record whose other fields are put below it."""

_LONG_NUMBER = 100
"""Integers with more characters are shown by their ends."""

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")

Form: TypeAlias = Literal["scalar", "list", "tuple", "set", "map", "union", "record"]


@dataclass(frozen=True, slots=True)
class Item:
    """One part of a value: what stands before it (`key: `, `field=` or nothing), and the part."""

    prefix: str
    value: Itf


@dataclass(frozen=True, slots=True)
class Shape:
    """A compound value taken apart for writing."""

    opening: str
    items: tuple[Item, ...]
    closing: str


def form(value: Itf) -> Form:
    """Which form of value an ITF datum is; a record with exactly the fields tag and value reads as a union."""
    match value:
        case list():
            return "list"
        case {"#tup": list()}:
            return "tuple"
        case {"#set": list()}:
            return "set"
        case {"#map": list()}:
            return "map"
        case {"#bigint": _}:
            return "scalar"
        case {"tag": str(), "value": _} if len(value) == 2:
            return "union"
        case dict():
            return "record"
        case _:
            return "scalar"


def shape(value: Itf) -> Shape | None:
    """The parts of a compound value; None for a scalar."""
    match form(value):
        case "scalar":
            return None
        case "list":
            return Shape("[", _plain(value), "]")
        case "tuple":
            return Shape("(", _plain(value["#tup"]), ")")
        case "set":
            return Shape("{", _plain(value["#set"]), "}")
        case "map":
            return Shape("{", tuple(Item(f"{value_text(k)}: ", v) for k, v in value["#map"]), "}")
        case "record":
            return Shape("(", tuple(Item(f"{name}=", v) for name, v in value.items()), ")")
        case "union":
            return _union_shape(value["tag"], value["value"])


def _plain(values: list[Itf]) -> tuple[Item, ...]:
    return tuple(Item("", v) for v in values)


def _union_shape(tag: str, payload: Itf) -> Shape:
    inner = shape(payload) if form(payload) in ("record", "tuple") else None
    return Shape(f"{tag}(", (Item("", payload),) if inner is None else inner.items, ")")


def value_text(value: Itf) -> str:
    """A value on one line, however long."""
    parts = shape(value)
    if parts is None:
        return _scalar_text(value)
    inner = ", ".join(item_text(item) for item in parts.items)
    comma = "," if form(value) == "tuple" and len(parts.items) == 1 else ""
    return f"{parts.opening}{inner}{comma}{parts.closing}"


def item_text(item: Item) -> str:
    """A part of a value on one line."""
    return item.prefix + value_text(item.value)


def _scalar_text(value: Itf) -> str:
    match value:
        case bool() | int():
            return str(value)
        case {"#bigint": digits}:
            return _number_text(str(digits))
        case str():
            return quoted(value)
        case _:
            return repr(value)


def _number_text(digits: str) -> str:
    if len(digits) <= _LONG_NUMBER:
        return digits
    return f"{digits[:20]}…{digits[-20:]} ({len(digits.lstrip('-')):,} digits)"


def printable(text: str) -> str:
    """Text with control characters and the like escaped, so that it cannot steer a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in text)


def value_lines(value: Itf, width: int) -> list[str]:
    """A value over as many lines as it needs to stay within `width` characters where it can.

    The first line stands where the caller puts it; the others are indented relative to its start.
    """
    return item_lines(Item("", value), width)


def item_lines(item: Item, width: int) -> list[str]:
    """Like `value_lines`, for a part with what stands before it."""
    flat = item_text(item)
    parts = shape(item.value)
    if len(flat) <= width or parts is None or not parts.items:
        return [flat]
    hanging = _hanging(item, parts, width)
    if hanging:
        return hanging
    inner = _filled(parts.items, width - 2) if _all_short(parts.items) else _stacked(parts.items, width - 2)
    return [item.prefix + parts.opening, *("  " + line for line in inner), parts.closing]


def _hanging(item: Item, parts: Shape, width: int) -> list[str]:
    """A record, tuple or union filled behind its opening; nothing where one of its parts is too long for that."""
    opening = item.prefix + parts.opening
    room = width - len(opening) - 1
    if form(item.value) not in ("record", "tuple", "union") or len(opening) > _LONGEST_OPENING:
        return []
    if any(len(item_text(each)) > room for each in parts.items):
        return []
    first, *rest = _filled(parts.items, room)
    lines = [opening + first, *(" " * len(opening) + line for line in rest)]
    return [*lines[:-1], lines[-1].removesuffix(",") + parts.closing]


def _all_short(items: tuple[Item, ...]) -> bool:
    return all(shape(item.value) is None and len(item_text(item)) <= _SHORT for item in items)


def _filled(items: tuple[Item, ...], width: int) -> list[str]:
    lines: list[str] = []
    for item in items:
        text = item_text(item) + ","
        if lines and len(lines[-1]) + 1 + len(text) <= width:
            lines[-1] += " " + text
        else:
            lines.append(text)
    return lines


def _stacked(items: tuple[Item, ...], width: int) -> list[str]:
    lines: list[str] = []
    for item in items:
        lines += item_lines(item, width - 1)
        lines[-1] += ","
    return lines


def identity(value: Itf) -> bytes:
    """The same bytes for equal values (ITF writes sets and maps in canonical order)."""
    return msgspec.json.encode(value, order="deterministic")


def verify_value(value: Itf, place: str, depth: int = 0) -> None:
    """Refuse what is not an ITF value.

    Raises ModelError naming `place` and the way into the value.
    """
    if depth > MAX_DEPTH:
        raise ModelError(f"{place}: values nested more than {MAX_DEPTH} deep are refused")
    match value:
        case bool() | int() | str():
            return
        case {"#bigint": str(digits)} if len(value) == 1 and _INTEGER.fullmatch(digits):
            return
        case list():
            _verify_all(value, place, depth)
        case {"#tup": list(items)} if len(value) == 1:
            _verify_all(items, f"{place}.#tup", depth)
        case {"#set": list(items)} if len(value) == 1:
            _verify_all(items, f"{place}.#set", depth)
        case {"#map": list(entries)} if len(value) == 1:
            _verify_entries(entries, f"{place}.#map", depth)
        case dict() if not any(str(name).startswith("#") for name in value):
            for name, part in value.items():
                verify_value(part, f"{place}.{printable(name)}", depth + 1)
        case _:
            raise ModelError(f"{place}: {_excerpt(value)} is not a value of the Informal Trace Format")


def _verify_all(values: list[Itf], place: str, depth: int) -> None:
    for n, each in enumerate(values):
        verify_value(each, f"{place}[{n}]", depth + 1)


def _verify_entries(entries: list[Itf], place: str, depth: int) -> None:
    for n, entry in enumerate(entries):
        if not (isinstance(entry, list) and len(entry) == 2):
            raise ModelError(f"{place}[{n}]: a map's entry is a list of its key and its value")
        verify_value(entry[0], f"{place}[{n}][0]", depth + 1)
        verify_value(entry[1], f"{place}[{n}][1]", depth + 1)


def _excerpt(value: object) -> str:
    text = printable(repr(value))
    return text if len(text) <= 60 else text[:57] + "…"
