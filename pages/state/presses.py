"""Presses of buttons that no run of the script has acted on yet."""

from __future__ import annotations


class Presses:
    """The buttons that were pressed, by their keys."""

    def __init__(self) -> None:
        self._keys: set[str] = set()

    def note(self, key: str) -> None:
        """Keep that a button was pressed."""
        self._keys.add(key)

    def take(self, key: str) -> bool:
        """Return whether a button was pressed, and forget it."""
        pressed = key in self._keys
        self._keys.discard(key)
        return pressed

    def forget(self) -> None:
        """Forget all presses."""
        self._keys.clear()
