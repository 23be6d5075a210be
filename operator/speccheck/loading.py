"""From a path to a Model: the one module that executes an author's code.

Takes a file, or a directory NAME that holds NAME.py; executes the entry module, and the modules beside it
that it imports, once, in this process; gives the captured Model. Modules are forgotten afterwards, so
the same files can be loaded again.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib.util
import linecache
import os
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from speccheck.digests import source_digest
from speccheck.errors import InternalError, ModelError, Span, SpecError, UsageError
from speccheck.ir.models import Model
from speccheck.lang.branches import check_branches
from speccheck.lang.capture import begin, capture_namespace
from speccheck.lang.spans import source_line

MAX_FILE_BYTES = 4 << 20
"""A larger source file is refused."""

RECURSION_LIMIT = 10_000
"""Python's limit while a spec is captured: expressions may be nested deeper than programs usually are."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A captured spec: its Model, the digest of the files that were executed, and their names."""

    model: Model
    source_digest: str
    files: tuple[str, ...]


def load(path: Path | str) -> Loaded:
    """Execute and capture the spec at a path.

    Raises UsageError where there is no such file, SpecError (file, line, column relative to the
    spec's directory) where the specification is wrong.
    """
    entry = entry_file(Path(path))
    root = entry.parent
    begin(str(root) + os.sep)
    linecache.checkcache()
    with _importable(root) as before:
        try:
            with contextlib.redirect_stdout(sys.stderr):
                module = _executed(entry)
                for file in _author_files(root, before, entry):
                    check_branches(file)
                model = capture_namespace(vars(module), entry)
        except SpecError as error:
            raise _relative(error, root) from error.__cause__
        except SyntaxError as error:
            raise _syntax_error(error, root) from None
        except (ModelError, InternalError, UsageError):
            raise
        except (Exception, SystemExit) as error:
            raise _raised(error, root) from error
        read = _files_read(root, before, entry)
    begin()
    return Loaded(model, source_digest(read), tuple(read))


def capture(path: Path | str) -> Model:
    """The Model of the spec at a path; raises as `load` does."""
    return load(path).model


def entry_file(path: Path) -> Path:
    """The entry module of a path: the file itself, or NAME/NAME.py of a directory NAME.

    Raises UsageError where there is none.
    """
    found = path.resolve()
    if found.is_dir():
        inner = found / f"{found.name}.py"
        if not inner.is_file():
            raise UsageError(f"{path} is a directory without {found.name}.py; name the file to check")
        found = inner
    if not found.is_file():
        raise UsageError(f"no such file: {path}")
    if found.suffix != ".py":
        raise UsageError(f"{path} is not a Python file (.py)")
    if found.stat().st_size > MAX_FILE_BYTES:
        raise UsageError(f"{path} is larger than {MAX_FILE_BYTES} bytes")
    return found


@contextmanager
def _importable(root: Path) -> Iterator[set[str]]:
    """Modules beside the spec can be imported meanwhile, leave no bytecode, and are forgotten."""
    before, bytecode, limit = set(sys.modules), sys.dont_write_bytecode, sys.getrecursionlimit()
    sys.path.insert(0, str(root))
    sys.dont_write_bytecode = True
    sys.setrecursionlimit(max(limit, RECURSION_LIMIT))
    importlib.invalidate_caches()
    try:
        yield before
    finally:
        sys.path.remove(str(root))
        sys.dont_write_bytecode = bytecode
        sys.setrecursionlimit(limit)
        for name in set(sys.modules) - before:
            if _is_under(sys.modules[name], root):
                del sys.modules[name]


def _is_under(module: ModuleType, root: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).is_relative_to(root)


def _executed(entry: Path) -> ModuleType:
    name = entry.stem if entry.stem not in sys.modules else f"speccheck_entry_{entry.stem}"
    found = importlib.util.spec_from_file_location(name, entry)
    if found is None or found.loader is None:
        raise UsageError(f"{entry} cannot be imported")
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module
    found.loader.exec_module(module)
    return module


def _author_files(root: Path, before: set[str], entry: Path) -> list[Path]:
    """The entry file and the modules beside it that were imported since, sorted."""
    imported = (sys.modules[name] for name in set(sys.modules) - before)
    return sorted({entry, *(Path(str(m.__file__)) for m in imported if _is_under(m, root))})


def _files_read(root: Path, before: set[str], entry: Path) -> dict[str, bytes]:
    return {f.relative_to(root).as_posix(): f.read_bytes() for f in _author_files(root, before, entry)}


def _relative(error: SpecError, root: Path) -> SpecError:
    if error.span is None:
        return error
    if not error.source_line:
        error.source_line = source_line(error.span)
    path = Path(error.span.path)
    if path.is_relative_to(root):
        error.span = replace(error.span, path=path.relative_to(root).as_posix())
    return error


def _syntax_error(error: SyntaxError, root: Path) -> SpecError:
    text = (error.text or "").rstrip("\n")
    span = Span(error.filename or "", error.lineno or 1, error.offset or 1)
    return _relative(SpecError("syntax-error", error.msg or "invalid syntax", span=span, source_line=text), root)


def _raised(error: BaseException, root: Path) -> SpecError:
    span = _last_place(error, root)
    message, hint = f"{type(error).__name__}: {error}".rstrip(": "), ""
    unknown = re.match(r"cannot import name '(.+?)' from 'speccheck'", str(error))
    if isinstance(error, ImportError) and unknown:
        message = f"speccheck has no {unknown[1]!r}"
        known = sys.modules["speccheck"].__all__
        close = difflib.get_close_matches(unknown[1], known, n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else f"it has {', '.join(known)}"
        return _relative(SpecError("unknown-name", message, hint=hint, span=span), root)
    if isinstance(error, RecursionError):
        hint = "expressions are nested too deeply: fold with a binder (Forall, Exists, reduce) instead of a Python loop"
    return _relative(SpecError("raised", f"the specification raised {message}", hint=hint, span=span), root)


def _last_place(error: BaseException, root: Path) -> Span | None:
    """The innermost place in the author's own files."""
    found = None
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename).is_relative_to(root) and frame.lineno is not None:
            found = Span(frame.filename, frame.lineno, (frame.colno or 0) + 1)
    return found


__all__ = ["Loaded", "capture", "entry_file", "load"]
