"""Pages: their commands are found, and what they print is written in its place."""

from pathlib import Path

import pytest
from tests.docs import pages

PAGE = """Text.

```console
$ one \\
  and more
a

b
$ two
```

```sh
$ not this
```

```console
$ three
old
```
"""


def test_commands_are_found_with_what_they_print() -> None:
    assert list(pages.examples(PAGE)) == [
        pages.Example("one \\\n  and more", "a\n\nb\n"),
        pages.Example("two", ""),
        pages.Example("three", "old\n"),
    ]


def test_only_what_commands_print_is_written_anew() -> None:
    found = pages.written(PAGE, lambda command: f"{command[:3]}!\n")
    assert found == PAGE.replace("a\n\nb\n", "one!\n").replace("$ two\n", "$ two\ntwo!\n").replace("old", "thr!")


def test_a_page_that_is_up_to_date_stays_as_it_is() -> None:
    printed = {each.command: each.output for each in pages.examples(PAGE)}
    assert pages.written(PAGE, printed.__getitem__) == PAGE


def test_both_streams_are_shown_without_spaces_at_the_ends(tmp_path: Path) -> None:
    assert pages.shell("echo 'a  '; echo b >&2; pwd", tmp_path, pages.surroundings()) == f"a\nb\n{tmp_path}\n"


def test_a_command_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"\$ echo why; exit 3\nwhy\n\nexit status 3"):
        pages.shell("echo why; exit 3", tmp_path, pages.surroundings())
