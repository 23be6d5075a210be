"""State classes, types, instances, properties and modules that are declared wrongly."""

from tests.lang.mistakes.shapes import (
    IDLE,
    INIT,
    NO_STEP,
    SMALL_INIT,
    SMALL_STATE,
    STATE,
    TYPES,
    after,
    bare,
    fields,
    whole,
)

NO_INSTANCE = TYPES + STATE + INIT + IDLE
SMALL = SMALL_STATE + SMALL_INIT + IDLE

STATES = [
    whole(
        "state-without-decorator",
        "class S(MachineStateBase):\n    x: StateVar[int]\n" + SMALL_INIT + IDLE,
        "@state\nclass S(MachineStateBase):\n    x: StateVar[int]\n" + SMALL_INIT + IDLE,
    ),
    whole(
        "state-without-base",
        "@state\nclass S:\n    x: StateVar[int]\n" + SMALL_INIT + IDLE,
        "@state\nclass S(MachineStateBase):\n    x: StateVar[int]\n" + SMALL_INIT + IDLE,
    ),
    whole(
        "two-state-classes",
        "@state\nclass S(MachineStateBase):\n    x: StateVar[int]\n\n\n@state\nclass T(MachineStateBase):\n    y: StateVar[int]\n"
        + SMALL_INIT
        + "\n@action\ndef step(c: Context[T]):\n    c.state.y = 1\n",
        "@state\nclass S(MachineStateBase):\n    x: StateVar[int]\n    y: StateVar[int]\n"
        + SMALL_INIT.rstrip()
        + "\n    c.state.y = 0\n\n@action\ndef step(c: Context[S]):\n    c.state.y = 1\n",
    ),
    fields("plain-annotation", "y: int", "y: StateVar[int]", value="0"),
    fields("no-annotation", "y = 0", "y: StateVar[int]", value="0"),
    fields("variable-without-type", "y: StateVar", "y: StateVar[int]", value="0"),
    fields("field-in-a-state", "y: Field[int]", "y: StateVar[int]", value="0"),
    fields("default", "y: StateVar[int] = 0", "y: StateVar[int]", value="0"),
    fields("list-without-type", "y: StateVar[list]", "y: StateVar[list[int]]", value="[]"),
    fields("typing-list", "y: StateVar[List]", "y: StateVar[list[int]]", value="[]", before="import typing"),
    fields(
        "optional",
        "y: StateVar[int | None]",
        "y: StateVar[Found]",
        value="Found.Nothing()",
        before="@union\nclass Found:\n    Some: Variant[int]\n    Nothing: Variant[Unit]",
    ),
    fields(
        "typing-optional",
        "y: StateVar[typing.Optional[int]]",
        "y: StateVar[Found]",
        value="Found.Nothing()",
        before="import typing\n\n@union\nclass Found:\n    Some: Variant[int]\n    Nothing: Variant[Unit]",
    ),
    fields("any", "y: StateVar[typing.Any]", "y: StateVar[int]", value="0", before="import typing"),
    fields("float-variable", "y: StateVar[float]", "y: StateVar[int]", value="0"),
    fields("tuple-of-any-length", "y: StateVar[tuple[int, ...]]", "y: StateVar[list[int]]", value="[]"),
    fields("dict-of-one", "y: StateVar[dict[int]]", "y: StateVar[dict[int, int]]", value="{}"),
    fields(
        "undecorated-record",
        "y: StateVar[Job]",
        "y: StateVar[Task]",
        value="Task(size=1)",
        before="class Job:\n    size: Field[int]\n\n@record\nclass Task:\n    size: Field[int]",
    ),
    fields("upsert-of-a-set", "y: StateVar[set[int], UPSERT]", "y: StateVar[set[int]]", value="set()"),
    fields("upsert-inside", "y: StateVar[dict[int, int, UPSERT]]", "y: StateVar[dict[int, int], UPSERT]", value="{}"),
    fields("reserved-name", "editing: StateVar[bool]", "y: StateVar[bool]", value="False"),
    fields("typo-in-annotation", "y: StateVr[int]", "y: StateVar[int]", value="0"),
    fields("constant-in-annotation", "y: StateVar[3]", "y: StateVar[int]", value="0"),
]

