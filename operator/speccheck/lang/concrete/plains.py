"""Concrete values as plain Python data, and in the Informal Trace Format; by what they are, not by a type."""

from __future__ import annotations

from typing import Any, TypeAlias

from speccheck.ir.numerals import decimal
from speccheck.lang.concrete.collections import List, Map
from speccheck.lang.concrete.orders import in_order
from speccheck.lang.concrete.places import Placed
from speccheck.lang.concrete.products import Record, Tuple, Union, fields_of
from speccheck.lang.concrete.scalars import Bool, Int, Member, Nothing, Str, Tag
from speccheck.lang.concrete.sets import Set

Itf: TypeAlias = Any


def plain(value: Any, *, hashed: bool = False) -> Any:
    """The value as Python data.

    int, bool, str, an enum member, frozenset, dict, list or tuple; a tag is its name. A record and a union
    stay concrete values, with their fields and `.tag` and `.payload`; so does (`hashed`) a map or list
    inside a set, in a key or in a product that is inside one.
    """
    match value:
        case Int():
            return int(value)
        case Bool():
            return bool(value)
        case Str():
            return str.__str__(value)
        case Member(member=member):
            return member
        case Tag(name=name):
            return name
        case Nothing():
            return ()
        case Set():
            return frozenset(plain(each, hashed=True) for each in value.items)
        case Tuple():
            return tuple(plain(each, hashed=hashed) for each in value.items)
        case List() if not hashed:
            return [plain(each) for each in value.items]
        case Map() if not hashed:
            return {plain(k, hashed=True): plain(v) for k, v in value.entries.items()}
        case Placed():
            return type(value).at(value, None)
        case _:
            return value


def itf(value: Any) -> Itf:
    """The value in ITF; sets and maps in canonical order."""
    match value:
        case Int():
            return {"#bigint": decimal(int(value))}
        case Bool() | Str() | Tag():
            return plain(value)
        case Member(member=member):
            return member.name
        case Nothing():
            return {"#tup": []}
        case Set():
            return {"#set": [itf(each) for each in value.ordered()]}
        case Map():
            return {"#map": [[itf(k), itf(value.entries[k])] for k in in_order(value.entries)]}
        case List():
            return [itf(each) for each in value.items]
        case Tuple():
            return {"#tup": [itf(each) for each in value.items]}
        case Record():
            return {name: itf(each) for name, each in fields_of(value).items()}
        case Union():
            return {"tag": value.tag.name, "value": itf(value.payload)}
        case _:
            raise TypeError(f"not a concrete value: {type(value).__name__}")
