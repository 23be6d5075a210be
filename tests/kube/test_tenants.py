"""Tenants: whose a token is, asked of the API server no more often than need be."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.kube.apis import Api, connected, refusal
from tests.kube.receiving import PROGRAM, TOKENS, reviewed

from speccheck.kube import tenants
from speccheck.kube.tenants import Account, Refused, Tenants

TestBody = Callable[[Api, Tenants], Awaitable[None]]


def with_tenants(directory: Path, body: TestBody, clock: Callable[[], float] = lambda: 0.0) -> None:
    async def all_of_it() -> None:
        async with connected(directory) as (api, connection):
            api.faults.append(reviewed(TOKENS))
            await body(api, Tenants(connection, clock))

    asyncio.run(all_of_it())


async def why(made: Tenants, authorization: str) -> str:
    with pytest.raises(Refused) as caught:
        await made.account(authorization)
    return caught.value.why


def test_a_token_for_us_is_its_accounts(tmp_path: Path) -> None:
    async def body(api: Api, made: Tenants) -> None:
        for authorization in ("Bearer good", "bearer   good "):
            assert await made.account(authorization) == Account("platform", PROGRAM)
        (asked,) = api.asked
        assert (asked.method, asked.path) == ("POST", tenants.PATH)
        assert asked.body["spec"] == {"token": "good", "audiences": ["speccheck"]}

    with_tenants(tmp_path, body)


@pytest.mark.parametrize("authorization", ["", "good", "Basic good", "Bearer", "Bearer " + "x" * 20_000, "Bearer gööd"])
def test_what_is_no_token_is_not_asked_about(tmp_path: Path, authorization: str) -> None:
    async def body(api: Api, made: Tenants) -> None:
        assert await why(made, authorization) == "unauthenticated"
        assert api.asked == []

    with_tenants(tmp_path, body)


@pytest.mark.parametrize("token", ["none", "everywhere", "person"])
def test_a_token_for_others_or_of_no_service_account_is_nobodys(tmp_path: Path, token: str) -> None:
    async def body(_: Api, made: Tenants) -> None:
        assert await why(made, f"Bearer {token}") == "unauthenticated"

    with_tenants(tmp_path, body)


@pytest.mark.parametrize(
    "status",
    [
        None,
        [],
        {"authenticated": "true", "audiences": ["speccheck"], "user": {"username": PROGRAM}},
        {"authenticated": True, "audiences": None, "user": {"username": PROGRAM}},
        {"authenticated": True, "audiences": ["speccheck"], "user": None},
        {"authenticated": True, "audiences": ["speccheck"], "user": {"username": "system:serviceaccount:ns"}},
        {"authenticated": True, "audiences": ["speccheck"], "user": {"username": "system:serviceaccount::x"}},
        {"authenticated": True, "audiences": ["speccheck"], "user": {"username": "x:ns:name"}},
    ],
)
def test_an_answer_that_does_not_say_so_is_no_yes(status: Any) -> None:
    assert tenants._account({"status": status}) is None


def test_answers_are_kept_for_a_while_bad_ones_for_less(tmp_path: Path) -> None:
    now = [0.0]

    async def body(api: Api, made: Tenants) -> None:
        async def both() -> int:
            await made.account("Bearer good")
            await why(made, "Bearer wrong")
            return len(api.asked)

        assert [await both(), await both()] == [2, 2]
        now[0] = tenants.BAD_KEPT_S + 1
        assert await both() == 3
        now[0] = tenants.KEPT_S + 1
        assert await both() == 5

    with_tenants(tmp_path, body, lambda: now[0])


def test_a_token_that_is_withdrawn_is_refused_once_it_is_asked_about_again(tmp_path: Path) -> None:
    now = [0.0]

    async def body(api: Api, made: Tenants) -> None:
        await made.account("Bearer good")
        api.faults[:] = [reviewed({})]
        now[0] = tenants.KEPT_S + 1
        assert await why(made, "Bearer good") == "unauthenticated"

    with_tenants(tmp_path, body, lambda: now[0])


def test_what_is_kept_is_bounded_and_holds_no_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenants, "CACHE_LIMIT", 3)

    async def body(_: Api, made: Tenants) -> None:
        for n in range(10):
            await why(made, f"Bearer wrong-{n}")
        assert len(made._known) == 3
        assert not any(b"wrong" in mark for mark in made._known)

    with_tenants(tmp_path, body)


def test_a_flood_of_tokens_waits_no_longer_than_the_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenants, "QUEUE_LIMIT", 5)

    async def body(_: Api, made: Tenants) -> None:
        whys = await asyncio.gather(*(why(made, f"Bearer wrong-{n}") for n in range(20)))
        assert (whys.count("unauthenticated"), whys.count("full")) == (5, 15)

    with_tenants(tmp_path, body)


def test_an_api_server_that_does_not_say_is_no_refusal_of_the_token(tmp_path: Path) -> None:
    async def body(api: Api, made: Tenants) -> None:
        api.faults.insert(0, lambda _: refusal(403, "Forbidden", "may not create tokenreviews"))
        assert await why(made, "Bearer good") == "unavailable"
        api.faults.pop(0)
        assert (await made.account("Bearer good")).namespace == "platform"

    with_tenants(tmp_path, body)