RECORDS = [
    whole(
        "variable-in-a-record",
        "@record\nclass Job:\n    size: StateVar[int]\n\n\n@state\nclass S(MachineStateBase):\n    job: StateVar[Job]\n",
        "@record\nclass Job:\n    size: Field[int]\n\n\n@state\nclass S(MachineStateBase):\n    job: StateVar[Job]\n"
        "\n@action(init=True)\ndef init(c: Context[S]):\n    c.state.job = Job(size=1)\n" + IDLE,
    ),
    whole(
        "plain-field",
        "@record\nclass Job:\n    size: int\n\n\n@state\nclass S(MachineStateBase):\n    job: StateVar[Job]\n",
        "@record\nclass Job:\n    size: Field[int]\n\n\n@state\nclass S(MachineStateBase):\n    job: StateVar[Job]\n"
        "\n@action(init=True)\ndef init(c: Context[S]):\n    c.state.job = Job(size=1)\n" + IDLE,
    ),
    whole(
        "recursive-record",
        '@record\nclass Tree:\n    left: Field["Tree"]\n\n\n@state\nclass S(MachineStateBase):\n    tree: StateVar[Tree]\n',
        "@record\nclass Node:\n    left: Field[int]\n\n\n@state\nclass S(MachineStateBase):\n    nodes: StateVar[dict[int, Node]]\n"
        "\n@action(init=True)\ndef init(c: Context[S]):\n    c.state.nodes = {1: Node(left=0)}\n" + IDLE,
    ),
]

ACTIONS = [
    after(
        "no-init",
        "@action\ndef start(c: Context[S]):\n    c.state.x = 0\n",
        "@action(init=True)\ndef start(c: Context[S]):\n    c.state.x = 0\n",
        base=SMALL_STATE + IDLE,
    ),
    whole("no-step", SMALL_STATE.strip() + "\n" + SMALL_INIT, SMALL_STATE.strip() + "\n" + SMALL_INIT + IDLE),
    after(
        "step-with-arguments",
        "@action\ndef step(c: Context[S], by: Annotated[Expr, int]):\n    c.state.x += by\n",
        '@action\ndef step(c: Context[S]):\n    with c.one_of(Set(1, 2), "by") as by:\n        c.state.x += by\n',
        base=SMALL_STATE + SMALL_INIT,
    ),
    after(
        "init-with-arguments",
        "@action(init=True)\ndef init(c: Context[S], first: Annotated[Expr, int]):\n    c.state.x = first\n",
        '@action(init=True)\ndef init(c: Context[S]):\n    with c.one_of(Set(1, 2), "first") as first:\n        c.state.x = first\n',
        base=SMALL_STATE + IDLE,
    ),
    after(
        "action-without-context",
        "@action\ndef step():\n    S.x = 1\n",
        "@action\ndef step(c: Context[S]):\n    c.state.x = 1\n",
        base=SMALL_STATE + SMALL_INIT,
    ),
    after(
        "action-of-the-state",
        "@action\ndef step(s: S):\n    s.x = 1\n",
        "@action\ndef step(c: Context[S]):\n    c.state.x = 1\n",
        base=SMALL_STATE + SMALL_INIT,
    ),
    after(
        "step-undecorated",
        "def step(c: Context[S]):\n    c.state.x = 1\n",
        "@action\ndef step(c: Context[S]):\n    c.state.x = 1\n",
        base=SMALL_STATE + SMALL_INIT,
    ),
    after(
        "init-as-a-word",
        "@action(initial=True)\ndef init(c: Context[S]):\n    c.state.x = 0\n",
        "@action(init=True)\ndef init(c: Context[S]):\n    c.state.x = 0\n",
        base=SMALL_STATE + IDLE,
    ),
    after(
        "action-with-yield",
        "@action\ndef step(c: Context[S]):\n    yield c.state.x\n",
        "@action\ndef step(c: Context[S]):\n    c.state.x += 1\n",
        base=SMALL_STATE + SMALL_INIT,
    ),
    after(
        "async-action",
        "@action\nasync def step(c: Context[S]):\n    c.state.x += 1\n",
        "@action\ndef step(c: Context[S]):\n    c.state.x += 1\n",
        base=SMALL_STATE + SMALL_INIT,
    ),
    after(
        "two-decorators",
        "@invariant\n@action\ndef low(s: S):\n    return s.x < 3\n",
        "@invariant\ndef low(s: S):\n    return s.x < 3\n",
        base=SMALL,
    ),
]

