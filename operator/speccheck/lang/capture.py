"""From the names of an executed spec module to a Model: runs each declared function once.

Takes the module's namespace; gives a verified Model. It does not execute the module; `loading` does.
"""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from speccheck.errors import ModelError, Span, SpecError
from speccheck.ir.models import Action, Coverage, Instance, Model, Property, Transition
from speccheck.ir.nodes import Block, Expr, Perform, blocks, children, expressions
from speccheck.ir.verify import verify
from speccheck.ir.walks import in_order
from speccheck.lang import activities, rigidity
from speccheck.lang.binders import restart_numbering
from speccheck.lang.builders import Written
from speccheck.lang.constants import evaluated
from speccheck.lang.declarations import (
    ActionDeclaration,
    CoverageDeclaration,
    Declared,
    InstanceDeclaration,
    PropertyDeclaration,
    TemporalDeclaration,
    all_declared,
    forget_declared,
)
from speccheck.lang.exprs import node_of
from speccheck.lang.products import forget_records
from speccheck.lang.scopes import check_formula, check_frame, check_property
from speccheck.lang.sessions import Session, capturing
from speccheck.lang.spans import class_span, first_error, forget, function_span, is_authors, span_of, spec_error
from speccheck.lang.states import PropertyStore, declaration, given_values, view
from speccheck.lang.temporals import formula_of

_Judged = TypeVar("_Judged", PropertyDeclaration, CoverageDeclaration)


