"""The images of the test cluster as OCI archives: pause, the base image, and the project's own.

Needs root, buildah, debootstrap, and for the first time Debian's mirror and the Python package index; no registry and
no Docker. The project's image is built from the repository's Containerfile, inside a network namespace without a
network, from wheels that were collected and held to their hashes before. All is kept in the cache.
"""

import platform
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import binaries, caches
from tests.cluster.commands import run

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
PROJECT_IMAGE = "speccheck.dev/speccheck"
PAUSE_IMAGE = "localhost/speccheck-pause"
BASE_IMAGE = "localhost/speccheck-base"
BASE_PYTHON = "3.11"  # of the Debian release that base_image.sh names
ARCHIVES_KEPT = 5
BUILD_TIMEOUT_S = 600.0

Words = list[str | Path]

_PAUSE = 'FROM scratch\nCOPY pause /pause\nUSER 65532:65532\nENTRYPOINT ["/pause"]\n'
_BUILD_FILES = ("Containerfile", "pyproject.toml", "README.md", "LICENSE", "requirements/image.txt")


@dataclass(frozen=True, slots=True)
class Image:
    """An image under its full name, and the OCI archive that holds it."""

    name: str
    archive: Path


def pause() -> Image:
    """The image of every pod's sandbox: one program that waits."""
    program = binaries.pause()
    digest = caches.digest([program.name, _PAUSE])
    name = f"{PAUSE_IMAGE}:{digest}"

    def make(place: Path) -> None:
        with _storage(), tempfile.TemporaryDirectory() as context:
            recipe = Path(context) / "Containerfile"
            recipe.write_text(_PAUSE)
            shutil.copy(program / "pause", context)
            _build(name, recipe, Path(context), [])
            _archive(name, place)

    return Image(name, caches.kept(f"pause-image-{digest}.tar", make))


def base() -> Image:
    """The image that the project's is built on: Debian with Python."""
    script, recipe = HERE / "base_image.sh", HERE / "base_image.Containerfile"
    digest = caches.digest([script.read_bytes(), recipe.read_bytes(), platform.machine()])
    name = f"{BASE_IMAGE}:{digest}"

    def make(place: Path) -> None:
        with _storage(), tempfile.TemporaryDirectory() as directory:
            root = Path(directory) / "root"
            # In a mount namespace of its own, so that nothing stays mounted if it is interrupted.
            run(["unshare", "--mount", script, root], timeout_s=BUILD_TIMEOUT_S)
            _build(name, recipe, root, [])
            _archive(name, place)

    return Image(name, caches.kept(f"base-image-{digest}.tar", make))


def wheels() -> Path:
    """The directory of wheels that the image is installed from: its locked requirements and the build back end."""
    lock = PROJECT / "requirements" / "image.txt"
    back_end: list[str] = tomllib.loads((PROJECT / "pyproject.toml").read_text())["build-system"]["requires"]
    machine = platform.machine()

    def make(place: Path) -> None:
        tags = ["any", f"linux_{machine}", f"manylinux2014_{machine}", f"manylinux_2_28_{machine}"]
        target: Words = ["--only-binary", ":all:", "--python-version", BASE_PYTHON, "--dest", place]
        download: Words = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", *target]
        download += [word for tag in tags for word in ("--platform", tag)]
        run([*download, "--require-hashes", "--requirement", lock], timeout_s=BUILD_TIMEOUT_S)
        run([*download, "--no-deps", *back_end], timeout_s=BUILD_TIMEOUT_S)

    return caches.kept(f"wheels-{caches.digest([lock.read_bytes(), *back_end, BASE_PYTHON, machine])}", make)


def project() -> Image:
    """The project's image, as its Containerfile says, tagged with a digest of all it is made of."""
    under, collected = base(), wheels()
    files = inputs()
    parts = [part for path in files for part in (str(path.relative_to(PROJECT)), path.read_bytes())]
    digest = caches.digest([under.name, collected.name, *parts])
    name = f"{PROJECT_IMAGE}:{digest}"

    def make(place: Path) -> None:
        with _storage(), tempfile.TemporaryDirectory() as directory:
            context = Path(directory)
            for path in files:
                copy = context / path.relative_to(PROJECT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, copy)
            shutil.copytree(collected, context / "wheels")
            _ensure_present(under)
            arguments = {"BASE": under.name, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "wheels"}
            _build_in_stages(name, context, [f"--build-arg={key}={value}" for key, value in arguments.items()])
            _archive(name, place)

    built = Image(name, caches.kept(f"project-image-{digest}.tar", make))
    built.archive.touch()
    caches.keep_newest("project-image-*.tar", ARCHIVES_KEPT)
    return built


def inputs() -> list[Path]:
    """Every file of this checkout that the project's image is made of."""
    named = [PROJECT / name for name in _BUILD_FILES]
    sources = [path for path in sorted((PROJECT / "operator").rglob("*")) if not _is_made(path)]
    return [path for path in named + sources if path.is_file()]


def _is_made(path: Path) -> bool:
    return "__pycache__" in path.parts or any(part.endswith(".egg-info") for part in path.parts)


def _build_in_stages(name: str, context: Path, options: Sequence[str]) -> None:
    """Build the image, and keep the stage that holds its dependencies for the next time but no other leftover."""
    recipe = context / "Containerfile"
    _build(f"{PROJECT_IMAGE}-dependencies:kept", recipe, context, [*options, "--target=dependencies"])
    _build(name, recipe, context, options)


@contextmanager
def _storage() -> Iterator[None]:
    """buildah's storage for one run at a time, without what only the building needed or an interrupted one left."""
    with caches.lock("buildah"):
        yield
        _buildah("rm", "--all")
        _buildah("rmi", "--prune")


def _buildah(*words: str | Path, offline: bool = False) -> str:
    store = caches.directory() / "buildah"
    apart = ["unshare", "--net"] if offline else []
    return run(
        [*apart, "buildah", "--root", store / "root", "--runroot", store / "run", *words],
        timeout_s=BUILD_TIMEOUT_S,
        env={"BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "vfs"},
    )


def _build(name: str, recipe: Path, context: Path, options: Sequence[str]) -> None:
    fixed = ["--pull-never", "--layers", "--timestamp=0", f"--file={recipe}", f"--tag={name}"]
    _buildah("build", *fixed, *options, context, offline=True)


def _archive(name: str, place: Path) -> None:
    _buildah("push", "--quiet", name, f"oci-archive:{place}:{name}")
    if name.startswith(f"{PROJECT_IMAGE}:"):
        _buildah("rmi", name)


def _ensure_present(image: Image) -> None:
    """Load an image into buildah's storage, which may have been cleared since it was made."""
    if image.name not in _buildah("images", "--format", "{{.Name}}:{{.Tag}}").split():
        digest = _buildah("pull", "--quiet", f"oci-archive:{image.archive}").strip()
        _buildah("tag", digest, image.name)
