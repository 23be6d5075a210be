"""Lines of styled text."""

from __future__ import annotations

from speccheck.rendering.styles import EMPTY, indented, line, paragraph, render


def test_without_colours_only_the_text_is_left() -> None:
    assert render([line("a ", ("b", "bad"), " "), EMPTY], color=False) == "a b\n\n"


def test_colours_are_ended_where_they_end() -> None:
    assert render([line(("b", "bad"), "c")], color=True) == "\x1b[31mb\x1b[0mc\n"


def test_what_cannot_be_printed_is_escaped_in_every_style() -> None:
    assert render([line("\x1b[2J", ("a\nb", "good"))], color=False) == "\\x1b[2Ja\\nb\n"


def test_empty_lines_are_not_indented() -> None:
    assert render(indented([line("a"), EMPTY], 2), color=False) == "  a\n\n"


def test_prose_is_wrapped_and_keeps_its_paragraphs() -> None:
    text = render(paragraph("one two three four five six\n\nseven", 20), color=False)
    assert text == "one two three four\nfive six\n\nseven\n"
