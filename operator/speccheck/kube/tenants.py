"""Who sends: the service account behind a bearer token, as the API server's TokenReview says.

A token has to be made for the audience `speccheck`. Answers are kept for a short while, a bounded number of them, by
the token's digest; no token is kept. Takes a token; gives an Account, or raises Refused.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, TypeAlias

from speccheck.errors import EngineError
from speccheck.kube.connections import ApiError, Body, Connection

AUDIENCE = "speccheck"
PATH = "/apis/authentication.k8s.io/v1/tokenreviews"

KEPT_S = 60.0
"""How long it is believed that a token is good."""

BAD_KEPT_S = 10.0
CACHE_LIMIT = 2_000
TOKEN_LIMIT = 16 << 10
"""The longest token that the API server is asked about."""

AT_ONCE = 8
QUEUE_LIMIT = 200
"""How many reviews may be asked for at once, and how many may wait for that."""

REVIEW_TIMEOUT_S = 10.0
_ACCOUNT = "system:serviceaccount:"

Why: TypeAlias = Literal["unauthenticated", "forbidden", "malformed", "oversized", "unsupported", "full", "unavailable"]
"""Why something sent is not taken. The last two pass: the sender is to try again."""

_log = logging.getLogger(__name__)


class Refused(EngineError):
    """What was sent is not taken; `why` is one word of a closed list, for counting and for the protocol's own code."""

    def __init__(self, why: Why, message: str) -> None:
        super().__init__(message)
        self.why = why
        self.message = message


@dataclass(frozen=True, slots=True)
class Account:
    """A service account: its namespace, and its user name as Kubernetes writes it."""

    namespace: str
    user: str


class Tenants:
    """Accounts by their tokens."""

    def __init__(self, connection: Connection, clock: Callable[[], float] = time.monotonic) -> None:
        self._connection = connection
        self._clock = clock
        self._known: OrderedDict[bytes, tuple[float, Account | None]] = OrderedDict()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._asking = 0

    async def account(self, authorization: str) -> Account:
        """The account of an `Authorization` header's value.

        Raises Refused: unauthenticated, full (too many at once), or unavailable (the API server does not say).
        """
        scheme, _, token = authorization.strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or len(token) > TOKEN_LIMIT or not token.isascii():
            raise Refused("unauthenticated", f"send a service account's token for the audience {AUDIENCE!r} as bearer")
        mark = sha256(token.encode()).digest()
        until, account = self._known.get(mark, (0.0, None))
        if until <= self._clock():
            account = await self._asked(token)
            self._keep(mark, account)
        if account is None:
            raise Refused("unauthenticated", f"this is no service account's token for the audience {AUDIENCE!r}")
        return account

    def _keep(self, mark: bytes, account: Account | None) -> None:
        self._known[mark] = (self._clock() + (BAD_KEPT_S if account is None else KEPT_S), account)
        self._known.move_to_end(mark)
        while len(self._known) > CACHE_LIMIT:
            self._known.popitem(last=False)

    async def _asked(self, token: str) -> Account | None:
        if self._asking >= QUEUE_LIMIT:
            raise Refused("full", "too many tokens are being looked at; try again")
        self._asking += 1
        try:
            async with self._turns:
                answer = await self._review(token)
        finally:
            self._asking -= 1
        return _account(answer)

    async def _review(self, token: str) -> Body:
        review = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": token, "audiences": [AUDIENCE]},
        }
        try:
            return await self._connection.request("POST", PATH, body=review, timeout_s=REVIEW_TIMEOUT_S)
        except ApiError as error:
            _log.warning("tokens cannot be reviewed: %s", error)
            raise Refused("unavailable", "the API server cannot be asked about tokens at present") from error


def _account(review: Body) -> Account | None:
    """The service account that a review names, None where it names none for our audience."""
    status = review.get("status")
    if not isinstance(status, dict) or status.get("authenticated") is not True:
        return None
    user = status.get("user")
    name = user.get("username") if isinstance(user, dict) else None
    if AUDIENCE not in (status.get("audiences") or ()) or not isinstance(name, str):
        return None
    namespace, _, account = name.removeprefix(_ACCOUNT).partition(":")
    return Account(namespace, name) if name.startswith(_ACCOUNT) and namespace and account else None
