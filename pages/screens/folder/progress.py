"""How far an audit is, Stop, and how it goes on."""

from __future__ import annotations


def show() -> None:
    """Draw the progress."""
