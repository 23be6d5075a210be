"""The command `evaluator`: serve the operator's requests to evaluate users' Models and expressions."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from speccheck.cli import statuses
from speccheck.cli.failures import guarded
from speccheck.cli.options import duration, size, taking
from speccheck.conform.evaluators import Budgets, serve


@dataclass(frozen=True, kw_only=True)
class EvaluatorOptions:
    """What `evaluator` takes."""

    socket: Annotated[Path, typer.Option(metavar="PATH", help="The Unix socket to serve on; it is made.")]
    workers: Annotated[int, typer.Option(min=1, metavar="N", help="How many tenants are served side by side.")] = 2
    deadline: Annotated[str, typer.Option(metavar="TIME", help="How long judging one request may be at work.")] = "8s"
    load_deadline: Annotated[str, typer.Option(metavar="TIME", help="How long loading a Model may be at work.")] = "20s"
    memory: Annotated[str, typer.Option(metavar="SIZE", help="The address space of one process.")] = "512Mi"
    tenants: Annotated[int, typer.Option(min=1, metavar="N", help="How many tenants may have a process.")] = 64
    held: Annotated[str, typer.Option(metavar="SIZE", help="What those not at work may hold together.")] = "384Mi"
    idle: Annotated[str, typer.Option(metavar="TIME", help="After how long without a request one is ended.")] = "15m"


@taking(EvaluatorOptions)
def evaluator(options: EvaluatorOptions) -> int:
    """Evaluate users' Models and CEL expressions for the operator, in processes that can be killed.

    It has no network, and refuses to start where that cannot be taken from it.
    """
    return guarded(partial(_evaluator, options))


def _evaluator(options: EvaluatorOptions) -> int:
    budgets = Budgets(
        duration(options.deadline),
        duration(options.load_deadline),
        size(options.memory),
        options.tenants,
        size(options.held),
        duration(options.idle),
    )
    asyncio.run(serve(options.socket, options.workers, budgets))
    return statuses.FINE
