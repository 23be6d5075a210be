"""What an exception of Python means that an author's code let out, and the spelling that works.

Takes the exception and the place it came from; gives the SpecError to show. Misspelt names get the nearest one that
exists there; calls of the vocabulary with the wrong arguments get the right form. It raises nothing itself.
"""

from __future__ import annotations

import builtins
import re
import sys
import traceback
from enum import EnumMeta
from types import FunctionType
from typing import Any

from speccheck.errors import Span, SpecError
from speccheck.lang.contexts import OPERATIONS
from speccheck.lang.hints import among, nearest
from speccheck.lang.spans import source_line

_CALLS = {
    "Forall": "Forall(p(x) for x in S); of a set and a function S.forall(lambda x: p(x))",
    "Exists": "Exists(p(x) for x in S); of a set and a function S.exists(lambda x: p(x))",
    "Implies": "Implies(p, q)",
    "Ite": "Ite(condition, a, b)",
    "Not": "Not(p)",
    "Val": "Val(3)",
    "Interval": "Interval(lo, hi), both included",
    "Range": "Range(lo, hi)",
    "AllSubsets": "AllSubsets(S)",
    "AllMaps": "AllMaps(K, V)",
    "Always": "Always(p)",
    "Eventually": "Eventually(p)",
    "LeadsTo": "LeadsTo(p, q)",
    "ImpliesT": "ImpliesT(p, q)",
    "NotT": "NotT(p)",
    "action": "@action, @action(init=True) or @action(inline=False)",
    "expr": "@expr, @expr(inline=False), @expr(cache_args=False), @expr(pure=True)",
    "invariant": "@invariant, without arguments",
    "instance": "@instance, without arguments",
    "Context.assume": "c.assume(p), once for each condition",
    "Context.one_of": 'c.one_of(S, "x")',
    "Context.split": "c.split(p)",
    "Context.cache": 'c.cache(e, "name")',
    "MachineStateBase.__init__": "State(N=5): parameters are given by name",
}
"""How what the vocabulary offers is called, by the name that Python's TypeError gives it."""

_PYTHONS = {"true": "True", "false": "False", "null": "None", "none": "None"}


def told(error: BaseException, span: Span | None, names: list[str], beside: list[str]) -> SpecError:
    """The SpecError for an exception that came from a place, where these names exist; `beside`: the files there."""
    for tell in (_unknown, _import, _call, _unpacking):
        found = tell(error, names, beside)
        if found is not None:
            code, message, hint = found
            return _error(code, message, hint, span)
    message = f"{type(error).__name__}: {error}".rstrip(": ")
    return _error("raised", f"the specification raised {message}", _hint(error), span)


def _error(code: str, message: str, hint: str, span: Span | None) -> SpecError:
    return SpecError(code, message, hint=hint, span=span, source_line=source_line(span))


def _hint(error: BaseException) -> str:
    match error:
        case RecursionError():
            return "expressions are nested too deeply: fold with a binder (Forall, Exists, reduce), not a Python loop"
        case SystemExit():
            return 'a specification is imported, not run: leave it out, or put it under `if __name__ == "__main__":`'
        case _:
            return ""


# --- names -------------------------------------------------------------------------------------------


def _unknown(error: BaseException, names: list[str], beside: list[str]) -> tuple[str, str, str] | None:
    match error:
        case NameError(name=str(name)):
            return "unknown-name", f"the name {name!r} is not defined", _name_hint(name, names)
        case AttributeError(name=str(name), obj=owner) if owner is not None:
            return _attribute(name, owner)
        case _:
            return None


def _name_hint(name: str, names: list[str]) -> str:
    if name in _PYTHONS:
        return f"Python writes {_PYTHONS[name]}"
    if name in vocabulary():
        return f"import it: from speccheck import {name}"
    if name in OPERATIONS:
        return f"it is the context's: c.{name}(…)"
    if name in sys.stdlib_module_names:
        return f"import it: import {name}"
    close = nearest(name, [*names, *vocabulary(), *dir(builtins)])
    return close or f'define it, or import it; for an element chosen in a step: `with c.one_of(S, "{name}") as {name}:`'


