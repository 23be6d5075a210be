"""What a program did, said by the program itself: one event for each action of its spec, for speccheck to hold it to.

    from speccheck import observe

    observe.action("deployer_apply", deployer="d1", zone="example.org")

Sends an OpenTelemetry log record with an event name, through whatever provider the program has set up; where it has
none, a call costs next to nothing and sends nothing. Uses OpenTelemetry's API alone, and nothing of the rest of
speccheck: what is measured is not to depend on what measures. It does not load the API either: who sets up a provider
has loaded it, and where nobody has, there is nothing to send to. docs/instrumentation.md says when to call it, and how
to do the same in another language.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from itertools import count
from threading import Lock
from time import time_ns
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from opentelemetry._logs import Logger

__all__ = ["PROCESS", "SEQ", "Observer", "Value", "action"]

SEQ = "speccheck.seq"
"""The attribute in which events are numbered: 1, 2, 3 …, in each process."""

PROCESS = "speccheck.process"
"""The attribute that tells one process from its next, or from its fork: whatever is another each time."""

SCOPE = "speccheck.observe"

_API = "opentelemetry._logs"
_CHOSEN = "OTEL_PYTHON_LOGGER_PROVIDER"
"""The variable by which a provider is chosen without the program's doing: then the API is loaded here."""

Value: TypeAlias = "str | bool | int | float | bytes | Sequence[Value] | Mapping[str, Value] | None"
"""What an attribute may be: what OpenTelemetry takes, nested as it likes. Integers of 64 bits."""


class Observer:
    """Says what happens, in numbered events. A process has one, behind this module's `action`.

    `logger` is where they go; by default that of the process's provider.
    """

    def __init__(self, logger: Logger | None = None) -> None:
        self._logger: Any = logger
        self._severity: Any = None
        if _CHOSEN in os.environ:
            self._listen()
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self._numbers = count(1)
        self._process = os.urandom(8).hex()
        self._turn = Lock()

    def _listen(self) -> None:
        """Get what sending takes; waits where another thread is just loading the API."""
        api = import_module(_API)
        self._logger = self._logger or api.get_logger(SCOPE)
        self._severity = api.SeverityNumber.INFO

    def action(self, name: str, /, **attributes: Value) -> None:
        """Say that an action has just happened, with its arguments.

        `name` is what the mapping looks for in `event.name`, the arguments are in `event.attributes`.
        """
        if self._severity is None:
            if _API not in sys.modules:
                return
            self._listen()
        logger, severity = self._logger, self._severity
        if not logger.enabled(severity_number=severity, event_name=name):
            return
        with self._turn:  # a later number, a later time
            number, now = next(self._numbers), time_ns()
        logger.emit(
            timestamp=now,
            severity_number=severity,
            event_name=name,
            attributes={**attributes, SEQ: number, PROCESS: self._process},
        )


_OBSERVER = Observer()


def action(name: str, /, **attributes: Value) -> None:
    """Say that an action has just happened, with its arguments: `action("enact", deployer="d1", plan=7)`.

    Call it when the action has taken effect, once for each step of the spec. `name` is what the mapping looks for in
    `event.name`, the arguments are in `event.attributes`.
    """
    _OBSERVER.action(name, **attributes)
