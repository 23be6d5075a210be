"""What CEL expressions in a mapping may call beside CEL's own: the library's extensions, and helpers for Kubernetes.

Each takes and gives plain data. Wrong arguments raise ValueError with a sentence for the expression's author.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

_SCALES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal(1000),
    **{prefix: Decimal(1000) ** power for power, prefix in enumerate("MGTPE", 2)},
    **{f"{prefix}i": Decimal(1024) ** power for power, prefix in enumerate("KMGTPE", 1)},
}
_QUANTITY = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:[eE]([+-]?[0-9]{1,2})|([a-zA-Z]{0,2}))")
_ABSENT = object()
_INT64 = range(-(1 << 63), 1 << 63)
_DEPTH = 64


def require_exact(data: Any, path: str, depth: int = 0) -> None:
    """Refuses what CEL would silently change: integers beyond 64 bits, and what is nested too deeply to convert.

    Raises ValueError with the path to it.
    """
    if depth > _DEPTH:
        raise ValueError(f"{path}: nested more than {_DEPTH} deep")
    match data:
        case int() if data not in _INT64:
            raise ValueError(f"{path}: an integer of {data.bit_length()} bits; expressions know 64 with the sign")
        case dict():
            for name, item in data.items():
                require_exact(item, f"{path}.{name}", depth + 1)
        case list():
            for at, item in enumerate(data):
                require_exact(item, f"{path}[{at}]", depth + 1)
        case _:
            return


def json(text: Any) -> Any:
    """The data that a JSON text holds."""
    if not isinstance(text, str):
        raise ValueError(f"json() reads text, and this is {_kind(text)}")
    try:
        data = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"json(): {error}") from error
    require_exact(data, "json()")
    return data


def get(data: Any, path: str | Sequence[Any], default: Any) -> Any:
    """What lies at a path (`"status.replicas"`, or `["metadata", "labels", "a.b/c"]`).

    The default where it is absent or null.
    """
    for name in path.split(".") if isinstance(path, str) else path:
        data = _step(data, name)
        if data is _ABSENT or data is None:
            return default
    return data


def _step(data: Any, name: Any) -> Any:
    match data:
        case Mapping():
            return data.get(name, _ABSENT)
        case list() if isinstance(name, int) and 0 <= name < len(data):
            return data[name]
        case _:
            return _ABSENT


def quantity(value: Any) -> int | float:
    """The number a Kubernetes quantity (`"500m"`, `"1Gi"`, 2) stands for: an int where it is whole, else a double."""
    exact = _exact(value)
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def milli(value: Any) -> int:
    """A Kubernetes quantity in thousandths, rounded up as Kubernetes does: `"500m"` is 500."""
    return int((_exact(value) * 1000).to_integral_value(rounding="ROUND_CEILING"))


def _exact(value: Any) -> Decimal:
    match value:
        case bool():
            raise ValueError(f"{value} is not a quantity")
        case int() | float():
            return Decimal(str(value))
        case str() if (found := _QUANTITY.fullmatch(value)) and (found[3] or "") in _SCALES:
            return Decimal(found[1]).scaleb(int(found[2] or 0)) * _SCALES[found[3] or ""]
        case _:
            raise ValueError(f"{str(value)[:40]!r} is not a quantity such as 500m, 2 or 1Gi")


def condition(data: Any, type_: str) -> str:
    """The status of a condition of an object (or of its list of conditions); Unknown where it has none."""
    rows = data if isinstance(data, list) else get(data, "status.conditions", [])
    found = [row for row in rows if isinstance(row, Mapping) and row.get("type") == type_]
    return str(found[0].get("status", "Unknown")) if found else "Unknown"


def by(rows: Any, field: str) -> dict[str, Any]:
    """A map of a list's objects by one of their fields, as in `by(object.spec.containers, "name")`."""
    made: dict[str, Any] = {}
    for row in rows:
        name = get(row, field, None)
        if not isinstance(name, str) or name in made:
            raise ValueError(f"by(): the field {field} should be a different text in each, and is {_kind(name)}")
        made[name] = row
    return made


def pairs(rows: Any) -> dict[Any, Any]:
    """A map made of pairs, as in `pairs(pods.map(p, [p.metadata.name, p.status.phase]))`."""
    made: dict[Any, Any] = {}
    for row in rows:
        if not isinstance(row, list) or len(row) != 2 or not isinstance(row[0], str | int) or row[0] in made:
            raise ValueError("pairs(): takes a list of [key, value], each key a different text or integer")
        made[row[0]] = row[1]
    return made


def keys(data: Any) -> list[Any]:
    """The keys of a map, sorted."""
    return sorted(_mapping(data, "keys"))


def values(data: Any) -> list[Any]:
    """The values of a map, in the order of its sorted keys."""
    return [item for _, item in sorted(_mapping(data, "values").items())]


def _mapping(data: Any, name: str) -> Mapping[Any, Any]:
    if not isinstance(data, Mapping):
        raise ValueError(f"{name}() takes a map, and this is {_kind(data)}")
    return data


def find(text: str, pattern: str) -> str:
    """The first part of a text that matches a regular expression; "" where none does."""
    found = re.search(pattern, text)
    return found[0] if found else ""


def find_all(text: str, pattern: str) -> list[str]:
    """All parts of a text that match a regular expression."""
    return [found[0] for found in re.finditer(pattern, text)]


def _kind(data: Any) -> str:
    match data:
        case None:
            return "null"
        case Mapping():
            return "a map"
        case list():
            return "a list"
        case str():
            return f"the text {data[:40]!r}"
        case _:
            return f"{data!r:.40}"


HELPERS: dict[str, Callable[..., Any]] = {
    "by": by,
    "condition": condition,
    "find": find,
    "findAll": find_all,
    "get": get,
    "json": json,
    "keys": keys,
    "milli": milli,
    "pairs": pairs,
    "quantity": quantity,
    "values": values,
}
"""The helpers by the name expressions call them by, as functions `f(x, y)` or methods `x.f(y)`."""
