"""Names in the exported module: the author's where TLA+ allows them, changed as little as possible elsewhere.

TLA+ knows no shadowing: a bound name must not be the name of anything defined. So every name of a module is
given out once, and the names bound inside a definition are told apart from all of those.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_KEYWORDS = """
    ACTION ASSUME ASSUMPTION AXIOM BOOLEAN BY CASE CHOOSE CONSTANT CONSTANTS COROLLARY DEF DEFINE DEFS DOMAIN ELSE
    ENABLED EXCEPT EXTENDS FALSE HAVE HIDE IF IN INSTANCE LAMBDA LEMMA LET LOCAL MODULE NEW OBVIOUS OMITTED ONLY
    OTHER PICK PROOF PROPOSITION PROVE QED RECURSIVE SF_ STATE STRING SUBSET SUFFICES TAKE TEMPORAL THEN THEOREM
    TRUE UNCHANGED UNION USE VARIABLE VARIABLES WF_ WITH WITNESS
"""

_STANDARD = """
    Nat Int Real Seq Len Head Tail Append SubSeq SelectSeq IsFiniteSet Cardinality Print PrintT Assert JavaTime
    TLCGet TLCSet Permutations SortSeq RandomElement Any ToString TLCEval
"""

KEYWORDS = frozenset(_KEYWORDS.split())
"""The reserved words of TLA+ (Lamport, "Specifying Systems", and version 2 of the language)."""

STANDARD = frozenset(_STANDARD.split())
"""What the standard modules define that every exported module extends."""

_UNFIT = re.compile(r"[^A-Za-z0-9_]+")


def fitting(wish: str) -> str:
    """The nearest identifier of TLA+ to a name, reserved or not."""
    ascii_only = "".join(c if c.isascii() else f"u{ord(c):04x}" for c in wish)
    name = _UNFIT.sub("_", ascii_only).strip("_") or "any"
    if not name[0].isalpha():
        name = f"n{name}"
    return f"{name}_" if name in KEYWORDS or name.startswith(("WF_", "SF_")) else name


class Names:
    """Names that are given out once each.

    `elsewhere` are names that definitions of a module may give to what they bind: the module gives out none of
    them, so that what it comes to define later clashes with no definition that is being written.
    """

    def __init__(self, taken: Iterable[str] = (), separator: str = "__") -> None:
        self._taken = {*KEYWORDS, *STANDARD, *taken}
        self._elsewhere: set[str] = set()
        self._separator = separator

    def fresh(self, wish: str) -> str:
        """A name like the one wished for that nothing else has."""
        base = fitting(wish)
        name, number = base, 1
        while name in self._taken or name in self._elsewhere:
            number += 1
            name = f"{base}{self._separator}{number}"
        self._taken.add(name)
        return name

    def inside(self) -> Names:
        """The names of a definition: none of them is given out here, and none given out here is one of them."""
        return Names(self._taken, "_")

    def avoid(self, names: Iterable[str]) -> None:
        """Give out none of these, here or inside."""
        self._taken.update(names)

    def leave(self, names: Iterable[str]) -> None:
        """Give out none of these here."""
        self._elsewhere.update(names)

    def claim(self, wish: str) -> str:
        """A name like `fresh`, whatever is bound elsewhere: what is bound there comes later."""
        name = Names(self._taken, self._separator).fresh(wish)
        self._taken.add(name)
        return name


def hint(name: str) -> str:
    """What an author called a local, without the number that tells it from others of that name."""
    base, _, number = name.rpartition(".")
    return base if base and number.isdigit() else name
