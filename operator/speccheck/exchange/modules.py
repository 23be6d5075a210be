r"""A Model as a TLA+ module.

The operators that TLA+ lacks come first, then the parameters (constants), the variables, the named functions and
actions, Init, Next, and the properties; comments carry what the author wrote and where. An operator is defined when
something needs it, so each comes before what uses it, as TLA+ asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from speccheck.exchange.constants import strings_in
from speccheck.exchange.definedness import Definedness
from speccheck.exchange.effects import choosy_actions, entries
from speccheck.exchange.expressions import Expressions, Surroundings
from speccheck.exchange.library import LIBRARY
from speccheck.exchange.names import Names, fitting, hint
from speccheck.exchange.orders import Orders
from speccheck.exchange.pieces import Doc, Enclosed, Text, lines
from speccheck.exchange.ranges import folded
from speccheck.exchange.steps import Exit, Performer, Site, Steps, Variant
from speccheck.ir.models import Action, Function, Model, Transition
from speccheck.ir.nodes import Block, Const, Expr, Fold, Local, expressions
from speccheck.ir.scopes import UseTable, Work
from speccheck.ir.walks import bottom_up, bound_locals, defined_local, in_order

EXTENDS = "Integers, Sequences, FiniteSets, TLC"
_OURS = ("Init", "Next", "Spec", "vars")
_RULE = 77
_MAX_WORK = 1 << 40


@dataclass(slots=True)
class Module:
    """A module while it is written: its definitions, in the order in which they came to be needed."""

    model: Model
    names: Names
    unabsorbing: frozenset[str] = frozenset()
    definitions: list[str] = field(default_factory=list)
    variants: dict[Variant, str] = field(default_factory=dict)
    _library: dict[str, str] = field(default_factory=dict)
    _functions: dict[str, str] = field(default_factory=dict)
    _folds: dict[str, str] = field(default_factory=dict)
    _named: dict[str, str] = field(init=False)
    params: dict[str, str] = field(init=False)
    variables: dict[str, str] = field(init=False)
    surroundings: Surroundings = field(init=False)
    performer: Performer = field(init=False)

    def __post_init__(self) -> None:
        model = self.model
        self.names.avoid((*LIBRARY, *_OURS))
        self.params = {each.name: self.names.fresh(each.name) for each in model.params}
        self.variables = {each.name: self.names.fresh(each.name) for each in model.variables}
        self._named = {wish: self.names.claim(wish) for wish in _wishes(model)}
        self.names.leave(fitting(hint(name)) for name in _local_names(model))
        self.surroundings = Surroundings(
            model,
            self.names,
            self.params,
            self.variables,
            Definedness(model),
            Orders(self.names, _strings(model), self._require),
            UseTable(Work(_MAX_WORK)),
            self._require,
            self._function,
            self._fold,
        )
        self.performer = Performer(
            {a.key: a for a in model.actions},
            entries(_callees_first(model)),
            self.variables,
            self.variant,
            self.expressions,
            lambda key: key not in self.unabsorbing,
            choosy_actions(_callees_first(model)),
        )

    def expressions(self, place: str) -> Expressions:
        """The translation of a definition's expressions, which begins without any name."""
        return Expressions(self.surroundings, place, self.names.inside())

    def named(self, wish: str) -> str:
        """The name of a definition; another one each time it is asked for."""
        return self._named.pop(wish, None) or self.names.fresh(wish)

    def _require(self, operator: str) -> str:
        if operator not in self._library:
            self._library[operator] = operator
        return operator

    # --- definitions -------------------------------------------------------------------------------

    def _function(self, name: str) -> str:
        if name not in self._functions:
            function = next(each for each in self.model.functions if each.name == name)
            text = self._defined_function(function)
            self._functions[name] = text
        return self._functions[name]

    def _defined_function(self, function: Function) -> str:
        into = self.expressions(f"function {function.name}")
        params = [into.bound(param) for param in function.params]
        body = into.root(function.body)
        name = self.named(function.name)
        self.define(headed(name, params), body, comment_of("", self.model, [function.body]))
        return name

    def _fold(self, node: Fold) -> str:
        """The operator for a fold that needs nothing from outside; folds that are written alike share one."""
        into = self.expressions(f"a fold of {hint(node.accumulator.name)}")
        params = [into.names.fresh("collection"), into.names.fresh("initial")]
        body = folded(into, node, Text(params[0]), Text(params[1]))
        key = "\n".join(lines(body, 0))
        if key not in self._folds:
            name = self._folds[key] = self.names.fresh(f"Fold_{hint(node.accumulator.name)}")
            self.define(headed(name, params), body, comment_of("", self.model, [node]))
        return self._folds[key]

    def variant(self, variant: Variant) -> str:
        """The operator for a named action as it is called somewhere."""
        if variant not in self.variants:
            action = self.performer.actions[variant.key]
            into = self.expressions(f"action {action.name}")
            params = [into.bound(param) for param in action.params]
            steps = Steps(into, variant.phase, self.performer)
            named = {v: into.names.fresh(f"{self.variables[v]}_0") for v in variant.entered}
            steps.begin({v: Text(named.get(v, self.variables[v])) for v in self.variables})
            finals = {**dict(action.writes), **dict.fromkeys(variant.unchanged, 0)}
            body = steps.block(action.block, Exit(finals))
            name = self.variants[variant] = self.named(action.name)
            comment = comment_of(action.doc, self.model, _nodes(action.block))
            self.define(headed(name, [*params, *named.values()]), body, comment)
        return self.variants[variant]

    def define(self, head: str, body: Doc, comment: list[str]) -> None:
        """Adds a definition to the module."""
        found = lines(body, len(head) + 4)
        if len(found) > 1 or len(head) + 4 + len(found[0]) > 100:
            found = [f"{head} ==", *_indented(body)]
        else:
            found = [f"{head} == {found[0]}"]
        self.definitions.append("\n".join([*comment, *found]))

    def transition(
        self, transition: Transition, *, initial: bool, site: Site | None = None, avoiding: Iterable[str] = ()
    ) -> Doc:
        """Init, Next, or with a site those ways of Next that go through it; no name in it is one to be avoided."""
        into = self.expressions("the initial states" if initial else "the step")
        into.names.avoid(avoiding)
        steps = Steps(into, "init" if initial else "next", self.performer, outermost=True, site=site)
        if not initial:
            steps.begin({v: Text(name) for v, name in self.variables.items()})
        writes = dict(transition.writes)
        return steps.block(transition.block, Exit({v: writes.get(v, 0) for v in self.variables}))

    def predicate(self, body: Expr, place: str) -> Doc:
        """An expression of a property."""
        return self.reading(place).root(body)

    def reading(self, place: str) -> Expressions:
        """The translation of a property's expressions: they read the state as it is."""
        into = self.expressions(place)
        into.versions.update({(v, 0): Text(name) for v, name in self.variables.items()})
        return into

    def wavering(self) -> frozenset[str]:
        """The actions that came to be said to keep one set of variables here and another there."""
        kept: dict[str, set[tuple[str, ...]]] = {}
        for variant in self.variants:
            if variant.phase == "next":
                kept.setdefault(variant.key, set()).add(variant.unchanged)
        return frozenset(key for key, found in kept.items() if len(found) > 1)

    # --- the whole text ----------------------------------------------------------------------------

    def text(self, name: str) -> str:
        """The module, once everything is defined."""
        sections = [
            f"{f' MODULE {name} '.center(_RULE, '-')}",
            *_heading(self.model),
            f"\nEXTENDS {EXTENDS}\n",
            *self._helpers(),
            *self._declared("CONSTANTS", [(self.params[p.name], str(p.type)) for p in self.model.params]),
            *self._declared("VARIABLES", [(self.variables[v.name], str(v.type)) for v in self.model.variables]),
            "\n".join(["vars ==", *_indented(Enclosed("<<", tuple(map(Text, self.variables.values())), ">>"))]),
            "",
            *(f"{each}\n" for each in self.definitions),
            "=" * _RULE,
        ]
        return "\n".join(sections) + "\n"

    def _helpers(self) -> Iterator[str]:
        ordered = [name for name in LIBRARY if name in self._needed()]
        texts = [_helper(LIBRARY[name].text, LIBRARY[name].comment) for name in ordered]
        texts += self.surroundings.orders.definitions
        if texts:
            yield "\\* What TLA+ has no word for.\n"
            yield "\n\n".join(texts) + "\n"
            yield "-" * _RULE + "\n"

    def _needed(self) -> set[str]:
        found: set[str] = set()
        waiting = list(self._library)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(LIBRARY[name].needs)
        return found

    def _declared(self, word: str, named: list[tuple[str, str]]) -> Iterator[str]:
        if named:
            width = max(len(name) for name, _ in named) + 1
            rows = [
                f"  {name + (',' if n < len(named) else ''):<{width}}  \\* {_plain(told)}"
                for n, (name, told) in enumerate(named, 1)
            ]
            yield "\n".join([word, *rows, ""])


