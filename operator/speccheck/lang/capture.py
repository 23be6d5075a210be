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
from speccheck.lang.binders import restart_numbering
from speccheck.lang.builders import Written
from speccheck.lang.constants import evaluated
from speccheck.lang.declarations import (
    ActionDeclaration,
    Declared,
    InstanceDeclaration,
    PropertyDeclaration,
    all_declared,
)
from speccheck.lang.exprs import node_of
from speccheck.lang.scopes import check_frame, check_property
from speccheck.lang.sessions import Session, capturing
from speccheck.lang.spans import first_error, function_span, span_of, spec_error
from speccheck.lang.states import PropertyStore, declaration, given_values, view


def capture_namespace(namespace: Mapping[str, Any], entry: Path) -> Model:
    """The Model of an executed entry module.

    `entry` is the module's file; spans are kept relative to its directory.
    Raises SpecError at the author's line.
    """
    parts = _Parts(namespace, entry)
    found = declaration(parts.state)
    restart_numbering()
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
        self._refuse_lost([v for _, v in values])
        actions = {n: v for n, v in values if isinstance(v, ActionDeclaration)}
        self.init = [a for a in actions.values() if a.init]
        self.step = namespace.get("step") if isinstance(namespace.get("step"), ActionDeclaration) else None
        self.own = {n: a for n, a in actions.items() if not a.init and self._is_own(a) and len(a.signature) == 1}
        self.state = self._state([v for _, v in values if isinstance(v, type) and "__speccheck_state__" in vars(v)])
        self.properties = {n: v for n, v in values if isinstance(v, PropertyDeclaration) and self._is_of_state(v)}
        self.instances = {n: v for n, v in values if isinstance(v, InstanceDeclaration)}

    def _refuse_lost(self, values: list[Any]) -> None:
        """No property, instance or initial action of the entry module may be left out silently."""
        kept = {id(v) for v in values}
        for each in all_declared():
            matters = isinstance(each, PropertyDeclaration | InstanceDeclaration) or (
                isinstance(each, ActionDeclaration) and each.init
            )
            if matters and self._is_own(each) and id(each) not in kept:
                raise spec_error(
                    "lost-declaration",
                    f"{each.name!r} is declared here, and no name of the module leads to it: it would not be checked",
                    "give it a name of its own; a second definition under one name replaces the first",
                    span=function_span(each.function.__code__),
                )

    def _is_own(self, declared: Declared) -> bool:
        return Path(declared.function.__code__.co_filename) == self.entry

    def _state(self, states: list[type]) -> type:
        named = [
            s
            for s in (a.state_class() for a in [*self.init, *([self.step] if self.step else []), *self.own.values()])
            if s
        ]
        candidates = list(dict.fromkeys(named)) or states
        if len(candidates) == 1:
            return candidates[0]
        wrong = (
            "no @state class"
            if not candidates
            else f"several state classes: {', '.join(c.__name__ for c in candidates)}"
        )
        raise spec_error(
            "state-class",
            f"{self.entry.name} declares {wrong}",
            "declare one: @state class S(MachineStateBase): x: StateVar[int]",
            span=Span(str(self.entry), 1, 1),
        )

    def _is_of_state(self, declared: PropertyDeclaration) -> bool:
        named = declared.state_class()
        return named is None or issubclass(self.state, named)


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
    """The entry file's own actions that no action calls.

    Each is run once in a capture that is thrown away, to see whom it calls.
    """
    for each in parts.own.values():
        each.called = False
    for each in parts.own.values():
        with capturing(Session(session.state, session.variables)) as rehearsal:
            each.run(rehearsal.new_frame(dict.fromkeys(session.variables, Written.NOT))[1], [])
    restart_numbering()
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
