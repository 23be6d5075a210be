"""The decorators of classes: `@state`, `@record`, `@union`.

They take the author's class and give it back, with the type it stands for; its fields are looked at when that is
asked for.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

from speccheck.ir.types import RecordType, UnionType
from speccheck.lang.annotations import field_type, fields_of
from speccheck.lang.concrete import modes
from speccheck.lang.products import make_record, remember_record
from speccheck.lang.spans import field_span, spec_error
from speccheck.lang.states import MachineStateBase
from speccheck.lang.variants import variant


def state(cls: type) -> type:
    """`@state`: the class's `Param[T]` and `StateVar[T]` fields are the specification's."""
    name = getattr(cls, "__name__", type(cls).__name__)
    if not (isinstance(cls, type) and issubclass(cls, MachineStateBase)):
        raise spec_error(
            "state-class",
            f"@state on {name}, which does not extend MachineStateBase",
            f"write class {name}(MachineStateBase): …",
        )
    cls.__speccheck_state__ = True
    return cls


def record(cls: type) -> Any:
    """`@record`: a named product with `Field[T]` fields; calling the class makes a value."""

    @functools.cache
    def declared() -> RecordType:
        with _not_recursive(cls):
            fields = fields_of(cls, "Field")
            _check_names(cls, [n for n, _ in fields])
            type_ = RecordType(cls.__name__, tuple((n, field_type(cls, n, f)) for n, f in fields))
        remember_record(type_, cls)
        modes.remember_class(type_, cls)
        return type_

    cls.__speccheck_type__ = declared  # type: ignore[attr-defined]
    cls.__new__ = lambda cls_, *args, **fields: make_record(declared(), args, fields)  # type: ignore[assignment]
    return cls


def _check_names(cls: type, names: list[str]) -> None:
    reserved = [n for n in names if n.startswith("_")]
    if reserved:
        raise spec_error(
            "reserved-name",
            f"field {reserved[0]!r} of {cls.__name__} begins with _",
            "give it another name",
            span=field_span(cls, reserved[0]),
        )


def union(cls: type) -> Any:
    """`@union`: a tagged sum with `Variant[T]` fields; `U.Tag(x)` makes a value."""

    @functools.cache
    def declared() -> UnionType:
        with _not_recursive(cls):
            variants = tuple((n, field_type(cls, n, f)) for n, f in fields_of(cls, "Variant"))
            return UnionType(cls.__name__, variants)

    cls.__speccheck_type__ = declared  # type: ignore[attr-defined]
    for tag in inspect.get_annotations(cls):
        setattr(cls, tag, variant(declared, tag))
    return cls


class _not_recursive:
    """Refuses a type that contains itself, whose values would have no size."""

    _open: list[type] = []  # noqa: RUF012 - one stack for all, on purpose

    def __init__(self, cls: type) -> None:
        self._cls = cls

    def __enter__(self) -> None:
        if self._cls in self._open:
            raise spec_error(
                "recursive-type", f"{self._cls.__name__} contains itself", "refer to it by an id in a map: dict[int, T]"
            )
        self._open.append(self._cls)

    def __exit__(self, *exc: object) -> None:
        self._open.pop()
