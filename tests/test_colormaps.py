"""Colours: what can be told apart, and where scales begin and end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from lime_core.colormaps import AGAINST, COLORMAPS, FOR, colorize
from lime_core.errors import SpecError

# Machado, Oliveira and Fernandes (2009), severity 1, in linear RGB.
MACHADO = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}


def as_seen_with(blindness: str, color: Any) -> np.ndarray:
    linear = ((np.asarray(color) / 255 + 0.055) / 1.055) ** 2.4
    seen = np.clip(np.array(MACHADO[blindness]) @ linear, 0, 1)
    return np.where(seen > 0.0031308, 1.055 * seen ** (1 / 2.4) - 0.055, 12.92 * seen)


@pytest.mark.parametrize("blindness", MACHADO)
def test_for_and_against_differ_for_the_colour_blind(blindness: str) -> None:
    scale = COLORMAPS["diverging"]
    for one, other in ((FOR, AGAINST), (scale[-1], scale[0]), (scale[190], scale[64]), (scale[-1], scale[127])):
        seen = [rgb2lab(as_seen_with(blindness, color)[None, None]) for color in (one, other)]
        assert deltaE_ciede2000(*seen).item() > 25


def test_the_diverging_map_is_symmetric_in_lightness_and_grows_darker_outwards() -> None:
    lightness = rgb2lab(COLORMAPS["diverging"][None])[0, :, 0]
    assert np.abs(lightness - lightness[::-1]).max() < 1.5
    assert (np.diff(lightness[127:]) < 0.4).all()
    assert lightness[127] - lightness[-1] > 45
    assert np.ptp(COLORMAPS["diverging"][127].astype(int)) <= 2


def test_jet_begins_and_ends_as_in_matlab() -> None:
    jet = COLORMAPS["jet"]
    assert jet[0].tolist() == [0, 0, 128]
    assert jet[-1].tolist() == [128, 0, 0]
    assert colorize(np.array([0.125, 0.375, 0.625, 0.875]), "jet", 1.0).tolist() == pytest.approx(
        np.array([[0, 0, 255], [0, 255, 255], [255, 255, 0], [255, 0, 0]]), abs=3
    )


def test_values_beyond_the_scale_get_its_end_colours() -> None:
    assert np.array_equal(colorize(np.array([-9.0, 9.0]), "diverging", 1.0), COLORMAPS["diverging"][[0, -1]])
    assert np.array_equal(colorize(np.array([5.0]), "diverging", 0.0), COLORMAPS["diverging"][[127]])
    with pytest.raises(SpecError, match="colormap must be one of diverging, sequential, jet; got 'viridis'"):
        colorize(np.zeros(2), "viridis", 1.0)  # type: ignore[arg-type]
