"""Observations a second from a client through the evaluator to a worker's Monitor and back.

    python -m benchmarks.evaluator_rate [OBSERVATIONS]

Tier State of the rolling update of `benchmarks.tiers`, in messages of 256: for one tenant, and for two side by side.
Also: how long a new tenant waits until its Model is loaded, starting its worker included.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.machines import machine
from benchmarks.tiers import NUMBERS, ROLLOUT, views
from speccheck.conform.clients import EvaluatorClient
from speccheck.conform.protocols import ITEMS_PER_MESSAGE, MappingOrder, SourceOrder, View
from speccheck.ir.json import model_to_json

START_S = 30.0
KEYS = 50
TENANTS = 10
ORDER = MappingOrder((SourceOrder("deployment"),), NUMBERS, instance="rolling", tiers=("State",))


@contextmanager
def evaluator() -> Iterator[Path]:
    """The socket of an evaluator that serves, with its defaults."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "evaluator.sock"
        main = "from speccheck.cli.main import main; main()"
        process = subprocess.Popen([sys.executable, "-c", main, "evaluator", "--socket", str(path)])
        try:
            deadline = time.monotonic() + START_S
            while not path.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"the evaluator did not serve within {START_S:g} s")
                time.sleep(0.02)
            yield path
        finally:
            process.terminate()
            process.wait(START_S)


async def judged(client: EvaluatorClient, tenant: str, messages: list[tuple[View, ...]]) -> None:
    """All messages of a tenant, one after another."""
    subject = await client.load(tenant, model_to_json(ROLLOUT.whole), ORDER)
    for message in messages:
        found = await client.judge(subject, message)
        assert not any(each.rejected or each.ignored for (each,) in found.judgements), "something was not judged"


async def rate(client: EvaluatorClient, tenants: int, messages: list[tuple[View, ...]]) -> float:
    """Observations a second of so many tenants together, once their Models are loaded."""
    names = [f"{tenants}-{n}" for n in range(tenants)]
    await asyncio.gather(*(judged(client, name, messages[:1]) for name in names))
    began = time.perf_counter()
    await asyncio.gather(*(judged(client, name, messages) for name in names))
    return tenants * sum(map(len, messages)) / (time.perf_counter() - began)


async def wait_s(client: EvaluatorClient) -> float:
    """The median of what tenants that had no worker wait for their Model to be loaded."""
    found = []
    for n in range(TENANTS):
        began = time.perf_counter()
        await client.load(f"new-{n}", model_to_json(ROLLOUT.whole), ORDER)
        found.append(time.perf_counter() - began)
    return median(found)


async def measure(path: Path, count: int) -> None:
    """Measures and prints."""
    client = EvaluatorClient(path)
    seen = views(count, keys=KEYS)
    messages = [tuple(seen[at : at + ITEMS_PER_MESSAGE]) for at in range(0, len(seen), ITEMS_PER_MESSAGE)]
    try:
        for tenants in (1, 2):
            print(f"{tenants} tenant(s): {await rate(client, tenants, messages):,.0f} observations a second")
        print(f"a new tenant waits {1000 * await wait_s(client):.0f} ms (median of {TENANTS})")
    finally:
        await client.close()


def main() -> None:
    """The machine, then the figures."""
    print(machine())
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with evaluator() as path:
        asyncio.run(measure(path, count))


if __name__ == "__main__":
    main()
