"""The demo: its zone is recorded as the path that it explains has it, and it runs with what it needs alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

from speccheck.checking import CheckRequest, check
from speccheck.loading import load

TOP = Path(__file__).resolve().parents[2]
ZONE = TOP / "examples" / "demo" / "zone.jsonl"
POOL = TOP / "examples" / "conformance"
SPEC = TOP / "specs" / "dns_balancer"


def test_the_recorded_zone_is_that_of_the_race() -> None:
    request = CheckRequest(instances=("race",), properties=("no_inconsistent_root",))
    (report,) = check(load(SPEC).model, request)
    (result,) = report.properties
    assert result.path is not None
    zones = [dict(state.values)["zone_records"]["#set"] for state in result.path.states]
    recorded = [json.loads(line)["object"]["data"]["records"] for line in ZONE.read_text().splitlines()]
    *seen, repaired = [_sorted(json.loads(records)) for records in recorded]
    changes = [zone for n, zone in enumerate(map(_sorted, zones)) if n == 0 or zone != _sorted(zones[n - 1])]
    assert seen == changes
    assert repaired != seen[-1]


def _sorted(records: list[dict[str, object]]) -> list[dict[str, object]]:
    return sorted(records, key=lambda record: str(record["name"]))


def test_the_demo_ends_with_the_race_explained() -> None:
    command = str(Path(sys.executable).parent / "speccheck")
    environment = {**os.environ, "SPECCHECK": command, "COLUMNS": "80"}
    ended = subprocess.run(
        ["sh", TOP / "examples" / "demo.sh"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "DriftDetected" in ended.stdout
    assert "DriftResolved" in ended.stdout
    assert "shop/front: no step of the spec leads here" in ended.stdout
    assert '10  deployer_gc(deployer="deployer-b")' in ended.stdout
    assert ended.stdout.rpartition("# What happened")[2].count("deployer-a") == 2
    assert "\033" not in ended.stdout


def test_what_the_demo_runs_needs_no_package_of_the_operators() -> None:
    """The environment of `make demo` has the requirements of the command line only."""
    script = """
import sys
for name in ("kopf", "kubernetes", "opentelemetry", "aiohttp", "tenacity", "pyseccomp", "hypothesis", "pytest"):
    sys.modules[name] = None
from speccheck.cli.main import main
sys.argv = ["speccheck", *sys.argv[1:]]
main()
"""
    for words in (
        ["check", SPEC, "--instance", "race"],
        ["run", "-f", ZONE.parent, "--observations", ZONE],
        ["conform", POOL / "pool.py", "-m", POOL / "observe.yaml", POOL / "drifting.jsonl"],
    ):
        ended = subprocess.run(
            [sys.executable, "-c", script, *words], capture_output=True, text=True, timeout=60, check=False
        )
        assert (ended.returncode, ended.stderr) == (1, "")
