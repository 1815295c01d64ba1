"""Texts of strangers on the page: file names and class names stay text."""

from __future__ import annotations

import re

import pytest

from pages.widgets.text import plain

# What GitHub's Markdown, which Streamlit uses, makes links of (mdast-util-gfm-autolink-literal): it looks at the text
# without its backslashes.
LINKS = (
    re.compile(r"(https?://|www(?=\.))([-.\w]+)([^ \t\r\n]*)", re.IGNORECASE),
    re.compile(r"([-.\w+]+)@([-\w]+(?:\.[-\w]+)+)"),
)


def read(markdown: str) -> str:
    """Return Markdown of a plain text as it is read."""
    return markdown.replace("\\", "").replace("\u2060", "")


@pytest.mark.parametrize(
    "text",
    [
        "http://evil.example",
        "a HTTPS://evil.example/x?y=1",
        "www.example.com/",
        "(WWW.example.com)",
        "wwww.example.com",
        "someone@example.com",
        "mailto:some.one+two@example.com",
        "xmpp:a@b.example/c",
        "http://http://www.www.evil.example",
    ],
)
def test_addresses_become_no_links(text: str) -> None:
    assert any(link.search(text) for link in LINKS)
    shown = plain(text).replace("\\", "")
    assert not any(link.search(shown) for link in LINKS)
    assert read(plain(text)) == text


@pytest.mark.parametrize("text", ["![x](http://e)", "<script>", "$a$ :red[b] `c`", "# h", "a_b*c*", "1. x"])
def test_plain_text_holds_nothing_that_markdown_would_obey(text: str) -> None:
    escaped = plain(text)
    assert read(escaped) == text
    assert all(escaped[place - 1] == "\\" for place, sign in enumerate(escaped) if sign in "`*_[]()#!<>$:")


def test_markdown_cannot_begin_a_new_line() -> None:
    assert "\n" not in plain("a\n\n# b\r\n- c")


def test_names_of_icons_stay_text() -> None:
    assert ":material/verified:" not in plain(":material/verified: proven").replace("\\", "")
