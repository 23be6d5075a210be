"""What is constant within a run: expressions that depend on no variable and on nothing that a step chooses.

`PARAMETER` on an argument asks for it. A local that stands for a value, or for every element of a domain, is as
constant as that is; what else a local may stand for (a choice, an ordinary argument) is not.
"""

from __future__ import annotations

from speccheck.ir.nodes import Expr as Node
from speccheck.ir.nodes import Local, Read, children
from speccheck.ir.walks import bound_locals
from speccheck.lang.exprs import Expr, node_of
from speccheck.lang.spans import spec_error

_origins: dict[int, tuple[Local, Node | None]] = {}


def came_from(local: Local, origin: Node | None) -> None:
    """A local stands for the value of an expression or its elements; None: it is constant."""
    _origins[id(local)] = (local, origin)


def forget() -> None:
    """Begin anew."""
    _origins.clear()


def changing(root: Node) -> str | None:
    """The name of a variable or choice that an expression depends on; None where it is constant within a run."""
    waiting, seen = [root], set[int]()
    bound: set[str] = set()
    loose: list[Local] = []
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Read):
            return node.variable
        if isinstance(node, Local):
            origin = _origins.get(id(node))
            if origin is None:
                loose.append(node)
            elif origin[1] is not None:
                waiting.append(origin[1])
        bound.update(local.name for local in bound_locals(node))
        waiting.extend(children(node))
    return next((local.name.rsplit(".", 1)[0] for local in loose if local.name not in bound), None)


def check_constant(owner: str, argument: str, value: Expr) -> None:
    """Raise SpecError where what is passed for a `PARAMETER` can change within a run."""
    name = changing(node_of(value))
    if name is not None:
        raise spec_error(
            "changing-parameter",
            f"{owner} takes a PARAMETER for {argument!r}, constant within a run; this depends on {name!r}",
            "pass a parameter of the specification or a constant, or annotate it Annotated[Expr, T]",
        )