def _attribute(name: str, owner: Any) -> tuple[str, str, str] | None:
    known = [each for each in dir(owner) if not each.startswith("_")]
    match owner:
        case EnumMeta():
            members = list(owner.__members__)
            return "unknown-name", f"{owner.__name__} has no member {name!r}", among(name, members, "its members are")
        case type() if hasattr(owner, "__speccheck_type__"):
            tags = [tag for tag in vars(owner).get("__annotations__", {}) if not tag.startswith("_")]
            return "unknown-name", f"{owner.__name__} has no {name!r}", among(name, tags, "it has")
        case FunctionType(__name__="state"):
            return "unknown-name", f"the decorator @state has no {name!r}", f"the state of an action is c.state.{name}"
        case type():
            return "unknown-name", f"{owner.__name__} has no {name!r}", nearest(name, known)
        case _ if type(owner).__name__ == "module":
            return "unknown-name", f"the module {owner.__name__} has no {name!r}", nearest(name, known)
        case _:
            return "unknown-name", f"a {type(owner).__name__} has no {name!r}", nearest(name, known)


def vocabulary() -> list[str]:
    """Every name that `from speccheck import …` knows."""
    return list(sys.modules["speccheck"].__all__)


# --- imports -----------------------------------------------------------------------------------------


def _import(error: BaseException, names: list[str], beside: list[str]) -> tuple[str, str, str] | None:
    if isinstance(error, ModuleNotFoundError) and error.name:
        files = ", ".join(f"{each}.py" for each in beside)
        hint = nearest(error.name, beside) or f"the modules of a specification lie beside it: {files}"
        return "unknown-module", f"there is no module {error.name!r}", hint
    missing = re.match(r"cannot import name '(.+?)' from (partially initialized module )?'(.+?)'", str(error))
    if not isinstance(error, ImportError) or not missing:
        return None
    name, circle, module = missing.groups()
    if circle or module in _running(error):
        return (
            "circular-import",
            f"{module} and this module import each other: {name!r} is not made yet",
            "put what both need into a third module, which imports neither",
        )
    if module.partition(".")[0] == "speccheck":
        close = nearest(name, vocabulary()) or f"what there is: {', '.join(vocabulary())}"
        return "unknown-name", f"{module} has no {name!r}", close
    known = [each for each in vars(sys.modules.get(module, sys)) if not each.startswith("_")]
    return "unknown-name", f"{module} has no {name!r}", nearest(name, known)


def _running(error: BaseException) -> set[str]:
    """The modules that were being executed when the exception was raised."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return {str(f.f_globals.get("__name__")) for f in frames[:-1] if f.f_code.co_name == "<module>"}


# --- calls -------------------------------------------------------------------------------------------


def _call(error: BaseException, names: list[str], beside: list[str]) -> tuple[str, str, str] | None:
    wrong = re.match(r"([\w.]+)\(\) (takes|missing|got)\b", str(error))
    if not isinstance(error, TypeError) or not wrong:
        return None
    name = wrong[1]
    spelled = _CALLS.get(name, "")
    shown = str(error).replace(f"{name}()", name, 1)
    if "." in name and spelled:  # Python counts the object itself among the arguments
        shown = f"{spelled.partition('(')[0]} is called with arguments that it does not take"
    known = spelled or name in vocabulary()
    return ("arguments", shown, f"write {spelled}" if spelled else "") if known else None


def _unpacking(error: BaseException, names: list[str], beside: list[str]) -> tuple[str, str, str] | None:
    if isinstance(error, ValueError) and "values to unpack" in str(error):
        hint = 'as many names on the left as there are values: `a, b = c.alternatives("a", "b")`, `a, b = Tuple(1, 2)`'
        return "unpacking", str(error), hint
    return None
