"""The operator as a process, against a server of the test's: how it waits, begins and ends.

What it does in between is shown on a real cluster by tests/e2e.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.kube.apis import Api, kubeconfig, serving, until
from tests.kube.test_handlers import _serve_discovery

START = "from speccheck.cli.main import main; main()"


async def _started(directory: Path, api: Api, **environment: str) -> asyncio.subprocess.Process:
    options = [f"--kubeconfig={kubeconfig(directory, api.url)}", "--image=image", "--listen=127.0.0.1:0"]
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        START,
        "operator",
        *options,
        "--lease-namespace=system",
        "--identity=me",
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )


async def _ended(process: asyncio.subprocess.Process) -> tuple[int, str]:
    _, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, errors.decode()


def _with_api(body: Callable[[Api], Awaitable[None]]) -> None:
    async def both() -> None:
        async with serving() as api:
            _serve_discovery(api)
            await body(api)

    asyncio.run(both())


def _holder(api: Api) -> str | None:
    return next((lease["spec"]["holderIdentity"] for lease in api.of("leases")), None)


def test_it_holds_the_lease_watches_and_releases_it_at_the_end(tmp_path: Path) -> None:
    async def body(api: Api) -> None:
        process = await _started(tmp_path, api)
        await until("four watches", lambda: len(api.streams) >= 4, 60)
        assert _holder(api) == "me"
        process.send_signal(signal.SIGTERM)
        assert (await _ended(process))[0] == 0
        assert _holder(api) == ""

    _with_api(body)


def test_one_that_waits_for_the_lease_watches_nothing_and_ends_when_asked(tmp_path: Path) -> None:
    async def body(api: Api) -> None:
        spec = {"holderIdentity": "another", "leaseDurationSeconds": 3600}
        await api.put("leases", {"metadata": {"name": "speccheck-operator", "namespace": "system"}, "spec": spec})
        process = await _started(tmp_path, api)
        await until("a look at the Lease", lambda: api.asked, 60)
        await asyncio.sleep(0.5)
        assert not api.streams
        assert api.wrote() == []
        process.send_signal(signal.SIGTERM)
        assert (await _ended(process))[0] == 0
        assert _holder(api) == "another"

    _with_api(body)


def test_it_waits_for_its_kinds_and_says_so(tmp_path: Path) -> None:
    async def body(api: Api) -> None:
        served = api.kinds.pop("speccheck.dev/v1alpha1")
        process = await _started(tmp_path, api)
        assert process.stderr is not None
        while b"apply crds/" not in (line := await asyncio.wait_for(process.stderr.readline(), 60)):
            assert line, "it ended"
        api.kinds["speccheck.dev/v1alpha1"] = served
        await until("four watches", lambda: len(api.streams) >= 4, 60)
        process.terminate()
        assert (await _ended(process))[0] == 0

    _with_api(body)


def test_losing_the_lease_ends_it_with_the_environments_status(tmp_path: Path) -> None:
    async def body(api: Api) -> None:
        process = await _started(tmp_path, api)
        await until("four watches", lambda: len(api.streams) >= 4, 60)
        lease = api.of("leases")[0]
        await api.put("leases", lease | {"spec": lease["spec"] | {"holderIdentity": "another"}})
        status, errors = await _ended(process)
        assert status == 5
        assert "is lost: it is held by another" in errors
        assert _holder(api) == "another"

    _with_api(body)


def test_it_refuses_what_it_cannot_use(tmp_path: Path) -> None:
    async def body(api: Api) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            START,
            "operator",
            "--image=image",
            f"--kubeconfig={tmp_path / 'none'}",
            stderr=asyncio.subprocess.PIPE,
        )
        status, errors = await _ended(process)
        assert status == 5
        assert "gives no way to a cluster" in errors

    _with_api(body)
