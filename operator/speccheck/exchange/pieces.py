"""Pieces of TLA+ text, and how they are laid out on lines.

A `Doc` is a piece of a formula that is not yet on lines; `lines(doc, column)` lays it out. What fits is
written on one line; what does not is broken where its form says, and everything that belongs to a bullet of a
`/\\` or `\\/` list stands to the right of the bullet, because TLA+ reads such lists by their columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias, assert_never

WIDTH = 100
"""Characters a line, where that can be had."""

ATOM, OPERATION, RELATION, NEGATION, LIST, OPEN = 6, 5, 4, 3, 2, 1
"""How tightly a piece holds together, the tightest first; what holds less than its place needs gets parentheses."""

_BESIDE = 12
"""Columns that the left side of a comparison may take for a long right side to begin beside it."""

_FAR = 56
"""Columns after which a long piece starts on a line of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """A word."""

    text: str
    level: int = ATOM


@dataclass(frozen=True, slots=True, eq=False)
class Enclosed:
    """Items between brackets, separated by commas."""

    opening: str
    items: tuple[Doc, ...]
    closing: str
    level: int = ATOM


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """Pieces directly one after another."""

    parts: tuple[Doc, ...]
    level: int = ATOM


@dataclass(frozen=True, slots=True, eq=False)
class Infix:
    """Operands with the same operator between them."""

    operator: str
    items: tuple[Doc, ...]
    level: int


@dataclass(frozen=True, slots=True, eq=False)
class Bullets:
    r"""A list of conjuncts or disjuncts; `tall` keeps it from being written on one line."""

    operator: str
    items: tuple[Doc, ...]
    tall: bool = False
    level: int = LIST


@dataclass(frozen=True, slots=True, eq=False)
class Conditional:
    """IF … THEN … ELSE …"""

    condition: Doc
    then: Doc
    otherwise: Doc
    level: int = OPEN


@dataclass(frozen=True, slots=True, eq=False)
class Where:
    """LET … IN …; a definition is its head, and what it stands for (None for a RECURSIVE declaration)."""

    definitions: tuple[tuple[str, Doc | None], ...]
    body: Doc
    level: int = OPEN


@dataclass(frozen=True, slots=True, eq=False)
class Scoped:
    r"""`\E x \in S : body` and its like."""

    head: Doc
    body: Doc
    level: int = OPEN


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """CASE guard -> value [] …; the guard None is OTHER."""

    arms: tuple[tuple[Doc | None, Doc], ...]
    level: int = OPEN


Doc: TypeAlias = Text | Enclosed | Joined | Infix | Bullets | Conditional | Where | Scoped | Cases

TRUE = Text("TRUE")
FALSE = Text("FALSE")


def tight(doc: Doc, level: int) -> Doc:
    """The piece, in parentheses where it holds together less than `level`."""
    return doc if doc.level >= level else Enclosed("(", (doc,), ")")


def call(name: str, *args: Doc) -> Doc:
    """An operator applied to arguments; a mere name without any."""
    return Enclosed(f"{name}(", args, ")") if args else Text(name)


def applied(function: Doc, *args: Doc) -> Doc:
    """`f[x]`."""
    return Joined((tight(function, ATOM), Enclosed("[", args, "]")))


def infix(operator: str, *items: Doc, level: int = OPERATION) -> Doc:
    """Operands of an operator that binds like arithmetic; all but atoms in parentheses, chains of one operator bare."""
    first, *others = items
    match first:
        case Infix(same, inner) if same == operator and operator in _LEFT:
            return Infix(operator, (*inner, *(tight(each, ATOM) for each in others)), level)
        case _:
            return Infix(operator, tuple(tight(each, ATOM) for each in items), level)


_LEFT = frozenset({"+", "-", "*", r"\cup", r"\cap", r"\o"})


def relation(operator: str, left: Doc, right: Doc) -> Doc:
    """A comparison."""
    return Infix(operator, (tight(left, OPERATION), tight(right, OPERATION)), RELATION)


