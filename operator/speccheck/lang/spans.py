"""Where in the author's files an expression or statement was written.

A recording remembers, for every node made while it is on, the first frame outside speccheck: file,
line, and column in characters. It also keeps the nodes alive, so that an id stands for one node.
"""

from __future__ import annotations

import ast
import contextlib
import enum
import functools
import linecache
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import TypeVar

from speccheck.errors import InternalError, Span, SpecError
from speccheck.lang.codes import CODES

Node = TypeVar("Node")

_PACKAGE = str(Path(__file__).resolve().parent.parent)
_STANDARD = frozenset(str(m.__file__) for m in (contextlib, enum, functools, typing))
_positions: dict[CodeType, list[tuple[int | None, int | None, int | None, int | None]]] = {}
_recorded: dict[int, tuple[object, Span]] = {}
_errors: list[SpecError] = []
_placed: list[SpecError] = []
_roots: list[str] = []


def author_frame() -> FrameType | None:
    """The innermost frame that runs code outside this package; None where there is none."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not is_authors(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def is_authors(filename: str) -> bool:
    """Whether a file is the author's: under the root of the capture, where there is one."""
    return filename.startswith(_roots[-1]) if _roots else not _is_ours(filename)


def _is_ours(filename: str) -> bool:
    return filename.startswith((_PACKAGE, "<frozen", "<string")) or filename in _STANDARD


def here() -> Span | None:
    """The place in the author's file that is running; None outside of any."""
    frame = author_frame()
    return None if frame is None else frame_span(frame)


def frame_span(frame: FrameType) -> Span:
    """The place a frame has come to."""
    code = frame.f_code
    if code not in _positions:
        _positions[code] = list(code.co_positions())
    found = _positions[code][frame.f_lasti // 2] if frame.f_lasti >= 0 else (None,) * 4
    line, column = found[0] or frame.f_lineno, found[2] or 0
    return Span(code.co_filename, line, _characters(code.co_filename, line, column) + 1)


def _characters(filename: str, line: int, utf8_column: int) -> int:
    text = linecache.getline(filename, line)
    return len(text.encode()[:utf8_column].decode(errors="ignore")) if text else utf8_column


def called_by_author() -> bool:
    """While a spec is captured: whether the caller of whoever asks is the author's own code, not a debugger's."""
    return bool(_roots) and is_authors(sys._getframe(2).f_code.co_filename)


def function_span(code: CodeType) -> Span:
    """Where a function begins."""
    return Span(code.co_filename, code.co_firstlineno, 1)


def node_span(filename: str, node: ast.expr | ast.stmt) -> Span:
    """Where a node of a file's syntax tree begins."""
    return Span(filename, node.lineno, _characters(filename, node.lineno, node.col_offset) + 1)


def class_span(cls: type) -> Span | None:
    """Where a class is written; None where its source cannot be read."""
    found = _written(cls)
    return None if found is None else Span(found[0], found[1].lineno, found[1].col_offset + 1)


def field_span(cls: type, name: str) -> Span | None:
    """Where a field of a class is annotated; that of the class where it is not."""
    found = _written(cls)
    if found is None:
        return None
    for each in found[1].body:
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name) and each.target.id == name:
            return node_span(found[0], each)
    return class_span(cls)


def _written(cls: type) -> tuple[str, ast.ClassDef] | None:
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    if file is None:
        return None
    found = _classes("".join(linecache.getlines(file))).get(cls.__name__)
    return None if found is None else (file, found)


@functools.lru_cache(maxsize=16)
def _classes(source: str) -> dict[str, ast.ClassDef]:
    """The classes of a source text by name; of several of a name the first, outermost."""
    found: dict[str, ast.ClassDef] = {}
    for each in ast.walk(ast.parse(source)):
        if isinstance(each, ast.ClassDef):
            found.setdefault(each.name, each)
    return found


@contextlib.contextmanager
def placed_at(span: Span | None) -> Iterator[None]:
    """An error made in here is shown at this place, unless it has been placed so further inside."""
    try:
        yield
    except SpecError as error:
        if span is not None and error not in _placed:
            error.span, error.source_line = span, source_line(span)
            _placed.append(error)
        raise


def source_line(span: Span | None) -> str:
    """The line of text a span points into, without its end; empty where the file cannot be read."""
    return "" if span is None else linecache.getline(span.path, span.line).rstrip("\n")


def recorded(node: Node) -> Node:
    """The node itself, its place remembered."""
    span = here()
    if span is not None:
        _recorded[id(node)] = (node, span)
    return node


def copied(node: Node, origin: object) -> Node:
    """The node itself, with the place of another remembered for it."""
    found = _recorded.get(id(origin))
    if found is not None:
        _recorded[id(node)] = (node, found[1])
    return node


def span_of(node: object) -> Span | None:
    """Where a recorded node was written."""
    found = _recorded.get(id(node))
    return None if found is None else found[1]


def recorded_count() -> int:
    """How many nodes have been recorded."""
    return len(_recorded)


def forget(root: str = "") -> None:
    """Drop everything recorded; spans of nodes made before are lost.

    From here on only code in files under `root` is an author's (empty: any code outside of speccheck).
    """
    _roots[:] = [root] if root else []
    _recorded.clear()
    _errors.clear()
    _placed.clear()
    _positions.clear()


def spec_error(code: str, message: str, hint: str = "", span: Span | None = None) -> SpecError:
    """A SpecError at the given place, or else where the author's code is running."""
    if code not in CODES:
        raise InternalError(f"the code {code!r} is not listed in lang/codes.py")
    at = span or here()
    error = SpecError(code, message, hint=hint, span=at, source_line=source_line(at))
    _errors.append(error)
    return error


@contextlib.contextmanager
def attempted() -> Iterator[None]:
    """In here a SpecError is not the author's mistake: the caller asks whether something can be made, and copes."""
    before = len(_errors)
    try:
        yield
    finally:
        del _errors[before:]


def first_error() -> SpecError | None:
    """The first error made since `forget`, also where the author's code has caught it and gone on."""
    return _errors[0] if _errors else None
