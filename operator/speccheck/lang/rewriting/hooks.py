"""`__speccheck__`: the name under which a rewritten module finds what its operators and statements do."""

from __future__ import annotations

import sys
from typing import Any

from speccheck.errors import SpecError
from speccheck.lang.binders import each
from speccheck.lang.builders import Left
from speccheck.lang.exprs import TEXT_HINT, TEXT_MESSAGE, Expr
from speccheck.lang.orders import ordered
from speccheck.lang.rewriting import aggregates, callables, logic, matching
from speccheck.lang.rewriting.branchings import Flow, in_branch
from speccheck.lang.rewriting.unmerged import Unmerged, used
from speccheck.lang.spans import recorded_count, spec_error


class Attempt:
    """A `try` that is being run."""

    __slots__ = ("caught", "count")

    def __init__(self, count: int) -> None:
        self.count = count
        self.caught = False


class Hooks:
    """What rewritten code calls."""

    and_ = staticmethod(logic.and_)
    or_ = staticmethod(logic.or_)
    not_ = staticmethod(logic.not_)
    if_else = staticmethod(logic.if_else)
    chain = staticmethod(logic.chain)
    contains = staticmethod(logic.contains)
    equal = staticmethod(logic.equal)
    unequal = staticmethod(logic.unequal)
    is_ = staticmethod(logic.is_)
    bitwise = staticmethod(logic.bitwise)
    each = staticmethod(each)
    ordered = staticmethod(ordered)
    spread = staticmethod(callables.spread)
    callee = staticmethod(callables.callee)
    effect = staticmethod(callables.effect)
    discarded = staticmethod(callables.discarded)
    environ = staticmethod(callables.environ)
    set_of = staticmethod(aggregates.set_of)
    list_of = staticmethod(aggregates.list_of)
    dict_of = staticmethod(aggregates.dict_of)
    set_display = staticmethod(aggregates.set_display)
    dict_display = staticmethod(aggregates.dict_display)
    subject = staticmethod(matching.subject)
    Anything = matching.Anything
    Equal = matching.Equal
    Either = matching.Either
    Named = matching.Named
    Sequence = matching.Sequence
    OfClass = matching.OfClass
    Other = matching.Other
    Flow = Flow
    Left = Left

    @staticmethod
    def refuse(value: Any, form: str) -> Any:
        """The value itself; SpecError where it is an expression, which the form is not for."""
        if isinstance(value, Expr):
            code, message, hint = _FORMS[form]
            raise spec_error(code, message, hint)
        return value

    @staticmethod
    def loopvar(value: Any, then: Any, name: str) -> bool:
        """Refuse a lambda that is called when its loop variable has gone on."""
        if value is not then and not isinstance(value, Unmerged):
            raise spec_error(
                "late-binding",
                f"a lambda made in a loop over {name!r} is called when {name!r} has gone on: it would see the last one",
                f"bind it: lambda x, {name}={name}: …; or call the lambda in the loop",
            )
        return False

    @staticmethod
    def taken(entered: Any) -> bool:
        """Whether the body of a `with` is run: not where a concrete execution has chosen another branch."""
        return bool(getattr(entered, "__speccheck_taken__", True))

    @staticmethod
    def block(entered: Any, names: tuple[str, ...]) -> tuple[Any, ...] | None:
        """The locals before a branch's body; None where the `with` is not on a branch."""
        if not getattr(entered, "__speccheck_branch__", False):
            return None
        found = sys._getframe(1).f_locals
        return tuple(found.get(name, ...) for name in names)

    @staticmethod
    def after_block(before: tuple[Any, ...], names: tuple[str, ...]) -> tuple[Any, ...]:
        """The locals after a branch's body: those that it has bound depend on the branch taken."""
        found = sys._getframe(1).f_locals
        return tuple(_after(name, old, found.get(name, ...)) for name, old in zip(names, before, strict=True))

    @staticmethod
    def within(form: str, *branchings: Any) -> None:
        """Refuse a form that stands under an `if` on an expression."""
        if any(branching.symbolic for branching in branchings):
            raise in_branch(form)

    @staticmethod
    def trying() -> Attempt:
        """The beginning of a `try`."""
        return Attempt(recorded_count())

    @staticmethod
    def caught(attempt: Attempt) -> None:
        """A handler of a `try` is run."""
        attempt.caught = True
        error = sys.exc_info()[1]
        if isinstance(error, SpecError):
            raise error

    @staticmethod
    def tried(attempt: Attempt) -> None:
        """The end of a `try`: no expression may have been made in it, whose error would not be caught."""
        if not attempt.caught and sys.exc_info()[1] is None and recorded_count() != attempt.count:
            raise spec_error(
                "try-expression",
                "`try` around expressions: they are evaluated later, and no `except` will see how",
                "ask before: `m[k] if k in m else d`; an expression without a value is the verdict Error",
            )

    used = staticmethod(used)


_FORMS = {
    "while": (
        "while-expression",
        "`while` on an expression: how often it would run is not known while the specification is captured",
        "a step that repeats is several steps; over elements fold: S.reduce(lambda acc, x: …, start)",
    ),
    "text": ("text-of-expression", TEXT_MESSAGE, TEXT_HINT),
    "assert": (
        "assert-expression",
        "`assert` on an expression: its value is not known while the specification is captured",
        "what must always hold is an @invariant; what a step needs is c.assume(p)",
    ),
    "walrus": (
        "walrus-expression",
        "`:=` of an expression",
        "bind it on a line of its own: x = …",
    ),
    "match": (
        "match-expression",
        "`match` on an expression, with a guard that holds `:=`, `yield` or `await`: it is left to Python",
        "write the guard without them",
    ),
}


def _after(name: str, before: Any, now: Any) -> Any:
    if now is before and now is not ...:
        return now
    return Unmerged(
        "bound-in-branch",
        f"{name!r} is bound inside a branch and used after it: it would not be the value of the branch taken",
        "assign a state variable in the branches, or write Ite(condition, a, b)",
    )


HOOKS = Hooks()
"""The one value of the name."""
