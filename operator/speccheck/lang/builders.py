"""Builds the block of an action while the author's function runs: statements, versions, branches.

A frame is one definition (the initial states, the step, a named action); a scope is one block of it
under construction. State variables are kept in static single assignment form, see `ir.nodes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from speccheck.errors import SpecError
from speccheck.ir.models import Variable
from speccheck.ir.nodes import (
    Alternatives,
    Assign,
    Assume,
    Block,
    Branch,
    Choose,
    Define,
    Defined,
    Expr,
    Join,
    Local,
    Perform,
    Read,
    Split,
    Statement,
)
from speccheck.lang import activities
from speccheck.lang.exprs import lift, node_of, wrap
from speccheck.lang.places import Change, VariablePlace
from speccheck.lang.spans import recorded, spec_error


class Written(IntEnum):
    """How a variable has been assigned on the way to here."""

    UNDEFINED = 0
    NOT = 1
    KEYED = 2
    WHOLE = 3


@dataclass(slots=True)
class Scope:
    """One block under construction."""

    versions: dict[str, int]
    written: dict[str, Written]
    statements: list[Statement] = field(default_factory=list)
    fork: Fork | None = None


@dataclass(slots=True)
class Fork:
    """Branches being filled: each is a name, its assumption's source, and the scope it ended with."""

    names: tuple[str, ...]
    condition: Expr | None
    base: Scope
    done: dict[int, Scope] = field(default_factory=dict)

    @property
    def is_split(self) -> bool:
        """Whether this is a split, whose branches may stay empty."""
        return self.condition is not None


