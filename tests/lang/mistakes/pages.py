"""docs/errors.md, made from the table of codes and the catalogue of mistakes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from textwrap import indent

from tests.lang.mistakes.catalogue import ENTRIES
from tests.lang.mistakes.shapes import Mistake

from speccheck.errors import SpecError
from speccheck.lang.codes import CODES

SHOWN = 3
"""So many entries of one code are shown at most; the others are told alike."""

HEAD = """# Errors, and the spelling that works

Every error about a specification has a code in brackets, which never changes: `error[code]: what is wrong`, then the
line it is about with a caret, then the way out. This page has all codes in alphabetical order: what each means, and
for those that people meet most, what they wrote, what speccheck says of it, and the spelling that works.
`s` is the state and `c` the context of an action.

This page is made from the tests, which capture every spelling on it.
"""


def page(errors: Mapping[str, SpecError]) -> str:
    """The whole page, from the error of each entry by its name."""
    found: dict[str, list[Mistake]] = defaultdict(list)
    for entry in ENTRIES:
        found[errors[entry.name].code].append(entry)
    parts = [HEAD]
    for code, meaning in sorted(CODES.items()):
        parts.append(f"## {code}\n\n{meaning[0].upper()}{meaning[1:]}.\n")
        parts += [_shown(entry, errors[entry.name]) for entry in found[code][:SHOWN]]
    return "\n".join(parts)


def _shown(entry: Mistake, error: SpecError) -> str:
    hint = error.hint.replace("\n", " ")
    return (
        f"```python\n# wrong\n{entry.wrong}\n```\n\n{_quoted(error.message)}\n\n"
        f"{_quoted('help: ' + hint) if hint else ''}\n\n```python\n# right\n{entry.right}\n```\n"
    ).replace("\n\n\n\n", "\n\n")


def _quoted(text: str) -> str:
    return indent(text, "    ")
