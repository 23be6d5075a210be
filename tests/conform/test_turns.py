"""Turns: who is served next, without any worker."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from speccheck.conform import turns
from speccheck.conform.turns import Turns


class Hall:
    """Tenants that ask for turns and give them back when told to."""

    def __init__(self, workers: int) -> None:
        self.turns = Turns(workers)
        self.serving: list[str] = []
        self._ends: dict[str, list[asyncio.Event]] = {}
        self.tasks: list[asyncio.Task[None]] = []

    async def ask(self, *names: str) -> None:
        for name in names:
            self.tasks.append(asyncio.create_task(self._ask(name)))
        await self.settle()

    async def end(self, name: str) -> None:
        self._ends[name].pop(0).set()
        await self.settle()

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    async def _ask(self, name: str) -> None:
        async with self.turns.turn(name):
            self.serving.append(name)
            end = asyncio.Event()
            self._ends.setdefault(name, []).append(end)
            try:
                await end.wait()
            finally:
                self.serving.remove(name)


def run(workers: int, script: Callable[[Hall], Awaitable[None]]) -> None:
    async def main() -> None:
        hall = Hall(workers)
        await script(hall)
        for task in hall.tasks:
            task.cancel()
        await asyncio.gather(*hall.tasks, return_exceptions=True)
        assert hall.serving == []
        assert hall.turns._free == workers

    asyncio.run(main())


def test_there_are_as_many_turns_as_workers_and_nobody_has_all() -> None:
    async def script(hall: Hall) -> None:
        await hall.ask("a", "a", "a", "a")
        assert hall.serving == ["a", "a"]
        await hall.ask("b", "c")
        assert hall.serving == ["a", "a", "b"]
        await hall.end("a")
        assert sorted(hall.serving) == ["a", "b", "c"]

    run(3, script)


def test_tenants_take_turns_however_much_one_asks_for() -> None:
    async def script(hall: Hall) -> None:
        await hall.ask(*["a"] * 5, "b", "c")
        served = []
        for _ in range(7):
            (name,) = hall.serving
            served.append(name)
            await hall.end(name)
        assert served == ["a", "a", "b", "c", "a", "a", "a"]

    run(1, script)


def test_suspects_have_one_worker_between_them() -> None:
    async def script(hall: Hall) -> None:
        await hall.ask("m", "n")
        for name in ("m", "n"):
            hall.turns.suspect(name)
            await hall.end(name)
        await hall.ask("m", "n", "m", "n", "a", "b")
        assert hall.serving == ["m", "a", "b"]
        await hall.end("a")
        assert sorted(hall.serving) == ["b", "m"]
        await hall.end("m")
        assert sorted(hall.serving) == ["b", "n"]

    run(3, script)


def test_a_suspect_is_one_no_longer_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(hall: Hall) -> None:
        monkeypatch.setattr(turns, "SUSPECT_S", -1.0)
        await hall.ask("m")
        hall.turns.suspect("m")
        await hall.ask("m")
        assert hall.serving == ["m", "m"]

    run(3, script)


def test_who_gives_up_waiting_takes_no_turn() -> None:
    async def script(hall: Hall) -> None:
        await hall.ask("a", "b", "c")
        hall.tasks[1].cancel()
        await hall.settle()
        await hall.end("a")
        assert hall.serving == ["c"]

    run(1, script)


def test_a_turn_that_fails_is_given_back() -> None:
    async def script(hall: Hall) -> None:
        with pytest.raises(ZeroDivisionError):
            async with hall.turns.turn("a"):
                raise ZeroDivisionError
        await hall.ask("a")
        assert hall.serving == ["a"]

    run(1, script)


def test_only_so_many_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(hall: Hall) -> None:
        monkeypatch.setattr(turns, "WAITING_LIMIT", 2)
        await hall.ask("a", "a")
        assert not hall.turns.is_full("a")
        await hall.ask("a")
        assert hall.turns.is_full("a")
        assert not hall.turns.is_full("b")

    run(1, script)


def test_tenants_without_a_request_are_forgotten() -> None:
    async def script(hall: Hall) -> None:
        await hall.ask(*(f"t{n}" for n in range(50)))
        for n in range(50):
            await hall.end(f"t{n}")
        assert len(hall.turns._tenants) == 0

    run(1, script)
