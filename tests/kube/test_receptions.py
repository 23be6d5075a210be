"""Receptions: bodies unpacked within bounds. What comes of whole requests, `test_receivers` shows."""

import gzip

import pytest

from speccheck.kube.receptions import unpacked
from speccheck.kube.tenants import Refused


@pytest.mark.parametrize(
    ("encoding", "body"), [("", b"abc"), ("identity", b"abc"), (" GZIP ", gzip.compress(b"abc", mtime=0))]
)
def test_a_body_is_unpacked(encoding: str, body: bytes) -> None:
    assert unpacked(body, encoding, 3) == b"abc"


@pytest.mark.parametrize(
    ("encoding", "body", "why"),
    [
        ("", b"abcd", "oversized"),
        ("gzip", gzip.compress(b"abcd", mtime=0), "oversized"),
        ("gzip", gzip.compress(b"\0" * (64 << 20)), "oversized"),
        ("gzip", b"abc", "malformed"),
        ("gzip", b"", "malformed"),
        ("gzip", gzip.compress(b"abc", mtime=0)[:-1], "malformed"),
        ("gzip", gzip.compress(b"abc", mtime=0) + b"d", "malformed"),
        ("zstd", b"abc", "unsupported"),
    ],
)
def test_what_cannot_be_unpacked_within_its_bound_is_refused(encoding: str, body: bytes, why: str) -> None:
    with pytest.raises(Refused) as caught:
        unpacked(body, encoding, 3)
    assert caught.value.why == why
