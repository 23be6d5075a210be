"""The canonical order of concrete values, told by the values themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from speccheck.lang.concrete.scalars import Bool, Int, Member, Nothing, Str, Tag


def position(value: Any) -> Any:
    """What sorts values of one type canonically.

    Ints by value, False before True, texts by code point, enums by declaration; structured values say their own.
    """
    match value:
        case Int():
            return int(value)
        case Bool():
            return bool(value)
        case Str():
            return [ord(character) for character in value]
        case Member():
            return [each.name for each in type(value.member)].index(value.member.name)
        case Tag():
            return value.tags.index(value.name)
        case Nothing():
            return ()
        case _:
            return type(value).position(value)


def in_order(values: Iterable[Any]) -> list[Any]:
    """The values sorted canonically."""
    return sorted(values, key=position)
