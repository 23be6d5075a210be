"""What a call in a rewritten module calls: Python's function, its counterpart on expressions, or nothing at all.

The function that is called is known only at run time, so each call asks here first. `any`, `all`, `len`, `min`, `max`
and `sum` also take expressions; what would give another answer in another run is refused; what goes through a Python
set does so in a fixed order. Everything else is called as it is, from the author's own line.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable
from functools import partial, reduce
from types import BuiltinFunctionType, FunctionType, GeneratorType, MethodType
from typing import Any

from speccheck.lang import activities
from speccheck.lang.collections import Editor
from speccheck.lang.exprs import TEXT_HINT, Conditional, Expr, type_of
from speccheck.lang.orders import ordered
from speccheck.lang.rewriting import aggregates
from speccheck.lang.spans import spec_error

_COUNTERPARTS: dict[int, Callable[..., Any]] = {
    id(any): aggregates.any_,
    id(all): aggregates.all_,
    id(len): aggregates.len_,
    id(min): aggregates.min_,
    id(max): aggregates.max_,
    id(sum): aggregates.sum_,
}
_CHANGING = {id(f): f for f in (input, id, hash, os.urandom, os.getpid, os.getenv, os.times, os.getrandom)}
_CHANGING_MODULES = frozenset({"random", "time", "_random", "secrets", "uuid"})
_DATES = frozenset({"now", "today", "utcnow"})
_THROUGH: dict[int, Callable[..., Any]] = {
    id(f): f for f in (list, tuple, enumerate, zip, map, filter, iter, sorted, reversed, reduce, dict)
}
_LIFTED: dict[Any, str] = {
    set: "write {x for x in S} or Set(x for x in S)",
    frozenset: "write {x for x in S} or Set(x for x in S)",
    sorted: "for the list of a set's elements in order write S.reduce(lambda acc, x: acc + List(x), List(T))",
    list: "for the list of a set's elements in order write S.reduce(lambda acc, x: acc + List(x), List(T))",
    tuple: "write Tuple(a, b); a list of any length is a list",
    dict: "write {k: v for k in S} or Map(v for k in S)",
    abs: "write x if x >= 0 else -x",
    range: "for range(…) over an expression write a.upto(b), Interval(lo, hi) or Range(lo, hi)",
    bool: "a condition is used as it is",
    int: "an int expression is used as it is; of a bool write 1 if p else 0",
    str: TEXT_HINT,
    repr: TEXT_HINT,
    format: TEXT_HINT,
    print: "nothing has a value yet; values are seen in paths: speccheck explain PATH --watch 's.x'",
    round: "integers need no rounding; a // b is floor division",
    divmod: "write a // b and a % b",
    pow: "write a ** b",
    isinstance: "",
    reversed: "index from the end: l[l.size - 1 - i]",
    enumerate: "range over the indices: for i in l.keys, with l[i]",
    zip: "range over the indices of both: for i in a.keys, with a[i] and b[i]",
    map: "write {f(x) for x in S} or [f(x) for x in l]",
    filter: "write {x for x in S if p(x)} or S.filter(p)",
    iter: "range over it: for x in S",
    next: "choose one: S.choose(p), or in a step `with c.one_of(S) as x:`",
    reduce: "write S.reduce(f, start)",
}  # fmt: skip
_COLLECTING: dict[Any, Callable[[Any], Any]] = {
    set: aggregates.set_of,
    frozenset: aggregates.frozenset_of,
    list: aggregates.list_of,
}
_REFUSED = {id(f): (f.__name__, hint) for f, hint in _LIFTED.items() if hint}


def callee(function: Any) -> Any:
    """What to call in place of a function; itself, for nearly all."""
    kind = type(function)
    if kind is FunctionType:
        if function.__module__ in _CHANGING_MODULES or id(function) in _CHANGING:
            raise non_deterministic(f"{function.__module__}.{function.__name__}")
        return function
    if kind is BuiltinFunctionType or kind is type:
        return _builtin(function)
    if kind is MethodType and isinstance(function.__self__, random.Random | random.SystemRandom):
        raise non_deterministic(f"random.{function.__name__}")
    if kind is MethodType and function.__self__ is os.environ:
        raise non_deterministic("os.environ")
    return function


def _builtin(function: Any) -> Any:
    at = id(function)
    if at in _COUNTERPARTS:
        return _COUNTERPARTS[at]
    if at in _REFUSED or at in _THROUGH:
        return partial(_called, function)
    owner = getattr(function, "__self__", None)
    _check_steady(function, owner)
    name = function.__name__
    if type(owner) is str and name == "join":
        return lambda parts: function(ordered(parts))
    if type(owner) is set and name == "pop":
        return partial(_popped, owner)
    if owner is dict and name == "fromkeys":
        return lambda keys, value=None: dict.fromkeys(ordered(keys), value)
    return partial(_called, function) if function.__module__ in ("itertools", "collections") else function


def _check_steady(function: Any, owner: Any) -> None:
    """Refuse what gives another answer in another run."""
    module = getattr(function, "__module__", None) or type(owner).__module__
    name = f"{module}.{function.__name__}"
    dated = function.__name__ in _DATES and isinstance(owner, type) and owner.__module__ == "datetime"
    seeded = isinstance(owner, random.Random)
    if id(function) in _CHANGING or module in _CHANGING_MODULES or dated or seeded:
        raise non_deterministic(f"datetime.{function.__name__}" if dated else name.removeprefix("builtins."))
    if getattr(owner, "__name__", None) in _CHANGING_MODULES:
        raise non_deterministic(f"{owner.__name__}.{function.__name__}")


def non_deterministic(name: str) -> Exception:
    """The error for a call whose answer differs from run to run."""
    return spec_error(
        "non-deterministic",
        f"{name} gives another answer in another run; a specification is captured once and says what may happen",
        'for any of several values write `with c.one_of(S, "x") as x:`; for a constant use a Param or an @instance',
    )


def environ(value: Any) -> Any:
    """What is named `environ`, unless it is the process's environment."""
    if value is os.environ:
        raise non_deterministic("os.environ")
    return value


