"""What observation may miss, on a real cluster: it is counted as a gap, made up for, and never taken for conformance.

What an evaluator that dies knew of the past is gone with it, hence a gap as well.
"""

import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cluster.commands import wait_for
from tests.e2e.observing import allow, budget, observing
from tests.e2e.places import Place
from tests.e2e.processes import START, STOP_TIMEOUT_S, operator

READY_S = 30.0


@contextmanager
def _evaluator(path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """An evaluator as a process of this machine, ready to be asked."""
    path.unlink(missing_ok=True)
    process = subprocess.Popen([sys.executable, "-c", START, "evaluator", f"--socket={path}"])
    try:
        wait_for(f"the evaluator's socket {path}", path.exists, READY_S)
        yield process
    finally:
        process.terminate()
        process.wait(STOP_TIMEOUT_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _metrics(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


@contextmanager
def _stopped(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Nothing that the body does is heard of by the process before it is over."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


@pytest.mark.timeout(240)
def test_a_watch_that_cannot_go_on_is_a_gap_and_so_is_an_evaluator_that_dies(
    own_place: Place, project_image: str, tmp_path: Path
) -> None:
    place, path, port = own_place, tmp_path / "evaluator.sock", _free_port()
    gaps = f'speccheck_gaps_total{{namespace="{place.namespace}",speccheck="budget"}}'
    options = (f"--evaluator={path}", f"--listen=127.0.0.1:{port}")
    allow(place)
    place.apply(budget(3), budget(12, "other"), observing("budget"))
    with operator(place, project_image, *options) as mine:
        with _evaluator(path) as evaluator:
            place.wait_condition("budget", "Conformant", "False", "DriftDetected")
            assert _metrics(port)[gaps] == 0
            with _stopped(mine.process):
                place.kubectl("annotate", "serviceaccount", "observer", "moved=on")  # so that the versions go on
                place.cluster.restart_apiserver()
                place.kubectl("delete", "configmap", "other")
                place.apply(budget(4))
            place.wait_condition("budget", "Conformant", "True", "Conforms")
            _assert_gap_told(place)
            assert _metrics(port)[gaps] == 1
            evaluator.send_signal(signal.SIGKILL)
            evaluator.wait(STOP_TIMEOUT_S)
            for count in (5, 12):
                place.apply(budget(count))
            place.wait_condition("budget", "Conformant", "Unknown", "EvaluatorUnavailable")
        with _evaluator(path):
            place.wait_condition("budget", "Conformant", "False", "DriftDetected")
            place.apply(budget(6))
            place.wait_condition("budget", "Conformant", "True", "Conforms")
            observe = place.status("budget")["observe"]
            assert (observe["judged"], observe["gaps"], observe["resolved"]) == (5, 2, 2)
            assert _metrics(port)[gaps] == 2


def _assert_gap_told(place: Place) -> None:
    """The gap is counted and told; the deletion that nobody heard of has ended its drift."""
    observe = place.status("budget")["observe"]
    assert (observe["gaps"], observe["keys"], observe["resolved"], observe["driftsActive"]) == (1, 1, 1, 0)
    (event,) = place.wait("an Event of the gap", "budget", lambda: place.events("budget", "ObservationGap"))
    assert (event["type"], event["regarding"]["kind"]) == ("Warning", "SpecCheck")
    assert "no longer has the changes since resource version" in event["note"]
    (ended,) = place.wait("the end of its drift", "budget", lambda: place.events("other", "DriftResolved"))
    assert ended["regarding"]["kind"] == "ConfigMap"


KILL_WORKERS = """import contextlib, os, pathlib, signal
for entry in pathlib.Path("/proc").glob("[0-9]*"):
    with contextlib.suppress(OSError):  # with the first, which made the others, they end
        if b"speccheck.conform.workers" in (entry / "cmdline").read_bytes() and int(entry.name) != os.getpid():
            os.kill(int(entry.name), signal.SIGKILL)
            print(entry.name)
"""


def test_the_evaluators_container_and_its_workers_may_be_killed_and_judging_goes_on(place: Place) -> None:
    allow(place)
    place.apply(budget(3), observing("budget"))
    place.wait_condition("budget", "Conformant", "True", "Conforms")
    before = _evaluator_container(place)
    place.cluster.kill_container(before["containerID"])
    place.apply(budget(12))
    place.wait_condition("budget", "Conformant", "False", "DriftDetected")
    after = place.wait("the container to be there again", "budget", lambda: _restarted(place, before["restartCount"]))
    assert after["containerID"] != before["containerID"]
    words = ("exec", "deployment/speccheck-operator", "-c=evaluator", "-n=speccheck-system", "--", "python3", "-c")
    assert place.cluster.kubectl(*words, KILL_WORKERS).split()
    place.apply(budget(4))
    place.wait_condition("budget", "Conformant", "True", "Conforms")
    observe = place.status("budget")["observe"]
    assert (observe["judged"] >= 3, observe["gaps"] >= 2, observe["resolved"]) == (True, True, 1)


def _evaluator_container(place: Place) -> dict[str, str]:
    (pod,) = place.cluster.read("pods", "--namespace=speccheck-system")["items"]
    (found,) = (each for each in pod["status"]["containerStatuses"] if each["name"] == "evaluator")
    status: dict[str, str] = found
    return status


def _restarted(place: Place, restarts: object) -> dict[str, str] | None:
    status = _evaluator_container(place)
    return status if status["restartCount"] != restarts and "running" in status["state"] else None
