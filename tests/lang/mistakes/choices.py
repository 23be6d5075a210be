"""What goes wrong with contexts: choices, branches, calls of actions, assignments."""

from tests.lang.mistakes.shapes import NO_STEP, after, init, step

INC = """
@action(inline=False)
def adds(c: Context[S], by: Annotated[Expr, int]):
    c.state.x += by
"""
NAP = """
@action(inline=False)
def naps(c: Context[S]):
    c.state.x = 0
"""

MISTAKES = [
    step("double-assignment", "s.x = 1\ns.x = 2", "s.x = 2"),
    step("double-increment", "s.x += 1\ns.x += 1", "s.x += 2"),
    step(
        "double-assignment-by-a-call",
        "s.x = 1\nadds(c, 1)",
        "adds(c, 1)",
        before=INC,
    ),
    step("keyed-then-whole", "s.m[1] = 2\ns.m = Map((1, 0))", "s.m = Map((1, 2))"),
    step("stale-write", "m = s.m\ns.m = Map((1, 0))\nm[1] = 2", "s.m = Map((1, 0))\ns.m[1] = 2"),
    step("parameter-assigned", "s.N = 4", "s.x = 4"),
    init("unassigned-in-init", "s.x = 0", "s.x = 0\ns.y = 0"),
    init("unassigned-in-a-branch-of-init", "s.x = 0\nif s.N > 3:\n    s.y = 0", "s.x = 0\ns.y = 0 if s.N > 3 else 1"),
    init("read-before-assignment", "s.x = s.y + 1\ns.y = 0", "s.y = 0\ns.x = s.y + 1"),
    init("increment-in-init", "s.x += 1\ns.y = 0", "s.x = 1\ns.y = 0"),
    step("one-of-without-with", 'v = c.one_of(s.A, "v")\ns.x = v', 'with c.one_of(s.A, "v") as v:\n    s.x = v'),
    step(
        "one-of-in-arithmetic",
        'v = c.one_of(s.A, "v")\ns.x = v + 1',
        'with c.one_of(s.A, "v") as v:\n    s.x = v + 1',
    ),
    step("one-of-never-entered", 'c.one_of(s.A, "v")\ns.x = 1', 'with c.one_of(s.A, "v"):\n    s.x = 1'),
    step("one-of-without-as", 'with c.one_of(s.A, "v"):\n    s.x = v', 'with c.one_of(s.A, "v") as v:\n    s.x = v'),
    step(
        "one-of-a-list",
        'with c.one_of(s.queue, "v") as v:\n    s.x = v',
        'with c.one_of(Set(v for v in s.queue), "v") as v:\n    s.x = v',
    ),
    step(
        "one-of-a-map", 'with c.one_of(s.m, "k") as k:\n    s.x = k', 'with c.one_of(s.m.keys, "k") as k:\n    s.x = k'
    ),
    step(
        "one-of-a-range",
        'with c.one_of(range(3), "k") as k:\n    s.x = k',
        'with c.one_of(Interval(0, 2), "k") as k:\n    s.x = k',
    ),
    step(
        "one-of-unnamed-values",
        "with c.one_of(1, 2) as k:\n    s.x = k",
        'with c.one_of(Set(1, 2), "k") as k:\n    s.x = k',
    ),
    step(
        "alternative-never-entered",
        'a, b = c.alternatives("a", "b")\nwith a:\n    s.x = 1\ns.done = True',
        'a, b = c.alternatives("a", "b")\nwith a:\n    s.x = 1\nwith b:\n    pass\ns.done = True',
    ),
    step(
        "alternatives-never-entered",
        'c.alternatives("a", "b")\ns.x = 1',
        'a, b = c.alternatives("a", "b")\nwith a:\n    s.x = 1\nwith b:\n    s.x = 2',
    ),
    step(
        "alternative-entered-late",
        'a, b = c.alternatives("a", "b")\nwith a:\n    s.x = 1\nc.assume(s.x > 0)\nwith b:\n    s.x = 2',
        'a, b = c.alternatives("a", "b")\nwith a:\n    s.x = 1\nwith b:\n    s.x = 2\nc.assume(s.x > 0)',
    ),
    step(
        "alternative-entered-twice",
        'a, b = c.alternatives("a", "b")\nwith a:\n    s.x = 1\nwith a:\n    s.done = True\nwith b:\n    pass',
        'a, b = c.alternatives("a", "b")\nwith a:\n    s.x = 1\n    s.done = True\nwith b:\n    pass',
    ),
    step(
        "alternatives-nested",
        'a, b = c.alternatives("a", "b")\nwith a:\n    with b:\n        s.x = 1',
        'a, b = c.alternatives("a", "b")\nwith a:\n    s.x = 1\nwith b:\n    s.x = 1',
    ),
    step(
        "with-alternatives",
        'with c.alternatives("a", "b") as (a, b):\n    s.x = 1',
        'a, b = c.alternatives("a", "b")\nwith a:\n    s.x = 1\nwith b:\n    s.x = 2',
    ),
    step(
        "alternatives-of-another-number",
        'a, b = c.alternatives("a", "b", "d")\nwith a:\n    s.x = 1\nwith b:\n    s.x = 2',
        'a, b = c.alternatives("a", "b")\nwith a:\n    s.x = 1\nwith b:\n    s.x = 2',
    ),
    step(
        "alternatives-of-one-name",
        'a, b = c.alternatives("a", "a")\nwith a:\n    s.x = 1\nwith b:\n    s.x = 2',
        'a, b = c.alternatives("a", "b")\nwith a:\n    s.x = 1\nwith b:\n    s.x = 2',
    ),
    step(
        "alternatives-without-names",
        "a, b = c.alternatives()\nwith a:\n    s.x = 1\nwith b:\n    s.x = 2",
        'a, b = c.alternatives("a", "b")\nwith a:\n    s.x = 1\nwith b:\n    s.x = 2',
    ),
    step("if-split", "if c.split(s.x > 3):\n    s.x = 0", "yes, no = c.split(s.x > 3)\nwith yes:\n    s.x = 0"),
    step("with-split", "with c.split(s.x > 3):\n    s.x = 0", "yes, no = c.split(s.x > 3)\nwith yes:\n    s.x = 0"),
    step(
        "choice-after-its-branch",
        'a, b = c.alternatives("a", "b")\nwith a:\n    with c.one_of(s.A, "v") as v:\n        s.done = True\nwith b:\n    s.done = False\ns.x = v',
        'with c.one_of(s.A, "v") as v:\n    a, b = c.alternatives("a", "b")\n    with a:\n        s.done = True\n    with b:\n        s.done = False\n    s.x = v',
    ),
    step(
        "rebound-in-a-branch",
        "bonus = 0\nyes, no = c.split(s.x > 3)\nwith yes:\n    bonus = 1\ns.x = bonus",
        "s.x = 1 if s.x > 3 else 0",
    ),
    step("without-context", "adds(1)", "adds(c, 1)", before=INC),
    step("state-for-context", "adds(s, 1)", "adds(c, 1)", before=INC),
    step("call-without-argument", "adds(c)", "adds(c, 1)", before=INC),
    step("call-with-an-unknown-argument", "adds(c, amount=1)", "adds(c, by=1)", before=INC),
    step("wrong-argument-type", 'adds(c, "1")', "adds(c, 1)", before=INC),
    step("action-not-called", "naps", "naps(c)", before=NAP),
    step("assume-not-called", "c.assume\ns.x = 1", "c.assume(s.x < 9)\ns.x = 1"),
    step("assume-a-number", "c.assume(s.x)", "c.assume(s.x > 0)"),
    step("assume-twice-in-one", "c.assume(s.x < 3, s.x > 0)", "c.assume(s.x < 3)\nc.assume(s.x > 0)"),
    step("assume-alone", "assume(s.x < 3)", "c.assume(s.x < 3)"),
    step("typo-in-context", "c.asume(s.x < 3)", "c.assume(s.x < 3)"),
    step("value-of-an-action", "s.done = naps(c)", "naps(c)\ns.done = True", before=NAP),
    step("class-for-state", "S.x = 1", "s.x = 1"),
    step("class-read", "c.assume(S.x < 3)\ns.x = 1", "c.assume(s.x < 3)\ns.x = 1"),
    step("context-for-state", "c.x = 1", "c.state.x = 1"),
    step("state-replaced", "c.state = S(N=1)", "s.x = 1"),
    step("editing-without-with", "upd = s.editing()\nupd.x = 1", "with s.editing() as upd:\n    upd.x = 1"),
    step(
        "named-action-with-a-list",
        "takes(c, [1, 2])",
        "takes(c, (1, 2))",
        before="""
        @action(inline=False)
        def takes(c: Context[S], amounts):
            c.state.x += sum(amounts)
        """,
    ),
    step("lambda-with-an-effect", 's.A = s.A.map(lambda v: setattr(s, "x", v) or v)', "s.A = s.A.map(lambda v: v + 1)"),
    after(
        "action-that-returns",
        """
        @action(inline=False)
        def tells(c: Context[S]):
            c.state.x = 1
            return c.state.x

        @action
        def more(c: Context[S]):
            tells(c)
        """,
        """
        @action(inline=False)
        def tells(c: Context[S]):
            c.state.x = 1

        @action
        def more(c: Context[S]):
            tells(c)
        """,
        base=NO_STEP,
    ),
]
