"""Confusions, wrong reasons and flips, on a model whose every answer is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from audits import known_audit as known
from audits.known_audit import ANIMAL, STICKER, STICKER_CONCEPT, has_sticker, label_of, path_of, predicted_of

import lime_core as lc
from lime_core.audits.discovery.flips import Suspect, flip
from lime_core.audits.discovery.mistakes import MOST_FLIPS, mistakes
from lime_core.audits.storage.audit_folder import AuditFolder
from lime_core.audits.storage.findings import Mistakes
from lime_core.audits.storage.tables import EXPLANATIONS, MEMBERS
from lime_core.collections.base import Collection, open_collection
from lime_core.show.encoding import to_png

PICTURES = 20
SPEC = lc.ExplainSpec(segmentation=lc.Grid(2, 3), samples=64, fill="grey")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> AuditFolder:
    return known.known_audit(tmp_path_factory.mktemp("audit"), PICTURES)


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    return known.known_collection(tmp_path_factory.mktemp("pictures"), PICTURES)


@pytest.fixture(scope="module")
def found(folder: AuditFolder, collection: Collection) -> Mistakes:
    candidates = folder.findings().shortcut_candidates
    return mistakes(folder, collection, known.model(), SPEC, candidates, folder.table(MEMBERS))


def wrong() -> list[str]:
    return [path_of(index) for index in range(PICTURES) if predicted_of(index) != label_of(index)]


def test_pairs_of_confused_classes_come_with_their_evidence(found: Mistakes) -> None:
    (pair,) = found.confusions
    assert (pair.true, pair.predicted) == ("dog", "cat")
    assert list(pair.pictures) == wrong()
    ((concept, share),) = pair.concepts
    assert concept == STICKER_CONCEPT
    assert 0.95 < share <= 1  # the rest is noise


def test_meaningless_explanations_are_listed(found: Mistakes) -> None:
    assert sorted(found.meaningless) == sorted(path_of(index) for index in (6, 13))


def test_right_for_the_wrong_reason_is_most_of_the_evidence_on_a_candidate(found: Mistakes) -> None:
    right = [path_of(index) for index in range(PICTURES) if has_sticker(index) and label_of(index) == "cat"]
    assert found.wrong_reason == tuple((path, STICKER_CONCEPT) for path in right)  # 8.0 of 12.7


def test_without_candidates_no_reason_is_wrong(folder: AuditFolder, collection: Collection) -> None:
    members = folder.table(MEMBERS)
    assert mistakes(folder, collection, known.model(), SPEC, (), members).wrong_reason == ()
    other = replace(folder.findings().shortcut_candidates[0], class_name="dog")
    assert mistakes(folder, collection, known.model(), SPEC, (other,), members).wrong_reason == ()


def test_a_mistake_turns_without_its_sticker(found: Mistakes) -> None:
    flips = {each.picture: each for each in found.flips}
    assert set(flips) == {*wrong(), *(picture for picture, _ in found.wrong_reason)}
    for path in wrong():
        assert flips[path].superpixels == (STICKER,)
        assert (flips[path].before, flips[path].after) == ("cat", "dog")


def test_what_was_hidden_turns_the_answer_and_each_part_of_it_is_needed(
    found: Mistakes, collection: Collection
) -> None:
    model, segments = known.model(), known.segments()

    def cat(path: str, hidden: tuple[int, ...]) -> bool:
        pixels = lc.load_image(collection.read(path)).pixels.copy()
        pixels[np.isin(segments, hidden)] = 128
        return bool(np.argmax(model.predict(pixels[None])[0]) == 0)

    for each in found.flips:
        if each.after != each.before:
            assert not cat(each.picture, each.superpixels)
            for superpixel in each.superpixels:
                assert cat(each.picture, tuple(set(each.superpixels) - {superpixel}))
        else:
            assert each.superpixels == ()


def test_progress_counts_pictures(folder: AuditFolder, collection: Collection) -> None:
    seen: list[tuple[int, int]] = []
    candidates = folder.findings().shortcut_candidates
    mistakes(
        folder,
        collection,
        known.model(),
        SPEC,
        candidates,
        folder.table(MEMBERS),
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(done, 7) for done in range(1, 8)]


def test_pictures_that_are_asked_about_again_are_bounded(tmp_path: Path) -> None:
    pictures = 200
    folder = known.known_audit(tmp_path / "audit", pictures)
    collection = known.known_collection(tmp_path / "pictures", pictures)
    candidates = folder.findings().shortcut_candidates
    found = mistakes(folder, collection, known.model(), SPEC, candidates, folder.table(MEMBERS))
    wrong_ones = {picture for pair in found.confusions for picture in pair.pictures}
    assert len(found.flips) == MOST_FLIPS < len(wrong_ones) + len(found.wrong_reason)
    assert sum(each.picture in wrong_ones for each in found.flips) == 20


def test_an_empty_audit_has_no_mistakes(tmp_path: Path, collection: Collection) -> None:
    folder = AuditFolder(tmp_path)
    none = mistakes(folder, collection, known.model(), SPEC, (), folder.table(MEMBERS))
    assert none == Mistakes((), (), (), ())


def test_labels_that_are_not_known_are_no_mistakes(tmp_path: Path, collection: Collection) -> None:
    folder = known.known_audit(tmp_path, PICTURES)
    rows = folder.table(EXPLANATIONS)
    for name in ("label", "correct"):
        index = rows.schema.get_field_index(name)
        rows = rows.set_column(index, name, pa.nulls(len(rows), rows.schema.field(name).type))
    folder.write_part(EXPLANATIONS, "part-0", rows)
    candidates = folder.findings().shortcut_candidates
    found = mistakes(folder, collection, known.model(), SPEC, candidates, folder.table(MEMBERS))
    assert found.confusions == found.wrong_reason == found.flips == ()
    assert len(found.meaningless) == 2


class Needs:
    """Class 0 as long as enough of its superpixels are shown, or none of them but the first."""

    def __init__(self, rule: object) -> None:
        self.rule = rule

    def __call__(self, images: np.ndarray) -> np.ndarray:
        shown = (images[:, 15::30, 15::30, 0] > 200).reshape(len(images), 6)
        first = np.array([self.rule(row) for row in shown], dtype=float)
        return np.stack([first, 1 - first], axis=1)


def turned(tmp_path: Path, rule: object, coefficients: list[float]) -> tuple[tuple[int, ...], str]:
    white = np.full((known.HEIGHT, known.WIDTH, 3), 255, np.uint8)
    (tmp_path / "white.png").write_bytes(to_png(white))
    collection = open_collection(tmp_path)
    model = lc.CallableClassifier(Needs(rule), (known.HEIGHT, known.WIDTH), ["a", "b"], outputs="probabilities")
    result = flip(Suspect("white.png", 0, "a", 0, np.array(coefficients)), collection, model, SPEC)
    assert result is not None
    return result.superpixels, result.after


def test_superpixels_that_are_not_needed_are_put_back(tmp_path: Path) -> None:
    falling = [6.0, 5, 4, 3, 2, 1]
    assert turned(tmp_path, lambda shown: shown[2] or shown[4], falling) == ((2, 4), "b")
    assert turned(tmp_path, lambda shown: shown.sum() > 3, falling) == ((0, 1, 2), "b")
    assert turned(tmp_path, lambda shown: True, falling) == ((), "a")
    assert turned(tmp_path, lambda shown: shown[5], [-1.0, -1, -1, -1, -1, -1]) == ((), "a")
    # Without 0 and 1 the answer changes, and without 1 alone too, but not without 0 alone.
    assert turned(tmp_path, lambda shown: shown[1], falling) == ((1,), "b")


def test_a_picture_that_has_changed_is_left_out(tmp_path: Path, collection: Collection) -> None:
    coefficients = known.coefficients_of(0, "cat")
    cat = Suspect(path_of(0), 0, "cat", 0, coefficients)
    model = known.model()
    assert flip(cat, collection, model, SPEC) is not None
    assert flip(replace(cat, picture="gone.png"), collection, model, SPEC) is None
    assert flip(replace(cat, coefficients=np.ones(7)), collection, model, SPEC) is None
    assert flip(replace(cat, class_index=1), collection, model, SPEC) is None
    assert cat.coefficients[ANIMAL] < cat.coefficients[STICKER]
