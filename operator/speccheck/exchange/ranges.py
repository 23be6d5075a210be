r"""Binders and folds as TLA+ formulas.

Where an element's body may be undefined, the text makes TLC evaluate every element (`Every`, `Some`, `Whole`,
`Listed`), as speccheck does; where none can be, it is the TLA+ that one would write by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from speccheck.exchange.definedness import Definedness
from speccheck.exchange.names import Names, hint
from speccheck.exchange.orders import Orders
from speccheck.exchange.pieces import (
    ATOM,
    NEGATION,
    OPERATION,
    Conditional,
    Doc,
    Enclosed,
    Infix,
    Joined,
    Scoped,
    Text,
    applied,
    call,
    conjunction,
    infix,
    relation,
    tight,
    where,
)
from speccheck.ir.nodes import Apply, Bind, Clause, Const, Expr, Fold, Local, Param, Read
from speccheck.ir.scopes import UseTable
from speccheck.ir.types import ListType, MapType, RecordType, SetType, TupleType

EMPTY_SET = Text("{}")


class Translator(Protocol):
    """What binders need of the translation of the definition they stand in."""

    names: Names

    @property
    def definedness(self) -> Definedness:
        """Which expressions may have no value."""
        ...

    @property
    def orders(self) -> Orders:
        """The canonical order in the module."""
        ...

    @property
    def uses(self) -> UseTable:
        """Which locals an expression uses."""
        ...

    def expr(self, node: Expr) -> Doc:
        """An expression in the scope where the translation is."""
        ...

    def within(self, node: Expr, locals_: tuple[Local, ...]) -> Doc:
        """An expression inside a binder of these locals."""
        ...

    def bound(self, local: Local) -> str:
        """Gives a local its name in the text."""
        ...

    def stands_for(self, local: Local, doc: Doc) -> None:
        """Lets a local be written as something else than a name."""
        ...

    def needs(self, operator: str) -> str:
        """Makes the module define an operator of the library; gives its name."""
        ...

    def hoisted(self, node: Fold) -> str:
        """Makes the module define an operator for a fold that needs nothing from outside; gives its name."""
        ...


def binder(into: Translator, node: Bind) -> Doc:
    """A binder of any kind."""
    match node.op:
        case "forall" | "exists":
            return _quantifier(into, node)
        case "image":
            return _image(into, node)
        case "filter":
            return _filter(into, node)
        case "mapping":
            return _mapping(into, node)
        case "list_map":
            return _list_map(into, node)
        case "list_filter":
            return _list_filter(into, node)
        case "choose":
            assert isinstance(node.clauses[0].domain.type, SetType)
            return call(into.orders.least(node.clauses[0].domain.type.element), _filter(into, node))
        case other:
            raise AssertionError(f"no binder is called {other}")


def _domain(into: Translator, clause: Clause, outer: tuple[Local, ...]) -> Doc:
    """What a clause ranges over, as a set."""
    doc = into.within(clause.domain, outer)
    return call(into.needs("Elements"), doc) if isinstance(clause.domain.type, ListType) else doc


def _member(name: str, domain: Doc) -> Doc:
    return Infix(r"\in", (Text(name), tight(domain, OPERATION)), 0)


def opened(into: Translator, clauses: tuple[Clause, ...]) -> list[tuple[str, Doc]]:
    """Gives the local of each clause a name; the names, and the sets that they range over."""
    found: list[tuple[str, Doc]] = []
    outer: list[Local] = []
    for clause in clauses:
        domain = _domain(into, clause, tuple(outer))
        found.append((into.bound(clause.local), domain))
        outer.append(clause.local)
    return found


def _independent(into: Translator, clauses: tuple[Clause, ...]) -> bool:
    """Whether all domains can be asked for before any element is taken."""
    names = {clause.local.name for clause in clauses}
    others = [clause.domain for clause in clauses[1:]]
    return not any(into.definedness.fallible(each) or names & _locals(into, each) for each in others)


def _locals(into: Translator, node: Expr) -> set[str]:
    return {use for use in into.uses.of(node) if isinstance(use, str)}


def _inner(clauses: tuple[Clause, ...]) -> tuple[Local, ...]:
    return tuple(clause.local for clause in clauses)


def _quantifier(into: Translator, node: Bind) -> Doc:
    later = [clause.domain for clause in node.clauses[1:]]
    if any(into.definedness.fallible(each) for each in (node.body, *later)):
        return call(into.needs("Every" if node.op == "forall" else "Some"), _image(into, node))
    members = opened(into, node.clauses)
    body = into.within(node.body, _inner(node.clauses))
    sign = r"\A" if node.op == "forall" else r"\E"
    if _independent(into, node.clauses):
        return Scoped(Enclosed(f"{sign} ", tuple(_member(*each) for each in members), ""), body)
    for name, domain in reversed(members):
        body = Scoped(Enclosed(f"{sign} ", (_member(name, domain),), ""), body)
    return body


def _image(into: Translator, node: Bind) -> Doc:
    members = opened(into, node.clauses)
    body = into.within(node.body, _inner(node.clauses))
    if _independent(into, node.clauses):
        return _collected(body, *members)
    return _united(members, body)


def _collected(body: Doc, *over: tuple[str, Doc]) -> Doc:
    members = tuple(_member(name, domain) for name, domain in over)
    return Enclosed("{", (Scoped(_no_membership(body), Enclosed("", members, "")),), "}")


def _no_membership(body: Doc) -> Doc:
    r"""The body of `{ body : x \in S }`, in parentheses where it could be taken for the `y \in T` of a filter."""
    match body:
        case Infix(r"\in"):
            return Enclosed("(", (body,), ")")
        case _:
            return tight(body, NEGATION)


def _united(over: list[tuple[str, Doc]], body: Doc) -> Doc:
    """The set of bodies, each domain asked for where the locals before it have their values."""
    *outer, last = over
    found = _collected(body, last)
    for each in reversed(outer):
        found = Joined((Text("UNION "), _collected(found, each)), OPERATION)
    return found


def _filter(into: Translator, node: Bind) -> Doc:
    members = opened(into, node.clauses)
    body = into.within(node.body, _inner(node.clauses))
    if len(members) == 1:
        name, domain = members[0]
        if into.definedness.fallible(node.body) and not _listed(node.clauses[0].domain):
            domain = call(into.needs("Listed"), domain)
        return Enclosed("{", (Scoped(_member(name, domain), body),), "}")
    tuple_ = Enclosed("<<", tuple(Text(name) for name, _ in members), ">>")
    kept = Conditional(body, Enclosed("{", (tuple_,), "}"), EMPTY_SET)
    return Joined((Text("UNION "), _united(members, kept)), OPERATION)


def _listed(domain: Expr) -> bool:
    """Whether TLC has the set's elements one by one, and so evaluates a filter's condition for each at once."""
    match domain:
        case Const():
            return True
        case Read(SetType(element)) | Param(SetType(element)):
            return not isinstance(element, SetType | MapType | TupleType | RecordType)  # it may be a set of all such
        case Apply(_, "set_make" | "interval" | "map_keys" | "map_values" | "list_keys"):
            return True
        case Apply(_, "set_union" | "set_intersection" | "set_difference", args):
            return all(map(_listed, args))
        case Bind(_, "image", clauses):
            return True
        case Bind(_, "filter", clauses):
            return len(clauses) > 1 or _listed(clauses[0].domain)
        case _:
            return isinstance(domain.type, ListType)


def _mapping(into: Translator, node: Bind) -> Doc:
    members = opened(into, node.clauses)
    if len(members) == 1 or _independent(into, node.clauses):
        body = into.within(node.body, _inner(node.clauses))
        return _function(into, node.body, Enclosed("", tuple(_member(*each) for each in members), ""), body)
    pair = into.names.fresh("key")
    keys = _united(members, Enclosed("<<", tuple(Text(name) for name, _ in members), ">>"))
    for n, clause in enumerate(node.clauses, 1):
        into.stands_for(clause.local, applied(Text(pair), Text(str(n))))
    return _function(into, node.body, _member(pair, keys), into.within(node.body, _inner(node.clauses)))


def _function(into: Translator, node: Expr, members: Doc, body: Doc) -> Doc:
    function = Enclosed("[", (Infix("|->", (members, body), 0),), "]")
    return call(into.needs("Whole"), function) if into.definedness.fallible(node) else function


def _list_map(into: Translator, node: Bind) -> Doc:
    clause = node.clauses[0]
    list_, given = _named(into, clause.domain, "list")
    place = into.names.fresh("place")
    into.stands_for(clause.local, applied(list_, Text(place)))
    members = _member(place, Joined((Text("DOMAIN "), tight(list_, ATOM)), OPERATION))
    return where(given, _function(into, node.body, members, into.within(node.body, (clause.local,))))


def _list_filter(into: Translator, node: Bind) -> Doc:
    clause = node.clauses[0]
    list_, given = _named(into, clause.domain, "list")
    kept, place = into.names.fresh(f"kept_{hint(clause.local.name)}"), into.names.fresh("place")
    into.stands_for(clause.local, applied(list_, Text(place)))
    one = Enclosed("<<", (applied(list_, Text(place)),), ">>")
    first = Conditional(into.within(node.body, (clause.local,)), one, Text("<<>>"))
    rest = call(kept, infix("+", Text(place), Text("1")))
    body = Conditional(
        relation(">", Text(place), call("Len", list_)), Text("<<>>"), infix(r"\o", tight(first, ATOM), rest)
    )
    definitions = [*given, (f"RECURSIVE {kept}(_)", None), (f"{kept}({place})", body)]
    return where(definitions, call(kept, Text("1")))


def _named(into: Translator, node: Expr, wish: str) -> tuple[Doc, list[tuple[str, Doc | None]]]:
    """A word for an expression, with the definition that this takes."""
    return _worded(into, into.expr(node), wish)


def _worded(into: Translator, doc: Doc, wish: str) -> tuple[Doc, list[tuple[str, Doc | None]]]:
    if isinstance(doc, Text):
        return doc, []
    name = into.names.fresh(wish)
    return Text(name), [(name, doc)]


# --- folds -----------------------------------------------------------------------------------------


def fold(into: Translator, node: Fold) -> Doc:
    """A fold, as an operator that calls itself once an element; the module's where its body needs nothing else."""
    bound = {local.name for local in (node.accumulator, *node.items)}
    if bound.issuperset(into.uses.of(node.body)):
        return call(into.hoisted(node), into.expr(node.collection), into.expr(node.initial))
    return folded(into, node, into.expr(node.collection), into.expr(node.initial))


