"""Scopes and frames: where the evaluation of one definition keeps its values.

A definition (a property, function, action, the initial states or the step) has one `Scope`, made
while it is compiled: it gives every variable's version, parameter, local and remembered value a
slot. A frame is a list with those slots, made for each evaluation. Versions and locals are assigned once, so what is
remembered stays right on one way; where a binder goes on to its next element, it forgets what was
remembered of the last one. Nothing here evaluates an expression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeAlias

from speccheck.errors import ModelError
from speccheck.evaluation.failures import EvaluationFailed, LimitReached, Seen, twice_bound
from speccheck.evaluation.mentions import Leaf, mentioned, shown_name
from speccheck.ir.nodes import Expr, Local, Param, Read, children
from speccheck.ir.ops import TooLarge
from speccheck.ir.pieces import Style
from speccheck.ir.types import SetType
from speccheck.ir.values import Value

Frame: TypeAlias = list[Any]
Fn: TypeAlias = Callable[[Frame], Value]

UNSET: Any = object()
"""What a slot holds before its value is known."""


class Thunk:
    """An argument that is evaluated at most once, in its caller's frame, and only if used.

    A set that can be known without its elements is given as such by `lazily`, which evaluates nothing else.
    """

    __slots__ = ("_frame", "_lazy", "_run", "_value")

    def __init__(self, run: Fn, frame: Frame, lazy: Fn | None = None) -> None:
        self._run: Fn | None = run
        self._frame = frame
        self._lazy = lazy
        self._value: Value = UNSET

    def lazily(self) -> Value:
        """The argument's value, as a lazy set where it can be one."""
        return self.force() if self._run is None or self._lazy is None else self._lazy(self._frame)

    def force(self) -> Value:
        """The argument's value."""
        if self._run is not None:
            self._value = self._run(self._frame)
            self._run, self._frame = None, []
        return self._value


@dataclass(frozen=True, slots=True)
class Code:
    """A compiled expression.

    `free` are the slots from outside that its value depends on (none: the same in every frame),
    `plain` says that running it is a mere look-up that cannot fail; `raw` hands a parameter on as it came.
    `lazy`, of a set, gives a `lazysets.LazySet` (or the set itself) for operations that need no elements.
    """

    run: Fn
    free: frozenset[int] = frozenset()
    plain: bool = False
    raw: Fn | None = None
    lazy: Fn | None = None


@dataclass(slots=True)
class Routine:
    """A compiled function: `run` on a frame of the arguments followed by `blank`."""

    run: Fn
    blank: Frame
    lazy: Fn | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What the definitions of one program share. `spend` counts work against the run's limits."""

    bindings: Mapping[str, Value]
    spend: Callable[[int], None]
    function: Callable[[str], Routine]


