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
from collections.abc import Mapping as Values
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias

import cel
from cel.stdlib import STDLIB_FUNCTIONS, add_stdlib_to_context

from speccheck.conform.conversions import Unfit, value_of
from speccheck.conform.functions import HELPERS, require_exact
from speccheck.conform.memos import Known, Memo
from speccheck.conform.overloads import formless, misapplied
from speccheck.conform.projections import Projection, projection
from speccheck.conform.protocols import ActionOrder, MappingOrder, View
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
_FIXED = ("object", "event", "resource", "time")
_OWN = frozenset({"object", "event", "resource"})
"""What stands for the observation at hand, of whichever source."""
_BOUND = re.compile(r"\.\s*(?:map|filter|all|exists|exists_one)\s*\(\s*([A-Za-z_][A-Za-z0-9_]*)\s*,")
_NOTHING: frozenset[str] = frozenset()
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
class _Expression:
    """A compiled expression; `place` says where in the mapping it stands, `names` what it mentions of `_FIXED` and
    sources."""

    place: str
    text: str
    program: cel.Program
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Typed:
    """An expression for a value of a type. `sources` are those that it mentions; none: it is the same for all."""

    variable: Variable
    expression: _Expression
    sources: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Action:
    """When an observation, of a source or (None) of any, claims an action, and with which arguments."""

    name: str
    source: str | None
    when: _Expression
    args: tuple[_Typed, ...]


@dataclass(frozen=True, slots=True)
class Claimed:
    """An action that an observation names, with those of its arguments that are mapped."""

    action: str
    args: tuple[tuple[str, Value], ...]


Current: TypeAlias = Values[str, Any]
"""By source what stands for it at present: its object, its last event, or (`many`) a list of objects; absent: nothing
yet."""


