"""What a SpecCheck observes from several places, on a real cluster: joined objects, pods' logs, clusterwide objects."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.cluster.errors import ClusterError
from tests.e2e.observing import allow, budget, observing
from tests.e2e.places import Body, Place, config_map
from tests.e2e.writers import line, write, writing

STOCK = '''"""What is taken is never more than there is."""
from speccheck import Context, MachineStateBase, StateVar, action, instance, invariant, state


@state
class Stock(MachineStateBase):
    there: StateVar[int]
    taken: StateVar[int]


@action(init=True)
def init(c: Context[Stock]):
    c.state.there = 0
    c.state.taken = 0


@action(inline=False)
def fill(c: Context[Stock]):
    c.assume(c.state.there < 3)
    c.state.there += 1


@action(inline=False)
def take(c: Context[Stock]):
    c.assume(c.state.taken < c.state.there)
    c.state.taken += 1


@invariant
def enough(s: Stock):
    """Only what is there can be taken."""
    return s.taken <= s.there


@instance
def usual() -> Stock:
    return Stock()
'''

SETTLE_S = 4


def _half(name: str, number: int) -> Body:
    return config_map(name, {"half": name, "stock": "main"}, number=str(number))


def _joined() -> Body:
    """A SpecCheck of a stock: what is there is in one ConfigMap, what is taken in another."""
    body = observing("stock")
    body["spec"]["source"] = {"inline": {"files": {"spec.py": STOCK}}}
    halves = ("there", "taken")
    body["spec"]["observe"] = {
        "serviceAccountName": "observer",
        "sources": [
            {
                "name": each,
                "key": "object.metadata.labels.stock",
                "kubernetes": {"apiVersion": "v1", "kind": "ConfigMap", "selector": {"matchLabels": {"half": each}}},
            }
            for each in halves
        ],
        "instance": "usual",
        "variables": {each: f"int({each}.data.number)" for each in halves},
        "tiers": ["State"],
        "settle": f"{SETTLE_S}s",
    }
    return body


def test_a_breach_across_two_objects_counts_only_when_it_lasts(place: Place) -> None:
    allow(place)
    place.apply(_half("there", 1), _half("taken", 1), _joined())
    place.wait_condition("stock", "Conformant", "True")
    place.apply(_half("taken", 2), _half("there", 2))  # in between, more is taken than there is

    place.apply(_half("taken", 3))
    conformant = place.wait_condition("stock", "Conformant", "False", "DriftDetected", timeout_s=SETTLE_S + 40)
    assert "enough" in conformant["message"]
    (drift,) = place.status("stock")["observe"]["drifts"]
    assert (drift["property"], drift["tier"], drift["key"]) == ("enough", "State", "main")
    place.apply(_half("there", 3))
    place.wait_condition("stock", "Conformant", "True")
    observe = place.status("stock")["observe"]
    assert (observe["keys"], observe["resolved"], observe["gaps"], observe["rejected"]) == (1, 1, 0, 0)


def test_a_step_that_the_spec_has_not_is_explained_and_over_when_nothing_follows(place: Place) -> None:
    allow(place)
    place.apply(budget(3), observing("budget", tiers=["Step"], driftHold="6s"))
    place.wait_condition("budget", "Conformant", "True", "Conforms")
    place.apply(budget(4))
    place.apply(budget(6))
    conformant = place.wait_condition("budget", "Conformant", "False", "DriftDetected")
    assert "count 4 → 6" in conformant["message"]
    (drift,) = place.status("budget")["observe"]["drifts"]
    assert (drift["property"], drift["tier"], drift["object"]["name"]) == ("step", "Step", "budget")
    (nearest,) = drift["obstacles"]
    assert nearest == "increment(): count would be 5, observed 6"
    told = place.wait("the Events", "budget", lambda: place.events("budget", "DriftDetected"))
    assert {event["regarding"]["kind"] for event in told} <= {"ConfigMap", "SpecCheck"}
    assert all(nearest in event["note"] for event in told)
    place.wait_condition("budget", "Conformant", "True", "Conforms")
    place.wait("its end", "budget", lambda: len(place.events("budget", "DriftResolved")) == 2)


def test_what_pods_write_to_their_logs_is_held_to_the_spec(place: Place, project_image: str) -> None:
    place.kubectl("create", "serviceaccount", "observer")
    writing(place, project_image)
    place.apply(
        observing(
            "budget",
            sources=[{"name": "program", "match": 'event.name == "counted"', "lines": {"pods": {}}}],
            instance="small",
            parameters={},
            variables={"count": 'int(event.attributes["count"])'},
            tiers=["State", "Step"],
        )
    )
    conformant = place.wait_condition("budget", "Conformant", "Unknown", "ObserverForbidden")
    _grant(place, conformant["message"])
    place.wait_condition("budget", "Conformant", "Unknown", "NothingObserved")
    write(place, "not an observation", line("started", count=50), line("counted", count=1))
    place.wait_condition("budget", "Conformant", "True")
    write(place, line("counted", count=2), line("counted", count=11))
    place.wait_condition("budget", "Conformant", "False", "DriftDetected")
    drifts = {drift["tier"]: drift["property"] for drift in place.status("budget")["observe"]["drifts"]}
    assert drifts == {"State": "bounded", "Step": "step"}
    write(place, '{"time": "yesterday"}')
    (gap,) = place.wait("the gap", "budget", lambda: place.events("budget", "ObservationGap"))
    assert "a line that is no observation" in gap["note"]


def _grant(place: Place, message: str) -> list[tuple[str, str]]:
    """Apply to the letter what a refusal says is to be applied; what was made."""
    made = []
    for command in message.partition("grant it: ")[2].split(" && "):
        words = command.split()
        place.cluster.kubectl(*words[1:])
        made.append((words[2], words[3]))
    return made


@contextmanager
def _granted(place: Place, message: str) -> Iterator[None]:
    """While the body runs, as what is made has no namespace to go with."""
    made = _grant(place, message)
    try:
        yield
    finally:
        for kind, name in made:
            place.cluster.kubectl("delete", kind, name)


def test_objects_of_no_namespace_are_observed_as_the_account_may(place: Place) -> None:
    place.kubectl("create", "serviceaccount", "observer")
    place.cluster.kubectl("label", "namespace", place.namespace, "app=budget")
    _counted(place, 3)
    source = {"apiVersion": "v1", "kind": "Namespace", "selector": {"matchLabels": {"app": "budget"}}}
    place.apply(
        observing(
            "budget",
            sources=[{"name": "space", "kubernetes": source}],
            parameters={"LIMIT": "10"},
            variables={"count": "int(object.metadata.annotations.count)"},
        )
    )
    conformant = place.wait_condition("budget", "Conformant", "Unknown", "ObserverForbidden")
    assert "namespaces in the cluster" in conformant["message"]
    with _granted(place, conformant["message"]):
        place.wait_condition("budget", "Conformant", "True", "Conforms")
        _counted(place, 12)
        place.wait_condition("budget", "Conformant", "False", "DriftDetected")
        (drift,) = place.status("budget")["observe"]["drifts"]
        assert (drift["object"]["kind"], drift["object"]["name"]) == ("Namespace", place.namespace)
        _counted(place, 4)
        place.wait_condition("budget", "Conformant", "True", "Conforms")


def _counted(place: Place, count: int) -> None:
    place.cluster.kubectl("annotate", "namespace", place.namespace, f"count={count}", "--overwrite")


def test_a_source_that_is_none_or_two_is_refused(place: Place) -> None:
    wrong: tuple[Body, ...] = ({}, {"otlp": {}, "audit": {}})
    for given in wrong:
        with pytest.raises(ClusterError, match="exactly one"):
            place.apply(observing("budget", sources=[{"name": "it", **given}]))


def test_an_operator_that_receives_nothing_says_so(place: Place) -> None:
    event_count = {"count": 'int(event.attributes["count"])'}
    place.apply(
        observing(
            "budget", sources=[{"name": "it", "otlp": {}}], instance="small", parameters={}, variables=event_count
        )
    )
    conformant = place.wait_condition("budget", "Conformant", "Unknown", "WatchFailed")
    assert "this operator does not receive otlp" in conformant["message"]
