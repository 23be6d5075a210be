"""The specs of this repository, loaded and checked once each, and copies of them with a fault planted."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from speccheck.checking import CheckRequest, check
from speccheck.engines.base import Limits
from speccheck.ir.models import Model
from speccheck.loading import load
from speccheck.reports import PropertyResult, Report, Verdict

SPECS = Path(__file__).parents[2] / "specs"

TIMEOUT_S = 120.0
"""How long a check may take before its answer is Unknown, and the test fails for that."""


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance that the tests explore to the end, and what is known of it.

    `distinct`, `generated` and `depth` are as Report.stats has them; `violated` names each invariant or
    temporal property that does not hold with the steps of its shortest path, `missing` each example that has no
    witness.
    """

    spec: str
    name: str
    distinct: int
    generated: int
    depth: int
    violated: dict[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.spec}-{self.name}"


@dataclass(frozen=True, slots=True)
class Mutation:
    """A fault: `old` becomes `new` in a spec's file, and in the instance the invariant does not hold any more."""

    name: str
    old: str
    new: str
    instance: str
    invariant: str

    def __str__(self) -> str:
        return self.name


class Library:
    """Loads and checks specs by name, each once; `scratch` is a directory for changed copies."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._models: dict[str, Model] = {}
        self._reports: dict[tuple[str, str, Limits], Report] = {}

    def model(self, spec: str) -> Model:
        """The captured spec."""
        if spec not in self._models:
            self._models[spec] = load(_path(SPECS, spec)).model
        return self._models[spec]

    def report(self, spec: str, instance: str, max_steps: int | None = None) -> Report:
        """All properties of an instance, checked on every state within so many steps."""
        limits = Limits(max_steps=max_steps, timeout_s=TIMEOUT_S)
        if (spec, instance, limits) not in self._reports:
            request = CheckRequest(instances=(instance,), limits=limits)
            (self._reports[spec, instance, limits],) = check(self.model(spec), request)
        return self._reports[spec, instance, limits]

    def mutant(self, spec: str, mutation: Mutation) -> PropertyResult:
        """What becomes of the mutation's invariant; the fault must fit exactly one place of the entry file."""
        root = self._scratch / mutation.name
        path = _path(root, spec)
        shutil.copytree(_path(SPECS, spec).parent, path.parent, ignore=shutil.ignore_patterns("__pycache__"))
        text = path.read_text(encoding="utf-8")
        assert text.count(mutation.old) == 1, f"{mutation.old!r} stands {text.count(mutation.old)} times in {spec}"
        path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
        limits = Limits(timeout_s=TIMEOUT_S, fail_fast=True)
        request = CheckRequest((mutation.instance,), (mutation.invariant,), limits)
        (report,) = check(load(path).model, request)
        return report.properties[0]


def _path(root: Path, spec: str) -> Path:
    """The entry file of a spec: NAME.py, or NAME/NAME.py where the spec has helper modules."""
    inner = root / spec / f"{spec}.py"
    return inner if (SPECS / spec).is_dir() else root / f"{spec}.py"


def assert_known(library: Library, known: Instance) -> None:
    """Fails unless counts and verdicts of an instance are the known ones."""
    report = library.report(known.spec, known.name)
    stats = report.stats
    assert (stats.distinct, stats.generated, stats.depth) == (known.distinct, known.generated, known.depth)
    violated = {p.name: p.path.depth for p in report.properties if p.kind != "example" and _is_violated(p) and p.path}
    assert violated == known.violated
    assert tuple(p.name for p in report.properties if p.kind == "example" and _is_violated(p)) == known.missing
    others = [p for p in report.properties if p.name not in violated and p.name not in known.missing]
    assert {p.verdict for p in others} == {Verdict.HOLDS}


def assert_caught(library: Library, spec: str, mutation: Mutation) -> None:
    """Fails unless the fault breaks the invariant (or temporal property), which is not broken without it."""
    before = {p.name: p for p in library.report(spec, mutation.instance).properties}
    assert before[mutation.invariant].verdict is Verdict.HOLDS
    result = library.mutant(spec, mutation)
    broken = "BehaviourFound" if result.kind == "temporal" else "InvariantViolated"
    assert (result.verdict, result.reason) == (Verdict.VIOLATED, broken)


def steps(result: PropertyResult) -> list[tuple[str, dict[str, object]]]:
    """The outermost named call of each step of a property's path, with its arguments."""
    assert result.path is not None, f"{result.name} has no path"
    return [(s.label[0].action, dict(s.label[0].args)) for s in result.path.states[1:]]


def _is_violated(result: PropertyResult) -> bool:
    return result.verdict is Verdict.VIOLATED
