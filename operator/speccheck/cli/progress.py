"""How far a search has come, on a terminal's standard error while it runs; gone when it has ended."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.status import Status

from speccheck.engines.base import Snapshot


class Display:
    """A context in which calls with a `Snapshot` are shown on one line."""

    def __init__(self, title: str, *, color: bool) -> None:
        console = Console(stderr=True, no_color=not color, highlight=False)
        self._title = title
        self._status = Status(title, console=console, refresh_per_second=8)

    def __enter__(self) -> Display:
        self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._status.stop()

    def __call__(self, snapshot: Snapshot) -> None:
        """Shows how far it is."""
        self._status.update(f"{self._title}: {snapshot_text(snapshot)}")


def snapshot_text(snapshot: Snapshot) -> str:
    """How far a search has come, on one line."""
    rate = snapshot.generated / snapshot.seconds if snapshot.seconds > 0 else 0
    return (
        f"{snapshot.distinct:,} states, {snapshot.waiting:,} waiting, {snapshot.depth} deep, "
        f"{rate:,.0f} steps/s, {snapshot.seconds:.0f} s"
    )
