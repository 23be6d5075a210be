"""What temporal formulas say of named actions: `Enabled`, `WeakFair`, `StrongFair`.

An action is meant by its declaration or by the name that it has in labels. It must be named (`inline=False`) and part
of the step: formulas speak of whole steps whose label contains it.
"""

from __future__ import annotations

from typing import Any, Literal

from speccheck.ir.models import Action
from speccheck.ir.nodes import Local, Read
from speccheck.ir.temporals import Enabled as EnabledNode
from speccheck.ir.temporals import Fairness, Occurrence
from speccheck.lang.declarations import ActionDeclaration
from speccheck.lang.exprs import Expr, lift, node_of
from speccheck.lang.sessions import Session, current
from speccheck.lang.spans import spec_error
from speccheck.lang.temporals import TemporalExpr


def Enabled(act: object, *args: object, **named: object) -> TemporalExpr:
    """A step whose label has the action with these arguments is possible now, whether it changes anything or not."""
    return TemporalExpr(EnabledNode(_occurrence("Enabled", act, args, named)))


def WeakFair(act: object, *args: object, vars: object = None, **named: object) -> TemporalExpr:
    """Steps with the action that change `vars` (all variables) are infinitely often not possible, or often taken."""
    return _fairness("weak", "WeakFair", vars, _occurrence("WeakFair", act, args, named))


def StrongFair(act: object, *args: object, vars: object = None, **named: object) -> TemporalExpr:
    """Steps with the action that change `vars` (all variables) are taken infinitely often if often possible."""
    return _fairness("strong", "StrongFair", vars, _occurrence("StrongFair", act, args, named))


def _fairness(op: Literal["weak", "strong"], what: str, given: object, occurrence: Occurrence) -> TemporalExpr:
    return TemporalExpr(Fairness(op, occurrence, _variables(what, given)))


def _session(what: str) -> Session:
    session = current()
    if session is None:
        raise spec_error("outside-capture", f"{what} is called outside of a specification's capture")
    return session


# --- which action ------------------------------------------------------------------------------------


def _occurrence(what: str, act: object, args: tuple[object, ...], named: dict[str, object]) -> Occurrence:
    name = _name(what, act)
    action = _labelled(what, name, act)
    given = _given(act, args, named) if isinstance(act, ActionDeclaration) else _listed(what, action, args, named)
    names = [param.name for param in action.params]
    odd = [each for each in given if each not in names]
    if odd:
        raise spec_error(
            "argument-not-in-label",
            f"argument {odd[0]!r} of {name} is a plain Python value in the step, so labels do not show it",
            f"annotate it: {odd[0]}: Annotated[Expr, T]",
        )
    return Occurrence(name, tuple(node_of(lift(given[p.name], p.type)) for p in action.params))


def _name(what: str, act: object) -> str:
    if isinstance(act, str):
        return act
    if not isinstance(act, ActionDeclaration):
        raise spec_error(
            "fair-action",
            f"{what} is given a {getattr(act, '__name__', type(act).__name__)}, which is no action",
            f"name an action and its arguments, without a call: {what}(send, x)",
        )
    if act.init or act.inline:
        kind = "an initial action, which no step takes" if act.init else "inline: no label names it"
        raise spec_error("fair-inline-action", f"{act.name} is {kind}", "declare it @action(inline=False)")
    return act.name


def _labelled(what: str, name: str, act: object) -> Action:
    session = _session(what)
    found = [action for action in session.labelling if action.name == name]
    if not found:
        raise _never(session, what, name)
    shapes = {tuple((p.name, p.type) for p in action.params) for action in found}
    if len(shapes) > 1:
        raise spec_error(
            "ambiguous-action",
            f"{name} is called with different kinds of arguments, so its label is not one",
            "annotate its arguments: Annotated[Expr, T]",
        )
    return found[0]


def _never(session: Session, what: str, name: str) -> Exception:
    known = ", ".join(dict.fromkeys(action.name for action in session.labelling)) or "none"
    embedded = [a.name for a in session.labelling if a.name.endswith(f".{name}")]
    if embedded:
        return spec_error(
            "action-never-in-step",
            f"labels name {name} as {embedded[0]!r}: it belongs to a machine inside this one",
            f'name it so: {what}("{embedded[0]}", …)',
        )
    if any(captured.action.name == name for captured in session.actions.values()):
        told = f"{name} is only taken as part of another named action, whose name labels then show"
    else:
        told = f"no step takes an action named {name!r}"
    return spec_error("action-never-in-step", told, f"the named actions in labels are: {known}")


def _given(act: ActionDeclaration, args: tuple[object, ...], named: dict[str, object]) -> dict[str, object]:
    values = act.given((None, *args), named)
    return dict(zip((each.name for each in act.signature[1:]), values[1:], strict=True))


def _listed(what: str, action: Action, args: tuple[object, ...], named: dict[str, object]) -> dict[str, object]:
    names = [param.name for param in action.params]
    given = {**dict(zip(names, args, strict=False)), **named}
    if len(args) + len(named) != len(names) or sorted(given) != sorted(names):
        raise spec_error(
            "arguments",
            f"{action.name} takes {', '.join(names) or 'no arguments'}",
            f"{what}({', '.join([repr(action.name), *names])})"
            + (f"; for any of them: Exists({what}(…, x) for x in S)" if names else ""),
        )
    return given


# --- which variables ---------------------------------------------------------------------------------


def _variables(what: str, given: object) -> tuple[str, ...]:
    if given is None:
        return ()
    found = given if isinstance(given, tuple | list) else (given,)
    if not found:
        raise spec_error("fair-vars", f"{what} of no variables says nothing: no step changes them", "leave vars out")
    return tuple(dict.fromkeys(_variable(what, each) for each in found))


def _variable(what: str, each: Any) -> str:
    session = _session(what)
    name = each if isinstance(each, str) else None
    if isinstance(each, Expr):
        node = node_of(each)
        name = node.variable if isinstance(node, Read) else node.name if isinstance(node, Local) else None
    if name in session.variables:
        return str(name)
    told = f"{name!r} is no variable" if name else "what is given is no variable of the state"
    raise spec_error(
        "fair-vars",
        f"vars of {what}: {told}",
        f"name variables: vars=(s.x, s.y); there are {', '.join(session.variables)}",
    )
