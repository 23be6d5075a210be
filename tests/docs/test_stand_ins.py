"""Stand-ins for images: the same content under another name."""

import io
import json
import tarfile

from tests.docs.stand_ins import renamed


def archive(**files: bytes) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name.replace("_", "."))
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return written.getvalue()


def test_only_the_name_changes() -> None:
    index = {
        "manifests": [{"digest": "sha256:1", "annotations": {"org.opencontainers.image.ref.name": "localhost/a:1"}}]
    }
    found = renamed(archive(layer=b"content", index_json=json.dumps(index).encode()), "example.com/b:2")
    with tarfile.open(fileobj=io.BytesIO(found)) as tar:
        assert tar.extractfile("layer").read() == b"content"  # type: ignore[union-attr]
        (manifest,) = json.load(tar.extractfile("index.json"))["manifests"]  # type: ignore[arg-type]
    assert manifest["digest"] == "sha256:1"
    assert set(manifest["annotations"].values()) == {"example.com/b:2"}
