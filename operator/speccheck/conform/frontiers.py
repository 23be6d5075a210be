"""The second tier: the states of a spec that are consistent with everything seen of one key so far.

Takes a `Stepper`, and for each observation what it fixes of a state and, where it tells, which action it claims. Gives
whether some steps of the spec explain it. All states that are consistent are kept, not only the nearest, each with the
actions taken on the way to it that an observation of their own may still claim. Over a limit the answer is `Overflow`,
never an explanation. Times are seconds on the observations' own clock; no other clock counts but for the budget,
which is of the thread's work.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from speccheck.conform.explanations import (
    Claim,
    Step,
    claim_text,
    fixed_itf,
    nearest,
    path_document,
    state_itf,
)
from speccheck.conform.protocols import Explanation
from speccheck.conform.searches import Over
from speccheck.conform.spaces import Bounds, Cloud, Element, Move, Question, Space
from speccheck.engines.base import Called, OverBudget, State, Stepper
from speccheck.engines.timers import Timer
from speccheck.ir.values import Value

PAST_KEPT = 16
"""How many observations are remembered, to tell the path to the last good state."""

_PAST_ELEMENTS = 8_000
"""How many elements the remembered observations of one key may have, all together."""

_PATH_BUDGET_S = 0.25
_TOO_LATE = "what it claims is older than what is remembered; have it sent sooner, or make `window` longer"

__all__ = ["Bounds", "Broken", "Claim", "Element", "Explained", "Frontier", "Outcome", "Overflow", "matching"]


@dataclass(frozen=True, slots=True)
class Explained:
    """Some steps explain the observation: the actions of a shortest explanation, none where nothing changed.

    `retells`: the last of them is the one that was claimed, and explained an earlier observation already.
    """

    actions: tuple[str, ...]
    retells: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Broken:
    """No steps explain the observation."""

    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Overflow:
    """It cannot be told: `reason` is a word of `protocols.UNKNOWNS`, `message` says which limit."""

    reason: str
    message: str = ""


Outcome: TypeAlias = Explained | Broken | Overflow


@dataclass(frozen=True, slots=True)
class _Standing:
    """What is known at one time: a cloud, and the time of each rank of its labels, ascending."""

    cloud: Cloud
    times: tuple[float, ...]
    latest: float


@dataclass(frozen=True, slots=True)
class _Observed:
    """One observation as it came, and its time."""

    fixed: tuple[tuple[int, Value], ...]
    claim: Claim | None
    time: float
    source: str = ""


@dataclass(frozen=True, slots=True)
class _Seen:
    """One observation and how it was answered: what was known before, of which so many ranks expired; the move."""

    observed: _Observed
    origin: _Standing
    expired: int
    before: Cloud
    question: Question
    move: Move

    def after(self) -> _Standing | None:
        """What is known after it; None where nothing explains it, or a limit was reached."""
        if self.move.cloud is None:
            return None
        latest = max(self.origin.latest, self.observed.time)
        times = (*self.origin.times[self.expired :], latest)
        return _Standing(self.move.cloud, tuple(times[rank] for rank in self.move.kept), latest)


class Frontier:
    """What is known of one key. Those of one stepper with the same bounds share all that they have in common."""

    __slots__ = ("_began", "_past", "_space", "_standing", "_stepper", "trouble")

    def __init__(self, stepper: Stepper, bounds: Bounds) -> None:
        self._stepper = stepper
        self._space = _space_of(stepper, bounds)
        self._standing: _Standing | None = None
        self._past: list[_Seen] = []
        self._began: tuple[float, str] | None = None
        self.trouble: Overflow | None = None
        """Why there is no anchor, where a limit is the reason."""

    @property
    def anchored(self) -> bool:
        """Whether anything is known."""
        return self._standing is not None

    @property
    def size(self) -> int:
        """With how many elements all that was seen is consistent."""
        return len(self._standing.cloud.elements) if self._standing else 0

    @property
    def determined(self) -> bool:
        """Whether every variable has one value."""
        return self._standing is not None and self._standing.cloud.determined

    @property
    def states(self) -> tuple[State, ...]:
        """The distinct states that all that was seen is consistent with; none without an anchor."""
        return self._standing.cloud.states if self._standing else ()

    def anchor(
        self,
        states: Iterable[State],
        time: float,
        *,
        claim: Claim | None = None,
        fresh: bool = False,
        source: str = "",
    ) -> bool:
        """Begins anew from these states, or with `claim` from where that action leads from them; False, and no anchor,
        where there are none or too many (see `trouble`).

        `fresh`: no step was taken before. Otherwise an action that another source than this one claims within the
        window may be one that was.
        """
        self.lose()
        self._began = None
        try:
            cloud = self._space.cloud(states)
        except OverBudget as error:
            self.trouble = Overflow("Ambiguous", str(error))
            return False
        self._standing = _Standing(cloud, (), time) if cloud.elements else None
        if self.anchored and claim is not None:
            self.observe({}, claim, time, source)
        self._began = None if fresh else (time, source)
        return self.anchored

    def lose(self) -> None:
        """Something may have happened that nobody saw: nothing is known until there is another anchor."""
        self._standing = None
        self._past = []
        self.trouble = None

    def observe(self, fixed: Mapping[int, Value], claim: Claim | None, time: float, source: str = "") -> Outcome:
        """Holds an observation to everything seen before. Without an anchor it is Overflow, with reason NoAnchor.

        After Broken or Overflow there is no anchor.
        """
        if self._standing is None:
            return Overflow("NoAnchor", "nothing is known of the state before")
        observed = _Observed(tuple(sorted(fixed.items())), claim, time, source)
        if self._is_too_late(self._standing, observed):
            self.lose()
            return Overflow("NoAnchor", _TOO_LATE)
        seen = self._see(self._standing, observed)
        after = seen.after()
        if after is not None:
            self._keep([*self._past, seen], after)
            return Explained(seen.move.actions, seen.move.retells)
        if not seen.move.trouble and (late := self._as_late(seen.observed)):
            return late
        outcome: Outcome = Overflow(seen.move.reason, seen.move.trouble) if seen.move.trouble else self._broken(seen)
        self.lose()
        self.trouble = outcome if isinstance(outcome, Overflow) else None
        return outcome

    def _is_too_late(self, standing: _Standing, observed: _Observed) -> bool:
        """Whether the step that is claimed may be one that nobody remembers any more (see `_see`)."""
        claims_only = observed.claim is not None and not observed.fixed
        return claims_only and observed.time < standing.latest - 2 * self._space.bounds.window_s

    def _is_older(self, observed: _Observed) -> bool:
        """Whether what is claimed may have been done before the anchor, in which its effect is then seen already.

        What the anchor's own source tells later was done later.
        """
        if observed.claim is None or observed.fixed or self._began is None:
            return False
        time, source = self._began
        return observed.time - time <= self._space.bounds.window_s and (not source or observed.source != source)

    def _see(self, standing: _Standing, observed: _Observed) -> _Seen:
        """One observation. Labels expire when no claim can be as old that comes a window late, and is held back for
        another."""
        window_s = self._space.bounds.window_s
        latest = max(standing.latest, observed.time)
        expired = bisect_left(standing.times, latest - 3 * window_s)
        before = self._space.expired(standing.cloud, expired)
        times = standing.times[expired:]
        open_from = bisect_left(times, observed.time - window_s) if observed.claim else 0
        question = Question(observed.fixed, observed.claim, open_from, len(times), self._is_older(observed))
        return _Seen(observed, standing, expired, before, question, self._space.move(before, question))

    def _keep(self, past: list[_Seen], standing: _Standing) -> None:
        self._standing = standing
        self._past = past[-PAST_KEPT:]
        weight = sum(len(seen.before.elements) for seen in self._past)
        while weight > _PAST_ELEMENTS and len(self._past) > 1:
            weight -= len(self._past.pop(0).before.elements)

    def _as_late(self, observed: _Observed) -> Outcome | None:
        """Explains an observation as one that other sources' observations have overtaken, by as few as possible.

        Sources are ordered only within themselves: it may have been made before the last ones of others within the
        window, but not before one that fixes what it fixes.
        """
        slots = {slot for slot, _ in observed.fixed}
        for place in range(len(self._past) - 1, -1, -1):
            overtaking = self._past[place].observed
            too_old = abs(observed.time - overtaking.time) > self._space.bounds.window_s
            if not slots or too_old or slots & {slot for slot, _ in overtaking.fixed}:
                return None
            replayed = self._replayed(place, [observed, *(each.observed for each in self._past[place:])])
            if isinstance(replayed, Overflow):
                self.lose()
                self.trouble = replayed
            if replayed is not None:
                return replayed
        return None

    def _replayed(self, place: int, observations: Sequence[_Observed]) -> Outcome | None:
        """Holds some observations to what was known at a place in the past; None where that explains them not."""
        standing = self._past[place].origin
        past = self._past[:place]
        for each in observations:
            seen = self._see(standing, each)
            after = seen.after()
            if after is None:
                return Overflow(seen.move.reason, seen.move.trouble) if seen.move.trouble else None
            past.append(seen)
            standing = after
        self._keep(past, standing)
        return Explained(past[place].move.actions)

    def _broken(self, seen: _Seen) -> Broken:
        fixed = dict(seen.question.fixed)
        (last_good,) = nearest(seen.before.states, fixed, 1)
        element = next(each for each in seen.before.elements if each[0] == last_good)
        explanation = Explanation(
            last_good=state_itf(self._stepper, last_good),
            observed=fixed_itf(self._stepper, fixed),
            claimed=claim_text(self._stepper, seen.question.claim) if seen.question.claim else "",
            obstacles=self._space.obstacles(seen.before, seen.question),
            path=path_document(self._stepper, self._path(_unexpired(seen, element))),
            states=len(seen.before.states),
        )
        return Broken(explanation)

    def way(self) -> tuple[dict[str, Any], int] | None:
        """A path from the anchor to a state that all that was seen is consistent with, as ITF; and how many such states
        there are. None without an anchor."""
        if self._standing is None:
            return None
        steps = self._path(self._standing.cloud.elements[0])
        return path_document(self._stepper, steps, "the observed state"), len(self.states)

    def _path(self, element: Element) -> list[Step]:
        """The steps to an element of the present cloud from the anchor, or from as far back as is kept."""
        timer = Timer(_PATH_BUDGET_S)
        steps: list[Step] = []
        for seen in reversed(self._past):
            asked = (element[0], tuple((seen.move.kept[rank], call) for rank, call in element[1]))
            try:
                start, taken = self._space.retrace(seen.before, seen.question, asked)
            except (Over, OverBudget):
                break
            steps[:0] = taken
            element = _unexpired(seen, start)
            if timer.is_over:
                break
        return [Step((), element[0]), *steps]


def _unexpired(seen: _Seen, wanted: Element) -> Element:
    """What an element of the cloud before an observation was before some ranks expired."""
    if not seen.expired:
        return wanted

    def remaining(element: Element) -> list[tuple[int, Called]]:
        return [(rank - seen.expired, call) for rank, call in element[1] if rank >= seen.expired]

    candidates = (each for each in seen.origin.cloud.elements if each[0] == wanted[0])
    return next((each for each in candidates if Counter(remaining(each)) == Counter(wanted[1])), (wanted[0], ()))


_SPACES: WeakKeyDictionary[Stepper, dict[Bounds, Space]] = WeakKeyDictionary()
"""What the frontiers of each stepper share, for as long as it is used."""


def _space_of(stepper: Stepper, bounds: Bounds) -> Space:
    spaces = _SPACES.setdefault(stepper, {})
    if bounds not in spaces:
        spaces[bounds] = Space(stepper, bounds)
    return spaces[bounds]


@dataclass(slots=True)
class _Reachable:
    """All states of a stepper that can be reached, by their values in some slots; None where they are too many."""

    states: frozenset[State] | None
    by_slots: OrderedDict[tuple[int, ...], dict[tuple[Value, ...], list[State]]]


_REACHABLE: WeakKeyDictionary[Stepper, dict[int, _Reachable]] = WeakKeyDictionary()
_INDEXES_KEPT = 8


def matching(stepper: Stepper, fixed: Mapping[int, Value], limit: int) -> Sequence[State] | None:
    """The reachable states that agree with what is fixed; None where more than `limit` states are reachable.

    The first call for a stepper finds them all; that may take as long as `Stepper.reachable` may.
    """
    known = _REACHABLE.setdefault(stepper, {})
    if limit not in known:
        known[limit] = _Reachable(stepper.reachable(limit), OrderedDict())
    reachable = known[limit]
    if reachable.states is None:
        return None
    slots = tuple(sorted(fixed))
    if slots not in reachable.by_slots:
        index: dict[tuple[Value, ...], list[State]] = {}
        for state in reachable.states:
            index.setdefault(tuple(state[slot] for slot in slots), []).append(state)
        reachable.by_slots[slots] = index
        while len(reachable.by_slots) > _INDEXES_KEPT:
            reachable.by_slots.popitem(last=False)
    return reachable.by_slots[slots].get(tuple(fixed[slot] for slot in slots), [])
