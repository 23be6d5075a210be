"""What one observation, or the time that passed, means to one key: the three tiers, cheap before dear.

Takes a `Trace` whose parameters are known, and what an observation fixes and claims; gives `Result`s. States that no
source showed at one time are held to invariants only as long as a breach lasts, or on states the spec itself allows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never

from msgspec.structs import replace

from speccheck.conform.explanations import Step, claim_text, path_document
from speccheck.conform.frontiers import Bounds, Broken, Claim, Explained, Frontier, Overflow, matching
from speccheck.conform.protocols import Explanation, Result, Tier
from speccheck.conform.traces import Standing, Trace
from speccheck.engines.base import Judged, Outcome, OverBudget, State
from speccheck.errors import ModelError
from speccheck.ir.itf import decode, encode
from speccheck.ir.literals import literal
from speccheck.ir.models import Model
from speccheck.ir.nodes import Param, Read
from speccheck.ir.values import Value
from speccheck.ir.walks import bottom_up

STEP = "step"
"""The name of a change that no observation names an action for."""

_SHOWN_VALUE = 160
_SHOWN_VARIABLES = 3
_SHOWN_OBSTACLES = 2


@dataclass(frozen=True, slots=True)
class Sight:
    """One observation of a key: what it fixes by itself, which action it claims, whether the key's creation was seen.

    `joint`: it is one of several objects of its source, which together were never seen at one time. `stateful`: some
    variable has to do with its source, so that it may tell of a step even where it fixes nothing. `first`: it is the
    first since the key's parameters are known, so that all that was seen before is judged with it.
    """

    source: str
    time: datetime
    own: Mapping[str, Value]
    claim: Claim | None
    created: bool
    joint: bool
    stateful: bool
    first: bool


@dataclass(slots=True)
class Settings:
    """What the tiers go by. `involved` are the sources that each invariant's variables and parameters come from.
    `claims_only`: no variable is mapped."""

    tiers: frozenset[Tier]
    settle_s: float
    bounds: Bounds
    reachable_limit: int
    involved: Mapping[str, frozenset[str]]
    claims_only: bool


@dataclass(slots=True)
class Tiers:
    """The three tiers for all keys of one mapping, and what they have judged so far."""

    model: Model
    settings: Settings
    actions: Counter[str] = field(default_factory=Counter)
    properties: Counter[str] = field(default_factory=Counter)
    largest: int = 0
    _mentions: dict[str, tuple[str, ...]] = field(init=False)
    _docs: dict[str, str] = field(init=False)
    _holding: dict[str, Result] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._mentions = mentions(self.model)
        self._docs = {p.name: p.doc.strip().split("\n")[0] for p in self.model.properties}

    def judge(self, trace: Trace, sight: Sight) -> tuple[Result, ...]:
        """What an observation means. Steps come first: they say which states are possible after it."""
        standing = trace.standing
        assert standing is not None, "a key is judged once its parameters are known"
        tiers = self.settings.tiers
        shown = {} if sight.joint else sight.own
        steps = self._steps(trace, standing, sight) if "Step" in tiers else ()
        states = self._states(trace, standing, sight) if "State" in tiers else ()
        times = standing.obligations.observe(trace.states(shown), sight.time) if "Time" in tiers else ()
        found = (*states, *steps, *times)
        self.properties.update(each.property for each in found if each.verdict in ("Holds", "Violated"))
        return self._explained(trace, standing, found)

    def pass_time(self, trace: Trace, time: datetime) -> tuple[Result, ...]:
        """What it means that it is this late: breaches that have lasted, and deadlines that are over."""
        standing = trace.standing
        if standing is None:
            return ()
        lasting = [name for name, since in trace.since.items() if name not in trace.told and self._lasts(since, time)]
        trace.told.update(lasting)
        states = tuple(Result(name, "Violated", self._told(name, trace.known)) for name in lasting)
        times = standing.obligations.tick(time) if "Time" in self.settings.tiers else ()
        return self._explained(trace, standing, (*states, *times))

    def _explained(self, trace: Trace, standing: Standing, results: tuple[Result, ...]) -> tuple[Result, ...]:
        """With the way to what is broken now and was not before."""
        found = []
        for each in results:
            at = (each.tier, each.property)
            if each.verdict == "Holds":
                trace.broken.discard(at)
            elif each.verdict == "Violated" and each.explanation is None and at not in trace.broken:
                trace.broken.add(at)
                each = replace(each, explanation=self._way(trace, standing))
            found.append(each)
        return tuple(found)

    def _way(self, trace: Trace, standing: Standing) -> Explanation | None:
        """A path to what was observed, as far back as one is known; None where not even that state is known whole."""
        stepper = standing.binding.stepper
        types = dict(zip(stepper.variables, stepper.types, strict=True))
        observed = {name: encode(value, types[name]) for name, value in trace.known.items() if name in types}
        path, states = standing.frontier.way() or (None, 1)
        if path is None and observed.keys() >= types.keys():
            step = Step((), tuple(trace.known[name] for name in stepper.variables))
            path = path_document(stepper, [step], "the observed state")
        return Explanation(observed=observed, path=path, states=states) if path is not None else None

    # --- states --------------------------------------------------------------------------------------

    def _states(self, trace: Trace, standing: Standing, sight: Sight) -> tuple[Result, ...]:
        try:
            found = standing.binding.partial(trace.known)
        except (ModelError, OverBudget) as error:
            return tuple(Result(name, "Error", str(error)) for name in self._mentions)
        meant = [each for each in found if self._is_meant(each, sight)]
        results = (result for each in meant for result in self._state(each, trace, standing, sight))
        return tuple(_named(each, standing, sight.claim) for each in results)

    def _is_meant(self, judged: Judged, sight: Sight) -> bool:
        """Whether an invariant can be judged, and has to do with the source of an observation."""
        involved = self.settings.involved.get(judged.name)
        if judged.missing or involved is None:
            return False
        return not involved or sight.source in involved or sight.first

    def _state(self, judged: Judged, trace: Trace, standing: Standing, sight: Sight) -> tuple[Result, ...]:
        name = judged.name
        if len(self.settings.involved[name]) < 2 and not sight.joint:
            return (self._result(judged, trace.known),)
        return (*self._lasted(judged, trace, sight.time), self._joined(judged, trace, standing, sight.time))

    def _lasted(self, judged: Judged, trace: Trace, time: datetime) -> Iterator[Result]:
        """A breach that is over, and had lasted long enough to count before anybody asked."""
        name, since = judged.name, trace.since.get(judged.name)
        over = judged.outcome is not Outcome.VIOLATED and since is not None and name not in trace.told
        if over and since is not None and self._lasts(since, time - self._held_back(trace, name)):
            trace.broken.add(("State", name))  # the way to it is not known any more
            lasted_s = (time - since).total_seconds()
            said = self._docs[name].rstrip(".") or "it does not hold"
            yield Result(name, "Violated", f"{said}; it was broken for {lasted_s:.3g} s, until this observation")

    def _joined(self, judged: Judged, trace: Trace, standing: Standing, time: datetime) -> Result:
        """Of values that were not seen at one time: a breach counts once it has lasted, or if no state of the frontier
        is without it."""
        name = judged.name
        if standing.frontier.anchored:
            whole = standing.binding.whole(name, standing.frontier.states)
            if whole.outcome is Outcome.VIOLATED:
                trace.since.setdefault(name, time)
                trace.told.add(name)
                return self._result(whole, trace.known)
        if judged.outcome is not Outcome.VIOLATED:
            trace.since.pop(name, None)
            trace.told.discard(name)
            return self._result(judged, trace.known)
        if not self._lasts(trace.since.setdefault(name, time), time - self._held_back(trace, name)):
            return Result(
                name, "Unknown", "it is broken across sources, which may be of different moments", "State", "Settling"
            )
        trace.told.add(name)
        return self._result(judged, trace.known)

    def _held_back(self, trace: Trace, name: str) -> timedelta:
        """How much later than objects' changes the events come that an invariant also needs: they wait in order."""
        events = self.settings.involved[name] - trace.objects.keys()
        return timedelta(seconds=self.settings.bounds.window_s if events else 0)

    def _lasts(self, since: datetime, time: datetime) -> bool:
        return (time - since).total_seconds() >= self.settings.settle_s

    def _result(self, judged: Judged, known: Mapping[str, Value]) -> Result:
        match judged.outcome:
            case Outcome.HOLDS:
                return self._holds(judged.name)
            case Outcome.VIOLATED:
                return Result(judged.name, "Violated", self._told(judged.name, known))
            case Outcome.ERROR:
                where = f" at {judged.error.place}" if judged.error and judged.error.place else ""
                return Result(judged.name, "Error", f"it has no value here{where}: {judged.reason}")
            case Outcome.NOT_JUDGED:
                return Result(judged.name, "Error", f"it has no value here: {judged.reason}")
            case _:
                assert_never(judged.outcome)

    def _holds(self, name: str) -> Result:
        if name not in self._holding:
            self._holding[name] = Result(name, "Holds")
        return self._holding[name]

    def _told(self, name: str, known: Mapping[str, Value]) -> str:
        """What is broken, in its author's words, and by which values."""
        said = self._docs[name].rstrip(".") or "it does not hold"
        names = [each for each in self._mentions[name] if each in known]
        types = {v.name: v.type for v in self.model.variables}
        shown = [f"{each} = {_short(literal(known[each], types[each]))}" for each in names[:_SHOWN_VARIABLES]]
        more = f", and {len(names) - _SHOWN_VARIABLES} more" if len(names) > _SHOWN_VARIABLES else ""
        return f"{said}; observed {', '.join(shown)}{more}"

    # --- steps ---------------------------------------------------------------------------------------

    def _steps(self, trace: Trace, standing: Standing, sight: Sight) -> tuple[Result, ...]:
        fixed = {} if sight.joint else {standing.binding.slots[name]: value for name, value in sight.own.items()}
        if not fixed and sight.claim is None and not (sight.stateful and standing.frontier.anchored):
            return ()
        name = sight.claim.action if sight.claim else STEP
        if not standing.frontier.anchored:
            return (self._anchored(trace, standing, sight, fixed, name),)
        match standing.frontier.observe(fixed, sight.claim, sight.time.timestamp(), sight.source):
            case Explained() as explained:
                self._cover(trace, explained, sight.claim)
                trace.ambiguous = False
                return (self._known(standing.frontier, name),)
            case Broken(explanation):
                self._tell_of(trace, sight.claim)
                self._anchor(trace, standing, sight, fixed)
                message = self._broken(explanation)
                return (Result(name, "Violated", message, "Step", explanation=explanation),)
            case Overflow(reason, message):
                self._tell_of(trace, sight.claim)
                self._anchor(trace, standing, sight, fixed)
                trace.ambiguous = reason != "NoAnchor" and not trace.anchored
                return (Result(name, "Unknown", message, "Step", reason),)

    def _cover(self, trace: Trace, explained: Explained, claim: Claim | None) -> None:
        """Counts the actions of an explanation: a step that is claimed after it was counted is the same one."""
        actions = Counter(explained.actions)
        if claim is not None:
            told = explained.retells and trace.unclaimed[claim.action] > 0
            trace.unclaimed[claim.action] -= told
            self.actions[claim.action] += not told
            actions[claim.action] -= 1
        self.actions.update(+actions)
        trace.unclaimed.update({name: n for name, n in (+actions).items() if name in self.settings.bounds.claimable})

    def _tell_of(self, trace: Trace, claim: Claim | None) -> None:
        """Counts what an observation claims that has no explanation to be counted."""
        trace.unclaimed.clear()
        if claim is not None:
            self.actions[claim.action] += 1

    def _known(self, frontier: Frontier, name: str) -> Result:
        self.largest = max(self.largest, frontier.size)
        return Result(name, "Holds", tier="Step", reason="" if frontier.determined else "ConformsSinceAnchor")

    def _anchored(
        self, trace: Trace, standing: Standing, sight: Sight, fixed: Mapping[int, Value], name: str
    ) -> Result:
        self._tell_of(trace, sight.claim)
        if self._anchor(trace, standing, sight, fixed):
            trace.ambiguous = False
            return self._known(standing.frontier, name)
        trouble = standing.frontier.trouble
        trace.ambiguous = trouble is not None
        if trouble is not None:
            return Result(name, "Unknown", trouble.message, "Step", trouble.reason)
        return Result(name, "Unknown", "no state of the spec that it could begin from is known", "Step", "NoAnchor")

    def _anchor(self, trace: Trace, standing: Standing, sight: Sight, fixed: Mapping[int, Value]) -> bool:
        """Begins from the snapshot, if it fixes all; else from initial states, if the key was created now; else from
        the reachable states that agree. What comes of no match is no anchor, never a drift."""
        frontier = standing.frontier
        try:
            time = sight.time.timestamp()
            beginnings = self._beginnings(standing, sight, fixed)
            claim = sight.claim if self.settings.claims_only else None
            return frontier.anchor(beginnings, time, claim=claim, fresh=sight.created, source=sight.source)
        except OverBudget as error:
            frontier.lose()
            frontier.trouble = Overflow("OverBudget", str(error))
            return False

    def _beginnings(self, standing: Standing, sight: Sight, fixed: Mapping[int, Value]) -> Iterable[State]:
        stepper = standing.binding.stepper
        if not fixed and not self.settings.claims_only:
            return ()
        if len(fixed) == len(stepper.variables):
            return [tuple(fixed[slot] for slot in range(len(fixed)))]
        if sight.created:
            initial = [state for state in stepper.initials() if all(state[n] == v for n, v in fixed.items())]
            if initial:
                return initial
        return matching(stepper, fixed, self.settings.reachable_limit) or ()

    def _broken(self, explanation: Explanation) -> str:
        """What was observed, from where, and what came nearest to explaining it."""
        what = f"{explanation.claimed} was observed" if explanation.claimed else "a change was observed"
        changed = self._changes(explanation)
        seen = f": {changed}" if changed else ""
        named = explanation.claimed.partition("(")[0]
        own = [each for each in explanation.obstacles if named and each.action.partition("(")[0] == named]
        told = (own or explanation.obstacles)[:_SHOWN_OBSTACLES]
        nearest = "; ".join(f"{each.action}: {each.detail}" for each in told)
        near = f"; nearest: {nearest}" if nearest else ""
        return f"{what}{seen}, which no step of the spec explains{near}"

    def _changes(self, explanation: Explanation) -> str:
        before, after = explanation.last_good, explanation.observed
        moved = [name for name in after if before.get(name) != after[name]]
        shown = [f"{n} {self._itf(n, before.get(n))} → {self._itf(n, after[n])}" for n in moved[:_SHOWN_VARIABLES]]
        more = f", and {len(moved) - _SHOWN_VARIABLES} more" if len(moved) > _SHOWN_VARIABLES else ""
        return ", ".join(shown) + more

    def _itf(self, name: str, itf: object) -> str:
        type_ = next(v.type for v in self.model.variables if v.name == name)
        return _short(literal(decode(itf, type_), type_))


def _named(result: Result, standing: Standing, claim: Claim | None) -> Result:
    """With the action that the breaking observation tells of, and so who it was."""
    if claim is None or result.verdict != "Violated":
        return result
    return replace(result, message=f"{result.message}; after {claim_text(standing.binding.stepper, claim)}")


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_VALUE else f"{text[:_SHOWN_VALUE]}…"


def mentions(model: Model) -> dict[str, tuple[str, ...]]:
    """For each invariant the variables it mentions, in the model's order."""
    found = {}
    for each in model.properties:
        if each.kind == "invariant":
            reads = {node.variable for node in bottom_up([each.predicate], set()) if isinstance(node, Read)}
            found[each.name] = tuple(v.name for v in model.variables if v.name in reads)
    return found


def parameters_mentioned(model: Model) -> dict[str, frozenset[str]]:
    """For each invariant the parameters it mentions."""
    return {
        each.name: frozenset(n.name for n in bottom_up([each.predicate], set()) if isinstance(n, Param))
        for each in model.properties
        if each.kind == "invariant"
    }
