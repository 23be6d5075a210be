r"""Blocks of statements as TLA+ actions.

A version of a variable that is its last one on every way is written as the primed variable, where it is assigned:
TLC evaluates conjuncts in order, as speccheck runs statements. Any other version is a name, bound by `\E v \in {e}`
where `e` may be undefined (so that it is evaluated there) and by LET elsewhere. What follows a branching
that leaves such a name behind becomes an operator of that name, `LET rest(v) == … IN`, called where each branch ends.

TLC takes what comes after the last variable's value for a mere condition: it would not try every choice there. So where
a choice is still to come, the value that would be the last one stays a name until the end of the block.

A named action is an operator that primes what it writes. Where its results are not last versions, its block is
written out in place of the call.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal, TypeAlias, assert_never

from speccheck.exchange.effects import chooses
from speccheck.exchange.expressions import Expressions
from speccheck.exchange.pieces import (
    NEGATION,
    OPERATION,
    RELATION,
    Conditional,
    Doc,
    Enclosed,
    Infix,
    Joined,
    Scoped,
    Text,
    Where,
    call,
    conjunction,
    disjunction,
    tight,
    where,
)
from speccheck.exchange.refusals import NotExported
from speccheck.ir.models import Action
from speccheck.ir.nodes import (
    Alternatives,
    Apply,
    Assign,
    Assume,
    Block,
    Choose,
    Const,
    Define,
    Expr,
    Join,
    Perform,
    Read,
    Split,
    Statement,
    expressions,
)
from speccheck.ir.walks import in_order

Phase: TypeAlias = Literal["init", "next"]
"""Whether the variables that are given values are those of the first state, or primed ones."""

_MAX_INLINED = 2_000
"""How many calls of actions may be written out in one module."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A named action as it is called somewhere.

    `entered` are the variables whose values come as further arguments, because they are not those that the
    step began with; `unchanged` those that the action says to keep besides what it writes.
    """

    key: str
    phase: Phase
    entered: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """Which ways are wanted: those that take these arms, and call the action of `perform` with these arguments."""

    arms: Mapping[int, int]
    perform: Perform
    args: tuple[Doc, ...]


@dataclass(frozen=True, slots=True)
class Exit:
    """What comes after a block: `finals` are the versions that are to be the variables' last ones.

    `checks` are conjuncts for the very end, `after` gives what follows where the end of the block is not the end;
    `choosy` says whether there is a choice in what comes later, `open` whether variables other than these have no
    last value yet where it ends.
    """

    finals: Mapping[str, int]
    choosy: bool = False
    open: bool = False
    checks: tuple[Doc, ...] = ()
    after: Callable[[], list[Doc]] | None = None


@dataclass(frozen=True, slots=True)
class _Fork:
    """A branching: its blocks, what they leave behind, and the statement."""

    blocks: list[Block]
    joins: tuple[Join, ...]
    statement: Alternatives | Split

    @property
    def arms(self) -> range:
        """The numbers of the blocks."""
        return range(len(self.blocks))


@dataclass(slots=True)
class Performer:
    """What the blocks of a module share: the actions, and how they are called."""

    actions: Mapping[str, Action]
    needs: Mapping[str, frozenset[str]]
    variables: Mapping[str, str]
    variant: Callable[[Variant], str]
    expressions: Callable[[str], Expressions]
    absorbs: Callable[[str], bool]
    choosy: Mapping[str, bool]
    inlined: int = 0


@dataclass(slots=True)
class Steps:
    """The translation of one definition's blocks. `outermost`: its calls are what labels a step."""

    into: Expressions
    phase: Phase
    performer: Performer
    outermost: bool = False
    site: Site | None = None
    current: dict[str, int] = field(default_factory=dict)

    def begin(self, values: Mapping[str, Doc]) -> None:
        """What the variables are called where the definition begins."""
        for variable, doc in values.items():
            self._becomes(variable, 0, doc)

    def _becomes(self, variable: str, version: int, doc: Doc) -> Doc:
        """A variable has another value from here on, called so."""
        self.into.versions[variable, version] = doc
        self.current[variable] = version
        return doc

    def block(self, block: Block, then: Exit) -> Doc:
        """A block as a formula."""
        return conjunction(self._emit(block, 0, then), tall=True)

    def _emit(self, block: Block, at: int, then: Exit) -> list[Doc]:
        if at == len(block):
            return [*self._copies(then.finals), *then.checks, *(then.after() if then.after else ())]
        statement = block[at]
        match statement:
            case Assume(condition):
                return [*self._conditions(condition), *self._emit(block, at + 1, then)]
            case Assign():
                return self._assign(statement, block, at, then)
            case Define():
                return self._define(statement, block, at, then)
            case Choose(local, domain):
                doc = self.into.root(domain)
                member = Infix(r"\in", (Text(self.into.bound(local)), tight(doc, OPERATION)), 0)
                head = Enclosed(r"\E ", (member,), "")
                return [Scoped(head, conjunction(self._emit(block, at + 1, then), tall=True))]
            case Alternatives(branches, joins):
                return self._branching(_Fork([b.block for b in branches], joins, statement), block, at, then)
            case Split(_, first, second, joins):
                return self._branching(_Fork([first, second], joins, statement), block, at, then)
            case Perform():
                return self._perform(statement, block, at, then)
            case _:
                assert_never(statement)

    # --- what a block leaves behind ----------------------------------------------------------------

    def _primed(self, variable: str) -> Doc:
        name = self.performer.variables[variable]
        return Text(name if self.phase == "init" else f"{name}'")

    def _is_primed(self, variable: str, doc: Doc) -> bool:
        return isinstance(doc, Text) and doc.text == f"{self.performer.variables[variable]}'"

    def _is_kept(self, variable: str, doc: Doc) -> bool:
        return isinstance(doc, Text) and doc.text == self.performer.variables[variable]

    def _copies(self, finals: Mapping[str, int]) -> list[Doc]:
        """Gives the last values that no statement has given."""
        found: list[Doc] = []
        kept: list[str] = []
        for variable, version in finals.items():
            doc = self.into.versions[variable, version]
            if self._is_kept(variable, doc):
                kept.append(self.performer.variables[variable])
            elif not self._is_primed(variable, doc):
                found.append(Infix("=", (self._primed(variable), tight(doc, OPERATION)), RELATION))
        return [*found, *(unchanged(kept) if self.phase == "next" else ())]

    def _completes(self, then: Exit, variables: Collection[str]) -> bool:
        """Whether giving some variables their last values would leave none without."""
        return not then.open and all(v in variables or self._is_given(v, n) for v, n in then.finals.items())

    def _is_given(self, variable: str, version: int) -> bool:
        doc = self.into.versions.get((variable, version))
        primed = self._primed(variable)
        return isinstance(doc, Text) and isinstance(primed, Text) and doc.text == primed.text

    def _rest(self, block: Block, at: int, then: Exit, variables: Collection[str]) -> tuple[bool, bool]:
        """Whether a choice comes after a statement that gives some variables their last values; whether others wait."""
        return then.choosy or self._chooses(block[at + 1 :]), not self._completes(then, variables)

    def _too_early(self, block: Block, at: int, then: Exit, variables: Collection[str]) -> bool:
        choosy, waiting = self._rest(block, at, then, variables)
        return choosy and not waiting

    def _chooses(self, block: Block) -> bool:
        return chooses(block, self.performer.choosy)

    # --- single statements -------------------------------------------------------------------------

    def _conditions(self, condition: Expr) -> list[Doc]:
        """An assumption as conjuncts, none of which TLC can take for a choice between steps."""
        match condition:
            case Apply(_, "and", args) if not self._is_shared(condition):
                return [each for arg in args for each in self._conditions(arg)]
            case Const(_, True):
                return []
            case _:
                doc = self.into.root(condition)
                return [doc if _is_plain(condition, doc) else call(self.into.needs("When"), doc)]

    def _is_shared(self, condition: Apply) -> bool:
        """Whether operands of a conjunction have large parts in common: then it is written as one formula."""
        return isinstance(self.into.root(condition), Where)

    def _assign(self, statement: Assign, block: Block, at: int, then: Exit) -> list[Doc]:
        variable, version = statement.variable, statement.version
        doc = self.into.root(statement.value)
        if then.finals.get(variable) == version and not self._too_early(block, at, then, (variable,)):
            primed = self._becomes(variable, version, self._primed(variable))
            return [Infix("=", (primed, tight(doc, OPERATION)), RELATION), *self._emit(block, at + 1, then)]
        name = self._versioned(variable, version)
        return self._named(name, doc, statement.value, lambda: self._emit(block, at + 1, then))

    def _versioned(self, variable: str, version: int) -> str:
        name = self.into.names.fresh(f"{self.performer.variables[variable]}_{version}")
        self._becomes(variable, version, Text(name))
        return name

    def _named(self, name: str, doc: Doc, value: Expr, rest: Callable[[], list[Doc]]) -> list[Doc]:
        """A name for a value from here on, evaluated here where that can fail."""
        if self.into.definedness.fallible(value):
            return [self._drawn(name, doc, conjunction(rest(), tall=True))]
        return [where([(name, doc)], conjunction(rest(), tall=True))]

    def _drawn(self, name: str, doc: Doc, rest: Doc) -> Doc:
        member = Infix(r"\in", (Text(name), Enclosed("{", (doc,), "}")), 0)
        return Scoped(Enclosed(r"\E ", (member,), ""), rest)

    def _define(self, statement: Define, block: Block, at: int, then: Exit) -> list[Doc]:
        doc = self.into.root(statement.value)
        if isinstance(doc, Text):
            self.into.stands_for(statement.local, doc)
            return self._emit(block, at + 1, then)
        if not any(self._mentions(each, statement.local.name) for each in block[at + 1 :]):
            return self._emit(block, at + 1, then)
        name = self.into.bound(statement.local)
        return [where([(name, doc)], conjunction(self._emit(block, at + 1, then), tall=True))]

    def _mentions(self, statement: Statement, name: str) -> bool:
        return any(name in self.into.uses.of(e) for s in in_order((statement,)) for e in expressions(s))

    # --- branches ----------------------------------------------------------------------------------

    def _branching(self, fork: _Fork, block: Block, at: int, then: Exit) -> list[Doc]:
        last = {j.variable: j for j in fork.joins if then.finals.get(j.variable) == j.version}
        if last and self._too_early(block, at, then, last):
            del last[next(iter(last))]
        open_ = [j for j in fork.joins if j.variable not in last]
        if at + 1 == len(block) and then.after is None and not open_:
            return [self._arms(fork, [self._tail(then, last, n) for n in fork.arms])]
        if not open_:
            rest_ = self._rest(block, at, then, last)
            exits = [Exit({v: j.sources[n] for v, j in last.items()}, *rest_) for n in fork.arms]
            doc = self._arms(fork, exits)
            self._take_over(last.values())
            return [doc, *self._emit(block, at + 1, then)]
        chosen = self._chosen(fork, open_)
        if chosen is not None and not last:
            value, doc = chosen
            name = self._versioned(open_[0].variable, open_[0].version)
            rest = conjunction(self._emit(block, at + 1, then), tall=True)
            return [self._drawn(name, doc, rest) if value else where([(name, doc)], rest)]
        begun = [
            Exit({v: j.sources[n] for v, j in last.items()}, *self._rest(block, at, then, last)) for n in fork.arms
        ]
        return [self._continued(fork, begun, open_, last, lambda: self._emit(block, at + 1, then))]

    def _tail(self, then: Exit, last: Mapping[str, Join], arm: int) -> Exit:
        """The exit of an arm after which nothing comes."""
        finals = {v: last[v].sources[arm] if v in last else version for v, version in then.finals.items()}
        return replace(then, finals=finals)

    def _take_over(self, joins: Iterable[Join]) -> None:
        for join in joins:
            self._becomes(join.variable, join.version, self._primed(join.variable))

    def _continued(
        self, fork: _Fork, exits: list[Exit], open_: list[Join], last: Mapping[str, Join], rest: Callable[[], list[Doc]]
    ) -> Doc:
        """The branches, each ending in a call of what follows them."""
        name = self.into.names.fresh("rest")

        def ends(arm: int) -> list[Doc]:
            return [call(name, *(self.into.versions[j.variable, j.sources[arm]] for j in open_))]

        arms = self._arms(fork, [replace(each, after=partial(ends, n)) for n, each in enumerate(exits)])
        params = [self._versioned(j.variable, j.version) for j in open_]
        self._take_over(last.values())
        following = conjunction(rest(), tall=True)
        return where([(f"{name}({', '.join(params)})", following)], arms)

    def _arms(self, fork: _Fork, exits: list[Exit]) -> Doc:
        wanted = None if self.site is None else self.site.arms.get(id(fork.statement))
        given = list(zip(fork.blocks, exits, strict=True))
        condition = self.into.root(fork.statement.condition) if isinstance(fork.statement, Split) else None
        if wanted is not None:
            arm = self._arm(*given[wanted])
            if condition is None:
                return arm
            test = call(self.into.needs("When"), condition)
            return conjunction([test if wanted == 0 else Joined((Text("~"), test), NEGATION), arm], tall=True)
        arms = [self._arm(*each) for each in given]
        return disjunction(arms, tall=True) if condition is None else Conditional(condition, arms[0], arms[1])

    def _arm(self, block: Block, then: Exit) -> Doc:
        before = dict(self.current)
        doc = self.block(block, then)
        self.current = before
        return doc

    def _chosen(self, fork: _Fork, open_: list[Join]) -> tuple[bool, Doc] | None:
        """The value that a split leaves behind, where its arms only assign it, and whether it can be undefined."""
        if not isinstance(fork.statement, Split) or len(open_) != 1 or len(fork.joins) != 1:
            return None
        join, docs, values = open_[0], list[Doc](), [fork.statement.condition]
        for block, source in zip(fork.blocks, join.sources, strict=True):
            match block:
                case ():
                    docs.append(self.into.versions[join.variable, source])
                case (Assign(_, _, value),):
                    docs.append(self.into.root(value))
                    values.append(value)
                case _:
                    return None
        fallible = any(map(self.into.definedness.fallible, values))
        return fallible, Conditional(self.into.root(fork.statement.condition), docs[0], docs[1])

    # --- calls -------------------------------------------------------------------------------------

    def _perform(self, node: Perform, block: Block, at: int, then: Exit) -> list[Doc]:
        args = [self.into.root(arg) for arg in node.args]
        checked = [a for a, e in zip(args, node.args, strict=True) if self.into.definedness.fallible(e)]
        if self.outermost and checked:
            then = replace(then, checks=(*then.checks, *(call(self.into.needs("Defined"), a) for a in checked)))
        asked: list[Doc] = []
        if self.site is not None and node is self.site.perform:
            pairs = zip(args, self.site.args, strict=True)
            asked = [Infix("=", (tight(a, OPERATION), tight(b, OPERATION)), RELATION) for a, b in pairs]
        written = [r.variable for r in node.results]
        tail = at + 1 == len(block) and then.after is None and self.phase == "next"
        kept = self._absorbed(node, then) if tail and self.performer.absorbs(node.action) else ()
        last = all(then.finals.get(r.variable) == r.version for r in node.results)
        silent = not written and not kept and self.performer.choosy[node.action]
        if not last or silent or (written and self._too_early(block, at, then, written)):
            return [*asked, *self._inlined(node, args, block, at, then)]
        doc = self._called(node, args, kept)
        rest = replace(then, finals={v: n for v, n in then.finals.items() if v not in kept})
        return [*asked, doc, *self._emit(block, at + 1, rest)]

    def _called(self, node: Perform, args: list[Doc], kept: tuple[str, ...]) -> Doc:
        action = self.performer.actions[node.action]
        entered = {
            v: doc
            for v, doc in self._values().items()
            if v in self.performer.needs[action.key] and not self._is_kept(v, doc)
        }
        variant = Variant(action.key, self.phase, tuple(entered), kept)
        doc = call(self.performer.variant(variant), *args, *entered.values())
        for result in node.results:
            self._becomes(result.variable, result.version, self._primed(result.variable))
        return doc

    def _absorbed(self, node: Perform, then: Exit) -> tuple[str, ...]:
        """The variables that stay as they are and that the action can say so of."""
        written = {result.variable for result in node.results}
        return tuple(
            v
            for v, version in then.finals.items()
            if v not in written and self._is_kept(v, self.into.versions[v, version])
        )

    def _values(self) -> dict[str, Doc]:
        """What the variables are called here."""
        return {v: self.into.versions[v, n] for v, n in self.current.items()}

    def _inlined(self, node: Perform, args: list[Doc], block: Block, at: int, then: Exit) -> list[Doc]:
        action = self.performer.actions[node.action]
        self.performer.inlined += 1
        if self.performer.inlined > _MAX_INLINED:
            raise NotExported(f"{action.name} would have to be written out more than {_MAX_INLINED} times")
        into = self.performer.expressions(f"action {action.name}")
        into.names = self.into.names
        inner = Steps(into, self.phase, self.performer)
        inner.begin(self._values())
        given = [(into.bound(param), arg) for param, arg in zip(action.params, args, strict=True)]
        ends = dict(action.writes)
        finals = {r.variable: ends[r.variable] for r in node.results if then.finals.get(r.variable) == r.version}
        if finals and self._too_early(block, at, then, finals):
            del finals[next(iter(finals))]
        rest = self._rest(block, at, then, finals)

        def goes_on() -> list[Doc]:
            for result in node.results:
                version = into.versions[result.variable, ends[result.variable]]
                final = result.variable in finals
                self._becomes(result.variable, result.version, self._primed(result.variable) if final else version)
            return self._emit(block, at + 1, then)

        body = conjunction(inner._emit(action.block, 0, Exit(finals, *rest, after=goes_on)), tall=True)
        return [where(given, body)]


_COMPARING = "eq ne lt le gt ge not set_contains subset proper_subset list_contains"
_TAKING = "map_get list_get record_get tuple_get"
_PLAIN = frozenset(f"{_COMPARING} {_TAKING}".split())


def _is_plain(condition: Expr, doc: Doc) -> bool:
    r"""Whether TLC takes a formula for a condition wherever it stands: no \/, \E or IF on its surface."""
    match condition:
        case Apply(_, op):
            return op in _PLAIN and not isinstance(doc, Where)
        case Read() | Const():
            return True
        case _:
            return False


def unchanged(names: list[str]) -> list[Doc]:
    """That some variables keep their values."""
    match names:
        case []:
            return []
        case [only]:
            return [Joined((Text("UNCHANGED "), Text(only)), RELATION)]
        case _:
            return [Joined((Text("UNCHANGED "), Enclosed("<<", tuple(map(Text, names)), ">>")), RELATION)]
