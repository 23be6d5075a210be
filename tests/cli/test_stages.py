"""An engine that does not stop, dies or eats memory costs its own instance the answer, and no other."""

from __future__ import annotations

import subprocess
import sys
import textwrap

PRELUDE = """
    import ctypes, sys, time
    sys.path.insert(0, {root!r})
    from speccheck.cli import stages
    from speccheck.errors import EngineError, ModelError, UsageError
    from speccheck.resource.documents import CheckOrder
    from tests.conform.specs import ROLLOUT, model_json

    real = stages.check
    stages.GRACE_S = 0.5
    MEMORY = 512 << 20

    def explore(check, **order):
        stages.check = check
        order = CheckOrder(**order)
        found = stages.explored(stages.verified(model_json(ROLLOUT), order, MEMORY), order, "sha256:0", MEMORY)
        for report in found:
            print(report.instance, report.method, [(p.name, p.verdict.value, p.reason) for p in report.properties])
"""


def run(script: str) -> list[str]:
    """What a script prints that calls `explore` with a way of checking."""
    root = __file__.rsplit("/tests/", 1)[0]
    source = textwrap.dedent(PRELUDE.format(root=root)) + textwrap.dedent(script)
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_an_engine_that_does_not_stop_leaves_its_instance_unknown() -> None:
    script = """
        def hang(model, request):
            while request.instances == ("three",):
                pass
            return real(model, request)

        explore(hang, timeout_s=1.0, properties=("never_more",), deadlock=True)
        explore(hang, timeout_s=20.0, instances=("nine",), properties=("never_more",))
    """
    unknown = "[('never_more', 'Unknown', 'Timeout'), ('deadlock', 'Unknown', 'Timeout')]"
    assert run(script) == [
        f"three Explore {unknown}",
        f"nine Explore {unknown}",
        "nine Explore [('never_more', 'Holds', 'SpaceExhausted')]",
    ]


def test_an_engine_that_eats_memory_leaves_its_instance_unknown() -> None:
    script = """
        def eat(model, request):
            kept = []
            while request.instances == ("three",):
                kept.append(bytearray(1 << 20))
            return real(model, request)

        explore(eat, properties=("never_more",))
    """
    assert run(script) == [
        "three Explore [('never_more', 'Unknown', 'MemoryLimit')]",
        "nine Explore [('never_more', 'Holds', 'SpaceExhausted')]",
    ]


def test_an_engine_that_dies_is_no_answer_at_all() -> None:
    script = """
        try:
            explore(lambda model, request: ctypes.string_at(0))
        except EngineError as error:
            print(error)
    """
    assert run(script) == ["exploring three was ended by the signal SIGSEGV"]


def test_what_is_wrong_with_model_or_order_keeps_its_kind() -> None:
    script = """
        good = model_json(ROLLOUT)
        for model, order in ((b"{}", {}), (good, {"instances": ("none",)}), (good, {"properties": ("none",)})):
            try:
                stages.verified(model, CheckOrder(**order), MEMORY)
            except (ModelError, UsageError) as error:
                print(type(error).__name__)
    """
    assert run(script) == ["ModelError", "UsageError", "UsageError"]
