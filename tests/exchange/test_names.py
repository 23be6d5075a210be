"""Names that TLA+ takes, each given out once."""

from __future__ import annotations

import pytest

from speccheck.exchange.names import Names, fitting, hint


@pytest.mark.parametrize(
    ("wish", "name"),
    [
        ("count", "count"),
        ("_template", "template"),
        ("_", "any"),
        ("2nd", "n2nd"),
        ("a.b c", "a_b_c"),
        ("THEN", "THEN_"),
        ("SF_x", "SF_x_"),
        ("é", "u00e9"),
    ],
)
def test_the_nearest_identifier(wish: str, name: str) -> None:
    assert fitting(wish) == name


def test_a_name_is_given_out_once_and_none_of_the_standard_modules() -> None:
    names = Names(("x",))
    assert [names.fresh("x"), names.fresh("y"), names.fresh("y"), names.fresh("Seq")] == [
        "x__2",
        "y",
        "y__2",
        "Seq__2",
    ]


def test_what_is_bound_inside_is_neither_taken_outside_nor_takes_from_there() -> None:
    names = Names()
    names.leave(["item"])
    names.claim("step")
    inside = names.inside()
    assert (inside.fresh("item"), inside.fresh("item"), inside.fresh("step")) == ("item", "item_2", "step_2")
    assert names.fresh("item") == "item__2"
    assert names.claim("item") == "item"


def test_a_hint_is_what_the_author_wrote() -> None:
    assert [hint(name) for name in ("rm", "rm.12", "a.b", ".3")] == ["rm", "rm", "a.b", ".3"]
