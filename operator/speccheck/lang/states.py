"""State classes: their declaration, and the views of a state that a spec's functions are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn, Protocol, TypeVar
from weakref import WeakKeyDictionary

from speccheck.ir.models import Variable
from speccheck.ir.nodes import Local, Read
from speccheck.ir.nodes import Param as ParamNode
from speccheck.ir.types import MapType, Type
from speccheck.lang.activities import check_block, present_block
from speccheck.lang.annotations import UPSERT, field_type, fields_of
from speccheck.lang.binders import fresh
from speccheck.lang.builders import Frame
from speccheck.lang.concrete import modes
from speccheck.lang.contexts import OPERATIONS
from speccheck.lang.exprs import lift, node_of, wrap
from speccheck.lang.hints import among
from speccheck.lang.places import Change, VariablePlace
from speccheck.lang.spans import field_span, recorded, spec_error

_declarations: WeakKeyDictionary[type, Declaration] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a state class declares: parameters and variables, in order."""

    name: str
    params: dict[str, Variable]
    variables: dict[str, Variable]


def declaration(cls: type) -> Declaration:
    """The declaration of a class decorated with `@state`.

    Raises SpecError for a field that is neither `Param[T]` nor `StateVar[T]`.
    """
    if cls not in _declarations:
        _declarations[cls] = _declared(cls)
    return _declarations[cls]


def _declared(cls: type) -> Declaration:
    params: dict[str, Variable] = {}
    variables: dict[str, Variable] = {}
    for name, form in fields_of(cls, "Param", "StateVar"):
        if name.startswith("_") or hasattr(MachineStateBase, name):
            raise spec_error(
                "reserved-name",
                f"{name!r} of {cls.__name__} is a name that states have themselves",
                "give it another name",
                span=field_span(cls, name),
            )
        if any(name in vars(base) for base in cls.__mro__[:-1]):
            raise spec_error(
                "field-default",
                f"field {name!r} has a default",
                "give parameters in an @instance, variables in init",
                span=field_span(cls, name),
            )
        type_ = field_type(cls, name, form)
        upsert = UPSERT in form.markers
        if upsert and not isinstance(type_, MapType):
            raise spec_error(
                "upsert",
                f"UPSERT on {name!r}, which is a {type_}, not a map",
                f"leave it out: {name}: StateVar[{type_}]; it lets s.m[k] = v add the key k",
                span=field_span(cls, name),
            )
        (params if form.kind == "Param" else variables)[name] = Variable(name, type_, upsert)
    return Declaration(cls.__name__, params, variables)


class Store(Protocol):
    """What stands behind a view: gives and takes the values of fields."""

    def get(self, name: str) -> Any:
        """The value of a variable."""
        ...

    def set(self, name: str, value: object) -> None:
        """Assign a whole variable."""
        ...


class _StateMeta(type):
    """The class of state classes: their fields are read and assigned on a state, not on the class."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__") or not _is_field(cls, name):
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}", name=name, obj=cls)
        raise _of_class(cls, name)

    def __setattr__(cls, name: str, value: object) -> None:
        if _is_field(cls, name):
            raise _of_class(cls, name)
        super().__setattr__(name, value)


def _is_field(cls: type, name: str) -> bool:
    return any(name in vars(base).get("__annotations__", {}) for base in cls.__mro__[:-2])


def _of_class(cls: type, name: str) -> Exception:
    return spec_error(
        "field-of-class",
        f"{name!r} is asked of the class {cls.__name__}, which is no state",
        f"in an action it is c.state.{name}, or s.{name} after s = c.state; in a property s.{name} of its argument s",
    )


class MachineStateBase(metaclass=_StateMeta):
    """Base of state classes. A view of a state: fields are its variables and parameters."""

    _store: Store

    def __init__(self, **values: object) -> None:
        object.__setattr__(self, "_store", GivenStore(type(self), values))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_store":
            raise AttributeError(name)
        found = declaration(type(self))
        if name in found.params and not isinstance(self._store, GivenStore) and not modes.is_concrete():
            return wrap(recorded(ParamNode(found.params[name].type, name)))
        if name not in found.variables and name not in found.params:
            raise _unknown(found, name, type(self))
        return self._store.get(name)

    def __setattr__(self, name: str, value: object) -> None:
        found = declaration(type(self))
        if name in found.params and not isinstance(self._store, GivenStore):
            raise spec_error(
                "parameter-assigned",
                f"parameter {name!r} is assigned; it is fixed for a run, and an @instance gives it",
                f"what changes from step to step is declared {name}: StateVar[T]",
            )
        if name not in found.variables and name not in found.params:
            raise _unknown(found, name, type(self))
        self._store.set(name, value)

    def __delattr__(self, name: str) -> NoReturn:
        raise spec_error(
            "deletion",
            f"`del` on {name!r} of a state",
            "a variable always has a value: assign the one that says `none`",
        )

    @modes.switched
    def editing(self) -> Editing:
        """`with s.editing() as upd:` assigns through `upd`, reading the values before the block."""
        return Editing(self)


def _unknown(found: Declaration, name: str, cls: type) -> Exception:
    hint = among(name, [*found.variables, *found.params], "it has")
    if name in OPERATIONS:
        hint = f"{name!r} is of the context, which only actions have: def step(c: Context[{found.name}])"
    elif any(name in vars(base) for base in cls.__mro__[:-2]):
        hint = f"it is a constant of the class; what changes is declared {name}: StateVar[T]"
    return spec_error("no-such-variable", f"{found.name} has no variable or parameter {name!r}", hint)


State = TypeVar("State", bound=MachineStateBase)


def view(cls: type, store: Store) -> Any:
    """A view of a state of the class, backed by a store."""
    found: Any = object.__new__(cls)
    object.__setattr__(found, "_store", store)
    return found


def is_view(value: object) -> bool:
    """Whether a value is a view of a state (of any class)."""
    return isinstance(value, MachineStateBase)


class FrameStore:
    """The state being built by an action."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame

    def get(self, name: str) -> Any:
        """The value as of here in the step."""
        return self.frame.read(name)

    def set(self, name: str, value: object) -> None:
        """Assign the next value."""
        self.frame.assign(name, value)


