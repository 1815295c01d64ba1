"""A fill that is registered in the core appears on the page, with widgets of its own, in links and in results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from lime_core.masks.fills import FILLS, Fill
from lime_core.parameters import parameter
from tests.pages.conftest import FakeModel, explained, fine, finish, opened, state_of


@dataclass(frozen=True, slots=True)
class Chequered(Fill):
    """Squares of two greys."""

    name: ClassVar[str] = "chequered_squares"

    tile_side: int = parameter(8, "Side of a square, px.", low=1, high=64)

    def paint(self, pixels, labels, seed=0):
        rows, columns = np.indices(pixels.shape[:2]) // self.tile_side
        return np.repeat(np.where((rows + columns) % 2, 90, 160).astype(np.uint8)[..., None], 3, axis=2)


@pytest.fixture
def registered() -> Iterator[None]:
    FILLS.register(Chequered)
    yield
    FILLS.unregister(Chequered.name)


def test_its_widgets_appear_and_its_values_are_asked_with(model: FakeModel, registered: None) -> None:
    page = opened(explained(samples="64"), "sampling")
    assert "chequered squares" in page.selectbox(key="spec.fill").options
    fine(page.selectbox(key="spec.fill").set_value("chequered_squares").run())
    widget = page.number_input(key="spec.fill.chequered_squares.tile_side")
    assert (widget.label, widget.value, widget.help) == ("Tile side", 8, "Side of a square, px.")
    fine(widget.set_value(5).run())
    assert state_of(page).settings.spec.fill == Chequered(tile_side=5)
    page.button(key="explain").click().run()
    finish(page)
    assert state_of(page).drawn.attribution.spec.fill == Chequered(tile_side=5)


def test_a_link_and_the_command_carry_it(model: FakeModel, registered: None) -> None:
    page = explained(samples="64", fill="chequered_squares", chequered_squares_tile_side="4", tab="Take away")
    assert state_of(page).settings.spec.fill == Chequered(tile_side=4)
    assert opened(page, "sampling").number_input(key="spec.fill.chequered_squares.tile_side").value == 4
    command, link = (element.value for element in page.code)
    assert "--fill chequered_squares --chequered-squares-tile-side 4" in command
    assert "fill=chequered_squares&chequered-squares-tile-side=4" in link
