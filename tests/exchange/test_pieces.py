"""Formulas on lines: parentheses where they are needed, lists that TLA+ reads by their columns."""

from __future__ import annotations

import pytest

from speccheck.exchange.pieces import (
    Conditional,
    Doc,
    Enclosed,
    Scoped,
    Text,
    call,
    conjunction,
    disjunction,
    flat,
    infix,
    lines,
    relation,
    tight,
    where,
)

A, B, C = Text("a"), Text("b"), Text("c")
LONG = Text("x" * 60)


def test_chains_of_one_operator_need_no_parentheses_on_the_left_alone() -> None:
    assert flat(infix("-", infix("-", A, B), C)) == "a - b - c"
    assert flat(infix("-", A, infix("-", B, C))) == "a - (b - c)"
    assert flat(infix("+", infix("-", A, B), C)) == "(a - b) + c"
    assert flat(infix("..", A, infix("-", B, C))) == "a..(b - c)"


def test_lists_inside_lists_are_in_parentheses_on_one_line() -> None:
    assert flat(conjunction([disjunction([A, B]), C])) == "(a \\/ b) /\\ c"
    assert flat(conjunction([conjunction([A, B]), C])) == "a /\\ b /\\ c"
    assert flat(conjunction([])) == "TRUE"
    assert flat(disjunction([])) == "FALSE"
    assert flat(disjunction([A])) == "a"


def test_what_reaches_as_far_as_it_can_is_in_parentheses() -> None:
    either = Conditional(A, B, C)
    assert flat(relation("=", either, A)) == "(IF a THEN b ELSE c) = a"
    assert flat(conjunction([either, A])) == "(IF a THEN b ELSE c) /\\ a"
    assert flat(call("F", either, A)) == "F(IF a THEN b ELSE c, a)"


@pytest.mark.parametrize(
    ("doc", "expected"),
    [
        (conjunction([A, disjunction([B, C], tall=True)], tall=True), ["/\\ a", "/\\ \\/ b", "   \\/ c"]),
        (Conditional(LONG, LONG, A), [f"IF {'x' * 60}", f"  THEN {'x' * 60}", "  ELSE a"]),
        (where([("v", LONG)], LONG), [f"LET v == {'x' * 60}", f"IN  {'x' * 60}"]),
        (Scoped(Text("\\E x \\in S"), conjunction([A, B], tall=True)), ["\\E x \\in S :", "  /\\ a", "  /\\ b"]),
        (relation("=", LONG, LONG), ["x" * 60, f"  = {'x' * 60}"]),
    ],
)
def test_what_does_not_fit_is_broken_where_its_form_says(doc: Doc, expected: list[str]) -> None:
    assert lines(doc, 0) == expected


def test_bullets_keep_their_column_wherever_they_start() -> None:
    assert lines(conjunction([A, B], tall=True), 7) == ["/\\ a", "       /\\ b"]


def test_definitions_one_after_another_are_one_list() -> None:
    assert flat(where([("v", A)], where([("w", B)], C))) == "LET v == a w == b IN c"


def test_pieces_made_in_passing_are_not_taken_for_one_another() -> None:
    """Parentheses are made while lines are laid out; none may be remembered under another piece's identity."""
    arms = [conjunction([Text(f"left{n}"), disjunction([Text(f"p{n}"), Text(f"q{n}")])]) for n in range(60)]
    text = "\n".join(lines(disjunction(arms, tall=True), 0))
    assert all(f"left{n} /\\ (p{n} \\/ q{n})" in text for n in range(60))


def test_words_fill_their_lines() -> None:
    found = lines(Enclosed("<<", tuple(Text(f"word{n}") for n in range(30)), ">>"), 0)
    assert len(found) == 3
    assert all(len(line) <= 100 for line in found)


def test_tightness() -> None:
    assert flat(tight(A, 6)) == "a"
    assert flat(tight(infix("+", A, B), 6)) == "(a + b)"
