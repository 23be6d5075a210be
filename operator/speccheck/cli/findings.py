"""What `conform` finds, as it finds it: drifts told one by one, kept for the JSON form, saved as paths; and the totals.

Takes a Watch's notices; gives texts, plain data and files. Of very many drifts the first are told in full, more on a
line each, and all are counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, assert_never

from speccheck.cli.outputs import json_text, save
from speccheck.cli.watching import First, Gapped, Moved, Notice, Rejected, Repeated, Resolved, Started, Watch
from speccheck.conform.protocols import Thing
from speccheck.errors import UsageError
from speccheck.ir.json import model_digest
from speccheck.ir.models import Model
from speccheck.rendering.conformances import (
    Answer,
    DriftShown,
    Totals,
    Trouble,
    drift_json,
    drift_line,
    drift_text,
    ended_text,
    time_text,
)
from speccheck.rendering.text import Look
from speccheck.resource.drifts import Drift
from speccheck.resource.paths import counted
from speccheck.sources.lines import Refused

FULL_LIMIT = 10
"""How many drifts are told in full."""

SHORT_LIMIT = 100
"""How many are told at all."""

KEPT_LIMIT = 1_000
"""How many are kept for the JSON form, and saved as paths."""


class Saved:
    """The folder that the paths of drifts are saved to, one file each. Raises UsageError where it cannot be written."""

    def __init__(self, folder: Path, model: Model, instance: str) -> None:
        self._folder = folder
        self._meta = {"spec": model.name, "instance": instance, "model_digest": model_digest(model)}
        self._saved = 0
        self._without = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot write {folder}: {error.strerror or error}") from error

    def add(self, number: int, drift: DriftShown) -> None:
        """Saves one drift's path, where it has one."""
        path = drift.explanation.path if drift.explanation else None
        if path is None or self._saved >= KEPT_LIMIT:
            self._without += 1
            return
        name = "-".join((f"{number:04}", drift.property, drift.key))
        safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in name)[:120]
        meta = {**path.get("#meta", {}), **self._meta, "description": f"{drift.key}: what led to {drift.property}"}
        save(self._folder / f"{safe}.itf.json", json_text({**path, "#meta": meta}))
        self._saved += 1

    @property
    def text(self) -> str:
        """What was saved."""
        without = f"; {counted(self._without, 'drift')} had none to save" if self._without else ""
        return f"{counted(self._saved, 'path')} in {self._folder}{without}"


class Findings:
    """The drifts found so far. `written` takes texts, None where none are wanted."""

    def __init__(self, look: Look, written: Callable[[str], None] | None, saved: Saved | None) -> None:
        self._look = look
        self._written = written
        self.saved = saved
        self.begun = 0
        self.muted = 0
        self.untold = 0
        self.drifts: list[dict[str, Any]] = []
        self._told: dict[str, dict[str, Any]] = {}

    @property
    def omitted(self) -> int:
        """How many drifts are only counted in the JSON form."""
        return self.begun - len(self.drifts)

    def take(self, notice: Notice) -> None:
        """One thing more."""
        match notice:
            case Moved():
                self._moved(notice)
            case Gapped() | Rejected() | Refused():
                pass
            case _:
                assert_never(notice)

    def _moved(self, moved: Moved) -> None:
        match moved.change:
            case Started(drift):
                self._started(moved, drift)
            case Repeated(drift):
                if drift.identity in self._told:
                    self._told[drift.identity] |= {"count": drift.count, "last": time_text(drift.last)}
            case Resolved() as ended:
                self._resolved(moved, ended)
            case _:
                assert_never(moved.change)

    def _started(self, moved: Moved, drift: Drift) -> None:
        known = self._told.get(drift.identity)
        if known is not None:  # it was muted, and is not any more
            self.muted -= 1
            known["muted"] = None
        else:
            self.begun += 1
            self.muted += drift.muted
            self._keep(drift, _shown(moved, drift))
        self._tell(_shown(moved, drift))

    def _keep(self, drift: Drift, shown: DriftShown) -> None:
        if self.saved is not None:
            self.saved.add(self.begun, shown)
        kept = drift_json(shown) | {"count": 1, "last": time_text(drift.last), "ended": None}
        self._told[drift.identity] = kept
        if len(self.drifts) < KEPT_LIMIT:
            self.drifts.append(kept)

    def _tell(self, shown: DriftShown) -> None:
        if self._written is None:
            return
        if self.begun > SHORT_LIMIT:
            self.untold += 1
        elif self.begun > FULL_LIMIT:
            self._written(drift_line(shown, self._look))
        else:
            self._written(drift_text(shown, self._look))

    def _resolved(self, moved: Moved, ended: Resolved) -> None:
        drift = ended.drift
        kept = self._told.pop(drift.identity, None)
        if kept is not None:
            kept |= {"count": drift.count, "last": time_text(drift.last)}
            kept["ended"] = {"time": time_text(ended.at), "why": ended.why}
        if self._written is None or kept is None or drift.tier == "Step" or self.begun > FULL_LIMIT:
            return
        why = "holds again" if ended.why == "holds" else "was broken, and its object is gone"
        lasted_s = (ended.at - drift.since).total_seconds()
        self._written(ended_text(drift.property, drift.key, lasted_s, why, moved.place, self._look))


