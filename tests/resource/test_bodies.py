"""Plain data for the API."""

import msgspec

from speccheck.resource.bodies import given, plain


class Part(msgspec.Struct, rename="camel", omit_defaults=True):
    some_name: str = ""
    items: tuple[int, ...] = ()


def test_structs_become_what_the_api_gives_back() -> None:
    assert plain((Part("a", (1, 2)), Part())) == [{"someName": "a", "items": [1, 2]}, {}]
    assert plain(None) is None


def test_fields_without_a_value_are_left_out_and_others_are_not() -> None:
    assert given(a=None, b="", c=[], d={}, e=()) == {}
    assert given(a=0, b=False, c=0.0, d=[0], e=" ") == {"a": 0, "b": False, "c": 0.0, "d": [0], "e": " "}
