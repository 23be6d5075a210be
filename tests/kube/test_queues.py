"""Queue: one at a time for each key, several keys at once, nothing lost, later again where it failed."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.kube.apis import until

from speccheck.kube.queues import RETRY_LIMIT_S, Key, Queue, retry_delay_s

A, B = Key("ns", "a"), Key("ns", "b")


def _run(work: Callable[[Key], Awaitable[float | None]], body: Callable[[Queue], Awaitable[None]]) -> list[str]:
    """Run a queue of two workers while the body runs; give what was told of failures."""
    told: list[str] = []

    async def both() -> None:
        queue = Queue(work, 2, lambda key, error: told.append(f"{key}: {error}") if error else None)
        running = asyncio.create_task(queue.run())
        try:
            await body(queue)
        finally:
            running.cancel()
            await asyncio.wait([running])

    asyncio.run(both())
    return told


def test_wishes_for_one_key_are_one() -> None:
    looked: list[Key] = []

    async def work(key: Key) -> None:
        looked.append(key)

    async def body(queue: Queue) -> None:
        for key in (A, A, B, A):
            queue.add(key)
        await until("both", lambda: len(looked) == 2)
        await asyncio.sleep(0.02)

    _run(work, body)
    assert sorted(looked) == [A, B]


def test_a_key_is_worked_on_by_one_at_a_time_and_again_for_a_wish_in_between() -> None:
    running: list[Key] = []
    most: list[int] = []
    go = asyncio.Event()
    looked: list[Key] = []

    async def work(key: Key) -> None:
        running.append(key)
        most.append(running.count(key))
        await go.wait()
        running.remove(key)
        looked.append(key)

    async def body(queue: Queue) -> None:
        queue.add(A)
        queue.add(B)
        await until("both to be worked on at once", lambda: len(running) == 2)
        queue.add(A)
        queue.add(A)
        go.set()
        await until("three", lambda: len(looked) == 3)

    _run(work, body)
    assert max(most) == 1
    assert sorted(looked) == [A, A, B]


def test_a_failure_is_told_and_tried_again() -> None:
    looked: list[Key] = []

    async def work(key: Key) -> None:
        looked.append(key)
        if len(looked) < 2:
            raise OSError("no")

    async def body(queue: Queue) -> None:
        queue.add(A)
        await until("one failure", lambda: queue.failing == 1)
        await until("another try", lambda: len(looked) == 2)
        await until("no failure", lambda: queue.failing == 0)

    assert _run(work, body) == ["ns/a: no"]


def test_a_wish_for_later_is_granted_then_and_not_twice() -> None:
    looked: list[Key] = []

    async def work(key: Key) -> float | None:
        looked.append(key)
        return 0.05 if len(looked) == 1 else None

    async def body(queue: Queue) -> None:
        queue.add_after(A, 30)
        queue.add_after(A, 0.01)
        queue.add_after(A, 30)
        await until("the wish", lambda: len(looked) == 1)
        await until("its own wish", lambda: len(looked) == 2)
        await asyncio.sleep(0.1)

    _run(work, body)
    assert looked == [A, A]


def test_a_forgotten_key_wishes_nothing_more() -> None:
    looked: list[Key] = []

    async def work(key: Key) -> None:
        looked.append(key)

    async def body(queue: Queue) -> None:
        queue.add_after(A, 0.02)
        queue.forget(A)
        await asyncio.sleep(0.1)

    _run(work, body)
    assert looked == []


@pytest.mark.parametrize(("failures", "longest"), [(1, 0.5), (2, 1.0), (5, 8.0), (50, RETRY_LIMIT_S)])
def test_delays_double_up_to_a_limit(failures: int, longest: float) -> None:
    delays = [retry_delay_s(failures) for _ in range(50)]
    assert max(delays) <= longest
    assert min(delays) >= 0.75 * longest
