"""The traps of capturing plain Python: size, rebound locals, metaprogramming, the order of sets, the place of errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.lang.rewriting.samples import DECLARATIONS, invariant, step
from tests.lang.specs import HEADER, Author

from speccheck.ir.models import Model
from speccheck.ir.nodes import Block, blocks, children, expressions
from speccheck.ir.text import model_text
from speccheck.reports import Verdict


def _size(model: Model) -> int:
    """How many different nodes and statements a model has."""
    seen: set[int] = set()
    waiting: list[object] = [p.body for p in model.properties] + [f.body for f in model.functions]

    def block(statements: Block) -> None:
        for statement in statements:
            seen.add(id(statement))
            waiting.extend(expressions(statement))
            for inner in blocks(statement):
                block(inner)

    block(model.step.block)
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            waiting.extend(children(node))  # type: ignore[arg-type]
    return len(seen)


ROWS = {
    "rebinding in a function": ("def f(s):\n    k = s.x\n{rows}    return k\n", "    if k > {n}:\n        k = k + s.y\n"),
    "returning from a function": ("def f(s):\n{rows}    return 0\n", "    if s.x == {n}:\n        return {n}\n"),
    "returning from nested arms": (
        "def f(s):\n{rows}    return 0\n",
        "    if s.x > {n}:\n        if s.y == {n}:\n            return {n}\n",
    ),
    "both arms": ("def f(s):\n    k = 0\n{rows}    return k\n", "    if s.x > {n}:\n        k += 1\n    else:\n        k -= s.y\n"),
    "a long elif": (
        "def f(s):\n    if s.x < 0:\n        return -1\n{rows}    return 0\n",
        "    elif s.x == {n}:\n        return {n}\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", ROWS)
@pytest.mark.parametrize("where", ["an invariant", "a step"])
def test_thirty_ifs_in_a_row_cost_what_their_lines_cost(author: Author, what: str, where: str) -> None:
    function, row = ROWS[what]
    sizes = []
    for count in (10, 20, 30):
        text = function.format(rows="".join(row.format(n=n) for n in range(count)))
        used = step("c.assume(s.m[1] == f(s))") if where == "a step" else step("pass") + invariant("f(s) > 0")
        sizes.append(_size(author.model(DECLARATIONS + text + used)))
    assert sizes[2] - sizes[1] == sizes[1] - sizes[0]
    assert sizes[2] < 30 * 30


def test_thirty_splits_in_a_step_are_thirty_statements(author: Author) -> None:
    rows = "\n".join(f"if s.x > {n}:\n    s.m[{n}] = {n}\nelif s.y == {n}:\n    s.l[0] = {n}" for n in range(30))
    assert len(author.model(DECLARATIONS + step(rows)).step.block) == 30


def test_locals_made_of_what_a_branch_has_assigned_are_told_after_it(author: Author) -> None:
    body = (
        "c.assume(s.x == 0)\nif s.t:\n    s.m[1] = 5\n    early = s.m[1]\n    s.m[1] = 6\n    s.x = 3\n    late = s.m[1] + s.x\n"
        "    total = sum(s.m[k] for k in s.m.keys)\nelse:\n    early = late = total = 0\ns.y = early * 100 + late * 10 + total"
    )
    text = DECLARATIONS + step(body) + invariant("s.x == 0 or s.y == 500 + 90 + 10")
    assert author.results(text)["p"].verdict is Verdict.HOLDS


def test_the_second_arm_does_not_see_what_the_first_has_bound(author: Author) -> None:
    body = "k = 1\nc.assume(s.y == 0)\nif s.x > 0:\n    k = k + 10\nelse:\n    k = k + 100\ns.y = k"
    assert author.results(DECLARATIONS + step(body) + invariant("s.y in (0, 101)"))["p"].verdict is Verdict.HOLDS


def test_writes_on_a_way_that_returned_do_not_forbid_writes_on_the_others(author: Author) -> None:
    body = (
        "if s.t:\n    if s.x == 0:\n        s.x = 1\n        return\nelif s.y == 0:\n    s.x = 3\n    return\ns.x = 2"
    )
    text = DECLARATIONS + step(body) + invariant("s.x <= 2") + "@example\ndef two(s: S):\n    return s.x == 2\n"
    assert {name: found.verdict for name, found in author.results(text).items()} == {
        "p": Verdict.HOLDS,
        "two": Verdict.HOLDS,
    }


METAPROGRAMMING = """
def at_most(limit):
    def holds(s: S):
        if limit > 5:
            return s.x <= limit and s.t
        return 0 <= s.x <= limit
    holds.__name__ = f"at_most_{limit}"
    return invariant(holds)

for limit in (1, 9):
    globals()[f"at_most_{limit}"] = at_most(limit)

del limit

Made = type("Made", (), {"twice": staticmethod(lambda x: x * 2 if x > 0 else 0)})
exec("def plus(x):\\n    return x + 1")

def both(*conditions):
    return lambda s: all(c(s) for c in conditions)

