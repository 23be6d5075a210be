"""From the text of a module to its rewritten code: parsed once, transformed, compiled under the author's file name."""

from __future__ import annotations

import ast
import io
import tokenize
from types import CodeType

from speccheck.lang.rewriting.statements import Statements

_BLANK = frozenset({tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT})


def rewritten(source: bytes | str, filename: str) -> CodeType:
    """The code of a rewritten module; raises SyntaxError as `compile` does."""
    tree = ast.parse(source, filename)
    return compile(transformed(tree, source), filename, "exec", dont_inherit=True)


def transformed(tree: ast.Module, source: bytes | str) -> ast.Module:
    """The tree of a module, rewritten in place."""
    module = Statements(Brackets(source).bare).visit(tree)
    assert isinstance(module, ast.Module)
    return ast.fix_missing_locations(module)


class Brackets:
    """Tells whether an operand of a comparison stands in parentheses of its own."""

    def __init__(self, source: bytes | str) -> None:
        self._source = source
        self._tokens: list[tokenize.TokenInfo] | None = None
        self._lines: list[str] = []

    def bare(self, operand: ast.expr, is_first: bool) -> bool:
        """Whether the operand has none: before the first no operator tells, so what follows it does."""
        tokens = self._read()
        if is_first:
            end = (operand.end_lineno or 0, self._column(operand.end_lineno or 0, operand.end_col_offset or 0))
            following = next((t for t in tokens if t.start >= end), None)
            return following is None or following.string != ")"
        start = (operand.lineno, self._column(operand.lineno, operand.col_offset))
        before = [t for t in tokens if t.end <= start]
        return not before or before[-1].string != "("

    def _read(self) -> list[tokenize.TokenInfo]:
        if self._tokens is None:
            source = self._source.encode() if isinstance(self._source, str) else self._source
            found = tokenize.tokenize(io.BytesIO(source).readline)
            self._tokens = [t for t in found if t.type not in _BLANK and t.type != tokenize.ENCODING]
            encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
            self._lines = source.decode(encoding).splitlines(keepends=True)
        return self._tokens

    def _column(self, line: int, utf8: int) -> int:
        """A column of the tree, in bytes of UTF-8, as one of the tokens, in characters."""
        return len(self._lines[line - 1].encode()[:utf8].decode(errors="ignore"))
