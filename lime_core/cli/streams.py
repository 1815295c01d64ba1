"""Standard output and error: characters that a stream cannot encode are spelled out, and failures are reported."""

from __future__ import annotations

import codecs
import contextlib
import os
import sys
import unicodedata

from lime_core.cli.printable import printable

_SPELLED = {
    "×": "x",
    "²": "2",
    "±": "+/-",
    "−": "-",
    "–": "-",
    "—": "-",
    "…": "...",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "→": "->",
    "≤": "<=",
    "≥": ">=",
    "·": "-",
    "█": "#",
}
_HANDLER = "limelight-spelled-out"


def make_printable() -> None:
    """Let both output streams spell out characters that they cannot encode, instead of failing at the end of a run."""
    codecs.register_error(_HANDLER, _spelled_out)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_HANDLER)


def flush() -> None:
    """Flush what has been printed; raises `OSError` if it cannot be written."""
    # A program may be started without a standard output.
    if sys.stdout is not None:
        sys.stdout.flush()


def give_up_stdout() -> None:
    """Discard all further standard output, also at exit: its reader is gone, or its disk full."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_error(text: str) -> None:
    """Print lines to standard error, if there is one that can be written; control characters are spelled out."""
    with contextlib.suppress(OSError, ValueError):
        print("\n".join(map(printable, text.split("\n"))), file=sys.stderr, flush=True)


def _spelled_out(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(letter: str) -> str:
    simple = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode("ascii")
    return _SPELLED.get(letter) or simple or "?"
