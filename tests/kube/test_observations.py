"""Observation: records in, judgements in between, drifts and problems out; the evaluator is the test's here.

tests/kube/test_observers.py has a real one, tests/e2e/test_observation.py a real cluster.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.kube.apis import Body
from tests.resource.bodies import NOW, OBSERVE, request

from speccheck.conform.clients import OverBudget, Subject
from speccheck.conform.drifts import Drift, Seen, Tracker, object_ref
from speccheck.conform.protocols import (
    Census,
    Item,
    Judged,
    Judgement,
    Load,
    Loaded,
    MappingOrder,
    Result,
    SourceOrder,
    Thing,
    Tick,
    View,
)
from speccheck.conform.protocols import Gap as GapItem
from speccheck.kube import observations
from speccheck.kube.connections import ApiError
from speccheck.kube.meters import Meters
from speccheck.kube.observations import Kept, Observing, Skipped, Tools
from speccheck.kube.subscriptions import Change, Failing, Gap, Listed
from speccheck.kube.tellings import Told
from speccheck.resource.events import EventBody
from speccheck.resource.findings import Ending
from speccheck.sources.observations import Event, Observation

REQUEST = request({"observe": OBSERVE})
MAPPING = MappingOrder((SourceOrder("zone"),), {"count": "object.data.count"})
SUBJECT = Subject(Load("platform", "handle", b"", MAPPING), Loaded(("bounded",), ()))
LIMIT = 10


class Evaluator:
    """Judges `count <= 10`, and fails as it is told to."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.items: list[Item] = []
        self.keys: set[str] = set()

    async def judge(self, _: Subject, items: Sequence[Item]) -> Judged:
        self.calls.append(len(items))
        self.items += items
        if any(isinstance(each, View) and _count(each) == "slow" for each in items):
            raise OverBudget("evaluating took longer than 2 s")
        found = tuple((self._judged(each),) if isinstance(each, View) else () for each in items)
        return Judged(found, Census(keys=len(self.keys)))

    def _judged(self, view: View) -> Judgement:
        judgement = _judged(view)
        (self.keys.discard if judgement.closed else self.keys.add)(judgement.key)
        return judgement


def _count(view: View) -> Any:
    assert view.object is not None
    return view.object["data"]["count"]


def _judged(view: View) -> Judgement:
    assert view.object is not None
    count, key = _count(view), view.object["metadata"]["name"]
    thing = Thing("v1", "ConfigMap", "platform", key, f"uid-{key}")
    if view.kind == "DELETED":
        return Judgement(key, closed=True, time=view.time, thing=thing, source=view.source)
    if not isinstance(count, int):
        return Judgement(rejected="variables.count: expected an integer", time=view.time, thing=thing)
    result = Result("bounded", "Holds" if count <= LIMIT else "Violated", f"count = {count}")
    return Judgement(key, results=(result,), time=view.time, thing=thing, source=view.source)


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


class Findings:
    """Keeps what is recorded. A drift of the key `unrecorded` gets no record."""

    def __init__(self) -> None:
        self.begun: list[Drift] = []
        self.ended: list[Ending] = []

    def begin(self, request: Any, drift: Drift, model_digest: str) -> str:
        assert (request, model_digest) == (REQUEST, "sha256:m")
        if drift.key == "unrecorded":
            return ""
        self.begun.append(drift)
        return f"zone-{drift.identity[:20]}"

    def end(self, _: Any, ending: Ending) -> None:
        self.ended.append(ending)


class Bench:
    """An observation with its surroundings."""

    def __init__(self, *drifts: Any) -> None:
        self.evaluator, self.recorder, self.meters = Evaluator(), Recorder(), Meters()
        self.moves = 0
        self.findings = Findings()
        tools: Any = Tools(self.evaluator, self.recorder, self.findings, self.meters, self._moved)  # type: ignore[arg-type]
        self.skipped = Skipped()
        self.observing = Observing(REQUEST, SUBJECT, Kept(Tracker(drifts), {}), tools, self.skipped, "sha256:m")
        self._version = 0

    def _moved(self) -> None:
        self.moves += 1

    def change(self, name: str, count: Any, kind: Any = "MODIFIED") -> Change:
        self._version += 1
        metadata = {"name": name, "namespace": "platform", "uid": f"uid-{name}", "resourceVersion": str(self._version)}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"count": count}}
        return Change(kind, body, NOW + timedelta(seconds=self._version))

    async def take(self, records: Sequence[Any]) -> None:
        """Take in what the one source tells."""
        await self.observing.take([Told("zone", record) for record in records])

    def metric(self, text: str) -> bool:
        return text in self.meters.text().decode()


