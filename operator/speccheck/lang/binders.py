"""How generators and lambdas of a spec become binders: they are captured once, not run per element.

A binder draws from the author's generator. Every set or list expression that the generator's own
frame iterates yields one fresh local and is noted as a clause; Python iterables are simply unrolled.
"""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import count
from types import CodeType, FrameType, GeneratorType
from typing import Any, cast

from speccheck.ir.nodes import Bind, Clause, Let, Local, element_type
from speccheck.ir.nodes import Expr as Node
from speccheck.ir.types import BOOL, SetType, Type
from speccheck.lang import activities
from speccheck.lang.activities import only_values
from speccheck.lang.exprs import Expr, apply, constant, lift, node_of, type_of, wrap
from speccheck.lang.orders import ordered
from speccheck.lang.rigidity import came_from
from speccheck.lang.spans import copied, recorded, spec_error
from speccheck.lang.substitutions import Substitution

_numbers = count(1)
_drawings: list[_Drawing] = []


def restart_numbering() -> None:
    """Number locals from 1 again, so that capturing the same files twice gives the same names."""
    global _numbers
    _numbers = count(1)


def fresh(type_: Type, hint: str) -> Local:
    """A new local whose name starts with the hint and is unique in this capture."""
    return recorded(Local(type_, f"{hint}.{next(_numbers)}"))


@dataclass(slots=True)
class _Drawing:
    generator: GeneratorType[Any, None, None]
    what: str
    shared: bool = False
    clauses: list[Clause] = field(default_factory=list)
    guards: list[Any] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    left_early: bool = False
    yields: int = 0

    def check_left(self, open_: int = 0) -> None:
        """Refuse a loop that was left before its end."""
        if self.left_early or len(self.clauses) != open_:
            raise spec_error(
                "loop-left-early",
                "a loop over an expression is left before its end: which element it stopped at is not known",
                'choose one: S.choose(p), or in a step `with c.one_of(S, "x") as x:`',
            )

    def drawn(self, body: Any) -> Drawn:
        """What the generator has yielded, with the loops and guards it stands in."""
        self.yields += 1
        self.check_left(open_=len(self.clauses))
        found = Drawn(tuple(self.clauses), body, _conjunction(self.guards))
        again = any(id(clause) in self.used for clause in self.clauses)
        self.used.update(map(id, self.clauses))
        if again and not self.shared:
            return _apart(found)
        return replace(found, again=again)


@dataclass(frozen=True, slots=True)
class Drawn:
    """One yield of a generator: the clauses around it, what it yielded, and the condition under which it does.

    `guard` is None where it always yields. It comes of an `if` on an expression in a loop over a Python
    iterable; the `if` of a loop over an expression is in the clause's domain. `again` tells that an earlier yield
    stood in the same round of a loop over an expression.
    """

    clauses: tuple[Clause, ...]
    body: Any
    guard: Any = None
    again: bool = False

    @property
    def key(self) -> Any:
        """The clauses' local, or the tuple of them where there are several."""
        locals_ = [wrap(c.local) for c in self.clauses]
        return locals_[0] if len(locals_) == 1 else lift(tuple(locals_))

    @property
    def is_plain(self) -> bool:
        """Whether Python alone decided that and how often this is yielded."""
        return not self.clauses and self.guard is None


def renewed(local: Local) -> Local:
    """A new local to stand for another in a copy."""
    return fresh(local.type, local.name.rsplit(".", 1)[0])


def _apart(drawn: Drawn) -> Drawn:
    """What was drawn, with locals of its own: another yield has taken those of the loops."""
    copies = Substitution({c.local.name: renewed(c.local) for c in drawn.clauses}, renewed)
    clauses = tuple(
        copied(Clause(cast(Local, copies.locals[c.local.name]), copies.node(c.domain)), c) for c in drawn.clauses
    )
    return Drawn(clauses, _carried(drawn.body, copies), _carried(drawn.guard, copies), again=True)


def _carried(value: Any, copies: Substitution) -> Any:
    if isinstance(value, tuple | list) and type(value) in (tuple, list):
        return type(value)(_carried(each, copies) for each in value)
    return wrap(copies.node(node_of(value))) if isinstance(value, Expr) else value


def _conjunction(guards: list[Any]) -> Any:
    if not guards:
        return None
    return guards[0] if len(guards) == 1 else apply("and", *guards)


def draw(generator: object, what: str, *, shared: bool = False) -> list[Drawn]:
    """Everything a generator yields, each with its clauses.

    Raises SpecError where it is not a generator.
    """
    if not isinstance(generator, GeneratorType):
        raise spec_error(
            "not-a-generator",
            f"{what} takes a generator, got a {type(generator).__name__}",
            f"write {what}(p(x) for x in S)",
        )
    with only_values(f"a generator of {what}"):
        return list(drawing_from(generator, what, shared=shared))