def headed(name: str, params: list[str]) -> str:
    """The left side of a definition."""
    return f"{name}({', '.join(params)})" if params else name


def _indented(body: Doc) -> list[str]:
    first, *others = lines(body, 2)
    return [f"  {first}", *others]


def _helper(text: str, comment: str) -> str:
    return f"\\* {comment}\n{text}" if comment else text


# --- comments --------------------------------------------------------------------------------------


def _plain(line: str) -> str:
    """A line for a comment: plain ASCII, and nothing that a reader of TLA+ takes for more than text."""
    return line.expandtabs(2).rstrip().encode("ascii", "backslashreplace").decode("ascii")


def comment_lines(doc: str) -> list[str]:
    """An author's text as a comment."""
    return [f"\\* {_plain(line)}".rstrip() for line in doc.strip().splitlines()]


def _heading(model: Model) -> list[str]:
    instance = f", instance {model.instance_name}" if model.instance_name else ""
    return [*comment_lines(model.doc), *(["\\*"] if model.doc.strip() else []), f"\\* From {model.name}{instance}."]


def comment_of(doc: str, model: Model, nodes: Iterable[object]) -> list[str]:
    """What stands above a definition: the author's text, and where it was written."""
    return [*comment_lines(doc), *_origin(model, nodes)]


