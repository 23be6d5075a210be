"""What stands behind a state's view in concrete execution, where it is only read; and `editing()`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from speccheck.lang.concrete import modes
from speccheck.lang.concrete.places import Change, Placed
from speccheck.lang.spans import spec_error
from speccheck.lang.states import MachineStateBase, declaration, view


class ReadOnly:
    """A state that a property is asked of."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def get(self, name: str) -> Any:
        """The value in the state, or of a parameter."""
        if name not in self._values:
            raise spec_error("not-given", f"{name!r} has no value in this instance")
        return self._values[name]

    def set(self, name: str, value: object) -> NoReturn:
        """Refuse."""
        raise spec_error("side-effect", f"{name!r} is assigned where the state is only read", "assign in an @action")


class Editing:
    """`with s.editing() as upd:` the values read are those before the block."""

    def __init__(self, base: MachineStateBase) -> None:
        self._base = base
        self._old: dict[str, Any] = {}
        self._changes: list[Callable[[], None]] = []

    def __enter__(self) -> Any:
        return view(type(self._base), self)

    def __exit__(self, kind: object, *exc: object) -> None:
        if kind is None:
            for change in self._changes:
                change()

    def get(self, name: str) -> Any:
        """The value before the block, through which keyed writes are collected."""
        if name not in self._old:
            self._old[name] = self._base._store.get(name)
        value = self._old[name]
        return type(value).at(value, _Collected(self, name)) if isinstance(value, Placed) else value

    def set(self, name: str, value: object) -> None:
        """Collect an assignment of a whole variable; these come before the keyed ones."""
        self._changes.insert(0, lambda: self._base._store.set(name, value))

    def collect(self, name: str, change: Change) -> None:
        """Collect a keyed write."""

        def make() -> None:
            value = self._base._store.get(name)
            place = object.__getattribute__(value, "_place")
            place.write(change)

        self._changes.append(make)


class _Collected:
    """A whole variable as read in an `editing` block."""

    def __init__(self, editing: Editing, name: str) -> None:
        self._editing = editing
        self._name = name
        self.upsert = declaration(type(editing._base)).variables[name].upsert

    def write(self, change: Change) -> None:
        """Collect the write."""
        self._editing.collect(self._name, change)


modes.means("MachineStateBase.editing", Editing)
