"""Calls that have no value whatever is observed, and calls that may have one."""

from __future__ import annotations

import cel
import pytest
from cel.stdlib import add_stdlib_to_context

from speccheck.conform.overloads import formless, misapplied

WRONG = [
    ("int(time)", "int(time): there is no int() of a time; seconds since 1970 are"),
    ("int(timestamp('2026-11-03T10:00:00Z'))", "there is no int() of a time"),
    ("int(timestamp(object.metadata.creationTimestamp)) + 1", "there is no int() of a time; seconds since 1970"),
    ("1 + int( timestamp( get(object, 'a(', '') ) )", "int(timestamp(get(object, 'a(', ''))): there is no int()"),
    ("double(duration(object.spec.grace))", "there is no double() of a duration; its seconds are d.getSeconds()"),
    ("int(time - time)", "int(time - time): there is no int() of a duration"),
    ("has(object.a) ? size(int(object.a)) : 0", "size(int(object.a)): there is no size() of an int"),
    ("string([1])", "string([1]): there is no string() of a list"),
    ("time.size()", "time.size(): there is no size() of a time"),
    ("duration(object.a).getFullYear()", "there is no getFullYear() of a duration"),
    ("int(null)", "there is no int() of null"),
]
RIGHT = [
    "int(object.a)",
    "int(string(time))",
    "string(time)",
    "string(timestamp(object.a))",
    "(time - timestamp(object.a)).getSeconds()",
    "time.getHours() + timestamp(object.a).getFullYear()",
    "object.time.size()",
    "object.timestamp(object.a).size()",
    "size(object.a)",
    "object.a.size()",
    "size('int(time)')",
    "object.int(time)",
    "'int(time)' == object.a // int(time)",
    'r"int(time)" == object.a',
    "[1, 2].map(x, int(x))",
    "timestamp('never') == time",
    "int('x')",
    "int(quantity(object.a))",
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_a_call_without_a_form_is_told(text: str, said: str) -> None:
    assert said in misapplied(text)


@pytest.mark.parametrize("text", RIGHT)
def test_a_call_that_may_have_a_value_is_let_pass(text: str) -> None:
    assert misapplied(text) == ""


@pytest.mark.parametrize("text", [text for text, _ in WRONG])
def test_what_is_told_does_fail(text: str) -> None:
    """The library itself gives it no value, whatever text stands in the object."""
    for value in ("2026-11-03T10:00:00Z", "3s", "1"):
        context = cel.Context()
        add_stdlib_to_context(context)
        context.add_function("get", lambda *_, value=value: value)
        metadata = {"creationTimestamp": value}
        context.add_variable("object", {"a": value, "metadata": metadata, "spec": {"grace": value}})
        context.add_variable("time", cel.evaluate("timestamp('2026-11-03T10:00:00Z')"))
        with pytest.raises((RuntimeError, ValueError, TypeError)):
            cel.compile(text).execute(context)


def test_the_librarys_message_does_not_send_its_reader_to_look_for_a_name() -> None:
    with pytest.raises(RuntimeError) as error:
        cel.evaluate("int([1])")
    assert formless(str(error.value)) == "there is no int() of what it is given here"
    assert formless("anything else") == "anything else"
