"""What is built is what tools/go.mod pins, every part of it of one version."""

import re

from tests.cluster import binaries


def test_version_is_the_pinned_one() -> None:
    pins = (binaries.TOOLS / "go.mod").read_text()
    assert re.findall(r"k8s\.io/kubernetes v(\S+)", pins) == [binaries.VERSION]
    staging = set(re.findall(r"k8s\.io/(?!kubernetes)[a-z-]+ => k8s\.io/[a-z-]+ v(\S+)", pins))
    assert staging == {binaries.VERSION.replace("1.", "0.", 1)}


def test_every_program_is_a_tool_of_the_module() -> None:
    pins = (binaries.TOOLS / "go.mod").read_text()
    assert sorted(re.findall(r"\tk8s\.io/kubernetes/cmd/(\S+)", pins)) == sorted(binaries.PROGRAMS)
