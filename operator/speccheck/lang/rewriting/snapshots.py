"""Tells whether capturing a branch has changed a Python object from outside of it.

Both branches of an `if` on an expression are captured, one after the other; what the first changes in a list, a dict,
an attribute or a global would be there for the second, and after both. Takes a frame; compares what can be reached
from its variables by identity, before and after.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from enum import Enum
from types import FrameType, FunctionType, ModuleType
from typing import Any

from speccheck.lang.collections import Editor
from speccheck.lang.exprs import Expr
from speccheck.lang.rewriting.unmerged import Unmerged
from speccheck.lang.spans import spec_error

_OWN = "_speccheck"
_ATOMS = (int, str, bytes, bytearray, float, complex, type(None), Expr, Unmerged, Enum, range)


class Snapshot:
    """What could be reached from a frame's variables; `rebound` are those that the branch may bind anew."""

    def __init__(self, frame: FrameType, rebound: frozenset[str]) -> None:
        self._frame = frame
        self._rebound = rebound
        self._names = self._bound()
        self._held: dict[int, tuple[object, tuple[Any, ...]]] = {}
        for found in _reachable([*self._names.values(), *_closed_over(frame)]):
            self._held[id(found)] = (found, tuple(_parts(found)))

    def _bound(self) -> dict[str, Any]:
        local = {n: v for n, v in self._frame.f_locals.items() if n not in self._rebound and not n.startswith(_OWN)}
        if self._frame.f_locals is self._frame.f_globals:
            return local
        return local | {f"global {n}": v for n, v in self._frame.f_globals.items() if not n.startswith("__")}

    def check(self, kind: str) -> None:
        """Raise SpecError where something has changed since."""
        now = self._bound()
        for name in self._names.keys() | now.keys():
            if self._names.get(name, ...) is not now.get(name, ...):
                raise _changed(f"the variable {name.removeprefix('global ')!r} of an enclosing scope", kind)
        for found, parts in self._held.values():
            after = tuple(_parts(found))
            if len(after) != len(parts) or any(a is not b for a, b in zip(after, parts, strict=True)):
                raise _changed(f"a {type(found).__name__} from outside", kind)


def _changed(what: str, kind: str) -> Exception:
    return spec_error(
        "branch-side-effect",
        f"{what} is changed inside {kind} of an `if` on an expression; it would be changed whichever branch is taken",
        "bind a new value to a local name (x = x + [y]), which is merged after the branch, or change the state",
    )


def _closed_over(frame: FrameType) -> Iterator[Any]:
    """The classes of the module, whose attributes a branch could change."""
    for value in frame.f_globals.values():
        if isinstance(value, type) and value.__module__ == frame.f_globals.get("__name__"):
            yield value


def _reachable(roots: list[Any]) -> Iterator[Any]:
    waiting, seen = list(roots), set[int]()
    while waiting:
        found = waiting.pop()
        if isinstance(found, _ATOMS) or id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, tuple | frozenset):
            waiting.extend(found)
        elif isinstance(found, type):
            if not found.__module__.startswith(("speccheck.", "builtins")):
                yield found
        elif _is_changeable(found):
            yield found
            waiting.extend(_parts(found))


def _is_changeable(found: Any) -> bool:
    if isinstance(found, list | dict | set | deque | Editor):
        return True
    if isinstance(found, ModuleType):
        return "__speccheck__" in vars(found)
    ours = type(found).__module__.split(".")[0] in ("speccheck", "typing", "functools", "itertools")
    return not ours and not isinstance(found, FunctionType) and (hasattr(found, "__dict__") or bool(_slots(found)))


def _parts(found: Any) -> Iterator[Any]:
    match found:
        case Editor():
            yield object.__getattribute__(found, "_expr")
        case Mapping():
            for key, value in found.items():
                yield key
                yield value
        case list() | deque() | set():
            yield from found
        case _:
            for name, value in list(getattr(found, "__dict__", {}).items()):
                if not name.startswith("__"):
                    yield value
            for name in () if isinstance(found, type) else _slots(found):
                yield getattr(found, name, None)


def _slots(found: Any) -> list[str]:
    named = (vars(cls).get("__slots__", ()) for cls in type(found).__mro__)
    every = (name for names in named for name in ((names,) if isinstance(names, str) else names))
    return [name for name in every if not name.startswith("__")]