def on_bench(body: Callable[[Bench], Awaitable[None]]) -> Bench:
    bench = Bench()
    asyncio.run(body(bench))
    bench.meters.close()
    return bench


def test_gaps_and_each_result_are_counted_from_nought() -> None:
    async def body(bench: Bench) -> None:
        assert bench.metric('speccheck_gaps_total{namespace="platform",speccheck="dns-balancer"} 0.0')
        for result in ("conforms", "drifts", "rejected", "unknown"):
            assert bench.metric(f'result="{result}",speccheck="dns-balancer",tier="State"}} 0.0')

    on_bench(body)


def test_what_conforms_is_counted_and_told_of_in_the_state() -> None:
    async def body(bench: Bench) -> None:
        await bench.take([bench.change("a", 1), bench.change("b", 2), Listed(NOW)])
        state = bench.observing.state()
        assert (state.synced, state.keys, state.judged, state.drifts, state.problem) == (True, 2, 2, (), None)
        assert bench.moves == 1
        assert bench.metric('result="conforms",speccheck="dns-balancer",tier="State"} 2.0')

    on_bench(body)


def test_a_drift_is_told_at_once_repeated_as_a_series_and_resolved() -> None:
    async def body(bench: Bench) -> None:
        await bench.take([bench.change("a", 11)])
        assert bench.recorder.reasons == ["DriftDetected", "DriftDetected"]
        assert [drift.property for drift in bench.observing.state().drifts] == ["bounded"]
        await bench.take([bench.change("a", 12), bench.change("a", 13)])
        assert [patch["series"]["count"] for patch in bench.recorder.again] == [2, 2]
        await bench.take([bench.change("a", 1)])
        assert bench.recorder.reasons[2:] == ["DriftResolved", "DriftResolved"]
        assert bench.observing.state().resolved == 1

    on_bench(body)


def test_a_drift_is_recorded_once_where_the_storm_allows_and_its_record_closed() -> None:
    async def body(bench: Bench) -> None:
        await bench.take([bench.change("a", 11), bench.change("a", 12), bench.change("unrecorded", 13)])
        (drift,) = bench.findings.begun
        record = f"zone-{drift.identity[:20]}"
        assert bench.observing.state().records == {drift.identity: record}
        notes = {event.body["regarding"]["name"]: event.body["note"] for event in bench.recorder.told}
        assert notes["a"].endswith(f"; in full: SpecCheckDrift {record})")
        assert "SpecCheckDrift" not in notes["unrecorded"]
        await bench.take([bench.change("a", 1), bench.change("unrecorded", 1)])
        (ending,) = bench.findings.ended
        assert (ending.drift.identity, ending.drift.count, ending.why) == (drift.identity, 2, "holds")
        assert bench.observing.state().records == {}
        assert bench.observing.state().lag_s is not None

    on_bench(body)


def test_the_same_version_is_judged_once() -> None:
    async def body(bench: Bench) -> None:
        change = bench.change("a", 1)
        await bench.take([change])
        await bench.take([change])
        assert bench.evaluator.calls == [1]

    on_bench(body)


def test_what_costs_too_much_is_told_to_whoever_asks_and_may_be_passed_over() -> None:
    async def body(bench: Bench) -> None:
        slow = bench.change("b", "slow")
        with pytest.raises(OverBudget):
            await bench.take([bench.change("a", 1), slow])
        bench.skipped.add(Seen("zone", "MODIFIED", NOW, object_ref(slow.object), "1"), "too slow")
        problem = bench.observing.state().problem
        assert problem is not None
        assert (problem.reason, problem.message) == ("OverBudget", "ConfigMap b: too slow")

    on_bench(body)


def test_what_is_passed_over_is_judged_again_when_it_has_changed() -> None:
    async def body(bench: Bench) -> None:
        change = bench.change("b", 1)
        bench.skipped.add(Seen("zone", "MODIFIED", NOW, object_ref(change.object), "1"), "too slow")
        await bench.take([change])
        assert bench.evaluator.items == []
        await bench.take([bench.change("b", 2), Listed(NOW)])
        assert bench.observing.state().problem is None
        assert len(bench.evaluator.items) == 1

    on_bench(body)


