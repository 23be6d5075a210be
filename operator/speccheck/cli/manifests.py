"""Manifests as they are given to a cluster, read without one: SpecChecks, and the ConfigMaps that hold their specs.

Takes a YAML file, a folder of them, or a folder with a plain kustomization.yaml; gives the bodies. What cannot be
read as the cluster would read it is refused, never passed over; kinds that are of no concern here are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import yaml

from speccheck.errors import UsageError
from speccheck.resource.requests import KIND

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
FILE_BYTES = 4 << 20
_SUFFIXES = (".yaml", ".yml")
_FOLDERS_DEEP = 8


@dataclass(frozen=True, slots=True)
class Manifests:
    """The SpecChecks in the order they were read, and ConfigMaps by namespace and name."""

    spec_checks: tuple[Mapping[str, Any], ...]
    config_maps: Mapping[tuple[str, str], Mapping[str, Any]]


class _Generator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of configMapGenerator, as far as it is expanded here."""

    name: Annotated[str, msgspec.Meta(min_length=1)]
    namespace: str | None = None
    files: tuple[str, ...] = ()
    options: dict[str, Any] = {}


class _Kustomization(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A kustomization.yaml, as far as it is expanded here. The suffix of generated names changes nothing here."""

    api_version: str = ""
    kind: str = "Kustomization"
    metadata: dict[str, Any] = {}
    namespace: str | None = None
    resources: tuple[str, ...] = ()
    config_map_generator: tuple[_Generator, ...] = ()
    generator_options: dict[str, Any] = {}
    configurations: tuple[str, ...] = ()


def read(path: Path) -> Manifests:
    """The manifests at a path.

    Raises UsageError, naming the file, for what cannot be read, and where there is no SpecCheck.
    """
    bodies = list(_bodies(path, _FOLDERS_DEEP))
    config_maps = {(_namespace(b), _name(b)): b for b in bodies if b.get("kind") == "ConfigMap"}
    spec_checks = tuple(body for body in bodies if body.get("kind") == KIND)
    if not spec_checks:
        raise UsageError(f"{path}: there is no SpecCheck in it")
    return Manifests(spec_checks, config_maps)


def _namespace(body: Mapping[str, Any]) -> str:
    return str(_metadata(body).get("namespace") or "default")


def _name(body: Mapping[str, Any]) -> str:
    return str(_metadata(body).get("name") or "")


def _metadata(body: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = body.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


def _bodies(path: Path, depth: int) -> Iterator[Mapping[str, Any]]:
    if not path.is_dir():
        yield from _documents(path)
        return
    if depth == 0:
        raise UsageError(f"{path}: kustomizations refer to one another more than {_FOLDERS_DEEP} deep")
    found = next((path / name for name in KUSTOMIZATIONS if (path / name).is_file()), None)
    if found is not None:
        yield from _kustomized(found, depth)
        return
    files = sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES and file.is_file())
    if not files:
        raise UsageError(f"{path}: there is no YAML file in it")
    for file in files:
        yield from _documents(file)


def _documents(file: Path) -> Iterator[Mapping[str, Any]]:
    try:
        documents = list(yaml.safe_load_all(_text(file)))
    except yaml.YAMLError as error:
        raise UsageError(f"{file}: {_yaml_text(error)}") from error
    for document in documents:
        match document:
            case None:
                continue
            case {"kind": str(kind), "items": list(items)} if kind.endswith("List"):
                yield from items
            case {"kind": str()}:
                yield document
            case _:
                raise UsageError(f"{file}: holds something that is no manifest: it has no kind")


def _text(file: Path) -> str:
    data = content_of(file)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8: {error.reason} at byte {error.start}") from error


def content_of(file: Path) -> bytes:
    """What is in a file. Raises UsageError where it cannot be read, or is far too long to be a manifest."""
    try:
        with file.open("rb") as stream:
            data = stream.read(FILE_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror or error}") from error
    if len(data) > FILE_BYTES:
        raise UsageError(f"{file} has more than {FILE_BYTES} bytes")
    return data


def _yaml_text(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).split("\n")[0]
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else f"not YAML: {problem}"


def _kustomized(file: Path, depth: int) -> Iterator[Mapping[str, Any]]:
    found = _kustomization(file)
    for resource in found.resources:
        for body in _bodies(file.parent / resource, depth - 1):
            yield _placed(body, found.namespace)
    for generator in found.config_map_generator:
        yield _placed(_generated(generator, file.parent), found.namespace)


def _kustomization(file: Path) -> _Kustomization:
    try:
        return msgspec.convert(yaml.safe_load(_text(file)), _Kustomization)
    except yaml.YAMLError as error:
        raise UsageError(f"{file}: {_yaml_text(error)}") from error
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{file}: {error}. Only resources, namespace and configMapGenerator with files are expanded here; "
            f"for the rest: kubectl kustomize {file.parent} > all.yaml, and run that"
        ) from error


def _placed(body: Mapping[str, Any], namespace: str | None) -> Mapping[str, Any]:
    return body if namespace is None else {**body, "metadata": {**_metadata(body), "namespace": namespace}}


def _generated(generator: _Generator, folder: Path) -> Mapping[str, Any]:
    """The ConfigMap that kustomize would generate, under the name that references to it are written with."""
    data = {}
    for entry in generator.files:
        key, _, path = entry.rpartition("=")
        data[key or Path(path).name] = _text(folder / path)
    metadata = {"name": generator.name} | ({"namespace": generator.namespace} if generator.namespace else {})
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
