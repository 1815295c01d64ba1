"""What is imported when: starting must not wait for what is not needed yet."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import skimage.data
from PIL import Image

ROOT = Path(__file__).parents[1]
# Each explains a picture with the built-in model.
EXPLAIN = {
    "library": """
        import lime_core as lc
        explanation = lc.explain("cat.png", lc.load_classifier(), lc.ExplainSpec(samples=64))
        assert explanation.classes[0].name == "Egyptian cat"
    """,
    "command line": """
        from lime_core.cli.main import main
        assert main(["explain", "cat.png", "--samples", "64", "--output", "out", "--quiet"]) == 0
    """,
    "page": """
        from tests.pages.conftest import explained, state_of
        assert state_of(explained(samples="64")).result.neighborhood.samples == 64
    """,
}


def printed(code: str, folder: Path) -> str:
    """Run a piece of Python in a process of its own, with an empty cache, and return the last line that it prints."""
    environment = {**os.environ, "LIMELIGHT_CACHE": str(folder / "cache"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_importing_lime_core_imports_neither_streamlit_nor_tensorflow_nor_plotly(tmp_path: Path) -> None:
    code = """
        import sys, lime_core, lime_core.models, lime_core.show, lime_core.cli.main
        print([name for name in ('streamlit', 'tensorflow', 'keras', 'plotly') if name in sys.modules])
    """
    assert printed(textwrap.dedent(code), tmp_path) == "[]"


@pytest.mark.slow
@pytest.mark.parametrize("entry", EXPLAIN)
def test_the_built_in_model_needs_neither_tensorflow_nor_keras_though_nothing_is_cached(
    tmp_path: Path, entry: str
) -> None:
    Image.fromarray(skimage.data.chelsea()).save(tmp_path / "cat.png")
    code = textwrap.dedent(EXPLAIN[entry]) + textwrap.dedent("""
        import sys
        print(sorted({"tensorflow", "keras", "openvino"} & set(sys.modules)))
    """)
    assert printed(code, tmp_path) == "['openvino']"


def test_pandas_is_whole_before_a_figure_is_made(tmp_path: Path) -> None:
    """Plotly takes what it finds among the modules, and finds it while another visitor's thread is importing it."""
    code = "import sys, pages.state.server; print(hasattr(sys.modules.get('pandas'), 'Series'))"
    assert printed(code, tmp_path) == "True"
