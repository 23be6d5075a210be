"""How far a search, a recording or a reading has come, on a terminal's standard error; gone when it has ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
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


class Spinner:
    """A context in which `say` puts a text on one line."""

    def __init__(self, title: str, *, color: bool) -> None:
        console = Console(stderr=True, no_color=not color, highlight=False)
        self._status = Status(escape(title), console=console, refresh_per_second=4)

    def __enter__(self) -> Spinner:
        self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._status.stop()

    def say(self, text: str) -> None:
        """Shows this instead of what was shown before."""
        self._status.update(escape(text))


class Meter:
    """A context in which the reading of so many bytes (None: nobody knows) is shown as a bar; `advance` moves it."""

    def __init__(self, title: str, total_bytes: int | None, *, color: bool) -> None:
        console = Console(stderr=True, no_color=not color, highlight=False)
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self._progress = Progress(
            *columns,
            console=console,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._title = title
        self._task = self._progress.add_task(escape(title), total=total_bytes)

    def __enter__(self) -> Meter:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def advance(self, read_bytes: int, text: str) -> None:
        """Shows that so many bytes have been read in all, and what has come of them."""
        self._progress.update(self._task, completed=read_bytes, description=escape(f"{self._title}: {text}"))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Out of the way of what is written to the same terminal meanwhile."""
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()


def snapshot_text(snapshot: Snapshot) -> str:
    """How far a search has come, on one line."""
    rate = snapshot.generated / snapshot.seconds if snapshot.seconds > 0 else 0
    return (
        f"{snapshot.distinct:,} states, {snapshot.waiting:,} waiting, {snapshot.depth} deep, "
        f"{rate:,.0f} steps/s, {snapshot.seconds:.0f} s"
    )