@invariant
def p(s: S):
    return both(lambda s: s.x < 9, lambda s: Made.twice(s.x) >= 0 and plus(s.x) > 0)(s)
"""


def test_metaprogramming_is_kept(author: Author) -> None:
    results = author.results(DECLARATIONS + step("c.assume(s.x < 1)\ns.x += 1") + METAPROGRAMMING)
    assert {name: found.verdict for name, found in results.items()} == {
        "at_most_1": Verdict.HOLDS,
        "at_most_9": Verdict.HOLDS,
        "p": Verdict.HOLDS,
    }


ERRORS = {
    "a long `and`": ("return (s.t\n        and s.y == 0\n        and s.z == 1)", "s.z"),
    "a chained comparison": ("return 0 < (\n        s.x) < s.z", "s.z"),
    "a comprehension": ("return all(\n        x > s.z\n        for x in s.s if x > 1)", "s.z"),
    "an arm": ("if s.t:\n        return s.x > s.z\n    return s.t", "s.z"),
    "characters": ("return 'ä' == 'ö' or s.t and s.z == 1", "s.z"),
    "a case": ("match s.pc:\n        case PC.A:\n            return s.z\n    return s.t", "s.z"),
}


@pytest.mark.parametrize("what", ERRORS)
def test_an_error_points_at_the_authors_characters(author: Author, what: str) -> None:
    body, place = ERRORS[what]
    error = author.error(DECLARATIONS + step("pass") + f"@invariant\ndef p(s: S):\n    {body}\n")
    assert error.code == "no-such-variable"
    assert error.span is not None
    assert error.source_line[error.span.column - 1 :].startswith(place)


def test_an_evaluation_error_points_at_the_operation(author: Author) -> None:
    text = DECLARATIONS + step("if s.t:\n    k = s.m[s.x]\n    s.y = k")
    results = author.results(text + invariant("s.t"))
    failure = results["p"].error
    assert failure is not None
    line, column = map(int, failure.place.split(":")[-2:])
    assert author.write(text).read_text().splitlines()[line - 1][column - 1 :] == "s.m[s.x]"


SETS = """
names = {"b", "a", "c", (1, "x"), 3, PC.B, PC.A, frozenset({"q", "r"})}
order = [repr(x) if not isinstance(x, frozenset) else sorted(x) for x in names]
drawn = [*{"k", "j"}, *list({"z", "y"}), *(x for x in {"p", "o"}), *enumerate({"n", "m"}), {"w", "v"}.pop()]
first, second = {"s", "t"}
joined = ",".join({"g", "h", "f"})
"""


@pytest.mark.parametrize("seed", ["0", "1", "2"])
def test_python_sets_are_gone_through_in_one_order(author: Author, seed: str) -> None:
    text = SETS + "print(order, drawn, first, second, joined, file=__import__('sys').stderr)\n"
    path = author.write(DECLARATIONS + step("pass") + text)
    code = f"from speccheck.loading import load; load({str(path)!r})"
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert run.stderr.strip() == (
        "['3', \"'a'\", \"'b'\", \"'c'\", '<PC.A: 1>', '<PC.B: 2>', \"(1, 'x')\", ['q', 'r']] "
        "['j', 'k', 'y', 'z', 'o', 'p', (0, 'm'), (1, 'n'), 'v'] s t f,g,h"
    )


EVERYTHING = """
@action
def step(c: Context[S]):
    s = c.state
    for name in {"b", "a"}:
        if s.x == len(name):
            s.m[1] = len({name, "c"})
    match s.u:
        case U.P(n) if n > 2 and s.t:
            s.y = max(x for x in s.s if x <= n)
        case _:
            return
    if s.y in {3, 1, 2}:
        s.l = [x + 1 for x in s.l if x != 4]

@invariant
def p(s: S):
    return all(0 < x for x in s.s) and {k: 1 for k in s.s} == {1: 1, 2: 1, 3: 1}
"""


def test_the_model_is_the_same_for_every_hash_seed(tmp_path: Path) -> None:
    path = tmp_path / "spec.py"
    path.write_text(HEADER + DECLARATIONS + EVERYTHING, encoding="utf-8")
    code = (
        "import json; from speccheck.loading import load; from speccheck.ir.json import model_digest; "
        f"from speccheck.ir.text import model_text; m = load({str(path)!r}).model; "
        "print(json.dumps([model_digest(m), model_text(m)]))"
    )
    found = set()
    for seed in ("0", "1", "2", "3"):
        run = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True,
            timeout=60, check=True,
        )  # fmt: skip
        found.add(tuple(json.loads(run.stdout)))
    assert len(found) == 1


def test_a_python_condition_is_pythons_own_and_leaves_no_trace(author: Author) -> None:
    plain = model_text(
        author.model(DECLARATIONS + step("FLAG = True\nif FLAG and not None:\n    s.x = 1\nelse:\n    s.z = 1"))
    )
    assert "split" not in plain