class Mapping:
    """The compiled expressions of one mapping; `model` has the instance's parameters bound."""

    def __init__(self, model: Model, order: MappingOrder) -> None:
        """Compiles every expression and checks every name.

        Raises UsageError, naming the place in the mapping and the nearest spelling, for what cannot be right.
        """
        self.model = model.instance(order.instance) if order.instance else model
        self.sources = tuple(source.name for source in order.sources)
        self.many = frozenset(source.name for source in order.sources if source.many)
        _check_sources(self.sources)
        names = (*_FIXED, *self.sources)
        self._keys = {
            s.name: None if s.key is None else _compiled(f"sources[{s.name}].key", s.key, (*_FIXED, s.name))
            for s in order.sources
        }
        self._matches = {
            s.name: _compiled(f"sources[{s.name}].match", s.match, (*_FIXED, s.name))
            for s in order.sources
            if s.match is not None
        }
        self.variables = tuple(map(self._sourced, _typed("variables", order.variables, model.variables, names)))
        self.parameters = tuple(
            _Typed(v, e, self._mentioned(e)) for v, e in _typed("parameters", order.parameters, model.params, names)
        )
        self.actions = tuple(self._action(n, each, names) for n, each in enumerate(order.actions))
        _check_complete(self.model, order)
        self._used = frozenset(name for each in self._expressions() for name in each.names)
        self.keeps = self._kept()
        self._projections = {name: self._projection(name) for name in self.sources}
        self._projected: tuple[View | None, Any] = (None, None)
        self._context = cel.Context()
        add_stdlib_to_context(self._context)
        for name, function in HELPERS.items():
            self._context.add_function(name, function)
        self._exact: tuple[Any, ...] = ()
        self._constants: dict[str, Value] = {}
        self._shown: dict[str, Any] = {}
        self._memos = {source: Memo(self._projections[source]) for source in self.sources}
        self._known = Known()
        self._memorable: frozenset[str] = frozenset()
        self._memorables = {source: frozenset({"object", source}) for source in self.sources if source not in self.many}

    @property
    def names(self) -> frozenset[str]:
        """The mapped variables."""
        return frozenset(each.variable.name for each in self.variables)

    def is_known(self, source: str) -> bool:
        """Whether a source has that name."""
        return source in self._keys

    def show(self, view: View, current: Current) -> None:
        """Gives CEL an observation, and what else stands for its key: what follows is about these.

        Handing an object over costs more than most expressions, so only what is mentioned is, and only once an
        expression has to be run whose value for an equal object is not remembered.
        """
        event = view.event
        resource = event.get("attributes", {}).get("resource") if event is not None else None
        seen = None if view.object is None else self.projected(view)
        own = seen if seen is not None else event
        shown: dict[str, Any] = {"object": seen, "event": event, "resource": resource or {}}
        shown.update({name: current.get(name) for name in self.sources})
        if view.source not in self.many:
            shown[view.source] = own
        self._shown = {name: data for name, data in shown.items() if name in self._used}
        if "time" in self._used:
            self._shown["time"] = view.time
        self._known = Known() if seen is None else self._memos[view.source].of(seen)
        self._memorable = _NOTHING if seen is None else self._memorables.get(view.source, _NOTHING)

    def projected(self, view: View) -> Values[str, Any]:
        """An observation's object, with what some expression looks at."""
        if self._projected[0] is not view:
            self._projected = (view, self._projections[view.source].of(view.object or {}))
        found: Values[str, Any] = self._projected[1]
        return found

    def matches(self, view: View) -> bool:
        """Whether an observation is of its source. It has to have been shown. Raises Rejected."""
        expression = self._matches.get(view.source)
        if expression is None:
            return True
        found = self._run(expression)
        if not isinstance(found, bool):
            raise Rejected(f"{expression.place}: it should be true or false, not {found!r:.80}")
        return found

    def key(self, view: View) -> str:
        """The key of an observation that was shown. Raises Rejected."""
        expression = self._keys[view.source]
        return _default_key(view) if expression is None else self._key(expression)

    def values(self, source: str, has: Collection[str]) -> tuple[dict[str, Value], dict[str, Value]]:
        """Of an observation that was shown: what it fixes by itself, and the variables that join it with others.

        `has` are the sources that something stands for. Raises Rejected where an expression has no value, or one that
        does not fit its variable's type.
        """
        own: dict[str, Value] = {}
        joined: dict[str, Value] = {}
        for each in self.variables:
            if each.sources <= {source}:
                own[each.variable.name] = self._value(each.variable, each.expression)
            elif source in each.sources and each.sources <= set(has):
                joined[each.variable.name] = self._value(each.variable, each.expression)
        return own, joined

    def bound(self, has: Collection[str]) -> dict[str, Value] | None:
        """The values of the mapped parameters; None as long as they mention a source that nothing stands for.

        Raises Rejected.
        """
        if any(not each.sources <= set(has) for each in self.parameters):
            return None
        return {each.variable.name: self._value(each.variable, each.expression) for each in self.parameters}

    def claim(self, source: str, has: Collection[str]) -> Claimed | None:
        """The action that the observation that was shown names: the first in order that it does. Raises Rejected."""
        for action in self.actions:
            if action.source not in (None, source) or not (action.when.names & set(self.sources)) <= set(has):
                continue
            found = self._run(action.when)
            if not isinstance(found, bool):
                raise Rejected(f"{action.when.place}: it should be true or false, not {found!r:.80}")
            if found:
                args = tuple((each.variable.name, self._value(each.variable, each.expression)) for each in action.args)
                return Claimed(action.name, args)
        return None

    def _kept(self) -> frozenset[str]:
        """The sources whose present object expressions ask for when another source's is at hand."""
        joint = [e for e in self._expressions() if len(e.names & set(self.sources)) > 1]
        kept = {name for each in joint for name in each.names}
        if len(self.sources) > 1:
            general = [each.expression for each in self.parameters]
            general += [each for a in self.actions for each in (a.when, *(arg.expression for arg in a.args))]
            kept |= {name for each in general for name in each.names}
        return frozenset((kept & set(self.sources)) | self.many)

    def _projection(self, source: str) -> Projection:
        texts = [each.text for each in self._expressions()]
        named = ["object.metadata.name"] if source in self.keeps else []
        return projection([*texts, *named], (source, "object"))

    def _mentioned(self, expression: _Expression) -> frozenset[str]:
        return expression.names & set(self.sources)

    def _sourced(self, pair: tuple[Variable, _Expression]) -> _Typed:
        variable, expression = pair
        mentioned = self._mentioned(expression)
        if expression.names & _OWN:
            if len(self.sources) > 1:
                raise UsageError(
                    f"{expression.place}: with several sources say which one is meant, by its name "
                    f"({', '.join(self.sources)}), instead of {sorted(expression.names & _OWN)[0]}"
                )
            mentioned |= set(self.sources)
        return _Typed(variable, expression, mentioned)

    def _action(self, number: int, order: ActionOrder, names: Collection[str]) -> _Action:
        place = f"actions[{number}]"
        known = {action.name: action for action in self.model.labelling()}
        if order.name not in known:
            raise UsageError(
                f"{place}.name: no step of the spec is named {order.name!r}; {_nearest(order.name, known)}"
            )
        if order.source and order.source not in self.sources:
            raise UsageError(
                f"{place}.source: no source is named {order.source!r}; {_nearest(order.source, self.sources)}"
            )
        params = {p.name: Variable(p.name, p.type) for p in known[order.name].params}
        for name in order.args:
            if name not in params:
                raise UsageError(f"{place}.args.{name}: {order.name} has no such argument; {_nearest(name, params)}")
        args = []
        for name, text in order.args.items():
            expression = _compiled(f"{place}.args.{name}", text, names)
            args.append(_Typed(params[name], expression, self._mentioned(expression)))
        return _Action(order.name, order.source or None, _compiled(f"{place}.when", order.when, names), tuple(args))

    def _expressions(self) -> list[_Expression]:
        found = [key for key in self._keys.values() if key is not None]
        found += [*self._matches.values()]
        found += [each.expression for each in (*self.variables, *self.parameters)]
        return found + [each for a in self.actions for each in (a.when, *(arg.expression for arg in a.args))]

    def _remembered(self, expression: _Expression) -> Any:
        """What an expression gives. What speaks of the observed object alone is remembered for equal ones."""
        place = expression.place
        if place in self._known.given:
            return self._known.given[place]
        self._hand_over()
        found = expression.program.execute(self._context)
        if expression.names and expression.names <= self._memorable:
            self._known.given[place] = found
        return found

    def _hand_over(self) -> None:
        """Lets CEL see what was shown. Raises Rejected for numbers that it would change."""
        for name, data in self._shown.items():
            if name == "time":
                self._context.add_variable(name, data)
            else:
                self._add(name, data)
        self._shown = {}

    def _add(self, name: str, data: Any) -> None:
        try:
            if not any(data is each for each in self._exact):
                require_exact(data, name)
                self._exact = (data, *self._exact[:3])
        except ValueError as error:
            raise Rejected(str(error)) from error
        self._context.add_variable(name, data)

    def _key(self, expression: _Expression) -> str:
        found = self._run(expression)
        if not isinstance(found, str | int) or not 0 < len(str(found)) <= KEY_CHARACTERS:
            shown = f"{found!r:.80}"
            raise Rejected(f"{expression.place}: a key is text of 1 to {KEY_CHARACTERS} characters, not {shown}")
        return str(found)

    def _value(self, variable: Variable, expression: _Expression) -> Value:
        place = expression.place
        if place in self._constants:
            return self._constants[place]
        if place in self._known.values:
            return self._known.values[place]
        try:
            found = value_of(self._run(expression), variable.type)
        except Unfit as error:
            raise Rejected(f"{place}: {error}") from error
        if not expression.names:
            self._constants[place] = found
        elif expression.names <= self._memorable:
            self._known.values[place] = found
        return found

    def _run(self, expression: _Expression) -> Any:
        try:
            found = self._remembered(expression)
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
    return _Expression(place, text, program, frozenset(program.variables()) & frozenset(names))


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
    if not order.variables and not order.actions:
        raise UsageError(
            f"no variable and no action is mapped; the spec has: {', '.join(v.name for v in model.variables)}"
        )
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
