"""SpecCheckDrifts: all that is known of a drift, within the limits of the schema."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.resource.bodies import DIGEST, OBSERVE, later, request
from tests.resource.observed import DRIFT

from speccheck.conform.protocols import Explanation, Obstacle
from speccheck.resource.findings import PATH_LIMIT, Ending, finding_body, finding_name, finding_status

REQUEST = request({"observe": OBSERVE})
CRD = yaml.safe_load((Path(__file__).parents[2] / "crds" / "speccheck.dev_speccheckdrifts.yaml").read_text())
SCHEMA: dict[str, Any] = CRD["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]

PATH = {"vars": ["root"], "states": [{"#meta": {"index": n}, "root": n} for n in range(3)]}
EXPLAINED = Explanation(
    last_good={"root": 2, "plans": {"#set": [2, 3]}},
    observed={"root": 1},
    claimed='deployer_apply(deployer="a")',
    obstacles=(Obstacle('deployer_apply(deployer="a")', "guard", "m.lock == deployer is false"),),
    path=PATH,
    states=2,
)


def spec_of(explanation: Explanation | None, **fields: Any) -> dict[str, Any]:
    body = finding_body(REQUEST, replace(DRIFT, explanation=explanation, **fields), DIGEST)
    spec: dict[str, Any] = body["spec"]
    return spec


def fits(value: Any, schema: dict[str, Any], place: str = "spec") -> None:
    """Hold a value to the schema's types, bounds and names."""
    match schema["type"]:
        case "object":
            properties, anything = schema.get("properties"), schema.get("additionalProperties")
            assert set(schema.get("required", ())) <= set(value), place
            assert len(value) <= schema.get("maxProperties", 1_000)
            for name, each in value.items():
                assert properties is None or name in properties, f"{place}.{name}"
                fits(each, anything or properties[name], f"{place}.{name}")  # type: ignore[index]
        case "array":
            assert len(value) <= schema["maxItems"], place
            for each in value:
                fits(each, schema["items"], f"{place}[]")
        case "string":
            assert isinstance(value, str), place
            assert len(value) <= schema.get("maxLength", 64), place
            assert value in schema.get("enum", [value]), place
        case "integer":
            assert isinstance(value, int), place


def test_a_record_is_owned_labelled_and_named_after_its_drift_alone() -> None:
    metadata = finding_body(REQUEST, DRIFT, DIGEST)["metadata"]
    assert metadata["name"] == f"dns-balancer-{DRIFT.identity[:20]}"
    assert metadata["name"] == finding_name(REQUEST, replace(DRIFT, count=9, message="another"))
    assert metadata["ownerReferences"] == [REQUEST.owner]
    assert metadata["labels"]["speccheck.dev/speccheck-uid"] == REQUEST.uid


def test_all_of_the_explanation_is_there() -> None:
    spec = spec_of(EXPLAINED)
    fits(spec, SCHEMA["spec"])
    assert spec["lastGood"] == {"root": "2", "plans": '{"#set":[2,3]}'}
    assert (spec["observed"], spec["states"], spec["claimed"]) == ({"root": "1"}, 2, EXPLAINED.claimed)
    assert spec["obstacles"] == [
        {"action": EXPLAINED.claimed, "kind": "guard", "detail": "m.lock == deployer is false"}
    ]
    path = json.loads(spec["path"])
    assert (path["vars"], path["states"]) == (PATH["vars"], PATH["states"])
    assert (path["#meta"]["model_digest"], path["#meta"]["instance"]) == (DIGEST, REQUEST.observe.instance or "")
    assert "omittedStates" not in spec


def test_a_drift_of_which_nothing_more_is_known_has_a_record_too() -> None:
    spec = spec_of(None)
    fits(spec, SCHEMA["spec"])
    assert spec["message"] == DRIFT.message
    assert "path" not in spec


def test_a_long_path_loses_its_beginning_and_says_how_much() -> None:
    states = [{"root": f"{n:06}" + "x" * 5_000} for n in range(100)]
    spec = spec_of(replace_path({"vars": ["root"], "states": states}))
    kept = json.loads(spec["path"])["states"]
    assert kept[-1] == states[-1]
    assert spec["omittedStates"] == 100 - len(kept) > 0
    assert len(spec["path"].encode()) <= PATH_LIMIT < len(spec["path"].encode()) + 5_100


def test_a_state_that_is_too_large_alone_is_left_out() -> None:
    spec = spec_of(replace_path({"states": [{"root": "ü" * PATH_LIMIT}]}))
    assert "path" not in spec
    assert spec["omittedStates"] == 1


def replace_path(path: dict[str, Any]) -> Explanation:
    return Explanation(EXPLAINED.last_good, EXPLAINED.observed, EXPLAINED.claimed, EXPLAINED.obstacles, path, 2)


TEXTS = st.one_of(st.text(max_size=20), st.integers(0, 9_000).map(lambda n: "ä" * n))
KINDS = st.sampled_from(["guard", "mismatch", "unknown"])


@given(
    values=st.dictionaries(st.text(min_size=1, max_size=5), TEXTS, max_size=150),
    obstacles=st.lists(
        st.builds(Obstacle, TEXTS, st.sampled_from(["guard", "mismatch", "unknown"]), TEXTS), max_size=120
    ),
    text=TEXTS,
)
def test_whatever_is_told_fits_the_schema(values: dict[str, str], obstacles: list[Obstacle], text: str) -> None:
    found = Explanation(values, values, text, tuple(obstacles), {"states": [values]}, 1)
    fits(spec_of(found, message=text, key=text), SCHEMA["spec"])


def test_the_end_says_when_why_and_how_often() -> None:
    status = finding_status(Ending(replace(DRIFT, count=3, last=later(-2)), later(0), "quiet"))
    fits(status, SCHEMA["status"])
    assert (status["reason"], status["count"]) == ("Quiet", 3)
    assert status["last"] < status["endedAt"]