def drawing_from(generator: GeneratorType[Any, None, None], what: str, *, shared: bool = False) -> Iterator[Drawn]:
    """What a generator yields, one by one as long as it is asked for.

    Several yields in one round of a loop have locals of their own, unless they are to be `shared`.
    Its body may act on the state only where it stands in no loop over an expression.
    """
    drawing = _Drawing(generator, what, shared)
    depth = activities.depth()
    try:
        while True:
            _drawings.append(drawing)
            try:
                body = next(generator)
            except StopIteration:
                break
            finally:
                _drawings.pop()
            yield drawing.drawn(body)
        drawing.check_left()
    finally:
        activities.restore(depth)
        generator.close()


def each(domain: object, guard: Callable[[Any], Any] | None = None) -> Any:
    """What a rewritten `for x in domain if guard(x)` draws from.

    An expression gives the loop's one local, over the elements for which the guard holds; a Python iterable its
    elements, those left out whose guard is false in Python.
    """
    if isinstance(domain, Expr) and element_type(type_of(domain)) is not None:
        return _Clauses(domain if guard is None else cast(Any, domain).filter(guard))
    if guard is not None and hasattr(type(domain), "filter"):
        return iter(cast(Any, domain).filter(guard))
    found: Any = ordered(domain)
    return found if guard is None else _Guarded(iter(found), guard)


class _Guarded:
    """A Python iterable's elements whose guard is not false; a guard that is an expression is noted by the binder."""

    def __init__(self, elements: Iterator[Any], guard: Callable[[Any], Any]) -> None:
        self._elements = elements
        self._guard = guard
        self._drawing: _Drawing | None = None

    def __iter__(self) -> _Guarded:
        return self

    def __next__(self) -> Any:
        self._close()
        for element in self._elements:
            kept = self._guard(element)
            if isinstance(kept, Expr):
                self._open(lift(kept, BOOL), sys._getframe(1))
                return element
            if kept:
                return element
        raise StopIteration

    def _open(self, guard: Any, frame: FrameType) -> None:
        drawing = _drawings[-1] if _drawings else None
        if drawing is None or drawing.generator.gi_frame is not frame:
            raise spec_error(
                "guard-of-expression",
                "an `if` on an expression in a loop that Python itself runs: how many elements there are is not known",
                "range over an expression: Set(x for x in S if p(x)); or write Implies(p, …), Ite(p, a, b)",
            )
        drawing.guards.append(guard)
        activities.values_begin(f"a generator of {drawing.what}")
        self._drawing = drawing

    def _close(self) -> None:
        if self._drawing is not None:
            self._drawing.guards.pop()
            activities.values_end()
            self._drawing = None


def drawn_clause(domain: Expr) -> Iterator[Any]:
    """What `for … in` a set or list expression draws from.

    Only a `for` may: whatever else asks for an iterator (enumerate, zip, unpacking, sorted …) would see one element.
    """
    frame = sys._getframe(2)
    if dis.opname[frame.f_code.co_code[frame.f_lasti]] != "GET_ITER":
        raise spec_error(
            "iteration-over-expression",
            "an expression is handed to something that draws its elements one by one; they are not known here",
            "range over it with `for x in S` in Forall, Exists, Set, SetIf, Map or List; or over l.keys",
        )
    return _Clauses(domain)


class _Clauses:
    """Yields one local standing for every element, to the generator that a binder draws from."""

    def __init__(self, domain: Expr) -> None:
        self._domain = domain
        self._drawing: _Drawing | None = None
        self._done = False
        self._before = 0
        self._guards: list[Any] = []

    def __del__(self) -> None:
        if self._drawing is not None and not self._done:
            self._drawing.left_early = True

    def __iter__(self) -> _Clauses:
        return self

    def __next__(self) -> Any:
        if self._done:
            raise StopIteration
        if self._drawing is not None:
            self._end(self._drawing)
            raise StopIteration
        return self._begin(sys._getframe(1))

    def _begin(self, frame: FrameType) -> Any:
        drawing = _drawings[-1] if _drawings else None
        if drawing is None or drawing.generator.gi_frame is not frame:
            raise spec_error(
                "iteration-over-expression",
                "a Python loop over an expression: its elements are not known while the specification is captured",
                'in a step choose one: `with c.one_of(S, "x") as x:`; '
                "to speak of all: Forall(p(x) for x in S), Set(f(x) for x in S), S.reduce(f, start)",
            )
        self._drawing = drawing
        self._before = drawing.yields
        self._guards, drawing.guards = drawing.guards, []
        domain = _guarded(self._domain, _conjunction(self._guards))
        clause = clause_over(domain, _loop_variable(frame.f_code, frame.f_lasti))
        drawing.clauses.append(clause)
        activities.values_begin(f"a generator of {drawing.what}")
        return wrap(clause.local)

    def _end(self, drawing: _Drawing) -> None:
        self._done = True
        drawing.clauses.pop()
        drawing.guards = self._guards
        activities.values_end()
        if drawing.yields == self._before:
            raise spec_error(
                "loop-without-yield",
                "a loop over an expression gives nothing for its element, so nothing would be said of it",
                "write a condition on the element as SetIf, Implies or Ite instead of a Python `if`",
            )