INSTANCES = [
    after(
        "instance-of-a-dict",
        '@instance\ndef small():\n    return {"N": 3}\n',
        "@instance\ndef small():\n    return S(N=3)\n",
        base=NO_INSTANCE,
    ),
    after(
        "instance-without-return",
        "@instance\ndef small():\n    S(N=3)\n",
        "@instance\ndef small():\n    return S(N=3)\n",
        base=NO_INSTANCE,
    ),
    after(
        "instance-of-the-class",
        "@instance\ndef small():\n    return S\n",
        "@instance\ndef small():\n    return S(N=3)\n",
        base=NO_INSTANCE,
    ),
    after(
        "instance-with-an-unknown-parameter",
        "@instance\ndef small():\n    return S(M=3)\n",
        "@instance\ndef small():\n    return S(N=3)\n",
        base=NO_INSTANCE,
    ),
    after(
        "instance-with-a-wrong-type",
        '@instance\ndef small():\n    return S(N="3")\n',
        "@instance\ndef small():\n    return S(N=3)\n",
        base=NO_INSTANCE,
    ),
    after(
        "instance-by-position",
        "@instance\ndef small():\n    return S(3)\n",
        "@instance\ndef small():\n    return S(N=3)\n",
        base=NO_INSTANCE,
    ),
    after(
        "instance-with-a-variable",
        "@instance\ndef small():\n    return S(N=3, x=0)\n",
        "@instance\ndef small():\n    return S(N=3)\n",
        base=NO_INSTANCE,
    ),
    after(
        "instance-that-assigns",
        "@instance\ndef small():\n    s = S(N=3)\n    s.x = 0\n    return s\n",
        "@instance\ndef small():\n    return S(N=3)\n",
        base=NO_INSTANCE,
    ),
    after(
        "instance-that-assigns-a-parameter",
        "@instance\ndef small():\n    s = S()\n    s.N = 3\n    return s\n",
        "@instance\ndef small():\n    return S(N=3)\n",
        base=NO_INSTANCE,
    ),
    after(
        "instance-with-an-argument",
        "@instance\ndef sized(n):\n    return S(N=n)\n",
        "@instance\ndef three():\n    return S(N=3)\n",
        base=NO_INSTANCE,
    ),
    after(
        "instance-reads-a-missing-parameter",
        "@instance\ndef small():\n    s = S()\n    return S(N=s.N)\n",
        "@instance\ndef small():\n    return S(N=3)\n",
        base=NO_INSTANCE,
    ),
]

