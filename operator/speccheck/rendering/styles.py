"""Lines of styled text, and their writing with or without terminal colours.

A style never carries meaning alone: whatever is coloured also says so in words or signs. Text is
made harmless for terminals here, once, whatever it came from.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from speccheck.rendering.values import printable

Style: TypeAlias = Literal["plain", "bold", "dim", "good", "bad", "warning", "name"]

_SGR: dict[Style, str] = {
    "plain": "",
    "bold": "1",
    "dim": "2",
    "good": "32",
    "bad": "31",
    "warning": "33",
    "name": "36",
}


@dataclass(frozen=True, slots=True)
class Fragment:
    """Some text in one style; without line ends."""

    text: str
    style: Style = "plain"


Line: TypeAlias = tuple[Fragment, ...]

EMPTY: Line = ()


def line(*parts: str | tuple[str, Style]) -> Line:
    """A line of plain strings and of pairs of text and style."""
    return tuple(Fragment(part) if isinstance(part, str) else Fragment(*part) for part in parts)


def indented(lines: Iterable[Line], by: int) -> list[Line]:
    """The lines moved to the right; empty ones stay empty."""
    return [(Fragment(" " * by), *each) if each else each for each in lines]


def paragraph(text: str, width: int, style: Style = "plain") -> list[Line]:
    """Prose over lines of at most `width` characters; blank lines in it stay."""
    lines: list[Line] = []
    for block in textwrap.dedent(text).strip().split("\n\n"):
        if lines:
            lines.append(EMPTY)
        lines += [line((each, style)) for each in textwrap.wrap(" ".join(block.split()), max(width, 20))]
    return lines


def render(lines: Iterable[Line], *, color: bool) -> str:
    """The lines as one text, each ended by a line end."""
    return "".join("".join(_fragment(each, color) for each in one).rstrip() + "\n" for one in lines)


def _fragment(fragment: Fragment, color: bool) -> str:
    text = printable(fragment.text)
    code = _SGR[fragment.style]
    return f"\x1b[{code}m{text}\x1b[0m" if color and code and text.strip() else text