def _guarded(domain: Expr, guard: Any) -> Expr:
    """The domain where the guard holds; where it does not, no element, and the domain is not evaluated."""
    if guard is None:
        return domain
    type_ = type_of(domain)
    empty = constant(type_, frozenset() if isinstance(type_, SetType) else ())
    found: Expr = apply("ite", guard, domain, empty)
    return found


def clause_over(domain: Expr, hint: str) -> Clause:
    """A clause with a fresh local over a set or list expression."""
    element = element_type(type_of(domain))
    if element is None:
        raise spec_error(
            "iteration-over-expression",
            f"a value of type {type_of(domain)} has no elements to range over",
            "range over a set or a list: Interval(lo, hi), m.keys, m.values",
        )
    local = fresh(element, hint)
    came_from(local, node_of(domain))
    return recorded(Clause(local, node_of(domain)))


@lru_cache(maxsize=4096)
def _loop_variable(code: CodeType, offset: int) -> str:
    """The name a `for` at this offset stores to; `x` where it unpacks."""
    following = (
        i for i in dis.get_instructions(code) if i.offset > offset and i.opname not in ("CACHE", "EXTENDED_ARG")
    )
    found = next(following, None)
    if found is None or not found.opname.startswith("STORE_"):
        return "x"
    stored = found.argval[0] if isinstance(found.argval, tuple) else found.argval
    return str(stored)


def bind(op: str, type_: Type, clauses: tuple[Clause, ...], body: Expr) -> Any:
    """A binder expression."""
    return wrap(recorded(Bind(type_, op, clauses, node_of(body))))


def lambda_over(domain: Expr, function: Callable[..., Any]) -> tuple[Clause, Any]:
    """The clause and result of calling an author's function on one local standing for every element."""
    clause = clause_over(domain, _parameter_names(function)[0])
    return clause, call(function, wrap(clause.local))


def call(function: Callable[..., Any], element: Expr) -> Any:
    """An author's function applied to an element; a tuple is unpacked where it takes several arguments."""
    wanted = len(_parameter_names(function))
    if wanted == 1:
        return calling(function, element)
    items = getattr(type_of(element), "items", ())
    if len(items) != wanted:
        raise spec_error(
            "wrong-arity",
            f"the function takes {wanted} arguments, the elements are of type {type_of(element)}",
            "write lambda x: …; only the elements of AllTuples, or other tuples, come as several arguments",
        )
    return calling(function, *element)


def calling(function: Callable[..., Any], *args: Any) -> Any:
    """An author's function called for its value alone."""
    with only_values("a function of an element"):
        try:
            return function(*args)
        except TypeError:
            _check_arity(function, len(args))
            raise


def _check_arity(function: Callable[..., Any], given: int) -> None:
    try:
        inspect.signature(function).bind(*range(given))
    except TypeError as error:
        shown = ", ".join(["acc", "x", "y"][:given] if given > 1 else ["x"][:given])
        raise spec_error(
            "wrong-arity",
            f"the function is called with {given} argument{'s' if given != 1 else ''}: {error}",
            f"write lambda {shown}: …" if given else "write lambda: …",
        ) from None
    except ValueError:
        return


def _parameter_names(function: Callable[..., Any]) -> list[str]:
    if not callable(function) or isinstance(function, Expr):
        raise spec_error(
            "not-a-function",
            f"expected a function of an element, got a {type(function).__name__}",
            "write lambda x: … with the element as x; or p(x) for x in S in Forall, Exists, Set, SetIf, Map",
        )
    try:
        found = [
            p.name
            for p in inspect.signature(function).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty
        ]
    except (TypeError, ValueError):
        return ["x"]
    return found or ["x"]


def parameter_names(function: Callable[..., Any]) -> list[str]:
    """The names of a function's required positional parameters; ["x"] where it tells none."""
    return _parameter_names(function)


def let(value: Expr, hint: str, body: Callable[[Any], Any]) -> Any:
    """`body` of a local that stands for a value evaluated at most once; atoms are used as they are."""
    node = node_of(value)
    if is_atom(node):
        return body(value)
    local = fresh(node.type, hint)
    came_from(local, node)
    result: Expr = body(wrap(local))
    if not isinstance(result, Expr):
        raise spec_error(
            "temporal-argument",
            "an @expr that gives a temporal formula is called with a computed argument: "
            "is it of this moment, or of each?",
            "leave the decorator out, or write @expr(cache_args=False): then it is of each moment it is used in",
        )
    return wrap(recorded(Let(type_of(result), local, node, node_of(result))))


def is_atom(node: Node) -> bool:
    """Whether evaluating a node twice costs nothing."""
    return type(node).__name__ in ("Const", "Param", "Read", "Local")
