"""Reconciler: one look after another, whatever came in between."""

from pathlib import Path

import pytest
from tests.kube.apis import Body, refusal
from tests.kube.worlds import KEY, World, in_world
from tests.resource.bodies import VIOLATED, report

from speccheck.kube.connections import ApiError
from speccheck.kube.reconcilers import POLL_S


def test_the_first_look_writes_what_git_ops_tools_wait_for(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        await world.apply()
        await world.look()
        assert world.status["observedGeneration"] == 1
        kinds = {condition["type"] for condition in world.status["conditions"]}
        assert kinds == {"Ready", "Reconciling", "Stalled", "Verified"}

    in_world(tmp_path, body)


def test_wishes_poll_a_run_and_then_rest(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        await world.apply()
        assert await world.look() == POLL_S
        await world.end()
        assert await world.look() == 600.0
        await world.api.remove("specchecks", *KEY)
        assert await world.look() is None

    in_world(tmp_path, body)


def test_a_schedule_is_woken_up_for(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        await world.apply({"spec": {"check": {"schedule": "* * * * *"}}})
        await world.look()
        await world.end()
        wish_s = await world.look()
        assert wish_s is not None
        assert wish_s <= 66.0

    in_world(tmp_path, body)


def test_what_is_refused_stalls_with_the_reason_and_ends_what_runs(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        await world.apply()
        await world.look()
        await world.apply({"spec": {"check": {"schedule": "not cron"}}})
        await world.look()
        assert world.condition("Stalled") == ("True", "SpecInvalid")
        assert world.run()["status"]["conditions"][0]["reason"] == "Superseded"
        assert not world.api.of("jobs")

    in_world(tmp_path, body)


def test_a_config_map_that_goes_leaves_the_verdict(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        metadata = {"name": "spec", "namespace": KEY.namespace}
        data = {"dns_balancer.py": "from speccheck import *\n"}
        await world.api.put("configmaps", {"metadata": metadata, "data": data})
        await world.apply({"spec": {"source": {"inline": None, "configMap": {"name": "spec"}}}})
        await world.look()
        assert world.references.of(KEY.namespace, "spec") == {KEY}
        await world.end(report(VIOLATED))
        await world.look()
        await world.api.remove("configmaps", KEY.namespace, "spec")
        await world.look()
        assert world.condition("Verified") == ("False", "InvariantViolated")
        assert world.condition("Reconciling") == ("True", "SourceNotFound")
        await world.recorder.drain()
        (event,) = (each for each in world.api.of("events") if "there is no ConfigMap spec" in each["note"])
        assert (event["type"], event["reason"]) == ("Warning", "CheckIncomplete")
        assert event["regarding"]["name"] == KEY.name

    in_world(tmp_path, body)


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ({"check": {"schedule": "not cron"}}, "schedule"),
        ({"podTemplate": {"resources": {"limits": {"memory": "64Gi"}}}}, "ceiling"),
    ],
)
def test_what_is_refused_is_told_in_one_event(tmp_path: Path, spec: Body, word: str) -> None:
    async def body(world: World) -> None:
        await world.apply({"spec": spec})
        for _ in range(3):
            await world.look()
        await world.recorder.drain()
        (event,) = world.api.of("events")
        assert (event["type"], event["reason"]) == ("Warning", "SpecInvalid")
        assert event["regarding"]["uid"] == world.api.objects[("specchecks", *KEY)]["metadata"]["uid"]
        assert word in event["note"]

    in_world(tmp_path, body)


def test_a_conflict_is_left_to_the_next_look(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        await world.apply()

        def late(request):  # type: ignore[no-untyped-def]
            return refusal(409, "Conflict") if request.path.endswith(f"{KEY.name}/status") else None

        world.api.faults.append(late)
        with pytest.raises(ApiError) as caught:
            await world.look()
        assert caught.value.conflict
        world.api.faults.clear()
        await world.look()
        assert len(world.api.of("jobs")) == 1
        assert world.status["observedGeneration"] == 1

    in_world(tmp_path, body)


def test_what_is_gone_is_forgotten(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        await world.apply()
        await world.look()
        assert b'speccheck_ready{namespace="platform"' in world.meters.text()
        await world.api.remove("specchecks", *KEY)
        await world.look()
        assert b"speccheck_ready{" not in world.meters.text()
        assert [world.api.of(plural) for plural in ("speccheckruns", "jobs", "networkpolicies")] == [[], [], []]

    in_world(tmp_path, body)


@pytest.mark.parametrize("at", range(1, 16))
def test_it_may_end_at_any_write_and_be_begun_again(tmp_path: Path, at: int) -> None:
    """The k-th write fails after it was done, as if the process had died: the next looks do the rest, once."""

    async def body(world: World) -> None:
        count = [0]

        def cut_off(request):  # type: ignore[no-untyped-def]
            count[0] += request.method != "GET" and "/events" not in request.path
            return refusal(503, "Died") if count[0] == at and request.method != "GET" else None

        world.api.faults.append(cut_off)
        await world.apply()
        for step in range(8):
            try:
                await world.look()
            except ApiError:
                await world.look()
            if step == 3:
                await world.end()
        assert world.condition("Verified") == ("True", "Holds")
        assert [len(world.api.of(plural)) for plural in ("speccheckruns", "networkpolicies", "jobs")] == [1, 1, 1]

    in_world(tmp_path, body)
