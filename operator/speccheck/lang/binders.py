"""How generators and lambdas of a spec become binders: they are captured once, not run per element.

A binder draws from the author's generator. Every set or list expression that the generator's own
frame iterates yields one fresh local and is noted as a clause; Python iterables are simply unrolled.
"""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from types import CodeType, GeneratorType
from typing import Any

from speccheck.ir.nodes import Bind, Clause, Let, Local, element_type
from speccheck.ir.nodes import Expr as Node
from speccheck.ir.types import Type
from speccheck.lang.activities import only_values
from speccheck.lang.exprs import Expr, lift, node_of, type_of, wrap
from speccheck.lang.spans import recorded, spec_error

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
    clauses: list[Clause] = field(default_factory=list)
    left_early: bool = False
    yields: int = 0


@dataclass(frozen=True, slots=True)
class Drawn:
    """One yield of a generator: the clauses around it, and what it yielded."""

    clauses: tuple[Clause, ...]
    body: Any

    @property
    def key(self) -> Any:
        """The clauses' local, or the tuple of them where there are several."""
        locals_ = [wrap(c.local) for c in self.clauses]
        return locals_[0] if len(locals_) == 1 else lift(tuple(locals_))


def draw(generator: object, what: str) -> list[Drawn]:
    """Everything a generator yields, each with its clauses.

    Raises SpecError where it is not a generator.
    """
    if not isinstance(generator, GeneratorType):
        raise spec_error(
            "not-a-generator",
            f"{what} takes a generator, got a {type(generator).__name__}",
            f"write {what}(p(x) for x in S)",
        )
    drawing = _Drawing(generator)
    _drawings.append(drawing)
    try:
        with only_values(f"a generator of {what}"):
            drawn = [_drawn(drawing, body) for body in generator]
            _check_left(drawing)
        return drawn
    finally:
        _drawings.pop()
        generator.close()


def _drawn(drawing: _Drawing, body: Any) -> Drawn:
    drawing.yields += 1
    _check_left(drawing, open_=len(drawing.clauses))
    return Drawn(tuple(drawing.clauses), body)


def _check_left(drawing: _Drawing, open_: int = 0) -> None:
    if drawing.left_early or len(drawing.clauses) != open_:
        raise spec_error(
            "loop-left-early",
            "a loop over an expression is left before its end: which element it stopped at is not known",
            'choose one: S.choose(p), or in a step `with c.one_of(S, "x") as x:`',
        )


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

    def __del__(self) -> None:
        if self._drawing is not None and not self._done:
            self._drawing.left_early = True

    def __iter__(self) -> _Clauses:
        return self

    def __next__(self) -> Any:
        if self._done:
            raise StopIteration
        if self._drawing is not None:
            self._done = True
            self._drawing.clauses.pop()
            if self._drawing.yields == self._before:
                raise spec_error(
                    "loop-without-yield",
                    "a loop over an expression gives nothing for its element, so nothing would be said of it",
                    "write a condition on the element as SetIf, Implies or Ite instead of a Python `if`",
                )
            raise StopIteration
        frame = sys._getframe(1)
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
        clause = clause_over(self._domain, _loop_variable(frame.f_code, frame.f_lasti))
        drawing.clauses.append(clause)
        return wrap(clause.local)


def clause_over(domain: Expr, hint: str) -> Clause:
    """A clause with a fresh local over a set or list expression."""
    element = element_type(type_of(domain))
    if element is None:
        raise spec_error(
            "iteration-over-expression", f"a value of type {type_of(domain)} has no elements to range over"
        )
    return recorded(Clause(fresh(element, hint), node_of(domain)))


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
            "wrong-arity", f"the function takes {wanted} arguments, the elements are of type {type_of(element)}"
        )
    return calling(function, *element)


def calling(function: Callable[..., Any], *args: Any) -> Any:
    """An author's function called for its value alone."""
    with only_values("a function of an element"):
        return function(*args)


def _parameter_names(function: Callable[..., Any]) -> list[str]:
    if not callable(function):
        raise spec_error("not-a-function", f"expected a function of an element, got a {type(function).__name__}")
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
    result: Expr = body(wrap(local))
    return wrap(recorded(Let(type_of(result), local, node, node_of(result))))


def is_atom(node: Node) -> bool:
    """Whether evaluating a node twice costs nothing."""
    return type(node).__name__ in ("Const", "Param", "Read", "Local")
