"""On what machine something was measured, and how much memory this process has."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path


def machine() -> str:
    """Cores, processor, Python."""
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    name = found[1] if found else platform.machine()
    return f"{os.cpu_count()} cores, {name}; Python {platform.python_version()}"


def resident_mib() -> float:
    """Resident memory."""
    found = re.search(r"^VmRSS:\s*(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None, "no /proc here"
    return int(found[1]) / 1024
