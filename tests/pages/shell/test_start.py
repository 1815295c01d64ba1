"""From an empty process to the first explanation on screen, with the real built-in model."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import lime_core as lc

ROOT = Path(__file__).parents[3]
CODE = """
import sys
sys.path[:0] = [".", "tests"]
from tests.pages.conftest import explained, state_of, texts
page = explained(samples="64")
print(state_of(page).result.neighborhood.provenance.engine, "says *Egyptian cat*" in texts(page))
print(sorted({"tensorflow", "keras", "openvino"} & set(sys.modules)))
"""


def test_the_first_explanation_on_screen_imports_neither_tensorflow_nor_keras(lite0: lc.Classifier) -> None:
    # `lite0` has been converted and kept by now.
    command = [sys.executable, "-c", CODE]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert finished.stdout.splitlines() == ["openvino True", "['openvino']"]
