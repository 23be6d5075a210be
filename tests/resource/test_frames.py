"""Frames: a report arrives whole, or is lost with a reason."""

import base64
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.resource.bodies import HOLDS, VIOLATED, document, report

from speccheck.digests import digest
from speccheck.errors import ModelError
from speccheck.resource import frames
from speccheck.resource.documents import DOCUMENT_LIMIT_BYTES, Document, document_bytes
from speccheck.resource.frames import LOG_LIMIT_BYTES, MESSAGE_LIMIT_BYTES, frame, unframe

WHOLE = document(report(VIOLATED, HOLDS), report(HOLDS, instance="n5"))
FRAMED = frame(WHOLE)


def framed_bytes(body: bytes, **stated: str) -> tuple[bytes, bytes]:
    """A log of any compressed bytes with a message that vouches for them."""
    message = msgspec.json.decode(FRAMED.message) | {"reportDigest": digest(body)} | stated
    header = f"speccheck-document 1 {len(body)} {digest(body)}\n".encode()
    return header + base64.b64encode(body) + b"\n", msgspec.json.encode(message)


def test_a_document_arrives() -> None:
    assert unframe(FRAMED.log, FRAMED.message) == WHOLE
    assert unframe(FRAMED.log, FRAMED.message.decode()) == WHOLE


def test_the_log_is_text_in_short_lines_and_the_message_short() -> None:
    assert FRAMED.log.isascii()
    assert max(map(len, FRAMED.log.splitlines())) <= 8192
    assert len(FRAMED.message) <= MESSAGE_LIMIT_BYTES


@given(st.binary(min_size=2, max_size=40), st.integers(1, 5))
def test_any_model_arrives(payload: bytes, count: int) -> None:
    model = msgspec.json.encode({"bytes": payload})
    whole = Document(WHOLE.source_digest, WHOLE.model_digest, model, tuple(report(HOLDS) for _ in range(count)))
    framed = frame(whole)
    assert unframe(framed.log, framed.message) == whole


@given(st.integers(0, len(FRAMED.log) - 1), st.integers(1, 255))
def test_one_byte_changed_in_the_log_loses_the_report(at: int, by: int) -> None:
    log = bytearray(FRAMED.log)
    log[at] ^= by
    try:
        read = unframe(bytes(log), FRAMED.message)
    except ModelError:
        return
    assert read == WHOLE, "a change of a line end may go unnoticed, a change of the document never"


@given(st.integers(0, len(FRAMED.message) - 1), st.integers(1, 127))
def test_one_byte_changed_in_the_message_loses_the_report(at: int, by: int) -> None:
    message = bytearray(FRAMED.message)
    message[at] ^= by
    with pytest.raises(ModelError):
        unframe(FRAMED.log, bytes(message))


@given(st.integers(0, len(FRAMED.log) - 2))
def test_a_log_cut_short_loses_the_report(length: int) -> None:
    with pytest.raises(ModelError):
        unframe(FRAMED.log[:length], FRAMED.message)


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (b"", "the log does not begin with a document's header"),
        (b"Traceback (most recent call last):\n" + FRAMED.log, "the log does not begin with a document's header"),
        (FRAMED.log + b"warning: late\n", "the log's document is not base64"),
        (FRAMED.log.replace(b" 1 ", b" 1 9", 1), "header announces [0-9]+ bytes and [0-9]+ follow"),
        (FRAMED.log + FRAMED.log, "the log's document is not base64"),
        (b"x" * (LOG_LIMIT_BYTES + 1), "the log has more than 4194304 bytes"),
    ],
)
def test_a_log_with_anything_else_in_it_says_what(log: bytes, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        unframe(log, FRAMED.message)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (b"", "the termination message is not a check's: Input data was truncated"),
        (b"Killed", "the termination message is not a check's"),
        (b"[" * 4000, "the termination message is not a check's"),
        (b" " * 4097, "the termination message has 4097 bytes, more than 4096"),
    ],
)
def test_a_message_that_is_none_says_so(message: bytes, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        unframe(FRAMED.log, message)


def test_a_message_about_another_log_says_both_digests() -> None:
    other = frame(document(report(HOLDS)))
    with pytest.raises(ModelError, match=r"the log holds sha256:.* and the termination message vouches for sha256:"):
        unframe(FRAMED.log, other.message)


@pytest.mark.parametrize("field", ["verdict", "modelDigest", "sourceDigest"])
def test_a_message_that_tells_another_story_says_where(field: str) -> None:
    log, message = framed_bytes(zlib.compress(document_bytes(WHOLE)), **{field: "Holds"})
    with pytest.raises(ModelError, match=r"the document has .*, its termination message 'Holds'"):
        unframe(log, message)


def test_a_bomb_is_not_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "DOCUMENT_LIMIT_BYTES", 4096)
    with pytest.raises(ModelError, match="has more than 4096 bytes when decompressed"):
        unframe(*framed_bytes(zlib.compress(b" " * 10_000_000)))
    assert DOCUMENT_LIMIT_BYTES < 32 * 2**20


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"not zlib", "does not decompress"),
        (zlib.compress(document_bytes(WHOLE))[:-5], "is cut short, or something follows it"),
        (zlib.compress(document_bytes(WHOLE)) + b"more", "is cut short, or something follows it"),
        (zlib.compress(b"{}"), "a document is not well-formed"),
    ],
)
def test_bytes_that_are_vouched_for_are_still_checked(body: bytes, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        unframe(*framed_bytes(body))