def _shown(moved: Moved, drift: Drift) -> DriftShown:
    thing = drift.object
    return DriftShown(
        property=drift.property,
        tier=drift.tier,
        key=drift.key,
        thing=Thing(thing.api_version, thing.kind, thing.namespace, thing.name, thing.uid),
        source=moved.source,
        time=drift.since,
        place=moved.place,
        message=drift.message,
        explanation=drift.explanation,
        muted=drift.mute_reason,
        after=moved.after,
    )


def totals_of(model: Model, watch: Watch, findings: Findings, files: int) -> Totals:
    """What it has all come to."""
    tally, census, loaded = watch.tally, watch.census, watch.loaded
    troubles = tuple(_troubles(watch))
    loud = findings.begun - findings.muted
    answer: Answer = "Drift" if loud else "Unknown" if troubles else "Conformant"
    return Totals(
        spec=model.name,
        instance=watch.order.instance or "",
        answer=answer,
        observations=tally.observations,
        judged=tally.judged,
        keys=census.keys + census.retired + tally.closed,
        files=files,
        first=tally.first,
        last=tally.last,
        drifts=findings.begun,
        muted=findings.muted,
        active=sum(not drift.muted for drift in watch.tracker.active),
        untold=findings.untold,
        troubles=troubles,
        actions={name: census.actions.get(name, 0) for name in loaded.actions},
        properties={name: census.properties.get(name, 0) for name in loaded.judged},
        unjudged=loaded.unjudged,
        hidden=loaded.hidden,
        tiers=watch.order.tiers,
        notes=tuple(_notes(watch)),
    )


_UNKNOWN = {
    "NoAnchor": "could not be held to a step",
    "Ambiguous": "could not be held to a step",
    "OverBudget": "could not be judged within the limits",
}
_WAYS_OUT = {
    "NoAnchor": "map more variables, or record from before the object's creation",
    "Ambiguous": "map more variables or actions, or lower hiddenSteps",
    "OverBudget": "choose an instance with smaller parameters, or map more variables",
}


def _troubles(watch: Watch) -> Iterator[Trouble]:
    """Why it is not known whether all of it conforms."""
    tally, census = watch.tally, watch.census
    if not tally.judged and not tally.rejected.count:
        yield _nothing(watch)
    if tally.gaps.count:
        yield _trouble("Gap", tally.gaps, f"{counted(tally.gaps.count, 'gap')}: {tally.gaps.message}")
    if tally.refused.count:
        told = f"{counted(tally.refused.count, 'line')} refused: {tally.refused.message}"
        yield _trouble("RefusedLine", tally.refused, told)
    if tally.rejected.count:
        told = f"{counted(tally.rejected.count, 'observation')} rejected: {tally.rejected.message}"
        yield _trouble("ObservationRejected", tally.rejected, told)
    if tally.errors.count:
        told = f"{counted(tally.errors.count, 'property')} without a value: {tally.errors.message}"
        yield _trouble("Error", tally.errors, told.replace("propertys", "properties"))
    for reason, found in sorted(tally.unknown.items()):
        said = _UNKNOWN.get(reason, f"could not be judged ({reason})")
        told = f"{counted(found.count, 'observation')} {said}; {found.message}"
        yield _trouble(reason, found, told, _WAYS_OUT.get(reason, ""))
    if watch.settling:
        told = "was not over when the observations ended, and had not lasted as long as `settle`"
        yield Trouble("Settling", watch.settling, f"{counted(watch.settling, 'breach')} {told}")
    if watch.tracker.counts.overflowed:
        told = "not followed: there are too many at once"
        yield Trouble("Overflow", watch.tracker.counts.overflowed, f"more drifts and keys {told}")
    if census.overflowed:
        told = "not followed: there are too many keys"
        yield Trouble("Overflow", census.overflowed, f"{counted(census.overflowed, 'observation')} {told}")
    unjudged = census.unanchored + census.unjudged
    if unjudged and tally.judged and not tally.unsure:
        told = "could not be judged: parameters have no value yet, or nothing was seen that a step begins from"
        yield Trouble("NothingJudged", unjudged, f"{counted(unjudged, 'key')} {told}")


def _trouble(name: str, found: First, message: str, way_out: str = "") -> Trouble:
    return Trouble(name, found.count, message.rstrip("."), found.place, way_out)


def _nothing(watch: Watch) -> Trouble:
    tally = watch.tally
    if not tally.observations and not tally.left_out:
        return Trouble("NothingObserved", 1, "there is no observation")
    if not tally.observations:
        return Trouble("NothingObserved", 1, "no line is of a source of the mapping", way_out="compare both, see below")
    return Trouble("NothingJudged", 1, "no observation could be held to any property or step")


def _notes(watch: Watch) -> Iterator[str]:
    tally, order, counts = watch.tally, watch.order_counts, Counter(watch.tally.left_out)
    if counts:
        whys = "; ".join(f"{count:,} {why}" for why, count in counts.items())
        yield f"Left out, being of no source: {counted(counts.total(), 'line')}: {whys}."
    if again := order.duplicates + tally.duplicates:
        yield f"Left out, having come before: {counted(again, 'observation')}."
    if order.late:
        yield f"Dropped, having come too late to be put in order: {counted(order.late, 'event')}."
    if watch.undetermined:
        of = counted(watch.undetermined, "key")
        yield f"Of {of} it is not known which values all hidden variables have: so far it conforms to some of them."
