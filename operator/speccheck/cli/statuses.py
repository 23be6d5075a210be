"""Exit statuses: what a command that has answered says to the shell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from speccheck.reports import PropertyResult, Report, Verdict

FINE = 0
"""Nothing wrong; the output says within which bound."""

VIOLATED = 1
"""A property is violated."""

FOUND = 2
"""Every property asked for by name is an example, and all were found."""

UNDECIDED = 3
"""Something is not decided: a limit was reached, or the run was interrupted."""

SPEC_WRONG = 4
"""The specification is wrong: it cannot be captured, or an expression has no value."""

FAILED = 5
"""There is no answer for another reason: usage, a missing file, the environment, a fault of speccheck."""

_WORST_FIRST = (FAILED, SPEC_WRONG, VIOLATED, UNDECIDED, FINE)


def exit_status(reports: Sequence[Report], asked: Sequence[str] = ()) -> int:
    """The status for some reports; `asked` are the properties that were asked for by name."""
    results = [result for report in reports for result in report.properties]
    status = worst_status([verdict_status(result.verdict) for result in results])
    return FOUND if status == FINE and asked and _all_found(results, asked) else status


def worst_status(statuses: Sequence[int]) -> int:
    """The worst of some statuses; FINE for none."""
    return min(statuses, key=_WORST_FIRST.index, default=FINE)


def verdict_status(verdict: Verdict) -> int:
    """The status for one verdict."""
    match verdict:
        case Verdict.HOLDS | Verdict.HOLDS_WITHIN_BOUND:
            return FINE
        case Verdict.VIOLATED:
            return VIOLATED
        case Verdict.UNKNOWN:
            return UNDECIDED
        case Verdict.ERROR:
            return SPEC_WRONG
        case _:
            assert_never(verdict)


def _all_found(results: Sequence[PropertyResult], asked: Sequence[str]) -> bool:
    named = [result for result in results if result.name in asked]
    return all(result.kind == "example" and result.verdict is Verdict.HOLDS for result in named)
