"""Carries values out of the branch they were made in, past the join after it.

A version of a variable or a local that a branch defines has no meaning after the branch. A value that mentions one is
written anew: the branch's last version of a variable is what the join made of it, an earlier one what was assigned.
Takes and gives expressions; such a value is right only where that branch was taken.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from speccheck.ir.nodes import Alternatives, Apply, Assign, Block, Choose, Define, Expr, Local, Perform, Read, Split
from speccheck.lang import exprs
from speccheck.lang.binders import renewed
from speccheck.lang.builders import Frame, Scope
from speccheck.lang.spans import copied, recorded
from speccheck.lang.substitutions import Substitution

_Source: TypeAlias = Assign | tuple[Split, tuple[int, ...]] | None


class Confined(Exception):
    """The value cannot be told outside of its branch; the text says why."""


class Export(Substitution):
    """What leads out of one branch: `inner` is its scope, `frame` has been joined after it."""

    def __init__(self, frame: Frame, inner: Scope) -> None:
        super().__init__({}, renewed)
        self._frame = frame
        self._last = inner.versions
        self._joined = dict(frame.scope.versions)
        self._versions: dict[tuple[str, int], _Source] = {}
        self._defined: dict[str, Expr | None] = {}
        self._collect(tuple(inner.statements))

    def _collect(self, block: Block) -> None:
        for statement in block:
            match statement:
                case Assign(variable, version):
                    self._versions[variable, version] = statement
                case Define(local, value):
                    self._defined[local.name] = value
                case Choose(local):
                    self._defined[local.name] = None
                case Perform(_, _, results):
                    self._versions.update({(d.variable, d.version): None for d in results})
                case Split(_, then, otherwise, joins):
                    self._collect(then)
                    self._collect(otherwise)
                    self._versions.update({(j.variable, j.version): (statement, j.sources) for j in joins})
                case Alternatives(branches, joins):
                    for branch in branches:
                        self._collect(branch.block)
                    self._versions.update({(j.variable, j.version): None for j in joins})
                case _:
                    pass

    def value(self, found: Any) -> Any:
        """A Python value, or an expression, as it is told outside.

        Raises Confined.
        """
        if isinstance(found, tuple) and type(found) is tuple:
            return tuple(self.value(each) for each in found)
        if not isinstance(found, exprs.Expr) or not (self._versions or self._defined):
            return found
        node = exprs.node_of(found)
        carried = self.node(node)
        return found if carried is node else exprs.wrap(carried)

    def is_leaf(self, node: Expr) -> bool:
        """Whether the branch defines what is read."""
        match node:
            case Read(_, variable, version):
                return (variable, version) in self._versions
            case Local(_, name):
                return name in self._defined
            case _:
                return False

    def leaf(self, node: Expr) -> Expr | None:
        """What is told outside for something that the branch defines."""
        if isinstance(node, Read):
            return self._read(node.type, node.variable, node.version, node)
        assert isinstance(node, Local)
        value = self._defined[node.name]
        if value is None:
            raise Confined(f"{node.name.rsplit('.', 1)[0]!r} was chosen inside the branch")
        return self.node(value)

    def _read(self, type_: Any, variable: str, version: int, origin: Expr) -> Expr:
        joined = self._joined[variable]
        if self._last[variable] == version and joined != version:
            return self._owned(Read(type_, variable, joined), origin)
        if (variable, version) not in self._versions:
            return self._owned(Read(type_, variable, version), origin)
        match self._versions[variable, version]:
            case Assign(_, _, value):
                return self.node(value)
            case (Split(condition), (then, otherwise)):
                arms = tuple(self._read(type_, variable, source, origin) for source in (then, otherwise))
                return copied(Apply(type_, "ite", (self.node(condition), *arms)), origin)
            case _:
                raise Confined(f"it was made from {variable!r} as it was only for a moment inside the branch")

    def _owned(self, node: Read, origin: Expr) -> Expr:
        """A read of the state of the definition under construction."""
        self._frame.owned.add(id(copied(recorded(node), origin)))
        return node
