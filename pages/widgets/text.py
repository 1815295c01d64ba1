"""Texts for people: safe Markdown, numbers, durations, sizes."""

from __future__ import annotations

import math
import re

import lime_core as lc
from lime_core.answers.origin import Provenance

# What Markdown, or Streamlit's own directives, would take for an instruction.
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&^=])")
# Whatever is escaped, links are made of http://, https:// and www. and of names with an @, and icons of :material/.
_REPLACED = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)|(?<=:)(?=material/)", re.IGNORECASE)
_WORD_JOINER = "\u2060"  # has no width


def plain(text: str) -> str:
    """Return a text that Markdown shows as it is, whatever it contains; for file names and class names.

    Addresses in it become no links, and names of icons no icons: a sign without width stands in them.
    """
    return _SPECIAL.sub(r"\\\1", _REPLACED.sub(_WORD_JOINER, " ".join(text.split())))


# Lines of code in a message are indented by as much.
_INDENT = "    "


def problem(error: lc.LimeError) -> str:
    """Return what went wrong, safe for Markdown: without advice to who runs the server, and without lines of code."""
    message = error.brief if isinstance(error, lc.WeightsError) else str(error)
    return plain("\n".join(line for line in message.split("\n") if not line.startswith(_INDENT)))


def code_in(error: lc.LimeError) -> str:
    """Return the lines of code that a message advises, such as those that convert a model; empty without any."""
    lines = str(error).split("\n")
    return "\n".join(line.removeprefix(_INDENT) for line in lines if line.startswith(_INDENT))


def megabytes(size: float) -> str:
    """Return a size such as ``92 MB``."""
    return f"{size / 1e6:.0f} MB"


def seconds(duration: float) -> str:
    """Return a duration such as ``8 s`` or ``2 min 5 s``."""
    whole = max(1, round(duration))
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def percent(share: float) -> str:
    """Return a probability in percent, with two digits where it is small."""
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def output(value: float, about: Provenance) -> str:
    """Return a model's output: a probability in percent, or a value of the model's own unit as it is."""
    return percent(value) if about.outputs_are == "probabilities" else f"{value:.4g}"


def number(value: float) -> str:
    """Return a number with two decimals; "unknown" for NaN."""
    return "unknown" if math.isnan(value) else f"{value:.2f}"


def listed(superpixels: tuple[int, ...], most: int = 12) -> str:
    """Return superpixels as a list such as ``3, 7, 12``, cut after `most`; "none" when it is empty."""
    named = ", ".join(map(str, superpixels[:most])) or "none"
    return named if len(superpixels) <= most else f"{named} and {len(superpixels) - most} more"