class PropertyStore:
    """A state that a property speaks of: read only."""

    def __init__(self, variables: dict[str, Variable], what: str) -> None:
        self._variables = variables
        self._what = what

    def get(self, name: str) -> Any:
        """The value in the state."""
        return wrap(recorded(Read(self._variables[name].type, name, 0)), _ReadOnly(self._what, name))

    def set(self, name: str, value: object) -> NoReturn:
        """Refuse."""
        raise side_effect(self._what, name)


class _ReadOnly:
    """A place that refuses to be written."""

    def __init__(self, what: str, name: str) -> None:
        self._what = what
        self._name = name

    def write(self, change: Change) -> None:
        raise side_effect(self._what, self._name)


def side_effect(what: str, name: str) -> Exception:
    """The error for an assignment in a function that only reads."""
    return spec_error("side-effect", f"{what} assigns {name!r}; it may only read the state", "assign in an @action")


class LiftedStore:
    """The state as a named function sees it: each variable read becomes a parameter of the function."""

    def __init__(self, variables: dict[str, Variable], name: str) -> None:
        self._variables = variables
        self._name = name
        self.lifted: dict[str, Local] = {}

    def get(self, name: str) -> Any:
        """The parameter that stands for the variable."""
        if name not in self.lifted:
            self.lifted[name] = fresh(self._variables[name].type, name)
        return wrap(self.lifted[name], _ReadOnly(self._name, name))

    def set(self, name: str, value: object) -> NoReturn:
        """Refuse."""
        raise side_effect(self._name, name)


class GivenStore:
    """The values an author gives in `State(N=5)`; what is not given stays open."""

    def __init__(self, cls: type, values: dict[str, object]) -> None:
        found = declaration(cls)
        self.values: dict[str, Any] = {}
        for name, value in values.items():
            if name in found.variables:
                raise spec_error(
                    "variable-given",
                    f"variable {name!r} of {found.name} is given a value",
                    "only parameters are; variables get theirs in init",
                )
            if name not in found.params:
                raise _unknown(found, name, cls)
            self.values[name] = given_value(value, found.params[name].type, f"parameter {name!r}")

    def get(self, name: str) -> Any:
        """A given value."""
        if name not in self.values:
            raise spec_error(
                "not-given",
                f"{name!r} has no value in this instance",
                "give it by name where the instance is made: S(N=5)",
            )
        return self.values[name]

    def set(self, name: str, value: object) -> NoReturn:
        """Refuse."""
        raise spec_error(
            "instance-assigned", f"{name!r} is assigned in an instance", "give parameters by name: State(N=5)"
        )


@modes.switched
def given_value(value: object, type_: Type, what: str = "") -> Any:
    """What an author gives for a parameter, as an expression."""
    return lift(value, type_, what)


def given_values(instance: Any) -> dict[str, Any]:
    """The parameters that an author gave in `State(N=5)`, as expressions."""
    store = instance._store
    return store.values if isinstance(store, GivenStore) else {}


class Editing:
    """An `editing` block waiting for its `with`."""

    __slots__ = ("_state", "_store")

    def __init__(self, state: MachineStateBase) -> None:
        object.__setattr__(self, "_state", state)

    def __enter__(self) -> Any:
        object.__setattr__(self, "_store", EditingStore(self._state))
        return view(type(self._state), self._store)

    def __exit__(self, kind: object, *exc: object) -> None:
        if kind is None:
            self._store.finish()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise self._unentered()

    def __setattr__(self, name: str, value: object) -> None:
        raise self._unentered()

    @staticmethod
    def _unentered() -> Exception:
        return spec_error(
            "editing-without-with", "editing() is used without `with`", "write `with s.editing() as upd:`"
        )


class EditingStore:
    """Assignments collected in an `editing` block."""

    def __init__(self, base: MachineStateBase) -> None:
        self._base = base
        self._block = present_block()
        self._old: dict[str, Any] = {}
        self._whole: dict[str, object] = {}
        self._changes: dict[str, list[Change]] = {}

    def get(self, name: str) -> Any:
        """The value before the block, through which keyed writes are collected."""
        if name not in self._old:
            self._old[name] = self._base._store.get(name)
        upsert = declaration(type(self._base)).variables[name].upsert
        return wrap(node_of(self._old[name]), VariablePlace(self, name, 0, upsert))

    def set(self, name: str, value: object) -> None:
        """Collect an assignment of a whole variable."""
        check_block(self._block, "editing()")
        if name in self._whole or name in self._changes:
            raise spec_error(
                "double-assignment",
                f"variable {name!r} is assigned twice in one editing block",
                "build the value in a Python name first and assign it once; keyed assignments belong outside the block",
            )
        self._whole[name] = value

    def refine(self, variable: str, version: int, change: Change) -> None:
        """Collect a keyed write."""
        check_block(self._block, "editing()")
        self._changes.setdefault(variable, []).append(change)

    def finish(self) -> None:
        """Make the collected assignments."""
        check_block(self._block, "editing()")
        for name, value in self._whole.items():
            self._base._store.set(name, value)
        for name, changes in self._changes.items():
            for change in changes:
                place = self._base._store.get(name)._place
                place.write(change)
