"""In a notebook, results and pictures show themselves."""

from __future__ import annotations

import textwrap
import warnings
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
CELLS = (
    """
    import numpy as np
    import lime_core as lc

    def brightness(images):
        left = images[:, :, :16].mean(axis=(1, 2, 3)) / 255
        return np.stack([left, 1 - left], axis=1)

    classifier = lc.CallableClassifier(brightness, (32, 32), ("bright on the left", "dark on the left"))
    spec = lc.ExplainSpec(samples=64, segmentation=lc.Grid(2, 2), fill="black")
    image = lc.Image(np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8))
    """,
    "image",
    "lc.explain(image, classifier, spec)",
    'lc.attribute(image, classifier, method="leave_one_out", spec=spec)',
)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """What each cell shows, by MIME type."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(textwrap.dedent(cell)) for cell in CELLS])
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        # The kernel keeps its history and its connections away from the user's own.
        for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(name, str(tmp_path_factory.mktemp("kernel")))
        # The messaging libraries of the kernel warn of their own affairs.
        warnings.simplefilter("ignore")
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    return [[output["data"] for output in cell.outputs if "data" in output] for cell in notebook.cells]


def test_an_image_shows_itself(outputs):
    (shown,) = outputs[1]
    assert shown["image/png"]


@pytest.mark.parametrize("cell", [2, 3], ids=["an explanation", "an attribution"])
def test_a_result_shows_its_classes_and_their_strongest_superpixels(outputs, cell):
    (shown,) = outputs[cell]
    assert "bright on the left" in shown["text/html"]
    assert "dark on the left" in shown["text/html"]
    assert "strongest superpixels" in shown["text/html"]
