"""What `U.Tag` is: it makes a value of the union, and stands in the patterns of `match`.

`U.Tag(x)` is a call of the class and never makes an instance of it; a concrete value of that variant counts as one, so
that Python's own `match` tells variants apart. An expression is matched by the rewriting alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from speccheck.ir.types import UnionType
from speccheck.lang.exprs import Expr
from speccheck.lang.products import make_union
from speccheck.lang.spans import spec_error


class VariantMeta(type):
    """The class of all `U.Tag`."""

    __speccheck_union__: Callable[[], UnionType]
    __speccheck_tag__: str

    def __call__(cls, *payload: object) -> Any:
        return make_union(cls.__speccheck_union__(), cls.__speccheck_tag__, payload)

    def __instancecheck__(cls, value: Any) -> bool:
        if isinstance(value, Expr):
            raise spec_error(
                "isinstance-of-expression",
                f"whether an expression is a {cls.__name__} is not known while the specification is captured",
                f'compare its tag: u.tag == "{cls.__speccheck_tag__}"; or use u.match({cls.__name__}=lambda x: …)',
            )
        return getattr(value, "_type", None) == cls.__speccheck_union__() and value._tag == cls.__speccheck_tag__


def variant(declared: Callable[[], UnionType], tag: str) -> Any:
    """`U.Tag` of a union."""
    members = {
        "__speccheck_union__": staticmethod(declared),
        "__speccheck_tag__": tag,
        "__match_args__": ("payload",),
        "__module__": __name__,
    }
    return VariantMeta(tag, (), members)
