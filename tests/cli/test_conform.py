"""`speccheck conform`: recordings to answers, what users and programs read of them, and the exit status."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.cli.conftest import COMMAND, Ended, Run, environment

TOP = Path(__file__).resolve().parents[2]
EXAMPLE = TOP / "examples" / "conformance"
SPEC = str(EXAMPLE / "pool.py")
MAPPING = str(EXAMPLE / "observe.yaml")

Golden = Callable[[str, str], None]


def at(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"2026-11-03T{9 + int(minutes) // 60:02}:{int(minutes) % 60:02}:{rest:06.3f}Z"


def pool(
    seconds: float, serving: str, upgraded: str = "", type_: str = "MODIFIED", name: str = "front"
) -> dict[str, Any]:
    """An observation of the pool's object: which servers serve, and which are upgraded."""
    versions = {server: 2 if server in upgraded else 1 for server in "abc"}
    data = {"serving": msgspec.json.encode([*serving]).decode(), "versions": msgspec.json.encode(versions).decode()}
    metadata = {"name": name, "namespace": "shop", "labels": {"app": "pool"}}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    return {"time": at(seconds), "type": type_, "object": body}


def event(seconds: float, action: str, server: str, **more: Any) -> dict[str, Any]:
    """What the controller says that it does."""
    attributes = {"pool": "shop/front", "server": server, **more}
    return {"time": at(seconds), "source": "controller", "event": {"name": action, "attributes": attributes}}


CREATED = pool(0, "abc", type_="ADDED")
ROUND = [CREATED, pool(10, "bc"), pool(20, "bc", "a"), pool(30, "abc", "a")]


def write(file: Path, lines: Sequence[dict[str, Any] | bytes]) -> str:
    rows = [line if isinstance(line, bytes) else msgspec.json.encode(line) for line in lines]
    file.write_bytes(b"".join(row + b"\n" for row in rows))
    return str(file)


def mapping(tmp_path: Path, **different: str) -> str:
    """The example's mapping with other words in it."""
    text = Path(MAPPING).read_text()
    for old, new in different.items():
        text += f"{old}: {new}\n"
    file = tmp_path / "observe.yaml"
    file.write_text(text)
    return str(file)


Held = Callable[..., Ended]


@pytest.fixture
def held(run: Run, tmp_path: Path) -> Held:
    """Holds lines to the example's spec."""

    def command(*lines: dict[str, Any] | bytes, options: Sequence[str] = (), observe: str = MAPPING) -> Ended:
        return run("conform", SPEC, "--mapping", observe, write(tmp_path / "seen.jsonl", lines), *options)

    return command


def answer(ended: Ended) -> dict[str, Any]:
    decoded = msgspec.json.decode(ended.out)
    assert decoded["exitStatus"] == ended.status
    assert isinstance(decoded, dict)
    return decoded


def test_what_conforms(run: Run, golden: Golden) -> None:
    ended = run("conform", SPEC, "--mapping", MAPPING, str(EXAMPLE / "correct.jsonl"))
    assert (ended.status, ended.err) == (0, "")
    golden("conform_none.txt", ended.out)


def test_a_step_that_was_not_possible_is_told_with_the_reason(run: Run, golden: Golden) -> None:
    ended = run("conform", SPEC, "--mapping", MAPPING, str(EXAMPLE / "drifting.jsonl"))
    assert (ended.status, ended.err) == (1, "")
    golden("conform_step.txt", ended.out)


def test_a_state_that_is_wrong_and_right_again(held: Held, golden: Golden) -> None:
    ended = held(CREATED, pool(10, "bc"), pool(20, "c"), pool(50, "bc"))
    assert ended.status == 1
    golden("conform_state.txt", ended.out)


def test_what_did_not_happen_in_time(held: Held, golden: Golden) -> None:
    ended = held(*ROUND, pool(700, "abc", "a"))
    assert ended.status == 1
    golden("conform_time.txt", ended.out)


