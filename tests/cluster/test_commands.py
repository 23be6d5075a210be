"""Programs and waits end by their deadline, with an error that tells what they were for."""

from pathlib import Path

import pytest
from tests.cluster.commands import run, tail, wait_for
from tests.cluster.errors import ClusterError, StoppedError


def test_run_gives_standard_output_and_takes_text_and_environment() -> None:
    answer = run(["sh", "-c", 'cat; printf %s "$WORD"'], timeout_s=10, text="in ", env={"WORD": "out"})
    assert answer == "in out"


def test_run_tells_what_a_failing_program_said() -> None:
    with pytest.raises(ClusterError, match=r"exit status 3 from: sh -c (.|\n)*no such luck"):
        run(["sh", "-c", "echo no such luck >&2; exit 3"], timeout_s=10)


def test_run_names_a_program_that_is_missing() -> None:
    with pytest.raises(ClusterError, match="no-such-program is not installed here"):
        run(["no-such-program"], timeout_s=10)


def test_run_gives_up_at_its_deadline() -> None:
    with pytest.raises(ClusterError, match=r"gave up after 0.1 s on: sleep 30"):
        run(["sleep", "30"], timeout_s=0.1)


def test_wait_for_gives_the_first_answer() -> None:
    answers = iter([None, False, "here"])
    assert wait_for("an answer", lambda: next(answers), timeout_s=10, every_s=0) == "here"


def test_wait_for_says_in_vain_for_what_and_the_last_failure() -> None:
    def probe() -> bool:
        raise ClusterError("connection refused")

    with pytest.raises(
        ClusterError, match=r"waited 0.1 s in vain for the moon; the last answer was: connection refused"
    ):
        wait_for("the moon", probe, timeout_s=0.1, every_s=0.01)


def test_wait_for_does_not_wait_for_what_has_stopped() -> None:
    def probe() -> bool:
        raise StoppedError("etcd ended by itself")

    with pytest.raises(StoppedError, match="etcd ended by itself"):
        wait_for("etcd", probe, timeout_s=60)


def test_tail_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert tail(log) == "(no log)"
    log.write_text("")
    assert tail(log) == "(empty log)"
    log.write_text("a\nb\nc\n")
    assert tail(log, lines=2) == "b\nc"