PROPERTIES = [
    after(
        "two-properties-of-one-name",
        "@invariant\ndef low(s: S):\n    return s.x < 9\n\n\n@invariant\ndef low(s: S):\n    return s.x < 99\n",
        "@invariant\ndef low(s: S):\n    return s.x < 9\n\n\n@invariant\ndef lower(s: S):\n    return s.x < 99\n",
    ),
    after(
        "property-of-another-state",
        "@state\nclass T(S):\n    y: StateVar[int]\n\n\n@invariant\ndef low(s: T):\n    return s.y < 9\n",
        "@invariant\ndef low(s: S):\n    return s.x < 9\n",
    ),
    after(
        "invariant-of-the-context",
        "@invariant\ndef low(c: Context[S]):\n    return c.state.x < 9\n",
        "@invariant\ndef low(s: S):\n    return s.x < 9\n",
    ),
    after(
        "invariant-without-state",
        "@invariant\ndef low():\n    return S.x < 9\n",
        "@invariant\ndef low(s: S):\n    return s.x < 9\n",
    ),
    after(
        "invariant-with-two-arguments",
        "@invariant\ndef low(s: S, limit):\n    return s.x < limit\n",
        "@invariant\ndef low(s: S):\n    return s.x < s.N\n",
    ),
    after(
        "invariant-without-return",
        "@invariant\ndef low(s: S):\n    s.x < 9\n",
        "@invariant\ndef low(s: S):\n    return s.x < 9\n",
    ),
    after(
        "invariant-that-passes",
        "@invariant\ndef low(s: S):\n    pass\n",
        "@invariant\ndef low(s: S):\n    return s.x < 9\n",
    ),
    after(
        "invariant-of-an-int",
        "@invariant\ndef low(s: S):\n    return s.x\n",
        "@invariant\ndef low(s: S):\n    return s.x < 9\n",
    ),
    after(
        "invariant-of-a-python-bool",
        "@invariant\ndef low(s: S):\n    return 1 < 2\n",
        "@invariant\ndef low(s: S):\n    return s.x < 2\n",
    ),
    after(
        "invariant-with-an-effect",
        "@invariant\ndef low(s: S):\n    s.x = 1\n    return s.x < 9\n",
        "@invariant\ndef low(s: S):\n    return s.x < 9\n",
    ),
    after(
        "invariant-with-a-keyed-effect",
        "@invariant\ndef low(s: S):\n    s.m[1] = 1\n    return s.x < 9\n",
        "@invariant\ndef low(s: S):\n    return s.x < 9\n",
    ),
    after(
        "expr-with-an-effect",
        "@expr\ndef bumped(s: S):\n    s.x += 1\n    return s.x\n\n\n@invariant\ndef low(s: S):\n    return bumped(s) < 9\n",
        "@expr\ndef bumped(s: S):\n    return s.x + 1\n\n\n@invariant\ndef low(s: S):\n    return bumped(s) < 9\n",
    ),
    after(
        "expr-without-return",
        "@expr\ndef double(v):\n    v * 2\n\n\n@invariant\ndef low(s: S):\n    return double(s.x) < 9\n",
        "@expr\ndef double(v):\n    return v * 2\n\n\n@invariant\ndef low(s: S):\n    return double(s.x) < 9\n",
    ),
    after(
        "temporal-in-an-invariant",
        "@invariant\ndef low(s: S):\n    return Always(s.x < 9)\n",
        "@temporal\ndef low(s: S):\n    return Always(s.x < 9)\n",
    ),
    after(
        "temporal-and-plain",
        "@temporal\ndef low(s: S):\n    return And(Always(s.x < 9), Eventually(s.done))\n",
        "@temporal\ndef low(s: S):\n    return AndT(Always(s.x < 9), Eventually(s.done))\n",
    ),
    after(
        "temporal-without-operator",
        "@temporal\ndef low(s: S):\n    return s.x < 9\n",
        "@temporal\ndef low(s: S):\n    return Always(s.x < 9)\n",
    ),
    after(
        "always-of-an-int",
        "@temporal\ndef low(s: S):\n    return Always(s.x)\n",
        "@temporal\ndef low(s: S):\n    return Always(s.x < 9)\n",
    ),
    after(
        "leads-to-of-one",
        "@temporal\ndef low(s: S):\n    return LeadsTo(s.done)\n",
        "@temporal\ndef low(s: S):\n    return LeadsTo(s.done, s.x == 0)\n",
    ),
    after(
        "fair-inline-action",
        "@action\ndef step(c: Context[S]):\n    c.state.done = True\n\n\n"
        "@temporal\ndef ends(s: S):\n    return ImpliesT(WeakFair(step), Eventually(s.done))\n",
        "@action(inline=False)\ndef finishes(c: Context[S]):\n    c.state.done = True\n\n\n@action\ndef step(c: Context[S]):\n    finishes(c)\n\n\n"
        "@temporal\ndef ends(s: S):\n    return ImpliesT(WeakFair(finishes), Eventually(s.done))\n",
        base=NO_STEP,
    ),
    after(
        "fair-unknown-action",
        '@temporal\ndef ends(s: S):\n    return ImpliesT(WeakFair("finish"), Eventually(s.done))\n',
        '@temporal\ndef ends(s: S):\n    return ImpliesT(WeakFair("finishes"), Eventually(s.done))\n',
        base=NO_STEP
        + "\n@action(inline=False)\ndef finishes(c: Context[S]):\n    c.state.done = True\n\n\n@action\ndef step(c: Context[S]):\n    finishes(c)\n\n",
    ),
    after(
        "fair-called-action",
        "@temporal\ndef ends(s: S):\n    return ImpliesT(WeakFair(finishes()), Eventually(s.done))\n",
        "@temporal\ndef ends(s: S):\n    return ImpliesT(WeakFair(finishes), Eventually(s.done))\n",
        base=NO_STEP
        + "\n@action(inline=False)\ndef finishes(c: Context[S]):\n    c.state.done = True\n\n\n@action\ndef step(c: Context[S]):\n    finishes(c)\n\n",
    ),
    after(
        "assume-in-an-invariant",
        "@invariant\ndef low(s: S):\n    s.assume(s.x > 0)\n    return s.x < 9\n",
        "@invariant\ndef low(s: S):\n    return Implies(s.x > 0, s.x < 9)\n",
    ),
    after(
        "bool-of-temporal",
        "@temporal\ndef low(s: S):\n    return Always(s.x < 9) if Eventually(s.done) else Always(s.x < 3)\n",
        "@temporal\ndef low(s: S):\n    return OrT(AndT(Eventually(s.done), Always(s.x < 9)), Always(s.x < 3))\n",
    ),
]

