"""Calls in a CEL expression that can have no value whatever is observed, as `int(timestamp(…))`.

Takes an expression that compiles; gives a sentence on the first such call. CEL has no types to check, so this is only
about calls with one argument whose type shows: a call of a conversion, `time`, or something without variables. Whether
a function has a form for a type, the library itself is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import cel
from cel.stdlib import add_stdlib_to_context

_CONVERSIONS = frozenset(["bool", "bytes", "double", "duration", "int", "size", "string", "timestamp", "uint"])
_READINGS = re.compile(r"get[A-Z][A-Za-z]*|size")
_SAMPLES = {
    "bool": ("true",),
    "bytes": ("b'1'",),
    "double": ("1.5",),
    "google.protobuf.Duration": ("duration('3s')",),
    "google.protobuf.Timestamp": ("timestamp('2026-11-03T10:00:00Z')",),
    "int": ("1",),
    "list": ("[1]",),
    "map": ("{'a': 1}",),
    "null_type": ("null",),
    "string": ("'1'", "'2026-11-03T10:00:00Z'", "'3s'", "'true'"),
    "uint": ("1u",),
}
"""Values of each type; of texts those that the conversions can read."""

_NAMES = {
    "google.protobuf.Duration": "a duration",
    "google.protobuf.Timestamp": "a time",
    "int": "an int",
    "null_type": "null",
}
_HINTS = {
    "google.protobuf.Duration": "its seconds are d.getSeconds()",
    "google.protobuf.Timestamp": "seconds since 1970 are (t - timestamp('1970-01-01T00:00:00Z')).getSeconds()",
}
_NUMBERS = frozenset({"int", "uint", "double"})
_UNKNOWN = re.compile(r"Undefined variable or function: '(\w+)'")
_TOKEN = re.compile(
    r"""[rRbB]{0,2}(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    r"|//[^\n]*|[A-Za-z_]\w*|\d[\w.]*|\s+|.",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call of a function with one argument, or of a method with none, on what the text `on` says."""

    name: str
    on: str
    is_method: bool


def misapplied(text: str) -> str:
    """What is wrong with the first call that has no form for what it is given; "" where none is seen to be so."""
    for call in _calls(text):
        kind = _kind(call.on)
        if kind and not _has_form(call.name, kind, is_method=call.is_method):
            shown = f"{call.on}.{call.name}()" if call.is_method else f"{call.name}({call.on})"
            hint = f"; {_HINTS[kind]}" if kind in _HINTS and call.name in _NUMBERS else ""
            return f"{shown}: there is no {call.name}() of {_NAMES.get(kind, f'a {kind}')}{hint}"
    return ""


def formless(message: str) -> str:
    """The library's message, where it says of a function without a form for its arguments that it is not defined."""
    found = _UNKNOWN.match(message)
    return f"there is no {found[1]}() of what it is given here" if found else message


def _calls(text: str) -> Iterator[_Call]:
    """The calls that can be told from the text, in its order."""
    tokens = [token for token in _TOKEN.findall(text) if not (token.isspace() or token.startswith("//"))]
    for at, token in enumerate(tokens[:-1]):
        if tokens[at + 1] != "(":
            continue
        end = _closing(tokens, at + 1)
        inside = tokens[at + 2 : end]
        is_method = at > 0 and tokens[at - 1] == "."
        if token in _CONVERSIONS and inside and not is_method:
            yield _Call(token, _joined(inside), is_method=False)
        elif _READINGS.fullmatch(token) and not inside and is_method:
            yield _Call(token, _joined(_receiver(tokens[: at - 1])), is_method=True)


def _closing(tokens: list[str], at: int) -> int:
    """Where the bracket that opens at a place closes; the end where it does not."""
    depth = 0
    for place in range(at, len(tokens)):
        depth += (tokens[place] in "([{") - (tokens[place] in ")]}")
        if depth == 0:
            return place
    return len(tokens)


def _receiver(tokens: list[str]) -> list[str]:
    """The `time`, or the call of a function, that tokens end in; nothing where they end in anything else."""
    if tokens and tokens[-1] == "time":
        first = len(tokens) - 1
    elif tokens and tokens[-1] == ")":
        last = len(tokens) - 1
        first = next((at for at in range(last) if tokens[at] == "(" and _closing(tokens, at) == last), 0) - 1
    else:
        return []
    outside = first < 1 or tokens[first - 1] != "."
    return tokens[first:] if first >= 0 and outside else []


def _joined(tokens: list[str]) -> str:
    text = " ".join(tokens)
    return re.sub(r" ?([.()\[\]]) ?", r"\1", text).replace(" ,", ",")


def _kind(text: str) -> str:
    """The type of whatever an expression gives; "" where that does not show."""
    tokens = [token for token in _TOKEN.findall(text) if not token.isspace()]
    if len(tokens) > 2 and tokens[0] in _CONVERSIONS and tokens[1] == "(" and _closing(tokens, 1) == len(tokens) - 1:
        return _result(tokens[0])
    return _value_kind(text) if tokens else ""


def _value_kind(text: str) -> str:
    """The type of an expression's value where it has no variable but `time`."""
    try:
        program = cel.compile(text)
        if set(program.variables()) - {"time"} or not set(program.functions()) <= _CONVERSIONS | {"_-_", "_+_"}:
            return ""
        return str(_evaluated(f"type({text})"))
    except (ValueError, RuntimeError, TypeError):
        return ""


@cache
def _result(name: str) -> str:
    """The type that a conversion gives; "" where it gives several."""
    found = set()
    for values in _SAMPLES.values():
        for value in values:
            try:
                found.add(str(_evaluated(f"type({name}({value}))")))
            except (ValueError, RuntimeError, TypeError):
                continue
    return found.pop() if len(found) == 1 else ""


@cache
def _has_form(name: str, kind: str, *, is_method: bool) -> bool:
    """Whether a function takes values of a type. What it says of a value that is wrong in itself is another matter."""
    for value in _SAMPLES.get(kind, ()):
        try:
            _evaluated(f"{value}.{name}()" if is_method else f"{name}({value})")
        except RuntimeError as error:
            if _UNKNOWN.match(str(error)):
                return False
        except (ValueError, TypeError):
            continue
    return True


def _evaluated(text: str) -> object:
    context = cel.Context()
    add_stdlib_to_context(context)
    context.add_variable("time", cel.evaluate(_SAMPLES["google.protobuf.Timestamp"][0]))
    return cel.compile(text).execute(context)
