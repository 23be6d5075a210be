"""The operator killed at every write it makes, started twice, left without an API server: each run happens once."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path

from tests.cluster.clusters import Cluster
from tests.cluster.errors import ClusterError
from tests.e2e.conftest import SYSTEM
from tests.e2e.places import COUNTER, Place, inline
from tests.e2e.processes import operator

AT_ONCE = 3
MOST_POINTS = 60
DEADLINE_S = 60.0


@contextmanager
def _operator(
    place: Place, image: str, directory: Path, *namespaces: str, failpoint: int = 0
) -> Iterator[subprocess.Popen[bytes]]:
    """An operator as a process of this machine, serving these namespaces, with a Lease of its own."""
    name = f"restarts-{secrets.token_hex(4)}"
    words = [str(Path(sys.executable).parent / "speccheck"), "operator", "--image", image, "--listen", "127.0.0.1:0"]
    words += ["--kubeconfig", str(place.cluster.kubeconfig), "--evaluator", str(directory / "none.sock")]
    words += ["--lease-namespace", place.namespace, "--lease-name", name]
    words += [word for namespace in namespaces for word in ("--namespace", namespace)]
    environment = {**os.environ, **place.cluster.environment(), "SPECCHECK_FAILPOINT": str(failpoint)}
    log = directory / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment)
    try:
        yield process
    except ClusterError as error:
        raise ClusterError(f"{error}\n{log.read_text()[-4_000:]}") from error
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)


def _is_through(place: Place) -> bool:
    status = place.status("counter")
    verified = next((c for c in status.get("conditions", ()) if c["type"] == "Verified"), {})
    return verified.get("status") == "True" and bool(place.events("counter", "CheckSucceeded"))


def _killed(place: Place, image: str, directory: Path, failpoint: int) -> bool:
    """Whether an operator that is to die at that point did so; False where it came through without reaching it."""
    place.apply(inline("counter", COUNTER))
    with _operator(place, image, directory, place.namespace, failpoint=failpoint) as process:
        place.wait(
            f"fail-point {failpoint} or a verdict",
            "counter",
            lambda: process.poll() is not None or _is_through(place),
            DEADLINE_S,
        )
        ended = process.poll()
        if ended not in (None, -signal.SIGKILL):
            raise ClusterError(f"the operator for fail-point {failpoint} ended with status {ended}")
        return ended is not None


def test_killed_at_any_write_it_finishes_after_a_restart_and_does_nothing_twice(
    away: Cluster, own_place: Place, project_image: str, tmp_path: Path, more_places: Callable[[], Place]
) -> None:
    places: dict[int, Place] = {}
    died: dict[int, bool] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for first in range(1, MOST_POINTS, AT_ONCE):
            numbers = range(first, first + AT_ONCE)
            places |= {number: more_places() for number in numbers}
            answers = pool.map(_killed, (places[n] for n in numbers), repeat(project_image), repeat(tmp_path), numbers)
            died |= dict(zip(numbers, answers, strict=True))
            if not all(died.values()):
                break
    assert sum(died.values()) >= 12
    assert not all(died.values())
    assert sorted(n for n, dead in died.items() if dead) == list(range(1, 1 + sum(died.values())))

    with _operator(own_place, project_image, tmp_path, *(place.namespace for place in places.values())):
        for number, place in places.items():
            place.wait(
                f"the verdict after fail-point {number}",
                "counter",
                lambda place=place: _is_through(place),
                2 * DEADLINE_S,
            )
    for number, place in places.items():
        made = {kind: len(place.items(kind, "counter")) for kind in ("speccheckruns", "jobs", "networkpolicies")}
        assert made == {"speccheckruns": 1, "jobs": 1, "networkpolicies": 1}, f"after fail-point {number}"
        (run,) = place.items("speccheckruns", "counter")
        assert run["status"]["verdict"] == "Holds"
        assert len(place.events("counter", "CheckSucceeded")) == 1


def test_two_operators_do_nothing_twice(scaled: Callable[[int], None], place: Place) -> None:
    scaled(2)
    place.apply(*(inline(f"counter-{n}", COUNTER) for n in range(3)))
    for n in range(3):
        place.wait_condition(f"counter-{n}", "Verified", "True", "Holds")
        assert len(place.wait_runs(f"counter-{n}", 1)) == 1
        assert len(place.items("jobs", f"counter-{n}")) == 1


def test_it_goes_on_after_the_api_server_was_gone(installed: Cluster, place: Place) -> None:
    place.apply(inline("before", COUNTER))
    installed.kill_apiserver()
    installed.wait("the API server to answer again", lambda: installed.kubectl("get", "--raw=/readyz"), 120)
    place.wait_condition("before", "Verified", "True", "Holds")
    place.apply(inline("after", COUNTER))
    place.wait_condition("after", "Verified", "True", "Holds")
    assert len(place.wait_runs("before", 1)) == 1


def test_the_second_of_two_operators_takes_over(scaled: Callable[[int], None], place: Place) -> None:
    scaled(2)
    holder = _holder(place)
    place.apply(inline("one", COUNTER))
    place.wait_condition("one", "Verified", "True", "Holds")
    place.cluster.kubectl("delete", "pod", holder, f"--namespace={SYSTEM}", "--grace-period=0", "--force")
    place.apply(inline("two", COUNTER))
    place.wait("another holder of the Lease", "two", lambda: _holder(place) not in ("", holder), DEADLINE_S)
    place.wait_condition("two", "Verified", "True", "Holds")
    for name in ("one", "two"):
        assert [len(place.items(kind, name)) for kind in ("speccheckruns", "jobs")] == [1, 1]
        assert len(place.events(name, "CheckSucceeded")) == 1


def _holder(place: Place) -> str:
    lease = place.cluster.read("lease", "speccheck-operator", f"--namespace={SYSTEM}")
    return str(lease["spec"].get("holderIdentity") or "")


def test_an_operator_that_loses_its_lease_ends(own_place: Place, project_image: str) -> None:
    with operator(own_place, project_image) as mine:
        own_place.apply(inline("counter", COUNTER))
        own_place.wait_condition("counter", "Verified", "True", "Holds")
        taken = '--patch={"spec":{"holderIdentity":"another"}}'
        own_place.kubectl("patch", "lease", "speccheck-operator", "--type=merge", taken)
        own_place.wait("the operator to end", "counter", lambda: mine.ended() is not None, DEADLINE_S)
        assert mine.ended() == 5, mine.said()
        assert "is lost: it is held by another" in mine.said()
