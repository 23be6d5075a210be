"""How a check's document leaves its pod: framed in the container's log, vouched for by its termination message.

The log is one header line (length and SHA-256 of the compressed document), then base64 lines, and nothing else. The
message repeats the digest and states verdict, Model and source. Anything that does not agree to the byte is
a ModelError that says what: the operator reports such a run as lost, and never guesses.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from dataclasses import dataclass

import msgspec

from speccheck.digests import digest
from speccheck.errors import ModelError
from speccheck.resource.documents import (
    DOCUMENT_LIMIT_BYTES,
    Document,
    document_bytes,
    document_from,
    fitted,
    verdict_of,
)

LOG_LIMIT_BYTES = 4 * 1024 * 1024
MESSAGE_LIMIT_BYTES = 4096
COMPRESSED_LIMIT_BYTES = LOG_LIMIT_BYTES // 4 * 3 - 64 * 1024
"""What is left of the log's limit after base64 and line ends."""

_LINE_BYTES = 6144
_HEADER = re.compile(rb"speccheck-document 1 ([0-9]{1,9}) (sha256:[0-9a-f]{64})\n")


@dataclass(frozen=True, slots=True)
class Frame:
    """The two texts that leave a check's container."""

    log: bytes
    message: bytes


class Message(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """A check's termination message. `report_digest` is that of the compressed document."""

    verdict: str
    report_digest: str
    model_digest: str
    source_digest: str


def frame(document: Document) -> Frame:
    """The document as log and message; paths are left out until it fits. EngineError where the Model is too large."""
    kept = fitted(document, COMPRESSED_LIMIT_BYTES)
    body = zlib.compress(document_bytes(kept), 9)
    lines = [base64.b64encode(body[at : at + _LINE_BYTES]) + b"\n" for at in range(0, len(body), _LINE_BYTES)]
    header = f"speccheck-document 1 {len(body)} {digest(body)}\n".encode()
    return Frame(header + b"".join(lines), msgspec.json.encode(_message_of(kept, digest(body))))


def unframe(log: bytes, message: bytes | str) -> Document:
    """The document in a log, if the message vouches for it; ModelError saying what is wrong otherwise."""
    stated = _message_from(message)
    body = _body_of(log)
    if digest(body) != stated.report_digest:
        raise ModelError(f"the log holds {digest(body)} and the termination message vouches for {stated.report_digest}")
    document = document_from(_inflated(body))
    told = _message_of(document, stated.report_digest)
    for name in Message.__struct_fields__:
        if getattr(told, name) != getattr(stated, name):
            raise ModelError(
                f"the document has {name} {getattr(told, name)!r}, its termination message {getattr(stated, name)!r}"
            )
    return document


def _message_of(document: Document, report_digest: str) -> Message:
    return Message(
        verdict=verdict_of(document),
        report_digest=report_digest,
        model_digest=document.model_digest,
        source_digest=document.source_digest,
    )


def _message_from(message: bytes | str) -> Message:
    data = message.encode() if isinstance(message, str) else message
    if len(data) > MESSAGE_LIMIT_BYTES:
        raise ModelError(f"the termination message has {len(data)} bytes, more than {MESSAGE_LIMIT_BYTES}")
    try:
        return msgspec.json.decode(data, type=Message)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ModelError(f"the termination message is not a check's: {error}") from None


def _body_of(log: bytes) -> bytes:
    if len(log) > LOG_LIMIT_BYTES:
        raise ModelError(f"the log has more than {LOG_LIMIT_BYTES} bytes")
    header = _HEADER.match(log)
    if header is None:
        raise ModelError("the log does not begin with a document's header")
    try:
        body = base64.b64decode(log[header.end() :].replace(b"\n", b""), validate=True)
    except binascii.Error as error:
        raise ModelError(f"the log's document is not base64: {error}") from None
    if len(body) != int(header[1]):
        raise ModelError(f"the log's header announces {int(header[1])} bytes and {len(body)} follow")
    if digest(body) != header[2].decode():
        raise ModelError(f"the log's header announces {header[2].decode()} and {digest(body)} follows")
    return body


def _inflated(body: bytes) -> bytes:
    """The decompressed bytes, never more than a document may have."""
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(body, DOCUMENT_LIMIT_BYTES)
    except zlib.error as error:
        raise ModelError(f"the log's document does not decompress: {error}") from None
    if inflater.unconsumed_tail:
        raise ModelError(f"the log's document has more than {DOCUMENT_LIMIT_BYTES} bytes when decompressed")
    if not inflater.eof or inflater.unused_data:
        raise ModelError("the log's document is cut short, or something follows it")
    return data