def test_a_gap_is_not_taken_for_conformance(held: Held, golden: Golden) -> None:
    gap = {"time": at(15), "type": "GAP", "reason": "the API server no longer has the changes"}
    ended = held(*ROUND[:2], gap, *ROUND[2:])
    assert ended.status == 3
    golden("conform_gap.txt", ended.out)


def test_lines_that_are_none_and_observations_that_do_not_fit(held: Held, golden: Golden) -> None:
    broken = pool(15, "bc")
    broken["object"]["data"]["versions"] = '"two"'
    ended = held(*ROUND[:2], b"rubbish", b'{"time": "yesterday"}', broken, *ROUND[2:])
    assert ended.status == 3
    golden("conform_refused.txt", ended.out)


def test_a_line_that_nobody_can_read_may_have_been_of_any_source(held: Held) -> None:
    told = event(9.7, "take_out", "a")
    assert held(CREATED, told, pool(10, "bc"), pool(30, "bc", "a")).status == 0
    refused = held(CREATED, told, b"{", pool(10, "bc"), pool(30, "bc", "a"), options=["--json"])
    assert (refused.status, answer(refused)["answer"]) == (3, "Unknown")


def test_without_an_anchor_steps_are_not_known(held: Held, golden: Golden, tmp_path: Path) -> None:
    ended = held(event(5, "take_out", "a"), *(event(n, "put_back", "b") for n in range(20, 22)))
    assert ended.status == 3
    golden("conform_no_anchor.txt", ended.out)


def test_no_observation_at_all_is_no_conformance(held: Held, golden: Golden) -> None:
    ended = held()
    assert ended.status == 3
    golden("conform_nothing.txt", ended.out)


def test_lines_of_no_source_are_told(held: Held) -> None:
    other = pool(5, "abc")
    other["object"]["metadata"]["labels"] = {"app": "other"}
    ended = held(other, {**other, "source": "shop"})
    assert ended.status == 3
    assert "no line is of a source of the mapping" in ended.out
    assert "1 without label app=pool; 1 of source shop, not pool, controller" in " ".join(ended.out.split())


def test_the_json_form(run: Run, golden: Golden) -> None:
    ended = run("conform", SPEC, "--mapping", MAPPING, str(EXAMPLE / "drifting.jsonl"), "--json")
    found = answer(ended)
    assert ended.status == 1
    (drift,) = found["drifts"]
    assert (drift["tier"], drift["line"], drift["object"]["name"]) == ("Step", 9, "front")
    assert drift["explanation"]["lastGood"]["chosen"] == {"#set": []}
    golden("conform.json", ended.out)


def test_a_muted_drift_does_not_count_and_is_told(held: Held, tmp_path: Path) -> None:
    rule = '[{property: enough_serve, reason: "known", until: "2027-01-01T00:00:00Z"}]'
    observe = mapping(tmp_path, mute=rule, tiers="[State]")
    ended = held(CREATED, pool(10, "c"), observe=observe)
    assert ended.status == 0
    assert "muted: known" in ended.out
    over = mapping(tmp_path, mute=rule.replace("2027-01", "2026-01"), tiers="[State]")
    assert held(CREATED, pool(10, "c"), observe=over).status == 1


def test_a_drift_outweighs_a_gap(held: Held) -> None:
    gap = {"time": at(5), "type": "GAP", "reason": "away"}
    assert held(CREATED, gap, pool(10, "c")).status == 1


def test_paths_are_saved_and_replay(held: Held, run: Run, tmp_path: Path) -> None:
    ended = held(*ROUND, pool(40, "abc", "ab"), options=["--itf", str(tmp_path / "paths")])
    assert ended.status == 1
    (file,) = (tmp_path / "paths").iterdir()
    assert "1 path in" in ended.err
    replayed = run("replay", SPEC, str(file))
    assert replayed.status == 0, replayed.out + replayed.err
    assert 'put_back(server="a")' in replayed.out


def test_another_instance_can_be_named(held: Held) -> None:
    ended = held(CREATED, options=["--instance", "tree"])
    assert (ended.status, "did you mean 'three'" in ended.err) == (5, True)
    assert held(CREATED, options=["--instance", "three"]).status == 0