def begin(root: str = "") -> None:
    """Begin a capture of files under a directory (with its separator): nothing of an earlier one remains."""
    forget(root)
    forget_declared()
    forget_records()
    activities.forget()
    rigidity.forget()
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
        session.labelling = _labelling(session, step)
        properties = tuple(_property(session, n, p) for n, p in parts.properties.items())
        coverages = tuple(_coverage(session, n, each) for n, each in parts.coverages.items())
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
        coverages=coverages,
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
        for name, each in actions.items():
            each.called_in(name)
            if not each.signature:
                raise _without_context(each)
        inits = [a for a in actions.values() if a.init]
        self.own = {n: a for n, a in actions.items() if not a.init and self._is_own(a) and len(a.signature) == 1}
        self.step = self._step(namespace.get("step"))
        own = [a for a in (*inits, *actions.values()) if self._is_own(a)]
        states = [v for _, v in values if isinstance(v, type) and "__speccheck_state__" in vars(v)]
        self.state = self._state([*own, *([] if own else inits), *([self.step] if self.step else [])], states)
        self.init = [a for a in inits if self._is_own(a) or issubclass(self.state, a.state_class() or self.state)]
        self.properties = {n: self._of_state(n, v) for n, v in values if isinstance(v, PropertyDeclaration)}
        self.coverages = {n: self._of_state(n, v) for n, v in values if isinstance(v, CoverageDeclaration)}
        self.instances = {n: v for n, v in values if isinstance(v, InstanceDeclaration)}

    def _refuse_lost(self, namespace: Mapping[str, Any]) -> None:
        """No declaration may be left out silently because another took its name, or none leads to it."""
        kept = {id(v) for v in namespace.values()}
        whole = {v.__name__ for v in namespace.values() if isinstance(v, ModuleType)}
        drawn_from = {str(namespace.get("__name__")), *_names_drawn_from(self.entry)} - whole
        for each in all_declared():
            if id(each) in kept or not is_authors(each.function.__code__.co_filename):
                continue
            replaced = each.function.__qualname__ == each.name and isinstance(namespace.get(each.name), Declared)
            module = each.function.__module__
            replaced = replaced and any(module == m or module.startswith(f"{m}.") for m in drawn_from)
            if replaced or (self._is_own(each) and _is_checked(each)):
                raise spec_error(
                    "lost-declaration",
                    f"{each.name!r} is declared here and would be left out: no name of {self.entry.name} leads to it",
                    "give it a name of its own; a second definition under one name replaces the first",
                    span=function_span(each.code),
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
        return Path(declared.code.co_filename) == self.entry

    def _state(self, roots: list[ActionDeclaration], states: list[type]) -> type:
        named = [s for s in (a.state_class() for a in roots) if s]
        candidates = list(dict.fromkeys(named)) or states
        most_derived = [c for c in candidates if all(issubclass(c, other) for other in candidates)]
        if len(most_derived) == 1 and "__speccheck_state__" in vars(most_derived[0]):
            return most_derived[0]
        several = f"declares several state classes: {', '.join(c.__name__ for c in candidates)}"
        bare = f"has the state class {candidates[0].__name__} without its decorator" if candidates else ""
        told = bare if len(most_derived) == 1 else several if candidates else "declares no state class"
        raise spec_error(
            "state-class",
            f"{self.entry.name} {told}",
            "declare one, with all variables: @state class S(MachineStateBase): x: StateVar[int]",
            span=(class_span(candidates[-1]) if candidates else None) or Span(str(self.entry), 1, 1),
        )

    def _of_state(self, name: str, declared: _Judged) -> _Judged:
        found = declared.state_class()
        if found is not None and not issubclass(self.state, found):
            raise spec_error(
                "other-state",
                f"{declared.kind} {name} is about {found.__name__}, but the steps are of {self.state.__name__}",
                f"write def {name}(s: {self.state.__name__})",
                span=function_span(declared.code),
            )
        return declared


Parts = _Parts
"""What `executions` drives by hand."""


def _names_drawn_from(entry: Path) -> set[str]:
    """The modules that a file takes names from: `from m import …`."""
    return {
        node.module
        for node in ast.walk(ast.parse(entry.read_bytes()))
        if isinstance(node, ast.ImportFrom) and node.module is not None
    }


def _is_checked(declared: Declared) -> bool:
    """Whether a declaration is something that is checked by being declared."""
    initial = isinstance(declared, ActionDeclaration) and declared.init
    return initial or isinstance(declared, PropertyDeclaration | CoverageDeclaration | InstanceDeclaration)


def _place_of(found: object) -> Span | None:
    code = getattr(found, "__code__", None)
    return None if code is None else function_span(code)


def _without_context(declared: ActionDeclaration) -> SpecError:
    return spec_error(
        "first-argument",
        f"the action {declared.name} takes no context, through which it would read and assign the state",
        f"write def {declared.name}(c: Context[S]) and s = c.state",
        span=function_span(declared.code),
    )


def _initial(session: Session, parts: _Parts) -> Transition:
    if not parts.init:
        raise spec_error(
            "no-init",
            f"{parts.entry.name} has no initial action: no variable of {session.state.__name__} gets a first value",
            "write @action(init=True) above def init(c: Context[S]): …",
            span=class_span(session.state) or Span(str(parts.entry), 1, 1),
        )
    frame, context = session.new_frame(dict.fromkeys(session.variables, Written.UNDEFINED), initial=True)
    for each in parts.init:
        _without_arguments(each)
        each.run(context, [])
    block, writes = _finished(frame, parts.init[-1])
    return Transition(block, writes)


def _finished(frame: Any, declared: ActionDeclaration | None) -> tuple[Block, tuple[tuple[str, int], ...]]:
    from_span = None if declared is None else function_span(declared.code)
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
            span=function_span(declared.code),
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
            span=class_span(session.state) or Span(str(parts.entry), 1, 1),
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


def _labelling(session: Session, step: Transition) -> tuple[Action, ...]:
    keys = {each.action for each in in_order(step.block) if isinstance(each, Perform)}
    return tuple(each.action for each in session.actions.values() if each.action.key in keys)


def _property(session: Session, name: str, declared: PropertyDeclaration) -> Property:
    store = PropertyStore(session.variables, f"{declared.kind} {name}")
    found = declared(view(session.state, store))
    if isinstance(declared, TemporalDeclaration):
        formula = formula_of(found)
        check_formula(formula)
        return Property(name, declared.kind, formula, declared.doc)
    body = node_of(found)
    check_property(body)
    return Property(name, declared.kind, body, declared.doc)


def _coverage(session: Session, name: str, declared: CoverageDeclaration) -> Coverage:
    store = PropertyStore(session.variables, f"coverage {name}")
    body = node_of(declared(view(session.state, store)))
    check_property(body)
    return Coverage(name, body, declared.doc)


def _instance(name: str, declared: InstanceDeclaration, state: type) -> Instance:
    found: Any = declared()
    if type(found) is not state:
        raise spec_error(
            "instance-result",
            f"instance {name} returns a {type(found).__name__}, the specification is of {state.__name__}",
            f"return {state.__name__}(…), with the parameters by name",
            span=function_span(declared.code),
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

    @functools.cache
    def relative(file: str) -> str | None:
        path = Path(file)
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else None

    def note(node: object) -> None:
        span = span_of(node)
        path = None if span is None else relative(span.path)
        if span is not None and path is not None:
            spans[id(node)] = replace(span, path=path)

    seen: set[int] = set()
    for body in _bodies(model):
        _walk(body, note, seen)
    for block in (model.initial.block, model.step.block, *(a.block for a in model.actions)):
        _walk_block(block, note, seen)
    return replace(model, spans=spans)


def _bodies(model: Model) -> list[Expr]:
    return [*model.judged()] + [f.body for f in model.functions]


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
