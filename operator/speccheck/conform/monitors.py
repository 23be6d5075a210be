"""One SpecCheck's observations held to one Model: what each means, remembered by key.

Takes a Model, a mapping, and items in order (observations, gaps, the time); gives judgements. It evaluates what users
wrote, so it belongs where that may take as long as it likes and be killed: in the evaluator's workers, or on the
author's own machine. It decides nothing about drifts: `drifts` does, from judgements.
"""

from __future__ import annotations

from collections.abc import Mapping as Values
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from speccheck.conform.bindings import Bindings
from speccheck.conform.deadlines import mentioned, refuse_strange
from speccheck.conform.frontiers import Bounds, Claim
from speccheck.conform.mapping import Mapping, Rejected
from speccheck.conform.protocols import (
    Census,
    Gap,
    Item,
    Judgement,
    Loaded,
    MappingOrder,
    Result,
    Thing,
    Tick,
    Unjudged,
    View,
)
from speccheck.conform.tiers import Settings, Sight, Tiers, mentions, parameters_mentioned
from speccheck.conform.traces import Trace
from speccheck.engines.base import Limits, OverBudget
from speccheck.errors import ModelError, UsageError
from speccheck.ir.itf import encode
from speccheck.ir.models import Model
from speccheck.ir.values import Value
from speccheck.reports import Itf

_OF_BEHAVIOURS = "it is about behaviours without end: give it a deadline (deadlines)"
_OF_MOMENTS = "it joins sources, whose observations are of different moments: ask for the tier Step, too"
_NOT_ASKED = "its tier is not asked for (tiers)"
_UNBOUND = "parameters have no value yet"
_TEXT_LIMIT = 253


@dataclass(frozen=True, slots=True)
class MonitorLimits:
    """How much is followed. `idle_s`: after how long without an observation a key of events alone is retired.

    `reachable`: up to how many reachable states are computed to anchor keys. `states` and `expansions` are a
    frontier's. `question_s` bounds the work on each single question to the Model.
    """

    keys: int = 10_000
    idle_s: float = 3_600.0
    reachable: int = 50_000
    states: int = 2_000
    expansions: int = 20_000
    question_s: float = 1.0


