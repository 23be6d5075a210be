"""docs/cluster.md on a real cluster: every command of it is run, works, and shows what the page shows.

Times, counts and names that differ from run to run are not compared; reasons, verdicts and kinds are. docs/capture.sh
writes the page anew.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.cluster.clusters import Cluster
from tests.docs import pages, stand_ins

PAGE = pages.TOP / "docs" / "cluster.md"
NAMESPACE = "demo"
SHOWN_TIMEOUT_S = 60.0

_WORDS = re.compile(r"\b(?:[A-Z][a-z]+){2,}\b|\b(?:True|False|Violated|Holds)\b")


@pytest.fixture
def surroundings(installed: Cluster, tmp_path: Path) -> Iterator[Mapping[str, str]]:
    """The environment of the page's commands: a kubeconfig of their own, since they choose a namespace in it."""
    stand_ins.provide(installed)
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_bytes(installed.kubeconfig.read_bytes())
    usual = pages.surroundings()
    path = f"{installed.program.parent}:{usual['PATH']}" if installed.program.is_absolute() else usual["PATH"]
    try:
        yield {**usual, **installed.environment(), "KUBECONFIG": str(kubeconfig), "PATH": path}
    finally:
        installed.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")


def test_every_command_works_and_shows_what_the_page_shows(installed: Cluster, surroundings: Mapping[str, str]) -> None:
    for example in pages.examples(PAGE.read_text(encoding="utf-8")):
        shows(example, installed, surroundings)


def shows(example: pages.Example, cluster: Cluster, surroundings: Mapping[str, str]) -> None:
    """A command prints the words that the page has. If it only reads it may be asked again: an Event may follow the
    condition that was waited for."""
    wanted = words(example.output)

    def lacking() -> set[str]:
        return wanted - words(pages.shell(example.command, pages.TOP, surroundings))

    lacks = lacking()
    if lacks:
        assert only_reads(example.command), f"$ {example.command}\nlacks {sorted(lacks)}"
        cluster.wait(f"{sorted(lacks)} in: $ {example.command}", lambda: not lacking(), SHOWN_TIMEOUT_S)


def words(text: str) -> set[str]:
    """Reasons, kinds and verdicts."""
    return set(_WORDS.findall(text))


def only_reads(command: str) -> bool:
    return command.startswith(("kubectl get ", "kubectl describe ", "pod=", "speccheck check "))
