"""Digests of sources."""

from hypothesis import given
from hypothesis import strategies as st

from speccheck.digests import digest, source_digest, source_names

FILES = st.dictionaries(st.text(max_size=8), st.binary(max_size=16), max_size=4)


def test_known_digests() -> None:
    assert digest(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert source_digest({"a.py": b"x"}) == ("sha256:6f12c2dfdcdb7a6ed53e39e5bc51b8436abd5af942f2eb62e2f62bd219d17238")


@given(FILES)
def test_order_does_not_count(files: dict[str, bytes]) -> None:
    assert source_digest(dict(reversed(files.items()))) == source_digest(files)


@given(FILES, FILES)
def test_different_files_have_different_digests(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    assert (source_digest(one) == source_digest(other)) == (one == other)


def test_contents_do_not_run_into_names() -> None:
    assert source_digest({"a": b"bc"}) != source_digest({"ab": b"c"})
    assert source_digest({"a": b"", "b": b"x"}) != source_digest({"a": b"x", "b": b""})


def test_only_python_files_with_safe_names_are_source() -> None:
    names = ["b.py", "a.py", "..data", "README.md", ".hidden.py", "-x.py", "sub/x.py", "é.py", "_init_.py", "a.py\n"]
    assert source_names(names) == ("_init_.py", "a.py", "b.py")
