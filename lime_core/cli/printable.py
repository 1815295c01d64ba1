"""Names of files and classes on a terminal, which they must not control."""

from __future__ import annotations

import unicodedata

_CONTROLS = ("Cc", "Cs", "Zl", "Zp")  # Unicode's categories; spaces of every width stay


def printable(text: str) -> str:
    r"""Return a line of text with control characters spelled out, such as ``\x1b`` where an escape sequence begins."""
    return "".join(
        sign.encode("unicode_escape").decode("ascii") if unicodedata.category(sign) in _CONTROLS else sign
        for sign in text
    )
