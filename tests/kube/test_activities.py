"""Activities: how long each watch has been silent, on a clock that the test turns."""

from speccheck.kube.activities import DEAD_AFTER_S, UNREADY_AFTER_S, Activities


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_age_counts_from_the_last_word() -> None:
    clock = Clock()
    activities = Activities(clock)
    activities.expect("jobs")
    clock.now = 10.0
    assert activities.ages() == {"jobs": 10.0}
    activities.heard("jobs")
    clock.now = 12.0
    assert activities.ages() == {"jobs": 2.0}


def test_a_resource_is_as_old_as_its_most_silent_watch() -> None:
    clock = Clock()
    activities = Activities(clock)
    activities.heard("configmaps", "a")
    clock.now = 5.0
    activities.heard("configmaps", "b")
    assert activities.ages() == {"configmaps": 5.0}
    activities.forget("configmaps", "a")
    assert activities.ages() == {"configmaps": 0.0}


def test_silence_makes_unready_and_not_dead_while_somebody_tries() -> None:
    clock = Clock()
    activities = Activities(clock)
    activities.heard("jobs")
    clock.now = UNREADY_AFTER_S + 1
    assert set(activities.silent()) == {"jobs"}
    assert not activities.dead()
    clock.now = DEAD_AFTER_S + 1
    activities.tried("jobs")
    assert set(activities.silent()) == {"jobs"}
    assert not activities.dead()
    clock.now += DEAD_AFTER_S + 1
    assert set(activities.dead()) == {"jobs"}


def test_expecting_again_changes_nothing() -> None:
    clock = Clock()
    activities = Activities(clock)
    activities.expect("jobs")
    clock.now = 3.0
    activities.expect("jobs")
    assert activities.ages() == {"jobs": 3.0}