def folded(into: Translator, node: Fold, collection: Doc, initial: Doc) -> Doc:
    """A fold over a collection from an initial value, with the operator written out."""
    match node.collection.type:
        case ListType():
            return _list_fold(into, node, collection, initial)
        case MapType(key, _):
            map_, given = _worded(into, collection, "map")
            keys = Joined((Text("DOMAIN "), tight(map_, ATOM)), OPERATION)
            return where(given, _set_fold(into, node, into.orders.least(key), (keys, initial), map_))
        case SetType(element):
            return _set_fold(into, node, into.orders.least(element), (collection, initial), None)
        case other:
            raise AssertionError(f"no fold ranges over {other}")


def _set_fold(into: Translator, node: Fold, least: str, start: tuple[Doc, Doc], map_: Doc | None) -> Doc:
    name, left = into.names.fresh(f"fold_{hint(node.accumulator.name)}"), into.names.fresh("left")
    item = into.bound(node.items[0])
    if map_ is not None:
        into.stands_for(node.items[1], applied(map_, Text(item)))

    def step(body: Doc) -> Doc:
        rest = infix("\\", Text(left), Enclosed("{", (Text(item),), "}"))
        return where([(item, call(least, Text(left)))], call(name, rest, body))

    done = relation("=", Text(left), EMPTY_SET)
    return _recursion(into, node, (name, left), _Round(done, relation("#", Text(left), EMPTY_SET), step), start)