def _called(function: Any, *args: Any, **named: Any) -> Any:
    """A function of Python on Python values, sets among them in order; SpecError where it is given an expression."""
    if len(args) == 1 and isinstance(args[0], GeneratorType) and function in _COLLECTING:
        return _COLLECTING[function](args[0])
    if id(function) in _REFUSED and any(isinstance(a, Expr) and not _unpacks(function, a) for a in args):
        name, hint = _REFUSED[id(function)]
        told = f"{name}() is given an expression, which has no value while the specification is captured"
        raise spec_error("builtin-of-expression", told, hint)
    return function(*map(ordered, args), **named)


def _unpacks(function: Any, value: Expr) -> bool:
    """Whether the items of a value are known: those of a tuple are."""
    return function in (list, tuple, enumerate, zip, map, iter, reversed) and hasattr(type_of(value), "items")


def _popped(found: set[Any]) -> Any:
    """An element of a Python set, taken out of it: the first in order."""
    if not found:
        return found.pop()
    first = ordered(found)[0]
    found.remove(first)
    return first


# --- statements that are nothing but an expression ---------------------------------------------------


def effect(function: Any) -> Any:
    """What to call where nobody takes the result: as `callee`, but a result that is an expression is refused."""
    found = callee(function)
    owner = getattr(function, "__self__", None)
    declared = type(function).__module__.startswith("speccheck.")
    vocabulary = str(getattr(function, "__module__", "")).startswith("speccheck.")
    if declared or vocabulary or isinstance(owner, Expr) or type(function) is FunctionType:
        return partial(_in_vain, found, getattr(function, "__name__", "this"))
    return found


def _in_vain(function: Any, name: str, /, *args: Any, **named: Any) -> Any:
    before = activities.made()
    found = function(*args, **named)
    if activities.made() == before:
        discarded(found, f"{name}(…)")
    return found


def discarded(value: Any, what: str = "this") -> None:
    """Refuse a statement that is nothing but a value of the language."""
    if isinstance(value, Expr | Conditional | Editor):
        raise spec_error(
            "no-effect",
            f"{what} makes a value that nobody uses; it changes nothing",
            "use it: s.x = 1, s.x += 1, s.m = s.m.insert(k, v), c.assume(p), return p; "
            "to drop a value on purpose write _ = …",
        )
    if what == "this" and callable(value) and not isinstance(value, type):
        name = getattr(value, "__name__", "it")
        raise spec_error("no-effect", f"{name!r} is named and not called; it does nothing", f"call it: {name}(…)")


def spread(value: Any) -> Iterable[Any]:
    """What `*value` gives: a Python set's elements in order; of expressions, only a tuple's items are known."""
    if isinstance(value, Expr) and not hasattr(type_of(value), "items"):
        raise spec_error(
            "iteration-over-expression",
            f"`*` of a value of type {type_of(value)}: how many elements there are is not known here",
            "join expressions: S | Set(x), l + List(x)",
        )
    found: Iterable[Any] = ordered(value)
    return found
