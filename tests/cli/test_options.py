"""Durations, sizes, and options as dataclasses."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import Annotated

import pytest
import typer

from speccheck.cli.options import duration, size, taking


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3", 3), ("1.5", 1.5), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("2h", 7200), ("1h2m3s", 3723)],
)
def test_durations(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "-3", "soon", "10 m", "3d", "1m1h", "1e3", "inf", "nan", "٣"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="1h30m"):
        duration(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1000", 1000),
        ("4GiB", 4 << 30),
        ("4Gi", 4 << 30),
        ("512MiB", 512 << 20),
        ("1.5k", 1500),
        ("8KiB", 8192),
        ("8KB", 8000),
        ("2GB", 2_000_000_000),
        ("64B", 64),
    ],
)
def test_sizes(text: str, count: int) -> None:
    assert size(text) == count


@pytest.mark.parametrize("text", ["", "0", "4 GiB", "GiB", "-1", "4GIB", "lots", "4PiB"])
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="4GiB"):
        size(text)


@dataclass(frozen=True, kw_only=True)
class Options:
    name: Annotated[str, typer.Argument()]
    many: Annotated[list[str], typer.Option()] = field(default_factory=list)
    once: Annotated[bool, typer.Option()] = False


@taking(Options)
def command(options: Options) -> int:
    """One line
    and its end.

    Another paragraph
    of two lines.
    """
    return len(options.name) + len(options.many) + options.once


def test_each_field_is_a_parameter() -> None:
    parameters = inspect.signature(command).parameters
    assert list(parameters) == ["name", "many", "once"]
    assert parameters["name"].default is inspect.Parameter.empty
    assert parameters["many"].default == []


def test_the_function_gets_its_options() -> None:
    assert command(name="abc", many=["x"], once=True) == 5


def test_help_text_is_rewrapped() -> None:
    assert command.__doc__ == "One line and its end.\n\nAnother paragraph of two lines."
