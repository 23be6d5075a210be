"""The helpers that mappings may call: what they give, and what they say to wrong arguments."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speccheck.conform import functions

POD = {
    "metadata": {"labels": {"app.kubernetes.io/name": "x"}, "name": "p"},
    "spec": {"containers": [{"name": "a", "image": "i"}, {"name": "b"}], "replicas": None},
    "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Odd"}]},
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("metadata.name", "p"),
        ("metadata.nothing", "default"),
        ("metadata.nothing.at.all", "default"),
        ("metadata.name.further", "default"),
        ("spec.replicas", "default"),
        (["metadata", "labels", "app.kubernetes.io/name"], "x"),
        (["spec", "containers", 1, "name"], "b"),
        (["spec", "containers", 2, "name"], "default"),
        ([], POD),
    ],
)
def test_get_finds_what_is_there_and_gives_the_default_for_what_is_not(path: Any, found: Any) -> None:
    assert functions.get(POD, path, "default") == found


@pytest.mark.parametrize(
    ("text", "number", "milli"),
    [
        ("500m", 0.5, 500),
        ("2", 2, 2000),
        (2, 2, 2000),
        (0.25, 0.25, 250),
        ("1Gi", 1 << 30, 1000 << 30),
        ("1.5Ki", 1536, 1_536_000),
        ("1k", 1000, 1_000_000),
        ("12e3", 12_000, 12_000_000),
        ("1E", 10**18, 10**21),
        ("1E2", 100, 100_000),
        ("100u", 0.0001, 1),
        ("-1", -1, -1000),
        ("1n", 1e-9, 1),
    ],
)
def test_quantities_become_numbers(text: Any, number: float, milli: int) -> None:
    assert functions.quantity(text) == number
    assert type(functions.quantity(text)) is type(number)
    assert functions.milli(text) == milli


@pytest.mark.parametrize("text", ["", "Gi", "1 Gi", "1GiB", "1gi", "one", "1e", "0x10", True, None, [], "1e1000", "١"])
def test_what_is_no_quantity_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        functions.quantity(text)


@given(st.integers(-(10**15), 10**15))
def test_milli_is_the_thousandfold(number: int) -> None:
    assert functions.milli(f"{number}m") == number
    assert functions.milli(str(number)) == 1000 * number


def test_conditions_by_type() -> None:
    assert functions.condition(POD, "Ready") == "True"
    assert functions.condition(POD["status"]["conditions"], "Ready") == "True"
    assert functions.condition(POD, "Odd") == "Unknown"
    assert functions.condition({}, "Ready") == "Unknown"


def test_lists_become_maps_by_a_field() -> None:
    assert functions.by(POD["spec"]["containers"], "name")["a"]["image"] == "i"
    with pytest.raises(ValueError, match="a different text in each"):
        functions.by([{"name": "a"}, {"name": "a"}], "name")
    with pytest.raises(ValueError, match="a different text in each"):
        functions.by([{}], "name")


def test_pairs_become_maps_and_maps_sorted_lists() -> None:
    made = functions.pairs([["b", 1], ["a", 2]])
    assert made == {"a": 2, "b": 1}
    assert functions.keys(made) == ["a", "b"]
    assert functions.values(made) == [2, 1]
    for wrong in ([["a", 1], ["a", 2]], [["a"]], ["ab"], [[[], 1]]):
        with pytest.raises(ValueError, match="each key a different"):
            functions.pairs(wrong)
    with pytest.raises(ValueError, match="takes a map"):
        functions.keys([1])


def test_regular_expressions() -> None:
    assert functions.find("web-7d9f-x2", "-[0-9a-f]+") == "-7d9f"
    assert functions.find("web", "[0-9]+") == ""
    assert functions.find_all("a1b22", "[0-9]+") == ["1", "22"]


def test_json_text_is_read() -> None:
    assert functions.json('{"a": [1, 2.5, null]}') == {"a": [1, 2.5, None]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "json()"),
        ('{"a": [0, 9223372036854775808]}', "json().a[1]: an integer of 64 bits"),
        ("-9223372036854775809", "json(): an integer of 64 bits"),
        ("[" * 100 + "]" * 100, "nested more than 64 deep"),
        ("[" * 100_000, "json()"),
        (7, "json() reads text"),
    ],
)
def test_what_is_no_json_or_does_not_survive_is_refused(text: Any, told: str) -> None:
    with pytest.raises(ValueError) as caught:
        functions.json(text)
    assert told in str(caught.value)
    assert len(str(caught.value)) < 600


def test_the_largest_and_smallest_integers_pass() -> None:
    functions.require_exact({"a": [2**63 - 1, -(2**63)]}, "object")
