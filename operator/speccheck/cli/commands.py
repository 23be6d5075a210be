"""The table of commands, and the loading of one command's module when that command is used.

A row names its command's function as `module:attribute`: a function whose parameters typer can read
and which gives an exit status, or a `typer.Typer` with commands of its own. To add a command, add a row.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

EXAMPLES = "[bold]Examples[/bold]\n"


@dataclass(frozen=True, slots=True)
class Command:
    """One row: what it is called, where it is, what it does in one line, how it is used; whether it `reads` a spec."""

    name: str
    target: str
    summary: str
    examples: tuple[str, ...]
    reads: bool = False


_ROWS = (
    Command(
        "check",
        "speccheck.cli.searches:check",
        "Visit every reachable state and judge every property in each.",
        (
            "speccheck check specs/two_phase_commit.py --instance n3",
            "speccheck check specs/dns_balancer --property no_inconsistent_root --itf race.itf.json",
            "speccheck check specs/die_hard.py --max-steps 10 --timeout 1m --json",
        ),
        reads=True,
    ),
    Command(
        "simulate",
        "speccheck.cli.searches:simulate",
        "Take random walks and judge every property on the way.",
        (
            "speccheck simulate specs/dns_balancer --walks 1000 --max-steps 30",
            "speccheck simulate specs/dns_balancer --walks 1000 --max-steps 30 --seed 7 --timeout 1m",
        ),
        reads=True,
    ),
    Command(
        "replay",
        "speccheck.cli.replays:replay",
        "Take the steps of a saved path again and say what it shows.",
        (
            "speccheck replay specs/dns_balancer race.itf.json",
            "speccheck replay specs/dns_balancer race.itf.json --force",
        ),
        reads=True,
    ),
    Command(
        "explain",
        "speccheck.cli.explain:explain",
        "Say why an action cannot be taken, and what expressions are worth along a saved path.",
        (
            "speccheck explain specs/dns_balancer race.itf.json --why-not deployer_gc --step 8",
            "speccheck explain specs/dns_balancer race.itf.json --watch s.zone_records.size",
            "speccheck explain specs/die_hard.py path.itf.json --why-not pour_big_into_small --json",
        ),
        reads=True,
    ),
    Command(
        "conform",
        "speccheck.cli.conform:conform",
        "Hold recorded observations of a live system to a specification.",
        (
            "speccheck conform examples/conformance/pool.py --mapping examples/conformance/observe.yaml night.jsonl",
            "speccheck conform specs/dns_balancer -m zone.yaml zone.jsonl deployers.jsonl --itf paths",
            "speccheck conform specs/dns_balancer -m zone.yaml - < zone.jsonl",
        ),
        reads=True,
    ),
    Command(
        "record",
        "speccheck.cli.record:record",
        "Write down what happens to a cluster's objects, for `conform`.",
        (
            "speccheck record -f speccheck.yaml -n shop -o night.jsonl",
            "speccheck record --kind apps/v1/Deployment -l app=web -n shop --for 10m -o web.jsonl",
        ),
    ),
    Command(
        "lint",
        "speccheck.cli.lint:check_style",
        "Warn of what may not mean what its author thinks it means.",
        ("speccheck lint specs/dns_balancer",),
        reads=True,
    ),
    Command(
        "new",
        "speccheck.cli.starters:new",
        "Write a small specification to start from.",
        ("speccheck new my_controller",),
    ),
    Command(
        "capture",
        "speccheck.cli.captures:capture",
        "Write the Model that a specification is captured to.",
        (
            "speccheck capture specs/die_hard.py",
            "speccheck capture specs/die_hard.py --json --output die_hard.model.json",
        ),
        reads=True,
    ),
    Command(
        "export",
        "speccheck.cli.exports:export",
        "Write a specification in a form that other tools read: TLA+ for TLC.",
        (
            "speccheck export specs/two_phase_commit.py --instance n3 --output two_phase_commit.tla.d",
            "speccheck export specs/die_hard.py --instance film --format json --output build",
        ),
        reads=True,
    ),
    Command(
        "run",
        "speccheck.cli.run:run",
        "Carry out SpecChecks without a cluster, and show what a cluster would.",
        (
            "speccheck run -f manifests/samples/dns-balancer.yaml",
            "speccheck run -f rollout.yaml --observations rollout.jsonl",
        ),
    ),
    Command(
        "pod",
        "speccheck.cli.pods:pod",
        "The two stages of a checker pod; the operator's Jobs call them.",
        (
            "speccheck pod capture --source /source --entrypoint dns_balancer.py --out /model",
            """speccheck pod check --model /model --check '{"format":1}'""",
        ),
    ),
    Command(
        "operator",
        "speccheck.cli.operators:operator",
        "Watch SpecChecks in a cluster, and hold live objects to them.",
        (
            "speccheck operator --image speccheck.dev/speccheck:0.1.0",
            "speccheck operator --image speccheck.dev/speccheck:0.1.0 --kubeconfig ~/.kube/config --namespace platform",
        ),
    ),
    Command(
        "evaluator",
        "speccheck.cli.evaluators:evaluator",
        "Evaluate users' Models and expressions for the operator.",
        ("speccheck evaluator --socket /run/speccheck/evaluator.sock --workers 2",),
    ),
)

COMMANDS: Mapping[str, Command] = MappingProxyType({row.name: row for row in _ROWS})
"""Every command by its name, in the order of the help."""


def load_target(target: str) -> Any:
    """What a `module:attribute` names; imports the module."""
    module, attribute = target.split(":")
    return getattr(import_module(module), attribute)


_HELP = {"--help", "-h"}

HELP_NAMES = {"help_option_names": sorted(_HELP)}
"""Settings of a command's context: what asks for its help."""