def _list_fold(into: Translator, node: Fold, collection: Doc, initial: Doc) -> Doc:
    list_, given = _worded(into, collection, "list")
    name, place = into.names.fresh(f"fold_{hint(node.accumulator.name)}"), into.names.fresh("place")
    into.stands_for(node.items[0], applied(list_, Text(place)))

    def step(body: Doc) -> Doc:
        return call(name, infix("+", Text(place), Text("1")), body)

    length = call("Len", list_)
    round_ = _Round(relation(">", Text(place), length), relation("<=", Text(place), length), step)
    return where(given, _recursion(into, node, (name, place), round_, (Text("1"), initial)))


@dataclass(frozen=True, slots=True)
class _Round:
    """Whether a fold is at its end, whether it goes on, and how it does with the body's value."""

    done: Doc
    left: Doc
    step: Callable[[Doc], Doc]


def _recursion(into: Translator, node: Fold, head: tuple[str, str], round_: _Round, start: tuple[Doc, Doc]) -> Doc:
    name, over = head
    accumulator = into.bound(node.accumulator)
    further = round_.step(into.within(node.body, (node.accumulator, *node.items)))
    body: Doc = Conditional(round_.done, Text(accumulator), further)
    if into.definedness.fallible(node.body) or into.definedness.fallible(node.initial):
        made = call(into.needs("Defined"), Text(accumulator))
        body = Conditional(conjunction([made, round_.left]), further, Text(accumulator))
    definitions = [(f"RECURSIVE {name}(_, _)", None), (f"{name}({over}, {accumulator})", body)]
    return where(definitions, call(name, *start))