class Scope:
    """The slots of one definition's frames, filled while its expressions are compiled.

    `checked` definitions may meet a variable that has no value yet (those that make the initial states).
    """

    def __init__(
        self,
        context: Context,
        compiler: Callable[[Scope, Expr], Code],
        roots: Iterable[Expr],
        variables: Sequence[str] = (),
        params: Sequence[Local] = (),
        *,
        checked: bool = False,
    ) -> None:
        self.context = context
        self.checked = checked
        self.size = 0
        self._compiler = compiler
        self._shared = _used_twice(roots)
        self._codes: dict[int, Code] = {}
        self._locals: dict[str, Code] = {}
        self._versions: dict[tuple[str, int], int] = {}
        self._forgets: dict[int, list[int]] = {}
        self._inputs = len(variables) + len(params)
        for variable in variables:
            self.version(variable, 0)
        for param in params:
            self._name(param.name, _forced(self._slot(), lazily=isinstance(param.type, SetType)))

    def blank(self) -> Frame:
        """The part of a fresh frame that follows the variables and the arguments."""
        return [UNSET] * (self.size - self._inputs)

    def code(self, node: Expr) -> Code:
        """The expression, compiled once however often it is used."""
        found = self._codes.get(id(node))
        if found is None:
            found = self._codes[id(node)] = self._kept(node, self._compiler(self, node))
        return found

    def _kept(self, node: Expr, code: Code) -> Code:
        if code.plain or code.raw is not None:
            return code
        if not code.free:
            return Code(_once(code.run), lazy=None if code.lazy is None else _once(code.lazy))
        return self._remembered(code) if id(node) in self._shared else code

    def _remembered(self, code: Code) -> Code:
        lazy = None if code.lazy is None else _remembering(code.lazy, self._memory(code))
        return Code(_remembering(code.run, self._memory(code)), code.free, lazy=lazy)

    def _memory(self, code: Code) -> int:
        """A slot for what is remembered of a code, forgotten with what the code depends on."""
        slot = self._slot()
        for origin in code.free:
            if origin in self._forgets:
                self._forgets[origin].append(slot)
        return slot

    def version(self, variable: str, version: int) -> int:
        """The slot of a variable's version."""
        key = (variable, version)
        if key not in self._versions:
            self._versions[key] = self._slot()
        return self._versions[key]

    def spare(self) -> int:
        """A slot that no expression sees."""
        return self._slot()

    def local(self, name: str) -> Code:
        """The code of a bound name; ModelError where it is not in scope."""
        if name not in self._locals:
            raise ModelError(f"the local {name!r} is used where nothing binds it")
        return self._locals[name]

    def define(self, local: Local, value: Expr) -> None:
        """Lets the name stand for the expression: evaluated once in a frame, and only if used."""
        code = self.code(value)
        lasting = code.plain or code.raw is not None or not code.free or id(value) in self._shared
        self._name(local.name, code if lasting else self._remembered(code))

    def choose(self, local: Local) -> int:
        """A slot for a name that is given a value once on a way."""
        slot = self._slot()
        self._name(local.name, Code(itemgetter(slot), frozenset({slot}), plain=True))
        return slot

    def bind(self, local: Local) -> tuple[int, list[int]]:
        """A slot for a name that takes one value after another, and the slots to be unset at each."""
        slot = self.choose(local)
        return slot, self._forgets.setdefault(slot, [])

    def bound(self, local: Local) -> tuple[int, list[int]]:
        """The slots that `bind` gave for a local."""
        (slot,) = self.local(local.name).free
        return slot, self._forgets[slot]

    def _name(self, name: str, code: Code) -> None:
        if name in self._locals:
            raise twice_bound(name)
        self._locals[name] = code

    def _slot(self) -> int:
        self.size += 1
        return self.size - 1

    def argument(self, node: Expr) -> Fn:
        """What hands the expression on to a parameter: as a value where that is nothing to do, else unevaluated."""
        code = self.code(node)
        if code.raw is not None:
            return code.raw
        run = code.run
        lazy = code.lazy
        return run if code.plain else lambda frame: Thunk(run, frame, lazy)

    def failed(self, node: Expr, frame: Frame, reason: str) -> EvaluationFailed:
        """The error for a node that has no value in a frame."""
        seen: dict[str, Seen] = {}
        style = Style(versions=False)
        for leaf in mentioned(node):
            value = self._peeked(leaf, frame)
            if value is not UNSET:
                name = shown_name(leaf, style, seen)
                seen[name] = Seen(name, leaf.type, value)
        return EvaluationFailed(node, reason, tuple(seen.values()))

    def _peeked(self, leaf: Leaf, frame: Frame) -> Value:
        match leaf:
            case Read(_, variable, version):
                return frame[self.version(variable, version)]
            case Param(_, name):
                return self.context.bindings[name]
            case Local(_, name):
                return self._tried(name, frame)

    def _tried(self, name: str, frame: Frame) -> Value:
        """The value of a local that may not have been needed yet."""
        try:
            return self._locals[name].run(frame) if name in self._locals else UNSET
        except (EvaluationFailed, TooLarge, LimitReached):
            return UNSET


def _used_twice(roots: Iterable[Expr]) -> frozenset[int]:
    """The ids of the expressions that more than one expression or statement refers to."""
    once: set[int] = set()
    twice: set[int] = set()
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if id(node) in once:
            twice.add(id(node))
        else:
            once.add(id(node))
            waiting.extend(children(node))
    return frozenset(twice)


def _forced(slot: int, *, lazily: bool) -> Code:
    """A parameter: evaluated where it is first used."""

    def run(frame: Frame) -> Value:
        value = frame[slot]
        if value.__class__ is Thunk:
            value = frame[slot] = value.force()
        return value

    def lazy(frame: Frame) -> Value:
        value = frame[slot]
        return value.lazily() if value.__class__ is Thunk else value

    return Code(run, frozenset({slot}), raw=itemgetter(slot), lazy=lazy if lazily else None)


def _remembering(run: Fn, slot: int) -> Fn:
    def remembered(frame: Frame) -> Value:
        value = frame[slot]
        if value is UNSET:
            value = frame[slot] = run(frame)
        return value

    return remembered


def _once(run: Fn) -> Fn:
    """The same value in every frame: kept for good."""
    kept: list[Value] = []

    def closed(frame: Frame) -> Value:
        if not kept:
            kept.append(run(frame))
        return kept[0]

    return closed
