"""Options of commands as dataclasses, and the text forms of durations and sizes.

`taking` turns a function of one options object into a command: each field is a parameter, its
`Annotated` typer option or argument says how it is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from inspect import Parameter, Signature
from typing import Any, TypeVar, get_type_hints

import typer

_Options = TypeVar("_Options")

_DURATION = re.compile(r"(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?:(?P<s>\d+(?:\.\d+)?)s?)?", re.ASCII)
_SECONDS = {"h": 3600, "m": 60, "s": 1}

_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[kKMGT]i?)?B?", re.ASCII)
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def flag(name: str, text: str) -> Any:
    """An option without a value; its help has no place for one."""
    return typer.Option(name, metavar="", help=text)


def duration(text: str) -> float:
    """Seconds in `3`, `1.5s`, `10m`, `1h30m`; refuses anything else, and zero."""
    found = _DURATION.fullmatch(text)
    seconds = sum(float(number) * _SECONDS[unit] for unit, number in found.groupdict("0").items()) if found else 0.0
    if seconds <= 0:
        raise typer.BadParameter(f"{text!r} is not a duration; write seconds or a form like 90s, 10m, 1h30m.")
    return seconds


def size(text: str) -> int:
    """Bytes in `4GiB`, `512Mi`, `800MB`, `1000000`; refuses anything else, and zero."""
    found = _SIZE.fullmatch(text)
    unit = (found["unit"] or "").replace("K", "k") if found else ""
    count = int(float(found["number"]) * _UNITS["Ki" if unit == "ki" else unit]) if found else 0
    if count <= 0:
        raise typer.BadParameter(f"{text!r} is not a size of memory; write bytes or a form like 512MiB, 4GiB.")
    return count


READING = typer.Option(
    "--timeout", parser=duration, metavar="TIME", help="Stop reading the specification then; after 1m otherwise."
)
"""How long a specification's own Python may run, for commands that have no other time limit."""


def taking(options: type[_Options]) -> Callable[[Callable[[_Options], int]], Callable[..., int]]:
    """A decorator: the function of one options object becomes one with a parameter a field, for typer to read."""
    hints = get_type_hints(options, include_extras=True)

    def decorate(function: Callable[[_Options], int]) -> Callable[..., int]:
        def command(**given: Any) -> int:
            return function(options(**given))

        command.__name__ = function.__name__
        command.__doc__ = _unwrapped(function.__doc__ or "")
        command.__annotations__ = {}
        parameters = [_parameter(each, hints[each.name]) for each in fields(options)]  # type: ignore[arg-type]
        command.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        return command

    return decorate


def _unwrapped(doc: str) -> str:
    """A docstring with each paragraph on one line: typer would keep its line ends."""
    return "\n\n".join(" ".join(block.split()) for block in doc.split("\n\n"))


def _parameter(field: Field[Any], annotation: Any) -> Parameter:
    default = field.default_factory() if field.default_factory is not MISSING else field.default
    shown = Parameter.empty if default is MISSING else default
    return Parameter(field.name, Parameter.KEYWORD_ONLY, default=shown, annotation=annotation)