class Monitor:
    """A Model and a mapping, compiled, and what was observed so far."""

    def __init__(self, model: Model, order: MappingOrder, limits: MonitorLimits | None = None) -> None:
        """Compiles, and checks every name.

        Raises UsageError where the mapping does not fit the Model, ModelError for a malformed Model.
        """
        self._limits = limits or MonitorLimits()
        self._order = order
        self._mapping = Mapping(model, order)
        self._model = self._mapping.model
        deadlines = order.deadlines if "Time" in order.tiers else {}
        refuse_strange(self._model, order.deadlines)
        self._bindings = Bindings(self._model, deadlines, Limits(cpu_s=self._limits.question_s))
        self._bounds = Bounds(
            hidden_steps=order.hidden_steps,
            window_s=order.window_s,
            states_limit=self._limits.states,
            expansions_limit=self._limits.expansions,
            claimable=frozenset(action.name for action in order.actions),
        )
        self._tiers = Tiers(self._model, self._settings())
        self._types = {v.name: v.type for v in self._model.variables}
        self._of_source: dict[str, list[str]] = {
            source: [each.variable.name for each in self._mapping.variables if source in each.sources]
            for source in self._mapping.sources
        }
        self._traces: dict[str, Trace] = {}
        self._key_of: dict[tuple[str, str], str] = {}
        self._pending: set[str] = set()
        self._unanchored: set[str] = set()
        self._unbound: set[str] = set()
        self._ambiguous: set[str] = set()
        self._eventful: set[str] = set()
        self._retired = 0
        self._unjudged = 0
        self._overflowed = 0
        self._itf: dict[tuple[str, Value], Itf] = {}
        if not self._mapping.parameters:
            self._bindings.get({})

    def loaded(self) -> Loaded:
        """Which properties the mapping lets be judged, and which not: for want of which variables, or why.

        Raises UsageError where it lets nothing at all be judged.
        """
        mapped = self._mapping.names
        judged: list[str] = []
        unjudged: list[Unjudged] = []
        for name, variables in self._wanted().items():
            missing = tuple(v for v in variables if v not in mapped)
            reason = self._why_not(name)
            if reason or (missing and not (name in self._order.deadlines and "Step" in self._order.tiers)):
                unjudged.append(Unjudged(name, () if reason else missing, reason))
            else:
                judged.append(name)
        if not judged and "Step" not in self._order.tiers:
            raise UsageError(self._nothing(unjudged))
        hidden = tuple(v.name for v in self._model.variables if v.name not in mapped)
        actions = tuple(dict.fromkeys(action.name for action in self._model.labelling()))
        return Loaded(tuple(judged), tuple(unjudged), actions if "Step" in self._order.tiers else (), hidden)

    def take(self, item: Item) -> tuple[Judgement, ...]:
        """What one item means: of a View one judgement, after those on keys that it closed; of time any number."""
        match item:
            case View() as view:
                return self._view(view)
            case Gap(_, source):
                self._gap(source)
                return ()
            case Tick(time):
                return (*self._pass_time(time), *self._retire(time))
            case _:
                assert_never(item)

    def census(self) -> Census:
        """How things stand."""
        step = "Step" in self._order.tiers
        return Census(
            keys=len(self._traces),
            unanchored=len(self._unanchored if step else self._unbound),
            ambiguous=len(self._ambiguous),
            retired=self._retired,
            overflowed=self._overflowed,
            unjudged=self._unjudged,
            frontier=self._tiers.largest,
            actions=dict(self._tiers.actions),
            properties=dict(self._tiers.properties),
        )

    # --- what is asked -------------------------------------------------------------------------------

    def _settings(self) -> Settings:
        sources = {each.variable.name: each.sources for each in self._mapping.variables}
        bounds = {each.variable.name: each.sources for each in self._mapping.parameters}
        asked = parameters_mentioned(self._model)
        involved = {
            name: frozenset(
                s for found in (*map(sources.get, variables), *map(bounds.get, asked[name])) for s in found or ()
            )
            for name, variables in mentions(self._model).items()
            if all(v in sources for v in variables)
        }
        order = self._order
        return Settings(
            tiers=frozenset(order.tiers),
            settle_s=order.settle_s,
            bounds=self._bounds,
            reachable_limit=self._limits.reachable,
            involved=involved,
            claims_only=not order.variables,
        )

    def _wanted(self) -> dict[str, tuple[str, ...]]:
        temporal = {p.name: tuple(sorted(mentioned(p))) for p in self._model.properties if p.kind == "temporal"}
        return {**mentions(self._model), **temporal}

    def _why_not(self, name: str) -> str:
        """Why a property is not judged, whatever is mapped; "" where it can be."""
        temporal = self._model.property_named(name).kind == "temporal"
        if temporal and name not in self._order.deadlines:
            return _OF_BEHAVIOURS
        if temporal and "Step" not in self._order.tiers and self._joins(name):
            return _OF_MOMENTS
        return "" if ("Time" if temporal else "State") in self._order.tiers else _NOT_ASKED

    def _joins(self, name: str) -> bool:
        """Whether a temporal property speaks of variables that no one source shows."""
        wanted = mentioned(self._model.property_named(name))
        by_source = [set(names) for names in self._of_source.values()]
        return wanted <= self._mapping.names and not any(wanted <= names for names in by_source)

    def _nothing(self, unjudged: list[Unjudged]) -> str:
        short = next((each for each in unjudged if each.variables), None)
        if short is None:
            return f"{self._model.name} has no property that the tiers asked for could judge"
        return (
            "no invariant speaks of mapped variables alone, so nothing could be judged: "
            f"{short.property} also needs {', '.join(short.variables)}"
        )

    # --- observations --------------------------------------------------------------------------------

    def _view(self, view: View) -> tuple[Judgement, ...]:
        thing = _thing(view)
        key = ""
        try:
            if not self._mapping.is_known(view.source):
                raise Rejected(f"no source is named {view.source!r}; there is {', '.join(self._mapping.sources)}")
            self._mapping.show(view, {})
            if not self._mapping.matches(view):
                return self._gone(view) if view.event is None or view.kind == "DELETED" else self._passed_over(view)
            key = self._mapping.key(view)
        except Rejected as error:
            if view.kind == "DELETED" and self._mapping.is_known(view.source):
                return self._gone(view)
            self._missed(view, None)
            return (self._rejected(view, "", str(error)),)
        closed = self._moved(view, key)
        if view.kind == "DELETED" and view.source not in self._mapping.many:
            return (*closed, self._deleted(view, key))
        if key not in self._traces and (view.kind == "DELETED" or len(self._traces) >= self._limits.keys):
            self._overflowed += view.kind != "DELETED"
            return (*closed, Judgement(key, ignored=True, time=view.time, thing=thing, source=view.source))
        return (*closed, self._observed(view, key))

    def _observed(self, view: View, key: str) -> Judgement:
        """The judgement of an observation of a key that is followed, or is from now on."""
        trace = self._traces.setdefault(key, Trace(key))
        created = trace.fresh and view.kind == "ADDED" and view.live
        if not view.live:
            trace.lose()  # it was found so: what led there was not seen
        self._take_in(trace, view)
        if not trace.latest and not trace.objects:
            return self._closed(trace, view)
        try:
            sight = self._sight(trace, view, created)
            _keep(self._unbound, key, sight is None)
            results = self._tiers.judge(trace, sight) if sight is not None else self._unbound_claim(trace, view)
            trace.judged = trace.judged or bool(results)
        except (Rejected, ModelError, OverBudget, UsageError) as error:
            self._missed(view, trace)
            return self._rejected(view, key, str(error))
        self._note(trace)
        values = {name: self._encoded(name, value) for name, value in trace.known.items()}
        return Judgement(key, values, results, time=view.time, thing=trace.thing, source=view.source)

    def _sight(self, trace: Trace, view: View, created: bool) -> Sight | None:
        """What an observation fixes and claims; None as long as the key's parameters are not known."""
        current, has = trace.current(self._mapping.many), trace.has()
        if self._mapping.keeps:
            self._mapping.show(view, current)
        own, joined = self._mapping.values(view.source, has)
        if not (own.keys() | joined.keys()) >= {n for n in self._of_source[view.source] if n in trace.known}:
            trace.forget(self._of_source[view.source])
        trace.known.update(own)
        trace.known.update(joined)
        parameters = self._mapping.bound(has)
        claimed = self._mapping.claim(view.source, has)
        if parameters is None:
            return None
        first = trace.standing is None
        trace.bind(parameters, self._bindings.get(parameters), self._bounds)
        claim = None if claimed is None else Claim(claimed.action, claimed.args)
        joint = view.source in self._mapping.many and len(trace.objects.get(view.source, ())) > 1
        return Sight(view.source, view.time, own, claim, created, joint, bool(self._of_source[view.source]), first)

    def _unbound_claim(self, trace: Trace, view: View) -> tuple[Result, ...]:
        """An action that is named while its key's parameters are not known: nobody can tell whether it was possible."""
        claimed = self._mapping.claim(view.source, trace.has()) if "Step" in self._order.tiers else None
        return (Result(claimed.action, "Unknown", _UNBOUND, "Step", "NoAnchor"),) if claimed else ()

    def _take_in(self, trace: Trace, view: View) -> None:
        """Remembers what the observation shows, as far as it will be asked for."""
        trace.fresh = False
        trace.stale.discard(view.source)
        trace.time, trace.source = view.time, view.source
        if view.object is not None or not trace.thing.kind:
            trace.thing = _thing(view)  # what an event tells is told of the key's object, where there is one
        asked = view.source in self._mapping.keeps
        if view.object is None:
            trace.latest[view.source] = view.event if asked else None
            self._eventful.add(trace.key)
            return
        objects = trace.objects.setdefault(view.source, {})
        if view.kind == "DELETED":
            objects.pop(_identity(trace.thing), None)
            self._key_of.pop((view.source, _identity(trace.thing)), None)
            if not any(trace.objects.values()):
                trace.objects.clear()
                trace.latest.clear()
            return
        objects[_identity(trace.thing)] = self._mapping.projected(view) if asked else None
        trace.latest[view.source] = objects[_identity(trace.thing)]
        self._key_of[view.source, _identity(trace.thing)] = trace.key

    def _passed_over(self, view: View) -> tuple[Judgement, ...]:
        """An event that is not of its source; of an object that is followed, it is what others wrote in between."""
        if view.object is not None and (view.source, _identity(_thing(view))) in self._key_of:
            self._missed(view, None)
        return (Judgement(ignored=True, time=view.time, thing=_thing(view), source=view.source),)

    def _gone(self, view: View) -> tuple[Judgement, ...]:
        """An observation of no key: an object that was of one leaves it; anything else is nothing to judge."""
        ignored = Judgement(ignored=True, time=view.time, thing=_thing(view), source=view.source)
        return self._moved(view, None) or (ignored,)

    def _moved(self, view: View, key: str | None) -> tuple[Judgement, ...]:
        """Where an object is under another key (None: under none) than before, what that means to the key it left."""
        before = self._key_of.get((view.source, _identity(_thing(view)))) if view.object is not None else None
        if before is None or before == key or before not in self._traces:
            return ()
        return (self._left(self._traces[before], view),)

    def _deleted(self, view: View, key: str) -> Judgement:
        if key not in self._traces:
            return Judgement(key, ignored=True, time=view.time, thing=_thing(view), source=view.source)
        return self._left(self._traces[key], view)

    def _left(self, trace: Trace, view: View) -> Judgement:
        """An object is no more of a key, which closes with its last one."""
        identity = _identity(_thing(view))
        self._key_of.pop((view.source, identity), None)
        trace.objects.get(view.source, {}).pop(identity, None)
        if not trace.objects.get(view.source):
            trace.objects.pop(view.source, None)
            trace.latest.pop(view.source, None)
            trace.forget(self._of_source[view.source])
        if not trace.objects:
            return self._closed(trace, view)
        trace.lose()
        self._note(trace)
        return Judgement(trace.key, time=view.time, thing=_thing(view), source=view.source)

    def _closed(self, trace: Trace, view: View) -> Judgement:
        self._forget(trace.key)
        return Judgement(trace.key, closed=True, time=view.time, thing=_thing(view), source=view.source)

    def _rejected(self, view: View, key: str, why: str) -> Judgement:
        return Judgement(key, rejected=why, time=view.time, thing=_thing(view), source=view.source)

    def _missed(self, view: View, trace: Trace | None) -> None:
        """An observation was not understood: for the key, or all keys of its source, that is a gap."""
        if trace is not None:
            self._lose(trace, [view.source])
        else:
            before = self._key_of.get((view.source, _identity(_thing(view))))
            traces = [self._traces[before]] if before in self._traces else []
            for each in traces or ([] if view.object is not None else self._traces.values()):
                self._lose(each, [view.source])

    def _encoded(self, name: str, value: Value) -> Itf:
        at = (name, value)
        if at not in self._itf:
            if len(self._itf) > 10_000:
                self._itf.clear()
            self._itf[at] = encode(value, self._types[name])
        return self._itf[at]

    # --- gaps and time -------------------------------------------------------------------------------

    def _gap(self, source: str) -> None:
        """What was missed may have been of any key, also of one that the source told nothing of before.

        Objects are listed again after a gap, and what has changed comes with that; events never come again.
        """
        for trace in self._traces.values():
            missed = [source] if source in self._mapping.sources else list(self._mapping.sources)
            self._lose(trace, [each for each in missed if not trace.objects.get(each)])

    def _lose(self, trace: Trace, sources: list[str]) -> None:
        """Something was missed, and what these sources showed last may be true no more."""
        trace.lose()
        for each in sources:
            trace.stale.add(each)
            trace.forget(self._of_source.get(each, ()))
        self._note(trace)

    def _pass_time(self, time: datetime) -> list[Judgement]:
        found = []
        for key in sorted(self._pending):
            trace = self._traces[key]
            results = self._tiers.pass_time(trace, time)
            self._note(trace)
            if results:
                found.append(Judgement(key, {}, results, time=time, thing=trace.thing, source=trace.source))
        return found

    def _retire(self, time: datetime) -> list[Judgement]:
        """Keys of which there are no objects, only events, and none for long."""
        idle = [
            trace
            for trace in map(self._traces.__getitem__, sorted(self._eventful))
            if not trace.objects and trace.time and (time - trace.time).total_seconds() > self._limits.idle_s
        ]
        for trace in idle:
            self._forget(trace.key)
        self._retired += len(idle)
        return [Judgement(t.key, closed=True, time=time, thing=t.thing, source=t.source) for t in idle]

    def _note(self, trace: Trace) -> None:
        """Keeps the sets of keys that something is to be said of."""
        _keep(self._pending, trace.key, trace.waiting)
        _keep(self._unanchored, trace.key, not trace.anchored)
        _keep(self._ambiguous, trace.key, trace.ambiguous)

    def _forget(self, key: str) -> None:
        trace = self._traces.pop(key, None)
        self._unjudged += trace is not None and not trace.judged
        for each in (self._pending, self._unanchored, self._unbound, self._ambiguous, self._eventful):
            each.discard(key)


def _keep(kept: set[str], key: str, wanted: bool) -> None:
    if wanted:
        kept.add(key)
    else:
        kept.discard(key)


def _thing(view: View) -> Thing:
    """The object of an observation, as far as it says; of an event its name. Nothing in it is trusted to be there."""
    if view.object is None:
        name = (view.event or {}).get("name")
        return Thing(name=name[:_TEXT_LIMIT] if isinstance(name, str) else "")
    metadata = view.object.get("metadata")
    named: Values[str, Any] = metadata if isinstance(metadata, dict) else {}
    found = (
        view.object.get("apiVersion"),
        view.object.get("kind"),
        named.get("namespace"),
        named.get("name"),
        named.get("uid"),
    )
    return Thing(*(each[:_TEXT_LIMIT] if isinstance(each, str) else "" for each in found))


def _identity(thing: Thing) -> str:
    return thing.uid or "/".join((thing.api_version, thing.kind, thing.namespace, thing.name))