_PREPARE = "speccheck.cli.readers:prepare"
_DISCARD = "speccheck.cli.readers:discard"


def collect_again() -> None:
    """Let the collector of garbage work where `main` has stopped it for the loading; what was loaded stays."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


class _Helped:
    """Commands whose option for help looks like a flag, which it is."""

    def get_help_option(self, ctx: Any) -> Any:
        """As typer makes it, without a place for a value."""
        option = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.metavar = ""
        return option


class _Command(_Helped, TyperCommand):
    """One command."""

    def invoke(self, ctx: Any) -> Any:
        """As typer does it, with everything loaded."""
        collect_again()
        return super().invoke(ctx)


class CommandTable(_Helped, TyperGroup):
    """The top-level command: lists the rows by their summaries, and loads a row's module only to run it."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for row in COMMANDS.values():
            self.add_command(_built(row, _placeholder), row.name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As typer does it, with the command that is asked for loaded first."""
        if args and args[0] in COMMANDS:
            row = COMMANDS[args[0]]
            if row.reads and not _HELP.intersection(args):
                ctx.call_on_close(load_target(_DISCARD))
                load_target(_PREPARE)()
            command = _built(row, load_target(row.target))
            if not isinstance(command, _Command):
                collect_again()
            self.add_command(command, row.name)
        elif args and (args[0].endswith(".py") or os.path.exists(args[0])):
            ctx.fail(f"{args[0]} is no command; to check it: speccheck check {args[0]}")
        return super().resolve_command(ctx, args)


def _placeholder() -> None:
    """Stands in the list of commands for one whose module is not loaded."""


def _built(row: Command, target: Any) -> Any:
    """A row's command as typer runs it."""
    if isinstance(target, typer.Typer):
        app = target
    else:
        app = typer.Typer(add_completion=False, rich_markup_mode="rich")
        app.command(name=row.name, cls=_Command, context_settings=HELP_NAMES)(target)
    command = typer.main.get_command(app)
    command.name = row.name
    command.short_help = row.summary
    command.epilog = EXAMPLES + "\n".join(f"  {example}" for example in row.examples)
    return command
