"""The definitions of the Prometheus operator's kinds, out of its Go module, pinned by version and hash, and kept."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.cluster import caches
from tests.cluster.commands import run
from tests.cluster.errors import ClusterError

MODULE = "github.com/prometheus-operator/prometheus-operator"
VERSION = "v0.85.0"
SUM = "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s="
KINDS = ("podmonitors", "prometheusrules")
DOWNLOAD_TIMEOUT_S = 300.0


def definitions() -> Path:
    """A directory with the CustomResourceDefinitions of KINDS.

    Raises ClusterError where there is no Go, where the module cannot be had, or where it is another than is pinned.
    """
    return caches.kept(f"definitions-{caches.digest([MODULE, VERSION, SUM, *KINDS])}", _download)


def _download(place: Path) -> None:
    # What was had is held to the hash above, so no other witness is asked.
    environment = {"GONOSUMDB": MODULE, "GOFLAGS": "-mod=mod"}
    words = ["go", "mod", "download", "-json", f"{MODULE}@{VERSION}"]
    had = json.loads(run(words, timeout_s=DOWNLOAD_TIMEOUT_S, env=environment, cwd=place.parent))
    if had["Sum"] != SUM:
        raise ClusterError(f"{MODULE} {VERSION} has the hash {had['Sum']}, and {SUM} is pinned")
    place.mkdir()
    for kind in KINDS:
        name = f"monitoring.coreos.com_{kind}.yaml"
        shutil.copyfile(Path(had["Dir"]) / "example" / "prometheus-operator-crd" / name, place / name)
