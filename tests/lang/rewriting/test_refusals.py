"""Every form of plain Python that an expression cannot stand in: its code, and the line it is told at."""

from __future__ import annotations

import pytest
from tests.lang.rewriting.samples import DECLARATIONS, invariant, step
from tests.lang.specs import Author

HELPERS = """
@expr
def doubled(s: S):
    return s.x * 2

def is_one(s):
    return s.x == 1

def sometimes(s):
    if s.x > 1:
        return 2

def acting(c):
    c.state.y = 3
    return True

def yields(s):
    if s.x > 1:
        yield True

@expr
def edited(s: S):
    e = s.m.edit()
    if s.x > 1:
        e[1] = 5
    return e

class O:
    n = 1

KEPT = []
"""
REFUSED = {
    "while": ("while s.x > 1:\n    pass", "while-expression"),
    "is": ("k = s.pc is PC.A", "is-on-expression"),
    "is not": ("k = s.t is not True", "is-on-expression"),
    "an f-string": ('k = f"{s.x}"', "text-of-expression"),
    "str()": ("k = str(s.x)", "builtin-of-expression"),
    "a walrus": ("if (k := s.x) > 1:\n    pass", "walrus-expression"),
    "assert": ("assert s.x > 1", "assert-expression"),
    "del of an item": ("del s.m[1]", "deletion"),
    "del of a variable": ("del s.x", "deletion"),
    "a value nobody uses": ("s.m.insert(1, 2)", "no-effect"),
    "an edit() nobody uses": ("s.m.edit()", "no-effect"),
    "a bare comparison": ("s.x == 1", "no-effect"),
    "a bare call of an @expr": ("doubled(s)", "no-effect"),
    "a bare call of a helper": ("is_one(s)", "no-effect"),
    "& beside ==": ("c.assume(s.x == 1 & s.y == 2)", "mixed-operators"),
    "| beside == of bools": ("c.assume(s.t == s.t | s.t == True)", "mixed-operators"),
    "random": ("import random\nk = random.randint(1, 2)", "non-deterministic"),
    "random by another name": ("from random import choice as pick\nk = pick([1, 2])", "non-deterministic"),
    "time": ("import time\nk = time.time()", "non-deterministic"),
    "datetime": ("import datetime\nk = datetime.datetime.now()", "non-deterministic"),
    "uuid": ("import uuid\nk = uuid.uuid4()", "non-deterministic"),
    "secrets": ("import secrets\nk = secrets.token_hex()", "non-deterministic"),
    "os.urandom": ("import os\nk = os.urandom(1)", "non-deterministic"),
    "os.environ": ("import os\nk = os.environ['HOME']", "non-deterministic"),
    "os.getenv": ("import os\nk = os.getenv('HOME')", "non-deterministic"),
    "hash": ("k = hash('a')", "non-deterministic"),
    "id": ("k = id(c)", "non-deterministic"),
    "input": ("k = input()", "non-deterministic"),
    "break": ("for i in (1, 2):\n    if s.x == i:\n        break", "break-in-branch"),
    "continue": ("for i in (1, 2):\n    if s.x == i:\n        continue\n    s.m[i] = 0", "continue-in-branch"),
    "raise": ("if s.x > 1:\n    raise ValueError", "raise-in-branch"),
    "raise after a return": ("if s.x > 1:\n    return\nraise ValueError", "raise-in-branch"),
    "try": ("try:\n    k = s.m[7]\nexcept KeyError:\n    k = 0", "try-expression"),
    "try with return": ("try:\n    return s.m[7]\nexcept KeyError:\n    return 0", "try-expression"),
    "try in a branch": ("if s.x > 1:\n    try:\n        k = 1\n    except KeyError:\n        k = 0", "try-in-branch"),
    "append": ("k = []\nif s.x > 1:\n    k.append(1)", "branch-side-effect"),
    "append in the other arm": ("k = []\nif s.x > 1:\n    pass\nelse:\n    k.append(1)", "branch-side-effect"),
    "append to a module's list": ("if s.x > 1:\n    KEPT.append(1)", "branch-side-effect"),
    "an item of a dict": ("k = {}\nif s.x > 1:\n    k['a'] = s.y", "branch-side-effect"),
    "a nested object": ("k = [[1], {2: [3]}]\nif s.x > 1:\n    k[1][2].append(4)", "branch-side-effect"),
    "a set": ("k = {1}\nif s.x > 1:\n    k.add(2)", "branch-side-effect"),
    "an attribute": ("k = O()\nif s.x > 1:\n    k.a = 2", "branch-side-effect"),
    "a class's attribute": ("if s.x > 1:\n    O.n = 2", "branch-side-effect"),
    "a global": ("global G\nif s.x > 1:\n    G = 1", "branch-side-effect"),
    "a nonlocal": ("k = 0\ndef f():\n    nonlocal k\n    k = 1\nif s.x > 1:\n    f()\ns.y = k", "branch-side-effect"),
    "an editor in a function": ("s.m = edited(s)", "branch-side-effect"),
    "an editor in a step": ("e = s.m.edit()\nif s.x > 1:\n    e[1] = 5\ns.m = e", "branch-in-editing"),
    "two types": ("if s.x > 1:\n    k = 'a'\nelse:\n    k = 3\ns.y = k", "unmerged"),
    "two functions": ("if s.x > 1:\n    f = is_one\nelse:\n    f = doubled\nc.assume(f(s))", "unmerged"),
    "no value on one way": ("if s.x > 1:\n    k = 3\ns.y = k", "unmerged"),
    "a value of the other arm": ("if s.x > 1:\n    k = 3\nelse:\n    s.y = k", "unmerged"),
    "an element chosen in a branch": (
        "n = 0\nif s.x > 1:\n    with c.one_of(s.s, 'n') as n:\n        pass\ns.y = n", "unmerged",
    ),
    "a late lambda": ("fs = []\nfor i in (1, 2):\n    fs.append(lambda k: k == i)\nc.assume(fs[0](s.x))", "late-binding"),
    "late lambdas of a comprehension": ("fs = [lambda k: k == i for i in (1, 2)]\nc.assume(fs[0](s.x))", "late-binding"),
    "sorted": ("k = sorted(s.s)", "builtin-of-expression"),
    "range": ("for i in range(s.x):\n    pass", "builtin-of-expression"),
    "abs": ("k = abs(s.x)", "builtin-of-expression"),
    "enumerate": ("k = [i for i, x in enumerate(s.l)]", "builtin-of-expression"),
    "a list of a set": ("k = [x for x in s.s]", "list-of-set"),
    "for over a set": ("for x in s.s:\n    s.m[1] = x", "iteration-over-expression"),
    "a star": ("k = [*s.s]", "iteration-over-expression"),
    "len of an int": ("k = len(s.x)", "len-of-expression"),
    "min with a key": ("k = min(s.s, key=lambda x: -x)", "key-of-expression"),
    "min of texts": ("k = min(PC.A, s.pc)", "type-mismatch"),
    "in of a text": ("k = s.x in 'abc'", "in-on-expression"),
    "if on an int": ("if s.x:\n    pass", "type-mismatch"),
    "and of an int": ("k = s.x and s.y", "type-mismatch"),
    "a return out of an alternative": (
        "a, b = c.alternatives('a', 'b')\nwith a:\n    return\nwith b:\n    s.y = 1", "return-in-branch",
    ),
    "a return out of a split": ("a, b = c.split(s.t)\nwith a:\n    return\nwith b:\n    s.y = 1", "return-in-branch"),
    "a return under an if in an alternative": (
        "a, b = c.alternatives('a', 'b')\nwith a:\n    if s.t:\n        return\n    s.y = 2\nwith b:\n    pass", "return-in-branch",
    ),
    "a local of an alternative": (
        "a, b = c.alternatives('a', 'b')\nwith a, c.one_of(Set(1)) as z:\n    k = 5\nwith b:\n    pass\ns.y = k", "bound-in-branch",
    ),
    "a pattern that never fits": ("match s.u:\n    case [a]:\n        pass", "match-pattern"),
    "another union's pattern": ("match s.x:\n    case U.P(a):\n        pass", "match-pattern"),
    "a mapping pattern": ("match s.m:\n    case {1: a}:\n        pass", "match-pattern"),
    "names in alternatives of a pattern": ("match s.u:\n    case U.P(a) | (U.Q() as a):\n        pass", "match-pattern"),
    "a walrus in a guard": ("match s.u:\n    case U.P(a) if (k := a):\n        pass", "match-expression"),
    "isinstance of a variant": ("k = isinstance(s.u, U.P)", "isinstance-of-expression"),
    "a way without return": ("s.y = sometimes(s)", "missing-return"),
    "an action as an operand": ("k = s.t and acting(c)", "side-effect"),
    "an action in a conditional": ("k = 1 if s.t and True else acting(c)\nm = acting(c) if s.t else 1", "side-effect"),
    "an if in a generator function": ("k = any(yields(s))", "branch-in-generator"),
    "a set of objects": ("for o in {O(), O()}:\n    pass", "unordered-set"),
    "a dict's loop inside": ("s.m = {x % 2: i for x in s.s for i in (1, 2)}", "comprehension-order"),
    "a list's loop inside": ("s.l = [x + i for x in s.l for i in (1, 2) if x > i]", "comprehension-order"),
    "a stale generator": ("g = (x for x in s.s)\nk = list(zip(g, g))", "iteration-over-expression"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_stand_on_an_expression_is_refused_with_the_way_out(author: Author, what: str) -> None:
    body, code = REFUSED[what]
    error = author.error(DECLARATIONS + HELPERS + step(body))
    assert (error.code, error.span is not None) == (code, True), str(error)
    assert error.source_line


def test_the_call_at_module_level_is_refused_too(author: Author) -> None:
    error = author.error("import time\nNOW = time.time()\n" + DECLARATIONS + step("pass"))
    assert error.code == "non-deterministic"
    assert error.source_line == "NOW = time.time()"


IN_PROPERTIES = {
    "a way without a value": ("if s.x > 1:\n        return True\n    k = 1", "missing-return"),
    "a discarded condition": ("s.x > 1\n    return s.t", "no-effect"),
    "a side effect": ("if s.t:\n        s.x = 1\n    return s.t", "side-effect"),
}


@pytest.mark.parametrize("what", IN_PROPERTIES)
def test_an_invariant_of_several_statements_is_checked_too(author: Author, what: str) -> None:
    body, code = IN_PROPERTIES[what]
    assert author.error(DECLARATIONS + step("pass") + f"@invariant\ndef p(s: S):\n    {body}\n").code == code


ALLOWED = {
    "sets joined beside a comparison": "s.s & {1, 9} <= s.s",
    "parentheses": "(s.t & s.t) == (s.t | s.t)",
    "a call's own parentheses": "And(s.t & s.t, (s.x == 0) & (s.y == 0))",
    "None": "s.t if s.x + 1 is None else s.x == 0",
}


@pytest.mark.parametrize("what", ALLOWED)
def test_what_is_meant_is_not_refused(author: Author, what: str) -> None:
    assert author.model(DECLARATIONS + step("pass") + invariant(ALLOWED[what])).properties


def test_what_a_helper_does_besides_is_no_reason_to_refuse_its_value(author: Author) -> None:
    text = step("k = [s.x]\nk.pop()\n{}.setdefault(1, s.x)\nacting(c)\n_ = s.x + 1")
    assert author.model(DECLARATIONS + HELPERS + text).step.writes