class Frame:
    """One definition under construction; `variables` are the state's."""

    def __init__(self, variables: dict[str, Variable], written: dict[str, Written], *, initial: bool = False) -> None:
        self.variables = variables
        self.initial = initial
        self.closed = False
        self.owned: set[int] = set()
        self.choices: list[tuple[str, object]] = []
        self.blocks_open = 0
        self._next = dict.fromkeys(variables, 1)
        self._scopes = [Scope(dict.fromkeys(variables, 0), dict(written))]

    @property
    def scope(self) -> Scope:
        """The innermost block under construction."""
        return self._scopes[-1]

    def settled_scope(self) -> Scope:
        """The innermost block, any finished branches before it joined."""
        if self.scope.fork is None or self._complete(self.scope.fork):
            self.settle()
        return self.scope

    # --- state ------------------------------------------------------------------------------------

    def read(self, name: str) -> Any:
        """The present value of a variable, as a place that keyed writes can go through."""
        if self.closed:
            self.check_open()
        self._settle_for_read(name)
        scope = self.scope
        variable = self.variables[name]
        if scope.written[name] is Written.UNDEFINED:
            raise spec_error(
                "unassigned-read",
                f"variable {name!r} is read before it has a value",
                f"at the beginning of init no variable has one; assign it first: s.{name} = …",
            )
        node = recorded(Read(variable.type, name, scope.versions[name]))
        self.owned.add(id(node))
        return wrap(node, VariablePlace(self, name, node.version, variable.upsert))

    def assign(self, name: str, value: object) -> None:
        """Assign a whole variable; at most once on every way through the step."""
        self.check_open()
        self.settle()
        state = self.scope.written[name]
        if state in (Written.WHOLE, Written.KEYED):
            earlier = "twice in one step" if state is Written.WHOLE else "as a whole after a keyed assignment"
            raise spec_error(
                "double-assignment",
                f"variable {name!r} is assigned {earlier}",
                "build the value in a Python name first and assign it once; a keyed assignment may follow, not precede",
            )
        self._define(name, lift(value, self.variables[name].type, f"variable {name!r}"), Written.WHOLE)

    def refine(self, variable: str, version: int, change: Change) -> None:
        """Assign a value built from the present one by a keyed write."""
        self.check_open()
        self.settle()
        if self.scope.versions[variable] != version:
            raise spec_error(
                "stale-write",
                f"a write through a value of {variable!r} that was read before a later assignment to it",
                f"write through the state itself: s.{variable}[…] = …",
            )
        written = self.scope.written[variable]
        value = change(wrap(node_of(self.read(variable))))
        self._define(variable, value, written if written is Written.WHOLE else Written.KEYED)

    def _define(self, name: str, value: Any, written: Written) -> None:
        version = self._version(name)
        self.emit(Assign(name, version, node_of(value)))
        self.scope.versions[name] = version
        self.scope.written[name] = written

    def _version(self, name: str) -> int:
        self._next[name] += 1
        return self._next[name] - 1

    # --- statements -------------------------------------------------------------------------------

    def emit(self, statement: Statement) -> None:
        """Add a statement to the present block."""
        self.check_open()
        activities.note()
        self.settle()
        self.scope.statements.append(recorded(statement))

    def check_open(self) -> None:
        """Refuse to go on where what is said here would be lost, or would happen once instead of for each element."""
        if self.closed or activities.innermost() is not self:
            raise spec_error(
                "foreign-context",
                "a context or state of another action is used here; what is done through it would be lost",
                "use this function's own context; pass values as arguments annotated Annotated[Expr, T]",
            )
        if activities.value_maker():
            raise spec_error(
                "side-effect",
                f"the step goes on inside {activities.value_maker()}, which is captured once and only makes a value",
                "assume, choose and assign outside of it",
            )

    def assume(self, condition: Expr) -> None:
        """This way exists only where the condition holds."""
        self.emit(Assume(condition))

    def define(self, local: Local, value: Expr) -> None:
        """From here on the local stands for the value."""
        self.emit(Define(local, value))

    def choose(self, local: Local, domain: Expr, name: str) -> None:
        """The local is any element of the set."""
        self.emit(Choose(local, domain, name))

    def perform(self, key: str, args: tuple[Expr, ...], written: dict[str, Written]) -> None:
        """A call of a named action that may assign these variables."""
        self.check_open()
        self.settle()
        results = tuple(Defined(name, self._version(name)) for name in written)
        self.emit(Perform(key, args, results))
        self.scope.versions.update({d.variable: d.version for d in results})
        self.scope.written.update(written)

    # --- branches ---------------------------------------------------------------------------------

    def fork(self, names: tuple[str, ...], condition: Expr | None) -> Fork:
        """Open branches; they are joined when the action goes on after the last."""
        self.check_open()
        self.settle()
        scope = self.scope
        activities.note()
        scope.fork = Fork(names, condition, scope)
        return scope.fork

    @contextmanager
    def branch(self, fork: Fork, number: int) -> Iterator[None]:
        """Fill one branch."""
        inner = self.enter(fork, number)
        self.blocks_open += 1
        try:
            yield
        except BaseException as error:
            raise _left_by(error) from error
        finally:
            self.blocks_open -= 1
        self.leave(fork, number, inner)

    def enter(self, fork: Fork, number: int) -> Scope:
        """Begin to fill a branch; the scope that is filled."""
        if self.scope is not fork.base or self.scope.fork is not fork:
            raise spec_error(
                "late-branch",
                f"branch {fork.names[number]!r} is entered after the action has gone on",
                "enter branches one after another, not inside each other, with nothing between them",
            )
        if number in fork.done:
            raise spec_error(
                "branch-twice", f"branch {fork.names[number]!r} is entered twice", "put both parts under one `with`"
            )
        self.check_open()
        inner = Scope(dict(fork.base.versions), dict(fork.base.written))
        self._scopes.append(inner)
        return inner

    def leave(self, fork: Fork, number: int, inner: Scope) -> None:
        """The branch is filled."""
        self.settle()
        if self.scope is not inner:
            raise spec_error("branch-order", "branches were left in another order than they were entered")
        self._scopes.pop()
        fork.done[number] = inner

    def reenter(self, fork: Fork, number: int) -> Scope:
        """Go on with a branch that was left last but one, while the fork is not joined yet."""
        inner = fork.done.pop(number)
        self._scopes.append(inner)
        return inner

    def _settle_for_read(self, name: str) -> None:
        fork = self.scope.fork
        if fork is None or self._complete(fork) or _assigned(fork, name):
            self.settle()

    def _complete(self, fork: Fork) -> bool:
        return len(fork.done) == len(fork.names)

    def settle(self) -> None:
        """Join the open branches, as the action goes on after them."""
        fork = self.scope.fork
        if fork is None:
            return
        if not fork.is_split and not self._complete(fork):
            names = [repr(n) for k, n in enumerate(fork.names) if k not in fork.done]
            missing = f"alternative {names[0]} is" if len(names) == 1 else f"alternatives {', '.join(names)} are"
            raise spec_error(
                "alternative-never-entered",
                f"{missing} never entered before the action goes on",
                "enter each: with a: …  with b: …  (an empty one with `pass`)",
            )
        self.scope.fork = None
        self._join(fork)

    def _join(self, fork: Fork) -> None:
        scope = self.scope
        ends = [fork.done.get(n, Scope(dict(scope.versions), dict(scope.written))) for n in range(len(fork.names))]
        joins = []
        for name in self.variables:
            sources = tuple(end.versions[name] for end in ends)
            states = [end.written[name] for end in ends]
            scope.written[name] = _merged(states)
            if set(sources) != {scope.versions[name]} and scope.written[name] is not Written.UNDEFINED:
                joins.append(Join(name, self._version(name), sources))
                scope.versions[name] = joins[-1].version
        blocks: list[Block] = [tuple(end.statements) for end in ends]
        scope.statements.append(recorded(self._joined(fork, blocks, tuple(joins))))

    def _joined(self, fork: Fork, blocks: list[Block], joins: tuple[Join, ...]) -> Statement:
        if fork.condition is not None:
            return Split(fork.condition, blocks[0], blocks[1], joins)
        branches = tuple(Branch(name, block) for name, block in zip(fork.names, blocks, strict=True))
        return Alternatives(branches, joins)

    # --- the end ----------------------------------------------------------------------------------

    def finish(self) -> tuple[Block, tuple[tuple[str, int], ...]]:
        """The block, and the version of each variable it may have assigned at its end."""
        self.settle()
        if len(self._scopes) != 1:
            raise spec_error("branch-order", "a branch is entered and never left", "write `with branch: …`")
        for name, choice in self.choices:
            if not getattr(choice, "entered", True):
                raise spec_error(
                    "choice-never-entered",
                    f"one_of {name!r} is never entered",
                    'write `with c.one_of(S, "x") as x:`',
                    span=getattr(choice, "span", None),
                )
        scope = self.scope
        if self.initial:
            self._check_initialised()
        self.closed = True
        activities.end(self)
        return tuple(scope.statements), tuple((n, v) for n, v in scope.versions.items() if v or self.initial)

    def _check_initialised(self) -> None:
        missing = [n for n, w in self.scope.written.items() if w is Written.UNDEFINED]
        if missing:
            raise spec_error(
                "unassigned-variable",
                f"init leaves {', '.join(map(repr, missing))} without a value on some way through it",
                f"assign it in an @action(init=True): c.state.{missing[0]} = …",
            )

    def entry(self) -> dict[str, Written]:
        """How the variables stand here, for an action that is called."""
        self.settle()
        return dict(self.scope.written)


class Left(BaseException):
    """The author's function returns under a condition of the state, out of what it stands in; `value` is its result."""

    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value


def _left_by(error: BaseException) -> BaseException:
    """What an exception that leaves a branch becomes: the branch would be half captured if it were caught outside."""
    if isinstance(error, Left):
        return return_in_block()
    if isinstance(error, SpecError) or not isinstance(error, Exception):
        return error
    return spec_error("branch-left", f"a branch is left by an exception: {type(error).__name__}: {error}")


def return_in_block() -> SpecError:
    """The error for a `return` out of a branch, where the other branches are still to come."""
    return spec_error(
        "return-in-branch",
        "`return` inside a branch of alternatives or a split leaves the function before its other branches",
        "put the branch's body into an action of its own and call it there; that one may return early",
    )


def _assigned(fork: Fork, name: str) -> bool:
    """Whether a branch that is done has assigned the variable."""
    return any(done.versions[name] != fork.base.versions[name] for done in fork.done.values())


def _merged(states: list[Written]) -> Written:
    return Written.UNDEFINED if Written.UNDEFINED in states else max(states)
