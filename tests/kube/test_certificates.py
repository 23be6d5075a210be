"""Certificates: read, read again, and never half of one."""

import subprocess
from pathlib import Path

import pytest
from tests.kube.receiving import certificate

from speccheck.errors import UsageError
from speccheck.kube.certificates import Certificates


def test_another_pair_is_taken_when_it_is_whole(tmp_path: Path) -> None:
    (chain, key), (other_chain, other_key) = certificate(tmp_path, "one"), certificate(tmp_path, "two")
    made = Certificates(chain, key)
    first = made.pair
    assert (made.refresh(), made.generation) == (False, 0)
    chain.write_bytes(other_chain.read_bytes())
    assert (made.refresh(), made.pair) == (False, first)
    key.write_bytes(other_key.read_bytes())
    assert (made.refresh(), made.generation) == (True, 1)
    assert made.pair == (other_chain.read_bytes(), other_key.read_bytes())


def test_what_has_gone_or_is_broken_leaves_the_one_before(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path)
    made = Certificates(chain, key)
    first = made.pair
    key.write_text("half a")
    assert (made.refresh(), made.pair) == (False, first)
    key.unlink()
    assert (made.refresh(), made.pair) == (False, first)


def test_what_is_no_certificate_is_refused(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path)
    with pytest.raises(UsageError, match="--tls-cert"):
        Certificates(key, key)
    with pytest.raises(UsageError, match="No such file"):
        Certificates(chain, tmp_path / "nowhere")


def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked_for_it(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path)
    words = ["openssl", "ec", "-aes256", "-passout", "pass:secret", "-in", key, "-out", key]
    subprocess.run(words, check=True, capture_output=True, timeout=30)
    with pytest.raises(UsageError, match="without a passphrase"):
        Certificates(chain, key)
