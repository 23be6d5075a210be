"""Images that samples name and a registry has, for clusters made here, which reach no registry.

`python -m tests.docs.stand_ins` loads them into the cluster whose kubeconfig SPECCHECK_TEST_KUBECONFIG names.
"""

import io
import json
import os
import tarfile
import tempfile
from pathlib import Path

from tests.cluster import finding, images
from tests.cluster.clusters import Cluster
from tests.cluster.made import MadeCluster

PAUSE = "registry.k8s.io/pause:3.10"
"""A program that waits; the one made here for the pods' sandboxes does the same."""

_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")


def provide(cluster: Cluster) -> None:
    """Load them, if the cluster was made here; others pull the real ones."""
    if isinstance(cluster, MadeCluster):
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "pause.tar"
            archive.write_bytes(renamed(images.pause().archive.read_bytes(), PAUSE))
            cluster.load_image(archive)


def renamed(archive: bytes, name: str) -> bytes:
    """An OCI archive of one image with the image under another name."""
    written = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(archive)) as old, tarfile.open(fileobj=written, mode="w") as new:
        for member in old:
            data = old.extractfile(member)
            content = data.read() if data else b""
            if member.name == "index.json":
                index = json.loads(content)
                (manifest,) = index["manifests"]
                manifest["annotations"] = dict.fromkeys(_NAMES, name)
                content = json.dumps(index).encode()
                member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    return written.getvalue()


if __name__ == "__main__":
    provide(finding.identified(Path(os.environ[finding.KUBECONFIG_VARIABLE])))
