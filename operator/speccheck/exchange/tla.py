r"""A Model as files that TLC reads: a TLA+ module, and a configuration for each thing to check.

Takes a Model whose parameters have values. The first configuration has every invariant; one more for each example has
its negation as the invariant, which TLC finds violated exactly where the example can be reached; one for each
temporal property has it as a property. What cannot be said in TLA+ with the same meaning is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from speccheck.errors import UsageError
from speccheck.exchange.constants import TooWide, constant
from speccheck.exchange.modules import Module, comment_lines, comment_of
from speccheck.exchange.names import Names, fitting
from speccheck.exchange.pieces import ATOM, NEGATION, Joined, Text, flat, tight
from speccheck.exchange.refusals import NotExported
from speccheck.exchange.temporals import Formulas
from speccheck.ir.models import Model, Property
from speccheck.ir.temporals import Formula
from speccheck.ir.types import BoolType, EnumType, IntType, SetType, StrType, Type
from speccheck.ir.values import Value

MAX_BYTES = 4 << 20
"""How long a module may be before it is refused: nobody could read it, and TLC would not, either."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to write: its name, and its text."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Exported:
    """The files of an export. `configurations` gives, by property, the file that checks it."""

    module: str
    files: tuple[File, ...]
    configurations: dict[str, str]


def exported(model: Model) -> Exported:
    """The module and its configurations.

    Raises UsageError where a parameter has no value, NotExported where the model has something that cannot be said.
    """
    free = model.free_params()
    if free:
        names = ", ".join(each.name for each in model.instances) or "none"
        raise UsageError(f"{', '.join(free)} of {model.name} has no value: choose an instance ({names})")
    unabsorbing: frozenset[str] = frozenset()
    try:
        while True:
            export = _Export(model, unabsorbing)
            found = export.files()
            wavering = export.module.wavering() - unabsorbing
            if not wavering:
                return found
            unabsorbing |= wavering
    except RecursionError:
        raise NotExported(f"{model.name} cannot be exported to TLA+: its formulas are nested too deeply") from None


class _Export:
    def __init__(self, model: Model, unabsorbing: frozenset[str]) -> None:
        self.model = model
        self.name = fitting(model.name)
        self.module = Module(model, Names((self.name,)), unabsorbing)
        self._values: dict[str, str] = {}

    def files(self) -> Exported:
        module, model = self.module, self.model
        module.define(
            "Init", module.transition(model.initial, initial=True), comment_of("The first states.", model, ())
        )
        module.define("Next", module.transition(model.step, initial=False), comment_of("The steps.", model, ()))
        module.define("Spec", Text("Init /\\ [][Next]_vars"), [])
        constants = self._constants()
        formulas = Formulas(module)
        invariants: list[str] = []
        single: list[tuple[Property, str]] = []
        for each in model.properties:
            name = self._property(each, formulas)
            if each.kind == "invariant":
                invariants.append(name)
            else:
                single.append((each, name))
        text = module.text(self.name)
        if len(text) > MAX_BYTES:
            raise NotExported(f"{model.name} cannot be exported to TLA+: the text would have {len(text):,} characters")
        return self._listed(text, constants, invariants, single)

    def _listed(
        self, text: str, constants: list[str], invariants: list[str], single: list[tuple[Property, str]]
    ) -> Exported:
        main = f"{self.name}.cfg"
        checks = [("INVARIANT", name) for name in invariants]
        files = [File(f"{self.name}.tla", text), File(main, self._configuration(constants, checks))]
        found = {each.name: main for each in self.model.properties if each.kind == "invariant"}
        taken = Names()
        for each, name in single:
            file = f"{self.name}.{taken.fresh(each.name)}.cfg"
            word = "INVARIANT" if each.kind == "example" else "PROPERTY"
            files.append(File(file, self._configuration(constants, [(word, name)])))
            found[each.name] = file
        return Exported(self.name, tuple(files), found)

    def _property(self, each: Property, formulas: Formulas) -> str:
        place = f"{each.kind} {each.name}"
        comment = comment_of(each.doc, self.model, each.expressions[:1])
        match each.kind:
            case "invariant":
                body = self.module.predicate(each.predicate, place)
                name = self.module.named(each.name)
            case "example":
                found = self.module.predicate(each.predicate, place)
                body = Joined((Text("~"), tight(found, ATOM)), NEGATION)
                name = self.module.named(f"Never_{each.name}")
                comment.append("\\* An example: a state that violates this formula is the witness.")
            case "temporal":
                assert isinstance(each.body, Formula)
                body = formulas.formula(each.body, self.module.reading(place))
                name = self.module.named(each.name)
        self.module.define(name, body, comment)
        return name

    # --- configurations ----------------------------------------------------------------------------

    def _constants(self) -> list[str]:
        """What the configuration says of the constants; values that it cannot write become definitions."""
        rows: list[str] = []
        for param in self.model.params:
            value, name = self.model.bindings[param.name], self.module.params[param.name]
            if _writable(value, param.type):
                rows.append(f"  {name} = {flat(constant(value, param.type))}")
                continue
            try:
                doc = constant(value, param.type)
            except TooWide as error:
                raise NotExported(f"{self.model.name} cannot be exported to TLA+: {error}, in {param.name}") from None
            given = self.module.names.fresh(f"{self.model.instance_name or 'given'}_{param.name}")
            self.module.define(given, doc, [f"\\* The value of {name}."])
            rows.append(f"  {name} <- {given}")
        return rows

    def _configuration(self, constants: list[str], checks: Iterable[tuple[str, str]]) -> str:
        instance = f", instance {self.model.instance_name}" if self.model.instance_name else ""
        rows = [*comment_lines(f"{self.model.name}{instance}"), "SPECIFICATION Spec"]
        if constants:
            rows += ["CONSTANTS", *constants]
        rows += [f"{word} {name}" for word, name in checks]
        return "\n".join([*rows, "CHECK_DEADLOCK FALSE", ""])


def _writable(value: Value, type_: Type) -> bool:
    """Whether a configuration can have the value: it knows plain numbers, strings and sets of them, on one line."""
    match type_:
        case IntType():
            return bool(0 <= value < 1 << 31)
        case BoolType():
            return True
        case StrType():
            return True
        case EnumType(_, members):
            return _writable(members[value], StrType())
        case SetType(element):
            short = len(value) <= 8 and not isinstance(element, SetType)
            return short and all(_writable(item, element) for item in value)
        case _:
            return False
