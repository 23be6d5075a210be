"""Bodies of Kubernetes objects: plain JSON data, as the API takes and gives it."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

Body: TypeAlias = dict[str, Any]


def plain(value: Any) -> Any:
    """Structs and tuples of them as plain JSON data (dicts and lists), as the API gives it back."""
    return msgspec.json.decode(msgspec.json.encode(value))


def given(**fields: Any) -> Body:
    """The fields that have a value; None, "", empty lists and empty dicts are left out."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {}, ())}
