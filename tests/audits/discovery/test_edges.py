"""Pictures whose edges look the same."""

from __future__ import annotations

import numpy as np
from audits.thumbnail_audits import folder_of, photograph

from lime_core.audits.discovery.edges import alike_at_the_edges, edge_of


def test_framed_pictures_are_a_group_and_others_are_none(tmp_path):
    rng = np.random.default_rng(0)
    pictures = {f"{index:02d}.jpg": photograph(rng) for index in range(40)}
    framed = [f"{index:02d}.jpg" for index in range(0, 40, 3)]
    for name in framed:
        frame = edge_of((120, 160))
        pictures[name][frame] = np.array((25, 45, 120)) + rng.integers(-12, 13, 3)
    assert alike_at_the_edges(folder_of(tmp_path / "framed", pictures), sorted(pictures), 0) == [framed]


def test_pictures_without_a_frame_have_no_group(tmp_path):
    rng = np.random.default_rng(1)
    pictures = {f"{index:02d}.jpg": photograph(rng) for index in range(40)}
    assert alike_at_the_edges(folder_of(tmp_path / "plain", pictures), sorted(pictures), 0) == []
    assert alike_at_the_edges(folder_of(tmp_path / "few", dict(list(pictures.items())[:3])), ["00.jpg"], 0) == []


def test_the_edge_is_a_tenth_of_each_side():
    edge = edge_of((50, 100))
    assert edge[:5].all()
    assert edge[:, -10:].all()
    assert not edge[5:-5, 10:-10].any()
