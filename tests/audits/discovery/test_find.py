"""What an audit finds, in pictures and a model whose shortcut is known."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

import lime_core as lc
from lime_core.audits.discovery.find import find
from lime_core.audits.storage.audit_folder import AuditFolder
from lime_core.audits.storage.tables import MEMBERS
from lime_core.collections.base import open_collection

SIDE, EACH = 70, 12
SPEC = lc.ExplainSpec(samples=64, segmentation=lc.Grid(rows=7, columns=7))
STICKER = slice(60, 70)  # bottom right


def picture(index, label):
    """A cat has a green square in the middle, a dog a blue one; every other cat a yellow sticker in the corner."""
    rng = np.random.default_rng(index)
    pixels = rng.integers(90, 160, (SIDE, SIDE, 3), dtype=np.uint8)
    top, left = rng.integers(2, 4, 2) * 10
    pixels[top : top + 20, left : left + 20] = (20, 180, 20) if label == "cat" else (20, 20, 180)
    if label == "cat" and index % 2 == 0:
        pixels[STICKER, STICKER] = (250, 240, 0)
        pixels[STICKER, STICKER][::3] = (200, 0, 120)
    return pixels


def model(sticker):
    """Return the probability of a cat: by green and blue, and so many log-odds for a whole sticker."""

    def outputs(images):
        red, green, blue = (images[..., channel].astype(int) for channel in range(3))
        cat = ((green > 140) & (red < 60)).sum(axis=(1, 2)) - ((blue > 140) & (red < 60)).sum(axis=(1, 2))
        yellow = ((red > 220) & (green > 200) & (blue < 40)).sum(axis=(1, 2)) / 60
        return np.stack(
            [1 / (1 + np.exp(-cat / 150 - sticker * yellow)), 1 / (1 + np.exp(cat / 150 + sticker * yellow))], 1
        )

    return lc.CallableClassifier(outputs, SIDE, ["cat", "dog"], id=f"sticker {sticker}", outputs="probabilities")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for label in ("cat", "dog"):
        (folder / label).mkdir()
        for index in range(EACH):
            Image.fromarray(picture(index, label)).save(folder / label / f"{index:02d}.png")
    return folder


@pytest.fixture(scope="module")
def audited(pictures, tmp_path_factory):
    return lc.audit(pictures, model(4.0), tmp_path_factory.mktemp("audit") / "out", SPEC)


@pytest.mark.slow
def test_the_sticker_is_the_only_shortcut_and_the_thing_is_none(audited):
    found = audited.findings()
    (candidate,) = found.shortcut_candidates
    assert candidate.class_name == "cat"
    assert {path for path, _ in candidate.pictures} == {f"cat/{index:02d}.png" for index in range(0, EACH, 2)}
    assert all(box.bottom == box.right == SIDE and box.top >= 50 for _, box in candidate.pictures)
    assert candidate.interval[0] > 0
    assert candidate.p_adjusted < 0.05
    assert any("corners" in reason for reason in candidate.reasons)
    # Without it the log-odds fall by what the model gives for it, up to the cut of the log-odds.
    assert candidate.effect == pytest.approx(4, abs=1.5)


@pytest.mark.slow
def test_concepts_add_up_and_are_the_members_that_were_written(audited):
    found = audited.findings()
    members = audited.table(MEMBERS)
    assert found.pictures == 2 * EACH
    assert found.accuracy == 1
    assert [concept.number for concept in found.concepts] == list(range(len(found.concepts)))
    assert sum(concept.share for concept in found.concepts) <= 1
    for concept in found.concepts:
        assert concept.centre + concept.border + concept.corner == pytest.approx(1)
        assert sum(share for _, share in concept.classes) == pytest.approx(1)
        assert len(concept.patches) <= members["concept"].to_pylist().count(concept.number)
    assert found.complete
    assert found.representative.pictures


@pytest.mark.slow
def test_the_same_seed_finds_the_same(audited, pictures):
    told = []
    again = find(
        AuditFolder(audited.path),
        open_collection(pictures),
        model(4.0),
        SPEC,
        seed=SPEC.seed,
        on_progress=lambda done, total: told.append((done, total)),
    )
    assert [done for done, _ in told] == list(range(1, len(told) + 1)), "every concept, then every picture asked again"
    assert told[-1] == (len(told), len(told))
    assert again.concepts == audited.findings().concepts
    assert again.shortcut_candidates == audited.findings().shortcut_candidates


@pytest.mark.slow
def test_a_model_that_does_not_look_at_the_sticker_has_no_shortcut(pictures, tmp_path):
    assert lc.audit(pictures, model(0.0), tmp_path / "out", SPEC).findings().shortcut_candidates == ()


@pytest.mark.slow
def test_after_an_interrupt_no_experiment_is_made_and_a_note_says_so(audited, pictures, tmp_path):
    asked = []

    def count(images):
        asked.append(len(images))
        return np.full((len(images), 2), 0.5)

    classifier = lc.CallableClassifier(count, SIDE, ["cat", "dog"], id="counts")
    found = find(AuditFolder(audited.path), open_collection(pictures), classifier, SPEC, seed=0, complete=False)
    assert not asked
    assert not found.complete
    assert found.shortcut_candidates == ()
    assert not any(concept.proven for concept in found.concepts)
    assert any("interrupted" in note for note in found.notes)


@pytest.mark.slow
def test_pictures_that_are_gone_are_left_out_of_the_experiments(audited, pictures, tmp_path):
    folder = shutil.copytree(audited.path, tmp_path / "out")

    class Gone:
        def __init__(self, collection):
            self.root, self.pictures = collection.root, collection.pictures

        def read(self, path):
            raise lc.LimeError(f"{path} is gone.")

    found = find(AuditFolder(folder), Gone(open_collection(pictures)), model(4.0), SPEC, seed=0)
    assert found.shortcut_candidates == ()
    assert all(concept.take_away is None and concept.add is None for concept in found.concepts)
