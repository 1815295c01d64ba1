"""Small ``.keras`` archives, written without Keras: sound ones, and ones that want more than to be read."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

LAYER = {
    "module": "keras.layers",
    "class_name": "Dense",
    "registered_name": None,
    "config": {"name": "dense", "units": 3, "activation": "softmax"},
}


def config_of(*layers: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration of a sequential model."""
    return {
        "module": "keras",
        "class_name": "Sequential",
        "registered_name": None,
        "config": {"name": "model", "layers": [*layers]},
    }


def archive_of(config: Any, weights: bytes = b"", entries: dict[str, bytes] | None = None) -> bytes:
    """Return a zip archive with the entries of a ``.keras`` file, and further ones."""
    content = {
        "metadata.json": b'{"keras_version": "3.15.1"}',
        "config.json": config if isinstance(config, bytes) else json.dumps(config).encode(),
        "model.weights.h5": weights,
        **(entries or {}),
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return target.getvalue()
