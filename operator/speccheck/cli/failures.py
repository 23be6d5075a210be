"""Exceptions → a message on standard error (or one JSON object) and an exit status.

No exception leaves a command: what speccheck raises on purpose is told in its own words, anything
else is a fault of speccheck and says how to report it.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable

from speccheck.cli import statuses
from speccheck.cli.outputs import note, silence, write_json
from speccheck.errors import EngineError, InternalError, ModelError, SpeccheckError, SpecError
from speccheck.rendering.json import error_json, failure_json

TRACEBACK_VARIABLE = "SPECCHECK_TRACEBACK"
"""Set to anything, it adds Python's whole traceback to the message on a fault of speccheck."""


def guarded(action: Callable[[], int], *, as_json: bool = False) -> int:
    """The action's exit status, or that of the exception it raised, which is reported here."""
    try:
        return action()
    except SpecError as error:
        note(str(error))
        if as_json:
            write_json(error_json(error))
        return statuses.SPEC_WRONG
    except KeyboardInterrupt:
        return _refused("interrupted", "interrupted: nothing was decided", statuses.UNDECIDED, as_json=as_json)
    except BrokenPipeError:
        silence(sys.stdout)
        return statuses.FAILED
    except InternalError as error:
        return _fault(error, as_json=as_json)
    except SpeccheckError as error:
        return _refused(_code(error), str(error), statuses.FAILED, as_json=as_json)
    except MemoryError:
        message = "the machine has no memory left for this; bound it with --memory, or check a smaller instance"
        return _refused("environment", message, statuses.FAILED, as_json=as_json)
    except OSError as error:
        return _refused("environment", _system_text(error), statuses.FAILED, as_json=as_json)
    except ModuleNotFoundError as error:
        return _missing(error, as_json=as_json)
    except Exception as error:  # noqa: BLE001 - the last resort before Python's own exit status
        return _fault(error, as_json=as_json)


def _code(error: SpeccheckError) -> str:
    match error:
        case ModelError():
            return "malformed-input"
        case EngineError():
            return "environment"
        case _:
            return "usage"


def _system_text(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def _refused(code: str, message: str, status: int, *, as_json: bool) -> int:
    note(message if code == "interrupted" else f"error: {message}")
    if as_json:
        write_json(failure_json(code, message))
    return status


def _missing(error: ModuleNotFoundError, *, as_json: bool) -> int:
    """What talks to clusters is not among the packages that everybody needs."""
    package = (error.name or "").partition(".")[0]
    if not package or package == __name__.partition(".")[0]:
        return _fault(error, as_json=as_json)
    message = f"this command needs the package {package}, which is not installed: pip install 'speccheck[operator]'"
    return _refused("environment", message, statuses.FAILED, as_json=as_json)


def _fault(error: Exception, *, as_json: bool) -> int:
    message = f"a fault of speccheck itself: {type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    lines = [f"error: {message}", *(f"  in {frame.name} ({frame.filename}:{frame.lineno})" for frame in frames)]
    lines.append("Please report this, with the specification and the command that show it.")
    if os.environ.get(TRACEBACK_VARIABLE):
        lines += traceback.format_exception(error)
    else:
        lines.append(f"For the whole traceback run it again with {TRACEBACK_VARIABLE}=1.")
    note("\n".join(lines))
    if as_json:
        write_json(failure_json("internal", message))
    return statuses.FAILED
