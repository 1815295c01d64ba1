"""The wheel, installed into an empty environment with nothing but what it declares."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
import venv
import zipfile
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import skimage.data

import lime_core as lc

ROOT = Path(__file__).parents[2]
# What a checkout holds besides the project's own files.
REST = (".*", "__pycache__", "artifacts", "build", "dist", "venv", "*.egg-info")


def run(*command: str | Path, cwd: Path, packages: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command away from the checkout, so that nothing is imported from there, but from a folder of packages."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    if packages is not None:
        environment["PYTHONPATH"] = str(packages)
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a source distribution of a copy of the project."""
    folder = tmp_path_factory.mktemp("build")
    shutil.copytree(ROOT, folder / "source", ignore=shutil.ignore_patterns(*REST))
    built = run(sys.executable, "-m", "build", "--outdir", folder / "dist", folder / "source", cwd=folder)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = (folder / "dist").glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder of the commands of an environment that holds the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(folder, with_pip=True)
    commands = folder / ("Scripts" if sys.platform == "win32" else "bin")
    done = run(commands / "python", "-m", "pip", "install", "--quiet", wheel, cwd=folder)
    assert done.returncode == 0, done.stderr
    return commands


def test_the_wheel_holds_license_types_and_class_names_and_no_page(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert f"limelight-{lc.__version__}.dist-info/licenses/LICENSE" in names
    assert "lime_core/py.typed" in names
    for file in (ROOT / "lime_core").rglob("*.*"):
        if "__pycache__" not in file.parts:
            assert file.relative_to(ROOT).as_posix() in names
    assert {name.split("/")[0] for name in names} == {"lime_core", f"limelight-{lc.__version__}.dist-info"}


def test_the_installation_brings_neither_page_nor_tensorflow(installed, tmp_path):
    listed = run(installed / "python", "-m", "pip", "list", "--format=freeze", cwd=tmp_path)
    packages = {line.split("==")[0].lower() for line in listed.stdout.splitlines()}
    assert {"limelight", "numpy", "scikit-image"} <= packages
    assert not packages & {"streamlit", "plotly", "tensorflow", "keras", "openvino"}


def test_the_installed_library_says_the_version_of_its_package(installed, tmp_path):
    code = "import importlib.metadata as m, lime_core; print(lime_core.__version__ == m.version('limelight'))"
    assert run(installed / "python", "-c", code, cwd=tmp_path).stdout == "True\n"


def test_the_command_helps_and_lists_the_models(installed, tmp_path):
    for command in ([installed / "limelight"], [installed / "python", "-m", "lime_core"]):
        helped = run(*command, "--help", cwd=tmp_path)
        assert helped.returncode == 0, helped.stderr
        assert all(name in helped.stdout for name in ("explain", "trust", "models"))
        listed = run(*command, "models", cwd=tmp_path)
        assert listed.returncode == 0, listed.stderr
        assert listed.stdout.splitlines()[1].split()[0] == "efficientnet_lite0"


def test_any_function_is_explained_with_what_is_installed(installed, tmp_path):
    code = """
        import numpy as np
        import lime_core as lc

        def brightness(images):
            left = images[:, :, :16].mean(axis=(1, 2, 3)) / 255
            return np.stack([left, 1 - left], axis=1)

        image = lc.Image(np.full((48, 64, 3), 200, np.uint8))
        classifier = lc.CallableClassifier(brightness, (32, 32), ("bright on the left", "dark on the left"))
        spec = lc.ExplainSpec(samples=64, segmentation=lc.Grid(2, 2), fill="black")
        print(sorted(lc.explain(image, classifier, spec).top_features(0, 2)))
    """
    finished = run(installed / "python", "-W", "error", "-c", textwrap.dedent(code), cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout == "[0, 2]\n"


def test_the_built_in_model_needs_openvino_and_nothing_else(installed, tmp_path, monkeypatch):
    bounds = ROOT / "requirements" / "openvino.txt"
    packages = tmp_path / "packages"
    done = run(
        installed / "python", "-m", "pip", "install", "--quiet", "--target", packages, "-r", bounds, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    monkeypatch.setenv("LIMELIGHT_CACHE", str(tmp_path / "cache"))
    PIL.Image.fromarray(skimage.data.chelsea()).save(tmp_path / "cat.png")
    explain = [installed / "limelight", "explain", "cat.png", "--samples", "64", "--output", "out"]
    done = run(*explain, cwd=tmp_path, packages=packages)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out" / "explanation.json").read_text())
    assert found["classes"][0]["name"] == "Egyptian cat"
    assert found["provenance"]["engine"] == "openvino"


def test_a_model_that_nothing_can_run_is_explained_in_one_sentence(installed, tmp_path, monkeypatch):
    monkeypatch.setenv("LIMELIGHT_CACHE", str(tmp_path / "cache"))
    PIL.Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(tmp_path / "black.png")
    failed = run(installed / "limelight", "explain", "black.png", "--samples", "8", cwd=tmp_path)
    assert failed.returncode == 1
    (line,) = failed.stderr.splitlines()
    assert line.startswith("error: ")
    assert "pip install" in line
