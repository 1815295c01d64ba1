"""SP-LIME's pick, beside the optimum, the algorithm written out, and random picks."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from audits.known_audit import ANIMAL_EFFECT, STICKER_EFFECT, has_sticker, known_audit, label_of, path_of

from lime_core.audits.discovery.representative import coverage_of, evidence_of_concepts, representative, submodular_pick
from lime_core.audits.storage.tables import MEMBERS


def matrix(seed: int, pictures: int = 9, concepts: int = 7) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.exponential(size=(pictures, concepts)) * (rng.random((pictures, concepts)) < 0.3)


def covered(weights: np.ndarray, pictures: tuple[int, ...]) -> float:
    """Equation 3 of the paper, word for word."""
    total = 0.0
    for concept in range(weights.shape[1]):
        importance = math.sqrt(sum(abs(row[concept]) for row in weights))
        if any(weights[picture, concept] > 0 for picture in pictures):
            total += importance
    return total


@pytest.mark.parametrize("seed", range(20))
def test_the_pick_is_the_paper_s_and_near_the_optimum(seed: int) -> None:
    weights = matrix(seed)
    picked: tuple[int, ...] = ()
    for count in range(1, 5):
        optimum = max(covered(weights, each) for each in itertools.combinations(range(len(weights)), count))
        best_next = max(covered(weights, (*picked, each)) for each in range(len(weights)) if each not in picked)
        picked = tuple(submodular_pick(weights, count))
        assert len(set(picked)) == count
        assert covered(weights, picked) == pytest.approx(best_next)  # a step of Algorithm 2
        assert covered(weights, picked) >= (1 - 1 / math.e) * optimum


def test_coverage_is_the_share_of_importance() -> None:
    weights = matrix(3)
    order = submodular_pick(weights, 5)
    whole = covered(weights, tuple(range(len(weights))))
    expected = [covered(weights, tuple(order[:count])) / whole for count in range(1, 6)]
    np.testing.assert_allclose(coverage_of(weights, np.array([order]))[0], expected)


def test_when_all_is_covered_each_concept_is_shown_once_more() -> None:
    weights = np.array([[1.0, 0], [5, 0], [3, 0], [0, 2], [0, 1]])
    assert submodular_pick(weights, 10) == [1, 3, 2, 4, 0]


def test_pictures_without_evidence_are_not_picked() -> None:
    assert submodular_pick(np.zeros((4, 3)), 10) == []
    assert submodular_pick(np.zeros((4, 0)), 10) == []
    assert submodular_pick(np.array([[0.0], [1.0]]), 10) == [1]


def test_evidence_is_summed_over_the_members_of_a_concept(tmp_path: Path) -> None:
    folder = known_audit(tmp_path)
    paths = [path_of(index) for index in range(20)]
    weights = evidence_of_concepts(folder, folder.table(MEMBERS), paths)
    for index in range(20):
        cat = label_of(index) == "cat"
        expected = [STICKER_EFFECT * has_sticker(index), ANIMAL_EFFECT * cat, ANIMAL_EFFECT * (not cat)]
        np.testing.assert_allclose(weights[index], expected, rtol=1e-6)


def test_the_pick_of_an_audit_covers_more_than_random_ones(tmp_path: Path) -> None:
    folder = known_audit(tmp_path)
    found = representative(folder, folder.table(MEMBERS), seed=0, picks=4)
    assert found.coverage[1] == pytest.approx(1)  # a cat with a sticker and a dog, or a dog with one and a cat
    assert len(found.pictures) == len(found.coverage) == len(found.random_coverage) == 4
    for coverage, (mean, low, high) in zip(found.coverage, found.random_coverage, strict=True):
        assert low <= mean <= high <= 1
        assert coverage >= mean
    assert found == representative(folder, folder.table(MEMBERS), seed=0, picks=4)
    other = representative(folder, folder.table(MEMBERS), seed=1, picks=4)
    assert other.pictures == found.pictures  # the seed is that of the random picks


def test_random_coverage_is_that_of_all_picks(tmp_path: Path) -> None:
    folder = known_audit(tmp_path, pictures=8)
    weights = evidence_of_concepts(folder, folder.table(MEMBERS), sorted(path_of(index) for index in range(8)))
    found = representative(folder, folder.table(MEMBERS), seed=0, picks=2)
    every = list(itertools.permutations(range(8), 2))
    exact = coverage_of(weights, np.array(every)).mean(axis=0)
    np.testing.assert_allclose([mean for mean, _, _ in found.random_coverage], exact, atol=0.03)


def test_without_concepts_nothing_is_picked(tmp_path: Path) -> None:
    folder = known_audit(tmp_path)
    found = representative(folder, folder.table(MEMBERS).slice(0, 0), seed=0)
    assert found.pictures == found.coverage == found.random_coverage == ()