MODULES = [
    bare(
        "unknown-import",
        "from speccheck import Context, MachineStateBase, Sett, StateVar, action, state",
        "from speccheck import Context, MachineStateBase, Set, StateVar, action, state",
    ),
    bare(
        "unknown-import-of-another-family",
        "from speccheck import *\nfrom speccheck import ForAll",
        "from speccheck import *\nfrom speccheck import Forall",
    ),
    bare("no-import", "import speccheck", "from speccheck import *"),
    bare(
        "missing-helper",
        "from speccheck import *\nfrom helpr import LIMIT",
        "from speccheck import *\nfrom helper import LIMIT",
        beside={"helper.py": "LIMIT = 3\n"},
    ),
    bare(
        "unknown-name-of-a-helper",
        "from speccheck import *\nfrom helper import LIMITS",
        "from speccheck import *\nfrom helper import LIMIT",
        beside={"helper.py": "LIMIT = 3\n"},
    ),
    bare("missing-module", "from speccheck import *\nimport numpy_not_there", "from speccheck import *"),
    bare(
        "failing-helper",
        "from speccheck import *\nfrom failing import LIMIT",
        "from speccheck import *\nLIMIT = 3",
        beside={"failing.py": "LIMIT = 1 // 0\n"},
    ),
    bare(
        "helper-with-a-syntax-error",
        "from speccheck import *\nfrom broken import LIMIT",
        "from speccheck import *\nLIMIT = 3",
        beside={"broken.py": "LIMIT = (3\n"},
    ),
    bare(
        "import-in-a-circle",
        "from speccheck import *\nfrom circle import LIMIT",
        "from speccheck import *\nLIMIT = 3",
        beside={"circle.py": "from spec import MORE\n\nLIMIT = MORE\n"},
    ),
    bare("raising-module", 'from speccheck import *\n\nraise ValueError("not yet")', "from speccheck import *"),
    bare(
        "exiting-module",
        "import sys\n\nfrom speccheck import *\n\nsys.exit(0)",
        "import sys\n\nfrom speccheck import *",
    ),
    after(
        "syntax-error",
        "@invariant\ndef low(s: S)\n    return s.x < 9\n",
        "@invariant\ndef low(s: S):\n    return s.x < 9\n",
    ),
    after(
        "assignment-in-a-condition",
        "@invariant\ndef low(s: S):\n    return (s.x = 9)\n",
        "@invariant\ndef low(s: S):\n    return s.x == 9\n",
    ),
    after(
        "tabs-and-spaces",
        "@invariant\ndef low(s: S):\n    limit = 9\n\treturn s.x < limit\n",
        "@invariant\ndef low(s: S):\n    limit = 9\n    return s.x < limit\n",
    ),
    after(
        "unindented", "@invariant\ndef low(s: S):\nreturn s.x < 9\n", "@invariant\ndef low(s: S):\n    return s.x < 9\n"
    ),
    after(
        "undefined-name",
        "@invariant\ndef low(s: S):\n    return s.x < LIMT\n",
        "LIMIT = 9\n\n\n@invariant\ndef low(s: S):\n    return s.x < LIMIT\n",
        before="LIMIT = 9",
    ),
    whole("not-utf-8", SMALL + '\nNAME = "Zürich"\n', SMALL + '\nNAME = "Zürich"\n', encoding="latin-1"),
    whole(
        "caret-after-wide-characters",
        SMALL + '\n@invariant\ndef low(s: S):\n    return Or("é" == "日本", s.x == "ü")\n',
        SMALL + '\n@invariant\ndef low(s: S):\n    return Or("é" == "日本", s.x == 0)\n',
    ),
    whole(
        "caret-after-a-tab",
        SMALL + "\n@invariant\ndef low(s: S):\n\treturn s.x == 'ü'\n",
        SMALL + "\n@invariant\ndef low(s: S):\n\treturn s.x == 0\n",
    ),
]

MISTAKES = [*STATES, *RECORDS, *ACTIONS, *INSTANCES, *PROPERTIES, *MODULES]
