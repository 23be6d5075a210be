"""From an observation to variables: the CEL expressions of a mapping, compiled once. The one door to CEL.

Takes a Model and a `MappingOrder`; gives a `Mapping`, which takes `View`s and gives typed values. Names are checked
when it is compiled, and calls as far as `overloads` knows them. What expressions give is checked at each observation,
since CEL has no types to check before.
An expression may run for as long as it likes and takes no notice of the interpreter: run it where it can be killed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import cel
from cel.stdlib import STDLIB_FUNCTIONS, add_stdlib_to_context

from speccheck.conform.conversions import Unfit, value_of
from speccheck.conform.functions import HELPERS, require_exact
from speccheck.conform.overloads import formless, misapplied
from speccheck.conform.protocols import MappingOrder, View
from speccheck.errors import UsageError
from speccheck.ir.models import Model, Variable
from speccheck.ir.values import Value

_NAMES_SHOWN = 40
EXPRESSION_CHARACTERS = 8192
KEY_CHARACTERS = 253


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BUILT_IN = _words(
    "bytes contains double duration dyn endsWith getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear getHours "
    "getMilliseconds getMinutes getMonth getSeconds hasValue int matches max min none of ofNonZeroValue or orValue "
    "size startsWith string timestamp type uint value"
)
"""The functions that the CEL library has without being given any."""

_NAMESPACES = frozenset({"optional", *(name.split(".")[0] for name in STDLIB_FUNCTIONS if "." in name)})
_TYPES = _words("bool bytes double int list map null_type string type uint")
_FUNCTIONS = _BUILT_IN | set(HELPERS) | {name.rsplit(".", 1)[-1] for name in STDLIB_FUNCTIONS}
_FIXED = ("object", "event", "time")
_BOUND = re.compile(r"\.\s*(?:map|filter|all|exists|exists_one)\s*\(\s*([A-Za-z_][A-Za-z0-9_]*)\s*,")
_DEFAULT = "give absent fields a default: get(object, 'path.to.field', default)"
_OPERATOR = re.compile(r"[^A-Za-z]")
_CALL_FAILED = re.compile(
    r"Function '[^']*' error: Python function call failed: (\w+): (.*)\. Check function arguments and their types\.",
    re.DOTALL,
)

logging.getLogger("cel").setLevel(logging.CRITICAL)  # it writes every failed call to the log, with the users' data


class Rejected(Exception):
    """This observation could not be mapped; the text says which expression and why."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """What one observation gives: its key, the mapped variables, and the parameters that expressions give."""

    key: str
    variables: dict[str, Value]
    parameters: dict[str, Value]


@dataclass(frozen=True, slots=True)
class _Expression:
    """A compiled expression; `place` says where in the mapping it stands."""

    place: str
    program: cel.Program


class Mapping:
    """The compiled expressions of one mapping; `model` has the instance's parameters bound."""

    def __init__(self, model: Model, order: MappingOrder) -> None:
        """Compiles every expression and checks every name.

        Raises UsageError, naming the place in the mapping and the nearest spelling, for what cannot be right.
        """
        self.model = model.instance(order.instance) if order.instance else model
        self._sources = tuple(source.name for source in order.sources)
        _check_sources(self._sources)
        names = (*_FIXED, *self._sources)
        self._keys = {
            s.name: None if s.key is None else _compiled(f"sources[{s.name}].key", s.key, names) for s in order.sources
        }
        self._variables = _typed("variables", order.variables, model.variables, names)
        self._parameters = _typed("parameters", order.parameters, model.params, names)
        _check_complete(self.model, order)
        self._used = frozenset(name for each in self._expressions() for name in each.program.variables())
        self._context = cel.Context()
        add_stdlib_to_context(self._context)
        for name, function in HELPERS.items():
            self._context.add_function(name, function)

    @property
    def names(self) -> frozenset[str]:
        """The mapped variables."""
        return frozenset(variable.name for variable, _ in self._variables)

    def map(self, view: View) -> Mapped:
        """The values that one observation gives.

        Raises Rejected where an expression has no value, or one that does not fit its variable's type.
        """
        if view.source not in self._keys:
            raise Rejected(f"no source is named {view.source!r}; there is {', '.join(self._sources)}")
        self._show(view)
        key = self._keys[view.source]
        return Mapped(
            _default_key(view) if key is None else self._key(key),
            {variable.name: self._value(variable, expression) for variable, expression in self._variables},
            {variable.name: self._value(variable, expression) for variable, expression in self._parameters},
        )

    def _expressions(self) -> list[_Expression]:
        keys = [key for key in self._keys.values() if key is not None]
        return keys + [expression for _, expression in (*self._variables, *self._parameters)]

    def _show(self, view: View) -> None:
        """Gives CEL what expressions mention; handing an object over costs more than most of them."""
        shown: dict[str, Any] = {"object": view.object, "event": view.event}
        shown.update({name: view.current.get(name) for name in self._sources})
        if view.object is not None:
            shown[view.source] = view.object
        for name, data in shown.items():
            if name not in self._used:
                continue
            try:
                require_exact(data, name)
            except ValueError as error:
                raise Rejected(str(error)) from error
            self._context.add_variable(name, data)
        self._context.add_variable("time", view.time)

    def _key(self, expression: _Expression) -> str:
        found = self._run(expression)
        if not isinstance(found, str | int) or not 0 < len(str(found)) <= KEY_CHARACTERS:
            shown = f"{found!r:.80}"
            raise Rejected(f"{expression.place}: a key is text of 1 to {KEY_CHARACTERS} characters, not {shown}")
        return str(found)

    def _value(self, variable: Variable, expression: _Expression) -> Value:
        try:
            return value_of(self._run(expression), variable.type)
        except Unfit as error:
            raise Rejected(f"{expression.place}: {error}") from error

    def _run(self, expression: _Expression) -> Any:
        try:
            found = expression.program.execute(self._context)
        except KeyError as error:
            raise Rejected(f"{expression.place}: there is no {error}; {_DEFAULT}") from error
        except (ValueError, TypeError, RuntimeError, ArithmeticError, LookupError) as error:
            raise Rejected(f"{expression.place}: {_told(error)}") from error
        return found.value() if isinstance(found, cel.OptionalValue) and found.has_value() else found


