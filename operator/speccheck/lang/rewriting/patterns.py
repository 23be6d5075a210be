"""The patterns of a `match`, written twice: as a function that Python matches with, and as data for expressions."""

from __future__ import annotations

import ast

from speccheck.lang.rewriting.expressions import hook, later, placed, text

_SUBJECT = "_speccheck_subject"


def captured(pattern: ast.pattern) -> list[str]:
    """The names that a pattern binds, in order."""
    found: dict[str, None] = {}
    for node in ast.walk(pattern):
        name = getattr(node, "name", None) if isinstance(node, ast.MatchAs | ast.MatchStar) else None
        name = node.rest if isinstance(node, ast.MatchMapping) else name
        if name is not None:
            found[name] = None
    return list(found)


def python_case(name: str, case: ast.match_case, names: list[str]) -> ast.FunctionDef:
    """`def name(subject):` that gives the values of the pattern's names where it matches, else None."""
    values: ast.expr = ast.Tuple([ast.Name(n, ast.Load()) for n in names], ast.Load())
    matching = ast.Match(
        ast.Name(_SUBJECT, ast.Load()), [ast.match_case(case.pattern, None, [ast.Return(values)])]
    )  # fmt: skip
    arguments = ast.arguments([], [ast.arg(_SUBJECT)], None, [], [], None, [])
    made = ast.FunctionDef(name, arguments, [matching], [])
    made.type_params = []  # type: ignore[attr-defined,unused-ignore]
    found = ast.copy_location(made, case.pattern)
    assert isinstance(found, ast.FunctionDef)
    return ast.fix_missing_locations(found)


def as_data(pattern: ast.pattern) -> ast.expr:
    """The pattern as an expression that makes its description, to be evaluated where its names are known."""
    return later(_located(_data(pattern), pattern))


def _located(made: ast.expr, pattern: ast.pattern) -> ast.expr:
    ast.copy_location(made, pattern)
    return ast.fix_missing_locations(made)


def _tuple(patterns: list[ast.pattern]) -> ast.expr:
    return ast.Tuple([_located(_data(each), each) for each in patterns], ast.Load())


def _data(pattern: ast.pattern) -> ast.expr:
    match pattern:
        case ast.MatchAs(None, name):
            return hook("Anything", text(name))
        case ast.MatchAs(ast.pattern() as inner, str(name)):
            return hook("Named", _data(inner), text(name))
        case ast.MatchValue(value):
            return hook("Equal", value)
        case ast.MatchSingleton(value):
            return hook("Other", text(str(value))) if value is None else hook("Equal", text(value))
        case ast.MatchOr(patterns):
            return hook("Either", _tuple(patterns))
        case ast.MatchSequence(patterns) if not any(isinstance(p, ast.MatchStar) for p in patterns):
            return hook("Sequence", _tuple(patterns))
        case ast.MatchClass(cls, patterns, names, inner_patterns):
            fields = [
                ast.Tuple([text(name), _located(_data(each), each)], ast.Load())
                for name, each in zip(names, inner_patterns, strict=True)
            ]
            return hook("OfClass", cls, _tuple(patterns), ast.Tuple(list(fields), ast.Load()))
        case ast.MatchMapping():
            return hook("Other", text("a mapping pattern"))
        case _:
            return hook("Other", text("a pattern with a star"))


__all__ = ["as_data", "captured", "placed", "python_case"]
