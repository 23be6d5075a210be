"""Prints what a run on sets of names finds: the tests run it under several hash seeds."""

from __future__ import annotations

import sys

from tests.engines.models import ap, invariant, model, n, read, transition
from tests.engines.running import run

from speccheck.ir.models import Variable
from speccheck.ir.nodes import Assign, Choose, Const, Local
from speccheck.ir.types import STR, SetType

NAMES = Variable("names", SetType(STR))
ALL = Const(NAMES.type, frozenset(["ann", "bob", "cyd", "dan", "eve"]))


def main(walks: int | None) -> None:
    """Adds one name a step, until there are three."""
    one = Local(STR, "one")
    grown = ap("set_union", read(NAMES), ap("set_make", one))
    step = transition(Choose(one, ALL, "one"), Assign("names", 1, grown), names=1)
    few = invariant("few", ap("lt", ap("set_size", read(NAMES)), n(3)))
    made = model([NAMES], {"names": frozenset()}, step, [few])
    print(run(made, walks=walks, max_steps=9).properties)


if __name__ == "__main__":
    main(int(sys.argv[1]) or None)
