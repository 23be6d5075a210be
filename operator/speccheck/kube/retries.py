"""Trying again what may pass: requests that the API server could not answer, a few times with growing pauses.

Takes what failed; tells whether another try may help, and makes tries of it. What is refused is not tried again.
"""

from __future__ import annotations

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from speccheck.kube.connections import ApiError

ATTEMPTS = 6
PAUSE_S = 0.2
PAUSE_LIMIT_S = 10.0


def retrying() -> AsyncRetrying:
    """What calls an async function until it answers, `ATTEMPTS` times at most; then its last error is raised."""
    return AsyncRetrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential_jitter(multiplier=PAUSE_S, max=PAUSE_LIMIT_S),
        retry=retry_if_exception(is_passing),
        reraise=True,
    )


def is_passing(error: BaseException) -> bool:
    """Whether another try may help."""
    return isinstance(error, ApiError) and (error.unreachable or error.status == 429 or error.status >= 500)
