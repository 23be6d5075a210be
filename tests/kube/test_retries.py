"""Trying again: what passes is tried until it does, what is refused once, and nothing for ever."""

import asyncio

import pytest

from speccheck.kube import retries
from speccheck.kube.connections import ApiError
from speccheck.kube.retries import ATTEMPTS, is_passing, retrying


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "PAUSE_S", 0.001)
    monkeypatch.setattr(retries, "PAUSE_LIMIT_S", 0.002)


def failed(status: int) -> ApiError:
    return ApiError(status, "Reason", f"answered {status}")


@pytest.mark.parametrize(("status", "passes"), [(0, True), (429, True), (500, True), (503, True), (403, False)])
def test_what_may_pass(status: int, passes: bool) -> None:
    assert is_passing(failed(status)) is passes
    assert not is_passing(ValueError("ours"))


@pytest.mark.parametrize(
    ("failures", "calls", "raised"),
    [([503, 0], 3, None), ([403], 1, 403), ([503] * ATTEMPTS, ATTEMPTS, 503)],
)
def test_it_is_tried_until_it_answers_is_refused_or_was_tried_often_enough(
    failures: list[int], calls: int, raised: int | None
) -> None:
    left, called = [*failures], []

    async def call(argument: str) -> str:
        called.append(argument)
        if left:
            raise failed(left.pop(0))
        return "answer"

    if raised is None:
        assert asyncio.run(retrying()(call, "asked")) == "answer"
    else:
        with pytest.raises(ApiError, match=f"answered {raised}"):
            asyncio.run(retrying()(call, "asked"))
    assert called == ["asked"] * calls
