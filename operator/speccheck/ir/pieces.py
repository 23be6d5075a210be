"""What phrases are made of: words, slots for expressions, places to break a line, and how names are shown.

Plain data; `ir.phrases` makes phrases of nodes, `ir.layouts` makes lines of phrases.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

from speccheck.ir.literals import shown
from speccheck.ir.nodes import Expr


class Level(IntEnum):
    """How tightly an expression holds together; a looser one in a tighter place takes parentheses."""

    QUANTIFIED = 0
    CONDITIONAL = 1
    IMPLICATION = 2
    OR = 3
    AND = 4
    NOT = 5
    COMPARISON = 6
    UNION = 7
    INTERSECTION = 8
    SUM = 9
    PRODUCT = 10
    SIGN = 11
    POWER = 12
    POSTFIX = 13
    ATOM = 14


@dataclass(frozen=True, slots=True)
class Slot:
    """Where an expression goes, in parentheses if it is looser than `level`."""

    expr: Expr
    level: Level = Level.QUANTIFIED


@dataclass(frozen=True, slots=True)
class Break:
    """Where a long phrase goes on in a new line; `flat` stands there otherwise."""

    flat: str = " "
    outdent: bool = False


Piece: TypeAlias = str | Slot | Break


@dataclass(frozen=True, slots=True)
class Phrase:
    """What a node reads like, and how tightly it holds together."""

    level: Level
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Style:
    """How names are shown: locals without the number that makes them unique, unless it is needed.

    `versions` shows `s.x@2` for a variable that was assigned; without it every read is `s.x`.
    """

    versions: bool
    reserved: frozenset[str] = frozenset()
    locals: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def local(self, name: str) -> str:
        """The name shown for a local; another one for each local, in the order they are asked for."""
        if name not in self.locals:
            stem, dot, number = name.rpartition(".")
            base = shown(stem if dot and number.isdecimal() and stem else name)
            found, count = base, 1
            while found in self.taken or found in self.reserved:
                count += 1
                found = f"{base}.{count}"
            self.taken.add(found)
            self.locals[name] = found
        return self.locals[name]

    def variable(self, name: str, version: int) -> str:
        """A state variable as it is read or assigned."""
        return f"s.{shown(name)}@{version}" if self.versions and version else f"s.{shown(name)}"


def separated(items: Iterable[tuple[Piece, ...]]) -> tuple[Piece, ...]:
    """The items with commas between them, after which a line may break."""
    pieces: list[Piece] = []
    for number, item in enumerate(items):
        pieces += [",", Break(), *item] if number else item
    return tuple(pieces)
