"""`speccheck record` on a real cluster: what objects become and what pods log, written down and judged later."""

import json
import subprocess
import sys
from pathlib import Path

import yaml
from tests.cluster.commands import wait_for
from tests.e2e.observing import BUDGET, budget, observing
from tests.e2e.places import Body, Place
from tests.e2e.writers import line, write, writing

SPECCHECK = str(Path(sys.executable).parent / "speccheck")
END_S = 60
DRIFT = 1


def _observe() -> Body:
    """Budgets as ConfigMaps, of which a program in a pod says when it has added one."""
    (objects,) = observing("budget")["spec"]["observe"]["sources"]
    program = {
        "name": "program",
        "key": "event.attributes.budget",
        "lines": {"pods": {"matchLabels": {"app": "budget"}}},
    }
    return {
        "sources": [objects, program],
        "parameters": {"LIMIT": "int(budget.data.limit)"},
        "variables": {"count": "int(budget.data.count)"},
        "actions": [{"name": "increment", "source": "program", "when": 'event.name == "added"'}],
        "tiers": ["State", "Step"],
        "window": "2s",
    }


def test_a_recording_of_objects_and_logs_is_judged_like_what_it_was_made_from(
    place: Place, project_image: str, tmp_path: Path
) -> None:
    writing(place, project_image)
    place.apply(budget(1))
    (tmp_path / "observe.yaml").write_text(yaml.safe_dump(_observe()))
    (tmp_path / "spec.py").write_text(BUDGET)
    seen = tmp_path / "seen.jsonl"
    words = ["record", "-f", "observe.yaml", "-n", place.namespace, "-o", seen.name, "--count", "5", "--for", "2m"]
    config = ["--kubeconfig", str(place.cluster.kubeconfig)]
    with subprocess.Popen([SPECCHECK, *words, *config], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_for(
                "the ConfigMap to be written down", lambda: seen.exists() and b"budget" in seen.read_bytes(), END_S
            )
            for count in (2, 4):
                place.apply(budget(count))
                write(place, "as if there were nothing to say", line("added", budget=f"{place.namespace}/budget"))
            _, said = process.communicate(timeout=END_S)
        finally:
            process.kill()
    assert (process.returncode, said) == (0, f"5 observations and 0 gaps in {seen.name}\n")
    answer = _conformed(tmp_path)
    assert (answer["answer"], answer["judged"], answer["troubles"]) == ("Drift", 5, [])
    (drift,) = answer["drifts"]
    assert (drift["tier"], drift["key"]) == ("Step", f"{place.namespace}/budget")
    assert "count 2 → 4" in drift["message"]


def test_who_may_not_read_is_told_which_right_is_lacking(place: Place, tmp_path: Path) -> None:
    place.kubectl("create", "serviceaccount", "nobody")
    token = place.kubectl("create", "token", "nobody").strip()
    config = yaml.safe_load(Path(place.cluster.kubeconfig).read_text())
    config["users"] = [{"name": each["name"], "user": {"token": token}} for each in config["users"]]
    (tmp_path / "config").write_text(yaml.safe_dump(config))
    words = ["record", "--kind", "v1/ConfigMap", "-n", place.namespace, "--kubeconfig", "config", "--for", "1m"]
    done = subprocess.run([SPECCHECK, *words], cwd=tmp_path, capture_output=True, text=True, timeout=END_S, check=False)
    assert done.returncode == 5
    assert f"ConfigMap (v1) in {place.namespace} may not be read" in done.stderr
    assert "needs the verbs get, list and watch" in done.stderr


def _conformed(folder: Path) -> Body:
    words = ["conform", "spec.py", "--mapping=observe.yaml", "seen.jsonl", "--json"]
    done = subprocess.run([SPECCHECK, *words], cwd=folder, capture_output=True, text=True, timeout=END_S, check=False)
    assert (done.returncode, done.stderr) == (DRIFT, ""), done.stdout + done.stderr
    answer: Body = json.loads(done.stdout)
    return answer
