"""Which methods ask the model the same questions, under which seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lime_core.errors import SpecError
from lime_core.methods import MaskMethod, Method
from lime_core.settings.spec import QUERY_STAGES, ExplainSpec

RUNS = 3


def seeds_from(first: int, count: int) -> tuple[int, ...]:
    """Return so many seeds that follow one another; `SpecError` for fewer than one."""
    if count < 1:
        raise SpecError(f"The number of seeds must be one or more; got {count}.")
    return tuple((first + step) % 2**31 for step in range(count))


@dataclass(frozen=True, slots=True)
class Group:
    """Methods that ask the model the same questions.

    Attributes
    ----------
    methods : tuple of Method
        More than one only where all make use of masks.
    seeds : tuple of int
        Seeds of the runs: one in all where nothing is drawn at random.
    random : bool
        Whether anything is.
    calls : int
        The most pictures of one run.
    """

    methods: tuple[Method, ...]
    seeds: tuple[int, ...]
    random: bool
    calls: int


def grouped(
    methods: Sequence[Method], spec: ExplainSpec, seeds: tuple[int, ...], superpixels: int
) -> tuple[Group, ...]:
    """Return the methods in groups whose answers are asked for once, in the order of their first methods."""
    by_question: dict[tuple[str, ...], list[Method]] = {}
    for method in methods:
        by_question.setdefault(_questions_of(method, spec, seeds), []).append(method)
    return tuple(_group(tuple(alike), spec, seeds, superpixels) for alike in by_question.values())


def _group(methods: tuple[Method, ...], spec: ExplainSpec, seeds: tuple[int, ...], superpixels: int) -> Group:
    first = replace(spec, seed=seeds[0])
    random = methods[0].draws_at_random(first)
    calls = methods[0].planned_calls(first, superpixels)
    return Group(methods, seeds if random else seeds[:1], random, calls)


def _questions_of(method: Method, spec: ExplainSpec, seeds: tuple[int, ...]) -> tuple[str, ...]:
    """Return what is equal for methods that ask the same questions."""
    if not isinstance(method, MaskMethod):
        return (method.name,)
    return tuple(method.asked(replace(spec, seed=seed)).digest(*QUERY_STAGES) for seed in seeds)
