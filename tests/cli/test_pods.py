"""The two stages of a checker pod as processes: what a spec does inside the first, and what leaves it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from speccheck.digests import source_digest
from speccheck.ir.json import model_digest, model_from_json
from speccheck.resource.documents import CheckOrder, CheckRequest, request_bytes
from speccheck.resource.frames import unframe
from speccheck.resource.results import rows_of

COUNTER = '''
"""A counter."""
from speccheck import Context, MachineStateBase, Param, StateVar, action, example, instance, invariant, state


@state
class Counter(MachineStateBase):
    N: Param[int]
    count: StateVar[int]


@action(init=True)
def init(c: Context[Counter]):
    c.state.count = 0


@action(inline=False)
def increment(c: Context[Counter]):
    c.assume(c.state.count < c.state.N)
    c.state.count += 1


@invariant
def below_five(s: Counter):
    """Never five."""
    return s.count < 5


@example
def three(s: Counter):
    return s.count == 3


@instance
def small() -> Counter:
    return Counter(N=4)


@instance
def large() -> Counter:
    return Counter(N=9)
'''


@dataclass
class Stage:
    """Folders of one pod, and how its containers ended."""

    root: Path
    files: dict[str, str] = field(default_factory=dict)
    log: bytes = b""
    errors: str = ""
    status: int = -1

    def __post_init__(self) -> None:
        for name in ("source", "model"):
            (self.root / name).mkdir()
        (self.root / "termination-log").touch()

    def capture(self, text: str, *more: str, entrypoint: str = "spec.py") -> dict[str, Any]:
        self.files.setdefault("spec.py", textwrap.dedent(text))
        for name, content in self.files.items():
            (self.root / "source" / name).write_text(content)
        options = ("--source", str(self.root / "source"), "--entrypoint", entrypoint, "--out", str(self.root / "model"))
        return self._run("capture", *options, "--memory", "512Mi", *more)

    def check(self, order: CheckOrder | None = None, *more: str) -> dict[str, Any]:
        request = request_bytes(CheckRequest(check=order)).decode()
        return self._run("check", "--model", str(self.root / "model"), "--check", request, "--memory", "1Gi", *more)

    @property
    def message(self) -> bytes:
        return (self.root / "termination-log").read_bytes()

    def _run(self, *arguments: str) -> dict[str, Any]:
        command = [sys.executable, "-c", "from speccheck.cli.main import main; main()", "pod", *arguments]
        command += ["--termination-log", str(self.root / "termination-log")]
        done = subprocess.run(command, capture_output=True, timeout=120)
        self.status, self.log, self.errors = done.returncode, done.stdout, done.stderr.decode()
        assert len(self.message) <= 4096
        found = msgspec.json.decode(self.message)
        assert isinstance(found, dict)
        return found


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_a_spec_becomes_a_model_and_the_digest_of_what_was_read(stage: Stage) -> None:
    message = stage.capture(COUNTER)
    assert stage.status == 0, stage.errors
    digest = source_digest({"spec.py": (stage.root / "source" / "spec.py").read_bytes()})
    assert message == {"stage": "capture", "reason": "Captured", "sourceDigest": digest}
    described = msgspec.json.decode((stage.root / "model" / "capture.json").read_bytes())
    assert described == {"format": 1, "entrypoint": "spec.py", "sourceDigest": digest}
    assert model_from_json((stage.root / "model" / "model.json").read_bytes()).name == "spec"
    assert sorted(os.listdir(stage.root / "model")) == ["capture.json", "model.json", "source.msgpack"]
    assert stage.log == b""


def test_helper_modules_beside_the_spec_are_read_and_nothing_else(stage: Stage) -> None:
    stage.files["limits.py"] = "LIMIT = 4\n"
    stage.files["notes.txt"] = "not part of it"
    (stage.root / "source" / "..data.py").mkdir()
    stage.capture(COUNTER.replace('"""A counter."""', '"""A counter."""\nfrom limits import LIMIT'))
    assert stage.status == 0, stage.errors
    described = msgspec.json.decode((stage.root / "model" / "capture.json").read_bytes())
    read = {name: (stage.root / "source" / name).read_bytes() for name in ("spec.py", "limits.py")}
    assert described["sourceDigest"] == source_digest(read)


def test_the_check_prints_one_document_that_its_message_vouches_for(stage: Stage) -> None:
    stage.capture(COUNTER)
    stage.check(CheckOrder())
    assert stage.status == 0, stage.errors
    assert stage.errors == ""
    document = unframe(stage.log, stage.message)
    verdicts = {(r.instance, p.name): p.verdict.value for r in document.reports for p in r.properties}
    assert verdicts == {
        ("small", "below_five"): "Holds",
        ("small", "three"): "Holds",
        ("large", "below_five"): "Violated",
        ("large", "three"): "Holds",
    }
    model = model_from_json(document.model)
    assert document.model_digest == model_digest(model)
    assert {report.model_digest for report in document.reports} == {document.model_digest}
    assert {report.source_digest for report in document.reports} == {document.source_digest}


def test_an_expression_without_a_value_comes_with_the_authors_line(stage: Stage) -> None:
    line = "    return 10 // (3 - s.count) < 99 # größer"
    stage.capture(COUNTER.replace("    return s.count < 5", line))
    stage.check(CheckOrder(instances=("large",), properties=("below_five",)))
    document = unframe(stage.log, stage.message)
    (result,) = document.reports[0].properties
    assert result.error is not None
    assert result.error.source_line == line
    (row,) = rows_of(document)
    assert row.message.endswith(f", in the line: {line.strip()}")


def test_an_order_names_instances_properties_and_bounds(stage: Stage) -> None:
    stage.capture(COUNTER)
    stage.check(CheckOrder(instances=("large",), properties=("below_five",), max_steps=3))
    (report,) = unframe(stage.log, stage.message).reports
    assert [(p.name, p.verdict.value) for p in report.properties] == [("below_five", "HoldsWithinBound")]
    stage.check(CheckOrder(instances=("small",), method="Simulate", walks=5, max_steps=20, properties=("below_five",)))
    (report,) = unframe(stage.log, stage.message).reports
    assert (report.method, report.stats.walks) == ("Simulate", 5)


def test_without_an_order_the_model_is_verified_and_handed_on(stage: Stage) -> None:
    stage.capture(COUNTER)
    stage.check(None)
    document = unframe(stage.log, stage.message)
    assert document.reports == ()
    assert model_from_json(document.model).name == "spec"


@pytest.mark.parametrize(("order", "word"), [({"instances": ("nope",)}, "nope"), ({"properties": ("nix",)}, "nix")])
def test_unknown_names_are_the_authors_fault(stage: Stage, order: dict[str, Any], word: str) -> None:
    stage.capture(COUNTER)
    message = stage.check(CheckOrder(**order))
    assert (stage.status, message["reason"], stage.log) == (4, "SpecInvalid", b"")
    assert word in message["message"]


def test_an_exhausted_time_limit_is_unknown_for_every_instance(stage: Stage) -> None:
    stage.capture(COUNTER.replace("N=4", "N=10**9").replace("s.count < 5", "s.count >= 0"))
    stage.check(CheckOrder(timeout_s=1.0))
    document = unframe(stage.log, stage.message)
    assert [r.instance for r in document.reports] == ["small", "large"]
    found = {(p.verdict.value, p.reason) for r in document.reports for p in r.properties if p.kind == "invariant"}
    assert found == {("Unknown", "Timeout")}


def test_a_syntax_error_is_told_with_its_place(stage: Stage) -> None:
    message = stage.capture("x = 1\ndef broken(:\n    pass\n")
    assert stage.status == 4
    assert (message["reason"], message["code"], message["file"], message["line"]) == (
        "SpecInvalid",
        "syntax-error",
        "spec.py",
        2,
    )
    assert not (stage.root / "model" / "model.json").exists()


def test_an_exception_in_the_spec_is_told_with_its_place(stage: Stage) -> None:
    message = stage.capture("known = {}\n\nknown['NO_SUCH_VARIABLE']\n")
    assert (stage.status, message["reason"], message["line"]) == (4, "SpecInvalid", 3)
    assert "NO_SUCH_VARIABLE" in message["message"]


def test_the_entrypoint_must_be_among_the_files(stage: Stage) -> None:
    message = stage.capture(COUNTER, entrypoint="other.py")
    assert (stage.status, message["reason"]) == (4, "SourceMissing")
    assert "spec.py" in message["message"]


def test_too_much_source_is_refused(stage: Stage) -> None:
    stage.files["big.py"] = "#" * (4 << 20)
    message = stage.capture(COUNTER)
    assert (stage.status, message["reason"]) == (4, "SourceTooLarge")


def test_a_fifo_among_the_files_holds_nothing_up(stage: Stage) -> None:
    os.mkfifo(stage.root / "source" / "pipe.py")
    stage.capture(COUNTER)
    assert stage.status == 0, stage.errors


HOSTILE = {
    "loops for ever": ("while True: pass", "CaptureTimedOut", "did not finish within 2 s"),
    "sleeps for ever": ("import threading; threading.Event().wait()", "CaptureTimedOut", "did not finish within 2 s"),
    "eats memory": ("x = []\nwhile True: x.append(bytearray(1 << 20))", "CaptureOutOfMemory", "512 MiB"),
    "eats memory at once": ("x = bytes(1 << 42)", "CaptureOutOfMemory", "512 MiB"),
    "leaves": ("import os; os._exit(0)", "CaptureCrashed", "exit status 0"),
    "crashes": ("import ctypes; ctypes.string_at(0)", "CaptureCrashed", "SIGSEGV"),
    "asks to exit": ("raise SystemExit(0)", "SpecInvalid", "SystemExit"),
    "forks": ("import os\nwhile True: os.fork()", "SpecInvalid", "Operation not permitted"),
    "starts a program": (
        "import subprocess; subprocess.run(['sleep', '100'])",
        "SpecInvalid",
        "Operation not permitted",
    ),
    "dials out": ("import socket; socket.create_connection(('127.0.0.1', 80))", "SpecInvalid", "Permission denied"),
    "looks a name up": ("import socket; socket.gethostbyname('kubernetes.default')", "SpecInvalid", "raised"),
    "reads a token": (
        "open('/var/run/secrets/kubernetes.io/serviceaccount/token').read()",
        "SpecInvalid",
        "No such file or directory",
    ),
    "kills its parent": ("import os; os.kill(os.getppid(), 9)", "SpecInvalid", "Operation not permitted"),
    "writes its parent's memory": (
        "import os; open(f'/proc/{os.getppid()}/mem', 'r+b')",
        "SpecInvalid",
        "Operation not permitted",
    ),
    "writes the log": (
        "import os; open(f'/proc/{os.getppid()}/fd/1', 'w').write('forged')",
        "SpecInvalid",
        "Operation not permitted",
    ),
    "answers rubbish": ("import os; os.write(3, b'rubbish'); os._exit(0)", "CaptureCrashed", "exit status 0"),
    "answers for ever": ("import os\nwhile True: os.write(3, b'A' * 65536)", "ModelTooLarge", "more than"),
    "answers something else": (
        "import os, struct; os.write(3, struct.pack('>cQ', b'A', 4) + b'XXXX'); os._exit(0)",
        "ModelRefused",
        "no model",
    ),
    "forges its refusal": (
        'import os, struct\nt = b\'S{"reason":"Evicted","message":"\\\\u001b[2Jboo"}\'\n'
        "os.write(3, struct.pack('>cQ', b'A', len(t)) + t); os._exit(0)",
        "SpecInvalid",
        "�[2Jboo",
    ),
    "nests too deep": (
        "x = eval('(' * 90 + '1' + ')' * 90)\ndef f(): return f()\nf()",
        "SpecInvalid",
        "RecursionError",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_spec_gets_a_reason_and_nothing_else(stage: Stage, name: str) -> None:
    code, reason, word = HOSTILE[name]
    message = stage.capture(code, "--timeout", "2s")
    assert (stage.status, message["stage"], message["reason"]) == (4, "capture", reason), (message, stage.errors)
    assert word in message["message"]
    assert stage.log == b""
    assert os.listdir(stage.root / "model") == []


def test_of_ten_megabytes_printed_eight_kibibytes_are_kept(stage: Stage) -> None:
    message = stage.capture("print('first')\nfor _ in range(10): print('x' * (1 << 20))\nprint('last')\n1 / 0")
    assert (stage.status, message["reason"], stage.log) == (4, "SpecInvalid", b"")
    assert 8192 < len(stage.errors) < 10_000
    assert "| first" in stage.errors
    assert "bytes left out" in stage.errors
    assert message["message"].endswith("division by zero")


def test_what_a_good_spec_prints_is_neither_log_nor_message(stage: Stage) -> None:
    message = stage.capture("print('hello')\n" + COUNTER)
    assert (stage.status, message["reason"], stage.log) == (0, "Captured", b"")
    assert "hello" in stage.errors


def test_the_termination_message_is_the_stages_own(stage: Stage) -> None:
    target = stage.root / "termination-log"
    target.chmod(0o666)
    attempt = f"""
        import os
        tried = []
        for path in ({str(target)!r}, "/dev/termination-log", {str(stage.root / "model" / "x")!r}, "/tmp/forged"):
            try:
                open(path, "w").write("forged")
            except OSError as error:
                tried.append(error.errno)
        raise ValueError(tried)
    """
    message = stage.capture(attempt)
    assert "[1, 1, 1, 1]" in message["message"]
    assert os.listdir(stage.root / "model") == []


def test_no_listener_hears_of_a_spec(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        port = server.getsockname()[1]
        stage.capture(f"import socket; socket.create_connection(('127.0.0.1', {port}))")
        with pytest.raises(TimeoutError):
            server.accept()
    assert stage.status == 4


def test_the_stage_refuses_to_run_without_its_filter(stage: Stage) -> None:
    (stage.root / "source" / "spec.py").write_text("open('/tmp/should-not-run', 'w')")
    script = f"""
