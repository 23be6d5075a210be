"""Verdicts in words: the sign, the short answer on one line, and the way out of an open one."""

from __future__ import annotations

from typing import assert_never

from speccheck.rendering.styles import Style
from speccheck.reports import REASONS, Bounds, Path, PropertyResult, Report, Verdict

_LONGER = (
    "bound the depth (--max-steps), check a smaller instance, or look for a quick violation with `speccheck simulate`"
)
_WAYS_OUT = {
    "Timeout": f"give it longer (--timeout), {_LONGER}",
    "MemoryLimit": f"allow more (--memory), {_LONGER}",
    "BoundReached": "raise --max-steps, or leave it out to visit every reachable state",
    "InfiniteChoice": "take random walks instead (speccheck simulate), or choose from a finite set, Interval(lo, hi)",
    "TooLarge": "choose from a smaller set, or give the instance smaller parameters",
    "FailFast": "leave out --fail-fast",
    "NoInitialState": "loosen what the initial actions assume, or give the instance other parameters",
    "Interrupted": "let it run to its end, or bound it with --timeout or --max-steps",
}
_WALKS_WAY_OUT = "visit every state with `speccheck check`; more --walks only make it likelier that something is found"


def sign(verdict: Verdict) -> str:
    """One character for a verdict; it stands beside the word, never instead of it."""
    match verdict:
        case Verdict.HOLDS | Verdict.HOLDS_WITHIN_BOUND:
            return "✓"
        case Verdict.VIOLATED:
            return "✗"
        case Verdict.UNKNOWN:
            return "?"
        case Verdict.ERROR:
            return "!"
        case _:
            assert_never(verdict)


def style(verdict: Verdict) -> Style:
    """The colour of a verdict."""
    match verdict:
        case Verdict.HOLDS | Verdict.HOLDS_WITHIN_BOUND:
            return "good"
        case Verdict.VIOLATED | Verdict.ERROR:
            return "bad"
        case Verdict.UNKNOWN:
            return "warning"
        case _:
            assert_never(verdict)


def answer(result: PropertyResult, bounds: Bounds) -> str:
    """The verdict on a property in a few words."""
    match result.verdict:
        case Verdict.HOLDS:
            return f"Holds: found after {_steps_of(result)}" if result.kind == "example" and result.path else "Holds"
        case Verdict.HOLDS_WITHIN_BOUND:
            return f"Holds within {bound_text(bounds)}"
        case Verdict.VIOLATED if result.path is None:
            return "Violated: no reachable state satisfies it" if result.kind == "example" else "Violated"
        case Verdict.VIOLATED:
            return f"Violated after {_steps_of(result)}"
        case Verdict.UNKNOWN:
            return f"Unknown: {_why_open(result)}"
        case Verdict.ERROR:
            return f"Error after {_steps_of(result)}" if result.path else "Error"
        case _:
            assert_never(result.verdict)


def _why_open(result: PropertyResult) -> str:
    if result.kind == "temporal" and result.message:
        return result.message
    if result.reason == "Sampled":
        return "no random walk found it" if result.kind == "example" else "no random walk broke it, another might"
    return REASONS.get(result.reason) or result.message or result.reason


def bound_text(bounds: Bounds) -> str:
    """The bound that was asked for, in words."""
    depth = "" if bounds.max_steps is None else steps(bounds.max_steps)
    walks = "" if bounds.walks is None else counted(bounds.walks, "random walk")
    if walks and depth:
        return f"{walks} of up to {depth}"
    return walks or depth or "the bound asked for"


def beyond(report: Report) -> str:
    """What an answer within a bound leaves open."""
    if report.bounds.walks is not None:
        return f"Only {bound_text(report.bounds)} were taken; other behaviours were not looked at."
    return f"Only states within {bound_text(report.bounds)} of an initial state were visited; nothing deeper was."


def way_out(reason: str, bounds: Bounds) -> str:
    """What to do about an open answer; empty where there is nothing to add."""
    sampled = bounds.walks is not None and reason in ("Sampled", "BoundReached")
    return _WALKS_WAY_OUT if sampled else _WAYS_OUT.get(reason, "")


def _steps_of(result: PropertyResult) -> str:
    if result.path and result.path.loop is not None:
        return _lasso(result.path)
    return "0 steps, in an initial state" if result.path and not result.path.depth else steps(_depth(result))


def _lasso(path: Path) -> str:
    """Where a lasso's loop begins, and how long it is."""
    begins, length = path.loop or 0, path.depth - (path.loop or 0)
    told = "standing still" if not length else f"repeating {counted(length, 'step')}"
    return f"{steps(begins)}, {told} for ever"


def _depth(result: PropertyResult) -> int:
    return result.path.depth if result.path else 0


def steps(n: int) -> str:
    """A number of steps, in words."""
    return counted(n, "step")


def counted(n: int, noun: str) -> str:
    """`1 step`, `2 steps`, `1,234 steps`."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
