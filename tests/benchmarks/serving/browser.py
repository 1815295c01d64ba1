"""What a browser does for a page by itself: it answers the timers of fragments and keeps messages to be referred to."""

from __future__ import annotations

import time

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg


class VisitError(Exception):
    """Raised when the page does not do what a visitor may expect."""


class Timers:
    """When which fragment is to be run again."""

    def __init__(self) -> None:
        self._intervals: dict[str, float] = {}
        self._due: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._due)

    def start(self, fragment: str, interval: float) -> None:
        if self._intervals.get(fragment) != interval:
            self._intervals[fragment] = interval
            self._due[fragment] = time.monotonic() + interval

    def stop(self, fragment: str) -> None:
        self._intervals.pop(fragment, None)
        self._due.pop(fragment, None)

    def clear(self) -> None:
        self._intervals.clear()
        self._due.clear()

    def next(self) -> float:
        """Return when the next one is due, seconds of `time.monotonic`."""
        return min(self._due.values(), default=float("inf"))

    def due(self) -> list[str]:
        """Return the fragments that are due, and set their next time."""
        now = time.monotonic()
        found = [fragment for fragment, moment in self._due.items() if moment <= now]
        for fragment in found:
            self._due[fragment] = max(self._due[fragment] + self._intervals[fragment], now)
        return found


class KeptMessages:
    """Messages that the server may replace by their hash, until some runs have not used them."""

    def __init__(self) -> None:
        self._messages: dict[str, tuple[ForwardMsg, int]] = {}
        self._runs = 0
        self.most = 2  # runs; the server says it when a page is opened

    @property
    def hashes(self) -> list[str]:
        return list(self._messages)

    def whole(self, message: ForwardMsg) -> ForwardMsg:
        """Return the message, or the kept one that it refers to at its own place."""
        if message.WhichOneof("type") == "ref_hash":
            kept = self._messages.get(message.ref_hash)
            if kept is None:
                raise VisitError(f"The server refers to a message that was never sent: {message.ref_hash}.")
            referring, message = message, ForwardMsg()
            message.CopyFrom(kept[0])
            message.metadata.CopyFrom(referring.metadata)
        elif not message.metadata.cacheable:
            return message
        # As in a browser the first message of a hash stays, with the fragment that has drawn it.
        first, _ = self._messages.get(message.hash, (message, 0))
        self._messages[message.hash] = (first, self._runs)
        return message

    def run_finished(self, fragments: list[str]) -> None:
        """Drop what was not used for too many runs; a run of fragments alone touches only what they have drawn."""
        self._runs += 1
        for name, (message, used) in list(self._messages.items()):
            if (not fragments or message.delta.fragment_id in fragments) and self._runs - used > self.most:
                del self._messages[name]
