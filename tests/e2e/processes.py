"""Operators as processes of this machine, each serving one namespace: to be killed, restarted, and looked into."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.places import Place

START = "from speccheck.cli.main import main; main()"
STOP_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Operator:
    """A running operator, and where it says what it does."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def said(self) -> str:
        """The last that it said."""
        return self.log.read_text()[-6000:]

    def ended(self) -> int | None:
        """Its exit status (negative: the signal that killed it), None while it runs."""
        return self.process.poll()


@contextmanager
def operator(
    place: Place, image: str, *options: str, environment: Mapping[str, str] | None = None
) -> Iterator[Operator]:
    """An operator that serves a namespace while the body runs. Its Lease is there, too, and always in one name."""
    arguments = [
        "operator",
        f"--kubeconfig={place.cluster.kubeconfig}",
        f"--image={image}",
        f"--namespace={place.namespace}",
        f"--lease-namespace={place.namespace}",
        "--identity=test",
        "--listen=127.0.0.1:0",
        *options,
    ]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "operator.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-c", START, *arguments],
                env={**os.environ, **place.cluster.environment(), **(environment or {})},
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        try:
            yield Operator(process, log)
        finally:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(STOP_TIMEOUT_S)
