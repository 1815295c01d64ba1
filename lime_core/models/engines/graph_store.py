"""Graphs on disk: a model whose graph is stored loads without TensorFlow and Keras, and faster.

A file is one line with a check sum over the rest, one line with the length of the first of two parts, and the two
parts of the graph. Anything else counts as missing, and is written again.
"""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

from lime_core.models.engines.openvino_graph import Graph
from lime_core.models.engines.openvino_runtime import describe_machine
from lime_core.models.files.cache import cache_folder, forget, read_cached, write_cached

if TYPE_CHECKING:
    from pathlib import Path

    from lime_core.models.catalog import ModelCard

# Raise this when the graphs that are built or converted change, or the layout of the file.
_FORMAT = 2
_PACKAGES = ("openvino", "tensorflow", "keras")
# Two, so that two environments of one user do not keep deleting each other's graphs.
_KEPT_PER_MODEL = 2
_LONGEST_HEADER = 100


@dataclass(frozen=True, slots=True)
class GraphStore:
    """Where the graph of one model with one set of weights is kept, for these libraries on this machine.

    Attributes
    ----------
    model_id : str
        Id in the catalog.
    key : str
        Digest of everything that the graph depends on.
    folder : Path
        Where the files are; it need not exist or be writable.
    """

    model_id: str
    key: str
    folder: Path

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / f"{self.model_id}-{self.key[:16]}.graph"

    def load(self) -> Graph | None:
        """Return the graph, or None if the file is missing or damaged."""
        data = read_cached(self.path)
        if data is None:
            return None
        digest, _, rest = data[:_LONGEST_HEADER].partition(b"\n")
        length, newline, _ = rest.partition(b"\n")
        body = memoryview(data)[len(digest) + 1 :]
        if not newline or not length.isdigit() or self._digest(body).encode() != digest:
            return None
        start = len(length) + 1
        stop = start + int(length)
        return Graph(bytes(body[start:stop]), bytes(body[stop:]))

    def save(self, graph: Graph) -> bool:
        """Write the graph and remove the model's older ones; return whether it could be written."""
        body = f"{len(graph.structure)}\n".encode() + graph.structure + graph.weights
        written = write_cached(self.path, [self._digest(body).encode(), b"\n", body])
        forget(self.folder, f"{self.model_id}-*.graph", _KEPT_PER_MODEL)
        return written

    def _digest(self, body: bytes | memoryview) -> str:
        # Includes the key, so that a file renamed to another graph's name is not accepted.
        digest = hashlib.sha256(self.key.encode())
        digest.update(body)
        return digest.hexdigest()


def graph_store(card: ModelCard, weights_sha256: str) -> GraphStore | None:
    """Return where the graph of a model belongs; None for a user without a cache folder.

    Raises
    ------
    ModelError
        If OpenVINO is missing or cannot be loaded.
    """
    folder = cache_folder()
    if folder is None:
        return None
    facts = [str(_FORMAT), card.id, str(card.input_size), weights_sha256, *library_versions(), machine()]
    return GraphStore(card.id, hashlib.sha256("\n".join(facts).encode()).hexdigest(), folder / "graphs")


def library_versions() -> list[str]:
    """Return names and versions of the libraries that make and run graphs, without importing them."""
    versions = []
    for package in _PACKAGES:
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            versions.append(f"{package} none")
    return versions


def machine() -> str:
    """Return a line that is equal for machines that can use each other's graphs and plans."""
    return f"{platform.system()} {platform.machine()} {describe_machine()}"
