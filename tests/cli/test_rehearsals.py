"""One SpecCheck without a cluster, as far as `test_run` does not show it from outside."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import yaml
from tests.cli.rollouts import CHECK
from tests.conform.specs import ROLLOUT

from speccheck.cli.rehearsals import Rehearsal, Stage, rehearse
from speccheck.resource.outcomes import Failed
from speccheck.resource.sources import Missing
from speccheck.resource.statuses import Refused


def rehearsed(text: str, **files: str) -> Rehearsal:
    config_map: dict[str, Any] = {"metadata": {"name": "rollout-spec"}, "data": {"rollout.py": ROLLOUT} | files}
    stage = Stage({("shop", "rollout-spec"): config_map}, None, lambda _: nullcontext())
    return rehearse(yaml.safe_load(text), stage)


def verified(found: Rehearsal) -> tuple[str, str]:
    (condition,) = [c for c in found.status["conditions"] if c["type"] == "Verified"]
    return condition["status"], condition["reason"]


def test_each_instance_has_a_report_and_nothing_of_the_files_is_left_in_it() -> None:
    found = rehearsed(CHECK.replace("instances: [three], ", ""))
    assert [report.instance for report in found.reports] == ["three", "nine"]
    assert found.failed is None
    assert verified(found) == ("True", "Holds")


def test_simulation_and_bounds_are_those_asked_for() -> None:
    simulated = CHECK.replace("instances: [three]", "instances: [nine], method: Simulate, walks: 3, maxSteps: 5")
    (report,) = rehearsed(simulated.replace("never_more, some", "never_more")).reports
    assert (report.method, report.stats.walks) == ("Simulate", 3)
    bounded = rehearsed(CHECK.replace("instances: [three]", "instances: [nine], maxSteps: 2"))
    assert verified(bounded) == ("Unknown", "HoldsWithinBound")


def test_helper_modules_come_from_the_same_source() -> None:
    found = rehearsed(
        CHECK, **{"rollout.py": "from helper import *\n", "helper.py": "raise ValueError('from the helper')\n"}
    )
    assert isinstance(found.failed, Failed)
    assert "helper.py:1:" in found.failed.message
    assert "from the helper" in found.failed.message


def test_a_spec_that_ends_the_process_is_told_as_in_a_cluster() -> None:
    found = rehearsed(CHECK, **{"rollout.py": "import os\nos._exit(3)\n"})
    assert isinstance(found.failed, Failed)
    assert (found.failed.reason, found.failed.stage) == ("CaptureCrashed", "capture")
    assert "ended itself with exit status 3" in found.failed.message
    assert verified(found) == ("False", "CaptureCrashed")


def test_what_is_wrong_is_part_of_what_comes_of_it() -> None:
    assert isinstance(rehearsed(CHECK.replace("rollout-spec", "gone")).failed, Missing)
    assert isinstance(rehearsed(CHECK.replace("entrypoint", "entrypint")).failed, Refused)
    odd = rehearse({"kind": "SpecCheck"}, Stage({}, None, lambda _: nullcontext()))
    assert (odd.name, isinstance(odd.failed, Refused)) == ("", True)
