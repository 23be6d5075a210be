"""The commands that a page shows, and what they print: run anew, compared, or written into the page.

A block marked `console` is a list of commands, each after `$ ` and continued after a backslash, each followed by
what it printed. `python -m tests.docs.pages PAGE…` runs every command of a page in its order, from the top of the
repository, with the kubectl and the cluster that it finds, and writes what they print into the page; docs/capture.sh
calls it.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
COMMAND_TIMEOUT_S = 240.0
WIDTH = 100

_BLOCK = re.compile(r"^```console\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ (?P<command>(?:.*\\\n)*.*)\n(?P<output>(?:(?!\$ ).*\n)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Example:
    """A command, on one line or several, and what the page says it prints."""

    command: str
    output: str


def examples(page: str) -> Iterator[Example]:
    """The commands of a page, in its order."""
    for block in _BLOCK.finditer(page):
        for found in _COMMAND.finditer(block["body"]):
            yield Example(found["command"], found["output"])


def written(page: str, run: Callable[[str], str]) -> str:
    """The page with what `run` says that its commands print."""

    def block(found: re.Match[str]) -> str:
        body = "".join(f"$ {each['command']}\n{run(each['command'])}" for each in _COMMAND.finditer(found["body"]))
        return f"```console\n{body}```"

    return _BLOCK.sub(block, page)


def shell(command: str, folder: Path, environment: Mapping[str, str]) -> str:
    """What a command prints, on both streams, without spaces at the ends of lines.

    Raises AssertionError with all of it where the command fails or takes too long.
    """
    words = ["bash", "-c", command]
    try:
        ended = subprocess.run(
            words,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f"$ {command}\ntook longer than {error.timeout} s") from error
    assert ended.returncode == 0, f"$ {command}\n{ended.stdout}\nexit status {ended.returncode}"
    lines = [line.rstrip() for line in ended.stdout.splitlines()]
    return "".join(f"{line}\n" for line in lines)


def surroundings() -> dict[str, str]:
    """The environment of a page's commands: speccheck and kubectl on the path, a terminal's width, no colours."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "COLUMNS": str(WIDTH), "NO_COLOR": "1", "TERM": "dumb"}


def main(pages: list[Path]) -> None:
    """Write each page anew."""
    for page in pages:
        text = page.read_text(encoding="utf-8")
        page.write_text(written(text, _shown), encoding="utf-8")


def _shown(command: str) -> str:
    print(f"$ {command}", file=sys.stderr)
    return shell(command, TOP, surroundings())


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
