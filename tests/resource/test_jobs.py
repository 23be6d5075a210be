"""The Job of a run, and the sandbox around it."""

from dataclasses import replace
from typing import Any

import pytest
from tests.resource.bodies import FROM_CONFIG_MAP, SETTINGS, Body, found, request, run

from speccheck.errors import UsageError
from speccheck.resource.documents import request_from
from speccheck.resource.jobs import Settings, check_ceiling, has_room, job_body, job_name

FULL = {
    "labels": {"team": "dns", "app.kubernetes.io/managed-by": "me"},
    "annotations": {"sidecar.example.com/inject": "false"},
    "nodeSelector": {"kubernetes.io/arch": "amd64"},
    "tolerations": [{"key": "batch", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {"nodeAffinity": {}},
    "imagePullSecrets": [{"name": "pull"}],
    "runtimeClassName": "gvisor",
    "resources": {"limits": {"cpu": 2, "memory": "2Gi"}, "requests": {"memory": "512Mi"}},
}


def body(spec: Body | None = None, attempt: int = 1) -> Body:
    asked = request(spec)
    return job_body(asked, run(asked), found(asked), SETTINGS, attempt)


def test_the_job_of_an_inline_spec(golden: Any) -> None:
    golden("job-inline.yaml", body({"check": {"instances": ["n3"], "maxSteps": 30, "timeout": "90s"}}))


def test_the_job_of_a_config_map_with_all_that_a_pod_template_may_say(golden: Any) -> None:
    golden("job-configmap.yaml", body({**FROM_CONFIG_MAP["spec"], "podTemplate": FULL}, attempt=2))


def test_the_check_stage_gets_its_order() -> None:
    template = body({"check": {"method": "Simulate", "walks": 9, "maxSteps": 5, "deadlock": True}})["spec"]["template"]
    args = template["spec"]["containers"][0]["args"]
    order = request_from(args[args.index("--check") + 1]).check
    assert order is not None
    assert (order.method, order.walks, order.seed, order.max_steps, order.deadlock) == ("Simulate", 9, 0, 5, True)
    assert order.timeout_s == 600.0


def test_a_spec_that_is_only_read_gets_no_order_and_little_time() -> None:
    observe = {"sources": [{"name": "a", "kubernetes": {"apiVersion": "v1", "kind": "Pod"}}], "variables": {"x": "1"}}
    spec = body({"check": None, "observe": observe})["spec"]
    args = spec["template"]["spec"]["containers"][0]["args"]
    assert request_from(args[args.index("--check") + 1]).check is None
    assert spec["activeDeadlineSeconds"] == 180


def test_the_pods_deadline_leaves_time_to_read_what_it_left() -> None:
    spec = body({"check": {"timeout": "1500ms"}})["spec"]
    assert spec["activeDeadlineSeconds"] == 122
    assert spec["template"]["spec"]["activeDeadlineSeconds"] == 92


@pytest.mark.parametrize(("timeout", "capture"), [("1500ms", "1.5s"), ("10m", "60s")])
def test_the_capture_may_never_take_longer_than_the_check(timeout: str, capture: str) -> None:
    args = body({"check": {"timeout": timeout}})["spec"]["template"]["spec"]["initContainers"][0]["args"]
    assert args[args.index("--timeout") + 1] == capture


def test_the_operators_keeper_says_how_long_a_capture_and_a_start_may_take() -> None:
    asked = request({"check": {"timeout": "10s"}})
    settings = replace(SETTINGS, capture_timeout_s=5, grace_s=8)
    spec = job_body(asked, run(asked), found(asked), settings, 1)["spec"]
    pod = spec["template"]["spec"]
    assert (spec["activeDeadlineSeconds"], pod["activeDeadlineSeconds"]) == (18, 16)
    args = pod["initContainers"][0]["args"]
    assert args[args.index("--timeout") + 1] == "5s"


def test_the_pod_template_never_reaches_the_sandbox() -> None:
    plain, full = body()["spec"]["template"], body({"podTemplate": FULL})["spec"]["template"]
    assert full["metadata"]["labels"] == {"team": "dns"} | plain["metadata"]["labels"]
    for name in ("securityContext", "automountServiceAccountToken", "volumes", "restartPolicy", "hostNetwork"):
        assert full["spec"][name] == plain["spec"][name]
    for kind in ("initContainers", "containers"):
        for one, other in zip(full["spec"][kind], plain["spec"][kind], strict=True):
            assert one["securityContext"] == other["securityContext"]


def test_every_container_is_confined() -> None:
    spec = body()["spec"]["template"]["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert not any("projected" in volume or "secret" in volume for volume in spec["volumes"])
    for container in (*spec["initContainers"], *spec["containers"]):
        security = container["securityContext"]
        assert security["runAsNonRoot"]
        assert security["readOnlyRootFilesystem"]
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not security["allowPrivilegeEscalation"]
        assert set(container["resources"]["limits"]) == {"cpu", "memory", "ephemeral-storage"}


def test_only_the_capture_stage_has_the_source_and_only_it_writes_the_model() -> None:
    spec = body()["spec"]["template"]["spec"]
    capture, check = spec["initContainers"][0], spec["containers"][0]
    assert [(m["name"], m.get("readOnly", False)) for m in capture["volumeMounts"]] == [
        ("source", True),
        ("model", False),
    ]
    assert [(m["name"], m.get("readOnly", False)) for m in check["volumeMounts"]] == [("model", True)]


def test_inline_files_reach_the_pod_whatever_their_names() -> None:
    names = {"_a-.py": "x", "B.py": "", "dns_balancer.py": "é" * 10}
    template = body({"source": {"inline": {"files": names}}})["spec"]["template"]
    annotations = template["metadata"]["annotations"]
    (volume,) = (v for v in template["spec"]["volumes"] if v["name"] == "source")
    read = {
        item["path"]: annotations[
            item["fieldRef"]["fieldPath"].removeprefix("metadata.annotations['").removesuffix("']")
        ]
        for item in volume["downwardAPI"]["items"]
    }
    assert read == names


def test_only_the_python_files_of_a_config_map_are_mounted() -> None:
    asked = request(FROM_CONFIG_MAP["spec"])
    (volume,) = (
        v for v in body(FROM_CONFIG_MAP["spec"])["spec"]["template"]["spec"]["volumes"] if v["name"] == "source"
    )
    assert [item["key"] for item in volume["configMap"]["items"]] == sorted(found(asked).files)


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        (
            {"limits": {"memory": "8Gi"}},
            "spec.podTemplate.resources.limits.memory: 8Gi is above this operator's ceiling of 4Gi; ask for less",
        ),
        (
            {"limits": {"cpu": 2.5}},
            "spec.podTemplate.resources.limits.cpu: 2.5 is above this operator's ceiling of 2; ask for less",
        ),
        (
            {"requests": {"memory": "2Gi"}},
            "spec.podTemplate.resources.requests.memory: 2Gi is above the limit of 1Gi; "
            "ask for less, or raise the limit",
        ),
    ],
)
def test_resources_above_the_ceiling_are_refused(resources: Body, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_ceiling(request({"podTemplate": {"resources": resources}}), SETTINGS)
    assert str(refused.value) == said


def test_a_small_limit_lowers_the_operators_own_request() -> None:
    spec = body({"podTemplate": {"resources": {"limits": {"memory": "128Mi"}}}})["spec"]["template"]["spec"]
    assert spec["containers"][0]["resources"]["requests"]["memory"] == "128Mi"
    assert spec["containers"][0]["args"][-2:] == ["--memory", "102Mi"]


def test_room_is_counted_per_cluster_and_per_namespace() -> None:
    settings = Settings("image", jobs_per_cluster=3, jobs_per_namespace=2)
    assert has_room([], "a", settings)
    assert has_room(["a", "b"], "a", settings)
    assert not has_room(["a", "a"], "a", settings)
    assert not has_room(["b", "c", "d"], "a", settings)


def test_each_attempt_is_another_job() -> None:
    assert job_name("run", 1) == "run-1"
    assert job_name("run", 2) == "run-2"
