"""What every spec in specs/ owes its readers."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.specs.known import ALL
from tests.specs.libraries import SPECS, Library, steps

NAMES = sorted({known.spec for known in ALL})

SMALLEST = 1_000
"""How many states the largest tested instance must have at least; Die Hard is the exception."""


def instances_of(spec: str) -> list[str]:
    return [known.name for known in ALL if known.spec == spec]


def spec_paths() -> list[Path]:
    return [p for p in SPECS.iterdir() if p.suffix == ".py" or (p / f"{p.name}.py").is_file()]


def test_every_spec_is_tested() -> None:
    assert sorted(path.stem for path in spec_paths()) == NAMES


@pytest.mark.parametrize("spec", NAMES)
def test_a_stranger_finds_a_heading(spec: str, library: Library) -> None:
    doc = library.model(spec).doc
    assert len(doc.splitlines()[0]) <= 120
    for word in ("go wrong", "assumes", "Source"):
        assert word in doc, f"{spec}'s heading does not say {word!r}"


@pytest.mark.parametrize("spec", NAMES)
def test_everything_named_is_explained(spec: str, library: Library) -> None:
    model = library.model(spec)
    named = (*model.actions, *model.properties, *model.instances)
    assert [each.name for each in named if not each.doc.strip()] == []


@pytest.mark.parametrize("spec", NAMES)
def test_an_example_for_each_named_action_proves_that_it_can_happen(spec: str, library: Library) -> None:
    shown: set[str] = set()
    for instance in instances_of(spec):
        for result in library.report(spec, instance).properties:
            if result.kind == "example" and result.path is not None:
                shown |= {action for action, _ in steps(result) if f"`{action}` happens" in result.doc}
    assert sorted(shown) == sorted(action.name for action in library.model(spec).actions)


@pytest.mark.parametrize("spec", sorted(set(NAMES) - {"die_hard"}))
def test_the_largest_tested_instance_is_not_a_toy(spec: str) -> None:
    assert max(known.distinct for known in ALL if known.spec == spec) >= SMALLEST
