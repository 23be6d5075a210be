"""Starts the planner and the three deployers as processes of this machine, and waits for the planner's last plan.

    KUBECONFIG=… DNS_UNSAFE=1 DNS_PLANS=200 python run.py

Settings come from the environment: see settings.py. Ends all four on Ctrl-C, and a while after the last plan.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import stores
from planner import DEPLOYERS, SETTINGS
from stores import Store

HERE = Path(__file__).parent
LINGER_S = 3.0
MOST_S = 3600.0
END_S = 15.0


def processes() -> list[subprocess.Popen[bytes]]:
    """All four, started: each is a kopf operator of its own."""
    commands = [["planner.py"], *(["deployer.py", name] for name in DEPLOYERS)]
    return [subprocess.Popen([sys.executable, HERE / words[0], *words[1:]]) for words in commands]


def main() -> None:
    """Run them, until all plans are published and time has passed for the last to go live."""
    store = Store(stores.connected(), SETTINGS.namespace, SETTINGS.zone)
    store.create(DEPLOYERS)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    running = processes()
    try:
        ends = time.monotonic() + MOST_S
        while (newest := store.read().newest) < SETTINGS.plans:
            failed = [process.args for process in running if process.poll() is not None]
            if stopping.wait(0.5):
                return
            if failed or time.monotonic() > ends:
                raise SystemExit(f"at plan {newest}: {failed or 'too slow'}")
        stopping.wait(LINGER_S)
    finally:
        end(running)


def end(running: list[subprocess.Popen[bytes]]) -> None:
    """Ask them to end, and make those end that do not."""
    for process in running:
        process.terminate()
    ends = time.monotonic() + END_S
    for process in running:
        try:
            process.wait(max(0.0, ends - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
