"""Run keys: the same reason, the same key."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.resource.bodies import CREATED, DIGEST, NOW, request, run

from speccheck.resource.keys import base_key, run_key, wanted_key
from speccheck.resource.runs import run_view

OTHER_DIGEST = "sha256:" + "cd" * 32


def test_a_key_never_changes_over_versions() -> None:
    base = "f889de4b039e2f14748f6b79eece76606ecb3097d86ffe11d07d78090974927b"
    assert base_key(request(), DIGEST) == base
    assert run_key(base, "") == "a51e52f777cb7bfe74caa1dc07c4f2552de49aa7cafe44db997c98f1efb6be2d"


@pytest.mark.parametrize(
    "spec",
    [
        {"entrypoint": "dns_balancer.py", "suspend": True},
        {"historyLimit": 1, "gate": {"verified": True}},
        {"check": {"schedule": "0 3 * * *", "timeZone": "UTC"}},
        {"check": {"method": "Explore", "timeout": "10m", "acceptBound": False}},
        {"podTemplate": {"labels": {"a": "b"}}},
    ],
)
def test_what_does_not_change_the_check_does_not_change_the_key(spec: dict[str, Any]) -> None:
    assert base_key(request(spec), DIGEST) == base_key(request(), DIGEST)


def test_what_changes_the_check_changes_the_key() -> None:
    files = {"inline": {"files": {"a.py": "", "dns_balancer.py": ""}}}
    keys = {
        base_key(request(), DIGEST),
        base_key(request(), OTHER_DIGEST),
        base_key(request(uid="other"), DIGEST),
        base_key(request({"source": files, "entrypoint": "a.py"}), DIGEST),
        base_key(request({"check": {"maxSteps": 3}}), DIGEST),
        base_key(request({"check": {"instances": ["n3"]}}), DIGEST),
        base_key(request({"check": None, "observe": _observe()}), DIGEST),
        base_key(request(annotations={"speccheck.dev/requested-at": "2026-11-22"}), DIGEST),
    }
    assert len(keys) == 8


def _observe() -> dict[str, Any]:
    source = {"name": "zone", "kubernetes": {"apiVersion": "v1", "kind": "ConfigMap"}}
    return {"sources": [source], "variables": {"x": "1"}}


@given(st.text(max_size=4), st.text(max_size=4), st.text(max_size=4), st.text(max_size=4))
def test_keys_differ_where_their_parts_do(base: str, tick: str, other_base: str, other_tick: str) -> None:
    same = (base, tick) == (other_base, other_tick)
    assert (run_key(base, tick) == run_key(other_base, other_tick)) == same


SCHEDULED = request({"check": {"schedule": "0 3 * * *"}})


def test_the_first_run_waits_for_no_tick() -> None:
    fresh = request({"check": {"schedule": "0 3 * * *"}}, creationTimestamp="2026-11-22T09:00:00Z")
    assert wanted_key(fresh, DIGEST, [], NOW).tick == ""


def test_a_tick_since_the_last_run_of_the_same_content_asks_for_one() -> None:
    last = run_view(run(SCHEDULED, created="2026-11-21T10:00:00Z"))
    wanted = wanted_key(SCHEDULED, DIGEST, [last], NOW)
    assert wanted.tick == "2026-11-22T03:00:00Z"
    assert wanted.base == last.base
    assert wanted.key != last.key


def test_once_its_run_is_there_the_same_key_is_wanted_until_the_next_tick() -> None:
    made = run_view(run(SCHEDULED, tick="2026-11-22T03:00:00Z", created="2026-11-22T03:01:40Z"))
    for hour in range(4, 24):
        assert wanted_key(SCHEDULED, DIGEST, [made], NOW.replace(hour=hour)).key == made.key
    assert wanted_key(SCHEDULED, DIGEST, [made], NOW + timedelta(days=1)).key != made.key


def test_a_clock_behind_the_servers_makes_no_second_run() -> None:
    made = run_view(run(SCHEDULED, tick="2026-11-22T03:00:00Z", created="2026-11-22T02:59:59Z"))
    assert wanted_key(SCHEDULED, DIGEST, [made], NOW).key == made.key


def test_taking_the_schedule_away_asks_for_nothing() -> None:
    made = run_view(run(request(), tick="2026-11-22T03:00:00Z", created="2026-11-22T03:01:40Z"))
    assert wanted_key(request(), DIGEST, [made], NOW).key == made.key


def test_going_back_to_earlier_content_wants_its_run_again() -> None:
    earlier = run_view(run(request(), created="2026-11-20T09:00:00Z"))
    other = replace(earlier, base="other", key="other", created=datetime(2026, 11, 21, tzinfo=UTC))
    assert wanted_key(request(), DIGEST, [earlier, other], NOW).key == earlier.key


def test_a_missed_tick_of_the_time_before_the_speccheck_does_not_count() -> None:
    assert CREATED < "2026-11-21"
    fresh = request({"check": {"schedule": "0 0 1 * *"}})
    assert wanted_key(fresh, DIGEST, [], NOW).tick == ""
