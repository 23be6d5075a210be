"""What the API server tells of objects as they change, with the times at which that was heard: a second observer.

It shares nothing with the operator's own watch, so what the operator says to have seen can be held to it.
"""

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.cluster.errors import ClusterError, StoppedError
from tests.e2e.places import Body, Place

DEPLOYMENTS = "apps/v1", "deployments"
EVENTS = "events.k8s.io/v1", "events"
SPEC_CHECKS = "speccheck.dev/v1alpha1", "specchecks"

END_S = 10.0
LASTING_S = 600


@dataclass(frozen=True)
class Heard:
    """An object as it was at some time: `type` is ADDED, MODIFIED or DELETED; `time` when this was heard."""

    time: datetime
    type: str
    object: Body


class Recording:
    """What was heard so far, oldest first."""

    def __init__(self, place: Place, what: str) -> None:
        self._place = place
        self._what = what
        self._fault = ""
        self.heard: list[Heard] = []

    def follow(self, process: "subprocess.Popen[str]") -> None:
        """Take in what a watch says, to its end."""
        assert process.stdout is not None
        for line in process.stdout:
            now = datetime.now(UTC)
            try:
                event = json.loads(line)
                self.heard.append(Heard(now, event["type"], event["object"]))
            except (ValueError, KeyError, TypeError):
                self._fault = line
        self._fault = self._fault or "it has ended"

    def wait(self, what: str, about: str, wanted: Callable[[Heard], bool], timeout_s: float = 20.0) -> Heard:
        """The first that is wanted, once it is heard; `about` names the SpecCheck that the error tells of."""

        def probe() -> Heard | None:
            found = next(filter(wanted, list(self.heard)), None)
            if found is None and self._fault:
                raise StoppedError(f"the recording of {self._what} stopped: {self._fault}")
            return found

        return self._place.wait(what, about, probe, timeout_s)

    def wait_quiet(self, about: str, quiet: timedelta = timedelta(seconds=1), timeout_s: float = 30.0) -> list[Heard]:
        """All of it, once nothing new was heard for a while."""

        def probe() -> list[Heard] | None:
            heard = list(self.heard)
            return heard if heard and datetime.now(UTC) - heard[-1].time >= quiet else None

        return self._place.wait(f"{self._what} to change no more", about, probe, timeout_s)


@contextmanager
def recorded(place: Place, kind: tuple[str, str], name: str = "") -> Iterator[Recording]:
    """A recording of a namespace's objects of a kind, or of the one of that name, while the body runs."""
    version, plural = kind
    selected = f"&fieldSelector=metadata.name%3D{name}" if name else ""
    path = f"/apis/{version}/namespaces/{place.namespace}/{plural}?watch=1&timeoutSeconds={LASTING_S}{selected}"
    cluster = place.cluster
    words = [str(cluster.program), "get", f"--raw={path}"]
    process = subprocess.Popen(
        words,
        env={**os.environ, **cluster.environment()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    recording = Recording(place, f"{plural} {name}".strip())
    thread = threading.Thread(target=recording.follow, args=(process,), name=f"recording of {plural}")
    thread.start()
    try:
        yield recording
    finally:
        process.terminate()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(END_S)
        thread.join(END_S)
        if process.stdout is not None and not thread.is_alive():
            process.stdout.close()
        if thread.is_alive():
            raise ClusterError(f"the recording of {plural} did not end within {END_S:g} s")


def lines(heard: list[Heard], source: str) -> str:
    """What was heard, as the lines that `speccheck run --observations` takes."""
    bodies = [
        {"time": each.time.isoformat(), "source": source, "type": each.type, "object": each.object} for each in heard
    ]
    return "".join(f"{json.dumps(body)}\n" for body in bodies)
