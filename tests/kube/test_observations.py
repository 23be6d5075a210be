"""Observation: records in, judgements in between, drifts and problems out; the evaluator is the test's here.

tests/kube/test_observers.py has a real one, tests/e2e/test_observation.py a real cluster.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from tests.kube.apis import Body
from tests.resource.bodies import NOW, OBSERVE, request

from speccheck.conform.clients import EvaluatorGone, OverBudget, Subject
from speccheck.conform.drifts import Tracker
from speccheck.conform.protocols import Judgement, Load, Loaded, MappingOrder, Result, SourceOrder, View
from speccheck.kube import observations
from speccheck.kube.connections import ApiError
from speccheck.kube.meters import Meters
from speccheck.kube.observations import Observation, Tools
from speccheck.kube.subscriptions import Change, Failing, Gap, Listed
from speccheck.resource.events import EventBody

REQUEST = request({"observe": OBSERVE})
MAPPING = MappingOrder((SourceOrder("zone"),), {"count": "object.data.count"})
SUBJECT = Subject(Load("platform", "handle", b"", MAPPING), Loaded(("bounded",), ()))
LIMIT = 10


class Evaluator:
    """Judges `count <= 10`, and fails as it is told to."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.away = 0

    async def judge(self, _: Subject, views: Sequence[View]) -> tuple[Judgement, ...]:
        self.calls.append(len(views))
        if self.away:
            self.away -= 1
            raise EvaluatorGone("gone")
        if any(_count(view) == "slow" for view in views):
            raise OverBudget("evaluating took longer than 2 s")
        return tuple(map(_judged, views))


def _count(view: View) -> Any:
    assert view.object is not None
    return view.object["data"]["count"]


def _judged(view: View) -> Judgement:
    assert view.object is not None
    count, key = _count(view), view.object["metadata"]["name"]
    if not isinstance(count, int):
        return Judgement(rejected="variables.count: expected an integer")
    return Judgement(
        key=key, results=(Result("bounded", "Holds" if count <= LIMIT else "Violated", f"count = {count}"),)
    )


class Recorder:
    """Keeps what is told."""

    def __init__(self) -> None:
        self.told: list[EventBody] = []
        self.again: list[Body] = []

    def tell(self, event: EventBody) -> None:
        self.told.append(event)

    def tell_again(self, _: EventBody, patch: Body) -> None:
        self.again.append(patch)

    @property
    def reasons(self) -> list[str]:
        return [event.body["reason"] for event in self.told]


class Bench:
    """An observation with its surroundings."""

    def __init__(self, *drifts: Any) -> None:
        self.evaluator, self.recorder, self.meters = Evaluator(), Recorder(), Meters()
        self.moves = 0
        tools: Any = Tools(self.evaluator, self.recorder, self.meters, self._moved)  # type: ignore[arg-type]
        self.observation = Observation(REQUEST, SUBJECT, Tracker(drifts), tools, "sha256:m")
        self._version = 0

    def _moved(self) -> None:
        self.moves += 1

    def change(self, name: str, count: Any, kind: Any = "MODIFIED") -> Change:
        self._version += 1
        metadata = {"name": name, "namespace": "platform", "uid": f"uid-{name}", "resourceVersion": str(self._version)}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"count": count}}
        return Change(kind, body, NOW + timedelta(seconds=self._version))

    def metric(self, text: str) -> bool:
        return text in self.meters.text().decode()


def on_bench(body: Callable[[Bench], Awaitable[None]]) -> Bench:
    bench = Bench()
    asyncio.run(body(bench))
    bench.meters.close()
    return bench


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observations, "EVALUATOR_RETRY_S", 0.01)


def test_gaps_and_each_result_are_counted_from_nought() -> None:
    async def body(bench: Bench) -> None:
        assert bench.metric('speccheck_gaps_total{namespace="platform",speccheck="dns-balancer"} 0.0')
        for result in ("conforms", "drifts", "rejected", "unknown"):
            assert bench.metric(f'result="{result}",speccheck="dns-balancer",tier="State"}} 0.0')

    on_bench(body)


def test_what_conforms_is_counted_and_told_of_in_the_state() -> None:
    async def body(bench: Bench) -> None:
        await bench.observation.take([bench.change("a", 1), bench.change("b", 2), Listed(NOW)])
        state = bench.observation.state()
        assert (state.synced, state.keys, state.judged, state.drifts, state.problem) == (True, 2, 2, (), None)
        assert bench.moves == 1
        assert bench.metric('result="conforms",speccheck="dns-balancer",tier="State"} 2.0')

    on_bench(body)