def test_what_is_rejected_leaves_its_object_unjudged_until_it_fits_or_goes() -> None:
    async def body(bench: Bench) -> None:
        await bench.take([bench.change("a", 1), bench.change("a", "many"), Listed(NOW)])
        assert bench.observing.state().unjudged_keys == 1
        assert bench.recorder.reasons == ["ObservationRejected"]
        await bench.take([bench.change("a", 2)])
        assert bench.observing.state().unjudged_keys == 0
        await bench.take([bench.change("b", "many")])
        await bench.take([bench.change("b", "many", "DELETED")])
        assert bench.observing.state().unjudged_keys == 0

    on_bench(body)


def test_ten_rejections_in_a_row_ask_for_a_better_mapping() -> None:
    async def body(bench: Bench) -> None:
        for number in range(observations.REJECTIONS_LIMIT):
            assert bench.observing.state().problem is None
            await bench.take([bench.change(f"o{number}", "many")])
        problem = bench.observing.state().problem
        assert problem is not None
        assert (problem.reason, problem.permanent) == ("ObservationRejected", True)

    on_bench(body)


def test_a_gap_is_counted_and_told() -> None:
    async def body(bench: Bench) -> None:
        await bench.take([bench.change("a", 1), Gap("410", NOW), Listed(NOW)])
        assert GapItem(NOW, "zone") in bench.evaluator.items
        bench.observing.unobserved()
        assert bench.observing.state().gaps == 2
        assert bench.recorder.reasons == ["ObservationGap"]
        assert bench.metric('speccheck_gaps_total{namespace="platform",speccheck="dns-balancer"} 2.0')

    on_bench(body)


def test_a_refusal_names_what_to_grant_and_ends_with_the_next_list() -> None:
    async def body(bench: Bench) -> None:
        refused = ApiError(403, "Forbidden", 'GET /api/v1/configmaps: 403: configmaps is forbidden: User "x" cannot')
        await bench.take([Failing(refused)])
        problem = bench.observing.state().problem
        assert problem is not None
        assert problem.reason == "ObserverForbidden"
        assert "--resource=configmaps" in problem.message
        await bench.take([Failing(ApiError(0, "Unreachable", "no answer"))])
        problem = bench.observing.state().problem
        assert problem is not None
        assert (problem.reason, problem.permanent) == ("WatchFailed", False)
        await bench.take([Listed(NOW)])
        assert bench.observing.state().problem is None

    on_bench(body)


def test_an_object_that_goes_takes_its_drift_with_it() -> None:
    async def body(bench: Bench) -> None:
        await bench.take([bench.change("a", 11), bench.change("a", 11, "DELETED")])
        assert bench.observing.state().drifts == ()
        assert bench.recorder.reasons[-1] == "DriftResolved"

    on_bench(body)


def test_order_is_kept_between_changes_and_what_needs_no_judgement() -> None:
    async def body(bench: Bench) -> None:
        records = [bench.change("a", 11), bench.change("a", 11, "DELETED"), bench.change("a", 12), bench.change("a", 1)]
        await bench.take(records)
        detected = ["DriftDetected"] * 2 + ["DriftResolved"] * 2
        assert bench.recorder.reasons == detected * 2

    on_bench(body)


def test_what_was_there_was_not_created_just_now() -> None:
    async def body(bench: Bench) -> None:
        await bench.take([bench.change("a", 1, "ADDED"), Listed(NOW), bench.change("b", 1, "ADDED")])
        await bench.take([Gap("410", NOW), bench.change("c", 1, "ADDED")])
        views = [each for each in bench.evaluator.items if isinstance(each, View)]
        assert [view.live for view in views] == [False, True, False]

    on_bench(body)


def test_time_is_told_and_what_it_leads_to_is_taken_in() -> None:
    async def body(bench: Bench) -> None:
        await bench.observing.tick(NOW)
        assert bench.evaluator.items == [Tick(NOW)]

    on_bench(body)


def test_events_wait_for_the_window_and_go_on_in_order() -> None:
    async def body(bench: Bench) -> None:
        late, early = (Observation(datetime.now(UTC) - timedelta(seconds=s), event=Event("e", {})) for s in (1, 2))
        await bench.observing.take([Told("zone", late), Told("zone", early)])
        assert bench.evaluator.items == []

    on_bench(body)


def test_after_a_gap_what_did_not_change_is_judged_once_more() -> None:
    async def body(bench: Bench) -> None:
        await bench.take([bench.change("a", 1), bench.change("b", 2), Listed(NOW)])
        await bench.take([Gap("410", NOW), bench.change("b", 3), Listed(NOW)])
        views = [each for each in bench.evaluator.items if isinstance(each, View)]
        assert [(view.object or {})["data"]["count"] for view in views] == [1, 2, 3, 1]
        assert not views[-1].live

    on_bench(body)
