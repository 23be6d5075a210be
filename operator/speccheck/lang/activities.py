"""What the capture is about at this moment: the definition under construction, and whether only values may be made.

An author's Python could reach for a context or a state it kept from elsewhere, or write to the state inside a
lambda that is captured once and stands for every element. Both would be lost or happen once; this module is how
they are noticed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from speccheck.lang.spans import spec_error

_frames: list[Any] = []
_pure: list[str] = []
_made = [0]


def begin(frame: Any) -> None:
    """A definition is under construction from here on."""
    _frames.append(frame)


def end(frame: Any) -> None:
    """It is finished or given up, with all that was begun after it."""
    if frame in _frames:
        del _frames[_frames.index(frame) :]


def note() -> None:
    """A statement of a step has been made."""
    _made[0] += 1


def made() -> int:
    """How many statements of steps have been made so far."""
    return _made[0]


def innermost() -> Any:
    """The definition under construction; None outside of one."""
    return _frames[-1] if _frames else None


@contextmanager
def only_values(where: str) -> Iterator[None]:
    """In here the author's code may make values, and change no state."""
    _pure.append(where)
    try:
        yield
    finally:
        _pure.pop()


def values_begin(where: str) -> None:
    """From here on the author's code may only make values, until `values_end`."""
    _pure.append(where)


def values_end() -> None:
    """The end of what `values_begin` began."""
    _pure.pop()


def depth() -> int:
    """How many times it was said that only values may be made."""
    return len(_pure)


def restore(before: int) -> None:
    """Take back what was said since `depth` was asked."""
    del _pure[before:]


def value_maker() -> str:
    """Where only values may be made at this moment; empty where anything may."""
    return _pure[-1] if _pure else ""


def present_block() -> Any:
    """The block of the step that is being filled; None outside of an action."""
    frame = innermost()
    return None if frame is None else frame.settled_scope()


def check_block(block: Any, what: str) -> None:
    """Refuse to go on in another block than the one something was begun in: it would happen on every way.

    Raises SpecError.
    """
    frame = innermost()
    if frame is not None and (frame.scope is not block or frame.scope.fork is not None):
        raise spec_error(
            "branch-in-editing",
            f"a change made in a branch to {what} that was begun outside of it would be made on every way",
            "begin it inside the branch",
        )


def forget() -> None:
    """Nothing is under construction."""
    _frames.clear()
    _pure.clear()
