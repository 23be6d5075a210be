"""What a run spent its time on, from its pod and its reports."""

from dataclasses import replace

from tests.resource.bodies import HOLDS, NOW, VIOLATED, answered_run, later, pod, report, request

from speccheck.kube.stages import run_stage
from speccheck.resource.times import time_text


def _ended(start_s: float, end_s: float, exit_code: int = 0) -> dict[str, object]:
    times = {"startedAt": time_text(later(start_s)), "finishedAt": time_text(later(end_s))}
    return {"terminated": {"exitCode": exit_code, **times}}


RUN = replace(answered_run(request(), report(HOLDS)), started_at=NOW, finished_at=later(10))


def test_a_run_has_its_job_its_stages_and_their_explorations_inside() -> None:
    reports = [report(HOLDS, instance="n3"), report(VIOLATED, instance="n5")]
    body = pod(_ended(1, 3), _ended(4, 8), {"startTime": time_text(later(0.0))})
    run = run_stage(RUN, body, reports)
    (job,) = run.within
    capture, check = job.within
    assert [stage.name for stage in (run, job, capture, check)] == ["run", "job", "capture", "check"]
    assert (run.start, run.end, run.failed) == (NOW, later(10), False)
    assert (job.start, job.end) == (NOW, later(8))
    assert [each.name for each in check.within] == ["Explore n3", "Explore n5"]
    assert [each.attributes["speccheck.verdict"] for each in check.within] == ["Holds", "Violated"]
    assert check.within[0].end == check.within[1].start
    assert run.attributes["speccheck.run"] == RUN.name


def test_a_stage_that_failed_says_so() -> None:
    body = pod(_ended(1, 3, exit_code=4), status={"startTime": time_text(NOW)})
    (job,) = run_stage(replace(RUN, verdict=None), body, []).within
    assert [(stage.name, stage.failed) for stage in job.within] == [("capture", True)]


def test_a_run_without_a_pod_is_a_stage_by_itself() -> None:
    run = run_stage(replace(RUN, verdict=None, started_at=None), None, [])
    assert run.within == ()
    assert run.failed
    assert run.end >= run.start
