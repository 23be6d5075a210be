"""From the names of an executed spec module to a Model: runs each declared function once.

Takes the module's namespace; gives a verified Model. It does not execute the module; `loading` does.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from speccheck.errors import ModelError, Span
from speccheck.ir.models import Instance, Model, Property, Transition
from speccheck.ir.nodes import Block, Expr, blocks, children, expressions
from speccheck.ir.verify import verify
from speccheck.lang import activities
from speccheck.lang.binders import restart_numbering
from speccheck.lang.builders import Written
from speccheck.lang.constants import evaluated
from speccheck.lang.declarations import (
    ActionDeclaration,
    Declared,
    InstanceDeclaration,
    PropertyDeclaration,
    all_declared,
    forget_declared,
)
from speccheck.lang.exprs import node_of
from speccheck.lang.products import forget_records
from speccheck.lang.scopes import check_frame, check_property
from speccheck.lang.sessions import Session, capturing
from speccheck.lang.spans import first_error, forget, function_span, span_of, spec_error
from speccheck.lang.states import PropertyStore, declaration, given_values, view


def begin(root: str = "") -> None:
    """Begin a capture of files under a directory (with its separator): nothing of an earlier one remains."""
    forget(root)
    forget_declared()
    forget_records()
    activities.forget()
    restart_numbering()


def capture_namespace(namespace: Mapping[str, Any], entry: Path) -> Model:
    """The Model of an executed entry module.

    `entry` is the module's file; spans are kept relative to its directory.
    Raises SpecError at the author's line.
    """
    parts = _Parts(namespace, entry)
    found = declaration(parts.state)
    with capturing(Session(parts.state, found.variables)) as session:
        initial = _initial(session, parts)
        step = _step(session, parts)
        properties = tuple(_property(session, n, p) for n, p in parts.properties.items())
        instances = tuple(_instance(n, i, parts.state) for n, i in parts.instances.items())
    swallowed = first_error()
    if swallowed is not None:
        raise swallowed
    model = Model(
        name=entry.stem,
        doc=inspect.cleandoc(namespace.get("__doc__") or ""),
        state=found.name,
        params=tuple(found.params.values()),
        variables=tuple(found.variables.values()),
        functions=tuple(f.function for f in session.functions.values()),
        actions=tuple(a.action for a in session.actions.values()),
        initial=initial,
        step=step,
        properties=properties,
        instances=instances or _only_instance(found.params),
    )
    return _verified(_with_spans(model, entry.parent))


class _Parts:
    """The declarations of a namespace, sorted by kind and known by the names they have there."""

    def __init__(self, namespace: Mapping[str, Any], entry: Path) -> None:
        self.entry = entry
        named: dict[int, tuple[str, Any]] = {}
        for name, value in namespace.items():
            named.setdefault(id(value), (name, value))
        values = [(n, v) for n, v in named.values() if not n.startswith("__")]
        self._refuse_lost(namespace)
        actions = {n: v for n, v in values if isinstance(v, ActionDeclaration)}
        self.init = [a for a in actions.values() if a.init]
        self.own = {n: a for n, a in actions.items() if not a.init and self._is_own(a) and len(a.signature) == 1}
        self.step = self._step(namespace.get("step"))
        self.state = self._state([v for _, v in values if isinstance(v, type) and "__speccheck_state__" in vars(v)])
        self.properties = {n: self._of_state(n, v) for n, v in values if isinstance(v, PropertyDeclaration)}
        self.instances = {n: v for n, v in values if isinstance(v, InstanceDeclaration)}

    def _refuse_lost(self, namespace: Mapping[str, Any]) -> None:
        """No declaration may be left out silently because another took its name, or none leads to it."""
        kept = {id(v) for v in namespace.values()}
        for each in all_declared():
            if id(each) in kept:
                continue
            replaced = each.function.__qualname__ == each.name and isinstance(namespace.get(each.name), Declared)
            if replaced or (self._is_own(each) and _is_checked(each)):
                raise spec_error(
                    "lost-declaration",
                    f"{each.name!r} is declared here and would be left out: no name of {self.entry.name} leads to it",
                    "give it a name of its own; a second definition under one name replaces the first",
                    span=function_span(each.function.__code__),
                )

    def _step(self, found: object) -> ActionDeclaration | None:
        if found is None:
            return None
        if not isinstance(found, ActionDeclaration) or found.init:
            raise spec_error(
                "step-not-an-action",
                f"`step` of {self.entry.name} is not an action that makes steps",
                "decorate it: @action def step(c: Context[S]): …",
                span=_place_of(found) or Span(str(self.entry), 1, 1),
            )
        if not self._is_own(found) and self.own:
            raise spec_error(
                "imported-step",
                f"`step` is imported, and {self.entry.name} has actions of its own: {', '.join(self.own)}",
                "define step in the entry file: @action def step(c: Context[S]): …",
                span=Span(str(self.entry), 1, 1),
            )
        return found

    def _is_own(self, declared: Declared) -> bool:
        return Path(declared.function.__code__.co_filename) == self.entry

    def _state(self, states: list[type]) -> type:
        roots = [*self.init, *([self.step] if self.step else []), *self.own.values()]
        named = [s for s in (a.state_class() for a in roots) if s]
        candidates = list(dict.fromkeys(named)) or states
        most_derived = [c for c in candidates if all(issubclass(c, other) for other in candidates)]
        if len(most_derived) == 1:
            return most_derived[0]
        several = f"several state classes: {', '.join(c.__name__ for c in candidates)}"
        raise spec_error(
            "state-class",
            f"{self.entry.name} declares {several if candidates else 'no @state class'}",
            "declare one: @state class S(MachineStateBase): x: StateVar[int]",
            span=Span(str(self.entry), 1, 1),
        )

    def _of_state(self, name: str, declared: PropertyDeclaration) -> PropertyDeclaration:
        found = declared.state_class()
        if found is not None and not issubclass(self.state, found):
            raise spec_error(
                "other-state",
                f"{declared.kind} {name} is about {found.__name__}, but the steps are of {self.state.__name__}",
                f"write def {name}(s: {self.state.__name__})",
                span=function_span(declared.function.__code__),
            )
        return declared


def _is_checked(declared: Declared) -> bool:
    """Whether a declaration is something that is checked by being declared."""
    initial = isinstance(declared, ActionDeclaration) and declared.init
    return initial or isinstance(declared, PropertyDeclaration | InstanceDeclaration)


def _place_of(found: object) -> Span | None:
    code = getattr(found, "__code__", None)
    return None if code is None else function_span(code)


def _initial(session: Session, parts: _Parts) -> Transition:
    if not parts.init:
        raise spec_error(
            "no-init",
            f"{parts.entry.name} has no initial action",
            "write @action(init=True) def init(c: Context[S]): …",
            span=Span(str(parts.entry), 1, 1),
        )
    frame, context = session.new_frame(dict.fromkeys(session.variables, Written.UNDEFINED), initial=True)
    for each in parts.init:
        _without_arguments(each)
        each.run(context, [])
    block, writes = _finished(frame, parts.init[-1])
    return Transition(block, writes)


def _finished(frame: Any, declared: ActionDeclaration | None) -> tuple[Block, tuple[tuple[str, int], ...]]:
    from_span = None if declared is None else function_span(declared.function.__code__)
    try:
        block, writes = frame.finish()
    except Exception as error:
        if getattr(error, "span", ...) is None and from_span is not None:
            error.span = from_span  # type: ignore[attr-defined]
        raise
    check_frame(frame, (), block)
    return block, writes


def _without_arguments(declared: ActionDeclaration) -> None:
    if len(declared.signature) != 1:
        raise spec_error(
            "action-arguments",
            f"{declared.name} takes arguments",
            'choose them inside: `with c.one_of(S, "x") as x:`',
            span=function_span(declared.function.__code__),
        )


def _step(session: Session, parts: _Parts) -> Transition:
    if parts.step is not None:
        _without_arguments(parts.step)
        frame, context = session.new_frame(dict.fromkeys(session.variables, Written.NOT))
        parts.step.run(context, [])
        return Transition(*_finished(frame, parts.step))
    roots = _roots(session, parts)
    if not roots:
        raise spec_error(
            "no-step",
            f"{parts.entry.name} has neither an action `step` nor any action without arguments",
            "write @action def step(c: Context[S]): …",
            span=Span(str(parts.entry), 1, 1),
        )
    frame, context = session.new_frame(dict.fromkeys(session.variables, Written.NOT))
    for branch, root in zip(context.alternatives(*roots), roots.values(), strict=True):
        with branch:
            root(context)
    return Transition(*_finished(frame, None))


def _roots(session: Session, parts: _Parts) -> dict[str, ActionDeclaration]:
    """The entry file's own actions that no action, initial ones included, calls.

    Each is run once in a capture that is thrown away, to see whom it calls.
    """
    for each in parts.own.values():
        with capturing(Session(session.state, session.variables)) as rehearsal:
            frame, context = rehearsal.new_frame(dict.fromkeys(session.variables, Written.NOT))
            each.run(context, [])
            activities.end(frame)
    return {name: each for name, each in parts.own.items() if not each.called}


def _property(session: Session, name: str, declared: PropertyDeclaration) -> Property:
    store = PropertyStore(session.variables, f"{declared.kind} {name}")
    body = node_of(declared(view(session.state, store)))
    check_property(body)
    return Property(name, declared.kind, body, declared.doc)


def _instance(name: str, declared: InstanceDeclaration, state: type) -> Instance:
    found: Any = declared()
    if type(found) is not state:
        raise spec_error(
            "instance-result",
            f"instance {name} returns a {type(found).__name__}, the specification is of {state.__name__}",
            span=function_span(declared.function.__code__),
        )
    values = tuple((param, evaluated(value)) for param, value in given_values(found).items())
    return Instance(name, values, declared.doc)


def _only_instance(params: Mapping[str, object]) -> tuple[Instance, ...]:
    """A specification without parameters is its own instance."""
    return () if params else (Instance("default", ()),)


def _verified(model: Model) -> Model:
    try:
        verify(model)
    except ModelError as error:
        raise spec_error("ill-formed", f"the captured model is not well-formed: {error}") from error
    return model


def _with_spans(model: Model, root: Path) -> Model:
    spans: dict[int, Span] = {}

    def note(node: object) -> None:
        span = span_of(node)
        if span is not None and Path(span.path).is_relative_to(root):
            spans[id(node)] = replace(span, path=Path(span.path).relative_to(root).as_posix())

    seen: set[int] = set()
    for body in _bodies(model):
        _walk(body, note, seen)
    for block in (model.initial.block, model.step.block, *(a.block for a in model.actions)):
        _walk_block(block, note, seen)
    return replace(model, spans=spans)


def _bodies(model: Model) -> list[Expr]:
    return [p.body for p in model.properties] + [f.body for f in model.functions]


def _walk(root: Expr, note: Any, seen: set[int]) -> None:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        note(node)
        waiting.extend(children(node))


def _walk_block(block: Block, note: Any, seen: set[int]) -> None:
    for statement in block:
        note(statement)
        for expression in expressions(statement):
            _walk(expression, note, seen)
        for inner in blocks(statement):
            _walk_block(inner, note, seen)
