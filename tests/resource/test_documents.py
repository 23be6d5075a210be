"""Documents, orders and refusals: what crosses between operator and pod."""

import zlib
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.resource.bodies import FAILED, HOLDS, NOT_FOUND, RACE, UNDECIDED, VIOLATED, WITHIN, document, report

from speccheck.errors import EngineError, ModelError
from speccheck.reports import Path, Report
from speccheck.resource.documents import (
    CheckOrder,
    CheckRequest,
    Document,
    Refusal,
    document_bytes,
    document_from,
    fitted,
    refusal_bytes,
    refusal_from,
    request_bytes,
    request_from,
    verdict_of,
)

ORDER = CheckRequest(check=CheckOrder(instances=("n3",), method="Simulate", walks=7, max_steps=30, timeout_s=1.5))


def test_an_order_reads_back() -> None:
    assert request_from(request_bytes(ORDER)) == ORDER
    assert request_from(request_bytes(CheckRequest())) == CheckRequest()
    assert request_bytes(CheckRequest()) == b'{"check":null,"format":1}'


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("", "a check request is not well-formed: Input data was truncated"),
        ('{"check":{"walk":1}}', "unknown field `walk`"),
        ('{"check":{"timeoutS":"10m"}}', r"Expected `float`, got `str` - at `\$.check.timeoutS`"),
        ('{"format":2}', "a check request has format 2 and this version reads 1; use one image for all containers"),
    ],
)
def test_other_orders_are_refused(data: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        request_from(data)


def test_a_document_reads_back() -> None:
    whole = document(report(VIOLATED, HOLDS, FAILED, NOT_FOUND), report(UNDECIDED, WITHIN, instance="n5"))
    assert document_from(document_bytes(whole)) == whole


@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"format":1}', document_bytes(document())[:-1]],
)
def test_what_is_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(ModelError, match="a document is not well-formed"):
        document_from(data)


def test_hostile_reports_are_refused() -> None:
    data = msgspec.json.decode(document_bytes(document()))
    data["reports"]["reports"][0]["stats"]["distinct"] = -1
    with pytest.raises(ModelError, match="never negative"):
        document_from(msgspec.json.encode(data))


def test_another_format_is_refused() -> None:
    with pytest.raises(ModelError, match="a document has format 2"):
        document_from(document_bytes(document()).replace(b'{"format":1,', b'{"format":2,', 1))


def test_the_verdict_is_the_worst() -> None:
    assert verdict_of(document(report(HOLDS), report(HOLDS, VIOLATED))) == "Violated"
    assert verdict_of(document(report())) == "Holds"
    assert verdict_of(replace(document(), reports=())) == "Holds"


def _long(count: int) -> tuple[Report, ...]:
    """Reports with a path each, of different lengths."""
    states = RACE.states * 50
    return tuple(report(replace(VIOLATED, path=Path(states[: 2 + n])), instance=f"i{n}") for n in range(count))


def _paths(kept: Document) -> list[int]:
    return [p.path.depth for r in kept.reports for p in r.properties if p.path]


def test_a_document_that_fits_stays_as_it_is() -> None:
    whole = document(*_long(20))
    assert fitted(whole, 10**6) is whole


def test_the_longest_paths_are_left_out_first_and_counted() -> None:
    whole = document(*_long(100))
    size = len(zlib.compress(document_bytes(whole)))
    cut = fitted(whole, size * 2 // 3)
    assert len(zlib.compress(document_bytes(cut))) <= size * 2 // 3
    assert cut.omitted_paths > 0
    assert _paths(cut) == list(range(1, 101 - cut.omitted_paths))
    assert [r.verdict for r in cut.reports] == [r.verdict for r in whole.reports]


def test_a_model_that_is_too_large_says_so() -> None:
    with pytest.raises(EngineError, match="the spec's model has 34 bytes and does not fit into a result of 100 bytes"):
        fitted(document(*_long(3)), 100)


def test_a_refusal_reads_back_and_says_where_and_how() -> None:
    refusal = Refusal(
        stage="capture",
        reason="SpecInvalid",
        message="no action named step",
        file="a.py",
        line=3,
        column=9,
        hint="write @action",
    )
    assert refusal_from(refusal_bytes(refusal)) == refusal
    assert refusal.text == "a.py:3:9: no action named step (write @action)"
    assert refusal_bytes(Refusal(reason="CheckFailed")) == b'{"reason":"CheckFailed"}'


@given(st.text(max_size=30), st.integers(0, 20_000), st.integers(0, 20_000))
def test_a_refusal_always_fits_and_keeps_its_reason(text: str, message: int, output: int) -> None:
    long = Refusal(reason="SpecInvalid", message="m" + text * message, output=text * output, hint="h" * 100)
    data = refusal_bytes(long)
    assert len(data) <= 4096
    read = refusal_from(data)
    assert read is not None
    assert (read.reason, read.message[:1]) == ("SpecInvalid", "m")


def test_the_output_is_cut_before_the_message() -> None:
    read = refusal_from(refusal_bytes(Refusal(reason="SpecInvalid", message="m" * 1500, output="o" * 9000)))
    assert read is not None
    assert read.message == "m" * 1500
    assert read.output.endswith("…")


@pytest.mark.parametrize("data", ["", "killed", "[]", "{}", '{"reason":1}', "[" * 100_000, b"\xff"])
def test_what_is_no_refusal_is_none(data: str | bytes) -> None:
    assert refusal_from(data) is None