def conjunction(items: Iterable[Doc], *, tall: bool = False) -> Doc:
    r"""All of them, as a list of `/\`; TRUE where there are none."""
    return _bullets("/\\", items, TRUE, tall=tall)


def disjunction(items: Iterable[Doc], *, tall: bool = False) -> Doc:
    r"""Any of them, as a list of `\/`; FALSE where there are none."""
    return _bullets("\\/", items, FALSE, tall=tall)


def _bullets(operator: str, items: Iterable[Doc], none: Doc, *, tall: bool) -> Doc:
    flat: list[Doc] = []
    for each in items:
        match each:
            case Bullets(same, inner) if same == operator:
                flat.extend(inner)
            case _:
                flat.append(each)
    match flat:
        case []:
            return none
        case [only]:
            return only
        case _:
            return Bullets(operator, tuple(flat), tall)


def where(definitions: Iterable[tuple[str, Doc | None]], body: Doc) -> Doc:
    """The body with definitions, one list of them where the body has some itself."""
    given = tuple(definitions)
    match body:
        case _ if not given:
            return body
        case Where(inner, rest):
            return Where((*given, *inner), rest)
        case _:
            return Where(given, body)


# --- on lines --------------------------------------------------------------------------------------


def lines(doc: Doc, column: int) -> list[str]:
    """The piece on lines. The first starts at a column and is given without what is left of it; the others in full."""
    page = _Page(column)
    page.put(doc)
    return [page.lines[0][column:], *page.lines[1:]]


def flat(doc: Doc) -> str | None:
    """The piece on one line, None where it is too long or does not want to be."""
    return _Page(0).flat(doc)


