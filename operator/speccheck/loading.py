"""From a path to a Model: the one module that executes an author's code.

Takes a file, or a directory NAME that holds NAME.py; executes the entry module, and the modules beside it
that it imports, once, in this process; gives the captured Model. Modules are forgotten afterwards, so
the same files can be loaded again.
"""

from __future__ import annotations

import contextlib
import importlib
import linecache
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from speccheck.digests import source_digest
from speccheck.entries import Loaded, entry_file
from speccheck.errors import InternalError, ModelError, Span, SpecError, UsageError
from speccheck.ir.models import Model
from speccheck.lang.branches import check_branches
from speccheck.lang.capture import begin, capture_namespace
from speccheck.lang.declarations import CoverageDeclaration
from speccheck.lang.mishaps import told
from speccheck.lang.rewriting.modules import SpecFinder, module_from
from speccheck.lang.rewriting.sources import rewritten
from speccheck.lang.spans import source_line

RECURSION_LIMIT = 10_000
"""Python's limit while a spec is captured: expressions may be nested deeper than programs usually are."""


def load(path: Path | str, watches: Sequence[str] = ()) -> Loaded:
    """Execute and capture the spec at a path.

    `watches` are expressions of the state `s`, written as in the spec; they become coverage functions `watch 1`,
    `watch 2`, … of the Model, so that their values can be told of states. The Model is another one with them.

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
                _watch(vars(module), watches, root)
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


@contextmanager
def _importable(root: Path) -> Iterator[set[str]]:
    """Modules beside the spec can be imported meanwhile, leave no bytecode, and are forgotten."""
    before, bytecode, limit = set(sys.modules), sys.dont_write_bytecode, sys.getrecursionlimit()
    finder = SpecFinder(root)
    sys.path.insert(0, str(root))
    sys.meta_path.insert(0, finder)
    sys.dont_write_bytecode = True
    sys.setrecursionlimit(max(limit, RECURSION_LIMIT))
    importlib.invalidate_caches()
    try:
        yield before
    finally:
        sys.path.remove(str(root))
        sys.meta_path.remove(finder)
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
    return module_from(entry, name)


def _watch(namespace: dict[str, Any], texts: Sequence[str], root: Path) -> None:
    """Adds expressions of the state to an executed module, as coverage functions."""
    for number, text in enumerate(texts, start=1):
        name = f"watch {number}"
        source, file = f"def watch(s): return (\n{text}\n)\n", str(root / f"--{name}")
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        scope = dict(namespace)
        exec(rewritten(source.encode(), file), scope)  # noqa: S102 - as much the author's code as the module is
        scope["watch"].__name__ = name
        namespace[name] = CoverageDeclaration(scope["watch"])


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
    told = SpecError("syntax-error", error.msg or "invalid syntax", hint=_syntax(error), span=span, source_line=text)
    return _relative(told, root)


def _syntax(error: SyntaxError) -> str:
    """The way out of what Python cannot read."""
    match error:
        case TabError() | IndentationError():
            return "indent each block by four spaces, without tabs"
        case SyntaxError(msg=str(message)) if "codec can't decode" in message:
            return "save the file as UTF-8"
        case SyntaxError(text=str(text)) if text.lstrip().startswith("print "):
            return "nothing has a value yet; values are seen in paths: speccheck explain PATH --watch 's.x'"
        case _:
            return "Python cannot read this line, or the one before it"


def _raised(error: BaseException, root: Path) -> SpecError:
    frame = _last_frame(error, root)
    names = [] if frame is None else [*frame.f_locals, *frame.f_globals]
    beside = sorted(file.stem for file in root.glob("*.py"))
    shown = [name for name in names if not name.startswith("_")]
    return _relative(told(error, _last_place(error, root), shown, beside), root)


def _last_frame(error: BaseException, root: Path) -> FrameType | None:
    """The innermost frame in the author's own files."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return next((f for f in reversed(frames) if Path(f.f_code.co_filename).is_relative_to(root)), None)


def _last_place(error: BaseException, root: Path) -> Span | None:
    """The innermost place in the author's own files."""
    found = None
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename).is_relative_to(root) and frame.lineno is not None:
            line = linecache.getline(frame.filename, frame.lineno).encode()
            found = Span(frame.filename, frame.lineno, len(line[: frame.colno or 0].decode(errors="ignore")) + 1)
    return found


__all__ = ["Loaded", "capture", "entry_file", "load"]
