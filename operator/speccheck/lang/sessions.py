"""The capture under way: the named actions and functions met so far, each captured once.

A named action is captured once per way of calling it (its arguments' types, which variables already
have been assigned); captures that turn out the same are one action of the model.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from speccheck.ir.models import Action, Function, Variable
from speccheck.ir.nodes import Local
from speccheck.ir.types import Type
from speccheck.lang import activities
from speccheck.lang.builders import Frame, Written
from speccheck.lang.contexts import Context
from speccheck.lang.scopes import check_frame, check_function
from speccheck.lang.spans import spec_error
from speccheck.lang.states import FrameStore, LiftedStore, view

_sessions: list[Session] = []


@dataclass(frozen=True, slots=True)
class CapturedAction:
    """A captured named action, and how each variable it may assign stands after it."""

    action: Action
    written: dict[str, Written]


@dataclass(frozen=True, slots=True)
class CapturedFunction:
    """A captured named function, and the state variables that its last parameters stand for."""

    function: Function
    reads: tuple[str, ...]


@dataclass(slots=True)
class Session:
    """One capture of one specification with state class `state`.

    `labelling` are the actions that can be in a step's label, once the step has been captured.
    """

    state: type
    variables: dict[str, Variable]
    actions: dict[Any, CapturedAction] = field(default_factory=dict)
    functions: dict[Any, CapturedFunction] = field(default_factory=dict)
    under_way: list[Any] = field(default_factory=list)
    labelling: tuple[Action, ...] = ()

    def new_frame(self, written: dict[str, Written], *, initial: bool = False) -> tuple[Frame, Context]:
        """A frame for one definition, and the context to run the author's function with."""
        frame = Frame(self.variables, written, initial=initial)
        activities.begin(frame)
        return frame, Context(frame, view(self.state, FrameStore(frame)))

    def action(
        self,
        key: Any,
        name: str,
        doc: str,
        params: tuple[Local, ...],
        entry: dict[str, Written],
        run: Callable[[Context], None],
    ) -> CapturedAction:
        """The named action of that key, captured now if it was not before."""
        key = (key, tuple(entry.items()))
        if key not in self.actions:
            with self.nested(key, name):
                self.actions[key] = self._captured(name, doc, params, entry, run)
        return self.actions[key]

    def _captured(
        self, name: str, doc: str, params: tuple[Local, ...], entry: dict[str, Written], run: Callable[[Context], None]
    ) -> CapturedAction:
        frame, context = self.new_frame(entry)
        run(context)
        block, writes = frame.finish()
        check_frame(frame, params, block)
        written = {n: frame.scope.written[n] for n, _ in writes}
        same = sum(1 for c in self.actions.values() if c.action.name == name)
        unique = name if not same else f"{name}#{same + 1}"
        return CapturedAction(Action(unique, name, params, block, writes, doc), written)

    def function(self, key: Any, name: str, params: tuple[Local, ...], run: Callable[[Any], Any]) -> CapturedFunction:
        """The named function of that key; `run` is given the state view to read from and gives the body's node."""
        if key not in self.functions:
            with self.nested(key, name):
                store = LiftedStore(self.variables, name)
                body = run(view(self.state, store))
                lifted = tuple(store.lifted.values())
                check_function((*params, *lifted), body)
                same = sum(1 for f in self.functions.values() if f.function.name.split("#")[0] == name)
                unique = name if not same else f"{name}#{same + 1}"
                self.functions[key] = CapturedFunction(Function(unique, (*params, *lifted), body), tuple(store.lifted))
        return self.functions[key]

    @contextmanager
    def nested(self, key: Any, name: str) -> Iterator[None]:
        """Refuse a definition that contains itself."""
        if key in self.under_way:
            raise spec_error(
                "recursion", f"{name!r} calls itself", "a step is finite: model the repetition as several steps"
            )
        self.under_way.append(key)
        yield
        self.under_way.pop()


def current() -> Session | None:
    """The capture under way; None outside of one."""
    return _sessions[-1] if _sessions else None


@contextmanager
def capturing(session: Session) -> Iterator[Session]:
    """Make a session the one under way."""
    _sessions.append(session)
    try:
        yield session
    finally:
        _sessions.pop()


def call_key(name: str, types: list[Type], statics: list[object]) -> Any:
    """What tells two ways of calling one function apart: its expressions' types, and its plain arguments' values.

    Raises SpecError for a plain argument that could change between two calls.
    """
    return (tuple(types), tuple(_constant(name, value) for value in statics))


def _constant(name: str, value: object) -> Any:
    """A plain argument as part of a key, which keeps it alive; a function or class stands for itself."""
    if value is None or isinstance(value, bool | int | str | Enum | type) or inspect.isroutine(value):
        return (type(value), value)
    if isinstance(value, tuple | frozenset):
        return (type(value), type(value)(_constant(name, part) for part in value))
    raise spec_error(
        "changeable-argument",
        f"{name} is a named definition and is given a {type(value).__name__}, which could change between calls",
        "pass an expression or a constant (int, str, enum member, tuple), or make it inline=True",
    )
