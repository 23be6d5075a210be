"""Coverage functions in a Model: kept by its forms, verified like properties, of any type."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.ir.models import COUNT, counter, num, op

from speccheck.errors import ModelError
from speccheck.ir.json import model_digest, model_from_json, model_to_json
from speccheck.ir.models import Coverage
from speccheck.ir.nodes import Local, Read
from speccheck.ir.text import model_text
from speccheck.ir.types import BOOL, INT
from speccheck.ir.verify import verify

PARITY = Coverage("parity", op("mod", COUNT, num(2)), "Odd or even.")
COVERED = replace(counter(), coverages=(PARITY,))


def test_it_is_kept_by_the_json_form() -> None:
    verify(COVERED)
    again = model_from_json(model_to_json(COVERED))
    verify(again)
    assert model_text(again) == model_text(COVERED)
    assert [(each.name, each.doc, each.body.type) for each in again.coverages] == [("parity", "Odd or even.", INT)]
    assert model_digest(again) == model_digest(COVERED) != model_digest(counter())


def test_it_is_in_the_text() -> None:
    assert "coverage parity\n  # Odd or even.\n  s.count % 2\n" in model_text(COVERED)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Read(INT, "count", 1), "is read in a coverage function"),
        (Read(BOOL, "count", 0), "should be int, not bool"),
        (Local(INT, "x"), "local x is not bound"),
    ],
)
def test_what_is_not_well_formed_is_refused(wrong: Read | Local, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        verify(replace(counter(), coverages=(Coverage("c", wrong),)))


def test_a_name_is_given_once() -> None:
    with pytest.raises(ModelError, match="coverage parity is there twice"):
        verify(replace(counter(), coverages=(PARITY, PARITY)))
