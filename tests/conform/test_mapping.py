"""Mappings: names checked when they are compiled, values when they are observed, with the real CEL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import cel
import pytest
from cel.stdlib import add_stdlib_to_context
from tests.conform.specs import ROLLOUT, model

from speccheck.conform import mapping
from speccheck.conform.mapping import Current, Mapping, Rejected
from speccheck.conform.protocols import ActionOrder, MappingOrder, SourceOrder, View
from speccheck.errors import UsageError
from speccheck.ir.values import FrozenMap, Value

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
WEB = (SourceOrder("web"),)
DEPLOYMENT: dict[str, Any] = {
    "metadata": {"name": "web", "namespace": "shop", "labels": {"zone": "z1"}, "uid": "u"},
    "spec": {"replicas": 3},
    "status": {"availableReplicas": 2, "conditions": [{"type": "Progressing", "status": "True"}]},
}


def compiled(variables: dict[str, str], sources: tuple[SourceOrder, ...] = WEB, **more: Any) -> Mapping:
    given = {"instance": "three"} | more
    return Mapping(model(ROLLOUT), MappingOrder(sources, variables, **given))


def web(seen: dict[str, Any] | None = None, event: dict[str, Any] | None = None) -> View:
    return View("web", NOON, object=DEPLOYMENT if seen is None else seen, event=event)


def values(found: Mapping, view: View, current: Current | None = None) -> tuple[dict[str, Value], dict[str, Value]]:
    found.show(view, current or {})
    return found.values(view.source, {view.source, *(current or {})})


def key_of(found: Mapping, view: View) -> str:
    found.show(view, {})
    return found.key(view)


def mapped(expression: str, view: View | None = None, variable: str = "replicas") -> Value:
    own, _ = values(compiled({variable: expression}), view or web())
    return own[variable]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("object.spec.replicas", 3),
        ("web.spec.replicas", 3),
        ('get(object, "status.readyReplicas", 0)', 0),
        ('object.get("status.readyReplicas", 7)', 7),
        ("has(object.status.readyReplicas) ? object.status.readyReplicas : 1", 1),
        ("size(object.status.conditions)", 1),
        ('quantity("2k")', 2000),
        ('milli("250m")', 250),
        ("time.getHours()", 12),
        ("json('[1, 5]')[1]", 5),
        ("object.status.conditions.filter(c, c.type == 'Progressing').size()", 1),
        ("math.greatest([1, 9, 3])", 9),
        ("optional.of(4)", 4),
        ("double(object.spec.replicas)", 3),
        ("type(object.spec.replicas) == int ? 1 : 2", 1),
        ("{'#bigint': '99999999999999999999999'}", 99999999999999999999999),
    ],
)
def test_expressions_become_integers(expression: str, value: int) -> None:
    assert mapped(expression) == value


def test_expressions_become_enums_maps_and_records() -> None:
    assert mapped("condition(object, 'Progressing') == 'True' ? 'RUNNING' : 'DONE'", variable="phase") == 0
    pods = {"items": [{"name": "b", "ok": True, "rev": 2}, {"name": "a", "ok": False, "rev": 1}]}
    text = 'pairs(object.items.map(p, [p.name, {"ready": p.ok, "revision": p.rev}]))'
    found = mapped(text, web(pods), variable="pods")
    assert found == FrozenMap({"a": (False, 1), "b": (True, 2)})


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("object.status.nothing", "variables.replicas: there is no 'nothing'; give absent fields a default"),
        ("object.metadata.name", "variables.replicas: $: should be an integer, and is the text 'web'"),
        ("1.5", "variables.replicas: $: should be an integer, and is the number 1.5"),
        ("null", "variables.replicas: $: should be an integer, and is null"),
        ("optional.none()", "variables.replicas: $: should be an integer, and is a OptionalValue"),
        ("json('{')", "variables.replicas: json(): "),
        ("quantity('x')", "variables.replicas: 'x' is not a quantity"),
        ("1 / 0", "variables.replicas: "),
        ("9223372036854775807 + 1", "variables.replicas: Arithmetic overflow"),
        ("object.spec.replicas + 'a'", "variables.replicas: No such overload"),
        ("get(object)", "variables.replicas: "),
        ("int(object.metadata)", "variables.replicas: there is no int() of what it is given here"),
        ("timestamp('2026-01-01T00:00:00Z')", "variables.replicas: $: should be an integer, and is a datetime"),
        ("[1][5]", "variables.replicas: "),
        ("event.name == 'x' ? 1 : 2", "variables.replicas: "),
    ],
)
def test_what_has_no_fitting_value_is_rejected_and_named(expression: str, told: str) -> None:
    with pytest.raises(Rejected) as caught:
        mapped(expression)
    assert str(caught.value).startswith(told)
    assert len(str(caught.value)) < 700


def test_events_are_seen_by_name_and_attributes() -> None:
    event = {"name": "apply", "attributes": {"plan": 4}}
    assert mapped("event.name == 'apply' ? event.attributes.plan : 0", web(event=event)) == 4


@pytest.mark.parametrize("number", [1 << 63, -(1 << 63) - 1, 1 << 200])
def test_integers_beyond_64_bits_are_refused_before_cel_can_round_them(number: int) -> None:
    with pytest.raises(Rejected, match=r"object\.spec\.big\[1\]: an integer of [0-9]+ bits; expressions know 64"):
        mapped("size(object.spec)", web({"spec": {"big": [0, number]}}))


def test_what_is_nested_too_deeply_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(10_000):
        deep = {"a": deep}
    with pytest.raises(Rejected, match="nested more than 64 deep"):
        mapped("size(object)", web(deep))


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        (
            "objekt.spec",
            "variables.replicas: nothing is named 'objekt'; did you mean 'object'? "
            "There is: event, object, resource, time, web",
        ),
        ("object.spec.replicas +", "variables.replicas: line 1, column 23: Syntax error"),
        ("int(timestamp(object.a))", "variables.replicas: int(timestamp(object.a)): there is no int() of a time; "),
        ("siz(object.a)", "variables.replicas: there is no function 'siz'; did you mean 'size'?"),
        ("object.items.map(p, q)", "variables.replicas: nothing is named 'q'"),
        ("object.?spec", "variables.replicas: line 1, column 7: unsupported syntax"),
        ("x" * 9000, "variables.replicas: longer than 8192 characters"),
        ("(" * 2000 + ")" * 2000, "variables.replicas: "),
    ],
)
def test_mistakes_are_found_when_the_mapping_is_compiled(expression: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        compiled({"replicas": expression})
    assert str(caught.value).startswith(told)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (
            {"variables": {"replica": "1"}},
            "variables.replica: the spec has no such variable; did you mean 'replicas'? There is: ",
        ),
        (
            {"variables": {}},
            "no variable and no action is mapped; the spec has: replicas, available, phase, pods, hidden",
        ),
        ({"parameters": {"WANTED": "3"}}, "parameters.WANTED: the instance three gives it a value already"),
        ({"parameters": {"WANT": "3"}}, "parameters.WANT: the spec has no such parameter; did you mean 'WANTED'?"),
        (
            {"instance": None},
            "the parameter WANTED has no value; name an instance (three, nine) or map it in parameters",
        ),
        ({"instance": "tree"}, "no instance 'tree'"),
        ({"sources": ()}, "a mapping needs a source"),
        ({"sources": (SourceOrder("object"),)}, "a source cannot be named 'object'"),
        ({"sources": (SourceOrder("a-b"),)}, "a source cannot be named 'a-b'"),
        ({"sources": (SourceOrder("a"), SourceOrder("a"))}, "two sources are named 'a'"),
        ({"sources": (SourceOrder("a", "web.x"),)}, "sources[a].key: nothing is named 'web'"),
    ],
)
def test_orders_that_do_not_fit_the_spec_are_refused(order: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        compiled(**({"variables": {"replicas": "1"}} | order))
    assert told in str(caught.value)


def test_parameters_can_be_mapped() -> None:
    found = compiled({"replicas": "1"}, instance=None, parameters={"WANTED": "object.spec.replicas"})
    found.show(web(), {})
    assert found.bound({"web"}) == {"WANTED": 3}


def test_parameters_wait_for_the_source_that_they_mention() -> None:
    sources = (SourceOrder("web"), SourceOrder("db"))
    found = compiled({"replicas": "1"}, sources, instance=None, parameters={"WANTED": "db.count"})
    found.show(web(), {})
    assert found.bound({"web"}) is None
    found.show(web(), {"db": {"count": 4}})
    assert found.bound({"web", "db"}) == {"WANTED": 4}


@pytest.mark.parametrize(
    ("key", "expected"),
    [(None, "shop/web"), ("object.metadata.labels.zone", "z1"), ("object.metadata.labels['zone']", "z1"), ("7", "7")],
)
def test_the_key_tells_the_trace(key: str | None, expected: str) -> None:
    assert key_of(compiled({"replicas": "1"}, (SourceOrder("web", key),)), web()) == expected


@pytest.mark.parametrize("key", ["''", "[1]", "null", "object.metadata.labels"])
def test_a_key_is_a_short_text(key: str) -> None:
    with pytest.raises(Rejected, match=r"sources\[web\].key: a key is text"):
        key_of(compiled({"replicas": "1"}, (SourceOrder("web", key),)), web())


def test_an_object_without_a_name_and_an_event_have_the_empty_key() -> None:
    found = compiled({"replicas": "1"})
    assert key_of(found, web({})) == ""
    assert key_of(found, View("web", NOON, event={"name": "x"})) == ""


def test_each_variable_belongs_to_the_sources_that_it_mentions() -> None:
    sources = (SourceOrder("web"), SourceOrder("db"))
    found = compiled({"replicas": "web.spec.replicas", "available": "db.count", "hidden": "web.spec.n + db.n"}, sources)
    assert [each.sources for each in found.variables] == [{"web"}, {"db"}, {"web", "db"}]
    deployment, database = {"spec": {"replicas": 3, "n": 1}}, {"count": 2, "n": 5}
    assert values(found, web(deployment)) == ({"replicas": 3}, {})
    assert values(found, web(deployment), {"db": database}) == ({"replicas": 3}, {"hidden": 6})
    assert values(found, View("db", NOON, object=database), {"web": deployment}) == ({"available": 2}, {"hidden": 6})


def test_a_source_of_many_objects_is_a_list() -> None:
    found = compiled({"replicas": "web.map(w, w.spec.replicas).size()"}, (SourceOrder("web", many=True),))
    assert values(found, web(), {"web": [DEPLOYMENT, DEPLOYMENT]}) == ({"replicas": 2}, {})


def test_the_resource_of_an_event_is_at_hand_and_empty_without_one() -> None:
    event = {"name": "x", "attributes": {"resource": {"service.name": "deployer"}}}
    text = "'service.name' in resource ? 1 : 0"
    assert mapped(text, View("web", NOON, event=event)) == 1
    assert mapped(text, View("web", NOON, event={"name": "x", "attributes": {}})) == 0


def test_match_tells_what_is_of_its_source() -> None:
    found = compiled({"replicas": "1"}, (SourceOrder("web", match="object.spec.replicas > 2"),))
    for replicas, expected in ((3, True), (2, False)):
        view = web({"spec": {"replicas": replicas}})
        found.show(view, {})
        assert found.matches(view) is expected
    wrong = compiled({"replicas": "1"}, (SourceOrder("web", match="object.spec.replicas"),))
    wrong.show(web(), {})
    with pytest.raises(Rejected, match=r"sources\[web\].match: it should be true or false, not 3"):
        wrong.matches(web())


def test_an_action_is_claimed_by_the_first_that_is_meant() -> None:
    sources = (SourceOrder("web"), SourceOrder("db"))
    actions = (ActionOrder("grow", "db.count > 1", source="db"), ActionOrder("grow", "web.spec.replicas > 1"))
    found = compiled({"replicas": "web.spec.replicas"}, sources, actions=actions)
    small, large = View("db", NOON, object={"count": 1}), View("db", NOON, object={"count": 2})
    found.show(small, {})
    assert found.claim("db", {"db"}) is None, "what mentions a source that nothing stands for is not asked"
    found.show(large, {})
    claim = found.claim("db", {"db"})
    assert claim is not None
    assert (claim.action, claim.args) == ("grow", ())
    found.show(web(), {})
    assert found.claim("web", {"web"}) is not None


def test_nothing_is_left_over_from_the_observation_before() -> None:
    found = compiled({"replicas": "event == null ? 0 : 1"})
    assert values(found, web(event={"name": "x"})) == ({"replicas": 1}, {})
    assert values(found, web()) == ({"replicas": 0}, {})


CALLS = {
    "bytes": "bytes('a')",
    "contains": "'ab'.contains('a')",
    "double": "double(1)",
    "duration": "duration('1h')",
    "dyn": "dyn(1)",
    "endsWith": "'ab'.endsWith('b')",
    "hasValue": "optional.of(1).hasValue()",
    "int": "int('1')",
    "matches": "'ab'.matches('a.*')",
    "max": "max([1, 2])",
    "min": "min([1, 2])",
    "none": "optional.none()",
    "of": "optional.of(1)",
    "ofNonZeroValue": "optional.ofNonZeroValue(1)",
    "or": "optional.none().or(optional.of(1))",
    "orValue": "optional.none().orValue(1)",
    "size": "size('a')",
    "startsWith": "'ab'.startsWith('a')",
    "string": "string(1)",
    "timestamp": "timestamp('2026-01-01T00:00:00Z')",
    "type": "type(1)",
    "uint": "uint(1)",
    "value": "optional.of(1).value()",
}


@pytest.mark.parametrize("name", sorted(mapping._BUILT_IN))
def test_every_function_taken_for_built_in_is(name: str) -> None:
    context = cel.Context()
    add_stdlib_to_context(context)
    expression = CALLS.get(name, f"timestamp('2026-01-01T00:00:00Z').{name}()")
    cel.evaluate(expression, context)
    assert name in cel.compile(expression).functions()
