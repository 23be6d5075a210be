"""What each statement does when it runs: closures over frames, each ending in a call of what follows.

A choice runs what follows once for every option, each in a copy of the frame, so that nothing done on
one way is seen on another. True comes back up where the walk is to stop. `steps` puts these together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TypeAlias

from speccheck.engines.reference.walks import State, Walk, Watch
from speccheck.errors import ModelError
from speccheck.evaluation.scopes import UNSET, Fn, Frame, Scope, Thunk
from speccheck.ir.models import Action
from speccheck.ir.nodes import Alternatives, Assume, Choose
from speccheck.ir.values import Value

Run: TypeAlias = Callable[[Frame, Walk], bool]
Spend: TypeAlias = Callable[[int], None]
Link: TypeAlias = Callable[[Run], Run]
"""A compiled statement or block, given what follows it."""


@dataclass(slots=True)
class Body:
    """A compiled action: a frame is the variables, the arguments, `blank`, with the caller put in slot `caller`."""

    run: Run
    blank: Frame
    caller: int
    writes: dict[str, int]
    """The slot of each variable that the action may write, at its end."""


def arrival(state: Callable[[Frame], State]) -> Run:
    """The end of a whole step: its label is made and the walk told."""

    def run(frame: Frame, walk: Walk) -> bool:
        for _, args in walk.calls:
            for n, arg in enumerate(args):
                if arg.__class__ is Thunk:
                    args[n] = arg.force()
        return walk.arrive(state(frame), walk)

    return run


def complete(state: Callable[[Frame], State], variables: Sequence[str]) -> Callable[[Frame], State]:
    """The state, refused where a variable was given no value."""

    def run(frame: Frame) -> State:
        found = state(frame)
        for name, value in zip(variables, found, strict=True):
            if value is UNSET:
                raise ModelError(f"an initial state leaves {name} without a value")
        return found

    return run


def picker(slots: list[int]) -> Callable[[Frame], State]:
    """The values in some slots, always as a tuple."""
    match slots:
        case []:
            return lambda frame: ()
        case [only]:
            return lambda frame: (frame[only],)
        case _:
            return itemgetter(*slots)


def returning(caller: int) -> Run:
    """The end of an action: its caller goes on."""

    def run(frame: Frame, walk: Walk) -> bool:
        outer, resume = frame[caller]
        done: bool = resume(outer, frame, walk)
        return done

    return run


def watched(run: Fn, node: Assume | Choose, scope: Scope, watch: Watch | None) -> Fn:
    """The condition or domain, with `watch` told where nothing can come after it: it is false, or empty."""
    if watch is None:
        return run

    def told(frame: Frame) -> Value:
        value = run(frame)
        if not value:
            watch(node, scope, frame)
        return value

    return told


def assuming(condition: Fn) -> Link:
    """This way exists only where the condition holds."""

    def link(then: Run) -> Run:
        return lambda frame, walk: then(frame, walk) if condition(frame) else False

    return link


def assigning(value: Fn, slot: int) -> Link:
    """Gives a version its value."""

    def link(then: Run) -> Run:
        def run(frame: Frame, walk: Walk) -> bool:
            frame[slot] = value(frame)
            return then(frame, walk)

        return run

    return link


def choosing(node: Choose, domain: Fn, slot: int, spend: Spend) -> Link:
    """One way for each element, `domain` giving them in canonical order."""

    def link(then: Run) -> Run:
        def run(frame: Frame, walk: Walk) -> bool:
            options = domain(frame)
            for position in walk.pick(node, options, walk):
                spend(1)
                copy = frame[:]
                copy[slot] = options[position]
                walk.choices.append((node, options[position]))
                if then(copy, walk):
                    return True
                walk.choices.pop()
            return False

        return run

    return link


def branching(node: Alternatives, names: list[str], arms: list[Run], spend: Spend) -> Run:
    """One way for each branch."""

    def run(frame: Frame, walk: Walk) -> bool:
        for position in walk.pick(node, names, walk):
            spend(1)
            walk.choices.append((node, names[position]))
            if arms[position](frame[:], walk):
                return True
            walk.choices.pop()
        return False

    return run


def splitting(condition: Fn, first: Run, second: Run) -> Run:
    """Goes on in the branch that the condition says."""

    return lambda frame, walk: first(frame, walk) if condition(frame) else second(frame, walk)


def moving(moves: list[tuple[int, int]], then: Run) -> Run:
    """The joins after a branch: each slot (first) takes the value of another."""

    def run(frame: Frame, walk: Walk) -> bool:
        for target, source in moves:
            frame[target] = frame[source]
        return then(frame, walk)

    return run


Resume: TypeAlias = Callable[[Frame, Frame, Walk], bool]


def resumption(moves: list[tuple[int, int]], then: Run, spend: Spend) -> Resume:
    """Goes on in a copy of the caller's frame with what the action wrote: it may complete in several ways."""

    def resume(outer: Frame, inner: Frame, walk: Walk) -> bool:
        spend(1)
        frame = outer[:]
        for target, source in moves:
            frame[target] = inner[source]
        return then(frame, walk)

    return resume


@dataclass(frozen=True, slots=True)
class Performing:
    """What a call of an action needs: where the caller has the variables, its arguments, how it goes on."""

    action: Action
    body: Body
    slots: list[int]
    arguments: list[Fn]
    resume: Resume


def labelled(call: Performing) -> Run:
    """Performs an action that becomes part of the step's label."""
    enter, action, arguments = _entrance(call), call.action, call.arguments

    def run(frame: Frame, walk: Walk) -> bool:
        args = [each(frame) for each in arguments]
        walk.calls.append((action, args))
        if walk.tried is not None:
            walk.tried[action.name] += 1
        if enter(frame, args, walk):
            return True
        walk.calls.pop()
        return False

    return run


def unlabelled(call: Performing) -> Run:
    """Performs an action inside another."""
    enter, arguments = _entrance(call), call.arguments
    return lambda frame, walk: enter(frame, [each(frame) for each in arguments], walk)


def _entrance(call: Performing) -> Callable[[Frame, list[Value], Walk], bool]:
    """Starts the action's frame from the variables as its caller has them."""
    before, body, resume = picker(call.slots), call.body, call.resume

    def enter(frame: Frame, args: list[Value], walk: Walk) -> bool:
        inner = [*before(frame), *args, *body.blank]
        inner[body.caller] = (frame, resume)
        return body.run(inner, walk)

    return enter
