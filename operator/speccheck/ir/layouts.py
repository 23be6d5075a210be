"""From phrases to lines: flat and cut at a length, or broken where a line would grow too long.

Every walk here keeps its own stack, so neither depth nor sharing in a graph of expressions costs more
than its size: what several parents share and is long is given a short name, an abbreviation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from speccheck.ir.nodes import Const, Expr, Local, Param, Read, children
from speccheck.ir.phrases import expression
from speccheck.ir.pieces import Break, Level, Piece, Slot, Style
from speccheck.ir.walks import bottom_up

WIDTH = 110
"""Columns after which a line is broken."""

_INDENT = 4
_SHORT = 40
"""Characters up to which a shared expression is written out each time."""


def flat(pieces: Iterable[Piece], style: Style, limit: int) -> str:
    """The pieces on one line of at most `limit` characters, cut with … where there is more."""
    out: list[str] = []
    length = 0
    stack = list(reversed(tuple(pieces)))
    while stack and length <= limit:
        match stack.pop():
            case str(text) | Break(text):
                out.append(text)
                length += len(text)
            case Slot(expr, level):
                stack.extend(reversed(_filled(expr, level, style)))
    text = "".join(out)
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"


def _filled(expr: Expr, level: Level, style: Style) -> tuple[Piece, ...]:
    phrase = expression(expr, style)
    return phrase.pieces if phrase.level >= level else ("(", *phrase.pieces, ")")


class Layout:
    """The expressions of one definition, in lines; shared long ones abbreviated as `%1`, `%2` and so on."""

    def __init__(self, style: Style, roots: Iterable[Expr]) -> None:
        self._style = style
        self._lengths: dict[int, int] = {}
        self._short: dict[int, str] = {}
        self._seen: set[int] = set()
        self._uses = _uses(roots)

    def abbreviated(self, roots: Iterable[Expr]) -> list[tuple[str, Expr]]:
        """The abbreviations first needed for these expressions, each after those it uses itself."""
        found: list[tuple[str, Expr]] = []
        for node in bottom_up(roots, self._seen):
            length = sum(map(self._length, _filled(node, Level.QUANTIFIED, self._style)))
            self._lengths[id(node)] = length
            if self._uses[id(node)] > 1 and length > _SHORT and not isinstance(node, Const | Param | Read | Local):
                name = f"%{len(self._short) + 1}"
                self._short[id(node)] = name
                found.append((name, node))
        return found

    def _length(self, piece: Piece) -> int:
        match piece:
            case str(text) | Break(text):
                return len(text)
            case Slot(expr, level):
                if id(expr) in self._short:
                    return len(self._short[id(expr)])
                return self._lengths[id(expr)] + 2 * (expression(expr, self._style).level < level)

    def whole(self, expr: Expr) -> tuple[Piece, ...]:
        """The pieces of an expression itself, even where it has an abbreviation."""
        return expression(expr, self._style).pieces

    def fits(self, pieces: tuple[Piece, ...], indent: int) -> bool:
        """Whether the pieces go on one line from column `indent` on."""
        return indent + sum(map(self._length, pieces)) <= WIDTH

    def lines(self, pieces: tuple[Piece, ...], indent: int) -> str:
        """The pieces from column `indent` on, over as many lines as it takes to keep to the width."""
        out, column = [" " * indent], indent
        stack = _pushed(pieces, indent, self.fits(pieces, indent))
        while stack:
            piece, group = stack.pop()
            match piece:
                case Break(_, outdent) if not group.fits:
                    column = group.breaks - _INDENT if outdent else group.breaks
                    out.append("\n" + " " * column)
                case str(text) | Break(text):
                    out.append(text)
                    column += len(text)
                case Slot(expr) if id(expr) in self._short:
                    out.append(self._short[id(expr)])
                    column += len(self._short[id(expr)])
                case Slot(expr, level):
                    inner = _filled(expr, level, self._style)
                    fits = group.fits or column + sum(map(self._length, inner)) <= WIDTH
                    stack += _pushed(inner, group.below, fits)
        return "".join(out)


class _Group(NamedTuple):
    """The pieces of one phrase: whether they fit in the line, and where else they and those below them go on."""

    fits: bool
    breaks: int
    below: int


def _pushed(pieces: tuple[Piece, ...], column: int, fits: bool) -> list[tuple[Piece, _Group]]:
    breaking = any(isinstance(piece, Break) for piece in pieces)
    group = _Group(fits, column + _INDENT, column + _INDENT * breaking)
    return [(piece, group) for piece in reversed(pieces)]


def _uses(roots: Iterable[Expr]) -> Counter[int]:
    roots = tuple(roots)
    uses = Counter(map(id, roots))
    for node in bottom_up(roots, set()):
        uses.update(map(id, children(node)))
    return uses
