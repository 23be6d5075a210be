"""Misspelt names and paths."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Ended

from speccheck.cli.suggestions import require, require_path
from speccheck.errors import UsageError

Run = Callable[..., Ended]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--instance", "smal"), "error: no instance 'smal'; did you mean 'small'? counter has: small, large, zero\n"),
        (("--property", "below_fve"), "error: no property 'below_fve'; did you mean 'below_five'? counter has: "),
        (("--instance", "x"), "error: no instance 'x'; counter has: small, large, zero\n"),
    ],
)
def test_a_misspelt_name_is_corrected(arguments: tuple[str, ...], said: str, run: Run) -> None:
    ended = run("check", "counter.py", *arguments)
    assert (ended.status, ended.out) == (5, "")
    assert ended.err.startswith(said)


@pytest.mark.parametrize("path", ["conter.py", "counter", "countre"])
def test_a_misspelt_path_is_corrected(path: str, run: Run) -> None:
    ended = run("check", path)
    assert (ended.status, ended.err) == (5, f"error: no such file: {path}; did you mean counter.py?\n")


def test_without_anything_near_nothing_is_suggested(tmp_path: Path) -> None:
    for path in (tmp_path / "zzz.py", tmp_path / "no" / "where.py"):
        with pytest.raises(UsageError) as error:
            require_path(path)
        assert str(error.value) == f"no such file: {path}"


def test_long_lists_are_cut_and_empty_ones_said() -> None:
    require("instance", "n3", [f"n{n}" for n in range(50)], "s")
    with pytest.raises(UsageError, match=r"n19 and 30 more$"):
        require("instance", "other", [f"n{n}" for n in range(50)], "s")
    with pytest.raises(UsageError, match="no instance 'a'; s has none"):
        require("instance", "a", [], "s")
