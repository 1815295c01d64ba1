"""Texts of strangers on the page: file names and class names stay text."""

from __future__ import annotations

import pytest

from pages.widgets.text import plain


@pytest.mark.parametrize("text", ["![x](http://e)", "<script>", "$a$ :red[b] `c`", "# h", "a_b*c*", "1. x"])
def test_plain_text_holds_nothing_that_markdown_would_obey(text: str) -> None:
    escaped = plain(text)
    assert escaped.replace("\\", "") == text
    assert all(escaped[place - 1] == "\\" for place, sign in enumerate(escaped) if sign in "`*_[]()#!<>$:")


def test_markdown_cannot_begin_a_new_line() -> None:
    assert "\n" not in plain("a\n\n# b\r\n- c")
