"""Kubernetes quantities (`500m`, `1Gi`) as exact numbers, so that they can be compared. Text in, Decimal out."""

from __future__ import annotations

import re
from decimal import Decimal

from speccheck.errors import UsageError

QUANTITY = r"[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?"
"""The accepted form, as the resource's schema has it (a regular expression without anchors)."""

_SCALE = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
}


def amount_of(text: str) -> Decimal:
    """The number a quantity stands for, in its resource's base unit (cores, bytes); UsageError for any other form."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z]*)", text)
    if match is None or match[2] not in _SCALE:
        raise UsageError(f"{text!r} is not a quantity; write for example 500m, 2, 512Mi or 1Gi")
    return Decimal(match[1]) * _SCALE[match[2]]