def _origin(model: Model, nodes: Iterable[object]) -> list[str]:
    """Where the author wrote something: the file, and the lines from the first to the last of it."""
    spans = [span for span in map(model.span_of, nodes) if span is not None]
    if not spans:
        return []
    path = spans[0].path
    found = sorted(span.line for span in spans if span.path == path)
    where = f"line {found[0]}" if found[0] == found[-1] else f"lines {found[0]} to {found[-1]}"
    return [f"\\* ({_plain(path)}, {where})"]


def _nodes(block: Block) -> list[object]:
    return list(in_order(block))


# --- what a model mentions -------------------------------------------------------------------------


def _callees_first(model: Model) -> list[Action]:
    from_key = {a.key: a for a in model.actions}
    found: dict[str, Action] = {}

    def visit(action: Action) -> None:
        for statement in in_order(action.block):
            key = getattr(statement, "action", None)
            if key is not None and key not in found:
                visit(from_key[key])
        found[action.key] = action

    for action in model.actions:
        if action.key not in found:
            visit(action)
    return list(found.values())


def _roots(model: Model) -> Iterator[Expr]:
    yield from (function.body for function in model.functions)
    for each in (*(a.block for a in model.actions), model.initial.block, model.step.block):
        for statement in in_order(each):
            yield from expressions(statement)
    yield from model.judged()


def _wishes(model: Model) -> list[str]:
    """What the author called the definitions of the module."""
    wishes = [*(f.name for f in model.functions), *(a.name for a in model.actions)]
    wishes += [f"Never_{p.name}" if p.kind == "example" else p.name for p in model.properties]
    return list(dict.fromkeys(wishes))


def _local_names(model: Model) -> Iterator[str]:
    yield from (param.name for each in model.functions for param in each.params)
    yield from (param.name for each in model.actions for param in each.params)
    for node in bottom_up(_roots(model), set()):
        yield from (local.name for local in bound_locals(node))
    for block in (*(a.block for a in model.actions), model.initial.block, model.step.block):
        defined: Iterable[Local | None] = map(defined_local, in_order(block))
        yield from (local.name for local in defined if local is not None)


def _strings(model: Model) -> set[str]:
    """Every string that a value of the model can be or hold: no operation makes another."""
    found: set[str] = set()
    for node in bottom_up(_roots(model), set()):
        if isinstance(node, Const):
            found.update(strings_in(node.value, node.type))
    types = {param.name: param.type for param in model.params}
    for name, value in model.bindings.items():
        found.update(strings_in(value, types[name]))
    return found
