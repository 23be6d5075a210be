"""The alerts, by promtool: they parse, they use metrics that exist, and they fire when they should and not else."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.prometheus.programs import program

from speccheck.resource.metrics import METRICS

ROOT = Path(__file__).parents[2]
RULE = yaml.safe_load((ROOT / "manifests" / "prometheus" / "rules.yaml").read_text())
ALERTS = {rule["alert"]: rule for group in RULE["spec"]["groups"] for rule in group["rules"]}
CASES = Path(__file__).with_name("alerts.yaml").read_text()


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The rule's groups as Prometheus itself reads them."""
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump(RULE["spec"]))
    return file


def promtool(*words: str | Path) -> str:
    done = subprocess.run(
        [program("promtool", "prometheus"), *words], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_rules_are_well_formed(rules: Path) -> None:
    assert f"{len(ALERTS)} rules found" in promtool("check", "rules", rules)


def test_each_alert_fires_when_it_should(rules: Path, tmp_path: Path) -> None:
    cases = tmp_path / "cases.yaml"
    cases.write_text(CASES.replace("{{rules}}", str(rules)))
    assert "SUCCESS" in promtool("test", "rules", cases)


def test_each_alert_is_tried_both_ways() -> None:
    tried = [test for case in yaml.safe_load(CASES)["tests"] for test in case["alert_rule_test"]]
    for silent in (True, False):
        assert {test["alertname"] for test in tried if bool(test["exp_alerts"]) != silent} == set(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_asks_for_metrics_and_labels_that_there_are(name: str) -> None:
    expression = ALERTS[name]["expr"]
    used = set(re.findall(r"speccheck_[a-z_]+", expression))
    assert used
    assert used <= set(METRICS)
    labels = {label for metric in used for label in METRICS[metric].labels}
    for listed in re.findall(r"by \(([a-z, ]+)\)", expression):
        assert set(listed.split(", ")) <= labels


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_how_bad_it_is_and_what_to_look_at(name: str) -> None:
    assert ALERTS[name]["labels"]["severity"] in ("critical", "warning", "info")
    assert set(ALERTS[name]["annotations"]) == {"summary", "description"}
