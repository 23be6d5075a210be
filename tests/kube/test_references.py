"""References: which SpecChecks name which ConfigMap."""

from speccheck.kube.queues import Key
from speccheck.kube.references import References

A, B = Key("ns", "a"), Key("ns", "b")


def test_those_that_name_a_config_map_are_found_in_its_namespace() -> None:
    references = References()
    references.set(A, "spec")
    references.set(B, "spec")
    references.set(Key("other", "a"), "spec")
    assert references.of("ns", "spec") == {A, B}
    assert references.of("ns", "another") == frozenset()


def test_the_last_name_counts() -> None:
    references = References()
    references.set(A, "one")
    references.set(A, "two")
    references.set(B, "two")
    references.set(B, None)
    assert references.of("ns", "one") == frozenset()
    assert references.of("ns", "two") == {A}
    references.forget(A)
    assert references.of("ns", "two") == frozenset()
