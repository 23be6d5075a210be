"""Checks: a run made, followed to its end, tried again, given up, thinned out; whatever happens in between."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.kube.apis import refusal
from tests.kube.worlds import KEY, World, in_world
from tests.resource.bodies import DONE, RUNNING, SPEC, VIOLATED, pod, report

from speccheck.kube.checks import NotYet
from speccheck.kube.connections import ApiError
from speccheck.resource.runs import stored_model
from speccheck.resource.times import time_text

OTHER = SPEC + "# another\n"


def test_a_check_goes_from_a_run_to_a_verdict_with_one_of_each(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        await world.apply()
        await world.look()
        assert [len(world.api.of(plural)) for plural in ("speccheckruns", "networkpolicies", "jobs")] == [1, 1, 1]
        assert world.condition("Ready") == ("Unknown", "CheckStarted")
        await world.look()
        await world.end(report(VIOLATED))
        await world.look()
        assert world.condition("Verified") == ("False", "InvariantViolated")
        assert world.condition("Ready") == ("True", "Reconciled")
        assert world.run()["status"]["verdict"] == "Violated"
        assert stored_model(world.run())
        await world.recorder.drain()
        reasons = {event["reason"] for event in world.api.of("events")}
        assert reasons == {"CheckStarted", "InvariantViolated"}
        text = world.meters.text().decode()
        assert 'speccheck_checks_total{namespace="platform",verdict="Violated"} 1.0' in text

    in_world(tmp_path, body)


def test_looking_again_writes_nothing(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        await world.apply()
        await world.look()
        await world.recorder.drain()
        wrote = world.api.wrote()
        await world.look()
        assert world.api.wrote() == wrote
        await world.end()
        await world.look()
        await world.recorder.drain()
        wrote = world.api.wrote()
        await world.look()
        await world.recorder.drain()
        assert world.api.wrote() == wrote

    in_world(tmp_path, body)


def test_the_policy_is_there_before_the_job(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        await world.apply()
        await world.look()
        made = [path.rsplit("/", 1)[-1] for path in world.api.wrote() if path.startswith("POST")]
        assert made[:3] == ["speccheckruns", "networkpolicies", "jobs"]

    in_world(tmp_path, body)


def test_a_policy_that_was_changed_is_put_right(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        await world.apply()
        await world.look()
        (policy,) = world.api.of("networkpolicies")
        await world.api.put("networkpolicies", policy | {"spec": {"podSelector": {}, "egress": [{}]}})
        await world.look()
        assert world.api.of("networkpolicies")[0]["spec"] == policy["spec"]

    in_world(tmp_path, body)


def test_a_policy_of_an_earlier_speccheck_is_waited_out(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        metadata = {"name": f"speccheck-{KEY.name}", "namespace": KEY.namespace}
        await world.api.put("networkpolicies", {"metadata": metadata, "spec": {}})
        await world.apply()
        with pytest.raises(NotYet, match="is to go first"):
            await world.look()
        assert not world.api.of("jobs")

    in_world(tmp_path, body)


def test_a_lost_report_is_tried_again_once(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        await world.apply()
        for attempt in (1, 2):
            await world.look()
            assert world.run()["status"]["attempt"] == attempt
            await world.end(log=b"not a frame")
            await world.look()
        assert [name[-2:] for name in world.names("jobs")] == ["-1", "-2"]
        assert world.condition("Verified") == ("Unknown", "ReportLost")
        assert world.condition("Stalled") == ("True", "ReportLost")

    in_world(tmp_path, body)


def test_a_second_try_that_succeeds_is_the_answer(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        await world.apply()
        await world.look()
        await world.end(log=b"")
        await world.look()
        await world.look()
        await world.end()
        await world.look()
        assert world.condition("Verified") == ("True", "Holds")

    in_world(tmp_path, body)


def test_a_changed_source_takes_a_running_ones_place(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        await world.apply()
        await world.look()
        (first,) = world.names("jobs")
        await world.apply({"spec": {"source": {"inline": {"files": {"dns_balancer.py": OTHER}}}}})
        await world.look()
        reasons = {
            run["metadata"]["name"]: run["status"]["conditions"][0]["reason"] for run in world.api.of("speccheckruns")
        }
        assert sorted(reasons.values()) == ["CheckStarted", "Superseded"]
        assert first not in world.names("jobs")
        await world.end(source=OTHER)
        await world.look()
        assert world.condition("Verified") == ("True", "Holds")

    in_world(tmp_path, body)


def test_a_source_that_comes_back_is_checked_after_all(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        await world.apply()
        await world.look()
        await world.apply({"spec": {"source": {"inline": {"files": {"dns_balancer.py": OTHER}}}}})
        await world.look()
        await world.apply({"spec": {"source": {"inline": {"files": {"dns_balancer.py": SPEC}}}}})
        await world.look()
        await world.end()
        await world.look()
        assert world.condition("Verified") == ("True", "Holds")

    in_world(tmp_path, body)


def test_an_answer_about_another_source_is_no_answer(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        await world.apply()
        for _ in (1, 2):
            await world.look()
            await world.end(source=OTHER)
            await world.look()
        assert world.condition("Verified") == ("Unknown", "SourceChanged")

    in_world(tmp_path, body)


def test_no_more_jobs_than_there_is_room_for(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        other = {"metadata": {"name": "other", "namespace": KEY.namespace}}
        world.slots.seen(other)
        await world.apply()
        await world.look()
        assert not world.api.of("jobs")
        assert world.condition("Reconciling") == ("True", "Queued")
        world.slots.gone(KEY.namespace, "other")
        await world.look()
        assert len(world.api.of("jobs")) == 1

    in_world(tmp_path, body, jobs_per_namespace=1)


def test_a_job_that_somebody_else_made_is_not_believed(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        world.api.faults.append(lambda request: refusal(503, "Later") if request.path.endswith("/jobs") else None)
        await world.apply()
        with pytest.raises(ApiError):
            await world.look()
        world.api.faults.clear()
        name = f"{world.run()['metadata']['name']}-1"
        await world.api.put("jobs", {"metadata": {"name": name, "namespace": KEY.namespace}})
        await world.look()
        assert world.condition("Reconciling") == ("True", "PodNotStarted")

    in_world(tmp_path, body)


def test_a_job_that_the_api_server_refuses_is_the_authors_fault(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        def refused(request):  # type: ignore[no-untyped-def]
            return refusal(422, "Invalid", "bad affinity") if request.path.endswith("/jobs") else None

        world.api.faults.append(refused)
        await world.apply()
        await world.look()
        assert world.condition("Stalled") == ("True", "PodTemplateRefused")

    in_world(tmp_path, body)


def test_what_holds_up_a_pod_is_told(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        await world.apply()
        await world.look()
        waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
        await world.pod(pod(waiting, creationTimestamp=time_text(datetime.now(UTC))))
        await world.look()
        assert world.condition("Reconciling") == ("True", "ImagePullFailed")
        await world.pod(pod(DONE, RUNNING))
        await world.look()
        assert world.condition("Reconciling") == ("True", "CheckStarted")

    in_world(tmp_path, body)


def test_a_suspended_one_gets_no_run_and_ends_the_one_it_has(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        await world.apply({"spec": {"suspend": True}})
        await world.look()
        assert not world.api.of("speccheckruns")
        assert world.condition("Ready") == ("True", "Suspended")
        await world.apply({"spec": {"suspend": False}})
        await world.look()
        await world.apply({"spec": {"suspend": True}})
        await world.end()
        await world.look()
        assert world.condition("Verified") == ("True", "Holds")

    in_world(tmp_path, body)


def test_history_is_bounded(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        for number in range(4):
            annotations = {"speccheck.dev/requested-at": str(number)}
            await world.apply({"metadata": {"annotations": annotations}, "spec": {"historyLimit": 2}})
            await world.look()
            await world.end()
            await world.look()
        await world.look()
        assert len(world.api.of("speccheckruns")) == 2

    in_world(tmp_path, body)


def test_events_of_a_fresh_end_are_told_again_by_one_that_has_just_started(tmp_path: Path) -> None:
    async def first(world: World) -> None:
        await world.apply()
        await world.look()
        await world.end()
        await world.look()
        await world.recorder.drain()
        for event in world.api.of("events"):
            await world.api.remove("events", KEY.namespace, event["metadata"]["name"])
        world.reconciler._parts.checks._told.clear()
        await world.look()
        await world.recorder.drain()
        assert [event["reason"] for event in world.api.of("events")] == ["CheckSucceeded"]

    in_world(tmp_path, first)