import ctypes.util, sys
find = ctypes.util.find_library
ctypes.util.find_library = lambda name: None if name == "seccomp" else find(name)
sys.argv = ["speccheck", "pod", "capture", "--source", {str(stage.root / "source")!r}, "--entrypoint", "spec.py",
            "--out", {str(stage.root / "model")!r}, "--termination-log", {str(stage.root / "termination-log")!r}]
from speccheck.cli.main import main
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60)
    message = msgspec.json.decode(stage.message)
    assert (done.returncode, message["reason"]) == (5, "SandboxUnavailable")
    assert "libseccomp2" in message["message"]


def test_a_model_that_was_tampered_with_is_refused(stage: Stage) -> None:
    stage.capture(COUNTER)
    file = stage.root / "model" / "model.json"
    original = file.read_bytes()
    for content in (b"", b"[]", b"{" * 100_000, original[:-2], original.replace(b':"count"', b':"other"', 1)):
        file.write_bytes(content)
        message = stage.check(CheckOrder())
        assert (stage.status, message["reason"], stage.log) == (4, "ModelRefused", b""), content[:40]


def test_a_missing_model_is_not_the_authors_fault(stage: Stage) -> None:
    message = stage.check(CheckOrder())
    assert (stage.status, message["reason"]) == (5, "CheckFailed")
    assert "capture.json" in message["message"]
