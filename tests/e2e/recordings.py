"""What the API server tells of objects as they change, with the times at which that was heard: a second observer.

It shares nothing with the operator's own watch, so what the operator says to have seen can be held to it.
"""

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.cluster.errors import ClusterError, StoppedError
from tests.e2e.places import Body, Place

CONFIG_MAPS = "v1", "configmaps"
DEPLOYMENTS = "apps/v1", "deployments"
EVENTS = "events.k8s.io/v1", "events"
SPEC_CHECKS = "speccheck.dev/v1alpha1", "specchecks"

END_S = 10.0
LASTING_S = 600
MOST_WATCHES = 60
PAUSE_S = 0.5


@dataclass(frozen=True)
class Heard:
    """An object as it was at some time: `type` is ADDED, MODIFIED or DELETED; `time` when this was heard.

    `since_s` is the same time on a clock that nobody sets.
    """

    time: datetime
    since_s: float
    type: str
    object: Body


class Recording:
    """What was heard so far, oldest first."""

    def __init__(self, place: Place, what: str) -> None:
        self._place = place
        self._what = what
        self._said: list[str] = []
        self._stopped = False
        self.heard: list[Heard] = []

    @property
    def version(self) -> str:
        """The resource version heard last, from which a watch that was broken off goes on.

        Before the first it is "0", what the API server has at hand: for the newest it waits until its cache of this
        kind has it, which it may give up.
        """
        return str(self.heard[-1].object["metadata"]["resourceVersion"]) if self.heard else "0"

    def follow(self, process: "subprocess.Popen[str]") -> None:
        """Take in what a watch says, to its end, which may be an ERROR of the API server's."""
        assert process.stdout is not None
        for line in process.stdout:
            now, since_s = datetime.now(UTC), time.monotonic()
            try:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    self._said.append(line)
                    return
                self.heard.append(Heard(now, since_s, event["type"], event["object"]))
            except (ValueError, KeyError, TypeError):
                self._said.append(line)

    def stopped(self) -> None:
        """It does not go on any more."""
        self._stopped = True

    def check(self) -> None:
        """Raises StoppedError where it does not go on."""
        if self._stopped:
            raise StoppedError(f"the recording of {self._what} was broken off too often: {self.told()}")

    def told(self) -> str:
        """How much was heard, how long ago the last was, who wrote it, and what was said that is no event."""
        if not self.heard:
            return f"nothing heard; {self._said[-5:]}"
        last = self.heard[-1]
        written = last.object["metadata"].get("managedFields") or [{}]
        by = max(written, key=lambda entry: str(entry.get("time", ""))).get("manager", "?")
        ago_s = time.monotonic() - last.since_s
        return f"{len(self.heard)} heard, the last {ago_s:.1f} s ago, written by {by}; {self._said[-5:]}"

    def wait(self, what: str, about: str, wanted: Callable[[Heard], bool], timeout_s: float = 60.0) -> Heard:
        """The first that is wanted, once it is heard; `about` names the SpecCheck that the error tells of."""

        def probe() -> Heard | None:
            found = next(filter(wanted, list(self.heard)), None)
            if found is None:
                self.check()
            return found

        return self._place.wait(what, about, probe, timeout_s)

    def wait_quiet(self, about: str, quiet_s: float = 1.0, timeout_s: float = 60.0) -> list[Heard]:
        """All of it, once nothing new was heard for a while."""

        def probe() -> list[Heard] | None:
            self.check()
            heard = list(self.heard)
            return heard if heard and time.monotonic() - heard[-1].since_s >= quiet_s else None

        try:
            return self._place.wait(f"{self._what} to change no more", about, probe, timeout_s)
        except ClusterError as error:
            raise ClusterError(f"{self.told()}\n{error}") from error


@contextmanager
def recorded(place: Place, kind: tuple[str, str], name: str = "") -> Iterator[Recording]:
    """A recording of a namespace's objects of a kind, or of the one of that name, while the body runs."""
    recording = Recording(place, f"{kind[1]} {name}".strip())
    listening = _Listening(place, kind, name, recording)
    thread = threading.Thread(target=listening.run, name=f"recording of {kind[1]}")
    thread.start()
    try:
        yield recording
    finally:
        listening.end()
        thread.join(2 * END_S)
        if thread.is_alive():
            raise ClusterError(f"the recording of {kind[1]} did not end within {2 * END_S:g} s")


class _Listening:
    """Watches one after another, each from where the last was broken off, until it is ended."""

    def __init__(self, place: Place, kind: tuple[str, str], name: str, recording: Recording) -> None:
        version, plural = kind
        root = "apis" if "/" in version else "api"
        selected = f"&fieldSelector=metadata.name%3D{name}" if name else ""
        self._path = (
            f"/{root}/{version}/namespaces/{place.namespace}/{plural}?watch=1&timeoutSeconds={LASTING_S}{selected}"
        )
        self._place = place
        self._recording = recording
        self._ended = threading.Event()
        self._process: subprocess.Popen[str] | None = None

    def run(self) -> None:
        for _ in range(MOST_WATCHES):
            with self._watch() as process:
                self._process = process
                if self._ended.is_set():
                    process.terminate()
                self._recording.follow(process)
                process.terminate()
            if self._ended.wait(PAUSE_S):
                return
        self._recording.stopped()

    def end(self) -> None:
        self._ended.set()
        if self._process is not None:
            self._process.terminate()

    def _watch(self) -> "subprocess.Popen[str]":
        path = f"{self._path}&resourceVersion={self._recording.version}"
        return subprocess.Popen(
            [str(self._place.cluster.program), "get", f"--raw={path}"],
            env={**os.environ, **self._place.cluster.environment()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def lines(heard: list[Heard], source: str) -> str:
    """What was heard, as the lines that `speccheck run --observations` takes."""
    bodies = [
        {"time": each.time.isoformat(), "source": source, "type": each.type, "object": each.object} for each in heard
    ]
    return "".join(f"{json.dumps(body)}\n" for body in bodies)
