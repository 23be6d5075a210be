"""The files of a spec."""

import base64

from tests.resource.bodies import FROM_CONFIG_MAP, SPEC, request

from speccheck.digests import source_digest
from speccheck.resource.sources import Found, Missing, source_of

NAMED = request(FROM_CONFIG_MAP["spec"])


def test_inline_files_need_no_config_map() -> None:
    source = source_of(request(), None)
    assert source == Found(source_digest({"dns_balancer.py": SPEC.encode()}), {"dns_balancer.py": SPEC.encode()})


def test_a_config_map_gives_the_same_digest_as_inline_files() -> None:
    inline = source_of(request(), None)
    assert source_of(NAMED, {"data": {"dns_balancer.py": SPEC}}) == inline
    binary = {"binaryData": {"dns_balancer.py": base64.b64encode(SPEC.encode()).decode()}}
    assert source_of(NAMED, binary) == inline


def test_what_is_no_python_file_does_not_count() -> None:
    source = source_of(NAMED, {"data": {"dns_balancer.py": SPEC, "README.md": "…"}})
    assert isinstance(source, Found)
    assert list(source.files) == ["dns_balancer.py"]


def test_an_absent_config_map_is_waited_for() -> None:
    assert source_of(NAMED, None) == Missing(
        "SourceNotFound", "there is no ConfigMap dns-spec in namespace platform; the check starts once there is"
    )


def test_a_config_map_without_the_entrypoint_is_the_authors_to_correct() -> None:
    assert source_of(NAMED, {"data": {"a.py": "", "b.py": ""}}) == Missing(
        "SpecInvalid",
        "ConfigMap dns-spec has no key dns_balancer.py, only: a.py, b.py; add it, or name another as entrypoint",
    )
    assert source_of(NAMED, {}) == Missing(
        "SpecInvalid",
        "ConfigMap dns-spec has no key dns_balancer.py, only: none; add it, or name another as entrypoint",
    )


def test_broken_binary_data_is_told() -> None:
    source = source_of(NAMED, {"binaryData": {"dns_balancer.py": "*"}})
    assert isinstance(source, Missing)
    assert source.message == "ConfigMap dns-spec: its binaryData is not base64; put the files under data"
