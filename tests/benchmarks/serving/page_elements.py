"""What a page shows, kept as a browser keeps it: elements by their place, from the messages of Streamlit's server."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

Place = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Element:
    """One element, or one container.

    Attributes
    ----------
    kind : str
        Name of its message, such as ``slider``; ``block`` for a container.
    content : Message
        That message.
    fragment : str
        Id of the fragment that has drawn it; empty outside of fragments.
    run : str
        Id of the run of the script that has drawn it.
    """

    kind: str
    content: Any
    fragment: str
    run: str

    @property
    def key(self) -> str:
        """The key of a widget that has one: Streamlit ends the id with it. Empty for all others."""
        parts = getattr(self.content, "id", "").split("-", 2)
        return parts[2] if len(parts) == 3 and parts[2] != "None" else ""


class PageElements:
    """The elements of one page."""

    def __init__(self) -> None:
        self._elements: dict[Place, Element] = {}

    def take(self, message: ForwardMsg, run: str) -> None:
        """Put what a message of a run draws into its place."""
        delta, place = message.delta, tuple(message.metadata.delta_path)
        element = _element(delta, run)
        if element is None:
            return
        before = self._elements.get(place)
        if element.kind != "block" and before is not None and before.kind == "block":
            self._drop_inside(place)
        self._elements[place] = element

    def finish(self, run: str, fragments: Sequence[str]) -> None:
        """Drop what a run has not drawn again: of the whole page, or of the fragments that it has run alone."""
        old = [
            place
            for place, element in self._elements.items()
            if element.run != run and (not fragments or element.fragment in fragments)
        ]
        for place in old:
            if self._elements.pop(place, None) is not None:
                self._drop_inside(place)

    def all(self, kind: str) -> Iterator[Element]:
        """Yield the elements of a kind, in the order of the page."""
        for place in sorted(self._elements):
            if self._elements[place].kind == kind:
                yield self._elements[place]

    def widget(self, key: str) -> Element | None:
        """Return the widget of a key, or None while the page has none."""
        return next((element for element in self._elements.values() if element.key == key), None)

    def pictures(self) -> set[str]:
        """Return the addresses of all pictures on the page."""
        return {picture.url for element in self.all("imgs") for picture in element.content.imgs}

    def complaints(self) -> list[str]:
        """Return the text of every exception and every error on the page."""
        exceptions = [f"{one.content.type}: {one.content.message}" for one in self.all("exception")]
        alerts = [one.content for one in self.all("alert")]
        return exceptions + [alert.body for alert in alerts if alert.format == alert.ERROR]

    def scores(self) -> Scores | None:
        """Return the scores in the table of all superpixels, or None while the page has none."""
        for element in self.all("dataframe"):
            prefix, _, index = element.key.rpartition(".")
            if prefix == "superpixels" and index.isdecimal():
                return Scores.read(int(index), element.content.arrow_data.data)
        return None

    def _drop_inside(self, place: Place) -> None:
        for inner in [other for other in self._elements if other[: len(place)] == place and other != place]:
            del self._elements[inner]


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of one class.

    Attributes
    ----------
    index : int
        The class.
    values : float64 (S,)
        One score a superpixel, by its number. The table shows four decimals, but its data are unrounded.
    """

    index: int
    values: NDArray[np.float64]

    @classmethod
    def read(cls, index: int, arrow: bytes) -> Scores:
        """Return what a table in Arrow's format says."""
        table = pa.ipc.open_stream(io.BytesIO(arrow)).read_all()
        values = np.full(table.num_rows, np.nan)
        values[table["superpixel"].to_numpy()] = table["score"].to_numpy()
        return cls(index, values)


def _element(delta: Delta, run: str) -> Element | None:
    kind = delta.WhichOneof("type")
    if kind == "add_block":
        return Element("block", delta.add_block, delta.fragment_id, run)
    if kind == "new_element":
        inner = delta.new_element.WhichOneof("type")
        return Element(inner, getattr(delta.new_element, inner), delta.fragment_id, run) if inner else None
    return None  # transient elements, such as spinners, stand beside the page