def test_a_drift_is_told_at_once_repeated_as_a_series_and_resolved() -> None:
    async def body(bench: Bench) -> None:
        await bench.observation.take([bench.change("a", 11)])
        assert bench.recorder.reasons == ["DriftDetected", "DriftDetected"]
        assert [drift.property for drift in bench.observation.state().drifts] == ["bounded"]
        await bench.observation.take([bench.change("a", 12), bench.change("a", 13)])
        assert [patch["series"]["count"] for patch in bench.recorder.again] == [2, 2]
        await bench.observation.take([bench.change("a", 1)])
        assert bench.recorder.reasons[2:] == ["DriftResolved", "DriftResolved"]
        assert bench.observation.state().resolved == 1

    on_bench(body)


def test_the_same_version_is_judged_once() -> None:
    async def body(bench: Bench) -> None:
        change = bench.change("a", 1)
        await bench.observation.take([change])
        await bench.observation.take([change])
        assert bench.evaluator.calls == [1]

    on_bench(body)


def test_what_costs_too_much_stands_alone_and_is_never_taken_for_conformance() -> None:
    async def body(bench: Bench) -> None:
        changes = [bench.change("a", 1), bench.change("b", "slow"), bench.change("c", 2), bench.change("d", 3)]
        await bench.observation.take([*changes, Listed(NOW)])
        state = bench.observation.state()
        assert state.judged == 3
        assert state.problem is not None
        assert (state.problem.reason, "b" in state.problem.message) == ("OverBudget", True)
        await bench.observation.take([bench.change("b", 4)])
        assert bench.observation.state().problem is None

    on_bench(body)


def test_what_is_rejected_leaves_its_object_unjudged_until_it_fits_or_goes() -> None:
    async def body(bench: Bench) -> None:
        await bench.observation.take([bench.change("a", 1), bench.change("a", "many"), Listed(NOW)])
        assert bench.observation.state().unjudged_keys == 1
        assert bench.recorder.reasons == ["ObservationRejected"]
        await bench.observation.take([bench.change("a", 2)])
        assert bench.observation.state().unjudged_keys == 0
        await bench.observation.take([bench.change("b", "many")])
        await bench.observation.take([bench.change("b", "many", "DELETED")])
        assert bench.observation.state().unjudged_keys == 0

    on_bench(body)


def test_ten_rejections_in_a_row_ask_for_a_better_mapping() -> None:
    async def body(bench: Bench) -> None:
        for number in range(observations.REJECTIONS_LIMIT):
            assert bench.observation.state().problem is None
            await bench.observation.take([bench.change(f"o{number}", "many")])
        problem = bench.observation.state().problem
        assert problem is not None
        assert (problem.reason, problem.permanent) == ("ObservationRejected", True)

    on_bench(body)


def test_an_evaluator_that_is_away_is_waited_for_and_nothing_is_lost() -> None:
    async def body(bench: Bench) -> None:
        bench.evaluator.away = 2
        await bench.observation.take([bench.change("a", 11)])
        assert bench.evaluator.calls == [1, 1, 1]
        assert len(bench.observation.state().drifts) == 1
        assert bench.observation.state().problem is None
        assert bench.moves >= 2

    on_bench(body)


def test_a_gap_is_counted_and_told() -> None:
    async def body(bench: Bench) -> None:
        await bench.observation.take([bench.change("a", 1), Gap("410", NOW), Listed(NOW)])
        bench.observation.unobserved()
        assert bench.observation.state().gaps == 2
        assert bench.recorder.reasons == ["ObservationGap"]
        assert bench.metric('speccheck_gaps_total{namespace="platform",speccheck="dns-balancer"} 2.0')

    on_bench(body)


def test_a_refusal_names_what_to_grant_and_ends_with_the_next_list() -> None:
    async def body(bench: Bench) -> None:
        refused = ApiError(403, "Forbidden", 'GET /api/v1/configmaps: 403: configmaps is forbidden: User "x" cannot')
        await bench.observation.take([Failing(refused)])
        problem = bench.observation.state().problem
        assert problem is not None
        assert problem.reason == "ObserverForbidden"
        assert "--resource=configmaps" in problem.message
        await bench.observation.take([Failing(ApiError(0, "Unreachable", "no answer"))])
        problem = bench.observation.state().problem
        assert problem is not None
        assert (problem.reason, problem.permanent) == ("WatchFailed", False)
        await bench.observation.take([Listed(NOW)])
        assert bench.observation.state().problem is None

    on_bench(body)


def test_an_object_that_goes_takes_its_drift_with_it() -> None:
    async def body(bench: Bench) -> None:
        await bench.observation.take([bench.change("a", 11), bench.change("a", 11, "DELETED")])
        assert bench.observation.state().drifts == ()
        assert bench.recorder.reasons[-1] == "DriftResolved"

    on_bench(body)


def test_order_is_kept_between_changes_and_what_needs_no_judgement() -> None:
    async def body(bench: Bench) -> None:
        records = [bench.change("a", 11), bench.change("a", 11, "DELETED"), bench.change("a", 12), bench.change("a", 1)]
        await bench.observation.take(records)
        detected = ["DriftDetected"] * 2 + ["DriftResolved"] * 2
        assert bench.recorder.reasons == detected * 2

    on_bench(body)