def test_several_files_are_one_recording(run: Run, tmp_path: Path) -> None:
    objects = write(tmp_path / "objects.jsonl", [*ROUND, pool(40, "abc", "ab")])
    events = write(tmp_path / "events.jsonl", [event(10, "take_out", "a"), event(20, "upgrade", "a")])
    ended = run("conform", SPEC, "-m", MAPPING, objects, events)
    assert ended.status == 1
    assert "objects.jsonl:5" in ended.out
    assert "7 observations of 1 key in 2 files" in ended.out


def test_standard_input_is_a_file_like_others(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / "seen.jsonl", ROUND)
    with open(file, "rb") as stream:
        done = subprocess.run(
            [COMMAND, "conform", SPEC, "-m", MAPPING, "-"],
            stdin=stream,
            capture_output=True,
            timeout=60,
            check=False,
            env=environment(),
        )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_whole_speccheck_is_a_mapping_too(held: Held, tmp_path: Path) -> None:
    indented = "".join(f"    {line}\n" for line in Path(MAPPING).read_text().splitlines())
    head = "apiVersion: speccheck.dev/v1alpha1\nkind: SpecCheck\nmetadata: {name: pool}\nspec:\n"
    source = "  source: {configMap: {name: pool-spec}}\n  entrypoint: pool.py\n"
    file = tmp_path / "speccheck.yaml"
    file.write_text(f"{head}{source}  observe:\n{indented}")
    assert held(*ROUND, observe=str(file)).status == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("serving: json", "servin: json", "did you mean 'serving'"),
        ("sources:", "source:", "source"),
        ("instance: three", "instance: four", "four"),
    ],
)
def test_a_mapping_that_does_not_fit_is_usage(held: Held, tmp_path: Path, old: str, new: str, message: str) -> None:
    file = tmp_path / "observe.yaml"
    file.write_text(Path(MAPPING).read_text().replace(old, new, 1))
    ended = held(CREATED, observe=str(file))
    assert ended.status == 5
    assert message in ended.err


def test_files_that_are_not_there_are_usage(run: Run, tmp_path: Path) -> None:
    ended = run("conform", SPEC, "-m", MAPPING, "gone.jsonl")
    assert (ended.status, "no such file: gone.jsonl" in ended.err) == (5, True)
    assert run("conform", SPEC, "-m", "gone.yaml", str(EXAMPLE / "correct.jsonl")).status == 5


