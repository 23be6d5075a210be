"""What GitOps tools make of a SpecCheck's status: Argo CD by its health script (Lua 5.1, as there), Flux by kstatus."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from tests.prometheus.programs import program
from tests.resource.bodies import (
    DIGEST,
    NOW,
    OBSERVE,
    UNDECIDED,
    VIOLATED,
    Body,
    answered_run,
    finished,
    report,
    request,
)
from tests.resource.observed import DRIFT, observed

from speccheck.resource.outcomes import Failed
from speccheck.resource.requests import Request
from speccheck.resource.sources import Found
from speccheck.resource.statuses import Inputs, Refused, status

PATCH = Path(__file__).parents[2] / "manifests" / "gitops" / "argocd-cm.yaml"
SCRIPT = yaml.safe_load(PATCH.read_text())["data"]["resource.customizations.health.speccheck.dev_SpecCheck"]
RUNNER = """
local obj = {obj}
local function health() {script} end
local found = health()
io.write(found.status, "\\n", found.message, "\\n")
"""

ASKED, GATED = request(), request({"gate": {"verified": True}})
STRICT = request({"gate": {"verified": True, "onUnknown": "Fail"}})
WATCHING = request({"observe": OBSERVE, "gate": {"conformant": True}})


def status_of(asked: Request | Refused, **fields: Any) -> Body:
    usual: dict[str, Any] = {"generation": 3, "previous": {}, "now": NOW, "source": Found(DIGEST, {})}
    return status(Inputs(asked, **(usual | fields)))


def speccheck(wanted: Body, generation: int = 3) -> Body:
    return {"metadata": {"generation": generation}, "status": wanted}


def by_default() -> Body:
    """The status that the schema gives a SpecCheck which the operator has not seen."""
    crd = yaml.safe_load((PATCH.parents[2] / "crds" / "speccheck.dev_specchecks.yaml").read_text())
    default: Body = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]["default"]
    return default


def drifting() -> Body:
    return status_of(WATCHING, run=answered_run(WATCHING), observe=observed(drifts=(DRIFT,)))


CASES: dict[str, tuple[Body, str, str]] = {
    "not seen yet": (speccheck(by_default()), "Progressing", "InProgress"),
    "changed since": (speccheck(status_of(ASKED, run=answered_run(ASKED)), 4), "Progressing", "InProgress"),
    "under way": (speccheck(status_of(ASKED)), "Progressing", "InProgress"),
    "verified": (speccheck(status_of(GATED, run=answered_run(GATED))), "Healthy", "Current"),
    "violated, no gate": (speccheck(status_of(ASKED, run=answered_run(ASKED, report(VIOLATED)))), "Healthy", "Current"),
    "violated, gated": (speccheck(status_of(GATED, run=answered_run(GATED, report(VIOLATED)))), "Degraded", "Failed"),
    "unknown passes": (speccheck(status_of(GATED, run=answered_run(GATED, report(UNDECIDED)))), "Healthy", "Current"),
    "unknown fails": (speccheck(status_of(STRICT, run=answered_run(STRICT, report(UNDECIDED)))), "Degraded", "Failed"),
    "wrong": (speccheck(status_of(Refused("spec.check: …"))), "Degraded", "Failed"),
    "evicted": (speccheck(status_of(ASKED, run=finished(ASKED, Failed("Evicted", "…")))), "Degraded", "Failed"),
    "drifting, gated": (speccheck(drifting()), "Degraded", "Failed"),
    "suspended": (speccheck(status_of(request({"suspend": True}))), "Suspended", "Current"),
}


def lua(value: Any) -> str:
    """Plain data as a Lua expression."""
    match value:
        case None:
            return "nil"
        case bool():
            return str(value).lower()
        case str():
            return "[==[" + value + "]==]"
        case dict():
            return "{" + ", ".join(f"[ {lua(k)} ] = {lua(v)}" for k, v in value.items()) + "}"
        case list():
            return "{" + ", ".join(map(lua, value)) + "}"
        case _:
            return str(value)


def argo_health(body: Body) -> tuple[str, str]:
    text = RUNNER.format(obj=lua(body), script=SCRIPT)
    done = subprocess.run(
        [program("lua5.1", "lua5.1"), "-"], input=text, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    health, message = done.stdout.split("\n")[:2]
    return health, message


def kstatus(body: Body) -> str:
    """What kstatus computes of an object: by Reconciling and Stalled first, then by Ready, if it is there."""
    found = body.get("status") or {}
    conditions = {c["type"]: c["status"] for c in found.get("conditions") or []}
    if found.get("observedGeneration", body["metadata"]["generation"]) != body["metadata"]["generation"]:
        return "InProgress"
    if conditions.get("Reconciling") == "True":
        return "InProgress"
    if conditions.get("Stalled") == "True":
        return "Failed"
    return "Current" if conditions.get("Ready", "True") == "True" else "InProgress"


@pytest.mark.parametrize("case", CASES)
def test_argo_cd(case: str) -> None:
    body, health, _ = CASES[case]
    told, message = argo_health(body)
    assert told == health
    assert message


@pytest.mark.parametrize("case", CASES)
def test_flux(case: str) -> None:
    body, _, computed = CASES[case]
    assert kstatus(body) == computed


def test_argo_cd_tells_why() -> None:
    _, message = argo_health(CASES["violated, gated"][0])
    assert message.startswith(
        "NotVerified: gate.verified: no_inconsistent_root in n3 is violated after 2 steps: init → "
    )
    assert argo_health(CASES["verified"][0])[1] == "Holds: 1 property holds in 1 instance, 288 states"


def test_the_script_does_not_stop_at_unknown_conditions() -> None:
    body = msgspec.json.decode(msgspec.json.encode(CASES["verified"][0]))
    body["status"]["conditions"].insert(0, {"type": "Other", "status": "True"})
    assert argo_health(body)[0] == "Healthy"
