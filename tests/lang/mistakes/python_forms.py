"""Forms of Python that would decide at once what is known only state by state."""

from tests.lang.mistakes.shapes import NO_STEP, after, prop, step

MISTAKES = [
    step("while", "while s.x < 3:\n    s.x += 1", "c.assume(s.x < 3)\ns.x += 1"),
    step("is", "c.assume(s.x is 3)", "c.assume(s.x == 3)"),
    step("is-none", "c.assume(s.m[1] is not None)\ns.x = 1", "c.assume(1 in s.m)\ns.x = 1"),
    prop("is-none-in-a-property", "return s.x is not None", "return s.x >= 0"),
    step("equal-to-none", "c.assume(s.x != None)", "c.assume(s.x != -1)"),
    step("f-string", 's.name = f"n{s.x}"', 's.name = "n1" if s.x == 1 else "n"'),
    step("str", "s.name = str(s.x)", 's.name = "one" if s.x == 1 else "many"'),
    step("percent-formatting", 's.name = "n%d" % s.x', 's.name = "n1" if s.x == 1 else "n"'),
    step("str-format", 's.name = "n{}".format(s.x)', 's.name = "n1" if s.x == 1 else "n"'),
    step("print", 'print("x is", s.x)\ns.x += 1', "s.x += 1"),
    step("range", "for i in range(s.x):\n    s.m[i] = 0", "s.m = Map(0 for i in Interval(0, s.x - 1))"),
    step("len-in-python", "s.queue = [0] * len(s.queue)", "s.queue = [0 for v in s.queue]"),
    step(
        "for-in-an-action",
        "for v in s.A:\n    s.m[v] = 0",
        "s.m = Map(0 for v in s.A)",
    ),
    step(
        "for-that-sums",
        "total = 0\nfor v in s.queue:\n    total = total + v\ns.x = total",
        "s.x = sum(v for v in s.queue)",
    ),
    prop(
        "for-in-a-function",
        "for v in s.A:\n    if v > 9:\n        return False\nreturn True",
        "return all(v <= 9 for v in s.A)",
    ),
    step(
        "break",
        "for n in (1, 2, 3):\n    if s.x == n:\n        s.x = 0\n        break",
        "if s.x in (1, 2, 3):\n    s.x = 0",
    ),
    step(
        "continue",
        "found = Val(0)\nfor n in (1, 2, 3):\n    if s.x == n:\n        continue\n    found = found + n\ns.x = found",
        "found = Val(0)\nfor n in (1, 2, 3):\n    found = found + (0 if s.x == n else n)\ns.x = found",
    ),
    step(
        "return-in-a-branch",
        'a, b = c.alternatives("a", "b")\nwith a:\n    s.x = 1\n    return\nwith b:\n    s.x = 2',
        'a, b = c.alternatives("a", "b")\nwith a:\n    s.x = 1\nwith b:\n    s.x = 2',
    ),
    prop(
        "if-without-else-in-a-property", "if s.x > 3:\n    return s.done", "if s.x > 3:\n    return s.done\nreturn True"
    ),
    after(
        "if-without-else-in-an-expr",
        """
        @expr
        def low(v):
            if v < 3:
                return v

        @invariant
        def p(s: S):
            return low(s.x) < 3
        """,
        """
        @expr
        def low(v):
            if v < 3:
                return v
            return 0

        @invariant
        def p(s: S):
            return low(s.x) < 3
        """,
    ),
    step("truth-of-a-number", "if s.x:\n    s.done = True", "if s.x != 0:\n    s.done = True"),
    step("truth-of-a-set", "if s.A:\n    s.done = True", "if not s.A.is_empty:\n    s.done = True"),
    prop("not-of-a-number", "return not s.x", "return s.x == 0"),
    prop("and-of-a-number", "return s.done and s.x", "return s.done and s.x > 0"),
    step("or-as-a-default", 's.name = s.name or "nobody"', 's.name = s.name if s.name != "" else "nobody"'),
    prop("ampersand", "return s.x == 1 & s.done == True", "return (s.x == 1) & s.done"),
    prop("pipe", "return s.x < 1 | s.x > 3", "return (s.x < 1) | (s.x > 3)"),
    prop("chain-of-a-set", "return 1 <= s.A <= 3", "return all(1 <= v <= 3 for v in s.A)"),
    step("assert", "assert s.x >= 0\ns.x += 1", "c.assume(s.x >= 0)\ns.x += 1"),
    step(
        "try",
        "try:\n    found = s.m[5]\nexcept KeyError:\n    found = Val(0)\ns.x = found",
        "s.x = s.m[5] if 5 in s.m else 0",
    ),
    prop("walrus", "return (n := s.x) > 0 and n < 9", "n = s.x\nreturn n > 0 and n < 9"),
    step("increment", "++s.x", "s.x += 1"),
    step("no-effect", "s.m.insert(2, 0)", "s.m = s.m.insert(2, 0)"),
    step("comparison-for-assignment", "s.x == 1", "s.x = 1"),
    step(
        "late-binding",
        "tests = []\nfor n in (1, 2):\n    tests.append(lambda v: v != n)\nc.assume(all(t(s.x) for t in tests))",
        "tests = []\nfor n in (1, 2):\n    tests.append(lambda v, n=n: v != n)\nc.assume(all(t(s.x) for t in tests))",
    ),
    step(
        "append-in-a-branch",
        "seen = []\nif s.x > 0:\n    seen.append(1)\ns.queue = seen",
        "seen = List(int)\nif s.x > 0:\n    seen = seen + [1]\ns.queue = seen",
    ),
    step(
        "two-types-in-a-branch",
        'label = 0\nif s.x > 0:\n    label = "many"\ns.name = label',
        'label = ""\nif s.x > 0:\n    label = "many"\ns.name = label',
    ),
    step(
        "bound-in-one-branch",
        "if s.x > 0:\n    bonus = 1\ns.x += bonus",
        "bonus = 0\nif s.x > 0:\n    bonus = 1\ns.x += bonus",
    ),
    step(
        "global-counter",
        "global calls\nif s.x > 0:\n    calls += 1\n    s.x = 0",
        "if s.x > 0:\n    s.m[1] += 1\n    s.x = 0",
        before="calls = 0",
    ),
    step("sorted", "s.queue = sorted(s.A)", "s.queue = s.A.reduce(lambda acc, v: acc + [v], List(int))"),
    prop(
        "enumerate",
        "return all(v >= i for i, v in enumerate(s.queue))",
        "return all(s.queue[i] >= i for i in s.queue.keys)",
    ),
    prop(
        "isinstance",
        "return isinstance(s.reply, Reply.Done)",
        'return s.reply.tag == "Done"',
    ),
    step("abs", "s.x = abs(s.x - 3)", "s.x = s.x - 3 if s.x >= 3 else 3 - s.x"),
    step("next", "s.x = next(iter(s.A))", "s.x = s.A.choose()"),
    step("python-set-of-expressions", "seen = set()\nseen.add(s.x)\ns.A = seen", "s.A = Set(s.x)"),
    step(
        "expression-as-dict-key",
        "table = {0: 1, 1: 2}\ns.x = table[s.x]",
        "table = Map((0, 1), (1, 2))\ns.x = table[s.x]",
    ),
    step("index-of-a-python-list", "s.x = [5, 7][s.x]", "s.x = List(5, 7)[s.x]"),
    step(
        "random",
        "s.x = random.randint(1, 6)",
        'with c.one_of(Interval(1, 6), "die") as die:\n    s.x = die',
        before="import random",
    ),
    step("time", "s.x = int(time.time())", "s.x += 1", before="import time"),
    step("uuid", "s.name = str(uuid.uuid4())", 's.name = "first"', before="import uuid"),
    step("environ", 's.name = os.environ["HOME"]', 's.name = "home"', before="import os"),
    step("today", "s.x = datetime.date.today().year", "s.x = 2024", before="import datetime"),
    after(
        "mutable-default",
        """
        @action
        def collects(c: Context[S], seen=[]):
            seen.append(1)
            c.state.x = len(seen)
        """,
        """
        @action
        def collects(c: Context[S], seen=()):
            c.state.x = len(seen)
        """,
    ),
    after(
        "star-arguments",
        """
        @action
        def adds(c: Context[S], *amounts):
            c.state.x += sum(amounts)

        @action
        def adds_two(c: Context[S]):
            adds(c, 1, 2)
        """,
        """
        @action
        def adds(c: Context[S], amounts):
            c.state.x += sum(amounts)

        @action
        def adds_two(c: Context[S]):
            adds(c, (1, 2))
        """,
    ),
    after(
        "recursion-in-an-expr",
        """
        @expr
        def factorial(n: Annotated[Expr, int]):
            return 1 if n == 0 else n * factorial(n - 1)

        @invariant
        def p(s: S):
            return factorial(s.x) > 0
        """,
        """
        @expr
        def factorial(n: Annotated[Expr, int]):
            return Interval(1, n).reduce(lambda acc, k: acc * k, 1)

        @invariant
        def p(s: S):
            return factorial(s.x) > 0
        """,
    ),
    after(
        "recursion-in-an-action",
        """
        @action(inline=False)
        def drains(c: Context[S]):
            if c.state.queue.size > 0:
                drains(c)
                c.state.queue = c.state.queue[1:]

        @action
        def step(c: Context[S]):
            drains(c)
        """,
        """
        @action(inline=False)
        def drains(c: Context[S]):
            c.assume(c.state.queue.size > 0)
            c.state.queue = c.state.queue[1:]

        @action
        def step(c: Context[S]):
            drains(c)
        """,
        base=NO_STEP,
    ),
]