def test_a_wrong_spec_is_told_as_elsewhere(run: Run, tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text("def x(:\n")
    assert run("conform", str(tmp_path / "wrong.py"), "-m", MAPPING, str(EXAMPLE / "correct.jsonl")).status == 4


def test_of_very_many_drifts_the_first_are_told_in_full_and_all_are_counted(held: Held) -> None:
    lines = [pool(n, "c", type_="ADDED", name=f"pool-{n}") for n in range(150)]
    ended = held(*lines)
    assert ended.status == 1
    assert ended.out.count("At most one server is out of the pool") == 10
    assert ended.out.count(" does not hold") == 100
    assert "150 drifts: 150 not over at the end, 50 not shown" in ended.out


def test_drifts_are_told_as_they_come_on_a_pipe(tmp_path: Path) -> None:
    """What is read from standard input is answered before it ends."""
    command = [COMMAND, "conform", SPEC, "-m", MAPPING, "-"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment())
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(msgspec.json.encode(pool(1, "c")) + b"\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], 30)
        assert ready, "waited 30 s in vain for the drift"
        assert "enough_serve does not hold" in process.stdout.readline().decode()
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()
    assert process.returncode == 1


def test_a_terminal_is_shown_how_far_it_is_and_keeps_none_of_it(tmp_path: Path) -> None:
    file = write(tmp_path / "seen.jsonl", [pool(n / 10, "abc", name=f"pool-{n % 7}") for n in range(3000)])
    shown = terminal([COMMAND, "conform", SPEC, "-m", MAPPING, file])
    assert "lines, 0 drifts" in shown
    assert "Conformant" in shown


def terminal(command: Sequence[str]) -> str:
    """What a command writes to a terminal of its own."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=environment())
    os.close(theirs)
    found, ends = b"", time.monotonic() + 60
    while time.monotonic() < ends:
        try:
            chunk = os.read(ours, 1 << 16)
        except OSError:  # how Linux says that nobody writes any more
            break
        if not chunk:
            break
        found += chunk
    os.close(ours)
    assert process.wait(10) == 0
    return found.decode()


def test_a_key_of_which_nothing_could_be_judged_is_not_taken_for_conformance(run: Run, tmp_path: Path) -> None:
    spec = tmp_path / "pool.py"
    spec.write_text(
        "from speccheck import Context, MachineStateBase, Param, StateVar, action, invariant, state\n\n\n"
        "@state\nclass Pool(MachineStateBase):\n    MOST: Param[int]\n    running: StateVar[int]\n\n\n"
        "@action(init=True)\ndef init(c: Context[Pool]):\n    c.state.running = 0\n\n\n"
        "@action(inline=False)\ndef start(c: Context[Pool]):\n    c.state.running += 1\n\n\n"
        '@invariant\ndef bounded(s: Pool):\n    """Never more run than may."""\n    return s.running <= s.MOST\n'
    )
    observe = tmp_path / "observe.yaml"
    observe.write_text(
        "sources:\n"
        "- {name: limits, kubernetes: {apiVersion: v1, kind: ConfigMap}}\n"
        "- {name: pool, kubernetes: {apiVersion: v1, kind: Pool}}\n"
        "tiers: [State]\nparameters: {MOST: limits.data.most}\nvariables: {running: pool.status.running}\n"
    )

    def of(kind: str, name: str, **body: Any) -> dict[str, Any]:
        return {"time": at(0), "object": {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **body}}

    known = [of("ConfigMap", "a", data={"most": 3}), of("Pool", "a", status={"running": 1})]
    command = ["conform", str(spec), "-m", str(observe)]
    assert run(*command, write(tmp_path / "known.jsonl", known)).status == 0
    ended = run(*command, write(tmp_path / "more.jsonl", [*known, of("Pool", "b", status={"running": 99})]))
    assert ended.status == 3
    assert "1 key could not be judged" in ended.out
    gone = [
        *known,
        of("Pool", "b", status={"running": 99}),
        of("Pool", "b", status={"running": 99}) | {"type": "DELETED"},
    ]
    ended = run(*command, write(tmp_path / "gone.jsonl", gone))
    assert (ended.status, "1 key could not be judged" in ended.out) == (3, True)


PARTIAL = '''"""A division that has no value for nought."""
from speccheck import Context, MachineStateBase, StateVar, action, instance, invariant, state


@state
class Share(MachineStateBase):
    parts: StateVar[int]


@action(init=True)
def init(c: Context[Share]):
    c.state.parts = 1


@action(inline=False)
def cut(c: Context[Share]):
    c.state.parts += 1


@invariant
def fair(s: Share):
    return 12 // s.parts > 0


@instance
def usual() -> Share:
    return Share()
'''
SHARED = """
sources: [{name: share, kubernetes: {apiVersion: v1, kind: ConfigMap}}]
instance: usual
variables: {parts: int(object.data.parts)}
tiers: [State]
"""


def test_a_property_without_a_value_is_the_specs_fault_whatever_else_is_found(run: Run, tmp_path: Path) -> None:
    (tmp_path / "share.py").write_text(PARTIAL)
    (tmp_path / "observe.yaml").write_text(SHARED)

    def ended(*parts: int) -> Ended:
        objects = [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"parts": str(n)}}
            for n in parts
        ]
        lines = [{"time": at(n), "object": each} for n, each in enumerate(objects)]
        file = write(tmp_path / "seen.jsonl", lines)
        return run("conform", str(tmp_path / "share.py"), "-m", str(tmp_path / "observe.yaml"), file)

    assert [ended(1, 2).status, ended(1, 13).status] == [0, 1]
    for parts in ((1, 0), (13, 0)):
        found = ended(*parts)
        assert found.status == 4, found.out
        assert "1 property without a value: fair" in found.out
