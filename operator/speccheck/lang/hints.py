"""The spelling that works, for what authors write instead of it: wrong types, Python's own methods, misspelt names.

Takes types of the IR and the words an author used; gives the text of a SpecError's hint. It raises nothing itself.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

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
)

NO_VALUE = "for `no value` declare a @union with a Variant[Unit]"


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean 'a'?`, or nothing where no known name is near."""
    words = list(dict.fromkeys(known))
    close = difflib.get_close_matches(name, words, n=1)
    close = close or [word for word in words if word.lower() == name.lower()]
    return f"did you mean {close[0]!r}?" if close else ""


def among(name: str, known: Iterable[str], what: str) -> str:
    """The nearest known names, and all of them: `did you mean 'a'? its fields are a, b`."""
    words = list(known)
    return " ".join(part for part in (nearest(name, words), f"{what} {', '.join(words) or 'none'}") if part)


# --- types -------------------------------------------------------------------------------------------


def mismatch(expected: Type, found: Type) -> str:
    """What to write where a value of one type stands and another is expected."""
    match expected, found:
        case BoolType(), _:
            return _as_bool(found)
        case SetType(element), _ if found == element:
            return "a set of one element is Set(x)"
        case ListType(element), _ if found == element:
            return "a list of one element is List(x) or [x]"
        case SetType(ListType(element)), SetType() if found == SetType(element):
            return "the elements are lists: Set(List(a, b))"
        case SetType(element), SetType(ListType() | SetType() as inner) if inner.element == element:
            return "write the elements themselves: Set(a, b), not Set([a, b])"
        case SetType(), ListType():
            return "a list is made a set by {x for x in l} or Set(x for x in l)"
        case SetType(), MapType():
            return "the keys of a map are m.keys, its values m.values"
        case ListType(), SetType():
            return "a set has no order; its elements in canonical order are S.reduce(lambda acc, x: acc + [x], List(T))"
        case IntType(), BoolType():
            return "of a truth write 1 if p else 0"
        case IntType(), SetType() | MapType() | ListType():
            return "how many elements it has is .size; one of a list is l[i]"
        case EnumType(name, members), StrType() | IntType():
            return f"name a member: {_member(name, members)}"
        case StrType(), EnumType():
            return "a member of an enum is no text: compare it with a member, or declare the variable with the enum"
        case UnitType(), _:
            return "this variant carries nothing: write U.Tag()"
        case UnionType(name, variants), _:
            return _as_union(name, variants, found)
        case RecordType(name, fields), _:
            return f"make one: {name}({', '.join(f'{n}=…' for n, _ in fields)})"
        case _, SetType(element) if element == expected:
            return 'one element of a set is S.choose(p), or in a step `with c.one_of(S, "x") as x:`'
        case _, ListType(element) if element == expected:
            return "one element of a list is l[i]"
        case _, UnionType():
            return "what a variant holds is got by match: u.match(Tag=lambda x: …, default=…)"
        case _:
            return (
                f"write a value of type {expected}; what stands together has one type, and none is converted by itself"
            )


def _as_bool(found: Type) -> str:
    match found:
        case IntType():
            return "compare it: x != 0, x > 0; the truth values are True and False"
        case StrType():
            return 'compare it: x != ""; a default is written x if x != "" else d'
        case ListType(BoolType()):
            return "write the conditions one after another: And(p, q); of a list l: all(p for p in l)"
        case SetType() | MapType() | ListType():
            return "ask whether it is empty: x.is_empty, ~x.is_empty, x.size > 0"
        case UnionType():
            return 'ask for its tag: u.tag == "Tag"'
        case EnumType(name, members):
            return f"compare it: x == {_member(name, members)}"
        case _:
            return "compare it with a value: x == v"


def _member(name: str, members: tuple[str, ...]) -> str:
    return ", ".join(f"{name}.{member}" for member in members[:3]) + (", …" if len(members) > 3 else "")


def _as_union(name: str, variants: tuple[tuple[str, Type], ...], found: Type) -> str:
    fitting = [each for each in variants if each[1] == found] or list(variants)
    made = (f"{name}.{tag}({'' if isinstance(held, UnitType) else 'x'})" for tag, held in fitting[:3])
    return f"make a variant: {' or '.join(made)}"


# --- operations --------------------------------------------------------------------------------------

