"""From an instance that an author's module holds to what can be executed: its Model and its own functions.

Takes an `@instance` function, or a state with its parameters given, of a module that is already imported. The
module is captured as it stands, once; it is not executed again.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, get_args

from speccheck.errors import UsageError
from speccheck.ir.models import Model
from speccheck.ir.nodes import Alternatives
from speccheck.lang.annotations import Form, resolved, to_type
from speccheck.lang.capture import Parts, begin, capture_namespace
from speccheck.lang.concrete.machines import Relation
from speccheck.lang.concrete.modes import remember_class
from speccheck.lang.constants import evaluated
from speccheck.lang.declarations import ActionDeclaration, Declared, InstanceDeclaration, PropertyDeclaration
from speccheck.lang.exprs import enum_type
from speccheck.lang.products import remember_record
from speccheck.lang.rewriting.expressions import NAME
from speccheck.lang.states import MachineStateBase, given_values


@dataclass(frozen=True, slots=True)
class Spec:
    """A captured module: its Model, what makes its behaviours, its properties by name, the types that it declares."""

    model: Model
    relation: Relation
    properties: Mapping[str, PropertyDeclaration]
    classes: Mapping[Any, type]

    def reinstate(self) -> None:
        """Let the types that several modules may declare alike mean this module's classes."""
        for type_, cls in self.classes.items():
            if issubclass(cls, Enum):
                enum_type(cls)
            else:
                remember_class(type_, cls)


_captured: dict[int, tuple[tuple[Declared, ...], Spec]] = {}


def found_spec(instance: object) -> tuple[Spec, Model]:
    """The spec of an instance, and its Model with the instance's parameters bound.

    Raises UsageError where it is no instance, SpecError where the specification is wrong.
    """
    match instance:
        case InstanceDeclaration():
            spec = _spec(_namespace(instance))
            name = next((i.name for i in spec.model.instances if i.name == instance.name), None)
            if name is not None:
                return spec, spec.model.instance(name)
            return spec, _bound(spec, instance())
        case MachineStateBase():
            return (spec := _spec(_namespace_of_class(type(instance)))), _bound(spec, instance)
        case type() if issubclass(instance, MachineStateBase):
            wrong = f"{instance.__name__} is the state class"
        case _:
            wrong = f"got a {type(instance).__name__}"
    raise UsageError(f"Execution takes an instance, {wrong}; pass the @instance function, or S(N=3)")


def _bound(spec: Spec, instance: Any) -> Model:
    return spec.model.bind({name: evaluated(value) for name, value in given_values(instance).items()})


def _namespace(instance: InstanceDeclaration) -> dict[str, Any]:
    names = instance.function.__globals__
    if any(isinstance(value, ActionDeclaration) for value in names.values()):
        return names
    return _namespace_of_class(type(instance()))


def _namespace_of_class(cls: type) -> dict[str, Any]:
    module = sys.modules.get(cls.__module__)
    if module is None:
        raise UsageError(
            f"the module {cls.__module__!r} of {cls.__name__} is not among the imported ones; import the spec, "
            "or use Execution.of(capture(path), instance)"
        )
    return vars(module)


def _spec(names: dict[str, Any]) -> Spec:
    declared = tuple(v for v in names.values() if isinstance(v, Declared))
    known = _captured.get(id(names))
    if known is not None and known[0] == declared:
        known[1].reinstate()
        return known[1]
    spec = _captured_now(names, declared)
    _captured[id(names)] = (declared, spec)
    spec.reinstate()
    return spec


def _captured_now(names: dict[str, Any], declared: tuple[Declared, ...]) -> Spec:
    entry = _entry(names)
    for each in declared:
        if isinstance(each, ActionDeclaration):
            each.called = False
    begin()
    classes = dict(_classes(names))
    for type_, cls in classes.items():
        if not issubclass(cls, Enum) and type(type_).__name__ == "RecordType":
            remember_record(type_, cls)
    model = capture_namespace(names, entry)
    begin()
    return Spec(model, _relation(names, entry, model), Parts(names, entry).properties, classes)


def _entry(names: dict[str, Any]) -> Path:
    own = [v for v in names.values() if isinstance(v, ActionDeclaration)]
    if not own:
        raise UsageError(f"the module {names.get('__name__', '')!r} has no actions; pass the spec's @instance function")
    file = Path(names.get("__file__") or own[0].function.__code__.co_filename)
    if not file.is_file():
        raise UsageError(f"the module {names.get('__name__', '')!r} comes from no file ({file}); put the spec into one")
    return file


def _relation(names: dict[str, Any], entry: Path, model: Model) -> Relation:
    parts = Parts(names, entry)
    roots: dict[str, ActionDeclaration] = {}
    if parts.step is None:
        last = model.step.block[-1]
        assert isinstance(last, Alternatives)
        roots = {branch.name: parts.own[branch.name] for branch in last.branches}
    return Relation(parts.state, tuple(parts.init), parts.step, roots, _namespaces(names))


def _namespaces(names: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """Those of the author's modules that the names lead to: of decorated functions, and of rewritten code."""
    found = {id(names): names}
    waiting = [names]
    while waiting:
        for value in list(waiting.pop().values()):
            for other, wanted in _behind(value):
                if id(other) not in found and (wanted or NAME in other):
                    found[id(other)] = other
                    waiting.append(other)
    return tuple(found.values())


def _behind(value: object) -> Iterator[tuple[dict[str, Any], bool]]:
    """The namespaces that a value's code runs in, and whether they are an author's for certain."""
    match value:
        case Declared():
            yield value.function.__globals__, True
        case FunctionType():
            yield value.__globals__, False
        case ModuleType():
            yield vars(value), False
        case type():
            for each in vars(value).values():
                if isinstance(each, FunctionType):
                    yield each.__globals__, False


def _classes(names: dict[str, Any]) -> Iterator[tuple[Any, type]]:
    """The enum, record and union classes that the module's declarations mention, by type."""
    waiting: list[Any] = []
    for value in names.values():
        if isinstance(value, Declared):
            waiting += resolved(value.function).values()
        elif inspect.isclass(value):
            waiting.append(value)
    seen: set[int] = set()
    while waiting:
        found = waiting.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        waiting += [found.annotation] if isinstance(found, Form) else get_args(found)
        if inspect.isclass(found) and issubclass(found, Enum) and len(found) > 0:
            yield enum_type(found), found
        elif inspect.isclass(found) and "__speccheck_type__" in vars(found):
            yield to_type(found), found
            waiting += resolved(found).values()
        elif inspect.isclass(found) and issubclass(found, MachineStateBase):
            waiting += [form for base in found.__mro__[:-2] for form in resolved(base).values()]
