"""What never begins, on a real cluster: after as long as the operator's settings say, its cause is the run's end."""

import pytest
from tests.e2e.places import COUNTER, Body, Place, finished_reason, inline
from tests.e2e.processes import operator

NO_IMAGE = "localhost:1/none:1"
NO_NODE = {"nodeSelector": {"nowhere": "here"}}
GRACE_S = 8

NEVER_BEGIN: dict[str, tuple[Body, str, str, str]] = {
    # name: (what is asked for, reason, a word of the message, what the Job says of it)
    "image-by-patience": ({"check": {"timeout": "10m"}}, "ImagePullFailed", NO_IMAGE, ""),
    "image-by-deadline": ({"check": {"timeout": "1s"}}, "ImagePullFailed", NO_IMAGE, "BackoffLimitExceeded"),
    "no-node": ({"check": {"timeout": "1s"}, "podTemplate": NO_NODE}, "Unschedulable", "node", "DeadlineExceeded"),
}


@pytest.mark.timeout(180)
def test_what_never_begins_ends_with_its_cause_and_leaves_the_last_verdict(
    own_place: Place, project_image: str
) -> None:
    with operator(own_place, project_image):
        own_place.apply(*(inline(name, COUNTER) for name in NEVER_BEGIN))
        for name in NEVER_BEGIN:
            own_place.wait_condition(name, "Verified", "True", "Holds")
    own_place.apply(*(inline(name, COUNTER, **asked) for name, (asked, *_) in NEVER_BEGIN.items()))
    own_place.kubectl("annotate", "speccheck", *NEVER_BEGIN, "speccheck.dev/requested-at=again")
    with operator(own_place, NO_IMAGE, f"--grace={GRACE_S}s"):
        for name, (_, reason, word, _) in NEVER_BEGIN.items():
            stalled = own_place.wait_condition(name, "Stalled", "True", reason)
            assert word in stalled["message"]
    for name, (_, reason, word, job_says) in NEVER_BEGIN.items():
        verified = own_place.condition(name, "Verified")
        assert (verified["status"], verified["reason"]) == ("True", "Holds")
        (run,) = [run for run in own_place.items("speccheckruns", name) if finished_reason(run) == reason]
        assert "verdict" not in run["status"]
        (event,) = own_place.events(name, "CheckIncomplete")
        assert (event["type"], event["regarding"]["kind"], word in event["note"]) == ("Warning", "SpecCheck", True)
        job = own_place.read("job", f"{run['metadata']['name']}-1")
        assert (job_says or None) in {each.get("reason") for each in job["status"].get("conditions", [{}])}