_SETS = {
    "add": "a value does not change; assign a new one: s.S |= Set(x)",
    "update": "a value does not change; assign a new one: s.S |= T",
    "remove": "a value does not change; assign a new one: s.S -= Set(x)",
    "discard": "a value does not change; assign a new one: s.S -= Set(x)",
    "clear": "assign an empty one: s.S = Set(T), for example Set(int)",
    "pop": 'in a step draw one, `with c.one_of(s.S, "x") as x:`, and assign the rest: s.S -= Set(x)',
    "intersection": "write S & T or S.intersect(T)",
    "symmetric_difference": "write (S | T) - (S & T)",
    "issuperset": "write S >= T",
    "isdisjoint": "write (S & T).is_empty",
    "any": "write S.exists(p) or any(p(x) for x in S)",
    "all": "write S.forall(p) or all(p(x) for x in S)",
}
_MAPS = {
    "get": "write m[k] if k in m else d",
    "items": "range over the keys: f(k, m[k]) for k in m.keys",
    "pop": "a value does not change; assign what remains: s.m = {k: s.m[k] for k in s.m.keys if k != gone}",
    "update": "a value does not change; assign a new one: s.m[k] = v, or s.m = s.m.insert(k, v)",
    "setdefault": "write m[k] if k in m else d; to add a key: s.m = s.m.insert(k, v)",
    "clear": "assign an empty one: s.m = Map(K, V), for example Map(int, int)",
    "remove": "a value does not change; assign what remains: s.m = {k: s.m[k] for k in s.m.keys if k != gone}",
    "has_key": "write k in m",
    "put": "write s.m[k] = v, or m.insert(k, v) for a changed copy",
}
_LISTS = {
    "append": "a value does not change; assign a new one: s.l += [x]",
    "push": "a value does not change; assign a new one: s.l += [x]",
    "extend": "a value does not change; assign a new one: s.l += other",
    "insert": "a value does not change; assign a new one: s.l = s.l[:i] + [x] + s.l[i:]",
    "pop": "read and assign what remains: x = s.l[0]; s.l = s.l[1:]",
    "remove": "a value does not change; assign what remains: s.l = [x for x in s.l if x != gone]",
    "clear": "assign an empty one: s.l = List(T), for example List(int)",
    "index": "choose the index: l.keys.choose(lambda i: l[i] == x)",
    "count": "write sum(1 if y == x else 0 for y in l)",
    "head": "write l[0]",
    "tail": "write l[1:]",
    "first": "write l[0]",
    "last": "write l[-1]",
}
_SIZES = dict.fromkeys(("length", "len", "count", "cardinality", "__len__"), "how many there are is .size")
_COPIES = {"copy": "a value does not change: it needs no copy"}


def operation(type_: Type, name: str, known: Iterable[str]) -> str:
    """What to write instead of an operation that a type has not."""
    match type_:
        case SetType():
            table = _SIZES | _COPIES | _SETS
        case MapType():
            table = _SIZES | _COPIES | _MAPS
        case ListType():
            table = _SIZES | _COPIES | _LISTS
        case UnionType(_, variants) if any(tag == name for tag, _ in variants):
            return f'ask for its tag, u.tag == "{name}"; what it holds: u.match({name}=lambda x: …, default=…)'
        case EnumType() if name in ("value", "name"):
            return "a member is compared with members: x == E.MEMBER; its Python value is not part of the model"
        case StrType():
            return "texts can only be compared; what has parts is a list, a tuple or a record"
        case _:
            table = {}
    return table[name] if name in table else among(name, known, "it has")


def operator(type_: Type, symbol: str) -> str:
    """What to write instead of an operator that a type has not."""
    match type_, symbol:
        case SetType(), "+":
            return "write S | T; with one more element S | Set(x)"
        case SetType(), "^":
            return "write (S | T) - (S & T)"
        case SetType(), "*":
            return "pairs of elements are AllTuples(S, T)"
        case MapType(), "|" | "+":
            return "write m.insert(k, v); all of another map: n.reduce(lambda acc, k, v: acc.insert(k, v), m)"
        case MapType(), "-":
            return "write {k: m[k] for k in m.keys - Set(gone)}"
        case ListType(), "|":
            return "write l + [x]"
        case ListType(), "-":
            return "write [x for x in l if x != gone]"
        case ListType(), "*":
            return "write [v for i in Range(1, n)]"
        case StrType(), _:
            return "texts can only be compared with == and !=; what is ordered or counted is an int"
        case EnumType(), "<" | "<=" | ">" | ">=":
            return "members have no order: x in (E.A, E.B), or keep an int"
        case BoolType(), "+" | "-" | "*":
            return "count truths: (1 if p else 0) + (1 if q else 0)"
        case BoolType(), "<" | "<=" | ">" | ">=":
            return "write p.implies(q) for <=; compare numbers before joining them: (a < b) & (b < c)"
        case BoolType(), "^":
            return "write p != q"
        case BoolType(), "-x" | "neg":
            return "write ~p or not p"
        case IntType(), "&" | "|" | "^":
            return "numbers have no bits; conditions are joined in parentheses: (a == b) & (c == d), or by `and`, `or`"
        case IntType(), "invert":
            return "`~` is for conditions: ~(a == b), or not a == b"
        case IntType(), "abs":
            return "write x if x >= 0 else -x"
        case IntType(), "lshift" | "rshift":
            return "write x * 2 ** n, x // 2 ** n"
        case IntType(), "divmod":
            return "write a // b and a % b"
        case TupleType(), _:
            return "a tuple has items: t[0], or a, b = t"
        case UnionType(), _:
            return "select by variant first: u.match(Tag=lambda x: …, default=…)"
        case RecordType(), _:
            return "name a field: r.f"
        case _:
            return f"the type {type_} has no such operator"


def indexing(type_: Type) -> str:
    """What to write instead of `x[i]` on a type that has no items."""
    match type_:
        case SetType():
            return 'a set has no order: S.choose(p), in a step `with c.one_of(S, "x") as x:`; a sequence is a list'
        case UnionType():
            return "select by variant first: u.match(Tag=lambda x: …, default=…)"
        case _:
            return "lists, maps, tuples and records have items: l[0], m[k], t[0], r.f"
