"""How large a Model may be before it is refused. Real models stay far below; hostile ones do not.

Everything that walks a Model may rely on these once `ir.json` or `ir.verify` has let it through.
"""

from __future__ import annotations

MAX_BYTES = 64 * 1024 * 1024
"""Size of a Model's JSON form, in bytes, unless the caller allows another."""

MAX_EXPRESSION_DEPTH = 1_000
"""How deep expressions nest; the graph below one node counts by its longest way down."""

MAX_BLOCK_DEPTH = 100
"""How deep blocks of statements nest."""

MAX_FORMULA_DEPTH = 100
"""How deep temporal operators nest."""

MAX_FORMULA_SIZE = 20_000
"""How many operators a temporal property is made of, written out in full."""

MAX_TYPE_DEPTH = 64
"""How deep types nest, and with them values."""

MAX_TYPE_SIZE = 10_000
"""How many types a type is made of, written out in full."""

MAX_NAME_LENGTH = 256
"""Characters of a name."""

MAX_DIGITS = 400_000
"""Decimal digits of an integer in JSON; more than an evaluated integer can have (`ops.MAX_BITS`)."""

MAX_WORK = 10_000_000
"""Steps that verifying scopes may take: nodes visited and names carried along."""
