"""The files of a spec as the operator sees them: written in the SpecCheck, or the keys of a ConfigMap.

Takes a Request and the ConfigMap's body; gives the files with their digest, or says what is missing. The
files themselves are never run or parsed here.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from speccheck.digests import source_digest, source_names
from speccheck.resource.requests import Request


@dataclass(frozen=True, slots=True)
class Found:
    """A spec's files by name, and their digest."""

    digest: str
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Missing:
    """Why there are no files to check: `reason` is one of `reasons.REASONS`."""

    reason: str
    message: str


SourceState: TypeAlias = Found | Missing


def source_of(request: Request, config_map: Mapping[str, Any] | None) -> SourceState:
    """The source a request names. `config_map` is the ConfigMap's body, None where there is none or none is named."""
    inline = request.source.inline
    if inline is not None:
        return _found({name: text.encode() for name, text in inline.files.items()})
    named = request.source.config_map
    assert named is not None, "a request has exactly one source"
    if config_map is None:
        return Missing(
            "SourceNotFound",
            f"there is no ConfigMap {named.name} in namespace {request.namespace}; the check starts once there is",
        )
    return _from_config_map(request, named.name, config_map)


def _from_config_map(request: Request, name: str, config_map: Mapping[str, Any]) -> SourceState:
    try:
        contents = _contents(config_map)
    except binascii.Error:
        return Missing("SpecInvalid", f"ConfigMap {name}: its binaryData is not base64; put the files under data")
    files = {key: contents[key] for key in source_names(contents)}
    if request.entrypoint not in files:
        known = ", ".join(files) or "none"
        return Missing(
            "SpecInvalid",
            f"ConfigMap {name} has no key {request.entrypoint}, only: {known}; add it, or name another as entrypoint",
        )
    return _found(files)


def _contents(config_map: Mapping[str, Any]) -> dict[str, bytes]:
    texts = {str(key): str(text).encode() for key, text in (config_map.get("data") or {}).items()}
    blobs = config_map.get("binaryData") or {}
    return texts | {str(key): base64.b64decode(blob, validate=True) for key, blob in blobs.items()}


def _found(files: dict[str, bytes]) -> Found:
    return Found(source_digest(files), files)
