"""Functions of masks whose Shapley values, Banzhaf values and Sobol indices follow from their definitions."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from math import factorial

import numpy as np
from known_answers import all_masks
from known_neighborhoods import answers_to_masks
from numpy.typing import NDArray

import lime_core as lc
from lime_core.methods import mask_method_named

Floats = NDArray[np.float64]
Game = Callable[[Floats], Floats]
PLAIN = lc.ExplainSpec(target="probability")


def figures(z: Floats) -> Floats:
    """The game of six superpixels, the last a dummy, of which other packages' figures were computed."""
    different = z[:, 2] != z[:, 3]
    return 0.1 + 0.3 * z[:, 0] * z[:, 1] + 0.2 * different + 0.15 * z[:, 4] * (1 - 0.5 * z[:, 0])


def curved(superpixels: int, seed: int = 0) -> Game:
    """A game with effects of one, two and three superpixels, and a wave that no few of them make."""
    random = np.random.default_rng(seed)
    alone = 0.05 * random.normal(size=superpixels)
    pairs = 0.03 * np.triu(random.normal(size=(superpixels, superpixels)), 1)
    triples = [random.choice(superpixels, 3, replace=False) for _ in range(6)]

    def game(z: Floats) -> Floats:
        together = np.einsum("ni,ij,nj->n", z, pairs, z) + sum(0.06 * z[:, triple].prod(axis=1) for triple in triples)
        return 0.5 + 0.4 * np.tanh(z @ alone + together + 0.03 * np.sin(40 * (z @ alone)))

    return game


def conjunction(z: Floats) -> Floats:
    """0.2, and 0.6 more where superpixels 0, 2 and 3 are all shown."""
    return 0.2 + 0.6 * z[:, [0, 2, 3]].prod(axis=1)


def exclusive(z: Floats) -> Floats:
    """0.7 where exactly one of superpixels 1 and 4 is shown, else 0.1."""
    return 0.1 + 0.6 * (z[:, 1] != z[:, 4])


def shapley_values(game: Game, superpixels: int) -> Floats:
    """The definition: over all coalitions of the others, |C|! (S − |C| − 1)! / S! times what joining adds."""
    values = np.zeros(superpixels)
    for j in range(superpixels):
        for others in itertools.product((0.0, 1.0), repeat=superpixels - 1):
            without = np.insert(np.array(others), j, 0.0)[None]
            size = int(without.sum())
            share = factorial(size) * factorial(superpixels - size - 1) / factorial(superpixels)
            values[j] += share * (game(np.insert(np.array(others), j, 1.0)[None]) - game(without)).item()
    return values


def banzhaf_values(game: Game, superpixels: int) -> Floats:
    masks = all_masks(superpixels).astype(float)
    answers = game(masks)
    return np.array([answers[column == 1].mean() - answers[column == 0].mean() for column in masks.T])


def total_sobol_indices(game: Game, superpixels: int) -> Floats:
    """The definition: the mean variance that is left when all other superpixels are held, over the variance."""
    masks = all_masks(superpixels).astype(float)
    flipped = np.eye(superpixels)
    left = [((game(masks) - game(np.abs(masks - row))) ** 2).mean() / 4 for row in flipped]
    return np.array(left) / game(masks).var()


def answers(
    method: str, game: Game, superpixels: int, spec: lc.ExplainSpec = PLAIN, *, seed: int = 0, samples: int = 256
) -> lc.Neighborhood:
    """The answers of a game to what a method asks."""
    asked = mask_method_named(method).asked(replace(spec, samples=samples))
    return answers_to_masks(
        lambda masks, _: game(masks.astype(float))[:, None], superpixels, asked.samples, asked, seed
    )


def scores_of(
    method: str, game: Game, superpixels: int, spec: lc.ExplainSpec = PLAIN, *, seed: int = 0, samples: int = 256
) -> lc.ClassAttribution:
    given = answers(method, game, superpixels, spec, seed=seed, samples=samples)
    return mask_method_named(method).from_answers(given, spec).classes[0]


def coverage(method: str, game: Game, truth: Floats, samples: int, runs: int = 60, **settings: object) -> float:
    """How often the 95 % intervals hold the truth, over runs with masks of their own."""
    held = []
    for seed in range(runs):
        found = scores_of(method, game, len(truth), replace(PLAIN, **settings), seed=seed, samples=samples)
        held.append(np.abs(found.scores - truth) <= found.half_widths)
    return float(np.mean(held))
