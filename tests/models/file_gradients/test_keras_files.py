"""Gradients of ``.keras`` files are those of the same Keras model in this process, and TensorFlow is not."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest
from differentiable_models import HEIGHT, WIDTH, by_hand, in_keras, picture
from PIL import Image as Pillow

import lime_core as lc
from lime_core.models.from_file import classifier_from
from lime_core.models.own import reading
from lime_core.models.own.process import run_child
from lime_core.models.own.reading import read_model

if TYPE_CHECKING:
    from lime_core.models.networks.classifier import NetworkClassifier
    from lime_core.models.own.model import OwnModel

PICTURES = np.stack([picture(seed) for seed in range(3)])
FLOATS = PICTURES.astype(np.float32)
SPEC = lc.ExplainSpec(segmentation=lc.Grid(rows=3, columns=4), samples=64, seed=0)


def saved(model: Any, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(path)
    return path


@pytest.fixture(scope="module")
def network() -> Any:
    return in_keras(by_hand())


@pytest.fixture(scope="module")
def path(network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(network, tmp_path_factory.mktemp("file") / "hand.keras")


@pytest.fixture(scope="module")
def own(path: Path) -> OwnModel:
    return read_model(path)


@pytest.fixture(scope="module")
def from_file(own: OwnModel) -> NetworkClassifier:
    return classifier_from(own, id="hand.keras", preprocessing="none")


@pytest.fixture(scope="module")
def in_this_process(network: Any) -> lc.KerasClassifier:
    return lc.KerasClassifier(network, id="hand", engine="tensorflow")


def check_same(ours: Any, theirs: Any) -> None:
    for name in ("outputs", "values", "gradients", "maps"):
        given, expected = getattr(ours, name), getattr(theirs, name)
        if expected is None:
            assert given is None
            continue
        assert given.dtype == expected.dtype
        np.testing.assert_allclose(given, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max(), err_msg=name)


@pytest.mark.parametrize("layer", [None, "conv"])
@pytest.mark.parametrize("objective", ["log_odds", "output"])
def test_gradients_are_those_of_the_model_in_this_process(
    from_file: NetworkClassifier, in_this_process: lc.KerasClassifier, objective: Any, layer: str | None
) -> None:
    assert from_file.gradients_obstacle is None
    ours, theirs = (model.gradients(FLOATS, [3, 0], objective, layer=layer) for model in (from_file, in_this_process))
    check_same(ours, theirs)
    np.testing.assert_allclose(ours.outputs, from_file.predict(PICTURES), atol=1e-3)


def test_the_layers_are_the_same(from_file: NetworkClassifier, in_this_process: lc.KerasClassifier) -> None:
    assert lc.feature_layers(from_file) == lc.feature_layers(in_this_process)
    with pytest.raises(lc.ModelError, match="no layer 'other' with maps; those with maps are: scaling, conv"):
        from_file.gradients(FLOATS, [0], "log_odds", layer="other")


@pytest.mark.parametrize("method", ["grad_cam", "grad_cam_plus_plus", "integrated_gradients", "smooth_grad"])
def test_every_method_of_gradients_explains_the_file_as_the_model(
    from_file: NetworkClassifier, in_this_process: lc.KerasClassifier, method: str
) -> None:
    ours, theirs = (
        lc.attribute(PICTURES[0], model, method=method, spec=SPEC) for model in (from_file, in_this_process)
    )
    for item in ours.classes:
        (expected,) = [other for other in theirs.classes if other.index == item.index]
        scores = expected.scores
        np.testing.assert_allclose(item.scores, scores, rtol=1e-4, atol=1e-4 * max(np.abs(scores).max(), 1e-9))


def test_what_the_model_cannot_do_is_a_message_and_the_process_goes_on(from_file: NetworkClassifier) -> None:
    from_file.feature_layers()
    source: Any = from_file._differentiated
    running = source._process._process.pid
    with pytest.raises(lc.ModelError, match="gradients cannot be computed"):
        from_file.gradients(FLOATS, [99], "output")
    assert from_file.gradients(FLOATS, [], "output").gradients.shape == (3, 0, HEIGHT, WIDTH, 3)
    assert source._process._process.pid == running


def test_the_process_is_cut_off_and_ends_with_the_classifier(
    own: OwnModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("SECRET_TOKEN", "abc")
    assert own.file is not None
    model = classifier_from(own, id="hand.keras", preprocessing="rescale")
    assert list(tmp_path.iterdir()) == []
    model.gradients(FLOATS, [0], "log_odds")
    source: Any = model._differentiated
    process = Path(f"/proc/{source._process._process.pid}")
    if sys.platform == "linux":
        environment = (process / "environ").read_text().split("\0")
        (folder,) = tmp_path.iterdir()
        assert f"HOME={folder}" in environment
        assert not any("SECRET" in pair for pair in environment)
        assert (process / "cwd").readlink() == folder
        assert list(folder.glob("*.keras")) == []
        memory = [line for line in (process / "limits").read_text().splitlines() if "address space" in line]
        assert str(own.file.limits.memory) in memory[0]
    del model, source
    assert not process.exists()
    assert list(tmp_path.iterdir()) == []


def test_too_little_memory_for_tensorflow_is_a_message(own: OwnModel) -> None:
    assert own.file is not None
    limits = own.file.limits
    own.file.limits = replace(limits, memory=400_000_000)
    try:
        with pytest.raises(lc.ModelError, match=r"memory|crashed|ended with the code|could not be imported"):
            classifier_from(own, id="hand.keras", preprocessing="none").feature_layers()
    finally:
        own.file.limits = limits


def test_a_nested_grey_model_with_two_outputs_and_logits(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    base_input = keras.Input((12, 10, 1))
    base = keras.Model(base_input, keras.layers.Conv2D(4, 3, activation="swish", name="inner")(base_input), name="base")
    pixels = keras.Input((12, 10, 1))
    features = keras.layers.GlobalAveragePooling2D()(base(pixels))
    first, second = keras.layers.Dense(2, name="first")(features), keras.layers.Dense(3, name="second")(features)
    model = keras.Model(pixels, {"first": first, "second": second})
    path = saved(model, tmp_path / "nested.keras")
    given = {"preprocessing": (0.4, 0.2), "output": "second", "outputs": "softmax"}
    ours = lc.load_classifier(path, **given)
    theirs = lc.KerasClassifier(model, id="nested", engine="tensorflow", **given)
    images = np.random.default_rng(0).integers(0, 256, (2, 12, 10, 3), np.uint8)
    assert ours.feature_layers() == theirs.feature_layers()
    for layer in (None, "base/inner"):
        found = [item.gradients(images.astype(np.float32), [2, 1], "log_odds", layer=layer) for item in (ours, theirs)]
        check_same(*found)
    np.testing.assert_allclose(ours.predict(images), theirs.predict(images), atol=1e-3)


def test_a_single_sigmoid_with_channels_first(tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    pixels = keras.Input((3, 8, 9))
    x = keras.layers.Permute((2, 3, 1))(pixels)
    x = keras.layers.Conv2D(4, 3, activation="relu", name="conv")(x)
    x = keras.layers.Dense(1, activation="sigmoid")(keras.layers.GlobalAveragePooling2D(keepdims=True)(x))
    path = saved(keras.Model(pixels, x), tmp_path / "first.keras")
    ours = lc.load_classifier(path, preprocessing="tf")

    turned = keras.Input((8, 9, 3))
    inside = keras.Model(pixels, x)(keras.layers.Permute((3, 1, 2))(turned))
    same = keras.Model(turned, keras.layers.Reshape((1,))(inside))
    theirs = lc.KerasClassifier(same, id="first", preprocessing="tf", engine="tensorflow", outputs="probabilities")
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 9, 3)).astype(np.float32)
    assert ours.feature_layers()[-1] == lc.FeatureLayer("conv", (6, 7, 4))
    check_same(*(item.gradients(images, [1, 0], "log_odds") for item in (ours, theirs)))


def test_without_tensorflow_the_obstacle_says_what_to_install(
    from_file: NetworkClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert from_file.gradients_obstacle is not None
    assert "tensorflow is not installed: `pip install tensorflow keras`" in from_file.gradients_obstacle
    with pytest.raises(lc.ModelError, match="pip install"):
        from_file.feature_layers()


def test_the_command_line_takes_a_file_with_gradients_and_imports_no_tensorflow(path: Path, tmp_path: Path) -> None:
    Pillow.fromarray(PICTURES[0]).save(tmp_path / "picture.png")
    options = ["--model", str(path), "--preprocessing", "none", "--samples", "64", "--quiet"]
    options += ["--segmentation", "grid", "--output", "out", "--methods", "leave_one_out", "grad_cam"]
    program = f"""
import sys
from lime_core.cli.main import main
assert main(["methods", "picture.png", *{options!r}]) == 0
assert not {{"tensorflow", "keras"}} & set(sys.modules)
"""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "TMPDIR": str(temporary)}
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    (table,) = (tmp_path / "out").glob("*.json")
    assert "grad_cam" in table.read_text("utf-8")
    assert list((tmp_path / "out").glob("*grad_cam*.png"))
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("put", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_what_a_strangers_process_leaves_in_the_place_of_the_file_is_not_kept(
    path: Path, put: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_and_replace(folder: Path, request: Any, limits: Any) -> None:
        run_child(folder, request, limits)
        (folder / request["file"]).unlink()
        put(folder / request["file"])

    monkeypatch.setattr(reading, "run_child", run_and_replace)
    kept = read_model(path).file
    assert kept is not None
    with tempfile.TemporaryDirectory() as folder:
        kept.copy_to(Path(folder) / "copy")
        assert (Path(folder) / "copy").read_bytes() == path.read_bytes()
