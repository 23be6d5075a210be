"""docs/instrumentation.md: what it shows of Python runs, against a real receiver; and what it says of limits is so."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

from tests.docs import pages
from tests.kube.receiving import Received, batch, certificate, while_receiving

from speccheck.kube import receptions
from speccheck.sources import orderings, otlp

PAGE = (pages.TOP / "docs" / "instrumentation.md").read_text(encoding="utf-8")
CALL, SET_UP = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_python_that_is_shown_sends_what_it_says(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path)
    token = tmp_path / "token"
    token.write_text("good\n")

    async def body(to: Received) -> None:
        subscription = to.receivers.subscribe("platform", "otlp")
        program = f"{SET_UP}\n{CALL}\nprovider.shutdown()\n"
        for shown, here in (
            ("https://speccheck-receiver.speccheck-system.svc:4318", to.url),
            ("/etc/speccheck/ca.crt", str(chain)),
            ("/var/run/speccheck/token", str(token)),
        ):
            assert shown in program
            program = program.replace(shown, here)
        words = [sys.executable, "-c", program]
        bare = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(pages.TOP / "operator")}
        done = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, timeout=60, env=bare)
        assert (done.returncode, done.stderr) == (0, "")
        (seen,) = await batch(subscription, 1)
        assert seen.event is not None
        assert (seen.event.name, seen.seq) == ("deployer_apply", 1)
        named = {"deployer": "d1", "zone": "shop/example.org", "plan": 7}
        assert seen.event.attributes.items() >= named.items()
        assert orderings.emitter_of(seen.event) == seen.event.attributes["resource"]["service.instance.id"]

    while_receiving(tmp_path, body, certificate=(chain, key))


def test_the_limits_are_those_of_the_receiver() -> None:
    assert (otlp.RECORD_BYTES, receptions.BODY_BYTES, receptions.JSON_BYTES) == (64 << 10, 4 << 20, 1 << 20)
    assert "A record may be 64 KiB, a request 4 MiB (in JSON 1 MiB) and 10,000 records." in PAGE
    assert otlp.RECORDS_LIMIT == 10_000


def test_the_attributes_are_those_that_are_looked_at() -> None:
    for name in (orderings.SEQ, orderings.PROCESS, orderings.INSTANCE, orderings.SERVICE, *otlp._RATIOS):
        assert f"`{name}`" in PAGE
