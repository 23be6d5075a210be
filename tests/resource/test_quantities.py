"""Quantities."""

from decimal import Decimal

import pytest

from speccheck.errors import UsageError
from speccheck.resource.quantities import amount_of


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("500m", Decimal("0.5")),
        ("2", Decimal(2)),
        ("0.1", Decimal("0.1")),
        ("1Gi", Decimal(2**30)),
        ("1G", Decimal(10**9)),
        ("64Mi", Decimal(64 * 2**20)),
    ],
)
def test_amounts(text: str, amount: Decimal) -> None:
    assert amount_of(text) == amount


@pytest.mark.parametrize("text", ["", "Gi", "1Gx", "-1", "1 Gi", "1gi", "1e3", "1\n"])
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a quantity; write for example 500m, 2, 512Mi or 1Gi"):
        amount_of(text)
