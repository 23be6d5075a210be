"""What the controller's processes read from their environment."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass

from zones import Rules


@dataclass(frozen=True)
class Settings:
    """`unsafe` is the switch. Times are seconds; `pause_s` is the usual one between two writes, `stall_s` a long one,
    which comes once in `stall_every` times, and is longer than a lock that is not renewed is respected."""

    namespace: str
    zone: str
    rules: Rules
    period_s: float
    plans: int
    pause_s: float
    stall_s: float
    stall_every: int
    lock_timeout_s: float

    def pause(self) -> float:
        """How long the deployer is slow this time."""
        stalls = random.randrange(self.stall_every) == 0
        return random.uniform(0.5, 1.5) * (self.stall_s if stalls else self.pause_s)


def settings() -> Settings:
    """From DNS_UNSAFE (the switch: 1 takes both remedies away), DNS_ZONE, DNS_NAMESPACE and the others."""

    def number(name: str, usual: float) -> float:
        return float(os.environ.get(f"DNS_{name}", usual))

    return Settings(
        namespace=os.environ.get("DNS_NAMESPACE", "default"),
        zone=os.environ.get("DNS_ZONE", "api"),
        rules=Rules(safe=os.environ.get("DNS_UNSAFE", "0") != "1"),
        period_s=number("PERIOD_S", 0.05),
        plans=int(number("PLANS", 1000)),
        pause_s=number("PAUSE_S", 0.01),
        stall_s=number("STALL_S", 0.5),
        stall_every=int(number("STALL_EVERY", 6)),
        lock_timeout_s=number("LOCK_TIMEOUT_S", 0.2),
    )
