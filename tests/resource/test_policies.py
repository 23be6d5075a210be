"""The NetworkPolicy of checker pods."""

from typing import Any

from tests.resource.bodies import SETTINGS, found, request, run

from speccheck.resource.jobs import job_body
from speccheck.resource.policies import network_policy_body


def test_the_policy_denies_everything(golden: Any) -> None:
    golden("networkpolicy.yaml", network_policy_body(request()))


def test_it_selects_the_pods_of_the_job_whatever_the_pod_template_says() -> None:
    asked = request({"podTemplate": {"labels": {"app.kubernetes.io/managed-by": "me"}}})
    selected = network_policy_body(asked)["spec"]["podSelector"]["matchLabels"]
    labels = job_body(asked, run(asked), found(asked), SETTINGS, 1)["spec"]["template"]["metadata"]["labels"]
    assert selected.items() <= labels.items()


def test_names_that_look_alike_have_policies_of_their_own() -> None:
    names = {network_policy_body(request(name=name))["metadata"]["name"] for name in ("a.b", "a-b")}
    assert len(names) == 2