class _Page:
    def __init__(self, column: int) -> None:
        self.lines = [" " * column]
        self._flat: dict[int, tuple[Doc, str | None]] = {}

    @property
    def column(self) -> int:
        return len(self.lines[-1])

    def write(self, text: str) -> None:
        self.lines[-1] += text

    def turn(self, column: int) -> None:
        """Go on in a new line."""
        self.lines[-1] = self.lines[-1].rstrip()
        self.lines.append(" " * column)

    def put(self, doc: Doc, *, bullet: bool = False) -> None:
        text = self.flat(doc)
        if text is not None and self.column + len(text) <= WIDTH:
            self.write(f"({text})" if bullet and isinstance(doc, Bullets) else text)
        else:
            self._broken(doc)

    def flat(self, doc: Doc) -> str | None:
        if id(doc) not in self._flat:
            text = self._flatly(doc)
            kept = None if text is None or len(text) > WIDTH else text
            self._flat[id(doc)] = doc, kept  # with the piece, so that its id stays its own
        return self._flat[id(doc)][1]

    def _flatly(self, doc: Doc) -> str | None:
        match doc:
            case Text(text):
                return text
            case Enclosed(opening, items, closing):
                inner = self._flats(items, ", ")
                return None if inner is None else f"{opening}{_padded(inner, opening)}{closing}"
            case Joined(parts):
                return self._flats(parts, "")
            case Infix(operator, items):
                return self._flats(items, operator if operator == ".." else f" {operator} ")
            case Bullets(operator, items, tall):
                return None if tall else self._flats([tight(each, NEGATION) for each in items], f" {operator} ")
            case Conditional(condition, then, otherwise):
                return self._worded(("IF ", condition), (" THEN ", then), (" ELSE ", otherwise))
            case Where(definitions, body):
                heads = [("LET " if n == 0 else " ", head, value) for n, (head, value) in enumerate(definitions)]
                given = [
                    (f"{word}{head}" + (" == " if value else ""), value or Text("")) for word, head, value in heads
                ]
                return self._worded(*given, (" IN ", body))
            case Scoped(head, body):
                return self._worded(("", head), (" : ", body))
            case Cases(arms):
                guards = [("CASE " if n == 0 else " [] ", guard or Text("OTHER")) for n, (guard, _) in enumerate(arms)]
                pairs = zip(guards, arms, strict=True)
                return self._worded(*(each for guard, arm in pairs for each in (guard, (" -> ", arm[1]))))
            case _:
                assert_never(doc)

    def _flats(self, docs: Iterable[Doc], between: str) -> str | None:
        return self._worded(*((between if n else "", doc) for n, doc in enumerate(docs)))

    def _worded(self, *pairs: tuple[str, Doc]) -> str | None:
        """Words and pieces one after another; None as soon as that is too long."""
        found: list[str] = []
        length = 0
        for word, doc in pairs:
            text = self.flat(doc)
            if text is None:
                return None
            found += [word, text]
            length += len(word) + len(text)
            if length > WIDTH:
                return None
        return "".join(found)

    def _broken(self, doc: Doc) -> None:
        start = self.column
        match doc:
            case Text(text):
                self.write(text)
            case Enclosed(opening, items, closing):
                self._enclosed(opening, items, closing, start)
            case Joined(parts):
                for part in parts:
                    self.put(part)
            case Infix(operator, items, level):
                self._infix(operator, items, start, beside=level in (RELATION, 0))
            case Bullets(operator, items):
                for n, each in enumerate(items):
                    if n:
                        self.turn(start)
                    self.write(f"{operator} ")
                    self.put(each, bullet=True)
            case Conditional(condition, then, otherwise):
                self._word("IF ", condition)
                self.turn(start + 2)
                self._word("THEN ", then)
                self.turn(start + 2)
                self._word("ELSE ", otherwise)
            case Where(definitions, body):
                self._where(definitions, body, start)
            case Scoped(head, body):
                self.put(head)
                self.write(" :")
                self.turn(start + 2)
                self.put(body)
            case Cases(arms):
                for n, (guard, value) in enumerate(arms):
                    if n:
                        self.turn(start + 2)
                    self._word("CASE " if n == 0 else "[] ", guard or Text("OTHER"))
                    self._word(" -> ", value)
            case _:
                assert_never(doc)

    def _word(self, word: str, doc: Doc) -> None:
        self.write(word)
        self.put(doc)

    def _enclosed(self, opening: str, items: tuple[Doc, ...], closing: str, start: int) -> None:
        self.write(opening + (" " if _wide(opening) and items else ""))
        if opening not in _CLOSE and (self.column - start > 12 or self.column > _FAR):
            self.turn(start + 4)
        aligned = self.column
        words = all(isinstance(each, Text) for each in items)
        for n, each in enumerate(items):
            if n:
                self.write(",")
                if words and self.column + len(self.flat(each) or "") < WIDTH - 2:
                    self.write(" ")
                else:
                    self.turn(aligned)
            self.put(each)
        self.write((" " if _wide(opening) and items else "") + closing)

    def _infix(self, operator: str, items: tuple[Doc, ...], start: int, *, beside: bool) -> None:
        self.put(items[0])
        for each in items[1:]:
            if beside and self.column - start <= _BESIDE:
                self._word(f" {operator} ", each)
            elif beside and self.column <= _FAR:
                self.write(f" {operator}")
                self._value(each, start + 4)
            else:
                self.turn(start + 2)
                self._word(f"{operator} ", each)

    def _where(self, definitions: tuple[tuple[str, Doc | None], ...], body: Doc, start: int) -> None:
        self.write("LET ")
        for n, (head, value) in enumerate(definitions):
            if n:
                self.turn(start + 4)
            self.write(head)
            if value is not None:
                self.write(" ==")
                self._value(value, start + 8)
        self.turn(start)
        self._word("IN  ", body)

    def _value(self, value: Doc, column: int) -> None:
        """What a definition stands for: beside its head where it fits there, else below it."""
        text = self.flat(value)
        if text is not None and self.column + 1 + len(text) <= WIDTH:
            self.write(f" {text}")
        else:
            self.turn(column)
            self.put(value)


def _headed(word: str, head: str, value: Doc | None) -> tuple[str, Doc]:
    return (f"{word}{head}", Text("")) if value is None else (f"{word}{head} == ", value)


_CLOSE = frozenset({"(", "["})
"""Brackets after which no line ends."""


def _wide(opening: str) -> bool:
    return opening in {"{"}


def _padded(inner: str, opening: str) -> str:
    return f" {inner} " if _wide(opening) and " : " in inner else inner