def _told(error: Exception) -> str:
    text = str(error)
    found = _CALL_FAILED.fullmatch(text)
    if found and found[1] == "MemoryError":
        raise MemoryError
    return formless(found[2] if found else text)[:500]


def _check_sources(names: tuple[str, ...]) -> None:
    for name in names:
        if name in _FIXED or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise UsageError(f"a source cannot be named {name!r}, which expressions call it by; use letters, digits, _")
        if names.count(name) > 1:
            raise UsageError(f"two sources are named {name!r}")
    if not names:
        raise UsageError("a mapping needs a source")


def _typed(
    place: str, texts: dict[str, str], known: tuple[Variable, ...], names: Collection[str]
) -> tuple[tuple[Variable, _Expression], ...]:
    by_name = {variable.name: variable for variable in known}
    for name in texts:
        if name not in by_name:
            raise UsageError(f"{place}.{name}: the spec has no such {place[:-1]}; {_nearest(name, by_name)}")
    return tuple((by_name[name], _compiled(f"{place}.{name}", text, names)) for name, text in texts.items())


def _compiled(place: str, text: str, names: Collection[str]) -> _Expression:
    if len(text) > EXPRESSION_CHARACTERS:
        raise UsageError(f"{place}: longer than {EXPRESSION_CHARACTERS} characters")
    try:
        program = cel.compile(text)
    except ValueError as error:
        raise UsageError(f"{place}: {_syntax(str(error))}") from error
    bound = set(_BOUND.findall(text))
    for name in program.variables():
        if name not in names and name not in bound and name not in _NAMESPACES | _TYPES:
            raise UsageError(f"{place}: nothing is named {name!r}; {_nearest(name, names)}")
    for name in program.functions():
        if name not in _FUNCTIONS and not _OPERATOR.match(name):
            raise UsageError(f"{place}: there is no function {name!r}; {_nearest(name, _FUNCTIONS)}")
    if "time" not in bound and (wrong := misapplied(text)):
        raise UsageError(f"{place}: {wrong}")
    return _Expression(place, program)


def _syntax(text: str) -> str:
    """The parser's message without the expression, which the reader has before them."""
    found = re.search(r"ERROR: <input>:(\d+):(\d+): (.*)", text)
    return f"line {found[1]}, column {found[2]}: {found[3]}" if found else text[:300]


def _nearest(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = get_close_matches(name, names, 1)
    meant = f"did you mean {close[0]!r}? " if close else ""
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return f"{meant}There is: {', '.join(names[:_NAMES_SHOWN]) or 'none'}{more}"


def _check_complete(model: Model, order: MappingOrder) -> None:
    if not order.variables:
        raise UsageError(f"no variable is mapped; the spec has: {', '.join(v.name for v in model.variables)}")
    if twice := [name for name in order.parameters if name in model.bindings]:
        raise UsageError(f"parameters.{twice[0]}: the instance {order.instance} gives it a value already")
    if missing := [name for name in model.free_params() if name not in order.parameters]:
        known = ", ".join(instance.name for instance in model.instances) or "none"
        raise UsageError(f"the parameter {missing[0]} has no value; name an instance ({known}) or map it in parameters")


def _default_key(view: View) -> str:
    metadata = (view.object or {}).get("metadata")
    if not isinstance(metadata, dict):
        return ""
    parts = (metadata.get("namespace"), metadata.get("name"))
    return "/".join(part for part in parts if isinstance(part, str) and part)[: 2 * KEY_CHARACTERS]
